"""A book whose trust root is pinned publishes and decides under no other one."""

from pathlib import Path

import pytest

from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, MalformedError, NotFoundError
from gatebook.ledger.kinds import Verdict
from gatebook.trust.signing.signers import generate_ed25519
from gatebook.workspace.book import Book
from gatebook.workspace.pins import PinsFileError, TrustRootNotPinnedError

SUBJECT = "sha256:" + "a" * 64
CONTRACT = b"""contract: gatebook/contract/v1
environment: prod
controls:
  - id: artifact-identified
"""


def a_root() -> bytes:
    block = generate_ed25519()[1].decode().strip().replace("\n", "\n      ")
    return (
        "trust-root: gatebook/trust-root/v1\nkeys:\n  - id: ci\n    public-key: |\n      "
        f"{block}\n    may-attest: [provenance]\n    repositories: any\n    environments: any\n"
    ).encode()


@pytest.fixture
def book(tmp_path: Path):
    with Book.create(tmp_path / "book", origin="ledger.example.com/acme") as made:
        made.publish_contract(CONTRACT)
        made.record(SUBJECT, name="api")
        yield made


def refused(ask) -> str:
    with pytest.raises(TrustRootNotPinnedError) as error:
        ask()
    assert error.value.exit_status == 5
    return error.value.code


def test_without_pins_any_root_may_be_published(book: Book) -> None:
    book.publish_trust_root(a_root())
    book.publish_trust_root(a_root())
    assert book.trust_root_pins.read() == ()
    assert book.gate(SUBJECT, "prod").decision.verdict is not Verdict.UNDECIDED


def test_another_root_than_the_pinned_one_is_not_published(book: Book) -> None:
    first, second = a_root(), a_root()
    book.publish_trust_root(first)
    book.trust_root_pins.add(sha256(first))
    size = book.size()
    assert refused(lambda: book.publish_trust_root(second)) == "workspace.trust-root-not-pinned"
    # One byte more is another root.
    refused(lambda: book.publish_trust_root(first + b"\n"))
    assert book.size() == size
    book.publish_trust_root(first)
    book.trust_root_pins.add(sha256(second))
    book.publish_trust_root(second)


def test_nothing_is_decided_under_another_root_than_the_pinned_one(book: Book) -> None:
    first, second = a_root(), a_root()
    book.publish_trust_root(first)
    book.trust_root_pins.add(sha256(second))
    size = book.size()
    assert refused(lambda: book.gate(SUBJECT, "prod")) == "workspace.trust-root-not-pinned"
    assert book.size() == size
    book.publish_trust_root(second)
    assert book.gate(SUBJECT, "prod").decision.trust_root == sha256(second)


def test_a_pin_does_not_wait_for_the_book_to_be_opened_again(book: Book) -> None:
    first = a_root()
    book.publish_trust_root(first)
    book.gate(SUBJECT, "prod")
    with Book.open(book.directory) as other:
        other.trust_root_pins.add(sha256(a_root()))
    refused(lambda: book.gate(SUBJECT, "prod"))


def test_a_book_without_root_decides_nothing_once_one_is_pinned(book: Book) -> None:
    assert book.gate(SUBJECT, "prod").decision.trust_root is None
    book.trust_root_pins.add(sha256(a_root()))
    refused(lambda: book.gate(SUBJECT, "prod"))


def test_the_caller_may_name_the_only_root(book: Book) -> None:
    first, second = a_root(), a_root()
    book.publish_trust_root(first)
    assert book.gate(SUBJECT, "prod", trust_root=str(sha256(first))).decision
    refused(lambda: book.gate(SUBJECT, "prod", trust_root=sha256(second)))
    # Both have to hold: naming one does not undo a pin.
    book.trust_root_pins.add(sha256(second))
    refused(lambda: book.gate(SUBJECT, "prod", trust_root=sha256(first)))
    with pytest.raises(MalformedError):
        book.gate(SUBJECT, "prod", trust_root="sha256:short")


def test_what_could_not_be_gathered_stays_undecided(book: Book) -> None:
    first = a_root()
    book.publish_trust_root(first)
    book.trust_root_pins.add(sha256(first))
    recorded = book.gate(SUBJECT, "elsewhere")  # has no contract
    assert recorded.decision.verdict is Verdict.UNDECIDED


def test_pins_come_and_go(book: Book) -> None:
    pins, one, two = book.trust_root_pins, sha256(b"1"), sha256(b"2")
    assert pins.add(one) == (one,)
    assert pins.add(two) == (one, two)
    assert pins.add(one) == (one, two)
    assert pins.remove(one) == (two,)
    with pytest.raises(NotFoundError) as unknown:
        pins.remove(one)
    assert unknown.value.code == "workspace.no-such-pin"
    assert pins.remove(two) == ()
    assert not (book.directory / "trust-pins.json").exists()
    pins.clear()
    with pytest.raises(MalformedError):
        pins.add(Digest.parse("sha512:" + "a" * 128))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"format":"gatebook/trust-pins/v2","trust_roots":["sha256:' + b"a" * 64 + b'"]}',
        b'{"format":"gatebook/trust-pins/v1","trust_roots":[]}',
        b'{"format":"gatebook/trust-pins/v1","trust_roots":["sha256:a"]}',
        b'{"format":"gatebook/trust-pins/v1","trust_roots":[1]}',
        b'{"format":"gatebook/trust-pins/v1","trust_roots":["sha256:%b"],"more":1}' % (b"a" * 64),
        b'{"format":"gatebook/trust-pins/v1","trust_roots":["sha256:%b","sha256:%b"]}'
        % (b"a" * 64, b"a" * 64),
        b'{"format":"gatebook/trust-pins/v1","trust_roots":["sha512:%b"]}' % (b"a" * 128),
    ],
)
def test_a_damaged_file_of_pins_allows_nothing(book: Book, content: bytes) -> None:
    first = a_root()
    book.publish_trust_root(first)
    (book.directory / "trust-pins.json").write_bytes(content)
    for ask in (
        lambda: book.gate(SUBJECT, "prod"),
        lambda: book.publish_trust_root(first),
        lambda: book.trust_root_pins.add(sha256(first)),
    ):
        with pytest.raises(GatebookError) as error:
            ask()
        assert error.value.exit_status == 5
    book.trust_root_pins.clear()
    book.gate(SUBJECT, "prod")


def test_at_most_so_many_are_pinned(book: Book) -> None:
    for number in range(64):
        book.trust_root_pins.add(sha256(b"%d" % number))
    with pytest.raises(PinsFileError):
        book.trust_root_pins.add(sha256(b"more"))
