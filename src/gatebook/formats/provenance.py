"""SLSA provenance v0.1, v0.2 and v1, and Witness collections, as one record.

Builder, invocation, times, parameters and materials are in the same places for every build. Where
the source is depends on the build type; :mod:`gatebook.formats.build.source` knows. What a field
does not say stays unknown; what two fields say differently is refused.
"""

from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.clock import Instant
from gatebook.formats.build.buildkit import BUILDKIT_V0_2, BUILDKIT_V1
from gatebook.formats.build.gitlab import is_gitlab, read_gitlab_digests
from gatebook.formats.build.reference import nothing, optional_digests
from gatebook.formats.build.source import (
    LOCAL_BUILD_TYPE,
    Build,
    Material,
    ProvenanceConflictError,
    ProvenanceError,
    SourceReference,
    agreed,
    read_source_v0_1,
    read_source_v0_2,
    read_source_v1,
)
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import PredicateKind, Statement
from gatebook.formats.witness import WitnessCollection

__all__ = [
    "LOCAL_BUILD_TYPE",
    "SLSA_V0_1",
    "SLSA_V0_2",
    "SLSA_V1",
    "Material",
    "Provenance",
    "ProvenanceConflictError",
    "ProvenanceError",
    "SourceReference",
]

SLSA_V0_1: Final = "https://slsa.dev/provenance/v0.1"
SLSA_V0_2: Final = "https://slsa.dev/provenance/v0.2"
SLSA_V1: Final = "https://slsa.dev/provenance/v1"

_MAX_MATERIALS: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How an artifact was built, whichever version said so.

    Attributes:
        predicate_type: :data:`SLSA_V0_1`, :data:`SLSA_V0_2`, :data:`SLSA_V1`, or the type of a
            Witness collection.
        build_type: how the parameters are to be understood; empty when v0.1 has no recipe.
        builder_id: the build platform that vouches for the rest; empty when it gave itself no
            name, as BuildKit does by default and Witness always, so that no rule about a builder
            can be satisfied.
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
            case "https://slsa.dev/provenance/v0.1":
                return _read_v0_1(predicate)
            case "https://slsa.dev/provenance/v0.2":
                return _read_v0_2(predicate)
            case "https://slsa.dev/provenance/v1":
                return _read_v1(predicate)
            case _ if statement.kind is PredicateKind.WITNESS_COLLECTION:
                return _from_witness(WitnessCollection.from_statement(statement))
            case other:
                raise ProvenanceError(
                    f"{other[:80]!r} is not SLSA provenance v0.1, v0.2 or v1",
                    code="formats.provenance-version",
                )


def _read_v0_1(predicate: Fields) -> Provenance:
    # https://slsa.dev/spec/v0.1/provenance
    recipe = predicate.optional_object("recipe")
    metadata = predicate.optional_object("metadata") or nothing(predicate, "metadata")
    build_type = "" if recipe is None else recipe.text("type")
    recipe = recipe or nothing(predicate, "recipe")
    materials = _materials(predicate, "materials")
    environment = recipe.optional_object("environment") or nothing(recipe, "environment")
    build = Build(external=recipe, internal=environment, materials=materials)
    return Provenance(
        predicate_type=SLSA_V0_1,
        build_type=build_type,
        builder_id=predicate.object("builder").text("id"),
        invocation_id=metadata.optional_text("buildInvocationId"),
        source=read_source_v0_1(build_type, build),
        parameters=_parameters(recipe.values.get("arguments")),
        started=metadata.optional_instant("buildStartedOn"),
        finished=metadata.optional_instant("buildFinishedOn"),
        materials=materials,
    )


def _read_v0_2(predicate: Fields) -> Provenance:
    # https://slsa.dev/spec/v0.2/provenance
    build_type = predicate.text("buildType")
    invocation = predicate.optional_object("invocation") or nothing(predicate, "invocation")
    metadata = predicate.optional_object("metadata") or nothing(predicate, "metadata")
    materials = _materials(predicate, "materials", gitlab=is_gitlab(build_type))
    environment = invocation.optional_object("environment") or nothing(invocation, "environment")
    build = Build(
        external=invocation, internal=environment, materials=materials, steps=_steps(predicate)
    )
    return Provenance(
        predicate_type=SLSA_V0_2,
        build_type=build_type,
        builder_id=_builder(predicate.object("builder"), build_type),
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
    metadata = run.optional_object("metadata") or nothing(run, "metadata")
    build_type = definition.text("buildType")
    external = definition.optional_object("externalParameters")
    materials = _materials(definition, "resolvedDependencies", gitlab=is_gitlab(build_type))
    build = Build(
        external=external or nothing(definition, "externalParameters"),
        internal=definition.optional_object("internalParameters")
        or nothing(definition, "internalParameters"),
        materials=materials,
    )
    return Provenance(
        predicate_type=SLSA_V1,
        build_type=build_type,
        builder_id=_builder(run.object("builder"), build_type),
        # The Go library of in-toto, and so BuildKit, writes "invocationID".
        invocation_id=agreed(
            metadata,
            "the invocation",
            metadata.optional_text("invocationId"),
            metadata.optional_text("invocationID"),
        ),
        source=read_source_v1(build_type, build),
        parameters=_parameters(build.external.values),
        started=metadata.optional_instant("startedOn"),
        finished=metadata.optional_instant("finishedOn"),
        materials=materials,
    )


def _from_witness(collection: WitnessCollection) -> Provenance:
    return Provenance(
        predicate_type=collection.predicate_type,
        build_type=collection.predicate_type,
        builder_id="",
        invocation_id=collection.invocation_id,
        source=collection.source,
        parameters=_parameters({"name": collection.name, "command": list(collection.command)}),
        started=collection.started,
        finished=collection.finished,
        materials=collection.materials,
    )


def _builder(builder: Fields, build_type: str) -> str:
    # "builder.id" is required; BuildKit leaves it empty unless it is told one.
    if build_type in {BUILDKIT_V0_2, BUILDKIT_V1} and builder.optional_text("id") == "":
        return ""
    return builder.text("id")


def _steps(predicate: Fields) -> Fields:
    # Its form is the build type's own affair: what is no object is nothing we could look into.
    if not isinstance(predicate.values.get("buildConfig"), dict):
        return nothing(predicate, "buildConfig")
    return predicate.object("buildConfig")


def _parameters(value: Json) -> str:
    return canonical.canonicalize({} if value is None else value).decode("utf-8")


def _materials(fields: Fields, name: str, *, gitlab: bool = False) -> tuple[Material, ...]:
    if len(fields.array(name)) > _MAX_MATERIALS:
        raise fields.refuse(f"{name!r} has more than {_MAX_MATERIALS} members")
    read = read_gitlab_digests if gitlab else optional_digests
    return tuple(
        Material(
            uri=item.optional_text("uri"),
            digests=read(item),
            name=_name(item),
        )
        for item in fields.objects(name)
    )


def _name(item: Fields) -> str | None:
    # v0.2 has no such field, so that any value of it is somebody's extension.
    value = item.values.get("name")
    return value if isinstance(value, str) else None
