"""``gatebook verify``: verify a receipt, a package, a log or a book; attestations and layouts.

The group's own arguments are those of the first four; ``attestation`` and ``layout`` are commands
of their own.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.lazy import LazyGroup
from gatebook.cli.options import Argument, asked, json_option, option, read_file

if TYPE_CHECKING:
    from gatebook.tlog.note import VerifierKey

__all__ = ["command"]


_FAULTS_SHOWN = 20
_HINTS = {
    "index": "the log is sound; run `gatebook reindex` to fold the index anew from it",
    "book.json": "a rotation of the log's key may have been cut short: open the book once, with "
    "any other command, and verify again",
}
_COMMANDS = {
    "attestation": (
        "gatebook.cli.commands.verify_attestation",
        "Verify attestations about an artifact, without a book.",
    ),
    "layout": (
        "gatebook.cli.commands.verify_layout",
        "Verify that the steps of an in-toto layout were done, without a book.",
    ),
}


class _VerifyGroup(LazyGroup):
    """A command with arguments of its own, unless the first one names one of its commands.

    A file that is called like a command is written with its directory: ``./attestation``.
    """

    allow_interspersed_args = True

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Hand over to the command that is named, with the context in which it runs."""
        if args and (inner := self.get_command(click.Context(self), args[0])) is not None:
            return inner.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as a command that is no group."""
        return click.Command.parse_args(self, ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run as a command that is no group."""
        return click.Command.invoke(self, ctx)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Leave commands out of the usage line: they stand below."""
        return click.Command.collect_usage_pieces(self, ctx)


@click.command(cls=_VerifyGroup, table=_COMMANDS, invoke_without_command=True)
@click.argument(
    "file",
    required=False,
    metavar="[RECEIPT|PACKAGE]",
    type=click.Path(path_type=Path, dir_okay=False),
    cls=Argument,
)
@option(
    "--entry",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The entry's bytes, for a receipt.",
)
@option("--log-key", help="The log's verifier key, name+hash+base64; or a file that holds it.")
@option(
    "--log", metavar="DIRECTORY|URL", help="Verify a C2SP log tree: checkpoint, tiles, entries."
)
@option(
    "--book",
    type=click.Path(path_type=Path, file_okay=False),
    help="Re-verify everything in a book's directory.",
)
@option(
    "--checkpoint",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A checkpoint the book has to contain, kept from earlier.",
)
@option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A C2SP tlog-policy file: which witnesses must have cosigned a receipt.",
)
@option("--origin", help="The log's origin, when it is not the name of its key.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    file: Path | None,
    entry: Path | None,
    log_key: str | None,
    log: str | None,
    book: Path | None,
    checkpoint: tuple[Path, ...],
    policy: Path | None,
    origin: str | None,
    as_json: bool,
) -> None:
    """Verify, offline and without trust in whoever handed it over.

    \b
    gatebook verify RECEIPT --entry FILE --log-key VKEY  one entry is in a log
    gatebook verify PACKAGE [--log-key VKEY]             everything behind a decision
    gatebook verify --log DIRECTORY|URL --log-key VKEY   a whole log, ours or another's
    gatebook verify --book DIRECTORY [--log-key VKEY]    a book, from its bytes
    gatebook verify attestation FILE --subject …         what others signed, without a book
    gatebook verify layout LAYOUT --links DIRECTORY …    the steps of an in-toto layout

    Exit status 5 names the object at fault.
    """
    from gatebook.errors import UsageError

    wanted = asked(ctx, "file", "log", "book")
    if len(wanted) != 1:
        raise UsageError(
            "say what to verify: a RECEIPT or PACKAGE, --log or --book",
            code="cli.verify-what",
            hint="`gatebook verify attestation --help` for attestations, `gatebook verify layout "
            "--help` for in-toto layouts",
        )
    if wanted == ["log"]:
        _verify_log(str(log), log_key, origin, as_json=as_json)
    elif wanted == ["book"] and book is not None:
        _verify_book(book, log_key, checkpoint, as_json=as_json)
    elif file is not None:
        data = read_file(file)
        if data.startswith(b"PK"):
            _verify_package(data, log_key, as_json=as_json)
        else:
            _verify_receipt(data, entry, log_key, policy, origin, as_json=as_json)


def _parse_key(log_key: str) -> "VerifierKey":
    from gatebook.errors import GatebookError
    from gatebook.tlog.note import VerifierKey

    try:
        return VerifierKey.parse(log_key)
    except GatebookError:
        if "\n" in log_key or not os.path.isfile(log_key):  # noqa: PTH113  # never raises
            raise
    text = read_file(Path(log_key), limit=65_536).decode("utf-8", "replace")
    return VerifierKey.parse(text.strip())


def _needed(log_key: str | None) -> str:
    from gatebook.errors import UsageError

    if log_key is None:
        raise UsageError(
            "the log's key is needed: --log-key",
            code="cli.log-key-needed",
            hint="whoever runs the log publishes it; `gatebook key show` prints a book's own",
        )
    return log_key


def _verify_receipt(
    data: bytes,
    entry: Path | None,
    log_key: str | None,
    policy: Path | None,
    origin: str | None,
    *,
    as_json: bool,
) -> None:
    from gatebook.cli.output import print_json, style
    from gatebook.errors import UsageError
    from gatebook.tlog.quorum import TlogPolicy
    from gatebook.tlog.receipt import Receipt, check_receipt

    if entry is None:
        raise UsageError("a receipt is checked against its entry: --entry FILE", code="cli.entry")
    rules = None if policy is None else TlogPolicy.parse(read_file(policy, limit=1024 * 1024))
    key = _parse_key(_needed(log_key)) if rules is None or log_key is not None else None
    verified = check_receipt(
        Receipt.parse(data), read_file(entry, limit=65_536), key, rules, origin=origin
    )
    found = verified.checkpoint
    if as_json:
        print_json(
            "gatebook/verified-receipt/v1",
            verified=True,
            origin=found.origin,
            index=verified.index,
            size=found.size,
            root=found.root.hex(),
            cosignatures=len(verified.cosignatures),
        )
        return
    click.echo(
        f"{style('verified', 'good', bold=True)}: entry {verified.index} is in {found.origin}, "
        f"among the first {found.size}"
    )


def _verify_log(target: str, log_key: str | None, origin: str | None, *, as_json: bool) -> None:
    from gatebook.cli.output import print_json, progress, style
    from gatebook.cli.plain import counted
    from gatebook.workspace.verification import verify_log

    with progress("entries verified") as shown:
        report = verify_log(
            target,
            _parse_key(_needed(log_key)),
            origin=origin,
            on_entry=lambda index, _: shown(index, index + 1) if index % 10_000 == 0 else None,
        )
    if as_json:
        print_json(
            "gatebook/verified-log/v1",
            verified=True,
            origin=report.origin,
            size=report.size,
            root=report.root.hex(),
            entries=report.entries,
            tiles=report.tiles,
        )
        return
    click.echo(
        f"{style('verified', 'good', bold=True)}: {report.origin}, "
        f"{counted(report.entries, 'entry', 'entries')} in {counted(report.tiles, 'tile')}, "
        f"root {report.root.hex()[:16]}…"
    )


def _verify_book(
    directory: Path, log_key: str | None, checkpoints: tuple[Path, ...], *, as_json: bool
) -> None:
    from gatebook.cli.output import note, print_json, progress, style
    from gatebook.cli.plain import counted
    from gatebook.errors import VerificationError
    from gatebook.workspace.verification import verify_book

    with progress("entries verified") as shown:
        report = verify_book(
            directory,
            log_key=None if log_key is None else _parse_key(log_key),
            checkpoints=[read_file(each, limit=1024 * 1024) for each in checkpoints],
            progress=shown,
        )
    if as_json:
        print_json(
            "gatebook/verified-book/v1",
            verified=not report.faults,
            origin=report.origin,
            size=report.ledger.head.size,
            root=report.ledger.head.root.hex(),
            checkpoints=report.ledger.checkpoints,
            blobs=report.ledger.blobs,
            index_entries=report.index_entries,
            faults=[
                {"object": fault.object, "code": fault.code, "message": fault.message}
                for fault in report.faults
            ],
        )
    if report.faults:
        first, others = report.faults[0], report.faults[1:]
        for fault in others[:_FAULTS_SHOWN]:
            note(f"also: {fault}  [{fault.code}]")
        if len(others) > _FAULTS_SHOWN:
            note(f"and {len(others) - _FAULTS_SHOWN:,} more")
        raise VerificationError(
            f"the book is at fault: {first}", code=first.code, hint=_HINTS.get(first.object)
        )
    if as_json:
        return
    click.echo(
        f"{style('verified', 'good', bold=True)}: {report.origin}, "
        f"{counted(report.ledger.head.size, 'entry', 'entries')}, "
        f"{counted(report.ledger.blobs, 'document')}, "
        f"{counted(report.ledger.checkpoints, 'checkpoint')}"
        + ("" if report.index_entries is None else f", index of {report.index_entries}")
    )
    if log_key is None:
        note(
            f"signed by {report.ledger.keys[-1].vkey}, as the book itself says; give --log-key to "
            "compare with the key you know"
        )


def _verify_package(data: bytes, log_key: str | None, *, as_json: bool) -> None:
    from gatebook.audit.verify import verify_package
    from gatebook.cli.output import note, print_json, style
    from gatebook.cli.plain import counted, visible

    report = verify_package(data, log_key=None if log_key is None else _parse_key(log_key))
    decision = report.decision
    if as_json:
        print_json(
            "gatebook/verified-package/v1",
            verified=True,
            origin=report.origin,
            size=report.size,
            root=report.root.hex(),
            log_key=report.key_source,
            decision=decision.digest.hex,
            subject=str(decision.subject),
            environment=str(decision.environment),
            verdict=decision.verdict.value,
            entries=len(report.entries),
            blobs=len(report.blobs),
            replayed=True,
        )
        return
    verdict = decision.verdict.value.upper()
    name = visible(str(decision.name or decision.subject.short))
    told = f"{verdict} {name} → {decision.environment} at {decision.instant}"
    click.echo(f"{style('verified', 'good', bold=True)}: {told}")
    click.echo(
        f"  {counted(len(report.entries), 'entry', 'entries')} proved in {report.origin} at size "
        f"{report.size}, {counted(len(report.blobs), 'document')}, decision replayed equal"
    )
    if log_key is None:
        note(
            "signed by the key inside the package; give --log-key to compare with the one you know"
        )
