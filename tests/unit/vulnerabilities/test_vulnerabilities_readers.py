"""Documents with advisories are told by their content."""

import gzip

import pytest

from gatebook.errors import GatebookError
from gatebook.formats.reading.document import Document
from gatebook.vulnerabilities.readers import ADVISORY_READERS

EPSS = (
    b"#model_version:v1,score_date:2026-11-20T00:00:00Z\ncve,epss,percentile\n"
    b"CVE-2024-1000,0.5,0.9\n"
)


def recognised(data):
    document = Document(data)
    (reader,) = [each for each in ADVISORY_READERS if each.recognises(document)]
    return reader, document


def test_each_kind_is_recognised_counted_and_read(vectors):
    osv = gzip.decompress((vectors / "sbom" / "osv" / "go.jsonl.gz").read_bytes())
    kev = gzip.decompress((vectors / "sbom" / "enrich" / "kev.json.gz").read_bytes())
    said = []
    for data in (osv.splitlines()[0], kev, EPSS):
        reader, document = recognised(data)
        reader.read(document)
        said.append((str(reader.format), dict(reader.describe(document))))
    assert said == [
        ("osv-record", {"id": "GO-2020-0001", "affected": 1, "withdrawn": False}),
        ("kev-catalogue", {"catalog_version": "2025.08.25", "vulnerabilities": 702}),
        (
            "epss-scores",
            {"model_version": "v1", "score_date": "2026-11-20T00:00:00Z", "scores": 1},
        ),
    ]


def test_a_broken_one_is_recognised_and_refused():
    for data in (
        b'{"id": "A-1", "modified": "soon", "affected": []}',
        b'{"catalogVersion": "1", "vulnerabilities": []}',
        EPSS + b"and more\n",
    ):
        reader, document = recognised(data)
        assert reader.describe(document)
        with pytest.raises(GatebookError):
            reader.read(document)


@pytest.mark.parametrize("data", [b'{"id": "x"}', b"[]", b"# text", b'{"vulnerabilities": []}'])
def test_other_documents_are_not_taken(data):
    document = Document(data)
    assert not any(each.recognises(document) for each in ADVISORY_READERS)
