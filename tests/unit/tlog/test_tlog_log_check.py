"""A whole log is read again, and the first object that is wrong is named."""

import random
from hashlib import sha256

import pytest

from gatebook.tlog.checkpoint import Checkpoint, sign_checkpoint
from gatebook.tlog.log_check import LogCheckError, check_log
from gatebook.tlog.note import VerifierKey


def shared_reader(cases):
    tree = cases.directory / "generated-shared-a/tree"

    def read(path):
        file = tree / path
        return file.read_bytes() if file.is_file() else None

    return read


def shared_keys(cases):
    facts = cases.load("generated-shared-a/roots.json")
    witnesses = [VerifierKey.parse(vkey) for vkey in facts["witnesses"]]
    return VerifierKey.parse(facts["log_vkey"]), witnesses


def test_the_shared_log_verifies(cases):
    log_key, witnesses = shared_keys(cases)
    seen = []
    report = check_log(
        shared_reader(cases),
        log_key,
        cosigners=witnesses,
        on_entry=lambda index, entry: seen.append((index, len(entry))),
    )
    assert (report.origin, report.size, report.entries) == ("ledger.example/shared-a", 1000, 1000)
    assert report.tiles == 5
    assert len(report.opened.note.verified) == 3
    assert [index for index, _ in seen] == list(range(1000))
    assert (seen[3], seen[5]) == ((3, 0), (5, 65_535))


def mutate(data: bytes, change) -> bytes:
    match change["op"]:
        case "xor":
            changed = bytearray(data)
            changed[change["offset"]] ^= change["mask"]
            return bytes(changed)
        case "truncate":
            return data[: change["length"]]
        case "append":
            return data + bytes.fromhex(change["hex"])
        case other:
            raise AssertionError(other)


def test_each_shared_mutation_is_detected_and_its_object_named(cases):
    log_key, _ = shared_keys(cases)
    read = shared_reader(cases)
    changes = cases.load("generated-shared-a/mutations.json")
    assert len(changes) == 5
    wrong = []
    for change in changes:

        def changed(path, change=change):
            data = read(path)
            return mutate(data, change) if path == change["path"] else data

        try:
            check_log(changed, log_key)
        except LogCheckError as error:
            # A hash changed in a level-0 tile shows as the entry that no longer fits it.
            in_leaf_tile = change["path"].startswith("tile/0/") and change["op"] == "xor"
            expected = f"entry {change['offset'] // 32}" if in_leaf_tile else change["path"]
            if error.bad_object != expected:
                wrong.append((change, error.bad_object))
        else:
            wrong.append((change, "not detected"))
    assert wrong == []


def test_another_log_verifies_at_each_of_its_sizes(cases):
    log = cases.directory / "tessera-log/testdata/log"
    key = VerifierKey.parse(
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    )
    for size in range(16):

        def read(path, size=size):
            file = log / (f"checkpoint.{size}" if path == "checkpoint" else path)
            return file.read_bytes() if file.is_file() else None

        report = check_log(read, key)
        assert (report.size, report.entries, report.tiles) == (size, size, 1 if size else 0)


def test_bundles_that_are_still_compressed_are_refused(cases):
    place = "sunlight/cmd/skylight/testdata/witness/mirror"
    mirror = (
        cases.directory / place / "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706"
    )
    key = VerifierKey.parse(
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O"
    )
    with pytest.raises(LogCheckError) as caught:
        check_log(lambda path: (mirror / path).read_bytes(), key, origin="rome2026h1.example.org")
    assert caught.value.bad_object == "tile/entries/000"


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 1000, 65_536, 65_537])
def test_exported_logs_verify(exported, log_signer, size):
    files = exported(size)
    report = check_log(files.get, log_signer.verifier)
    assert (report.size, report.entries) == (size, size)
    assert report.tiles == sum(
        1 for path in files if path.startswith("tile/") and "entries" not in path
    )


def test_a_missing_object_is_named(exported, log_signer):
    files = exported(600)
    assert len(files) == 8
    for path in files:
        remaining = {name: data for name, data in files.items() if name != path}
        with pytest.raises(LogCheckError) as caught:
            check_log(remaining.get, log_signer.verifier)
        assert (caught.value.bad_object, caught.value.code) == (path, "tlog.object-missing")


def test_partial_objects_may_give_way_to_full_ones(exported, log_signer):
    older, newer = exported(300), exported(700)
    files = newer | {"checkpoint": older["checkpoint"]}
    assert "tile/0/001.p/44" not in files
    # Level 1 has no full tile yet, so its partial one must still be served.
    files["tile/1/000.p/1"] = older["tile/1/000.p/1"]
    assert check_log(files.get, log_signer.verifier).size == 300
    files["tile/0/001"] = files["tile/0/001"][:-32]
    with pytest.raises(LogCheckError) as caught:
        check_log(files.get, log_signer.verifier)
    assert caught.value.bad_object == "tile/0/001"


def test_a_log_whose_files_agree_but_not_with_its_checkpoint_is_refused(exported, log_signer):
    files = exported(300)
    forged = Checkpoint(origin=log_signer.verifier.name, size=300, root=bytes(32))
    files["checkpoint"] = sign_checkpoint(forged, [log_signer])
    with pytest.raises(LogCheckError) as caught:
        check_log(files.get, log_signer.verifier)
    assert caught.value.bad_object == "checkpoint"


def test_two_entries_that_changed_places_are_noticed(exported, log_signer):
    files = exported(300)
    bundle = files["tile/entries/000"]
    files["tile/entries/000"] = bundle.replace(b'{"n":7}', b'{"n":8}', 1).replace(
        b'{"n":8}', b'{"n":7}', 2
    )
    assert files["tile/entries/000"] != bundle
    with pytest.raises(LogCheckError) as caught:
        check_log(files.get, log_signer.verifier)
    assert caught.value.bad_object.startswith("entry ")


def change_bytes(files, key, step):
    """Change each ``step``-th byte of each file in turn; return the changes nobody noticed."""
    noise = random.Random(20_261_120)  # noqa: S311  # which bit is flipped hides nothing
    unnoticed = []
    for path, data in files.items():
        for place in range(noise.randrange(step), len(data), step):
            changed = bytearray(data)
            changed[place] ^= noise.randrange(1, 256)
            served = files | {path: bytes(changed)}
            try:
                check_log(served.get, key)
            except LogCheckError as error:
                bundle_of_entry = error.bad_object.startswith("entry ") and path.startswith("tile/")
                if error.bad_object == path or bundle_of_entry:
                    continue
            unnoticed.append((path, place))
    return unnoticed


def test_changed_bytes_are_detected_and_named(exported, log_signer):
    files = exported(300)
    assert change_bytes(files, log_signer.verifier, 23) == []


@pytest.mark.slow
def test_every_changed_byte_is_detected_and_named(exported, log_signer):
    files = exported(300)
    assert sum(map(len, files.values())) > 13_000
    assert change_bytes(files, log_signer.verifier, 1) == []


def test_entries_are_handed_on_only_once_they_agree(exported, log_signer):
    files = exported(600)
    bundle = bytearray(files["tile/entries/001"])
    bundle[10] ^= 1
    files["tile/entries/001"] = bytes(bundle)
    seen = []
    with pytest.raises(LogCheckError):
        check_log(files.get, log_signer.verifier, on_entry=lambda index, _: seen.append(index))
    assert seen == list(range(256))


def test_a_log_signed_by_another_key_is_refused(exported):
    stranger = VerifierKey.parse(
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    )
    with pytest.raises(LogCheckError) as caught:
        check_log(exported(3).get, stranger)
    assert (caught.value.bad_object, caught.value.code) == (
        "checkpoint",
        "tlog.no-trusted-signature",
    )
    assert sha256(b"").hexdigest() not in str(caught.value)
