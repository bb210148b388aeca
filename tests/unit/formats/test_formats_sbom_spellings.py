"""One SPDX 2 document in JSON, YAML, XML, tag-value and RDF is one component list."""

import contextlib
import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom import (
    spdx2_json,
    spdx2_rdf,
    spdx2_tag_value,
    spdx2_xml,
    spdx2_yaml,
)
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.readers import SBOM_READERS
from gatebook.formats.sbom.validity.spdx2 import spdx2_problems

NAMESPACE = "https://example.org/spdx/one"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TERMS = "http://spdx.org/rdf/terms#"

# --- documents ----------------------------------------------------------------------------------

words = st.text(st.sampled_from("abcXYZ019-._ &<>\"'é漢:#"), min_size=1, max_size=12).map(
    lambda text: text.strip() or "x"
)
names = st.text(st.sampled_from("abcxyz019-"), min_size=1, max_size=8)
licences = st.sampled_from(
    ["MIT", "Apache-2.0 OR MIT", "LicenseRef-1", "(MIT AND BSD-3-Clause) OR ISC", "NOASSERTION"]
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    packages = []
    for number in range(draw(st.integers(1, 4))):
        name = draw(words)
        package: dict[str, Any] = {
            "SPDXID": f"SPDXRef-P{number}",
            "name": name,
            "downloadLocation": draw(st.sampled_from(["NOASSERTION", "https://example.org/x"])),
            "filesAnalyzed": False,
            "licenseConcluded": draw(licences),
            "licenseDeclared": draw(licences),
            "copyrightText": draw(st.sampled_from(["NOASSERTION", "(c) two\nlines <a&b>"])),
        }
        if draw(st.booleans()):
            package["versionInfo"] = draw(words)
        if draw(st.booleans()):
            package["supplier"] = f"Organization: {draw(names)}"
        if draw(st.booleans()):
            package["checksums"] = [
                {"algorithm": "SHA1", "checksumValue": draw(st.sampled_from("abc")) * 40},
                {"algorithm": "SHA256", "checksumValue": draw(st.sampled_from("012")) * 64},
            ]
        if draw(st.booleans()):
            package["externalRefs"] = [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": f"pkg:npm/{draw(names)}@1",
                }
            ]
        packages.append(package)
    relationships = [
        {
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": "SPDXRef-P0",
        }
    ]
    relationships += [
        {
            "spdxElementId": f"SPDXRef-P{draw(st.integers(0, len(packages) - 1))}",
            "relationshipType": draw(st.sampled_from(["DEPENDS_ON", "CONTAINS", "DEPENDENCY_OF"])),
            "relatedSpdxElement": f"SPDXRef-P{draw(st.integers(0, len(packages) - 1))}",
        }
        for _ in range(draw(st.integers(0, 3)))
    ]
    return {
        "spdxVersion": draw(st.sampled_from(["SPDX-2.2", "SPDX-2.3"])),
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": draw(words),
        "documentNamespace": NAMESPACE,
        "creationInfo": {
            "created": "2026-11-20T10:00:00Z",
            "creators": ["Tool: maker-1.0", f"Organization: {draw(names)}"],
        },
        "hasExtractedLicensingInfos": [
            {"licenseId": "LicenseRef-1", "extractedText": "Do\nwhat <you> like & more"}
        ],
        "packages": packages,
        "relationships": relationships,
    }


# --- writers ------------------------------------------------------------------------------------


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def as_yaml(document: dict[str, Any]) -> bytes:
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=True)
    return text.encode()


def as_xml(document: dict[str, Any]) -> bytes:
    def write(tag: str, value: Any) -> str:
        if isinstance(value, list):
            return "".join(write(tag, each) for each in value)
        if isinstance(value, dict):
            inner = "".join(write(key, each) for key, each in value.items())
            return f"<{tag}>{inner}</{tag}>"
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{tag}>{escape(text)}</{tag}>"

    return f'<?xml version="1.0"?>\n{write("Document", document)}'.encode()


TAGS = {
    "versionInfo": "PackageVersion",
    "supplier": "PackageSupplier",
    "downloadLocation": "PackageDownloadLocation",
    "licenseConcluded": "PackageLicenseConcluded",
    "licenseDeclared": "PackageLicenseDeclared",
    "copyrightText": "PackageCopyrightText",
}


def as_tag_value(document: dict[str, Any]) -> bytes:
    lines = [
        "# made by a test",
        f"SPDXVersion: {document['spdxVersion']}",
        "DataLicense: CC0-1.0",
        "SPDXID: SPDXRef-DOCUMENT",
        f"DocumentName: {document['name']}",
        f"DocumentNamespace: {NAMESPACE}",
        *(f"Creator: {creator}" for creator in document["creationInfo"]["creators"]),
        f"Created: {document['creationInfo']['created']}",
    ]
    for package in document["packages"]:
        lines += ["", f"PackageName: {package['name']}", f"SPDXID: {package['SPDXID']}"]
        lines.append("FilesAnalyzed: false")
        for key, tag in TAGS.items():
            if key in package:
                value = package[key]
                lines.append(f"{tag}: <text>{value}</text>" if "\n" in value else f"{tag}: {value}")
        for checksum in package.get("checksums", []):
            lines.append(f"PackageChecksum: {checksum['algorithm']}: {checksum['checksumValue']}")
        for reference in package.get("externalRefs", []):
            lines.append(f"ExternalRef: PACKAGE-MANAGER purl {reference['referenceLocator']}")
    for licence in document["hasExtractedLicensingInfos"]:
        lines += [
            f"LicenseID: {licence['licenseId']}",
            f"ExtractedText: <text>{licence['extractedText']}</text>",
        ]
    for each in document["relationships"]:
        lines.append(
            f"Relationship: {each['spdxElementId']} {each['relationshipType']} "
            f"{each['relatedSpdxElement']}"
        )
    return "\r\n".join(lines).encode()


def _licence_rdf(field: str, text: str) -> str:
    about = {
        "NOASSERTION": f"{TERMS}noassertion",
        "LicenseRef-1": f"{NAMESPACE}#LicenseRef-1",
        "MIT": "http://spdx.org/licenses/MIT",
    }
    if text in about:
        return f"<{field} rdf:resource={quoteattr(about[text])}/>"

    def member(name: str) -> str:
        return f'<member rdf:resource="http://spdx.org/licenses/{name}"/>'

    either = "<DisjunctiveLicenseSet>{}</DisjunctiveLicenseSet>"
    if text == "Apache-2.0 OR MIT":
        inner = either.format(member("Apache-2.0") + member("MIT"))
    else:
        both = f"<ConjunctiveLicenseSet>{member('MIT')}{member('BSD-3-Clause')}"
        inner = either.format(f"<member>{both}</ConjunctiveLicenseSet></member>" + member("ISC"))
    return f"<{field}>{inner}</{field}>"


def _individual(kind: str, word: str) -> str:
    head, *rest = word.lower().split("_")
    return f"{TERMS}{kind}_{head}{''.join(part.capitalize() for part in rest)}"


def _package_rdf(package: dict[str, Any], relationships: str) -> str:
    parts = [f"<name>{escape(package['name'])}</name>", "<filesAnalyzed>false</filesAnalyzed>"]
    parts += [
        f"<{key}>{escape(package[key])}</{key}>"
        for key in ("versionInfo", "supplier")
        if key in package
    ]
    for key in ("downloadLocation", "copyrightText"):
        value = package[key]
        parts.append(
            f'<{key} rdf:resource="{TERMS}noassertion"/>'
            if value == "NOASSERTION"
            else f"<{key}>{escape(value)}</{key}>"
        )
    parts += [_licence_rdf(key, package[key]) for key in ("licenseConcluded", "licenseDeclared")]
    parts += [
        f"<checksum><Checksum><algorithm rdf:resource="
        f'"{_individual("checksumAlgorithm", each["algorithm"])}"/>'
        f"<checksumValue>{each['checksumValue']}</checksumValue></Checksum></checksum>"
        for each in package.get("checksums", [])
    ]
    parts += [
        "<externalRef><ExternalRef>"
        f'<referenceCategory rdf:resource="{TERMS}referenceCategory_packageManager"/>'
        '<referenceType rdf:resource="http://spdx.org/rdf/references/purl"/>'
        f"<referenceLocator>{each['referenceLocator']}</referenceLocator>"
        "</ExternalRef></externalRef>"
        for each in package.get("externalRefs", [])
    ]
    about = f"{NAMESPACE}#{package['SPDXID']}"
    return f'<Package rdf:about="{about}">{"".join(parts)}{relationships}</Package>'


def as_rdf(document: dict[str, Any]) -> bytes:
    def relationships(identifier: str) -> str:
        return "".join(
            "<relationship><Relationship>"
            f"<relationshipType rdf:resource="
            f'"{_individual("relationshipType", each["relationshipType"])}"/>'
            f'<relatedSpdxElement rdf:resource="{NAMESPACE}#{each["relatedSpdxElement"]}"/>'
            "</Relationship></relationship>"
            for each in document["relationships"]
            if each["spdxElementId"] == identifier
        )

    creation = "".join(
        f"<creator>{escape(creator)}</creator>" for creator in document["creationInfo"]["creators"]
    )
    licences_inside = "".join(
        "<hasExtractedLicensingInfo><ExtractedLicensingInfo "
        f'rdf:about="{NAMESPACE}#{each["licenseId"]}"><licenseId>{each["licenseId"]}</licenseId>'
        f"<extractedText>{escape(each['extractedText'])}</extractedText>"
        "</ExtractedLicensingInfo></hasExtractedLicensingInfo>"
        for each in document["hasExtractedLicensingInfos"]
    )
    packages = "".join(
        _package_rdf(package, relationships(package["SPDXID"])) for package in document["packages"]
    )
    return (
        f'<?xml version="1.0"?><rdf:RDF xmlns:rdf="{RDF}" xmlns="{TERMS}">{packages}'
        f'<SpdxDocument rdf:about="{NAMESPACE}#SPDXRef-DOCUMENT">'
        f"<specVersion>{document['spdxVersion']}</specVersion>"
        f"<name>{escape(document['name'])}</name>"
        '<dataLicense rdf:resource="http://spdx.org/licenses/CC0-1.0"/>'
        f"<creationInfo><CreationInfo>{creation}"
        f"<created>{document['creationInfo']['created']}</created></CreationInfo></creationInfo>"
        f"{licences_inside}{relationships('SPDXRef-DOCUMENT')}</SpdxDocument></rdf:RDF>"
    ).encode()


SPELLINGS: dict[str, tuple[Callable[[dict[str, Any]], bytes], Reader[Sbom]]] = {
    "yaml": (as_yaml, spdx2_yaml.READER),
    "xml": (as_xml, spdx2_xml.READER),
    "tag-value": (as_tag_value, spdx2_tag_value.READER),
    "rdf": (as_rdf, spdx2_rdf.READER),
}


def said(sbom: Sbom) -> dict[str, Any]:
    """Everything but the order of statements, which RDF does not keep."""
    return {
        "version": sbom.spec_version,
        "serial": sbom.serial,
        "name": sbom.name,
        "created": sbom.created,
        "tools": sbom.tools,
        "authors": sbom.authors,
        "subject": sbom.subject and sbom.subject.ref,
        "roots": sbom.roots,
        "edges": {ref: frozenset(refs) for ref, refs in sbom.edges.items()},
        "contains": {ref: frozenset(refs) for ref, refs in sbom.contains.items()},
        "relationships": sbom.relationships,
        "licenses": sbom.licenses_defined,
        "defects": sbom.defects,
        "components": [
            {
                "ref": each.ref,
                "name": each.name,
                "version": each.version,
                "purl": each.purl,
                "hashes": each.hashes,
                "licenses": each.licenses,
                "claims": each.license_claims,
                "supplier": each.supplier,
                "copyright": each.copyright,
                "references": each.external_references,
            }
            for each in sbom.components
        ],
    }


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(document=documents())
@settings(max_examples=40)
def test_an_sbom_says_the_same_in_every_spelling(spelling: str, document: dict[str, Any]) -> None:
    write, reader = SPELLINGS[spelling]
    written = Document(write(document))
    assert [each.format for each in SBOM_READERS if each.recognises(written)] == [reader.format]
    in_json = spdx2_json.READER.read(Document(as_json(document)))
    assert said(reader.read(written)) == said(in_json)
    assert reader.describe(written) == {
        "spec_version": document["spdxVersion"].removeprefix("SPDX-"),
        "packages": len(document["packages"]),
        "files": 0,
        "relationships_listed": len(document["relationships"]),
    }
    assert reader.check is not None
    reader.check(written)


@given(document=documents())
@settings(max_examples=20)
def test_what_is_generated_is_valid(document: dict[str, Any]) -> None:
    assert spdx2_problems(document).texts == ()


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(document=documents(), data=st.data())
@settings(max_examples=60)
def test_a_mutation_is_read_or_refused_and_never_breaks_the_reader(
    spelling: str, document: dict[str, Any], data: st.DataObject
) -> None:
    write, reader = SPELLINGS[spelling]
    written = bytearray(write(document))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(written)))
        end = place + data.draw(st.integers(0, 40))
        written[place:end] = data.draw(
            st.sampled_from(
                [b"", b"\0", b"<", b"\n", b"\xff", b'"', b"<text>", b"a: &a [*a]", b"}"]
            )
        )
    mutated = Document(bytes(written))
    for step in (reader.recognises, reader.describe, reader.read, reader.check):
        assert step is not None
        with contextlib.suppress(GatebookError):
            step(mutated)
