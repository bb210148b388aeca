"""Decide again from what a decision says it weighed; the result has to be equal, byte for byte."""

from collections.abc import Callable
from dataclasses import dataclass

from gatebook.errors import VerificationError
from gatebook.facts.read import FactReader
from gatebook.facts.select import select_entries
from gatebook.gate.decide import decide_by_document, undecided
from gatebook.gate.decision import ENGINE, Decision
from gatebook.index.store import IndexReader
from gatebook.ledger.store import BlobStore
from gatebook.policy.outcome import Outcome

__all__ = [
    "EngineDiffersError",
    "IncompleteError",
    "ReplayDiffersError",
    "Replayed",
    "check_complete",
    "replay",
]


class EngineDiffersError(VerificationError):
    """The decision was made by another engine than this release has."""

    code = "gate.engine-differs"


class ReplayDiffersError(VerificationError):
    """Deciding again gave another document."""

    code = "gate.replay-differs"


class IncompleteError(ReplayDiffersError):
    """The decision did not weigh an entry that the log held at the time."""

    code = "gate.replay-incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A decision that came out equal again."""

    decision: Decision
    entries: int
    documents: int


def replay(document: bytes, *, entry_bytes: Callable[[int], bytes], blobs: BlobStore) -> Replayed:
    """Decide again and compare.

    1. The document is a decision in canonical form, made by this engine.
    2. Each entry it weighed is in the book at that index with that id.
    3. The documents those entries name are read and verified again.
    4. Contract and facts, at the recorded instant, give the same bytes.

    A decision that weighed nothing, because nothing could be read, can only be ``undecided``; why
    nothing could be read is not asked again.

    Raises:
        EngineDiffersError: made by another engine; nothing is approximated.
        ReplayDiffersError: it comes out differently, with the first part that differs.
        MalformedError: the document is not a decision.
        GatebookError: an entry or document is missing or damaged.

    """
    recorded = Decision.parse(document)
    if recorded.engine != ENGINE:
        raise EngineDiffersError(
            f"the decision was made by {recorded.engine[:60]}; this release has {ENGINE}",
            hint="replay it with the release that has that engine",
        )
    reader = FactReader(origin=recorded.origin, entry_bytes=entry_bytes, blobs=blobs)
    facts = reader.read(
        [reference.index for reference in recorded.entries],
        subject=recorded.subject,
        environment=recorded.environment,
        now=recorded.instant,
        size=recorded.size,
    )
    for reference, entry in zip(recorded.entries, facts.weighed, strict=True):
        if entry != reference:
            raise ReplayDiffersError(
                f"entry {entry.index} is {entry.kind} {entry.id}, "
                f"not the {reference.kind} {reference.id} that was weighed"
            )
    if recorded.entries:
        again = decide_by_document(facts, blobs.get)
    else:
        # Nothing was weighed, because nothing could be read: all that can come of it is this.
        again = undecided(facts, recorded.reason.code, recorded.reason.message)
    if again.encode() != document:
        if facts.contract is not None:
            blobs.get(facts.contract)  # if that is what is missing or damaged, it says so itself
        raise ReplayDiffersError(
            f"deciding again gives another document: {_first_difference(recorded, again)}"
        )
    return Replayed(
        decision=recorded, entries=len(recorded.entries), documents=len(recorded.documents)
    )


def check_complete(decision: Decision, index: IndexReader) -> None:
    """Check that nothing the log held at the time was left out of a decision.

    Replay itself reads what the decision lists, and so cannot miss what was never listed. The
    index has to be one that was folded from the log, not the one the decision was made with.

    Raises:
        IncompleteError: an entry is missing, such as a revocation that a damaged index hid.

    """
    weighed = {reference.index for reference in decision.entries}
    chosen = select_entries(index, decision.subject, decision.environment, decision.size)
    left_out = [number for number in chosen if number not in weighed]
    if left_out:
        raise IncompleteError(
            f"entry {left_out[0]} was in the log and was not weighed",
            hint="the index was damaged when this was decided, or is now: `gatebook verify "
            "--book` tells; decide again",
        )


def _first_difference(recorded: Decision, again: Decision) -> str:
    names = ("verdict", "reason", "contract", "trust_root", "advisories", "entries", "documents")
    for name in names:
        before, after = getattr(recorded, name), getattr(again, name)
        if before != after:
            return f"{name} was {before}, is {after}"
    for before, after in zip(recorded.outcomes, again.outcomes, strict=False):
        if before != after:
            return f"control {before.control}: {_differing_part(before, after)}"
    return "outcomes differ in number, or name or end differ"


def _differing_part(before: Outcome, after: Outcome) -> str:
    for name in ("control", "uses", "mode"):
        was, found = getattr(before, name), getattr(after, name)
        if was != found:
            return f"{name} was {was}, is {found}"
    for name in ("status", "code", "found", "expected", "fix", "evidence", "until"):
        was, found = getattr(before.finding, name), getattr(after.finding, name)
        if was != found:
            return f"{name} was {was!s:.200}, is {found!s:.200}"
    return "differs"
