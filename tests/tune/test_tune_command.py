"""The command: lists, summaries, errors, and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import toy

from sportstrack import TrackSettings
from sportstrack.cli import main
from sportstrack.track.settings import read_settings

ROOT = Path(__file__).resolve().parents[2]


def run(*words: object) -> int:
    return main(["tune", *map(str, words)])


def test_the_space_is_listed_with_its_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list-space", "--tracker", "sort", "--space", "per_class=true,false", "--set", "det_thresh=0.3") == 0
    out = capsys.readouterr().out
    assert "max_age" in out
    assert "1 to 120" in out
    assert "per_class" in out
    assert "det_thresh" not in out, "it is fixed"
    assert run("--list-space", "--tracker", "botsort") == 0
    assert "if the detections have embeddings" in capsys.readouterr().out


def test_the_settings_that_are_written_are_read_by_track(
    benchmark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (benchmark, "--tracker", "sort", "--trials", 8, "--held-out", 0.4, "-o", tmp_path)
    assert run(*words, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["trials"] == 8
    assert said["searched"]["after"] > said["searched"]["before"], "max_age 1 leaves much to find here"
    settings = TrackSettings(**read_settings(tmp_path / "tuned.yaml"))
    assert settings.tracker_settings == said["values"]
    assert run(*words) == 0
    out = capsys.readouterr().out
    assert "best is trial" in out
    assert "importance" in out
    assert "sportstrack track VIDEO --config" in out


def test_a_search_goes_on_from_a_settings_file(
    benchmark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tuned.yaml"
    file.write_text("tracker: sort\ntracker_settings: {max_age: 9}\n")
    assert run(benchmark, "--config", file, "--trials", 2, "--what", "refine", "-o", tmp_path / "out", "--quiet") == 0
    values = read_settings(tmp_path / "out" / "tuned.yaml")
    assert values["tracker_settings"] == {"max_age": 9}
    assert values["offline"] is True


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no source: name a folder of sequences"),
        (("nowhere",), "nowhere: no such file or folder"),
        (("BENCHMARK", "--objective", "MOTA"), "objective: no figure 'MOTA'"),
        (("BENCHMARK", "--what", "tracker,reid"), "'reid'"),
        (("BENCHMARK", "--space", "max_age"), "--space max_age: expected NAME=LOW:HIGH"),
        (("BENCHMARK", "--tracker", "cbiou", "--calibrate"), "cbiou has no Kalman filter"),
        (("BENCHMARK", "--folds", "1"), "folds: expected 0 or from 2"),
    ],
)
def test_mistakes_are_one_line(
    benchmark: Path, tmp_path: Path, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(benchmark) if word == "BENCHMARK" else word for word in words]
    try:
        status = run(*given, "-o", tmp_path)
    except SystemExit as stop:
        status = int(stop.code or 0)
    error = capsys.readouterr().err
    assert status == 2
    assert message in error
    assert error.count("\n") == 1


def test_without_optuna_the_extra_is_named(
    benchmark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert run(benchmark, "-o", tmp_path) == 2
    assert "pip install 'sportstrack[tune]'" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_after_ctrl_c_the_same_command_goes_on(benchmark: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sportstrack.tune", str(benchmark), "--tracker", "sort", "--held-out", "0.4", "-o"]
    command = [*words, str(tmp_path), "--processes", "2", "--trials", "400"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=toy.heed_ctrl_c)
    assert process.stderr is not None
    for line in process.stderr:
        if "trial 0" in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Traceback" not in rest
    done = subprocess.run(
        [*words, str(tmp_path), "--trials", "2", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["trials"] >= 2
