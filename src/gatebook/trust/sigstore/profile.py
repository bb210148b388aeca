"""Verification profiles: what must be there before a bundle is believed.

A profile is named by policy and never read off a bundle, whose author would choose the weakest. It
demands by what the trusted root offers; what is missing from the bundle is missing, not optional.
"""

from enum import StrEnum

import msgspec

from gatebook.digest import Digest
from gatebook.errors import UsageError
from gatebook.trust.sigstore.root import SigstoreRoot

__all__ = ["Profile", "ProfileError", "ProfileName", "ProfileRootError", "SignedBy"]


class ProfileError(UsageError):
    """A profile demands nothing, or contradicts itself."""

    code = "trust.profile"


class ProfileRootError(UsageError):
    """A profile and a trusted root do not go together."""

    code = "trust.profile-root"


class ProfileName(StrEnum):
    """The profiles that policy can name."""

    PUBLIC_GOOD = "public-good"
    REKOR_V2 = "rekor-v2"
    GITHUB = "github"
    MANAGED_KEY = "managed-key"
    PRIVATE = "private"


class SignedBy(StrEnum):
    """Who has to have signed."""

    CERTIFICATE = "certificate"
    KEY = "key"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is demanded of a bundle.

    Everything that a bundle carries has to verify, whatever is demanded; these numbers say how much
    there must be. Several items of one operator count once (``sigstore_trustroot.proto``,
    operator), and all those of unnamed operators count as one operator's.

    Attributes:
        name: the profile.
        root: the digest of the trusted root it is for, or ``None`` when there is no root.
        signed_by: who has to have signed.
        log_operators: how many operators of logs have the signature.
        times: how many operators, of logs or timestamp authorities, vouch for a time.
        timestamp_operators: how many operators of timestamp authorities vouch for a time.
        sct_operators: how many operators of logs of certificates promise to log the certificate.
        rekor: the generations of logs whose entries are accepted.
        legacy_chain: ignore certificates after the first, as bundles of npm before 0.3 have them.
        legacy_set_only: accept an entry with a signed entry timestamp and no inclusion proof.
        legacy_hash: accept SHA-256 with P-384 and P-521 keys, as signers of 2022 used it.
        ignore_unverifiable_timestamps: take a timestamp that does not verify as absent.

    """

    name: ProfileName
    root: Digest | None
    signed_by: SignedBy
    log_operators: int
    times: int
    timestamp_operators: int
    sct_operators: int
    rekor: frozenset[int] = frozenset({1, 2})
    legacy_chain: bool = False
    legacy_set_only: bool = False
    legacy_hash: bool = False
    ignore_unverifiable_timestamps: bool = False

    def __post_init__(self) -> None:
        """Refuse what would demand nothing (go-tuf CVE-2026-23992: thresholds of zero and less)."""
        numbers = (self.log_operators, self.times, self.timestamp_operators, self.sct_operators)
        if any(number < 0 for number in numbers):
            raise ProfileError("a profile cannot demand fewer than none")
        if not self.rekor <= {1, 2} or not self.rekor:
            raise ProfileError(
                "a profile accepts entries of the first or second generation of logs"
            )
        if self.signed_by is SignedBy.CERTIFICATE and (self.times < 1 or self.root is None):
            raise ProfileError(
                "a certificate is short-lived: a profile for certificates demands a verified time "
                "and a trusted root"
            )

    @classmethod
    def named(
        cls,
        name: ProfileName,
        root: SigstoreRoot | None,
        *,
        legacy_chain: bool = False,
        legacy_set_only: bool = False,
        legacy_hash: bool = False,
        ignore_unverifiable_timestamps: bool = False,
    ) -> "Profile":
        """The profile ``name`` for ``root``.

        * ``public-good``: a log entry, a verified time, a signed certificate timestamp.
        * ``rekor-v2``: the same with an entry of the second generation and a trusted timestamp.
        * ``github``: a trusted timestamp, and a root that has no logs: with another root, leaving
          the entry out of a bundle would pass for GitHub's way.
        * ``managed-key``: a key that the caller names. Log entries and timestamps may be absent.
        * ``private``: a log entry if the root has logs, a signed certificate timestamp if it has
          logs of certificates, and always a verified time.

        Raises:
            ProfileRootError: the root lacks what the profile demands, or has what it excludes.

        """
        match name:
            case ProfileName.PUBLIC_GOOD:
                found = _need(root, name, authorities=True, logs=True, ct_logs=True)
                numbers = (1, 1, 0, 1)
            case ProfileName.REKOR_V2:
                found = _need(root, name, authorities=True, logs=True, ct_logs=True, times=True)
                numbers = (1, 1, 1, 1)
            case ProfileName.GITHUB:
                found = _need(root, name, authorities=True, times=True)
                if found.logs or found.ct_logs:
                    raise ProfileRootError(
                        "the profile github is for GitHub's trusted root, which has no logs; this "
                        f"one, {found.digest.short}, has",
                        hint="use public-good or private for a root with logs",
                    )
                numbers = (0, 1, 1, 0)
            case ProfileName.PRIVATE:
                found = _need(root, name, authorities=True)
                if not found.logs and not found.timestamp_authorities:
                    raise ProfileRootError(
                        f"the trusted root {found.digest.short} has neither logs nor timestamp "
                        "authorities: nobody could say when a certificate was used"
                    )
                numbers = (
                    int(bool(found.logs)),
                    1,
                    int(not found.logs),
                    int(bool(found.ct_logs)),
                )
            case _:  # managed-key: the key is believed already
                numbers = (0, 0, 0, 0)
        logs, times, timestamps, scts = numbers
        return cls(
            name=name,
            root=None if root is None else root.digest,
            signed_by=SignedBy.KEY if name is ProfileName.MANAGED_KEY else SignedBy.CERTIFICATE,
            log_operators=logs,
            times=times,
            timestamp_operators=timestamps,
            sct_operators=scts,
            rekor=frozenset({2}) if name is ProfileName.REKOR_V2 else frozenset({1, 2}),
            legacy_chain=legacy_chain,
            legacy_set_only=legacy_set_only,
            legacy_hash=legacy_hash,
            ignore_unverifiable_timestamps=ignore_unverifiable_timestamps,
        )


def _need(
    root: SigstoreRoot | None,
    name: ProfileName,
    *,
    authorities: bool = False,
    logs: bool = False,
    ct_logs: bool = False,
    times: bool = False,
) -> SigstoreRoot:
    if root is None:
        raise ProfileRootError(f"the profile {name} needs a trusted root")
    missing = [
        what
        for wanted, what, found in (
            (authorities, "certificate authorities", root.authorities),
            (logs, "transparency logs", root.logs),
            (ct_logs, "logs of certificates", root.ct_logs),
            (times, "timestamp authorities", root.timestamp_authorities),
        )
        if wanted and not found
    ]
    if missing:
        raise ProfileRootError(
            f"the profile {name} needs {' and '.join(missing)}; the trusted root "
            f"{root.digest.short} has none",
            hint="the profile private demands what the root offers",
        )
    return root
