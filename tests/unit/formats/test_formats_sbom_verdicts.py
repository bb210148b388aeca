"""The SBOMs of the vectors: format, counts and verdict of every one."""

import json
from pathlib import Path
from typing import Any

import pytest

from gatebook.errors import GatebookError, UndecidedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.readers import SBOM_READERS

OTHER_SPELLINGS = {
    *("cyclonedx-xml", "cyclonedx-1.0-extension-xml", "cyclonedx-textproto"),
    *("spdx2-tagvalue", "spdx2-yaml", "spdx2-rdfxml", "spdx2-xml", "xml:SpdxDocument"),
}
NOT_COUNTS = {"format", "valid", "why", "note"}

# The file has a container whose version is a tag; nothing in it breaks the schema, or the prose.
MISTAKEN = {"cyclonedx-malformed/distroless-cyclonedx-invalid-version.json"}


@pytest.fixture(scope="module")
def expected(vectors: Path) -> dict[str, dict[str, Any]]:
    listed: dict[str, dict[str, Any]] = json.loads((vectors / "sbom/expected.json").read_bytes())[
        "files"
    ]
    formats = {str(reader.format) for reader in SBOM_READERS}
    return {name: each for name, each in listed.items() if each.get("format") in formats}


def reader_of(document: Document) -> Reader[Sbom] | None:
    try:
        found = [reader for reader in SBOM_READERS if reader.recognises(document)]
    except GatebookError:
        return None
    return found[0] if found else None


def test_every_other_spelling_has_its_format_and_counts(
    vectors: Path, expected: dict[str, dict[str, Any]]
) -> None:
    wrong, seen = [], 0
    for name, facts in expected.items():
        if facts["format"] not in OTHER_SPELLINGS:
            continue
        seen += 1
        document = Document((vectors / "sbom" / name).read_bytes())
        reader = reader_of(document)
        if reader is None or reader.format != facts["format"]:
            wrong.append(f"{name}: {reader and reader.format}")
            continue
        found = reader.describe(document)
        wrong += [
            f"{name}: {key} is {found.get(key)}, not {value}"
            for key, value in facts.items()
            if key not in NOT_COUNTS and found.get(key) != value
        ]
    assert wrong == []
    assert seen > 300


def test_no_sbom_is_recognised_in_anything_else(vectors: Path) -> None:
    listed = json.loads((vectors / "sbom/expected.json").read_bytes())["files"]
    formats = {str(reader.format) for reader in SBOM_READERS}
    wrong = []
    for name, facts in listed.items():
        place = vectors / "sbom" / name
        if facts.get("format") in formats or not place.is_file():
            continue
        reader = reader_of(Document(place.read_bytes()))
        if reader is not None and str(reader.format) in OTHER_SPELLINGS:
            wrong.append(f"{name} is {facts.get('format')}, not {reader.format}")
    assert wrong == []


def is_valid(reader: Reader[Sbom], document: Document) -> bool | None:
    try:
        reader.read(document)
        if reader.check is not None:
            reader.check(document)
    except UndecidedError:
        return None
    except GatebookError:
        return False
    return True


def test_every_verdict_of_a_schema_holds(
    vectors: Path, expected: dict[str, dict[str, Any]]
) -> None:
    """A verdict of the quality folders says that a file parses, and is the next test's."""
    wrong, seen = [], 0
    for name, facts in expected.items():
        verdict = facts.get("valid")
        if verdict is None or name in MISTAKEN or facts["why"].startswith("parses"):
            continue
        if facts["format"] == "cyclonedx-textproto":
            continue
        seen += 1
        document = Document((vectors / "sbom" / name).read_bytes())
        reader = reader_of(document)
        if (reader is not None and is_valid(reader, document)) is not verdict:
            wrong.append(name)
    assert wrong == []
    assert seen > 350


def test_what_must_parse_is_read(vectors: Path, expected: dict[str, dict[str, Any]]) -> None:
    wrong, seen = [], 0
    for name, facts in expected.items():
        if facts["format"] not in OTHER_SPELLINGS - {"cyclonedx-textproto"}:
            continue
        if "valid" in facts and not facts["why"].startswith("parses"):
            continue
        seen += 1
        document = Document((vectors / "sbom" / name).read_bytes())
        reader = reader_of(document)
        try:
            assert reader is not None
            reader.read(document)
        except (GatebookError, AssertionError) as error:
            wrong.append(f"{name}: {error}")
    assert wrong == []
    assert seen > 50
