"""The comparison of trackers, run as its users run it, on a data set that is made up here."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

FRAMES = 30
PLAYERS = ((100, 100, 4, 0), (300, 120, 0, 3), (500, 200, -3, 1))  # left, top, velocity per frame


def make_sequence(folder: Path, miss: int) -> None:
    """Three players that walk straight on; the detector misses each of them every `miss` frames."""
    truth, found = [], []
    for frame in range(FRAMES):
        for player, (x, y, vx, vy) in enumerate(PLAYERS):
            box = f"{x + vx * frame}, {y + vy * frame}, 40, 90"
            truth.append(f"{frame + 1}, {player}, {box}, 1, 1, 1")
            if (frame + player) % miss:
                found.append(f"{frame + 1}, -1, {box}, 0.9, -1, -1, -1")
    for name, rows in (("gt/gt.txt", truth), ("det/det.txt", found)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    info = f"[Sequence]\nname={folder.name}\nframeRate=25\nseqLength={FRAMES}\nimWidth=640\nimHeight=480\n"
    (folder / "seqinfo.ini").write_text(info, encoding="utf-8")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_sequence(folder / "sportsmot" / "train" / "v_one_c001", miss=10)
    make_sequence(folder / "sportsmot" / "train" / "v_two_c001", miss=7)
    return folder


def compare(
    root: Path, data: Path, output: Path, *options: str, fails: bool = False
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/compare.py", "--data", str(data), "--output", str(output), *options]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert bool(done.returncode) == fails, done.stderr
    return done


def rows_of(output: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (output / "tables.csv").open(encoding="utf-8") as file:
        return {(row["set"], row["tracker"]): row for row in csv.DictReader(file)}


def test_trackers_and_peers_in_one_table_and_a_second_run_takes_up_the_first(
    root: Path, data: Path, tmp_path: Path
) -> None:
    options = ("--sets", "sportsmot", "--trackers", "bytetrack", "sort", "--peers", "trackers ByteTrack")
    first = compare(root, data, tmp_path, *options)
    rows = rows_of(tmp_path)
    assert set(rows) == {
        (name, tracker)
        for name in ("sportsmot-simulated", "sportsmot-oracle")
        for tracker in ("sportstrack ByteTrack", "sportstrack SORT", "trackers ByteTrack")
    }
    assert float(rows["sportsmot-oracle", "sportstrack ByteTrack"]["HOTA"]) > 0.99
    assert float(rows["sportsmot-simulated", "sportstrack ByteTrack"]["DetA"]) < 0.95
    assert all(
        row["pixels"] == "no" and row["mode"] == "causal" and float(row["frames/s"]) > 0 for row in rows.values()
    )
    assert "| **sportstrack ByteTrack** | motion | causal | no |" in first.stdout
    assert "v_two_c001: trackers ByteTrack" in first.stderr
    assert cv2.imread(str(tmp_path / "hota.png")).std() > 5  # not blank
    assert cv2.imread(str(tmp_path / "speed.png")).std() > 5  # not blank

    runs = tmp_path / "runs" / "sportsmot-simulated"
    saved = json.loads((runs / "sportstrack_ByteTrack.json").read_text(encoding="utf-8"))
    del saved["sequences"]["v_two_c001"]  # as if the first run had been stopped here
    (runs / "sportstrack_ByteTrack.json").write_text(json.dumps(saved), encoding="utf-8")
    again = compare(root, data, tmp_path, *options)
    assert [line.split(": ")[1] for line in again.stderr.splitlines()] == ["sportstrack ByteTrack"]
    for key, row in rows_of(tmp_path).items():
        assert {**row, "frames/s": ""} == {**rows[key], "frames/s": ""}


def test_other_detections_are_tracked_anew(root: Path, data: Path, tmp_path: Path) -> None:
    make_sequence(tmp_path / "data" / "sportsmot" / "train" / "v_one_c001", miss=10)
    options = ("--sets", "sportsmot-simulated", "--trackers", "sort", "--peers", "none")
    compare(root, tmp_path / "data", tmp_path, *options)
    before = rows_of(tmp_path)["sportsmot-simulated", "sportstrack SORT"]
    path = tmp_path / "data" / "sportsmot" / "train" / "v_one_c001" / "det" / "det.txt"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:40]), encoding="utf-8")
    compare(root, tmp_path / "data", tmp_path, *options)
    after = rows_of(tmp_path)["sportsmot-simulated", "sportstrack SORT"]
    assert float(after["HOTA"]) < float(before["HOTA"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--trackers", "sorted"), "no tracker is called 'sorted' (known: "),
        (("--sets", "mot21"), "no set is called 'mot21' (known: sportsmot-simulated, "),
        (("--data", "nowhere"), "nowhere: no such folder; --data FOLDER"),
    ],
)
def test_a_wrong_name_is_told_with_the_known_ones(
    root: Path, data: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = compare(root, data, tmp_path, "--peers", "none", *options, fails=True)
    assert done.stderr.startswith("compare.py: ")
    assert said in done.stderr
