"""JSON decoded into typed records at the speed of a scan, and as strict as the slow way.

A document decoded into dictionaries takes five times its size; decoded into records of the fields
that are read, with what is rarely asked for left as bytes (``msgspec.Raw``), one to two times, and
five times as fast.

msgspec keeps the last of two equal keys and says nothing. That none was dropped is proved by
counting: each key comes with one colon that is not part of a string, and a decoded record encoded
again writes each kept key with its colon and each kept string with the colons inside it. If the
document has as many colons as what was kept, then nothing was dropped. If it has more, a key came
twice, or there is a field no record knows: then every item is decoded without a type and the same
count is made there, and only an item that still has too many is read pair by pair.
"""

import gc
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

import msgspec

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.sbom.decoding import decoding
from gatebook.formats.sbom.opaque import MAX_DEPTH, Opaque, check_depth, too_deep

__all__ = [
    "Encoded",
    "Reading",
    "TypedDecoder",
    "check_duplicates",
    "collection_paused",
    "decode_part",
    "decode_plainly",
    "encode",
    "members_strictly",
    "parse",
    "split_array",
    "split_object",
]

T = TypeVar("T")

_BATCH: Final = 64
_ESCAPED_COLON: Final = re.compile(rb"\\u003[aA]")
_ENCODE_INTO: Final = msgspec.json.Encoder(
    enc_hook=lambda each: each.value if type(each) is Opaque else each
).encode_into
_ENCODE: Final = msgspec.json.encode
_UNTYPED: Final = msgspec.json.Decoder()
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Encoded:
    """Counts the colons of decoded values: one for each key, and those inside strings."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def colons(self, value: Any) -> int:
        """Count."""
        _ENCODE_INTO(value, self._buffer)
        return self._buffer.count(b":")

    def checked_colons(self, value: Any, what: str) -> int:
        """Count in an untyped item of an array in the root, and see that it is not too deep.

        Raises:
            MalformedError: it is.

        """
        try:
            colons = self.colons(value)
        except RecursionError:
            raise too_deep(what) from None
        # The root and the array are two levels; fewer brackets than levels cannot be too deep.
        if self._buffer.count(b"{") + self._buffer.count(b"[") > MAX_DEPTH - 2:
            check_depth(value, what, MAX_DEPTH - 2)
        return colons


class TypedDecoder(Generic[T]):
    """Decodes into a type of record."""

    def __init__(self, kind: type[T]) -> None:
        self.decode = msgspec.json.Decoder(kind, dec_hook=Opaque.of).decode


class Reading:
    """One pass over a document: what is decoded through it is counted.

    Call :meth:`decode` first, take the long arrays out, :meth:`count` the rest, go through the
    arrays by :meth:`batches` or :meth:`untyped`, and :meth:`finish`.
    """

    def __init__(self, data: bytes | memoryview, *, what: str, code: str) -> None:
        """Take the bytes, what they are called in errors, and the code of a wrong type."""
        self.data = data if isinstance(data, bytes) else bytes(data)
        self._what = what
        self._code = code
        self._colons = 0
        self._encoded = Encoded()

    def decode(self, decoder: TypedDecoder[T]) -> T:
        """Decode the whole.

        Raises:
            MalformedError: not JSON, or a field of another type than it must have.

        """
        with decoding(self.data, self._what, self._code, "$"):
            return decoder.decode(self.data)

    def count(self, decoded: Any) -> None:
        """Count what was kept of something decoded."""
        self._colons += self._encoded.colons(decoded)

    def batches(self, items: list[T]) -> Iterator[list[T]]:
        """Count what was kept of decoded items, a few at a time, and hand them on."""
        for start in range(0, len(items), _BATCH):
            batch = items[start : start + _BATCH]
            self._colons += self._encoded.colons(batch)
            yield batch

    def untyped(self, raws: Sequence[msgspec.Raw], where: str) -> Iterator[Any]:
        """Decode the items of an array without a type, one at a time.

        Raises:
            MalformedError: not JSON, or nested too deep.

        """
        for number, raw in enumerate(raws):
            with decoding(self.data, self._what, self._code, where, number):
                value = _UNTYPED.decode(raw)
            self._colons += self._encoded.checked_colons(value, self._what)
            yield value

    def skim(self, raws: Sequence[msgspec.Raw], where: str) -> int:
        """See that nothing is wrong with the JSON of items that nobody reads; how many there are.

        Raises:
            MalformedError: not JSON, or nested too deep.

        """
        for _ in self.untyped(raws, where):
            pass
        return len(raws)

    def skim_typed(
        self, raws: Sequence[msgspec.Raw], decoder: TypedDecoder[Any], where: str
    ) -> int:
        """Do as :meth:`skim` does, with a type that makes it faster where it fits.

        Raises:
            MalformedError: not JSON, or nested too deep.

        """
        decode = decoder.decode
        for start in range(0, len(raws), _BATCH):
            some = raws[start : start + _BATCH]
            try:
                batch = [decode(raw) for raw in some]
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.skim(some, where)  # what is wrong, if it is more than a type
            else:
                self._colons += self._encoded.colons(batch)
        return len(raws)

    def finish(self) -> None:
        """See that no key came twice in one object.

        Raises:
            MalformedError: one did (``canonical.duplicate-key``), or a field nobody reads is not
                JSON or nested too deep.

        """
        if self.data.count(b":") != self._colons or _escapes_colon(self.data):
            check_duplicates(self.data, what=self._what)


def members_strictly(
    data: bytes,
    *,
    what: str,
    code: str,
    arrays: Mapping[str, Callable[[Json], None]],
) -> JsonObject:
    """Decode a JSON object; the items of long arrays go to whoever takes them, one at a time.

    An array that somebody takes is left empty in what is returned.

    Raises:
        MalformedError: not strict JSON, not an object, or one of ``arrays`` is not an array.

    """
    reading = Reading(data, what=what, code=code)
    members = split_object(data, what=what)
    root: JsonObject = {}
    for name, raw in members.items():
        take = arrays.get(name)
        if take is None:
            (root[name],) = reading.untyped([raw], f"$.{name}")
            continue
        if _is_null(raw):
            continue
        with decoding(data, what, code, f"$.{name}"):
            items = _ITEMS.decode(raw)
        for item in reading.untyped(items, f"$.{name}"):
            take(item)
        root[name] = []
    reading.count(dict.fromkeys(members))
    reading.finish()
    return root


def _is_null(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"n"


def check_duplicates(data: bytes, *, what: str) -> None:
    """Refuse a JSON object in which a key comes twice, at whatever depth; exact.

    Memory is needed for the largest item of the arrays in the root, not for the document.

    Raises:
        MalformedError: a key comes twice, a text is not UTF-8, or something is nested too deep.

    """
    members = split_object(data, what=what)
    encoded = Encoded()
    inside = 0
    for name, raw in members.items():
        parts = split_array(raw, what=what) if bytes(memoryview(raw)[:1]) == b"[" else [raw]
        for part in parts:
            inside += _check_part(bytes(part), encoded, what, f"$.{name}")
    # Of a colon in the name of a member it can no longer be seen whether it was escaped.
    if any(":" in name for name in members) or data.count(b":") != len(members) + inside:
        _pair_by_pair(data, what)


def parse(data: bytes, *, what: str) -> Json:
    """Decode JSON without a type, refusing what :func:`gatebook.canonical.loads` refuses.

    Raises:
        MalformedError: not strict JSON.

    """
    return canonical.loads(data, what=what, max_bytes=len(data), max_depth=MAX_DEPTH)


def decode_plainly(decoder: TypedDecoder[T], data: bytes, *, what: str, code: str) -> T:
    """Decode what is known to be strict JSON.

    Raises:
        MalformedError: a field has another type than it must have.

    """
    with decoding(data, what, code, "$"):
        return decoder.decode(data)


def decode_part(
    decode: Callable[[bytes], T], part: bytes, encoded: Encoded, *, what: str, code: str, where: str
) -> T:
    """Decode a part that was left undecoded, and see that no key in it came twice.

    Raises:
        MalformedError: one did, or a field has another type than it must have.

    """
    with decoding(part, what, code, where):
        value = decode(part)
    if encoded.colons(value) != part.count(b":") or _escapes_colon(part):
        _check_part(part, encoded, what, where)
    return value


def split_object(data: bytes | msgspec.Raw, *, what: str) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, undecoded; of equal keys the last.

    Raises:
        MalformedError: not a JSON object.

    """
    with decoding(data, what, "canonical.not-object", "$"):
        return _MEMBERS.decode(data)


def split_array(data: bytes | msgspec.Raw, *, what: str) -> list[msgspec.Raw]:
    """The items of a JSON array, undecoded.

    Raises:
        MalformedError: not a JSON array.

    """
    with decoding(data, what, "canonical.not-array", "$"):
        return _ITEMS.decode(data)


def encode(document: JsonObject | list[Json], *, what: str) -> bytes:
    """Write JSON that was decoded already, to be read by a typed decoder.

    Raises:
        MalformedError: it is nested too deep.

    """
    try:
        return _ENCODE(document)
    except RecursionError:
        raise too_deep(what) from None
    except (UnicodeEncodeError, TypeError, msgspec.MsgspecError) as error:
        raise MalformedError(f"{what} is not JSON: {error}", code="canonical.not-json") from None


@contextmanager
def collection_paused() -> Iterator[None]:
    """Keep the garbage collector from looking through records again and again while they grow."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _escapes_colon(data: bytes) -> bool:
    return b"\\" in data and _ESCAPED_COLON.search(data) is not None


def _check_part(part: bytes, encoded: Encoded, what: str, where: str) -> int:
    with decoding(part, what, "canonical.not-json", where):
        value = _UNTYPED.decode(part)
    kept, written = encoded.checked_colons(value, what), part.count(b":")
    if kept != written or _escapes_colon(part):
        _pair_by_pair(part, what)
    return written


def _pair_by_pair(part: bytes, what: str) -> None:
    import json  # noqa: PLC0415  # few documents need it

    def refuse(pairs: list[tuple[str, Json]]) -> None:
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise MalformedError(
                    f"{what} has the key {key[:80]!r} twice in one object",
                    code="canonical.duplicate-key",
                )
            seen.add(key)

    try:
        json.loads(part, object_pairs_hook=refuse)  # noqa: TID251  # the hook is what is wanted
    except RecursionError:
        raise too_deep(what) from None
