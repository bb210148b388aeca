"""``gatebook query``: ask what ran where, when, and how it got there."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.options import actor_option, json_option, ledger_option, open_book, option

if TYPE_CHECKING:
    from gatebook.clock import Instant
    from gatebook.names import EnvironmentName
    from gatebook.workspace.book import Book

__all__ = ["command"]


@click.command()
@option("--environment", "-e", help="What runs, or ran, in this environment.")
@option("--at", help="As of this time (RFC 3339); now if absent.")
@option("--digest", help="Where an artifact was deployed, and what was decided about it.")
@option("--commit", help="Artifacts recorded as built from this commit.")
@click.option("--history", is_flag=True, help="With --environment: its deployments, newest first.")
@click.option("--why", is_flag=True, help="With --environment: how each artifact got there.")
@ledger_option
@actor_option
@json_option
def command(
    *,
    environment: str | None,
    at: str | None,
    digest: str | None,
    commit: str | None,
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
    """
    from gatebook.cli.subject import resolve_digest
    from gatebook.clock import Instant
    from gatebook.errors import UsageError
    from gatebook.names import CommitId, EnvironmentName

    asked = [name for name in (environment, digest, commit) if name is not None]
    if len(asked) != 1:
        raise UsageError("ask by one of --environment, --digest, --commit", code="cli.query-needed")
    with open_book(ledger, actor) as book:
        if environment is not None:
            where = EnvironmentName.parse(environment)
            if history:
                _history(book, where, as_json=as_json)
                return
            instant = book.now() if at is None else Instant.parse(at)
            _running(book, where, instant, why=why, as_json=as_json)
        elif digest is not None:
            found = resolve_digest(digest)
            _deployments(book, book.query.deployments(digest=found), as_json=as_json)
        elif commit is not None:
            _artifacts(book, CommitId.parse(commit), as_json=as_json)


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
                    "decision": None if each.decided_by is None else book.find(each.decided_by),
                }
                for each in running
            ],
        )
        return
    rows = []
    for each in running:
        decision = None if each.decided_by is None else book.find(each.decided_by)
        rows.append(
            (
                str(each.name),
                each.digest.short,
                str(each.since),
                "nobody decided on it" if decision is None else f"entry {decision}",
                str(each.opened_by),
            )
        )
    table(("name", "digest", "since", "decision", "entry"), rows, shrink=0)
    note(f"{len(running)} running in {environment} at {at}")
    if why:
        for each in running:
            click.echo()
            _story(book, str(each.name), each.digest)


def _story(book: "Book", name: str, digest: Any) -> None:
    from gatebook.cli.entries import summarise
    from gatebook.cli.output import heading, style

    heading(f"how {name} got there")
    for index in book.query.entries_about(digest):
        entry = book.entry(index)
        marked = style(f"  {index:>5}  {entry.happened}  ", "dim")
        click.echo(f"{marked}{entry.kind:<20}  {summarise(entry)}")


def _history(book: "Book", environment: "EnvironmentName", *, as_json: bool) -> None:
    _deployments(book, book.query.deployments(environment=environment), as_json=as_json)


def _deployments(book: "Book", deployments: Any, *, as_json: bool) -> None:
    from gatebook.cli.output import print_json, table
    from gatebook.clock import Instant

    if as_json:
        print_json(
            "gatebook/deployments/v1",
            deployments=[
                {
                    "entry": row.at,
                    "environment": row.environment,
                    "name": row.name,
                    "digest": row.digest,
                    "status": row.status,
                    "since": str(Instant(row.since)),
                    "until": None if row.until is None else str(Instant(row.until)),
                    "decision": None if row.decided_by is None else book.find(row.decided_by),
                }
                for row in deployments
            ],
        )
        return
    rows = [
        (
            str(row.at),
            row.environment,
            row.name,
            row.digest[:19],
            row.status,
            str(Instant(row.since)),
            "" if row.until is None else str(Instant(row.until)),
        )
        for row in deployments
    ]
    head = ("entry", "environment", "name", "digest", "status", "since", "until")
    table(head, rows, shrink=2)


def _artifacts(book: "Book", commit: Any, *, as_json: bool) -> None:
    from gatebook.cli.output import print_json, table

    rows = book.query.artifacts_of_commit(commit)
    if as_json:
        artifacts = [
            {"entry": row.at, "digest": row.digest, "name": row.name, "kind": row.artifact}
            for row in rows
        ]
        print_json("gatebook/artifacts/v1", commit=str(commit), artifacts=artifacts)
        return
    cells = [(str(row.at), row.name, row.artifact, row.digest, row.ref or "") for row in rows]
    table(("entry", "name", "kind", "digest", "ref"), cells, shrink=1)
