"""CycloneDX protobuf: known by its media type, read by the numbers of its fields."""

import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.errors import GatebookError, MalformedError, UndecidedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.sbom import cyclonedx_protobuf
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.cyclonedx_protobuf import MEDIA_TYPE, read_protobuf
from gatebook.formats.sbom.readers import SBOM_READERS


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: "int | float | str | bytes") -> bytes:
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(*fields: "tuple[int, int | float | str | bytes]") -> bytes:
    return b"".join(field(number, value) for number, value in fields)


HASH = message((1, 3), (2, "a" * 64))
INNER = message((1, 3), (3, "b"), (8, "inner"), (9, "2"))
COMPONENT = message(
    (1, 3),
    (3, "a"),
    (7, "acme"),
    (8, "log"),
    (9, "1.0"),
    (11, 1),
    (12, HASH),
    (13, message((1, message((1, "MIT"))))),
    (13, message((2, "MIT OR ISC"))),
    (16, "pkg:npm/%40acme/log@1.0"),
    (20, message((1, 1), (2, "https://acme.example/log"))),
    (21, INNER),
    (22, message((1, "syft:package:type"), (2, "npm"))),
    (99, b"a field of a later version"),
)
METADATA = message(
    (1, message((1, 1_795_185_000), (2, 5))),
    (2, message((6, message((1, 1), (8, "syft"), (9, "1.2"))))),
    (4, message((1, 7), (3, "root"), (8, "api"), (9, "2"))),
)
BOM = message(
    (1, "1.6"),
    (2, 3),
    (3, "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"),
    (4, METADATA),
    (5, COMPONENT),
    (8, message((1, "root"), (2, message((1, "a"))))),
    (8, message((1, "a"))),
    (
        10,
        message(
            (2, "CVE-2026-1"),
            (5, message((2, 9.8), (3, 1))),
            (6, varint(79) + varint(80)),
            (16, message((1, 6), (3, varint(1) + varint(2)))),
        ),
    ),
)


def read(data: bytes) -> Sbom:
    return cyclonedx_protobuf.READER.read(Document(data, media_type=MEDIA_TYPE))


def refusal(data: bytes) -> str:
    with pytest.raises(MalformedError) as refused:
        read(data)
    return refused.value.code


def test_the_document_is_read_into_the_component_list() -> None:
    sbom = read(BOM)
    assert (sbom.spec_version, sbom.doc_version, sbom.tools) == ("1.6", 3, ("syft 1.2",))
    assert sbom.created == Instant.parse("2026-11-20T14:30:00Z")
    assert sbom.subject is not None
    assert (sbom.subject.name, sbom.subject.type) == ("api", "container")
    log, inner = sbom.components
    assert (log.group, log.name, log.type, log.scope) == ("acme", "log", "library", "required")
    assert log.hashes == (("sha256", "a" * 64),)
    assert log.licenses == ("MIT", "MIT OR ISC")
    assert log.references("vcs") == ("https://acme.example/log",)
    assert (inner.name, sbom.contains["a"]) == ("inner", ("b",))
    assert dict(sbom.edges) == {"root": ("a",), "a": ()}
    assert sbom.defects == ()


def test_numbers_packed_and_enumerations_become_the_words_of_json() -> None:
    shape = read_protobuf(Document(BOM))
    assert shape["vulnerabilities"] == [
        {
            "id": "CVE-2026-1",
            "ratings": [{"score": 9.8, "severity": "critical"}],
            "cwes": [79, 80],
            "analysis": {"state": "not_affected", "response": ["can_not_fix", "will_not_fix"]},
        }
    ]


def test_only_the_media_type_tells_it() -> None:
    told = Document(BOM, media_type="application/x.vnd.cyclonedx+protobuf; version=1.6")
    assert [each.format for each in SBOM_READERS if each.recognises(told)] == [
        DocumentFormat.CYCLONEDX_PROTOBUF
    ]
    assert not any(each.recognises(Document(BOM)) for each in SBOM_READERS)
    assert cyclonedx_protobuf.READER.describe(told) == {
        "spec_version": "1.6",
        "components_all": 2,
        "components_top": 1,
        "dependencies": 2,
        "has_root": True,
    }


def test_a_version_that_protobuf_never_had_is_refused() -> None:
    assert refusal(message((1, "1.2"))) == "formats.sbom-version"
    assert refusal(b"") == "formats.sbom-version"


@pytest.mark.parametrize("length", range(1, len(BOM), 23))
def test_a_truncated_message_is_refused_or_ends_between_fields(length: int) -> None:
    with contextlib.suppress(MalformedError):
        assert len(read(BOM[:length]).components) <= 2


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(message((1, "1.6"), (1, "1.5")), id="a second value"),
        pytest.param(field(1, 6), id="a number for a text"),
        pytest.param(message((1, "1.6")) + b"\x2b", id="a group"),
        pytest.param(message((1, "1.6"), (3, b"\xff")), id="no UTF-8"),
        pytest.param(message((1, "1.6")) + b"\x00\x00", id="the field number 0"),
        pytest.param(message((1, "1.6")) + b"\x10" + b"\xff" * 11, id="an endless number"),
        pytest.param(message((1, "1.6")) + b"\x1a\xff\x01x", id="a length beyond the end"),
        pytest.param(message((1, "1.6"), (4, message((1, message((1, 1 << 62)))))), id="a time"),
        pytest.param(message((1, "1.6"), (5, 7)), id="a number for a message"),
    ],
)
def test_what_the_encoding_does_not_allow_is_refused(broken: bytes) -> None:
    assert refusal(broken) == "formats.protobuf"


def test_messages_are_not_nested_without_end() -> None:
    component = INNER
    for _ in range(200):
        component = message((8, "x"), (21, component))
    assert refusal(message((1, "1.6"), (5, component))) == "formats.protobuf"


@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(BOM)), st.integers(0, 8), st.binary(max_size=4)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=300)
def test_a_mutation_is_read_or_refused(edits: list[tuple[int, int, bytes]]) -> None:
    data = bytearray(BOM)
    for place, length, replacement in edits:
        data[place : place + length] = replacement
    for step in (cyclonedx_protobuf.READER.describe, cyclonedx_protobuf.READER.read):
        with contextlib.suppress(GatebookError):
            step(Document(bytes(data), media_type=MEDIA_TYPE))


def test_the_text_form_is_named_and_not_judged() -> None:
    document = Document(b'# proto-message: Bom\n\nspec_version: "1.6"\ncomponents {\n}\n')
    assert [each.format for each in SBOM_READERS if each.recognises(document)] == [
        DocumentFormat.CYCLONEDX_TEXTPROTO
    ]
    with pytest.raises(MalformedError) as refused:
        cyclonedx_protobuf.TEXT_READER.read(document)
    assert refused.value.code == "formats.cyclonedx-textproto"
    check = cyclonedx_protobuf.TEXT_READER.check
    assert check is not None
    with pytest.raises(UndecidedError):
        check(document)
