"""Files with advisories: which there are, what each is by its content, and the records in it.

Read are OSV records alone, in JSON Lines, in JSON arrays and in zip archives, as osv.dev and
osv-scanner's mirror keep them (``osv-scanner/{ecosystem}/all.zip``); CISA's KEV catalogue; EPSS.
Each may be compressed with gzip, bzip2 or zstd. A file's name says nothing.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

import msgspec
import zstandard

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError
from gatebook.ledger.store import StoreError
from gatebook.stores.advisory_archive import (
    MAX_EXPANDED,
    AdvisorySourceError,
    ArchiveMember,
    list_members,
    open_archive,
    read_member,
)
from gatebook.vulnerabilities.epss import is_epss
from gatebook.vulnerabilities.kev import is_kev
from gatebook.vulnerabilities.osv import MAX_RECORD_BYTES

__all__ = [
    "FileForm",
    "SourceFile",
    "Span",
    "find_sources",
    "read_whole",
    "records_in",
    "spans_of",
]

_START: Final = 65_536
_LINES_LOOKED_AT: Final = 32
_CHUNK: Final = 1024 * 1024
_MAX_DOCUMENT: Final = 256 * 1024 * 1024
_MEMBERS_AT_ONCE: Final = 1000
_BYTES_AT_ONCE: Final = 2 * 1024 * 1024
_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zstandard.ZstdError),
    *(EOFError, NotImplementedError, RuntimeError, ValueError, OSError),
)


class FileForm(StrEnum):
    """How a file holds what it holds."""

    ZIP = "zip"
    LINES = "lines"
    ARRAY = "array"
    RECORD = "record"
    KEV = "kev"
    EPSS = "epss"


class SourceFile(NamedTuple):
    """A file that holds advisories.

    Attributes:
        path: where it is.
        form: how it holds them.
        digest: of its bytes.
        size: in bytes.

    """

    path: Path
    form: FileForm
    digest: Digest
    size: int


class Span(NamedTuple):
    """A part of a source that is read at once, by this process or another.

    Attributes:
        source: number of the source.
        path: of the archive to read members from; ``None`` when ``data`` holds the records.
        members: what to read from it.
        data: records with their places, where they were read already.

    """

    source: int
    path: str | None = None
    members: tuple[ArchiveMember, ...] = ()
    data: tuple[tuple[str, bytes], ...] = ()


def find_sources(paths: Sequence[Path]) -> tuple[list[SourceFile], int]:
    """Find the files with advisories at and below some paths, each file once.

    Returns:
        The files, in an order that depends on their names only, and how many files below
        directories were passed over because they hold something else.

    Raises:
        NotFoundError: a path does not exist.
        AdvisorySourceError: a file that was named holds no advisories, or nothing below a
            directory does.
        StoreError: a file cannot be read.

    """
    found: dict[Path, SourceFile] = {}
    passed_over = 0
    for path in paths:
        if path.is_dir():
            before = len(found)
            for each in _files_below(path):
                source = _recognised(each, named=False)
                if source is None:
                    passed_over += 1
                else:
                    found[each.resolve()] = source
            if len(found) == before:
                raise AdvisorySourceError(f"no file below {path} holds advisories")
        elif path.is_file():
            source = _recognised(path, named=True)
            if source is not None:
                found[path.resolve()] = source
        else:
            raise NotFoundError(f"{path} does not exist", code="stores.no-advisories")
    return list(found.values()), passed_over


def _files_below(directory: Path) -> Iterator[Path]:
    try:
        for each in sorted(directory.iterdir()):
            if each.name.startswith("."):
                continue
            if each.is_dir() and not each.is_symlink():
                yield from _files_below(each)
            elif each.is_file():
                yield each
    except OSError as error:
        raise StoreError(f"{directory} cannot be listed: {error.strerror}") from error


def _recognised(path: Path, *, named: bool) -> SourceFile | None:
    try:
        form = _form_of(path)
    except _BROKEN as error:
        raise AdvisorySourceError(f"{path} cannot be read: {error}") from error
    except MalformedError as error:
        raise AdvisorySourceError(f"{path}: {error.message}", code=error.code) from error
    if form is None:
        if named:
            raise AdvisorySourceError(
                f"{path} holds no advisories",
                hint="OSV records (JSON, JSON Lines, zip), CISA's KEV catalogue and EPSS are read",
            )
        return None
    digest, size = _digest_of(path)
    return SourceFile(path, form, digest, size)


def _form_of(path: Path) -> FileForm | None:
    with path.open("rb") as raw:
        if raw.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}:
            return FileForm.ZIP
    with _expanded(path) as file:
        start = file.read(_START)
        text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
        if is_epss(text):
            return FileForm.EPSS
        if text.startswith(b"["):
            return FileForm.ARRAY if _holds_records(start + file.read(_MAX_DOCUMENT)) else None
        if not text.startswith(b"{"):
            return None
        line, _, rest = text.partition(b"\n")
        if rest.strip() and _root(line) is not None:
            return FileForm.LINES
        rest = file.read(_MAX_DOCUMENT)
        return _form_of_object(start + rest)


def _form_of_object(data: bytes) -> FileForm | None:
    root = _root(data)
    if root is None:
        # Either lines of which the first is broken, or a broken record: both are told when read.
        lines = data.split(b"\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
        whole = [line for line in lines if line.strip() and _root(line) is not None]
        return FileForm.LINES if whole else FileForm.RECORD
    if is_kev(root):
        return FileForm.KEV
    return FileForm.RECORD if _claims_record(root) else None


def _root(data: bytes) -> canonical.JsonObject | None:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _claims_record(root: canonical.JsonObject) -> bool:
    return "id" in root and ("modified" in root or "affected" in root)


def _holds_records(data: bytes) -> bool:
    try:
        items = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise AdvisorySourceError("it begins like a JSON array and is not") from None
    first = items[0] if isinstance(items, list) and items else None
    return isinstance(first, dict) and _claims_record(first)


@contextmanager
def _expanded(path: Path) -> Iterator[BinaryIO]:
    """Open a file without its compression."""
    with path.open("rb") as raw:
        start = raw.read(4)
        raw.seek(0)
        if start.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=raw) as file:
                yield cast("BinaryIO", file)
        elif start.startswith(b"BZh"):
            with bz2.BZ2File(raw) as file:
                yield cast("BinaryIO", file)
        elif start == b"\x28\xb5\x2f\xfd":
            with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as file:
                yield cast("BinaryIO", io.BufferedReader(file))
        else:
            yield raw


def _digest_of(path: Path) -> tuple[Digest, int]:
    hashed = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hashed.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    return Digest("sha256", hashed.hexdigest()), size


def read_whole(path: Path) -> bytes:
    """Read a file without its compression.

    Raises:
        AdvisorySourceError: damaged, or too large.

    """
    try:
        with _expanded(path) as file:
            data = file.read(_MAX_DOCUMENT + 1)
    except _BROKEN as error:
        raise AdvisorySourceError(f"{path} cannot be read: {error}") from error
    if len(data) > _MAX_DOCUMENT:
        raise AdvisorySourceError(f"{path} holds more than {_MAX_DOCUMENT:,} bytes")
    return data


def spans_of(number: int, source: SourceFile) -> Iterator[Span]:
    """Cut a source into parts.

    Raises:
        AdvisorySourceError: damaged, too many members, or expanding beyond all bounds.

    """
    match source.form:
        case FileForm.ZIP:
            members = list_members(source.path)
            for first in range(0, len(members), _MEMBERS_AT_ONCE):
                part = tuple(members[first : first + _MEMBERS_AT_ONCE])
                yield Span(number, path=str(source.path), members=part)
        case FileForm.LINES:
            yield from _line_spans(number, source.path)
        case FileForm.ARRAY:
            yield from _array_spans(number, source.path)
        case FileForm.RECORD:
            data = read_whole(source.path)
            yield Span(number, data=((str(source.path), data),))
        case FileForm.KEV | FileForm.EPSS:
            return


def records_in(span: Span) -> Iterator[tuple[str, bytes]]:
    """Yield the place and the bytes of each record of a part.

    Raises:
        AdvisorySourceError: a member of an archive is damaged, encrypted or too large.

    """
    if span.path is None:
        yield from span.data
        return
    with open_archive(Path(span.path)) as file:
        for member in span.members:
            yield f"{span.path}:{member.name}", read_member(file, span.path, member)


def _line_spans(number: int, path: Path) -> Iterator[Span]:
    waiting: list[tuple[str, bytes]] = []
    size = total = place = 0
    try:
        with _expanded(path) as file:
            while line := file.readline(MAX_RECORD_BYTES + 1):
                place += 1
                if len(line) > MAX_RECORD_BYTES:
                    raise AdvisorySourceError(f"{path}: line {place} is longer than a record")
                total += len(line)
                if total > MAX_EXPANDED:
                    raise AdvisorySourceError(f"{path} expands beyond {MAX_EXPANDED:,} bytes")
                if not line.strip():
                    continue
                waiting.append((f"{path}:{place}", line))
                size += len(line)
                if size > _BYTES_AT_ONCE:
                    yield Span(number, data=tuple(waiting))
                    waiting, size = [], 0
    except _BROKEN as error:
        raise AdvisorySourceError(f"{path} cannot be read: {error}") from error
    if waiting:
        yield Span(number, data=tuple(waiting))


def _array_spans(number: int, path: Path) -> Iterator[Span]:
    data = read_whole(path)
    try:
        items = msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise AdvisorySourceError(f"{path} is not a JSON array: {error}") from None
    for first in range(0, len(items), _MEMBERS_AT_ONCE):
        part = items[first : first + _MEMBERS_AT_ONCE]
        records = tuple(
            (f"{path}[{place}]", bytes(each)) for place, each in enumerate(part, start=first)
        )
        yield Span(number, data=records)
