"""Run the terminal sessions and Python blocks of the documentation, and compare what they print.

A page is one session in one new directory:

* a block ``console`` holds commands (``$ …``, continued by ``> …``) and what they print;
* a block ``{code-block} … :caption: NAME`` is a file, written before what follows it;
* a block ``python`` is run where it stands.

Digests, keys, ids, times and sizes differ from run to run, so they are compared by their form. A
line ``…`` stands for any lines. ``python tools/transcript.py PAGE …`` compares;
``--write`` puts what was printed into the pages instead.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARK = "\x01transcript\x01"
FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)[ ]*$", re.MULTILINE | re.DOTALL
)
CAPTION = re.compile(r"\A:caption: (\S+)\n(?::.*\n)*\n?")
FORMS = (
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:<digest>"),
    (re.compile(r"sha256:[0-9a-f]{12}\b"), "sha256:<short>"),
    (re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+"), "+<key>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<hex>"),
    (re.compile(r"\b[0-9a-f]{16}…"), "<hex>…"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<short>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), "<time>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<date>"),
    (re.compile(r"\b\d+(?:[smh]| days?) ago"), "<age> ago"),
    (re.compile(r"\b[\d,]+ bytes"), "<size> bytes"),
    (re.compile(r'"(?:size|root|entries)": ?"?[0-9a-f]+"?'), '"<number>"'),
    (re.compile(r"/[^\s:]*/(?=\.gatebook\b|book\b)"), "<directory>/"),
)


@dataclass
class Command:
    """One command of a session."""

    text: str
    expected: list[str]
    printed: list[str] = field(default_factory=list)

    def same(self) -> bool:
        """Whether what was printed has the form of what the page shows."""
        pattern = "".join(
            r"(?:[^\n]*\n)*?" if line.strip() == "…" else re.escape(form(line)) + r"\n"
            for line in self.expected
        )
        return (
            re.fullmatch(pattern, "".join(form(line) + "\n" for line in self.printed)) is not None
        )


@dataclass
class Block:
    """One fenced block of a page that does something."""

    start: int
    end: int
    commands: list[Command]


def form(line: str) -> str:
    """A line with what differs from run to run replaced by what it is."""
    for pattern, name in FORMS:
        line = pattern.sub(name, line)
    # A time on the full second is written shorter, and the column beside it is padded.
    return re.sub(r"(?<=\S) {2,}", "  ", line.rstrip())


def read_commands(body: str) -> list[Command]:
    """Take a console block apart."""
    commands: list[Command] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            commands.append(Command(line[2:], []))
        elif line.startswith("> ") and commands and not commands[-1].expected:
            commands[-1].text += "\n" + line[2:]
        elif commands:
            commands[-1].expected.append(line)
    return commands


def blocks(page: str) -> Iterator[tuple[Block, str]]:
    """What a page does: each block and the piece of shell script it becomes."""
    for match in FENCE.finditer(page):
        info, body = match["info"].strip(), match["body"]
        block = Block(match.start("body"), match.end("body"), [])
        if info == "console":
            block.commands = read_commands(body)
            yield block, "".join(f"{each.text}\n{_mark()}" for each in block.commands)
        elif info == "python":
            block.commands = [Command("python", [])]
            yield block, f"python -W error - <<'END-OF-PYTHON'\n{body}END-OF-PYTHON\n{_mark()}"
        elif info.startswith("{code-block}") and (caption := CAPTION.match(body)):
            content = body[caption.end() :]
            yield block, f"cat > {shlex.quote(caption[1])} <<'END-OF-FILE'\n{content}END-OF-FILE\n"


def _mark() -> str:
    # The status of the command stays the status of the session.
    return f"__status=$?; printf '\\n{MARK}%d\\n' $__status; (exit $__status)\n"


def environment(home: Path) -> dict[str, str]:
    """What a session sees: this package's commands, and nothing of the CI system or the user."""
    kept = {key: os.environ[key] for key in ("LANG", "LC_ALL", "TMPDIR") if key in os.environ}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "USER": "dev",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CEILING_DIRECTORIES": str(home),
    }


def run(page: str) -> list[Block]:
    """Run everything a page does, and keep what each command printed.

    Raises:
        RuntimeError: the session broke off.

    """
    done = list(blocks(page))
    script = "".join(piece for _, piece in done)
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        # Sessions start where readers do: at the root of a checkout.
        (home / "examples").symlink_to(ROOT / "examples")
        session = subprocess.run(
            ["bash", "-s"],
            input=script,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=home,
            env=environment(home),
            check=False,
            timeout=300,
        )
    pieces = re.split(rf"\n{MARK}(\d+)\n", session.stdout)
    commands = [command for block, _ in done for command in block.commands]
    if len(pieces) // 2 != len(commands):
        raise RuntimeError(f"the session broke off:\n{session.stdout}")
    for command, printed, status in zip(commands, pieces[0::2], pieces[1::2], strict=False):
        command.printed = printed.splitlines()
        if command.text == "python" and status != "0":
            raise RuntimeError(f"a Python block failed:\n{printed}")
    return [block for block, _ in done]


def differences(page: str) -> list[str]:
    """What a page shows that is not what happens."""
    return [
        f"$ {command.text}\n--- the page shows\n"
        + "\n".join(command.expected)
        + "\n--- it prints\n"
        + "\n".join(command.printed)
        for block in run(page)
        for command in block.commands
        if command.text != "python" and not command.same()
    ]


def rewritten(page: str) -> str:
    """The page with what the commands print now."""
    for block in reversed(run(page)):
        if not block.commands or block.commands[0].text == "python":
            continue
        lines: list[str] = []
        for command in block.commands:
            first, *rest = command.text.split("\n")
            lines += [f"$ {first}", *(f"> {line}" for line in rest)]
            lines += command.expected if command.same() else command.printed
        page = page[: block.start] + "\n".join(lines) + "\n" + page[block.end :]
    return page


def does_something(page: str) -> bool:
    """Whether there is anything to run in a page."""
    return any(True for _ in blocks(page))


def main() -> None:
    """Compare or write pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true", help="put what is printed into the pages")
    arguments = parser.parse_args()
    failed = False
    for path in arguments.pages:
        page = path.read_text(encoding="utf-8")
        if arguments.write:
            path.write_text(rewritten(page), encoding="utf-8")
        for difference in [] if arguments.write else differences(page):
            failed = True
            print(f"{path}: {difference}\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
