"""The package as a file: a ZIP archive with one form per content.

Members are stored, sorted by name, with fixed times and attributes, so that equal contents give
equal bytes and anybody's tools can unpack them. Reading is strict, and bounded by the length of the
archive: nothing is decompressed. Source: PKWARE APPNOTE.TXT 6.3.10, section 4.3.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.errors import VerificationError

__all__ = ["MAX_FILES", "MAX_PACKAGE_BYTES", "PackageError", "read_archive", "write_archive"]

MAX_FILES: Final = 65_534
MAX_PACKAGE_BYTES: Final = 2**31 - 1
"""Below what needs the ZIP64 extensions, which are neither written nor read."""

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_LOCAL_MARK: Final = b"PK\x03\x04"
_CENTRAL_MARK: Final = b"PK\x01\x02"
_END_MARK: Final = b"PK\x05\x06"
_STORED: Final = 0
_UTF8: Final = 0x0800
_VERSION_NEEDED: Final = 10
_MADE_BY: Final = 3 << 8 | 20  # Unix, so that the attributes below are read as a mode
_DATE: Final = 1 << 5 | 1  # 1980-01-01, the first day a ZIP archive can name
_PLAIN_FILE: Final = 0o100_000
_ATTRIBUTES: Final = (_PLAIN_FILE | 0o644) << 16
_KIND: Final = 0o170_000

_INDEX: Final = r"(?:0|[1-9][0-9]{0,15})"
_NAME: Final = re.compile(
    r"manifest\.json|checkpoint|keys/log\.vkey|contract\.(?:yaml|json)|report\.html"
    rf"|entries/{_INDEX}\.json|(?:proofs|handovers)/{_INDEX}\.tlog-proof"
    r"|blobs/sha256/[0-9a-f]{64}"
)


class PackageError(VerificationError):
    """A package is not what it must be; the message names the object at fault."""

    code = "audit.package"


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """Pack files into the one archive that holds exactly them.

    Raises:
        PackageError: more or larger files than an archive without ZIP64 can hold.

    """
    total = sum(_LOCAL.size + _CENTRAL.size + 2 * len(name) + len(files[name]) for name in files)
    if len(files) > MAX_FILES or total + _END.size > MAX_PACKAGE_BYTES:
        raise PackageError(
            f"{len(files)} files of {total} bytes do not fit into one package",
            code="audit.too-large",
        )
    parts: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name in sorted(files):
        content = files[name]
        encoded = name.encode("ascii")
        common = (_VERSION_NEEDED, 0, _STORED, 0, _DATE, zlib.crc32(content))
        sizes = (len(content), len(content), len(encoded), 0)
        parts += (_LOCAL.pack(_LOCAL_MARK, *common, *sizes), encoded, content)
        directory += (
            _CENTRAL.pack(_CENTRAL_MARK, _MADE_BY, *common, *sizes, 0, 0, 0, _ATTRIBUTES, offset),
            encoded,
        )
        offset += _LOCAL.size + len(encoded) + len(content)
    listing = b"".join(directory)
    count = len(files)
    end = _END.pack(_END_MARK, 0, 0, count, count, len(listing), offset, 0)
    return b"".join((*parts, listing, end))


def read_archive(data: bytes) -> dict[str, bytes]:
    """Take an archive apart.

    1. The end record is the last thing in the file, and its directory stands right before it.
    2. Every member has a name a package may have, once, and is a plain, stored, open file.
    3. Header and directory agree about it, and its bytes lie before the directory.
    4. All members together are no longer than the archive.

    Whether the archive is the one form of its contents is for the caller to ask, by writing it
    again: then each byte of it has been looked at, and contents at fault are named first.

    Raises:
        PackageError: something of this does not hold.

    """
    if len(data) > MAX_PACKAGE_BYTES:
        raise _malformed(f"has {len(data)} bytes; at most {MAX_PACKAGE_BYTES} are read")
    start = len(data) - _END.size
    if start < 0 or data[start : start + 4] != _END_MARK:
        raise _malformed("does not end as a ZIP archive does: it is another file, cut or appended")
    _, disk, first_disk, here, count, length, directory, comment = _END.unpack_from(data, start)
    if (disk, first_disk, here, comment) != (0, 0, count, 0) or directory + length != start:
        raise _malformed("has an end record that does not fit the archive")
    files: dict[str, bytes] = {}
    total = 0
    for name, offset, size in _directory(data, directory, start, count):
        total += size
        if name in files or total > len(data):
            raise PackageError(
                f"{name} comes twice, or members overlap", code="audit.archive-overlap"
            )
        files[name] = _content(data, name, offset, size, directory)
    return files


def _directory(data: bytes, place: int, stop: int, count: int) -> Iterator[tuple[str, int, int]]:
    for _ in range(count):
        if place + _CENTRAL.size > stop:
            raise _malformed("has a directory that is cut")
        header = _CENTRAL.unpack_from(data, place)
        mark, _, _, flags, method, _, _, _, packed, size, name_length = header[:11]
        extra, comment, disk, _, attributes, offset = header[11:]
        place += _CENTRAL.size
        name = _name(data[place : place + name_length])
        place += name_length + extra + comment
        if mark != _CENTRAL_MARK or place > stop or disk:
            raise _malformed(f"has a directory that is broken at {name}")
        if flags & ~_UTF8 or method != _STORED or packed != size:
            raise PackageError(
                f"{name} is compressed, encrypted or streamed; packages hold stored files only",
                code="audit.archive-not-stored",
            )
        if (attributes >> 16) & _KIND not in {0, _PLAIN_FILE}:
            raise PackageError(f"{name} is not a plain file", code="audit.archive-not-plain")
        yield name, offset, size
    if place != stop:
        raise _malformed("has a directory with something after its last entry")


def _content(data: bytes, name: str, offset: int, size: int, directory: int) -> bytes:
    if offset + _LOCAL.size > directory:
        raise _malformed(f"has no header for {name}")
    mark, _, flags, method, _, _, _, packed, length, name_length, extra = _LOCAL.unpack_from(
        data, offset
    )
    place = offset + _LOCAL.size
    same = data[place : place + name_length] == name.encode("ascii")
    place += name_length + extra
    if mark != _LOCAL_MARK or not same or (packed, length) != (size, size):
        raise _malformed(f"has a header that differs from the directory for {name}")
    if flags & ~_UTF8 or method != _STORED or place + size > directory:
        raise _malformed(f"has no stored bytes for {name}")
    return data[place : place + size]


def _name(encoded: bytes) -> str:
    name = encoded.decode("ascii", "replace")
    if _NAME.fullmatch(name) is None:
        raise PackageError(f"{name[:120]!r} has no place in a package", code="audit.unknown-file")
    return name


def _malformed(what: str) -> PackageError:
    return PackageError(f"the package {what}", code="audit.archive-malformed")
