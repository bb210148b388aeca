"""``gatebook fingerprint``: print the digest of an artifact."""

import click

from gatebook.cli.options import Argument, json_option, option

__all__ = ["command"]


@click.command()
@click.argument("target", metavar="PATH|IMAGE", cls=Argument)
@option(
    "--algorithm",
    type=click.Choice(["file", "gatebook-dir-v1", "kosli-dir-v1", "oci"]),
    help="Instead of the one that fits: file, directory, image.",
)
@option("--exclude", multiple=True, metavar="PATTERN", help="Leave out paths of a directory.")
@option("--platform", metavar="OS/ARCH", help="Which platform of an image, such as linux/amd64.")
@option("--image-name", help="Which image of a layout or archive that holds several.")
@json_option
def command(
    *,
    target: str,
    algorithm: str | None,
    exclude: tuple[str, ...],
    platform: str | None,
    image_name: str | None,
    as_json: bool,
) -> None:
    """Print the digest of a file, a directory, an image layout or an image in a registry."""
    from gatebook.cli.output import note, print_json
    from gatebook.fingerprint.fingerprint import fingerprint
    from gatebook.fingerprint.identity import Algorithm
    from gatebook.formats.oci import Platform

    found = fingerprint(
        target,
        algorithm=None if algorithm is None else Algorithm(algorithm),
        exclude=exclude,
        image_name=image_name,
        platform=None if platform is None else Platform.parse(platform),
    )
    if as_json:
        print_json(
            "gatebook/fingerprint/v1",
            digest=str(found.digest),
            algorithm=found.algorithm.value,
            kind=found.kind.value,
            size=found.size,
            media_type=found.media_type,
            index_digest=None if found.index_digest is None else str(found.index_digest),
        )
        return
    if found.kind.value == "image-id":
        note("this is an image id: no registry knows the image by it")
    click.echo(str(found.digest))
