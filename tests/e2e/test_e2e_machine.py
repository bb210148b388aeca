"""The machine around the command line: pipes, signals, processes at once, variables, CI, git."""

import json
import os
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Company


def git(directory: "Path", *arguments: str, **env: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "ana@example.com",
            "GIT_COMMITTER_NAME": "C",
            "GIT_COMMITTER_EMAIL": "cem@example.com",
            **env,
        },
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def started(company: "Company", *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [company.gatebook, *arguments],
        cwd=company.directory,
        env=company.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    "command", [("log",), ("--help",), ("gate", "app.bin", "-e", "prod"), ("log", "--json")]
)
def test_a_broken_pipe_is_quiet_and_no_success(
    company: "Company", command: tuple[str, ...]
) -> None:
    with started(company, *command) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
        status = running.wait(30)
    assert status != 0
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


def test_an_interrupt_ends_with_130(company: "Company") -> None:
    with started(company, "accept", "-", "--subject", "app.bin") as running:
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        said = running.stderr.read()
        assert running.wait(30) == 130
    assert b"interrupted" in said
    assert b"Traceback" not in said
    assert company.newest()["index"] == 6


def test_many_processes_write_one_book(company: "Company") -> None:
    def record(number: int) -> int:
        company.write(f"{number}.bin", str(number))
        return int(company.json("record", f"{number}.bin", "--no-git")["index"])

    with ThreadPoolExecutor(6) as pool:
        indexes = list(pool.map(record, range(12)))
    assert sorted(indexes) == list(range(7, 19))
    assert company.json("verify", "--book", ".gatebook")["size"] == 19


def test_many_processes_read_while_one_rotates_the_key(company: "Company") -> None:
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(company.run, *command)
            for command in [
                ("log",),
                ("key", "rotate"),
                ("record", "app.bin", "--no-git"),
                ("gate", "app.bin", "-e", "prod"),
                ("key", "rotate"),
                ("log",),
                ("record", "app.bin", "--no-git"),
            ]
        ]
        ran = [job.result() for job in jobs]
    refused = [each.err for each in ran if each.status not in {0, 3}]
    assert all("[workspace.key-rotated]" in each for each in refused), refused
    company.do("verify", "--book", ".gatebook")
    company.do("log")


def test_every_flag_has_a_variable(company: "Company") -> None:
    ran = company.run(
        "gate",
        "app.bin",
        env={
            "GATEBOOK_ENVIRONMENT": "prod",
            "GATEBOOK_JSON": "1",
            "GATEBOOK_ACTOR": "oidc#runner",
            "GATEBOOK_LEDGER": str(company.book),
            "GATEBOOK_RECEIPT": "r.tlog-proof",
        },
    )
    assert ran.status == 3
    assert ran.json()["candidate"]["environment"] == "prod"
    assert (company.directory / "r.tlog-proof").exists()
    assert company.newest()["actor"] == "oidc#runner"
    approve = company.do("approve", "app.bin", "-e", "prod", env={"GATEBOOK_KEY": "ben.pem"})
    assert approve.out.startswith("approved")
    debug = company.run("show", "99", env={"GATEBOOK_DEBUG": "1"})
    assert "Traceback" in debug.err


def test_the_command_line_silences_variables(company: "Company") -> None:
    env = {"GATEBOOK_ENVIRONMENT": "prod", "GATEBOOK_COMMIT": "a" * 40, "GATEBOOK_LOG": "tree"}
    assert company.run("query", "--commit", "a" * 40, env=env).status == 0
    assert company.run("query", "-e", "prod", env=env).status == 0
    assert company.run("query", env=env).status == 2
    company.do("show", "3", "--receipt", "r.p", "--output", "e.json")
    verify = ("verify", "r.p", "--entry", "e.json", "--log-key", company.log_key())
    assert company.run(*verify, env=env).status == 0


def test_colour_is_for_terminals_that_want_it(company: "Company") -> None:
    assert "\x1b" not in company.run("gate", "app.bin", "-e", "prod").out
    script = shutil.which("script")
    if script is None:
        pytest.skip("script is not installed")

    def on_a_terminal(*before: str, **env: str) -> str:
        command = " ".join([str(company.gatebook), *before, "gate", "app.bin", "-e", "prod"])
        return subprocess.run(
            [script, "-qec", f"stty cols 80; {command}", "/dev/null"],
            cwd=company.directory,
            env={**company.environ, "TERM": "xterm", **env},
            capture_output=True,
            check=False,
            text=True,
        ).stdout

    coloured = on_a_terminal()
    assert "\x1b[" in coloured
    for plain in (
        on_a_terminal(NO_COLOR="1"),
        on_a_terminal(TERM="dumb"),
        on_a_terminal("--no-color"),
        on_a_terminal(GATEBOOK_NO_COLOR="1"),
    ):
        assert "DENY  app.bin" in plain
        assert "\x1b[" not in plain


def test_a_terminal_without_unicode_does_not_end_a_command(company: "Company") -> None:
    ran = subprocess.run(
        [company.gatebook, "gate", "app.bin", "-e", "prod"],
        cwd=company.directory,
        env={**company.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 3
    assert b"DENY  app.bin ? prod" in ran.stdout


def test_continuous_integration_gives_the_build(company: "Company") -> None:
    runs = {
        "https://github.com/acme/api": {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "acme/api",
            "GITHUB_SHA": "1" * 40,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_WORKFLOW_REF": "acme/api/.github/workflows/build.yml@refs/heads/main",
            "GITHUB_RUN_ID": "7",
            "GITHUB_EVENT_NAME": "push",
            "RUNNER_ENVIRONMENT": "github-hosted",
        },
        "https://gitlab.com/acme/api": {
            "GITLAB_CI": "true",
            "CI_PROJECT_URL": "https://gitlab.com/acme/api",
            "CI_COMMIT_SHA": "1" * 40,
            "CI_COMMIT_BRANCH": "main",
            "CI_SERVER_URL": "https://gitlab.com",
            "CI_RUNNER_ID": "3",
        },
        "https://git.example.com/acme/api": {
            "JENKINS_URL": "https://jenkins.example.com/",
            "GIT_URL": "git@git.example.com:acme/api.git",
            "GIT_COMMIT": "1" * 40,
            "GIT_BRANCH": "origin/main",
        },
    }
    for repository, env in runs.items():
        ran = company.run("record", "app.bin", "--no-git", "--json", env=env)
        build = company.json("show", str(ran.json()["index"]))["body"]["build"]
        assert (build["repository"], build["commit"], build["ref"]) == (
            repository,
            "1" * 40,
            "refs/heads/main",
        )
    flagged = company.run(
        *("record", "app.bin", "--no-git", "--json", "--commit", "2" * 40),
        env=runs["https://github.com/acme/api"],
    )
    build = company.json("show", str(flagged.json()["index"]))["body"]["build"]
    assert build["commit"] == "2" * 40


def test_git_names_the_authors(company: "Company") -> None:
    source = company.directory / "source"
    source.mkdir()
    git(source, "init", "--quiet", "--initial-branch=main")
    git(source, "remote", "add", "origin", "https://x:secret@git.example.com/acme/api.git")
    (source / "a").write_text("a")
    git(source, "add", "a")
    git(source, "commit", "-qm", "one\n\nCo-authored-by: Ben <Ben@example.com>")
    shutil.copy(company.directory / "app.bin", source / "app.bin")
    ledger = ("--ledger", str(company.book))
    ran = company.run("record", "app.bin", *ledger, "--json", where=source)
    assert ran.status == 0
    build = ran.json()
    entry = company.json("show", str(build["index"]))
    assert entry["body"]["build"]["repository"] == "https://git.example.com/acme/api"
    assert entry["body"]["build"]["ref"] == "refs/heads/main"
    blob = entry["evidence"][0]["digest"].removeprefix("sha256:")
    kept = (company.book / "blobs" / "sha256" / blob[:2] / blob).read_bytes()
    people = json.loads(kept[32:])["emails"]
    assert people == ["ana@example.com", "ben@example.com", "cem@example.com"]
    assert b"secret" not in b"".join(
        file.read_bytes() for file in company.book.rglob("*") if file.is_file()
    )

    (source / "a").write_text("changed")
    dirty = company.run("record", "app.bin", *ledger, where=source)
    assert "changes that are not in the commit" in dirty.err

    company.refused(6, "connectors.git", "record", "app.bin", "--source", str(company.directory))
    company.refused(
        6, "connectors.git", "record", "app.bin", "--source", str(source), "--since", "nonsense"
    )
