"""A trust root as people keep it: a file with comments, in which single members change.

The document is edited, never written anew: after each edit it is read again, and everything that
was not meant to change has to be what it was. A document in JSON has no comments; it is laid out
again, with its order kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.errors import NotFoundError, VerificationError
from gatebook.formats import strict_yaml
from gatebook.trust.root.trust_root import TRUST_ROOT_SCHEMA, TrustRoot
from gatebook.trust.root.yaml_text import Writable, append_member, set_field

__all__ = ["DocumentEditError", "NoSuchMemberError", "RootDocument"]

_MAX_BYTES: Final = 4 * 1024 * 1024


class DocumentEditError(VerificationError):
    """An edit would have changed something else as well, and was not made."""

    code = "trust.document-edit"


class NoSuchMemberError(NotFoundError):
    """The trust root has no member with that id."""

    code = "trust.no-such-member"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootDocument:
    """The text of a trust root, and what it says.

    Attributes:
        data: the exact bytes.

    """

    data: bytes
    _values: JsonObject = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> "RootDocument":
        """Take a document that is a trust root.

        Raises:
            MalformedError: it is none.

        """
        TrustRoot.parse(data)
        return cls._of(data)

    @classmethod
    def blank(cls) -> "RootDocument":
        """A document without members; no trust root yet."""
        return cls._of(f"trust-root: {TRUST_ROOT_SCHEMA}\n".encode())

    @classmethod
    def _of(cls, data: bytes) -> "RootDocument":
        return cls(data=data, _values=canonical.as_object(_load(data), what="trust root"))

    @property
    def is_json(self) -> bool:
        """Whether it is written in JSON."""
        return _is_json(self.data)

    def root(self) -> TrustRoot:
        """Read it as a trust root.

        Raises:
            MalformedError: an edit has made something of it that is none.

        """
        return TrustRoot.parse(self.data)

    def ids(self, section: str) -> list[str]:
        """The ids of the members of a section, in their order."""
        return [str(member.get("id")) for member in self._members(section)]

    def member(self, section: str, name: str) -> JsonObject:
        """The fields of one member, as written.

        Raises:
            NoSuchMemberError: there is none with that id.

        """
        return dict(self._members(section)[self._position(section, name)])

    def added(self, section: str, member: Mapping[str, Writable]) -> "RootDocument":
        """The document with a further member at the end of a section.

        Raises:
            DocumentEditError: the result would say something else besides.

        """
        expected = dict(self._values)
        expected[section] = [*self._members(section), cast("Json", dict(member))]
        if self.is_json:
            return self._checked(_write_json(expected), expected)
        return self._checked(append_member(self._text, section, member), expected)

    def changed(
        self, section: str, name: str, fields: Mapping[str, str], *, after: Sequence[str] = ("id",)
    ) -> "RootDocument":
        """The document with other texts in some fields of one member.

        Args:
            section: where the member is.
            name: its id.
            fields: the texts by field.
            after: where a field goes that is not there yet: after the first of these that is.

        Raises:
            NoSuchMemberError: there is no member with that id.
            DocumentEditError: the result would say something else besides.

        """
        position = self._position(section, name)
        members: list[Json] = [dict(member) for member in self._members(section)]
        members[position] = {**self.member(section, name), **fields}
        expected: JsonObject = {**self._values, section: members}
        if self.is_json:
            return self._checked(_write_json(expected), expected)
        text = self._text
        for each, value in fields.items():
            text = set_field(text, section, position, each, value, after=after)
            _load(_encoded(text))
        return self._checked(text, expected)

    @property
    def _text(self) -> str:
        return self.data.decode("utf-8")

    def _members(self, section: str) -> list[JsonObject]:
        value = self._values.get(section)
        members = value if isinstance(value, list) else []
        return [member for member in members if isinstance(member, dict)]

    def _position(self, section: str, name: str) -> int:
        names = self.ids(section)
        if name not in names:
            raise NoSuchMemberError(
                f"the trust root has no {name[:80]!r} under {section!r}",
                hint=f"there is: {', '.join(names[:20]) or 'nothing'}",
            )
        return names.index(name)

    def _checked(self, text: str, expected: JsonObject) -> "RootDocument":
        data = _encoded(text)
        made = _load(data)
        if json.dumps(made, sort_keys=True) != json.dumps(expected, sort_keys=True):
            raise DocumentEditError(
                "the edit would have changed another part of the document as well",
                hint="write this member by hand, in the plain form of the examples",
            )
        return RootDocument(data=data, _values=canonical.as_object(made, what="trust root"))


def _is_json(data: bytes) -> bool:
    return data.lstrip(b" \t\r\n").startswith(b"{")


def _load(data: bytes) -> Json:
    if _is_json(data):
        return canonical.loads(data, what="trust root", max_bytes=_MAX_BYTES)
    return strict_yaml.loads(data, what="trust root", max_bytes=_MAX_BYTES)


def _write_json(values: JsonObject) -> str:
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise DocumentEditError("what is to be written is not text in UTF-8") from None
