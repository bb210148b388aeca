"""``gatebook trust`` as people use it: on files, without a book, and on a book."""

import functools
import http.server
import json
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatebook.cli.main import main
from gatebook.digest import sha256
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signing.signers import generate_ed25519
from gatebook.workspace.trusted_roots import installed_trusted_root

SUBJECT = "sha256:" + "a" * 64
SCOPE = (
    *("--may-attest", "provenance", "--may-attest", "sbom"),
    *("--repositories", "https://git.example.com/acme/*"),
    *("--environments", "any"),
)
CONTRACT = """contract: gatebook/contract/v1
environment: prod
controls:
  - id: artifact-identified
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in an empty directory: its status, answer and messages."""
    monkeypatch.chdir(tmp_path)
    for name in ("GATEBOOK_KEY", "GATEBOOK_TRUST_ROOT_DIGEST"):
        monkeypatch.delenv(name, raising=False)

    def do(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        told = capsys.readouterr()
        status = ended.value.code
        assert isinstance(status, int)
        assert "Traceback" not in told.err
        return status, told.out, told.err

    return do


@pytest.fixture
def ok(run: Run) -> Callable[..., str]:
    def do(*arguments: str | Path) -> str:
        status, out, err = run(*arguments)
        assert status == 0, err
        return out

    return do


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """Run a command that has to be refused with a code; returns its message."""

    def do(status: int, code: str, *arguments: str | Path) -> str:
        ended, out, err = run(*arguments)
        assert (ended, f"[{code}]" in err) == (status, True), (ended, err)
        assert out == ""
        return err

    return do


@pytest.fixture
def key(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        private, public = generate_ed25519()
        (tmp_path / f"{name}.pem").write_bytes(private)
        path = tmp_path / f"{name}.pub"
        path.write_bytes(public)
        return path

    return make


@pytest.fixture
def root(tmp_path: Path, ok: Callable[..., str], key: Callable[[str], Path]) -> Path:
    """A trust root with a key, an authority and an identity, made by the command line."""
    file = tmp_path / "trust.yaml"
    ok("trust", "add", file, "--key", key("ci"), "--id", "ci", *SCOPE)
    (tmp_path / "sigstore.json").write_bytes(installed_trusted_root())
    ok(
        *("trust", "add", file, "--sigstore", "sigstore.json", "--profile", "public-good"),
        *("--authority", "public-good", "--id", "release"),
        *("--issuer", "https://token.actions.githubusercontent.com"),
        *("--certificate", "repository=acme/api", "--certificate", "ref=refs/tags/v*"),
        *("--certificate", "build-signer.repository=acme/workflows"),
        *SCOPE,
    )
    return file


# -- add -------------------------------------------------------------------------------------------


def test_a_root_is_made_and_grows(
    tmp_path: Path, ok: Callable[..., str], key: Callable[[str], Path], root: Path
) -> None:
    made = TrustRoot.parse(root.read_bytes())
    assert [each.id for each in made.keys] == ["ci"]
    assert made.authorities[0].material.digest == sha256(installed_trusted_root())
    assert made.identities[0].constraint.as_json() == {
        "issuer": "https://token.actions.githubusercontent.com",
        "ref": "refs/tags/v*",
        "repository": "acme/api",
        "build-signer": {"repository": "acme/workflows"},
    }
    commented = root.read_text().replace("keys:", "# Asked about weekly.\nkeys:  # all of them")
    root.write_text(commented)
    root.chmod(0o640)
    answer = json.loads(
        ok(
            *("trust", "add", root, "--key", key("b"), "--id", "b", "--holder", "key#ben"),
            *("--not-before", "2026-01-01T00:00:00Z", "--not-after", "2030-01-01T00:00:00Z"),
            *SCOPE,
            "--json",
        )
    )
    assert answer["schema"] == "gatebook/trust-root-changed/v1"
    assert answer["new"] == str(sha256(root.read_bytes()))
    assert [each["member"] for each in answer["changes"]] == ["key b"]
    assert "# Asked about weekly.\nkeys:  # all of them\n" in root.read_text()
    assert stat.S_IMODE(root.stat().st_mode) == 0o640
    made = TrustRoot.parse(root.read_bytes())
    assert str(made.keys[1].holder) == "key#ben"
    assert str(made.keys[1].scope.not_after) == "2030-01-01T00:00:00Z"
    assert not list(tmp_path.glob(".trust.yaml.*"))


def test_what_a_link_leads_to_is_changed(
    tmp_path: Path, ok: Callable[..., str], key: Callable[[str], Path], root: Path
) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(root)
    ok("trust", "add", link, "--key", key("b"), "--id", "b", *SCOPE)
    assert link.is_symlink()
    assert len(TrustRoot.parse(root.read_bytes()).keys) == 2


def test_an_identity_by_its_exact_name(ok: Callable[..., str], root: Path) -> None:
    ok(
        *("trust", "add", root, "--authority", "public-good", "--id", "ana"),
        *("--issuer", "https://accounts.example.com", "--identity", "ana@example.com"),
        *("--holder", "oidc#ana", "--certificate", "issuer=https://other.example.com"),
        *SCOPE,
    )
    made = TrustRoot.parse(root.read_bytes()).identities[1]
    assert made.constraint.as_json() == {
        "issuer": ["https://accounts.example.com", "https://other.example.com"],
        "identity": "ana@example.com",
    }
    assert str(made.holder) == "oidc#ana"


def test_what_cannot_be_added_changes_nothing(
    tmp_path: Path, refused: Callable[..., str], key: Callable[[str], Path], root: Path
) -> None:
    before, b = root.read_bytes(), key("b")
    add = ("trust", "add", root)
    usage = functools.partial(refused, 2, "cli.trust-add", *add)
    usage("--id", "b", *SCOPE)
    usage("--key", b, *SCOPE)
    usage("--key", b, "--sigstore", "sigstore.json", "--id", "b")
    usage("--key", b, "--id", "b", "--profile", "private", *SCOPE)
    usage("--sigstore", "sigstore.json", "--id", "b")
    usage("--sigstore", "sigstore.json", "--id", "b", "--profile", "private", "--holder", "a#b")
    usage("--issuer", "i", "--identity", "x", "--id", "b", *SCOPE)
    usage("--certificate", "ref", "--authority", "public-good", "--id", "b", *SCOPE)
    mixed = ("--certificate", "build-signer=x", "--certificate", "build-signer.ref=y")
    usage(*mixed, "--authority", "public-good", "--id", "b", *SCOPE)
    usage(*reversed_pairs(mixed), "--authority", "public-good", "--id", "b", *SCOPE)
    refused(2, "trust.member-exists", *add, "--key", b, "--id", "ci", *SCOPE)
    refused(5, "trust.malformed-root", *add, "--key", b, "--id", "b")
    refused(5, "trust.malformed-root", *add, "--key", b, "--id", "b c", *SCOPE)
    refused(5, "trust.private-key", *add, "--key", tmp_path / "b.pem", "--id", "b", *SCOPE)
    refused(2, "cli.file", *add, "--key", "nowhere", "--id", "b", *SCOPE)
    open_issuer = ("--issuer", "https://i.example", "--authority", "public-good", "--id", "b")
    refused(5, "trust.malformed-root", *add, *open_issuer, *SCOPE)
    # An authority alone believes nobody, and is no trust root yet.
    alone = ("--sigstore", "sigstore.json", "--profile", "public-good", "--id", "a")
    refused(5, "trust.malformed-root", "trust", "add", "new.yaml", *alone)
    assert not (tmp_path / "new.yaml").exists()
    (tmp_path / "broken.yaml").write_text("trust-root: gatebook/trust-root/v1\nkeyz: []\n")
    refused(5, "trust.malformed-root", "trust", "add", "broken.yaml", "--key", b, "--id", "b")
    assert root.read_bytes() == before


def reversed_pairs(words: tuple[str, ...]) -> tuple[str, ...]:
    return (*words[2:], *words[:2])


# -- rotate ----------------------------------------------------------------------------------------


def test_a_key_is_rotated_with_overlap(
    ok: Callable[..., str], refused: Callable[..., str], key: Callable[[str], Path], root: Path
) -> None:
    new = key("new")
    rotate = ("trust", "rotate", root, "--id", "ci", "--new-key", new)
    said = ok(*rotate, "--overlap", "30d")
    old, fresh = TrustRoot.parse(root.read_bytes()).keys
    assert (fresh.id, fresh.holder) == ("ci-2", old.holder)
    assert old.scope.not_after is not None
    assert fresh.scope.not_before is not None
    assert (old.scope.not_after - fresh.scope.not_before).milliseconds == 30 * 86_400_000
    assert "ci-2 follows ci" in said
    assert "without end" in said
    before = root.read_bytes()
    refused(5, "trust.malformed-root", *rotate, "--overlap", "30d")  # the key is there already
    refused(5, "clock.malformed-duration", *rotate, "--overlap", "soon")
    refused(2, "trust.no-such-member", *rotate[:4], "who", *rotate[5:], "--overlap", "1d")
    refused(2, "cli.file", "trust", "rotate", "nowhere", *rotate[3:], "--overlap", "1d")
    assert root.read_bytes() == before


# -- show, check, age ------------------------------------------------------------------------------


def test_everything_believed_is_shown(ok: Callable[..., str], root: Path) -> None:
    with root.open("a") as file:
        file.write("people:\n  - {id: ana, actors: [key#ci], emails: [Ana@example.com]}\n")
    shown = ok("trust", "show", root)
    assert shown.splitlines()[0] == str(sha256(root.read_bytes()))
    for word in ("key ed25519", "identity public-good", "provenance, sbom", "ana@example.com"):
        assert word in shown
    for word in ("https://fulcio.sigstore.dev", "retired", "current", "acme/workflows"):
        assert word in shown
    fields = json.loads(ok("trust", "show", root, "--json"))
    assert [each["kind"] for each in fields["signers"]] == ["key", "identity"]
    assert fields["signers"][0]["person"] == "ana"
    assert fields["signers"][0]["may_attest"] == ["provenance", "sbom"]
    (authority,) = fields["authorities"]
    assert authority["trusted_root"]["digest"] == str(sha256(installed_trusted_root()))
    kinds = {each["kind"] for each in authority["trusted_root"]["items"]}
    assert kinds == {
        "certificate-authority",
        "certificate-log",
        "timestamp-authority",
        "transparency-log",
    }


def test_a_sigstore_root_is_shown_as_it_is(ok: Callable[..., str], root: Path) -> None:
    shown = ok("trust", "show", root.with_name("sigstore.json"))
    assert shown.splitlines()[0] == str(sha256(installed_trusted_root()))
    fields = json.loads(ok("trust", "show", root.with_name("sigstore.json"), "--json"))
    assert fields["schema"] == "gatebook/sigstore-root-shown/v1"
    assert {each["state"] for each in fields["items"]} == {"current", "retired"}


def test_a_root_is_checked_strictly(
    ok: Callable[..., str], refused: Callable[..., str], root: Path
) -> None:
    assert "release" in ok("trust", "check", root)
    fields = json.loads(ok("trust", "check", root, "--json"))
    assert [each["id"] for each in fields["identities"]] == ["release"]
    assert fields["authorities"][0]["profile"] == "public-good"
    root.write_text(root.read_text().replace("may-attest", "may-atest"))
    for command in ("check", "show", "age"):
        refused(5, "trust.malformed-root", "trust", command, root)
    refused(2, "cli.file", "trust", "check", "nowhere")


def test_what_ends_soon_is_found(
    run: Run, ok: Callable[..., str], key: Callable[[str], Path], tmp_path: Path
) -> None:
    file = tmp_path / "t.yaml"
    soon = (datetime.now(UTC) + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ok(
        *("trust", "add", file, "--key", key("k"), "--id", "k", *SCOPE),
        *("--not-before", "2026-01-01T00:00:00Z", "--not-after", soon),
    )
    status, out, _ = run("trust", "age", file)
    assert (status, "EXPIRES" in out) == (7, True)
    assert run("trust", "age", file, "--within", "9d")[0] == 0
    status, out, _ = run("trust", "age", file, "--within", "9d", "--max-age", "1d", "--json")
    fields = json.loads(out)
    assert status == 7
    assert fields["roots"][0]["finding"] == "too-old"
    assert fields["items"][0]["days_left"] == 9
    ok("trust", "rotate", file, "--id", "k", "--new-key", key("k2"), "--overlap", "5d")
    assert run("trust", "age", file)[0] == 0


# -- diff ------------------------------------------------------------------------------------------


def test_a_diff_says_what_widens(run: Run, ok: Callable[..., str], root: Path) -> None:
    wider = root.with_name("wider.yaml")
    wider.write_text(root.read_text().replace("refs/tags/v*", "refs/**"))
    status, out, _ = run("trust", "diff", root, wider, "--fail-on-widening")
    assert status == 7
    assert "~ identity release: certificate.ref" in out
    assert "widens what is believed" in out
    assert run("trust", "diff", root, wider)[0] == 0
    assert run("trust", "diff", wider, root, "--fail-on-widening")[0] == 0
    fields = json.loads(ok("trust", "diff", wider, root, "--json"))
    assert (fields["widens"], fields["narrows"]) == (False, True)
    assert "the same document" in ok("trust", "diff", root, root)
    wider.write_text(root.read_text() + "# a comment\n")
    assert "written differently" in ok("trust", "diff", root, wider)


def test_roots_of_two_forms_are_not_compared(refused: Callable[..., str], root: Path) -> None:
    refused(2, "trust.diff-kinds", "trust", "diff", root, root.with_name("sigstore.json"))


# -- a book ----------------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path: Path, ok: Callable[..., str], root: Path) -> Path:
    ok("init", "--origin", "ledger.example.com/acme")
    (tmp_path / "contract.yaml").write_text(CONTRACT)
    ok("contract", "publish", "contract.yaml")
    ok("trust", "publish", root)
    return tmp_path / ".gatebook"


def test_the_books_root_is_shown_aged_and_compared(
    ok: Callable[..., str], refused: Callable[..., str], book: Path, root: Path
) -> None:
    digest = str(sha256(root.read_bytes()))
    assert ok("trust", "show").startswith(digest)
    assert ok("trust", "show", "book", "--ledger", book).startswith(digest)
    assert json.loads(ok("trust", "age", "book", "--json"))["published"] is not None
    assert "the same document" in ok("trust", "diff", "book", root)
    refused(2, "workspace.no-book", "trust", "show", "--ledger", "elsewhere")
    ok("init", "--origin", "ledger.example.com/other", "--ledger", "other")
    refused(4, "intake.no-trust-root", "trust", "show", "--ledger", "other")
    refused(4, "intake.no-trust-root", "trust", "pin", "--ledger", "other")


def test_a_pinned_root_is_the_only_one(
    run: Run,
    ok: Callable[..., str],
    refused: Callable[..., str],
    book: Path,
    root: Path,
) -> None:
    digest = str(sha256(root.read_bytes()))
    assert ok("trust", "pin") == f"{digest}  in force\n"
    assert run("gate", SUBJECT, "-e", "prod")[0] in {0, 3, 4}
    root.write_text(root.read_text() + "# another document\n")
    refused(5, "workspace.trust-root-not-pinned", "trust", "publish", root)
    ok("trust", "pin", root)
    ok("trust", "publish", root)
    ok("trust", "pin", digest, "--clear")
    fields = json.loads(ok("trust", "pin", "--show", "--json"))
    assert fields["pins"] == [fields["in_force"]] == [str(sha256(root.read_bytes()))]
    ok("trust", "pin", "--clear")
    status, out, err = run("trust", "pin", digest)
    assert (status, out) == (0, f"{digest}\n")
    assert "not pinned" in err
    refused(5, "workspace.trust-root-not-pinned", "gate", SUBJECT, "-e", "prod")
    refused(2, "cli.trust-pin", "trust", "pin", "--show", "--clear")
    refused(2, "workspace.no-such-pin", "trust", "pin", "--clear", "sha256:" + "b" * 64)
    ok("trust", "pin", "--clear")
    assert "nothing is pinned" in ok("trust", "pin", "--show")
    assert not (book / "trust-pins.json").exists()


@pytest.mark.usefixtures("book")
def test_the_gate_can_be_told_its_root(
    run: Run, refused: Callable[..., str], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = ("gate", SUBJECT, "-e", "prod")
    digest = str(sha256(root.read_bytes()))
    assert run(*gate, "--trust-root-digest", digest)[0] in {0, 3, 4}
    other = "sha256:" + "b" * 64
    refused(5, "workspace.trust-root-not-pinned", *gate, "--trust-root-digest", other)
    monkeypatch.setenv("GATEBOOK_TRUST_ROOT_DIGEST", other)
    refused(5, "workspace.trust-root-not-pinned", *gate)
    monkeypatch.setenv("GATEBOOK_TRUST_ROOT_DIGEST", digest)
    assert run(*gate)[0] in {0, 3, 4}


# -- refresh ---------------------------------------------------------------------------------------


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def tuf(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """A TUF repository that offers the root of the staging instance; the options to ask it."""
    from securesystemslib.signer import CryptoSigner
    from tuf.api import metadata

    place = tmp_path / "repository"
    (place / "targets").mkdir(parents=True)
    signer = CryptoSigner.generate_ed25519()
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    root = metadata.Root(expires=expires, consistent_snapshot=False)
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(signer.public_key, role)
    content = installed_trusted_root(staging=True)
    (place / "targets" / "trusted_root.json").write_bytes(content)
    target = metadata.TargetFile.from_data("trusted_root.json", content)
    for name, signed in (
        ("1.root", root),
        ("timestamp", metadata.Timestamp(expires=expires)),
        ("snapshot", metadata.Snapshot(expires=expires)),
        ("targets", metadata.Targets(expires=expires, targets={target.path: target})),
    ):
        document: Any = metadata.Metadata(signed)
        document.sign(signer)
        document.to_file(str(place / f"{name}.json"))
    handler = functools.partial(Quiet, directory=str(place))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        bootstrap = str(place / "1.root.json")
        yield ("--tuf", url, "--bootstrap", bootstrap, "--tuf-state", str(tmp_path / "state"))
        server.shutdown()
        thread.join()


def test_an_authority_is_refreshed_in_its_place(
    ok: Callable[..., str], root: Path, tuf: tuple[str, ...]
) -> None:
    before = root.read_text()
    fields = json.loads(ok("trust", "refresh", root, "--authority", "public-good", *tuf, "--json"))
    assert fields["trusted_root"] == str(sha256(installed_trusted_root(staging=True)))
    effects = {each["kind"] for each in fields["changes"]}
    assert {"added", "removed"} <= effects
    made = TrustRoot.parse(root.read_bytes())
    assert made.authorities[0].material.digest == sha256(installed_trusted_root(staging=True))
    first = before.index("trusted-root: |")
    assert root.read_text().startswith(before[:first])
    assert root.read_text().endswith(before[before.index("identities:") :])


def test_a_sigstore_root_is_fetched_into_a_file(
    ok: Callable[..., str],
    refused: Callable[..., str],
    tuf: tuple[str, ...],
    tmp_path: Path,
) -> None:
    ok("trust", "refresh", "--output", "new.json", *tuf)
    assert (tmp_path / "new.json").read_bytes() == installed_trusted_root(staging=True)
    assert "nothing has changed" in ok("trust", "refresh", "new.json", *tuf)
    newer = json.loads(installed_trusted_root())
    newer["tlogs"][-1]["publicKey"]["validFor"]["start"] = "2099-01-01T00:00:00Z"
    (tmp_path / "new.json").write_text(json.dumps(newer))
    err = refused(2, "cli.trust-older", "trust", "refresh", "new.json", "--installed")
    assert "--allow-older" in err
    said = ok("trust", "refresh", "new.json", "--installed", "--allow-older")
    assert "widens what is believed" in said
    assert (tmp_path / "new.json").read_bytes() == installed_trusted_root()


def test_what_cannot_be_refreshed_is_not_asked_for(
    refused: Callable[..., str], root: Path, tmp_path: Path
) -> None:
    before = root.read_bytes()
    nowhere = ("--tuf", "http://127.0.0.1:1", "--tuf-state", str(tmp_path / "state"))
    refresh = ("trust", "refresh")
    refused(2, "cli.trust-refresh", *refresh, *nowhere)
    refused(2, "cli.trust-refresh", *refresh, root, "--output", "x.json", *nowhere)
    refused(2, "cli.trust-refresh", *refresh, root, *nowhere)
    refused(2, "cli.trust-refresh", *refresh, root, "--installed", *nowhere)
    refused(2, "trust.no-such-member", *refresh, root, "--authority", "who", *nowhere)
    in_sigstore = (root.with_name("sigstore.json"), "--authority", "public-good")
    refused(2, "cli.trust-refresh", *refresh, *in_sigstore, *nowhere)
    refused(2, "workspace.tuf-bootstrap", *refresh, "--output", "x.json", *nowhere)
    sly = (*nowhere, "--bootstrap", root, "--target", "../trusted_root.json")
    refused(2, "workspace.tuf-target-name", *refresh, "--output", "x.json", *sly)
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "x.json").exists()
    assert root.read_bytes() == before


def test_a_root_that_does_not_go_with_the_profile_is_not_written(
    ok: Callable[..., str],
    refused: Callable[..., str],
    root: Path,
    tuf: tuple[str, ...],
    tmp_path: Path,
) -> None:
    place = tmp_path / "repository" / "targets" / "trusted_root.json"
    good = place.read_bytes()
    place.write_bytes(good.replace(b"tlogs", b"tlogz"))
    before = root.read_bytes()
    authority = ("--authority", "public-good")
    refused(5, "workspace.tuf-hash", "trust", "refresh", root, *authority, *tuf)
    assert root.read_bytes() == before
    place.write_bytes(good)
    ok("trust", "refresh", root, *authority, *tuf)
