"""The main job, on this repository itself: from the build of the wheel to the audit package.

Run by ``make demo``. Everything is real: the wheel, the commit, the SBOM made from the locked
dependencies by a maintained generator, the report of a test run made now, and the keys. The demo
stops with an error as soon as something does not come out as it says.
"""

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from gatebook.connectors.git import read_checkout

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".build" / "demo"
BIN = Path(sys.executable).parent
BUILDER = "https://builders.gatebook.example/make-demo"
FALLBACK_REPOSITORY = "https://git.gatebook.example/gatebook/gatebook"
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
TESTS = ["tests/unit/tlog", "-m", "not slow"]


def paint(text: str, code: str) -> str:
    """Colour a text where a terminal shows it."""
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


class Demo:
    """Runs commands, shows them, and stops when one does not end as announced."""

    def __init__(self) -> None:
        self.step = 0
        self.environment = {
            **{key: each for key, each in os.environ.items() if not key.startswith("GATEBOOK_")},
            "GATEBOOK_LEDGER": str(WORK / "book"),
            "GATEBOOK_ACTOR": "local#make-demo",
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }
        if COLOUR:
            self.environment["FORCE_COLOR"] = "1"

    def title(self, text: str) -> None:
        """Announce the next step."""
        self.step += 1
        print(f"\n{paint(f'{self.step}. {text}', '1;36')}")

    def run(self, *command: str, expect: int = 0, show: bool = True, where: Path = WORK) -> str:
        """Run a command, show what it prints, and check its exit status."""
        print(paint("$ " + " ".join(self._shorten(part) for part in command), "1"))
        done = subprocess.run(
            command,
            cwd=where,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if show or done.returncode != expect:
            print(textwrap.indent(done.stdout.rstrip(), "  "))
        if done.returncode != expect:
            sys.exit(f"demo: exit status {done.returncode}, expected {expect}")
        if expect:
            print(paint(f"  (exit status {expect}, as it must be)", "2"))
        return done.stdout

    @staticmethod
    def _shorten(part: str) -> str:
        path = Path(part)
        if path.is_absolute() and path.is_relative_to(BIN):
            return path.name
        return part if len(part) < 100 else part[:97] + "…"  # noqa: PLR2004


def must_say(output: str, words: str) -> None:
    """Stop when a command did not say what it has to."""
    if words not in output:
        sys.exit(f"demo: expected the words {words!r} in what was printed")


def indented(path: Path) -> str:
    """A public key as a block of YAML."""
    return textwrap.indent(path.read_text(), "      ")


def git(*arguments: str) -> str:
    """Ask git about the repository."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def write_trust(authors: tuple[str, ...], repository: str) -> None:
    """Write who is believed: three machines, each for one thing, and two people."""
    machine = """  - id: {name}
    public-key: |
{pem}    may-attest: [{kind}]
    repositories: ["{repository}"]
    environments: any
"""
    person = """  - id: {name}
    public-key: |
{pem}    may-attest: [approval]
    repositories: ["{repository}"]
    environments: [staging, prod]
"""
    keys = "".join(
        machine.format(
            name=name, kind=kind, repository=repository, pem=indented(WORK / f"{name}.pem.pub")
        )
        for name, kind in (("builder", "provenance"), ("sbom", "sbom"), ("tests", "test-result"))
    ) + "".join(
        person.format(name=name, repository=repository, pem=indented(WORK / f"{name}.pem.pub"))
        for name in ("author", "releaser")
    )
    people = f"""people:
  - id: author
    actors: ["key#author"]
    emails: [{", ".join(f'"{each}"' for each in authors)}]
  - id: releaser
    actors: ["key#releaser"]
    emails: [releaser@gatebook.example]
"""
    text = f"trust-root: gatebook/trust-root/v1\nkeys:\n{keys}{people}"
    (WORK / "trust.yaml").write_text(text)


def write_contracts(repository: str, ref: str) -> None:
    """Write what staging and production demand."""
    common = f"""controls:
  - id: artifact-identified
    with: {{kinds: [package]}}
  - id: provenance
    with:
      builders: ["{BUILDER}"]
      repositories: ["{repository}"]
      refs: ["{ref}"]
      workflows: [Makefile]
  - id: sbom
    with: {{min-components: 5}}
  - id: tests-passed
    with: {{min-tests: 100}}
"""
    (WORK / "staging.yaml").write_text(
        f"contract: gatebook/contract/v1\nenvironment: staging\n{common}"
    )
    (WORK / "prod.yaml").write_text(
        "contract: gatebook/contract/v1\nenvironment: prod\n"
        f"roles:\n  release-manager: [author, releaser]\n{common}"
        "  - id: release-approved\n    use: approval\n    with: {role: release-manager}\n"
        "  - id: build-age\n    with: {max: 30d}\n"
    )


def flip_byte(path: Path, needle: bytes | None = None) -> None:
    """Change one byte of a file: inside ``needle``, or in the middle."""
    data = bytearray(path.read_bytes())
    place = len(data) // 2 if needle is None else data.find(needle) + len(needle) // 2
    data[place] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def main() -> None:
    """Run the steps."""
    started = time.monotonic()
    commit = git("rev-parse", "HEAD")
    if not commit:
        sys.exit("demo: this is no git checkout, and the demo records the real commit")
    authors = read_checkout(ROOT).emails
    branch = git("symbolic-ref", "--quiet", "HEAD") or "refs/heads/main"
    origin = git("config", "--get", "remote.origin.url")
    repository = FALLBACK_REPOSITORY
    if origin.startswith("https://") and "@" not in origin:
        repository = origin.removesuffix(".git")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    demo = Demo()

    demo.title("Build the wheel of this very repository, and test it")
    demo.run(
        sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(WORK / "dist"),
        show=False, where=ROOT,
    )  # fmt: skip
    (wheel,) = (WORK / "dist").glob("*.whl")
    name = f"dist/{wheel.name}"
    demo.run("gatebook", "fingerprint", name)
    demo.run(
        sys.executable, "-m", "pytest", *TESTS, "-q", "-p", "no:cacheprovider", "-n", "0",
        f"--junitxml={WORK / 'junit.xml'}", show=False, where=ROOT,
    )  # fmt: skip
    demo.run(
        "cyclonedx-py", "requirements", str(ROOT / "requirements" / "run.txt"), "--pyproject",
        str(ROOT / "pyproject.toml"), "--mc-type", "library", "--output-format", "JSON",
        "--output-file", "sbom.json", show=False,
    )  # fmt: skip

    demo.title("Make a book, and say who is believed and what staging and prod demand")
    demo.run("gatebook", "init", "--origin", "ledger.gatebook.example/demo")
    for key in ("builder", "sbom", "tests", "author", "releaser"):
        demo.run("gatebook", "key", "generate", "--output", f"{key}.pem", show=False)
    write_trust(authors, repository)
    write_contracts(repository, branch)
    demo.run("gatebook", "trust", "publish", "trust.yaml")
    demo.run("gatebook", "contract", "publish", "staging.yaml")
    demo.run("gatebook", "contract", "publish", "prod.yaml")

    demo.title("CI records the artifact by digest, and signs what it knows about it")
    demo.run(
        "gatebook", "record", name, "--kind", "package", "--source", str(ROOT),
        "--repository", repository, "--ref", branch, "--workflow", "Makefile",
        "--builder", BUILDER, "--trigger", "make", "--parameter", "target=wheel",
    )  # fmt: skip
    demo.run("gatebook", "attest", name, "--type", "provenance", "--key", "builder.pem")
    demo.run(
        "gatebook", "attest", name, "--type", "sbom", "--predicate", "sbom.json",
        "--key", "sbom.pem",
    )  # fmt: skip
    demo.run(
        "gatebook", "attest", name, "--type", "test-result", "--predicate", "junit.xml",
        "--key", "tests.pem", "--receipt", "tests.tlog-proof",
    )  # fmt: skip

    demo.title("Staging allows; production denies, and says what is missing")
    demo.run("gatebook", "gate", name, "--environment", "staging")
    demo.run("gatebook", "gate", name, "--environment", "prod", expect=3)

    demo.title("The author of the commit cannot approve; somebody else can")
    refused = demo.run(
        "gatebook", "approve", name, "--environment", "prod", "--key", "author.pem", expect=3
    )
    must_say(refused, "policy.approver-is-author")
    demo.run(
        "gatebook", "approve", name, "--environment", "prod", "--key", "releaser.pem",
        "--reason", "tested on staging",
    )  # fmt: skip
    demo.run("gatebook", "gate", name, "--environment", "prod", "--explain")

    demo.title("It is deployed; what is in prod, and how did it get there?")
    demo.run("gatebook", "deploy", "record", name, "--environment", "prod", "--name", "gatebook")
    demo.run("gatebook", "query", "--environment", "prod", "--why")

    demo.title("One byte of the wheel is changed: the gate does not know it")
    tampered = WORK / "tampered" / wheel.name
    tampered.parent.mkdir()
    shutil.copy(wheel, tampered)
    flip_byte(tampered)
    demo.run("gatebook", "gate", f"tampered/{wheel.name}", "--environment", "prod", expect=4)

    demo.title("One byte of the book is changed: verification names the entry")
    demo.run("gatebook", "verify", "--book", "book")
    shutil.copytree(WORK / "book", WORK / "tampered-book")
    flip_byte(WORK / "tampered-book" / "ledger.db", b'"kind":"approval.refused"')
    found = demo.run("gatebook", "verify", "--book", "tampered-book", expect=5)
    must_say(found, "entry ")

    demo.title("An auditor takes the package away and verifies it in an empty directory")
    log_key = demo.run("gatebook", "key", "show").strip()
    demo.run("gatebook", "audit", "export", name, "--environment", "prod", "--output", "prod.zip")
    elsewhere = WORK / "auditor"
    elsewhere.mkdir()
    shutil.copy(WORK / "prod.zip", elsewhere)
    del demo.environment["GATEBOOK_LEDGER"]
    demo.run("gatebook", "verify", "prod.zip", "--log-key", log_key, where=elsewhere)

    seconds = time.monotonic() - started
    print(f"\n{paint('Done', '1;32')} in {seconds:.0f} s. Look around: .build/demo")


if __name__ == "__main__":
    main()
