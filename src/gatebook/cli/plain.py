"""Text of others on a terminal: control characters are shown, not obeyed."""

import os
import re
import sys

__all__ = ["counted", "fitted", "terminal_width", "visible"]

# C0 and C1 controls but the line feed, bidirectional controls, lone surrogates: what could move
# the cursor, colour a verdict, or make a text look like another one.
_UNSEEN = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"

_MOST_DIGITS = 6


def visible(text: str) -> str:
    """Write every control character as its escape."""
    if text.isprintable():
        return text  # which leaves out all of them, and the line feed
    return re.sub(_UNSEEN, lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: ``1 entry``, ``2 entries``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def terminal_width() -> int:
    """How many columns to use: those of ``COLUMNS`` or the terminal, at most 120, at least 40."""
    # As shutil.get_terminal_size does, whose import costs 2 ms of every start.
    given = os.environ.get("COLUMNS", "")
    columns = int(given) if given.isascii() and given.isdigit() and len(given) < _MOST_DIGITS else 0
    if not columns and sys.__stdout__ is not None:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns
        except (OSError, ValueError):
            columns = 0
    return max(40, min(120, columns or 100))


def fitted(text: str) -> str:
    """Break a sentence for standard error between words, where that is a terminal."""
    if not sys.stderr.isatty():
        return text
    import textwrap

    width = terminal_width()
    return "\n".join(
        textwrap.fill(line, width=width, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )
