"""Audit packages: what is in them, and that nothing in them can be changed unnoticed."""

import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.audit.archive import PackageError, read_archive, write_archive
from gatebook.audit.package import NotADecisionError
from gatebook.audit.verify import KeySource, verify_package
from gatebook.digest import sha256
from gatebook.gate.decision import Decision
from gatebook.ledger.entry import BlobReference, Link, Relation
from gatebook.ledger.kinds import DecisionMade, DeploymentFinished, Verdict
from gatebook.names import ArtifactName
from gatebook.tlog.note import SignerKey

BLOB = "blobs/sha256/"


@pytest.fixture
def deployed(approved):
    """A book with a decision that allowed, a deployment under it, and refusals on the way."""
    approved.refuse_evidence()
    approved.refuse_approval()
    approved.decision = approved.judge()
    approved.deploy(approved.decision)
    return approved


@pytest.fixture
def package(deployed) -> bytes:
    return deployed.package(deployed.decision)


@pytest.fixture
def key(deployed):
    return deployed.log_signer.verifier


def refusal(data: bytes, key: Any) -> PackageError:
    with pytest.raises(PackageError) as refused:
        verify_package(data, log_key=key)
    return refused.value


def relisted(files: dict[str, bytes], **changes: Any) -> bytes:
    """The package somebody makes who may write whatever they like, the manifest included."""
    manifest = canonical.as_object(canonical.loads(files["manifest.json"]))
    known = {record["name"]: record["what"] for record in manifest["files"]}
    manifest["files"] = [
        {
            "name": name,
            "digest": str(sha256(data)),
            "size": len(data),
            "what": known.get(name, "something"),
        }
        for name, data in sorted(files.items())
        if name != "manifest.json"
    ]
    return write_archive({**files, "manifest.json": canonical.encode({**manifest, **changes})})


# -- what is in it ---------------------------------------------------------------------------------


def test_a_package_shows_the_decision_and_everything_behind_it(deployed, package, key):
    report = verify_package(package, log_key=key)

    decision = deployed.decision
    assert report.decision == decision.decision
    assert report.decision.verdict is Verdict.ALLOW
    assert report.decision_index == decision.entry.index
    assert (report.origin, report.size) == (deployed.origin, deployed.ledger.head().size)
    assert report.root == deployed.ledger.head().root
    assert report.key_source is KeySource.GIVEN
    assert [entry.kind for entry in report.entries] == [
        "book.created",
        "trust-root.published",
        "contract.published",
        "artifact.recorded",
        "evidence.accepted",
        "evidence.accepted",
        "evidence.accepted",
        "approval.granted",
        "evidence.refused",
        "approval.refused",
        "decision.made",
        "deployment.finished",
    ]
    assert report.deployments == (11,)
    assert set(report.decision.documents) < set(report.blobs)
    assert report.absent == ()
    assert report.replayed.entries == len(decision.decision.entries)
    assert report.report_checked


def test_the_same_book_gives_the_same_package(deployed, package):
    assert deployed.package(deployed.decision) == package


def test_a_package_names_what_each_file_is(package):
    files = read_archive(package)
    manifest = canonical.as_object(canonical.loads(files["manifest.json"]))
    what = {record["name"]: record["what"] for record in manifest["files"]}

    assert set(what) == set(files) - {"manifest.json"}
    assert what["entries/10.json"] == "the decision"
    assert what["entries/8.json"] == "refused, about the artifact: evidence.refused"
    assert files["contract.json"] in [files[name] for name in files if name.startswith(BLOB)]


def test_a_contract_written_in_yaml_stays_as_it_was_written(company):
    document = b"""\
contract: gatebook/contract/v1   # what production demands
environment: prod
controls:
  - id: artifact-identified
"""
    book = company.a_book().ready(document=document)
    recorded = book.judge()

    data = book.package(recorded)

    assert read_archive(data)["contract.yaml"] == document
    assert verify_package(data, log_key=None).decision.verdict is Verdict.ALLOW


def test_what_others_did_is_not_in_the_package(deployed, company):
    deployed.record(company.other)
    deployed.refuse_evidence(company.other)
    deployed.judge(company.other)
    deployed.later("1h").judge()

    report = verify_package(deployed.package(deployed.decision), log_key=None)

    assert [entry.index for entry in report.entries] == list(range(12))


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (lambda book: book, Verdict.UNDECIDED),
        (lambda book: book.trust() and book, Verdict.UNDECIDED),
        (lambda book: book.demand() and book, Verdict.UNDECIDED),
        (lambda book: book.ready(), Verdict.DENY),
    ],
    ids=["nothing", "no contract", "unknown artifact", "no approval"],
)
def test_a_decision_that_blocks_can_be_taken_away_too(company, make, verdict):
    book = make(company.a_book())

    report = verify_package(book.package(book.judge()), log_key=book.log_signer.verifier)

    assert report.decision.verdict is verdict
    assert report.report_checked


def test_without_a_key_the_package_vouches_for_itself_only(package, key):
    report = verify_package(package, log_key=None)

    assert (report.log_key, report.key_source) == (key, KeySource.PACKAGE)


@pytest.mark.parametrize("index", [0, 1, 3, 4])
def test_an_entry_that_is_no_decision_is_not_packed(approved, index):
    recorded = approved.judge()
    from_elsewhere = type(recorded)(
        decision=recorded.decision,
        entry=type(recorded.entry)(
            index=index, entry=recorded.entry.entry, size=1, checkpoint=b"", duplicate=False
        ),
    )
    with pytest.raises(NotADecisionError) as refused:
        approved.package(from_elsewhere)
    assert refused.value.code == "audit.not-a-decision"


# -- the log's key ---------------------------------------------------------------------------------


def test_the_key_of_another_log_is_refused(package):
    other = SignerKey.from_seed("book.example/other", bytes(32)).verifier
    assert refusal(package, other).code == "audit.other-log"


def test_another_key_of_the_same_name_is_refused(package, key):
    other = SignerKey.from_seed(key.name, bytes(32)).verifier
    assert refusal(package, other).code == "audit.other-key"


def test_whoever_knows_the_old_key_follows_to_the_new_one(approved):
    old = approved.log_signer.verifier
    second, _ = approved.rotate_log_key("second")
    third, _ = approved.rotate_log_key("third")
    data = approved.package(approved.judge())

    for known in (old, second.verifier):
        report = verify_package(data, log_key=known)
        assert (report.log_key, report.key_source) == (third.verifier, KeySource.ROTATED)
    assert verify_package(data, log_key=third.verifier).key_source is KeySource.GIVEN


def test_an_old_key_is_not_followed_when_nothing_it_signed_vouches_for_the_new_one(approved):
    """An entry that names a new key proves nothing in a log that only the new key has signed."""
    old = approved.log_signer.verifier
    approved.rotate_log_key("second")
    recorded = approved.judge()
    files = read_archive(approved.package(recorded))
    handover = next(name for name in files if name.startswith("handovers/"))
    present = files[f"proofs/{handover.partition('/')[2]}"]

    without = {name: data for name, data in files.items() if name != handover}
    assert refusal(relisted(without), old).code == "audit.other-key"
    assert verify_package(relisted(without), log_key=None).origin == approved.origin
    error = refusal(relisted({**files, handover: present}), old)
    assert error.code == "audit.handover"
    assert handover in error.message


def test_a_log_that_somebody_else_made_under_our_name_is_refused(company, approved):
    """A forger's log may say that our key handed over to theirs; our key never said so."""
    ours = approved.log_signer.verifier
    forged = company.a_book()
    forged.log_signer = SignerKey.from_seed(forged.origin, bytes(32))
    forged.ledger.sign_with(forged.log_signer)
    forged.ledger._signers = [forged.log_signer]
    forged.rotate_log_key("forger")
    recorded = forged.ready(
        document=b"""\
contract: gatebook/contract/v1
environment: prod
controls: [{id: artifact-identified}]
"""
    ).judge()
    assert recorded.decision.verdict is Verdict.ALLOW

    data = forged.package(recorded)

    assert refusal(data, ours).code in {"audit.other-key", "audit.handover"}


def test_a_missing_change_of_key_is_noticed_without_knowing_any_key(approved):
    approved.rotate_log_key("second")
    files = read_archive(approved.package(approved.judge()))
    handover = next(name for name in files if name.startswith("handovers/"))
    index = handover.removeprefix("handovers/").removesuffix(".tlog-proof")
    for name in (handover, f"proofs/{index}.tlog-proof", f"entries/{index}.json"):
        del files[name]

    assert refusal(relisted(files), None).code == "audit.key-history"


# -- every byte and every file ---------------------------------------------------------------------


def changed(package: bytes, place: int, mask: int) -> bytes:
    data = bytearray(package)
    data[place] ^= mask
    return bytes(data)


def test_every_byte_counts(package, key):
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
def test_every_single_byte_counts(package, key):
    masks = random.Random(1)  # noqa: S311  # the same masks in every run, nothing secret
    unnoticed = []
    for place in range(len(package)):
        try:
            verify_package(changed(package, place, masks.randint(1, 255)), log_key=key)
        except PackageError:
            continue
        unnoticed.append(place)
    assert unnoticed == []


def test_every_byte_between_the_files_counts(package, key):
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
def test_any_two_changed_bytes_are_noticed(data, deployed):
    package = deployed.package(deployed.decision)
    for _ in range(2):
        place = data.draw(st.integers(0, len(package) - 1))
        package = changed(package, place, data.draw(st.integers(1, 255)))
    if package != deployed.package(deployed.decision):
        refusal(package, deployed.log_signer.verifier)


@pytest.mark.parametrize("is_relisted", [False, True])
def test_no_file_can_be_left_out(package, key, is_relisted):
    files = read_archive(package)
    for name in files:
        fewer = {other: data for other, data in files.items() if other != name}
        if name == "manifest.json":
            assert refusal(write_archive(fewer), key).code == "audit.file-missing"
            continue
        error = refusal(relisted(fewer) if is_relisted else write_archive(fewer), key)
        assert error.code.startswith("audit."), name
        assert is_relisted or name in error.message


def test_no_file_can_be_added(package, key):
    files = read_archive(package)
    for name in ("entries/400.json", "proofs/400.tlog-proof", BLOB + 64 * "0", "contract.yaml"):
        more = {**files, name: b"{}"}
        assert refusal(write_archive(more), key).code == "audit.file-unlisted"
        assert refusal(relisted(more), key).code.startswith("audit.")


def test_a_document_that_nothing_names_is_refused(package, key):
    files = read_archive(package)
    files[BLOB + sha256(b"stowaway").hex] = b"stowaway"
    assert refusal(relisted(files), key).code == "audit.blob-unrelated"


def test_no_two_files_can_be_swapped(package, key):
    files = read_archive(package)
    names = sorted(set(files) - {"manifest.json"})
    for first, second in itertools.pairwise(names):
        if files[first] == files[second]:
            continue
        swapped = {**files, first: files[second], second: files[first]}
        refusal(write_archive(swapped), key)
        refusal(relisted(swapped), key)


def test_an_entry_with_a_proof_but_no_business_here_is_refused(deployed, company, key):
    stranger = deployed.record(company.other)
    files = read_archive(deployed.package(deployed.decision))
    receipt = deployed.ledger.receipt(stranger.index)
    files[f"entries/{stranger.index}.json"] = deployed.ledger.entry_bytes(stranger.index)
    files[f"proofs/{stranger.index}.tlog-proof"] = receipt.encode()

    error = refusal(relisted(files), key)

    assert error.code == "audit.entry-unrelated"
    assert f"entry {stranger.index}" in error.message


def test_entries_of_two_packages_do_not_mix(deployed, package, key):
    deployed.later("1h")
    second = deployed.judge()
    later = read_archive(deployed.package(second))
    files = read_archive(package)
    index = second.entry.index
    for name in (f"entries/{index}.json", f"proofs/{index}.tlog-proof"):
        files[name] = later[name]

    assert refusal(relisted(files), key).code == "audit.proof"
    assert refusal(relisted(files, decision=index), key).code == "audit.proof"


def test_an_entry_that_was_changed_is_named(package, key):
    files = read_archive(package)
    files["entries/7.json"] = files["entries/7.json"].replace(b"local#ana", b"local#eve")
    error = refusal(relisted(files), key)
    assert error.code == "audit.entry-not-proved"
    assert "entry 7" in error.message


def test_a_document_that_was_changed_is_named(package, key):
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
def test_what_the_manifest_says_is_compared(package, key, field, value, code):
    files = read_archive(package)
    manifest = {**canonical.as_object(canonical.loads(files["manifest.json"])), field: value}
    files["manifest.json"] = canonical.encode(manifest)
    assert refusal(write_archive(files), key).code == code


def test_a_manifest_that_describes_a_file_wrongly_is_refused(package, key):
    files = read_archive(package)
    manifest = canonical.as_object(canonical.loads(files["manifest.json"]))
    manifest["files"][0]["what"] = "nothing of interest"
    files["manifest.json"] = canonical.encode(manifest)
    assert refusal(write_archive(files), key).code == "audit.file-changed"


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"a":1,"a":2}', b"\xff", b"[]", b"[" * 5000, b'{"schema":1}']
)
def test_a_manifest_that_is_none_is_refused(package, key, data):
    files = {**read_archive(package), "manifest.json": data}
    assert refusal(write_archive(files), key).code == "audit.manifest-malformed"


# -- the decision ----------------------------------------------------------------------------------


def test_a_book_that_records_a_false_decision_is_found_out(deployed, company):
    """Whoever has the log's key can write anything; the decision still has to come out again."""
    honest = deployed.decision.decision
    deployed.revoke(deployed.approve("ben"))
    document = honest.encode().replace(b"approved by person:ana", b"approved by person:cem")
    forged = Decision.parse(document)
    assert forged.verdict is Verdict.ALLOW
    digest = deployed.blobs.put(document)
    entry = deployed.append(
        DecisionMade(
            environment=company.prod,
            verdict=Verdict.ALLOW,
            contract=forged.contract,
            valid_until=forged.valid_until,
        ),
        subject=company.api,
        evidence=(BlobReference(digest=digest, size=len(document), media_type="x/y"),),
    )
    recorded = type(deployed.decision)(decision=forged, entry=entry)

    error = refusal(deployed.package(recorded), deployed.log_signer.verifier)

    assert error.code == "audit.replay"
    assert "approval" in error.message


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": Verdict.DENY},
        {"environment": "staging"},
        {"contract": None},
        {"valid_until": None},
        {"failed": ("sbom",)},
        {"subject": "other"},
    ],
    ids=str,
)
def test_an_entry_that_names_another_decision_document_is_not_packed(approved, company, change):
    recorded = approved.judge()
    decision = recorded.decision
    body = {
        "environment": company.prod,
        "verdict": Verdict.ALLOW,
        "contract": decision.contract,
        "valid_until": decision.valid_until,
    }
    subject = company.other if "subject" in change else company.api
    parsed = {
        "environment": lambda text: type(company.prod).parse(text),
        "failed": lambda names: tuple(decision.outcomes[0].control for _ in names),
    }
    for name, value in change.items():
        if name != "subject":
            body[name] = parsed.get(name, lambda same: same)(value)
    entry = approved.append(
        DecisionMade(**body), subject=subject, evidence=recorded.entry.entry.evidence
    )
    with pytest.raises(PackageError) as refused:
        approved.package(type(recorded)(decision=decision, entry=entry))
    assert refused.value.code == "audit.decision-differs"


def test_another_decisions_document_does_not_take_its_place(deployed, package, key):
    second = deployed.later("1h").judge().decision.encode()
    first = deployed.decision.decision.encode()
    files = read_archive(package)
    del files[BLOB + sha256(first).hex]

    assert refusal(relisted({**files, BLOB + sha256(first).hex: second}), key).code == (
        "audit.blob-changed"
    )
    assert refusal(relisted({**files, BLOB + sha256(second).hex: second}), key).code == (
        "audit.blob-missing"
    )


def test_another_contract_does_not_take_the_place_of_the_one_weighed(package, key, company):
    files = read_archive(package)
    files["contract.json"] = company.a_contract(company.demand("artifact-identified"))
    error = refusal(relisted(files), key)
    assert error.code == "audit.contract-differs"
    assert "contract.json" in error.message


def test_a_contract_under_the_other_name_is_refused(package, key):
    files = read_archive(package)
    files["contract.yaml"] = files.pop("contract.json")
    assert refusal(relisted(files), key).code == "audit.contract-differs"


# -- documents that are gone -----------------------------------------------------------------------


def test_a_document_the_decision_weighed_is_missed_by_name(approved):
    recorded = approved.judge()
    digest = recorded.decision.documents[0]
    approved.blobs.lose(digest)

    error = refusal(approved.package(recorded), approved.log_signer.verifier)

    assert error.code == "audit.replay"
    assert str(digest) in error.message


def test_a_lost_document_that_decided_nothing_is_listed_as_absent(approved, company):
    recorded = approved.judge()
    log = approved.keep(b"a log that may be deleted", "text/plain")
    links = (Link(rel=Relation.DECIDED_BY, entry=recorded.entry.entry.id),)
    body = DeploymentFinished(environment=company.prod, name=ArtifactName.parse("api"))
    approved.append(body, subject=company.api, links=links, evidence=(log,))
    approved.blobs.lose(log.digest)

    data = approved.package(recorded)
    report = verify_package(data, log_key=approved.log_signer.verifier)

    assert report.absent == (log.digest,)
    files = read_archive(data)
    manifest = canonical.as_object(canonical.loads(files["manifest.json"]))
    files["manifest.json"] = canonical.encode({**manifest, "absent": []})
    error = refusal(write_archive(files), None)
    assert error.code == "audit.blob-missing"
    assert str(log.digest) in error.message


def test_a_document_is_not_called_absent_to_hide_it(package, key):
    files = read_archive(package)
    for name in [name for name in files if name.startswith(BLOB)]:
        fewer = {other: data for other, data in files.items() if other != name}
        digest = "sha256:" + name.removeprefix(BLOB)
        assert digest in refusal(relisted(fewer, absent=[digest]), key).message or (
            # The contract stands in a file of its own too, which then has no business there.
            files[name] == files["contract.json"]
        )


# -- the report ------------------------------------------------------------------------------------


def test_a_report_that_says_something_else_is_refused(package, key):
    files = read_archive(package)
    files["report.html"] = files["report.html"].replace(b"Allowed", b"Blessed")
    assert refusal(relisted(files), key).code == "audit.report-differs"


def test_a_report_of_another_version_is_not_vouched_for(package, key):
    version = "gatebook/audit-report/v9"
    files = read_archive(package)
    files["report.html"] = files["report.html"].replace(
        b"gatebook/audit-report/v1", version.encode()
    )
    report = verify_package(relisted(files, report=version), log_key=key)
    assert (report.report_checked, report.report) == (False, version)


def test_a_package_packed_again_is_sound_but_not_the_one_we_made(package, key):
    data = bytearray(package)
    data[10] ^= 1  # the time of the first file
    error = refusal(bytes(data), key)
    assert error.code == "audit.archive-not-canonical"


@settings(max_examples=50)
@given(st.binary(max_size=600))
def test_any_bytes_are_refused_as_a_package(data):
    refusal(data, None)


@settings(max_examples=60)
@given(data=st.data())
def test_any_content_of_any_file_is_refused(data, deployed):
    files = read_archive(deployed.package(deployed.decision))
    name = data.draw(st.sampled_from(sorted(files)))
    content = data.draw(st.binary(max_size=200))
    refusal(write_archive({**files, name: content}), None)
