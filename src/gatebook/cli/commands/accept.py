"""``gatebook accept``: accept evidence that others signed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.attestation_source import Found, read_source
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
from gatebook.errors import GatebookError, UsageError, VerificationError

if TYPE_CHECKING:
    from gatebook.cli.acceptance import Outcome
    from gatebook.digest import Digest
    from gatebook.ledger.batch import Appended
    from gatebook.workspace.book import Book

__all__ = ["RefusedDocumentsError", "command"]

_SHOWN = 5


class RefusedDocumentsError(VerificationError):
    """Some of the documents handed in were refused; the message says which, and why."""

    code = "cli.documents-refused"


@click.command()
@click.argument(
    "source",
    metavar="[FILE|DIRECTORY]",
    required=False,
    type=click.Path(path_type=Path),
    cls=Argument,
)
@option(
    "--from-registry",
    metavar="IMAGE",
    help="Accept what is attached to this image; a tag is resolved once.",
)
@option(
    "--from-layout",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Accept what an image layout, or an archive of one, holds attached to its image.",
)
@option("--platform", metavar="OS/ARCH", help="Of an index, take this platform's image.")
@option(
    "--subject",
    help="What it is about: sha256:…, a path or an image; the only subject it names if absent.",
)
@flag(
    "--unsigned",
    help="Keep a document nobody signed as reported; it satisfies no signed control.",
)
@option(
    "--format",
    "form",
    help="What an unsigned document is called; what its content says it is, if absent.",
)
@option(
    "--evidence-type",
    metavar="NAME",
    help="Judge an unsigned document by this custom evidence type.",
)
@option(
    "--report",
    "reports",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A report that FILE was signed over by its digest; may be given several times.",
)
@ledger_option
@actor_option
@receipt_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    source: Path | None,
    from_registry: str | None,
    from_layout: Path | None,
    platform: str | None,
    subject: str | None,
    unsigned: bool,
    form: str | None,
    evidence_type: str | None,
    reports: tuple[Path, ...],
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Verify signed attestations against the trust root and keep them.

    FILE holds one attestation or several: DSSE envelopes, Sigstore bundles, PEP 740 attestations,
    an array or lines of them, or an answer of the GitHub or npm API; - is standard input.
    What is refused is recorded as refused, with the digest of its bytes and the reason, and does
    not keep the others out. Documents that nobody signed are kept as reported.

    Exit status 7 if a document was judged by a custom evidence type and does not comply.
    """
    from gatebook.cli.evaluations import tell_evaluation
    from gatebook.cli.output import appended
    from gatebook.cli.subject import resolve_digest

    if not unsigned and (form is not None or evidence_type is not None):
        raise UsageError("--format and --evidence-type go with --unsigned", code="cli.unsigned")
    if unsigned:
        if subject is None or source is None:
            raise UsageError("--unsigned needs FILE and --subject", code="cli.unsigned")
        if reports:
            raise UsageError("--report goes with a signed FILE", code="cli.unsigned")
        if from_registry is not None or from_layout is not None or platform is not None:
            raise UsageError("--unsigned takes one file", code="cli.unsigned")
        document = read_file(source)
        about = resolve_digest(subject)
        with open_book(ledger, actor) as book:
            if evidence_type is None:
                _report(book, document, about, form, receipt, as_json=as_json)
                return
            handed_in = book.report_evidence(document, about, name=evidence_type)
            said = f"kept {evidence_type} about {about.short} as reported, unsigned"
            appended(book, handed_in.reported, receipt, as_json=as_json, said=said)
            ctx.exit(tell_evaluation(handed_in.evaluation, as_json=as_json))
    expected = None if subject is None else resolve_digest(subject)
    found = read_source(ctx, expected)
    with open_book(ledger, actor) as book:
        if found.malformed is not None:
            book.refuse(found.rejected, found.malformed, expected)
            raise found.malformed
        if found.whole:
            entry = _accept_one(book, found, expected, receipt, reports, as_json=as_json)
            ctx.exit(tell_evaluation(book.evaluation_of(entry.entry), as_json=as_json))
        if reports:
            raise UsageError(
                f"{found.source} holds several documents, and --report is for one",
                code="cli.report-of-several",
                hint="hand the documents in one by one, each with its report",
            )
        _accept_several(book, found, expected, receipt, as_json=as_json)


def _report(
    book: "Book",
    document: bytes,
    digest: "Digest",
    form: str | None,
    receipt: Path | None,
    *,
    as_json: bool,
) -> None:
    from gatebook.cli.output import appended

    entry = book.report(document, digest, form=form)
    called = getattr(entry.entry.body, "format", form)
    said = f"kept {called} about {digest.short} as reported, unsigned"
    appended(book, entry, receipt, as_json=as_json, said=said)


def _accept_one(
    book: "Book",
    found: Found,
    expected: "Digest | None",
    receipt: Path | None,
    reports: tuple[Path, ...],
    *,
    as_json: bool,
) -> "Appended":
    from gatebook.cli.entries import evidence_name
    from gatebook.cli.output import appended
    from gatebook.formats.report import REPORT_DOCUMENT_TYPE
    from gatebook.intake.evidence import Attachment

    beside = [Attachment(data=read_file(path), media_type=REPORT_DOCUMENT_TYPE) for path in reports]
    entry = book.accept(found.attestations[0].data, expected, attachments=beside)
    kind = evidence_name(getattr(entry.entry.body, "predicate_type", "evidence"))
    said = f"accepted {kind} about {entry.entry.subjects[0].short}"
    appended(book, entry, receipt, as_json=as_json, said=said)
    return entry


def _accept_several(
    book: "Book", found: Found, expected: "Digest | None", receipt: Path | None, *, as_json: bool
) -> None:
    from gatebook.cli.acceptance import accept_found
    from gatebook.cli.output import print_json

    if receipt is not None:
        raise UsageError(
            f"{found.source} holds several documents, and --receipt is for one entry",
            code="cli.receipt-of-several",
            hint="write the receipts afterwards, or hand the documents in one by one",
        )
    outcomes = accept_found(book, found, found.subject or expected)
    if as_json:
        counts: dict[str, Any] = {
            verdict: sum(each.verdict == verdict for each in outcomes)
            for verdict in ("accepted", "refused", "reported", "unread")
        }
        print_json(
            "gatebook/accepted/v1",
            source=found.source,
            subject=None if found.subject is None else str(found.subject),
            index_digest=None if found.index_digest is None else str(found.index_digest),
            **counts,
            documents=[each.to_json() for each in outcomes],
        )
    else:
        _print_table(found, outcomes)
    refused = [each for each in outcomes if each.refusal is not None]
    if refused:
        raise _refusal(refused, len(found.attestations))
    if not found.attestations:
        raise _none(found)


def _print_table(found: Found, outcomes: "list[Outcome]") -> None:
    from gatebook.cli.output import heading, table
    from gatebook.cli.plain import visible

    if found.subject is not None:
        heading(visible(found.source))
    if outcomes:
        table(
            ("document", "predicate", "signer", "verdict"),
            [each.row(found.source) for each in outcomes],
            shrink=(0, 2, 1, 3),
        )


def _refusal(refused: "list[Outcome]", total: int) -> GatebookError:
    reasons = "; ".join(each.reason for each in refused[:_SHOWN])
    more = f"; and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
    hints = {each.refusal.hint for each in refused if each.refusal is not None}
    was = "was" if len(refused) == 1 else "were"
    return RefusedDocumentsError(
        f"{len(refused)} of {total} attestations {was} refused: {reasons}{more}",
        hint=hints.pop() if len(hints) == 1 else None,
    )


def _none(found: Found) -> GatebookError:
    from gatebook.connectors.attestation_sources import NoAttestationError

    instead = ", and only documents that nobody signed" if found.unsigned else ""
    hint = None
    if found.index_digest is not None:
        hint = f"attestations may be attached to the index {found.index_digest} instead"
    return NoAttestationError(f"{found.source} holds no attestation{instead}", hint=hint)
