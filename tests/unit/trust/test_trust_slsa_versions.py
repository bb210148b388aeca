"""Tags and versions are compared as slsa-verifier compares them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.trust.slsa.builders import BuilderId, check_builder_tag
from gatebook.trust.slsa.refusals import BuilderMismatchError, BuilderRefError, ExpectationError
from gatebook.trust.slsa.versions import Version, check_branch, check_tag, check_versioned_tag

MISMATCH = "trust.slsa-versioned-tag-mismatch"
INVALID = "trust.slsa-versioned-tag-invalid"


@pytest.mark.parametrize(
    ("tag", "expected", "code"),
    [
        ("v1.2.3", "v1", None),
        ("v1.2.3", "v1.2", None),
        ("v1.2.3", "v1.2.3", None),
        ("v1.2.3", "v1.3", MISMATCH),
        ("v1.2.3", "v1.2.4", MISMATCH),
        ("v1.2.3", "v1.2.2", MISMATCH),
        ("v1.2.3", "v2", MISMATCH),
        ("v1.2", "v1.2", None),
        ("v1.2", "v1.2.0", None),
        ("v1.2", "v1.2.3", MISMATCH),
        ("v1", "v1", None),
        ("v1", "v1.0.0", None),
        ("v1", "v1.2", MISMATCH),
        ("v10.0.0", "v1", MISMATCH),
        ("v1.20.0", "v1.2", MISMATCH),
        ("v1.2.3-alpha", "v1.2.3-alpha", None),
        ("v1.2.3-alpha", "v1.2.3-beta", MISMATCH),
        ("v1.2.3-alpha.1", "v1.2.3-alpha.2", MISMATCH),
        ("v1.2.3-alpha", "v1.2.3", MISMATCH),
        ("v1.2.3", "v1.2.3-alpha", MISMATCH),
        ("v1.2.3-alpha+123", "v1.2.3-alpha", None),
        ("v1.2.3", "v1.2.3+123", None),
        ("v1.2.3+123", "v1.2.3+456", None),
        ("v1.2.3+123", "v1.2.3-alpha+123", MISMATCH),
        ("release-1", "v1", INVALID),
        ("1.2.3", "v1", INVALID),
        ("v1.2.3.4", "v1", INVALID),
        ("v01.2.3", "v1", INVALID),
        ("v1-rc", "v1", INVALID),
        ("v1.2.3 ", "v1", INVALID),
        ("v\u0661.2.3", "v1", INVALID),
    ],
)
def test_versioned_tags(tag: str, expected: str, code: str | None) -> None:
    if code is None:
        check_versioned_tag(f"refs/tags/{tag}", expected)
        return
    with pytest.raises(GatebookError) as caught:
        check_versioned_tag(f"refs/tags/{tag}", expected)
    assert caught.value.code == code


@pytest.mark.parametrize("ref", [None, "", "v1", "refs/heads/v1.2.3", "refs/tags/", "tags/v1.2.3"])
def test_only_a_tag_is_a_tag(ref: str | None) -> None:
    for check in (lambda: check_tag(ref, "v1.2.3"), lambda: check_versioned_tag(ref, "v1")):
        with pytest.raises(GatebookError) as caught:
            check()
        assert caught.value.code == "trust.slsa-invalid-ref"


def test_a_branch_keeps_its_slashes() -> None:
    check_branch("refs/heads/releases/v1", "releases/v1")
    for ref in ("refs/heads/v1", "refs/heads/releases"):
        with pytest.raises(GatebookError) as caught:
            check_branch(ref, "releases/v1")
        assert caught.value.code == "trust.slsa-branch-mismatch"


def test_an_expected_version_has_to_be_one() -> None:
    with pytest.raises(ExpectationError):
        check_versioned_tag("refs/tags/v1.2.3", "main")


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_version_satisfies_each_of_its_prefixes(major: int, minor: int, patch: int) -> None:
    tag = f"v{major}.{minor}.{patch}"
    for expected in (f"v{major}", f"v{major}.{minor}", tag):
        check_versioned_tag(f"refs/tags/{tag}", expected)
    parsed = Version.parse(tag)
    assert parsed is not None
    assert parsed.is_release


@given(st.text(max_size=40))
def test_any_text_is_a_version_or_is_not(text: str) -> None:
    parsed = Version.parse(text)
    assert parsed is None or text.startswith(f"v{parsed.major}")


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        ("https://b@refs/tags/v1.0.0", "https://b", True),
        ("https://b@refs/tags/v1.0.0", "https://b@v1.0.0", True),
        ("https://b@refs/tags/v1.0.0", "https://b@refs/tags/v1.0.0", True),
        ("https://b@refs/heads/v1.0.0", "https://b@v1.0.0", False),
        ("https://b@refs/tags/v1.0.0", "https://b@v1.0", False),
        ("https://b", "https://b@v1.0.0", False),
        ("https://bb", "https://b", False),
    ],
)
def test_a_builder_is_compared_by_name_and_by_version_if_given(
    found: str, expected: str, *, same: bool
) -> None:
    if same:
        BuilderId.parse(found).check_loosely(BuilderId.expected(expected))
        return
    with pytest.raises(BuilderMismatchError):
        BuilderId.parse(found).check_loosely(BuilderId.expected(expected))


@pytest.mark.parametrize("text", ["", "@v1", "a@", "a@b@c"])
def test_what_is_not_a_builder_id(text: str) -> None:
    with pytest.raises(BuilderMismatchError):
        BuilderId.parse(text)


def test_jreleaser_releases_its_builders_with_a_language() -> None:
    workflow = "https://github.com/jreleaser/release-action/.github/workflows/builder_slsa3.yml"
    check_builder_tag(BuilderId(workflow, "refs/tags/v1.1.0-java"))
    for name, tag in ((workflow, "v1.1.0-rc"), ("https://github.com/acme/x", "v1.1.0-java")):
        with pytest.raises(BuilderRefError):
            check_builder_tag(BuilderId(name, f"refs/tags/{tag}"))
