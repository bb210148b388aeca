"""XML with a document type: refused, or passed over without anything being fetched or expanded."""

import pytest

from gatebook.formats.reading.xml import Doctype, XmlError, read_xml, root_name

EXTERNAL = b'<!DOCTYPE report PUBLIC "-//X//DTD//EN" "report.dtd"><report a="1">text</report>'
INTERNAL = b"<!DOCTYPE report [<!ELEMENT report ANY>]><report/>"
BOTH = b'<!DOCTYPE report SYSTEM "x.dtd" [<!ATTLIST report b CDATA "v">]><report/>'
ENTITY = b'<!DOCTYPE report [<!ENTITY x "y">]><report>&x;</report>'
PARAMETER_ENTITY = b"<!DOCTYPE report [<!ENTITY % x 'y'>]><report/>"
EXTERNAL_ENTITY = (
    b'<!DOCTYPE report [<!ENTITY x SYSTEM "file:///etc/hostname">]><report>&x;</report>'
)
LAUGHS = b"".join(
    [
        b'<!DOCTYPE report [<!ENTITY a0 "ha">',
        *(b'<!ENTITY a%d "&a%d;&a%d;">' % (n + 1, n, n) for n in range(60)),
        b']><report a="&a60;">&a60;</report>',
    ]
)


@pytest.mark.parametrize(
    "document", [EXTERNAL, INTERNAL, BOTH, ENTITY, PARAMETER_ENTITY, EXTERNAL_ENTITY, LAUGHS]
)
def test_any_document_type_is_refused_by_default(document: bytes) -> None:
    with pytest.raises(XmlError) as refusal:
        read_xml(document)
    assert refusal.value.code == "formats.xml-doctype"


def test_one_that_only_names_an_external_subset_may_be_allowed() -> None:
    root = read_xml(EXTERNAL, doctype=Doctype.EXTERNAL_ALLOWED)
    assert (root.tag, root.attributes, root.text) == ("report", {"a": "1"}, "text")


@pytest.mark.parametrize(
    "document", [INTERNAL, BOTH, ENTITY, PARAMETER_ENTITY, EXTERNAL_ENTITY, LAUGHS]
)
def test_one_that_defines_anything_is_refused_even_then(document: bytes) -> None:
    with pytest.raises(XmlError) as refusal:
        read_xml(document, doctype=Doctype.EXTERNAL_ALLOWED)
    assert refusal.value.code == "formats.xml-doctype"


def test_an_entity_that_the_external_subset_might_define_is_refused() -> None:
    with pytest.raises(XmlError):
        read_xml(EXTERNAL.replace(b"text", b"&x;"), doctype=Doctype.EXTERNAL_ALLOWED)


def test_for_counting_an_external_entity_counts_as_nothing() -> None:
    assert read_xml(EXTERNAL_ENTITY, doctype=Doctype.PASSED_OVER).text == ""


def test_for_counting_a_default_of_an_attribute_is_not_taken() -> None:
    assert read_xml(BOTH, doctype=Doctype.PASSED_OVER).attributes == {}


@pytest.mark.parametrize("document", [ENTITY, PARAMETER_ENTITY, LAUGHS])
def test_entities_that_stand_for_a_text_are_refused_even_for_counting(document: bytes) -> None:
    with pytest.raises(XmlError) as refusal:
        read_xml(document, doctype=Doctype.PASSED_OVER)
    assert refusal.value.code == "formats.xml-doctype"


def test_the_root_behind_a_document_type_is_named() -> None:
    for document in (EXTERNAL, INTERNAL, EXTERNAL_ENTITY):
        name = root_name(document)
        assert name is not None
        assert name.local == "report"
    assert root_name(LAUGHS) is None
