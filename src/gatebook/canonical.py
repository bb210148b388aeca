"""JSON at the edge: strict decoding of what others wrote, canonical encoding of what we write.

Two encodings, one rule each:

* :func:`encode` writes Gatebook's own documents. They stay inside a profile of RFC 8785 (ASCII
  keys, no floats, integers within ±(2^53-1)) in which sorting by code point and by UTF-16 unit
  agree, so that the fast encoder is byte-equal to RFC 8785.
* :func:`canonicalize` is RFC 8785 for any JSON value, needed where another system's canonical
  bytes have to be rebuilt.

:func:`loads` refuses what two parsers could read differently: duplicate keys, encodings other
than UTF-8, byte-order marks, NaN, unpaired surrogates, trailing bytes, excessive size or depth.
Nothing here knows what a document means.
"""

import json
import re
from typing import Any, Final, TypeAlias

import msgspec

from gatebook.errors import MalformedError

__all__ = [
    "DEFAULT_MAX_BYTES",
    "DEFAULT_MAX_DEPTH",
    "MAX_INTEGER",
    "Json",
    "JsonObject",
    "as_object",
    "canonicalize",
    "encode",
    "loads",
]

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, Json]

DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024
DEFAULT_MAX_DEPTH: Final = 64
MAX_INTEGER: Final = 2**53 - 1

_KEY: Final = re.compile(r"[A-Za-z0-9_.:/@-]+\Z")
_ESCAPED_COLON: Final = re.compile(rb"\\u003[aA]")
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final = msgspec.json.Decoder()


def loads(
    data: bytes,
    *,
    what: str = "document",
    max_bytes: int = DEFAULT_MAX_BYTES,
    max_depth: int = DEFAULT_MAX_DEPTH,
) -> Json:
    """Decode JSON that somebody else wrote, refusing everything ambiguous.

    Args:
        data: the received bytes; UTF-8 without a byte-order mark.
        what: what the document is called in an error ("SBOM", "envelope").
        max_bytes: refuse a longer document before looking at it.
        max_depth: refuse arrays and objects nested deeper; a scalar has depth 0.

    Raises:
        MalformedError: with the code of the first thing that is wrong.

    """
    if len(data) > max_bytes:
        raise MalformedError(
            f"{what} has {len(data)} bytes; at most {max_bytes} are read",
            code="canonical.too-large",
        )
    if data.startswith(b"\xef\xbb\xbf"):
        raise MalformedError(f"{what} starts with a byte-order mark", code="canonical.bom")
    try:
        value: Json = _DECODER.decode(data)
    except RecursionError:
        raise _too_deep(what, max_depth) from None
    except UnicodeDecodeError as error:
        raise MalformedError(
            f"{what} is not UTF-8: byte {error.start} of a string", code="canonical.not-utf8"
        ) from None
    except msgspec.DecodeError as error:
        if not _is_utf8(data):
            raise MalformedError(f"{what} is not UTF-8", code="canonical.not-utf8") from None
        raise MalformedError(f"{what} is not JSON: {error}", code="canonical.not-json") from None
    _check_depth(value, what, max_depth)
    _check_duplicates(data, value, what)
    return value


def as_object(value: Json, *, what: str = "document") -> JsonObject:
    """Return ``value`` if it is a JSON object.

    Raises:
        MalformedError: it is something else.

    """
    if not isinstance(value, dict):
        raise MalformedError(
            f"{what} must be a JSON object, found {_json_type(value)}", code="canonical.not-object"
        )
    return value


def encode(value: Any) -> bytes:
    """Encode one of our own documents: RFC 8785 within Gatebook's profile.

    ``value`` is JSON data or a ``msgspec.Struct``. Deterministic: equal values give equal bytes.

    Raises:
        MalformedError: a key is not ``[A-Za-z0-9_.:/@-]+``, a number is a float or beyond
            ±(2^53-1), or a string holds an unpaired surrogate.

    """
    plain = value if isinstance(value, dict | list) else msgspec.to_builtins(value)
    _check_profile(plain)
    try:
        return _ENCODER.encode(plain)
    except (UnicodeEncodeError, TypeError, msgspec.MsgspecError) as error:
        raise MalformedError(f"cannot be encoded: {error}", code="canonical.profile") from None


def canonicalize(value: Json) -> bytes:
    """Encode any JSON value by RFC 8785 (JCS).

    Raises:
        MalformedError: NaN, infinity, an integer beyond ±(2^53-1) or an unpaired surrogate.

    """
    import rfc8785  # here, because few callers need it

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise MalformedError(
            f"RFC 8785 cannot encode it: {error}", code="canonical.profile"
        ) from None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _too_deep(what: str, max_depth: int) -> MalformedError:
    return MalformedError(
        f"{what} is nested deeper than {max_depth} levels", code="canonical.too-deep"
    )


def _check_depth(value: Json, what: str, max_depth: int) -> None:
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > max_depth:
            raise _too_deep(what, max_depth)
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]


def _check_duplicates(data: bytes, value: Json, what: str) -> None:
    # A dropped duplicate takes at least its own colon with it. Encoding the decoded value writes
    # every remaining colon once and never escapes one, so equal counts mean that nothing was
    # dropped, unless a colon was written as an escape: then the slow, exact way decides.
    if _ESCAPED_COLON.search(data) is None and data.count(b":") == _ENCODER.encode(value).count(
        b":"
    ):
        return

    def refuse_duplicates(pairs: list[tuple[str, Json]]) -> JsonObject:
        result: JsonObject = {}
        for key, item in pairs:
            if key in result:
                raise MalformedError(
                    f"{what} has the key {key!r} twice in one object",
                    code="canonical.duplicate-key",
                )
            result[key] = item
        return result

    json.loads(data, object_pairs_hook=refuse_duplicates)


def _check_profile(value: Any) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is str or kind is bool or item is None:
            continue
        if kind is dict:
            for key in item:
                if type(key) is not str or _KEY.match(key) is None:
                    raise MalformedError(
                        f"key {key!r} is not [A-Za-z0-9_.:/@-]+", code="canonical.profile"
                    )
            pending.extend(item.values())
        elif kind is list or kind is tuple:
            pending.extend(item)
        elif kind is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                raise MalformedError(
                    f"integer {item} is beyond ±(2^53-1)", code="canonical.profile"
                )
        else:
            raise MalformedError(
                f"{kind.__name__} values are not written; use a string or an integer",
                code="canonical.profile",
            )


def _json_type(value: Json) -> str:
    if value is None:
        return "null"
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number"}
    return names.get(type(value), "a number")
