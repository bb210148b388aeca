"""What one OSV record says of one package, in a form that versions can be compared with.

The verdict on a version has three values: affected, not affected, and unknown with a reason. It
follows the evaluation algorithm of ossf/osv-schema and differs from it where that has no word for
"cannot be judged": a version or a bound that the ecosystem's order refuses, a package of which only
commits are known. The algorithm lets those pass; a gate must not.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from gatebook.errors import MalformedError
from gatebook.vulnerabilities.ecosystems import coordinate, ecosystem_key, package_name
from gatebook.vulnerabilities.intervals import EVERY_VERSION, Interval, covers, intervals_of, point
from gatebook.vulnerabilities.osv import OsvAffected, OsvPackage, OsvRange, OsvRecord
from gatebook.vulnerabilities.versions.ecosystem import CRATES, scheme_of
from gatebook.vulnerabilities.versions.scheme import Scheme, version_key

__all__ = [
    "AffectedPackage",
    "Ordered",
    "Standing",
    "Verdict",
    "affected_package",
    "affected_packages",
    "key_of",
    "semver_ecosystem",
]

_SEMVER_SUFFIX: Final = "|semver"
# Ecosystems whose own order is that of SemVer wherever SemVer defines one.
_ORDERED_AS_SEMVER: Final = frozenset(
    {
        *("Bitnami", CRATES, "GitHub Actions", "Go", "Hex", "Julia", "Kubernetes", "npm"),
        *("Pub", "SwiftURL", "VSCode"),
    }
)


class Standing(StrEnum):
    """How a version stands to a record."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not-affected"
    UNKNOWN = "unknown"


class Verdict(NamedTuple):
    """How a version stands to a record, and why.

    Attributes:
        standing: the verdict.
        code: why it is unknown, a stable code; empty otherwise.
        affected: the range that matched, or all ranges where none did: ``>=3.0,<3.1.12``.
        fixed: versions after the one asked about that fix it, lowest first.

    """

    standing: Standing
    code: str
    affected: str
    fixed: tuple[str, ...]


class Ordered(NamedTuple):
    """Affected versions that one order of versions ranks.

    Attributes:
        ecosystem: by which name and order the package is looked up.
        scheme: the order; ``None`` when nobody knows one.
        intervals: from ranges.
        points: from listed versions that no interval holds.

    """

    ecosystem: str
    scheme: Scheme | None
    intervals: tuple[Interval, ...]
    points: tuple[Interval, ...]


class AffectedPackage(NamedTuple):
    """The affected versions of one package of a record.

    Attributes:
        place: its place in the record's ``affected``.
        ecosystem: the ecosystem with its release, spelt one way.
        name: as the ecosystem compares names.
        orders: affected versions by the order they are compared in; the first one is the
            ecosystem's own.
        listed: versions that are named literally.
        unkeyed: those of ``listed`` that the ecosystem's order refuses.
        unjudged: why versions outside of all that cannot be called unaffected, a stable code;
            empty when they can.

    """

    place: int
    ecosystem: str
    name: str
    orders: tuple[Ordered, ...]
    listed: frozenset[str]
    unkeyed: tuple[str, ...]
    unjudged: str

    def coordinates(self) -> Iterator[tuple[str, Ordered]]:
        """What each order is looked up by."""
        for order in self.orders:
            yield coordinate(order.ecosystem, self.name), order

    def judge(self, version: str) -> Verdict:
        """Say how a version stands to it."""
        if version in self.listed:
            found = self._interval_of(version)
            text = f"listed: {version}" if found is None else found.text
            return Verdict(Standing.AFFECTED, "", text, self._fixes(version))
        found = self._interval_of(version)
        if found is not None:
            return Verdict(Standing.AFFECTED, "", found.text, self._fixes(version))
        code = self.unjudged
        for order in self.orders:
            if order.intervals and key_of(order.scheme, version) is None:
                code = "vulnerabilities.unordered-version"
        standing = Standing.UNKNOWN if code else Standing.NOT_AFFECTED
        return Verdict(standing, code, self.ranges, self._fixes(version))

    def _interval_of(self, version: str) -> Interval | None:
        for order in self.orders:
            key = key_of(order.scheme, version)
            for interval in (*order.intervals, *order.points):
                if interval.holds(key) if key is not None else interval == EVERY_VERSION:
                    return interval
        return None

    def _fixes(self, version: str) -> tuple[str, ...]:
        found: dict[bytes, str] = {}
        for order in self.orders:
            key = key_of(order.scheme, version)
            for interval in order.intervals:
                if (
                    interval.fixed is not None
                    and interval.hi is not None
                    and (key is None or key < interval.hi)
                ):
                    found.setdefault(interval.hi, interval.fixed)
            if found:
                break
        return tuple(found[key] for key in sorted(found))

    @property
    def ranges(self) -> str:
        """All affected versions, for people."""
        texts = [each.text for order in self.orders for each in order.intervals]
        if not texts:
            texts = ["listed versions"] if self.listed else ["not said by version"]
        return " or ".join(texts[:8]) + (f" and {len(texts) - 8} more" if texts[8:] else "")


def key_of(scheme: Scheme | None, version: str) -> bytes | None:
    """Return a version's key, or ``None`` where it has none."""
    if scheme is None:
        return None
    try:
        return version_key(scheme, version)
    except MalformedError:
        return None


def semver_ecosystem(ecosystem: str) -> str:
    """Return what ranges of type ``SEMVER`` are filed under in an ecosystem with another order."""
    return ecosystem + _SEMVER_SUFFIX


def affected_packages(record: OsvRecord) -> Iterator[AffectedPackage]:
    """Yield what a record says of each package it names.

    Raises:
        MalformedError: an ecosystem or a name that none can be.

    """
    for place, affected, package in record.packages():
        yield affected_package(place, affected, package)


def affected_package(place: int, affected: OsvAffected, package: OsvPackage) -> AffectedPackage:
    """Prepare one package of a record for comparison.

    Raises:
        MalformedError: an ecosystem or a name that none can be.

    """
    ecosystem = ecosystem_key(package.ecosystem)
    own = scheme_of(ecosystem)
    ranges = affected.ranges or ()
    listed = affected.versions or ()
    native: list[Interval] = []
    semver: list[Interval] = []
    unjudged = ""
    judged = bool(listed)
    for each in ranges:
        if each.type == "GIT":
            continue
        judged = True
        as_semver = each.type == "SEMVER" and ecosystem not in _ORDERED_AS_SEMVER
        found = _intervals(each, Scheme.SEMVER if as_semver else own)
        if found is None:
            unjudged = "vulnerabilities.unordered-range"
        else:
            (semver if as_semver else native).extend(found)
    points: list[Interval] = []
    unkeyed: list[str] = []
    for version in listed:
        key = key_of(own, version)
        if key is None:
            unkeyed.append(version)
        elif not covers(native, key):
            points.append(point(key, version))
    if not judged:
        unjudged = "vulnerabilities.only-commits" if ranges else "vulnerabilities.no-versions"
    orders = [Ordered(ecosystem, own, tuple(native), tuple(points))]
    if semver:
        orders.append(Ordered(semver_ecosystem(ecosystem), Scheme.SEMVER, tuple(semver), ()))
    return AffectedPackage(
        place=place,
        ecosystem=ecosystem,
        name=package_name(ecosystem, package.name),
        orders=tuple(orders),
        listed=frozenset(listed),
        unkeyed=tuple(unkeyed),
        unjudged=unjudged,
    )


def _intervals(found: OsvRange, scheme: Scheme | None) -> list[Interval] | None:
    def key(version: str) -> bytes:
        if scheme is None:
            raise MalformedError("nobody knows an order of these versions")
        return version_key(scheme, version)

    try:
        return intervals_of(found.events, key)
    except MalformedError:
        return None
