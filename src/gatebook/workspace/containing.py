"""Who has it: a package, a vulnerability, a licence, and where that runs or may be deployed."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from gatebook.digest import Digest
from gatebook.errors import MalformedError, UsageError
from gatebook.formats.purl import PackageUrl
from gatebook.index.query import Query
from gatebook.index.store import IndexReader
from gatebook.names import EnvironmentName
from gatebook.vulnerabilities.versions.vers import Comparator, Constraint, VersRange
from gatebook.workspace.inventory import Contained, Inventory, UnknownPackageError
from gatebook.workspace.portfolio import InUse, Portfolio, Scope

if TYPE_CHECKING:
    from gatebook.vulnerabilities.index import AdvisoryIndex

__all__ = [
    "IN_USE",
    "Holding",
    "Part",
    "Whereabouts",
    "parts_licensed",
    "parts_of_package",
    "parts_touched",
]

IN_USE: Final = frozenset({Scope.RUNNING, Scope.ELIGIBLE})
"""What is asked about where nothing else is said."""


class Part(NamedTuple):
    """A component of an artifact, by one of its SBOMs.

    Attributes:
        subject: the artifact.
        document: digest of the evidence with the SBOM.
        component: its package URL as the SBOM writes it, else what it is called.
        version: its version, as written; empty when there is none.
        certain: whether it is what was asked for; if not, nobody can say.
        licence: what it is under, as written, where a licence was asked for.

    """

    subject: Digest
    document: Digest
    component: str
    version: str
    certain: bool
    licence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A component that was asked for, and where the artifact that has it is in use.

    Attributes:
        use: the artifact, where it is, and since when.
        part: the component, and the document that lists it.
        entry: index of the entry that brought that document.

    """

    use: InUse
    part: Part
    entry: int


# -- what is asked for -----------------------------------------------------------------------------


def parts_of_package(
    inventory: Inventory, text: str, within: VersRange | None = None
) -> tuple[Part, ...]:
    """Find a package by its package URL or its name, in any version or in a range.

    A package URL with a version asks for that version; a name asks for the packages of that name in
    every ecosystem. A version that nobody can compare is answered as not certain, never left out.

    Raises:
        MalformedError: it is no package URL.
        UsageError: both a version and a range are asked for.

    """
    if not text.startswith("pkg:"):
        return _distinct(map(_part, inventory.named(text, within=within)))
    purl = PackageUrl.parse(text)
    if purl.version and within is not None:
        raise UsageError(
            "a version and a range are asked for; which of them is meant?",
            code="workspace.version-and-range",
        )
    found: list[Contained] = []
    # Of a type that no advisories are published for, it is found as it is written.
    with suppress(UnknownPackageError):
        found += inventory.containing(text, within=within)
    known = {(each.subject, each.document, each.purl) for each in found}
    # Packages of a distribution are looked up by their source; here by their own names.
    bare = str(PackageUrl(purl.type, purl.namespace, purl.name))
    wanted = _exactly(purl) if purl.version else within
    for each in inventory.of_package(bare):
        if (each.subject, each.document, each.purl) not in known:
            found += _judged(each, wanted, purl.version)
    return _distinct(map(_part, found))


def parts_touched(
    inventory: Inventory, identifier: str, advisories: "AdvisoryIndex"
) -> tuple[Part, ...]:
    """Find what a vulnerability touches, by any of its identifiers."""
    return _distinct(map(_part, inventory.touched_by(identifier, advisories)))


def parts_licensed(inventory: Inventory, text: str) -> tuple[Part, ...]:
    """Find what is under a licence: one anywhere in an expression, or a whole expression.

    A name that is no expression is found as it is written.
    """
    from gatebook.sboms.licences.expression import (  # noqa: PLC0415  # only for licences
        AllOf,
        AnyOf,
        parse_expression,
    )

    try:
        wanted = parse_expression(text)
    except MalformedError:
        wanted = None
    whole = isinstance(wanted, AllOf | AnyOf)
    found: list[Part] = []
    for each in inventory.licensed(text):
        if whole:
            try:
                same = str(parse_expression(each.written)) == str(wanted)
            except MalformedError:
                same = False
            if not same:
                continue
        found.append(
            Part(
                subject=each.subject,
                document=each.document,
                component=each.component,
                version=_version(each.component),
                certain=True,
                licence=each.written,
            )
        )
    return _distinct(found)


# -- where that is ---------------------------------------------------------------------------------


class Whereabouts:
    """Says where artifacts with some components are in use.

    Args:
        index: the book's index, up to date.
        portfolio: what was in use at the instant.

    """

    def __init__(self, index: IndexReader, portfolio: Portfolio) -> None:
        self._query = Query(index)
        self._portfolio = portfolio
        self._uses: dict[Digest, tuple[InUse, ...]] = {}
        self._entries: dict[tuple[Digest, Digest], int | None] = {}

    def of(
        self,
        parts: Iterable[Part],
        *,
        environment: EnvironmentName | None = None,
        scopes: frozenset[Scope] = IN_USE,
    ) -> tuple[Holding, ...]:
        """Say where they are.

        Args:
            parts: which SBOMs list which components.
            environment: one, or all of them.
            scopes: in which ways; ``recorded`` is every artifact, in use or not.

        """
        found = [
            Holding(use=use, part=part, entry=entry)
            for part in parts
            for use in self._in_use(part.subject, environment, scopes)
            for entry in (self._entry_of(part.subject, part.document),)
            if entry is not None
        ]
        places: dict[int, tuple[object, ...]] = {}
        for each in found:
            if id(each.use) not in places:
                places[id(each.use)] = _place_of(each.use)
        found.sort(key=lambda each: (places[id(each.use)], each.part.component, each.entry))
        return tuple(found)

    def _in_use(
        self, subject: Digest, environment: EnvironmentName | None, scopes: frozenset[Scope]
    ) -> tuple[InUse, ...]:
        found = self._uses.get(subject)
        if found is None:
            found = self._uses[subject] = tuple(self._asked(subject, environment, scopes))
        return found

    def _asked(
        self, subject: Digest, environment: EnvironmentName | None, scopes: frozenset[Scope]
    ) -> Iterator[InUse]:
        if scopes & IN_USE:
            for use in self._portfolio.using(subject, environment):
                if use.scope in scopes:
                    yield use
        recorded = self._portfolio.recorded(subject) if Scope.RECORDED in scopes else None
        if recorded is not None:
            yield recorded

    def _entry_of(self, subject: Digest, document: Digest) -> int | None:
        """The entry that first brought a document about an artifact, by the instant asked about."""
        key = subject, document
        if key not in self._entries:
            text = str(document)
            self._entries[key] = next(
                (
                    row.at
                    for row in self._query.evidence(subject)
                    if row.document == text
                    and row.outcome != "refused"
                    and self._portfolio.received(row.at)
                ),
                None,
            )
        return self._entries[key]


def _part(found: Contained) -> Part:
    return Part(
        subject=found.subject,
        document=found.document,
        component=found.purl.strip(),
        version=found.version or _version(found.purl),
        certain=found.certain,
    )


def _distinct(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Each component of a document once; what is certain goes before what is not."""
    found: dict[tuple[object, ...], Part] = {}
    for part in parts:
        key = part.subject, part.document, part.component, part.licence
        if part.certain or key not in found:
            found[key] = part
    return tuple(found.values())


def _exactly(purl: PackageUrl) -> VersRange:
    one = Constraint(comparator=Comparator.EQUAL, version=purl.version or "")
    return VersRange(type=purl.type, constraints=(one,))


def _judged(
    found: Contained, within: VersRange | None, literally: str | None
) -> Iterator[Contained]:
    """Yield what is inside of a range, and what nobody can say of; a version also literally."""
    version = _version(found.purl)
    if within is None or (literally is not None and version == literally):
        yield found
        return
    try:
        inside = within.contains(version)
    except MalformedError:
        if literally is None:  # another text is another version, where no order is known
            yield Contained(
                subject=found.subject, document=found.document, purl=found.purl, certain=False
            )
        return
    if inside:
        yield found


@lru_cache(maxsize=65_536)
def _version(component: str) -> str:
    try:
        return PackageUrl.parse(component).version or "" if component.startswith("pkg:") else ""
    except MalformedError:
        return ""


def _place_of(use: InUse) -> tuple[object, ...]:
    return (
        str(use.environment or ""),
        use.scope is not Scope.RUNNING,
        use.name or "",
        str(use.digest),
    )
