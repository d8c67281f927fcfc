"""Sessions: boxes in over HTTP, tracks out, as the tracker itself gives them."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from serving import Served, served

import sportstrack
from sportstrack.trackers import TRACKERS

SIZE = {"width": 640, "height": 360}


def boxes(frame: int, people: int = 4) -> list[list[float]]:
    """People that walk side by side."""
    return [[10.0 + 150 * k + 2 * frame, 100.0, 40.0 + 150 * k + 2 * frame, 180.0, 0.9, 0] for k in range(people)]


def sent(first: int, last: int, **more: Any) -> dict[str, Any]:
    return {"frames": [{"frame": n, "boxes": boxes(n), **more} for n in range(first, last + 1)]}


def begun(client: httpx.Client, **asked: Any) -> str:
    answer = client.post("/v1/sessions", json={"tracker": "bytetrack", "frame_rate": 25, **SIZE, **asked})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/sessions/{answer.json()['id']}"
    return str(answer.json()["id"])


def refused(answer: httpx.Response, status: int, *words: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    content: dict[str, Any] = answer.json()
    assert all(word in content["error"]["message"] for word in words), content
    return content


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_every_tracker_gives_what_it_gives_in_python(server: Served, name: str) -> None:
    one = begun(server.client, tracker=name)
    got = server.client.post(f"/v1/sessions/{one}/frames", json=sent(1, 12)).json()
    assert got["next_frame"] == 13
    tracker = sportstrack.create_tracker(name, frame_rate=25, frame_size=(640, 360))
    for answer in got["tracks"]:
        tracks = tracker.update(sportstrack.Detections.from_table(np.array(boxes(answer["frame"]))))
        tracks = tracks.with_boxes().rounded()
        assert [row[0] for row in answer["rows"]] == tracks.track_id.tolist()
        assert [row[1:5] for row in answer["rows"]] == tracks.xyxy.tolist()
        assert [row[7] for row in answer["rows"]] == tracks.detection.tolist()
    assert got["tracks"][-1]["rows"], "nothing was tracked"


def test_a_lost_answer_can_be_asked_for_again(server: Served) -> None:
    path = f"/v1/sessions/{begun(server.client)}/frames"
    first = server.client.post(path, json=sent(1, 3)).json()
    assert server.client.post(path, json=sent(1, 3)).json() == first
    assert server.client.post(path, json=sent(3, 3)).json()["tracks"] == first["tracks"][-1:]
    more = server.client.post(path, json=sent(3, 5)).json()  # the last one again, with two that are new
    assert [answer["frame"] for answer in more["tracks"]] == [3, 4, 5]
    other = server.client.post(f"/v1/sessions/{begun(server.client)}/frames", json=sent(1, 5)).json()
    assert other["tracks"][2:] == more["tracks"]


def test_gaps_and_conflicts_change_nothing(server: Served) -> None:
    one = begun(server.client)
    path = f"/v1/sessions/{one}/frames"
    refused(server.client.post(path, json=sent(2, 2)), 409, "leaves a gap", "frame 1")
    server.client.post(path, json=sent(1, 4))
    assert refused(server.client.post(path, json=sent(6, 6)), 409, "gap")["next_frame"] == 5
    changed = {"frames": [{"frame": 4, "boxes": boxes(9)}]}
    refused(server.client.post(path, json=changed), 409, "other boxes before")
    server.client.post(path, json=sent(5, 5))
    refused(server.client.post(path, json=sent(3, 3)), 409, "done already", "frame 6")
    gap = {"frames": [sent(6, 6)["frames"][0], sent(8, 8)["frames"][0]]}
    refused(server.client.post(path, json=gap), 409, "does not follow")
    assert server.client.get(f"/v1/sessions/{one}").json()["next_frame"] == 6


BAD = [
    ("no json", "no JSON"),
    ("[" * 100_000, "no JSON"),
    ("{}", "expected"),
    ('{"frames": []}', "1 to"),
    ('{"frames": [1]}', "expected objects"),
    ('{"frames": [{"frame": true}]}', "expected objects"),
    ('{"frames": [{"frame": 1, "boxen": []}]}', "boxen"),
    ('{"frames": [{"frame": 1, "boxes": [[1, 2]]}]}', "rows of x1"),
    ('{"frames": [{"frame": 1, "boxes": [[1, 2, 3, 4, 0.5], [1]]}]}', "frame 1"),
    ('{"frames": [{"frame": 1, "boxes": [["a", 2, 3, 4, 0.5, 0]]}]}', "frame 1"),
    ('{"frames": [{"frame": 1, "boxes": [[1, 2, 3, 4, 0.5, 0.5]]}]}', "class"),
    ('{"frames": [{"frame": 1, "boxes": [[1, 2, 3, 4, 0.5, 0]], "embeddings": [[1], [2]]}]}', "1 rows"),
    ('{"frames": [{"frame": 1, "camera": [[1, 0], [0, 1]]}]}', "frame 1"),
    ('{"frames": [{"frame": 1, "time": "now"}]}', "seconds"),
    ('{"frames": [{"frame": 1, "time": 2}, {"frame": 2, "time": 1}]}', "more than 2"),
    ('{"frames": [{"frame": 1, "cut": 1}]}', "true or false"),
]


@pytest.mark.parametrize(("body", "words"), BAD)
def test_what_is_no_frame_is_refused_as_a_whole(server: Served, body: str, words: str) -> None:
    one = begun(server.client)
    refused(server.client.post(f"/v1/sessions/{one}/frames", content=body.encode()), 400, words)
    assert server.client.get(f"/v1/sessions/{one}").json()["next_frame"] == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"tracker": "bytetrak"}, "bytetrack"),
        ({"settings": {"hihg_score": 0.5}}, "high_score"),
        ({"settings": {"frame_rate": 5}}, "beside the settings"),
        ({"tracker": "os:system"}, "plug-ins"),
        ({"frame_rate": 0}, "frame_rate"),
        ({"people": 3}, "people"),
    ],
)
def test_a_session_that_cannot_be_is_refused(server: Served, asked: dict[str, Any], words: str) -> None:
    before = len(server.client.get("/v1/sessions").json())
    refused(server.client.post("/v1/sessions", json={**SIZE, **asked}), 400, words)
    assert len(server.client.get("/v1/sessions").json()) == before


def test_embeddings_tell_people_apart(server: Served) -> None:
    path = f"/v1/sessions/{begun(server.client, tracker='deepsort')}/frames"
    near = [[100.0, 100, 130, 180, 0.9, 0], [112.0, 100, 142, 180, 0.9, 0]]
    frames = [{"frame": n, "boxes": near, "embeddings": [[1.0, 0.0], [0.0, 1.0]]} for n in range(1, 8)]
    frames.append({"frame": 8, "boxes": near, "embeddings": [[0.0, 1.0], [1.0, 0.0]]})  # they have changed places
    rows = server.client.post(path, json={"frames": frames}).json()["tracks"]
    ids = [[row[0] for row in sorted(answer["rows"], key=lambda row: row[1])] for answer in rows[-2:]]
    assert ids[0] == ids[1][::-1]
    short = {"frames": [{"frame": 9, "boxes": near, "embeddings": [[1.0], [0.0]]}]}
    refused(server.client.post(path, json=short), 400, "expected 2 numbers")


def test_a_full_service_says_when_to_come_again_and_sessions_end_by_themselves(tmp_path: Path) -> None:
    with served(tmp_path, max_sessions=2) as server:
        names = [begun(server.client, time_to_live=3) for _ in range(2)]
        answer = server.client.post("/v1/sessions", json=SIZE)
        refused(answer, 503, "are open")
        assert 1 <= int(answer.headers["Retry-After"]) <= 30
        assert "sportstrack_sessions 2.0" in server.client.get("/metrics").text
        end = time.monotonic() + 10
        while server.client.get("/v1/sessions").json() and time.monotonic() < end:
            time.sleep(0.1)
        refused(server.client.post(f"/v1/sessions/{names[0]}/frames", json=sent(1, 1)), 404, "ended")
        pid = server.service.parts["sessions"].open[begun(server.client)].worker.process.pid
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid), "the process with trackers outlives the service"


def test_sessions_side_by_side_do_not_mix(server: Served) -> None:
    names = [begun(server.client) for _ in range(3)]
    alone = server.client.post(f"/v1/sessions/{names[0]}/frames", json=sent(1, 20)).json()["tracks"]

    def walk(name: str) -> list[Any]:
        with httpx.Client(base_url=server.url, headers=server.client.headers) as client:
            found = [client.post(f"/v1/sessions/{name}/frames", json=sent(n, n)).json() for n in range(1, 21)]
        return [answer["tracks"][0] for answer in found]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(walk, names[1:])) == [alone, alone]


def test_the_example_of_the_documentation_runs(server: Served) -> None:
    paths = server.client.get("/v1/openapi.json").json()["paths"]
    schemas = server.client.get("/v1/openapi.json").json()["components"]["schemas"]
    one = server.client.post("/v1/sessions", json=schemas["SessionRequest"]["examples"][0])
    assert one.status_code == 201
    example = paths["/v1/sessions/{name}/frames"]["post"]["requestBody"]["content"]["application/json"]["example"]
    answer = server.client.post(f"/v1/sessions/{one.json()['id']}/frames", json=example).json()
    assert [found["frame"] for found in answer["tracks"]] == [1, 2]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
def test_a_killed_worker_costs_its_sessions_and_nothing_else(server: Served) -> None:
    one = begun(server.client)
    pool = server.service.parts["sessions"]
    os.kill(pool.open[one].worker.process.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while one in pool.open and time.monotonic() < end:
        time.sleep(0.02)
    refused(server.client.post(f"/v1/sessions/{one}/frames", json=sent(1, 1)), 404, "no session")
    again = begun(server.client)
    assert server.client.post(f"/v1/sessions/{again}/frames", json=sent(1, 1)).status_code == 200
