"""A log that was cut, rolled back, forked or changed is not opened."""

import shutil

import apsw
import pytest

from gatebook.errors import GatebookError, VerificationError
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.open import LedgerInconsistentError
from gatebook.stores.files import CheckpointFile
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey


class Book:
    """A directory with a ledger of 300 entries."""

    def __init__(self, place, signer, clock, fact, *, start=0):
        self.place, self.signer, self.clock, self.fact = place, signer, clock, fact
        place.mkdir()
        SqliteLedger.create(place / "ledger.db")
        self.append(*range(start, start + 300))

    def open(self, signer=None):
        store = SqliteLedger(self.place / "ledger.db")
        memory = CheckpointFile(self.place / "checkpoint")
        try:
            return store, Ledger(
                store, memory=memory, signer=signer or self.signer, clock=self.clock
            )
        except BaseException:
            store.close()
            raise

    def append(self, *numbers):
        store, ledger = self.open()
        ledger.append(*(self.fact(number) for number in numbers))
        ledger.close()
        store.close()

    def damage(self, *statements):
        connection = apsw.Connection(str(self.place / "ledger.db"))
        for kind in ("entry", "tile", "checkpoint"):
            connection.execute(f"DROP TRIGGER {kind}_update; DROP TRIGGER {kind}_delete")
        for statement in statements:
            connection.execute(statement)
        connection.close()


@pytest.fixture
def book(tmp_path, signer, clock, fact):
    return Book(tmp_path / "book", signer, clock, fact)


def refusal(book):
    with pytest.raises(GatebookError) as refused:
        book.open()
    return refused.value.code


def test_a_sound_book_opens(book):
    store, ledger = book.open()
    assert ledger.head().size == 300
    store.close()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM entry WHERE idx = 299", "ledger.cut"),
        ("DELETE FROM entry WHERE idx = 256", "ledger.cut"),
        ("DELETE FROM tile", "ledger.cut"),
        ("UPDATE entry SET leaf = zeroblob(32) WHERE idx = 260", "ledger.root-mismatch"),
        ("UPDATE tile SET root = zeroblob(32)", "ledger.root-mismatch"),
        ("UPDATE head SET root = zeroblob(32)", "ledger.root-mismatch"),
        ("UPDATE head SET size = 299", "ledger.root-mismatch"),
        ("UPDATE head SET size = 301", "ledger.cut"),
        (
            "INSERT INTO entry SELECT 300, zeroblob(16), leaf, body FROM entry WHERE idx = 0",
            "ledger.unaccounted-entry",
        ),
        ("DELETE FROM head", "stores.corrupt"),
        ("UPDATE head SET root = zeroblob(31)", "stores.corrupt"),
        ("UPDATE head SET size = -1", "stores.corrupt"),
        ("DROP TABLE tile", "stores.corrupt"),
        ("PRAGMA user_version = 2", "stores.corrupt"),
        ("PRAGMA application_id = 7", "stores.corrupt"),
    ],
)
def test_a_damaged_log_is_refused(book, statement, code):
    book.damage(statement)
    assert refusal(book) == code


def test_an_older_copy_of_the_log_is_refused(book, tmp_path):
    shutil.copy(book.place / "ledger.db", tmp_path / "backup.db")
    book.append(300)
    for suffix in ("-wal", "-shm"):
        (book.place / f"ledger.db{suffix}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", book.place / "ledger.db")
    assert refusal(book) == "ledger.rolled-back"


def test_another_log_of_the_same_name_is_refused(book, tmp_path, signer, clock, fact):
    other = Book(tmp_path / "other", signer, clock, fact, start=1000)
    other.append(1, 2, 3)
    shutil.copy(book.place / "checkpoint", other.place / "checkpoint")
    assert refusal(other) == "ledger.forked"


def test_a_missing_checkpoint_is_refused(book):
    (book.place / "checkpoint").unlink()
    assert refusal(book) == "ledger.checkpoint-missing"


def test_a_checkpoint_that_another_key_signed_is_refused(book):
    stranger = SignerKey.from_seed(book.signer.verifier.name, b"x" * 32)
    with pytest.raises(VerificationError):
        book.open(stranger)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\xff\xfe\n5\n"])
def test_a_checkpoint_file_that_is_none_is_refused(book, content):
    (book.place / "checkpoint").write_bytes(content)
    with pytest.raises(VerificationError):
        book.open()


def test_a_log_without_entries_is_remembered_too(tmp_path, signer, clock):
    SqliteLedger.create(tmp_path / "ledger.db")
    store = SqliteLedger(tmp_path / "ledger.db")
    Ledger(store, memory=CheckpointFile(tmp_path / "checkpoint"), signer=signer, clock=clock)
    assert (tmp_path / "checkpoint").is_file()
    store.close()


def test_a_log_that_shrinks_under_an_open_ledger_is_not_continued(book, fact):
    store, ledger = book.open()
    ledger.append(fact(300))
    connection = apsw.Connection(str(book.place / "ledger.db"))
    connection.execute(
        "DROP TRIGGER entry_delete; DELETE FROM entry WHERE idx = 300; UPDATE head SET size = 300"
    )
    connection.close()
    with pytest.raises(LedgerInconsistentError) as refused:
        ledger.append(fact(301))
    assert refused.value.code == "ledger.rolled-back"
    store.close()


def test_a_log_that_is_replaced_under_an_open_ledger_is_not_continued(book, fact):
    store, ledger = book.open()
    connection = apsw.Connection(str(book.place / "ledger.db"))
    connection.execute("UPDATE head SET root = zeroblob(32)")
    connection.close()
    with pytest.raises(LedgerInconsistentError) as refused:
        ledger.append(fact(301))
    assert refused.value.code == "ledger.forked"
    store.close()
