"""Files are made durable in the one order that survives a power cut, whoever made the directory."""

import pytest

from gatebook.digest import sha256
from gatebook.errors import VerificationError
from gatebook.ledger.store import BlobMissingError, StoreError
from gatebook.stores.disk import Disk
from gatebook.stores.files import CheckpointFile, FileBlobs, write_durably


class ListingDisk(Disk):
    """A disk that says in which order it was asked."""

    def __init__(self, root):
        self.root, self.calls = root, []

    def _add(self, call, path):
        name = path.relative_to(self.root).as_posix()
        self.calls.append((call, "scratch" if name.endswith(".tmp") else name))

    def write_new(self, path, data, mode):
        self._add("write and sync", path)
        super().write_new(path, data, mode)

    def rename(self, source, target):
        self._add("rename to", target)
        super().rename(source, target)

    def make_directory(self, path):
        self._add("make", path)
        super().make_directory(path)

    def sync_directory(self, path):
        self._add("sync names of", path)
        super().sync_directory(path)


def test_contents_are_durable_before_the_name_and_the_name_before_the_answer(tmp_path):
    disk = ListingDisk(tmp_path)
    write_durably(tmp_path / "file", b"bytes", disk=disk)
    assert disk.calls == [
        ("write and sync", "scratch"),
        ("rename to", "file"),
        ("sync names of", "."),
    ]
    assert (tmp_path / "file").read_bytes() == b"bytes"


def test_a_directory_somebody_else_made_is_synced_before_it_is_relied_on(tmp_path):
    digest = FileBlobs(tmp_path / "blobs").put(b"report")
    shard = f"blobs/sha256/{digest.hex[:2]}"
    disk = ListingDisk(tmp_path)
    blobs = FileBlobs(tmp_path / "blobs", disk=disk)
    assert blobs.put(b"report") == digest
    assert disk.calls == [
        ("make", "blobs"),
        ("sync names of", "."),
        ("make", "blobs/sha256"),
        ("sync names of", "blobs"),
        ("make", shard),
        ("sync names of", "blobs/sha256"),
        ("sync names of", shard),
    ]
    disk.calls.clear()
    blobs.put(b"report")
    assert disk.calls == []


def test_blobs_are_read_only_files_in_shards(tmp_path):
    digest = FileBlobs(tmp_path).put(b"report")
    path = tmp_path / "sha256" / sha256(b"report").hex[:2] / digest.hex
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.read_bytes() == b"report"


def test_a_checkpoint_is_written_at_most_as_often_as_asked_and_on_flush(tmp_path):
    note = b"log\n%d\nroot\n"
    memory = CheckpointFile(tmp_path / "known", seconds=3600)
    memory.remember(note % 1)
    for size in range(2, 10):
        memory.remember(note % size)
    assert (tmp_path / "known").read_bytes() == note % 1
    assert memory.recall() == note % 9
    memory.flush()
    assert (tmp_path / "known").read_bytes() == note % 9


def test_a_large_file_is_stored_without_being_held_in_memory(tmp_path):
    blobs = FileBlobs(tmp_path / "blobs")
    source = tmp_path / "large"
    source.write_bytes(b"x" * 3_000_000)
    digest = sha256(source.read_bytes())
    blobs.put_file(source, digest)
    blobs.put_file(source, digest)
    assert blobs.get(digest) == source.read_bytes()
    assert blobs.path_of(digest).read_bytes() == source.read_bytes()
    assert list(blobs.structure_faults()) == []


def test_a_file_that_was_changed_meanwhile_is_not_stored(tmp_path):
    blobs = FileBlobs(tmp_path / "blobs")
    source = tmp_path / "large"
    source.write_bytes(b"before")
    digest = sha256(b"before")
    source.write_bytes(b"after!")
    with pytest.raises(VerificationError) as refused:
        blobs.put_file(source, digest)
    assert refused.value.code == "stores.source-changed"
    assert list(blobs.digests()) == []
    with pytest.raises(BlobMissingError):
        blobs.path_of(digest)


def test_a_stored_file_that_was_changed_is_not_taken_for_the_one(tmp_path):
    source = tmp_path / "large"
    source.write_bytes(b"before")
    digest = sha256(b"before")
    first = FileBlobs(tmp_path / "blobs")
    first.put_file(source, digest)
    path = first.path_of(digest)
    path.chmod(0o644)
    path.write_bytes(b"after!")
    with pytest.raises(VerificationError):
        FileBlobs(tmp_path / "blobs").put_file(source, digest)


def test_after_a_file_that_could_not_be_copied_nothing_is_stored(tmp_path):
    blobs = FileBlobs(tmp_path / "blobs")
    with pytest.raises(StoreError):
        blobs.put_file(tmp_path / "nowhere", sha256(b"x"))
    with pytest.raises(StoreError):
        blobs.put(b"y")
