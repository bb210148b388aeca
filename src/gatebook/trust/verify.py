"""The verifier: received bytes in, a verified statement out, or the reason why not.

The only module that makes a :class:`~gatebook.trust.verified.VerifiedStatement`. It asks no clock
and no network; the same arguments always give the same answer.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import VerificationError
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import (
    PAYLOAD_TYPE,
    PredicateKind,
    Statement,
    Subject,
    is_statement_payload_type,
)
from gatebook.formats.provenance import Provenance
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust._seal import SEAL
from gatebook.trust.keys import SignatureInvalidError
from gatebook.trust.roots import Anywhere, TrustedKey, TrustRoot
from gatebook.trust.verified import VerifiedStatement

__all__ = [
    "AttestationRefusedError",
    "EnvironmentNotAllowedError",
    "KeyExpiredError",
    "KeyNotYetValidError",
    "NoValidSignatureError",
    "PayloadTypeError",
    "PredicateNotAllowedError",
    "RepositoryMismatchError",
    "RepositoryNotAllowedError",
    "RepositoryUnknownError",
    "SubjectMismatchError",
    "UnknownKeyError",
    "verify_attestation",
]


class AttestationRefusedError(VerificationError):
    """An attestation is not believed.

    Attributes:
        step: the step of :func:`verify_attestation` that refused it. When several keys signed and
            none satisfies everything, the one that got furthest gives the reason.

    """

    code = "trust.refused"
    step: ClassVar[int] = 0


class PayloadTypeError(AttestationRefusedError):
    """The envelope carries something else than an in-toto statement."""

    code = "trust.payload-type"
    step = 2


class UnknownKeyError(AttestationRefusedError):
    """The envelope names keys that the trust root does not have."""

    code = "trust.unknown-key"
    step = 3


class NoValidSignatureError(AttestationRefusedError):
    """No key of the trust root made any of the signatures over these bytes."""

    code = "trust.no-valid-signature"
    step = 3


class KeyNotYetValidError(AttestationRefusedError):
    """The key that signed is not believed yet."""

    code = "trust.key-not-yet-valid"
    step = 4


class KeyExpiredError(AttestationRefusedError):
    """The key that signed is no longer believed."""

    code = "trust.key-expired"
    step = 4


class SubjectMismatchError(AttestationRefusedError):
    """The statement is about something else."""

    code = "trust.subject-mismatch"
    step = 6


class PredicateNotAllowedError(AttestationRefusedError):
    """The key may not attest this type of predicate."""

    code = "trust.predicate-not-allowed"
    step = 7


class RepositoryMismatchError(AttestationRefusedError):
    """The provenance names another repository than the artifact is recorded with."""

    code = "trust.repository-mismatch"
    step = 8


class RepositoryUnknownError(AttestationRefusedError):
    """The key may speak about some repositories, and nobody knows which one this is."""

    code = "trust.repository-unknown"
    step = 8


class RepositoryNotAllowedError(AttestationRefusedError):
    """The key may not speak about this repository."""

    code = "trust.repository-not-allowed"
    step = 8


class EnvironmentNotAllowedError(AttestationRefusedError):
    """The key may not speak for this environment."""

    code = "trust.environment-not-allowed"
    step = 9


def verify_attestation(
    envelope_bytes: bytes,
    *,
    subject: Digest,
    root: TrustRoot,
    at: Instant,
    repository: RepositoryUri | None = None,
    environment: EnvironmentName | None = None,
) -> VerifiedStatement:
    """Verify that somebody who is believed said something about ``subject``.

    1. The bytes are an envelope, read strictly.
    2. Its payload type is that of an in-toto statement.
    3. Keys of the trust root made signatures over the type and the payload. Key ids are hints.
    4. Those keys are believed at ``at``.
    5. The payload is a statement, read strictly.
    6. One of its subjects has exactly the digest ``subject``.
    7. The keys may attest its predicate type.
    8. The keys may speak about the repository it is about.
    9. The keys may speak for the environment, when one is given.

    One key that satisfies everything is enough; every key that does is reported.

    Args:
        envelope_bytes: the attestation as received.
        subject: the digest of the artifact in question.
        root: what is believed.
        at: the instant to judge for.
        repository: the repository the artifact is recorded with. For provenance it is compared
            with what the statement says; for other predicates it is what the key's scope is
            compared with.
        environment: the environment the statement is wanted for.

    Raises:
        MalformedError: the envelope, the statement or the provenance cannot be read (steps 1, 5,
            8).
        AttestationRefusedError: one class and code for each other reason.

    """
    # (1) DSSE envelope.md; at most 16 signatures, so that step 3 is bounded.
    envelope = Envelope.parse(envelope_bytes)

    # (2) in-toto spec/v1/envelope.md. The type is signed too, by step 3.
    if not is_statement_payload_type(envelope.payload_type):
        raise PayloadTypeError(
            f"expected the payload type {PAYLOAD_TYPE}, found {envelope.payload_type[:80]!r}"
        )

    # (3) DSSE protocol.md.
    keys = _find_keys(envelope, root)

    # (4) The interval is closed at both ends. A key out of its time decides nothing, so that the
    # payload is not read on its word.
    keys, refusals = _keep(keys, lambda key: _check_validity(key, at))
    if not keys:
        raise _most_telling(refusals)

    # (5) in-toto spec/v1/statement.md.
    statement = Statement.parse(envelope.payload)

    # (6) in-toto spec/v1: subjects are "matched purely by digest".
    found = statement.find_subject(subject)
    if found is None:
        raise SubjectMismatchError(
            f"the statement is not about {subject.short}; it names {_name(statement.subjects)}"
        )

    # (7) to (9) are judged key by key.
    about = _repository_of(statement, repository)
    accepted, late = _keep(keys, lambda key: _check_scope(key, statement, about, environment))
    if not accepted:
        raise _most_telling([*refusals, *late])
    return VerifiedStatement(
        statement=statement,
        subject=found,
        digest=subject,
        envelope_digest=sha256(envelope_bytes),
        signers=tuple(key.signer for key in accepted),
        root_digest=root.digest,
        repository=about,
        environment=environment,
        verified_at=at,
        _seal=SEAL,
    )


def _find_keys(envelope: Envelope, root: TrustRoot) -> list[TrustedKey]:
    data = envelope.signed_bytes
    found: set[str] = set()
    for signature in envelope.signatures:
        # A key id only says which key to try first (DSSE protocol.md: it is not authenticated).
        hinted = None if signature.keyid is None else root.find_key(signature.keyid)
        candidates = sorted(root.keys, key=lambda key: key is not hinted)
        for key in candidates:
            if key.id in found or not key.public_key.may_have_made(signature.sig):
                continue
            try:
                key.public_key.check(signature.sig, data)
            except SignatureInvalidError:
                continue
            found.add(key.id)
            break
    if found:
        return [key for key in root.keys if key.id in found]
    named = [item.keyid for item in envelope.signatures if item.keyid is not None]
    if len(named) == len(envelope.signatures) and not any(root.find_key(name) for name in named):
        raise UnknownKeyError(
            f"the trust root {root.digest.short} has none of the keys the envelope names: "
            + ", ".join(repr(name[:64]) for name in named),
            hint="add the signer's public key to the trust root, with what it may attest",
        )
    raise NoValidSignatureError(
        f"no key of the trust root {root.digest.short} made a signature over these bytes",
        hint="the payload or its type was changed, or another key signed",
    )


def _keep(
    keys: Sequence[TrustedKey], check: Callable[[TrustedKey], None]
) -> tuple[list[TrustedKey], list[AttestationRefusedError]]:
    """Split keys into those that pass ``check`` and the reasons of the others."""
    kept: list[TrustedKey] = []
    refusals: list[AttestationRefusedError] = []
    for key in keys:
        try:
            check(key)
        except AttestationRefusedError as refusal:
            refusals.append(refusal)
        else:
            kept.append(key)
    return kept, refusals


def _most_telling(refusals: Sequence[AttestationRefusedError]) -> AttestationRefusedError:
    return max(refusals, key=lambda refusal: refusal.step)


def _check_validity(key: TrustedKey, at: Instant) -> None:
    if key.not_before is not None and at < key.not_before:
        raise KeyNotYetValidError(
            f"the key {key.id!r} is believed from {key.not_before}; the judgement is for {at}"
        )
    if key.not_after is not None and at > key.not_after:
        raise KeyExpiredError(
            f"the key {key.id!r} is believed until {key.not_after}; the judgement is for {at}",
            hint="sign again with a current key, or extend 'not-after' if the key is still safe",
        )


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
    key: TrustedKey,
    statement: Statement,
    repository: RepositoryUri | None,
    environment: EnvironmentName | None,
) -> None:
    # (7) Types are compared exactly: the URI carries the version.
    if statement.predicate_type not in key.predicate_types:
        raise PredicateNotAllowedError(
            f"the key {key.id!r} may not attest {statement.predicate_type[:120]!r}",
            hint=f"list it under 'may-attest' of {key.id!r}, if that key should",
        )
    # (8) What is not known is not in scope.
    if key.repositories is not Anywhere.ANY:
        if repository is None:
            raise RepositoryUnknownError(
                f"the key {key.id!r} may speak about some repositories only, and it is not known "
                "which one this statement is about",
                hint="record the artifact with its repository; provenance must be of a build type "
                "that names its source",
            )
        if not key.covers_repository(repository):
            raise RepositoryNotAllowedError(
                f"the key {key.id!r} may not speak about {repository}; it may about "
                + ", ".join(str(pattern) for pattern in key.repositories[:5]),
                hint=f"extend 'repositories' of {key.id!r}, if that key should",
            )
    # (9) Only when the caller wants the statement for one environment.
    if environment is not None and not key.covers_environment(environment):
        raise EnvironmentNotAllowedError(
            f"the key {key.id!r} may not speak for the environment {environment}",
            hint=f"extend 'environments' of {key.id!r}, if that key should",
        )


def _name(subjects: Sequence[Subject]) -> str:
    names = [
        next((digest.short for digest in item.digests.digests), item.name or "something else")
        for item in subjects[:3]
    ]
    more = len(subjects) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
