"""A custom evidence type at the command line: checked and tried without a book."""

import json

import pytest

DEFINITION = {
    "evidence-type": "gatebook/evidence-type/v1",
    "name": "coverage",
    "schema": {"type": "object", "required": ["percent"]},
    "rules": [
        {
            "id": "enough",
            "expression": ".percent >= 80",
            "message": "less than \u001b[31m80 %",
            "fix": "write tests",
        }
    ],
}


@pytest.fixture
def typed(desk):
    desk.write("type.json", json.dumps(DEFINITION))
    desk.write("good.json", '{"percent": 91.5}')
    desk.write("low.json", '{"percent": 40}')
    desk.write("broken.json", '{"percent":')
    return desk


def test_a_definition_is_checked(typed):
    found = typed.json("evidence-type", "check", "type.json")
    assert found["schema"] == "gatebook/evidence-type-check/v1"
    assert (found["name"], found["documents"]) == ("coverage", [])
    assert found["digest"].startswith("sha256:")
    assert found["rules"] == [{"id": "enough", "engine": "jq"}]


def test_documents_are_tried(typed):
    good = typed.json("evidence-type", "check", "type.json", "--document", "good.json")
    assert [each["compliant"] for each in good["documents"]] == [True]
    ran = typed.run(
        *("evidence-type", "check", "type.json", "--document", "good.json"),
        *("--document", "low.json", "--document", "broken.json"),
    )
    assert ran.status == 7
    assert "complies  good.json" in ran.out
    assert "does not comply  low.json" in ran.out
    assert "fix for enough: write tests" in " ".join(ran.out.split())
    assert "\u001b[31m80" not in ran.out
    assert "not JSON" in ran.out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": {"type": "strung"}}, "the schema"),
        ({"rules": [{"id": "a", "expression": ".a |"}]}, "rule a"),
        ({"rules": [{"id": "a", "expression": "now > 1"}]}, "now"),
        ({"name": "a b"}, "'name'"),
    ],
)
def test_a_definition_that_is_none_is_refused(typed, change, said):
    typed.write("bad.json", json.dumps({**DEFINITION, **change}))
    ran = typed.run("evidence-type", "check", "bad.json")
    assert ran.status == 5
    assert "formats.evidence-type" in ran.err
    assert said in ran.err
