"""What git knows of a checkout: the commit, its ref, its repository, and who made it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from gatebook.errors import GatebookError, UnreachableError
from gatebook.names import CommitId, RepositoryUri

__all__ = ["Checkout", "GitError", "read_checkout"]

_SECONDS = 30


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
        emails: addresses of the commit's author and committer, and of its co-authors.
        clean: whether the work tree holds exactly the commit.

    """

    commit: CommitId
    ref: str | None
    repository: RepositoryUri | None
    emails: tuple[str, ...]
    clean: bool


def read_checkout(directory: Path) -> Checkout:
    """Ask git about the checkout that holds ``directory``.

    Raises:
        GitError: no git, no checkout, or no commit yet.

    """
    commit = CommitId.parse(_git(directory, "rev-parse", "--verify", "HEAD^{commit}").strip())
    ref = _git(directory, "symbolic-ref", "--quiet", "HEAD", optional=True).strip()
    origin = _git(directory, "config", "--get", "remote.origin.url", optional=True).strip()
    trailers = "%(trailers:key=Co-authored-by,valueonly,unfold)"
    people = _git(directory, "show", "--no-patch", f"--format=%ae%n%ce%n{trailers}", str(commit))
    status = _git(directory, "status", "--porcelain", "--untracked-files=no")
    return Checkout(
        commit=commit,
        ref=ref or None,
        repository=_repository(origin),
        emails=tuple(dict.fromkeys(filter(None, map(_address, people.splitlines())))),
        clean=not status.strip(),
    )


def _address(line: str) -> str:
    """The address of ``Name <address>``, or the line itself."""
    _, opening, rest = line.strip().rpartition("<")
    return rest.rstrip("> ") if opening else line.strip()


def _repository(origin: str) -> RepositoryUri | None:
    try:
        return RepositoryUri.parse(origin)
    except GatebookError:
        return None


def _git(directory: Path, *arguments: str, optional: bool = False) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # fixed program, no shell
            ["git", "-C", str(directory), *arguments],  # noqa: S607  # found on PATH as users expect
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            encoding="utf-8",
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git could not be asked: {error}", hint="install git") from error
    if done.returncode and not optional:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
        raise GitError(f"git {arguments[0]}: {reason}", hint="run this inside a git checkout")
    return done.stdout if not done.returncode else ""
