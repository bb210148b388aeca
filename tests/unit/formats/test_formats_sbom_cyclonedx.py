"""CycloneDX JSON from 1.2 to 1.7: what each version writes, in the words of the normal form."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.formats.sbom.components import Completeness, Distribution, Sbom
from gatebook.formats.sbom.parts import ContactRole, LicenseForm, LicenseSource
from gatebook.formats.sbom.read import read_sbom, sbom_from

A = "a" * 64


def a_bom(version: str = "1.6", **members: Any) -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "specVersion": version, "version": 1, **members}


def a_component(**fields: Any) -> dict[str, Any]:
    return {"type": "library", "name": "log", "version": "1.0", **fields}


def read(document: dict[str, Any]) -> Sbom:
    sbom = read_sbom(json.dumps(document).encode())
    assert sbom_from(document) == sbom
    return sbom


def read_one(**fields: Any) -> Any:
    (component,) = read(a_bom(components=[a_component(**fields)])).components
    return component


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_every_version_in_json_is_read(version: str) -> None:
    sbom = read(a_bom(version, components=[a_component()]))
    assert (sbom.spec_version, sbom.doc_version, sbom.defects) == (version, 1, ())


def test_tools_are_a_list_or_an_object() -> None:
    old = read(a_bom("1.4", metadata={"tools": [{"vendor": "acme", "name": "t", "version": "1"}]}))
    new = read(
        a_bom(
            metadata={
                "tools": {
                    "components": [{"type": "application", "group": "acme", "name": "t"}],
                    "services": [{"name": "s", "version": "2"}],
                }
            }
        )
    )
    assert [(each.name, each.version, each.vendor) for each in old.generators] == [
        ("t", "1", "acme")
    ]
    assert old.tools == ("t 1",)
    assert new.tools == ("t", "s 2")


@pytest.mark.parametrize("tools", ["t", {"components": {}}, [1], [{"name": 1}]])
def test_tools_of_another_form_are_refused(tools: Any) -> None:
    with pytest.raises(MalformedError) as refusal:
        read_sbom(json.dumps(a_bom(metadata={"tools": tools})).encode())
    assert refusal.value.code == "formats.cyclonedx"


def test_people_and_organisations() -> None:
    sbom = read(
        a_bom(
            metadata={
                "authors": [{"name": "Ana", "email": "ana@acme.example"}],
                "supplier": {"name": "Acme", "url": ["https://acme.example"]},
                "manufacture": {"contact": [{"name": "Works", "email": "w@acme.example"}]},
                "lifecycles": [{"phase": "build"}, {"name": "our own", "description": "x"}],
                "licenses": [{"license": {"id": "CC0-1.0"}}],
            }
        )
    )
    assert [(each.name, each.emails) for each in sbom.authors] == [("Ana", ("ana@acme.example",))]
    assert sbom.supplier is not None
    assert sbom.supplier.urls == ("https://acme.example",)
    assert sbom.manufacturer is not None
    assert (sbom.manufacturer.name, sbom.manufacturer.emails) == ("Works", ("w@acme.example",))
    assert sbom.lifecycles == ("build", "our own")
    assert [claim.text for claim in sbom.data_licenses] == ["CC0-1.0"]


def test_who_is_behind_a_component() -> None:
    component = read_one(
        supplier={"name": "Acme"},
        manufacturer={"name": "Works"},
        publisher="Press",
        author="Ana",
        authors=[{"name": "Bo", "email": "bo@acme.example"}],
    )
    assert (component.supplier, component.manufacturer) == ("Acme", "Works")
    assert component.author == "Ana, Bo"
    assert [each.role for each in component.contacts] == [
        ContactRole.SUPPLIER,
        ContactRole.MANUFACTURER,
        ContactRole.PUBLISHER,
        ContactRole.AUTHOR,
        ContactRole.AUTHOR,
    ]
    assert read_one(publisher="Press").supplier == "Press"
    assert read_one(publisher="Press", supplier={}).supplier is None


def test_licences_are_named_or_expressed_or_both() -> None:
    component = read_one(
        licenses=[
            {"license": {"id": "MIT", "acknowledgement": "declared"}},
            {"license": {"name": "Acme's own"}},
            {"expression": "MIT OR Apache-2.0", "acknowledgement": "concluded"},
        ],
        evidence={"licenses": [{"license": {"id": "BSD-3-Clause"}}]},
    )
    assert component.licenses == ("MIT", "Acme's own", "MIT OR Apache-2.0")
    assert [(claim.form, claim.source) for claim in component.license_claims] == [
        (LicenseForm.ID, LicenseSource.DECLARED),
        (LicenseForm.NAME, LicenseSource.UNSTATED),
        (LicenseForm.EXPRESSION, LicenseSource.CONCLUDED),
        (LicenseForm.ID, LicenseSource.OBSERVED),
    ]


def test_identifiers_and_references() -> None:
    component = read_one(
        cpe="cpe:2.3:a:acme:log:1.0:*:*:*:*:*:*:*",
        swid={"tagId": "acme-log", "name": "log"},
        swhid=["swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2"],
        externalReferences=[
            {"type": "vcs", "url": "https://git.acme.example/log"},
            {
                "type": "distribution",
                "url": "https://dl.acme.example/log.tgz",
                "comment": "deployable",
                "hashes": [{"alg": "SHA-512", "content": "B" * 128}],
            },
        ],
        properties=[{"name": "bsi:component:filename", "value": "log.tgz"}, {"name": "empty"}],
    )
    assert component.cpes == ("cpe:2.3:a:acme:log:1.0:*:*:*:*:*:*:*",)
    assert component.identifiers == (
        "swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2",
        "acme-log",
    )
    assert component.references("distribution") == ("https://dl.acme.example/log.tgz",)
    assert component.external_references[1].hashes == (("sha512", "b" * 128),)
    assert component.filename == "log.tgz"
    assert component.property_values("empty") == ()


def test_a_version_range_stands_in_for_a_version() -> None:
    sbom = read(
        a_bom(
            "1.7",
            components=[
                {"type": "library", "name": "x", "versionRange": "vers:npm/>=1", "isExternal": True}
            ],
        )
    )
    assert sbom.components[0].version is None
    assert sbom.components[0].version_range == "vers:npm/>=1"
    assert sbom.components[0].is_external
    assert sbom.defects == ()


def test_nested_components_follow_what_they_are_in() -> None:
    inner = [a_component(name="b", **{"bom-ref": "b"}), a_component(name="c")]
    outer = a_component(name="a", components=inner, **{"bom-ref": "a"})
    sbom = read(a_bom(components=[outer, a_component(name="d")]))
    assert [each.name for each in sbom.components] == ["a", "b", "c", "d"]
    assert sbom.top_level == 2
    assert sbom.contains == {"a": ("b",)}


def test_a_leaf_is_known_and_what_is_not_listed_is_not() -> None:
    refs = [a_component(name=name, **{"bom-ref": name}) for name in "abc"]
    dependencies = [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b"}, {"ref": "a", "dependsOn": []}]
    sbom = read(a_bom(components=refs, dependencies=dependencies))
    assert sbom.edges == {"a": ("b",), "b": ()}
    assert "c" not in sbom.edges
    assert sbom.relationships == 3


def test_what_a_document_claims_to_be_complete() -> None:
    sbom = read(a_bom(compositions=[{"aggregate": "complete", "assemblies": ["a"]}, {}]))
    assert sbom.completeness == (
        Completeness(aggregate="complete", assemblies=("a",)),
        Completeness(aggregate="unknown"),
    )


def test_the_subject_and_the_distribution() -> None:
    sbom = read(
        a_bom(
            metadata={"component": a_component(type="container", **{"bom-ref": "root"})},
            components=[
                a_component(type="operating-system", name="alpine", version="3.19.1"),
            ],
        )
    )
    assert sbom.subject is not None
    assert sbom.roots == ("root",)
    assert sbom.subject not in sbom.components
    assert sbom.distribution == Distribution(id="alpine", version="3.19.1")


def test_vulnerabilities_are_counted() -> None:
    assert read(a_bom(vulnerabilities=[{"id": "CVE-2026-1"}, {"id": "x"}])).vulnerabilities == 2


def test_absent_empty_and_null_mean_the_same() -> None:
    for written in ({}, {"group": "", "purl": "", "version": "1.0"}, {"group": None, "purl": None}):
        component = read_one(**written)
        assert (component.group, component.purl) == (None, None)
        assert component == read_one()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"purl": "a-purl"}, "not a package URL"),
        ({"purl": "pkg:npm/a@1?x=1&x=2"}, "not a package URL"),
        ({"purl": "pkg:maven/a@1"}, "not a package URL"),
        ({"purl": "pkg:npm/a@1\npkg:npm/b"}, "not a package URL"),
        ({"scope": "sometimes"}, "scope"),
        ({"externalReferences": [{"type": "vcs"}]}, "no type or no URL"),
        ({"licenses": [{}]}, "licence"),
        ({"hashes": [{"alg": "SHA-256", "content": "g" * 64}]}, "SHA-256"),
        ({"hashes": [{"content": A}]}, "needs an algorithm"),
        ({"components": [{"type": "library", "name": ""}]}, "no 'name'"),
    ],
)
def test_one_unsound_component_is_named_among_sound_ones(fields: dict[str, Any], says: str) -> None:
    sound = [
        a_component(
            name=f"n{number}",
            purl=f"pkg:npm/n{number}@1",
            hashes=[{"alg": "SHA-256", "content": A}],
            licenses=[{"license": {"id": "MIT"}}],
            externalReferences=[{"type": "vcs", "url": "https://a.example"}],
        )
        for number in range(100)
    ]
    assert read(a_bom(components=sound)).defects == ()
    sbom = read(a_bom(components=[*sound[:70], a_component(name="odd", **fields), *sound[70:]]))
    assert len(sbom.defects) == 1
    assert says in sbom.defects[0]


def test_a_reference_that_two_components_have_is_a_defect() -> None:
    twins = [a_component(**{"bom-ref": "1"}), a_component(**{"bom-ref": "1"})]
    assert read(a_bom(components=twins)).defects == ("the bom-ref '1' is not unique",)


@pytest.mark.parametrize(
    "fields",
    [
        {"hashes": {}},
        {"hashes": [1]},
        {"hashes": [{"alg": 1, "content": A}]},
        {"licenses": {}},
        {"licenses": ["MIT"]},
        {"licenses": [{"license": "MIT"}]},
        {"externalReferences": "x"},
        {"externalReferences": [{"type": "vcs", "url": 5}]},
        {"properties": [{"name": "a", "value": 1}]},
        {"supplier": "Acme"},
        {"purl": 5},
        {"components": {"a": 1}},
        {"swhid": "x"},
    ],
)
def test_a_field_of_another_type_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refusal:
        read_sbom(json.dumps(a_bom(components=[a_component(**fields)])).encode())
    assert refusal.value.code == "formats.cyclonedx"
    assert "$" in refusal.value.message


ALGORITHMS = [
    "MD5",
    "SHA-1",
    "SHA-256",
    "SHA-384",
    "SHA-512",
    "SHA3-256",
    "SHA3-512",
    "BLAKE3",
    "X",
]
HASHES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "alg": st.sampled_from(ALGORITHMS),
            "content": st.one_of(
                st.sampled_from([c * n for c in "aAg0" for n in (32, 40, 64, 96, 128, 7)]),
            ),
        },
    ),
    max_size=4,
)
WRITERS = st.sampled_from(
    [
        {"separators": (",", ":")},
        {"separators": (", ", ": ")},
        {"indent": 2},
        {"indent": "\t", "separators": (" ,", " : ")},
    ]
)


@settings(max_examples=300)
@given(hashes=st.lists(HASHES, min_size=1, max_size=3), writing=WRITERS)
def test_hashes_are_judged_alike_however_they_are_written(
    hashes: list[list[dict[str, str]]], writing: dict[str, Any]
) -> None:
    components = [a_component(name=str(number), hashes=each) for number, each in enumerate(hashes)]
    written = read_sbom(json.dumps(a_bom(components=components), **writing).encode())
    # With a letter beyond ASCII in every hash array, none is judged by its bytes.
    for component in components:
        component["hashes"] = [{**each, "comment-é": 1} for each in component["hashes"]]
    slow = read_sbom(json.dumps(a_bom(components=components), ensure_ascii=False).encode())
    assert written.defects == slow.defects
    assert [each.hashes for each in written.components] == [each.hashes for each in slow.components]


@settings(max_examples=200)
@given(
    references=st.lists(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "type": st.sampled_from(["vcs", "website", "Other", ""]),
                    "url": st.sampled_from(["https://a.example/?b=c", "", 'a"b', "é", "a\\b"]),
                    "comment": st.sampled_from(["", "a: b", "\t"]),
                },
            ),
            max_size=3,
        ),
        min_size=1,
        max_size=3,
    ),
    writing=WRITERS,
)
def test_references_are_kept_however_they_are_written(
    references: list[list[dict[str, str]]], writing: dict[str, Any]
) -> None:
    components = [a_component(externalReferences=each) for each in references]
    sbom = read_sbom(json.dumps(a_bom(components=components), **writing).encode())
    for component, written in zip(sbom.components, references, strict=True):
        assert [(each.type, each.url, each.comment) for each in component.external_references] == [
            (each.get("type", ""), each.get("url", ""), each.get("comment")) for each in written
        ]
    lacking = sum(
        not each.get("type") or not each.get("url") for listed in references for each in listed
    )
    assert len(sbom.defects) == lacking
