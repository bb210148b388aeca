"""What the index knows of advisories, evidence types and decisions that lapsed."""

import pytest

from gatebook.clock import FixedClock, Instant
from gatebook.digest import sha256
from gatebook.index.project import follow
from gatebook.index.query import Query
from gatebook.ledger.entry import BlobReference, Draft, Link, Relation, decode_entry, encode_entry
from gatebook.ledger.kinds import (
    AdvisoriesImported,
    AdvisoriesMatched,
    DecisionLapsed,
    EvidenceEvaluated,
    EvidenceTypePublished,
)
from gatebook.ledger.ledger import Ledger
from gatebook.names import Actor, ControlId, EnvironmentName
from gatebook.stores.memory import MemoryCheckpoint, MemoryLedger
from gatebook.stores.memory_index import MemoryIndex
from gatebook.stores.sqlite_index import SqliteIndex
from gatebook.tlog.keys import SignerKey

START = Instant.parse("2026-11-20T14:30:00Z")
ANA = Actor("local", "ana")
API, WEB = sha256(b"api"), sha256(b"web")
PROD, STAGING = EnvironmentName("prod"), EnvironmentName("staging")
FIRST, SECOND = sha256(b"snapshot 1"), sha256(b"snapshot 2")
SBOM, OTHER = sha256(b"sbom"), sha256(b"other sbom")
REPORT = sha256(b"report")
DECISION = "01a1f9ee-9348-7a7a-9852-bcb5185d07eb"


@pytest.fixture(params=["memory", "sqlite"])
def index(request, tmp_path):
    if request.param == "memory":
        yield MemoryIndex()
        return
    opened = SqliteIndex(tmp_path / "index.db")
    yield opened
    opened.close()


@pytest.fixture
def told(index):
    """Append what is said, fold it in, and ask."""
    signer = SignerKey.from_seed("log.example/index", b"i" * 32)
    ledger = Ledger(
        MemoryLedger(), memory=MemoryCheckpoint(), signer=signer, clock=FixedClock(START)
    )

    def told(*drafts):
        ledger.append(*drafts)
        follow(index, ledger.entries(index.applied()))
        return Query(index)

    return told


def say(body, *subjects, **more):
    return Draft(actor=ANA, body=body, subjects=subjects, **more)


def imported(snapshot):
    return say(AdvisoriesImported(snapshot=snapshot, records=7, known=START))


def matched(snapshot, sbom=SBOM, subject=API):
    body = AdvisoriesMatched(snapshot=snapshot, sbom=sbom, components=3, findings=1, unevaluated=0)
    reference = BlobReference(digest=REPORT, size=6, media_type="x/y")
    return say(body, subject, evidence=(reference,))


def test_the_snapshot_imported_last_is_the_one(told):
    query = told(imported(FIRST), imported(SECOND))
    assert query.advisories() == (1, str(SECOND))
    assert told(imported(FIRST)).advisories() == (2, str(FIRST))


def test_without_advisories_there_is_none(told):
    assert told(matched(FIRST)).advisories() is None


def test_matches_are_of_one_artifact_and_in_order(told):
    query = told(matched(FIRST), matched(FIRST, subject=WEB), matched(SECOND, OTHER))
    assert [tuple(row) for row in query.matches(API)] == [
        (0, str(API), str(SBOM), str(FIRST), str(REPORT)),
        (2, str(API), str(OTHER), str(SECOND), str(REPORT)),
    ]
    assert len(query.matches(WEB)) == 1


def test_a_match_without_a_document_names_none(told):
    body = AdvisoriesMatched(snapshot=FIRST, sbom=SBOM, components=0, findings=0, unevaluated=0)
    (row,) = told(say(body, API)).matches(API)
    assert row.document == ""


def test_the_definition_published_last_is_in_force(told):
    query = told(
        say(EvidenceTypePublished(name="person", definition=FIRST)),
        say(EvidenceTypePublished(name="animal", definition=FIRST)),
        say(EvidenceTypePublished(name="person", definition=SECOND)),
    )
    assert query.evidence_type("person").definition == str(SECOND)
    assert query.evidence_type("plant") is None
    assert [row.name for row in query.evidence_types()] == ["person", "animal", "person"]


def test_what_lapsed_is_told_by_environment(told):
    def lapsed(environment, *links):
        body = DecisionLapsed(environment=environment, code="gate.controls-not-satisfied")
        return say(body, API, links=links)

    link = Link(rel=Relation.LAPSES, entry=DECISION)
    query = told(lapsed(PROD, link), lapsed(STAGING))
    (row,) = query.lapses(API, PROD)
    assert (row.decision, row.code) == (DECISION, "gate.controls-not-satisfied")
    (row,) = query.lapses(API, STAGING)
    assert row.decision == ""
    assert query.lapses(WEB, PROD) == ()


BODIES = (
    AdvisoriesImported(snapshot=FIRST, records=7, known=START),
    AdvisoriesImported(snapshot=FIRST, records=0),
    AdvisoriesMatched(snapshot=FIRST, sbom=SBOM, components=3, findings=1, unevaluated=0),
    EvidenceTypePublished(name="person", definition=FIRST),
    EvidenceEvaluated(name="person", definition=FIRST, document=SBOM, compliant=False),
    DecisionLapsed(
        environment=PROD, code="x", failed=(ControlId.parse("vulnerabilities"),), snapshot=FIRST
    ),
)


@pytest.mark.parametrize("body", BODIES)
def test_what_is_said_of_evidence_is_read_as_it_was_written(told, index, body):
    told(say(body, API))
    signer = SignerKey.from_seed("log.example/again", b"i" * 32)
    ledger = Ledger(
        MemoryLedger(), memory=MemoryCheckpoint(), signer=signer, clock=FixedClock(START)
    )
    ledger.append(say(body, API))
    data = ledger.entry_bytes(0)
    entry = decode_entry(data)
    assert entry.body == body
    assert encode_entry(entry) == data
    assert list(Query(index).entries_about(API)) == [0]
