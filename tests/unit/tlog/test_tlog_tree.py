"""A tree grows the same however its entries arrive, and its tiles answer for it."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.tlog.merkle import (
    EMPTY_ROOT,
    Node,
    ProofError,
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
)
from gatebook.tlog.tiles import Tile, partial_tiles, tiles_for_size
from gatebook.tlog.tree import TileCache, TileError, TileHashReader, TreeBuilder

LEAVES = [leaf_hash(b"%d" % number) for number in range(3000)]


def shared_entry(number):
    """Entry ``number`` of the shared tree, by the rule in its roots.json."""
    special = {3: b"", 5: b"x" * 65_535}
    return special.get(number, b'{"i":%d,"t":"shared-a"}' % number)


def test_roots_are_those_of_the_shared_tree_at_each_size(cases):
    expected = cases.load("generated-shared-a/roots.json")["roots"]
    assert len(expected) == 14
    builder = TreeBuilder()
    for size in range(1001):
        if str(size) in expected:
            assert builder.root() == base64.b64decode(expected.pop(str(size))), size
        builder.extend([leaf_hash(shared_entry(size))])
    assert expected == {}


def test_tiles_are_byte_for_byte_those_of_the_shared_tree(cases):
    builder = TreeBuilder()
    full = builder.extend([leaf_hash(shared_entry(number)) for number in range(1000)])
    assert [tile.tile.path for tile in full] == ["tile/0/000", "tile/0/001", "tile/0/002"]
    for tile in full:
        assert tile.data == cases.read(f"generated-shared-a/tree/{tile.tile.path}")
    partial = partial_tiles(1000)
    assert [tile.path for tile in partial] == ["tile/0/003.p/232", "tile/1/000.p/3"]
    for tile in partial:
        data = cases.read(f"generated-shared-a/tree/{tile.path}")
        assert builder.edges()[tile.level] == data


@given(st.data())
@settings(max_examples=60)
def test_any_split_into_batches_gives_the_same_tiles_edges_and_roots(data):
    size = data.draw(st.integers(0, len(LEAVES)))
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=8)))
    at_once, piecewise = TreeBuilder(), TreeBuilder()
    expected = at_once.extend(LEAVES[:size])
    found = []
    for start, end in zip([0, *cuts], [*cuts, size], strict=True):
        found += piecewise.extend(LEAVES[start:end])
        assert piecewise.root() == root_of(LEAVES[:end])
    assert found == expected
    assert piecewise.edges() == at_once.edges()
    assert piecewise.root() == at_once.root() == root_of(LEAVES[:size])


@given(st.integers(0, len(LEAVES)), st.integers(0, 700))
@settings(max_examples=60)
def test_a_tree_resumed_from_its_edges_grows_as_if_never_left(size, more):
    builder = TreeBuilder()
    builder.extend(LEAVES[:size])
    resumed = TreeBuilder.resume(size, builder.edges())
    assert (resumed.size, resumed.root()) == (size, builder.root())
    batch = LEAVES[size : size + more]
    assert resumed.extend(batch) == builder.extend(batch)
    assert resumed.edges() == builder.edges()


def test_tiles_come_bottom_up_and_in_order():
    leaves = [b"%032d" % number for number in range(65_536 + 256)]
    full = TreeBuilder().extend(leaves)
    places = [(tile.level, tile.index) for tile in full]
    assert places == [*((0, index) for index in range(256)), (1, 0), (0, 256)]
    assert full[256].data == b"".join(tile.root for tile in full[:256])
    assert full[256].root == root_of(leaves[:65_536])


def test_a_copy_grows_alone():
    builder = TreeBuilder()
    builder.extend(LEAVES[:300])
    trial = builder.copy()
    trial.extend(LEAVES[300:600])
    assert builder.size == 300
    assert builder.root() == root_of(LEAVES[:300])
    assert trial.root() == root_of(LEAVES[:600])
    assert builder.extend(LEAVES[300:600])[0].data == b"".join(LEAVES[256:512])


def test_an_empty_batch_changes_nothing():
    builder = TreeBuilder()
    assert builder.extend([]) == []
    assert (builder.size, builder.root(), builder.edges()) == (0, EMPTY_ROOT, ())


def test_a_batch_with_a_short_hash_leaves_the_tree_alone():
    builder = TreeBuilder()
    builder.extend(LEAVES[:5])
    for batch in ([LEAVES[5], b"short"], [LEAVES[5] + b"1", LEAVES[6][:31]], [b""]):
        with pytest.raises(TileError):
            builder.extend(batch)
    assert (builder.size, builder.root()) == (5, root_of(LEAVES[:5]))


@pytest.mark.parametrize(
    ("size", "edges"),
    [
        (-1, ()),
        (2**63, ()),
        (0, (b"",)),
        (1, ()),
        (1, (b"x" * 31,)),
        (1, (b"x" * 64,)),
        (256, (b"", b"")),
        (256, (b"x" * 32, b"x" * 32)),
        (300, (b"x" * 32 * 44,)),
    ],
)
def test_edges_that_do_not_belong_to_the_size_are_refused(size, edges):
    with pytest.raises(TileError):
        TreeBuilder.resume(size, edges)


def test_each_size_up_to_1100_can_be_walked_from_its_own_tiles():
    """Invariant I9: each partial tile of each published size is there, and proofs come from it."""
    builder, full = TreeBuilder(), {}
    cache = TileCache()
    for size in range(1, 1101):
        full.update((tile.tile, tile.data) for tile in builder.extend([LEAVES[size - 1]]))
        edges = builder.edges()

        def read(tile, full=full, edges=edges):
            return full[tile] if tile.is_full else edges[tile.level]

        for tile in tiles_for_size(size):
            assert len(read(tile)) == tile.width * 32
        reader = TileHashReader(read, size, cache=cache)
        for index in {0, size // 2, size - 1}:
            check_inclusion(
                index=index,
                size=size,
                leaf=LEAVES[index],
                proof=prove_inclusion(index, size, reader),
                root=builder.root(),
            )
        old = max(1, size - 3)
        check_consistency(
            old_size=old,
            new_size=size,
            old_root=root_of(LEAVES[:old]),
            new_root=builder.root(),
            proof=prove_consistency(old, size, reader),
        )


@given(st.data())
@settings(max_examples=60)
def test_proofs_from_tiles_hold_in_trees_of_several_levels(tree_of, data):
    tree = tree_of(data.draw(st.sampled_from([1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000])))
    index = data.draw(st.integers(0, tree.size - 1))
    check_inclusion(
        index=index,
        size=tree.size,
        leaf=tree.leaves[index],
        proof=prove_inclusion(index, tree.size, tree.reader()),
        root=tree.root,
    )
    check_consistency(
        old_size=index + 1,
        new_size=tree.size,
        old_root=root_of(tree.leaves[: index + 1]),
        new_root=tree.root,
        proof=prove_consistency(index + 1, tree.size, tree.reader()),
    )


def test_a_full_tile_is_read_once_for_all_later_sizes(tree_of):
    tree, read_paths = tree_of(1000), []

    def read(tile):
        read_paths.append(tile.path)
        return tree.read(tile)

    cache = TileCache()
    for _ in range(3):
        prove_inclusion(7, 1000, TileHashReader(read, 1000, cache=cache))
    assert sorted(read_paths) == ["tile/0/000", "tile/0/003.p/232", "tile/1/000.p/3"]


def test_the_cache_forgets_what_was_used_longest_ago(tree_of):
    tree, read_paths = tree_of(1000), []

    def read(tile):
        read_paths.append(tile.index)
        return tree.read(tile)

    reader = TileHashReader(read, 1000, cache=TileCache(2))
    reader.hashes([Node(0, 0), Node(0, 256), Node(0, 1), Node(0, 512), Node(0, 2), Node(0, 257)])
    assert read_paths == [0, 1, 2, 1]


def test_nodes_beyond_the_tree_and_tiles_of_another_length_are_refused(tree_of):
    tree = tree_of(1000)
    for node in (Node(0, 1000), Node(3, 125), Node(10, 0), Node(-1, 0), Node(0, -1)):
        with pytest.raises(ProofError):
            tree.reader().hashes([node])
    assert tree.reader().hashes([Node(9, 0)]) == [root_of(tree.leaves[:512])]
    with pytest.raises(TileError):
        TileHashReader(lambda tile: tree.read(tile)[:-1], 1000).hashes([Node(0, 0)])
    with pytest.raises(TileError):
        TileHashReader(lambda _: tree.read(Tile(0, 0)), 1000).hashes([Node(0, 999)])
