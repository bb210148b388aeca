"""What CycloneDX documents say of exploitability: ``vulnerabilities[].analysis``, 1.4 to 1.7.

Source: ECMA-424 (CycloneDX), ``vulnerability``, and https://cyclonedx.org/capabilities/bomlink/.
A document may speak of its own components or, by BOM-Link, of those of other documents.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.vex.identifiers import component_of
from gatebook.formats.vex.statement import (
    MAX_STATEMENTS,
    Justification,
    VersionClaim,
    VersionStatus,
    VexComponent,
    VexDocument,
    VexError,
    VexProduct,
    VexStatement,
    VexStatus,
)

__all__ = ["bom_link", "vex_from_cyclonedx"]

_CODE: Final = "formats.cyclonedx-vex"
_MAX_PRODUCTS: Final = 2_000_000

_STATUS: Final[Mapping[str, VexStatus]] = {
    "not_affected": VexStatus.NOT_AFFECTED,
    "false_positive": VexStatus.NOT_AFFECTED,
    "exploitable": VexStatus.AFFECTED,
    "resolved": VexStatus.FIXED,
    "resolved_with_pedigree": VexStatus.FIXED,
    "in_triage": VexStatus.UNDER_INVESTIGATION,
}
# The nearest of the five; CycloneDX' own word is kept beside it.
_JUSTIFICATION: Final[Mapping[str, Justification]] = {
    "code_not_present": Justification.VULNERABLE_CODE_NOT_PRESENT,
    "code_not_reachable": Justification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH,
    "requires_configuration": Justification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH,
    "requires_dependency": Justification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH,
    "requires_environment": Justification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH,
    "protected_by_compiler": Justification.INLINE_MITIGATIONS_ALREADY_EXIST,
    "protected_at_runtime": Justification.INLINE_MITIGATIONS_ALREADY_EXIST,
    "protected_at_perimeter": Justification.INLINE_MITIGATIONS_ALREADY_EXIST,
    "protected_by_mitigating_control": Justification.INLINE_MITIGATIONS_ALREADY_EXIST,
}
_SERIAL: Final = re.compile(
    r"(?:urn:uuid:|urn:cdx:)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\Z",
    re.IGNORECASE,
)
# "urn:uuid:" for "urn:cdx:" is a mistake that tools make; the parts are the same.
_LINK: Final = re.compile(
    r"urn:(?:cdx|uuid):([0-9a-f-]{36})/([1-9]\d{0,9})#(.{1,4096})\Z", re.IGNORECASE | re.DOTALL
)


def bom_link(serial: str, version: int | str, ref: str) -> str | None:
    """Name a component of a document; ``None`` when the serial number is none."""
    match = _SERIAL.match(serial)
    return None if match is None else f"urn:cdx:{match[1].lower()}/{version}#{ref}"


def vex_from_cyclonedx(root: JsonObject) -> VexDocument:
    """Take the statements out of a decoded CycloneDX document; one without any has none.

    A vulnerability without an analysis is a finding, not a statement, and is passed over.

    Raises:
        VexError: ``formats.cyclonedx-vex-state`` an unknown state, ``formats.vex-limit`` too many.
        MalformedError: ``formats.cyclonedx-vex`` a field of the wrong type or a required one
            missing.

    """
    document = Fields.of(root, what="CycloneDX document", code=_CODE)
    metadata = document.optional_object("metadata")
    created = None if metadata is None else metadata.optional_instant("timestamp")
    bom = _Bom(document, metadata)
    statements: list[VexStatement] = []
    count = 0
    for number, vulnerability in enumerate(document.objects("vulnerabilities")):
        statement = _statement(vulnerability, number, bom, created)
        if statement is None:
            continue
        count += len(statement.products)
        if count > _MAX_PRODUCTS or len(statements) >= MAX_STATEMENTS:
            raise VexError(
                f"a CycloneDX document with more than {MAX_STATEMENTS} analyses or {_MAX_PRODUCTS} "
                "affected components",
                code="formats.vex-limit",
            )
        statements.append(statement)
    version = root.get("version")
    return VexDocument(
        format=DocumentFormat.CYCLONEDX_JSON,
        spec_version=document.optional_text("specVersion") or "",
        id=document.optional_text("serialNumber"),
        author=_author(metadata),
        created=created,
        version=str(version) if isinstance(version, int | str) else None,
        statements=tuple(statements),
    )


class _Bom:
    """The components of the document, by reference, and what the document as a whole is about."""

    def __init__(self, document: Fields, metadata: Fields | None) -> None:
        self._serial = document.optional_text("serialNumber") or ""
        version = document.values.get("version")
        self._version = version if isinstance(version, int | str) else 1
        self._components: dict[str, VexComponent] = {}
        root = None if metadata is None else metadata.optional_object("component")
        self._root_ref = None if root is None else root.optional_text("bom-ref")
        self._root = None if root is None else self._read(root)
        if self._root is not None and self._root_ref is not None:
            self._components[self._root_ref] = self._root
        for fields in _all_components(document, root):
            ref = fields.optional_text("bom-ref")
            if ref is not None:
                self._components.setdefault(ref, self._read(fields))

    def product(self, ref: str, versions: tuple[VersionClaim, ...]) -> VexProduct:
        """What a reference of ``affects`` names, with the product it is part of."""
        link = _LINK.match(ref)
        if link is not None:
            named = f"urn:cdx:{link[1].lower()}/{link[2]}#{link[3]}"
            own = bom_link(self._serial, self._version, link[3]) == named
            found = self._components.get(link[3]) if own else None
            if found is None:
                return VexProduct(identity=component_of(bom_links=[named]), versions=versions)
            ref = link[3]
        found = self._components.get(ref)
        if found is None:
            named_here = bom_link(self._serial, self._version, ref)
            return VexProduct(
                identity=component_of([ref], bom_links=[named_here] if named_here else ()),
                versions=versions,
            )
        if self._root is None or ref == self._root_ref:
            return VexProduct(identity=found, versions=versions)
        return VexProduct(identity=self._root, subcomponents=(found,), component_versions=versions)

    def _read(self, fields: Fields) -> VexComponent:
        purl = fields.optional_text("purl")
        cpe = fields.optional_text("cpe")
        group, name = fields.optional_text("group"), fields.optional_text("name")
        ref = fields.optional_text("bom-ref")
        link = None if ref is None else bom_link(self._serial, self._version, ref)
        return component_of(
            [purl] if purl else (),
            cpes=[cpe] if cpe else (),
            hashes=[(each.text("alg"), each.text("content")) for each in fields.objects("hashes")],
            bom_links=[link] if link else (),
            name=f"{group}/{name}" if group else name,
            version=fields.optional_text("version"),
        )


def _all_components(document: Fields, root: Fields | None) -> Iterator[Fields]:
    pending = [document] if root is None else [root, document]
    while pending:
        holder = pending.pop()
        for name in ("components", "services"):
            for fields in holder.objects(name):
                yield fields
                pending.append(fields)


def _statement(fields: Fields, number: int, bom: _Bom, time: Instant | None) -> VexStatement | None:
    analysis = fields.optional_object("analysis")
    written = None if analysis is None else analysis.optional_text("state")
    if analysis is None or written is None:
        return None
    status = _STATUS.get(written)
    if status is None:
        raise VexError(
            f"{analysis.what}.state: {written[:40]!r} is not one of {', '.join(_STATUS)}",
            code="formats.cyclonedx-vex-state",
        )
    identifier = fields.optional_text("id") or ""
    aliases = {each.optional_text("id") or "" for each in fields.objects("references")}
    defects = [] if identifier else ["the vulnerability has no id"]
    products = tuple(_product(each, bom) for each in fields.objects("affects"))
    if not products:
        defects.append("it names no component")
    word = analysis.optional_text("justification") or None
    detail = analysis.optional_text("detail") or None
    stated = _stated(analysis, fields, time)
    if stated is None:
        defects.append("neither the analysis nor the document says when")
    if status is VexStatus.NOT_AFFECTED and word not in _JUSTIFICATION and not detail:
        # That a finding is false is a reason in itself.
        if written == "false_positive":
            detail = "false positive"
        else:
            defects.append("not_affected needs a justification or a detail")
    responses = [each for each in analysis.array("response") if isinstance(each, str)]
    return VexStatement(
        pointer=f"/vulnerabilities/{number}",
        id=fields.optional_text("bom-ref"),
        vulnerability=identifier,
        aliases=tuple(sorted(aliases - {identifier, ""})),
        products=products,
        status=status,
        status_written=written,
        justification=_JUSTIFICATION.get(word or ""),
        justification_written=word,
        impact=detail,
        action=fields.optional_text("recommendation") or ", ".join(responses) or None,
        time=stated,
        defects=tuple(defects),
    )


def _stated(analysis: Fields, fields: Fields, time: Instant | None) -> Instant | None:
    return (
        analysis.optional_instant("lastUpdated")
        or analysis.optional_instant("firstIssued")
        or time
        or fields.optional_instant("updated")
    )


def _product(affects: Fields, bom: _Bom) -> VexProduct:
    claims: list[VersionClaim] = []
    for each in affects.objects("versions"):
        version, several = each.optional_text("version"), each.optional_text("range")
        if (version is None) == (several is None):
            raise each.refuse("exactly one of 'version' and 'range' is required")
        claims.append(VersionClaim(version=version, range=several, status=_claimed(each)))
    return bom.product(affects.text("ref"), tuple(claims))


def _claimed(fields: Fields) -> VersionStatus:
    # The schema's default is "affected".
    word = fields.optional_text("status") or VersionStatus.AFFECTED
    try:
        return VersionStatus(word)
    except ValueError:
        raise fields.refuse(f"'status' {word[:40]!r} is not one of its values") from None


def _author(metadata: Fields | None) -> str | None:
    if metadata is None:
        return None
    names = [each.optional_text("name") for each in metadata.objects("authors")]
    for key in ("supplier", "manufacturer", "manufacture"):
        value: Json = metadata.values.get(key)
        if isinstance(value, dict):
            names.append(metadata.object(key).optional_text("name"))
    return next((name for name in names if name), None)
