"""A desk at which commands are run, each through the program's front door, in this process."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from gatebook.cli.main import main

UNIT = Path(__file__).resolve().parents[1]
REPOSITORY = "https://git.example.com/acme/api"
COMMIT = "a" * 40
CONTRACT = """contract: gatebook/contract/v1
environment: prod
roles:
  release-manager: [ana]
controls:
  - id: artifact-identified
  - id: approval
    with: {role: release-manager}
"""
SBOM = (
    '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"six",'
    '"version":"1.16.0","purl":"pkg:pypi/six@1.16.0"}]}'
)


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    status: int
    out: str
    err: str
    raw: bytes

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


class CommandDesk:
    """A directory of one's own, and commands run in it with nobody at the terminal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, given: bytes = b""
    ) -> Ran:
        surroundings = {"USER": "tester", "GATEBOOK_LEDGER": str(self.directory / ".gatebook")}
        status = 0
        with CliRunner().isolation(input=given, env={**surroundings, **(env or {})}) as streams:
            try:
                main([str(each) for each in arguments])
            except SystemExit as end:
                status = int(end.code or 0)
            out, err = streams[0].getvalue(), streams[1].getvalue()
        return Ran(status, out.decode(), err.decode(), out)

    def do(self, *arguments: str | Path, **more: Any) -> Ran:
        """Run a command that has to succeed."""
        ran = self.run(*arguments, **more)
        assert ran.status == 0, f"{arguments}: {ran}"
        return ran

    def refused(self, status: int, code: str, *arguments: str | Path, **more: Any) -> Ran:
        """Run a command that has to end with a status and a code."""
        ran = self.run(*arguments, **more)
        assert (ran.status, f"[{code}]" in ran.err) == (status, True), f"{arguments}: {ran}"
        return ran

    def json(self, *arguments: str | Path, **more: Any) -> dict[str, Any]:
        """The document a command answers with."""
        return self.do(*arguments, "--json", **more).json()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    def entries(self) -> list[dict[str, Any]]:
        """All entries of the book, the newest first."""
        entries: list[dict[str, Any]] = self.json("log", "--limit", "1000")["entries"]
        return sorted(entries, key=lambda entry: -entry["index"])

    def open_book(self, *public_keys: tuple[str, str]) -> None:
        """Make a book that believes some keys: each an id and the name of a file.

        Ana approves with the key of that id; every other key may attest anything else.
        """
        self.do("init", "--origin", "ledger.example.com/acme")
        keys = []
        for name, file in public_keys:
            allowed = ["approval"] if name == "ana" else ["sbom", "provenance", "image-signature"]
            keys.append(
                {
                    "id": name,
                    "public-key": self.read(file).decode(),
                    "may-attest": allowed,
                    "repositories": "any",
                    "environments": "any",
                }
            )
        people = [
            {"id": name, "actors": [f"key#{name}"], "emails": [f"{name}@example.com"]}
            for name in ("ana", "dev")
        ]
        root = {"trust-root": "gatebook/trust-root/v1", "keys": keys, "people": people}
        self.write("trust.json", json.dumps(root))
        self.write("prod.yaml", CONTRACT)
        self.do("trust", "publish", "trust.json")
        self.do("contract", "publish", "prod.yaml")

    def record(self, subject: str = "app.bin", *more: str) -> None:
        self.do(
            *("record", subject, "--no-git", "--repository", REPOSITORY, "--commit", COMMIT),
            *("--author", "dev@example.com", *more),
        )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandDesk:
    """A desk with an artifact ``app.bin`` and an SBOM on it."""
    for name in list(os.environ):
        if name.startswith(("GATEBOOK_", "COSIGN_")) and name != "GATEBOOK_VECTORS":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    made = CommandDesk(tmp_path)
    made.write("app.bin", "hello")
    made.write("sbom.json", SBOM)
    return made


def _load(path: str) -> ModuleType:
    """The fixtures of another room, under a name of their own."""
    name = "cli_" + Path(path).stem.replace("-", "_") + "_kit"
    spec = importlib.util.spec_from_file_location(name, UNIT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_connectors = _load("connectors/conftest.py")
server = _connectors.server
other_server = _connectors.other_server
start_registry = _connectors.start_registry
open_registry = _connectors.open_registry
image = _connectors.image
referrers_registry = _connectors.referrers_registry
authority = _load("connectors/test_connectors_tsa.py").authority
aws = _load("connectors/test_connectors_kms.py").aws


@pytest.fixture
def ssh_keygen(desk: CommandDesk) -> Any:
    """OpenSSH's own program, run at the desk."""
    import shutil

    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed")

    def run(*arguments: str, given: bytes = b"") -> bytes:
        done = subprocess.run(
            [program, *arguments], cwd=desk.directory, input=given, capture_output=True, check=True
        )
        return done.stdout

    return run
