"""The decision in a package comes out again, and the report says what the rest says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.audit.archive import PackageError, read_archive, write_archive
from gatebook.audit.contents import PackageBlobs
from gatebook.audit.verify import verify_package
from gatebook.digest import sha256
from gatebook.errors import ConflictError
from gatebook.gate.decision import Decision
from gatebook.ledger.entry import BlobReference, Link, Relation
from gatebook.ledger.kinds import DecisionMade, DeploymentFinished, Verdict
from gatebook.names import ArtifactName
from gatebook.tlog.checkpoint import Checkpoint, sign_checkpoint
from gatebook.tlog.merkle import leaf_hash
from gatebook.tlog.receipt import Receipt

BLOB = "blobs/sha256/"


# -- the decision ----------------------------------------------------------------------------------


def test_a_book_that_records_a_false_decision_is_found_out(deployed, company, refusal):
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


def test_another_decisions_document_does_not_take_its_place(
    deployed, package, key, refusal, relisted
):
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


def test_another_contract_does_not_take_the_place_of_the_one_weighed(
    package, key, company, refusal, relisted
):
    files = read_archive(package)
    files["contract.json"] = company.a_contract(company.demand("artifact-identified"))
    error = refusal(relisted(files), key)
    assert error.code == "audit.contract-differs"
    assert "contract.json" in error.message


def test_a_contract_under_the_other_name_is_refused(package, key, refusal, relisted):
    files = read_archive(package)
    files["contract.yaml"] = files.pop("contract.json")
    assert refusal(relisted(files), key).code == "audit.contract-differs"


def decision_over(book, document: bytes, company):
    """An entry that records an allow over a document of somebody's making."""
    reference = book.keep(document, "application/json")
    body = DecisionMade(environment=company.prod, verdict=Verdict.ALLOW)
    return book.append(body, subject=company.api, evidence=(reference,))


def test_a_document_that_is_no_decision_is_not_packed(approved, company):
    recorded = approved.judge()
    entry = decision_over(approved, b"{}", company)
    forged = type(recorded)(decision=recorded.decision, entry=entry)
    with pytest.raises(PackageError) as refused:
        approved.package(forged)
    assert refused.value.code == "audit.decision-malformed"
    approved.blobs.lose(entry.entry.evidence[0].digest)
    with pytest.raises(PackageError) as refused:
        approved.package(forged)
    assert refused.value.code == "audit.blob-missing"


def test_a_decision_of_another_log_is_not_packed(company):
    elsewhere = company.a_book(origin="book.example/else").judge()
    book = company.a_book()
    reference = book.keep(elsewhere.decision.encode(), "application/json")
    entry = book.append(elsewhere.entry.entry.body, subject=company.api, evidence=(reference,))
    with pytest.raises(PackageError) as refused:
        book.package(type(elsewhere)(decision=elsewhere.decision, entry=entry))
    assert refused.value.code == "audit.decision-differs"


def test_a_log_that_holds_something_that_is_no_entry_is_refused(
    package, deployed, refusal, relisted
):
    """A log may sign anything; what it signed is still read strictly."""
    signer, garbage = deployed.log_signer, b'{"v":1,"kind":"decision.made"}'
    checkpoint = Checkpoint(origin=deployed.origin, size=1, root=leaf_hash(garbage))
    note = sign_checkpoint(checkpoint, [signer])
    files = {
        "manifest.json": read_archive(package)["manifest.json"],
        "checkpoint": note,
        "keys/log.vkey": f"{signer.verifier.vkey}\n".encode(),
        "report.html": b"",
        "entries/0.json": garbage,
        "proofs/0.tlog-proof": Receipt(index=0, proof=(), checkpoint=note).encode(),
    }
    error = refusal(relisted(files, size=1, decision=0), signer.verifier)
    assert error.code == "audit.entry-malformed"
    assert "entry 0" in error.message


def test_a_decision_that_names_another_entry_than_stands_there_is_refused(
    deployed, company, refusal
):
    document = deployed.decision.decision.encode()
    ids = [entry.id for entry in deployed.decision.decision.entries]
    swapped = document.replace(ids[1].encode(), b"?").replace(ids[2].encode(), ids[1].encode())
    forged = Decision.parse(swapped.replace(b"?", ids[2].encode()))
    reference = deployed.keep(forged.encode(), "application/json")
    entry = deployed.append(
        deployed.decision.entry.entry.body, subject=company.api, evidence=(reference,)
    )
    data = deployed.package(type(deployed.decision)(decision=forged, entry=entry))

    error = refusal(data, deployed.log_signer.verifier)

    assert error.code == "audit.entry-differs"
    assert "entry 2" in error.message


def test_a_finished_package_takes_no_document():
    with pytest.raises(ConflictError):
        PackageBlobs({}).put(b"late")


# -- documents that are gone -----------------------------------------------------------------------


def test_a_document_the_decision_weighed_is_missed_by_name(approved, refusal):
    recorded = approved.judge()
    digest = recorded.decision.documents[0]
    approved.blobs.lose(digest)

    error = refusal(approved.package(recorded), approved.log_signer.verifier)

    assert error.code == "audit.replay"
    assert str(digest) in error.message


def test_a_lost_document_that_decided_nothing_is_listed_as_absent(approved, company, refusal):
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


def test_a_document_is_not_called_absent_to_hide_it(package, key, refusal, relisted):
    files = read_archive(package)
    for name in [name for name in files if name.startswith(BLOB)]:
        fewer = {other: data for other, data in files.items() if other != name}
        digest = "sha256:" + name.removeprefix(BLOB)
        assert digest in refusal(relisted(fewer, absent=[digest]), key).message or (
            # The contract stands in a file of its own too, which then has no business there.
            files[name] == files["contract.json"]
        )


# -- the report ------------------------------------------------------------------------------------


def test_a_report_that_says_something_else_is_refused(package, key, refusal, relisted):
    files = read_archive(package)
    files["report.html"] = files["report.html"].replace(b"Allowed", b"Blessed")
    assert refusal(relisted(files), key).code == "audit.report-differs"


def test_a_report_of_another_version_is_not_vouched_for(package, key, relisted):
    version = "gatebook/audit-report/v9"
    files = read_archive(package)
    files["report.html"] = files["report.html"].replace(
        b"gatebook/audit-report/v1", version.encode()
    )
    report = verify_package(relisted(files, report=version), log_key=key)
    assert (report.report_checked, report.report) == (False, version)


def test_a_package_packed_again_is_sound_but_not_the_one_we_made(package, key, refusal):
    data = bytearray(package)
    data[10] ^= 1  # the time of the first file
    error = refusal(bytes(data), key)
    assert error.code == "audit.archive-not-canonical"


@settings(max_examples=50)
@given(data=st.binary(max_size=600))
def test_any_bytes_are_refused_as_a_package(data, refusal):
    refusal(data, None)


@settings(max_examples=60)
@given(data=st.data())
def test_any_content_of_any_file_is_refused(data, deployed, refusal):
    files = read_archive(deployed.package(deployed.decision))
    name = data.draw(st.sampled_from(sorted(files)))
    content = data.draw(st.binary(max_size=200))
    refusal(write_archive({**files, name: content}), None)
