"""The verifier of layouts over attestations (ITE-10).

The meaning is that of the in-toto attestation verifier, which calls itself a prototype, with its
gaps closed: a functionary's attestation counts only for the steps they may sign for; two that name
different artifacts are refused and not merged; a rule that yields neither true nor false does not
pass; what a statement does not say passes only where the layout allows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatebook.canonical import Json
from gatebook.clock import Instant
from gatebook.digest import DigestSet
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.layout.attestations import (
    AttestationLayout,
    AttestationStep,
    AttributeConstraint,
    ExpectedPredicate,
)
from gatebook.formats.layout.evidence import StepEvidence
from gatebook.formats.layout.expression import ExpressionError, NoClaimError
from gatebook.formats.layout.links import Link, read_claim
from gatebook.formats.layout.rules import Side
from gatebook.trust.layout._seal import SEAL
from gatebook.trust.layout.artifacts import StepArtifacts, apply_rules
from gatebook.trust.layout.counting import (
    Counted,
    Opened,
    check_threshold,
    command_remark,
    ignored,
    left_over,
    open_evidence,
    verified_step,
)
from gatebook.trust.layout.keys import Functionary, load_functionaries, signed_by
from gatebook.trust.layout.refusals import (
    LayoutArtifactsDifferError,
    LayoutAttributeError,
    LayoutExpiredError,
    LayoutInspectionError,
)
from gatebook.trust.layout.verified import LayoutRemark, RemarkKind, VerifiedLayout

__all__ = ["verify_attestation_layout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claims:
    """What counts for one expected predicate of a step."""

    expected: ExpectedPredicate
    counted: tuple[Counted, ...]


def verify_attestation_layout(
    layout: bytes,
    *,
    evidence: Sequence[StepEvidence],
    at: Instant,
    parameters: Mapping[str, str] | None = None,
) -> VerifiedLayout:
    """Verify that attestations satisfy an ITE-10 layout.

    The layout carries no signature: the caller believes it as a document, and its digest says
    which one it was.

    1. The layout is read strictly, and holds at ``at``.
    2. It has no inspections; they would be commands.
    3. The functionaries' keys are read.
    4. For each step and each predicate type it expects, enough different keys of those named for
       it signed a statement of exactly that type, filed under that step.
    5. All that counts for one step names the same artifacts by the same names.
    6. The artifact rules hold for every statement counted.
    7. The attribute rules hold for every statement counted.

    Args:
        layout: the YAML or JSON document.
        evidence: envelopes with statements, filed under their steps.
        at: the instant to judge for.
        parameters: values for the layout's placeholders.

    Raises:
        MalformedError: the layout cannot be read, or asks for what is not evaluated.
        AttestationRefusedError: one class and code for each other reason.

    """
    read = AttestationLayout.parse(layout, parameters=parameters)
    if at > read.expires:
        raise LayoutExpiredError(
            f"the layout holds until {read.expires}; the judgement is for {at}"
        )
    if read.inspections:
        raise LayoutInspectionError(
            f"the layout has {len(read.inspections)} inspections, which are never run"
        )
    functionaries, refused = load_functionaries(read.keys)
    remarks = ignored(refused)
    opened = open_evidence(evidence)

    # (4) and (5).
    claims: dict[str, list[_Claims]] = {}
    artifacts: dict[str, StepArtifacts] = {}
    for step in read.steps:
        claims[step.name] = [
            _count(step, expected, functionaries, opened, remarks) for expected in step.predicates
        ]
        artifacts[step.name] = _merge(step.name, claims[step.name])

    # (6) and (7). Only now: a rule may look at the artifacts of any step.
    for step in read.steps:
        for claim in claims[step.name]:
            for entry in claim.counted:
                remarks += _check_artifacts(step, entry, artifacts)
                remarks += _check_attributes(step, entry, claim.expected.constraints)

    return VerifiedLayout(
        layout_digest=read.digest,
        owners=(),
        expires=read.expires,
        verified_at=at,
        steps=tuple(
            verified_step(
                step.name,
                [entry for claim in claims[step.name] for entry in claim.counted],
                artifacts[step.name],
            )
            for step in read.steps
        ),
        inspections=(),
        remarks=tuple(remarks),
        _seal=SEAL,
    )


def _count(
    step: AttestationStep,
    expected: ExpectedPredicate,
    functionaries: Mapping[str, Functionary],
    opened: Sequence[Opened],
    remarks: list[LayoutRemark],
) -> _Claims:
    allowed = [functionaries[keyid] for keyid in expected.keyids if keyid in functionaries]
    counted: list[Counted] = []
    reasons: list[str] = []
    for item in opened:
        if item.evidence.step != step.name:
            continue
        found = _read(item, step, expected, allowed)
        if isinstance(found, str):
            reasons.append(f"{item.evidence.name}: {found}")
        else:
            counted += found
    what = f"{step.name}: {expected.predicate_type}"
    check_threshold(what, counted, expected.threshold, reasons)
    for entry in counted:
        if step.command:
            remarks += command_remark(step.name, entry, tuple(step.command.split()))
    return _Claims(expected=expected, counted=tuple(counted))


def _read(
    item: Opened,
    step: AttestationStep,
    expected: ExpectedPredicate,
    allowed: Sequence[Functionary],
) -> list[Counted] | str:
    """Read one document for a step: who signed it, or why it does not count."""
    metadata = item.metadata
    if isinstance(metadata, GatebookError):
        return metadata.message
    signers = [who for who in allowed if signed_by(metadata, who.key, who.keyid)]
    if not signers:
        return "no functionary named for it signed it"
    try:
        link = read_claim(metadata)
    except MalformedError as error:
        return error.message
    found = link.statement.predicate_type if link.statement is not None else "nothing"
    if found != expected.predicate_type:
        return f"it attests {found[:120]!r}"
    if link.name is not None and link.name != step.name:
        return f"it is a link of the step {link.name[:80]!r}"
    return [
        Counted(functionary=who, name=item.evidence.name, digest=metadata.digest, link=link)
        for who in signers
    ]


def _merge(step: str, claims: Sequence[_Claims]) -> StepArtifacts:
    sides: dict[Side, dict[str, DigestSet | None]] = {side: {} for side in Side}
    for claim in claims:
        for entry in claim.counted:
            for side, merged in sides.items():
                for name, digests in StepArtifacts.of(entry.link).side(side).items():
                    if merged.setdefault(name, digests) != digests:
                        raise LayoutArtifactsDifferError(
                            f"step {step!r}: {entry.name} names {name[:120]!r} with other digests "
                            f"than another attestation of the step ({side})"
                        )
    return StepArtifacts(materials=sides[Side.MATERIALS], products=sides[Side.PRODUCTS])


def _check_artifacts(
    step: AttestationStep, entry: Counted, artifacts: Mapping[str, StepArtifacts]
) -> list[LayoutRemark]:
    # The rules judge one statement at a time; other steps are seen with all that counts for them.
    seen = {**artifacts, step.name: StepArtifacts.of(entry.link)}
    remarks: list[LayoutRemark] = []
    for side, rules in ((Side.MATERIALS, step.materials), (Side.PRODUCTS, step.products)):
        remarks += left_over(step.name, side, apply_rules(step.name, side, rules, seen))
    return remarks


def _check_attributes(
    step: AttestationStep, entry: Counted, constraints: Sequence[AttributeConstraint]
) -> list[LayoutRemark]:
    variables = _variables(entry.link)
    remarks: list[LayoutRemark] = []
    for constraint in constraints:
        rule = constraint.rule
        try:
            held = rule.holds(variables)
            reason = constraint.explanation or "it is false"
        except NoClaimError as silence:
            if constraint.allow_if_no_claim:
                continue
            raise _differs(step, entry, rule.text, silence.message) from None
        except ExpressionError as error:
            raise _differs(step, entry, rule.text, error.message) from None
        if held:
            continue
        if not constraint.warn:
            raise _differs(step, entry, rule.text, reason)
        remarks.append(
            LayoutRemark(
                kind=RemarkKind.ATTRIBUTE_DIFFERS,
                step=step.name,
                message=f"{entry.name}: {rule.text[:200]}: {reason}",
            )
        )
    return remarks


def _variables(link: Link) -> Mapping[str, Json]:
    statement = link.statement
    if statement is None:
        return {}
    subjects: list[Json] = []
    for item in statement.subjects:
        subject: dict[str, Json] = {"digest": dict(item.digests.values)}
        if item.name is not None:
            subject["name"] = item.name
        if item.uri is not None:
            subject["uri"] = item.uri
        subjects.append(subject)
    return {
        "type": str(statement.version),
        "subject": subjects,
        "predicateType": statement.predicate_type,
        "predicate": statement.predicate,
    }


def _differs(step: AttestationStep, entry: Counted, rule: str, reason: str) -> LayoutAttributeError:
    return LayoutAttributeError(
        f"step {step.name!r}, {entry.name}: {rule[:200]!r} does not hold: {reason[:200]}"
    )
