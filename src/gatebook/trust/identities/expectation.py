"""What one part of an identity has to be: an exact text, or an explicit pattern, or any of some."""

from typing import Final

import msgspec

from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.names import Pattern

__all__ = ["Expectation", "IdentityConstraintError"]

_MAX_ALTERNATIVES: Final = 64
_MAX_TEXT: Final = 1024


class IdentityConstraintError(MalformedError):
    """A constraint on identities is not one we would act on."""

    code = "trust.malformed-constraint"


class Expectation(msgspec.Struct, frozen=True):
    """What one part has to be: any of some exact texts and patterns.

    Attributes:
        alternatives: at least one; a ``str`` is compared whole, a :class:`Pattern` is matched.

    """

    alternatives: tuple[str | Pattern, ...]

    @classmethod
    def exact(cls, text: str) -> "Expectation":
        """Exactly ``text``; ``*`` has no meaning in it.

        Raises:
            IdentityConstraintError: empty.

        """
        if not text:
            raise IdentityConstraintError("an expected value must not be empty")
        return cls((text,))

    @classmethod
    def parse(cls, value: Json, *, what: str) -> "Expectation":
        """Read a text, a number or a list of them; ``*`` makes a text a pattern.

        Raises:
            MalformedError: empty, of another type, or a pattern of wildcards only.

        """
        members = value if isinstance(value, list) else [value]
        if not 0 < len(members) <= _MAX_ALTERNATIVES:
            raise IdentityConstraintError(
                f"{what} lists {len(members)} values; from 1 to {_MAX_ALTERNATIVES} are read"
            )
        return cls(tuple(_alternative(member, what) for member in members))

    def admits(self, text: str) -> bool:
        """Whether ``text`` is one of the alternatives."""
        return any(
            each.matches(text) if isinstance(each, Pattern) else each == text
            for each in self.alternatives
        )

    def as_json(self) -> Json:
        """The form it is written in."""
        texts: list[Json] = [str(each) for each in self.alternatives]
        return texts[0] if len(texts) == 1 else texts

    def __str__(self) -> str:
        return " or ".join(
            f"the pattern {str(each)!r}" if isinstance(each, Pattern) else repr(each)
            for each in self.alternatives
        )


def _alternative(value: Json, what: str) -> str | Pattern:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # repository and owner ids are numbers to whoever writes YAML
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT or not value.isprintable():
        raise IdentityConstraintError(
            f"{what} must be text of 1 to {_MAX_TEXT} characters, or a list of such"
        )
    return Pattern.parse(value) if "*" in value else value
