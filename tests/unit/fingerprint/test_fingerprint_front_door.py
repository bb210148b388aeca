"""The front door: a path that exists wins, and what is written as a path is never an image."""

import hashlib
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gatebook.connectors.http import HttpClient
from gatebook.connectors.registry import RegistryClient
from gatebook.errors import MalformedError, NotFoundError, UsageError
from gatebook.fingerprint.fingerprint import Algorithm, Kind, fingerprint
from gatebook.fingerprint.refusals import MissingPathError, WrongAlgorithmError

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
INDEX = b'{"schemaVersion":2,"mediaType":"%s","manifests":[]}' % INDEX_TYPE.encode()


class _Registry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/v2/acme/api/manifests/v1"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", INDEX_TYPE)
        self.send_header("Content-Length", str(len(INDEX) if found else 0))
        self.end_headers()
        self.wfile.write(INDEX if found else b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def registry() -> Iterator[RegistryClient]:
    with HttpClient(use_environment=False, sleep=lambda _: None) as http:
        yield RegistryClient(http)


@pytest.fixture
def here(tmp_path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def test_the_values_are_a_promise():
    assert [str(item) for item in Algorithm] == ["file", "gatebook-dir-v1", "kosli-dir-v1", "oci"]


def test_an_image_is_asked_for_in_its_registry(host, registry):
    found = fingerprint(f"{host}/acme/api:v1", registry=registry)

    assert found.digest.hex == hashlib.sha256(INDEX).hexdigest()
    assert (found.algorithm, found.kind) == (Algorithm.OCI, Kind.IMAGE_INDEX)
    assert str(found.reference) == f"{host}/acme/api:v1"
    assert fingerprint(f"{host}/acme/api:v1", registry=registry, algorithm=Algorithm.OCI) == found
    with pytest.raises(NotFoundError):
        fingerprint(f"{host}/acme/web:v1", registry=registry)


def test_a_path_that_exists_wins(here, host, registry):
    place = here / host / "acme"
    place.mkdir(parents=True)
    (place / "api:v1").write_bytes(b"x")

    found = fingerprint(f"{host}/acme/api:v1", registry=registry)
    assert found.algorithm is Algorithm.FILE


@pytest.mark.parametrize("target", ["/absent", "./absent", "../absent/x", "~/absent", "", "a\0b"])
@pytest.mark.usefixtures("here")
def test_what_is_written_as_a_path_is_a_path(registry, target):
    with pytest.raises(MissingPathError) as error:
        fingerprint(target, registry=registry)
    assert error.value.exit_status == 2


def test_a_link_that_leads_nowhere_is_no_image(here, registry):
    (here / "alpine").symlink_to("absent")

    with pytest.raises(MissingPathError):
        fingerprint("alpine", registry=registry)


@pytest.mark.parametrize(
    "algorithm", [Algorithm.FILE, Algorithm.GATEBOOK_DIR_V1, Algorithm.KOSLI_DIR_V1]
)
@pytest.mark.usefixtures("here")
def test_algorithms_for_paths_ask_no_registry(registry, algorithm):
    with pytest.raises(MissingPathError):
        fingerprint("absent", registry=registry, algorithm=algorithm)


@pytest.mark.usefixtures("here")
def test_options_that_do_not_go_with_an_image_are_refused(registry):
    with pytest.raises(WrongAlgorithmError):
        fingerprint("absent", registry=registry, exclude=["x"])
    with pytest.raises(UsageError):
        fingerprint("absent", registry=registry, image_name="x")


@pytest.mark.usefixtures("here")
def test_what_is_neither_a_path_nor_an_image_is_refused(registry):
    with pytest.raises(MalformedError):
        fingerprint("Not An Image", registry=registry)


def test_a_directory_may_be_named_by_a_dot(here):
    (here / "a").write_text("1")

    assert fingerprint(".").digest == fingerprint(str(here)).digest
    assert fingerprint(".", exclude=["a"]).digest != fingerprint(".").digest
