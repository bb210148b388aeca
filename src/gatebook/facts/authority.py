"""What a signer is believed about holds for what a document says, not only for what it is called.

A trust root names predicate types. A predicate of somebody's own type may hold a scan, and a
component list may hold statements on exploitability: these count only from signers who may attest
that family as well, by its own predicate types or as reports.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gatebook.facts.content import GUESSED, ReadContent
from gatebook.facts.facts import Content
from gatebook.formats.intoto import PREDICATE_TYPES, PredicateKind
from gatebook.formats.reading.document_format import Family
from gatebook.formats.scan.report import ScanReport
from gatebook.formats.vex.statement import VexDocument
from gatebook.trust.root.scope import Scope
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signer import Signer

__all__ = ["within_authority"]

_KINDS: Final[dict[Family, tuple[PredicateKind, ...]]] = {
    Family.SBOM: (PredicateKind.SBOM,),
    Family.SCAN: (PredicateKind.VULNERABILITY_SCAN,),
    Family.VEX: (PredicateKind.VEX,),
    Family.TESTS: (PredicateKind.TEST_RESULT, PredicateKind.TEST_REPORT),
}


def within_authority(
    read: ReadContent, kind: PredicateKind | None, signers: Iterable[Signer], root: TrustRoot
) -> ReadContent:
    """Leave out what a document says and its signers may not say.

    Args:
        read: what it says.
        kind: the family of its predicate, which the signers may attest.
        signers: all who are believed to have signed it; each of them has to be allowed.
        root: what they are believed about.

    """
    named = {signer.id for signer in signers}
    scopes = [each.scope for each in root.keys if each.id in named]
    scopes += [each.scope for each in root.identities if each.id in named]
    if kind in GUESSED and not _may(scopes, read.family):
        return ReadContent()
    return replace(
        read, further=tuple(each for each in read.further if _may(scopes, _family(each)))
    )


def _family(content: Content) -> Family | None:
    if isinstance(content, VexDocument):
        return Family.VEX
    return Family.SCAN if isinstance(content, ScanReport) else None


def _may(scopes: list[Scope], family: Family | None) -> bool:
    kinds = () if family is None else (*_KINDS.get(family, ()), PredicateKind.REPORT)
    types = [each for kind in kinds for each in PREDICATE_TYPES[kind]]
    return bool(scopes) and all(any(map(scope.covers_predicate, types)) for scope in scopes)
