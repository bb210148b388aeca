"""Every coverage report of the shared data gives its published numbers; all else is left alone."""

from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.coverage.readers import COVERAGE_READERS
from gatebook.formats.coverage.report import CoverageReport
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader


def expected_files(vectors: Path) -> dict[str, JsonObject]:
    files: dict[str, JsonObject] = canonical.loads((vectors / "sbom/expected.json").read_bytes())[
        "files"
    ]
    return files


def readers_of(document: Document) -> list[Reader[CoverageReport]]:
    found = []
    for reader in COVERAGE_READERS:
        with suppress(MalformedError):
            if reader.recognises(document):
                found.append(reader)
    return found


def test_published_formats_and_numbers(vectors: Path) -> None:
    wrong: list[str] = []
    read = 0
    for name, expected in expected_files(vectors).items():
        if not name.startswith("coverage/"):
            continue
        document = Document((vectors / "sbom" / name).read_bytes())
        readers = readers_of(document)
        if [each.format for each in readers] != [expected["format"]]:
            wrong.append(f"{name}: {[each.format for each in readers]}")
            continue
        found = {"format": str(readers[0].format), **readers[0].describe(document)}
        if found != expected:
            wrong.append(f"{name}: {found}")
        report = readers[0].read(document)
        read += 1
        if report.lowest_line_rate is None or not 0 <= report.lowest_line_rate <= 1:
            wrong.append(f"{name}: {report.lowest_line_rate}")
    assert wrong == []
    assert read >= 8


def test_what_was_counted_fits_what_tools_of_their_own_say(vectors: Path) -> None:
    for name in ("Java-JaCoCo0.7.7.xml", "Java-Cobertura2.1.1-MultiSource.xml"):
        document = Document((vectors / "sbom/coverage" / name).read_bytes())
        (reader,) = readers_of(document)
        report = reader.read(document)
        assert report.lines == report.declared_lines
        assert report.branches == report.declared_branches
        assert not report.inconsistent


def test_a_report_of_another_project(vectors: Path) -> None:
    document = Document((vectors / "kosli/chainloop/scanners/cobertura.xml").read_bytes())
    (reader,) = readers_of(document)
    report = reader.read(document)
    assert reader.format == "cobertura"
    assert report.declared_lines is not None
    assert report.declared_lines.total == 6


def test_documents_of_other_kinds_are_not_taken_for_coverage(vectors: Path) -> None:
    taken = [
        f"{name}: {reader.format}"
        for name in expected_files(vectors)
        if not name.startswith(("coverage/", "osv/"))
        and (vectors / "sbom" / name).stat().st_size < 300_000
        for reader in readers_of(Document((vectors / "sbom" / name).read_bytes()))
    ]
    assert taken == []


@settings(max_examples=150)
@given(data=st.data())
def test_changed_bytes_read_or_are_refused_with_an_error_of_ours(
    vectors: Path, data: st.DataObject
) -> None:
    names = [name for name in sorted(expected_files(vectors)) if name.startswith("coverage/")]
    content = (vectors / "sbom" / data.draw(st.sampled_from(names))).read_bytes()
    place = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 12))
    value = data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b"<", b"-1", b"99999"]))
    try:
        document = Document(content[:place] + value + content[place + cut :])
    except GatebookError:
        return
    for reader in COVERAGE_READERS:
        for use in (reader.recognises, reader.read, reader.describe):
            with suppress(GatebookError):
                use(document)
