"""Trackers get the times of the frames; one that takes none is informed of another rate."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy

from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.track.pace import Pace
from sportstrack.track.run import track_video
from sportstrack.trackers import TRACKERS, create_tracker, set_frame_rate
from sportstrack.types import Detections, Tracks
from sportstrack.video import VideoWriter

EMBEDDING = np.array([[1.0, 0.0]], np.float32)


def test_the_measured_rate_is_set_once_it_differs() -> None:
    pace = Pace(25)
    assert [pace.see(number / 25) for number in range(30)] == [None] * 30
    answers = [pace.see(30 / 25 + number / 5) for number in range(30)]
    rates = [rate for rate in answers if rate is not None]
    assert rates
    assert rates[-1] == pytest.approx(5)
    assert pace.see(30 / 25 + 29 / 5 + 60) is None  # one stall is no other rate


def table() -> Detections:
    return Detections(np.array([[50.0, 40, 80, 100]]), np.array([0.95]), np.zeros(1, np.int64), embedding=EMBEDDING)


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_a_tracker_at_another_rate_remembers_as_long_as_one_made_for_it(name: str) -> None:
    """Count for how many frames a player that left is known again: at 5 frames per second as made for 5."""

    def remembered(informed: bool) -> int:
        for gap in range(1, 80):
            tracker = create_tracker(name, frame_rate=25 if informed else 5)
            if informed:
                assert set_frame_rate(tracker, 5)
            first = [tracker.update(table()) for _ in range(8)][-1].track_id
            for _ in range(gap):
                tracker.update(Detections.empty())
            again = [tracker.update(table()) for _ in range(4)][-1].track_id
            if not np.array_equal(first, again):
                return gap
        return 80

    assert remembered(informed=True) == remembered(informed=False)


def test_ids_and_tracks_stay_when_the_rate_changes() -> None:
    tracker = create_tracker("sports", frame_rate=25)
    before = [tracker.update(table()) for _ in range(8)][-1].track_id
    set_frame_rate(tracker, 6.25)
    assert np.array_equal(tracker.update(table()).track_id, before)


@pytest.mark.parametrize("live", [True, False])
def test_a_recording_with_dropped_frames_replays_at_its_true_rate(tmp_path: Path, live: bool) -> None:
    """A player leaves for 2.4 s; ByteTrack's memory is 1 s, so it comes back as another track."""
    info = RecordingInfo("live", *toy.SIZE, 25.0, {0: "player"}, live=live)
    with_gap = list(range(0, 125, 5))
    writer = RecordingWriter(tmp_path / "live.npz", info)
    for index in with_gap:
        found = Detections.empty() if 40 <= index < 100 else Detections.from_arrays([[50, 40, 80, 100]], [0.9])
        writer.write(RecordedFrame(index, index / 25, found))
    writer.close()
    seen: set[int] = set()
    track_video(
        tmp_path / "live.npz", tracker="bytetrack", on_frame=lambda frame: seen.update(frame.tracks.track_id.tolist())
    )
    assert seen == {1, 2}


def test_a_tracker_of_ones_own_without_set_frame_rate_is_named(tmp_path: Path) -> None:
    info = RecordingInfo("live", *toy.SIZE, 25.0, {0: "player"}, live=True)
    writer = RecordingWriter(tmp_path / "live.npz", info)
    for index in range(0, 100, 5):
        writer.write(RecordedFrame(index, index / 25, Detections.from_arrays([[50, 40, 80, 100]], [0.9])))
    writer.close()
    [text] = track_video(tmp_path / "live.npz", tracker="toy:EveryoneIsNew").warnings
    assert "frames arrive at 5.0 per second" in text


class Watch:
    """Writes down the times that it is given."""

    def __init__(self) -> None:
        self.times: list[float | None] = []

    def update(self, detections: Any, camera: Any = None, time: float | None = None) -> Tracks:
        self.times.append(time)
        return Tracks.empty()

    def reset(self) -> None: ...


def test_a_tracker_gets_the_times_of_the_source(tmp_path: Path) -> None:
    """Also those of a recording, of every third frame, and of a video with a rate that varies."""
    match, watch, again, third = tmp_path / "match.mp4", Watch(), Watch(), Watch()
    times = [Fraction(n, 25) for n in (0, 1, 2, 5, 6, 7, 12, 13, 14, 15)]
    with VideoWriter(match, *toy.SIZE, 25) as writer:
        for n, time in enumerate(times):
            writer.write(toy.picture(n), time)
    track_video(match, tmp_path / "out", detector=toy.find, tracker=watch, formats=["mot"], save_detections=True)
    assert watch.times == pytest.approx([float(time) for time in times])
    [recording] = (tmp_path / "out").glob("*.npz")
    track_video(recording, tracker=again)
    assert again.times == watch.times
    track_video(match, detector=toy.find, tracker=third, every=3)
    assert third.times == watch.times[::3]
