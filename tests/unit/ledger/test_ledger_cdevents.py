"""Entries leave the book as CDEvents that are valid by CDEvents' own schemas."""

import json
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

from gatebook.clock import Instant
from gatebook.digest import sha256
from gatebook.ledger.cdevents import SPEC_VERSION, to_cdevent
from gatebook.ledger.entry import Entry, Link, Relation, encode_entry
from gatebook.ledger.kinds import (
    KINDS,
    ApprovalGranted,
    ArtifactKind,
    ArtifactRecorded,
    Body,
    BuildInformation,
    DecisionMade,
    DeploymentFinished,
    SignedBy,
    Verdict,
)
from gatebook.names import Actor, ArtifactName, CommitId, EnvironmentName, RepositoryUri, RoleName

ENVIRONMENT = EnvironmentName.parse("prod")
ENTRY_ID = "01a1f9ee-9348-7a7a-9852-bcb5185d07eb"


@pytest.fixture(scope="module")
def validators(vectors: Path) -> dict[str, jsonschema.Draft202012Validator]:
    schemas = vectors / "ledger" / "cdevents" / "schemas"
    documents = [json.loads(path.read_text()) for path in sorted(schemas.rglob("*.json"))]
    registry: Registry = Registry().with_resources(
        (each["$id"], Resource.from_contents(each)) for each in documents if "$schema" in each
    )
    return {
        kind: jsonschema.Draft202012Validator(
            document, registry=registry, format_checker=jsonschema.FormatChecker()
        )
        for document in documents
        for kind in document.get("properties", {})
        .get("context", {})
        .get("properties", {})
        .get("type", {})
        .get("enum", [])
    }


def an_entry(body: Body, *links: Link) -> Entry:
    return Entry(
        id=ENTRY_ID,
        time=Instant.parse("2026-11-20T14:30:00.5Z"),
        actor=Actor.parse("local#ci"),
        subjects=(sha256(b"artifact"),),
        body=body,
        links=links,
    )


def test_every_conformance_event_is_valid_by_the_schema_of_its_type(vectors, validators) -> None:
    faults = []
    events = sorted((vectors / "ledger" / "cdevents" / "conformance").glob("*.json"))
    for path in events:
        event = json.loads(path.read_text())
        found = list(validators[event["context"]["type"]].iter_errors(event))
        faults += [f"{path.name}: {error.message}" for error in found]
        # The same validators have teeth: without its id the event is refused.
        del event["context"]["id"]
        if not list(validators[event["context"]["type"]].iter_errors(event)):
            faults.append(f"{path.name}: valid without an id")
    assert faults == []
    assert len(events) > 0


def test_entries_with_a_counterpart_are_valid_cdevents(validators) -> None:
    decision = Link(rel=Relation.DECIDED_BY, entry=ENTRY_ID)
    name = ArtifactName.parse("acme/api é")
    entries = [
        an_entry(
            ArtifactRecorded(
                name=name,
                artifact=ArtifactKind.IMAGE,
                algorithm="oci",
                build=BuildInformation(
                    commit=CommitId.parse("a" * 40),
                    repository=RepositoryUri.parse("https://git.example.com/acme/api"),
                ),
            )
        ),
        an_entry(DeploymentFinished(environment=ENVIRONMENT, name=name), decision),
        an_entry(
            ApprovalGranted(
                environment=ENVIRONMENT,
                role=RoleName.parse("release-manager"),
                approver=SignedBy(key="ab", holder=Actor.parse("key#ben"), person="ben"),
                contract=sha256(b"contract"),
                root=sha256(b"root"),
            )
        ),
    ]
    for entry in entries:
        event = to_cdevent(7, entry, origin="ledger.example.com/acme books")
        assert event["context"]["type"] == entry.body.cdevent
        assert list(validators[event["context"]["type"]].iter_errors(event)) == []


def test_other_entries_are_custom_events_that_carry_their_body() -> None:
    body = DecisionMade(environment=ENVIRONMENT, verdict=Verdict.DENY)
    event = to_cdevent(3, an_entry(body), origin="ledger.example.com/acme")
    assert event["context"]["specversion"] == SPEC_VERSION
    assert event["context"]["type"] == "dev.cdeventsx.gatebook-decision.made.0.1.0"
    assert event["subject"]["content"] == {"environment": "prod", "verdict": "deny"}
    assert event["customData"]["index"] == 3


def test_an_artifact_of_unknown_commit_is_a_custom_event() -> None:
    body = ArtifactRecorded(
        name=ArtifactName.parse("api"), artifact=ArtifactKind.FILE, algorithm="file"
    )
    entry = an_entry(body)
    event = to_cdevent(0, entry, origin="ledger.example.com/acme")
    assert event["context"]["type"] == "dev.cdeventsx.gatebook-artifact.recorded.0.1.0"
    assert event["context"]["id"] == entry.id
    assert encode_entry(entry)


def test_every_kind_names_a_cdevent() -> None:
    for kind, body in KINDS.items():
        assert body.cdevent.startswith(("dev.cdevents.", "dev.cdeventsx.gatebook-")), kind
