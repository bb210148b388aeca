"""Edit YAML text in place: what is not changed keeps its bytes, comments and order among them.

The places of values come from the parser's own marks, so that nothing is searched for in text. What
an edit has made is read again by whoever asked for it; this module only writes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

__all__ = ["Part", "Writable", "append_member", "parts_of", "render_json", "set_field"]

Writable: TypeAlias = str | Sequence[str] | Mapping[str, "Writable"]
"""What an edit can write: text, a list of texts, or a mapping of these."""

_STEP: Final = 2
_LONG: Final = 100
_HEADER: Final = re.compile(r"[|>][-+0-9]*")
# What stays itself without quotes, for this reader and for any other of YAML 1.1 or 1.2.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9._/@+#-]*(?::[A-Za-z0-9._/@+#-]+)*\Z")
_PLAIN_IN_LIST: Final = re.compile(r"[A-Za-z][A-Za-z0-9._@-]*\Z")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z\Z", re.ASCII)
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
# YAML 1.2 §5.1: what may stand in a block as it is; line breaks other than LF may not.
_BLOCK: Final = re.compile(
    "[\\x20-\\x7e\\t\\n\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd"
    "\\U00010000-\\U0010ffff]+\\Z"
)
_ESCAPED: Final = re.compile(
    '["\\\\\\x00-\\x1f\\x7f-\\xa0\\u2028\\u2029\\ud800-\\udfff\\ufeff-\\uffff]'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A value and where it stands in the text.

    Attributes:
        start: index of its first character.
        end: index after its last one; after the blank lines that follow a block of text.
        column: how far it is indented.
        flow: whether it is written in brackets, or inside of some.
        text: a scalar's value.
        block: whether it is a block of text, after ``|`` or ``>``.
        pairs: of a mapping, its keys and values.
        items: of a sequence, its members.

    """

    start: int
    end: int
    column: int
    flow: bool
    text: str | None = None
    block: bool = False
    pairs: tuple[tuple["Part", "Part"], ...] | None = None
    items: tuple["Part", ...] | None = None

    def get(self, name: str) -> "Part | None":
        """The value of a mapping's key."""
        return next((value for key, value in self.pairs or () if key.text == name), None)


def parts_of(text: str) -> Part:
    """Find the places of everything in a YAML document that was read strictly before."""
    import yaml  # here, because few callers need it

    return _part(yaml.compose(text, Loader=yaml.BaseLoader), in_flow=False)


def _part(node: Any, *, in_flow: bool) -> Part:
    flow = in_flow or getattr(node, "flow_style", None) is True
    start, end = node.start_mark, node.end_mark
    if node.id == "scalar":
        block = node.style in {"|", ">"}
        return Part(
            start=start.index,
            end=end.index,
            column=start.column,
            flow=in_flow,
            text=node.value,
            block=block,
        )
    if node.id == "sequence":
        items = tuple(_part(each, in_flow=flow) for each in node.value)
        return Part(start=start.index, end=end.index, column=start.column, flow=flow, items=items)
    pairs = tuple(
        (_part(key, in_flow=flow), _part(value, in_flow=flow)) for key, value in node.value
    )
    return Part(start=start.index, end=end.index, column=start.column, flow=flow, pairs=pairs)


def append_member(text: str, section: str, member: Mapping[str, Writable]) -> str:
    """Put a mapping at the end of a top-level list; the list is made if it is not there."""
    root = parts_of(text)
    found = root.get(section)
    if found is None:
        return _add_section(text, root, section, member)
    if found.items is None or (not found.items and text[found.start : found.end] == "[]"):
        if found.flow and (found.items is None or root.flow):
            return text[: found.start] + f"[{render_json(member)}]" + text[found.end :]
        if not root.flow:
            # Nothing there yet: the list is written below the key, comments behind it stay.
            start = found.start
            while text[start - 1] == " ":
                start -= 1
            text = text[:start] + text[found.end :]
            return _insert_lines(text, _line_end(text, start), _item(member, _column(root)))
    if found.flow:
        if not found.items:
            at = found.start + 1
            return text[:at] + render_json(member) + " " + text[at:]
        at = found.items[-1].end
        return text[:at] + ", " + render_json(member) + text[at:]
    at = _after(text, found, found.column)
    return _insert_lines(text, at, _item(member, found.column))


def set_field(
    text: str, section: str, position: int, name: str, value: str, *, after: Sequence[str]
) -> str:
    """Give a member of a top-level list another text in one of its fields.

    Args:
        text: the document.
        section: the list.
        position: which of its members.
        name: the field; it is added if it is not there.
        value: its text.
        after: where an added field goes: after the first of these that is there.

    """
    found = parts_of(text).get(section)
    if found is None or not found.items or found.items[position].pairs is None:
        raise AssertionError("the document was read before")  # pragma: no cover
    member = found.items[position]
    pairs = member.pairs or ()
    old = member.get(name)
    if old is not None:
        return _replace(text, old, value, member.column)
    if member.flow:
        at = pairs[-1][1].end
        return text[:at] + f", {_quoted(name)}: {_quoted(value)}" + text[at:]
    anchors = [part for part in map(member.get, after) if part is not None]
    anchor = anchors[0] if anchors else pairs[0][1]
    at = _line_end(text, _content_end(text, anchor))
    return _insert_lines(text, at, _field(name, value, member.column))


def _replace(text: str, old: Part, value: str, column: int) -> str:
    gap = " " if text[old.start - 1] == ":" else ""
    if old.flow:
        return text[: old.start] + gap + _quoted(value) + text[old.end :]
    head, body = _scalar(value, column + _STEP)
    head_end, body_end = old.end, _line_end(text, old.end)
    if old.block:
        header = _HEADER.match(text, old.start)
        head_end = header.end() if header is not None else old.start  # the parser saw one
        body_end = _line_end(text, _content_end(text, old))
    made = text[: old.start] + gap + head + text[head_end : _line_end(text, head_end)]
    if body and not made.endswith("\n"):
        made += "\n"
    return made + _line_breaks(text, body) + text[body_end:]


def _add_section(text: str, root: Part, section: str, member: Mapping[str, Writable]) -> str:
    pairs = root.pairs or ()
    if root.flow:
        at = pairs[-1][1].end
        return text[:at] + f", {_quoted(section)}: [{render_json(member)}]" + text[at:]
    at = _after(text, root, 0)
    rest = text[at:]
    if all(not line.strip() or line.lstrip().startswith("#") for line in rest.splitlines()):
        at = len(text)
    return _insert_lines(text, at, f"{section}:\n{_item(member, _column(root))}")


def _column(root: Part) -> int:
    """How far this document indents its lists."""
    for _, value in root.pairs or ():
        if value.items and not value.flow:
            return value.column
    return _STEP


def _content_end(text: str, part: Part) -> int:
    """The index after what belongs to a value, without the blank lines after it."""
    if part.flow:
        return part.end
    if part.pairs:
        return _content_end(text, part.pairs[-1][1])
    if part.items:
        return _content_end(text, part.items[-1])
    header = text[part.start : part.end].split("\n", 1)[0]
    if not part.block or "+" in header.split("#")[0]:
        return part.end - 1 if part.block and text[part.end - 1] == "\n" else part.end
    return part.start + len(text[part.start : part.end].rstrip())


def _line_end(text: str, at: int) -> int:
    """The index of the next line."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _after(text: str, part: Part, column: int) -> int:
    """Where something can follow a value: after the comments that are indented as its inside is."""
    at = _line_end(text, _content_end(text, part))
    while at < len(text):
        end = _line_end(text, at)
        line = text[at:end]
        stripped = line.lstrip(" ")
        if not stripped.startswith("#") or len(line) - len(stripped) <= column:
            break
        at = end
    return at


def _insert_lines(text: str, at: int, lines: str) -> str:
    gap = "" if text[:at].endswith("\n") else "\n"
    return text[:at] + _line_breaks(text, gap + lines) + text[at:]


def _line_breaks(text: str, lines: str) -> str:
    return lines.replace("\n", "\r\n") if "\r\n" in text else lines


def _item(member: Mapping[str, Writable], column: int) -> str:
    lines = _mapping(member, column + _STEP)
    return " " * column + "- " + lines[column + _STEP :]


def _mapping(mapping: Mapping[str, Writable], column: int) -> str:
    return "".join(_field(name, value, column) for name, value in mapping.items())


def _field(name: str, value: Writable, column: int) -> str:
    start = " " * column + _listed(name) + ":"
    if isinstance(value, str):
        head, body = _scalar(value, column + _STEP)
        return f"{start} {head}\n{body}"
    if isinstance(value, Mapping):
        return f"{start}\n{_mapping(value, column + _STEP)}"
    return f"{start} [{', '.join(_listed(each) for each in value)}]\n"


def _scalar(value: str, column: int) -> tuple[str, str]:
    """A text as what stands on the line of its key, and the lines below."""
    if _is_plain(value, _PLAIN) or _INSTANT.match(value):
        return value, ""
    lines = value.split("\n")
    ending = 1 if value.endswith("\n") else 0
    worth = len(lines) > 1 or len(value) > _LONG
    clear = bool(lines[0].strip()) and not lines[0].startswith((" ", "\t"))
    if not worth or not clear or value.endswith("\n\n") or _BLOCK.match(value) is None:
        return _quoted(value), ""
    body = "".join(
        f"{' ' * column}{line}\n" if line else "\n" for line in lines[: len(lines) - ending]
    )
    return ("|" if ending else "|-"), body


def _listed(value: str) -> str:
    return value if _is_plain(value, _PLAIN_IN_LIST) else _quoted(value)


def _is_plain(value: str, form: re.Pattern[str]) -> bool:
    return form.match(value) is not None and value.lower() not in _WORDS


def _quoted(value: str) -> str:
    def escape(found: re.Match[str]) -> str:
        character = found[0]
        if character in '"\\':
            return "\\" + character
        known = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
        return known or f"\\u{ord(character):04x}"

    return '"' + _ESCAPED.sub(escape, value) + '"'


def render_json(value: Writable) -> str:
    """Write a value on one line, as JSON and as the flow style of YAML."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        pairs = (f"{_quoted(name)}: {render_json(each)}" for name, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    return "[" + ", ".join(_quoted(each) for each in value) + "]"
