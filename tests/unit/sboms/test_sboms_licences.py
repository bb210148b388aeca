"""Licences: expressions read within bounds, and lists that decide about them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.sboms.licences.expression import (
    MAX_DEPTH,
    MAX_TERMS,
    AllOf,
    AnyOf,
    ExpressionError,
    LeafKind,
    Licence,
    WithException,
    leaves,
    parse_expression,
)
from gatebook.sboms.licences.policy import (
    LicenceError,
    LicencePolicy,
    LicenceRules,
    LicenceVerdict,
    claimed_expression,
)

ALLOWED, DENIED, UNKNOWN = LicenceVerdict.ALLOWED, LicenceVerdict.DENIED, LicenceVerdict.UNKNOWN


def rules(*allowed: str, denied: tuple[str, ...] = (), **more: object) -> LicenceRules:
    return LicenceRules(
        allowed=frozenset(allowed) if allowed else None, denied=frozenset(denied), **more
    )


def verdict(given_rules: LicenceRules, text: str) -> LicenceVerdict:
    return given_rules.judge(parse_expression(text)).verdict


def test_and_binds_closer_than_or():
    found = parse_expression("MIT OR Apache-2.0 AND (ISC OR Zlib)")
    assert isinstance(found, AnyOf)
    assert isinstance(found.parts[1], AllOf)
    assert str(found) == "MIT OR Apache-2.0 AND (ISC OR Zlib)"


def test_identifiers_are_compared_without_case_and_written_as_on_the_list():
    assert str(parse_expression("mit or apache-2.0")) == "MIT OR Apache-2.0"


@pytest.mark.parametrize(
    ("written", "today"),
    [
        ("GPL-2.0", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("BSD-2-Clause-NetBSD", "BSD-2-Clause"),
        ("Net-SNMP", "Net-SNMP"),
    ],
)
def test_identifiers_out_of_use_are_told(written, today):
    expression = parse_expression(written)
    assert str(expression) == today
    assert rules("MIT").judge(expression).deprecated == (written,)


@pytest.mark.parametrize(
    "text",
    [
        *("", "MIT OR", "OR MIT", "MIT MIT", "(MIT", "MIT)", "MIT WITH", "WITH MIT", "MIT,ISC"),
        *("MIT WITH (ISC)", "MIT/Apache-2.0", "MIT AND\x00ISC", "()", "MIT Or ISC"),
    ],
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.code == "sboms.licence-expression"


@pytest.mark.parametrize(
    "text",
    [
        "(" * (MAX_DEPTH + 1) + "MIT" + ")" * (MAX_DEPTH + 1),
        " OR ".join(["MIT"] * (MAX_TERMS + 1)),
        "M" * 20_000,
        "(" * 16_000,
    ],
)
def test_expressions_are_bounded(text):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.code == "sboms.licence-expression-too-large"


def test_what_is_within_the_bounds_is_read():
    assert parse_expression("(" * MAX_DEPTH + "MIT" + ")" * MAX_DEPTH) == parse_expression("MIT")
    assert len(list(leaves(parse_expression(" AND ".join(["MIT"] * MAX_TERMS))))) == MAX_TERMS


@given(st.text(alphabet="MITGPL-20.+() ANDORWTHor\t:é", max_size=60))
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_or_refused(text):
    try:
        found = parse_expression(text)
    except GatebookError:
        return
    assert parse_expression(str(found)) is not None


def test_one_branch_of_or_and_all_of_and():
    asked = rules("MIT", "ISC")
    assert verdict(asked, "MIT OR GPL-3.0-only") is ALLOWED
    assert verdict(asked, "MIT AND GPL-3.0-only") is DENIED
    assert verdict(asked, "MIT AND ISC") is ALLOWED
    assert verdict(asked, "GPL-2.0-only OR GPL-3.0-only") is DENIED
    assert verdict(asked, "(MIT OR GPL-2.0-only) AND (ISC OR GPL-2.0-only)") is ALLOWED
    assert verdict(asked, "(MIT OR GPL-2.0-only) AND GPL-2.0-only") is DENIED


def test_the_branch_that_decided_is_named():
    judged = rules("MIT").judge(parse_expression("GPL-3.0-only OR MIT"))
    assert (judged.branch, judged.reason) == ("MIT", "MIT is on the list of allowed licences")
    judged = rules(denied=("GPL-3.0-only",)).judge(parse_expression("MIT AND GPL-3.0-only"))
    assert judged.branch == "GPL-3.0-only"


def test_or_later_is_a_choice_of_versions():
    assert verdict(rules("GPL-3.0-only"), "GPL-2.0-or-later") is ALLOWED
    assert verdict(rules("GPL-2.0-only"), "GPL-3.0-or-later") is DENIED
    assert verdict(rules("GPL-2.0-or-later"), "GPL-2.0-or-later") is ALLOWED
    assert verdict(rules("GPL-2.0-or-later"), "GPL-2.0-only") is DENIED
    assert verdict(rules(denied=("GPL-3.0-only",)), "GPL-2.0-or-later") is ALLOWED
    assert verdict(rules(denied=("GPL-2.0-only", "GPL-3.0-only")), "GPL-2.0-or-later") is DENIED
    assert verdict(rules(denied=("GPL-*",)), "GPL-2.0-or-later") is DENIED
    assert verdict(rules("Apache-2.0"), "Apache-2.0+") is ALLOWED


def test_an_exception_permits_more_than_its_licence():
    text = "GPL-2.0-only WITH Classpath-exception-2.0"
    assert verdict(rules("MIT", text), text) is ALLOWED
    assert verdict(rules("MIT", text), "GPL-2.0-only") is DENIED
    assert verdict(rules("GPL-2.0-only"), text) is ALLOWED
    assert verdict(rules("MIT", exceptions=frozenset({"Classpath-exception-2.0"})), text) is ALLOWED
    assert verdict(rules(denied=(text,)), text) is DENIED
    assert verdict(rules(denied=(text,)), "GPL-2.0-only") is ALLOWED
    assert verdict(rules("MIT"), "MIT WITH Nobody-knows-this") is UNKNOWN


def test_what_no_list_has_is_unknown_and_never_allowed_by_itself():
    asked = rules(denied=("GPL-3.0-only",))
    for text in ("LicenseRef-acme", "DocumentRef-a:LicenseRef-b", "Acme-1.0"):
        assert verdict(asked, text) is UNKNOWN
        assert verdict(asked, f"{text} OR MIT") is ALLOWED
        assert verdict(asked, f"{text} AND MIT") is UNKNOWN
    assert verdict(rules("LicenseRef-acme*"), "LicenseRef-acme-2") is ALLOWED
    assert verdict(rules("MIT", unknown=DENIED), "LicenseRef-acme") is DENIED


def test_a_reference_of_a_document_is_not_a_licence_of_the_list():
    # License lists know "LicenseRef-MIT-Bootstrap" as a name for MIT; a document may mean another.
    (leaf,) = leaves(parse_expression("LicenseRef-MIT-Bootstrap"))
    assert isinstance(leaf, Licence)
    assert (leaf.kind, leaf.id) == (LeafKind.REFERENCE, "LicenseRef-MIT-Bootstrap")


@pytest.mark.parametrize("entry", ["MIT OR ISC", "", "*", "MIT AND", "G*L"])
def test_a_list_with_what_is_no_licence_is_refused(entry):
    with pytest.raises(LicenceError) as caught:
        rules(entry)
    assert caught.value.code == "sboms.licence-list"


def test_rules_without_lists_and_policies_without_rules_are_refused():
    for make in (LicenceRules, lambda: LicencePolicy(rules=())):
        with pytest.raises(LicenceError) as caught:
            make()
        assert caught.value.code == "sboms.licence-list-empty"


def component_with(shelf, *licenses, **more):
    return shelf.of(shelf.package("x", licenses=list(licenses) or None, **more)).components[0]


def test_several_licences_of_a_component_all_hold(shelf):
    both = component_with(shelf, {"license": {"id": "MIT"}}, {"license": {"id": "GPL-3.0-only"}})
    assert rules("MIT").judge_component(both).verdict is DENIED
    either = component_with(shelf, {"expression": "MIT OR GPL-3.0-only"})
    assert rules("MIT").judge_component(either).verdict is ALLOWED


def test_names_are_taken_for_licences_only_exactly(shelf):
    for name, expected in (
        ("MIT License", "MIT"),
        ("apache license 2.0", "Apache-2.0"),
        ("MIT", "MIT"),
        ("MIT OR ISC", "MIT OR ISC"),
        ("The MIT License, more or less", "The MIT License, more or less"),
    ):
        found = claimed_expression(component_with(shelf, {"license": {"name": name}}))
        assert str(found) == expected
    odd = component_with(shelf, {"license": {"name": "Apache 2"}})
    assert rules("Apache-2.0").judge_component(odd).verdict is UNKNOWN


def test_a_component_without_a_licence_is_what_the_rules_say(shelf):
    for licenses in ((), ({"license": {"name": "NOASSERTION"}},), ({"expression": "NONE"},)):
        component = component_with(shelf, *licenses)
        assert rules("MIT").judge_component(component).verdict is UNKNOWN
        assert rules("MIT", missing=DENIED).judge_component(component).verdict is DENIED


def test_a_broken_expression_is_unknown(shelf):
    assert (
        rules("MIT").judge_component(component_with(shelf, {"expression": "MIT AND"})).verdict
        is UNKNOWN
    )


def test_scopes_and_modes_choose_the_rule(shelf):
    strict = rules("MIT", scopes=frozenset({"required"}))
    lenient = rules("MIT", "GPL-3.0-only", scopes=frozenset({"optional"}))
    service = rules("MIT", "GPL-3.0-only", modes=frozenset({"service"}))
    required, optional = (component_with(shelf, scope=scope) for scope in (None, "optional"))
    policy = LicencePolicy(rules=(strict, lenient))
    assert policy.rules_for(required) is strict
    assert policy.rules_for(optional) is lenient
    assert policy.rules_for(component_with(shelf, scope="excluded")) is None
    assert LicencePolicy(rules=(service, strict), mode="service").rules_for(required) is service
    assert LicencePolicy(rules=(service, strict), mode="binary").rules_for(required) is strict
    assert LicencePolicy(rules=(service, strict)).rules_for(required) is strict


def test_a_licence_has_at_most_one_exception():
    assert isinstance(parse_expression("GPL-2.0-only WITH Classpath-exception-2.0"), WithException)
    with pytest.raises(ExpressionError):
        parse_expression("GPL-2.0-with-classpath-exception WITH GCC-exception-2.0")


def test_every_deprecated_identifier_of_the_vectors_is_recognised(vectors):
    import json

    path = vectors / "sbom/quality/sbomqs-fixtures/cdx-with-all-deprecated-licenses.json"
    components = json.loads(path.read_bytes())["components"]
    ids = [each["licenses"][0]["license"]["id"] for each in components]
    missed = [
        text for text in ids if rules("MIT").judge(parse_expression(text)).deprecated != (text,)
    ]
    assert ids
    assert missed == []
