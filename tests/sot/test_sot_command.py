"""``python -m sportstrack.sot`` as a user meets it: its files, its words and its exit status."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import make_video
import numpy as np
import pytest
import toy
from processes import environment

from sportstrack.engines.report import EngineReport
from sportstrack.sot import start as start_module
from sportstrack.sot.command import main
from sportstrack.sot.summary import SotSummary
from sportstrack.video import VideoWriter


def refused(capsys: pytest.CaptureFixture[str], words: list[object], *wanted: str) -> None:
    """The command failed as a user's mistake: status 2, one line, the words in it."""
    assert main([str(word) for word in words]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("sportstrack sot: error: ")
    assert shown.count("\n") == 1
    for word in wanted:
        assert word in shown


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4")


@pytest.fixture(scope="module")
def followed(match: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("followed")
    assert main([str(match), "--init", "10,20,14,18", "-o", str(folder), "--quiet"]) == 0
    return folder


def test_all_files_tell_of_the_same_player(followed: Path) -> None:
    rows = np.loadtxt(followed / "match.txt", delimiter=",")
    assert (rows[:, 0] == np.arange(1, 21)).all()
    assert (rows[:, 1] == 1).all()
    truth = np.array([toy.truth(i)[0] for i in range(20)])
    assert np.abs(rows[:, 2:4] - truth[:, :2]).max() < 4
    boxes = np.loadtxt(followed / "match_otb.txt", delimiter=",")
    np.testing.assert_allclose(boxes, rows[:, 2:6])
    summary = json.loads((followed / "match_sot.json").read_text())
    assert summary["frames"] == summary["seen"] == 20
    assert summary["complete"]
    assert summary["unseen"] == []
    assert summary["fps"] > 0
    assert set(summary["outputs"]) == {"video", "mot", "otb", "heat", "json"}
    assert all(Path(path).is_file() for path in summary["outputs"].values())


def test_the_pictures_show_the_path(followed: Path) -> None:
    heat = cv2.imread(str(followed / "match_heat.png"))
    assert heat.shape == (120, 160, 3)
    first = toy.picture(0).astype(int)
    changed = np.abs(heat - first).max(axis=2) > 25
    assert changed[30:45, 20:50].any()
    assert not changed[90:, :40].any()


def test_a_track_of_a_ground_truth_starts_at_its_first_frame(match: Path, tmp_path: Path) -> None:
    truth = tmp_path / "gt.txt"
    rows = [(f, 7, *toy.truth(f - 1)[1][:2], *toy.BOX) for f in range(5, 21)]
    truth.write_text("".join(",".join(map(str, row)) + ",1,1,1\n" for row in rows))
    words = [
        match,
        "--init-from",
        truth,
        "--id",
        7,
        "-o",
        tmp_path,
        "--quiet",
        "--formats",
        "mot,json",
        "--method",
        "kcf",
    ]
    assert main([str(word) for word in words]) == 0
    found = np.loadtxt(tmp_path / "match.txt", delimiter=",")
    assert found[0, 0] == 5
    assert set(found[:, 1]) == {7}
    assert json.loads((tmp_path / "match_sot.json").read_text())["first"] == 4


def test_rows_of_otb_and_polygons_of_vot_start_too(match: Path, tmp_path: Path) -> None:
    (tmp_path / "otb.txt").write_text("10\t20\t14\t18\n12\t20\t14\t18\n")
    (tmp_path / "vot.txt").write_text("10,20,24,20,24,38,10,38\n")
    for name, start in (("otb", 1), ("vot", 0)):
        words = [
            match,
            "--init-from",
            tmp_path / f"{name}.txt",
            "--start",
            start,
            "--formats",
            "mot",
            "--method",
            "kcf",
        ]
        assert main([str(word) for word in [*words, "-o", tmp_path / name, "--quiet"]]) == 0
        row = np.loadtxt(tmp_path / name / "match.txt", delimiter=",")[0]
        np.testing.assert_array_equal(row[[0, 2, 3, 4, 5]], [start + 1, 10 + 2 * start, 20, 14, 18])


def test_the_detector_starts_and_the_ball_is_followed(
    match: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = EngineReport("torch", why="no space left")
    monkeypatch.setattr("sportstrack.detect.custom.CustomDetector.report", report, raising=False)
    words = [match, "--detector", "toy:find", "-o", tmp_path, "--quiet", "--formats", "mot"]
    assert main([str(word) for word in [*words, "--detect", "player", "--imgsz", "320"]]) == 0
    assert capsys.readouterr().err == (
        "sportstrack sot: imgsz is part of this detector and was not set\n"
        "sportstrack sot: network: PyTorch fp32 (no space left)\n"
    )
    assert len(np.loadtxt(tmp_path / "match.txt", delimiter=",")) == 20


def test_a_detector_without_a_ball_says_what_it_knows(
    match: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(capsys, [match, "--detector", "toy:find", "--ball", "-o", tmp_path, "--quiet"], "no ball", "player")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--init", "1,2,3"], "x,y,w,h"),
        (["--init", "500,5,10,10"], "outside the 160x120 frame"),
        (["--init", "5,5,0,10"], "above 0"),
        (["--init", "5,5,10,-3"], "above 0"),
        (["--init", "nan,5,10,10"], "finite"),
        (["--init", "5,5,10,10", "--start", "400"], "ends before"),
        (["--init", "5,5,10,10", "--method", "csr"], "did you mean 'csrt'"),
        (["--init", "5,5,10,10", "--method", "nano"], "--model backbone=FILE.onnx"),
        (["--init", "5,5,10,10", "--model", "net"], "NAME=FILE"),
        (["--init", "5,5,10,10", "--id", "3"], "--init-from"),
        (["--init-from", "absent.txt"], "cannot be read"),
        (["--init", "5,5,10,10", "--set", "low_ever"], "low_ever=0"),
        (["--init", "5,5,10,10", "--set", "low_evr=0"], "did you mean 'low_ever'"),
        (["--init", "5,5,10,10", "--set", "low_ever=-1"], "a number from 0"),
        (["--init", "5,5,10,10", "--set", "bridge=2.5"], "a whole number"),
        (["--ball", "--set", "low_ever=0"], "rules of its own"),
    ],
)
def test_bad_words_are_refused(
    match: Path, tmp_path: Path, words: list[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(capsys, [match, *words, "-o", tmp_path / "out", "--quiet"], wanted)
    left = [path.name for path in (tmp_path / "out").glob("*")] if (tmp_path / "out").exists() else []
    assert left == []


def test_settings_by_name_follow_the_player_on_in_fading_light(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    with VideoWriter(tmp_path / "dusk.mp4", 160, 120, 25, crf=10) as writer:
        for frame in range(30):
            image = np.full((120, 160, 3), (60, 160, 60), np.uint8)
            left = 20 + 2 * frame
            image[50:68, left : left + 14] = (40, 40, 230)
            image[68:86, left : left + 14] = (230, 230, 230)
            grainy = image * (1 - 0.02 * frame) + random.normal(0, 6, image.shape)
            writer.write(grainy.clip(0, 255).astype(np.uint8), Fraction(frame, 25))
    words = [str(tmp_path / "dusk.mp4"), "--init", "20,50,14,36", "--formats", "json", "--quiet", "--json", "-o"]
    seen = []
    for folder, more in (("plain", []), ("set", ["--set", "low_ever=0"])):
        assert main([*words, str(tmp_path / folder), *more]) == 0
        seen.append(json.loads(capsys.readouterr().out)["seen"])
    assert seen[0] < 25
    assert seen[1] == 30


def test_the_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--list-settings"])
    assert "low_ever         0.45" in capsys.readouterr().out


def test_an_id_that_is_not_there_is_refused(match: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = tmp_path / "gt.txt"
    truth.write_text("1,3,10,20,14,18\n1,5,50,20,14,18\n")
    refused(capsys, [match, "--init-from", truth, "--id", 7], "no id 7", "it has: 3, 5")
    refused(capsys, [match, "--init-from", truth], "2 tracks", "--id")
    refused(capsys, [match, "--init-from", truth, "--id", 3, "--start", 9], "not in frame 9")


def test_an_empty_video_and_images_of_two_sizes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    refused(capsys, [empty, "--init", "5,5,10,10", "-o", tmp_path / "out", "--quiet"], "empty.mp4")
    folder = make_video.make_images(tmp_path / "images", ["1.png", "2.png"])
    make_video.make_images(folder, ["3.png"], size=(32, 32))
    words = [folder, "--init", "5,5,10,10", "-o", tmp_path / "out", "--quiet", "--method", "kcf"]
    refused(capsys, words, "3.png", "32x32")


def test_without_a_display_no_window_is_tried(
    match: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    if sys.platform.startswith("linux"):
        refused(capsys, [match, "--select", "-o", tmp_path, "--quiet"], "no display", "--init")


def draw(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Let the window's process answer by itself, knowing `image` and its title."""
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setattr(
        start_module, "_WINDOW", start_module._WINDOW.replace("cv2.selectROI(sys.argv[1], image)", answer)
    )


def test_a_box_drawn_in_the_window_is_followed(match: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(monkeypatch, "(image.shape[1] // 4, image.shape[0] // 4, 20, len(sys.argv[1]))")
    assert main([str(match), "--select", "-o", str(tmp_path), "--quiet", "--method", "kcf"]) == 0
    first = np.loadtxt(tmp_path / f"{match.stem}_otb.txt", delimiter=",")[0]
    _, image = cv2.VideoCapture(str(match)).read()
    height, width = image.shape[:2]
    assert first.tolist() == [width // 4, height // 4, 20, len("Draw a box, then press Enter (c cancels)")]


@pytest.mark.parametrize(
    ("answer", "said"), [("(0, 0, 0, 0)", "no box was drawn"), ("sys.exit(3)", "no window can be")]
)
def test_no_box_or_no_window_is_said(
    answer: str,
    said: str,
    match: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw(monkeypatch, answer)
    refused(capsys, [match, "--select", "-o", tmp_path, "--quiet"], said)


def test_ctrl_c_leaves_complete_files(tmp_path: Path) -> None:
    long = toy.make_match(tmp_path / "long.mp4", frames=100)
    slowly = (
        "import sys, time\nfrom sportstrack.sot import SingleTracker, command\nupdate = SingleTracker.update\n"
        "def slow(*words):\n    print('a frame', file=sys.stderr, flush=True)\n    time.sleep(0.2)\n"
        "    return update(*words)\nSingleTracker.update = slow\nsys.exit(command.main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", slowly, long, "--detector", "toy:find", "--detect", "player", "-o", tmp_path / "cut"]
    process = subprocess.Popen(
        [*words, "--json", "--quiet"], env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=toy.heed_ctrl_c,
    )  # fmt: skip
    assert process.stderr is not None
    for _ in range(6):
        process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    summary = json.loads(out)
    assert not summary["complete"]
    assert 5 <= summary["frames"] < 100
    assert len((tmp_path / "cut" / "long_otb.txt").read_text().splitlines()) == summary["frames"]
    assert not list((tmp_path / "cut").glob("*.part*"))


def test_the_summary_joins_frames_to_spans() -> None:
    summary = SotSummary("match")
    for index, state in enumerate(["tracking", "occluded", "occluded", "lost", "tracking", "lost"]):
        summary.note(index, state)
    assert summary.seen == 2
    assert summary.unseen == [(1, 3, "lost"), (5, 5, "lost")]
    assert "lost      frames 1 to 3" in summary.as_text()


def test_a_file_that_is_not_its_own_is_refused_before_the_detector_is_loaded(
    match: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "match.txt").write_text("my notes")
    refused(capsys, [match, "--ball", "--weights", "none.pt", "-o", tmp_path, "--quiet"], "match.txt", "--overwrite")
    words = [str(match), "--init", "10,20,14,18", "-o", str(tmp_path), "--formats", "mot,json", "--quiet"]
    refused(capsys, list(words), "match.txt", "--overwrite")
    assert (tmp_path / "match.txt").read_text() == "my notes"
    assert main([*words, "--overwrite"]) == 0
    assert main(words) == 0
    (tmp_path / "other").mkdir()
    other = toy.make_match(tmp_path / "other" / "match.mp4", frames=5)
    refused(capsys, [other, *words[1:]], "is the result of", str(match))
    (tmp_path / "match.txt").write_text("corrected")
    refused(capsys, list(words), "was changed")
