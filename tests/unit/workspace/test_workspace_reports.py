"""Reports of every format become evidence: signed by their digest, or only reported."""

import gzip
import json

import pytest

from gatebook.digest import DigestSet, sha256
from gatebook.errors import GatebookError, MalformedError
from gatebook.facts.documents import predicate_type_of
from gatebook.formats.coverage.report import CoverageReport
from gatebook.formats.intoto import PredicateKind, Subject
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.report import REPORT_DOCUMENT_TYPE, REPORT_V1, ReportPredicate
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.scan.report import ScanReport
from gatebook.formats.test_reports.report import TestReport
from gatebook.formats.test_result import TestResult
from gatebook.formats.type_evaluation import TypeEvaluation
from gatebook.formats.vex.statement import VexDocument
from gatebook.formats.waiver import WAIVER_V1, WaiverPredicate
from gatebook.intake.evidence import Attachment
from gatebook.intake.statements import (
    evidence_type_statement,
    report_statement,
    sbom_evidence,
    test_result_statement,
)
from gatebook.ledger.kinds import EvidenceEvaluated, EvidenceRefused
from gatebook.names import EnvironmentName

PROD = EnvironmentName.parse("prod")
SARIF = json.dumps(
    {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "scanner", "rules": []}},
                "results": [{"ruleId": "R1", "level": "error", "message": {"text": "bad"}}],
            }
        ],
    }
).encode()
TRIVY = json.dumps(
    {
        "SchemaVersion": 2,
        "ArtifactName": "api",
        "ArtifactType": "container_image",
        "Results": [{"Target": "api", "Class": "os-pkgs", "Type": "debian"}],
    }
).encode()
OPENVEX = json.dumps(
    {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.com/vex/1",
        "author": "Acme",
        "timestamp": "2026-11-01T00:00:00Z",
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": "CVE-2026-0001"},
                "products": [{"@id": "pkg:pypi/flask@1.0"}],
                "status": "not_affected",
                "justification": "vulnerable_code_not_present",
            }
        ],
    }
).encode()
JUNIT = b'<testsuite name="t"><testcase name="a" classname="x"/></testsuite>'
TAP = b"1..2\nok 1 - one\nok 2 - two\n"
LCOV = b"TN:\nSF:a.py\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\n"
CYCLONEDX_XML = b"""<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
<components><component type="library"><name>six</name><version>1.16.0</version>
<purl>pkg:pypi/six@1.16.0</purl></component></components></bom>"""
REPORTS = {
    DocumentFormat.SARIF: (SARIF, ScanReport),
    DocumentFormat.TRIVY_JSON: (TRIVY, ScanReport),
    DocumentFormat.OPENVEX: (OPENVEX, VexDocument),
    DocumentFormat.JUNIT_XML: (JUNIT, TestReport),
    DocumentFormat.TAP: (TAP, TestReport),
    DocumentFormat.LCOV: (LCOV, CoverageReport),
    DocumentFormat.CYCLONEDX_XML: (CYCLONEDX_XML, Sbom),
}
PERSON = b"""evidence-type: gatebook/evidence-type/v1
name: person
schema: {type: object, required: [age], properties: {age: {type: integer}}}
rules:
  - {id: of-age, expression: .age >= 18, message: younger than 18}
"""


def evidence(shop):
    book = shop.book
    book.query  # noqa: B018  # brings the index up to date
    return book._gate.facts(shop.api, PROD, shop.clock.now()).evidence


def about(shop):
    return Subject(name="api", digests=DigestSet.of({"sha256": shop.api.hex}))


def accept_report(shop, document, *, beside=None, predicate=None):
    """Sign a report by its digest and hand it in, with something else beside it if asked."""
    statement, attachment = report_statement(document, about(shop))
    written = statement.predicate if predicate is None else predicate
    kept = [attachment] if beside is None else beside
    return shop.book.accept(shop.signed(REPORT_V1, written), shop.api, attachments=kept)


# -- signed reports --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", REPORTS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_signed_report_of_any_format_is_read_again_from_the_stored_bytes(shop, form, packed):
    document, family = REPORTS[form]
    accept_report(shop, gzip.compress(document, mtime=0) if packed else document)
    (fact,) = evidence(shop)
    assert (fact.kind, fact.format, fact.signed) == (PredicateKind.REPORT, form, True)
    assert (type(fact.content), fact.problem) == (family, None)


def test_a_report_that_is_not_handed_in_says_nothing(shop):
    with pytest.raises(GatebookError) as refused:
        accept_report(shop, SARIF, beside=[])
    assert refused.value.code == "facts.report-missing"
    with pytest.raises(GatebookError):
        accept_report(shop, SARIF, beside=[Attachment(data=TRIVY, media_type=REPORT_DOCUMENT_TYPE)])
    refusals = [e.body for _, e in shop.book.entries() if isinstance(e.body, EvidenceRefused)]
    assert [each.code for each in refusals] == ["facts.report-missing"] * 2
    assert evidence(shop) == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": "trivy-json"}, "facts.report-differs"),
        ({"format": "no-such-format"}, "formats.report"),
        ({"size": 1}, "facts.report-missing"),
        ({"digest": {"sha256": 64 * "a"}}, "facts.report-missing"),
        ({"why": "because"}, "formats.report"),
    ],
)
def test_a_report_that_is_not_what_was_signed_is_refused(shop, change, code):
    written = ReportPredicate.of(SARIF, DocumentFormat.SARIF).to_predicate()
    with pytest.raises(GatebookError) as refused:
        accept_report(shop, SARIF, predicate={**written, **change})
    assert refused.value.code == code


def test_a_truncated_report_is_refused_where_it_is_signed_and_where_it_is_accepted(shop):
    with pytest.raises(MalformedError):
        report_statement(SARIF[:-20], about(shop))
    written = ReportPredicate.of(SARIF[:-20], DocumentFormat.SARIF).to_predicate()
    beside = [Attachment(data=SARIF[:-20], media_type=REPORT_DOCUMENT_TYPE)]
    with pytest.raises(MalformedError):
        accept_report(shop, SARIF, predicate=written, beside=beside)


def test_a_document_of_no_format_that_is_read_is_no_report(shop):
    with pytest.raises(MalformedError) as refused:
        report_statement(b'{"a":1}', about(shop))
    assert refused.value.code == "intake.report-unread"


def test_a_report_that_is_lost_or_changed_counts_no_longer(shop):
    accept_report(shop, SARIF)
    digest = sha256(SARIF)
    path = shop.directory / "book/blobs/sha256" / digest.hex[:2] / digest.hex
    path.chmod(0o644)
    path.write_bytes(SARIF.replace(b"error", b"note!"))
    (fact,) = evidence(shop)
    assert (fact.content, fact.problem.code, fact.problem.damaged) == (
        None,
        "stores.blob-corrupt",
        True,
    )
    path.unlink()
    (fact,) = evidence(shop)
    assert fact.problem.damaged


def test_an_sbom_is_a_predicate_where_that_is_usual_and_else_a_report(shop):
    document = json.dumps(shop.sbom("pkg:pypi/flask@1.0")).encode()
    statement, beside = sbom_evidence(document, about(shop))
    assert (statement.kind, beside) == (PredicateKind.SBOM, ())
    for other in (CYCLONEDX_XML, gzip.compress(document, mtime=0)):
        statement, (attachment,) = sbom_evidence(other, about(shop))
        assert (statement.kind, attachment.data) == (PredicateKind.REPORT, other)
    with pytest.raises(MalformedError):
        sbom_evidence(SARIF, about(shop))


@pytest.mark.parametrize("document", [JUNIT, TAP, gzip.compress(JUNIT, mtime=0)])
def test_a_test_result_is_compared_with_its_report_whatever_its_format(shop, document):
    statement, attachment = test_result_statement(document, about(shop))
    envelope = shop.signed(statement.predicate_type, statement.predicate)
    shop.book.accept(envelope, shop.api, attachments=[attachment])
    (fact,) = evidence(shop)
    assert (type(fact.content), fact.problem) == (TestResult, None)


def test_a_test_result_beside_another_report_does_not_count(shop):
    statement, attachment = test_result_statement(TAP, about(shop))
    failed = Attachment(data=TAP.replace(b"ok 2", b"not ok 2"), media_type=attachment.media_type)
    envelope = shop.signed(statement.predicate_type, statement.predicate)
    shop.book.accept(envelope, shop.api, attachments=[failed])
    (fact,) = evidence(shop)
    assert (fact.content, fact.problem.code) == (None, "facts.report-differs")


# -- predicates ------------------------------------------------------------------------------------


def test_a_statement_on_exploitability_without_products_is_about_the_artifact(shop):
    predicate = json.loads(OPENVEX)
    del predicate["statements"][0]["products"]
    shop.book.accept(shop.signed("https://openvex.dev/ns/v0.2.0", predicate), shop.api)
    (fact,) = evidence(shop)
    (product,) = fact.content.statements[0].products
    assert product.identity.hashes == (("sha256", shop.api.hex),)


def test_a_scan_as_predicate_is_read(shop):
    predicate = {
        "scanner": {
            "uri": "https://scanner.example.com",
            "version": "1",
            "db": {"uri": "https://db.example.com", "version": "1"},
            "result": [{"id": "CVE-2026-0001", "severity": [{"method": "nvd", "score": "9.8"}]}],
        },
        "metadata": {
            "scanStartedOn": "2026-11-20T00:00:00Z",
            "scanFinishedOn": "2026-11-20T00:01:00Z",
        },
    }
    shop.book.accept(shop.signed("https://in-toto.io/attestation/vulns/v0.2", predicate), shop.api)
    (fact,) = evidence(shop)
    assert [each.id for each in fact.content.findings] == ["CVE-2026-0001"]
    assert fact.content.targets == (shop.api,)


def test_a_waiver_is_read(shop):
    waiver = {
        "environment": "prod",
        "control": "sbom",
        "owner": "key#ana",
        "reason": "next week",
        "expires": "2026-12-01T00:00:00Z",
    }
    shop.book.accept(shop.signed(WAIVER_V1, waiver), shop.api)
    (fact,) = evidence(shop)
    assert isinstance(fact.content, WaiverPredicate)
    assert fact.signed


@pytest.mark.parametrize(
    "predicate_type", ["https://cosign.sigstore.dev/attestation/v1", "https://example.com/own/v1"]
)
def test_what_a_type_does_not_say_the_content_does(shop, predicate_type):
    shop.trust("report", "cosign-custom", "https://example.com/own/v1")
    shop.book.accept(shop.signed(predicate_type, {"Data": SARIF.decode()}), shop.api)
    shop.book.accept(shop.signed(predicate_type, json.loads(SARIF)), shop.api)
    assert [each.format for each in evidence(shop)] == [DocumentFormat.SARIF] * 2


def test_a_guess_refuses_nobody(shop):
    """A predicate of somebody's own type may look like something else."""
    shop.trust("https://example.com/own/v1")
    shop.book.accept(
        shop.signed("https://example.com/own/v1", {"version": "2.1.0", "runs": 7}), shop.api
    )
    (fact,) = evidence(shop)
    assert fact.content is None


def test_what_a_component_list_says_besides_is_there_too(shop):
    document = shop.sbom("pkg:pypi/flask@1.0")
    document["vulnerabilities"] = [
        {
            "id": "CVE-2026-0001",
            "ratings": [{"severity": "high"}],
            "affects": [{"ref": "pkg:pypi/flask@1.0"}],
            "analysis": {"state": "not_affected", "justification": "code_not_present"},
        }
    ]
    shop.book.accept(shop.signed("https://cyclonedx.org/bom", document), shop.api)
    (fact,) = evidence(shop)
    assert isinstance(fact.content, Sbom)
    assert [type(each) for each in fact.further] == [ScanReport, VexDocument]


OWN = "https://example.com/own/v1"


@pytest.mark.parametrize(
    ("may", "counts"),
    [
        ((OWN,), False),
        ((OWN, "sbom", "vex", "test-result"), False),
        ((OWN, "vulnerability-scan"), True),
        ((OWN, "report"), True),
    ],
)
def test_nobody_brings_by_a_type_of_their_own_what_they_may_not_attest(shop, may, counts):
    shop.trust(*may)
    shop.book.accept(shop.signed(OWN, json.loads(SARIF)), shop.api)
    (fact,) = evidence(shop)
    assert (fact.content is not None, fact.problem) == (counts, None)


@pytest.mark.parametrize(
    ("may", "families"),
    [
        (("sbom",), []),
        (("sbom", "vex"), [VexDocument]),
        (("sbom", "vulnerability-scan"), [ScanReport]),
        (("sbom", "report"), [ScanReport, VexDocument]),
    ],
)
def test_whoever_may_attest_component_lists_may_not_excuse_what_is_in_them(shop, may, families):
    shop.trust(*may)
    document = shop.sbom("pkg:pypi/flask@1.0")
    document["vulnerabilities"] = [
        {
            "id": "CVE-2026-0001",
            "ratings": [{"severity": "high"}],
            "affects": [{"ref": "pkg:pypi/flask@1.0"}],
            "analysis": {"state": "not_affected", "justification": "code_not_present"},
        }
    ]
    shop.book.accept(shop.signed("https://cyclonedx.org/bom", document), shop.api)
    (fact,) = evidence(shop)
    assert isinstance(fact.content, Sbom)
    assert [type(each) for each in fact.further] == families


# -- documents nobody signed -----------------------------------------------------------------------


@pytest.mark.parametrize("form", REPORTS)
def test_a_document_nobody_signed_is_read_and_stays_unsigned(shop, form):
    document, family = REPORTS[form]
    entry = shop.book.report(document, shop.api).entry
    assert entry.body.format == form.value
    (fact,) = evidence(shop)
    assert (fact.format, type(fact.content)) == (form, family)
    assert (fact.signed, fact.signers, fact.kind) == (False, (), None)


def test_a_document_is_read_by_its_content_whatever_it_is_called(shop):
    shop.book.report(SARIF, shop.api, form="trivy")
    (fact,) = evidence(shop)
    assert (fact.predicate_type, fact.format) == ("trivy", DocumentFormat.SARIF)


def test_what_nobody_reads_has_to_be_given_a_name(shop):
    with pytest.raises(MalformedError) as refused:
        shop.book.report(b"just text", shop.api)
    assert refused.value.code == "intake.report-unread"
    shop.book.report(b"just text", shop.api, form="minutes")
    (fact,) = evidence(shop)
    assert (fact.content, fact.problem) == (None, None)


def test_a_reported_document_that_is_broken_is_a_problem_and_no_content(shop):
    shop.book.report(SARIF[:-20], shop.api, form="sarif")
    shop.book.report(SARIF.replace(b'"runs": [', b'"runs": [7, '), shop.api, form="sarif")
    assert [each.content for each in evidence(shop)] == [None, None]
    assert all(each.problem is not None for each in evidence(shop))


# -- custom types ----------------------------------------------------------------------------------


def person(shop, **fields):
    """Sign a document of the type and hand it in."""
    statement = evidence_type_statement(json.dumps(fields).encode(), "person", about(shop))
    envelope = shop.signed(statement.predicate_type, statement.predicate)
    return shop.book.accept(envelope, shop.api).entry


@pytest.fixture
def staffed(shop):
    """A shop in which documents of the type ``person`` are judged."""
    shop.trust(predicate_type_of("person"))
    shop.book.publish_evidence_type(PERSON)
    return shop


@pytest.mark.parametrize(("age", "compliant"), [(18, True), (17, False)])
def test_a_signed_document_is_judged_by_its_type(staffed, age, compliant):
    entry = person(staffed, age=age)
    assert staffed.book.evaluation_of(entry).compliant is compliant
    document, evaluation = evidence(staffed)
    assert (document.content, document.problem) == (None, None)
    assert isinstance(evaluation.content, TypeEvaluation)
    assert (evaluation.content.compliant, evaluation.signed) == (compliant, True)
    assert evaluation.signers == document.signers
    assert evaluation.predicate_type == predicate_type_of("person")
    assert evaluation.document == document.document


def test_a_document_nobody_signed_is_judged_and_stays_unsigned(staffed):
    handed_in = staffed.book.report_evidence(b'{"age": 40}', staffed.api, name="person")
    assert handed_in.evaluation.compliant
    assert handed_in.evaluated.index == handed_in.reported.index + 1
    _, evaluation = evidence(staffed)
    assert evaluation.content == handed_in.evaluation
    assert not evaluation.signed


def test_handing_in_the_same_again_appends_nothing(staffed):
    person(staffed, age=20)
    size = staffed.book.size()
    person(staffed, age=20)
    staffed.book.report_evidence(b'{"age": 40}', staffed.api, name="person")
    staffed.book.report_evidence(b'{"age": 40}', staffed.api, name="person")
    assert staffed.book.size() == size + 2


def test_under_a_new_definition_the_same_document_is_judged_again(staffed):
    entry = person(staffed, age=20)
    staffed.book.publish_evidence_type(PERSON.replace(b"18", b"21"))
    assert staffed.book.evaluation_of(entry).compliant
    person(staffed, age=20)
    assert not staffed.book.evaluation_of(entry).compliant
    assert [each.content.compliant for each in evidence(staffed)[1:]] == [True, False]


def test_a_type_nobody_published_judges_nothing(staffed):
    staffed.trust(predicate_type_of("animal"))
    statement = evidence_type_statement(b'{"legs": 4}', "animal", about(staffed))
    with pytest.raises(GatebookError) as refused:
        staffed.book.accept(
            staffed.signed(statement.predicate_type, statement.predicate), staffed.api
        )
    assert refused.value.code == "intake.no-evidence-type"
    with pytest.raises(GatebookError):
        staffed.book.report_evidence(b"{}", staffed.api, name="animal")


def test_a_definition_that_does_not_compile_is_not_published(staffed):
    size = staffed.book.size()
    with pytest.raises(MalformedError):
        staffed.book.publish_evidence_type(PERSON.replace(b".age >= 18", b".age >= ("))
    assert staffed.book.size() == size


def test_an_evaluation_counts_only_while_its_document_does(staffed):
    person(staffed, age=20)
    staffed.trust("sbom")
    assert [each.problem is None for each in evidence(staffed)] == [False, False]
    assert evidence(staffed)[1].content is None


def test_an_evaluation_of_another_document_is_none_of_this_one(staffed):
    """Somebody who can write entries links the good evaluation to the bad document."""
    good = person(staffed, age=20)
    bad = person(staffed, age=3)
    entries = [e for _, e in staffed.book.entries() if isinstance(e.body, EvidenceEvaluated)]
    evaluation = next(each for each in entries if each.links[0].entry == good.id)
    from gatebook.ledger.entry import Draft, Link, Relation

    draft = Draft(
        actor=staffed.book.actor,
        subjects=evaluation.subjects,
        body=evaluation.body,
        evidence=evaluation.evidence,
        links=(Link(rel=Relation.EVALUATES, entry=bad.id),),
    )
    staffed.book._desk.append(draft)  # as no front door does
    last = evidence(staffed)[-1]
    assert (last.content, last.problem.code) == (None, "facts.evaluation-differs")
