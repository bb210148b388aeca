"""The verifier: what is believed, and every reason why something is not.

Each refusal differs from an attestation that is believed in exactly one point.
"""

import base64
import copy
import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.dsse import Envelope, Signature, pae
from gatebook.formats.intoto import PAYLOAD_TYPE, PredicateKind
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signing.signers import LocalSigner, sign_statement
from gatebook.trust.verified import VerifiedStatement
from gatebook.trust.verify import verify_attestation

ARTIFACT = Digest("sha256", "a" * 64)
NOON = Instant.parse("2026-11-20T12:00:00Z")
API = RepositoryUri.parse("https://github.com/acme/api")
PROD = EnvironmentName.parse("prod")
ALL = {"subject": ARTIFACT, "at": NOON, "repository": API, "environment": PROD}

Signers = Mapping[str, LocalSigner]
Roots = Callable[..., TrustRoot]
Provenances = Callable[..., bytes]


def signed(statement: bytes, signer: LocalSigner) -> bytes:
    return sign_statement(statement, signer).encode()


def refused(code: str, envelope: bytes, root: TrustRoot, **changes: Any) -> GatebookError:
    with pytest.raises(GatebookError) as refusal:
        verify_attestation(envelope, root=root, **{**ALL, **changes})
    assert refusal.value.code == code
    return refusal.value


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("ed25519", KeyAlgorithm.ED25519),
        ("p256", KeyAlgorithm.ECDSA_P256),
        ("p384", KeyAlgorithm.ECDSA_P384),
    ],
)
def test_an_attestation_by_a_trusted_key_is_believed(
    name: str, algorithm: KeyAlgorithm, signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope, root = signed(a_provenance(), signers[name]), a_root(name)
    verified = verify_attestation(envelope, root=root, **ALL)
    assert verified.kind is PredicateKind.PROVENANCE
    assert verified.subject.name == "api"
    assert verified.digest == ARTIFACT
    assert len(verified.subjects) == 2
    assert verified.document_digest == sha256(envelope)
    assert verified.root_digest == root.digest
    assert verified.repository == API
    assert verified.verified_at == NOON
    (signer,) = verified.signers
    assert (signer.id, signer.algorithm) == ("ci", algorithm)
    assert signer.valid_until == Instant.parse("2027-01-01T00:00:00Z")


def test_verifying_twice_gives_the_same(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope, root = signed(a_provenance(), signers["p256"]), a_root("p256")
    assert verify_attestation(envelope, root=root, **ALL) == verify_attestation(
        envelope, root=root, **ALL
    )


def test_the_person_behind_the_key_is_named(
    signers: Signers, a_root: Roots, an_sbom: bytes
) -> None:
    root = a_root(more="people:\n  - {id: ana, actors: ['key#ci']}\n")
    verified = verify_attestation(signed(an_sbom, signers["ed25519"]), root=root, **ALL)
    assert verified.signers[0].person == "ana"


# --- step 2: payload type ---------------------------------------------------------------------


def _sign_as(payload_type: str, statement: bytes, signer: LocalSigner) -> bytes:
    signature = Signature(sig=signer.sign(pae(payload_type, statement)))
    return Envelope(payload_type=payload_type, payload=statement, signatures=(signature,)).encode()


def test_another_payload_type_is_refused_though_it_is_signed(
    signers: Signers, a_root: Roots, an_sbom: bytes
) -> None:
    good = _sign_as(PAYLOAD_TYPE, an_sbom, signers["ed25519"])
    assert verify_attestation(good, root=a_root(), **ALL)
    bad = _sign_as("application/json", an_sbom, signers["ed25519"])
    refused("trust.payload-type", bad, a_root())


# --- step 3: signatures -----------------------------------------------------------------------


def _edited(envelope: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    document = canonical.loads(envelope)
    change(document)
    return json.dumps(document).encode()


def test_a_changed_payload_is_refused(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope = signed(a_provenance(), signers["ed25519"])
    other = base64.b64encode(a_provenance().replace(b"main", b"evil")).decode()
    bad = _edited(envelope, lambda document: document.update(payload=other))
    refused("trust.no-valid-signature", bad, a_root())


def test_a_changed_payload_type_is_refused(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope = signed(a_provenance(), signers["ed25519"])
    other = "application/vnd.in-toto.provenance+json"
    bad = _edited(envelope, lambda document: document.update(payloadType=other))
    refused("trust.no-valid-signature", bad, a_root())


def test_a_signature_of_another_envelope_is_refused(
    signers: Signers, a_root: Roots, a_provenance: Provenances, an_sbom: bytes
) -> None:
    other = canonical.loads(signed(an_sbom, signers["ed25519"]))["signatures"]
    bad = _edited(
        signed(a_provenance(), signers["ed25519"]),
        lambda document: document.update(signatures=other),
    )
    refused("trust.no-valid-signature", bad, a_root())


def test_a_signature_over_the_bare_payload_is_refused(
    signers: Signers, a_root: Roots, an_sbom: bytes
) -> None:
    bare = Signature(sig=signers["ed25519"].sign(an_sbom))
    envelope = Envelope(payload_type=PAYLOAD_TYPE, payload=an_sbom, signatures=(bare,))
    refused("trust.no-valid-signature", envelope.encode(), a_root())


@pytest.mark.parametrize("keyid", ["other", "ci", "", "f" * 64])
def test_a_key_id_is_a_hint_only(
    keyid: str, signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope = _edited(
        signed(a_provenance(), signers["ed25519"]),
        lambda document: document["signatures"][0].update(keyid=keyid),
    )
    assert verify_attestation(envelope, root=a_root(), **ALL)


def test_the_key_id_of_a_trusted_key_does_not_help_another_key(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    trusted = signers["ed25519"].public_key.spki.hex
    envelope = _edited(
        signed(a_provenance(), signers["other"]),
        lambda document: document["signatures"][0].update(keyid=trusted),
    )
    refused("trust.no-valid-signature", envelope, a_root())


def test_a_key_that_the_root_does_not_have_is_named(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    refusal = refused("trust.unknown-key", signed(a_provenance(), signers["other"]), a_root())
    assert signers["other"].public_key.spki.hex in refusal.message
    assert refusal.hint


def test_one_good_signature_among_others_is_enough_and_only_it_is_reported(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    statement = a_provenance()
    good = sign_statement(statement, signers["ed25519"]).signatures
    unknown = sign_statement(statement, signers["other"]).signatures
    broken = (Signature(keyid="ci", sig=b"x" * 64), Signature(sig=b"\x30\x00"))
    envelope = Envelope(
        payload_type=PAYLOAD_TYPE, payload=statement, signatures=(*unknown, *broken, *good, *good)
    )
    verified = verify_attestation(envelope.encode(), root=a_root(), **ALL)
    assert [signer.id for signer in verified.signers] == ["ci"]


def _two_keys(
    root_bytes: Callable[..., bytes], second: dict[str, str | None] | None = None
) -> TrustRoot:
    more = root_bytes("p256", id="second", **(second or {})).split(b"keys:\n")[1]
    return TrustRoot.parse(root_bytes() + more)


def _signed_by_both(statement: bytes, signers: Signers) -> bytes:
    first = sign_statement(statement, signers["p256"])
    second = sign_statement(statement, signers["ed25519"])
    return msgspec.structs.replace(
        first, signatures=(*first.signatures, *second.signatures)
    ).encode()


def test_every_key_that_satisfies_everything_is_reported_in_the_order_of_the_root(
    root_bytes: Callable[..., bytes], signers: Signers, a_provenance: Provenances
) -> None:
    envelope = _signed_by_both(a_provenance(), signers)
    verified = verify_attestation(envelope, root=_two_keys(root_bytes), **ALL)
    assert [signer.id for signer in verified.signers] == ["ci", "second"]


@pytest.mark.parametrize(
    "second",
    [
        {"not_after": "2026-06-01T00:00:00Z"},
        {"may_attest": "[sbom]"},
        {"repositories": '["https://github.com/other/*"]'},
        {"environments": "[staging]"},
    ],
)
def test_a_second_key_out_of_its_scope_neither_helps_nor_harms(
    second: dict[str, str | None],
    root_bytes: Callable[..., bytes],
    signers: Signers,
    a_provenance: Provenances,
) -> None:
    envelope = _signed_by_both(a_provenance(), signers)
    verified = verify_attestation(envelope, root=_two_keys(root_bytes, second), **ALL)
    assert [signer.id for signer in verified.signers] == ["ci"]


def test_of_several_refusals_the_one_that_got_furthest_is_told(
    root_bytes: Callable[..., bytes], signers: Signers, a_provenance: Provenances
) -> None:
    envelope = _signed_by_both(a_provenance(), signers)
    root = _two_keys(root_bytes, {"not_after": "2026-06-01T00:00:00Z"})
    elsewhere = EnvironmentName.parse("dev")
    refused("trust.environment-not-allowed", envelope, root, environment=elsewhere)


# --- step 4: validity ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2025-12-31T23:59:59.999Z", "trust.key-not-yet-valid"),
        ("2026-01-01T00:00:00Z", None),
        ("2027-01-01T00:00:00Z", None),
        ("2027-01-01T00:00:00.001Z", "trust.key-expired"),
    ],
)
def test_a_key_is_believed_in_a_closed_interval(
    at: str, code: str | None, signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope, instant = signed(a_provenance(), signers["ed25519"]), Instant.parse(at)
    if code is None:
        assert verify_attestation(envelope, root=a_root(), **{**ALL, "at": instant})
    else:
        refused(code, envelope, a_root(), at=instant)


# --- steps 5 and 6: statement and subject -------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b'"subject":', b'"subject":[],"subject":'),
        lambda text: text.replace(b'"_type"', b'"_Type"'),
        lambda text: text + b" {}",
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.decode().encode("utf-16"),
        lambda text: text.replace(b"acme", b"\xff"),
        lambda text: text.replace(b'"predicate":', b'"predicate":NaN,"x":'),
        lambda _: b"",
        lambda _: b"{}",
    ],
    ids=[
        "duplicate-key",
        "key-case",
        "trailing",
        "bom",
        "utf-16",
        "not-utf-8",
        "nan",
        "empty",
        "no-statement",
    ],
)
def test_a_signed_payload_that_is_not_strictly_a_statement_is_refused(
    change: Callable[[bytes], bytes], signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    payload = change(a_provenance())
    envelope = _sign_as(PAYLOAD_TYPE, payload, signers["ed25519"])
    with pytest.raises(MalformedError):
        verify_attestation(envelope, root=a_root(), **ALL)


def test_a_statement_about_something_else_is_refused(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope = signed(a_provenance(digest="b" * 64), signers["ed25519"])
    refusal = refused("trust.subject-mismatch", envelope, a_root())
    assert "sha256:aaaaaaaaaaaa" in refusal.message
    assert "sha256:bbbbbbbbbbbb" in refusal.message
    refused("trust.subject-mismatch", envelope, a_root(), subject=Digest("sha512", "b" * 128))


# --- step 7: predicate type ---------------------------------------------------------------------


def test_a_key_may_attest_what_the_root_says_and_nothing_else(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope = signed(a_provenance(), signers["ed25519"])
    refused("trust.predicate-not-allowed", envelope, a_root(may_attest="[sbom]"))
    exact = a_root(may_attest='["https://slsa.dev/provenance/v1"]')
    assert verify_attestation(envelope, root=exact, **ALL)
    other = a_root(may_attest='["https://slsa.dev/provenance/v0.2"]')
    refused("trust.predicate-not-allowed", envelope, other)


def test_an_unknown_predicate_type_is_not_believed_unless_it_is_listed(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    unknown = "https://slsa.dev/provenance/v1/"
    envelope = signed(a_provenance(predicate_type=unknown), signers["ed25519"])
    refused("trust.predicate-not-allowed", envelope, a_root())


# --- step 8: repository -------------------------------------------------------------------------


def test_a_provenance_of_another_repository_is_refused(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    foreign = signed(a_provenance(repository="https://github.com/eve/api"), signers["ed25519"])
    refused("trust.repository-not-allowed", foreign, a_root(), repository=None)
    refused("trust.repository-mismatch", foreign, a_root())
    neighbour = signed(a_provenance(repository="https://github.com/acme/web"), signers["ed25519"])
    assert verify_attestation(neighbour, root=a_root(), **{**ALL, "repository": None})
    refused("trust.repository-mismatch", neighbour, a_root())
    refused("trust.repository-mismatch", neighbour, a_root(repositories="any"))


def test_a_provenance_that_does_not_name_its_source_is_not_helped_by_the_caller(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    unknown = signed(a_provenance(build_type="https://example.com/build"), signers["ed25519"])
    refused("trust.repository-unknown", unknown, a_root())
    verified = verify_attestation(unknown, root=a_root(repositories="any"), **ALL)
    assert verified.repository is None


def test_a_scoped_key_needs_to_know_the_repository(
    signers: Signers, a_root: Roots, an_sbom: bytes
) -> None:
    envelope = signed(an_sbom, signers["ed25519"])
    assert verify_attestation(envelope, root=a_root(), **ALL)
    refused("trust.repository-unknown", envelope, a_root(), repository=None)
    foreign = RepositoryUri.parse("https://github.com/eve/api")
    refused("trust.repository-not-allowed", envelope, a_root(), repository=foreign)
    everywhere = a_root(repositories="any")
    assert verify_attestation(envelope, root=everywhere, **{**ALL, "repository": None})


def test_a_provenance_that_contradicts_itself_is_refused(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    document = canonical.loads(a_provenance())
    document["predicate"]["buildDefinition"]["resolvedDependencies"] = [
        {"uri": "git+https://github.com/eve/api@refs/heads/main", "digest": {"gitCommit": "e" * 40}}
    ]
    envelope = signed(json.dumps(document).encode(), signers["ed25519"])
    refused("formats.provenance-conflict", envelope, a_root())


# --- step 9: environment ------------------------------------------------------------------------


def test_a_key_speaks_for_its_environments_only(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    envelope = signed(a_provenance(), signers["ed25519"])
    dev = EnvironmentName.parse("dev")
    refused("trust.environment-not-allowed", envelope, a_root(), environment=dev)
    anywhere = a_root(environments="any")
    assert verify_attestation(envelope, root=anywhere, **{**ALL, "environment": dev})
    assert verify_attestation(envelope, root=a_root(), **{**ALL, "environment": None})


# --- what comes out -----------------------------------------------------------------------------


def test_nobody_else_makes_a_verified_statement(
    signers: Signers, a_root: Roots, a_provenance: Provenances
) -> None:
    verified = verify_attestation(signed(a_provenance(), signers["ed25519"]), root=a_root(), **ALL)
    fields: dict[str, Any] = {
        field.name: getattr(verified, field.name) for field in dataclasses.fields(verified)
    }
    with pytest.raises(TypeError):
        VerifiedStatement(**fields)
    with pytest.raises(TypeError):
        VerifiedStatement(**fields, _seal=object())  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(verified, digest=Digest("sha256", "b" * 64))
    assert copy.copy(verified) == verified


def test_refusals_say_what_to_do_and_carry_their_own_code() -> None:
    def leaves(cls: type[AttestationRefusedError]) -> list[type[AttestationRefusedError]]:
        return [cls, *(leaf for child in cls.__subclasses__() for leaf in leaves(child))]

    codes = [cls.code for cls in leaves(AttestationRefusedError)]
    assert len(codes) == len(set(codes))
    assert all(code.startswith("trust.") for code in codes)


@settings(max_examples=150)
@given(place=st.integers(0, 100_000), value=st.binary(min_size=1, max_size=2))
def test_changed_bytes_give_the_same_statement_or_an_error_of_ours(
    signers: Signers, a_root: Roots, a_provenance: Provenances, place: int, value: bytes
) -> None:
    envelope, root = signed(a_provenance(), signers["ed25519"]), a_root()
    place %= len(envelope)
    changed = envelope[:place] + value + envelope[place + len(value) :]
    try:
        verified = verify_attestation(changed, root=root, **ALL)
    except GatebookError:
        return
    # Only what is not signed may have changed: the key id, or an ignored field.
    assert verified.statement == verify_attestation(envelope, root=root, **ALL).statement


@settings(max_examples=100)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_never_believed(a_root: Roots, data: bytes) -> None:
    with pytest.raises(GatebookError):
        verify_attestation(data, root=a_root(), **ALL)
