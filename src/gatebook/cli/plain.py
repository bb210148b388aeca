"""Text of others on a terminal: control characters are shown, not obeyed."""

import re
import shutil
import sys

__all__ = ["counted", "fitted", "visible"]

# C0 and C1 controls but the line feed, bidirectional controls, lone surrogates: what could move
# the cursor, colour a verdict, or make a text look like another one.
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Write every control character as its escape."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: ``1 entry``, ``2 entries``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def fitted(text: str) -> str:
    """Break a sentence for standard error between words, where that is a terminal."""
    if not sys.stderr.isatty():
        return text
    import textwrap

    width = max(40, min(120, shutil.get_terminal_size((100, 24)).columns))
    return "\n".join(
        textwrap.fill(line, width=width, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )
