"""By which names a finding of advisories may be answered."""

from gatebook.digest import sha256
from gatebook.policy.vulnerabilities.merging import from_match
from gatebook.vulnerabilities.match_report import KnownVulnerability, MatchReport

AT = "2026-11-20T12:00:00Z"


def names_of(identifier: str, upstream: tuple[str, ...]) -> tuple[str, ...]:
    digest = str(sha256(f"{identifier} {upstream}".encode()))
    known = KnownVulnerability(
        id=identifier,
        advisories=(identifier,),
        upstream=upstream,
        purl="pkg:deb/debian/app@1",
        component="app",
        affected="<2",
        first_seen=AT,
    )
    report = MatchReport(
        v=1, subject=digest, sbom=digest, snapshot=digest, imported=AT, at=AT, components=1,
        findings=(known,),
    )  # fmt: skip
    (named,) = from_match(report, "entry")
    return named.ids


def test_a_record_of_a_distribution_has_the_name_of_the_one_cve_it_derives_from():
    assert names_of("DEBIAN-1", ("CVE-2026-1",)) == ("DEBIAN-1", "CVE-2026-1")


def test_a_vulnerability_with_a_cve_of_its_own_is_not_named_by_another():
    assert names_of("CVE-2026-2", ("CVE-2026-1",)) == ("CVE-2026-2",)


def test_a_record_that_bundles_several_is_named_by_none_of_them():
    assert names_of("DEBIAN-1", ("CVE-2026-1", "CVE-2026-2")) == ("DEBIAN-1",)
