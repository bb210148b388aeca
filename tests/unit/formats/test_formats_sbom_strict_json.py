"""No key twice, whatever way the fast readers take: compared with reading pair by pair."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.sbom.read import read_sbom
from gatebook.formats.sbom.streaming import stream_sbom
from gatebook.formats.sbom.strict_json import check_duplicates, split_object

NAMES = st.sampled_from(
    ["a", "b", ":", "name", "type", "bom-ref", "components", "licenses", "hashes", "é", 'q"uote']
)
TEXTS = st.text(alphabet='ab:"\\{}[],é\x7f/\u2028😀', max_size=6)
SCALARS = st.one_of(TEXTS, st.integers(-5, 5), st.booleans(), st.none(), st.floats(-1e3, 1e3))


class Written:
    """JSON text that Python's dictionaries cannot hold: with keys that come twice."""

    @staticmethod
    def value(draw: Any, depth: int) -> str:
        kinds = ["scalar"] if depth == 0 else ["scalar", "object", "array"]
        match draw(st.sampled_from(kinds)):
            case "object":
                return Written.object(draw, depth - 1)
            case "array":
                items = [Written.value(draw, depth - 1) for _ in range(draw(st.integers(0, 3)))]
                return "[" + ",".join(items) + "]"
            case _:
                return json.dumps(draw(SCALARS), ensure_ascii=draw(st.booleans()))

    @staticmethod
    def object(draw: Any, depth: int) -> str:
        members = []
        for _ in range(draw(st.integers(0, 4))):
            name = json.dumps(draw(NAMES), ensure_ascii=draw(st.booleans()))
            if draw(st.integers(0, 5)) == 0:  # written another way, it is the same key
                name = '"' + "".join(f"\\u{ord(each):04x}" for each in json.loads(name)) + '"'
            colon = draw(st.sampled_from([":", ": ", " :", "\n:\t"]))
            members.append(f"{name}{colon}{Written.value(draw, depth)}")
        return "{" + draw(st.sampled_from([",", ", ", "\n,"])).join(members) + "}"


@st.composite
def objects(draw: Any) -> bytes:
    return Written.object(draw, 3).encode()


def has_duplicates(data: bytes) -> bool:
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        names = [name for name, _ in pairs]
        found = found or len(set(names)) != len(names)

    json.loads(data, object_pairs_hook=look)
    return found


@settings(max_examples=600)
@given(data=objects())
def test_the_check_agrees_with_reading_pair_by_pair(data: bytes) -> None:
    if has_duplicates(data):
        with pytest.raises(MalformedError) as refusal:
            check_duplicates(data, what="document")
        assert refusal.value.code == "canonical.duplicate-key"
    else:
        check_duplicates(data, what="document")


# -- in documents --------------------------------------------------------------------------------


def cyclonedx(component: str, *, root: str = "") -> bytes:
    return (
        '{"bomFormat":"CycloneDX","specVersion":"1.6",' + root + '"components":[{"type":"library",'
        '"name":"first"},{"type":"library","name":"x",' + component + "}]}"
    ).encode()


def spdx(package: str, *, root: str = "") -> bytes:
    return (
        '{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","creationInfo":{"created":'
        '"2026-01-01T00:00:00Z"},'
        + root
        + '"packages":[{"SPDXID":"SPDXRef-1","name":"x",'
        + package
        + "}]}"
    ).encode()


HASH = '{"alg":"SHA-1","content":"' + "a" * 40 + '"}'
SOUND = [
    cyclonedx(f'"hashes":[{HASH}]'),
    cyclonedx('"licenses":[{"license":{"id":"MIT"}}]'),
    cyclonedx('"externalReferences":[{"type":"vcs","url":"https://a.example"}]'),
    cyclonedx('"properties":[{"name":"a","value":"b"}]'),
    cyclonedx('"supplier":{"name":"a","url":["b"]}'),
    cyclonedx('"pedigree":{"notes":"a"}'),
    cyclonedx('"somethingNew":{"a":1}'),
    cyclonedx('"version":"1"', root='"vulnerabilities":[{"id":"CVE-1"}],'),
    cyclonedx('"version":"1"', root='"dependencies":[{"ref":"a","dependsOn":[]}],'),
    cyclonedx('"version":"1"', root='"metadata":{"component":{"type":"file","name":"a"}},'),
    cyclonedx('"version":"1"', root='"somethingNew":[{"a":{"b":1}}],'),
    cyclonedx('"group":null,"description":"a: b \\u003a \\" c"'),
    cyclonedx('"version" : "1"'),
    spdx('"versionInfo":"1"'),
    spdx('"externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/a"}]'),
    spdx('"annotations":[{"comment":"a"}]'),
    spdx('"versionInfo":"1"', root='"files":[{"SPDXID":"SPDXRef-f","fileName":"a"}],'),
    spdx('"versionInfo":"1"', root='"files":[{"SPDXID":5,"x":{"fileName":"a"}}],'),
]


@pytest.mark.parametrize("document", SOUND)
def test_a_sound_document_is_read(document: bytes) -> None:
    assert read_sbom(document).components
    assert stream_sbom(document).components


def places_of_keys(document: bytes) -> list[tuple[int, int]]:
    """Where each member of each object is: from its key to the end of its value."""
    decoder = json.JSONDecoder()
    text = document.decode()
    places = []
    for start in range(len(text)):
        if text[start] != '"' or text[start - 1] not in "{,":
            continue
        _, end = decoder.raw_decode(text, start)
        while text[end] == " ":
            end += 1
        if text[end] != ":":
            continue
        end += 1
        while text[end] == " ":
            end += 1
        _, end = decoder.raw_decode(text, end)
        places.append((start, end))
    return places


@pytest.mark.parametrize("document", SOUND)
def test_each_member_that_comes_twice_is_found(document: bytes) -> None:
    places = places_of_keys(document)
    assert places
    for start, end in places:
        member = document[start:end]
        for doubled in (
            document[:start] + member + b"," + document[start:],
            document[:end] + b" ,\n" + member + document[end:],
        ):
            with pytest.raises(MalformedError) as refusal:
                read_sbom(doubled)
            assert refusal.value.code == "canonical.duplicate-key"
            with pytest.raises(MalformedError) as refusal:
                stream_sbom(doubled)
            assert refusal.value.code == "canonical.duplicate-key"


@pytest.mark.parametrize("document", SOUND)
def test_a_truncated_document_is_refused(document: bytes) -> None:
    for end in range(0, len(document), 7):
        for read in (read_sbom, stream_sbom):
            with pytest.raises(MalformedError):
                read(document[:end])


@pytest.mark.parametrize(
    "document",
    [
        cyclonedx('"pedigree":' + "[" * 200 + "]" * 200),
        cyclonedx('"somethingNew":' + '{"a":' * 200 + "1" + "}" * 200),
        cyclonedx('"version":"1"', root='"somethingNew":' + "[" * 130 + "]" * 130 + ","),
        cyclonedx('"version":"1"', root='"vulnerabilities":[' + "[" * 130 + "]" * 130 + "],"),
        cyclonedx('"components":[{"type":"library","name":"y",' * 70 + '"version":"1"' + "}]" * 70),
        cyclonedx('"pedigree":' + "[" * 100_000),
        spdx('"annotations":' + "[" * 200 + "]" * 200),
        spdx('"versionInfo":"1"', root='"files":[{"x":' + "[" * 130 + "]" * 130 + "}],"),
    ],
)
def test_what_is_nested_too_deep_is_refused(document: bytes) -> None:
    for read in (read_sbom, stream_sbom):
        with pytest.raises(MalformedError) as refusal:
            read(document)
        assert refusal.value.code in {"canonical.too-deep", "canonical.not-json"}


@pytest.mark.parametrize(
    "text", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\\ud800", b"\\udc00", b"\\ud800\\u0041"]
)
@pytest.mark.parametrize(
    "field",
    [
        '"description":"%s"',
        '"somethingNew":"%s"',
        '"hashes":[{"alg":"%s"}]',
        '"properties":[{"name":"%s","value":""}]',
        '"licenses":[{"license":{"name":"%s"}}]',
        '"externalReferences":[{"type":"vcs","url":"%s"}]',
        '"pedigree":{"%s":1}',
    ],
)
def test_text_that_is_not_unicode_is_refused_wherever_it_is(text: bytes, field: str) -> None:
    document = cyclonedx(field).replace(b"%s", text)
    for read in (read_sbom, stream_sbom):
        with pytest.raises(MalformedError) as refusal:
            read(document)
        assert refusal.value.code in {"canonical.not-utf8", "canonical.not-json"}
    read_sbom(cyclonedx(field).replace(b"%s", "é😀".encode()))


def test_an_error_of_a_type_names_the_place() -> None:
    with pytest.raises(MalformedError, match=r"\$\.components\[1\]\.version"):
        read_sbom(cyclonedx('"version":1'))


def test_only_objects_have_members() -> None:
    with pytest.raises(MalformedError) as refusal:
        split_object(b"[]", what="document")
    assert refusal.value.code == "canonical.not-object"


@settings(max_examples=300)
@given(
    document=st.sampled_from(SOUND),
    place=st.integers(0, 5000),
    value=st.one_of(
        st.binary(min_size=1, max_size=3), st.sampled_from([b'"', b"{}", b"null", b":"])
    ),
    cut=st.integers(0, 6),
)
def test_a_changed_document_is_read_alike_both_ways_or_refused(
    document: bytes, place: int, value: bytes, cut: int
) -> None:
    place %= len(document)
    changed = document[:place] + value + document[place + cut :]
    whole = stream = None
    with contextlib.suppress(GatebookError):
        whole = read_sbom(changed)
    with contextlib.suppress(GatebookError):
        stream = stream_sbom(changed)
    assert whole == stream
