"""``gatebook-conformance``: the command line that sigstore-conformance drives clients by.

The protocol is that of sigstore-conformance, ``docs/cli_protocol.md``: ``verify-bundle`` and
``sign-bundle``. Status 0 accepts, any other refuses, with the reason on standard error. What a
statement claims is not judged here, only that the right holder signed it and that it is about the
artifact; ``gatebook verify attestation`` is for people.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.plain import visible

if TYPE_CHECKING:
    from gatebook.trust.request.root import RequestRoot
    from gatebook.trust.request.subject import RequestSubject

__all__ = ["main"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_DIGEST = re.compile(r"sha256:[0-9a-fA-F]{64}\Z")
_REFUSED = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Speak the protocol of sigstore-conformance."""


@cli.command("verify-bundle")
@click.option("--staging", is_flag=True, help="Believe Sigstore's staging instance.")
@click.option("--bundle", type=_FILE, required=True, help="The bundle.")
@click.option("--certificate-identity", help="The subject of the certificate, exactly.")
@click.option("--certificate-oidc-issuer", help="Who vouched for it, exactly.")
@click.option("--key", type=_FILE, help="The public key, in place of an identity.")
@click.option("--trusted-root", type=_FILE, help="The trusted root, in place of an instance's.")
@click.argument("artifact", metavar="FILE_OR_DIGEST")
def verify_bundle(
    *,
    staging: bool,
    bundle: Path,
    certificate_identity: str | None,
    certificate_oidc_issuer: str | None,
    key: Path | None,
    trusted_root: Path | None,
    artifact: str,
) -> None:
    """Verify a bundle against an artifact, or its digest."""
    from gatebook.cli.options import read_file
    from gatebook.clock import SystemClock
    from gatebook.trust.request.verification import VerificationRequest, verify_request

    request = VerificationRequest(
        subject=_subject(artifact),
        root=_believe(
            _trusted_root(trusted_root, staging=staging),
            identity=certificate_identity,
            issuer=certificate_oidc_issuer,
            key=key,
        ),
        at=SystemClock().now(),
    )
    report = verify_request(read_file(bundle), request)
    click.echo(f"verified: {report.subject}")


@cli.command("sign-bundle")
@click.option("--staging", is_flag=True, help="Ask Sigstore's staging instance.")
@click.option("--in-toto", is_flag=True, help="FILE is an in-toto statement.")
@click.option("--identity-token", required=True, help="The identity token.")
@click.option("--bundle", type=click.Path(path_type=Path), required=True, help="Where to write.")
@click.option("--trusted-root", type=_FILE, help="The instance's trusted root.")
@click.option("--signing-config", type=_FILE, help="The instance's signing configuration.")
@click.argument("file", type=_FILE)
def sign_bundle(
    *,
    staging: bool,
    in_toto: bool,
    identity_token: str,
    bundle: Path,
    trusted_root: Path | None,
    signing_config: Path | None,
    file: Path,
) -> None:
    """Sign an artifact, or a statement, as the holder of an identity token."""
    from gatebook.cli.options import read_file
    from gatebook.connectors.keyless import (
        KeylessInstance,
        PublicInstance,
        sign_blob_keyless,
        sign_keyless,
    )
    from gatebook.errors import UsageError
    from gatebook.stores.files import write_durably

    if (trusted_root is None) is not (signing_config is None):
        raise UsageError(
            "an instance of one's own is --trusted-root and --signing-config together",
            code="cli.keyless-instance",
        )
    if trusted_root is not None and signing_config is not None:
        instance = KeylessInstance.from_files(
            trusted_root=trusted_root, signing_config=signing_config
        )
    else:
        public = PublicInstance.STAGING if staging else PublicInstance.PRODUCTION
        instance = KeylessInstance.public(public)
    sign = sign_keyless if in_toto else sign_blob_keyless
    made = sign(read_file(file), instance=instance, identity_token=identity_token)
    write_durably(bundle, made, mode=0o644)


def main(arguments: list[str] | None = None) -> None:
    """Run the protocol and exit with its status."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    from gatebook.errors import GatebookError

    try:
        status = cli.main(args=arguments, prog_name="gatebook-conformance", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Abort:
        return _REFUSED
    except GatebookError as error:
        return _refuse(f"{error.message}  [{error.code}]", error.exit_status)
    except Exception as error:  # noqa: BLE001  # an accident is a refusal, never a success
        return _refuse(f"{type(error).__name__}: {error}  [{GatebookError.code}]", _REFUSED)
    return status if isinstance(status, int) else 0


def _refuse(reason: str, status: int) -> int:
    click.echo(f"refused: {visible(reason)}", err=True)
    return status


def _subject(text: str) -> "RequestSubject":
    """Take what has the form of a digest, and is no path, for one; anything else is a path."""
    from gatebook.cli.commands.verify_attestation import read_subject
    from gatebook.digest import Digest
    from gatebook.trust.request.subject import RequestSubject

    path = Path(text)
    if _DIGEST.match(text) and not path.exists():
        return RequestSubject.of(Digest.parse(text.lower()))
    return read_subject(path)


def _trusted_root(path: Path | None, *, staging: bool) -> bytes:
    from gatebook.cli.options import read_file

    if path is not None:
        return read_file(path)
    from gatebook.workspace.trusted_roots import installed_trusted_root

    return installed_trusted_root(staging=staging)


def _believe(
    trusted_root: bytes, *, identity: str | None, issuer: str | None, key: Path | None
) -> "RequestRoot":
    from gatebook.cli.commands.verify_trust import believe_certificate, believe_keys, read_key
    from gatebook.errors import UsageError
    from gatebook.trust.sigstore.root import SigstoreRoot

    material = SigstoreRoot.parse(trusted_root)
    if key is not None and identity is None and issuer is None:
        return believe_keys((read_key(key),), material)
    if key is None and identity is not None and issuer is not None:
        return believe_certificate(identity, issuer, material)
    raise UsageError(
        "who signed is said by --certificate-identity and --certificate-oidc-issuer, or by --key",
        code="cli.signer-needed",
    )
