"""What ``inspect`` says of real documents, of other peoples' counts, and of hostile ones."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.inspection import Inspection, inspect
from gatebook.formats.reading.sketch import LARGE
from gatebook.vulnerabilities.readers import ADVISORY_READERS

# What an independent counter called coarsely and has a reader here, by the coarse name.
FINER = {
    "json-stream": {"dart-json"},
    "openvex?": {"openvex"},  # no context, but statements of OpenVEX
    "json-array": {"sonarqube-issue-list", "trivy-operator-report"},
    "json-other": {
        *("harbor-report", "sonarqube-hotspots-api", "sonarqube-report"),
        "trivy-operator-report",
    },
}
# The file has a container whose version is a tag; nothing in it breaks the schema, or the prose.
MISTAKEN = {"cyclonedx-malformed/distroless-cyclonedx-invalid-version.json"}


def differences(name: str, expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    wrong = []
    for key, value in expected.items():
        said: Any = found.get(key, "absent")
        match key:
            case "why" | "note":
                continue
            case "inner":
                wrong += differences(f"{name} inner", value, said)
                continue
            case "error":  # the words of another parser
                is_right = isinstance(said, str) and bool(said)
            case "format":
                is_right = said == value or said in FINER.get(value, ())
            case "valid" if expected["why"].startswith("parses") and "cyclonedx" in found["format"]:
                is_right = found["parses"] is value  # a verdict on parsing, and not on a schema
            case "valid" if expected["format"] == "cyclonedx-textproto":
                is_right = said is None  # named and not read
            case "valid":
                is_right = said is value or name in MISTAKEN
            case _:
                is_right = said == value
        if not is_right:
            wrong.append(f"{name}: {key} is {said!r}, not {value!r}")
    return wrong


def test_every_file_has_the_form_the_counts_and_the_verdict_that_others_found(
    vectors: Path,
) -> None:
    listed = json.loads((vectors / "sbom/expected.json").read_bytes())["files"]
    wrong: list[str] = []
    for name, expected in listed.items():
        told = inspect((vectors / "sbom" / name).read_bytes())
        printed = json.loads(json.dumps(told.to_json()))
        wrong += differences(name, expected, printed)
        is_right = told.valid is not True or told.reason is None
        wrong += [] if is_right else [f"{name} is valid for a reason"]
    assert wrong == []
    assert len(listed) > 1000


@pytest.mark.parametrize(
    ("name", "form", "counts"),
    [
        ("kosli/junit/pytest-report.xml", "junit-xml", {"testcases": 570}),
        ("kosli/junit/vitest-timestamps.xml", "junit-xml", {"testcases": 5, "testsuites": 2}),
        ("kosli/junit/chainloop-junit.xml", "junit-xml", {"testsuites": 3}),
        ("kosli/junit/chainloop-junit-invalid.xml", "unparseable", {}),
        ("kosli/snyk/sarif-iac.json", "sarif-2.1.0", {"findings": 126, "tools": ["Snyk IaC"]}),
        ("kosli/snyk/sarif-helm.json", "sarif-2.1.0", {"severity": {"low": 2, "medium": 3}}),
        ("kosli/sarif/checkmarx-multi-run.sarif", "sarif-2.1.0", {"runs": 2}),
        ("kosli/chainloop/sbom/sbom.cyclonedx-1.5.json", "cyclonedx-json", {}),
        ("kosli/chainloop/sbom/sbom-spdx-syft.json", "spdx2-json", {}),
        ("kosli/chainloop/vex/openvex_v0.2.0.json", "openvex", {"statements": 5}),
        ("kosli/chainloop/vex/csaf_vex_v2.0.json", "csaf", {"csaf_version": "2.0"}),
        ("kosli/chainloop/scanners/cobertura.xml", "cobertura", {}),
        ("kosli/chainloop/scanners/gitleaks-report-clean.json", "json-array", {"items": 0}),
        ("kosli/chainloop/scanners/twistcli_scan.json", "twistcli-json", {}),
        ("kosli/chainloop/scanners/scorecard-chainloop.json", "openssf-scorecard", {}),
        ("kosli/chainloop/statements/statement.json", "in-toto-statement", {"subjects": 2}),
        ("kosli/chainloop/attestations/valid.envelope.v2.json", "dsse", {"subjects": 2}),
        ("kosli/chainloop/bundles/attestation-bundle.json", "sigstore-bundle", {"subjects": 2}),
        ("gates/clusterimagepolicy/vuln-predicate.json", "cosign-vuln", {"findings": 0}),
        ("gates/vsa/gke-gce-pre.bcid-vsa.jsonl", "dsse", {"subjects": 1}),
        ("gates/witness/sbom.cdx.json", "cyclonedx-json", {"components_all": 15}),
        ("gates/provenance-gcb/gcloud-container-github.json", "gcb-provenance", {}),
    ],
)
def test_evidence_of_other_systems_is_known(
    vectors: Path, name: str, form: str, counts: dict[str, Any]
) -> None:
    told = inspect((vectors / name).read_bytes())
    assert told.format == form
    assert {key: told.counts[key] for key in counts} == counts


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("kosli/chainloop/sbom/sbom.cyclonedx-invalid-schema.json", "formats.cyclonedx"),
        ("kosli/chainloop/scanners/ghas-code-scan-wrong.json", "formats.code-scanning"),
        ("kosli/junit/chainloop-junit-invalid.xml", "formats.xml"),
        ("gates/conforma/config/broken_input.json", "canonical.not-json"),
    ],
)
def test_what_other_systems_refuse_is_refused(vectors: Path, name: str, code: str) -> None:
    told = inspect((vectors / name).read_bytes())
    assert (told.valid, told.reason and told.reason.code) == (False, code)


def test_what_is_no_evidence_is_not_taken_for_any(vectors: Path) -> None:
    wrong, seen = [], 0
    for place in sorted((vectors / "gates").rglob("*")):
        if place.is_file() and place.suffix in {".yaml", ".yml", ".md", ".pem"}:
            seen += 1
            told = inspect(place.read_bytes())
            if told.family is not Family.OTHER:
                wrong.append(f"{place.name}: {told.format}")
    assert wrong == []
    assert seen > 40


DEEP = 100_000
HOSTILE = {
    "nothing": (b"", "unparseable", "formats.document-empty"),
    "blank": (b" \n\t", "unparseable", "formats.document-empty"),
    "much blank": (b" " * 10_000_000, "unparseable", "formats.document-empty"),
    "bytes": (bytes(range(256)) * 100, "other", None),
    "zeros": (bytes(1_000_000), "other", None),
    "zero in JSON": (b'{"a": \x00}', "unparseable", "canonical.not-json"),
    "brackets": (b"[" * 10_000_000, "unparseable", "canonical.too-deep"),
    "nested objects": (b'{"a":' * DEEP, "unparseable", "canonical.too-deep"),
    "nested elements": (b"<a>" * DEEP, "unparseable", "formats.xml-limit"),
    "nested YAML": (b"- " * DEEP, "other", None),
    "brackets in YAML": (b"- " + b"[" * DEEP, "other", None),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "json-other", None),
    "UTF-16 without a mark": ('{"a": 1}'.encode("utf-16-le"), "unparseable", "canonical.not-json"),
    "half of UTF-16": (b'\xff\xfe{"a', "unparseable", "formats.document-encoding"),
    "Latin-1": ("name: café".encode("latin-1"), "other", None),
    "Latin-1 in JSON": ('{"a": "é"}'.encode("latin-1"), "unparseable", "canonical.not-utf8"),
    "a huge number": (b'{"a": ' + b"9" * 1_000_000 + b"}", "unparseable", "canonical.not-json"),
    "a huge exponent": (b"[1e999999]", "unparseable", "canonical.not-json"),
    "a key twice": (b'{"a": 1, "a": 2}', "unparseable", "canonical.duplicate-key"),
    "truncated gzip": (gzip.compress(b"{}" * 99)[:20], "gzip", "formats.compressed-truncated"),
    "gzip of gzip of gzip": (
        gzip.compress(gzip.compress(gzip.compress(b"{}"))),
        "gzip",
        "formats.compressed-layers",
    ),
    "a zip archive": (b"PK\x03\x04" + bytes(60), "zip", "formats.compressed-archive"),
    "entities": (
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        "unparseable",
        "formats.xml-doctype",
    ),
    "a page": (b"<!DOCTYPE html><html><br></html>", "unparseable", "formats.xml-doctype"),
    "lines that end early": (b'{"a": 1}\n{"a":', "unparseable", "canonical.not-json"),
    "prose": (b"Dear all,\nno findings today.\n", "other", None),
    "a text": (b'"no findings"', "other", None),
    "a number": (b"0", "other", None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_told_and_never_breaks_anything(name: str) -> None:
    document, form, code = HOSTILE[name]
    told = inspect(document)
    assert (told.format, told.reason and told.reason.code) == (form, code)
    assert told.valid is not True or form == "json-other"
    assert not told.is_known or form in {"gzip", "zip"}
    assert told.is_refused is (code is not None)


def test_every_coarse_form_is_counted() -> None:
    for document, form, counts in (
        (b'{"b": 1, "a": 2}', "json-other", {"keys": ["a", "b"]}),
        (json.dumps(dict.fromkeys("jihgfedcba")).encode(), "json-other", {"keys": [*"abcdefgh"]}),
        (b"[1, 2, 3]", "json-array", {"items": 3}),
        (b'{"a": 1}\n\n{"b": [2]}\n', "json-stream", {"docs": 2}),
        (b'{"a": 1} [2]\x1e{\n"b": 3}', "json-stream", {"docs": 3}),
        (b"<config><a/></config>", "xml-other", {"root": "config"}),
        (b"a: 1\nb: [x]\n", "yaml", {}),
        (b"---\na: 1\n---\n- b\n", "yaml", {}),
        (b"a: &x [1]\nb: *x\n", "yaml", {}),
    ):
        told = inspect(document)
        assert (told.format, told.counts, told.valid) == (form, counts, True), document
        assert told.notes == ("no format that is read; only its form was judged",)
        assert not told.is_known


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("twistcli_scan.json", {"keys": ["consoleURL", "results"], "findings": 0}),
        ("scorecard-chainloop.json", {"score": 8.2, "checks": 3}),
        ("blackduck_sca.json", {"findings": 1}),
    ],
)
def test_what_other_counters_take_for_plain_json_is_counted_as_that_too(
    vectors: Path, name: str, counts: dict[str, Any]
) -> None:
    told = inspect((vectors / "kosli/chainloop/scanners" / name).read_bytes())
    assert "keys" in told.counts
    assert {key: told.counts[key] for key in counts} == counts


def test_a_document_that_is_read_and_breaks_its_schema_parses_and_is_not_valid() -> None:
    good = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    assert inspect(json.dumps(good).encode()).valid is True
    told = inspect(json.dumps({**good, "version": -1}).encode())
    assert (told.valid, told.parses) == (False, True)
    assert told.reason is not None
    assert told.reason.code == "formats.cyclonedx-invalid"
    fast = inspect(json.dumps({**good, "version": -1}).encode(), schema=False)
    assert (fast.valid, fast.parses, fast.reason) == (None, True, None)
    assert fast.notes == ("read; not checked against the schema",)


def test_a_document_that_cannot_be_read_says_what_it_claims_to_be() -> None:
    told = inspect(b'<testsuite><testcase name="a < b"/></testsuite>')
    assert (told.format, told.claims, told.valid) == ("unparseable", "junit-xml", False)
    assert told.to_json()["claims"] == "junit-xml"


def test_what_a_sender_calls_it_is_compared_with_what_it_is() -> None:
    empty = inspect(b"[]", as_format=DocumentFormat.GITLEAKS)
    assert (empty.format, empty.valid, empty.is_known) == ("gitleaks-json", True, True)
    other = inspect(b'{"a": 1}', as_format=DocumentFormat.GITLEAKS)
    assert (other.format, other.valid) == ("json-other", False)
    assert other.reason is not None
    assert other.reason.code == "formats.document-unlike"


def test_readers_of_rooms_above_are_asked_last() -> None:
    record = b'{"id": "GHSA-1", "modified": "2026-01-01T00:00:00Z", "schema_version": "1.7.0"}'
    assert inspect(record).format == "json-other"
    assert inspect(record, others=lambda: ADVISORY_READERS).format == "osv-record"


@pytest.mark.slow
def test_a_large_component_list_is_read_piece_by_piece() -> None:
    item = b'{"type": "file", "name": "' + b"x" * 2000 + b'"}'
    listed = b",".join([item] * (LARGE // len(item) + 10))
    document = b'{"components": [' + listed + b'], "specVersion": "1.6", "bomFormat": "%s"}'
    told = inspect(document % b"CycloneDX")
    assert (told.format, told.valid, told.parses) == ("cyclonedx-json", None, True)
    assert len(told.content.components) == told.counts["components_all"]
    assert "up to" in told.notes[0]
    refused = inspect(document % b"Cyclone")
    assert (refused.valid, refused.parses) == (False, False)
    unknown = inspect(b'{"nothing": [' + listed + b"]}")
    assert unknown.format == "json-other"


SEEDS = [
    b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "a"}]}',
    b'{"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": "x"}',
    b'{"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": []}',
    b'[{"security_advisory": {}, "state": "open", "number": 1}]',
    b'<testsuite name="a"><testcase name="b"><failure/></testcase></testsuite>',
    b"TAP version 14\n1..2\nok 1 - a\nnot ok 2 - b\n",
    b"SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\n",
    b"spdxVersion: SPDX-2.3\npackages:\n- name: a\n",
    b'{"Action": "start", "Package": "a"}\n{"Action": "pass", "Package": "a"}\n',
    b"TN:\nSF:a.c\nDA:1,1\nend_of_record\n",
    gzip.compress(b'{"matches": [], "descriptor": {"name": "grype"}}'),
]


@settings(max_examples=300)
@given(data=st.data())
def test_whatever_is_changed_in_a_document_something_is_said_of_it(data: st.DataObject) -> None:
    document = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(document)))
        length = data.draw(st.integers(0, 6))
        document[place : place + length] = data.draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b"{", b'"', b"null", b"[1]", b"<"]))
        )
    told = inspect(bytes(document), schema=False)
    assert isinstance(told, Inspection)
    assert json.loads(json.dumps(told.to_json()))["format"] == told.format
    assert told.valid is not True or told.reason is None


def test_spdx_that_breaks_a_rule_is_read_and_does_not_conform() -> None:
    good: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "dataLicense": "CC0-1.0",
        "name": "app",
        "documentNamespace": "https://example.com/app",
        "creationInfo": {"created": "2026-11-20T12:00:00Z", "creators": ["Tool: maker-1"]},
        "packages": [
            {"SPDXID": "SPDXRef-a", "name": "a", "downloadLocation": "NOASSERTION"},
        ],
    }
    told = inspect(json.dumps(good).encode())
    assert (told.valid, told.conforms, told.problem) == (True, True, None)
    anonymous = inspect(json.dumps(good | {"creationInfo": {"created": "now"}}).encode())
    assert (anonymous.valid, anonymous.conforms) == (True, False)
    assert anonymous.problem is not None
    assert anonymous.problem.code == "formats.spdx-invalid"
    assert anonymous.to_json()["conforms"] is False
    garbled = inspect(json.dumps(good | {"comment": "\x01"}).encode())
    assert garbled.valid is False
    assert garbled.reason is not None
    assert garbled.reason.code == "formats.spdx-control-character"
