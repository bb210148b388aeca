"""Writers are killed at any moment; what they had acknowledged is in the book, and it opens."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatebook.clock import SystemClock
from gatebook.ledger.check import check_ledger
from gatebook.ledger.entry import entry_key, idempotent_id
from gatebook.ledger.ledger import Ledger
from gatebook.names import Actor
from gatebook.stores.files import CheckpointFile
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey
from gatebook.tlog.receipt import check_receipt

SCRIPT = Path(__file__).with_name("writers.py")
SIGNER = SignerKey.from_seed("log.example/killed", bytes(range(32)))
CYCLES = 200
PROCESSES = 2
THREADS = 3


def open_ledger(book):
    store = SqliteLedger(book / "ledger.db")
    memory = CheckpointFile(book / "checkpoint")
    return store, Ledger(store, memory=memory, signer=SIGNER, clock=SystemClock())


class Writers:
    """The parent's side of ``writers.py``."""

    def __init__(self, book):
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(book), str(THREADS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.acknowledged = {}
        self.notes = {}
        self.errors = []

    def start(self, name, starts):
        self._tell(f"{name}:{','.join(map(str, starts))}")
        return int(self._read_until("born").split()[1])

    def wait(self):
        self._tell("wait")
        self._read_until("over")

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0
        self.process.stdout.close()

    def _tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _read_until(self, word):
        for line in self.process.stdout:
            first, *rest = line.split()
            if first == "ack":
                key, index, size, note = rest
                assert self.acknowledged.setdefault(key, int(index)) == int(index), key
                # I4: one size, one signed note.
                assert self.notes.setdefault(int(size), note) == note, size
            elif first == "error":
                self.errors.append(line)
            if first == word:
                return line
        raise AssertionError("the writers are gone")

    def next_numbers(self, name):
        """Where each thread goes on: with the last one acknowledged, as a retry, or after it."""
        highest = [-1] * THREADS
        for key in self.acknowledged:
            owner, thread, number = key.split("/")
            if owner == name:
                highest[int(thread)] = max(highest[int(thread)], int(number))
        return [number + 1 for number in highest]


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_two_hundred_kills_of_two_processes(tmp_path):
    chance = random.Random(20261120)  # noqa: S311  # repeatable, not secret
    book = tmp_path
    SqliteLedger.create(book / "ledger.db")
    writers = Writers(book)
    size = 0
    for cycle in range(CYCLES):
        before = dict(writers.acknowledged)
        children = [
            writers.start(name, writers.next_numbers(name)) for name in ("ann", "ben")[:PROCESSES]
        ]
        chance.shuffle(children)
        for child in children:
            # Sometimes while opening, sometimes in the middle of it; the other one goes on alone.
            time.sleep(chance.choice((0.0, 0.005, 0.02)) + chance.random() * 0.07)
            os.kill(child, signal.SIGKILL)
        writers.wait()
        assert writers.errors == []
        store, ledger = open_ledger(book)
        assert ledger.head().size >= size, "the log became shorter"
        size = ledger.head().size
        for key in writers.acknowledged.keys() - before.keys():
            index = writers.acknowledged[key]
            entry_id = idempotent_id(Actor("local", "ci"), key)
            (row,) = store.rows(index, index + 1)
            assert row.key == entry_key(entry_id), (cycle, key)
        store.close()
    writers.close()

    store, ledger = open_ledger(book)
    report = check_ledger(store, known=ledger.checkpoint(), keys=[SIGNER.verifier])
    assert report.faults == ()
    assert report.head == ledger.head()
    # Exactly once: each fact of each writer is there at most once, the acknowledged ones surely.
    keys = [row.key for row in store.rows(0, size)]
    assert len(set(keys)) == len(keys) == size >= len(writers.acknowledged) > CYCLES
    for key in chance.sample(sorted(writers.acknowledged), 50):
        index = writers.acknowledged[key]
        check_receipt(ledger.receipt(index), ledger.entry_bytes(index), log_key=SIGNER.verifier)
    store.close()
