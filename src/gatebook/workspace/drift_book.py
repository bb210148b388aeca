"""A book that follows what became known since: about what runs, and what might be deployed.

It also says who has something: which of what is in use contains a package, a vulnerability or a
licence.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import UsageError
from gatebook.names import Actor, EnvironmentName
from gatebook.workspace.advisory_book import AdvisoryBook
from gatebook.workspace.open_book import parse_digest
from gatebook.workspace.portfolio import Portfolio
from gatebook.workspace.remembered import RememberedIndex

if TYPE_CHECKING:
    from gatebook.vulnerabilities.drift import Since
    from gatebook.workspace.containing import Holding
    from gatebook.workspace.drift import DriftReport
    from gatebook.workspace.portfolio import Scope
    from gatebook.workspace.recheck import RecheckReport

__all__ = ["DriftBook"]


class DriftBook(AdvisoryBook):
    """The part of a book that judges again what it judged before."""

    _remembered: RememberedIndex | None = None

    def reindex(self) -> int:
        """Forget the index and the inventory, and fold both anew; return the index's entries."""
        if self._remembered is not None:
            self._remembered.forget()
        return super().reindex()

    def portfolio(self, at: Instant | None = None) -> Portfolio:
        """What was in use at an instant; now, if none is given."""
        self._catch_up()
        now = self._clock.now()
        return Portfolio(self._index, find=self._ledger.find, at=at or now, now=now)

    def drift(
        self,
        *,
        environment: EnvironmentName | str | None = None,
        artifact: Digest | str | None = None,
        at: Instant | None = None,
        since: "Since | None" = None,
    ) -> "DriftReport":
        """Say what became known about what runs or may be deployed; nothing is recorded.

        Args:
            environment: one, or all of them.
            artifact: one, or everything that runs or may be deployed.
            at: as of this instant, by what the book had received then; now, if none is given.
            since: only what became known after this mark of each artifact.

        Raises:
            GatebookError: a contract cannot be read.

        """
        from gatebook.workspace.drift import DriftReader  # noqa: PLC0415  # only to say so

        self._catch_up()
        now = self._clock.now()
        instant = at or now
        reader = DriftReader(
            index=self._index,
            blobs=self._blobs,
            portfolio=Portfolio(self._index, find=self._ledger.find, at=instant, now=now),
            facts=self._gate.facts,
            at=instant,
            now=now,
        )
        return reader.read(
            environment=_place(environment),
            artifact=None if artifact is None else parse_digest(artifact),
            since=since,
        )

    def recheck(
        self,
        *,
        environment: EnvironmentName | str | None = None,
        progress: Callable[[int, int], None] | None = None,
        by: Actor | None = None,
    ) -> "RecheckReport":
        """Match and decide again everything that runs or may be deployed; record what changed.

        Args:
            environment: one, or all of them.
            progress: told how many of all are done.
            by: who asks.

        Raises:
            StoreError: a decision could not be recorded; those before it are.
            TrustRootNotPinnedError: another trust root is in force than those pinned.

        """
        from gatebook.workspace.recheck import Recheck  # noqa: PLC0415  # only to judge again

        self._check_key()
        row = self.query.trust_root()
        self._pins.check(None if row is None else Digest.parse(row.root))
        who = by or self.actor
        recheck = Recheck(
            ledger=self._ledger,
            blobs=self._blobs,
            gate=self._gate,
            clock=self._clock,
            query=self.query,
            catch_up=self._catch_up,
            match=lambda digest: self.match(digest, by=who),
            check_root=self._pins.check,
            by=who,
        )
        return recheck.run(self.portfolio(), _place(environment), progress)

    def containing(
        self,
        *,
        package: str | None = None,
        within: str | None = None,
        vulnerability: str | None = None,
        licence: str | None = None,
        environment: EnvironmentName | str | None = None,
        scopes: "frozenset[Scope] | None" = None,
        at: Instant | None = None,
    ) -> "tuple[Holding, ...]":
        """Say which artifacts have something, and where they run or may be deployed.

        Args:
            package: a package URL, with or without a version, or a name.
            within: versions of the package, as a range: ``vers:pypi/>=1.0|<2.0``.
            vulnerability: an identifier of one, of any database; it is looked up in the newest
                snapshot of advisories.
            licence: an SPDX identifier, found anywhere in an expression, or a whole expression.
            environment: one, or all of them.
            scopes: in which ways it is in use; running and eligible, if not given.
            at: as of this instant; now, if none is given.

        Raises:
            UsageError: not one of package, vulnerability and licence is asked for.
            MalformedError: what is asked for cannot be read.
            NoAdvisoriesError: a vulnerability is asked for and no advisories were imported.

        """
        from gatebook.vulnerabilities.versions.vers import VersRange  # noqa: PLC0415
        from gatebook.workspace.containing import (  # noqa: PLC0415  # only to look for components
            IN_USE,
            Whereabouts,
            parts_licensed,
            parts_of_package,
            parts_touched,
        )

        place = _place(environment)
        asked = [each for each in (package, vulnerability, licence) if each is not None]
        if len(asked) != 1 or (within is not None and package is None):
            raise UsageError(
                "ask for a package, with or without a range, or for a vulnerability, or for a "
                "licence",
                code="workspace.one-question",
            )
        inventory = self.inventory()
        if self._remembered is None:
            self._remembered = RememberedIndex(self._index)
        self._remembered.refresh()
        now = self._clock.now()
        portfolio = Portfolio(self._remembered, find=self._ledger.find, at=at or now, now=now)
        if package is not None:
            versions = None if within is None else VersRange.parse(within).in_order()
            found = parts_of_package(inventory, package, versions)
        elif vulnerability is not None:
            found = parts_touched(inventory, vulnerability, self.advisories())
        else:
            found = parts_licensed(inventory, licence or "")
        return Whereabouts(self._remembered, portfolio).of(
            found, environment=place, scopes=IN_USE if scopes is None else scopes
        )


def _place(environment: EnvironmentName | str | None) -> EnvironmentName | None:
    return None if environment is None else EnvironmentName.parse(str(environment))
