"""Receipts: the offline proof that one entry is in a log (C2SP tlog-proof).

A receipt carries the entry's index, an inclusion proof and the signed checkpoint it leads to. With
the entry, the log's key and, if wanted, a policy about witnesses, anyone can check it.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.errors import MalformedError, UsageError
from gatebook.tlog.checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint
from gatebook.tlog.checkpoint_body import parse_checkpoint
from gatebook.tlog.keys import VerifierKey
from gatebook.tlog.lines import (
    MAX_SIZE,
    decode_base64,
    decode_decimal,
    decode_hash,
    encode_base64,
)
from gatebook.tlog.merkle import HASH_SIZE, check_inclusion, leaf_hash
from gatebook.tlog.note import VerifiedSignature, parse_note
from gatebook.tlog.quorum import QuorumError, TlogPolicy

__all__ = ["Receipt", "ReceiptError", "VerifiedReceipt", "check_receipt"]

_HEADER: Final = b"c2sp.org/tlog-proof@v1\n"
_MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_HASHES: Final = 64  # a tree with 64-bit indexes is no higher


class ReceiptError(MalformedError):
    """Bytes are not a receipt."""

    code = "tlog.receipt-malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt taken apart, nothing checked.

    Attributes:
        index: the entry's place in the log.
        proof: the inclusion proof, from the entry's sibling upwards.
        checkpoint: the signed checkpoint, byte for byte.
        extra: bytes for the application; nobody has signed them.

    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE:
            raise ReceiptError(f"{self.index} is not the index of an entry")
        if len(self.proof) > _MAX_HASHES:
            raise ReceiptError(f"no inclusion proof has {len(self.proof)} hashes")
        if any(len(found) != HASH_SIZE for found in self.proof):
            raise ReceiptError(f"a hash of the proof is not {HASH_SIZE} bytes")
        if not self.checkpoint:
            raise ReceiptError("receipt has no checkpoint")

    @classmethod
    def parse(cls, data: bytes) -> "Receipt":
        """Take a receipt apart; the checkpoint in it is not looked at.

        Raises:
            ReceiptError: another first line, no index, no empty line before the checkpoint, no
                checkpoint, more hashes than any proof has, or more than 4 MiB.
            LineError: a number that is not plain decimal, or base64 that is none.

        """
        if len(data) > _MAX_BYTES:
            raise ReceiptError(f"receipt has {len(data)} bytes; at most {_MAX_BYTES} are read")
        if not data.startswith(_HEADER):
            raise ReceiptError("a receipt begins with the line c2sp.org/tlog-proof@v1")
        head, blank, checkpoint = data[len(_HEADER) :].partition(b"\n\n")
        if not blank:
            raise ReceiptError("receipt has no empty line before the checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise ReceiptError("the lines of a receipt are ASCII") from None
        extra = None
        if lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0)[len("extra ") :], what="extra data of the receipt")
        if not lines or not lines[0].startswith("index "):
            raise ReceiptError("receipt has no index line")
        if len(lines) > _MAX_HASHES + 1:
            raise ReceiptError(f"no inclusion proof has {len(lines) - 1} hashes")
        return cls(
            index=decode_decimal(lines[0][len("index ") :], what="index of the receipt"),
            proof=tuple(decode_hash(line, what="hash of the receipt") for line in lines[1:]),
            checkpoint=checkpoint,
            extra=extra,
        )

    def encode(self) -> bytes:
        """The bytes of a ``.tlog-proof`` file."""
        lines = [] if self.extra is None else [f"extra {encode_base64(self.extra)}\n"]
        lines.append(f"index {self.index}\n")
        lines += (f"{encode_base64(found)}\n" for found in self.proof)
        return _HEADER + "".join(lines).encode() + b"\n" + self.checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReceipt:
    """What a receipt has shown.

    Attributes:
        index: where the entry stands.
        checkpoint: the checkpoint it is in.
        cosignatures: the witnesses' signatures that verified.

    """

    index: int
    checkpoint: Checkpoint
    cosignatures: tuple[VerifiedSignature, ...]


def check_receipt(
    receipt: Receipt,
    entry: bytes,
    log_key: VerifierKey | None,
    policy: TlogPolicy | None = None,
    *,
    origin: str | None = None,
) -> VerifiedReceipt:
    """Check that ``entry`` is in the log, offline (tlog-proof, "Verifying a tlog proof").

    1. The leaf hash is taken over ``entry`` itself.
    2. The checkpoint is signed by the log: ``log_key``, which a policy with logs must list, or,
       without ``log_key``, the log of the policy that the checkpoint names.
    3. The cosignatures of the policy's witnesses verify, and reach its quorum.
    4. The inclusion proof leads from the leaf to the root of the checkpoint.

    Raises:
        SignatureError: the log has not signed, or a known key's signature does not verify.
        OriginError: the checkpoint is of another log.
        QuorumError: the policy does not list the log, or its quorum has not witnessed.
        ProofError: the proof does not lead from the entry to the root.
        MalformedError: the checkpoint is not one.
        UsageError: neither ``log_key`` nor a policy with logs says which log is meant.

    """
    leaf = leaf_hash(entry)
    opened = _open(receipt.checkpoint, log_key, policy, origin)
    witnesses = frozenset() if policy is None else frozenset(policy.witness_keys)
    cosignatures = tuple(found for found in opened.note.verified if found.key in witnesses)
    if policy is not None:
        policy.check_quorum(found.key for found in cosignatures)
    checkpoint = opened.checkpoint
    check_inclusion(
        index=receipt.index,
        size=checkpoint.size,
        leaf=leaf,
        proof=receipt.proof,
        root=checkpoint.root,
    )
    return VerifiedReceipt(index=receipt.index, checkpoint=checkpoint, cosignatures=cosignatures)


def _open(
    note: bytes, log_key: VerifierKey | None, policy: TlogPolicy | None, origin: str | None
) -> OpenedCheckpoint:
    cosigners = () if policy is None else policy.witness_keys
    if log_key is None:
        if policy is None or not policy.logs:
            raise UsageError(
                "which log is meant? give its key, or a policy that lists logs",
                code="tlog.no-log-key",
            )
        log_key = _listed_key(note, policy)
    elif policy is not None:
        policy.check_log(log_key)
    # A key that both logs and witnesses use is given once.
    others = [key for key in cosigners if key != log_key]
    return open_checkpoint(note, log_key, origin=origin, cosigners=others)


def _listed_key(note: bytes, policy: TlogPolicy) -> VerifierKey:
    """The key of the listed log that the note claims; the claim is checked on opening."""
    parsed = parse_note(note)
    claimed = parse_checkpoint(parsed.text).origin
    signers = {(signature.name, signature.key_id) for signature in parsed.signatures}
    keys = [log.key for log in policy.logs if log.key.name == claimed]
    if not keys:
        raise QuorumError(f"the policy lists no log {claimed[:80]!r}", code="tlog.log-not-listed")
    signed = [key for key in keys if (key.name, key.key_id) in signers]
    return (signed or keys)[0]
