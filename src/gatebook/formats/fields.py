"""Typed access to the fields of a received JSON object.

Every reader of this room takes fields out of JSON that somebody else wrote. A field that is absent
and one that is ``null`` mean the same (Protocol Buffers JSON mapping); a field of another type than
expected is refused with the code of the format being read, never coerced.
"""

from collections.abc import Iterator

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError

__all__ = ["Fields"]

_MAX_TEXT = 65_536


class Fields(msgspec.Struct, frozen=True):
    """One JSON object, what it is called in errors, and the code its refusals carry.

    Attributes:
        values: the object itself; fields nobody asks for are ignored.
        what: the path to the object for people, such as ``envelope`` or ``predicate.builder``.
        code: the stable code of a refusal.

    """

    values: JsonObject
    what: str
    code: str

    @classmethod
    def of(cls, value: Json, *, what: str, code: str) -> "Fields":
        """Wrap ``value``.

        Raises:
            MalformedError: it is not an object.

        """
        if not isinstance(value, dict):
            raise MalformedError(f"{what} must be an object, found {_kind(value)}", code=code)
        return cls(value, what, code)

    def refuse(self, message: str, *, hint: str | None = None) -> MalformedError:
        """Make (not raise) the error that says what is wrong with this object."""
        return MalformedError(f"{self.what}: {message}", code=self.code, hint=hint)

    def has(self, name: str) -> bool:
        """Whether the field is there and not ``null``."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """The non-empty string ``name``.

        Raises:
            MalformedError: absent, empty, longer than 65,536 characters or not a string.

        """
        value = self.optional_text(name)
        if not value:
            raise self.refuse(f"{name!r} is required and must not be empty")
        return value

    def optional_text(self, name: str) -> str | None:
        """The string ``name``, or ``None``.

        Raises:
            MalformedError: not a string, or longer than 65,536 characters.

        """
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.refuse(f"{name!r} must be a string, found {_kind(value)}")
        if len(value) > _MAX_TEXT:
            raise self.refuse(f"{name!r} is longer than {_MAX_TEXT} characters")
        return value

    def optional_instant(self, name: str) -> Instant | None:
        """The RFC 3339 time ``name``, or ``None``.

        Raises:
            MalformedError: not a string, or not a time.

        """
        value = self.optional_text(name)
        if value is None:
            return None
        try:
            return Instant.parse(value)
        except MalformedError as error:
            raise self.refuse(f"{name!r}: {error.message}") from None

    def object(self, name: str) -> "Fields":
        """The object ``name``.

        Raises:
            MalformedError: absent, or not an object.

        """
        return Fields.of(self.values.get(name), what=f"{self.what}.{name}", code=self.code)

    def optional_object(self, name: str) -> "Fields | None":
        """The object ``name``, or ``None``.

        Raises:
            MalformedError: present and not an object.

        """
        return self.object(name) if self.has(name) else None

    def array(self, name: str) -> list[Json]:
        """The array ``name``; an absent one is empty.

        Raises:
            MalformedError: present and not an array.

        """
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.refuse(f"{name!r} must be an array, found {_kind(value)}")
        return value

    def objects(self, name: str) -> "Iterator[Fields]":
        """The objects of the array ``name``, in order; an absent array has none.

        Raises:
            MalformedError: not an array, or a member is not an object.

        """
        for number, value in enumerate(self.array(name)):
            yield Fields.of(value, what=f"{self.what}.{name}[{number}]", code=self.code)


def _kind(value: Json) -> str:
    if value is None:
        return "nothing"
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return names.get(type(value), "a number")
