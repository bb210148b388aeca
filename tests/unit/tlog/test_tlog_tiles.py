"""Where tiles are, and what the bytes of a bundle say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.tlog.tiles import (
    BundleError,
    EntryBundle,
    Tile,
    TilePathError,
    bundles_for_size,
    decode_bundle,
    encode_bundle,
    parse_tile_path,
    partial_tiles,
    tiles_for_size,
)


def test_shared_paths_are_written_and_read_or_refused(cases):
    found = cases.load("tile-paths.json")
    assert len(found) == 20
    wrong = []
    for case in found:
        if case.get("valid", True):
            tile = Tile(case["level"], case["index"], case["width"])
            if tile.path != case["path"] or parse_tile_path(case["path"]) != tile:
                wrong.append(case["path"])
            continue
        try:
            parse_tile_path(case["path"])
        except TilePathError:
            continue
        wrong.append(case["path"])
    assert wrong == []


@given(st.integers(0, 63), st.integers(0, 2**56 - 1), st.integers(1, 256))
def test_each_place_has_one_path(level, index, width):
    assert parse_tile_path(Tile(level, index, width).path) == Tile(level, index, width)
    assert parse_tile_path(EntryBundle(index, width).path) == EntryBundle(index, width)


@given(st.text("tile/entrisx0123456789.p-+_ \n", max_size=30).map("tile/".__add__))
def test_a_path_is_read_only_if_it_would_be_written_so(path):
    try:
        place = parse_tile_path(path)
    except GatebookError:
        return
    assert place.path == path


@pytest.mark.parametrize(
    "path",
    [
        "tile/entries/0",
        "tile/entries/x000/001",
        "tile/entries/000.p/0",
        "tile/entries/000.p/256",
        "tile/entries/000\n",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/" + "x001/" * 30 + "000",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/data/000",
        "checkpoint",
        "",
    ],
)
def test_other_paths_are_refused(path):
    with pytest.raises(TilePathError):
        parse_tile_path(path)


@pytest.mark.parametrize(
    "place", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**64, 1), (0, 0, 0), (0, 0, 257)]
)
def test_impossible_tiles_do_not_exist(place):
    with pytest.raises(TilePathError):
        Tile(*place)


def test_partial_tiles_are_as_wide_as_the_specification_computes():
    assert partial_tiles(70_000) == (Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1))
    assert partial_tiles(256) == (Tile(1, 0, 1),)
    assert partial_tiles(0) == ()
    counts = [
        sum(1 for tile in tiles_for_size(70_000) if tile.level == level) for level in range(3)
    ]
    assert counts == [274, 2, 1]
    with pytest.raises(TilePathError):
        partial_tiles(-1)


@given(st.integers(0, 2000))
def test_tiles_of_a_size_hold_each_hash_once(size):
    tiles = list(tiles_for_size(size))
    assert sum(tile.width for tile in tiles if tile.level == 0) == size
    assert sum(bundle.width for bundle in bundles_for_size(size)) == size
    assert [tile for tile in tiles if not tile.is_full] == list(partial_tiles(size))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_gives_its_entries_back(entries):
    data = encode_bundle(entries)
    assert decode_bundle(data, count=len(entries)) == entries
    for count in (len(entries) - 1, len(entries) + 1):
        with pytest.raises(BundleError):
            decode_bundle(data, count=count)
    with pytest.raises(BundleError):
        decode_bundle(data[:-1], count=len(entries))
    with pytest.raises(BundleError):
        decode_bundle(data + b"\0", count=len(entries))


@given(st.binary(max_size=2000), st.integers(-1, 300))
def test_random_bytes_are_a_bundle_only_if_they_encode_back(data, count):
    try:
        entries = decode_bundle(data, count=count)
    except GatebookError:
        return
    assert encode_bundle(entries) == data


def test_an_entry_may_be_empty_or_as_long_as_its_length_can_say():
    entries = [b"", b"x" * 65_535]
    assert decode_bundle(encode_bundle(entries), count=2) == entries
    with pytest.raises(BundleError) as caught:
        encode_bundle([b"x" * 65_536])
    assert caught.value.code == "tlog.entry-too-large"
    for entries in ([], [b""] * 257):
        with pytest.raises(BundleError):
            encode_bundle(entries)


def test_a_compressed_placeholder_is_no_bundle(cases):
    place = "sunlight/cmd/skylight/testdata/witness/mirror"
    directory = (
        f"{place}/000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706/tile/entries"
    )
    for path, count in (("000", 256), ("001.p/44", 44)):
        with pytest.raises(BundleError):
            decode_bundle(cases.read(f"{directory}/{path}"), count=count)
