"""Tar archives read in place, in the one form that image tools write.

POSIX ustar with pax records for path, link target and size, and GNU long names. Everything that
two readers may take differently is refused: duplicate names, absolute names and ``..``, negative
or missing sizes, sparse files, devices, an end that is not the end. The standard library's reader
is kind to all of these and keeps every header in memory, which is why it is not used.
"""

import os
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gatebook.fingerprint.content import PieceReader
from gatebook.fingerprint.refusals import ArchiveError, ChangedWhileReadError, LayoutError, shown

__all__ = ["Member", "MemberType", "TarArchive"]

_BLOCK: Final = 512
_MAX_MEMBERS: Final = 65_536
_MAX_EXTENSION: Final = 64 * 1024
_END: Final = bytes(_BLOCK)
_PAX_NUMBER: Final = 19
_COMPRESSED: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"}


class MemberType(Enum):
    """What a member is; nothing else is accepted."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"


_TYPES: Final = {
    b"0": MemberType.FILE,
    b"\0": MemberType.FILE,
    b"7": MemberType.FILE,
    b"5": MemberType.DIRECTORY,
    b"1": MemberType.LINK,
    b"2": MemberType.LINK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member: where its bytes lie in the archive.

    Attributes:
        type: file, directory or (symbolic or hard) link.
        start: offset of its first byte.
        size: how many bytes.
        target: of a link, as written; ``None`` otherwise.
        is_symbolic: whether a link is a symbolic one, relative to its own directory.

    """

    type: MemberType
    start: int
    size: int
    target: str | None = None
    is_symbolic: bool = False


@dataclass(slots=True)
class _OpenMember:
    descriptor: int
    member: Member
    place: int = 0

    @property
    def size(self) -> int:
        return self.member.size

    def read(self, count: int) -> bytes:
        wanted = min(count, self.size - self.place)
        if wanted <= 0:
            return b""
        data = os.pread(self.descriptor, wanted, self.member.start + self.place)
        if not data:
            raise ChangedWhileReadError("the archive became shorter while it was read")
        self.place += len(data)
        return data

    def close(self) -> None:
        """Do nothing: the archive stays open."""


class TarArchive:
    """The members of an open tar archive.

    Args:
        descriptor: of the archive, a regular file; the caller closes it.

    Raises:
        ArchiveError: it is compressed, damaged, ambiguous or has more than 65,536 members.

    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._length = os.fstat(descriptor).st_size
        self.members: dict[str, Member] = {}
        self._read_members()

    def open(self, name: str) -> PieceReader | None:
        """Open the file ``name``, or return ``None`` if there is no such member."""
        member = self.members.get(name)
        if member is None:
            return None
        if member.type is not MemberType.FILE:
            raise LayoutError(
                f"{shown(name)} in the archive must be a file, not a {member.type.value}"
            )
        return _OpenMember(self._descriptor, member)

    def _read_members(self) -> None:
        start = os.pread(self._descriptor, 4, 0)
        for mark, called in _COMPRESSED.items():
            if start.startswith(mark):
                raise ArchiveError(
                    f"the archive is compressed with {called}",
                    hint=f"decompress it with {called} -d",
                )
        place = 0
        extensions = _Extensions()
        headers = 0
        while True:
            header = self._block(place)
            if header == _END:
                break
            headers += 1
            if headers > 2 * _MAX_MEMBERS:
                raise ArchiveError(f"the archive has more than {_MAX_MEMBERS} members")
            _check_sum(header)
            flag = header[156:157]
            size = _number(header[124:136])
            body = place + _BLOCK
            if flag in {b"x", b"g", b"L", b"K"}:
                extensions.take(flag, self._extension(body, size))
            else:
                size = self._add(header, flag, body, size, extensions)
                extensions = _Extensions()
            place = body + (size + _BLOCK - 1) // _BLOCK * _BLOCK
            if place > self._length:
                raise ArchiveError("the archive ends in the middle of a member")
        if extensions.seen:
            raise ArchiveError("the archive ends after an extended header")
        # POSIX.1-1988: two zero blocks are the end; another member behind one is a second truth.
        if place + _BLOCK < self._length and self._block(place + _BLOCK) != _END:
            raise ArchiveError("the archive goes on behind its end")
        if not self.members:
            raise ArchiveError("the archive is empty")

    def _add(
        self, header: bytes, flag: bytes, body: int, size: int, extensions: "_Extensions"
    ) -> int:
        kind = _TYPES.get(flag)
        if kind is None:
            raise ArchiveError(f"the archive holds a member of the type {flag!r}")
        if extensions.size is not None:
            size = extensions.size
        if kind is not MemberType.FILE:
            size = 0
        written = extensions.path if extensions.path is not None else _header_name(header)
        name = _clean(written, is_directory=kind is MemberType.DIRECTORY)
        if name is None:
            return size
        target = None
        if kind is MemberType.LINK:
            raw = extensions.target if extensions.target is not None else _text(header[157:257])
            target = _decode(raw)
        known = self.members.get(name)
        if known is not None and not (
            kind is MemberType.DIRECTORY and known.type is MemberType.DIRECTORY
        ):
            raise ArchiveError(f"the archive has {shown(name)} twice")
        self.members[name] = Member(
            type=kind, start=body, size=size, target=target, is_symbolic=flag == b"2"
        )
        if len(self.members) > _MAX_MEMBERS:
            raise ArchiveError(f"the archive has more than {_MAX_MEMBERS} members")
        return size

    def _extension(self, place: int, size: int) -> bytes:
        if size > _MAX_EXTENSION:
            raise ArchiveError(f"an extended header has {size} bytes")
        data = os.pread(self._descriptor, size, place)
        if len(data) != size:
            raise ArchiveError("the archive ends in the middle of an extended header")
        return data

    def _block(self, place: int) -> bytes:
        block = os.pread(self._descriptor, _BLOCK, place)
        if len(block) != _BLOCK:
            raise ArchiveError("the archive ends in the middle of a header, or is no tar archive")
        return block


@dataclass(slots=True)
class _Extensions:
    path: bytes | None = None
    target: bytes | None = None
    size: int | None = None
    seen: bool = False

    def take(self, flag: bytes, data: bytes) -> None:
        self.seen = True
        if flag == b"L":
            self.path = data.rstrip(b"\0")
        elif flag == b"K":
            self.target = data.rstrip(b"\0")
        else:
            self._take_records(data, is_global=flag == b"g")

    def _take_records(self, data: bytes, *, is_global: bool) -> None:
        # POSIX.1-2001, pax: "%d %s=%s\n", the length counts itself.
        while data:
            digits, space, _ = data.partition(b" ")
            if not space or not digits.isdigit() or len(digits) > 6:  # noqa: PLR2004  # 64 KiB
                raise ArchiveError("an extended header has no length")
            length = int(digits)
            record, data = data[len(digits) + 1 : length], data[length:]
            if length <= len(digits) + 1 or not record.endswith(b"\n"):
                raise ArchiveError("an extended header has a wrong length")
            key, equals, text = record[:-1].partition(b"=")
            if not equals:
                raise ArchiveError("an extended header has no value")
            self._take(key, text, is_global=is_global)

    def _take(self, key: bytes, text: bytes, *, is_global: bool) -> None:
        if key.startswith(b"GNU.sparse"):
            raise ArchiveError("the archive holds a sparse file")
        if key not in {b"path", b"linkpath", b"size"}:
            return
        if is_global:
            raise ArchiveError(f"{key.decode()} for all members makes no sense")
        if key == b"path":
            self.path = text
        elif key == b"linkpath":
            self.target = text
        elif text.isdigit() and len(text) <= _PAX_NUMBER:
            self.size = int(text)
        else:
            raise ArchiveError("an extended header gives no size")


def _check_sum(header: bytes) -> None:
    if header[257:262] != b"ustar":
        raise ArchiveError("this is no tar archive of the form ustar, pax or GNU")
    expected = sum(header[:148]) + 8 * 32 + sum(header[156:])
    if _number(header[148:156]) != expected:
        raise ArchiveError("a header of the archive is damaged")


def _number(text: bytes) -> int:
    if text[0] == 0x80:  # noqa: PLR2004  # GNU: the rest is a positive binary number
        return int.from_bytes(text[1:])
    digits = text.rstrip(b" \0").lstrip(b" ")
    if not digits:
        return 0
    if any(digit not in b"01234567" for digit in digits):
        raise ArchiveError("a number in a header of the archive is not octal")
    return int(digits, 8)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _header_name(header: bytes) -> bytes:
    name = _text(header[0:100])
    # Only POSIX has the prefix; GNU ("ustar  ") keeps times there.
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ArchiveError(f"the archive has a name that is not UTF-8: {shown(raw)}") from None
    if "\0" in text:
        raise ArchiveError("the archive has a name with a zero byte")
    return text


def _clean(raw: bytes, *, is_directory: bool) -> str | None:
    text = _decode(raw)
    if is_directory:
        text = text.removesuffix("/")
    while text.startswith("./"):
        text = text[2:]
    if is_directory and text in {"", "."}:
        return None  # the archive's own root
    if any(part in {"", ".", ".."} for part in text.split("/")):
        raise ArchiveError(f"the archive has a member called {shown(text)}")
    return text
