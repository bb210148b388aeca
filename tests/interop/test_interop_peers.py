"""Peers that come with every machine or with the test environment: each in both directions."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatebook.connectors.http import HttpClient, HttpLimits
from gatebook.connectors.timestamp_authority import request_timestamp
from gatebook.errors import VerificationError
from gatebook.formats.dsse import Envelope, pae
from gatebook.formats.intoto import PAYLOAD_TYPE
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import PublicKey
from gatebook.trust.refusals import NoValidSignatureError
from gatebook.trust.signing.bundles import sign_bundle
from gatebook.trust.signing.private_keys import KeyFileForm
from gatebook.trust.signing.signers import LocalSigner, generate_key_pair, sign_statement
from gatebook.trust.ssh.keys import public_key_from_ssh
from gatebook.trust.ssh.signature import GATEBOOK, SshSignature

APP = b"the application\n"
OTHER = b"another application\n"
ALGORITHMS = [
    (KeyAlgorithm.ED25519, "ed25519"),
    (KeyAlgorithm.ECDSA_P256, "ecdsa-sha2-nistp256"),
    (KeyAlgorithm.ECDSA_P384, "ecdsa-sha2-nistp384"),
    (KeyAlgorithm.RSA_PKCS1, "rsa-pkcs1v15-sha256"),
    (KeyAlgorithm.RSA_PSS, "rsassa-pss-sha256"),
]


class TestSecuresystemslib:
    """The library that in-toto and TUF sign with in Python."""

    @pytest.fixture
    def library(self) -> Any:
        pytest.importorskip("securesystemslib", reason="the extra kms is not installed")
        import securesystemslib.dsse
        import securesystemslib.signer

        return securesystemslib

    @staticmethod
    def key(library: Any, public: bytes, scheme: str) -> Any:
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        loaded = load_pem_public_key(public)
        return library.signer.SSlibKey.from_crypto(loaded, scheme=scheme)

    @pytest.mark.parametrize(("algorithm", "scheme"), ALGORITHMS)
    def test_it_verifies_our_envelopes(
        self, desk: Any, library: Any, algorithm: KeyAlgorithm, scheme: str
    ) -> None:
        private, public = generate_key_pair(algorithm)
        signer = LocalSigner.from_pem(private, pss=algorithm is KeyAlgorithm.RSA_PSS)
        encoded = json.loads(sign_statement(desk.statement(desk.digest(APP)), signer).encode())
        key = self.key(library, public, scheme)
        encoded["signatures"][0]["keyid"] = key.keyid  # it goes by names of its own
        envelope = library.dsse.Envelope.from_dict(encoded)

        assert list(envelope.verify([key], threshold=1)) == [key.keyid]
        envelope.payload += b" "
        with pytest.raises(library.exceptions.VerificationError):
            envelope.verify([key], threshold=1)

    @pytest.mark.parametrize(("algorithm", "scheme"), ALGORITHMS)
    def test_we_verify_its_envelopes(
        self, desk: Any, library: Any, algorithm: KeyAlgorithm, scheme: str
    ) -> None:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        private, public = generate_key_pair(algorithm)
        key = self.key(library, public, scheme)
        loaded = load_pem_private_key(private, None)
        signer = library.signer.CryptoSigner(loaded, key)
        envelope = library.dsse.Envelope(desk.statement(desk.digest(APP)), PAYLOAD_TYPE, {})
        envelope.sign(signer)
        signed = json.dumps(envelope.to_dict()).encode()

        read = Envelope.parse(signed)
        checked = LocalSigner.from_pem(private, pss=algorithm is KeyAlgorithm.RSA_PSS).public_key
        checked.check(read.signatures[0].sig, pae(read.payload_type, read.payload))
        if algorithm is not KeyAlgorithm.RSA_PSS:
            desk.verify(signed, desk.digest(APP), desk.root(public))
        with pytest.raises(VerificationError):
            desk.verify(signed, desk.digest(APP), desk.root(generate_key_pair()[1]))


Ssh = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def ssh_keygen(tmp_path: Path) -> Ssh:
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed")

    def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            (program, *arguments), cwd=tmp_path, input=given, capture_output=True, check=False
        )

    return run


class TestSshKeygen:
    """OpenSSH signs the bytes of an envelope; the signature goes where others go."""

    def test_we_verify_a_statement_it_signed(
        self, desk: Any, ssh_keygen: Ssh, tmp_path: Path
    ) -> None:
        made = ssh_keygen("-q", "-t", "ed25519", "-N", "", "-C", "ana", "-f", "key")
        assert made.returncode == 0, made.stderr
        statement = desk.statement(desk.digest(APP))
        (tmp_path / "signed").write_bytes(pae(PAYLOAD_TYPE, statement))
        signed = ssh_keygen("-Y", "sign", "-f", "key", "-n", GATEBOOK, "signed")
        assert signed.returncode == 0, signed.stderr
        signature = SshSignature.parse((tmp_path / "signed.sig").read_bytes())
        signature.check(pae(PAYLOAD_TYPE, statement), namespace=GATEBOOK)
        with pytest.raises(VerificationError):
            signature.check(pae(PAYLOAD_TYPE, statement + b" "), namespace=GATEBOOK)
        with pytest.raises(VerificationError):
            signature.check(pae(PAYLOAD_TYPE, statement), namespace="git")

    @pytest.mark.parametrize(
        "algorithm", [KeyAlgorithm.ED25519, KeyAlgorithm.ECDSA_P256, KeyAlgorithm.ECDSA_P384]
    )
    def test_it_reads_the_key_files_we_write(
        self, ssh_keygen: Ssh, tmp_path: Path, algorithm: KeyAlgorithm
    ) -> None:
        private, public = generate_key_pair(algorithm, form=KeyFileForm.OPENSSH)
        file = tmp_path / "key"
        file.touch(0o600)
        file.write_bytes(private)

        shown = ssh_keygen("-y", "-f", "key")
        assert shown.returncode == 0, shown.stderr
        assert public_key_from_ssh(shown.stdout.decode()) == PublicKey.parse(public)


class TestOpensslTimestamps:
    """``openssl ts`` as the timestamp authority, and as a verifier of what it is asked for."""

    @pytest.fixture
    def ask(self, time_server: Any) -> Any:
        with HttpClient(limits=HttpLimits(), use_environment=False) as client:
            yield lambda signature: request_timestamp(time_server.url, signature, http=client)

    def test_a_bundle_with_its_timestamp(self, desk: Any, time_server: Any, ask: Any) -> None:
        private, public = generate_key_pair(KeyAlgorithm.ECDSA_P256)
        bundle = sign_bundle(
            desk.statement(desk.digest(APP)), LocalSigner.from_pem(private), timestampers=[ask]
        )
        root = desk.root(public, authority=time_server.trusted_root())
        verified = desk.verify(bundle, desk.digest(APP), root)

        assert verified.bundle is not None
        assert len(verified.bundle.times) == 1

    def test_openssl_agrees(self, time_server: Any, ask: Any, tmp_path: Path) -> None:
        (tmp_path / "response").write_bytes(ask(APP))
        for name, content, good in (("signed", APP, True), ("other", OTHER, False)):
            (tmp_path / name).write_bytes(content)
            ran = subprocess.run(
                [
                    *("openssl", "ts", "-verify", "-data", name, "-in", "response"),
                    *("-CAfile", time_server.place / "ca.pem"),
                    *("-untrusted", time_server.place / "tsa.pem"),
                ],
                cwd=tmp_path,
                capture_output=True,
                check=False,
            )
            assert (ran.returncode == 0) is good, ran.stderr

    def test_another_authority(self, desk: Any, deployment: Any, ask: Any) -> None:
        private, public = generate_key_pair(KeyAlgorithm.ECDSA_P256)
        bundle = sign_bundle(
            desk.statement(desk.digest(APP)), LocalSigner.from_pem(private), timestampers=[ask]
        )
        root = desk.root(public, authority=deployment.trusted_root())
        with pytest.raises(VerificationError) as refused:
            desk.verify(bundle, desk.digest(APP), root)
        assert refused.value.code == "trust.sigstore-timestamp-unknown"
        with pytest.raises(NoValidSignatureError):
            desk.verify(bundle, desk.digest(APP), desk.root(generate_key_pair()[1]))
