"""The client's bounds: time, size, attempts, and where credentials may go."""

import gzip

import pytest

from gatebook.connectors.http import HttpClient, HttpError, HttpLimits, HttpStatusError, Origin

LIMIT = 1000


def test_exact_bytes_come_back(server, http_client):
    server.answer = lambda _: (200, {"X-Answer": "yes"}, b"\0\xff bytes")

    response = http_client.get(server.url + "/a", max_bytes=LIMIT)

    assert response.body == b"\0\xff bytes"
    assert response.headers["x-answer"] == "yes"
    assert server.seen[0].headers["accept-encoding"] == "identity"


def test_a_body_at_the_limit_is_read_and_one_byte_more_is_not(server, http_client):
    server.answer = lambda request: (200, {}, b"x" * int(request.path[1:]))

    assert len(http_client.get(f"{server.url}/{LIMIT}", max_bytes=LIMIT).body) == LIMIT
    with pytest.raises(HttpError) as error:
        http_client.get(f"{server.url}/{LIMIT + 1}", max_bytes=LIMIT)
    assert error.value.code == "connectors.too-large"


def test_a_compressed_bomb_is_refused_unread(server, http_client):
    bomb = gzip.compress(bytes(10_000_000))
    server.answer = lambda _: (200, {"Content-Encoding": "gzip"}, bomb)

    with pytest.raises(HttpError) as error:
        http_client.get(server.url, max_bytes=100_000)
    assert error.value.code == "connectors.encoding"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(server, http_client, status):
    server.answer = lambda _: (status, {}, b"") if len(server.seen) < 3 else (200, {}, b"ok")

    assert http_client.get(server.url, max_bytes=LIMIT).body == b"ok"
    assert len(server.seen) == 3


def test_a_dropped_connection_is_tried_again(server, http_client):
    server.answer = lambda _: (0, {}, b"") if len(server.seen) < 2 else (200, {}, b"ok")

    assert http_client.get(server.url, max_bytes=LIMIT).body == b"ok"


def test_attempts_are_bounded(server, http_client):
    server.answer = lambda _: (503, {}, b"")

    with pytest.raises(HttpStatusError) as error:
        http_client.get(server.url, max_bytes=LIMIT)
    assert error.value.response.status == 503
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_other_statuses_are_not_tried_again(server, http_client, status):
    server.answer = lambda _: (status, {}, b"no\x1b[31m")

    with pytest.raises(HttpStatusError) as error:
        http_client.get(server.url, max_bytes=LIMIT)
    assert error.value.code == "connectors.http-status"
    assert "\x1b" not in error.value.message
    assert len(server.seen) == 1


def test_a_post_is_sent_once(server, http_client):
    server.answer = lambda _: (503, {}, b"")

    with pytest.raises(HttpStatusError):
        http_client.request("POST", server.url, body=b"x", max_bytes=LIMIT)
    assert len(server.seen) == 1


def test_the_pause_that_is_asked_for_is_kept_up_to_a_bound(server):
    pauses = []
    limits = HttpLimits(backoff_seconds=0.25, longest_pause_seconds=5)
    waits = iter(["2", "3600"])
    server.answer = lambda _: (503, {"Retry-After": next(waits, "x")}, b"")

    with (
        HttpClient(limits=limits, use_environment=False, sleep=pauses.append) as client,
        pytest.raises(HttpStatusError),
    ):
        client.get(server.url, max_bytes=LIMIT)
    assert pauses == [2.0, 5]


def test_a_silent_server_is_left(server):
    server.answer = lambda _: (200, {"Content-Length": "10"}, b"only")
    limits = HttpLimits(read_seconds=0.1, attempts=1)

    with (
        HttpClient(limits=limits, use_environment=False) as client,
        pytest.raises(HttpError) as error,
    ):
        client.get(server.url, max_bytes=LIMIT)
    assert error.value.code == "connectors.timeout"


def test_nobody_listening_is_unreachable(http_client):
    with pytest.raises(HttpError) as error:
        http_client.get("http://127.0.0.1:1/", max_bytes=LIMIT)
    assert error.value.code == "connectors.unreachable"
    assert error.value.exit_status == 6


def test_credentials_stay_with_their_origin(server, other_server, http_client):
    server.answer = lambda _: (307, {"Location": other_server.url + "/there"}, b"")
    other_server.answer = lambda _: (200, {}, b"there")

    response = http_client.get(
        server.url, headers={"Authorization": "Bearer x", "Accept": "a/b"}, max_bytes=LIMIT
    )

    assert response.body == b"there"
    assert response.url == other_server.url + "/there"
    assert server.seen[0].headers["authorization"] == "Bearer x"
    assert "authorization" not in other_server.seen[0].headers
    assert other_server.seen[0].headers["accept"] == "a/b"


def test_credentials_follow_a_redirect_within_their_origin(server, http_client):
    server.answer = lambda request: (
        (302, {"Location": "/b"}, b"") if request.path == "/a" else (200, {}, b"b")
    )

    http_client.get(server.url + "/a", headers={"Authorization": "x"}, max_bytes=LIMIT)

    assert server.seen[1].headers["authorization"] == "x"


def test_no_redirect_leaves_tls(tls_server, server, http_client):
    server.answer = lambda _: (200, {}, b"plain")
    tls_server.answer = lambda _: (302, {"Location": server.url}, b"")

    with pytest.raises(HttpError) as error:
        http_client.get(tls_server.url, max_bytes=LIMIT)
    assert error.value.code == "connectors.redirect"
    assert server.seen == []


def test_a_redirect_within_tls_is_followed(tls_server, http_client):
    tls_server.answer = lambda request: (
        (302, {"Location": "/b"}, b"") if request.path == "/a" else (200, {}, b"b")
    )

    assert http_client.get(tls_server.url + "/a", max_bytes=LIMIT).body == b"b"


def test_a_certificate_nobody_vouches_for_is_unreachable(tls_server):
    with HttpClient(use_environment=False, sleep=lambda _: None) as client:
        with pytest.raises(HttpError) as error:
            client.get(tls_server.url, max_bytes=LIMIT)
        assert error.value.code == "connectors.unreachable"


def test_redirects_are_bounded(server, http_client):
    server.answer = lambda _: (302, {"Location": "/again"}, b"")

    with pytest.raises(HttpError) as error:
        http_client.get(server.url, max_bytes=LIMIT)
    assert error.value.code == "connectors.redirect"
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://[", "ftp://a/b", "http://u:p@h/"]
)
def test_a_redirect_to_nowhere_sensible_is_refused(server, http_client, location):
    server.answer = lambda _: (302, {"Location": location}, b"")

    with pytest.raises(HttpError) as error:
        http_client.get(server.url, max_bytes=LIMIT)
    assert error.value.code in {"connectors.url", "connectors.redirect"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a",
        "//a/b",
        "file:///a",
        "https://",
        "https://u:p@h/",
        "https://h:99999/",
        "https://h/\n",
    ],
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(HttpError) as error:
        Origin.of(url)
    assert error.value.code == "connectors.url"


def test_an_origin_knows_its_default_port():
    assert Origin.of("https://A.example/x") == Origin.of("https://a.example:443")
    assert Origin.of("https://a.example") != Origin.of("http://a.example")
    assert Origin.of("http://[::1]:5000/").is_loopback
    assert not Origin.of("http://127.0.0.1.example/").is_loopback
