"""The decision: what was judged, by what, with which outcome; canonical bytes that replay equal."""

from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.facts.facts import EntryReference
from gatebook.formats.fields import Fields
from gatebook.ledger.kinds import Verdict
from gatebook.names import ArtifactName, ControlId, EnvironmentName
from gatebook.policy.outcome import Finding, Mode, Outcome, Status

__all__ = ["DECISION_SCHEMA", "DECISION_TYPE", "ENGINE", "Decision", "Reason"]

DECISION_SCHEMA: Final = "gatebook/decision/v1"
DECISION_TYPE: Final = "application/vnd.gatebook.decision+json"
ENGINE: Final = "gatebook-controls/3"
"""The way facts and contract give outcomes. It changes whenever an old decision could come out
differently; a decision of another engine is not replayed by this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the verdict is what it is, in one sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A recorded judgement.

    Attributes:
        subject: the artifact.
        name: what it is called; absent when nothing is recorded about it.
        environment: where it wants to go.
        instant: the one reading of the clock.
        origin: the log the facts are of.
        size: how many entries of it were taken into account.
        contract: digest of the contract.
        trust_root: digest of the trust root.
        advisories: digest of the newest snapshot of advisories.
        entries: every entry weighed.
        documents: digest of every document weighed.
        outcomes: one per control of the contract, in its order.
        verdict: the answer.
        reason: why.
        valid_until: when an ``allow`` lapses by itself.
        engine: what judged.

    """

    subject: Digest
    name: ArtifactName | None
    environment: EnvironmentName
    instant: Instant
    origin: str
    size: int
    contract: Digest | None
    trust_root: Digest | None
    advisories: Digest | None
    entries: tuple[EntryReference, ...]
    documents: tuple[Digest, ...]
    outcomes: tuple[Outcome, ...]
    verdict: Verdict
    reason: Reason
    valid_until: Instant | None
    engine: str = ENGINE

    def encode(self) -> bytes:
        """Write the decision document: canonical JSON, absent facts as explicit nulls."""
        entries: list[Json] = [
            {"index": entry.index, "id": entry.id, "kind": entry.kind} for entry in self.entries
        ]
        documents: list[Json] = [str(digest) for digest in self.documents]
        outcomes: list[Json] = [_encode_outcome(outcome) for outcome in self.outcomes]
        return canonical.encode(
            {
                "schema": DECISION_SCHEMA,
                "engine": self.engine,
                "candidate": {
                    "subject": str(self.subject),
                    "name": _text(self.name),
                    "environment": str(self.environment),
                },
                "instant": str(self.instant),
                "ledger": {"origin": self.origin, "size": self.size},
                "contract": _text(self.contract),
                "trust_root": _text(self.trust_root),
                "advisories": _text(self.advisories),
                "entries": entries,
                "documents": documents,
                "outcomes": outcomes,
                "verdict": self.verdict.value,
                "reason": {"code": self.reason.code, "message": self.reason.message},
                "valid_until": _text(self.valid_until),
            }
        )

    @property
    def digest(self) -> Digest:
        """SHA-256 of the document."""
        return sha256(self.encode())

    @classmethod
    def parse(cls, data: bytes) -> "Decision":
        """Read a decision document strictly.

        Raises:
            MalformedError: not the canonical form of a decision of this schema.

        """
        root = Fields.of(
            canonical.loads(data, what="decision"), what="decision", code="gate.decision-malformed"
        )
        if root.text("schema") != DECISION_SCHEMA:
            raise root.refuse(f"schema is {root.text('schema')[:60]!r}, not {DECISION_SCHEMA}")
        candidate, ledger, reason = (
            root.object("candidate"),
            root.object("ledger"),
            root.object("reason"),
        )
        name = candidate.optional_text("name")
        try:
            verdict = Verdict(root.text("verdict"))
            outcomes = tuple(_decode_outcome(item) for item in root.objects("outcomes"))
        except ValueError as error:
            raise root.refuse(str(error)) from None
        decision = cls(
            subject=Digest.parse(candidate.text("subject")),
            name=None if name is None else ArtifactName.parse(name),
            environment=EnvironmentName.parse(candidate.text("environment")),
            instant=Instant.parse(root.text("instant")),
            origin=ledger.text("origin"),
            size=_integer(ledger, "size"),
            contract=_digest(root, "contract"),
            trust_root=_digest(root, "trust_root"),
            advisories=_digest(root, "advisories"),
            entries=tuple(
                EntryReference(
                    index=_integer(item, "index"), id=item.text("id"), kind=item.text("kind")
                )
                for item in root.objects("entries")
            ),
            documents=tuple(Digest.parse(str(item)) for item in root.array("documents")),
            outcomes=outcomes,
            verdict=verdict,
            reason=Reason(code=reason.text("code"), message=reason.text("message")),
            valid_until=root.optional_instant("valid_until"),
            engine=root.text("engine"),
        )
        if decision.encode() != data:
            raise MalformedError(
                "the decision document is not in canonical form", code="gate.decision-malformed"
            )
        return decision


def _encode_outcome(outcome: Outcome) -> dict[str, Json]:
    finding = outcome.finding
    evidence: list[Json] = list(finding.evidence)
    return {
        "control": str(outcome.control),
        "uses": outcome.uses,
        "mode": outcome.mode.value,
        "status": finding.status.value,
        "code": finding.code,
        "expected": finding.expected,
        "found": finding.found,
        "fix": finding.fix,
        "evidence": evidence,
        "until": _text(finding.until),
    }


def _decode_outcome(item: Fields) -> Outcome:
    return Outcome(
        control=ControlId.parse(item.text("control")),
        uses=item.text("uses"),
        mode=Mode(item.text("mode")),
        finding=Finding(
            status=Status(item.text("status")),
            code=item.text("code"),
            expected=item.text("expected"),
            found=item.text("found"),
            fix=str(item.values.get("fix", "")),
            evidence=tuple(str(entry) for entry in item.array("evidence")),
            until=item.optional_instant("until"),
        ),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _digest(fields: Fields, name: str) -> Digest | None:
    text = fields.optional_text(name)
    return None if text is None else Digest.parse(text)


def _integer(fields: Fields, name: str) -> int:
    found = fields.values.get(name)
    if type(found) is not int or found < 0:
        raise fields.refuse(f"{name!r} must be a whole number")
    return found
