"""How documents with advisories are told apart: OSV records, CISA's catalogue, EPSS scores."""

from collections.abc import Mapping
from typing import Any, Final

from gatebook.canonical import Json
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.vulnerabilities.epss import EpssScores, is_epss, read_epss
from gatebook.vulnerabilities.kev import KevCatalogue, is_kev, read_kev
from gatebook.vulnerabilities.osv import OsvRecord, read_record

__all__ = ["ADVISORY_READERS"]


def _is_record(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and isinstance(root.get("id"), str)
        and isinstance(root.get("modified"), str)
        and ("affected" in root or "schema_version" in root or "aliases" in root)
    )


def _describe_record(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    affected = root.get("affected")
    return {
        "id": root.get("id"),
        "affected": len(affected) if isinstance(affected, list) else 0,
        "withdrawn": root.get("withdrawn") is not None,
    }


def _is_catalogue(document: Document) -> bool:
    return document.root is not None and is_kev(document.root)


def _describe_catalogue(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    listed = root.get("vulnerabilities")
    return {
        "catalog_version": root.get("catalogVersion"),
        "vulnerabilities": len(listed) if isinstance(listed, list) else 0,
    }


def _read_scores(document: Document) -> EpssScores:
    found = read_epss(document.data)
    for _ in found.scores():  # each line is checked when it is read
        pass
    return found


def _describe_scores(document: Document) -> Mapping[str, Json]:
    found = read_epss(document.data)
    count = sum(1 for line in found.lines.splitlines() if line)
    return {"model_version": found.model, "score_date": found.date, "scores": count}


_OSV: Final[Reader[OsvRecord]] = Reader(
    format=DocumentFormat.OSV_RECORD,
    family=Family.ADVISORY,
    recognises=_is_record,
    read=lambda document: read_record(document.data),
    describe=_describe_record,
)
_KEV: Final[Reader[KevCatalogue]] = Reader(
    format=DocumentFormat.KEV_CATALOGUE,
    family=Family.ADVISORY,
    recognises=_is_catalogue,
    read=lambda document: read_kev(document.data),
    describe=_describe_catalogue,
)
_EPSS: Final[Reader[EpssScores]] = Reader(
    format=DocumentFormat.EPSS_SCORES,
    family=Family.ADVISORY,
    recognises=lambda document: is_epss(document.start),
    read=_read_scores,
    describe=_describe_scores,
)

ADVISORY_READERS: Final[tuple[Reader[Any], ...]] = (_KEV, _EPSS, _OSV)
"""In the order in which they are to be asked."""
