"""Which scheme the versions of an ecosystem follow: by OSV name, package URL type or VERS type.

Sources: ossf/osv-schema (ecosystems.json and the table of ``affected[].package``), purl-spec types,
VERS types. An ecosystem without a documented order has none here: its versions compare literally or
not at all.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatebook.vulnerabilities.versions.scheme import Scheme

__all__ = ["CRATES", "scheme_of", "scheme_of_purl_type", "scheme_of_vers_type"]


def _named(names: Mapping[Scheme, tuple[str, ...]]) -> Mapping[str, Scheme]:
    return MappingProxyType({name: scheme for scheme, each in names.items() for name in each})


CRATES: Final = "crates.{}".format("io")  # OSV's name for Rust's packages, no host

_ECOSYSTEMS: Final = _named(
    {
        Scheme.ALPM: ("Arch Linux",),
        Scheme.APK: (
            *("Alpaquita", "Alpine", "BellSoft Hardened Containers", "Chainguard"),
            *("CleanStart", "MinimOS", "Wolfi"),
        ),
        Scheme.BITNAMI: ("Bitnami",),
        Scheme.COMPOSER: ("Packagist",),
        Scheme.CONAN: ("ConanCenter",),
        Scheme.CRAN: ("Bioconductor", "CRAN"),
        Scheme.DEB: ("Debian", "Echo", "Ubuntu"),
        Scheme.GEM: ("RubyGems",),
        Scheme.GENERIC: ("Linux",),
        Scheme.GIT_TAG: ("GitHub Actions",),
        Scheme.GO: ("Go", "Kubernetes"),
        Scheme.HACKAGE: ("GHC", "Hackage"),
        Scheme.MAVEN: ("Maven",),
        Scheme.NUGET: ("NuGet",),
        Scheme.OPAM: ("opam",),
        Scheme.PEP440: ("PyPI",),
        Scheme.PUB: ("Pub",),
        Scheme.RPM: (
            *("AlmaLinux", "Azure Linux", "Mageia", "Photon OS", "Red Hat", "Rocky Linux"),
            *("SUSE", "openEuler", "openSUSE"),
        ),
        Scheme.SEMVER: ("Hex", "Julia", "SwiftURL", "VSCode", CRATES, "npm"),
    }
)
_PURL_TYPES: Final = _named(
    {
        Scheme.ALPM: ("alpm",),
        Scheme.APK: ("apk",),
        Scheme.BITNAMI: ("bitnami",),
        Scheme.COMPOSER: ("composer",),
        Scheme.CONAN: ("conan",),
        Scheme.CRAN: ("bioconductor", "cran"),
        Scheme.DEB: ("deb",),
        Scheme.GEM: ("gem",),
        Scheme.GENTOO: ("ebuild",),
        Scheme.GIT_TAG: ("github", "githubactions"),
        Scheme.GO: ("golang",),
        Scheme.HACKAGE: ("hackage",),
        Scheme.MAVEN: ("maven",),
        Scheme.NUGET: ("nuget",),
        Scheme.OPAM: ("opam",),
        Scheme.PEP440: ("pypi",),
        Scheme.PUB: ("pub",),
        Scheme.RPM: ("rpm",),
        Scheme.SEMVER: ("cargo", "hex", "julia", "npm", "swift", "vscode-extension"),
    }
)
_VERS_TYPES: Final = MappingProxyType(
    {
        **_PURL_TYPES,
        "dart": Scheme.PUB,
        "datetime": Scheme.DATETIME,
        "generic": Scheme.GENERIC,
        "gentoo": Scheme.GENTOO,
        "intdot": Scheme.INTDOT,
        "lexicographic": Scheme.LEXICOGRAPHIC,
        "nginx": Scheme.SEMVER,
        "openssl": Scheme.OPENSSL,
        "semver": Scheme.SEMVER,
    }
)
# Root and Echo patch the packages of others and file them as "Root:Debian:12", "Echo:PyPI".
_REPACKAGERS: Final = frozenset({"Docker Hardened Images", "Echo", "Root", "TuxCare"})


def scheme_of(ecosystem: str) -> Scheme | None:
    """The scheme of an OSV ecosystem, with or without its release: ``Debian:12``, ``npm``."""
    name, _, rest = ecosystem.partition(":")
    if rest and name in _REPACKAGERS:
        inner = _ECOSYSTEMS.get(rest.partition(":")[0])
        if inner is not None:
            return inner
    return _ECOSYSTEMS.get(name)


def scheme_of_purl_type(package_type: str) -> Scheme | None:
    """The scheme of a package URL type: ``deb``, ``golang``."""
    return _PURL_TYPES.get(package_type)


def scheme_of_vers_type(vers_type: str) -> Scheme | None:
    """The scheme of a VERS type: ``deb``, ``semver``, ``intdot``."""
    return _VERS_TYPES.get(vers_type)
