"""Trusted roots from outside: the extra's own, and TUF repositories that may be hostile."""

import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatebook.connectors.http import HttpClient, HttpLimits
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.workspace.trusted_roots import (
    ExtraMissingError,
    TufError,
    TufUnreachableError,
    TufUsageError,
    default_tuf_state,
    fetch_trusted_root,
    installed_trusted_root,
)

tuf = pytest.importorskip("tuf.api.metadata")
signer = pytest.importorskip("securesystemslib.signer")

ROLES = ("root", "timestamp", "snapshot", "targets")


class Repository:
    """A TUF repository on this machine; each state of it is published as a whole."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "targets").mkdir(parents=True)
        self.url = ""
        self.signers = {role: signer.CryptoSigner.generate_ed25519() for role in ROLES}
        self.root_version = 0
        self.new_root()
        self.bootstrap = (directory / "1.root.json").read_bytes()

    def new_root(self, *, days: int = 30, signed_by: Any = None) -> None:
        """Publish the next root, signed by the root key before it as well."""
        self.root_version += 1
        root = tuf.Root(version=self.root_version, expires=self.end(days), consistent_snapshot=True)
        for role in ROLES:
            root.add_key(self.signers[role].public_key, role)
        document = tuf.Metadata(root)
        document.sign(signed_by or self.signers["root"])
        document.to_file(str(self.directory / f"{self.root_version}.root.json"))

    @staticmethod
    def end(days: int) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)

    def publish(
        self,
        content: bytes,
        *,
        version: int = 1,
        days: int = 30,
        name: str = "trusted_root.json",
        signed_by: Any = None,
        served: bytes | None = None,
    ) -> None:
        """Publish one target, and metadata that leads to it."""
        target = tuf.TargetFile.from_data(name, content)
        folder, _, file = name.rpartition("/")
        digest = target.hashes["sha256"]
        place = self.directory / "targets" / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{digest}.{file}").write_bytes(content if served is None else served)
        expires = self.end(days)
        targets = tuf.Metadata(
            tuf.Targets(version=version, expires=expires, targets={name: target})
        )
        targets.sign(signed_by or self.signers["targets"])
        targets.to_file(str(self.directory / f"{version}.targets.json"))
        snapshot = tuf.Metadata(
            tuf.Snapshot(
                version=version, expires=expires, meta={"targets.json": tuf.MetaFile(version)}
            )
        )
        snapshot.sign(self.signers["snapshot"])
        snapshot.to_file(str(self.directory / f"{version}.snapshot.json"))
        timestamp = tuf.Metadata(
            tuf.Timestamp(version=version, expires=expires, snapshot_meta=tuf.MetaFile(version))
        )
        timestamp.sign(self.signers["timestamp"])
        timestamp.to_file(str(self.directory / "timestamp.json"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    made = Repository(tmp_path / "repository")
    handler = functools.partial(Quiet, directory=str(made.directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def fetch(repository: Repository, tmp_path: Path) -> Callable[..., bytes]:
    def ask(**changes: Any) -> bytes:
        good = {"state": tmp_path / "state", "bootstrap": repository.bootstrap}
        with HttpClient(limits=HttpLimits(attempts=1)) as client:
            return fetch_trusted_root(repository.url, http=client, **{**good, **changes})

    return ask


def refused(fetch: Callable[..., bytes], kind: type[Exception] = TufError, **changes: Any) -> str:
    with pytest.raises(kind) as error:
        fetch(**changes)
    code: str = getattr(error.value, "code", "")
    return code


def test_the_newest_root_is_fetched_and_its_bytes_stay(
    repository: Repository, fetch: Callable[..., bytes], tmp_path: Path
) -> None:
    repository.publish(b'{"first": 1}\n')
    assert fetch() == b'{"first": 1}\n'
    repository.publish(b'{"second": 2}', version=2)
    assert fetch() == b'{"second": 2}'
    # What was fetched is handed over, not kept; what was seen of the metadata is kept.
    (place,) = (tmp_path / "state").iterdir()
    assert {each.name for each in place.iterdir()} == {
        "root.json",
        "root_history",
        "snapshot.json",
        "targets.json",
        "timestamp.json",
    }


def test_further_roots_are_followed(repository: Repository, fetch: Callable[..., bytes]) -> None:
    repository.new_root()
    repository.new_root()
    repository.publish(b"{}")
    assert fetch() == b"{}"


def test_a_root_that_the_one_before_did_not_sign_is_refused(
    repository: Repository, fetch: Callable[..., bytes]
) -> None:
    repository.publish(b"{}")
    repository.new_root(signed_by=signer.CryptoSigner.generate_ed25519())
    assert refused(fetch) == "workspace.tuf-signature"


def test_a_bootstrap_of_another_repository_is_refused(
    repository: Repository, fetch: Callable[..., bytes], tmp_path: Path
) -> None:
    repository.publish(b"{}")
    stranger = Repository(tmp_path / "stranger")
    assert refused(fetch, bootstrap=stranger.bootstrap) == "workspace.tuf-signature"
    assert refused(fetch, bootstrap=b"{}") == "workspace.tuf-metadata"
    assert refused(fetch, bootstrap=b"\xff") == "workspace.tuf-metadata"


@pytest.mark.parametrize("kept", [True, False])
def test_metadata_that_has_expired_is_refused(
    repository: Repository, fetch: Callable[..., bytes], *, kept: bool
) -> None:
    if kept:
        repository.publish(b"{}")
        fetch()
    repository.publish(b"{}", version=2, days=-1)
    assert refused(fetch) == "workspace.tuf-expired"


def test_a_root_that_has_expired_is_refused(
    repository: Repository, fetch: Callable[..., bytes]
) -> None:
    repository.publish(b"{}")
    repository.new_root(days=-1)
    assert refused(fetch) == "workspace.tuf-expired"


def test_an_older_state_is_refused_after_a_newer_one_was_seen(
    repository: Repository, fetch: Callable[..., bytes], tmp_path: Path
) -> None:
    repository.publish(b'{"new": 1}', version=3)
    assert fetch() == b'{"new": 1}'
    repository.publish(b'{"old": 1}', version=2)
    assert refused(fetch) == "workspace.tuf-rollback"
    # Who has seen nothing cannot tell.
    assert fetch(state=tmp_path / "elsewhere") == b'{"old": 1}'


def test_targets_signed_by_a_stranger_are_refused(
    repository: Repository, fetch: Callable[..., bytes]
) -> None:
    repository.publish(b"{}", signed_by=signer.CryptoSigner.generate_ed25519())
    assert refused(fetch) == "workspace.tuf-signature"


@pytest.mark.parametrize("served", [b"[]", b"{} ", b"{"])
def test_a_target_with_other_bytes_is_refused(
    repository: Repository, fetch: Callable[..., bytes], served: bytes
) -> None:
    repository.publish(b"{}", served=served)
    assert refused(fetch) == "workspace.tuf-hash"


def test_a_target_that_is_not_there_is_refused(
    repository: Repository, fetch: Callable[..., bytes]
) -> None:
    repository.publish(b"{}")
    assert refused(fetch, target="other.json") == "workspace.tuf-target"
    repository.publish(b" " * (4 * 1024 * 1024 + 1), version=2)
    assert refused(fetch) == "workspace.tuf-target"


def test_a_target_in_a_folder_is_fetched(
    repository: Repository, fetch: Callable[..., bytes]
) -> None:
    repository.publish(b"{}", name="registry/keys.json")
    assert fetch(target="registry/keys.json") == b"{}"


@pytest.mark.parametrize(
    "name",
    [
        "../trusted_root.json",
        "..",
        "a/../../b",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "a/",
        "",
        "...",
        "..\\b",
        "%2e%2e/b",
        "a?b",
        "a\nb",
        "ä",
        "x" * 256,
    ],
)
def test_a_target_name_stays_where_it_is(
    repository: Repository, fetch: Callable[..., bytes], tmp_path: Path, name: str
) -> None:
    repository.publish(b"{}", name="trusted_root.json")
    assert refused(fetch, TufUsageError, target=name) == "workspace.tuf-target-name"
    assert not (tmp_path / "state").exists()


def test_a_repository_that_does_not_answer(
    repository: Repository, fetch: Callable[..., bytes]
) -> None:
    assert refused(fetch, TufUnreachableError) == "workspace.tuf-unreachable"
    repository.publish(b"{}")
    assert fetch() == b"{}"
    (repository.directory / "timestamp.json").unlink()
    # What was seen before does not stand in for an answer.
    assert refused(fetch, TufUnreachableError) == "workspace.tuf-unreachable"


def test_kept_metadata_that_was_damaged_is_fetched_again(
    repository: Repository, fetch: Callable[..., bytes], tmp_path: Path
) -> None:
    repository.publish(b"{}")
    fetch()
    (place,) = (tmp_path / "state").iterdir()
    (place / "timestamp.json").write_bytes(b"damaged")
    (place / "targets.json").write_bytes(b"\xff")
    assert fetch() == b"{}"


def test_a_state_that_cannot_be_kept(
    repository: Repository, fetch: Callable[..., bytes], tmp_path: Path
) -> None:
    repository.publish(b"{}")
    (tmp_path / "file").write_bytes(b"")
    code = refused(fetch, TufUnreachableError, state=tmp_path / "file" / "below")
    assert code == "workspace.tuf-state"


@pytest.mark.parametrize("url", ["http://tuf.example.com", "file:///etc", "ftp://x/y", "no url"])
def test_repositories_are_asked_by_https_only(tmp_path: Path, url: str) -> None:
    with pytest.raises(TufUsageError) as error:
        fetch_trusted_root(url, state=tmp_path, bootstrap=b"{}")
    assert error.value.code == "workspace.tuf-url"


def test_the_first_root_is_never_taken_from_the_network(
    repository: Repository, fetch: Callable[..., bytes]
) -> None:
    repository.publish(b"{}")
    assert refused(fetch, TufUsageError, bootstrap=None) == "workspace.tuf-bootstrap"


# -- the extra -------------------------------------------------------------------------------------


def test_the_installed_extra_has_roots_that_are_trusted_roots() -> None:
    public = SigstoreRoot.parse(installed_trusted_root())
    staging = SigstoreRoot.parse(installed_trusted_root(staging=True))
    assert public.digest != staging.digest
    assert public.logs
    assert public.authorities


def test_the_extras_code_is_not_imported_for_its_root() -> None:
    script = (
        "import sys\n"
        "from gatebook.workspace.trusted_roots import installed_trusted_root\n"
        "installed_trusted_root()\n"
        "print([name for name in ('sigstore', 'tuf', 'httpx2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_without_the_extra_a_root_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(ExtraMissingError) as error:
        installed_trusted_root(search=[str(tmp_path)])
    assert error.value.code == "workspace.sigstore-extra"
    assert "gatebook[sigstore]" in (error.value.hint or "")
    (tmp_path / "sigstore").mkdir()
    (tmp_path / "sigstore" / "__init__.py").touch()
    with pytest.raises(ExtraMissingError):
        installed_trusted_root(search=[str(tmp_path)])


def test_metadata_is_kept_in_the_users_data_directory() -> None:
    assert default_tuf_state({"XDG_DATA_HOME": "/data"}) == Path("/data/gatebook/tuf")
    below = Path.home() / ".local" / "share" / "gatebook" / "tuf"
    assert default_tuf_state({"XDG_DATA_HOME": "relative"}) == below
    assert default_tuf_state({}) == below


def test_public_roots_come_with_their_first_tuf_root(tmp_path: Path) -> None:
    # Nobody answers here; that it is asked shows that the first root was found.
    place = json.dumps(str(tmp_path))
    script = (
        "import socket, sys\n"
        "def off(*_, **__): raise OSError(101, 'no network')\n"
        "socket.socket.connect = off\n"
        "from pathlib import Path\n"
        "from gatebook.connectors.http import HttpClient, HttpLimits\n"
        "from gatebook.workspace.trusted_roots import fetch_trusted_root\n"
        "http = HttpClient(limits=HttpLimits(attempts=1))\n"
        "try:\n"
        f"    fetch_trusted_root(state=Path({place}), http=http)\n"
        "except Exception as error:\n"
        "    print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b"workspace.tuf-unreachable"
