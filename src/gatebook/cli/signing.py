"""Loading the private key an option names; its password comes from a variable or a prompt."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gatebook.trust.signers import LocalSigner

__all__ = ["load_signer"]


def load_signer(key: Path | None) -> "LocalSigner":
    """Load a signer.

    Raises:
        UsageError: no key was named.
        KeyFileError: it is missing or can be read by others than its owner.

    """
    from gatebook.errors import UsageError
    from gatebook.trust.signers import LocalSigner
    from gatebook.workspace.layout import read_private_key

    if key is None:
        raise UsageError(
            "a private key is needed: --key FILE or GATEBOOK_KEY",
            code="cli.key-needed",
            hint="make one with `gatebook key generate --output FILE`",
        )

    def password() -> bytes:
        given = os.environ.get("GATEBOOK_KEY_PASSWORD")
        if given:
            return given.encode()
        if sys.stdin.isatty():
            answer: str = click.prompt(f"password of {key}", hide_input=True, err=True)
            return answer.encode()
        raise UsageError(
            f"the key {key} is encrypted", hint="set GATEBOOK_KEY_PASSWORD", code="cli.password"
        )

    return LocalSigner.from_pem(read_private_key(key), password=password)
