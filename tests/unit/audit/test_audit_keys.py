"""Whose package it is: the log's key, and how it changes."""

from dataclasses import replace

import pytest

from gatebook.audit.archive import read_archive
from gatebook.audit.verify import KeySource, verify_package
from gatebook.ledger.kinds import BookCreated, KeyRotated, Verdict
from gatebook.ledger.ledger import Ledger
from gatebook.stores.memory import MemoryCheckpoint, MemoryLedger
from gatebook.tlog.note import SignerKey
from gatebook.tlog.receipt import Receipt

# -- the log's key ---------------------------------------------------------------------------------


def test_the_key_of_another_log_is_refused(package, refusal):
    other = SignerKey.from_seed("book.example/other", bytes(32)).verifier
    assert refusal(package, other).code == "audit.other-log"


def test_another_key_of_the_same_name_is_refused(package, key, refusal):
    other = SignerKey.from_seed(key.name, bytes(32)).verifier
    assert refusal(package, other).code == "audit.other-key"


def test_whoever_knows_the_old_key_follows_to_the_new_one(approved):
    old = approved.log_signer.verifier
    second, _ = approved.rotate_log_key("second")
    third, _ = approved.rotate_log_key("third")
    data = approved.package(approved.judge())

    for known in (old, second.verifier):
        report = verify_package(data, log_key=known)
        assert (report.log_key, report.key_source) == (third.verifier, KeySource.ROTATED)
    assert verify_package(data, log_key=third.verifier).key_source is KeySource.GIVEN


def test_an_old_key_is_not_followed_when_nothing_it_signed_vouches_for_the_new_one(
    approved, refusal, relisted
):
    """An entry that names a new key proves nothing in a log that only the new key has signed."""
    old = approved.log_signer.verifier
    approved.rotate_log_key("second")
    recorded = approved.judge()
    files = read_archive(approved.package(recorded))
    handover = next(name for name in files if name.startswith("handovers/"))
    present = files[f"proofs/{handover.partition('/')[2]}"]

    without = {name: data for name, data in files.items() if name != handover}
    assert refusal(relisted(without), old).code == "audit.other-key"
    assert verify_package(relisted(without), log_key=None).origin == approved.origin
    error = refusal(relisted({**files, handover: present}), old)
    assert error.code == "audit.handover"
    assert handover in error.message


def test_a_log_that_somebody_else_made_under_our_name_is_refused(company, approved, refusal):
    """A forger's log may say that our key handed over to theirs; our key never said so."""
    ours = approved.log_signer.verifier
    forged = company.a_book()
    forged.log_signer = SignerKey.from_seed(forged.origin, bytes(32))
    forged.ledger.sign_with(forged.log_signer)
    forged.ledger._signers = [forged.log_signer]
    forged.rotate_log_key("forger")
    recorded = forged.ready(
        document=b"""\
contract: gatebook/contract/v1
environment: prod
controls: [{id: artifact-identified}]
"""
    ).judge()
    assert recorded.decision.verdict is Verdict.ALLOW

    data = forged.package(recorded)

    assert refusal(data, ours).code in {"audit.other-key", "audit.handover"}


def test_a_missing_change_of_key_is_noticed_without_knowing_any_key(approved, refusal, relisted):
    approved.rotate_log_key("second")
    files = read_archive(approved.package(approved.judge()))
    handover = next(name for name in files if name.startswith("handovers/"))
    index = handover.removeprefix("handovers/").removesuffix(".tlog-proof")
    for name in (handover, f"proofs/{index}.tlog-proof", f"entries/{index}.json"):
        del files[name]

    assert refusal(relisted(files), None).code == "audit.key-history"


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line + b"\n",
        lambda line: line.rstrip(b"\n"),
        lambda line: line + line,
        lambda line: b" " + line,
        lambda _: b"",
        lambda _: b"\xff\n",
        lambda line: line.replace(b"acme+", b"acme+0"),
    ],
    ids=["more", "less", "twice", "indented", "empty", "not text", "another id"],
)
def test_the_key_is_one_line(package, key, change, refusal, relisted):
    files = read_archive(package)
    files["keys/log.vkey"] = change(files["keys/log.vkey"])
    for known in (key, None):
        assert refusal(relisted(files), known).code == "audit.log-key"


@pytest.mark.parametrize("extra", [b"", b"not ours"])
def test_a_proof_carries_nothing_of_its_own(package, key, extra, refusal, relisted):
    files = read_archive(package)
    name = "proofs/3.tlog-proof"
    files[name] = replace(Receipt.parse(files[name]), extra=extra).encode()
    error = refusal(relisted(files), key)
    assert error.code == "audit.proof"
    assert name in error.message


def test_a_change_of_a_key_that_never_signed_is_refused(company, refusal):
    book = company.a_book()
    stranger = SignerKey.from_seed(book.origin, bytes(32)).verifier.vkey
    present = book.log_signer.verifier
    book.append(KeyRotated(old_key=stranger, new_key=present.vkey))
    data = book.package(book.judge())
    for known in (present, None):
        error = refusal(data, known)
        assert error.code == "audit.key-history"
        assert "entry 1" in error.message


def test_a_change_to_something_that_is_no_key_is_refused(company, refusal):
    book = company.a_book()
    present = book.log_signer.verifier
    book.append(KeyRotated(old_key=present.vkey, new_key="another key"))
    for known in (present, None):
        assert refusal(book.package(book.judge()), known).code == "audit.key-history"


def test_a_handover_is_for_a_change_of_key_only(approved, refusal, relisted):
    approved.rotate_log_key("second")
    files = read_archive(approved.package(approved.judge()))
    (name,) = [name for name in files if name.startswith("handovers/")]
    files["handovers/3.tlog-proof"] = files["proofs/3.tlog-proof"]
    del files[name]
    for known in (approved.log_signer.verifier, approved.ledger.verifier_key, None):
        assert refusal(relisted(files), known).code == "audit.handover"


def test_a_log_that_does_not_begin_with_its_own_name_is_refused(company, refusal):
    book = company.a_book()
    book.index.clear()
    book.ledger = Ledger(
        MemoryLedger(), memory=MemoryCheckpoint(), signer=book.log_signer, clock=book.clock
    )
    key = book.log_signer.verifier.vkey
    book.append(BookCreated(origin="book.example/else", log_key=key))
    assert refusal(book.package(book.judge()), None).code == "audit.key-history"
