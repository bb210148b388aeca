"""Take advisories into the book, and say what they mean for what is in it."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gatebook.digest import Digest
from gatebook.facts.facts import EvidenceFact
from gatebook.facts.opened import fetch, match_report_from
from gatebook.facts.read import FactReader
from gatebook.formats.intoto import PredicateKind, predicate_kind
from gatebook.formats.sbom.components import Sbom
from gatebook.index.query import Query
from gatebook.intake.book import Desk
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import BlobReference, Draft
from gatebook.ledger.kinds import AdvisoriesImported, AdvisoriesMatched
from gatebook.names import Actor
from gatebook.vulnerabilities.match_report import MATCH_REPORT_TYPE, MatchReport
from gatebook.vulnerabilities.snapshot import SNAPSHOT_TYPE, AdvisorySnapshot

if TYPE_CHECKING:
    from gatebook.vulnerabilities.match import Matcher

__all__ = [
    "ADVISORY_SOURCE_TYPE",
    "match_sboms",
    "read_snapshot",
    "record_advisories",
    "unmatched_sboms",
]

ADVISORY_SOURCE_TYPE: Final = "application/vnd.gatebook.advisory-source"
"""Media type of the documents a snapshot was made of; what they are is told by their content."""


_MAY_HOLD_SBOMS: Final = frozenset(
    {PredicateKind.SBOM, PredicateKind.REPORT, PredicateKind.COSIGN_CUSTOM, None}
)


def record_advisories(
    desk: Desk, snapshot: AdvisorySnapshot, sources: Sequence[BlobReference], *, by: Actor
) -> Appended:
    """Append ``advisories.imported``; the source documents are stored by then.

    Raises:
        EntryTooLargeError: more sources than one entry can name.

    """
    manifest = desk.keep(snapshot.encode(), SNAPSHOT_TYPE)
    (appended,) = desk.append(
        Draft(
            actor=by,
            body=AdvisoriesImported(
                snapshot=snapshot.digest, records=snapshot.records, known=snapshot.known
            ),
            evidence=(manifest, *sources),
        )
    )
    return appended


def read_snapshot(desk: Desk) -> AdvisorySnapshot | None:
    """Return the manifest of the snapshot imported last; ``None`` when none was.

    Raises:
        BlobMissingError: the manifest is not stored any more.
        VerificationError: it was changed.
        SnapshotError: it is no manifest.

    """
    desk.catch_up()
    row = Query(desk.index).advisories()
    if row is None:
        return None
    return AdvisorySnapshot.parse(fetch(desk.blobs, Digest.parse(row.snapshot)))


def unmatched_sboms(desk: Desk, subject: Digest) -> tuple[EvidenceFact, ...]:
    """Return the evidence with SBOMs of an artifact that the newest snapshot has no report about.

    Evidence that is no longer believed or cannot be read is passed over: no judgement counts it.

    Raises:
        GatebookError: an entry or the trust root cannot be read.

    """
    desk.catch_up()
    query = Query(desk.index)
    newest = query.advisories()
    if newest is None:
        return ()
    done = {row.sbom for row in query.matches(subject) if row.snapshot == newest.snapshot}
    chosen = {
        row.at
        for row in query.evidence(subject)
        if row.outcome != "refused"
        and row.document not in done
        and predicate_kind(row.predicate_type) in _MAY_HOLD_SBOMS
    }
    if not chosen:
        return ()
    # What a judgement of evidence depends on besides: the repository, and who is believed.
    chosen.update(row.at for row in query.artifacts(subject))
    root = query.trust_root()
    chosen.update(() if root is None else (root.at,))
    reader = FactReader(
        origin=desk.ledger.origin, entry_bytes=desk.ledger.entry_bytes, blobs=desk.blobs
    )
    found = {
        fact.document: fact
        for fact in reader.read_evidence(sorted(chosen), subject)
        if isinstance(fact.content, Sbom) and fact.problem is None
    }
    return tuple(found.values())


def match_sboms(
    desk: Desk, subject: Digest, matcher: "Callable[[], Matcher]", *, by: Actor
) -> Sequence[Appended]:
    """Look up the components of an artifact's SBOMs, and append ``advisories.matched`` for each.

    SBOMs that the newest snapshot has a report about are passed over.

    Args:
        desk: where it is recorded.
        subject: the artifact.
        matcher: gives who looks up in the newest snapshot; not asked when nothing is to be done.
        by: who asks.

    Raises:
        GatebookError: an entry, the trust root or an earlier report cannot be read: then nobody
            could say since when a finding is known.

    """
    waiting = unmatched_sboms(desk, subject)
    if not waiting:
        return ()
    snapshot = read_snapshot(desk)
    if snapshot is None:
        return ()
    from gatebook.vulnerabilities.component_identity import (  # noqa: PLC0415  # start-up
        identify_components,
    )
    from gatebook.vulnerabilities.reporting import make_report  # noqa: PLC0415  # start-up

    looking = matcher()
    earlier = tuple(_newest_reports(desk, subject))
    drafts: list[Draft] = []
    for fact in waiting:
        components = identify_components(fact.content) if isinstance(fact.content, Sbom) else []
        report = make_report(
            looking.match(components),
            subject=subject,
            sbom=fact.document,
            snapshot=snapshot,
            at=desk.clock.now(),
            earlier=earlier,
        )
        reference = desk.keep(report.encode(), MATCH_REPORT_TYPE)
        drafts.append(_draft(report, reference, subject, by))
    return desk.append(*drafts)


def _newest_reports(desk: Desk, subject: Digest) -> Iterator[MatchReport]:
    newest = {row.sbom: row.document for row in Query(desk.index).matches(subject)}
    for document in newest.values():
        yield match_report_from(fetch(desk.blobs, Digest.parse(document)))


def _draft(report: MatchReport, reference: BlobReference, subject: Digest, by: Actor) -> Draft:
    return Draft(
        actor=by,
        subjects=(subject,),
        body=AdvisoriesMatched(
            snapshot=Digest.parse(report.snapshot),
            sbom=Digest.parse(report.sbom),
            components=report.components,
            findings=len(report.findings),
            unevaluated=len(report.unevaluated),
        ),
        evidence=(reference,),
    )
