"""Tests of the profiles: 6.1.27.1 to 6.1.27.11."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import UNSET, UnsetType

from gatebook.formats.vex.csaf_validity.tree import group_members
from gatebook.formats.vex.csaf_validity.violation import Violation
from gatebook.formats.vex.csaf_validity.wire import (
    Csaf,
    Flag,
    ProductStatus,
    Remediation,
    Threat,
    Vulnerability,
)

__all__ = ["check_profile"]

_Check = Callable[[Csaf], Iterator[Violation]]
_NO_STATUS: Final = ProductStatus()


def check_profile(csaf: Csaf) -> Iterator[Violation]:
    """Run the tests of the profile that the document's category names."""
    for check in _TESTS.get(csaf.document.category, ()):
        yield from check(csaf)


def _document_notes(csaf: Csaf) -> Iterator[Violation]:
    telling = {"description", "details", "general", "summary"}
    if not any(note.category in telling for note in csaf.document.notes or ()):
        yield Violation(
            test="6.1.27.1",
            pointer="/document/notes",
            message=f"no note of category {', '.join(sorted(telling))}",
        )


def _document_references(csaf: Csaf) -> Iterator[Violation]:
    if not any(each.category == "external" for each in csaf.document.references or ()):
        yield Violation(
            test="6.1.27.2", pointer="/document/references", message="no external reference"
        )


def _no_vulnerabilities(csaf: Csaf) -> Iterator[Violation]:
    if csaf.vulnerabilities is not UNSET:
        yield Violation(
            test="6.1.27.3",
            pointer="/vulnerabilities",
            message="an informational advisory is not about vulnerabilities",
        )


def _product_tree(csaf: Csaf) -> Iterator[Violation]:
    if csaf.product_tree is UNSET:
        yield Violation(test="6.1.27.4", pointer="/product_tree", message="it is missing")


def _vulnerability_notes(csaf: Csaf) -> Iterator[Violation]:
    for pointer, each in _vulnerabilities(csaf):
        if each.notes is UNSET:
            yield Violation(test="6.1.27.5", pointer=f"{pointer}/notes", message="it is missing")


def _has_product_status(csaf: Csaf) -> Iterator[Violation]:
    for pointer, each in _vulnerabilities(csaf):
        if each.product_status is UNSET:
            yield Violation(
                test="6.1.27.6", pointer=f"{pointer}/product_status", message="it is missing"
            )


def _vex_product_status(csaf: Csaf) -> Iterator[Violation]:
    for pointer, each in _vulnerabilities(csaf):
        status = _status(each)
        if not (
            status.fixed
            or status.known_affected
            or status.known_not_affected
            or status.under_investigation
        ):
            yield Violation(
                test="6.1.27.7",
                pointer=f"{pointer}/product_status",
                message="none of fixed, known_affected, known_not_affected, under_investigation",
            )


def _vulnerability_id(csaf: Csaf) -> Iterator[Violation]:
    for pointer, each in _vulnerabilities(csaf):
        if each.cve is UNSET and each.ids is UNSET:
            yield Violation(test="6.1.27.8", pointer=pointer, message="neither cve nor ids")


def _impact_statement(csaf: Csaf) -> Iterator[Violation]:
    groups = group_members(csaf)
    for pointer, each in _vulnerabilities(csaf):
        impacts = [threat for threat in each.threats or () if threat.category == "impact"]
        explained = _members([*(each.flags or ()), *impacts], groups)
        for product_id in _status(each).known_not_affected or ():
            if product_id not in explained:
                yield Violation(
                    test="6.1.27.9",
                    pointer=f"{pointer}/product_status/known_not_affected",
                    message=f"nothing says why {product_id!r} is not affected",
                )


def _action_statement(csaf: Csaf) -> Iterator[Violation]:
    groups = group_members(csaf)
    for pointer, each in _vulnerabilities(csaf):
        helped = _members(each.remediations or (), groups)
        for product_id in _status(each).known_affected or ():
            if product_id not in helped:
                yield Violation(
                    test="6.1.27.10",
                    pointer=f"{pointer}/product_status/known_affected",
                    message=f"nothing says what to do about {product_id!r}",
                )


def _has_vulnerabilities(csaf: Csaf) -> Iterator[Violation]:
    if csaf.vulnerabilities is UNSET:
        yield Violation(test="6.1.27.11", pointer="/vulnerabilities", message="it is missing")


_TESTS: Final[Mapping[str, tuple[_Check, ...]]] = {
    "csaf_security_incident_response": (_document_notes, _document_references),
    "csaf_informational_advisory": (_document_notes, _document_references, _no_vulnerabilities),
    "csaf_security_advisory": (
        _product_tree,
        _vulnerability_notes,
        _has_product_status,
        _has_vulnerabilities,
    ),
    "csaf_vex": (
        _product_tree,
        _vulnerability_notes,
        _vex_product_status,
        _vulnerability_id,
        _impact_statement,
        _action_statement,
        _has_vulnerabilities,
    ),
}


def _vulnerabilities(csaf: Csaf) -> Iterator[tuple[str, Vulnerability]]:
    for number, each in enumerate(csaf.vulnerabilities or ()):
        yield f"/vulnerabilities/{number}", each


def _status(vulnerability: Vulnerability) -> ProductStatus:
    status = vulnerability.product_status
    return _NO_STATUS if isinstance(status, UnsetType) else status


def _members(
    items: Iterable[Flag | Remediation | Threat], groups: Mapping[str, list[str]]
) -> set[str]:
    found: set[str] = set()
    for item in items:
        found.update(item.product_ids or ())
        for group_id in item.group_ids or ():
            found.update(groups.get(group_id, ()))
    return found
