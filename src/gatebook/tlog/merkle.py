"""Leaf and node hashes; prove and check inclusion and consistency (RFC 6962 §2.1, SHA-256).

The maths of a log: what the root over some entries is, and how few hashes show that an entry, or an
older tree, is in it. Checking raises :class:`ProofError`; there is no other way to learn the
outcome. This module knows nothing of tiles, notes or files.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from gatebook.errors import VerificationError

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "HashReader",
    "Node",
    "ProofError",
    "check_consistency",
    "check_inclusion",
    "leaf_hash",
    "node_hash",
    "perfect_nodes",
    "prove_consistency",
    "prove_inclusion",
    "root_of",
]

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()  # RFC 6962 §2.1: MTH({}) = SHA-256()


class ProofError(VerificationError):
    """A proof does not show what it claims, or asks for something outside the tree."""

    code = "tlog.proof-mismatch"


class Node(NamedTuple):
    """The root of a perfect subtree of ``2**level`` leaves, the ``index``-th of its kind."""

    level: int
    index: int  # type: ignore[assignment]  # shadows tuple.index, which nobody calls on a node


class HashReader(Protocol):
    """Whoever can answer with the hashes of perfect subtrees."""

    def hashes(self, nodes: Sequence[Node]) -> Sequence[bytes]:
        """Return one hash for each of ``nodes``, in their order."""
        ...


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry as a leaf.

    RFC 6962 §2.1: leaves are prefixed 0x00, so that a node can never pass as a leaf.
    """
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees into their parent (RFC 6962 §2.1: prefix 0x01)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash over leaf hashes, the empty tree included.

    Each pass joins neighbours and carries an odd last one upwards; that gives the same tree as
    RFC 6962's split at the largest power of two below n.
    """
    row = list(leaf_hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        pairs = iter(row)
        parents = [sha256(b"\x01" + a + b).digest() for a, b in zip(pairs, pairs, strict=False)]
        if len(row) % 2:
            parents.append(row[-1])
        row = parents
    return row[0]


def check_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash ``leaf`` stands at ``index`` in the tree of ``size`` and ``root``.

    Raises:
        ProofError: the index is not in the tree, the proof has another length than index and size
            demand, a hash is not 32 bytes, or the computed root differs (RFC 9162 §2.1.3.2).

    """
    if not 0 <= index < size:
        raise ProofError(
            f"entry {index} is not in a tree of {size} entries", code="tlog.index-out-of-range"
        )
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    _check_length(proof, inner + border, "inclusion")
    _check_hashes("inclusion", leaf, root, *proof)
    found = _climb_inner(leaf, proof[:inner], index)
    for left in proof[inner:]:
        found = node_hash(left, found)
    if found != root:
        raise ProofError(
            f"inclusion proof for entry {index} leads to root {_short(found)}, "
            f"not to {_short(root)} of the tree of {size} entries",
            code="tlog.proof-mismatch",
        )


def check_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of ``old_size`` is a prefix of the tree of ``new_size``.

    From size 0 there is nothing to prove: every tree is consistent with the empty one. Asking is
    refused here; the witness protocol has its own rule for it (C2SP tlog-witness).

    Raises:
        ProofError: the sizes are out of order, the proof has another length than the sizes demand,
            a hash is not 32 bytes, or one of the computed roots differs (RFC 9162 §2.1.4.2).

    """
    if old_size == 0 and new_size >= 0:
        raise ProofError(
            "a consistency proof from size 0 proves nothing", code="tlog.consistency-from-empty"
        )
    if not 0 < old_size <= new_size:
        raise ProofError(
            f"a tree of {new_size} entries cannot extend one of {old_size}",
            code="tlog.size-out-of-range",
        )
    if old_size == new_size:
        _check_length(proof, 0, "consistency")
        _check_root("old", old_root, new_root, old_size)
        return
    _check_hashes("consistency", old_root, new_root, *proof)
    shift = _trailing_zeros(old_size)
    inner = ((old_size - 1) ^ (new_size - 1)).bit_length() - shift
    border = ((old_size - 1) >> (inner + shift)).bit_count()
    # A power of two is itself a node of the new tree, so its root is the seed and is not repeated.
    start = 0 if old_size == 1 << shift else 1
    _check_length(proof, start + inner + border, "consistency")
    seed = proof[0] if start else old_root
    path = proof[start:]
    position = (old_size - 1) >> shift
    found_new = _climb_inner(seed, path[:inner], position)
    found_old = _climb_inner_right(seed, path[:inner], position)
    for left in path[inner:]:
        found_new = node_hash(left, found_new)
        found_old = node_hash(left, found_old)
    _check_root("old", found_old, old_root, old_size)
    _check_root("new", found_new, new_root, new_size)


def prove_inclusion(index: int, size: int, reader: HashReader) -> tuple[bytes, ...]:
    """Return the hashes that show entry ``index`` in the tree of ``size`` (RFC 6962 §2.1.1).

    Raises:
        ProofError: there is no such entry in a tree of that size.

    """
    if not 0 <= index < size:
        raise ProofError(
            f"entry {index} is not in a tree of {size} entries", code="tlog.index-out-of-range"
        )
    return _read_path(_path(index, 0, size), [], reader)


def prove_consistency(old_size: int, new_size: int, reader: HashReader) -> tuple[bytes, ...]:
    """Return the hashes that show the old tree as a prefix of the new one (RFC 6962 §2.1.2).

    From size 0, and between equal sizes, the proof is empty: what a witness expects to be sent.

    Raises:
        ProofError: the sizes are negative or out of order.

    """
    if not 0 <= old_size <= new_size:
        raise ProofError(
            f"a tree of {new_size} entries cannot extend one of {old_size}",
            code="tlog.size-out-of-range",
        )
    if old_size in {0, new_size}:
        return ()
    shift = _trailing_zeros(old_size)
    seed = [] if old_size == 1 << shift else [Node(shift, (old_size - 1) >> shift)]
    return _read_path(_path(old_size - 1, shift, new_size), seed, reader)


def perfect_nodes(start: int, end: int) -> Iterator[Node]:
    """Cut ``[start, end)`` into perfect subtrees, left to right.

    ``start`` must be a multiple of a power of two not below ``end - start``, as the right part of
    any RFC 6962 split is; then hashing from the right gives the hash of the range.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield Node(level, start >> level)
        start += 1 << level


def _path(index: int, level: int, size: int) -> Iterator[tuple[Node, ...]]:
    """For each element of the path from ``index`` at ``level``: the nodes it is folded from."""
    inner = (index ^ (size - 1)).bit_length()
    for height in range(level, inner - 1):
        yield (Node(height, (index >> height) ^ 1),)
    if inner > level:
        # Here the path parts from the right edge: the sibling is whatever lies right of it.
        right = ((index >> (inner - 1)) ^ 1) << (inner - 1)
        yield tuple(perfect_nodes(right, size))
    for height in range(max(inner, level), index.bit_length()):
        if index >> height & 1:
            yield (Node(height, (index >> height) - 1),)


def _read_path(
    path: Iterator[tuple[Node, ...]], seed: list[Node], reader: HashReader
) -> tuple[bytes, ...]:
    """Read all nodes at once and fold those elements that are several."""
    nodes = seed
    lengths = [1] * len(seed)
    for parts in path:
        nodes.extend(parts)
        lengths.append(len(parts))
    hashes = reader.hashes(nodes)
    proof: list[bytes] = []
    place = 0
    for length in lengths:
        place += length
        folded = hashes[place - 1]
        for offset in range(2, length + 1):
            folded = node_hash(hashes[place - offset], folded)
        proof.append(folded)
    return tuple(proof)


def _climb_inner(seed: bytes, siblings: Sequence[bytes], position: int) -> bytes:
    found = seed
    for height, sibling in enumerate(siblings):
        on_the_right = position >> height & 1
        found = node_hash(sibling, found) if on_the_right else node_hash(found, sibling)
    return found


def _climb_inner_right(seed: bytes, siblings: Sequence[bytes], position: int) -> bytes:
    found = seed
    for height, sibling in enumerate(siblings):
        if position >> height & 1:
            found = node_hash(sibling, found)
    return found


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _check_length(proof: Sequence[bytes], expected: int, kind: str) -> None:
    if len(proof) != expected:
        raise ProofError(
            f"{kind} proof has {len(proof)} hashes; these sizes need {expected}",
            code="tlog.proof-length",
        )


def _check_hashes(kind: str, *hashes: bytes) -> None:
    for found in hashes:
        if len(found) != HASH_SIZE:
            raise ProofError(
                f"{kind} proof holds a hash of {len(found)} bytes; expected {HASH_SIZE}",
                code="tlog.hash-length",
            )


def _check_root(which: str, found: bytes, expected: bytes, size: int) -> None:
    if found != expected:
        raise ProofError(
            f"consistency proof leads to {which} root {_short(found)}, "
            f"not to {_short(expected)} of the tree of {size} entries",
            code="tlog.proof-mismatch",
        )


def _short(root: bytes) -> str:
    return root.hex()[:12]
