"""Taking compression off a received document, with bounds on what it may become.

gzip (RFC 1952), Zstandard (RFC 8878) and bzip2, told by their first bytes; several members or
frames one after another are one document, as their tools write them. Everything is decompressed
in pieces, so that a bomb costs no more memory than the limit that it is refused by.
"""

import bz2
import io
import zlib
from collections.abc import Iterator
from typing import Final

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import MAX_DOCUMENT_BYTES
from gatebook.formats.reading.document_format import DocumentFormat

__all__ = ["MAX_LAYERS", "MAX_RATIO", "CompressedError", "compression_of", "unwrap"]

MAX_LAYERS: Final = 2
MAX_RATIO: Final = 1_000
"""How many times larger a document may be than its compressed form, beyond 16 MiB."""

_FREE_OF_RATIO: Final = 16 * 1024 * 1024
_PIECE: Final = 256 * 1024
_MAX_MEMBERS: Final = 10_000
_MAX_WINDOW: Final = 128 * 1024 * 1024
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE: Final = b"\x2a\x4d\x18"
_ZSTD_BLOCK_BYTES: Final = 128 * 1024
_RAW, _RLE, _COMPRESSED = 0, 1, 2

_MAGIC: Final = (
    (b"\x1f\x8b\x08", DocumentFormat.GZIP),
    (_ZSTD_MAGIC, DocumentFormat.ZSTD),
    (b"PK\x03\x04", DocumentFormat.ZIP),
    (b"PK\x05\x06", DocumentFormat.ZIP),
    (b"PK\x07\x08", DocumentFormat.ZIP),
)
# bzip2 has no specification; a stream begins with BZh, the block size, and the digits of pi (a
# block) or of its square root (the end).
_BZIP2_BLOCKS: Final = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")


class CompressedError(MalformedError):
    """A compressed document is broken, or larger than what is read."""

    code = "formats.compressed"


def compression_of(data: bytes) -> DocumentFormat | None:
    """What the bytes are compressed with by their first bytes; ``None`` when with nothing."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:3] == b"BZh" and data[3:4] in b"123456789" and data[4:10] in _BZIP2_BLOCKS:
        return DocumentFormat.BZIP2
    # RFC 8878 §3.1.2: sixteen magic numbers, of frames that hold no data of the document.
    if data[1:4] == _ZSTD_SKIPPABLE and 0x50 <= data[0] <= 0x5F:  # noqa: PLR2004  # of the RFC
        return DocumentFormat.ZSTD
    return None


def unwrap(
    data: bytes, *, max_bytes: int = MAX_DOCUMENT_BYTES
) -> tuple[bytes, tuple[DocumentFormat, ...]]:
    """Take off every layer of compression, at most :data:`MAX_LAYERS`.

    Returns:
        The document, and what was taken off, the outermost layer first; nothing for a document
        that is not compressed.

    Raises:
        CompressedError: truncated (``formats.compressed-truncated``), damaged
            (``formats.compressed``), followed by something else
            (``formats.compressed-trailing``), beyond a limit (``formats.compressed-size``,
            ``formats.compressed-ratio``, ``formats.compressed-layers``), or an archive
            (``formats.compressed-archive``).

    """
    layers: list[DocumentFormat] = []
    while (name := compression_of(data)) is not None:
        if name is DocumentFormat.ZIP:
            raise CompressedError(
                "the document is a zip archive; an archive has no one document in it",
                code="formats.compressed-archive",
                hint="give the file that is inside, or compress it with gzip or zstd",
            )
        if len(layers) == MAX_LAYERS:
            raise CompressedError(
                f"the document is compressed more than {MAX_LAYERS} times",
                code="formats.compressed-layers",
            )
        layers.append(name)
        data = _decompress(data, name, max_bytes)
    return data, tuple(layers)


def _decompress(data: bytes, name: DocumentFormat, max_bytes: int) -> bytes:
    match name:
        case DocumentFormat.GZIP:
            pieces = _gzip(data)
        case DocumentFormat.BZIP2:
            pieces = _bzip2(data)
        case _:
            pieces = _zstd(data, max_bytes)
    whole = io.BytesIO()
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > max_bytes:
            raise _too_large(max_bytes)
        if size > _FREE_OF_RATIO and size > MAX_RATIO * len(data):
            raise CompressedError(
                f"the document grows to more than {MAX_RATIO} times its compressed size",
                code="formats.compressed-ratio",
            )
        whole.write(piece)
    return whole.getvalue()


def _too_large(max_bytes: int) -> CompressedError:
    return CompressedError(
        f"the document is larger than {max_bytes} bytes when decompressed",
        code="formats.compressed-size",
    )


def _truncated(name: DocumentFormat) -> CompressedError:
    return CompressedError(
        f"the {name} data end before their end mark", code="formats.compressed-truncated"
    )


def _damaged(name: DocumentFormat, reason: object) -> CompressedError:
    return CompressedError(f"the {name} data are damaged: {reason}")


def _trailing(name: DocumentFormat, count: int) -> CompressedError:
    return CompressedError(
        f"{count} bytes that are not {name} follow the {name} data",
        code="formats.compressed-trailing",
    )


def _members(name: DocumentFormat) -> Iterator[None]:
    for _ in range(_MAX_MEMBERS):
        yield
    raise CompressedError(
        f"the document has more than {_MAX_MEMBERS} {name} members", code="formats.compressed-size"
    )


def _gzip(data: bytes) -> Iterator[bytes]:
    rest = memoryview(data)
    for _ in _members(DocumentFormat.GZIP):
        member = zlib.decompressobj(wbits=31)  # gzip only, with its header and check sum
        while not member.eof:
            if not rest:
                raise _truncated(DocumentFormat.GZIP)
            try:
                yield member.decompress(rest[:_PIECE], _PIECE)
                rest = rest[_PIECE:]
                while member.unconsumed_tail and not member.eof:
                    yield member.decompress(member.unconsumed_tail, _PIECE)
            except zlib.error as error:
                raise _damaged(DocumentFormat.GZIP, error) from None
        rest = memoryview(data)[len(data) - len(rest) - len(member.unused_data) :]
        if not rest:
            return
        if compression_of(bytes(rest[:16])) is not DocumentFormat.GZIP:
            raise _trailing(DocumentFormat.GZIP, len(rest))


def _bzip2(data: bytes) -> Iterator[bytes]:
    rest = memoryview(data)
    for _ in _members(DocumentFormat.BZIP2):
        member = bz2.BZ2Decompressor()
        while not member.eof:
            if member.needs_input and not rest:
                raise _truncated(DocumentFormat.BZIP2)
            piece = b""
            if member.needs_input:
                piece, rest = bytes(rest[:_PIECE]), rest[_PIECE:]
            try:
                yield member.decompress(piece, _PIECE)
            except (OSError, ValueError) as error:
                raise _damaged(DocumentFormat.BZIP2, error) from None
        rest = memoryview(data)[len(data) - len(rest) - len(member.unused_data) :]
        if not rest:
            return
        if compression_of(bytes(rest[:16])) is not DocumentFormat.BZIP2:
            raise _trailing(DocumentFormat.BZIP2, len(rest))


def _zstd(data: bytes, max_bytes: int) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415  # few documents need it

    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    rest = memoryview(data)
    for _ in _members(DocumentFormat.ZSTD):
        length, has_data, content_size = _zstd_frame(rest)
        if content_size > max_bytes:
            raise _too_large(max_bytes)
        if has_data:
            try:
                reader = decompressor.stream_reader(bytes(rest[:length]))
                while piece := reader.read(_PIECE):
                    yield piece
            except zstandard.ZstdError as error:
                raise _damaged(DocumentFormat.ZSTD, error) from None
        rest = rest[length:]
        if not rest:
            return
        if compression_of(bytes(rest[:16])) is not DocumentFormat.ZSTD:
            raise _trailing(DocumentFormat.ZSTD, len(rest))


def _zstd_frame(data: memoryview) -> tuple[int, bool, int]:
    """Measure the first frame: its length, whether it holds data, and the size it claims to have.

    The decompressor takes a frame that ends early for one that holds less, so the blocks are
    counted here. Source: RFC 8878 §3.1.1.
    """
    if bytes(data[:4]) != _ZSTD_MAGIC:  # §3.1.2: a skippable frame, with its length in 4 bytes
        length = 8 + int.from_bytes(_zstd_take(data, 4, 4), "little")
        _zstd_take(data, 0, length)
        return length, False, 0
    descriptor = _zstd_take(data, 4, 1)[0]
    single_segment = bool(descriptor & 0x20)
    size_flag = descriptor >> 6
    size_bytes = (1 if single_segment else 0, 2, 4, 8)[size_flag]
    place = 5 + (not single_segment) + (0, 1, 2, 4)[descriptor & 3]
    content_size = int.from_bytes(_zstd_take(data, place, size_bytes), "little")
    if size_flag == 1:
        content_size += 256  # §3.1.1.1.4
    place += size_bytes
    last = False
    while not last:
        header = int.from_bytes(_zstd_take(data, place, 3), "little")
        last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        if kind not in {_RAW, _RLE, _COMPRESSED} or size > _ZSTD_BLOCK_BYTES:
            raise _damaged(DocumentFormat.ZSTD, "a block of no known kind or beyond its size")
        place += 3 + (1 if kind == _RLE else size)
    if descriptor & 4:
        place += 4  # the check sum of the content
    _zstd_take(data, 0, place)
    return place, True, content_size


def _zstd_take(data: memoryview, start: int, length: int) -> memoryview:
    if len(data) < start + length:
        raise _truncated(DocumentFormat.ZSTD)
    return data[start : start + length]
