"""Amazon's findings: Inspector, ECR and Security Hub."""

import base64
import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.reading.document import Document
from gatebook.formats.scan import aws_asff, aws_ecr, aws_inspector
from gatebook.formats.scan.report import FindingKind, FindingState, FixState, ScanReport, Severity

IMAGE = "sha256:" + "d6" * 32
LAYER = "sha256:" + "11" * 32


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode())


def read(reader: Any, value: Any) -> ScanReport:
    it = document(value)
    assert reader.recognises(it)
    return reader.read(it)


def package(**changes: Any) -> dict[str, Any]:
    return {
        "name": "linux",
        "version": "4.19.118",
        "epoch": 0,
        "release": "2",
        "packageManager": "OS",
        "fixedInVersion": "0:4.19.232-1",
        "sourceLayerHash": LAYER,
    } | changes


def inspector(**changes: Any) -> dict[str, Any]:
    return {
        "findingArn": "arn:aws:inspector2:eu:1:finding/1",
        "type": "PACKAGE_VULNERABILITY",
        "severity": "MEDIUM",
        "status": "ACTIVE",
        "title": "CVE-2021-3744 - linux",
        "fixAvailable": "YES",
        "epss": {"score": 0.00075},
        "lastObservedAt": "2024-06-14T04:03:53.051000+02:00",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2021-3744",
            "cvss": [
                {
                    "baseScore": 5.5,
                    "scoringVector": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H",
                    "source": "NVD",
                }
            ],
            "vulnerablePackages": [package()],
        },
        "resources": [
            {"id": "app", "details": {"awsEcrContainerImage": {"imageHash": IMAGE}}},
        ],
    } | changes


def test_a_finding_names_image_package_layer_and_fix() -> None:
    report = read(aws_inspector.READER, {"findings": [inspector()]})
    (finding,) = report.findings
    assert report.targets == (Digest.parse(IMAGE),)
    assert report.created == Instant.parse("2024-06-14T02:03:53.051Z")
    assert finding.package is not None
    assert finding.package.version == "4.19.118-2"
    assert finding.package.layer == Digest.parse(LAYER)
    assert (finding.fix, finding.fixed_versions) == (FixState.FIXED, ("0:4.19.232-1",))
    assert finding.cvss[0].version == "3.1"
    assert finding.epss == 0.00075


def test_an_epoch_is_part_of_the_version() -> None:
    finding = inspector()
    finding["packageVulnerabilityDetails"]["vulnerablePackages"] = [package(epoch=2)]
    (read_finding,) = read(aws_inspector.READER, [finding]).findings
    assert read_finding.package is not None
    assert read_finding.package.version == "2:4.19.118-2"


def test_a_finding_on_two_packages_is_two_findings() -> None:
    finding = inspector(fixAvailable="PARTIAL")
    finding["packageVulnerabilityDetails"]["vulnerablePackages"] = [
        package(),
        package(name="linux-doc", fixedInVersion="NotAvailable"),
    ]
    found = read(aws_inspector.READER, {"findings": [finding]}).findings
    assert [each.fix for each in found] == [FixState.FIXED, FixState.NOT_FIXED]


def test_a_finding_that_names_no_package_is_kept() -> None:
    finding = inspector()
    finding["packageVulnerabilityDetails"]["vulnerablePackages"] = []
    (kept,) = read(aws_inspector.READER, {"findings": [finding]}).findings
    assert kept.package is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ACTIVE", FindingState.OPEN),
        ("SUPPRESSED", FindingState.SUPPRESSED),
        ("CLOSED", FindingState.RESOLVED),
        ("PARKED", FindingState.OPEN),
    ],
)
def test_the_status_says_whether_a_finding_stands(status: str, expected: FindingState) -> None:
    found = read(aws_inspector.READER, {"findings": [inspector(status=status)]}).findings
    assert found[0].state is expected


def test_what_is_not_triaged_is_unknown_and_not_harmless() -> None:
    found = read(aws_inspector.READER, {"findings": [inspector(severity="UNTRIAGED")]}).findings
    assert found[0].severity is Severity.UNKNOWN


def test_code_and_network_findings_are_of_their_kinds() -> None:
    code = inspector(
        type="CODE_VULNERABILITY",
        codeVulnerabilityDetails={
            "detectorId": "python/log-injection",
            "filePath": {"filePath": "app.py", "startLine": 3},
        },
    )
    network = inspector(type="NETWORK_REACHABILITY", title="Port 22 is open")
    found = read(aws_inspector.READER, {"findings": [code, network]}).findings
    assert [each.kind for each in found] == [FindingKind.CODE, FindingKind.MISCONFIGURATION]
    assert found[0].id == "python/log-injection"
    assert found[0].locations == ("app.py:3",)


def test_a_function_is_bound_by_the_digest_of_its_code() -> None:
    code = base64.b64encode(bytes.fromhex("ab" * 32)).decode()
    details = {"awsLambdaFunction": {"codeSha256": code}}
    finding = inspector(resources=[{"id": "arn:lambda", "details": details}])
    report = read(aws_inspector.READER, {"findings": [finding]})
    assert report.targets == (Digest.parse("sha256:" + "ab" * 32),)


@pytest.mark.parametrize(
    ("page", "complete"),
    [({}, True), ({"nextToken": ""}, True), ({"nextToken": "abc"}, False)],
)
def test_a_missing_page_of_inspector_is_said(page: dict[str, Any], complete: bool) -> None:  # noqa: FBT001  # a case
    report = read(aws_inspector.READER, {"findings": [inspector()]} | page)
    assert (report.incomplete == ()) is complete


def test_an_event_holds_one_finding_and_not_the_list() -> None:
    event = {"source": "aws.inspector2", "time": "2024-01-01T00:00:00Z", "detail": inspector()}
    report = read(aws_inspector.READER, event)
    assert len(report.findings) == 1
    assert report.incomplete != ()


def test_an_empty_page_binds_nothing_and_says_so() -> None:
    report = read(aws_inspector.READER, {"findings": []})
    assert report.targets == ()
    assert report.notes != ()


def ecr(**changes: Any) -> dict[str, Any]:
    return {
        "repositoryName": "app",
        "imageId": {"imageDigest": IMAGE, "imageTag": "1.0"},
        "imageScanStatus": {"status": "COMPLETE", "description": "done"},
        "imageScanFindings": {
            "imageScanCompletedAt": 1579839105.0,
            "vulnerabilitySourceUpdatedAt": "2020-01-24T00:00:00Z",
            "findingSeverityCounts": {"HIGH": 1},
            "findings": [
                {
                    "name": "CVE-2019-5188",
                    "uri": "https://security.example/CVE-2019-5188",
                    "severity": "HIGH",
                    "attributes": [
                        {"key": "package_name", "value": "e2fsprogs"},
                        {"key": "package_version", "value": "1.44.1-1ubuntu1.1"},
                        {"key": "CVSS2_SCORE", "value": "4.4"},
                        {"key": "CVSS2_VECTOR", "value": "AV:L/AC:M/Au:N/C:P/I:P/A:P"},
                    ],
                }
            ],
        },
    } | changes


def test_a_basic_scan_says_image_time_and_data() -> None:
    report = read(aws_ecr.READER, ecr())
    (finding,) = report.findings
    assert report.targets == (Digest.parse(IMAGE),)
    assert report.created == Instant.parse("2020-01-24T04:11:45Z")
    assert report.database is not None
    assert report.database.built == Instant.parse("2020-01-24T00:00:00Z")
    assert finding.package is not None
    assert finding.package.name == "e2fsprogs"
    assert (finding.cvss[0].version, finding.cvss[0].score) == ("2.0", 4.4)
    assert report.incomplete == ()


@pytest.mark.parametrize(
    "status",
    ["IN_PROGRESS", "FAILED", "UNSUPPORTED_IMAGE", "PENDING", "SCAN_ELIGIBILITY_EXPIRED"],
)
def test_a_scan_that_is_not_over_is_incomplete(status: str) -> None:
    report = read(aws_ecr.READER, ecr(imageScanStatus={"status": status}))
    assert status in report.incomplete[0]


def test_an_enhanced_scan_stays_active_and_is_over_once_completed() -> None:
    scan = {"imageScanCompletedAt": "2024-01-01T00:00:00Z", "enhancedFindings": [inspector()]}
    done = ecr(imageScanStatus={"status": "ACTIVE"}, imageScanFindings=scan)
    assert read(aws_ecr.READER, done).incomplete == ()
    assert read(aws_ecr.READER, done).findings[0].id == "CVE-2021-3744"
    started = {"enhancedFindings": [inspector()]}
    running = ecr(imageScanStatus={"status": "ACTIVE"}, imageScanFindings=started)
    assert read(aws_ecr.READER, running).incomplete != ()


def test_a_failed_scan_without_findings_is_recognised_and_incomplete() -> None:
    failed = ecr(imageScanStatus={"status": "FAILED"})
    del failed["imageScanFindings"]
    assert len(read(aws_ecr.READER, failed).incomplete) == 2


def test_more_counted_than_listed_means_a_page_is_missing() -> None:
    more = ecr()
    more["imageScanFindings"]["findingSeverityCounts"] = {"HIGH": 1, "LOW": 9}
    assert "10 findings are counted" in read(aws_ecr.READER, more).incomplete[0]
    assert read(aws_ecr.READER, ecr(nextToken="x")).incomplete != ()


def asff(**changes: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": "arn:aws:finding/1",
        "ProductArn": "arn:aws:securityhub:eu::product/aws/inspector",
        "ProductName": "Inspector",
        "GeneratorId": "AWSInspector",
        "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
        "Severity": {"Label": "CRITICAL", "Normalized": 90},
        "Title": "CVE-2022-3643 - kernel",
        "LastObservedAt": "2023-03-01T08:34:29Z",
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
        "Resources": [
            {"Id": f"arn:aws:ecr:eu:1:repository/app/{IMAGE}", "Type": "AwsEcrContainerImage"}
        ],
        "Vulnerabilities": [
            {
                "Id": "CVE-2022-3643",
                "FixAvailable": "YES",
                "VulnerablePackages": [
                    {"Name": "kernel", "Version": "4.14", "Epoch": "0", "Release": "1.amzn2"}
                ],
                "Cvss": [{"BaseScore": 10, "BaseVector": None, "Version": "3.1"}],
            }
        ],
    } | changes


def test_a_security_finding_names_flaw_package_and_image() -> None:
    report = read(aws_asff.READER, {"Findings": [asff()]})
    (finding,) = report.findings
    assert report.targets == (Digest.parse(IMAGE),)
    assert report.scanners == ("Inspector",)
    assert finding.id == "CVE-2022-3643"
    assert finding.package is not None
    assert finding.package.version == "4.14-1.amzn2"
    assert finding.severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, FindingState.OPEN),
        ({"Workflow": {"Status": "NOTIFIED"}}, FindingState.OPEN),
        ({"Workflow": {"Status": "SUPPRESSED"}}, FindingState.SUPPRESSED),
        ({"Workflow": {"Status": "RESOLVED"}}, FindingState.RESOLVED),
        ({"RecordState": "ARCHIVED"}, FindingState.RESOLVED),
        ({"Compliance": {"Status": "PASSED"}}, FindingState.RESOLVED),
        ({"Compliance": {"Status": "FAILED"}}, FindingState.OPEN),
        ({"Compliance": {"Status": "NOT_AVAILABLE"}}, FindingState.OPEN),
        (
            {"Workflow": {"Status": "SUPPRESSED"}, "RecordState": "ARCHIVED"},
            FindingState.SUPPRESSED,
        ),
    ],
)
def test_security_hub_says_what_became_of_a_finding(
    change: dict[str, Any], expected: FindingState
) -> None:
    assert read(aws_asff.READER, {"findings": [asff(**change)]}).findings[0].state is expected


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ({"Label": "INFORMATIONAL"}, Severity.NEGLIGIBLE),
        ({"Normalized": 90}, Severity.CRITICAL),
        ({"Normalized": 89}, Severity.HIGH),
        ({"Normalized": 0}, Severity.NEGLIGIBLE),
        ({"Original": "5"}, Severity.UNKNOWN),
    ],
)
def test_a_severity_is_a_label_or_a_number(severity: dict[str, Any], expected: Severity) -> None:
    assert read(aws_asff.READER, [asff(Severity=severity)]).findings[0].severity is expected


def test_the_template_of_trivy_is_read() -> None:
    other = {
        "CVE ID": "CVE-2019-1549",
        "PkgName": "libcrypto1.1",
        "Installed Package": "1.1.1c-r0",
        "Patched Package": "1.1.1d-r0",
        "NvdCvssScoreV3": "5.3",
        "NvdCvssVectorV3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N",
    }
    finding = asff(Resources=[{"Id": "alpine", "Details": {"Other": other}}])
    del finding["Vulnerabilities"]
    (found,) = read(aws_asff.READER, {"Findings": [finding]}).findings
    assert found.id == "CVE-2019-1549"
    assert found.kind is FindingKind.VULNERABILITY
    assert found.package is not None
    assert found.package.version == "1.1.1c-r0"
    assert found.fixed_versions == ("1.1.1d-r0",)
    assert found.cvss[0].score == 5.3


def test_another_schema_version_is_refused() -> None:
    with pytest.raises(GatebookError) as refused:
        aws_asff.READER.read(document({"Findings": [asff(SchemaVersion="2030-01-01")]}))
    assert refused.value.code == "formats.aws-asff"


def test_a_missing_page_of_security_hub_is_said() -> None:
    assert read(aws_asff.READER, {"Findings": [asff()], "NextToken": "x"}).incomplete != ()


def test_the_readers_of_amazon_do_not_take_each_others_lists() -> None:
    assert not aws_asff.READER.recognises(document({"findings": [inspector()]}))
    assert not aws_inspector.READER.recognises(document({"findings": [asff()]}))
    assert not aws_inspector.READER.recognises(document({}))
