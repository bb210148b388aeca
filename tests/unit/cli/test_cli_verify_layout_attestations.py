"""``gatebook verify layout`` for layouts over attestations (ITE-10), which nobody signs."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AT = ("--at", "2026-11-20T12:00:00Z")


class TestOverAttestations:
    """The published example of ITE-10."""

    @pytest.fixture
    def args(self, vectors: Path, desk: Any) -> tuple[str, ...]:
        place = vectors / "attest" / "in-toto-layout"
        desk.write("layout.yml", (place / "layout.yml").read_bytes())
        (desk.directory / "links").mkdir()
        for path in sorted((place / "test-data").iterdir()):
            desk.write(f"links/{path.name}", path.read_bytes())
        return ("verify", "layout", "layout.yml", "--links", "links", *AT)

    @staticmethod
    def pin(desk: Any) -> tuple[str, str]:
        return ("--layout-digest", f"sha256:{hashlib.sha256(desk.read('layout.yml')).hexdigest()}")

    def test_it_holds(self, args: tuple[str, ...], desk: Any) -> None:
        found = desk.json(*args, *self.pin(desk))
        assert [each["name"] for each in found["steps"]] == ["clone", "test", "build"]
        assert found["owners"] == []
        digest = found["steps"][2]["products"]["bin/foo"]["sha256"]
        ran = desk.do(*args, *self.pin(desk), "--product", f"sha256:{digest}")
        assert "product    bin/foo, sha256:" in ran.out
        assert "https://slsa.dev/provenance/v1" in ran.out

    def test_it_is_believed_as_this_document_only(self, args: tuple[str, ...], desk: Any) -> None:
        pinned = self.pin(desk)
        desk.write("layout.yml", desk.read("layout.yml") + b"\n")
        desk.refused(5, "cli.layout-digest", *args, *pinned)
        desk.do(*args, *self.pin(desk))

    def test_it_is_not_signed(self, args: tuple[str, ...], desk: Any) -> None:
        desk.do("key", "generate", "--output", "olga")
        ran = desk.refused(5, "trust.layout-signature", *args, "--key", "olga.pub")
        assert "--layout-digest" in ran.err
        desk.refused(5, "trust.layout-signature", *args, "--key", "olga.pub", *self.pin(desk))
        desk.refused(2, "cli.signer-needed", *args)

    @pytest.mark.parametrize(
        ("good", "bad", "code"),
        [
            (b"'PASSED'", b"'FAILED'", "trust.layout-attribute"),
            (b"CREATE foo", b"CREATE fob", "trust.layout-disallowed"),
            (b'public: "73', b'public: "74', "trust.layout-threshold"),
            (b'"2100-', b'"2025-', "trust.layout-expired"),
            (b"steps:", b"subjects: [{}]\nsteps:", "formats.layout-section"),
            (b"steps:", b"inspections: [{name: x}]\nsteps:", "trust.layout-inspection"),
        ],
    )
    def test_one_change_of_the_layout(
        self, args: tuple[str, ...], desk: Any, good: bytes, bad: bytes, code: str
    ) -> None:
        before = desk.read("layout.yml")
        assert good in before
        desk.write("layout.yml", before.replace(good, bad, 1))
        ran = desk.refused(5, code, *args, *self.pin(desk))
        assert (code == "trust.layout-inspection") is ("never run here" in ran.err)
        assert desk.run(*args, *self.pin(desk), "--json").json()["reason"]["code"] == code

    def test_texts_of_others_stay_in_their_cells(self, args: tuple[str, ...], desk: Any) -> None:
        before = desk.read("layout.yml")
        desk.write("layout.yml", before.replace(b'name: "test"', b'name: "te\\u001b\\nst"'))
        for path in (desk.directory / "links").glob("test.*"):
            path.rename(path.with_name(path.name.replace("test", "te\x1b\nst")))
        desk.refused(5, "formats.layout-evidence", *args, *self.pin(desk))

    @pytest.mark.parametrize("columns", [40, 60, 80, 120])
    def test_the_table_fits_the_terminal(
        self, args: tuple[str, ...], desk: Any, columns: int
    ) -> None:
        ours, theirs = os.openpty()
        try:
            subprocess.run(
                [sys.executable, "-m", "gatebook", *args, *self.pin(desk)],
                stdout=theirs,
                check=True,
                cwd=desk.directory,
                env={**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1"},
            )
            shown = os.read(ours, 65_536).decode().replace("\r\n", "\n")
        finally:
            os.close(ours)
            os.close(theirs)
        table = shown.partition("\n\n")[2].partition("\n\n")[0].splitlines()
        assert len(table) == 4
        assert max(map(len, table)) <= columns
