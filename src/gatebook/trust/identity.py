"""Who signed: a key, the actor it belongs to, and the person behind the actor."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.names import Actor

__all__ = ["KeyAlgorithm", "PersonId", "Signer"]


class KeyAlgorithm(StrEnum):
    """The signature algorithms a key of ours may have; the hash follows from the curve."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256-sha256"
    ECDSA_P384 = "ecdsa-p384-sha384"


PersonId = NewType("PersonId", str)
"""The ``id`` of a person in a trust root; equal ids mean one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A key of the trust root that signed, and whose it is.

    Attributes:
        key_id: the name of the key in the trust root.
        spki: SHA-256 of the key's SubjectPublicKeyInfo (DER); identifies the key itself.
        algorithm: how it signs.
        holder: the actor the trust root names for the key.
        person: the person the root links to that actor, or ``None`` when it links nobody.
        valid_until: the last instant at which the key is believed, or ``None`` for no end.

    """

    key_id: str
    spki: Digest
    algorithm: KeyAlgorithm
    holder: Actor
    person: PersonId | None = None
    valid_until: Instant | None = None
