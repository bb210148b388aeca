"""Record that an artifact exists, with the build information its recorder claims."""

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import UsageError
from gatebook.facts.documents import COMMIT_PEOPLE_TYPE, SALT_BYTES, CommitPeople
from gatebook.intake.book import Desk
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import BlobReference, Draft, decode_entry, idempotent_id
from gatebook.ledger.kinds import ArtifactKind, ArtifactRecorded, BuildInformation
from gatebook.names import Actor, ArtifactName

__all__ = ["record_artifact"]


def record_artifact(
    desk: Desk,
    subject: Digest,
    *,
    name: ArtifactName,
    artifact: ArtifactKind,
    algorithm: str,
    build: BuildInformation | None,
    people: CommitPeople | None,
    by: Actor,
    occurred: Instant | None = None,
    idempotency_key: str | None = None,
) -> Appended:
    """Append an ``artifact.recorded`` entry.

    Args:
        desk: where it is handed in.
        subject: the artifact's digest.
        name: what people call it.
        artifact: what sort of thing it is.
        algorithm: how the digest was made.
        build: where it says it comes from.
        people: authors and committers of its commits; kept behind a salt, because they are people.
        by: who records it.
        occurred: when it was built, if that is not now.
        idempotency_key: makes a retry append nothing.

    Raises:
        UsageError: people are named without the commit they made: nobody could check whether they
            are the people of the commit that provenance proves.
        MalformedError: an address is not one, or there are more than a thousand.

    """
    evidence: tuple[BlobReference, ...] = ()
    if people is not None and people.emails:
        if build is None or build.commit is None:
            raise UsageError(
                "authors are named, but not the commit they made",
                code="intake.authors-without-commit",
                hint="name the commit too, with --commit, or let git be asked",
            )
        CommitPeople.parse(people.encode())
        evidence = (_keep_people(desk, people, by, idempotency_key),)
    (appended,) = desk.append(
        Draft(
            actor=by,
            subjects=(subject,),
            occurred=occurred,
            body=ArtifactRecorded(name=name, artifact=artifact, algorithm=algorithm, build=build),
            evidence=evidence,
            idempotency_key=idempotency_key,
        )
    )
    return appended


def _keep_people(
    desk: Desk, people: CommitPeople, by: Actor, idempotency_key: str | None
) -> BlobReference:
    """Keep the people behind a salt; a retry finds the blob it kept the first time."""
    document = people.encode()
    if idempotency_key is not None:
        index = desk.ledger.find(idempotent_id(by, idempotency_key))
        if index is not None:
            before = decode_entry(desk.ledger.entry_bytes(index))
            for reference in before.evidence:
                if desk.blobs.get(reference.digest)[SALT_BYTES:] == document:
                    return reference
    return desk.keep_salted(document, COMMIT_PEOPLE_TYPE)
