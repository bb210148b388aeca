"""The report for people: one self-contained page, drawn from the contents of a package alone.

Equal contents give equal bytes, so that whoever checks a package renders the page again and
compares. It asks no clock, runs no script and loads nothing.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gatebook.audit.contents import Contents
from gatebook.audit.drawing import Mark, Stage, arrange
from gatebook.audit.template import STYLE, TEMPLATE
from gatebook.clock import Instant
from gatebook.facts.facts import ApprovalFact, EvidenceFact, Facts
from gatebook.ledger.entry import Entry
from gatebook.ledger.kinds import (
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRevoked,
    ArtifactRecorded,
    BookCreated,
    BuildInformation,
    ContractPublished,
    DecisionMade,
    Deployment,
    DeploymentFailed,
    EvidenceAccepted,
    EvidenceRefused,
    EvidenceReported,
    KeyRotated,
    TrustRootPublished,
    Verdict,
)
from gatebook.policy.outcome import Outcome

__all__ = ["REPORT_VERSION", "render_report", "report_version"]

REPORT_VERSION: Final = "gatebook/audit-report/v1"
"""Which form of report this release writes. It changes whenever equal contents would give other
bytes; a report of another version is not checked."""

_VERSION: Final = re.compile(rb'<meta name="gatebook-report" content="([a-z0-9./-]{1,80})">')
_STAGE_CHARACTERS: Final = 20
_VERDICTS: Final = {
    Verdict.ALLOW: "Allowed",
    Verdict.DENY: "Denied",
    Verdict.UNDECIDED: "Undecided, which blocks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of a table: a name and what it says."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _ControlRow:
    outcome: Outcome
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimelineRow:
    index: int
    time: Instant
    occurred: Instant | None
    kind: str
    actor: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _ApprovalRow:
    index: int
    role: str
    approver: str
    granted: Instant
    expires: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignerRow:
    key: str
    holder: str
    identity: str
    entries: str


def report_version(page: bytes) -> str:
    """Read which version of the report a page says it is; empty when it does not say."""
    found = _VERSION.search(page)
    return "" if found is None else found[1].decode("ascii")


def render_report(contents: Contents) -> bytes:
    """Draw the report of a package.

    What stands in entries and documents is shown as text, whatever it contains.
    """
    import jinja2  # heavy; needed only where a report is rendered

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    decision, facts = contents.decision, contents.facts()
    indexes = {entry.id: index for index, entry in contents.entries.items()}
    page = environment.from_string(TEMPLATE).render(
        version=REPORT_VERSION,
        style=STYLE,
        style_hash=base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode(),
        decision=decision,
        index=contents.index,
        decided_by=str(contents.entries[contents.index].actor),
        headline=_VERDICTS[decision.verdict],
        candidate=tuple(_candidate(contents, facts)),
        boxes=arrange(tuple(_stages(contents, facts))),
        controls=tuple(
            _ControlRow(
                outcome=outcome,
                entries=tuple(
                    sorted(indexes[each] for each in outcome.finding.evidence if each in indexes)
                ),
            )
            for outcome in decision.outcomes
        ),
        facts=facts,
        approvals=tuple(_approvals(contents, facts)),
        barred=tuple(_barred(facts)),
        signers=tuple(_signers(facts)),
        deployments=tuple(
            (row, _environment_of(contents.entries[row.index]))
            for row in _timeline(contents)
            if row.index in contents.deployments()
        ),
        timeline=tuple(_timeline(contents)),
        documents=tuple(sorted(contents.named_blobs().items())),
        absent=contents.absent_blobs(),
        contents=contents,
        root=base64.b64encode(contents.root).decode(),
    )
    # An unpaired surrogate cannot stand in a document that was read strictly; nothing may raise.
    return page.encode("utf-8", "replace")


def _candidate(contents: Contents, facts: Facts | None) -> Iterator[_Line]:
    decision = contents.decision
    yield _Line(name="Digest", text=str(decision.subject))
    yield _Line(name="Name", text=str(decision.name or "not recorded"))
    yield _Line(name="Environment", text=str(decision.environment))
    for fact in () if facts is None else facts.artifacts:
        recorded = f"as {fact.artifact} {fact.name}, by {fact.recorded_by} at {fact.recorded}"
        yield _Line(name=f"Recorded (entry {fact.entry.index})", text=recorded)
        if fact.build is not None:
            yield from _build(fact.build)


def _build(build: BuildInformation) -> Iterator[_Line]:
    for name, found in (
        ("Repository", build.repository),
        ("Commit", build.commit),
        ("Ref", build.ref),
        ("Workflow", build.workflow),
        ("Run", build.run),
        ("Builder", build.builder),
        ("Trigger", build.trigger),
        ("Build ended", build.finished),
        *((f"Parameter {each.name}", each.value) for each in build.parameters),
    ):
        if found is not None:
            yield _Line(name=name, text=str(found))


def _stages(contents: Contents, facts: Facts | None) -> Iterator[Stage]:
    artifacts = () if facts is None else facts.artifacts
    commit = next((str(f.build.commit) for f in artifacts if f.build and f.build.commit), "")
    yield Stage(
        title="Build",
        line=f"commit {commit[:10]}" if commit else f"{len(artifacts)} recorded",
        time=_stage_time(artifacts[0].recorded if artifacts else None),
        mark=Mark.GOOD if artifacts else Mark.NONE,
    )
    evidence = () if facts is None else tuple(fact for fact in facts.evidence if fact.signed)
    total = 0 if facts is None else len(facts.evidence)
    yield Stage(
        title="Evidence",
        line=f"{len(evidence)} of {total} signed",
        time=_stage_time(evidence[-1].received if evidence else None),
        mark=Mark.GOOD if evidence else Mark.NONE,
    )
    approvals = () if facts is None else facts.approvals
    holding = [each for each in approvals if _state(each, facts) == "given"]
    yield Stage(
        title="Approval",
        line=f"{len(holding)} of {len(approvals)} given" if approvals else "none",
        time=_stage_time(holding[-1].granted if holding else None),
        mark=Mark.GOOD if holding else (Mark.BAD if approvals else Mark.NONE),
    )
    decision = contents.decision
    yield Stage(
        title="Decision",
        line=decision.verdict.value,
        time=_stage_time(decision.instant),
        mark=Mark.GOOD if decision.verdict is Verdict.ALLOW else Mark.BAD,
    )
    deployments = [contents.entries[index] for index in contents.deployments()]
    last = deployments[-1] if deployments else None
    yield Stage(
        title="Deployment",
        line="none" if last is None else last.kind.partition(".")[2],
        time=_stage_time(None if last is None else last.happened),
        mark=Mark.NONE
        if last is None
        else (Mark.BAD if isinstance(last.body, DeploymentFailed) else Mark.GOOD),
    )


def _stage_time(at: Instant | None) -> str:
    """Date and time to the second, which is what fits into a box."""
    return "" if at is None else str(Instant(at.unix_ms // 1000 * 1000))[:_STAGE_CHARACTERS]


def _approvals(contents: Contents, facts: Facts | None) -> Iterator[_ApprovalRow]:
    for approval in () if facts is None else facts.approvals:
        body = contents.entries[approval.entry.index].body
        named = body.approver.holder if isinstance(body, ApprovalGranted) else ""
        approver = approval.approver
        yield _ApprovalRow(
            index=approval.entry.index,
            role=str(approval.role),
            approver=f"{approver.identity} ({approver.holder})" if approver else str(named),
            granted=approval.granted,
            expires=str(approval.expires or "no end named"),
            state=_state(approval, facts),
        )


def _state(approval: ApprovalFact, facts: Facts | None) -> str:
    """What became of an approval, before any control looks at it."""
    if approval.revoked is not None:
        return f"revoked by entry {approval.revoked.index}"
    if approval.problem is not None:
        return f"does not count: {approval.problem.message}"
    if facts is not None and approval.contract != facts.contract:
        return "void: given for another contract"
    if facts is not None and approval.expires is not None and facts.now > approval.expires:
        return "expired"
    return "given"


def _barred(facts: Facts | None) -> Iterator[_Line]:
    if facts is None:
        return
    for author in facts.authors:
        yield _Line(name=str(author), text="author or committer of the recorded commits")
    for builder in sorted(facts.builders()):
        yield _Line(name=str(builder), text="signed as the builder")
    if facts.authors_problem is not None:
        yield _Line(name="not known", text=facts.authors_problem.message)


def _signers(facts: Facts | None) -> Iterator[_SignerRow]:
    if facts is None:
        return
    found: dict[tuple[str, str, str], list[int]] = {}
    signed: list[EvidenceFact | ApprovalFact] = [*facts.evidence, *facts.approvals]
    for fact in signed:
        if isinstance(fact, EvidenceFact):
            signers = fact.signers
        else:
            signers = () if fact.approver is None else (fact.approver,)
        for signer in signers:
            who = (signer.key, str(signer.holder), str(signer.identity))
            found.setdefault(who, []).append(fact.entry.index)
    for (key, holder, identity), indexes in sorted(found.items()):
        entries = ", ".join(map(str, sorted(set(indexes))))
        yield _SignerRow(key=key, holder=holder, identity=identity, entries=entries)


def _timeline(contents: Contents) -> Iterator[_TimelineRow]:
    for index, entry in contents.entries.items():
        yield _TimelineRow(
            index=index,
            time=entry.time,
            occurred=entry.occurred,
            kind=entry.kind,
            actor=str(entry.actor),
            what=_describe(entry),
        )


def _environment_of(entry: Entry) -> str:
    return str(entry.body.environment) if isinstance(entry.body, Deployment) else ""


def _describe(entry: Entry) -> str:  # noqa: PLR0911, PLR0912  # one case per kind of entry
    match entry.body:
        case BookCreated() as body:
            return f"the log {body.origin} begins, signed with {body.log_key}"
        case KeyRotated() as body:
            return f"{body.new_key} signs the log in place of {body.old_key}"
        case TrustRootPublished() as body:
            return f"trust root {body.root}"
        case ContractPublished() as body:
            return f"contract of {body.environment}: {body.contract}"
        case ArtifactRecorded() as body:
            return f"{body.artifact} {body.name}, digest by {body.algorithm}"
        case EvidenceAccepted() as body:
            holders = ", ".join(str(signer.person or signer.holder) for signer in body.signers)
            return f"{body.predicate_type}, signed by {holders}"
        case EvidenceReported() as body:
            return f"{body.format}, not signed"
        case EvidenceRefused() as body:
            return f"{body.bytes_digest.short} was refused: {body.code}"
        case ApprovalGranted() as body:
            person = body.approver.person or body.approver.holder
            return f"{person} as {body.role} for {body.environment}"
        case ApprovalRefused() as body:
            return f"for {body.environment}, refused: {body.code}"
        case ApprovalRevoked() as body:
            return f"an approval for {body.environment} is revoked"
        case DecisionMade() as body:
            return f"{body.verdict} for {body.environment}"
        case Deployment() as body:
            return f"{body.name} in {body.environment}" + (f", run {body.run}" if body.run else "")
        case _:
            return entry.kind
