"""Many attestations about one artifact: each with its verdict, and the reason if none will do."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatebook.errors import VerificationError
from gatebook.formats.attestations import AttestationDocument
from gatebook.trust.refusals import AttestationRefusedError, SubjectMismatchError
from gatebook.trust.request.refusals import NothingToVerifyError, PredicateTypeError
from gatebook.trust.request.report import VerificationReport
from gatebook.trust.request.verification import VerificationRequest, verify_request

__all__ = ["DocumentVerdict", "most_telling", "verify_documents"]

_EXPECTED_CODES: Final = ("trust.slsa-", "trust.gcb-", "trust.npm-", "trust.vsa-")


class DocumentVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one document: a report, or the reason why not; never both."""

    document: AttestationDocument
    report: VerificationReport | None = None
    refusal: VerificationError | None = None


def verify_documents(
    documents: Sequence[AttestationDocument], request: VerificationRequest
) -> tuple[DocumentVerdict, ...]:
    """Verify each document on its own, and say what became of each; at least one.

    One that satisfies everything is enough for the artifact; :func:`most_telling` says why none
    did.

    Raises:
        VerificationError: there are none.
        UsageError: as for :func:`verify_request`.

    """
    if not documents:
        raise NothingToVerifyError("there is no attestation to verify")
    verdicts: list[DocumentVerdict] = []
    for document in documents:
        try:
            report = verify_request(document.data, request)
        except VerificationError as refusal:
            verdicts.append(DocumentVerdict(document=document, refusal=refusal))
        else:
            verdicts.append(DocumentVerdict(document=document, report=report))
    return tuple(verdicts)


def most_telling(verdicts: Sequence[DocumentVerdict]) -> VerificationError | None:
    """The refusal that came furthest, or ``None`` when a document satisfied everything.

    An attestation about another artifact says least, one that only misses what is expected of the
    build or summary says most.
    """
    if any(verdict.report is not None for verdict in verdicts):
        return None
    refusals = [verdict.refusal for verdict in verdicts if verdict.refusal is not None]
    if not refusals:
        return NothingToVerifyError("there is no attestation to verify")
    return max(refusals, key=_distance)


def _distance(refusal: VerificationError) -> tuple[int, int]:
    step = refusal.step if isinstance(refusal, AttestationRefusedError) else 0
    if refusal.code.startswith(_EXPECTED_CODES) or isinstance(refusal, PredicateTypeError):
        return 4, step
    if refusal.code.startswith("trust.identity-"):
        return 3, step
    if isinstance(refusal, SubjectMismatchError):
        return 1, step
    return (2, step) if isinstance(refusal, AttestationRefusedError) else (0, step)
