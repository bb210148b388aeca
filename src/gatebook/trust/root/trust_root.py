"""Trust roots: who is believed, for what, where and when, and whose the identities are.

A trust root is data (YAML or JSON), versioned in the book and named in every decision by the digest
of its bytes. It is read strictly: a misspelt field is refused, because to ignore it would widen
what is believed. It names two kinds of signers: keys, and the identities that certificates of an
authority carry; the authority's own material (a Sigstore ``TrustedRoot``) stands in it verbatim, so
that one digest covers everything that is believed::

    trust-root: gatebook/trust-root/v1
    keys:
      - id: ci-runner
        public-key: |
          -----BEGIN PUBLIC KEY-----
          ...
        holder: key#ci-runner
        may-attest: [provenance, sbom]
        repositories: ["https://git.example.com/acme/*"]
        environments: any
    authorities:
      - id: public-good
        profile: public-good
        trusted-root: |
          {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", ...}
    identities:
      - id: release-workflow
        authority: public-good
        certificate:
          issuer: https://token.actions.githubusercontent.com
          repository: acme/api
          workflow: .github/workflows/release.yml
          ref: refs/tags/v*
        may-attest: [provenance]
        repositories: ["https://github.com/acme/api"]
        environments: any
    people:
      - id: ana
        actors: [key#ana]
        emails: [ana@example.com]
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

import msgspec

from gatebook import canonical
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.formats import strict_yaml
from gatebook.formats.fields import Fields
from gatebook.names import Actor
from gatebook.trust.identities.constraint import IdentityConstraint
from gatebook.trust.identity import PersonId
from gatebook.trust.keys import PublicKey
from gatebook.trust.root.people import Person, link_people, read_identifier
from gatebook.trust.root.scope import SCOPE_FIELDS, Scope, TrustRootError, refuse_unknown_fields
from gatebook.trust.signer import Signer
from gatebook.trust.sigstore.profile import Profile, ProfileName, SignedBy
from gatebook.trust.sigstore.root import SigstoreRoot

__all__ = [
    "LENIENCIES",
    "TRUST_ROOT_SCHEMA",
    "TrustRoot",
    "TrustedAuthority",
    "TrustedIdentity",
    "TrustedKey",
    "TrustedSigner",
]

TRUST_ROOT_SCHEMA: Final = "gatebook/trust-root/v1"

_MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_SIGNERS: Final = 256
_MAX_AUTHORITIES: Final = 16
_MAX_PEOPLE: Final = 65_536
_SSH: Final = ("ssh-", "ecdsa-sha2-", "sk-")
LENIENCIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "legacy-chain": "legacy_chain",
        "legacy-hash": "legacy_hash",
        "legacy-set-only": "legacy_set_only",
        "unverifiable-timestamps": "ignore_unverifiable_timestamps",
    }
)
"""What an authority may allow that is refused otherwise, and the switch of the profile."""
_Read = TypeVar("_Read")


class TrustedAuthority(msgspec.Struct, frozen=True, kw_only=True):
    """Where certificates come from that are believed, and what has to prove their time.

    Attributes:
        id: its name in the trust root.
        profile: what a bundle has to prove; named here, never taken from the bundle.
        material: the authority's certificates, logs and timestamp authorities.

    """

    id: str
    profile: Profile
    material: SigstoreRoot


class TrustedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key, and what it is believed about.

    Attributes:
        id: its name in the trust root.
        public_key: the key itself.
        holder: the actor it belongs to.
        person: the person behind the actor, when the root links one.
        scope: what it is believed about, and when.
        authority: who vouches for the times and log entries of its bundles, if anybody does. Then
            everything in a bundle has to verify, and the key is judged for the times it proves.

    """

    id: str
    public_key: PublicKey
    holder: Actor
    person: PersonId | None
    scope: Scope
    authority: TrustedAuthority | None = None

    @property
    def signer(self) -> Signer:
        """Who this key is, without what it may do."""
        return Signer(
            id=self.id,
            spki=self.public_key.spki,
            algorithm=self.public_key.algorithm,
            holder=self.holder,
            person=self.person,
            valid_until=self.scope.not_after,
        )


class TrustedIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """An identity that certificates of an authority carry, and what it is believed about.

    Attributes:
        id: its name in the trust root.
        authority: the authority whose certificates count; no other one's do.
        constraint: which certificates are meant.
        holder: the actor they belong to; the certificate's issuer and subject if ``None``.
        scope: what it is believed about, and when.

    """

    id: str
    authority: TrustedAuthority
    constraint: IdentityConstraint
    holder: Actor | None
    scope: Scope


TrustedSigner: TypeAlias = TrustedKey | TrustedIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRoot:
    """Everything that is believed, as one document.

    Attributes:
        keys: the trusted keys, in the order written.
        authorities: whose certificates may be believed.
        identities: the identities in them that are; with the keys, at least one.
        people: the linked identities.
        digest: SHA-256 of the bytes it was read from.

    """

    keys: tuple[TrustedKey, ...]
    authorities: tuple[TrustedAuthority, ...] = ()
    identities: tuple[TrustedIdentity, ...] = ()
    people: tuple[Person, ...] = ()
    digest: Digest
    _persons: dict[Actor | str, PersonId] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, data: bytes) -> "TrustRoot":
        """Read a trust root from YAML, or from JSON when the first character is ``{``.

        Raises:
            MalformedError: not strict YAML or JSON; an unknown or missing field; nobody believed;
                an id or a public key twice; a key, authority or constraint that is not one; a
                validity that ends before it begins; an empty or misspelt scope; an identity that
                two persons claim.

        """
        if data.lstrip(b" \t\r\n").startswith(b"{"):
            decoded = canonical.loads(data, what="trust root", max_bytes=_MAX_BYTES)
        else:
            decoded = strict_yaml.loads(data, what="trust root", max_bytes=_MAX_BYTES)
        root = Fields.of(decoded, what="trust root", code=TrustRootError.code)
        schema = root.optional_text("trust-root")
        if schema != TRUST_ROOT_SCHEMA:
            raise TrustRootError(
                f"expected 'trust-root: {TRUST_ROOT_SCHEMA}', found {str(schema)[:80]!r}"
            )
        refuse_unknown_fields(root, {"trust-root", "keys", "authorities", "identities", "people"})
        people = tuple(Person.read(item) for item in _bounded(root, "people", _MAX_PEOPLE))
        persons = link_people(people)
        authorities = tuple(
            _authority(item) for item in _bounded(root, "authorities", _MAX_AUTHORITIES)
        )
        _refuse_twice("authority id", (each.id for each in authorities))
        keys = tuple(
            _key(item, persons, authorities) for item in _bounded(root, "keys", _MAX_SIGNERS)
        )
        identities = tuple(
            _identity(item, authorities) for item in _bounded(root, "identities", _MAX_SIGNERS)
        )
        if not keys and not identities:
            raise TrustRootError("a trust root needs at least one key or identity")
        _refuse_twice("signer id", [*(key.id for key in keys), *(each.id for each in identities)])
        _refuse_twice("public key", (str(key.public_key.spki) for key in keys))
        return cls(
            keys=keys,
            authorities=authorities,
            identities=identities,
            people=people,
            digest=sha256(data),
            _persons=persons,
        )

    def person_of(self, identity: Actor | str) -> PersonId | None:
        """The person an actor or an email address belongs to, or ``None`` when nobody is linked.

        Addresses are compared without regard to case, actors exactly.
        """
        return self._persons.get(identity.lower() if isinstance(identity, str) else identity)

    def find_key(self, name: str) -> TrustedKey | None:
        """The key with this id or this hex SPKI digest, or ``None``."""
        for key in self.keys:
            if name in {key.id, key.public_key.spki.hex}:
                return key
        return None


def _key(
    fields: Fields,
    persons: dict[Actor | str, PersonId],
    authorities: tuple[TrustedAuthority, ...],
) -> TrustedKey:
    refuse_unknown_fields(
        fields, SCOPE_FIELDS | {"id", "public-key", "scheme", "holder", "authority"}
    )
    name = read_identifier(fields)
    key = Fields(fields.values, f"key {name!r}", fields.code)
    public = _within(key, lambda: _public_key(key))
    holder = _within(key, lambda: Actor.parse(key.optional_text("holder") or f"key#{name}"))
    return TrustedKey(
        id=name,
        public_key=public,
        holder=holder,
        person=persons.get(holder),
        scope=Scope.read(key),
        authority=_key_authority(key, authorities),
    )


def _key_authority(
    key: Fields, authorities: tuple[TrustedAuthority, ...]
) -> TrustedAuthority | None:
    if not key.has("authority"):
        return None
    authority = _find_authority(key, authorities)
    if authority.profile.signed_by is not SignedBy.KEY:
        raise key.refuse(
            f"the authority {authority.id!r} is for certificates",
            hint="a key's authority has the profile managed-key",
        )
    return authority


def _public_key(key: Fields) -> PublicKey:
    text = key.text("public-key")
    scheme = key.optional_text("scheme")
    if scheme not in {None, "rsa-pss"}:
        raise key.refuse(f"'scheme' is {str(scheme)[:40]!r}; the only one to name is rsa-pss")
    if text.startswith(_SSH) and scheme is None:
        from gatebook.trust.ssh.keys import public_key_from_ssh  # noqa: PLC0415  # start-up

        return public_key_from_ssh(text)
    return PublicKey.parse(text.encode("utf-8", "replace"), pss=scheme is not None)


def _authority(fields: Fields) -> TrustedAuthority:
    refuse_unknown_fields(fields, {"id", "profile", "trusted-root", "allow"})
    name = read_identifier(fields)
    authority = Fields(fields.values, f"authority {name!r}", fields.code)
    try:
        profile = ProfileName(authority.text("profile"))
    except ValueError:
        raise authority.refuse(
            f"'profile' must be one of {', '.join(ProfileName)}",
            hint="the profile says what a bundle has to prove; it is never taken from the bundle",
        ) from None
    text = authority.text("trusted-root").encode("utf-8", "replace")
    material = _within(authority, lambda: SigstoreRoot.parse(text))
    allowed = authority.array("allow")
    unknown = [word for word in allowed if word not in LENIENCIES]
    if unknown:
        raise authority.refuse(
            f"'allow' lists {str(unknown[0])[:60]!r}",
            hint=f"what can be allowed: {', '.join(LENIENCIES)}",
        )
    switches = {LENIENCIES[word]: True for word in allowed if isinstance(word, str)}
    return TrustedAuthority(
        id=name,
        profile=_within(authority, lambda: Profile.named(profile, material, **switches)),
        material=material,
    )


def _identity(fields: Fields, authorities: tuple[TrustedAuthority, ...]) -> TrustedIdentity:
    refuse_unknown_fields(fields, SCOPE_FIELDS | {"id", "authority", "certificate", "holder"})
    name = read_identifier(fields)
    identity = Fields(fields.values, f"identity {name!r}", fields.code)
    authority = _find_authority(identity, authorities)
    if authority.profile.signed_by is not SignedBy.CERTIFICATE:
        raise identity.refuse(
            f"the authority {authority.id!r} is for managed keys, which have no certificates"
        )
    holder = identity.optional_text("holder")
    return TrustedIdentity(
        id=name,
        authority=authority,
        constraint=_within(
            identity, lambda: IdentityConstraint.read(identity.object("certificate"))
        ),
        holder=None if holder is None else _within(identity, lambda: Actor.parse(holder)),
        scope=Scope.read(identity),
    )


def _find_authority(signer: Fields, authorities: tuple[TrustedAuthority, ...]) -> TrustedAuthority:
    wanted = signer.text("authority")
    for authority in authorities:
        if authority.id == wanted:
            return authority
    raise signer.refuse(
        f"there is no authority {wanted[:80]!r}",
        hint=f"authorities here: {', '.join(each.id for each in authorities) or 'none'}",
    )


def _within(fields: Fields, read: Callable[[], _Read]) -> _Read:
    """Say of which member of the trust root an error is."""
    try:
        return read()
    except GatebookError as error:
        raise TrustRootError(
            f"{fields.what}: {error.message}", code=error.code, hint=error.hint
        ) from None


def _bounded(root: Fields, name: str, limit: int) -> Iterable[Fields]:
    if len(root.array(name)) > limit:
        raise root.refuse(f"{name!r} has more than {limit} members")
    return root.objects(name)


def _refuse_twice(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise TrustRootError(f"the {what} {value!r} comes twice")
        seen.add(value)
