"""Whatever a provenance holds, verification ends in a build or in an error of ours."""

import contextlib
import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.digest import DigestSet, sha256
from gatebook.errors import GatebookError
from gatebook.formats.intoto import Statement, Subject
from gatebook.formats.npm_publish import NPM_PUBLISH_V0_1
from gatebook.trust.identities.build_reference import Run, parse_github_reference
from gatebook.trust.identities.certificate import (
    GITHUB_ISSUER,
    CertificateIdentity,
    CertificateSubject,
    Provider,
    SubjectKind,
)
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.gcb import GCB_BUILDER, GCB_V0_1, verify_gcb
from gatebook.trust.slsa.npm import verify_npm
from gatebook.trust.slsa.verify import verify_provenance

ARTIFACT = sha256(b"api")
SHA512 = "ab" * 64
COMMIT = "a" * 40
MAIN = "refs/heads/main"
SOURCE = f"git+https://github.com/acme/api@{MAIN}"
GENERATOR = "https://github.com/slsa-framework/slsa-github-generator"
GENERIC = f"{GENERATOR}/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.1.0"
HOSTED = "https://github.com/actions/runner/github-hosted"
OWN = parse_github_reference(f"https://github.com/acme/api/.github/workflows/r.yml@{MAIN}")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
PREDICATES: dict[str, dict[str, Any]] = {
    "https://slsa.dev/provenance/v0.2": {
        "builder": {"id": GENERIC},
        "buildType": f"{GENERATOR}/generic@v1",
        "invocation": {
            "configSource": {"uri": SOURCE, "digest": {"sha1": COMMIT}, "entryPoint": "r.yml"},
            "environment": {
                "github_event_name": "workflow_dispatch",
                "github_event_payload": {"inputs": {"level": "3"}},
                "github_ref": MAIN,
                "github_ref_type": "branch",
            },
        },
        "materials": [{"uri": SOURCE, "digest": {"sha1": COMMIT}}],
    },
    "https://slsa.dev/provenance/v1": {
        "buildDefinition": {
            "buildType": "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": MAIN,
                    "repository": "https://github.com/acme/api",
                    "path": ".github/workflows/r.yml",
                }
            },
            "internalParameters": {"github": {"event_name": "push"}},
            "resolvedDependencies": [{"uri": SOURCE, "digest": {"gitCommit": COMMIT}}],
        },
        "runDetails": {"builder": {"id": HOSTED}, "metadata": {"invocationId": "u"}},
    },
    GCB_V0_1: {
        "builder": {"id": f"{GCB_BUILDER}@v0.3"},
        "recipe": {
            "type": "https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1",
            "arguments": {
                "@type": "type.googleapis.com/google.devtools.cloudbuild.v1.Build",
                "substitutions": {"TAG_NAME": "v1.2.3"},
            },
        },
        "materials": [{"uri": "https://github.com/acme/api"}],
    },
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, inner in items:
            found += places(inner, (*path, key))
    return found


def signer(workflow: str) -> CertificateIdentity:
    return CertificateIdentity(
        subject=CertificateSubject(kind=SubjectKind.URI, value=workflow),
        issuer=GITHUB_ISSUER,
        provider=Provider.GITHUB,
        signer=parse_github_reference(workflow),
        source=OWN.repository,
        source_ref=MAIN,
        source_digest=COMMIT,
        build_config=OWN,
        trigger="push",
        run=Run(uri="u"),
        runner_environment="github-hosted",
    )


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    predicate_type = draw(st.sampled_from(sorted(PREDICATES)))
    predicate = copy.deepcopy(PREDICATES[predicate_type])
    place = draw(st.sampled_from(places(predicate)))
    here: Any = predicate
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = draw(JSON)
    digests = DigestSet.of({"sha256": ARTIFACT.hex, "sha512": SHA512})
    subject = Subject(name=draw(st.none() | st.text(max_size=30)), digests=digests)
    return Statement(subjects=(subject,), predicate_type=predicate_type, predicate=predicate)


@given(
    statement=statements(),
    expected=st.booleans(),
    workflow=st.sampled_from([GENERIC, OWN.uri, None]),
)
@settings(max_examples=300)
def test_a_changed_provenance_is_judged_or_refused(
    *, statement: Statement, expected: bool, workflow: str | None
) -> None:
    expectations = ProvenanceExpectations(
        source_uri="github.com/acme/api",
        builder_id=None if workflow else GCB_BUILDER,
        source_tag="v1.2.3" if expected else None,
        workflow_inputs={"level": "3"} if expected else {},
        signer_is_expected=expected,
    )
    by = None if workflow is None else signer(workflow)
    with contextlib.suppress(GatebookError):
        verify_provenance(statement, by, expectations, subject=ARTIFACT)
    publish = Statement(
        subjects=statement.subjects,
        predicate_type=NPM_PUBLISH_V0_1,
        predicate={"name": "api", "version": "1"},
    )
    npm = ProvenanceExpectations(source_uri="github.com/acme/api", builder_id=HOSTED)
    with contextlib.suppress(GatebookError):
        digest = next(each for each in statement.subjects[0].digests.digests if len(each.hex) > 64)
        verify_npm(publish, statement, signer(OWN.uri), npm, tarball=digest)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=150)
def test_any_bytes_are_a_description_or_are_refused(data: bytes) -> None:
    with contextlib.suppress(GatebookError):
        verify_gcb(data, ProvenanceExpectations(), subject=ARTIFACT, keys={})
        raise AssertionError("nothing was signed")
