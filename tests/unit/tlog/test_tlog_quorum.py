"""Policy files: which logs, and how many witnesses are enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.tlog.note import SignerKey
from gatebook.tlog.quorum import PolicyFormatError, QuorumError, TlogPolicy

LOG = SignerKey.from_seed("log.example", b"\1" * 32).verifier
KEYS = {
    name: SignerKey.from_seed(f"{name}.example", name.encode() * 16, cosigner=True).verifier
    for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")
}
WITNESSES = [f"witness {name} {key.vkey}" for name, key in KEYS.items()]


def parse(*lines: str) -> TlogPolicy:
    return TlogPolicy.parse("".join(line + "\n" for line in lines).encode())


TWO_LEVELS = parse(
    "# the example of the specification",
    f"log {LOG.vkey} https://log.example/",
    "",
    *WITNESSES,
    "group X-witnesses 2 X1 X2 X3",
    "\tgroup  Y-witnesses\tany Y1 Y2 Y3  ",
    "group X-and-Y all X-witnesses Y-witnesses",
    "quorum X-and-Y",
)


@pytest.mark.parametrize("present", ["X1 X2 Y1", "X2 X3 Y3", "X1 X2 X3 Y1 Y2 Y3"])
def test_enough_witnesses_reach_the_quorum(present):
    TWO_LEVELS.check_quorum(KEYS[name] for name in present.split())


@pytest.mark.parametrize("present", ["", "X1 Y1", "X1 X2 X3", "Y1 Y2 Y3", "X1 X1 Y1"])
def test_too_few_witnesses_do_not(present):
    with pytest.raises(QuorumError):
        TWO_LEVELS.check_quorum(KEYS[name] for name in present.split())


def test_a_stranger_counts_for_nobody():
    namesake = SignerKey.from_seed("X1.example", b"?" * 32, cosigner=True).verifier
    policy = parse(*WITNESSES, "quorum X1")
    policy.check_quorum([KEYS["X1"]])
    for keys in ([namesake], [KEYS["X2"]], [LOG], []):
        with pytest.raises(QuorumError):
            policy.check_quorum(keys)


def test_only_listed_logs_are_accepted_where_logs_are_listed():
    TWO_LEVELS.check_log(LOG)
    with pytest.raises(QuorumError):
        TWO_LEVELS.check_log(KEYS["X1"])
    parse("quorum none").check_log(KEYS["X1"])


def test_the_quorum_none_asks_for_nobody():
    parse("quorum none").check_quorum([])


def test_names_are_octets():
    policy = TlogPolicy.parse(
        b"witness \xe2\x84\xaa\xff " + KEYS["X1"].vkey.encode() + b"\nquorum \xe2\x84\xaa\xff\n"
    )
    policy.check_quorum([KEYS["X1"]])
    with pytest.raises(QuorumError):
        policy.check_quorum([])
    with pytest.raises(PolicyFormatError):
        TlogPolicy.parse(b"witness \xe2\x84\xaa " + KEYS["X1"].vkey.encode() + b"\nquorum K\n")


def test_urls_are_kept():
    assert TWO_LEVELS.logs[0].url == "https://log.example/"
    assert (
        parse(WITNESSES[0] + " https://w.example/", "quorum X1").witnesses[0].url
        == "https://w.example/"
    )


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [*WITNESSES],
        ["quorum none", "quorum none"],
        ["quorum X1", *WITNESSES],
        [*WITNESSES, "quorum X9"],
        [*WITNESSES, "quorum X1 X2"],
        ["quorum"],
        ["group g any X1", *WITNESSES, "quorum g"],
        [*WITNESSES, "group g any g", "quorum g"],
        [*WITNESSES, "group g any", "quorum g"],
        [*WITNESSES, "group g 0 X1", "quorum g"],
        [*WITNESSES, "group g 2 X1", "quorum g"],
        [*WITNESSES, "group g 01 X1", "quorum g"],
        [*WITNESSES, "group g +1 X1", "quorum g"],
        [*WITNESSES, "group g some X1", "quorum g"],
        [*WITNESSES, "group g 2 X1 X1", "quorum g"],
        [*WITNESSES, "group g any X1", "group h any X1", "quorum g"],
        [*WITNESSES, "group g any none", "quorum g"],
        [*WITNESSES, "group X1 any X2", "quorum X1"],
        [*WITNESSES, "group none any X2", "quorum none"],
        [WITNESSES[0], WITNESSES[1].replace("X2 ", "X1 "), "quorum X1"],
        [WITNESSES[0], WITNESSES[0].replace("X1 ", "X2 "), "quorum X1"],
        [WITNESSES[0].replace("witness X1", "witness none"), "quorum none"],
        [f"witness X1 {LOG.vkey}", "quorum X1"],
        [f"log {LOG.vkey}", f"log {LOG.vkey} https://log.example", "quorum none"],
        [f"log {LOG.vkey} a b", "quorum none"],
        [f"log {LOG.vkey[:-1]}", "quorum none"],
        ["log", "quorum none"],
        ["logs", "quorum none"],
        ["quorum none # comment"],
        ["quorum\u00a0none"],
        ["quorum none\r"],
        ["quorum none\x7f"],
        ["quorum none\x00"],
    ],
    ids=range(34),
)
def test_files_that_are_almost_right_are_refused(lines):
    with pytest.raises(PolicyFormatError):
        parse(*lines)


def test_a_file_that_was_cut_is_refused():
    with pytest.raises(PolicyFormatError):
        TlogPolicy.parse(b"quorum none")
    with pytest.raises(PolicyFormatError):
        TlogPolicy.parse(b"#" * 1024 * 1024 + b"\n")
    with pytest.raises(PolicyFormatError):
        TlogPolicy.parse(b"\n" * 10_001 + b"quorum none\n")


def test_the_same_key_in_another_role_is_a_duplicate():
    """tlog-policy: keys are compared, not their names or ids."""
    seed = b"\7" * 32
    plain = SignerKey.from_seed("a.example", seed).verifier
    renamed = SignerKey.from_seed("b.example", seed).verifier
    with pytest.raises(PolicyFormatError):
        parse(f"log {plain.vkey}", f"log {renamed.vkey}", "quorum none")


def test_large_policies_are_read():
    count = 64
    keys = [
        SignerKey.from_seed(f"w{number}.example", bytes([number] * 32), cosigner=True).verifier
        for number in range(count)
    ]
    lines = [f"witness w{number} {key.vkey}" for number, key in enumerate(keys)]
    lines += [f"group g{number} any w{number}" for number in range(count)]
    lines.append(f"group half {count // 2} " + " ".join(f"g{number}" for number in range(count)))
    policy = parse(*lines, "quorum half")
    policy.check_quorum(keys[: count // 2])
    with pytest.raises(QuorumError):
        policy.check_quorum(keys[: count // 2 - 1])


@given(st.binary(max_size=120))
def test_random_bytes_are_refused_as_malformed(data):
    for hostile in (
        data,
        data + b"\n",
        b"log " + data + b"\n",
        b"group g " + data + b"\nquorum g\n",
    ):
        try:
            TlogPolicy.parse(hostile)
        except MalformedError:
            continue
