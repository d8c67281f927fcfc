"""``python -m sportstrack.refine`` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sportstrack.mot import read_mot
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.refine.command import main
from sportstrack.types import Detections

INFO = "[Sequence]\nname={}\nseqLength=80\nframeRate=25\nimWidth=640\nimHeight=360\n"


def rows(frames: list[int], track: int, left: float = 100.0, speed: float = 3.0) -> str:
    return "".join(f"{f},{track},{left + speed * f:.2f},50,40,90,0.9,-1,-1,-1\n" for f in frames)


RESULT = rows([*range(1, 41)], 3) + rows([*range(46, 81)], 8) + rows([*range(1, 81)], 4, left=400, speed=-1)
GIVEN = ("--size", "640x360", "--frame-rate", "25")


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "match.txt"
    path.write_text(RESULT)
    return path


def run(*words: object) -> int:
    return main([str(word) for word in words])


def record(
    path: Path,
    frames: int,
    embeddings: bool = False,
    shift: float = 0.0,
    jerk: float | None = None,
    pause: float = 0.0,
) -> Path:
    """A recording whose boxes are those of RESULT, with an embedding that changes at frame 40 of the second player."""
    writer = RecordingWriter(path, RecordingInfo("match", 640, 360, 25.0, {0: "ball", 1: "player"}))
    for f in range(frames):
        time = f / 25 + pause * (f >= 43)
        lefts = np.array([100 + 3.0 * (f + 1), 400 - 1.0 * (f + 1)]) + shift
        box = np.stack([lefts, np.full(2, 50.0), lefts + 40, np.full(2, 140.0)], axis=1)
        embedding = np.array([[1.0, 0, 0], [0, 1, 0] if f < 40 else [0, 0, 1]], np.float32) if embeddings else None
        camera = None if jerk is None else np.array([[1.0, 0, jerk if f == 43 else 0.0], [0, 1, 0]])
        writer.write(RecordedFrame(f, time, Detections(box, np.ones(2), np.zeros(2, np.int64), embedding), camera))
    writer.close()
    return path


def test_the_module_runs_and_says_what_it_did(result: Path, tmp_path: Path, root: Path) -> None:
    words = [sys.executable, "-m", "sportstrack.refine", str(result), *GIVEN, "-o", str(tmp_path / "out")]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "match: 3 tracks → 2 (0 split, 1 linked, 0 dropped), 5 boxes filled, not smoothed" in done.stdout
    assert result.read_text() == RESULT
    refined = read_mot(tmp_path / "out" / "match.txt")
    assert sorted(set(refined.track_id.tolist())) == [3, 4]
    filled = refined.visibility == 0
    np.testing.assert_array_equal(refined.frame[filled], np.arange(40, 45))
    np.testing.assert_allclose(refined.xyxy[filled, 0], 100 + 3.0 * np.arange(41, 46), atol=1.5)
    assert (refined.visibility[~filled] == -1).all()


def test_help_names_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run("--help")
    assert stop.value.code == 0
    assert "split,link,interpolate,smooth,drop" in capsys.readouterr().out


def test_one_step_alone(result: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    assert run(result, *GIVEN, "-o", out, "--steps", "link") == 0
    refined = read_mot(out)
    assert len(refined) == len(read_mot(result))
    assert sorted(set(refined.track_id.tolist())) == [3, 4]
    assert run(result, *GIVEN, "-o", out, "--steps", "interpolate") == 0
    assert sorted(set(read_mot(out).track_id.tolist())) == [3, 4, 8]


def test_settings_can_be_changed(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(result, *GIVEN, "-o", tmp_path / "out", "--set", "fill_gap=0.1", "--set", "interior_gap=0.1") == 0
    assert "3 tracks → 3 (0 split, 0 linked, 0 dropped), 0 boxes filled" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run("--list-settings")
    assert "fill_gap                 1.2\n" in capsys.readouterr().out


def test_a_settings_file_brings_its_settings(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tuned.yaml"
    file.write_text("tracker: sort\nrefine_settings: {fill_gap: 0.1, interior_gap: 0.1}\noffline: true\n")
    assert run(result, *GIVEN, "-o", tmp_path / "out", "--config", file) == 0
    assert "3 tracks → 3 (0 split, 0 linked, 0 dropped), 0 boxes filled" in capsys.readouterr().out
    assert run(result, *GIVEN, "-o", tmp_path / "out", "--config", file, "--set", "interior_gap=4") == 0
    assert "1 linked" in capsys.readouterr().out
    file.write_text("refine_settings: {fil_gap: 1}\n")
    assert run(result, *GIVEN, "-o", tmp_path / "out", "--config", file) == 2
    assert "tuned.yaml: no setting of the refinement 'fil_gap'; did you mean 'fill_gap'?" in capsys.readouterr().err


def test_the_original_is_never_overwritten(
    result: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "refine"
    folder.mkdir(parents=True)
    again = folder / "match.txt"
    again.write_text(RESULT)
    monkeypatch.chdir(tmp_path)
    for more in ((), ("-o", again), ("-o", folder), ("-o", folder, "--overwrite")):
        assert run(again, *GIVEN, *more) == 2
        assert "is an input of this run" in capsys.readouterr().err
        assert again.read_text() == RESULT


def test_a_refined_result_is_replaced_by_its_own_source_and_kept_when_corrected(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        assert run(result, *GIVEN, "-o", out) == 0
    refined = out / result.name
    corrected = refined.read_text().replace("1,", "2,", 1)
    refined.write_text(corrected)
    assert run(result, *GIVEN, "-o", out) == 2
    assert "was changed since it was written" in capsys.readouterr().err
    assert refined.read_text() == corrected
    assert run(result, *GIVEN, "-o", out, "--overwrite") == 0
    other = tmp_path / "other" / result.name
    other.parent.mkdir()
    other.write_text(RESULT.replace("30", "31"))
    assert run(other, *GIVEN, "-o", out) == 2
    assert "is the result of" in capsys.readouterr().err


def test_a_folder_with_its_benchmark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        truth = tmp_path / "truth" / name
        (truth / "gt").mkdir(parents=True)
        (truth / "gt" / "gt.txt").write_text(RESULT)
        (truth / "seqinfo.ini").write_text(INFO.format(name))
        (tmp_path / "mine" / "data").mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / "data" / f"{name}.txt").write_text(RESULT)
    assert run(tmp_path / "mine", "--truth", tmp_path / "truth", "-o", tmp_path / "out", "--json") == 0
    said = capsys.readouterr()
    assert said.err == ""
    summaries = [json.loads(line) for line in said.out.splitlines()]
    assert [(s["name"], s["tracks_before"], s["tracks_after"], s["filled"]) for s in summaries] == [
        ("one", 3, 2, 5),
        ("two", 3, 2, 5),
    ]
    assert {path.name for path in (tmp_path / "out").glob("[!.]*")} == {"one.txt", "two.txt"}
    info = tmp_path / "truth" / "one" / "seqinfo.ini"
    assert run(tmp_path / "mine" / "data" / "two.txt", "--seqinfo", info, "-o", tmp_path / "out") == 0
    assert capsys.readouterr().err == ""


def test_a_result_without_a_sequence_is_refined_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("one", "two"):
        (tmp_path / "truth" / name / "gt").mkdir(parents=True)
        (tmp_path / "truth" / name / "gt" / "gt.txt").write_text(RESULT)
        (tmp_path / "truth" / name / "seqinfo.ini").write_text(INFO.format(name))
    for name in ("one", "demo"):
        (tmp_path / "mine" / f"{name}.txt").write_text(RESULT)
    assert run(tmp_path / "mine", "--truth", tmp_path / "truth", "-o", tmp_path / "out") == 0
    notes = capsys.readouterr().err
    assert "demo.txt: frame rate unknown" in notes
    assert "one.txt" not in notes
    (tmp_path / "mine" / "one.txt").unlink()
    assert run(tmp_path / "mine", "--truth", tmp_path / "truth", "-o", tmp_path / "out") == 2
    assert "no sequence 'demo'" in capsys.readouterr().err


def test_no_count_of_the_summary_is_negative(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, shots = tmp_path / "match.txt", tmp_path / "shots.csv"
    result.write_text(rows([*range(1, 81)], 4, left=400, speed=-1) + rows([*range(1, 81)], 3))
    shots.write_text("shot,start,end\n1,0,39\n2,40,79\n")
    assert run(result, *GIVEN, "--shots", shots, "--json", "-o", tmp_path / "out", "--set", "drop_share=0") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["tracks_before"], found["split"], found["linked"], found["dropped"]) == (2, 2, 0, 0)
    assert found["tracks_after"] == 4


def test_one_bad_result_does_not_stop_the_others(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.txt").write_text("1,1,0,0,ten,10\n")
    assert run(tmp_path, *GIVEN, "-o", tmp_path / "out") == 2
    said = capsys.readouterr()
    assert "broken.txt, line 1" in said.err
    assert "1 of 2 results failed" in said.err
    assert (tmp_path / "out" / "match.txt").is_file()


def test_what_is_not_known_is_guessed_aloud(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(result, "-o", tmp_path / "out") == 0
    said = capsys.readouterr().err
    assert "frame rate unknown: taken for 25" in said
    assert "size of the picture unknown: taken for 439x140" in said
    assert run(result, "-o", tmp_path / "out", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_a_recording_gives_size_rate_and_embeddings(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = record(tmp_path / "match.npz", 80, embeddings=True)
    assert run(result, "--detections", recording, "-o", tmp_path / "out", "--steps", "split") == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "3 tracks → 4 (1 split" in said.out
    refined = read_mot(tmp_path / "out" / "match.txt")
    assert (refined.track_id[(refined.frame >= 40) & (refined.track_id != 8)] == 9).all()
    assert run(result, "--detections", tmp_path, "-o", tmp_path / "out") == 0, "a folder of recordings"


def test_a_recorded_camera_is_used(result: Path, tmp_path: Path) -> None:
    # The camera jerks by 40 pixels within the gap; before and after the jerk, the player is filled in accordingly.
    recording = record(tmp_path / "match.npz", 80, jerk=40.0)
    assert run(result, "--detections", recording, "-o", tmp_path / "out", "--steps", "link,interpolate") == 0
    refined = read_mot(tmp_path / "out" / "match.txt")
    filled = refined[refined.visibility == 0]
    assert filled.frame.tolist() == [40, 41, 42, 43, 44]
    np.testing.assert_allclose(np.diff(filled.xyxy[:, 0]), [3 - 40 / 6] * 2 + [43 - 40 / 6] + [3 - 40 / 6], atol=0.02)


@pytest.mark.parametrize(
    ("frames", "shift", "message"),
    [(60, 0.0, "ends at frame 60, but the result goes to 80"), (80, 300.0, "recording of another video")],
)
def test_a_recording_of_something_else_is_refused(
    frames: int, shift: float, message: str, result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = record(tmp_path / "match.npz", frames, shift=shift)
    assert run(result, "--detections", recording, "-o", tmp_path / "out") == 2
    assert message in capsys.readouterr().err


def test_results_of_every_nth_frame_keep_their_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "match.txt"
    path.write_text(rows([*range(3, 120, 3)], 1) + rows([*range(135, 240, 3)], 2))
    assert run(path, *GIVEN, "-o", tmp_path / "out") == 0
    assert "2 tracks → 1" in capsys.readouterr().out
    refined = read_mot(tmp_path / "out" / "match.txt")
    assert (refined.frame + 1).tolist() == [*range(3, 240, 3)]


def test_frames_from_zero_stay_so(tmp_path: Path) -> None:
    path = tmp_path / "match.txt"
    path.write_text(rows([*range(30)], 1))
    assert run(path, *GIVEN, "-o", tmp_path / "out", "--zero-based") == 0
    assert (tmp_path / "out" / "match.txt").read_text().startswith("0,1,100.00,50.00,40.00,90.00,0.9,-1,-1,-1\n")


def test_an_empty_result_stays_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "match.txt"
    path.write_text("")
    assert run(path, *GIVEN, "-o", tmp_path / "out") == 0
    assert (tmp_path / "out" / "match.txt").read_text() == ""
    assert run(path, "-o", tmp_path / "out") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.txt"], "nowhere.txt: no such file or folder"),
        (["empty"], "no SEQUENCE.txt in this folder"),
        (["detections.txt", *GIVEN], "boxes without identity"),
        (["twice.txt", *GIVEN], "this id stands a second time in this frame"),
        (["match.txt", "same/match.txt", *GIVEN], "two results are called match.txt"),
        (["match.txt", "twice.txt", "-o", "one.txt"], "is one file, but there are 2 results"),
        (["match.txt", "--truth", "nowhere"], "nowhere: no such file or folder"),
        (["match.txt", "--seqinfo", "match.txt"], "expected a file seqinfo.ini"),
        (["match.txt", "--detections", "none.npz"], "none.npz: no such recording"),
        (["match.txt", "--detections", "match.txt"], "expected a recording of detections"),
        (["match.txt", *GIVEN, "--set", "fill_gap=-3"], "fill_gap: expected a number from 0"),
        (["match.txt", *GIVEN, "-o", "match.txt/inside"], "is a file, not a folder"),
    ],
)
def test_bad_input_is_named(
    words: list[str],
    message: str,
    result: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "same").mkdir()
    (tmp_path / "same" / "match.txt").write_text(RESULT)
    (tmp_path / "detections.txt").write_text("1,-1,5,5,10,10,0.9,-1,-1,-1\n")
    (tmp_path / "twice.txt").write_text("1,1,5,5,10,10\n1,1,5,5,10,10\n")
    assert run(*words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--steps", "link,smoth"], "did you mean 'smooth'"),
        (["--size", "1280"], "expected WIDTHxHEIGHT"),
        (["--size", "0x720"], "expected WIDTHxHEIGHT"),
        (["--frame-rate", "fast"], "expected a number from"),
        (["--set", "fil_gap=1"], "did you mean 'fill_gap'"),
        (["--set", "fill_gap=long"], "expected KEY=NUMBER"),
        ([], "the following arguments are required: RESULT"),
    ],
)
def test_bad_options_are_named(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(*(["match.txt", *words] if words else []))
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("named", ["summary", "recording", "nothing"])
def test_the_ball_is_left_as_it_is_where_its_class_has_a_name(named: str, tmp_path: Path, capsys) -> None:
    result, out = tmp_path / "match.txt", tmp_path / "out"
    people = RESULT.replace(",0.9,-1", ",0.9,2")
    ball = [f"{f},1,{50 + 90 * (f % 3)},{60 + 60 * (f % 2)},8,8,0.5,1,-1,-1\n" for f in range(1, 80) if f % 20 < 12]
    result.write_text(people + "".join(ball))
    words = [result, *GIVEN, "-o", out]
    if named == "summary":
        result.with_suffix(".summary.json").write_text('{"names": {"0": "Football", "1": "player"}}')
    elif named == "recording":
        words += ["--detections", record(tmp_path / "run.npz", 80)]
    assert run(*words) == 0
    left = "".join(row for row in (out / "match.txt").read_text().splitlines(True) if row.split(",")[7] == "1")
    same = [tuple(map(float, row.split(",")[:6])) for row in left.splitlines()] == [
        tuple(map(float, row.split(",")[:6])) for row in ball
    ]
    assert same == (named != "nothing")
    printed = capsys.readouterr().out
    assert ("3 tracks → 2" in printed and "1 of the ball left alone" in printed) == same


@pytest.mark.parametrize(("pause", "tracks"), [(0.0, 2), (30.0, 3)])
def test_the_recordings_times_say_how_long_a_gap_lasted(
    pause: float, tracks: int, result: Path, tmp_path: Path, capsys
) -> None:
    recording = record(tmp_path / "run.npz", 80, pause=pause)
    words = [result, "--detections", recording, "-o", tmp_path / "out", "--steps", "link,interpolate", "--json"]
    assert run(*words) == 0
    assert json.loads(capsys.readouterr().out)["tracks_after"] == tracks
    assert run(*words, "--frame-rate", "25", "--overwrite") == 0, "a rate that is given wins"
    assert json.loads(capsys.readouterr().out)["tracks_after"] == 2
