"""Sees that the parts of components that are left undecoded are sound.

Hashes, references, properties and licences are most of a component's bytes, and nearly all are
written in one of a few ways. A regular expression over the bytes of many components at once tells
that all are: each object has the keys it must have, once, and every value has its form. That the
bytes are JSON is known already, so commas and the like need no second look. Whatever is written
otherwise, holds an escape or a letter beyond ASCII, is decoded and judged by its content.
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec

from gatebook.formats.sbom.components import Defects
from gatebook.formats.sbom.cyclonedx_component import CycloneDxComponent
from gatebook.formats.sbom.hashes import known_pairs
from gatebook.formats.sbom.parts import (
    ABSENT,
    HASHES,
    LICENSES,
    PROPERTIES,
    REFERENCES,
    EntryDecoder,
    LicenseEntry,
)
from gatebook.formats.sbom.strict_json import Encoded, decode_part

__all__ = ["RawParts", "check_licenses"]

T = TypeVar("T")

_MAX_KNOWN: Final = 4096
# Each algorithm once at most: by number, or all that Maven's plugin writes, in its order.
_BY_NUMBER: Final = (
    *((b"MD5", 32), (b"SHA-1", 40), (b"SHA-256", 64), (b"SHA-384", 96), (b"SHA-512", 128)),
    *((b"SHA3-256", 64), (b"SHA3-384", 96), (b"SHA3-512", 128)),
)
_OF_MAVEN: Final = (
    *((b"MD5", 32), (b"SHA-1", 40), (b"SHA-256", 64), (b"SHA-512", 128), (b"SHA-384", 96)),
    *((b"SHA3-384", 96), (b"SHA3-256", 64), (b"SHA3-512", 128)),
)
_HEX_DIGITS: Final = b"0123456789abcdefABCDEF"


class _Written:
    """Expressions for one way of putting white space between the tokens.

    A string is whatever is between quotes: the bytes they are asked about hold no backslash.
    """

    def __init__(self, space: bytes, after: bytes) -> None:
        self._space, self._after = space, after
        comma = space + b"," + after
        kind = self._key(b"type") + rb'"[a-z-]++"'
        url = self._key(b"url") + rb'"[^"]++"'
        comment = rb"(?:" + comma + self._key(b"comment") + rb'"[^"]*+")?+'
        self.references = self._arrays(
            rb"(?:" + kind + comma + url + rb"|" + url + comma + kind + rb")" + comment
        )
        self.properties = self._arrays(
            self._key(b"name") + rb'"[^"]*+"' + comma + self._key(b"value") + rb'"[^"]*+"'
        )
        in_order = b"".join(self._hash(*each) + rb"?+" for each in _BY_NUMBER)
        of_maven = b"".join(self._hash(*each) for each in _OF_MAVEN)
        one = self._one_of(((b"512", 128), (b"256", 64), (b"1", 40)))
        self.hashes = re.compile(
            space
            + rb"(?:\["
            + space
            + rb"(?:"
            + b"|".join((one, of_maven, in_order))
            + rb")\]"
            + space
            + rb")*+"
        ).fullmatch

    def _key(self, name: bytes) -> bytes:
        return b'"' + name + b'"' + self._space + b":" + self._after

    def _object(self, members: bytes) -> bytes:
        return (
            rb"\{"
            + self._space
            + members
            + self._space
            + rb"\}"
            + self._space
            + rb",?+"
            + self._after
        )

    def _arrays(self, members: bytes) -> "Callable[[bytes], object]":
        each = rb"\[" + self._space + rb"(?:" + self._object(members) + rb")*+\]" + self._space
        return re.compile(self._space + rb"(?:" + each + rb")*+").fullmatch

    def _hash(self, algorithm: bytes, digits: int) -> bytes:
        members = self._key(b"alg") + b'"' + algorithm + b'"' + self._space + b"," + self._after
        members += self._key(b"content") + rb'"[^"]{%d}"' % digits
        return rb"(?:" + self._object(members) + rb")"

    def _one_of(self, sizes: tuple[tuple[bytes, int], ...]) -> bytes:
        """A single SHA: what it begins with is looked at once."""
        between = b'"' + self._space + b"," + self._after + self._key(b"content")
        members = self._key(b"alg") + b'"SHA-(?:'
        members += b"|".join(size + between + rb'"[^"]{%d}"' % digits for size, digits in sizes)
        return self._object(members + b")") + rb"(?=\])"


@functools.cache
def _densely() -> _Written:
    return _Written(b"", b" ?+")


@functools.cache
def _loosely() -> _Written:
    return _Written(rb"[ \t\r\n]*+", rb"[ \t\r\n]*+")


def _plain(joined: bytes) -> bool:
    """Whether strings are what they look like, and are UTF-8."""
    return joined.isascii() and b"\\" not in joined


def _sound_hashes(joined: bytes) -> bool:
    if not _plain(joined) or (_densely().hashes(joined) or _loosely().hashes(joined)) is None:
        return False
    # Without digits, the strings of digits are the only empty ones ("content" loses c and e).
    bare = joined.translate(None, _HEX_DIGITS)
    return bare.count(b'""') == bare.count(b'"ontnt"')


def _sound_references(joined: bytes) -> bool:
    return (
        _plain(joined)
        and (_densely().references(joined) or _loosely().references(joined)) is not None
    )


def _sound_properties(joined: bytes) -> bool:
    return (
        _plain(joined)
        and (_densely().properties(joined) or _loosely().properties(joined)) is not None
    )


class RawParts:
    """Looks at what was left undecoded of the components of one document."""

    def __init__(self, defects: Defects) -> None:
        self._defects = defects
        self._encoded = Encoded()
        self._known: set[bytes] = set()

    def look_at(self, found: list[CycloneDxComponent]) -> None:
        """See that it is sound, and note its defects.

        Raises:
            MalformedError: a key comes twice, or a field has another type than it must have.

        """
        raws = [each.raw_hashes for each in found if each.raw_hashes is not ABSENT]
        if raws and not _sound_hashes(b"".join(raws)):
            for each in found:
                if each.raw_hashes is not ABSENT:
                    self._hashes(each.raw_hashes, each.name)
        raws = [each.raw_references for each in found if each.raw_references is not ABSENT]
        if raws and not _sound_references(b"".join(raws)):
            for each in found:
                if each.raw_references is not ABSENT:
                    self._references(each.raw_references, each.name)
        raws = [each.raw_properties for each in found if each.raw_properties is not ABSENT]
        if raws and not _sound_properties(b"".join(raws)):
            for raw in raws:
                self._decode(PROPERTIES, raw, "properties")
        known = self._known
        for each in found:
            if each.raw_licenses is not ABSENT:
                written = bytes(each.raw_licenses)
                if written not in known:
                    self._licenses(written, each.name)

    def _hashes(self, raw: msgspec.Raw, name: str) -> None:
        if not _sound_hashes(bytes(raw)):
            read = self._decode(HASHES, raw, "hashes")
            known_pairs(
                ((each.alg, each.content) for each in read),
                lambda text: self._defects.add(f"{name[:80]!r}: {text}"),
            )

    def _references(self, raw: msgspec.Raw, name: str) -> None:
        if not _sound_references(bytes(raw)):
            for each in self._decode(REFERENCES, raw, "externalReferences"):
                if not each.type or not each.url:
                    self._defects.add(
                        f"an external reference of {name[:80]!r} has no type or no URL"
                    )

    def _licenses(self, written: bytes, name: str) -> None:
        read = self._decode(LICENSES, written, "licenses")
        if check_licenses(read, name, self._defects) and len(self._known) < _MAX_KNOWN:
            self._known.add(written)

    def _decode(self, decoder: EntryDecoder[T], raw: Any, field: str) -> tuple[T, ...]:
        found = decode_part(
            decoder.decode,
            bytes(raw),
            self._encoded,
            what="CycloneDX",
            code="formats.cyclonedx",
            where=f"$…{field}",
        )
        return found or ()


def check_licenses(found: Iterable[LicenseEntry], name: str, defects: Defects) -> bool:
    """Whether each names a licence in one way (``licenseChoice``); if not, that is a defect."""
    sound = True
    for each in found:
        if len(each.said()) != 1:
            defects.add(f"a licence of {name[:80]!r} must have one of id, name and expression")
            sound = False
    return sound
