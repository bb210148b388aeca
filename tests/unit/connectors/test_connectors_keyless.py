"""Keyless signing against a small Sigstore of our own, and everything that can be missing."""

import base64
import datetime as dt
import hashlib
import json
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gatebook.canonical import canonicalize
from gatebook.connectors.keyless import (
    KeylessInstance,
    PublicInstance,
    ambient_identity_token,
    sign_blob_keyless,
    sign_keyless,
)
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.tlog.checkpoint import sign_checkpoint
from gatebook.tlog.checkpoint_body import Checkpoint
from gatebook.tlog.keys import SignerKey
from gatebook.tlog.merkle import leaf_hash
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verified import CertificateSigner
from gatebook.trust.sigstore.verify import verify_bundle

STATEMENT = (
    b'{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"api","digest":{"sha256":"'
    + b"a" * 64
    + b'"}}],"predicateType":"https://cyclonedx.org/bom","predicate":{"bomFormat":"CycloneDX"}}'
)
WORKFLOW = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main"
ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
CONFIG_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
TRUST_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


class Asked(Protocol):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server(Protocol):
    url: str
    seen: list[Asked]
    answer: Callable[[Asked], tuple[int, dict[str, str], bytes]]


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def der(key: Any) -> bytes:
    return bytes(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(GatebookError) as refused:
        act()
    return refused.value.code


def token(**changes: object) -> str:
    """An identity token as GitHub gives one; nobody but Fulcio checks its signature."""
    now = int(time.time())  # sigstore looks at the machine's clock
    claims = {
        "iss": "https://token.actions.githubusercontent.com",
        "sub": "repo:acme/api:ref:refs/heads/main",
        "aud": "sigstore",
        "iat": now,
        "nbf": now - 5,
        "exp": now + 300,
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    parts = (json.dumps(each).encode() for each in ({"alg": "RS256", "typ": "JWT"}, kept))
    encoded = [base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


class Sigstore:
    """Fulcio, Rekor v2 and a timestamp authority behind one server, each as its protocol says."""

    def __init__(self, server: Server, place: Path) -> None:
        self.url = server.url
        self.place = place
        self.moment = dt.datetime.fromtimestamp(int(time.time()), dt.UTC)
        self.ca_key, self.leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.ca = self._authority("certificates", self.ca_key, key_cert_sign=True)
        self.ct_key = ec.generate_private_key(ec.SECP256R1())
        self.log = SignerKey.of(
            server.url.partition("://")[2], ed25519.Ed25519PrivateKey.generate()
        )
        self.entries: list[bytes] = []
        self._prepare_time()
        server.answer = self.answer

    def answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        match asked.path:
            case "/api/v2/signingCert":
                assert asked.headers["authorization"].startswith("Bearer ey")
                return 200, {}, self._certify(json.loads(asked.body))
            case "/api/v2/log/entries":
                return 201, {}, self._enter(json.loads(asked.body)["hashedRekordRequestV002"])
            case "/api/v1/timestamp":
                return 201, {}, self._stamp(asked.body)
            case _:
                return 404, {}, b"{}"

    def trusted_root(self) -> dict[str, Any]:
        started = {"start": "2025-01-01T00:00:00Z"}
        name = {"organization": "tests", "commonName": "tests"}

        def log(url: str, key: Any, details: str, log_id: bytes) -> dict[str, Any]:
            public = {"rawBytes": text(der(key)), "keyDetails": details, "validFor": started}
            return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public,
                    "logId": {"keyId": text(log_id)}}  # fmt: skip

        def authority(url: str, *chain: bytes) -> dict[str, Any]:
            certificates = [{"rawBytes": text(each)} for each in chain]
            return {"subject": name, "uri": url, "certChain": {"certificates": certificates},
                    "validFor": started}  # fmt: skip

        ct_id = hashlib.sha256(der(self.ct_key)).digest()
        tsa = [x509.load_pem_x509_certificate((self.place / f).read_bytes()) for f in
               ("tsa.pem", "ca.pem")]  # fmt: skip
        encoding = serialization.Encoding.DER
        return {
            "mediaType": ROOT_TYPE,
            "tlogs": [log(self.url, self.log.private, "PKIX_ED25519", self._log_id())],
            "ctlogs": [log(self.url + "/ct", self.ct_key, "PKIX_ECDSA_P256_SHA_256", ct_id)],
            "certificateAuthorities": [authority(self.url, self.ca.public_bytes(encoding))],
            "timestampAuthorities": [
                authority(f"{self.url}/api/v1/timestamp", *(c.public_bytes(encoding) for c in tsa))
            ],
        }

    def signing_config(self) -> dict[str, Any]:
        def service(url: str, version: int) -> dict[str, Any]:
            return {"url": url, "majorApiVersion": version, "operator": "tests",
                    "validFor": {"start": "2025-01-01T00:00:00Z"}}  # fmt: skip

        return {
            "mediaType": CONFIG_TYPE,
            "caUrls": [service(self.url, 1)],
            "oidcUrls": [],
            "rekorTlogUrls": [service(self.url, 2)],
            "tsaUrls": [service(self.url + "/api/v1/timestamp", 1)],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        }

    def trust_config(self) -> bytes:
        config = {
            "mediaType": TRUST_TYPE,
            "trustedRoot": self.trusted_root(),
            "signingConfig": self.signing_config(),
        }
        return json.dumps(config).encode()

    def _log_id(self) -> bytes:
        verifier = self.log.verifier
        return hashlib.sha256(verifier.name.encode() + b"\n\x01" + verifier.public).digest()

    def _authority(self, name: str, key: Any, *, key_cert_sign: bool) -> x509.Certificate:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "tests"),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(self.moment - dt.timedelta(days=1))
            .not_valid_after(self.moment + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign=False, certify=key_cert_sign), critical=True)
            .add_extension(_key_id(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )

    def _certify(self, asked: dict[str, str]) -> bytes:
        request = x509.load_pem_x509_csr(base64.b64decode(asked["certificateSigningRequest"]))
        assert request.is_signature_valid
        issuer = b"\x0c" + bytes([len(b"https://issuer")]) + b"https://issuer"
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.ca.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.moment - dt.timedelta(minutes=1))
            .not_valid_after(self.moment + dt.timedelta(minutes=10))
            .add_extension(_usage(sign=True, certify=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False
            )
            .add_extension(_key_id(request.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca_key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(WORKFLOW)]),
                critical=True,
            )
            .add_extension(
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), issuer),
                critical=False,
            )
        )
        # RFC 6962 §3.2: the log signs the certificate as it would be without the SCT.
        plain = builder.sign(self.ca_key, hashes.SHA256()).tbs_certificate_bytes
        milliseconds = int(self.moment.timestamp() * 1000)
        issuer_hash = hashlib.sha256(der(self.ca_key)).digest()
        signed = struct.pack("!BBQH", 0, 0, milliseconds, 1) + issuer_hash
        signed += len(plain).to_bytes(3) + plain + b"\0\0"
        signature = self.ct_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        sct = (
            b"\0" + hashlib.sha256(der(self.ct_key)).digest() + struct.pack("!QH", milliseconds, 0)
        )
        sct += b"\x04\x03" + len(signature).to_bytes(2) + signature
        listed = (len(sct) + 2).to_bytes(2) + len(sct).to_bytes(2) + sct
        octets = b"\x04" + _length(len(listed)) + listed
        certificate = builder.add_extension(
            x509.UnrecognizedExtension(SCT_LIST, octets),
            critical=False,
        ).sign(self.ca_key, hashes.SHA256())
        chain = [
            each.public_bytes(serialization.Encoding.PEM).decode()
            for each in (certificate, self.ca)
        ]
        return json.dumps(
            {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}
        ).encode()

    def _enter(self, asked: dict[str, Any]) -> bytes:
        """Put one entry into a log that has no other, so that its proof is empty."""
        body = canonicalize(
            {
                "apiVersion": "0.0.2",
                "kind": "hashedrekord",
                "spec": {
                    "hashedRekordV002": {
                        "data": {"algorithm": "SHA2_256", "digest": asked["digest"]},
                        "signature": asked["signature"],
                    }
                },
            }
        )
        root = leaf_hash(body)
        origin = self.log.verifier.name
        note = sign_checkpoint(Checkpoint(origin=origin, size=1, root=root), [self.log])
        proof = {"logIndex": "0", "rootHash": text(root), "treeSize": "1", "hashes": [],
                 "checkpoint": {"envelope": note.decode()}}  # fmt: skip
        return json.dumps(
            {
                "logIndex": "0",
                "logId": {"keyId": text(self._log_id())},
                "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
                "integratedTime": "0",
                "inclusionProof": proof,
                "canonicalizedBody": text(body),
            }
        ).encode()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.place, check=True, capture_output=True)

    def _prepare_time(self) -> None:
        (self.place / "ts.cnf").write_text(
            "[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=time\n"
            "[ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n"
            "subjectKeyIdentifier=hash\n"
            "[stamp]\nbasicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n"
            "extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\n"
            "authorityKeyIdentifier=keyid\n"
            "[tsa]\ndefault_tsa=authority\n[authority]\nserial=serial\nsigner_cert=tsa.pem\n"
            "signer_key=tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3\ndigests=sha256\n"
            "ess_cert_id_chain=no\n"
        )
        (self.place / "serial").write_text("01\n")
        for name in ("ca", "tsa"):
            self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                          "-out", f"{name}.key")  # fmt: skip
        self._openssl("req", "-x509", "-new", "-key", "ca.key", "-config", "ts.cnf", "-extensions",
                      "ca", "-days", "2", "-out", "ca.pem")  # fmt: skip
        self._openssl("req", "-new", "-key", "tsa.key", "-config", "ts.cnf", "-subj", "/CN=stamp",
                      "-out", "tsa.csr")  # fmt: skip
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-days", "2", "-extfile", "ts.cnf", "-extensions", "stamp",
                      "-set_serial", "2", "-out", "tsa.pem")  # fmt: skip

    def _stamp(self, query: bytes) -> bytes:
        (self.place / "query").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-out", "reply")
        return (self.place / "reply").read_bytes()


def _usage(*, sign: bool, certify: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign, key_cert_sign=certify, crl_sign=False, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _key_id(key: Any) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key)


def _length(count: int) -> bytes:
    return bytes([count]) if count < 128 else b"\x81" + bytes([count])


@pytest.fixture
def sigstore(server: Server, tmp_path: Path) -> Sigstore:
    pytest.importorskip("sigstore", reason="the extra sigstore is not installed")
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    place = tmp_path / "time"
    place.mkdir()
    return Sigstore(server, place)


@pytest.fixture
def instance(sigstore: Sigstore, tmp_path: Path) -> KeylessInstance:
    file = tmp_path / "trust.json"
    file.write_bytes(sigstore.trust_config())
    return KeylessInstance.from_file(file)


def verified(sigstore: Sigstore, bundle: bytes, artifact: bytes | Digest) -> CertificateSigner:
    root = SigstoreRoot.parse(json.dumps(sigstore.trusted_root()).encode())
    profile = Profile.named(ProfileName.REKOR_V2, root)
    found = verify_bundle(bundle, artifact=artifact, root=root, profile=profile).signer
    assert isinstance(found, CertificateSigner)
    return found


def test_a_statement_signed_without_a_key_is_verified(
    sigstore: Sigstore, instance: KeylessInstance
) -> None:
    bundle = sign_keyless(STATEMENT, instance=instance, identity_token=token())
    verified(sigstore, bundle, Digest("sha256", "a" * 64))
    assert base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]) == STATEMENT


def test_an_artifact_signed_without_a_key_is_verified(sigstore: Sigstore, tmp_path: Path) -> None:
    root, config = tmp_path / "root.json", tmp_path / "config.json"
    root.write_text(json.dumps(sigstore.trusted_root(), indent=1))
    config.write_text(json.dumps(sigstore.signing_config()))
    instance = KeylessInstance.from_files(trusted_root=root, signing_config=config)
    bundle = sign_blob_keyless(b"the artifact", instance=instance, identity_token=token())
    verified(sigstore, bundle, b"the artifact")
    with pytest.raises(GatebookError):
        verified(sigstore, bundle, b"another artifact")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a.b",
        "a.b.c",
        "ey.ey.ey.ey",
        "token with spaces",
        "x" * 40_000,
        token(aud="elsewhere"),
        token(exp=1),
        token(nbf=4_000_000_000),
        token(sub=None),
        token(iss=None),
        token(iss=7),
        token(federated_claims=[]),
    ],
    ids=range(13),
)  # fmt: skip
def test_tokens_that_buy_no_certificate(
    bad: str, server: Server, instance: KeylessInstance
) -> None:
    with pytest.raises(GatebookError) as refused:
        sign_keyless(STATEMENT, instance=instance, identity_token=bad)
    assert refused.value.code == "connectors.identity-token"
    assert not bad or bad not in str(refused.value)
    assert server.seen == []


def test_statements_that_sigstore_does_not_sign(server: Server, instance: KeylessInstance) -> None:
    def sign(statement: bytes) -> bytes:
        return sign_keyless(statement, instance=instance, identity_token=token())

    older = STATEMENT.replace(b"Statement/v1", b"Statement/v0.1")
    assert code_of(lambda: sign(older)) == "connectors.keyless-statement"
    assert code_of(lambda: sign(b"{}")).startswith("formats.")
    assert server.seen == []


@pytest.mark.parametrize("path", ["/api/v2/signingCert", "/api/v2/log/entries"])
@pytest.mark.parametrize(
    "answer", [(500, b"{}"), (400, b'{"code":3,"message":"no"}'), (200, b"<html>"), (200, b"{}")],
    ids=["broken", "refused", "a page", "nothing"],
)  # fmt: skip
def test_an_instance_that_does_not_do_it(
    path: str,
    answer: tuple[int, bytes],
    server: Server,
    sigstore: Sigstore,
    instance: KeylessInstance,
) -> None:
    server.answer = lambda asked: (
        (answer[0], {}, answer[1]) if asked.path == path else sigstore.answer(asked)
    )
    sign = lambda: sign_keyless(STATEMENT, instance=instance, identity_token=token())  # noqa: E731
    assert code_of(sign) == "connectors.keyless"


def test_a_bundle_without_a_time_is_not_handed_out(
    server: Server, sigstore: Sigstore, instance: KeylessInstance
) -> None:
    # Without a time nobody could ever verify what a certificate for minutes has signed.
    server.answer = lambda asked: (
        (500, {}, b"") if "timestamp" in asked.path else sigstore.answer(asked)
    )
    sign = lambda: sign_keyless(STATEMENT, instance=instance, identity_token=token())  # noqa: E731
    assert code_of(sign) == "connectors.keyless"


def test_a_certificate_of_another_log_is_not_used(
    sigstore: Sigstore, instance: KeylessInstance
) -> None:
    sigstore.ct_key = ec.generate_private_key(ec.SECP256R1())
    sign = lambda: sign_keyless(STATEMENT, instance=instance, identity_token=token())  # noqa: E731
    assert code_of(sign) == "connectors.keyless"


def test_an_instance_that_is_not_there(sigstore: Sigstore) -> None:
    config = sigstore.trust_config().replace(sigstore.url.encode(), b"http://127.0.0.1:9")
    gone = KeylessInstance(source=config)
    sign = lambda: sign_keyless(STATEMENT, instance=gone, identity_token=token())  # noqa: E731
    assert code_of(sign) == "connectors.keyless-unreachable"


def test_configurations_that_are_none(sigstore: Sigstore, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    assert code_of(lambda: KeylessInstance.from_file(file)) == "connectors.keyless-file"
    for content in (b"", b"[]", b'{"a":1,"a":2}', b"\xff"):
        file.write_bytes(content)
        assert code_of(lambda: KeylessInstance.from_file(file)).startswith("canonical.")
    good = json.loads(sigstore.trust_config())
    for content in ({}, {**good, "signingConfig": None}, {**good, "mediaType": "x"}):
        file.write_text(json.dumps(content))
        broken = KeylessInstance.from_file(file)
        sign = lambda: sign_keyless(STATEMENT, instance=broken, identity_token=token())  # noqa: B023, E731
        assert code_of(sign) == "connectors.keyless-config"
    no_log = {**good, "signingConfig": {**good["signingConfig"], "rekorTlogUrls": []}}
    broken = KeylessInstance(source=json.dumps(no_log).encode())
    sign = lambda: sign_keyless(STATEMENT, instance=broken, identity_token=token())  # noqa: E731
    assert code_of(sign) == "connectors.keyless"


def test_public_instances_are_named_and_not_the_default() -> None:
    assert KeylessInstance.public().source is PublicInstance.PRODUCTION
    with pytest.raises(TypeError):
        sign_keyless(STATEMENT, identity_token=token())  # type: ignore[call-arg]


SAY = """
from gatebook.connectors import keyless
from gatebook.errors import GatebookError
try: {}
except GatebookError as error: print(error.code, "|", error.hint)
"""


def said_by(code: str, place: Path, **environment: str) -> str:
    """What a program of its own prints, in an environment that names no CI system."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(place), **environment},
    ).stdout


def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    code = "import sys; sys.modules['sigstore'] = None\n" + SAY.format(
        "keyless.ambient_identity_token()"
    )
    assert said_by(code, tmp_path) == "connectors.extra-missing | install gatebook[sigstore]\n"


def test_an_ambient_token_that_cannot_be_had(tmp_path: Path) -> None:
    pytest.importorskip("sigstore", reason="the extra sigstore is not installed")
    code = SAY.format("keyless.ambient_identity_token()")
    answer = said_by(code, tmp_path, GITHUB_ACTIONS="true")
    assert answer.startswith("connectors.identity-token | on GitHub the job needs")


def test_an_ambient_token_of_github(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sigstore", reason="the extra sigstore is not installed")
    expected = token()
    server.answer = lambda _: (200, {}, json.dumps({"value": expected}).encode())
    for name in ("GITLAB_CI", "BUILDKITE", "CIRCLECI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", server.url)
    assert ambient_identity_token() == expected
    server.answer = lambda _: (403, {}, b"")
    assert code_of(ambient_identity_token) == "connectors.identity-token"


def test_importing_it_loads_no_sigstore(tmp_path: Path) -> None:
    code = (
        "import sys, gatebook.connectors.keyless\n"
        "print(sorted({'sigstore', 'pydantic', 'requests', 'id'} & set(sys.modules)))"
    )
    assert said_by(code, tmp_path) == "[]\n"
