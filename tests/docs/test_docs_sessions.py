"""The terminal sessions and Python blocks in pages do what the pages say."""

from pathlib import Path
from types import ModuleType

import pytest


def test_a_page_shows_what_its_commands_print(session_page: Path, transcript: ModuleType) -> None:
    differences = transcript.differences(session_page.read_text("utf-8"))

    assert differences == [], "\n\n".join(differences)


def test_the_readme_and_both_tutorials_have_sessions(
    pages: dict[str, str], transcript: ModuleType
) -> None:
    expected = (
        "README.md",
        "docs/tutorial/first-gated-deployment.md",
        "docs/tutorial/catch-a-tampered-ledger.md",
    )

    assert [name for name in expected if not transcript.does_something(pages[name])] == []


def a_page(command: str, *shown: str) -> str:
    return "\n".join(("# Page", "", "```console", f"$ {command}", *shown, "```", ""))


DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("echo one; echo two", ["one", "two"]),
        (f"echo {DIGEST}", [OTHER_DIGEST]),
        ("echo at 2026-11-20T14:30:00.123Z", ["at 2025-01-01T00:00:00Z"]),
        ("seq 1 9", ["1", "…", "9"]),
        ("seq 1 2", ["1", "…", "2"]),
        ("false; echo $?", ["1"]),
    ],
)
def test_output_is_compared_by_its_form(
    command: str, shown: list[str], transcript: ModuleType
) -> None:
    assert transcript.differences(a_page(command, *shown)) == []


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("echo one; echo two", ["one"]),
        ("echo one", ["one", "two"]),
        ("echo one", ["One"]),
        (f"echo {DIGEST}", [DIGEST[:-1]]),
        ("seq 1 9", ["1", "…", "8"]),
        ("seq 1 9 >&2", []),
    ],
)
def test_a_page_that_shows_something_else_is_found(
    command: str, shown: list[str], transcript: ModuleType
) -> None:
    assert len(transcript.differences(a_page(command, *shown))) == 1


def test_a_python_block_that_fails_is_found(transcript: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="AssertionError: no"):
        transcript.run("```python\nassert False, 'no'\n```\n")


def test_the_status_of_a_command_reaches_the_next_one(transcript: ModuleType) -> None:
    page = a_page("sh -c 'exit 3'", "$ echo status $?", "status 3")

    assert transcript.differences(page) == []


def test_a_file_is_written_before_what_follows_it(transcript: ModuleType) -> None:
    page = "```{code-block} text\n:caption: greeting\n\nhello\n```\n" + a_page(
        "cat greeting", "hello"
    )

    assert transcript.differences(page) == []


def test_rewriting_a_page_puts_in_what_is_printed(transcript: ModuleType) -> None:
    rewritten = transcript.rewritten(a_page("echo new", "old"))

    assert rewritten == a_page("echo new", "new")
