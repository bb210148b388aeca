"""Evidence of every kind at the command line: reports, custom types, advisories in the book."""

import json

import pytest

SARIF = json.dumps(
    {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "scanner", "rules": []}}, "results": []}],
    }
)
PERSON = """evidence-type: gatebook/evidence-type/v1
name: person
version: "2"
schema: {type: object, required: [age], properties: {age: {type: integer}}}
rules:
  - {id: of-age, expression: .age >= 18, message: younger than 18}
"""
ADVISORY = {
    "id": "PYSEC-2026-1",
    "modified": "2026-01-02T03:04:05Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "six"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}
SIX = "pkg:pypi/six@1.16.0"
SBOM = json.dumps(
    {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [
            {"type": "library", "name": "six", "version": "1.16.0", "purl": SIX},
        ],
    }
)


@pytest.fixture
def book(desk):
    """A book that believes the key ci for everything that is handed in here."""
    desk.write("app.bin", "app")
    desk.do("init", "--origin", "book.example/acme")
    desk.do("key", "generate", "--output", "ci")
    root = {
        "trust-root": "gatebook/trust-root/v1",
        "keys": [
            {
                "id": "ci",
                "public-key": (desk.directory / "ci.pub").read_text(),
                "may-attest": [
                    *("sbom", "report", "test-result"),
                    "https://gatebook.dev/evidence-types/person",
                ],
                "repositories": "any",
                "environments": "any",
            }
        ],
    }
    desk.write("root.json", json.dumps(root))
    desk.do("trust", "publish", "root.json")
    desk.do("record", "app.bin", "--name", "app")
    return desk


def newest(book):
    return book.entries()[0]


def attest(book, kind, file, *more):
    arguments = ("attest", "app.bin", "--type", kind, "--predicate", file, "--key", "ci")
    return book.run(*arguments, *more)


def test_a_report_is_signed_and_kept_and_handed_in_elsewhere(book):
    book.write("scan.sarif", SARIF)
    assert attest(book, "report", "scan.sarif", "--output", "scan.json").status == 0
    entry = newest(book)
    assert entry["kind"] == "evidence.accepted"
    assert [each["media_type"] for each in entry["evidence"]][1] == (
        "application/vnd.gatebook.report"
    )
    book.refused(5, "facts.report-missing", "accept", "scan.json", "--subject", "app.bin")
    book.write("other.sarif", SARIF + " ")
    book.refused(
        5,
        "facts.report-missing",
        *("accept", "scan.json", "--subject", "app.bin", "--report", "other.sarif"),
    )
    ran = book.do("accept", "scan.json", "--subject", "app.bin", "--report", "scan.sarif")
    assert "was there already" in ran.out


def test_what_is_no_report_is_not_signed(book):
    book.write("notes.txt", "notes")
    ran = attest(book, "report", "notes.txt")
    assert (ran.status, "intake.report-unread" in ran.err) == (5, True)


def test_an_unsigned_document_is_called_what_its_content_says(book):
    book.write("scan.sarif", SARIF)
    book.do("accept", "scan.sarif", "--unsigned", "--subject", "app.bin")
    assert newest(book)["body"] == {"format": "sarif-2.1.0"}
    book.write("notes.txt", "notes")
    arguments = ("accept", "notes.txt", "--unsigned", "--subject", "app.bin")
    book.refused(5, "intake.report-unread", *arguments)
    book.do(*arguments, "--format", "notes")
    assert newest(book)["body"] == {"format": "notes"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "x"),
        ("--evidence-type", "x"),
        ("--unsigned",),
        ("--unsigned", "--subject", "app.bin", "--report", "scan.sarif"),
    ],
)
def test_options_that_do_not_go_together_are_refused(book, arguments):
    book.write("scan.sarif", SARIF)
    book.refused(2, "cli.unsigned", "accept", "scan.sarif", *arguments)


def test_a_custom_type_is_published_listed_and_shown(book):
    book.write("person.yaml", PERSON)
    book.do("evidence-type", "publish", "person.yaml")
    (listed,) = book.json("evidence-type", "list")["types"]
    assert listed["name"] == "person"
    assert "person" in book.do("evidence-type", "list").out
    shown = book.json("evidence-type", "show", "person")
    assert shown["digest"] == listed["definition"]
    assert shown["definition"]["version"] == "2"
    assert json.loads(book.do("evidence-type", "show", "person").out) == shown["definition"]
    book.refused(2, "intake.no-evidence-type", "evidence-type", "show", "animal")
    assert "person" in book.do("log").out


def test_a_document_of_a_custom_type_is_judged_and_recorded_either_way(book):
    book.write("person.yaml", PERSON)
    book.do("evidence-type", "publish", "person.yaml")
    book.write("ana.json", '{"age": 40}')
    book.write("tim.json", '{"age": 4}')
    good, bad = (
        attest(book, "evidence:person", "ana.json"),
        attest(book, "evidence:person", "tim.json"),
    )
    assert (good.status, "complies" in good.out) == (0, True)
    assert (bad.status, "younger than 18" in bad.out) == (7, True)
    assert newest(book)["body"]["compliant"] is False
    arguments = ("--unsigned", "--subject", "app.bin", "--evidence-type", "person")
    assert book.run("accept", "ana.json", *arguments).status == 0
    assert book.run("accept", "tim.json", *arguments).status == 7
    assert "NOT COMPLIANT" in book.do("log").out


def test_advisories_go_into_the_book_where_there_is_one(book):
    book.write("dump.jsonl", json.dumps(ADVISORY))
    book.write("sbom.json", SBOM)
    attest(book, "sbom", "sbom.json")
    made = book.json("advisories", "import", "dump.jsonl")
    assert newest(book)["kind"] == "advisories.imported"
    assert made["entry"] == newest(book)["index"]
    assert not (book.directory / "advisories.gatebook").exists()
    status = book.json("advisories", "status")
    assert status["snapshot"]["digest"] == made["snapshot"]["digest"]
    assert book.run("advisories", "match", SIX).status == 7
    assert book.run("advisories", "show", "PYSEC-2026-1").status == 0
    assert "1 advisory" in book.do("log").out
    book.json("advisories", "import", "dump.jsonl", "--into", "file")
    assert book.run("advisories", "match", SIX, "--advisories", "file").status == 7
    assert newest(book)["index"] == made["entry"]


def test_a_book_that_was_named_and_is_not_there_is_an_error(book):
    book.write("dump.jsonl", json.dumps(ADVISORY))
    book.refused(
        2, "workspace.no-book", "advisories", "import", "dump.jsonl", "--ledger", "nowhere"
    )
    book.refused(2, "workspace.no-advisories", "advisories", "status")
