"""SonarQube's issues: the answers of its API on issues and hotspots, and bare lists of issues.

Source: SonarQube Web API, ``api/issues/search`` and ``api/hotspots/search``. ``severity`` is the
old word, ``impacts`` the one of version 10 and later. The API gives pages of at most 500 issues
and never more than 10,000 in all.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.quality.report import (
    QualityError,
    QualityIssue,
    QualityReport,
    SoftwareImpact,
)
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.document_fields import once_each
from gatebook.formats.scan.entries import line, whole

__all__ = ["HOTSPOTS_READER", "LIST_READER", "READER", "SonarIssuesError", "sonar_issue"]

_SETTLED_STATUSES: Final = frozenset(
    {"RESOLVED", "CLOSED", "REVIEWED", "ACCEPTED", "FALSE_POSITIVE", "FIXED"}
)
# A hotspot that was reviewed and acknowledged is a risk that was seen, not one that is gone.
_STANDING_RESOLUTIONS: Final = frozenset({"ACKNOWLEDGED"})


class SonarIssuesError(QualityError):
    """A document is not the list of SonarQube's issues that it seems to be."""

    code = "formats.sonarqube-issues"


def sonar_issue(item: Fields) -> QualityIssue:
    """Read an issue or a hotspot.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    hotspot = item.has("ruleKey") or item.has("vulnerabilityProbability")
    # "issueStatus" is the word of version 10.4 and later, "status" that of all others.
    status = item.optional_text("issueStatus") or item.optional_text("status") or None
    resolution = item.optional_text("resolution") or None
    settled = (status or "").upper() in _SETTLED_STATUSES or resolution is not None
    if (resolution or "").upper() in _STANDING_RESOLUTIONS:
        settled = False
    return QualityIssue(
        key=item.text("key"),
        rule=item.optional_text("rule") or item.text("ruleKey"),
        type="SECURITY_HOTSPOT" if hotspot else item.optional_text("type") or None,
        severity=item.optional_text("severity")
        or item.optional_text("vulnerabilityProbability")
        or None,
        impacts=tuple(
            SoftwareImpact(quality=each.text("softwareQuality"), severity=each.text("severity"))
            for each in item.objects("impacts")
        ),
        status=status,
        standing=not settled,
        settled_by=": ".join(part for part in (status, resolution) if part) if settled else None,
        component=item.optional_text("component") or None,
        line=whole(item, "line"),
        message=line(item, "message"),
    )


def _paging(root: Fields, shown: int) -> Iterator[str]:
    paging = root.optional_object("paging")
    totals = [whole(root, "total")]
    if paging is not None:
        totals.append(whole(paging, "total"))
    total = max((each for each in totals if each is not None), default=None)
    if total is None:
        yield "the answer does not say how many there are"
    elif total > shown:
        yield f"{total} are counted and {shown} are listed: a page is missing"


def _report(
    form: DocumentFormat, issues: list[Fields], incomplete: tuple[str, ...]
) -> QualityReport:
    projects = once_each(each.optional_text("project") for each in issues)
    return QualityReport(
        format=form,
        project=projects[0] if len(projects) == 1 else None,
        issues=tuple(sonar_issue(each) for each in issues),
        incomplete=incomplete,
        notes=(f"issues of {len(projects)} projects",) if len(projects) > 1 else (),
    )


def _page_reader(name: str, form: DocumentFormat) -> Reader[QualityReport]:
    def recognises(document: Document) -> bool:
        root = document.root
        return (
            root is not None
            and isinstance(root.get(name), list)
            and (isinstance(root.get("paging"), dict) or ("total" in root and "ps" in root))
        )

    def read(document: Document) -> QualityReport:
        if document.root is None:
            raise SonarIssuesError(f"an answer on {name} must be a JSON object")
        root = Fields(document.root, f"answer on {name}", SonarIssuesError.code)
        if not root.has(name):
            raise root.refuse(f"{name!r} is required, as [] when there is none")
        issues = list(root.objects(name))
        return _report(form, issues, tuple(_paging(root, len(issues))))

    def describe(document: Document) -> Mapping[str, Json]:
        items = listed(document.root, name)
        counted: dict[str, Json] = {} if name == "issues" else {"keys": [*_keys(document)]}
        return counted | {name: len(items)} | _counts(items)

    return Reader(
        format=form, family=Family.QUALITY, recognises=recognises, read=read, describe=describe
    )


def _keys(document: Document) -> list[str]:
    return sorted(document.root or {})[:8]


def _counts(items: list[Json]) -> dict[str, Json]:
    return {
        "severity": count_words(
            member(item, "severity") or member(item, "vulnerabilityProbability") for item in items
        ),
        "status": count_words(member(item, "status") for item in items),
    }


def _recognises_list(document: Document) -> bool:
    first = document.items[0] if document.items else None
    return isinstance(first, dict) and first.keys() >= {"key", "rule", "component", "project"}


def _read_list(document: Document) -> QualityReport:
    if document.items is None:
        raise SonarIssuesError("a list of issues must be a JSON array")
    issues = [
        Fields.of(item, what=f"issues[{number}]", code=SonarIssuesError.code)
        for number, item in enumerate(document.items)
    ]
    # A list of issues taken out of the API's answers: whether it is all of them is not said.
    return _report(
        DocumentFormat.SONARQUBE_ISSUE_LIST, issues, ("the list does not say how many there are",)
    )


def _describe_list(document: Document) -> Mapping[str, Json]:
    items = document.items or []
    return {"items": len(items), "issues": len(items), **_counts(items)}


READER: Final[Reader[QualityReport]] = _page_reader("issues", DocumentFormat.SONARQUBE_ISSUES)
HOTSPOTS_READER: Final[Reader[QualityReport]] = _page_reader(
    "hotspots", DocumentFormat.SONARQUBE_HOTSPOTS
)
LIST_READER: Final[Reader[QualityReport]] = Reader(
    format=DocumentFormat.SONARQUBE_ISSUE_LIST,
    family=Family.QUALITY,
    recognises=_recognises_list,
    read=_read_list,
    describe=_describe_list,
)
