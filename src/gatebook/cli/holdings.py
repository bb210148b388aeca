"""How it looks who has something: a package, a vulnerability, a licence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatebook.clock import Instant
from gatebook.workspace.containing import IN_USE, Holding
from gatebook.workspace.portfolio import Scope

if TYPE_CHECKING:
    from gatebook.workspace.book import Book

__all__ = ["Asked", "show_holdings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the options of ``gatebook query`` ask about components; one of the first is given."""

    package: str | None
    within: str | None
    vulnerability: str | None
    licence: str | None
    mentions: str | None
    environment: str | None
    scope: str | None
    at: Instant | None

    @property
    def words(self) -> str:
        """What is asked for, for people."""
        for label, text in (
            ("package", self.package),
            ("vulnerability", self.vulnerability),
            ("licence", self.licence),
            ("package", self.mentions),
        ):
            if text is not None:
                inside = "" if self.within is None else f" in {self.within}"
                return f"{label} {text}{inside}"
        return "nothing"

    @property
    def scopes(self) -> frozenset[Scope]:
        """In which ways an artifact has to be in use."""
        if self.scope is not None:
            return frozenset({Scope(self.scope)})
        # Which SBOMs list it is asked of all of them, unless an environment is named.
        everything = self.mentions is not None and self.environment is None
        return frozenset({Scope.RECORDED}) if everything else IN_USE


def show_holdings(book: "Book", asked: Asked, *, as_json: bool) -> None:
    """Ask the book, and write the answer."""
    from gatebook.cli.output import note, print_json
    from gatebook.cli.plain import counted

    found = book.containing(
        package=asked.package if asked.mentions is None else asked.mentions,
        within=asked.within,
        vulnerability=asked.vulnerability,
        licence=asked.licence,
        environment=asked.environment,
        scopes=asked.scopes,
        at=asked.at,
    )
    if as_json:
        print_json(
            "gatebook/holdings/v1",
            asked={
                "package": asked.package,
                "range": asked.within,
                "vulnerability": asked.vulnerability,
                "license": asked.licence,
                "mentions": asked.mentions,
                "environment": asked.environment,
                "scope": sorted(each.value for each in asked.scopes),
            },
            at=str(asked.at or book.now()),
            size=book.size(),
            found=[_json(each) for each in found],
        )
        return
    if found:
        _table(found)
    artifacts = len({each.use.digest for each in found})
    note(f"{asked.words}: {counted(len(found), 'component')} of {counted(artifacts, 'artifact')}")
    doubtful = sum(not each.part.certain for each in found)
    if doubtful:
        note(f"of {counted(doubtful, 'component')} nobody can say whether it is meant")


def _json(holding: Holding) -> dict[str, Any]:
    use, part = holding.use, holding.part
    return {
        "artifact": str(use.digest),
        "name": use.name,
        "environment": None if use.environment is None else str(use.environment),
        "scope": use.scope.value,
        "since": str(use.since),
        "in_use_by": use.entry,
        "decision": use.decision,
        "component": part.component,
        "version": part.version,
        "certain": part.certain,
        "license": part.licence,
        "sbom": str(part.document),
        "entry": holding.entry,
    }


def _table(found: Sequence[Holding]) -> None:
    from gatebook.cli.output import narrow, table, without

    rows: list[tuple[str, ...]] = []
    for each in found:
        use, part = each.use, each.part
        where = use.scope.value if use.environment is None else str(use.environment)
        doubt = "" if part.certain else " (not certain)"
        rows.append(
            (
                where,
                use.name or "",
                use.digest.short,
                use.scope.value,
                str(use.since),
                f"{part.component}{doubt}",
                part.licence or "",
                part.document.short,
                str(each.entry),
            )
        )
    head: tuple[str, ...] = (
        *("where", "artifact", "digest", "in use", "since"),
        *("component", "licence", "SBOM", "entry"),
    )
    licensed = any(each.part.licence for each in found)
    dropped = [7, 4, 3] if narrow() else []
    for column in sorted([*dropped, *([] if licensed else [6])], reverse=True):
        head, rows = without(column, head), [without(column, row) for row in rows]
    table(head, rows, shrink=(head.index("component"), 1, 0))
