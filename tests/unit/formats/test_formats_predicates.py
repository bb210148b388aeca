"""Smaller predicates: releases, publications, scans, attributes, links, references, signatures."""

import base64
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.digest import Digest, DigestSet
from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.dsse import Envelope
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import (
    PYPI_PUBLISH_V1,
    PredicateKind,
    Statement,
    Subject,
    predicate_kind,
)
from gatebook.formats.link import LINK_V0_3, LinkPredicate
from gatebook.formats.npm_publish import NPM_PUBLISH_V0_1, NpmPublish
from gatebook.formats.pypi_publish import PyPiPublish
from gatebook.formats.reference import REFERENCE_V0_1, Reference
from gatebook.formats.release import RELEASE_V0_1, RELEASE_V0_2, Release
from gatebook.formats.resource_descriptor import ResourceDescriptor
from gatebook.formats.scai import SCAI_V0_2, SCAI_V0_3, AttributeReport
from gatebook.formats.simple_signing import SimpleSigning, signed_images
from gatebook.formats.test_result import TestOutcome, TestResult
from gatebook.formats.vulnerability_scan import (
    COSIGN_VULN_V1,
    VULNS_V0_1,
    VULNS_V0_2,
    ScanFinding,
    Severity,
    VulnerabilityScan,
)

A, B = "a" * 64, "b" * 64
ASSET = Subject(name="api.tar.gz", digests=DigestSet.of({"sha256": A}))
PACKAGE = Subject(
    name="pkg:npm/%40acme/api@1.0.2", digests=DigestSet.of({"sha512": "e" * 128, "sha1": "1"})
)
WHEEL = Subject(name="Acme_Api-1.0.2-py3-none-any.whl", digests=DigestSet.of({"sha256": A}))

RELEASE: dict[str, Any] = {"purl": "pkg:github/acme/api@v1.0", "packageId": "7", "tag": "v1.0"}
NPM: dict[str, Any] = {"name": "@acme/api", "version": "1.0.2", "registry": "https://npm.example"}
SCAN: dict[str, Any] = {
    "scanner": {
        "uri": "pkg:github/acme/scanner@1",
        "version": "1.0",
        "db": {"uri": "pkg:github/acme/db", "version": "7", "lastUpdate": "2026-11-19T00:00:00Z"},
        "result": [
            {"id": "CVE-2026-1", "severity": [{"method": "nvd", "score": "high"}]},
            {"id": "CVE-2026-2"},
        ],
    },
    "metadata": {
        "scanStartedOn": "2026-11-20T14:00:00Z",
        "scanFinishedOn": "2026-11-20T14:01:00Z",
    },
}
REPORT: dict[str, Any] = {
    "attributes": [
        {
            "attribute": "HAS_SBOM",
            "target": {"uri": "https://acme.example/api"},
            "conditions": {"platform": "linux"},
            "evidence": {"digest": {"sha256": B}, "mediaType": "application/json"},
        }
    ],
    "producer": {"uri": "https://ci.acme.example"},
}
LINK: dict[str, Any] = {
    "name": "build",
    "command": ["make", "all"],
    "materials": [{"name": "main.go", "digest": {"sha256": A}}],
    "byproducts": {"return-value": 0},
    "environment": {},
}
REFERENCE: dict[str, Any] = {
    "attester": {"id": "https://builder.acme.example/v1"},
    "references": [
        {
            "downloadLocation": "https://acme.example/sbom.json",
            "digest": {"sha256": B},
            "mediaType": "application/spdx+json",
        }
    ],
}
SIGNATURE: dict[str, Any] = {
    "critical": {
        "identity": {"docker-reference": "registry.example/acme/api"},
        "image": {"docker-manifest-digest": f"sha256:{A}"},
        "type": "cosign container image signature",
    },
    "optional": {"creator": "ci"},
}


def a_statement(predicate: dict[str, Any], predicate_type: str, *subjects: Subject) -> Statement:
    return Statement(
        subjects=subjects or (ASSET,), predicate_type=predicate_type, predicate=predicate
    )


def changed(predicate: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(predicate)
    place: Any = made
    *parents, last = path.split("|")
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if value is None:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return made


# Each reader with what it reads, the code of its refusals, and what it must refuse.
Case = tuple[
    Callable[[Statement], object], dict[str, Any], str, Subject, str, list[tuple[str, Any]]
]

CASES: dict[str, Case] = {
    "release": (
        Release.from_statement,
        RELEASE,
        RELEASE_V0_2,
        ASSET,
        "formats.release",
        [
            ("purl", None),
            ("purl", ""),
            ("purl", "acme/api"),
            ("purl", "pkg:github/acme/api"),
            ("packageId", 7),
        ],
    ),
    "npm": (
        NpmPublish.from_statement,
        NPM,
        NPM_PUBLISH_V0_1,
        PACKAGE,
        "formats.npm-publish",
        [("name", None), ("version", ""), ("version", 1), ("registry", [])],
    ),
    "scan": (
        VulnerabilityScan.from_statement,
        SCAN,
        VULNS_V0_2,
        ASSET,
        "formats.vulns",
        [
            ("scanner", None),
            ("scanner|uri", None),
            ("scanner|result", None),
            ("scanner|result", {}),
            ("scanner|result|0|id", None),
            ("scanner|result|0|severity", "high"),
            ("scanner|result|0|severity|0|score", None),
            ("scanner|db|lastUpdate", "yesterday"),
            ("metadata", None),
            ("metadata|scanStartedOn", None),
            ("metadata|scanFinishedOn", None),
            ("metadata|scanFinishedOn", "2026-11-20T13:59:59Z"),
        ],
    ),
    "report": (
        AttributeReport.from_statement,
        REPORT,
        SCAI_V0_3,
        ASSET,
        "formats.scai",
        [
            ("attributes", None),
            ("attributes", []),
            ("attributes|0|attribute", ""),
            ("attributes|0|target", {"name": "x"}),
            ("attributes|0|conditions", "always"),
            ("attributes|0|evidence", []),
            ("attributes|0|evidence|digest", {"sha256": B.upper()}),
            ("producer", "ci"),
        ],
    ),
    "link": (
        LinkPredicate.from_statement,
        LINK,
        LINK_V0_3,
        ASSET,
        "formats.link",
        [
            ("name", None),
            ("command", "make"),
            ("command", ["make", 1]),
            ("materials|0|name", None),
            ("materials|0|digest", None),
            ("materials", [{"name": "x", "digest": {"sha256": A}}] * 2),
            ("byproducts", []),
            ("environment", "x"),
        ],
    ),
    "reference": (
        Reference.from_statement,
        REFERENCE,
        REFERENCE_V0_1,
        ASSET,
        "formats.reference",
        [
            ("attester", None),
            ("attester|id", ""),
            ("references", None),
            ("references", []),
            ("references|0|downloadLocation", None),
            ("references|0|mediaType", None),
            ("references|0|digest", None),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_predicate_of_the_specification_is_read(name: str) -> None:
    reader, predicate, predicate_type, subject, _, _ = CASES[name]
    statement = a_statement({**predicate, "https://acme.example/x": [1]}, predicate_type, subject)
    assert reader(statement) == reader(a_statement(predicate, predicate_type, subject))


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [(name, place, value) for name, case in CASES.items() for place, value in case[5]],
    ids=lambda value: str(value)[:50],
)
def test_a_predicate_that_lacks_what_it_must_have_is_refused(
    name: str, place: str, value: Any
) -> None:
    reader, predicate, predicate_type, subject, code, _ = CASES[name]
    with pytest.raises(MalformedError) as refusal:
        reader(a_statement(changed(predicate, place, value), predicate_type, subject))
    assert refusal.value.code == code


@pytest.mark.parametrize("name", CASES)
def test_a_predicate_of_another_type_is_refused(name: str) -> None:
    reader, predicate, _, subject, code, _ = CASES[name]
    with pytest.raises(MalformedError) as refusal:
        reader(a_statement(predicate, "https://example.com/other", subject))
    assert refusal.value.code == code


@settings(max_examples=250)
@given(st.data())
def test_any_value_anywhere_gives_a_record_or_an_error_of_ours(data: st.DataObject) -> None:
    reader, predicate, predicate_type, subject, _, _ = CASES[
        data.draw(st.sampled_from(list(CASES)))
    ]
    predicate = copy.deepcopy(predicate)
    place: Any = predicate
    while True:
        keys = list(range(len(place))) if isinstance(place, list) else list(place)
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], list | dict) and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(
            st.sampled_from([None, "", 0, 2**80, 1.5, [], {}, [[]], "\x00", "@"])
        )
        break
    try:
        reader(a_statement(predicate, predicate_type, subject))
    except GatebookError as error:
        assert error.message  # noqa: PT017  # any of ours will do


# -- releases and publications ---------------------------------------------------------------------


def test_a_release_keeps_the_id_of_the_package_in_both_versions() -> None:
    release = Release.from_statement(a_statement(RELEASE, RELEASE_V0_2))
    assert (str(release.package), release.package_id) == ("pkg:github/acme/api@v1.0", "7")
    old = {"purl": "pkg:npm/api@1.0", "releaseId": "8"}
    assert Release.from_statement(a_statement(old, RELEASE_V0_1)).package_id == "8"
    assert Release.from_statement(a_statement(old, RELEASE_V0_2)).package_id is None


def test_npm_says_which_tarball_is_which_package() -> None:
    publish = NpmPublish.from_statement(a_statement(NPM, NPM_PUBLISH_V0_1, PACKAGE))
    assert (publish.name, publish.version) == ("@acme/api", "1.0.2")
    assert publish.digest == Digest("sha512", "e" * 128)


@pytest.mark.parametrize(
    "subjects",
    [
        (PACKAGE, PACKAGE),
        (Subject(name="pkg:npm/api@1.0.2", digests=PACKAGE.digests),),
        (Subject(name="pkg:npm/%40eve/api@1.0.2", digests=PACKAGE.digests),),
        (Subject(name="pkg:npm/%40acme/api@1.0.3", digests=PACKAGE.digests),),
        (Subject(name="pkg:npm/%40acme/api", digests=PACKAGE.digests),),
        (Subject(name="pkg:pypi/%40acme/api@1.0.2", digests=PACKAGE.digests),),
        (Subject(name="@acme/api", digests=PACKAGE.digests),),
        (Subject(digests=PACKAGE.digests),),
        (Subject(name=PACKAGE.name, digests=DigestSet.of({"sha256": A})),),
    ],
    ids=lambda subjects: str(subjects[0].name) + str(len(subjects)),
)
def test_npm_s_subject_is_the_package_it_names(subjects: tuple[Subject, ...]) -> None:
    with pytest.raises(MalformedError) as refusal:
        NpmPublish.from_statement(a_statement(NPM, NPM_PUBLISH_V0_1, *subjects))
    assert refusal.value.code == "formats.npm-publish-subject"


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("Acme_Api-1.0.2-py3-none-any.whl", "acme-api", "1.0.2"),
        ("acme.api-1.0.2-1-cp311-cp311-manylinux_2_17_x86_64.whl", "acme-api", "1.0.2"),
        ("acme_api-1.0.2.tar.gz", "acme-api", "1.0.2"),
        ("acme-api-1!1.0+local.zip", "acme-api", "1!1.0+local"),
    ],
)
def test_the_index_says_which_file_was_published(filename: str, project: str, version: str) -> None:
    subject = Subject(name=filename, digests=WHEEL.digests)
    publish = PyPiPublish.from_statement(a_statement({}, PYPI_PUBLISH_V1, subject))
    assert (publish.filename, publish.project, publish.version) == (filename, project, version)
    assert publish.digest == Digest("sha256", A)


@pytest.mark.parametrize(
    "subjects",
    [
        (WHEEL, WHEEL),
        (Subject(digests=WHEEL.digests),),
        (Subject(name="acme-api", digests=WHEEL.digests),),
        (Subject(name="../acme-1.0.tar.gz", digests=WHEEL.digests),),
        (Subject(name="acme-1.0-py3-none.whl", digests=WHEEL.digests),),
        (Subject(name="acme-1.0.tar.gz\n", digests=WHEEL.digests),),
        (Subject(name="acme-1.0.exe", digests=WHEEL.digests),),
        (Subject(name=WHEEL.name, digests=DigestSet.of({"sha512": "e" * 128})),),
    ],
    ids=lambda subjects: repr(subjects[0].name) + str(len(subjects)),
)
def test_the_index_publishes_one_distribution(subjects: tuple[Subject, ...]) -> None:
    with pytest.raises(MalformedError) as refusal:
        PyPiPublish.from_statement(a_statement({}, PYPI_PUBLISH_V1, *subjects))
    assert refusal.value.code == "formats.pypi-publish"
    with pytest.raises(MalformedError):
        PyPiPublish.from_statement(a_statement({}, NPM_PUBLISH_V0_1, WHEEL))


# -- scans -----------------------------------------------------------------------------------------


def test_a_scan_says_as_of_when_it_knew() -> None:
    scan = VulnerabilityScan.from_statement(a_statement(SCAN, VULNS_V0_2))
    assert str(scan.database_updated) == "2026-11-19T00:00:00Z"
    assert str(scan.finished) == "2026-11-20T14:01:00Z"
    assert scan.findings == (
        ScanFinding(id="CVE-2026-1", severities=(Severity(method="nvd", score="high"),)),
        ScanFinding(id="CVE-2026-2"),
    )


def test_no_findings_are_not_unread_findings() -> None:
    clean = changed(SCAN, "scanner|result", [])
    assert VulnerabilityScan.from_statement(a_statement(clean, VULNS_V0_2)).findings == ()
    report = changed(SCAN, "scanner|result", {"SchemaVersion": 2, "Results": []})
    opaque = VulnerabilityScan.from_statement(a_statement(report, COSIGN_VULN_V1))
    assert opaque.findings is None


def test_v0_1_may_wrap_a_vulnerability_and_give_one_severity() -> None:
    wrapped = changed(
        SCAN,
        "scanner|result",
        [{"vulnerability": {"id": "CVE-2026-1", "severity": {"method": "nvd", "score": "5.2"}}}],
    )
    scan = VulnerabilityScan.from_statement(a_statement(wrapped, VULNS_V0_1))
    assert scan.findings == (
        ScanFinding(id="CVE-2026-1", severities=(Severity(method="nvd", score="5.2"),)),
    )


def test_cosign_leaves_much_out() -> None:
    empty: dict[str, Any] = {
        "invocation": {"parameters": None, "uri": "", "builder.id": ""},
        "scanner": {"uri": "", "db": {"uri": "", "version": ""}, "result": {}},
        "metadata": {},
    }
    scan = VulnerabilityScan.from_statement(a_statement(empty, COSIGN_VULN_V1))
    assert (scan.scanner, scan.database, scan.finished, scan.findings) == (None, None, None, None)
    with pytest.raises(MalformedError):
        VulnerabilityScan.from_statement(
            a_statement(changed(empty, "scanner|result", []), COSIGN_VULN_V1)
        )


# -- reports, links, references --------------------------------------------------------------------


def test_a_report_of_v0_2_is_read_alike() -> None:
    old = AttributeReport.from_statement(a_statement(REPORT, SCAI_V0_2))
    new = AttributeReport.from_statement(a_statement(REPORT, SCAI_V0_3))
    assert old.attributes == new.attributes
    (attribute,) = new.attributes
    assert attribute.conditions == '{"platform":"linux"}'
    assert attribute.evidence is not None
    assert attribute.evidence.media_type == "application/json"


@pytest.mark.parametrize(
    "subjects", [(ASSET, ASSET), (Subject(digests=ASSET.digests),)], ids=["twice", "no name"]
)
def test_products_of_a_link_have_names_of_their_own(subjects: tuple[Subject, ...]) -> None:
    with pytest.raises(MalformedError) as refusal:
        LinkPredicate.from_statement(a_statement(LINK, LINK_V0_3, *subjects))
    assert refusal.value.code == "formats.link"


def test_a_descriptor_is_written_as_it_was_read() -> None:
    value = {
        "name": "x",
        "uri": "https://acme.example/x",
        "digest": {"sha256": A},
        "content": base64.b64encode(b"\xff\xfe").decode(),
        "downloadLocation": "https://acme.example/y",
        "mediaType": "text/plain",
        "annotations": {"a": [1, None]},
    }
    descriptor = ResourceDescriptor.read(Fields(value, "descriptor", "formats.test"))
    assert descriptor.content == b"\xff\xfe"
    assert descriptor.encode() == value


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"name": "x"},
        {"uri": ""},
        {"digest": {}},
        {"uri": 7},
        {"content": "a"},
        {"content": "YQ"},
        {"content": "YR=="},
        {"content": "Y Q=="},
        {"content": "YQ==\n"},
        {"content": 7},
        {"uri": "x", "annotations": []},
    ],
    ids=str,
)
def test_a_descriptor_describes_something(value: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refusal:
        ResourceDescriptor.read(Fields(value, "descriptor", "formats.test"))
    assert refusal.value.code == "formats.test"


def test_empty_content_is_content() -> None:
    descriptor = ResourceDescriptor.read(Fields({"content": ""}, "descriptor", "formats.test"))
    assert descriptor.content == b""


# -- image signatures ------------------------------------------------------------------------------


def test_a_simple_signature_is_for_one_image() -> None:
    signature = SimpleSigning.parse(json.dumps(SIGNATURE).encode())
    assert (signature.image, signature.annotations) == (Digest("sha256", A), '{"creator":"ci"}')
    assert signature.reference == "registry.example/acme/api"
    bare = {**SIGNATURE, "optional": None}
    assert SimpleSigning.parse(json.dumps(bare).encode()).annotations == "{}"
    new = changed(SIGNATURE, "critical|type", "https://sigstore.dev/cosign/sign/v1")
    assert SimpleSigning.parse(json.dumps(new).encode()).image == signature.image


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("critical", None),
        ("critical|type", None),
        ("critical|type", "atomic container signature"),
        ("critical|identity", None),
        ("critical|image", None),
        ("critical|image|docker-manifest-digest", A),
        ("critical|image|docker-manifest-digest", f"sha256:{A.upper()}"),
        ("critical|image|docker-manifest-digest", f"sha1:{'a' * 40}"),
        ("critical|image|other", "x"),
        ("critical|other", "x"),
        ("critical|identity|other", "x"),
        ("optional", []),
    ],
    ids=str,
)
def test_a_simple_signature_is_understood_wholly_or_refused(place: str, value: Any) -> None:
    with pytest.raises(MalformedError) as refusal:
        SimpleSigning.parse(json.dumps(changed(SIGNATURE, place, value)).encode())
    assert refusal.value.code == "formats.image-signature"


@pytest.mark.parametrize("data", [b"", b"[]", b'{"critical":{},"critical":{}}', b"\xff"])
def test_a_simple_signature_is_strict_json(data: bytes) -> None:
    with pytest.raises(MalformedError):
        SimpleSigning.parse(data)


def test_cosign_3_signs_a_statement() -> None:
    sign = "https://sigstore.dev/cosign/sign/v1"
    assert signed_images(a_statement({}, sign, ASSET)) == (Digest("sha256", A),)
    weak = Subject(digests=DigestSet.of({"sha1": "a" * 40}))
    for statement in (a_statement({}, sign, weak), a_statement({}, RELEASE_V0_2, ASSET)):
        with pytest.raises(MalformedError) as refusal:
            signed_images(statement)
        assert refusal.value.code == "formats.image-signature"


# -- kinds and real ones ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("predicate_type", "kind"),
    [
        ("https://openvex.dev/ns", PredicateKind.VEX),
        ("https://openvex.dev/ns/v0.2.0", PredicateKind.VEX),
        ("https://cosign.sigstore.dev/attestation/v1", PredicateKind.COSIGN_CUSTOM),
        ("https://sigstore.dev/cosign/sign/v1", PredicateKind.IMAGE_SIGNATURE),
        (PYPI_PUBLISH_V1, PredicateKind.PUBLISH),
        (NPM_PUBLISH_V0_1, PredicateKind.PUBLISH),
        (SCAI_V0_2, PredicateKind.SCAI),
        (LINK_V0_3, PredicateKind.LINK),
        ("https://slsa.dev/provenance/v0.1", PredicateKind.PROVENANCE),
        ("https://slsa.dev/provenance/v1.0?draft", None),
    ],
)
def test_predicates_are_known_by_their_exact_type(
    predicate_type: str, kind: PredicateKind | None
) -> None:
    assert predicate_kind(predicate_type) == kind


def _statements(path: Path) -> list[Statement]:
    document = json.loads(path.read_bytes())
    if "envelope" in document:  # PEP 740
        return [Statement.parse(base64.b64decode(document["envelope"]["statement"]))]
    bundles = [item["bundle"] for item in document.get("attestations", [])] or [document]
    envelopes = [item.get("dsseEnvelope", item) for item in bundles]
    return [
        Statement.parse(Envelope.parse(json.dumps(item).encode()).payload) for item in envelopes
    ]


def test_githubs_release_is_read(vectors: Path) -> None:
    (statement,) = _statements(vectors / "attest/github/github-private-attestation.sigstore.json")
    release = Release.from_statement(statement)
    assert str(release.package) == "pkg:github/jdx/communique@v0.1.9"
    assert release.package_id == "1155542902"
    assert len(statement.subjects) == 6
    commit = Digest("sha256", statement.subjects[1].digests.digests[0].hex)
    assert statement.find_subject(commit) is statement.subjects[1]
    assert statement.subjects[0].digests.digests == ()  # its commit identifies no artifact


def test_npm_s_publications_are_read_and_two_forged_ones_are_not(vectors: Path) -> None:
    """The forged ones had the version in the predicate changed, and not the subject."""
    read: dict[str, str] = {}
    for path in sorted((vectors / "attest/slsa/npm").glob("*.json")):
        for statement in _statements(path):
            if statement.predicate_type == NPM_PUBLISH_V0_1:
                name = path.name.removesuffix(".tgz.json")
                try:
                    publish = NpmPublish.from_statement(statement)
                    read[name] = f"{publish.name}@{publish.version}"
                except MalformedError as error:
                    read[name] = error.code
    assert read == {
        "gundam-visor-cli-v1-tag": "gundam-visor@1.0.1",
        "gundam-visor-cli-v1-tag-invalidsigprov": "gundam-visor@1.0.1",
        "gundam-visor-cli-v1-tag-invalidsigpub": "gundam-visor@1.0.1",
        "provenance-npm-test-cli-v02-prega": "@laurentsimon/provenance-npm-test@1.0.3",
        "provenance-npm-test-cli-v02-prega-invalidsigprov": (
            "@laurentsimon/provenance-npm-test@1.0.3"
        ),
        "provenance-npm-test-cli-v02-prega-invalidsigpub": "formats.npm-publish-subject",
        "provenance-npm-test-ossf": "@laurentsimon/provenance-npm-test@1.0.5",
        "provenance-npm-test-ossf-invalidsigprov": "@laurentsimon/provenance-npm-test@1.0.5",
        "provenance-npm-test-ossf-invalidsigpub": "formats.npm-publish-subject",
    }


def test_the_index_s_publications_are_read(vectors: Path) -> None:
    read = {
        PyPiPublish.from_statement(statement).project
        for path in sorted((vectors / "attest/pypi").glob("*.attestation"))
        for statement in _statements(path)
        if statement.predicate_type == PYPI_PUBLISH_V1
    }
    assert read == {"rfc8785", "pypi-attestation-models"}


def test_a_scan_of_guac_is_read_and_one_without_result_is_not(vectors: Path) -> None:
    folder = vectors / "sbom/attestation"
    predicate = json.loads((folder / "certify-vuln-v02.json").read_bytes())["predicate"]
    scan = VulnerabilityScan.from_statement(a_statement(predicate, VULNS_V0_2))
    assert scan.findings is not None
    assert len(scan.findings) == 8
    assert scan.database_updated is None
    clean = json.loads((folder / "certify-novuln-v02.json").read_bytes())["predicate"]
    with pytest.raises(MalformedError) as refusal:
        VulnerabilityScan.from_statement(a_statement(clean, VULNS_V0_2))
    assert refusal.value.code == "formats.vulns"


def test_a_malformed_digest_of_a_configuration_refuses_a_test_result(vectors: Path) -> None:
    (statement,) = _statements(vectors / "attest/in-toto-layout/test-data/test.fe1c6281.json")
    with pytest.raises(MalformedError) as refusal:
        TestResult.from_statement(statement)
    assert refusal.value.code == "formats.test-result"
    good = copy.deepcopy(statement.predicate)
    good["configuration"] = [{"name": "ci.yml", "digest": {"sha256": A}}]
    read = TestResult.from_statement(a_statement(good, statement.predicate_type))
    assert read.result is TestOutcome.PASSED
