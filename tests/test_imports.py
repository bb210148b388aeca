"""What a command loads: start-up time, measured by what cannot lie about it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gatebook

HEAVY = {
    "apsw", "asyncio", "cryptography", "dataclasses", "httpx2", "importlib.metadata", "jinja2",
    "json", "logging", "msgspec", "rfc8785", "rich", "socket", "sqlite3", "ssl", "subprocess",
    "tempfile", "yaml",
}  # fmt: skip
"""None of these is needed to print a page of help. Click loads none of them either."""

NETWORK = {
    "_socket",
    "_ssl",
    "asyncio",
    "h11",
    "http.client",
    "httpcore2",
    "httpx2",
    "socket",
    "ssl",
}

PROGRAM = """
import sys
from gatebook.cli.main import main
try:
    main(sys.argv[1:])
finally:
    sys.stderr.write("\\nloaded:" + ",".join(sys.modules))
"""


def loaded(*arguments: str, where: Path | None = None, status: int = 0, **env: str) -> set[str]:
    """The modules a command has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        check=False,
        cwd=where,
        env={"PATH": os.environ["PATH"], "USER": "tester", **env},
        text=True,
    )
    assert done.returncode == status, done.stderr
    return set(done.stderr.rpartition("\nloaded:")[2].split(","))


def rooms(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("gatebook.")}


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("--version",)])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    modules = loaded(*arguments)
    assert modules & HEAVY == set()
    assert not {name for name in modules if name.startswith("gatebook.cli.commands")}
    assert rooms(modules) <= {
        "gatebook.cli", "gatebook.cli.lazy", "gatebook.cli.main", "gatebook.cli.options",
        "gatebook.cli.plain", "gatebook.errors", "gatebook.version",
    }  # fmt: skip


def test_an_unknown_command_loads_nothing_heavy() -> None:
    # difflib, for "did you mean", is click's.
    assert loaded("nonsense", "-h", status=2) & HEAVY == set()


def test_completing_a_command_loads_no_command() -> None:
    env = {"_GATEBOOK_COMPLETE": "bash_complete", "COMP_WORDS": "gatebook ve", "COMP_CWORD": "1"}
    modules = loaded(**env)
    assert not {name for name in modules if name.startswith("gatebook.cli.commands")}
    assert modules & HEAVY <= {"subprocess", "tempfile"}, "click asks bash for its version"


@pytest.mark.parametrize(
    "command", sorted(__import__("gatebook.cli.main", fromlist=["x"]).COMMANDS)
)
def test_help_of_a_command_loads_no_room_below(command: str) -> None:
    modules = loaded(command, "--help")
    assert modules & HEAVY <= {"dataclasses"}
    assert not {name for name in rooms(modules) if not name.startswith("gatebook.cli")} - {
        "gatebook.errors",
        "gatebook.version",
    }


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    directory = tmp_path_factory.mktemp("receipts")
    with gatebook.Book.create(directory / "book", origin="ledger.example.com/acme") as book:
        (directory / "r.p").write_bytes(book.receipt(0).encode())
        (directory / "e.json").write_bytes(book.entry_bytes(0))
        return directory, book.log_key


def test_verifying_a_receipt_is_light_and_offline(receipt: tuple[Path, str]) -> None:
    directory, key = receipt
    modules = loaded("verify", "r.p", "--entry", "e.json", "--log-key", key, where=directory)
    assert modules & NETWORK == set()
    assert modules & {"apsw", "jinja2", "yaml", "msgspec", "sqlite3", "asyncio", "logging"} == set()
    assert {name.split(".")[1] for name in rooms(modules)} <= {
        "canonical", "cli", "digest", "errors", "tlog", "values", "version", "clock",
    }  # fmt: skip


def test_verifying_a_log_or_a_book_loads_no_network(receipt: tuple[Path, str]) -> None:
    directory, key = receipt
    exported = ("audit", "export", "--log", "tree", "--ledger", "book")
    # The standard library's multiprocessing, which checks large books, loads socket itself.
    standard = {"_socket", "socket"}
    assert loaded(*exported, where=directory) & NETWORK - standard == set()
    by_log = loaded("verify", "--log", "tree", "--log-key", key, where=directory)
    by_book = loaded("verify", "--book", "book", where=directory)
    for modules in (by_log, by_book):
        assert modules & NETWORK - standard == set()
        assert "gatebook.connectors.http" not in modules


def test_importing_the_library_loads_nothing_heavy() -> None:
    code = "import sys, gatebook; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    modules = set(done.stdout.split())
    assert modules & HEAVY == set()
    assert rooms(modules) == {"gatebook.version"}


def test_every_public_name_loads_on_its_own() -> None:
    code = (
        "import gatebook, json\n"
        "print(json.dumps({name: type(getattr(gatebook, name)).__name__"
        " for name in dir(gatebook)}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert sorted(json.loads(done.stdout)) == sorted(gatebook.__all__)
