"""Let concurrent callers share commits: natural group commit, no timer.

The first caller becomes the leader and commits; whoever arrives meanwhile waits and goes into the
next commit together, led by the first of them. A commit of one takes no longer than it must, and
a slow disk makes larger commits, not longer queues.
"""

import threading
from collections.abc import Callable
from typing import Final

from gatebook.errors import UnreachableError
from gatebook.ledger.batch import Request

__all__ = ["BusyError", "CommitQueue"]

MAX_PENDING_ENTRIES: Final = 4096
MAX_PENDING_BYTES: Final = 16 * 1024 * 1024
MAX_BATCH_ENTRIES: Final = 1000
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024


class BusyError(UnreachableError):
    """More is waiting to be written than the ledger holds in memory; try again."""

    code = "ledger.busy"


class CommitQueue:
    """Hands waiting requests to ``commit``, as many as there are, one commit at a time.

    Args:
        commit: makes a batch durable and acknowledges each request, or raises.

    """

    def __init__(self, commit: Callable[[list[Request]], None]) -> None:
        self._commit = commit
        self._mutex = threading.Lock()
        self._pending: list[Request] = []
        self._pending_entries = 0
        self._pending_bytes = 0
        self._led = False
        self._wake = threading.Semaphore(0)
        self._writer: threading.Thread | None = None
        self._writer_leads = False
        self._stopping = False

    def run(self, request: Request) -> None:
        """Return when the request is committed or has failed; it says which.

        Raises:
            BusyError: too much is waiting; the request was not taken.

        """
        try:
            with self._mutex:
                self._admit(request)
                request.leads = not self._led
                self._led = True
            if request.leads or request.wait():
                self._lead()
        except BaseException:
            self._abandon(request)
            raise

    def submit(self, request: Request) -> None:
        """Take a request with a future; a background thread leads, so that callers cost none.

        Raises:
            BusyError: too much is waiting; the request was not taken.

        """
        with self._mutex:
            self._admit(request)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, daemon=True, name="ledger")
                self._writer.start()
            if not self._led:
                self._led = True
                self._call_writer()

    def close(self) -> None:
        """Wait for what was submitted and stop the background thread."""
        writer, self._writer = self._writer, None
        if writer is not None:
            self._stopping = True
            self._wake.release()
            writer.join()
            self._stopping = False

    def _write(self) -> None:
        while True:
            self._wake.acquire()
            if self._writer_leads:
                self._writer_leads = False
                self._lead()
            if self._stopping and not self._pending:
                return

    def _call_writer(self) -> None:
        self._writer_leads = True
        self._wake.release()

    def _admit(self, request: Request) -> None:
        entries = self._pending_entries + len(request.prepared)
        weight = self._pending_bytes + request.weight
        if self._pending and (entries > MAX_PENDING_ENTRIES or weight > MAX_PENDING_BYTES):
            raise BusyError(
                f"{self._pending_entries} entries are waiting to be written",
                hint="try again, with the same idempotency key",
            )
        self._pending.append(request)
        self._pending_entries, self._pending_bytes = entries, weight

    def _take_batch(self, batch: list[Request]) -> None:
        with self._mutex:
            entries = weight = count = 0
            for request in self._pending:
                more = entries + len(request.prepared), weight + request.weight
                if count and (more[0] > MAX_BATCH_ENTRIES or more[1] > MAX_BATCH_BYTES):
                    break
                entries, weight = more
                count += 1
            batch += self._pending[:count]
            del self._pending[:count]
            self._pending_entries -= entries
            self._pending_bytes -= weight

    def _lead(self) -> None:
        batch: list[Request] = []
        try:
            self._take_batch(batch)
            self._commit(batch)
        except BaseException as error:
            for request in batch:
                request.fail(error)
            if not isinstance(error, Exception):
                raise
        finally:
            with self._mutex:
                self._pass_on()
            for request in batch:
                request.finish()

    def _pass_on(self) -> None:
        if self._pending:
            heir = self._pending[0]
            if heir.future is None:
                heir.promote()
            else:
                self._call_writer()
        else:
            self._led = False

    def _abandon(self, request: Request) -> None:
        # The waiting thread was interrupted: nobody may go on waiting for it to lead.
        with self._mutex:
            if request in self._pending:
                self._pending.remove(request)
                self._pending_entries -= len(request.prepared)
                self._pending_bytes -= request.weight
                if request.leads:
                    self._pass_on()
