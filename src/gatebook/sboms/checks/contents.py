"""What is in the list: how much, how exact, and how well connected (S08 to S14)."""

from typing import Final

from gatebook.formats.sbom.components import Component
from gatebook.sboms.examination import (
    Answer,
    Check,
    CheckStatus,
    Examination,
    failed,
    not_evaluable,
    passed,
)
from gatebook.sboms.graph import reach
from gatebook.sboms.identity import PURL_TYPES, agreement_problem, version_problem
from gatebook.sboms.inventory import is_package, package_url, shipped
from gatebook.sboms.profiles import judge_profile, profile_named

__all__ = ["CHECKS"]

_STRONG: Final = frozenset(
    {
        *("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"),
        *("blake2b_256", "blake2b_384", "blake2b", "blake3"),
    }
)
_NOTHING: Final = "there is no component to look at"


def _profiles(examination: Examination) -> Answer:
    names = examination.context.profiles
    if not names:
        return not_evaluable("no profile is named")
    results = [judge_profile(profile_named(name), examination.sbom) for name in names]
    missing = [
        f"{result.profile}: {each.id} {each.percent} %"
        for result in results
        for each in result.missing
    ]
    if missing:
        lacking = {
            (each.ref, each.name): each
            for result in results
            for element in result.missing
            for each in element.lacking
        }
        fixes = dict.fromkeys(each.fix for result in results for each in result.missing)
        return failed("; ".join(missing), lacking.values(), fix="; ".join(fixes))
    if any(each.status is CheckStatus.NOT_EVALUABLE for each in results):
        return not_evaluable(_NOTHING)
    return passed(", ".join(f"{each.profile}: {each.percent} %" for each in results))


def _count(examination: Examination) -> Answer:
    context = examination.context
    count = len(shipped(examination.sbom))
    if count < max(1, context.min_components):
        return failed(f"{count} of at least {max(1, context.min_components)} components")
    if context.previous is None:
        return passed(f"{count} components; no earlier release to compare with")
    before = len(shipped(context.previous))
    if count < before * (1 - context.max_shrinkage):
        return failed(f"{count} components, in the previous release {before}")
    return passed(f"{count} components, in the previous release {before}")


def _packages(examination: Examination) -> tuple[Component, ...]:
    return tuple(each for each in shipped(examination.sbom) if is_package(examination.sbom, each))


def _versions(examination: Examination) -> Answer:
    packages = _packages(examination)
    if not packages:
        return not_evaluable(_NOTHING)
    bad = [
        examination.affected(each, problem)
        for each in packages
        if not each.version_range and (problem := version_problem(each.version)) is not None
    ]
    found = f"{len(bad)} of {len(packages)} without an exact version"
    if len(bad) > examination.context.version_threshold * len(packages):
        return failed(found, bad)
    return passed(found)


def _purls(examination: Examination) -> Answer:
    packages = _packages(examination)
    if not packages:
        return not_evaluable(_NOTHING)
    bad = [
        examination.affected(each, problem)
        for each in packages
        if (problem := _purl_problem(each)) is not None
    ]
    if bad:
        return failed(f"{len(bad)} of {len(packages)} without a package URL of their own", bad)
    return passed(f"all {len(packages)} packages")


def _purl_problem(component: Component) -> str | None:
    if not component.purl:
        return "no package URL"
    purl = package_url(component)
    if purl is None:
        return "the package URL cannot be read"
    if purl.type not in PURL_TYPES:
        return f"{purl.type[:40]!r} is no type of package URLs"
    return agreement_problem(component, purl)


def _hashes(examination: Examination) -> Answer:
    packages = _packages(examination)
    if not packages:
        return not_evaluable(_NOTHING)
    bad = []
    for component in packages:
        names = {algorithm for algorithm, _ in component.hashes}
        if names.isdisjoint(_STRONG):
            weak = f"only {', '.join(sorted(names))}" if names else "no hash that is one"
            bad.append(examination.affected(component, weak))
    if bad:
        return failed(f"{len(bad)} of {len(packages)} without a hash of SHA-256 or stronger", bad)
    return passed(f"all {len(packages)} packages")


def _suppliers(examination: Examination) -> Answer:
    packages = _packages(examination)
    if not packages:
        return not_evaluable(_NOTHING)
    bad = [
        examination.affected(each)
        for each in packages
        if not (each.supplier or each.manufacturer or each.author)
    ]
    if bad:
        return failed(f"{len(bad)} of {len(packages)} without a supplier or producer", bad)
    return passed(f"all {len(packages)} packages")


def _graph(examination: Examination) -> Answer:
    sbom = examination.sbom
    if not shipped(sbom):
        return not_evaluable(_NOTHING)
    found = reach(sbom)
    if not found.roots:
        return failed("it does not say what it is about, so that nothing can be reached")
    if not found.told:
        return failed("nothing is said of what the root depends on")
    total = found.reached + len(found.orphans)
    claims = sorted({each.aggregate for each in sbom.completeness})
    claimed = f"it claims to be {', '.join(claims)}" if claims else "nothing claims completeness"
    words = (
        f"{found.reached} of {total} reachable from the root; of {found.silent} it is not said "
        f"whether they depend on anything; {claimed}"
    )
    if len(found.orphans) > examination.context.max_orphans * total:
        return failed(words, map(examination.affected, found.orphans))
    return passed(words)


CHECKS: Final = (
    Check(
        id="S08",
        name="minimum-elements",
        purpose="It has the elements that a standard asks for.",
        expected="every required element of each profile, for each component",
        fix="let the tool write the elements that are missing",
        judge=_profiles,
    ),
    Check(
        id="S09",
        name="component-count",
        purpose="The list is not empty, and not suddenly much shorter.",
        expected="as many components as asked for, and about as many as in the previous release",
        fix="run the tool where the packages are installed, or on the built artifact",
        judge=_count,
    ),
    Check(
        id="S10",
        name="component-versions",
        purpose="Each package is there in one exact version.",
        expected="a version that is no range, placeholder or moving name",
        fix="resolve the dependencies first: make the SBOM from the lock file or the artifact",
        judge=_versions,
    ),
    Check(
        id="S11",
        name="package-urls",
        purpose="Each package has a package URL that is its own.",
        expected="a package URL of a known type, with the component's name and version",
        fix="let the tool write package URLs, and correct those that name something else",
        judge=_purls,
    ),
    Check(
        id="S12",
        name="component-hashes",
        purpose="Each package can be recognised by its bytes.",
        expected="a hash of the right length, SHA-256 or stronger",
        fix="let the tool write hashes of the packages' files",
        judge=_hashes,
    ),
    Check(
        id="S13",
        name="component-suppliers",
        purpose="It is known who supplies or makes each package.",
        expected="a supplier, manufacturer or author",
        fix="let the tool write suppliers, or add them where the packages are known",
        judge=_suppliers,
    ),
    Check(
        id="S14",
        name="dependency-graph",
        purpose="It is known why each package is there.",
        expected="a root with dependencies, from which every component can be reached",
        fix="make the SBOM with a tool that knows the dependencies, and name the root",
        judge=_graph,
    ),
)
