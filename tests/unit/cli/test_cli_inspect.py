"""``gatebook inspect``: what a document is, to people and to machines."""

import gzip
import json
from typing import Any

import pytest

SBOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"component": {"type": "application", "name": "api", "version": "1.0"}},
    "components": [{"type": "library", "name": "six", "version": "1.16.0"}],
}
GRYPE = {
    "matches": [
        {
            "vulnerability": {"id": "CVE-2026-1", "severity": "High"},
            "artifact": {"name": "six", "version": "1.16.0", "type": "python"},
        }
    ],
    "descriptor": {"name": "grype", "version": "0.94.0"},
    "source": {"type": "directory", "target": "."},
}
GITLAB: dict[str, Any] = {
    "version": "15.0.0",
    "vulnerabilities": [],
    "scan": {"scanner": {"name": "Trivy"}, "type": "container_scanning", "status": "success"},
}


def test_one_file_is_one_document_with_its_counts_beside_the_format(desk):
    desk.write("sbom.json", json.dumps(SBOM))
    assert desk.json("inspect", "sbom.json") == {
        "answer": "gatebook/inspection/v1",
        "file": "sbom.json",
        "format": "cyclonedx-json",
        "family": "sbom",
        "spec_version": "1.6",
        "components_all": 1,
        "components_top": 1,
        "dependencies": 0,
        "has_root": True,
        "valid": True,
        "parses": True,
    }


def test_a_count_may_be_called_schema(desk):
    desk.write("gitlab.json", json.dumps(GITLAB))
    assert desk.json("inspect", "gitlab.json")["schema"] == "15.0.0"


def test_several_files_are_listed_in_their_order(desk):
    desk.write("scan", gzip.compress(json.dumps(GRYPE).encode()))
    desk.write("sbom", json.dumps(SBOM))
    told = desk.json("inspect", "scan", "sbom")
    assert told["schema"] == "gatebook/inspections/v1"
    scan, sbom = told["files"]
    assert (scan["file"], scan["format"], scan["inner"]["format"]) == ("scan", "gzip", "grype-json")
    assert scan["inner"]["findings"] == 1
    assert (sbom["file"], sbom["format"]) == ("sbom", "cyclonedx-json")


def test_people_read_what_is_in_it(desk):
    desk.write("scan.gz", gzip.compress(json.dumps(GRYPE).encode()))
    ran = desk.run("inspect", "scan.gz", "--explain")
    assert ran.status == 0
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert {
        "inside a gzip (gzip)",
        "is Grype JSON (grype-json)",
        "scanned by grype 0.94.0",
        "open findings 1 high",
        "verdict valid",
    } <= set(lines)
    assert "told by" in ran.out
    assert "told by" not in desk.run("inspect", "scan.gz").out


@pytest.mark.parametrize(
    ("document", "status", "said"),
    [
        (json.dumps(SBOM), 0, "valid"),
        (json.dumps({**SBOM, "version": -1}), 5, "[formats.cyclonedx-invalid]"),
        (json.dumps({**SBOM, "specVersion": "9.9"}), 5, "[formats.sbom-version]"),
        ("{", 5, "[canonical.not-json]"),
        ("", 5, "[formats.document-empty]"),
        ("{}", 4, "no format that is read"),
        ("Dear all", 4, "no format that is read"),
        ("<testsuite><testcase name='a'><failure/></testcase></testsuite>", 0, "1 failed"),
    ],
)
def test_the_exit_status_says_known_refused_or_neither(desk, document, status, said):
    desk.write("document", document)
    ran = desk.run("inspect", "document")
    assert (ran.status, said in ran.out) == (status, True)
    assert desk.run("inspect", "document", "--json").status == status


def test_one_refused_file_refuses_all(desk):
    desk.write("good", json.dumps(SBOM))
    desk.write("unknown", "{}")
    desk.write("bad", "{")
    assert desk.run("inspect", "good", "unknown").status == 4
    assert desk.run("inspect", "good", "unknown", "bad").status == 5


def test_fast_leaves_the_schema_out_and_says_so(desk):
    desk.write("sbom", json.dumps({**SBOM, "version": -1}))
    told = desk.json("inspect", "sbom", "--fast")
    assert (told["valid"], told["parses"]) == (None, True)
    assert told["notes"] == ["read; not checked against the schema"]


def test_a_refusal_has_its_code_and_its_place(desk):
    desk.write("sbom", json.dumps({**SBOM, "components": [{"name": 5}]}))
    ran = desk.run("inspect", "sbom", "--json")
    reason = json.loads(ran.out)["reason"]
    assert reason["code"] == "formats.cyclonedx"
    assert "components[0].name" in reason["message"]


def test_an_empty_list_is_what_its_sender_says(desk):
    desk.write("alerts", "[]")
    assert desk.run("inspect", "alerts").status == 4
    told = desk.json("inspect", "alerts", "--as-format", "github-dependabot-alerts")
    assert (told["format"], told["alerts"], told["valid"]) == ("github-dependabot-alerts", 0, True)
    desk.write("scan", json.dumps(GRYPE))
    ran = desk.run("inspect", "scan", "--as-format", "trivy-json", "--json")
    assert ran.status == 5
    assert json.loads(ran.out)["reason"]["code"] == "formats.document-unlike"
    desk.refused(2, "cli.format", "inspect", "scan", "--as-format", "no-such-format")


def test_an_advisory_is_known_too(desk):
    desk.write("record", '{"id": "GHSA-1", "modified": "2026-01-01T00:00:00Z", "affected": []}')
    assert desk.json("inspect", "record")["format"] == "osv-record"


def test_text_of_others_moves_no_cursor(desk):
    named = {**SBOM, "metadata": {"component": {"type": "file", "name": "\u001b[31mred"}}}
    desk.write("sbom", json.dumps(named))
    ran = desk.run("inspect", "sbom")
    assert "\u001b" not in ran.out
    assert "\\x1b[31mred" in ran.out


def test_a_missing_file_is_wrong_usage(desk):
    desk.refused(2, "cli.file", "inspect", "no-such-file")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            "TN:\nSF:a.c\nDA:1,1\nDA:2,0\nLF:2\nLH:2\nend_of_record\n",
            ("lines 50.0% (1 of 2)", "branches none counted", "inconsistent the rates it claims"),
        ),
        (
            json.dumps({"projectStatus": {"status": "ERROR", "conditions": []}}),
            ("gate ERROR", "is SonarQube quality gate (sonarqube-quality-gate)"),
        ),
        (
            json.dumps(
                {
                    "@context": "https://openvex.dev/ns/v0.2.0",
                    "@id": "https://acme.example/vex/1",
                    "author": "Acme",
                    "timestamp": "2026-01-01T00:00:00Z",
                    "version": 1,
                    "statements": [
                        {
                            "vulnerability": {"name": "CVE-2026-1"},
                            "products": [{"@id": "pkg:oci/api"}],
                            "status": "fixed",
                        }
                    ],
                }
            ),
            ("author Acme", "statements 1: 1 fixed"),
        ),
        (
            '<testsuite tests="3"><testcase name="b"><failure/></testcase><testcase/></testsuite>',
            ("tests 2: 1 passed, 1 failed, 0 broken, 0 skipped", "inconsistent the totals"),
        ),
        (
            json.dumps({**GITLAB, "scan": {**GITLAB["scan"], "status": "failure"}}),
            ("open findings none", "incomplete"),
        ),
        ("a: 1\n", ("is YAML (yaml)", "note no format that is read; only its form was judged")),
        (
            '{"_type": "https://in-toto.io/Statement/v1", "predicateType": "x", "subject": []}',
            ("predicateType x", "subjects 0", "verdict not valid: statement has 0 subjects"),
        ),
    ],
)
def test_each_family_says_what_it_is_about(desk, document, said):
    desk.write("document", document)
    text = " ".join(desk.run("inspect", "document").out.split())
    assert [each for each in said if each not in text] == []


def test_several_attestations_are_shown_one_by_one(desk):
    envelope = json.dumps(
        {"payloadType": "text/plain", "payload": "aGk=", "signatures": [{"sig": "AAAA"}]}
    )
    desk.write("lines", f"{envelope}\n{envelope}\n")
    out = desk.run("inspect", "lines").out
    assert "document 1" in out
    assert "document 2" in out
    assert out.count("DSSE envelope") == 2
