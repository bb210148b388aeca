"""OpenVEX documents: what is read, what is flagged, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.vex.openvex import READER, check_openvex, read_openvex
from gatebook.formats.vex.readers import VEX_READERS
from gatebook.formats.vex.statement import (
    Justification,
    VexComponent,
    VexError,
    VexProduct,
    VexStatus,
)

DIGEST = "f271e74b17ced29b915d351685fd4644785c6d1559dd1f2d4189a5e851ef753a"


def statement(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "vulnerability": {"name": "CVE-2024-1", "aliases": ["GHSA-1", "CVE-2024-1"]},
        "products": [{"@id": "pkg:oci/api@sha256%3A" + DIGEST}],
        "status": "not_affected",
        "justification": "component_not_present",
    }
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


def document(*statements: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://acme.example/vex/1",
        "author": "Acme",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": list(statements) or [statement()],
    }
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


def doc(root: Any) -> Document:
    return Document(json.dumps(root).encode())


def test_a_statement_is_read_with_all_its_names() -> None:
    found = READER.read(doc(document(statement(status_notes="seen", supplier="Acme"))))
    (said,) = found.statements
    assert (said.vulnerability, said.aliases) == ("CVE-2024-1", ("GHSA-1",))
    assert said.status is VexStatus.NOT_AFFECTED
    assert said.justification is Justification.COMPONENT_NOT_PRESENT
    assert said.products[0].identity.hashes == (("sha256", DIGEST),)
    assert said.time == found.created == Instant.parse("2026-01-01T00:00:00Z")
    assert said.pointer == "/statements/0"
    assert (said.notes, said.supplier, said.defects) == ("seen", "Acme", ())
    check_openvex(found)


def test_the_first_version_writes_strings_and_names_subcomponents_beside_the_products() -> None:
    old = statement(
        vulnerability="CVE-2024-2",
        products=["pkg:apk/wolfi/bash@1.0.0", "nginx"],
        subcomponents=["pkg:apk/wolfi/readline@8"],
    )
    found = read_openvex(document(old, **{"@context": "https://openvex.dev/ns"}))
    assert found.spec_version == "0.0.1"
    (said,) = found.statements
    assert said.vulnerability == "CVE-2024-2"
    assert [str(each.identity.purls[0]) for each in said.products[:1]] == [
        "pkg:apk/wolfi/bash@1.0.0"
    ]
    assert said.products[1].identity.other == ("nginx",)
    assert all(
        str(each.subcomponents[0].purls[0]) == "pkg:apk/wolfi/readline@8" for each in said.products
    )


def test_identifiers_hashes_and_subcomponents_of_a_product_are_kept_by_kind() -> None:
    product = {
        "@id": "https://acme.example/api",
        "identifiers": {"purl": "pkg:maven/a/b@2.4", "cpe23": "cpe:2.3:a:a:b:2.4:*:*:*:*:*:*:*"},
        "hashes": {"sha-256": DIGEST.upper(), "md5": "d41d8cd98f00b204e9800998ecf8427e", "x": "zz"},
        "subcomponents": [{"@id": "pkg:maven/c/d@1"}, "pkg:maven/e/f"],
    }
    (said,) = read_openvex(document(statement(products=[product]))).statements
    identity = said.products[0].identity
    assert [str(each) for each in identity.purls] == ["pkg:maven/a/b@2.4"]
    assert identity.cpes == ("cpe:2.3:a:a:b:2.4:*:*:*:*:*:*:*",)
    assert identity.hashes == (("md5", "d41d8cd98f00b204e9800998ecf8427e"), ("sha256", DIGEST))
    assert identity.other == ("https://acme.example/api",)
    assert len(said.products[0].subcomponents) == 2


@pytest.mark.parametrize(
    "text",
    [
        f"pkg:oci/api@sha256:sha256:{DIGEST}",
        f"pkg:oci/api@sha256%3Asha256%3A{DIGEST}?arch=amd64",
        f"registry.example/acme/api@sha256:{DIGEST}",
        f"pkg:docker/acme/api@sha256:{DIGEST}",
    ],
)
def test_an_identifier_that_ends_in_a_digest_names_its_bytes(text: str) -> None:
    (said,) = read_openvex(document(statement(products=[text]))).statements
    assert said.products[0].identity.hashes == (("sha256", DIGEST),)


def test_a_package_url_that_is_none_matches_nothing_but_is_kept() -> None:
    (said,) = read_openvex(document(statement(products=["pkg:maven/@1"]))).statements
    assert said.products[0].identity == VexComponent(other=("pkg:maven/@1",))


def test_the_time_of_a_statement_counts_before_that_of_the_document() -> None:
    late = statement(timestamp="2026-02-01T00:00:00Z")
    later = statement(timestamp="2026-02-01T00:00:00Z", last_updated="2026-03-01T00:00:00Z")
    inherits = statement()
    found = read_openvex(document(late, later, inherits, last_updated="2026-09-01T00:00:00Z"))
    assert [str(each.time) for each in found.statements] == [
        "2026-02-01T00:00:00Z",
        "2026-03-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
    ]
    assert str(found.time) == "2026-09-01T00:00:00Z"


def test_products_and_time_come_from_the_envelope_where_the_document_has_none() -> None:
    around = (VexProduct(identity=VexComponent(hashes=(("sha256", DIGEST),))),)
    time = Instant.parse("2025-01-01T00:00:00Z")
    root = document(statement(products=None), timestamp=None)
    (said,) = read_openvex(root, inherited_products=around, inherited_time=time).statements
    assert (said.products, said.time, said.defects) == (around, time, ())
    named = document(statement(), timestamp=None)
    (said,) = read_openvex(named, inherited_products=around).statements
    assert said.products != around


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"justification": None}, "justification or an impact_statement"),
        ({"justification": "trust_me"}, "not in the vocabulary"),
        ({"status": "affected", "justification": None}, "action_statement"),
        ({"products": []}, "names no product"),
    ],
)
def test_an_incomplete_statement_is_read_flagged_and_not_valid(
    changes: dict[str, Any], words: str
) -> None:
    found = read_openvex(document(statement(**changes)))
    assert any(words in text for text in found.statements[0].defects)
    with pytest.raises(VexError, match=words) as refused:
        READER.check(doc(document(statement(**changes))))  # type: ignore[misc]
    assert refused.value.code == "formats.openvex-invalid"


def test_an_impact_statement_justifies_as_well() -> None:
    root = document(statement(justification=None, impact_statement="compiled out"))
    check_openvex(read_openvex(root))


def test_a_statement_without_any_time_is_flagged() -> None:
    found = read_openvex(document(timestamp=None))
    assert found.statements[0].time is None
    with pytest.raises(VexError, match="timestamp"):
        check_openvex(found)


@pytest.mark.parametrize(
    ("root", "code"),
    [
        (document(statement(status="harmless")), "formats.openvex-status"),
        (document(statement(status=None)), "formats.openvex"),
        (document(statement(vulnerability=None)), "formats.openvex"),
        (document(statement(vulnerability={"aliases": ["CVE-1"]})), "formats.openvex"),
        (document(statement(vulnerability={"name": "C", "aliases": [1]})), "formats.openvex"),
        (document(statement(vulnerability=7)), "formats.openvex"),
        (document(statement(products="pkg:oci/x")), "formats.openvex"),
        (document(statement(products=[7])), "formats.openvex"),
        (document(statement(products=[""])), "formats.openvex"),
        (document(statement(products=[{"hashes": {"sha256": 7}}])), "formats.openvex"),
        (document(statement(subcomponents=[None])), "formats.openvex"),
        (document(statement(timestamp="yesterday")), "formats.openvex"),
        (document(timestamp=7), "formats.openvex"),
        (document(version=True), "formats.openvex"),
        (document(version=[1]), "formats.openvex"),
        (document(author=["Acme"]), "formats.openvex"),
        (document(statements=None), "formats.openvex-empty"),
        (document(statements=[]), "formats.openvex-empty"),
        (document(statements=[[]]), "formats.openvex"),
        (document(**{"@context": "https://openvex.dev/ns/v9.9.9"}), "formats.openvex-version"),
        (document(**{"@context": "https://openvex.dev/nsfoo"}), "formats.openvex-version"),
    ],
)
def test_what_cannot_be_believed_is_refused(root: Any, code: str) -> None:
    with pytest.raises(MalformedError) as refused:
        READER.read(doc(root))
    assert refused.value.code == code


def test_documents_are_known_by_context_or_by_their_statements() -> None:
    assert READER.recognises(doc(document()))
    assert READER.recognises(doc(document(**{"@context": ["https://openvex.dev/ns/v0.2.0"]})))
    assert READER.recognises(doc(document(**{"@context": ""})))
    assert not READER.recognises(doc({"statements": [{"text": "x"}]}))
    assert not READER.recognises(doc([document()]))
    assert not READER.recognises(Document(b"not json at all"))


def test_a_refused_document_is_described_all_the_same() -> None:
    root = document(statement(status="odd"), {"status": 7}, author=7)
    assert READER.describe(doc(root)) == {"statements": 2, "status": {"odd": 1, "unknown": 1}}


def test_the_documents_of_other_tools_are_read_and_counted(vectors: Path) -> None:
    expected = json.loads((vectors / "sbom" / "expected.json").read_bytes())["files"]
    wrong: list[str] = []
    count = 0
    for name, wanted in expected.items():
        if not name.startswith("vex/openvex/"):
            continue
        count += 1
        found = Document((vectors / "sbom" / name).read_bytes())
        readers = [each for each in VEX_READERS if each.recognises(found)]
        if wanted["format"] == "json-array":
            wrong.extend([name] if readers else [])
            continue
        described = readers[0].describe(found)
        wrong.extend(
            f"{name} {key}"
            for key, value in wanted.items()
            if key != "format" and described[key] != value
        )
        assert len(readers[0].read(found).statements) == wanted["statements"]
        readers[0].check(found)  # type: ignore[misc]
    assert not wrong
    assert count == 7
