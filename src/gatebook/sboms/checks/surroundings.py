"""What the artifact stands on and where it runs (S19, S20, S23, S24)."""

from typing import Final

from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.formats.sbom.components import Sbom
from gatebook.sboms.context import BaseImageRules
from gatebook.sboms.diff import key_of, package_key, version_of
from gatebook.sboms.examination import (
    Affected,
    Answer,
    Check,
    Examination,
    failed,
    not_evaluable,
    passed,
)
from gatebook.sboms.inventory import described, package_url, shipped

__all__ = ["CHECKS", "layers_of"]

# Where tools write the layers of the image: Trivy on the root, Syft on each package.
_ROOT_LAYERS: Final = ("aquasecurity:trivy:DiffID", "syft:image:layer")


def layers_of(sbom: Sbom) -> tuple[Digest, ...]:
    """The uncompressed layers (DiffIDs) of the image, from the lowest up, as its root names them.

    The order is that of the tool; Trivy and Syft write it so.
    """
    found: list[Digest] = []
    for component in () if sbom.subject is None else (sbom.subject,):
        for name in _ROOT_LAYERS:
            for text in component.property_values(name):
                try:
                    found.append(Digest.parse(text))
                except MalformedError:
                    continue
    return tuple(dict.fromkeys(found))


def _base_image(examination: Examination) -> Answer:
    context = examination.context
    ended = _distribution_end(examination)
    if ended is not None:
        return failed(ended)
    rules = context.base_images
    if rules is None:
        return not_evaluable("no list of base images is given")
    base = context.base_image
    if base is not None and rules.max_age is not None and context.now is not None:
        if base.created is None:
            return not_evaluable("it is not known when the base image was made")
        if base.created + rules.max_age < context.now:
            return failed(f"the base image was made at {base.created}")
    elif rules.max_age is not None:
        return not_evaluable("the age of the base image is asked for, and not known")
    return _approved(examination, rules)


def _approved(examination: Examination, rules: BaseImageRules) -> Answer:
    base = examination.context.base_image
    if base is not None and base.digest is not None:
        named = f"{base.name or 'the base image'} ({base.digest.short})"
        if base.digest in rules.digests:
            return passed(f"built on {named}")
        return failed(f"{named} is not an approved base image")
    layers = layers_of(examination.sbom)
    for lineage in rules.lineages:
        if lineage and layers[: len(lineage)] == lineage:
            return passed(f"its lowest {len(lineage)} layers are those of an approved base image")
    if layers and rules.lineages:
        return failed("its lowest layers are those of no approved base image")
    return not_evaluable("neither the base image nor the layers are known")


def _distribution_end(examination: Examination) -> str | None:
    context, found = examination.context, examination.sbom.distribution
    if context.distributions_end is None or found is None or context.now is None:
        return None
    version = found.version or ""
    for name in (f"{found.id} {version}", f"{found.id} {version.partition('.')[0]}"):
        ended = context.distributions_end.get(name.strip())
        if ended is not None and ended < context.now:
            return f"{name.strip()} is not maintained since {ended}"
    return None


def _maintained(examination: Examination) -> Answer:
    known = examination.context.unmaintained
    if known is None:
        return not_evaluable("no data about the end of life of packages is given")
    bad: list[Affected] = []
    looked = 0
    for component in described(examination.sbom):
        purl = package_url(component)
        if purl is None:
            continue
        looked += 1
        for key in (component.purl or "", str(purl), str(key_of(purl))):
            if key in known:
                bad.append(examination.affected(component, known[key]))
                break
    if bad:
        return failed(f"{len(bad)} packages are not maintained", bad)
    if not looked:
        return not_evaluable("no component has a package URL to look up")
    return passed(f"none of {looked} is known to be without maintenance")


def _platforms(examination: Examination) -> Answer:
    platforms = examination.context.platforms
    if platforms is None:
        return not_evaluable("it is not given which platforms the artifact has")
    if not platforms:
        return failed("the index names no platform")
    without = [
        Affected(name=f"{platform} ({digest.short})", problem="no SBOM")
        for platform, digest in sorted(platforms.items())
        if digest not in examination.context.platform_sboms
    ]
    if without:
        return failed(f"{len(without)} of {len(platforms)} platforms without an SBOM", without)
    return passed(f"all {len(platforms)} platforms")


def _locked(examination: Examination) -> Answer:
    locked = examination.context.locked
    if locked is None:
        return not_evaluable("no lock file and no list of what runs is given")
    if not locked:
        return not_evaluable("the lock file lists nothing")
    listed = {
        (package_key(each), version_of(each).removeprefix("v"))
        for each in shipped(examination.sbom)
    }
    missing: list[Affected] = []
    unread: list[Affected] = []
    for text in locked:
        try:
            purl = PackageUrl.parse(text)
        except MalformedError:
            unread.append(Affected(name=text[:200], problem="not a package URL"))
            continue
        if (key_of(purl), (purl.version or "").removeprefix("v")) not in listed:
            missing.append(Affected(name=text, problem="not in the SBOM"))
    if missing:
        return failed(f"{len(missing)} of {len(locked)} locked packages are missing", missing)
    if unread:
        return not_evaluable(f"{len(unread)} locked packages cannot be read", unread)
    return passed(f"all {len(locked)} locked packages")


CHECKS: Final = (
    Check(
        id="S19",
        name="base-image",
        purpose="The image stands on an approved base that is maintained.",
        expected="a base image on the list, by digest or by its layers, and not too old",
        fix="build on an approved base image; annotate org.opencontainers.image.base.digest",
        judge=_base_image,
    ),
    Check(
        id="S20",
        name="maintenance",
        purpose="No package is there that nobody maintains.",
        expected="no package that is deprecated or at its end of life",
        fix="replace the package, or accept the risk with a waiver that expires",
        judge=_maintained,
    ),
    Check(
        id="S23",
        name="platforms",
        purpose="Each platform of a multi-platform image has an SBOM of its own.",
        expected="an SBOM for each platform's manifest",
        fix="make and attest an SBOM for each platform that is built",
        judge=_platforms,
    ),
    Check(
        id="S24",
        name="lock-file",
        purpose="What was locked, or runs, is in the SBOM.",
        expected="every package of the lock file or of the running artifact",
        fix="make the SBOM after the install, or find out where the missing packages went",
        judge=_locked,
    ),
)
