"""The table of commands, and what becomes of errors."""

import sys
from typing import Any

import click

from gatebook.cli.lazy import LazyGroup
from gatebook.errors import GatebookError
from gatebook.version import __version__

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS = {
    "init": ("gatebook.cli.commands.init", "Make a new book."),
    "fingerprint": ("gatebook.cli.commands.fingerprint", "Print the digest of an artifact."),
    "record": ("gatebook.cli.commands.record", "Record that an artifact exists."),
    "attest": ("gatebook.cli.commands.attest", "Sign evidence about an artifact and accept it."),
    "accept": ("gatebook.cli.commands.accept", "Accept evidence that others signed."),
    "approve": ("gatebook.cli.commands.approve", "Approve an artifact for an environment."),
    "revoke": ("gatebook.cli.commands.revoke", "Revoke an approval."),
    "gate": ("gatebook.cli.commands.gate", "Decide whether an artifact may be deployed."),
    "deploy": ("gatebook.cli.commands.deploy", "Record deployments."),
    "log": ("gatebook.cli.commands.log", "List the entries of the book."),
    "show": ("gatebook.cli.commands.show", "Show an entry, a decision or an artifact."),
    "query": ("gatebook.cli.commands.query", "Ask what ran where, when, and how it got there."),
    "verify": ("gatebook.cli.commands.verify", "Verify a receipt, a package, a log or a book."),
    "replay": ("gatebook.cli.commands.replay", "Decide again and compare, byte for byte."),
    "audit": ("gatebook.cli.commands.audit", "Export packages and logs for auditors."),
    "contract": ("gatebook.cli.commands.contract", "Check and publish contracts."),
    "trust": ("gatebook.cli.commands.trust", "Check and publish trust roots."),
    "key": ("gatebook.cli.commands.key", "Make, show and rotate keys."),
    "reindex": ("gatebook.cli.commands.reindex", "Fold the index anew from the ledger."),
}


@click.command(
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done or allowed, 1 unexpected, 2 wrong usage, 3 denied, 4 undecided, "
    "5 verification failed, 6 unreachable, 7 findings.",
)
@click.version_option(__version__, prog_name="gatebook")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--no-color", is_flag=True, help="Write without colours, as NO_COLOR does.")
def cli(*, debug: bool, no_color: bool) -> None:
    """Decide whether an artifact may be deployed, and keep proof that anyone can check."""
    context = click.get_current_context()
    context.meta["gatebook.debug"] = debug
    if no_color:
        context.color = False


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    try:
        status: Any = cli.main(args=arguments, prog_name="gatebook", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except GatebookError as error:
        _show(error)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if _debugging():
            raise
        click.echo(f"error: {type(error).__name__}: {error}", err=True)
        click.echo(
            "\nhint: this is a defect; run again with `gatebook --debug …` and report what it "
            "prints  [gatebook.unexpected]",
            err=True,
        )
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _show(error: GatebookError) -> None:
    if _debugging():
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True)
    click.echo(f"error: {error.message}  [{error.code}]", err=True)
    if error.hint:
        click.echo(f"\nhint: {error.hint}", err=True)


def _debugging() -> bool:
    return "--debug" in sys.argv[1:]
