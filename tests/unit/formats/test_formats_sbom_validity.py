"""Validity of CycloneDX, and of licence expressions and identifiers."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom.validity.cyclonedx_json import check_cyclonedx_json
from gatebook.formats.sbom.validity.cyclonedx_xml import check_cyclonedx_xml
from gatebook.formats.sbom.validity.iri import is_iri, is_iri_reference
from gatebook.formats.sbom.validity.licence_expression import check_expression
from gatebook.formats.sbom.validity.problems import NotCheckedError

# --- CycloneDX ----------------------------------------------------------------------------------


def a_bom(**changes: Any) -> Document:
    bom: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "version": 1,
        "components": [
            {
                "type": "library",
                "bom-ref": "a",
                "name": "log",
                "licenses": [{"license": {"id": "MIT"}}],
                "externalReferences": [{"type": "vcs", "url": "https://example.org/a"}],
            }
        ],
    }
    return Document(json.dumps({**bom, **changes}).encode())


def a_component(**changes: Any) -> list[dict[str, Any]]:
    return [{"type": "library", "name": "log", **changes}]


def test_a_valid_bom_passes() -> None:
    check_cyclonedx_json(a_bom())


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"specVersion": "1.1"}, id="a version that has no JSON"),
        pytest.param({"specVersion": 1.6}, id="a version that is no text"),
        pytest.param({"bomFormat": "cyclonedx"}, id="another format"),
        pytest.param({"surprise": 1}, id="an unknown field"),
        pytest.param({"serialNumber": "urn:uuid:1"}, id="a serial number that is none"),
        pytest.param({"components": a_component(type="thing")}, id="an unknown type"),
        pytest.param({"components": [{"type": "library"}]}, id="no name"),
        pytest.param({"components": a_component() * 2}, id="the same component twice"),
        pytest.param(
            {"components": a_component(licenses=[{"license": {"id": "Apache-2"}}])},
            id="an unknown licence",
        ),
        pytest.param(
            {"components": a_component(externalReferences=[{"type": "vcs", "url": "a b"}])},
            id="an address with a space",
        ),
        pytest.param({"metadata": {"timestamp": "2026-11-20"}}, id="a date for a time"),
        pytest.param(
            {
                "components": [
                    *a_component(**{"bom-ref": "a"}),
                    {"type": "file", "name": "y", "bom-ref": "a"},
                ]
            },
            id="a bom-ref of two components",
        ),
    ],
)
def test_a_bom_that_breaks_a_rule_of_the_schema(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refused:
        check_cyclonedx_json(a_bom(**changes))
    assert refused.value.code == "formats.cyclonedx-invalid"


def test_the_error_names_the_place() -> None:
    with pytest.raises(MalformedError, match=r"\$\.components\[0\]\.type: 'thing' is none of"):
        check_cyclonedx_json(a_bom(components=a_component(type="thing")))


def test_a_document_with_many_faults_names_the_first_and_counts_on() -> None:
    components = [{"type": "thing", "name": str(number)} for number in range(50)]
    with pytest.raises(MalformedError, match="and 1 more") as refused:
        check_cyclonedx_json(a_bom(components=components))
    assert len(refused.value.message) < 2_000


def test_too_large_a_document_is_not_judged() -> None:
    bom = a_bom()
    with pytest.raises(NotCheckedError):
        check_cyclonedx_json(bom, max_bytes=len(bom.data) - 1)
    check_cyclonedx_json(bom, max_bytes=len(bom.data))


XML = (
    '<bom xmlns="http://cyclonedx.org/schema/bom/1.7" version="1">'
    '<components><component type="library"{}><name>x</name>{}</component></components></bom>'
)


def test_valid_xml_passes() -> None:
    check_cyclonedx_xml(Document(XML.format("", "<version>1</version>").encode()))
    external = XML.format(' isExternal="true"', "<versionRange>vers:npm/1</versionRange>")
    check_cyclonedx_xml(Document(external.encode()))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(XML.format("", "<surprise/>"), id="an unknown element"),
        pytest.param(XML.format("", "<scope>never</scope>"), id="an unknown word"),
        pytest.param(XML.replace("1.7", "17").format("", ""), id="an unknown version"),
        pytest.param(
            XML.format(' isExternal="false"', "<versionRange>vers:npm/1</versionRange>"),
            id="a range of what is inside, which needs XSD 1.1 to say",
        ),
        pytest.param(
            XML.format("", "<versionRange>vers:npm/1</versionRange>"), id="the same by default"
        ),
    ],
)
def test_xml_that_breaks_a_rule_of_the_schema(text: str) -> None:
    with pytest.raises(MalformedError) as refused:
        check_cyclonedx_xml(Document(text.encode()))
    assert refused.value.code == "formats.cyclonedx-invalid"


EXTENDED = (
    '<bom xmlns="http://cyclonedx.org/schema/bom/1.1" version="1" '
    'xmlns:d="http://cyclonedx.org/schema/ext/dependency-graph/1.0" '
    'xmlns:v="http://cyclonedx.org/schema/ext/vulnerability/1.0"><components>'
    '<component type="library" bom-ref="a"><name>x</name><version>1</version>{}</component>'
    "</components>{}</bom>"
)
GRAPH = (
    '<d:dependencies><d:dependency ref="a"><d:dependency ref="b"/></d:dependency></d:dependencies>'
)
FLAW = (
    '<v:vulnerabilities><v:vulnerability ref="a"><v:id>CVE-1</v:id></v:vulnerability>'
    "</v:vulnerabilities>"
)


def test_the_extensions_of_1_1_have_rules_of_their_own() -> None:
    check_cyclonedx_xml(Document(EXTENDED.format(FLAW, GRAPH).encode()))
    for flaw, graph in (
        (FLAW, GRAPH.replace(' ref="b"', "")),
        (FLAW, GRAPH.replace('<d:dependency ref="b"/>', "<d:other/>")),
        (FLAW.replace(' ref="a"', ""), GRAPH),
        (FLAW.replace("<v:id>CVE-1</v:id>", ""), GRAPH),
    ):
        with pytest.raises(MalformedError):
            check_cyclonedx_xml(Document(EXTENDED.format(flaw, graph).encode()))


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "mit",
        "GPL-2.0+",
        "UnRAR",
        "MIT AND (ISC OR BSD-3-Clause)",
        "((MIT))",
        "GPL-2.0-only WITH Classpath-exception-2.0 OR MIT",
        "LicenseRef-a.b-c AND DocumentRef-x:LicenseRef-y",
        " MIT ",
    ],
)
def test_expressions(text: str) -> None:
    assert check_expression(text)[0] is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AND",
        "MIT AND",
        "MIT ISC",
        "MIT and ISC",
        "(MIT",
        "MIT)",
        "()",
        "MIT/ISC",
        "MIT WITH",
        "MIT WITH MIT WITH MIT",
        "(MIT OR ISC) WITH Classpath-exception-2.0",
        "Apache-2",
        "LicenseRef-ü",
        "MIT" * 30_000,
    ],
)
def test_texts_that_are_no_expression(text: str) -> None:
    assert check_expression(text)[0] is not None


def test_an_expression_of_any_depth_takes_no_recursion() -> None:
    assert check_expression("(" * 20_000 + "MIT" + ")" * 20_000)[0] is None


def test_references_of_an_expression() -> None:
    assert check_expression("LicenseRef-a OR MIT OR DocumentRef-b:LicenseRef-c")[1] == (
        "LicenseRef-a",
        "DocumentRef-b:LicenseRef-c",
    )


@given(st.text(st.sampled_from("aZ1-._~:/?#[]@!$&'()*+,;=% ü|^`{}<>\"\\\n"), max_size=24))
@settings(max_examples=400)
def test_iri_references_agree_with_a_grammar(text: str) -> None:
    syntax = pytest.importorskip("rfc3987_syntax")
    # The grammar of that package has no IP literals, and lets ports and users be anything.
    if any(char in text for char in "[]") or "//" in text:
        return
    assert is_iri_reference(text) == syntax.is_valid_syntax("iri_reference", text)


def test_iris() -> None:
    for text in ("https://[::1]:80/x", "https://u@ex.org:1/ü?q#f", "urn:uuid:1", "a:b"):
        assert is_iri(text)
    for text in ("", "x", "//x", "1:b", "https://a b", "https://x/%zz", "https://h:8x/", "a:b\n"):
        assert not is_iri(text)
