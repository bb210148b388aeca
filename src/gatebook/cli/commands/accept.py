"""``gatebook accept``: accept evidence that others signed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import (
    actor_option,
    json_option,
    ledger_option,
    open_book,
    option,
    read_file,
    receipt_option,
)

if TYPE_CHECKING:
    from gatebook.digest import Digest

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@option(
    "--subject",
    help="What it is about: sha256:…, a path or an image; the only subject it names if absent.",
)
@click.option(
    "--unsigned",
    is_flag=True,
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
    from gatebook.cli.output import appended
    from gatebook.cli.subject import resolve_digest
    from gatebook.errors import UsageError

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
    digest = resolve_digest(subject) if subject is not None else _only_subject(document)
    with open_book(ledger, actor) as book:
        entry = book.accept(document, digest)
        kind = getattr(entry.entry.body, "predicate_type", "evidence")
        said = f"accepted {kind} about {digest.short}"
        appended(book, entry, receipt, as_json=as_json, said=said)


def _only_subject(document: bytes) -> "Digest":
    from gatebook.errors import UsageError
    from gatebook.formats.dsse import Envelope
    from gatebook.formats.intoto import Statement

    statement = Statement.parse(Envelope.parse(document).payload)
    digests = {digest for item in statement.subjects for digest in item.digests.digests}
    named = sorted(digest for digest in digests if digest.algorithm == "sha256")
    if len(named) != 1:
        raise UsageError(
            f"the statement names {len(named)} sha256 digests: say which with --subject",
            code="cli.subject-needed",
        )
    return named[0]
