"""No byte of a book can be changed unnoticed: whatever is read back is a fault, or as it was."""

import random

import pytest

from gatebook.clock import FixedClock, Instant
from gatebook.digest import sha256
from gatebook.errors import GatebookError
from gatebook.ledger.check import check_ledger
from gatebook.ledger.entry import BlobReference, Draft
from gatebook.ledger.kinds import BookCreated, EvidenceReported
from gatebook.ledger.ledger import Ledger
from gatebook.names import Actor
from gatebook.stores.files import CheckpointFile, FileBlobs
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey

SIGNER = SignerKey.from_seed("log.example/bytes", b"b" * 32)
PAGE = 4096


class Book:
    """A book at rest: everything in its files, nothing in a write-ahead log."""

    def __init__(self, place, entries):
        self.place = place
        SqliteLedger.create(place / "ledger.db")
        store = SqliteLedger(place / "ledger.db")
        memory = CheckpointFile(place / "checkpoint")
        clock = FixedClock(Instant.parse("2026-11-20T14:30:00Z"))
        ledger = Ledger(store, memory=memory, signer=SIGNER, clock=clock)
        blobs = FileBlobs(place / "blobs")
        actor = Actor("local", "ana")
        body = BookCreated(origin=SIGNER.verifier.name, log_key=SIGNER.verifier.vkey)
        ledger.append(Draft(actor=actor, body=body))
        for number in range(1, entries):
            evidence = ()
            if number <= 2:
                data = b"report %d" % number
                evidence = (
                    BlobReference(digest=blobs.put(data), size=len(data), media_type="text/plain"),
                )
            ledger.append(
                Draft(
                    actor=actor,
                    body=EvidenceReported(format="junit"),
                    subjects=(sha256(b"%d" % number),),
                    evidence=evidence,
                )
            )
        store.keep_checkpoint(ledger.head().size, ledger.checkpoint())
        ledger.close()
        store.close()
        self.rows = self.read()

    def read(self):
        """Everything the book says, after checking all of it; a fault is raised."""
        store = SqliteLedger(self.place / "ledger.db")
        try:
            known = CheckpointFile(self.place / "checkpoint").recall()
            blobs = FileBlobs(self.place / "blobs")
            check_ledger(store, known=known, keys=[SIGNER.verifier], blobs=blobs).require_sound()
            rows = list(store.rows(-(2**62), 2**62))
            return (
                rows,
                [store.find(row.key) for row in rows],
                list(store.tiles()),
                store.head(),
                list(store.checkpoints()),
                known,
                [blobs.get(digest) for digest in blobs.digests()],
            )
        finally:
            store.close()

    def unnoticed(self, path, place, mask):
        """Whether the book reads differently, and soundly, with one byte changed."""
        good = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(good[:place] + bytes([good[place] ^ mask]) + good[place + 1 :])
        try:
            return self.read() != self.rows
        except GatebookError:
            return False
        finally:
            for suffix in ("-wal", "-shm", "-journal"):
                (self.place / f"ledger.db{suffix}").unlink(missing_ok=True)
            path.write_bytes(good)


def places_of_rows(data):
    """Every byte but those in the middle of long runs of zeros, and one in 32 of these.

    A zero close to other bytes may be part of a row, of a hash for instance; one far from any
    lies between the rows.
    """
    return [
        place
        for place in range(len(data))
        if place % 32 == 0 or any(data[max(0, place - 8) : place + 9])
    ]


@pytest.mark.slow
def test_every_byte_of_a_small_book(tmp_path):
    book = Book(tmp_path, 6)
    data = (tmp_path / "ledger.db").read_bytes()
    chance = random.Random(7)  # noqa: S311  # repeatable, not secret
    places = places_of_rows(data)
    assert len(places) > 4000
    path = tmp_path / "ledger.db"
    assert [
        (place, mask)
        for place in places
        for mask in (1 << chance.randrange(8),)
        if book.unnoticed(path, place, mask)
    ] == []
    assert book.read() == book.rows


@pytest.mark.slow
def test_bytes_of_a_book_with_a_tile(tmp_path):
    book = Book(tmp_path, 260)
    path = tmp_path / "ledger.db"
    data = path.read_bytes()
    tile = data.find(book.rows[2][0].data[:32])
    chance = random.Random(11)  # noqa: S311  # repeatable, not secret
    places = chance.sample(range(tile, tile + 2000), 150)
    places += chance.sample(places_of_rows(data), 350)
    masks = [1, 0x80, 0xFF, 0x20]
    assert [place for place in places if book.unnoticed(path, place, chance.choice(masks))] == []
    assert book.read() == book.rows


def test_every_byte_of_the_checkpoint_file_and_of_each_blob(tmp_path):
    book = Book(tmp_path, 4)
    paths = [tmp_path / "checkpoint", *(tmp_path / "blobs").rglob("*")]
    files = [path for path in paths if path.is_file()]
    assert len(files) == 3
    for path in files:
        for place in range(path.stat().st_size):
            good = path.read_bytes()
            path.chmod(0o644)
            path.write_bytes(good[:place] + bytes([good[place] ^ 0x01]) + good[place + 1 :])
            with pytest.raises(GatebookError):
                book.read()
            path.write_bytes(good)
    assert book.read() == book.rows


def test_the_rows_themselves_byte_by_byte(tmp_path):
    """Bodies, leaf hashes, keys, the root and a kept checkpoint, found in the file and changed."""
    book = Book(tmp_path, 5)
    path = tmp_path / "ledger.db"
    good = path.read_bytes()
    needles = [
        *(row.body for row in book.rows[0]),
        *(row.leaf for row in book.rows[0]),
        *(row.key for row in book.rows[0]),
        book.rows[3].root,
        book.rows[4][0][1],
    ]
    for needle in needles:
        place = good.find(needle)
        assert place > 0
        step = max(1, len(needle) // 16)
        for offset in range(0, len(needle), step):
            bad = bytearray(good)
            bad[place + offset] ^= 0x02
            path.write_bytes(bad)
            with pytest.raises(GatebookError):
                book.read()
            path.write_bytes(good)
            for suffix in ("-wal", "-shm"):
                (tmp_path / f"ledger.db{suffix}").unlink(missing_ok=True)
    assert book.read() == book.rows
