"""``gatebook sign``: sign an artifact itself."""

from pathlib import Path

import click

from gatebook.cli.options import Argument, json_option, option
from gatebook.cli.signing import Signing, signing_options

__all__ = ["command"]


@click.command()
@click.argument("artifact", metavar="FILE|DIGEST", cls=Argument)
@signing_options
@option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the Sigstore bundle to this file.",
)
@option(
    "--timestamp-url",
    multiple=True,
    metavar="URL",
    help="Let this authority stamp the signature (RFC 3161).",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    artifact: str,
    key: str | None,
    keyless: bool,
    identity_token_file: Path | None,
    trust_config: Path | None,
    output: Path,
    timestamp_url: tuple[str, ...],
    as_json: bool,
) -> None:
    """Sign a file, or what a digest is of, as a Sigstore bundle; no book is needed.

    This says no more than that the signer had the artifact. For what is known about it, see
    `gatebook attest`. Ed25519 keys sign files only, the others digests of their own hash as well.
    """
    from gatebook.cli.output import print_json
    from gatebook.digest import ALGORITHMS, Digest
    from gatebook.formats.bundle import Bundle, MessageSignature
    from gatebook.stores.files import write_durably

    signing = Signing(
        key=key,
        keyless=keyless,
        identity_token_file=identity_token_file,
        trust_config=trust_config,
        timestamp_urls=timestamp_url,
    ).settled(ctx)
    is_digest = artifact.partition(":")[0] in ALGORITHMS and "/" not in artifact
    bundle = signing.sign_artifact(Digest.parse(artifact) if is_digest else artifact)
    write_durably(output, bundle, mode=0o644)
    content = Bundle.parse(bundle).content
    digest = content.digest if isinstance(content, MessageSignature) else None
    if as_json:
        print_json(
            "gatebook/signed-artifact/v1",
            file=str(output),
            digest=None if digest is None else str(digest),
            timestamps=len(timestamp_url),
        )
        return
    named = artifact if digest is None else digest.short
    click.echo(f"signed {named}: {output}")
