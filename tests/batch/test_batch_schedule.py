"""The schedule without workers: order, retries, what is written; and what people see of it."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sportstrack.batch import live, schedule
from sportstrack.batch.crew import ENDED, LOST, PROGRESS, READY, CrewEvent
from sportstrack.batch.live import LiveTable
from sportstrack.batch.manifest import Manifest
from sportstrack.batch.phases import DETECT, TRACK, BatchTask
from sportstrack.batch.place import BatchPlace
from sportstrack.batch.plan import PlannedVideo
from sportstrack.batch.results import rows_of, write_tables
from sportstrack.batch.schedule import BatchState, RunningTask, Schedule
from sportstrack.batch.settings import BatchSettings
from sportstrack.cli import main
from sportstrack.errors import SportstrackError
from sportstrack.track.settings import TrackSettings


def task(name: str, size: int = 1, phase: str = DETECT) -> BatchTask:
    return BatchTask(PlannedVideo(name, f"/{name}.mp4", TrackSettings(), size=size), phase, "key")


class FakeCrew:
    """Workers that answer at once with what a function says."""

    title = "fake"

    def __init__(self, size: int, answer: Callable[[BatchTask], dict[str, Any] | None]) -> None:
        self.size, self._answer = size, answer
        self.events: list[CrewEvent] = []
        self.given: list[tuple[str, str, int]] = []

    def start(self) -> None:
        self.events += [CrewEvent(READY, worker) for worker in range(self.size)]

    def give(self, worker: int, task: BatchTask) -> None:
        self.given.append((task.video.name, task.phase, task.attempt))
        answer = self._answer(task)
        if answer is None:
            self.events += [CrewEvent(LOST, worker, why="killed"), CrewEvent(READY, worker)]
        else:
            about = {"video": task.video.name, "phase": task.phase, "attempt": task.attempt}
            line = about | {"frames": 10, "boxes": 5, "tracks": 2, "took": 1.0} | answer
            self.events += [CrewEvent(PROGRESS, worker, done=1), CrewEvent(ENDED, worker, line=line)]

    def wait(self, seconds: float) -> list[CrewEvent]:
        found, self.events = self.events, []
        return found

    def stop(self, patience: float) -> list[CrewEvent]:
        return []

    def close(self) -> None:
        self.events = []


DONE = {"state": "done"}


def work(
    crew: FakeCrew, tasks: list[BatchTask], folder: Path, follow: Any = lambda line: [], **settings: Any
) -> list[dict[str, Any]]:
    batch = BatchSettings(**{"backoff": 0.0} | settings)
    return Schedule(tasks, follow, crew, Manifest(BatchPlace(folder)), batch, lambda state: None).run()


def test_the_largest_first_but_what_completes_a_video_before_that(tmp_path: Path) -> None:
    crew = FakeCrew(1, lambda task: DONE)
    tasks = [task("small", 1), task("large", 9), task("middle", 5)]

    def follow(line: dict[str, Any]) -> list[BatchTask]:
        return [task(line["video"], phase=TRACK)] if line["phase"] == DETECT else []

    work(crew, tasks, tmp_path, follow)
    assert [name for name, _, _ in crew.given] == ["large", "large", "middle", "middle", "small", "small"]


@pytest.mark.parametrize(
    ("answers", "attempts", "state"),
    [
        ([None, None, DONE], 3, "done"),
        ([{"state": "failed", "error": "disk", "retry": True}] * 9, 3, "failed"),
        ([{"state": "failed", "error": "a setting", "retry": False}] * 9, 1, "failed"),
        ([None] * 9, 3, "failed"),
    ],
)
def test_what_may_pass_is_tried_again(answers: list[Any], attempts: int, state: str, tmp_path: Path) -> None:
    left = iter(answers)
    crew = FakeCrew(2, lambda task: next(left))
    (line,) = work(crew, [task("a", phase=TRACK)], tmp_path, retries=2)
    assert line["state"] == state
    assert [attempt for _, _, attempt in crew.given] == list(range(1, attempts + 1))
    written = [json.loads(row) for row in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert [one["attempt"] for one in written] == list(range(1, attempts + 1))
    assert rows_of(Manifest(BatchPlace(tmp_path)), [("a", "/a.mp4")])[0]["state"] == state


def test_each_retry_waits_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, seen = [0.0], []
    monkeypatch.setattr(schedule.time, "monotonic", lambda: now[0])
    crew = FakeCrew(1, lambda task: seen.append(now[0]))  # type: ignore[func-returns-value]
    wait = crew.wait

    def later(seconds: float) -> list[CrewEvent]:
        now[0] += seconds
        return wait(seconds)

    monkeypatch.setattr(crew, "wait", later)
    work(crew, [task("a")], tmp_path, backoff=10.0, retries=3)
    waits = [after - before for before, after in itertools.pairwise(seen)]
    assert [8 <= waits[0] <= 14, 16 <= waits[1] <= 26, 32 <= waits[2] <= 50] == [True] * 3


def test_workers_that_cannot_start_end_the_batch(tmp_path: Path) -> None:
    crew = FakeCrew(1, lambda task: DONE)
    crew.start = lambda: crew.events.extend([CrewEvent(LOST, 0, why="no module named sportstrack")] * 4)  # type: ignore[method-assign]
    with pytest.raises(SportstrackError, match=r"no worker can start: no module named sportstrack"):
        work(crew, [task("a")], tmp_path)


def test_a_manifest_that_a_kill_cut_off_is_read_and_goes_on(tmp_path: Path) -> None:
    place = BatchPlace(tmp_path)
    line = {"video": "a", "phase": TRACK, "state": "done"}
    Manifest(place).add(line)
    with (tmp_path / "manifest.jsonl").open("a") as file:
        file.write('{"video": "b", "pha')
    again = Manifest(place)
    assert [one["video"] for one in again.lines()] == ["a"]
    again.add(line | {"video": "c"})
    assert [one["video"] for one in Manifest(place).lines()] == ["a", "c"]


def test_an_object_store_holds_what_was_sent(tmp_path: Path) -> None:
    place = BatchPlace("memory://season")
    try:
        (place.folder / "tracks").mkdir()
        (place.folder / "tracks" / "a.txt").write_text("1,1\n")
        place.send(["tracks/a.txt"])
        assert place.holds({"tracks/a.txt": {"size": 4}})
        assert not place.holds({"tracks/a.txt": {"size": 5}})
        assert not place.holds({"tracks/b.txt": {"size": 5}})
        place.forget(["tracks/a.txt"])
        assert place.fetch("tracks/a.txt").read_text() == "1,1\n"
        manifest = Manifest(place, (2, 3))
        manifest.add({"video": "a", "phase": TRACK, "state": "done"})
        manifest.flush()
        assert place.names("manifest*") == ["manifest-00002-of-00003.jsonl"]
        assert Manifest(place).line("a", TRACK) is not None
        write_tables(place, rows_of(manifest, [("a", "/a.mp4")]))
        assert place.read_text("results.csv").startswith("video,source,state")
    finally:
        place.close()
    with pytest.raises(SportstrackError, match="nowhere"):
        BatchPlace("nowhere://x")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_workers_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    screen = Terminal()
    table = LiveTable(stream=screen)
    state = BatchState(running={0: RunningTask(task("half", 100), 100.0)}, waiting=[(0.0, task("next", 100))])
    now[0] += 60
    state.running[0].done, state.running[0].expected = 500, 1000
    table("1 worker", state)
    text = screen.getvalue()
    assert "1 worker: 0 done, 1 running, 1 waiting" in text
    assert "about 3 min left" in text  # half of one took a minute; that and another one are left
    assert "500 of 1,000 frames, 8.3/s" in text
    state.lines.append({"video": "half", "phase": DETECT, "state": "done", "frames": 1000, "boxes": 9, "took": 120.0})
    state.work.append(100)
    table("1 worker", state)
    assert "half: detect 1,000 frames in 2 min (8.3/s), 9 boxes" in screen.getvalue()
    quiet = Terminal()
    LiveTable(quiet=True, stream=quiet)("1 worker", state)
    assert quiet.getvalue() == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["batch"], "no plan"),
        (["batch", "--merge", "-o", "nothing"], "holds no manifest"),
        (["batch", "{video}", "--shard", "4/3"], "shard: expected I/N"),
        (["batch", "{video}", "--gpus-per-worker", "1"], "is for --ray"),
        (["batch", "{video}", "--refine-set", "fill_gap=much"], "expected KEY=NUMBER"),
        (["batch", "{video}", "--refine-set", "fill_gab=2"], "fill_gab"),
        (["batch", "{video}", "--set", "max_age=x"], "max_age"),
        (["batch", "{video}", "--weights", "nowhere.pt"], "nowhere.pt"),
        (["batch", "{video}", "--detector", "toy:find", "--roster", "none.csv"], "none.csv"),
        (["batch", "{video}", "--detector", "toy:find", "--pitch", "none.jsonl"], "none.jsonl"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    words: list[str], said: str, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main([word.format(video=videos / "beta.mp4") for word in words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert not list(tmp_path.rglob("*.npz"))


def test_a_dry_run_says_what_would_run(videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", str(videos), "--detector", "toy:find", "-o", str(tmp_path), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == ["detect", "detect", "detect", "3"]
    assert "3 of 3 videos to do" in out
