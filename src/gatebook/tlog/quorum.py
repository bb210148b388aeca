"""Which logs and how many witnesses are enough: policy files (C2SP tlog-policy).

Such a file lists logs, witnesses and groups of witnesses, and names the group, or witness, that
must have cosigned. This module reads the file and counts; it checks no signature.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatebook.errors import MalformedError, VerificationError
from gatebook.tlog.keys import VerifierKey

__all__ = [
    "PolicyFormatError",
    "PolicyGroup",
    "PolicyLog",
    "PolicyWitness",
    "QuorumError",
    "TlogPolicy",
]

NO_QUORUM: Final = "none"
_MAX_BYTES: Final = 1024 * 1024
_MAX_LINES: Final = 10_000
_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}\Z", re.ASCII)
_KEYWORDS: Final = ("log", "witness", "group", "quorum")


class PolicyFormatError(MalformedError):
    """A policy file is not well-formed."""

    code = "tlog.policy-malformed"


class QuorumError(VerificationError):
    """Too few of the witnesses that a policy asks for have cosigned, or another log has signed."""

    code = "tlog.quorum-not-met"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLog:
    """A log whose checkpoints are accepted; its origin is the name of its key."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """A witness; its name means something in the policy file only."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyGroup:
    """A group, which has witnessed a checkpoint when ``threshold`` of its members have."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogPolicy:
    """A parsed policy file.

    Attributes:
        logs: the logs it accepts; none if the log is known otherwise.
        witnesses: the witnesses it knows.
        groups: the groups, each after the groups it names.
        quorum: the witness or group that must have cosigned, or ``none``.

    """

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str

    @classmethod
    def parse(cls, data: bytes) -> "TlogPolicy":
        """Parse a policy file.

        Raises:
            PolicyFormatError: a line or name that the format does not allow, a reference to what is
                not defined on a line above, a duplicate, or not exactly one quorum.
            MalformedError: a key that is none.

        """
        if len(data) > _MAX_BYTES:
            raise PolicyFormatError(f"policy has {len(data)} bytes; at most {_MAX_BYTES} are read")
        found = _FORBIDDEN.search(data)
        if found is not None:
            raise PolicyFormatError(f"policy holds the control character {found[0][0]:#04x}")
        if data and not data.endswith(b"\n"):
            raise PolicyFormatError("the last line of the policy does not end with a newline")
        # tlog-policy, "Character set": names are octets; this decoding loses none of them.
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        if len(lines) > _MAX_LINES:
            raise PolicyFormatError(f"policy has {len(lines)} lines; at most {_MAX_LINES} are read")
        reader = _Reader()
        for number, line in enumerate(lines, start=1):
            reader.read(number, line)
        return reader.finish()

    @property
    def witness_keys(self) -> tuple[VerifierKey, ...]:
        """The keys of all witnesses, to check cosignatures with."""
        return tuple(witness.key for witness in self.witnesses)

    def check_log(self, key: VerifierKey) -> None:
        """Check that ``key`` is that of a listed log; a policy that lists none leaves it open.

        Raises:
            QuorumError: logs are listed, and this is none of them.

        """
        if self.logs and all(log.key != key for log in self.logs):
            raise QuorumError(f"the policy does not list the log {key}", code="tlog.log-not-listed")

    def check_quorum(self, cosigners: Iterable[VerifierKey]) -> None:
        """Check that those whose cosignatures verified are enough.

        Raises:
            QuorumError: the quorum has not witnessed.

        """
        if self.quorum == NO_QUORUM:
            return
        keys = set(cosigners)
        witnessed = {witness.name for witness in self.witnesses if witness.key in keys}
        for group in self.groups:
            if sum(member in witnessed for member in group.members) >= group.threshold:
                witnessed.add(group.name)
        if self.quorum not in witnessed:
            present = ", ".join(w.name for w in self.witnesses if w.key in keys) or "nobody"
            raise QuorumError(
                f"quorum {self.quorum!r} has not witnessed the checkpoint; cosigned by {present}"
            )


class _Reader:
    """Reads line by line; what a line may name must stand above it."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: list[PolicyWitness] = []
        self.groups: list[PolicyGroup] = []
        self.quorum: str | None = None
        self.defined: set[str] = set()
        self.members: set[str] = set()

    def read(self, number: int, line: str) -> None:
        items = [item for item in re.split(r"[ \t]+", line) if item]
        if not items or items[0].startswith("#"):
            return
        keyword, *rest = items
        try:
            match keyword, rest:
                case "log", [vkey, *url] if len(url) <= 1:
                    self._log(vkey, url)
                case "witness", [name, vkey, *url] if len(url) <= 1:
                    self._witness(name, vkey, url)
                case "group", [name, threshold, *members] if members:
                    self._group(name, threshold, members)
                case "quorum", [name]:
                    self._quorum(name)
                case _ if keyword in _KEYWORDS:
                    raise PolicyFormatError(f"{keyword!r} does not take {len(rest)} items")
                case _:
                    raise PolicyFormatError(f"{keyword[:40]!r} begins no line of a policy")
        except MalformedError as error:
            raise PolicyFormatError(f"line {number}: {error.message}", code=error.code) from None

    def finish(self) -> TlogPolicy:
        if self.quorum is None:
            raise PolicyFormatError("policy names no quorum")
        return TlogPolicy(
            logs=tuple(self.logs),
            witnesses=tuple(self.witnesses),
            groups=tuple(self.groups),
            quorum=self.quorum,
        )

    def _log(self, vkey: str, url: list[str]) -> None:
        key = VerifierKey.parse(vkey)
        # tlog-policy: keys are duplicates if they wrap the same public key, whatever their names.
        if any(log.key.public == key.public for log in self.logs):
            raise PolicyFormatError(f"the key of log {key} is listed twice")
        self.logs.append(PolicyLog(key=key, url=url[0] if url else None))

    def _witness(self, name: str, vkey: str, url: list[str]) -> None:
        key = VerifierKey.parse(vkey)
        if not key.type.is_cosignature:
            raise PolicyFormatError(f"the key of witness {name!r} makes no cosignatures")
        if any(witness.key.public == key.public for witness in self.witnesses):
            raise PolicyFormatError(f"the key of witness {name!r} is listed twice")
        self._define(name)
        self.witnesses.append(PolicyWitness(name=name, key=key, url=url[0] if url else None))

    def _group(self, name: str, threshold: str, members: list[str]) -> None:
        if threshold == "any":
            needed = 1
        elif threshold == "all":
            needed = len(members)
        elif _NUMBER.match(threshold) and int(threshold) <= len(members):
            needed = int(threshold)
        else:
            raise PolicyFormatError(
                f"group {name!r} needs any, all or 1 to {len(members)}, not {threshold[:20]!r}"
            )
        for member in members:
            if member not in self.defined:
                raise PolicyFormatError(f"group {name!r} names {member!r}, which is not defined")
            if member in self.members:
                raise PolicyFormatError(f"{member!r} is a member of a group twice")
            self.members.add(member)
        self._define(name)
        self.groups.append(PolicyGroup(name=name, threshold=needed, members=tuple(members)))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise PolicyFormatError("policy names two quorums")
        if name != NO_QUORUM and name not in self.defined:
            raise PolicyFormatError(f"the quorum {name!r} is not defined")
        self.quorum = name

    def _define(self, name: str) -> None:
        if name == NO_QUORUM or name in self.defined:
            raise PolicyFormatError(f"the name {name!r} is taken")
        self.defined.add(name)
