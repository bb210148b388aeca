"""The verifier of in-toto layouts: a layout and the metadata of its steps in, a verdict out.

The workflow is that of the in-toto specification v1.0 §5.2, with one exception on purpose:
inspections are commands chosen by whoever wrote the layout, and are never run. A layout that has
some is refused by :func:`verify_layout`; :func:`verify_layout_steps` verifies everything else and
says so in its type.

Where the specification leaves a choice, the stricter reading is taken: keys are counted by the key
and not by its name, everybody who signed for a step has to agree whatever the threshold, and
artifacts without a digest worth the name never match.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.layout.document import Inspection, Layout, LayoutStep
from gatebook.formats.layout.evidence import StepEvidence
from gatebook.formats.layout.links import Link, read_link
from gatebook.formats.layout.metadata import LayoutMetadataError, MetadataKind, SignedMetadata
from gatebook.formats.layout.rules import Side
from gatebook.trust.keys import PublicKey
from gatebook.trust.layout._seal import SEAL
from gatebook.trust.layout.artifacts import StepArtifacts, apply_rules
from gatebook.trust.layout.counting import (
    Counted,
    Opened,
    check_agreement,
    check_threshold,
    command_remark,
    ignored,
    left_over,
    open_evidence,
    verified_step,
)
from gatebook.trust.layout.keys import Functionary, load_functionaries, signed_by
from gatebook.trust.layout.refusals import (
    LayoutExpiredError,
    LayoutInspectionError,
    LayoutNestingError,
    LayoutSignatureError,
)
from gatebook.trust.layout.verified import (
    LayoutRemark,
    RemarkKind,
    VerifiedLayout,
    VerifiedLayoutSteps,
    VerifiedStep,
)
from gatebook.trust.refusals import AttestationRefusedError

__all__ = ["verify_layout", "verify_layout_steps"]

_MAX_NESTING: Final = 8
_MAX_OWNERS: Final = 64


def verify_layout(
    layout: bytes,
    *,
    owners: Sequence[PublicKey],
    evidence: Sequence[StepEvidence],
    at: Instant,
    parameters: Mapping[str, str] | None = None,
) -> VerifiedLayout:
    """Verify that a layout is satisfied as a whole.

    1. Every owner's key signed the layout, and there is at least one.
    2. The layout holds at ``at``.
    3. The functionaries' keys are read.
    4. For each step, enough different keys signed a link or a sublayout.
    5. Sublayouts are verified in the same way, with the key that signed them for an owner.
    6. Everybody who signed for a step names the same artifacts.
    7. The artifact rules of each step hold.
    8. (Layouts over attestations: see :mod:`gatebook.trust.layout.attestations`.)
    9. There is no inspection.

    The caller still has to ask whether the artifact in question is a product of the last step:
    :meth:`VerifiedLayoutSteps.find_product`.

    Args:
        layout: a Metablock or an envelope, as received.
        owners: the keys of the layout's owners; **all** of them must have signed it.
        evidence: links, sublayouts and statements; more than needed does no harm.
        at: the instant to judge for.
        parameters: values for the layout's placeholders.

    Raises:
        MalformedError: the layout cannot be read (in steps 1 to 3).
        AttestationRefusedError: one class and code for each other reason.

    """
    done = _verify(SignedMetadata.parse(layout), owners, evidence, at, parameters=parameters or {})
    if done.inspections:
        names = ", ".join(repr(item.name[:80]) for item in done.inspections[:5])
        raise LayoutInspectionError(
            f"the layout has {len(done.inspections)} inspections that are not evaluated: {names}",
            hint="inspections are commands and are never run here; replace them by steps whose "
            "functionary signs what the inspection would find",
        )
    return VerifiedLayout(
        layout_digest=done.metadata.digest,
        owners=tuple(key.spki for key in done.owners),
        expires=done.layout.expires,
        verified_at=at,
        steps=tuple(done.steps),
        inspections=(),
        remarks=tuple(done.remarks),
        _seal=SEAL,
    )


def verify_layout_steps(
    layout: bytes,
    *,
    owners: Sequence[PublicKey],
    evidence: Sequence[StepEvidence],
    at: Instant,
    parameters: Mapping[str, str] | None = None,
) -> VerifiedLayoutSteps:
    """Verify everything but the inspections; see :func:`verify_layout` for the rest.

    Raises:
        MalformedError: the layout cannot be read.
        AttestationRefusedError: one class and code for each reason.

    """
    done = _verify(SignedMetadata.parse(layout), owners, evidence, at, parameters=parameters or {})
    return VerifiedLayoutSteps(
        layout_digest=done.metadata.digest,
        owners=tuple(key.spki for key in done.owners),
        expires=done.layout.expires,
        verified_at=at,
        steps=tuple(done.steps),
        inspections=tuple(done.inspections),
        remarks=tuple(done.remarks),
        _seal=SEAL,
    )


@dataclass(slots=True, kw_only=True)
class _Verification:
    """One layout while it is being verified."""

    metadata: SignedMetadata
    owners: tuple[PublicKey, ...]
    layout: Layout
    at: Instant
    nesting: int
    steps: list[VerifiedStep] = field(default_factory=list)
    inspections: list[Inspection] = field(default_factory=list)
    remarks: list[LayoutRemark] = field(default_factory=list)


def _verify(
    metadata: SignedMetadata,
    owners: Sequence[PublicKey],
    evidence: Sequence[StepEvidence],
    at: Instant,
    *,
    parameters: Mapping[str, str],
    nesting: int = 0,
) -> _Verification:
    if nesting > _MAX_NESTING:
        raise LayoutNestingError(f"sublayouts are nested deeper than {_MAX_NESTING} levels")
    opened = open_evidence(evidence)

    # (1) in-toto spec §5.2.1. The same key twice is one key.
    distinct = tuple({key.spki: key for key in owners}.values())
    _check_owners(metadata, distinct)

    # (2) §4.3: "EXPIRES indicates the time *after* which the metadata is considered expired".
    layout = Layout.of(metadata.content, parameters=parameters)
    if at > layout.expires:
        raise LayoutExpiredError(
            f"the layout holds until {layout.expires}; the judgement is for {at}"
        )

    # (3) Keys that are not believed count for nobody.
    functionaries, refused = load_functionaries(layout.keys)
    done = _Verification(metadata=metadata, owners=distinct, layout=layout, at=at, nesting=nesting)
    done.remarks += ignored(refused)

    # (4) to (6), step by step.
    artifacts: dict[str, StepArtifacts] = {}
    for step in layout.steps:
        allowed = [functionaries[keyid] for keyid in step.keyids if keyid in functionaries]
        counted = _count_step(step, allowed, opened, done)
        check_agreement(step.name, counted)
        artifacts[step.name] = StepArtifacts.of(counted[0].link)
        done.steps.append(verified_step(step.name, counted, artifacts[step.name]))
        for entry in counted:
            done.remarks += command_remark(step.name, entry, step.command)

    # (7) §4.3.3. Only now: a rule may look at the artifacts of any step.
    for step in layout.steps:
        for side, rules in ((Side.MATERIALS, step.materials), (Side.PRODUCTS, step.products)):
            done.remarks += left_over(
                step.name, side, apply_rules(step.name, side, rules, artifacts)
            )

    # (9) §4.3.2: named, and never run. Those of sublayouts were added in step 5.
    done.inspections += layout.inspections
    return done


def _check_owners(metadata: SignedMetadata, owners: Sequence[PublicKey]) -> None:
    if metadata.kind is not MetadataKind.LAYOUT:
        raise LayoutMetadataError(f"expected a layout, found a {metadata.kind}")
    if not 0 < len(owners) <= _MAX_OWNERS:
        raise LayoutSignatureError(
            f"{len(owners)} owners' keys are given; from 1 to {_MAX_OWNERS} are needed"
        )
    for key in owners:
        if not signed_by(metadata, key):
            raise LayoutSignatureError(
                f"the layout is not signed by the key {key.spki.short}",
                hint="every owner's key that is given has to have signed the layout; an RSA key "
                "signs layouts with PSS",
            )


def _count_step(
    step: LayoutStep,
    allowed: Sequence[Functionary],
    opened: Sequence[Opened],
    done: _Verification,
) -> list[Counted]:
    """Count those who signed for a step.

    Raises:
        LayoutThresholdError: too few different keys did.
        GatebookError: a sublayout that a functionary signed is not satisfied.

    """
    counted: list[Counted] = []
    reasons: list[str] = []
    for item in opened:
        filed = item.evidence.step
        if filed is not None and filed != step.name:
            continue
        found = _read(item, step, allowed, done)
        if not isinstance(found, str):
            counted += found
        elif filed is not None:
            # Metadata that was not filed is offered to every step; most do not want it.
            reasons.append(f"{item.evidence.name}: {found}")
    check_threshold(step.name, counted, step.threshold, reasons)
    done.remarks += [
        LayoutRemark(kind=RemarkKind.EVIDENCE_IGNORED, step=step.name, message=reason)
        for reason in reasons
    ]
    return counted


def _read(
    item: Opened, step: LayoutStep, allowed: Sequence[Functionary], done: _Verification
) -> list[Counted] | str:
    """Read one document for a step: who signed it, or why it does not count."""
    metadata = item.metadata
    if isinstance(metadata, GatebookError):
        return metadata.message
    signers = [who for who in allowed if signed_by(metadata, who.key, who.keyid)]
    if not signers:
        return "no functionary of the step signed it"
    if metadata.kind is MetadataKind.LAYOUT:
        if item.evidence.step is None:
            return "a sublayout has to be filed under its step"
        link = _verify_sublayout(metadata, item.evidence, signers, step, done)
    else:
        try:
            link = read_link(metadata)
        except MalformedError as error:
            return error.message
        if link.name != step.name:
            # §4.4: the name is signed; the place it was filed in is not.
            return f"it is a link of the step {str(link.name)[:80]!r}"
    return [
        Counted(functionary=who, name=item.evidence.name, digest=metadata.digest, link=link)
        for who in signers
    ]


def _verify_sublayout(
    metadata: SignedMetadata,
    item: StepEvidence,
    signers: Sequence[Functionary],
    step: LayoutStep,
    done: _Verification,
) -> Link:
    # (5) §4.5: who signed the sublayout is its owner, and it stands for a link with the materials
    # of its first and the products of its last step (§4.5.1). Parameters are not handed down: the
    # functionary who wrote it does not know their names.
    owners = [who.key for who in signers]
    try:
        inner = _verify(
            metadata, owners, item.nested, done.at, parameters={}, nesting=done.nesting + 1
        )
    except AttestationRefusedError as refusal:
        refusal.args = (f"sublayout {item.name}: {refusal.message}",)
        raise
    prefix = f"{step.name}/"
    done.inspections += [
        Inspection(name=prefix + inspection.name, command=inspection.command)
        for inspection in inner.inspections
    ]
    done.remarks += [
        LayoutRemark(kind=remark.kind, step=prefix + (remark.step or ""), message=remark.message)
        for remark in inner.remarks
    ]
    return Link(
        name=step.name,
        command=None,
        materials=inner.steps[0].materials,
        products=inner.steps[-1].products,
    )
