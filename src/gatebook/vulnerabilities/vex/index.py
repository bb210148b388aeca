"""Statements by the names of the vulnerabilities they speak of."""

from collections.abc import Iterable, Sequence
from typing import Final

from gatebook.vulnerabilities.vex.records import AliasIndex, TrustedStatement, VexFinding

__all__ = ["NoAliases", "StatementIndex", "names_of"]

_MAX_NAMES: Final = 10_000


class NoAliases:
    """Knows no other names; the names in findings and statements still count."""

    def aliases_of(self, identifier: str) -> Sequence[str]:  # noqa: ARG002  # the port's signature
        """No other name."""
        return ()


class StatementIndex:
    """Many statements, found by any name of a vulnerability.

    Statements of one place in one document are one, however often they are given.
    """

    def __init__(self, statements: Iterable[TrustedStatement]) -> None:
        self._by_name: dict[str, list[TrustedStatement]] = {}
        seen: set[tuple[str, str, str | None]] = set()
        for each in statements:
            key = (str(each.document), each.statement.pointer, each.signer)
            if key in seen:
                continue
            seen.add(key)
            for name in {each.statement.vulnerability, *each.statement.aliases}:
                # A vulnerability without a name is none that anything could be said of.
                if name.strip():
                    self._by_name.setdefault(name.strip().casefold(), []).append(each)

    def naming(self, names: Iterable[str]) -> list[TrustedStatement]:
        """The statements that have one of some names, each once, in an order of their own."""
        found: dict[tuple[str, str, str], TrustedStatement] = {}
        for name in names:
            for each in self._by_name.get(name, ()):
                found[str(each.document), each.statement.pointer, each.signer or ""] = each
        return [each for _, each in sorted(found.items())]


def names_of(finding: VexFinding, aliases: AliasIndex) -> frozenset[str]:
    """Every name of a finding's vulnerability, closed over aliases, without case.

    The names a report gives are taken as its word that they mean the same.
    """
    names: set[str] = set()
    pending = [finding.vulnerability, *finding.aliases]
    while pending and len(names) < _MAX_NAMES:
        name = pending.pop().strip()
        folded = name.casefold()
        if not name or folded in names:
            continue
        names.add(folded)
        pending.extend(aliases.aliases_of(name))
    return frozenset(names)
