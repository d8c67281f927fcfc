"""``python -m sportstrack.sot.evaluate`` as a user meets it, on small pictures and on real sequences."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import toy

from sportstrack.errors import FormatError, SettingError
from sportstrack.sot.evaluate.command import main
from sportstrack.sot.evaluate.layouts import ObjectSequence, find_sequences
from sportstrack.sot.evaluate.scores import FAILED, SKIPPED, STARTED, TRACKED, score_one_pass
from sportstrack.sot.evaluate.trials import Trial, contender, one_pass, read_trial, restarts, write_trial

FRAMES = 16
NAN = [math.nan] * 4


def place(frame: int) -> list[float]:
    return [20.0 + 2 * frame, 30.0, 52.0 + 2 * frame, 62.0]


def make_sequence(folder: Path, frames: int = FRAMES) -> Path:
    """OTB's layout: a textured square glides over a textured field."""
    rng = np.random.default_rng(4)
    field, square = rng.integers(60, 120, (96, 128, 3)), rng.integers(0, 255, (8, 8, 3)).repeat(4, 0).repeat(4, 1)
    (folder / "img").mkdir(parents=True)
    rows = []
    for frame in range(frames):
        image = field.copy()
        x1, y1, x2, y2 = map(int, place(frame))
        image[y1:y2, x1:x2] = square
        cv2.imwrite(str(folder / "img" / f"{frame + 1:04}.png"), image)
        rows.append(f"{x1},{y1},{x2 - x1},{y2 - y1}\n")
    (folder / "groundtruth_rect.txt").write_text("".join(rows))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name in ("One", "Two"):
        make_sequence(folder / name)
    return folder


def evaluate(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def report(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    assert evaluate(data, "--methods", "kcf,plain-mosse", "-o", folder, "--quiet") == 0
    return folder


def refused(capsys: pytest.CaptureFixture[str], *words: object, say: str) -> None:
    assert evaluate(*words) == 2
    shown = capsys.readouterr().err
    assert "error: " in shown
    assert say in shown


# --- the command -----------------------------------------------------------------------------------------------------


def test_methods_are_run_and_scored(report: Path) -> None:
    found = json.loads((report / "one-pass.json").read_text())
    assert found["protocol"] == "one pass"
    assert set(found["trackers"]) == {"kcf", "plain-mosse"}
    for scores in found["trackers"].values():
        assert set(scores["sequences"]) == {"One", "Two"}
        assert scores["mean"]["frames"] == 2 * FRAMES
        assert scores["mean"]["AUC"] > 0.7  # an easy square
        assert scores["mean"]["P20"] == 1
        assert scores["mean"]["fps"] > 0
        assert len(scores["mean"]["curves"]["success"]) == 21
        assert scores["mean"]["AUC"] == pytest.approx(np.mean(scores["mean"]["curves"]["success"]))


def test_the_figures_are_those_of_the_result_files(report: Path, data: Path) -> None:
    found = json.loads((report / "one-pass.json").read_text())["trackers"]["kcf"]["sequences"]["One"]
    rows = np.loadtxt(report / "results" / "kcf" / "One.txt", delimiter=",")
    assert rows.shape == (FRAMES, 4)
    truth = find_sequences(data)["One"].boxes
    scores = score_one_pass(np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:]]), truth, size=(128, 96))
    assert {name: found[name] for name in ("AUC", "P20", "AO")} == {
        name: pytest.approx(scores.figures[name]) for name in ("AUC", "P20", "AO")
    }
    assert len((report / "results" / "kcf" / "times" / "One_time.txt").read_text().split()) == FRAMES


def test_markdown_and_csv_say_the_same(report: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((report / "one-pass.csv").read_text())))
    assert [(row["tracker"], row["sequence"]) for row in rows] == [
        (tracker, name) for tracker in ("kcf", "plain-mosse") for name in ("One", "Two", "mean")
    ]
    text = (report / "one-pass.md").read_text()
    assert f"| kcf | {100 * float(rows[2]['AUC']):.1f} |" in text
    assert "### plain-mosse" in text


def test_the_plots_are_pictures_with_a_line_per_tracker(report: Path, data: Path, tmp_path: Path) -> None:
    for name in ("success", "precision", "normalised-precision"):
        assert cv2.imread(str(report / f"{name}.png")).shape[2] == 3
    words = ("--results", f"mine={report / 'results' / 'kcf'}", "--results", f"other={report / 'results' / 'kcf'}")
    assert evaluate(data, *words, "-o", tmp_path, "--plots", "svg", "--quiet") == 0
    assert (tmp_path / "success.svg").read_text().count("<path") > 2
    from sportstrack.sot.evaluate.plots import plot

    scores = score_one_pass([place(0)] * 3, [place(0)] * 3)
    axes = plot({"good": scores, "same": scores}, "success").axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines] == [scores.success.tolist()] * 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["good 95.2", "same 95.2"]


def test_what_is_there_is_not_run_again(report: Path, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "results" / "kcf" / "One.txt"
    file.parent.mkdir(parents=True)
    file.write_text("0,0,1,1\n" * FRAMES)
    words = (data, "--methods", "kcf", "--sequences", "On*", "-o", tmp_path, "--quiet", "--plots", "none")
    assert evaluate(*words) == 0
    assert json.loads((tmp_path / "one-pass.json").read_text())["trackers"]["kcf"]["mean"]["AO"] == 0
    assert evaluate(*words, "--fresh") == 0
    assert json.loads((tmp_path / "one-pass.json").read_text())["trackers"]["kcf"]["mean"]["AO"] > 0.7
    assert not (tmp_path / "success.png").exists()


def test_results_of_others_in_their_layouts(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [place(frame) for frame in range(FRAMES)]
    text = "".join(f"{x1}\t{y1}\t{x2 - x1}\t{y2 - y1}\n" for x1, y1, x2, y2 in rows)
    (tmp_path / "otb").mkdir()
    (tmp_path / "got" / "One").mkdir(parents=True)
    (tmp_path / "otb" / "One.txt").write_text(text)
    (tmp_path / "got" / "One" / "One_001.txt").write_text(text.replace("\t", ","))
    words = [data, "--results", f"otb={tmp_path / 'otb'}", "--results", f"got={tmp_path / 'got'}", "-o", tmp_path / "r"]
    refused(capsys, *words, say="--allow-missing")
    assert evaluate(*words, "--allow-missing", "--format", "json") == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)["trackers"]
    assert [scores["mean"]["AO"] for scores in found.values()] == [1, 1]
    assert found["otb"]["mean"]["fps"] is None  # the times are not there
    assert "left out for all: Two" in shown.err


def test_restarts_are_a_protocol_of_their_own(data: Path, tmp_path: Path) -> None:
    words = (data, "--methods", "plain-mosse", "--protocol", "restart", "-o", tmp_path, "--quiet")
    assert evaluate(*words) == 0
    found = json.loads((tmp_path / "restarts.json").read_text())
    mean = found["trackers"]["plain-mosse"]["mean"]
    assert mean["failures"] == 0
    assert mean["accuracy"] > 0.7
    assert mean["reliability"] == 1
    assert "AUC" not in mean
    assert not list(tmp_path.glob("one-pass*"))
    assert (tmp_path / "results" / "plain-mosse" / "baseline" / "One" / "One_001.txt").read_text().startswith("1\n")
    assert evaluate(data, "--results", f"x={tmp_path / 'results' / 'plain-mosse'}", "-o", tmp_path, "--quiet") == 2


def test_attributes_are_told_by_sequences_and_by_frames(tmp_path: Path) -> None:
    folder = make_sequence(tmp_path / "Jump")
    lines = (folder / "groundtruth_rect.txt").read_text().splitlines()
    lines[9:] = ["70,30,10,10"] * len(lines[9:])  # jumps, and shrinks to a tenth
    (folder / "groundtruth_rect.txt").write_text("\n".join(lines))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "Jump.txt").write_text("\n".join(lines[:9] + ["0,0,5,5"] * len(lines[9:])))
    words = (folder, "--results", f"mine={tmp_path / 'mine'}", "-o", tmp_path / "r", "--quiet")
    assert evaluate(*words) == 0
    found = json.loads((tmp_path / "r" / "one-pass.json").read_text())
    small = found["attributes"]["low resolution"]["mine"]
    assert (small["sequences"], small["frames"], small["AUC_frames"]) == (1, FRAMES - 9, 0)
    assert small["AUC"] == found["trackers"]["mine"]["mean"]["AUC"] > 0.5
    assert found["attributes"]["fast motion"]["mine"]["frames"] == 1
    assert "scale variation" in found["attributes"]
    assert "occlusion" not in found["attributes"]  # the file does not say so
    assert "| low resolution | 1 | 7 | " in (tmp_path / "r" / "one-pass.md").read_text()


def test_mistakes_are_named(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = (data, "-o", tmp_path)
    refused(capsys, tmp_path / "nothing", say="no such folder")
    refused(capsys, *here, "--methods", "ksf", say="did you mean 'kcf'")
    refused(capsys, *here, "--methods", "plain-vit", say="--model net=FILE.onnx")
    refused(capsys, *here, "--methods", "kcf,kcf", say="two trackers are called kcf")
    refused(capsys, *here, "--sequences", "Three", say="there are: One, Two")
    refused(capsys, *here, "--results", "mine", say="expected NAME=DIR")
    refused(capsys, *here, "--results", f"mine={tmp_path / 'no'}", say="no folder")
    refused(capsys, *here, "--model", "x=y", say="expected NAME=FILE with a NAME of backbone")
    refused(capsys, data, data, "-o", tmp_path, say="give each folder once")


def test_a_result_of_another_length_is_refused(data: Path, tmp_path: Path) -> None:
    one = find_sequences(data)["One"]
    (tmp_path / "One.txt").write_text("1,2,3,4\n" * 3)
    with pytest.raises(FormatError, match=r"One\.txt: has 3 rows, the sequence 16 frames"):
        read_trial(one, tmp_path, "ope")
    (tmp_path / "baseline" / "One").mkdir(parents=True)
    file = tmp_path / "baseline" / "One" / "One_001.txt"
    for text, words in (("1,2,3,4\n" * FRAMES, "one-pass"), ("1\n" + "5\n" * (FRAMES - 1), "row 2: expected a box")):
        file.write_text(text)
        with pytest.raises(FormatError, match=words):
            read_trial(one, tmp_path, "restart")


def test_sequences_that_cannot_be_followed_are_left_out(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_sequence(tmp_path / "data" / "Outside")
    file = folder / "groundtruth_rect.txt"
    file.write_text("\n".join(["900,900,10,10", *file.read_text().splitlines()[1:]]))
    words = ("--methods", "kcf", "-o", tmp_path / "r", "--plots", "none")
    assert evaluate(data, tmp_path / "data", *words) == 0
    assert "Outside: left out: box: 900, 900, 910, 910 lies outside the 128x96 frame" in capsys.readouterr().err
    assert set(json.loads((tmp_path / "r" / "one-pass.json").read_text())["trackers"]["kcf"]["sequences"]) == {
        "One",
        "Two",
    }
    assert evaluate(folder, *words) == 2


def test_ctrl_c_leaves_finished_sequences(tmp_path: Path) -> None:
    make_sequence(tmp_path / "data" / "A", frames=2)
    make_sequence(tmp_path / "data" / "B", frames=2)
    file = tmp_path / "data" / "B" / "groundtruth_rect.txt"
    for image in range(3, 40):  # enough for the signal to arrive
        shutil.copy(tmp_path / "data" / "B" / "img" / "0002.png", tmp_path / "data" / "B" / "img" / f"{image:04}.png")
    file.write_text(file.read_text() + "22,30,32,32\n" * 37)
    code = (
        "import sys, time\nfrom sportstrack.sot.evaluate import command, layouts\nread = layouts.read_picture\n"
        "def slow(path):\n    time.sleep(0.3 if 'B' in path.parts else 0)\n    return read(path)\n"
        "layouts.read_picture = slow\nsys.exit(command.main(sys.argv[1:]))"
    )
    out = tmp_path / "out"
    words = [sys.executable, "-c", code, str(tmp_path / "data"), "--methods", "plain-mosse", "-o", str(out)]
    process = subprocess.Popen(
        words, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, preexec_fn=toy.heed_ctrl_c
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not (out / "results" / "plain-mosse" / "A.txt").exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "plain-mosse: 1 of 2 sequences are done" in said
    assert len((out / "results" / "plain-mosse" / "A.txt").read_text().splitlines()) == 2
    assert [path.name for path in out.rglob("*") if "part" in path.name or path.name.startswith("B")] == []


# --- protocols -------------------------------------------------------------------------------------------------------


class Script:
    """Answers as it was made to, frame by frame, and notes when it is started."""

    def __init__(self, says: dict[int, list[float]]) -> None:
        self.says, self.starts, self.frame = says, [], -1

    def init(self, image: np.ndarray, box: np.ndarray) -> None:
        self.frame = int(image[0, 0, 0])
        self.starts.append((self.frame, box.tolist()))

    def update(self, image: np.ndarray) -> np.ndarray:
        self.frame = int(image[0, 0, 0])
        return np.array(self.says.get(self.frame, place(self.frame)))


def numbered(truth: dict[int, list[float]], count: int = 20) -> ObjectSequence:
    """A sequence without files, whose first pixel is the frame's number."""

    class Numbered(ObjectSequence):
        def frames(self):
            for number in range(count):
                yield np.full((96, 128, 3), number, np.uint8)

    return Numbered("toy", np.array([truth.get(i, place(i)) for i in range(count)], float), layout="vot")


def test_one_pass_never_starts_again() -> None:
    script = Script({3: NAN, 4: [0, 0, 5, 5]})
    trial = one_pass(numbered({}), script)
    assert script.starts == [(0, place(0))]
    assert trial.codes.tolist() == [STARTED] + [TRACKED] * 19
    assert np.isnan(trial.boxes[3]).all()
    assert trial.boxes[5].tolist() == place(5)


def test_restarts_wait_five_frames_and_skip_those_without_the_object() -> None:
    # No box in 3; no overlap in 12, and the object is absent in 17; a miss where it is absent is none.
    script = Script({3: NAN, 10: [0, 0, 9, 9], 12: [0, 0, 9, 9]})
    trial = restarts(numbered({10: NAN, 17: NAN}), script)
    assert [frame for frame, _ in script.starts] == [0, 8, 18]
    wanted = [STARTED, TRACKED, TRACKED, FAILED, *[SKIPPED] * 4, STARTED, *[TRACKED] * 3, FAILED, *[SKIPPED] * 5]
    assert trial.codes.tolist() == [*wanted, STARTED, TRACKED]
    assert script.starts[1][1] == place(8)


def test_an_overlap_beyond_the_edge_does_not_save_from_failure() -> None:
    outside = {5: [120.0, 30.0, 150.0, 60.0]}
    assert FAILED not in restarts(numbered(outside), Script({5: [125.0, 30.0, 150.0, 60.0]})).codes
    assert FAILED in restarts(numbered(outside), Script({5: [130.0, 30.0, 150.0, 60.0]})).codes


@pytest.mark.parametrize("protocol", ["ope", "restart"])
def test_results_survive_being_written(tmp_path: Path, protocol: str) -> None:
    sequence = numbered({})
    trial = (one_pass if protocol == "ope" else restarts)(sequence, Script({3: NAN, 9: [1.25, 2, 3, 4]}))
    write_trial(trial, tmp_path, "toy", protocol)
    again = read_trial(sequence, tmp_path, protocol)
    assert isinstance(again, Trial)
    np.testing.assert_array_equal(again.codes, trial.codes)
    shown = again.codes == TRACKED
    np.testing.assert_allclose(again.boxes[shown], trial.boxes[shown], atol=1e-4)
    np.testing.assert_allclose(again.seconds, trial.seconds, atol=1e-7)
    assert read_trial(sequence, tmp_path / "elsewhere", protocol) is None


def test_contenders_are_made_once_to_show_what_is_missing() -> None:
    assert contender("plain-KCF")() is not contender("kcf")()
    with pytest.raises(SettingError, match="no method 'plain'"):
        contender("plain-plain")


# --- real sequences --------------------------------------------------------------------------------------------------


def test_real_sequences(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared_data / "sot"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    found = find_sequences(folder)
    assert {name: (one.layout, len(one)) for name, one in found.items()} == {
        "otb_crossing": ("otb", 120),
        "vot_bag": ("vot", 196),
    }
    words = (folder / "otb_crossing", "--methods", "plain-kcf", "-o", tmp_path, "--format", "json", "--no-light")
    assert evaluate(*words) == 0
    mean = json.loads(capsys.readouterr().out)["trackers"]["plain-kcf"]["mean"]
    assert mean["frames"] == 120
    assert 1 / 120 < mean["AUC"] < 0.9


def test_scores_are_cut_by_scale_and_speed(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [place(frame) for frame in range(FRAMES)]
    (tmp_path / "otb").mkdir()
    text = "".join(f"{x1}\t{y1}\t{x2 - x1}\t{y2 - y1}\n" for x1, y1, x2, y2 in rows)
    (tmp_path / "otb" / "One.txt").write_text(text)
    words = [data, "--results", f"mine={tmp_path / 'otb'}", "--allow-missing", "--no-light", "-o", tmp_path / "r"]
    assert evaluate(*words, "--by", "scale,speed", "--quiet") == 0
    found = json.loads((tmp_path / "r" / "one-pass.json").read_text())["attributes"]
    for name in ("scale", "speed"):
        bins = {key: scores["mine"] for key, scores in found.items() if key.startswith(f"{name}: ")}
        assert sum(one["frames"] for one in bins.values()) == FRAMES - (name == "speed")
        assert all(one["AUC_frames"] == pytest.approx(1, abs=0.06) for one in bins.values())
    assert (tmp_path / "r" / "by.png").is_file()
    refused(capsys, *words, "--by", "scale", "--protocol", "restart", "--overwrite", say="one pass")
