"""Publish custom evidence types, and judge documents by them when they are handed in.

Programs of others run here and nowhere else: an evaluation is recorded once, and judgements read
it again. A document that does not comply is recorded like any other; it satisfies nothing.
"""

from typing import TYPE_CHECKING, Final

from gatebook.digest import Digest
from gatebook.errors import NotFoundError, UnreachableError
from gatebook.facts.documents import predicate_type_of
from gatebook.facts.opened import fetch
from gatebook.formats.type_evaluation import TYPE_EVALUATION_TYPE, TypeEvaluation
from gatebook.index.query import Query
from gatebook.intake.book import Desk
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import Draft, Link, Relation, idempotent_id
from gatebook.ledger.kinds import EvidenceEvaluated, EvidenceReported, EvidenceTypePublished
from gatebook.names import Actor
from gatebook.programs.program import Evaluator
from gatebook.values import record

if TYPE_CHECKING:
    from gatebook.formats.evidence_type import TypeDefinition

__all__ = [
    "EVIDENCE_TYPE_TYPE",
    "NoEvidenceTypeError",
    "ReportedEvidence",
    "current_type",
    "evaluate",
    "evaluated_draft",
    "publish_evidence_type",
    "report_of_type",
]

EVIDENCE_TYPE_TYPE: Final = "application/vnd.gatebook.evidence-type+json"


class NoEvidenceTypeError(NotFoundError):
    """No custom evidence type of the name is published."""

    code = "intake.no-evidence-type"


@record
class ReportedEvidence:
    """A document of a custom type that nobody signed, and what it was judged to be."""

    reported: Appended
    evaluated: Appended
    evaluation: TypeEvaluation


def publish_evidence_type(
    desk: Desk, document: bytes, *, by: Actor
) -> "tuple[Appended, TypeDefinition]":
    """Append ``evidence-type.published``: from here on documents of the type are judged by this.

    Documents that were judged before keep their evaluations, which name the definition they were
    judged by. Handing one in again judges it again.

    Raises:
        MalformedError: the document is not a definition; nothing is recorded.
        EvidenceTypeError: its schema or a rule does not compile.

    """
    from gatebook.formats.evidence_type import TypeDefinition  # noqa: PLC0415  # start-up
    from gatebook.formats.type_judging import check_definition  # noqa: PLC0415  # start-up

    definition = TypeDefinition.parse(document)
    check_definition(definition, _evaluator(desk))
    (appended,) = desk.append(
        Draft(
            actor=by,
            body=EvidenceTypePublished(name=definition.name, definition=definition.digest),
            evidence=(desk.keep(definition.encode(), EVIDENCE_TYPE_TYPE),),
        )
    )
    return appended, definition


def current_type(desk: Desk, name: str) -> "TypeDefinition":
    """Return the definition of a type published last.

    Raises:
        NoEvidenceTypeError: none was.
        BlobMissingError: it is not stored any more.

    """
    from gatebook.formats.evidence_type import TypeDefinition  # noqa: PLC0415  # start-up

    desk.catch_up()
    row = Query(desk.index).evidence_type(name)
    if row is None:
        raise NoEvidenceTypeError(
            f"no evidence type {name[:80]!r} is published",
            hint="publish it with `gatebook evidence-type publish FILE`",
        )
    return TypeDefinition.parse(fetch(desk.blobs, Digest.parse(row.definition)))


def evaluate(desk: Desk, name: str, document: bytes) -> TypeEvaluation:
    """Judge a document by a type; whatever is wrong with it is in the evaluation.

    Raises:
        NoEvidenceTypeError: no such type is published.
        UnreachableError: nobody is there to run programs.

    """
    from gatebook.formats.type_judging import evaluate_document  # noqa: PLC0415  # start-up

    return evaluate_document(current_type(desk, name), document, _evaluator(desk))


def evaluated_draft(
    desk: Desk, evaluation: TypeEvaluation, *, evidence: str, subject: Digest, by: Actor
) -> Draft:
    """Write an evaluation of the evidence that the entry with some id brings."""
    reference = desk.keep(evaluation.encode(), TYPE_EVALUATION_TYPE)
    return Draft(
        actor=by,
        subjects=(subject,),
        body=EvidenceEvaluated(
            name=evaluation.name,
            definition=Digest.parse(evaluation.definition),
            document=Digest.parse(evaluation.document),
            compliant=evaluation.compliant,
        ),
        evidence=(reference,),
        links=(Link(rel=Relation.EVALUATES, entry=evidence),),
        idempotency_key=f"evaluation {evidence} {reference.digest}",
    )


def report_of_type(
    desk: Desk, document: bytes, *, name: str, subject: Digest, media_type: str, by: Actor
) -> ReportedEvidence:
    """Keep a document of a custom type that nobody signed, with its evaluation, in one append.

    Raises:
        NoEvidenceTypeError: no such type is published; nothing is recorded.

    """
    evaluation = evaluate(desk, name, document)
    reference = desk.keep(document, media_type)
    key = f"evidence of type {name} {reference.digest} {subject}"
    reported, evaluated = desk.append(
        Draft(
            actor=by,
            subjects=(subject,),
            body=EvidenceReported(format=predicate_type_of(name)),
            evidence=(reference,),
            idempotency_key=key,
        ),
        evaluated_draft(desk, evaluation, evidence=idempotent_id(by, key), subject=subject, by=by),
    )
    return ReportedEvidence(reported=reported, evaluated=evaluated, evaluation=evaluation)


def _evaluator(desk: Desk) -> Evaluator:
    if desk.evaluator is None:
        raise UnreachableError("nobody is there to run programs", code="intake.no-evaluator")
    return desk.evaluator()
