"""A live stream over HTTP: results, pictures and video as they come, recordings, and what goes wrong with sources."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import psutil
import pytest
from camera_in_test import Watched, free_udp_port, toy_camera, wait_for
from rtsp_in_test import rtsp_camera
from serving import served
from toy import SIZE, make_match
from websockets.sync.client import connect

from sportstrack.serve.streams.stream import LiveStream, StreamSpec


def events(watched: Watched, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The first events of a stream."""
    found, name = [], ""
    with watched.server.client.stream("GET", f"{watched.path}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            key, _, value = line.partition(": ")
            name = value if key == "event" else name
            if key == "data":
                found.append((name, json.loads(value)))
            if len(found) == count:
                break
    return found


def pieces(watched: Watched, path: str, enough: int) -> bytes:
    data = b""
    with watched.server.client.stream("GET", f"{watched.path}/{path}") as answer:
        assert answer.status_code == 200
        for piece in answer.iter_bytes():
            data += piece
            if len(data) > enough:
                break
    return data


def test_results_come_as_events_while_they_happen(watched: Watched) -> None:
    state, *frames = events(watched, 12)
    assert state[0] == "state"
    assert state[1]["name"] == "Main camera"
    records = [data for name, data in frames if name == "frame"]
    assert len(records) >= 10
    assert all(later["frame"] > earlier["frame"] for earlier, later in pairwise(records))
    assert abs(records[-1]["time"] - time.time()) < 5
    assert all(0 <= record["latency_s"] < 5 for record in records)
    seen = [track for record in records for track in record["tracks"]]
    assert seen
    assert {"id", "class", "score", "box", "detection"} <= set(seen[0])
    assert seen[0]["class"] == "player"


def test_results_come_over_a_websocket(watched: Watched) -> None:
    address = f"{watched.server.url.replace('http', 'ws')}{watched.path}/ws"
    headers = {"Authorization": watched.server.client.headers["Authorization"]}
    with connect(address, additional_headers=headers) as socket_:
        numbers = [json.loads(socket_.recv(timeout=10))["frame"] for _ in range(5)]
    assert numbers == sorted(set(numbers))
    with pytest.raises(Exception, match="403"), connect(address):
        pass


def test_the_picture_and_the_video_show_the_tracks(watched: Watched) -> None:
    import cv2

    data = pieces(watched, "picture.mjpeg", 40_000)
    assert data.startswith(b"--sportstrack-picture\r\nContent-Type: image/jpeg\r\n")
    one = watched.server.client.get(f"{watched.path}/picture.jpg")
    assert one.headers["content-type"] == "image/jpeg"
    image = cv2.imdecode(np.frombuffer(one.content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[:2] == SIZE[::-1]
    with av.open(io.BytesIO(pieces(watched, "live.mp4", 30_000))) as container:
        frames = list(container.decode(video=0))
    assert frames[0].time == 0
    assert (frames[0].width, frames[0].height) == SIZE
    assert len(frames) > 3


def test_the_counters_reach_prometheus_and_the_time_series(watched: Watched) -> None:
    counters = wait_for(lambda: (found := watched.state()["counters"])["frames_tracked"] > 30 and found)
    assert counters["latency_p95_s"] >= counters["latency_s"] > 0
    text = watched.server.client.get("/metrics").text
    name = f'name="{watched.id}"'
    assert 'sportstrack_stage_seconds_total{stage="track",work="stream"}' in text
    for figure in ("frames_total", "latency_seconds_count", "tracks_alive", "ids_created_total", "mean_score_count"):
        assert any(line.startswith(f"sportstrack_{figure}{{") and name in line for line in text.splitlines()), figure
    get = watched.server.client.get
    points = wait_for(lambda: get(f"{watched.path}/series").json()["series"].get("frames_tracked"))
    assert points[0][1] > 0
    head, first, *_ = get(f"{watched.path}/series.csv").text.splitlines()
    assert head.split(",")[0] == "time"
    assert {"latency_s", "frames_tracked", "frames_dropped", "tracks_alive"} <= set(head.split(","))
    assert float(first.split(",")[0]) == pytest.approx(time.time(), abs=600)


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"source": {"url": "rtsp://elsewhere.example/x"}}, 403, "--streams"),
        ({"source": {"url": "file:///etc/passwd"}}, 403, "kind"),
        ({"source": {"url": "0"}}, 403, "kind"),
        ({"outputs": {"udp": "udp://10.0.0.1:99"}}, 403, "--targets"),
        ({"outputs": {"webhook": "http://10.0.0.1/"}}, 403, "--targets"),
        ({"settings": {"quality": "fastest"}}, 400, "quality"),
        ({"settings": {"detector": "os:system"}}, 403, "detector"),
        ({"settings": {"roster": {"upload": "x"}}}, 404, "upload"),
        ({"settings": {"roster": "squad.csv"}}, 400, "roster"),
        ({"settings": {"detections": {"upload": "x"}}}, 400, "detections"),
        ({"settings": {"formats": ["mot"]}}, 400, "formats"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_what_is_not_allowed_is_refused(watched: Watched, asked: dict[str, Any], status: int, words: str) -> None:
    answer = watched.server.client.post("/v1/streams", json={"source": {"url": watched.silent}, **asked})
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]["message"]


def test_streams_that_are_not_there(watched: Watched) -> None:
    client = watched.server.client
    for path in ("", "/events", "/picture.jpg", "/picture.mjpeg", "/live.mp4", "/files"):
        assert client.get(f"/v1/streams/none{path}").status_code == 404
    for name in ("none.mp4", "%2e%2e%2fserve.sqlite", "..%2f..%2fserve.sqlite"):
        assert client.get(f"{watched.path}/files/{name}").status_code == 404


def test_a_source_that_is_silent_says_so_and_a_full_service_too(watched: Watched) -> None:
    client = watched.server.client
    made = client.post("/v1/streams", json={"source": {"url": watched.silent}, "settings": {"detector": "toy:find"}})
    assert made.status_code == 201
    path = f"/v1/streams/{made.json()['id']}"
    full = client.post("/v1/streams", json={"source": {"url": watched.silent}})
    assert (full.status_code, "Retry-After" in full.headers) == (503, True)
    pid = wait_for(lambda: watched.server.service.parts["streams"].get(made.json()["id"]).pid)
    state = wait_for(lambda: (one := client.get(path).json())["state"] == "reconnecting" and one, 40)
    assert "no answer within the time limit" in state["error"]["message"]
    assert client.delete(path).json()["state"] == "stopped"
    assert not psutil.pid_exists(pid)
    assert client.delete(path).status_code == 200
    assert client.get(path).status_code == 404


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
def test_a_killed_process_is_started_again_and_leaves_a_readable_recording(watched: Watched) -> None:
    stream = watched.server.service.parts["streams"].get(watched.id)
    folder = watched.data / "streams" / watched.id
    part = wait_for(lambda: [p for p in folder.glob("*.part.mp4") if p.stat().st_size > 40_000])[0]
    old = stream.pid
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(old))
    with av.open(str(part)) as container:
        assert len(list(container.decode(video=0))) > 10
    wait_for(lambda: stream.pid not in (0, old) and stream.state == "running", 40)
    done = part.with_name(part.name.replace(".part", ""))
    assert done.exists(), "the recording has its name"
    listed = {one["name"]: one for one in watched.server.client.get(f"{watched.path}/files").json()}
    assert listed[done.name]["complete"]
    got = watched.server.client.get(listed[done.name]["href"], headers={"Range": "bytes=4-7"})
    assert (got.status_code, got.content) == (206, b"ftyp")


def test_a_camera_that_goes_and_comes_back_garbled_is_taken_up_again(watched: Watched) -> None:
    watched.wait("running")
    before = watched.state()["counters"]["frames_tracked"]
    watched.camera.off()
    address = watched.state()["source"]["url"]
    host, port = address.removeprefix("udp://").split(":")
    state = wait_for(lambda: (one := watched.state())["state"] in ("stalled", "reconnecting") and one)
    assert state["error"]["message"]
    wait_for(lambda: watched.state()["state"] == "reconnecting")
    seen = []
    while len(seen) < 12:  # what the decoder held back is tracked now, and is no sign of life
        seen.append(watched.state()["state"])
        time.sleep(0.1)
    assert set(seen) == {"reconnecting"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
        for n in range(300):
            noise.sendto(np.random.default_rng(n).bytes(1316), (host, int(port)))
    watched.camera.on()
    wait_for(lambda: watched.state()["state"] == "running", 60)
    wait_for(lambda: watched.state()["counters"]["frames_tracked"] > before + 5, 30)


def test_pictures_of_another_size_are_scaled_to_the_first_ones(watched: Watched, tmp_path: Path) -> None:
    watched.wait("running")
    watched.camera.off()
    before = watched.camera.video
    watched.camera.video = make_match(tmp_path / "larger.mp4", 50, (320, 240))
    watched.camera.on()
    warned = wait_for(lambda: [text for text in watched.state()["warnings"] if "320x240" in text], 60)
    assert "scaled to 160x120" in warned[-1]
    assert (watched.state()["width"], watched.state()["height"]) == SIZE
    wait_for(lambda: watched.state()["state"] == "running" and watched.state()["counters"]["tracks_alive"])
    watched.camera.off()
    watched.camera.video = before
    watched.camera.on()


def test_a_file_behind_http_ends_and_a_webhook_gets_its_results(tmp_path: Path, root: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{root}:{root / 'tests' / 'helpers'}")
    got = bytearray()

    class Site(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            got.extend(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    make_match(tmp_path / "match.mp4", 30)
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(tmp_path)))
    threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    url = f"http://127.0.0.1:{site.server_port}"
    try:
        with served(
            tmp_path / "data", streams=(f"{url}/match.mp4",), targets=(f"{url}/hook",), plugins=("toy:find",)
        ) as server:
            asked = {"source": {"url": f"{url}/match.mp4"}, "settings": {"detector": "toy:find"}}
            path = (
                "/v1/streams/"
                + server.client.post("/v1/streams", json=asked | {"outputs": {"webhook": f"{url}/hook"}}).json()["id"]
            )
            ended = wait_for(lambda: (one := server.client.get(path).json())["state"] == "ended" and one)
            assert ended["error"] is None
            assert server.client.get(f"{path}/picture.jpg").status_code == 404
            lines = wait_for(lambda: got.decode().splitlines())
            assert len(lines) == ended["counters"]["frames_tracked"] > 0
            assert json.loads(lines[-1])["tracks"]
        with served(tmp_path / "small", streams=(f"{url}/*",), plugins=("toy:find",), max_megapixels=0.01) as server:
            path = "/v1/streams/" + server.client.post("/v1/streams", json=asked).json()["id"]
            failed = wait_for(lambda: (one := server.client.get(path).json())["state"] == "failed" and one)
            assert failed["message"] == "the pictures have 160x120 pixels; at most 0.01 million are taken"
    finally:
        site.shutdown()
        site.server_close()


def test_results_go_to_udp_and_the_stream_goes_on_after_a_restart(tmp_path: Path, root: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{root}:{root / 'tests' / 'helpers'}")
    target = f"udp://127.0.0.1:{free_udp_port()}"
    with toy_camera(tmp_path) as (address, _), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
        taker.bind(("127.0.0.1", int(target.rpartition(":")[2])))
        taker.settimeout(30)
        allowed = {"streams": (address,), "targets": (target,), "plugins": ("toy:find",)}
        with served(tmp_path / "data", **allowed) as server:
            squad = b"team,number,name\nhome,10,Ada Example\n"
            upload = server.client.post("/v1/uploads", json={"name": "squad.csv", "bytes": len(squad)}).json()["id"]
            server.client.patch(f"/v1/uploads/{upload}", content=squad, headers={"Upload-Offset": "0"})
            settings = {"detector": "toy:find", "roster": {"upload": upload}, "numbers": False}
            asked = {"source": {"url": address}, "settings": settings, "outputs": {"udp": target}}
            made = server.client.post("/v1/streams", json=asked).json()
            assert server.client.delete(f"/v1/uploads/{upload}").status_code == 204
            assert json.loads(taker.recv(65536))["frame"] >= 1
            pid = server.service.parts["streams"].get(made["id"]).pid
        assert not psutil.pid_exists(pid), "the process outlives the service"
        with served(tmp_path / "data", **allowed) as server:
            again = wait_for(
                lambda: (one := server.client.get(f"/v1/streams/{made['id']}").json())["state"] == "running" and one
            )
            assert again["created"] == made["created"]
        with served(tmp_path / "data", **allowed | {"streams": ()}) as server:
            refused = wait_for(
                lambda: (one := server.client.get(f"/v1/streams/{made['id']}").json())["state"] == "failed" and one
            )
            assert "not on the list" in refused["message"]


def test_an_rtsp_camera_is_read_and_its_password_is_nobody_s_business(
    tmp_path: Path, root: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{root}:{root / 'tests' / 'helpers'}")
    with rtsp_camera(make_match(tmp_path / "match.mp4", 50)) as (port, asked):
        allowed = {"streams": (f"rtsp://localhost:{port}/*",), "plugins": ("toy:find",)}
        with served(tmp_path / "data", **allowed) as server:
            source = {"url": f"rtsp://user:pass-word@localhost:{port}/cam"}
            made = server.client.post("/v1/streams", json={"source": source, "settings": {"detector": "toy:find"}})
            path = f"/v1/streams/{made.json()['id']}"
            state = wait_for(lambda: (one := server.client.get(path).json())["counters"].get("tracks_alive") and one)
            assert (state["state"], state["source"]["url"]) == ("running", f"rtsp://localhost:{port}/cam")
            assert "pass-word" not in server.client.get("/v1/streams").text
    assert f"PLAY rtsp://127.0.0.1:{port}/cam" in " ".join(asked)  # the address that was checked, not the name


def test_where_weights_lie_is_not_shown() -> None:
    spec = StreamSpec("a", "cam", "udp://:5000", {"weights": "/srv/secret/players.pt", "quality": "fast"}, {})
    stream = LiveStream(spec, {}, threading.Event(), lambda *_: None, lambda *_: None)
    assert stream.as_dict()["settings"] == {"weights": "players.pt", "quality": "fast"}


def test_a_browser_without_token_sees_nothing(watched: Watched) -> None:
    with httpx.Client(base_url=watched.server.url) as client:
        for path in ("", "/events", "/picture.jpg", "/live.mp4", "/files"):
            assert client.get(f"{watched.path}{path}").status_code == 401


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_service_that_is_killed_leaves_readable_files_and_no_process(
    tmp_path: Path, root: Path, monkeypatch: Any, name: str
) -> None:
    from sportstrack import Client

    monkeypatch.setenv("PYTHONPATH", f"{root}:{root / 'tests' / 'helpers'}")
    with toy_camera(tmp_path) as (address, _):
        words = ["--data", str(tmp_path / "data"), "--port", "0", "--streams", address, "--plugins", "toy:find"]
        process = subprocess.Popen(
            [sys.executable, "-m", "sportstrack.serve", *words], stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )
        assert process.stderr is not None
        with process, Client(process.stderr.readline().split()[2]) as client:
            stream = client.stream(address, name="cam", record=True, detector="toy:find")
            folder = tmp_path / "data" / "streams" / stream.id
            wait_for(lambda: any(path.stat().st_size > 30_000 for path in folder.glob("*.mp4")))
            family = psutil.Process(process.pid).children(recursive=True)
            assert family
            process.send_signal(getattr(signal, name))
            process.wait(20)
    _, alive = psutil.wait_procs(family, 15)
    assert not alive
    names = [path.name for path in folder.iterdir()]
    assert not [one for one in names if ".part" in one], names
    with av.open(str(max(folder.glob("*.mp4"), key=lambda path: path.stat().st_size))) as container:
        assert len(list(container.decode(video=0))) > 10, names
    lines = next(folder.glob("*.jsonl")).read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines]
