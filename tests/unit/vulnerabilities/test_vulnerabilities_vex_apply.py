"""Statements applied to a finding: in order, with reasons, whatever order they come in."""

import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Duration, Instant
from gatebook.digest import Digest, sha256
from gatebook.formats.purl import PackageUrl
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.vex.identifiers import component_of
from gatebook.formats.vex.statement import (
    Justification,
    VersionClaim,
    VersionStatus,
    VexComponent,
    VexDocument,
    VexProduct,
    VexStatement,
    VexStatus,
)
from gatebook.vulnerabilities.vex.apply import apply_statements
from gatebook.vulnerabilities.vex.documents import SignedDocument, trusted_statements
from gatebook.vulnerabilities.vex.index import StatementIndex
from gatebook.vulnerabilities.vex.records import (
    AuthorRule,
    AuthorScope,
    ComponentIdentity,
    ProductIdentity,
    Reason,
    TrustedStatement,
    VexFinding,
    VexRules,
    VexVerdict,
)

NOW = Instant.parse("2026-06-01T00:00:00Z")
DIGEST = sha256(b"the image")
API = f"pkg:oci/api@{DIGEST}"
LIB = "pkg:maven/org/lib@1.2"
PRODUCT = ProductIdentity(
    digests=(DIGEST,),
    purls=(PackageUrl.parse("pkg:oci/api?repository_url=ghcr.io/acme"),),
    version="1.2.0",
    names=(("acme/api", "1.2.0"),),
    bom_links=("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#root",),
)
FINDING = VexFinding(
    vulnerability="CVE-2024-1",
    aliases=("GHSA-aaaa",),
    component=ComponentIdentity(
        purl=PackageUrl.parse(LIB),
        bom_links=("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#lib",),
    ),
)
RULES = VexRules(
    authors=(
        AuthorRule(signer="vendor", scope=AuthorScope.VENDOR),
        AuthorRule(signer="us", scope=AuthorScope.OWN),
    )
)


class Aliases:
    """One cluster of names."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def aliases_of(self, identifier: str) -> Sequence[str]:
        folded = {each.casefold() for each in self._names}
        return self._names if identifier.casefold() in folded else ()


class Ranges:
    """Ranges ``vers:x/<n`` of whole numbers; every other one cannot be compared."""

    def contains(self, versions: str, version: str) -> bool | None:
        end = versions.removeprefix("vers:x/<")
        if not (end.isdigit() and version.isdigit()):
            return None
        return int(version) < int(end)


def product(name: str | VexComponent, *parts: str, **more: Any) -> VexProduct:
    identity = component_of([name]) if isinstance(name, str) else name
    return VexProduct(
        identity=identity, subcomponents=tuple(component_of([each]) for each in parts), **more
    )


def said(
    status: VexStatus = VexStatus.NOT_AFFECTED,
    *products: VexProduct,
    signer: str | None = "vendor",
    time: str | None = "2026-05-01T00:00:00Z",
    document: str = "document",
    document_time: str | None = None,
    **changes: Any,
) -> TrustedStatement:
    made: dict[str, Any] = {
        "pointer": "/statements/0",
        "vulnerability": "CVE-2024-1",
        "products": products or (product(API),),
        "status": status,
        "status_written": status.value,
        "justification": Justification.COMPONENT_NOT_PRESENT,
        "justification_written": "component_not_present",
        "time": None if time is None else Instant.parse(time),
    }
    extra = {name: changes.pop(name) for name in ("is_draft", "replaced_by") if name in changes}
    made.update(changes)
    return TrustedStatement(
        statement=VexStatement(**made),
        document=sha256(document.encode()),
        document_time=None if document_time is None else Instant.parse(document_time),
        signer=signer,
        **extra,
    )


def judge(
    *statements: TrustedStatement,
    finding: VexFinding = FINDING,
    at: ProductIdentity = PRODUCT,
    rules: VexRules = RULES,
    **more: Any,
) -> VexVerdict:
    return apply_statements(finding, statements, product=at, now=NOW, rules=rules, **more)


def reason(verdict: VexVerdict) -> Reason:
    assert verdict.applied is None
    assert not verdict.suppressed
    (refused,) = verdict.not_applied
    return refused.reason


def test_a_trusted_not_affected_on_the_digest_suppresses_and_says_by_what() -> None:
    verdict = judge(said())
    assert verdict.suppressed
    assert verdict.applied is not None
    assert verdict.applied.document == sha256(b"document")
    assert verdict.applied.pointer == "/statements/0"
    assert verdict.applied.signer == "vendor"
    assert verdict.applied.versioned
    assert verdict.applied.justification == "component_not_present"
    assert (verdict.not_applied, verdict.conflicts, verdict.warnings) == ((), (), ())


def test_without_statements_a_finding_stands() -> None:
    assert judge() == VexVerdict()
    assert judge(said(vulnerability="CVE-2024-2")) == VexVerdict()
    assert judge(said(vulnerability="")) == VexVerdict()


@pytest.mark.parametrize("status", [VexStatus.AFFECTED, VexStatus.UNDER_INVESTIGATION])
def test_other_statuses_answer_and_never_suppress(status: VexStatus) -> None:
    verdict = judge(said(status))
    assert verdict.applied is not None
    assert not verdict.suppressed


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (said(signer="somebody"), Reason.AUTHOR_UNTRUSTED),
        (said(signer=None), Reason.AUTHOR_UNTRUSTED),
        (said(signer=""), Reason.AUTHOR_UNTRUSTED),
        (said(time=None), Reason.NO_TIME),
        (said(time="2026-06-01T00:00:01Z"), Reason.FROM_THE_FUTURE),
        (said(document_time="2027-01-01T00:00:00Z"), Reason.FROM_THE_FUTURE),
        (said(is_draft=True), Reason.DRAFT),
        (said(replaced_by=sha256(b"newer")), Reason.DOCUMENT_REPLACED),
        (said(justification=None), Reason.UNJUSTIFIED),
        (said(products=()), Reason.NO_PRODUCT),
        (said(products=(product(component_of(name="api")),)), Reason.PRODUCT_UNIDENTIFIED),
        (said(products=(product("pkg:maven/@1"),)), Reason.PRODUCT_UNIDENTIFIED),
        (said(products=(product("pkg:oci/web"),)), Reason.PRODUCT_DIFFERS),
        (
            said(products=(product(f"pkg:oci/api@{sha256(b'another')}"),)),
            Reason.PRODUCT_DIGEST_DIFFERS,
        ),
        (said(products=(product("pkg:oci/api@1.0"),)), Reason.PRODUCT_VERSION_DIFFERS),
        (said(products=(product("pkg:oci/api?tag=v1"),)), Reason.PRODUCT_QUALIFIER_DIFFERS),
        (said(products=(product(API, "pkg:maven/org/other@1.2"),)), Reason.COMPONENT_DIFFERS),
        (said(products=(product(API, "pkg:maven/org/lib@1.3"),)), Reason.COMPONENT_VERSION_DIFFERS),
        (
            said(products=(product(API, "pkg:maven/org/lib@1.2?type=war"),)),
            Reason.COMPONENT_QUALIFIER_DIFFERS,
        ),
        (said(products=(product(API, "lib"),)), Reason.COMPONENT_UNIDENTIFIED),
        (said(products=(product("pkg:maven/org/lib@1.3"),)), Reason.COMPONENT_VERSION_DIFFERS),
        (said(VexStatus.FIXED, product("pkg:oci/api")), Reason.FIXED_NEEDS_VERSION),
        (
            said(
                products=(product("urn:cdx:00000000-395b-41f5-a30f-a58921a69b79/1#root"),),
            ),
            Reason.PRODUCT_DIFFERS,
        ),
    ],
)
def test_each_statement_that_does_not_apply_says_why(
    statement: TrustedStatement, expected: Reason
) -> None:
    verdict = judge(statement)
    assert reason(verdict) is expected
    assert verdict.not_applied[0].detail


def test_what_was_expected_and_what_was_found_are_both_told() -> None:
    (refused,) = judge(said(products=(product("pkg:oci/web@9"),))).not_applied
    assert "names pkg:oci/web@9" in refused.detail
    assert "pkg:oci/api?repository_url=ghcr.io" in refused.detail
    (refused,) = judge(said(products=(product(API, "pkg:maven/org/lib@1.3"),))).not_applied
    assert "pkg:maven/org/lib@1.3" in refused.detail
    assert f"here is {LIB}" in refused.detail


def test_the_digest_of_an_image_is_no_version_that_could_be_compared() -> None:
    at = ProductIdentity(purls=(PackageUrl.parse(API),), version="3")
    listed = product("pkg:oci/api", versions=claims(("vers:x/<9", OK), ("vers:x/<2", BAD)))
    assert judge(said(products=(listed,)), at=at, ranges=Ranges()).suppressed


@pytest.mark.parametrize(
    "named",
    [
        product(API),
        product(f"registry.example/api@{DIGEST}"),
        product(f"pkg:oci/api@sha256:{DIGEST}"),
        product("pkg:oci/api?repository_url=ghcr.io/acme/api"),
        product(API, LIB),
        product(API, "pkg:maven/org/lib"),
        product("pkg:oci/api", "pkg:maven/org/other", LIB),
        product(LIB),
        product("pkg:maven/org/lib"),
        product(component_of(name="acme/api", version="1.2.0")),
        product("acme/api:1.2.0"),
        product("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#root"),
        product("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#lib"),
    ],
)
def test_products_and_parts_are_known_by_any_of_their_identifiers(named: VexProduct) -> None:
    assert judge(said(products=(product("pkg:npm/else"), named))).suppressed


def test_a_part_of_another_product_is_not_ours() -> None:
    elsewhere = product("pkg:oci/web", LIB)
    assert reason(judge(said(products=(elsewhere,)))) is Reason.PRODUCT_DIFFERS


def test_a_finding_of_the_whole_product_is_not_answered_for_a_part() -> None:
    whole = VexFinding(vulnerability="CVE-2024-1")
    verdict = judge(said(products=(product(API, LIB),)), finding=whole)
    assert reason(verdict) is Reason.COMPONENT_UNIDENTIFIED
    assert judge(said(), finding=whole).suppressed


def test_a_vulnerability_goes_by_all_its_names() -> None:
    assert judge(said(vulnerability="ghsa-AAAA")).suppressed
    assert judge(said(vulnerability="X-1", aliases=("CVE-2024-1",))).suppressed
    pysec = said(vulnerability="PYSEC-2024-7")
    assert not judge(pysec).suppressed
    assert judge(pysec, aliases=Aliases("PYSEC-2024-7", "GHSA-aaaa")).suppressed
    chain = Aliases("GHSA-AAAA", "PYSEC-2024-7")
    assert judge(pysec, aliases=chain).suppressed


def test_fixed_counts_for_the_version_or_the_digest_it_names() -> None:
    assert judge(said(VexStatus.FIXED)).suppressed
    assert judge(said(VexStatus.FIXED, product(LIB))).suppressed
    unversioned = product("pkg:oci/api", LIB)
    assert reason(judge(said(VexStatus.FIXED, unversioned))) is Reason.FIXED_NEEDS_VERSION


def test_an_unversioned_not_affected_is_flagged_and_can_be_refused() -> None:
    loose = said(products=(product("pkg:oci/api"),))
    verdict = judge(loose)
    assert verdict.suppressed
    assert any("every later version" in text for text in verdict.warnings)
    strict = VexRules(authors=RULES.authors, needs_version=True)
    assert reason(judge(loose, rules=strict)) is Reason.NOT_SCOPED
    assert judge(said(), rules=strict).suppressed
    assert judge(said(VexStatus.AFFECTED, product("pkg:oci/api")), rules=strict).applied


def test_an_old_statement_can_be_refused_and_an_old_warning_stands() -> None:
    rules = VexRules(authors=RULES.authors, max_age=Duration.parse("31d"))
    assert judge(said(), rules=rules).suppressed
    assert reason(judge(said(time="2026-04-30T23:59:59Z"), rules=rules)) is Reason.TOO_OLD
    assert judge(said(VexStatus.AFFECTED, time="2020-01-01T00:00:00Z"), rules=rules).applied


def test_a_reason_can_be_dispensed_with_and_is_missed_aloud() -> None:
    rules = VexRules(authors=RULES.authors, needs_justification=False)
    verdict = judge(said(justification=None, justification_written=None), rules=rules)
    assert verdict.suppressed
    assert verdict.warnings == ("the statement gives no reason",)
    assert judge(said(justification=None, impact="compiled out")).suppressed


@pytest.mark.parametrize(
    ("prefix", "allowed"),
    [
        ("pkg:oci/api", True),
        ("pkg:oci", True),
        ("pkg:oci/ap", False),
        ("pkg:maven/org", False),
    ],
)
def test_an_author_speaks_for_what_the_rule_says(prefix: str, allowed: bool) -> None:  # noqa: FBT001
    rule = AuthorRule(signer="vendor", scope=AuthorScope.VENDOR, speaks_for=(prefix,))
    verdict = judge(said(), rules=VexRules(authors=(rule,)))
    assert verdict.suppressed is allowed
    if not allowed:
        assert reason(verdict) is Reason.AUTHOR_OUT_OF_SCOPE


def test_one_author_may_have_several_rules() -> None:
    rules = VexRules(
        authors=(
            AuthorRule(signer="us", scope=AuthorScope.VENDOR, speaks_for=("pkg:npm/ours",)),
            AuthorRule(signer="us", scope=AuthorScope.OWN),
        )
    )
    verdict = judge(said(signer="us"), rules=rules)
    assert verdict.applied is not None
    assert verdict.applied.scope is AuthorScope.OWN


def claims(*pairs: tuple[str, VersionStatus]) -> tuple[VersionClaim, ...]:
    return tuple(
        VersionClaim(range=text, status=status)
        if text.startswith("vers:")
        else VersionClaim(version=text, status=status)
        for text, status in pairs
    )


OK, BAD = VersionStatus.UNAFFECTED, VersionStatus.AFFECTED


@pytest.mark.parametrize(
    ("pairs", "version", "expected"),
    [
        ([("5", OK)], "5", None),
        ([("5", OK)], "6", Reason.VERSION_NOT_COVERED),
        ([("vers:x/<9", OK)], "5", None),
        ([("vers:x/<9", OK)], "9", Reason.VERSION_NOT_COVERED),
        ([("vers:x/<9", OK), ("5", BAD)], "5", Reason.VERSION_NOT_COVERED),
        ([("vers:x/<9", BAD)], "5", Reason.VERSION_NOT_COVERED),
        ([("vers:x/odd", OK)], "5", Reason.VERSION_NOT_EVALUABLE),
        ([("vers:x/<9", OK), ("vers:x/odd", BAD)], "5", Reason.VERSION_NOT_EVALUABLE),
        ([("<9", OK)], "5", Reason.VERSION_NOT_COVERED),
        ([("5", OK)], None, Reason.VERSION_NOT_EVALUABLE),
    ],
)
@pytest.mark.parametrize("status", [VexStatus.NOT_AFFECTED, VexStatus.FIXED])
def test_versions_that_a_statement_lists_bound_it(
    pairs: list[tuple[str, VersionStatus]],
    version: str | None,
    expected: Reason | None,
    status: VexStatus,
) -> None:
    at = ProductIdentity(purls=(PackageUrl.parse("pkg:oci/api"),), version=version)
    verdict = judge(
        said(status, product("pkg:oci/api", versions=claims(*pairs))), at=at, ranges=Ranges()
    )
    if expected is None:
        assert verdict.suppressed
        assert verdict.applied is not None
        assert verdict.applied.versioned
    else:
        assert reason(verdict) is expected


def test_versions_of_a_part_are_compared_with_those_of_the_component() -> None:
    part = product(API, "pkg:maven/org/lib", component_versions=claims(("1.2", OK)))
    assert judge(said(products=(part,))).suppressed
    later = product(API, "pkg:maven/org/lib", component_versions=claims(("1.3", OK)))
    assert reason(judge(said(products=(later,)))) is Reason.VERSION_NOT_COVERED


def test_a_warning_stands_where_its_versions_cannot_be_compared() -> None:
    odd = product("pkg:oci/api", versions=claims(("vers:x/odd", BAD)))
    assert judge(said(VexStatus.AFFECTED, odd)).applied is not None
    gone = product("pkg:oci/api", versions=claims(("0.1", BAD)))
    assert reason(judge(said(VexStatus.AFFECTED, gone))) is Reason.VERSION_NOT_COVERED


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("vers:semver/>=1.0.0|<2.0.0", None),
        ("vers:semver/<1.0.0|>=1.2.0", None),
        ("vers:semver/<1.2.0", Reason.VERSION_NOT_COVERED),
        ("vers:semver/not-a-version", Reason.VERSION_NOT_EVALUABLE),
        ("vers:nosuchtype/<2", Reason.VERSION_NOT_EVALUABLE),
        ("before 2.0.0", Reason.VERSION_NOT_EVALUABLE),
        ("", Reason.VERSION_NOT_EVALUABLE),
        (
            "vers:semver/" + "|".join(f">=1.{n}.0" for n in range(4000)),
            Reason.VERSION_NOT_EVALUABLE,
        ),
    ],
)
def test_ranges_are_compared_by_the_order_of_their_type(
    written: str, expected: Reason | None
) -> None:
    claim = VersionClaim(range=written, status=OK)
    verdict = judge(said(VexStatus.FIXED, product("pkg:oci/api", versions=(claim,))))
    assert verdict.suppressed if expected is None else reason(verdict) is expected


def test_a_range_of_every_version_names_none() -> None:
    every = product("pkg:oci/api", versions=claims(("vers:all/*", OK)))
    assert reason(judge(said(VexStatus.FIXED, every))) is Reason.FIXED_NEEDS_VERSION
    assert judge(said(products=(every,))).warnings


def test_the_newest_statement_of_an_author_counts() -> None:
    old = said(document="old", time="2026-01-01T00:00:00Z")
    new = said(VexStatus.AFFECTED, document="new", time="2026-02-01T00:00:00Z")
    verdict = judge(old, new)
    assert verdict.applied is not None
    assert verdict.applied.document == sha256(b"new")
    assert not verdict.suppressed
    assert [each.reason for each in verdict.not_applied] == [Reason.SUPERSEDED]
    assert len(verdict.conflicts) == 1
    later = said(document="later", time="2026-03-01T00:00:00Z")
    assert judge(old, new, later).suppressed


def test_of_one_statement_time_the_newer_document_counts_and_then_the_stricter_word() -> None:
    first = said(document="a", document_time="2026-05-02T00:00:00Z")
    second = said(VexStatus.AFFECTED, document="b", document_time="2026-05-01T00:00:00Z")
    assert judge(first, second).suppressed
    tie = said(VexStatus.AFFECTED, document="b", document_time="2026-05-02T00:00:00Z")
    verdict = judge(first, tie)
    assert not verdict.suppressed
    assert len(verdict.conflicts) == 1


def test_a_vendor_counts_before_ourselves_unless_we_object_later() -> None:
    vendor = said(document="v", time="2026-03-01T00:00:00Z")
    ours_before = said(VexStatus.AFFECTED, signer="us", document="o", time="2026-02-01T00:00:00Z")
    ours_after = said(VexStatus.AFFECTED, signer="us", document="o", time="2026-04-01T00:00:00Z")
    assert judge(vendor, ours_before).suppressed
    objected = judge(vendor, ours_after)
    assert not objected.suppressed
    assert [each.reason for each in objected.not_applied] == [Reason.OUTRANKED]
    assert objected.conflicts
    silent = VexRules(authors=RULES.authors, own_may_object=False)
    assert judge(vendor, ours_after, rules=silent).suppressed


def test_we_cannot_talk_away_what_the_vendor_affirms_unless_the_rules_say_so() -> None:
    vendor = said(VexStatus.AFFECTED, document="v", time="2026-03-01T00:00:00Z")
    ours = said(signer="us", document="o", time="2026-04-01T00:00:00Z")
    assert not judge(vendor, ours).suppressed
    first = VexRules(authors=RULES.authors, precedence=(AuthorScope.OWN, AuthorScope.VENDOR))
    verdict = judge(vendor, ours, rules=first)
    assert verdict.suppressed
    assert verdict.conflicts


def test_a_statement_that_is_too_weak_does_not_displace_another() -> None:
    weak = said(justification=None, document="weak", time="2026-05-20T00:00:00Z")
    verdict = judge(weak, said(document="strong", time="2026-01-01T00:00:00Z"))
    assert verdict.suppressed
    assert [each.reason for each in verdict.not_applied] == [Reason.UNJUSTIFIED]


def test_one_statement_given_twice_is_one() -> None:
    assert judge(said(), said()) == judge(said())


def test_nobody_is_believed_unless_the_rules_say_so() -> None:
    assert reason(judge(said(), rules=VexRules())) is Reason.AUTHOR_UNTRUSTED


STATEMENTS = st.builds(
    said,
    st.sampled_from(VexStatus),
    st.sampled_from(
        [
            product(API),
            product("pkg:oci/api"),
            product("pkg:oci/api", LIB),
            product("pkg:oci/web"),
            product(LIB),
            product("pkg:oci/api", versions=claims(("1.2.0", OK))),
        ]
    ),
    signer=st.sampled_from(["vendor", "us", "nobody", None]),
    time=st.sampled_from(
        [None, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2027-01-01T00:00:00Z"]
    ),
    document=st.sampled_from("abcdefgh"),
    pointer=st.sampled_from(["/0", "/1"]),
    justification=st.sampled_from([None, Justification.COMPONENT_NOT_PRESENT]),
    vulnerability=st.sampled_from(["CVE-2024-1", "GHSA-aaaa", "CVE-2024-2"]),
)


@settings(max_examples=200)
@given(
    st.lists(
        STATEMENTS, max_size=8, unique_by=lambda each: (each.document, each.statement.pointer)
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_statements_changes_nothing(
    statements: list[TrustedStatement], rng: random.Random
) -> None:
    expected = judge(*statements)
    shuffled = list(statements)
    rng.shuffle(shuffled)
    assert judge(*shuffled) == expected
    indexed = apply_statements(
        FINDING, StatementIndex(shuffled), product=PRODUCT, now=NOW, rules=RULES
    )
    assert indexed == expected
    naming = [each for each in statements if each.statement.vulnerability != "CVE-2024-2"]
    answered = len(expected.not_applied) + (expected.applied is not None)
    assert answered == len(naming)


@settings(max_examples=200)
@given(st.lists(STATEMENTS, max_size=8))
def test_only_a_believed_not_affected_or_fixed_suppresses(
    statements: list[TrustedStatement],
) -> None:
    verdict = judge(*statements)
    if verdict.suppressed:
        assert verdict.applied is not None
        assert verdict.applied.signer in {"vendor", "us"}
        assert verdict.applied.status in {VexStatus.NOT_AFFECTED, VexStatus.FIXED}
        assert verdict.applied.time <= NOW


def document(
    *, statements: int, version: str, time: str | None, identifier: str | None = "doc"
) -> VexDocument:
    return VexDocument(
        format=DocumentFormat.OPENVEX,
        spec_version="0.2.0",
        id=identifier,
        version=version,
        updated=None if time is None else Instant.parse(time),
        statements=tuple(
            said(pointer=f"/statements/{number}").statement for number in range(statements)
        ),
    )


def received(made: VexDocument, name: str, signer: str | None = "vendor") -> SignedDocument:
    return SignedDocument(document=made, digest=sha256(name.encode()), signer=signer)


JANUARY, MARCH = "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"


def replaced(*documents: SignedDocument) -> dict[Digest, Digest | None]:
    return {each.document: each.replaced_by for each in trusted_statements(documents)}


def test_a_newer_version_of_a_document_takes_back_what_the_older_one_said() -> None:
    old = received(document(statements=2, version="1", time=JANUARY), "old")
    empty = received(document(statements=0, version="2", time=MARCH), "new")
    assert replaced(old) == {old.digest: None}
    assert replaced(empty, old) == {old.digest: empty.digest}
    assert reason(judge(trusted_statements([old, empty])[0])) is Reason.DOCUMENT_REPLACED


def test_of_one_time_the_higher_version_is_the_newer_one() -> None:
    nine = received(document(statements=1, version="9", time=JANUARY), "nine")
    ten = received(document(statements=1, version="10", time=JANUARY), "ten")
    assert replaced(nine, ten) == {nine.digest: ten.digest, ten.digest: None}


def test_nobody_replaces_the_document_of_another_or_one_without_a_name() -> None:
    theirs = received(document(statements=1, version="1", time=JANUARY), "theirs")
    others = received(document(statements=1, version="2", time=MARCH), "others", "mallory")
    unsigned = received(document(statements=1, version="3", time=MARCH), "unsigned", None)
    nameless = [
        received(document(statements=1, version=each, time=MARCH, identifier=None), each)
        for each in "12"
    ]
    found = replaced(theirs, others, unsigned, *nameless)
    assert set(found.values()) == {None}
    assert len(found) == 5


def test_the_order_of_documents_changes_nothing() -> None:
    documents = [
        received(document(statements=1, version=version, time=time), f"{version}{time}")
        for version in ("1", "2")
        for time in (None, JANUARY, MARCH)
    ]
    expected = trusted_statements(documents)
    for order in itertools.permutations(documents, len(documents)):
        assert trusted_statements(order) == expected
