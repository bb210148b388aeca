"""Documents that were made to break a reader of exploitability statements."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.vex.cyclonedx_vex import vex_from_cyclonedx
from gatebook.formats.vex.readers import VEX_READERS
from gatebook.formats.vex.statement import MAX_STATEMENTS, VexDocument

OPENVEX: dict[str, Any] = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://acme.example/1",
    "author": "Acme",
    "timestamp": "2026-01-01T00:00:00Z",
    "version": 1,
    "statements": [
        {
            "vulnerability": {"name": "CVE-2024-1", "aliases": ["GHSA-1"]},
            "products": [
                {
                    "@id": "pkg:oci/api",
                    "identifiers": {"purl": "pkg:oci/api", "cpe23": "cpe:2.3:a:a:b:1"},
                    "hashes": {"sha-256": "ab" * 32},
                    "subcomponents": [{"@id": "pkg:npm/a@1"}],
                }
            ],
            "status": "not_affected",
            "justification": "component_not_present",
        }
    ],
}
CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    "version": 1,
    "metadata": {"timestamp": "2024-01-01T00:00:00Z", "component": {"bom-ref": "r", "name": "a"}},
    "components": [{"bom-ref": "c", "name": "c", "hashes": [{"alg": "SHA-1", "content": "ab"}]}],
    "vulnerabilities": [
        {
            "id": "CVE-2024-1",
            "references": [{"id": "GHSA-1"}],
            "affects": [{"ref": "c", "versions": [{"version": "1", "status": "unaffected"}]}],
            "analysis": {"state": "not_affected", "justification": "code_not_present"},
        }
    ],
}


def read(data: bytes) -> VexDocument | None:
    """Read with whichever reader knows the document."""
    document = Document(data)
    for reader in VEX_READERS:
        if reader.recognises(document):
            reader.describe(document)
            return reader.read(document)
    return None


def read_bom(data: bytes) -> VexDocument | None:
    root = Document(data).root
    return None if root is None else vex_from_cyclonedx(root)


def test_the_documents_that_all_others_differ_from_are_read() -> None:
    for found in (read(json.dumps(OPENVEX).encode()), read_bom(json.dumps(CYCLONEDX).encode())):
        assert found is not None
        assert len(found.statements) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (json.dumps(OPENVEX).encode()[:-1], "canonical.not-json"),
        (json.dumps(OPENVEX).encode() + b"x", "canonical.not-json"),
        (json.dumps(OPENVEX).encode().replace(b"Acme", b"\xff"), "canonical.not-utf8"),
        (
            json.dumps(OPENVEX).encode().replace(b'"status":', b'"status": "fixed", "status":'),
            "canonical.duplicate-key",
        ),
        (b'{"@context":"https://openvex.dev/ns","statements":' + b"[" * 200_000, "canonical"),
        (b'{"document":{"csaf_version":' + b'{"a":' * 200_000, "canonical"),
    ],
)
def test_broken_json_is_refused_before_anything_is_believed(data: bytes, code: str) -> None:
    with pytest.raises(MalformedError) as refused:
        read(data)
    assert refused.value.code.startswith(code)


def test_another_encoding_is_read_by_its_mark() -> None:
    assert read(b"\xff\xfe" + json.dumps(OPENVEX).encode("utf-16-le")) is not None
    with pytest.raises(MalformedError):
        read(b"\xff\xfe" + json.dumps(OPENVEX).encode("utf-16-le")[:-1])


def test_more_statements_than_are_read_are_refused() -> None:
    many = {**OPENVEX, "statements": [{}] * (MAX_STATEMENTS + 1)}
    with pytest.raises(MalformedError) as refused:
        read(json.dumps(many).encode())
    assert refused.value.code == "formats.vex-limit"


@settings(max_examples=300)
@given(st.data(), st.sampled_from([OPENVEX, CYCLONEDX]))
def test_any_changed_value_is_read_or_refused(data: st.DataObject, good: dict[str, Any]) -> None:
    root = json.loads(json.dumps(good))
    place: Any = root
    while True:
        key = data.draw(
            st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place))))
        )
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(max_size=8),
            st.sampled_from([[], {}, [[]], [{}], [None], "pkg:", "urn:cdx:x", {"name": ""}]),
        )
    )
    judge = read if good is OPENVEX else read_bom
    try:
        judge(json.dumps(root).encode())
    except MalformedError:
        return


@settings(max_examples=300)
@given(st.data(), st.sampled_from([OPENVEX, CYCLONEDX]))
def test_any_changed_byte_is_read_or_refused(data: st.DataObject, good: dict[str, Any]) -> None:
    text = json.dumps(good).encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 10, len(text))))
    changed = text[:start] + data.draw(st.binary(max_size=4)) + text[end:]
    judge = read if good is OPENVEX else read_bom
    try:
        judge(changed)
    except MalformedError:
        return
