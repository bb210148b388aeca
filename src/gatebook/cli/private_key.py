"""The private key an option names: a file or a service; passwords come from elsewhere.

A password is never an option: it is asked for on a terminal, or taken from the variable
``GATEBOOK_KEY_PASSWORD``, for keys in cosign's form also from ``COSIGN_PASSWORD``.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gatebook.trust.keys import PublicKey
    from gatebook.trust.signing.signers import PrivateKey

__all__ = ["load_public_key", "load_signer", "new_password"]

_PASSWORD = "GATEBOOK_KEY_PASSWORD"  # noqa: S105  # the name of a variable
_COSIGN_PASSWORD = "COSIGN_PASSWORD"  # noqa: S105  # cosign's name for it
_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_PRIVATE = b"PRIVATE KEY-----"
_MAX_PUBLIC = 65_536


def load_signer(key: str | None, *, ssh: bool = False) -> "PrivateKey":
    """Load a signer.

    Args:
        key: a file, or the URI of a key in a service or token.
        ssh: let a key in OpenSSH's own form make SSH signatures, as a person's key does who
            approves; else it signs like any other key.

    Raises:
        UsageError: no key was named; or its extra or its password is missing.
        KeyFileError: the file is missing, or can be read by others than its owner.
        KmsError: the service cannot be reached or refuses.
        KeyMalformedError: not a private key that is believed.

    """
    from gatebook.errors import UsageError
    from gatebook.trust.signing.cosign_key import is_cosign_key
    from gatebook.workspace.layout import read_private_key

    if key is None:
        raise UsageError(
            "a private key is needed: --key FILE or GATEBOOK_KEY",
            code="cli.key-needed",
            hint="make one with `gatebook key generate --output FILE`",
        )
    service = _in_service(key)
    if service is not None:
        return service
    data = read_private_key(Path(key))
    password = _asking(
        f"password of {key}", f"the key {key} is encrypted", cosign=is_cosign_key(data)
    )
    if ssh and _OPENSSH in data:
        from gatebook.trust.ssh.signer import SshSigner

        return SshSigner.from_key_file(data, password=password)
    from gatebook.trust.signing.signers import LocalSigner

    return LocalSigner.from_pem(data, password=password)


def load_public_key(key: str) -> "PublicKey":
    """Load the public half of a private key, or a public key: in PEM, or one line as SSH has it.

    Raises:
        GatebookError: as :func:`load_signer`; or the file is neither.

    """
    from gatebook.cli.options import read_file
    from gatebook.trust.keys import KeyMalformedError, PublicKey
    from gatebook.trust.ssh.keys import public_key_from_ssh

    service = _in_service(key)
    if service is not None:
        return service.public_key
    data = read_file(Path(key), limit=_MAX_PUBLIC)
    if _PRIVATE in data:
        return load_signer(key).public_key
    if data.lstrip().startswith((b"ssh-", b"ecdsa-", b"sk-")):
        try:
            return public_key_from_ssh(data.decode("utf-8"))
        except UnicodeDecodeError:
            raise KeyMalformedError(f"{key} is not text") from None
    return PublicKey.parse(data)


def new_password(what: str, *, cosign: bool = False) -> bytes:
    """Ask for the password of a key that is being made; on a terminal, twice.

    Raises:
        UsageError: there is nobody to ask.

    """
    known = _known(cosign=cosign)
    if known is not None:
        return known
    if not sys.stdin.isatty():
        raise _nobody_to_ask(f"a password is needed for {what}", cosign=cosign)
    return _prompt(f"password for {what}", cosign=cosign, confirm=True)


def _in_service(key: str) -> "PrivateKey | None":
    if ":" not in key:
        return None
    from gatebook.connectors.kms import is_kms_uri, open_kms_key

    if not is_kms_uri(key):
        return None

    def secret(name: str) -> str:
        return _asking(f"{name} of {key}", f"{key} wants a {name}", cosign=False)().decode()

    return open_kms_key(key, secret=secret)


def _asking(prompt: str, problem: str, *, cosign: bool) -> Callable[[], bytes]:
    def ask() -> bytes:
        known = _known(cosign=cosign)
        if known is not None:
            return known
        if not sys.stdin.isatty():
            raise _nobody_to_ask(problem, cosign=cosign)
        return _prompt(prompt, cosign=cosign, confirm=False)

    return ask


def _prompt(text: str, *, cosign: bool, confirm: bool) -> bytes:
    # cosign's keys may have an empty password.
    answer: str = click.prompt(
        text,
        hide_input=True,
        confirmation_prompt=confirm,
        default="" if cosign else None,
        show_default=False,
        err=True,
    )
    return answer.encode()


def _known(*, cosign: bool) -> bytes | None:
    given = os.environ.get(_PASSWORD)
    if given:
        return given.encode()
    # Set but empty is an answer, as it is for cosign.
    given = os.environ.get(_COSIGN_PASSWORD) if cosign else None
    return None if given is None else given.encode()


def _nobody_to_ask(problem: str, *, cosign: bool) -> Exception:
    from gatebook.errors import UsageError

    names = f"{_PASSWORD} or {_COSIGN_PASSWORD}" if cosign else _PASSWORD
    return UsageError(problem, hint=f"set {names}", code="cli.password")
