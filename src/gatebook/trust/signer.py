"""Who signed: a key or a certificate, the actor it belongs to, and the person behind the actor."""

import msgspec

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.names import Actor
from gatebook.trust.identities.certificate import CertificateIdentity
from gatebook.trust.identity import KeyAlgorithm, PersonId
from gatebook.trust.sigstore.profile import ProfileName

__all__ = ["Signer"]


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the trust root names and who signed.

    Attributes:
        id: the name of the key or identity in the trust root.
        spki: SHA-256 of the key's SubjectPublicKeyInfo (DER); identifies the key itself.
        algorithm: how it signs.
        holder: the actor the trust root names for it, or the certificate's issuer and subject.
        person: the person the root links to that actor, or ``None`` when it links nobody.
        valid_until: the last instant at which it is believed, or ``None`` for no end.
        certificate: what the certificate says of its holder; ``None`` for a plain key.
        authority: the id of the authority that vouched; ``None`` for a key nobody vouches for.
        profile: what had to be proved; ``None`` when nothing was but the signature.

    """

    id: str
    spki: Digest
    algorithm: KeyAlgorithm
    holder: Actor
    person: PersonId | None = None
    valid_until: Instant | None = None
    certificate: CertificateIdentity | None = None
    authority: str | None = None
    profile: ProfileName | None = None
