"""Every example runs as it stands, and prints what a reader is told to expect.

The animals have a file of their own (test_example_animals.py), the service's client is run by tests/client.
"""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest
import toy

from sportstrack.detect import as_detector

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
EXPECTED = {
    "boxes_in_tracks_out": r"18 tracks, 3294 boxes",
    "clip_of_a_player": r"demo_gt_drawn\.mp4\n.*demo_gt_000100\.png",
    "distances_and_kloppy": r"A 1 .* 20 .*\n(.*\n)*kloppy: 100 moments, teams A, B",  # 2 m/s for ten seconds
    "edit_by_program": r"before: 3 identity switches\nafter: 0 identity switches\nnumber of 11: 10 \| tracks: 18",
    "frame_by_frame": r"1[3-9] tracks",
    "heat_map": r"player \d+: 200 boxes",
    "labels_for_training": r"demo\.cvat\.xml\n(.*\n)*yolo/data\.yaml",
    "minimap": r"marks fit to 0\.\d px",
    "names_from_a_roster": r"Ada Example .*\n.*Cleo Example .*\nnever seen: Ben Example",
    "own_detector": r"\d+ tracks, 1\d\.\d boxes a frame",
    "own_tracker": r"nearest .*\nbytetrack +HOTA 0\.8",
    "refine_a_result": r"tracked: HOTA 0\.[45]\d+.*\nrefined: HOTA 0\.[89]",
    "replay_a_recording": r"bytetrack +\d\d tracks\n(.*\n)*sports +\d\d tracks",
    "score_a_folder": r"HOTA .*\n(.*\n)*switches: \{.*'gap'",
    "tables_for_pandas": r"track_id",
    "teams_by_kit": r"home in white; away in red and white.*\n.*have 15 a team(.*\n)*track   5: player     home",
    "track_a_video": r"#\d+: 0\.\d s",
    "track_your_own_detections": r"frame 49: #\d (seen|coasting)",
    "tune_a_tracker": r"track_buffer",
    "why_ids_switch": r"the camera pans: botsort",
}
"""Example → what it prints; the table in README.md has the same names and those that are run elsewhere."""
ELSEWHERE = {"animals_at_a_fixed_camera", "ask_a_service"}
ARGUMENTS = {"track_a_video": ["match.mp4", "toy"], "tune_a_tracker": ["made", "3"]}


def run_example(name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # kloppy leaves files open
def test_an_example_runs_as_it_stands(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "track_a_video":  # the network alone is replaced
        toy.make_match(tmp_path / "match.mp4", 12)
        monkeypatch.setattr("sportstrack.track.detector._load", lambda *_, **__: as_detector(toy.find))
    run_example(name, ARGUMENTS.get(name, []), monkeypatch)
    printed = capsys.readouterr().out
    assert re.search(EXPECTED[name], printed), printed
    if name == "why_ids_switch":
        page = (ROOT / "docs" / "guides" / "ids-switch.md").read_text("utf-8")
        assert printed in page, f"the page shows other figures; the example prints:\n{printed}"


def test_the_table_names_every_example() -> None:
    there = {path.stem for path in EXAMPLES.glob("*.py")}
    listed = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\) \|", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(there)
    assert there == EXPECTED.keys() | ELSEWHERE
