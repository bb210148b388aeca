"""A registry that runs for real, and a small server that answers as it is told."""

import base64
import datetime as dt
import hashlib
import http.client
import ipaddress
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from gatebook.connectors.http import HttpClient, HttpLimits

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class TalkingServer:
    """Answers each request with what ``answer`` makes of it, and remembers it."""

    url: str = ""
    answer: Callable[[Request], Answer] = lambda _: (404, {}, b"")
    seen: list[Request] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


class _Handler(BaseHTTPRequestHandler):
    talking: TalkingServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits for a delayed acknowledgement

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {key.lower(): value for key, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        self.talking.seen.append(request)
        status, given, body = self.talking.answer(request)
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in given.items():
            self.send_header(name, value)
        if "Content-Length" not in given:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_PUT = _any  # noqa: N815  # http.server's names

    def log_message(self, *_: object) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


def _serve(context: ssl.SSLContext | None) -> Iterator[TalkingServer]:
    talking = TalkingServer()
    handler = type("Handler", (_Handler,), {"talking": talking})
    server = _Quiet(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if context is None else "https"
    talking.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield talking
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[TalkingServer]:
    yield from _serve(None)


@pytest.fixture
def other_server() -> Iterator[TalkingServer]:
    yield from _serve(None)


@dataclass
class Certificate:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    key_file: Path
    file: Path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry test")])
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)  # a server's certificate must be of today
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    place = tmp_path_factory.mktemp("certificate")
    (place / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (place / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Certificate(key, made, place / "key.pem", place / "cert.pem")


@pytest.fixture
def tls_server(certificate: Certificate) -> Iterator[TalkingServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key_file)
    yield from _serve(context)


@pytest.fixture
def http_client(certificate: Certificate) -> Iterator[HttpClient]:
    """A client that does not wait, knows no proxy, and believes the test certificate."""
    with HttpClient(
        limits=HttpLimits(connect_seconds=5, read_seconds=2, backoff_seconds=0.001),
        use_environment=False,
        ca_file=str(certificate.file),
        sleep=lambda _: None,
    ) as client:
        yield client


@dataclass(frozen=True)
class PushedImage:
    """What lies in the registry as ``acme/api``: an index of two platforms, and one of them."""

    index: bytes
    manifests: dict[str, bytes]
    layer: bytes

    @staticmethod
    def digest(content: bytes) -> str:
        return "sha256:" + hashlib.sha256(content).hexdigest()


def _encoded(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _descriptor(media_type: str, content: bytes, **more: object) -> dict[str, object]:
    return {
        "mediaType": media_type,
        "digest": PushedImage.digest(content),
        "size": len(content),
    } | more


def _call(
    host: str, method: str, path: str, body: bytes = b"", **headers: str
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, body=body, headers=named)
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    assert response.status < 300, (method, path, response.status)
    return response


def _push_blob(host: str, content: bytes) -> None:
    started = _call(host, "POST", "/v2/acme/api/blobs/uploads/")
    parts = urlsplit(started.headers["Location"])
    path = f"{parts.path}?{parts.query}&digest={PushedImage.digest(content)}"
    _call(host, "PUT", path, content, Content_Type="application/octet-stream")


def _push_image(host: str) -> PushedImage:
    layer = os.urandom(4096)
    _push_blob(host, layer)
    manifests = {}
    entries = []
    for architecture in ("amd64", "arm64"):
        platform = {"os": "linux", "architecture": architecture}
        rootfs = {"type": "layers", "diff_ids": [PushedImage.digest(layer)]}
        config = _encoded(platform | {"rootfs": rootfs})
        _push_blob(host, config)
        manifest = _encoded(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": _descriptor(OCI_CONFIG, config),
                "layers": [_descriptor(OCI_LAYER, layer)],
            }
        )
        path = f"/v2/acme/api/manifests/{architecture}"
        _call(host, "PUT", path, manifest, Content_Type=OCI_MANIFEST)
        manifests[architecture] = manifest
        entries.append(_descriptor(OCI_MANIFEST, manifest, platform=platform))
    index = _encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    _call(host, "PUT", "/v2/acme/api/manifests/v1", index, Content_Type=OCI_INDEX)
    return PushedImage(index, manifests, layer)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


RegistryStarter = Callable[..., str]


@pytest.fixture(scope="session")
def start_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryStarter]:
    """Start the registry of the distribution project on this machine; its host is returned."""
    program = shutil.which("docker-registry")
    if program is None:
        reason = "docker-registry is not installed (Debian package docker-registry)"
        if os.environ.get("GATEBOOK_REQUIRE_VECTORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    storage = tmp_path_factory.mktemp("registry")
    running: list[subprocess.Popen[bytes]] = []

    def start(*, auth: dict[str, object] | None = None) -> str:
        host = f"127.0.0.1:{_free_port()}"
        configuration: dict[str, object] = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(storage)}},
            "http": {"addr": host, "secret": "of the test"},
        }
        if auth is not None:
            configuration["auth"] = auth
        file = tmp_path_factory.mktemp("configuration") / "config.yml"
        file.write_text(json.dumps(configuration))  # JSON is YAML
        running.append(
            subprocess.Popen(
                [program, "serve", str(file)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"},
            )
        )
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(host.partition(":")[2]))) == 0:
                    return host
            time.sleep(0.02)
        pytest.fail("docker-registry did not start")

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def open_registry(start_registry: RegistryStarter) -> str:
    return start_registry()


@pytest.fixture(scope="session")
def image(open_registry: str) -> PushedImage:
    return _push_image(open_registry)


@dataclass
class TokenServer:
    """Signs tokens as the registry's token specification says, for ``ana`` and for nobody else."""

    url: str
    seen: list[Request]


@pytest.fixture
def token_server(server: TalkingServer, certificate: Certificate) -> TokenServer:
    def part(document: object) -> bytes:
        return base64.urlsafe_b64encode(_encoded(document)).rstrip(b"=")

    def sign(scopes: list[str], service: str) -> str:
        der = certificate.certificate.public_bytes(serialization.Encoding.DER)
        head = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        now = int(time.time())  # a token for a real server must be of now
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        claims = {
            "iss": "token-test",
            "sub": "ana",
            "aud": service,
            "exp": now + 60,
            "nbf": now - 10,
            "iat": now,
            "jti": "1",
            "access": access,
        }
        text = part(head) + b"." + part(claims)
        r, s = decode_dss_signature(certificate.key.sign(text, ec.ECDSA(hashes.SHA256())))
        value = r.to_bytes(32) + s.to_bytes(32)
        return (text + b"." + base64.urlsafe_b64encode(value).rstrip(b"=")).decode()

    def answer(request: Request) -> Answer:
        if request.method == "POST":
            asked = parse_qs(request.body.decode())
            allowed = asked.get("refresh_token") == ["identity of ana"]
        else:
            asked = parse_qs(urlsplit(request.path).query)
            pair = base64.b64encode(b"ana:sesame").decode()
            allowed = request.headers.get("authorization") == f"Basic {pair}"
        if not allowed:
            return 401, {}, b'{"errors":[]}'
        token = sign(asked["scope"], asked["service"][0])
        name = "access_token" if request.method == "POST" else "token"
        return 200, {"Content-Type": "application/json"}, _encoded({name: token})

    server.answer = answer
    return TokenServer(server.url + "/token", server.seen)


@dataclass
class ReferrersRegistry:
    """A registry as the distribution-spec v1.1 describes it, lists of referrers included.

    It keeps what it is given under the digest of the bytes. With ``lists`` switched off it is a
    registry from before 1.1, which keeps manifests with a subject but lists nothing.
    """

    server: TalkingServer
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    lists: bool = True
    filters: bool = True
    page: int = 1000

    @property
    def host(self) -> str:
        return self.server.host

    def blob(self, content: bytes, media_type: str, **more: object) -> dict[str, object]:
        self.blobs[PushedImage.digest(content)] = content
        return _descriptor(media_type, content, **more)

    def manifest(self, document: dict[str, object], *tags: str) -> dict[str, object]:
        content = _encoded({"schemaVersion": 2} | document)
        self.manifests[PushedImage.digest(content)] = content
        for tag in tags:
            self.tags[tag] = PushedImage.digest(content)
        return _descriptor(str(document["mediaType"]), content)

    def attach(
        self,
        subject: dict[str, object] | None,
        *layers: dict[str, object],
        artifact_type: str | None = None,
        tag: str | None = None,
        **more: object,
    ) -> dict[str, object]:
        document: dict[str, object] = {
            "mediaType": OCI_MANIFEST,
            "config": self.blob(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": list(layers),
        }
        if artifact_type is not None:
            document["artifactType"] = artifact_type
        if subject is not None:
            document["subject"] = subject
        return self.manifest(document | more, *([] if tag is None else [tag]))

    def index(self, *manifests: dict[str, object], tag: str | None = None) -> dict[str, object]:
        document: dict[str, object] = {"mediaType": OCI_INDEX, "manifests": list(manifests)}
        return self.manifest(document, *([] if tag is None else [tag]))

    def image(self, architecture: str = "amd64", *tags: str) -> dict[str, object]:
        platform = {"os": "linux", "architecture": architecture}
        layer = self.blob(b"layer of " + architecture.encode(), OCI_LAYER)
        rootfs = {"type": "layers", "diff_ids": [layer["digest"]]}
        config = self.blob(_encoded(platform | {"rootfs": rootfs}), OCI_CONFIG)
        made = self.manifest(
            {"mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}, *tags
        )
        return made | {"platform": platform}

    def answer(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        _, _, rest = parts.path.partition("/v2/acme/api/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        what, _, name = rest.partition("/")
        if what == "manifests":
            return self._manifests(request, name)
        if what == "blobs":
            return self._blobs(request, name, query)
        if what == "referrers" and self.lists:
            return self._referrers(parts.path, name, query)
        return 404, {}, b'{"errors":[{"code":"NOT_FOUND"}]}'

    def _manifests(self, request: Request, name: str) -> Answer:
        if request.method == "PUT":
            digest = PushedImage.digest(request.body)
            self.manifests[digest] = request.body
            if name != digest:
                self.tags[name] = digest
            headers = {"Docker-Content-Digest": digest}
            subject = json.loads(request.body).get("subject")
            if subject is not None and self.lists:
                headers["OCI-Subject"] = subject["digest"]
            return 201, headers, b""
        content = self.manifests.get(self.tags.get(name, name))
        if content is None:
            return 404, {}, b""
        media_type = json.loads(content)["mediaType"]
        return 200, {"Content-Type": media_type}, content

    def _blobs(self, request: Request, name: str, query: dict[str, str]) -> Answer:
        if request.method == "POST":
            return 202, {"Location": "/v2/acme/api/blobs/uploads/1?state=x"}, b""
        if request.method == "PUT":
            if PushedImage.digest(request.body) != query["digest"] or query["state"] != "x":
                return 400, {}, b""
            self.blobs[query["digest"]] = request.body
            return 201, {}, b""
        content = self.blobs.get(name)
        if request.method == "HEAD":
            return (404 if content is None else 200), {"Content-Length": "0"}, b""
        return (404, {}, b"") if content is None else (200, {}, content)

    def _referrers(self, path: str, subject: str, query: dict[str, str]) -> Answer:
        found = []
        for content in self.manifests.values():
            document = json.loads(content)
            if document.get("subject", {}).get("digest") != subject:
                continue
            kind = document.get("artifactType") or document.get("config", {}).get("mediaType")
            found.append(_descriptor(document["mediaType"], content, artifactType=kind))
        headers = {"Content-Type": OCI_INDEX}
        wanted = query.get("artifactType")
        if wanted is not None and self.filters:
            found = [item for item in found if item["artifactType"] == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        start = int(query.get("last", "0"))
        if start + self.page < len(found):
            more = f"last={start + self.page}" + (f"&artifactType={wanted}" if wanted else "")
            headers["Link"] = f'<{path}?{more}>; rel="next"'
        index = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": found[start : start + self.page],
        }
        return 200, headers, _encoded(index)


@pytest.fixture
def referrers_registry(server: TalkingServer) -> ReferrersRegistry:
    made = ReferrersRegistry(server)
    server.answer = made.answer
    return made
