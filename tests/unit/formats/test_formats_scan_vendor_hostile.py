"""Whatever is done to a vendor's report, it is read or refused with a code, and nothing else."""

import contextlib
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.quality.readers import QUALITY_READERS
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.json_stream import json_values
from gatebook.formats.scan.vendor_readers import VENDOR_READERS
from gatebook.formats.scan.written_times import time_written

READERS = (*VENDOR_READERS, *QUALITY_READERS)
PACKAGE = {"name": "a", "ecosystem": "pip"}

# One small document that each reader of JSON recognises and reads.
DOCUMENTS: dict[str, Any] = {
    "github-dependabot-alerts": [
        {
            "number": 1,
            "state": "dismissed",
            "dismissed_by": {"login": "alice"},
            "dependency": {"package": PACKAGE, "manifest_path": "a.txt"},
            "security_advisory": {
                "ghsa_id": "GHSA-aaaa-bbbb-cccc",
                "identifiers": [{"type": "CVE", "value": "CVE-2020-1234"}],
                "cvss": {"vector_string": "CVSS:3.1/x", "score": 5},
                "epss": [{"percentage": 0.5}],
            },
            "security_vulnerability": {
                "package": PACKAGE,
                "severity": "low",
                "first_patched_version": {"identifier": "2"},
            },
        }
    ],
    "github-dependabot-graphql": {
        "data": {
            "repository": {
                "name": "a",
                "vulnerabilityAlerts": {
                    "pageInfo": {"hasNextPage": False},
                    "totalCount": 1,
                    "nodes": [
                        {
                            "id": "1",
                            "securityVulnerability": {
                                "severity": "LOW",
                                "package": PACKAGE,
                                "advisory": {
                                    "identifiers": [{"value": "CVE-2020-1234"}],
                                    "cvss": {"vectorString": "x", "score": 1},
                                },
                            },
                        }
                    ],
                },
            }
        }
    },
    "github-code-scanning-alerts": [
        {
            "number": 1,
            "state": "open",
            "rule": {"id": "a", "severity": "error", "security_severity_level": "high"},
            "tool": {"name": "CodeQL", "version": "2"},
            "most_recent_instance": {"location": {"path": "a.py", "start_line": 1}},
        }
    ],
    "github-secret-scanning-alerts": [
        {"number": 1, "state": "resolved", "secret_type": "a", "resolution": "revoked"}
    ],
    "github-webhook-alert": {
        "action": "created",
        "alert": {"number": 1, "state": "open", "rule": {"id": "a"}, "tool": {"name": "b"}},
        "repository": {"full_name": "a/b"},
    },
    "aws-inspector2": {
        "findings": [
            {
                "findingArn": "arn",
                "type": "PACKAGE_VULNERABILITY",
                "severity": "HIGH",
                "lastObservedAt": "2024-01-01T00:00:00Z",
                "packageVulnerabilityDetails": {
                    "vulnerabilityId": "CVE-2020-1234",
                    "cvss": [{"baseScore": 1, "scoringVector": "x"}],
                    "vulnerablePackages": [{"name": "a", "version": "1", "epoch": 0}],
                },
                "resources": [{"id": "i", "details": {"awsEcrContainerImage": {"imageHash": "h"}}}],
            }
        ]
    },
    "aws-ecr-scan-findings": {
        "imageId": {"imageDigest": "sha256:" + "0" * 64},
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {
            "imageScanCompletedAt": 1.0,
            "findingSeverityCounts": {"HIGH": 1},
            "findings": [{"name": "CVE-2020-1234", "attributes": [{"key": "a", "value": "b"}]}],
        },
    },
    "aws-asff": {
        "Findings": [
            {
                "SchemaVersion": "2018-10-08",
                "Id": "1",
                "ProductArn": "arn:a:b",
                "GeneratorId": "g",
                "Types": ["a"],
                "Severity": {"Normalized": 5},
                "Resources": [{"Id": "r", "Details": {"Other": {"PkgName": "p"}}}],
                "Vulnerabilities": [
                    {"Id": "CVE-2020-1234", "VulnerablePackages": [{"Name": "a"}], "Cvss": [{}]}
                ],
            }
        ]
    },
    "gitlab-security-report": {
        "version": "15.0.0",
        "scan": {"status": "success", "scanner": {"name": "a"}, "messages": [{"level": "info"}]},
        "dependency_files": [{"path": "a"}],
        "remediations": [{"fixes": [{"id": "1"}]}],
        "vulnerabilities": [
            {
                "id": "1",
                "location": {"file": "a", "dependency": {"package": {"name": "b"}}},
                "identifiers": [{"type": "cve", "value": "CVE-2020-1234"}],
                "links": [{"url": "u"}],
                "cvss_vectors": [{"vector": "x"}],
            }
        ],
    },
    "npm-audit-v1": {
        "advisories": {
            "1": {
                "id": 1,
                "module_name": "a",
                "cves": ["CVE-2020-1234"],
                "findings": [{"version": "1", "paths": ["a>b"]}],
            }
        },
        "metadata": {"totalDependencies": 1},
    },
    "npm-audit-v2": {
        "auditReportVersion": 2,
        "vulnerabilities": {
            "a": {
                "name": "a",
                "via": [{"source": 1, "name": "a", "cvss": {"score": 1}}, "b"],
                "nodes": ["n"],
                "fixAvailable": True,
            }
        },
        "metadata": {"vulnerabilities": {"total": 1}, "dependencies": {"total": 1}},
    },
    "pip-audit": {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": [{"id": "x", "fix_versions": ["2"]}]},
            {"name": "b", "skip_reason": "c"},
        ],
        "fixes": [],
    },
    "pip-audit-legacy-list": [{"name": "a", "version": "1", "vulns": [{"id": "x"}]}],
    "cargo-audit": {
        "database": {"last-commit": "a", "last-updated": "2021-05-12T01:59:58Z"},
        "lockfile": {"dependency-count": 1},
        "settings": {"ignore": ["a"]},
        "vulnerabilities": {
            "found": True,
            "count": 1,
            "list": [
                {
                    "advisory": {"id": "RUSTSEC-1", "aliases": ["a"], "cvss": "x"},
                    "package": {"name": "a", "version": "1"},
                    "versions": {"patched": ["2"]},
                }
            ],
        },
        "warnings": {"yanked": [{"package": {"name": "a", "version": "1"}}]},
    },
    "govulncheck": [
        {"config": {"protocol_version": "v1.0.0"}},
        {"osv": {"id": "GO-1", "aliases": ["CVE-2020-1234"], "severity": [{"score": "x"}]}},
        {"finding": {"osv": "GO-1", "trace": [{"module": "m", "position": {"line": 1}}]}},
    ],
    "govulncheck-legacy": {
        "Calls": {},
        "Requires": {"Modules": {"1": {"Path": "m", "Version": "v1"}}},
        "Modules": [{"Path": "m", "Version": "v1"}],
        "Vulns": [{"OSV": {"id": "GO-1"}, "ModPath": "m", "CallSink": 1}],
    },
    "dependency-track-fpf": {
        "meta": {"application": "Dependency-Track", "timestamp": "2021-01-18T15:08:59Z"},
        "project": {"name": "a"},
        "findings": [
            {
                "component": {"name": "a", "group": "g", "purl": "pkg:npm/a@1"},
                "vulnerability": {"vulnId": "1", "aliases": [{"cveId": "CVE-2020-1234"}]},
                "analysis": {"state": "NOT_SET", "isSuppressed": True},
            }
        ],
    },
    "dependency-check-json": {
        "reportSchema": "1.1",
        "scanInfo": {"dataSource": [{"name": "NVD Modified", "timestamp": "2021-01-01"}]},
        "dependencies": [
            {
                "fileName": "a.jar",
                "packages": [{"id": "pkg:maven/a/b@1"}],
                "vulnerabilities": [{"name": "CVE-2020-1234", "cvssv3": {"baseScore": 1}}],
                "suppressedVulnerabilities": [{"name": "CVE-2020-1235"}],
            }
        ],
    },
    "harbor-report": {
        "application/vnd.security.vulnerability.report; version=1.1": {
            "scanner": {"name": "a"},
            "artifact": {"digest": "sha256:" + "0" * 64},
            "vulnerabilities": [
                {
                    "id": "a",
                    "links": ["b"],
                    "preferred_cvss": {"score_v3": 1},
                    "vendor_attributes": {"CVSS": {"nvd": {"V3Score": 1}}},
                }
            ],
        }
    },
    "clair-scanner": {
        "image": "a",
        "unapproved": ["b"],
        "vulnerabilities": [{"vulnerability": "b", "featurename": "c"}],
    },
    "clair-klar": {"LayerCount": 1, "Vulnerabilities": {"High": [{"Name": "a"}]}},
    "clair-v4": {
        "manifest_hash": "sha256:" + "0" * 64,
        "packages": {"1": {"name": "a"}},
        "distributions": {"2": {"did": "debian"}},
        "environments": {"1": [{"distribution_id": "2", "introduced_in": "x"}]},
        "vulnerabilities": {"3": {"name": "b", "links": "l"}},
        "package_vulnerabilities": {"1": ["3"]},
        "enrichments": {"m; enricher=clair.cvss": [{"3": [{"baseScore": 1}]}]},
    },
    "gcp-artifact-analysis": {
        "image_summary": {"digest": "d"},
        "discovery_summary": {"discovery": [{"discovery": {"analysisStatus": "PENDING"}}]},
        "package_vulnerability_summary": {
            "vulnerabilities": {
                "LOW": [
                    {
                        "noteName": "n/CVE-2020-1234",
                        "vulnerability": {
                            "packageIssue": [
                                {
                                    "affectedPackage": "a",
                                    "affectedVersion": {"name": "1"},
                                    "fileLocation": [{"layerDetails": {"diffId": "d"}}],
                                }
                            ],
                            "cvssv3": {"baseScore": 1},
                            "vexAssessment": {"state": "FIXED", "impacts": ["a"]},
                        },
                    }
                ]
            }
        },
    },
    "twistcli-json": {
        "results": [
            {
                "scanID": "1",
                "digest": "d",
                "vulnerabilities": [{"id": "a", "status": "fixed in 1", "cvss": 1}],
                "compliances": [{"id": 41, "title": "b"}],
                "vulnerabilityDistribution": {"total": 1},
            }
        ]
    },
    "black-duck-json": {
        "detailedVulnerabilities": [
            {
                "vulnerabilityId": "a",
                "producerProjectName": "b",
                "baseScore": 1,
                "cvssVersion": "CVSS 3.x",
                "projectVersionPathSummary": {"projectVersionPath": "p"},
            }
        ]
    },
    "checkmarx-json": {
        "scanID": "s",
        "totalCount": 1,
        "results": [
            {
                "type": "sca",
                "id": "CVE-2020-1234",
                "data": {
                    "packageIdentifier": "a",
                    "packageData": [{"url": "u"}],
                    "scaPackageData": {"dependencyPaths": [[{"id": "a", "name": "b"}]]},
                    "nodes": [{"fileName": "f", "line": 1}],
                },
            }
        ],
    },
    "detect-secrets-baseline": {
        "plugins_used": [{"name": "a"}],
        "results": {"a.py": [{"type": "b", "line_number": 1, "is_secret": True}]},
    },
    "gitleaks-json": [{"RuleID": "a", "File": "b", "StartLine": 1}],
    "sonarqube-issues-api": {
        "paging": {"total": 1},
        "issues": [
            {
                "key": "a",
                "rule": "b",
                "line": 1,
                "impacts": [{"softwareQuality": "SECURITY", "severity": "HIGH"}],
            }
        ],
    },
    "sonarqube-hotspots-api": {"paging": {"total": 1}, "hotspots": [{"key": "a", "ruleKey": "b"}]},
    "sonarqube-issue-list": [{"key": "a", "rule": "b", "component": "c", "project": "d"}],
    "sonarqube-quality-gate": {
        "projectStatus": {"status": "OK", "conditions": [{"status": "OK", "metricKey": "a"}]}
    },
    "sonarqube-webhook": {
        "taskId": "t",
        "status": "SUCCESS",
        "project": {"key": "k", "name": "n"},
        "branch": {"name": "b"},
        "qualityGate": {"status": "OK", "conditions": [{"status": "OK", "metric": "a"}]},
    },
    "sonarqube-report": {
        "sonarBaseURL": "u",
        "rules": {},
        "issues": [{"key": "a", "rule": "b", "line": 1}],
        "hotspotKeys": ["a"],
        "summary": {"high": 1},
        "qualityGateStatus": {"projectStatus": {"status": "OK"}},
    },
    "openssf-scorecard": {
        "scorecard": {"version": "v5"},
        "repo": {"name": "r"},
        "score": 5,
        "checks": [{"name": "a", "score": 1, "reason": "b"}],
    },
}
YARN = b'{"type":"auditAdvisory","data":{"advisory":{"id":1,"module_name":"a"}}}\n'
XML = (
    b'<analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.4.0.xsd">'
    b"<dependencies><dependency><fileName>a</fileName><vulnerabilities><vulnerability>"
    b"<name>CVE-2020-1234</name></vulnerability></vulnerabilities></dependency></dependencies>"
    b"</analysis>"
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def reader_of(name: str) -> Reader[Any]:
    return next(reader for reader in READERS if reader.format.value == name)


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode())


def survives(reader: Reader[Any], received: Document) -> None:
    """Recognised or not, read or refused, described in JSON: nothing else may happen."""
    try:
        reader.recognises(received)
    except MalformedError:
        return
    code = None
    try:
        reader.read(received)
    except GatebookError as refused:
        code = refused.code
    assert code is None or code.startswith(("formats.", "canonical."))
    with contextlib.suppress(MalformedError):
        json.dumps(dict(reader.describe(received)))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from places(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from places(child, (*path, index))


def changed(value: Any, path: tuple[Any, ...], put: Any) -> Any:
    if not path:
        return put
    result = copy.deepcopy(value)
    place = result
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = put
    return result


def test_there_is_a_document_for_every_reader() -> None:
    others = {"yarn-audit", "dependency-check-xml"}
    assert DOCUMENTS.keys() | others == {reader.format.value for reader in READERS}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_the_document_is_recognised_by_its_reader_alone_and_read(name: str) -> None:
    received = document(DOCUMENTS[name])
    found = [reader.format.value for reader in READERS if recognises(reader, received)]
    assert found == [name]
    assert reader_of(name).read(received).format.value == name


def recognises(reader: Reader[Any], received: Document) -> bool:
    try:
        return reader.recognises(received)
    except MalformedError:
        return False


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_wrong_type_at_any_place_is_read_or_refused(name: str) -> None:
    reader = reader_of(name)
    for path in places(DOCUMENTS[name]):
        for put in (None, True, 7, 1e300, -1, "text", "\ud800", [], [None], [[1]], {}, {"a": 1}):
            try:
                received = document(changed(DOCUMENTS[name], path, put))
            except UnicodeEncodeError:
                continue
            survives(reader, received)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
@settings(max_examples=25)
@given(data=st.data())
def test_any_change_is_read_or_refused(name: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(places(DOCUMENTS[name]))))
    survives(reader_of(name), document(changed(DOCUMENTS[name], path, data.draw(ANYTHING))))


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_cut_off_anywhere_is_refused(name: str) -> None:
    reader = reader_of(name)
    whole = json.dumps(DOCUMENTS[name]).encode()
    for end in range(0, len(whole), 7):
        with pytest.raises(GatebookError):
            reader.read(Document(whole[:end]))


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\x00",
        b'{"a": 1, "a": 2}',
        b'[{"a": 1, "a": 2}]',
    ],
    ids=["empty", "null", "list", "object", "text", "deep", "deeper", "utf-16", "twice", "twice-2"],
)
def test_what_is_no_report_is_never_read_as_a_clean_one(name: str, hostile: bytes) -> None:
    reader = reader_of(name)
    try:
        received = Document(hostile)
        recognised = reader.recognises(received)
    except MalformedError:
        return
    assert not recognised
    survives(reader, received)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.format.value)
def test_nothing_is_never_a_clean_report(reader: Reader[Any]) -> None:
    for nothing in (b"", b"null", b"[]", b"{}", b"<a/>", b"text"):
        incomplete = ("refused",)
        with contextlib.suppress(GatebookError):
            incomplete = reader.read(Document(nothing)).incomplete
        assert incomplete != (), nothing


@given(st.data())
def test_a_yarn_stream_and_an_xml_report_changed_anywhere_are_read_or_refused(
    data: st.DataObject,
) -> None:
    for name, whole in (("yarn-audit", YARN), ("dependency-check-xml", XML)):
        start = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(start, len(whole)))
        put = data.draw(st.binary(max_size=5))
        survives(reader_of(name), Document(whole[:start] + put + whole[end:]))


def test_the_yarn_stream_and_the_xml_report_are_read() -> None:
    for name, whole in (("yarn-audit", YARN), ("dependency-check-xml", XML)):
        assert recognises(reader_of(name), Document(whole))
        assert len(reader_of(name).read(Document(whole)).findings) == 1


def test_a_vector_cut_off_or_in_another_encoding_is_read_or_refused(vectors: Path) -> None:
    for path in sorted((vectors / "sbom/vuln").rglob("*.*")):
        whole = path.read_bytes()
        if len(whole) > 100_000:
            continue
        for received in (whole[: len(whole) // 2], whole.replace(b'"', b"'"), whole * 2):
            for reader in READERS:
                survives(reader, Document(received))


@given(st.lists(st.dictionaries(st.text(), ANYTHING) | st.lists(ANYTHING), max_size=5))
def test_a_stream_gives_back_its_values(values: list[Any]) -> None:
    for between in (b"", b"\n", b"\x1e\n  "):
        stream = between.join(json.dumps(value).encode() for value in values)
        assert json.dumps(list(json_values(stream, what="stream"))) == json.dumps(values)


@pytest.mark.parametrize(
    "stream", [b"{", b"{}]", b"{} 1", b"1 {}", b"{}\n{", b'{"a": "', b"[}", b"{]", b"}"]
)
def test_a_broken_stream_is_refused(stream: bytes) -> None:
    with pytest.raises(GatebookError):
        list(json_values(stream, what="stream"))


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-06-14T04:03:53.051000+02:00", "2024-06-14T02:03:53.051Z"),
        ("2026-02-18 12:01:00.079000+01:00", "2026-02-18T11:01:00.079Z"),
        ("2016-11-05T14:52:15.748-0400", "2016-11-05T18:52:15.748Z"),
        ("2021-06-01T21:20:59", "2021-06-01T21:20:59Z"),
        ("2024-02-01 10:00 UTC", "2024-02-01T10:00:00Z"),
        ("2024-02-01", "2024-02-01T00:00:00Z"),
        ("2022-01-15T14:31:13.0426005081234Z", "2022-01-15T14:31:13.042Z"),
    ],
)
def test_a_time_is_read_in_the_forms_in_which_scanners_write_it(written: str, instant: str) -> None:
    assert time_written(written) == Instant.parse(instant)


@pytest.mark.parametrize(
    "written",
    ["", "None", "yesterday", "2024-13-01", "2024-02-30T00:00:00Z", "0001-01-01T00:00:00Z"],
)
def test_what_is_no_time_is_none(written: str) -> None:
    assert time_written(written) is None
    assert time_written(None) is None


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    found = time_written(text)
    assert found is None or isinstance(found, Instant)
