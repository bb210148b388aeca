"""How many properties and items: the part of the schema that types cannot say.

Source: csaf_json_schema.json, ``minProperties``, ``maxProperties`` and ``uniqueItems``.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.formats.vex.csaf_validity.violation import Violation

__all__ = ["check_cardinality"]

_NAMES: Final = (
    "product_tree/full_product_names/*",
    "product_tree/relationships/*/full_product_name",
)
_NOT_EMPTY: Final = (
    "document/acknowledgments/*",
    "document/distribution",
    "product_tree",
    "vulnerabilities/*",
    "vulnerabilities/*/acknowledgments/*",
    "vulnerabilities/*/product_status",
)
_UNIQUE: Final = (
    "document/tracking/aliases",
    "product_tree/product_groups/*/product_ids",
    "vulnerabilities/*/flags",
    "vulnerabilities/*/flags/*/group_ids",
    "vulnerabilities/*/flags/*/product_ids",
    "vulnerabilities/*/ids",
    "vulnerabilities/*/involvements",
    *(
        f"vulnerabilities/*/product_status/{status}"
        for status in (
            *("first_affected", "first_fixed", "fixed", "known_affected", "known_not_affected"),
            *("last_affected", "recommended", "under_investigation"),
        )
    ),
    "vulnerabilities/*/remediations/*/group_ids",
    "vulnerabilities/*/remediations/*/product_ids",
    "vulnerabilities/*/scores/*/products",
    "vulnerabilities/*/threats/*/group_ids",
    "vulnerabilities/*/threats/*/product_ids",
)
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def check_cardinality(root: JsonObject) -> Iterator[Violation]:
    """Find objects with too few or too many properties, and items that come twice.

    The document's types were checked before.
    """
    for path in _NOT_EMPTY:
        for pointer, value in _at(root, path):
            if value == {}:
                yield _violation(pointer, "an object that must not be empty is")
    for pointer, value in _at(root, "vulnerabilities/*/scores/*"):
        if isinstance(value, dict) and len(value) < 2:  # noqa: PLR2004  # minProperties
            yield _violation(pointer, "a score needs a CVSS object")
    for path in _UNIQUE:
        for pointer, value in _at(root, path):
            yield from _unique(pointer, value)
    for path in _NAMES:
        for pointer, value in _at(root, path):
            yield from _full_name(pointer, value)
    yield from _branches(root)


def _branches(root: JsonObject) -> Iterator[Violation]:
    pending = list(_at(root, "product_tree/branches/*"))
    while pending:
        pointer, value = pending.pop()
        if not isinstance(value, dict):
            continue
        # Both minProperties and maxProperties are 3: branches or product, not both, not neither.
        if len(value) != 3:  # noqa: PLR2004
            yield _violation(
                pointer, f"a branch has three properties, found {', '.join(sorted(value))}"
            )
        if "product" in value:
            yield from _full_name(f"{pointer}/product", value["product"])
        pending.extend(_at(value, "branches/*", pointer))


def _full_name(pointer: str, value: Json) -> Iterator[Violation]:
    helper = value.get("product_identification_helper") if isinstance(value, dict) else None
    if not isinstance(helper, dict):
        return
    place = f"{pointer}/product_identification_helper"
    if not helper:
        yield _violation(place, "an object that must not be empty is")
    for name in ("model_numbers", "serial_numbers"):
        if name in helper:
            yield from _unique(f"{place}/{name}", helper[name])


def _unique(pointer: str, value: Json) -> Iterator[Violation]:
    if not isinstance(value, list):
        return
    seen: set[bytes] = set()
    for number, item in enumerate(value):
        key = _ENCODER.encode(item)
        if key in seen:
            yield _violation(f"{pointer}/{number}", "the item comes twice in a list of unique ones")
        seen.add(key)


def _at(value: Json, path: str, pointer: str = "") -> Iterator[tuple[str, Json]]:
    name, _, rest = path.partition("/")
    if name == "*":
        items = list(enumerate(value)) if isinstance(value, list) else []
        found = [(f"{pointer}/{number}", each) for number, each in items]
    elif isinstance(value, dict) and name in value:
        found = [(f"{pointer}/{name}", value[name])]
    else:
        found = []
    for place, each in found:
        if rest:
            yield from _at(each, rest, place)
        else:
            yield place, each


def _violation(pointer: str, message: str) -> Violation:
    return Violation(test="schema", pointer=pointer, message=message)
