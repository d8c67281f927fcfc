"""Runs of the command that are stopped, refused or fail: one line says why, and what was done stays readable."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import make_video
import pytest
import toy
from processes import call_track, environment, refused, run_track

from sportstrack.cli import main

TOY = ["--detector", "toy:find"]


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4")


def stop_after_some_frames(out: Path, how: signal.Signals, *words: str) -> str:
    """Track a match slowly, send a signal in the middle of it, and return what the command printed."""
    match = toy.make_match(out.parent / "match.mp4", frames=100)
    command_line = [sys.executable, "-m", "sportstrack.track", str(match), "--detector", "toy:Slow", "-o", str(out)]
    process = subprocess.Popen(
        [*command_line, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        preexec_fn=toy.heed_ctrl_c,
    )  # fmt: skip
    assert process.stderr is not None
    for _ in range(6):  # let a few frames through
        process.stderr.readline()
    process.send_signal(how)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    return stdout


def test_ctrl_c_leaves_readable_files(tmp_path: Path) -> None:
    words = ["--formats", "all", "--save-detections", "--json"]
    summary = json.loads(stop_after_some_frames(tmp_path / "out", signal.SIGINT, *words))
    assert not summary["complete"]
    frames = summary["frames"]
    assert 4 <= frames < 100
    assert make_video.count_frames(Path(summary["outputs"]["video"])) == frames
    assert len(Path(summary["outputs"]["jsonl"]).read_text().splitlines()) == frames
    replay = call_track("--detections", summary["outputs"]["detections"], "-o", tmp_path / "replay", "--json")
    assert json.loads(replay.stdout)["frames"] == frames
    assert not list((tmp_path / "out").glob("match.txt")), "an unfinished file must not carry the finished one's name"


def test_a_detector_that_breaks_is_one_line_with_its_place(match: Path, tmp_path: Path) -> None:
    words = (match, "--detector", "toy:FailAt", "-o", tmp_path, "--formats", "mot", "--quiet")
    result = call_track(*words)
    refused(result, "detector toy:FailAt failed: RuntimeError: the toy detector broke", "toy.py:", "--verbose")
    (part,) = tmp_path.glob("match.*.part.txt")
    assert part.read_text().splitlines()[-1].startswith("5,")
    assert "Traceback" in call_track(*words, "--verbose").stderr


def test_wrong_words_name_the_nearest_right_one(match: Path, tmp_path: Path) -> None:
    refused(call_track(match, *TOY, "--tracker", "bytetrak", "-o", tmp_path), "'bytetrack'")
    refused(
        call_track(match, *TOY, "--tracker", "bytetrack", "--set", "track_bufer=3", "-o", tmp_path), "'track_buffer'"
    )
    refused(
        call_track(match, *TOY, "--tracker", "bytetrack", "--set", "track_buffer=soon", "-o", tmp_path),
        "a whole number",
    )
    refused(
        call_track(match, *TOY, "--tracker", "bytetrack", "--set", "match_thresh=7", "-o", tmp_path),
        "match_thresh",
        "from 0 to 1",
    )
    refused(call_track(match, *TOY, "--formats", "mott", "-o", tmp_path), "'mot'")
    refused(call_track(match, *TOY, "--every", 0, "-o", tmp_path), "every")
    refused(call_track(match, "--bacth", 3), "--bacth")
    refused(call_track("-o", tmp_path), "no source", "--demo")


def test_a_bad_settings_file_is_named_with_its_line(match: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("tracker: sort\nscore: [0.1\nimgsz: 3\n")
    refused(call_track(match, "--config", config), "c.yaml", "line")
    config.write_text("traker: sort\n")
    refused(call_track(match, "--config", config), "c.yaml", "'tracker'")
    refused(call_track(match, "--config", tmp_path / "none.yaml"), "none.yaml")


def test_sources_that_are_no_video(tmp_path: Path) -> None:
    out = ["-o", tmp_path / "out", *TOY]
    refused(call_track(tmp_path / "gone.mp4", *out), "gone.mp4", "no such file")
    (tmp_path / "empty").mkdir()
    refused(call_track(tmp_path / "empty", *out), "empty", "image")
    (tmp_path / "text.mp4").write_text("this is not a video, it is a diary\n" * 20)
    refused(call_track(tmp_path / "text.mp4", *out), "text.mp4")
    (tmp_path / "nothing.mp4").touch()
    refused(call_track(tmp_path / "nothing.mp4", *out), "nothing.mp4")
    refused(call_track(make_video.make_audio(tmp_path / "sound.m4a"), *out), "sound.m4a")


def test_outputs_that_cannot_be_written(match: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused(call_track(match, *TOY, "-o", tmp_path / "file"), "file", "not a folder")
    refused(call_track(match, *TOY, "-o", tmp_path / "file" / "below"), "file")
    if os.geteuid() != 0:  # root may write anywhere
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        refused(call_track(match, *TOY, "-o", locked), "locked", "permission")


@pytest.mark.parametrize("formats", ["mot,csv,jsonl", "video"])
def test_a_full_disk_is_said_and_ends_the_run(tmp_path: Path, formats: str) -> None:
    match = toy.make_match(tmp_path / "match.mp4", frames=150)

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing fails with an error instead of a signal
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    result = run_track(match, *TOY, "-o", tmp_path / "out", "--formats", formats, preexec_fn=small_files)
    refused(result, "match", "full" if formats != "video" else "match_tracked.mp4")


def test_weights_that_are_no_weights_and_a_device_that_is_not_there(match: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pt"
    bad.write_text("not weights")
    refused(call_track(match, "--weights", bad, "-o", tmp_path), "bad.pt")
    refused(call_track(match, "--weights", tmp_path / "none.pt", "-o", tmp_path), "none.pt")
    refused(call_track(match, "--weights", "demo", "--device", "cuda:7", "-o", tmp_path), "cuda:7", "--device cpu")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_a_stop_in_the_first_pass_of_offline_leaves_the_tracks_so_far(how: signal.Signals, tmp_path: Path) -> None:
    words = ["--offline", "--formats", "video,csv", "--json"]
    summary = json.loads(stop_after_some_frames(tmp_path / "out", how, *words))
    assert not summary["complete"]
    rows = Path(summary["outputs"]["csv"]).read_text().splitlines()[1:]
    assert {int(row.split(",")[0]) for row in rows} == set(range(1, summary["frames"])) | {0}
    replay = call_track("--detections", summary["outputs"]["detections"], "-o", tmp_path / "replay", "--json")
    assert json.loads(replay.stdout)["frames"] == summary["frames"]


def test_sigterm_counts_as_ctrl_c(tmp_path: Path) -> None:
    stop_after_some_frames(tmp_path / "out", signal.SIGTERM)
    assert list((tmp_path / "out").glob("*.part.mp4"))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--tracker", "bytetrac"], "bytetrac"),
        (["--tracker", "bytetrack", "--set", "track_bufer=3"], "track_bufer"),
    ],
)
def test_a_wrong_tracker_is_named_before_weights_are_sought(
    words: list[str], named: str, match: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["track", str(match), "--weights", "nowhere.pt", *words, "-o", str(tmp_path)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert named in error
    assert "did you mean" in error
