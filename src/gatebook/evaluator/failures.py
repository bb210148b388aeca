"""How an engine says that a program failed, within a child."""

__all__ = ["ProgramError"]


class ProgramError(Exception):
    """The engine says what is wrong with a program, or with running it.

    Attributes:
        code: stable name of the reason.

    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
