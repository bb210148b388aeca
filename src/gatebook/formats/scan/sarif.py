"""SARIF 2.1.0 logs, of any tool.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0. A log holds runs; each run is read
with its own tool. A run without results, one whose tool failed, and one that keeps a part of itself
in another file are not the whole of a scan, and the report says so.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member, object_at, objects_in
from gatebook.formats.scan.entries import digest_in, flag, instant, strings, summed_up
from gatebook.formats.scan.report import ReportedFinding, ScannerDatabase, ScanReport
from gatebook.formats.scan.sarif_results import (
    SarifError,
    finding_of,
    security_severity,
    severity_of_result,
)
from gatebook.formats.scan.sarif_rules import RuleTable, is_suppressed

__all__ = ["READER", "read_sarif"]

_VERSION: Final = "2.1.0"
# §4.2: what external properties may hold and a scan is judged by.
_WEIGHED: Final = frozenset(
    {"artifacts", "driver", "extensions", "invocations", "policies", "results"}
)
_HASHES: Final = (("sha-256", "sha256"), ("sha-384", "sha384"), ("sha-512", "sha512"))


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None or "runs" not in root:
        return False
    schema = root.get("$schema")
    return isinstance(root.get("version"), str) or (
        isinstance(schema, str) and "sarif" in schema.lower()
    )


class _Log:
    """What the runs of a log add up to."""

    def __init__(self) -> None:
        self.scanners: dict[str, None] = {}
        self.digests: dict[Digest, None] = {}
        self.names: dict[str, None] = {}
        self.findings: list[ReportedFinding] = []
        self.incomplete: list[str] = []
        self.started: list[Instant] = []
        self.ended: list[Instant | None] = []
        self.database: ScannerDatabase | None = None

    def add(self, run: Fields) -> None:
        tool = run.object("tool")
        driver = tool.object("driver")
        name = driver.text("name")
        version = driver.optional_text("semanticVersion") or driver.optional_text("version")
        self.scanners[f"{name} {version}" if version else name] = None
        for component in (driver, *tool.objects("extensions")):
            for rule in component.objects("rules"):
                rule.optional_text("id")
                rule.optional_object("properties")
        self.database = self.database or _database(driver)
        self.incomplete.extend(f"{name}: {why}" for why in _troubles(run))
        self._times(run)
        self.digests.update(dict.fromkeys(_digests(run)))
        self.names.update(dict.fromkeys(_names(run)))
        # §3.14.23: results are absent when producing them was not the purpose, null when they
        # could not be produced; an empty array says that there are none.
        if not run.has("results"):
            self.incomplete.append(f"{name}: the run has no results, not even an empty list")
            return
        rules = RuleTable(run.values)
        for result in run.objects("results"):
            found = finding_of(result, rules, run.values, name)
            if found is not None:
                self.findings.append(found)

    def _times(self, run: Fields) -> None:
        ends: list[Instant] = []
        for invocation in run.objects("invocations"):
            start = instant(invocation, "startTimeUtc")
            end = instant(invocation, "endTimeUtc")
            self.started.extend(() if start is None else (start,))
            ends.extend(() if end is None else (end,))
        self.ended.append(max(ends, default=None))

    def created(self) -> Instant | None:
        """The end of the run that ended first; unknown when one does not say."""
        known = [end for end in self.ended if end is not None]
        return min(known) if known and len(known) == len(self.ended) else None


def read_sarif(root: JsonObject) -> ScanReport:
    """Read a decoded log.

    Raises:
        SarifError: another version (``formats.sarif-version``), or a field is absent, of another
            type or of another value than SARIF allows (``formats.sarif``).

    """
    fields = Fields(root, "SARIF log", SarifError.code)
    version = fields.optional_text("version")
    if version != _VERSION:
        raise SarifError(
            f"version {(version or 'none')[:40]!r} of SARIF is not read",
            code="formats.sarif-version",
            hint="Have the tool write SARIF 2.1.0.",
        )
    if not fields.has("runs"):
        raise fields.refuse("'runs' is required")
    log = _Log()
    for run in fields.objects("runs"):
        log.add(run)
    if not log.scanners:
        log.incomplete.append("the log holds no run: nothing was scanned")
    if any(each.values.keys() & _WEIGHED for each in fields.objects("inlineExternalProperties")):
        log.incomplete.append("a part of the log is in external properties, which are not read")
    return ScanReport(
        format=DocumentFormat.SARIF,
        scanners=tuple(log.scanners),
        database=log.database,
        created=log.created(),
        started=min(log.started, default=None),
        targets=tuple(log.digests),
        target_names=tuple(log.names),
        findings=tuple(log.findings),
        incomplete=tuple(dict.fromkeys(log.incomplete)),
    )


def _database(driver: Fields) -> ScannerDatabase | None:
    """What govulncheck says of its database in the properties of its driver."""
    properties = driver.optional_object("properties")
    if properties is None or not isinstance(properties.values.get("db_last_modified"), str):
        return None
    name = properties.values.get("db")
    return ScannerDatabase(
        version=name if isinstance(name, str) else None,
        built=instant(properties, "db_last_modified"),
    )


def _troubles(run: Fields) -> Iterator[str]:
    for invocation in run.objects("invocations"):
        if flag(invocation, "executionSuccessful") is False:
            said = (
                invocation.optional_text("exitCodeDescription")
                or invocation.optional_text("processStartFailureMessage")
                or invocation.optional_text("exitSignalName")
            )
            yield "its execution was not successful" + (f": {summed_up(said)}" if said else "")
        elif invocation.has("exitSignalName") or invocation.has("processStartFailureMessage"):
            yield "it did not run to its end"
        for name in ("toolExecutionNotifications", "toolConfigurationNotifications"):
            for each in invocation.objects(name):
                # §3.58.6: an error kept the tool from some of its work.
                if each.values.get("level") == "error":
                    text = member(each.values, "message", "text")
                    shown = summed_up(text) if isinstance(text, str) else None
                    yield f"it reported an error: {shown or 'without a text'}"
    references = run.optional_object("externalPropertyFileReferences")
    if references is not None and references.values.keys() & _WEIGHED:
        yield "a part of the run is in other files, which are not read"


def _digests(run: Fields) -> Iterator[Digest]:
    for artifact in run.objects("artifacts"):
        # §3.24.6: other artifacts were only read or mentioned.
        if "analysisTarget" not in strings(artifact, "roles"):
            continue
        hashes = artifact.optional_object("hashes")
        for name, algorithm in _HASHES if hashes is not None else ():
            value = hashes.optional_text(name) if hashes is not None else None
            try:
                if value is not None:
                    yield Digest(algorithm, value.lower())
            except MalformedError as error:
                raise artifact.refuse(f"'hashes.{name}': {error.message}") from None
    # Trivy names the image it scanned.
    properties = run.optional_object("properties")
    written = (
        *listed(run.values, "properties", "repoDigests"),
        properties.values.get("imageID") if properties is not None else None,
    )
    for text in written:
        found = digest_in(text) if isinstance(text, str) else None
        if found is not None:
            yield found


def _names(run: Fields) -> Iterator[str]:
    for provenance in run.objects("versionControlProvenance"):
        repository = provenance.optional_text("repositoryUri")
        revision = provenance.optional_text("revisionId")
        if repository:
            yield f"{repository}@{revision}" if revision else repository
    image = member(run.values, "properties", "imageName")
    if isinstance(image, str) and image:
        yield image


def _read(document: Document) -> ScanReport:
    if document.root is None:
        raise SarifError("the document is not a JSON object")
    return read_sarif(document.root)


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root or {}
    levels: list[Json] = []
    severities: list[Json] = []
    findings = suppressed = scored = 0
    runs = list(objects_in(root, "runs"))
    for run in runs:
        rules = RuleTable(run)
        for result in objects_in(run, "results"):
            findings += 1
            suppressed += is_suppressed(result)
            rule = rules.rule_of(result)
            scored += security_severity(rule) is not None
            severities.append(severity_of_result(result, rule, rules)[0].value)
            levels.append(result.get("level") or rules.default_level(rule)[0])
    return {
        "runs": len(listed(root, "runs")),
        "tools": [object_at(run, "tool", "driver").get("name") for run in runs],
        "findings": findings,
        "levels_effective": count_words(levels),
        "severity": count_words(severities),
        "suppressed": suppressed,
        "with_security_severity": scored,
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.SARIF,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
