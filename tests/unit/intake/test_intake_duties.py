"""An attacker at the intake: what may be handed in, and what it cannot bring about."""

import json
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from gatebook.clock import Duration, FixedClock, Instant
from gatebook.digest import DigestSet, sha256
from gatebook.errors import DeniedError, GatebookError, UndecidedError, UsageError
from gatebook.formats.intoto import Statement, Subject
from gatebook.gate.decision import Decision
from gatebook.intake.deployments import DeploymentStatus
from gatebook.intake.evidence import Attachment
from gatebook.intake.statements import (
    predicate_statement,
    provenance_statement,
    sbom_statement,
    test_result_statement,
)
from gatebook.ledger.kinds import BuildInformation, Verdict
from gatebook.names import Actor, CommitId, RepositoryUri
from gatebook.trust.signing.signers import LocalSigner
from gatebook.workspace.book import Book

NOON = Instant.parse("2026-11-20T12:00:00Z")
API = "https://git.example.com/acme/api"
WEB = "https://git.example.com/acme/web"
BUILDER = "https://ci.example.com/runner"
COMMIT, OTHER_COMMIT = "c" * 40, "d" * 40
ARTIFACT = sha256(b"api 1.0")
MALLORY = Actor.parse("local#mallory")
SBOM = b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"x"}]}'
JUNIT = b'<testsuite name="t"><testcase name="a" classname="x"/></testsuite>'


def signer(name: str) -> LocalSigner:
    return LocalSigner(ed25519.Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).raw))


def a_key(name: str, repositories: object, *may: str) -> dict[str, object]:
    return {
        "id": name,
        "public-key": signer(name).public_pem.decode(),
        "may-attest": list(may),
        "repositories": repositories,
        "environments": "any",
    }


TRUST = json.dumps(
    {
        "trust-root": "gatebook/trust-root/v1",
        "keys": [
            a_key("api-ci", [API], "provenance", "sbom", "test-result"),
            a_key("web-ci", [WEB], "provenance", "sbom", "test-result"),
            a_key("ana", "any", "approval"),
            a_key("ben", "any", "approval"),
        ],
        "people": [
            # Everybody is linked: an author nobody knows could be the approver.
            {"id": name, "actors": [f"key#{name}"], "emails": [f"{name}@example.com"]}
            for name in ("ana", "ben", "nobody", "dev")
        ],
    }
).encode()
CONTRACT = json.dumps(
    {
        "contract": "gatebook/contract/v1",
        "environment": "prod",
        "roles": {"manager": ["ana", "ben"]},
        "controls": [
            {"id": "artifact-identified"},
            {"id": "provenance", "with": {"builders": [BUILDER], "repositories": [API]}},
            {"id": "sbom"},
            {"id": "tests-passed"},
            {"id": "approval", "with": {"role": "manager"}},
        ],
    }
).encode()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def book(tmp_path: Path, clock: FixedClock) -> Book:
    book = Book.create(tmp_path / "book", origin="ledger.example.com/acme", clock=clock)
    book.publish_trust_root(TRUST)
    book.publish_contract(CONTRACT)
    return book


@pytest.fixture(autouse=True)
def _close(book: Book) -> object:
    yield
    book.close()


def build(repository: str = API, commit: str | None = COMMIT) -> BuildInformation:
    return BuildInformation(
        repository=RepositoryUri.parse(repository),
        commit=None if commit is None else CommitId.parse(commit),
        builder=BUILDER,
        ref="refs/heads/main",
    )


def record(book: Book, *, repository: str = API, **more: object) -> None:
    arguments: dict[str, object] = {"people": ["ana@example.com"], "build": build(repository)}
    book.record(ARTIFACT, name="api", **{**arguments, **more})  # type: ignore[arg-type]


def about(digest: str = ARTIFACT.hex) -> Subject:
    return Subject(name="api", digests=DigestSet.of({"sha256": digest}))


def provenance(repository: str = API, commit: str = COMMIT) -> Statement:
    return provenance_statement(about(), build(repository, commit), finished=NOON)


def attest(book: Book, key: str = "api-ci", *, commit: str = COMMIT) -> None:
    book.attest(provenance(commit=commit), ARTIFACT, signer(key))
    book.attest(sbom_statement(SBOM, about()), ARTIFACT, signer(key))
    statement, report = test_result_statement(JUNIT, about())
    book.attest(statement, ARTIFACT, signer(key), attachments=[report])


def approve(book: Book, who: str) -> None:
    signed = book.sign_approval(ARTIFACT, "prod", role="manager", signer=signer(who))
    book.approve(signed, ARTIFACT, "prod")


def judge(book: Book) -> Decision:
    return book.gate(ARTIFACT, "prod").decision


def verdict(book: Book) -> Verdict:
    return judge(book).verdict


def code_of(refused: "pytest.ExceptionInfo[GatebookError]") -> str:
    return refused.value.code


def test_the_honest_way_is_open(book: Book) -> None:
    record(book)
    attest(book)
    assert verdict(book) is Verdict.DENY
    approve(book, "ben")
    assert verdict(book) is Verdict.ALLOW


def test_an_author_stays_one_whatever_else_is_recorded(book: Book) -> None:
    record(book)
    attest(book)
    # Mallory records the artifact again, as somebody else's work.
    record(book, people=["nobody@example.com"], by=MALLORY)
    with pytest.raises(DeniedError) as refused:
        approve(book, "ana")
    assert code_of(refused) == "policy.approver-is-author"
    approve(book, "ben")
    assert verdict(book) is Verdict.ALLOW


def test_naming_an_approver_as_author_takes_their_approval_back(book: Book) -> None:
    record(book)
    attest(book)
    approve(book, "ben")
    assert verdict(book) is Verdict.ALLOW
    record(book, people=["ben@example.com"], by=MALLORY)
    assert verdict(book) is Verdict.DENY


def test_a_recording_without_authors_opens_nothing(book: Book) -> None:
    record(book)
    attest(book)
    approve(book, "ben")
    record(book, people=(), by=MALLORY)
    assert verdict(book) is Verdict.DENY
    with pytest.raises(DeniedError) as refused:
        approve(book, "ben")
    assert code_of(refused) == "policy.authors-unknown"


def test_authors_are_those_of_a_commit(book: Book) -> None:
    size = book.size()
    for nothing in (None, build(commit=None)):
        with pytest.raises(UsageError) as refused:
            record(book, build=nothing, people=["nobody@example.com"], by=MALLORY)
        assert code_of(refused) == "intake.authors-without-commit"
    assert book.size() == size


def test_authors_of_another_commit_do_not_stand_for_those_of_this(book: Book) -> None:
    record(book, build=build(commit=OTHER_COMMIT), people=["nobody@example.com"], by=MALLORY)
    attest(book)
    approve(book, "ana")
    decision = judge(book)
    assert decision.verdict is Verdict.DENY
    found = {str(each.control): each.finding.code for each in decision.outcomes}
    assert found["provenance"] == "policy.provenance-differs"


def test_a_key_of_another_repository_vouches_for_nothing_here(book: Book) -> None:
    record(book)
    size = book.size()
    for statement in (provenance(), provenance(WEB), sbom_statement(SBOM, about())):
        with pytest.raises(GatebookError) as refused:
            book.attest(statement, ARTIFACT, signer("web-ci"))
        assert code_of(refused).startswith("trust.repository")
    assert book.size() == size + 3, "each refusal is in the book"
    assert verdict(book) is Verdict.DENY


def test_a_recording_with_another_repository_lets_no_other_key_in(book: Book) -> None:
    record(book)
    attest(book)
    approve(book, "ben")
    record(book, repository=WEB, people=["nobody@example.com"], by=MALLORY)
    with pytest.raises(GatebookError) as refused:
        book.attest(sbom_statement(SBOM, about()), ARTIFACT, signer("web-ci"))
    assert code_of(refused) == "trust.repository-unknown"
    assert verdict(book) is not Verdict.ALLOW, "nobody can say any more whose artifact it is"


def test_the_other_repository_first_changes_nothing(book: Book) -> None:
    record(book, repository=WEB, by=MALLORY)
    book.attest(provenance(WEB), ARTIFACT, signer("web-ci"))
    book.attest(sbom_statement(SBOM, about()), ARTIFACT, signer("web-ci"))
    approve(book, "ben")
    found = {str(each.control): each.finding.code for each in judge(book).outcomes}
    assert found["provenance"] == "policy.provenance-differs"


def test_nothing_unsigned_opens_the_gate(book: Book) -> None:
    record(book)
    statement, report = test_result_statement(JUNIT, about())
    for document, form in ((SBOM, "cyclonedx"), (report.data, "junit"), (b"{}", "provenance")):
        book.report(document, ARTIFACT, form=form)
    for kind in (provenance(), statement):
        with pytest.raises(GatebookError):
            book.attest(kind, ARTIFACT, signer("mallory"))
    statuses = {str(each.control): each.finding.status.value for each in judge(book).outcomes}
    assert [statuses[name] for name in ("provenance", "sbom", "tests-passed")] == ["missing"] * 3


def test_a_report_that_contradicts_the_signed_result(book: Book) -> None:
    record(book)
    attest(book)
    approve(book, "ben")
    statement, _ = test_result_statement(JUNIT, about())
    failed = JUNIT.replace(b"/></testsuite>", b"><failure/></testcase></testsuite>")
    other = Attachment(data=failed, media_type="application/vnd.gatebook.junit+xml")
    envelope, _ = book.attest(
        statement, ARTIFACT, signer("api-ci"), by=Actor.parse("local#x"), attachments=[other]
    )
    assert envelope
    assert verdict(book) is not Verdict.ALLOW


def test_an_approval_is_for_one_artifact_environment_role_and_contract(book: Book) -> None:
    record(book)
    attest(book)
    book.publish_contract(CONTRACT.replace(b'"prod"', b'"staging"'))
    signed = book.sign_approval(ARTIFACT, "prod", role="manager", signer=signer("ben"))
    with pytest.raises(GatebookError) as refused:
        book.approve(signed, ARTIFACT, "staging")
    assert code_of(refused) == "intake.approval-void"
    with pytest.raises(GatebookError) as refused:
        book.approve(signed, sha256(b"another"), "prod")
    assert code_of(refused) == "trust.subject-mismatch"
    with pytest.raises(GatebookError) as refused:
        book.approve(
            book.sign_approval(ARTIFACT, "prod", role="auditor", signer=signer("ben")),
            ARTIFACT,
            "prod",
        )
    assert code_of(refused) == "intake.role-not-asked"
    book.publish_contract(CONTRACT.replace(b'"sbom"', b'"sbom", "mode": "warn"'))
    with pytest.raises(GatebookError) as refused:
        book.approve(signed, ARTIFACT, "prod")
    assert code_of(refused) == "intake.approval-void"
    assert verdict(book) is Verdict.DENY


def test_a_holder_of_no_role_cannot_approve(book: Book) -> None:
    book.publish_contract(CONTRACT.replace(b'["ana", "ben"]', b'["ana"]'))
    record(book, people=["dev@example.com"])
    with pytest.raises(DeniedError) as refused:
        approve(book, "ben")
    assert code_of(refused) == "intake.not-in-role"


def test_without_rules_nothing_is_recorded(tmp_path: Path) -> None:
    with Book.create(tmp_path / "empty", origin="ledger.example.com/empty") as book:
        with pytest.raises(UndecidedError) as refused:
            book.accept(b"{}", ARTIFACT)
        assert code_of(refused) == "intake.no-trust-root"
        with pytest.raises(UndecidedError) as refused:
            book.approve(b"{}", ARTIFACT, "prod")
        assert code_of(refused) == "intake.no-contract"
        assert book.size() == 1
        assert book.gate(ARTIFACT, "prod").decision.verdict is Verdict.UNDECIDED


def test_what_is_about_nothing_sure_is_refused_about_nothing(book: Book) -> None:
    for data in (b"nonsense", b"{}", b""):
        with pytest.raises(GatebookError):
            book.accept(data)
        newest = book.entry(book.size() - 1)
        assert (newest.kind, newest.subjects) == ("evidence.refused", ())
    several = Statement(
        subjects=(about(), about("0" * 64)),
        predicate_type="https://example.com/x",
        predicate={},
    )
    with pytest.raises(UsageError) as refused:
        book.accept(
            book_envelope(several),
        )
    assert code_of(refused) == "intake.subject-needed"


def book_envelope(statement: Statement) -> bytes:
    from gatebook.formats.intoto import encode_statement
    from gatebook.trust.signing.signers import sign_statement

    return sign_statement(encode_statement(statement), signer("api-ci")).encode()


def test_provenance_without_all_it_needs_is_not_signed() -> None:
    whole = build()
    for name in ("builder", "repository", "commit", "ref"):
        with pytest.raises(UsageError) as refused:
            provenance_statement(
                about(), msgspec.structs.replace(whole, **{name: None}), finished=NOON
            )
        assert code_of(refused) == "intake.provenance-incomplete"
        assert f"--{name}" in refused.value.message


def test_a_predicate_that_is_no_object(book: Book) -> None:
    for bad in (b"[]", b"1", b"null", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff"):
        with pytest.raises(GatebookError):
            predicate_statement(bad, "https://example.com/x", about())
    assert book.size() == 3


def test_which_decision_a_deployment_was_done_under(book: Book, clock: FixedClock) -> None:
    record(book)
    attest(book)

    def deployed(**more: object) -> bool:
        entry = book.deploy(ARTIFACT, "prod", name="api", **more)  # type: ignore[arg-type]
        return bool(entry.entry.links)

    assert not deployed()
    approve(book, "ben")
    clock.instant = NOON + Duration.parse("1h")
    allowed = book.gate(ARTIFACT, "prod")
    assert allowed.decision.verdict is Verdict.ALLOW
    assert deployed()
    assert deployed(status=DeploymentStatus.STARTED)
    assert not deployed(occurred=NOON), "that was before the decision"
    assert not book.deploy(ARTIFACT, "staging", name="api").entry.links
    clock.instant = NOON + Duration.parse("2h")
    record(book, people=())
    assert book.gate(ARTIFACT, "prod").decision.verdict is Verdict.DENY
    assert not deployed(), "a later deny takes the allow back"
    assert deployed(occurred=NOON + Duration.parse("90m")), "but not for what happened before it"
    assert deployed(decision=allowed.entry.index)


def test_people_are_behind_a_salt(book: Book) -> None:
    record(book, people=["Secret.Person@example.com"])
    files = [path for path in book.directory.rglob("*") if path.is_file()]
    assert not any(b"secret.person" in path.name.encode() for path in files)
    entry = book.entry_bytes(book.size() - 1)
    assert b"secret.person" not in entry.lower()
    digest = book.entry(book.size() - 1).evidence[0]
    assert digest.salted
    again = book.entry(book.size() - 1).evidence[0].digest
    record(book, people=["Secret.Person@example.com"])
    assert book.entry(book.size() - 1).evidence[0].digest != again


def test_too_many_or_no_people(book: Book) -> None:
    size = book.size()
    with pytest.raises(GatebookError):
        record(book, people=[f"{number}@example.com" for number in range(1001)])
    assert book.size() == size
