"""``gatebook attest``: sign evidence about an artifact and accept it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import (
    actor_option,
    flag,
    json_option,
    key_option,
    ledger_option,
    open_book,
    option,
    read_file,
    receipt_option,
)
from gatebook.cli.subject import resolve_digest, subject_argument

if TYPE_CHECKING:
    from gatebook.digest import Digest
    from gatebook.formats.intoto import Statement, Subject
    from gatebook.intake.evidence import Attachment
    from gatebook.workspace.book import Book

__all__ = ["command"]


@click.command()
@subject_argument
@option(
    "--type",
    "kind",
    required=True,
    metavar="TYPE",
    help="sbom, test-result, provenance, or the URI of a predicate type.",
)
@option(
    "--predicate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The SBOM, JUnit report or JSON predicate; - is standard input.",
)
@key_option
@option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the signed envelope to this file.",
)
@flag("--no-accept", help="Only sign; needs --output.")
@ledger_option
@actor_option
@receipt_option
@json_option
def command(
    *,
    subject: str,
    kind: str,
    predicate: Path | None,
    key: Path | None,
    output: Path | None,
    no_accept: bool,
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Make a statement about SUBJECT, sign it with a key and accept it into the book.

    An SBOM (CycloneDX or SPDX JSON) becomes the predicate; a JUnit report becomes a test result
    and is kept beside it; provenance without --predicate is written from what was recorded.
    """
    from gatebook.cli.entries import evidence_name
    from gatebook.cli.output import appended
    from gatebook.cli.signing import load_signer
    from gatebook.errors import UsageError
    from gatebook.formats.intoto import encode_statement
    from gatebook.intake.statements import subject_of
    from gatebook.stores.files import write_durably
    from gatebook.trust.signers import sign_statement

    if no_accept and output is None:
        raise UsageError("--no-accept needs --output", code="cli.nothing-to-do")
    digest = resolve_digest(subject)
    signer = load_signer(key)
    if no_accept and predicate is not None and output is not None:
        # Whoever only signs needs no book.
        statement, _ = _from_file(kind, predicate, subject_of(digest, []))
        envelope = sign_statement(encode_statement(statement), signer).encode()
        write_durably(output, envelope, mode=0o644)
        _signed(statement, digest, output, as_json=as_json)
        return
    with open_book(ledger, actor) as book:
        about = subject_of(digest, [row.name for row in book.query.artifacts(digest)[-1:]])
        if predicate is not None:
            statement, attachments = _from_file(kind, predicate, about)
        else:
            statement, attachments = _from_recording(book, kind, about, digest), ()
        envelope = sign_statement(encode_statement(statement), signer).encode()
        if output is not None:
            write_durably(output, envelope, mode=0o644)
            if no_accept:
                _signed(statement, digest, output, as_json=as_json)
                return
        entry = book.accept(envelope, digest, attachments=attachments)
        said = f"accepted {evidence_name(statement.predicate_type)} about {digest.short}"
        appended(book, entry, receipt, as_json=as_json, said=said)


def _signed(statement: "Statement", digest: "Digest", output: Path, *, as_json: bool) -> None:
    from gatebook.cli.entries import evidence_name
    from gatebook.cli.output import print_json

    if as_json:
        print_json(
            "gatebook/signed/v1",
            file=str(output),
            subject=str(digest),
            predicate_type=statement.predicate_type,
        )
        return
    click.echo(f"signed {evidence_name(statement.predicate_type)} about {digest.short}: {output}")


def _from_recording(book: "Book", kind: str, about: "Subject", digest: "Digest") -> "Statement":
    from gatebook.errors import UsageError
    from gatebook.intake.statements import provenance_statement
    from gatebook.ledger.kinds import ArtifactRecorded

    if kind != "provenance":
        raise UsageError(f"--type {kind} needs --predicate", code="cli.predicate-needed")
    for index in reversed(list(book.query.entries_about(digest))):
        entry = book.entry(index)
        if isinstance(entry.body, ArtifactRecorded) and entry.body.build is not None:
            finished = entry.body.build.finished or entry.happened
            return provenance_statement(about, entry.body.build, finished=finished)
    raise UsageError(
        f"no build is recorded for {digest.short}, so there is none to attest",
        code="cli.no-build",
        hint="run `gatebook record` first, or give --predicate",
    )


def _from_file(
    kind: str, predicate: Path, about: "Subject"
) -> "tuple[Statement, tuple[Attachment, ...]]":
    from gatebook.errors import UsageError
    from gatebook.intake import statements

    document = read_file(predicate)
    match kind:
        case "sbom":
            return statements.sbom_statement(document, about), ()
        case "test-result":
            statement, attachment = statements.test_result_statement(document, about)
            return statement, (attachment,)
        case "provenance":
            return statements.predicate_statement(
                document, "https://slsa.dev/provenance/v1", about
            ), ()
        case uri if "://" in uri:
            return statements.predicate_statement(document, uri, about), ()
        case _:
            raise UsageError(
                f"--type is {kind!r}; expected sbom, test-result, provenance or a URI",
                code="cli.predicate-type",
            )
