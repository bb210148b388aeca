"""The token without which no verified statement can be made; only its verifier may import it."""

from typing import Final

from gatebook.trust.seal import Seal

__all__ = ["SEAL"]

SEAL: Final = Seal()
