"""Who is touched: by a vulnerability, or by having a package in a range of versions."""

from gatebook.errors import MalformedError
from gatebook.vulnerabilities.ecosystems import coordinate, ecosystem_key, package_name
from gatebook.vulnerabilities.index import AdvisoryIndex
from gatebook.vulnerabilities.occurrences import (
    Occurrence,
    OccurrenceStore,
    RangeQuestion,
    range_questions,
)
from gatebook.vulnerabilities.versions.vers import VersRange

__all__ = ["exposed_to", "having_package"]


def exposed_to(
    identifier: str, index: AdvisoryIndex, occurrences: OccurrenceStore
) -> list[Occurrence]:
    """Find who has a component that a vulnerability touches.

    Asked are the records of all its identifiers, and those that derive from one of them: a
    distribution's record about the same flaw.
    """
    cluster = index.cluster(identifier)
    numbers = {*index.numbers(cluster).values()}
    numbers.update(number for each in cluster for number in index.downstream(each))
    questions = [
        question
        for record in index.records(numbers).values()
        for question in range_questions(record)
    ]
    return occurrences.having(questions)


def having_package(
    ecosystem: str, name: str, occurrences: OccurrenceStore, *, within: VersRange | None = None
) -> list[Occurrence]:
    """Find who has a package, in any version or in a range.

    A version that the range's scheme cannot order is answered as not certain, never left out.

    Args:
        ecosystem: in OSV's words; without a release it asks for all of them.
        name: of the package.
        occurrences: where to look.
        within: which versions.

    Raises:
        MalformedError: an ecosystem or a name that none can be.

    """
    key = ecosystem_key(ecosystem)
    package = package_name(key, name)
    every = coordinate(key.partition(":")[0], package)
    found = occurrences.having([RangeQuestion(coordinate(key, package), every)])
    # Asked without a range, every version is meant and nothing about it is in doubt.
    answered = (_judged(each, within) for each in found)
    return [each for each in answered if each is not None]


def _judged(found: Occurrence, within: VersRange | None) -> Occurrence | None:
    if within is None:
        return found._replace(certain=True)
    try:
        return found._replace(certain=True) if within.contains(found.version) else None
    except MalformedError:
        return found._replace(certain=False)
