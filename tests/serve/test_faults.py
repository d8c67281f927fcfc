"""What happens when things go wrong: kills, full disks, clients that stall, many jobs at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serve_process import ServeProcess
from serving import TOKEN, Served, served

from sportstrack import assets_folder, track_video
from sportstrack.cli import main

SLOW = {"detector": "toy:Slow", "batch": 1, "formats": ["mot"], "every": 16}
WORDS = ("--plugins", "toy:find,toy:Slow")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def states(server: ServeProcess, key: str) -> list[str]:
    events = server.client.get(f"/v1/jobs/{key}/events").text.split("\n\n")
    return [one.rpartition('"state": "')[2].partition('"')[0] for one in events if "event: state" in one]


@POSIX
def test_a_killed_worker_and_a_killed_service_lose_and_double_nothing(tmp_path: Path, matches: Path) -> None:
    words = (*WORDS, "--folders", str(matches))
    source = {"path": "long.mp4"}
    with ServeProcess(tmp_path / "data", *words) as server:
        finished = server.send(source={"path": "match.mp4"}, settings={"detector": "toy:find", "formats": ["mot"]})
        before = server.ended(finished)
        running, waiting = (server.send(source=source, settings=SLOW) for _ in range(2))
        server.until(running, lambda job: job["progress"]["frames_done"] > 3)
        server.workers()[0].kill()
        server.until(running, lambda job: job["starts"] == 2 and job["progress"]["frames_done"] > 3)
        server.kill()
    with ServeProcess(tmp_path / "data", *words) as server:
        assert server.job(finished) == before
        jobs = [server.ended(key) for key in (running, waiting)]
        assert [job["state"] for job in jobs] == ["done", "done"]
        assert [job["starts"] for job in jobs] == [3, 1]
        assert states(server, running) == ["queued", "running"] * 3 + ["done"]
        track_video(matches / "long.mp4", tmp_path / "direct", detector="toy:find", formats=["mot"], every=16)
        right = (tmp_path / "direct" / "long.txt").read_text()
        for job in jobs:
            assert {one["name"] for one in job["files"]} >= {"long.txt", "long.summary.json"}
            assert not [one["name"] for one in job["files"] if ".part" in one["name"]]
            assert server.client.get(f"/v1/jobs/{job['id']}/files/long.txt").text == right
        assert len(server.client.get("/v1/jobs").json()["jobs"]) == 3
        assert server.stop() == 0


@POSIX
@pytest.mark.slow
def test_the_demo_s_result_is_the_same_after_a_kill(tmp_path: Path) -> None:
    asked: Any = {"weights": "demo", "imgsz": 320, "every": 4, "formats": ["mot"], "quality": "fast"}
    words = ("--folders", str(assets_folder()))
    with ServeProcess(tmp_path / "data", *words) as server:
        key = server.send(source={"path": "demo.mp4"}, settings=asked)
        server.until(key, lambda job: job["progress"]["frames_done"] > 5)
        server.kill()
    with ServeProcess(tmp_path / "data", *words) as server:
        assert server.ended(key)["state"] == "done"
        text = server.client.get(f"/v1/jobs/{key}/files/demo.txt").text
    track_video(assets_folder() / "demo.mp4", tmp_path / "direct", **asked)
    assert text == (tmp_path / "direct" / "demo.txt").read_text()


@POSIX
def test_a_stop_lets_jobs_end_and_takes_the_rest_up_again(tmp_path: Path, matches: Path) -> None:
    words = (*WORDS, "--folders", str(matches))
    with ServeProcess(tmp_path, *words, "--drain", "60") as server:
        first, second = (server.send(source={"path": "match.mp4"}, settings=SLOW) for _ in range(2))
        server.until(first, lambda job: job["state"] == "running")
        assert server.stop() == 0
    with ServeProcess(tmp_path, *words, "--drain", "0") as server:
        assert (server.job(first)["state"], server.job(first)["starts"]) == ("done", 1)
        assert server.ended(second)["state"] == "done"
        third = server.send(source={"path": "long.mp4"}, settings=SLOW)
        server.until(third, lambda job: job["progress"]["frames_done"] > 1)
        assert server.stop() == 0
    with ServeProcess(tmp_path, *words) as server:
        assert server.ended(third)["state"] == "done"
        assert states(server, third) == ["queued", "running", "queued", "running", "done"]


def test_a_job_that_kills_its_worker_is_given_up(tmp_path: Path, matches: Path) -> None:
    with served(tmp_path, plugins=("toy:Slow", "toy:find"), folders=(str(matches),), retries=1) as server:
        key = server.send(source={"path": "long.mp4"}, settings=SLOW)["id"]
        for starts in (1, 2):
            server.until(key, lambda job, n=starts: job["starts"] == n and job["progress"]["frames_done"] > 0)
            server.service.parts["jobs"].pool._slots[0]._child.kill()
        ended = server.ended(key)
        assert (ended["state"], ended["starts"], "killed 2 times" in ended["error"]["message"]) == ("failed", 2, True)
        assert server.ended(server.send()["id"])["state"] == "done"


def test_two_services_do_not_share_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tmp_path):
        assert main(["serve", "--data", str(tmp_path), "--port", "0"]) == 2
    error = capsys.readouterr().err
    assert "sportstrack serve: error:" in error
    assert "another" in error or "is being written" in error


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system that is soon full; only root may make one."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.skipif(shutil.which("mount") is None or not hasattr(os, "geteuid"), reason="needs mount")
def test_a_full_disk_fails_the_job_and_not_the_service(tmp_path: Path, matches: Path) -> None:
    with (
        small_disk(tmp_path / "disk", "96m") as disk,
        served(disk / "data", plugins=("toy:find",), folders=(str(matches),), keep_free=0, quota=1) as server,
    ):
        end = time.monotonic() + 20
        while not (disk / "data" / ".reserve").exists() and time.monotonic() < end:
            time.sleep(0.05)
        ballast = disk / "ballast"
        with ballast.open("wb") as file, contextlib.suppress(OSError):
            file.write(bytes(shutil.disk_usage(disk).free - (160 << 10)))
        key = server.send(source={"path": "long.mp4"}, settings={"detector": "toy:find", "save_detections": True})["id"]
        failed = server.ended(key)
        assert failed["state"] == "failed"
        assert "disk is full" in failed["error"]["message"]
        assert server.client.get("/healthz").status_code == 200
        assert server.client.delete(f"/v1/jobs/{key}").status_code == 204
        ballast.unlink()
        assert server.ended(server.send()["id"])["state"] == "done"


def test_clients_that_stall_hold_nobody_up(server: Served, matches: Path) -> None:
    big = matches / "big.mp4"
    shutil.copy(matches / "match.mp4", big)
    with big.open("ab") as file:
        file.truncate(60 << 20)
    key = server.send(source={"path": "big.mp4"}, settings={"detector": "toy:find", "formats": ["mot"]})["id"]
    host, port = server.url.removeprefix("http://").split(":")
    stalled = []
    for number in range(60):
        client = socket.create_connection((host, int(port)))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        path = ("/source", "/events")[number % 2]
        head = f"GET /v1/jobs/{key}{path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        client.sendall(head.encode() + (b"" if number % 5 == 0 else b"\r\n"))  # some never end their request
        stalled.append(client)
    try:
        assert server.client.get("/healthz").status_code == 200
        assert server.ended(server.send()["id"])["state"] == "done"
        assert server.client.get(f"/v1/jobs/{key}").json()["state"] == "done"
    finally:
        for client in stalled:
            client.close()


@pytest.mark.slow
def test_eighty_jobs_wait_and_are_done(tmp_path: Path, matches: Path) -> None:
    settings = {"steps": ["interpolate"], "size": [160, 120], "frame_rate": 25}
    track_video(matches / "match.mp4", tmp_path / "one", detector="toy:find", formats=["mot"])
    with served(tmp_path / "data", folders=(str(tmp_path / "one"),)) as server:
        job = {"kind": "refine", "source": {"path": "match.txt"}, "settings": settings}
        keys: list[str] = []
        threads = [threading.Thread(target=lambda: keys.extend(_send(server, job, 20))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(keys)) == 80
        end = time.monotonic() + 120
        while (counts := server.client.get("/v1/jobs?limit=1").json()["counts"])[
            "done"
        ] < 80 and time.monotonic() < end:
            assert counts["failed"] == 0
            time.sleep(0.2)
        assert counts == {"queued": 0, "running": 0, "done": 80, "failed": 0, "cancelled": 0}
        jobs = server.client.get("/v1/jobs?limit=1000").json()["jobs"]
        assert {one["starts"] for one in jobs} == {1}
        begun = [one["started"] for one in sorted(jobs, key=lambda one: one["created"])]
        assert begun == sorted(begun)  # first come, first served


def _send(server: Served, job: dict[str, Any], times: int) -> list[str]:
    with server.anonymous(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        return [client.post("/v1/jobs", json=job).json()["id"] for _ in range(times)]
