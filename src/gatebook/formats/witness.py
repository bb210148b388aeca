"""Witness attestation collections: what several attestors saw of one step.

https://github.com/in-toto/witness, https://github.com/in-toto/go-witness (``attestation/``).
A collection is made on the machine that ran the step, by whoever ran it: it has no builder that
vouches for it, and every claim in it is as good as its signer's word.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gatebook.canonical import JsonObject
from gatebook.clock import Instant
from gatebook.digest import DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.build.reference import (
    Material,
    ProvenanceConflictError,
    ProvenanceError,
    SourceReference,
    agreed,
)
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import PredicateKind, Statement, read_digests
from gatebook.names import CommitId, RepositoryUri

__all__ = ["WitnessAttestation", "WitnessCollection", "WitnessError"]

_MAX_ATTESTATIONS: Final = 1024
_MAX_FILES: Final = 65_536
# The project has used three hosts for the names of its attestors.
_HOSTS: Final = (
    "https://witness.dev/attestations/",
    "https://witness.testifysec.com/attestations/",
    "https://aflock.ai/attestations/",
)
_NO_TIME: Final = Instant.parse("0001-01-01T00:00:00Z")
# go-git's words for a file that is as it was committed, or was never part of a commit.
_UNTOUCHED: Final = frozenset({"unmodified", "untracked", ""})


class WitnessError(ProvenanceError):
    """A predicate is not the Witness collection it claims to be."""

    code = "formats.witness"


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAttestation:
    """What one attestor saw.

    Attributes:
        type: the attestor's type URI.
        started: when it began.
        finished: when it ended.
        content: what it wrote; its form is the attestor's.

    """

    type: str
    started: Instant | None
    finished: Instant | None
    content: JsonObject

    @property
    def attestor(self) -> str | None:
        """The attestor as ``git/v0.1``, or ``None`` for one that is not Witness's own."""
        for host in _HOSTS:
            if self.type.startswith(host):
                return self.type.removeprefix(host)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessCollection:
    """One step, as its attestors saw it.

    Attributes:
        predicate_type: which collection type it is.
        name: the step.
        attestations: what each attestor wrote, in order; at least one.
        command: the command that was run; empty if none was.
        commit: the commit that was checked out; ``None`` when files differed from it.
        source: the same with its repository, when somebody says where it comes from.
        invocation_id: the address of the pipeline or job.
        materials: the files that were there before, by path.

    """

    predicate_type: str
    name: str
    attestations: tuple[WitnessAttestation, ...]
    command: tuple[str, ...] = ()
    commit: CommitId | None = None
    source: SourceReference | None = None
    invocation_id: str | None = None
    materials: tuple[Material, ...] = ()

    @property
    def started(self) -> Instant | None:
        """When the first attestor began."""
        return min((item.started for item in self.attestations if item.started), default=None)

    @property
    def finished(self) -> Instant | None:
        """When the last attestor ended."""
        return max((item.finished for item in self.attestations if item.finished), default=None)

    @classmethod
    def from_statement(cls, statement: Statement) -> "WitnessCollection":
        """Read the predicate of a collection.

        Raises:
            MalformedError: another predicate type, a required field is missing or of the wrong
                type, or two attestors disagree (``formats.provenance-conflict``).

        """
        fields = Fields(statement.predicate, "collection", WitnessError.code)
        if statement.kind is not PredicateKind.WITNESS_COLLECTION:
            raise WitnessError(f"{statement.predicate_type[:80]!r} is not a Witness collection")
        count = len(fields.array("attestations"))
        if not 0 < count <= _MAX_ATTESTATIONS:
            raise fields.refuse(f"has {count} attestations; 1 to {_MAX_ATTESTATIONS} are read")
        attestations = tuple(_attestation(item) for item in fields.objects("attestations"))
        own: dict[str, list[Fields]] = {}
        for item in attestations:
            if item.attestor is not None:
                own.setdefault(item.attestor, []).append(
                    Fields(item.content, f"collection, {item.attestor}", WitnessError.code)
                )
        checkouts = own.get("git/v0.1", [])
        if len(checkouts) > 1:
            raise fields.refuse("there are several git attestations")
        git = checkouts[0] if checkouts else None
        commit = None if git is None else _commit(git)
        gitlab, github = own.get("gitlab/v0.1", []), own.get("github/v0.1", [])
        return cls(
            predicate_type=statement.predicate_type,
            name=fields.text("name"),
            attestations=attestations,
            command=_command(own.get("command-run/v0.1", [])),
            commit=commit,
            source=None if git is None else _source(git, commit, gitlab, github),
            invocation_id=_claim(fields, [*gitlab, *github], "pipelineurl"),
            materials=tuple(
                material for item in own.get("material/v0.1", []) for material in _files(item)
            ),
        )


def _attestation(fields: Fields) -> WitnessAttestation:
    content = fields.optional_object("attestation")
    return WitnessAttestation(
        type=fields.text("type"),
        started=_time(fields, "starttime"),
        finished=_time(fields, "endtime"),
        content={} if content is None else content.values,
    )


def _time(fields: Fields, name: str) -> Instant | None:
    # Go writes its zero time where nothing was set.
    found = fields.optional_instant(name)
    return None if found == _NO_TIME else found


def _claim(fields: Fields, attestors: list[Fields], name: str) -> str | None:
    return agreed(fields, name, *(item.optional_text(name) or None for item in attestors))


def _command(runs: list[Fields]) -> tuple[str, ...]:
    if len(runs) != 1:
        return ()
    words = runs[0].array("cmd")
    if not all(isinstance(word, str) for word in words):
        raise runs[0].refuse("'cmd' must list strings")
    return tuple(str(word) for word in words)


def _source(
    git: Fields, commit: CommitId | None, gitlab: list[Fields], github: list[Fields]
) -> SourceReference | None:
    repository = _repository(git, _claim(git, [*gitlab, *github], "projecturl"))
    if repository is None:
        return None
    branch = git.optional_text("branch")
    refs = git.array("refs")
    return SourceReference(
        repository=repository,
        # "refs" lists whatever points to the commit; only the branch was checked out.
        ref=f"refs/heads/{branch}" if branch and f"refs/heads/{branch}" in refs else None,
        commit=commit,
        workflow=_claim(git, gitlab, "ciconfigpath"),
    )


def _repository(git: Fields, project: str | None) -> RepositoryUri | None:
    """Return where the commit comes from: the CI's word, or else the only remote."""
    remotes = set()
    for remote in git.array("remotes"):
        try:
            remotes.add(RepositoryUri.parse(str(remote)))
        except MalformedError:
            continue  # a directory, for instance
    if project is None:
        return remotes.pop() if len(remotes) == 1 else None
    try:
        said = RepositoryUri.parse(project)
    except MalformedError as error:
        raise git.refuse(error.message) from None
    if remotes and said not in remotes:
        raise ProvenanceConflictError(
            f"{git.what}: the CI says {said}, but the checkout comes from {min(remotes)}"
        )
    return said


def _commit(git: Fields) -> CommitId | None:
    """Return the commit; ``None`` when files differ from it, as then it is not what was built."""
    digest = git.optional_object("commitdigest")
    text = agreed(
        git,
        "the commit",
        git.optional_text("commithash") or None,
        None if digest is None else digest.optional_text("sha1"),
    )
    status = git.optional_object("status")
    for name in () if status is None else status.values:
        file = (status or git).object(name)
        states = {file.optional_text("staging") or "", file.optional_text("worktree") or ""}
        if not states <= _UNTOUCHED:
            return None
    if text is None:
        return None
    try:
        return CommitId.parse(text)
    except MalformedError as error:
        raise git.refuse(error.message) from None


def _files(fields: Fields) -> Iterator[Material]:
    entries: Mapping[str, object] = fields.values
    if len(entries) > _MAX_FILES:
        raise fields.refuse(f"has more than {_MAX_FILES} files")
    for path, value in fields.values.items():
        digests: DigestSet | None = None
        if isinstance(value, dict) and value:
            digests = read_digests(
                Fields({"digest": value}, f"{fields.what}, {path[:80]!r}", fields.code)
            )
        yield Material(name=path, digests=digests)
