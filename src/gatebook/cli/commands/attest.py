"""``gatebook attest``: sign evidence about an artifact and accept it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import (
    actor_option,
    flag,
    json_option,
    ledger_option,
    open_book,
    option,
    read_file,
    receipt_option,
)
from gatebook.cli.signing import Signing, signing_options
from gatebook.cli.subject import resolve_digest, subject_argument
from gatebook.errors import UsageError

if TYPE_CHECKING:
    from gatebook.connectors.attestation_push import PushedAttestation
    from gatebook.digest import Digest
    from gatebook.formats.image_reference import ImageReference
    from gatebook.formats.intoto import Statement, Subject
    from gatebook.intake.evidence import Attachment
    from gatebook.workspace.book import Book

__all__ = ["command"]

_EVIDENCE = "evidence:"


@click.command()
@subject_argument
@option(
    "--type",
    "kind",
    required=True,
    metavar="TYPE",
    help="sbom, test-result, report, provenance, evidence:NAME for a custom evidence type, or the "
    "URI of a predicate type.",
)
@option(
    "--predicate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The SBOM, report or JSON predicate; - is standard input.",
)
@signing_options
@option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the signed attestation to this file.",
)
@option(
    "--format",
    "form",
    type=click.Choice(["envelope", "bundle"]),
    help="How it is written and kept: as a DSSE envelope, or as a Sigstore bundle v0.3. An "
    "envelope, unless --timestamp-url, --keyless or --push ask for a bundle.",
)
@option(
    "--timestamp-url",
    multiple=True,
    metavar="URL",
    help="Let this authority stamp the signature (RFC 3161); the stamp goes into the bundle.",
)
@option(
    "--push",
    metavar="IMAGE@DIGEST",
    help="Attach the bundle to the image in its registry too; SUBJECT has to be that digest.",
)
@flag("--no-accept", help="Only sign; needs --output or --push.")
@ledger_option
@actor_option
@receipt_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    subject: str,
    kind: str,
    predicate: Path | None,
    key: str | None,
    keyless: bool,
    identity_token_file: Path | None,
    trust_config: Path | None,
    output: Path | None,
    form: str | None,
    timestamp_url: tuple[str, ...],
    push: str | None,
    no_accept: bool,
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Make a statement about SUBJECT, sign it and accept it into the book.

    An SBOM in CycloneDX or SPDX JSON becomes the predicate; a test report becomes a test result
    and is kept beside it. A report of any other kind - of a scanner, on coverage or quality, on
    exploitability, an SBOM in another form, compressed or not - is signed by its digest and kept
    as it is; its content says what it is. Provenance without --predicate is written from what was
    recorded.

    Exit status 7 if it is of a custom evidence type and does not comply; it is recorded all the
    same.
    """
    from gatebook.cli.entries import evidence_name
    from gatebook.cli.evaluations import tell_evaluation
    from gatebook.cli.output import appended, note
    from gatebook.formats.intoto import encode_statement
    from gatebook.intake.statements import subject_of

    signing = Signing(
        key=key,
        keyless=keyless,
        identity_token_file=identity_token_file,
        trust_config=trust_config,
        timestamp_urls=timestamp_url,
    ).settled(ctx)
    bundle = _is_bundle(form, needed=bool(signing.keyless or timestamp_url or push is not None))
    if no_accept and output is None and push is None:
        raise UsageError("--no-accept needs --output or --push", code="cli.nothing-to-do")
    digest = resolve_digest(subject)
    target = None if push is None else _target(push, digest)
    if no_accept and predicate is not None:
        # Whoever only signs needs no book.
        names = [_called(subject)] if signing.keyless else []
        statement, _ = _from_file(kind, predicate, subject_of(digest, names))
        document = signing.sign_statement(encode_statement(statement), bundle=bundle)
        _write(document, output)
        pushed = _push(document, target)
        _signed(statement, digest, output, pushed, as_json=as_json)
        return
    with open_book(ledger, actor) as book:
        names = [str(row.name) for row in book.query.artifacts(digest)[-1:]]
        about = subject_of(digest, names or ([_called(subject)] if signing.keyless else []))
        if predicate is not None:
            statement, attachments = _from_file(kind, predicate, about)
        else:
            statement, attachments = _from_recording(book, kind, about, digest), ()
        document = signing.sign_statement(encode_statement(statement), bundle=bundle)
        _write(document, output)
        if no_accept:
            pushed = _push(document, target)
            _signed(statement, digest, output, pushed, as_json=as_json)
            return
        entry = book.accept(document, digest, attachments=attachments)
        said = f"accepted {evidence_name(statement.predicate_type)} about {digest.short}"
        appended(book, entry, receipt, as_json=as_json, said=said)
        status = tell_evaluation(book.evaluation_of(entry.entry), as_json=as_json)
    # What the book refuses is not shown to others as evidence either.
    pushed = _push(document, target)
    if pushed is not None:
        note(f"attached to {target} as {pushed.manifest}")
    ctx.exit(status)


def _called(subject: str) -> str:
    """A name for an artifact that has none in a book; sigstore signs nothing without."""
    path = Path(subject)
    return path.name if path.name and path.exists() else subject


def _is_bundle(form: str | None, *, needed: bool) -> bool:
    if form == "envelope" and needed:
        raise UsageError(
            "--timestamp-url, --keyless and --push make a bundle, not an envelope",
            code="cli.bundle-needed",
            hint="leave out --format, or say --format bundle",
        )
    return needed or form == "bundle"


def _target(push: str, digest: "Digest") -> "ImageReference":
    from gatebook.formats.image_reference import ImageReference

    target = ImageReference.parse(push)
    if target.digest != digest:
        named = "no digest" if target.digest is None else target.digest.short
        raise UsageError(
            f"--push names {named}, and the attestation is about {digest.short}",
            code="cli.push-subject",
            hint=f"attach it to {target.at(digest)}",
        )
    return target


def _write(document: bytes, output: Path | None) -> None:
    from gatebook.stores.files import write_durably

    if output is not None:
        write_durably(output, document, mode=0o644)


def _push(document: bytes, target: "ImageReference | None") -> "PushedAttestation | None":
    if target is None:
        return None
    from gatebook.cli.registries import open_registries
    from gatebook.clock import SystemClock
    from gatebook.connectors.attestation_push import push_attestation

    with open_registries() as registries:
        return push_attestation(registries, target, document, created=SystemClock().now())


def _signed(
    statement: "Statement",
    digest: "Digest",
    output: Path | None,
    pushed: "PushedAttestation | None",
    *,
    as_json: bool,
) -> None:
    from gatebook.cli.entries import evidence_name
    from gatebook.cli.output import print_json

    if as_json:
        print_json(
            "gatebook/signed/v1",
            file=None if output is None else str(output),
            subject=str(digest),
            predicate_type=statement.predicate_type,
            pushed=None if pushed is None else str(pushed.manifest),
        )
        return
    where = [] if output is None else [str(output)]
    if pushed is not None:
        where.append(f"attached as {pushed.manifest.short}")
    said = f"signed {evidence_name(statement.predicate_type)} about {digest.short}"
    click.echo(f"{said}: {', '.join(where)}")


def _from_recording(book: "Book", kind: str, about: "Subject", digest: "Digest") -> "Statement":
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
    from gatebook.intake import statements

    document = read_file(predicate)
    match kind:
        case "sbom":
            return statements.sbom_evidence(document, about)
        case "test-result":
            statement, attachment = statements.test_result_statement(document, about)
            return statement, (attachment,)
        case "report":
            statement, attachment = statements.report_statement(document, about)
            return statement, (attachment,)
        case custom if custom.startswith(_EVIDENCE):
            name = custom.removeprefix(_EVIDENCE)
            return statements.evidence_type_statement(document, name, about), ()
        case "provenance":
            return statements.predicate_statement(
                document, "https://slsa.dev/provenance/v1", about
            ), ()
        case uri if "://" in uri:
            return statements.predicate_statement(document, uri, about), ()
        case _:
            raise UsageError(
                f"--type is {kind!r}; expected sbom, test-result, report, provenance, "
                "evidence:NAME or a URI",
                code="cli.predicate-type",
            )
