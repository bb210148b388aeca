"""Hash values in SBOMs: their many spellings, and the names in-toto has for them."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.formats.components import Defects

__all__ = ["HashError", "hash_pair", "read_hashes"]

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


def read_hashes(
    hashes: Json, algorithm_field: str, value_field: str, name: str, defects: Defects
) -> tuple[tuple[str, str], ...]:
    """Read the hashes of the component ``name``; a malformed one is a defect and left out.

    Two different values for one algorithm are a defect, and neither is kept.

    Raises:
        MalformedError: not an array of objects.

    """
    if not isinstance(hashes, list):
        raise HashError(f"the hashes of {name[:80]!r} must be an array")
    pairs: dict[str, str] = {}
    disputed: set[str] = set()
    for item in hashes:
        if not isinstance(item, dict):
            raise HashError(f"a hash of {name[:80]!r} must be an object")
        try:
            algorithm, value = hash_pair(item.get(algorithm_field), item.get(value_field))
        except HashError as error:
            defects.add(f"{name[:80]!r}: {error.message}")
            continue
        if pairs.setdefault(algorithm, value) != value:
            defects.add(f"{name[:80]!r} has two different {algorithm} values")
            disputed.add(algorithm)
    return tuple(pair for pair in pairs.items() if pair[0] not in disputed)
