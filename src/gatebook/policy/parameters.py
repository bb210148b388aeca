"""Typed access to the parameters of a control; an unknown or empty one is refused.

A misspelt parameter must not widen a control silently, and an empty list must not allow anything.
"""

from collections.abc import Iterable

from gatebook.canonical import JsonObject
from gatebook.clock import Duration
from gatebook.errors import GatebookError, UsageError
from gatebook.formats.fields import Fields
from gatebook.names import Pattern

__all__ = ["ContractError", "Parameters"]


class ContractError(UsageError):
    """A contract is not one, or demands something that cannot be demanded."""

    code = "policy.contract"


class Parameters:
    """The ``with`` mapping of one control; each parameter is taken once.

    Args:
        values: the mapping.
        where: what the control is called in an error.

    """

    def __init__(self, values: JsonObject, where: str) -> None:
        self._values = dict(values)
        self._where = where

    def patterns(self, name: str) -> tuple[Pattern, ...]:
        """Take a list of at least one pattern; empty when the parameter is absent."""
        try:
            return tuple(Pattern.parse(text) for text in self.texts(name))
        except GatebookError as error:
            raise self.refuse(f"{name!r}: {error.message}") from None

    def required_patterns(self, name: str) -> tuple[Pattern, ...]:
        """Take a list of at least one pattern that has to be there."""
        if name not in self._values:
            raise self.refuse(f"{name!r} is required: what is not listed is not allowed")
        return self.patterns(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of at least one text; empty when the parameter is absent."""
        if name not in self._values:
            return ()
        items = self._values.pop(name)
        if not isinstance(items, list):
            raise self.refuse(f"{name!r} must be a list")
        texts = tuple(item for item in items if isinstance(item, str) and item)
        if not texts or len(texts) != len(items):
            raise self.refuse(f"{name!r} must be a list of at least one text")
        return texts

    def text(self, name: str) -> str:
        """Take a text that has to be there."""
        found = self._values.pop(name, None)
        if not isinstance(found, str) or not found:
            raise self.refuse(f"{name!r} must be a text")
        return found

    def optional_mapping(self, name: str) -> Fields | None:
        """Take a mapping, if it is there; whoever reads it refuses what it does not know."""
        if name not in self._values:
            return None
        found = self._values.pop(name)
        if not isinstance(found, dict) or not found:
            raise self.refuse(f"{name!r} must be a mapping")
        return Fields(found, f"{self._where}: {name!r}", ContractError.code)

    def count(self, name: str, default: int) -> int:
        """Take a number of at least 1."""
        found = self._values.pop(name, default)
        if type(found) is not int or not 1 <= found <= 10**9:
            raise self.refuse(f"{name!r} must be a whole number of at least 1")
        return found

    def duration(self, name: str) -> Duration:
        """Take a duration such as ``30d`` that has to be there."""
        try:
            found = Duration.parse(self.text(name))
        except GatebookError as error:
            raise self.refuse(f"{name!r}: {error.message}") from None
        if found.milliseconds == 0:
            raise self.refuse(f"{name!r} must be longer than nothing")
        return found

    def optional_duration(self, name: str) -> Duration | None:
        """Take a duration, if it is there."""
        return self.duration(name) if name in self._values else None

    def choices(self, name: str, allowed: Iterable[str], default: Iterable[str]) -> frozenset[str]:
        """Take a list of words out of ``allowed``."""
        known = sorted(allowed)
        if name not in self._values:
            return frozenset(default)
        chosen = self.texts(name)
        unknown = [word for word in chosen if word not in known]
        if unknown:
            raise self.refuse(f"{name!r}: {unknown[0]!r} is not one of {', '.join(known)}")
        return frozenset(chosen)

    def done(self) -> None:
        """Refuse what nobody took."""
        for name in self._values:
            raise self.refuse(f"has no parameter {str(name)[:60]!r}")

    def refuse(self, message: str) -> ContractError:
        """Make (not raise) the error that says what is wrong with the control."""
        return ContractError(
            f"{self._where}: {message}", hint="see the reference page of the control"
        )
