"""From the components of an SBOM to what advisories call them.

What a purl leaves out, a tool may have written elsewhere in the document: the release of the
distribution once for all packages, the source package in properties of the tool's own.
"""

import re
from typing import Final

from gatebook.formats.sbom.component import Component
from gatebook.formats.sbom.components import Sbom
from gatebook.vulnerabilities.package_identity import (
    Identified,
    SourcePackage,
    Unidentified,
    identify_purl,
)

__all__ = ["identify_component", "identify_components"]

# They hold no code of a package: what they are part of is looked up by itself.
_NO_PACKAGE: Final = frozenset({"cryptographic-asset", "data", "file", "operating-system"})
# Trivy's SPDX documents say so in "sourceInfo".
_BUILT_FROM: Final = re.compile(r"built package from: (\S{1,500})(?: (\S{1,500}))?\Z")
_WITH_SOURCE: Final = ("pkg:deb/", "pkg:rpm/", "pkg:apk/")


def identify_components(sbom: Sbom) -> list[Identified | Unidentified]:
    """Identify every component that is a package; what the SBOM is about is not part of itself.

    A package without a package URL is :class:`~.package_identity.Unidentified`, with the code
    ``vulnerabilities.no-purl``.
    """
    distro = _distro(sbom)
    subject = None if sbom.subject is None else sbom.subject.ref
    return [
        identify_component(each, distro=distro)
        for each in sbom.components
        if each.type not in _NO_PACKAGE and (subject is None or each.ref != subject)
    ]


def identify_component(
    component: Component, *, distro: str | None = None
) -> Identified | Unidentified:
    """Identify one component.

    Args:
        component: of an SBOM.
        distro: the distribution all of the SBOM's packages are from: ``debian-12``.

    """
    if not component.purl:
        name = "/".join(each for each in (component.group, component.name) if each)
        label = f"{name} {component.version or ''}".strip()
        return Unidentified(
            "", label, "vulnerabilities.no-purl", "the component has no package URL"
        )
    if not component.purl.startswith(_WITH_SOURCE):
        return identify_purl(component.purl)
    # Reading the properties takes time, and most purls of packages with another source say it.
    source = None if "upstream=" in component.purl else _source(component)
    return identify_purl(component.purl, distro=distro, source=source)


def _distro(sbom: Sbom) -> str | None:
    if sbom.distribution is not None:
        return f"{sbom.distribution.id}-{sbom.distribution.version or ''}".rstrip("-")
    for each in sbom.components:
        if each.type == "operating-system" and each.name:
            return f"{each.name}-{each.version or ''}".lower().rstrip("-")
    return None


def _source(component: Component) -> SourcePackage | None:
    found = {each.name: each.value for each in component.properties if each.value}
    # Trivy keeps the parts of the source's version apart, as dpkg and rpm do.
    name = found.get("aquasecurity:trivy:SrcName")
    if name is not None:
        version = found.get("aquasecurity:trivy:SrcVersion")
        if version is None:
            return SourcePackage(name)
        release = found.get("aquasecurity:trivy:SrcRelease")
        epoch = found.get("aquasecurity:trivy:SrcEpoch")
        whole = f"{version}-{release}" if release else version
        return SourcePackage(name, f"{epoch}:{whole}" if epoch not in {None, "0"} else whole)
    name = found.get("syft:metadata:originPackage") or found.get("syft:metadata:source")
    if name is not None:
        return SourcePackage(name, found.get("syft:metadata:sourceVersion"))
    built = _BUILT_FROM.match(component.source_info or "")
    return None if built is None else SourcePackage(built[1], built[2])
