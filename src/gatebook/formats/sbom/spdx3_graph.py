"""What the elements and relationships of an SPDX 3 graph say about its packages."""

from collections.abc import Iterator
from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.sbom.component import Component, ConvertedComponent
from gatebook.formats.sbom.components import Completeness
from gatebook.formats.sbom.hashes import known_pairs
from gatebook.formats.sbom.package_urls import is_package_url
from gatebook.formats.sbom.parts import (
    Contact,
    ContactRole,
    ExternalReference,
    LicenseClaim,
    LicenseForm,
    LicenseSource,
)
from gatebook.formats.sbom.spdx3_artifacts import RelatedArtifacts, related_artifacts
from gatebook.formats.sbom.spdx3_elements import Elements, type_of

__all__ = ["Graph"]

_LISTED: Final = ("https://spdx.org/licenses/", "http://spdx.org/licenses/")
_NOT_A_LICENSE: Final = frozenset({"NoneLicense", "NoAssertionLicense", "NONE", "NOASSERTION", ""})
_NONE: Final = "NoneElement"
_LICENSE_RELATIONS: Final = {
    "hasConcludedLicense": LicenseSource.CONCLUDED,
    "hasDeclaredLicense": LicenseSource.DECLARED,
}
_NEEDS: Final = {
    "dependsOn": None,
    "hasPrerequisite": None,
    "hasStaticLink": None,
    "hasDynamicLink": None,
    "hasOptionalDependency": "optional",
    "hasProvidedDependency": "provided",
}
_SCOPES: Final = {"development": "dev", "build": "build", "test": "test", "runtime": "runtime"}
_COMPLETENESS: Final = {"complete": "complete", "incomplete": "incomplete"}
_EXTERNAL_TYPES: Final = {
    "vcs": "vcs",
    "sourceArtifact": "source-distribution",
    "binaryArtifact": "distribution",
    "altDownloadLocation": "distribution",
    "altWebPage": "website",
    "issueTracker": "issue-tracker",
    "securityAdvisory": "advisories",
    "documentation": "documentation",
    "license": "license",
    "mailingList": "mailing-list",
    "chat": "chat",
    "releaseNotes": "release-notes",
}
_MAX_NESTED_LICENSE: Final = 32


class Graph:
    """Answers questions about the packages of a graph."""

    def __init__(self, elements: Elements) -> None:
        """Index the relationships.

        Raises:
            MalformedError: a field of another JSON type than it must have.

        """
        self._elements = elements
        self._artifacts: dict[str, RelatedArtifacts] = {}
        self._related: dict[str, list[tuple[str, tuple[str, ...], Fields]]] = {}
        for each in elements.relationships:
            kind = (each.optional_text("relationshipType") or "").rpartition("/")[2]
            source = next(iter(elements.texts(each, "from")), None)
            if kind and source is not None:
                self._related.setdefault(kind, []).append(
                    (source, elements.texts(each, "to"), each)
                )

    def components(self) -> tuple[Component, ...]:
        """The packages, models and data sets.

        Raises:
            MalformedError: a field of another JSON type than it must have.

        """
        licenses = self._licenses()
        scopes = self._kinds()
        self._artifacts = related_artifacts(self._related, self._elements.artifacts, self._license)
        return tuple(self._component(each, licenses, scopes) for each in self._elements.packages)

    def edges(self, refs: set[str | None]) -> dict[str, tuple[str, ...]]:
        """Which packages each one depends on; with nothing, where that is what is said."""
        found: dict[str, dict[str, None]] = {}
        for kind in _NEEDS:
            for source, targets, _ in self._related.get(kind, ()):
                needed = [target for target in targets if target in refs]
                if source in refs and (needed or _is_nothing(targets)):
                    found.setdefault(source, {}).update(dict.fromkeys(needed))
        return {ref: tuple(needed) for ref, needed in found.items()}

    def contained(self, refs: set[str | None]) -> dict[str, tuple[str, ...]]:
        """Which packages each one contains."""
        found: dict[str, dict[str, None]] = {}
        for source, targets, _ in self._related.get("contains", ()):
            parts = [target for target in targets if target in refs]
            if source in refs and parts:
                found.setdefault(source, {}).update(dict.fromkeys(parts))
        return {ref: tuple(parts) for ref, parts in found.items()}

    def completeness(self, refs: set[str | None]) -> tuple[Completeness, ...]:
        """What relationships claim about naming all there is."""
        found = []
        for kind in (*_NEEDS, "contains"):
            for source, _, each in self._related.get(kind, ()):
                word = (each.optional_text("completeness") or "").rpartition("/")[2]
                aggregate = _COMPLETENESS.get(word)
                if aggregate is not None and source in refs:
                    parts = (source,) if kind == "contains" else ()
                    needs = () if kind == "contains" else (source,)
                    found.append(
                        Completeness(aggregate=aggregate, assemblies=parts, dependencies=needs)
                    )
        return tuple(found)

    def roots(self) -> tuple[str, ...]:
        """What the SBOMs and documents of the graph say they are about."""
        elements = self._elements
        sboms = {elements.id_of(each): each for each in elements.sboms}
        documents = {elements.id_of(each) for each in elements.documents()}
        found: dict[str, None] = {}
        for owner in (*elements.sboms, *elements.documents()):
            for ref in elements.texts(owner, "rootElement"):
                if ref not in sboms:
                    found[ref] = None
        for source, targets, each in self._related.get("describes", ()):
            del each
            if source in sboms or source in documents or not found:
                found.update(dict.fromkeys(target for target in targets if target not in sboms))
        return tuple(found)

    def lifecycles(self) -> tuple[str, ...]:
        """In which phases the SBOMs of the graph were made."""
        elements = self._elements
        found: dict[str, None] = {}
        for each in elements.sboms:
            for name in ("software_sbomType", "sbomType"):
                found.update(dict.fromkeys(elements.texts(each, name)))
        return tuple(each.rpartition("/")[2] for each in found)

    def data_licenses(self, document: Fields | None) -> tuple[LicenseClaim, ...]:
        """The licence of the document itself."""
        refs = self._elements.texts(document, "dataLicense") if document is not None else ()
        return tuple(
            LicenseClaim(text=text, form=LicenseForm.EXPRESSION)
            for ref in refs
            if (text := self._license(ref)) is not None
        )

    def _licenses(self) -> dict[str, list[LicenseClaim]]:
        found: dict[str, list[LicenseClaim]] = {}
        for kind, source in _LICENSE_RELATIONS.items():
            for owner, targets, _ in self._related.get(kind, ()):
                for target in targets:
                    text = self._license(target)
                    if text is not None:
                        found.setdefault(owner, []).append(
                            LicenseClaim(text=text, form=LicenseForm.EXPRESSION, source=source)
                        )
        return found

    def _license(self, ref: str, level: int = 0) -> str | None:
        """The expression that a licence element stands for."""
        element = self._elements.licenses.get(ref)
        if element is None:
            return _named_license(ref)
        if level > _MAX_NESTED_LICENSE:
            raise element.refuse("licences are nested too deep")
        for name in ("simplelicensing_licenseExpression", "licenseExpression"):
            text = element.optional_text(name)
            if text is not None:
                return None if text in _NOT_A_LICENSE else text
        combined = self._combined(element, level + 1)
        if combined is not None:
            return combined or None
        listed = _named_license(ref) if ref.startswith(_LISTED) else None
        return listed or element.optional_text("name") or None

    def _combined(self, element: Fields, level: int) -> str | None:
        """The expression of a licence that is made of others; ``None`` for one that is not."""
        texts = self._elements.texts
        members = texts(element, "expandedlicensing_member")
        if members:
            inner = [each for ref in members if (each := self._license(ref, level))]
            word = " OR " if type_of(element.values).startswith("Disjunctive") else " AND "
            return f"({word.join(inner)})" if inner else ""
        for name, after in (
            ("expandedlicensing_subjectLicense", "+"),
            ("expandedlicensing_subjectExtendableLicense", ""),
        ):
            for subject in texts(element, name)[:1]:
                text = self._license(subject, level) or ""
                added = texts(element, "expandedlicensing_subjectAddition")
                if text and added:
                    return f"{text} WITH {added[0].rpartition('/')[2]}"
                return text and text + after
        return None

    def _kinds(self) -> dict[str, str]:
        """Of packages that are one kind of dependency only, which."""
        found: dict[str, set[str | None]] = {}
        for relation, implied in _NEEDS.items():
            for _, targets, each in self._related.get(relation, ()):
                scope = (each.optional_text("scope") or "").rpartition("/")[2]
                kind = _SCOPES.get(scope, implied)
                for target in targets:
                    found.setdefault(target, set()).add(kind)
        return {
            ref: kind
            for ref, kinds in found.items()
            if len(kinds) == 1 and (kind := next(iter(kinds))) is not None
        }

    def _component(
        self, found: Fields, licenses: dict[str, list[LicenseClaim]], scopes: dict[str, str]
    ) -> Component:
        elements = self._elements
        ref = elements.id_of(found)
        name = found.optional_text("name") or ""
        if not name:
            elements.defects.add(f"the package {str(ref)[:80]!r} has no 'name'")
        if ref is None:
            elements.defects.add(f"the package {name[:80]!r} has no 'spdxId'")
        identifiers = list(_identifiers(found))
        purls = [text for kind, text in identifiers if kind == "packageUrl"]
        purl = _software(found, "packageUrl") or next(iter(purls), None)
        if purl is not None and not is_package_url(purl):
            elements.defects.add(f"the package {name[:80]!r}: {purl[:200]!r} is not a package URL")
        suppliers = elements.texts(found, "suppliedBy")
        origins = elements.texts(found, "originatedBy")
        purpose = _software(found, "primaryPurpose")
        artifacts = self._artifacts.get(ref or "", RelatedArtifacts())
        return ConvertedComponent(
            type=purpose.rpartition("/")[2].lower() if purpose else None,
            ref=ref,
            name=name,
            version=_software(found, "packageVersion"),
            description=found.optional_text("description") or found.optional_text("summary"),
            purl=purl,
            copyright=_known(_software(found, "copyrightText")),
            scope=scopes.get(ref or ""),
            hash_pairs=known_pairs(
                (
                    (each.values.get("algorithm") or "", each.values.get("hashValue"))
                    for each in found.objects("verifiedUsing")
                    if "hashValue" in each.values
                ),
                lambda text: elements.defects.add(f"{name[:80]!r}: {text}"),
            ),
            claims=tuple(licenses.get(ref or "", ())),
            pointers=(*_references(found), *artifacts.references),
            notes=tuple(artifacts.properties),
            file=artifacts.filename,
            people=tuple(self._people(suppliers, origins)),
            supplied_by=next(elements.names(suppliers), None),
            originator=next(elements.names(origins), None),
            all_cpes=tuple(text for kind, text in identifiers if kind in ("cpe23", "cpe22")),
            other_names=tuple(
                text for kind, text in identifiers if kind in ("swid", "swhid", "gitoid")
            ),
            source=_known(_software(found, "sourceInfo")),
        )

    def _people(self, suppliers: tuple[str, ...], origins: tuple[str, ...]) -> Iterator[Contact]:
        for refs, role in (
            (suppliers, ContactRole.SUPPLIER),
            (origins, ContactRole.ORIGINATOR),
        ):
            for ref in refs:
                contact = self._elements.contact(ref, role)
                if contact is not None:
                    yield contact


def _named_license(ref: str) -> str | None:
    """What a licence is called that is not in the graph."""
    for prefix in _LISTED:
        if ref.startswith(prefix):
            return ref.removeprefix(prefix) or None
    # A plain identifier in place of an element is what several tools write.
    return None if ref.rpartition("/")[2] in _NOT_A_LICENSE or ":" in ref else ref


def _software(found: Fields, name: str) -> str | None:
    """A field of the software profile, with the prefix of the profile or without."""
    return found.optional_text(f"software_{name}") or found.optional_text(name) or None


def _known(text: str | None) -> str | None:
    return None if text in ("NOASSERTION", "NONE", "") else text


def _identifiers(found: Fields) -> Iterator[tuple[str, str]]:
    # "externalIdentifier" in the specification; some tools write the plural.
    for name in ("externalIdentifier", "externalIdentifiers"):
        for each in found.objects(name):
            kind = (each.optional_text("externalIdentifierType") or "").rpartition("/")[2]
            text = each.optional_text("identifier")
            if kind and text:
                yield kind, text
    content = found.values.get("software_contentIdentifier")
    for item in content if isinstance(content, list) else ():
        value = item.get("software_contentIdentifierValue") if isinstance(item, dict) else None
        if isinstance(value, str):
            yield "swhid" if value.startswith("swh:") else "gitoid", value


def _references(found: Fields) -> Iterator[ExternalReference]:
    for name in ("externalRef", "externalRefs"):
        for each in found.objects(name):
            kind = (each.optional_text("externalRefType") or "other").rpartition("/")[2]
            locator = each.values.get("locator")
            for url in locator if isinstance(locator, list) else [locator]:
                if isinstance(url, str) and url:
                    yield ExternalReference(
                        type=_EXTERNAL_TYPES.get(kind, kind),
                        url=url,
                        comment=each.optional_text("comment"),
                    )
    for kind, field in (("distribution", "downloadLocation"), ("website", "homePage")):
        url = _known(_software(found, field))
        if url is not None:
            yield ExternalReference(type=kind, url=url)


def _is_nothing(targets: tuple[str, ...]) -> bool:
    return len(targets) == 1 and targets[0].rpartition("/")[2] == _NONE
