"""What is refused: wrong usage, hostile documents, keys that others can read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Company

ENVELOPE = '{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[]}'

HOSTILE: Mapping[str, bytes] = {
    "empty": b"",
    "duplicate key": b'{"payload":"e30=","payload":"e30=","payloadType":"x","signatures":[]}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "huge number": b'{"payload":' + b"9" * 20_000 + b"}",
    "infinite number": b'{"payload":1e999}',
    "not a number": b'{"payload":NaN}',
    "byte order mark": b"\xef\xbb\xbf" + ENVELOPE.encode(),
    "not UTF-8": b'{"payloadType":"\xff\xfe"}',
    "UTF-16": ENVELOPE.encode("utf-16"),
    "truncated": ENVELOPE[:40].encode(),
    "trailing": ENVELOPE.encode() + b"{}",
    "list": b"[]",
    "text": b'"envelope"',
    "wrong types": b'{"payloadType":1,"payload":{},"signatures":"x"}',
    "lone surrogate": b'{"payloadType":"\\ud800","payload":"e30=","signatures":[]}',
    "zero byte": b"\0" * 100,
    "binary": bytes(range(256)),
}

_OBJECTS = {"wrong types"}


def test_hostile_evidence_is_refused_and_recorded_as_refused(company: "Company") -> None:
    size = company.size()
    blobs = sorted(company.book.glob("blobs/sha256/*/*"))
    wrong = []
    for number, (what, data) in enumerate(HOSTILE.items()):
        company.write("hostile.json", data)
        about = ("--subject", "app.bin") if number % 2 else ()
        ran = company.run("accept", "hostile.json", *about)
        newest = company.newest()
        expected = (5, "", "evidence.refused", size + number)
        found = (ran.status, ran.out, newest["kind"], newest["index"])
        if found != expected or f"[{newest['body']['code']}]" not in ran.err:
            wrong.append((what, ran, newest))
    assert wrong == []
    assert sorted(company.book.glob("blobs/sha256/*/*")) == blobs, "nothing of them is kept"
    company.do("verify", "--book", ".gatebook")


@pytest.mark.parametrize("command", [("trust", "publish"), ("contract", "publish")])
def test_hostile_rules_change_nothing(company: "Company", command: tuple[str, str]) -> None:
    size = company.size()
    original = (
        company.directory / ("trust.yaml" if command[0] == "trust" else "prod.yaml")
    ).read_bytes()
    key = original.split(b":")[0]
    hostile = {
        **HOSTILE,
        "duplicate yaml key": original + key + b": again\n",
        "unknown field": original + b"may-everything: true\n",
        "alias": b"a: &a [x]\nb: *a\n",
        "tag": b"!!python/object/apply:os.system ['true']\n",
        "several documents": original + b"---\n" + original,
        "cut": original[: len(original) // 2],
        "oversize": original + b"#" * (5 * 1024 * 1024),
        "deep yaml": b"[" * 5000 + b"]" * 5000,
        "carriage returns": original.replace(b"gatebook/", b"gatebook\r/"),
    }
    wrong = []
    for number, (what, data) in enumerate(hostile.items()):
        company.write("hostile.yaml", data)
        for verb in ("publish",) if number % 3 else ("check", "publish"):
            ran = company.run(command[0], verb, "hostile.yaml")
            statuses = {5} if command[0] == "trust" else {2, 5}
            if (
                ran.status not in statuses
                or ran.out
                or "  [" not in ran.err
                or "Traceback" in ran.err
            ):
                wrong.append((what, verb, ran))
    assert wrong == []
    assert company.size() == size
    assert company.do(*command, company.write("good.yaml", original)).status == 0


def test_hostile_predicates_are_never_signed(company: "Company") -> None:
    size = company.size()
    wrong = []
    for what, data in HOSTILE.items():
        company.write("hostile.json", data)
        # Any JSON object may be a predicate of a type that we do not read.
        other = ["https://example.com/predicate"] if what not in _OBJECTS else []
        for kind in ("sbom", *other) if len(data) % 2 else ("test-result", *other):
            ran = company.run(
                *("attest", "app.bin", "--type", kind, "--predicate", "hostile.json"),
                *("--key", "ci.pem", "--output", "signed.json", "--no-accept"),
            )
            if (
                ran.status != 5
                or "Traceback" in ran.err
                or (company.directory / "signed.json").exists()
            ):
                wrong.append((what, kind, ran))
        if len(wrong) > 3:
            break
    assert wrong == []
    assert company.size() == size


def test_tampered_evidence_is_refused(company: "Company") -> None:
    company.do(
        *("attest", "app.bin", "--type", "sbom", "--predicate", "sbom.json", "--key", "ci.pem"),
        *("--output", "good.json", "--no-accept"),
    )
    good = json.loads((company.directory / "good.json").read_bytes())
    flipped = "A" if good["payload"][40] != "A" else "B"
    payload = good["payload"][:40] + flipped + good["payload"][41:]
    company.write("bad.json", json.dumps({**good, "payload": payload}))
    before = company.size()
    company.refused(5, "trust.no-valid-signature", "accept", "bad.json", "--subject", "app.bin")
    company.write("unsigned.json", json.dumps({**good, "signatures": []}))
    ran = company.run("accept", "unsigned.json")
    assert ran.status == 5
    company.write("other.bin", "other")
    company.refused(5, "trust.subject-mismatch", "accept", "good.json", "--subject", "other.bin")
    assert company.size() == before + 3
    kinds = [each["kind"] for each in company.json("log", "--limit", "3")["entries"]]
    assert kinds == ["evidence.refused"] * 3
    assert company.do("accept", "good.json").out.startswith("accepted sbom")
    assert company.do("accept", "good.json").out.startswith("accepted sbom")
    assert company.size() == before + 4, "the same bytes twice are one entry"


def test_a_stranger_signs_nothing_that_counts(company: "Company") -> None:
    company.refused(
        *(5, "trust.unknown-key", "attest", "app.bin", "--type", "sbom"),
        *("--predicate", "sbom.json", "--key", "mallory.pem"),
    )
    company.refused(
        5, "trust.unknown-key", "approve", "app.bin", "-e", "prod", "--key", "mallory.pem"
    )
    company.refused(
        5, "trust.predicate-not-allowed", "approve", "app.bin", "-e", "prod", "--key", "ci.pem"
    )
    company.refused(
        *(5, "trust.predicate-not-allowed", "attest", "app.bin", "--type", "provenance"),
        *("--key", "ben.pem"),
    )
    assert company.run("gate", "app.bin", "-e", "prod").status == 3


def test_unsigned_reports_satisfy_nothing(company: "Company") -> None:
    company.write("new.bin", "new")
    company.record("new.bin")
    for form in ("cyclonedx", "junit", "provenance", "https://cyclonedx.org/bom"):
        company.do("accept", "sbom.json", "--unsigned", "--subject", "new.bin", "--format", form)
    decision = company.run("gate", "new.bin", "-e", "prod", "--json").json()
    assert decision["verdict"] == "deny"
    status = {each["control"]: each["status"] for each in decision["outcomes"]}
    assert status["sbom"] == status["tests-passed"] == status["provenance"] == "missing"


def test_an_empty_value_is_wrong_usage(company: "Company") -> None:
    wrong = []
    commands: list[tuple[tuple[str, ...], dict[str, str]]] = [
        (("gate", "app.bin", "--environment", ""), {}),
        (("gate", "app.bin"), {"GATEBOOK_ENVIRONMENT": ""}),
        (("gate", "", "-e", "prod"), {}),
        (("gate", "app.bin", "-e", "prod", "--ledger", ""), {}),
        (("log", "--kind", ""), {}),
        (("log",), {"GATEBOOK_LEDGER": ""}),
        (("log",), {"GATEBOOK_ACTOR": ""}),
        (("log",), {"GATEBOOK_JSON": ""}),
        (("log", "--actor", ""), {}),
        (("record", "app.bin", "--author", ""), {}),
        (("record", "app.bin"), {"GATEBOOK_COMMIT": ""}),
        (("fingerprint", ""), {}),
        (("fingerprint", "app.bin", "--exclude", ""), {}),
        (("verify", ""), {}),
        (("verify", "--book", ".gatebook"), {"GATEBOOK_LOG_KEY": ""}),
        (("audit", "export", ""), {}),
        (("approve", "app.bin", "-e", "prod", "--key", ""), {}),
        (("init", "--origin", ""), {}),
    ]
    for command, env in commands:
        ran = company.run(*command, env=env)
        if ran.status != 2 or "empty" not in ran.err or "[cli.usage]" not in ran.err:
            wrong.append((command, ran))
    assert wrong == []


def test_wrong_usage(company: "Company") -> None:
    size = company.size()
    wrong = []
    for code, command in (
        ("cli.usage", "gate"),
        ("cli.usage", "gate app.bin"),
        ("cli.usage", "nonsense"),
        ("cli.usage", "gate app.bin -e prod --nonsense"),
        ("cli.usage", "log --limit 0"),
        ("cli.usage", "log --start -1"),
        ("cli.kind", "log --kind nonsense"),
        ("cli.query-needed", "query"),
        ("cli.query-needed", "query -e prod --digest sha256:00"),
        ("cli.query-environment", "query --commit 00 --at 2026-01-01T00:00:00Z"),
        ("cli.verify-what", "verify"),
        ("cli.verify-what", "verify x --book .gatebook"),
        ("cli.entry", "verify sbom.json"),
        ("cli.file", "verify missing.zip"),
        ("cli.log-key-needed", "verify --log ."),
        ("cli.export-what", "audit export"),
        ("cli.replay-what", "replay"),
        ("cli.key-needed", "approve app.bin -e prod"),
        ("cli.predicate-needed", "attest app.bin --type sbom --key ci.pem"),
        ("cli.predicate-type", "attest app.bin --type x --key ci.pem --predicate sbom.json"),
        ("cli.nothing-to-do", "attest app.bin --type sbom --key ci.pem --no-accept"),
        ("cli.unsigned", "accept sbom.json --unsigned"),
        ("cli.unsigned", "accept sbom.json --format x"),
        ("cli.parameter", "record app.bin --no-git --parameter novalue"),
        ("cli.name-needed", f"record sha256:{'0' * 64} --no-git"),
        ("intake.authors-without-commit", "record app.bin --no-git --author x@example.com"),
        ("ledger.no-such-entry", "show 99"),
        ("ledger.no-such-entry", "show 9007199254740992"),
        ("ledger.no-such-entry", "replay 99"),
        ("workspace.no-decision", "replay 3"),
        ("workspace.no-book", "log --ledger nowhere"),
        ("workspace.book-exists", "init"),
        ("workspace.not-empty", "init --ledger ."),
        ("workspace.key-exists", "key generate -o ci.pem"),
        ("cli.no-decision", "audit export app.bin -e staging"),
        ("cli.environment-needed", "audit export app.bin"),
    ):
        ran = company.run(*command.split())
        if ran.status != 2 or f"[{code}]" not in ran.err or ran.out:
            wrong.append((command, code, ran))
    assert wrong == []
    assert company.size() == size


def test_malformed_names(company: "Company") -> None:
    wrong = []
    for code, command in (
        ("names.environmentname", "gate app.bin -e Prod!"),
        ("names.commitid", "query --commit abc"),
        ("names.commitid", "record app.bin --no-git --commit abc"),
        ("names.repositoryuri", "record app.bin --no-git --repository ://"),
        ("names.actor", "log --actor #"),
        ("clock.malformed-instant", "query -e prod --at yesterday"),
        ("digest.malformed", "show sha256:abc"),
    ):
        ran = company.run(*command.split())
        if ran.status != 5 or ran.out or f"[{code}]" not in ran.err:
            wrong.append((command, code, ran))
    assert wrong == []


def test_numbers_that_python_takes_for_digits(company: "Company") -> None:
    for thing in ("\N{SUPERSCRIPT TWO}", "9" * 5000, "\N{ARABIC-INDIC DIGIT THREE}"):
        ran = company.run("show", thing)
        assert ran.status not in {0, 1}, ran


def test_a_key_that_others_can_read_is_refused(company: "Company") -> None:
    approve = ("approve", "app.bin", "-e", "prod", "--key")
    (company.directory / "ben.pem").chmod(0o640)
    company.refused(2, "workspace.key-readable", *approve, "ben.pem")
    company.refused(2, "workspace.key-file", *approve, "missing.pem")
    (company.directory / "ben.pem").chmod(0o600)
    os.mkfifo(company.directory / "pipe", 0o600)
    company.refused(2, "workspace.key-file", *approve, "pipe")
    company.do(*approve, "ben.pem")
    (company.book / "keys" / "log.pem").chmod(0o644)
    company.refused(2, "workspace.key-readable", "log")


def test_a_password_comes_from_a_variable(company: "Company") -> None:
    from cryptography.hazmat.primitives import serialization

    file = company.directory / "ben.pem"
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    approve = ("approve", "app.bin", "-e", "prod", "--key", "ben.pem")
    company.refused(2, "cli.password", *approve)
    wrong = company.run(*approve, env={"GATEBOOK_KEY_PASSWORD": "wrong"})
    assert wrong.status != 0
    assert "password" in wrong.err
    company.do(*approve, env={"GATEBOOK_KEY_PASSWORD": "secret"})


def test_text_of_others_cannot_paint_on_the_terminal(company: "Company") -> None:
    company.do("record", "app.bin", "--no-git", "--name", "api\u202e\u2066ALLOW")
    for command in ("log", "show 3", "show app.bin", "show 7", "query --commit " + "a" * 40):
        out = company.do(*command.split()).out
        assert "\u202e" not in out
    assert "api\\u202e" in company.do("show", "app.bin").out
    company.refused(5, "names.artifactname", "record", "app.bin", "--no-git", "--name", "\x1b[31m")
    ran = company.run("show", "\x1b[31mred")
    assert "\x1b" not in ran.err + ran.out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written(company: "Company", tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    ran = company.run("init", "--ledger", str(closed / "book"))
    assert ran.status == 6


def test_the_disk_and_the_pipe(company: "Company") -> None:
    ran = company.run("init", "--ledger", "/proc/nowhere/book")
    assert ran.status == 6, ran
    assert "Traceback" not in ran.err
    with Path("/dev/full").open("wb") as full:
        import subprocess

        from tests.e2e.conftest import GATEBOOK

        done = subprocess.run(
            [GATEBOOK, "gate", "app.bin", "-e", "prod"],
            cwd=company.directory,
            env=company.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode != 0
    assert b"No space left" in done.stderr
    assert company.newest()["kind"] == "decision.made", "record first, then fail"


def test_something_broken_inside_ends_with_status_1(company: "Company") -> None:
    broken = company.directory / "broken" / "gatebook"
    code = (
        "import sys, gatebook.workspace.book as b\n"
        "b.Book.open = classmethod(lambda *a, **k: 1 / 0)\n"
        "from gatebook.cli.main import main\n"
        "main(['log'])\n"
    )
    broken.parent.mkdir()
    company.write("broken.py", code)
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "broken.py"],
        cwd=company.directory,
        env=company.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: ZeroDivisionError: division by zero  [gatebook.unexpected]"
    )
    assert "hint: this is a defect" in done.stderr
