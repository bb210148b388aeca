"""What every index store promises, held by each of them."""

import pytest

from gatebook.index.tables import TABLES, ArtifactRow, DeploymentRow, EntryRow, SubjectRow
from gatebook.stores.memory_index import MemoryIndex
from gatebook.stores.sqlite_index import SqliteIndex


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryIndex()
        return
    opened = SqliteIndex(tmp_path / "index.db")
    yield opened
    opened.close()


def a_deployment(at, since, *, name="api", status="finished"):
    return DeploymentRow(
        at=at,
        environment="prod",
        name=name,
        digest=f"sha256:{at:064x}",
        status=status,
        since=since,
        until=None,
        decided_by=None,
    )


def test_a_new_index_has_folded_nothing(store):
    assert store.applied() == 0
    assert list(store.dump()) == []
    for table in TABLES:
        assert list(store.select(table.row, {})) == []


def test_a_transaction_sees_its_own_writes_and_others_see_them_after_it(store):
    with store.writing() as writer:
        writer.insert(SubjectRow(at=0, digest="a"))
        assert list(writer.select(SubjectRow, {"digest": "a"})) == [SubjectRow(0, "a")]
        writer.insert(SubjectRow(at=1, digest="a"))
        assert [row.at for row in writer.select(SubjectRow, {"digest": "a"})] == [0, 1]
        writer.replace(SubjectRow(0, "a"), SubjectRow(0, "b"))
        writer.insert(SubjectRow(at=2, digest="b"))
        writer.set_applied(3)
        assert writer.applied() == 3
    assert [row.at for row in store.select(SubjectRow, {"digest": "b"})] == [0, 2]
    assert store.applied() == 3


def test_a_transaction_left_by_an_exception_undoes_all(store):
    with store.writing() as writer:
        writer.insert(SubjectRow(at=0, digest="a"))
        writer.set_applied(1)

    def interrupted():
        with store.writing() as writer:
            writer.replace(SubjectRow(0, "a"), SubjectRow(0, "z"))
            writer.insert(SubjectRow(at=1, digest="b"))
            list(writer.select(SubjectRow, {}))
            writer.insert(SubjectRow(at=2, digest="c"))
            writer.set_applied(9)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(store.dump()) == [("subject", SubjectRow(0, "a"))]
    assert store.applied() == 1


def test_rows_come_in_the_order_of_entries_or_newest_first(store):
    with store.writing() as writer:
        for at in (4, 1, 3):
            writer.insert(a_deployment(at, 100 - at))
    assert [row.at for row in store.select(DeploymentRow, {})] == [1, 3, 4]
    newest = store.select(DeploymentRow, {"environment": "prod"}, newest_first=True, limit=2)
    assert [row.at for row in newest] == [4, 3]
    assert list(store.select(DeploymentRow, {"environment": "staging"})) == []


def test_an_absent_value_is_matched_by_none_only(store):
    known = ArtifactRow(0, "a", "api", "image", None, "c" * 40, None, None)
    with store.writing() as writer:
        writer.insert(known)
        writer.insert(known._replace(at=1, commit=None))
    assert [row.at for row in store.select(ArtifactRow, {"commit": None})] == [1]
    assert [row.at for row in store.select(ArtifactRow, {"commit": "c" * 40})] == [0]


def test_the_newest_before_and_the_oldest_after_an_instant(store):
    where = {"environment": "prod", "name": "api", "status": "finished"}
    with store.writing() as writer:
        for at, since in enumerate((10, 20, 20, 40)):
            writer.insert(a_deployment(at, since))
        writer.insert(a_deployment(9, 15, status="failed"))
    for reader in (store,):
        found = [reader.newest(DeploymentRow, where, "since", at) for at in (9, 10, 19, 20, 99)]
        assert [row and row.at for row in found] == [None, 0, 0, 2, 3]
        found = [reader.oldest(DeploymentRow, where, "since", at) for at in (9, 11, 20, 21, 41)]
        assert [row and row.at for row in found] == [0, 1, 1, 3, None]


def test_clearing_forgets_everything(store):
    with store.writing() as writer:
        writer.insert(EntryRow(0, "id", "kind", "actor", 1, 2))
        writer.set_applied(1)
    store.clear()
    assert store.applied() == 0
    assert list(store.dump()) == []
