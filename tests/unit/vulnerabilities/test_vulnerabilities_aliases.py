"""What means the same is counted once, and nobody can make everything mean the same."""

import random

from hypothesis import given
from hypothesis import strategies as st

from gatebook.vulnerabilities.aliases import (
    MAX_CLUSTER,
    canonical_id,
    close_aliases,
    cves_in,
)


def test_aliases_are_symmetric_and_transitive():
    closed = close_aliases([("GHSA-1", ["CVE-2024-1000"]), ("PYSEC-1", ["CVE-2024-1000", "GO-1"])])
    assert closed.clusters == (("CVE-2024-1000", ("CVE-2024-1000", "GHSA-1", "GO-1", "PYSEC-1")),)


def test_a_cluster_is_named_by_its_oldest_cve_then_by_database():
    assert canonical_id(["GHSA-1", "CVE-2024-9", "CVE-2024-10000", "CVE-2023-70000"]) == (
        "CVE-2023-70000"
    )
    assert canonical_id(["CVE-2024-12345", "CVE-2024-2345"]) == "CVE-2024-2345"
    assert canonical_id(["PYSEC-1", "GHSA-2", "AAA-1"]) == "GHSA-2"
    assert canonical_id(["ZZZ-1", "BBB-1"]) == "BBB-1"
    assert cves_in(["X", "CVE-2024-2000", "CVE-2023-3000", "CVE-1"]) == (
        "CVE-2023-3000",
        "CVE-2024-2000",
    )


def test_a_record_that_claims_everything_is_not_believed():
    everything = [f"CVE-2024-{number}" for number in range(1000, 6000)]
    closed = close_aliases([("EVIL-1", everything), ("GHSA-1", ["CVE-2020-1000"])])
    assert closed.clusters == (("CVE-2020-1000", ("CVE-2020-1000", "GHSA-1")),)
    assert closed.refused == 1


def test_a_long_chain_is_not_believed_either_and_the_limit_is_exact():
    chain = [(f"A-{number}", [f"A-{number + 1}"]) for number in range(50_000)]
    random.Random(1).shuffle(chain)  # noqa: S311  # repeatable
    assert close_aliases(chain) == ((), 1)
    largest = [("A-0", [f"A-{number}" for number in range(1, MAX_CLUSTER)])]
    assert len(close_aliases(largest).clusters[0][1]) == MAX_CLUSTER
    assert close_aliases([("A-0", [*largest[0][1], "A-more"])]).refused == 1


IDS = st.integers(0, 30).map(lambda number: f"CVE-2024-{1000 + number}")


@given(st.lists(st.tuples(IDS, st.lists(IDS, max_size=3)), max_size=20), st.randoms())
def test_the_order_of_records_means_nothing(statements, dice):
    shuffled = list(statements)
    dice.shuffle(shuffled)
    closed = close_aliases(statements)
    assert close_aliases(shuffled) == closed
    where = {each: name for name, ids in closed.clusters for each in ids}
    assert len(where) == sum(len(ids) for _, ids in closed.clusters)
    for own, aliases in statements:
        for alias in aliases:
            assert alias == own or where[own] == where[alias]
