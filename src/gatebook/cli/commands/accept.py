"""``gatebook accept``: accept evidence that others signed."""

from pathlib import Path

import click

from gatebook.cli.options import (
    Argument,
    actor_option,
    flag,
    json_option,
    ledger_option,
    open_book,
    option,
    read_file,
    receipt_option,
)

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), cls=Argument)
@option(
    "--subject",
    help="What it is about: sha256:…, a path or an image; the only subject it names if absent.",
)
@flag(
    "--unsigned",
    help="Keep a document nobody signed as reported; it satisfies no signed control.",
)
@option("--format", "form", help="What an unsigned document is, such as junit or trivy.")
@ledger_option
@actor_option
@receipt_option
@json_option
def command(
    *,
    file: Path,
    subject: str | None,
    unsigned: bool,
    form: str | None,
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Verify a signed attestation (DSSE envelope) against the trust root and keep it.

    What is refused is recorded as refused, with the digest of its bytes and the reason.
    """
    from gatebook.cli.entries import evidence_name
    from gatebook.cli.output import appended
    from gatebook.cli.subject import resolve_digest
    from gatebook.errors import UsageError

    if not unsigned and form is not None:
        raise UsageError("--format goes with --unsigned", code="cli.unsigned")
    document = read_file(file)
    if unsigned:
        if subject is None or form is None:
            raise UsageError("--unsigned needs --subject and --format", code="cli.unsigned")
        digest = resolve_digest(subject)
        with open_book(ledger, actor) as book:
            entry = book.report(document, digest, form=form)
            said = f"kept {form} about {digest.short} as reported, unsigned"
            appended(book, entry, receipt, as_json=as_json, said=said)
        return
    expected = None if subject is None else resolve_digest(subject)
    with open_book(ledger, actor) as book:
        entry = book.accept(document, expected)
        kind = evidence_name(getattr(entry.entry.body, "predicate_type", "evidence"))
        said = f"accepted {kind} about {entry.entry.subjects[0].short}"
        appended(book, entry, receipt, as_json=as_json, said=said)
