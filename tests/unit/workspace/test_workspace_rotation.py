"""The log's key changes, and a crash at any moment leaves a book that opens and verifies."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gatebook.errors import ConflictError, VerificationError
from gatebook.ledger.kinds import KeyRotated
from gatebook.ledger.open import LedgerInconsistentError
from gatebook.names import Actor
from gatebook.tlog.note import VerifierKey
from gatebook.tlog.receipt import check_receipt
from gatebook.workspace.book import Book
from gatebook.workspace.verification import verify_book

ORIGIN = "ledger.example.com/acme"

CRASH = """
import os, sys
from gatebook.workspace.book import Book
left = int(sys.argv[2])
book = Book.open(sys.argv[1])
def hook(event, arguments):
    global left
    if event in {"os.rename", "os.mkdir", "os.remove", "open", "os.chmod"}:
        if left == 0:
            os._exit(9)
        left -= 1
sys.addaudithook(hook)
book.rotate_log_key()
book.close()
os._exit(0)
"""


def sound(directory: Path, *keys: str) -> None:
    for key in keys:
        report = verify_book(directory, log_key=key)
        assert report.faults == (), report.faults


@pytest.fixture
def before(tmp_path: Path) -> Path:
    with Book.create(tmp_path / "before", origin=ORIGIN) as book:
        book.record("sha256:" + "0" * 64, name="api")
    return tmp_path / "before"


@pytest.fixture
def after(before: Path, tmp_path: Path) -> Path:
    shutil.copytree(before, tmp_path / "after")
    with Book.open(tmp_path / "after") as book:
        book.rotate_log_key()
    return tmp_path / "after"


def key_of(directory: Path) -> str:
    with Book.open(directory) as book:
        return book.log_key


def test_both_keys_vouch_for_the_change(before: Path) -> None:
    with Book.open(before) as book:
        old = book.log_key
        rotated = book.rotate_log_key(by=Actor.parse("local#ana"))
        new = book.log_key
        body = rotated.entry.body
        assert body == KeyRotated(old_key=old, new_key=new)
        receipt, entry = book.receipt(rotated.index), book.entry_bytes(rotated.index)
        for key in (old, new):
            check_receipt(receipt, entry, VerifierKey.parse(key))
        book.record("sha256:" + "1" * 64, name="web")
    sound(before, old, new)
    assert key_of(before) == new
    with Book.open(before) as book:
        book.record("sha256:" + "2" * 64, name="db")
        check_receipt(book.receipt(0), book.entry_bytes(0), VerifierKey.parse(new))
        book.rotate_log_key()
        book.rotate_log_key()
    sound(before, old, new)


def test_no_trace_of_a_key_in_waiting_remains(after: Path) -> None:
    assert sorted(path.name for path in (after / "keys").iterdir()) == ["log.pem"]


def forget_kept(directory: Path) -> None:
    with sqlite3.connect(directory / "ledger.db") as ledger:
        found = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = found.fetchall()
        for name, _ in triggers:
            ledger.execute(f"DROP TRIGGER {name}")
        ledger.execute("DELETE FROM checkpoint")
        for _, text in triggers:
            ledger.execute(text)
    ledger.close()


def copy(source: Path, target: Path, *names: str) -> None:
    for name in names:
        for file in source.glob(name):
            shutil.copy2(file, target / file.relative_to(source))


def only_a_key_is_waiting(state: Path, after: Path) -> None:
    shutil.copy2(after / "keys" / "log.pem", state / "keys" / "log.new.pem")


def only_the_entry_is_written(state: Path, after: Path) -> None:
    only_a_key_is_waiting(state, after)
    for file in state.glob("ledger.db*"):
        file.unlink()
    copy(after, state, "ledger.db*")
    forget_kept(state)


def a_checkpoint_is_kept(state: Path, after: Path) -> None:
    only_the_entry_is_written(state, after)
    copy(after, state, "ledger.db*")


def a_checkpoint_is_remembered(state: Path, after: Path) -> None:
    a_checkpoint_is_kept(state, after)
    copy(after, state, "checkpoint")


def the_key_has_moved(state: Path, after: Path) -> None:
    a_checkpoint_is_remembered(state, after)
    (state / "keys" / "log.new.pem").replace(state / "keys" / "log.pem")


STATES = (
    only_a_key_is_waiting,
    only_the_entry_is_written,
    a_checkpoint_is_kept,
    a_checkpoint_is_remembered,
    the_key_has_moved,
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_an_interrupted_rotation_is_settled_on_opening(
    before: Path, after: Path, tmp_path: Path, state: Callable[[Path, Path], None]
) -> None:
    old, new = key_of(before), key_of(after)
    place = tmp_path / "state"
    shutil.copytree(before, place)
    state(place, after)
    expected = old if state is only_a_key_is_waiting else new
    with Book.open(place) as book:
        assert book.log_key == expected
        book.record("sha256:" + "3" * 64, name="later")
    assert key_of(place) == expected
    assert sorted(path.name for path in (place / "keys").iterdir()) == ["log.pem"]
    sound(place, old, expected)
    with Book.open(place) as book:
        book.rotate_log_key()
    sound(place, old, expected)


@pytest.mark.slow
def test_a_crash_anywhere_in_a_rotation(before: Path, tmp_path: Path) -> None:
    old = key_of(before)
    outcomes = []
    for moment in range(100):
        place = tmp_path / str(moment)
        shutil.copytree(before, place)
        ended = subprocess.run(
            [sys.executable, "-c", CRASH, str(place), str(moment)], check=False
        ).returncode
        outcomes.append(ended)
        with Book.open(place) as book:
            book.record("sha256:" + "3" * 64, name="later")
        sound(place, old, key_of(place))
        if ended == 0:
            break
    assert outcomes[-1] == 0
    assert outcomes.count(9) >= 5


def test_a_log_cut_in_a_rotation_is_not_signed_again(
    before: Path, after: Path, tmp_path: Path
) -> None:
    place = tmp_path / "state"
    shutil.copytree(before, place)
    only_the_entry_is_written(place, after)
    # The remembered checkpoint is of a longer log than the one that is there.
    with Book.open(before) as book:
        for number in range(5):
            book.record(f"sha256:{number:064x}", name="api")
    copy(before, place, "checkpoint")
    kept = (place / "checkpoint").read_bytes()
    with pytest.raises(LedgerInconsistentError):
        Book.open(place)
    assert (place / "checkpoint").read_bytes() == kept


def test_a_foreign_key_is_not_taken(before: Path, after: Path, tmp_path: Path) -> None:
    with Book.create(tmp_path / "foreign", origin=ORIGIN) as book:
        foreign = book.log_key
    place = tmp_path / "state"
    shutil.copytree(before, place)
    shutil.copy2(tmp_path / "foreign" / "keys" / "log.pem", place / "keys" / "log.pem")
    with pytest.raises(ConflictError) as refused:
        Book.open(place)
    assert refused.value.code == "workspace.log-key-differs"

    shutil.copy2(tmp_path / "foreign" / "book.json", place / "book.json")
    with pytest.raises(VerificationError):
        Book.open(place)
    assert verify_book(place).faults != ()

    waiting = tmp_path / "waiting"
    shutil.copytree(after, waiting)
    shutil.copy2(tmp_path / "foreign" / "keys" / "log.pem", waiting / "keys" / "log.new.pem")
    assert key_of(waiting) != foreign, "a key the log never named is forgotten"
    assert not (waiting / "keys" / "log.new.pem").exists()


def test_who_was_open_meanwhile_signs_nothing_more(before: Path) -> None:
    with Book.open(before) as one, Book.open(before) as other:
        one.rotate_log_key()
        for act in (
            lambda: other.record("sha256:" + "4" * 64, name="late"),
            lambda: other.receipt(0),
            other.checkpoint,
            other.rotate_log_key,
            lambda: other.gate("sha256:" + "4" * 64, "prod"),
        ):
            with pytest.raises(ConflictError) as refused:
                act()
            assert refused.value.code == "workspace.key-rotated"
        one.record("sha256:" + "5" * 64, name="early")
    sound(before, key_of(before))


def test_a_checkpoint_by_the_old_key_is_taken_over_when_it_is_of_this_log(
    before: Path, after: Path
) -> None:
    old_checkpoint = (before / "checkpoint").read_bytes()
    new = key_of(after)
    (after / "checkpoint").write_bytes(old_checkpoint)
    with Book.open(after) as book:
        assert book.log_key == new
    sound(after, new)
    # A higher one that the old key signed over other entries is a fork, and stays one.
    with Book.open(before) as book:
        for number in range(5):
            book.record(f"sha256:{number:064x}", name="api")
    copy(before, after, "checkpoint")
    with pytest.raises(VerificationError):
        Book.open(after)
