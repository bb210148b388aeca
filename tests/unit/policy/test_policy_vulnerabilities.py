"""The drift window: what is known today, whose word counts, and until when it may stand."""

from dataclasses import replace

import pytest

from gatebook.clock import Instant
from gatebook.digest import sha256
from gatebook.facts.facts import Problem
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.purl import PackageUrl
from gatebook.formats.scan.report import Cvss, FindingState, FixState, ReportedPackage, Severity
from gatebook.formats.vex.statement import VexComponent, VexProduct, VexStatus
from gatebook.names import Actor, ControlId, EnvironmentName
from gatebook.policy.contract import ContractError
from gatebook.policy.outcome import Status
from gatebook.policy.vulnerabilities.weighed import Standing
from gatebook.vulnerabilities.match_report import SourcedSeverity, Unevaluated

PASS, FAIL, MISSING, ERROR = Status.PASS, Status.FAIL, Status.MISSING, Status.ERROR
SCANS = {"sources": ["scans"]}
BOTH = {"sources": ["advisories", "scans"]}
VEX = {"vex": [{"authors": ["key#vendor"], "scope": "vendor"}]}
WAIVERS = {"waivers": {"role": "security", "max": "90d"}}


def come_out(kit, facts, parameters=None):
    found = kit.judge("vulnerabilities", facts, parameters)
    return found.status, found.code


def picture(kit, facts, parameters=None):
    contract = kit.contract("vulnerabilities", parameters or {})
    return contract.demands[0].control.picture(facts, contract.roles)


def said_by(source, severity="high", score=None):
    return SourcedSeverity(source=source, severity=severity, score=score)


# -- what is asked ---------------------------------------------------------------------------------


def test_an_artifact_without_known_vulnerabilities_passes_while_the_snapshot_is_young(kit):
    found = kit.judge("vulnerabilities", kit.matched())
    assert (found.status, found.code) == (PASS, "policy.vulnerabilities-none")
    assert found.until == kit.ago("6h") + (kit.ahead("7d") - kit.noon)


def test_a_severe_one_fails_with_everything_that_is_known_of_it(kit):
    found = kit.judge("vulnerabilities", kit.matched(kit.known(known_exploited="2026-11-01")))
    assert (found.status, found.code) == (FAIL, "policy.vulnerabilities-found")
    for text in (
        "CVE-2026-1001 in lodash 4.17.20",
        "high by ghsa",
        "CVSS 8.1",
        "known exploited",
        "fixed in 4.17.21",
    ):
        assert text in found.found


def without_what(kit, what):
    facts = kit.matched()
    sbom, match = facts.evidence[0], facts.matches[0]
    problem = Problem(code="vulnerabilities.match-report", message="not a report", damaged=False)
    other = kit.evidence(kit.sbom("pkg:npm/left-pad@1.0.0"))
    return {
        "no advisories": replace(facts, advisories=None),
        "undated advisories": replace(facts, advisories=kit.advisories(known=None)),
        "old advisories": replace(facts, advisories=kit.advisories(known=kit.ago("8d"))),
        "newer advisories": replace(
            facts, advisories=kit.advisories(snapshot=sha256(b"newer snapshot"))
        ),
        "no sbom": replace(facts, evidence=()),
        "unreadable sbom": replace(facts, evidence=(kit.unreadable(kind=PredicateKind.SBOM),)),
        "lost sbom": replace(
            facts, evidence=(sbom, kit.unreadable(kind=PredicateKind.SBOM, damaged=True))
        ),
        "empty sbom": replace(facts, evidence=(replace(sbom, content=kit.sbom(components=())),)),
        "no match": replace(facts, matches=()),
        "unreadable match": replace(facts, matches=(replace(match, report=None, problem=problem),)),
        "second sbom": replace(facts, evidence=(sbom, other)),
        "nothing matched": kit.matched(components=0),
        "a doubt": kit.matched(
            unevaluated=[Unevaluated(component="thing 1", code="vulnerabilities.no-purl")]
        ),
    }[what]


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("no advisories", MISSING, "policy.advisories-missing"),
        ("undated advisories", ERROR, "policy.advisories-undated"),
        ("old advisories", FAIL, "policy.advisories-too-old"),
        ("newer advisories", ERROR, "policy.vulnerabilities-unmatched"),
        ("no sbom", MISSING, "policy.vulnerabilities-sbom-missing"),
        ("unreadable sbom", FAIL, "policy.vulnerabilities-sbom-unreadable"),
        ("lost sbom", ERROR, "policy.evidence-damaged"),
        ("empty sbom", FAIL, "policy.vulnerabilities-sbom-empty"),
        ("no match", ERROR, "policy.vulnerabilities-unmatched"),
        ("unreadable match", ERROR, "policy.vulnerabilities-unmatched"),
        ("second sbom", ERROR, "policy.vulnerabilities-unmatched"),
        ("nothing matched", ERROR, "policy.vulnerabilities-nothing-matched"),
        ("a doubt", ERROR, "policy.vulnerabilities-unevaluated"),
    ],
)
def test_what_nobody_can_say_is_no_pass(kit, what, status, code):
    assert come_out(kit, without_what(kit, what)) == (status, code)


def test_doubts_are_borne_as_far_as_the_contract_says(kit):
    doubts = [
        Unevaluated(component="one", code="vulnerabilities.no-purl"),
        Unevaluated(component="two", code="vulnerabilities.not-covered"),
    ]
    facts = kit.matched(unevaluated=doubts)
    assert come_out(kit, facts, {"max-unevaluated": 1})[0] is ERROR
    assert come_out(kit, facts, {"max-unevaluated": 2})[0] is PASS
    ignored = {"ignore-unevaluated": ["vulnerabilities.no-purl"]}
    assert come_out(kit, facts, ignored)[0] is ERROR
    assert come_out(kit, facts, {**ignored, "max-unevaluated": 1})[0] is PASS


def test_a_snapshot_that_is_dated_after_its_import_is_as_old_as_the_import(kit):
    facts = kit.matched()
    ahead = kit.advisories(known=kit.ahead("52w"), imported=kit.ago("8d"))
    assert come_out(kit, replace(facts, advisories=ahead))[1] == "policy.advisories-too-old"


def test_a_finding_fails_although_not_all_can_be_said(kit):
    facts = replace(kit.matched(kit.known()), advisories=kit.advisories(known=kit.ago("8d")))
    assert come_out(kit, facts) == (FAIL, "policy.vulnerabilities-found")


# -- thresholds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "changes", "status"),
    [
        ({}, {"severity": "high"}, FAIL),
        ({}, {"severity": "medium"}, PASS),
        ({"severity": "critical"}, {"severity": "high"}, PASS),
        ({"severity": "medium"}, {"severity": "medium"}, FAIL),
        ({}, {"severities": ()}, FAIL),
        ({"unknown-severity": False}, {"severities": ()}, PASS),
        ({}, {"severities": (said_by("ghsa", "nonsense"),)}, FAIL),
        ({"severity": "critical", "cvss": "8.1"}, {}, FAIL),
        ({"severity": "critical", "cvss": "8.2"}, {}, PASS),
        ({"severity": "critical", "epss": "0.5"}, {"epss": "0.50000"}, FAIL),
        ({"severity": "critical", "epss": "0.5"}, {"epss": "0.49999"}, PASS),
        ({"severity": "critical"}, {"known_exploited": "2026-11-01"}, FAIL),
        (
            {"severity": "critical", "known-exploited": False},
            {"known_exploited": "2026-11-01"},
            PASS,
        ),
        ({"severity": "critical", "known-exploited": False}, {"malicious": True}, FAIL),
        ({"only-fixable": True}, {"fixed": ()}, PASS),
        ({"only-fixable": True}, {"fixed": (), "affected": "<=4.17.20"}, FAIL),
        ({"only-fixable": True}, {}, FAIL),
        ({"only-fixable": True}, {"fixed": (), "known_exploited": "2026-11-01"}, FAIL),
        ({"only-fixable": True}, {"fixed": (), "malicious": True}, FAIL),
        ({"at-most": {"medium": 1}}, {"severity": "medium"}, PASS),
        ({"at-most": {"medium": 0}}, {"severity": "medium"}, FAIL),
        ({"at-most": {"low": 0}}, {"severity": "medium"}, PASS),
    ],
    ids=str,
)
def test_what_is_over_a_threshold_fails(kit, parameters, changes, status):
    changes = dict(changes)
    known = kit.known(severity=changes.pop("severity", "high"), **changes)
    assert come_out(kit, kit.matched(known), parameters)[0] is status


@pytest.mark.parametrize(
    ("sources", "severities", "purl", "counts"),
    [
        (None, ["ghsa high", "nvd critical"], None, ("high", "ghsa")),
        (["nvd", "ghsa"], ["ghsa high", "nvd critical"], None, ("critical", "nvd")),
        (None, ["debian low", "nvd high"], "pkg:deb/debian/curl@8.1", ("low", "debian")),
        # What Debian says of its package says nothing of the one from npm, or of Ubuntu's.
        (None, ["debian low", "nvd high"], None, ("high", "nvd")),
        (None, ["debian low", "nvd high"], "pkg:deb/ubuntu/curl@8.1", ("high", "nvd")),
        (["debian"], ["debian low"], None, ("unknown", None)),
        (None, ["pysec medium", "go critical"], None, ("critical", "go")),
        (["ghsa"], ["ghsa unknown", "nvd low"], None, ("low", "nvd")),
        (None, ["ghsa low", "ghsa critical"], None, ("critical", "ghsa")),
    ],
    ids=str,
)
def test_whose_word_counts_is_configuration_and_is_recorded(kit, sources, severities, purl, counts):
    said = tuple(said_by(*text.split()) for text in severities)
    known = kit.known(severities=said, purl=purl or kit.lodash)
    parameters = {} if sources is None else {"severity-sources": sources}
    (weighed,) = picture(kit, kit.matched(known), parameters).weighed
    assert (weighed.severity.severity, weighed.severity.source) == counts


# -- the time to mend ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grace", "changes", "end"),
    [
        ({"high": "30d"}, {}, "29d"),
        ({"high": "1d"}, {}, "0s"),
        ({"high": "23h"}, {}, None),
        ({"critical": "30d"}, {}, None),
        ({"high": "30d"}, {"known_exploited": "2026-11-01"}, None),
        ({"high": "30d", "known-exploited": "2d"}, {"known_exploited": "2026-11-01"}, "1d"),
        ({"high": "30d", "no-fix": "90d"}, {"fixed": ()}, "89d"),
        ({"high": "30d", "no-fix": "90d"}, {}, "29d"),
        ({"no-fix": "90d"}, {"fixed": (), "known_exploited": "2026-11-01"}, None),
        ({"high": "30d"}, {"malicious": True}, None),
    ],
    ids=str,
)
def test_a_vulnerability_may_stand_for_its_time(kit, grace, changes, end):
    found = kit.judge(
        "vulnerabilities",
        kit.matched(kit.known(**changes)),
        {"grace": grace, "max-advisory-age": "52w"},
    )
    if end is None:
        assert found.status is FAIL
    else:
        assert (found.status, found.code) == (PASS, "policy.vulnerabilities-borne")
        assert found.until == kit.ahead(end)
        assert f"until {kit.ahead(end)}" in found.found


def test_the_time_may_run_from_publication(kit):
    parameters = {"grace": {"high": "30d"}, "grace-from": "published"}
    assert come_out(kit, kit.matched(kit.known()), parameters)[0] is PASS
    old = kit.known(published=str(kit.ago("31d")))
    assert come_out(kit, kit.matched(old), parameters)[0] is FAIL
    assert come_out(kit, kit.matched(kit.known(published=None)), parameters)[0] is FAIL
    assert come_out(kit, kit.matched(kit.known(published="long ago")), parameters)[0] is FAIL


def test_too_many_are_too_many_also_in_their_time(kit):
    parameters = {"grace": {"high": "30d"}, "at-most": {"high": 1}}
    assert come_out(kit, kit.matched(kit.known()), parameters)[0] is PASS
    two = kit.matched(kit.known(), kit.known("CVE-2026-1002"))
    assert come_out(kit, two, parameters)[0] is FAIL


# -- scans -----------------------------------------------------------------------------------------


def test_scans_may_be_asked_in_place_of_advisories(kit):
    clean = kit.facts(kit.evidence(kit.scan()))
    assert come_out(kit, clean, SCANS) == (PASS, "policy.vulnerabilities-none")
    assert come_out(kit, clean)[0] is MISSING
    severe = kit.facts(kit.evidence(kit.scan(kit.finding())))
    assert come_out(kit, severe, SCANS) == (FAIL, "policy.vulnerabilities-found")


@pytest.mark.parametrize(
    ("changes", "parameters", "code"),
    [
        ({"incomplete": ("it was stopped",)}, {}, "policy.vulnerabilities-scan-unreliable"),
        ({"targets": ("other",)}, {}, "policy.vulnerabilities-scan-unreliable"),
        ({}, {"max-age": "30m"}, "policy.vulnerabilities-scan-unreliable"),
        ({}, {"scanners": ["grype"]}, "policy.vulnerabilities-scan-unreliable"),
    ],
    ids=str,
)
def test_a_scan_that_cannot_be_relied_on_is_no_pass(kit, changes, parameters, code):
    if "targets" in changes:
        changes = {"targets": (kit.other,)}
    facts = kit.facts(kit.evidence(kit.scan(**changes)))
    assert come_out(kit, facts, {**SCANS, **parameters}) == (FAIL, code)


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        ("nothing", "policy.vulnerabilities-scan-missing"),
        ("unreadable", "policy.vulnerabilities-scan-unreadable"),
        ("lost", "policy.evidence-damaged"),
    ],
)
def test_no_scan_is_no_pass(kit, evidence, code):
    kind = PredicateKind.VULNERABILITY_SCAN
    facts = {
        "nothing": kit.facts(),
        "unreadable": kit.facts(kit.unreadable(kind=kind)),
        "lost": kit.facts(kit.evidence(kit.scan()), kit.unreadable(kind=kind, damaged=True)),
    }[evidence]
    assert come_out(kit, facts, SCANS)[1] == code


def test_one_vulnerability_under_two_names_is_one(kit):
    """The match says CVE, the scanner says GHSA: one finding, with what both know."""
    known = kit.known(aliases=("GHSA-aaaa-bbbb-cccc",), severity="medium")
    scanned = kit.finding(
        "GHSA-aaaa-bbbb-cccc",
        Severity.CRITICAL,
        severity_source="nvd",
        epss=0.7,
        known_exploited=True,
    )
    facts = kit.matched(known, further=[kit.evidence(kit.scan(scanned))])
    (weighed,) = picture(kit, facts, BOTH).weighed
    assert weighed.merged.id == "CVE-2026-1001"
    assert weighed.merged.named("ghsa-AAAA-bbbb-cccc")
    assert len(weighed.merged.sources) == 2
    assert weighed.merged.exploited == ""
    assert str(weighed.merged.epss) == "0.7"
    assert (weighed.severity.severity, weighed.severity.source) == ("medium", "ghsa")


def test_the_same_vulnerability_in_two_components_is_two(kit):
    other = ReportedPackage(name="lodash", version="4.17.19", purl="pkg:npm/lodash@4.17.19")
    scan = kit.scan(kit.finding(), kit.finding(package=other))
    assert len(picture(kit, kit.facts(kit.evidence(scan)), SCANS).weighed) == 2
    qualified = ReportedPackage(name="lodash", version="4.17.20", purl=f"{kit.lodash}?arch=arm64")
    scan = kit.scan(kit.finding(), kit.finding(package=qualified))
    assert len(picture(kit, kit.facts(kit.evidence(scan)), SCANS).weighed) == 1


def test_a_finding_that_the_newest_scan_has_no_more_is_gone(kit):
    before = kit.evidence(kit.scan(kit.finding(), created=kit.ago("3h")))
    after = kit.evidence(kit.scan(created=kit.ago("2h")))
    assert come_out(kit, kit.facts(before, after), SCANS)[0] is PASS
    assert come_out(kit, kit.facts(before), SCANS)[0] is FAIL
    unfinished = kit.evidence(kit.scan(created=kit.ago("2h"), incomplete=("it was stopped",)))
    assert come_out(kit, kit.facts(before, unfinished), SCANS)[0] is FAIL
    by_another = kit.evidence(kit.scan(created=kit.ago("2h"), scanners=("Grype 0.9",)))
    assert come_out(kit, kit.facts(before, by_another), SCANS)[0] is FAIL


def test_the_time_to_mend_runs_from_the_first_scan_that_named_it(kit):
    first = kit.evidence(kit.scan(kit.finding(), created=kit.ago("10d")), received=kit.ago("10d"))
    again = kit.evidence(kit.scan(kit.finding(), created=kit.ago("1h")))
    facts = kit.facts(first, again)
    assert come_out(kit, facts, {**SCANS, "grace": {"high": "10d"}})[0] is PASS
    assert come_out(kit, facts, {**SCANS, "grace": {"high": "9d"}})[0] is FAIL


@pytest.mark.parametrize(
    ("changes", "parameters", "status"),
    [
        ({"state": FindingState.SUPPRESSED}, {}, FAIL),
        ({"state": FindingState.DISMISSED}, {"dismissed": False}, PASS),
        ({"state": FindingState.RESOLVED}, {}, PASS),
        ({"fix": FixState.WONT_FIX}, {"only-fixable": True}, PASS),
        ({"fix": FixState.UNKNOWN}, {"only-fixable": True}, FAIL),
        ({"severity": Severity.LOW, "cvss": (Cvss(score=9.9, source="nvd"),)}, {}, FAIL),
        (
            {
                "severity": Severity.LOW,
                "severity_source": "ghsa",
                "cvss": (Cvss(score=9.9, source="nvd"),),
            },
            {},
            PASS,
        ),
        (
            {
                "severity": Severity.LOW,
                "severity_source": "ghsa",
                "cvss": (Cvss(score=9.9, source="nvd"),),
            },
            {"cvss": 9},
            FAIL,
        ),
        ({"cvss": (Cvss(score=99.0),), "severity": Severity.LOW}, {}, PASS),
        ({"package": None}, {}, FAIL),
    ],
    ids=str,
)
def test_what_a_scan_says_of_a_finding_counts(kit, changes, parameters, status):
    finding = kit.finding(**changes)
    facts = kit.facts(kit.evidence(kit.scan(finding)))
    assert come_out(kit, facts, {**SCANS, **parameters})[0] is status


# -- exploitability statements ---------------------------------------------------------------------


def stated(kit, *documents, known=None, holder="key#vendor"):
    return kit.matched(
        *([kit.known()] if known is None else known),
        further=[kit.evidence(document, holder=holder) for document in documents],
    )


def test_a_believed_statement_suppresses_and_the_finding_stays_visible(kit):
    facts = stated(kit, kit.vex())
    found = kit.judge("vulnerabilities", facts, VEX)
    assert (found.status, found.code) == (PASS, "policy.vulnerabilities-borne")
    document = str(facts.evidence[1].document)
    assert f"not-affected by key#vendor in {document}/statements/0" in found.found
    assert "CVE-2026-1001 in lodash 4.17.20" in found.found
    assert facts.evidence[1].entry.id in found.evidence
    assert kit.judge("vulnerabilities", facts).status is FAIL


def elsewhere(kit, digest=None, purl=None):
    digest = kit.api if digest is None else digest
    return (
        VexProduct(
            identity=VexComponent(hashes=((digest.algorithm, digest.hex),)),
            subcomponents=(VexComponent(purls=(PackageUrl.parse(purl or kit.lodash),)),),
        ),
    )


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"status": VexStatus.AFFECTED}, None),
        ({"status": VexStatus.UNDER_INVESTIGATION}, None),
        ({"products": "other"}, "vex.product-digest-differs"),
        ({"products": "left-pad"}, "vex.component-differs"),
        ({"justification": None}, "vex.unjustified"),
        ({"time": None}, "vex.no-time"),
        ({"time": "ahead"}, "vex.from-the-future"),
        ({"revision_state": "draft"}, "vex.draft"),
        ({"name": "CVE-2026-1002"}, None),
    ],
    ids=str,
)
def test_a_statement_that_does_not_apply_says_why(kit, document, reason):
    changes = dict(document)
    if changes.get("products") == "other":
        changes["products"] = elsewhere(kit, kit.other)
    elif changes.get("products") == "left-pad":
        changes["products"] = elsewhere(kit, purl="pkg:npm/left-pad@1.0.0")
    if changes.get("time") == "ahead":
        changes["time"] = kit.ahead("1h")
    found = kit.judge("vulnerabilities", stated(kit, kit.vex(**changes)), VEX)
    assert found.status is FAIL
    if reason is not None:
        assert f"[{reason}]" in found.found


def test_nobody_but_the_authors_of_the_contract_is_believed(kit):
    for holder in ("key#vendors", "key#ci"):
        found = kit.judge("vulnerabilities", stated(kit, kit.vex(), holder=holder), VEX)
        assert (found.status, "[vex.author-untrusted]" in found.found) == (FAIL, True)
    unsigned = kit.matched(kit.known(), further=[kit.evidence(kit.vex(), holder=None)])
    assert kit.judge("vulnerabilities", unsigned, VEX).status is FAIL


def test_an_author_may_speak_of_some_software_only(kit):
    for prefix, status in (("pkg:npm", PASS), ("pkg:npm/lodash", PASS), ("pkg:pypi", FAIL)):
        rule = {"vex": [{"authors": ["key#*"], "scope": "vendor", "speaks-for": [prefix]}]}
        assert kit.judge("vulnerabilities", stated(kit, kit.vex()), rule).status is status


def test_a_statement_under_any_name_of_the_vulnerability_applies(kit):
    name = kit.known().advisories[0]
    assert kit.judge("vulnerabilities", stated(kit, kit.vex(name)), VEX).status is PASS


def test_a_statement_on_one_of_several_bundled_flaws_answers_one(kit):
    bundle = kit.known(
        "DSA-5000-1", advisories=("DSA-5000-1",), upstream=("CVE-2026-1001", "CVE-2026-1002")
    )
    one = stated(kit, kit.vex("CVE-2026-1001"), known=[bundle])
    assert kit.judge("vulnerabilities", one, VEX).status is FAIL
    both = stated(kit, kit.vex("CVE-2026-1001"), kit.vex("CVE-2026-1002"), known=[bundle])
    assert kit.judge("vulnerabilities", both, VEX).status is PASS
    single = kit.known("DSA-5000-1", advisories=("DSA-5000-1",), upstream=("CVE-2026-1001",))
    alone = stated(kit, kit.vex("CVE-2026-1001"), known=[single])
    assert kit.judge("vulnerabilities", alone, VEX).status is PASS


def test_malware_is_not_argued_away(kit):
    facts = stated(kit, kit.vex(), known=[kit.known(malicious=True)])
    assert kit.judge("vulnerabilities", facts, VEX).status is FAIL


def test_a_suppressing_statement_ages(kit):
    aged = {**VEX, "vex-max-age": "3h"}
    found = kit.judge("vulnerabilities", stated(kit, kit.vex()), aged)
    assert (found.status, found.until) == (PASS, kit.noon)
    old = kit.judge("vulnerabilities", stated(kit, kit.vex(time=kit.ago("4h"))), aged)
    assert (old.status, "[vex.too-old]" in old.found) == (FAIL, True)


def test_lost_statements_may_have_been_objections(kit):
    lost = kit.unreadable("ledger.blob-missing", damaged=True, kind=PredicateKind.VEX)
    facts = kit.matched(further=[lost])
    assert come_out(kit, facts) == (PASS, "policy.vulnerabilities-none")
    assert come_out(kit, facts, VEX) == (ERROR, "policy.evidence-damaged")


def test_an_sbom_may_bring_its_statements_along(kit):
    facts = kit.matched(kit.known())
    carrying = replace(facts.evidence[0], further=(kit.vex(),))
    trusting = {"vex": [{"authors": ["key#ci"]}]}
    carried = replace(facts, evidence=(carrying,))
    assert kit.judge("vulnerabilities", carried, trusting).status is PASS


# -- waivers ---------------------------------------------------------------------------------------


def waived(kit, known=None, holder="key#ana", identity="person:ana", received=None, **changes):
    waiver = kit.evidence(
        kit.waiver(**changes), holder=holder, identity=identity, received=received or kit.ago("1d")
    )
    return kit.matched(known or kit.known(), further=[waiver])


def test_a_waiver_lets_one_vulnerability_through_until_it_ends(kit):
    facts = waived(kit)
    found = kit.judge("vulnerabilities", facts, {**WAIVERS, "max-advisory-age": "52w"})
    assert (found.status, found.until) == (PASS, kit.ahead("10d"))
    assert facts.evidence[1].entry.id in found.evidence
    assert facts.evidence[1].document.short in found.found
    assert kit.judge("vulnerabilities", facts).status is FAIL


def what_differs(kit, what):
    return {
        "another vulnerability": {"vulnerability": "CVE-2026-1002"},
        "the whole control": {"vulnerability": None},
        "another control": {"control": ControlId.parse("another")},
        "another environment": {"environment": EnvironmentName.parse("staging")},
        "expired": {"expires": Instant(kit.noon.unix_ms - 1)},
        "not started": {"starts": kit.ahead("1d")},
        "too long": {"expires": kit.ahead("89d") + (kit.ahead("1s") - kit.noon)},
        "by nobody in the role": {"holder": "key#cem", "identity": "person:cem"},
        "by its owner": {"owner": Actor.parse("key#ana")},
        "by its owner as a person": {"owner": Actor.parse("person#ana")},
        "by an author": {"holder": "key#ben", "identity": "person:ben"},
        "by nobody": {"holder": None},
    }[what]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("another vulnerability", None),
        ("the whole control", None),
        ("another control", None),
        ("another environment", "policy.waiver-other-environment"),
        ("expired", "policy.waiver-expired"),
        ("not started", "policy.waiver-not-started"),
        ("too long", "policy.waiver-too-long"),
        ("by nobody in the role", "policy.waiver-not-granted"),
        ("by its owner", "policy.waiver-granted-by-owner"),
        ("by its owner as a person", "policy.waiver-granted-by-owner"),
        ("by an author", "policy.waiver-granted-by-author"),
        ("by nobody", "policy.waiver-unsigned"),
    ],
)
def test_a_waiver_that_does_not_count_says_why(kit, what, reason):
    facts = waived(kit, **what_differs(kit, what))
    if what == "by an author":
        facts = replace(facts, authors=(type(facts.authors[0])("person:ben"),))
    found = kit.judge("vulnerabilities", facts, WAIVERS)
    assert found.status is FAIL
    if reason is not None:
        assert f"[{reason}]" in found.found


def test_a_waiver_that_cannot_be_read_any_more_waives_nothing(kit):
    problem = Problem(code="trust.untrusted-key", message="nobody believes it", damaged=False)
    facts = waived(kit)
    broken = replace(facts.evidence[1], problem=problem)
    found = kit.judge(
        "vulnerabilities", replace(facts, evidence=(facts.evidence[0], broken)), WAIVERS
    )
    assert (found.status, "policy.waiver-unreadable" in found.found) == (FAIL, True)


def test_a_waiver_runs_to_its_last_instant(kit):
    assert come_out(kit, waived(kit, expires=kit.noon), WAIVERS)[0] is PASS
    assert come_out(kit, waived(kit, expires=kit.ahead("89d")), WAIVERS)[0] is PASS


def test_an_owner_may_grant_where_the_contract_allows_it(kit):
    facts = waived(kit, owner=Actor.parse("key#ana"))
    rules = {"role": "security", "max": "90d", "owner-may-grant": True}
    assert come_out(kit, facts, {"waivers": rules})[0] is PASS


def test_a_waiver_by_another_name_of_the_vulnerability_counts(kit):
    assert come_out(kit, waived(kit, vulnerability="ghsa-1001-xxxx-xxxx"), WAIVERS)[0] is PASS


def test_a_waiver_on_one_of_several_bundled_flaws_waives_one(kit):
    bundle = kit.known(
        "DSA-5000-1", advisories=("DSA-5000-1",), upstream=("CVE-2026-1001", "CVE-2026-1002")
    )
    assert come_out(kit, waived(kit, bundle), WAIVERS)[0] is FAIL
    assert come_out(kit, waived(kit, bundle, vulnerability="DSA-5000-1"), WAIVERS)[0] is PASS


def test_what_is_waived_is_not_counted_as_one_too_many(kit):
    limits = {**WAIVERS, "severity": "critical", "at-most": {"high": 0}}
    assert come_out(kit, kit.matched(kit.known()), limits)[0] is FAIL
    assert come_out(kit, waived(kit), limits)[0] is PASS


@pytest.mark.parametrize(
    "waivers",
    [
        {"role": "security"},
        {"max": "90d"},
        {"role": "nobody", "max": "90d"},
        {},
        {"role": "security", "max": "90d", "not-by": ["me"]},
        {"role": "security", "max": "90d", "typo": 1},
        [],
        "yes",
    ],
    ids=str,
)
def test_rules_for_waivers_are_whole_or_refused(kit, waivers):
    with pytest.raises(ContractError):
        kit.contract("vulnerabilities", {"waivers": waivers})


@pytest.mark.parametrize(
    "parameters",
    [
        {"sources": ["rumours"]},
        {"sources": []},
        {"severity": "unknown"},
        {"severity": "bad"},
        {"cvss": 11},
        {"cvss": "-1"},
        {"cvss": "1e1"},
        {"epss": 2},
        {"only-fixable": "no"},
        {"at-most": {"grave": 1}},
        {"at-most": {}},
        {"at-most": {"high": -1}},
        {"grace": {"high": 30}},
        {"grace": {"high": "0d"}},
        {"grace": {"sometimes": "1d"}},
        {"grace-from": "birth"},
        {"vex": []},
        {"vex": [{}]},
        {"vex": [{"scope": "own"}]},
        {"vex": [{"authors": ["key#a"], "scope": "any"}]},
        {"vex": [{"authors": ["key#a"], "speaks": []}]},
        {"max-unevaluated": -1},
        {"ignore-unevaluated": []},
        {"severity-sources": []},
    ],
    ids=str,
)
def test_a_slip_in_the_parameters_is_refused(kit, parameters):
    with pytest.raises(ContractError):
        kit.contract("vulnerabilities", parameters)


# -- all of them -----------------------------------------------------------------------------------


def test_a_finding_lists_a_few_and_counts_all(kit):
    known = [kit.known(f"CVE-2026-{number}") for number in range(1001, 1301)]
    found = kit.judge("vulnerabilities", kit.matched(*known))
    assert "300 fail" in found.found
    assert len(found.found) < 4000


def test_the_picture_shows_every_one_with_what_became_of_it(kit):
    known = [
        kit.known(),
        kit.known("CVE-2026-1002"),
        kit.known("CVE-2026-1003", "low"),
        kit.known("CVE-2026-1004", "medium"),
        kit.known("CVE-2026-1005", "critical", known_exploited="2026-11-01"),
    ]
    facts = kit.matched(
        *known,
        further=[
            kit.evidence(kit.vex("CVE-2026-1002"), holder="key#vendor"),
            kit.evidence(kit.waiver(), holder="key#ana", identity="person:ana"),
        ],
    )
    parameters = {**VEX, **WAIVERS, "severity": "medium", "grace": {"medium": "7d"}}
    shown = picture(kit, facts, parameters)
    assert [(each.merged.id, each.standing) for each in shown.weighed] == [
        ("CVE-2026-1005", Standing.FAILS),
        ("CVE-2026-1003", Standing.TOLERATED),
        ("CVE-2026-1004", Standing.GRACE),
        ("CVE-2026-1001", Standing.WAIVED),
        ("CVE-2026-1002", Standing.SUPPRESSED),
    ]
