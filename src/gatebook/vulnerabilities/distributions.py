"""Which release of which Linux distribution a package belongs to, in OSV's words.

A distribution's advisories hold for one release, because a fix is backported to a version number of
its own. The release comes from the purl's ``distro`` qualifier, which tools fill from os-release as
``ID-VERSION_ID`` (``debian-12``), as the bare version (``3.18.4``) or as a codename (``bookworm``).
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from gatebook.vulnerabilities.ecosystems import ecosystem_key

__all__ = ["Distribution", "distribution_of"]

_NUMBER: Final = re.compile(r"(\d+)(?:\.(\d+))?")
_CODENAME: Final = re.compile(r"[a-z]+\Z")
_OPENEULER: Final = re.compile(r"(\d\d\.\d\d)[- (]+(LTS(?:[- ]SP\d+)?)\)?\Z", re.IGNORECASE)


class Distribution(NamedTuple):
    """A distribution's ecosystem and how its packages are named in advisories.

    Attributes:
        ecosystem: the ecosystem with its release, spelt one way; without one in distributions that
            have none.
        release_known: whether it is certain which release it is.
        by_source: advisories name source packages.
        by_binary: advisories name binary packages.
        epochs: versions in advisories have epochs.

    """

    ecosystem: str
    release_known: bool
    by_source: bool
    by_binary: bool
    epochs: bool


class _Family(NamedTuple):
    ecosystem: str
    release: Callable[[str], str | None] | None
    by_source: bool = True
    by_binary: bool = False
    epochs: bool = True


def _major(text: str) -> str | None:
    found = _NUMBER.match(text)
    return None if found is None else found[1]


def _minor(text: str) -> str | None:
    found = _NUMBER.match(text)
    return None if found is None or found[2] is None else f"{found[1]}.{found[2]}"


def _whole(text: str) -> str | None:
    return text or None


def _debian(text: str) -> str | None:
    # Debian counts major releases since 4; before that, and for codenames, the text is the release.
    major = _major(text)
    if major is not None:
        return major
    return text.partition("/")[0] if _CODENAME.match(text.partition("/")[0]) else None


def _ubuntu(text: str) -> str | None:
    return _minor(text) or (text if _CODENAME.match(text) else None)


def _alpine(text: str) -> str | None:
    if text == "edge" or "_alpha" in text:
        return "edge"  # os-release of edge says 3.21.0_alpha20240807
    found = _minor(text.removeprefix("v"))
    return None if found is None else f"v{found}"


def _enterprise_linux(text: str) -> str | None:
    major = _major(text)
    return None if major is None else f"enterprise_linux:{major}"


def _suse(text: str) -> str | None:
    found = _NUMBER.match(text)
    if found is None:
        return None
    pack = f" SP{found[2]}" if found[2] not in {None, "0"} else ""
    return f"Linux Enterprise Server {found[1]}{pack}"


def _suse_micro(text: str) -> str | None:
    found = _minor(text)
    return None if found is None else f"Linux Enterprise Micro {found}"


def _leap(text: str) -> str | None:
    found = _minor(text)
    return None if found is None else f"Leap {found}"


def _openeuler(text: str) -> str | None:
    # VERSION_ID is 22.03 for every service pack; advisories tell them apart.
    found = _OPENEULER.match(text)
    return None if found is None else f"{found[1]}-{found[2].upper().replace(' ', '-')}"


def _tumbleweed(text: str) -> str | None:
    del text
    return "Tumbleweed"


_DEBIAN: Final = _Family("Debian", _debian)
_UBUNTU: Final = _Family("Ubuntu", _ubuntu)
_ALPINE: Final = _Family("Alpine", _alpine)
_RED_HAT: Final = _Family("Red Hat", _enterprise_linux, by_binary=True)
_ALMA: Final = _Family("AlmaLinux", _major, by_binary=True)
_ROCKY: Final = _Family("Rocky Linux", _major, by_binary=True)
_AZURE: Final = _Family("Azure Linux", _major, by_binary=True, epochs=False)
_SUSE: Final = _Family("SUSE", _suse, by_binary=True, epochs=False)
_SUSE_MICRO: Final = _Family("SUSE", _suse_micro, by_binary=True, epochs=False)
_LEAP: Final = _Family("openSUSE", _leap, by_binary=True, epochs=False)
_TUMBLEWEED: Final = _Family("openSUSE", _tumbleweed, by_binary=True, epochs=False)
_PHOTON: Final = _Family("Photon OS", _minor, by_binary=True, epochs=False)
_MAGEIA: Final = _Family("Mageia", _major, by_binary=True, epochs=False)
_OPENEULER_FAMILY: Final = _Family("openEuler", _openeuler, by_binary=True, epochs=False)

# (purl type, namespace or the ID of os-release) → distribution.
# The rpm databases of SUSE, openEuler and others have no epochs, those of the Red Hat family have.
_FAMILIES: Final[Mapping[tuple[str, str], _Family]] = MappingProxyType(
    {
        ("deb", "debian"): _DEBIAN,
        ("deb", "ubuntu"): _UBUNTU,
        ("deb", "echo"): _Family("Echo", None, by_binary=True),
        ("apk", "alpine"): _ALPINE,
        ("apk", "wolfi"): _Family("Wolfi", None, by_binary=True),
        ("apk", "chainguard"): _Family("Chainguard", None, by_binary=True),
        ("apk", "minimos"): _Family("MinimOS", None, by_binary=True),
        ("apk", "cleanstart"): _Family("CleanStart", None, by_binary=True),
        ("apk", "clnstrt"): _Family("CleanStart", None, by_binary=True),
        ("apk", "alpaquita"): _Family("Alpaquita", _whole),
        ("apk", "bellsoft-hardened-containers"): _Family("BellSoft Hardened Containers", _whole),
        **{("rpm", name): _RED_HAT for name in ("redhat", "rhel", "centos")},
        **{("rpm", name): _ALMA for name in ("almalinux", "alma")},
        **{("rpm", name): _ROCKY for name in ("rocky", "rockylinux", "rocky-linux")},
        **{
            ("rpm", name): _AZURE
            for name in ("azurelinux", "azure-linux", "mariner", "cbl-mariner")
        },
        **{("rpm", name): _SUSE for name in ("suse", "sles", "sled", "sles_sap", "sle_hpc")},
        **{
            ("rpm", name): _SUSE_MICRO
            for name in ("sle-micro", "sle-micro-rancher", "sl-micro", "suse-microos")
        },
        **{("rpm", name): _LEAP for name in ("opensuse", "opensuse-leap", "opensuse.leap")},
        **{("rpm", name): _TUMBLEWEED for name in ("opensuse-tumbleweed", "opensuse.tumbleweed")},
        ("rpm", "photon"): _PHOTON,
        ("rpm", "mageia"): _MAGEIA,
        ("rpm", "openeuler"): _OPENEULER_FAMILY,
    }
)


def distribution_of(kind: str, namespace: str, distro: str | None) -> Distribution | None:
    """Find the distribution of a package.

    Args:
        kind: ``deb``, ``rpm`` or ``apk``.
        namespace: the purl's namespace: the vendor.
        distro: what the purl, or the SBOM as a whole, says of the release.

    Returns:
        ``None`` when no advisories are known for the vendor.

    """
    written = (distro or "").strip().lower()
    name, release = _split(kind, written)
    # The namespace says "opensuse" and "suse" for several products; the distro tells them apart.
    family = _FAMILIES.get((kind, name)) or _FAMILIES.get((kind, namespace.lower()))
    if family is None:
        return None
    if (kind, name) not in _FAMILIES:
        release = written
    found = family.release(release) if family.release is not None else None
    ecosystem = family.ecosystem if found is None else f"{family.ecosystem}:{found}"
    return Distribution(
        ecosystem=ecosystem_key(ecosystem),
        release_known=found is not None or family.release is None,
        by_source=family.by_source,
        by_binary=family.by_binary,
        epochs=family.epochs,
    )


def _split(kind: str, distro: str) -> tuple[str, str]:
    # IDs hold dashes themselves: opensuse-leap-15.5, sle-micro-5.3.
    parts = distro.split("-")
    for count in range(len(parts), 0, -1):
        name = "-".join(parts[:count])
        if (kind, name) in _FAMILIES:
            return name, "-".join(parts[count:])
    return "", distro
