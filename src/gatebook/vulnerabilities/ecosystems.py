"""One spelling for the ecosystems and package names that advisories and package URLs use.

An OSV record names a package by ecosystem and name, a component by its package URL. Both are turned
into the same :func:`coordinate`, so that looking one up by the other is an equality. Where an
ecosystem compares names without regard to case or separators, so does the coordinate; where a
record names a repository or a product stream, only what tells releases apart is kept. Rules:
ossf/osv-schema, ``ecosystems.json`` and the section on ``affected[].package``.
"""

import functools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gatebook.errors import MalformedError
from gatebook.vulnerabilities.versions import ecosystem as versions_ecosystem

__all__ = ["base_of", "coordinate", "ecosystem_key", "package_name"]

_SEPARATORS: Final = re.compile(r"[-_.]+")
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f|]")
_MAX_NAME: Final = 1024

# The suffix names a repository, and a name means one package whatever repository serves it.
_REPOSITORY_SUFFIX: Final = frozenset({"Maven", "Packagist", "VSCode"})
_LOWER_NAME: Final = frozenset(
    {
        *("Alpaquita", "Alpine", "BellSoft Hardened Containers", "Bitnami", "Chainguard"),
        *("CleanStart", "ConanCenter", "CRAN", "Bioconductor", "Debian", "Echo"),
        *("GitHub Actions", "Go", "Hex", "MinimOS", "NuGet", "Packagist", "Pub", "Ubuntu"),
        *("VSCode", "Wolfi"),
    }
)
# distro-info-data, debian.csv and ubuntu.csv: codename=release.
_CODENAME: Final = re.compile(r"(\S+)=(\S+)")
_DEBIAN: Final[dict[str, str]] = dict(
    _CODENAME.findall(
        "buzz=1.1 rex=1.2 bo=1.3 hamm=2 slink=2.1 potato=2.2 woody=3 sarge=3.1 etch=4 lenny=5 "
        "squeeze=6 wheezy=7 jessie=8 stretch=9 buster=10 bullseye=11 bookworm=12 trixie=13 "
        "forky=14 duke=15 unstable=sid"
    )
)
_UBUNTU: Final[dict[str, str]] = dict(
    _CODENAME.findall(
        "precise=12.04 quantal=12.10 raring=13.04 saucy=13.10 trusty=14.04 utopic=14.10 "
        "vivid=15.04 wily=15.10 xenial=16.04 yakkety=16.10 zesty=17.04 artful=17.10 bionic=18.04 "
        "cosmic=18.10 disco=19.04 eoan=19.10 focal=20.04 groovy=20.10 hirsute=21.04 impish=21.10 "
        "jammy=22.04 kinetic=22.10 lunar=23.04 mantic=23.10 noble=24.04 oracular=24.10 "
        "plucky=25.04 questing=25.10 resolute=26.04"
    )
)
# Products and modules of one service pack ship the same packages.
_SUSE_ENTERPRISE: Final = re.compile(
    r"Linux Enterprise (?:Server(?: for SAP Applications)?|Desktop|High Performance Computing|"
    r"Software Development Kit|Workstation Extension|Live Patching|High Availability Extension|"
    r"Module for [^:]+?) (\d+)(?:[- ]SP(\d+))?\Z"
)


@functools.lru_cache(maxsize=4096)
def ecosystem_key(text: str) -> str:
    """Return an ecosystem with its release, spelt one way.

    ``Maven:https://maven.google.com`` → ``Maven``; ``Ubuntu:22.04:LTS`` → ``Ubuntu:22.04``;
    ``Debian:bookworm`` → ``Debian:12``; ``Red Hat:enterprise_linux:9::baseos`` →
    ``Red Hat:enterprise_linux:9``; ``AlmaLinux:9.3`` → ``AlmaLinux:9``;
    ``SUSE:Linux Enterprise Server 15 SP4`` → ``SUSE:Linux Enterprise 15 SP4``. Anything else stays.

    Raises:
        MalformedError: empty, too long, or with a character that no ecosystem has.

    """
    _refuse_unsafe(text, "ecosystem")
    base, _, suffix = text.partition(":")
    if not suffix or base in _REPOSITORY_SUFFIX:
        return base
    spell = _SPELLINGS.get(base)
    return text if spell is None else f"{base}:{spell(suffix)}"


def _major(release: str) -> str:
    # Advisories are published for a major release; os-release and purls name the minor one as well.
    return release.partition(".")[0]


def _ubuntu(release: str) -> str:
    pro, number = ("Pro:", release[4:]) if release.startswith("Pro:") else ("", release)
    number = number.removesuffix(":LTS")
    return pro + _UBUNTU.get(number.lower(), number)


def _debian(release: str) -> str:
    return _DEBIAN.get(release.lower(), release.lower().removesuffix(".0"))


def _red_hat(release: str) -> str:
    # A CPE without its prefix: product, version, update, edition (here the repository).
    return ":".join(release.split(":")[:2]).rstrip(":")


def _suse(release: str) -> str:
    found = _SUSE_ENTERPRISE.match(release)
    if found is None:
        return release
    pack = f" SP{found[2]}" if found[2] else ""
    return f"Linux Enterprise {found[1]}{pack}"


_SPELLINGS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "AlmaLinux": _major,
        "Azure Linux": _major,
        "Debian": _debian,
        "Red Hat": _red_hat,
        "Rocky Linux": _major,
        "SUSE": _suse,
        "Ubuntu": _ubuntu,
    }
)


def base_of(key: str) -> str:
    """Return an ecosystem without its release."""
    return key.partition(":")[0]


def package_name(ecosystem: str, name: str) -> str:
    """Return a package's name as its ecosystem compares names.

    Raises:
        MalformedError: empty, too long, or with a character that no name has.

    """
    _refuse_unsafe(name, "package name")
    base = base_of(ecosystem)
    match base:
        case "PyPI":
            return _SEPARATORS.sub("-", name).lower()  # PEP 503
        case versions_ecosystem.CRATES:
            return name.replace("_", "-").lower()  # the registry refuses names that differ so
        case "SwiftURL":
            return _repository(name)
        case "VSCode":
            return name.replace("/", ".").lower()
        case _:
            return name.lower() if base in _LOWER_NAME else name


def coordinate(ecosystem: str, name: str) -> str:
    """Return what a package is looked up by; both parts are spelt one way already."""
    return f"{ecosystem}|{name}"


def _repository(text: str) -> str:
    # A Swift package is a git repository; its URL is written with and without scheme and suffix.
    return re.sub(r"\A[a-z+]+://", "", text.lower()).removesuffix("/").removesuffix(".git")


def _refuse_unsafe(text: str, what: str) -> None:
    if not text or len(text) > _MAX_NAME or _UNSAFE.search(text):
        raise MalformedError(
            f"an advisory or a component has the {what} {text[:80]!r}",
            code="vulnerabilities.bad-package",
        )
