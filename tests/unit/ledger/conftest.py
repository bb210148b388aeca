"""Ledgers, drafts and keys for the stories told here; all made on the spot."""

import itertools

import pytest

from gatebook.clock import FixedClock, Instant
from gatebook.digest import sha256
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import ArtifactKind, ArtifactRecorded, BookCreated
from gatebook.ledger.ledger import Ledger
from gatebook.names import Actor, ArtifactName
from gatebook.stores.files import CheckpointFile
from gatebook.stores.memory import MemoryCheckpoint, MemoryLedger
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey

ORIGIN = "log.example/book"


@pytest.fixture
def clock():
    return FixedClock(Instant.parse("2026-11-20T14:30:00Z"))


@pytest.fixture
def signer():
    return SignerKey.from_seed(ORIGIN, bytes(range(32)))


@pytest.fixture
def fact():
    """Make a draft: an artifact was recorded."""

    def make(number=0, *, key=None, actor="ci", **more):
        return Draft(
            actor=Actor("local", actor),
            body=ArtifactRecorded(
                name=ArtifactName("acme/api"), artifact=ArtifactKind.FILE, algorithm="file"
            ),
            subjects=(sha256(b"artifact %d" % number),),
            idempotency_key=key,
            **more,
        )

    return make


@pytest.fixture
def first_entry(signer):
    return Draft(
        actor=Actor("local", "ana"),
        body=BookCreated(origin=ORIGIN, log_key=signer.verifier.vkey),
    )


@pytest.fixture(params=["memory", "sqlite"])
def parts(request, tmp_path):
    """A store and the memory beside it, each as empty as on the first day."""
    if request.param == "memory":
        yield MemoryLedger(), MemoryCheckpoint()
        return
    SqliteLedger.create(tmp_path / "ledger.db")
    store = SqliteLedger(tmp_path / "ledger.db")
    yield store, CheckpointFile(tmp_path / "checkpoint")
    store.close()


@pytest.fixture
def open_ledger(signer, clock):
    def open_it(store, memory, *, key=signer, at=clock):
        return Ledger(store, memory=memory, signer=key, clock=at)

    return open_it


@pytest.fixture
def ledger(parts, open_ledger):
    opened = open_ledger(*parts)
    yield opened
    opened.close()


@pytest.fixture
def memory_book(fact, first_entry, open_ledger):
    """A ledger in memory with ``count`` entries, its store and its memory."""

    def make(count):
        store, memory = MemoryLedger(), MemoryCheckpoint()
        opened = open_ledger(store, memory)
        drafts = itertools.chain([first_entry], (fact(number) for number in itertools.count(1)))
        opened.append(*itertools.islice(drafts, count))
        return opened, store, memory

    return make
