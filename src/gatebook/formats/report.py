"""Our predicate ``report/v1``: a report about the artifact, in whatever format its tool wrote it.

The report itself is kept beside the attestation and is read by its content; what is signed is its
digest, so that scanners' JSON, XML, text and compressed files all are evidence as they come. The
format is named for people and compared with what the content is.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.digest import Digest, DigestSet, sha256
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.own_predicates import OwnPredicateError, own_fields
from gatebook.formats.reading.document_format import DocumentFormat

__all__ = ["REPORT_DOCUMENT_TYPE", "REPORT_V1", "ReportPredicate", "ReportPredicateError"]

REPORT_V1: Final = "https://gatebook.dev/predicates/report/v1"
REPORT_DOCUMENT_TYPE: Final = "application/vnd.gatebook.report"
"""Media type of the report kept beside an attestation of its digest."""

_FIELDS: Final = frozenset({"format", "digest", "size", "mediaType"})


class ReportPredicateError(OwnPredicateError):
    """A predicate is not the report it claims to be."""

    code = "formats.report"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPredicate:
    """Which report is signed.

    Attributes:
        format: what the signer took it for.
        digest: SHA-256 of its bytes as they were, compressed or not.
        size: how many bytes these are.
        media_type: what the signer's tool calls it; needed where content alone does not tell.

    """

    format: DocumentFormat
    digest: Digest
    size: int
    media_type: str | None = None

    @classmethod
    def of(
        cls, document: bytes, form: DocumentFormat, *, media_type: str | None = None
    ) -> "ReportPredicate":
        """Describe a report."""
        return cls(format=form, digest=sha256(document), size=len(document), media_type=media_type)

    @classmethod
    def from_statement(cls, statement: Statement) -> "ReportPredicate":
        """Read the predicate.

        Raises:
            MalformedError: another predicate type, an unknown field or format, no SHA-256 digest,
                or a size that is no natural number.

        """
        fields = own_fields(
            statement, REPORT_V1, _FIELDS, what="report", code=ReportPredicateError.code
        )
        try:
            form = DocumentFormat(fields.text("format"))
        except ValueError:
            raise fields.refuse(f"format {fields.text('format')[:80]!r} is not known") from None
        written = fields.object("digest").text("sha256")
        digests = DigestSet.of({"sha256": written}).digests
        size = fields.values.get("size")
        if not digests or not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise fields.refuse("'digest' needs a sha256, and 'size' a number of bytes")
        return cls(
            format=form,
            digest=digests[0],
            size=size,
            media_type=fields.optional_text("mediaType"),
        )

    def to_predicate(self) -> JsonObject:
        """Write the predicate."""
        written: JsonObject = {
            "format": self.format.value,
            "digest": {self.digest.algorithm: self.digest.hex},
            "size": self.size,
        }
        if self.media_type is not None:
            written["mediaType"] = self.media_type
        return written

    def statement(self, subject: Subject) -> Statement:
        """Bind the report to the artifact it is about."""
        return Statement(
            subjects=(subject,), predicate_type=REPORT_V1, predicate=self.to_predicate()
        )
