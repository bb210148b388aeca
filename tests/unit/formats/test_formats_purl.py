"""Package URLs against the specification's own tests, and against hostile text."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.purl import PackageUrl


def _outcome(test: dict[str, Any]) -> Any:
    given_input = test["input"]
    if test["test_type"] == "build":
        parts = {name: value for name, value in given_input.items() if value is not None}
        return str(PackageUrl.build(**{"type": "", "name": "", **parts}))
    purl = PackageUrl.parse(given_input)
    if test["test_type"] == "parse":
        return {
            "type": purl.type,
            "namespace": purl.namespace,
            "name": purl.name,
            "version": purl.version,
            "qualifiers": dict(purl.qualifiers) or None,
            "subpath": purl.subpath,
        }
    return str(purl)


def test_the_tests_of_the_specification(vectors: Path) -> None:
    wrong: list[str] = []
    count = 0
    for path in sorted((vectors / "sbom/purl").glob("*-test.json")):
        for test in canonical.loads(path.read_bytes())["tests"]:
            count += 1
            try:
                outcome = _outcome(test)
            except GatebookError as error:
                if not test["expected_failure"]:
                    wrong.append(f"{test['input']}: {error}")
                continue
            if test["expected_failure"] or outcome != test["expected_output"]:
                wrong.append(f"{test['input']}: {outcome}")
    assert wrong == []
    assert count > 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pkg:",
        "pkg:pypi",
        "pkg:pypi/",
        "pypi/click@8",
        "http:pypi/click",
        "pkg:9p/x",
        "pkg:p_y/x",
        "pkg:npm/%zz",
        "pkg:npm/a%2",
        "pkg:npm/%ff",
        "pkg:npm/a%2Fb/c",
        "pkg:npm/a?x=1&X=2",
        "pkg:npm/a?%20=1",
        "pkg:pypi/space/click",
        "pkg:maven/x@1",
        "pkg:npm/" + "a" * 9000,
    ],
)
def test_what_is_not_a_package_url_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        PackageUrl.parse(text)
    assert refusal.value.code == "formats.purl"


def test_an_unencoded_scope_is_not_taken_for_a_version() -> None:
    purl = PackageUrl.parse("pkg:npm/@angular/core")
    assert (purl.namespace, purl.name, purl.version) == ("@angular", "core", None)
    assert str(purl) == "pkg:npm/%40angular/core"


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)


@given(
    name=_TEXT.filter(lambda text: text.strip("/")),
    namespace=st.none() | _TEXT,
    version=st.none() | _TEXT,
    qualifiers=st.dictionaries(st.text("abc", min_size=1, max_size=3), _TEXT, max_size=3),
)
def test_what_is_printed_is_parsed_back(
    name: str, namespace: str | None, version: str | None, qualifiers: dict[str, str]
) -> None:
    purl = PackageUrl.build(
        type="generic", name=name, namespace=namespace, version=version, qualifiers=qualifiers
    )
    try:
        again = PackageUrl.parse(str(purl))
    except MalformedError:
        assert "/" in purl.name  # a name that looks like a path has no unambiguous form
        return
    assert again == purl


@given(text=st.text(max_size=40))
def test_any_text_gives_a_package_url_or_an_error_of_ours(text: str) -> None:
    for candidate in (text, f"pkg:npm/{text}"):
        with contextlib.suppress(MalformedError):
            PackageUrl.parse(candidate)
