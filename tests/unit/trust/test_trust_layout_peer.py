"""Artifact rules beside the reference implementation: the same verdict, or a stricter one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.digest import DigestSet
from gatebook.errors import GatebookError
from gatebook.formats.layout.rules import Side, read_rule
from gatebook.trust.layout.artifacts import StepArtifacts, apply_rules

NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "e/a", "da"])
ARTIFACTS = st.dictionaries(NAMES, st.sampled_from("123"), max_size=5)
PATTERNS = st.sampled_from(["*", "a", "b", "d/*", "?", "*/a", "*a", "[ab]", "d/e/a"])
PREFIXES = st.sampled_from(["", "d", "d/", "d/e", "e"])
STEPS = st.sampled_from(["one", "two"])


@st.composite
def rules(draw: st.DrawFn) -> list[str]:
    kind = draw(
        st.sampled_from(
            ["CREATE", "DELETE", "MODIFY", "ALLOW", "DISALLOW", "REQUIRE", "MATCH", "MATCH"]
        )
    )
    if kind != "MATCH":
        return [kind, draw(NAMES if kind == "REQUIRE" else PATTERNS)]
    words = ["MATCH", draw(PATTERNS)]
    source, target = draw(PREFIXES), draw(PREFIXES)
    words += ["IN", source] if source else []
    words += ["WITH", draw(st.sampled_from(["MATERIALS", "PRODUCTS"]))]
    words += ["IN", target] if target else []
    return [*words, "FROM", draw(STEPS)]


def hashes(artifacts: dict[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"sha256": letter * 64} for name, letter in artifacts.items()}


@given(
    st.fixed_dictionaries({name: st.tuples(ARTIFACTS, ARTIFACTS) for name in ("one", "two")}),
    STEPS,
    st.sampled_from(list(Side)),
    st.lists(rules(), max_size=5),
)
@settings(deadline=None, max_examples=600)
def test_rules_give_the_verdict_of_the_reference_implementation(
    artifacts: dict[str, tuple[dict[str, str], dict[str, str]]],
    step: str,
    side: Side,
    written: list[list[str]],
) -> None:
    peer: Any = pytest.importorskip("in_toto.verifylib")
    link: Any = pytest.importorskip("in_toto.models.link")
    errors: Any = pytest.importorskip("in_toto.exceptions")
    links = {
        name: link.Link(name=name, materials=hashes(taken), products=hashes(made))
        for name, (taken, made) in artifacts.items()
    }
    try:
        peer.verify_item_rules(step, str(side), written, links)
        theirs = True
    except errors.RuleVerificationError:
        theirs = False
    steps = {
        name: StepArtifacts(
            materials={key: DigestSet.of(value) for key, value in hashes(taken).items()},
            products={key: DigestSet.of(value) for key, value in hashes(made).items()},
        )
        for name, (taken, made) in artifacts.items()
    }
    try:
        apply_rules(step, side, [read_rule(words) for words in written], steps)
        ours = True
    except GatebookError:
        ours = False
    assert ours == theirs
