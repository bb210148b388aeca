"""Segregation of duties: who may not approve what they had a hand in.

One rule, used when an approval is handed in and again at each judgement.
"""

from collections.abc import Iterator
from enum import StrEnum

from gatebook.facts.facts import Facts, Identity
from gatebook.formats.intoto import PredicateKind

__all__ = ["Duty", "conflict"]


class Duty(StrEnum):
    """A hand somebody can have in an artifact."""

    AUTHOR = "author"
    BUILDER = "builder"


def conflict(approver: Identity, facts: Facts, duties: frozenset[Duty]) -> tuple[str, str] | None:
    """Say why ``approver`` may not approve: a stable code and a sentence; ``None`` if they may.

    What is not known is a conflict: if the authors are not known, nobody can be shown to be none,
    and if provenance is lost, neither can anybody be shown not to have signed it. The same person
    may write under one address and sign with a key: unless the trust root links both to people,
    nobody can show that they are two. An author who never approves is linked by address alone.
    """
    doubts: list[tuple[str, str]] = []
    if Duty.AUTHOR in duties:
        if approver in facts.authors:
            return "policy.approver-is-author", f"{approver} is an author of the commit"
        doubts.extend(_author_doubts(approver, facts))
    if Duty.BUILDER in duties:
        if approver in facts.builders():
            return "policy.approver-is-builder", f"{approver} signed as the builder"
        doubts.extend(_builder_doubts(facts))
    return doubts[0] if doubts else None


def _author_doubts(approver: Identity, facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.authors_problem is not None or not facts.authors:
        problem = facts.authors_problem
        why = problem.message if problem is not None else "no author is recorded"
        yield "policy.authors-unknown", f"the authors are not known: {why}"
    if not approver.is_person:
        yield (
            "policy.approver-unlinked",
            f"the trust root links {approver} to no person, so it may be an author's",
        )
    unlinked = sum(not author.is_person for author in facts.authors)
    if unlinked:
        # Addresses are personal: they are counted here, not named.
        of_all = f"{unlinked} of {len(facts.authors)} authors"
        yield (
            "policy.author-unlinked",
            f"the trust root links {of_all} to no person, so the approver may be one",
        )


def _builder_doubts(facts: Facts) -> Iterator[tuple[str, str]]:
    for fact in facts.of_kind(PredicateKind.PROVENANCE):
        if fact.problem is not None and fact.problem.damaged:
            yield (
                "policy.builders-unknown",
                f"the builders are not known: the provenance of entry {fact.entry.index} is lost",
            )
