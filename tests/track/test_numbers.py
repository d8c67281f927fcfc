"""Shirt numbers in a run: read once for each detection, recorded, voted on for each track, written everywhere."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from readers import PaintedReader, Walking, painted

from sportstrack.errors import SettingError
from sportstrack.identities import read_identities
from sportstrack.recording import Recording
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.run import track_video
from sportstrack.track.who import NumberLearner
from sportstrack.types import Detections, Tracks
from sportstrack.video import VideoWriter

FRAMES = 100
NUMBERS = (7, 23, 10)


def boxes_at(frame: int) -> np.ndarray:
    lefts = np.array([20.0 + frame, 250.0, 700.0 - frame])
    return np.stack([lefts, np.full(3, 20.0), lefts + 40, np.full(3, 130.0)], axis=1)


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("numbers") / "match.mp4"
    with VideoWriter(path, 800, 160, 25, crf=8) as writer:
        for frame in range(FRAMES):
            writer.write(painted(boxes_at(frame), NUMBERS), Fraction(frame, 25))
    return path


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> PaintedReader:
    made = PaintedReader()
    monkeypatch.setattr("sportstrack.numbers.reader.NumberReader", lambda: made)
    return made


def tracked(source: Path, output: Path | None = None, **how: Any) -> list[TrackedFrame]:
    frames: list[TrackedFrame] = []
    track_video(source, output, on_frame=frames.append, **{"formats": ["mot"], "shots": False} | how)
    return frames


def known(frame: TrackedFrame) -> list[str]:
    return [frame.identities[one].number for one in frame.tracks.track_id.tolist() if one in frame.identities]


def test_numbers_settle_and_stay(match: Path) -> None:
    frames = tracked(match, detector=Walking(boxes_at), numbers=True)
    assert known(frames[0]) == []
    assert known(frames[-1]) == ["7", "23", "10"]
    settled = [len(known(frame)) for frame in frames]
    assert settled == sorted(settled)


def test_without_the_option_nobody_looks(match: Path, reader: PaintedReader) -> None:
    frames = tracked(match, detector=Walking(boxes_at))
    assert reader.looked == 0
    assert all(frame.detections.number_votes is None and not frame.identities for frame in frames)


def test_every_output_says_it(match: Path, tmp_path: Path) -> None:
    formats = ["mot", "jsonl", "csv"]
    summary = track_video(match, tmp_path, detector=Walking(boxes_at), numbers=True, formats=formats, shots=False)
    found = read_identities(tmp_path / "match.identities.csv")
    assert [(one.number, one.first_frame, one.last_frame) for one in found] == [
        (str(number), found.of(one.track_id)[0].first_frame, FRAMES - 1)
        for number, one in zip(NUMBERS, found, strict=True)
    ]
    with (tmp_path / "match.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["number"] for row in rows if row["frame"] == str(FRAMES - 1)} == {"7", "23", "10"}
    assert {row["number"] for row in rows if row["frame"] == "2"} == {""}
    last = json.loads((tmp_path / "match.jsonl").read_text().splitlines()[-1])
    assert [(one["number"], one["team"]) for one in last["tracks"]] == [("7", ""), ("23", ""), ("10", "")]
    assert summary.stages_ms["numbers"] > 0
    assert summary.outputs["identities"].endswith("match.identities.csv")


def test_a_replay_takes_the_recorded_votes(match: Path, tmp_path: Path, reader: PaintedReader) -> None:
    first = tracked(match, tmp_path / "a", detector=Walking(boxes_at), numbers=True, save_detections=True)
    asked = reader.looked
    again = tracked(tmp_path / "a/match.npz", tmp_path / "b", save_detections=True)
    assert reader.looked == asked
    assert [frame.identities for frame in again] == [frame.identities for frame in first]
    assert (tmp_path / "b/match.identities.csv").read_bytes() == (tmp_path / "a/match.identities.csv").read_bytes()
    assert Recording(tmp_path / "b/match.npz").info.numbers
    off = tracked(tmp_path / "a/match.npz", numbers=False)
    assert not any(frame.identities for frame in off)


def test_a_recording_without_numbers_needs_its_video(match: Path, tmp_path: Path, reader: PaintedReader) -> None:
    tracked(match, tmp_path, detector=Walking(boxes_at), save_detections=True)
    recording = tmp_path / "match.npz"
    with pytest.raises(SettingError, match="--numbers: the recording was made without --numbers; name its video"):
        tracked(recording, numbers=True)
    frames = tracked(match, detections=str(recording), numbers=True)
    assert known(frames[-1]) == ["7", "23", "10"]


def test_offline_every_frame_has_what_is_known_at_the_end(match: Path, tmp_path: Path) -> None:
    frames = tracked(match, tmp_path, detector=Walking(boxes_at), numbers=True, offline=True)
    assert all(sorted(known(frame)) == ["10", "23", "7"] for frame in frames)
    assert len(read_identities(tmp_path / "match.identities.csv")) == 3


def test_the_summary_says_how_many_tracks_have_a_number(match: Path, tmp_path: Path) -> None:
    for offline in (False, True):
        how = {"numbers": True, "formats": ["mot"], "shots": False, "offline": offline, "overwrite": True}
        summary = track_video(match, tmp_path, detector=Walking(boxes_at), **how)
        assert "3 of 3 tracks have a number" in summary.as_text()
        assert "numbers" in summary.stages_ms
    assert "have a number" not in track_video(match, detector=Walking(boxes_at), shots=False).as_text()


def looked(learner: NumberLearner, frame: int, tall: float, *ids: int) -> None:
    """Show a learner people of one height, on each of whom a 9 is read."""
    boxes = np.array([[20.0 * one, 10, 20.0 * one + tall / 3, 10 + tall] for one in ids])
    ones, zeros, track = np.ones(len(ids)), np.zeros(len(ids), np.int64), np.array(ids)
    votes = np.tile(np.array([[9, 0.9]], np.float32), (len(ids), 1))
    found = Detections(boxes, ones, zeros, number_votes=votes)
    tracks = Tracks(boxes, ones, zeros, track, np.arange(len(ids)))
    learner.add(TrackedFrame(frame, frame / 25, found, tracks=tracks))


def test_people_too_small_to_be_read_are_told_with_their_size() -> None:
    small, large = NumberLearner(), NumberLearner()
    looked(small, 0, 28.0, 1, 2, 3)
    looked(large, 0, 90.0, 1, 2, 3)
    assert [text[:48] for text in small.warnings] == ["no shirt numbers: people are about 28 pixels tal"]
    assert large.warnings == []
    assert NumberLearner().warnings == []


def test_in_a_stream_without_end_numbers_of_those_long_gone_are_forgotten() -> None:
    kept, endless = NumberLearner(), NumberLearner(endless=True)
    for learner in (kept, endless):
        for frame in range(0, 3000, 25):
            looked(learner, frame, 90.0, *([1, 2] if frame < 500 else [2]))
    assert {track: one.number for track, one in kept.now([1, 2], {}).items()} == {1: "9", 2: "9"}
    assert {track: one.number for track, one in endless.now([1, 2], {}).items()} == {2: "9"}
