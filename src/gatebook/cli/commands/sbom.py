"""``gatebook sbom``: check SBOMs, compare them, and say what changed."""

from pathlib import Path

import click

from gatebook.cli.options import Argument, json_option, option

__all__ = ["command"]

_FILE = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Check, compare and diff SBOMs of every format that is read; without a book."""


_allow_option = option(
    "--allow",
    "allowed",
    metavar="LICENCE",
    multiple=True,
    help="A licence that may be used, as MIT, 'GPL-2.0-only WITH Classpath-exception-2.0' or "
    "BSD-*; with any given, all others are denied.",
)
_deny_option = option(
    "--deny", "denied", metavar="LICENCE", multiple=True, help="A licence that may not be used."
)


@command.command()
@click.argument("sbom", metavar="FILE", cls=Argument, type=_FILE)
@option(
    "--profile",
    "profiles",
    multiple=True,
    help="Elements to ask for: ntia-2021, cisa-2025, fsct-3, bsi-2.0, bsi-2.1 or gatebook; "
    "with +additional, those that are required where they exist as well.  [default: gatebook]",
)
@option("--subject", metavar="DIGEST", help="Digest of the artifact it has to be about.")
@option("--attested", type=_FILE, help="The attested SBOM it has to be, byte for byte.")
@option("--previous", type=_FILE, help="SBOM of the previous release, to compare with.")
@option(
    "--check",
    "only",
    metavar="CHECK",
    multiple=True,
    help="Number or name of a check to run alone.",
)
@_allow_option
@_deny_option
@json_option
@click.pass_context
def check(
    ctx: click.Context,
    *,
    sbom: Path,
    profiles: tuple[str, ...],
    subject: str | None,
    attested: Path | None,
    previous: Path | None,
    only: tuple[str, ...],
    allowed: tuple[str, ...],
    denied: tuple[str, ...],
    as_json: bool,
) -> None:
    """Ask the checks S01 to S24 of an SBOM.

    Exit status: 0 nothing failed, 7 a check failed, 4 none failed and one that was asked for could
    not be judged.
    """
    from gatebook.cli.sbom import checked_status, print_checks, run_asked_checks

    asked = run_asked_checks(
        sbom,
        profiles=profiles or ("gatebook",),
        subject=subject,
        attested=attested,
        previous=previous,
        only=only,
        allowed=allowed,
        denied=denied,
    )
    print_checks(asked, as_json=as_json)
    ctx.exit(checked_status(asked))


@command.command()
@click.argument("old", metavar="OLD", cls=Argument, type=_FILE)
@click.argument("new", metavar="NEW", cls=Argument, type=_FILE)
@json_option
@click.pass_context
def diff(ctx: click.Context, *, old: Path, new: Path, as_json: bool) -> None:
    """Print what changed from one release to the next.

    Exit status: 0, or 7 when a component has other bytes in the same version.
    """
    from gatebook.cli.sbom import diff_status, print_diff, read_sbom_file
    from gatebook.cli.version_order import version_order
    from gatebook.sboms.diff import diff_sboms

    found = diff_sboms(read_sbom_file(old), read_sbom_file(new), order=version_order)
    print_diff(found, as_json=as_json)
    ctx.exit(diff_status(found))


@command.command()
@click.argument("presented", metavar="PRESENTED", cls=Argument, type=_FILE)
@click.argument("attested", metavar="ATTESTED", cls=Argument, type=_FILE)
@json_option
@click.pass_context
def compare(ctx: click.Context, *, presented: Path, attested: Path, as_json: bool) -> None:
    """Say whether an SBOM is the attested one: the same bytes, or the same components.

    The two may be of different formats. Exit status: 0 alike, 7 different.
    """
    from gatebook.cli.sbom import compare_files, compared_status, print_comparison

    found = compare_files(presented, attested)
    print_comparison(found, as_json=as_json)
    ctx.exit(compared_status(found))


@command.command()
@click.argument("sbom", metavar="FILE", cls=Argument, type=_FILE)
@_allow_option
@_deny_option
@json_option
@click.pass_context
def licenses(
    ctx: click.Context,
    *,
    sbom: Path,
    allowed: tuple[str, ...],
    denied: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print the licence of each component, and what the lists say of it.

    Exit status: 0 all are allowed or no list is given, 7 one is denied, 4 none is and one is not
    known.
    """
    from gatebook.cli.sbom_licences import judge_licences, licences_status, print_licences

    found = judge_licences(sbom, allowed=allowed, denied=denied)
    print_licences(found, as_json=as_json)
    ctx.exit(licences_status(found))
