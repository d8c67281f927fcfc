"""Who may ask the service, and what its answers let a browser do."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from serving import TOKEN, Served, served

from sportstrack.errors import SettingError, SourceError
from sportstrack.serve import guard
from sportstrack.serve.settings import ServeSettings


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/"])
def test_some_things_need_no_token(server: Served, path: str) -> None:
    with server.anonymous() as client:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/v1/about", "/v1/openapi.json", "/v1/nothing", "/static/../v1/about"])
def test_all_else_needs_a_token(server: Served, path: str) -> None:
    with server.anonymous() as client:
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.json()["error"]["kind"] == "token"
        assert client.get(path, headers={"Authorization": f"Bearer {TOKEN[:-1]}"}).status_code == 401
        assert client.get(path, headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401


def test_the_right_token_opens(server: Served) -> None:
    assert server.client.get("/v1/about").json()["needs_token"] is True
    assert b"sportstrack_queue_length" in server.client.get("/metrics").content


def test_a_token_signs_in_a_browser(server: Served) -> None:
    with server.anonymous() as browser:
        assert browser.post("/v1/login", json={"token": "wrong-token"}).status_code == 401
        answer = browser.post("/v1/login", json={"token": TOKEN})
        cookie = answer.headers["set-cookie"]
        assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
        assert TOKEN not in cookie
        assert browser.get("/v1/about").status_code == 200
        browser.post("/v1/logout")
        assert browser.get("/v1/about").status_code == 401


def test_another_page_cannot_use_the_cookie(server: Served) -> None:
    with server.anonymous() as browser:
        browser.post("/v1/login", json={"token": TOKEN})
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert browser.post("/v1/logout", headers=headers).status_code == 403
        assert browser.post("/v1/logout", headers={"Origin": server.url}).status_code == 200


def test_many_wrong_tokens_have_to_wait(tmp_path: Path) -> None:
    with served(tmp_path) as server, server.anonymous() as client:
        answers = [client.post("/v1/login", json={"token": f"guess {n}"}) for n in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert client.post("/v1/login", json={"token": TOKEN}).status_code == 429


def test_without_a_token_only_this_machine_s_own_names_work(tmp_path: Path) -> None:
    with served(tmp_path, token=None) as server:
        assert server.client.get("/v1/about").status_code == 200
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", ""):
            assert server.client.get("/v1/about", headers={"Host": host}).status_code == 403, host
        for host in ("localhost", "localhost:1234", "[::1]:80", "127.0.0.1"):
            assert server.client.get("/v1/about", headers={"Host": host}).status_code == 200, host
        assert server.client.post("/v1/logout", headers={"Origin": "http://evil.example"}).status_code == 403


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch, server: Served) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = guard.hmac.compare_digest
    monkeypatch.setattr(guard.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    server.client.get("/v1/about")
    assert (TOKEN.encode(), TOKEN.encode()) in compared


@pytest.mark.parametrize("path", ["/", "/v1/about", "/v1/nothing", "/static/nothing.js"])
def test_every_answer_stops_foreign_scripts(server: Served, path: str) -> None:
    headers = server.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    policy = {part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")}
    assert policy["script-src"] == ["'self'"]
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers or "uvicorn" in headers["server"]  # the command sends none


def test_errors_are_json_of_one_form(server: Served) -> None:
    for answer in (
        server.client.get("/v1/nothing"),
        server.client.put("/v1/about"),
        server.client.post("/v1/login", content=b"{"),
        server.client.post("/v1/login", json={"token": 5}),
    ):
        assert answer.status_code in (400, 404, 405)
        error = answer.json()["error"]
        assert error["message"]
        assert error["kind"] in ("input", "not_found")
        assert "\n" not in error["message"]


def test_a_large_request_is_refused(server: Served) -> None:
    answer = server.client.post("/v1/login", content=b" " * (guard.MAX_BODY + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["kind"] == "too_large"


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_ten_gigabytes_in_one_request_are_refused_before_they_come(server: Served, kind: str) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    head = f"POST /v1/jobs HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(f"{head}Content-Type: {kind}\r\nContent-Length: {10 << 30}\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_a_public_address_needs_a_token(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPORTSTRACK_TOKEN", raising=False)
    with pytest.raises(SettingError, match="token"):
        ServeSettings(host=host)
    assert ServeSettings(host=host, token="long enough").token == "long enough"


def test_a_token_comes_from_variable_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPORTSTRACK_TOKEN", "of-the-variable")
    assert ServeSettings().token == "of-the-variable"
    (tmp_path / "token").write_text("of-the-file\nmore\n")
    assert ServeSettings(token_file=str(tmp_path / "token")).token == "of-the-file"
    with pytest.raises(SourceError, match="token"):
        ServeSettings(token_file=str(tmp_path / "none"))
    with pytest.raises(SettingError, match="at least 8"):
        ServeSettings(token="short")


def test_events_come_while_they_happen_and_end_with_the_service(tmp_path: Path) -> None:
    from sportstrack.serve.events import EventStream, ServerEvent

    with served(tmp_path) as server:

        async def events():
            number = 0
            async for _ in server.service.bell.listen("news"):
                number += 1
                yield ServerEvent("news", {"text": "a\nb"}, number)

        async def route() -> EventStream:
            return EventStream(events(), beat=0.1)

        server.app.add_api_route("/news", route)
        with server.client.stream("GET", "/news") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            seen: list[str] = []
            while len([line for line in seen if line.startswith("data:")]) < 2:
                seen.append(next(lines))
                if seen[-1].startswith(": alive"):
                    server.service.bell.ring("news")
            assert 'data: {"text": "a\\nb"}' in seen
            assert "id: 2" in seen
            began = time.monotonic()
            server.service.stop()
            list(lines)
            assert time.monotonic() - began < 20
