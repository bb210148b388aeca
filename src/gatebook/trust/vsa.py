"""Whether a verification summary (VSA) says what its reader asked for.

The rules are those of https://slsa.dev/spec/v1.2/verification_summary#how-to-verify, steps 2 to 7,
as slsa-verifier applies them. Step 1, the signature, comes before: only a statement whose signer is
believed may be handed in, and it is the caller who knows which verifiers that signer speaks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatebook.digest import ALGORITHMS, Digest
from gatebook.errors import MalformedError, UsageError
from gatebook.formats.intoto import Statement
from gatebook.formats.vsa import SlsaLevel, SummaryResult, VerificationSummary
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.values import value

__all__ = [
    "ExpectedDigest",
    "VsaExpectationError",
    "VsaExpectations",
    "VsaLevelMissingError",
    "VsaLevelTooLowError",
    "VsaNotPassedError",
    "VsaResourceMismatchError",
    "VsaSubjectMismatchError",
    "VsaVerifierMismatchError",
    "check_vsa",
]

_MAX_VALUE: Final = 1024
_WEAK: Final = frozenset({"adler32", "crc32", "md2", "md4", "md5", "sha1"})


class VsaExpectationError(UsageError):
    """Nothing was asked for, so that nothing could be found wrong."""

    code = "trust.vsa-expectation"


class VsaSubjectMismatchError(AttestationRefusedError):
    """The summary is not about every digest asked for."""

    code = "trust.vsa-subject-mismatch"
    step = 6


class VsaVerifierMismatchError(AttestationRefusedError):
    """The summary was made by another verifier."""

    code = "trust.vsa-verifier-mismatch"
    step = 7


class VsaResourceMismatchError(AttestationRefusedError):
    """The summary was made for another resource."""

    code = "trust.vsa-resource-mismatch"
    step = 7


class VsaNotPassedError(AttestationRefusedError):
    """The artifact did not pass the verifier's policy."""

    code = "trust.vsa-not-passed"
    step = 7


class VsaLevelMissingError(AttestationRefusedError):
    """The summary does not name a level of the track, or a property, that was asked for."""

    code = "trust.vsa-level-missing"
    step = 7


class VsaLevelTooLowError(AttestationRefusedError):
    """The summary names a lower level of the track than was asked for."""

    code = "trust.vsa-level-too-low"
    step = 7


@value
class ExpectedDigest:
    """A digest that a summary has to be about; of any algorithm, as images of machines have ids.

    Attributes:
        algorithm: the name in the statement's digest set, such as ``sha256`` or ``gce_image_id``.
        text: its value, compared exactly.

    """

    algorithm: str
    text: str

    @classmethod
    def parse(cls, text: str) -> "ExpectedDigest":
        """Parse ``algorithm:value``.

        Raises:
            MalformedError: another form, a weak algorithm, or a value that a known algorithm
                cannot have.

        """
        algorithm, _, digits = text.partition(":")
        if not algorithm or not 0 < len(digits) <= _MAX_VALUE or not text.isprintable():
            raise MalformedError(
                f"expected a digest such as sha256:<hex> or gce_image_id:<id>, found {text[:80]!r}",
                code="trust.vsa-digest",
            )
        # digest_set.md: "Consumers MUST only accept algorithms that they consider secure".
        if algorithm.lower() in _WEAK:
            raise MalformedError(
                f"{algorithm} is too weak to tell artifacts apart", code="trust.vsa-digest"
            )
        if algorithm in ALGORITHMS:
            Digest(algorithm, digits)
        return cls(algorithm, digits)

    @classmethod
    def of(cls, digest: Digest) -> "ExpectedDigest":
        """Expect an artifact's digest."""
        return cls(digest.algorithm, digest.hex)

    @property
    def short(self) -> str:
        """As much as tables have room for."""
        return f"{self.algorithm}:{self.text[:40]}"

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VsaExpectations:
    """What a caller expects of a summary, whichever artifact it is about.

    Attributes:
        verifier_id: who must have verified.
        resource_uri: which resource it must have been verified as.
        levels: levels and properties; at least one.

    """

    verifier_id: str
    resource_uri: str
    levels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse to ask for nothing.

        Raises:
            VsaExpectationError: one of the expectations is empty.

        """
        if not self.verifier_id or not self.resource_uri or not self.levels or "" in self.levels:
            raise VsaExpectationError(
                "a summary is checked against a verifier, a resource, and at least one level"
            )


def check_vsa(
    statement: Statement,
    *,
    verifier_id: str,
    resource_uri: str,
    levels: Sequence[str],
    digests: Sequence[ExpectedDigest],
) -> VerificationSummary:
    """Check that a believed statement is a passing summary of what was asked for.

    The numbers are those of the specification.

    2. Every digest asked for is one of the subjects'.
    3. The predicate is a summary, read strictly; no track has two levels.
    4. The verifier is the one asked for.
    5. The resource is the one asked for.
    6. The result is ``PASSED``.
    7. Each level asked for is there: ``SLSA_<TRACK>_LEVEL_<n>`` or a higher one of the same track,
       anything else exactly.

    Neither the time nor the age of the summary is looked at.

    Args:
        statement: a statement whose signature was verified.
        verifier_id: who must have verified.
        resource_uri: which resource it must have been verified as; compared exactly.
        levels: levels and properties; at least one.
        digests: what the artifact is; at least one.

    Raises:
        AttestationRefusedError: one class for each of the steps 2 and 4 to 7.
        MalformedError: the predicate is no summary that is read.
        VsaExpectationError: one of the expectations is empty.

    """
    if not digests or not levels or not verifier_id or not resource_uri:
        raise VsaExpectationError(
            "a summary is checked against a verifier, a resource, and at least one level and digest"
        )
    # 2. Digests of several subjects may make up what was asked for, as in slsa-verifier.
    named = {pair for subject in statement.subjects for pair in subject.digests.values}
    for digest in digests:
        if (digest.algorithm, digest.text) not in named:
            raise VsaSubjectMismatchError(f"the summary is not about {digest}")
    # 3.
    summary = VerificationSummary.from_statement(statement)
    # 4. "Consumers MUST accept only specific (signer, verifier) pairs."
    if summary.verifier_id != verifier_id:
        raise VsaVerifierMismatchError(
            f"the verifier is {summary.verifier_id[:200]!r}, expected {verifier_id!r}"
        )
    # 5.
    if summary.resource_uri != resource_uri:
        raise VsaResourceMismatchError(
            f"the resource is {summary.resource_uri[:200]!r}, expected {resource_uri!r}"
        )
    # 6.
    if summary.result is not SummaryResult.PASSED:
        raise VsaNotPassedError(f"the result is {summary.result}, expected {SummaryResult.PASSED}")
    # 7.
    for level in levels:
        _check_level(summary, level)
    return summary


def _check_level(summary: VerificationSummary, expected: str) -> None:
    wanted = SlsaLevel.parse(expected)
    if wanted is None or wanted.level is None:
        if expected not in summary.verified_levels:
            raise VsaLevelMissingError(f"the summary does not name {expected!r}")
        return
    found = next((item for item in summary.levels if item.track == wanted.track), None)
    if found is None:
        raise VsaLevelMissingError(
            f"the summary names no level of the track {wanted.track}, expected {expected}"
        )
    # "Each SLSA level implies the levels below it in the same track."
    if found.level is None or found.level < wanted.level:
        reached = "an unevaluated level" if found.level is None else f"level {found.level}"
        raise VsaLevelTooLowError(
            f"the summary names {reached} of the track {wanted.track}, expected {wanted.level}"
        )
