"""Options that mean the same on every command; each can also come from ``GATEBOOK_…``."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gatebook.workspace.book import Book

__all__ = [
    "Option",
    "actor_option",
    "environment_option",
    "json_option",
    "key_option",
    "ledger_option",
    "open_book",
    "option",
    "read_file",
    "receipt_option",
]

_F = TypeVar("_F", bound=Callable[..., Any])
_MAX_FILE = 256 * 1024 * 1024


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
        empty = isinstance(value, Sequence) and any(item == "" for item in value)
        if value == "" or (empty and not isinstance(value, str)):
            raise click.BadParameter("must not be empty", ctx=ctx, param=self)
        return super().process_value(ctx, value)


def option(*names: str, **attributes: Any) -> Callable[[_F], _F]:
    """Add an option named in full; its variable is ``GATEBOOK_`` and the name."""
    long_name = next(name for name in names if name.startswith("--")).split("/")[0]
    variable = "GATEBOOK_" + long_name.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, cls=Option, envvar=variable, show_envvar=True, **attributes)


ledger_option = option(
    "--ledger",
    type=click.Path(path_type=Path),
    default=".gatebook",
    show_default=True,
    help="Directory of the book.",
)
actor_option = option("--actor", help="Who acts, as issuer#subject; the session's user if absent.")
json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
environment_option = option("--environment", "-e", required=True, help="Name of the environment.")
key_option = option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Private key in PEM, readable by its owner only.",
)
receipt_option = option(
    "--receipt",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the entry's receipt to this file (.tlog-proof).",
)


def open_book(ledger: Path, actor: str | None) -> "Book":
    """Open the book an option names, for the actor an option or the session names."""
    from gatebook.names import Actor
    from gatebook.settings import local_actor
    from gatebook.workspace.book import Book

    who = Actor.parse(actor) if actor is not None else local_actor(os.environ)
    return Book.open(ledger, actor=who)


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
        raise UsageError(f"{path} has more than {limit} bytes", code="cli.file-too-large")
    return data
