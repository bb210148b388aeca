"""A book: the library's front door.

::

    with Book.create("acme", origin="ledger.example.com/acme") as book:
        book.publish_trust_root(root_yaml)
        book.publish_contract(contract_yaml)
        book.record(digest, name="api", artifact=ArtifactKind.IMAGE)
        book.accept(envelope, digest)
        decision = book.gate(digest, "prod").decision

Names are parsed here: methods take the text forms or the parsed ones.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from gatebook.clock import Clock, Instant, SystemClock
from gatebook.digest import Digest, sha256
from gatebook.facts.documents import ApprovalPredicate, CommitPeople
from gatebook.formats.intoto import encode_statement
from gatebook.gate.gate import Recorded
from gatebook.intake.approvals import grant_approval, revoke_approval
from gatebook.intake.artifacts import record_artifact
from gatebook.intake.deployments import DeploymentStatus, record_deployment
from gatebook.intake.publish import publish_contract, publish_trust_root
from gatebook.intake.statements import approval_statement, subject_of
from gatebook.ledger.batch import Appended
from gatebook.ledger.kinds import ArtifactKind, BuildInformation, Verdict
from gatebook.names import Actor, ArtifactName, EnvironmentName, RoleName
from gatebook.trust.signing.signers import PrivateKey, sign_statement
from gatebook.workspace.create import create_book
from gatebook.workspace.drift_book import DriftBook
from gatebook.workspace.layout import Layout
from gatebook.workspace.open_book import parse_digest, read_state
from gatebook.workspace.rotation import rotate, settle

__all__ = ["Book"]


class Book(DriftBook):
    """An organisation's book in a directory.

    Made by :meth:`create` or :meth:`open`; a context manager that closes it.
    """

    # -- making and opening --------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        directory: Path | str,
        *,
        origin: str,
        actor: Actor | str = "local#gatebook",
        clock: Clock | None = None,
    ) -> Self:
        """Make a new book and open it. It appears whole or not at all.

        Args:
            directory: where; it must not exist, or be empty.
            origin: the log's name for ever, such as ``ledger.example.com/acme``.
            actor: who acts.
            clock: who is asked for the time.

        Raises:
            ConflictError: there is something in the directory already.
            MalformedError: the origin cannot be a log's name.
            StoreError: the disk does not keep it.

        """
        who, time = _actor(actor), clock or SystemClock()
        target = create_book(Path(directory).absolute(), origin=origin, by=who, clock=time)
        return cls.open(target, actor=who, clock=time)

    @classmethod
    def open(
        cls,
        directory: Path | str,
        *,
        actor: Actor | str = "local#gatebook",
        clock: Clock | None = None,
    ) -> Self:
        """Open a book.

        Raises:
            NotFoundError: there is none.
            LedgerInconsistentError: it was cut, rolled back or changed; see
                :func:`gatebook.ledger.open.check_head`.
            KeyFileError: the log's key is missing or readable by others.

        """
        layout = Layout(directory=Path(directory).absolute())
        _, signer = settle(layout)
        return cls(layout, signer, clock or SystemClock(), _actor(actor))

    # -- writing -------------------------------------------------------------------------------

    def publish_trust_root(self, document: bytes, *, by: Actor | None = None) -> Appended:
        """Say which keys are believed from here on; see :mod:`gatebook.trust.root.trust_root`.

        Raises:
            MalformedError: the document is not a trust root.
            TrustRootNotPinnedError: others are pinned, and this one is not.

        """
        self._check_key()
        self._pins.check(sha256(document))
        return publish_trust_root(self._desk, document, by=by or self.actor)

    def publish_contract(self, document: bytes, *, by: Actor | None = None) -> Appended:
        """Say what an environment demands from here on; see :mod:`gatebook.policy.contract`.

        Raises:
            ContractError: the document is not a contract.

        """
        self._check_key()
        return publish_contract(self._desk, document, by=by or self.actor)[0]

    def record(
        self,
        subject: Digest | str,
        *,
        name: ArtifactName | str,
        artifact: ArtifactKind = ArtifactKind.FILE,
        algorithm: str = "file",
        build: BuildInformation | None = None,
        people: Sequence[str] = (),
        by: Actor | None = None,
        occurred: Instant | None = None,
        idempotency_key: str | None = None,
    ) -> Appended:
        """Record that an artifact exists.

        Args:
            subject: its digest.
            name: what people call it.
            artifact: what sort of thing it is.
            algorithm: how the digest was made.
            build: where it says it comes from.
            people: addresses of the authors and committers of its commits; kept salted.
            by: who records it.
            occurred: when it was built, if that is not now.
            idempotency_key: makes a retry append nothing.

        """
        self._check_key()
        return record_artifact(
            self._desk,
            parse_digest(subject),
            name=ArtifactName.parse(str(name)),
            artifact=artifact,
            algorithm=algorithm,
            build=build,
            people=CommitPeople.of(tuple(people)) if people else None,
            by=by or self.actor,
            occurred=occurred,
            idempotency_key=idempotency_key,
        )

    def approve(
        self, envelope: bytes, subject: Digest | str, environment: str, *, by: Actor | None = None
    ) -> Appended:
        """Receive a signed approval.

        Raises:
            ApprovalDeniedError: the signer may not approve this; the refusal is recorded.

        """
        self._check_key()
        return grant_approval(
            self._desk,
            envelope,
            subject=parse_digest(subject),
            environment=EnvironmentName.parse(str(environment)),
            by=by or self.actor,
        )

    def sign_approval(
        self,
        subject: Digest | str,
        environment: str,
        *,
        role: str,
        signer: PrivateKey,
        reason: str | None = None,
        expires: Instant | None = None,
    ) -> bytes:
        """Sign an approval under the present contract; hand it in with :meth:`approve`."""
        statement = self.approval_statement(
            subject, environment, role=role, reason=reason, expires=expires
        )
        return sign_statement(statement, signer).encode()

    def approval_statement(
        self,
        subject: Digest | str,
        environment: str,
        *,
        role: str,
        reason: str | None = None,
        expires: Instant | None = None,
    ) -> bytes:
        """Write what an approver signs under the present contract; it may be signed elsewhere."""
        digest = parse_digest(subject)
        contract = self.contract(environment)
        approval = ApprovalPredicate(
            environment=contract.environment,
            role=RoleName.parse(role),
            contract=contract.digest,
            reason=reason,
            expires=expires,
        )
        names = [row.name for row in self.query.artifacts(digest)[-1:]]
        return encode_statement(approval_statement(subject_of(digest, names), approval))

    def revoke(self, index: int, *, by: Actor | None = None) -> Appended:
        """Revoke the approval that entry ``index`` granted."""
        self._check_key()
        return revoke_approval(self._desk, index, by=by or self.actor)

    def gate(
        self,
        subject: Digest | str,
        environment: str,
        *,
        by: Actor | None = None,
        trust_root: Digest | str | None = None,
    ) -> Recorded:
        """Judge, and record the decision whatever it is.

        What the newest advisories say of the artifact's SBOMs is looked up and recorded before, if
        it was not yet. Where that breaks, the decision is made without, and says what is missing.

        Args:
            subject: the artifact.
            environment: where it is to run.
            by: who asks.
            trust_root: the only trust root to decide under, besides what is pinned.

        Raises:
            StoreError: the decision could not be recorded; then there is none.
            TrustRootNotPinnedError: another trust root is in force than those pinned or given.

        """
        self._check_key()
        row = self.query.trust_root()
        expected = () if trust_root is None else (parse_digest(trust_root),)
        self._pins.check(None if row is None else Digest.parse(row.root), expected=expected)
        about = parse_digest(subject)
        self._match_if_possible(about, by=by or self.actor)
        recorded = self._gate.judge(
            about, EnvironmentName.parse(str(environment)), by=by or self.actor
        )
        self._catch_up()
        # Another process may have published one since. A decision that could not be gathered names
        # no trust root, and allows nothing.
        decision = recorded.decision
        if decision.trust_root is not None or decision.verdict is Verdict.ALLOW:
            self._pins.check(decision.trust_root, expected=expected)
        return recorded

    def deploy(
        self,
        subject: Digest | str,
        environment: str,
        *,
        name: str | None = None,
        status: DeploymentStatus = DeploymentStatus.FINISHED,
        decision: int | None = None,
        run: str | None = None,
        occurred: Instant | None = None,
        by: Actor | None = None,
        idempotency_key: str | None = None,
    ) -> Appended:
        """Record a deployment that something else carried out."""
        self._check_key()
        return record_deployment(
            self._desk,
            parse_digest(subject),
            environment=EnvironmentName.parse(str(environment)),
            name=None if name is None else ArtifactName.parse(name),
            status=status,
            by=by or self.actor,
            decision=decision,
            run=run,
            occurred=occurred,
            idempotency_key=idempotency_key,
        )

    def rotate_log_key(self, *, by: Actor | None = None) -> Appended:
        """Let another key sign the log from here on.

        The entry that says so is covered by a checkpoint that both keys sign, so that whoever
        knows the old key can follow to the new one. This object signs with both; whoever opens
        the book after it signs with the new one. A crash in between is settled when the book is
        opened next.

        Raises:
            ConflictError: another process has rotated the key meanwhile.
            StoreError: the disk does not keep it.

        """
        self._check_key()
        appended = rotate(
            self._layout,
            self._ledger,
            self._store,
            lambda draft: self._desk.append(draft)[0],
            by=by or self.actor,
        )
        self._key_state = read_state(self._layout)
        return appended


def _actor(actor: Actor | str) -> Actor:
    return Actor.parse(actor) if isinstance(actor, str) else actor
