"""Any document at all: it is a report that is read, or it is refused with a reason."""

import copy
import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import Family
from gatebook.formats.scan.read import read_scan, scan_reader
from gatebook.formats.scan.readers import SCAN_READERS
from gatebook.formats.scan.report import ScanReport

A = "a" * 64
GOOD: Final[dict[str, Any]] = {
    "trivy-json": {
        "SchemaVersion": 2,
        "ArtifactName": "api",
        "Metadata": {"ImageID": f"sha256:{A}", "RepoDigests": [f"api@sha256:{A}"]},
        "Results": [
            {
                "Target": "api",
                "Vulnerabilities": [
                    {
                        "VulnerabilityID": "CVE-2024-1234",
                        "PkgName": "a",
                        "Severity": "HIGH",
                        "CVSS": {"nvd": {"V3Score": 7.5}},
                    }
                ],
                "Misconfigurations": [{"ID": "KSV1", "Status": "FAIL"}],
                "ExperimentalModifiedFindings": [
                    {
                        "Type": "vulnerability",
                        "Status": "ignored",
                        "Finding": {"VulnerabilityID": "CVE-2024-5678"},
                    }
                ],
            }
        ],
    },
    "trivy-operator-vulnerabilityreport": {
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "kind": "VulnerabilityReport",
        "report": {
            "artifact": {"digest": f"sha256:{A}"},
            "vulnerabilities": [{"vulnerabilityID": "CVE-2024-1234", "severity": "HIGH"}],
        },
    },
    "grype-json": {
        "matches": [
            {
                "vulnerability": {"id": "CVE-2024-1234", "severity": "High", "fix": {}},
                "relatedVulnerabilities": [{"id": "GHSA-1"}],
                "artifact": {"name": "a", "version": "1", "locations": [{"path": "/a"}]},
            }
        ],
        "source": {"type": "image", "target": {"manifestDigest": f"sha256:{A}"}},
        "descriptor": {"name": "grype", "db": {"status": {"schemaVersion": "v6"}}},
    },
    "snyk-json": {
        "vulnerabilities": [
            {"id": "SNYK-1", "severity": "high", "name": "a", "identifiers": {"CVE": ["CVE-1"]}}
        ],
        "ok": False,
        "dependencyCount": 3,
        "packageManager": "npm",
    },
    "snyk-issues-rest": {
        "jsonapi": {"version": "1.0"},
        "data": [
            {
                "type": "issue",
                "attributes": {
                    "key": "SNYK-1",
                    "effective_severity_level": "high",
                    "coordinates": [{"representations": [{"dependency": {"package_name": "a"}}]}],
                },
            }
        ],
    },
    "osv-scanner-json": {
        "results": [
            {
                "source": {"path": "/go.mod"},
                "packages": [
                    {
                        "package": {"name": "a", "version": "1"},
                        "vulnerabilities": [{"id": "GO-1", "aliases": ["CVE-1"]}],
                        "groups": [{"ids": ["GO-1"], "max_severity": "7.5"}],
                    }
                ],
            }
        ]
    },
    "sarif-2.1.0": {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "x", "rules": [{"id": "r", "properties": {}}]}},
                "results": [
                    {
                        "ruleId": "r",
                        "message": {"text": "m"},
                        "locations": [
                            {"physicalLocation": {"artifactLocation": {"uri": "a", "index": 0}}}
                        ],
                        "suppressions": [{"kind": "external", "status": "rejected"}],
                        "rule": {"index": 0, "toolComponent": {"index": 0}},
                        "fingerprints": {"v1": "x"},
                    }
                ],
                "invocations": [{"executionSuccessful": True}],
            }
        ],
    },
    "cyclonedx-json": {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [{"bom-ref": "a", "name": "a"}],
        "vulnerabilities": [
            {"id": "CVE-1", "ratings": [{"severity": "high"}], "affects": [{"ref": "a"}]}
        ],
    },
    "in-toto-vulns": {
        "scanner": {"uri": "x", "result": [{"id": "CVE-1"}]},
        "metadata": {
            "scanStartedOn": "2026-11-20T13:59:00Z",
            "scanFinishedOn": "2026-11-20T14:00:00Z",
        },
    },
}


@pytest.mark.parametrize("name", GOOD)
def test_each_format_is_told_by_its_content(name: str) -> None:
    document = Document(json.dumps(GOOD[name]).encode())
    assert scan_reader(document).format == name
    report = read_scan(document)
    assert report.format == name
    assert report.open_findings()


@pytest.mark.parametrize("name", GOOD)
def test_the_encoding_of_the_document_does_not_matter(name: str) -> None:
    text = json.dumps(GOOD[name])
    plain = read_scan(Document(text.encode()))
    assert read_scan(Document(b"\xff\xfe" + text.encode("utf-16-le"))) == plain
    assert read_scan(Document(b"\n\t " + text.encode() + b"\n")) == plain


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf"])
def test_an_empty_file_is_no_clean_scan(data: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        read_scan(Document(data))
    assert caught.value.code == "formats.scan-empty"


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_report_cut_short_is_refused_as_such(name: str, share: float) -> None:
    text = json.dumps(GOOD[name]).encode()
    with pytest.raises(MalformedError) as caught:
        read_scan(Document(text[: int(len(text) * share)]))
    assert caught.value.code == "formats.scan-truncated"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"SchemaVersion": 2, "SchemaVersion": 2, "Results": []}', "canonical.duplicate-key"),
        (b'{"runs": [' + b"[" * 500 + b"]" * 500 + b"]}", "canonical.too-deep"),
        (b'{"runs": ["\xff"]}', "canonical.not-utf8"),
        (b'{"runs": [}', "canonical.not-json"),
        (b"{} {}", "canonical.not-json"),
        (b"null", "formats.scan-unknown"),
        (b'"text"', "formats.scan-unknown"),
        (b"{}", "formats.scan-unknown"),
        (b"<html/>", "formats.scan-unknown"),
        (b"CVE-2024-1234 high", "formats.scan-unknown"),
    ],
)
def test_what_is_no_report_says_why(data: bytes, code: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_scan(Document(data))
    assert caught.value.code == code


def test_what_is_read_is_listed_for_who_brought_something_else() -> None:
    with pytest.raises(MalformedError) as caught:
        read_scan(Document(b"{}"))
    for reader in SCAN_READERS:
        assert reader.format.value in str(caught.value.hint)


def test_all_readers_are_of_scans() -> None:
    assert {reader.family for reader in SCAN_READERS} == {Family.SCAN}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a document something could be changed."""
    found = [path] if path else []
    if isinstance(value, dict):
        for name, inside in value.items():
            found.extend(places(inside, (*path, name)))
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            found.extend(places(inside, (*path, number)))
    return found


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.lists(st.integers() | st.none() | st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5), max_size=3),
)


@settings(max_examples=400)
@given(data=st.data())
def test_any_change_of_a_good_report_is_read_or_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(GOOD)))
    value = copy.deepcopy(GOOD[name])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(value)))
        holder = value
        for step in path[:-1]:
            holder = holder[step]
        if data.draw(st.booleans()):
            holder[path[-1]] = data.draw(ANYTHING)
        else:
            del holder[path[-1]]
        if not value:
            break
    document = Document(json.dumps(value).encode())
    try:
        reader = scan_reader(document)
        assert json.dumps(dict(reader.describe(document)))
        report = reader.read(document)
    except GatebookError:
        return
    assert isinstance(report, ScanReport)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(GatebookError):
        read_scan(Document(data))


def test_a_long_report_is_read_in_time_that_grows_with_it() -> None:
    value = copy.deepcopy(GOOD["sarif-2.1.0"])
    run = value["runs"][0]
    run["tool"]["driver"]["rules"] = [{"id": f"rule-{number}"} for number in range(5_000)]
    run["results"] = [
        {"ruleId": f"rule-{number % 5_000}", "message": {"text": "m"}} for number in range(20_000)
    ]
    report = read_scan(Document(json.dumps(value).encode()))
    assert len(report.findings) == 20_000
