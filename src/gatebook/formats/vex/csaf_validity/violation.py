"""What a test says of a document that fails it."""

import msgspec

__all__ = ["Violation"]


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a document breaks a rule.

    Attributes:
        test: the number of the test (``6.1.9``), or ``schema``.
        pointer: where (RFC 6901), as near as it can be said.
        message: what was expected, and what is there.

    """

    test: str
    pointer: str
    message: str

    def __str__(self) -> str:
        name = "schema" if self.test == "schema" else f"test {self.test}"
        return f"{name}: {self.pointer or '/'}: {self.message}"
