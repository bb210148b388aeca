"""SBOMs to judge: one that every check likes, and ways to change it in one point."""

import json
from typing import Any

import pytest

from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.read import read_sbom

A, B = "a" * 64, "b" * 64


def a_package(name: str, version: str = "1.0.0", **changes: Any) -> dict[str, Any]:
    package = {
        "type": "library",
        "bom-ref": f"{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:npm/{name}@{version}",
        "licenses": [{"license": {"id": "MIT"}}],
        "hashes": [{"alg": "SHA-256", "content": A}],
        "supplier": {"name": "Acme"},
        **changes,
    }
    return {key: each for key, each in package.items() if each is not None}


def a_document(*packages: dict[str, Any], **changes: Any) -> dict[str, Any]:
    packages = packages or (a_package("left"), a_package("right"))
    refs = [each["bom-ref"] for each in packages]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "version": 1,
        "metadata": {
            "timestamp": "2026-11-20T14:30:00Z",
            "lifecycles": [{"phase": "build"}],
            "authors": [{"name": "Ana"}],
            "tools": {"components": [{"type": "application", "name": "syft", "version": "1.20.0"}]},
            "component": {
                "type": "container",
                "bom-ref": "root",
                "name": "api",
                "version": "2.0.0",
                "purl": "pkg:oci/api@sha256%3A" + A,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "hashes": [{"alg": "SHA-256", "content": A}],
                "supplier": {"name": "Acme"},
                "copyright": "2026 Acme",
            },
        },
        "components": list(packages),
        "dependencies": [
            {"ref": "root", "dependsOn": refs},
            *({"ref": ref, "dependsOn": []} for ref in refs),
        ],
        "compositions": [{"aggregate": "complete", "assemblies": ["root"], "dependencies": refs}],
        **changes,
    }


class SbomShelf:
    """Makes SBOMs."""

    package = staticmethod(a_package)
    document = staticmethod(a_document)

    @staticmethod
    def read(document: dict[str, Any]) -> Sbom:
        return read_sbom(json.dumps(document).encode())

    def of(self, *packages: dict[str, Any], **changes: Any) -> Sbom:
        return self.read(a_document(*packages, **changes))


@pytest.fixture(scope="session")
def shelf() -> SbomShelf:
    return SbomShelf()
