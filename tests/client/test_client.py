"""The Python client against a running service: uploads that resume, jobs, streams, sessions, alerts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from camera_in_test import free_udp_port, toy_camera, wait_for
from serving import TOKEN, Served, served

import sportstrack
from sportstrack import Client
from sportstrack.client import RemoteJob, ServiceError
from sportstrack.errors import SettingError, SourceError


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{root}:{root / 'tests' / 'helpers'}")
        patch.setattr("sportstrack.serve.uploads.shelf.CHUNK", 1000)
        with served(
            tmp_path_factory.mktemp("client"), plugins=("toy:find",), streams=(f"udp://127.0.0.1:{free_udp_port()}",)
        ) as found:
            yield found


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[Client]:
    with Client(server.url, token=TOKEN) as found:
        yield found


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("match") / "match.mp4", 12)


@pytest.fixture(scope="module")
def job(client: Client, match: Path) -> RemoteJob:
    sent: list[tuple[int, int]] = []
    seen: list[tuple[int, int | None]] = []
    job = client.job("track", match, name="a match", progress=lambda *n: sent.append(n), detector="toy:find")
    assert [done for done, _ in sent] == sorted({done for done, _ in sent})
    assert sent[-1] == (match.stat().st_size,) * 2
    job.wait(lambda *n: seen.append(n))
    assert job.state == "done"
    return job


def test_a_job_from_a_file_to_its_files(client: Client, job: RemoteJob, match: Path, tmp_path: Path) -> None:
    assert job.summary is not None
    assert job.summary["frames"] == 12
    names = [one.name for one in job.files]
    text = next(name for name in names if name.endswith(".txt"))
    (part := tmp_path / f"{text}.part").write_bytes(b"1,1")  # of a download that broke off
    (found,) = job.download(tmp_path, text)
    assert not part.exists()
    whole = job.download(tmp_path / "all")
    assert sorted(path.name for path in whole) == sorted(names)
    assert found.read_bytes()[3:] == (tmp_path / "all" / text).read_bytes()[3:]
    assert len(sportstrack.read_mot(tmp_path / "all" / text)) == len(job.tracks()["rows"])
    assert any(one.id == job.id for one in client.jobs(state="done"))
    again = client.track(job, detector="toy:find", formats=["mot"])
    assert again.wait().content["source"] == job.content["source"]
    again.delete()
    with pytest.raises(ServiceError, match="no job"):
        again.refresh()
    with pytest.raises(ServiceError, match="no file"):
        job.download(tmp_path, "none.txt")


def test_an_upload_that_broke_off_goes_on(client: Client, server: Served, match: Path) -> None:
    begun = server.client.post("/v1/uploads", json={"name": "match.mp4", "bytes": match.stat().st_size}).json()
    half = match.read_bytes()[:1500]
    for place in (0, 1000):
        piece = half[place : place + 1000]
        server.client.patch(f"/v1/uploads/{begun['id']}", content=piece, headers={"Upload-Offset": str(place)})
    sent: list[int] = []
    assert client.upload(match, resume=begun["id"], progress=lambda done, _: sent.append(done)) == begun["id"]
    assert sent == [match.stat().st_size]
    assert server.client.get(f"/v1/uploads/{begun['id']}").json()["complete"]
    with pytest.raises(SourceError, match="bytes"):
        client.upload(__file__, resume=begun["id"])


def test_a_job_that_fails_says_why(client: Client, tmp_path: Path) -> None:
    (broken := tmp_path / "broken.mp4").write_bytes(b"no video at all" * 100)
    with pytest.raises(ServiceError, match="failed: "):
        client.track(broken, detector="toy:find").wait()
    with pytest.raises(ServiceError, match="quality") as caught:
        client.track({"path": "/etc/passwd"}, quality="fastest")
    assert caught.value.status in (400, 403)


def test_a_session_gives_what_the_tracker_gives(client: Client) -> None:
    boxes = [np.column_stack([toy.truth(frame), np.full(3, 0.9), np.zeros(3)]) for frame in range(10)]
    with client.session("bytetrack", size=toy.SIZE, track_buffer=10) as session:
        rows = [session.update(table) for table in boxes[:5]]
        rows += session.update_many([{"boxes": table} for table in boxes[5:]])
        assert session.next_frame == 11
    tracker = sportstrack.create_tracker("bytetrack", frame_size=toy.SIZE, track_buffer=10)
    for got, table in zip(rows, boxes, strict=True):
        tracks = tracker.update(sportstrack.Detections.from_table(table))
        assert [row.id for row in got] == tracks.track_id.tolist()
        assert [row.x1 for row in got] == pytest.approx(tracks.with_boxes().xyxy[:, 0].tolist(), abs=0.01)
    with pytest.raises(ServiceError) as caught:
        session.update([])
    assert (caught.value.status, caught.value.kind) == (404, "not_found")


def test_a_stream_and_an_alert(client: Client, server: Served, tmp_path: Path) -> None:
    rules = "rules:\n  - name: somebody\n    when: count\n    above: 0\n    every: 3600\n"
    assert client.alert_rules(rules) == rules
    with toy_camera(tmp_path, server.service.settings.streams[0]) as (address, _):
        stream = client.stream(address, name="cam", record=True, detector="toy:find")
        results = []
        for result in stream.results():
            results.append(result)
            if len(results) == 40:
                break
        assert any(one["tracks"] for one in results)
        assert stream.refresh().counters["frames_tracked"] > 0
        assert stream.picture().startswith(b"\xff\xd8")
        assert wait_for(client.alerts)[0]["rule"] == "somebody"
        stream.stop()
    assert stream.state == "stopped"
    assert {path.suffix for path in stream.download(tmp_path / "files")} == {".mp4", ".jsonl"}
    assert [one.id for one in client.streams()] == [stream.id]
    stream.delete()
    assert client.streams() == []
    client.alert_rules("")


def test_what_is_wrong_is_said(server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="http://host:port"):
        Client("localhost")
    with pytest.raises(ServiceError, match="does not answer"):
        Client("http://127.0.0.1:1").about()
    with Client(server.url) as nobody, pytest.raises(ServiceError) as caught:
        nobody.about()
    assert (caught.value.status, caught.value.kind) == (401, "token")
    monkeypatch.setenv("SPORTSTRACK_TOKEN", TOKEN)
    with Client(server.url) as known:
        assert known.about()["version"] == sportstrack.__version__
        with pytest.raises(SourceError, match="no such file"):
            known.upload(tmp_path / "none.mp4")


def test_a_chunk_goes_on_where_the_service_says(tmp_path: Path) -> None:
    """A service that takes half of each chunk and then hangs up."""
    got, declared = bytearray(), {"id": "u", "chunk_bytes": 400, "offset": 0}

    class Clumsy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, content: dict[str, Any]) -> None:
            import json

            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(declared)

        def do_GET(self) -> None:
            self.answer(declared | {"offset": len(got)})

        def do_PATCH(self) -> None:
            assert int(self.headers["Upload-Offset"]) == len(got)
            data = self.rfile.read(int(self.headers["Content-Length"]))
            got.extend(data[: max(1, len(data) // 2)])
            self.close_connection = True  # without an answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Clumsy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    (file := tmp_path / "file.bin").write_bytes(bytes(range(250)) * 2)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sportstrack.client.client.time.sleep", lambda _: None)
            with Client(f"http://127.0.0.1:{server.server_port}") as client:
                client.upload(file)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert bytes(got) == file.read_bytes()


def test_the_example_runs(server: Served, match: Path, root: Path, tmp_path: Path) -> None:
    words = [sys.executable, str(root / "examples" / "ask_a_service.py"), server.url, str(match), "detector=toy:find"]
    environment = os.environ | {"SPORTSTRACK_TOKEN": TOKEN, "PYTHONPATH": str(root)}
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "frame 5: id 1 at 116, 200" in done.stdout
    assert (tmp_path / "runs" / "service" / "match.txt").is_file()
