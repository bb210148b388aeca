"""What a reader of a JSON report begins with: its root, in typed fields, or a refusal."""

from collections.abc import Iterable, Iterator

from gatebook.canonical import Json
from gatebook.errors import MalformedError
from gatebook.formats.cvss import parse_vector
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.scan.entries import assessment
from gatebook.formats.scan.report import Cvss, FixState, ScanError, Severity
from gatebook.formats.scan.severity import highest, severity_of_score

__all__ = [
    "each_of",
    "fix_of",
    "once_each",
    "only_if_given",
    "rated",
    "root_items",
    "root_of",
    "severity_of_cvss",
]


def root_of(document: Document, what: str, error: type[ScanError]) -> Fields:
    """The JSON object the document is.

    Raises:
        ScanError: it is none, with the code of ``error``.
        MalformedError: it is not strict JSON.

    """
    if document.root is None:
        raise error(f"{what} must be a JSON object")
    return Fields(document.root, what, error.code)


def root_items(document: Document, what: str, error: type[ScanError]) -> Iterator[Fields]:
    """The objects of the JSON array the document is.

    An empty array is refused: nothing in it says whose it is, and none found is not for it to say.

    Raises:
        ScanError: it is none or empty, with the code of ``error``.
        MalformedError: it is not strict JSON, or a member is not an object.

    """
    if not document.items:
        raise error(f"{what} must be a JSON array that is not empty")
    return each_of(document.items, what, error.code)


def each_of(items: Iterable[Json], what: str, code: str) -> Iterator[Fields]:
    """The members of an array, each an object.

    Raises:
        MalformedError: a member is not an object.

    """
    for number, item in enumerate(items):
        yield Fields.of(item, what=f"{what}[{number}]", code=code)


def only_if_given(*parts: str | None) -> tuple[str, ...]:
    """The texts among ``parts`` that are there and not empty."""
    return tuple(part for part in parts if part)


def once_each(parts: Iterable[str | None]) -> tuple[str, ...]:
    """The texts among ``parts`` in order, each once, without empty ones."""
    return tuple(dict.fromkeys(part for part in parts if part))


def fix_of(versions: Iterable[str]) -> FixState:
    """``FIXED`` where there is a version without the flaw, else ``NOT_FIXED``.

    For reports whose writers list every version known to be without the flaw.
    """
    return FixState.FIXED if any(versions) else FixState.NOT_FIXED


def rated(vector: str | None, source: str | None = None) -> Cvss | None:
    """The assessment a vector alone makes: its base score is computed (FIRST, CVSS v2 to v4.0).

    A vector that cannot be read is kept as written, without a score.
    """
    if not vector:
        return None
    try:
        score = float(parse_vector(vector).base_score)
    except MalformedError:
        return assessment(vector, None, source)
    return assessment(vector, score, source)


def severity_of_cvss(assessments: Iterable[Cvss]) -> Severity:
    """The worst band of several assessments, for reports that give no word of their own."""
    return highest(severity_of_score(each.score, version=each.version) for each in assessments)
