"""Drift as a picture: one timeline for each artifact, and the same data as a table, in one SVG.

The picture holds no script and loads nothing. Marks differ in shape and in word, not by colour
alone; colours follow the reader's preference for light or dark.
"""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from gatebook.clock import Instant
from gatebook.formats.scan.report import Severity
from gatebook.vulnerabilities.drift import DriftFinding, Standing
from gatebook.workspace.drift import Drift, DriftReport

__all__ = ["COLUMNS", "draw_drift", "drift_rows"]

COLUMNS: Final = (
    *("artifact", "finding", "severity", "component", "became known", "window"),
    *("fixed in", "KEV", "standing"),
)

_WIDTH: Final = 1240
_LEFT: Final = 40
_RIGHT: Final = 1200
_LINE: Final = 18
_TIMELINE: Final = 130
_LANES: Final = 5
_PLACES: Final = (40, 190, 350, 450, 640, 760, 890, 990, 1070)
_LETTERS: Final = (20, 20, 12, 26, 13, 16, 12, 10, 24)
_LEGEND: Final = (
    "diamond: critical, triangle: high, square: medium, circle: lower or unknown; pale: let through"
)
_STYLE: Final = """
:root{color-scheme:light dark}
svg{--ink:#1b1f24;--soft:#57606a;--paper:#fff;--line:#d0d7de;--critical:#a40e26;--high:#bc4c00;
--medium:#7d4e00;--low:#0550ae}
@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--soft:#9da7b1;--paper:#0d1117;--line:#3d444d;
--critical:#ffa198;--high:#ffa657;--medium:#e3b341;--low:#79c0ff}}
.paper{fill:var(--paper)}
text{fill:var(--ink);font:12px system-ui,sans-serif}
.name{font-size:15px;font-weight:700}
.head{font-weight:700}
.soft{fill:var(--soft)}
line{stroke:var(--line)}
.mark{stroke:var(--ink);stroke-width:2}
.critical{fill:var(--critical)}
.high{fill:var(--high)}
.medium{fill:var(--medium)}
.low{fill:var(--low)}
.other{fill:var(--soft)}
"""
_LOW: Final = frozenset({Severity.LOW, Severity.NEGLIGIBLE, Severity.NONE})


def drift_rows(drift: Drift) -> list[tuple[str, ...]]:
    """Write the findings of one artifact as rows of :data:`COLUMNS`."""
    use = drift.use
    name = f"{use.name or use.digest.short} ({use.environment})"
    return [(name, *_cells(found)) for found in drift.findings]


def _cells(found: DriftFinding) -> tuple[str, ...]:
    known, judgement = found.known, found.judgement
    score = "" if judgement.score is None else f" {judgement.score}"
    until = "" if judgement.until is None else f" to {_day(judgement.until)}"
    return (
        known.id,
        f"{judgement.severity}{score}",
        f"{known.component} {known.version or ''}".strip(),
        _day(found.became_known),
        found.window.value,
        ", ".join(known.fixed[:2]) + ("…" if len(known.fixed) > 2 else "")  # noqa: PLR2004  # two fit
        or "no fix",
        known.known_exploited or ("malware" if known.malicious else ""),
        f"{found.standing}{until}",
    )


def draw_drift(report: DriftReport) -> bytes:
    """Draw the picture; the bytes of an SVG document."""
    body: list[str] = []
    top = 72
    for drift in report.drifts:
        drawn = list(_artifact(drift, top))
        body.extend(drawn)
        top += _TIMELINE + (len(drift.findings) + 3) * _LINE
    if not report.drifts:
        body.append(_text(_LEFT, top, "nothing runs or may be deployed", "soft"))
        top += _LINE
    height = top + 24
    count = sum(len(each.findings) for each in report.drifts)
    since = "" if report.since is None else f" since {report.since}"
    title = f"Drift{since} as of {report.at}"
    told = (
        f"{count} findings in {len(report.drifts)} artifacts in use. For each artifact a timeline "
        "with its build, gate and deployment, and below it the same findings as a table."
    )
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<svg xmlns="http://www.w3.org/2000/svg" role="group" aria-labelledby="title desc"',
        f'  viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">',
        f'<title id="title">{_safe(title)}</title>',
        f'<desc id="desc">{_safe(told)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
        _text(_LEFT, 30, title, "name"),
        _text(_LEFT, 46, _LEGEND, "soft"),
        *body,
        "</svg>",
    ]
    return ("\n".join(parts) + "\n").encode("utf-8")


def _artifact(drift: Drift, top: int) -> Iterator[str]:
    use = drift.use
    name = f"{use.name or use.digest.short} in {use.environment}, {use.scope}"
    yield f"<g><title>{_safe(name)}</title>"
    yield _text(_LEFT, top + 14, name, "name")
    yield _text(_LEFT, top + 30, f"{use.digest}", "soft")
    yield from _timeline(drift, top + 40)
    yield from _table(drift, top + _TIMELINE + _LINE)
    yield "</g>"


def _timeline(drift: Drift, top: int) -> Iterator[str]:
    marks = drift.marks
    named = [
        ("built", marks.built),
        ("gate", marks.gated),
        ("deployed", marks.deployed),
        ("now", marks.now),
    ]
    instants = [each for _, each in named if each is not None]
    instants += [found.became_known for found in drift.findings]
    scale = _Scale(min(instants), max(instants))
    axis = top + 62
    told = f"timeline with {len(drift.findings)} findings, which the table below lists"
    yield f'<g role="img" aria-label="{_safe(told)}">'
    yield f'<line x1="{_LEFT}" y1="{axis}" x2="{_RIGHT}" y2="{axis}"/>'
    placed: list[int] = []
    for label, instant in named:
        if instant is None:
            continue
        x = scale.place(instant)
        # Marks that stand close together get their words one below the other.
        below = sum(abs(x - other) < 110 for other in placed)  # noqa: PLR2004  # a label's width
        placed.append(x)
        yield (
            f'<line class="mark" x1="{x}" y1="{axis - 44}" x2="{x}" y2="{axis + 6}">'
            f"<title>{_safe(f'{label} {instant}')}</title></line>"
        )
        anchor = "end" if x > _RIGHT - 100 else "start"
        yield _text(x, axis + 18 + 11 * below, f"{label} {_day(instant)}", "soft", anchor=anchor)
    for number, found in enumerate(drift.findings):
        x = scale.place(found.became_known)
        y = axis - 6 - 8 * (number % _LANES)
        yield _shape(found, x, y)
    yield "</g>"


def _table(drift: Drift, top: int) -> Iterator[str]:
    yield '<g role="table">'
    yield _row(COLUMNS, top, "columnheader", "head")
    for number, row in enumerate(drift_rows(drift), 1):
        yield _row(row, top + number * _LINE, "cell", "")
    if not drift.findings:
        nothing = "nothing became known" if drift.sboms else "no SBOM was matched with advisories"
        yield _text(_LEFT, top + _LINE, nothing, "soft")
    yield "</g>"


def _row(cells: Iterable[str], y: int, role: str, style: str) -> str:
    texts = "".join(
        f'<text x="{x}" y="{y}" class="{style}" role="{role}">{_safe(_cut(cell, letters))}'
        f"<title>{_safe(cell)}</title></text>"
        for cell, x, letters in zip(cells, _PLACES, _LETTERS, strict=True)
    )
    return f'<g role="row">{texts}</g>'


def _shape(found: DriftFinding, x: int, y: int) -> str:
    severity = found.judgement.severity
    told = f"<title>{_safe(', '.join(_cells(found)))}</title>"
    hollow = "" if found.standing in {Standing.FAILS, Standing.NOT_JUDGED} else ' opacity="0.55"'
    match severity:
        case Severity.CRITICAL:
            points = f"{x},{y - 5} {x + 5},{y} {x},{y + 5} {x - 5},{y}"
            return f'<polygon class="critical" points="{points}"{hollow}>{told}</polygon>'
        case Severity.HIGH:
            points = f"{x},{y - 4} {x + 4},{y + 4} {x - 4},{y + 4}"
            return f'<polygon class="high" points="{points}"{hollow}>{told}</polygon>'
        case Severity.MEDIUM:
            at = f'x="{x - 3}" y="{y - 3}" width="6" height="6"'
            return f'<rect class="medium" {at}{hollow}>{told}</rect>'
        case _:
            style = "low" if severity in _LOW else "other"
            return f'<circle class="{style}" cx="{x}" cy="{y}" r="3"{hollow}>{told}</circle>'


class _Scale:
    """From instants to places on the line."""

    def __init__(self, first: Instant, last: Instant) -> None:
        self._first = first.unix_ms
        self._length = max(1, last.unix_ms - first.unix_ms)

    def place(self, instant: Instant) -> int:
        return _LEFT + (instant.unix_ms - self._first) * (_RIGHT - _LEFT) // self._length


def _text(x: int, y: int, text: str, style: str, *, anchor: str = "start") -> str:
    place = f'x="{x}" y="{y}" class="{style}" text-anchor="{anchor}"'
    return f"<text {place}>{_safe(text)}</text>"


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _day(instant: Instant) -> str:
    return str(instant)[:10]


def _safe(text: str) -> str:
    """Write text of others so that it stays text; XML 1.0 has no other control characters."""
    allowed = "".join(each if each.isprintable() else "\ufffd" for each in text)
    return escape(allowed.encode("utf-8", "replace").decode("utf-8"))
