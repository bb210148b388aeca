"""Somebody touches the book, a receipt, or a log behind our back."""

import functools
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Company

TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))


def alter(book: Path, statement: str, *bound: object) -> None:
    """Change the database as somebody would who knows it: its triggers are put back."""
    with sqlite3.connect(book / "ledger.db") as ledger:
        triggers = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            ledger.execute(f"DROP TRIGGER {name}")
        changed = ledger.execute(statement, bound).rowcount
        for _, text in kept:
            ledger.execute(text)
    ledger.close()
    assert changed == 1


@contextmanager
def served(directory: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(directory))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_one_changed_byte_of_an_entry_is_named(company: "Company") -> None:
    alter(
        company.book,
        "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'app.bin', 'bpp.bin') AS BLOB) "
        "WHERE idx = 3",
    )
    ran = company.run("verify", "--book", ".gatebook")
    assert ran.status == 5
    assert "entry 3" in ran.err


def test_one_changed_byte_of_a_document_is_named(company: "Company") -> None:
    entry = company.json("show", "5")
    digest = entry["evidence"][0]["digest"].removeprefix("sha256:")
    flip(company.book / "blobs" / "sha256" / digest[:2] / digest, 30)
    ran = company.run("verify", "--book", ".gatebook")
    assert ran.status == 5
    assert digest[:12] in ran.err
    assert company.run("gate", "app.bin", "-e", "prod").status in {3, 4}


def test_a_book_rolled_back_is_not_opened(company: "Company") -> None:
    earlier = company.directory / "earlier.db"
    shutil.copy(company.book / "ledger.db", earlier)
    company.do("approve", "app.bin", "-e", "prod", "--key", "ben.pem")
    for file in company.book.glob("ledger.db*"):
        file.unlink()
    shutil.copy(earlier, company.book / "ledger.db")
    company.refused(5, "ledger.rolled-back", "log")
    company.refused(5, "ledger.rolled-back", "gate", "app.bin", "-e", "prod")
    company.refused(5, "ledger.rolled-back", "verify", "--book", ".gatebook")


def test_a_book_without_its_memory_is_not_opened(company: "Company") -> None:
    (company.book / "checkpoint").unlink()
    company.refused(5, "ledger.checkpoint-missing", "log")
    company.refused(5, "ledger.checkpoint-missing", "verify", "--book", ".gatebook")


def test_a_kept_checkpoint_shows_a_rollback_of_everything(company: "Company") -> None:
    backup = company.directory / "backup"
    shutil.copytree(company.book, backup)
    company.do("approve", "app.bin", "-e", "prod", "--key", "ben.pem")
    kept = company.write("kept", (company.book / "checkpoint").read_bytes())
    company.do("verify", "--book", ".gatebook", "--checkpoint", str(kept))
    shutil.rmtree(company.book)
    backup.rename(company.book)
    company.do("verify", "--book", ".gatebook")
    company.refused(
        5, "ledger.rolled-back", "verify", "--book", ".gatebook", "--checkpoint", str(kept)
    )


def test_another_key_of_the_log_is_noticed(company: "Company") -> None:
    company.do("init", "--ledger", "other", "--origin", "ledger.example.com/acme")
    other = company.do("key", "show", "--ledger", "other").out.strip()
    company.refused(5, "ledger.key-unknown", "verify", "--book", ".gatebook", "--log-key", other)
    shutil.copy(company.directory / "other" / "keys" / "log.pem", company.book / "keys" / "log.pem")
    ran = company.refused(2, "workspace.log-key-differs", "log")
    assert "hint: put the key back" in ran.err


def test_every_byte_of_a_receipt_counts(company: "Company") -> None:
    key = company.log_key()
    company.do("show", "5", "--receipt", "r.p", "--output", "e.json")
    company.do("show", "4", "--output", "other.json")
    verify = ("verify", "r.p", "--entry", "e.json", "--log-key")
    company.do(*verify, key)
    company.write("key.txt", key + "\n")
    company.do(*verify, "key.txt")
    assert company.run("verify", "r.p", "--entry", "other.json", "--log-key", key).status == 5
    company.do("init", "--ledger", "other", "--origin", "ledger.example.com/acme")
    wrong_key = company.do("key", "show", "--ledger", "other").out.strip()
    assert company.run(*verify, wrong_key).status == 5
    assert company.run(*verify, "nonsense").status == 5
    data = (company.directory / "r.p").read_bytes()
    for place in range(0, len(data), 29):
        company.write("bad.p", data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        ran = company.run("verify", "bad.p", "--entry", "e.json", "--log-key", key)
        # A changed bit may fall on the "extra" bytes of nobody, but never on a proof unseen.
        assert ran.status == 5, (place, data[place], ran)
    flip(company.directory / "e.json", 20)
    assert company.run(*verify, key).status == 5


def test_a_package_with_a_changed_byte(approved: "Company") -> None:
    approved.do("gate", "app.bin", "-e", "prod")
    approved.do("audit", "export", "8", "-o", "p.zip")
    approved.do("verify", "p.zip")
    data = (approved.directory / "p.zip").read_bytes()
    for place in range(10, len(data), len(data) // 12):
        approved.write("bad.zip", data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        ran = approved.run("verify", "bad.zip")
        assert ran.status == 5, (place, ran)
    approved.write("cut.zip", data[:-100])
    assert approved.run("verify", "cut.zip").status == 5
    approved.do("init", "--ledger", "other", "--origin", "ledger.example.com/acme")
    other = approved.do("key", "show", "--ledger", "other").out.strip()
    assert approved.run("verify", "p.zip", "--log-key", other).status == 5


def test_the_log_as_files_and_over_http(company: "Company") -> None:
    key = company.log_key()
    first = company.json("audit", "export", "--log", "tree")
    assert company.json("audit", "export", "--log", "tree")["files"] == 0, (
        "nothing is written twice"
    )
    tree = company.directory / "tree"
    report = company.json("verify", "--log", "tree", "--log-key", key)
    assert (report["size"], report["entries"]) == (7, 7)
    assert first["files"] >= 3
    with served(tree) as url:
        assert company.json("verify", "--log", url, "--log-key", key) == report
        assert company.json("verify", "--log", url + "/", "--log-key", key) == report
        (tree / "checkpoint").rename(tree / "gone")
        assert company.run("verify", "--log", url, "--log-key", key).status == 5
        (tree / "gone").rename(tree / "checkpoint")
        dead = url
    assert company.run("verify", "--log", dead, "--log-key", key).status == 6

    company.record()
    company.do("audit", "export", "--log", "tree")
    assert company.json("verify", "--log", "tree", "--log-key", key)["size"] == 8
    bundle = tree / "tile" / "entries" / "000.p" / "8"
    flip(bundle, 40)
    company.refused(2, "workspace.export-differs", "audit", "export", "--log", "tree")


def test_a_shorter_log_never_replaces_a_longer_one(company: "Company") -> None:
    backup = company.directory / "backup"
    shutil.copytree(company.book, backup)
    company.record()
    company.do("audit", "export", "--log", "tree")
    company.refused(
        2,
        "workspace.export-differs",
        *("audit", "export", "--log", "tree", "--ledger", "backup"),
    )


def test_logs_of_others(company: "Company", vectors: Path) -> None:
    trees = _trees(vectors)
    other = company.log_key()
    for directory, key in trees:
        report = company.json("verify", "--log", str(directory), "--log-key", key)
        assert report["entries"] == report["size"] > 0
        assert company.run("verify", "--log", str(directory), "--log-key", other).status == 5
        copy = company.directory / "copy"
        shutil.copytree(directory, copy)
        bundles = [path for path in (copy / "tile" / "entries").rglob("*") if path.is_file()]
        flip(max(bundles, key=lambda path: path.stat().st_size), 10)
        assert company.run("verify", "--log", "copy", "--log-key", key).status == 5
        shutil.rmtree(copy)


def test_receipts_outlive_the_key(company: "Company") -> None:
    old = company.log_key()
    company.do("show", "5", "--receipt", "old.p", "--output", "e.json")
    company.do("key", "rotate", "--receipt", "rotation.p")
    company.do("show", "7", "--output", "rotation.json")
    new = company.log_key()
    assert new != old
    company.do("show", "5", "--receipt", "new.p")
    verify = ("--entry", "e.json", "--log-key")
    company.do("verify", "old.p", *verify, old)
    company.do("verify", "new.p", *verify, new)
    assert company.run("verify", "old.p", *verify, new).status == 5
    assert company.run("verify", "new.p", *verify, old).status == 5
    for key in (old, new):
        # Who knows the old key learns of the new one from an entry that both vouch for.
        company.do("verify", "rotation.p", "--entry", "rotation.json", "--log-key", key)
        company.do("verify", "--book", ".gatebook", "--log-key", key)
    assert company.json("show", "7")["body"] == {"old_key": old, "new_key": new}
    company.do("key", "rotate")
    company.record()
    company.do("verify", "--book", ".gatebook", "--log-key", old)


def _trees(vectors: Path) -> list[tuple[Path, str]]:
    ledger = vectors / "ledger"
    generated = ledger / "generated-shared-a"
    roots = json.loads((generated / "roots.json").read_bytes())
    return [
        (ledger / "tessera-log" / "testdata" / "log", TESSERA_KEY),
        (generated / "tree", roots["log_vkey"]),
    ]


def revoke_everything(company: "Company") -> None:
    entries = company.do("log", "--kind", "approval.granted", "--json").json()["entries"]
    assert entries
    for entry in entries:
        company.do("revoke", str(entry["index"]))


def test_a_changed_revocation_in_the_ledger_never_allows(approved: "Company") -> None:
    """The changed entry no longer names the approval; everything else about it is sound."""
    revoke_everything(approved)
    assert approved.run("gate", "app.bin", "-e", "prod").status == 3
    changed = """UPDATE entry SET body = CAST(replace(CAST(body AS TEXT),
        '"rel":"revokes"', '"rel":"decided-by"') AS BLOB)
        WHERE instr(body, CAST('"kind":"approval.revoked"' AS BLOB))"""
    alter(approved.directory / ".gatebook", changed)
    undecided = approved.run("gate", "app.bin", "-e", "prod")
    assert undecided.status == 4
    assert "is not the one the log was signed over" in " ".join(undecided.out.split())


def test_one_damaged_table_of_the_index_hides_no_revocation(approved: "Company") -> None:
    revoke_everything(approved)
    with sqlite3.connect(approved.directory / ".gatebook" / "index.db") as index:
        index.execute("UPDATE approval SET revoked_at = NULL")
    index.close()
    assert approved.run("gate", "app.bin", "-e", "prod").status == 3


def test_a_decision_that_a_damaged_index_misled_does_not_replay(approved: "Company") -> None:
    revoke_everything(approved)
    book = approved.directory / ".gatebook"
    with sqlite3.connect(book / "index.db") as index:
        index.execute("UPDATE approval SET revoked_at = NULL")
        index.execute(
            "DELETE FROM subject WHERE at IN (SELECT at FROM entry WHERE kind = ?)",
            ("approval.revoked",),
        )
    index.close()
    misled = approved.run("gate", "app.bin", "-e", "prod", "--json").json()
    approved.refused(5, "workspace.index-differs", "verify", "--book", ".gatebook")
    approved.do("reindex")
    newest = str(approved.newest()["index"])
    approved.refused(5, "gate.replay-incomplete", "replay", newest)
    sound = approved.run("gate", "app.bin", "-e", "prod", "--json")
    assert sound.status == 3
    # The revocation that was hidden, and the allow that came of hiding it.
    assert len(sound.json()["entries"]) == len(misled["entries"]) + 2
    approved.do("replay", str(approved.newest()["index"]))
