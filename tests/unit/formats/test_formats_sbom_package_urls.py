"""The quick look at package URLs never takes what the parser refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.formats.sbom.package_urls import are_usual, is_package_url

TYPES = [
    "npm",
    "golang",
    "generic",
    "maven",
    "deb",
    "rpm",
    "apk",
    "composer",
    "pypi",
    "cargo",
    "swid",
]
PARTS = ["a", "A_b", "1.0", "%40x", "%2F", "%2f", "%C3%A9", "%ZZ", "%", "", "@x", "a@b", "~:+-"]
QUERIES = ["", "?", "?arch=x", "?arch=x&distro=y", "?distro=y&arch=x", "?a=1&a=2", "?arch=&arch=1"]
QUERIES += ["?arch=x&distro=y&epoch=1&upstream=z%401", "?A=1", "?x", "?arch=%zz", "?arch=x#sub"]


@settings(max_examples=1500)
@given(
    kind=st.sampled_from(TYPES),
    namespace=st.lists(st.sampled_from(PARTS), max_size=2),
    name=st.sampled_from(PARTS),
    version=st.one_of(st.just(""), st.sampled_from(PARTS).map(lambda part: "@" + part)),
    query=st.sampled_from(QUERIES),
)
def test_what_looks_usual_is_a_package_url(
    kind: str, namespace: list[str], name: str, version: str, query: str
) -> None:
    text = f"pkg:{kind}/{'/'.join([*namespace, name])}{version}{query}"
    if are_usual([text]):
        assert is_package_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "pkg:npm/%40acme/log@1.0",
        "pkg:maven/org.acme/log@1.0?type=jar",
        "pkg:golang/github.com/acme/log@v1.0.0%2Bincompatible",
        "pkg:deb/debian/bash@5.0-4?arch=amd64&distro=debian-10",
        "pkg:rpm/centos/glib2@2.56.1-5.el7?arch=x86_64&distro=centos-7.6&epoch=1&upstream=a.src.rpm",
        "pkg:pypi/requests@2.31.0",
        "pkg:generic/openssl",
    ],
)
def test_the_usual_ones_are_taken_at_a_look(text: str) -> None:
    assert are_usual([text, text])
    assert is_package_url(text)


@pytest.mark.parametrize("text", ["", "a-purl", "pkg:npm/a\npkg:npm/b", "pkg:npm/a\n", "pkg:npm/"])
def test_one_that_is_none_is_not_hidden_among_others(text: str) -> None:
    assert not are_usual(["pkg:npm/a@1", text, "pkg:npm/b@1"])
    assert not is_package_url(text)


def test_a_long_one_is_left_to_the_parser() -> None:
    assert not are_usual(["pkg:npm/" + "a" * 9000])
    assert are_usual([f"pkg:npm/a{number}@1" for number in range(1000)])
