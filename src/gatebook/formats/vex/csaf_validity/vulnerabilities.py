"""Tests of vulnerability items: 6.1.6, 6.1.11, 6.1.23, 6.1.24, 6.1.29, 6.1.32, 6.1.33."""

import datetime as dt
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from msgspec import UNSET, UnsetType

from gatebook.formats.vex.csaf_validity.tree import group_members
from gatebook.formats.vex.csaf_validity.violation import Violation
from gatebook.formats.vex.csaf_validity.weaknesses import NAMES, is_misnamed
from gatebook.formats.vex.csaf_validity.wire import Csaf, Vulnerability

__all__ = ["check_vulnerabilities"]

# §6.1.6
_GROUPS: Final = (
    ("affected", ("first_affected", "known_affected", "last_affected")),
    ("not affected", ("known_not_affected",)),
    ("fixed", ("first_fixed", "fixed")),
    ("under investigation", ("under_investigation",)),
)


def check_vulnerabilities(csaf: Csaf) -> Iterator[Violation]:
    """Run the tests of every vulnerability item."""
    groups = group_members(csaf)
    seen: set[str] = set()
    for number, each in enumerate(csaf.vulnerabilities or ()):
        pointer = f"/vulnerabilities/{number}"
        yield from _contradictions(pointer, each)
        if each.cwe is not UNSET and is_misnamed(each.cwe.id, each.cwe.name):
            yield Violation(
                test="6.1.11",
                pointer=f"{pointer}/cwe/name",
                message=f"{each.cwe.id} is {NAMES[each.cwe.id]!r}, found {each.cwe.name[:120]!r}",
            )
        if each.cve is not UNSET:
            if each.cve in seen:
                yield Violation(
                    test="6.1.23", pointer=f"{pointer}/cve", message=f"{each.cve} was used before"
                )
            seen.add(each.cve)
        yield from _involvements(pointer, each)
        yield from _aimless(pointer, each)
        yield from _flags(pointer, each, groups)


def _contradictions(pointer: str, each: Vulnerability) -> Iterator[Violation]:
    status = each.product_status
    if isinstance(status, UnsetType):
        return
    sets = [
        (name, {product for field in fields for product in getattr(status, field) or ()})
        for name, fields in _GROUPS
    ]
    for (one, some), (other, more) in combinations(sets, 2):
        for product_id in sorted(some & more):
            yield Violation(
                test="6.1.6",
                pointer=f"{pointer}/product_status",
                message=f"{product_id!r} is both {one} and {other}",
            )


def _involvements(pointer: str, each: Vulnerability) -> Iterator[Violation]:
    seen: set[tuple[str, dt.datetime]] = set()
    for number, involvement in enumerate(each.involvements or ()):
        if involvement.date is UNSET:
            continue
        key = (involvement.party, involvement.date)
        if key in seen:
            yield Violation(
                test="6.1.24",
                pointer=f"{pointer}/involvements/{number}",
                message=f"the {involvement.party} was involved twice at that date",
            )
        seen.add(key)


def _aimless(pointer: str, each: Vulnerability) -> Iterator[Violation]:
    for test, name in (("6.1.29", "remediations"), ("6.1.32", "flags")):
        for number, item in enumerate(getattr(each, name) or ()):
            if item.group_ids is UNSET and item.product_ids is UNSET:
                yield Violation(
                    test=test,
                    pointer=f"{pointer}/{name}/{number}",
                    message="neither group_ids nor product_ids say what it is about",
                )


def _flags(pointer: str, each: Vulnerability, groups: dict[str, list[str]]) -> Iterator[Violation]:
    flagged: set[str] = set()
    for number, flag in enumerate(each.flags or ()):
        # Every label of CSAF 2.0 is a VEX justification code.
        products = set(flag.product_ids or ())
        for group_id in flag.group_ids or ():
            products.update(groups.get(group_id, ()))
        for product_id in sorted(products & flagged):
            yield Violation(
                test="6.1.33",
                pointer=f"{pointer}/flags/{number}",
                message=f"{product_id!r} has another flag already",
            )
        flagged |= products
