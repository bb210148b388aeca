"""Google Artifact Analysis: lists of occurrences, and what ``gcloud`` shows of an image.

Source: Grafeas v1, ``Occurrence``, ``VulnerabilityOccurrence``, ``DiscoveryOccurrence``; gcloud
``artifacts docker images describe``, which sorts vulnerabilities by severity and calls those
without one ``None``: that is unknown, not harmless.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member, object_at
from gatebook.formats.scan.document_fields import each_of, once_each
from gatebook.formats.scan.entries import digest_in
from gatebook.formats.scan.gcp_occurrence import occurrence_findings
from gatebook.formats.scan.report import ScanError, ScanReport
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "ArtifactAnalysisError"]

_WHAT: Final = "occurrences"
_SHOWN: Final = ("package_vulnerability_summary", "discovery_summary")
_FINISHED: Final = frozenset({"FINISHED_SUCCESS", "COMPLETE"})
_KINDS: Final = frozenset({"VULNERABILITY", "DISCOVERY"})


class ArtifactAnalysisError(ScanError):
    """A document is not the list of occurrences that it seems to be."""

    code = "formats.gcp"


def _listed(document: Document) -> list[Json] | None:
    if document.items is not None:
        return document.items
    found = (document.root or {}).get("occurrences")
    return found if isinstance(found, list) else None


def _shown(root: JsonObject) -> Iterator[tuple[str, Json]]:
    # (the group of severity, the occurrence) of gcloud's summary.
    groups = object_at(root, "package_vulnerability_summary", "vulnerabilities")
    for group in groups:
        for item in listed(groups, group):
            yield group, item


def _recognises(document: Document) -> bool:
    given = _listed(document)
    if given is not None:
        first = given[0] if given else None
        return (
            isinstance(first, dict)
            and "resourceUri" in first
            and "noteName" in first
            and any(member(each, "kind") in _KINDS for each in given)
        )
    root = document.root
    return root is not None and any(isinstance(root.get(name), dict) for name in _SHOWN)


def _read(document: Document) -> ScanReport:
    root = Fields(document.root or {}, _WHAT, ArtifactAnalysisError.code)
    given = _listed(document)
    if not given and not any(root.has(name) for name in _SHOWN):
        raise ArtifactAnalysisError("the document holds no occurrence")
    if given is None:
        image = root.optional_object("image_summary") or Fields({}, "image_summary", root.code)
        names = [image.optional_text("fully_qualified_digest"), image.optional_text("digest")]
        vulnerabilities = list(_shown_vulnerabilities(root))
        discoveries = list(_shown_discoveries(root))
    else:
        names = []
        every = list(each_of(given, _WHAT, root.code))
        vulnerabilities = [
            (None, each) for each in every if each.optional_text("kind") == "VULNERABILITY"
        ]
        discoveries = [each for each in every if each.optional_text("kind") == "DISCOVERY"]
    names.extend(each.optional_text("resourceUri") for _, each in vulnerabilities)
    names.extend(each.optional_text("resourceUri") for each in discoveries)
    digests = (digest_in(name) for name in names)
    scanned = [
        time
        for each in discoveries
        if (found := each.optional_object("discovery")) is not None
        and (time := time_at(found, "lastScanTime")) is not None
    ]
    incomplete = [*_doubts(discoveries)]
    if root.optional_text("nextPageToken"):
        incomplete.append("'nextPageToken' says that a page is missing")
    return ScanReport(
        format=DocumentFormat.GCP_ARTIFACT_ANALYSIS,
        scanners=("Google Artifact Analysis",),
        created=min(scanned, default=None),
        targets=tuple(dict.fromkeys(digest for digest in digests if digest is not None)),
        target_names=once_each(names),
        findings=tuple(
            finding
            for group, each in vulnerabilities
            for finding in occurrence_findings(each, group)
        ),
        incomplete=tuple(incomplete),
        notes=() if discoveries else ("the list does not say whether the analysis had finished",),
    )


def _shown_vulnerabilities(root: Fields) -> Iterator[tuple[str | None, Fields]]:
    summary = root.optional_object("package_vulnerability_summary")
    groups = summary.optional_object("vulnerabilities") if summary is not None else None
    for group in groups.values if groups is not None else ():
        if groups is not None:
            for each in groups.objects(group):
                yield group, each


def _shown_discoveries(root: Fields) -> Iterator[Fields]:
    summary = root.optional_object("discovery_summary")
    if summary is not None:
        yield from summary.objects("discovery")


def _doubts(discoveries: list[Fields]) -> Iterator[str]:
    for each in discoveries:
        discovery = each.object("discovery")
        status = discovery.optional_text("analysisStatus") or "not given"
        if status not in _FINISHED:
            yield f"the analysis' status is {status}"
        for _ in discovery.array("analysisError"):
            yield "the analysis reports an error"


def _describe(document: Document) -> Mapping[str, Json]:
    given = _listed(document)
    if given is None:
        words: list[Json] = [
            member(item, "vulnerability", "effectiveSeverity") or group
            for group, item in _shown(document.root or {})
        ]
    else:
        words = [
            member(item, "vulnerability", "effectiveSeverity")
            for item in given
            if member(item, "kind") == "VULNERABILITY"
        ]
    return {"findings": len(words), "severity": count_words(words)}


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GCP_ARTIFACT_ANALYSIS,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
