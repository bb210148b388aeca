"""A new book appears whole or not at all."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gatebook.errors import ConflictError, GatebookError, MalformedError, NotFoundError
from gatebook.ledger.store import StoreError
from gatebook.workspace.book import Book
from gatebook.workspace.layout import KeyFileError
from gatebook.workspace.verification import verify_book

ORIGIN = "ledger.example.com/acme"

CRASH = """
import os, sys
from gatebook.workspace.book import Book
left = int(sys.argv[2])
def hook(event, arguments):
    global left
    if event in {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "open", "os.chmod"}:
        if left == 0:
            os._exit(9)
        left -= 1
sys.addaudithook(hook)
Book.create(sys.argv[1], origin="ledger.example.com/acme").close()
os._exit(0)
"""
"""Ends the process, without any cleaning up, before the n-th thing it does to the disk."""


def test_a_new_book_holds_one_entry_and_keeps_its_key_private(tmp_path: Path) -> None:
    with Book.create(tmp_path / "a" / "book", origin=ORIGIN, actor="local#ana") as book:
        assert book.size() == 1
        assert str(book.entry(0).actor) == "local#ana"
        directory = book.directory
    assert stat.S_IMODE((directory / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "keys" / "log.pem").stat().st_mode) == 0o600
    assert verify_book(directory).faults == ()
    assert sorted(path.name for path in directory.parent.iterdir()) == ["book"]


def test_an_empty_directory_becomes_the_book(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    Book.create(tmp_path / "book", origin=ORIGIN).close()
    Book.open(tmp_path / "book").close()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    Book.create(tmp_path / "book", origin=ORIGIN).close()
    before = {path: path.read_bytes() for path in (tmp_path / "book").rglob("*") if path.is_file()}
    with pytest.raises(ConflictError) as refused:
        Book.create(tmp_path / "book", origin=ORIGIN)
    assert refused.value.code == "workspace.book-exists"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ConflictError) as refused:
        Book.create(tmp_path / "full", origin=ORIGIN)
    assert refused.value.code == "workspace.not-empty"
    with pytest.raises(ConflictError):
        Book.create(tmp_path / "full" / "file", origin=ORIGIN)
    assert before == {
        path: path.read_bytes() for path in (tmp_path / "book").rglob("*") if path.is_file()
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book", "full"]


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "x" * 5000, "a\x00b", "\ud800"])
def test_an_origin_that_is_no_name_makes_nothing(tmp_path: Path, origin: str) -> None:
    with pytest.raises(GatebookError):
        Book.create(tmp_path / "book", origin=origin)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        Book.create(tmp_path / "file" / "book", origin=ORIGIN)
    with pytest.raises(StoreError):
        Book.create("/proc/nowhere/book", origin=ORIGIN)


@pytest.mark.slow
def test_a_crash_at_any_moment_leaves_no_half_of_a_book(tmp_path: Path) -> None:
    outcomes: list[int] = []
    for moment in range(0, 400, 3):
        target = tmp_path / str(moment) / "book"
        ended = subprocess.run(
            [sys.executable, "-c", CRASH, str(target), str(moment)], check=False
        ).returncode
        outcomes.append(ended)
        if target.exists():
            assert verify_book(target).faults == ()
        else:
            # What a crash has left beside it hinders nobody.
            Book.create(target, origin=ORIGIN).close()
        with Book.open(target) as book:
            assert book.size() == 1
        if ended == 0:
            break
    assert outcomes[-1] == 0
    assert outcomes.count(9) >= 5


def test_no_book_and_no_book_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as refused:
        Book.open(tmp_path)
    assert refused.value.code == "workspace.no-book"
    (tmp_path / "file").touch()
    with pytest.raises(NotFoundError):
        Book.open(tmp_path / "file")
    (tmp_path / "book.json").mkdir()
    with pytest.raises(StoreError):
        Book.open(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"format":"gatebook/book/v2","log_key":"x","origin":"x"}',
        b'{"format":"gatebook/book/v1","log_key":"x","origin":"x"}',
        b'{"format":1,"log_key":2,"origin":3}',
        b'{"format":"gatebook/book/v1","format":"gatebook/book/v1"}',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b" " * 70_000,
    ],
)
def test_a_damaged_book_file_is_refused(tmp_path: Path, content: bytes) -> None:
    Book.create(tmp_path / "book", origin=ORIGIN).close()
    (tmp_path / "book" / "book.json").write_bytes(content)
    with pytest.raises(MalformedError):
        Book.open(tmp_path / "book")


def test_the_key_has_to_be_private_and_a_key(tmp_path: Path) -> None:
    Book.create(tmp_path / "book", origin=ORIGIN).close()
    key = tmp_path / "book" / "keys" / "log.pem"
    key.chmod(0o604)
    with pytest.raises(KeyFileError) as refused:
        Book.open(tmp_path / "book")
    assert refused.value.code == "workspace.key-readable"
    key.chmod(0o600)
    Book.open(tmp_path / "book").close()
    good = key.read_bytes()
    for bad in (b"", good[:40], b"\xff" * 100):
        key.write_bytes(bad)
        with pytest.raises(GatebookError):
            Book.open(tmp_path / "book")
    key.unlink()
    with pytest.raises(KeyFileError):
        Book.open(tmp_path / "book")
    os.mkfifo(key, 0o600)
    with pytest.raises(KeyFileError):
        Book.open(tmp_path / "book")
