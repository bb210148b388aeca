"""in-toto layouts of both kinds, and their small languages."""

import fnmatch
from collections.abc import Iterator

from fuzz import kit
from fuzz.target import Target, expect
from gatebook import canonical
from gatebook.canonical import as_object
from gatebook.clock import Instant
from gatebook.formats.layout.evidence import StepEvidence
from gatebook.formats.layout.expression import AttributeRule
from gatebook.formats.layout.links import read_claim, read_link
from gatebook.formats.layout.metadata import MetadataKind, SignedMetadata
from gatebook.formats.layout.rules import GlobPattern
from gatebook.trust.layout.attestations import verify_attestation_layout
from gatebook.trust.layout.verified import VerifiedLayout, VerifiedLayoutSteps
from gatebook.trust.layout.verify import verify_layout, verify_layout_steps

AT = Instant.parse("2026-11-20T12:00:00Z")


def _links() -> list[StepEvidence]:
    code = kit.link("code", {}, kit.SOURCE)
    build = kit.link("build", kit.SOURCE, {**kit.SOURCE, **kit.BUILT})
    return [
        StepEvidence(name="code.link", data=kit.metablock(code, "ana")),
        StepEvidence(name="build.link", data=kit.metablock(build, "ben")),
    ]


def _layout_metadata(data: bytes) -> None:
    metadata = SignedMetadata.parse(data)
    expect(isinstance(metadata.kind, MetadataKind), "another type")
    (read_claim if metadata.kind is MetadataKind.STATEMENT else read_link)(metadata)


def _layout(data: bytes) -> None:
    """What a believed owner signs can still be anything."""
    content = as_object(canonical.loads(data))
    signed = kit.metablock(content, "owner")
    owners = [kit.signer("owner").public_key]
    steps = verify_layout_steps(signed, owners=owners, evidence=_links(), at=AT)
    expect(isinstance(steps, VerifiedLayoutSteps), "another type")
    expect(all(step.signers for step in steps.steps), "a step that nobody signed was verified")
    done = verify_layout(signed, owners=owners, evidence=_links(), at=AT)
    expect(type(done) is VerifiedLayout and not done.inspections, "an inspection was passed over")


def _layout_link(data: bytes) -> None:
    """What a believed functionary signs can still be anything."""
    content = as_object(canonical.loads(data))
    layout = kit.metablock(kit.layout(), "owner")
    evidence = [StepEvidence(name="code", data=kit.metablock(content, "ana")), _links()[1]]
    owners = [kit.signer("owner").public_key]
    done = verify_layout(layout, owners=owners, evidence=evidence, at=AT)
    products = done.steps[0].products
    expect(all(name.startswith("src/") for name in products), "a disallowed product was verified")


def _layout_unsigned(data: bytes) -> None:
    owners = [kit.signer("nobody").public_key]
    done = verify_layout(data, owners=owners, evidence=_links(), at=AT)
    expect(done is None, "a layout that nobody signed was verified")


def _attestation_layout(data: bytes) -> None:
    payload = kit.compact(kit.STATEMENT)
    evidence = [StepEvidence(name="build", data=kit.envelope(payload, "ana"), step="build")]
    done = verify_attestation_layout(data, evidence=evidence, at=AT)
    expect(isinstance(done, VerifiedLayout), "another type")
    expect(all(step.signers for step in done.steps), "a step that nobody signed was verified")


def _attribute_rule(data: bytes) -> None:
    rule = AttributeRule.parse(data.decode("utf-8", "replace"))
    answer = rule.holds({"predicate": kit.STATEMENT["predicate"], "subject": [], "type": "x"})
    expect(isinstance(answer, bool), "a rule that is neither true nor false")


def _pattern(data: bytes) -> None:
    text, _, name = data.decode("utf-8", "replace").partition("\n")
    found = GlobPattern.parse(text).matches(name)
    if len(text) <= 24:  # the other one takes exponential time for some patterns
        expect(found == fnmatch.fnmatchcase(name, text), "read differently than by others")


def _attestation_layouts() -> Iterator[bytes]:
    public = kit.ed25519_key("ana").public_key().public_bytes_raw().hex()
    yield f"""expires: "2100-01-01T00:00:00Z"
functionaries:
  {kit.signer("ana").public_key.spki.hex}:
    keyType: ed25519
    scheme: ed25519
    keyVal:
      public: "{public}"
steps:
  - name: build
    expectedMaterials: ["ALLOW *"]
    expectedProducts: ["CREATE app", "DISALLOW *"]
    expectedPredicates:
      - predicateType: https://slsa.dev/provenance/v1
        functionaries: [{kit.signer("ana").public_key.spki.hex}]
        expectedAttributes:
          - rule: "size(predicate.buildDefinition.resolvedDependencies) == 1"
            allowIfNoClaim: true
""".encode()


TARGETS = (
    Target(
        name="layout-metadata",
        check=_layout_metadata,
        seeds=lambda: [
            kit.metablock(kit.layout(), "owner"),
            *(item.data for item in _links()),
            kit.envelope(kit.compact(kit.link("code", {}, kit.SOURCE)), "ana"),
            kit.envelope(
                kit.compact(
                    kit.statement(
                        "https://in-toto.io/attestation/link/v0.3",
                        {"name": "code", "command": ["make"], "materials": []},
                    )
                ),
                "ana",
            ),
        ],
    ),
    Target(name="layout", check=_layout, seeds=lambda: [kit.compact(kit.layout())]),
    Target(
        name="layout-link",
        check=_layout_link,
        seeds=lambda: [
            kit.compact(kit.link("code", {}, kit.SOURCE)),
            kit.compact(kit.layout()),
        ],
    ),
    Target(
        name="layout-unsigned",
        check=_layout_unsigned,
        seeds=lambda: [kit.metablock(kit.layout(), "owner")],
    ),
    Target(
        name="attestation-layout",
        check=_attestation_layout,
        seeds=_attestation_layouts,
        vectors=("attest/in-toto-layout/layout.yml",),
        max_len=8192,
    ),
    Target(
        name="attribute-rule",
        check=_attribute_rule,
        seeds=lambda: [
            b"predicate.buildDefinition.buildType == 'x' || size(subject) >= 0",
            b"has(predicate.a) && !(predicate['b'][0] in [1, 2.5, \"c\", true, null])",
            b"type.startsWith('x') && type.contains('x')",
        ],
        max_len=512,
    ),
    Target(
        name="pattern",
        check=_pattern,
        seeds=lambda: [b"src/*.[ch]\nsrc/main.c", b"**/?\na/b", b"[a-c]x\nbx"],
        max_len=256,
    ),
)
