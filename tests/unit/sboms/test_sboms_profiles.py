"""Profiles: each element present, missing in one point, and the verdicts of others' fixtures."""

from collections.abc import Callable
from typing import Any

import pytest

from gatebook.errors import GatebookError
from gatebook.formats.sbom.read import read_sbom
from gatebook.sboms.examination import CheckStatus
from gatebook.sboms.profiles import (
    PROFILES,
    ProfileError,
    ProfileResult,
    judge_profile,
    profile_named,
)

_NTIA_FOLDERS = {
    "missing_author_name": "sbom-author",
    "missing_component_name": "component-name",
    "missing_component_version": "component-version",
    "missing_dependency_relationships": "dependency-relationships",
    "missing_supplier_name": "supplier-name",
    "missing_timestamp": "timestamp",
    "missing_unique_identifiers": "unique-identifier",
}


def complete(result: ProfileResult) -> set[str]:
    return {each.id for each in result.elements if each.complete and each.applicable}


def incomplete(result: ProfileResult) -> set[str]:
    return {each.id for each in result.elements if not each.complete}


def judged(name: str, sbom: Any) -> ProfileResult:
    return judge_profile(profile_named(name), sbom)


def test_profiles_are_found_by_name():
    assert set(PROFILES) >= {"ntia-2021", "cisa-2025", "fsct-3", "bsi-2.0", "bsi-2.1", "gatebook"}
    assert "source-uri" in {each.id for each in PROFILES["bsi-2.1+additional"].required}
    with pytest.raises(ProfileError) as caught:
        profile_named("ntia")
    assert caught.value.code == "sboms.profile-unknown"


@pytest.mark.parametrize("name", ["ntia-2021", "cisa-2025", "gatebook+additional"])
def test_a_good_sbom_conforms(shelf, name):
    result = judged(name, shelf.of())
    assert (result.status, result.percent) == (CheckStatus.PASS, 100)


def without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[int(step)] if isinstance(inner, list) else inner[step]
        del inner[path[-1]]

    return change


@pytest.mark.parametrize(
    ("profile", "change", "element"),
    [
        ("ntia-2021", without("metadata", "timestamp"), "timestamp"),
        ("ntia-2021", without("dependencies"), "dependency-relationships"),
        ("ntia-2021", without("components", "0", "version"), "component-version"),
        ("ntia-2021", without("components", "0", "supplier"), "supplier-name"),
        ("ntia-2021", without("components", "0", "purl"), "unique-identifier"),
        ("cisa-2025", without("metadata", "authors"), "sbom-author"),
        ("cisa-2025", without("metadata", "tools"), "tool-name"),
        ("cisa-2025", without("metadata", "lifecycles"), "generation-context"),
        ("cisa-2025", without("components", "0", "supplier"), "software-producer"),
        ("cisa-2025", without("components", "0", "purl"), "software-identifier"),
        ("cisa-2025", without("components", "0", "hashes"), "component-hash"),
        ("cisa-2025", without("components", "0", "licenses"), "component-licence"),
        ("gatebook", without("components", "0", "purl"), "package-url"),
    ],
)
def test_the_one_element_that_is_missing_is_named(shelf, profile, change, element):
    document = shelf.document()
    change(document)
    result = judged(profile, shelf.read(document))
    assert result.status is CheckStatus.FAIL
    assert {each.id for each in result.missing} == {element}
    assert all(each.fix for each in result.missing)


def test_a_tool_is_an_author_for_ntia_and_not_for_cisa(shelf):
    document = shelf.document()
    del document["metadata"]["authors"]
    sbom = shelf.read(document)
    assert "sbom-author" in complete(judged("ntia-2021", sbom))
    assert "sbom-author" in incomplete(judged("cisa-2025", sbom))


def test_an_sbom_without_components_does_not_conform(shelf):
    empty = shelf.document() | {"components": [], "dependencies": [{"ref": "root"}]}
    del empty["metadata"]["component"]
    for name in PROFILES:
        assert judged(name, shelf.read(empty)).status is not CheckStatus.PASS


def test_how_much_is_missing_is_rounded_down(shelf):
    packages = [
        shelf.package(f"p{n}", supplier=None if n == 0 else {"name": "A"}) for n in range(999)
    ]
    (element,) = judged("ntia-2021", shelf.of(*packages)).missing
    assert (element.percent, element.applicable - element.present) == (99, 1)


def test_ntia_folders_name_the_element_that_is_missing(vectors):
    wrong, asked = [], 0
    for path in sorted((vectors / "sbom/quality/ntia").glob("*/*")):
        folder = path.parent.name
        if folder not in {*_NTIA_FOLDERS, "no_elements_missing"}:
            continue
        asked += 1
        result = judged("ntia-2021", read_sbom(path.read_bytes()))
        missing = {each.id for each in result.missing}
        expected = _NTIA_FOLDERS.get(folder)
        # In several of them the supplier is NOASSERTION besides.
        if (expected is None and missing) or (
            expected is not None and missing - {"supplier-name"} != {expected} - {"supplier-name"}
        ):
            wrong.append((path.name, folder, missing))
        if expected is not None and expected not in missing:
            wrong.append((path.name, folder, missing))
    assert asked == 21
    assert wrong == []


def test_fsct_asks_for_the_concluded_licence(vectors):
    folder = vectors / "sbom/quality/ntia/missing_concluded_license"
    results = [judged("fsct-3", read_sbom(path.read_bytes())) for path in folder.iterdir()]
    assert [{each.id for each in found.missing} for found in results] == [{"component-licence"}] * 2


def test_spdx_3_of_the_ntia_checker(vectors):
    folder = vectors / "sbom/quality/ntia/spdx3"
    for name, element in (
        ("missing_supplier_name.json", "supplier-name"),
        ("missing_version.json", "component-version"),
    ):
        result = judged("ntia-2021", read_sbom((folder / name).read_bytes()))
        assert {each.id for each in result.missing} == {element}


# What the file name says of which element; "+" present everywhere, "-" missing somewhere.
_BSI = {
    "cdx__absentComponentDeployableHash": "-deployable-hash",
    "cdx__brokenSourceComponentDependencies": "-dependencies",
    "cdx__invalidComponentAuthorEmail": "-component-creator-contact",
    "cdx__invalidComponentDownloadURL": "-deployable-uri",
    "cdx__invalidComponentLicenseExpression": "-distribution-licence",
    "cdx__invalidComponentLicenseExpressionNone": "-distribution-licence",
    "cdx__invalidComponentLicenseNoAssertion": "-distribution-licence",
    "cdx__invalidComponentManufacturerEmail": "-component-creator-contact",
    "cdx__invalidComponentSecurityTxtURL": "-security-txt",
    "cdx__invalidComponentSourceHash": "-source-hash",
    "cdx__invalidMetadataManufacturerURL": "-sbom-creator-contact",
    "cdx__leafComponentNoDependencies": "+dependencies",
    "cdx__missingComponentBsiArchive": "-archive-property",
    "cdx__missingComponentBsiExecutable": "-executable-property",
    "cdx__missingComponentBsiStructured": "-structured-property",
    "cdx__missingComponentDownloadURL": "-deployable-uri",
    "cdx__missingComponentLicense": "-distribution-licence",
    "cdx__missingComponentName": "-component-name",
    "cdx__missingComponentSecurityTxtURL": "-security-txt",
    "cdx__missingComponentSourceHash": "-source-hash",
    "cdx__missingComponentVersion": "-component-version",
    "cdx__missingMetadataAuthorEmail": "-sbom-creator-contact",
    "cdx__missingMetadataSupplierEmailAndURL": "-sbom-creator-contact",
    "cdx__noneComponentLicense": "-distribution-licence",
    "cdx__partialComponentDeployableHash": "-deployable-hash",
    "cdx__validComponentAuthorEmail": "+component-creator-contact",
    "cdx__validComponentBsiEffectiveLicense": "+effective-licence",
    "cdx__validComponentBsiFilename": "+component-filename",
    "cdx__validComponentCPE": "+other-identifier",
    "cdx__validComponentExtRefDistributionHashEmpty": "-deployable-hash",
    "cdx__validComponentExtRefDistributionHashSHA1": "-deployable-hash",
    "cdx__validComponentExtRefDistributionHashSHA512": "+deployable-hash",
    "cdx__validComponentExtRefDistributionIntakeHashMD5": "-deployable-hash",
    "cdx__validComponentExtRefDistributionIntakeHashSHA256": "-deployable-hash",
    "cdx__validComponentLicenseCustomRef": "+distribution-licence",
    "cdx__validComponentLicenseExp": "+distribution-licence",
    "cdx__validComponentManufacturerEmailAndURL": "+component-creator-contact",
    "cdx__validComponentName": "+component-name",
    "cdx__validComponentSWID": "+other-identifier",
    "cdx__validComponentSourceCodeURL": "+source-uri",
    "cdx__validComponentSupplierEmail": "+component-creator-contact",
    "cdx__validComponentSupplierURL": "+component-creator-contact",
    "cdx__validMetadataManufacturerEmail": "+sbom-creator-contact",
    "cdx__validMetadataManufacturerURL": "+sbom-creator-contact",
    "cdx__validMetadataSupplierEmailAndURL": "+sbom-creator-contact",
    "cdx__validMetadataTimestamp": "+timestamp",
    "cdx__withVulnerabilities": "-no-vulnerabilities",
    "spdx__absentComponentDeployableHash": "-deployable-hash",
    "spdx__invalidComponentLicenseNoAssertion": "-distribution-licence",
    "spdx__invalidMetadataTimestamp": "-timestamp",
    "spdx__missingComponentHash": "-deployable-hash",
    "spdx__missingComponentOtherUniqueIDs": "-other-identifier",
    "spdx__missingComponentSourceHash": "-source-hash",
    "spdx__missingComponentVersion": "-component-version",
    "spdx__missingDocumentNamespace": "-sbom-uri",
    "spdx__missingMetadataTimestamp": "-timestamp",
    "spdx__noneComponentLicense": "-distribution-licence",
    "spdx__validComponentCPE": "+other-identifier",
    "spdx__validComponentDownloadURL": "+deployable-uri",
    "spdx__validComponentLicenseConcluded": "+distribution-licence",
    "spdx__validComponentLicenseDeclared": "+distribution-licence",
    "spdx__validComponentName": "+component-name",
    "spdx__validComponentPURL": "+other-identifier",
    "spdx__validComponentSupplierEmail": "+component-creator-contact",
    "spdx__validDocumentNamespace": "+sbom-uri",
    "spdx__validMetadataOrganizationCreator": "+sbom-creator-contact",
    "spdx__validMetadataTimestamp": "+timestamp",
    "spdx3__v2.1.0-doc-missing-sbom-uri": "-sbom-uri",
    "spdx3__v2.1.0-doc-missing-timestamp": "-timestamp",
    "spdx3__v2.1.0-two-comps-one-with-archive-prop": "-archive-property",
    "spdx3__v2.1.0-two-comps-one-with-creator": "-component-creator-contact",
    "spdx3__v2.1.0-two-comps-one-with-dependencies": "-component-dependencies",
    "spdx3__v2.1.0-two-comps-one-with-download-url": "-deployable-uri",
    "spdx3__v2.1.0-two-comps-one-with-executable-prop": "-executable-property",
    "spdx3__v2.1.0-two-comps-one-with-purl-cpe": "-other-identifier",
    "spdx3__v2.1.0-two-comps-one-with-source-code-hash": "-source-hash",
    "spdx3__v2.1.0-two-comps-one-with-structured-prop": "-structured-property",
}


def test_bsi_file_names_say_which_field_is_there_or_missing(vectors):
    wrong, asked = [], 0
    for path in sorted((vectors / "sbom/quality/bsi").iterdir()):
        stem = path.name.removesuffix(".json").removesuffix(".cdx16").removesuffix(".spdx23")
        try:
            sbom = read_sbom(path.read_bytes())
        except GatebookError as error:
            wrong.append((stem, error.message))
            continue
        said = _BSI.get(stem)
        if said is None:
            continue
        asked += 1
        found = [judged(name, sbom) for name in ("bsi-2.0", "bsi-2.1")]
        element = said[1:]
        asking = [each for each in found if element in {one.id for one in each.elements}]
        expected = complete if said[0] == "+" else incomplete
        if not asking or not any(element in expected(each) for each in asking):
            wrong.append((stem, said))
    assert wrong == []
    assert asked == len(_BSI)


def test_spdx_3_says_some_things_through_related_files(vectors):
    wrong = []
    for path in sorted((vectors / "sbom/quality/bsi").glob("spdx3__*-two-comps-one-with-*")):
        if "source-code-hash" in path.name:
            continue  # its SHA-512 has 132 digits, so that no component has a hash
        element = _BSI[path.name.removesuffix(".json")][1:]
        result = judged("bsi-2.1", read_sbom(path.read_bytes()))
        (found,) = (each for each in result.elements if each.id == element)
        if (found.present, found.applicable) != (1, 2):
            wrong.append((path.name, found.present, found.applicable))
    assert wrong == []


def test_a_document_that_has_everything_conforms_to_bsi(vectors):
    path = vectors / "sbom/quality/bsi/cdx__validFullyCompliantBsiV21.cdx16.json"
    sbom = read_sbom(path.read_bytes())
    for name in ("bsi-2.1", "bsi-2.1+additional", "bsi-2.0+additional"):
        result = judged(name, sbom)
        assert (result.status, result.missing) == (CheckStatus.PASS, ())
