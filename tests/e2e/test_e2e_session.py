"""The main job from end to end, and every answer for machines."""

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Company

DIGEST = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_from_build_to_audit_package(company: "Company") -> None:
    denied = company.run("gate", "app.bin", "-e", "prod")
    assert denied.status == 3
    assert denied.out.startswith("DENY  app.bin → prod")
    assert "[policy.approval-missing]" in denied.out
    assert "fix       ask" in denied.out

    author = company.refused(
        3, "policy.approver-is-author", "approve", "app.bin", "-e", "prod", "--key", "ana.pem"
    )
    assert author.out == ""
    assert company.newest()["kind"] == "approval.refused"

    company.do("approve", "app.bin", "-e", "prod", "--key", "ben.pem")
    allowed = company.do("gate", "app.bin", "-e", "prod", "--explain")
    assert allowed.out.startswith("ALLOW")
    for word in ("expected", "found", "evidence  entry", "valid until"):
        assert word in allowed.out

    company.do("deploy", "record", "app.bin", "-e", "prod")
    running = company.do("query", "-e", "prod", "--why")
    assert "how app.bin got there" in running.out
    assert "allow" in running.out

    assert "equal: 2 of 2 decisions" in company.do("replay", "--all").out
    key = company.log_key()
    company.do("audit", "export", "app.bin", "-e", "prod", "-o", "p.zip")
    assert "ALLOW app.bin → prod" in company.do("verify", "p.zip", "--log-key", key).out
    assert company.do("verify", "--book", ".gatebook", "--log-key", key).err == ""
    company.do("show", "10", "--receipt", "r.tlog-proof", "--output", "e.json")
    verified = company.do("verify", "r.tlog-proof", "--entry", "e.json", "--log-key", key)
    assert verified.out.startswith("verified: entry 10 is in ledger.example.com/acme")


def test_every_answer_for_machines_names_its_schema(approved: "Company") -> None:
    company = approved
    company.write("p.json", '{"reviewed": true}')
    key = company.log_key()
    answers = {
        ("fingerprint", "app.bin"): "fingerprint/v1",
        ("key", "generate", "-o", "new.pem"): "key/v1",
        ("key", "show"): "log-key/v1",
        ("trust", "check", "trust.yaml"): "trust-root-check/v1",
        ("trust", "publish", "trust.yaml"): "appended/v1",
        ("contract", "check", "prod.yaml"): "contract-check/v1",
        ("init", "--ledger", "second", "--origin", "example.com/second"): "book/v1",
        ("record", DIGEST, "--name", "again", "--no-git"): "appended/v1",
        (
            *("attest", "app.bin", "--type", "sbom", "--predicate", "sbom.json"),
            *("--key", "ci.pem", "-o", "signed.json", "--no-accept"),
        ): "signed/v1",
        ("accept", "signed.json"): "appended/v1",
        (
            *("accept", "p.json", "--unsigned", "--subject", "app.bin"),
            *("--format", "review"),
        ): "appended/v1",
        ("revoke", "7"): "appended/v1",
        ("deploy", "record", "app.bin", "-e", "prod"): "appended/v1",
        ("log",): "entries/v1",
        ("log", "--kind", "artifact.recorded"): "entries/v1",
        ("show", "3"): "entry/v1",
        ("show", "app.bin"): "artifact/v1",
        ("query", "-e", "prod"): "running/v1",
        ("query", "-e", "prod", "--why"): "running/v1",
        ("query", "-e", "prod", "--history"): "deployments/v1",
        ("query", "--digest", DIGEST): "artifact-history/v1",
        ("query", "--commit", "a" * 40): "artifacts/v1",
        ("replay", "--all"): "replay/v1",
        ("audit", "export", "--log", "tree"): "exported-log/v1",
        ("verify", "--log", "tree", "--log-key", key): "verified-log/v1",
        ("verify", "--book", ".gatebook"): "verified-book/v1",
        ("reindex",): "reindexed/v1",
        ("key", "rotate"): "appended/v1",
    }
    wrong = []
    for command, schema in answers.items():
        ran = company.run(*command, "--json")
        try:
            document = json.loads(ran.out)
        except ValueError:
            wrong.append((command, ran))
            continue
        if ran.status or document.get("schema") != f"gatebook/{schema}":
            wrong.append((command, ran))
    assert wrong == []


def test_gate_prints_only_the_decision_document(approved: "Company") -> None:
    ran = approved.run("gate", "app.bin", "-e", "prod", "--json")
    decision = ran.json()
    assert ran.status == 0
    assert decision["verdict"] == "allow"
    assert decision["schema"].startswith("gatebook/decision/")
    assert "recorded as entry" in ran.err
    receipt = approved.do(
        *("gate", "app.bin", "-e", "prod", "--json", "--receipt", "r.tlog-proof")
    ).json()
    assert receipt["verdict"] == "allow"
    assert (approved.directory / "r.tlog-proof").read_text().startswith("c2sp.org/tlog-proof@v1")
    export = approved.json("audit", "export", "8", "-o", "x.zip")
    assert export["schema"] == "gatebook/exported-package/v1"
    verified = approved.json("verify", "x.zip")
    assert verified["schema"] == "gatebook/verified-package/v1"
    assert verified["replayed"] is True


def test_one_flipped_byte_of_the_artifact_closes_the_gate(approved: "Company") -> None:
    approved.write("app.bin", "jello")
    ran = approved.run("gate", "app.bin", "-e", "prod")
    assert ran.status == 4
    assert ran.out.startswith("UNDECIDED")
    approved.write("app.bin", "hello")
    assert approved.run("gate", "app.bin", "-e", "prod").status == 0


def test_who_ran_when(approved: "Company") -> None:
    approved.do("gate", "app.bin", "-e", "prod")
    for occurred, name in (("2026-01-02T00:00:00Z", "one"), ("2026-02-02T00:00:00Z", "two")):
        approved.write(f"{name}.bin", name)
        approved.do("record", f"{name}.bin", "--no-git")
        approved.do(
            *("deploy", "record", f"{name}.bin", "-e", "prod", "--name", "api"),
            *("--occurred", occurred),
        )

    def ran(at: str) -> list[str]:
        answer = approved.json("query", "-e", "prod", "--at", at)
        return [f"{each['name']} {each['digest'][7:11]}" for each in answer["running"]]

    one = approved.do("fingerprint", "one.bin").out[7:11]
    two = approved.do("fingerprint", "two.bin").out[7:11]
    assert ran("2026-01-01T23:59:59Z") == []
    assert ran("2026-01-02T00:00:00Z") == [f"api {one}"]
    assert ran("2026-02-02T00:00:00Z") == [f"api {two}"]
    nowhere = approved.do("query", "-e", "prdo")
    assert nowhere.out == ""
    assert "no deployment to prdo was ever recorded" in nowhere.err


def test_a_revoked_approval_closes_the_gate(approved: "Company") -> None:
    assert approved.run("gate", "app.bin", "-e", "prod").status == 0
    approved.do("revoke", "7")
    denied = approved.run("gate", "app.bin", "-e", "prod")
    assert denied.status == 3
    assert "revoked by entry 9" in denied.out.replace("\n", " ")
    approved.refused(2, "intake.revoked", "revoke", "7")
    approved.refused(2, "intake.no-approval", "revoke", "3")
    approved.refused(2, "ledger.no-such-entry", "revoke", "99")


def test_an_approval_may_end(company: "Company") -> None:
    approve = ("approve", "app.bin", "-e", "prod", "--key", "ben.pem", "--expires")
    company.refused(2, "cli.time", *approve, "2020-01-01T00:00:00Z")
    company.refused(2, "cli.time", *approve, "999999999w")
    company.refused(5, "clock.malformed-duration", *approve, "soon")
    company.do(*approve, "7d")
    decision = company.run("gate", "app.bin", "-e", "prod", "--json").json()
    assert decision["verdict"] == "allow"
    approval = company.json("show", "7")
    assert decision["valid_until"][:10] > approval["time"][:10]


def test_an_approval_signed_elsewhere_is_handed_in(company: "Company", tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    company.do("approve", "app.bin", "-e", "prod", "--key", "ben.pem", "--output", str(other))
    company.do("revoke", "7")
    again = company.run("approve", "app.bin", "-e", "prod", "--attestation", str(other))
    assert "was there already" in again.out, "the same signed bytes are the same approval"
    assert company.run("gate", "app.bin", "-e", "prod").status == 3, "and it stays revoked"
    company.refused(
        *(2, "cli.signed-elsewhere"),
        *("approve", "app.bin", "-e", "prod", "--attestation", str(other), "--role", "x"),
    )
    ran = company.run("accept", str(other))
    assert ran.status == 2
    assert "[intake.is-approval]" in ran.err


def test_another_contract_voids_approvals(approved: "Company") -> None:
    contract = (approved.directory / "prod.yaml").read_text().replace("30d", "20d")
    approved.write("prod.yaml", contract)
    assert approved.run("gate", "app.bin", "-e", "prod").status == 0
    approved.do("contract", "publish", "prod.yaml")
    denied = approved.run("gate", "app.bin", "-e", "prod")
    assert denied.status == 3
    assert "another contract" in denied.out.replace("\n", " ")


def test_a_deployment_nobody_allowed_is_recorded_with_a_warning(company: "Company") -> None:
    deploy = ("deploy", "record", "app.bin", "-e", "prod")
    first = company.do(*deploy)
    assert "warning: no decision in force allows" in first.err
    assert company.run("gate", "app.bin", "-e", "prod").status == 3
    denied = company.do(*deploy, "--decision", "8")
    assert "decision of entry 8" in denied.err
    assert "is deny" in denied.err
    running = company.json("query", "-e", "prod")["running"]
    assert [(each["decision"], each["verdict"]) for each in running] == [(8, "deny")]
    company.refused(2, "intake.not-the-decision", *deploy, "--decision", "3")
    company.refused(2, "ledger.no-such-entry", *deploy, "--decision", "999")


def test_a_later_deny_takes_an_allow_back(approved: "Company") -> None:
    assert approved.run("gate", "app.bin", "-e", "prod").status == 0
    assert approved.do("deploy", "record", "app.bin", "-e", "prod").err == ""
    approved.do("revoke", "7")
    assert approved.run("gate", "app.bin", "-e", "prod").status == 3
    late = approved.do("deploy", "record", "app.bin", "-e", "prod")
    assert "no decision in force allows" in late.err
    lapsed = approved.do(
        *("deploy", "record", "app.bin", "-e", "prod", "--decision", "8"),
        *("--occurred", "2099-01-01T00:00:00Z"),
    )
    assert "had lapsed" in lapsed.err


def test_a_retry_with_its_key_appends_nothing(company: "Company") -> None:
    deploy = ("deploy", "record", "app.bin", "-e", "prod", "--idempotency-key", "job-7")
    first = company.json(*deploy)
    again = company.json(*deploy)
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert again["index"] == first["index"]
    company.refused(2, "ledger.idempotency-conflict", *deploy, "--name", "another")
    record = ("record", "app.bin", "--no-git", "--commit", "b" * 40, "--author", "x@example.com")
    one = company.json(*record, "--idempotency-key", "build-7")
    two = company.json(*record, "--idempotency-key", "build-7")
    assert one["index"] == two["index"]


def test_the_index_can_be_thrown_away(approved: "Company") -> None:
    before = approved.do("show", "app.bin").out
    for file in approved.book.glob("index.db*"):
        file.unlink()
    assert approved.do("show", "app.bin").out == before
    assert approved.do("reindex").out == "folded 8 entries\n"
    assert approved.do("show", "app.bin").out == before
    with sqlite3.connect(approved.book / "index.db") as index:
        index.execute("UPDATE approval SET outcome = 'granted', person = 'cem'")
    index.close()
    faulty = approved.run("verify", "--book", ".gatebook")
    assert faulty.status == 5
    assert "[workspace.index-differs]" in faulty.err
    assert "reindex" in faulty.err
    approved.do("reindex")
    approved.do("verify", "--book", ".gatebook")


def test_entries_leave_as_cdevents_one_a_line(approved: "Company") -> None:
    written = approved.do("log", "--cdevents").out.splitlines()
    entries = approved.do("log", "--json").json()["entries"]
    events = [json.loads(line) for line in written]
    assert [event["context"]["id"] for event in events] == [entry["id"] for entry in entries]
    assert events[3]["context"]["type"] == "dev.cdevents.artifact.packaged.0.3.0"
    assert {event["context"]["source"] for event in events} == {"ledger.example.com/acme"}
    approved.refused(2, "cli.format", "log", "--cdevents", "--json")
