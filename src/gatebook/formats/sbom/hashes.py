"""Hash values in SBOMs: their many spellings, and the names in-toto has for them."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from gatebook.errors import MalformedError

__all__ = ["HashError", "hash_pair", "known_pairs", "quick_pair"]

_HEX: Final = re.compile(r"[0-9A-Fa-f]+\Z")

# CycloneDX hash-alg, SPDX 2.3 §7.10 and §8.4. Name in in-toto's digest_set.md where it has one,
# and the number of hex digits; None where the algorithm has several lengths.
_ALGORITHMS: Final[Mapping[str, tuple[str, int | None]]] = MappingProxyType(
    {
        "MD2": ("md2", 32),
        "MD4": ("md4", 32),
        "MD5": ("md5", 32),
        "MD6": ("md6", None),
        "SHA1": ("sha1", 40),
        "SHA224": ("sha224", 56),
        "SHA256": ("sha256", 64),
        "SHA384": ("sha384", 96),
        "SHA512": ("sha512", 128),
        "SHA3256": ("sha3_256", 64),
        "SHA3384": ("sha3_384", 96),
        "SHA3512": ("sha3_512", 128),
        "BLAKE2B256": ("blake2b_256", 64),
        "BLAKE2B384": ("blake2b_384", 96),
        "BLAKE2B512": ("blake2b", 128),
        "BLAKE3": ("blake3", None),
        "STREEBOG256": ("streebog_256", 64),
        "STREEBOG512": ("streebog_512", 128),
        "ADLER32": ("adler32", 8),
    }
)


# The algorithms as CycloneDX, SPDX 2 and SPDX 3 write them, of one length each.
_USUAL: Final[Mapping[object, tuple[str, int]]] = MappingProxyType(
    {
        written: (name, length)
        for known, (name, length) in _ALGORITHMS.items()
        if length is not None
        for written in (
            known,
            known.lower(),
            known.replace("SHA3", "SHA3-")
            if known.startswith("SHA3") and len(known) > len("SHA384")
            else known.replace("SHA", "SHA-"),
        )
    }
)


class HashError(MalformedError):
    """A hash names no known algorithm, or its value is not one of that algorithm."""

    code = "formats.sbom-hash"


def hash_pair(algorithm: object, value: object) -> tuple[str, str]:
    """Read ``SHA-256`` and a value as ``("sha256", lower-case hex)``.

    Raises:
        HashError: an unknown algorithm, or a value that is not hexadecimal of its length.

    """
    if not isinstance(algorithm, str) or not isinstance(value, str):
        raise HashError("a hash needs an algorithm and a value, both strings")
    known = _ALGORITHMS.get(algorithm) or _ALGORITHMS.get(
        algorithm.replace("-", "").replace("_", "").upper()
    )
    if known is None:
        raise HashError(f"{algorithm[:40]!r} is not a hash algorithm of an SBOM")
    name, length = known
    if _HEX.match(value) is None or (length is not None and len(value) != length):
        raise HashError(f"{value[:80]!r} is not a {algorithm} value")
    return name, value.lower()


def quick_pair(algorithm: object, value: object) -> tuple[str, str] | None:
    """What :func:`hash_pair` gives for the usual spellings; ``None`` sends the caller there."""
    known = _USUAL.get(algorithm)
    if known is None or type(value) is not str:
        return None
    name, length = known
    if len(value) != length:
        return None
    try:
        # White space between the digits would leave fewer bytes.
        if 2 * len(bytes.fromhex(value)) != length:
            return None
    except ValueError:
        return None
    return name, value.lower()


def known_pairs(
    written: Iterable[tuple[object, object]], defects: Callable[[str], None] | None = None
) -> tuple[tuple[str, str], ...]:
    """Read hashes; what is malformed is left out, and so are two that contradict each other.

    ``defects`` is told what is wrong.
    """
    pairs: list[tuple[str, str]] = []
    for algorithm, value in written:
        pair = quick_pair(algorithm, value)
        if pair is None:
            try:
                pair = hash_pair(algorithm, value)
            except HashError as error:
                if defects is not None:
                    defects(error.message)
                continue
        pairs.append(pair)
    kept: dict[str, str] = {}
    disputed: set[str] = set()
    for algorithm, value in pairs:
        if kept.setdefault(algorithm, value) != value:
            if defects is not None:
                defects(f"two different {algorithm} values")
            disputed.add(algorithm)
    return tuple(pair for pair in kept.items() if pair[0] not in disputed)
