"""Canonical JSON as in-toto and securesystemslib sign it; not RFC 8785.

The form is the one of the OLPC project: keys sorted by code point, no white space, no floats, and
in strings only the quotation mark and the backslash are escaped; everything else stands as it is,
in UTF-8. It is needed to rebuild the bytes under the signatures of a Metablock and for nothing
else: Gatebook writes RFC 8785.
"""

from typing import Final

from gatebook.canonical import MAX_INTEGER, Json
from gatebook.errors import MalformedError

__all__ = ["CanonicalJsonError", "encode_olpc"]

_WORDS: Final = {True: "true", False: "false", None: "null"}


class CanonicalJsonError(MalformedError):
    """A value has no canonical form, so that nobody can have signed it."""

    code = "formats.layout-canonical"


def encode_olpc(value: Json) -> bytes:
    """Encode a decoded JSON value, nested as deep as :func:`gatebook.canonical.loads` lets it be.

    Raises:
        CanonicalJsonError: a float, an integer beyond ±(2^53-1), or an unpaired surrogate.

    """
    parts: list[str] = []
    _write(value, parts)
    try:
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError:
        raise CanonicalJsonError("a string holds an unpaired surrogate") from None


def _write(value: Json, parts: list[str]) -> None:
    match value:
        case str():
            parts.append(_quote(value))
        case bool() | None:
            parts.append(_WORDS[value])
        case int() if -MAX_INTEGER <= value <= MAX_INTEGER:
            parts.append(str(value))
        case list():
            parts.append("[")
            for number, item in enumerate(value):
                if number:
                    parts.append(",")
                _write(item, parts)
            parts.append("]")
        case dict():
            parts.append("{")
            for number, key in enumerate(sorted(value)):
                if number:
                    parts.append(",")
                parts.append(f"{_quote(key)}:")
                _write(value[key], parts)
            parts.append("}")
        case _:
            raise CanonicalJsonError(
                "canonical JSON has whole numbers up to ±(2^53-1), and no others"
            )


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
