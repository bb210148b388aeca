"""YAML that people write by hand, read so that it can mean one thing only.

The JSON part of YAML 1.2 (core schema): mappings with string keys, sequences, strings, ``true``,
``false``, ``null``, decimal integers and floats. Everything that surprises is refused: duplicate
keys, anchors and aliases, merge keys, tags, several documents. Dates, times and words such as
``yes`` stay strings.
"""

import re
from typing import Any, Final

from gatebook.canonical import Json
from gatebook.errors import MalformedError

__all__ = ["YamlError", "loads"]

_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,15})\Z", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,15}\Z", re.ASCII)
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


class YamlError(MalformedError):
    """A hand-written document is not the YAML we read."""

    code = "formats.yaml"


def loads(
    data: bytes,
    *,
    what: str = "document",
    max_bytes: int = 1024 * 1024,
    max_depth: int = 32,
    libyaml: bool = False,
) -> Json:
    """Decode one YAML document.

    Args:
        data: the received bytes; UTF-8 without a byte-order mark.
        what: what the document is called in an error.
        max_bytes: refuse a longer document before looking at it.
        max_depth: refuse sequences and mappings nested deeper.
        libyaml: parse with libyaml where PyYAML was built with it, twenty times as fast; for
            documents that programs write.

    Raises:
        MalformedError: not YAML, not UTF-8, too large or too deep, or something that surprises;
            the message names the line.

    """
    import yaml  # here, because few callers need it

    if len(data) > max_bytes:
        raise YamlError(f"{what} has {len(data)} bytes; at most {max_bytes} are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise YamlError(f"{what} is not UTF-8: byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise YamlError(f"{what} starts with a byte-order mark")
    builder = _Builder(what, max_depth)
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader) if libyaml else yaml.BaseLoader
    try:
        for event in yaml.parse(text, Loader=loader):  # events only: nothing is built
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f", line {mark.line + 1}"
        reason = getattr(error, "problem", None) or "not readable"
        raise YamlError(f"{what} is not YAML{place}: {reason}") from None
    return builder.value


class _Builder:
    """Builds JSON data from parser events with a stack of its own, never by recursion."""

    def __init__(self, what: str, max_depth: int) -> None:
        self._what = what
        self._max_depth = max_depth
        self._open: list[dict[str, Json] | list[Json]] = []
        self._keys: list[str | None] = []
        self._documents = 0
        self.value: Json = None

    def take(self, event: Any) -> None:
        match type(event).__name__:
            case "ScalarEvent":
                self._plain(event)
                self._add(_scalar(event), event)
            case "MappingStartEvent":
                self._start({}, event)
            case "SequenceStartEvent":
                self._start([], event)
            case "MappingEndEvent" | "SequenceEndEvent":
                self._open.pop()
                self._keys.pop()
            case "AliasEvent":
                raise self._refuse(event, "aliases are not read")
            case "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    raise self._refuse(event, "only one document is read")
            case _:
                pass  # the start and end of the stream, the end of the document

    def _start(self, container: dict[str, Json] | list[Json], event: Any) -> None:
        self._plain(event)
        self._add(container, event)
        self._open.append(container)
        self._keys.append(None)
        if len(self._open) > self._max_depth:
            raise self._refuse(event, f"nested deeper than {self._max_depth} levels")

    def _add(self, value: Json, event: Any) -> None:
        if not self._open:
            self.value = value
            return
        container = self._open[-1]
        if isinstance(container, list):
            container.append(value)
            return
        key = self._keys[-1]
        if key is not None:
            container[key] = value
            self._keys[-1] = None
        elif not isinstance(value, str):
            raise self._refuse(event, "a key must be a string")
        elif value in container:
            raise self._refuse(event, f"the key {value!r} comes twice in one mapping")
        elif value == "<<":
            raise self._refuse(event, "merge keys are not read")
        else:
            self._keys[-1] = value

    def _plain(self, event: Any) -> None:
        if event.anchor is not None:
            raise self._refuse(event, "anchors are not read")
        if event.tag is not None:
            raise self._refuse(event, "tags are not read")

    def _refuse(self, event: Any, message: str) -> YamlError:
        return YamlError(f"{self._what}, line {event.start_mark.line + 1}: {message}")


def _scalar(event: Any) -> Json:
    text: str = event.value
    if event.style:  # quoted or a block: always a string; libyaml says "" for plain, PyYAML None
        return text
    if text in {"", "~"}:
        return None
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
