"""What every ledger store, blob store and checkpoint memory promises, held by each of them."""

import threading

import pytest

from gatebook.digest import Digest, sha256
from gatebook.errors import ConflictError, GatebookError, VerificationError
from gatebook.ledger.store import BlobMissingError, Row, StoredTile, TreeHead
from gatebook.stores.files import CheckpointFile, FileBlobs
from gatebook.stores.memory import MemoryBlobs, MemoryCheckpoint, MemoryLedger
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.checkpoint import Checkpoint
from gatebook.tlog.keys import SignerKey
from gatebook.tlog.merkle import EMPTY_ROOT, leaf_hash
from gatebook.tlog.note import sign_note
from gatebook.tlog.tree import TreeBuilder

SIGNER = SignerKey.from_seed("log.example/conformance", b"c" * 32)


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryLedger()
        return
    SqliteLedger.create(tmp_path / "ledger.db")
    opened = SqliteLedger(tmp_path / "ledger.db")
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "files"])
def blobs(request, tmp_path):
    return MemoryBlobs() if request.param == "memory" else FileBlobs(tmp_path)


@pytest.fixture(params=["memory", "file"])
def memory(request, tmp_path):
    return MemoryCheckpoint() if request.param == "memory" else CheckpointFile(tmp_path / "known")


def a_row(index):
    body = b'{"n":%d}' % index
    return Row(index, index.to_bytes(16, "big"), leaf_hash(body), body)


def grow(store, count, *, fail=False):
    """Append ``count`` rows as one commit, continuing the tree."""
    size = store.head().size
    builder = TreeBuilder()
    builder.extend([a_row(index).leaf for index in range(size)])
    rows = [a_row(index) for index in range(size, size + count)]
    tiles = builder.extend([row.leaf for row in rows])
    with store.writing() as writer:
        assert writer.head().size == size
        writer.add(rows, tiles, TreeHead(builder.size, builder.root()))
        if fail:
            raise KeyboardInterrupt
    return tiles


def test_a_new_store_holds_the_empty_log(store):
    assert store.head() == TreeHead(0, EMPTY_ROOT)
    assert list(store.rows(0, 10)) == []
    assert store.leaves(0, 10) == b""
    assert store.tile(0, 0) is None
    assert store.tile_roots(0, 0, 5) == b""
    assert list(store.tiles()) == []
    assert list(store.checkpoints()) == []
    assert list(store.structure_faults()) == []
    assert store.find(b"k" * 16) is None


def test_what_was_added_is_read_back_as_it_was(store):
    tiles = grow(store, 300) + grow(store, 300)
    assert store.head().size == 600
    assert list(store.rows(0, 600)) == [a_row(index) for index in range(600)]
    assert list(store.rows(255, 257)) == [a_row(255), a_row(256)]
    assert list(store.rows(590, 10_000)) == [a_row(index) for index in range(590, 600)]
    assert list(store.rows(5, 5)) == []
    assert list(store.rows(-10, 0)) == []
    assert store.leaves(10, 12) == a_row(10).leaf + a_row(11).leaf
    assert [store.find(a_row(index).key) for index in (0, 299, 300, 599)] == [0, 299, 300, 599]
    assert [(tile.level, tile.index) for tile in tiles] == [(0, 0), (0, 1)]
    assert list(store.tiles()) == [
        StoredTile(tile.level, tile.index, tile.data, tile.root) for tile in tiles
    ]
    assert store.tile(0, 1) == tiles[1].data
    assert store.tile(1, 0) is None
    assert store.tile_roots(0, 0, 9) == tiles[0].root + tiles[1].root
    assert list(store.structure_faults()) == []


def test_a_transaction_that_is_left_by_an_exception_undoes_all(store):
    grow(store, 3)
    with pytest.raises(KeyboardInterrupt):
        grow(store, 300, fail=True)
    assert store.head().size == 3
    assert list(store.rows(0, 999)) == [a_row(0), a_row(1), a_row(2)]
    assert list(store.tiles()) == []
    grow(store, 2)
    assert store.head().size == 5


@pytest.mark.parametrize("wrong", [a_row(1), a_row(5), Row(3, *a_row(0)[1:])])
def test_an_entry_out_of_place_or_with_a_taken_key_is_refused_whole(store, wrong):
    grow(store, 2)
    before = store.head()
    with pytest.raises(GatebookError), store.writing() as writer:
        writer.add([a_row(2), wrong], [], TreeHead(4, b"r" * 32))
    assert store.head() == before
    assert list(store.rows(0, 9)) == [a_row(0), a_row(1)]


def test_reading_goes_on_while_another_thread_writes(store):
    grow(store, 10)
    inside, done = threading.Event(), threading.Event()
    seen = []

    def read():
        inside.wait(10)
        seen.append((store.head().size, len(list(store.rows(0, 99)))))
        done.set()

    reader = threading.Thread(target=read)
    reader.start()
    with store.writing() as writer:
        writer.add([a_row(10)], [], TreeHead(11, b"r" * 32))
        inside.set()
        assert done.wait(10), "the reader waited for the writer"
    reader.join()
    assert seen == [(10, 10)]
    assert store.head().size == 11


def test_rows_being_read_do_not_keep_the_reader_in_the_past(store):
    grow(store, 3)
    rows = store.rows(0, 99)
    next(rows)
    grow(store, 3)
    assert store.head().size == 6


def test_only_one_writes_at_a_time(store):
    order = []

    def write(name):
        with store.writing() as writer:
            order.append((name, "in"))
            writer.head()
            order.append((name, "out"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [name for name, _ in order[::2]] == [name for name, _ in order[1::2]]


def test_a_checkpoint_is_kept_once_and_never_replaced(store):
    store.keep_checkpoint(7, b"seven")
    store.keep_checkpoint(3, b"three")
    store.keep_checkpoint(7, b"seven")
    with pytest.raises(ConflictError):
        store.keep_checkpoint(7, b"another seven")
    assert list(store.checkpoints()) == [(3, b"three"), (7, b"seven")]


def test_a_blob_is_found_by_the_digest_of_its_bytes(blobs):
    documents = [b"", b"report", b"x" * 300_000]
    digests = [blobs.put(document) for document in documents]
    assert digests == [sha256(document) for document in documents]
    assert [blobs.put(document) for document in documents] == digests
    assert [blobs.get(digest) for digest in digests] == documents
    assert list(blobs.digests()) == sorted(digests)
    assert list(blobs.structure_faults()) == []
    with pytest.raises(BlobMissingError) as missing:
        blobs.get(sha256(b"another"))
    assert missing.value.code == "stores.blob-missing"
    with pytest.raises(BlobMissingError):
        blobs.get(Digest("sha512", "0" * 128))


def a_note(size):
    root = EMPTY_ROOT if size == 0 else leaf_hash(b"%d" % size)
    return sign_note(Checkpoint(origin=SIGNER.verifier.name, size=size, root=root).text, [SIGNER])


def test_a_memory_never_goes_back(memory):
    assert memory.recall() is None
    for size in (0, 5, 3, 12, 11):
        memory.remember(a_note(size))
    assert memory.recall() == a_note(12)
    memory.flush()
    memory.remember(a_note(4))
    memory.flush()
    assert memory.recall() == a_note(12)


def test_two_memories_of_one_file_never_go_back(tmp_path):
    first = CheckpointFile(tmp_path / "known", seconds=0)
    second = CheckpointFile(tmp_path / "known", seconds=0)
    threads = [
        threading.Thread(target=lambda m=m, s=s: [m.remember(a_note(n)) for n in range(s, 60, 2)])
        for m, s in ((first, 0), (second, 1))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert CheckpointFile(tmp_path / "known").recall() == a_note(59)


@pytest.mark.parametrize("content", [b"", b"\n", b"x\n" + b"9" * 9000 + b"\n", b"\xff" * 40])
def test_a_file_that_is_no_checkpoint_never_counts_as_higher(tmp_path, content):
    (tmp_path / "known").write_bytes(content)
    memory = CheckpointFile(tmp_path / "known")
    assert memory.recall() == content
    memory.remember(a_note(1))
    memory.flush()
    assert memory.recall() == a_note(1)


def test_a_blob_that_was_changed_on_disk_is_refused(tmp_path):
    blobs = FileBlobs(tmp_path)
    digest = blobs.put(b"the report")
    path = tmp_path / "sha256" / digest.hex[:2] / digest.hex
    path.chmod(0o644)
    path.write_bytes(b"the repord")
    with pytest.raises(VerificationError) as refused:
        blobs.get(digest)
    assert refused.value.code == "stores.blob-corrupt"
    with pytest.raises(VerificationError):
        FileBlobs(tmp_path).put(b"the report")


def test_strangers_among_the_blobs_are_named_and_scratch_files_are_not(tmp_path):
    blobs = FileBlobs(tmp_path)
    digest = blobs.put(b"the report")
    shard = tmp_path / "sha256" / digest.hex[:2]
    (shard / ".half.tmp").write_bytes(b"th")
    (shard / "notes.txt").write_bytes(b"hello")
    (tmp_path / "sha256" / "stray").write_bytes(b"hello")
    wrong = tmp_path / "sha256" / "zz"
    wrong.mkdir()
    (wrong / digest.hex).write_bytes(b"the report")
    assert set(blobs.digests()) == {digest}
    faults = " ".join(blobs.structure_faults())
    assert all(name in faults for name in ("notes.txt", "stray", f"zz/{digest.hex}"))
    assert ".half" not in faults
