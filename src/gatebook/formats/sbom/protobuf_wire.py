"""The binary encoding of Protocol Buffers, read by a table of the fields that are asked for.

Source: protobuf.dev/programming-guides/encoding. Two things are stricter than the encoding wants:
groups are refused, and so is a second value of a field that has one, of which readers keep the
first, the last or a mixture.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.sbom.components import SbomError

__all__ = ["MAX_DEPTH", "Field", "Kind", "Message", "ProtobufError", "decode"]

MAX_DEPTH: Final = 96

_VARINT, _I64, _LENGTH, _I32 = 0, 1, 2, 5
_MAX_VARINT: Final = 10
_MAX_NUMBER: Final = (1 << 29) - 1


class ProtobufError(SbomError):
    """Bytes are not a message in the binary encoding of Protocol Buffers."""

    code = "formats.protobuf"


class Kind(Enum):
    """What a field holds."""

    TEXT = auto()
    BOOLEAN = auto()
    INTEGER = auto()
    DOUBLE = auto()
    ENUM = auto()
    MESSAGE = auto()
    TIME = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a message.

    Attributes:
        key: what it is called in the decoded object.
        kind: what it holds.
        many: whether it may come more than once; it becomes a list.
        message: the fields of the message it holds.
        words: what the numbers of an enumeration stand for; ``None`` for one that says nothing.

    """

    key: str
    kind: Kind = Kind.TEXT
    many: bool = False
    message: "Message | None" = None
    words: tuple[str | None, ...] = ()


@dataclass(slots=True, kw_only=True)
class Message:
    """A message: its fields by number. Fields may be added later, so that it can hold itself."""

    fields: dict[int, Field]


def decode(data: bytes, message: Message) -> JsonObject:
    """Decode a message into an object; fields that the table does not have are skipped.

    Raises:
        ProtobufError: truncated, a malformed or misplaced field, text that is not UTF-8, or
            messages nested deeper than :data:`MAX_DEPTH`.

    """
    return _message(memoryview(data), message, 0)


def _message(data: memoryview, message: Message, depth: int) -> JsonObject:
    if depth > MAX_DEPTH:
        raise ProtobufError(f"messages are nested deeper than {MAX_DEPTH}")
    found: JsonObject = {}
    for number, wire_type, value in _fields(data):
        field = message.fields.get(number)
        if field is None:
            continue
        if field.many:
            items = found.setdefault(field.key, [])
            if isinstance(items, list):
                items.extend(_values(field, wire_type, value, depth))
        elif field.key in found:
            raise ProtobufError(f"{field.key!r} comes twice in one message")
        else:
            for each in _values(field, wire_type, value, depth):
                found[field.key] = each
    return found


def _values(field: Field, wire_type: int, value: int | memoryview, depth: int) -> Iterator[Json]:
    """The values of one occurrence: several for a packed list of numbers, none for an unknown."""
    if field.kind in {Kind.BOOLEAN, Kind.INTEGER, Kind.ENUM}:
        if isinstance(value, int) and wire_type == _VARINT:
            yield from _number(field, value)
        elif isinstance(value, memoryview) and field.many:
            position = 0
            while position < len(value):
                number, position = _varint(value, position)
                yield from _number(field, number)
        else:
            raise _misplaced(field)
    elif field.kind is Kind.DOUBLE:
        if wire_type != _I64 or not isinstance(value, int):
            raise _misplaced(field)
        yield float(struct.unpack("<d", value.to_bytes(8, "little"))[0])
    elif not isinstance(value, memoryview):
        raise _misplaced(field)
    elif field.kind is Kind.TEXT:
        try:
            yield str(value, "utf-8")
        except UnicodeDecodeError:
            raise ProtobufError(f"{field.key!r} is not UTF-8") from None
    elif field.kind is Kind.TIME:
        yield _time(value)
    elif field.message is not None:
        yield _message(value, field.message, depth + 1)


def _misplaced(field: Field) -> ProtobufError:
    return ProtobufError(f"{field.key!r} is encoded as another type than it has")


def _number(field: Field, value: int) -> Iterator[Json]:
    if field.kind is Kind.BOOLEAN:
        yield bool(value)
    elif field.kind is Kind.INTEGER:
        yield value - (1 << 64) if value >> 63 else value
    else:
        word = field.words[value] if value < len(field.words) else f"unknown-{value}"
        if word is not None:
            yield word


_TIMESTAMP: Final[Mapping[int, str]] = {1: "seconds", 2: "nanos"}


def _time(data: memoryview) -> str:
    """A ``google.protobuf.Timestamp`` as RFC 3339 text, to the second."""
    seconds = 0
    for number, wire_type, value in _fields(data):
        if _TIMESTAMP.get(number) is None:
            continue
        if wire_type != _VARINT or not isinstance(value, int):
            raise ProtobufError("a timestamp holds something else than numbers")
        if number == 1:
            seconds = value - (1 << 64) if value >> 63 else value
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        raise ProtobufError("a timestamp is out of range") from None


def _fields(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number <= _MAX_NUMBER:
            raise ProtobufError(f"{number} is no field number")
        if wire_type == _VARINT:
            value, position = _varint(data, position)
            yield number, wire_type, value
        elif wire_type == _LENGTH:
            length, position = _varint(data, position)
            yield number, wire_type, _take(data, position, length)
            position += length
        elif wire_type in {_I64, _I32}:
            length = 8 if wire_type == _I64 else 4
            yield number, wire_type, int.from_bytes(_take(data, position, length), "little")
            position += length
        else:
            raise ProtobufError(f"field {number} has the wire type {wire_type}, which is not read")


def _take(data: memoryview, position: int, length: int) -> memoryview:
    if length > len(data) - position:
        raise ProtobufError("the message ends inside a field")
    return data[position : position + length]


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for count in range(_MAX_VARINT):
        if position + count >= len(data):
            raise ProtobufError("the message ends inside a number")
        byte = data[position + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:  # noqa: PLR2004  # the last byte has no continuation bit
            return value & 0xFFFF_FFFF_FFFF_FFFF, position + count + 1
    raise ProtobufError(f"a number is longer than {_MAX_VARINT} bytes")
