"""What msgspec says of a document it cannot decode, said in our errors."""

from typing import Any

import msgspec

from gatebook.errors import MalformedError
from gatebook.formats.sbom.opaque import too_deep

__all__ = ["decoding"]


class decoding:  # noqa: N801  # used as a statement; a generator would cost ten times as much
    """Turns what msgspec says into our errors, with the place in the document."""

    __slots__ = ("_code", "_data", "_number", "_what", "_where")

    def __init__(  # made for every item
        self,
        data: Any,
        what: str,
        code: str,
        where: str,
        number: int | None = None,
    ) -> None:
        self._data, self._what, self._code = data, what, code
        self._where, self._number = where, number

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case None:
                return
            case RecursionError():
                raise too_deep(self._what) from None
            case UnicodeDecodeError():
                raise MalformedError(
                    f"{self._what} is not UTF-8", code="canonical.not-utf8"
                ) from None
            case msgspec.ValidationError():
                if isinstance(error.__cause__, MalformedError):
                    raise error.__cause__ from None
                raise MalformedError(
                    f"{self._what}: {_placed(str(error), self._place())}", code=self._code
                ) from None
            case msgspec.DecodeError():
                if not _is_utf8(self._data):
                    raise MalformedError(
                        f"{self._what} is not UTF-8", code="canonical.not-utf8"
                    ) from None
                raise MalformedError(
                    f"{self._what} is not JSON: {error}", code="canonical.not-json"
                ) from None
            case _:
                return

    def _place(self) -> str:
        return self._where if self._number is None else f"{self._where}[{self._number}]"


def _placed(message: str, place: str) -> str:
    # msgspec: "Expected `str`, got `int` - at `$.name`", without the place where it is the root.
    text, separator, path = message.rpartition(" - at `$")
    return f"{text} - at `{place}{path}" if separator else f"{message} - at `{place}`"


def _is_utf8(data: Any) -> bool:
    try:
        bytes(data).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
