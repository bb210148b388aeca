"""The table of commands, and what becomes of errors."""

import gc
import os
import sys

import click

from gatebook.cli.lazy import LazyGroup
from gatebook.cli.options import flag
from gatebook.cli.plain import fitted, visible
from gatebook.errors import GatebookError
from gatebook.version import __version__

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS = {
    "init": ("gatebook.cli.commands.init", "Make a new book."),
    "fingerprint": ("gatebook.cli.commands.fingerprint", "Print the digest of an artifact."),
    "record": ("gatebook.cli.commands.record", "Record that an artifact exists."),
    "attest": ("gatebook.cli.commands.attest", "Sign evidence about an artifact and accept it."),
    "sign": ("gatebook.cli.commands.sign", "Sign an artifact itself, or its digest."),
    "accept": ("gatebook.cli.commands.accept", "Accept evidence that others signed."),
    "approve": ("gatebook.cli.commands.approve", "Approve an artifact for an environment."),
    "revoke": ("gatebook.cli.commands.revoke", "Revoke an approval."),
    "gate": ("gatebook.cli.commands.gate", "Decide whether an artifact may be deployed."),
    "deploy": ("gatebook.cli.commands.deploy", "Record deployments."),
    "log": ("gatebook.cli.commands.log", "List the entries of the book."),
    "show": ("gatebook.cli.commands.show", "Show an entry, a decision or an artifact."),
    "query": ("gatebook.cli.commands.query", "Ask what ran where, when, and how it got there."),
    "drift": ("gatebook.cli.commands.drift", "Say what became known since an artifact was built."),
    "recheck": (
        "gatebook.cli.commands.recheck",
        "Decide again about everything that runs or may be deployed.",
    ),
    "verify": ("gatebook.cli.commands.verify", "Verify a receipt, a package, a log or a book."),
    "replay": ("gatebook.cli.commands.replay", "Decide again and compare, byte for byte."),
    "audit": ("gatebook.cli.commands.audit", "Export packages and logs for auditors."),
    "contract": ("gatebook.cli.commands.contract", "Check and publish contracts."),
    "trust": ("gatebook.cli.commands.trust", "Check and publish trust roots."),
    "key": ("gatebook.cli.commands.key", "Make, show and rotate keys."),
    "sbom": ("gatebook.cli.commands.sbom", "Check, compare and diff SBOMs."),
    "advisories": (
        "gatebook.cli.commands.advisories",
        "Import advisories, and match components with them.",
    ),
    "evidence-type": (
        "gatebook.cli.commands.evidence_type",
        "Check and publish custom evidence types.",
    ),
    "inspect": (
        "gatebook.cli.commands.inspect",
        "Say what a document is, and whether it is valid.",
    ),
    "reindex": ("gatebook.cli.commands.reindex", "Fold the index anew from the ledger."),
}

_GARBAGE = 50_000  # new containers before a look for cycles; Python looks after 700
_UNEXPECTED = 1
_UNREACHABLE = 6
_INTERRUPTED = 130  # 128 + SIGINT
_BROKEN_PIPE = 141  # 128 + SIGPIPE: never 0, so that a denied gate in a pipe does not look allowed


@click.command(
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done or allowed, 1 unexpected, 2 wrong usage, 3 denied, 4 undecided, "
    "5 verification failed, 6 unreachable, 7 findings.",
)
@click.version_option(__version__, prog_name="gatebook")
@flag("--debug", help="Show the traceback of an error.")
@flag("--no-color", help="Write without colours, as NO_COLOR does.")
@click.pass_context
def cli(context: click.Context, *, debug: bool, no_color: bool) -> None:
    """Decide whether an artifact may be deployed, and keep proof that anyone can check."""
    context.obj = debug
    if no_color:
        context.color = False


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show "→" must not end a command
            stream.reconfigure(errors="replace")
    gc.set_threshold(_GARBAGE)  # modules being loaded are no garbage
    status = _flush(_run(arguments))
    gc.freeze()  # the process ends; looking for garbage would take longer than many commands
    sys.exit(status)


def _run(arguments: list[str] | None) -> int:
    try:
        answer = cli.main(args=arguments, prog_name="gatebook", standalone_mode=False)
    except Exception as error:  # noqa: BLE001  # every error ends here, with its status
        _traceback(error, arguments)
        return _end(error)
    return answer if isinstance(answer, int) else 0


def _end(error: Exception) -> int:
    """Say what went wrong and return the exit status for it."""
    match error:
        case click.exceptions.Abort():
            click.echo("interrupted", err=True)
            return _INTERRUPTED
        case click.ClickException():
            _show_usage(error)
            return error.exit_code
        case GatebookError():
            _show(error.message, error.code, error.hint)
            return error.exit_status
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            _show(f"{where}{error.strerror or error}", "cli.system", None)
            return _UNREACHABLE
        case _:
            hint = "this is a defect; run `gatebook --debug …` and report what it prints"
            _show(f"{type(error).__name__}: {error}", GatebookError.code, hint)
            return _UNEXPECTED


def _show(message: str, code: str, hint: str | None) -> None:
    click.echo(fitted(f"error: {visible(message)}  [{code}]"), err=True)
    if hint:
        click.echo(fitted(f"\nhint: {visible(hint)}"), err=True)


def _show_usage(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    hint = None
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        hint = f"try `{error.ctx.command_path} --help`"
    _show(error.format_message(), "cli.usage", hint)


def _traceback(error: Exception, arguments: list[str] | None) -> None:
    given = sys.argv[1:] if arguments is None else arguments
    if "--debug" in given or os.environ.get("GATEBOOK_DEBUG"):
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True)


def _flush(status: int) -> int:
    """Hand over what is still buffered; an answer that nobody got is no success."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        status = status or _BROKEN_PIPE
    except OSError as error:
        _show(f"standard output: {error.strerror}", "cli.system", None)
        status = status or _UNREACHABLE
    else:
        return status
    # The interpreter flushes once more when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
