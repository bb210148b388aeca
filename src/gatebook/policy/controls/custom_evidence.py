"""A document of a custom evidence type was handed in, and complies with its definition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.facts.documents import evidence_type_of
from gatebook.facts.facts import EvidenceFact, Facts
from gatebook.formats.type_evaluation import TypeEvaluation
from gatebook.ledger.evidence_kinds import EvidenceEvaluated
from gatebook.policy.choice import CHOICE_PARAMETERS, EvidenceChoice, Kept
from gatebook.policy.control import Roles, damaged_finding, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters

__all__ = ["CustomEvidence", "Deciding"]


class Deciding(StrEnum):
    """Which of several documents of a type decide."""

    NEWEST = "newest"
    EVERY = "every"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEvidence:
    """What was evaluated on reception is read again; no program is run to judge."""

    name: ClassVar[str] = "custom-evidence"
    purpose: ClassVar[str] = (
        "A document of a custom evidence type complies with the definition of the type."
    )
    satisfied_by: ClassVar[str] = (
        "a document about the digest, handed in as this type, which the book evaluated as "
        "compliant on reception"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "type": "name of the evidence type; required",
            "versions": "versions of the definition that count, as the definition calls them; any "
            "if absent",
            "definitions": "digests of definitions that count, `sha256:…`; any if absent",
            "decides": "`newest` if the newest document of the type decides, `every` if none may "
            "fail to comply; `newest` if absent",
            **CHOICE_PARAMETERS,
        }
    )

    type: str
    versions: frozenset[str]
    definitions: frozenset[Digest]
    decides: Deciding
    choice: EvidenceChoice

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the type and which versions of it count."""
        del roles
        try:
            definitions = frozenset(Digest.parse(text) for text in parameters.texts("definitions"))
        except GatebookError as error:
            raise parameters.refuse(f"'definitions': {error.message}") from None
        return cls(
            type=parameters.text("type"),
            versions=frozenset(parameters.texts("versions")),
            definitions=definitions,
            decides=parameters.word("decides", Deciding, Deciding.NEWEST),
            choice=EvidenceChoice.read(parameters),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Read what came of the documents of the type."""
        del roles
        expected = f"a {self.choice.described} document that complies with the type {self.type}"
        found = self.choice.among(facts, TypeEvaluation, None)
        documents = [each for each in found.kept if each.content.name == self.type]
        deciding = documents[-1:] if self.decides is Deciding.NEWEST else documents
        reasons = [
            (each, code, text) for each in deciding for code, text in self._reasons(each.content)
        ]
        if reasons:
            return Finding(
                status=Status.FAIL,
                code=reasons[-1][1],
                expected=expected,
                found=listed(f"{each.place}: {text}" for each, _, text in reasons),
                fix="mend the document and hand it in again with "
                f"`gatebook attest --type evidence:{self.type}`",
                evidence=tuple(dict.fromkeys(each.fact.entry.id for each, _, _ in reasons)),
            )
        lost = damaged_finding(tuple(self._lost(facts, deciding)), expected)
        if lost is not None:
            return lost
        if not deciding:
            return found.absent(
                expected,
                missing="policy.custom-evidence-missing",
                unreadable="policy.custom-evidence-unreadable",
                nothing=f"no document of the type {self.type} was handed in",
                fix=f"hand one in with `gatebook attest --type evidence:{self.type}`",
            )
        return Finding(
            status=Status.PASS,
            code="policy.custom-evidence-complies",
            expected=expected,
            found=listed(_told(each) for each in deciding),
            evidence=tuple(dict.fromkeys(each.fact.entry.id for each in deciding)),
        )

    def _lost(
        self, facts: Facts, deciding: Sequence[Kept[TypeEvaluation]]
    ) -> Iterable[EvidenceFact]:
        """Evaluations that cannot be read any more, and that may have decided."""
        last = max((each.fact.entry.index for each in deciding), default=-1)
        for fact in facts.evidence:
            named = evidence_type_of(fact.predicate_type)
            later = self.decides is Deciding.EVERY or fact.entry.index > last
            if fact.entry.kind == EvidenceEvaluated.kind and named in {None, self.type} and later:
                yield fact

    def _reasons(self, evaluation: TypeEvaluation) -> Iterable[tuple[str, str]]:
        """Why an evaluation is not enough; the last is the one that is named."""
        if self.versions and evaluation.version not in self.versions:
            told = f"it was judged by version {evaluation.version or 'without a name'}"
            yield "policy.custom-evidence-version", told
        if self.definitions and evaluation.definition not in {
            str(each) for each in self.definitions
        }:
            told = f"it was judged by the definition {evaluation.definition}"
            yield "policy.custom-evidence-definition", told
        if not evaluation.compliant:
            why = listed(evaluation.reasons) or "it does not comply"
            not_judged = evaluation.failure is not None
            yield (
                "policy.custom-evidence-not-judged"
                if not_judged
                else "policy.custom-evidence-fails",
                why,
            )


def _told(each: Kept[TypeEvaluation]) -> str:
    version = f" {each.content.version}" if each.content.version else ""
    return f"{each.place} complies with {each.content.name}{version}"
