"""Files and statements signed with a key: what one of cosign and Gatebook signs, both believe.

Some signatures Gatebook makes or verifies and cosign 3.1 does not: with P-384 and P-521 it hashes
with SHA-256 whatever the key, RSA it takes for PKCS #1 v1.5 always, and its own Ed25519ph bundles
it cannot read. Those limits are upstream's and stated here, so that a release without them is
noticed.
"""

import json
from typing import Any

import pytest

from gatebook.errors import MalformedError, VerificationError
from gatebook.formats.dsse import Envelope, pae
from gatebook.formats.intoto import PAYLOAD_TYPE
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.refusals import NoValidSignatureError, SubjectMismatchError
from gatebook.trust.signing.bundles import sign_blob, sign_bundle
from gatebook.trust.signing.password import PasswordWrongError
from gatebook.trust.signing.private_keys import KeyFileForm
from gatebook.trust.signing.signers import LocalSigner, generate_key_pair

pytestmark = pytest.mark.interop

APP = b"the application\n"
OTHER = b"another application\n"
NO_LOG = "--insecure-ignore-tlog"


@pytest.fixture
def cosign(cosign: Any) -> Any:
    """cosign in a directory that has the two files and cosign's own key pair."""
    cosign.accepts("generate-key-pair")
    cosign.write("app.bin", APP)
    cosign.write("other.bin", OTHER)
    return cosign


def key_pair(cosign: Any, algorithm: KeyAlgorithm, name: str = "ours") -> LocalSigner:
    """Our key pair; the public half lies beside cosign."""
    private, public = generate_key_pair(algorithm)
    cosign.write(f"{name}.pub", public)
    return LocalSigner.from_pem(private, pss=algorithm is KeyAlgorithm.RSA_PSS)


COMMON = [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.ED25519, KeyAlgorithm.RSA_PKCS1]
NOT_FOR_COSIGN = [each for each in KeyAlgorithm if each not in COMMON]


class TestWhatWeSign:
    @pytest.mark.parametrize("algorithm", COMMON)
    def test_cosign_verifies_a_file(self, cosign: Any, algorithm: KeyAlgorithm) -> None:
        signer = key_pair(cosign, algorithm)
        key_pair(cosign, algorithm, "somebody")
        cosign.write("b.json", sign_blob(APP, signer))
        with_bundle = ("verify-blob", NO_LOG, "--bundle", "b.json")

        cosign.accepts(*with_bundle, "--key", "ours.pub", "app.bin")
        cosign.refuses(*with_bundle, "--key", "somebody.pub", "app.bin", because="signature")
        cosign.refuses(*with_bundle, "--key", "ours.pub", "other.bin", because="signature")

    @pytest.mark.parametrize("algorithm", COMMON)
    def test_cosign_verifies_a_statement(
        self, cosign: Any, desk: Any, algorithm: KeyAlgorithm
    ) -> None:
        signer = key_pair(cosign, algorithm)
        key_pair(cosign, algorithm, "somebody")
        bundle = sign_bundle(desk.statement(desk.digest(APP)), signer)
        cosign.write("b.json", bundle)
        verify = ("verify-blob-attestation", NO_LOG, "--bundle", "b.json")
        ours = ("--key", "ours.pub", "--type", desk.review)

        cosign.accepts(*verify, *ours, "app.bin")
        cosign.refuses(*verify, *ours, "other.bin", because="digest")
        cosign.refuses(
            *verify, "--key", "somebody.pub", "--type", desk.review, "app.bin", because="signature"
        )
        cosign.refuses(
            *verify, "--key", "ours.pub", "--type", "slsaprovenance1", "app.bin", because="type"
        )
        changed = json.loads(bundle)
        changed["dsseEnvelope"]["payload"] = changed["dsseEnvelope"]["payload"].replace("A", "B", 1)
        cosign.write("b.json", json.dumps(changed).encode())
        cosign.refuses(*verify, *ours, "app.bin", because="signature")

    @pytest.mark.parametrize("algorithm", NOT_FOR_COSIGN)
    def test_a_limit_of_cosign_other_keys(
        self, cosign: Any, desk: Any, algorithm: KeyAlgorithm
    ) -> None:
        signer = key_pair(cosign, algorithm)
        statement = sign_bundle(desk.statement(desk.digest(APP)), signer)
        cosign.write("s.json", statement)
        cosign.write("b.json", sign_blob(APP, signer))
        by_key = (NO_LOG, "--key", "ours.pub")

        cosign.refuses(
            *("verify-blob-attestation", *by_key, "--bundle", "s.json", "--type", desk.review),
            "app.bin",
            because="failed to verify signature",
        )
        cosign.refuses(
            *("verify-blob", *by_key, "--bundle", "b.json", "app.bin"),
            because="failed to verify signature",
        )
        # To us they are signatures like others.
        signer.public_key.check(
            Envelope.parse(json.dumps(json.loads(statement)["dsseEnvelope"]).encode())
            .signatures[0]
            .sig,
            pae(PAYLOAD_TYPE, desk.statement(desk.digest(APP))),
        )

    def test_cosign_verifies_our_timestamps(self, cosign: Any, desk: Any, deployment: Any) -> None:
        signer = key_pair(cosign, KeyAlgorithm.ECDSA_P256)
        statement = desk.statement(desk.digest(APP))
        bundle = sign_bundle(statement, signer, timestampers=[deployment.stamp])
        cosign.write("b.json", bundle)
        cosign.write("root.json", deployment.trusted_root())
        cosign.write("without.json", deployment.trusted_root(timestampAuthorities=None))
        verify = (
            *("verify-blob-attestation", "--key", "ours.pub", "--bundle", "b.json"),
            *("--use-signed-timestamps", NO_LOG, "--type", desk.review),
        )

        cosign.accepts(*verify, "--trusted-root", "root.json", "app.bin")
        cosign.refuses(*verify, "--trusted-root", "without.json", "app.bin", because="timestamp")
        root = desk.root(cosign.read("ours.pub"), authority=deployment.trusted_root())
        verified = desk.verify(bundle, desk.digest(APP), root)
        assert verified.bundle is not None
        assert len(verified.bundle.times) == 1


class TestWhatCosignSigns:
    def test_we_verify_a_file(self, cosign: Any, desk: Any) -> None:
        cosign.signs("sign-blob", "--bundle", "b.json", "app.bin")
        bundle, root = cosign.read("b.json"), desk.root(cosign.read("cosign.pub"))

        desk.verify(bundle, desk.digest(APP), root)
        desk.verify(bundle, desk.digest(APP), root, APP)
        with pytest.raises(NoValidSignatureError):
            desk.verify(bundle, desk.digest(OTHER), root)
        with pytest.raises(NoValidSignatureError):
            desk.verify(bundle, desk.digest(APP), desk.root(generate_key_pair()[1]))

    def test_we_verify_a_statement(self, cosign: Any, desk: Any) -> None:
        cosign.write("predicate.json", b'{"result": "looked at"}')
        cosign.signs(
            *("attest-blob", "--bundle", "b.json", "--predicate", "predicate.json"),
            *("--type", desk.review, "app.bin"),
        )
        bundle, root = cosign.read("b.json"), desk.root(cosign.read("cosign.pub"))

        verified = desk.verify(bundle, desk.digest(APP), root)
        assert verified.statement.predicate_type == desk.review
        assert verified.statement.predicate["result"] == "looked at"
        with pytest.raises(SubjectMismatchError):
            desk.verify(bundle, desk.digest(OTHER), root)
        with pytest.raises(NoValidSignatureError):
            desk.verify(bundle, desk.digest(APP), desk.root(generate_key_pair()[1]))
        changed = json.loads(bundle)
        changed["dsseEnvelope"]["payloadType"] += ";v=2"
        with pytest.raises(VerificationError):
            desk.verify(json.dumps(changed).encode(), desk.digest(APP), root)

    def test_we_verify_the_form_of_before_version_3(self, cosign: Any, desk: Any) -> None:
        old = ("--use-signing-config=false", "--tlog-upload=false", "--new-bundle-format=false")
        cosign.accepts(
            *("sign-blob", "--key", "cosign.key", *old, "--bundle", "b.json", "--yes", "app.bin")
        )
        bundle, root = cosign.read("b.json"), desk.root(cosign.read("cosign.pub"))

        assert b"base64Signature" in bundle
        desk.verify(bundle, desk.digest(APP), root)
        with pytest.raises(NoValidSignatureError):
            desk.verify(bundle, desk.digest(OTHER), root)

    def test_a_limit_of_cosign_prehashed_ed25519(self, cosign: Any, desk: Any) -> None:
        private, public = generate_key_pair(
            KeyAlgorithm.ED25519, form=KeyFileForm.COSIGN, password=desk.password
        )
        cosign.write("cosign.key", private)
        cosign.write("cosign.pub", public)
        sign = ("sign-blob", "--key", "cosign.key", "--use-signing-config=false", "--yes")
        cosign.accepts(*sign, "--tlog-upload=false", "--bundle", "b.json", "app.bin")

        # It signs files with Ed25519ph, and writes a digest without an algorithm. Neither it nor we
        # can read that.
        verify = ("verify-blob", NO_LOG, "--bundle", "b.json", "--key", "cosign.pub")
        cosign.refuses(*verify, "app.bin", because="missing artifact digest")
        with pytest.raises(MalformedError):
            desk.verify(cosign.read("b.json"), desk.digest(APP), desk.root(public), APP)

    def test_we_verify_its_timestamps(self, cosign: Any, desk: Any, time_server: Any) -> None:
        config = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "tsaUrls": [
                {
                    "url": time_server.url,
                    "majorApiVersion": 1,
                    "validFor": {"start": "2024-01-01T00:00:00Z"},
                    "operator": "acme.test",
                }
            ],
            "tsaConfig": {"selector": "ANY"},
        }
        cosign.write("timed.json", json.dumps(config).encode())
        cosign.write("time-root.json", time_server.trusted_root())
        cosign.accepts(
            *("sign-blob", "--key", "cosign.key", "--signing-config", "timed.json"),
            *("--trusted-root", "time-root.json", "--yes", "--bundle", "b.json", "app.bin"),
        )
        bundle, public = cosign.read("b.json"), cosign.read("cosign.pub")

        root = desk.root(public, authority=time_server.trusted_root())
        verified = desk.verify(bundle, desk.digest(APP), root)
        assert verified.bundle is not None
        assert len(verified.bundle.times) == 1
        # The same without the one signature that the timestamp is over.
        cosign.signs("sign-blob", "--bundle", "later.json", "app.bin")
        mixed = json.loads(bundle)
        mixed["messageSignature"] = json.loads(cosign.read("later.json"))["messageSignature"]
        with pytest.raises(VerificationError) as refused:
            desk.verify(json.dumps(mixed).encode(), desk.digest(APP), root)
        assert refused.value.code == "trust.sigstore-timestamp-imprint"


class TestKeyFiles:
    @pytest.mark.parametrize("algorithm", [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.RSA_PKCS1])
    def test_cosign_signs_with_our_encrypted_keys(
        self, cosign: Any, desk: Any, algorithm: KeyAlgorithm
    ) -> None:
        private, public = generate_key_pair(
            algorithm, form=KeyFileForm.COSIGN, password=desk.password
        )
        cosign.write("cosign.key", private)
        cosign.signs("sign-blob", "--bundle", "b.json", "app.bin")

        desk.verify(cosign.read("b.json"), desk.digest(APP), desk.root(public))
        wrong = cosign("public-key", "--key", "cosign.key", password=b"simsim")
        assert wrong.status != 0
        ran = cosign("public-key", "--key", "cosign.key")
        assert ran.out.encode().strip() == public.strip()

    def test_we_sign_with_the_keys_cosign_makes(self, cosign: Any, desk: Any) -> None:
        private, public = cosign.read("cosign.key"), cosign.read("cosign.pub")
        signer = LocalSigner.from_pem(private, password=lambda: desk.password)
        bundle = sign_bundle(desk.statement(desk.digest(APP)), signer)
        cosign.write("b.json", bundle)

        assert signer.public_pem == public
        cosign.accepts(
            *("verify-blob-attestation", NO_LOG, "--bundle", "b.json", "--key", "cosign.pub"),
            *("--type", desk.review, "app.bin"),
        )
        with pytest.raises(PasswordWrongError):
            LocalSigner.from_pem(private, password=lambda: b"simsim")

    def test_the_key_hint_is_the_one_cosign_writes(self, cosign: Any, desk: Any) -> None:
        signer = LocalSigner.from_pem(cosign.read("cosign.key"), password=lambda: desk.password)
        cosign.signs("sign-blob", "--bundle", "b.json", "app.bin")
        theirs = json.loads(cosign.read("b.json"))
        ours = json.loads(sign_blob(APP, signer))

        assert ours["verificationMaterial"] == theirs["verificationMaterial"]
        del ours["messageSignature"]["signature"], theirs["messageSignature"]["signature"]
        assert ours == theirs
