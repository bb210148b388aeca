"""What was verified for a request, and how it was found."""

from typing import TYPE_CHECKING

import msgspec

from gatebook.digest import Digest
from gatebook.formats.attestations import AttestationKind
from gatebook.formats.intoto import Statement
from gatebook.trust.signer import Signer
from gatebook.trust.sigstore.verified import VerifiedBundle

if TYPE_CHECKING:  # start-up time: who expects no build and no summary needs none of their rules
    from gatebook.trust.slsa.verified import SlsaBuild
    from gatebook.trust.vsa import ExpectedDigest

__all__ = ["RequestCheck", "VerificationReport"]


class RequestCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was checked: what was expected, and what was found.

    Attributes:
        name: what was checked.
        expected: what had to be; the empty text where only soundness is demanded.
        found: what was there.

    """

    name: str
    expected: str
    found: str


class VerificationReport(msgspec.Struct, frozen=True, kw_only=True):
    """An attestation that satisfies everything a request asks for.

    Attributes:
        kind: the form it came in.
        digest: SHA-256 of its bytes as received.
        statement: what is said.
        subject: the digest by which the statement was found to be about the artifact.
        signers: everybody who is believed and signed; at least one.
        bundle: what was proved of signature, log entries and times; ``None`` when only a key's
            signature was checked.
        build: the build, when one was expected.
        checks: what was checked, in order.

    """

    kind: AttestationKind
    digest: Digest
    statement: Statement
    subject: "Digest | ExpectedDigest"
    signers: tuple[Signer, ...]
    bundle: VerifiedBundle | None
    build: "SlsaBuild | None" = None
    checks: tuple[RequestCheck, ...]

    def with_checks(self, *checks: RequestCheck) -> "VerificationReport":
        """The same with more that was checked."""
        return msgspec.structs.replace(self, checks=(*self.checks, *checks))
