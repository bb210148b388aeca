"""What the surroundings say, and what they cannot make us believe."""

import pytest

from gatebook.errors import MalformedError
from gatebook.settings import detect_ci, local_actor

SHA = "1" * 40

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/api",
    "GITHUB_SHA": SHA,
    "GITHUB_REF": "refs/tags/v1",
    "GITHUB_WORKFLOW_REF": "acme/api/.github/workflows/build.yml@refs/tags/v1",
    "GITHUB_RUN_ID": "7",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_EVENT_NAME": "push",
    "RUNNER_ENVIRONMENT": "github-hosted",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_URL": "https://gitlab.com/acme/api",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_TAG": "v1",
    "CI_SERVER_URL": "https://gitlab.com",
    "CI_RUNNER_ID": "3",
    "CI_JOB_URL": "https://gitlab.com/acme/api/-/jobs/9",
    "CI_PIPELINE_SOURCE": "push",
}
JENKINS = {
    "JENKINS_URL": "https://jenkins.example.com/",
    "GIT_URL": "git@git.example.com:acme/api.git",
    "GIT_COMMIT": SHA,
    "GIT_BRANCH": "origin/main",
    "BUILD_URL": "https://jenkins.example.com/job/api/7/",
}


def test_github_actions() -> None:
    run = detect_ci(GITHUB)
    assert run is not None
    build = run.build
    assert run.system == "GitHub Actions"
    assert str(build.repository) == "https://github.com/acme/api"
    assert (str(build.commit), build.ref) == (SHA, "refs/tags/v1")
    assert build.workflow == ".github/workflows/build.yml"
    assert build.run == "https://github.com/acme/api/actions/runs/7/attempts/2"
    assert build.builder == "https://github.com/actions/runner/github-hosted"
    assert build.trigger == "push"


def test_github_enterprise() -> None:
    run = detect_ci({**GITHUB, "GITHUB_SERVER_URL": "https://git.example.com"})
    assert run is not None
    assert str(run.build.repository) == "https://git.example.com/acme/api"


def test_gitlab() -> None:
    run = detect_ci(GITLAB)
    assert run is not None
    assert run.system == "GitLab CI"
    assert run.build.ref == "refs/tags/v1"
    assert run.build.builder == "https://gitlab.com/runners/3"
    assert run.build.run == "https://gitlab.com/acme/api/-/jobs/9"
    branch = detect_ci({**GITLAB, "CI_COMMIT_TAG": "", "CI_COMMIT_BRANCH": "main"})
    assert branch is not None
    assert branch.build.ref == "refs/heads/main"


def test_jenkins() -> None:
    run = detect_ci(JENKINS)
    assert run is not None
    assert run.system == "Jenkins"
    assert str(run.build.repository) == "https://git.example.com/acme/api"
    assert run.build.ref == "refs/heads/main"
    assert run.build.builder == "https://jenkins.example.com/"


def test_no_ci() -> None:
    assert detect_ci({}) is None
    assert detect_ci({"GITHUB_ACTIONS": "false", "GITLAB_CI": "", "JENKINS_URL": ""}) is None


@pytest.mark.parametrize(
    "variables",
    [{"GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true"}, {"JENKINS_URL": "https://j.example.com"}],
)
def test_variables_that_are_missing_are_not_made_up(variables: dict[str, str]) -> None:
    run = detect_ci(variables)
    assert run is not None
    build = run.build
    assert (build.repository, build.commit, build.ref) == (None, None, None)
    assert build.run is None
    if "GITLAB_CI" in variables:
        assert build.builder is None


def test_variables_that_do_not_parse_are_left_out() -> None:
    run = detect_ci({**GITHUB, "GITHUB_SHA": "main", "GITHUB_REPOSITORY": "../../x"})
    assert run is not None
    assert (run.build.repository, run.build.commit) == (None, None)


def test_who_acts() -> None:
    assert str(local_actor({"USER": "ana"})) == "local#ana"
    assert str(local_actor({"LOGNAME": "ana"})) == "local#ana"
    assert str(local_actor({"GATEBOOK_ACTOR": "oidc#ben", "USER": "ana"})) == "oidc#ben"
    assert str(local_actor({})) == "local#unknown"
    assert str(local_actor({"USER": "key#ci"})) == "local#key#ci", "a name is no issuer"
    for bad in ({"USER": "a\nb"}, {"USER": "x" * 300}, {"GATEBOOK_ACTOR": "#"}):
        with pytest.raises(MalformedError):
            local_actor(bad)
