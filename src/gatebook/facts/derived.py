"""What the book itself found out about evidence: match reports, and evaluations of custom types."""

from collections.abc import Iterator
from dataclasses import replace

from gatebook.digest import Digest
from gatebook.errors import GatebookError, VerificationError
from gatebook.facts.entries import Weighed
from gatebook.facts.facts import EvidenceFact, MatchFact, Problem
from gatebook.facts.opened import fetch, match_report_from, problem_of
from gatebook.formats.type_evaluation import TypeEvaluation
from gatebook.ledger.entry import Entry, Relation
from gatebook.ledger.kinds import AdvisoriesMatched, EvidenceEvaluated
from gatebook.ledger.store import BlobMissingError, BlobStore

__all__ = ["evaluated_entries", "read_evaluation", "read_match"]


def evaluated_entries(entry: Entry) -> Iterator[str]:
    """Yield the ids of the entries whose evidence an entry says it evaluates."""
    return (link.entry for link in entry.links if link.rel is Relation.EVALUATES)


def read_evaluation(
    item: Weighed[EvidenceEvaluated],
    blobs: BlobStore,
    *,
    evidence: EvidenceFact | None,
    document: Digest | None,
) -> EvidenceFact:
    """Read an evaluation, which is as good as the evidence it is of.

    Args:
        item: the entry that keeps it.
        blobs: the documents.
        evidence: the evidence it is of; ``None`` when it is of none about the artifact.
        document: digest of the document of the custom type that this evidence holds.

    """
    entry, body = item.entry, item.body
    if evidence is None:
        return EvidenceFact(
            entry=item.reference,
            document=body.document,
            predicate_type=body.name,
            kind=None,
            signed=False,
            problem=Problem(
                code="facts.evaluation-differs",
                message="the evaluation is of no evidence about the artifact",
                damaged=False,
            ),
            received=entry.time,
        )
    fact = replace(evidence, entry=item.reference, content=None, further=(), format=None, kind=None)
    if evidence.problem is not None:
        return fact
    try:
        evaluation = TypeEvaluation.parse(_first_document(entry, blobs))
        said = (body.name, str(body.definition), str(body.document), body.compliant)
        found = (
            evaluation.name,
            evaluation.definition,
            evaluation.document,
            evaluation.compliant,
        )
        if said != found or document != body.document:
            raise VerificationError(
                "the evaluation is of another type or document than its entry",
                code="facts.evaluation-differs",
            )
    except GatebookError as error:
        return replace(fact, problem=problem_of(error))
    return replace(fact, content=evaluation)


def read_match(item: Weighed[AdvisoriesMatched], subject: Digest, blobs: BlobStore) -> MatchFact:
    """Read a match report, and compare it with what its entry says of it."""
    entry, body = item.entry, item.body
    fact = MatchFact(
        entry=item.reference,
        sbom=body.sbom,
        snapshot=body.snapshot,
        report=None,
        received=entry.time,
    )
    try:
        report = match_report_from(_first_document(entry, blobs))
        said = (str(subject), str(body.sbom), str(body.snapshot))
        if said != (report.subject, report.sbom, report.snapshot):
            raise VerificationError(
                "the match report is about another artifact, SBOM or snapshot than its entry",
                code="facts.match-differs",
            )
        counted = (len(report.findings), len(report.unevaluated), report.components)
        if counted != (body.findings, body.unevaluated, body.components):
            raise VerificationError(
                "the match report holds another number of findings than its entry says",
                code="facts.match-differs",
            )
    except GatebookError as error:
        return replace(fact, problem=problem_of(error))
    return replace(fact, report=report)


def _first_document(entry: Entry, blobs: BlobStore) -> bytes:
    if not entry.evidence:
        raise BlobMissingError("the entry names no document", code="facts.no-document")
    return fetch(blobs, entry.evidence[0].digest)
