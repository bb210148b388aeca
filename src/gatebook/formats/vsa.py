"""SLSA verification summaries v0.2 and v1: what a verifier found about an artifact.

Sources: https://slsa.dev/spec/v0.2/verification_summary, https://slsa.dev/spec/v1.2/verification_summary.
Whether a summary is good enough for somebody is :mod:`gatebook.trust.vsa`'s question.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatebook.canonical import MAX_INTEGER, Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement, StatementVersion, Subject
from gatebook.formats.resource_descriptor import ResourceDescriptor, read_descriptors

__all__ = [
    "VSA_V0_2",
    "VSA_V1",
    "SlsaLevel",
    "SummaryError",
    "SummaryResult",
    "VerificationSummary",
]

VSA_V0_2: Final = "https://slsa.dev/verification_summary/v0.2"
VSA_V1: Final = "https://slsa.dev/verification_summary/v1"

_MAX_LEVELS: Final = 256
_MAX_INPUTS: Final = 4096
_LEVEL: Final = re.compile(
    r"SLSA_([A-Z0-9]+(?:_[A-Z0-9]+)*)_LEVEL_(0|[1-9][0-9]{0,2}|UNEVALUATED)\Z"
)


class SummaryError(MalformedError):
    """A predicate is not the verification summary it claims to be.

    ``formats.vsa`` is a field that is missing or of the wrong form, ``formats.vsa-levels`` more
    than one level of a track, ``formats.vsa-result`` a result that its levels contradict, and
    ``formats.vsa-version`` another predicate type.
    """

    code = "formats.vsa"


class SummaryResult(StrEnum):
    """Whether the artifact passed the verifier's policy; the words of the specification."""

    PASSED = "PASSED"  # not a password
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class SlsaLevel:
    """A level of a SLSA track: ``SLSA_BUILD_LEVEL_2``.

    Attributes:
        track: the track, such as ``BUILD``.
        level: the level; ``None`` for ``UNEVALUATED``, which is lower than every other.

    """

    track: str
    level: int | None

    @classmethod
    def parse(cls, text: str) -> "SlsaLevel | None":
        """Read a level; ``None`` for a result of another form, which means what its author says."""
        match = _LEVEL.match(text)
        if match is None:
            return None
        return cls(match[1], None if match[2] == "UNEVALUATED" else int(match[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationSummary:
    """What a verifier says it found.

    Attributes:
        predicate_type: :data:`VSA_V0_2` or :data:`VSA_V1`.
        verifier_id: who verified.
        verifier_version: components of the verifier and their versions.
        time_verified: when.
        resource_uri: which resource the artifact was verified as.
        policy: which policy was applied; it has a URI.
        input_attestations: what was looked at, if the verifier says so.
        result: whether it passed.
        verified_levels: levels and properties, as written; v0.2 has exactly one.
        dependency_levels: transitive dependencies by level; ``None`` when nothing is claimed.
        slsa_version: the version of the specification the verifier used.

    """

    predicate_type: str = VSA_V1
    verifier_id: str
    verifier_version: tuple[tuple[str, str], ...] = ()
    time_verified: Instant | None = None
    resource_uri: str
    policy: ResourceDescriptor
    input_attestations: tuple[ResourceDescriptor, ...] = ()
    result: SummaryResult
    verified_levels: tuple[str, ...]
    dependency_levels: tuple[tuple[str, int], ...] | None = None
    slsa_version: str | None = None

    @classmethod
    def from_statement(cls, statement: Statement) -> "VerificationSummary":
        """Read the predicate of a summary.

        Raises:
            MalformedError: another predicate type, a required field is missing or of the wrong
                type, a track has two levels, or the result and the levels contradict each other.

        """
        fields = Fields(statement.predicate, "verification summary", SummaryError.code)
        match statement.predicate_type:
            case "https://slsa.dev/verification_summary/v1":
                return _read_v1(fields)
            case "https://slsa.dev/verification_summary/v0.2":
                return _read_v0_2(fields)
            case other:
                raise SummaryError(
                    f"{other[:80]!r} is not a SLSA verification summary v0.2 or v1",
                    code="formats.vsa-version",
                )

    @property
    def levels(self) -> tuple[SlsaLevel, ...]:
        """The levels among the results; each track once."""
        found = (SlsaLevel.parse(text) for text in self.verified_levels)
        return tuple(level for level in found if level is not None)

    def to_predicate(self) -> JsonObject:
        """Write the predicate of the version in :attr:`predicate_type`.

        Raises:
            MalformedError: the summary is none that :meth:`from_statement` would read, such as two
                levels of one track.

        """
        _check(self)
        if self.predicate_type == VSA_V0_2:
            return _write_v0_2(self)
        return _write_v1(self)

    def statement(self, *subjects: Subject) -> Statement:
        """Bind the summary to the artifacts it is about.

        Raises:
            MalformedError: as :meth:`to_predicate`, or no subject is given.

        """
        if not subjects:
            raise SummaryError("a verification summary needs a subject")
        return Statement(
            version=StatementVersion.V1,
            subjects=subjects,
            predicate_type=self.predicate_type,
            predicate=self.to_predicate(),
        )


def _read_v1(fields: Fields) -> VerificationSummary:
    # https://slsa.dev/spec/v1.2/verification_summary#fields
    verifier = fields.object("verifier")
    version = verifier.optional_object("version")
    counts = fields.optional_object("dependencyLevels")
    if not fields.has("verifiedLevels"):
        raise fields.refuse("'verifiedLevels' is required")
    inputs = read_descriptors(fields, "inputAttestations", at_most=_MAX_INPUTS)
    if any(item.digests is None for item in inputs):
        raise fields.refuse("each of 'inputAttestations' must have a digest")
    return _checked(
        VerificationSummary(
            predicate_type=VSA_V1,
            verifier_id=verifier.text("id"),
            verifier_version=() if version is None else _versions(version),
            time_verified=fields.optional_instant("timeVerified"),
            resource_uri=fields.text("resourceUri"),
            policy=_policy(fields),
            input_attestations=inputs,
            result=_result(fields, "verificationResult"),
            verified_levels=_levels(fields, "verifiedLevels"),
            dependency_levels=None if counts is None else tuple(_counts(counts)),
            slsa_version=fields.optional_text("slsaVersion"),
        )
    )


def _read_v0_2(fields: Fields) -> VerificationSummary:
    # https://slsa.dev/spec/v0.2/verification_summary#fields
    time = fields.optional_instant("time_verified")
    if time is None:
        raise fields.refuse("'time_verified' is required in v0.2")
    inputs = read_descriptors(fields, "input_attestations", at_most=_MAX_INPUTS)
    if any(item.digests is None for item in inputs):
        raise fields.refuse("each of 'input_attestations' must have a digest")
    return _checked(
        VerificationSummary(
            predicate_type=VSA_V0_2,
            verifier_id=fields.object("verifier").text("id"),
            time_verified=time,
            resource_uri=fields.text("resource_uri"),
            policy=_policy(fields),
            input_attestations=inputs,
            result=_result(fields, "verification_result"),
            verified_levels=(fields.text("policy_level"),),
            dependency_levels=tuple(_counts(fields.object("dependency_levels"))),
        )
    )


def _policy(fields: Fields) -> ResourceDescriptor:
    policy = ResourceDescriptor.read(fields.object("policy"))
    if policy.uri is None:
        raise fields.refuse("'policy' must have a 'uri'")
    return policy


def _result(fields: Fields, name: str) -> SummaryResult:
    text = fields.text(name)
    try:
        return SummaryResult(text)
    except ValueError:
        raise fields.refuse(f"{name!r} is {text[:40]!r}; expected PASSED or FAILED") from None


def _levels(fields: Fields, name: str) -> tuple[str, ...]:
    values = fields.array(name)
    levels = tuple(value for value in values if isinstance(value, str) and value)
    if len(levels) != len(values) or len(levels) > _MAX_LEVELS:
        raise fields.refuse(f"{name!r} must list at most {_MAX_LEVELS} non-empty strings")
    return levels


def _counts(fields: Fields) -> Iterator[tuple[str, int]]:
    for level, count in sorted(fields.values.items()):
        # The Protocol Buffers mapping writes a 64-bit number as a string.
        number = int(count) if isinstance(count, str) and _COUNT.match(count) else count
        if type(number) is not int or not 0 <= number <= MAX_INTEGER:
            raise fields.refuse(f"{level[:80]!r} must be a count")
        yield level, number


_COUNT: Final = re.compile(r"(?:0|[1-9][0-9]{0,14})\Z")


def _versions(fields: Fields) -> tuple[tuple[str, str], ...]:
    return tuple((name, fields.optional_text(name) or "") for name in sorted(fields.values))


def _checked(summary: VerificationSummary) -> VerificationSummary:
    _check(summary)
    return summary


def _check(summary: VerificationSummary) -> None:
    # "Users MUST NOT include more than one level per SLSA track."
    tracks = [level.track for level in summary.levels]
    twice = sorted({track for track in tracks if tracks.count(track) > 1})
    if twice:
        raise SummaryError(
            f"verification summary: the track {twice[0]} has more than one level",
            code="formats.vsa-levels",
        )
    if (
        summary.result is SummaryResult.PASSED
        and str(SummaryResult.FAILED) in summary.verified_levels
    ):
        raise SummaryError(
            "verification summary: the result is PASSED, yet its levels say FAILED",
            code="formats.vsa-result",
        )


def _write_v1(summary: VerificationSummary) -> JsonObject:
    verifier: JsonObject = {"id": summary.verifier_id}
    if summary.verifier_version:
        verifier["version"] = dict(summary.verifier_version)
    predicate: JsonObject = {
        "verifier": verifier,
        "resourceUri": summary.resource_uri,
        "policy": summary.policy.encode(),
        "verificationResult": str(summary.result),
        "verifiedLevels": list(summary.verified_levels),
    }
    if summary.time_verified is not None:
        predicate["timeVerified"] = str(summary.time_verified)
    if summary.input_attestations:
        predicate["inputAttestations"] = _inputs(summary)
    if summary.dependency_levels is not None:
        predicate["dependencyLevels"] = dict(summary.dependency_levels)
    if summary.slsa_version is not None:
        predicate["slsaVersion"] = summary.slsa_version
    return predicate


def _write_v0_2(summary: VerificationSummary) -> JsonObject:
    if len(summary.verified_levels) != 1 or summary.time_verified is None:
        raise SummaryError("a summary v0.2 has exactly one level, and a time")
    return {
        "verifier": {"id": summary.verifier_id},
        "time_verified": str(summary.time_verified),
        "resource_uri": summary.resource_uri,
        "policy": summary.policy.encode(),
        "input_attestations": _inputs(summary),
        "verification_result": str(summary.result),
        "policy_level": summary.verified_levels[0],
        "dependency_levels": dict(summary.dependency_levels or ()),
    }


def _inputs(summary: VerificationSummary) -> list[Json]:
    return [item.encode() for item in summary.input_attestations]
