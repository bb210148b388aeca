"""Sources of Tekton Chains provenance v0.2 and v1.

https://github.com/tektoncd/chains/blob/main/docs/slsa-provenance.md

Chains records what a run used, by type hints; it has no field that says "this is what was built".
So the source is the one git repository the run took as an input, if there is exactly one. The
definitions of pipelines and tasks come from git as well and are not what is built. Which ref was
asked for is not recorded. Type hints are written by the tasks themselves: that the builder is
believed has to include its tasks.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

from gatebook.digest import DigestSet
from gatebook.formats.build.reference import (
    Build,
    Material,
    SourceReference,
    agreed,
    commit_in,
    full_ref,
    split_location,
)
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import read_digests
from gatebook.names import CommitId, RepositoryUri

__all__ = ["TEKTON_V0_2", "TEKTON_V1", "read_tekton_v0_2", "read_tekton_v1"]

TEKTON_V0_2: Final = frozenset(
    {
        "tekton.dev/v1beta1/PipelineRun",
        "tekton.dev/v1beta1/TaskRun",
        "tekton.dev/v1/PipelineRun",
        "tekton.dev/v1/TaskRun",
        "https://tekton.dev/attestations/chains@v2",
        "https://tekton.dev/attestations/chains/pipelinerun@v2",
        "https://chains.tekton.dev/format/slsa/v2alpha1/type/tekton.dev/v1beta1/TaskRun",
        "https://chains.tekton.dev/format/slsa/v2alpha1/type/tekton.dev/v1/TaskRun",
    }
)
TEKTON_V1: Final = frozenset(
    {
        "https://tekton.dev/chains/v2/slsa",
        "https://tekton.dev/chains/v2/slsa-tekton",
        "https://tekton.dev/predicate/chains/slsa/v2",
    }
)

_Input: TypeAlias = tuple[RepositoryUri, str | None, CommitId | None]

# The code writes the first; the published build type has the others too.
_INPUT_NAMES: Final = frozenset({"inputs/result", "input/result", "input/results"})


def read_tekton_v0_2(build: Build) -> SourceReference | None:
    """Read v0.2: the only git material, unless it is the definition of the pipeline or a task.

    v0.2 does not say which material was an input and which a definition, so that of several
    nothing can be said.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    config = build.external.optional_object("configSource")
    definitions = {
        _place(item, "uri") for item in (config, *_task_definitions(build.steps)) if item
    }
    inputs = _git(build, build.materials)
    if any((where, commit) in definitions for where, _, commit in inputs):
        return None
    return _only(build, inputs, workflow=None)


def read_tekton_v1(build: Build) -> SourceReference | None:
    """Read v1: the git dependency named ``inputs/result``.

    Raises:
        MalformedError: what stands there is malformed, or two places disagree.

    """
    hinted = tuple(item for item in build.materials if item.name in _INPUT_NAMES)
    inputs = _git(build, hinted)
    workflow = None
    config = build.external.optional_object("buildConfigSource")
    if config is not None:
        place = _place(config, "repository")
        if place[0] is not None and all((where, commit) == place for where, _, commit in inputs):
            workflow = config.optional_text("path") or None
    return _only(build, inputs, workflow=workflow)


def _git(build: Build, materials: tuple[Material, ...]) -> list[_Input]:
    found: list[_Input] = []
    for material in materials:
        if material.uri is not None and material.uri.startswith("git+"):
            where, ref = split_location(build.external, material.uri)
            found.append((where, full_ref(ref), commit_in(build.external, material.digests)))
    return found


def _only(build: Build, inputs: list[_Input], *, workflow: str | None) -> SourceReference | None:
    commits = {commit for _, _, commit in inputs if commit is not None}
    if len({where for where, _, _ in inputs}) != 1 or len(commits) > 1:
        return None
    return SourceReference(
        repository=inputs[0][0],
        ref=agreed(build.external, "the ref", *(ref for _, ref, _ in inputs)),
        commit=commits.pop() if commits else None,
        workflow=workflow,
    )


def _place(config: Fields, field: str) -> tuple[RepositoryUri | None, CommitId | None]:
    """Read where a definition stands; one that is in no git repository stands nowhere."""
    uri = config.optional_text(field)
    if not uri or not uri.startswith(("git+", "https://")):
        return None, None
    if config.values.get("digest"):
        digests: DigestSet | None = read_digests(config)
    else:  # v1: "sha1:<commit>"
        algorithm, mark, value = (config.optional_text("ref") or "").partition(":")
        digests = DigestSet.of({algorithm: value}) if mark and algorithm and value else None
    return split_location(config, uri)[0], commit_in(config, digests)


def _task_definitions(steps: Fields) -> Iterator[Fields]:
    for task in steps.objects("tasks"):
        invocation = task.optional_object("invocation")
        config = None if invocation is None else invocation.optional_object("configSource")
        if config is not None:
            yield config
