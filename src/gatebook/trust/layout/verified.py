"""A layout that was verified: who did which step, and what came out.

Two types, so that one cannot be mistaken for the other. :class:`VerifiedLayoutSteps` says that the
steps were verified and names the inspections that were not evaluated; :class:`VerifiedLayout` says
that there was nothing else to evaluate. A caller who needs the whole asks for the second.
"""

from dataclasses import InitVar, dataclass
from enum import StrEnum
from typing import final

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats.layout.document import Inspection
from gatebook.formats.layout.links import Artifacts
from gatebook.trust.layout._seal import SEAL
from gatebook.trust.layout.refusals import LayoutProductError
from gatebook.trust.seal import Seal

__all__ = [
    "LayoutRemark",
    "RemarkKind",
    "StepSigner",
    "VerifiedLayout",
    "VerifiedLayoutSteps",
    "VerifiedStep",
]


class RemarkKind(StrEnum):
    """What was noticed and refuses nothing."""

    COMMAND_DIFFERS = "command-differs"
    EVIDENCE_IGNORED = "evidence-ignored"
    KEY_IGNORED = "key-ignored"
    NOT_ACCOUNTED = "not-accounted-for"
    ATTRIBUTE_DIFFERS = "attribute-differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutRemark:
    """Something an auditor wants to read.

    Attributes:
        kind: what it is.
        step: the step it is about, or ``None``.
        message: the sentence for people.

    """

    kind: RemarkKind
    step: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSigner:
    """A key that signed for a step.

    Attributes:
        keyid: what the layout calls it.
        spki: SHA-256 of its SubjectPublicKeyInfo; identifies the key itself.

    """

    keyid: str
    spki: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedStep:
    """One step, as those who signed for it say.

    Attributes:
        name: the step.
        signers: each different key once; at least as many as the threshold.
        evidence: SHA-256 of each document counted, in the order it was given.
        materials: what went in.
        products: what came out.
        predicate_types: the predicate types of the statements counted, if they were statements.

    """

    name: str
    signers: tuple[StepSigner, ...]
    evidence: tuple[Digest, ...]
    materials: Artifacts
    products: Artifacts
    predicate_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLayoutSteps:
    """The steps of a layout, verified; its inspections were **not evaluated**.

    Made by the verifier and nowhere else: the constructor wants the seal.

    Attributes:
        layout_digest: SHA-256 of the layout's bytes as received.
        owners: SHA-256 of the SubjectPublicKeyInfo of each key that had to sign it; empty for a
            layout the caller trusts as a document (ITE-10).
        expires: the last instant at which the layout holds.
        verified_at: the instant the judgement was made for.
        steps: in the order of the layout; at least one. A step done by a sublayout shows the
            materials of its first and the products of its last step.
        inspections: what the layout, or a sublayout, also wanted run.
        remarks: what was noticed and refuses nothing.

    """

    layout_digest: Digest
    owners: tuple[Digest, ...]
    expires: Instant
    verified_at: Instant
    steps: tuple[VerifiedStep, ...]
    inspections: tuple[Inspection, ...]
    remarks: tuple[LayoutRemark, ...]
    _seal: InitVar[Seal]

    def __post_init__(self, _seal: Seal) -> None:
        if _seal is not SEAL:
            raise TypeError("a verified layout is made by the verifier only")
        if not self.steps:
            raise TypeError("a verified layout has at least one step")

    @property
    def materials(self) -> Artifacts:
        """What went into the first step."""
        return self.steps[0].materials

    @property
    def products(self) -> Artifacts:
        """What came out of the last step."""
        return self.steps[-1].products

    def find_product(self, digest: Digest, *, step: str | None = None) -> str:
        """The name of the product that has exactly ``digest``.

        Args:
            digest: the digest of the artifact in question.
            step: the step it must come out of; the last one unless another is named.

        Raises:
            LayoutProductError: there is none, or no such step.

        """
        wanted = self.steps[-1].name if step is None else step
        for done in self.steps:
            if done.name != wanted:
                continue
            for name, digests in done.products.items():
                if digests is not None and digests.matches(digest):
                    return name
        raise LayoutProductError(
            f"{digest.short} is not a product of the step {wanted!r}",
            hint="the layout was satisfied for another artifact",
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLayout(VerifiedLayoutSteps):
    """A layout that is satisfied as a whole: every step is, and there is no inspection."""

    def __post_init__(self, _seal: Seal) -> None:
        # Not super(): a slotted dataclass is another class than the one the cell refers to.
        VerifiedLayoutSteps.__post_init__(self, _seal)
        if self.inspections:
            raise TypeError("a layout with inspections is not verified as a whole")
