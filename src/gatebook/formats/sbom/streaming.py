"""JSON SBOMs read piece by piece, for documents that are too large to be decoded at once.

The parser (YAJL, through ``ijson``) reports one token after the other; an item of one of the long
arrays of the root is handed on when it is complete, to the same builders that read a document as a
whole. Memory is needed for what is kept and for a few items. Keys are compared as they come, so
that none comes twice.
"""

import io
from collections.abc import Iterator
from typing import Any, Final, Protocol

from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.opaque import MAX_DEPTH, too_deep
from gatebook.formats.sbom.pieces import ARRAYS, Pieces
from gatebook.formats.sbom.surrogates import Surrogates

__all__ = ["MAX_STREAMED_BYTES", "ByteSource", "stream_sbom"]

MAX_STREAMED_BYTES: Final = 1024 * 1024 * 1024
_PIECE: Final = 64 * 1024
_MARK: Final = b"\xef\xbb\xbf"


class ByteSource(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``; none at the end."""
        ...


def stream_sbom(source: bytes | ByteSource, *, max_bytes: int = MAX_STREAMED_BYTES) -> Sbom:
    """Read a JSON SBOM piece by piece.

    Raises:
        MalformedError: not strict JSON, too large, of no format that is read, an unsupported
            version, or broken.

    """
    bounded = _Bounded(io.BytesIO(source) if isinstance(source, bytes) else source, max_bytes)
    pieces = Pieces()
    for array, value in _values(bounded):
        if array is None:
            pieces.add_member(*value)
        else:
            pieces.add_item(array, value)
    return pieces.finish()


class _Bounded:
    """A source that refuses to go on for ever."""

    def __init__(self, source: ByteSource, max_bytes: int) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._count = 0
        self._surrogates = Surrogates()

    def read(self, size: int = _PIECE) -> bytes:
        if size == 0:  # ijson asks so whether it gets bytes
            return b""
        piece = self._source.read(size)
        while not self._count and len(piece) < len(_MARK) and (more := self._source.read(size)):
            piece += more
        if not self._count:
            piece = piece.removeprefix(_MARK)
        self._count += len(piece)
        if self._count > self._max_bytes:
            raise MalformedError(
                f"the SBOM has more than {self._max_bytes} bytes", code="canonical.too-large"
            )
        if b"\x0b" in piece or b"\x0c" in piece:  # YAJL takes them for white space
            raise MalformedError(
                "the SBOM is not JSON: a control character", code="canonical.not-json"
            )
        self._surrogates.look_at(piece)
        return piece


def _values(source: _Bounded) -> Iterator[tuple[str | None, Any]]:
    """The items of the long arrays as ``(array, item)``; other members as ``(None, member)``."""
    import ijson  # type: ignore[import-untyped]  # noqa: PLC0415  # few documents need it

    # Floats as floats; a number that is too large for one is refused, as msgspec does.
    events = ijson.basic_parse(source, use_float=True, buf_size=_PIECE)
    try:
        yield from _assembled(events)
    except UnicodeDecodeError:
        raise MalformedError("the SBOM is not UTF-8", code="canonical.not-utf8") from None
    except ijson.JSONError as error:
        text = str(error)
        if "UTF8" in text or "UTF-8" in text:
            raise MalformedError("the SBOM is not UTF-8", code="canonical.not-utf8") from None
        raise MalformedError(
            f"the SBOM is not JSON: {text.splitlines()[0][:120] if text else 'broken'}",
            code="canonical.not-json",
        ) from None


def _assembled(events: Iterator[tuple[str, Any]]) -> Iterator[tuple[str | None, Any]]:
    if next(events, (None, None))[0] != "start_map":
        raise MalformedError("SBOM must be a JSON object", code="canonical.not-object")
    seen: set[str] = set()
    for event, name in events:
        if event == "end_map":
            break
        if name in seen:
            raise _twice(name)
        seen.add(name)
        begins, value = next(events)
        if name in ARRAYS and begins == "start_array":
            yield None, (name, [])
            for inner, start in events:
                if inner == "end_array":
                    break
                yield name, _value(inner, start, events, 2)
        else:
            yield None, (name, _value(begins, value, events, 1))
    next(events, None)  # so that whatever follows is refused


def _value(event: str, value: Any, events: Iterator[tuple[str, Any]], depth: int) -> Json:
    """Assemble the value that begins with an event, ``depth`` containers deep.

    One loop and no calls: there are tens of millions of events in a large document.
    """
    made: Any = {} if event == "start_map" else [] if event == "start_array" else None
    if made is None:
        scalar: Json = value
        return scalar
    inside: Any = made
    key: Any = None
    above: list[tuple[Any, Any]] = []
    for event, value in events:  # noqa: PLR1704  # the names the loop goes on with
        if event == "map_key":
            if value in inside:
                raise _twice(value)
            # Reserved at once: what comes next is its value.
            inside[value] = None
            key = value
            continue
        if event == "end_map" or event == "end_array":  # noqa: PLR1714  # a set takes longer
            if not above:
                break
            inside, key = above.pop()
            continue
        new: Any = value
        if event == "start_map" or event == "start_array":  # noqa: PLR1714
            if len(above) + depth + 2 > MAX_DEPTH:
                raise too_deep("the SBOM")
            new = {} if event == "start_map" else []
        if type(inside) is dict:
            inside[key] = new
        else:
            inside.append(new)
        if event == "start_map" or event == "start_array":  # noqa: PLR1714
            above.append((inside, key))
            inside = new
    return made  # type: ignore[no-any-return]


def _twice(key: str) -> MalformedError:
    return MalformedError(
        f"the SBOM has the key {key[:80]!r} twice in one object", code="canonical.duplicate-key"
    )
