"""The syntax of layouts: canonical JSON, patterns, rules, file names and attribute rules."""

import fnmatch
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.layout.attestations import AttestationLayout
from gatebook.formats.layout.document import Layout
from gatebook.formats.layout.evidence import arrange_evidence
from gatebook.formats.layout.expression import AttributeRule, ExpressionError, NoClaimError
from gatebook.formats.layout.json_text import CanonicalJsonError, encode_olpc
from gatebook.formats.layout.links import read_claim, read_link
from gatebook.formats.layout.metadata import SignedMetadata
from gatebook.formats.layout.rules import GlobPattern, LayoutRuleError, read_rule, substitute

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


class TestCanonicalJson:
    def test_only_quotes_and_backslashes_are_escaped(self) -> None:
        assert encode_olpc({"b": 'a"\\\n\u00e9', "a": [True, None, -1]}) == (
            b'{"a":[true,null,-1],"b":"a\\"\\\\\n\xc3\xa9"}'
        )

    @pytest.mark.parametrize("value", [1.5, 2**53, -(2**53), float("nan")])
    def test_numbers_that_have_no_canonical_form(self, value: Any) -> None:
        with pytest.raises(CanonicalJsonError) as caught:
            encode_olpc({"a": value})
        assert caught.value.code == "formats.layout-canonical"

    def test_a_number_of_thousands_of_digits(self) -> None:
        block = b'{"signed":{"_type":"link","n":' + b"9" * 6000 + b'},"signatures":[{}]}'
        with pytest.raises(MalformedError):
            SignedMetadata.parse(block)

    def test_an_unpaired_surrogate(self) -> None:
        with pytest.raises(CanonicalJsonError):
            encode_olpc("\ud800")

    @given(JSON)
    @settings(deadline=None, max_examples=200)
    def test_it_is_what_securesystemslib_signs(self, value: Any) -> None:
        peer = pytest.importorskip("securesystemslib.formats")
        assert encode_olpc(value) == peer.encode_canonical(value).encode("utf-8")


LETTERS = "ab/.*?"
CLASSES = st.sampled_from(["[ab]", "[a-c]", "[.]"])


class TestPatterns:
    @given(
        st.lists(st.sampled_from(LETTERS) | CLASSES, min_size=1, max_size=8).map("".join),
        st.lists(st.text(alphabet="abc/.", min_size=1, max_size=8), max_size=6),
    )
    @settings(deadline=None, max_examples=400)
    def test_what_is_read_means_what_the_reference_implementation_makes_of_it(
        self, pattern: str, names: list[str]
    ) -> None:
        ours = GlobPattern.parse(pattern)
        assert [name for name in names if ours.matches(name)] == [
            name for name in names if fnmatch.fnmatchcase(name, pattern)
        ]

    @given(st.text(min_size=1, max_size=20), st.text(max_size=20))
    @settings(deadline=None, max_examples=400)
    def test_any_text_is_read_alike_or_refused(self, pattern: str, name: str) -> None:
        try:
            ours = GlobPattern.parse(pattern)
        except LayoutRuleError:
            return
        assert ours.matches(name) == fnmatch.fnmatchcase(name, pattern)

    def test_many_stars_take_no_time(self) -> None:
        assert not GlobPattern.parse("*a" * 400).matches("a" * 399 + "b" * 400)

    @pytest.mark.parametrize(
        "pattern", ["[!a]", "[^a]", "x[", "[]", "[]]", "[b-a]", "\\*", "a\x00"]
    )
    def test_a_pattern_implementations_differ_on(self, pattern: str) -> None:
        with pytest.raises(LayoutRuleError) as caught:
            GlobPattern.parse(pattern)
        assert caught.value.code == "formats.layout-pattern"


class TestRules:
    @pytest.mark.parametrize(
        "text",
        [
            "CREATE foo",
            "DELETE foo",
            "MODIFY foo",
            "ALLOW *",
            "DISALLOW *",
            "REQUIRE foo",
            "MATCH * WITH PRODUCTS FROM code",
            "MATCH * IN a WITH MATERIALS FROM code",
            "MATCH * WITH PRODUCTS IN b/c FROM code",
            "MATCH * IN a WITH PRODUCTS IN b FROM code",
        ],
    )
    def test_rules_print_as_they_are_written(self, text: str) -> None:
        assert str(read_rule(text.split())) == text
        words = text.split()
        mixed = [word.swapcase() if word.isupper() else word for word in words]
        assert read_rule(mixed) == read_rule(words)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "CREATE",
            "CREATE a b",
            "PERMIT a",
            "MATCH a",
            "MATCH a WITH PRODUCTS",
            "MATCH a WITH THINGS FROM b",
            "MATCH a FROM b WITH PRODUCTS",
            "MATCH a IN / WITH PRODUCTS FROM b",
            "MATCH a IN x// WITH PRODUCTS FROM b",
            "MATCH a IN x\\y WITH PRODUCTS FROM b",
        ],
    )
    def test_other_words_are_no_rule(self, text: str) -> None:
        with pytest.raises(LayoutRuleError) as caught:
            read_rule(text.split())
        assert caught.value.code == "formats.layout-rule"

    def test_values_are_put_in_once(self) -> None:
        assert substitute("{a}-{b}", {"a": "1", "b": "2"}) == "1-2"
        with pytest.raises(LayoutRuleError) as caught:
            substitute("{a}", {"a": "{b}", "b": "x"})
        assert caught.value.code == "formats.layout-parameter"

    @pytest.mark.parametrize("name", ["", "a b", "a.b", "0!"])
    def test_names_of_parameters(self, name: str) -> None:
        with pytest.raises(LayoutRuleError):
            substitute("x", {name: "1"})


class TestFileNames:
    def test_the_names_say_the_step(self) -> None:
        found = arrange_evidence(
            {
                "build.aa.bb.link": b"1",
                "code.aa.link": b"2",
                "code.aa/draft.cc.link": b"3",
                "test.cc.json": b"4",
            }
        )
        assert [(item.step, item.data) for item in found] == [
            ("build.aa", b"1"),
            ("code", b"2"),
            ("test", b"4"),
        ]
        assert [(item.name, item.step) for item in found[1].nested] == [
            ("code.aa/draft.cc.link", "draft")
        ]

    @pytest.mark.parametrize(
        "name", ["code.link", ".aa.link", "code.aa.txt", "code", "", "dir/code.aa.link"]
    )
    def test_other_names_are_refused(self, name: str) -> None:
        with pytest.raises(GatebookError) as caught:
            arrange_evidence({name: b""})
        assert caught.value.code == "formats.layout-evidence"

    def test_directories_without_end(self) -> None:
        files = {"/".join(["a.a"] * depth) + "/a.a.link": b"" for depth in range(1, 40)}
        with pytest.raises(GatebookError) as caught:
            arrange_evidence({"a.a.link": b"", **files})
        assert caught.value.code == "formats.layout-evidence"


STATEMENT: dict[str, Any] = {
    "type": "https://in-toto.io/Statement/v1",
    "predicateType": "https://example.com/v1",
    "subject": [{"name": "a", "digest": {"sha256": "0" * 64}}],
    "predicate": {
        "result": "PASSED",
        "failed": [],
        "count": 3,
        "ratio": 0.5,
        "flag": True,
        "nested": {"a": {"b": "c"}},
        "none": None,
    },
}


class TestAttributeRules:
    @pytest.mark.parametrize(
        "text",
        [
            "predicate.result == 'PASSED'",
            'predicate.result != "FAILED"',
            "size(predicate.failed) == 0",
            "size(subject) != 0 && predicate.count >= 3",
            "predicate.count == 3.0",
            "predicate.ratio < 1 && predicate.ratio > 0.25",
            "!(predicate.count < 3)",
            "!!predicate.flag",
            "predicate['nested'].a['b'] == 'c'",
            "subject[0].name in ['a', 'b']",
            "'nested' in predicate",
            "has(predicate.none) && !has(predicate.other)",
            "predicate.other == 1 || predicate.flag",
            "predicate.flag || predicate.other == 1",
            "!(predicate.other == 1 && predicate.result == 'FAILED')",
            "predicate.result.startsWith('PASS') && predicate.result.endsWith('SED')",
            "predicateType.contains('example')",
            "predicate.failed == []",
            "predicate.none == null",
            "'it\\'s' == \"it's\"",
        ],
    )
    def test_rules_that_hold(self, text: str) -> None:
        assert AttributeRule.parse(text).holds(STATEMENT) is True

    @pytest.mark.parametrize(
        "text",
        [
            "predicate.result == 'passed'",
            "predicate.flag == 1",
            "predicate.count == '3'",
            "predicate.count == true",
            "1 in [true]",
            "predicate.failed == predicate.nested",
            "false || predicate.count < 3",
        ],
    )
    def test_rules_that_do_not(self, text: str) -> None:
        assert AttributeRule.parse(text).holds(STATEMENT) is False

    @pytest.mark.parametrize(
        "text",
        [
            "predicate.other == 1",
            "predicate.result.a == 1",
            "subject[1].name == 'a'",
            "predicate['x'] == 1",
            "predicate.other == 1 && predicate.flag",
            "predicate.other || predicate.count < 3",
        ],
    )
    def test_silence_is_neither(self, text: str) -> None:
        with pytest.raises(NoClaimError):
            AttributeRule.parse(text).holds(STATEMENT)

    @pytest.mark.parametrize(
        "text",
        [
            "predicate.count",
            "predicate.result",
            "predicate.count < 'a'",
            "true < false",
            "size(3) == 1",
            "subject[true].name == 'a'",
            "subject['a'] == 1",
            "predicate.count && true",
            "1 in 2",
            "!predicate.count",
        ],
    )
    def test_what_is_neither_true_nor_false_is_refused(self, text: str) -> None:
        with pytest.raises(ExpressionError):
            AttributeRule.parse(text).holds(STATEMENT)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "1 + 1 == 2",
            "predicate.failed.all(x, x == 1)",
            "predicate.result.matches('P.*')",
            "int('3') == 3",
            "timestamp('x') == 1",
            "other == 1",
            "predicate.",
            "predicate.a.b.c == 1 2",
            "a == b == c",
            "1 == 1 == true",
            "'unterminated",
            "'a' == r'b'",
            "true ? 1 : 2",
            "has(predicate)",
            "{'a': 1} == predicate",
            "0x10 == 16",
            "1u == 1",
            "-1 == 1",
            "(" * 200 + "true" + ")" * 200,
            "predicate" + ".a" * 200,
            "!" * 5000,
        ],
    )
    def test_the_rest_of_the_language_is_refused(self, text: str) -> None:
        with pytest.raises(ExpressionError) as caught:
            AttributeRule.parse(text)
        assert caught.value.code == "formats.layout-expression"

    @given(st.text(alphabet="predicate.flag'\"()[]!=<>&| 01\\in,sizehas", max_size=60))
    @settings(deadline=None, max_examples=400)
    def test_any_text_is_an_answer_or_our_error(self, text: str) -> None:
        try:
            answer = AttributeRule.parse(text).holds(STATEMENT)
        except GatebookError:
            return
        assert isinstance(answer, bool)


LAYOUT: dict[str, Any] = {
    "_type": "layout",
    "expires": "2026-12-31T00:00:00Z",
    "readme": "",
    "keys": {"aa": {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "00" * 32}}},
    "steps": [{"_type": "step", "name": "code", "pubkeys": ["aa"], "threshold": 1}],
    "inspect": [],
}
YAML_LAYOUT = b"""
expires: "2100-01-01T00:00:00Z"
functionaries:
  aa:
    keyType: ed25519
    scheme: ed25519
    keyVal: {public: "00"}
    keyID: aa
steps:
  - name: code
    expectedMaterials: ["DISALLOW *"]
    expectedPredicates:
      - predicateType: https://example.com/v1
        functionaries: [aa]
        expectedAttributes:
          - {rule: "predicate.result == 'PASSED'", warn: true, debug: "why"}
"""


class TestAttestationLayouts:
    def test_a_layout_is_read(self) -> None:
        read = AttestationLayout.parse(YAML_LAYOUT)
        constraint = read.steps[0].predicates[0].constraints[0]
        assert (constraint.warn, constraint.allow_if_no_claim) == (True, False)
        assert constraint.explanation == "why"
        assert read.steps[0].predicates[0].threshold == 1

    @pytest.mark.parametrize(
        ("good", "bad", "code"),
        [
            (b"steps:", b"stages:", "formats.layout"),
            (b'"DISALLOW *"', b'"DISALLOW"', "formats.layout-rule"),
            (b'"DISALLOW *"', b'"CREATE *"', "formats.layout"),
            (b'"DISALLOW *"', b'"DISALLOW [!a]"', "formats.layout-pattern"),
            (b'"DISALLOW *"', b'"MATCH * WITH products FROM nothing"', "formats.layout"),
            (b"functionaries: [aa]", b"functionaries: [bb]", "formats.layout"),
            (b"functionaries: [aa]", b"functionaries: []", "formats.layout"),
            (b"functionaries: [aa]", b"functionaries: [aa, aa]", "formats.layout"),
            (
                b"functionaries: [aa]",
                b"functionaries: [aa]\n        threshold: 0",
                "formats.layout",
            ),
            (b"warn: true", b"warn: maybe", "formats.layout"),
            (b"warn: true", b"wran: true", "formats.layout"),
            (b"'PASSED'", b"'PASSED' + 1", "formats.layout-expression"),
            (b"'PASSED'", b"'{result}'", "formats.layout-parameter"),
            (b"keyID: aa", b"keyID: bb", "formats.layout"),
            (b'"2100-01-01T00:00:00Z"', b'"2100-01-01"', "formats.layout"),
            (b"steps:", b"subjects: [{}]\nsteps:", "formats.layout-section"),
            (b"steps:", b"expires: x\nsteps:", "formats.yaml"),
        ],
    )
    def test_one_change_makes_it_another_and_is_refused(
        self, good: bytes, bad: bytes, code: str
    ) -> None:
        assert YAML_LAYOUT.count(good) >= 1
        with pytest.raises(GatebookError) as caught:
            AttestationLayout.parse(YAML_LAYOUT.replace(good, bad, 1))
        assert caught.value.code == code, caught.value.message

    def test_a_step_that_expects_nothing_is_refused(self) -> None:
        head = YAML_LAYOUT.split(b"    expectedPredicates")[0]
        with pytest.raises(GatebookError) as caught:
            AttestationLayout.parse(head + b"    expectedPredicates: []\n")
        assert caught.value.code == "formats.layout"

    def test_a_value_with_a_space_stays_one_word(self) -> None:
        text = YAML_LAYOUT.replace(b"DISALLOW *", b"ALLOW {what}")
        read = AttestationLayout.parse(text, parameters={"what": "a WITH b"})
        assert str(read.steps[0].materials[0]) == "ALLOW a WITH b"

    def test_values_may_name_each_other(self) -> None:
        text = YAML_LAYOUT.replace(b"DISALLOW *", b"ALLOW {where}")
        given = {"where": "{host}/{name}@{ref}", "host": "x.example", "name": "{owner}/a"}
        given |= {"owner": "acme", "ref": "main"}
        read = AttestationLayout.parse(text, parameters=given)
        assert str(read.steps[0].materials[0]) == "ALLOW x.example/acme/a@main"

    @pytest.mark.parametrize(
        "given",
        [
            {"where": "{where}"},
            {"where": "{a}", "a": "{where}"},
            {"where": "{a}"},
            {"where": "{a}", "a": "*"},
        ],
    )
    def test_values_that_never_end(self, given: dict[str, str]) -> None:
        text = YAML_LAYOUT.replace(b"DISALLOW *", b"ALLOW {where}")
        with pytest.raises(GatebookError) as caught:
            AttestationLayout.parse(text, parameters=given)
        assert caught.value.code == "formats.layout-parameter"

    def test_a_value_cannot_end_a_string_of_a_rule(self) -> None:
        text = YAML_LAYOUT.replace(b"'PASSED'", b"'{result}'")
        AttestationLayout.parse(text, parameters={"result": "PASSED"})
        with pytest.raises(GatebookError) as caught:
            AttestationLayout.parse(text, parameters={"result": "' || true || '"})
        assert caught.value.code == "formats.layout-parameter"


def test_a_layout_is_read_from_its_content() -> None:
    assert Layout.of(LAYOUT).steps[0].keyids == ("aa",)


MUTATIONS = st.binary(max_size=6)


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_metadata_or_our_error(data: st.DataObject) -> None:
    block = json.dumps(
        {"signed": LAYOUT, "signatures": [{"keyid": "aa", "sig": "00"}]}, sort_keys=True
    ).encode()
    at = data.draw(st.integers(0, len(block)))
    end = data.draw(st.integers(at, min(len(block), at + 8)))
    changed = block[:at] + data.draw(MUTATIONS) + block[end:]
    try:
        metadata = SignedMetadata.parse(changed)
        Layout.of(metadata.content)
        read_link(metadata)
        read_claim(metadata)
    except GatebookError:
        return


@given(st.dictionaries(st.sampled_from(sorted(LAYOUT)), JSON))
@settings(deadline=None, max_examples=200)
def test_any_content_is_a_layout_or_our_error(changes: dict[str, Any]) -> None:
    try:
        Layout.of(LAYOUT | changes)
    except GatebookError:
        return


def test_a_link_in_its_own_words() -> None:
    content = {
        "_type": "link",
        "name": "code",
        "materials": {},
        "products": {"/etc/passwd": {"sha256": "0" * 64}, "git+https://x.example/a": {"sha1": "0"}},
        "command": ["make"],
    }
    block = canonical.encode({"signed": {"_type": "link"}, "signatures": []})
    with pytest.raises(MalformedError, match="0 signatures"):
        SignedMetadata.parse(block)
    signed = {"signed": content, "signatures": [{"keyid": "aa", "sig": "00"}]}
    link = read_link(SignedMetadata.parse(json.dumps(signed).encode()))
    assert link.command == ("make",)
    assert set(link.products) == {"/etc/passwd", "git+https://x.example/a"}
