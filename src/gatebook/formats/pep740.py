"""PEP 740 attestations and provenance objects, as Python package indexes serve them.

An attestation object holds one in-toto statement, its signature, a certificate and log entries: the
same content as a Sigstore bundle in another arrangement, and read into the same record. The payload
type is not written in it; PEP 740 fixes it.
"""

from typing import Final

from gatebook import canonical
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats.bundle import MAX_BUNDLE_BYTES, Bundle, BundleVersion, LeafCertificate
from gatebook.formats.dsse import Envelope, Signature
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import PAYLOAD_TYPE
from gatebook.formats.log_entry import read_log_entries
from gatebook.formats.protobuf_json import KnownFields, raw_bytes

__all__ = ["MAX_ATTESTATIONS", "Pep740Error", "is_pep740", "read_pep740"]

MAX_ATTESTATIONS: Final = 256
"""More attestations in one provenance object are refused before any is looked at."""

_MAX_DEPTH: Final = 16
_MAX_CERTIFICATE: Final = 64 * 1024
_MAX_SIGNATURE: Final = 4096

_ATTESTATION: Final = KnownFields(("version", "verification_material", "envelope"))
_MATERIAL: Final = KnownFields(("certificate", "transparency_entries"))
_ENVELOPE: Final = KnownFields(("statement", "signature"))
_PROVENANCE: Final = KnownFields(("version", "attestation_bundles"))
_BUNDLE: Final = KnownFields(("publisher", "attestations"))


class Pep740Error(MalformedError):
    """Bytes are not a PEP 740 attestation or provenance object."""

    code = "formats.pep740"


def is_pep740(decoded: canonical.Json) -> bool:
    """Whether decoded JSON looks like one of the objects :func:`read_pep740` reads."""
    return isinstance(decoded, dict) and (
        "attestation_bundles" in decoded
        or ("verification_material" in decoded and "envelope" in decoded)
    )


def read_pep740(data: bytes) -> tuple[Bundle, ...]:
    """Read an attestation object, or every attestation of a provenance object; at least one.

    Publishers named beside the attestations are not signed and are not read. The digest of each
    bundle received is that of the whole document for a lone attestation, and unset for those of a
    provenance object, whose own bytes are not kept.

    Raises:
        MalformedError: not strict JSON; neither object; a version other than 1; a field is missing
            or of another type; no attestation at all.

    """
    decoded = canonical.loads(
        data, what="PEP 740 object", max_bytes=MAX_BUNDLE_BYTES, max_depth=_MAX_DEPTH
    )
    fields = Fields.of(decoded, what="PEP 740 object", code=Pep740Error.code)
    if not fields.has("attestation_bundles"):
        return (_attestation(fields, sha256(data)),)
    _PROVENANCE.check_spelling(fields)
    _check_version(fields)
    found: list[Bundle] = []
    for bundle in fields.objects("attestation_bundles"):
        _BUNDLE.check_spelling(bundle)
        if len(found) + len(bundle.array("attestations")) > MAX_ATTESTATIONS:
            raise Pep740Error(
                f"a provenance object has at most {MAX_ATTESTATIONS} attestations",
                code="formats.limit",
            )
        found.extend(_attestation(item, None) for item in bundle.objects("attestations"))
    if not found:
        raise Pep740Error("the provenance object has no attestation in it")
    return tuple(found)


def _attestation(fields: Fields, received: Digest | None) -> Bundle:
    _ATTESTATION.check_spelling(fields)
    _check_version(fields)
    material = fields.object("verification_material")
    _MATERIAL.check_spelling(material)
    envelope = fields.object("envelope")
    _ENVELOPE.check_spelling(envelope)
    return Bundle(
        version=BundleVersion.V0_3,
        content=Envelope(
            payload_type=PAYLOAD_TYPE,  # PEP 740, "Attestation objects": fixed for all of them
            payload=raw_bytes(envelope, "statement", limit=MAX_BUNDLE_BYTES),
            signatures=(Signature(sig=raw_bytes(envelope, "signature", limit=_MAX_SIGNATURE)),),
        ),
        material=LeafCertificate(der=raw_bytes(material, "certificate", limit=_MAX_CERTIFICATE)),
        log_entries=read_log_entries(material, "transparency_entries"),
        received=received,
    )


def _check_version(fields: Fields) -> None:
    version = fields.values.get("version")
    # ``True == 1`` in Python, but not in JSON.
    if type(version) is not int or version != 1:
        raise fields.refuse("'version' must be the number 1")
