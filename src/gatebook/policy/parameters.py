"""Typed access to the parameters of a control; an unknown or empty one is refused.

A misspelt parameter must not widen a control silently, and an empty list must not allow anything.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Duration
from gatebook.errors import GatebookError, UsageError
from gatebook.formats.fields import Fields
from gatebook.names import ControlId, Pattern

__all__ = ["ContractError", "Parameters"]

_Word = TypeVar("_Word", bound=StrEnum)
_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,6})?\Z", re.ASCII)
_MOST: Final = 10**9


class ContractError(UsageError):
    """A contract is not one, or demands something that cannot be demanded."""

    code = "policy.contract"


class Parameters:
    """The ``with`` mapping of one control; each parameter is taken once.

    Args:
        values: the mapping.
        where: what the control is called in an error.
        control: the id that the contract gives this use of the control, by which a waiver names it.

    """

    def __init__(self, values: JsonObject, where: str, control: ControlId | None = None) -> None:
        self._values = dict(values)
        self._where = where
        self.control = control

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

    def optional_text(self, name: str) -> str | None:
        """Take a text, if it is there."""
        return self.text(name) if name in self._values else None

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
        if type(found) is not int or not 1 <= found <= _MOST:
            raise self.refuse(f"{name!r} must be a whole number of at least 1")
        return found

    def limit(self, name: str) -> int | None:
        """Take the greatest number of something, from 0; ``None`` when the parameter is absent."""
        if name not in self._values:
            return None
        found = self._values.pop(name)
        if type(found) is not int or not 0 <= found <= _MOST:
            raise self.refuse(f"{name!r} must be a whole number of at least 0")
        return found

    def decimal(self, name: str, *, most: int) -> Decimal | None:
        """Take a number between 0 and ``most``; ``None`` when the parameter is absent.

        JSON for people to write may hold ``9.5`` or ``"9.5"``; both are taken as they are written.
        """
        if name not in self._values:
            return None
        found = self._values.pop(name)
        written = "" if isinstance(found, bool) else str(found)
        if _DECIMAL.match(written) is None or Decimal(written) > most:
            raise self.refuse(f"{name!r} must be a number between 0 and {most}, such as 7.5")
        return Decimal(written)

    def flag(self, name: str, *, default: bool) -> bool:
        """Take ``true`` or ``false``."""
        found = self._values.pop(name, default)
        if not isinstance(found, bool):
            raise self.refuse(f"{name!r} must be true or false")
        return found

    def word(self, name: str, words: type[_Word], default: _Word) -> _Word:
        """Take one of a few words."""
        if name not in self._values:
            return default
        text = self.text(name)
        try:
            return words(text)
        except ValueError:
            known = ", ".join(words)
            raise self.refuse(f"{name!r}: {text[:40]!r} is not one of {known}") from None

    def nested(self, name: str) -> "Parameters | None":
        """Take a mapping of further parameters; its reader calls :meth:`done` on it as well."""
        if name not in self._values:
            return None
        return self._inner(self._values.pop(name), name)

    def nested_list(self, name: str) -> "tuple[Parameters, ...]":
        """Take a list of at least one such mapping; empty when the parameter is absent."""
        if name not in self._values:
            return ()
        items = self._values.pop(name)
        if not isinstance(items, list) or not items:
            raise self.refuse(f"{name!r} must be a list of at least one mapping")
        return tuple(self._inner(item, name) for item in items)

    def keyed(self, name: str, keys: Iterable[str]) -> Mapping[str, "Parameters"]:
        """Take a mapping with keys out of ``keys``, each value as if it were the parameter ``is``.

        Empty when the parameter is absent.
        """
        if name not in self._values:
            return {}
        inner, known = self._values.pop(name), sorted(keys)
        if not isinstance(inner, dict) or not inner:
            raise self.refuse(f"{name!r} must be a mapping that is not empty")
        for key in inner:
            if key not in known:
                raise self.refuse(f"{name!r}: {key[:40]!r} is not one of {', '.join(known)}")
        return {
            key: Parameters({"is": item}, f"{self._where}: {name} {key}", self.control)
            for key, item in inner.items()
        }

    def _inner(self, value: Json, name: str) -> "Parameters":
        if not isinstance(value, dict) or not value:
            raise self.refuse(f"{name!r} must be a mapping that is not empty")
        return Parameters(value, f"{self._where}: {name}", self.control)

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
