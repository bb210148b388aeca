"""Grype's JSON report, of every generation of its schema and its database.

Source: anchore/grype, grype/presenter/models. Recognised by its matches, since some producers cut
``descriptor`` and ``source`` off. ``ignoredMatches`` are findings that a rule or a VEX document
took away; they stay, suppressed, with the rule.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, distinct, listed, member, objects_in
from gatebook.formats.scan.entries import digest_in, instant, percent_decoded, strings
from gatebook.formats.scan.grype_matches import GrypeError, finding_of
from gatebook.formats.scan.report import (
    FindingState,
    ReportedFinding,
    ScannerDatabase,
    ScanReport,
)

__all__ = ["READER", "read_grype"]


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or not isinstance(root.get("matches"), list):
        return False
    if member(root, "descriptor", "name") == "grype":
        return True
    matches = [*listed(root, "matches"), *listed(root, "ignoredMatches")]
    if matches:
        first = matches[0]
        return isinstance(first, dict) and "vulnerability" in first and "artifact" in first
    return "descriptor" in root and "source" in root and "distro" in root


def read_grype(root: JsonObject) -> ScanReport:
    """Read a decoded report.

    Raises:
        GrypeError: ``matches`` is not an array, or a field is of another type than Grype writes.

    """
    fields = Fields(root, "Grype report", GrypeError.code)
    if not fields.has("matches"):
        raise fields.refuse("'matches' is required, as [] when nothing was found")
    descriptor = fields.optional_object("descriptor") or Fields({}, "descriptor", GrypeError.code)
    findings = [finding_of(match) for match in fields.objects("matches")]
    findings.extend(_ignored(fields))
    database, trouble = _database(descriptor)
    source = fields.optional_object("source")
    version = descriptor.optional_text("version")
    name = descriptor.optional_text("name") or "grype"
    return ScanReport(
        format=DocumentFormat.GRYPE_JSON,
        scanners=(f"{name} {version}" if version else name,),
        database=database,
        created=instant(descriptor, "timestamp"),
        targets=_targets(source),
        target_names=_names(source),
        findings=tuple(findings),
        incomplete=trouble,
        notes=tuple(dict.fromkeys(_alerts(fields))),
    )


def _ignored(fields: Fields) -> Iterator[ReportedFinding]:
    for match in fields.objects("ignoredMatches"):
        reasons = [_rule(rule) for rule in match.objects("appliedIgnoreRules")]
        yield finding_of(
            match,
            state=FindingState.SUPPRESSED,
            reason="; ".join(dict.fromkeys(reasons)) or "ignored without a rule",
        )


def _rule(rule: Fields) -> str:
    parts: list[str] = []
    status = rule.optional_text("vex-status")
    if status:
        justification = rule.optional_text("vex-justification")
        parts.append(f"VEX {status}" + (f": {justification}" if justification else ""))
    for name in ("reason", "vulnerability", "namespace", "fix-state", "match-type"):
        value = rule.optional_text(name)
        if value:
            parts.append(value if name == "reason" else f"{name} {value}")
    package = rule.optional_object("package")
    if package is not None:
        named = [package.optional_text(each) for each in ("name", "version", "type", "location")]
        shown = " ".join(each for each in named if each)
        if shown:
            parts.append(f"package {shown}")
    return ", ".join(parts) or "an ignore rule without conditions"


def _database(descriptor: Fields) -> tuple[ScannerDatabase | None, tuple[str, ...]]:
    outer = descriptor.optional_object("db")
    if outer is None:
        return None, ()
    # Since schema version 6 the state of the database is one level down.
    state = outer.optional_object("status") or outer
    version = state.values.get("schemaVersion")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int | str)):
        raise state.refuse("'schemaVersion' must be a number or a string")
    origin = state.optional_text("checksum") or state.optional_text("from")
    trouble: list[str] = []
    error = state.values.get("error")
    if error:
        trouble.append(f"Grype's vulnerability database had an error: {str(error)[:200]}")
    if state.values.get("valid") is False:
        trouble.append("Grype says that its vulnerability database is not valid")
    return (
        ScannerDatabase(
            version=None if version is None else str(version),
            built=instant(state, "built"),
            digest=digest_in(percent_decoded(origin)) if origin else None,
        ),
        tuple(trouble),
    )


def _targets(source: Fields | None) -> tuple[Digest, ...]:
    target = source.values.get("target") if source is not None else None
    if isinstance(target, str):
        found = digest_in(target)
        return () if found is None else (found,)
    if source is None or not isinstance(target, dict):
        return ()
    fields = source.object("target")
    written = [
        fields.optional_text("manifestDigest"),
        *strings(fields, "repoDigests"),
        fields.optional_text("imageID"),
        # of a single file
        *(
            f"{each.optional_text('algorithm')}:{each.optional_text('value')}"
            for each in fields.objects("digests")
        ),
    ]
    digests = (digest_in(text) for text in written)
    return tuple(dict.fromkeys(digest for digest in digests if digest is not None))


def _names(source: Fields | None) -> tuple[str, ...]:
    if source is None:
        return ()
    target = source.values.get("target")
    if isinstance(target, str):
        return (target,) if target else ()
    if not isinstance(target, dict):
        return ()
    fields = source.object("target")
    name = fields.optional_text("userInput") or fields.optional_text("path")
    return (name,) if name else ()


def _alerts(fields: Fields) -> Iterator[str]:
    for each in fields.objects("alertsByPackage"):
        for alert in each.objects("alerts"):
            text = alert.optional_text("message") or alert.optional_text("type")
            if text:
                yield text


def _read(document: Document) -> ScanReport:
    if document.root is None:
        raise GrypeError("the document is not a JSON object")
    return read_grype(document.root)


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    found = [each.get("vulnerability") for each in objects_in(root, "matches")]
    return {
        "findings": len(listed(root, "matches")),
        "severity": count_words(member(each, "severity") for each in found),
        "unique_ids": distinct(member(each, "id") for each in found),
        "db": bool(member(root, "descriptor", "db")),
        "ignored": len(listed(root, "ignoredMatches")),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.GRYPE_JSON,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
