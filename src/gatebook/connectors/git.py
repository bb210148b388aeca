"""What git knows of a checkout: the commit, its ref, its repository, and who made it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatebook.errors import GatebookError, UnreachableError
from gatebook.names import CommitId, RepositoryUri

__all__ = ["Checkout", "GitError", "read_checkout"]

_SECONDS = 30
_MACHINE_COMMITTERS: Final = frozenset({"noreply@github.com"})
"""Who commits merges made on a web site, in place of the person who pressed the button; that person
is the author. As an author the same address counts like any other."""
_MAX_COMMITS = 10_000
# A checkout's own configuration can name programs to run; asking about it runs none of them.
_HARMLESS = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "i18n.logOutputEncoding=UTF-8",
    "--no-pager",
)


class GitError(UnreachableError):
    """git is missing, or the directory is no checkout of it."""

    code = "connectors.git"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What is checked out.

    Attributes:
        commit: the commit of HEAD.
        ref: the full ref HEAD points to; ``None`` when it is detached.
        repository: where ``origin`` is; ``None`` when there is none that can be named.
        emails: addresses of authors, committers and co-authors: of the commit, of all that it
            merges, and of those after a given one.
        clean: whether the work tree holds exactly the commit.

    """

    commit: CommitId
    ref: str | None
    repository: RepositoryUri | None
    emails: tuple[str, ...]
    clean: bool


def read_checkout(directory: Path, *, since: str | None = None) -> Checkout:
    """Ask git about the checkout that holds ``directory``.

    Args:
        directory: a directory within the work tree.
        since: a revision; the people of every commit after it are named too.

    Raises:
        GitError: no git, no checkout, no commit yet, no such revision, or too many commits.

    """
    commit = CommitId.parse(_git(directory, "rev-parse", "--verify", "HEAD^{commit}").strip())
    ref = _git(directory, "symbolic-ref", "--quiet", "HEAD", optional=True).strip()
    origin = _git(directory, "config", "--get", "remote.origin.url", optional=True).strip()
    status = _git(directory, "status", "--porcelain", "--untracked-files=no")
    return Checkout(
        commit=commit,
        ref=ref or None,
        repository=_repository(origin),
        emails=_people(directory, commit, since),
        clean=not status.strip(),
    )


def _people(directory: Path, commit: CommitId, since: str | None) -> tuple[str, ...]:
    """Name everybody who had a hand in a commit, in what it merges, and in what came before it.

    The author of a merge is whoever pressed the button; the change is made by the people of the
    commits it brings in, which are those that its first parent does not have.
    """
    parent = _git(
        directory, "rev-parse", "--quiet", "--verify", f"{commit}^1^{{commit}}", optional=True
    ).strip()
    addresses = _addresses(directory, [f"^{parent}"] if parent else ["--no-walk"], commit)
    if since is not None:
        base = _git(
            directory, "rev-parse", "--verify", "--end-of-options", f"{since}^{{commit}}"
        ).strip()
        addresses += _addresses(directory, [f"^{CommitId.parse(base)}"], commit)
    return tuple(dict.fromkeys(addresses))


def _addresses(directory: Path, before: list[str], commit: CommitId) -> list[str]:
    trailers = "%(trailers:key=Co-authored-by,valueonly,unfold)"
    lines = _git(
        directory,
        "log",
        "--no-show-signature",
        f"--max-count={_MAX_COMMITS + 1}",
        f"--format=%x00%ae%n%ce%n{trailers}",
        *before,
        str(commit),
    )
    if lines.count("\0") > _MAX_COMMITS:
        raise GitError(
            f"more than {_MAX_COMMITS:,} commits are to be asked for their authors",
            code="connectors.git-too-many",
            hint="name a later commit",
        )
    found: list[str] = []
    for record in lines.split("\0")[1:]:
        author, committer, *others = (_address(line) for line in record.split("\n"))
        people = [author, committer, *others]
        if committer.lower() in _MACHINE_COMMITTERS:
            people.pop(1)
        found.extend(address for address in people if address)
    return found


def _address(line: str) -> str:
    """The address of ``Name <address>``, or the line itself."""
    _, opening, rest = line.strip().rpartition("<")
    return rest.rstrip("> ") if opening else line.strip()


def _repository(origin: str) -> RepositoryUri | None:
    if ":" not in origin:  # a path on this machine names no repository to anybody else
        return None
    try:
        return RepositoryUri.parse(origin)
    except GatebookError:
        return None


def _git(directory: Path, *arguments: str, optional: bool = False) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # fixed program, no shell
            ["git", *_HARMLESS, "-C", str(directory), *arguments],  # noqa: S607  # found on PATH
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            encoding="utf-8",
            errors="replace",
            env={
                **os.environ,
                "LC_ALL": "C",
                "GIT_OPTIONAL_LOCKS": "0",
                "GIT_TERMINAL_PROMPT": "0",
            },
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git could not be asked: {error}", hint="install git") from error
    if done.returncode and not optional:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
        raise GitError(f"git {arguments[0]}: {reason}", hint="run this inside a git checkout")
    return done.stdout if not done.returncode else ""
