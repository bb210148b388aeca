"""The forms an attestation comes in, all judged by the one verifier and the one trust root."""

import base64
import json

import pytest
from msgspec.structs import replace

from gatebook.clock import Instant
from gatebook.digest import digest_of, sha256
from gatebook.errors import GatebookError
from gatebook.formats.bundle import Bundle
from gatebook.formats.cosign_record import SIMPLE_SIGNING_TYPE, encode_record
from gatebook.formats.dsse import Envelope
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signing.bundles import bundle_envelope, sign_blob, sign_bundle
from gatebook.trust.signing.signers import LocalSigner, generate_key_pair, sign_statement
from gatebook.trust.ssh.keys import ssh_line
from gatebook.trust.ssh.signer import SshSigner
from gatebook.trust.verify import verify_attestation

AT = Instant.parse("2026-03-02T12:00:00Z")
ARTIFACT = b"acme/api 1.0"
API = sha256(ARTIFACT)
PSS = KeyAlgorithm.RSA_PSS  # made as any RSA key, and configured so in the trust root
SIGN = "https://sigstore.dev/cosign/sign/v1"


def a_signer(algorithm=KeyAlgorithm.ED25519):
    return LocalSigner.from_pem(generate_key_pair(algorithm)[0])


def a_root(*signers, authority=None, **changes):
    keys = [
        {
            "id": f"key-{number}",
            "public-key": signer.public_pem.decode(),
            "may-attest": ["sbom", "image-signature"],
            "repositories": "any",
            "environments": "any",
            **({"authority": "acme"} if authority else {}),
            **changes,
        }
        for number, signer in enumerate(signers)
    ]
    document = {"trust-root": "gatebook/trust-root/v1", "keys": keys}
    if authority:
        document["authorities"] = [{"id": "acme", "profile": "managed-key", **authority}]
    return TrustRoot.parse(json.dumps(document).encode())


def verified(document, root, subject=API, **more):
    return verify_attestation(document, subject=subject, root=root, at=AT, **more)


def refused(document, root, subject=API, **more):
    with pytest.raises(GatebookError) as error:
        verified(document, root, subject, **more)
    return error.value.code


@pytest.mark.parametrize("algorithm", [each for each in KeyAlgorithm if each is not PSS])
def test_every_algorithm_signs_envelopes_and_bundles(company, algorithm):
    signer = a_signer(algorithm)
    statement = company.an_sbom()
    root = a_root(signer)
    for document in (sign_statement(statement, signer).encode(), sign_bundle(statement, signer)):
        (who,) = verified(document, root).signers
        assert (who.id, who.algorithm) == ("key-0", algorithm)
        assert refused(document, a_root(a_signer(algorithm))).startswith("trust.")


def test_an_rsa_key_signs_with_the_padding_the_root_names(company):
    private, _ = generate_key_pair(KeyAlgorithm.RSA_PKCS1)
    plain, pss = LocalSigner.from_pem(private), LocalSigner.from_pem(private, pss=True)
    statement = company.an_sbom()
    assert verified(sign_statement(statement, pss).encode(), a_root(plain, scheme="rsa-pss"))
    assert refused(sign_statement(statement, pss).encode(), a_root(plain)) == (
        "trust.no-valid-signature"
    )
    assert refused(sign_statement(statement, plain).encode(), a_root(plain, scheme="rsa-pss")) == (
        "trust.no-valid-signature"
    )


@pytest.mark.parametrize(
    "algorithm", [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.RSA_PKCS1, KeyAlgorithm.ED25519]
)
def test_a_signature_over_an_artifact(algorithm):
    signer = a_signer(algorithm)
    document = sign_blob(ARTIFACT, signer)
    root = a_root(signer)
    statement = verified(document, root, artifact=ARTIFACT)
    assert statement.predicate_type == SIGN
    assert statement.subject.digests.matches(API)
    # Another artifact, in the place of either: the bytes and the digest have to be of one thing.
    other = b"acme/api 1.1"
    assert refused(document, root, artifact=other) == "trust.subject-mismatch"
    assert refused(document, root, sha256(other), artifact=other) == "trust.no-valid-signature"
    assert refused(document, root, sha256(other), artifact=ARTIFACT) == "trust.subject-mismatch"
    if algorithm is KeyAlgorithm.ED25519:
        assert refused(document, root) == "trust.artifact-needed"
    else:
        assert verified(document, root).digest == API


def test_a_longer_digest_names_the_artifact_as_well():
    signer = a_signer(KeyAlgorithm.ECDSA_P384)
    document = sign_blob(ARTIFACT, signer)
    root = a_root(signer)
    assert verified(document, root, digest_of(ARTIFACT, "sha384"))
    assert refused(document, root) == "trust.artifact-needed"


def test_an_empty_artifact_is_an_artifact():
    signer = a_signer()
    root = a_root(signer)
    assert verified(sign_blob(b"", signer), root, sha256(b""), artifact=b"")
    assert refused(sign_blob(ARTIFACT, signer), root, sha256(b""), artifact=b"") == (
        "trust.no-valid-signature"
    )


def simple(image=API):
    return json.dumps(
        {
            "critical": {
                "identity": {"docker-reference": "registry.example.com/acme/api"},
                "image": {"docker-manifest-digest": str(image)},
                "type": "cosign container image signature",
            },
            "optional": None,
        }
    ).encode()


def record_of(payload, signer, *, over=None):
    signature = signer.sign(payload if over is None else over)
    return encode_record(
        payload,
        content_type=SIMPLE_SIGNING_TYPE,
        annotations={"dev.cosignproject.cosign/signature": base64.b64encode(signature).decode()},
    )


def test_an_image_signature_out_of_a_registry():
    signer = a_signer(KeyAlgorithm.ECDSA_P256)
    root = a_root(signer)
    assert verified(record_of(simple(), signer), root).predicate_type == SIGN
    # Good but for one point: the image, the signer, the bytes.
    other = sha256(b"acme/web")
    assert refused(record_of(simple(other), signer), root) == "trust.subject-mismatch"
    assert refused(record_of(simple(), a_signer(KeyAlgorithm.ECDSA_P256)), root) == (
        "trust.no-valid-signature"
    )
    changed = record_of(simple(), signer, over=simple(other))
    assert refused(changed, root) == "trust.no-valid-signature"


def test_an_ssh_key_signs_an_envelope_in_our_namespace_only(company):
    private, _ = generate_key_pair(KeyAlgorithm.ED25519)
    plain = LocalSigner.from_pem(private)
    root = a_root(plain)
    statement = company.an_sbom()

    def envelope(namespace):
        signer = SshSigner.from_key_file(private, namespace=namespace)
        made = sign_statement(statement, plain)
        signature = replace(made.signatures[0], sig=signer.sign(made.signed_bytes))
        return replace(made, signatures=(signature,)).encode()

    assert verified(envelope("gatebook"), root)
    assert refused(envelope("git"), root) == "trust.no-valid-signature"
    damaged = Envelope.parse(envelope("gatebook"))
    cut = replace(damaged.signatures[0], sig=damaged.signatures[0].sig[:40])
    assert refused(replace(damaged, signatures=(cut,)).encode(), root) == (
        "trust.no-valid-signature"
    )


def test_an_ssh_public_key_may_stand_in_the_root(company):
    signer = a_signer()
    root = a_root(signer, **{"public-key": ssh_line(signer.public_key)})
    assert verified(sign_statement(company.an_sbom(), signer).encode(), root)


def test_an_authority_proves_when_a_key_signed(company, sigstore_kit):
    sigstore = sigstore_kit.Sigstore()
    key = sigstore_kit.make_key()
    signer = LocalSigner(key)
    authority = {"trusted-root": sigstore.trusted_root().decode()}
    logged = json.dumps(sigstore.sign_statement(company.an_sbom(), managed=key)).encode()
    proved = {"not-after": "2026-03-01T12:00:01Z"}
    statement = verified(logged, a_root(signer, authority=authority, **proved))
    assert statement.bundle is not None
    assert [str(time.at) for time in statement.bundle.times] == ["2026-03-01T12:00:00Z"]
    # The key had ended when it was handed in: without proof of the time it is not believed.
    assert refused(logged, a_root(signer, **proved)) == "trust.key-expired"
    ended = a_root(signer, authority=authority, **{"not-after": "2026-03-01T11:59:59Z"})
    assert refused(logged, ended) == "trust.key-expired"
    # And what the bundle proves has to verify.
    stranger = {"trusted-root": sigstore_kit.Sigstore().trusted_root().decode()}
    assert refused(logged, a_root(signer, authority=stranger)).startswith("trust.")


def test_a_key_that_the_bundle_brings_is_not_believed(company):
    mallory = a_signer()
    document = sign_bundle(company.an_sbom(), mallory)
    assert Bundle.parse(document)
    assert refused(document, a_root(a_signer())) == "trust.no-valid-signature"


def test_the_envelope_of_a_bundle_counts_as_such(company):
    signer = a_signer()
    envelope = sign_statement(company.an_sbom(), signer)
    root = a_root(signer)
    bundled = verified(bundle_envelope(envelope, signer.public_key), root)
    bare = verified(envelope.encode(), root)
    assert bundled.statement == bare.statement
    assert bundled.document_digest != bare.document_digest
