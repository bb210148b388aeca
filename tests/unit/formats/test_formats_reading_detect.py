"""Every document has one reader, or none, by what is in it."""

import bz2
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.reading.compressed import CompressedError
from gatebook.formats.reading.detect import ROOMS, UnlikeNamedError, identify, reader_of, readers
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.reading.recognition import RECOGNITION
from gatebook.formats.reading.sketch import LARGE, sbom_sketch, start_sketch
from gatebook.vulnerabilities.readers import ADVISORY_READERS

SBOM = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "six"}]}
GRYPE = {"matches": [], "descriptor": {"name": "grype", "version": "0.94.0"}, "source": {}}
JUNIT = b'<testsuite name="api" tests="1"><testcase name="starts"/></testsuite>'


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def every_reader() -> list[Reader[Any]]:
    return [*readers(ROOMS), *ADVISORY_READERS]


def claims(document: Document) -> Iterator[Reader[Any]]:
    for reader in every_reader():
        try:
            if reader.recognises(document):
                yield reader
        except MalformedError:
            continue


def documents(vectors: Path) -> Iterator[tuple[str, Document]]:
    for place in sorted(vectors.rglob("*")):
        if not place.is_file() or place.stat().st_size > 16 * 1024 * 1024:
            continue
        try:
            yield str(place.relative_to(vectors)), identify(place.read_bytes()).document
        except MalformedError:
            continue


def test_no_document_is_claimed_by_readers_of_two_formats(vectors: Path) -> None:
    """CycloneDX with vulnerabilities has two readers, a component list's and a scan's: one format.

    There are no exceptions, so that the order in which rooms are asked decides nothing here.
    """
    twice, seen = [], 0
    for name, document in documents(vectors):
        seen += 1
        formats = {reader.format for reader in claims(document)}
        if len(formats) > 1:
            twice.append(f"{name}: {sorted(formats)}")
    assert twice == []
    assert seen > 1500


def test_a_cheap_look_finds_what_asking_everybody_finds(vectors: Path) -> None:
    """Rooms are left out by the first byte and the names at the root, and nothing is missed."""
    wrong = []
    for name, document in documents(vectors):
        found = {reader.format for reader in claims(document)}
        try:
            reader = reader_of(document)
        except MalformedError:
            reader = None
        if reader is None:
            reader = next((each for each in ADVISORY_READERS if each.format in found), None)
        if ({reader.format} if reader else set()) != found:
            wrong.append(f"{name}: {reader and reader.format}, not {found}")
    assert wrong == []


def test_a_component_list_with_vulnerabilities_is_a_component_list() -> None:
    found = identify(written({**SBOM, "vulnerabilities": [{"id": "CVE-2026-1"}]}))
    assert (found.format, found.family) == (DocumentFormat.CYCLONEDX_JSON, Family.SBOM)


def test_a_name_of_a_file_or_a_media_type_decides_nothing_but_for_protobuf() -> None:
    assert identify(written(GRYPE), media_type="application/xml").format == "grype-json"
    protobuf = b"\x0a\x03" + b"1.6"
    assert identify(protobuf).reader is None
    kind = "application/x.vnd.cyclonedx+protobuf; version=1.6"
    assert identify(protobuf, media_type=kind).format == "cyclonedx-protobuf"


def test_compression_comes_off_first() -> None:
    found = identify(gzip.compress(bz2.compress(JUNIT)))
    assert [layer.format for layer in found.layers] == ["gzip", "bzip2"]
    assert (found.format, found.family, found.document.data) == ("junit-xml", Family.TESTS, JUNIT)
    with pytest.raises(CompressedError) as refused:
        identify(gzip.compress(JUNIT)[:-9])
    assert refused.value.code == "formats.compressed-truncated"


@pytest.mark.parametrize("nothing", [b"[]", b"{}", b"null", b" [ ] \n"])
def test_what_holds_nothing_is_nobodys(nothing: bytes) -> None:
    found = identify(nothing)
    assert (found.reader, found.family) == (None, Family.OTHER)
    assert reader_of(Document(nothing)) is None


@pytest.mark.parametrize(
    "name",
    [
        "github-dependabot-alerts",
        "github-code-scanning-alerts",
        "github-secret-scanning-alerts",
        "gitleaks-json",
    ],
)
def test_a_sender_makes_an_empty_list_a_report_of_no_alerts(name: str) -> None:
    form = DocumentFormat(name)
    found = identify(gzip.compress(b"[]\n"), as_format=form)
    assert found.reader is not None
    report = found.reader.read(found.document)
    assert (report.format, report.findings, report.incomplete) == (form, (), ())
    assert report.notes == ("the list is empty; only its sender says what it is a list of",)
    with pytest.raises(MalformedError):
        found.reader.read(Document(b"[1]"))


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (b"{}", "gitleaks-json"),
        (b"null", "gitleaks-json"),
        (b"[{}]", "gitleaks-json"),
        (b"[]", "pip-audit-legacy-list"),
        (b"[]", "trivy-legacy-list"),
        (b"[]", "cyclonedx-json"),
        (written(GRYPE), "trivy-json"),
    ],
)
def test_a_sender_makes_nothing_else_of_a_document(document: bytes, name: str) -> None:
    with pytest.raises(UnlikeNamedError) as refused:
        identify(document, as_format=DocumentFormat(name))
    assert refused.value.code == "formats.document-unlike"


def test_a_format_that_is_named_rightly_is_found() -> None:
    assert identify(written(GRYPE), as_format=DocumentFormat.GRYPE_JSON).format == "grype-json"


def test_what_cannot_be_decoded_is_refused_and_not_passed_over() -> None:
    with pytest.raises(MalformedError) as refused:
        reader_of(Document(b'{"bomFormat": "CycloneDX", '))
    assert refused.value.code == "canonical.not-json"
    with pytest.raises(MalformedError) as refused:
        reader_of(Document(b'{"matches": [], "matches": []}'))
    assert refused.value.code == "canonical.duplicate-key"


def test_a_room_is_loaded_when_it_is_asked() -> None:
    program = """
import sys
from gatebook.formats.reading.detect import identify
rooms = lambda: sorted(
    name.split(".")[2] for name in sys.modules
    if name.startswith("gatebook.formats.") and name.endswith(".readers")
)
assert rooms() == [], rooms()
identify(b'{"bomFormat": "CycloneDX", "specVersion": "1.6"}')
assert rooms() == ["sbom"], rooms()
identify(b'<testsuites/>')
assert rooms() == ["sbom", "test_reports"], rooms()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    program = """
import sys
from gatebook.formats.reading.detect import identify
found = identify(b'{"matches": [], "descriptor": {"name": "grype"}}')
assert found.format == "grype-json"
assert "gatebook.formats.sbom.readers" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_every_format_is_told_in_words_and_every_reader_has_a_format_of_its_family() -> None:
    assert set(RECOGNITION) == set(DocumentFormat)
    for family in ROOMS:
        assert {reader.family for reader in readers([family])} == {family}
    assert all(each.title and each.rule[-1] != "." for each in RECOGNITION.values())


def test_the_sketch_of_a_component_list_has_what_names_it() -> None:
    document = written(
        {
            "metadata": {"component": {"bomFormat": "no"}},
            "components": [{"name": "x" * 50}] * 5000,
            "artifacts": [{"id": number} for number in range(20_000)],
            "specVersion": "1.6",
            "bomFormat": "CycloneDX",
        }
    )
    sketch = sbom_sketch(document, {"bomFormat", "artifacts", "spdxVersion"})
    assert sketch is not None
    assert len(sketch) < 100_000
    members = json.loads(sketch)
    assert members["bomFormat"] == "CycloneDX"
    assert members["artifacts"][:2] == [{"id": 0}, {"id": 1}]
    assert set(members) == {"bomFormat", "artifacts"}
    assert sbom_sketch(document, {"spdxVersion"}) is None
    assert sbom_sketch(document[:-1], {"bomFormat"}) is None


def test_the_sketch_of_a_start_closes_what_is_open() -> None:
    document = written({"descriptor": {"name": "grype"}, "matches": [{"a": [1, "b"]}] * 200_000})
    sketch = start_sketch(document)
    assert sketch is not None
    begun = json.loads(sketch)
    assert begun["descriptor"] == {"name": "grype"}
    assert begun["matches"][0] == {"a": [1, "b"]}
    assert start_sketch(b'{"a": [1, {"b": "unen') == b'{"a":[1,{}]}'
    assert start_sketch(b'{"a": 1, "a": 2}') == b'{"a":1}'
    assert start_sketch(b"") is None
    assert start_sketch(b'{"a":' + b"9" * 10_000 + b"}") == b"{}"
    assert start_sketch(b'{"a":' * 5000) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        (b'{"components": [', b'], "bomFormat": "CycloneDX"}', "cyclonedx-json"),
        (b'{"packages": [', b'], "spdxVersion": "SPDX-2.3"}', "spdx2-json"),
        (b'{"descriptor": {"name": "grype"}, "matches": [', b"]}", "grype-json"),
        (b'{"version": "2.1.0", "runs": [', b"]}", "sarif-2.1.0"),
    ],
)
def test_a_large_document_is_told_without_decoding_it(start: bytes, end: bytes, name: str) -> None:
    item = b'{"name": "' + b"x" * 1000 + b'", "version": "1"}'
    document = start + b",".join([item] * (LARGE // len(item) + 10)) + end
    assert len(document) > LARGE
    found = identify(document)
    assert found.format == name
    assert "json" not in vars(found.document)
