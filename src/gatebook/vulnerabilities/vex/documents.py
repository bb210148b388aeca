"""From signed documents to statements: which document of an author is the newest."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from gatebook.digest import Digest
from gatebook.formats.vex.statement import VexDocument
from gatebook.vulnerabilities.vex.records import TrustedStatement

__all__ = ["SignedDocument", "trusted_statements"]

_NUMBER: Final = re.compile(r"\d{1,18}")


class SignedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it was received.

    Attributes:
        document: what it says.
        digest: of its bytes.
        signer: who signed it, as the caller names signers; ``None`` for nobody known.

    """

    document: VexDocument
    digest: Digest
    signer: str | None = None


def trusted_statements(documents: Iterable[SignedDocument]) -> tuple[TrustedStatement, ...]:
    """Take the statements out of documents, in an order of their own.

    Documents of one signer, format and id are versions of one document: what only an older one
    says was taken back. The newest is the one last changed; of one time, that with the higher
    version. Another signer's document replaces nothing.
    """
    received = {(str(each.digest), each.signer or ""): each for each in documents}
    newest: dict[tuple[str, str, str], SignedDocument] = {}
    for _, each in sorted(received.items()):
        key = _identity(each)
        if key is not None and (key not in newest or _age(newest[key]) < _age(each)):
            newest[key] = each
    found: list[TrustedStatement] = []
    for _, each in sorted(received.items()):
        key = _identity(each)
        current = each if key is None else newest[key]
        found.extend(
            TrustedStatement(
                statement=statement,
                document=each.digest,
                document_time=each.document.time,
                signer=each.signer,
                is_draft=each.document.revision_state == "draft",
                replaced_by=None if current.digest == each.digest else current.digest,
            )
            for statement in each.document.statements
        )
    return tuple(found)


def _identity(each: SignedDocument) -> tuple[str, str, str] | None:
    if not each.signer or not each.document.id:
        return None
    return each.signer, each.document.format.value, each.document.id


def _age(each: SignedDocument) -> tuple[int, tuple[int, ...], str]:
    time = each.document.time
    numbers = tuple(int(text) for text in _NUMBER.findall(each.document.version or "")[:8])
    return (0 if time is None else time.unix_ms), numbers, str(each.digest)
