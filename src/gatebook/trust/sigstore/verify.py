"""The verifier of Sigstore bundles: bytes in, a verified bundle out, or the reason why not.

The only module that makes a :class:`~gatebook.trust.sigstore.verified.VerifiedBundle`. It asks no
clock and no network; the same arguments always give the same answer.
"""

from collections.abc import Iterable, Sequence

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import UsageError
from gatebook.formats.bundle import Bundle, CertificateChain, KeyHint
from gatebook.formats.log_entry import LogEntry
from gatebook.tlog.merkle import leaf_hash
from gatebook.trust.keys import KeyMalformedError, public_key
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.trust.sigstore._seal import SEAL
from gatebook.trust.sigstore.authority import find_issuer
from gatebook.trust.sigstore.binding import BundleSigner, check_binding, check_kind
from gatebook.trust.sigstore.certificates import check_code_signing, read_certificate
from gatebook.trust.sigstore.content import SignedContent, verify_content
from gatebook.trust.sigstore.entry_body import EntryKind, read_claim
from gatebook.trust.sigstore.log_proof import verify_logged
from gatebook.trust.sigstore.managed_key import ManagedKey
from gatebook.trust.sigstore.profile import Profile, ProfileRootError, SignedBy
from gatebook.trust.sigstore.refusals import (
    CertificateMalformedError,
    EntryDuplicateError,
    ExtraCertificatesError,
    KeyOutOfTimeError,
    LogExpiredError,
    LogThresholdError,
    LogUnknownError,
    SctThresholdError,
    SignerKindError,
    TimestampDuplicateError,
    TimestampThresholdError,
    TimestampUnknownError,
    TimeThresholdError,
)
from gatebook.trust.sigstore.root import Log, SigstoreRoot
from gatebook.trust.sigstore.sct import verify_scts
from gatebook.trust.sigstore.timestamps import verify_timestamp
from gatebook.trust.sigstore.verified import (
    CertificateSigner,
    Check,
    KeySigner,
    SignedDigest,
    SignedPayload,
    TimeSource,
    VerifiedBundle,
    VerifiedLogEntry,
    VerifiedTime,
)

__all__ = ["verify_bundle"]


def verify_bundle(
    bundle: bytes | Bundle,
    *,
    artifact: bytes | Digest | None,
    root: SigstoreRoot | None,
    profile: Profile,
    key: ManagedKey | None = None,
) -> VerifiedBundle:
    """Verify everything in a bundle, and that it satisfies a profile.

    1. The bundle is read strictly.
    2. It is signed the way the profile says: by one certificate, or by the key the caller names.
    3. That key made the signature, over the envelope or over the artifact. When an artifact is
       given, an envelope holds a statement about it.
    4. Every timestamp was made over that signature by a timestamp authority of the root.
    5. Every log entry is about this content, this signature and this key.
    6. Every log entry is in a log of the root, and in the bundle once.
    7. There are as many logs and times as the profile demands, counted by operator, and every log
       was believed at every verified time.
    8. The certificate is one for signing code, was issued by an authority of the root, and it and
       the whole chain were valid at every verified time. A managed key was believed at each.
    9. As many logs of certificates as the profile demands have promised to log the certificate.

    Whose certificate it is, and whether a payload says what is wanted, is for the caller to judge.

    Args:
        bundle: the bundle as received.
        artifact: the artifact in question, or its digest; ``None`` to learn what an envelope says.
        root: the trusted root; may be absent for a managed key only.
        profile: what is demanded.
        key: the key that is believed, for a profile that wants one.

    Raises:
        MalformedError: the bundle, or the statement in it, cannot be read.
        AttestationRefusedError: one class and code for each other reason.
        UsageError: profile, root and key do not go together.

    """
    _check_arguments(root, profile, key)
    demand = _Demand(root=root, profile=profile)

    # (1) sigstore_bundle.proto, in Protocol Buffers JSON without its liberties.
    read = Bundle.parse(bundle) if isinstance(bundle, bytes) else bundle
    digest = read.received or sha256(read.encode())
    demand.note("bundle", f"version {read.version}, {digest.short}")

    # (2) The profile decides; a bundle that says otherwise is refused (downgrade).
    signer = _signer(read, profile, key)
    demand.note("signer", f"{profile.signed_by}, {signer.key.algorithm} {signer.key.spki.short}")

    # (3) DSSE protocol.md; sigstore_common.proto, MessageSignature.
    signed = verify_content(read, signer.key, artifact, legacy_hash=profile.legacy_hash)
    demand.note("signature", _describe(signed))

    # (4) RFC 3161; Sigstore client specification, "Timestamping".
    stamps = _timestamps(read.timestamps, signed.signature, demand)

    # (5), (6) CVE-2022-36056 and CVE-2026-22703; RFC 6962 and C2SP tlog-checkpoint.
    entries = _log_entries(read.log_entries, signed, signer, demand)

    # (7) Never inferred from the bundle; CVE-2026-49834 for duplicates and operators.
    times = _verified_times(stamps, entries)
    _check_thresholds(profile, times, entries)
    _check_logs_believed(entries, times)
    demand.note("times", ", ".join(str(item.at) for item in times) or "none")

    # (8), (9) RFC 5280 §6.1, at each verified time and not the first only (sigstore-python#1381).
    believed = (
        _managed(key, times, demand) if key is not None else _certified(signer, times, demand)
    )

    return VerifiedBundle(
        content=signed.content,
        signer=believed,
        times=times,
        log_entries=tuple(entry.verified for entry in entries),
        profile=profile.name,
        root_digest=None if root is None else root.digest,
        bundle_digest=digest,
        checks=tuple(demand.checks),
        _seal=SEAL,
    )


class _Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What is demanded, by which root, and what was checked so far."""

    root: SigstoreRoot | None
    profile: Profile
    checks: list[Check] = msgspec.field(default_factory=list)

    def note(self, name: str, found: str) -> None:
        self.checks.append(Check(name=name, found=found))

    def root_for(self, what: str, refusal: type[AttestationRefusedError]) -> SigstoreRoot:
        if self.root is None:
            raise refusal(
                f"the bundle has a {what}, and there is no trusted root to verify it with",
                hint="name a trusted root",
            )
        return self.root


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A verified entry with the log of the root that has it."""

    log: Log
    verified: VerifiedLogEntry


def _check_arguments(root: SigstoreRoot | None, profile: Profile, key: ManagedKey | None) -> None:
    if profile.root != (None if root is None else root.digest):
        # A profile made for a root with fewer logs would demand less.
        raise ProfileRootError("the profile was made for another trusted root")
    if (key is not None) is not (profile.signed_by is SignedBy.KEY):
        raise UsageError(
            f"the profile {profile.name} is for signatures by a {profile.signed_by}; "
            + ("a key is given" if key is not None else "no key is given"),
            code="trust.profile-key",
        )


def _signer(bundle: Bundle, profile: Profile, key: ManagedKey | None) -> BundleSigner:
    material = bundle.material
    has_key = isinstance(material, KeyHint)
    if has_key is not (profile.signed_by is SignedBy.KEY):
        raise SignerKindError(
            f"the bundle is signed by a {'key' if has_key else 'certificate'}; the profile "
            f"{profile.name} demands a {profile.signed_by}",
            hint="name the key that is believed" if has_key else None,
        )
    if key is not None:
        return BundleSigner(leaf=None, key=key.public_key)
    assert not isinstance(material, KeyHint)  # noqa: S101  # for the type checker
    # Certificates that a bundle brings besides the leaf are never used. Refusing them keeps it
    # plain that a bundle does not bring its own root (conformance: bundle-with-root-cert).
    if (
        isinstance(material, CertificateChain)
        and len(material.certificates) > 1
        and not profile.legacy_chain
    ):
        raise ExtraCertificatesError(
            f"the bundle carries {len(material.certificates)} certificates; only the signer's "
            "belongs in it",
            hint="bundles of npm before version 0.3 need the switch for legacy chains",
        )
    leaf = read_certificate(material.der)
    try:
        return BundleSigner(leaf=leaf, key=public_key(leaf.certificate.public_key()))
    except (KeyMalformedError, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise CertificateMalformedError(
            f"the key of the signer's certificate: {str(error)[:120]}"
        ) from None


def _timestamps(
    responses: Sequence[bytes], signature: bytes, demand: _Demand
) -> list[VerifiedTime]:
    if len(set(responses)) != len(responses):
        raise TimestampDuplicateError("the same timestamp comes twice")
    found: list[VerifiedTime] = []
    for response in responses:
        try:
            root = demand.root_for("timestamp", TimestampUnknownError)
            authority, at = verify_timestamp(response, signature, root.timestamp_authorities)
        except AttestationRefusedError as refusal:
            if not demand.profile.ignore_unverifiable_timestamps:
                raise
            demand.note("timestamp ignored", f"{refusal.code}: {refusal.message}")
            continue
        demand.note("timestamp", f"{at} by {authority.id}")
        found.append(
            VerifiedTime(
                at=at,
                source=TimeSource.TIMESTAMP_AUTHORITY,
                authority=authority.id,
                operator=authority.operator,
            )
        )
    return found


def _log_entries(
    entries: Iterable[LogEntry], signed: SignedContent, signer: BundleSigner, demand: _Demand
) -> list[_Entry]:
    found: list[_Entry] = []
    seen: set[tuple[str, bytes]] = set()
    for entry in entries:
        root = demand.root_for("log entry", LogUnknownError)
        # (5) Comparing costs nothing, and says most about what is wrong.
        claim = read_claim(entry)
        check_kind(claim.kind, signed, demand.profile)
        check_binding(claim, signed, signer)
        demand.note("log entry", f"{claim.kind}, about this content, signature and signer")
        # (6) A log that the root does not have proves nothing.
        log, at = verify_logged(
            entry,
            claim.kind,
            root.find_logs(entry.log_id),
            promise_is_enough=demand.profile.legacy_set_only,
        )
        leaf_of_tree = leaf_hash(entry.body)
        if (log.id, leaf_of_tree) in seen:
            raise EntryDuplicateError("the same log entry comes twice")
        seen.add((log.id, leaf_of_tree))
        demand.note("log", f"{log.id} has it" + ("" if at is None else f" since {at}"))
        found.append(
            _Entry(log=log, verified=_verified_entry(entry, claim.kind, log, at, leaf_of_tree))
        )
    return found


def _verified_entry(
    entry: LogEntry, kind: EntryKind, log: Log, at: Instant | None, leaf_of_tree: bytes
) -> VerifiedLogEntry:
    return VerifiedLogEntry(
        log=log.id,
        operator=log.operator,
        url=log.base_url,
        kind=str(kind),
        index=None if entry.proof is None else entry.proof.index,
        log_index=None if at is None else entry.log_index,
        integrated=at,
        leaf_hash=leaf_of_tree,
    )


def _verified_times(
    stamps: Iterable[VerifiedTime], entries: Iterable[_Entry]
) -> tuple[VerifiedTime, ...]:
    found = list(stamps)
    found.extend(
        VerifiedTime(
            at=entry.verified.integrated,
            source=TimeSource.LOG,
            authority=entry.log.id,
            operator=entry.log.operator,
        )
        for entry in entries
        if entry.verified.integrated is not None
    )
    return tuple(sorted(found, key=lambda item: item.at))


def _check_thresholds(
    profile: Profile, times: Sequence[VerifiedTime], entries: Sequence[_Entry]
) -> None:
    logs = len({entry.log.operator for entry in entries})
    if logs < profile.log_operators:
        raise LogThresholdError(
            f"the profile {profile.name} demands entries in logs of {profile.log_operators} "
            f"operators; the bundle has {logs}"
        )
    stamps = len({item.operator for item in times if item.source is TimeSource.TIMESTAMP_AUTHORITY})
    if stamps < profile.timestamp_operators:
        raise TimestampThresholdError(
            f"the profile {profile.name} demands timestamps by {profile.timestamp_operators} "
            f"operators; the bundle has {stamps}"
        )
    vouching = len({item.operator for item in times})
    if vouching < profile.times:
        raise TimeThresholdError(
            f"the profile {profile.name} demands {profile.times} verified times; the bundle has "
            f"{vouching}",
            hint="logs of the second generation sign no time: a timestamp is needed with them",
        )


def _check_logs_believed(entries: Iterable[_Entry], times: Sequence[VerifiedTime]) -> None:
    for entry in entries:
        for item in times:
            # sigstore_common.proto, TimeRange: a closed interval.
            if not entry.log.validity.covers(item.at):
                raise LogExpiredError(
                    f"{entry.log.id} is believed from {entry.log.validity}; the verified time is "
                    f"{item.at}"
                )


def _managed(key: ManagedKey, times: Sequence[VerifiedTime], demand: _Demand) -> KeySigner:
    # sigstore-go CVE-2026-54787: the window of a managed key was not compared with signed times.
    if key.is_bounded and not times:
        raise TimeThresholdError(
            "the key is believed in a window of time, and the bundle has no verified time",
            hint="sign with a timestamp or a log entry, or judge the key's window otherwise",
        )
    for item in times:
        if not key.covers(item.at):
            raise KeyOutOfTimeError(
                f"the key {key.public_key.spki.short} is believed from {key.not_before or 'ever'} "
                f"to {key.not_after or 'open'}; the verified time is {item.at}"
            )
    demand.note("key validity", "believed at every verified time" if times else "no end")
    return KeySigner(public_key=key.public_key)


def _certified(
    signer: BundleSigner, times: Sequence[VerifiedTime], demand: _Demand
) -> CertificateSigner:
    leaf = signer.leaf
    root = demand.root
    assert leaf is not None  # noqa: S101  # for the type checker: step 2 saw to both
    assert root is not None  # noqa: S101
    # (8) What it is for, who issued it, and whether all of that held at each time.
    check_code_signing(leaf)
    demand.note("certificate usage", "code signing, not an authority")
    issued = find_issuer(leaf, root.issuers(leaf.issuer), tuple(item.at for item in times))
    demand.note("certificate chain", f"{issued.authority.id}, valid at every verified time")
    # (9) RFC 6962 §3; keys are those of the root only (gitsign CVE-2023-47122).
    promises = verify_scts(leaf, issued.issuer, root)
    operators = len({log.operator for log, _ in promises})
    if operators < demand.profile.sct_operators:
        raise SctThresholdError(
            f"the profile {demand.profile.name} demands that logs of "
            f"{demand.profile.sct_operators} operators promise to log the certificate; those of "
            f"{operators} did"
        )
    for log, at in promises:
        demand.note("certificate log", f"{log.id} promised at {at}")
    return CertificateSigner(
        certificate=leaf.certificate,
        der=leaf.der,
        spki=signer.key.spki,
        authority=issued.authority.id,
    )


def _describe(signed: SignedContent) -> str:
    match signed.content:
        case SignedDigest(digest=digest):
            return f"over the artifact {digest.short}"
        case SignedPayload(payload_type=payload_type):
            return f"over an envelope of type {payload_type[:80]}"
