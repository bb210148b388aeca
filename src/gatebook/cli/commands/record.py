"""``gatebook record``: record that an artifact exists."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import (
    actor_option,
    json_option,
    ledger_option,
    open_book,
    option,
    receipt_option,
)
from gatebook.cli.subject import resolve_fingerprint, subject_argument

if TYPE_CHECKING:
    from gatebook.ledger.kinds import Parameter

__all__ = ["command"]


@click.command()
@subject_argument
@option("--name", help="What people call it; the file's name if absent.")
@option(
    "--kind",
    type=click.Choice(
        (
            "file",
            "directory",
            "image",
            "package",
            "chart",
            "manifests",
            "module",
            "policy-bundle",
        )
    ),
    help="What sort of thing it is; found from the subject if absent.",
)
@option("--repository", help="Source repository.")
@option("--commit", help="Full commit id that was built.")
@option("--ref", help="Full git ref, such as refs/heads/main.")
@option("--workflow", help="Path of the workflow or pipeline definition.")
@option("--run", help="URI of the run that built it.")
@option("--builder", help="URI of the build platform.")
@option("--parameter", multiple=True, metavar="NAME=VALUE", help="A build parameter.")
@option("--trigger", help="What started the build.")
@option(
    "--author", multiple=True, metavar="EMAIL", help="Who made the commits; asked of git if absent."
)
@option(
    "--source",
    type=click.Path(path_type=Path),
    default=".",
    show_default=True,
    help="Checkout to ask git about.",
)
@click.option("--no-git", is_flag=True, help="Do not ask git.")
@option("--idempotency-key", help="Makes a retry append nothing.")
@ledger_option
@actor_option
@receipt_option
@json_option
def command(
    *,
    subject: str,
    name: str | None,
    kind: str | None,
    repository: str | None,
    commit: str | None,
    ref: str | None,
    workflow: str | None,
    run: str | None,
    builder: str | None,
    parameter: tuple[str, ...],
    trigger: str | None,
    author: tuple[str, ...],
    source: Path,
    no_git: bool,
    idempotency_key: str | None,
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Record that an artifact exists, with where it comes from.

    SUBJECT is sha256:…, a path or an image. Build information comes from the options, then from
    the variables of the CI system, then from git.
    """
    import msgspec

    from gatebook.cli.output import appended
    from gatebook.connectors.git import GitError, read_checkout
    from gatebook.digest import Digest
    from gatebook.errors import UsageError
    from gatebook.ledger.kinds import ArtifactKind, BuildInformation
    from gatebook.names import CommitId, RepositoryUri
    from gatebook.settings import detect_ci

    found = resolve_fingerprint(subject)
    digest = found if isinstance(found, Digest) else found.digest
    checkout = None
    if not no_git:
        try:
            checkout = read_checkout(source)
        except GitError:
            if author == () and source != Path():
                raise
    ci = detect_ci(os.environ)
    build = ci.build if ci is not None else BuildInformation()
    given: dict[str, object] = {
        "repository": repository and RepositoryUri.parse(repository),
        "commit": commit and CommitId.parse(commit),
        "ref": ref,
        "workflow": workflow,
        "run": run,
        "builder": builder,
        "trigger": trigger,
        "parameters": tuple(_parameter(text) for text in parameter),
    }
    if checkout is not None:
        build = msgspec.structs.replace(
            build,
            repository=build.repository or checkout.repository,
            commit=build.commit or checkout.commit,
            ref=build.ref or checkout.ref,
        )
    build = msgspec.structs.replace(build, **{key: each for key, each in given.items() if each})
    people = author
    if not people and checkout is not None and build.commit == checkout.commit:
        people = checkout.emails
    if name is None:
        if isinstance(found, Digest):
            raise UsageError("a digest alone needs a --name", code="cli.name-needed")
        name = subject if found.reference is not None else Path(subject).resolve().name
    with open_book(ledger, actor) as book:
        entry = book.record(
            digest,
            name=name,
            artifact=ArtifactKind(kind or _kind(found)),
            algorithm="digest" if isinstance(found, Digest) else found.algorithm.value,
            build=build,
            people=people,
            idempotency_key=idempotency_key,
        )
        appended(book, entry, receipt, as_json=as_json, said=f"recorded {name}  {digest}")


def _parameter(text: str) -> "Parameter":
    from gatebook.errors import UsageError
    from gatebook.ledger.kinds import Parameter

    name, mark, value = text.partition("=")
    if not mark or not name:
        raise UsageError(f"--parameter wants NAME=VALUE, found {text!r}", code="cli.parameter")
    return Parameter(name=name, value=value)


def _kind(found: object) -> str:
    algorithm = getattr(getattr(found, "algorithm", None), "value", "file")
    return {"oci": "image", "gatebook-dir-v1": "directory", "kosli-dir-v1": "directory"}.get(
        algorithm, "file"
    )
