"""Which advisories touch a component, why they do, and why others do not.

Everything that means the same vulnerability is one finding: alias closure comes before counting. A
component that cannot be judged is never passed over in silence; it is among the unjudged, with a
stable code. Records that name its package and do not match are explained on request.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from gatebook.vulnerabilities.advisory import (
    AffectedPackage,
    Standing,
    Verdict,
    affected_package,
    key_of,
    semver_ecosystem,
)
from gatebook.vulnerabilities.assessment import Assessment, assess
from gatebook.vulnerabilities.ecosystems import base_of, coordinate
from gatebook.vulnerabilities.findings import Finding, Matched, NearMiss, Unjudged
from gatebook.vulnerabilities.index import AdvisoryIndex, Candidate, Question
from gatebook.vulnerabilities.osv import OsvRecord
from gatebook.vulnerabilities.package_identity import Identified, Lookup, Unidentified
from gatebook.vulnerabilities.versions.ecosystem import scheme_of
from gatebook.vulnerabilities.versions.scheme import Scheme

__all__ = ["Matcher"]

_ANSWERS: Final = 65_536
_CACHED: Final = 32_768
_SHOWN: Final = 8
_REASONS: Final = {
    "vulnerabilities.unordered-version": "the version cannot be compared with the ranges of",
    "vulnerabilities.unordered-range": "nobody can order the ranges of",
    "vulnerabilities.only-commits": "only commits are known of",
    "vulnerabilities.no-versions": "no versions are known of",
    "vulnerabilities.unknown-release": "some release is affected, and which one it is is not said",
}


class _Plan(NamedTuple):
    """What is asked about one lookup."""

    questions: tuple[Question, ...]
    # Which of them are about one of several releases of which the component has one.
    doubtful: frozenset[int]


class _Asked(NamedTuple):
    component: int
    lookup: Lookup
    doubtful: bool


class _Answer(NamedTuple):
    findings: tuple[Finding, ...]
    unjudged: tuple[Unjudged, ...]


class Matcher:
    """Looks components up in one snapshot.

    The snapshot never changes, so every answer is kept: SBOMs of one organisation share most of
    their components.
    """

    def __init__(self, index: AdvisoryIndex) -> None:
        """Take the index; it must not change any more."""
        self._index = index
        self._covered = index.ecosystems()
        self._answers: dict[Identified | Unidentified, _Answer] = {}
        self._records: dict[int, OsvRecord] = {}
        self._package = functools.lru_cache(_CACHED)(self._read_package)
        self._assessment = functools.lru_cache(_CACHED)(self._assess)
        self._verdict = functools.lru_cache(_CACHED)(self._judge)
        self._plan = functools.lru_cache(_CACHED)(self._make_plan)

    def match(
        self, components: Iterable[Identified | Unidentified], *, near_misses: bool = False
    ) -> Matched:
        """Look up components; the same one twice counts once."""
        distinct = list(dict.fromkeys(components))
        missing = [each for each in distinct if each not in self._answers]
        if missing:
            if len(self._answers) + len(missing) > _ANSWERS:
                self._answers.clear()
                missing = distinct
            self._answer(missing)
        answers = [self._answers[each] for each in distinct]
        return Matched(
            components=len(distinct),
            findings=tuple(finding for answer in answers for finding in answer.findings),
            unjudged=tuple(doubt for answer in answers for doubt in answer.unjudged),
            near_misses=tuple(
                miss
                for component, answer in zip(distinct, answers, strict=True)
                if near_misses and isinstance(component, Identified)
                for miss in self._missed(component, answer)
            ),
        )

    def _answer(self, components: Sequence[Identified | Unidentified]) -> None:
        """Ask the index about all of them at once."""
        asked: list[_Asked] = []
        questions: list[Question] = []
        doubts: list[list[Unjudged]] = [[] for _ in components]
        for number, component in enumerate(components):
            if isinstance(component, Unidentified):
                doubts[number].append(Unjudged(*component[:4]))
                continue
            for lookup in component.lookups:
                plan = self._plan(lookup)
                if not plan.questions:
                    doubts[number].append(self._not_covered(component, lookup))
                for place, question in enumerate(plan.questions):
                    asked.append(_Asked(number, lookup, place in plan.doubtful))
                    questions.append(question)
        candidates = self._index.candidates(questions)
        self._load({each.record for each in candidates})
        verdicts = self._verdicts(asked, candidates)
        for number, component in enumerate(components):
            findings: list[Finding] = []
            if isinstance(component, Identified) and number in verdicts:
                findings += self._findings(component, verdicts[number])
                doubts[number] += self._unknown(component, verdicts[number])
            findings.sort(key=lambda each: each.id)
            doubts[number].sort(key=lambda each: (each.code, each.advisories))
            self._answers[component] = _Answer(
                tuple(findings), tuple(dict.fromkeys(doubts[number]))
            )

    # -- what to ask -------------------------------------------------------------------------------

    def _ecosystems(self, lookup: Lookup) -> list[str]:
        """Which ecosystems' records may hold for a lookup."""
        base = base_of(lookup.ecosystem)
        if not lookup.release_known:
            return [each for each in self._index.releases(base) if each in self._covered]
        # A record without a release holds for every release.
        wanted = [lookup.ecosystem, base] if base != lookup.ecosystem else [base]
        return [each for each in wanted if each in self._covered]

    def _make_plan(self, lookup: Lookup) -> _Plan:
        questions: list[Question] = []
        doubtful: set[int] = set()
        for ecosystem in self._ecosystems(lookup):
            orders = [(ecosystem, scheme_of(ecosystem))]
            semver = semver_ecosystem(ecosystem)
            if semver in self._covered:
                orders.append((semver, Scheme.SEMVER))
            for name, scheme in orders:
                if not lookup.release_known and ecosystem != base_of(ecosystem):
                    doubtful.add(len(questions))
                key = key_of(scheme, lookup.version)
                questions.append(Question(coordinate(name, lookup.name), key, lookup.version))
        return _Plan(tuple(questions), frozenset(doubtful))

    @staticmethod
    def _not_covered(component: Identified, lookup: Lookup) -> Unjudged:
        return Unjudged(
            component.purl,
            component.name,
            "vulnerabilities.not-covered",
            f"the snapshot holds no advisories for {lookup.ecosystem}",
        )

    # -- what was found ----------------------------------------------------------------------------

    def _verdicts(
        self, asked: Sequence[_Asked], candidates: Iterable[Candidate]
    ) -> dict[int, dict[int, Verdict]]:
        """Judge candidates, by component and record; the worst place of a record counts."""
        found: dict[int, dict[int, Verdict]] = {}
        for question, record, place in candidates:
            number, lookup, doubtful = asked[question]
            verdict = self._verdict(record, place, lookup.version)
            if verdict.standing is Standing.NOT_AFFECTED:
                continue
            if doubtful:
                # Affected in one release; which one this is nobody says.
                verdict = verdict._replace(
                    standing=Standing.UNKNOWN, code="vulnerabilities.unknown-release"
                )
            before = found.setdefault(number, {}).get(record)
            if before is None or before.standing is Standing.UNKNOWN:
                found[number][record] = verdict
        return found

    def _findings(self, component: Identified, verdicts: dict[int, Verdict]) -> Iterable[Finding]:
        clusters: dict[str, list[int]] = {}
        for number, verdict in verdicts.items():
            if verdict.standing is Standing.AFFECTED:
                clusters.setdefault(self._assessment(number).id, []).append(number)
        for identifier, numbers in clusters.items():
            records = sorted(numbers, key=lambda each: self._record(each).id)
            first = verdicts[records[0]]
            ranges = dict.fromkeys(verdicts[each].affected for each in records)
            fixed = first.fixed or next(
                (verdicts[each].fixed for each in records if verdicts[each].fixed), ()
            )
            yield Finding(
                id=identifier,
                purl=component.purl,
                component=component.name,
                version=component.version,
                advisories=tuple(self._record(each).id for each in records),
                affected=" or ".join(ranges),
                fixed=fixed,
                assessment=Assessment.of(self._assessment(each) for each in records),
                assumed_source=component.assumed_source,
            )

    def _unknown(self, component: Identified, verdicts: dict[int, Verdict]) -> Iterable[Unjudged]:
        judged = {
            self._assessment(number).id
            for number, verdict in verdicts.items()
            if verdict.standing is Standing.AFFECTED
        }
        codes: dict[str, list[int]] = {}
        for number, verdict in verdicts.items():
            # What an alias found is known already.
            if verdict.standing is Standing.UNKNOWN and self._assessment(number).id not in judged:
                codes.setdefault(verdict.code, []).append(number)
        for code, numbers in codes.items():
            advisories = tuple(sorted(self._record(each).id for each in numbers))
            shown = ", ".join(advisories[:_SHOWN])
            more = f" and {len(advisories) - _SHOWN} more" if advisories[_SHOWN:] else ""
            yield Unjudged(
                component.purl,
                component.name,
                code,
                f"{_REASONS[code]} (version {component.version}): {shown}{more}",
                advisories,
            )

    def _missed(self, component: Identified, answer: _Answer) -> list[NearMiss]:
        told = {each for finding in answer.findings for each in finding.advisories}
        told.update(each for doubt in answer.unjudged for each in doubt.advisories)
        misses: dict[str, NearMiss] = {}
        for lookup in component.lookups:
            own = set(self._ecosystems(lookup))
            base = base_of(lookup.ecosystem)
            places = {coordinate(each, lookup.name): each for each in self._index.releases(base)}
            for named in self._index.naming(places):
                record = self._record(named.record)
                miss = self._miss(component, lookup, named.record, named.place, record)
                if places[named.coordinate] not in own and record.withdrawn is None:
                    miss = NearMiss(
                        component.purl,
                        record.id,
                        "other-release",
                        f"about {places[named.coordinate]}; you run {lookup.ecosystem}",
                    )
                kept = misses.get(record.id)
                if kept is None or kept.code == "other-release":
                    misses[record.id] = miss
        return [misses[each] for each in sorted(misses) if each not in told]

    def _miss(
        self, component: Identified, lookup: Lookup, number: int, place: int, record: OsvRecord
    ) -> NearMiss:
        if record.withdrawn is not None:
            reason = f"withdrawn on {record.withdrawn}"
            return NearMiss(component.purl, record.id, "withdrawn", reason)
        verdict = self._verdict(number, place, lookup.version)
        return NearMiss(
            component.purl,
            record.id,
            "not-in-range",
            f"affected: {verdict.affected}; you run {lookup.version}",
        )

    # -- reading records, each once ----------------------------------------------------------------

    def _load(self, numbers: set[int]) -> None:
        """Read several records at once, and forget earlier ones when there are too many."""
        if len(self._records) + len(numbers) > _CACHED:
            self._records.clear()
        missing = numbers - self._records.keys()
        if missing:
            self._records.update(self._index.records(missing))

    def _record(self, number: int) -> OsvRecord:
        if number not in self._records:
            self._load({number})
        return self._records[number]

    def _read_package(self, number: int, place: int) -> AffectedPackage:
        affected = (self._record(number).affected or ())[place]
        if affected.package is None:
            raise LookupError  # the index only has places with a package
        return affected_package(place, affected, affected.package)

    def _judge(self, number: int, place: int, version: str) -> Verdict:
        return self._package(number, place).judge(version)

    def _assess(self, number: int) -> Assessment:
        return assess(self._record(number), self._index)
