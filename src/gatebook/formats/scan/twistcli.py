"""The output file of Prisma Cloud's ``twistcli images scan``.

Whether a scan passed is Prisma Cloud's own policy and says nothing here. The distribution counts
what was found; when it counts more than is listed, findings are missing from the file.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.document_fields import once_each, root_of
from gatebook.formats.scan.entries import assessment, digest_in, line, text_or_number, whole
from gatebook.formats.scan.report import (
    FindingKind,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "TwistcliError"]

_WHAT: Final = "twistcli report"
_FIXED: Final = re.compile(r"fixed in ([^\s].*)\Z", re.IGNORECASE)
_MARKS: Final = frozenset({"vulnerabilityDistribution", "complianceDistribution", "scanID"})


class TwistcliError(ScanError):
    """A document is not the report of twistcli that it seems to be."""

    code = "formats.twistcli"


def _recognises(document: Document) -> bool:
    found = listed(document.root, "results")
    return bool(found) and isinstance(found[0], dict) and not _MARKS.isdisjoint(found[0])


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, TwistcliError)
    results = list(root.objects("results"))
    if not results:
        raise root.refuse("'results' is required and must not be empty")
    digests = [digest_in(each.optional_text(name)) for each in results for name in ("digest", "id")]
    times = [time for each in results if (time := time_at(each, "scanTime")) is not None]
    return ScanReport(
        format=DocumentFormat.TWISTCLI,
        scanners=("twistcli",),
        created=min(times, default=None),
        targets=tuple(dict.fromkeys(digest for digest in digests if digest is not None)),
        target_names=once_each(each.optional_text("name") for each in results),
        findings=tuple(finding for each in results for finding in _findings(each)),
        incomplete=tuple(doubt for each in results for doubt in _doubts(each)),
    )


def _doubts(result: Fields) -> Iterator[str]:
    for name, counts in (
        ("vulnerabilities", "vulnerabilityDistribution"),
        ("compliances", "complianceDistribution"),
    ):
        distribution = result.optional_object(counts)
        total = whole(distribution, "total") if distribution is not None else None
        found = len(result.array(name))
        if total is not None and total > found:
            yield f"{total} {name} are counted and {found} are listed"
    if line(result, "err"):
        yield f"the scan failed: {line(result, 'err')}"


def _findings(result: Fields) -> Iterator[ReportedFinding]:
    for item in result.objects("vulnerabilities"):
        written = item.optional_text("severity") or None
        points = text_or_number(item, "cvss")
        status = item.optional_text("status") or ""
        fixed_in = _FIXED.match(status)
        fixed = (
            tuple(part.strip() for part in fixed_in[1].split(",") if part.strip())
            if fixed_in is not None
            else ()
        )
        name = item.optional_text("packageName")
        rated = assessment(item.optional_text("vector") or None, points or None, None)
        yield ReportedFinding(
            id=item.text("id"),
            package=ReportedPackage(
                name=name,
                version=item.optional_text("packageVersion") or None,
                type=item.optional_text("packageType") or None,
                location=item.optional_text("packagePath") or None,
            )
            if name
            else None,
            severity=severity_of_word(written),
            severity_written=written,
            severity_source="prisma-cloud",
            cvss=(rated,) if rated is not None else (),
            fix=FixState.FIXED if fixed else _fix(status),
            fixed_versions=fixed,
            title=line(item, "description"),
            url=item.optional_text("link") or None,
            published=time_at(item, "publishedDate"),
        )
    for item in result.objects("compliances"):
        written = item.optional_text("severity") or None
        known_as = item.values.get("id")
        yield ReportedFinding(
            id=str(known_as) if isinstance(known_as, int | str) else item.text("title"),
            kind=FindingKind.MISCONFIGURATION,
            severity=severity_of_word(written),
            severity_written=written,
            severity_source="prisma-cloud",
            title=line(item, "title"),
        )


def _fix(status: str) -> FixState:
    known = status.strip().lower()
    if known in {"will not fix", "won't fix", "end of life", "out of support scope"}:
        return FixState.WONT_FIX
    return FixState.NOT_FIXED if known else FixState.UNKNOWN


def _describe(document: Document) -> Mapping[str, Json]:
    results = listed(document.root, "results")
    found = [item for each in results for item in listed(each, "vulnerabilities")]
    return {
        "results": len(results),
        "findings": len(found),
        "severity": count_words(member(item, "severity") for item in found),
        "packages": sum(len(listed(each, "packages")) for each in results),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.TWISTCLI,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
