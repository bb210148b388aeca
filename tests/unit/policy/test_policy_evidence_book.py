"""Evidence as it comes into a book: signed, kept, read again, judged, replayed."""

import json

import pytest

from gatebook.digest import sha256
from gatebook.formats.report import REPORT_DOCUMENT_TYPE, REPORT_V1
from gatebook.policy.outcome import Status

PASS, FAIL, MISSING, ERROR = Status.PASS, Status.FAIL, Status.MISSING, Status.ERROR
KINDS = ["provenance", "sbom", "test-result", "report", "vulnerability-scan", "vex", "waiver"]
LODASH = "pkg:npm/lodash@4.17.20"
TRIVY = {
    "SchemaVersion": 2,
    "CreatedAt": "2026-11-20T11:00:00Z",
    "Trivy": {"Version": "0.58.1"},
    "ArtifactName": "registry.example.com/acme/api",
    "ArtifactType": "container_image",
    "Results": [
        {
            "Target": "package-lock.json",
            "Class": "lang-pkgs",
            "Type": "npm",
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-2026-1001",
                    "PkgName": "lodash",
                    "PkgIdentifier": {"PURL": LODASH},
                    "InstalledVersion": "4.17.20",
                    "FixedVersion": "4.17.21",
                    "Severity": "HIGH",
                    "SeveritySource": "ghsa",
                }
            ],
        }
    ],
}
JUNIT = b"<testsuite><testcase name='test_one'/><testcase name='test_two'/></testsuite>"
LCOV = b"TN:\nSF:app.py\nDA:1,1\nDA:2,1\nDA:3,0\nDA:4,1\nLF:4\nLH:3\nend_of_record\n"


@pytest.fixture
def a_book(company):
    """Make a book that demands one control, with a CI that may attest everything."""

    def made(control, **parameters):
        book = company.a_book()
        book.trust(
            keys={
                "ci": company.a_key("ci", *KINDS),
                "vendor": company.a_key("vendor", "vex"),
                "ana": company.a_key("ana", "approval", "waiver"),
            }
        )
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        book.demand({"id": control, "with": named})
        book.record()
        return book

    return made


def hand_in(company, book, form, data):
    predicate = {"format": form, "digest": {"sha256": sha256(data).hex}, "size": len(data)}
    return book.accept(
        company.a_statement(REPORT_V1, predicate), attachments={REPORT_DOCUMENT_TYPE: data}
    )


def came_out(book, control):
    finding = book.finding(control)
    return finding.status, finding.code


def test_a_scan_is_handed_in_as_its_tool_wrote_it(company, a_book):
    book = a_book("scan", max_age="24h", scanners=["trivy>=0.58"])
    assert came_out(book, "scan") == (MISSING, "policy.scan-missing")
    accepted = hand_in(company, book, "trivy-json", json.dumps(TRIVY).encode())
    assert came_out(book, "scan") == (PASS, "policy.scanned")
    book.later("23h")
    assert came_out(book, "scan") == (PASS, "policy.scanned")
    book.later("1h")
    assert came_out(book, "scan") == (FAIL, "policy.scan-too-old")
    book.blobs.lose(accepted.entry.evidence[1].digest)
    assert came_out(book, "scan") == (ERROR, "policy.evidence-damaged")


def test_a_truncated_scan_is_none(company, a_book):
    book = a_book("scan")
    hand_in(company, book, "trivy-json", json.dumps(TRIVY).encode()[:-5])
    assert came_out(book, "scan") == (FAIL, "policy.scan-unreadable")


def test_what_a_scan_found_fails_until_somebody_who_may_answers_it(company, a_book):
    rules = {
        "sources": ["scans"],
        "vex": [{"authors": ["key#vendor"], "scope": "vendor"}],
        "waivers": {"role": "release-manager", "max": "30d"},
    }
    book = a_book("vulnerabilities", **rules)
    hand_in(company, book, "trivy-json", json.dumps(TRIVY).encode())
    assert came_out(book, "vulnerabilities") == (FAIL, "policy.vulnerabilities-found")

    waiver = {
        "environment": "prod",
        "control": "vulnerabilities",
        "owner": "key#dev",
        "reason": "not reached",
        "vulnerability": "CVE-2026-1001",
        "expires": "2026-11-30T12:00:00Z",
    }
    predicate_type = "https://gatebook.dev/predicates/waiver/v1"
    book.accept(company.a_statement(predicate_type, waiver), signer="ci")
    assert came_out(book, "vulnerabilities")[0] is FAIL  # CI holds no role
    book.accept(company.a_statement(predicate_type, waiver), signer="ana")
    assert came_out(book, "vulnerabilities") == (PASS, "policy.vulnerabilities-borne")
    assert str(book.finding("vulnerabilities").until) == "2026-11-30T12:00:00Z"
    assert book.judge().decision.outcomes[0].finding.status is PASS
    book.later("2w")
    assert came_out(book, "vulnerabilities") == (FAIL, "policy.vulnerabilities-found")

    statement = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://vendor.example/vex/1",
        "author": "Vendor",
        "timestamp": "2026-11-20T10:00:00Z",
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": "CVE-2026-1001"},
                "products": [
                    {
                        "@id": "api",
                        "hashes": {"sha-256": company.api.hex},
                        "subcomponents": [{"@id": LODASH}],
                    }
                ],
                "status": "not_affected",
                "justification": "vulnerable_code_not_present",
            }
        ],
    }
    openvex = "https://openvex.dev/ns/v0.2.0"
    book.accept(company.a_statement(openvex, statement), signer="vendor")
    finding = book.finding("vulnerabilities")
    assert (finding.status, "not-affected by key#vendor" in finding.found) == (PASS, True)


def test_tests_and_coverage_are_handed_in_as_reports(company, a_book):
    book = a_book("tests-passed", min_tests=2)
    hand_in(company, book, "junit-xml", JUNIT)
    assert came_out(book, "tests-passed") == (PASS, "policy.tests-passed")
    broken = JUNIT.replace(b"</testsuite>", b"<testcase name='x'><failure/></testcase></testsuite>")
    hand_in(company, book, "junit-xml", broken)
    assert came_out(book, "tests-passed") == (FAIL, "policy.tests-failed")

    covered = a_book("coverage", lines=75)
    hand_in(company, covered, "lcov", LCOV)
    assert came_out(covered, "coverage") == (PASS, "policy.coverage-enough")
    hand_in(company, covered, "lcov", LCOV.replace(b"DA:2,1", b"DA:2,0").replace(b"LH:3", b"LH:2"))
    assert came_out(covered, "coverage") == (FAIL, "policy.coverage-too-low")


def test_a_report_without_tests_and_one_that_cannot_be_read_are_two_reasons(company, a_book):
    empty = a_book("tests-passed")
    hand_in(company, empty, "junit-xml", b"<testsuite name='api'/>")
    assert came_out(empty, "tests-passed") == (FAIL, "policy.tests-none")
    broken = a_book("tests-passed")
    hand_in(company, broken, "junit-xml", b"<testsuite><testcase")
    assert came_out(broken, "tests-passed") == (FAIL, "policy.tests-unclear")


def test_a_decision_over_reports_replays_to_the_same_bytes(company, a_book):
    book = a_book("vulnerabilities", sources=["scans"], severity="critical")
    hand_in(company, book, "trivy-json", json.dumps(TRIVY).encode())
    decision = book.judge().decision
    assert type(decision).parse(decision.encode()) == decision
    assert book.judge().decision.outcomes == decision.outcomes
