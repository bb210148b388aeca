"""Coverage in XML: every line counts once, claims are kept apart, and wrong numbers are refused."""

from fractions import Fraction

import pytest

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.coverage import clover, cobertura, jacoco, opencover, sonar_generic
from gatebook.formats.coverage.report import CoverageReport, Covered
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.reader import Reader


def read(reader: Reader[CoverageReport], text: str) -> CoverageReport:
    document = Document(text.encode())
    assert reader.recognises(document)
    return reader.read(document)


def refusal_of(reader: Reader[CoverageReport], text: str) -> str:
    with pytest.raises(MalformedError) as refusal:
        reader.read(Document(text.encode()))
    return refusal.value.code


COBERTURA = """<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="0.5" branch-rate="0.25" lines-covered="2" lines-valid="4"
 timestamp="1700000000">
 <packages><package><classes>
  <class name="A" filename="a.py">
   <methods><method name="m"><lines><line number="1" hits="1"/></lines></method></methods>
   <lines><line number="1" hits="0"/><line number="2" hits="0"/></lines>
  </class>
  <class name="A$B" filename="a.py">
   <lines><line number="2" hits="7" branch="true" condition-coverage="50% (1/2)"/></lines>
  </class>
  <class name="C" filename="c.py">
   <lines><line number="1" hits="0"/>
    <line number="2" hits="0" condition-coverage="0% (0/2)"/></lines>
  </class>
 </classes></package></packages>
</coverage>
"""


def test_cobertura_counts_each_line_of_a_file_once() -> None:
    report = read(cobertura.READER, COBERTURA)
    assert report.files == 2
    assert report.lines == Covered(covered=2, total=4)
    assert report.branches == Covered(covered=1, total=4)
    assert report.declared_line_rate == Fraction(1, 2)
    assert report.declared_branch_rate == Fraction(1, 4)
    assert report.created == Instant(1_700_000_000_000)
    assert not report.inconsistent


def test_cobertura_claims_more_than_it_lists() -> None:
    report = read(cobertura.READER, COBERTURA.replace('line-rate="0.5"', 'line-rate="0.9"'))
    assert report.inconsistent
    assert report.lowest_line_rate == Fraction(1, 2)
    assert report.lowest_branch_rate == Fraction(1, 4)


def test_cobertura_without_lines_has_only_claims() -> None:
    report = read(cobertura.READER, '<coverage line-rate="1" lines-covered="0" lines-valid="0"/>')
    assert report.lines is None
    assert report.lowest_line_rate == 1
    assert read(cobertura.READER, '<coverage line-rate="NaN"/>').lowest_line_rate is None


def test_cobertura_describes_what_is_written_as_it_is_written() -> None:
    assert cobertura.READER.describe(Document(COBERTURA.encode())) == {
        "line_rate": "0.5",
        "branch_rate": "0.25",
        "lines_covered": "2",
        "lines_valid": "4",
    }


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ('line-rate="0.5"', 'line-rate="1.5"', "formats.cobertura"),
        ('line-rate="0.5"', 'line-rate="-0.5"', "formats.cobertura"),
        ('line-rate="0.5"', 'line-rate="0,5"', "formats.cobertura"),
        ('line-rate="0.5"', 'line-rate="1e999999999"', "formats.cobertura"),
        ('lines-valid="4"', 'lines-valid="four"', "formats.cobertura"),
        ('lines-valid="4"', 'lines-valid="1"', "formats.coverage-count"),
        ('number="1" hits="1"', 'hits="1"', "formats.cobertura"),
        ('number="1" hits="1"', 'number="1"', "formats.cobertura"),
        ('hits="7"', 'hits="-7"', "formats.cobertura"),
        ('hits="7"', 'hits="' + "9" * 5000 + '"', "formats.cobertura"),
        ("50% (1/2)", "150% (3/2)", "formats.coverage-count"),
        ("</coverage>", "", "formats.xml"),
        ('.dtd">', '.dtd" [<!ENTITY x "y">]>', "formats.xml-doctype"),
    ],
)
def test_cobertura_with_a_wrong_number_is_refused(good: str, bad: str, code: str) -> None:
    assert good in COBERTURA
    assert refusal_of(cobertura.READER, COBERTURA.replace(good, bad, 1)) == code


JACOCO = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd">
<report name="r"><sessioninfo id="s" start="1" dump="1477467893272"/>
 <group name="module"><package name="p">
  <sourcefile name="A.java">
   <line nr="3" mi="0" ci="4" mb="1" cb="1"/><line nr="4" mi="2" ci="0"/>
   <line nr="9" mi="0" ci="0"/>
  </sourcefile>
 </package></group>
 <counter type="INSTRUCTION" missed="2" covered="4"/><counter type="LINE" missed="1" covered="1"/>
 <counter type="BRANCH" missed="1" covered="1"/><counter type="METHOD" missed="0" covered="2"/>
</report>
"""


def test_jacoco_counts_lines_with_instructions() -> None:
    report = read(jacoco.READER, JACOCO)
    assert (report.lines, report.branches) == (
        Covered(covered=1, total=2),
        Covered(covered=1, total=2),
    )
    assert report.declared_lines == report.lines
    assert report.statements == Covered(covered=4, total=6)
    assert report.functions == Covered(covered=2, total=2)
    assert report.created == Instant(1_477_467_893_272)
    assert jacoco.READER.describe(Document(JACOCO.encode())) == {
        "counters_root": {
            "INSTRUCTION": ["2", "4"],
            "LINE": ["1", "1"],
            "BRANCH": ["1", "1"],
            "METHOD": ["0", "2"],
        }
    }


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ('nr="3"', "", "formats.jacoco"),
        ('ci="4"', 'ci="x"', "formats.jacoco"),
        ('missed="2"', "", "formats.jacoco"),
        ('"report.dtd">', '"report.dtd" [<!ENTITY x "y">]>', "formats.xml-doctype"),
        ("</report>", "", "formats.xml"),
    ],
)
def test_jacoco_with_a_wrong_number_is_refused(good: str, bad: str, code: str) -> None:
    assert good in JACOCO
    assert refusal_of(jacoco.READER, JACOCO.replace(good, bad, 1)) == code


CLOVER = """<coverage generated="1700000000000" clover="4.4.1"><project>
 <metrics statements="3" coveredstatements="2" conditionals="2" coveredconditionals="1"
  methods="1" coveredmethods="1"/>
 <package name="p"><file name="A.java" path="src/A.java">
  <line num="1" type="method" count="1"/><line num="2" type="stmt" count="0"/>
  <line num="3" type="cond" truecount="4" falsecount="0"/>
 </file></package></project></coverage>
"""


def test_clover_counts_lines_and_both_sides_of_conditions() -> None:
    report = read(clover.READER, CLOVER)
    assert report.lines == Covered(covered=2, total=3)
    assert report.branches == Covered(covered=1, total=2)
    assert report.statements == Covered(covered=2, total=3)
    assert report.functions == Covered(covered=1, total=1)
    assert report.tools == ("Clover 4.4.1",)
    assert report.created == Instant(1_700_000_000_000)
    described = clover.READER.describe(Document(CLOVER.encode()))
    assert described["files"] == 1


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ('num="1"', 'num="one"', "formats.clover"),
        ('type="stmt" count="0"', 'type="stmt"', "formats.clover"),
        ('coveredstatements="2"', 'coveredstatements="9"', "formats.coverage-count"),
        ("project>", "projects>", "formats.clover"),
    ],
)
def test_clover_with_a_wrong_number_is_refused(good: str, bad: str, code: str) -> None:
    assert good in CLOVER
    assert refusal_of(clover.READER, CLOVER.replace(good, bad)) == code


OPENCOVER = """<CoverageSession>
 <Summary numSequencePoints="3" visitedSequencePoints="2" numBranchPoints="2"
  visitedBranchPoints="1" numMethods="1" visitedMethods="1"/>
 <Modules><Module><Files><File uid="1" fullPath="A.cs"/></Files><Classes><Class><Methods>
  <Method><FileRef uid="1"/><SequencePoints>
   <SequencePoint vc="0" sl="5" fileid="1"/><SequencePoint vc="2" sl="5" fileid="1"/>
   <SequencePoint vc="0" sl="6"/></SequencePoints></Method>
 </Methods></Class></Classes></Module></Modules></CoverageSession>
"""


def test_opencover_counts_the_lines_of_sequence_points() -> None:
    report = read(opencover.READER, OPENCOVER)
    assert report.lines == Covered(covered=1, total=2)
    assert report.statements == Covered(covered=2, total=3)
    assert report.declared_branches == Covered(covered=1, total=2)
    assert report.lowest_branch_rate == Fraction(1, 2)


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ('vc="2"', "", "formats.opencover"),
        ('sl="6"', 'sl="-6"', "formats.opencover"),
        ('visitedSequencePoints="2"', 'visitedSequencePoints="4"', "formats.coverage-count"),
    ],
)
def test_opencover_with_a_wrong_number_is_refused(good: str, bad: str, code: str) -> None:
    assert good in OPENCOVER
    assert refusal_of(opencover.READER, OPENCOVER.replace(good, bad, 1)) == code


SONAR = """<coverage version="1">
 <file path="a.py"><lineToCover lineNumber="1" covered="true" branchesToCover="2"
  coveredBranches="1"/><lineToCover lineNumber="2" covered="false"/></file>
</coverage>
"""


def test_sonar_generic_coverage_counts_lines() -> None:
    report = read(sonar_generic.READER, SONAR)
    assert report.lines == Covered(covered=1, total=2)
    assert report.branches == Covered(covered=1, total=2)
    assert report.files == 1


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ('version="1"', 'version="2"', "formats.sonar-coverage"),
        ('covered="true"', 'covered="yes"', "formats.sonar-coverage"),
        ('lineNumber="1"', "", "formats.sonar-coverage"),
        ('path="a.py"', "", "formats.sonar-coverage"),
        ('coveredBranches="1"', 'coveredBranches="3"', "formats.coverage-count"),
    ],
)
def test_sonar_generic_coverage_with_a_wrong_value_is_refused(
    good: str, bad: str, code: str
) -> None:
    assert good in SONAR
    assert refusal_of(sonar_generic.READER, SONAR.replace(good, bad, 1)) == code


READERS = (
    cobertura.READER,
    clover.READER,
    sonar_generic.READER,
    jacoco.READER,
    opencover.READER,
)


@pytest.mark.parametrize("text", [COBERTURA, JACOCO, CLOVER, OPENCOVER, SONAR])
def test_reports_with_one_root_element_are_told_apart(text: str) -> None:
    assert sum(reader.recognises(Document(text.encode())) for reader in READERS) == 1


@pytest.mark.parametrize("text", ["<coverage/>", "<report/>", '<report name="r"><a/></report>', ""])
def test_elements_of_the_same_name_are_not_taken(text: str) -> None:
    assert not any(reader.recognises(Document(text.encode())) for reader in READERS)


def test_a_part_greater_than_the_whole_cannot_be_made() -> None:
    with pytest.raises(MalformedError):
        Covered(covered=2, total=1)
    with pytest.raises(MalformedError):
        Covered(covered=-1, total=1)
    assert Covered(covered=0, total=0).rate is None
