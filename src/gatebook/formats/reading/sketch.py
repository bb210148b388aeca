"""A small document that has what names the format of a large one.

A document that takes hundreds of megabytes is not decoded only to learn what it is. What names a
format stands at the root or at the start; both are taken over, long values cut short, into a
document that any reader can be asked about. Memory is needed for the sketch only.
"""

import io
from collections.abc import Collection
from typing import Any, Final

import msgspec

from gatebook.canonical import Json, JsonObject

__all__ = ["LARGE", "sbom_sketch", "start_sketch"]

LARGE: Final = 64 * 1024 * 1024
"""Larger documents in JSON are asked about by a sketch."""

_MAX_VALUE: Final = 64 * 1024
_MAX_START: Final = 1024 * 1024
_MAX_EVENTS: Final = 200_000
_PIECE: Final = 16 * 1024
_MAX_DEPTH: Final = 64


def sbom_sketch(data: bytes, names: Collection[str]) -> bytes | None:
    """The members of the root with these names, long ones cut short; ``None`` if there is none.

    All other members are passed over without a trace, wherever they stand.
    """
    wire = msgspec.defstruct(
        "Names",
        [
            (
                f"member_{number}",
                msgspec.Raw | msgspec.UnsetType,
                msgspec.field(default=msgspec.UNSET, name=name),
            )
            for number, name in enumerate(sorted(names))
        ],
    )
    try:
        found = msgspec.json.decode(data, type=wire)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    members: JsonObject = {}
    for number, name in enumerate(sorted(names)):
        raw = getattr(found, f"member_{number}")
        if raw is not msgspec.UNSET:
            members[name] = _begun(bytes(memoryview(raw)[:_MAX_VALUE]))
    return msgspec.json.encode(members) if members else None


def start_sketch(data: bytes) -> bytes | None:
    """What the first megabyte holds, with everything closed that is open where it ends."""
    begun = _begun(data[:_MAX_START])
    return msgspec.json.encode(begun) if isinstance(begun, dict | list) else None


def _begun(data: bytes) -> Json:
    """The JSON value that ``data`` begins with, as much of it as there is."""
    import ijson  # type: ignore[import-untyped]  # noqa: PLC0415  # few documents need it

    top: list[Json] = []
    opened: list[tuple[dict[str, Json] | list[Json], str | None]] = []
    key: str | None = None
    events: Any = ijson.basic_parse(io.BytesIO(data), use_float=True, buf_size=_PIECE)
    try:
        for count, (event, value) in enumerate(events):
            if count > _MAX_EVENTS:
                break
            if event == "map_key":
                key = value
                continue
            if event in {"end_map", "end_array"}:
                _, key = opened.pop()
                continue
            made: Json = {} if event == "start_map" else [] if event == "start_array" else value
            _put(opened[-1][0] if opened else top, key, made)
            if isinstance(made, dict | list):
                if len(opened) == _MAX_DEPTH:
                    break
                opened.append((made, None))
                key = None
    except (ijson.JSONError, UnicodeDecodeError, ValueError):
        pass  # where the data end
    return top[0] if top else None


def _put(container: dict[str, Json] | list[Json], key: str | None, value: Json) -> None:
    if isinstance(container, list):
        container.append(value)
    elif key is not None:
        container.setdefault(key, value)
