"""What holds of every control over evidence, whatever is handed in and in whatever order."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.cli.main import COMMANDS
from gatebook.errors import GatebookError
from gatebook.facts.facts import Facts
from gatebook.formats.coverage.report import CoverageReport, Covered
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.quality.report import GateStatus, QualityReport
from gatebook.formats.reading.compressed import unwrap
from gatebook.formats.reading.detect import reader_of
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat
from gatebook.formats.scan.report import FindingState, FixState, Severity
from gatebook.formats.test_reports.report import TestReport
from gatebook.formats.test_result import TestOutcome, TestResult
from gatebook.formats.type_evaluation import TypeEvaluation
from gatebook.formats.vex.statement import VexStatus
from gatebook.policy import choice
from gatebook.policy.catalogue import CATALOGUE
from gatebook.policy.outcome import Status
from gatebook.vulnerabilities.match_report import SourcedSeverity, Unevaluated

VEX = [{"authors": ["key#vendor"], "scope": "vendor"}]
PARAMETERS = {
    "sbom": {},
    "sbom-fresh": {"build": False, "max-age": "30d"},
    "sbom-quality": {},
    "licenses": {"deny": ["GPL-*"], "missing": "allowed"},
    "ecosystems": {"types": ["npm"]},
    "denied-packages": {"packages": [{"package": "pkg:npm/left-pad"}], "malware": True},
    "base-image": {"names": ["library/*"]},
    "scan": {"max-age": "1d", "max-database-age": "5d", "scanners": ["trivy", "grype"]},
    "vulnerabilities": {
        "sources": ["advisories", "scans"],
        "vex": VEX,
        "waivers": {"role": "security", "max": "90d"},
        "grace": {"high": "7d"},
        "at-most": {"medium": 2},
    },
    "code-scanning": {"suppressed": False},
    "tests-passed": {"min-tests": 5, "max-skipped": 2},
    "coverage": {"lines": 50},
    "quality-gate": {},
    "custom-evidence": {"type": "pen-test"},
}
NAMES = st.sampled_from([f"CVE-2026-{1000 + number}" for number in range(4)])
PURLS = [
    "pkg:npm/lodash@4.17.20",
    "pkg:npm/left-pad@1.0.0",
    "pkg:npm/part@latest",
    "pkg:pypi/six@1.0",
]


@st.composite
def scans(draw, kit):
    findings = draw(
        st.lists(
            st.builds(
                lambda name, severity, state, fix: kit.finding(
                    name, severity, state=state, fix=fix
                ),
                NAMES,
                st.sampled_from(Severity),
                st.sampled_from(FindingState),
                st.sampled_from(FixState),
            ),
            max_size=3,
        )
    )
    return kit.scan(
        *findings,
        format=draw(st.sampled_from([DocumentFormat.TRIVY_JSON, DocumentFormat.SARIF])),
        scanners=draw(st.sampled_from([("Trivy 0.58.1",), ("Grype 0.9",), ()])),
        created=draw(st.sampled_from([None, kit.ago("1h"), kit.ago("2d"), kit.ahead("1h")])),
        incomplete=draw(st.sampled_from([(), ("it was stopped",)])),
        targets=draw(st.sampled_from([(), (kit.api,), (kit.other,)])),
    )


@st.composite
def sboms(draw, kit):
    purls = draw(st.lists(st.sampled_from(PURLS), max_size=3, unique=True))
    return kit.sbom(*purls) if purls else kit.sbom(components=())


@st.composite
def runs(draw):
    passed, failed = draw(st.integers(0, 9)), draw(st.integers(0, 1))
    return TestReport(
        format=DocumentFormat.JUNIT_XML,
        total=passed + failed,
        passed=passed,
        failed=failed,
        errors=0,
        skipped=0,
        suites=1,
        inconsistent=draw(st.booleans()),
    )


@st.composite
def coverages(draw):
    total = draw(st.integers(0, 10))
    lines = Covered(covered=draw(st.integers(0, total)), total=total)
    return CoverageReport(format=DocumentFormat.LCOV, files=1, lines=lines)


def contents(kit):
    gates = st.builds(
        QualityReport,
        format=st.just(DocumentFormat.SONARQUBE_WEBHOOK),
        gate=st.sampled_from([None, *GateStatus]),
        revision=st.sampled_from([None, kit.commit, "d" * 40]),
        analysed=st.sampled_from([None, kit.ago("1h"), kit.ago("2h")]),
    )
    statements = st.builds(
        kit.vex,
        NAMES,
        st.sampled_from(VexStatus),
        time=st.sampled_from([None, kit.ago("1h"), kit.ago("2h")]),
    )
    evaluations = st.builds(
        TypeEvaluation,
        name=st.sampled_from(["pen-test", "other"]),
        definition=st.just(str(kit.api)),
        document=st.just(str(kit.other)),
        compliant=st.booleans(),
        engines=st.just(("jq 1.7",)),
    )
    waivers = st.builds(kit.waiver, vulnerability=st.none() | NAMES)
    return st.one_of(
        scans(kit), sboms(kit), runs(), coverages(), gates, statements, evaluations, waivers
    )


@st.composite
def pieces(draw, kit):
    if draw(st.integers(0, 7)) == 0:
        return kit.unreadable(
            draw(st.sampled_from(["formats.scan", "trust.untrusted-key"])),
            damaged=draw(st.booleans()),
            kind=draw(st.sampled_from([PredicateKind.REPORT, PredicateKind.SBOM, None])),
        )
    holder, identity = draw(
        st.sampled_from(
            [("key#ci", None), ("key#vendor", None), ("key#ana", "person:ana"), (None, None)]
        )
    )
    received = draw(st.sampled_from([kit.noon, kit.ago("1d")]))
    return kit.evidence(draw(contents(kit)), holder=holder, identity=identity, received=received)


@st.composite
def judged_facts(draw, kit) -> Facts:
    evidence = draw(st.lists(pieces(kit), max_size=6))
    matches = []
    for piece in evidence:
        if piece.content is not None and hasattr(piece.content, "components"):
            known = draw(
                st.lists(
                    st.builds(
                        lambda name, severity: kit.known(
                            name, severity, aliases=(f"{name}-ALIAS",)
                        ),
                        NAMES,
                        st.sampled_from(["low", "medium", "high", "critical", "unknown", "?"]),
                    ),
                    max_size=2,
                )
            )
            doubts = draw(st.sampled_from([(), (Unevaluated(component="x", code="a.b"),)]))
            matches.append(kit.match(piece, *known, unevaluated=doubts))
    return kit.facts(
        *evidence,
        matches=tuple(matches) if draw(st.booleans()) else tuple(matches[1:]),
        advisories=draw(st.sampled_from([None, kit.advisories()])),
    )


@pytest.mark.parametrize("control", sorted(PARAMETERS))
def test_a_control_answers_whatever_is_handed_in_and_order_does_not_matter(kits, control):
    kit = kits()

    @settings(deadline=None, max_examples=40)
    @given(data=st.data())
    def always(data):
        facts = data.draw(judged_facts(kit))
        found = kit.judge(control, facts, PARAMETERS[control])
        assert len(found.found) < 8000
        order = data.draw(st.permutations(facts.evidence))
        turned = replace(facts, evidence=tuple(order), matches=tuple(reversed(facts.matches)))
        assert kit.judge(control, turned, PARAMETERS[control]) == found

    always()


@pytest.mark.parametrize("control", sorted(PARAMETERS))
def test_nothing_at_all_is_never_a_pass(kit, control):
    assert not kit.judge(control, kit.facts(), PARAMETERS[control]).status.satisfies


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_one_more_finding_never_makes_it_better(kits, data):
    kit = kits()
    facts = data.draw(judged_facts(kit))
    control, parameters = data.draw(
        st.sampled_from(
            [(name, PARAMETERS[name]) for name in ("vulnerabilities", "scan", "code-scanning")]
        )
    )
    before = kit.judge(control, facts, parameters)
    severe = data.draw(
        st.sampled_from(
            [
                kit.finding("CVE-2026-9999", Severity.CRITICAL),
                kit.weakness(severity=Severity.CRITICAL),
            ]
        )
    )
    worse = tuple(
        replace(
            piece,
            content=type(piece.content)(
                **{
                    **{
                        name: getattr(piece.content, name)
                        for name in piece.content.__struct_fields__
                    },
                    "findings": (*piece.content.findings, severe),
                }
            ),
        )
        if hasattr(piece.content, "findings")
        else piece
        for piece in facts.evidence
    )
    after = kit.judge(control, replace(facts, evidence=worse), parameters)
    assert before.status.satisfies or not after.status.satisfies


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_one_more_known_vulnerability_never_makes_it_better(kits, data):
    kit = kits()
    facts = data.draw(judged_facts(kit))
    known = kit.known(
        "CVE-2026-9999", severities=(SourcedSeverity(source="nvd", severity="critical"),)
    )
    worse = tuple(
        replace(
            match,
            report=type(match.report)(
                **{
                    **{
                        name: getattr(match.report, name) for name in match.report.__struct_fields__
                    },
                    "findings": (*match.report.findings, known),
                }
            ),
        )
        for match in facts.matches
    )
    parameters = {**PARAMETERS["vulnerabilities"], "sources": ["advisories"]}
    before = kit.judge("vulnerabilities", facts, parameters)
    after = kit.judge("vulnerabilities", replace(facts, matches=worse), parameters)
    assert before.status.satisfies or not after.status.satisfies
    assert not worse or facts.advisories is None or not after.status.satisfies


def in_favour(kit):
    """Evidence that speaks for the artifact and nothing that speaks against it."""
    sbom = kit.evidence(kit.sbom())
    return (
        [
            sbom,
            kit.evidence(kit.scan()),
            kit.evidence(kit.scan(format=DocumentFormat.SARIF)),
            kit.evidence(
                TestResult(
                    result=TestOutcome.PASSED, configuration=(), passed_tests=tuple("abcdef")
                )
            ),
            kit.evidence(
                CoverageReport(
                    format=DocumentFormat.LCOV, files=1, lines=Covered(covered=9, total=10)
                )
            ),
            kit.evidence(
                QualityReport(
                    format=DocumentFormat.SONARQUBE_WEBHOOK, gate=GateStatus.OK, revision=kit.commit
                )
            ),
            kit.evidence(kit.vex("CVE-2026-1001"), holder="key#vendor"),
            kit.evidence(
                kit.waiver(vulnerability="CVE-2026-1002"),
                holder="key#ana",
                identity="person:ana",
                received=kit.ago("1d"),
            ),
        ],
        [
            kit.match(
                sbom, kit.known("CVE-2026-1001", "critical"), kit.known("CVE-2026-1002", "critical")
            )
        ],
    )


def test_removing_what_speaks_for_an_artifact_never_makes_it_pass(kit):
    """Of all subsets of the favourable evidence, each smaller one passes no more controls."""
    evidence, matches = in_favour(kit)
    controls = [name for name in PARAMETERS if name not in {"base-image", "custom-evidence"}]

    def passing(kept):
        facts = kit.facts(*kept, matches=tuple(matches), advisories=kit.advisories())
        return {
            name for name in controls if kit.judge(name, facts, PARAMETERS[name]).status.satisfies
        }

    assert passing(evidence) == set(controls)
    for number in range(len(evidence)):
        fewer = evidence[:number] + evidence[number + 1 :]
        rest = passing(fewer)
        assert rest != set(controls)
        for other in range(len(fewer)):
            assert passing(fewer[:other] + fewer[other + 1 :]) <= rest


def test_every_control_is_asked_here():
    signed = {"artifact-identified", "provenance", "attestation", "approval", "build-age"}
    assert set(PARAMETERS) == set(CATALOGUE) - signed


def test_what_is_to_be_done_names_commands_that_exist():
    source = Path(inspect.getfile(choice)).parent
    named = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r"`gatebook ([a-z-]+)", path.read_text())
    }
    assert {"attest", "gate", "advisories"} <= named <= set(COMMANDS)


def test_what_real_tools_wrote_is_judged_without_breaking(kit, vectors):
    """Documents of the shared data, as the readers read them."""
    files = sorted(
        path
        for path in (vectors / "sbom").rglob("*")
        if path.is_file()
        and path.stat().st_size < 60_000
        and not path.name.startswith(("SOURCES", "expected", "LICENSE"))
    )
    assert files
    contracts = {name: kit.contract(name, parameters) for name, parameters in PARAMETERS.items()}
    broken, families = [], set()
    for path in files[:: max(1, len(files) // 160)]:
        try:
            data, _ = unwrap(path.read_bytes())
            document = Document(data)
            reader = reader_of(document)
            content = None if reader is None else reader.read(document)
        except GatebookError:
            continue
        if content is None:
            continue
        families.add(reader.family)
        piece = kit.evidence(content, format=reader.format)
        facts = kit.facts(piece, advisories=kit.advisories(), matches=(kit.match(piece),))
        for name, contract in contracts.items():
            try:
                found = contract.demands[0].control.judge(facts, contract.roles)
                assert isinstance(found.status, Status)
            except Exception as error:  # noqa: BLE001  # every one is told
                broken.append((path.name, name, repr(error)))
    assert not broken
    assert len(families) >= 4
