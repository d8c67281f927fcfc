"""``--most-ids`` and the cap that a roster brings, in runs."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from readers import Walking, painted

import sportstrack
from sportstrack.detect import as_detector
from sportstrack.mot import read_mot
from sportstrack.track.command import main
from sportstrack.track.live import LiveRun
from sportstrack.track.run import track_video
from sportstrack.track.settings import TrackSettings
from sportstrack.video import VideoWriter, open_source

FRAMES, GONE = 120, range(30, 80)
ROSTER = "team,number,name\nhome,7,Ada\nhome,23,Ben\naway,9,Cy\n"


def boxes_at(frame: int) -> np.ndarray:
    """Three people; the second one leaves for a while and comes back near the place."""
    lefts = np.array([20.0 + frame, 250.0 if frame < GONE.start else 280.0, 700.0])
    boxes = np.stack([lefts, np.full(3, 20.0), lefts + 40, np.full(3, 130.0)], axis=1)
    return boxes[[0, 2]] if frame in GONE else boxes


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ids") / "match.mp4"
    with VideoWriter(path, 800, 160, 25, crf=8) as writer:
        for frame in range(FRAMES):
            writer.write(painted(boxes_at(frame)), Fraction(frame, 25))
    path.with_name("squads.csv").write_text(ROSTER)
    return path


HOW: dict[str, Any] = {"formats": ["mot"], "shots": False, "teams": "off", "tracker": "sort", "quality": "fast"}


def ids_of(result: Path) -> list[int]:
    return np.unique(read_mot(result / "match.txt").track_id).tolist()


def test_a_roster_caps_the_ids_and_the_summary_tells_so(video: Path, tmp_path: Path) -> None:
    roster = video.with_name("squads.csv")
    how = HOW | {"roster": roster, "numbers": False}
    track_video(video, tmp_path / "free", detector=Walking(boxes_at), most_ids=0, **how)
    summary = track_video(video, tmp_path / "capped", detector=Walking(boxes_at), **how)
    assert ids_of(tmp_path / "free") == [1, 2, 3, 4]
    assert ids_of(tmp_path / "capped") == [1, 2, 3]
    table = read_mot(tmp_path / "capped" / "match.txt")
    frames = table.frame[table.track_id == 2]  # who came back
    assert (frames.min(), frames.max()) == (0, FRAMES - 1)
    assert (summary.tracks, summary.joined, summary.settings["most_ids"]) == (3, 1, 3)
    assert "3 tracks (an id from before was given anew: 1)" in str(summary)


def test_without_roster_and_number_nothing_is_capped(video: Path, tmp_path: Path) -> None:
    summary = track_video(video, tmp_path, detector=Walking(boxes_at), **HOW)
    assert ids_of(tmp_path) == [1, 2, 3, 4]
    assert (summary.joined, summary.settings["most_ids"]) == (0, None)


def test_frames_tell_which_ids_were_given_anew(video: Path) -> None:
    frames = list(sportstrack.track(video, detector=Walking(boxes_at), most_ids=3, **HOW))
    assert [(frame.index >= GONE.stop, frame.joined) for frame in frames if frame.joined] == [(True, {2})]


def test_the_command_caps_too_and_a_replay_says_the_same(video: Path, tmp_path: Path) -> None:
    how = HOW | {"formats": ["mot"], "save_detections": True}
    track_video(video, tmp_path / "run", detector=Walking(boxes_at), most_ids=3, **how)
    again = ["--most-ids", "3", "--tracker", "sort", "--teams", "off", "--no-shots", "--formats", "mot"]
    assert main([str(tmp_path / "run" / "match.npz"), "-o", str(tmp_path / "again"), *again]) == 0
    assert (tmp_path / "again" / "match.txt").read_text() == (tmp_path / "run" / "match.txt").read_text()
    assert json.loads((tmp_path / "again" / "match.summary.json").read_text())["joined"] == 1


def test_offline_the_number_holds_without_a_roster(video: Path, tmp_path: Path) -> None:
    """The refinement is made not to link, so that the limit has something to do."""
    how = HOW | {"offline": True, "refine_settings": {"steps": ["smooth"]}}
    track_video(video, tmp_path / "free", detector=Walking(boxes_at), **how)
    summary = track_video(video, tmp_path / "capped", detector=Walking(boxes_at), most_ids=3, **how)
    assert len(ids_of(tmp_path / "free")) == 4
    assert len(ids_of(tmp_path / "capped")) == 3
    assert (summary.joined, summary.settings["most_ids"]) == (1, 3)


def test_offline_a_roster_s_size_holds_and_another_number_is_refused_aloud(video: Path, tmp_path: Path) -> None:
    how = HOW | {"offline": True, "roster": video.with_name("squads.csv"), "numbers": False}
    summary = track_video(video, tmp_path, detector=Walking(boxes_at), most_ids=9, **how)
    assert summary.settings["most_ids"] == 3
    assert any(text.startswith("most_ids: 9 is ignored") for text in summary.warnings)


def test_a_live_stream_has_no_more_ids_than_its_roster(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.track.parts.ready", lambda *_: as_detector(Walking(boxes_at)))
    settings = TrackSettings(**HOW | {"roster": str(video.with_name("squads.csv")), "numbers": False})
    with open_source(video) as source:
        seen = {number for frame in LiveRun(source, settings) for number in frame.tracks.track_id.tolist()}
    assert seen == {1, 2, 3}
