"""What proves that a record was made by its verifier; each verifier keeps one of its own."""

from typing import final

__all__ = ["Seal"]


@final
class Seal:
    """Proof that the holder is a certain verifier; compared by identity, and never copied."""

    __slots__ = ()

    def __reduce__(self) -> str:
        raise TypeError("the seal does not leave the verifier")
