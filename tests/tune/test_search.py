"""A whole search: it finds, resumes, repeats itself, and judges on matches that took no part."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sportstrack
from sportstrack import OneOf, SportstrackError, TrackSettings, TuneSettings, tune_tracker
from sportstrack.recording import RecordingWriter
from sportstrack.tune.sequences import find_sources

ROOT = Path(__file__).resolve().parents[2]


def tune(benchmark: Path, output: Path | None = None, trials: int = 6, **more: Any) -> Any:
    how = {name: more.pop(name) for name in list(more) if name in TuneSettings.__dataclass_fields__}
    settings = TuneSettings(trials=trials, **{"held_out": 0.4, **how})
    return tune_tracker([benchmark], output, tracker=more.pop("tracker", "bytetrack"), tune=settings, **more)


def tried(tuned: Any) -> list[tuple[Any, ...]]:
    return [(one.value, dict(one.values), one.single, one.complete) for one in tuned.trials]


@pytest.fixture(scope="module")
def whole(benchmark: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("whole")
    return tune(benchmark, folder, 12), folder


def test_the_defaults_are_the_first_trial_and_the_best_is_no_worse(whole: tuple[Any, Path]) -> None:
    tuned, _ = whole
    assert tuned.trials[0].values == {}
    assert tuned.trials[0].title == "defaults"
    assert tuned.best.value >= tuned.trials[0].value
    assert len(tuned.trials) == 12
    assert tuned.complete


def test_no_match_is_searched_and_judged(benchmark: Path, whole: tuple[Any, Path]) -> None:
    tuned, _ = whole
    judged = set(tuned.gain.before)
    every = {one.match for one in find_sources([benchmark])}
    assert every == {"v_aa", "v_bb", "v_cc", "v_dd"}
    assert judged < every
    seen = sum(one.sequences for one in tuned.gain.before.values()) + len(tuned.trials[0].single)
    assert seen == 5, "a sequence is on both sides or on none"


def test_a_trial_scores_what_track_and_evaluate_give(benchmark: Path, tmp_path: Path, whole: tuple[Any, Path]) -> None:
    tuned, _ = whole
    match, scores = next(iter(tuned.gain.after.items()))
    names = [one.name for one in find_sources([benchmark]) if one.match == match]
    settings = TrackSettings(**tuned.settings, formats=("mot",))
    for name in names:
        detections = benchmark / name / "det" / "det.txt"
        sportstrack.track_video(detections, tmp_path, settings=settings.changed(detections=str(detections)), name=name)
    found = [
        sportstrack.score_tracks(benchmark / name / "gt" / "gt.txt", tmp_path / f"{name}.txt", frames=60)
        for name in names
    ]
    assert pytest.approx(scores.HOTA, abs=1e-3) == sportstrack.Scores.pool(found).HOTA  # the file has two decimals
    assert sportstrack.Scores.pool(found).IDSW == scores.IDSW


def test_a_search_that_was_ended_goes_on_to_the_same_result(
    benchmark: Path, tmp_path: Path, whole: tuple[Any, Path]
) -> None:
    tuned, _ = whole
    begun = tune(benchmark, tmp_path, 4)
    again = tune(benchmark, tmp_path, 12)
    assert tried(again) == tried(tuned)
    assert [one.seconds for one in again.trials[:4]] == [one.seconds for one in begun.trials], "none is made twice"


def test_the_result_does_not_depend_on_the_processes(benchmark: Path, whole: tuple[Any, Path]) -> None:
    tuned, _ = whole
    assert tried(tune(benchmark, None, 5, processes=2)) == tried(tuned)[:5]


def test_another_seed_tries_other_settings(benchmark: Path, whole: tuple[Any, Path]) -> None:
    assert tried(tune(benchmark, None, 3, seed=7))[1:] != tried(whole[0])[1:3]


def test_a_killed_search_leaves_whole_trials_only(benchmark: Path, tmp_path: Path, whole: tuple[Any, Path]) -> None:
    words = ["-m", "sportstrack.tune", str(benchmark), "--tracker", "bytetrack", "--held-out", "0.4", "-o"]
    process = subprocess.Popen(
        [sys.executable, *words, str(tmp_path), "--trials", "500"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "trial 0" in line:
            break
    time.sleep(0.4)
    os.kill(process.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    process.communicate()
    again = tune(benchmark, tmp_path, 12)
    count = min(12, len(again.trials))
    assert tried(again)[:count] == tried(whole[0])[:count]


def test_another_search_does_not_go_on_in_the_same_file(benchmark: Path, tmp_path: Path) -> None:
    tune(benchmark, tmp_path, 2)
    with pytest.raises(SportstrackError, match=r"study\.db: is of another search \(other objective\)"):
        tune(benchmark, tmp_path, 2, objective="IDF1")
    assert tune(benchmark, tmp_path, 2, objective="IDF1", overwrite=True).objective.text == "IDF1"


def test_a_file_that_is_no_search_is_left_alone(benchmark: Path, tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("notes of mine, which are no database at all\n" * 100)
    with pytest.raises(SportstrackError, match=r"study\.db: not a file of searches"):
        tune(benchmark, tmp_path, 2)
    assert (tmp_path / "study.db").read_text().startswith("notes of mine")


def test_every_match_judges_once_with_folds(benchmark: Path) -> None:
    tuned = tune(benchmark, None, 2, folds=4)
    assert set(tuned.gain.before) == {"v_aa", "v_bb", "v_cc", "v_dd"}
    assert len(tuned.trials[0].single) == 5, "the settings that are written come from a search on all"


def test_the_files_say_it_all(benchmark: Path, tmp_path: Path, whole: tuple[Any, Path]) -> None:
    tuned, folder = whole
    assert {"study.db", "tuned.yaml", "tune.txt", "tune.json", "trials.csv", "tune.png"} <= {
        one.name for one in folder.iterdir()
    }
    said = json.loads((folder / "tune.json").read_text())
    assert said["held_out"]["gain"] == pytest.approx(tuned.gain.value)
    assert said["held_out"]["low"] <= said["held_out"]["gain"] <= said["held_out"]["high"]
    assert len((folder / "trials.csv").read_text().splitlines()) == 13
    assert "matches that took no part: HOTA" in (folder / "tune.txt").read_text()
    assert (folder / "tuned.yaml").read_text().startswith("# sportstrack tune: ")
    assert (folder / "tune.png").stat().st_size > 10_000


def test_fixed_settings_are_not_searched(benchmark: Path) -> None:
    settings = TrackSettings(tracker="sort", tracker_settings={"max_age": 7})
    tuned = tune(benchmark, None, 3, tracker="sort", settings=settings)
    assert all("max_age" not in one.values for one in tuned.trials)
    assert tuned.settings["tracker_settings"]["max_age"] == 7


def test_refine_and_score_are_searched_too(benchmark: Path, tmp_path: Path) -> None:
    tuned = tune(benchmark, tmp_path, 3, what=("refine", "score"))
    names = set(tuned.trials[1].values)
    assert "score" in names
    assert {"refine.fill_gap", "refine.interior_gap"} <= names
    assert "match_thresh" not in names
    assert tuned.settings["offline"] is True
    TrackSettings(**tuned.settings)


def test_recordings_are_searched_with_their_truth(benchmark: Path, tmp_path: Path) -> None:
    folder, found = tmp_path / "recorded", []
    for name in ("v_aa_c001", "v_bb_c001"):
        detections = str(benchmark / name / "det" / "det.txt")
        sportstrack.track_video(
            detections, folder, detections=detections, save_detections=True, formats=("mot",), name=name
        )
        found.append(benchmark / name)
    of_recordings = tune_tracker([folder], tracker="sort", truth=benchmark, tune=TuneSettings(trials=2, held_out=0.0))
    of_text = tune_tracker(found, tracker="sort", tune=TuneSettings(trials=2, held_out=0.0))
    assert tried(of_recordings) == tried(of_text)


def with_evidence(source: Path, target: Path) -> None:
    """Copy a recording with embeddings, camera motion, uneven times and a shot change in its middle."""
    recording = sportstrack.Recording(source)
    writer = RecordingWriter(target, replace(recording.info, embedder="osnet", camera="flow"))
    generator = np.random.default_rng(0)
    for frame in recording:
        vectors = generator.normal(size=(len(frame.detections), 8)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        camera = np.array([[1.0, 0.0, float(generator.normal())], [0.0, 1.0, 0.0]])
        writer.write(
            replace(
                frame,
                time=frame.time + (0.5 if frame.index > 20 else 0.0),
                detections=replace(frame.detections, embedding=vectors),
                camera=camera,
                cut_confidence=1.0 if frame.index == 30 else 0.0,
            )
        )
    writer.close()


def test_all_that_a_recording_holds_reaches_the_trials(benchmark: Path, tmp_path: Path) -> None:
    name = "v_aa_c001"
    detections = str(benchmark / name / "det" / "det.txt")
    sportstrack.track_video(
        detections, tmp_path, detections=detections, save_detections=True, formats=("mot",), name=name
    )
    (tmp_path / "with").mkdir()
    with_evidence(tmp_path / f"{name}.npz", tmp_path / "with" / f"{name}.npz")
    tuned = tune_tracker(
        [tmp_path / "with"], tracker="botsort", truth=benchmark, tune=TuneSettings(trials=2, held_out=0.0)
    )
    assert "appearance_thresh" in tuned.trials[1].values
    sportstrack.track_video(tmp_path / "with" / f"{name}.npz", tmp_path / "out", tracker="botsort", formats=("mot",))
    scores = sportstrack.score_tracks(benchmark / name / "gt" / "gt.txt", tmp_path / "out" / f"{name}.txt", frames=60)
    assert pytest.approx(tuned.trials[0].value, abs=1e-3) == scores.HOTA
    plain = tune_tracker([tmp_path], tracker="botsort", truth=benchmark, tune=TuneSettings(trials=2, held_out=0.0))
    assert "appearance_thresh" not in plain.trials[1].values
    assert plain.trials[0].value != pytest.approx(tuned.trials[0].value, abs=1e-3), "a cut and a gap change tracks"


def test_a_search_space_of_your_own(benchmark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "walkers.py").write_text(
        "from sportstrack import SORT, SORTConfig, Tracks\n"
        "class Mine:\n"
        "    search_space = {'age': (1, 30), 'way': ['a', 'b']}\n"
        "    def __init__(self, frame_rate, age=1, way='a'):\n"
        "        self.tracker = SORT(SORTConfig(max_age=age), frame_rate=frame_rate)\n"
        "        self.update, self.reset = self.tracker.update, self.tracker.reset\n"
    )
    monkeypatch.chdir(tmp_path)
    tuned = tune(benchmark, None, 4, tracker="walkers:Mine")
    assert {type(one.values["age"]) for one in tuned.trials[1:]} == {int}
    assert {one.values["way"] for one in tuned.trials[1:]} <= {"a", "b"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"detections": ["det/none.txt"]}, r"none\.txt: no detections there"),
        ({"only": ["match_tresh"]}, "did you mean 'match_thresh'"),
        ({"match": "v_.*"}, "expected a group"),
        ({"match": "(v)_.*"}, "there are 1 matches"),
        ({"folds": 9}, "--folds 9: there are 4 matches"),
        ({"tracker": "ocsort", "space": {"max_age": OneOf((-1,))}, "only": ["max_age"]}, None),
    ],
)
def test_mistakes_are_named(benchmark: Path, more: dict[str, Any], message: str | None) -> None:
    if message is None:  # a value that the tracker refuses is no trial to stop at
        assert not tune(benchmark, None, 3, **more).trials[1].complete
        return
    with pytest.raises(SportstrackError, match=message):
        tune(benchmark, None, 2, **more)
