"""Every JSON SBOM among the shared vectors: its format, its counts, and that it is read alike."""

from pathlib import Path
from typing import Any

import pytest

from gatebook import canonical
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.read import read_sbom
from gatebook.formats.sbom.readers import SBOM_READERS
from gatebook.formats.sbom.streaming import stream_sbom

VERDICTS = {"valid", "why", "note"}
COUNTED = {
    "cyclonedx-json": ("components_all", "dependencies"),
    "spdx2-json": ("packages", "relationships_listed"),
    "syft-json": ("artifacts", "relationships"),
}


def expected_of(vectors: Path, *formats: str) -> dict[str, dict[str, Any]]:
    listed: Any = canonical.loads((vectors / "sbom/expected.json").read_bytes())
    return {name: said for name, said in listed["files"].items() if said["format"] in formats}


def reader_for(document: Document) -> Reader[Sbom] | None:
    return next((reader for reader in SBOM_READERS if reader.recognises(document)), None)


@pytest.mark.parametrize(
    ("family", "at_least"),
    [
        ("cyclonedx-json", 300),
        ("spdx2-json", 70),
        ("spdx3-jsonld", 40),
        ("syft-json", 6),
        ("github-dependency-snapshot", 1),
    ],
)
def test_formats_and_counts_are_those_expected(vectors: Path, family: str, at_least: int) -> None:
    wrong: list[str] = []
    files = expected_of(vectors, family)
    for name, said in files.items():
        document = Document((vectors / "sbom" / name).read_bytes())
        reader = reader_for(document)
        if reader is None:
            wrong.append(f"{name} is not recognised")
            continue
        found = {"format": str(reader.format), **reader.describe(document)}
        wanted = {key: value for key, value in said.items() if key not in VERDICTS}
        if found != wanted:
            wrong.append(f"{name}: {found}, expected {wanted}")
    assert wrong == []
    assert len(files) >= at_least


@pytest.mark.parametrize(
    "family",
    [*COUNTED, "spdx3-jsonld", "github-dependency-snapshot"],
)
def test_what_is_not_said_to_be_invalid_is_read(vectors: Path, family: str) -> None:
    wrong: list[str] = []
    for name, said in expected_of(vectors, family).items():
        data = (vectors / "sbom" / name).read_bytes()
        try:
            sbom = read_sbom(data)
        except MalformedError as error:
            if said.get("valid") is not False:
                wrong.append(f"{name}: {error}")
            continue
        counted = COUNTED.get(family)
        if counted is not None and [len(sbom.components), sbom.relationships] != [
            said[key] for key in counted
        ]:
            wrong.append(f"{name}: {len(sbom.components)}, {sbom.relationships}")
    assert wrong == []


def test_a_stream_of_a_document_is_read_as_the_document_is(vectors: Path) -> None:
    wrong: list[str] = []
    families = (*COUNTED, "spdx3-jsonld", "github-dependency-snapshot")
    files = expected_of(vectors, *families)
    for name in files:
        data = Document((vectors / "sbom" / name).read_bytes()).data
        if outcome(read_sbom, data) != outcome(stream_sbom, data):
            wrong.append(name)
    assert wrong == []
    assert len(files) > 400


def outcome(read: Any, data: bytes) -> object:
    try:
        return read(data)
    except MalformedError as error:
        return error.code


@pytest.mark.parametrize("folder", ["kosli", "gates"])
def test_sboms_among_other_evidence_are_found_by_their_content(vectors: Path, folder: str) -> None:
    found: dict[str, str] = {}
    for path in sorted((vectors / folder).rglob("*")):
        if not path.is_file():
            continue
        try:
            reader = reader_for(Document(path.read_bytes()))
        except MalformedError:
            continue
        if reader is not None:
            found[path.name] = reader.format
    named_so = {name: said for name, said in found.items() if "cyclonedx" in name or "cdx" in name}
    assert named_so
    assert set(named_so.values()) == {"cyclonedx-json"}
    others = {said for name, said in found.items() if name not in named_so}
    assert others <= {"spdx2-json"}
