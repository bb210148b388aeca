"""What people write: trust roots and constraints; and the first verifier."""

from collections.abc import Iterator

from fuzz import kit
from fuzz.target import Target, expect
from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats import strict_yaml
from gatebook.formats.fields import Fields
from gatebook.trust.identities.constraint import IdentityConstraint
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.verified import VerifiedStatement
from gatebook.trust.verify import verify_attestation

AT = Instant.parse("2026-11-20T12:00:00Z")
GITHUB = b"issuer: https://token.actions.githubusercontent.com\n"
SUBJECT = Digest("sha256", "9" * 64)


def _root_text(who: str = "ana") -> bytes:
    block = kit.signer(who).public_pem.decode().strip().replace("\n", "\n      ")
    return f"""trust-root: gatebook/trust-root/v1
keys:
  - id: ci
    public-key: |
      {block}
    may-attest: [provenance, sbom]
    repositories: ["https://github.com/acme/*"]
    environments: [prod]
""".encode()


def _trust_root(data: bytes) -> None:
    root = TrustRoot.parse(data)
    expect(isinstance(root, TrustRoot), "another type")


def _verify(data: bytes) -> None:
    done = verify_attestation(data, subject=SUBJECT, root=TrustRoot.parse(_root_text()), at=AT)
    expect(isinstance(done, VerifiedStatement), "another type")
    expect(bool(done.signers), "a statement that nobody signed was verified")


def _verify_payload(data: bytes) -> None:
    """What a believed key signs can still be anything."""
    _verify(kit.envelope(data, "ana"))


def _verify_wrong_key(data: bytes) -> None:
    root = TrustRoot.parse(_root_text("nobody"))
    done = verify_attestation(data, subject=SUBJECT, root=root, at=AT)
    expect(done is None, "a statement was verified with a key that signed nothing")


def _identity_constraint(data: bytes) -> None:
    fields = Fields.of(strict_yaml.loads(data), what="constraint", code="fuzz.constraint")
    read = IdentityConstraint.read(fields)
    expect(bool(read.parts) or bool(read.build_signer), "a constraint that says nothing was read")


def _envelopes() -> Iterator[bytes]:
    yield kit.envelope(kit.compact(kit.STATEMENT), "ana")


TARGETS = (
    Target(name="trust-root", check=_trust_root, seeds=lambda: [_root_text()]),
    Target(name="verify", check=_verify, seeds=_envelopes),
    Target(
        name="verify-payload",
        check=_verify_payload,
        seeds=lambda: [kit.compact(kit.STATEMENT)],
    ),
    Target(name="verify-wrong-key", check=_verify_wrong_key, seeds=_envelopes),
    Target(
        name="identity-constraint",
        check=_identity_constraint,
        seeds=lambda: [
            GITHUB
            + b"repository: acme/api\nworkflow: .github/workflows/b.yml\nref: refs/tags/v*\n",
            b"issuer: https://accounts.google.com\nidentity: ana@acme.example\n",
            GITHUB + b"source-repository: acme/api\nbuild-signer: {repository: acme/build}\n",
        ],
    ),
)
