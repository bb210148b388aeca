"""Counting those who signed for a step: by the key, never by its name or by the document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.layout.evidence import MAX_EVIDENCE, StepEvidence
from gatebook.formats.layout.links import Link
from gatebook.formats.layout.metadata import SignedMetadata
from gatebook.formats.layout.rules import Side
from gatebook.trust.layout.artifacts import StepArtifacts
from gatebook.trust.layout.keys import Functionary
from gatebook.trust.layout.refusals import (
    LayoutArtifactsDifferError,
    LayoutKeyError,
    LayoutNestingError,
    LayoutThresholdError,
)
from gatebook.trust.layout.verified import LayoutRemark, RemarkKind, StepSigner, VerifiedStep

__all__ = [
    "Counted",
    "Opened",
    "check_agreement",
    "check_threshold",
    "command_remark",
    "ignored",
    "left_over",
    "open_evidence",
    "verified_step",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One document of evidence, read as far as it can be.

    Attributes:
        evidence: where it came from.
        metadata: what it holds, or why it cannot be read.

    """

    evidence: StepEvidence
    metadata: SignedMetadata | GatebookError


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One document, and one functionary of the step who signed it.

    Attributes:
        functionary: who signed.
        name: what the document is called in messages.
        digest: SHA-256 of the document as received.
        link: what it says went in and came out.

    """

    functionary: Functionary
    name: str
    digest: Digest
    link: Link


def open_evidence(evidence: Sequence[StepEvidence]) -> list[Opened]:
    """Read every document once.

    Raises:
        LayoutNestingError: there are more than the limit, those of sublayouts included.

    """
    total, pending = 0, [evidence]
    while pending:
        items = pending.pop()
        total += len(items)
        if total > MAX_EVIDENCE:
            raise LayoutNestingError(f"more than {MAX_EVIDENCE} documents are given as evidence")
        pending += [item.nested for item in items if item.nested]
    return [Opened(evidence=item, metadata=_open(item)) for item in evidence]


def check_threshold(
    step: str, counted: Iterable[Counted], threshold: int, reasons: Sequence[str]
) -> None:
    """Check that enough different keys signed.

    Raises:
        LayoutThresholdError: they did not.

    """
    different = {entry.functionary.key.spki for entry in counted}
    if len(different) < threshold:
        because = f" ({'; '.join(reasons[:3])})" if reasons else ""
        raise LayoutThresholdError(
            f"step {step!r}: {len(different)} of {threshold} needed keys signed{because}",
            hint="each functionary signs a document of their own; one key under two names counts "
            "once",
        )


def check_agreement(step: str, counted: Sequence[Counted]) -> None:
    """Check that everybody who signed for a step names the same artifacts.

    in-toto spec §4.3.1: "multiple functionaries must perform the operation and report the same
    results". With a threshold of 1 as well: which of two differing links counts would be left to
    chance.

    Raises:
        LayoutArtifactsDifferError: they do not.

    """
    first = counted[0]
    for other in counted[1:]:
        for side in Side:
            mine = StepArtifacts.of(first.link).side(side)
            theirs = StepArtifacts.of(other.link).side(side)
            if dict(mine) != dict(theirs):
                raise LayoutArtifactsDifferError(
                    f"step {step!r}: {first.name} and {other.name} name different {side}"
                )


def verified_step(name: str, counted: Sequence[Counted], artifacts: StepArtifacts) -> VerifiedStep:
    """What is reported of a step: each different key and each document once."""
    signers: dict[Digest, StepSigner] = {}
    for entry in counted:
        key = entry.functionary.key.spki
        signers.setdefault(key, StepSigner(keyid=entry.functionary.keyid, spki=key))
    statements = [entry.link.statement for entry in counted]
    types = [item.predicate_type for item in statements if item is not None]
    return VerifiedStep(
        name=name,
        signers=tuple(signers.values()),
        evidence=tuple(dict.fromkeys(entry.digest for entry in counted)),
        materials=artifacts.materials,
        products=artifacts.products,
        predicate_types=tuple(dict.fromkeys(types)),
    )


def command_remark(step: str, entry: Counted, expected: tuple[str, ...]) -> list[LayoutRemark]:
    """Tell a command that differs; in-toto spec §4.3.1: "clients should only show a warning"."""
    found = entry.link.command
    if found is None or found == expected:
        return []
    message = (
        f"{entry.name}: expected the command {' '.join(expected)[:200]!r}, "
        f"found {' '.join(found)[:200]!r}"
    )
    return [LayoutRemark(kind=RemarkKind.COMMAND_DIFFERS, step=step, message=message)]


def left_over(step: str, side: Side, names: frozenset[str]) -> list[LayoutRemark]:
    """Tell artifacts that no rule accounts for and none disallows."""
    if not names:
        return []
    message = (
        f"no rule accounts for {len(names)} of the {side}, and none disallows them: "
        f"{', '.join(sorted(names)[:3])}"
    )
    return [LayoutRemark(kind=RemarkKind.NOT_ACCOUNTED, step=step, message=message)]


def ignored(refused: Mapping[str, LayoutKeyError], step: str | None = None) -> list[LayoutRemark]:
    """Tell keys that count for nobody."""
    return [
        LayoutRemark(kind=RemarkKind.KEY_IGNORED, step=step, message=refusal.message)
        for refusal in refused.values()
    ]


def _open(item: StepEvidence) -> SignedMetadata | GatebookError:
    try:
        return SignedMetadata.parse(item.data)
    except GatebookError as error:
        return error
