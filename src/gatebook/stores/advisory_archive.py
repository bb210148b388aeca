"""Zip archives with hundreds of thousands of small members, read fast and within bounds.

The standard library lists the members; reading them is done here, because its way of opening a
member costs more than expanding it. Every size is checked against what the list says before
anything is expanded, and every member against its checksum (APPNOTE.TXT 4.3.7, 4.4).
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from gatebook.errors import MalformedError
from gatebook.vulnerabilities.osv import MAX_RECORD_BYTES

__all__ = [
    "MAX_EXPANDED",
    "AdvisorySourceError",
    "ArchiveMember",
    "list_members",
    "open_archive",
    "read_member",
]

MAX_EXPANDED: Final = 64 * 1024 * 1024 * 1024
_MAX_MEMBERS: Final = 5_000_000
_HEADER: Final = struct.Struct("<4s22xHH")
_SIGNATURE: Final = b"PK\x03\x04"
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError)


class AdvisorySourceError(MalformedError):
    """A file cannot be read as advisories."""

    code = "stores.advisory-source"


class ArchiveMember(NamedTuple):
    """Where a member is and what it has to be.

    Attributes:
        name: as the archive says.
        offset: of its header.
        packed: bytes it takes.
        size: bytes it expands to.
        checksum: CRC-32 of these.
        stored: whether it is not compressed.

    """

    name: str
    offset: int
    packed: int
    size: int
    checksum: int
    stored: bool


def list_members(path: Path) -> list[ArchiveMember]:
    """List the files in an archive.

    Raises:
        AdvisorySourceError: not an archive, empty, beyond the limits, encrypted, in a compression
            that is not read, or with members that lie over each other.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = [_member(path, each) for each in archive.infolist() if not each.is_dir()]
        length = path.stat().st_size
    except _BROKEN as error:
        raise AdvisorySourceError(f"{path} is not a zip archive: {error}") from error
    if not found:
        raise AdvisorySourceError(f"{path} is an archive without members")
    if len(found) > _MAX_MEMBERS:
        raise AdvisorySourceError(f"{path} has more than {_MAX_MEMBERS:,} members")
    if sum(each.size for each in found) > MAX_EXPANDED:
        raise AdvisorySourceError(f"{path} expands to more than {MAX_EXPANDED:,} bytes")
    if sum(each.packed for each in found) > length:
        raise AdvisorySourceError(f"{path} has members that lie over each other")
    return found


def _member(path: Path, found: zipfile.ZipInfo) -> ArchiveMember:
    where = f"{path}:{found.filename}"
    if found.flag_bits & _ENCRYPTED:
        raise AdvisorySourceError(f"{where} is encrypted")
    if found.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise AdvisorySourceError(f"{where} is compressed in a way that is not read; deflate is")
    if max(found.file_size, found.compress_size) > MAX_RECORD_BYTES:
        raise AdvisorySourceError(f"{where} has {found.file_size:,} bytes")
    return ArchiveMember(
        name=found.filename,
        offset=found.header_offset,
        packed=found.compress_size,
        size=found.file_size,
        checksum=found.CRC,
        stored=found.compress_type == zipfile.ZIP_STORED,
    )


@contextmanager
def open_archive(path: Path) -> Iterator[BinaryIO]:
    """Open an archive for :func:`read_member`.

    Raises:
        AdvisorySourceError: it cannot be opened.

    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise AdvisorySourceError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        yield file


def read_member(file: BinaryIO, path: str, member: ArchiveMember) -> bytes:
    """Read one member.

    Raises:
        AdvisorySourceError: it is not what the list of members says.

    """
    try:
        file.seek(member.offset)
        signature, name, extra = _HEADER.unpack(file.read(_HEADER.size))
        file.seek(name + extra, 1)
        packed = file.read(member.packed)
        data = packed if member.stored else _expanded(packed, member.size)
    except (zlib.error, struct.error, OSError) as error:
        raise AdvisorySourceError(f"{path}:{member.name} cannot be read: {error}") from error
    if signature != _SIGNATURE or len(data) != member.size or zlib.crc32(data) != member.checksum:
        raise AdvisorySourceError(f"{path}:{member.name} is damaged")
    return data


def _expanded(packed: bytes, size: int) -> bytes:
    # One byte more than promised shows that there is more.
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
