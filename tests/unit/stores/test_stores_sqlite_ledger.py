"""The ledger's file: its settings are in force, others' files are refused, processes share it."""

import subprocess
import sys
import textwrap
import threading

import apsw
import pytest

from gatebook.clock import FixedClock, Instant
from gatebook.digest import sha256
from gatebook.errors import ConflictError, GatebookError
from gatebook.ledger.check import check_chunk, check_ledger
from gatebook.ledger.check_tree import Chunk
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import EvidenceReported
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.store import StoreError
from gatebook.names import Actor
from gatebook.stores.files import CheckpointFile
from gatebook.stores.parallel_check import _check_there, check_in_processes
from gatebook.stores.sqlite_errors import StoreCorruptError
from gatebook.stores.sqlite_index import SqliteIndex
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey

SIGNER = SignerKey.from_seed("log.example/sqlite", b"q" * 32)


@pytest.fixture
def path(tmp_path):
    SqliteLedger.create(tmp_path / "ledger.db")
    return tmp_path / "ledger.db"


@pytest.fixture
def store(path):
    opened = SqliteLedger(path)
    yield opened
    opened.close()


def fill(store, count):
    memory = CheckpointFile(store.path.with_name("checkpoint"))
    clock = FixedClock(Instant.parse("2026-11-20T14:30:00Z"))
    ledger = Ledger(store, memory=memory, signer=SIGNER, clock=clock)
    ledger.append(
        *(
            Draft(
                actor=Actor("local", "ci"),
                body=EvidenceReported(format="junit"),
                subjects=(sha256(b"%d" % number),),
            )
            for number in range(count)
        )
    )
    ledger.close()
    return ledger, memory


def test_the_settings_durability_rests_on_are_in_force(store, tmp_path):
    for connection in (store.connection(), store._write):
        assert connection.pragma("journal_mode") == "wal"
        assert connection.pragma("synchronous") == 2
        assert connection.pragma("cell_size_check") == 1
        assert connection.pragma("trusted_schema") == 0
        assert connection.pragma("wal_autocheckpoint") == 4000
    index = SqliteIndex(tmp_path / "index.db")
    assert index._write.pragma("synchronous") == 1
    assert index._write.pragma("journal_mode") == "wal"
    index.close()


def test_a_ledger_is_created_once_and_leaves_nothing_beside_it(path):
    assert [found.name for found in path.parent.iterdir()] == ["ledger.db"]
    with pytest.raises(ConflictError) as refused:
        SqliteLedger.create(path)
    assert refused.value.code == "stores.exists"
    with pytest.raises(StoreError):
        SqliteLedger.create(path.parent / "missing" / "ledger.db")


@pytest.mark.parametrize(
    "content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 4080, b"\xff" * 9000]
)
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(StoreCorruptError):
        SqliteLedger(path)
    if content:
        assert path.read_bytes() == content


def test_a_ledger_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(StoreError):
        SqliteLedger(tmp_path / "ledger.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("table", ["entry", "tile", "checkpoint"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid"])
def test_rows_are_neither_changed_nor_deleted_by_mistake(store, table, statement):
    fill(store, 300)
    store.keep_checkpoint(300, b"note")
    sql = statement.format(table).replace("rowid", "idx" if table != "checkpoint" else "size")
    with pytest.raises(apsw.ConstraintError):
        store.connection().execute(sql)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER entry_delete",
        "DROP INDEX entry_key",
        "CREATE TABLE more (x)",
        "CREATE TRIGGER sly AFTER INSERT ON entry BEGIN SELECT 1; END",
    ],
)
def test_another_structure_than_that_of_a_ledger_is_a_fault(store, statement):
    assert list(store.structure_faults()) == []
    store.connection().execute(statement)
    assert list(store.structure_faults()) != []


@pytest.mark.parametrize("value", ["'text'", "7", "x'00'"])
def test_a_column_of_another_type_is_a_fault_and_not_a_crash(path, value):
    store = SqliteLedger(path)
    _, memory = fill(store, 5)
    connection = store.connection()
    connection.execute("PRAGMA writable_schema = ON; DROP TRIGGER entry_update")
    connection.execute(
        "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), 'BLOB', '') "
        "WHERE name = 'entry'"
    )
    store.close()
    connection = apsw.Connection(str(path))
    connection.execute(f"UPDATE entry SET body = {value} WHERE idx = 2")  # noqa: S608  # a constant
    connection.close()
    store = SqliteLedger(path)
    report = check_ledger(store, known=memory.recall(), keys=[SIGNER.verifier])
    with pytest.raises(GatebookError):
        report.require_sound()
    store.close()


def test_a_readers_connection_goes_with_its_thread(store):
    fill(store, 3)
    for _ in range(20):
        thread = threading.Thread(target=store.head)
        thread.start()
        thread.join()
    assert len(store._opened) <= 3


def test_several_processes_check_chunks_as_one_does(store, path):
    fill(store, 256 * 6 + 10)
    chunks = [Chunk((0, 2)), Chunk((2, 5)), Chunk((5, 6))]
    alone = [check_chunk(store, chunk) for chunk in chunks]
    assert list(check_in_processes(path)(chunks)) == alone
    assert list(_check_there(path, chunks, 2)) == alone
    memory = CheckpointFile(path.with_name("checkpoint"))
    report = check_ledger(
        store,
        known=memory.recall(),
        keys=[SIGNER.verifier],
        run=lambda chunks: _check_there(path, chunks, 2),
    )
    assert report.faults == ()


APPEND = textwrap.dedent("""
    import os
    import sys
    from pathlib import Path
    from gatebook.clock import SystemClock
    from gatebook.digest import sha256
    from gatebook.ledger.entry import Draft
    from gatebook.ledger.kinds import EvidenceReported
    from gatebook.ledger.ledger import Ledger
    from gatebook.names import Actor
    from gatebook.stores.files import CheckpointFile
    from gatebook.stores.sqlite_ledger import SqliteLedger
    from gatebook.tlog.keys import SignerKey
    from threading import Thread
    book = Path(sys.argv[1])
    signer = SignerKey.from_seed("log.example/sqlite", b"q" * 32)
    ledger = Ledger(SqliteLedger(book / "ledger.db"), memory=CheckpointFile(book / "checkpoint"),
                    signer=signer, clock=SystemClock())
    def work():
        for number in range(60):
            for _ in range(2):
                (done,) = ledger.append(Draft(
                    actor=Actor("local", "ci"), body=EvidenceReported(format="junit"),
                    subjects=(sha256(b"%d" % number),), idempotency_key=f"fact {number}"))
                os.write(1, b"%d %d\\n" % (number, done.index))
    threads = [Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    ledger.close()
""")


def test_two_processes_with_four_threads_each_append_each_fact_once(path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, str(path.parent)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    answers = []
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        answers += [tuple(map(int, line.split())) for line in output.splitlines()]
    assert len(answers) == 2 * 4 * 60 * 2
    assert len(set(answers)) == 60
    store = SqliteLedger(path)
    assert store.head().size == 60
    known = CheckpointFile(path.with_name("checkpoint")).recall()
    assert check_ledger(store, known=known, keys=[SIGNER.verifier]).faults == ()
    store.close()
