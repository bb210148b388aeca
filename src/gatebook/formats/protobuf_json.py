"""Protocol Buffers JSON, read more strictly than its specification asks for.

Sigstore's documents are written in the JSON mapping of Protocol Buffers, which lets a reader accept
several spellings of one thing: ``snake_case`` beside ``camelCase``, two base64 alphabets, numbers
as text or not. What two readers could understand differently is refused here: one spelling of each
field, standard base64 as an encoder writes it, 64-bit integers as decimal text.
"""

import binascii
import re
from typing import Final

from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields

__all__ = [
    "KnownFields",
    "decode_base64",
    "optional_int64",
    "raw_bytes",
    "required_int64",
]

_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)
_MAX_INT64: Final = 2**63 - 1
_LAST: Final = {1: "AQgw", 2: "AEIMQUYcgkosw048"}


class KnownFields(frozenset[str]):
    """The names of the fields a message has, each in its one spelling."""

    __slots__ = ()

    def check_spelling(self, fields: Fields) -> None:
        """Check that no field is another spelling of a known one, such as ``media_type``.

        Unknown fields stay allowed: documents of later versions have them.

        Raises:
            MalformedError: with the code ``formats.field-spelling``.

        """
        if fields.values.keys() <= self:
            return
        known = {_fold(name): name for name in self}
        for name in fields.values:
            expected = known.get(_fold(name))
            if expected is not None and name != expected:
                raise MalformedError(
                    f"{fields.what}: {name[:60]!r} is another spelling of {expected!r}, "
                    "which some readers would take for it",
                    code="formats.field-spelling",
                )


def raw_bytes(fields: Fields, name: str, *, limit: int, may_be_empty: bool = False) -> bytes:
    """The bytes of the base64 field ``name``.

    Raises:
        MalformedError: absent, empty, longer than ``limit`` bytes, or not strict base64.

    """
    decoded = decode_base64(fields.values.get(name), what=f"{fields.what}.{name}", code=fields.code)
    if not decoded and not may_be_empty:
        raise fields.refuse(f"{name!r} is required and must not be empty")
    if len(decoded) > limit:
        raise fields.refuse(f"{name!r} has {len(decoded)} bytes; at most {limit} are read")
    return decoded


def decode_base64(value: Json, *, what: str, code: str) -> bytes:
    """Decode standard base64, exactly as an encoder writes it (RFC 4648 §4, §3.5).

    Raises:
        MalformedError: not a string, or (``formats.not-base64``) another alphabet, white space,
            missing padding, or bits set beyond the last byte.

    """
    if not isinstance(value, str):
        raise MalformedError(f"{what} must be a base64 string", code=code)
    try:
        decoded = binascii.a2b_base64(value, strict_mode=True)
    except ValueError:  # also what the library raises for characters beyond ASCII
        raise MalformedError(f"{what} is not strict base64", code="formats.not-base64") from None
    # The library takes more padding than belongs there.
    if len(value) != (len(decoded) + 2) // 3 * 4:
        raise MalformedError(f"{what} is not strict base64: padding", code="formats.not-base64")
    rest = len(decoded) % 3
    # The last character of an incomplete group carries two or four bits that belong to no byte.
    if rest and value[rest - 4] not in _LAST[rest]:
        raise MalformedError(
            f"{what} is not strict base64: unused bits are set", code="formats.not-base64"
        )
    return decoded


def required_int64(fields: Fields, name: str) -> int:
    """The integer ``name``, zero or more, written as decimal text.

    Raises:
        MalformedError: absent, a JSON number, signed, with leading zeros, or beyond 2^63-1.

    """
    number = optional_int64(fields, name)
    if number is None:
        raise fields.refuse(f"{name!r} is required")
    return number


def optional_int64(fields: Fields, name: str) -> int | None:
    """The integer ``name``, or ``None`` when absent.

    Raises:
        MalformedError: present and not decimal text of an integer from 0 to 2^63-1.

    """
    value = fields.values.get(name)
    if value is None:
        return None
    # Protocol Buffers JSON mapping: int64 is written as a string; the number form is refused,
    # because a reader that keeps numbers as doubles would see another value above 2^53.
    if not isinstance(value, str) or _DECIMAL.match(value) is None or int(value) > _MAX_INT64:
        raise fields.refuse(f"{name!r} must be decimal text of an integer from 0 to 2^63-1")
    return int(value)


def _fold(name: str) -> str:
    return name.replace("_", "").lower()
