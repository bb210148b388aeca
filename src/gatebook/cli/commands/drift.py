"""``gatebook drift``: say what became known since an artifact was built, let in and deployed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.options import actor_option, json_option, ledger_option, open_book, option

if TYPE_CHECKING:
    from gatebook.clock import Instant
    from gatebook.vulnerabilities.drift import DriftFinding
    from gatebook.workspace.drift import Drift, DriftReport

__all__ = ["command"]


@click.command()
@option("--environment", "-e", help="Only this environment; all of them if absent.")
@option(
    "--artifact",
    help="Only this artifact (sha256:…); everything that runs or may be deployed if absent.",
)
@option("--at", help="As of this time (RFC 3339); now if absent.")
@option(
    "--since",
    type=click.Choice(["build", "gate", "deployment"]),
    help="Only what became known after each artifact was built, allowed, or deployed.",
)
@option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also draw a timeline to this file.",
)
@ledger_option
@actor_option
@json_option
def command(
    *,
    environment: str | None,
    artifact: str | None,
    at: str | None,
    since: str | None,
    svg: Path | None,
    ledger: Path,
    actor: str | None,
    as_json: bool,
) -> None:
    """Say which vulnerabilities became known about what runs or may be deployed, and when.

    The findings are those of the newest advisories that each artifact was matched with; `gatebook
    recheck` matches them with the newest snapshot. Nothing is recorded.
    """
    from gatebook.cli.output import note, print_json
    from gatebook.cli.subject import resolve_digest
    from gatebook.clock import Instant
    from gatebook.vulnerabilities.drift import Since

    with open_book(ledger, actor) as book:
        report = book.drift(
            environment=environment,
            artifact=None if artifact is None else resolve_digest(artifact),
            at=None if at is None else Instant.parse(at),
            since=None if since is None else Since(since),
        )
    if svg is not None:
        from gatebook.stores.files import write_durably
        from gatebook.workspace.drift_picture import draw_drift

        write_durably(svg, draw_drift(report), mode=0o644)
        note(f"timeline written to {svg}")
    if as_json:
        print_json(
            "gatebook/drift/v1",
            at=str(report.at),
            since=None if report.since is None else report.since.value,
            artifacts=[_json(each) for each in report.drifts],
        )
        return
    _show(report)


def _json(drift: "Drift") -> dict[str, Any]:
    use, marks, lapse = drift.use, drift.marks, drift.lapses_next
    return {
        "environment": str(use.environment),
        "artifact": str(use.digest),
        "name": use.name,
        "scope": use.scope.value,
        "built": str(marks.built),
        "gated": _text(marks.gated),
        "deployed": _text(marks.deployed),
        "known": _text(drift.known),
        "sboms": drift.sboms,
        "unevaluated": drift.unevaluated,
        "total": drift.total,
        "findings": [_finding_json(each) for each in drift.findings],
        "lapses_next": None
        if lapse is None
        else {
            "at": str(lapse.at),
            "finding": None if lapse.finding is None else lapse.finding.known.id,
        },
        "problem": drift.problem,
    }


def _finding_json(found: "DriftFinding") -> dict[str, Any]:
    known, judgement = found.known, found.judgement
    return {
        "id": known.id,
        "names": list(found.names),
        "component": known.component,
        "version": known.version,
        "purl": known.purl,
        "affected": known.affected,
        "fixed": list(known.fixed),
        "severity": judgement.severity.value,
        "severity_source": judgement.source,
        "score": None if judgement.score is None else str(judgement.score),
        "known_exploited": known.known_exploited,
        "epss": known.epss,
        "malicious": known.malicious,
        "published": _text(found.published),
        "first_seen": str(found.first_seen),
        "became_known": str(found.became_known),
        "window": found.window.value,
        "standing": found.standing.value,
        "until": _text(judgement.until),
        "reasons": list(judgement.reasons),
    }


def _text(instant: "Instant | None") -> str | None:
    return None if instant is None else str(instant)


def _show(report: "DriftReport") -> None:
    from gatebook.cli.output import narrow, note, table, without
    from gatebook.cli.plain import counted
    from gatebook.workspace.drift_picture import COLUMNS, drift_rows

    rows = [row for drift in report.drifts for row in drift_rows(drift)]
    if rows:
        head: tuple[str, ...] = COLUMNS
        if narrow():  # what the others repeat: component, KEV and grace stay in the JSON
            for column in (8, 7, 3):
                head, rows = without(column, head), [without(column, row) for row in rows]
            table(head, rows, shrink=(5, 0, 1, 3, 4))
        else:
            table(head, rows, shrink=(6, 3, 0, 8, 1))
    for each in report.drifts:
        for text in _remarks(each):
            note(f"{_name(each)}: {text}")
    when = "" if report.since is None else f" since {report.since}"
    count = sum(len(each.findings) for each in report.drifts)
    note(
        f"{counted(count, 'finding')}{when} in {counted(len(report.drifts), 'artifact')} "
        f"in use at {report.at}"
    )


def _remarks(drift: "Drift") -> list[str]:
    remarks: list[str] = []
    if drift.problem is not None:
        remarks.append(f"not everything could be read: {drift.problem}")
    if not drift.sboms:
        remarks.append("no SBOM of it was matched with advisories, so nothing is known of it")
    if drift.unevaluated:
        remarks.append(f"{drift.unevaluated} of its components cannot be judged")
    lapse = drift.lapses_next
    if lapse is not None:
        what = "its allow ends" if lapse.finding is None else f"{lapse.finding.known.id} is due"
        remarks.append(f"next, {what} at {lapse.at}")
    return remarks


def _name(drift: "Drift") -> str:
    return f"{drift.use.name or drift.use.digest.short} in {drift.use.environment}"
