"""The index is a fold of the ledger: dropped, killed or late, it comes out the same."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from gatebook.clock import FixedClock, Instant
from gatebook.digest import sha256
from gatebook.index.project import IndexGapError, catch_up, follow
from gatebook.index.query import Query
from gatebook.ledger.entry import Draft, Link, Relation, encode_entry
from gatebook.ledger.kinds import (
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRevoked,
    ArtifactKind,
    ArtifactRecorded,
    BuildInformation,
    ContractPublished,
    DecisionMade,
    DeploymentFailed,
    DeploymentFinished,
    DeploymentStarted,
    EvidenceAccepted,
    EvidenceRefused,
    EvidenceReported,
    SignedBy,
    TrustRootPublished,
    Verdict,
)
from gatebook.ledger.ledger import Ledger
from gatebook.names import Actor, ArtifactName, CommitId, EnvironmentName, RoleName
from gatebook.stores.memory import MemoryCheckpoint, MemoryLedger
from gatebook.stores.memory_index import MemoryIndex
from gatebook.stores.sqlite_index import SqliteIndex
from gatebook.tlog.keys import SignerKey

PROD = EnvironmentName("prod")
ANA = Actor("local", "ana")
START = Instant.parse("2026-11-20T14:30:00Z")


def at(minute):
    return Instant(START.unix_ms + 60_000 * minute)


def artifact(number):
    return sha256(b"artifact %d" % number)


def say(body, number=1, **more):
    return Draft(actor=ANA, body=body, subjects=(artifact(number),), **more)


def deployed(number, minute, *, name="api", body=DeploymentFinished, **more):
    return say(body(environment=PROD, name=ArtifactName(name)), number, occurred=at(minute), **more)


@pytest.fixture
def ledger():
    signer = SignerKey.from_seed("log.example/index", b"i" * 32)
    return Ledger(MemoryLedger(), memory=MemoryCheckpoint(), signer=signer, clock=FixedClock(START))


@pytest.fixture(params=["memory", "sqlite"])
def index(request, tmp_path):
    if request.param == "memory":
        yield MemoryIndex()
        return
    opened = SqliteIndex(tmp_path / "index.db")
    yield opened
    opened.close()


def fill(ledger, count, seed=3):
    """A little of everything, in an order that chance decides."""
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    signed = SignedBy(key="ab" * 32, holder=ANA, person="ana@example")
    approvals = []
    for _ in range(count):
        number = chance.randrange(8)
        which = chance.randrange(12)
        build = BuildInformation(commit=CommitId("ab" * 20), ref="refs/heads/main")
        bodies = (
            ArtifactRecorded(
                name=ArtifactName("api"),
                artifact=ArtifactKind.IMAGE,
                algorithm="oci",
                build=chance.choice((None, build)),
            ),
            EvidenceAccepted(predicate_type="slsa", signers=(signed,), root=artifact(0)),
            EvidenceReported(format="junit"),
            EvidenceRefused(bytes_digest=artifact(9), code="trust.bad-signature"),
            ApprovalRefused(environment=PROD, bytes_digest=artifact(9), code="trust.unknown"),
            ContractPublished(environment=PROD, contract=artifact(7)),
            TrustRootPublished(root=artifact(6)),
            DecisionMade(environment=PROD, verdict=Verdict.ALLOW, valid_until=at(99)),
        )
        if which < len(bodies):
            ledger.append(say(bodies[which], number))
        elif which == 8:
            granted = ApprovalGranted(
                environment=PROD,
                role=RoleName("owner"),
                approver=signed,
                contract=artifact(7),
                root=artifact(6),
            )
            approvals.append(ledger.append(say(granted, number))[0].entry.id)
        elif which == 9 and approvals:
            link = Link(rel=Relation.REVOKES, entry=chance.choice(approvals))
            ledger.append(say(ApprovalRevoked(environment=PROD), number, links=(link,)))
        else:
            body = chance.choice((DeploymentStarted, DeploymentFinished, DeploymentFailed))
            name = chance.choice(("api", "web"))
            ledger.append(deployed(number, chance.randrange(200), name=name, body=body))


def test_every_store_folds_to_the_same_rows_in_pieces_or_at_once(ledger, tmp_path):
    fill(ledger, 400)
    at_once, in_pieces = MemoryIndex(), SqliteIndex(tmp_path / "index.db")
    assert follow(at_once, ledger.entries()) == 400
    for stop in (1, 7, 7, 120, 399, 400):
        assert follow(in_pieces, ledger.entries(in_pieces.applied(), stop)) == stop
    rows = list(in_pieces.dump())
    assert rows == list(at_once.dump())
    assert len(rows) > 800
    in_pieces.clear()
    assert list(in_pieces.dump()) == []
    assert follow(in_pieces, ledger.entries()) == 400
    assert list(in_pieces.dump()) == rows
    in_pieces.close()


def test_entries_that_are_folded_in_already_are_passed_over(ledger, index):
    fill(ledger, 50)
    follow(index, ledger.entries(0, 30))
    before = list(index.dump())
    assert follow(index, ledger.entries(10, 30)) == 30
    assert list(index.dump()) == before
    assert follow(index, ledger.entries()) == 50


def test_entries_left_out_are_refused(ledger, index):
    fill(ledger, 50)
    follow(index, ledger.entries(0, 10))
    before = list(index.dump())
    with pytest.raises(IndexGapError) as refused:
        follow(index, ledger.entries(11))
    assert refused.value.code == "index.gap"
    entries = [item for item in ledger.entries(10) if item[0] != 20]
    with pytest.raises(IndexGapError):
        follow(index, entries)
    assert list(index.dump()) == before
    assert index.applied() == 10


def test_an_index_of_another_or_an_older_ledger_is_made_anew(ledger, index):
    fill(ledger, 40)
    other = Ledger(
        MemoryLedger(),
        memory=MemoryCheckpoint(),
        signer=SignerKey.from_seed("log.example/other", b"o" * 32),
        clock=FixedClock(START),
    )
    fill(other, 60, seed=4)
    expected = MemoryIndex()
    follow(expected, ledger.entries())
    follow(index, other.entries())
    assert catch_up(index, ledger.entries) == 40
    assert list(index.dump()) == list(expected.dump())
    assert catch_up(index, ledger.entries) == 40
    fill(ledger, 5, seed=5)
    assert catch_up(index, ledger.entries) == 45


def test_a_damaged_or_foreign_file_is_made_anew(ledger, tmp_path):
    fill(ledger, 30)
    path = tmp_path / "index.db"
    for content in (b"", b"not a database at all" * 500, b"SQLite format 3\0" + b"\xff" * 5000):
        path.write_bytes(content)
        index = SqliteIndex(path)
        assert index.applied() == 0
        assert follow(index, ledger.entries()) == 30
        index.close()


def test_what_runs_is_known_at_each_instant_however_late_it_was_reported(ledger, index):
    # Told out of order: minute 30, 10, 20, and a failure at 25 that changed nothing.
    ledger.append(deployed(3, 30), deployed(1, 10), deployed(2, 20))
    ledger.append(deployed(9, 25, body=DeploymentFailed), deployed(8, 26, body=DeploymentStarted))
    follow(index, ledger.entries())
    query = Query(index)
    seen = {
        minute: [running.digest for running in query.running(PROD, at(minute))]
        for minute in (9, 10, 19, 20, 27, 30, 999)
    }
    one, two, three = ([artifact(number)] for number in (1, 2, 3))
    assert seen == {9: [], 10: one, 19: one, 20: two, 27: two, 30: three, 999: three}
    (running,) = query.running(PROD, at(15))
    assert (running.since, running.until, running.opened_by) == (at(10), at(20), 1)
    (running,) = query.running(PROD, at(35))
    assert running.until is None
    assert query.running(EnvironmentName("staging"), at(35)) == ()


def test_a_revoked_approval_says_which_entry_ended_it(ledger, index):
    signed = SignedBy(key="ab" * 32, holder=ANA)
    granted = ApprovalGranted(
        environment=PROD,
        role=RoleName("owner"),
        approver=signed,
        contract=artifact(7),
        root=artifact(6),
    )
    (done,) = ledger.append(say(granted))
    follow(index, ledger.entries())
    assert [row.revoked_at for row in Query(index).approvals(artifact(1), PROD)] == [None]
    link = Link(rel=Relation.REVOKES, entry=done.entry.id)
    ledger.append(say(ApprovalRevoked(environment=PROD), links=(link,)))
    ledger.append(say(ApprovalRevoked(environment=PROD), links=(link,)))
    follow(index, ledger.entries(1))
    assert [row.revoked_at for row in Query(index).approvals(artifact(1), PROD)] == [1]


FOLLOWER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from gatebook.index import project
    from gatebook.ledger.entry import decode_entry
    from gatebook.stores.sqlite_index import SqliteIndex
    lines = Path(sys.argv[1]).read_bytes().splitlines()
    index = SqliteIndex(Path(sys.argv[2]))
    print("open", flush=True)
    start = index.applied()
    for place in range(start, len(lines), 3):
        part = lines[place : place + 3]
        project.follow(
            index, ((place + n, decode_entry(line)) for n, line in enumerate(part))
        )
""")


def test_a_follower_that_is_killed_again_and_again_ends_at_the_same_rows(ledger, tmp_path):
    fill(ledger, 900)
    bodies = [encode_entry(entry) for _, entry in ledger.entries()]
    (tmp_path / "entries").write_bytes(b"\n".join(bodies))
    chance = random.Random(5)  # noqa: S311  # repeatable, not secret
    path = tmp_path / "index.db"
    applied = []
    for _ in range(12):
        follower = subprocess.Popen(
            [sys.executable, "-c", FOLLOWER, str(tmp_path / "entries"), str(path)],
            stdout=subprocess.PIPE,
        )
        assert follower.stdout.readline() == b"open\n"
        time.sleep(chance.random() * 0.04)
        os.kill(follower.pid, signal.SIGKILL)
        follower.wait()
        follower.stdout.close()
        index = SqliteIndex(path)
        applied.append(index.applied())
        index.close()
    assert applied == sorted(applied)
    assert applied[-1] > 0
    index = SqliteIndex(path)
    follow(index, ledger.entries(index.applied()))
    expected = MemoryIndex()
    follow(expected, ledger.entries())
    assert list(index.dump()) == list(expected.dump())
    index.close()
