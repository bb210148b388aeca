"""The verifier: received bytes in, a verified statement out, or the reason why not.

The only module that makes a :class:`~gatebook.trust.verified.VerifiedStatement`. It asks no clock
and no network; the same arguments always give the same answer.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.formats.intoto import PredicateKind, Statement, Subject
from gatebook.formats.provenance import Provenance
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust._seal import SEAL
from gatebook.trust.believed import Believed, find_signers
from gatebook.trust.identities.certificate import CertificateIdentity
from gatebook.trust.received import read_attestation
from gatebook.trust.refusals import (
    AttestationRefusedError,
    EnvironmentNotAllowedError,
    PredicateNotAllowedError,
    RepositoryMismatchError,
    RepositoryNotAllowedError,
    RepositoryUnknownError,
    SubjectMismatchError,
)
from gatebook.trust.root.scope import Anywhere
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.verified import VerifiedStatement

__all__ = ["verify_attestation"]

_Item = TypeVar("_Item")


def verify_attestation(
    document: bytes,
    *,
    subject: Digest,
    root: TrustRoot,
    at: Instant,
    repository: RepositoryUri | None = None,
    environment: EnvironmentName | None = None,
    artifact: bytes | None = None,
) -> VerifiedStatement:
    """Verify that somebody who is believed said something about ``subject``.

    1. The bytes are an attestation of a known form, read strictly.
    2. Its payload type is that of an in-toto statement.
    3. Somebody whom the trust root names made signatures over the type and the payload: a key, or
       the holder of a certificate whose authority, time and log entry are proved as the
       authority's profile demands. Key ids are hints.
    4. They are believed at the instant of signing: the one that is proved, else ``at``.
    5. The payload is a statement, read strictly.
    6. One of its subjects has exactly the digest ``subject``.
    7. The signers may attest its predicate type.
    8. The signers may speak about the repository it is about; provenance signed by a certificate
       is of the build that the certificate was issued to, and names no other builder.
    9. The signers may speak for the environment, when one is given.

    One signer who satisfies everything is enough; every one who does is reported.

    Args:
        document: the attestation as received: a DSSE envelope, a Sigstore bundle, a PEP 740
            attestation, or a signature out of a registry.
        subject: the digest of the artifact in question.
        root: what is believed.
        at: the instant to judge for.
        repository: the repository the artifact is recorded with. For provenance it is compared
            with what the statement says; for other predicates it is what the signer's scope is
            compared with.
        environment: the environment the statement is wanted for.
        artifact: the artifact's bytes, when they are at hand; a signature by Ed25519 over an
            artifact cannot be checked without.

    Raises:
        MalformedError: the document, the statement or the provenance cannot be read (steps 1, 5,
            8).
        AttestationRefusedError: one class and code for each other reason.

    """
    # (1) One strict reader for each form; at most 16 signatures, so that step 3 is bounded.
    received = read_attestation(document)

    # (2) in-toto spec/v1/envelope.md. The type is signed too, by step 3.
    received.check_payload_type()

    # (3) DSSE protocol.md; for certificates the Sigstore client specification, step by step in
    # gatebook.trust.sigstore.verify.
    believed = find_signers(received, subject=subject, artifact=artifact, root=root, at=at)

    # (4) The interval is closed at both ends. A signer out of its time decides nothing, so that the
    # payload is not read on its word.
    believed, refusals = _keep(believed, Believed.check_validity)
    if not believed:
        raise _most_telling(refusals)

    # (5) in-toto spec/v1/statement.md.
    statement = received.statement(subject)

    # (6) in-toto spec/v1: subjects are "matched purely by digest".
    found = statement.find_subject(subject)
    if found is None:
        raise SubjectMismatchError(
            f"the statement is not about {subject.short}; it names {_name(statement.subjects)}"
        )

    # (7) to (9) are judged signer by signer.
    about = _repository_of(statement, repository)
    accepted, late = _keep(believed, lambda each: _check_scope(each, statement, about, environment))
    if not accepted:
        raise _most_telling([*refusals, *late])
    return VerifiedStatement(
        statement=statement,
        subject=found,
        digest=subject,
        document_digest=sha256(document),
        signers=tuple(each.signer for each in accepted),
        bundle=accepted[0].bundle,
        root_digest=root.digest,
        repository=about,
        environment=environment,
        verified_at=at,
        _seal=SEAL,
    )


def _keep(
    items: Sequence[_Item], check: Callable[[_Item], None]
) -> tuple[list[_Item], list[AttestationRefusedError]]:
    """Split items into those that pass ``check`` and the reasons of the others."""
    kept: list[_Item] = []
    refusals: list[AttestationRefusedError] = []
    for item in items:
        try:
            check(item)
        except AttestationRefusedError as refusal:
            refusals.append(refusal)
        else:
            kept.append(item)
    return kept, refusals


def _most_telling(refusals: Sequence[AttestationRefusedError]) -> AttestationRefusedError:
    return max(refusals, key=lambda refusal: refusal.step)


def _repository_of(statement: Statement, recorded: RepositoryUri | None) -> RepositoryUri | None:
    """The repository a statement is about, or ``None`` when nobody can say.

    Provenance has to say it itself: what the caller recorded may only confirm it.

    Raises:
        RepositoryMismatchError: provenance and record name different repositories.

    """
    if statement.kind is not PredicateKind.PROVENANCE:
        return recorded
    source = Provenance.from_statement(statement).source
    if source is None:
        return None
    if recorded is not None and source.repository != recorded:
        raise RepositoryMismatchError(
            f"the provenance is of {source.repository}; the artifact is recorded with {recorded}"
        )
    return source.repository


def _check_scope(
    believed: Believed,
    statement: Statement,
    repository: RepositoryUri | None,
    environment: EnvironmentName | None,
) -> None:
    scope, name = believed.trusted.scope, believed.name
    # (7) Types are compared exactly: the URI carries the version.
    if not scope.covers_predicate(statement.predicate_type):
        raise PredicateNotAllowedError(
            f"{name} may not attest {statement.predicate_type[:120]!r}",
            hint=f"list it under 'may-attest' of {name}, if it should",
        )
    # (8) What is not known is not in scope.
    if scope.repositories is not Anywhere.ANY:
        if repository is None:
            raise RepositoryUnknownError(
                f"{name} may speak about some repositories only, and it is not known "
                "which one this statement is about",
                hint="record the artifact with its repository; provenance must be of a build type "
                "that names its source",
            )
        if not scope.covers_repository(repository):
            raise RepositoryNotAllowedError(
                f"{name} may not speak about {repository}; it may about "
                + ", ".join(str(pattern) for pattern in scope.repositories[:5]),
                hint=f"extend 'repositories' of {name}, if it should",
            )
    if statement.kind is PredicateKind.PROVENANCE and believed.signer.certificate is not None:
        _check_build(statement, believed.signer.certificate)
    # (9) Only when the caller wants the statement for one environment.
    if environment is not None and not scope.covers_environment(environment):
        raise EnvironmentNotAllowedError(
            f"{name} may not speak for the environment {environment}",
            hint=f"extend 'environments' of {name}, if it should",
        )


def _check_build(statement: Statement, identity: CertificateIdentity) -> None:
    # Here, because most statements are not provenance and the rules take time to load.
    from gatebook.trust.slsa.certified_build import check_certified_build  # noqa: PLC0415

    check_certified_build(Provenance.from_statement(statement), identity)


def _name(subjects: Sequence[Subject]) -> str:
    names = [
        next((digest.short for digest in item.digests.digests), item.name or "something else")
        for item in subjects[:3]
    ]
    more = len(subjects) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
