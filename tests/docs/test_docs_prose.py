"""Pages keep to the words of the glossary, and lead somewhere."""

import re
from pathlib import Path

import pytest

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
MOST_LINES_OF_A_DECISION = 40

UNWANTED = {
    "certify": r"\bcertif(?:y|ies|ied)\b",
    "guarantee": r"\bguarantee",
    "tamper-proof": r"\btamper-?proof",
    "immutable tag": r"\bimmutable tag",
    "simply": r"\bsimply\b",
    "an exclamation mark": r"\w!(?:\s|$)",
}
PLACES = {
    "a path of some machine": r"(?<![\w.])/(?:home|root|work|tmp|Users|mnt|opt)/",
    "the host of a package registry": r"\b(?:pypi|pythonhosted|npmjs|crates)\.(?:org|com|io)\b",
    "an address of an index": r"--(?:extra-)?index-url|trusted-host",
}


def found_in(pages: dict[str, str], pattern: str, *, prose: bool) -> list[str]:
    """Pages with a match; in prose alone, or anywhere."""
    return [
        f"{name}: {match[0]!r}"
        for name, text in pages.items()
        for match in re.finditer(
            pattern, CODE.sub("", FENCED.sub("", text)) if prose else text, re.IGNORECASE
        )
    ]


@pytest.mark.parametrize("word", UNWANTED)
def test_no_page_promises_what_nobody_can_keep(word: str, pages: dict[str, str]) -> None:
    assert found_in(pages, UNWANTED[word], prose=True) == []


@pytest.mark.parametrize("place", PLACES)
def test_no_page_names_a_place_of_ours(place: str, pages: dict[str, str]) -> None:
    assert found_in(pages, PLACES[place], prose=False) == []


def test_one_sentence_stands_on_one_line(pages: dict[str, str]) -> None:
    written = {
        name: text
        for name, text in pages.items()
        if not name.startswith(("changelog.d", "docs/decisions"))
    }
    faults = [
        f"{name}: {line}"
        for name, text in written.items()
        for line in FENCED.sub("", text).splitlines()
        if re.match(r"[A-Z`]", line) and re.search(r"[a-z)`]\. [A-Z]", line)
    ]

    assert faults == []


def test_links_between_files_lead_somewhere(repository: Path, pages: dict[str, str]) -> None:
    dead = []
    for name, text in pages.items():
        for target in LINK.findall(FENCED.sub("", text)):
            path = target.partition("#")[0]
            if (
                path
                and "://" not in path
                and not (repository / name).parent.joinpath(path).exists()
            ):
                dead.append(f"{name}: {target}")

    assert dead == []


def test_decisions_are_short_and_numbered_without_gaps(pages: dict[str, str]) -> None:
    records = {Path(name).stem: text for name, text in pages.items() if "decisions/0" in name}
    numbers = [int(name[:4]) for name in sorted(records)]

    assert numbers == list(range(1, len(records) + 1))
    long = [
        name for name, text in records.items() if len(text.splitlines()) > MOST_LINES_OF_A_DECISION
    ]
    assert long == []
    wrong = [name for name, text in records.items() if not text.startswith(f"# {name[:4]}: ")]
    assert wrong == []


def test_changelog_fragments_have_a_kind(repository: Path) -> None:
    kinds = "security|breaking|deprecated|added|changed|fixed"
    names = [path.name for path in (repository / "changelog.d").glob("*.md")]

    assert [
        name for name in names if not re.fullmatch(rf"\d+\.(?:{kinds})(?:\.\d+)?\.md", name)
    ] == []


def test_the_changelog_has_the_mark_that_releases_go_below(pages: dict[str, str]) -> None:
    assert "<!-- towncrier release notes start -->\n" in pages["CHANGELOG.md"]
