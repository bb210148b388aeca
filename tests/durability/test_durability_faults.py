"""The disk fails or fills: nothing is acknowledged, and after opening again the book is whole."""

import errno
import os
import resource
import signal
import subprocess
import sys
import textwrap

import apsw
import pytest

from gatebook.clock import SystemClock
from gatebook.digest import sha256
from gatebook.ledger.check import check_ledger
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import EvidenceReported
from gatebook.ledger.ledger import Ledger, LedgerFailedError
from gatebook.ledger.store import StoreError
from gatebook.names import Actor
from gatebook.stores.disk import Disk
from gatebook.stores.files import CheckpointFile, FileBlobs
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey

SIGNER = SignerKey.from_seed("log.example/faults", b"f" * 32)


class FailingVfs(apsw.VFS):
    """Fails the n-th call of one kind once it is armed, as a full or broken disk would."""

    def __init__(self, name, call, error):
        self.call, self.error, self.countdown = call, error, None
        super().__init__(name, base="")

    def xOpen(self, name, flags):  # noqa: N802  # SQLite's name
        return FailingFile(self, name, flags)

    def called(self, call):
        if self.countdown is not None and call == self.call:
            self.countdown -= 1
            if self.countdown < 0:
                raise self.error


class FailingFile(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self.disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data, offset):  # noqa: N802  # SQLite's name
        self.disk.called("write")
        super().xWrite(data, offset)

    def xSync(self, flags):  # noqa: N802  # SQLite's name
        self.disk.called("sync")
        super().xSync(flags)


def a_fact(number):
    return Draft(
        actor=Actor("local", "ci"),
        body=EvidenceReported(format="junit"),
        subjects=(sha256(b"%d" % number),),
        idempotency_key=f"fact {number}",
    )


def open_ledger(place, **settings):
    store = SqliteLedger(place / "ledger.db", wal_pages=10, **settings)
    memory = CheckpointFile(place / "checkpoint")
    return store, Ledger(store, memory=memory, signer=SIGNER, clock=SystemClock())


def sqlite_error(kind, extended):
    error = kind("the disk says no")
    error.extendedresult = extended
    return error


FAULTS = {
    "a sync fails": ("sync", apsw.IOError, apsw.SQLITE_IOERR_FSYNC),
    "a write fails": ("write", apsw.IOError, apsw.SQLITE_IOERR_WRITE),
    "the disk is full": ("write", apsw.FullError, apsw.SQLITE_FULL),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("after", [0, 1, 2, 3, 5, 8, 13, 21, 34])
def test_a_failed_commit_acknowledges_nothing_and_stops_the_ledger(tmp_path, fault, after):
    call, kind, extended = FAULTS[fault]
    SqliteLedger.create(tmp_path / "ledger.db")
    vfs = FailingVfs(f"failing {tmp_path}", call, sqlite_error(kind, extended))
    store, ledger = open_ledger(tmp_path, vfs=f"failing {tmp_path}")
    ledger.append(a_fact(0))
    vfs.countdown = after
    acknowledged, refused = 1, None
    for number in range(1, 60):
        try:
            ledger.append(a_fact(number))
        except StoreError as error:
            refused = number, error
            break
        acknowledged += 1
    assert refused is not None, "the fault was never met"
    # The disk is well again; nobody knows what the failed commit left behind.
    vfs.countdown = None
    with pytest.raises(LedgerFailedError) as failed:
        ledger.append(a_fact(100))
    assert failed.value.code == "ledger.failed"
    with pytest.raises(LedgerFailedError):
        ledger.submit(a_fact(100))
    ledger.close()
    store.close()
    vfs.unregister()

    store, ledger = open_ledger(tmp_path)
    for number in range(acknowledged):
        assert ledger.append(a_fact(number))[0].duplicate, number
    (again,) = ledger.append(a_fact(refused[0]))
    assert again.index == acknowledged
    assert ledger.head().size == acknowledged + 1
    assert check_ledger(store, known=ledger.checkpoint(), keys=[SIGNER.verifier]).faults == ()
    store.close()


class BrokenDisk(Disk):
    """Fails one kind of call from some moment on."""

    def __init__(self, call, number=errno.EIO):
        self.call, self.number, self.broken = call, number, False

    def _check(self, call):
        if self.broken and call == self.call:
            raise OSError(self.number, os.strerror(self.number))

    def write_new(self, path, data, mode):
        self._check("write")
        super().write_new(path, data, mode)

    def rename(self, source, target):
        self._check("rename")
        super().rename(source, target)

    def make_directory(self, path):
        self._check("mkdir")
        super().make_directory(path)

    def sync_directory(self, path):
        self._check("sync names")
        super().sync_directory(path)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("call", ["write", "rename", "mkdir", "sync names"])
def test_a_blob_that_is_not_surely_durable_is_refused_until_opened_again(tmp_path, call, number):
    disk = BrokenDisk(call, number)
    blobs = FileBlobs(tmp_path, disk=disk)
    first = blobs.put(b"the first")
    disk.broken = True
    with pytest.raises(StoreError) as refused:
        blobs.put(b"the second")
    assert refused.value.code == "stores.write-failed"
    disk.broken = False
    with pytest.raises(StoreError):
        blobs.put(b"the third")
    again = FileBlobs(tmp_path)
    assert again.get(again.put(b"the second")) == b"the second"
    assert again.get(first) == b"the first"
    assert list(again.structure_faults()) == []


@pytest.mark.parametrize("call", ["write", "rename", "sync names"])
def test_a_checkpoint_that_is_not_durable_stops_the_ledger(tmp_path, call):
    SqliteLedger.create(tmp_path / "ledger.db")
    disk = BrokenDisk(call)
    store = SqliteLedger(tmp_path / "ledger.db")
    memory = CheckpointFile(tmp_path / "checkpoint", seconds=0, disk=disk)
    ledger = Ledger(store, memory=memory, signer=SIGNER, clock=SystemClock())
    ledger.append(a_fact(0))
    disk.broken = True
    with pytest.raises(StoreError):
        ledger.append(a_fact(1))
    disk.broken = False
    with pytest.raises(LedgerFailedError):
        ledger.append(a_fact(2))
    store.close()
    store, ledger = open_ledger(tmp_path)
    assert ledger.append(a_fact(1))[0].index == 1
    store.close()


def test_a_process_that_may_not_write_more_leaves_no_half_blob(tmp_path):
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from gatebook.ledger.store import StoreError
        from gatebook.stores.files import FileBlobs
        blobs = FileBlobs(Path(sys.argv[1]))
        blobs.put(b"small")
        try:
            blobs.put(b"x" * 100_000)
        except StoreError as error:
            sys.exit(7 if error.code == "stores.write-failed" else 8)
    """)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        preexec_fn=limit,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 7, done.stderr
    blobs = FileBlobs(tmp_path)
    assert list(blobs.digests()) == [sha256(b"small")]
    assert [path.name for path in tmp_path.rglob(".*.tmp")] == []
    assert blobs.get(blobs.put(b"x" * 100_000)) == b"x" * 100_000
