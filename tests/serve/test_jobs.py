"""Jobs over HTTP: from the file to the result."""

from __future__ import annotations

import csv
import gc
import io
import json
import logging
import os
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import TOKEN, Served, served

from sportstrack import read_mot, track_video


@pytest.fixture(scope="module")
def done(server: Served) -> dict[str, Any]:
    """A job that has tracked the match."""
    settings = {"detector": "toy:find", "formats": ["mot", "jsonl", "video"], "save_detections": True}
    return server.ended(server.send(settings=settings, name="first half")["id"])


def test_a_job_gives_what_the_command_line_gives(
    server: Served, done: dict[str, Any], matches: Path, tmp_path: Path
) -> None:
    assert (done["state"], done["error"]) == ("done", None)
    track_video(matches / "match.mp4", tmp_path, detector="toy:find", formats=["mot", "jsonl"])
    for name in ("match.txt", "match.jsonl"):
        answer = server.client.get(f"/v1/jobs/{done['id']}/files/{name}")
        assert answer.content == (tmp_path / name).read_bytes()
    assert {"match.txt", "match.jsonl", "match_tracked.mp4", "match.npz"} <= {one["name"] for one in done["files"]}
    for one in done["files"]:
        assert len(server.client.get(one["href"]).content) == one["bytes"]


def test_a_job_says_what_it_is(server: Served, done: dict[str, Any]) -> None:
    assert (done["kind"], done["name"], done["source"]) == ("track", "first half", {"path": "match.mp4"})
    assert done["created"] <= done["started"] <= done["ended"] < done["expires"]
    assert (done["progress"]["frames_done"], done["progress"]["frames_total"]) == (30, 30)
    assert done["summary"]["frames"] == 30
    assert done["summary"]["tracks"] >= 3
    assert str(server.service.settings.data) not in json.dumps(done)


def test_the_tracks_are_those_of_the_file(server: Served, done: dict[str, Any]) -> None:
    page = server.client.get(f"/v1/jobs/{done['id']}/tracks").json()
    table = read_mot(io_path(server, done, "match.txt"))
    assert (page["frames_total"], page["width"], page["height"], page["frame_rate"]) == (30, 160, 120, 25.0)
    rows = np.array([row[:7] for row in page["rows"]], float)
    assert np.array_equal(rows[:, 0], table.frame + 1)
    assert np.array_equal(rows[:, 1], table.track_id)
    assert np.allclose(rows[:, 2:6], table.xyxy, atol=0.02)
    assert page["identities"][0]["first_frame"] == 1
    part = server.client.get(f"/v1/jobs/{done['id']}/tracks?first=5&last=6").json()
    assert part["rows"] == [row for row in page["rows"] if row[0] in (5, 6)]
    assert server.client.get(f"/v1/jobs/{done['id']}/tracks?first=31").json()["rows"] == []


def io_path(server: Served, job: dict[str, Any], name: str) -> Path:
    return server.service.parts["jobs"].jobs.folder(job["id"]) / "results" / name


def test_events_tell_all_and_go_on_after_the_last_one(server: Served, done: dict[str, Any]) -> None:
    events = list(read_events(server, done["id"]))
    states = [data["state"] for name, data, _ in events if name == "state"]
    assert states == ["queued", "running", "done"]
    last = next(number for name, data, number in events if data.get("state") == "running")
    rest = list(read_events(server, done["id"], {"Last-Event-ID": str(last)}))
    assert [data["state"] for name, data, _ in rest if name == "state"] == ["done"]


def read_events(server: Served, key: str, headers: dict[str, str] | None = None) -> Any:
    with server.client.stream("GET", f"/v1/jobs/{key}/events", headers=headers) as answer:
        block: dict[str, str] = {}
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                block[name] = value
            elif block.get("event"):
                yield block["event"], json.loads(block["data"]), block.get("id")
                block = {}


def test_progress_comes_while_a_job_runs(server: Served) -> None:
    job = server.send(settings={"detector": "toy:Slow", "batch": 1, "formats": ["mot"], "every": 5})
    frames = [data["frames_done"] for name, data, _ in read_events(server, job["id"]) if name == "progress"]
    assert frames == sorted(frames)
    assert len(set(frames)) > 2
    assert frames[-1] == 6


def test_files_are_sent_in_ranges(server: Served, done: dict[str, Any]) -> None:
    url = f"/v1/jobs/{done['id']}/files/match_tracked.mp4"
    whole = server.client.get(url)
    assert whole.headers["accept-ranges"] == "bytes"
    part = server.client.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert server.client.get(url, headers={"Range": "bytes=-5"}).content == whole.content[-5:]
    assert server.client.get(url, headers={"Range": "bytes=99999999-"}).status_code == 416
    old = server.client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (old.status_code, old.content) == (200, whole.content)
    assert server.client.head(url).headers["content-length"] == str(len(whole.content))
    source = server.client.get(f"/v1/jobs/{done['id']}/source", headers={"Range": "bytes=4-7"})
    assert (source.status_code, source.content, source.headers["content-type"]) == (206, b"ftyp", "video/mp4")


@pytest.mark.parametrize(
    "name", ["..%2f..%2fserve.sqlite", "%2e%2e", ".job.lock", "nothing.txt", "%2fetc%2fpasswd", ".%00"]
)
def test_no_file_name_leads_out(server: Served, done: dict[str, Any], name: str) -> None:
    assert server.client.get(f"/v1/jobs/{done['id']}/files/{name}").status_code == 404


def test_a_link_among_the_results_is_not_followed(server: Served, done: dict[str, Any]) -> None:
    link = io_path(server, done, "link.txt")
    link.symlink_to("/etc/passwd")
    try:
        assert server.client.get(f"/v1/jobs/{done['id']}/files/link.txt").status_code == 404
        job = server.client.get(f"/v1/jobs/{done['id']}").json()
        assert "link.txt" not in [one["name"] for one in job["files"]]
    finally:
        link.unlink()


def test_what_could_run_in_a_browser_is_saved_not_shown(server: Served, done: dict[str, Any]) -> None:
    page = io_path(server, done, "page.html")
    page.write_text("<script>alert(1)</script>")
    answer = server.client.get(f"/v1/jobs/{done['id']}/files/page.html")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_time_series_comes_in_all_forms(server: Served, done: dict[str, Any]) -> None:
    url = f"/v1/jobs/{done['id']}/series"
    series = server.client.get(url).json()["series"]
    rows = list(csv.DictReader(io.StringIO(server.client.get(f"{url}.csv").text)))
    assert {"frames_per_s", "mean_score", "tracks_alive", "memory_bytes"} <= series.keys()
    assert [float(row["frames"]) for row in rows] == [value for _, value in series["frames"]]
    assert series["frames"][-1][1] == 30
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(server.client.get(f"{url}.parquet").content))
    assert table.column("frames").to_pylist() == [value for _, value in series["frames"]]


def test_parquet_without_pyarrow_says_what_to_install(
    server: Served, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    answer = server.client.get(f"/v1/jobs/{done['id']}/series.parquet")
    assert answer.status_code == 400
    assert "sportstrack[parquet]" in answer.json()["error"]["message"]


def test_the_figures_count_the_frames(server: Served, done: dict[str, Any]) -> None:
    text = server.client.get("/metrics").text
    assert 'sportstrack_frames_total{name="",result="tracked",work="job"}' in text
    assert 'sportstrack_stage_seconds_total{stage="detect",work="job"}' in text
    assert 'sportstrack_jobs_ended_total{kind="track",state="done"}' in text
    assert 'sportstrack_request_seconds_count{route="/v1/jobs/{key}",status="200"}' in text


def test_detections_are_replayed_without_a_detector(server: Served, done: dict[str, Any], matches: Path) -> None:
    (matches / "match.npz").write_bytes(io_path(server, done, "match.npz").read_bytes())
    formats = {"formats": ["mot"], "tracker": "sort"}
    beside = server.send(settings=formats | {"detections": {"path": "match.npz"}})
    alone = server.send(source={"path": "match.npz"}, settings=formats)
    refused = server.send(settings=formats | {"detections": {"path": "match.npz"}, "weights": "demo"})
    beside, alone, refused = (server.ended(one["id"]) for one in (beside, alone, refused))
    assert [one["error"] for one in (beside, alone)] == [None, None]
    texts = [server.client.get(f"/v1/jobs/{one['id']}/files/match.txt").text for one in (beside, alone)]
    assert texts[0] == texts[1] != ""
    assert refused["error"]["message"].startswith("match.npz: weights cannot be set in a replay")


def test_other_kinds_work_on_a_job_s_result(server: Served, done: dict[str, Any], matches: Path) -> None:
    lines = [line.split(",") for line in io_path(server, done, "match.txt").read_text().splitlines()]
    truth = "\n".join(",".join([*line[:6], "1", "1", "1"]) for line in lines)
    (matches / "gt.txt").write_text(truth)
    refined = server.send(kind="refine", source={"job": done["id"]}, settings={"steps": ["interpolate"]})
    scored = server.send(
        kind="evaluate", source={"job": done["id"]}, settings={"truth": {"path": "gt.txt"}, "plots": True}
    )
    followed = server.send(kind="sot", source={"job": done["id"]}, settings={"init": [10, 20, 14, 18], "method": "kcf"})
    refined, scored, followed = (server.ended(one["id"]) for one in (refined, scored, followed))
    assert [one["error"] for one in (refined, scored, followed)] == [None, None, None]
    assert refined["summary"]["tracks_before"] >= 3
    assert server.client.get(f"/v1/jobs/{refined['id']}/tracks").json()["width"] == 160
    assert "HOTA" in json.dumps(scored["summary"]["scores"])
    assert any(one["name"].endswith(".png") for one in scored["files"])
    assert followed["summary"]["frames"] == 30
    page = server.client.get(f"/v1/jobs/{followed['id']}/tracks").json()
    assert {row[1] for row in page["rows"]} == {1}
    assert server.client.get(f"/v1/jobs/{refined['id']}/source").status_code == 200


def test_an_object_is_followed_from_what_a_detector_finds(server: Served) -> None:
    for settings in (
        {"detect": "player", "detector": "toy:find", "method": "kcf"},
        {"detect": "player", "weights": "toy:find"},
    ):
        ended = server.ended(server.send(kind="sot", settings=settings)["id"])
        assert (ended["state"], ended["error"], ended["summary"]["frames"]) == ("done", None, 30)
    wrong = {"kind": "sot", "source": {"path": "match.mp4"}, "settings": {"init": [1, 2, 3, 4], "ball": True}}
    assert "one of init, detect and ball" in server.client.post("/v1/jobs", json=wrong).json()["error"]["message"]


def test_mining_finds_the_worst_pictures(server: Served, matches: Path, tmp_path: Path) -> None:
    from painted import make_set

    make_set(matches / "set")
    job = server.send(kind="mine", source={"path": "set"}, settings={"top": 2, "augment": [], "weights": "toy:find"})
    ended = server.ended(job["id"])
    assert ended["state"] == "done", ended["error"]
    assert {"mined.md", "mined.csv", "confusion.csv", "mined.png"} <= {one["name"] for one in ended["files"]}


def test_a_small_file_comes_with_its_job(server: Served, matches: Path) -> None:
    data = (matches / "match.mp4").read_bytes()
    job = json.dumps({"kind": "track", "settings": {"detector": "toy:find", "formats": ["mot"]}})
    answer = server.client.post("/v1/jobs", files={"file": ("<b>my match</b>.mp4", data)}, data={"job": job})
    assert answer.status_code == 201
    ended = server.ended(answer.json()["id"])
    assert (ended["state"], ended["summary"]["frames"]) == ("done", 30)
    assert server.client.get(f"/v1/jobs/{ended['id']}/source").content == data
    upload = ended["source"]["upload"]
    assert server.client.delete(f"/v1/uploads/{upload}").status_code == 409
    assert server.client.delete(f"/v1/jobs/{ended['id']}").status_code == 204
    assert server.client.get(f"/v1/jobs/{ended['id']}").status_code == 404
    assert server.client.get(f"/v1/uploads/{upload}").status_code == 404  # it went with its last job


MULTIPART = {"Content-Type": "multipart/form-data; boundary=xx"}
HEAD = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "multipart/form-data"}, b"--xx--"),
        (MULTIPART, b""),
        (MULTIPART, b"no part at all"),
        (MULTIPART, HEAD + b"cut off"),
        (MULTIPART, b"--xx\r\nContent-Disposition\r\n\r\nx\r\n--xx--\r\n"),
        (MULTIPART, HEAD + b"x\r\n" + HEAD + b"y\r\n--xx--\r\n"),
        (MULTIPART, b'--xx\r\nContent-Disposition: form-data; name="job"\r\n\r\n{\r\n--xx--\r\n'),
        (MULTIPART, HEAD + b'x\r\n--xx\r\nContent-Disposition: form-data; name="job"\r\n\r\n[1\r\n--xx--\r\n'),
        ({"Content-Type": "application/json"}, b"{"),
        ({"Content-Type": "application/json"}, b"[" * 100_000),
        ({"Content-Type": "application/json"}, b'{"kind": "track", "extra": 1}'),
        ({"Content-Type": "application/json"}, b"\xff\xfe"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # starlette leaves a cut file to Python
def test_a_malformed_request_is_400(server: Served, headers: dict[str, str], body: bytes) -> None:
    answer = server.client.post("/v1/jobs", content=body, headers=headers)
    gc.collect()
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"]


def test_a_client_that_goes_in_the_middle_of_a_request_is_no_fault_of_the_service(
    server: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "handlers", [caplog.handler])
    host, port = server.url.removeprefix("http://").split(":")
    head = f"POST /v1/jobs HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: "
    count = len(server.client.get("/v1/jobs?limit=1000").json()["jobs"])
    with socket.create_connection((host, int(port))) as client:
        client.sendall(f"{head}{MULTIPART['Content-Type']}\r\nContent-Length: 1000000\r\n\r\n".encode() + HEAD)
        time.sleep(0.2)
    time.sleep(0.2)
    assert len(server.client.get("/v1/jobs?limit=1000").json()["jobs"]) == count
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


def test_a_large_file_in_one_request_is_refused(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.serve.guard.MAX_SMALL_FILE", 100_000)
    answer = server.client.post("/v1/jobs", files={"file": ("a.mp4", b"x" * 200_000)}, data={"job": "{}"})
    assert answer.status_code == 413
    assert "chunks" in answer.json()["error"]["message"]


def test_a_cancelled_job_keeps_what_it_has(server: Served) -> None:
    job = server.send(
        source={"path": "long.mp4"}, settings={"detector": "toy:Slow", "batch": 1, "formats": ["mot", "video"]}
    )
    server.until(job["id"], lambda job: job["progress"]["frames_done"] > 3)
    assert server.client.post(f"/v1/jobs/{job['id']}/cancel").json()["state"] in ("running", "cancelled")
    ended = server.ended(job["id"])
    assert (ended["state"], ended["error"]) == ("cancelled", None)
    text = next(one for one in ended["files"] if one["name"].endswith(".part.txt"))
    assert server.client.get(text["href"]).text.startswith("1,1,")
    assert server.client.get(f"/v1/jobs/{job['id']}/tracks").json()["rows"]
    assert server.client.post(f"/v1/jobs/{job['id']}/cancel").status_code == 409
    after = server.ended(server.send()["id"])
    assert after["state"] == "done"  # the next job has a worker


def test_a_waiting_job_is_cancelled_at_once(server: Served) -> None:
    first = server.send(source={"path": "long.mp4"}, settings={"detector": "toy:Slow", "batch": 1, "formats": ["mot"]})
    second = server.send()
    assert server.client.delete(f"/v1/jobs/{second['id']}").status_code == 409
    assert server.client.post(f"/v1/jobs/{second['id']}/cancel").json()["state"] == "cancelled"
    server.client.post(f"/v1/jobs/{first['id']}/cancel")
    assert server.ended(first["id"])["state"] == "cancelled"
    assert server.client.delete(f"/v1/jobs/{second['id']}").status_code == 204


def test_a_broken_video_fails_with_the_command_line_s_words(server: Served, matches: Path) -> None:
    (matches / "broken.mp4").write_bytes(b"this is no video" * 100)
    ended = server.ended(server.send(source={"path": "broken.mp4"})["id"])
    assert ended["state"] == "failed"
    assert "broken.mp4" in ended["error"]["message"]
    assert str(matches) not in ended["error"]["message"]


def test_a_broken_plug_in_fails_its_job_alone(tmp_path: Path, matches: Path) -> None:
    with served(tmp_path, plugins=("toy:FailAt", "toy:find"), folders=(str(matches),)) as server:
        failed = server.ended(server.send(settings={"detector": "toy:FailAt", "batch": 1})["id"])
        assert failed["state"] == "failed"
        assert "toy" in failed["error"]["message"]
        assert server.ended(server.send()["id"])["state"] == "done"


def test_the_list_has_the_newest_first_in_pages(server: Served, done: dict[str, Any]) -> None:
    answer = server.client.get("/v1/jobs?limit=2").json()
    assert len(answer["jobs"]) == 2
    assert answer["jobs"][0]["created"] > answer["jobs"][1]["created"]
    following = server.client.get(f"/v1/jobs?limit=2&before={answer['jobs'][1]['created']}").json()["jobs"]
    assert following[0]["created"] < answer["jobs"][1]["created"]
    assert {one["state"] for one in server.client.get("/v1/jobs?state=done").json()["jobs"]} == {"done"}
    assert answer["counts"]["done"] >= 1
    assert server.client.get("/v1/jobs?state=lost").status_code == 400


def test_old_jobs_go(tmp_path: Path, matches: Path) -> None:
    with served(tmp_path, plugins=("toy:find",), folders=(str(matches),), keep_days=1) as server:
        job = server.ended(server.send()["id"])
        assert job["expires"] == pytest.approx(job["ended"] + 86_400)
        desk = server.service.parts["jobs"]
        desk.sweep()
        assert server.client.get(f"/v1/jobs/{job['id']}").status_code == 200
        server.service.store.run("UPDATE jobs SET ended = ended - 90000")
        recorded = tmp_path / "streams" / "one" / "cam.mp4"
        recorded.parent.mkdir(parents=True)
        recorded.write_bytes(b"x")
        os.utime(recorded, (time.time() - 90_000,) * 2)
        for sweep in (desk.sweep, *server.service.sweeps):
            sweep()
        assert not recorded.exists()
        assert server.client.get(f"/v1/jobs/{job['id']}").status_code == 404
        assert not desk.jobs.folder(job["id"]).exists()


def test_a_full_queue_and_a_full_disk_refuse_new_jobs(tmp_path: Path, matches: Path) -> None:
    with served(tmp_path, plugins=("toy:Slow",), folders=(str(matches),), max_jobs=2) as server:
        slow = {"detector": "toy:Slow", "formats": ["mot"], "batch": 1}
        first = server.send(source={"path": "long.mp4"}, settings=slow)
        server.until(first["id"], lambda job: job["state"] == "running")
        for _ in range(2):
            server.send(settings=slow)
        job = {"kind": "track", "source": {"path": "match.mp4"}, "settings": slow}
        answer = server.client.post("/v1/jobs", json=job)
        assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "full")
        assert "retry-after" in answer.headers
        for one in server.client.get("/v1/jobs").json()["jobs"]:
            server.client.post(f"/v1/jobs/{one['id']}/cancel")
        server.ended(first["id"])
