"""Image signatures: cosign's simple signing payload, and the statement that replaced it.

Sources: cosign, specs/SIGNATURE_SPEC.md ("Simple Signing"); containers/image,
containers-signature(5); cosign 3, which signs an in-toto statement instead. Both say no more than
that somebody signed this digest: the reference in the payload was not checked by anybody.
"""

from typing import Final

import msgspec

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import PredicateKind, Statement

__all__ = ["ImageSignatureError", "SimpleSigning", "signed_images"]

_TYPES: Final = frozenset(
    {"cosign container image signature", "https://sigstore.dev/cosign/sign/v1"}
)
_MAX_BYTES: Final = 1024 * 1024


class ImageSignatureError(MalformedError):
    """Bytes are not an image signature's payload, or a statement is not one."""

    code = "formats.image-signature"


class SimpleSigning(msgspec.Struct, frozen=True, kw_only=True):
    """What cosign signs for an image.

    Attributes:
        image: digest of the manifest or index.
        reference: what the signer called the image; for people, as nobody checked it.
        annotations: what the signer added, as canonical JSON text (RFC 8785).

    """

    image: Digest
    reference: str
    annotations: str = "{}"

    @classmethod
    def parse(cls, data: bytes) -> "SimpleSigning":
        """Read a payload.

        Raises:
            MalformedError: not strict JSON, another type of signature, a field that is missing or
                malformed, or an unknown one under ``critical``, where a reader has to understand
                all there is (containers-signature(5)).

        """
        fields = Fields.of(
            canonical.loads(data, what="image signature", max_bytes=_MAX_BYTES),
            what="image signature",
            code=ImageSignatureError.code,
        )
        critical = fields.object("critical")
        identity, image = critical.object("identity"), critical.object("image")
        for part, known in (
            (critical, {"identity", "image", "type"}),
            (identity, {"docker-reference"}),
            (image, {"docker-manifest-digest"}),
        ):
            unknown = sorted(set(part.values) - known)
            if unknown:
                raise part.refuse(f"unknown field {unknown[0][:80]!r}")
        kind = critical.text("type")
        if kind not in _TYPES:
            raise critical.refuse(f"'type' is {kind[:80]!r}, not cosign's")
        try:
            digest = Digest.parse(image.text("docker-manifest-digest"))
        except ImageSignatureError:
            raise
        except MalformedError as error:
            raise image.refuse(error.message) from None
        optional = fields.optional_object("optional")
        return cls(
            image=digest,
            reference=identity.optional_text("docker-reference") or "",
            annotations=canonical.canonicalize({} if optional is None else optional.values).decode(
                "utf-8"
            ),
        )


def signed_images(statement: Statement) -> tuple[Digest, ...]:
    """Return the images that a statement of cosign 3 signs; at least one.

    Raises:
        MalformedError: another predicate type, or no subject has a digest that identifies an image.

    """
    if statement.kind is not PredicateKind.IMAGE_SIGNATURE:
        raise ImageSignatureError(f"{statement.predicate_type[:80]!r} is not an image signature")
    images = tuple(digest for item in statement.subjects for digest in item.digests.digests)
    if not images:
        raise ImageSignatureError("image signature: no subject has a digest of an image")
    return images
