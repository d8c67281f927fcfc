"""BoT-SORT's named differences from the authors' code, which the comparison with a reference cannot show."""

from __future__ import annotations

import numpy as np
import pytest

from sportstrack import BoTSORT, BoTSORTConfig, Detections

HERE = Detections.from_arrays([(100.0, 100.0, 140.0, 200.0)])
NOTHING = Detections.empty()


@pytest.mark.parametrize(("missing", "kept"), [(5, True), (6, False)])
def test_a_lost_track_is_forgotten_promptly(missing: int, kept: bool) -> None:
    # With track_buffer 5 at 30 frames/s the box comes back in the 6th frame after the last one seen, or in the 7th. In
    # the authors' code a removed track stays among the lost for one more frame and still takes the latter.
    tracker = BoTSORT(BoTSORTConfig(track_buffer=5), frame_rate=30)
    for frame in [HERE] * 3 + [NOTHING] * missing + [HERE]:
        tracks = tracker.update(frame)
    assert tracks.track_id.tolist() == ([1] if kept else [])
    assert len(tracker._rows.last) == 1


def test_a_forgotten_track_leaves_nothing_behind() -> None:
    tracker = BoTSORT(BoTSORTConfig(track_buffer=5), frame_rate=30)
    for frame in [HERE] * 3 + [NOTHING] * 6:
        tracker.update(frame)
    assert len(tracker._rows.last) == 0


@pytest.mark.parametrize("degrees", [90, 180, -90, 120])
def test_a_camera_that_turns_over_leaves_sizes_positive(degrees: float) -> None:
    # Sizes take |A|: at a right angle width and height change places; with A itself one of them would turn negative.
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    camera = np.array([[c, -s, 500.0], [s, c, 500.0]])
    tracker = BoTSORT(frame_rate=30, coasting=True)
    for frame in [HERE] * 3:
        tracker.update(frame)
    coast = tracker.update(NOTHING, camera=camera)
    assert coast.track_id.tolist() == [1]
    w, h = (coast.xyxy[0, 2:] - coast.xyxy[0, :2]).tolist()
    assert w == pytest.approx(abs(c) * 40 + abs(s) * 100)
    assert h == pytest.approx(abs(s) * 40 + abs(c) * 100)
    centre = (coast.xyxy[0, :2] + coast.xyxy[0, 2:]) / 2
    assert centre == pytest.approx(camera[:, :2] @ [120.0, 150.0] + 500.0)


def test_a_turned_camera_still_matches() -> None:
    camera = np.array([[0.0, -1.0, 400.0], [1.0, 0.0, 0.0]])  # a quarter turn: (120, 150) goes to (250, 120)
    tracker = BoTSORT(frame_rate=30)
    for frame in [HERE] * 3:
        tracker.update(frame)
    turned = Detections.from_arrays([(200.0, 100.0, 300.0, 140.0)])
    assert tracker.update(turned, camera=camera).track_id.tolist() == [1]
