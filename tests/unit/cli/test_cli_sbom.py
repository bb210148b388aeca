"""SBOMs at the command line: checked, compared, diffed and their licences judged."""

import json
from typing import Any

import pytest

A = "a" * 64


def a_package(name: str, version: str = "1.0.0", **changes: Any) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": name,
        "name": name,
        "version": version,
        "purl": f"pkg:npm/{name}@{version}",
        "licenses": [{"license": {"id": "MIT"}}],
        "hashes": [{"alg": "SHA-256", "content": A}],
        "supplier": {"name": "Acme"},
        **changes,
    }


def an_sbom(*packages: dict[str, Any]) -> str:
    refs = [each["bom-ref"] for each in packages]
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
            "version": 1,
            "metadata": {
                "timestamp": "2026-01-01T00:00:00Z",
                "lifecycles": [{"phase": "build"}],
                "tools": {
                    "components": [{"type": "application", "name": "syft", "version": "1.20.0"}]
                },
                "component": {
                    "type": "container",
                    "bom-ref": "root",
                    "name": "api",
                    "version": "2",
                    "purl": f"pkg:oci/api@sha256%3A{A}",
                    "licenses": [{"license": {"id": "MIT"}}],
                    "supplier": {"name": "Acme"},
                },
            },
            "components": list(packages),
            "dependencies": [
                {"ref": "root", "dependsOn": refs},
                *({"ref": ref, "dependsOn": []} for ref in refs),
            ],
        }
    )


@pytest.fixture
def good(desk):
    return desk.write("good.json", an_sbom(a_package("left"), a_package("right")))


def test_a_good_sbom_has_no_finding(desk, good):
    found = desk.json("sbom", "check", good)
    assert found["schema"] == "gatebook/sbom-checks/v1"
    checks = {each["id"]: each for each in found["checks"]}
    assert (checks["S04"]["status"], checks["S14"]["status"]) == ("pass", "pass")
    assert checks["S02"]["status"] == "not-evaluable"
    assert found["profiles"][0]["profile"] == "gatebook"
    table = desk.do("sbom", "check", good).out
    assert "S09" in table
    assert "component-count" in table


def test_a_finding_names_the_component_where_it_is_and_the_fix(desk):
    path = desk.write("x.json", an_sbom(a_package("left"), a_package("right", "latest")))
    ran = desk.run("sbom", "check", path, "--check", "component-versions", "--json")
    (check,) = ran.json()["checks"]
    assert (ran.status, check["status"], check["count"]) == (7, "fail", 1)
    assert check["components"] == [
        {
            "name": "pkg:npm/right@latest",
            "ref": "right",
            "pointer": "/components/1",
            "problem": "'latest' names no version",
        }
    ]
    assert check["fix"]
    assert "pkg:npm/right@latest" in desk.run("sbom", "check", path).out


def test_what_was_asked_for_and_cannot_be_judged_is_undecided(desk, good):
    assert desk.run("sbom", "check", good, "--check", "S24").status == 4
    path = desk.write("x.json", an_sbom(a_package("left", licenses=[])))
    assert desk.run("sbom", "check", path, "--check", "S15", "--allow", "MIT").status == 4


def test_an_sbom_without_components_is_a_finding(desk):
    assert desk.run("sbom", "check", desk.write("x.json", an_sbom())).status == 7


def test_the_subject_and_the_attested_document(desk, good):
    assert desk.run("sbom", "check", good, "--subject", f"sha256:{A}").status == 0
    assert desk.run("sbom", "check", good, "--subject", f"sha256:{'b' * 64}").status == 7
    other = desk.write("other.json", good.read_bytes() + b"\n")
    assert desk.run("sbom", "check", good, "--attested", good).status == 0
    assert desk.run("sbom", "check", good, "--attested", other).status == 7
    desk.refused(5, "digest.malformed", "sbom", "check", good, "--subject", "latest")


def test_profiles_are_asked_for_by_name(desk, good):
    ran = desk.run(
        "sbom", "check", good, "--profile", "ntia-2021", "--profile", "bsi-2.1", "--json"
    )
    assert ran.status == 7
    assert [each["status"] for each in ran.json()["profiles"]] == ["pass", "fail"]
    desk.refused(2, "sboms.profile-unknown", "sbom", "check", good, "--profile", "nonsense")
    desk.refused(2, "sboms.check-unknown", "sbom", "check", good, "--check", "S99")


def test_what_breaks_the_schema_is_a_finding(desk, good):
    document = json.loads(good.read_bytes())
    document["components"][0]["type"] = "nonsense"
    path = desk.write("x.json", json.dumps(document))
    assert desk.run("sbom", "check", path, "--check", "S04").status == 7


def test_what_is_no_sbom_is_refused(desk):
    path = desk.write("x.json", '{"a": 1}')
    for words in (("check", path), ("licenses", path), ("diff", path, path)):
        desk.refused(5, "formats.sbom-unknown", "sbom", *words)
    desk.refused(2, "cli.file", "sbom", "check", "nowhere.json")


def test_a_diff_names_every_change(desk, good):
    new = desk.write("new.json", an_sbom(a_package("left", "2.0.0"), a_package("up")))
    found = desk.json("sbom", "diff", good, new)
    assert found["schema"] == "gatebook/sbom-diff/v1"
    assert [(each["kind"], each["package"]) for each in found["changes"]] == [
        ("added", "pkg:npm/up"),
        ("removed", "pkg:npm/right"),
        ("upgraded", "pkg:npm/left"),
    ]
    assert found["changes"][2]["major"] is True
    assert "upgraded" in desk.do("sbom", "diff", good, new).out
    assert "nothing changed" in desk.do("sbom", "diff", good, good).out


def test_other_bytes_in_the_same_version_are_a_finding(desk, good):
    other = [{"alg": "SHA-256", "content": "b" * 64}]
    new = desk.write("new.json", an_sbom(a_package("left", hashes=other), a_package("right")))
    assert desk.run("sbom", "diff", good, new).status == 7
    assert desk.run("sbom", "check", new, "--previous", good).status == 7


def test_the_presented_sbom_is_the_attested_one(desk, good):
    indented = desk.write("i.json", json.dumps(json.loads(good.read_bytes()), indent=1))
    assert desk.json("sbom", "compare", good, good)["likeness"] == "same-bytes"
    assert desk.json("sbom", "compare", indented, good)["likeness"] == "same-components"
    more = desk.write("more.json", an_sbom(*(a_package(n) for n in ("left", "right", "up"))))
    ran = desk.run("sbom", "compare", more, good, "--json")
    assert (ran.status, ran.json()["presented_only"]) == (7, {"pkg:npm/up@1.0.0": 1})
    assert "only attested   pkg:npm/up@1.0.0" in desk.run("sbom", "compare", good, more).out


def test_licences_are_printed_and_judged(desk):
    choice = a_package("left", licenses=[{"expression": "MIT OR GPL-3.0-only"}])
    path = desk.write("x.json", an_sbom(choice, a_package("right")))
    assert desk.run("sbom", "licenses", path).status == 0
    assert desk.run("sbom", "licenses", path, "--allow", "MIT").status == 0
    ran = desk.run("sbom", "licenses", path, "--deny", "MIT", "--json")
    found = {each["name"]: each for each in ran.json()["components"]}
    assert ran.status == 7
    assert found["pkg:npm/left@1.0.0"]["verdict"] == "allowed"
    assert found["pkg:npm/left@1.0.0"]["branch"] == "GPL-3.0-only"
    assert found["pkg:npm/right@1.0.0"]["verdict"] == "denied"
    unknown = desk.write("u.json", an_sbom(a_package("left", licenses=[])))
    assert desk.run("sbom", "licenses", unknown, "--allow", "MIT").status == 4
    desk.refused(2, "sboms.licence-list", "sbom", "licenses", path, "--allow", "MIT OR ISC")


def test_text_of_others_is_shown_and_not_obeyed(desk):
    path = desk.write("x.json", an_sbom(a_package("left", "latest", purl="pkg:npm/\u001b[31m@1")))
    for words in (("check", path), ("licenses", path)):
        assert "\x1b[31m@1" not in desk.run("sbom", *words).out
