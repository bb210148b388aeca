"""The form of a CTRF report, whole: every field, its type, and nothing else.

Follows the *CTRF Specification*, version 1, and what its schema requires of each object.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.clock import Instant
from gatebook.errors import MalformedError

__all__ = ["check_shape"]

_STATUS: Final = frozenset({"passed", "failed", "skipped", "pending", "other"})
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z", re.ASCII)
_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\Z", re.ASCII)
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*\Z", re.ASCII)


def _shape(required: str, optional: str) -> Mapping[str, tuple[str, bool]]:
    """Fields as ``name:type``; ``[type]`` is an array, a capital letter begins another shape."""
    pairs = ((item.partition(":"), True) for item in required.split())
    more = ((item.partition(":"), False) for item in optional.split())
    return {name: (kind, must) for (name, _, kind), must in (*pairs, *more)}


_SHAPES: Final = {
    "Report": _shape(
        "reportFormat:ctrf specVersion:version results:Results",
        "reportId:uuid runId:name timestamp:time generatedBy:text extra:object baseline:Baseline "
        "insights:RunInsights",
    ),
    "Results": _shape(
        "tool:Tool summary:Summary tests:[Test]", "environment:Environment extra:object"
    ),
    "Tool": _shape("name:name", "version:text extra:object"),
    "Summary": _shape(
        "tests:integer passed:integer failed:integer skipped:integer pending:integer other:integer "
        "start:integer stop:integer",
        "flaky:integer suites:integer duration:integer extra:object",
    ),
    "Test": _shape(
        "name:name status:status duration:integer",
        "id:uuid testId:name executionId:name start:integer stop:integer suite:[text]+ "
        "message:text trace:text snippet:text ai:text line:integer rawStatus:text tags:[text] "
        "labels:labels type:text filePath:text retries:integer retryAttempts:[Attempt] "
        "flaky:boolean stdout:[text] stderr:[text] threadId:text browser:text device:text "
        "screenshot:text attachments:[Attachment] parameters:object steps:[Step] "
        "insights:TestInsights extra:object",
    ),
    "Attempt": _shape(
        "attempt:ordinal status:status",
        "attemptId:name duration:integer message:text trace:text line:integer snippet:text "
        "stdout:[text] stderr:[text] start:integer stop:integer attachments:[Attachment] "
        "extra:object",
    ),
    "Attachment": _shape("name:text contentType:text path:text", "attachmentId:name extra:object"),
    "Step": _shape("name:text status:status", "extra:object"),
    "TestInsights": _shape(
        "",
        "passRate:Delta failRate:Delta flakyRate:Delta averageTestDuration:Delta "
        "p95TestDuration:Delta executedInRuns:integer extra:object",
    ),
    "RunInsights": _shape(
        "",
        "passRate:Delta failRate:Delta flakyRate:Delta averageRunDuration:Delta "
        "p95RunDuration:Delta averageTestDuration:Delta runsAnalyzed:integer extra:object",
    ),
    "Delta": _shape("", "current:number baseline:number change:number"),
    "Environment": _shape(
        "",
        "reportName:text appName:text appVersion:text buildId:text buildName:text "
        "buildNumber:integer buildUrl:text repositoryName:text repositoryUrl:text commit:text "
        "branchName:text osPlatform:text osRelease:text osVersion:text testEnvironment:text "
        "shardId:name healthy:boolean extra:object",
    ),
    "Baseline": _shape(
        "reportId:uuid",
        "timestamp:time source:text buildNumber:integer buildName:text buildUrl:uri commit:text "
        "extra:object",
    ),
}


def check_shape(report: Json, *, code: str) -> None:
    """Compare a report with the whole form.

    Raises:
        MalformedError: with ``code``, naming the first place that does not fit.

    """
    _check(report, "Report", "report", code)


def _check(value: Json, kind: str, path: str, code: str) -> None:
    if kind.startswith("["):
        inner, _, least = kind[1:].partition("]")
        if not isinstance(value, list):
            raise MalformedError(f"{path} must be an array", code=code)
        if least and not value:
            raise MalformedError(f"{path} must not be empty", code=code)
        for number, item in enumerate(value):
            _check(item, inner, f"{path}[{number}]", code)
    elif kind in _SHAPES:
        _check_object(value, _SHAPES[kind], path, code)
    elif not _fits(value, kind):
        raise MalformedError(f"{path} is not of the type {kind}", code=code)


def _check_object(value: Json, shape: Mapping[str, tuple[str, bool]], path: str, code: str) -> None:
    if not isinstance(value, dict):
        raise MalformedError(f"{path} must be an object", code=code)
    for name, (_, must) in shape.items():
        if must and name not in value:
            raise MalformedError(f"{path}.{name} is required", code=code)
    for name, item in value.items():
        if name not in shape:
            raise MalformedError(f"{path} has an unknown field {name[:40]!r}", code=code)
        _check(item, shape[name][0], f"{path}.{name}", code)


def _is_whole(value: Json) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _is_label(value: Json) -> bool:
    if isinstance(value, list):
        return bool(value) and all(type(item) in {str, int, float, bool} for item in value)
    return type(value) in {str, int, float, bool}


def _is_time(value: str) -> bool:
    try:
        Instant.parse(value)
    except MalformedError:
        return False
    return True


_TYPES: Final[Mapping[str, Callable[[Json], bool]]] = {
    "integer": _is_whole,
    "ordinal": lambda value: _is_whole(value) and isinstance(value, int | float) and value >= 1,
    "number": lambda value: type(value) in {int, float},
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "labels": lambda value: isinstance(value, dict) and all(map(_is_label, value.values())),
}
_TEXTS: Final[Mapping[str, Callable[[str], bool]]] = {
    "text": lambda _: True,
    "name": bool,
    "ctrf": lambda value: value == "CTRF",
    "status": lambda value: value in _STATUS,
    "time": _is_time,
    "uri": lambda value: _URI.match(value) is not None,
    "uuid": lambda value: _UUID.match(value) is not None,
    "version": lambda value: _VERSION.match(value) is not None,
}


def _fits(value: Json, kind: str) -> bool:
    if kind in _TEXTS:
        return isinstance(value, str) and _TEXTS[kind](value)
    return _TYPES[kind](value)
