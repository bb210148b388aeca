"""How old a trust root is: what has ended, what ends soon, and what has taken its place."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gatebook.clock import Duration, Instant
from gatebook.trust.root.age import AgeReport, Finding, ItemState, age_of
from gatebook.trust.root.any_root import read_any_root
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.sigstore.root import SigstoreRoot

NOW = Instant.parse("2026-06-01T12:00:00Z")
MONTH = Duration.parse("30d")


def findings(report: AgeReport) -> dict[str, Finding]:
    return {each.name: each.finding for each in report.items if each.finding is not None}


def kinds(report: AgeReport) -> list[tuple[str, Finding]]:
    return [(each.kind, each.finding) for each in report.items if each.finding is not None]


@pytest.mark.parametrize(
    ("now", "state", "days", "finding"),
    [
        ("2025-12-31T00:00:00Z", ItemState.FUTURE, 366, None),
        ("2026-06-01T00:00:00Z", ItemState.CURRENT, 214, None),
        ("2026-12-01T23:59:59Z", ItemState.CURRENT, 30, None),
        ("2026-12-02T00:00:01Z", ItemState.CURRENT, 29, Finding.EXPIRES),
        ("2027-01-01T00:00:00Z", ItemState.CURRENT, 0, Finding.EXPIRES),
        ("2027-01-01T00:00:01Z", ItemState.RETIRED, -1, Finding.EXPIRED),
    ],
)
def test_a_key_grows_old(
    a_root: Callable[..., TrustRoot],
    now: str,
    state: ItemState,
    days: int,
    finding: Finding | None,
) -> None:
    report = age_of(a_root(), now=Instant.parse(now), within=MONTH)
    (item,) = report.items
    assert (item.state, item.days_left, item.finding) == (state, days, finding)
    assert report.has_findings is (finding is not None)


def test_a_key_without_end_is_never_a_finding(a_root: Callable[..., TrustRoot]) -> None:
    report = age_of(a_root(not_after=None), now=NOW, within=Duration.parse("9999w"))
    assert report.items[0].days_left is None
    assert not report.has_findings


def a_member(root_bytes: Callable[..., bytes], signer: str, **changes: str | None) -> str:
    text = root_bytes(signer, **changes).decode()
    return text[text.index("  - id") :]


@pytest.mark.parametrize(
    ("successor", "finding"),
    [
        ({"not_after": None}, None),
        ({"not_after": None, "holder": "key#other"}, Finding.EXPIRED),
        ({"not_before": "2027-06-01T00:00:00Z", "not_after": None}, Finding.EXPIRED),
    ],
)
def test_a_key_that_has_ended_is_none_where_its_holder_has_another(
    root_bytes: Callable[..., bytes], successor: dict[str, str], finding: Finding | None
) -> None:
    second = a_member(root_bytes, "p256", **{"id": "ci-2", "holder": "key#ci", **successor})
    root = TrustRoot.parse(root_bytes(more=second))
    report = age_of(root, now=Instant.parse("2027-02-01T00:00:00Z"), within=MONTH)
    assert findings(report) == ({} if finding is None else {"ci": finding})


def test_of_several_that_have_ended_the_last_is_missing(
    root_bytes: Callable[..., bytes],
) -> None:
    second = a_member(
        root_bytes, "p256", id="ci-2", holder="key#ci", not_after="2027-01-20T00:00:00Z"
    )
    root = TrustRoot.parse(root_bytes(more=second))
    report = age_of(root, now=Instant.parse("2027-02-01T00:00:00Z"))
    assert findings(report) == {"ci-2": Finding.EXPIRED}


# -- Sigstore roots --------------------------------------------------------------------------------


def windowed(sigstore: Any, *windows: dict[str, str]) -> bytes:
    """The root whose first logs have these windows; its other log has ended long ago."""
    first, second = sigstore.root()["tlogs"]
    over = {"start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}
    logs = [{**second, "publicKey": {**second["publicKey"], "validFor": over}}]
    for number, window in enumerate(windows):
        key = {**first["publicKey"], "validFor": window}
        logs.append({**first, "baseUrl": f"https://log{number}.test", "publicKey": key})
    data: bytes = sigstore.trusted_root(tlogs=logs)
    return data


OLD = {"start": "2025-01-01T00:00:00Z", "end": "2026-06-10T00:00:00Z"}


@pytest.mark.parametrize(
    ("next_log", "expected"),
    [
        (None, [("transparency-log", Finding.EXPIRES)]),
        ({"start": "2026-06-01T00:00:00Z"}, []),
        ({"start": "2026-06-10T00:00:00Z"}, []),
        ({"start": "2026-06-10T00:00:01Z"}, [("transparency-log", Finding.EXPIRES)]),
    ],
)
def test_a_log_that_ends_needs_another_one(
    sigstore: Any, next_log: dict[str, str] | None, expected: list[tuple[str, Finding]]
) -> None:
    windows = [OLD] if next_log is None else [OLD, next_log]
    root = SigstoreRoot.parse(windowed(sigstore, *windows))
    assert kinds(age_of(root, now=NOW, within=MONTH)) == expected


def test_when_all_logs_have_ended_the_last_one_is_missing(sigstore: Any) -> None:
    root = SigstoreRoot.parse(windowed(sigstore, OLD))
    report = age_of(root, now=Instant.parse("2026-07-01T00:00:00Z"))
    assert kinds(report) == [("transparency-log", Finding.EXPIRED)]


def test_another_operators_log_takes_no_place(sigstore: Any) -> None:
    document = json.loads(windowed(sigstore, OLD, {"start": "2026-01-01T00:00:00Z"}))
    document["tlogs"][1]["operator"] = "acme.test"
    document["tlogs"][2]["operator"] = "other.test"
    root = SigstoreRoot.parse(json.dumps(document).encode())
    assert kinds(age_of(root, now=NOW, within=MONTH)) == [("transparency-log", Finding.EXPIRES)]


def test_certificates_end_authorities_that_have_no_end(sigstore: Any) -> None:
    root = SigstoreRoot.parse(sigstore.trusted_root())
    report = age_of(root, now=Instant.parse("2036-01-01T00:00:00Z"))
    assert ("certificate-authority", Finding.EXPIRED) in kinds(report)
    ends = {each.kind: str(each.until) for each in report.items if each.until is not None}
    assert ends == {
        "certificate-authority": "2035-01-01T00:00:00Z",
        # The signer's certificate ends before the anchor's.
        "timestamp-authority": "2030-01-01T00:00:00Z",
    }


def test_the_newest_start_is_the_age_of_a_root(sigstore: Any) -> None:
    data = windowed(
        sigstore,
        {"start": "2026-05-01T12:00:00Z"},
        {"start": "2027-01-01T00:00:00Z"},
    )
    root = read_any_root(data)

    def age(limit: str | None) -> tuple[int | None, Finding | None]:
        most = None if limit is None else Duration.parse(limit)
        (material,) = age_of(root, now=NOW, max_age=most).materials
        return material.days, material.finding

    # What begins in the future says nothing about the present.
    assert age(None) == (31, None)
    assert age("31d") == (31, None)
    assert age("30d") == (31, Finding.TOO_OLD)


def test_the_age_of_a_root_without_authorities(a_root: Callable[..., TrustRoot]) -> None:
    year = Duration.parse("365d")
    (own,) = age_of(a_root(), now=NOW, max_age=year).materials
    assert (own.days, own.finding) == (151, None)
    (unknown,) = age_of(a_root(not_before=None), now=NOW, max_age=year).materials
    assert (unknown.days, unknown.finding) == (None, Finding.AGE_UNKNOWN)
    published = Instant.parse("2025-01-01T00:00:00Z")
    (told,) = age_of(a_root(), now=NOW, max_age=year, published=published).materials
    assert told.finding is Finding.TOO_OLD
