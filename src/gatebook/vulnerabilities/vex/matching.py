"""Whether what a statement names is the product, or the component, at hand.

The rule for package URLs: type, namespace and name are equal; a version or a qualifier that the
statement leaves out stands for any; one that it names must be there and equal. Bytes go by their
digest alone: equal digests match whatever the names say, and another digest never matches.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

import msgspec

from gatebook.digest import ALGORITHMS
from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.formats.vex.statement import VexComponent

__all__ = ["Match", "Nearness", "Software", "match_software"]

_DIGEST: Final = re.compile(r"(?:(?:sha256|sha384|sha512):)+", re.IGNORECASE)
_PART_COUNT: Final = 11


class Nearness(IntEnum):
    """How near something came to matching; the highest is a match."""

    UNIDENTIFIED = 0
    DIFFERS = 1
    QUALIFIER_DIFFERS = 2
    VERSION_DIFFERS = 3
    DIGEST_DIFFERS = 4
    MATCHES = 5


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one comparison.

    Attributes:
        nearness: how near it came.
        versioned: whether a digest or a version was compared and fits.
        named: what the statement names.
        found: what was found in its place, where that is near.

    """

    nearness: Nearness
    versioned: bool = False
    named: PackageUrl | str = ""
    found: str = ""

    @property
    def detail(self) -> str:
        """What was compared, for people."""
        return f"{self.named}, found {self.found}" if self.found else str(self.named)

    @property
    def matches(self) -> bool:
        """Whether it is the same software."""
        return self.nearness is Nearness.MATCHES


class Software(msgspec.Struct, frozen=True, kw_only=True):
    """Software at hand, as far as it is known.

    Attributes:
        purls: its package URLs.
        hashes: ``(algorithm, lower-case hex)`` pairs.
        cpes: CPE names.
        names: names with versions.
        bom_links: ``urn:cdx:serial/version#ref``.

    """

    purls: tuple[PackageUrl, ...] = ()
    hashes: frozenset[tuple[str, str]] = frozenset()
    cpes: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    bom_links: frozenset[str] = frozenset()


def match_software(named: VexComponent, software: Software) -> Match:
    """Compare what a statement names with what is at hand; the best of all comparisons counts.

    A digest that the statement gives decides, where the artifact has one of the same algorithm.
    """
    by_hash = _by_hash(named, software)
    if by_hash is not None:
        return by_hash
    results = list(_comparisons(named, software))
    if not results:
        return Match(
            nearness=Nearness.UNIDENTIFIED, named=named.name or ", ".join(named.other)[:120]
        )
    return max(results, key=lambda each: (each.nearness, each.versioned))


def _by_hash(named: VexComponent, software: Software) -> Match | None:
    strong = [each for each in named.hashes if each[0] in ALGORITHMS]
    common = {name for name, _ in strong} & {name for name, _ in software.hashes}
    if not common:
        return None
    for name, value in strong:
        if (name, value) in software.hashes:
            return Match(nearness=Nearness.MATCHES, versioned=True, named=f"{name}:{value}")
    name, value = next(each for each in strong if each[0] in common)
    return Match(nearness=Nearness.DIGEST_DIFFERS, named=f"{name}:{value}")


def _comparisons(named: VexComponent, software: Software) -> Iterator[Match]:
    for link in named.bom_links:
        known = link in software.bom_links
        # A link names one version of one document, and so the versions in it.
        yield Match(
            nearness=Nearness.MATCHES if known else Nearness.DIFFERS, versioned=known, named=link
        )
    for theirs in named.purls:
        for ours in software.purls:
            yield _by_purl(theirs, ours)
        if not software.purls:
            yield Match(nearness=Nearness.DIFFERS, named=theirs)
    for cpe in named.cpes:
        for other in software.cpes:
            yield _by_cpe(cpe, other)
        if not software.cpes:
            yield Match(nearness=Nearness.DIFFERS, named=cpe)
    if named.name is not None and named.version is not None:
        same = (named.name, named.version) in software.names
        if same:
            detail = f"{named.name} {named.version}"
            yield Match(nearness=Nearness.MATCHES, versioned=True, named=detail)
    for text in named.other:
        if any(text == f"{name}:{version}" for name, version in software.names):
            yield Match(nearness=Nearness.MATCHES, versioned=True, named=text)


def _by_purl(theirs: PackageUrl, ours: PackageUrl) -> Match:
    if (theirs.name, theirs.type, theirs.namespace) != (ours.name, ours.type, ours.namespace):
        return Match(nearness=Nearness.DIFFERS, named=theirs)
    version = _version(theirs.version)
    if version is not None and version != _version(ours.version):
        found = ours.version or "no version"
        return Match(nearness=Nearness.VERSION_DIFFERS, named=theirs, found=found)
    known = dict(ours.qualifiers)
    for key, value in theirs.qualifiers:
        if not _same_qualifier(key, value, known.get(key), theirs.name):
            found = f"{key} {known.get(key, 'none')}"
            return Match(nearness=Nearness.QUALIFIER_DIFFERS, named=theirs, found=found)
    if theirs.subpath is not None and theirs.subpath != ours.subpath:
        return Match(nearness=Nearness.DIFFERS, named=theirs)
    return Match(nearness=Nearness.MATCHES, versioned=version is not None, named=theirs)


def _version(text: str | None) -> str | None:
    """A version; a digest with the name of its algorithm doubled is that digest."""
    if text is None:
        return None
    match = _DIGEST.match(text)
    if match is None:
        return text
    last = match[0].lower().rstrip(":").rpartition(":")[2]
    return f"{last}:{text[match.end() :].lower()}"


def _same_qualifier(key: str, theirs: str, ours: str | None, name: str) -> bool:
    if ours is None:
        return False
    if key != "repository_url":
        return theirs == ours
    # oci-definition.json: the repository with or without the name of the image at its end.
    one, other = _repository(theirs), _repository(ours)
    return other in {one, f"{one}/{name}"} or f"{other}/{name}" == one


def _repository(text: str) -> str:
    _, mark, rest = text.partition("://")
    host, slash, path = (rest if mark else text).strip("/").partition("/")
    return f"{host.lower()}{slash}{path}"


def _by_cpe(theirs: str, ours: str) -> Match:
    try:
        wanted, found = _cpe_parts(theirs), _cpe_parts(ours)
    except MalformedError:
        return Match(nearness=Nearness.DIFFERS, named=theirs)
    same = all(part in {"*", other} for part, other in zip(wanted, found, strict=True))
    if same and wanted[1] != "*" and wanted[2] != "*":
        return Match(nearness=Nearness.MATCHES, versioned=wanted[3] != "*", named=theirs)
    unversioned = all(
        part in {"*", other}
        for place, (part, other) in enumerate(zip(wanted, found, strict=True))
        if place != 3  # noqa: PLR2004  # the version
    )
    nearness = Nearness.VERSION_DIFFERS if unversioned else Nearness.DIFFERS
    return Match(nearness=nearness, named=theirs)


@functools.lru_cache(maxsize=4096)
def _cpe_parts(text: str) -> tuple[str, ...]:
    """The eleven attributes of a CPE name, 2.2 or 2.3; ``*`` where nothing is said.

    Raises:
        MalformedError: it is no CPE name.

    """
    lowered = text.lower()
    if lowered.startswith("cpe:2.3:"):
        parts = re.split(r"(?<!\\):", lowered[8:])
    elif lowered.startswith("cpe:/"):
        # NISTIR 7695 §6.1: percent-encoded where 2.3 has a backslash.
        parts = [re.sub(r"%([0-9a-f]{2})", _quoted, part) for part in lowered[5:].split(":")]
    else:
        raise MalformedError(f"{text[:80]!r} is not a CPE name", code="vulnerabilities.vex-cpe")
    if len(parts) > _PART_COUNT:
        raise MalformedError(f"{text[:80]!r} has too many parts", code="vulnerabilities.vex-cpe")
    parts = [part or "*" for part in parts] + ["*"] * (_PART_COUNT - len(parts))
    return tuple(part.replace("\\", "") for part in parts)


def _quoted(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def digest_hashes(purls: Iterable[PackageUrl]) -> Iterator[tuple[str, str]]:
    """The digests that package URLs carry as their version."""
    for purl in purls:
        version = _version(purl.version)
        name, colon, value = (version or "").partition(":")
        if colon and name in ALGORITHMS:
            yield name, value
