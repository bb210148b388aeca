"""Writers that get killed: forks on command, appends until it dies, says what was acknowledged.

Run as a script: ``writers.py BOOK THREADS``. Each line on stdin, ``name:start,start,…``, starts one
process; its threads append the facts ``name/thread/number`` from the numbers given. Each
acknowledgement is one line on stdout, written after :meth:`Ledger.append` has returned.
"""

import hashlib
import os
import sys
import threading
from pathlib import Path

from gatebook.clock import SystemClock
from gatebook.digest import Digest
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import ArtifactKind, ArtifactRecorded
from gatebook.ledger.ledger import Ledger
from gatebook.names import Actor, ArtifactName
from gatebook.stores.files import CheckpointFile
from gatebook.stores.sqlite_ledger import SqliteLedger
from gatebook.tlog.keys import SignerKey

SEED = bytes(range(32))
ORIGIN = "log.example/killed"


def open_ledger(book, *, seconds=0.02):
    # A small write-ahead log: kills fall into checkpoints of the database, too.
    store = SqliteLedger(book / "ledger.db", wal_pages=60)
    memory = CheckpointFile(book / "checkpoint", seconds=seconds)
    signer = SignerKey.from_seed(ORIGIN, SEED)
    return store, Ledger(store, memory=memory, signer=signer, clock=SystemClock())


def fact(key):
    return Draft(
        actor=Actor("local", "ci"),
        body=ArtifactRecorded(
            name=ArtifactName("acme/api"), artifact=ArtifactKind.FILE, algorithm="file"
        ),
        subjects=(Digest("sha256", hashlib.sha256(key.encode()).hexdigest()),),
        idempotency_key=key,
    )


def say(line):
    os.write(1, line.encode() + b"\n")  # one write below PIPE_BUF: lines never mix


def append_for_ever(ledger, name, start):
    number = start
    while True:
        key = f"{name}/{number}"
        # Every tenth write is said twice: a retry must find the first one.
        for _ in range(2 if number % 10 == 0 else 1):
            (done,) = ledger.append(fact(key))
            note = hashlib.sha256(done.checkpoint).hexdigest()
            say(f"ack {key} {done.index} {done.size} {note}")
        number += 1


def write(book, name, starts):
    try:
        _, ledger = open_ledger(book)
        say(f"open {name}")
        threads = [
            threading.Thread(target=append_for_ever, args=(ledger, f"{name}/{thread}", start))
            for thread, start in enumerate(starts)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        say("error the threads ended")
    except BaseException as error:  # noqa: BLE001  # whatever it is, the parent has to hear it
        say(f"error {type(error).__name__} {error}")
    finally:
        os._exit(1)


def main():
    book = Path(sys.argv[1])
    threading.excepthook = lambda caught: say(
        f"error {caught.exc_type.__name__} {caught.exc_value}"
    )
    for line in sys.stdin:
        name, _, starts = line.strip().partition(":")
        if name == "wait":
            while True:
                try:
                    os.wait()
                except ChildProcessError:
                    break
            say("over")
            continue
        child = os.fork()
        if child == 0:
            write(book, name, [int(start) for start in starts.split(",")])
        say(f"born {child}")


if __name__ == "__main__":
    main()
