"""``--roster`` in a run: people in place of tracks, in every output, and who was seen when."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from readers import PaintedReader, Walking, painted

from sportstrack.errors import FormatError
from sportstrack.identities import Identity, read_identities
from sportstrack.identities.roster import Roster, RosterPerson
from sportstrack.mot import read_mot
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.named import RosterLearner
from sportstrack.track.run import track_video
from sportstrack.track.summary import Summary
from sportstrack.types import Tracks
from sportstrack.video import VideoWriter

FRAMES, GONE = 120, range(50, 90)
NUMBERS = (7, 23, 10)


def boxes_at(frame: int) -> np.ndarray:
    """Three people; the second leaves for a while and comes back elsewhere."""
    lefts = np.array([20.0 + frame, 250.0 if frame < GONE.start else 520.0, 700.0])
    boxes = np.stack([lefts, np.full(3, 20.0), lefts + 40, np.full(3, 130.0)], axis=1)
    return boxes[[0, 2]] if frame in GONE else boxes


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roster")
    with VideoWriter(folder / "match.mp4", 800, 160, 25, crf=8) as writer:
        for frame in range(FRAMES):
            numbers = [NUMBERS[0], NUMBERS[2]] if frame in GONE else NUMBERS
            writer.write(painted(boxes_at(frame), numbers), Fraction(frame, 25))
    (folder / "squads.csv").write_text("team,number,name\nhome,7,Ada\nhome,23,Ben\nhome,99,Cy\n")
    return folder


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.numbers.reader.NumberReader", PaintedReader)


def run(match: Path, output: Path, **how: Any) -> Summary:
    settings = {"formats": ["mot", "jsonl"], "shots": False, "teams": "off", "tracker": "sort", "quality": "fast"} | how
    return track_video(match / "match.mp4", output, detector=Walking(boxes_at), roster=match / "squads.csv", **settings)


@pytest.mark.parametrize("offline", [False, True])
def test_people_are_named_in_every_output(match: Path, tmp_path: Path, offline: bool) -> None:
    summary = run(match, tmp_path, offline=offline)
    names = {one.name for one in read_identities(tmp_path / "match.identities.csv")} - {""}
    assert names == {"Ada", "Ben"}
    last = json.loads((tmp_path / "match.jsonl").read_text().splitlines()[-1])
    assert sorted(one["name"] for one in last["tracks"]) == ["", "Ada", "Ben"]
    seen = {one["name"]: one for one in summary.seen}
    assert seen["Ada"]["seconds"] == pytest.approx(FRAMES / 25, abs=0.2)
    assert len(seen["Ben"]["spans"]) == 2
    assert seen["Cy"]["spans"] == []
    assert "never seen: Cy" in str(summary)
    assert json.loads((tmp_path / "match.summary.json").read_text())["seen"] == summary.seen


def test_offline_each_person_has_one_id(match: Path, tmp_path: Path) -> None:
    summary = run(match, tmp_path, offline=True)
    assert summary.ids == {"before": 3, "after": 3, "named": 2, "cap": 3, "outsiders": 0}
    assert "3 tracks of people became 3 ids, 2 with a name" in str(summary)
    table = read_mot(tmp_path / "match.txt")
    ben = next(one.track_id for one in read_identities(tmp_path / "match.identities.csv") if one.name == "Ben")
    frames = table.frame[table.track_id == ben]
    assert frames.min() < GONE.start
    assert frames.max() >= GONE.stop
    assert len(np.unique(table.track_id)) == 3


def test_a_roster_with_a_fault_stops_the_run_before_it_begins(match: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("team,numbr\nhome,7\n")
    with pytest.raises(FormatError, match=r"bad\.csv, line 1: unknown column 'numbr'"):
        track_video(match / "match.mp4", tmp_path / "out", detector=Walking(boxes_at), roster=tmp_path / "bad.csv")


def test_another_roster_is_another_run(match: Path, tmp_path: Path) -> None:
    (tmp_path / "squads.csv").write_text("team,number,name\nhome,7,Ada\n")
    how = {
        "formats": ["mot"],
        "teams": "off",
        "tracker": "sort",
        "quality": "fast",
        "resume": True,
        "detector": "toy:find",
    }
    first = track_video(match / "match.mp4", tmp_path / "out", roster=tmp_path / "squads.csv", **how)
    assert track_video(match / "match.mp4", tmp_path / "out", roster=tmp_path / "squads.csv", **how).skipped
    (tmp_path / "squads.csv").write_text("team,number,name\nhome,7,Eve\n")
    again = track_video(match / "match.mp4", tmp_path / "out", roster=tmp_path / "squads.csv", **how)
    assert not first.skipped
    assert not again.skipped


def test_while_a_run_goes_on_everybody_has_the_roster_s_team_and_keeps_it() -> None:
    """The number that tells which team is A is off the picture after four seconds; a person without number stays."""
    people = [RosterPerson("Reds", "7", "Ada"), RosterPerson("Blues", "9", "Ben"), RosterPerson("Blues", "7", "Cy")]
    learner, told = RosterLearner(Roster(people)), []
    known = {1: Identity(1, team="A", team_confidence=0.9, number="9", number_confidence=0.95)}
    known |= {2: Identity(2, team="A", team_confidence=0.9), 3: Identity(3, team="B", team_confidence=0.9)}
    for frame in range(0, 800, 10):
        ids = np.array([1, 2, 3] if frame < 100 else [2, 3])
        boxes = np.zeros((len(ids), 4)) + (0, 0, 10, 20)
        tracks = Tracks(boxes, np.ones(len(ids)), np.zeros(len(ids), np.int64), ids, np.arange(len(ids)))
        learner.add(TrackedFrame(frame, frame / 25, tracks=tracks))
        told.append(learner.now(ids.tolist(), {track: known[track] for track in ids.tolist()}))
    assert told[0][1].name == "Ben"
    assert [(one[2].team, one[3].team) for one in told] == [("Blues", "Reds")] * len(told)
