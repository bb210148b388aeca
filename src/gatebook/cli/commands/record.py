"""``gatebook record``: record that an artifact exists."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import (
    actor_option,
    asked,
    flag,
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
    "--author",
    multiple=True,
    metavar="EMAIL",
    help="Who else made the commit, beside those git names.",
)
@option(
    "--source",
    type=click.Path(path_type=Path),
    default=".",
    show_default=True,
    help="Checkout to ask git about.",
)
@option(
    "--since",
    metavar="REVISION",
    help="Ask git for everybody's commits after this one too, such as what runs now.",
)
@flag("--no-git", help="Do not ask git.")
@option("--idempotency-key", help="Makes a retry append nothing.")
@ledger_option
@actor_option
@receipt_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
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
    since: str | None,
    no_git: bool,
    idempotency_key: str | None,
    ledger: Path,
    actor: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Record that an artifact exists, with where it comes from.

    SUBJECT is sha256:…, a path or an image. Build information comes from the options, then from
    the variables of the CI system, then from git. Authors, committers and co-authors are asked of
    git: of the commit, of every commit that a merge brings in, and of all since --since.
    """
    import msgspec

    from gatebook.cli.output import appended, note
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
            checkout = read_checkout(source, since=since)
        except GitError as error:
            # Silence is for those who did not ask: no checkout here, nothing to learn from it.
            if since is not None or (asked(ctx, "source") == ["source"] and source != Path()):
                raise
            if not author:
                note(f"note: {error.message}; the authors are not known")
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
    if checkout is not None and build.commit == checkout.commit:
        people = (*author, *checkout.emails)
        if not checkout.clean:
            note("warning: the checkout holds changes that are not in the commit")
    elif checkout is not None:
        note(f"note: git has {str(checkout.commit)[:12]} checked out, not the commit named")
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
