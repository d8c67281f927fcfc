"""A batch makes the files that its videos would have one by one, does nothing twice, and survives kills."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import toy
from processes import environment

import sportstrack
from sportstrack.batch.schedule import BatchState
from sportstrack.batch.settings import BatchSettings
from sportstrack.cli import main
from sportstrack.errors import SportstrackError

Results = Callable[[Path], dict[str, bytes]]
Recordings = Callable[[Path], dict[str, str]]
SETTINGS = {"detector": "toy:find", "formats": ("mot", "csv")}
TWO = BatchSettings(workers=2, backoff=0)


def run(plan: object, out: Path, batch: BatchSettings = TWO, **settings: object) -> sportstrack.BatchResult:
    return sportstrack.run_batch(plan, out, settings=SETTINGS | settings, batch=batch)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def done(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch that was done, which tests copy or leave as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        out = tmp_path_factory.mktemp("done")
        assert run(videos, out).ran == 6
    return out


def test_the_files_are_those_of_the_videos_one_by_one(
    done: Path, one_by_one: dict[str, bytes], results: Results
) -> None:
    assert results(done) == one_by_one
    with (done / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["video"], row["state"], row["frames"]) for row in rows] == [
        ("alpha", "done", "40"), ("beta", "done", "20"), ("gamma", "done", "30"),
    ]  # fmt: skip
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(done / "results.parquet").column("frames").to_pylist() == [40, 20, 30]


def test_only_what_is_missing_or_changed_runs_again(
    done: Path, videos: Path, tmp_path: Path, results: Results, recordings: Recordings
) -> None:
    import shutil

    out, own = tmp_path / "out", tmp_path / "videos"
    shutil.copytree(videos, own)
    one = BatchSettings(workers=1, backoff=0)
    before = run(own, out, one)
    assert (before.ran, before.kept) == (6, 0)
    again = run(own, out, one)
    assert (again.ran, again.kept, again.failed) == (0, 6, [])
    recorded = recordings(out)
    assert recorded == recordings(done)  # to the last byte
    tracker = run(own, out, one, tracker="bytetrack")
    assert (tracker.ran, tracker.kept) == (3, 3)
    assert recordings(out) == recorded
    toy.make_match(own / "beta.mp4", 25)
    (out / "tracks" / "gamma.csv").unlink()
    changed = run(own, out, one, tracker="bytetrack")
    assert (changed.ran, changed.kept) == (3, 3)  # both phases of one, the second of another
    assert {row["video"]: row["frames"] for row in changed.rows} == {"alpha": 40, "beta": 25, "gamma": 30}
    (out / "recordings" / "alpha.npz").write_bytes(b"")
    with pytest.raises(SportstrackError, match=r"alpha\.npz: was changed since it was written"):
        run(own, out, one, tracker="bytetrack")


def test_what_fails_is_listed_and_the_others_are_done(
    videos: Path, tmp_path: Path, results: Results, one_by_one: dict[str, bytes]
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    plan = [*map(str, sorted(videos.glob("*.mp4"))), str(tmp_path / "broken.mp4")]
    found = run(plan, tmp_path / "out")
    assert results(tmp_path / "out") == one_by_one
    (failed,) = found.failed
    assert failed["video"] == "broken"
    assert "broken.mp4" in failed["error"]
    assert failed["retries"] == 2
    assert "failed: broken: " in found.as_text()
    words = ["--detector", "toy:find", "--formats", "mot,csv", "--retries", "0", "--quiet"]
    assert main(["batch", *plan, "-o", str(tmp_path / "out"), *words]) == 1
    lines = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert [line["attempt"] for line in lines if line["video"] == "broken"] == [1, 2, 3, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process")
def test_a_killed_worker_is_replaced_and_its_video_tried_again(
    videos: Path, tmp_path: Path, results: Results, recordings: Recordings, done: Path
) -> None:
    killed: list[int] = []

    def kill(_: str, state: BatchState) -> None:
        if not killed and any(running.done for running in state.running.values()):
            child = psutil.Process().children()[0]
            killed.append(child.pid)
            child.kill()

    found = sportstrack.run_batch(
        videos, tmp_path, settings=SETTINGS | {"detector": "slowly:Slowly"}, batch=TWO, on_state=kill, trust=True
    )
    assert killed
    assert found.retried == 1
    assert [row["state"] for row in found.rows] == ["done"] * 3
    assert results(tmp_path) == results(done)
    assert recordings(tmp_path) == recordings(done)
    texts = (tmp_path / "manifest.jsonl").read_text()
    assert "SIGKILL" in texts
    assert not list(tmp_path.rglob("*.part.*"))


def start(videos: Path, out: Path) -> subprocess.Popen[str]:
    words = ["--detector", "slowly:Slowly", "--formats", "mot,csv", "--workers", "1", "-o", str(out)]
    return subprocess.Popen(
        [sys.executable, "-m", "sportstrack.batch", str(videos), *words],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=toy.heed_ctrl_c,
    )  # fmt: skip


def wait_for_lines(out: Path, count: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        path = out / "manifest.jsonl"
        if path.exists() and path.read_text().count("\n") >= count:
            return
        time.sleep(0.05)
    raise AssertionError("the batch did not come so far")


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_batch_that_was_stopped_goes_on(
    how: signal.Signals, videos: Path, tmp_path: Path, results: Results, recordings: Recordings, done: Path
) -> None:
    process = start(videos, tmp_path)
    wait_for_lines(tmp_path, 1)  # the largest video is recorded; others are not
    workers = psutil.Process(process.pid).children()
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    psutil.wait_procs(workers, timeout=30)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    if how == signal.SIGTERM:
        assert process.returncode == 130
        assert "Traceback" not in err
        assert (tmp_path / "results.csv").exists()
    before = {line["video"] for line in map(json.loads, (tmp_path / "manifest.jsonl").read_text().splitlines())}
    found = run(videos, tmp_path, BatchSettings(workers=1, backoff=0), detector="slowly:Slowly")
    assert found.kept >= len(before)
    assert found.kept + found.ran == 6
    assert results(tmp_path) == results(done)
    assert recordings(tmp_path) == recordings(done)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_a_video_that_is_stopped_leaves_what_was_recorded(videos: Path, tmp_path: Path) -> None:
    process = start(videos / "alpha.mp4", tmp_path)
    end = time.monotonic() + 60
    while not list((tmp_path / "recordings").glob("*.part.npz")) and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    (part,) = (tmp_path / "recordings").glob("*.part.npz")
    assert 0 < len(sportstrack.Recording(part)) < 40


@pytest.mark.skipif(sys.platform == "win32", reason="job arrays run in a Unix shell")
def test_tasks_of_a_job_array_share_the_videos_and_one_table_is_made_of_them(
    done: Path, tmp_path: Path, root: Path, results: Results, one_by_one: dict[str, bytes]
) -> None:
    shim = tmp_path / "bin" / "sportstrack"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sportstrack "$@"\n')
    shim.chmod(0o755)
    season, out = done / "recordings", tmp_path / "out"

    def submit(script: str, *words: object, **variables: str) -> None:
        path = os.pathsep.join([str(shim.parent), os.environ["PATH"]])
        ended = subprocess.run(
            ["bash", str(root / "examples" / "slurm" / script), *map(str, words)],
            env=environment() | {"PATH": path} | variables, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr

    task = {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_CPUS_PER_TASK": "1"}
    submit("season.sbatch", season, out, **task)
    submit("season.sbatch", season, out, "2", **task | {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "1"})
    submit("merge.sbatch", out)
    texts = {name: text for name, text in results(out).items() if name.endswith(".txt")}
    assert texts == {name: text for name, text in one_by_one.items() if name.endswith(".txt")}
    assert sorted(path.name for path in out.glob("manifest*")) == [
        "manifest-00001-of-00002.jsonl",
        "manifest-00002-of-00002.jsonl",
    ]
    parts = [list(csv.DictReader(path.read_text().splitlines())) for path in sorted(out.glob("results-*.csv"))]
    assert sorted(len(part) for part in parts) == [1, 2]
    whole = list(csv.DictReader((out / "results.csv").read_text().splitlines()))
    assert [(row["video"], row["state"]) for row in whole] == [(name, "done") for name in ("alpha", "beta", "gamma")]
    assert run(season, out, detector=None, formats=("mot",)).kept == 3  # without shards nothing is left to do


def test_results_go_to_an_object_store(
    videos: Path, tmp_path: Path, results: Results, one_by_one: dict[str, bytes], recordings: Recordings, done: Path
) -> None:
    address = f"file://{tmp_path / 'store'}"
    one = BatchSettings(workers=1)
    assert sportstrack.run_batch(videos, address, settings=SETTINGS, batch=one).ran == 6  # type: ignore[arg-type]
    assert results(tmp_path / "store") == one_by_one
    assert recordings(tmp_path / "store") == recordings(done)
    again = sportstrack.run_batch(videos, address, settings=SETTINGS, batch=one)  # type: ignore[arg-type]
    assert (again.ran, again.kept) == (0, 6)
    assert (tmp_path / "store" / "results.csv").exists()


def test_truth_gives_scores_in_the_table(tmp_path: Path) -> None:
    toy.make_match(tmp_path / "alpha.mp4", 10)
    rows = []
    for frame in range(10):
        for player, (x1, y1, x2, y2) in enumerate(toy.truth(frame), 1):
            rows.append(f"{frame + 1},{player},{x1},{y1},{x2 - x1},{y2 - y1},1,1,1\n")
    (tmp_path / "gt.txt").write_text("".join(rows))
    plan = [{"source": str(tmp_path / "alpha.mp4"), "truth": str(tmp_path / "gt.txt")}]
    found = run(plan, tmp_path / "out", BatchSettings(workers=1))
    expected = sportstrack.score_tracks(tmp_path / "gt.txt", tmp_path / "out" / "tracks" / "alpha.txt")
    assert found.rows[0]["HOTA"] == pytest.approx(expected.HOTA, abs=1e-6)
    assert "HOTA" in found.as_text()


def test_the_machine_is_left_as_it_was(videos: Path) -> None:
    assert not [one for one in psutil.Process().children() if "batch.work" in " ".join(one.cmdline())]
    assert os.environ["OMP_NUM_THREADS"] == "1"
