"""CycloneDX XML: rewritten as JSON, counted, and safe from what XML can do."""

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.sbom import cyclonedx_xml
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.cyclonedx_xml_shape import cyclonedx_json_shape
from gatebook.formats.sbom.readers import SBOM_READERS
from gatebook.formats.sbom.validity.cyclonedx_xml import check_cyclonedx_xml

SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
LIBRARY = '<component type="library" bom-ref="a"><name>log</name><version>1.0</version></component>'


def a_bom(
    inside: str = f"<components>{LIBRARY}</components>", *, version: str = "1.6", before: str = ""
) -> bytes:
    namespace = f"http://cyclonedx.org/schema/bom/{version}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{before}'
        f'<bom xmlns="{namespace}" serialNumber="{SERIAL}" version="3">{inside}</bom>'
    ).encode()


def read(data: bytes) -> Sbom:
    return cyclonedx_xml.READER.read(Document(data))


def refusal(data: bytes) -> str:
    with pytest.raises(MalformedError) as refused:
        read(data)
    return refused.value.code


def format_of(data: bytes) -> list[DocumentFormat]:
    return [each.format for each in SBOM_READERS if each.recognises(Document(data))]


FULL = """
<metadata>
  <timestamp>2026-11-20T14:30:00Z</timestamp>
  <lifecycles><lifecycle><phase>build</phase></lifecycle></lifecycles>
  <tools><components><component type="application"><name>syft</name><version>1.2</version>
  </component></components></tools>
  <component type="container" bom-ref="root"><name>api</name><version>2</version></component>
</metadata>
<components>
  <component type="library" bom-ref="a">
    <supplier><name>Acme</name><url>https://acme.example</url></supplier>
    <group>acme</group><name> log </name><version>1.0</version>
    <scope>required</scope>
    <hashes><hash alg="SHA-256">{A}</hash></hashes>
    <licenses>
      <license acknowledgement="declared"><id>MIT</id></license>
      <license><name>Acme licence</name></license>
    </licenses>
    <purl>pkg:npm/%40acme/log@1.0</purl>
    <pedigree><ancestors><component type="library"><name>old</name></component></ancestors>
    </pedigree>
    <externalReferences><reference type="vcs"><url>https://acme.example/log</url></reference>
    </externalReferences>
    <properties><property name="syft:package:type">npm</property></properties>
    <components>
      <component type="library" bom-ref="b"><name>inner</name>
        <components><component type="file"><name>innermost</name></component></components>
      </component>
    </components>
  </component>
  <component type="library" isExternal="true"><name>x</name>
    <versionRange>vers:npm/&gt;=1</versionRange>
    <licenses><expression>MIT OR ISC</expression></licenses></component>
</components>
<dependencies>
  <dependency ref="root"><dependency ref="a"/></dependency>
  <dependency ref="a"/>
</dependencies>
<compositions><composition><aggregate>complete</aggregate>
  <assemblies><assembly ref="a"/></assemblies></composition></compositions>
<vulnerabilities>
  <vulnerability><id>CVE-2026-1</id><ratings>
    <rating><score>9.8</score><severity>critical</severity></rating>
    <rating><severity>low</severity></rating></ratings>
    <affects><target><ref>a</ref></target></affects></vulnerability>
  <vulnerability><id>CVE-2026-2</id></vulnerability>
</vulnerabilities>
""".replace("{A}", "a" * 64)


def test_a_full_document_is_read_into_the_component_list() -> None:
    sbom = read(a_bom(FULL, version="1.7"))
    assert (sbom.spec_version, sbom.serial, sbom.doc_version) == ("1.7", SERIAL, 3)
    assert sbom.created == Instant.parse("2026-11-20T14:30:00Z")
    assert (sbom.tools, sbom.lifecycles) == (("syft 1.2",), ("build",))
    assert sbom.subject is not None
    assert sbom.subject.name == "api"
    assert [each.name for each in sbom.components] == ["log", "inner", "innermost", "x"]
    log, _, _, external = sbom.components
    assert (log.group, log.version, log.supplier, log.scope) == ("acme", "1.0", "Acme", "required")
    assert log.hashes == (("sha256", "a" * 64),)
    assert log.licenses == ("MIT", "Acme licence")
    assert log.references("vcs") == ("https://acme.example/log",)
    assert log.property_values("syft:package:type") == ("npm",)
    assert sbom.contains["a"] == ("b",)
    assert sbom.top_level == 2
    assert (external.is_external, external.version_range) == (True, "vers:npm/>=1")
    assert external.licenses == ("MIT OR ISC",)
    assert dict(sbom.edges) == {"root": ("a",), "a": ()}
    assert sbom.completeness[0].assemblies == ("a",)
    assert sbom.vulnerabilities == 2
    assert sbom.defects == ()


def test_what_inspect_prints() -> None:
    described = cyclonedx_xml.READER.describe(Document(a_bom(FULL, version="1.7")))
    assert described == {
        "spec_version": "1.7",
        "components_all": 4,
        "components_top": 2,
        "dependencies": 2,
        "vulnerabilities": 2,
        "severity_highest_rating": {"critical": 1, "unknown": 1},
    }


def test_components_of_metadata_pedigree_and_tools_are_not_counted() -> None:
    inside = (
        "<metadata><component type='library'><name>m</name><components>"
        "<component type='library'><name>part</name></component></components></component>"
        "</metadata><components/>"
    )
    described = cyclonedx_xml.READER.describe(Document(a_bom(inside)))
    assert (described["components_all"], described["components_top"]) == (0, 0)


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_every_version_is_read_and_keeps_its_name(version: str) -> None:
    assert format_of(a_bom(version=version)) == [DocumentFormat.CYCLONEDX_XML]
    assert read(a_bom(version=version)).spec_version == version


def test_a_version_that_does_not_exist_is_recognised_described_and_refused() -> None:
    data = a_bom(version="12")
    assert format_of(data) == [DocumentFormat.CYCLONEDX_XML]
    assert cyclonedx_xml.READER.describe(Document(data))["spec_version"] == "12"
    assert refusal(data) == "formats.sbom-version"


def test_a_prefix_instead_of_a_default_namespace() -> None:
    data = (
        b'<c:bom xmlns:c="http://cyclonedx.org/schema/bom/1.4"><c:components>'
        b'<c:component type="library"><c:name>log</c:name></c:component></c:components></c:bom>'
    )
    assert [each.name for each in read(data).components] == ["log"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_outweighs_the_declaration(encoding: str) -> None:
    text = a_bom(f"<components>{LIBRARY.replace('log', 'lög')}</components>").decode()
    declared = text.replace("UTF-8", "utf-16" if encoding == "utf-16" else "UTF-8")
    assert read(declared.encode(encoding)).components[0].name == "lög"


def test_the_dependency_graph_extension_of_1_1_is_a_format_of_its_own_and_is_read() -> None:
    inside = (
        f"<components>{LIBRARY}</components>"
        '<dg:dependencies xmlns:dg="http://cyclonedx.org/schema/ext/dependency-graph/1.0">'
        '<dg:dependency ref="a"><dg:dependency ref="b"><dg:dependency ref="c"/></dg:dependency>'
        "</dg:dependency></dg:dependencies>"
    )
    assert format_of(a_bom(inside, version="1.1")) == [DocumentFormat.CYCLONEDX_EXTENSION_XML]
    sbom = read(a_bom(inside, version="1.1"))
    assert dict(sbom.edges) == {"a": ("b",), "b": ("c",)}


def test_vulnerabilities_of_the_extension_are_written_as_1_4_writes_them() -> None:
    inside = """<components><component type="library" bom-ref="a"><name>x</name><version>1</version>
    <v:vulnerabilities xmlns:v="http://cyclonedx.org/schema/ext/vulnerability/1.0">
      <v:vulnerability ref="a"><v:id>CVE-2018-7489</v:id><v:source name="NVD">
        <v:url>https://nvd.example</v:url></v:source>
        <v:ratings><v:rating><v:score><v:base>9.8</v:base></v:score>
        <v:severity>Critical</v:severity></v:rating></v:ratings>
      </v:vulnerability></v:vulnerabilities></component></components>"""
    shape = cyclonedx_json_shape(Document(a_bom(inside, version="1.2")))
    assert shape["vulnerabilities"] == [
        {
            "id": "CVE-2018-7489",
            "source": {"name": "NVD", "url": "https://nvd.example"},
            "ratings": [{"score": 9.8, "severity": "critical"}],
            "affects": [{"ref": "a"}],
        }
    ]


def test_an_element_that_comes_twice_is_counted_and_refused() -> None:
    inside = (
        '<components><component type="library"><name>good</name><name>bad</name></component>'
        "</components>"
    )
    assert cyclonedx_xml.READER.describe(Document(a_bom(inside)))["components_all"] == 1
    assert refusal(a_bom(inside)) == "formats.cyclonedx"


BILLION_LAUGHS = '<!DOCTYPE bom [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "doctype",
    [
        BILLION_LAUGHS,
        '<!DOCTYPE bom SYSTEM "http://example.org/bom.dtd">',
        '<!DOCTYPE bom [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE bom [<!ENTITY % x SYSTEM "http://example.org/x">%x;]>',
        "<!DOCTYPE bom>",
        "<!-- a comment first --><!DOCTYPE bom>",
    ],
)
def test_a_document_type_is_never_read(doctype: str) -> None:
    data = a_bom(before=doctype)
    assert refusal(data).startswith("formats.")
    with pytest.raises(MalformedError):
        cyclonedx_xml.READER.describe(Document(data))
    with pytest.raises(MalformedError):
        check_cyclonedx_xml(Document(data))


def test_a_document_type_is_named_as_the_reason() -> None:
    assert format_of(a_bom(before="<!DOCTYPE bom>")) == [DocumentFormat.CYCLONEDX_XML]
    assert refusal(a_bom(before="<!DOCTYPE bom>")) == "formats.xml-doctype"


def test_a_document_type_beyond_the_first_pieces_is_not_read_either() -> None:
    assert format_of(a_bom(before=f"<!--{'x' * 300_000}--><!DOCTYPE bom>")) == []


def test_an_entity_that_nothing_declares_is_refused() -> None:
    assert refusal(a_bom("<components>&x;</components>")) == "formats.xml"


def test_an_unknown_encoding_is_refused() -> None:
    assert refusal(a_bom().replace(b"UTF-8", b"x-none")).startswith("formats.")


@pytest.mark.parametrize("length", range(60, len(a_bom()), 17))
def test_a_truncated_document_is_refused(length: int) -> None:
    assert refusal(a_bom()[:length]).startswith("formats.")


def nested(levels: int) -> bytes:
    opening = '<component type="library"><name>x</name><components>'
    return a_bom(
        f"<components>{opening * levels}{LIBRARY}"
        f"{'</components></component>' * levels}</components>"
    )


def test_components_may_be_nested_but_not_without_end() -> None:
    assert len(read(nested(60)).components) == 61
    assert refusal(nested(80)) == "formats.xml-limit"
    assert refusal(nested(20_000)) == "formats.xml-limit"


def test_elements_nobody_reads_may_be_as_deep_as_they_like() -> None:
    deep = f"{'<x>' * 50_000}{'</x>' * 50_000}<components>{LIBRARY}</components>"
    assert len(read(a_bom(deep)).components) == 1


def test_time_grows_with_size_and_no_faster() -> None:
    def seconds(count: int) -> float:
        dependencies = "".join(
            f'<dependency ref="a{n}"><dependency ref="b"><dependency ref="c"/></dependency>'
            "</dependency>"
            for n in range(count)
        )
        data = a_bom(
            f"<components>{LIBRARY * count}</components><dependencies>{dependencies}</dependencies>"
        )
        start = time.process_time()
        cyclonedx_xml.READER.describe(Document(data))
        return time.process_time() - start

    seconds(100)
    assert seconds(16_000) < 40 * max(seconds(1_000), 0.005)


@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(FULL) + 200),
            st.integers(0, 30),
            st.sampled_from(
                [b"", b"<", b">", b"&", b"</bom>", b"<components>", b"<component>", b"\0", b"\xff"]
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=200)
def test_a_mutation_is_read_or_refused(edits: list[tuple[int, int, bytes]]) -> None:
    data = bytearray(a_bom(FULL, version="1.7"))
    for place, length, replacement in edits:
        data[place : place + length] = replacement
    document = Document(bytes(data))
    steps: list[Any] = [cyclonedx_xml.READER.describe, cyclonedx_xml.READER.read]
    for step in steps:
        with contextlib.suppress(GatebookError):
            step(document)
