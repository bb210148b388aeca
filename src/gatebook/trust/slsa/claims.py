"""What a provenance claims, where slsa-verifier looks for it.

:class:`~gatebook.formats.provenance.Provenance` is what the rest of Gatebook reads. The rules here
compare the same facts in every place a builder states them, so they look at those places.
"""

from dataclasses import dataclass
from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.trust.slsa.builders import BuildStyle
from gatebook.trust.slsa.refusals import (
    InvalidRefError,
    ProvenancePredicateError,
    SlsaMalformedError,
    SourceMismatchError,
    WorkflowInputMismatchError,
)
from gatebook.trust.slsa.versions import split_ref

__all__ = ["GithubClaims", "ProvenanceClaims", "split_git_uri"]

_VERSIONS: Final = {
    "https://slsa.dev/provenance/v0.2": "v0.2",
    "https://slsa.dev/provenance/v1": "v1",
}


@dataclass(frozen=True, slots=True)
class ProvenanceClaims:
    """The parts every SLSA v0.2 and v1 predicate has.

    Attributes:
        version: ``v0.2`` or ``v1``.
        predicate: the whole predicate.
        build_type: how the rest is to be understood.
        builder_id: the builder it names.

    """

    version: str
    predicate: Fields
    build_type: str
    builder_id: str

    @classmethod
    def read(cls, statement: Statement) -> "ProvenanceClaims":
        """Read them.

        Raises:
            ProvenancePredicateError: another predicate type.
            SlsaMalformedError: a part is missing or of another type.

        """
        version = _VERSIONS.get(statement.predicate_type)
        if version is None:
            raise ProvenancePredicateError(
                f"{statement.predicate_type[:120]!r} is not SLSA provenance v0.2 or v1"
            )
        predicate = Fields(statement.predicate, "provenance", SlsaMalformedError.code)
        if version == "v0.2":
            build_type = predicate.text("buildType")
            builder = predicate.object("builder")
        else:
            build_type = predicate.object("buildDefinition").text("buildType")
            builder = predicate.object("runDetails").object("builder")
        return cls(version, predicate, build_type, builder.text("id"))

    @property
    def environment(self) -> Fields:
        """v0.2 ``invocation.environment``, v1 ``buildDefinition.internalParameters``."""
        if self.version == "v0.2":
            return _object(_object(self.predicate, "invocation"), "environment")
        return _object(self.predicate.object("buildDefinition"), "internalParameters")

    @property
    def external(self) -> Fields:
        """v0.2 ``invocation``, v1 ``buildDefinition.externalParameters``."""
        if self.version == "v0.2":
            return _object(self.predicate, "invocation")
        return _object(self.predicate.object("buildDefinition"), "externalParameters")

    @property
    def metadata(self) -> Fields:
        """v0.2 ``metadata``, v1 ``runDetails.metadata``."""
        parent = self.predicate if self.version == "v0.2" else self.predicate.object("runDetails")
        return _object(parent, "metadata")

    @property
    def materials(self) -> tuple[Fields, ...]:
        """v0.2 ``materials``, v1 ``buildDefinition.resolvedDependencies``."""
        if self.version == "v0.2":
            return tuple(self.predicate.objects("materials"))
        return tuple(self.predicate.object("buildDefinition").objects("resolvedDependencies"))

    @property
    def source_uri(self) -> str:
        """The first material: builders for GitHub put the source there.

        Raises:
            SlsaMalformedError: there is none, or it names nothing.

        """
        materials = self.materials
        if not materials:
            raise self.predicate.refuse("no material names the source")
        return materials[0].text("uri")


@dataclass(frozen=True, slots=True)
class GithubClaims:
    """What a builder on GitHub Actions claims about trigger, ref and inputs.

    Attributes:
        claims: the common parts.
        style: where this build type states the others.

    """

    claims: ProvenanceClaims
    style: BuildStyle

    @property
    def trigger_uri(self) -> str:
        """What started the build: ``git+https://host/owner/name@ref``.

        Raises:
            SlsaMalformedError: it is not stated.

        """
        claims = self.claims
        if claims.version == "v0.2":
            return claims.external.object("configSource").text("uri")
        if self.style.environment is None:
            workflow = claims.external.object("workflow")
            return f"git+{workflow.text('repository')}@{workflow.text('ref')}"
        environment = claims.environment
        # owner/name/path@ref; the ref may hold an "@", the rest may not.
        reference, _, ref = environment.text("GITHUB_WORKFLOW_REF").partition("@")
        owner, _, rest = reference.partition("/")
        name, _, path = rest.partition("/")
        if not (owner and name and path and ref):
            raise environment.refuse("'GITHUB_WORKFLOW_REF' is not owner/name/path@ref")
        return f"git+https://github.com/{owner}/{name}@{ref}"

    @property
    def ref(self) -> str | None:
        """The ref the source was built from, for comparing tags.

        Raises:
            SlsaMalformedError: the places that should state it do not.

        """
        style = self.style
        if style.delegated:
            _, ref = split_git_uri(self.claims.source_uri)
            if ref is None:
                raise InvalidRefError(
                    f"the source {self.claims.source_uri[:200]!r} was built from no named ref"
                )
            return ref
        if style.environment is None:
            return split_git_uri(self.trigger_uri)[1]
        return self._variable("github_ref")

    @property
    def branch(self) -> str | None:
        """The branch the source was built from, as a full ref.

        For a build of a tag it is the branch the event names as the tag's, which nothing confirms
        but GitHub's event (slsa-verifier getBranchForTag); ``None`` when the event names none.

        Raises:
            SlsaMalformedError: the places that should state it do not.

        """
        ref = self.ref
        parts = None if ref is None else split_ref(ref)
        if parts is None or parts[0] != "tags" or self.style.environment is None:
            return ref
        return self._branch_of_tag()

    def check_ref_type(self) -> None:
        """Check that ``GITHUB_REF_TYPE`` says the same as the ref, where both are stated.

        Raises:
            SlsaMalformedError: it is missing, unknown, or says something else.

        """
        if self.style.environment is None or self.style.delegated:
            return
        ref, said = self._variable("github_ref"), self._variable("github_ref_type")
        parts = split_ref(ref)
        kind = {"tags": "tag", "heads": "branch"}.get(parts[0] if parts else "", "branch")
        if said not in {"branch", "tag"} or said != kind:
            raise self.claims.environment.refuse(f"the ref {ref[:120]!r} is called a {said[:20]!r}")

    def workflow_inputs(self) -> Fields:
        """The inputs of a workflow started by hand.

        Raises:
            WorkflowInputMismatchError: something else started it.
            SlsaMalformedError: the event is not stated.

        """
        if self.style.environment is None:
            return self.claims.external.object("inputs")
        event = self._variable("github_event_name")
        if event != "workflow_dispatch":
            raise WorkflowInputMismatchError(
                f"expected a workflow started by hand (workflow_dispatch), found {event!r}"
            )
        return self._event().object("inputs")

    def _variable(self, name: str) -> str:
        environment = self.claims.environment
        return environment.text(name.upper() if self.style.environment == "upper" else name)

    def _event(self) -> Fields:
        name = "github_event_payload"
        return self.claims.environment.object(
            name.upper() if self.style.environment == "upper" else name
        )

    def _branch_of_tag(self) -> str | None:
        name = "github_base_ref"
        environment = self.claims.environment
        base = environment.optional_text(
            name.upper() if self.style.environment == "upper" else name
        )
        if base:
            return base
        match self._variable("github_event_name"):
            case "push":
                return self._event().optional_text("base_ref")
            case "release":
                branch = self._event().object("release").text("target_commitish")
                return f"refs/heads/{branch}"
            case _:
                return None


def split_git_uri(uri: str) -> tuple[str, str | None]:
    """Split ``git+https://host/owner/name[@ref]`` at the first ``@`` after the host.

    Raises:
        SourceMismatchError: not a git URI.

    """
    if not uri.startswith("git+"):
        raise SourceMismatchError(f"{uri[:200]!r} is not a git source")
    where, at, ref = uri.partition("@")
    return where, (ref or None) if at else None


def _object(parent: Fields, name: str) -> Fields:
    if not parent.has(name):
        return Fields({}, f"{parent.what}.{name}", parent.code)
    return parent.object(name)
