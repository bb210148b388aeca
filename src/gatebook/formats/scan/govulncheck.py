"""``govulncheck -json``: a stream of messages, or the array that others make of it.

Source: golang/vuln, ``internal/govulncheck`` (protocol v1). One flaw is reported again for the
module that is required, the package that is imported and every symbol that is called. They become
one finding for each flaw and module; it is reachable where a symbol is called, not reachable where
the scan looked at symbols and found none called, and unknown where it looked less closely. The
messages have no end mark: a stream cut between two messages cannot be told from a whole one.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import distinct, member
from gatebook.formats.scan.document_fields import (
    each_of,
    fix_of,
    once_each,
    only_if_given,
    rated,
    severity_of_cvss,
)
from gatebook.formats.scan.entries import line, names_of_flaw, strings, whole
from gatebook.formats.scan.json_stream import json_values
from gatebook.formats.scan.report import (
    Cvss,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    ScannerDatabase,
    ScanReport,
)
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "GovulncheckError", "go_finding"]

_WHAT: Final = "govulncheck output"
_MESSAGES: Final = frozenset({"config", "progress", "osv", "finding", "SBOM"})
_PROTOCOL: Final = "v1."


class GovulncheckError(ScanError):
    """A document is not the output of govulncheck that it seems to be."""

    code = "formats.govulncheck"


def _messages(document: Document) -> list[Json]:
    if document.start.startswith(b"["):
        return document.items or []
    return list(json_values(document.data, what=_WHAT))


def _recognises(document: Document) -> bool:
    if document.start.startswith(b"["):
        first = document.items[0] if document.items else None
    elif b'"config"' in document.start[:64] or b'"protocol_version"' in document.start[:512]:
        first = next(json_values(document.data, what=_WHAT), None)
    else:
        return False
    return (
        isinstance(first, dict)
        and bool(first)
        and first.keys() <= _MESSAGES
        and any(isinstance(value, dict) for value in first.values())
    )


def _read(document: Document) -> ScanReport:
    config: Fields | None = None
    entries: dict[str, Fields] = {}
    findings: dict[tuple[str, str, str | None], list[Fields]] = {}
    roots: list[str] = []
    for message in each_of(document.once(_messages), _WHAT, GovulncheckError.code):
        if message.has("config"):
            config = message.object("config")
        if message.has("osv"):
            entry = message.object("osv")
            entries[entry.text("id")] = entry
        if message.has("SBOM"):
            roots.extend(strings(message.object("SBOM"), "roots"))
        if message.has("finding"):
            finding = message.object("finding")
            first = next(finding.objects("trace"), None)
            if first is None:
                raise finding.refuse("'trace' is required and must not be empty")
            key = (
                finding.text("osv"),
                first.text("module"),
                first.optional_text("version") or None,
            )
            findings.setdefault(key, []).append(finding)
    if config is None:
        raise GovulncheckError("the output has no configuration message: its beginning is missing")
    protocol = config.text("protocol_version")
    if not protocol.startswith(_PROTOCOL):
        raise GovulncheckError(
            f"protocol version {protocol[:40]!r} is not read", code="formats.govulncheck-version"
        )
    level = config.optional_text("scan_level") or "symbol"
    name = config.optional_text("scanner_name") or "govulncheck"
    version = config.optional_text("scanner_version")
    return ScanReport(
        format=DocumentFormat.GOVULNCHECK,
        scanners=(f"{name} {version}" if version else name,),
        database=ScannerDatabase(
            version=config.optional_text("db") or None, built=time_at(config, "db_last_modified")
        ),
        target_names=once_each(roots),
        findings=tuple(
            _finding(key, found, entries.get(key[0]), level) for key, found in findings.items()
        ),
        incomplete=tuple(
            f"{known_as} was found and is not described: a message is missing"
            for known_as in dict.fromkeys(key[0] for key in findings)
            if known_as not in entries
        ),
    )


def _finding(
    key: tuple[str, str, str | None], found: list[Fields], entry: Fields | None, level: str
) -> ReportedFinding:
    known_as, module, version = key
    called = False
    places: list[str] = []
    for each in found:
        trace = list(each.objects("trace"))
        if trace[0].optional_text("function"):
            called = True
            places.append(_place(trace[-1]) or "")
    fixed = once_each(each.optional_text("fixed_version") for each in found)
    return go_finding(
        known_as,
        entry,
        package=ReportedPackage(name=module, version=version, type="golang"),
        reachable=True if called else (False if level == "symbol" else None),
        fixed=fixed,
        locations=once_each(places),
        occurrences=len(found),
    )


def go_finding(
    known_as: str,
    entry: Fields | None,
    *,
    package: ReportedPackage,
    reachable: bool | None,
    fixed: tuple[str, ...],
    locations: tuple[str, ...],
    occurrences: int,
) -> ReportedFinding:
    """Join a finding with the OSV record that describes it, where there is one.

    Raises:
        MalformedError: a field of the record is of the wrong type.

    """
    entry = entry or Fields({}, "osv", GovulncheckError.code)
    aliases, covers = names_of_flaw(known_as, strings(entry, "aliases"))
    cvss = tuple(_assessments(entry))
    specific = entry.optional_object("database_specific")
    return ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        package=package,
        severity=severity_of_cvss(cvss),
        severity_source="osv" if cvss else None,
        cvss=cvss,
        fix=fix_of(fixed),
        fixed_versions=fixed,
        reachable=reachable,
        title=line(entry, "summary") or line(entry, "details"),
        url=only_if_given(specific.optional_text("url"))[0]
        if specific is not None and specific.optional_text("url")
        else None,
        locations=locations,
        published=time_at(entry, "published"),
        occurrences=occurrences,
    )


def _assessments(entry: Fields) -> Iterator[Cvss]:
    for each in entry.objects("severity"):
        found = rated(each.optional_text("score"), "osv")
        if found is not None:
            yield found


def _place(frame: Fields) -> str | None:
    position = frame.optional_object("position")
    if position is None:
        return None
    start = whole(position, "line")
    name = position.optional_text("filename")
    return f"{name}:{start}" if name and start else name


def _describe(document: Document) -> Mapping[str, Json]:
    try:
        messages = document.once(_messages)
    except MalformedError:
        messages = []
    found = [each for each in messages if isinstance(member(each, "finding"), dict)]
    return {
        "docs": len(messages),
        "findings": len(found),
        "osv": sum(isinstance(member(each, "osv"), dict) for each in messages),
        "unique_finding_osv": distinct(member(each, "finding", "osv") for each in found),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GOVULNCHECK,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
