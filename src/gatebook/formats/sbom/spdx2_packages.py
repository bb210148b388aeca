"""SPDX 2 packages in the normal form."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from gatebook.formats.sbom.component import Component, ConvertedComponent
from gatebook.formats.sbom.components import Defects, SbomError
from gatebook.formats.sbom.hashes import known_pairs, quick_pair
from gatebook.formats.sbom.package_urls import are_usual, is_package_url
from gatebook.formats.sbom.parts import (
    Contact,
    ContactRole,
    ExternalReference,
    LicenseClaim,
    LicenseForm,
    LicenseSource,
    Property,
)
from gatebook.formats.sbom.spdx2_wire import WireChecksum, WirePackage

__all__ = ["PackageList", "SpdxError", "creator", "expression"]

_ABSENT: Final = frozenset({"", "NOASSERTION", "NONE", None})
# SPDX 2.2 spells the category PACKAGE-MANAGER in the text and PACKAGE_MANAGER in its schema.
_PURL_CATEGORIES: Final = frozenset({"PACKAGE-MANAGER", "PACKAGE_MANAGER"})
_CPE_TYPES: Final = frozenset({"cpe23Type", "cpe22Type"})
_IDENTIFIERS: Final = frozenset({"swid", "swh", "gitoid"})
# SPDX 2.3 §6.8: "Organization: name (email)", the brackets required and the address not.
_ACTOR: Final = re.compile(r"(Person|Organization):\s*(.*?)\s*(?:\(([^()]*)\))?\s*\Z", re.DOTALL)
_MAX_KNOWN: Final = 4096


class SpdxError(SbomError):
    """A document says it is SPDX 2 and is not."""

    code = "formats.spdx"


class PackageList:
    """Collects packages.

    Attributes:
        refs: their identifiers.

    """

    def __init__(self, defects: Defects) -> None:
        self.refs: set[str] = set()
        self._components: list[ConvertedComponent] = []
        self._defects = defects
        self._claims: dict[tuple[str | None, str | None], tuple[LicenseClaim, ...]] = {}
        self._people: dict[tuple[str | None, str | None], tuple[Contact, ...]] = {}

    def add(self, found: Iterable[WirePackage]) -> None:
        """Take packages."""
        keep, make = self._components.append, self._make
        purls = []
        for each in found:
            made = make(each)
            keep(made)
            if made.ref is not None:
                self.refs.add(made.ref)
            if made.purl is not None:
                purls.append(made.purl)
        if not are_usual(purls):
            for purl in purls:
                if not is_package_url(purl):
                    self._defects.add(f"{purl[:200]!r} is not a package URL")

    def note_refs(self) -> None:
        """Note identifiers that several packages have."""
        refs = [each.ref for each in self._components if each.ref is not None]
        if len(refs) == len(self.refs):
            return
        seen: set[str] = set()
        for ref in refs:
            if ref in seen:
                self._defects.add(f"the SPDXID {ref[:80]!r} is not unique")
            seen.add(ref)

    def finish(self, scopes: Mapping[str, str]) -> tuple[Component, ...]:
        """All of them, with the kinds of dependency that some are."""
        if not scopes:
            return tuple(self._components)
        return tuple(
            each
            if each.ref is None or each.ref not in scopes
            else replace(each, scope=scopes[each.ref])
            for each in self._components
        )

    def _make(self, found: WirePackage) -> ConvertedComponent:
        name, ref = found.name or "", found.spdx_id or None
        if not name:
            self._defects.add(f"the package {str(ref)[:80]!r} has no 'name'")
        if ref is None:
            self._defects.add(f"the package {name[:80]!r} has no 'SPDXID'")
        said = (found.license_concluded, found.license_declared)
        claims = self._claims.get(said)
        if claims is None:
            claims = _claims(*said)
            if len(self._claims) < _MAX_KNOWN:
                self._claims[said] = claims
        actors = (found.supplier, found.originator)
        people = self._people.get(actors)
        if people is None:
            people = _people(*actors)
            if len(self._people) < _MAX_KNOWN:
                self._people[actors] = people
        purl, cpes, names, pointers = self._outside(found, name)
        supplier, originator = found.supplier, found.originator
        copyrighted = found.copyright_text
        checksums = found.checksums
        purpose = found.primary_package_purpose
        return ConvertedComponent(
            type=purpose.lower().replace("_", "-") if purpose else None,
            ref=ref,
            name=name,
            version=found.version_info or None,
            description=found.description or found.summary,
            purl=purl,
            copyright=None if copyrighted in _ABSENT else copyrighted,
            hash_pairs=self._hashes(checksums, name) if checksums else (),
            claims=claims,
            pointers=pointers,
            notes=(Property(name="comment", value=found.comment),) if found.comment else (),
            people=people,
            supplied_by=None if supplier in _ABSENT else supplier,
            originator=None if originator in _ABSENT else originator,
            all_cpes=cpes,
            other_names=names,
            file=found.package_file_name or None,
            source=found.source_info or None,
        )

    def _outside(
        self, found: WirePackage, name: str
    ) -> tuple[str | None, tuple[str, ...], tuple[str, ...], tuple[ExternalReference, ...]]:
        """The package URL, the CPEs, further names, and what else the package points to."""
        purl = None
        cpes: tuple[str, ...] = ()
        names: tuple[str, ...] = ()
        pointers: tuple[ExternalReference, ...] = ()
        for each in found.external_refs or ():
            kind, locator = each.reference_type, each.reference_locator
            if not kind or not locator:
                self._defects.add(
                    f"an external reference of {name[:80]!r} has no type or no locator"
                )
            elif kind == "purl" and each.reference_category in _PURL_CATEGORIES:
                purl = purl or locator
            elif kind in _CPE_TYPES:
                cpes = (*cpes, locator)
            elif kind in _IDENTIFIERS:
                names = (*names, locator)
            else:
                reference = ExternalReference(type=kind, url=locator, comment=each.comment)
                pointers = (*pointers, reference)
        for kind, url in (("distribution", found.download_location), ("website", found.homepage)):
            if url is not None and url not in _ABSENT:
                pointers = (*pointers, ExternalReference(type=kind, url=url))
        return purl, cpes, names, pointers

    def _hashes(self, found: list[WireChecksum], name: str) -> tuple[tuple[str, str], ...]:
        if len(found) == 1:
            pair = quick_pair(found[0].algorithm, found[0].checksum_value)
            if pair is not None:
                return (pair,)
        return known_pairs(
            ((each.algorithm, each.checksum_value) for each in found),
            lambda text: self._defects.add(f"{name[:80]!r}: {text}"),
        )


def creator(text: str | None, role: ContactRole) -> Contact | None:
    """Read ``Person: name (email)`` and the like; ``None`` for anything else."""
    actor = _ACTOR.match(text or "")
    if actor is None:
        return None
    email = (actor[3] or "").strip()
    return Contact(
        role=role,
        name=actor[2] or None,
        organization=actor[1] == "Organization",
        emails=(email,) if "@" in email else (),
        urls=(email,) if email.startswith(("http://", "https://")) else (),
    )


def expression(text: str | None, source: LicenseSource) -> tuple[LicenseClaim, ...]:
    """What a licence field says; nothing for NOASSERTION and NONE."""
    if text is None or text in _ABSENT:
        return ()
    return (LicenseClaim(text=text, form=LicenseForm.EXPRESSION, source=source),)


def _claims(concluded: str | None, declared: str | None) -> tuple[LicenseClaim, ...]:
    return (
        *expression(concluded, LicenseSource.CONCLUDED),
        *expression(declared, LicenseSource.DECLARED),
    )


def _people(supplier: str | None, originator: str | None) -> tuple[Contact, ...]:
    found = (
        creator(supplier, ContactRole.SUPPLIER),
        creator(originator, ContactRole.ORIGINATOR),
    )
    return tuple(each for each in found if each is not None)
