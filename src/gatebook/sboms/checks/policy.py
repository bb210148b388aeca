"""What may be in it: licences, sources, denied and internal packages (S15, S17, S18, S21)."""

import re
from dataclasses import replace
from typing import Final

from gatebook.formats.purl import PackageUrl
from gatebook.formats.sbom.components import Component
from gatebook.sboms.context import PackageSources
from gatebook.sboms.diff import version_of
from gatebook.sboms.examination import (
    Affected,
    Answer,
    Check,
    Examination,
    failed,
    not_evaluable,
    passed,
)
from gatebook.sboms.inventory import described, is_package, package_url, shipped
from gatebook.sboms.licences.policy import LicenceVerdict

__all__ = ["CHECKS", "origin_hosts"]

_GIT_TYPES: Final = frozenset({"git", "github", "gitlab", "bitbucket"})
_VERSION_CONTROL: Final = re.compile(
    r"(?:git|hg|svn|bzr)(?:\+\w+)?:|[\w.-]+@[\w.-]+:\S+\.git|\S+\.git(?:[@#]|\Z)"
)
# RFC 3986 §3.2: what stands between the user and the port; without a scheme, the first segment.
_HOST: Final = re.compile(r"(?:[A-Za-z][\w+.-]*:)?(?://)?(?:[^@/?#]*@)?(\[[^\]]+\]|[^:/?#\s]+)")
_DOWNLOAD_QUALIFIERS: Final = ("repository_url", "download_url", "vcs_url")


def _licences(examination: Examination) -> Answer:
    policy = examination.context.licences
    if policy is None:
        return not_evaluable("no list of licences is given")
    denied: list[Affected] = []
    unknown: list[Affected] = []
    judged = 0
    for component in described(examination.sbom):
        rules = policy.rules_for(component) if is_package(examination.sbom, component) else None
        if rules is None:
            continue
        judged += 1
        judgement = rules.judge_component(component)
        problem = (
            f"{judgement.branch}: {judgement.reason}" if judgement.branch else judgement.reason
        )
        if judgement.verdict is LicenceVerdict.DENIED:
            denied.append(examination.affected(component, problem))
        elif judgement.verdict is LicenceVerdict.UNKNOWN:
            unknown.append(examination.affected(component, problem))
    if denied:
        return failed(f"{len(denied)} of {judged} not allowed", denied)
    if unknown:
        return not_evaluable(f"the licence of {len(unknown)} of {judged} is not known", unknown)
    if not judged:
        return not_evaluable("there is no component the lists are for")
    return passed(f"all {judged} allowed")


def _sources(examination: Examination) -> Answer:
    sources = examination.context.sources
    if sources is None:
        return not_evaluable("no list of ecosystems or registries is given")
    packages = [each for each in shipped(examination.sbom) if is_package(examination.sbom, each)]
    if not packages:
        return not_evaluable("there is no component to look at")
    bad: list[Affected] = []
    unknown: list[Affected] = []
    for component in packages:
        purl = package_url(component)
        problem = _source_problem(component, purl, sources)
        if problem is not None:
            bad.append(examination.affected(component, problem))
        elif purl is None and sources.types is not None:
            unknown.append(examination.affected(component, "no package URL, so no ecosystem"))
    if bad:
        return failed(f"{len(bad)} of {len(packages)} from somewhere else", bad)
    if unknown:
        return not_evaluable(f"of {len(unknown)} packages the ecosystem is not known", unknown)
    return passed(f"all {len(packages)} packages")


def _source_problem(
    component: Component, purl: PackageUrl | None, sources: PackageSources
) -> str | None:
    if purl is not None and sources.types is not None and purl.type not in sources.types:
        return f"{purl.type} is not an approved ecosystem"
    if not sources.version_control:
        from_git = _version_control(component, purl)
        if from_git is not None:
            return f"taken from source control: {from_git[:200]}"
    if sources.hosts is not None:
        for host in origin_hosts(component):
            if host not in sources.hosts:
                return f"{host} is not an approved registry"
    return None


def _version_control(component: Component, purl: PackageUrl | None) -> str | None:
    """Where it was taken from, when that is a repository of source code.

    A reference of the type ``vcs`` says where the source is, not where the package was taken from.
    """
    if purl is not None:
        if purl.type in _GIT_TYPES:
            return str(purl)
        found = dict(purl.qualifiers).get("vcs_url")
        if found and "download_url" not in dict(purl.qualifiers):
            return found
    for url in (*component.references("distribution"), component.version or ""):
        if _VERSION_CONTROL.match(url):
            return url
    return None


def origin_hosts(component: Component) -> tuple[str, ...]:
    """The hosts a package is said to come from; none where nothing is said."""
    purl = package_url(component)
    qualifiers = dict(purl.qualifiers) if purl is not None else {}
    urls = [qualifiers[name] for name in _DOWNLOAD_QUALIFIERS if name in qualifiers]
    urls += component.references("distribution", "distribution-intake")
    return tuple(dict.fromkeys(host for each in urls if (host := _host(each))))


def _host(url: str) -> str | None:
    match = _HOST.match(url.strip())
    return match[1].lower() if match else None


def _names(purl: PackageUrl) -> tuple[str, ...]:
    """The package URL without version, qualifiers and subpath, plain and as it is encoded."""
    path = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
    plain = f"pkg:{purl.type}/{path}"
    encoded = str(replace(purl, version=None, qualifiers=(), subpath=None))
    return (plain,) if plain == encoded else (plain, encoded)


def _denied(examination: Examination) -> Answer:
    context = examination.context
    if context.denied is None and context.typosquats is None and context.malicious is None:
        return not_evaluable("no list of denied or malicious packages is given")
    bad: list[Affected] = []
    unknown: list[Affected] = []
    looked = 0
    for component in described(examination.sbom):
        purl = package_url(component)
        if purl is None:
            if is_package(examination.sbom, component):
                unknown.append(examination.affected(component, "no package URL"))
            continue
        looked += 1
        problem, undecided = _denial(examination, component, purl)
        if problem is not None:
            bad.append(examination.affected(component, problem))
        elif undecided is not None:
            unknown.append(examination.affected(component, undecided))
    if bad:
        return failed(f"{len(bad)} denied", bad)
    if unknown or not looked:
        return not_evaluable(f"{len(unknown)} packages could not be looked up", unknown)
    return passed(f"none of {looked} is denied")


def _denial(
    examination: Examination, component: Component, purl: PackageUrl
) -> tuple[str | None, str | None]:
    """Why a package is denied, and what could not be decided."""
    context, names = examination.context, _names(purl)
    if context.typosquats is not None and not context.typosquats.isdisjoint(names):
        return "it imitates the name of another package", None
    for key in (component.purl or "", str(purl), *names):
        advisories = (context.malicious or {}).get(key)
        if advisories:
            return f"malicious: {', '.join(advisories[:5])}", None
    undecided = None
    for rule in context.denied or ():
        if not any(map(rule.package.matches, names)):
            continue
        because = f": {rule.reason}" if rule.reason else ""
        if rule.versions is None:
            return f"{rule.package} is denied{because}", None
        version = version_of(component)
        inside = (
            context.in_range(rule.versions, purl.type, version)
            if context.in_range is not None and version
            else None
        )
        if inside:
            return f"{rule.package} is denied in {rule.versions}{because}", None
        if inside is None:
            undecided = f"whether {version or 'no version'} is in {rule.versions} is not known"
    return None, undecided


def _internal(examination: Examination) -> Answer:
    internal = examination.context.internal
    if internal is None:
        return not_evaluable("no internal names are given")
    bad: list[Affected] = []
    unknown: list[Affected] = []
    ours = 0
    for component in shipped(examination.sbom):
        called = _called(component)
        if not any(each.matches(name) for each in internal.packages for name in called):
            continue
        ours += 1
        hosts = origin_hosts(component)
        strange = [each for each in hosts if each not in internal.hosts]
        if strange:
            bad.append(examination.affected(component, f"comes from {strange[0]}"))
        elif not hosts:
            unknown.append(examination.affected(component, "it is not said where it comes from"))
    if bad:
        return failed(f"{len(bad)} internal packages from a registry that is not one's own", bad)
    if unknown:
        return not_evaluable(f"of {len(unknown)} internal packages the origin is not said", unknown)
    if not shipped(examination.sbom):
        return not_evaluable("there is no component to look at")
    return passed(f"all {ours} internal packages come from one's own registries")


def _called(component: Component) -> tuple[str, ...]:
    purl = package_url(component)
    if purl is not None:
        return _names(purl)
    return (f"{component.group}/{component.name}" if component.group else component.name,)


CHECKS: Final = (
    Check(
        id="S15",
        name="licences",
        purpose="Every component may be used in the way the artifact is distributed.",
        expected="expressions that the lists allow: one branch of OR, all of AND",
        fix="replace the component, choose another branch, or have the licence approved",
        judge=_licences,
    ),
    Check(
        id="S17",
        name="package-sources",
        purpose="Packages come from approved ecosystems and registries, as released.",
        expected="approved types and hosts, and nothing straight out of a repository",
        fix="take the package from an approved registry, or have the source approved",
        judge=_sources,
    ),
    Check(
        id="S18",
        name="denied-packages",
        purpose="No package is there that must not be: denied, malicious or an imitation.",
        expected="no package of the lists",
        fix="remove the package; when it is malicious, treat the build machine as lost",
        judge=_denied,
    ),
    Check(
        id="S21",
        name="internal-packages",
        purpose="One's own packages come from one's own registries (dependency confusion).",
        expected="internal names from internal registries only",
        fix="pin the registry for internal names, and reserve them in the public one",
        judge=_internal,
    ),
)
