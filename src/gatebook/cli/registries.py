"""Registries, spoken to with the credentials of this user."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatebook.connectors.registry import RegistryClient

__all__ = ["open_registries"]


@contextmanager
def open_registries() -> "Iterator[RegistryClient]":
    """Speak to registries, with the credentials that docker and podman keep."""
    from gatebook.connectors.credentials import CredentialFiles
    from gatebook.connectors.http import HttpClient
    from gatebook.connectors.registry import RegistryClient

    credentials = CredentialFiles.of(os.environ, home=Path.home())
    with HttpClient() as http:
        yield RegistryClient(http, credentials)
