"""What somebody hands over as attestations is told apart by content, and cut out byte for byte."""

import base64
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.digest import sha256
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.attestations import (
    MAX_BYTES,
    MAX_DOCUMENTS,
    AttestationKind,
    recognise,
    split_attestations,
)

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
ENVELOPE = {
    "payload": base64.b64encode(b"{}").decode(),
    "payloadType": "application/vnd.in-toto+json",
    "signatures": [{"keyid": "", "sig": "AAAA"}],
}
BUNDLE = {
    "mediaType": BUNDLE_TYPE,
    "verificationMaterial": {"certificate": {"rawBytes": "AAAA"}},
    "dsseEnvelope": ENVELOPE,
}
PEP740 = {
    "version": 1,
    "verification_material": {"certificate": "AAAA", "transparency_entries": [{}]},
    "envelope": {"statement": "AAAA", "signature": "AAAA"},
}
COSIGN = {"base64Signature": "AAAA", "cert": "AAAA", "rekorBundle": {}}
RECORD = {
    "mediaType": "application/vnd.gatebook.cosign-signature.v1+json",
    "contentType": "application/vnd.dsse.envelope.v1+json",
    "content": "AAAA",
}
GCB = {"image_summary": {}, "provenance_summary": {"provenance": [{"envelope": ENVELOPE}]}}
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {},
}
SINGLE = {
    AttestationKind.BUNDLE: BUNDLE,
    AttestationKind.ENVELOPE: ENVELOPE,
    AttestationKind.PEP740: PEP740,
    AttestationKind.COSIGN_BUNDLE: COSIGN,
    AttestationKind.COSIGN_RECORD: RECORD,
    AttestationKind.GCB_PROVENANCE: GCB,
}


def text(document: object, **options: object) -> bytes:
    return json.dumps(document, **options).encode()


def refused(data: bytes) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        split_attestations(data)
    return caught.value


@pytest.mark.parametrize("kind", list(AttestationKind))
def test_one_document_is_recognised_and_keeps_every_byte(kind):
    for data in (text(SINGLE[kind]), b" \r\n" + text(SINGLE[kind], indent=3) + b"\n\n"):
        (found,) = split_attestations(data)

        assert found.kind is kind is recognise(data)
        assert found.data == data
        assert found.digest == sha256(data)
        assert (found.position, found.place) == (0, "document")


@pytest.mark.parametrize(
    "more",
    [
        {"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"},
        {"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2"},
        {"mediaType": "something else entirely"},
        {"unknownField": {"payload": "x"}},
    ],
)
def test_a_bundle_of_any_version_is_one_for_the_reader_of_bundles_to_judge(more):
    assert recognise(text(BUNDLE | more)) is AttestationKind.BUNDLE


def test_an_envelope_with_certificates_in_its_signatures_is_an_envelope():
    signed = ENVELOPE | {"signatures": [{"keyid": "", "sig": "AAAA", "cert": "-----BEGIN…"}]}

    assert recognise(text(signed)) is AttestationKind.ENVELOPE


def test_an_array_gives_each_member_as_it_was_written():
    first, second = text(BUNDLE, indent=2), text(ENVELOPE, separators=(" ,", " : "))
    found = split_attestations(b" [ " + first + b" ,\n" + second + b"]\n")

    assert [item.data for item in found] == [first, second]
    assert [item.kind for item in found] == [AttestationKind.BUNDLE, AttestationKind.ENVELOPE]
    assert [item.place for item in found] == ["[0]", "[1]"]
    assert [item.position for item in found] == [0, 1]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n \n", b"\r\n\t\r\n"])
def test_json_lines_give_each_line_without_its_ending(ending):
    lines = [text(BUNDLE), text(PEP740), text(ENVELOPE)]
    found = split_attestations(ending + ending.join(lines) + ending)

    assert [item.data for item in found] == lines


def test_lines_are_numbered_as_an_editor_numbers_them():
    found = split_attestations(b"\n" + text(BUNDLE) + b"\r\n\r\n" + text(BUNDLE))

    assert [item.place for item in found] == ["line 2", "line 4"]


@pytest.mark.parametrize(
    "bad",
    [
        b'{"mediaType": "' + BUNDLE_TYPE.encode(),
        b"not json",
        b'{"payloadType":"a","payloadType":"b"}',
        b'{"payloadType":"\xff"}',
        text({"hello": "world"}),
        text(STATEMENT),
        b"[]",
        b"17",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_line_refuses_the_whole_input_with_its_number(bad, place):
    lines = [text(BUNDLE), text(BUNDLE)]
    lines.insert(place, bad)
    error = refused(b"\n".join(lines))

    assert f"line {place + 1}" in error.message


def test_an_object_written_over_many_lines_is_not_taken_for_lines():
    broken = text(BUNDLE, indent=2)[:-10]
    error = refused(broken)

    assert error.code == "canonical.not-json"
    assert "line" not in error.message


def test_the_answer_of_github_gives_the_bundles_in_it():
    inner = text(BUNDLE, indent=1)
    answer = (
        b'{"attestations": [{"bundle": ' + inner + b', "repository_id": 1, "bundle_url": "https://'
        b'example.test/x"}, {"bundle":' + text(BUNDLE) + b"}]}"
    )
    found = split_attestations(answer)

    assert [item.data for item in found] == [inner, text(BUNDLE)]
    assert found[1].place == "attestations[1].bundle"


def test_the_answer_of_npm_gives_the_bundles_in_it():
    members = [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": BUNDLE}] * 2
    found = split_attestations(text({"attestations": members}))

    assert [item.data for item in found] == [text(BUNDLE)] * 2


@pytest.mark.parametrize("bundle", [{"bundle": None}, {}])
def test_a_bundle_that_is_kept_elsewhere_is_said_to_be(bundle):
    members = [{"bundle": BUNDLE}, {"bundle_url": "https://example.test/x"} | bundle]
    error = refused(text({"attestations": members}))

    assert error.code == "formats.attestation-not-included"
    assert "attestations[1]" in error.message


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([{"predicateType": "x"}], "formats.attestation"),
        ([{"bundle": None}], "formats.attestation"),
        (["text"], "formats.attestation"),
        ({"bundle": BUNDLE}, "formats.attestation"),
        ("text", "formats.attestation"),
        ([{"bundle": ENVELOPE}], "formats.attestation-unknown"),
        ([{"bundle": {"attestations": [{"bundle": BUNDLE}]}}], "formats.attestation-unknown"),
        ([{"bundle": [BUNDLE]}], "canonical.not-object"),
        ([], "formats.attestation-none"),
        (None, "formats.attestation"),
    ],
)
def test_an_answer_must_be_what_its_shape_promises(members, code):
    assert refused(text({"attestations": members})).code == code


def test_a_provenance_object_of_pypi_gives_every_attestation():
    publisher = {"publisher": {"kind": "GitHub"}, "attestations": [PEP740, PEP740]}
    found = split_attestations(text({"version": 1, "attestation_bundles": [publisher, publisher]}))

    assert [item.data for item in found] == [text(PEP740)] * 4
    assert {item.kind for item in found} == {AttestationKind.PEP740}
    assert found[3].place == "attestation_bundles[1].attestations[1]"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b" \t\r\n\r\n",
        b"[]",
        b" [ ] ",
        b'{"attestations":[]}',
        b'{"attestation_bundles":[]}',
        b'{"version":1,"attestation_bundles":[{"publisher":{},"attestations":[]}]}',
    ],
)
def test_nothing_is_never_a_success(data):
    assert refused(data).code == "formats.attestation-none"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({}, "formats.attestation-unknown"),
        ({"hello": "world"}, "formats.attestation-unknown"),
        (
            {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": []},
            "formats.attestation-unknown",
        ),
        ({"signed": {"_type": "link"}, "signatures": []}, "formats.attestation-unknown"),
        ([[BUNDLE]], "canonical.not-object"),
        ([{"attestations": [{"bundle": BUNDLE}]}], "formats.attestation-unknown"),
        (STATEMENT, "formats.attestation-unsigned"),
        (
            STATEMENT | {"_type": "https://in-toto.io/Statement/v0.1"},
            "formats.attestation-unsigned",
        ),
        (BUNDLE | ENVELOPE, "formats.attestation-ambiguous"),
        (BUNDLE | {"verification_material": {}}, "formats.attestation-ambiguous"),
        (ENVELOPE | {"base64Signature": "AAAA"}, "formats.attestation-ambiguous"),
        (ENVELOPE | {"_type": STATEMENT["_type"]}, "formats.attestation-ambiguous"),
        ({"attestations": [{"bundle": BUNDLE}]} | BUNDLE, "formats.attestation-ambiguous"),
        ("text", "canonical.not-object"),
        (17, "canonical.not-object"),
        (None, "canonical.not-object"),
        ([BUNDLE, 17], "canonical.not-object"),
    ],
)
def test_what_is_no_attestation_or_more_than_one_is_refused(document, code):
    assert refused(text(document)).code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbf" + text(BUNDLE), "canonical.bom"),
        (text(BUNDLE).decode().encode("utf-16"), "canonical.not-utf8"),
        (text(BUNDLE)[:-1] + b',"mediaType":"other"}', "canonical.duplicate-key"),
        (b'{"payloadType":' + b"[" * 5000 + b"]" * 5000 + b"}", "canonical.too-deep"),
        (text(BUNDLE) + b"x", "canonical.not-json"),
        (text(BUNDLE)[:-1], "canonical.not-json"),
        (text(BUNDLE | {"logIndex": "N"}).replace(b'"N"', b"NaN"), "canonical.not-json"),
        (b" " * (MAX_BYTES + 1) + b"{}", "canonical.too-large"),
    ],
    ids=["bom", "utf-16", "twice", "deep", "more", "less", "nan", "large"],
)
def test_input_that_two_readers_could_read_differently_is_refused(data, code):
    assert refused(data).code == code


def test_field_names_are_compared_exactly():
    snake = {"media_type": BUNDLE_TYPE, "Payload": "", "PayloadType": ""}

    assert refused(text(snake)).code == "formats.attestation-unknown"


def test_as_many_documents_as_allowed_and_not_one_more():
    line = text(ENVELOPE) + b"\n"

    assert len(split_attestations(line * MAX_DOCUMENTS)) == MAX_DOCUMENTS
    for too_many in (
        line * (MAX_DOCUMENTS + 1),
        text([ENVELOPE] * (MAX_DOCUMENTS + 1)),
        text({"attestations": [{"bundle": BUNDLE}] * (MAX_DOCUMENTS + 1)}),
    ):
        assert refused(too_many).code == "formats.attestation-too-many"


singles = st.sampled_from(list(SINGLE.values())).flatmap(
    lambda document: st.sampled_from(
        [text(document), text(document, separators=(",", ":")), text(document, ensure_ascii=False)]
    )
)


@given(st.lists(singles, min_size=2, max_size=6), st.sampled_from([b"\n", b"\r\n", b"\n \n"]))
def test_lines_and_arrays_are_taken_apart_as_they_were_put_together(documents, ending):
    lines = split_attestations(ending.join(documents))
    array = split_attestations(b"[" + b",".join(documents) + b"]")

    assert [item.data for item in lines] == documents == [item.data for item in array]


@given(st.binary(max_size=200) | singles)
def test_any_bytes_give_documents_or_our_own_error(data):
    try:
        found = split_attestations(data)
    except GatebookError:
        return
    assert found
    assert all(item.data in data for item in found)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_document_gives_documents_or_our_own_error(data):
    good = bytearray(data.draw(singles) + b"\n" + data.draw(singles))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(GatebookError):
        assert split_attestations(bytes(good))


def test_real_attestations_of_others_are_recognised(vectors):
    kinds = AttestationKind
    expected = {
        "attest/github/*bundle*.json*": {kinds.BUNDLE},
        "attest/github/*.sigstore.json": {kinds.BUNDLE},
        "attest/pypi/*.sigstore": {kinds.BUNDLE},
        "attest/pypi/*.attestation": {kinds.PEP740},
        "attest/slsa/npm/*.json": {kinds.BUNDLE},
        "attest/slsa/gha_generic/v1.10.0/*": {kinds.ENVELOPE},
        "attest/slsa/gha_generic/v2.1.0/*": {kinds.BUNDLE},
        "attest/slsa/gha_delegator/*/*": {kinds.BUNDLE},
        "attest/slsa/vsa/*.jsonl": {kinds.ENVELOPE},
        "attest/slsa/bcr/*.jsonl": {kinds.BUNDLE},
        "attest/slsa/gcb_v0.3/*github*.json": {kinds.GCB_PROVENANCE},
        "attest/in-toto-layout/test-data/*": {kinds.ENVELOPE},
        "attest/sigstore-conformance/happy*/bundle*": {kinds.BUNDLE},
        "attest/sigstore-go/*.sigstore.json": {kinds.BUNDLE},
    }
    failures = []
    for pattern, kind in expected.items():
        files = sorted(vectors.glob(pattern))
        if not files:
            failures.append(f"no file matches {pattern}")
        for file in files:
            data = file.read_bytes()
            found = split_attestations(data)
            if {item.kind for item in found} != kind or any(
                item.data not in data for item in found
            ):
                failures.append(f"{file.name}: {found}")
    assert failures == []


def test_the_two_attestations_of_an_npm_package_are_separated(vectors):
    answer = (vectors / "attest/slsa/npm/gundam-visor-cli-v1-tag.tgz.json").read_bytes()

    assert len(split_attestations(answer)) == 2


def test_trust_material_is_not_mistaken_for_attestations(vectors):
    files = sorted((vectors / "attest/trusted_roots").glob("*.json"))
    assert files
    assert {refused(file.read_bytes()).code for file in files} == {"formats.attestation-unknown"}
