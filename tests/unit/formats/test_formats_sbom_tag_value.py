"""SPDX tag-value, YAML, XML and RDF: what each spelling alone can do right and wrong."""

from collections.abc import Callable

import pytest

from gatebook.canonical import JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.sbom.readers import SBOM_READERS
from gatebook.formats.sbom.spdx2_rdf import READER as RDF_READER
from gatebook.formats.sbom.spdx2_rdf import read_spdx_rdf
from gatebook.formats.sbom.spdx2_tag_value import READER as TAG_VALUE_READER
from gatebook.formats.sbom.spdx2_tag_value import read_tag_value
from gatebook.formats.sbom.spdx2_xml import DOCUMENT_READER, read_spdx_xml
from gatebook.formats.sbom.spdx2_yaml import read_spdx_yaml

HEAD = "SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: x\n"


def refusal(read: Callable[[Document], JsonObject], data: str | bytes) -> str:
    document = Document(data.encode() if isinstance(data, str) else data)
    with pytest.raises(MalformedError) as refused:
        read(document)
    return refused.value.code


def formats_of(data: str | bytes) -> list[DocumentFormat]:
    document = Document(data.encode() if isinstance(data, str) else data)
    return [reader.format for reader in SBOM_READERS if reader.recognises(document)]


# --- tag-value ----------------------------------------------------------------------------------


def shape_of(text: str) -> JsonObject:
    return read_tag_value(Document(text.encode()))


def test_every_kind_of_element_is_read() -> None:
    shape = shape_of(
        HEAD
        + """# a comment
DataLicense: CC0-1.0
Creator: Tool: maker-1.0
Created: 2026-11-20T10:00:00Z
ExternalDocumentRef: DocumentRef-x https://example.org/x SHA1: aaaa
PackageName: p
SPDXID: SPDXRef-P
FilesAnalyzed: True
PackageVerificationCode: abc(excludes: ./a.spdx, ./b)
PackageChecksum: SHA1: bbbb
PackageCopyrightText: <text>one
  # two: three

four</text>
ExternalRef: PACKAGE-MANAGER purl pkg:npm/p@1
ExternalRefComment: by the maker
PackageLicenseInfoFromFiles: MIT
PackageLicenseInfoFromFiles: ISC
FileName: ./f
SPDXID: SPDXRef-F
FileChecksum: SHA1: cccc
LicenseInfoInFile: MIT
SnippetSPDXID: SPDXRef-S
SnippetFromFileSPDXID: SPDXRef-F
SnippetByteRange: 3:9
LicenseID: LicenseRef-1
ExtractedText: <text>be kind</text>
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-P
RelationshipComment: obviously
Annotator: Person: Ana
AnnotationDate: 2026-11-20T10:00:00Z
AnnotationType: OTHER
SPDXREF: SPDXRef-P
AnnotationComment: good
"""
    )
    assert shape["packages"] == [
        {
            "SPDXID": "SPDXRef-P",
            "name": "p",
            "filesAnalyzed": True,
            "packageVerificationCode": {
                "packageVerificationCodeValue": "abc",
                "packageVerificationCodeExcludedFiles": ["./a.spdx", "./b"],
            },
            "checksums": [{"algorithm": "SHA1", "checksumValue": "bbbb"}],
            "copyrightText": "one\n  # two: three\n\nfour",
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": "pkg:npm/p@1",
                    "comment": "by the maker",
                }
            ],
            "licenseInfoFromFiles": ["MIT", "ISC"],
            "hasFiles": ["SPDXRef-F"],
        }
    ]
    assert shape["files"] == [
        {
            "SPDXID": "SPDXRef-F",
            "fileName": "./f",
            "checksums": [{"algorithm": "SHA1", "checksumValue": "cccc"}],
            "licenseInfoInFiles": ["MIT"],
        }
    ]
    assert shape["snippets"] == [
        {
            "SPDXID": "SPDXRef-S",
            "snippetFromFile": "SPDXRef-F",
            "ranges": [{"startPointer": {"offset": 3}, "endPointer": {"offset": 9}}],
        }
    ]
    assert shape["hasExtractedLicensingInfos"] == [
        {"licenseId": "LicenseRef-1", "extractedText": "be kind"}
    ]
    assert shape["relationships"] == [
        {
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": "SPDXRef-P",
            "comment": "obviously",
        }
    ]
    assert shape["externalDocumentRefs"] == [
        {
            "externalDocumentId": "DocumentRef-x",
            "spdxDocument": "https://example.org/x",
            "checksum": {"algorithm": "SHA1", "checksumValue": "aaaa"},
        }
    ]


def test_the_identifier_may_stand_before_or_after_the_name() -> None:
    before = shape_of(HEAD + "SPDXID: SPDXRef-P\nPackageName: p\nSPDXID: SPDXRef-Q\nPackageName: q")
    after = shape_of(HEAD + "PackageName: p\nSPDXID: SPDXRef-P\nPackageName: q\nSPDXID: SPDXRef-Q")
    assert before == after


def test_tags_of_a_later_version_are_skipped() -> None:
    assert shape_of(HEAD + "PackageColour: red") == shape_of(HEAD)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_with_a_mark_and_both_ends_of_lines(encoding: str, newline: str) -> None:
    data = (HEAD + "PackageName: lög").replace("\n", newline).encode(encoding)
    assert formats_of(data) == [DocumentFormat.SPDX2_TAG_VALUE]
    assert read_tag_value(Document(data))["packages"] == [{"name": "lög"}]


def test_2_1_is_read_as_what_it_is() -> None:
    sbom = TAG_VALUE_READER.read(Document(HEAD.replace("2.3", "2.1").encode()))
    assert sbom.spec_version == "2.1"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("PackageVersion: 1", id="a package's tag outside a package"),
        pytest.param("PackageName: p\nPackageVersion: 1\nPackageVersion: 2", id="given twice"),
        pytest.param("PackageName: p\nFileName: f\nPackageVersion: 1", id="back in the package"),
        pytest.param("DocumentName: y", id="a second name"),
        pytest.param("no tag at all", id="no tag"),
        pytest.param("FileName: f\nFileChecksum: SHA1 abc", id="a checksum without a colon"),
        pytest.param("Relationship: SPDXRef-A DESCRIBES", id="a relationship to nothing"),
        pytest.param("RelationshipComment: to what", id="a comment on nothing"),
        pytest.param("SPDXID: SPDXRef-lost", id="an identifier of nothing"),
        pytest.param("SnippetSPDXID: SPDXRef-S\nSnippetByteRange: a:b", id="a range of words"),
    ],
)
def test_what_annex_f_does_not_allow_is_refused(text: str) -> None:
    assert refusal(read_tag_value, HEAD + text) == "formats.spdx-tag-value"


@pytest.mark.parametrize("text", ["<text>no end", "<text>end</text> and more", "<text>a\nb"])
def test_a_text_ends_once_and_at_the_end_of_its_line(text: str) -> None:
    assert refusal(read_tag_value, f"{HEAD}DocumentComment: {text}") == (
        "formats.spdx-tag-value-text"
    )


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    assert refusal(read_tag_value, HEAD.encode() + b"DocumentComment: \xff") == (
        "formats.document-encoding"
    )


# --- YAML ---------------------------------------------------------------------------------------

YAML = 'SPDXID: "SPDXRef-DOCUMENT"\nspdxVersion: "SPDX-2.3"\nname: x\n'


@pytest.mark.parametrize(
    "text",
    [
        YAML,
        f"---\n{YAML}",
        f"# a comment\n{YAML}",
        "packages: []\nspdxVersion: SPDX-2.3",
        "Document:\n  spdxVersion: 'SPDX-2.2'",
    ],
)
def test_yaml_is_recognised_wherever_its_version_stands(text: str) -> None:
    assert formats_of(text) == [DocumentFormat.SPDX2_YAML]


def test_yaml_that_quotes_everything_means_the_same() -> None:
    shape = read_spdx_yaml(
        Document(
            f"{YAML}creationInfo: {{creators: ''}}\npackages:\n- filesAnalyzed: 'true'".encode()
        )
    )
    assert shape["packages"] == [{"filesAnalyzed": True}]
    assert shape["creationInfo"] == {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("name: y", id="a duplicate key"),
        pytest.param("comment: &a x\nsummary: *a", id="an alias"),
        pytest.param("comment: !!python/object:os.system x", id="a tag"),
        pytest.param("--- \nspdxVersion: SPDX-2.3", id="a second document"),
        pytest.param("comment: [" * 100, id="too deep"),
        pytest.param("comment: 'no end", id="no YAML"),
    ],
)
def test_yaml_that_surprises_is_refused(text: str) -> None:
    assert refusal(read_spdx_yaml, YAML + text) == "formats.yaml"


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
    assert refusal(read_spdx_yaml, f"{YAML}a0: &a0 [x]\n{levels}") == "formats.yaml"


def test_a_number_where_a_text_belongs_is_refused() -> None:
    assert refusal(read_spdx_yaml, f"{YAML}packages:\n- versionInfo: 1.10") == "formats.spdx"


# --- XML ----------------------------------------------------------------------------------------


def test_the_early_xml_is_moved_to_the_lists_of_today() -> None:
    document = Document(
        b"""<SpdxDocument><Document><specVersion>SPDX-2.2</specVersion>
        <SPDXID>SPDXRef-DOCUMENT</SPDXID><documentDescribes><Package>
          <SPDXID>SPDXRef-P</SPDXID><name>p</name>
          <checksums><algorithm>checksumAlgorithm_sha1</algorithm>
            <checksumValue>aa</checksumValue></checksums>
          <files><File><SPDXID>SPDXRef-F</SPDXID><name>./f</name>
            <fileTypes>fileType_source</fileTypes></File></files>
        </Package></documentDescribes></Document></SpdxDocument>"""
    )
    assert formats_of(document.data) == [DocumentFormat.SPDX2_DOCUMENT_XML]
    assert DOCUMENT_READER.describe(document) == {
        "spec_version": "2.2",
        "packages": 1,
        "files": 1,
        "relationships_listed": 0,
    }
    sbom = DOCUMENT_READER.read(document)
    assert [each.name for each in sbom.components] == ["p"]
    assert sbom.roots == ("SPDXRef-P",)


@pytest.mark.parametrize(
    "inside",
    [
        "<name>a</name><name>b</name>",
        "<creationInfo>text<created>x</created></creationInfo>",
    ],
)
def test_xml_that_has_no_json_is_refused(inside: str) -> None:
    assert refusal(read_spdx_xml, f"<Document>{inside}</Document>") == "formats.spdx-xml"


def test_xml_with_a_document_type_is_refused() -> None:
    bomb = (
        '<!DOCTYPE Document [<!ENTITY a "aa">]><Document><spdxVersion>&a;</spdxVersion></Document>'
    )
    assert refusal(read_spdx_xml, bomb) == "formats.xml-doctype"


# --- RDF ----------------------------------------------------------------------------------------

TERMS = "http://spdx.org/rdf/terms#"


def an_rdf(inside: str, beside: str = "") -> str:
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns="{TERMS}" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">'
        '<SpdxDocument rdf:about="https://example.org/x#SPDXRef-DOCUMENT">'
        f"<specVersion>SPDX-2.3</specVersion>{inside}</SpdxDocument>{beside}</rdf:RDF>"
    )


def rdf_shape(inside: str, beside: str = "") -> JsonObject:
    return read_spdx_rdf(Document(an_rdf(inside, beside).encode()))


def test_a_node_described_in_two_places_is_one() -> None:
    shape = rdf_shape(
        '<relationship><Relationship rdf:nodeID="r"><relatedSpdxElement>'
        '<Package rdf:about="https://example.org/x#SPDXRef-P"><name>p</name></Package>'
        "</relatedSpdxElement></Relationship></relationship>",
        '<rdf:Description rdf:nodeID="r">'
        f'<relationshipType rdf:resource="{TERMS}relationshipType_describes"/></rdf:Description>'
        '<rdf:Description rdf:about="https://example.org/x#SPDXRef-P" versionInfo="1" '
        f'xmlns:s="{TERMS}" s:versionInfo="2"/>',
    )
    assert shape["packages"] == [{"SPDXID": "SPDXRef-P", "name": "p", "versionInfo": "2"}]
    assert shape["relationships"] == [
        {
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": "SPDXRef-P",
        }
    ]


def test_elements_of_other_documents_are_named_by_the_document() -> None:
    shape = rdf_shape(
        '<externalDocumentRef><ExternalDocumentRef rdf:about="https://example.org/x#DocumentRef-o">'
        '<spdxDocument rdf:resource="https://example.org/other"/></ExternalDocumentRef>'
        "</externalDocumentRef><relationship><Relationship>"
        f'<relationshipType rdf:resource="{TERMS}relationshipType_copyOf"/>'
        '<relatedSpdxElement rdf:resource="https://example.org/other#SPDXRef-Q"/>'
        "</Relationship></relationship>"
    )
    assert shape["relationships"] == [
        {
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "COPY_OF",
            "relatedSpdxElement": "DocumentRef-o:SPDXRef-Q",
        }
    ]


@pytest.mark.parametrize(
    ("licence", "text"),
    [
        (f'<licenseDeclared rdf:resource="{TERMS}none"/>', "NONE"),
        ("<licenseDeclared>MIT</licenseDeclared>", "MIT"),
        (
            (
                "<licenseDeclared><WithExceptionOperator>"
                '<member rdf:resource="http://spdx.org/licenses/GPL-2.0-only"/>'
                "<licenseException><LicenseException>"
                "<licenseExceptionId>Classpath-exception-2.0</licenseExceptionId>"
                "</LicenseException></licenseException></WithExceptionOperator></licenseDeclared>"
            ),
            "GPL-2.0-only WITH Classpath-exception-2.0",
        ),
        (
            (
                "<licenseDeclared><OrLaterOperator>"
                '<member rdf:resource="http://spdx.org/licenses/EPL-1.0"/>'
                "</OrLaterOperator></licenseDeclared>"
            ),
            "EPL-1.0+",
        ),
    ],
)
def test_licence_graphs_are_written_as_expressions(licence: str, text: str) -> None:
    shape = rdf_shape(
        "", f'<Package rdf:about="https://example.org/x#SPDXRef-P">{licence}</Package>'
    )
    assert shape["packages"] == [{"SPDXID": "SPDXRef-P", "licenseDeclared": text}]


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param('<name rdf:parseType="Literal">x</name>', id="a literal of XML"),
        pytest.param('<annotation rdf:parseType="Collection"/>', id="a collection"),
        pytest.param("<name>a</name><name>b</name>", id="two names"),
        pytest.param("<rdf:li>x</rdf:li>", id="a container"),
        pytest.param(
            '<creationInfo><CreationInfo rdf:nodeID="a" rdf:about="#b"/></creationInfo>',
            id="two names of a node",
        ),
        pytest.param(
            '<annotation><Annotation rdf:nodeID="a"><annotation rdf:nodeID="a"/></Annotation>'
            "</annotation>",
            id="a part of itself",
        ),
        pytest.param(
            '<dataLicense><ConjunctiveLicenseSet rdf:nodeID="a"><member rdf:nodeID="a"/>'
            "</ConjunctiveLicenseSet></dataLicense>",
            id="a licence that contains itself",
        ),
    ],
)
def test_rdf_that_spdx_does_not_use_is_refused(inside: str) -> None:
    assert refusal(read_spdx_rdf, an_rdf(inside)) == "formats.rdf"


def test_a_licence_that_doubles_with_each_level_is_refused() -> None:
    levels = "".join(
        f'<ConjunctiveLicenseSet rdf:about="#l{n}"><member rdf:resource="#l{n + 1}"/>'
        f'<member rdf:resource="#l{n + 1}"/></ConjunctiveLicenseSet>'
        for n in range(40)
    )
    assert refusal(read_spdx_rdf, an_rdf('<dataLicense rdf:resource="#l0"/>', levels)) == (
        "formats.rdf"
    )


def test_no_document_or_two_are_refused() -> None:
    two = '<SpdxDocument rdf:about="https://example.org/y#SPDXRef-DOCUMENT"/>'
    assert refusal(read_spdx_rdf, an_rdf("", two)) == "formats.rdf"
    assert refusal(read_spdx_rdf, an_rdf("").replace("SpdxDocument", "Package")) == ("formats.rdf")


def test_a_long_chain_of_nested_relationships_is_no_deep_recursion() -> None:
    opening = "<relationship><Relationship><relatedSpdxElement><Package>"
    closing = "</Package></relatedSpdxElement></Relationship></relationship>"
    document = Document(an_rdf(opening * 2_000 + closing * 2_000).encode())
    assert RDF_READER.describe(document)["packages"] == 2_000
