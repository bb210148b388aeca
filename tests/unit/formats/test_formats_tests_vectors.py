"""Every test report of the shared data gives its published counts; all else is left alone."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.test_reports.ctrf_shape import check_shape
from gatebook.formats.test_reports.readers import TEST_READERS
from gatebook.formats.test_reports.report import TestReport

# Formats that the published counts do not tell apart.
COARSE = {"json-stream", "json-other", "other", "json-array"}


def expected_files(vectors: Path) -> dict[str, JsonObject]:
    files: dict[str, JsonObject] = canonical.loads((vectors / "sbom/expected.json").read_bytes())[
        "files"
    ]
    return files


def readers_of(document: Document) -> list[Reader[TestReport]]:
    found = []
    for reader in TEST_READERS:
        try:
            if reader.recognises(document):
                found.append(reader)
        except MalformedError:
            continue
    return found


def test_published_formats_and_counts(vectors: Path) -> None:
    wrong: list[str] = []
    described = refused = 0
    for name, expected in expected_files(vectors).items():
        if not name.startswith("tests/"):
            continue
        document = Document((vectors / "sbom" / name).read_bytes())
        readers = readers_of(document)
        if expected["format"] == "json-other" and not readers:
            continue
        if len(readers) != 1:
            wrong.append(f"{name}: {[each.format for each in readers]}")
            continue
        try:
            found = dict(readers[0].describe(document))
        except MalformedError:
            refused += 1
            if expected["format"] != "unparseable":
                wrong.append(f"{name}: refused")
            continue
        described += 1
        if expected["format"] not in {readers[0].format, *COARSE}:
            wrong.append(f"{name}: {readers[0].format}")
        wrong += [
            f"{name}: {key} is {found.get(key)!r}, not {value!r}"
            for key, value in expected.items()
            if key != "format" and found.get(key) != value
        ]
    assert wrong == []
    assert described > 50
    assert refused >= 3


def test_every_report_adds_up_or_is_refused_with_a_reason(vectors: Path) -> None:
    refusals: dict[str, str] = {}
    read = 0
    for name in expected_files(vectors):
        if not name.startswith("tests/"):
            continue
        document = Document((vectors / "sbom" / name).read_bytes())
        for reader in readers_of(document):
            try:
                report = reader.read(document)
            except MalformedError as error:
                refusals[Path(name).name] = error.code
                continue
            read += 1
            assert report.format is reader.format
            assert report.total == sum(
                (report.passed, report.failed, report.errors, report.skipped)
            )
            if report.total == 0:
                assert not report.is_clean
    assert read > 50
    assert refusals["enricomi-pytest__corrupt-xml.xml"] == "formats.junit"
    assert refusals["mikepenz-junit-web-test__expectedRetries.xml"] == "formats.junit"
    assert (
        refusals["enricomi-nunit__nunit3__jenkins__NUnit-sec1752-https.xml"]
        == "formats.xml-doctype"
    )
    assert refusals["tests__normative__valid-documents.test.json"] == "formats.ctrf-normative-suite"


def test_documents_of_other_kinds_are_not_taken_for_test_reports(vectors: Path) -> None:
    taken = [
        f"{name}: {reader.format}"
        for name in expected_files(vectors)
        if not name.startswith(("tests/", "osv/"))
        and (vectors / "sbom" / name).stat().st_size < 300_000
        for reader in readers_of(Document((vectors / "sbom" / name).read_bytes()))
    ]
    assert taken == []


def test_the_normative_suites_of_ctrf(vectors: Path) -> None:
    wrong: list[str] = []
    cases = 0
    for path in sorted((vectors / "sbom/tests/ctrf").glob("tests__normative__*.json")):
        suite = canonical.as_object(canonical.loads(path.read_bytes()))
        tests = suite["tests"]
        assert isinstance(tests, list)
        for test in tests:
            assert isinstance(test, dict)
            if "data" not in test:
                continue  # the case names another file
            cases += 1
            try:
                check_shape(test["data"], code="formats.ctrf-schema")
            except MalformedError:
                if test["valid"]:
                    wrong.append(f"{path.name}: {test['description']} was refused")
            else:
                if not test["valid"]:
                    wrong.append(f"{path.name}: {test['description']} was accepted")
    for path in sorted((vectors / "sbom/tests/ctrf").glob("examples__*.json")):
        check_shape(canonical.loads(path.read_bytes()), code="formats.ctrf-schema")
        cases += 1
    assert wrong == []
    assert cases > 20


def test_reports_of_other_projects(vectors: Path) -> None:
    names = {path.stem: path for path in (vectors / "kosli/junit").glob("*.xml")}
    document = Document(names["vitest-timestamps"].read_bytes())
    (reader,) = readers_of(document)
    assert reader.read(document).is_clean
    broken = Document(names["chainloop-junit-invalid"].read_bytes())
    for reader in readers_of(broken):
        with pytest.raises(MalformedError):
            reader.read(broken)


@settings(max_examples=250)
@given(data=st.data())
def test_changed_bytes_read_or_are_refused_with_an_error_of_ours(
    vectors: Path, data: st.DataObject
) -> None:
    names = [
        name
        for name in sorted(expected_files(vectors))
        if name.startswith("tests/") and (vectors / "sbom" / name).stat().st_size < 40_000
    ]
    content = (vectors / "sbom" / data.draw(st.sampled_from(names))).read_bytes()
    place = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 12))
    value = data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b"<", b"{", b"null", b"-1"]))
    try:
        document = Document(content[:place] + value + content[place + cut :])
    except GatebookError:
        return
    for reader in TEST_READERS:
        for use in (reader.recognises, reader.read, reader.describe):
            with suppress(GatebookError):
                use(document)
