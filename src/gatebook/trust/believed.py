"""Who of those whom a trust root names made the signatures of an attestation."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatebook.clock import Instant
from gatebook.digest import Digest, digest_of
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.bundle import MessageSignature
from gatebook.formats.dsse import Envelope, Signature
from gatebook.names import Actor
from gatebook.trust.identities.certificate import (
    CertificateIdentity,
    SubjectKind,
    read_certificate_identity,
)
from gatebook.trust.identities.constraint import IdentityMismatchError
from gatebook.trust.keys import ARTIFACT_NEEDED, PublicKey, SignatureInvalidError, public_key
from gatebook.trust.received import Received
from gatebook.trust.refusals import (
    AttestationRefusedError,
    KeyExpiredError,
    KeyNotYetValidError,
    NoIdentityError,
    NoValidSignatureError,
    SubjectMismatchError,
    UnknownKeyError,
)
from gatebook.trust.root.trust_root import TrustedAuthority, TrustedIdentity, TrustedKey, TrustRoot
from gatebook.trust.signer import Signer
from gatebook.trust.sigstore.managed_key import ManagedKey
from gatebook.trust.sigstore.refusals import ArtifactNeededError
from gatebook.trust.sigstore.verified import CertificateSigner, VerifiedBundle
from gatebook.trust.sigstore.verify import verify_bundle

__all__ = ["Believed", "find_signers"]

_SSH: Final = b"SSHSIG"
"""How an SSH signature begins (OpenSSH PROTOCOL.sshsig)."""


class Believed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody the trust root names, who made a signature that was checked.

    Attributes:
        trusted: the member of the trust root.
        signer: who that is.
        times: the instants the signature is judged for: those that are proved, or the caller's.
        bundle: what was proved about a certificate's signature.

    """

    trusted: TrustedKey | TrustedIdentity
    signer: Signer
    times: tuple[Instant, ...]
    bundle: VerifiedBundle | None = None

    @property
    def name(self) -> str:
        """What it is called in a refusal."""
        what = "key" if isinstance(self.trusted, TrustedKey) else "identity"
        return f"the {what} {self.trusted.id!r}"

    def check_validity(self) -> None:
        """Check that the trust root believes it at each of the times; both ends belong to it.

        Raises:
            KeyNotYetValidError, KeyExpiredError: it does not.

        """
        scope = self.trusted.scope
        for at in self.times:
            if scope.not_before is not None and at < scope.not_before:
                raise KeyNotYetValidError(
                    f"{self.name} is believed from {scope.not_before}; "
                    f"the signature is judged for {at}"
                )
            if scope.not_after is not None and at > scope.not_after:
                raise KeyExpiredError(
                    f"{self.name} is believed until {scope.not_after}; "
                    f"the signature is judged for {at}",
                    hint="sign again with a current key, or extend 'not-after' if it is still safe",
                )


def find_signers(
    received: Received,
    *,
    subject: Digest | None,
    artifact: bytes | None,
    root: TrustRoot,
    at: Instant,
) -> list[Believed]:
    """Find every member of the trust root that made one of the signatures; at least one.

    Args:
        received: the attestation.
        subject: the artifact in question; ``None`` when only what an envelope says can be about it.
        artifact: its bytes, for algorithms that do not sign a digest.
        root: what is believed.
        at: the instant to judge for where none is proved.

    Raises:
        MalformedError: it is a signature over an artifact, and nobody knows which.
        SubjectMismatchError: the bytes given are not those of ``subject``.
        UnknownKeyError: the envelope names keys that the trust root does not have.
        NoValidSignatureError: no key of the trust root made any of the signatures.
        NoIdentityError: a certificate signed, and the trust root names no identity.
        AttestationRefusedError: why a bundle is not believed.

    """
    over: bytes | Digest | None = None
    if isinstance(received.content, MessageSignature):
        # The bytes of the artifact stand for its digest, so that they have to have it.
        if (
            artifact is not None
            and subject is not None
            and digest_of(artifact, subject.algorithm) != subject
        ):
            raise SubjectMismatchError(f"the artifact given is not {subject.short}")
        known = received.document if received.document is not None else artifact
        over = subject if known is None else known
        if over is None:
            raise MalformedError(
                "the signature does not say which artifact it is over", code="trust.subject-needed"
            )
    if received.has_certificate:
        return _find_identities(received, over, root)
    if isinstance(received.content, Envelope):
        keys = _keys_of_envelope(received.content, root)
    else:
        assert over is not None  # noqa: S101  # for the type checker: set above
        keys = _keys_of_artifact(received.content, over, root)
    return _judged(keys, received, over, at)


def _judged(
    keys: Sequence[TrustedKey], received: Received, over: bytes | Digest | None, at: Instant
) -> list[Believed]:
    """Let the authority of each key that has one judge the bundle, and prove its times."""
    found: list[Believed] = []
    refusals: list[GatebookError] = []
    for key in keys:
        if key.authority is None or received.bundle is None:
            found.append(Believed(trusted=key, signer=key.signer, times=(at,)))
            continue
        try:
            verified = verify_bundle(
                received.bundle,
                artifact=over,
                root=key.authority.material,
                profile=key.authority.profile,
                key=ManagedKey(public_key=key.public_key),
            )
        except GatebookError as refusal:
            refusals.append(refusal)
            continue
        times = tuple(each.at for each in verified.times) or (at,)
        found.append(Believed(trusted=key, signer=key.signer, times=times, bundle=verified))
    if not found:
        raise _closest(refusals)
    return found


def _keys_of_envelope(envelope: Envelope, root: TrustRoot) -> list[TrustedKey]:
    data = envelope.signed_bytes
    found: set[str] = set()
    for signature in envelope.signatures:
        # A key id only says which key to try first (DSSE protocol.md: it is not authenticated).
        hinted = None if signature.keyid is None else root.find_key(signature.keyid)
        candidates = sorted(root.keys, key=lambda key: key is not hinted)
        for key in candidates:
            if key.id not in found and _made(key.public_key, signature, data):
                found.add(key.id)
                break
    if found:
        return [key for key in root.keys if key.id in found]
    named = [item.keyid for item in envelope.signatures if item.keyid is not None]
    if len(named) == len(envelope.signatures) and not any(root.find_key(name) for name in named):
        raise UnknownKeyError(
            f"the trust root {root.digest.short} has none of the keys the envelope names: "
            + ", ".join(repr(name[:64]) for name in named),
            hint="add the signer's public key to the trust root, with what it may attest",
        )
    raise NoValidSignatureError(
        f"no key of the trust root {root.digest.short} made a signature over these bytes",
        hint="the payload or its type was changed, or another key signed",
    )


def _made(key: PublicKey, signature: Signature, data: bytes) -> bool:
    try:
        if signature.sig.startswith(_SSH):
            from gatebook.trust.ssh.signature import (  # noqa: PLC0415  # start-up
                GATEBOOK,
                check_ssh_signature,
            )

            check_ssh_signature(signature.sig, data, key, GATEBOOK)
        elif key.may_have_made(signature.sig):
            key.check(signature.sig, data)
        else:
            return False
    except (SignatureInvalidError, MalformedError):  # the latter for a damaged SSH signature
        return False
    return True


def _keys_of_artifact(
    message: MessageSignature, over: bytes | Digest, root: TrustRoot
) -> list[TrustedKey]:
    # The digest a bundle states is unsigned; what counts is the artifact asked about.
    needed: SignatureInvalidError | None = None
    for key in root.keys:
        try:
            if isinstance(over, bytes):
                key.public_key.check(message.signature, over)
            else:
                key.public_key.check_digest(message.signature, over)
        except SignatureInvalidError as refusal:
            if refusal.code == ARTIFACT_NEEDED and key.public_key.may_have_made(message.signature):
                needed = refusal
            continue
        return [key]
    if needed is not None:
        raise ArtifactNeededError(needed.message, hint=needed.hint)
    raise NoValidSignatureError(
        f"no key of the trust root {root.digest.short} made the signature over this artifact",
        hint="another artifact or another key was signed with",
    )


def _find_identities(
    received: Received, over: bytes | Digest | None, root: TrustRoot
) -> list[Believed]:
    authorities = _authorities(root)
    if not authorities:
        raise NoIdentityError(
            f"a certificate signed, and the trust root {root.digest.short} names no identity",
            hint="list the identity and its authority under 'identities' of the trust root",
        )
    found: list[Believed] = []
    refusals: list[GatebookError] = []
    for authority in authorities:
        try:
            verified = _verify(received, over, authority)
            identity, signer = _certificate(verified)
        except GatebookError as refusal:
            refusals.append(refusal)
            continue
        for trusted in root.identities:
            if trusted.authority is not authority:
                continue
            try:
                trusted.constraint.check(identity)
            except AttestationRefusedError as refusal:
                refusals.append(refusal)
                continue
            found.append(_believed(trusted, identity, signer, verified, root))
    if found:
        return found
    raise _closest(refusals)


def _authorities(root: TrustRoot) -> list[TrustedAuthority]:
    """The authorities whose certificates anybody here may use, each once, in their order."""
    used = {each.authority.id for each in root.identities}
    return [each for each in root.authorities if each.id in used]


def _verify(
    received: Received, over: bytes | Digest | None, authority: TrustedAuthority
) -> VerifiedBundle:
    if received.bundle is None:
        raise MalformedError("a bare envelope has no certificate", code="trust.no-certificate")
    return verify_bundle(
        received.bundle, artifact=over, root=authority.material, profile=authority.profile
    )


def _certificate(verified: VerifiedBundle) -> tuple[CertificateIdentity, CertificateSigner]:
    if not isinstance(verified.signer, CertificateSigner):
        raise MalformedError("the bundle has no certificate", code="trust.no-certificate")
    return read_certificate_identity(verified.signer.certificate), verified.signer


def _believed(
    trusted: TrustedIdentity,
    identity: CertificateIdentity,
    signer: CertificateSigner,
    verified: VerifiedBundle,
    root: TrustRoot,
) -> Believed:
    holder = trusted.holder
    if holder is None:
        holder = Actor.parse(f"{identity.issuer or trusted.authority.id}#{identity.subject}")
    person = root.person_of(holder)
    if person is None and identity.subject.kind is SubjectKind.EMAIL:
        person = root.person_of(identity.subject.value)
    return Believed(
        trusted=trusted,
        signer=Signer(
            id=trusted.id,
            spki=signer.spki,
            algorithm=public_key(signer.certificate.public_key()).algorithm,
            holder=holder,
            person=person,
            valid_until=trusted.scope.not_after,
            certificate=identity,
            authority=trusted.authority.id,
            profile=verified.profile,
        ),
        times=tuple(each.at for each in verified.times),
        bundle=verified,
    )


def _closest(refusals: Sequence[GatebookError]) -> GatebookError:
    """The refusal that came furthest: one of a verified certificate before one of the bundle."""

    def distance(refusal: GatebookError) -> tuple[bool, int]:
        step = refusal.step if isinstance(refusal, AttestationRefusedError) else 0
        return isinstance(refusal, IdentityMismatchError), step

    return max(refusals, key=distance)
