"""The schemes of versions, and the one door to their keys."""

import enum
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gatebook.vulnerabilities.versions import (
    alpm,
    apk,
    bitnami,
    composer,
    conan,
    deb,
    dotted,
    gem,
    generic,
    gentoo,
    git_tag,
    go,
    instant,
    lexicographic,
    maven,
    nuget,
    openssl,
    pep440,
    pub,
    rpm,
    semver,
)

__all__ = ["Scheme", "compare_versions", "version_key"]


class Scheme(enum.Enum):
    """How versions of an ecosystem are written and ordered."""

    ALPM = "alpm"
    APK = "apk"
    BITNAMI = "bitnami"
    COMPOSER = "composer"
    CONAN = "conan"
    CRAN = "cran"
    DATETIME = "datetime"
    DEB = "deb"
    GEM = "gem"
    GENERIC = "generic"
    GENTOO = "gentoo"
    GIT_TAG = "git-tag"
    GO = "go"
    HACKAGE = "hackage"
    INTDOT = "intdot"
    LEXICOGRAPHIC = "lexicographic"
    MAVEN = "maven"
    NUGET = "nuget"
    OPAM = "opam"
    OPENSSL = "openssl"
    PEP440 = "pep440"
    PUB = "pub"
    RPM = "rpm"
    SEMVER = "semver"

    def __str__(self) -> str:
        return self.value


_KEYS: Final[Mapping[Scheme, Callable[[str], bytes]]] = MappingProxyType(
    {
        Scheme.ALPM: alpm.key,
        Scheme.APK: apk.key,
        Scheme.BITNAMI: bitnami.key,
        Scheme.COMPOSER: composer.key,
        Scheme.CONAN: conan.key,
        Scheme.CRAN: dotted.cran_key,
        Scheme.DATETIME: instant.key,
        Scheme.DEB: deb.key,
        Scheme.GEM: gem.key,
        Scheme.GENERIC: generic.key,
        Scheme.GENTOO: gentoo.key,
        Scheme.GIT_TAG: git_tag.key,
        Scheme.GO: go.key,
        Scheme.HACKAGE: dotted.hackage_key,
        Scheme.INTDOT: dotted.intdot_key,
        Scheme.LEXICOGRAPHIC: lexicographic.key,
        Scheme.MAVEN: maven.key,
        Scheme.NUGET: nuget.key,
        Scheme.OPAM: deb.opam_key,
        Scheme.OPENSSL: openssl.key,
        Scheme.PEP440: pep440.key,
        Scheme.PUB: pub.key,
        Scheme.RPM: rpm.key,
        Scheme.SEMVER: semver.key,
    }
)


@functools.lru_cache(maxsize=65_536)
def version_key(scheme: Scheme, text: str) -> bytes:
    """The key of a version: keys compare, byte by byte, as the versions do in their scheme.

    Keys of different schemes mean nothing to each other.

    Raises:
        UnorderedVersionError: the text has no place in the order of the scheme.

    """
    return _KEYS[scheme](text)


def compare_versions(scheme: Scheme, left: str, right: str) -> int:
    """Below, at or above zero as ``left`` is older than ``right``, as good as it, or newer.

    This is the order of the keys but for one case: an Arch Linux version without a pkgrel equals
    each of its releases.

    Raises:
        UnorderedVersionError: one of them has no place in the order of the scheme.

    """
    one, other = version_key(scheme, left), version_key(scheme, right)
    if scheme is Scheme.ALPM and one != other:
        shorter, longer = sorted((one, other), key=len)
        bare = alpm.without_release(left if shorter is one else right)
        if bare is not None and longer.startswith(bare):
            return 0
    return (one > other) - (one < other)
