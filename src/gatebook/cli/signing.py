"""Signing as options say it: with a key or with an identity, with trusted timestamps or without."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from gatebook.cli.options import flag, key_option, option, read_file

if TYPE_CHECKING:
    from gatebook.connectors.keyless import KeylessInstance
    from gatebook.digest import Digest
    from gatebook.trust.signing.bundles import Timestamper

__all__ = ["Signing", "signed_outside", "signing_options"]

_F = TypeVar("_F", bound=Callable[..., Any])
_MAX_TOKEN = 65_536
_PARTS = 5


def signing_options(function: _F) -> _F:
    """Add the options that say who signs: ``--key``, or ``--keyless`` and what goes with it."""
    file = click.Path(path_type=Path, dir_okay=False)
    for decorate in (
        option(
            "--trust-config",
            type=file,
            help="Sigstore instance for --keyless (ClientTrustConfig); the public one if absent, "
            "whose log shows to everybody who signed.",
        ),
        option(
            "--identity-token-file",
            type=file,
            help="OpenID Connect token for --keyless; - is standard input, and the CI job's own is "
            "taken if absent.",
        ),
        flag(
            "--keyless",
            help="Sign with an identity instead of a key, as a Sigstore bundle (extra sigstore).",
        ),
        key_option,
    ):
        function = decorate(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who signs, and who is asked for the time.

    Attributes:
        key: names the private key; not used with ``keyless``.
        keyless: an identity signs.
        identity_token_file: holds its token.
        trust_config: describes the Sigstore instance.
        timestamp_urls: authorities that stamp the signature.

    """

    key: str | None
    keyless: bool
    identity_token_file: Path | None = None
    trust_config: Path | None = None
    timestamp_urls: Sequence[str] = ()

    def settled(self, ctx: click.Context) -> "Signing":
        """Decide between key and identity, before anything is done.

        What the command line says wins over a variable that holds for every command.

        Raises:
            UsageError: the options do not go together.

        """
        from gatebook.errors import UsageError

        if self.keyless and self.key is not None:
            typed = _typed(ctx, "key", "keyless")
            if len(typed) != 1:
                raise UsageError("--key and --keyless are two ways to sign", code="cli.keyless")
            if typed == ["key"]:
                return replace(self, keyless=False).settled(ctx)
            return replace(self, key=None).settled(ctx)
        if self.keyless and self.timestamp_urls:
            raise UsageError(
                "--timestamp-url goes with --key; the Sigstore instance stamps for --keyless",
                code="cli.keyless",
            )
        typed = _typed(ctx, "identity_token_file", "trust_config")
        if typed and not self.keyless:
            option_name = typed[0].replace("_", "-")
            raise UsageError(f"--{option_name} goes with --keyless", code="cli.keyless")
        return self

    def sign_statement(self, statement: bytes, *, bundle: bool, ssh: bool = False) -> bytes:
        """Sign an encoded in-toto statement.

        Args:
            statement: the exact bytes.
            bundle: as a Sigstore bundle instead of an envelope; an identity always signs one.
            ssh: see :func:`gatebook.cli.private_key.load_signer`.

        Raises:
            GatebookError: whoever is to sign or to stamp cannot, or refuses.

        """
        from gatebook.cli.private_key import load_signer

        if self.keyless:
            from gatebook.connectors.keyless import sign_keyless

            token = self._token()
            return sign_keyless(statement, instance=self._instance(), identity_token=token)
        signer = load_signer(self.key, ssh=ssh)
        if not bundle:
            from gatebook.trust.signing.signers import sign_statement

            return sign_statement(statement, signer).encode()
        from gatebook.trust.signing.bundles import sign_bundle

        with self._timestampers() as timestampers:
            return sign_bundle(statement, signer, timestampers=timestampers)

    def sign_artifact(self, artifact: "str | Digest") -> bytes:
        """Sign a file, or what a digest is of, as a Sigstore bundle with a message signature.

        Raises:
            UsageError: the key signs artifacts, not their digests.
            GatebookError: whoever is to sign or to stamp cannot, or refuses.

        """
        from gatebook.cli.private_key import load_signer
        from gatebook.errors import UsageError
        from gatebook.trust.signing.bundles import sign_blob

        if self.keyless:
            from gatebook.connectors.keyless import sign_blob_keyless

            if not isinstance(artifact, str):
                raise UsageError(
                    "--keyless signs artifacts, not their digests",
                    code="cli.artifact-needed",
                    hint="give the artifact itself instead of its digest",
                )
            data, token = read_file(Path(artifact)), self._token()
            return sign_blob_keyless(data, instance=self._instance(), identity_token=token)
        signer = load_signer(self.key)
        what = read_file(Path(artifact)) if isinstance(artifact, str) else artifact
        with self._timestampers() as timestampers:
            return sign_blob(what, signer, timestampers=timestampers)

    def _token(self) -> str:
        from gatebook.connectors.keyless import IdentityTokenError, ambient_identity_token

        if self.identity_token_file is None:
            return ambient_identity_token()
        data = read_file(self.identity_token_file, limit=_MAX_TOKEN)
        try:
            return data.decode("ascii").strip()
        except UnicodeDecodeError:
            raise IdentityTokenError(
                f"{self.identity_token_file} holds no identity token"
            ) from None

    def _instance(self) -> "KeylessInstance":
        from gatebook.connectors.keyless import KeylessInstance

        if self.trust_config is None:
            from gatebook.cli.output import note

            note("asking the public Sigstore instance; its log shows to everybody who signed")
            return KeylessInstance.public()
        return KeylessInstance.from_file(self.trust_config)

    @contextmanager
    def _timestampers(self) -> "Iterator[list[Timestamper]]":
        with ExitStack() as stack:
            made: list[Timestamper] = []
            if self.timestamp_urls:
                from gatebook.connectors.http import HttpClient
                from gatebook.connectors.timestamp_authority import request_timestamp

                http = stack.enter_context(HttpClient())

                def asking(url: str) -> "Timestamper":
                    return lambda signature: request_timestamp(url, signature, http=http)

                made = [asking(url) for url in self.timestamp_urls]
            yield made


def _typed(ctx: click.Context, *names: str) -> list[str]:
    """Which parameters the command line itself gives."""
    source = ParameterSource.COMMANDLINE
    return [name for name in names if ctx.get_parameter_source(name) is source]


def signed_outside(signed: bytes, signature: bytes) -> bytes:
    """Put what ``--print-statement`` wrote and the SSH signature over it into an envelope.

    Raises:
        MalformedError: the one is not such a file, or the other not an SSH signature.
        SignatureInvalidError: the signature is not over these bytes, or not for Gatebook.

    """
    from gatebook.errors import GatebookError, MalformedError
    from gatebook.trust.ssh.signer import envelope_signed_outside, statement_to_sign

    # DSSE protocol.md, PAE: "DSSEv1", two lengths, the type and the body, one space between each.
    # Writing it again from the body shows that nothing else was read into it.
    statement = signed.split(b" ", _PARTS - 1)[-1]
    try:
        same = statement_to_sign(statement) == signed
    except GatebookError:
        same = False
    if not same:
        raise MalformedError(
            "the file that was signed is not one that --print-statement wrote",
            code="cli.not-to-sign",
            hint="sign the file as it was written; name it with --statement",
        )
    return envelope_signed_outside(statement, signature).encode()
