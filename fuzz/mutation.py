"""Changing inputs: byte by byte, and where there is JSON, member by member.

A fuzzer that knows only bytes spends itself on broken JSON. Here a document is taken apart, one
place in it is changed, and it is put together again; base64 inside is opened as well.
"""

import base64
import binascii
import copy
import json
import random
from typing import Any, TypeAlias

__all__ = ["mutate", "mutate_bytes", "mutate_document"]

Place: TypeAlias = tuple[Any, Any]
"""A container and the key or index in it."""

_PIECES = (
    b"null",
    b"{}",
    b"[]",
    b'""',
    b"-1",
    b"1e9",
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"\x00",
    b"[" * 70,
    b"9" * 5000,
    b'"a":1,"a":1,',
    b"\xef\xbb\xbf",
    b"\r\n",
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**53,
    2**64,
    10**400,
    0.5,
    "",
    "0",
    "-1",
    "18446744073709551616",
    "*",
    "A" * 70_000,
    "\u00e9",
    "\u202e",
    "\x00",
    "../..",
    "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59+23:59",
    [],
    {},
    [[]],
    [None],
    {"": None},
    [0] * 5000,
)


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change an input in one of the two ways."""
    if dice.random() < 0.6:
        changed = mutate_document(data, dice)
        if changed is not None:
            return changed
    return mutate_bytes(data, dice)


def mutate_bytes(data: bytes, dice: random.Random) -> bytes:
    """Change a few bytes."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0:
                changed[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del changed[at : at + dice.randint(1, 16)]
            case 2:
                changed[at:at] = changed[at : at + dice.randint(1, 32)]
            case 3:
                changed[at:at] = dice.choice(_PIECES)
            case _:
                del changed[at:]
    return bytes(changed)


def mutate_document(data: bytes, dice: random.Random) -> bytes | None:
    """Change a place in the JSON of one line, or ``None`` when there is none.

    One byte before the document is left alone: some targets choose by it.
    """
    lines = data.split(b"\n")
    number = dice.randrange(len(lines))
    head = b"" if lines[number][:1] in b"{[" else lines[number][:1]
    try:
        document = json.loads(lines[number][len(head) :])
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict | list):
        return None
    holder = [document]
    for _ in range(dice.randint(1, 3)):
        _change(holder, dice)
    try:
        lines[number] = head + json.dumps(holder[0], separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return None
    return b"\n".join(lines)


def _places(value: Any) -> list[Place]:
    found: list[Place] = []
    pending = [value]
    while pending:
        container = pending.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                pending.append(container[key])
    return found


def _change(holder: list[Any], dice: random.Random) -> None:
    places = _places(holder)
    container, key = dice.choice(places)
    value = container[key]
    match dice.randrange(8):
        case 0:
            container[key] = copy.deepcopy(dice.choice(_VALUES))
        case 1 if len(places) > 1 and container is not holder:
            del container[key]
        case 2 if isinstance(container, list):
            container.insert(key, copy.deepcopy(value))
        case 3 if isinstance(container, dict):
            container[dice.choice((key.upper(), key.title(), key + "s", "_" + key))] = value
        case 4:
            other, name = dice.choice(places)
            if not isinstance(value, dict | list) and not isinstance(other[name], dict | list):
                container[key], other[name] = other[name], value
        case _ if isinstance(value, str):
            container[key] = _text(value, dice)
        case _ if isinstance(value, int) and not isinstance(value, bool):
            container[key] = value + dice.choice((-1, 1, -2, 256, 2**32))
        case _:
            container[key] = copy.deepcopy(dice.choice(_VALUES))


def _text(text: str, dice: random.Random) -> str:
    if dice.random() < 0.5:
        try:
            inner = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            inner = b""
        if inner:
            changed = mutate_document(inner, dice) or mutate_bytes(inner, dice)
            return base64.b64encode(changed).decode()
    at = dice.randrange(len(text) + 1)
    match dice.randrange(4):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + dice.choice("aA0/=@ .*\n\u00e9") + text[at:]
        case 2:
            return text[:at] + text[at + 1 :]
        case _:
            return text[:at] + chr(dice.randrange(32, 127)) + text[at + 1 :]
