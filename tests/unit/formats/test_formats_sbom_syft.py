"""Syft JSON of every generation, and GitHub dependency snapshots."""

import json
from typing import Any

import pytest

from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom import github_snapshot, syft
from gatebook.formats.sbom.components import Distribution, Sbom, SbomFormat
from gatebook.formats.sbom.parts import LicenseForm, LicenseSource
from gatebook.formats.sbom.read import read_sbom, sbom_from
from gatebook.formats.sbom.streaming import stream_sbom

A = "a" * 64


def a_syft(**members: Any) -> dict[str, Any]:
    return {
        "artifacts": [
            {
                "id": "1",
                "name": "bash",
                "version": "5.0-4",
                "type": "deb",
                "purl": "pkg:deb/debian/bash@5.0-4?arch=amd64",
                "licenses": [
                    {"value": "GPL-3+", "spdxExpression": "GPL-3.0-or-later", "type": "declared"}
                ],
                "cpes": [{"cpe": "cpe:2.3:a:gnu:bash", "source": "nvd"}],
                "locations": [{"path": "/var/lib/dpkg/status", "layerID": f"sha256:{A}"}],
                "metadata": {"source": "bash-src", "sourceVersion": "5.0-4"},
            },
            {"id": "2", "name": "libc6", "version": "2.31", "type": "deb", "licenses": ["LGPL"]},
        ],
        "artifactRelationships": [
            {"parent": "2", "child": "1", "type": "dependency-of"},
            {"parent": "root", "child": "1", "type": "contains"},
            {"parent": "1", "child": "file", "type": "evident-by"},
        ],
        "files": [{"id": "file"}],
        "source": {
            "id": "root",
            "type": "image",
            "name": "api",
            "version": f"sha256:{A}",
            "metadata": {"userInput": "api:1", "manifestDigest": f"sha256:{A}"},
        },
        "distro": {"id": "debian", "versionID": "11", "idLike": ["linux"]},
        "descriptor": {"name": "syft", "version": "1.2.0"},
        "schema": {"version": "16.0.0", "url": "https://example.com/anchore/syft/schema-16.json"},
        **members,
    }


def read(document: dict[str, Any]) -> Sbom:
    data = json.dumps(document).encode()
    sbom = read_sbom(data)
    assert stream_sbom(data) == sbom
    assert sbom_from(document) == sbom
    return sbom


def test_a_catalogue_of_an_image() -> None:
    sbom = read(a_syft())
    assert (sbom.format, sbom.spec_version) == (SbomFormat.SYFT, "16.0.0")
    assert sbom.tools == ("syft 1.2.0",)
    assert sbom.distribution == Distribution(id="debian", version="11", like=("linux",))
    assert sbom.subject_digests == (Digest("sha256", A),)
    assert sbom.edges == {"1": ("2",)}
    assert sbom.contains == {"root": ("1",)}
    assert (sbom.relationships, sbom.files) == (3, 1)
    bash, libc = sbom.components
    assert bash.cpes == ("cpe:2.3:a:gnu:bash",)
    assert bash.source_info == "bash-src"
    assert bash.property_values("syft:location:0:layerID") == (f"sha256:{A}",)
    assert [(each.text, each.form, each.source) for each in bash.license_claims] == [
        ("GPL-3.0-or-later", LicenseForm.EXPRESSION, LicenseSource.DECLARED)
    ]
    assert libc.licenses == ("LGPL",)


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        # Before schema 9 the source is in "target"; before 16.0.3 CPEs are texts.
        (
            {
                "source": {"type": "image", "target": {"manifestDigest": f"sha256:{A}"}},
                "artifacts": [{"id": "1", "name": "x", "cpes": ["cpe:2.3:a:x"]}],
            },
            "16.0.0",
        ),
        ({"schema": None, "distro": {"name": "debian", "idLike": "linux"}}, ""),
        ({"source": {"type": "directory", "target": "/src"}, "distro": {}}, "16.0.0"),
        ({"source": None, "descriptor": None}, "16.0.0"),
    ],
)
def test_every_generation_is_read(changes: dict[str, Any], version: str) -> None:
    sbom = read(a_syft(**changes))
    assert sbom.spec_version == version
    assert sbom.components


def test_a_document_without_a_schema_is_told_by_its_keys() -> None:
    bare = {"artifacts": [], "artifactRelationships": []}
    assert syft.READER.recognises(Document(json.dumps(bare).encode()))
    assert read(bare).components == ()
    assert not syft.READER.recognises(Document(b'{"artifacts": []}'))


def test_an_sbom_inside_a_predicate_may_be_a_text() -> None:
    document = a_syft()
    text = json.dumps(document)
    assert sbom_from(text) == read(document)
    assert sbom_from({"Data": text, "Timestamp": ""}) == read(document)


@pytest.mark.parametrize("wrapped", ["", "1", "{}", '{"Data": "{}"}', '{"Data": 1}', "[]", "{" * 9])
def test_what_is_in_a_wrapper_must_be_an_sbom(wrapped: str) -> None:
    for predicate in (wrapped, {"Data": wrapped}, {"Data": {"Data": wrapped}}):
        with pytest.raises(MalformedError):
            sbom_from(predicate)


def test_a_text_inside_a_text_is_not_followed_for_ever() -> None:
    text = json.dumps(a_syft())
    for _ in range(3):
        text = json.dumps({"Data": text})
    with pytest.raises(MalformedError) as refusal:
        sbom_from(text)
    assert refusal.value.code == "formats.sbom-unknown"


@pytest.mark.parametrize(
    "changes",
    [
        {"artifacts": {}},
        {"artifacts": [1]},
        {"artifacts": [{"name": 1}]},
        {"artifacts": [{"name": "x", "licenses": [1]}]},
        {"artifacts": [{"name": "x", "locations": 1}]},
        {"artifactRelationships": [[]]},
        {"descriptor": []},
        {"distro": "debian"},
        {"source": [1]},
    ],
)
def test_a_field_of_another_type_is_refused(changes: dict[str, Any]) -> None:
    for read_it in (read_sbom, stream_sbom):
        with pytest.raises(MalformedError) as refusal:
            read_it(json.dumps(a_syft(**changes)).encode())
        assert refusal.value.code == "formats.syft"


# -- GitHub dependency snapshots -----------------------------------------------------------------


def a_snapshot(**members: Any) -> dict[str, Any]:
    return {
        "version": 0,
        "sha": "b" * 40,
        "ref": "refs/heads/main",
        "detector": {"name": "maker", "version": "1", "url": "https://example.com"},
        "scanned": "2026-11-20T14:30:00Z",
        "manifests": {
            "package-lock.json": {
                "name": "package-lock.json",
                "resolved": {
                    "express": {
                        "package_url": "pkg:npm/express@4.0.0",
                        "relationship": "direct",
                        "scope": "runtime",
                        "dependencies": ["debug@1.0.0", "pkg:npm/%40acme/log@1", "absent@1"],
                    },
                    "debug": {"package_url": "pkg:npm/debug@1.0.0", "scope": "development"},
                    "log": {"package_url": "pkg:npm/%40acme/log@1", "dependencies": []},
                },
            },
            "empty": {"name": "empty"},
        },
        **members,
    }


def test_a_snapshot() -> None:
    sbom = read(a_snapshot())
    assert (sbom.format, sbom.spec_version) == (SbomFormat.GITHUB_SNAPSHOT, "0")
    express, debug, log = sbom.components
    assert (express.name, express.version, express.scope) == ("express", "4.0.0", "runtime")
    assert (log.group, log.name, debug.scope) == ("@acme", "log", "dev")
    assert express.ref is not None
    assert sbom.edges == {express.ref: (debug.ref, log.ref), log.ref: ()}
    assert sbom.tools == ("maker 1",)
    assert [(each.name, each.value) for each in sbom.properties] == [
        ("sha", "b" * 40),
        ("ref", "refs/heads/main"),
    ]
    described = github_snapshot.READER.describe(Document(json.dumps(a_snapshot()).encode()))
    assert described == {"resolved": 3}


def test_a_snapshot_with_defects_is_read() -> None:
    manifests = {"m": {"resolved": {"x": {"package_url": "x"}, "": {}}}}
    sbom = read(a_snapshot(scanned="yesterday", manifests=manifests))
    assert len(sbom.defects) == 3
    assert [each.name for each in sbom.components] == ["x", ""]


@pytest.mark.parametrize(
    "changes",
    [
        {"detector": None},
        {"detector": {}},
        {"manifests": []},
        {"manifests": {"m": 1}},
        {"manifests": {"m": {"resolved": []}}},
        {"manifests": {"m": {"resolved": {"x": "y"}}}},
        {"manifests": {"m": {"resolved": {"x": {"package_url": 1}}}}},
        {"manifests": {"m": {"resolved": {"x": {"dependencies": "y"}}}}},
    ],
)
def test_a_broken_snapshot_is_refused(changes: dict[str, Any]) -> None:
    for read_it in (read_sbom, stream_sbom):
        with pytest.raises(MalformedError) as refusal:
            read_it(json.dumps(a_snapshot(**changes)).encode())
        assert refusal.value.code == "formats.github-snapshot"
