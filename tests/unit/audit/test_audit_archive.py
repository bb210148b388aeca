"""The archive has one form per content, and nothing else is read as one."""

import io
import stat
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.audit.archive import PackageError, read_archive, write_archive

NAMES = [
    "manifest.json",
    "checkpoint",
    "keys/log.vkey",
    "entries/0.json",
    "blobs/sha256/" + 64 * "a",
]
FILES = {"manifest.json": b"{}", "checkpoint": b"a log\n", "entries/12.json": b'{"v":1}'}


def zipped(
    files: list[tuple[str | zipfile.ZipInfo, bytes]], compression: int = zipfile.ZIP_STORED
) -> bytes:
    """An archive as another program writes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return packed.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(PackageError) as refused:
        read_archive(data)
    return refused.value.code


@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=300)))
def test_what_was_packed_is_read_again_by_us_and_by_others(files):
    data = write_archive(files)

    assert read_archive(data) == files
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_the_order_in_which_files_are_given_does_not_matter():
    assert write_archive(FILES) == write_archive(dict(reversed(FILES.items())))


def test_an_archive_by_another_program_is_read_when_it_is_stored():
    assert read_archive(zipped(list(FILES.items()))) == FILES


@given(st.binary(max_size=400))
def test_bytes_that_are_no_archive_are_refused(data):
    assert refusal(data) == "audit.archive-malformed"


@given(st.data())
def test_a_changed_archive_is_refused_or_reads_without_harm(data):
    packed = bytearray(write_archive(FILES))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(packed) - 1))
        packed[place] = data.draw(st.integers(0, 255))
    try:
        files = read_archive(bytes(packed))
    except PackageError:
        return
    assert sum(map(len, files.values())) <= len(packed)


@pytest.mark.parametrize("cut", [1, 10, 21, 22, 60])
def test_a_cut_archive_is_refused(cut):
    assert refusal(write_archive(FILES)[:-cut]) == "audit.archive-malformed"


def test_bytes_after_the_end_are_refused():
    assert refusal(write_archive(FILES) + b"\n") == "audit.archive-malformed"


def test_bytes_before_the_archive_are_refused():
    assert refusal(b"#!/bin/sh\n" + write_archive(FILES)) == "audit.archive-malformed"


def test_a_comment_is_refused():
    packed = io.BytesIO(write_archive(FILES))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.comment = b"nothing to see"
    assert refusal(packed.getvalue()) == "audit.archive-malformed"


@pytest.mark.parametrize(
    "name",
    [
        "../checkpoint",
        "/checkpoint",
        "entries/../checkpoint",
        "entries/01.json",
        "entries/-1.json",
        "entries/1.json/",
        "entries/99999999999999999.json",
        "blobs/sha256/" + 64 * "A",
        "blobs/sha512/" + 128 * "a",
        "Checkpoint",
        "checkpoint ",
        "checkpoint\n",
        "réport.html",
        "readme.txt",
        "",
    ],
)
def test_a_name_that_no_package_has_is_refused(name):
    assert refusal(zipped([*FILES.items(), (zipfile.ZipInfo(name), b"")])) == "audit.unknown-file"


def test_a_name_that_comes_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("checkpoint", b"one"), ("checkpoint", b"two")])
    assert refusal(data) == "audit.archive-overlap"


def test_compressed_files_are_refused_so_that_nothing_grows():
    bomb = zipped([("checkpoint", b"\0" * 10_000_000)], zipfile.ZIP_DEFLATED)
    assert refusal(bomb) == "audit.archive-not-stored"


def test_an_encrypted_file_is_refused():
    data = bytearray(write_archive({"checkpoint": b"a log\n"}))
    flags = data.index(b"PK\x01\x02") + 8
    data[flags] |= 1
    assert refusal(bytes(data)) == "audit.archive-not-stored"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])
def test_a_link_or_directory_is_refused(kind):
    info = zipfile.ZipInfo("checkpoint")
    info.external_attr = (kind | 0o777) << 16
    assert refusal(zipped([(info, b"/etc/passwd")])) == "audit.archive-not-plain"


def test_members_that_share_bytes_are_refused():
    """A directory that names one large member many times would otherwise grow without bound."""
    data = write_archive({f"entries/{number}.json": b"x" * 5000 for number in range(3)})
    first = data.index(b"PK\x01\x02")
    end = len(data) - 22
    record = bytearray(data[first : first + 46 + 14])
    local = data.index(b"PK\x03\x04")
    records = b""
    for number in range(9):
        record[46:] = f"entries/{number}.json".encode()
        record[42:46] = local.to_bytes(4, "little")
        records += bytes(record)
    tail = bytearray(data[end:])
    tail[8:10] = tail[10:12] = (9).to_bytes(2, "little")
    tail[12:16] = len(records).to_bytes(4, "little")
    with pytest.raises(PackageError):
        read_archive(data[:first] + records + bytes(tail))


def test_header_and_directory_have_to_agree_about_the_name():
    data = bytearray(write_archive({"entries/1.json": b"{}"}))
    data[30 + len("entries/")] = ord("2")
    assert refusal(bytes(data)) == "audit.archive-malformed"


def test_more_files_than_an_archive_holds_are_refused():
    many = {f"entries/{number}.json": b"" for number in range(65_535)}
    with pytest.raises(PackageError) as refused:
        write_archive(many)
    assert refused.value.code == "audit.too-large"


def patched(place: int, value: int, width: int = 2) -> bytes:
    """One number of the archive's records changed: counted from the start, or from the end."""
    data = bytearray(write_archive(FILES))
    start = place if place >= 0 else len(data) + place
    data[start : start + width] = value.to_bytes(width, "little")
    return bytes(data)


DIRECTORY = write_archive(FILES).index(b"PK\x01\x02")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (patched(-14, 4) + b"", "audit.archive-malformed"),
        (patched(-12, 2), "audit.archive-malformed"),
        (patched(-18, 1), "audit.archive-malformed"),
        (patched(-16, 1), "audit.archive-malformed"),
        (patched(DIRECTORY, 0), "audit.archive-malformed"),
        (patched(DIRECTORY + 8, 8), "audit.archive-not-stored"),
        (patched(DIRECTORY + 30, 1), "audit.unknown-file"),
        (patched(DIRECTORY + 32, 9000), "audit.archive-malformed"),
        (patched(DIRECTORY + 34, 1), "audit.archive-malformed"),
        (patched(DIRECTORY + 42, 2**31, 4), "audit.archive-malformed"),
        (patched(DIRECTORY + 20, 2**31, 4), "audit.archive-not-stored"),
        (patched(0, 0), "audit.archive-malformed"),
        (patched(6, 1), "audit.archive-malformed"),
        (patched(8, 8), "audit.archive-malformed"),
        (patched(18, 1, 4), "audit.archive-malformed"),
        (patched(28, 60_000), "audit.archive-malformed"),
    ],
    ids=range(16),
)
def test_a_record_that_does_not_fit_is_refused(data, code):
    assert refusal(data) == code


@pytest.mark.parametrize("more", [-1, 1])
def test_an_end_record_that_counts_wrongly_is_refused(more):
    data = bytearray(write_archive(FILES))
    for place in (-14, -12):
        data[place] = len(FILES) + more
    assert refusal(bytes(data)) == "audit.archive-malformed"


def test_a_member_that_reaches_into_the_directory_is_refused():
    data = bytearray(write_archive({"checkpoint": b"a log\n"}))
    longer = (60).to_bytes(4, "little")
    directory = data.index(b"PK\x01\x02")
    for place in (18, 22, directory + 20, directory + 24):
        data[place : place + 4] = longer
    assert refusal(bytes(data)) == "audit.archive-malformed"
