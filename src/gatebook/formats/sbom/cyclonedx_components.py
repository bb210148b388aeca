"""Looks through CycloneDX components as they come out of the decoder.

They are kept as they are; this finds where they break the rules of the format. A document has tens
of thousands, so the sound ones are looked at many at a time, and one by one only where something in
such a batch is unusual.
"""

from typing import Final

from msgspec.structs import force_setattr

from gatebook.formats.sbom.components import Defects, SbomError
from gatebook.formats.sbom.cyclonedx_component import CycloneDxComponent
from gatebook.formats.sbom.opaque import MAX_DEPTH
from gatebook.formats.sbom.package_urls import are_usual, is_package_url
from gatebook.formats.sbom.parts import LicenseClaim, LicenseEntry
from gatebook.formats.sbom.raw_parts import RawParts, check_licenses

__all__ = ["ComponentList", "CycloneDxError", "license_claims"]

_SCOPES: Final = frozenset({"required", "optional", "excluded", None})
# bom-1.7.schema.json, component.type.
_TYPES: Final = frozenset(
    {
        *("application", "framework", "library", "container", "platform", "operating-system"),
        *("device", "device-driver", "firmware", "file", "machine-learning-model", "data"),
        "cryptographic-asset",
    }
)
_VERSION_REQUIRED: Final = frozenset({"1.2", "1.3"})
# A component is inside two more brackets than the one it is nested in, the first inside three.
_MAX_NESTED: Final = (MAX_DEPTH - 3) // 2
# Where an empty string means what an absent key means.
_MAY_BE_EMPTY: Final = ("group", "version", "ref", "purl", "cpe", "scope", "copyright")


class CycloneDxError(SbomError):
    """A document says it is CycloneDX and is not."""

    code = "formats.cyclonedx"


class ComponentList:
    """Collects components in the order of the document, nested ones after what they are in.

    Attributes:
        components: what was collected.
        top_level: how many are not inside another.
        contains: refs of components with the refs of what is in them.

    """

    def __init__(self, defects: Defects) -> None:
        self.components: list[CycloneDxComponent] = []
        self.top_level = 0
        self.contains: dict[str, tuple[str, ...]] = {}
        self._defects = defects
        self._raw_parts = RawParts(defects)

    def add(self, found: list[CycloneDxComponent]) -> None:
        """Take top-level components.

        Raises:
            MalformedError: nested too deep.

        """
        self.top_level += len(found)
        if not self.look_at(found):
            self.components.extend(found)
            return
        for each in found:
            self.components.append(each)
            if each.components:
                self._add_nested(each, 1)

    def _add_nested(self, container: CycloneDxComponent, level: int) -> None:
        if level > _MAX_NESTED:
            raise CycloneDxError(
                f"CycloneDX: components are nested deeper than {_MAX_NESTED} levels",
                code="canonical.too-deep",
            )
        inside = list(container.components or ())
        self.look_at(inside)
        refs = tuple(each.ref for each in inside if each.ref is not None)
        if container.ref is not None and refs:
            self.contains[container.ref] = (*self.contains.get(container.ref, ()), *refs)
        for each in inside:
            self.components.append(each)
            if each.components:
                self._add_nested(each, level + 1)

    def look_at(self, found: list[CycloneDxComponent]) -> bool:
        """Note the defects of components; whether anything is nested in one of them."""
        nested = False
        for each in found:
            if each.type not in _TYPES or not each.name:
                self._look_at_names(each)
            if each.scope not in _SCOPES and each.scope:
                self._defects.add(
                    f"the component {each.name[:80]!r} has the unknown scope {each.scope[:40]!r}"
                )
            if "" in (each.group, each.version, each.ref, each.purl, each.cpe, each.copyright):
                _leave_out_empty(each)
            if each.components is not None:
                nested = True
        purls = [each.purl for each in found if each.purl is not None]
        if not are_usual(purls):
            self._look_at_purls(found)
        self._raw_parts.look_at(found)
        return nested

    def note_versions(self, spec_version: str) -> None:
        """Note what has no version, if the version of the format demands one."""
        if spec_version in _VERSION_REQUIRED:
            for each in self.components:
                if each.version is None:
                    self._defects.add(
                        f"the component {each.name[:80]!r} has no 'version', "
                        f"required in {spec_version}"
                    )

    def _look_at_names(self, found: CycloneDxComponent) -> None:
        if not found.name:
            # The empty string satisfies the schema, and names nothing either.
            self._defects.add("a component has no 'name'")
        if not found.type:
            self._defects.add(f"the component {found.name[:80]!r} has no 'type'")
        force_setattr(found, "type", found.type.lower() if found.type else None)

    def _look_at_purls(self, found: list[CycloneDxComponent]) -> None:
        for each in found:
            if each.purl is not None and not is_package_url(each.purl):
                self._defects.add(
                    f"the component {each.name[:80]!r}: {each.purl[:200]!r} is not a package URL"
                )


def license_claims(
    found: tuple[LicenseEntry, ...], name: str, defects: Defects
) -> tuple[LicenseClaim, ...]:
    """The licences of something that is not a component."""
    check_licenses(found, name, defects)
    return tuple(claim for each in found for claim in each.claims())


def _leave_out_empty(found: CycloneDxComponent) -> None:
    for name in _MAY_BE_EMPTY:
        if getattr(found, name) == "":
            force_setattr(found, name, None)
