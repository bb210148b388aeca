"""Witness collections: one step, seen by several attestors of one machine."""

import copy
from pathlib import Path
from typing import Any

import pytest

from gatebook.digest import DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import PREDICATE_TYPES, PredicateKind, Statement, Subject
from gatebook.formats.provenance import Provenance, SourceReference
from gatebook.formats.witness import WitnessCollection
from gatebook.names import CommitId, RepositoryUri

COLLECTION = "https://witness.testifysec.com/attestation-collection/v0.1"
COMMIT, OTHER_COMMIT = "c" * 40, "d" * 40
REPOSITORY = "https://gitlab.example/acme/api"
GIT, GITLAB, RUN, MATERIAL = range(4)

BUILD: dict[str, Any] = {
    "name": "build",
    "attestations": [
        {
            "type": "https://witness.dev/attestations/git/v0.1",
            "attestation": {
                "commithash": COMMIT,
                "commitdigest": {"sha1": COMMIT},
                "branch": "main",
                "refs": ["refs/heads/main", "refs/remotes/origin/main"],
                "remotes": ["git@gitlab.example:acme/api.git"],
                "status": {"notes.txt": {"staging": "untracked", "worktree": "untracked"}},
            },
            "starttime": "2026-11-20T14:00:00.5-05:00",
            "endtime": "2026-11-20T14:00:01-05:00",
        },
        {
            "type": "https://witness.dev/attestations/gitlab/v0.1",
            "attestation": {
                "projecturl": REPOSITORY,
                "pipelineurl": f"{REPOSITORY}/-/pipelines/7",
                "ciconfigpath": ".gitlab-ci.yml",
            },
            "starttime": "0001-01-01T00:00:00Z",
            "endtime": "0001-01-01T00:00:00Z",
        },
        {
            "type": "https://witness.dev/attestations/command-run/v0.1",
            "attestation": {"cmd": ["go", "build", "."], "exitcode": 0},
            "starttime": "2026-11-20T19:01:00Z",
            "endtime": "2026-11-20T19:02:00Z",
        },
        {
            "type": "https://witness.dev/attestations/material/v0.1",
            "attestation": {"main.go": {"sha256": "a" * 64, "gitoid:sha1": "gitoid:blob:sha1:b"}},
        },
        {"type": "https://example.com/attestor/v1", "attestation": {"commithash": OTHER_COMMIT}},
    ],
}


def a_statement(predicate: dict[str, Any], predicate_type: str = COLLECTION) -> Statement:
    subject = Subject(digests=DigestSet.of({"sha256": "a" * 64}))
    return Statement(subjects=(subject,), predicate_type=predicate_type, predicate=predicate)


def read(predicate: dict[str, Any]) -> WitnessCollection:
    return WitnessCollection.from_statement(a_statement(predicate))


def with_claim(attestor: int, name: str, value: Any) -> WitnessCollection:
    predicate = copy.deepcopy(BUILD)
    predicate["attestations"][attestor]["attestation"][name] = value
    return read(predicate)


def without(*attestors: int) -> WitnessCollection:
    predicate = copy.deepcopy(BUILD)
    kept = [item for n, item in enumerate(BUILD["attestations"]) if n not in attestors]
    predicate["attestations"] = kept
    return read(predicate)


def test_a_collection_as_provenance() -> None:
    provenance = Provenance.from_statement(a_statement(BUILD))
    assert provenance.source == SourceReference(
        repository=RepositoryUri("gitlab.example", "acme/api"),
        ref="refs/heads/main",
        commit=CommitId(COMMIT),
        workflow=".gitlab-ci.yml",
    )
    assert provenance.invocation_id == f"{REPOSITORY}/-/pipelines/7"
    assert provenance.parameters == '{"command":["go","build","."],"name":"build"}'
    assert (str(provenance.started), str(provenance.finished)) == (
        "2026-11-20T19:00:00.500Z",
        "2026-11-20T19:02:00Z",
    )
    (material,) = provenance.materials
    assert material.name == "main.go"
    assert material.digests is not None
    assert material.digests.get("sha256") == "a" * 64


def test_a_collection_has_no_builder_and_is_of_a_kind_of_its_own() -> None:
    """So that no rule about provenance or its builder is satisfied by accident."""
    statement = a_statement(BUILD)
    assert Provenance.from_statement(statement).builder_id == ""
    assert statement.kind is PredicateKind.WITNESS_COLLECTION


def test_every_name_the_project_gave_its_collections_is_known() -> None:
    for predicate_type in PREDICATE_TYPES[PredicateKind.WITNESS_COLLECTION]:
        collection = WitnessCollection.from_statement(a_statement(BUILD, predicate_type))
        assert collection.predicate_type == predicate_type


def test_a_foreign_attestor_says_nothing_about_git() -> None:
    assert without(GIT, GITLAB).commit is None


def test_without_a_repository_the_commit_is_still_told() -> None:
    collection = with_claim(GIT, "remotes", ["/srv/git/api"])
    assert collection.source is not None
    predicate = copy.deepcopy(BUILD)
    predicate["attestations"] = [predicate["attestations"][GIT]]
    predicate["attestations"][0]["attestation"]["remotes"] = ["/srv/git/api"]
    alone = read(predicate)
    assert (alone.source, str(alone.commit)) == (None, COMMIT)


def test_without_a_word_of_the_ci_the_only_remote_is_the_repository() -> None:
    alone = without(GITLAB)
    assert alone.source is not None
    assert (str(alone.source.repository), alone.source.workflow) == (REPOSITORY, None)
    several = copy.deepcopy(BUILD)
    several["attestations"] = [several["attestations"][GIT]]
    several["attestations"][0]["attestation"]["remotes"].append("https://gitlab.example/eve/api")
    assert read(several).source is None


@pytest.mark.parametrize("state", ["modified", "added", "deleted", "renamed"])
@pytest.mark.parametrize("place", ["staging", "worktree"])
def test_a_changed_file_was_not_in_the_commit(place: str, state: str) -> None:
    collection = with_claim(GIT, "status", {"main.go": {place: state}})
    assert collection.commit is None
    assert collection.source is not None
    assert collection.source.commit is None


@pytest.mark.parametrize(("branch", "ref"), [("", None), ("dev", None), ("HEAD", None)])
def test_a_branch_that_is_not_among_the_refs_is_no_ref(branch: str, ref: str | None) -> None:
    source = with_claim(GIT, "branch", branch).source
    assert source is not None
    assert source.ref == ref


@pytest.mark.parametrize(
    ("attestor", "name", "value", "code"),
    [
        (GIT, "commithash", OTHER_COMMIT, "provenance-conflict"),
        (GIT, "remotes", ["https://gitlab.example/eve/api"], "provenance-conflict"),
        (GITLAB, "projecturl", "https://gitlab.example/eve/api", "provenance-conflict"),
        (GIT, "commitdigest", {"sha1": 7}, "witness"),
        (GIT, "commitdigest", "x", "witness"),
        (GIT, "status", [], "witness"),
        (GIT, "status", {"main.go": "modified"}, "witness"),
        (GIT, "remotes", "x", "witness"),
        (GITLAB, "projecturl", "not a repository", "witness"),
        (RUN, "cmd", ["go", 7], "witness"),
        (MATERIAL, "main.go", {"sha256": "x"}, "witness"),
    ],
    ids=str,
)
def test_attestors_that_disagree_or_are_malformed_are_refused(
    attestor: int, name: str, value: Any, code: str
) -> None:
    with pytest.raises(MalformedError) as refusal:
        with_claim(attestor, name, value)
    assert refusal.value.code == f"formats.{code}"


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": None},
        {"attestations": []},
        {"attestations": None},
        {"attestations": ["x"]},
        {"attestations": [{"type": ""}]},
        {"attestations": [{"type": "x", "attestation": "x"}]},
        {"attestations": [{"type": "x", "starttime": "yesterday"}]},
        {"attestations": [BUILD["attestations"][GIT]] * 2},
        {"attestations": [{"type": "x"}] * 1025},
    ],
    ids=lambda change: str(change)[:60],
)
def test_a_malformed_collection_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refusal:
        read({**BUILD, **change})
    assert refusal.value.code == "formats.witness"


def test_another_predicate_is_no_collection() -> None:
    with pytest.raises(MalformedError) as refusal:
        WitnessCollection.from_statement(a_statement(BUILD, f"{COLLECTION}/x"))
    assert refusal.value.code == "formats.witness"


def test_collections_of_the_witness_project_are_read(vectors: Path) -> None:
    names = {
        "archivista-build.attestation.json": ("build", "be20100af602c780deeef50c54f5338662ce917c"),
        "archivista-fail.attestation.json": ("build", "be20100af602c780deeef50c54f5338662ce917c"),
        "cdx-att.json": ("sbom", None),
    }
    for name, (step, commit) in names.items():
        envelope = Envelope.parse((vectors / "gates/witness" / name).read_bytes())
        statement = Statement.parse(envelope.payload)
        collection = WitnessCollection.from_statement(statement)
        assert collection.name == step
        assert collection.command
        assert collection.materials
        assert collection.finished is not None
        checkouts = [item for item in collection.attestations if item.attestor == "git/v0.1"]
        assert [item.content["commithash"] for item in checkouts] == ([commit] if commit else [])
        assert Provenance.from_statement(statement).finished == collection.finished
