"""Evidence signed by the holder of a certificate: from the intake to the replayed decision."""

import json

import pytest

from gatebook.audit.verify import verify_package
from gatebook.clock import FixedClock, Instant
from gatebook.digest import sha256
from gatebook.errors import GatebookError, MalformedError
from gatebook.ledger.kinds import BuildInformation, EvidenceAccepted, EvidenceRefused, Verdict
from gatebook.names import CommitId, RepositoryUri
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.workspace.book import Book

REPOSITORY = "https://github.com/acme/api"
WORKFLOW = f"{REPOSITORY}/.github/workflows/release.yml@refs/heads/main"
RUN = f"{REPOSITORY}/actions/runs/7/attempts/1"
COMMIT = "c" * 40
API = sha256(b"acme/api 1.0")
ISSUER = "https://token.actions.githubusercontent.com"
CLAIMS = {
    9: WORKFLOW,
    10: COMMIT,
    11: "github-hosted",
    12: REPOSITORY,
    13: COMMIT,
    14: "refs/heads/main",
    15: "4242",
    16: "https://github.com/acme",
    17: "77",
    18: WORKFLOW,
    19: COMMIT,
    20: "push",
    21: RUN,
}
CERTIFICATE = {
    "issuer": ISSUER,
    "repository": "acme/api",
    "workflow": ".github/workflows/release.yml",
    "ref": "refs/heads/main",
}
SCOPE = {
    "may-attest": ["provenance", "image-signature"],
    "repositories": [REPOSITORY],
    "environments": "any",
}


@pytest.fixture
def sigstore(sigstore_kit):
    return sigstore_kit.Sigstore()


@pytest.fixture
def root(sigstore):
    """A trust root that believes the release workflow of acme/api; arguments replace parts."""

    def write(*, authority=None, identity=None, more=()):
        return json.dumps(
            {
                "trust-root": "gatebook/trust-root/v1",
                "authorities": [
                    {
                        "id": "acme",
                        "profile": "private",
                        "trusted-root": sigstore.trusted_root().decode(),
                        **(authority or {}),
                    },
                    *more,
                ],
                "identities": [
                    {
                        "id": "release",
                        "authority": "acme",
                        "certificate": CERTIFICATE,
                        **SCOPE,
                        **(identity or {}),
                    }
                ],
            }
        ).encode()

    return write


@pytest.fixture
def book(tmp_path, root):
    clock = FixedClock(Instant.parse("2026-03-02T12:00:00Z"))
    with Book.create(tmp_path / "book", origin="ledger.example.com/acme", clock=clock) as book:
        book.publish_trust_root(root())
        yield book


def provenance(
    *, builder=WORKFLOW, repository=REPOSITORY, commit=COMMIT, ref="refs/heads/main", company
):
    predicate = {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": ref,
                    "repository": repository,
                    "path": ".github/workflows/release.yml",
                }
            },
            "resolvedDependencies": [
                {"uri": f"git+{repository}@{ref}", "digest": {"gitCommit": commit}}
            ],
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {"invocationId": RUN}},
    }
    return company.a_statement("https://slsa.dev/provenance/v1", predicate)


def signed(sigstore, statement):
    leaf = sigstore.leaf(identity=WORKFLOW, extensions=CLAIMS)
    return json.dumps(sigstore.sign_statement(statement, leaf=leaf)).encode()


@pytest.fixture
def signed_provenance(sigstore, company):
    return signed(sigstore, provenance(company=company))


def record(book):
    book.record(
        API,
        name="acme/api",
        build=BuildInformation(
            repository=RepositoryUri.parse(REPOSITORY), commit=CommitId.parse(COMMIT)
        ),
        people=["dev@example.com"],
    )


def refusal(book, document, subject=API):
    with pytest.raises(GatebookError) as refused:
        book.accept(document, subject)
    entry = book.entry(book.size() - 1)
    assert isinstance(entry.body, EvidenceRefused)
    assert entry.body.code == refused.value.code
    return refused.value.code


def test_a_workflow_attests_and_the_gate_lets_it_in(book, sigstore, company):
    record(book)
    entry = book.accept(signed(sigstore, provenance(company=company))).entry
    assert isinstance(entry.body, EvidenceAccepted)
    (signer,) = entry.body.signers
    assert str(signer.holder) == f"{ISSUER}#{WORKFLOW}"
    assert signer.trusted_as == "release"
    assert signer.certificate is not None
    assert (signer.certificate.source, signer.certificate.run) == (REPOSITORY, RUN)
    assert entry.body.proved is not None
    assert entry.body.proved.profile == "private"
    assert entry.body.proved.material == sha256(sigstore.trusted_root())
    assert [str(at) for at in entry.body.proved.times] == ["2026-03-01T12:00:00Z"]
    assert len(entry.body.proved.logs) == 1

    book.publish_contract(
        company.a_contract(
            {"id": "artifact-identified"},
            {
                "id": "provenance",
                "with": {"builders": [WORKFLOW], "repositories": [REPOSITORY]},
            },
            {
                "id": "released",
                "use": "attestation",
                "with": {
                    "predicates": ["provenance"],
                    "certificate": {**CERTIFICATE, "runner": "github-hosted"},
                    "profiles": ["private"],
                    "sources": [REPOSITORY],
                    "builders": [WORKFLOW],
                    "holders": [f"{ISSUER}#https://github.com/acme/**"],
                },
            },
            roles={},
        )
    )
    recorded = book.gate(API, "prod")
    assert recorded.decision.verdict is Verdict.ALLOW, recorded.decision.outcomes
    replayed = book.replay(recorded.entry.index)
    assert replayed.decision == recorded.decision
    report = verify_package(book.package(recorded.entry.index), log_key=None)
    assert report.decision.verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("demand", "found"),
    [
        ({"certificate": {**CERTIFICATE, "runner": "self-hosted"}}, "runner"),
        ({"profiles": ["public-good"]}, "the profile private"),
        ({"sources": ["https://github.com/acme/web"]}, "the source is"),
        ({"builders": ["https://ci.example.com/*"]}, "the builder is"),
        ({"holders": ["key#ci"]}, "the holder is"),
        ({"predicates": ["sbom"]}, "0 of 1 signers"),
        ({"count": 2}, "1 of 2 signers"),
    ],
    ids=["runner", "profile", "source", "builder", "holder", "predicate", "count"],
)
def test_what_a_contract_demands_of_the_signer_has_to_hold(book, sigstore, company, demand, found):
    record(book)
    book.accept(signed(sigstore, provenance(company=company)))
    book.publish_contract(
        company.a_contract(
            {"id": "attestation", "with": {"predicates": ["provenance"], **demand}}, roles={}
        )
    )
    recorded = book.gate(API, "prod")
    assert recorded.decision.verdict is Verdict.DENY
    (outcome,) = recorded.decision.outcomes
    assert found in outcome.finding.found


def test_a_plain_key_is_no_certificate(company):
    kit = company.a_book()
    kit.trust()
    demand = {"predicates": ["provenance"], "certificate": CERTIFICATE}
    kit.demand({"id": "attestation", "with": demand})
    kit.record()
    kit.accept(company.a_provenance())
    finding = kit.finding("attestation")
    assert finding.code == "policy.attestation-differs"
    assert "plain key" in finding.found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            {"builder": f"{REPOSITORY}/.github/workflows/other.yml@refs/heads/main"},
            "trust.slsa-builder-mismatch",
        ),
        ({"repository": "https://github.com/acme/web"}, "trust.repository-mismatch"),
        ({"commit": "d" * 40}, "trust.slsa-certificate-mismatch"),
        ({"ref": "refs/heads/dev"}, "trust.slsa-certificate-mismatch"),
    ],
    ids=["builder", "repository", "commit", "ref"],
)
def test_provenance_is_of_the_build_its_certificate_was_issued_to(
    book, sigstore, company, change, code
):
    record(book)
    good = provenance(company=company)
    assert book.accept(signed(sigstore, good)).entry.body.kind == "evidence.accepted"
    assert refusal(book, signed(sigstore, provenance(company=company, **change))) == code


def test_a_repository_in_scope_cannot_speak_for_another_one(tmp_path, root, sigstore, company):
    clock = FixedClock(Instant.parse("2026-03-02T12:00:00Z"))
    wide = root(identity={"repositories": ["https://github.com/acme/*"]})
    with Book.create(tmp_path / "other", origin="ledger.example.com/acme", clock=clock) as book:
        book.publish_trust_root(wide)
        web = provenance(company=company, repository="https://github.com/acme/web")
        assert refusal(book, signed(sigstore, web)) == "trust.slsa-certificate-mismatch"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("repository", "acme/web"),
        ("ref", "refs/tags/v*"),
        ("workflow", ".github/workflows/other.yml"),
        ("issuer", "https://gitlab.com"),
        ("repository-id", "4243"),
    ],
)
def test_only_the_identity_that_is_named_is_believed(book, root, signed_provenance, part, value):
    book.publish_trust_root(root(identity={"certificate": {**CERTIFICATE, part: value}}))
    assert refusal(book, signed_provenance) == f"trust.identity-{part}"


def test_another_authoritys_certificate_is_not_believed(book, sigstore_kit, company):
    stranger = sigstore_kit.Sigstore()
    code = refusal(book, signed(stranger, provenance(company=company)))
    assert code.startswith("trust.sigstore-")


def test_certificates_need_a_root_that_names_identities(tmp_path, sigstore, company):
    clock = FixedClock(Instant.parse("2026-03-02T12:00:00Z"))
    with Book.create(tmp_path / "keys", origin="ledger.example.com/acme", clock=clock) as book:
        book.publish_trust_root(company.a_trust_root())
        assert refusal(book, signed(sigstore, provenance(company=company))) == "trust.no-identity"


def test_the_proved_time_decides_and_not_the_time_of_handing_in(tmp_path, root, sigstore, company):
    clock = FixedClock(Instant.parse("2026-09-01T00:00:00Z"))
    current = root(identity={"not-after": "2026-03-31T00:00:00Z"})
    ended = root(identity={"not-after": "2026-02-28T00:00:00Z"})
    future = root(identity={"not-before": "2026-03-02T00:00:00Z"})
    document = signed(sigstore, provenance(company=company))
    with Book.create(tmp_path / "time", origin="ledger.example.com/acme", clock=clock) as book:
        book.publish_trust_root(current)
        book.accept(document)
        book.publish_trust_root(ended)
        assert refusal(book, document) == "trust.key-expired"
        book.publish_trust_root(future)
        assert refusal(book, document) == "trust.key-not-yet-valid"


def test_an_artifact_that_was_signed_is_evidence_too(book, sigstore):
    artifact = b"acme/api 1.0"
    leaf = sigstore.leaf(identity=WORKFLOW, extensions=CLAIMS)
    bundle = sigstore.sign_artifact(artifact, leaf=leaf)
    record(book)
    entry = book.accept(json.dumps(bundle).encode(), sha256(artifact)).entry
    assert entry.body.predicate_type == "https://sigstore.dev/cosign/sign/v1"
    other = sha256(b"acme/api 1.1")
    assert refusal(book, json.dumps(bundle).encode(), other).startswith("trust.")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"authority": {"profile": "lenient"}}, "profile"),
        ({"authority": {"profile": "github"}}, "github"),
        ({"authority": {"profile": "managed-key"}}, "managed keys"),
        ({"authority": {"trusted-root": "{}"}}, "acme"),
        ({"authority": {"allow": ["everything"]}}, "everything"),
        ({"authority": {"believe": True}}, "believe"),
        ({"identity": {"authority": "nobody"}}, "nobody"),
        ({"identity": {"certificate": {"issuer": ISSUER}}}, "who the signer is"),
        ({"identity": {"certificate": {"repository": "acme/api"}}}, "issuer"),
        ({"identity": {"may-attest": []}}, "may-attest"),
        ({"identity": {"certificates": {}}}, "certificates"),
    ],
)
def test_a_trust_root_that_says_too_little_is_refused(root, changes, text):
    TrustRoot.parse(root())
    with pytest.raises(MalformedError, match=text):
        TrustRoot.parse(root(**changes))


def test_two_authorities_may_not_share_a_name(root, sigstore):
    twin = {"id": "acme", "profile": "private", "trusted-root": sigstore.trusted_root().decode()}
    with pytest.raises(MalformedError, match="authority id"):
        TrustRoot.parse(root(more=[twin]))
    TrustRoot.parse(root(more=[{**twin, "id": "acme-2"}]))


def test_an_authority_for_certificates_vouches_for_no_key(root, company):
    document = json.loads(root())
    key = company.a_key("ci", "sbom", authority="acme")
    with pytest.raises(MalformedError, match="for certificates"):
        TrustRoot.parse(json.dumps({**document, "keys": [key]}).encode())
    document["authorities"].append(
        {**document["authorities"][0], "id": "kms", "profile": "managed-key"}
    )
    key["authority"] = "kms"
    TrustRoot.parse(json.dumps({**document, "keys": [key]}).encode())


def test_one_workflow_on_two_branches_is_one_signer(book, root, sigstore, company):
    document = json.loads(root())
    (release,) = document["identities"]
    release["certificate"] = {**CERTIFICATE, "ref": "refs/heads/*"}
    branch = WORKFLOW.replace("main", "next")
    claims = {**CLAIMS, 9: branch, 14: "refs/heads/next", 18: branch}
    there = provenance(company=company, builder=branch, ref="refs/heads/next")
    leaf = sigstore.leaf(identity=branch, extensions=claims)
    contract = {"id": "attestation", "with": {"predicates": ["provenance"], "count": 2}}
    record(book)

    def verdict(*identities):
        trust = json.dumps({**document, "identities": list(identities)}).encode()
        book.publish_trust_root(trust)
        for signed_by in (
            signed(sigstore, provenance(company=company)),
            json.dumps(sigstore.sign_statement(there, leaf=leaf)).encode(),
        ):
            book.accept(signed_by)
        book.publish_contract(company.a_contract(contract, roles={}))
        return book.gate(API, "prod").decision.verdict

    assert verdict(release) is Verdict.DENY
    # Whoever writes down two members means two signers.
    main = {**release, "certificate": CERTIFICATE}
    ahead = {**release, "id": "next", "certificate": {**CERTIFICATE, "ref": "refs/heads/next"}}
    assert verdict(main, ahead) is Verdict.ALLOW
