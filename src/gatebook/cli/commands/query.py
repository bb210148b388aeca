"""``gatebook query``: ask what ran where, when, how it got there, and what it contains."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.options import (
    actor_option,
    asked,
    flag,
    json_option,
    ledger_option,
    open_book,
    option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatebook.clock import Instant
    from gatebook.digest import Digest
    from gatebook.index.tables import DecisionRow, DeploymentRow
    from gatebook.names import CommitId, EnvironmentName
    from gatebook.workspace.book import Book

__all__ = ["command"]

_COMPONENTS = ("package", "vulnerability", "licence", "mentions")


@click.command()
@option(
    "--environment",
    "-e",
    help="What runs, or ran, in this environment; with a question about components, only there.",
)
@option(
    "--at",
    help="With --environment, or a question about components: as of this time (RFC 3339); now if "
    "absent.",
)
@option("--digest", help="Where an artifact was deployed, and what was decided about it.")
@option("--commit", help="Artifacts recorded as built from this commit.")
@option(
    "--package",
    metavar="PURL|NAME",
    help="What contains a package: a package URL, with or without a version, or a name.",
)
@option("--range", "within", help="With --package: in these versions (vers:pypi/>=1.0|<2.0).")
@option(
    "--vulnerability",
    metavar="ID",
    help="What contains something that a vulnerability touches (CVE, GHSA, …), by the newest "
    "advisories.",
)
@option(
    "--license",
    "licence",
    metavar="ID|EXPRESSION",
    help="What contains something under a licence: anywhere in an expression, or a whole one.",
)
@option("--mentions", metavar="PURL", help="Which SBOMs list a package, of whatever artifact.")
@option(
    "--scope",
    type=click.Choice(["running", "eligible", "recorded"]),
    help="With a question about components: only what runs, only what may be deployed, or every "
    "artifact; what runs or may be deployed if absent.",
)
@flag("--history", help="With --environment: its deployments, newest first.")
@flag("--why", help="With --environment: how each artifact got there.")
@ledger_option
@actor_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    environment: str | None,
    at: str | None,
    digest: str | None,
    commit: str | None,
    package: str | None,
    within: str | None,
    vulnerability: str | None,
    licence: str | None,
    mentions: str | None,
    scope: str | None,
    history: bool,
    why: bool,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """Ask the book.

    \b
    gatebook query --environment prod                            what runs in prod now
    gatebook query --environment prod --at 2026-11-19T14:30:00Z  what ran there then
    gatebook query --environment prod --why                      and how each got there
    gatebook query --environment prod --history                  its deployments
    gatebook query --digest sha256:…                             where an artifact went
    gatebook query --commit 0123…                                what was built from a commit
    gatebook query --package pkg:pypi/flask --range 'vers:pypi/<2.0'  what contains a package
    gatebook query --vulnerability CVE-2026-1234                 what a vulnerability touches
    gatebook query --license GPL-3.0-only                        what contains such a component
    gatebook query --mentions pkg:npm/left-pad@1.3.0             which SBOMs list a package
    """
    from gatebook.cli.subject import resolve_digest
    from gatebook.clock import Instant
    from gatebook.errors import UsageError
    from gatebook.names import CommitId, EnvironmentName

    wanted = asked(ctx, "environment", "digest", "commit", *_COMPONENTS)
    if not set(wanted).isdisjoint(_COMPONENTS):
        from gatebook.cli.holdings import Asked, show_holdings

        (first, *others) = (each for each in wanted if each != "environment")
        if others or history or why:
            raise UsageError("ask one question at a time", code="cli.query-needed")
        if within is not None and first != "package":
            raise UsageError("--range goes with --package", code="cli.query-range")
        with open_book(ledger, actor) as book:
            question = Asked(
                package=package if first == "package" else None,
                within=within,
                vulnerability=vulnerability if first == "vulnerability" else None,
                licence=licence if first == "licence" else None,
                mentions=mentions if first == "mentions" else None,
                environment=environment,
                scope=scope,
                at=None if at is None else Instant.parse(at),
            )
            show_holdings(book, question, as_json=as_json)
        return
    if within is not None or scope is not None:
        raise UsageError(
            "--range and --scope go with a question about components", code="cli.query-range"
        )
    if len(wanted) != 1:
        raise UsageError(
            "ask by one of --environment, --digest, --commit, --package, --vulnerability, "
            "--license, --mentions",
            code="cli.query-needed",
        )
    if wanted != ["environment"] and (at is not None or history or why):
        raise UsageError(
            "--at, --history and --why go with --environment", code="cli.query-environment"
        )
    if history and (at is not None or why):
        raise UsageError("--history goes without --at and --why", code="cli.query-environment")
    with open_book(ledger, actor) as book:
        if wanted == ["environment"]:
            where = EnvironmentName.parse(str(environment))
            if history:
                _history(book, where, as_json=as_json)
                return
            instant = book.now() if at is None else Instant.parse(at)
            _running(book, where, instant, why=why, as_json=as_json)
        elif wanted == ["digest"]:
            _artifact(book, resolve_digest(str(digest)), as_json=as_json)
        else:
            _commit(book, CommitId.parse(str(commit)), as_json=as_json)


def _running(
    book: "Book", environment: "EnvironmentName", at: "Instant", *, why: bool, as_json: bool
) -> None:
    from gatebook.cli.output import note, print_json, table

    running = book.query.running(environment, at)
    if as_json:
        print_json(
            "gatebook/running/v1",
            environment=str(environment),
            at=str(at),
            size=book.size(),
            running=[
                {
                    "name": str(each.name),
                    "digest": str(each.digest),
                    "since": str(each.since),
                    "until": None if each.until is None else str(each.until),
                    "entry": each.opened_by,
                    **_decided(book, each.decided_by),
                    **({"entries": list(book.query.entries_about(each.digest))} if why else {}),
                }
                for each in running
            ],
        )
        return
    if running:
        rows = [
            (
                str(each.name),
                each.digest.short,
                str(each.since),
                _decision_words(book, each.decided_by),
                str(each.opened_by),
            )
            for each in running
        ]
        table(("name", "digest", "since", "decision", "entry"), rows, shrink=(0, 3))
    note(f"{len(running)} running in {environment} at {at}")
    if not running and not book.query.deployments(environment=environment, limit=1):
        note(f"no deployment to {environment} was ever recorded")
    for each in running if why else ():
        click.echo()
        _story(book, str(each.name), each.digest)


def _decided(book: "Book", entry_id: str | None) -> dict[str, Any]:
    """Return the decision a deployment names: its entry and its verdict."""
    index = None if entry_id is None else book.find(entry_id)
    row = None if index is None else book.query.decision_at(index)
    return {"decision": index, "verdict": None if row is None else row.verdict}


def _decision_words(book: "Book", entry_id: str | None) -> str:
    decided = _decided(book, entry_id)
    if decided["decision"] is None:
        return "nobody decided on it"
    return f"entry {decided['decision']}, {decided['verdict'] or 'unknown'}"


def _story(book: "Book", name: str, digest: "Digest") -> None:
    from gatebook.cli.entries import summarise
    from gatebook.cli.output import heading, table
    from gatebook.cli.plain import visible

    heading(visible(f"how {name} got there"))
    entries = ((index, book.entry(index)) for index in book.query.entries_about(digest))
    rows = [
        (str(index), str(entry.happened), entry.kind, summarise(entry, about=False))
        for index, entry in entries
    ]
    table(("entry", "time", "kind", "what"), rows)


def _history(book: "Book", environment: "EnvironmentName", *, as_json: bool) -> None:
    from gatebook.cli.output import note, print_json
    from gatebook.cli.plain import counted

    rows = book.query.deployments(environment=environment)
    if as_json:
        print_json(
            "gatebook/deployments/v1",
            environment=str(environment),
            deployments=[_deployment_json(book, row) for row in rows],
        )
        return
    _deployments(book, rows)
    note(f"{counted(len(rows), 'deployment')} to {environment}, newest first")


def _artifact(book: "Book", digest: "Digest", *, as_json: bool) -> None:
    from gatebook.cli.output import note, print_json
    from gatebook.cli.plain import counted

    deployments = book.query.deployments(digest=digest)
    decisions = book.query.decisions(digest=digest)
    if as_json:
        print_json(
            "gatebook/artifact-history/v1",
            digest=str(digest),
            deployments=[_deployment_json(book, row) for row in deployments],
            decisions=[_decision_json(row) for row in decisions],
        )
        return
    _deployments(book, deployments)
    if deployments and decisions:
        click.echo()
    _decisions(decisions)
    note(
        f"{counted(len(deployments), 'deployment')} and {counted(len(decisions), 'decision')} "
        f"of {digest.short}, newest first"
    )


def _deployment_json(book: "Book", row: "DeploymentRow") -> dict[str, Any]:
    from gatebook.clock import Instant

    return {
        "entry": row.at,
        "environment": row.environment,
        "name": row.name,
        "digest": row.digest,
        "status": row.status,
        "since": str(Instant(row.since)),
        "until": None if row.until is None else str(Instant(row.until)),
        **_decided(book, row.decided_by),
    }


def _decision_json(row: "DecisionRow") -> dict[str, Any]:
    from gatebook.clock import Instant

    until = None if row.valid_until is None else str(Instant(row.valid_until))
    return {
        "entry": row.at,
        "environment": row.environment,
        "verdict": row.verdict,
        "valid_until": until,
    }


def _deployments(book: "Book", rows: "Sequence[DeploymentRow]") -> None:
    from gatebook.cli.output import narrow, table, without
    from gatebook.clock import Instant
    from gatebook.digest import Digest

    if not rows:
        return
    cells: list[tuple[str, ...]] = [
        (
            str(row.at),
            row.environment,
            row.name,
            Digest.parse(row.digest).short,
            row.status,
            str(Instant(row.since)),
            _decision_words(book, row.decided_by),
            "" if row.until is None else str(Instant(row.until)),
        )
        for row in rows
    ]
    head: tuple[str, ...] = (
        "entry",
        "environment",
        "name",
        "digest",
        "status",
        "since",
        "decision",
        "until",
    )
    if narrow():
        head, cells = without(7, head), [without(7, row) for row in cells]
        head, cells = without(3, head), [without(3, row) for row in cells]
        table(head, cells, shrink=(2, 5, 1))
        return
    table(head, cells, shrink=(2, 6, 1, 7))


def _decisions(rows: "Sequence[DecisionRow]") -> None:
    from gatebook.cli.output import table
    from gatebook.clock import Instant

    if not rows:
        return
    cells = [
        (
            str(row.at),
            row.environment,
            row.verdict.upper(),
            "" if row.valid_until is None else str(Instant(row.valid_until)),
        )
        for row in rows
    ]
    table(("entry", "environment", "verdict", "valid until"), cells, shrink=(1,))


def _commit(book: "Book", commit: "CommitId", *, as_json: bool) -> None:
    from gatebook.cli.output import note, print_json, table
    from gatebook.cli.plain import counted

    rows = book.query.artifacts_of_commit(commit)
    if as_json:
        artifacts = [
            {"entry": row.at, "digest": row.digest, "name": row.name, "kind": row.artifact}
            for row in rows
        ]
        print_json("gatebook/artifacts/v1", commit=str(commit), artifacts=artifacts)
        return
    if rows:
        cells = [(str(row.at), row.name, row.artifact, row.ref or "", row.digest) for row in rows]
        table(("entry", "name", "kind", "ref", "digest"), cells, shrink=(4, 1, 3))
    note(f"{counted(len(rows), 'artifact')} recorded from {commit}")
