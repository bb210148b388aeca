"""Whatever is not as it must be in a book is found, and the first object at fault is named."""

import pytest

from gatebook.digest import sha256
from gatebook.errors import GatebookError
from gatebook.ledger.check import KeyHistory, check_blobs, check_ledger, check_tree
from gatebook.ledger.entry import BlobReference, Draft
from gatebook.ledger.kinds import BookCreated, EvidenceReported, KeyRotated
from gatebook.ledger.open import LedgerInconsistentError
from gatebook.ledger.store import Row, StoredTile, TreeHead
from gatebook.names import Actor
from gatebook.stores.memory import MemoryBlobs, MemoryCheckpoint, MemoryLedger
from gatebook.tlog.checkpoint import Checkpoint
from gatebook.tlog.keys import SignerKey
from gatebook.tlog.note import sign_note


def first_fault(store, known, **more):
    report = check_ledger(store, known=known, **more)
    assert report.faults, "nothing was found"
    with pytest.raises(LedgerInconsistentError) as refused:
        report.require_sound()
    assert refused.value.code == report.faults[0].code
    return report.faults[0].object, report.faults[0].code


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 512, 700])
def test_a_sound_book_has_no_faults(memory_book, count, signer):
    ledger, store, memory = memory_book(count)
    seen = []
    report = check_ledger(
        store,
        known=memory.recall(),
        keys=[signer.verifier],
        progress=lambda done, total: seen.append((done, total)),
    )
    report.require_sound()
    assert report.faults == ()
    assert report.head == ledger.head()
    assert report.keys == (signer.verifier,)
    assert seen[-1] == (count, count)


def test_an_empty_log_without_a_checkpoint_is_sound():
    assert check_ledger(MemoryLedger(), known=None).faults == ()


def changed(row, field):
    value = getattr(row, field)
    return row._replace(**{field: value[:-1] + bytes([value[-1] ^ 1])})


@pytest.mark.parametrize("index", [0, 5, 255, 256, 599, 600, 649])
@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("body", "ledger.entry-changed"),
        ("leaf", "ledger.entry-changed"),
        ("key", "ledger.key-changed"),
    ],
)
def test_a_changed_column_names_its_entry(memory_book, index, field, code):
    _, store, memory = memory_book(650)
    store._rows[index] = changed(store._rows[index], field)
    assert first_fault(store, memory.recall()) == (f"entry {index}", code)


@pytest.mark.parametrize("index", [0, 255, 300, 649])
def test_a_missing_entry_is_named(memory_book, index):
    _, store, memory = memory_book(650)
    del store._rows[index]
    name, code = first_fault(store, memory.recall())
    assert code in {"ledger.entry-missing", "ledger.cut"}
    assert name in {f"entry {index}", "head"}


def test_an_entry_put_after_the_last_one_is_named(memory_book):
    _, store, memory = memory_book(20)
    store._rows.append(Row(20, b"k" * 16, *store._rows[3][2:]))
    assert first_fault(store, memory.recall()) == ("entry 20", "ledger.unaccounted-entry")


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("field", ["data", "root"])
def test_a_changed_tile_is_named(memory_book, number, field):
    _, store, memory = memory_book(650)
    tile = store._tiles[0, number]
    store._tiles[0, number] = changed(tile, field)
    assert first_fault(store, memory.recall()) == (f"tile/0/{number}", "ledger.tile-changed")


def test_a_missing_tile_and_a_tile_too_many_are_named(memory_book):
    _, store, memory = memory_book(650)
    tile = store._tiles.pop((0, 1))
    assert first_fault(store, memory.recall()) == ("tile/0/1", "ledger.tile-missing")
    store._tiles[0, 1] = tile
    store._tiles[0, 2] = StoredTile(0, 2, tile.data, tile.root)
    assert first_fault(store, memory.recall()) == ("tile/0/2", "ledger.tile-changed")


@pytest.mark.parametrize(("size", "code"), [(649, "ledger.unaccounted-entry"), (651, "ledger.cut")])
def test_a_head_of_another_size_is_a_fault(memory_book, size, code):
    _, store, memory = memory_book(650)
    store._head = TreeHead(size, store._head.root)
    faults = check_ledger(store, known=memory.recall()).faults
    assert code in {fault.code for fault in faults}


def test_a_head_with_another_root_is_a_fault(memory_book):
    _, store, memory = memory_book(650)
    store._head = TreeHead(650, b"r" * 32)
    assert first_fault(store, memory.recall()) == ("head", "ledger.root-mismatch")


def a_note(signer, size, root):
    return sign_note(Checkpoint(origin=signer.verifier.name, size=size, root=root).text, [signer])


def test_checkpoints_that_do_not_fit_the_log_are_named(memory_book, signer):
    ledger, store, memory = memory_book(40)
    good = ledger.receipt(3, size=10).checkpoint
    root = ledger.head().root
    stranger = SignerKey.from_seed(signer.verifier.name, b"x" * 32)
    cases = {
        "ledger.forked": (10, a_note(signer, 10, b"r" * 32)),
        "ledger.rolled-back": (41, a_note(signer, 41, root)),
        "ledger.checkpoint-size": (11, good),
        "tlog.not-signed-by": (40, a_note(stranger, 40, root)),
        "tlog.note-malformed": (12, b"not a note"),
    }
    for code, (size, note) in cases.items():
        store._checkpoints = {10: good, size: note}
        name, found = first_fault(store, memory.recall())
        assert name == f"checkpoint {size}"
        if code.startswith("ledger."):
            assert found == code
    store._checkpoints = {10: good}
    report = check_ledger(store, known=memory.recall())
    assert (report.faults, report.checkpoints) == ((), 2)


def test_a_forgotten_or_foreign_remembered_checkpoint_is_a_fault(memory_book, signer):
    _, store, _ = memory_book(40)
    assert first_fault(store, None) == ("checkpoint", "ledger.checkpoint-missing")
    assert first_fault(store, a_note(signer, 40, b"r" * 32)) == ("checkpoint", "ledger.forked")


def test_a_key_that_never_signed_the_log_is_a_fault(memory_book):
    _, store, memory = memory_book(5)
    stranger = SignerKey.from_seed("log.example/book", b"x" * 32).verifier
    assert first_fault(store, memory.recall(), keys=[stranger]) == ("log", "ledger.key-unknown")


def rotation(old, new):
    return Draft(
        actor=Actor("local", "ana"),
        body=KeyRotated(old_key=old.verifier.vkey, new_key=new.verifier.vkey),
    )


def keys(signer, *seeds):
    return [SignerKey.from_seed(signer.verifier.name, seed * 32) for seed in seeds]


def test_keys_are_followed_from_the_first_entry_on(memory_book, signer, fact):
    second, third = keys(signer, b"2", b"3")
    ledger, store, memory = memory_book(3)
    ledger.append(rotation(signer, second))
    ledger.sign_with(second)
    ledger.append(*(fact(number) for number in range(300)), rotation(second, third))
    ledger.sign_with(third)
    ledger.append(fact(1))
    report = check_ledger(store, known=memory.recall())
    assert report.faults == ()
    assert report.keys == (signer.verifier, second.verifier, third.verifier)


def test_a_change_to_either_signature_of_a_rotation_is_found(memory_book, signer, fact):
    (second,) = keys(signer, b"2")
    ledger, store, memory = memory_book(3)
    ledger.append(rotation(signer, second))
    ledger.sign_with(second)
    ledger.append(fact(1))
    note = memory.recall()
    assert check_ledger(store, known=note).faults == ()
    missed = [
        place
        for place in range(len(note))
        if not check_ledger(
            store, known=note[:place] + bytes([note[place] ^ 4]) + note[place + 1 :]
        ).faults
    ]
    assert missed == []


def test_a_rotation_that_names_a_key_that_did_not_sign_is_a_fault(memory_book, signer):
    second, third = keys(signer, b"2", b"3")
    ledger, store, memory = memory_book(3)
    ledger.append(rotation(second, third))
    assert first_fault(store, memory.recall()) == ("entry 3", "ledger.key-history")
    history = KeyHistory(store, check_tree(store).rotations)
    assert [fault.object for fault in history.faults] == ["entry 3"]


def test_a_first_entry_with_a_malformed_key_is_a_fault(open_ledger):
    store, memory = MemoryLedger(), MemoryCheckpoint()
    ledger = open_ledger(store, memory)
    body = BookCreated(origin="log.example/book", log_key="log.example/book+12")
    ledger.append(Draft(actor=Actor("local", "ana"), body=body))
    assert first_fault(store, memory.recall())[0] == "entry 0"


@pytest.fixture
def with_blobs(open_ledger):
    store, memory, blobs = MemoryLedger(), MemoryCheckpoint(), MemoryBlobs()
    ledger = open_ledger(store, memory)
    for number in range(5):
        data = b"report %d" % number
        reference = BlobReference(digest=blobs.put(data), size=len(data), media_type="text/plain")
        body = EvidenceReported(format="junit")
        ledger.append(Draft(actor=Actor("local", "ci"), body=body, evidence=(reference,)))
    return ledger, store, memory, blobs


def test_blobs_are_checked_against_the_entries_that_name_them(with_blobs, signer):
    ledger, store, memory, blobs = with_blobs
    settings = {"blobs": blobs, "keys": [signer.verifier]}
    report = check_ledger(store, known=memory.recall(), **settings)
    assert (report.faults, report.blobs) == ((), 5)
    digest = sha256(b"report 3")
    del blobs._blobs[digest]
    fault = first_fault(store, memory.recall(), **settings)
    assert fault == (f"blob {digest}", "ledger.blob-missing")
    lawful = check_ledger(store, known=memory.recall(), redacted=frozenset([digest]), **settings)
    assert lawful.faults == ()
    faults = list(check_blobs(blobs, ledger.entries(), frozenset()))
    assert [fault.object for fault in faults] == [f"blob {digest}"]


def test_a_blob_of_another_length_than_its_entry_says_is_a_fault(open_ledger, signer):
    store, memory, blobs = MemoryLedger(), MemoryCheckpoint(), MemoryBlobs()
    ledger = open_ledger(store, memory)
    reference = BlobReference(digest=blobs.put(b"report"), size=7, media_type="text/plain")
    body = EvidenceReported(format="junit")
    ledger.append(Draft(actor=Actor("local", "ci"), body=body, evidence=(reference,)))
    fault = first_fault(store, memory.recall(), keys=[signer.verifier], blobs=blobs)
    assert fault == (f"blob {sha256(b'report')}", "ledger.blob-size")


def test_a_log_that_grows_while_it_is_checked_is_sound(memory_book, fact):
    ledger, store, memory = memory_book(600)
    known = memory.recall()
    grown = []

    def grow(_done, _total):
        if not grown:
            grown.extend(ledger.append(*(fact(number) for number in range(400))))

    assert check_ledger(store, known=known, progress=grow).faults == ()
    assert grown


def test_a_runner_that_leaves_chunks_out_does_not_pass(memory_book):
    _, store, memory = memory_book(600)
    report = check_ledger(store, known=memory.recall(), run=lambda _chunks: [])
    assert "ledger.unchecked" in {fault.code for fault in report.faults}


class UnreadableStore(MemoryLedger):
    """A store whose medium gives up."""

    def rows(self, start, stop):
        if start > 10:
            raise GatebookError("the disk is gone", code="stores.failed")
        return super().rows(start, stop)


def test_a_store_that_cannot_be_read_is_a_fault_and_not_a_crash(open_ledger, fact):
    store, memory = UnreadableStore(), MemoryCheckpoint()
    ledger = open_ledger(MemoryLedger(), memory)
    ledger.append(*(fact(number) for number in range(20)))
    store.__dict__.update(ledger._store.__dict__)
    assert first_fault(store, memory.recall())[1] == "stores.failed"
