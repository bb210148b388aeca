"""Check that a subtree belongs to a tree (draft-ietf-plants-merkle-tree-certs §4).

A subtree covers the leaves ``[start, end)`` of a log and may begin anywhere a Merkle tree could be
cut; witnesses sign such parts, and mirrors check packages of entries with them.
"""

from collections.abc import Sequence

from gatebook.tlog.merkle import EMPTY_ROOT, HASH_SIZE, ProofError, node_hash

__all__ = ["check_subtree_consistency", "check_subtree_range"]


def check_subtree_range(*, start: int, end: int, size: int) -> None:
    """Check that ``[start, end)`` is a subtree of a tree of ``size``.

    Draft §4.1: the start is a multiple of the smallest power of two not below the length. An empty
    range is the empty tree, wherever it stands.

    Raises:
        ProofError: it is not.

    """
    span = end - start
    if not 0 <= start <= end <= size or (span and start % (1 << (span - 1).bit_length())):
        raise ProofError(
            f"[{start}, {end}) is not a subtree of a tree of {size} entries",
            code="tlog.subtree-range",
        )


def check_subtree_consistency(
    *, start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the subtree over ``[start, end)`` is part of the tree of ``size`` and ``root``.

    The empty subtree needs no proof and says nothing about ``root``.

    Raises:
        ProofError: the range is not a subtree, a hash is not 32 bytes, the proof has another length
            than the sizes demand, or a computed hash differs (draft §4.4.3).

    """
    check_subtree_range(start=start, end=end, size=size)
    for found in (subtree_root, root, *proof) if proof else ():
        if len(found) != HASH_SIZE:
            raise ProofError(
                f"subtree proof holds a hash of {len(found)} bytes; expected {HASH_SIZE}",
                code="tlog.hash-length",
            )
    if start == end:
        if proof:
            raise _wrong_length(len(proof))
        _check_equal(subtree_root, EMPTY_ROOT, "subtree")
        return
    found_subtree, found_root = _climb(start, end - 1, size - 1, subtree_root, proof)
    _check_equal(found_subtree, subtree_root, "subtree")
    _check_equal(found_root, root, "tree")


def _climb(
    first: int, last: int, final: int, subtree_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Steps 2 to 6 of draft §4.4.3; its fn, sn and tn are ``first``, ``last`` and ``final``."""
    while first != last and (last == final or last & 1):
        first, last, final = first >> 1, last >> 1, final >> 1
    siblings = iter(proof)
    # A subtree that is itself a node on the way up is the seed; otherwise the proof begins with it.
    seed = subtree_root if first == last else next(siblings, None)
    if seed is None:
        raise _wrong_length(len(proof))
    found_subtree = found_root = seed
    for sibling in siblings:
        if final == 0:
            raise _wrong_length(len(proof))
        if last & 1 or last == final:
            if first < last:
                found_subtree = node_hash(sibling, found_subtree)
            found_root = node_hash(sibling, found_root)
            while not last & 1 and last:
                first, last, final = first >> 1, last >> 1, final >> 1
        else:
            found_root = node_hash(found_root, sibling)
        first, last, final = first >> 1, last >> 1, final >> 1
    if final:
        raise _wrong_length(len(proof))
    return found_subtree, found_root


def _wrong_length(length: int) -> ProofError:
    return ProofError(
        f"subtree proof has {length} hashes, which these sizes do not need",
        code="tlog.proof-length",
    )


def _check_equal(found: bytes, expected: bytes, which: str) -> None:
    if found != expected:
        raise ProofError(
            f"subtree proof leads to {which} root {found.hex()[:12]}, not {expected.hex()[:12]}",
            code="tlog.proof-mismatch",
        )
