"""in-toto resource descriptors: how a predicate points to something else.

Source: in-toto attestation framework, spec/v1/resource_descriptor.md.
"""

import base64
import binascii
from dataclasses import dataclass, field

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.digest import DigestSet
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import read_digests

__all__ = ["ResourceDescriptor", "read_descriptors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDescriptor:
    """Something a predicate points to; it has a URI, a digest or its content at least.

    Attributes:
        name: what the producer calls it, local to the attestation.
        uri: what it is called everywhere.
        digests: what its bytes are.
        content: the bytes themselves.
        download_location: where they can be fetched, if not at the URI.
        media_type: what kind of document it is.
        annotations: further metadata as canonical JSON text (RFC 8785), ``{}`` if none.

    """

    name: str | None = None
    uri: str | None = None
    digests: DigestSet | None = None
    content: bytes | None = field(default=None, repr=False)
    download_location: str | None = None
    media_type: str | None = None
    annotations: str = "{}"

    @classmethod
    def read(cls, fields: Fields) -> "ResourceDescriptor":
        """Read a descriptor.

        Raises:
            MalformedError: none of ``uri``, ``digest`` and ``content`` is there, or a field is of
                the wrong type.

        """
        annotations = fields.optional_object("annotations")
        descriptor = cls(
            name=fields.optional_text("name"),
            uri=fields.optional_text("uri") or None,
            # Protocol Buffers cannot tell an empty map from an absent one.
            digests=read_digests(fields) if fields.values.get("digest") else None,
            content=_content(fields),
            download_location=fields.optional_text("downloadLocation") or None,
            media_type=fields.optional_text("mediaType") or None,
            annotations=canonical.canonicalize(
                {} if annotations is None else annotations.values
            ).decode("utf-8"),
        )
        # resource_descriptor.md: "MUST specify one of uri, digest or content at a minimum".
        if descriptor.uri is None and descriptor.digests is None and descriptor.content is None:
            raise fields.refuse("needs a 'uri', a 'digest' or a 'content'")
        return descriptor

    def encode(self) -> JsonObject:
        """Write the descriptor; what is unset is left out."""
        written: JsonObject = {}
        if self.name is not None:
            written["name"] = self.name
        if self.uri is not None:
            written["uri"] = self.uri
        if self.digests is not None:
            written["digest"] = dict(self.digests.values)
        if self.content is not None:
            written["content"] = base64.b64encode(self.content).decode("ascii")
        if self.download_location is not None:
            written["downloadLocation"] = self.download_location
        if self.media_type is not None:
            written["mediaType"] = self.media_type
        if self.annotations != "{}":
            written["annotations"] = canonical.loads(self.annotations.encode("utf-8"))
        return written


def read_descriptors(
    fields: Fields, name: str, *, at_most: int = 65_536
) -> tuple[ResourceDescriptor, ...]:
    """Read the array ``name`` of descriptors; an absent one is empty.

    Raises:
        MalformedError: too many, or one is malformed.

    """
    if len(fields.array(name)) > at_most:
        raise fields.refuse(f"{name!r} has more than {at_most} members")
    return tuple(ResourceDescriptor.read(item) for item in fields.objects(name))


def _content(fields: Fields) -> bytes | None:
    value: Json = fields.values.get("content")
    if value is None:
        return None
    if not isinstance(value, str):
        raise fields.refuse("'content' must be base64 text")
    try:
        content = base64.b64decode(value.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise fields.refuse("'content' is not strict base64") from None
    if base64.b64encode(content) != value.encode("ascii"):
        raise fields.refuse("'content' is not strict base64: padding or unused bits")
    return content
