"""in-toto statements: what is read, what is refused, how subjects are matched."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.canonical import JsonObject
from gatebook.digest import Digest, DigestSet
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.intoto import (
    MAX_DIGESTS,
    MAX_SUBJECTS,
    PREDICATE_TYPES,
    PredicateKind,
    Statement,
    StatementVersion,
    Subject,
    encode_statement,
    is_statement_payload_type,
    predicate_kind,
)

V0_1 = "https://in-toto.io/Statement/v0.1"
A, B = "a" * 64, "b" * 64


def a_statement(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "api", "digest": {"sha256": A}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"x": 1.5},
    }
    fields.update(changes)
    return json.dumps({name: value for name, value in fields.items() if value != "ABSENT"}).encode()


def test_a_statement_is_read() -> None:
    statement = Statement.parse(a_statement())
    assert statement.version is StatementVersion.V1
    assert statement.subjects == (Subject(name="api", digests=DigestSet.of({"sha256": A})),)
    assert statement.kind is PredicateKind.PROVENANCE
    assert statement.predicate == {"x": 1.5}


def test_v0_1_is_read_alike() -> None:
    old = Statement.parse(a_statement(_type=V0_1))
    assert old.version is StatementVersion.V0_1
    assert old.subjects == Statement.parse(a_statement()).subjects


def test_v1_allows_no_name_and_no_predicate_and_v0_1_does_not() -> None:
    nameless = {"subject": [{"digest": {"sha256": A}}]}
    assert Statement.parse(a_statement(**nameless)).subjects[0].name is None
    assert Statement.parse(a_statement(predicate="ABSENT")).predicate == {}
    for changes in (nameless, {"predicate": "ABSENT"}):
        with pytest.raises(MalformedError):
            Statement.parse(a_statement(_type=V0_1, **changes))


def test_digests_of_unknown_algorithms_are_kept_and_never_match() -> None:
    subject = {"digest": {"gitCommit": "c" * 40, "sha256": A}}
    statement = Statement.parse(a_statement(subject=[subject]))
    assert statement.subjects[0].digests.get("gitCommit") == "c" * 40
    assert statement.find_subject(Digest("sha256", A)) is statement.subjects[0]


def test_every_subject_is_looked_at() -> None:
    subjects = [{"digest": {"sha256": A}}, {"name": "second", "digest": {"sha256": B}}]
    statement = Statement.parse(a_statement(subject=subjects))
    found = statement.find_subject(Digest("sha256", B))
    assert found is not None
    assert found.name == "second"
    assert statement.find_subject(Digest("sha256", "c" * 64)) is None


def test_the_same_digits_under_another_algorithm_do_not_match() -> None:
    statement = Statement.parse(a_statement(subject=[{"digest": {"sha512": "a" * 128}}]))
    assert statement.find_subject(Digest("sha256", A)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"_type": "https://in-toto.io/Statement/v2"},
        {"_type": "ABSENT"},
        {"subject": []},
        {"subject": "ABSENT"},
        {"subject": {}},
        {"subject": ["api"]},
        {"subject": [{"name": "api"}]},
        {"subject": [{"name": "api", "digest": {}}]},
        {"subject": [{"name": "api", "digest": {"sha256": ""}}]},
        {"subject": [{"name": "api", "digest": {"sha256": 7}}]},
        {"subject": [{"name": "api", "digest": {"sha256": A.upper()}}]},
        {"subject": [{"name": "api", "digest": {"sha256": A[:-1]}}]},
        {"subject": [{"name": "api", "digest": {"sha256": A}}, {"name": "second"}]},
        {"subject": [{"name": 7, "digest": {"sha256": A}}]},
        {"subject": [{"digest": {f"x{n}": "1" for n in range(MAX_DIGESTS + 1)}}]},
        {"subject": [{"digest": {"sha256": A}}] * (MAX_SUBJECTS + 1)},
        {"predicateType": "ABSENT"},
        {"predicateType": ""},
        {"predicateType": "x\n"},
        {"predicate": []},
        {"predicate": "{}"},
    ],
)
def test_a_malformed_statement_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedError) as refusal:
        Statement.parse(a_statement(**changes))
    assert refusal.value.code == "formats.statement"


def test_field_names_are_compared_exactly() -> None:
    with pytest.raises(MalformedError):
        Statement.parse(a_statement().replace(b'"subject"', b'"Subject"'))


def test_a_duplicate_key_anywhere_is_refused() -> None:
    with pytest.raises(MalformedError) as refusal:
        Statement.parse(a_statement().replace(b'"x":', b'"x": 0, "x":'))
    assert refusal.value.code == "canonical.duplicate-key"


@pytest.mark.parametrize(
    ("payload_type", "expected"),
    [
        ("application/vnd.in-toto+json", True),
        ("application/vnd.in-toto.provenance+json", True),
        ("application/vnd.in-toto.+json", False),
        ("application/vnd.in-toto.a/b+json", False),
        ("application/json", False),
        ("application/vnd.in-toto+json; x", False),
        ("APPLICATION/vnd.in-toto+json", False),
    ],
)
def test_payload_types_of_statements(payload_type: str, expected: bool) -> None:  # noqa: FBT001
    assert is_statement_payload_type(payload_type) is expected


def test_each_known_type_belongs_to_one_family() -> None:
    every = [uri for uris in PREDICATE_TYPES.values() for uri in uris]
    assert len(every) == len(set(every))
    assert set(PREDICATE_TYPES) == set(PredicateKind)
    assert all(predicate_kind(uri) in PredicateKind for uri in every)
    assert predicate_kind("https://slsa.dev/provenance/v1/") is None


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-(2.0**53), 2.0**53)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(predicate=st.dictionaries(st.text("abcdef"), _JSON, max_size=4))
def test_what_is_written_is_read_back(predicate: JsonObject) -> None:
    statement = Statement(
        subjects=(Subject(name="ä", uri="u", digests=DigestSet.of({"sha256": A, "sha1": "1"})),),
        predicate_type="https://example.com/x",
        predicate=predicate,
    )
    assert Statement.parse(encode_statement(statement)) == statement


@settings(max_examples=150)
@given(cut=st.integers(0, 200), byte=st.integers(0, 255))
def test_a_changed_byte_gives_a_statement_or_an_error_of_ours(cut: int, byte: int) -> None:
    data = bytearray(a_statement())
    data[cut % len(data)] = byte
    with contextlib.suppress(GatebookError):
        Statement.parse(bytes(data))
