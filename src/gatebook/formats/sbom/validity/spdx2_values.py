"""The forms of single values in SPDX 2 (SPDX 2.2 and 2.3, chapters 6 to 12)."""

import re
from collections.abc import Mapping
from typing import Final

from gatebook.formats.sbom.validity.iri import is_iri

__all__ = [
    "FILE_TYPES",
    "NO_VALUES",
    "PURPOSES",
    "RELATIONSHIPS",
    "RELATIONSHIPS_OF_2_3",
    "actor_problem",
    "checksum_problem",
    "date_problem",
    "download_problem",
    "locator_problem",
    "uri_problem",
    "url_problem",
]

NO_VALUES: Final = frozenset({"NONE", "NOASSERTION"})
FILE_TYPES: Final = frozenset(
    {
        *("SOURCE", "BINARY", "ARCHIVE", "APPLICATION", "AUDIO", "IMAGE", "TEXT", "VIDEO"),
        *("DOCUMENTATION", "SPDX", "OTHER"),
    }
)
# §7.24; the JSON schema spells it OPERATING_SYSTEM, tag-value OPERATING-SYSTEM.
PURPOSES: Final = frozenset(
    {
        *("APPLICATION", "FRAMEWORK", "LIBRARY", "CONTAINER", "OPERATING-SYSTEM"),
        *("OPERATING_SYSTEM", "DEVICE", "FIRMWARE", "SOURCE", "ARCHIVE", "FILE", "INSTALL"),
        "OTHER",
    }
)
RELATIONSHIPS: Final = frozenset(
    {
        *("DESCRIBES", "DESCRIBED_BY", "CONTAINS", "CONTAINED_BY", "DEPENDS_ON", "DEPENDENCY_OF"),
        *("DEPENDENCY_MANIFEST_OF", "BUILD_DEPENDENCY_OF", "DEV_DEPENDENCY_OF"),
        *("OPTIONAL_DEPENDENCY_OF", "PROVIDED_DEPENDENCY_OF", "TEST_DEPENDENCY_OF"),
        *("RUNTIME_DEPENDENCY_OF", "EXAMPLE_OF", "GENERATES", "GENERATED_FROM", "ANCESTOR_OF"),
        *("DESCENDANT_OF", "VARIANT_OF", "DISTRIBUTION_ARTIFACT", "PATCH_FOR", "PATCH_APPLIED"),
        *("COPY_OF", "FILE_ADDED", "FILE_DELETED", "FILE_MODIFIED", "EXPANDED_FROM_ARCHIVE"),
        *("DYNAMIC_LINK", "STATIC_LINK", "DATA_FILE_OF", "TEST_CASE_OF", "BUILD_TOOL_OF"),
        *("DEV_TOOL_OF", "TEST_OF", "TEST_TOOL_OF", "DOCUMENTATION_OF", "OPTIONAL_COMPONENT_OF"),
        *("METAFILE_OF", "PACKAGE_OF", "AMENDS", "PREREQUISITE_FOR", "HAS_PREREQUISITE", "OTHER"),
    }
)
RELATIONSHIPS_OF_2_3: Final = frozenset({"REQUIREMENT_DESCRIPTION_FOR", "SPECIFICATION_FOR"})

_HEX: Final = re.compile(r"[0-9a-f]+\Z")
# §7.10, §8.4: digits of each algorithm, least and most; the second table came with 2.3.
_CHECKSUMS: Final[Mapping[str, tuple[int, int]]] = {
    "SHA1": (40, 40),
    "SHA224": (56, 56),
    "SHA256": (64, 64),
    "SHA384": (96, 96),
    "SHA512": (128, 128),
    "MD2": (32, 32),
    "MD4": (32, 32),
    "MD5": (32, 32),
    "MD6": (0, 128),
}
_CHECKSUMS_OF_2_3: Final[Mapping[str, tuple[int, int]]] = {
    "SHA3-256": (64, 64),
    "SHA3-384": (96, 96),
    "SHA3-512": (128, 128),
    "BLAKE2B-256": (64, 64),
    "BLAKE2B-384": (96, 96),
    "BLAKE2B-512": (128, 128),
    "BLAKE3": (64, 65_536),
    "ADLER32": (8, 8),
}
_DATE: Final = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z\Z"
)
_ACTOR: Final = re.compile(r"(Person|Organization|Tool):[ \t]*\S")
_HOST: Final = (
    r"(?:[\w\-.!~*'()%;:&=+$,]{1,255}@)?(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])"
)
_URL: Final = re.compile(
    rf"(?:(?:git|hg|svn|bzr)\+)?(?:(?:https?|ssh|git|svn|sftp|ftp|file|svn\+ssh)://)?"
    rf"{_HOST}(?::[0-9]{{1,5}})?(?:[/?#]\S*)?\Z",
    re.IGNORECASE,
)
# §7.7: the two kinds of download location that are no URL; git itself writes the first.
_DOWNLOADS: Final = re.compile(
    r"(?:(?:git\+)?[\w.-]+@[A-Za-z0-9.-]+:[A-Za-z0-9/\\.@_~-]+|bzr\+lp:[A-Za-z0-9./_-]+)(?:#\S*)?\Z"
)
_CPE_22: Final = re.compile(r"cpe:/[aho]?(?::[A-Za-z0-9._\-~%]*){0,6}\Z", re.IGNORECASE)
_CPE_23_PARTS: Final = 13
_CPE_23_PART: Final = re.compile(r"(?:[A-Za-z0-9\-._?*]|\\[^A-Za-z0-9\s])+\Z")
_PURL: Final = re.compile(r"pkg:[^/\s]+/\S+\Z")
_LOCATORS: Final[Mapping[str, re.Pattern[str]]] = {
    "maven-central": re.compile(r"[^:]+:[^:]+(?::[^:]+)?\Z"),
    "npm": re.compile(r"@?[^@]+@[^@]+\Z"),
    "nuget": re.compile(r"[^/]+/[^/]+\Z"),
    "bower": re.compile(r"[^#]+#[^#]+\Z"),
    "purl": _PURL,
    "swh": re.compile(r"swh:1:(?:snp|rel|rev|dir|cnt):[0-9a-fA-F]{40}\Z"),
    "gitoid": re.compile(
        r"gitoid:(?:blob|tree|commit|tag):(?:sha1:[0-9a-fA-F]{40}|sha256:[0-9a-fA-F]{64})\Z"
    ),
    "cpe22Type": _CPE_22,
}
_CATEGORIES: Final[Mapping[str, frozenset[str]]] = {
    "SECURITY": frozenset({"cpe22Type", "cpe23Type", "advisory", "fix", "url", "swid"}),
    "PACKAGE_MANAGER": frozenset({"maven-central", "npm", "nuget", "bower", "purl"}),
    "PERSISTENT_ID": frozenset({"swh", "gitoid"}),
}
_TYPES_OF_2_3: Final = frozenset({"advisory", "fix", "url", "swid", "gitoid"})
_REFERENCES: Final = "http://spdx.org/rdf/references/"
_SHOWN: Final = 60


def checksum_problem(algorithm: object, value: object, *, since_2_3: bool) -> str | None:
    """What is wrong with a check sum (§7.10)."""
    if not isinstance(algorithm, str) or not isinstance(value, str):
        return "a checksum needs an algorithm and a value"
    digits = _CHECKSUMS.get(algorithm)
    if digits is None and since_2_3:
        digits = _CHECKSUMS_OF_2_3.get(algorithm.upper().replace("BLAKE2B_", "BLAKE2B-"))
    if digits is None:
        return f"{algorithm[:_SHOWN]!r} is no checksum algorithm of this version"
    least, most = digits
    if _HEX.match(value) is None or not least <= len(value) <= most:
        return f"{value[:_SHOWN]!r} is no {algorithm} value in lower-case hexadecimal digits"
    return None


def date_problem(text: str) -> str | None:
    """What is wrong with a time: ``YYYY-MM-DDThh:mm:ssZ`` and nothing else (§6.9)."""
    return None if _DATE.match(text) else f"{text[:_SHOWN]!r} is not YYYY-MM-DDThh:mm:ssZ"


def actor_problem(text: str, *, tool: bool) -> str | None:
    """What is wrong with a person, an organisation or (where one may act) a tool (§6.8, §7.5)."""
    match = _ACTOR.match(text)
    if match is None or (match[1] == "Tool" and not tool):
        return f"{text[:_SHOWN]!r} is no 'Person: …', 'Organization: …'" + (
            " or 'Tool: …'" if tool else ""
        )
    return None


def uri_problem(text: str) -> str | None:
    """What is wrong with a URI without a fragment (§6.5)."""
    if not is_iri(text) or "#" in text:
        return f"{text[:_SHOWN]!r} is no URI without a fragment"
    return None


def url_problem(text: str) -> str | None:
    """What is wrong with the address of a page (§7.11)."""
    return None if _URL.match(text) else f"{text[:_SHOWN]!r} is no URL"


def download_problem(text: str) -> str | None:
    """What is wrong with a place to download from (§7.7)."""
    if text in NO_VALUES or _URL.match(text) or _DOWNLOADS.match(text):
        return None
    return f"{text[:_SHOWN]!r} is no URL or version control location"


def locator_problem(
    category: object, kind: object, locator: object, *, since_2_3: bool
) -> str | None:
    """What is wrong with an external reference (§7.21, annex F)."""
    if not all(isinstance(each, str) and each for each in (category, kind, locator)):
        return "an external reference needs a category, a type and a locator"
    name, text = str(kind).removeprefix(_REFERENCES), str(locator)
    group = str(category).replace("-", "_")
    if group == "OTHER":
        return f"{text[:_SHOWN]!r} has a space in it" if " " in text else None
    known = _CATEGORIES.get(group)
    if known is None:
        return f"{str(category)[:_SHOWN]!r} is no category of external references"
    if name not in known or (name in _TYPES_OF_2_3 and not since_2_3):
        return f"{name[:_SHOWN]!r} is no type of external reference in {category}"
    return None if _is_locator(name, text) else f"{text[:_SHOWN]!r} is no {name} locator"


def _is_locator(name: str, text: str) -> bool:
    if name in {"advisory", "fix", "url"}:
        return _URL.match(text) is not None
    if name == "swid":
        return text.startswith("swid:")
    return _is_cpe_23(text) if name == "cpe23Type" else _LOCATORS[name].match(text) is not None


def _is_cpe_23(text: str) -> bool:
    """NISTIR 7695: thirteen parts, where a backslash takes a character's meaning away."""
    parts = re.split(r"(?<!\\):", text)
    return (
        len(parts) == _CPE_23_PARTS
        and parts[:2] == ["cpe", "2.3"]
        and parts[2] in {"a", "h", "o", "*", "-"}
        and all(_CPE_23_PART.match(part) for part in parts[3:])
    )
