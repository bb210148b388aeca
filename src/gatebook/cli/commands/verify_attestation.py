"""``gatebook verify attestation``: what others signed about an artifact, without a book."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gatebook.cli.options import Argument, asked, flag, json_option, option, read_file

if TYPE_CHECKING:
    from gatebook.formats.attestations import AttestationDocument
    from gatebook.trust.request.subject import RequestSubject
    from gatebook.trust.request.verification import VerificationRequest

__all__ = ["command"]

_PROFILES = ("public-good", "rekor-v2", "github", "managed-key", "private")
# Those of trust roots; spelt out here so that --help loads no verifier.
_LENIENCIES = ("legacy-chain", "legacy-hash", "legacy-set-only", "unverifiable-timestamps")
_PIECE = 1024 * 1024
_MAX_ARTIFACT = 256 * _PIECE
_MAX_DOCUMENTS = 64 * _PIECE
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", required=False, type=_FILE, cls=Argument)
@option("--subject", metavar="DIGEST|FILE", help="The artifact: sha256:…, or the file itself.")
@option(
    "--from-registry",
    metavar="REFERENCE",
    help="In place of FILE: what is attached to this image in its registry.",
)
@option(
    "--trust-root",
    "trust_roots",
    type=_FILE,
    multiple=True,
    help="A Sigstore trusted root, a list of keys as npm's, or a Gatebook trust root; told apart "
    "by content. A Sigstore root and a list of keys go together.",
)
@option(
    "--profile",
    type=click.Choice(_PROFILES),
    help="What a bundle has to prove. With a key: managed-key. With a trusted root: private, all "
    "that the root offers. Else public-good, with the root that the extra sigstore installs.",
)
@option("--certificate-identity", help="The subject of the signer's certificate, exactly.")
@option("--certificate-oidc-issuer", help="Who vouched for that subject, exactly.")
@option("--public-key", "--key", "key", type=_FILE, help="The public key that is believed.")
@option("--source-uri", help="The source of the build, such as github.com/owner/name.")
@option("--source-branch", help="The branch that was built.")
@option("--source-tag", help="The tag that was built.")
@option("--source-versioned-tag", help="The version that was built, as far as given: v1, v1.2 …")
@option("--builder-id", help="The builder, with or without @ and its version.")
@option(
    "--workflow-input",
    "workflow_inputs",
    metavar="NAME=VALUE",
    multiple=True,
    help="An input the workflow was started with by hand; may be repeated.",
)
@option("--package-name", help="The npm package: both halves of the registry's answer count.")
@option("--package-version", help="The version of the npm package, likewise.")
@option("--verifier-id", help="Who made the verification summary that is asked for.")
@option("--resource-uri", help="The resource that the summary is about, exactly.")
@option(
    "--verified-level",
    "verified_levels",
    metavar="LEVEL",
    multiple=True,
    help="A level the summary has to say, such as SLSA_BUILD_LEVEL_2, or a property; may be "
    "repeated.",
)
@option("--predicate-type", help="The type of the statement: its URI, or a word such as sbom.")
@option("--repository", help="The repository of the artifact, for a Gatebook trust root's scopes.")
@option("--environment", help="The environment it is for, for a Gatebook trust root's scopes.")
@option(
    "--allow",
    type=click.Choice(_LENIENCIES),
    multiple=True,
    help="Put up with what old bundles do and new ones must not; may be repeated.",
)
@flag("--explain", help="Show what was checked, with what was expected and what was found.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, *, explain: bool, as_json: bool, **given: Any) -> None:
    """Verify attestations about an artifact: who signed them, when, and what they say.

    FILE holds one attestation or many, in any form that is known: a Sigstore bundle, a DSSE
    envelope, a PEP 740 attestation, a cosign bundle, JSON lines or an array of them, the answer of
    GitHub's or npm's API. A - stands for standard input. One attestation that satisfies everything
    that is asked is enough, but an npm package takes two. No book is needed, and nobody is believed
    who is not named:

    \b
    --certificate-identity I --certificate-oidc-issuer U  the holder of a certificate
    --key FILE                                            whoever has this key
    --source-uri S [--builder-id B]                       a trusted builder, of this source
    --trust-root FILE                                     whom a Gatebook trust root names

    Exit status 5 says with a code what is wrong.
    """
    from gatebook.cli.commands.verify_expected import expected_package, is_package
    from gatebook.cli.commands.verify_report import show_refusal, show_verdicts
    from gatebook.errors import VerificationError
    from gatebook.trust.request.documents import most_telling, verify_documents

    package: dict[str, str | None] | None = None
    try:
        documents, request = _prepare(ctx, given)
        if is_package(given):
            from gatebook.trust.request.package import verify_package

            pair = verify_package(documents, expected_package(given, request))
            verdicts, refusal = pair.documents, pair.refusal
            found = pair.published
            package = {
                "name": given["package_name"] if found is None else found.name,
                "version": given["package_version"] if found is None else found.version,
            }
        else:
            verdicts = verify_documents(documents, request)
            refusal = most_telling(verdicts)
    except VerificationError as error:
        # Nothing was judged; whoever reads JSON still gets an answer, and it is no.
        if as_json:
            show_refusal(error)
        raise
    show_verdicts(verdicts, request, refusal, package=package, explain=explain, as_json=as_json)
    if refusal is not None:
        raise refusal


def _prepare(
    ctx: click.Context, given: dict[str, Any]
) -> "tuple[tuple[AttestationDocument, ...], VerificationRequest]":
    from gatebook.cli.commands.verify_expected import expected_summary, is_package, package_root
    from gatebook.cli.commands.verify_trust import expected_build, expected_types, request_root
    from gatebook.clock import SystemClock
    from gatebook.errors import UsageError
    from gatebook.names import EnvironmentName, RepositoryUri
    from gatebook.trust.request.root import SignerChoice
    from gatebook.trust.request.verification import VerificationRequest

    wanted = asked(ctx, "file", "from_registry")
    if len(wanted) != 1:
        raise UsageError(
            "say what to verify: a FILE, or --from-registry REFERENCE", code="cli.verify-what"
        )
    of_package, summary = is_package(given), expected_summary(given)
    subject = (
        None
        if given["subject"] is None
        else _subject(given["subject"], of_summary=summary is not None)
    )
    if subject is None and wanted == ["file"]:
        raise UsageError(
            "say which artifact it is about: --subject sha256:… or --subject FILE",
            code="cli.subject-needed",
        )
    root = package_root(ctx, given) if of_package else request_root(ctx, given)
    scoped = root.choice is SignerChoice.DOCUMENT
    if not scoped and (_typed(ctx, "repository") or _typed(ctx, "environment")):
        raise UsageError(
            "--repository and --environment are for the scopes of a Gatebook trust root",
            code="cli.attestation-options",
            hint="the source of a build is named with --source-uri",
        )
    build = expected_build(given, root)
    repository = given["repository"] if scoped else None
    environment = given["environment"] if scoped else None
    if wanted == ["file"]:
        from gatebook.formats.attestations import split_attestations

        documents = split_attestations(read_file(given["file"], limit=_MAX_DOCUMENTS))
        known = subject
    else:
        documents, attached_to = _from_registry(given["from_registry"])
        known = subject or attached_to
    assert known is not None  # noqa: S101  # for the type checker: a file needs a subject
    return documents, VerificationRequest(
        subject=known,
        root=root,
        at=SystemClock().now(),
        predicate_types=expected_types(given["predicate_type"]),
        build=build,
        summary=summary,
        repository=None if repository is None else RepositoryUri.parse(repository),
        environment=None if environment is None else EnvironmentName.parse(environment),
    )


def _typed(ctx: click.Context, name: str) -> bool:
    """Whether an option stands on the command line; variables are often set for other commands."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _subject(text: str, *, of_summary: bool) -> "RequestSubject":
    """Take a digest as it is, for a summary by any algorithm; hash a file by all we know."""
    from gatebook.cli.subject import resolve_digest
    from gatebook.digest import ALGORITHMS
    from gatebook.trust.request.subject import RequestSubject

    if of_summary:
        from gatebook.cli.commands.verify_expected import named_subject

        if (named := named_subject(text)) is not None:
            return named
    path = Path(text)
    is_digest = text.partition(":")[0] in ALGORITHMS and "/" not in text
    if is_digest or "\0" in text or not path.is_file():
        return RequestSubject.of(resolve_digest(text))
    return read_subject(path)


def read_subject(path: Path) -> "RequestSubject":
    """Read an artifact; one too large to keep is known by its digests only.

    Raises:
        UsageError: it cannot be read.

    """
    from gatebook.errors import UsageError
    from gatebook.trust.request.subject import SubjectHasher

    hasher, kept, size = SubjectHasher(), list[bytes](), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                hasher.update(piece)
                size += len(piece)
                if size <= _MAX_ARTIFACT:
                    kept.append(piece)
                else:
                    kept.clear()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", code="cli.file") from None
    return hasher.subject(b"".join(kept) if size <= _MAX_ARTIFACT else None)


def _from_registry(text: str) -> "tuple[tuple[AttestationDocument, ...], RequestSubject]":
    """Read what is attached to an image, and to what exactly."""
    import os

    from gatebook.cli.output import note
    from gatebook.connectors.attestation_sources import NoAttestationError
    from gatebook.connectors.credentials import CredentialFiles
    from gatebook.connectors.http import HttpClient
    from gatebook.connectors.referrers import attestations_of
    from gatebook.connectors.registry import RegistryClient
    from gatebook.errors import VerificationError
    from gatebook.formats.attestations import AttestationDocument
    from gatebook.formats.image_reference import ImageReference
    from gatebook.trust.request.subject import RequestSubject

    reference = ImageReference.parse(text.removeprefix("oci://"))
    credentials = CredentialFiles.of(os.environ, home=Path.home())
    with HttpClient() as http:
        attached = attestations_of(RegistryClient(http, credentials), reference)
    if reference.digest is None:
        # What is deployed has to be what was verified: a tag may move in between.
        note(f"{reference} is {attached.subject} now; deploy it by this digest")
    for left in attached.unread:
        note(f"not read: {left.origin}: {left.reason}  [{left.code}]")
    try:
        found = attached.require()
    except NoAttestationError as error:
        # The image is there and nobody attests it: refused, not misspelt (CVE-2025-25204).
        raise VerificationError(error.message, code=error.code, hint=error.hint) from None
    documents = tuple(
        AttestationDocument(kind=each.kind, data=each.data, position=position, place=each.origin)
        for position, each in enumerate(found)
    )
    return documents, RequestSubject.of(attached.subject)
