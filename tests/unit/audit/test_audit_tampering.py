"""Nothing in a package can be changed, left out, added or swapped unnoticed."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.audit.archive import PackageError, read_archive, write_archive
from gatebook.audit.verify import verify_package
from gatebook.digest import sha256

BLOB = "blobs/sha256/"


# -- every byte and every file ---------------------------------------------------------------------


def test_every_byte_counts(package, key, changed):
    """A stride that is no multiple of anything in the format meets every kind of byte."""
    step = 61
    unnoticed = []
    for place in range(0, len(package), step):
        try:
            verify_package(changed(package, place, 1 << place % 8), log_key=key)
        except PackageError:
            continue
        unnoticed.append(place)
    assert unnoticed == []


@pytest.mark.slow
def test_every_single_byte_counts(package, key, changed):
    masks = random.Random(1)  # noqa: S311  # the same masks in every run, nothing secret
    unnoticed = []
    for place in range(len(package)):
        try:
            verify_package(changed(package, place, masks.randint(1, 255)), log_key=key)
        except PackageError:
            continue
        unnoticed.append(place)
    assert unnoticed == []


def test_every_byte_between_the_files_counts(package, key, changed):
    """Names, times, attributes and sizes: nothing of the archive itself is left unchecked."""
    files = read_archive(package)
    inside: set[int] = set()
    for data in files.values():
        start = package.find(data)
        while start >= 0:
            inside.update(range(start, start + len(data)))
            start = package.find(data, start + 1)
    between = [place for place in range(len(package)) if place not in inside]
    assert len(between) > 46 * len(files)
    unnoticed = []
    for place in between[::7]:
        try:
            verify_package(changed(package, place, 0x20), log_key=key)
        except PackageError:
            continue
        unnoticed.append(place)
    assert unnoticed == []


@settings(max_examples=60)
@given(data=st.data())
def test_any_two_changed_bytes_are_noticed(data, deployed, changed, refusal):
    package = deployed.package(deployed.decision)
    for _ in range(2):
        place = data.draw(st.integers(0, len(package) - 1))
        package = changed(package, place, data.draw(st.integers(1, 255)))
    if package != deployed.package(deployed.decision):
        refusal(package, deployed.log_signer.verifier)


@pytest.mark.parametrize("is_relisted", [False, True])
def test_no_file_can_be_left_out(package, key, is_relisted, refusal, relisted):
    files = read_archive(package)
    for name in files:
        fewer = {other: data for other, data in files.items() if other != name}
        if name == "manifest.json":
            assert refusal(write_archive(fewer), key).code == "audit.file-missing"
            continue
        error = refusal(relisted(fewer) if is_relisted else write_archive(fewer), key)
        assert error.code.startswith("audit."), name
        assert is_relisted or name in error.message


def test_no_file_can_be_added(package, key, refusal, relisted):
    files = read_archive(package)
    for name in ("entries/400.json", "proofs/400.tlog-proof", BLOB + 64 * "0", "contract.yaml"):
        more = {**files, name: b"{}"}
        assert refusal(write_archive(more), key).code == "audit.file-unlisted"
        assert refusal(relisted(more), key).code.startswith("audit.")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("proofs/400.tlog-proof", "proof that entry 400 is in the log"),
        ("handovers/400.tlog-proof", "the old key vouches for entry 400"),
        ("handovers/3.tlog-proof", "the old key vouches for entry 3"),
    ],
)
def test_a_proof_that_proves_nothing_here_is_refused(  # noqa: PLR0917  # fixtures and parameters
    package, key, name, what, refusal, relisted
):
    files = {**read_archive(package), name: read_archive(package)["proofs/3.tlog-proof"]}
    files["manifest.json"] = read_archive(relisted(files))["manifest.json"].replace(
        b'"what":"something"', f'"what":"{what}"'.encode()
    )
    for known in (key, None):
        assert refusal(write_archive(files), known).code.startswith("audit.")


def test_a_document_that_nothing_names_is_refused(package, key, refusal, relisted):
    files = read_archive(package)
    files[BLOB + sha256(b"stowaway").hex] = b"stowaway"
    assert refusal(relisted(files), key).code == "audit.blob-unrelated"


def test_no_two_files_can_be_swapped(package, key, refusal, relisted):
    files = read_archive(package)
    names = sorted(set(files) - {"manifest.json"})
    for first, second in itertools.pairwise(names):
        if files[first] == files[second]:
            continue
        swapped = {**files, first: files[second], second: files[first]}
        refusal(write_archive(swapped), key)
        refusal(relisted(swapped), key)


def test_an_entry_with_a_proof_but_no_business_here_is_refused(
    deployed, company, key, refusal, relisted
):
    stranger = deployed.record(company.other)
    files = read_archive(deployed.package(deployed.decision))
    receipt = deployed.ledger.receipt(stranger.index)
    files[f"entries/{stranger.index}.json"] = deployed.ledger.entry_bytes(stranger.index)
    files[f"proofs/{stranger.index}.tlog-proof"] = receipt.encode()

    error = refusal(relisted(files), key)

    assert error.code == "audit.entry-unrelated"
    assert f"entry {stranger.index}" in error.message


def test_entries_of_two_packages_do_not_mix(deployed, package, key, refusal, relisted):
    deployed.later("1h")
    second = deployed.judge()
    later = read_archive(deployed.package(second))
    files = read_archive(package)
    index = second.entry.index
    for name in (f"entries/{index}.json", f"proofs/{index}.tlog-proof"):
        files[name] = later[name]

    assert refusal(relisted(files), key).code == "audit.proof"
    assert refusal(relisted(files, decision=index), key).code == "audit.proof"


def test_an_entry_that_was_changed_is_named(package, key, refusal, relisted):
    files = read_archive(package)
    files["entries/7.json"] = files["entries/7.json"].replace(b"local#ana", b"local#eve")
    error = refusal(relisted(files), key)
    assert error.code == "audit.entry-not-proved"
    assert "entry 7" in error.message


def test_a_document_that_was_changed_is_named(package, key, refusal, relisted):
    files = read_archive(package)
    for name in [name for name in files if name.startswith(BLOB)]:
        error = refusal(relisted({**files, name: files[name] + b" "}), key)
        assert error.code == "audit.blob-changed"
        assert name.removeprefix(BLOB) in error.message


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("origin", "book.example/else", "audit.manifest-differs"),
        ("size", 4, "audit.manifest-differs"),
        ("log_key", "book.example/acme+00000000+AA==", "audit.manifest-differs"),
        ("decision", 3, "audit.not-a-decision"),
        ("decision", 400, "audit.no-decision"),
        ("decision", -1, "audit.manifest-malformed"),
        ("decision", True, "audit.manifest-malformed"),
        ("report", "gatebook/audit-report/v2", "audit.report-differs"),
        ("schema", "gatebook/audit-package/v2", "audit.schema"),
        ("absent", ["sha256:" + 64 * "0"], "audit.manifest-differs"),
        ("absent", [7], "audit.manifest-malformed"),
        ("more", 1, "audit.manifest-malformed"),
        ("files", [], "audit.file-unlisted"),
        ("files", [{"name": 1}], "audit.manifest-malformed"),
        ("files", 1, "audit.manifest-malformed"),
    ],
)
def test_what_the_manifest_says_is_compared(  # noqa: PLR0917  # fixtures and parameters
    package, key, field, value, code, refusal
):
    files = read_archive(package)
    manifest = {**canonical.as_object(canonical.loads(files["manifest.json"])), field: value}
    files["manifest.json"] = canonical.encode(manifest)
    assert refusal(write_archive(files), key).code == code


def test_a_manifest_that_describes_a_file_wrongly_is_refused(package, key, refusal):
    files = read_archive(package)
    manifest = canonical.as_object(canonical.loads(files["manifest.json"]))
    manifest["files"][0]["what"] = "nothing of interest"
    files["manifest.json"] = canonical.encode(manifest)
    assert refusal(write_archive(files), key).code == "audit.file-changed"


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"a":1,"a":2}', b"\xff", b"[]", b"[" * 5000, b'{"schema":1}']
)
def test_a_manifest_that_is_none_is_refused(package, key, data, refusal):
    files = {**read_archive(package), "manifest.json": data}
    assert refusal(write_archive(files), key).code == "audit.manifest-malformed"
