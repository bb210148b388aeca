"""Contracts are read so that no slip of the pen allows anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.digest import sha256
from gatebook.errors import GatebookError
from gatebook.policy.contract import Contract, ContractError
from gatebook.policy.controls.approval import ApprovalControl
from gatebook.policy.outcome import Mode

YAML = b"""\
contract: gatebook/contract/v1
environment: prod
description: What production demands
roles:
  release-manager: [ana, ben, "key#release"]
controls:
  - id: artifact-identified
    with: {kinds: [image]}
  - id: provenance
    with:
      builders: ["https://ci.example.com/*"]
      repositories: ["https://git.example.com/acme/**"]
      refs: [refs/heads/main]
  - id: sbom
    mode: warn
  - id: tests-passed
    mode: audit
    with: {min-tests: 10}
  - id: signed-off
    use: approval
    with: {role: release-manager, count: 2, not-by: [author], max-age: 7d}
  - id: build-age
    with: {max: 30d}
"""
MINIMAL = {
    "contract": "gatebook/contract/v1",
    "environment": "prod",
    "controls": [{"id": "artifact-identified"}],
}


def refusal(data: bytes) -> ContractError:
    with pytest.raises(ContractError) as refused:
        Contract.parse(data)
    return refused.value


def with_control(**control) -> bytes:
    roles = {"release-manager": ["ana"]}
    return canonical.encode({**MINIMAL, "roles": roles, "controls": [control]})


def test_a_contract_says_what_an_environment_demands(company):
    contract = Contract.parse(YAML)

    assert contract.environment == company.prod
    assert contract.description == "What production demands"
    assert contract.digest == sha256(YAML)
    assert [(str(each.id), each.control.name, each.mode) for each in contract.demands] == [
        ("artifact-identified", "artifact-identified", Mode.ENFORCE),
        ("provenance", "provenance", Mode.ENFORCE),
        ("sbom", "sbom", Mode.WARN),
        ("tests-passed", "tests-passed", Mode.AUDIT),
        ("signed-off", "approval", Mode.ENFORCE),
        ("build-age", "build-age", Mode.ENFORCE),
    ]
    ((role, members),) = contract.roles.members.items()
    assert str(role) == "release-manager"
    assert sorted(map(str, members)) == ["key#release", "person:ana", "person:ben"]
    (demand,) = contract.demands_using(ApprovalControl)
    assert str(demand.id) == "signed-off"


def test_a_contract_is_yaml_or_json():
    minimal = Contract.parse(canonical.encode(MINIMAL))
    written = b"contract: gatebook/contract/v1\nenvironment: prod\ncontrols: [{id: sbom}]\n"
    assert len(minimal.demands) == len(Contract.parse(written).demands) == 1


@pytest.mark.parametrize("missing", ["contract", "environment", "controls"])
def test_what_a_contract_needs_is_demanded(missing):
    refusal(canonical.encode({key: found for key, found in MINIMAL.items() if key != missing}))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"contract": "gatebook/contract/v2"}, "policy.contract-schema"),
        ({"contract": 1}, "policy.contract-schema"),
        ({"environment": "Prod"}, "policy.contract"),
        ({"environment": ["prod"]}, "policy.contract"),
        ({"description": 1}, "policy.contract"),
        ({"control": []}, "policy.unknown-field"),
        ({"controls": []}, "policy.contract-empty"),
        ({"controls": {}}, "policy.contract-empty"),
        ({"controls": None}, "policy.contract-empty"),
        ({"controls": ["sbom"]}, "policy.contract"),
        ({"controls": [{"id": "sbom"}] * 501}, "policy.contract-empty"),
        ({"controls": [{"id": "sbom"}, {"id": "sbom"}]}, "policy.duplicate-control"),
        (
            {"controls": [{"id": "sbom"}, {"id": "sbom", "use": "tests-passed"}]},
            "policy.duplicate-control",
        ),
        ({"roles": []}, "policy.contract"),
        ({"roles": {"manager": []}}, "policy.contract"),
        ({"roles": {"manager": "ana"}}, "policy.contract"),
        ({"roles": {"manager": [1]}}, "policy.contract"),
        ({"roles": {"manager": [""]}}, "policy.contract"),
        ({"roles": {"manager": ["a\nb"]}}, "policy.contract"),
        ({"roles": {"manager": ["#ana"]}}, "policy.contract"),
        ({"roles": {"MANAGER": ["ana"]}}, "policy.contract"),
    ],
    ids=lambda found: str(found)[:60],
)
def test_a_contract_that_is_not_one_is_refused(change, code):
    assert refusal(canonical.encode({**MINIMAL, **change})).code == code


@pytest.mark.parametrize(
    ("control", "code"),
    [
        ({"id": "SBOM"}, "policy.control-id"),
        ({"id": ""}, "policy.contract"),
        ({"id": 1}, "policy.contract"),
        ({}, "policy.contract"),
        ({"id": "sboms"}, "policy.unknown-control"),
        ({"id": "mine", "use": "sboms"}, "policy.unknown-control"),
        ({"id": "mine", "use": None}, "policy.contract"),
        ({"id": "sbom", "mode": "off"}, "policy.mode"),
        ({"id": "sbom", "mode": "Enforce"}, "policy.mode"),
        ({"id": "sbom", "mode": None}, "policy.contract"),
        ({"id": "sbom", "mode": True}, "policy.contract"),
        ({"id": "sbom", "modes": "warn"}, "policy.unknown-field"),
        ({"id": "sbom", "with": []}, "policy.contract"),
        ({"id": "sbom", "with": None}, "policy.contract"),
        ({"id": "sbom", "with": {"formats": []}}, "policy.contract"),
        ({"id": "sbom", "with": {"formats": "spdx"}}, "policy.contract"),
        ({"id": "sbom", "with": {"formats": ["swid"]}}, "policy.contract"),
        ({"id": "sbom", "with": {"min_components": 1}}, "policy.contract"),
        ({"id": "sbom", "with": {"min-components": 0}}, "policy.contract"),
        ({"id": "sbom", "with": {"min-components": True}}, "policy.contract"),
        ({"id": "sbom", "with": {"min-components": "5"}}, "policy.contract"),
        ({"id": "tests-passed", "with": {"min-tests": -1}}, "policy.contract"),
        ({"id": "artifact-identified", "with": {"kinds": ["binary"]}}, "policy.contract"),
        ({"id": "build-age"}, "policy.contract"),
        ({"id": "build-age", "with": {"max": "0d"}}, "policy.contract"),
        ({"id": "build-age", "with": {"max": "30"}}, "policy.contract"),
        ({"id": "build-age", "with": {"max": "30d", "min": "1d"}}, "policy.contract"),
        ({"id": "provenance"}, "policy.contract"),
        ({"id": "provenance", "with": {"builders": ["b"]}}, "policy.contract"),
        ({"id": "provenance", "with": {"repositories": ["r"]}}, "policy.contract"),
        (
            {"id": "provenance", "with": {"builders": ["b"], "repositories": []}},
            "policy.contract",
        ),
        (
            {"id": "provenance", "with": {"builders": ["b"], "repositories": ["**"]}},
            "policy.contract",
        ),
        (
            {"id": "provenance", "with": {"builders": ["*"], "repositories": ["r"]}},
            "policy.contract",
        ),
        (
            {"id": "provenance", "with": {"builders": [""], "repositories": ["r"]}},
            "policy.contract",
        ),
        (
            {
                "id": "provenance",
                "with": {"builders": ["b"], "repositories": ["r"], "branches": ["main"]},
            },
            "policy.contract",
        ),
        ({"id": "approval"}, "policy.contract"),
        ({"id": "approval", "with": {"role": "nobody"}}, "policy.contract"),
        ({"id": "approval", "with": {"role": "Release"}}, "policy.contract"),
        ({"id": "approval", "with": {"role": "release-manager", "count": 2}}, "policy.contract"),
        ({"id": "approval", "with": {"role": "release-manager", "count": 0}}, "policy.contract"),
        (
            {"id": "approval", "with": {"role": "release-manager", "not-by": []}},
            "policy.contract",
        ),
        (
            {"id": "approval", "with": {"role": "release-manager", "not-by": ["nobody"]}},
            "policy.contract",
        ),
        (
            {"id": "approval", "with": {"role": "release-manager", "max-age": "week"}},
            "policy.contract",
        ),
    ],
    ids=lambda found: str(found)[:70],
)
def test_a_control_that_cannot_be_demanded_is_refused(control, code):
    error = refusal(with_control(**control))
    assert error.code == code
    assert error.exit_status == 2


NO_CONTRACTS = [
    b"",
    b"\xff",
    b"\xef\xbb\xbf{}",
    b"[]",
    b"null",
    b"contract",
    b"{",
    b'{"contract":1,"contract":1}',
    YAML + b"environment: staging\n",
    YAML.replace(b"mode: warn", b"mode: warn\n    mode: audit"),
    YAML + b"---\n" + YAML,
    YAML.replace(b"[image]", b"&kinds [image]"),
    YAML.replace(b"[image]", b"*kinds"),
    YAML.replace(b"prod\n", b"!!str prod\n", 1),
    YAML.replace(b"description: ", b"<<: ", 1),
    b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
    b"{" * 5000,
    b"[" * 100_000,
    b"# " + b"x" * 2_000_000,
]


@pytest.mark.parametrize("number", range(len(NO_CONTRACTS)))
def test_bytes_that_mean_no_contract_or_two_are_refused(number):
    refusal(NO_CONTRACTS[number])


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_our_own_words(data):
    with pytest.raises(GatebookError):
        Contract.parse(data)


@given(st.data())
def test_a_changed_contract_parses_or_is_refused_in_our_own_words(data):
    changed = bytearray(YAML)
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        contract = Contract.parse(bytes(changed))
    except GatebookError:
        return
    assert contract.demands
