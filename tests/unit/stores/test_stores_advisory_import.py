"""Advisories are imported whole or not at all, from whatever they come in, always the same."""

import bz2
import gzip
import io
import json
import random
import zipfile

import apsw
import pytest
import zstandard

from gatebook.clock import Instant
from gatebook.digest import sha256
from gatebook.errors import GatebookError
from gatebook.stores.advisory_import import import_advisories, load_advisories
from gatebook.stores.advisory_store import AdvisoryStore, is_advisory_store
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot

NOW = Instant.parse("2026-11-20T12:00:00Z")
KEV = json.dumps(
    {
        "catalogVersion": "1",
        "vulnerabilities": [{"cveID": "CVE-2024-1000", "dateAdded": "2024-05-01"}],
    }
).encode()
EPSS = (
    b"#model_version:v1,score_date:2026-11-20T00:00:00Z\ncve,epss,percentile\n"
    b"CVE-2024-1000,0.5,0.9\n"
)


def record(identifier, modified="2026-01-01T00:00:00Z", ecosystem="PyPI", name="x", **more):
    made = {
        "id": identifier,
        "modified": modified,
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
            }
        ],
        **more,
    }
    return json.dumps(made).encode()


def archive(*members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return made.getvalue()


@pytest.fixture
def put(tmp_path):
    def put(name, data):
        path = tmp_path / "given" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return put


def imported(tmp_path, *paths, **more):
    return import_advisories(paths, into=tmp_path / "store", now=NOW, **more)


def known(tmp_path):
    with AdvisoryStore(tmp_path / "store") as store:
        return [identifier for identifier, _ in store.digests()]


def refused(tmp_path, *paths, **more):
    with pytest.raises(GatebookError) as error:
        imported(tmp_path, *paths, **more)
    assert not list(tmp_path.glob(".store*")), "nothing is left behind"
    return error.value


# -- forms -----------------------------------------------------------------------------------------


def test_a_mirror_in_the_layout_of_osv_scanner_is_imported(tmp_path, put):
    put("osv-scanner/PyPI/all.zip", archive(("PYSEC-1.json", record("PYSEC-1"))))
    put("osv-scanner/npm/all.zip", archive(("GHSA-1.json", record("GHSA-1", ecosystem="npm"))))
    put("osv-scanner/ecosystems.txt", b"PyPI\nnpm\n")
    made = imported(tmp_path, tmp_path / "given")
    assert known(tmp_path) == ["GHSA-1", "PYSEC-1"]
    assert [each.ecosystems for each in made.snapshot.sources] in (
        [("PyPI",), ("npm",)],
        [("npm",), ("PyPI",)],
    )
    assert made.passed_over == 1


LINES = record("A-1") + b"\n\n" + record("A-2") + b"\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (LINES, ["A-1", "A-2"]),
        (gzip.compress(LINES), ["A-1", "A-2"]),
        (bz2.compress(LINES), ["A-1", "A-2"]),
        (zstandard.compress(LINES), ["A-1", "A-2"]),
        (b"[" + record("A-1") + b"," + record("A-2") + b"]", ["A-1", "A-2"]),
        (record("A-1"), ["A-1"]),
        (json.dumps(json.loads(record("A-1")), indent=2).encode(), ["A-1"]),
        (gzip.compress(record("A-1")), ["A-1"]),
        (archive(("deep/er/A-1.json", record("A-1")), ("A-2", record("A-2"))), ["A-1", "A-2"]),
    ],
)
def test_the_form_is_told_by_the_content(tmp_path, put, data, expected):
    file = put("any.name", data)
    made = imported(tmp_path, file)
    assert known(tmp_path) == expected
    (source,) = made.snapshot.sources
    assert (source.entries, source.size) == (len(expected), len(data))
    assert source.digest == str(sha256(data))
    assert made.documents[0].read() == data


def test_catalogue_and_scores_go_with_the_records(tmp_path, put):
    paths = [put("a", record("A-1")), put("b", gzip.compress(KEV)), put("c", gzip.compress(EPSS))]
    made = imported(tmp_path, *paths)
    assert [(each.kind, each.entries, each.revision) for each in made.snapshot.sources] == [
        ("epss", 1, "v1"),
        ("kev", 1, "1"),
        ("osv", 1, None),
    ]
    with AdvisoryStore(tmp_path / "store") as store:
        assert store.exploited(["CVE-2024-1000"])["CVE-2024-1000"].date_added == "2024-05-01"
        assert store.scores(["CVE-2024-1000", "CVE-2024-1"])["CVE-2024-1000"].probability == "0.5"


def test_loose_records_are_one_source_that_can_be_imported_again(tmp_path, put):
    pretty = json.dumps(json.loads(record("A-2")), indent=2).encode()
    put("one/A-1.json", record("A-1"))
    put("two/A-2.json", pretty)
    put("README.md", b"# nothing\n")
    put("other.json", b'{"name": "not an advisory"}')
    put(".git/config", record("HIDDEN-1"))
    made = imported(tmp_path, tmp_path / "given")
    assert (known(tmp_path), made.passed_over) == (["A-1", "A-2"], 2)
    (document,) = made.documents
    assert made.snapshot.sources[0].digest == str(sha256(document.read()))
    again, _ = load_advisories([put("again", document.read())], now=NOW)
    with again:
        assert [identifier for identifier, _ in again.digests()] == ["A-1", "A-2"]
        assert json.loads(again.record_bytes("A-2")) == json.loads(pretty)


# -- one answer, whatever the order ----------------------------------------------------------------


def test_the_newest_version_of_a_record_stands_whatever_the_order(tmp_path, put):
    older = record("A-1", "2026-01-01T00:00:00Z", name="old")
    newer = record("A-1", "2026-01-02T00:00:00Z", name="new")
    gone = record("A-2", "2026-01-03T00:00:00Z", withdrawn="2026-01-03T00:00:00Z")
    stood = record("A-2", "2026-01-01T00:00:00Z")
    files = [put("1", older + b"\n" + gone), put("2", newer + b"\n" + stood)]
    digests = set()
    for order in (files, files[::-1]):
        digests.add(imported(tmp_path, *order).snapshot.digest)
        with AdvisoryStore(tmp_path / "store") as store:
            assert json.loads(store.record_bytes("A-1"))["affected"][0]["package"]["name"] == "new"
            assert [
                each.coordinate for each in store.naming(["PyPI|old", "PyPI|new", "PyPI|x"])
            ] == [
                "PyPI|new",
                "PyPI|x",
            ]
            assert (store.snapshot.records, store.snapshot.withdrawn) == (2, 1)
    assert len(digests) == 1


def test_of_two_versions_of_one_instant_the_same_one_stands_every_time(tmp_path, put):
    one, two = record("A-1", name="one"), record("A-1", name="two")
    found = set()
    for data in (one + b"\n" + two, two + b"\n" + one):
        imported(tmp_path, put("f", data))
        with AdvisoryStore(tmp_path / "store") as store:
            found.add(store.record_bytes("A-1"))
    assert len(found) == 1


def test_a_snapshot_does_not_say_where_its_files_lay(tmp_path, put):
    data = archive(("A-1.json", record("A-1")))
    first = imported(tmp_path, put("a/all.zip", data)).snapshot
    second = imported(tmp_path, put("b/other", data), put("c/copy", data)).snapshot
    assert first.encode() == second.encode()
    later = import_advisories(
        [put("a/all.zip", data)], into=tmp_path / "store", now=Instant(NOW.unix_ms + 1)
    )
    assert later.snapshot.digest != first.digest


def test_processes_give_what_one_process_gives(tmp_path, put):
    dice = random.Random(3)  # noqa: S311  # repeatable
    text = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=40_000))
    records = [
        record(f"A-{number}", name=f"p{number % 70}", details=text[number : number + 9000])
        for number in range(1200)
    ]
    path = put("all.zip", archive(*((f"{each}.json", data) for each, data in enumerate(records))))
    assert path.stat().st_size > 4 * 1024 * 1024, "so that processes are used"
    one = imported(tmp_path, path, workers=1).snapshot
    with AdvisoryStore(tmp_path / "store") as store:
        before = list(store.digests()), store.naming([f"PyPI|p{each}" for each in range(70)])
    assert imported(tmp_path, path, workers=2).snapshot == one
    with AdvisoryStore(tmp_path / "store") as store:
        after = list(store.digests()), store.naming([f"PyPI|p{each}" for each in range(70)])
        assert after[0] == before[0]
        assert len(after[1]) == len(before[1]) == 1200


# -- what is refused -------------------------------------------------------------------------------


def test_one_malformed_record_refuses_the_import_unless_it_may_be_left_out(tmp_path, put):
    imported(tmp_path, put("good", record("A-0")))
    bad = put("bad", record("A-1") + b"\n" + record("A-2")[:-3] + b"\n" + record("A-3", "soon"))
    error = refused(tmp_path, bad)
    assert error.code == "stores.malformed-advisories"
    assert "2 malformed" in error.message
    assert f"{bad}:2: " in error.message
    assert known(tmp_path) == ["A-0"], "the old store stands"
    made = imported(tmp_path, bad, skip_malformed=True)
    assert (known(tmp_path), made.snapshot.skipped, len(made.malformed)) == (["A-1"], 2, 2)
    assert AdvisorySnapshot.parse(made.snapshot.encode()).skipped == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing",
        b"{}",
        b'{"bomFormat": "CycloneDX"}',
        b"[]",
        b"[1]",
        b"[{",
        archive(),
        archive(("a", record("A-1")))[:-30],
        gzip.compress(LINES)[:-12],
        zstandard.compress(LINES)[:-5],
        bz2.compress(LINES)[:-9],
        b"PK\x03\x04 and no more",
        archive(("a", record("A-1"))).replace(b"PyPI", b"PyPi")[:-1],
    ],
)
def test_a_named_file_that_holds_no_advisories_is_refused(tmp_path, put, data):
    assert refused(tmp_path, put("file", data)).code == "stores.advisory-source"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (record("A-1")[:-4], "stores.malformed-advisories"),
        (archive(("a", b"nothing")), "stores.malformed-advisories"),
        (archive(("a", b"")), "stores.malformed-advisories"),
        (record("A-1").replace(b'"id"', b'"id": "A-2", "id"'), "stores.malformed-advisories"),
        (KEV.replace(b"CVE-2024-1000", b"GHSA-1"), "vulnerabilities.kev"),
        (EPSS.replace(b"0.5", b"5.0"), "vulnerabilities.epss"),
    ],
)
def test_a_file_that_is_wrong_inside_is_refused(tmp_path, put, data, code):
    assert refused(tmp_path, put("file", data)).code == code


def test_a_damaged_member_of_an_archive_is_refused(tmp_path, put):
    whole = bytearray(archive(("a.json", record("A-1")), ("b.json", record("A-2"))))
    whole[60] ^= 0xFF
    assert refused(tmp_path, put("all.zip", bytes(whole))).code == "stores.advisory-source"


def test_an_archive_whose_members_lie_over_each_other_is_refused(tmp_path, put):
    # All entries of the list point at one member: small to store, endless to expand.
    text = record("A-1", details="a" * 2000)
    data = archive(*((f"{number:03}.json", text) for number in range(50)))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    first_length = data.index(b"PK\x03\x04", 4)
    listed = data[start:end].split(b"PK\x01\x02")[1:]
    together = b"".join(b"PK\x01\x02" + each[:38] + b"\0\0\0\0" + each[42:] for each in listed)
    tail = bytearray(data[end:])
    tail[16:20] = first_length.to_bytes(4, "little")
    bomb = data[:first_length] + together + bytes(tail)
    error = refused(tmp_path, put("all.zip", bomb))
    assert (error.code, "lie over each other" in error.message) == ("stores.advisory-source", True)


def test_an_archive_in_another_compression_or_encrypted_is_refused(tmp_path, put):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("a.json", record("A-1"))
    assert refused(tmp_path, put("lzma.zip", made.getvalue())).code == "stores.advisory-source"
    secret = bytearray(archive(("a.json", record("A-1"))))
    secret[secret.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refused(tmp_path, put("secret.zip", bytes(secret))).message


def test_a_member_that_is_not_compressed_is_read(tmp_path, put):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a.json", record("A-1"))
    imported(tmp_path, put("all.zip", made.getvalue()))
    assert known(tmp_path) == ["A-1"]


def test_a_member_that_expands_too_far_is_refused(tmp_path, put):
    bomb = archive(("a.json", b'{"id":"' + b"a" * (33 * 1024 * 1024) + b'"}'))
    assert len(bomb) < 100_000
    assert refused(tmp_path, put("all.zip", bomb)).code == "stores.advisory-source"


def test_a_path_that_is_not_there_or_holds_nothing_is_refused(tmp_path):
    assert refused(tmp_path, tmp_path / "nowhere").code == "stores.no-advisories"
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path, tmp_path / "empty").code == "stores.advisory-source"


# -- the file --------------------------------------------------------------------------------------


def test_a_reader_keeps_its_view_while_the_store_is_replaced(tmp_path, put):
    imported(tmp_path, put("a", record("A-1")))
    with AdvisoryStore(tmp_path / "store") as before:
        imported(tmp_path, put("b", record("B-1")))
        assert [identifier for identifier, _ in before.digests()] == ["A-1"]
        with AdvisoryStore(tmp_path / "store") as after:
            assert [identifier for identifier, _ in after.digests()] == ["B-1"]


def test_a_store_is_known_by_its_content_and_nothing_else_is_opened(tmp_path, put):
    imported(tmp_path, put("a", record("A-1")))
    path = tmp_path / "store"
    assert is_advisory_store(path.read_bytes()[:100])
    other = tmp_path / "other"
    apsw.Connection(str(other)).execute("CREATE TABLE x (y)")
    assert not is_advisory_store(other.read_bytes()[:100])
    for file, code in (
        (other, "stores.corrupt"),
        (put("text", b"no database at all" * 99), "stores.corrupt"),
        (put("cut", path.read_bytes()[:3000]), "stores.corrupt"),
        (tmp_path / "missing", "stores.no-advisories"),
    ):
        with pytest.raises(GatebookError) as error:
            AdvisoryStore(file)
        assert error.value.code == code, file
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(GatebookError) as error:
        AdvisoryStore(path)
    assert error.value.code == "stores.advisory-format"


def test_a_damaged_record_is_not_taken_for_another(tmp_path, put):
    imported(tmp_path, put("a", record("A-1")))
    connection = apsw.Connection(str(tmp_path / "store"))
    connection.execute("UPDATE record SET body = x'00112233'")
    connection.close()
    with AdvisoryStore(tmp_path / "store") as store, pytest.raises(GatebookError) as error:
        store.records([1])
    assert error.value.code == "stores.corrupt"


def test_progress_is_told_in_bytes(tmp_path, put):
    paths = [put("a", LINES), put("b", record("B-1"))]
    told = []
    imported(tmp_path, *paths, progress=lambda done, total: told.append((done, total)))
    total = sum(each.stat().st_size for each in paths)
    assert told[-1] == (total, total)
