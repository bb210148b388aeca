"""Segregation of duties: who may not approve what they had a hand in.

One rule, used when an approval is handed in and again at each judgement.
"""

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
    and if provenance is lost, neither can anybody be shown not to have signed it.
    """
    if Duty.AUTHOR in duties:
        if facts.authors_problem is not None or not facts.authors:
            problem = facts.authors_problem
            why = problem.message if problem is not None else "no author is recorded"
            return "policy.authors-unknown", f"the authors are not known: {why}"
        if approver in facts.authors:
            return "policy.approver-is-author", f"{approver} is an author of the commit"
    if Duty.BUILDER in duties:
        lost = [
            fact.entry.index
            for fact in facts.of_kind(PredicateKind.PROVENANCE)
            if fact.problem is not None and fact.problem.damaged
        ]
        if lost:
            return (
                "policy.builders-unknown",
                f"the builders are not known: the provenance of entry {lost[0]} is lost",
            )
        if approver in facts.builders():
            return "policy.approver-is-builder", f"{approver} signed as the builder"
    return None
