"""The generated parts of the reference pages: what the package says about itself.

Pages call these functions from comments that cogapp runs: ``cog -I tools -r docs/reference/*.md``
writes the pages, ``cog -I tools --check …`` (part of ``make docs``) fails when one is stale.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

import gatebook
from gatebook.cli.main import COMMANDS, cli
from gatebook.errors import GatebookError
from gatebook.formats.intoto import PREDICATE_TYPES, PYPI_PUBLISH_V1
from gatebook.ledger.entry import BlobReference, Link
from gatebook.ledger.kinds import (
    KINDS,
    BuildInformation,
    CertifiedAs,
    Parameter,
    ProvedSignature,
    SignedBy,
)
from gatebook.policy.catalogue import CATALOGUE

SOURCE = Path(gatebook.__file__).parent
WIDTH = 100
CODE = re.compile(r"([a-z]+)\.[a-z0-9]+(?:-[a-z0-9]+)*\Z")
NOT_CODES = {"gatebook.debug", "index.db", "index.json", "ledger.db"}
MEANINGS = dict(
    line.split(" ", 1)
    for line in Path(__file__).with_name("error_meanings.txt").read_text("utf-8").splitlines()
)
"""What the source does not say in one sentence beside the code."""
RANGES = {
    "constraint": "A range in `vers:` has a part that is empty or malformed.",
    "duplicate": "A range in `vers:` names a version twice.",
    "percent": "A range in `vers:` has a malformed or forbidden escape.",
    "scheme": "A range of versions does not begin with `vers:`.",
    "sequence": "A range in `vers:` has comparators that cannot follow each other.",
    "type": "A range in `vers:` names no type of versions.",
    "unsorted": "A range in `vers:` is not in the order of its versions.",
    "whitespace": "A range in `vers:` has white space in it.",
}
"""The codes that refused ranges of versions are given, which are put together."""
ROLES = re.compile(r":[a-z:]+:`~?([^`<]+)`")


def out(text: str) -> None:
    """Write lines into the page, through the module that cogapp gives to the code it runs."""
    for line in text.split("\n"):
        sys.modules["cog"].outl(line.rstrip())


def first_sentence(text: str | None) -> str:
    """The first paragraph of a docstring, as one line of Markdown."""
    paragraph = inspect.cleandoc(text or "").split("\n\n")[0].replace("\n", " ")
    return markdown(paragraph)


def markdown(text: str) -> str:
    """Docstring text as Markdown: roles and double backquotes become code."""
    without_roles = ROLES.sub(lambda role: f"`{role[1].rsplit('.', 1)[-1]}`", text)
    return without_roles.replace("``", "`").replace("|", "\\|")


# -- the command line ------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command and subcommand with its full name."""
    root = click.Context(cli, info_name="gatebook", terminal_width=WIDTH, max_content_width=WIDTH)
    yield "gatebook", cli, root
    for name in COMMANDS:
        command = cli.get_command(root, name)
        if command is None:
            sys.exit(f"reference: there is no command {name}")
        context = click.Context(command, parent=root, info_name=name)
        yield f"gatebook {name}", command, context
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                below = command.get_command(context, inner)
                if below is None:
                    sys.exit(f"reference: there is no command {name} {inner}")
                yield (
                    f"gatebook {name} {inner}",
                    below,
                    click.Context(below, parent=context, info_name=inner),
                )


def command_line() -> None:
    """A section with the help of every command."""
    for name, command, context in commands():
        title = name if name == "gatebook" else name.removeprefix("gatebook ")
        level = "###" if name.count(" ") > 1 else "##"
        out(f"\n{level} {title}\n")
        out("```text")
        out(f"$ {name} --help")
        out(command.get_help(context))
        out("```")


def schemas() -> None:
    """A table of the forms of JSON answers, by the module that writes them."""
    found: dict[str, set[str]] = {}
    for path in sorted((SOURCE / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print_json":
                schema = _literal(node.args[0]) if node.args else ""
                if schema:
                    is_command = path.parent.name == "commands"
                    where = f"`{path.stem}`" if is_command else "all that append"
                    found.setdefault(schema, set()).add(where)
    out("\n| schema | answered by |")
    out("|---|---|")
    for schema, where in sorted(found.items()):
        out(f"| `{schema}` | {', '.join(sorted(where))} |")


def variables() -> None:
    """A table of the variables that stand for options."""
    seen: dict[str, tuple[str, set[str]]] = {}
    for name, command, _ in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and isinstance(parameter.envvar, str):
                option = max(parameter.opts, key=len)
                _, users = seen.setdefault(parameter.envvar, (option, set()))
                users.add(name.removeprefix("gatebook "))
    out("\n| variable | option | commands |")
    out("|---|---|---|")
    every = {name for name, _, _ in commands()}
    for variable in sorted(seen):
        option, users = seen[variable]
        listed = (
            f"{len(users)} commands"
            if len(users) > len(every) / 3
            else ", ".join(f"`{user}`" for user in sorted(users))
        )
        out(f"| `{variable}` | `{option}` | {listed} |")


# -- entry kinds -----------------------------------------------------------------------------------


def entry_kinds() -> None:
    """A section for every kind of entry."""
    for kind, body in KINDS.items():
        out(f"\n### `{kind}`\n")
        out(paragraphs(body))
        out(f"\nExported as the CDEvents type `{body.cdevent}`.\n")
        fields(body)


def paragraphs(thing: type) -> str:
    """The prose of a docstring, without its sections of fields."""
    text = inspect.cleandoc(thing.__doc__ or "").partition("\nAttributes:")[0]
    return markdown(text).strip()


def fields(body: Any) -> None:
    """A table of the fields of a record."""
    meanings = attributes(body)
    rows = msgspec.structs.fields(body)
    if not rows:
        out("Its body has no fields.")
        return
    out("| field | type | needed | meaning |")
    out("|---|---|---|---|")
    for field in rows:
        needed = "yes" if field.required else "no"
        meaning = meanings.get(field.name, "")
        out(f"| `{field.name}` | {type_name(field.type)} | {needed} | {meaning} |")


def attributes(thing: type) -> dict[str, str]:
    """What the ``Attributes:`` section of a docstring, or of an inherited one, says."""
    said: dict[str, str] = {}
    for each in reversed(thing.__mro__):
        text = inspect.cleandoc(each.__doc__ or "") if "__doc__" in vars(each) else ""
        section = textwrap.dedent(text.partition("\nAttributes:\n")[2])
        for match in re.finditer(r"^(\w+): (.*(?:\n[ ]+.*)*)", section, re.MULTILINE):
            said[match[1]] = markdown(" ".join(match[2].split()))
    return said


def type_name(kind: Any) -> str:
    """A type as readers of the wire form know it."""
    if isinstance(kind, type):
        names = {"str": "text", "int": "number", "bool": "true or false"}
        return names.get(kind.__name__, kind.__name__)
    arguments = [each for each in getattr(kind, "__args__", ()) if each is not type(None)]
    inner = " or ".join(type_name(each) for each in arguments if each is not ...)
    return f"list of {inner}" if getattr(kind, "__origin__", None) is tuple else inner


def parts() -> None:
    """The records that bodies are made of."""
    for part in (
        BuildInformation,
        Parameter,
        SignedBy,
        CertifiedAs,
        ProvedSignature,
        BlobReference,
        Link,
    ):
        out(f"\n### {part.__name__}\n")
        out(paragraphs(part) + "\n")
        fields(part)


# -- controls --------------------------------------------------------------------------------------


def controls() -> None:
    """A section for every control."""
    for name, control in CATALOGUE.items():
        out(f"\n## `{name}`\n")
        out(f"{control.purpose}\n")
        out(f"Satisfied by {control.satisfied_by}.\n")
        beyond = inspect.cleandoc(control.__doc__ or "").split("\n\n")[1:]
        for paragraph in beyond:
            out(markdown(paragraph) + "\n")
        out("| parameter | meaning |")
        out("|---|---|")
        for parameter, meaning in control.parameters.items():
            out(f"| `{parameter}` | {meaning} |")
        reasons = sorted(
            {
                code.code
                for code in codes()
                if code.module == control.__module__ or _control_of(code.code) == name
            }
        )
        listed = ", ".join(f"[`{code}`](error-codes.md)" for code in reasons)
        out(f"\nReasons it gives: {listed}.")


def _control_of(code: str) -> str | None:
    """The control whose reason a code is by its name, where several modules make a control."""
    name = code.removeprefix("policy.")
    name = {"advisories": "vulnerabilities", "waiver": "vulnerabilities"}.get(
        name.partition("-")[0], name
    )
    owners = [each for each in CATALOGUE if f"{name}-".startswith(f"{each}-")]
    return max(owners, key=len, default=None)


# -- codes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Code:
    """One stable code, where it stands and what it says."""

    code: str
    module: str
    meaning: str
    raised_as: str | None
    own: bool


def codes() -> list[Code]:
    """Every code in the source, by reading it: class attributes, arguments, table values."""
    rooms = {path.stem for path in SOURCE.iterdir()} | {"gatebook", "versions"}
    found: list[Code] = []
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name in {"__init__.py", "__main__.py"} and path.parent == SOURCE:
            continue
        module = ".".join(("gatebook", *path.relative_to(SOURCE).with_suffix("").parts))
        tree = ast.parse(path.read_text())
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                match = CODE.match(node.value)
                if match and match[1] in rooms and node.value not in NOT_CODES:
                    found.append(_code(node, node.value, module, parents))
    found.extend(_names_codes())
    found.extend(_made_codes())
    return found


def _made_codes() -> Iterator[Code]:
    """The codes that are put together of a part that differs."""
    constraint = importlib.import_module("gatebook.trust.identities.constraint")
    parts = ("issuer", *constraint._READERS, "build-signer")  # noqa: SLF001  # they have no other name
    for part in parts:
        yield Code(
            code=f"trust.identity-{'subject' if part == 'identity' else part}",
            module=constraint.__name__,
            meaning=f"The part `{part}` of the signer's identity is not what was expected.",
            raised_as="IdentityMismatchError",
            own=True,
        )
    for part, said in RANGES.items():
        yield Code(
            code=f"versions.vers-{part}",
            module="gatebook.vulnerabilities.versions.vers",
            meaning=said,
            raised_as="VersRangeError",
            own=True,
        )
    for part in ("name", "version"):
        yield Code(
            code=f"trust.npm-{part}-mismatch",
            module="gatebook.trust.slsa.npm",
            meaning="",
            raised_as="NpmPackageError",
            own=False,
        )


def _names_codes() -> Iterator[Code]:
    """The codes of parsed names, which are made of the names of their classes."""
    names = importlib.import_module("gatebook.names")
    for each in vars(names).values():
        if isinstance(each, type) and hasattr(each, "called"):
            yield Code(
                code=f"names.{each.__name__.lower()}",
                module=names.__name__,
                meaning=f"A text is not {each.called}.",
                raised_as="MalformedError",
                own=True,
            )


def _code(node: ast.Constant, code: str, module: str, parents: dict[ast.AST, ast.AST]) -> Code:
    above: ast.AST = node
    while above in parents:
        above = parents[above]
        if isinstance(above, ast.ClassDef):
            meaning = first_sentence(ast.get_docstring(above))
            return Code(code, module, meaning, above.name, own=True)
        if isinstance(above, ast.Call | ast.Tuple):
            name = (
                getattr(above.func, "id", None) or getattr(above.func, "attr", None)
                if (isinstance(above, ast.Call))
                else None
            )
            meaning = _message(above, code)
            if meaning or isinstance(above, ast.Call):
                return Code(code, module, meaning, name, own=False)
        if isinstance(above, ast.FunctionDef | ast.Module):
            meaning = first_sentence(ast.get_docstring(above))
            return Code(code, module, meaning, None, own=False)
    return Code(code, module, "", None, own=False)


def _message(call: ast.Call | ast.Tuple, code: str) -> str:
    """The sentence beside a code, with what is filled in shown as an ellipsis."""
    nodes: list[ast.expr] = []
    if isinstance(call, ast.Call):
        wanted = {item.arg: item.value for item in call.keywords}
        nodes += [wanted[name] for name in ("message", "found", "expected") if name in wanted]
        nodes += [item for item in call.args if not _holds(item, code)]
    else:
        nodes += [item for item in call.elts if not _holds(item, code)]
    for node in nodes:
        text = _literal(node)
        if len(text.replace("…", "").strip()) > 8:  # noqa: PLR2004  # else it says nothing
            return markdown(text[:1].upper() + text[1:])
    return ""


def _holds(node: ast.expr, code: str) -> bool:
    return any(isinstance(each, ast.Constant) and each.value == code for each in ast.walk(node))


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
        )
    if isinstance(node, ast.BinOp):
        return _literal(node.left) + _literal(node.right)
    if isinstance(node, ast.BoolOp):
        return _literal(node.values[-1])
    if isinstance(node, ast.IfExp):
        return _literal(node.body)
    return ""


def _errors() -> dict[str, type[GatebookError]]:
    """Every class of error by its name."""
    for module in pkgutil.walk_packages([str(SOURCE)], "gatebook."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: dict[str, type[GatebookError]] = {}
    todo: list[type[GatebookError]] = [GatebookError]
    while todo:
        error = todo.pop()
        found[error.__name__] = error
        todo.extend(error.__subclasses__())
    return found


def error_codes() -> None:
    """A table of codes for every room."""
    errors = _errors()
    by_code: dict[str, list[Code]] = {}
    for each in codes():
        by_code.setdefault(each.code, []).append(each)
    room = ""
    for code in sorted(by_code):
        if code.partition(".")[0] != room:
            room = code.partition(".")[0]
            out(f"\n## {room}\n")
            out("| code | where it appears | meaning |")
            out("|---|---|---|")
        # The class that owns a code describes it best; then any place that says something.
        best = max(by_code[code], key=lambda each: (each.own, bool(each.meaning)))
        meaning = MEANINGS.get(code) or best.meaning
        if not meaning:
            sys.stderr.write(f"reference: nothing says what {code} means: add it to MEANINGS\n")
            meaning = "See the message."
        end = "" if meaning.endswith((".", "…", "?")) else "."
        out(f"| `{code}` | {_where(by_code[code], errors)} | {meaning}{end} |")


def _where(uses: list[Code], errors: dict[str, type[GatebookError]]) -> str:
    statuses = {errors[use.raised_as].exit_status for use in uses if use.raised_as in errors}
    if any(use.raised_as in {"refuse", "_refuse"} for use in uses) and not statuses:
        statuses = {5}
    said = [f"exit {status}" for status in sorted(statuses)]
    if any(use.raised_as in {"Fields", "of"} for use in uses) and not statuses:
        statuses = {5}  # what Fields refuses is malformed
    places = {"Finding": "control", "Reason": "decision", "undecided": "decision"}
    places |= {"Problem": "control", "Fault": "fault", "add": "fault"}
    said += sorted({places[use.raised_as] for use in uses if use.raised_as in places})
    if not said and uses[0].code.startswith("formats.rule-"):
        return "evaluation"
    if not said and uses[0].code.startswith("vulnerabilities."):
        return "match report"
    if not said:
        # What is chosen from a table of codes is raised in the way of its room.
        usual = {"cli": 2, "connectors": 6, "formats": 5, "trust": 5, "workspace": 5}
        usual["cli.system"] = 6
        status = usual.get(uses[0].code, usual.get(uses[0].code.partition(".")[0]))
        return "decision" if status is None else f"exit {status}"
    return ", ".join(said)


def error_tree() -> None:
    """The tree of error classes, from the module that draws it."""
    errors = importlib.import_module("gatebook.errors")
    text = inspect.cleandoc(errors.__doc__ or "").partition("The tree::\n")[2]
    out("```text")
    out(textwrap.dedent(text.strip("\n").partition("\n\n")[0]))
    out("```")


# -- the library -----------------------------------------------------------------------------------


def python_api() -> None:
    """An autodoc directive for every public name, by kind."""
    groups: dict[str, list[str]] = {"The book": ["Book"], "Functions": [], "Records": []}
    groups["Errors"] = []
    for name in sorted(gatebook.__all__):
        thing = getattr(gatebook, name)
        if name in {"Book", "__version__"}:
            continue
        if isinstance(thing, type) and issubclass(thing, Exception):
            groups["Errors"].append(name)
        elif isinstance(thing, type):
            groups["Records"].append(name)
        else:
            groups["Functions"].append(name)
    for title, names in groups.items():
        out(f"\n## {title}\n")
        for name in names:
            thing = getattr(gatebook, name)
            out("```{eval-rst}")
            if not isinstance(thing, type):
                out(f".. autofunction:: gatebook.{name}")
            else:
                out(f".. autoclass:: gatebook.{name}")
                out("   :members:")
                if name == "Book":
                    out("   :inherited-members:")
            out("```\n")


# -- formats and benchmarks ------------------------------------------------------------------------


def predicate_types() -> None:
    """A table of the words for predicate types."""
    out("\n| word | predicate types |")
    out("|---|---|")
    for kind, types in PREDICATE_TYPES.items():
        # One type is a page of the index's own: pages here name no host of a package index.
        named = sorted(
            "the type PEP 740 fixes" if x == PYPI_PUBLISH_V1 else f"`{x}`" for x in types
        )
        out(f"| `{kind}` | {', '.join(named)} |")


def predicate_words() -> None:
    """The words for predicate types, as one sentence."""
    out("\n" + ", ".join(f"`{kind}`" for kind in sorted(PREDICATE_TYPES)) + ".")


def build_types() -> None:
    """A list of the build types whose source is read."""
    source = importlib.import_module("gatebook.formats.build.source")
    gitlab = importlib.import_module("gatebook.formats.build.gitlab")
    for version in ("v0.1", "v0.2", "v1"):
        table = getattr(source, f"_SOURCES_{version.upper().replace('.', '_')}")
        out(f"\nProvenance {version}:\n")
        for build_type in sorted(table):
            out(f"- `{build_type}`")
        if version != "v0.1":
            published = sorted(gitlab._PUBLISHED)  # noqa: SLF001  # they have no other name
            for build_type in published:
                out(f"- `{build_type}`")
            out("- the page `PROVENANCE.md` of any version of GitLab's runner")


FAMILIES = {
    "sbom": "Component lists (SBOMs)",
    "scan": "Scans: vulnerabilities, code, secrets, configuration",
    "vex": "Statements on exploitability (VEX)",
    "tests": "Test reports",
    "coverage": "Coverage",
    "quality": "Code quality",
    "advisory": "Advisories and what enriches them",
    "attestation": "Attestations",
    "container": "Compression",
    "other": "What is named and not read",
}
"""Headings of the page of formats, in its order."""


def evidence_formats() -> None:
    """A table of the formats of evidence for every family, with how each is recognised."""
    detect = importlib.import_module("gatebook.formats.reading.detect")
    formats = importlib.import_module("gatebook.formats.reading.document_format")
    recognition = importlib.import_module("gatebook.formats.reading.recognition").RECOGNITION
    advisories = importlib.import_module("gatebook.vulnerabilities.readers").ADVISORY_READERS
    families = {each.format: each.family for each in (*detect.readers(detect.ROOMS), *advisories)}
    for known in formats.DocumentFormat:
        families.setdefault(known, _family_without_reader(known, formats))
    if set(FAMILIES) != {each.value for each in formats.Family}:
        sys.exit("reference: the families of formats are others than those with a heading")
    for family, title in FAMILIES.items():
        out(f"\n## {title}\n")
        out("| format | what it is | recognised by |")
        out("|---|---|---|")
        for known in formats.DocumentFormat:
            if families[known].value == family:
                words = recognition[known]
                out(f"| `{known.value}` | {markdown(words.title)} | {markdown(words.rule)} |")


def _family_without_reader(known: Any, formats: Any) -> Any:
    """Layers around documents, and forms that nobody reads."""
    if known.name in {"GZIP", "ZSTD", "BZIP2", "ZIP"}:
        return formats.Family.CONTAINER
    if known.name in {"JSON_OTHER", "JSON_ARRAY", "JSON_STREAM", "YAML", "XML_OTHER", "OTHER"}:
        return formats.Family.OTHER
    if known.name == "UNPARSEABLE":
        return formats.Family.OTHER
    return formats.Family.ATTESTATION


def sbom_checks() -> None:
    """A table of the checks of SBOMs."""
    registry = importlib.import_module("gatebook.sboms.checks.registry")
    out("\n| check | name | what it asks |")
    out("|---|---|---|")
    for check in registry.CHECKS.values():
        name = f"`{check.name}`" + (" (warning)" if check.id in registry.WARNINGS else "")
        out(f"| {check.id} | {name} | {markdown(check.purpose)} |")


def sbom_profiles() -> None:
    """A table of the profiles with their elements."""
    profiles = importlib.import_module("gatebook.sboms.profiles").PROFILES
    out("\n| profile | standard | required | required where they exist, with `+additional` |")
    out("|---|---|---|---|")
    for profile in (each for name, each in profiles.items() if "+" not in name):
        required, additional = (
            ", ".join(f"`{each.id}`" for each in some) or "none"
            for some in (profile.required, profile.additional)
        )
        out(f"| `{profile.name}` | {profile.title} | {required} | {additional} |")


def record_fields(module: str, *names: str) -> None:
    """A section with the fields of each record of a document."""
    found = importlib.import_module(module)
    for name in names:
        record = getattr(found, name)
        out(f"\n### {name}\n")
        out(paragraphs(record) + "\n")
        fields(record)


def benchmarks() -> None:
    """A section for every script, from its own first words."""
    for path in sorted((SOURCE.parents[1] / "benchmarks").glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        out(f"\n### {path.stem}\n")
        out("```sh")
        out(f".venv/bin/python benchmarks/{path.name}")
        out("```\n")
        out(first_sentence(text))
