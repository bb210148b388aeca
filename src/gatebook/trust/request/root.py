"""Who is believed for one request: a trust root made of what the caller names, or the caller's own.

A root that is made here scopes nobody: the caller names who may sign and asks about one artifact.
Its digest is that of a description of all that is believed, so that two requests can be compared.
"""

from collections.abc import Sequence
from enum import Enum
from types import MappingProxyType
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.digest import sha256
from gatebook.errors import UsageError
from gatebook.names import Actor
from gatebook.trust.identities.constraint import IdentityConstraint
from gatebook.trust.identities.expectation import Expectation
from gatebook.trust.root.scope import Anywhere, Scope
from gatebook.trust.root.trust_root import TrustedAuthority, TrustedIdentity, TrustedKey, TrustRoot
from gatebook.trust.sigstore.managed_key import ManagedKey
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot

__all__ = ["RequestRoot", "SignerChoice", "authority", "open_constraint"]

_KEY: Final = Actor.parse("request#key")
_CERTIFICATE: Final = Actor.parse("request#certificate")


class SignerChoice(Enum):
    """What decides who may have signed."""

    CALLER = "caller"
    """The key or identity that the caller names."""

    BUILD = "build"
    """The rules of builds: a builder that is trusted, or the one that is expected."""

    DOCUMENT = "document"
    """The caller's own trust root, with all its scopes."""


class RequestRoot(msgspec.Struct, frozen=True, kw_only=True):
    """Who is believed, and what decided it.

    Attributes:
        trusted: the trust root.
        choice: what decides who may have signed.
        expected_signer: who that is, for people.

    """

    trusted: TrustRoot
    choice: SignerChoice
    expected_signer: str

    @classmethod
    def of_document(cls, trusted: TrustRoot) -> "RequestRoot":
        """Believe whom a trust root names, about what it says."""
        return cls(
            trusted=trusted,
            choice=SignerChoice.DOCUMENT,
            expected_signer=f"named by the trust root {trusted.digest.short}",
        )

    @classmethod
    def of_keys(
        cls, keys: Sequence[ManagedKey], *, vouching: TrustedAuthority | None = None
    ) -> "RequestRoot":
        """Believe some keys.

        Args:
            keys: at least one.
            vouching: who proves log entries and times of their bundles. With nobody to do so
                only signatures are judged, for the instant of the request.

        Raises:
            UsageError: there is no key.

        """
        if not keys:
            raise UsageError("no key is named", code="trust.request-signer")
        distinct = {each.public_key.spki: each for each in keys}
        trusted = tuple(
            TrustedKey(
                id=f"key-{number}",
                public_key=each.public_key,
                holder=_KEY,
                person=None,
                scope=_scope(each),
                authority=vouching,
            )
            for number, each in enumerate(distinct.values(), start=1)
        )
        names = " or ".join(each.public_key.spki.short for each in trusted[:3])
        return cls(
            trusted=_root(keys=trusted, vouching=vouching),
            choice=SignerChoice.CALLER,
            expected_signer=f"the key {names}",
        )

    @classmethod
    def of_certificates(
        cls,
        constraint: IdentityConstraint,
        vouching: TrustedAuthority,
        *,
        choice: SignerChoice = SignerChoice.CALLER,
    ) -> "RequestRoot":
        """Believe the certificates of an authority that a constraint admits."""
        identity = TrustedIdentity(
            id="certificate",
            authority=vouching,
            constraint=constraint,
            holder=_CERTIFICATE,
            scope=_scope(None),
        )
        expected = ", ".join(str(each) for each in constraint.parts.values())
        who = "a builder that is trusted" if choice is SignerChoice.BUILD else expected
        return cls(
            trusted=_root(identity=identity, vouching=vouching),
            choice=choice,
            expected_signer=f"{who} by {constraint.issuer}",
        )

    @classmethod
    def of_package(cls, registry: "RequestRoot", builds: "RequestRoot") -> "RequestRoot":
        """Believe the keys of one root and the certificates of another, each about its half."""
        described = canonical.encode(
            {"registry": str(registry.trusted.digest), "builds": str(builds.trusted.digest)}
        )
        return cls(
            trusted=TrustRoot(
                keys=registry.trusted.keys,
                authorities=builds.trusted.authorities,
                identities=builds.trusted.identities,
                digest=sha256(described),
            ),
            choice=builds.choice,
            expected_signer=f"{registry.expected_signer}, or {builds.expected_signer}",
        )


def authority(profile: ProfileName, material: SigstoreRoot, **allowed: bool) -> TrustedAuthority:
    """Name what a bundle has to prove, and with whose material.

    Raises:
        UsageError: the profile and the material do not go together.

    """
    return TrustedAuthority(
        id="request", profile=Profile.named(profile, material, **allowed), material=material
    )


def open_constraint(source_uri: str, issuer: str) -> IdentityConstraint:
    """Admit every build definition on the host of a source, for the rules of builds to judge.

    Raises:
        MalformedError: the source names no host, or the issuer is empty.

    """
    _, scheme, rest = source_uri.partition("://")
    host = (rest if scheme else source_uri).partition("/")[0]
    return IdentityConstraint(
        issuer=Expectation.exact(issuer),
        parts=MappingProxyType({}),
        build_signer=MappingProxyType({"host": Expectation.exact(host)}),
    )


def _scope(key: ManagedKey | None) -> Scope:
    return Scope(
        not_before=None if key is None else key.not_before,
        not_after=None if key is None else key.not_after,
        predicate_types=Anywhere.ANY,
        repositories=Anywhere.ANY,
        environments=Anywhere.ANY,
    )


def _root(
    *,
    vouching: TrustedAuthority | None,
    keys: tuple[TrustedKey, ...] = (),
    identity: TrustedIdentity | None = None,
) -> TrustRoot:
    described = canonical.encode(
        {
            "keys": [
                {
                    "spki": str(key.public_key.spki),
                    "algorithm": key.public_key.algorithm.value,
                    "not-before": _text(key.scope.not_before),
                    "not-after": _text(key.scope.not_after),
                }
                for key in keys
            ],
            "certificate": None if identity is None else identity.constraint.as_json(),
            "profile": None if vouching is None else vouching.profile.name.value,
            "trusted-root": None if vouching is None else str(vouching.material.digest),
        }
    )
    return TrustRoot(
        keys=keys,
        authorities=() if vouching is None else (vouching,),
        identities=() if identity is None else (identity,),
        digest=sha256(described),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
