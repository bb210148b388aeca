"""Real peers: cosign, built from source, and Debian's registry; all of it on this machine only.

cosign is built when ``GATEBOOK_INTEROP=1`` and Go is there, once, into the user's cache. Whatever
needs it has the marker ``interop``; the other peers come with the test environment.
"""

import base64
import datetime as dt
import hashlib
import http.client
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier

from gatebook.clock import Instant
from gatebook.connectors.http import HttpClient, HttpLimits
from gatebook.connectors.referrers import attestations_of
from gatebook.connectors.registry import RegistryClient
from gatebook.digest import Digest, DigestSet
from gatebook.formats.image_reference import ImageReference
from gatebook.formats.intoto import Statement, Subject, encode_statement
from gatebook.trust.received import SIGNATURE_TYPE
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.verified import VerifiedStatement
from gatebook.trust.verify import verify_attestation

COSIGN = "v3.1.3"
PASSWORD = b"sesame"
REVIEW = "https://example.com/review/v1"
NOW = Instant.parse("2026-11-20T12:00:00Z")
KIT = Path(__file__).resolve().parents[1] / "unit" / "trust" / "sigstore_kit.py"
UNREACHABLE = "http://127.0.0.1:9"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "interop: needs cosign, which GATEBOOK_INTEROP=1 builds")


# -- cosign ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Cosign:
    """cosign with a home of its own, and no way to the outside.

    Attributes:
        program: the built program.
        place: where it works; the files of a story are there.

    """

    program: Path
    place: Path

    def __call__(self, *arguments: str | Path, password: bytes = PASSWORD) -> Ran:
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.place,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.place),
                "COSIGN_PASSWORD": password.decode(),
                "HTTPS_PROXY": UNREACHABLE,
                "HTTP_PROXY": UNREACHABLE,
                "NO_PROXY": "127.0.0.1",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def accepts(self, *arguments: str | Path) -> None:
        """Run a command that has to succeed."""
        ran = self(*arguments)
        assert ran.status == 0, (arguments, ran.err)

    def refuses(self, *arguments: str | Path, because: str) -> None:
        """Run a command that has to fail, for the reason given and not for another one."""
        ran = self(*arguments)
        assert ran.status != 0, (arguments, ran.out)
        assert because in ran.err, ran.err

    def write(self, name: str, content: bytes) -> Path:
        (self.place / name).write_bytes(content)
        return self.place / name

    def read(self, name: str) -> bytes:
        return (self.place / name).read_bytes()

    def signs(self, *arguments: str | Path) -> None:
        """Sign with the key file ``cosign.key`` and nobody else: no log, no timestamp."""
        command, *rest = arguments
        alone = ("--signing-config", "alone.json", "--trusted-root", "nobody.json", "--yes")
        self.accepts(command, "--key", "cosign.key", *alone, *rest)


@pytest.fixture(scope="session")
def cosign_program() -> Path:
    """The pinned cosign, built by Go; its modules are checked against the checksum database."""
    if os.environ.get("GATEBOOK_INTEROP") != "1":
        pytest.skip("stories with cosign run with GATEBOOK_INTEROP=1 (make interop)")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = cache / "gatebook-peers" / f"cosign-{COSIGN}" / "cosign"
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        pytest.fail("GATEBOOK_INTEROP=1 needs Go to build cosign; it is not installed")
    built = subprocess.run(
        [go, "install", f"github.com/sigstore/cosign/v3/cmd/cosign@{COSIGN}"],
        env={**os.environ, "GOBIN": str(program.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        pytest.fail(f"cosign {COSIGN} cannot be built:\n{built.stderr[-2000:]}")
    return program


@pytest.fixture
def cosign(cosign_program: Path, tmp_path: Path) -> Cosign:
    place = tmp_path / "cosign"
    place.mkdir()
    made = Cosign(cosign_program, place)
    config = {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"}
    made.write("alone.json", json.dumps(config).encode())
    root = {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}
    made.write("nobody.json", json.dumps(root).encode())
    return made


# -- what is signed, and who is believed -----------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """How the stories write statements and ask Gatebook."""

    now: Instant = NOW
    review: str = REVIEW
    password: bytes = PASSWORD

    @staticmethod
    def digest(content: bytes) -> Digest:
        return Digest("sha256", hashlib.sha256(content).hexdigest())

    @staticmethod
    def statement(subject: Digest, predicate_type: str = REVIEW) -> bytes:
        digests = DigestSet.of({subject.algorithm: subject.hex})
        return encode_statement(
            Statement(
                subjects=(Subject(name="app.bin", digests=digests),),
                predicate_type=predicate_type,
                predicate={"result": "looked at"},
            )
        )

    @staticmethod
    def root(*public_pems: bytes, authority: bytes | None = None) -> TrustRoot:
        """A trust root that believes keys; ``authority`` has to prove their times."""
        scope = {
            "may-attest": [REVIEW, SIGNATURE_TYPE],
            "repositories": "any",
            "environments": "any",
        }
        document: dict[str, Any] = {
            "trust-root": "gatebook/trust-root/v1",
            "keys": [
                {"id": f"key-{number}", "public-key": pem.decode(), **scope}
                | ({} if authority is None else {"authority": "ours"})
                for number, pem in enumerate(public_pems)
            ],
        }
        if authority is not None:
            document["authorities"] = [
                {"id": "ours", "profile": "managed-key", "trusted-root": authority.decode()}
            ]
        return TrustRoot.parse(json.dumps(document).encode())

    @staticmethod
    def verify(
        document: bytes, subject: Digest, root: TrustRoot, artifact: bytes | None = None
    ) -> VerifiedStatement:
        return verify_attestation(document, subject=subject, root=root, at=NOW, artifact=artifact)


@pytest.fixture(scope="session")
def desk() -> Desk:
    return Desk()


# -- a registry ------------------------------------------------------------------------------------


OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Registry:
    """Debian's docker-registry; it has no referrers API, as many do."""

    host: str
    storage: Path
    client: RegistryClient

    def call(self, method: str, path: str, body: bytes = b"", media_type: str = "") -> Any:
        connection = http.client.HTTPConnection(self.host, timeout=10)
        try:
            accept = {"Accept": f"{OCI_MANIFEST}, {OCI_INDEX}"}
            connection.request(method, path, body, {"Content-Type": media_type} | accept)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, (method, path, answer.status, content)
        return answer.headers, content

    def blob(self, content: bytes) -> dict[str, Any]:
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        started, _ = self.call("POST", "/v2/acme/api/blobs/uploads/")
        parts = urlsplit(started["Location"])
        place = f"{parts.path}?{parts.query}&digest={digest}"
        self.call("PUT", place, content, "application/octet-stream")
        return {"digest": digest, "size": len(content)}

    def image(self) -> ImageReference:
        """Push an image that no other story has."""
        layer = self.blob(os.urandom(512))
        rootfs = {"type": "layers", "diff_ids": [layer["digest"]]}
        config = self.blob(
            json.dumps({"os": "linux", "architecture": "amd64", "rootfs": rootfs}).encode()
        )
        kinds = "application/vnd.oci.image"
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": f"{kinds}.config.v1+json", **config},
            "layers": [{"mediaType": f"{kinds}.layer.v1.tar", **layer}],
        }
        return self.put(json.dumps(manifest).encode())

    def put(self, content: bytes, tag: str | None = None) -> ImageReference:
        """Put a manifest or index; its reference by digest."""
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        media_type = json.loads(content)["mediaType"]
        self.call("PUT", f"/v2/acme/api/manifests/{tag or digest}", content, media_type)
        return ImageReference.parse(f"{self.host}/acme/api@{digest}")

    def manifest(self, selector: str) -> bytes:
        _, content = self.call("GET", f"/v2/acme/api/manifests/{selector}")
        assert isinstance(content, bytes)
        return content

    def damage(self, digest: str, change: Callable[[bytes], bytes]) -> None:
        """Change what the registry keeps under a digest, as whoever runs it could."""
        _, _, text = digest.partition(":")
        (file,) = self.storage.glob(f"docker/registry/v2/blobs/sha256/*/{text}/data")
        file.write_bytes(change(file.read_bytes()))

    def attached(self, image: ImageReference) -> Sequence[bytes]:
        """What Gatebook finds attached to an image."""
        return [found.data for found in attestations_of(self.client, image).require()]


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed (Debian package docker-registry)")
    storage = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    host = f"127.0.0.1:{port}"
    configuration = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": {"addr": host, "secret": "of the test"},
    }
    file = tmp_path_factory.mktemp("configuration") / "config.yml"
    file.write_text(json.dumps(configuration))  # JSON is YAML
    process = subprocess.Popen(
        [program, "serve", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"},
    )
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    limits = HttpLimits(connect_seconds=5, read_seconds=5)
    with HttpClient(limits=limits, use_environment=False) as client:
        yield Registry(host, storage, RegistryClient(client))
    process.terminate()
    process.wait(10)


# -- a Sigstore deployment -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def kit() -> Any:
    """The unit tests' private Sigstore, whose bundles the peers are asked about."""
    spec = importlib.util.spec_from_file_location("interop_sigstore_kit", KIT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_IDENTIFIERS = {ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER}


def _issue_again(
    certificate: x509.Certificate, by: Any, *promises: x509.UnrecognizedExtension
) -> x509.Certificate:
    """The same certificate with key identifiers (RFC 5280 §4.2.1.1 and 2), as Fulcio issues it."""
    key = certificate.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(key)
        .serial_number(certificate.serial_number)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
    )
    for item in certificate.extensions:
        if item.oid not in _IDENTIFIERS | {_SCTS}:
            builder = builder.add_extension(item.value, critical=item.critical)
    own = x509.SubjectKeyIdentifier.from_public_key(key)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
    builder = builder.add_extension(own, critical=False).add_extension(issuer, critical=False)
    for promise in promises:
        builder = builder.add_extension(promise, critical=False)
    return builder.sign(by, hashes.SHA256())


@dataclass(frozen=True)
class Deployment:
    """The private Sigstore, with certificates that are complete enough for every peer."""

    kit: Any
    parts: Any

    @classmethod
    def make(cls, kit: Any) -> "Deployment":
        parts = kit.Sigstore()
        stamps = parts.timestamps
        for authority, by in (
            (parts.anchor, parts.anchor.key),
            (parts.intermediate, parts.anchor.key),
            (stamps.anchor, stamps.anchor.key),
            (stamps.signer, stamps.anchor.key),
        ):
            authority.certificate = _issue_again(authority.certificate, by)
        return cls(kit, parts)

    def leaf(self, *, promised: bool = True, **knobs: Any) -> Any:
        """A signer; its certificate is promised to the log of certificates in its final form."""
        parts, kit = self.parts, self.kit
        leaf = parts.leaf(promised_by=(), **knobs)
        by = parts.intermediate
        if not promised:
            leaf.certificate = _issue_again(leaf.certificate, by.key)
            return leaf
        tbs = _issue_again(leaf.certificate, by.key).tbs_certificate_bytes
        promise = parts.certificate_log.promise(tbs, by, parts.at)
        one = len(promise).to_bytes(2) + promise
        listed = kit.tlv(4, len(one).to_bytes(2) + one)
        leaf.certificate = _issue_again(
            leaf.certificate, by.key, x509.UnrecognizedExtension(_SCTS, listed)
        )
        return leaf

    def sign(self, content: bytes, *, statement: bool, **knobs: Any) -> bytes:
        """A bundle as its author would get it."""
        knobs.setdefault("leaf", None if "managed" in knobs else self.leaf())
        knobs.setdefault("body", _with_key_details)
        make = self.parts.sign_statement if statement else self.parts.sign_artifact
        encoded: bytes = self.kit.encode(make(content, **knobs))
        return encoded

    def trusted_root(self, **changes: Any) -> bytes:
        encoded: bytes = self.parts.trusted_root(**changes)
        return encoded

    def stamp(self, signature: bytes) -> bytes:
        """A timestamp over a signature, of the deployment's noon."""
        stamped: bytes = self.parts.timestamps.stamp(signature, self.parts.at)
        return stamped


def _with_key_details(body: Any) -> Any:
    """Name the key's algorithm in an entry of the second generation; some peers insist."""
    if isinstance(body, dict):
        return {
            name: "PKIX_ECDSA_P256_SHA_256" if name == "keyDetails" else _with_key_details(each)
            for name, each in body.items()
        }
    return [_with_key_details(each) for each in body] if isinstance(body, list) else body


@pytest.fixture(scope="session")
def deployment(kit: Any) -> Deployment:
    return Deployment.make(kit)


# -- OpenSSL's timestamp authority -----------------------------------------------------------------


_TIME = """
[ req ]
distinguished_name = name
prompt = no
[ name ]
CN = time of the tests
[ ca ]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[ stamp ]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ tsa ]
default_tsa = authority
[ authority ]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""
_CURVE = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


@dataclass(frozen=True)
class TimeServer:
    """A timestamp authority that answers over HTTP; ``openssl ts`` signs the times."""

    url: str
    place: Path

    def trusted_root(self) -> bytes:
        """A Sigstore trusted root that has this authority and nobody else."""
        ders = [
            x509.load_pem_x509_certificate((self.place / name).read_bytes()).public_bytes(
                serialization.Encoding.DER
            )
            for name in ("tsa.pem", "ca.pem")
        ]
        since = dt.datetime.fromtimestamp(time.time(), dt.UTC) - dt.timedelta(days=1)
        authority = {
            "subject": {"organization": "acme.test", "commonName": "time"},
            "uri": self.url,
            "certChain": {
                "certificates": [{"rawBytes": base64.b64encode(der).decode()} for der in ders]
            },
            "validFor": {"start": since.strftime("%Y-%m-%dT%H:%M:%SZ")},
        }
        document: Mapping[str, Any] = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "timestampAuthorities": [authority],
        }
        return json.dumps(document).encode()


@pytest.fixture(scope="session")
def time_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeServer]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    place = tmp_path_factory.mktemp("time")
    (place / "ts.cnf").write_text(_TIME)
    (place / "serial").write_text("01\n")

    def openssl(*arguments: str) -> None:
        subprocess.run(("openssl", *arguments), cwd=place, check=True, capture_output=True)

    for name in ("ca", "tsa"):
        openssl("genpkey", *_CURVE, "-out", f"{name}.key")
    config = ("-config", "ts.cnf")
    openssl("req", "-x509", "-new", "-key", "ca.key", *config, "-extensions", "ca", "-days", "2",
            "-out", "ca.pem")  # fmt: skip
    openssl("req", "-new", "-key", "tsa.key", *config, "-subj", "/CN=stamp", "-out", "tsa.csr")
    openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
            "-extfile", "ts.cnf", "-extensions", "stamp", "-set_serial", "2",
            "-out", "tsa.pem")  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            (place / "query").write_bytes(query)
            openssl("ts", "-reply", *config, "-queryfile", "query", "-out", "reply")
            reply = (place / "reply").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield TimeServer(f"http://127.0.0.1:{server.server_address[1]}/stamp", place)
    server.shutdown()
    thread.join()
    server.server_close()
