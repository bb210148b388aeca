"""Every byte of every tile row counts: changed in any bit pattern, the check names the tile."""

import pytest

from gatebook.clock import FixedClock, Instant
from gatebook.digest import sha256
from gatebook.ledger.check_tree import check_tree
from gatebook.ledger.entry import Draft
from gatebook.ledger.kinds import ArtifactKind, ArtifactRecorded
from gatebook.ledger.ledger import Ledger
from gatebook.ledger.store import StoredTile
from gatebook.names import Actor, ArtifactName
from gatebook.stores.memory import MemoryCheckpoint, MemoryLedger
from gatebook.tlog.note import SignerKey


class ChangedTile(MemoryLedger):
    """A log whose one full tile reads differently from what was written."""

    changed: StoredTile

    def tile(self, level: int, index: int) -> bytes | None:
        found = super().tile(level, index)
        return self.changed.data if (level, index) == (0, 0) else found

    def tile_roots(self, level: int, start: int, stop: int) -> bytes:
        found = super().tile_roots(level, start, stop)
        return self.changed.root if level == 0 and start == 0 and stop == 1 else found


@pytest.fixture(scope="module")
def log() -> ChangedTile:
    store = ChangedTile()
    ledger = Ledger(
        store,
        memory=MemoryCheckpoint(),
        signer=SignerKey.from_seed("ledger.example.com/tiles", b"\x07" * 32),
        clock=FixedClock(Instant.parse("2026-11-20T12:00:00Z")),
    )
    body = ArtifactRecorded(
        name=ArtifactName.parse("api"), artifact=ArtifactKind.FILE, algorithm="file"
    )
    actor = Actor.parse("local#ci")
    ledger.append(
        *(Draft(actor=actor, body=body, subjects=(sha256(b"%d" % n),)) for n in range(257))
    )
    (store.changed,) = list(store.tiles())
    return store


def test_the_unchanged_log_is_sound(log: ChangedTile) -> None:
    assert check_tree(log).faults == ()


@pytest.mark.slow
def test_a_change_of_any_byte_of_a_tile_is_found_and_named(log: ChangedTile) -> None:
    sound = log.changed
    unnoticed = []
    for column, length in (("data", len(sound.data)), ("root", len(sound.root))):
        for place in range(length):
            changed = bytearray(getattr(sound, column))
            changed[place] ^= 1 << place % 8
            log.changed = sound._replace(**{column: bytes(changed)})
            faults = check_tree(log).faults
            if not faults or "0/0" not in faults[0].object:
                unnoticed.append((column, place))
    log.changed = sound
    assert unnoticed == []
