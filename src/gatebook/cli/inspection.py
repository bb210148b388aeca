"""How the answer of ``gatebook inspect`` looks."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from gatebook.canonical import Json
from gatebook.cli.output import heading, print_json, told, wrapped
from gatebook.cli.plain import counted
from gatebook.formats.coverage.report import CoverageReport, Covered
from gatebook.formats.quality.report import QualityReport
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.reading.inspection import Inspection
from gatebook.formats.reading.recognition import RECOGNITION
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.scan.report import ScanReport, Severity
from gatebook.formats.test_reports.report import TestReport
from gatebook.formats.vex.statement import VexDocument

__all__ = ["inspected_status", "print_inspected"]

_UNKNOWN = 4
_REFUSED = 5
_SCHEMA = "gatebook/inspection/v1"
_SHOWN = 5
_MAX_TEXT = 400

_Row = tuple[str, str]


def inspected_status(found: Sequence[tuple[str, Inspection]]) -> int:
    """Return the exit status of an answer."""
    if any(each.is_refused for _, each in found):
        return _REFUSED
    return 0 if all(each.is_known for _, each in found) else _UNKNOWN


def print_inspected(
    found: Sequence[tuple[str, Inspection]], *, as_json: bool, explain: bool
) -> None:
    """Write what was found out about files."""
    if not as_json:
        for number, (name, inspection) in enumerate(found):
            if number:
                click.echo()
            _print(name, inspection, explain=explain)
        return
    documents = [{"file": name, **inspection.to_json()} for name, inspection in found]
    if len(documents) > 1:
        print_json("gatebook/inspections/v1", files=documents)
        return
    # A GitLab report has a count that is called schema, so that ours is not.
    answer = {"answer": _SCHEMA, **documents[0]}
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def _print(name: str, found: Inspection, *, explain: bool) -> None:
    heading(name)
    for label, text in filter(_is_said, _rows(found, explain=explain)):
        told(wrapped(f"{label:<14} ", text, indent=2))
    for number, each in enumerate(found.parts, start=1):
        click.echo(f"  document {number}")
        for label, text in filter(_is_said, _rows(each, explain=explain)):
            told(wrapped(f"{label:<14} ", text, indent=4))


def _is_said(row: _Row) -> bool:
    return bool(row[1])


def _rows(found: Inspection, *, explain: bool) -> Iterator[_Row]:
    layers = []
    inside: Inspection | None = found
    while inside is not None:
        layers.append(inside)
        inside = inside.inner
    for layer in layers:
        yield ("inside a" if layer is not layers[-1] else "is"), _titled(layer.format)
        if layer.claims is not None:
            yield "claims to be", _titled(layer.claims)
        if explain and layer.format in RECOGNITION:
            yield "told by", RECOGNITION[layer.claims or layer.format].rule.replace("`", "")
        yield from _said(layer)
        yield "verdict", _verdict(layer)
        if layer.reason is not None and layer.reason.hint is not None:
            yield "hint", layer.reason.hint
        for note in layer.notes:
            yield "note", note
        if explain:
            yield from (("note", each) for each in _noted(layer.content))


def _titled(form: DocumentFormat) -> str:
    return f"{RECOGNITION[form].title}  ({form.value})"


def _verdict(layer: Inspection) -> str:
    if layer.reason is not None:
        word = "not valid" if layer.valid is False else "not read"
        return f"{word}: {layer.reason.message[:_MAX_TEXT]}  [{layer.reason.code}]"
    if layer.valid is None:
        return "not judged"
    if layer.problem is not None:
        found = f"{layer.problem.message[:_MAX_TEXT]}  [{layer.problem.code}]"
        return f"read, and breaks rules of its specification: {found}"
    return "valid"


def _said(layer: Inspection) -> Iterator[_Row]:
    match layer.content:
        case Sbom() as sbom:
            yield from _of_sbom(sbom)
        case ScanReport() as scan:
            yield from _of_scan(scan)
        case TestReport() as tests:
            yield from _of_tests(tests)
        case CoverageReport() as coverage:
            yield from _of_coverage(coverage)
        case QualityReport() as quality:
            yield from _of_quality(quality)
        case VexDocument() as vex:
            yield from _of_vex(vex)
        case _:
            yield from (
                (key.replace("_", " "), _plain(value))
                for key, value in layer.counts.items()
                if key != "error"
            )


def _of_sbom(sbom: Sbom) -> Iterator[_Row]:
    yield "version", sbom.spec_version
    subject = sbom.subject
    if subject is not None:
        yield "about", " ".join(each for each in (subject.name, subject.version) if each)
        yield from (("", str(each)) for each in sbom.subject_digests[:_SHOWN])
    yield "made by", _listed(sbom.tools)
    yield "made", "" if sbom.created is None else str(sbom.created)
    listed = counted(len(sbom.components), "component")
    nested = len(sbom.components) - sbom.top_level
    yield "lists", f"{listed}, {nested} of them nested" if nested else listed
    parts = [
        counted(sbom.relationships, "relationship"),
        *([counted(sbom.files, "file")] if sbom.files else []),
        *(
            [counted(sbom.vulnerabilities, "vulnerability", "vulnerabilities")]
            if sbom.vulnerabilities
            else []
        ),
    ]
    yield "and", ", ".join(parts)
    if sbom.defects:
        yield "defects", _some(sbom.defects)


def _of_scan(scan: ScanReport) -> Iterator[_Row]:
    yield "scanned by", _listed(scan.scanners)
    yield "made", "" if scan.created is None else str(scan.created)
    names = [*scan.target_names[:_SHOWN], *(str(each) for each in scan.targets[:_SHOWN])]
    yield "scanned", _listed(names)
    standing = Counter(each.severity for each in scan.open_findings())
    told_apart = [
        f"{standing[level]} {level.value}" for level in reversed(Severity) if standing[level]
    ]
    yield "open findings", ", ".join(told_apart) or "none"
    settled = Counter(each.state.value for each in scan.findings if each.state.value != "open")
    if settled:
        yield "settled", ", ".join(f"{count} {word}" for word, count in sorted(settled.items()))
    if scan.incomplete:
        yield "incomplete", _some(scan.incomplete)


def _of_tests(tests: TestReport) -> Iterator[_Row]:
    yield "made by", _listed(tests.tools)
    yield "made", "" if tests.started is None else str(tests.started)
    counts = f"{tests.passed} passed, {tests.failed} failed, {tests.errors} broken"
    yield "tests", f"{tests.total}: {counts}, {tests.skipped} skipped"
    if tests.failed_names:
        yield "failed", _some(tests.failed_names)
    if tests.flaky:
        yield "flaky", str(tests.flaky)
    if tests.incomplete:
        yield "incomplete", _some(tests.incomplete)
    if tests.inconsistent:
        yield "inconsistent", "the totals it claims are not those of its test cases"


def _of_coverage(coverage: CoverageReport) -> Iterator[_Row]:
    yield "made by", _listed(coverage.tools)
    yield "files", str(coverage.files)
    yield "lines", _covered(coverage.lines)
    yield "branches", _covered(coverage.branches)
    if coverage.inconsistent:
        yield "inconsistent", "the rates it claims are not those of its lines"


def _of_quality(quality: QualityReport) -> Iterator[_Row]:
    yield "project", " ".join(each for each in (quality.project, quality.branch) if each)
    yield "made", "" if quality.analysed is None else str(quality.analysed)
    if quality.gate is not None:
        yield "gate", f"{quality.gate.value} {quality.gate_name or ''}".strip()
    if quality.score is not None:
        yield "score", f"{quality.score:g}"
    if quality.issues:
        levels = quality.by_severity().items()
        yield "issues", ", ".join(f"{count} {word}" for word, count in levels)
    if quality.incomplete:
        yield "incomplete", _some(quality.incomplete)


def _of_vex(vex: VexDocument) -> Iterator[_Row]:
    yield "version", vex.spec_version
    yield "id", vex.id or ""
    yield "author", vex.author or ""
    yield "made", "" if vex.time is None else str(vex.time)
    statuses = Counter(each.status.value for each in vex.statements)
    listed = ", ".join(f"{count} {word}" for word, count in sorted(statuses.items()))
    yield "statements", f"{len(vex.statements)}: {listed}" if listed else "none"


def _noted(content: Any) -> Iterable[str]:
    return (*getattr(content, "notes", ()), *getattr(content, "defects", ()))


def _covered(found: Covered | None) -> str:
    if found is None or found.rate is None:
        return "none counted"
    return f"{float(found.rate):.1%} ({found.covered} of {found.total})"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts)


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _plain(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value) or "none"
    if value is None or isinstance(value, bool):
        return {None: "-", True: "yes", False: "no"}[value]
    return str(value)
