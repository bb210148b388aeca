"""Whether what a statement names is the software at hand."""

import pytest

from gatebook.formats.purl import PackageUrl
from gatebook.formats.vex.identifiers import component_of
from gatebook.vulnerabilities.vex.matching import (
    Nearness,
    Software,
    digest_hashes,
    match_software,
)

DIGEST = "a" * 64
OTHER = "b" * 64


def at_hand(*purls: str) -> Software:
    parsed = tuple(PackageUrl.parse(each) for each in purls)
    return Software(purls=parsed, hashes=frozenset(digest_hashes(parsed)))


@pytest.mark.parametrize(
    ("named", "found", "nearness", "versioned"),
    [
        ("pkg:npm/a@1", "pkg:npm/a@1", Nearness.MATCHES, True),
        ("pkg:npm/a", "pkg:npm/a@1", Nearness.MATCHES, False),
        ("pkg:npm/a@1", "pkg:npm/a@1.0", Nearness.VERSION_DIFFERS, False),
        ("pkg:npm/a@1", "pkg:npm/a", Nearness.VERSION_DIFFERS, False),
        ("pkg:npm/a@1", "pkg:npm/b@1", Nearness.DIFFERS, False),
        ("pkg:npm/a@1", "pkg:npm/%40x/a@1", Nearness.DIFFERS, False),
        ("pkg:npm/a@1", "pkg:pypi/a@1", Nearness.DIFFERS, False),
        ("pkg:apk/w/a@1", "pkg:apk/w/a@1?arch=x86_64", Nearness.MATCHES, True),
        ("pkg:apk/w/a@1?arch=x86_64", "pkg:apk/w/a@1?arch=x86_64", Nearness.MATCHES, True),
        (
            "pkg:apk/w/a@1?arch=arm64",
            "pkg:apk/w/a@1?arch=x86_64",
            Nearness.QUALIFIER_DIFFERS,
            False,
        ),
        ("pkg:apk/w/a@1?arch=x86_64", "pkg:apk/w/a@1", Nearness.QUALIFIER_DIFFERS, False),
        ("pkg:golang/h/a@1#cmd/x", "pkg:golang/h/a@1#cmd/x", Nearness.MATCHES, True),
        ("pkg:golang/h/a@1#cmd/x", "pkg:golang/h/a@1", Nearness.DIFFERS, False),
        ("pkg:golang/h/a@1", "pkg:golang/h/a@1#cmd/x", Nearness.MATCHES, True),
        ("pkg:oci/a", f"pkg:oci/a@sha256:{DIGEST}", Nearness.MATCHES, False),
        (f"pkg:oci/a@sha256:{DIGEST}", f"pkg:oci/a@sha256:{DIGEST}", Nearness.MATCHES, True),
        (f"pkg:oci/a@sha256:sha256:{DIGEST}", f"pkg:oci/a@sha256:{DIGEST}", Nearness.MATCHES, True),
        (f"pkg:oci/b@sha256:{DIGEST}", f"pkg:oci/a@sha256:{DIGEST}", Nearness.MATCHES, True),
        (f"pkg:oci/a@sha256:{OTHER}", f"pkg:oci/a@sha256:{DIGEST}", Nearness.DIGEST_DIFFERS, False),
        (
            "pkg:oci/a?repository_url=ghcr.io/acme",
            "pkg:oci/a?repository_url=GHCR.io/acme/a",
            Nearness.MATCHES,
            False,
        ),
        (
            "pkg:oci/a?repository_url=https://ghcr.io/acme/a/",
            "pkg:oci/a?repository_url=ghcr.io/acme",
            Nearness.MATCHES,
            False,
        ),
        (
            "pkg:oci/a?repository_url=ghcr.io/evil",
            "pkg:oci/a?repository_url=ghcr.io/acme",
            Nearness.QUALIFIER_DIFFERS,
            False,
        ),
        (
            "pkg:oci/a?tag=v1",
            f"pkg:oci/a@sha256:{DIGEST}?tag=v2",
            Nearness.QUALIFIER_DIFFERS,
            False,
        ),
    ],
)
def test_package_urls_match_by_the_parts_the_statement_gives(
    named: str,
    found: str,
    nearness: Nearness,
    versioned: bool,  # noqa: FBT001
) -> None:
    result = match_software(component_of([named]), at_hand(found))
    assert (result.nearness, result.versioned) == (nearness, versioned)


def test_a_digest_decides_before_every_name() -> None:
    named = component_of(["pkg:npm/a@1"], hashes=[("SHA-256", OTHER)])
    software = Software(
        purls=(PackageUrl.parse("pkg:npm/a@1"),), hashes=frozenset({("sha256", DIGEST)})
    )
    assert match_software(named, software).nearness is Nearness.DIGEST_DIFFERS
    same = component_of(["pkg:npm/z@9"], hashes=[("SHA-256", DIGEST)])
    assert match_software(same, software).matches


def test_a_digest_of_another_algorithm_or_a_broken_one_decides_nothing() -> None:
    software = Software(
        purls=(PackageUrl.parse("pkg:npm/a@1"),),
        hashes=frozenset({("sha256", DIGEST), ("md5", "c" * 32)}),
    )
    longer = component_of(["pkg:npm/a@1"], hashes=[("sha512", "d" * 128)])
    assert match_software(longer, software).matches
    broken = component_of(["pkg:npm/z@1"], hashes=[("md5", "c" * 32)])
    assert match_software(broken, software).nearness is Nearness.DIFFERS


@pytest.mark.parametrize(
    ("named", "found", "matches"),
    [
        ("cpe:/o:redhat:rhel:8", "cpe:2.3:o:redhat:rhel:8:*:*:*:*:*:*:*", True),
        ("cpe:2.3:a:acme:api:*:*:*:*:*:*:*:*", "cpe:/a:acme:api:1.0", True),
        ("cpe:2.3:a:acme:api:1.0:*:*:*:*:*:*:*", "cpe:/a:acme:api:1.1", False),
        ("cpe:2.3:a:acme:api\\:x:1:*:*:*:*:*:*:*", "cpe:/a:acme:api%3ax:1", True),
        ("cpe:2.3:a:*:*:*:*:*:*:*:*:*:*", "cpe:/a:acme:api:1.0", False),
        ("cpe:2.3:*:acme:*:*:*:*:*:*:*:*:*", "cpe:/a:acme:api:1.0", False),
        ("cpe:/a:acme:api:1.0", "nonsense", False),
        ("cpe:nonsense", "cpe:/a:acme:api:1.0", False),
        ("cpe:2.3:" + ":".join("abcdefghijklmno"), "cpe:/a:acme:api:1.0", False),
    ],
)
def test_cpe_names_match_attribute_by_attribute(named: str, found: str, matches: bool) -> None:  # noqa: FBT001
    assert match_software(component_of([named]), Software(cpes=(found,))).matches is matches


def test_names_match_only_with_their_version() -> None:
    software = Software(names=(("ABC", "4.2"),))
    assert match_software(component_of(name="ABC", version="4.2"), software).matches
    assert not match_software(component_of(name="ABC", version="4.3"), software).matches
    assert not match_software(component_of(name="ABC"), software).matches
    assert match_software(component_of(["ABC:4.2"]), software).matches


def test_what_names_nothing_matches_nothing() -> None:
    nothing = match_software(component_of(name="ABC"), at_hand("pkg:npm/a@1"))
    assert nothing.nearness is Nearness.UNIDENTIFIED
    link = component_of(bom_links=["urn:cdx:x/1#a"])
    assert match_software(link, Software()).nearness is Nearness.DIFFERS
    assert match_software(link, Software(bom_links=frozenset({"urn:cdx:x/1#a"}))).matches
