"""The description of the interface: its examples run, and its answers are as it says."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import Served, served

LIVE = ("/v1/streams/{name}/", "/v1/alerts/{name}/")
"""What needs a stream that sends; tests/serve/streams and tests/serve/alerts have those."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, matches: Path) -> Iterator[tuple[Served, dict[str, Any]]]:
    """A service that allows what the examples name, and its description."""
    real = socket.getaddrinfo
    allowed: dict[str, Any] = {"folders": (str(matches),), "streams": ("rtsp://camera.example/*",)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            socket, "getaddrinfo", lambda host, *a, **k: real(host.replace("camera.example", "192.0.2.1"), *a, **k)
        )
        with served(tmp_path_factory.mktemp("described"), plugins=("toy:find",), **allowed) as server:
            yield server, server.client.get("/v1/openapi.json").json()


def example(content: dict[str, Any], description: dict[str, Any]) -> Any:
    """The example of a body: its own, or made of those of its fields."""
    if "example" in content:
        return content["example"]
    schema = content["schema"]
    schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "example" in schema or "examples" in schema:
        return schema.get("example") or schema["examples"][0]
    fields = schema["properties"].items()
    return {name: field["examples"][0] for name, field in fields if field.get("examples")}


def bodies(description: dict[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if kind != "multipart/form-data":
                    yield method, path, kind, example(content, description)


def test_every_example_of_a_request_runs(described: tuple[Served, dict[str, Any]]) -> None:
    server, description = described
    ids: dict[str, str] = {}
    seen = 0
    order = sorted(bodies(description), key=lambda one: (one[1].count("{"), one[1]))
    for method, path, kind, body in order:
        url = path.replace("{key}", ids.get("uploads", "")).replace("{name}", ids.get("sessions", ""))
        headers = {"Content-Type": kind, "Upload-Offset": "0"}
        sent: dict[str, Any] = {"json": body} if kind == "application/json" else {"content": body}
        answer = server.client.request(method.upper(), url, headers=headers, **sent)
        assert answer.is_success, (method, path, answer.text)
        seen += 1
        if answer.status_code == 201:
            ids[path.rpartition("/")[2]] = answer.json()["id"]
    assert seen >= 7
    assert {"uploads", "jobs", "sessions", "streams"} <= ids.keys()
    assert server.client.get(f"/v1/uploads/{ids['uploads']}").json()["complete"]
    server.client.post(f"/v1/jobs/{ids['jobs']}/cancel")
    server.ended(ids["jobs"])
    assert server.client.delete(f"/v1/streams/{ids['streams']}").is_success


def test_every_question_has_an_answer(described: tuple[Served, dict[str, Any]], matches: Path) -> None:
    server, description = described
    settings = {"detector": "toy:find", "formats": ["mot"]}
    job = server.ended(server.send(source={"path": "match.mp4"}, settings=settings)["id"])
    upload = server.client.post("/v1/uploads", json={"name": "a.mp4", "bytes": 1}).json()["id"]
    session = server.client.post("/v1/sessions", json={"tracker": "sort", "frame_rate": 25}).json()["id"]
    ids = {"jobs": job["id"], "uploads": upload, "sessions": session, "pitches": "football", "settings": "track"}
    asked = 0
    for path, operations in description["paths"].items():
        part = path.split("/")[2] if path.count("/") > 1 else ""
        if "get" not in operations or path.startswith(LIVE) or path == "/v1/streams/{name}":
            continue
        url = path.replace("files/{name}", "files/match.txt")
        for place in ("{key}", "{name}", "{kind}"):
            url = url.replace(place, ids.get(part, ""))
        answer = server.client.get(url)
        assert answer.status_code == 200, (url, answer.text)
        asked += 1
    assert asked > 20


def test_refusals_are_described_as_they_are(described: tuple[Served, dict[str, Any]]) -> None:
    server, description = described
    schema = description["components"]["schemas"]["Refusal"]["properties"]["error"]
    answer = server.client.post("/v1/jobs", json={"kind": "nothing"}).json()["error"]
    assert answer.keys() == set(schema["required"])
    assert answer["kind"] in schema["properties"]["kind"]["enum"]
    with server.anonymous() as stranger:
        for path, operations in description["paths"].items():
            for operation in operations.values():
                assert "422" not in operation["responses"]
                assert ("security" in operation) == (stranger.get(path).status_code == 401), path
                assert operation["summary"]
