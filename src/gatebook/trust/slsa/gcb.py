"""Builds on Google Cloud Build (slsa-verifier, verifiers/internal/gcb).

Provenance v0.1 of the builder versions v0.2 and v0.3, and provenance v1. Google's public keys are
given by the caller, by their resource names: they are trust material, and not part of the program.
"""

import re
from collections.abc import Mapping
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import PAYLOAD_TYPE, Statement
from gatebook.trust.keys import PublicKey, SignatureInvalidError
from gatebook.trust.refusals import NoValidSignatureError, SubjectMismatchError
from gatebook.trust.slsa.builders import BuilderId
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.gcb_file import GcbDescription, GcbProvenance
from gatebook.trust.slsa.refusals import (
    BuilderMismatchError,
    BuilderUntrustedError,
    BuildTypeError,
    GcbMismatchError,
    InvalidRefError,
    ProvenancePredicateError,
    SlsaMalformedError,
    SourceMismatchError,
    TagMismatchError,
    VersionedTagMismatchError,
    WorkflowInputMismatchError,
)
from gatebook.trust.slsa.verified import SlsaBuild
from gatebook.trust.slsa.versions import check_tag, check_versioned_tag

__all__ = ["GCB_BUILDER", "GCB_V0_1", "verify_gcb", "verify_gcb_statement"]

GCB_BUILDER: Final = "https://cloudbuild.googleapis.com/GoogleHostedWorker"
GCB_V0_1: Final = "https://slsa.dev/provenance/v0.1"

_V1: Final = "https://slsa.dev/provenance/v1"
_BUILDERS: Final = {
    GCB_V0_1: frozenset({f"{GCB_BUILDER}@v0.2", f"{GCB_BUILDER}@v0.3"}),
    _V1: frozenset({GCB_BUILDER}),
}
_BUILD_TYPE_V1: Final = "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1"
_RECIPES_V0_3: Final = (
    "https://cloudbuild.googleapis.com/CloudBuildYaml@",
    "https://cloudbuild.googleapis.com/CloudBuildSteps@",
)
_ARGUMENTS: Final = "type.googleapis.com/google.devtools.cloudbuild.v1.Build"

_KEYS: Final = "projects/verified-builder/locations/"
_PAE_KEY_V1: Final = (
    f"{_KEYS}global/keyRings/attestor/cryptoKeys/google-hosted-worker/cryptoKeyVersions/1"
)
_PAE_KEY_V0_1: Final = (
    f"{_KEYS}global/keyRings/attestor/cryptoKeys/provenanceSigner/cryptoKeyVersions/1"
)
_REGIONAL_KEY: Final = re.compile(
    rf"{_KEYS}[a-z0-9-]+/keyRings/attestor/cryptoKeys/builtByGCB/cryptoKeyVersions/1\Z"
)


def verify_gcb(
    data: bytes,
    expectations: ProvenanceExpectations,
    *,
    subject: Digest,
    keys: Mapping[str, PublicKey],
) -> SlsaBuild:
    """Verify an image's description by ``gcloud``.

    1. It is read strictly and holds at least one provenance.
    2. One of them has a signature that one of ``keys`` made.
    3. That one's statement satisfies :func:`verify_gcb_statement`.
    4. What stands around it says the same: kind, image, summary, readable copy.

    Args:
        data: the JSON as received.
        expectations: what the caller expects.
        subject: the SHA-256 of the image.
        keys: Google's public keys by their resource names.

    Raises:
        MalformedError: it cannot be read.
        NoValidSignatureError: none of the keys made any of the signatures.
        AttestationRefusedError: one class and code for each other reason.

    """
    # (1) gcloud writes one document for all provenances of an image.
    description = GcbDescription.parse(data)

    # (2) provenance.go VerifySignature.
    provenance, statement = _signed(description, keys)

    # (3) verifier.go VerifyImage, in its order.
    build = verify_gcb_statement(statement, expectations, subject=subject)

    # (4) provenance.go VerifyMetadata, VerifySummary, VerifyTextProvenance.
    _check_surroundings(description, provenance, statement, subject)
    return build


def verify_gcb_statement(
    statement: Statement, expectations: ProvenanceExpectations, *, subject: Digest
) -> SlsaBuild:
    """Verify a statement that Google's key has signed.

    1. It is provenance of Cloud Build, of a version and build type that belong together.
    2. The builder is the one expected, when one is.
    3. A subject has the digest asked for.
    4. The source is the one expected.
    5. Tag and version are as expected; branches and inputs cannot be confirmed and are refused.

    Raises:
        MalformedError: the provenance lacks something.
        AttestationRefusedError: one class and code for each other reason.

    """
    predicate = Fields(statement.predicate, "provenance", SlsaMalformedError.code)
    builders = _BUILDERS.get(statement.predicate_type)
    if builders is None:
        raise ProvenancePredicateError(
            f"{statement.predicate_type[:120]!r} is not provenance of Cloud Build"
        )

    # (1) provenance.go VerifyBuilder; (2) the versions count, unlike with workflows.
    old = statement.predicate_type == GCB_V0_1
    parent = predicate if old else predicate.object("runDetails")
    named = parent.object("builder").text("id")
    if named not in builders:
        raise BuilderUntrustedError(f"{named[:200]!r} is not a builder of Cloud Build")
    builder = BuilderId.parse(named)
    expected = expectations.builder
    if expected is not None:
        builder.check_loosely(expected)
    build_type = _check_recipe(predicate, builder) if old else _check_build_type(predicate)

    # (3) VerifySubjectDigest.
    if statement.find_subject(subject) is None:
        raise SubjectMismatchError(f"the provenance is not about {subject.short}")

    # (4) VerifySourceURI.
    if old:
        source, ref = _source_v0_1(predicate), None
        _check_source_v0_1(source, builder, expectations)
    else:
        source, ref = _source_v1(predicate)
        _check_source_v1(source, expectations)

    # (5) VerifyBranch, VerifyTag, VerifyVersionedTag.
    checks = _check_options(predicate, ref, expectations, old=old)
    return SlsaBuild(
        builder=builder,
        build_type=build_type,
        source=source,
        ref=ref,
        commit=None,
        subject=subject,
        checks=(
            ("builder", named),
            ("build type", build_type),
            ("subject", str(subject)),
            ("source", source),
            *checks,
        ),
    )


def _signed(
    description: GcbDescription, keys: Mapping[str, PublicKey]
) -> tuple[GcbProvenance, Statement]:
    for provenance in description.provenances:
        if provenance.payload_type != PAYLOAD_TYPE:
            continue
        for signature in provenance.signatures:
            key = keys.get(signature.keyid)
            if key is None or not signature.sig or not provenance.payload:
                continue
            # The regional keys of builder versions up to v0.3 sign the payload alone, not the DSSE
            # encoding of type and payload. Only keys known to do so are checked that way.
            if signature.keyid in {_PAE_KEY_V1, _PAE_KEY_V0_1}:
                signed = provenance.pae
            elif _REGIONAL_KEY.match(signature.keyid) is not None:
                signed = provenance.payload
            else:
                continue
            try:
                key.check(signature.sig, signed)
            except SignatureInvalidError:
                continue
            statement = Statement.parse(provenance.payload)
            # A key signs one version: another one under it was not made by Cloud Build.
            wanted = _V1 if signature.keyid == _PAE_KEY_V1 else GCB_V0_1
            if statement.predicate_type == wanted:
                return provenance, statement
    raise NoValidSignatureError(
        "no key that was given made a signature over any of the provenances"
    )


def _check_recipe(predicate: Fields, builder: BuilderId) -> str:
    recipe = predicate.object("recipe")
    kind = recipe.text("type")
    # provenance.go validatebuildTypeV01.
    same = builder.version == "v0.2" and kind == str(builder)
    if not same and (builder.version == "v0.2" or not kind.startswith(_RECIPES_V0_3)):
        raise BuildTypeError(f"{builder} does not build by the recipe {kind[:200]!r}")
    arguments = recipe.object("arguments").text("@type")
    if arguments != _ARGUMENTS:
        raise BuilderMismatchError(f"expected arguments {_ARGUMENTS}, found {arguments[:200]!r}")
    return kind


def _check_build_type(predicate: Fields) -> str:
    build_type = predicate.object("buildDefinition").text("buildType")
    if build_type != _BUILD_TYPE_V1:
        raise BuildTypeError(f"Cloud Build does not make {build_type[:200]!r}")
    return build_type


def _source_v0_1(predicate: Fields) -> str:
    for material in predicate.objects("materials"):
        return material.text("uri").removeprefix("git+")
    raise predicate.refuse("no material names the source")


def _source_v1(predicate: Fields) -> tuple[str, str]:
    parameters = predicate.object("buildDefinition").object("externalParameters")
    config = parameters.object("buildConfigSource")
    return config.text("repository").removeprefix("git+"), config.text("ref")


def _expected_source(source: str, expectations: ProvenanceExpectations) -> str | None:
    expected = expectations.source_uri
    if expected is not None and source.startswith("https://") and "://" not in expected:
        return f"https://{expected}"
    return expected


def _check_source_v0_1(
    source: str, builder: BuilderId, expectations: ProvenanceExpectations
) -> None:
    expected = _expected_source(source, expectations)
    if expected is None:
        return
    # provenance.go verifySourceURIV01: v0.2 adds the commit to the repository; an archive in a
    # bucket has its generation after "#".
    same = builder.version == "v0.3" and source == expected
    commit = builder.version == "v0.2" and source.startswith(f"{expected}/commit/")
    archive = source.startswith(f"{expected}#")
    if not (same or commit or archive):
        raise SourceMismatchError(f"expected the source {expected}, found {source[:200]!r}")


def _check_source_v1(source: str, expectations: ProvenanceExpectations) -> None:
    expected = _expected_source(source, expectations)
    if expected is not None and source != expected:
        raise SourceMismatchError(f"expected the source {expected}, found {source[:200]!r}")


def _check_options(
    predicate: Fields, ref: str | None, expectations: ProvenanceExpectations, *, old: bool
) -> list[tuple[str, str]]:
    if expectations.source_branch is not None:
        raise InvalidRefError("provenance of Cloud Build does not confirm a branch")
    if expectations.workflow_inputs:
        raise WorkflowInputMismatchError("provenance of Cloud Build has no workflow inputs")
    checks: list[tuple[str, str]] = []
    if expectations.source_tag is not None:
        tag = _tag(predicate, ref, old=old)
        if tag is None:
            raise TagMismatchError(f"expected the tag {expectations.source_tag!r}, found none")
        check_tag(f"refs/tags/{tag}", expectations.source_tag)
        checks.append(("tag", tag))
    if expectations.source_versioned_tag is not None:
        wanted = expectations.source_versioned_tag
        tag = _tag(predicate, ref, old=old)
        if tag is None:
            raise VersionedTagMismatchError(f"expected a tag of version {wanted}, found none")
        check_versioned_tag(f"refs/tags/{tag}", wanted)
        checks.append(("versioned tag", tag))
    return checks


def _tag(predicate: Fields, ref: str | None, *, old: bool) -> str | None:
    """The substitution ``TAG_NAME``; in v1 the ref has to say the same."""
    if old:
        arguments = predicate.object("recipe").object("arguments")
        substitutions = arguments.optional_object("substitutions")
    else:
        internal = predicate.object("buildDefinition").object("internalParameters")
        substitutions = internal.optional_object("systemSubstitutions")
    tag = None if substitutions is None else substitutions.optional_text("TAG_NAME")
    if not old and tag is not None and ref != f"refs/tags/{tag}":
        raise TagMismatchError(f"the tag is {tag[:120]!r}, the ref {str(ref)[:120]!r}")
    return tag or None


def _check_surroundings(
    description: GcbDescription, provenance: GcbProvenance, statement: Statement, subject: Digest
) -> None:
    if provenance.kind != "BUILD":
        raise GcbMismatchError(
            f"the kind is {provenance.kind[:40]!r}, not BUILD", code="trust.gcb-kind"
        )
    if not provenance.resource_uri.endswith(f"@{subject}"):
        raise GcbMismatchError(
            f"the resource {provenance.resource_uri[:200]!r} is not {subject}",
            code="trust.gcb-resource",
        )
    if description.digest != str(subject) or not description.qualified.endswith(f"@{subject}"):
        raise GcbMismatchError(
            f"the summary is of {description.digest[:100]!r}, not {subject}",
            code="trust.gcb-summary",
        )
    old = statement.predicate_type == GCB_V0_1
    text = provenance.text_v0_1 if old else provenance.text_v1
    if text is None or _comparable(text) != _comparable(_signed_text(provenance)):
        raise GcbMismatchError(
            "the readable copy differs from what was signed", code="trust.gcb-text"
        )


def _signed_text(provenance: GcbProvenance) -> JsonObject:
    return canonical.as_object(canonical.loads(provenance.payload, what="statement"))


def _comparable(statement: JsonObject) -> JsonObject:
    """The fields of a statement that both forms have.

    The readable copy calls the predicate ``slsaProvenance``, which a signed v0.1 payload repeats;
    and only one of them may have ``metadata.buildInvocationId``, which is no field of v0.1.
    """
    predicate = statement.get("predicate", statement.get("slsaProvenance"))
    if isinstance(predicate, dict):
        metadata: Json = predicate.get("metadata")
        if isinstance(metadata, dict):
            metadata = {k: v for k, v in metadata.items() if k != "buildInvocationId"}
            predicate = {**predicate, "metadata": metadata}
    header = {name: statement.get(name) for name in ("_type", "predicateType", "subject")}
    return {**header, "predicate": predicate}
