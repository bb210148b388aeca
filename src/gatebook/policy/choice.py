"""Which pieces of evidence a control looks at: signed or reported, by whom, of which family.

What is not chosen counts neither for nor against the artifact, and is said where nothing else was
found. A document that its signer handed in and that cannot be read is never taken for a good one.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from gatebook.facts.facts import EvidenceFact, Facts
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.ledger.kinds import EvidenceReported
from gatebook.names import Pattern
from gatebook.policy.control import damaged_finding, describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["CHOICE_PARAMETERS", "Chosen", "EvidenceChoice", "Kept"]

_Content = TypeVar("_Content")

CHOICE_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accept": "`signed`, `reported` or both: reported documents are those that an "
        "authenticated actor handed in and nobody signed; `[signed]` if absent",
        "holders": "patterns over the holder of the key or certificate that signed, "
        "`issuer#subject`; any believed one if absent, and nothing that is only reported if given",
    }
)
_SIGNED, _REPORTED = "signed", "reported"
_FORMATS: Final = {form.value: form for form in DocumentFormat}
_KINDS: Final[Mapping[Family, frozenset[PredicateKind]]] = MappingProxyType(
    {
        Family.SBOM: frozenset({PredicateKind.SBOM}),
        Family.SCAN: frozenset({PredicateKind.VULNERABILITY_SCAN}),
        Family.VEX: frozenset({PredicateKind.VEX}),
        Family.TESTS: frozenset({PredicateKind.TEST_RESULT, PredicateKind.TEST_REPORT}),
    }
)


@dataclass(frozen=True, slots=True)
class Kept(Generic[_Content]):
    """A piece of evidence that counts, and what it says."""

    fact: EvidenceFact
    content: _Content

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"entry {self.fact.entry.index}"


@dataclass(frozen=True, slots=True)
class Chosen(Generic[_Content]):
    """The evidence of one family, in the order of the ledger.

    Attributes:
        kept: what is chosen and could be read.
        unread: what is chosen and could not be read, or is damaged.
        passed_over: why other pieces are not looked at, for people.
        unbelieved: whether the signature of any of those is not believed.

    """

    kept: tuple[Kept[_Content], ...]
    unread: tuple[EvidenceFact, ...]
    passed_over: tuple[str, ...]
    unbelieved: bool = False

    @property
    def entries(self) -> tuple[str, ...]:
        """Ids of every entry that was chosen, in order."""
        facts = sorted(
            (*(each.fact for each in self.kept), *self.unread), key=lambda each: each.entry.index
        )
        return tuple(dict.fromkeys(fact.entry.id for fact in facts))

    def damaged(self, expected: str) -> Finding | None:
        """Say that something that may count could not be read any more, if that is so."""
        return damaged_finding(self.unread, expected)

    def absent(  # the parts of a finding, by name
        self,
        expected: str,
        *,
        missing: str,
        unreadable: str,
        nothing: str,
        fix: str,
        unbelieved: str = "policy.evidence-not-believed",
    ) -> Finding:
        """Say why there is nothing to judge.

        Args:
            expected: what would have passed.
            missing: the code when nothing was handed in.
            unreadable: the code when something was, and could not be read.
            nothing: for people, that nothing was.
            fix: what to do.
            unbelieved: the code when something was, by somebody who is not believed.

        """
        damaged = self.damaged(expected)
        if damaged is not None:
            return damaged
        told = [*([describe_problems(self.unread)] if self.unread else ()), *self.passed_over]
        doubtful = unbelieved if self.unbelieved else missing
        return Finding(
            status=Status.FAIL if self.unread or self.unbelieved else Status.MISSING,
            code=unreadable if self.unread else doubtful,
            expected=expected,
            found=listed(told) or nothing,
            fix=fix,
            evidence=self.entries,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceChoice:
    """What a contract lets count.

    Attributes:
        signed: whether signed evidence counts.
        reported: whether documents count that nobody signed.
        holders: who has to have signed; anybody who is believed when empty.

    """

    signed: bool = True
    reported: bool = False
    holders: tuple[Pattern, ...] = ()

    @classmethod
    def read(cls, parameters: Parameters) -> "EvidenceChoice":
        """Take ``accept`` and ``holders``."""
        accepted = parameters.choices("accept", (_SIGNED, _REPORTED), (_SIGNED,))
        return cls(
            signed=_SIGNED in accepted,
            reported=_REPORTED in accepted,
            holders=parameters.patterns("holders"),
        )

    @property
    def described(self) -> str:
        """What counts, for people: ``signed``."""
        return " or ".join(
            word for word, wanted in ((_SIGNED, self.signed), (_REPORTED, self.reported)) if wanted
        )

    def among(
        self, facts: Facts, content: type[_Content], family: Family | None
    ) -> Chosen[_Content]:
        """Choose among the facts.

        Args:
            facts: everything known.
            content: what chosen evidence says.
            family: what a document that could not be read claims to be; ``None`` to look at none.

        """
        kept: list[Kept[_Content]] = []
        unread: list[EvidenceFact] = []
        passed_over: list[str] = []
        unbelieved = False
        for fact in sorted(facts.evidence, key=lambda each: each.entry.index):
            said = [each for each in (fact.content, *fact.further) if isinstance(each, content)]
            if not said and not _claims(fact, family):
                continue
            reason = self._passed_over(fact)
            if reason is not None:
                passed_over.append(reason)
                unbelieved = unbelieved or _is_unbelieved(fact)
            elif fact.problem is None:
                kept.extend(Kept(fact, each) for each in said)
            else:
                unread.append(fact)
        return Chosen(tuple(kept), tuple(unread), tuple(passed_over), unbelieved)

    def _passed_over(self, fact: EvidenceFact) -> str | None:
        if _is_unbelieved(fact):
            return describe_problems([fact])
        if fact.entry.kind == EvidenceReported.kind and not fact.signed:
            counts = self.reported and not self.holders
            return None if counts else f"entry {fact.entry.index}: nobody signed it"
        if not self.signed:
            return f"entry {fact.entry.index}: it is signed, and only reported ones are asked for"
        # Who signed what cannot be read is not said: it may be anybody.
        if fact.problem is not None or self._fits(fact):
            return None
        by = ", ".join(str(signer.holder) for signer in fact.signers) or "nobody"
        return f"entry {fact.entry.index}: signed by {by}"

    def _fits(self, fact: EvidenceFact) -> bool:
        if not fact.signed or not self.holders:
            return fact.signed
        return any(
            pattern.matches(str(signer.holder))
            for pattern in self.holders
            for signer in fact.signers
        )


def _is_unbelieved(fact: EvidenceFact) -> bool:
    """Whether the signature is not believed: then nothing is said, for or against."""
    problem = fact.problem
    return problem is not None and not problem.damaged and problem.code.startswith("trust.")


def _claims(fact: EvidenceFact, family: Family | None) -> bool:
    """Whether a document that could not be read claims to be of a family.

    A signed report that cannot be read says nothing of its format either: it may be of any family.
    """
    if family is None or fact.problem is None:
        return False
    form = fact.format or _FORMATS.get(fact.predicate_type)
    if form is not None:
        return _families().get(form) is family
    return fact.kind is PredicateKind.REPORT or fact.kind in _KINDS.get(family, ())


@functools.cache
def _families() -> Mapping[DocumentFormat, Family]:
    # Asked for only where something could not be read: all the readers take time to import.
    from gatebook.formats.reading.detect import ROOMS, readers  # noqa: PLC0415

    return MappingProxyType({reader.format: reader.family for reader in readers(ROOMS)})
