"""Alerts over HTTP: rules in force at once, a picture with each, webhooks signed and posted again."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from camera_in_test import toy_camera, wait_for
from serving import Served, served

from sportstrack.serve.alerts.notify import WebhookPoster, secret_of
from sportstrack.serve.streams.targets import connector

RULES = """rules:
  - name: somebody
    when: count
    above: 0
    clear: 60
    webhook: {hook}
  - name: nobody
    when: count
    above: 99
"""


@contextmanager
def webhook(refusals: int = 0) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A receiver that refuses at first; its address, and what it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Hook(BaseHTTPRequestHandler):
        left = refusals

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if type(self).left > 0:
                type(self).left -= 1
                self.send_error(503)
                return
            got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_rules_are_kept_and_wrong_ones_change_nothing(server: Served) -> None:
    client = server.client
    assert client.get("/v1/alerts/rules").text.startswith("# # What raises an alert")
    good = "rules:\n  - name: down\n    when: down\n"
    answer = client.put("/v1/alerts/rules", content=good, headers={"Content-Type": "application/yaml"})
    assert answer.json() == {"rules": ["down"]}
    wrong = client.put("/v1/alerts/rules", content=good + "    colour: red\n")
    assert wrong.status_code == 400
    assert "line 4: colour" in wrong.json()["error"]["message"]
    elsewhere = client.put("/v1/alerts/rules", content=good + "    webhook: http://10.0.0.1/\n")
    assert elsewhere.status_code == 403
    assert client.get("/v1/alerts/rules").text == good
    assert client.get("/v1/alerts").json() == []
    assert client.get("/v1/alerts/none/picture.jpg").status_code == 404
    client.put("/v1/alerts/rules", content="")


def test_an_alert_has_a_picture_reaches_its_webhook_and_ends_with_its_stream(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{root}:{root / 'tests' / 'helpers'}")
    with webhook() as (hook, got), toy_camera(tmp_path) as (address, _):
        allowed = {"streams": (address,), "targets": (hook,), "plugins": ("toy:find",)}
        with served(tmp_path / "data", **allowed) as server:
            client = server.client
            assert client.put("/v1/alerts/rules", content=RULES.format(hook=hook)).status_code == 200
            figures = client.get("/metrics").text
            for figure in ("total", "open"):  # Prometheus sees no increase where there was no 0 before
                assert f'sportstrack_alerts_{figure}{{rule="somebody"}} 0.0' in figures
            asked = {"name": "cam", "source": {"url": address}, "settings": {"detector": "toy:find"}}
            stream = client.post("/v1/streams", json=asked).json()["id"]
            alert = wait_for(lambda: (all_ := client.get("/v1/alerts").json()) and all_[0]["picture"] and all_[0])
            assert (alert["rule"], alert["stream"], alert["stream_id"]) == ("somebody", "cam", stream)
            assert alert["state"] == "raised"
            assert abs(alert["time"] - time.time()) < 30
            assert client.get(alert["picture"]).content.startswith(b"\xff\xd8")
            assert client.get("/v1/alerts", params={"since": time.time() + 9}).json() == []
            figures = client.get("/metrics").text
            for figure in ("total", "open"):
                assert f'sportstrack_alerts_{figure}{{rule="somebody"}} 1.0' in figures
            client.delete(f"/v1/streams/{stream}")
            wait_for(lambda: client.get("/v1/alerts").json()[0]["state"] == "cleared")
            assert 'sportstrack_alerts_open{rule="somebody"} 0.0' in client.get("/metrics").text
            wait_for(lambda: len(got) >= 2)
            secret = (tmp_path / "data" / "alerts" / "secret").read_text().strip().encode()
            assert "secret" not in client.get("/v1/alerts").text
    for headers, body in got:
        signed = headers["x-sportstrack-time"].encode() + b"." + body
        wanted = "sha256=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()
        assert headers["x-sportstrack-signature"] == wanted
    assert json.loads(got[0][1])["id"] == alert["id"]


def test_a_webhook_that_refuses_is_asked_again(tmp_path: Path) -> None:
    with webhook(refusals=3) as (hook, got):
        poster = WebhookPoster(b"secret", connector([hook]), first_wait=0.02)
        poster.put(hook, {"n": 1})
        wait_for(lambda: got)
        poster.close()
    assert (poster.sent, poster.lost) == (1, 0)


def test_a_webhook_off_the_list_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.serve.alerts.notify.TRIES", 2)
    with webhook() as (hook, got):
        poster = WebhookPoster(b"secret", connector(["http://127.0.0.1:1/hook"]), first_wait=0.02)
        poster.put(hook, {"n": 1})
        wait_for(lambda: poster.lost == 1)
        poster.close()
    assert not got


def test_the_secret_stays_and_can_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one: Any = secret_of(tmp_path)
    assert one == secret_of(tmp_path)
    assert len(one) == 64
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("SPORTSTRACK_ALERT_SECRET", "given")
    assert secret_of(tmp_path) == b"given"
