"""Where packages are: what the reverse question, "who runs this?", needs to know of components.

A component is kept once, however many owners have it. Owners are opaque; whoever asks knows whether
they are SBOMs, artifacts or deployments.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from gatebook.vulnerabilities.advisory import affected_packages, key_of
from gatebook.vulnerabilities.ecosystems import base_of, coordinate
from gatebook.vulnerabilities.indexing import joined
from gatebook.vulnerabilities.osv import OsvRecord
from gatebook.vulnerabilities.package_identity import Identified, Unidentified
from gatebook.vulnerabilities.versions.ecosystem import scheme_of

__all__ = [
    "Occurrence",
    "OccurrenceStore",
    "PackageVersion",
    "RangeQuestion",
    "package_versions",
    "range_questions",
]


class PackageVersion(NamedTuple):
    """One name under which a component is kept.

    Attributes:
        coordinate: of the package, with its release.
        package: of the package whatever the release.
        release_known: whether the coordinate is of the release; if not, it may be any.
        key: of the version; ``None`` when it has none.
        version: as text.

    """

    coordinate: str
    package: str
    release_known: bool
    key: bytes | None
    version: str


class RangeQuestion(NamedTuple):
    """Which versions of a package are asked for.

    Attributes:
        coordinate: of the package; without a release it asks for all releases.
        package: of the package whatever the release.
        lo: the first key; ``None`` asks for :attr:`version` literally, or for all versions where
            that is ``None`` as well, because none can be told apart from the affected ones.
        hi: the key after the last one; ``None`` for no end.
        version: the version asked for literally.
        listed: whether versions were listed, not ranged over: one without a key that is not listed
            is then outside, where a range would leave it in doubt.

    """

    coordinate: str
    package: str
    lo: bytes | None = None
    hi: bytes | None = None
    version: str | None = None
    listed: bool = False

    @property
    def every_release(self) -> bool:
        """Whether all releases are asked for."""
        return self.coordinate == self.package

    @property
    def every_version(self) -> bool:
        """Whether all versions are affected, with a key or without."""
        return self.lo == b"" and self.hi is None


class Occurrence(NamedTuple):
    """A component, and who has it.

    Attributes:
        owner: who has it.
        purl: the component, as written.
        version: the version that was asked for.
        certain: whether it is inside what was asked for; if not, nobody can say.

    """

    owner: str
    purl: str
    version: str
    certain: bool


class OccurrenceStore(Protocol):
    """Keeps which owner has which components."""

    def put(self, owner: str, components: Iterable[Identified | Unidentified]) -> None:
        """Keep an owner's components, in the place of what was kept of it before."""
        ...

    def remove(self, owner: str) -> None:
        """Forget an owner."""
        ...

    def having(self, questions: Iterable[RangeQuestion]) -> list[Occurrence]:
        """Find who has a version that is asked for, sorted; each component of an owner once."""
        ...


def package_versions(component: Identified) -> Iterator[PackageVersion]:
    """Yield every name under which a component is kept."""
    for lookup in component.lookups:
        yield PackageVersion(
            coordinate=coordinate(lookup.ecosystem, lookup.name),
            package=coordinate(base_of(lookup.ecosystem), lookup.name),
            release_known=lookup.release_known,
            key=key_of(scheme_of(lookup.ecosystem), lookup.version),
            version=lookup.version,
        )


def range_questions(record: OsvRecord) -> list[RangeQuestion]:
    """Turn an advisory into questions about who is affected; a withdrawn one asks nothing.

    Raises:
        MalformedError: an ecosystem or a name that none can be.

    """
    questions: dict[RangeQuestion, None] = {}
    for package in affected_packages(record) if record.withdrawn is None else ():
        own = coordinate(package.ecosystem, package.name)
        every = coordinate(base_of(package.ecosystem), package.name)
        order = package.orders[0]
        for lo, hi in joined(order.intervals):
            questions[RangeQuestion(own, every, lo, hi)] = None
        for lo, hi in joined(order.points):
            questions[RangeQuestion(own, every, lo, hi, listed=True)] = None
        for version in package.unkeyed:
            questions[RangeQuestion(own, every, version=version, listed=True)] = None
        if package.unjudged or package.orders[1:]:
            questions[RangeQuestion(own, every)] = None
    return list(questions)
