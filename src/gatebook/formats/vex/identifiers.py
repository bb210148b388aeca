"""What a statement calls a product: package URLs, digests, CPE names, links to documents."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from gatebook.digest import ALGORITHMS
from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.formats.vex.statement import VexComponent

__all__ = ["component_of", "hash_pairs"]

# Tools have written "@sha256:sha256:<hex>"; the doubled word changes nothing of what is meant.
_DIGEST_AT_END: Final = re.compile(
    r"(?:@|%40)(?:(?:sha256|sha384|sha512)(?::|%3A))*(sha256|sha384|sha512)(?::|%3A)([0-9a-f]+)"
    r"(?=\Z|[?#])",
    re.IGNORECASE,
)
_HEX: Final = re.compile(r"[0-9a-f]{8,256}\Z")

# IANA's textual names of hash functions, and what CSAF and CycloneDX write, in in-toto's words.
_NAMES: Final[Mapping[str, str]] = {
    "md5": "md5",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3224": "sha3_224",
    "sha3256": "sha3_256",
    "sha3384": "sha3_384",
    "sha3512": "sha3_512",
    "blake2s256": "blake2s",
    "blake2b256": "blake2b_256",
    "blake2b512": "blake2b",
    "blake3": "blake3",
}


def hash_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Bring hashes to in-toto's algorithm names and lower-case hex, sorted, each once.

    What is no hexadecimal value of the algorithm's length identifies nothing and is left out.
    """
    found: set[tuple[str, str]] = set()
    for algorithm, text in pairs:
        name = _NAMES.get(re.sub(r"[-_ ]", "", algorithm).lower(), algorithm.lower())
        value = text.strip().lower().removeprefix(f"{name}:")
        size = ALGORITHMS.get(name)
        if _HEX.match(value) is not None and (size is None or len(value) == 2 * size):
            found.add((name, value))
    return tuple(sorted(found))


def component_of(
    ids: Iterable[str] = (),
    *,
    cpes: Iterable[str] = (),
    hashes: Iterable[tuple[str, str]] = (),
    bom_links: Iterable[str] = (),
    name: str | None = None,
    version: str | None = None,
) -> VexComponent:
    """Sort identifiers by kind.

    Every identifier that ends in a digest (``…@sha256:<hex>``, of a package URL or an image
    reference) names the bytes of that digest. A package URL that cannot be parsed is kept among
    the other identifiers, where it matches nothing.

    Args:
        ids: IRIs, package URLs, CPE names, image references.
        cpes: what is known to be CPE names.
        hashes: algorithms and values, as written.
        bom_links: links to components of CycloneDX documents.
        name: what people call it.
        version: its version.

    """
    purls: list[PackageUrl] = []
    others: list[str] = []
    all_hashes = list(hashes)
    all_cpes = list(cpes)
    links = list(bom_links)
    for text in ids:
        ending = _DIGEST_AT_END.search(text)
        if ending is not None:
            all_hashes.append((ending[1].lower(), ending[2]))
        lowered = text[:8].lower()
        if lowered.startswith("pkg:"):
            try:
                purls.append(PackageUrl.parse(text))
            except MalformedError:
                others.append(text)
        elif lowered.startswith("cpe:"):
            all_cpes.append(text)
        elif lowered.startswith("urn:cdx:"):
            links.append(text)
        else:
            others.append(text)
    return VexComponent(
        purls=tuple(dict.fromkeys(purls)),
        hashes=hash_pairs(all_hashes),
        cpes=tuple(dict.fromkeys(all_cpes)),
        bom_links=tuple(dict.fromkeys(links)),
        other=tuple(dict.fromkeys(others)),
        name=name,
        version=version,
    )
