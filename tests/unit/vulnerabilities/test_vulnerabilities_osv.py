"""An OSV record is read strictly in what decides a match, whoever wrote it."""

import contextlib
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.vulnerabilities.indexing import index_record
from gatebook.vulnerabilities.osv import read_record


def a_record(**changes):
    record = {
        "schema_version": "1.6.2",
        "id": "PYSEC-2026-1",
        "modified": "2026-01-02T03:04:05Z",
        "published": "2026-01-01T00:00:00Z",
        "aliases": ["CVE-2026-1000"],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Flask_Thing"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.2"}]}
                ],
                "versions": ["1.0", "1.1"],
            }
        ],
    }
    return {**record, **changes}


def encoded(record):
    return json.dumps(record).encode()


def affected(**changes):
    return a_record(affected=[{**a_record()["affected"][0], **changes}])


def test_a_good_record_is_read():
    record = read_record(encoded(a_record()))
    assert record.id == "PYSEC-2026-1"
    assert [package.name for _, _, package in record.packages()] == ["Flask_Thing"]


def test_every_record_of_the_vectors_is_read_and_indexed(vectors):
    count, bad = 0, []
    for path in sorted((vectors / "sbom" / "osv").glob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            count += 1
            try:
                index_record(line)
            except GatebookError as error:
                bad.append((path.name, line[:80], str(error)))
    assert (bad, count) == ([], 3839)


def test_null_lists_and_unknown_fields_are_taken():
    record = a_record(aliases=None, affected=None, references=None, invented={"deep": [1]})
    assert read_record(encoded(record)).affected is None


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (a_record(id=""), "vulnerabilities.osv"),
        (a_record(id="PYSEC 1"), "vulnerabilities.osv"),
        (a_record(id="PYSEC|1"), "vulnerabilities.osv"),
        (a_record(id=7), "vulnerabilities.osv"),
        (a_record(modified="yesterday"), "vulnerabilities.osv"),
        (a_record(withdrawn="2026-13-01T00:00:00Z"), "vulnerabilities.osv"),
        (a_record(aliases=["CVE-1\n"]), "vulnerabilities.osv"),
        (a_record(aliases="CVE-2026-1000"), "vulnerabilities.osv"),
        (a_record(schema_version="2.0.0"), "vulnerabilities.osv-version"),
        (a_record(schema_version="1.x"), "vulnerabilities.osv-version"),
        (affected(package={"name": "flask"}), "vulnerabilities.osv"),
        (affected(package={"ecosystem": "PyPI", "name": "a\x00b"}), "vulnerabilities.bad-package"),
        (affected(package={"ecosystem": "", "name": "a"}), "vulnerabilities.bad-package"),
        (affected(versions=[1]), "vulnerabilities.osv"),
        (affected(ranges=[{"type": "OTHER", "events": []}]), "vulnerabilities.osv"),
        (affected(ranges=[{"type": "SEMVER", "events": [{"fixed": "1"}]}]), "vulnerabilities.osv"),
        (affected(ranges=[{"type": "SEMVER", "events": [{}]}]), "vulnerabilities.osv"),
        (
            affected(ranges=[{"type": "SEMVER", "events": [{"introduced": "0", "fixed": "1"}]}]),
            "vulnerabilities.osv",
        ),
        (
            affected(ranges=[{"type": "SEMVER", "events": [{"introduced": ""}]}]),
            "vulnerabilities.osv",
        ),
    ],
)
def test_a_record_that_is_wrong_in_one_point_is_refused(record, code):
    with pytest.raises(GatebookError) as refused:
        index_record(encoded(record))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "canonical.not-json"),
        (b"[]", "vulnerabilities.osv"),
        (encoded(a_record())[:-20], "canonical.not-json"),
        (encoded(a_record()) + b"{}", "canonical.not-json"),
        (b"\xef\xbb\xbf" + encoded(a_record()), "canonical.bom"),
        (encoded(a_record()).replace(b"PYSEC", b"\xff\xfe"), "canonical.not-utf8"),
        (encoded(a_record()).replace(b'{"schema', b'{"id": "GHSA-1", "schema'), None),
        (b'{"id":' * 100 + b"1" + b"}" * 100, "canonical.too-deep"),
    ],
)
def test_bytes_that_are_no_strict_json_are_refused(data, code):
    with pytest.raises(GatebookError) as refused:
        read_record(data)
    assert refused.value.code == (code or "canonical.duplicate-key")


@given(st.data())
@settings(max_examples=300)
def test_any_mutation_of_a_record_is_read_or_refused_by_us(data):
    good = bytearray(encoded(a_record()))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(good) - 1))
        match data.draw(st.sampled_from(["change", "cut", "repeat"])):
            case "change":
                good[place] = data.draw(st.integers(0, 255))
            case "cut":
                del good[place : place + data.draw(st.integers(1, 30))]
            case _:
                good[place:place] = good[place : place + 20]
        if not good:
            break
    with contextlib.suppress(GatebookError):
        index_record(bytes(good))
