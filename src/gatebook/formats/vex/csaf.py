"""CSAF documents, 2.0 and 2.1: exploitability statements, whatever their category.

Source: OASIS, *Common Security Advisory Framework Version 2.0*, §3.2. Documents of any category
may say which products a vulnerability touches; ``csaf_vex`` (§4.5) is the profile that must.
Whether a document is valid is judged in :mod:`gatebook.formats.vex.csaf_validity`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.vex.csaf_tree import ProductTree, read_tree, texts
from gatebook.formats.vex.statement import (
    MAX_STATEMENTS,
    Justification,
    VersionStatus,
    VexDocument,
    VexError,
    VexProduct,
    VexStatement,
    VexStatus,
)

__all__ = ["READER", "VERSIONS", "read_csaf"]

VERSIONS: Final = ("2.0", "2.1")

_CODE: Final = "formats.csaf"
_MAX_PRODUCTS: Final = 2_000_000

# §3.2.3.9; "recommended" says nothing about the vulnerability.
_STATUS: Final[Mapping[str, VexStatus]] = {
    "first_affected": VexStatus.AFFECTED,
    "known_affected": VexStatus.AFFECTED,
    "last_affected": VexStatus.AFFECTED,
    "known_not_affected": VexStatus.NOT_AFFECTED,
    "first_fixed": VexStatus.FIXED,
    "fixed": VexStatus.FIXED,
    "under_investigation": VexStatus.UNDER_INVESTIGATION,
    # 2.1: nobody knows, and nobody looks.
    "unknown": VexStatus.UNDER_INVESTIGATION,
}
_CLAIM: Final[Mapping[VexStatus, VersionStatus]] = {
    VexStatus.NOT_AFFECTED: VersionStatus.UNAFFECTED,
    VexStatus.FIXED: VersionStatus.UNAFFECTED,
    VexStatus.AFFECTED: VersionStatus.AFFECTED,
    VexStatus.UNDER_INVESTIGATION: VersionStatus.UNKNOWN,
}


def read_csaf(root: JsonObject) -> VexDocument:
    """Read a document.

    Raises:
        VexError: ``formats.csaf-version`` a version other than 2.0 and 2.1,
            ``formats.csaf-product`` a product id that is undefined, defined twice or by itself,
            ``formats.csaf-contradiction`` two statuses for one product and vulnerability,
            ``formats.vex-limit`` too many of something.
        MalformedError: ``formats.csaf`` a field of the wrong type or a required one missing.

    """
    document = Fields.of(root, what="CSAF document", code=_CODE)
    head = document.object("document")
    version = _version(head)
    tracking = head.object("tracking")
    updated = tracking.optional_instant("current_release_date")
    publisher = head.object("publisher")
    tree = read_tree(document)
    statements: list[VexStatement] = []
    count = 0
    for number, vulnerability in enumerate(document.objects("vulnerabilities")):
        for statement in _statements(vulnerability, f"/vulnerabilities/{number}", tree, updated):
            count += len(statement.products)
            if count > _MAX_PRODUCTS or len(statements) >= MAX_STATEMENTS:
                raise VexError(
                    f"a CSAF document with more than {MAX_STATEMENTS} statements or "
                    f"{_MAX_PRODUCTS} product statuses",
                    code="formats.vex-limit",
                )
            statements.append(statement)
    return VexDocument(
        format=DocumentFormat.CSAF,
        spec_version=version,
        id=tracking.text("id"),
        author=publisher.text("name"),
        role=publisher.text("category"),
        created=tracking.optional_instant("initial_release_date"),
        updated=updated,
        version=tracking.optional_text("version"),
        revision_state=tracking.text("status"),
        distribution=_label(head),
        statements=tuple(statements),
        defects=() if updated else ("'current_release_date' is required",),
    )


def _version(head: Fields) -> str:
    version = head.text("csaf_version")
    if version not in VERSIONS:
        raise VexError(
            f"CSAF version {version[:40]!r} is not read, only {' and '.join(VERSIONS)}",
            code="formats.csaf-version",
        )
    return version


def _label(head: Fields) -> str | None:
    distribution = head.optional_object("distribution")
    tlp = None if distribution is None else distribution.optional_object("tlp")
    return None if tlp is None else tlp.optional_text("label")


def _statements(
    fields: Fields, pointer: str, tree: ProductTree, time: Instant | None
) -> Iterator[VexStatement]:
    listed = _listed(fields)
    if not listed:
        return
    identifier, aliases, defects = _identifiers(fields)
    reasons = _Reasons(fields, tree)
    # One statement for all products of which the same is said.
    groups: dict[_Saying, list[VexProduct]] = {}
    for product_id, field in listed.items():
        status = _STATUS[field]
        product = tree.product(product_id, _CLAIM[status])
        groups.setdefault((field, *reasons.of(product_id, status)), []).append(product)
    for (field, word, impact, action), products in groups.items():
        status = _STATUS[field]
        justification = _justification(word)
        found = list(defects)
        # §6.1.27.9; a word from a later version of the format justifies nothing.
        if status is VexStatus.NOT_AFFECTED and justification is None and not impact:
            found.append("known_not_affected needs a flag or a threat of category impact")
        yield VexStatement(
            pointer=f"{pointer}/product_status/{field}",
            vulnerability=identifier,
            aliases=aliases,
            products=tuple(products),
            status=status,
            status_written=field,
            justification=justification,
            justification_written=word,
            impact=impact,
            action=action,
            time=time,
            defects=tuple(found),
        )


_Saying = tuple[str, str | None, str | None, str | None]


def _listed(fields: Fields) -> dict[str, str]:
    """The status of each product, by the field it is listed in."""
    listed: dict[str, str] = {}
    statuses = fields.optional_object("product_status")
    if statuses is None:
        return listed
    for field, status in _STATUS.items():
        for product_id in texts(statuses, field):
            other = listed.setdefault(product_id, field)
            # §6.1.6; the first and the last affected version may be among the known ones.
            if _STATUS[other] is not status:
                raise VexError(
                    f"{fields.what}: the product {product_id[:80]!r} is {other} and {field}",
                    code="formats.csaf-contradiction",
                )
    return listed


def _identifiers(fields: Fields) -> tuple[str, tuple[str, ...], list[str]]:
    cve = fields.optional_text("cve")
    others = [each.text("text") for each in fields.objects("ids")]
    every = ([cve] if cve else []) + others
    if not every:
        return "", (), ["the vulnerability has neither a cve nor ids"]
    return every[0], tuple(sorted(set(every[1:]) - {every[0]})), []


def _justification(word: str | None) -> Justification | None:
    try:
        return None if word is None else Justification(word)
    except ValueError:
        return None


class _Reasons:
    """Flags, threats and remediations of one vulnerability, by product."""

    def __init__(self, fields: Fields, tree: ProductTree) -> None:
        self._flags = _by_product(fields, "flags", "label", tree)
        self._impacts = _by_product(fields, "threats", "details", tree, category="impact")
        self._actions = _by_product(fields, "remediations", "details", tree)

    def of(self, product_id: str, status: VexStatus) -> tuple[str | None, str | None, str | None]:
        """The justification, the impact and the action for a product of a status."""
        if status is VexStatus.NOT_AFFECTED:
            return self._flags.get(product_id), self._impacts.get(product_id), None
        if status is VexStatus.AFFECTED:
            return None, None, self._actions.get(product_id)
        return None, None, None


def _by_product(
    fields: Fields, name: str, text: str, tree: ProductTree, category: str | None = None
) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in fields.objects(name):
        if category is not None and item.text("category") != category:
            continue
        value = item.text(text)
        for product_id in tree.members(texts(item, "product_ids"), texts(item, "group_ids")):
            found.setdefault(product_id, value)
    return found


def _recognises(document: Document) -> bool:
    root = document.root
    head = None if root is None else root.get("document")
    return isinstance(head, dict) and "csaf_version" in head


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    head = None if root is None else root.get("document")
    if root is None or not isinstance(head, dict):
        raise VexError("a CSAF document is a JSON object with a document", code=_CODE)
    listed = root.get("vulnerabilities")
    vulnerabilities = listed if isinstance(listed, list) else []
    entries: dict[str, int] = {}
    for each in vulnerabilities:
        statuses = each.get("product_status") if isinstance(each, dict) else None
        for field, products in (statuses if isinstance(statuses, dict) else {}).items():
            if isinstance(products, list):
                entries[field] = entries.get(field, 0) + len(products)
    return {
        "category": _text(head, "category"),
        "csaf_version": _text(head, "csaf_version"),
        "product_status_entries": dict(sorted(entries.items())),
        "vulnerabilities": len(vulnerabilities),
    }


def _text(fields: JsonObject, name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _read(document: Document) -> VexDocument:
    root = document.root
    if root is None:
        raise VexError("a CSAF document is a JSON object", code=_CODE)
    return read_csaf(root)


def _check(document: Document) -> None:
    from gatebook.formats.vex.csaf_validity.validate import (  # noqa: PLC0415  # few need it
        check_csaf,
    )

    root = document.root
    if root is None:
        raise VexError("a CSAF document is a JSON object", code=_CODE)
    head = root.get("document")
    if isinstance(head, dict) and head.get("csaf_version") == "2.0":
        check_csaf(root)
    else:
        # Of version 2.1 it is checked what reading needs; every other one is refused there.
        read_csaf(root)


READER: Final = Reader(
    format=DocumentFormat.CSAF,
    family=Family.VEX,
    recognises=_recognises,
    read=_read,
    describe=_describe,
    check=_check,
)
