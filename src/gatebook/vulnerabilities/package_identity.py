"""From a component to what advisories call it: ecosystem, name and version.

A component that no advisory could name, or whose version or release is missing, is not clean: it is
:class:`Unidentified`, with a stable code. Type rules: package-url/purl-spec and the descriptions of
ossf/osv-schema, ``ecosystems.json``.
"""

import functools
import re
from typing import Final, NamedTuple

from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.vulnerabilities.distributions import Distribution, distribution_of
from gatebook.vulnerabilities.ecosystems import base_of, package_name
from gatebook.vulnerabilities.versions.ecosystem import CRATES

__all__ = [
    "Identified",
    "Lookup",
    "SourcePackage",
    "Unidentified",
    "identify",
    "identify_purl",
]

_SIMPLE: Final = {
    "bioconductor": "Bioconductor",
    "bitnami": "Bitnami",
    "cargo": CRATES,
    "conan": "ConanCenter",
    "cran": "CRAN",
    "gem": "RubyGems",
    "hackage": "Hackage",
    "julia": "Julia",
    "nuget": "NuGet",
    "opam": "opam",
    "pub": "Pub",
    "pypi": "PyPI",
}
_NAMESPACED: Final = {
    "composer": "Packagist",
    "github": "GitHub Actions",
    "githubactions": "GitHub Actions",
    "golang": "Go",
    "hex": "Hex",
    "k8s": "Kubernetes",
    "npm": "npm",
    "swift": "SwiftURL",
    "vscode-extension": "VSCode",
}
_DISTRIBUTION_TYPES: Final = frozenset({"apk", "deb", "rpm"})
# rubygems.org: gems for one platform have it behind the version.
_GEM_PLATFORM: Final = re.compile(
    r"-(?:java|jruby|ruby|universal|aarch64|arm(?:v\d\w*|64|-linux)?|x86(?:_64|-)?|x64|i\d86|"
    r"mswin|mingw|powerpc\w*|s390x?|riscv64)(?:-[\w.-]+)?\Z"
)
_SOURCE_RPM: Final = re.compile(r"(.+)-([^-]+)-([^-]+?)\.(?:no)?src\.rpm\Z")
_EPOCH: Final = re.compile(r"\d{1,9}\Z", re.ASCII)
_GO_RELEASE: Final = re.compile(r"(?:go|v)(?=\d)")
_PLAIN: Final = "[A-Za-z0-9._~-]"
_USUAL: Final = re.compile(
    rf"pkg:(cargo|golang|maven|npm|nuget)/(?:%40({_PLAIN}++)/)?((?:{_PLAIN}++/)*+)({_PLAIN}++)"
    r"@([A-Za-z0-9._~:+-]{1,200})\Z",
    re.ASCII,
)
_CACHED: Final = 65_536


class Lookup(NamedTuple):
    """One name a component may have in advisories.

    Attributes:
        ecosystem: with its release, spelt one way.
        name: as the ecosystem compares names.
        version: of the package of that name.
        release_known: whether ``ecosystem`` is the release; if not, any release may be it.

    """

    ecosystem: str
    name: str
    version: str
    release_known: bool = True


class Identified(NamedTuple):
    """A component as advisories name it.

    Attributes:
        purl: the component, as written.
        name: for people.
        version: for people; what the component itself says.
        lookups: every name to look for; an advisory on any of them touches the component.
        assumed_source: a distribution package of which no source package is known: its own name is
            taken for the source's, as it is for most.

    """

    purl: str
    name: str
    version: str
    lookups: tuple[Lookup, ...]
    assumed_source: bool = False


class Unidentified(NamedTuple):
    """A component that advisories cannot be looked up for.

    Attributes:
        purl: as written; empty when there is none.
        name: for people.
        code: stable name of the reason.
        reason: for people.

    """

    purl: str
    name: str
    code: str
    reason: str


class SourcePackage(NamedTuple):
    """The source package a distribution's package was built from, where an SBOM says it elsewhere.

    Attributes:
        name: of the source package.
        version: its version with release and epoch; ``None`` when it is the package's own.

    """

    name: str
    version: str | None = None


@functools.lru_cache(maxsize=_CACHED)
def identify_purl(
    text: str, *, distro: str | None = None, source: SourcePackage | None = None
) -> Identified | Unidentified:
    """Identify a component by its package URL.

    Args:
        text: the package URL, as written.
        distro: the release of the distribution, ``debian-12``, where the SBOM says it for all.
        source: the source package, where the package URL does not say it.

    """
    try:
        purl = _usual(text) or PackageUrl.parse(text)
    except MalformedError as error:
        return Unidentified(text, text[:200], "vulnerabilities.bad-purl", error.message)
    return identify(purl, written=text, distro=distro, source=source)


def _usual(text: str) -> PackageUrl | None:
    """Parse what most package URLs look like, of types whose names and versions stay as they are.

    Parsing takes most of the time that a new SBOM takes to match; this takes a third of it, and
    gives what :meth:`PackageUrl.parse` gives.
    """
    found = _USUAL.match(text)
    if found is None:
        return None
    kind, scope, namespace, name, version = found.groups()
    if kind == "npm":
        # A scope is the only namespace there is, and always has its sign.
        return (
            None if namespace else PackageUrl(kind, f"@{scope}" if scope else None, name, version)
        )
    if scope or (kind != "golang" and bool(namespace) != (kind == "maven")):
        return None
    return PackageUrl(kind, namespace[:-1] or None, name, version)


def identify(
    purl: PackageUrl,
    *,
    written: str | None = None,
    distro: str | None = None,
    source: SourcePackage | None = None,
) -> Identified | Unidentified:
    """Identify a component by its parsed package URL; arguments as :func:`identify_purl`."""
    text = written if written is not None else str(purl)
    label = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
    if purl.type in _DISTRIBUTION_TYPES:
        return _distribution_package(purl, text, label, distro, source)
    ecosystem = _SIMPLE.get(purl.type) or _NAMESPACED.get(purl.type)
    if purl.type == "maven":
        ecosystem, label = "Maven", f"{purl.namespace}:{purl.name}"
    if ecosystem is None:
        return Unidentified(
            text,
            label,
            "vulnerabilities.no-ecosystem",
            f"no advisories are published for packages of type {purl.type!r}",
        )
    if not purl.version:
        return _no_version(text, label)
    version = _version(ecosystem, purl.version)
    names = [purl.name if purl.type in _SIMPLE else label]
    if ecosystem == "GitHub Actions" and purl.subpath:
        names.append(f"{label}/{purl.subpath}")  # an action in a directory of its repository
    try:
        lookups = tuple(Lookup(ecosystem, package_name(ecosystem, name), version) for name in names)
    except MalformedError as error:
        return Unidentified(text, label, "vulnerabilities.bad-purl", error.message)
    return Identified(text, label, purl.version, lookups)


def _version(ecosystem: str, version: str) -> str:
    match ecosystem:
        case "Go":
            return _GO_RELEASE.sub("", version, count=1) if version[0] in "gv" else version
        case "RubyGems":
            return _GEM_PLATFORM.sub("", version)
        case _:
            return version


def _no_version(text: str, label: str) -> Unidentified:
    return Unidentified(
        text, label, "vulnerabilities.no-version", "the component does not say its version"
    )


def _distribution_package(
    purl: PackageUrl, text: str, label: str, distro: str | None, source: SourcePackage | None
) -> Identified | Unidentified:
    found = distribution_of(purl.type, purl.namespace or "", purl.qualifier("distro") or distro)
    if found is None:
        return Unidentified(
            text,
            label,
            "vulnerabilities.unknown-distribution",
            f"no advisories are published for {purl.type} packages of {purl.namespace!r}",
        )
    if not purl.version:
        return _no_version(text, label)
    own = _with_epoch(purl.version, purl.qualifier("epoch"), found)
    origin = _upstream(purl) or source
    named: list[tuple[str, str]] = []
    if found.by_source:
        if origin is None:
            named.append((purl.name, own))
        else:
            version = origin.version or own
            named.append((origin.name, version if found.epochs else _without_epoch(version)))
    if found.by_binary or origin is None:
        named.append((purl.name, own))
    try:
        lookups = tuple(
            dict.fromkeys(
                Lookup(
                    _with_support(found.ecosystem, version),
                    package_name(found.ecosystem, name),
                    version,
                    found.release_known,
                )
                for name, version in named
            )
        )
    except MalformedError as error:
        return Unidentified(text, label, "vulnerabilities.bad-purl", error.message)
    assumed = found.by_source and origin is None and purl.qualifier("arch") not in {"src", "source"}
    return Identified(text, label, purl.version, lookups, assumed)


def _with_epoch(version: str, epoch: str | None, found: Distribution) -> str:
    # rpm keeps the epoch apart, and so do its purls; advisories of some vendors leave it out.
    if not found.epochs:
        return _without_epoch(version)
    if epoch is None or ":" in version or _EPOCH.match(epoch) is None or int(epoch) == 0:
        return version
    return f"{epoch}:{version}"


def _without_epoch(version: str) -> str:
    before, colon, after = version.partition(":")
    return after if colon and _EPOCH.match(before) else version


def _with_support(ecosystem: str, version: str) -> str:
    # Packages of Ubuntu Pro carry "esm" in the version, and their fixes are filed apart.
    if base_of(ecosystem) == "Ubuntu" and "esm" in version and ":" in ecosystem:
        return ecosystem.replace("Ubuntu:", "Ubuntu:Pro:", 1)
    return ecosystem


def _upstream(purl: PackageUrl) -> SourcePackage | None:
    # purl-spec leaves "upstream" to tools: "openssl", "openssl@3.0.11-1", "bash-5.1-6.el9.src.rpm".
    text = purl.qualifier("upstream") or purl.qualifier("origin") or purl.qualifier("source")
    if text is None:
        return None
    found = _SOURCE_RPM.match(text)
    if found is not None:
        epoch = purl.qualifier("epoch")
        version = f"{found[2]}-{found[3]}"
        # The epoch of a source package is that of its packages but for a handful of them.
        return SourcePackage(
            found[1], f"{epoch}:{version}" if epoch not in {None, "0"} else version
        )
    name, _, version = text.partition("@")
    return SourcePackage(name, version or None)
