"""Somebody's request to verify attestations without a book, and what became of it.

Who is believed is written down as a trust root, either the caller's own document or one made for
the request (:mod:`gatebook.trust.request.root`), and the signatures are verified by the parts the
book uses. What the caller expects of a build is judged by the rules in :mod:`gatebook.trust.slsa`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import UsageError, VerificationError
from gatebook.formats.bundle import MessageSignature
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import PREDICATE_TYPES, PredicateKind, Statement
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust.believed import Believed, find_signers
from gatebook.trust.received import Received, read_attestation
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.trust.request.refusals import NothingToVerifyError, PredicateTypeError
from gatebook.trust.request.report import RequestCheck, VerificationReport
from gatebook.trust.request.root import RequestRoot, SignerChoice
from gatebook.trust.request.subject import RequestSubject
from gatebook.trust.signer import Signer
from gatebook.trust.sigstore.verified import VerifiedBundle

if TYPE_CHECKING:  # start-up time: who expects no build and no summary needs none of their rules
    from gatebook.trust.slsa.expectations import ProvenanceExpectations
    from gatebook.trust.vsa import ExpectedDigest, VsaExpectations

__all__ = ["VerificationRequest", "verify_request", "verify_statement"]

_SUMMARIES: Final = PREDICATE_TYPES[PredicateKind.VERIFICATION_SUMMARY]


class VerificationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a caller expects of an attestation.

    Attributes:
        subject: the artifact in question.
        root: who is believed.
        at: the instant to judge for where none is proved.
        predicate_types: the types that will do, compared exactly; any if empty.
        build: what is expected of the build; the statement then has to be provenance.
        summary: what is expected of a verification summary; the statement then has to be one.
        repository: the repository the artifact is recorded with, for signers whose scope asks.
        environment: the environment the statement is wanted for, likewise.

    """

    subject: RequestSubject
    root: RequestRoot
    at: Instant
    predicate_types: frozenset[str] = frozenset()
    build: "ProvenanceExpectations | None" = None
    summary: "VsaExpectations | None" = None
    repository: RepositoryUri | None = None
    environment: EnvironmentName | None = None

    def __post_init__(self) -> None:
        """Refuse a request that would believe anybody, or tell the rules of builds a falsehood.

        Raises:
            UsageError: nothing says who the signer has to be, or two parts contradict each other.

        """
        chosen = self.root.choice
        if self.summary is not None and (
            self.build is not None or not self.predicate_types <= _SUMMARIES
        ):
            raise UsageError(
                "a verification summary is expected, and something that no summary is",
                code="trust.request-summary",
            )
        if self.subject.named is not None and (
            self.summary is None or chosen is SignerChoice.DOCUMENT
        ):
            # digest_set.md: only what is known to be secure tells artifacts apart. A summary is
            # about whatever its verifier calls it; scopes of a trust root are not.
            raise UsageError(
                f"{self.subject.named.algorithm} names an artifact only in a verification summary "
                "whose signer is named",
                code="trust.request-subject",
            )
        if self.build is None:
            if chosen is SignerChoice.BUILD:
                raise UsageError(
                    "the signer is left to the rules of builds, and no build is expected",
                    code="trust.request-signer",
                )
            return
        if self.build.signer_is_expected is (chosen is SignerChoice.BUILD):
            raise UsageError(
                "whether the signer is expected has to be what the trust root says",
                code="trust.request-signer",
            )
        if chosen is SignerChoice.BUILD and self.build.source_uri is None:
            # A trusted builder builds for everybody: without a source anybody's build would do.
            raise UsageError(
                "the signer is left to the rules of builds, and no source is expected",
                code="trust.request-signer",
            )

    @property
    def wanted_types(self) -> frozenset[str]:
        """The predicate types that will do; any if empty."""
        if self.summary is None:
            return self.predicate_types
        return self.predicate_types or _SUMMARIES


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that was verified, and what it is over."""

    received: Received
    statement: Statement
    digest: "Digest | ExpectedDigest"
    signers: tuple[Signer, ...]
    bundle: VerifiedBundle | None
    checks: list[RequestCheck] = msgspec.field(default_factory=list)


def verify_request(document: bytes, request: VerificationRequest) -> VerificationReport:
    """Verify one attestation for everything that is asked.

    Steps 1 to 4 are those of :func:`verify_statement`; then

    5. it is provenance of the build that was expected, or the summary that was expected.

    Raises:
        MalformedError: the document, the statement or the provenance cannot be read.
        AttestationRefusedError: one class and code for each other reason.
        UsageError: an expectation is not one that a build could satisfy.

    """
    report = verify_statement(document, request)
    # slsa-verifier's rules; they have the last word on an otherwise open signer.
    if request.build is not None:
        from gatebook.trust.request.build import judge_build  # noqa: PLC0415  # start-up time

        report = judge_build(report, request.build)
    if request.summary is not None:
        from gatebook.trust.request.summary import judge_summary  # noqa: PLC0415  # start-up time

        report = judge_summary(report, request.summary)
    return report


def verify_statement(document: bytes, request: VerificationRequest) -> VerificationReport:
    """Verify one attestation for all but the build or summary that is expected.

    Where the signer is left to the rules of builds nobody is believed by this alone: the caller
    judges the build as well.

    1. It is of a known form, and carries an in-toto statement or signs the artifact itself.
    2. Somebody who is believed signed it, as the profile demands, at a time when they were.
    3. It is about the artifact; all digests that both sides know agree.
    4. It is of a predicate type that was asked for.

    Raises:
        MalformedError: the document or the statement cannot be read.
        AttestationRefusedError: one class and code for each other reason.

    """
    # (1) to (3)
    received = read_attestation(document)
    if request.root.choice is SignerChoice.DOCUMENT:
        judged = _judge_by_document(document, received, request)
    else:
        judged = _judge(received, request)
    request.subject.check(judged.statement)
    _note_signature(judged, request)

    # (4) Types are compared exactly: the URI carries the version.
    found = judged.statement.predicate_type
    wanted = request.wanted_types
    if wanted and found not in wanted:
        raise PredicateTypeError(
            f"expected a statement of type {' or '.join(sorted(wanted))}, found {found[:200]!r}"
        )
    judged.checks.append(RequestCheck(name="predicate type", expected=_any_of(wanted), found=found))
    return VerificationReport(
        kind=received.kind,
        digest=sha256(document),
        statement=judged.statement,
        subject=judged.digest,
        signers=judged.signers,
        bundle=judged.bundle,
        checks=tuple(judged.checks),
    )


def _judge_by_document(
    document: bytes, received: Received, request: VerificationRequest
) -> _Judged:
    # The way of the book: the scopes of the caller's own trust root count.
    from gatebook.trust.verify import verify_attestation  # noqa: PLC0415  # start-up time

    verified = verify_attestation(
        document,
        subject=_asked(received, request.subject),
        root=request.root.trusted,
        at=request.at,
        repository=request.repository,
        environment=request.environment,
        artifact=request.subject.artifact,
    )
    return _Judged(
        received=received,
        statement=verified.statement,
        digest=verified.digest,
        signers=verified.signers,
        bundle=verified.bundle,
    )


def _judge(received: Received, request: VerificationRequest) -> _Judged:
    # No scope to judge: whom the caller named is believed about what the caller asks.
    received.check_payload_type()
    named = request.subject.named
    asked = _asked(received, request.subject) if named is None else None
    believed = find_signers(
        received,
        subject=asked,
        artifact=request.subject.artifact,
        root=request.root.trusted,
        at=request.at,
    )
    believed = _in_time(believed)
    return _Judged(
        received=received,
        statement=received.statement(asked),
        digest=asked or request.subject.names[0],
        signers=tuple(each.signer for each in believed),
        bundle=believed[0].bundle,
    )


def _asked(received: Received, subject: RequestSubject) -> Digest:
    """Choose which of the artifact's digests is asked about.

    The attestation is read for this before anything in it is verified. It may choose among digests
    of one artifact and no more; whatever it chooses is compared after the verification.
    """
    if isinstance(received.content, MessageSignature):
        stated = received.content.digest
        # cosign's simple signing names images, always by SHA-256.
        algorithm = "sha256" if stated is None or received.document else stated.algorithm
        return subject.by(algorithm)
    try:
        return subject.choose(_unverified(received.content))
    except VerificationError:
        return subject.digests[0]  # the verifier says what is wrong with it


def _unverified(envelope: Envelope) -> Statement:
    return Statement.parse(envelope.payload)


def _in_time(believed: Sequence[Believed]) -> list[Believed]:
    """Keep the signers who were believed at every instant; at least one."""
    kept: list[Believed] = []
    refusal: AttestationRefusedError | None = None
    for each in believed:
        try:
            each.check_validity()
        except AttestationRefusedError as error:
            refusal = error
        else:
            kept.append(each)
    if not kept:
        raise refusal or NothingToVerifyError("nobody signed")
    return kept


def _note_signature(judged: _Judged, request: VerificationRequest) -> None:
    note = judged.checks.append
    note(RequestCheck(name="form", expected="", found=judged.received.kind))
    if judged.bundle is None:
        found = judged.signers[0].spki.short
        bundle = judged.received.bundle
        if bundle is not None and (bundle.log_entries or bundle.timestamps):
            found += "; nobody vouches for log entries and timestamps, which are not judged"
        note(RequestCheck(name="signature", expected="by a key that is believed", found=found))
    else:
        for check in judged.bundle.checks:
            note(RequestCheck(name=check.name, expected="", found=check.found))
    expected = request.root.expected_signer
    for signer in judged.signers:
        identity = signer.certificate
        found = signer.spki.short if identity is None else str(identity)
        note(RequestCheck(name="identity", expected=expected, found=found))
    note(
        RequestCheck(
            name="subject",
            expected=" and ".join(each.short for each in request.subject.names),
            found=judged.digest.short,
        )
    )


def _any_of(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "any"
