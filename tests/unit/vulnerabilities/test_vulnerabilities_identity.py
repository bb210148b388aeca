"""A component is looked up by what advisories call it, and is never clean when nobody can tell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.vulnerabilities.ecosystems import ecosystem_key, package_name
from gatebook.vulnerabilities.package_identity import (
    Identified,
    SourcePackage,
    Unidentified,
    identify,
    identify_purl,
)
from gatebook.vulnerabilities.versions.ecosystem import CRATES


def lookups(purl, **more):
    found = identify_purl(purl, **more)
    assert isinstance(found, Identified), found
    return [each[:3] for each in found.lookups]


@pytest.mark.parametrize(
    ("purl", "expected"),
    [
        ("pkg:pypi/Flask_Thing@1.0", ("PyPI", "flask-thing", "1.0")),
        ("pkg:pypi/zope.interface@5", ("PyPI", "zope-interface", "5")),
        ("pkg:npm/%40angular/core@1.0.0", ("npm", "@angular/core", "1.0.0")),
        ("pkg:npm/left-pad@1.0.0", ("npm", "left-pad", "1.0.0")),
        ("pkg:maven/org.apache/log4j@2.0", ("Maven", "org.apache:log4j", "2.0")),
        ("pkg:golang/github.com/Azure/x@v1.2.3", ("Go", "github.com/azure/x", "1.2.3")),
        ("pkg:golang/stdlib@go1.21.3", ("Go", "stdlib", "1.21.3")),
        ("pkg:golang/a.b/c@v1.0.0#sub/dir", ("Go", "a.b/c", "1.0.0")),
        ("pkg:cargo/serde_json@1.0.0", (CRATES, "serde-json", "1.0.0")),
        ("pkg:gem/nokogiri@1.13.6-x86_64-linux", ("RubyGems", "nokogiri", "1.13.6")),
        ("pkg:gem/nokogiri@1.13.6-java", ("RubyGems", "nokogiri", "1.13.6")),
        ("pkg:gem/rails@7.0.0.rc1", ("RubyGems", "rails", "7.0.0.rc1")),
        ("pkg:nuget/Newtonsoft.Json@13.0.1", ("NuGet", "newtonsoft.json", "13.0.1")),
        ("pkg:composer/Symfony/http@1.0", ("Packagist", "symfony/http", "1.0")),
        ("pkg:hex/phoenix@1.0.0", ("Hex", "phoenix", "1.0.0")),
        ("pkg:pub/http@1.0.0", ("Pub", "http", "1.0.0")),
        ("pkg:swift/github.com/Vapor/vapor@4.0.0", ("SwiftURL", "github.com/vapor/vapor", "4.0.0")),
        ("pkg:conan/openssl@3.0.3", ("ConanCenter", "openssl", "3.0.3")),
        ("pkg:cran/ggplot2@3.4.0", ("CRAN", "ggplot2", "3.4.0")),
        ("pkg:bitnami/apache@2.4.50", ("Bitnami", "apache", "2.4.50")),
        ("pkg:github/Actions/Checkout@v4", ("GitHub Actions", "actions/checkout", "v4")),
    ],
)
def test_a_package_of_a_language_is_looked_up_by_its_own_rules(purl, expected):
    assert lookups(purl) == [expected]


@pytest.mark.parametrize(
    ("purl", "ecosystem", "version"),
    [
        ("pkg:deb/debian/x@1-1?distro=debian-12", "Debian:12", "1-1"),
        ("pkg:deb/debian/x@1-1?distro=debian-12.9", "Debian:12", "1-1"),
        ("pkg:deb/debian/x@1-1?distro=bookworm", "Debian:12", "1-1"),
        ("pkg:deb/debian/x@1-1?distro=debian-sid", "Debian:sid", "1-1"),
        ("pkg:deb/ubuntu/x@1-1?distro=ubuntu-22.04", "Ubuntu:22.04", "1-1"),
        ("pkg:deb/ubuntu/x@1-1?distro=jammy", "Ubuntu:22.04", "1-1"),
        ("pkg:deb/ubuntu/x@1-1%2Besm2?distro=ubuntu-18.04", "Ubuntu:Pro:18.04", "1-1+esm2"),
        ("pkg:apk/alpine/x@1-r0?distro=alpine-3.18.4", "Alpine:v3.18", "1-r0"),
        ("pkg:apk/alpine/x@1-r0?distro=3.16.0", "Alpine:v3.16", "1-r0"),
        ("pkg:apk/alpine/x@1-r0?distro=alpine-edge", "Alpine:edge", "1-r0"),
        ("pkg:apk/wolfi/x@1-r0?distro=wolfi-20221118", "Wolfi", "1-r0"),
        ("pkg:apk/chainguard/x@1-r0", "Chainguard", "1-r0"),
        ("pkg:rpm/redhat/x@1-1.el9?distro=rhel-9.1", "Red Hat:enterprise_linux:9", "1-1.el9"),
        (
            "pkg:rpm/redhat/x@1-1.el9?distro=rhel-9.1&epoch=2",
            "Red Hat:enterprise_linux:9",
            "2:1-1.el9",
        ),
        ("pkg:rpm/centos/x@1-1.el7?distro=centos-7", "Red Hat:enterprise_linux:7", "1-1.el7"),
        ("pkg:rpm/rocky/x@1-1.el9?distro=rocky-9.3", "Rocky Linux:9", "1-1.el9"),
        ("pkg:rpm/almalinux/x@1-1.el9?distro=almalinux-9.3", "AlmaLinux:9", "1-1.el9"),
        (
            "pkg:rpm/suse/x@1-1?distro=sles-15.4",
            "SUSE:Linux Enterprise 15 SP4",
            "1-1",
        ),
        ("pkg:rpm/opensuse/x@1-1?distro=opensuse-leap-15.5", "openSUSE:Leap 15.5", "1-1"),
        (
            "pkg:rpm/opensuse/x@1-1?distro=opensuse-tumbleweed-20240607",
            "openSUSE:Tumbleweed",
            "1-1",
        ),
        ("pkg:rpm/opensuse/x@1-1?distro=opensuse-leap-15.5&epoch=3", "openSUSE:Leap 15.5", "1-1"),
        ("pkg:rpm/mariner/x@1-1?distro=mariner-2.0", "Azure Linux:2", "1-1"),
        ("pkg:rpm/photon/x@1-1?distro=photon-4.0", "Photon OS:4.0", "1-1"),
    ],
)
def test_a_package_of_a_distribution_is_looked_up_in_its_release(purl, ecosystem, version):
    assert lookups(purl) == [(ecosystem, "x", version)]
    found = identify_purl(purl)
    assert all(each.release_known for each in found.lookups)


def test_a_record_and_a_purl_spell_a_release_alike():
    written = {
        "Ubuntu:22.04:LTS": "Ubuntu:22.04",
        "Ubuntu:Pro:18.04:LTS": "Ubuntu:Pro:18.04",
        "Debian:bookworm": "Debian:12",
        "Red Hat:enterprise_linux:9::baseos": "Red Hat:enterprise_linux:9",
        "Red Hat:rhel_eus:9.2::appstream": "Red Hat:rhel_eus:9.2",
        "Maven:https://maven.google.com": "Maven",
        "AlmaLinux:9.3": "AlmaLinux:9",
        "SUSE:Linux Enterprise Module for Basesystem 15 SP4": "SUSE:Linux Enterprise 15 SP4",
        "SUSE:Linux Enterprise Server 15 SP4-LTSS": "SUSE:Linux Enterprise Server 15 SP4-LTSS",
        "Alpine:v3.18": "Alpine:v3.18",
        "npm": "npm",
    }
    assert {each: ecosystem_key(each) for each in written} == written
    assert (
        package_name("SwiftURL", "https://github.com/Vapor/vapor.git") == "github.com/vapor/vapor"
    )


def test_the_source_package_stands_for_the_binary_one():
    deb = "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12"
    assert lookups(f"{deb}&upstream=openssl") == [("Debian:12", "openssl", "3.0.11-1")]
    assert lookups(f"{deb}&upstream=openssl%402.9-1") == [("Debian:12", "openssl", "2.9-1")]
    assert lookups(deb, source=SourcePackage("openssl", "2.8-1")) == [
        ("Debian:12", "openssl", "2.8-1")
    ]
    # The purl's own word goes before what the SBOM says elsewhere.
    said = lookups(f"{deb}&upstream=openssl", source=SourcePackage("other"))
    assert said == [("Debian:12", "openssl", "3.0.11-1")]
    assert identify_purl(deb).assumed_source
    assert not identify_purl(f"{deb}&upstream=openssl").assumed_source


def test_an_rpm_is_looked_up_by_its_own_name_and_its_source_packages():
    purl = (
        "pkg:rpm/redhat/bash-libs@5.1.8-4.el9?distro=rhel-9.1&epoch=1"
        "&upstream=bash-5.1.8-4.el9.src.rpm"
    )
    assert lookups(purl) == [
        ("Red Hat:enterprise_linux:9", "bash", "1:5.1.8-4.el9"),
        ("Red Hat:enterprise_linux:9", "bash-libs", "1:5.1.8-4.el9"),
    ]


def test_the_distribution_may_be_said_for_the_whole_sbom():
    assert lookups("pkg:deb/debian/x@1", distro="debian-11") == [("Debian:11", "x", "1")]
    # A purl that says its own release keeps it.
    assert lookups("pkg:deb/debian/x@1?distro=debian-12", distro="debian-11") == [
        ("Debian:12", "x", "1")
    ]


def test_a_package_of_an_unknown_release_may_be_of_any():
    found = identify_purl("pkg:deb/debian/x@1")
    assert [(each.ecosystem, each.release_known) for each in found.lookups] == [("Debian", False)]
    found = identify_purl("pkg:rpm/openeuler/x@1?distro=openeuler-22.03")
    assert [(each.ecosystem, each.release_known) for each in found.lookups] == [
        ("openEuler", False)
    ]
    known = identify_purl("pkg:rpm/openeuler/x@1?distro=openeuler-22.03-LTS-SP1")
    assert [each.ecosystem for each in known.lookups] == ["openEuler:22.03-LTS-SP1"]


@pytest.mark.parametrize(
    ("purl", "code"),
    [
        ("not a purl", "vulnerabilities.bad-purl"),
        ("pkg:pypi", "vulnerabilities.bad-purl"),
        ("pkg:pypi/flask", "vulnerabilities.no-version"),
        ("pkg:deb/debian/x?distro=debian-12", "vulnerabilities.no-version"),
        ("pkg:generic/openssl@3.0", "vulnerabilities.no-ecosystem"),
        ("pkg:oci/image@sha256:abc", "vulnerabilities.no-ecosystem"),
        ("pkg:invented/x@1", "vulnerabilities.no-ecosystem"),
        ("pkg:rpm/fedora/x@1?distro=fedora-40", "vulnerabilities.unknown-distribution"),
        ("pkg:deb/kali/x@1", "vulnerabilities.unknown-distribution"),
        ("pkg:pypi/a%7Cb@1", "vulnerabilities.bad-purl"),
    ],
)
def test_what_no_advisory_can_name_is_not_clean(purl, code):
    found = identify_purl(purl)
    assert isinstance(found, Unidentified)
    assert found.code == code


PARTS = st.lists(
    st.sampled_from(["a", "B", ".", "..", "_", "~", "%40s", "@s", "1", "x-y", "%2B", "", "+"]),
    min_size=1,
    max_size=3,
).map("".join)


@given(
    st.sampled_from(["npm", "golang", "maven", "cargo", "nuget", "pypi"]),
    st.lists(PARTS, min_size=1, max_size=4).map("/".join),
    PARTS,
)
@settings(max_examples=500)
def test_the_short_way_of_parsing_gives_what_the_long_way_gives(kind, path, version):
    text = f"pkg:{kind}/{path}@{version}"
    short = identify_purl(text)
    try:
        purl = PackageUrl.parse(text)
    except MalformedError:
        assert short.code == "vulnerabilities.bad-purl"
    else:
        assert short == identify(purl, written=text)


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_text_is_identified_or_says_why_not(text, distro):
    assert identify_purl(text, distro=distro).purl == text
    assert identify_purl(f"pkg:deb/debian/x@1?distro={text}", distro=distro)
    assert identify_purl(f"pkg:{text}")
