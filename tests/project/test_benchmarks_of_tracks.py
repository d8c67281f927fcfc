"""Benchmarks that say what a setting is worth and where players are lost, on a match in which all are hidden once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two players walk on; the detector sees neither of them for six frames."""
    folder = tmp_path_factory.mktemp("data")
    sequence = folder / "sportsmot" / "train" / "v_one_c001"
    rows = {"gt/gt.txt": "", "det/det.txt": ""}
    for frame in range(1, 41):
        for player, left in ((1, 100 + 2 * frame), (2, 500 - frame)):
            rows["gt/gt.txt"] += f"{frame}, {player}, {left}, 200, 40, 90, 1, 1, 1\n"
            if not 18 <= frame < 24:
                rows["det/det.txt"] += f"{frame}, -1, {left}, 200, 40, 90, 0.9, -1, -1, -1\n"
    for name, text in rows.items():
        (sequence / name).parent.mkdir(parents=True)
        (sequence / name).write_text(text, encoding="utf-8")
    info = "[Sequence]\nname=v_one_c001\nframeRate=25\nseqLength=40\nimWidth=640\nimHeight=480\n"
    (sequence / "seqinfo.ini").write_text(info, encoding="utf-8")
    return folder


def table(root: Path, script: str, *words: str) -> dict[str, list[float]]:
    """Run a benchmark on the simulated detector and return its rows: first cell → the numbers of the others."""
    command = [sys.executable, f"benchmarks/{script}", *words, "--sets", "sportsmot-simulated"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^\| ([^|]+?) \|(.+)\|$", done.stdout, re.MULTILINE)
    return {name: [float(cell) for cell in re.findall(r"-?\d+\.?\d*", cells)] for name, cells in found}


def test_a_longer_memory_is_worth_points(root: Path, data: Path) -> None:
    rows = table(root, "changed.py", "sort", "max_age=30", "--around", "min_hits", "--data", str(data))
    assert rows["max_age=30"][0] > 10
    assert rows["max_age=30"][1] == pytest.approx(rows["as it is"][0] + rows["max_age=30"][0], abs=0.11)
    assert {"min_hits=1", "min_hits=6"} <= set(rows)


def test_players_who_were_hidden_are_counted_as_lost(root: Path, data: Path) -> None:
    rows = table(root, "lost.py", "--tracker", "sort", "--data", str(data))
    assert rows["lost inside for up to 1.8 s"][0] > rows["as it is"][0] + 10
    assert rows["all"] == rows["lost inside for up to 1.8 s"]
    assert rows["back over a border within 10 s"] == rows["as it is"]
