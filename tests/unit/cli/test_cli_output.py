"""Words, tables and text of others on a terminal."""

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gatebook.cli.main import COMMANDS, cli
from gatebook.cli.output import table, without, wrapped
from gatebook.cli.plain import counted, visible


def test_a_number_and_its_noun() -> None:
    assert counted(0, "entry", "entries") == "0 entries"
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2, "byte") == "2 bytes"
    assert counted(12_345, "byte") == "12,345 bytes"


@given(st.text())
def test_nothing_unseen_reaches_the_terminal(text: str) -> None:
    shown = visible(text)
    assert shown.replace("\n", "").isprintable() or all(
        each.isprintable() or each.isspace() or ord(each) > 0xA0 for each in shown
    )
    shown.encode()
    assert visible(shown) == shown


@pytest.mark.parametrize("text", ["\x1b[31m", "\r", "\u202e", "\u2066", "\x9b", "\x00", "\ud800"])
def test_controls_are_written_out(text: str) -> None:
    assert text[0] not in visible(f"a{text}b")
    assert visible("a → b\nü 漢") == "a → b\nü 漢"


def test_a_table_in_a_pipe_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table(("name", "what"), [("x" * 200, "\x1b[31m")])
    out = capsys.readouterr().out
    assert "x" * 200 in out
    assert "\x1b" not in out


def test_a_row_without_a_cell() -> None:
    assert without(1, ("a", "b", "c")) == ("a", "c")


def test_long_texts_continue_below_themselves() -> None:
    lines = wrapped("found     ", "word " * 60, indent=6).splitlines()
    assert lines[0].startswith("      found     word")
    assert all(line.startswith(" " * 16 + "word") for line in lines[1:])


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_that_fits(command: str) -> None:
    ran = CliRunner().invoke(cli, [command, "--help"], terminal_width=80)
    assert ran.exit_code == 0
    assert "Usage: " in ran.output
    assert COMMANDS[command][1].endswith(".")


def test_every_option_can_come_from_the_environment() -> None:
    import click

    def leaves(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            found = []
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                found += leaves(inner, f"{path} {name}")
            return found
        return [(path, command)]

    wrong = []
    for path, command in leaves(cli, "gatebook"):
        options = [each for each in command.params if isinstance(each, click.Option)]
        names = {name for each in options for name in each.opts}
        if "--json" not in names:
            wrong.append((path, "has no --json"))
        for each in options:
            long = next(name for name in each.opts if name.startswith("--"))
            variable = "GATEBOOK_" + long[2:].replace("-", "_").upper()
            if each.envvar != variable:
                wrong.append((path, long))
            if not each.help:
                wrong.append((path, f"{long} has no help"))
        if not command.help:
            wrong.append((path, "has no help"))
    assert wrong == []
