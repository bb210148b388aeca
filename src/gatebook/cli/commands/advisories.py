"""``gatebook advisories``: import advisories, and match components with them."""

from pathlib import Path

import click

from gatebook.cli.options import Argument, flag, json_option, option

__all__ = ["command"]

_DEFAULT_STORE = "advisories.gatebook"


@click.group()
def command() -> None:
    """Import advisories, and say which of them touch a component; offline, and without a book."""


_advisories_option = option(
    "--advisories",
    type=click.Path(path_type=Path),
    default=_DEFAULT_STORE,
    show_default=True,
    help="File that an import made, or a file or directory with advisories to read in memory.",
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
    default=_DEFAULT_STORE,
    show_default=True,
    help="File of the store; an earlier one is replaced when the new one is whole.",
)
@_skip_option
@json_option
def import_(*, paths: tuple[Path, ...], into: Path, skip_malformed: bool, as_json: bool) -> None:
    """Import OSV records, CISA's KEV catalogue and EPSS scores into one file.

    A PATH is a file or a directory: a mirror in the layout of osv-scanner
    (osv-scanner/ECOSYSTEM/all.zip), archives, JSON Lines, single records, plain or compressed. What
    a file holds is told by its content.
    """
    from gatebook.cli.advisories import print_imported
    from gatebook.cli.output import progress
    from gatebook.clock import SystemClock
    from gatebook.stores.advisory_import import import_advisories

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
@json_option
@click.pass_context
def match(
    ctx: click.Context,
    *,
    components: tuple[str, ...],
    advisories: Path,
    explain: bool,
    skip_malformed: bool,
    as_json: bool,
) -> None:
    """Print which advisories touch package URLs, or the components of SBOM files.

    Exit status: 0 nothing is known and everything was judged, 7 an advisory matches, 4 none does
    and something could not be judged.
    """
    from gatebook.cli.advisories import matched_status, open_advisories, print_matched, read_targets
    from gatebook.vulnerabilities.match import Matcher

    targets = read_targets(components)
    with open_advisories(advisories, skip_malformed=skip_malformed) as index:
        matched = Matcher(index).match(targets.components, near_misses=explain)
        print_matched(matched, targets, index, as_json=as_json, explain=explain)
    ctx.exit(matched_status(matched))


@command.command()
@click.argument("identifier", metavar="ID", cls=Argument)
@_advisories_option
@json_option
def show(*, identifier: str, advisories: Path, as_json: bool) -> None:
    """Print one advisory by any of its identifiers: CVE, GHSA, PYSEC, GO and others."""
    from gatebook.cli.advisories import open_advisories, print_advisory

    with open_advisories(advisories) as index:
        print_advisory(index, identifier, as_json=as_json)


@command.command()
@_advisories_option
@json_option
def status(*, advisories: Path, as_json: bool) -> None:
    """Print what a snapshot holds, how old it is, and the digest it is known by."""
    from gatebook.cli.advisories import open_advisories, print_status
    from gatebook.clock import SystemClock

    with open_advisories(advisories) as index:
        print_status(index, SystemClock().now(), as_json=as_json)
