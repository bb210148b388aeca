"""Everything a reader can meet is named in the pages."""

import re
import tomllib
from pathlib import Path
from types import ModuleType

import click

import gatebook
from gatebook.errors import GatebookError
from gatebook.gate.decision import DECISION_SCHEMA, ENGINE
from gatebook.ledger.kinds import KINDS
from gatebook.policy.catalogue import CATALOGUE

BLOCK = re.compile(r"^```(?:console|sh|yaml|groovy)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(pages: dict[str, str]) -> str:
    """All commands that pages show, but for the generated help."""
    texts = [text for name, text in pages.items() if name != "docs/reference/cli.md"]
    blocks = [block for text in texts for block in BLOCK.findall(text)]
    inline = [code for text in texts for code in re.findall(r"`(gatebook [^`\n]+)`", text)]
    return "\n".join((*blocks, *inline))


def test_every_command_has_help(reference: ModuleType) -> None:
    silent = [name for name, command, _ in reference.commands() if not command.help]

    assert silent == []


def test_every_command_has_a_section_and_an_example(
    reference: ModuleType, pages: dict[str, str]
) -> None:
    page, shown = pages["docs/reference/cli.md"], examples(pages)
    names = [name for name, _, _ in reference.commands()]

    missing_sections = [name for name in names if f"$ {name} --help\n" not in page]
    leaves = [
        name for name, command, _ in reference.commands() if not isinstance(command, click.Group)
    ]
    missing_examples = [name for name in leaves if not re.search(rf"\b{name}\b", shown)]

    assert len(names) > 20
    assert (missing_sections, missing_examples) == ([], [])


def test_every_option_has_help_and_is_named(reference: ModuleType, pages: dict[str, str]) -> None:
    faults = [
        f"{name} {option.opts}"
        for name, command, _ in reference.commands()
        for option in command.params
        if isinstance(option, click.Option)
        and (
            not option.help
            or not all(each in pages["docs/reference/cli.md"] for each in option.opts)
        )
    ]

    assert faults == []


def test_every_variable_is_named(repository: Path, pages: dict[str, str]) -> None:
    source = "\n".join(path.read_text() for path in (repository / "src").rglob("*.py"))
    variables = set(re.findall(r"\bGATEBOOK_[A-Z_]+[A-Z]\b", source))

    assert len(variables) > 3
    assert [
        each for each in sorted(variables) if each not in pages["docs/reference/settings.md"]
    ] == []


def test_every_error_code_is_named(reference: ModuleType, pages: dict[str, str]) -> None:
    page = pages["docs/reference/error-codes.md"]
    codes = {each.code for each in reference.codes()} | {
        error.code for error in reference._errors().values()
    }

    assert len(codes) > 200
    assert [code for code in sorted(codes) if f"| `{code}` |" not in page] == []


def test_every_exit_status_is_named(reference: ModuleType, pages: dict[str, str]) -> None:
    page = pages["docs/reference/exit-status.md"]
    errors = [
        error for error in reference._errors().values() if error.__module__ == "gatebook.errors"
    ]
    undocumented = [
        error.__name__
        for error in errors
        if not re.search(rf"^\| {error.exit_status} \|.*`{error.__name__}`", page, re.MULTILINE)
    ]

    assert GatebookError in errors
    assert undocumented == []


def test_every_kind_and_its_fields_are_named(pages: dict[str, str]) -> None:
    page = pages["docs/reference/entry-kinds.md"]
    missing = [
        f"{kind}.{field}"
        for kind, body in KINDS.items()
        for field in ("", *body.__struct_fields__)
        if f"### `{kind}`" not in page or (field and f"| `{field}` |" not in page)
    ]

    assert missing == []


def test_every_control_and_its_parameters_are_named(pages: dict[str, str]) -> None:
    page = pages["docs/reference/controls.md"]
    missing = [
        f"{name} {parameter}"
        for name, control in CATALOGUE.items()
        for parameter in control.parameters
        if f"## `{name}`" not in page or f"| `{parameter}` |" not in page
    ]

    assert missing == []


def test_every_public_name_is_documented(pages: dict[str, str]) -> None:
    page = pages["docs/reference/python-api.md"]

    assert [name for name in gatebook.__all__ if f"gatebook.{name}" not in page] == []


def test_the_form_of_decisions_is_named_as_it_is(pages: dict[str, str]) -> None:
    page = pages["docs/reference/decision-document.md"]

    assert DECISION_SCHEMA in page
    assert ENGINE in page


def test_every_benchmark_stands_with_its_command(repository: Path, pages: dict[str, str]) -> None:
    scripts = sorted(path.name for path in (repository / "benchmarks").glob("*.py"))
    page = pages["docs/reference/benchmarks.md"]

    assert scripts
    assert [name for name in scripts if f"python benchmarks/{name}\n" not in page] == []


def test_every_dependency_has_a_decision(repository: Path, pages: dict[str, str]) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[<>=~! \[]", wanted)[0] for wanted in project["dependencies"]]
    decisions = [text for name, text in pages.items() if "decisions/0" in name]
    titles = "\n".join(text.splitlines()[0] for text in decisions)
    several = "\n".join(text for text in decisions if re.match(r"# \d+: Libraries", text))

    undecided = [
        name
        for name in names
        if f"Dependency: {name}" not in titles and f"\n| `{name}`" not in several
    ]
    assert undecided == []


def test_every_target_of_make_that_pages_name_exists(
    repository: Path, pages: dict[str, str]
) -> None:
    targets = set(re.findall(r"^(\w+):", (repository / "Makefile").read_text(), re.MULTILINE))
    named = {target for text in pages.values() for target in re.findall(r"`make (\w+)`", text)}

    assert {"demo", "test"} <= named
    assert named - targets == set()
