"""Uploads: in chunks that resume, refused in time, never held in memory."""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from serving import TOKEN, Served, served

from sportstrack.serve import guard
from sportstrack.serve.uploads import shelf

OCTETS = {"Content-Type": "application/octet-stream"}


def begin(server: Served, size: int, name: str = "a.mp4") -> Any:
    return server.client.post("/v1/uploads", json={"name": name, "bytes": size})


def add(server: Served, key: str, offset: int, data: bytes) -> Any:
    return server.client.patch(f"/v1/uploads/{key}", content=data, headers=OCTETS | {"Upload-Offset": str(offset)})


def test_a_file_comes_in_chunks(server: Served) -> None:
    data = os.urandom(3_000_000)
    made = begin(server, len(data)).json()
    assert (made["offset"], made["complete"]) == (0, False)
    for at in range(0, len(data), 1_000_000):
        assert add(server, made["id"], at, data[at : at + 1_000_000]).json() == {"offset": at + 1_000_000}
    path = server.service.parts["uploads"].get(made["id"]).path
    assert path.read_bytes() == data
    assert server.client.get(f"/v1/uploads/{made['id']}").json()["complete"]
    assert made["id"] in [one["id"] for one in server.client.get("/v1/uploads").json()["uploads"]]
    assert server.client.delete(f"/v1/uploads/{made['id']}").status_code == 204
    assert not path.exists()
    assert server.client.get(f"/v1/uploads/{made['id']}").status_code == 404


def test_a_wrong_offset_is_answered_with_the_right_one(server: Served) -> None:
    key = begin(server, 10).json()["id"]
    add(server, key, 0, b"12345")
    for offset in (0, 4, 6):
        answer = add(server, key, offset, b"1")
        assert (answer.status_code, answer.json()["offset"]) == (409, 5)
    assert add(server, key, 5, b"67890").json() == {"offset": 10}


def test_a_broken_connection_keeps_what_has_come(server: Served) -> None:
    key = begin(server, 5_000_000).json()["id"]
    host, port = server.url.removeprefix("http://").split(":")
    head = f"PATCH /v1/uploads/{key} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection((host, int(port))) as client:
        client.sendall(f"{head}Upload-Offset: 0\r\nContent-Length: 5000000\r\n\r\n".encode() + b"x" * 2_000_000)
        time.sleep(0.3)
    end = time.monotonic() + 10
    while (offset := server.client.get(f"/v1/uploads/{key}").json()["offset"]) < 2_000_000 and time.monotonic() < end:
        time.sleep(0.05)
    assert offset == 2_000_000
    assert add(server, key, offset, b"x" * 3_000_000).json() == {"offset": 5_000_000}


def test_a_client_that_falls_silent_does_not_block_its_upload(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_SILENT", 0.3)
    key = begin(server, 3_000_000).json()["id"]
    host, port = server.url.removeprefix("http://").split(":")
    head = f"PATCH /v1/uploads/{key} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection((host, int(port))) as client:  # its network has gone, and it does not say so
        client.sendall(f"{head}Upload-Offset: 0\r\nContent-Length: 3000000\r\n\r\n".encode() + b"x" * 2_000_000)
        end = time.monotonic() + 20
        while (answer := add(server, key, 2_000_000, b"x" * 1_000_000)).status_code == 409:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert answer.json() == {"offset": 3_000_000}


def test_a_file_that_is_too_large_is_refused_before_it_comes(tmp_path: Path) -> None:
    with served(tmp_path, max_upload=0.001, quota=0.0015) as server:
        assert begin(server, 2_000_000).json()["error"]["kind"] == "too_large"
        first = begin(server, 1_000_000)
        assert first.status_code == 201
        answer = begin(server, 1_000_000)  # the declared bytes count at once
        assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "full")
        assert add(server, first.json()["id"], 0, b"x" * 1_000_001).status_code == 413
        assert add(server, first.json()["id"], 0, b"").json() == {"offset": 0}


def test_uploads_that_no_job_uses_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_UNUSED", 2)
    with served(tmp_path) as server:
        first, _ = begin(server, 1), begin(server, 1)
        answer = begin(server, 1)
        assert (answer.status_code, "2 uploads" in answer.text, "retry-after" in answer.headers) == (503, True, True)
        server.client.delete(f"/v1/uploads/{first.json()['id']}")
        assert begin(server, 1).status_code == 201


def test_more_than_was_declared_is_cut_off_where_no_length_is_stated(server: Served) -> None:
    key = begin(server, 100_000).json()["id"]
    answer = server.client.patch(
        f"/v1/uploads/{key}", content=(b"x" * 30_000 for _ in range(5)), headers=OCTETS | {"Upload-Offset": "0"}
    )
    assert answer.status_code == 413
    assert server.client.get(f"/v1/uploads/{key}").json()["offset"] <= 100_000


def test_a_full_disk_is_said_and_no_upload_is_begun(tmp_path: Path) -> None:
    with served(tmp_path, keep_free=1e9) as server:
        answer = begin(server, 10)
        assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "full")
        assert int(answer.headers["retry-after"]) > 0
        assert server.client.get("/readyz").status_code == 503
        assert server.client.get("/healthz").status_code == 200


def test_a_disk_that_fills_up_in_an_upload_leaves_the_service_alive(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = begin(server, 100).json()["id"]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shelf, "_write_all", full)
    answer = add(server, key, 0, b"x" * 50)
    assert (answer.status_code, answer.json()["error"]["kind"], answer.json()["offset"]) == (503, "full", 0)
    monkeypatch.undo()
    assert add(server, key, 0, b"x" * 100).json() == {"offset": 100}


@pytest.mark.skipif(sys.platform == "win32", reason="no such count of memory")
def test_an_upload_takes_no_memory(server: Served) -> None:
    size = 200 << 20
    key = begin(server, size).json()["id"]
    add(server, key, 0, b"x")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    piece = b"x" * (1 << 20)

    def pieces() -> Any:
        yield piece[1:]
        for _ in range(size // len(piece) - 1):
            yield piece

    answer = server.client.patch(f"/v1/uploads/{key}", content=pieces(), headers=OCTETS | {"Upload-Offset": "1"})
    assert answer.json() == {"offset": size}
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 50 << 10  # KiB
    server.client.delete(f"/v1/uploads/{key}")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", ".hidden", "a\\..\\b.mp4", "con", "x" * 400])
def test_a_file_s_name_leads_nowhere(server: Served, name: str) -> None:
    made = begin(server, 1, name).json()
    path = server.service.parts["uploads"].get(made["id"]).path
    folder = server.service.settings.data / "uploads"
    assert path.resolve().parent == (folder / made["id"]).resolve()
    assert not path.name.startswith(".")


def test_unused_uploads_go_after_a_day(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        old, new = begin(server, 1).json()["id"], begin(server, 1).json()["id"]
        uploads = server.service.parts["uploads"]
        os.utime(uploads.get(old).path, (time.time() - 90_000,) * 2)
        uploads.sweep()
        assert [one.id for one in uploads.all()] == [new]


@pytest.mark.parametrize(
    "body", [{}, {"name": "a"}, {"name": "a", "bytes": 0}, {"name": "", "bytes": 1}, [], {"name": "a", "bytes": "x"}]
)
def test_a_broken_request_is_400(server: Served, body: Any) -> None:
    assert server.client.post("/v1/uploads", json=body).status_code == 400
