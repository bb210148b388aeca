"""Requests that may be made, and the artifact they are about."""

import hashlib

import click
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.cli.commands.verify_attestation import command
from gatebook.clock import Instant
from gatebook.digest import ALGORITHMS, Digest, DigestSet
from gatebook.errors import GatebookError, UsageError, VerificationError
from gatebook.formats.attestations import AttestationDocument, AttestationKind
from gatebook.formats.intoto import Statement, Subject
from gatebook.trust.refusals import SubjectMismatchError
from gatebook.trust.request.documents import most_telling, verify_documents
from gatebook.trust.request.root import RequestRoot, SignerChoice, open_constraint
from gatebook.trust.request.subject import RequestSubject
from gatebook.trust.request.verification import VerificationRequest, verify_request
from gatebook.trust.root.trust_root import LENIENCIES
from gatebook.trust.signing.bundles import sign_blob
from gatebook.trust.signing.signers import LocalSigner
from gatebook.trust.sigstore.managed_key import ManagedKey
from gatebook.trust.slsa.expectations import ProvenanceExpectations

NOW = Instant.parse("2026-11-20T00:00:00Z")
ARTIFACT = RequestSubject.of_bytes(b"the artifact")


def statement(*subjects: dict[str, str]) -> Statement:
    return Statement(
        subjects=tuple(Subject(digests=DigestSet.of(each)) for each in subjects),
        predicate_type="https://example.com/p",
        predicate={},
    )


def a_key() -> ManagedKey:
    return ManagedKey(public_key=LocalSigner(Ed25519PrivateKey.generate()).public_key)


@pytest.fixture(scope="module")
def by_key() -> RequestRoot:
    return RequestRoot.of_keys(
        [ManagedKey(public_key=LocalSigner(Ed25519PrivateKey.generate()).public_key)]
    )


def test_an_artifact_has_all_its_digests() -> None:
    assert {each.algorithm for each in ARTIFACT.digests} == set(ALGORITHMS)
    for each in ARTIFACT.digests:
        assert each.hex == hashlib.new(each.algorithm, b"the artifact").hexdigest()
    assert ARTIFACT.by("sha512").algorithm == "sha512"
    assert ARTIFACT.by("sha1") == ARTIFACT.digests[0]


def test_an_artifact_needs_one_digest_by_each_algorithm() -> None:
    with pytest.raises(UsageError):
        RequestSubject(digests=())
    with pytest.raises(UsageError):
        RequestSubject(digests=(ARTIFACT.digests[0], Digest("sha256", "0" * 64)))


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["sha256", "sha384", "sha512", "sha1"]), st.booleans(), min_size=1
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=200)
def test_a_subject_counts_when_something_is_shared_and_all_of_it_agrees(
    described: list[dict[str, bool]],
) -> None:
    def value(algorithm: str, *, good: bool) -> str:
        data = b"the artifact" if good else b"something else"
        return hashlib.new(algorithm, data).hexdigest()

    said = statement(
        *({name: value(name, good=good) for name, good in each.items()} for each in described)
    )
    known = [{k: v for k, v in each.items() if k in ALGORITHMS} for each in described]
    matching = [each for each in known if each and all(each.values())]
    chosen = ARTIFACT.choose(said)
    assert chosen in ARTIFACT.digests
    if matching:
        ARTIFACT.check(said)
        assert chosen.algorithm == max(matching[0])  # the strongest, as the names sort
    else:
        with pytest.raises(SubjectMismatchError):
            ARTIFACT.check(said)


def test_a_request_that_would_believe_anybody_cannot_be_made(by_key: RequestRoot) -> None:
    anybody = RequestRoot(
        trusted=by_key.trusted, choice=SignerChoice.BUILD, expected_signer="whoever"
    )
    subject = ARTIFACT
    build = ProvenanceExpectations(builder_id="https://builder.example")
    for root, expected in (
        (anybody, None),
        (anybody, build),
        (by_key, ProvenanceExpectations(source_uri="github.com/a/b", signer_is_expected=False)),
        (
            anybody,
            ProvenanceExpectations(source_uri="github.com/a/b", signer_is_expected=True),
        ),
    ):
        with pytest.raises(UsageError) as refusal:
            VerificationRequest(subject=subject, root=root, at=NOW, build=expected)
        assert refusal.value.code == "trust.request-signer"


def test_a_root_of_no_keys_cannot_be_made() -> None:
    with pytest.raises(UsageError):
        RequestRoot.of_keys([])


def test_the_same_beliefs_have_the_same_digest() -> None:
    key = a_key()
    once, again = RequestRoot.of_keys([key]), RequestRoot.of_keys([key, key])
    assert once.trusted.digest == again.trusted.digest
    bounded = ManagedKey(public_key=key.public_key, not_after=NOW)
    assert RequestRoot.of_keys([bounded]).trusted.digest != once.trusted.digest


def test_an_open_signer_lives_where_the_source_does() -> None:
    for source in ("github.com/a/b", "https://github.com/a/b", "git+https://github.com/a/b"):
        constraint = open_constraint(source, "https://issuer.example")
        assert constraint.as_json()["build-signer"] == {"host": "github.com"}
    with pytest.raises(GatebookError):
        open_constraint("/a/b", "https://issuer.example")


def test_no_documents_are_no_success(by_key: RequestRoot) -> None:
    request = VerificationRequest(subject=ARTIFACT, root=by_key, at=NOW)
    with pytest.raises(VerificationError):
        verify_documents((), request)
    told = most_telling(())
    assert told is not None
    assert told.code == "trust.no-attestation"


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_are_refused_in_our_own_words(by_key: RequestRoot, data: bytes) -> None:
    request = VerificationRequest(subject=ARTIFACT, root=by_key, at=NOW)
    with pytest.raises(GatebookError):
        verify_request(data, request)
    document = AttestationDocument(kind=AttestationKind.BUNDLE, data=data)
    (verdict,) = verify_documents((document,), request)
    assert verdict.report is None
    assert most_telling((verdict,)) is verdict.refusal


def test_the_command_allows_what_a_trust_root_may_allow() -> None:
    (option,) = [each for each in command.params if each.name == "allow"]
    assert isinstance(option.type, click.Choice)
    assert set(option.type.choices) == set(LENIENCIES)


def test_bytes_that_are_not_the_subject_are_not_verified_in_its_place() -> None:
    signer = LocalSigner(Ed25519PrivateKey.generate())
    root = RequestRoot.of_keys([ManagedKey(public_key=signer.public_key)])
    document = sign_blob(b"the artifact", signer)
    good = VerificationRequest(subject=ARTIFACT, root=root, at=NOW)
    assert verify_request(document, good).subject == ARTIFACT.digests[0]
    other = RequestSubject(
        digests=RequestSubject.of_bytes(b"another").digests, artifact=b"the artifact"
    )
    with pytest.raises(SubjectMismatchError):
        verify_request(document, VerificationRequest(subject=other, root=root, at=NOW))
