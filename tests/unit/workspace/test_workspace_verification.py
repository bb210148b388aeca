"""Books, logs and exports verified from their bytes; each fault is named."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from gatebook.clock import FixedClock, Instant
from gatebook.errors import ConflictError, GatebookError, NotFoundError, UnreachableError
from gatebook.tlog.note import SignerKey
from gatebook.workspace.book import Book
from gatebook.workspace.log_export import export_log
from gatebook.workspace.verification import verify_book, verify_log

ORIGIN = "ledger.example.com/acme"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    clock = FixedClock(Instant.parse("2026-11-20T12:00:00Z"))
    with Book.create(tmp_path / "book", origin=ORIGIN, clock=clock) as book:
        for number in range(3):
            book.record(f"sha256:{number:064x}", name="api")
            book.report(b"report %d" % number, f"sha256:{number:064x}", form="text")
    return tmp_path / "book"


def faults(place: Path, **more: object) -> list[tuple[str, str]]:
    report = verify_book(place, **more)  # type: ignore[arg-type]
    return [(fault.object, fault.code) for fault in report.faults]


def test_a_sound_book(place: Path) -> None:
    report = verify_book(place)
    assert report.faults == ()
    assert (report.ledger.head.size, report.index_entries, report.ledger.blobs) == (7, 7, 3)


def test_a_key_known_from_elsewhere(place: Path) -> None:
    with Book.open(place) as book:
        key = book.log_key
    assert faults(place, log_key=key) == []
    stranger = SignerKey.from_seed(ORIGIN, b"x" * 32).verifier
    assert ("log", "ledger.key-unknown") in faults(place, log_key=stranger)


def test_checkpoints_known_from_elsewhere(place: Path, tmp_path: Path) -> None:
    with Book.open(place) as book:
        early = book.checkpoint()
        book.record("sha256:" + "a" * 64, name="api")
        late = book.checkpoint()
    assert faults(place, checkpoints=[early, late]) == []
    with Book.create(tmp_path / "other", origin=ORIGIN) as other:
        foreign = other.checkpoint()
    named = faults(place, checkpoints=[early, foreign, b"nonsense"])
    assert [name for name, _ in named] == ["given checkpoint 1", "given checkpoint 2"]


def test_the_missing_checkpoint_is_one_fault(place: Path) -> None:
    (place / "checkpoint").unlink()
    assert faults(place) == [("checkpoint", "ledger.checkpoint-missing")]


def test_a_damaged_checkpoint(place: Path) -> None:
    good = (place / "checkpoint").read_bytes()
    for bad in (b"", good[:50], good.replace(b"\n7\n", b"\n6\n"), b"\xff" * 200):
        (place / "checkpoint").write_bytes(bad)
        assert [name for name, _ in faults(place)] == ["checkpoint"]


def test_a_damaged_index_is_named_as_the_index(place: Path) -> None:
    with sqlite3.connect(place / "index.db") as index:
        index.execute("UPDATE artifact SET name = 'other'")
    index.close()
    assert faults(place) == [("index", "workspace.index-differs")]
    for file in place.glob("index.db*"):
        file.unlink()
    assert verify_book(place).index_entries is None
    (place / "index.db").write_bytes(b"nonsense" * 1000)
    report = verify_book(place)
    assert {fault.object for fault in report.faults} <= {"index"}
    with Book.open(place) as book:
        book.reindex()
    assert faults(place) == []


def test_another_key_in_the_book_file(place: Path) -> None:
    stranger = SignerKey.from_seed(ORIGIN, b"x" * 32).verifier
    text = (place / "book.json").read_text()
    with Book.open(place) as book:
        key = book.log_key
    (place / "book.json").write_text(text.replace(key, stranger.vkey))
    assert faults(place) == [("book.json", "workspace.log-key-differs")]


def test_a_blob_that_is_gone_or_too_many(place: Path) -> None:
    blob = next(path for path in sorted((place / "blobs").rglob("*")) if path.is_file())
    data = blob.read_bytes()
    blob.unlink()
    assert [code for _, code in faults(place)] == ["ledger.blob-missing"]
    blob.write_bytes(data + b"!")
    assert [code for _, code in faults(place)] == ["stores.blob-corrupt"]
    blob.write_bytes(data)
    assert faults(place) == []


def test_no_book_and_no_log(tmp_path: Path, place: Path) -> None:
    with pytest.raises(NotFoundError):
        verify_book(tmp_path)
    (place / "ledger.db").unlink()
    with pytest.raises(NotFoundError) as refused:
        verify_book(place)
    assert refused.value.code == "workspace.no-ledger"


def test_an_export_moves_on_and_never_back(place: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    with Book.open(place) as book:
        key = book.log_key
        assert export_log(book.log_resources(), tree) == 3
        assert export_log(book.log_resources(), tree) == 0
        assert verify_log(tree, key).size == 7
        shutil.copytree(tree, tmp_path / "old")
        for number in range(300):
            book.record(f"sha256:{number:064x}", name="api")
        done: list[int] = []
        written = export_log(book.log_resources(), tree, progress=done.append)
        assert done == list(range(1, written + 1))
        assert verify_log(str(tree), key).size == 307
        assert export_log(book.log_resources(), tree) == 0

        (tmp_path / "old" / "checkpoint").chmod(0o644)
        shutil.copy(tree / "checkpoint", tmp_path / "longer")
    shutil.rmtree(place / "nothing", ignore_errors=True)
    with Book.create(tmp_path / "other", origin=ORIGIN) as other:
        with pytest.raises(ConflictError) as refused:
            export_log(other.log_resources(), tree)
        assert refused.value.code == "workspace.export-differs"
    with Book.create(tmp_path / "elsewhere", origin="example.com/x") as other:
        alone = tmp_path / "alone"
        alone.mkdir()
        shutil.copy(tree / "checkpoint", alone / "checkpoint")
        with pytest.raises(ConflictError):
            export_log(other.log_resources(), alone)
    assert verify_log(tree, key).size == 307


def test_an_export_that_cannot_be_written(place: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Book.open(place) as book, pytest.raises(UnreachableError):
        export_log(book.log_resources(), tmp_path / "file")


def test_verifying_what_is_no_log(tmp_path: Path, place: Path) -> None:
    with Book.open(place) as book:
        key = book.log_key
    with pytest.raises(NotFoundError):
        verify_log(tmp_path / "nowhere", key)
    with pytest.raises(GatebookError):
        verify_log(tmp_path, key)
    with pytest.raises(GatebookError):
        verify_log(tmp_path, "nonsense")
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(UnreachableError):
        verify_log(tmp_path, key)


def test_entries_beyond_the_book(place: Path) -> None:
    with Book.open(place) as book:
        for index in (-1, 7, 10**30):
            with pytest.raises(NotFoundError) as refused:
                book.entry(index)
            assert refused.value.code == "ledger.no-such-entry"
            with pytest.raises(GatebookError):
                book.receipt(index)
            with pytest.raises(GatebookError):
                book.revoke(index)
            with pytest.raises(GatebookError):
                book.replay(index)
