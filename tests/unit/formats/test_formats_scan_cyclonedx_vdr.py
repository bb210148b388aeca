"""CycloneDX documents that carry vulnerabilities, read as scans."""

import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.cyclonedx_vdr import read_cyclonedx_vdr
from gatebook.formats.scan.read import read_scan
from gatebook.formats.scan.report import (
    FindingState,
    FixState,
    ReportedFinding,
    ScanReport,
    Severity,
)

A, B = "a" * 64, "b" * 64
PURL = "pkg:maven/com.example/databind@2.9.4"


def rating(source: str, severity: str | None, **more: Any) -> dict[str, Any]:
    return {"source": {"name": source}, "severity": severity} | more


def flaw(**changes: Any) -> dict[str, Any]:
    return {
        "bom-ref": "v1",
        "id": "SNYK-JAVA-1",
        "source": {"name": "Snyk", "url": "https://snyk.example/SNYK-JAVA-1"},
        "references": [{"id": "CVE-2018-7489", "source": {"name": "NVD"}}],
        "ratings": [
            rating("nvd", "critical", score=9.8, method="CVSSv31", vector="CVSS:3.1/AV:N"),
            rating("vendor", "low", method="other"),
        ],
        "published": "2018-02-26T15:29:00Z",
        "affects": [{"ref": PURL}],
    } | changes


def bom(*vulnerabilities: dict[str, Any], **changes: Any) -> dict[str, Any]:
    component = {
        "type": "library",
        "bom-ref": PURL,
        "group": "com.example",
        "name": "databind",
        "version": "2.9.4",
        "purl": PURL,
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {
            "timestamp": "2026-11-20T14:00:00Z",
            "tools": {"components": [{"name": "trivy", "version": "0.69.1"}]},
            "component": {
                "type": "container",
                "bom-ref": "root",
                "name": "registry.example/api",
                "version": f"sha256:{A}",
                "properties": [{"name": "aquasecurity:trivy:ImageID", "value": f"sha256:{B}"}],
            },
        },
        "components": [{"type": "application", "name": "app", "components": [component]}],
        "vulnerabilities": list(vulnerabilities),
    } | changes


def read(value: Any) -> ScanReport:
    return read_scan(Document(json.dumps(value).encode()))


def only(value: Any) -> ReportedFinding:
    (finding,) = read(value).findings
    return finding


def test_a_vulnerability_leads_to_the_component_it_affects() -> None:
    found = read(bom(flaw()))
    assert found.format is DocumentFormat.CYCLONEDX_JSON
    assert found.scanners == ("trivy 0.69.1",)
    assert found.created == Instant.parse("2026-11-20T14:00:00Z")
    assert found.targets == (Digest("sha256", A), Digest("sha256", B))
    (finding,) = found.findings
    assert finding.aliases == ("CVE-2018-7489",)
    assert finding.package is not None
    assert finding.package.purl == PURL
    assert finding.package.name == "com.example/databind"
    assert [each.version for each in finding.cvss] == ["3.1"]


def test_the_worst_rating_counts_unless_a_source_is_preferred() -> None:
    assert only(bom(flaw())).severity is Severity.CRITICAL
    preferred = read_cyclonedx_vdr(bom(flaw()), severity_sources=["Vendor", "nvd"])
    assert preferred.findings[0].severity is Severity.LOW
    assert preferred.findings[0].severity_source == "vendor"
    silent = read_cyclonedx_vdr(bom(flaw()), severity_sources=["ghsa"])
    assert silent.findings[0].severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("ratings", "severity"),
    [
        ([], Severity.UNKNOWN),
        ([rating("x", None)], Severity.UNKNOWN),
        ([rating("x", "info")], Severity.NEGLIGIBLE),
        ([rating("x", None, score=9.8, method="CVSSv3")], Severity.CRITICAL),
        ([rating("x", None, score=9.8, method="CVSSv2")], Severity.HIGH),
        ([rating("x", None, score=50, method="OWASP")], Severity.UNKNOWN),
        (
            [rating("x", None, vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")],
            Severity.CRITICAL,
        ),
    ],
)
def test_a_rating_is_a_word_a_score_or_a_vector(
    ratings: list[dict[str, Any]], severity: Severity
) -> None:
    assert only(bom(flaw(ratings=ratings))).severity is severity


@pytest.mark.parametrize(
    ("analysis", "state"),
    [
        (None, FindingState.OPEN),
        ({"state": "exploitable"}, FindingState.OPEN),
        ({"state": "in_triage"}, FindingState.OPEN),
        ({"state": "wishful"}, FindingState.OPEN),
        ({"justification": "code_not_present"}, FindingState.OPEN),
        ({"state": "not_affected"}, FindingState.SUPPRESSED),
        ({"state": "false_positive"}, FindingState.SUPPRESSED),
        ({"state": "resolved"}, FindingState.RESOLVED),
        ({"state": "resolved_with_pedigree"}, FindingState.RESOLVED),
    ],
)
def test_the_states_of_an_analysis(analysis: Any, state: FindingState) -> None:
    assert only(bom(flaw(analysis=analysis))).state is state


def test_a_state_comes_with_its_justification() -> None:
    analysis = {"state": "not_affected", "justification": "code_not_reachable", "detail": "unused"}
    assert only(bom(flaw(analysis=analysis))).state_reason == (
        "not_affected: code_not_reachable: unused"
    )
    assert only(bom(flaw(rejected="2026-01-01T00:00:00Z"))).state is FindingState.SUPPRESSED


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        (PURL, "com.example/databind"),
        ("root", "registry.example/api"),
        (f"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#{PURL}", "com.example/databind"),
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Fleft-pad%401.0", "left-pad"),
        ("pkg:npm/left-pad@1.0", "left-pad"),
    ],
)
def test_the_ways_to_refer_to_a_component(reference: str, name: str) -> None:
    package = only(bom(flaw(affects=[{"ref": reference}]))).package
    assert package is not None
    assert package.name == name


def test_a_reference_that_leads_nowhere_is_kept_as_a_place() -> None:
    finding = only(bom(flaw(affects=[{"ref": "nobody"}])))
    assert finding.package is None
    assert finding.locations == ("nobody",)
    assert only(bom(flaw(affects=[]))).package is None


def test_each_affected_component_is_a_finding() -> None:
    found = read(bom(flaw(affects=[{"ref": PURL}, {"ref": "root"}])))
    assert len(found.findings) == 2


def test_versions_say_which_are_affected() -> None:
    versions = [
        {"version": "2.9.4", "status": "affected"},
        {"version": "2.9.5", "status": "unaffected"},
    ]
    finding = only(bom(flaw(affects=[{"ref": PURL, "versions": versions}])))
    assert finding.state is FindingState.OPEN
    assert finding.fix is FixState.FIXED
    assert finding.fixed_versions == ("2.9.5",)
    versions[0]["status"] = "unaffected"
    finding = only(bom(flaw(affects=[{"ref": PURL, "versions": versions}])))
    assert finding.state is FindingState.SUPPRESSED


def test_an_empty_list_does_not_say_that_anybody_looked() -> None:
    assert read(bom()).incomplete
    assert read(bom(flaw())).incomplete == ()


def test_a_component_list_without_vulnerabilities_is_no_scan() -> None:
    plain = bom()
    del plain["vulnerabilities"]
    with pytest.raises(MalformedError) as caught:
        read(plain)
    assert caught.value.code == "formats.scan-unknown"


@pytest.mark.parametrize(
    "damage",
    [
        {"vulnerabilities": [{}]},
        {"vulnerabilities": ["x"]},
        {"vulnerabilities": [flaw(affects=[{}])]},
        {"vulnerabilities": [flaw(ratings=[rating("x", "high", score=99, method="CVSSv3")])]},
        {"vulnerabilities": [flaw(analysis="not_affected")]},
        {"components": {}},
        {"metadata": []},
    ],
)
def test_a_field_of_another_type_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(bom(flaw()) | damage)
    assert caught.value.code == "formats.cyclonedx-vdr"


XML = f"""<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.4" serialNumber="urn:uuid:1" version="1">
  <metadata>
    <timestamp>2026-11-20T14:00:00Z</timestamp>
    <tools><tool><vendor>Aqua</vendor><name>trivy</name><version>0.69.1</version></tool></tools>
    <component type="file"><name>app.jar</name>
      <hashes><hash alg="SHA-256">{A}</hash></hashes></component>
  </metadata>
  <components><component type="application"><name>app</name><components>
    <component type="library" bom-ref="{PURL}"><group>com.example</group><name>databind</name>
      <version>2.9.4</version><purl>{PURL}</purl></component>
  </components></component></components>
  <vulnerabilities><vulnerability bom-ref="v1">
    <id>SNYK-JAVA-1</id>
    <references><reference><id>CVE-2018-7489</id></reference></references>
    <ratings><rating><source><name>NVD</name></source><score>9.8</score>
      <severity>critical</severity><method>CVSSv3</method></rating></ratings>
    <analysis><state>STATE</state></analysis>
    <affects><target><ref>{PURL}</ref>
      <versions><version><version>2.9.5</version><status>unaffected</status></version></versions>
    </target></affects>
  </vulnerability></vulnerabilities>
</bom>"""


def test_xml_is_read_as_json_is() -> None:
    found = read_scan(Document(XML.replace("STATE", "in_triage").encode()))
    assert found.format is DocumentFormat.CYCLONEDX_XML
    assert found.scanners == ("trivy 0.69.1",)
    assert found.targets == (Digest("sha256", A),)
    (finding,) = found.findings
    assert finding.severity is Severity.CRITICAL
    assert finding.aliases == ("CVE-2018-7489",)
    assert finding.fixed_versions == ("2.9.5",)
    assert finding.package is not None
    assert finding.package.purl == PURL
    assert finding.state is FindingState.OPEN
    suppressed = read_scan(Document(XML.replace("STATE", "false_positive").encode()))
    assert suppressed.findings[0].state is FindingState.SUPPRESSED


EXTENSION = f"""<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.2" version="1"
     xmlns:v="http://cyclonedx.org/schema/ext/vulnerability/1.0">
  <components><component type="library"><name>databind</name><version>2.9.4</version>
    <purl>{PURL}</purl>INSIDE</component></components>
  BESIDE
</bom>"""
OLD_FLAW = """<v:vulnerabilities><v:vulnerability REF><v:id>CVE-2018-7489</v:id>
  <v:source name="NVD"><v:url>https://nvd.example</v:url></v:source>
  <v:ratings><v:rating><v:severity>Low</v:severity><v:method>OWASP Risk</v:method></v:rating>
  <v:rating><v:score><v:base>9.8</v:base></v:score><v:severity>Critical</v:severity>
  <v:method>CVSSv3</v:method></v:rating></v:ratings></v:vulnerability></v:vulnerabilities>"""


@pytest.mark.parametrize("place", ["INSIDE", "BESIDE"])
def test_the_extension_before_1_4_is_read(place: str) -> None:
    reference = f'ref="{PURL}"' if place == "BESIDE" else ""
    text = EXTENSION.replace(place, OLD_FLAW.replace("REF", reference))
    text = text.replace("INSIDE", "").replace("BESIDE", "")
    finding = only_xml(text)
    assert finding.id == "CVE-2018-7489"
    assert finding.severity is Severity.CRITICAL
    assert finding.severity_source == "NVD"
    assert finding.package is not None
    assert finding.package.purl == PURL


def only_xml(text: str) -> ReportedFinding:
    (finding,) = read_scan(Document(text.encode())).findings
    return finding


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (XML[:-20], "formats.xml"),
        (XML.replace("?>", '?><!DOCTYPE bom [<!ENTITY x "y">]>', 1), "formats.xml-doctype"),
    ],
)
def test_hostile_xml_is_refused(text: str, code: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_scan(Document(text.encode()))
    assert caught.value.code in {code, "formats.scan-unknown"}
