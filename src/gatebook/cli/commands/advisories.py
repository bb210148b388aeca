"""``gatebook advisories``: import advisories, and match components with them."""

from pathlib import Path

import click

from gatebook.cli.options import (
    Argument,
    actor_option,
    flag,
    json_option,
    ledger_option,
    option,
)

__all__ = ["command"]

_DEFAULT_STORE = "advisories.gatebook"


@click.group()
def command() -> None:
    """Import advisories, and say which of them touch a component; offline.

    They are kept in the book, or without one in a file.
    """


_advisories_option = option(
    "--advisories",
    type=click.Path(path_type=Path),
    help="File that an import made, or a file or directory with advisories to read in memory; "
    f"those of the book if absent, and {_DEFAULT_STORE} where there is no book.",
)
_skip_option = flag(
    "--skip-malformed",
    help="Leave out records that cannot be read, and count them in the snapshot.",
)


@command.command("import")
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    cls=Argument,
    type=click.Path(path_type=Path),
)
@option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Import into this file instead of the book; an earlier one is replaced when the new one "
    f"is whole. {_DEFAULT_STORE} where there is no book.",
)
@_skip_option
@ledger_option
@actor_option
@json_option
@click.pass_context
def import_(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    into: Path | None,
    skip_malformed: bool,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """Import OSV records, CISA's KEV catalogue and EPSS scores into one file.

    A PATH is a file or a directory: a mirror in the layout of osv-scanner
    (osv-scanner/ECOSYSTEM/all.zip), archives, JSON Lines, single records, plain or compressed. What
    a file holds is told by its content. In a book the sources are kept too, and every decision
    from then on weighs what this snapshot says of the artifact's SBOMs.
    """
    from gatebook.cli.advisories import has_book, print_imported
    from gatebook.cli.options import open_book
    from gatebook.cli.output import progress
    from gatebook.clock import SystemClock
    from gatebook.stores.advisory_import import import_advisories

    if into is None and has_book(ctx, ledger):
        with open_book(ledger, actor) as book, progress("reading") as shown:
            entry, made = book.import_advisories(
                paths, skip_malformed=skip_malformed, progress=shown
            )
        print_imported(made, ledger, entry=entry.index, as_json=as_json)
        return
    into = into or Path(_DEFAULT_STORE)
    with progress("reading") as shown:
        made = import_advisories(
            paths,
            into=into,
            now=SystemClock().now(),
            skip_malformed=skip_malformed,
            progress=shown,
        )
    print_imported(made, into, as_json=as_json)


@command.command()
@click.argument("components", metavar="PURL|SBOM...", nargs=-1, required=True, cls=Argument)
@_advisories_option
@flag("--explain", help="Also say of other advisories on the same packages why they do not match.")
@_skip_option
@ledger_option
@actor_option
@json_option
@click.pass_context
def match(
    ctx: click.Context,
    *,
    components: tuple[str, ...],
    advisories: Path | None,
    explain: bool,
    skip_malformed: bool,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """Print which advisories touch package URLs, or the components of SBOM files.

    Exit status: 0 nothing is known and everything was judged, 7 an advisory matches, 4 none does
    and something could not be judged.
    """
    from gatebook.cli.advisories import (
        known_advisories,
        matched_status,
        print_matched,
        read_targets,
    )
    from gatebook.vulnerabilities.match import Matcher

    targets = read_targets(components)
    with known_advisories(ctx, advisories, ledger, actor, skip_malformed=skip_malformed) as index:
        matched = Matcher(index).match(targets.components, near_misses=explain)
        print_matched(matched, targets, index, as_json=as_json, explain=explain)
    ctx.exit(matched_status(matched))


@command.command()
@click.argument("identifier", metavar="ID", cls=Argument)
@_advisories_option
@ledger_option
@actor_option
@json_option
@click.pass_context
def show(
    ctx: click.Context,
    *,
    identifier: str,
    advisories: Path | None,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """Print one advisory by any of its identifiers: CVE, GHSA, PYSEC, GO and others."""
    from gatebook.cli.advisories import known_advisories, print_advisory

    with known_advisories(ctx, advisories, ledger, actor) as index:
        print_advisory(index, identifier, as_json=as_json)


@command.command()
@_advisories_option
@ledger_option
@actor_option
@json_option
@click.pass_context
def status(
    ctx: click.Context, *, advisories: Path | None, ledger: Path, actor: str | None, as_json: bool
) -> None:
    """Print what a snapshot holds, how old it is, and the digest it is known by."""
    from gatebook.cli.advisories import known_advisories, print_status
    from gatebook.clock import SystemClock

    with known_advisories(ctx, advisories, ledger, actor) as index:
        print_status(index, SystemClock().now(), as_json=as_json)
