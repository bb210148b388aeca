"""Collecting what is wrong with a document, so that one error names the first places."""

from typing import Final

from gatebook.errors import MalformedError, UndecidedError

__all__ = ["MAX_NAMED", "NotCheckedError", "Problems", "check_size"]

MAX_NAMED: Final = 5
_MAX_TEXT: Final = 200


class NotCheckedError(UndecidedError):
    """A document is too large to be checked against its schema; whether it is valid is unknown."""

    code = "formats.validity-size"


class Problems:
    """What is wrong, in words for the first :data:`MAX_NAMED` places and counted for the rest."""

    __slots__ = ("_texts", "count")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.count = 0

    def add(self, place: str, text: str) -> None:
        """Note one more."""
        self.count += 1
        if len(self._texts) < MAX_NAMED:
            self._texts.append(f"{place[:_MAX_TEXT]}: {text[:_MAX_TEXT]}")

    @property
    def texts(self) -> tuple[str, ...]:
        """The first of them."""
        return tuple(self._texts)

    def refuse(self, what: str, code: str) -> None:
        """Refuse the document if anything was noted.

        Raises:
            MalformedError: something was; the message names the first places.

        """
        if not self.count:
            return
        more = self.count - len(self._texts)
        rest = f"; and {more} more" if more else ""
        raise MalformedError(f"{what} is not valid: {'; '.join(self._texts)}{rest}", code=code)


def check_size(size: int, limit: int, what: str) -> None:
    """Refuse to check what is too large.

    Raises:
        NotCheckedError: the document has more than ``limit`` bytes.

    """
    if size > limit:
        raise NotCheckedError(
            f"{what} has {size} bytes; up to {limit} are checked against the schema",
            hint="its structure was read; only the schema was not applied",
        )
