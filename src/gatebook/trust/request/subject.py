"""The artifact a verification is asked about: digests of the same bytes, and the bytes."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from gatebook.digest import ALGORITHMS, Digest
from gatebook.errors import UsageError
from gatebook.formats.intoto import Statement, Subject
from gatebook.trust.refusals import SubjectMismatchError

if TYPE_CHECKING:  # start-up time
    from gatebook.trust.vsa import ExpectedDigest

__all__ = ["RequestSubject", "SubjectHasher"]


class RequestSubject(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact, as far as the caller knows it.

    Attributes:
        digests: each algorithm once; all of the same bytes.
        named: in place of digests, what else a verification summary calls the artifact.
        artifact: the bytes, when they are at hand.

    """

    digests: tuple[Digest, ...] = ()
    named: "ExpectedDigest | None" = None
    artifact: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse a subject that is no artifact, or two.

        Raises:
            UsageError: there is no digest, or there are two by one algorithm, or a name as well.

        """
        algorithms = {each.algorithm for each in self.digests}
        if bool(self.digests) is (self.named is not None) or len(algorithms) != len(self.digests):
            raise UsageError(
                "an artifact is named by at least one digest, and one by each algorithm",
                code="trust.request-subject",
            )

    @classmethod
    def of(cls, digest: Digest) -> "RequestSubject":
        """Name an artifact by a digest."""
        return cls(digests=(digest,))

    @classmethod
    def of_bytes(cls, artifact: bytes) -> "RequestSubject":
        """Name an artifact by its bytes."""
        hasher = SubjectHasher()
        hasher.update(artifact)
        return hasher.subject(artifact)

    @property
    def names(self) -> "tuple[Digest | ExpectedDigest, ...]":
        """All that the artifact is known by; at least one."""
        return self.digests if self.named is None else (self.named,)

    def by(self, algorithm: str) -> Digest:
        """The digest by ``algorithm`` if it is known, else the first."""
        return next((each for each in self.digests if each.algorithm == algorithm), self.digests[0])

    def choose(self, statement: Statement) -> Digest:
        """The strongest digest that a subject of ``statement`` names as well, else the first."""
        for subject in statement.subjects:
            if self._is(subject):
                return max(_shared(self.digests, subject), key=_strength)
        named = [each for item in statement.subjects for each in _shared(self.digests, item)]
        return max(named, key=_strength) if named else self.digests[0]

    def check(self, statement: Statement) -> None:
        """Check that one subject is this artifact: every digest that both sides know agrees.

        in-toto lets one match do (``digest_set.md``). One subject has one content, so that a
        second digest which differs is a lie about one of them.

        Raises:
            SubjectMismatchError: no subject is.

        """
        if not any(self._is(subject) for subject in statement.subjects):
            raise SubjectMismatchError(
                f"the statement is not about {' and '.join(each.short for each in self.names)}"
            )

    def _is(self, subject: Subject) -> bool:
        if self.named is not None:
            return subject.digests.get(self.named.algorithm) == self.named.text
        shared = _shared(self.digests, subject)
        return bool(shared) and all(subject.digests.matches(each) for each in shared)


class SubjectHasher:
    """Hashes an artifact by every algorithm a statement may name it by, piece by piece."""

    def __init__(self) -> None:
        self._hashes = {name: hashlib.new(name) for name in ALGORITHMS}

    def update(self, piece: bytes) -> None:
        """Add bytes."""
        for each in self._hashes.values():
            each.update(piece)

    def subject(self, artifact: bytes | None) -> RequestSubject:
        """Name the artifact by what was added; ``artifact`` is the same bytes, or ``None``."""
        return RequestSubject(
            digests=tuple(Digest(name, each.hexdigest()) for name, each in self._hashes.items()),
            artifact=artifact,
        )


def _shared(digests: Iterable[Digest], subject: Subject) -> list[Digest]:
    return [each for each in digests if subject.digests.get(each.algorithm) is not None]


def _strength(digest: Digest) -> int:
    return ALGORITHMS[digest.algorithm]
