"""Harbor's vulnerability reports: its API's map of media types, and one report alone.

Source: goharbor/harbor, ``src/pkg/scan/vuln/report.go``; goharbor/pluggable-scanner-spec. Several
media types hold the same scan in several forms: the newest is read. ``vulnerabilities`` is null
where there are none, as Go writes an empty list.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.document_fields import only_if_given, root_of
from gatebook.formats.scan.entries import (
    assessment,
    digest_in,
    line,
    score,
    strings,
    whole,
)
from gatebook.formats.scan.report import (
    Cvss,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScanReport,
)
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "HarborError"]

_WHAT: Final = "Harbor report"
_MEDIA_TYPE: Final = re.compile(
    r"application/vnd\.(?:security\.vulnerability\.report|scanner\.adapter\.vuln\.report\.harbor\+json)"
    r"; ?version=(\d{1,6}(?:\.\d{1,6}){0,3})\Z"
)
_FIXES: Final = {
    "fixed": FixState.FIXED,
    "will_not_fix": FixState.WONT_FIX,
    "fix_deferred": FixState.NOT_FIXED,
    "affected": FixState.NOT_FIXED,
    "end_of_life": FixState.WONT_FIX,
}
_ALL: Final = 100


class HarborError(ScanError):
    """A document is not the report of Harbor that it seems to be."""

    code = "formats.harbor"


def _key(root: JsonObject) -> str | None:
    found = [
        (tuple(int(part) for part in match[1].split(".")), name)
        for name in root
        if (match := _MEDIA_TYPE.match(name)) is not None and isinstance(root[name], dict)
    ]
    return max(found)[1] if found else None


def _alone(root: JsonObject) -> bool:
    return (
        "generated_at" in root
        and isinstance(root.get("scanner"), dict)
        and "severity" in root
        and "vulnerabilities" in root
    )


def _recognises(document: Document) -> bool:
    root = document.root
    return root is not None and (_key(root) is not None or _alone(root))


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, HarborError)
    key = _key(root.values)
    report = root.object(key) if key is not None else root
    items = list(report.objects("vulnerabilities"))
    scanner = report.optional_object("scanner")
    artifact = report.optional_object("artifact") or Fields({}, "artifact", root.code)
    own = digest_in(artifact.optional_text("digest"))
    targets = ([own] if own is not None else []) + [
        digest for item in items for digest in _digests(item)
    ]
    return ScanReport(
        format=DocumentFormat.HARBOR_REPORT,
        scanners=only_if_given(_scanner(scanner) if scanner is not None else None),
        created=time_at(report, "generated_at") or time_at(report, "end_time"),
        started=time_at(report, "start_time"),
        targets=tuple(dict.fromkeys(targets)),
        target_names=only_if_given(artifact.optional_text("repository")),
        findings=tuple(_finding(item) for item in items),
        incomplete=tuple(_doubts(report)),
    )


def _scanner(scanner: Fields) -> str:
    version = scanner.optional_text("version")
    return f"{scanner.text('name')} {version}" if version else scanner.text("name")


def _doubts(report: Fields) -> Iterator[str]:
    status = report.optional_text("scan_status")
    if status is not None and status.lower() != "success":
        yield f"the scan's status is {status}"
    percent = whole(report, "complete_percent")
    if percent is not None and percent < _ALL:
        yield f"only {percent} percent of the image were scanned"
    if "vulnerabilities" not in report.values:
        yield "the report holds a summary and no list of vulnerabilities"


def _digests(item: Fields) -> Iterator[Digest]:
    written = (item.optional_text("artifact_digest"), *strings(item, "artifact_digests"))
    for each in written:
        digest = digest_in(each)
        if digest is not None:
            yield digest


def _finding(item: Fields) -> ReportedFinding:
    written = item.optional_text("severity") or None
    name = item.optional_text("package")
    fixed = only_if_given(item.optional_text("fix_version"))
    status = (item.optional_text("status") or "").lower()
    links = strings(item, "links")
    return ReportedFinding(
        id=item.text("id"),
        package=ReportedPackage(name=name, version=item.optional_text("version") or None)
        if name
        else None,
        severity=severity_of_word(written),
        severity_written=written,
        severity_source="harbor",
        cvss=tuple(_assessments(item)),
        fix=FixState.FIXED if fixed else _FIXES.get(status, FixState.NOT_FIXED),
        fixed_versions=fixed,
        title=line(item, "description"),
        url=links[0] if links else None,
    )


def _assessments(item: Fields) -> Iterator[Cvss]:
    preferred = item.optional_object("preferred_cvss")
    if preferred is not None:
        for version, fallback in (("v3", "3.1"), ("v2", "2.0")):
            vector = preferred.optional_text(f"vector_{version}") or None
            points = score(preferred, f"score_{version}")
            # Go writes 0 for a score that is not there.
            if points or vector:
                rated = assessment(vector, points, None)
                if rated is not None:
                    yield Cvss(version=rated.version or fallback, vector=vector, score=points)
    vendors = item.optional_object("vendor_attributes")
    ratings = vendors.optional_object("CVSS") if vendors is not None else None
    if ratings is None:
        return
    for source in ratings.values:
        rating = ratings.object(source)
        for version, fallback in (("V4", "4.0"), ("V3", "3.1"), ("V2", "2.0")):
            vector = rating.optional_text(f"{version}Vector") or None
            rated = assessment(vector, score(rating, f"{version}Score"), source)
            if rated is not None:
                yield Cvss(
                    version=rated.version or fallback,
                    vector=vector,
                    score=rated.score,
                    source=source,
                )


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    key = _key(root)
    report: Json = root[key] if key is not None else root
    found = listed(report, "vulnerabilities")
    counted: dict[str, Json] = {
        "findings": len(found),
        "severity": count_words(member(each, "severity") for each in found),
    }
    return counted if key is not None else {"keys": [*sorted(root)[:8]], **counted}


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.HARBOR_REPORT,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
