"""Options that mean the same on every command; each can also come from ``GATEBOOK_…``."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from gatebook.clock import Instant
    from gatebook.workspace.book import Book

__all__ = [
    "ENTRY",
    "Argument",
    "Option",
    "actor_option",
    "asked",
    "environment_option",
    "flag",
    "json_option",
    "key_option",
    "ledger_option",
    "open_book",
    "option",
    "parse_end",
    "read_file",
    "receipt_option",
]

_F = TypeVar("_F", bound=Callable[..., Any])
_MAX_FILE = 256 * 1024 * 1024

ENTRY = click.IntRange(min=0, max=2**53)
"""The number of an entry."""


class Option(click.Option):
    """An option that refuses an empty value, from the command line and from its variable."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Read the variable; set but empty is an error, not an absence."""
        name = self.envvar
        if isinstance(name, str) and os.environ.get(name) == "":
            raise click.BadParameter(f"the variable {name} is empty", ctx=ctx, param=self)
        return super().resolve_envvar_value(ctx)

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Refuse an empty text, alone or in a list."""
        _refuse_empty(ctx, self, value)
        return super().process_value(ctx, value)


class Argument(click.Argument):
    """An argument that refuses an empty value."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Refuse an empty text."""
        _refuse_empty(ctx, self, value)
        return super().process_value(ctx, value)


def _refuse_empty(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    several = isinstance(value, Sequence) and not isinstance(value, str)
    if value == "" or (several and any(item == "" for item in value)):
        raise click.BadParameter("must not be empty", ctx=ctx, param=parameter)


def option(*names: str, **attributes: Any) -> Callable[[_F], _F]:
    """Add an option named in full; its variable is ``GATEBOOK_`` and the name."""
    long_name = next(name for name in names if name.startswith("--")).split("/")[0]
    variable = "GATEBOOK_" + long_name.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, cls=Option, envvar=variable, show_envvar=True, **attributes)


def flag(*names: str, **attributes: Any) -> Callable[[_F], _F]:
    """Add an option without a value; its variable takes 1 or 0."""
    return option(*names, is_flag=True, **attributes)


ledger_option = option(
    "--ledger",
    type=click.Path(path_type=Path),
    default=".gatebook",
    show_default=True,
    help="Directory of the book.",
)
actor_option = option("--actor", help="Who acts, as issuer#subject; the session's user if absent.")
json_option = flag("--json", "as_json", help="Write one JSON document.")
environment_option = option("--environment", "-e", required=True, help="Name of the environment.")
key_option = option(
    "--key",
    metavar="FILE|URI",
    help="Private key: a file (PEM, OpenSSH, cosign) that its owner only can read, or the URI of a "
    "key in a service or token, such as awskms:alias/release.",
)
receipt_option = option(
    "--receipt",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the entry's receipt to this file (.tlog-proof).",
)


def asked(ctx: click.Context, *names: str) -> list[str]:
    """Return which of some parameters were given; the command line silences the variables."""
    given = [name for name in names if ctx.params[name] not in {None, ()}]
    typed = [
        name for name in given if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    return typed or given


def open_book(ledger: Path, actor: str | None) -> "Book":
    """Open the book an option names, for the actor an option or the session names."""
    from gatebook.names import Actor
    from gatebook.settings import local_actor
    from gatebook.workspace.book import Book

    who = Actor.parse(actor) if actor is not None else local_actor(os.environ)
    return Book.open(ledger, actor=who)


def parse_end(text: str, now: "Instant") -> "Instant":
    """Read a time, or a duration from now.

    Raises:
        MalformedError: it is neither.
        UsageError: it is past already, or too far away to be written.

    """
    from gatebook.clock import Duration, Instant
    from gatebook.errors import UsageError

    end = Instant.parse(text) if "T" in text.upper() else now + Duration.parse(text)
    try:
        str(end)
    except OverflowError:
        raise UsageError(f"{text} is beyond the year 9999", code="cli.time") from None
    if end <= now:
        raise UsageError(f"{text} is over already: it is {now}", code="cli.time")
    return end


def read_file(path: Path, *, limit: int = _MAX_FILE) -> bytes:
    """Read a file the user named; ``-`` is standard input.

    Raises:
        UsageError: it is missing, unreadable or longer than ``limit``.

    """
    from gatebook.errors import UsageError

    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", code="cli.file") from None
    if len(data) > limit:
        raise UsageError(f"{path} has more than {limit:,} bytes", code="cli.file-too-large")
    return data
