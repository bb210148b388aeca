"""in-toto statements: what is read, what is refused, how subjects are matched."""

import contextlib
import json
from collections.abc import Callable

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
    ("changes", "code"),
    [
        ({"_type": "https://in-toto.io/Statement/v2"}, "statement-type"),
        ({"_type": "https://in-toto.io/StatementA/v0.1"}, "statement-type"),
        ({"_type": "ABSENT"}, "statement"),
        ({"subject": []}, "statement-subjects"),
        ({"subject": "ABSENT"}, "statement-subjects"),
        ({"subject": {}}, "statement"),
        ({"subject": ["api"]}, "statement"),
        ({"subject": [{"name": "api"}]}, "statement-digest"),
        ({"subject": [{"name": "api", "digest": {}}]}, "statement-digest"),
        ({"subject": [{"name": "api", "digest": {"sha256": ""}}]}, "statement-digest"),
        ({"subject": [{"name": "api", "digest": {"sha256": 7}}]}, "statement-digest"),
        ({"subject": [{"name": "api", "digest": {"sha256": A.upper()}}]}, "statement-digest"),
        ({"subject": [{"name": "api", "digest": {"sha256": A[:-1]}}]}, "statement-digest"),
        ({"subject": [{"digest": {"sha256": A}}, {"name": "second"}]}, "statement-digest"),
        ({"subject": [{"name": 7, "digest": {"sha256": A}}]}, "statement"),
        (
            {"subject": [{"digest": {f"x{n}": "1" for n in range(MAX_DIGESTS + 1)}}]},
            "statement-digest",
        ),
        ({"subject": [{"digest": {"sha256": A}}] * (MAX_SUBJECTS + 1)}, "statement-subjects"),
        ({"predicateType": "ABSENT"}, "statement-predicate"),
        ({"predicateType": ""}, "statement-predicate"),
        ({"predicateType": "x\n"}, "statement-predicate"),
        ({"predicateType": "x" * 1025}, "statement-predicate"),
        ({"predicate": []}, "statement"),
        ({"predicate": "{}"}, "statement"),
        ({"Subject": [{"digest": {"sha256": B}}]}, "statement-key-case"),
        ({"predicatetype": "https://example.com/other"}, "statement-key-case"),
        ({"subject": [{"digest": {"sha256": A}, "Digest": {"sha256": B}}]}, "statement-key-case"),
    ],
)
def test_a_malformed_statement_is_refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        Statement.parse(a_statement(**changes))
    assert refusal.value.code == f"formats.{code}"


def test_as_many_subjects_and_digests_as_are_allowed_are_read() -> None:
    digests = {"sha256": A, **{f"x{n}": "1" for n in range(MAX_DIGESTS - 1)}}
    subjects = [{"digest": digests}] * MAX_SUBJECTS
    assert len(Statement.parse(a_statement(subject=subjects)).subjects) == MAX_SUBJECTS


def test_the_predicate_of_v0_1_is_not_optional() -> None:
    with pytest.raises(MalformedError) as refusal:
        Statement.parse(a_statement(_type=str(StatementVersion.V0_1), predicate=None))
    assert refusal.value.code == "formats.statement-predicate"


AMBIGUOUS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "byte-order mark": (lambda data: b"\xef\xbb\xbf" + data, "canonical.bom"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "canonical.not-utf8"),
    "UTF-16 without mark": (lambda data: data.decode().encode("utf-16-le"), "canonical.not-json"),
    "NaN": (lambda data: with_value(data, b"NaN"), "canonical.not-json"),
    "infinity": (lambda data: with_value(data, b"1e999"), "canonical.not-json"),
    "huge integer": (lambda data: with_value(data, b"1" + b"0" * 5000), "canonical.not-json"),
    "half a surrogate": (lambda data: with_value(data, rb'"\ud800"'), "canonical.not-json"),
    "deep": (lambda data: with_value(data, b"[" * 70 + b"]" * 70), "canonical.too-deep"),
    "very deep": (lambda data: with_value(data, b"[" * 99999 + b"]" * 99999), "canonical.too-deep"),
    "trailing bytes": (lambda data: data + b"{}", "canonical.not-json"),
    "twice": (lambda data: data + data, "canonical.not-json"),
    "key twice": (
        lambda data: data.replace(b"{", b'{"_type": "x", ', 1),
        "canonical.duplicate-key",
    ),
    "array": (lambda data: b"[" + data + b"]", "formats.statement"),
    "empty": (lambda _: b"", "canonical.not-json"),
    "empty object": (lambda _: b"{}", "formats.statement"),
    "null": (lambda _: b"null", "formats.statement"),
}


def with_value(data: bytes, value: bytes) -> bytes:
    return data.replace(b'"x":', b'"y": ' + value + b', "x":')


@pytest.mark.parametrize(("change", "code"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_json_that_two_readers_could_read_differently_is_refused(
    change: Callable[[bytes], bytes], code: str
) -> None:
    changed = change(a_statement())
    assert changed != a_statement()
    with pytest.raises(MalformedError) as refusal:
        Statement.parse(changed)
    assert refusal.value.code == code


def test_a_release_names_its_commit_and_its_assets() -> None:
    """GitHub's release statements: one subject is the tag's commit, with a URI and no name."""
    statement = Statement.parse(
        a_statement(
            subject=[
                {"uri": "pkg:github/acme/api@v1.0", "digest": {"sha1": "c" * 40}},
                {"name": "api.tar.gz", "digest": {"sha256": A}},
            ],
            predicateType="https://in-toto.io/attestation/release/v0.2",
        )
    )
    tag, asset = statement.subjects
    assert (tag.uri, tag.name) == ("pkg:github/acme/api@v1.0", None)
    assert statement.find_subject(Digest("sha256", A)) == asset


@pytest.mark.parametrize("algorithm", ["sha1", "gitCommit", "md5", "sha224", "SHA256", "sha3_256"])
def test_a_weak_or_unknown_algorithm_never_matches(algorithm: str) -> None:
    """Even when the digits are those of the artifact's SHA-256."""
    subject = [{"name": "api", "digest": {algorithm: A}}]
    statement = Statement.parse(a_statement(subject=subject))
    assert statement.find_subject(Digest("sha256", A)) is None


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
