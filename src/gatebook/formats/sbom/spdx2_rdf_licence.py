"""Licences of SPDX 2 in RDF, written as the licence expressions that they stand for.

The classes are those of SPDX 2.3 annex D in RDF: listed and extracted licences, conjunctive and
disjunctive sets, the or-later and with-exception operators.
"""

from typing import Final

from gatebook.formats.sbom.rdf_graph import Node, RdfError

__all__ = ["licence_text"]

_TERMS: Final = "http://spdx.org/rdf/terms#"
_SPDX_SITES: Final = ("http://spdx.org/licenses/", "https://spdx.org/licenses/")
_SETS: Final = {
    f"{_TERMS}ConjunctiveLicenseSet": "AND",
    f"{_TERMS}DisjunctiveLicenseSet": "OR",
}
_WITH: Final = f"{_TERMS}WithExceptionOperator"
_OR_LATER: Final = f"{_TERMS}OrLaterOperator"
_MEMBER: Final = f"{_TERMS}member"
_EXCEPTION: Final = f"{_TERMS}licenseException"
_EXCEPTION_ID: Final = f"{_TERMS}licenseExceptionId"
_LICENCE_ID: Final = f"{_TERMS}licenseId"
_MAX_DEPTH: Final = 64
_MAX_CHARACTERS: Final = 65_536


def licence_text(value: str | Node) -> str:
    """The licence expression of a value.

    Raises:
        RdfError: a set or operator without the members it needs, nested deeper than 64 (as one
            that contains itself is), or an expression longer than 65,536 characters.

    """
    return _text(value, 0)


def _text(value: str | Node, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth > _MAX_DEPTH:
        raise RdfError(f"a licence is nested deeper than {_MAX_DEPTH}, or contains itself")
    for kind, word in _SETS.items():
        if kind in value.types:
            return _set(value, word, depth)
    members = value.all(_MEMBER)
    if _WITH in value.types:
        exceptions = value.all(_EXCEPTION)
        if len(members) != 1 or len(exceptions) != 1:
            raise RdfError("a WithExceptionOperator needs one member and one licenseException")
        return f"{_text(members[0], depth + 1)} WITH {_name(exceptions[0], _EXCEPTION_ID)}"
    if _OR_LATER in value.types:
        if len(members) != 1:
            raise RdfError("an OrLaterOperator needs one member")
        return f"{_text(members[0], depth + 1)}+"
    return _name(value, _LICENCE_ID)


def _set(node: Node, word: str, depth: int) -> str:
    parts: list[str] = []
    size = 0
    for member in node.all(_MEMBER):
        text = _text(member, depth + 1)
        compound = isinstance(member, Node) and any(kind in member.types for kind in _SETS)
        parts.append(f"({text})" if compound else text)
        size += len(text) + len(word) + 2
        if size > _MAX_CHARACTERS:
            raise RdfError(f"a licence is longer than {_MAX_CHARACTERS} characters")
    if not parts:
        raise RdfError("a licence set has no members")
    return f" {word} ".join(parts)


def _name(value: str | Node, named_by: str) -> str:
    """The identifier of a licence or an exception."""
    if isinstance(value, str):
        return value
    iri = value.iri or ""
    if iri == f"{_TERMS}none" or f"{_TERMS}SpdxNoneLicense" in value.types:
        return "NONE"
    if iri == f"{_TERMS}noassertion" or f"{_TERMS}SpdxNoAssertionLicense" in value.types:
        return "NOASSERTION"
    for site in _SPDX_SITES:
        if iri.startswith(site):
            return iri.removeprefix(site)
    for name in value.all(named_by):
        if isinstance(name, str):
            return name
    return iri.rpartition("#")[2] or iri
