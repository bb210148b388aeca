"""Digests: the only way an artifact or a document is identified.

Written ``sha256:<64 lower-case hex digits>``. A name, a tag or a path is never an identity.
Hashing a directory or an image is the ``fingerprint`` room's work; this module knows bytes only.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gatebook.errors import MalformedError
from gatebook.values import value

__all__ = ["ALGORITHMS", "Digest", "DigestSet", "digest_of", "sha256"]

ALGORITHMS: Final[Mapping[str, int]] = {"sha256": 32, "sha384": 48, "sha512": 64}
"""Algorithms a :class:`Digest` may use, with the length of the value in bytes."""

_TEXT: Final = re.compile(r"(sha256|sha384|sha512):([0-9a-f]+)\Z")


@value
class Digest:
    """Algorithm and hash value of exact bytes.

    Attributes:
        algorithm: one of :data:`ALGORITHMS`.
        hex: the value in lower-case hexadecimal, full length.

    """

    algorithm: str
    hex: str

    def __post_init__(self) -> None:
        size = ALGORITHMS.get(self.algorithm)
        if size is None:
            raise MalformedError(
                f"digest algorithm {self.algorithm!r} is not one of {', '.join(ALGORITHMS)}",
                code="digest.algorithm",
            )
        if len(self.hex) != 2 * size or _TEXT.match(f"{self.algorithm}:{self.hex}") is None:
            raise MalformedError(
                f"a {self.algorithm} digest has {2 * size} lower-case hex digits, "
                f"found {self.hex[:80]!r}",
                code="digest.malformed",
            )

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Parse ``algorithm:hex``.

        Raises:
            MalformedError: another form, algorithm, length or upper-case digits.

        """
        match = _TEXT.match(text)
        if match is None:
            raise MalformedError(
                f"expected a digest such as sha256:<64 lower-case hex digits>, found {text[:80]!r}",
                code="digest.malformed",
            )
        return cls(match[1], match[2])

    @property
    def raw(self) -> bytes:
        """The hash value as bytes."""
        return bytes.fromhex(self.hex)

    @property
    def short(self) -> str:
        """The first twelve hex digits with the algorithm, for tables only."""
        return f"{self.algorithm}:{self.hex[:12]}"

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def sha256(data: bytes) -> Digest:
    """Digest of ``data`` (FIPS 180-4)."""
    return Digest("sha256", hashlib.sha256(data).hexdigest())


def digest_of(data: bytes, algorithm: str) -> Digest:
    """Digest of ``data`` by one of :data:`ALGORITHMS`.

    Raises:
        MalformedError: the algorithm is not one of them.

    """
    if algorithm not in ALGORITHMS:
        raise MalformedError(
            f"digest algorithm {algorithm!r} is not one of {', '.join(ALGORITHMS)}",
            code="digest.algorithm",
        )
    return Digest(algorithm, hashlib.new(algorithm, data).hexdigest())


@dataclass(frozen=True, slots=True)
class DigestSet:
    """What in-toto calls a DigestSet: several hash values of the same bytes.

    Any algorithm name is kept (``sha1``, ``gitCommit`` …); only those of :data:`ALGORITHMS`
    identify an artifact.

    Attributes:
        values: ``(algorithm, lower-case value)`` pairs, sorted, one per algorithm.

    """

    values: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> "DigestSet":
        """Build from a mapping; the values stay as they are, the order does not matter.

        Raises:
            MalformedError: the set is empty, an algorithm comes twice, or a value of a known
                algorithm is malformed (in-toto attestation spec v1, ``digest_set.md``).

        """
        items = tuple(sorted(pairs.items() if isinstance(pairs, Mapping) else pairs))
        if not items:
            raise MalformedError("a digest set needs at least one digest", code="digest.empty-set")
        names = [name for name, _ in items]
        if len(set(names)) != len(names):
            raise MalformedError("a digest set names an algorithm twice", code="digest.malformed")
        for name, text in items:
            if name in ALGORITHMS:
                Digest(name, text)
        return cls(items)

    @property
    def digests(self) -> tuple[Digest, ...]:
        """The members that identify an artifact."""
        return tuple(Digest(name, text) for name, text in self.values if name in ALGORITHMS)

    def get(self, algorithm: str) -> str | None:
        """The value for ``algorithm``, or ``None``."""
        return dict(self.values).get(algorithm)

    def matches(self, digest: Digest) -> bool:
        """Whether the set names exactly ``digest``; another algorithm never matches."""
        return self.get(digest.algorithm) == digest.hex
