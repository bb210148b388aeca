"""What is in a JSON SBOM, counted without believing any of it, and what it claims to be.

A document that the readers refuse is counted as well: fields of a wrong type count as absent.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from gatebook.canonical import Json
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom.strict_json import split_array, split_object

__all__ = [
    "count_cyclonedx",
    "count_spdx2",
    "has_members",
    "inside_member",
    "items_of",
    "length_of",
    "members_of",
    "value_of",
]

_SEVERITIES: Final = ("critical", "high", "medium", "low", "info", "none", "unknown")
_UNTYPED: Final = msgspec.json.Decoder()


def members_of(document: Document) -> Mapping[str, msgspec.Raw]:
    """The members of the object that a document is, undecoded; empty for anything else.

    Raises:
        MalformedError: it begins as an object and is not JSON.

    """
    return document.once(_members)


def _members(document: Document) -> Mapping[str, msgspec.Raw]:
    if not document.start.startswith(b"{"):
        return {}
    return split_object(document.data, what="document")


def inside_member(members: Mapping[str, msgspec.Raw], name: str) -> Mapping[str, msgspec.Raw]:
    """The members of a member that is an object; empty for anything else."""
    raw = members[name]
    return split_object(raw, what="document") if _first(raw) == b"{" else {}


def has_members(document: Document, *names: str) -> bool:
    """Whether the root has all these members.

    Raises:
        MalformedError: the document begins as an object and is not JSON.

    """
    members = members_of(document)
    return all(name in members for name in names)


def value_of(members: Mapping[str, msgspec.Raw], name: str) -> Json:
    """A member, decoded; ``None`` when it is absent or broken."""
    raw = members.get(name)
    return None if raw is None else _value(raw)


def items_of(members: Mapping[str, msgspec.Raw], name: str) -> list[msgspec.Raw]:
    """The items of a member that is an array, undecoded; none for anything else."""
    raw = members.get(name)
    if raw is None or _first(raw) != b"[":
        return []
    return split_array(raw, what="document")


def length_of(members: Mapping[str, msgspec.Raw], name: str) -> int:
    """How many items a member has that is an array; 0 for anything else."""
    return len(items_of(members, name))


def count_cyclonedx(document: Document) -> Mapping[str, Json]:
    """What ``inspect`` prints of CycloneDX JSON.

    Raises:
        MalformedError: it is not a JSON object.

    """
    members = members_of(document)
    components = items_of(members, "components")
    metadata = value_of(members, "metadata")
    found: dict[str, Json] = {
        "spec_version": value_of(members, "specVersion"),
        "components_all": sum(_components(raw) for raw in components),
        "components_top": len(components),
        "dependencies": length_of(members, "dependencies"),
        "has_root": bool(isinstance(metadata, dict) and metadata.get("component")),
    }
    vulnerabilities = items_of(members, "vulnerabilities")
    if vulnerabilities:
        found |= _vulnerabilities(vulnerabilities)
    return found


def _components(raw: msgspec.Raw) -> int:
    """A component and all that are nested in it."""
    if b'omponents"' not in bytes(raw) and b"\\u" not in bytes(raw):
        return 1
    count = 0
    level: list[Json] = [_value(raw)]
    while level:
        count += len(level)
        level = [
            inner
            for each in level
            if isinstance(each, dict) and isinstance(each.get("components"), list)
            for inner in _list(each["components"])
        ]
    return count


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _vulnerabilities(raws: list[msgspec.Raw]) -> dict[str, Json]:
    severities: dict[str, int] = {}
    states: dict[str, int] = {}
    for raw in raws:
        each = _value(raw)
        ratings = each.get("ratings") if isinstance(each, dict) else None
        analysis = each.get("analysis") if isinstance(each, dict) else None
        said = {
            str(rating.get("severity")).lower()
            for rating in _list(ratings)
            if isinstance(rating, dict)
        }
        highest = next((level for level in _SEVERITIES if level in said), "unknown")
        severities[highest] = severities.get(highest, 0) + 1
        state = analysis.get("state") if isinstance(analysis, dict) else None
        state = state if isinstance(state, str) and state else "none"
        states[state] = states.get(state, 0) + 1
    return {
        "vulnerabilities": len(raws),
        "severity_highest_rating": dict(sorted(severities.items())),
        "analysis_states": dict(sorted(states.items())),
    }


def count_spdx2(members: Mapping[str, msgspec.Raw]) -> Mapping[str, Json]:
    """What ``inspect`` prints of SPDX 2 JSON.

    Raises:
        MalformedError: it is not a JSON object.

    """
    version = value_of(members, "spdxVersion")
    return {
        "spec_version": None if version is None else str(version).removeprefix("SPDX-"),
        "packages": length_of(members, "packages"),
        "files": length_of(members, "files"),
        "relationships_listed": length_of(members, "relationships"),
    }


def _value(raw: msgspec.Raw) -> Json:
    try:
        value: Json = _UNTYPED.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value


def _first(raw: msgspec.Raw) -> bytes:
    return bytes(memoryview(raw)[:1])
