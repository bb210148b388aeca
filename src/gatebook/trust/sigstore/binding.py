"""That a log entry is about the very content, signature and signer of the bundle it came in.

Without it a valid entry for anything would do for everything (CVE-2022-36056, CVE-2026-22703).
"""

import msgspec

from gatebook.digest import Digest, digest_of
from gatebook.trust.keys import PublicKey
from gatebook.trust.sigstore.certificates import EndEntity
from gatebook.trust.sigstore.content import SignedContent
from gatebook.trust.sigstore.entry_body import Claim, EntryKind, Logged
from gatebook.trust.sigstore.profile import Profile
from gatebook.trust.sigstore.refusals import (
    EntryDigestError,
    EntryKeyError,
    EntryKindError,
    EntrySignatureError,
)
from gatebook.trust.sigstore.verified import SignedPayload

__all__ = ["BundleSigner", "check_binding", "check_kind"]


class BundleSigner(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed, as far as the bundle says: a certificate, or the key the caller named."""

    leaf: EndEntity | None
    key: PublicKey


def check_kind(kind: EntryKind, signed: SignedContent, profile: Profile) -> None:
    """Check that entries of this kind are accepted, and go with this content.

    Raises:
        EntryKindError: they do not.

    """
    if kind.rekor not in profile.rekor:
        raise EntryKindError(
            f"the profile {profile.name} does not accept log entries of kind {kind}"
        )
    fits = {
        Logged.ARTIFACT: signed.envelope is None,
        Logged.PAYLOAD: signed.envelope is not None,
        Logged.ARTIFACT_OR_ENVELOPE: True,
    }
    if not fits[kind.logged]:
        raise EntryKindError(
            f"a log entry of kind {kind} does not go with a bundle that holds "
            + ("an artifact's signature" if signed.envelope is None else "an envelope")
        )


def check_binding(claim: Claim, signed: SignedContent, signer: BundleSigner) -> None:
    """Check that an entry is about exactly this content, signature and signer.

    Raises:
        EntryDigestError: it is about other content, or content of another type.
        EntrySignatureError: it is about another signature.
        EntryKeyError: it is about another certificate or key.
        ArtifactNeededError: it holds a digest that cannot be compared with the one given.

    """
    if claim.digest != _logged_digest(claim, signed):
        raise EntryDigestError(f"the log entry is about {claim.digest.short}, not what was signed")
    content = signed.content
    if (
        claim.payload_type is not None
        and isinstance(content, SignedPayload)
        and claim.payload_type != content.payload_type
    ):
        raise EntryDigestError(
            f"the log entry is about a payload of type {claim.payload_type[:80]!r}"
        )
    if claim.signature != signed.signature:
        raise EntrySignatureError("the log entry is about another signature")
    leaf = signer.leaf
    expected = signer.key.der if leaf is None else leaf.der
    if claim.key.is_certificate is (leaf is None) or claim.key.der != expected:
        raise EntryKeyError(
            "the log entry is about another " + ("key" if leaf is None else "certificate")
        )


def _logged_digest(claim: Claim, signed: SignedContent) -> Digest:
    algorithm = claim.digest.algorithm
    if isinstance(signed.content, SignedPayload):
        # Rekor v2 logs H(PAE) of an envelope as if it were an artifact; the other kinds log the
        # hash of the payload alone.
        logged = (
            signed.content.payload
            if claim.kind.logged is Logged.PAYLOAD
            else signed.envelope or b""
        )
        return digest_of(logged, algorithm)
    assert signed.artifact is not None  # noqa: S101  # for the type checker: step 3 saw to it
    return signed.artifact.digest(algorithm)
