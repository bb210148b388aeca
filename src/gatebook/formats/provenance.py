"""SLSA provenance v0.2 and v1 as one record.

Builder, invocation, times, parameters and materials are in the same places for every build. Where
the source is depends on the build type; :mod:`gatebook.formats.build_source` knows.
"""

from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.clock import Instant
from gatebook.formats.build_source import (
    LOCAL_BUILD_TYPE,
    Build,
    Material,
    ProvenanceConflictError,
    ProvenanceError,
    SourceReference,
    agreed,
    read_source_v0_2,
    read_source_v1,
)
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement, read_digests

__all__ = [
    "LOCAL_BUILD_TYPE",
    "SLSA_V0_2",
    "SLSA_V1",
    "Material",
    "Provenance",
    "ProvenanceConflictError",
    "ProvenanceError",
    "SourceReference",
]

SLSA_V0_2: Final = "https://slsa.dev/provenance/v0.2"
SLSA_V1: Final = "https://slsa.dev/provenance/v1"

_MAX_MATERIALS: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How an artifact was built, whichever version said so.

    Attributes:
        predicate_type: :data:`SLSA_V0_2` or :data:`SLSA_V1`.
        build_type: how the parameters are to be understood.
        builder_id: the build platform that vouches for the rest.
        invocation_id: the run, as the build platform names it.
        source: what was built; ``None`` when the build type is not one we can read it from, or the
            place where it should stand is empty.
        parameters: the external parameters as canonical JSON text (RFC 8785), ``{}`` if none.
        started: when the build began.
        finished: when it ended.
        materials: what it used, in the order given.

    """

    predicate_type: str
    build_type: str
    builder_id: str
    invocation_id: str | None = None
    source: SourceReference | None = None
    parameters: str = "{}"
    started: Instant | None = None
    finished: Instant | None = None
    materials: tuple[Material, ...] = ()

    @classmethod
    def from_statement(cls, statement: Statement) -> "Provenance":
        """Read the predicate of a provenance statement.

        Raises:
            MalformedError: another predicate type, a required field is missing or of the wrong
                type, or two places disagree (``formats.provenance-conflict``).

        """
        predicate = Fields(statement.predicate, "provenance", ProvenanceError.code)
        match statement.predicate_type:
            case "https://slsa.dev/provenance/v0.2":
                return _read_v0_2(predicate)
            case "https://slsa.dev/provenance/v1":
                return _read_v1(predicate)
            case other:
                raise ProvenanceError(
                    f"{other[:80]!r} is not SLSA provenance v0.2 or v1",
                    code="formats.provenance-version",
                )


def _read_v0_2(predicate: Fields) -> Provenance:
    # https://slsa.dev/spec/v0.2/provenance
    build_type = predicate.text("buildType")
    invocation = predicate.optional_object("invocation") or _nothing(predicate, "invocation")
    metadata = predicate.optional_object("metadata") or _nothing(predicate, "metadata")
    materials = _materials(predicate, "materials")
    environment = invocation.optional_object("environment") or _nothing(invocation, "environment")
    build = Build(external=invocation, internal=environment, materials=materials)
    return Provenance(
        predicate_type=SLSA_V0_2,
        build_type=build_type,
        builder_id=predicate.object("builder").text("id"),
        # The SLSA GitHub generators write "buildInvocationID"; the specification, "…Id".
        invocation_id=agreed(
            metadata,
            "the invocation",
            metadata.optional_text("buildInvocationId"),
            metadata.optional_text("buildInvocationID"),
        ),
        source=read_source_v0_2(build_type, build),
        parameters=_parameters(invocation.values.get("parameters")),
        started=metadata.optional_instant("buildStartedOn"),
        finished=metadata.optional_instant("buildFinishedOn"),
        materials=materials,
    )


def _read_v1(predicate: Fields) -> Provenance:
    # https://slsa.dev/spec/v1.0/provenance
    definition = predicate.object("buildDefinition")
    run = predicate.object("runDetails")
    metadata = run.optional_object("metadata") or _nothing(run, "metadata")
    build_type = definition.text("buildType")
    external = definition.optional_object("externalParameters")
    materials = _materials(definition, "resolvedDependencies")
    build = Build(
        external=external or _nothing(definition, "externalParameters"),
        internal=definition.optional_object("internalParameters")
        or _nothing(definition, "internalParameters"),
        materials=materials,
    )
    return Provenance(
        predicate_type=SLSA_V1,
        build_type=build_type,
        builder_id=run.object("builder").text("id"),
        invocation_id=metadata.optional_text("invocationId"),
        source=read_source_v1(build_type, build),
        parameters=_parameters(build.external.values),
        started=metadata.optional_instant("startedOn"),
        finished=metadata.optional_instant("finishedOn"),
        materials=materials,
    )


def _nothing(parent: Fields, name: str) -> Fields:
    return Fields({}, f"{parent.what}.{name}", parent.code)


def _parameters(value: Json) -> str:
    return canonical.canonicalize({} if value is None else value).decode("utf-8")


def _materials(fields: Fields, name: str) -> tuple[Material, ...]:
    if len(fields.array(name)) > _MAX_MATERIALS:
        raise fields.refuse(f"{name!r} has more than {_MAX_MATERIALS} members")
    return tuple(
        Material(
            uri=item.optional_text("uri"),
            digests=read_digests(item) if item.values.get("digest") else None,
        )
        for item in fields.objects(name)
    )
