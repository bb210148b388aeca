"""A small company with a book: the kit the stories about facts, contracts, gate and audit use.

Real parts throughout: a ledger over memory stores, real keys, real signatures. Entries are drafted
here rather than handed in at the intake, so that a story may also hold what the intake refuses.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from gatebook import canonical
from gatebook.audit.package import build_package
from gatebook.clock import Duration, FixedClock, Instant
from gatebook.digest import Digest, DigestSet, sha256
from gatebook.facts.documents import (
    APPROVAL_PREDICATE,
    COMMIT_PEOPLE_TYPE,
    ApprovalPredicate,
    CommitPeople,
)
from gatebook.facts.facts import Facts
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import Statement, Subject, encode_statement
from gatebook.formats.provenance import LOCAL_BUILD_TYPE, SLSA_V1
from gatebook.formats.test_result import TEST_RESULT_V0_1
from gatebook.gate.decision import Decision
from gatebook.gate.gate import Gate, Recorded
from gatebook.gate.replay import Replayed, replay
from gatebook.index.project import follow
from gatebook.ledger.batch import Appended
from gatebook.ledger.entry import BlobReference, Draft, Link, Relation
from gatebook.ledger.kinds import (
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRevoked,
    ArtifactKind,
    ArtifactRecorded,
    Body,
    BookCreated,
    BuildInformation,
    ContractPublished,
    DeploymentFinished,
    EvidenceAccepted,
    EvidenceRefused,
    EvidenceReported,
    KeyRotated,
    SignedBy,
    TrustRootPublished,
)
from gatebook.ledger.ledger import Ledger
from gatebook.names import Actor, ArtifactName, CommitId, EnvironmentName, RepositoryUri, RoleName
from gatebook.policy.outcome import Finding
from gatebook.stores.memory import MemoryBlobs, MemoryCheckpoint, MemoryLedger
from gatebook.stores.memory_index import MemoryIndex
from gatebook.tlog.note import SignerKey
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signing.signers import LocalSigner, sign_statement

NOON = Instant.parse("2026-11-20T12:00:00Z")
PROD = EnvironmentName.parse("prod")
API = sha256(b"acme/api 1.0")
OTHER = sha256(b"acme/web 2.0")
REPOSITORY = "https://git.example.com/acme/api"
BUILDER = "https://ci.example.com/runner"
COMMIT = "c" * 40
CYCLONEDX = "https://cyclonedx.org/bom"
SPDX = "https://spdx.dev/Document/v2.3"
ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json"
JUNIT = "application/vnd.gatebook.junit+xml"
CI = Actor.parse("key#ci")

PEOPLE: dict[str, dict[str, list[str]]] = {
    "ana": {"actors": ["key#ana", "key#ana-laptop"], "emails": ["ana@example.com"]},
    "ben": {"actors": ["key#ben"], "emails": ["ben@example.com"]},
    "cem": {"actors": ["key#cem"], "emails": ["cem@example.com", "cem@home.example"]},
    "dev": {"actors": ["key#dev"], "emails": ["dev@example.com"]},
}
"""Ana, Ben and Cem hold roles; Dev writes the code."""

EVIDENCE_KINDS = ["provenance", "sbom", "test-result"]


def signer_of(name: str) -> LocalSigner:
    """The key of somebody; the same in every run."""
    seed = hashlib.sha256(name.encode()).digest()
    return LocalSigner(ed25519.Ed25519PrivateKey.from_private_bytes(seed))


def a_key(name: str, *may_attest: str, **changes: Any) -> dict[str, Any]:
    """One key of a trust root."""
    written = {
        "id": name,
        "public-key": signer_of(name).public_pem.decode(),
        "may-attest": list(may_attest),
        "repositories": ["https://git.example.com/acme/*"],
        "environments": "any",
    }
    return {**written, **{key.replace("_", "-"): value for key, value in changes.items()}}


def a_trust_root(
    *,
    without: Iterable[str] = (),
    people: Mapping[str, Mapping[str, Sequence[str]]] = PEOPLE,
    keys: Mapping[str, dict[str, Any]] | None = None,
) -> bytes:
    """The company's trust root; ``keys`` replaces or adds some."""
    written = {
        "ci": a_key("ci", *EVIDENCE_KINDS),
        **{
            name: a_key(name, "approval")
            for name in ("ana", "ana-laptop", "ben", "cem", "dev", "stranger")
        },
        **(keys or {}),
    }
    return canonical.encode(
        {
            "trust-root": "gatebook/trust-root/v1",
            "keys": [key for name, key in written.items() if name not in set(without)],
            "people": [{"id": name, **identities} for name, identities in people.items()],
        }
    )


CONTROLS: dict[str, dict[str, Any]] = {
    "artifact-identified": {},
    "provenance": {"builders": [BUILDER], "repositories": [REPOSITORY]},
    "attestation": {"predicates": ["provenance"]},
    "sbom": {},
    "tests-passed": {},
    "approval": {"role": "release-manager"},
    "build-age": {"max": "30d"},
}
"""What production demands: every control there is, with its smallest parameters."""

ROLES: dict[str, list[str]] = {"release-manager": ["ana", "ben", "cem"], "auditor": ["dev"]}


def demand(control: str, mode: str = "enforce", **parameters: Any) -> dict[str, Any]:
    """One control of a contract; parameters replace those of :data:`CONTROLS`."""
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    return {
        "id": control,
        "mode": mode,
        "with": {
            name: value
            for name, value in {**CONTROLS[control], **named}.items()
            if value is not None
        },
    }


def a_contract(
    *demands: dict[str, Any],
    environment: str = "prod",
    roles: Mapping[str, Sequence[str]] = ROLES,
    description: str = "What production demands",
) -> bytes:
    """A contract; every control there is, unless some are given."""
    return canonical.encode(
        {
            "contract": "gatebook/contract/v1",
            "environment": environment,
            "description": description,
            "roles": {name: list(people) for name, people in roles.items()},
            "controls": list(demands) or [demand(control) for control in CONTROLS],
        }
    )


def a_statement(predicate_type: str, predicate: Any, subject: Digest = API) -> bytes:
    """A statement about an artifact."""
    about = Subject(name="api", digests=DigestSet.of({subject.algorithm: subject.hex}))
    return encode_statement(
        Statement(subjects=(about,), predicate_type=predicate_type, predicate=predicate)
    )


def a_provenance(
    *,
    builder: str = BUILDER,
    repository: str = REPOSITORY,
    commit: str | None = COMMIT,
    ref: str = "refs/heads/main",
    workflow: str | None = None,
    finished: Instant | str | None = NOON,
    build_type: str = LOCAL_BUILD_TYPE,
    subject: Digest = API,
) -> bytes:
    """Provenance of acme/api, as its CI writes it."""
    external: dict[str, Any] = {"repository": repository, "ref": ref}
    if workflow is not None:
        external["workflow"] = workflow
    definition: dict[str, Any] = {"buildType": build_type, "externalParameters": external}
    if commit is not None:
        uri = f"git+{repository}@{ref}"
        definition["resolvedDependencies"] = [{"uri": uri, "digest": {"gitCommit": commit}}]
    metadata = {} if finished is None else {"finishedOn": str(finished)}
    predicate = {
        "buildDefinition": definition,
        "runDetails": {"builder": {"id": builder}, "metadata": metadata},
    }
    return a_statement(SLSA_V1, predicate, subject)


def an_sbom(
    components: int = 3, *, describes: Digest | None = None, subject: Digest = API, first: int = 0
) -> bytes:
    """A CycloneDX SBOM of acme/api."""
    predicate: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [
            {
                "type": "library",
                "name": f"part-{number}",
                "version": f"1.{number}",
                "purl": f"pkg:pypi/part-{number}@1.{number}",
                "bom-ref": f"part-{number}",
            }
            for number in range(first, first + components)
        ],
    }
    if describes is not None:
        hashes = [{"alg": "SHA-256", "content": describes.hex}]
        predicate["metadata"] = {
            "component": {"type": "application", "name": "api", "hashes": hashes}
        }
    return a_statement(CYCLONEDX, predicate, subject)


def a_test_result(
    passed: Sequence[str] = ("test_one", "test_two"),
    failed: Sequence[str] = (),
    *,
    result: str | None = None,
    report: bytes = b"pytest.ini",
    subject: Digest = API,
) -> bytes:
    """Results of a test run of acme/api."""
    predicate = {
        "result": result or ("FAILED" if failed else "PASSED"),
        "configuration": [{"name": "report", "digest": {"sha256": sha256(report).hex}}],
        "passedTests": list(passed),
        "failedTests": list(failed),
    }
    return a_statement(TEST_RESULT_V0_1, predicate, subject)


def sign(statement: bytes, *signers: str) -> bytes:
    """Sign a statement; the bytes of the envelope."""
    envelopes = [sign_statement(statement, signer_of(name)) for name in signers]
    signatures = tuple(each.signatures[0] for each in envelopes)
    first = envelopes[0]
    return Envelope(
        payload_type=first.payload_type, payload=first.payload, signatures=signatures
    ).encode()


class BreakableBlobs(MemoryBlobs):
    """Documents in memory that can be lost or changed, as a disk may lose them."""

    def lose(self, digest: Digest) -> None:
        del self._blobs[digest]

    def change(self, digest: Digest, data: bytes) -> None:
        self._blobs[digest] = data


@dataclass
class BookKit:
    """A book in memory, and short words for what happens in it."""

    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    blobs: BreakableBlobs = field(default_factory=BreakableBlobs)
    index: MemoryIndex = field(default_factory=MemoryIndex)
    store: MemoryLedger = field(default_factory=MemoryLedger)
    origin: str = "book.example/acme"
    contract_bytes: bytes = b""

    def __post_init__(self) -> None:
        self.log_signer = SignerKey.from_seed(
            self.origin, hashlib.sha256(self.origin.encode()).digest()
        )
        draws = iter(range(1, 1_000_000))
        self.ledger = Ledger(
            self.store,
            memory=MemoryCheckpoint(),
            signer=self.log_signer,
            clock=self.clock,
            random=lambda length: hashlib.shake_256(b"%d" % next(draws)).digest(length),
        )
        self.append(BookCreated(origin=self.origin, log_key=self.log_signer.verifier.vkey))

    # -- writing -------------------------------------------------------------------------------

    def append(self, body: Body, *, subject: Digest | None = None, **parts: Any) -> Appended:
        actor = parts.pop("actor", CI)
        subjects = () if subject is None else (subject,)
        (appended,) = self.ledger.append(Draft(actor=actor, subjects=subjects, body=body, **parts))
        self.catch_up()
        return appended

    def catch_up(self) -> None:
        follow(self.index, self.ledger.entries(self.index.applied()))

    def keep(self, data: bytes, media_type: str, *, salted: bool = False) -> BlobReference:
        stored = b"s" * 32 + data if salted else data
        return BlobReference(
            digest=self.blobs.put(stored), size=len(stored), media_type=media_type, salted=salted
        )

    def later(self, duration: str) -> "BookKit":
        self.clock.instant = self.clock.instant + Duration.parse(duration)
        return self

    def trust(self, document: bytes | None = None, **changes: Any) -> Appended:
        document = a_trust_root(**changes) if document is None else document
        root = TrustRootPublished(root=sha256(document))
        return self.append(root, evidence=(self.keep(document, "application/json"),))

    def demand(
        self, *demands: dict[str, Any], document: bytes | None = None, **changes: Any
    ) -> Appended:
        """Publish a contract."""
        data = a_contract(*demands, **changes) if document is None else document
        environment = EnvironmentName.parse(changes.get("environment", "prod"))
        if environment == PROD:
            self.contract_bytes = data
        body = ContractPublished(environment=environment, contract=sha256(data))
        return self.append(body, evidence=(self.keep(data, "application/json"),))

    def record(
        self,
        subject: Digest = API,
        *,
        authors: Sequence[str] | None = ("dev@example.com",),
        repository: str | None = REPOSITORY,
        commit: str | None = COMMIT,
        kind: ArtifactKind = ArtifactKind.IMAGE,
    ) -> Appended:
        build = BuildInformation(
            repository=None if repository is None else RepositoryUri.parse(repository),
            commit=None if commit is None else CommitId.parse(commit),
        )
        people = CommitPeople.of(list(authors)).encode() if authors else None
        return self.append(
            ArtifactRecorded(
                name=ArtifactName.parse("acme/api"), artifact=kind, algorithm="oci", build=build
            ),
            subject=subject,
            evidence=()
            if people is None
            else (self.keep(people, COMMIT_PEOPLE_TYPE, salted=True),),
        )

    def accept(
        self,
        statement: bytes,
        *,
        signer: str = "ci",
        subject: Digest = API,
        attachments: Mapping[str, bytes] | None = None,
    ) -> Appended:
        """Accept an attestation, as the intake does once it has verified it."""
        more = (attachments or {}).items()
        return self.append(
            EvidenceAccepted(
                predicate_type=Statement.parse(statement).predicate_type,
                signers=(self.signed_by(signer),),
                root=self.trust_root_digest(),
            ),
            subject=subject,
            evidence=(
                self.keep(sign(statement, signer), ENVELOPE_TYPE),
                *(self.keep(data, media_type) for media_type, data in more),
            ),
        )

    def report(self, document: bytes = b"{}", form: str = "junit") -> Appended:
        evidence = (self.keep(document, "application/json"),)
        return self.append(EvidenceReported(format=form), subject=API, evidence=evidence)

    def refuse_evidence(self, subject: Digest = API) -> Appended:
        body = EvidenceRefused(bytes_digest=sha256(b"forged"), code="trust.unknown-key")
        return self.append(body, subject=subject)

    def refuse_approval(self, subject: Digest = API) -> Appended:
        body = ApprovalRefused(
            environment=PROD, bytes_digest=sha256(b"forged"), code="intake.not-in-role"
        )
        return self.append(body, subject=subject)

    def approve(
        self,
        who: str = "ana",
        *,
        role: str = "release-manager",
        environment: str = "prod",
        signed_environment: str | None = None,
        contract: bytes | None = None,
        subject: Digest = API,
        signed_subject: Digest | None = None,
        expires: Instant | None = None,
        entry_role: str | None = None,
    ) -> Appended:
        """Grant an approval, whether or not the intake would have."""
        under = sha256(self.contract_bytes if contract is None else contract)
        predicate = ApprovalPredicate(
            environment=EnvironmentName.parse(signed_environment or environment),
            role=RoleName.parse(role),
            contract=under,
            expires=expires,
        ).predicate()
        statement = a_statement(APPROVAL_PREDICATE, predicate, signed_subject or subject)
        return self.append(
            ApprovalGranted(
                environment=EnvironmentName.parse(environment),
                role=RoleName.parse(entry_role or role),
                approver=self.signed_by(who),
                contract=under,
                root=self.trust_root_digest(),
            ),
            subject=subject,
            actor=Actor.parse(f"local#{who}"),
            evidence=(self.keep(sign(statement, who), ENVELOPE_TYPE),),
        )

    def revoke(self, approval: Appended) -> Appended:
        links = (Link(rel=Relation.REVOKES, entry=approval.entry.id),)
        return self.append(ApprovalRevoked(environment=PROD), subject=API, links=links)

    def deploy(self, decision: Recorded) -> Appended:
        links = (Link(rel=Relation.DECIDED_BY, entry=decision.entry.entry.id),)
        body = DeploymentFinished(environment=PROD, name=ArtifactName.parse("acme/api"))
        return self.append(body, subject=decision.decision.subject, links=links)

    def rotate_log_key(self, name: str = "second") -> tuple[SignerKey, Appended]:
        """Let another key sign the log; the checkpoint of the change carries both signatures."""
        signer = SignerKey.from_seed(self.origin, hashlib.sha256(name.encode()).digest())
        old = self.ledger.verifier_key
        self.ledger.sign_with(signer)
        appended = self.append(KeyRotated(old_key=old.vkey, new_key=signer.verifier.vkey))
        self.store.keep_checkpoint(appended.size, appended.checkpoint)
        memory = MemoryCheckpoint()
        memory.remember(appended.checkpoint)
        self.ledger = Ledger(self.store, memory=memory, signer=signer, clock=self.clock)
        return signer, appended

    def ready(self, **contract: Any) -> "BookKit":
        """Trust root, contract, and an artifact with every evidence but an approval."""
        self.trust()
        self.demand(**contract)
        self.built()
        return self

    def built(self) -> "BookKit":
        """The artifact, with every evidence but an approval."""
        self.record()
        self.accept(a_provenance())
        self.accept(an_sbom())
        self.accept(a_test_result())
        return self

    # -- asking --------------------------------------------------------------------------------

    def signed_by(self, who: str) -> SignedBy:
        return SignedBy(key=signer_of(who).public_key.spki.hex, holder=Actor.parse(f"key#{who}"))

    def trust_root_digest(self) -> Digest:
        rows = [row for name, row in self.index.dump() if name == "trust_root"]
        return Digest.parse(max(rows).root) if rows else sha256(b"none")  # type: ignore[union-attr,type-var]

    def trust_root(self) -> TrustRoot:
        return TrustRoot.parse(self.blobs.get(self.trust_root_digest()))

    @property
    def gate(self) -> Gate:
        return Gate(ledger=self.ledger, blobs=self.blobs, index=self.index, clock=self.clock)

    def judge(self, subject: Digest = API, environment: EnvironmentName = PROD) -> Recorded:
        recorded = self.gate.judge(subject, environment, by=CI)
        self.catch_up()
        return recorded

    def consider(self, subject: Digest = API, environment: EnvironmentName = PROD) -> Decision:
        return self.gate.consider(subject, environment, self.clock.now())

    def facts(self, subject: Digest = API, environment: EnvironmentName = PROD) -> Facts:
        return self.gate.facts(subject, environment, self.clock.now())

    def finding(self, control: str, subject: Digest = API) -> Finding:
        """How one control comes out now."""
        outcomes = self.consider(subject).outcomes
        (found,) = [each.finding for each in outcomes if str(each.control) == control]
        return found

    def replay(self, document: bytes) -> Replayed:
        return replay(document, entry_bytes=self.ledger.entry_bytes, blobs=self.blobs)

    def package(self, recorded: Recorded) -> bytes:
        """Export the audit package of a decision."""
        return build_package(
            ledger=self.ledger,
            blobs=self.blobs,
            index=self.index,
            decision_index=recorded.entry.index,
            checkpoints=self.kept_checkpoints(),
        )

    def kept_checkpoints(self) -> Iterator[bytes]:
        for _, note in self.store.checkpoints():
            yield note


@dataclass(frozen=True)
class Company:
    """Everything of the kit that stories use, since test modules cannot import one another."""

    a_book: Callable[..., BookKit] = BookKit
    a_trust_root: Callable[..., bytes] = a_trust_root
    a_key: Callable[..., dict[str, Any]] = a_key
    a_contract: Callable[..., bytes] = a_contract
    demand: Callable[..., dict[str, Any]] = demand
    a_statement: Callable[..., bytes] = a_statement
    a_provenance: Callable[..., bytes] = a_provenance
    an_sbom: Callable[..., bytes] = an_sbom
    a_test_result: Callable[..., bytes] = a_test_result
    sign: Callable[..., bytes] = sign
    signer_of: Callable[[str], LocalSigner] = signer_of
    noon: Instant = NOON
    prod: EnvironmentName = PROD
    api: Digest = API
    other: Digest = OTHER
    people: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=lambda: PEOPLE)
    controls: Mapping[str, dict[str, Any]] = field(default_factory=lambda: CONTROLS)
    junit_type: str = JUNIT
    spdx_type: str = SPDX


@pytest.fixture(scope="session")
def sigstore_kit() -> Any:
    """The module with which stories make a Sigstore of their own."""
    path = Path(__file__).parent / "trust" / "sigstore_kit.py"
    spec = importlib.util.spec_from_file_location("sigstore_kit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def company() -> Company:
    return Company()


@pytest.fixture
def book() -> BookKit:
    """A book in which acme/api has every evidence but an approval."""
    return BookKit().ready()


@pytest.fixture
def approved(book: BookKit) -> BookKit:
    """A book in which acme/api may go into production."""
    book.approve("ana")
    return book
