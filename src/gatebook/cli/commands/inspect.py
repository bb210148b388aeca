"""``gatebook inspect``: say what documents are, what is in them, and whether they are valid."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.options import Argument, flag, json_option, option

if TYPE_CHECKING:
    from gatebook.formats.reading.reader import Reader

__all__ = ["command"]


@click.command()
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    cls=Argument,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
)
@option("--media-type", help="What the sender calls the documents, such as a protobuf SBOM.")
@option(
    "--as-format",
    metavar="FORMAT",
    help="What the documents have to be; an empty list of alerts is nothing without it.",
)
@flag("--fast", help="Read, and leave out the check against the schema of the format.")
@flag("--explain", help="Also say how the format was told, and all that was noted.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    media_type: str | None,
    as_format: str | None,
    fast: bool,
    explain: bool,
    as_json: bool,
) -> None:
    """Say what documents are by their content, what is in them, and whether they are valid.

    A FILE is a component list, a scan, a test, coverage or quality report, a statement on
    exploitability or an advisory, compressed or not, in an envelope or not; - is standard input.
    No signature is verified, and a file's name is never looked at.

    Exit status: 0 all are known and none is refused, 4 one is of no format that is read, 5 one is
    refused.
    """
    from gatebook.cli.inspection import inspected_status, print_inspected
    from gatebook.cli.options import read_file
    from gatebook.errors import UsageError
    from gatebook.formats.reading.document_format import DocumentFormat
    from gatebook.formats.reading.inspection import MAX_INSPECTED_BYTES, inspect

    try:
        named = None if as_format is None else DocumentFormat(as_format)
    except ValueError:
        raise UsageError(f"there is no format {as_format!r}", code="cli.format") from None

    def others() -> "Sequence[Reader[Any]]":
        from gatebook.vulnerabilities.readers import ADVISORY_READERS

        return ADVISORY_READERS

    found = [
        (
            str(file),
            inspect(
                read_file(file, limit=MAX_INSPECTED_BYTES),
                media_type=media_type,
                as_format=named,
                schema=not fast,
                others=others,
            ),
        )
        for file in files
    ]
    print_inspected(found, as_json=as_json, explain=explain)
    ctx.exit(inspected_status(found))
