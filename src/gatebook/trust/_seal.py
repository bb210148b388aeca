"""The token without which no verified statement can be made; only the verifier may import it."""

from typing import Final, final

__all__ = ["SEAL", "Seal"]


@final
class Seal:
    """Proof that the holder is the verifier. There is one, and it cannot be copied."""

    __slots__ = ()

    def __reduce__(self) -> str:
        raise TypeError("the seal does not leave the verifier")


SEAL: Final = Seal()
