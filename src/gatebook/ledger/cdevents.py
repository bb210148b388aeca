"""Entries as CDEvents, for systems that speak them.

A kind with a counterpart in the CDEvents vocabulary (0.6.0-draft) becomes that event; every other
one becomes a custom event ``dev.cdeventsx.gatebook-….`` whose content is the entry's body. The
event's id is the entry's id, its source the log's origin, so that it can be found and proved.
"""

import json
from typing import Any, Final
from urllib.parse import quote

from gatebook.digest import Digest
from gatebook.ledger.entry import Entry, Relation, encode_entry
from gatebook.ledger.kinds import ApprovalGranted, ArtifactRecorded, DeploymentFinished

__all__ = ["SPEC_VERSION", "to_cdevent"]

SPEC_VERSION: Final = "0.6.0-draft"
_LINK_KINDS: Final = {
    Relation.REVOKES: "REVOKES",
    Relation.DECIDED_BY: "DECIDED_BY",
    Relation.STARTED_BY: "STARTED_BY",
    Relation.EVALUATES: "EVALUATES",
    Relation.LAPSES: "LAPSES",
}


def to_cdevent(index: int, entry: Entry, *, origin: str) -> dict[str, Any]:
    """Return the CDEvent of an entry, as JSON data.

    Args:
        index: the entry's position, kept in ``customData``.
        entry: the entry.
        origin: the log's name.

    """
    kind, subject_id, content = _content(entry)
    context: dict[str, Any] = {
        "specversion": SPEC_VERSION,
        "id": entry.id,
        "source": quote(origin, safe="/:.-_~"),
        "type": kind,
        "timestamp": str(entry.happened),
    }
    if entry.links:
        context["links"] = [
            {
                "linkType": "RELATION",
                "linkKind": _LINK_KINDS[link.rel],
                "target": {"contextId": link.entry},
            }
            for link in entry.links
        ]
    return {
        "context": context,
        "subject": {"id": subject_id, "source": context["source"], "content": content},
        "customData": {"index": index, "actor": str(entry.actor), "kind": entry.kind},
        "customDataContentType": "application/json",
    }


def _content(entry: Entry) -> tuple[str, str, dict[str, Any]]:
    body = entry.body
    subject = entry.subjects[0] if entry.subjects else None
    match body:
        case ArtifactRecorded() if body.build is not None and body.build.commit is not None:
            change: dict[str, Any] = {"id": str(body.build.commit)}
            if body.build.repository is not None:
                change["source"] = str(body.build.repository)
            return body.cdevent, _purl(str(body.name), subject), {"change": change}
        case DeploymentFinished():
            content = {
                "environment": {"id": str(body.environment)},
                "artifactId": _purl(str(body.name), subject),
            }
            return body.cdevent, str(body.name), content
        case ApprovalGranted():
            who = quote(body.approver.person or str(body.approver.holder), safe="")
            decided = {
                "approvalDetailsUrl": f"urn:uuid:{entry.id}",
                "resourceTargetUrl": f"urn:gatebook:environment:{body.environment}",
                "responder": f"urn:gatebook:approver:{who}",
                "decision": "approved",
                "status": "approved",
            }
            return body.cdevent, entry.id, decided
        case _:
            written = json.JSONDecoder().decode(encode_entry(entry).decode("utf-8"))
            kind = body.cdevent
            if not kind.startswith("dev.cdeventsx."):
                noun, _, verb = entry.kind.partition(".")
                kind = f"dev.cdeventsx.gatebook-{noun.replace('-', '')}.{verb}.0.1.0"
            return kind, str(subject) if subject is not None else entry.id, written["body"]


def _purl(name: str, subject: Digest | None) -> str:
    """A package URL of the generic type, with the digest as its version (purl-spec)."""
    version = "" if subject is None else "@" + quote(str(subject), safe="")
    return f"pkg:generic/{quote(name, safe='')}{version}"
