"""The algorithms that signers use, and the names of the people behind them."""

from enum import StrEnum
from typing import NewType

__all__ = ["KeyAlgorithm", "PersonId"]


class KeyAlgorithm(StrEnum):
    """The signature algorithms that are believed; the hash follows from the key."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256-sha256"
    ECDSA_P384 = "ecdsa-p384-sha384"
    ECDSA_P521 = "ecdsa-p521-sha512"
    RSA_PKCS1 = "rsa-pkcs1v15-sha256"
    RSA_PSS = "rsa-pss-sha256"


PersonId = NewType("PersonId", str)
"""The ``id`` of a person in a trust root; equal ids mean one person."""
