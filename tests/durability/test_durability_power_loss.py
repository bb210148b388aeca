"""Power fails at any point: what was synced is there, what was not may be there, torn or not.

A run of the ledger is recorded, write by write and sync by sync, for the database (an SQLite VFS)
and for files (a recording :class:`Disk`). The record is replayed up to each point, with what was
not synced applied not at all, wholly, in random parts, or in random 512-byte sectors; the image
must open, verify, and hold everything acknowledged before the point, blobs included.
"""

import hashlib
import random
import shutil
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from gatebook.clock import SystemClock
from gatebook.errors import GatebookError
from gatebook.ledger.check import check_ledger
from gatebook.ledger.entry import BlobReference, Draft
from gatebook.ledger.kinds import EvidenceReported
from gatebook.ledger.ledger import Ledger
from gatebook.names import Actor
from gatebook.stores.disk import Disk
from gatebook.stores.files import CheckpointFile, FileBlobs
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey

SIGNER = SignerKey.from_seed("log.example/power", b"p" * 32)
MODES = ("none", "all", "random", "torn")
SECTOR = 512


class Contents:
    """A file on the platter, and the writes that may not have got there."""

    def __init__(self, durable=b""):
        self.durable = bytes(durable)
        self.pending = []

    def sync(self):
        self.durable = self.after_cut("all", None)
        self.pending = []

    def after_cut(self, mode, chance):
        image = bytearray(self.durable)
        for offset, data in self.pending:
            if mode == "none" or (mode == "random" and chance.random() < 0.5):
                continue
            if data is None:  # truncation to `offset`
                if mode != "torn" or chance.random() < 0.5:
                    del image[offset:]
                continue
            step = SECTOR - offset % SECTOR if mode == "torn" else len(data)
            place = 0
            while place < len(data):
                piece = data[place : place + step]
                if mode != "torn" or chance.random() < 0.5:
                    start = offset + place
                    image.extend(bytes(max(0, start - len(image))))
                    image[start : start + len(piece)] = piece
                place += step
                step = SECTOR if mode == "torn" else step
        return bytes(image)


class Platter:
    """Everything below one directory, as it would be found after a power cut."""

    def __init__(self):
        self.files = {}
        self.names = {Path(): "directory"}
        self.pending_names = []

    def apply(self, event):
        match event:
            case ("write", file, offset, data):
                self.files.setdefault(file, Contents()).pending.append((offset, data))
            case ("sync", file):
                self.files.setdefault(file, Contents()).sync()
            case ("name", directory, change) if change:
                self.pending_names.append((directory, change))
            case ("sync-names", directory):
                for where, change in self.pending_names:
                    if where == directory:
                        self._change(self.names, change)
                self.pending_names = [item for item in self.pending_names if item[0] != directory]

    @staticmethod
    def _change(names, change):
        for name, file in change.items():
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file

    def image(self, mode, chance, place):
        names = dict(self.names)
        for _, change in self.pending_names:
            if mode == "all" or (mode in {"random", "torn"} and chance.random() < 0.5):
                self._change(names, change)
        for name in sorted(names):
            file = names[name]
            if any(names.get(parent) != "directory" for parent in name.parents):
                continue
            if file == "directory":
                (place / name).mkdir(exist_ok=True)
            else:
                contents = self.files.get(file, Contents())
                (place / name).write_bytes(contents.after_cut(mode, chance))


class Recorder:
    """What happened, in order, below ``root``."""

    def __init__(self, root):
        self.root = root
        self.events = []
        self.made = 0

    def name(self, path):
        return Path(path).relative_to(self.root)

    def add(self, *event):
        self.events.append(event)


class RecordingDisk(Disk):
    def __init__(self, recorder):
        self.recorder = recorder

    def write_new(self, path, data, mode):
        recorder = self.recorder
        recorder.made += 1
        file = f"file {recorder.made}"
        name = recorder.name(path)
        recorder.add("name", name.parent, {name: file})
        recorder.add("write", file, 0, data)
        super().write_new(path, data, mode)
        self.contents_synced(file)

    def contents_synced(self, file):
        self.recorder.add("sync", file)

    def rename(self, source, target):
        super().rename(source, target)
        old, new = self.recorder.name(source), self.recorder.name(target)
        file = next(
            event[2][old]
            for event in reversed(self.recorder.events)
            if event[0] == "name" and old in event[2]
        )
        self.recorder.add("name", new.parent, {old: None, new: file})

    def make_directory(self, path):
        fresh = not path.is_dir()
        super().make_directory(path)
        name = self.recorder.name(path)
        self.recorder.add("name", name.parent, {name: "directory"} if fresh else {})

    def sync_directory(self, path):
        super().sync_directory(path)
        self.recorder.add("sync-names", self.recorder.name(path))


class ForgetsNames(RecordingDisk):
    """A disk whose directories are never synced."""

    def sync_directory(self, path):
        pass


class ForgetsContents(RecordingDisk):
    """A disk whose files are never synced."""

    def contents_synced(self, file):
        pass


class RecordingVfs(apsw.VFS):
    def __init__(self, name, recorder):
        self.recorder = recorder
        super().__init__(name, base="")

    def xOpen(self, name, flags):  # noqa: N802  # SQLite's name
        return RecordingFile(self.recorder, name, flags)


class RecordingFile(apsw.VFSFile):
    def __init__(self, recorder, name, flags):
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.recorder = recorder
        self.file = Path(path).name
        super().__init__("", name, flags)

    def xWrite(self, data, offset):  # noqa: N802  # SQLite's name
        self.recorder.add("write", self.file, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, size):  # noqa: N802  # SQLite's name
        self.recorder.add("write", self.file, size, None)
        super().xTruncate(size)

    def xSync(self, flags):  # noqa: N802  # SQLite's name
        super().xSync(flags)
        self.recorder.add("sync", self.file)


def a_report(number, blob, data):
    return Draft(
        actor=Actor("local", "ci"),
        body=EvidenceReported(format="junit"),
        evidence=(BlobReference(digest=blob, size=len(data), media_type="text/xml"),),
        idempotency_key=f"report {number}",
    )


def record(root, *, synchronous="FULL", disk=RecordingDisk, appends=60, wal_pages=12):
    """Run a ledger for a while; return its events, acknowledgements among them."""
    database = root / "ledger.db"
    SqliteLedger.create(database)
    recorder = Recorder(root)
    name = f"recording {root}"
    vfs = RecordingVfs(name, recorder)
    recording = disk(recorder)
    created = database.read_bytes()
    store = SqliteLedger(database, vfs=name, synchronous=synchronous, wal_pages=wal_pages)
    memory = CheckpointFile(root / "checkpoint", seconds=0, disk=recording)
    ledger = Ledger(store, memory=memory, signer=SIGNER, clock=SystemClock())
    recorder.add("opened")
    blobs = FileBlobs(root / "blobs", disk=recording)
    for number in range(appends):
        # A new document now and then: each costs every image a file in a directory of its own.
        data = f"report {number // 12} ".encode() * (1 + number // 12 * 40)
        blob = blobs.put(data)
        drafts = [a_report(f"{number}.{part}", blob, data) for part in range(1 + number % 2)]
        for done in ledger.append(*drafts):
            recorder.add("acknowledged", done.index, done.entry.id)
    store.close()
    vfs.unregister()
    return recorder.events, created


@contextmanager
def opened(image):
    store = SqliteLedger(image / "ledger.db")
    memory = CheckpointFile(image / "checkpoint")
    try:
        yield store, Ledger(store, memory=memory, signer=SIGNER, clock=SystemClock()), memory
    finally:
        store.close()


def what_is_wrong(image, acknowledged):
    try:
        with opened(image) as (store, ledger, memory):
            for index, entry_id in acknowledged:
                if ledger.find(entry_id) != index:
                    return f"entry {index} was acknowledged and is lost"
            blobs = FileBlobs(image / "blobs")
            report = check_ledger(store, known=memory.recall(), keys=[SIGNER.verifier], blobs=blobs)
            report.require_sound()
    except GatebookError as error:
        return f"{error.code}: {error}"
    return None


def bad_images(root, place, *, cuts=1, seed=1, **settings):
    """Replay each point of a run in each mode; return how many images there were, and bad ones."""
    root.mkdir()
    events, created = record(root, **settings)
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    platter = Platter()
    platter.names[Path("ledger.db")] = "ledger.db"
    platter.names[Path("ledger.db-wal")] = "ledger.db-wal"
    platter.files["ledger.db"] = Contents(created)
    acknowledged = []
    images, bad = 0, []
    ready = False
    for point, event in enumerate(events):
        platter.apply(event)
        if event[0] == "acknowledged":
            acknowledged.append(event[1:])
        ready = ready or event[0] == "opened"
        if not ready or point % cuts:
            continue
        for mode in MODES:
            place.mkdir()
            platter.image(mode, chance, place)
            images += 1
            wrong = what_is_wrong(place, acknowledged)
            if wrong is not None:
                bad.append(f"after event {point} ({event[0]}), {mode}: {wrong}")
            shutil.rmtree(place)
    return images, bad


@pytest.mark.slow
def test_no_power_cut_loses_what_was_acknowledged_or_a_blob_an_entry_names(tmp_path):
    images, bad = bad_images(tmp_path / "run", tmp_path / "image")
    assert bad == []
    assert images >= 2000


def test_a_database_that_does_not_sync_each_commit_is_caught(tmp_path):
    images, bad = bad_images(
        tmp_path / "run",
        tmp_path / "image",
        synchronous="NORMAL",
        appends=15,
        cuts=5,
        wal_pages=1000,
    )
    assert images > 50
    assert any("acknowledged and is lost" in line or "rolled-back" in line for line in bad)


@pytest.mark.parametrize("disk", [ForgetsNames, ForgetsContents])
def test_a_disk_that_does_not_sync_files_or_names_is_caught(tmp_path, disk):
    images, bad = bad_images(tmp_path / "run", tmp_path / "image", disk=disk, appends=15, cuts=5)
    assert images > 30
    assert any("blob" in line for line in bad)


def test_the_recorded_run_is_the_run(tmp_path):
    (tmp_path / "run").mkdir()
    events, created = record(tmp_path / "run", appends=10)
    platter = Platter()
    platter.names[Path("ledger.db")] = "ledger.db"
    platter.files["ledger.db"] = Contents(created)
    for event in events:
        platter.apply(event)
    (tmp_path / "image").mkdir()
    chance = random.Random(0)  # noqa: S311  # repeatable, not secret
    platter.image("all", chance, tmp_path / "image")
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file() and not path.name.endswith(("-wal", "-shm")):
            replayed = (tmp_path / "image" / path.relative_to(tmp_path / "run")).read_bytes()
            assert hashlib.sha256(replayed).digest() == hashlib.sha256(path.read_bytes()).digest()
