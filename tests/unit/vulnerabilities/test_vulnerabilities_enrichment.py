"""The KEV catalogue, EPSS files and manifests are read strictly and said by their digests."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.errors import GatebookError
from gatebook.vulnerabilities.epss import read_epss
from gatebook.vulnerabilities.kev import read_kev
from gatebook.vulnerabilities.snapshot import AdvisorySnapshot, SnapshotSource

NOW = Instant.parse("2026-11-20T12:00:00Z")
ENTRY = {"cveID": "CVE-2024-1000", "dateAdded": "2024-05-01", "dueDate": "2024-05-22"}
HEAD = "#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z\ncve,epss,percentile\n"


def a_catalogue(**changes):
    return json.dumps(
        {
            "catalogVersion": "2026.11.20",
            "dateReleased": "2026-11-20T15:00:00.000Z",
            "count": 1,
            "vulnerabilities": [ENTRY],
            **changes,
        }
    ).encode()


def test_the_catalogue_of_the_vectors_is_read(vectors):
    data = gzip.decompress((vectors / "sbom" / "enrich" / "kev.json.gz").read_bytes())
    catalogue = read_kev(data)
    assert (catalogue.catalog_version, len(catalogue.vulnerabilities)) == ("2025.08.25", 702)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (a_catalogue(vulnerabilities=[]), "vulnerabilities.kev-empty"),
        (a_catalogue(vulnerabilities=[{**ENTRY, "cveID": "GHSA-1"}]), "vulnerabilities.kev"),
        (a_catalogue(vulnerabilities=[{**ENTRY, "dateAdded": "May"}]), "vulnerabilities.kev"),
        (a_catalogue(vulnerabilities=[{"cveID": "CVE-2024-1000"}]), "vulnerabilities.kev"),
        (a_catalogue(vulnerabilities={}), "vulnerabilities.kev"),
        (a_catalogue(catalogVersion=1), "vulnerabilities.kev"),
        (a_catalogue()[:-5], "canonical.not-json"),
    ],
)
def test_another_catalogue_is_refused(data, code):
    assert read_kev(a_catalogue()).vulnerabilities[0].due_date == "2024-05-22"
    with pytest.raises(GatebookError) as refused:
        read_kev(data)
    assert refused.value.code == code


def test_scores_keep_their_text():
    found = read_epss(f"{HEAD}CVE-2024-1000,0.97421,0.99990\nCVE-2024-1001,2e-05,0.1\n".encode())
    assert (found.model, found.date) == ("v2025.03.14", "2026-11-20T12:55:00Z")
    assert [tuple(each) for each in found.scores()] == [
        ("CVE-2024-1000", "0.97421", "0.99990"),
        ("CVE-2024-1001", "2e-05", "0.1"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "cve,epss,percentile\nCVE-2024-1000,0.1,0.1\n",
        HEAD.replace("percentile", "rank"),
        HEAD + "CVE-2024-1000,0.1\n",
        HEAD + "CVE-2024-1000,1.5,0.1\n",
        HEAD + "CVE-2024-1000,nan,0.1\n",
        HEAD + "CVE-2024-1000,-0.1,0.1\n",
        HEAD + "GHSA-1,0.1,0.1\n",
        HEAD + "CVE-2024-1000,0.1,0.1,0\n",
        HEAD + "CVE-2024-1000,0,1,0.1é\n",
    ],
)
def test_another_file_of_scores_is_refused(text):
    with pytest.raises(GatebookError) as refused:
        list(read_epss(text.encode()).scores())
    assert refused.value.code == "vulnerabilities.epss"


def a_source(letter, **more):
    return SnapshotSource(
        kind="osv", digest=f"sha256:{letter * 64}", size=1, entries=2, ecosystems=("PyPI",), **more
    )


def a_snapshot(sources):
    return AdvisorySnapshot.of(sources, imported=NOW, records=4, withdrawn=1, oversized=0)


def test_a_manifest_does_not_depend_on_the_order_of_its_sources():
    one, two = a_source("a", modified="2026-01-01T00:00:00Z"), a_source("b")
    assert a_snapshot([one, two]).digest == a_snapshot([two, one, two]).digest
    assert a_snapshot([one]).digest != a_snapshot([two]).digest
    assert a_snapshot([one, two]).known == Instant.parse("2026-01-01T00:00:00Z")
    assert a_snapshot([two]).known is None
    assert a_snapshot([a_source("c", skipped=3), a_source("d", skipped=1)]).skipped == 4


def test_a_manifest_is_read_back_and_nothing_else_is():
    snapshot = a_snapshot([a_source("a")])
    data = snapshot.encode()
    assert AdvisorySnapshot.parse(data) == snapshot
    for other in (
        data[:-1],
        data + b" ",
        data.replace(b'"v":1', b'"v":2'),
        data.replace(b'"kind":"osv"', b'"kind":"oxv"'),
        data.replace(b"sha256:a", b"sha256:g"),
        data.replace(b"2026-11-20", b"2026-11-40"),
        data.replace(b'"v":1', b'"v":1,"w":1'),
        b"[]",
    ):
        with pytest.raises(GatebookError) as refused:
            AdvisorySnapshot.parse(other)
        assert refused.value.code == "vulnerabilities.snapshot"


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_by_us(data):
    for read in (read_kev, AdvisorySnapshot.parse, lambda each: list(read_epss(each).scores())):
        with pytest.raises(GatebookError):
            read(data)
        with pytest.raises(GatebookError):
            read(b'{"v":1' + data)
