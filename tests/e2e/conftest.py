"""A company that works with the real command line: every command is a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

GATEBOOK = Path(sys.executable).with_name("gatebook")
ORIGIN = "ledger.example.com/acme"
REPOSITORY = "https://git.example.com/acme/api"
BUILDER = "https://ci.example.com/runner"
COMMIT = "a" * 40
BUILD = (
    "--no-git",
    *("--repository", REPOSITORY),
    *("--commit", COMMIT),
    *("--ref", "refs/heads/main"),
    *("--builder", BUILDER),
)
CONTRACT = f"""contract: gatebook/contract/v1
environment: prod
roles:
  release-manager: [ana, ben]
controls:
  - id: artifact-identified
  - id: provenance
    with:
      builders: ["{BUILDER}"]
      repositories: ["{REPOSITORY}"]
      refs: [refs/heads/main]
  - id: sbom
  - id: tests-passed
  - id: approval
    with: {{role: release-manager}}
  - id: build-age
    with: {{max: 30d}}
"""
JUNIT = (
    '<testsuite name="t" tests="2"><testcase name="a" classname="x"/>'
    '<testcase name="b" classname="x"/></testsuite>'
)
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

    def json(self) -> dict[str, Any]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


class Company:
    """A directory with a book, keys, documents, and an artifact called ``app.bin``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.gatebook = GATEBOOK
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "USER": "tester",
            "PYTHONDONTWRITEBYTECODE": "",
        }

    @property
    def book(self) -> Path:
        return self.directory / ".gatebook"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        given: bytes | None = None,
        where: Path | None = None,
    ) -> Ran:
        """Run a command and say how it ended."""
        done = subprocess.run(
            [GATEBOOK, *map(str, arguments)],
            cwd=where or self.directory,
            env={**self.environ, **(env or {})},
            input=given if given is not None else b"",
            capture_output=True,
            check=False,
            timeout=60,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def do(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Ran:
        """Run a command that has to succeed."""
        ran = self.run(*arguments, env=env)
        assert ran.status == 0, f"{arguments}: {ran.status}\n{ran.out}\n{ran.err}"
        assert "Traceback" not in ran.err
        return ran

    def refused(self, status: int, code: str, *arguments: str | Path, **more: Any) -> Ran:
        """Run a command that has to be refused with a code, without an answer."""
        ran = self.run(*arguments, **more)
        assert ran.status == status, f"{arguments}: {ran.status}\n{ran.out}\n{ran.err}"
        assert f"[{code}]" in ran.err, ran.err
        assert ran.err.startswith(("error: ", "Usage: "))
        assert "Traceback" not in ran.err
        return ran

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        """Run a command with ``--json`` and return its document."""
        return self.do(*arguments, "--json").json()

    def size(self) -> int:
        """How many entries the book has."""
        return int(self.json("log", "--limit", "1")["size"])

    def newest(self) -> dict[str, Any]:
        """The newest entry."""
        entry: dict[str, Any] = self.json("log", "--limit", "1")["entries"][0]
        return entry

    def record(self, subject: str = "app.bin", *more: str, author: str = "ana@example.com") -> Ran:
        """Record an artifact as CI would."""
        return self.do("record", subject, *BUILD, "--author", author, *more)

    def attest_all(self, subject: str = "app.bin") -> None:
        """Give an artifact everything but an approval."""
        self.do("attest", subject, "--type", "provenance", "--key", "ci.pem")
        self.do("attest", subject, "--type", "sbom", "--predicate", "sbom.json", "--key", "ci.pem")
        self.do(
            *("attest", subject, "--type", "test-result"),
            *("--predicate", "junit.xml", "--key", "ci.pem"),
        )

    def log_key(self) -> str:
        """The log's verifier key."""
        return self.do("key", "show").out.strip()


def trust_root(directory: Path) -> str:
    """Who is believed: the CI for evidence, Ana and Ben for approvals."""

    def key(name: str, may: str, repositories: str, environments: str) -> str:
        pem = (directory / f"{name}.pem.pub").read_text()
        block = "".join(f"      {line}\n" for line in pem.splitlines())
        return (
            f"  - id: {name}\n    public-key: |\n{block}    may-attest: [{may}]\n"
            f"    repositories: {repositories}\n    environments: {environments}\n"
        )

    return (
        "trust-root: gatebook/trust-root/v1\nkeys:\n"
        + key("ci", "provenance, sbom, test-result", '["https://git.example.com/acme/*"]', "any")
        + key("ana", "approval", "any", "[staging, prod]")
        + key("ben", "approval", "any", "[staging, prod]")
        + 'people:\n  - id: ana\n    actors: ["key#ana"]\n    emails: [ana@example.com]\n'
        '  - id: ben\n    actors: ["key#ben"]\n    emails: [ben@example.com]\n'
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose artifact has everything but an approval; copied for each test."""
    company = Company(tmp_path_factory.mktemp("company"))
    company.do("init", "--origin", ORIGIN)
    for name in ("ci", "ana", "ben", "mallory"):
        company.do("key", "generate", "--output", f"{name}.pem")
    company.write("trust.yaml", trust_root(company.directory))
    company.write("prod.yaml", CONTRACT)
    company.write("junit.xml", JUNIT)
    company.write("sbom.json", SBOM)
    company.write("app.bin", "hello")
    company.do("trust", "publish", "trust.yaml")
    company.do("contract", "publish", "prod.yaml")
    company.record()
    company.attest_all()
    return company.directory


@pytest.fixture
def company(template: Path, tmp_path: Path) -> Company:
    """A company of one's own: entries 0 to 6, and nobody has approved yet."""
    directory = tmp_path / "acme"
    shutil.copytree(template, directory)
    return Company(directory)


@pytest.fixture
def approved(company: Company) -> Company:
    """Ben has approved, and production is open."""
    company.do("approve", "app.bin", "-e", "prod", "--key", "ben.pem")
    return company
