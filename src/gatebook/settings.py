"""Defaults from the surroundings: who acts, and which CI run this is.

Everything here is a function of an environment mapping; flags win over variables, and an empty
variable counts as absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebook.errors import GatebookError
from gatebook.ledger.kinds import BuildInformation
from gatebook.names import Actor, CommitId, RepositoryUri

__all__ = ["CiRun", "detect_ci", "local_actor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CiRun:
    """The CI run this process belongs to, as its variables say.

    Attributes:
        system: name of the CI system.
        build: what it says of the build.

    """

    system: str
    build: BuildInformation


def local_actor(environ: Mapping[str, str]) -> Actor:
    """Who acts: ``GATEBOOK_ACTOR``, else the name the operating system's session has.

    Raises:
        MalformedError: the variable does not hold an actor.

    """
    named = environ.get("GATEBOOK_ACTOR")
    if named:
        return Actor.parse(named)
    user = environ.get("USER") or environ.get("LOGNAME") or environ.get("USERNAME")
    return Actor.parse(f"local#{user or 'unknown'}")


def detect_ci(environ: Mapping[str, str]) -> CiRun | None:
    """Recognise the CI system by its variables and read the build information they hold.

    Values that do not parse are left out: they are defaults, not facts.
    """
    get = environ.get
    if get("GITHUB_ACTIONS") == "true":
        server = get("GITHUB_SERVER_URL") or "https://github.com"
        name, number = get("GITHUB_REPOSITORY"), get("GITHUB_RUN_ID")
        repository = f"{server}/{name}" if name else None
        workflow = (get("GITHUB_WORKFLOW_REF") or "").partition("@")[0]
        return CiRun(
            system="GitHub Actions",
            build=_build(
                repository=repository,
                commit=get("GITHUB_SHA"),
                ref=get("GITHUB_REF"),
                workflow="/".join(workflow.split("/")[2:]),
                run=f"{repository}/actions/runs/{number}"
                f"/attempts/{get('GITHUB_RUN_ATTEMPT') or '1'}"
                if repository and number
                else None,
                builder="https://github.com/actions/runner/"
                f"{get('RUNNER_ENVIRONMENT') or 'unknown'}",
                trigger=get("GITHUB_EVENT_NAME"),
            ),
        )
    if get("GITLAB_CI") == "true":
        branch, tag = get("CI_COMMIT_BRANCH"), get("CI_COMMIT_TAG")
        host, runner = get("CI_SERVER_URL"), get("CI_RUNNER_ID")
        ref = f"refs/tags/{tag}" if tag else f"refs/heads/{branch}" if branch else None
        return CiRun(
            system="GitLab CI",
            build=_build(
                repository=get("CI_PROJECT_URL"),
                commit=get("CI_COMMIT_SHA"),
                ref=ref,
                workflow=get("CI_CONFIG_PATH") or ".gitlab-ci.yml",
                run=get("CI_JOB_URL"),
                builder=f"{host}/runners/{runner}" if host and runner else None,
                trigger=get("CI_PIPELINE_SOURCE"),
            ),
        )
    if get("JENKINS_URL"):
        branch = (get("GIT_BRANCH") or "").removeprefix("origin/")
        return CiRun(
            system="Jenkins",
            build=_build(
                repository=get("GIT_URL"),
                commit=get("GIT_COMMIT"),
                ref=f"refs/heads/{branch}" if branch else None,
                workflow="Jenkinsfile",
                run=get("BUILD_URL"),
                builder=get("JENKINS_URL"),
                trigger=None,
            ),
        )
    return None


def _build(
    *,
    repository: str | None,
    commit: str | None,
    ref: str | None,
    workflow: str | None,
    run: str | None,
    builder: str | None,
    trigger: str | None,
) -> BuildInformation:
    return BuildInformation(
        repository=_parsed_repository(repository),
        commit=_parsed_commit(commit),
        ref=ref or None,
        workflow=workflow or None,
        run=run or None,
        builder=builder or None,
        trigger=trigger or None,
    )


def _parsed_repository(text: str | None) -> RepositoryUri | None:
    try:
        return RepositoryUri.parse(text) if text else None
    except GatebookError:
        return None


def _parsed_commit(text: str | None) -> CommitId | None:
    try:
        return CommitId.parse(text) if text else None
    except GatebookError:
        return None
