"""The tables of the index: one frozen record per row.

Instants are Unix milliseconds and names are text here, because rows are compared and sorted, not
interpreted; queries give the parsed values back. Every row has the ``index`` of its entry.
"""

from typing import Final, NamedTuple, TypeAlias

__all__ = [
    "TABLES",
    "AdvisoriesRow",
    "ApprovalRow",
    "ArtifactRow",
    "ContractRow",
    "DecisionRow",
    "DeploymentRow",
    "EntryRow",
    "EvidenceRow",
    "EvidenceTypeRow",
    "LapseRow",
    "MatchRow",
    "SlotRow",
    "SubjectRow",
    "Table",
    "TableRow",
    "TrustRootRow",
]


class EntryRow(NamedTuple):
    """Every entry: its kind, when it was received and when it happened."""

    at: int
    id: str
    kind: str
    actor: str
    time: int
    happened: int


class SubjectRow(NamedTuple):
    """An entry is about an artifact."""

    at: int
    digest: str


class ArtifactRow(NamedTuple):
    """An artifact was recorded."""

    at: int
    digest: str
    name: str
    artifact: str
    repository: str | None
    commit: str | None
    ref: str | None
    run: str | None


class EvidenceRow(NamedTuple):
    """Evidence about an artifact: ``accepted``, ``reported`` or ``refused``."""

    at: int
    digest: str | None
    outcome: str
    predicate_type: str
    document: str


class EvidenceTypeRow(NamedTuple):
    """A definition of a custom evidence type."""

    at: int
    name: str
    definition: str


class AdvisoriesRow(NamedTuple):
    """A snapshot of advisories."""

    at: int
    snapshot: str


class MatchRow(NamedTuple):
    """What a snapshot says of an artifact's SBOM; ``document`` is the report."""

    at: int
    digest: str
    sbom: str
    snapshot: str
    document: str


class LapseRow(NamedTuple):
    """An ``allow``, by the id of its entry, that would not be given again."""

    at: int
    digest: str
    environment: str
    decision: str
    code: str


class ApprovalRow(NamedTuple):
    """An approval of an artifact for an environment, and the entry that ended it."""

    at: int
    digest: str
    environment: str
    role: str
    approver: str
    person: str | None
    outcome: str
    revoked_at: int | None


class ContractRow(NamedTuple):
    """A contract of an environment."""

    at: int
    environment: str
    contract: str


class TrustRootRow(NamedTuple):
    """A trust root."""

    at: int
    root: str


class DecisionRow(NamedTuple):
    """A decision about an artifact and an environment."""

    at: int
    digest: str
    environment: str
    verdict: str
    document: str
    valid_until: int | None


class DeploymentRow(NamedTuple):
    """What an environment ran under a name: from when, until when, and what carried it there.

    ``status`` is ``started``, ``finished`` or ``failed``; only a finished one runs. ``until`` is
    when another finished deployment took the name, ``None`` while it runs.
    """

    at: int
    environment: str
    name: str
    digest: str
    status: str
    since: int
    until: int | None
    decided_by: str | None


class SlotRow(NamedTuple):
    """A name under which an environment ever ran anything."""

    at: int
    environment: str
    name: str


TableRow: TypeAlias = (
    EntryRow
    | SubjectRow
    | ArtifactRow
    | EvidenceRow
    | EvidenceTypeRow
    | AdvisoriesRow
    | MatchRow
    | LapseRow
    | ApprovalRow
    | ContractRow
    | TrustRootRow
    | DecisionRow
    | DeploymentRow
    | SlotRow
)


class Table(NamedTuple):
    """A table: its name, its row class, and the columns it is looked up by."""

    name: str
    row: type[TableRow]
    lookups: tuple[tuple[str, ...], ...]


TABLES: Final = (
    Table("entry", EntryRow, (("at",), ("id",), ("kind", "at"), ("happened",))),
    Table("subject", SubjectRow, (("digest", "at"), ("at",))),
    Table("artifact", ArtifactRow, (("digest",), ("commit",), ("name",), ("repository",))),
    Table("evidence", EvidenceRow, (("digest", "at"), ("document",))),
    Table("evidence_type", EvidenceTypeRow, (("name", "at"),)),
    Table("advisories", AdvisoriesRow, (("at",), ("snapshot",))),
    Table("advisory_match", MatchRow, (("digest", "at"), ("at",), ("snapshot",))),
    Table("lapse", LapseRow, (("digest", "environment"), ("decision",), ("environment", "at"))),
    Table("approval", ApprovalRow, (("digest", "environment"), ("at",), ("person",))),
    Table("contract", ContractRow, (("environment", "at"),)),
    Table("trust_root", TrustRootRow, (("at",),)),
    Table("decision", DecisionRow, (("digest", "environment"), ("environment", "at"), ("at",))),
    Table(
        "deployment",
        DeploymentRow,
        (("environment", "name", "since"), ("digest",), ("environment", "at"), ("at",)),
    ),
    Table("slot", SlotRow, (("environment", "name"),)),
)
"""Every table of the index; stores create exactly these, with an index per lookup."""
