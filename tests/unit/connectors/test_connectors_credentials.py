"""Credentials from the files of Docker and Podman, and from their helpers."""

import base64
import json
from pathlib import Path

import pytest

from gatebook.connectors.credentials import (
    Anonymous,
    Credential,
    CredentialFiles,
    FixedCredential,
)
from gatebook.errors import MalformedError, UnreachableError
from gatebook.formats.image_reference import ImageReference


def auth(user: str, password: str = "sesame") -> dict[str, str]:  # noqa: S107  # a test's word
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def files(tmp_path: Path, content: object, *, helpers: Path | None = None) -> CredentialFiles:
    path = tmp_path / "config.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    environment = {"PATH": f"{helpers}:/usr/bin:/bin"} if helpers is not None else {}
    return CredentialFiles(paths=(path,), environment=environment)


def user(source: CredentialFiles, reference: str) -> str | None:
    found = source.find(ImageReference.parse(reference))
    return found.username if found is not None else None


def test_a_registry_finds_its_own_entry_only(tmp_path):
    source = files(tmp_path, {"auths": {"ghcr.io": auth("ana"), "localhost:5000": auth("bo")}})

    assert user(source, "ghcr.io/acme/api") == "ana"
    assert user(source, "localhost:5000/api") == "bo"
    assert user(source, "localhost:5001/api") is None
    assert user(source, "evil-ghcr.io/acme/api") is None
    assert user(source, "alpine") is None


@pytest.mark.parametrize(
    "key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "https://docker.io"]
)
def test_docker_hub_has_several_names(tmp_path, key):
    assert user(files(tmp_path, {"auths": {key: auth("ana")}}), "alpine") == "ana"


def test_the_most_specific_namespace_wins(tmp_path):
    source = files(
        tmp_path,
        {
            "auths": {
                "quay.io": auth("all"),
                "quay.io/acme": auth("acme"),
                "quay.io/acme/api": auth("api"),
            }
        },
    )

    assert user(source, "quay.io/acme/api:v1") == "api"
    assert user(source, "quay.io/acme/web") == "acme"
    assert user(source, "quay.io/acmeother/api") == "all"


def test_a_password_may_hold_a_colon(tmp_path):
    found = files(tmp_path, {"auths": {"r.io": auth("ana", "a:b")}}).find(
        ImageReference.parse("r.io/x")
    )

    assert found == Credential(username="ana", password="a:b")  # noqa: S106  # a test's word
    assert "a:b" not in repr(found)


def test_an_identity_token_is_kept_apart(tmp_path):
    entry = auth("00000000-0000-0000-0000-000000000000", "") | {"identitytoken": "refresh"}
    found = files(tmp_path, {"auths": {"r.azurecr.io": entry}}).find(
        ImageReference.parse("r.azurecr.io/x")
    )

    assert found is not None
    assert found.identity_token == "refresh"  # noqa: S105  # a test's word


def test_the_files_are_found_where_the_tools_keep_them():
    home = Path("/home/ana")
    paths = CredentialFiles.of({"XDG_RUNTIME_DIR": "/run/user/1"}, home=home).paths
    assert [str(path) for path in paths] == [
        "/run/user/1/containers/auth.json",
        "/home/ana/.config/containers/auth.json",
        "/home/ana/.docker/config.json",
    ]

    chosen = CredentialFiles.of({"REGISTRY_AUTH_FILE": "/a.json", "DOCKER_CONFIG": "/d"}, home=home)
    assert chosen.paths == (Path("/a.json"),)

    docker = CredentialFiles.of({"DOCKER_CONFIG": "/d"}, home=home)
    assert docker.paths[-1] == Path("/d/config.json")


def test_the_first_file_that_knows_wins(tmp_path):
    (tmp_path / "one").write_text(json.dumps({"auths": {"a.io": auth("one")}}))
    (tmp_path / "two").write_text(json.dumps({"auths": {"a.io": auth("two"), "b.io": auth("two")}}))
    paths = (tmp_path / "absent", tmp_path / "one", tmp_path / "two")
    source = CredentialFiles(paths=paths)

    assert user(source, "a.io/x") == "one"
    assert user(source, "b.io/x") == "two"


@pytest.mark.parametrize(
    "content", [b"", b"  \n", b"{}", b'{"auths":{}}', b'{"auths":{"r.io":{}}}']
)
def test_an_empty_file_knows_nothing(tmp_path, content):
    assert user(files(tmp_path, content), "r.io/x") is None


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"auths":[]}',
        b'{"auths":{"r.io":{"auth":"!"}}}',
        b'{"auths":{"r.io":{"auth":"YW5h"}}}',
        b'{"auths":{"r.io":{"auth":7}}}',
        b'{"auths":{},"auths":{}}',
        b'{"credHelpers":{"r.io":"../evil"}}',
        b'{"credHelpers":{"r.io":"a b"}}',
        b'{"credHelpers":{"r.io":7}}',
        b'{"credsStore":"x/y"}',
        b'{"x":"' + b"x" * (1024 * 1024) + b'"}',
    ],
)
def test_a_malformed_file_is_refused(tmp_path, content):
    with pytest.raises(MalformedError):
        files(tmp_path, content).find(ImageReference.parse("r.io/x"))


def helper(tmp_path: Path, name: str, script: str) -> Path:
    place = tmp_path / "bin"
    place.mkdir(exist_ok=True)
    program = place / f"docker-credential-{name}"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return place


def test_a_helper_is_asked_for_its_registry(tmp_path):
    place = helper(
        tmp_path,
        "ecr",
        'read server || true\n[ "$1" = get ] || exit 9\n'
        'printf \'{"ServerURL":"%s","Username":"u-%s","Secret":"s"}\' "$server" "$server"\n',
    )
    source = files(
        tmp_path, {"credHelpers": {"r.io": "ecr"}, "auths": {"r.io": auth("x")}}, helpers=place
    )

    assert user(source, "r.io/x") == "u-r.io"
    assert user(source, "other.io/x") is None


def test_an_entry_comes_before_the_general_store(tmp_path):
    place = helper(tmp_path, "desktop", 'echo \'{"Username":"<token>","Secret":"refresh"}\'\n')
    source = files(
        tmp_path, {"credsStore": "desktop", "auths": {"a.io": auth("ana")}}, helpers=place
    )

    assert user(source, "a.io/x") == "ana"
    found = source.find(ImageReference.parse("b.io/x"))
    assert found is not None
    assert found.identity_token == "refresh"  # noqa: S105  # a test's word


def test_a_helper_may_know_nothing(tmp_path):
    place = helper(tmp_path, "none", "echo credentials not found in native keychain; exit 1\n")

    assert user(files(tmp_path, {"credsStore": "none"}, helpers=place), "r.io/x") is None


@pytest.mark.parametrize(
    "script", ["exit 3\n", 'echo \'{"Username":"a"}\'\n', 'echo \'{"Username":"a","Secret":""}\'\n']
)
def test_a_helper_that_fails_does_not_mean_anonymous(tmp_path, script):
    place = helper(tmp_path, "broken", script)

    with pytest.raises(UnreachableError) as error:
        files(tmp_path, {"credsStore": "broken"}, helpers=place).find(
            ImageReference.parse("r.io/x")
        )
    assert error.value.code == "connectors.credential-helper"


def test_an_absent_helper_and_a_babbling_one_are_refused(tmp_path):
    place = helper(tmp_path, "babble", "head -c 200000 /dev/zero\n")
    reference = ImageReference.parse("r.io/x")

    with pytest.raises(UnreachableError, match="not installed"):
        files(tmp_path, {"credsStore": "absent"}, helpers=place).find(reference)
    with pytest.raises(MalformedError):
        files(tmp_path, {"credsStore": "babble"}, helpers=place).find(reference)


def test_a_given_credential_is_for_one_registry():
    given = FixedCredential(registry="r.io", credential=Credential(username="ana"))

    assert given.find(ImageReference.parse("r.io/x")) is not None
    assert given.find(ImageReference.parse("s.io/x")) is None
    assert Anonymous().find(ImageReference.parse("r.io/x")) is None
