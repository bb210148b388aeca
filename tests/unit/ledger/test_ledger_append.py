"""Entries are appended once, in order, together, and each answer can be proved."""

import _thread
import threading
import time

import pytest

from gatebook.clock import Instant
from gatebook.digest import sha256
from gatebook.errors import UsageError
from gatebook.ledger import commit_queue
from gatebook.ledger.entry import EntryMalformedError
from gatebook.ledger.ledger import BusyError, IdempotencyConflictError
from gatebook.ledger.store import StoreError, StoreLockedError
from gatebook.stores.memory import MemoryCheckpoint, MemoryLedger
from gatebook.tlog.checkpoint import open_checkpoint
from gatebook.tlog.keys import SignerKey
from gatebook.tlog.merkle import ProofError, check_consistency
from gatebook.tlog.receipt import check_receipt


def test_an_entry_gets_the_next_index_and_the_ledgers_time(ledger, fact, clock):
    (first,) = ledger.append(fact(1))
    second, third = ledger.append(fact(2), fact(3))
    assert [first.index, second.index, third.index] == [0, 1, 2]
    assert (first.size, third.size) == (1, 3)
    assert first.entry.time == clock.instant
    assert not first.duplicate
    assert [index for index, _ in ledger.entries()] == [0, 1, 2]
    assert [entry for _, entry in ledger.entries(1, 2)] == [second.entry]
    assert ledger.find(third.entry.id) == 2


def test_the_checkpoint_in_the_answer_is_signed_and_covers_the_entry(ledger, fact, signer):
    (done,) = ledger.append(fact(1))
    opened = open_checkpoint(done.checkpoint, signer.verifier)
    assert opened.checkpoint.size == 1
    assert opened.checkpoint.root == ledger.head().root
    assert ledger.checkpoint() == done.checkpoint


def test_every_entry_has_a_receipt_at_every_size(ledger, fact, signer):
    ledger.append(*(fact(number) for number in range(300)))
    for size in (1, 2, 255, 256, 257, 300):
        for index in {0, size // 2, size - 1}:
            receipt = ledger.receipt(index, size=size)
            check_receipt(receipt, ledger.entry_bytes(index), log_key=signer.verifier)
            other = ledger.entry_bytes((index + 1) % 300)
            with pytest.raises(ProofError):
                check_receipt(receipt, other, log_key=signer.verifier)


def test_every_pair_of_sizes_is_proved_consistent(ledger, fact, signer):
    notes = [ledger.append(*(fact(n) for n in range(100)))[-1].checkpoint for _ in range(6)]
    opened = [open_checkpoint(note, signer.verifier).checkpoint for note in notes]
    for place, old in enumerate(opened):
        for new in opened[place:]:
            proof = ledger.consistency(old.size, new.size)
            check_consistency(
                old_size=old.size,
                new_size=new.size,
                proof=proof,
                old_root=old.root,
                new_root=new.root,
            )


@pytest.mark.parametrize("index", [-1, 3, 99])
def test_what_is_not_in_the_book_has_no_receipt_and_no_bytes(ledger, fact, index):
    ledger.append(fact(1), fact(2), fact(3))
    with pytest.raises(UsageError) as refused:
        ledger.receipt(index)
    assert refused.value.code == "ledger.no-such-entry"
    with pytest.raises(UsageError):
        ledger.entry_bytes(index)
    with pytest.raises(UsageError):
        ledger.receipt(0, size=4)
    with pytest.raises(UsageError):
        ledger.receipt(2, size=2)


def test_nothing_is_not_appended(ledger):
    with pytest.raises(UsageError):
        ledger.append()
    with pytest.raises(UsageError):
        ledger.submit()


def test_a_retry_with_the_same_key_and_content_gets_the_first_answer(ledger, fact, clock):
    (first,) = ledger.append(fact(1, key="run 7"))
    clock.instant = Instant(clock.instant.unix_ms + 60_000)
    (again,) = ledger.append(fact(1, key="run 7"))
    assert again.duplicate
    assert (again.index, again.entry) == (first.index, first.entry)
    assert ledger.head().size == 1


def test_the_same_key_in_one_call_is_appended_once(ledger, fact):
    first, second = ledger.append(fact(1, key="run 7"), fact(1, key="run 7"))
    assert (first.index, second.index, second.duplicate) == (0, 0, True)


def test_the_same_key_for_another_entry_is_a_conflict_and_writes_nothing(ledger, fact):
    ledger.append(fact(1, key="run 7"))
    with pytest.raises(IdempotencyConflictError) as refused:
        ledger.append(fact(3), fact(2, key="run 7"), fact(4))
    assert refused.value.code == "ledger.idempotency-conflict"
    assert ledger.head().size == 1
    with pytest.raises(IdempotencyConflictError):
        ledger.append(fact(5, key="new"), fact(6, key="new"))
    assert ledger.append(fact(6, key="new"))[0].index == 1


def test_the_same_key_of_another_actor_is_another_key(ledger, fact):
    ledger.append(fact(1, key="run 7", actor="ana"))
    assert ledger.append(fact(1, key="run 7", actor="ben"))[0].index == 1


def test_without_a_key_the_same_content_is_another_entry(ledger, fact):
    ledger.append(fact(1))
    assert ledger.append(fact(1))[0].index == 1


def test_a_clock_that_goes_backwards_does_not_change_the_order(ledger, fact, clock):
    moments = ["2026-11-20T14:30:00Z", "2020-01-01T00:00:00Z", "2026-11-20T14:29:59Z"]
    for number, moment in enumerate(moments):
        clock.instant = Instant.parse(moment)
        ledger.append(fact(number))
    assert [str(entry.time) for _, entry in ledger.entries()] == moments
    assert [e.subjects[0] for _, e in ledger.entries()] == [
        sha256(b"artifact %d" % number) for number in range(3)
    ]


def test_many_threads_and_many_retries_append_each_fact_once(ledger, fact):
    answers = []

    def work(worker):
        for number in range(30):
            (done,) = ledger.append(fact(number, key=f"fact {number}"))
            answers.append((number, done.index))
            ledger.append(fact(1000 + 30 * worker + number))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 240
    assert len(set(answers)) == 30
    assert ledger.head().size == 30 + 240


def test_futures_resolve_as_append_returns_or_raises(ledger, fact):
    futures = [ledger.submit(fact(number, key=f"fact {number}")) for number in range(200)]
    conflict = ledger.submit(fact(5, key="fact 6"))
    answers = [future.result(timeout=20)[0] for future in futures]
    assert [done.index for done in answers] == list(range(200))
    assert isinstance(conflict.exception(timeout=20), IdempotencyConflictError)
    ledger.close()
    assert ledger.submit(fact(999)).result(timeout=20)[0].index == 200


def test_a_submitted_entry_cannot_be_cancelled_once_taken(ledger, fact):
    futures = [ledger.submit(fact(number)) for number in range(20)]
    assert not any(future.cancel() for future in futures)
    assert [future.result(timeout=20)[0].index for future in futures] == list(range(20))


def test_receipts_are_asked_for_from_many_threads_at_once(ledger, fact, signer):
    ledger.append(*(fact(number) for number in range(600)))
    failures = []

    def prove(start):
        try:
            for index in range(start, 600, 7):
                check_receipt(
                    ledger.receipt(index), ledger.entry_bytes(index), log_key=signer.verifier
                )
        except Exception as error:  # noqa: BLE001  # threads do not raise into the test
            failures.append(error)

    threads = [threading.Thread(target=prove, args=(start,)) for start in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_entry_that_is_too_large_is_refused_before_anything_is_written(ledger, fact):
    links = tuple(sha256(b"%d" % number) for number in range(2000))
    with pytest.raises(EntryMalformedError) as refused:
        ledger.append(
            fact(1), fact(2).__class__(actor=fact().actor, body=fact().body, subjects=links)
        )
    assert refused.value.code == "ledger.entry-too-large"
    assert ledger.head().size == 0


class SlowStore(MemoryLedger):
    """A store whose commits wait until they are let through."""

    def __init__(self):
        super().__init__()
        self.through = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)

    def apply(self, rows, tiles, head):
        self.entered.release()
        self.through.acquire()
        super().apply(rows, tiles, head)


def start(target, *args):
    thread = threading.Thread(target=target, args=args)
    thread.start()
    return thread


def test_callers_that_wait_share_the_next_commit(open_ledger, fact):
    store = SlowStore()
    ledger = open_ledger(store, MemoryCheckpoint())
    sizes = []

    def append(number):
        sizes.append(ledger.append(fact(number))[0].size)

    threads = [start(append, 0)]
    store.entered.acquire()
    threads += [start(append, number) for number in range(1, 20)]
    while ledger._queue._pending_entries < 19:
        time.sleep(0.001)
    store.through.release(2)
    for thread in threads:
        thread.join(20)
    assert sorted(sizes) == [1] + [20] * 19


def test_too_much_waiting_is_refused_and_can_be_tried_again(open_ledger, fact):
    store = SlowStore()
    ledger = open_ledger(store, MemoryCheckpoint())
    first = ledger.submit(fact(0))
    store.entered.acquire()
    held = [ledger.submit(fact(n)) for n in range(commit_queue.MAX_PENDING_ENTRIES)]
    with pytest.raises(BusyError) as refused:
        ledger.submit(fact(1))
    assert refused.value.code == "ledger.busy"
    with pytest.raises(BusyError):
        ledger.append(fact(1))
    store.through.release(100)
    assert first.result(20)
    assert held[-1].result(20)[0].index == commit_queue.MAX_PENDING_ENTRIES
    assert ledger.append(fact(1))


def test_a_caller_interrupted_while_waiting_does_not_hang_the_others(open_ledger, fact):
    store = SlowStore()
    ledger = open_ledger(store, MemoryCheckpoint())
    done = []

    def append(number):
        ledger.append(fact(number))
        done.append(number)

    threads = [start(append, 0)]
    store.entered.acquire()

    def interrupt_then_go_on():
        while ledger._queue._pending_entries < 1:
            time.sleep(0.001)
        threads.append(start(append, 2))
        while ledger._queue._pending_entries < 2:
            time.sleep(0.001)
        _thread.interrupt_main()
        # A lock is left by an interrupt when the main thread wakes: it takes the signal then.
        time.sleep(0.05)
        store.through.release(5)

    helper = start(interrupt_then_go_on)
    with pytest.raises(KeyboardInterrupt):
        ledger.append(fact(1))
    helper.join(20)
    for thread in threads:
        thread.join(20)
    assert sorted(done) == [0, 2]
    assert ledger.append(fact(3))


class LockedStore(MemoryLedger):
    """A store that another process keeps to itself for a while."""

    locked = False

    def writing(self):
        if self.locked:
            raise StoreLockedError("another process writes")
        return super().writing()


def test_a_locked_store_can_be_tried_again(open_ledger, fact):
    store = LockedStore()
    ledger = open_ledger(store, MemoryCheckpoint())
    store.locked = True
    with pytest.raises(StoreError) as refused:
        ledger.append(fact(1))
    assert refused.value.code == "stores.locked"
    store.locked = False
    assert ledger.append(fact(1))[0].index == 0


class CountingSigner:
    """A key that remembers what it signed."""

    def __init__(self, signer, signed):
        self.verifier, self._signer, self.signed = signer.verifier, signer, signed

    def sign(self, message):
        self.signed.append(message)
        return self._signer.sign(message)


def test_two_ledgers_on_one_store_sign_one_root_per_size(parts, open_ledger, fact, signer):
    store, memory = parts
    signed = []
    one = open_ledger(store, memory, key=CountingSigner(signer, signed))
    two = open_ledger(store, memory, key=CountingSigner(signer, signed))

    def work(ledger, name):
        for number in range(40):
            ledger.append(fact(number, key=f"{name} {number}"))
            ledger.append(fact(number, key=f"both {number}"))
            ledger.checkpoint()

    threads = [start(work, one, "one"), start(work, two, "two"), start(work, one, "three")]
    for thread in threads:
        thread.join(30)
    assert one.head().size == two.head().size == 4 * 40
    texts = {message.split(b"\n")[1]: message for message in signed}
    assert all(texts[message.split(b"\n")[1]] == message for message in signed)
    assert len(texts) > 40


def test_a_rotated_key_signs_beside_the_old_one(ledger, fact, signer):
    ledger.append(fact(1))
    newer = SignerKey.from_seed(signer.verifier.name, b"n" * 32)
    ledger.sign_with(newer)
    (done,) = ledger.append(fact(2))
    for key in (signer.verifier, newer.verifier):
        assert open_checkpoint(done.checkpoint, key).checkpoint.size == 2
    assert ledger.verifier_key == newer.verifier
    with pytest.raises(UsageError):
        ledger.sign_with(SignerKey.from_seed("another.example/log", b"n" * 32))
