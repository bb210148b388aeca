"""CSAF documents read into statements."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.vex.csaf import READER, read_csaf
from gatebook.formats.vex.statement import (
    Justification,
    VersionClaim,
    VersionStatus,
    VexError,
    VexStatement,
    VexStatus,
)

DIGEST = "026a37919b182ef7c63791e82c9645e2f897a3f0b73c7a6028c7febf62e93838"


def named(product_id: str, **helper: Any) -> dict[str, Any]:
    product: dict[str, Any] = {"product_id": product_id, "name": f"Product {product_id}"}
    if helper:
        product["product_identification_helper"] = helper
    return product


def advisory(
    tree: dict[str, Any] | None, *vulnerabilities: dict[str, Any], version: str = "2.0"
) -> dict[str, Any]:
    root: dict[str, Any] = {
        "document": {
            "category": "csaf_vex",
            "csaf_version": version,
            "publisher": {"category": "vendor", "name": "Acme", "namespace": "https://a.example"},
            "distribution": {"tlp": {"label": "GREEN"}},
            "tracking": {
                "id": "ACME-1",
                "status": "final",
                "version": "3",
                "initial_release_date": "2024-01-01T00:00:00Z",
                "current_release_date": "2024-02-01T00:00:00Z",
            },
        },
        "vulnerabilities": list(vulnerabilities),
    }
    if tree is not None:
        root["product_tree"] = tree
    return root


STATUS = {
    "first_affected": VexStatus.AFFECTED,
    "known_affected": VexStatus.AFFECTED,
    "last_affected": VexStatus.AFFECTED,
    "known_not_affected": VexStatus.NOT_AFFECTED,
    "first_fixed": VexStatus.FIXED,
    "fixed": VexStatus.FIXED,
    "under_investigation": VexStatus.UNDER_INVESTIGATION,
}
TREE: dict[str, Any] = {
    "full_product_names": [
        named("P1", purl="pkg:oci/api@sha256%3A" + DIGEST),
        named("P2", cpe="cpe:/a:acme:api:2"),
    ],
    "product_groups": [{"group_id": "G1", "product_ids": ["P1", "P2"]}],
}


def statements(root: dict[str, Any]) -> tuple[VexStatement, ...]:
    return read_csaf(root).statements


def test_the_head_of_a_document_is_kept() -> None:
    found = read_csaf(advisory(TREE))
    assert (found.id, found.version, found.author, found.role) == ("ACME-1", "3", "Acme", "vendor")
    assert (found.distribution, found.revision_state) == ("GREEN", "final")
    assert str(found.time) == "2024-02-01T00:00:00Z"


def test_every_status_but_the_recommended_is_a_statement() -> None:
    ids = [*STATUS, "recommended"]
    tree = {"full_product_names": [named(each) for each in ids]}
    status = {each: [each] for each in ids}
    found = statements(advisory(tree, {"cve": "CVE-2024-1", "product_status": status}))
    assert {each.status_written: each.status for each in found} == STATUS


def test_flags_threats_and_remediations_reach_products_through_groups() -> None:
    found = statements(
        advisory(
            TREE,
            {
                "cve": "CVE-2024-1",
                "ids": [{"system_name": "Acme", "text": "A-1"}],
                "product_status": {"known_not_affected": ["P1", "P2"]},
                "flags": [{"label": "component_not_present", "group_ids": ["G1"]}],
                "threats": [
                    {"category": "impact", "details": "Not shipped.", "product_ids": ["P1"]},
                    {"category": "exploit_status", "details": "No.", "product_ids": ["P2"]},
                ],
            },
        )
    )
    assert [(each.impact, len(each.products)) for each in found] == [("Not shipped.", 1), (None, 1)]
    assert {each.justification for each in found} == {Justification.COMPONENT_NOT_PRESENT}
    assert (found[0].vulnerability, found[0].aliases) == ("CVE-2024-1", ("A-1",))


def test_not_affected_without_a_reason_is_flagged() -> None:
    item = {"cve": "CVE-2024-1", "product_status": {"known_not_affected": ["P1"]}}
    (said,) = statements(advisory(TREE, item))
    assert said.defects
    assert not said.is_justified


def test_an_action_is_given_for_affected_products() -> None:
    item = {
        "cve": "CVE-2024-1",
        "product_status": {"known_affected": ["P1"]},
        "remediations": [{"category": "vendor_fix", "details": "Update.", "product_ids": ["P1"]}],
    }
    (said,) = statements(advisory(TREE, item))
    assert said.action == "Update."


def test_branches_give_versions_and_ranges_of_versions() -> None:
    tree = {
        "branches": [
            {
                "category": "vendor",
                "name": "Acme",
                "branches": [
                    {"category": "product_version", "name": "4.2", "product": named("P1")},
                    {
                        "category": "product_version_range",
                        "name": "vers:semver/<4.2.0",
                        "product": named("P2", purl="pkg:npm/api"),
                    },
                ],
            }
        ]
    }
    status = {"fixed": ["P1"], "known_affected": ["P2"]}
    found = {
        each.status: each.products[0]
        for each in statements(advisory(tree, {"cve": "CVE-2024-1", "product_status": status}))
    }
    assert found[VexStatus.FIXED].identity.version == "4.2"
    assert found[VexStatus.AFFECTED].versions == (
        VersionClaim(range="vers:semver/<4.2.0", status=VersionStatus.AFFECTED),
    )


def relationship(product_id: str, part: str, whole: str, **helper: Any) -> dict[str, Any]:
    return {
        "category": "default_component_of",
        "product_reference": part,
        "relates_to_product_reference": whole,
        "full_product_name": named(product_id, **helper),
    }


def test_a_relationship_is_a_part_within_a_platform() -> None:
    tree = {
        "full_product_names": [
            named("rpm", purl="pkg:rpm/redhat/openssl@1.1"),
            named("platform", cpe="cpe:/o:redhat:rhel:8"),
        ],
        "relationships": [
            relationship("platform:rpm", "rpm", "platform"),
            relationship("deeper", "platform:rpm", "platform:rpm"),
            relationship("own", "rpm", "platform", purl="pkg:rpm/redhat/own@2"),
        ],
    }
    item = {"cve": "CVE-2024-1", "product_status": {"fixed": ["platform:rpm", "deeper", "own"]}}
    (said,) = statements(advisory(tree, item))
    first, deeper, own = said.products
    assert first.identity.cpes == ("cpe:/o:redhat:rhel:8",)
    assert [str(each.purls[0]) for each in first.subcomponents] == ["pkg:rpm/redhat/openssl@1.1"]
    assert (deeper.identity, deeper.subcomponents) == (first.identity, first.subcomponents)
    assert (str(own.identity.purls[0]), own.subcomponents) == ("pkg:rpm/redhat/own@2", ())


def test_the_paths_and_package_urls_of_version_2_1_are_read() -> None:
    tree = {
        "full_product_names": [
            named("rpm", purls=["pkg:rpm/redhat/a@1", "pkg:rpm/redhat/b@1"]),
            named("platform", cpe="cpe:/o:redhat:rhel:8"),
        ],
        "product_paths": [
            {
                "beginning_product_reference": "rpm",
                "full_product_name": named("both"),
                "subpaths": [{"category": "installed_on", "next_product_reference": "platform"}],
            }
        ],
    }
    item = {"cve": "CVE-2024-1", "product_status": {"fixed": ["both"], "unknown": ["rpm"]}}
    fixed, unknown = statements(advisory(tree, item, version="2.1"))
    assert len(fixed.products[0].subcomponents[0].purls) == 2
    assert unknown.status is VexStatus.UNDER_INVESTIGATION


def test_hashes_of_one_file_name_the_product_and_of_several_do_not() -> None:
    file = {"filename": "a", "file_hashes": [{"algorithm": "sha256", "value": DIGEST}]}
    tree = {"full_product_names": [named("P1", hashes=[file]), named("P2", hashes=[file, file])]}
    item = {"cve": "CVE-2024-1", "product_status": {"fixed": ["P1", "P2"]}}
    (said,) = statements(advisory(tree, item))
    assert [each.identity.hashes for each in said.products] == [(("sha256", DIGEST),), ()]


def affecting(*ids: str) -> dict[str, Any]:
    return {"cve": "CVE-2024-1", "product_status": {"known_affected": list(ids)}}


@pytest.mark.parametrize(
    ("root", "code"),
    [
        (advisory(TREE, version="1.2"), "formats.csaf-version"),
        (advisory(TREE, version="3.0"), "formats.csaf-version"),
        ({"document": {"csaf_version": 2.0}}, "formats.csaf"),
        ({"document": []}, "formats.csaf"),
        (advisory(TREE, affecting("P9")), "formats.csaf-product"),
        (advisory(None, affecting("P1")), "formats.csaf-product"),
        (advisory({"full_product_names": [named("P1"), named("P1")]}), "formats.csaf-product"),
        (
            advisory({"relationships": [relationship("R", "R", "R")]}, affecting("R")),
            "formats.csaf-product",
        ),
        (
            advisory(
                TREE,
                {
                    "cve": "CVE-2024-1",
                    "product_status": {"known_affected": ["P1"], "known_not_affected": ["P1"]},
                },
            ),
            "formats.csaf-contradiction",
        ),
        (advisory(TREE, {"cve": "C", "product_status": {"fixed": "P1"}}), "formats.csaf"),
        (advisory(TREE, {"cve": "C", "product_status": {"fixed": [1]}}), "formats.csaf"),
        (advisory(TREE, {"cve": 7, "product_status": {"fixed": ["P1"]}}), "formats.csaf"),
        (advisory({"full_product_names": [{"name": "x"}]}), "formats.csaf"),
        (advisory({"branches": {}}), "formats.csaf"),
        (advisory(TREE, []), "formats.csaf"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_believed_is_refused(root: Any, code: str) -> None:
    with pytest.raises(MalformedError) as refused:
        READER.read(Document(json.dumps(root).encode()))
    assert refused.value.code == code


def test_a_refused_document_is_described_all_the_same() -> None:
    root = {
        "document": {"csaf_version": "9", "category": 7},
        "vulnerabilities": [{"product_status": {"fixed": ["a", "b"], "x": 1}}, None],
    }
    described = READER.describe(Document(json.dumps(root).encode()))
    assert described == {
        "category": None,
        "csaf_version": "9",
        "product_status_entries": {"fixed": 2},
        "vulnerabilities": 2,
    }


def test_only_an_object_with_a_csaf_version_is_taken_for_csaf() -> None:
    assert READER.recognises(Document(b'{"document": {"csaf_version": "1.0"}}'))
    assert not READER.recognises(Document(b'{"document": {"title": "x"}}'))
    assert not READER.recognises(Document(b'{"document": "csaf_version"}'))
    assert not READER.recognises(Document(b'[{"document": {"csaf_version": "2.0"}}]'))


def test_branches_nested_without_end_are_refused_in_time() -> None:
    data = b'{"document":{"csaf_version":"2.0"},"product_tree":{"branches":' + b"[" * 100_000
    with pytest.raises(MalformedError):
        READER.recognises(Document(data))


def test_the_documents_of_others_are_read_and_counted(vectors: Path) -> None:
    expected = json.loads((vectors / "sbom" / "expected.json").read_bytes())["files"]
    wrong: list[str] = []
    count = 0
    for name, wanted in expected.items():
        if not name.startswith(("vex/csaf-examples/", "vex/csaf/")):
            continue
        count += 1
        document = Document((vectors / "sbom" / name).read_bytes())
        assert READER.recognises(document)
        described = READER.describe(document)
        wrong.extend(
            f"{name} {key}"
            for key, value in wanted.items()
            if key != "format" and described[key] != value
        )
        # A product may be listed as fixed and as first fixed: that is one statement.
        said = {each.status for each in READER.read(document).statements}
        listed = {STATUS[each] for each in wanted["product_status_entries"] if each in STATUS}
        if said != listed:
            wrong.append(f"{name}: {said} for {listed}")
    assert not wrong
    assert count == 13


@settings(max_examples=200)
@given(st.data())
def test_a_cut_or_changed_document_is_read_or_refused(data: st.DataObject) -> None:
    good = json.dumps(advisory(TREE, affecting("P1", "P2"))).encode()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(start + 20, len(good))))
    bad = good[:start] + data.draw(st.binary(max_size=6)) + good[end:]
    for judge in (READER.recognises, READER.read, READER.describe, READER.check):
        try:
            judge(Document(bad))  # type: ignore[misc]
        except MalformedError:
            continue


def test_a_refusal_is_of_the_room() -> None:
    assert issubclass(VexError, MalformedError)
