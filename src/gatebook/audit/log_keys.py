"""Whose package it is: the log's key, the keys before it, and the proofs they give."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from gatebook.audit.archive import PackageError
from gatebook.audit.contents import Contents
from gatebook.audit.manifest import CHECKPOINT, LOG_KEY, entry_name, handover_name
from gatebook.errors import GatebookError
from gatebook.ledger.entry import decode_entry
from gatebook.ledger.kinds import BookCreated, KeyRotated
from gatebook.tlog.checkpoint import open_checkpoint
from gatebook.tlog.checkpoint_body import Checkpoint
from gatebook.tlog.keys import VerifierKey
from gatebook.tlog.receipt import Receipt, check_receipt

__all__ = ["KeySource", "check_checkpoint", "check_key_history", "numbers", "read_receipt"]


class KeySource(StrEnum):
    """Where the key came from that the package was checked with.

    ``package`` proves only that the package agrees with itself: whoever made it chose the key.
    """

    GIVEN = "given"
    ROTATED = "rotated"
    PACKAGE = "package"


def check_checkpoint(
    files: Mapping[str, bytes], given: VerifierKey | None
) -> tuple[Checkpoint, VerifierKey, KeySource]:
    """Open the checkpoint with the key it is signed with, and say where that key comes from.

    Raises:
        PackageError: the key is malformed, of another log, or nothing leads to it from ``given``;
            or it has not signed the checkpoint.

    """
    text = files[LOG_KEY].decode("utf-8", "replace")
    try:
        key = VerifierKey.parse(text.removesuffix("\n"))
    except GatebookError as error:
        raise PackageError(f"{LOG_KEY}: {error.message}", code="audit.log-key") from None
    if f"{key.vkey}\n" != text:
        raise PackageError(f"{LOG_KEY} is not one line with a key", code="audit.log-key")
    source = KeySource.PACKAGE
    if given is not None:
        source = KeySource.GIVEN if given == key else KeySource.ROTATED
        if given.name != key.name:
            raise PackageError(
                f"the package is of the log {key.name[:80]!r}, "
                f"the key given of {given.name[:80]!r}",
                code="audit.other-log",
            )
    handovers = _check_handovers(files)
    if given is not None and given != key:
        _follow(handovers, given, key)
    try:
        return open_checkpoint(files[CHECKPOINT], key).checkpoint, key, source
    except GatebookError as error:
        raise PackageError(
            f"{CHECKPOINT}: {error.message} [{error.code}]", code="audit.checkpoint"
        ) from None


def _check_handovers(files: Mapping[str, bytes]) -> list[KeyRotated]:
    """Check that each change of key the package has a handover for was vouched for.

    An entry that says so proves nothing by standing in a log that the new key signed; the proof
    has to lead to a checkpoint that the old key has signed itself.
    """
    handovers: list[KeyRotated] = []
    for index in sorted(numbers(files, "handovers/", ".tlog-proof")):
        name = handover_name(index)
        data = files.get(entry_name(index))
        if data is None:
            raise PackageError(
                f"{name} is for an entry that is missing", code="audit.entry-missing"
            )
        receipt = read_receipt(name, index, files[name])
        try:
            body = decode_entry(data).body
            if not isinstance(body, KeyRotated):
                raise PackageError(
                    f"{name} is for an entry that changes no key", code="audit.handover"
                )
            check_receipt(receipt, data, VerifierKey.parse(body.old_key))
        except PackageError:
            raise
        except GatebookError as error:
            raise PackageError(
                f"{name}: {error.message} [{error.code}]", code="audit.handover"
            ) from None
        handovers.append(body)
    return handovers


def _follow(handovers: Iterable[KeyRotated], given: VerifierKey, last: VerifierKey) -> None:
    """Get from the given key to the package's: each key has to have vouched for the next one."""
    reached = given.vkey
    for handover in handovers:
        if handover.old_key == reached:
            reached = handover.new_key
    if reached != last.vkey:
        raise PackageError(
            f"the checkpoint is signed with {last}, and nothing in the package shows that {given} "
            "vouched for that key",
            code="audit.other-key",
            hint="give the log's present key, from a source you trust",
        )


def check_key_history(contents: Contents) -> None:
    """Check that the entries lead from the log's first key to the checkpoint's.

    Raises:
        PackageError: the first entry is missing or of another log, or a change of key is.

    """
    first = contents.entries.get(0)
    body = None if first is None else first.body
    if not isinstance(body, BookCreated) or body.origin != contents.origin:
        raise PackageError(
            f"entry 0, which says whose log this is, is missing or not of {contents.origin[:80]!r}",
            code="audit.key-history",
        )
    key = body.log_key
    try:
        for index, entry in contents.entries.items():
            if isinstance(entry.body, KeyRotated):
                if entry.body.old_key != VerifierKey.parse(key).vkey:
                    raise PackageError(
                        f"entry {index} changes a key that did not sign the log",
                        code="audit.key-history",
                    )
                key = entry.body.new_key
        last = VerifierKey.parse(key)
    except PackageError:
        raise
    except GatebookError as error:
        raise PackageError(f"the log's keys: {error.message}", code="audit.key-history") from None
    if last != contents.log_key:
        raise PackageError(
            f"the entries lead to the key {last}; the checkpoint is signed with {contents.log_key}",
            code="audit.key-history",
        )


def read_receipt(name: str, index: int, data: bytes) -> Receipt:
    """Take a proof apart that has to be that of entry ``index``, and nothing more.

    Raises:
        PackageError: it is not.

    """
    try:
        receipt = Receipt.parse(data)
    except GatebookError as error:
        raise PackageError(f"{name}: {error.message}", code="audit.proof") from None
    if receipt.index != index or receipt.extra is not None or receipt.encode() != data:
        raise PackageError(f"{name} is not the proof of entry {index}", code="audit.proof")
    return receipt


def numbers(files: Mapping[str, bytes], prefix: str, suffix: str) -> list[int]:
    """List the entries that files of one kind are for."""
    return [
        int(name[len(prefix) : -len(suffix)])
        for name in files
        if name.startswith(prefix) and name.endswith(suffix)
    ]
