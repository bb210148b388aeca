"""SonarQube's quality gate: the answer of its API, and the payload of its webhook.

Source: SonarQube Web API, ``api/qualitygates/project_status``; SonarQube documentation,
"Webhooks". A webhook is sent as well when the analysis failed: then there is no gate.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.quality.report import (
    GateCondition,
    GateStatus,
    QualityError,
    QualityReport,
)
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.counting import count_words, listed, member
from gatebook.formats.scan.entries import flag
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER", "WEBHOOK_READER", "SonarGateError", "conditions_of", "gate_status"]

_SUCCESS: Final = "SUCCESS"


class SonarGateError(QualityError):
    """A document is not the verdict of a quality gate that it seems to be."""

    code = "formats.sonarqube-gate"


def gate_status(fields: Fields, name: str = "status") -> GateStatus:
    """The status ``name``.

    Raises:
        MalformedError: absent, or not a status of a quality gate.

    """
    written = fields.text(name)
    try:
        return GateStatus(written)
    except ValueError:
        raise fields.refuse(
            f"{name!r} {written[:40]!r} is not a status of a quality gate"
        ) from None


def conditions_of(gate: Fields) -> tuple[GateCondition, ...]:
    """The conditions of a gate, as the API or the webhook names their fields.

    Raises:
        MalformedError: a required field is missing, or one is of the wrong type.

    """
    return tuple(
        GateCondition(
            metric=each.optional_text("metricKey") or each.text("metric"),
            status=gate_status(each),
            operator=each.optional_text("comparator") or each.optional_text("operator") or None,
            threshold=each.optional_text("errorThreshold")
            or each.optional_text("warningThreshold")
            or None,
            actual=each.optional_text("actualValue") or each.optional_text("value") or None,
        )
        for each in gate.objects("conditions")
    )


def _disagreement(gate: GateStatus, conditions: tuple[GateCondition, ...]) -> Iterator[str]:
    failed = [each.metric for each in conditions if each.status is GateStatus.ERROR]
    if gate is GateStatus.OK and failed:
        yield f"the gate is OK although conditions failed: {', '.join(failed)}"


def _recognises(document: Document) -> bool:
    return isinstance(member(document.root, "projectStatus"), dict)


def _read(document: Document) -> QualityReport:
    if document.root is None:
        raise SonarGateError("the status of a project must be a JSON object")
    root = Fields(document.root, "project status", SonarGateError.code)
    status = root.object("projectStatus")
    gate = gate_status(status)
    conditions = conditions_of(status)
    notes = []
    if flag(status, "ignoredConditions"):
        notes.append("conditions on coverage and duplication were not applied: few lines changed")
    return QualityReport(
        format=DocumentFormat.SONARQUBE_QUALITY_GATE,
        gate=gate,
        conditions=conditions,
        incomplete=(
            *(("no gate was computed",) if gate is GateStatus.NONE else ()),
            *_disagreement(gate, conditions),
        ),
        notes=(*notes, "the answer does not say which revision was analysed"),
    )


def _describe(document: Document) -> Mapping[str, Json]:
    status = member(document.root, "projectStatus", "status")
    return {
        "status": status if isinstance(status, str) else None,
        "conditions": len(listed(document.root, "projectStatus", "conditions")),
        "condition_status": count_words(
            member(each, "status") for each in listed(document.root, "projectStatus", "conditions")
        ),
    }


def _recognises_webhook(document: Document) -> bool:
    root = document.root
    return (
        root is not None
        and "taskId" in root
        and isinstance(root.get("project"), dict)
        and ("qualityGate" in root or "serverUrl" in root)
    )


def _read_webhook(document: Document) -> QualityReport:
    if document.root is None:
        raise SonarGateError("the payload of a webhook must be a JSON object")
    root = Fields(document.root, "webhook payload", SonarGateError.code)
    task = root.text("status")
    gate = root.optional_object("qualityGate")
    branch = root.optional_object("branch")
    project = root.object("project")
    status = gate_status(gate) if gate is not None else GateStatus.NONE
    conditions = conditions_of(gate) if gate is not None else ()
    incomplete = []
    if task != _SUCCESS:
        incomplete.append(f"the analysis task is {task}")
    if gate is None or status is GateStatus.NONE:
        incomplete.append("no gate was computed")
    return QualityReport(
        format=DocumentFormat.SONARQUBE_WEBHOOK,
        gate=status,
        gate_name=gate.optional_text("name") or None if gate is not None else None,
        conditions=conditions,
        revision=root.optional_text("revision") or None,
        analysed=time_at(root, "analysedAt") or time_at(root, "changedAt"),
        project=project.optional_text("key") or project.text("name"),
        branch=branch.optional_text("name") or None if branch is not None else None,
        task=root.text("taskId"),
        incomplete=(*incomplete, *_disagreement(status, conditions)),
    )


def _describe_webhook(document: Document) -> Mapping[str, Json]:
    root = document.root

    def text(*path: str) -> str | None:
        found = member(root, *path)
        return found if isinstance(found, str) else None

    return {
        "status": text("qualityGate", "status"),
        "task_status": text("status"),
        "conditions": len(listed(root, "qualityGate", "conditions")),
        "project": text("project", "key"),
        "branch": text("branch", "name"),
        "revision": text("revision"),
    }


READER: Final[Reader[QualityReport]] = Reader(
    format=DocumentFormat.SONARQUBE_QUALITY_GATE,
    family=Family.QUALITY,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
WEBHOOK_READER: Final[Reader[QualityReport]] = Reader(
    format=DocumentFormat.SONARQUBE_WEBHOOK,
    family=Family.QUALITY,
    recognises=_recognises_webhook,
    read=_read_webhook,
    describe=_describe_webhook,
)
