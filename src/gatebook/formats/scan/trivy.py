"""Trivy's own JSON report, schema version 2, of any kind of artifact.

Recognised by its upper-case keys. ``Results`` is left out when nothing was looked at, so such a
report is incomplete and not clean; when something was looked at, it is listed without findings.
The report does not say which vulnerability database was used.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import listed, word
from gatebook.formats.scan.entries import instant
from gatebook.formats.scan.report import ReportedFinding, ScanError, ScanReport
from gatebook.formats.scan.trivy_results import count_results, findings_of, target_digests

__all__ = ["READER", "TrivyError", "read_trivy"]

_SCHEMA_VERSION: Final = 2
_MARKS: Final = ("ArtifactName", "ArtifactType", "Results", "Trivy")


class TrivyError(ScanError):
    """A document is not the report of Trivy that it seems to be."""

    code = "formats.trivy"


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "ClusterName" in root or not any(mark in root for mark in _MARKS):
        return False
    # Until version 0.20 there was no schema version, and two of the keys together are enough.
    return "SchemaVersion" in root or ("ArtifactName" in root and "Results" in root)


def read_trivy(root: JsonObject) -> ScanReport:
    """Read a decoded report.

    Raises:
        TrivyError: another schema version (``formats.trivy-version``), or a field is of another
            type than Trivy writes (``formats.trivy``).

    """
    fields = Fields(root, "Trivy report", TrivyError.code)
    version = root.get("SchemaVersion", _SCHEMA_VERSION)
    if version != _SCHEMA_VERSION or isinstance(version, bool | float):
        raise TrivyError(
            f"schema version {str(version)[:40]!r} of Trivy reports is not read",
            code="formats.trivy-version",
            hint="Reports of schema version 2 are read (Trivy 0.20 and later).",
        )
    metadata = fields.optional_object("Metadata") or Fields({}, "Metadata", TrivyError.code)
    name = fields.optional_text("ArtifactName")
    findings: list[ReportedFinding] = []
    results = 0
    for result in fields.objects("Results"):
        results += 1
        findings.extend(findings_of(result))
    return ScanReport(
        format=DocumentFormat.TRIVY_JSON,
        scanners=(_scanner(fields),),
        created=instant(fields, "CreatedAt"),
        targets=target_digests(metadata),
        target_names=_names(name, metadata),
        findings=tuple(findings),
        incomplete=() if results else ("the report lists no result: nothing was scanned",),
        notes=_notes(metadata),
    )


def _scanner(fields: Fields) -> str:
    made_by = fields.optional_object("Trivy")
    version = made_by.optional_text("Version") if made_by is not None else None
    return f"trivy {version}" if version else "trivy"


def _names(name: str | None, metadata: Fields) -> tuple[str, ...]:
    repository = metadata.optional_text("RepoURL")
    commit = metadata.optional_text("Commit")
    at_commit = f"{repository or name}@{commit}" if commit and (repository or name) else None
    return tuple(each for each in (name, at_commit) if each)


def _notes(metadata: Fields) -> tuple[str, ...]:
    system = metadata.optional_object("OS")
    if system is None or system.values.get("EOSL") is not True:
        return ()
    family = system.optional_text("Family") or "the operating system"
    return (f"{family} {system.optional_text('Name') or ''}".strip() + " is no longer supported",)


def _read(document: Document) -> ScanReport:
    if document.root is None:
        raise TrivyError("the document is not a JSON object")
    return read_trivy(document.root)


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    return {"artifact_type": word(root.get("ArtifactType"))} | count_results(
        listed(root, "Results")
    )


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.TRIVY_JSON,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
