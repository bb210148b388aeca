"""What the ``advisories`` commands share: opening a store, reading what to match, printing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import msgspec

from gatebook.canonical import loads
from gatebook.cli.options import open_book, read_file
from gatebook.cli.output import (
    heading,
    note,
    print_json,
    progress,
    style,
    table,
    told,
    wrapped,
)
from gatebook.cli.plain import counted, visible
from gatebook.clock import Instant, SystemClock
from gatebook.errors import NotFoundError
from gatebook.stores.advisory_import import ImportedAdvisories, load_advisories
from gatebook.stores.advisory_store import AdvisoryStore, is_advisory_store
from gatebook.vulnerabilities.advisory import affected_packages
from gatebook.vulnerabilities.assessment import assess
from gatebook.vulnerabilities.findings import Finding, Matched
from gatebook.vulnerabilities.package_identity import Identified, Unidentified, identify_purl
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot, SourceKind
from gatebook.workspace.layout import Layout

__all__ = [
    "DEFAULT_STORE",
    "Targets",
    "has_book",
    "known_advisories",
    "matched_status",
    "open_advisories",
    "print_advisory",
    "print_imported",
    "print_matched",
    "print_status",
    "read_targets",
]

DEFAULT_STORE = "advisories.gatebook"
"""The file of advisories where there is no book."""

_FINDINGS = 7
_UNDECIDED = 4
_HEAD = 100
_REFERENCES = 5
_NAMES = 10
_MILLISECONDS_PER_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to be matched.

    Attributes:
        components: package URLs as given, then the components of SBOMs.
        sboms: how many components each SBOM file has.

    """

    components: list[Identified | Unidentified] = field(default_factory=list)
    sboms: dict[str, int] = field(default_factory=dict)


def has_book(ctx: click.Context, ledger: Path) -> bool:
    """Whether advisories are those of a book: it is there, or it was named on the command line."""
    from click.core import ParameterSource

    named = ctx.get_parameter_source("ledger") is ParameterSource.COMMANDLINE
    return named or Layout(directory=ledger).book.exists()


@contextmanager
def known_advisories(
    ctx: click.Context,
    advisories: Path | None,
    ledger: Path,
    actor: str | None,
    *,
    skip_malformed: bool = False,
) -> Iterator[AdvisoryStore]:
    """Open the advisories that an option names, else those of the book, else the usual file."""
    if advisories is None and has_book(ctx, ledger):
        with open_book(ledger, actor) as book:
            yield book.advisories()
        return
    path = advisories or Path(DEFAULT_STORE)
    with open_advisories(path, skip_malformed=skip_malformed) as store:
        yield store


@contextmanager
def open_advisories(path: Path, *, skip_malformed: bool = False) -> Iterator[AdvisoryStore]:
    """Open a store, or read files with advisories into memory."""
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(_HEAD)
    else:
        start = b""
    if is_advisory_store(start) or not path.exists():
        store = AdvisoryStore(path)
    else:
        with progress("reading") as shown:
            store, made = load_advisories(
                [path], now=SystemClock().now(), skip_malformed=skip_malformed, progress=shown
            )
        _tell_malformed(made)
    with store:
        yield store


def read_targets(arguments: Sequence[str]) -> Targets:
    """Read package URLs and SBOM files; ``-`` is an SBOM on standard input."""
    targets = Targets()
    for argument in arguments:
        if argument.lower().startswith("pkg:"):
            targets.components.append(identify_purl(argument))
            continue
        found = _components(Path(argument))
        targets.sboms[argument] = len(found)
        targets.components.extend(found)
    return targets


def _components(path: Path) -> list[Identified | Unidentified]:
    # Here, because package URLs alone need none of it.
    from gatebook.formats.sbom.read import read_sbom
    from gatebook.vulnerabilities.component_identity import identify_components

    return identify_components(read_sbom(read_file(path)))


def matched_status(matched: Matched) -> int:
    """The exit status: findings come before doubt, and doubt before a clean answer."""
    if matched.findings:
        return _FINDINGS
    # An SBOM in which nothing was looked up says nothing.
    return _UNDECIDED if matched.unjudged or not matched.components else 0


def print_matched(
    matched: Matched, targets: Targets, index: AdvisoryStore, *, as_json: bool, explain: bool
) -> None:
    """Print what matched, what could not be judged and, if asked for, what did not match."""
    if as_json:
        _print_matched_json(matched, targets, index.snapshot, explain=explain)
        return
    for finding in matched.findings:
        _print_finding(finding)
    for doubt in matched.unjudged:
        _marked("?", "warn", doubt.purl or doubt.component)
        told(wrapped("", f"{doubt.reason}  [{doubt.code}]"))
    for miss in matched.near_misses:
        _marked("-", "dim", miss.purl)
        told(wrapped("", f"{miss.advisory} does not match: {miss.reason}  [{miss.code}]"))
    told(
        f"{counted(matched.components, 'component')}: "
        f"{counted(len(matched.findings), 'vulnerability', 'vulnerabilities')}, "
        f"{len({each.purl or each.component for each in matched.unjudged}):,} not judged"
    )
    click.echo(style(f"  advisories {index.snapshot.digest.short}", "dim"))


def _marked(mark: str, kind: str, text: str) -> None:
    click.echo(f"{style(mark, kind)} {visible(text)}")


def _print_finding(finding: Finding) -> None:
    about = finding.assessment
    worst = [
        f"{each.severity}{f' {each.score}' if each.score else ''} ({each.source})"
        for each in about.severities[:1]
    ]
    if about.malicious:
        worst.append("malware")
    if about.known_exploited is not None:
        worst.append(f"exploited, listed {about.known_exploited}")
    if about.epss is not None:
        worst.append(f"EPSS {about.epss}")
    _marked("!", "bad", finding.purl)
    told(wrapped("", f"{finding.id}  {', '.join(worst)}".rstrip()))
    others = [each for each in about.aliases if each != finding.id]
    if others:
        told(wrapped("also ", ", ".join(others), indent=6))
    told(wrapped("", finding.explanation, indent=6))
    if finding.assumed_source:
        told(wrapped("", "its own name was taken for its source package's", indent=6))


def _print_matched_json(
    matched: Matched, targets: Targets, snapshot: AdvisorySnapshot, *, explain: bool
) -> None:
    ids: dict[str, list[str]] = {each.purl: [] for each in targets.components if each.purl}
    for finding in matched.findings:
        ids[finding.purl] = sorted({*ids[finding.purl], *finding.advisories})
    fields: dict[str, Any] = {
        "snapshot": _snapshot_fields(snapshot),
        "components": matched.components,
        "matches": ids,
        "findings": [_finding_fields(each) for each in matched.findings],
        "not_evaluable": [
            {
                "purl": each.purl or None,
                "component": each.component,
                "code": each.code,
                "reason": each.reason,
                "advisories": list(each.advisories),
            }
            for each in matched.unjudged
        ],
    }
    if explain:
        fields["near_misses"] = [each._asdict() for each in matched.near_misses]
    print_json("gatebook/advisory-matches/v1", **fields)


def _finding_fields(finding: Finding) -> dict[str, Any]:
    about = finding.assessment
    return {
        "id": finding.id,
        "purl": finding.purl,
        "component": finding.component,
        "version": finding.version,
        "advisories": list(finding.advisories),
        "aliases": list(about.aliases),
        "upstream": list(about.upstream),
        "affected": finding.affected,
        "fixed": list(finding.fixed),
        "severities": [msgspec.to_builtins(each) for each in about.severities],
        "known_exploited": about.known_exploited,
        "exploited_due": about.exploited_due,
        "epss": about.epss,
        "epss_percentile": about.epss_percentile,
        "malicious": about.malicious,
        "summary": about.summary,
        "published": about.published,
        "modified": about.modified,
        "source_assumed": finding.assumed_source,
        "explanation": finding.explanation,
    }


def _snapshot_fields(snapshot: AdvisorySnapshot) -> dict[str, Any]:
    return {
        "digest": str(snapshot.digest),
        "imported": snapshot.imported,
        "known": None if snapshot.known is None else str(snapshot.known),
        "records": snapshot.records,
        "withdrawn": snapshot.withdrawn,
        "skipped": snapshot.skipped,
        "oversized_alias_sets": snapshot.oversized,
    }


def print_imported(
    made: ImportedAdvisories, into: Path, *, entry: int | None = None, as_json: bool
) -> None:
    """Print what an import made."""
    _tell_malformed(made)
    snapshot = made.snapshot
    if as_json:
        print_json(
            "gatebook/advisories-imported/v1",
            file=str(into),
            entry=entry,
            snapshot=_snapshot_fields(snapshot),
            sources=[msgspec.to_builtins(each) for each in snapshot.sources],
            passed_over=made.passed_over,
            malformed=list(made.malformed),
        )
        return
    told(
        f"imported {counted(snapshot.records, 'advisory', 'advisories')} from "
        f"{counted(len(snapshot.sources), 'source')} into {into}"
    )
    where = "" if entry is None else f", entry {entry}"
    click.echo(style(f"  snapshot {snapshot.digest}{where}", "dim"))
    if made.passed_over:
        note(f"passed over {counted(made.passed_over, 'file')} with something else")


def _tell_malformed(made: ImportedAdvisories) -> None:
    if made.snapshot.skipped:
        note(f"left out {counted(made.snapshot.skipped, 'malformed record')}:")
        for each in made.malformed:
            note(f"  {each}")


def print_status(index: AdvisoryStore, now: Instant, *, as_json: bool) -> None:
    """Print what a snapshot holds and how old it is."""
    snapshot = index.snapshot
    ecosystems = {name: count for name, count in index.ecosystems().items() if "|" not in name}
    known = snapshot.known
    if as_json:
        print_json(
            "gatebook/advisory-status/v1",
            snapshot=_snapshot_fields(snapshot),
            age_days=None if known is None else _days(now, known),
            sources=[msgspec.to_builtins(each) for each in snapshot.sources],
            ecosystems=ecosystems,
        )
        return
    heading(str(snapshot.digest))
    told(f"imported {snapshot.imported}")
    if known is not None:
        told(f"newest advisory {known}, {counted(_days(now, known), 'day')} ago")
    told(
        f"{counted(snapshot.records, 'advisory', 'advisories')}, {snapshot.withdrawn:,} withdrawn, "
        f"{snapshot.skipped:,} left out"
    )
    for kind in SourceKind:
        for each in snapshot.of_kind(kind):
            told(
                f"  {kind.value}  {each.entries:,}  {each.revision or each.modified or ''}  "
                f"{each.digest[:19]}  {', '.join(each.ecosystems)}".rstrip()
            )
    if ecosystems:
        table(
            ("ECOSYSTEM", "ADVISORIES"),
            [(name, f"{count:,}") for name, count in sorted(ecosystems.items())],
        )


def _days(now: Instant, before: Instant) -> int:
    return max(0, (now - before).milliseconds // _MILLISECONDS_PER_DAY)


def print_advisory(index: AdvisoryStore, identifier: str, *, as_json: bool) -> None:
    """Print the records of one vulnerability, by any of its identifiers."""
    cluster = index.cluster(identifier)
    numbers = index.numbers(cluster)
    if not numbers:
        downstream = index.downstream(identifier)
        names = [each.id for each in index.records(downstream[:_NAMES]).values()]
        raise NotFoundError(
            f"no advisory is called {identifier}",
            code="cli.no-advisory",
            hint=f"these derive from it: {', '.join(sorted(names))}" if names else None,
        )
    records = [index.records([numbers[each]])[numbers[each]] for each in sorted(numbers)]
    standing = next((each for each in records if each.withdrawn is None), records[0])
    about = assess(standing, index)
    if as_json:
        print_json(
            "gatebook/advisory/v1",
            id=cluster[0],
            aliases=list(about.aliases),
            upstream=list(about.upstream),
            severities=[msgspec.to_builtins(each) for each in about.severities],
            known_exploited=about.known_exploited,
            exploited_due=about.exploited_due,
            epss=about.epss,
            epss_percentile=about.epss_percentile,
            records=[loads(index.record_bytes(each.id) or b"null") for each in records],
        )
        return
    heading(cluster[0])
    if about.aliases:
        told(wrapped("also ", ", ".join(about.aliases), indent=2))
    if about.upstream:
        told(wrapped("from ", ", ".join(about.upstream), indent=2))
    for each in about.severities:
        score = f" {each.score}" if each.score else ""
        told(f"  {each.severity}{score} ({each.source}) {each.vector or ''}".rstrip())
    if about.known_exploited is not None:
        told(f"  exploited: listed {about.known_exploited}, due {about.exploited_due or 'never'}")
    if about.epss is not None:
        told(f"  EPSS {about.epss}, percentile {about.epss_percentile}")
    for record in records:
        gone = f", withdrawn {record.withdrawn}" if record.withdrawn is not None else ""
        click.echo()
        heading(record.id)
        told(wrapped("", record.summary or "no summary", indent=2))
        told(f"  published {record.published or 'never'}, modified {record.modified}{gone}")
        for package in affected_packages(record):
            told(wrapped(f"{package.ecosystem} {package.name} ", package.ranges, indent=2))
        for reference in (record.references or ())[:_REFERENCES]:
            told(f"  {reference.type.lower()}  {reference.url}")
