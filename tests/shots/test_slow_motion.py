"""Slow motion and scenes shown again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from shot_frames import HEIGHT, REAL, WIDTH, Frames, read

from data_prep.synthetic import Settings, render_sequence
from sportstrack.errors import SettingError
from sportstrack.shots import (
    Shot,
    ShotDetector,
    SlowMotionConfig,
    SlowMotionDetector,
    find_shots,
)


class Played:
    """Frames as an open video source gives them."""

    def __init__(self, frames: Frames) -> None:
        self.frames, self.info = frames, SimpleNamespace(frame_rate=Fraction(25), frame_count=len(frames))

    def __iter__(self) -> Iterator[SimpleNamespace]:
        return (SimpleNamespace(image=f, time=k / 25, index=k) for k, f in enumerate(self.frames))


def shots_of(frames: Frames) -> list[Shot]:
    return find_shots(Played(frames), ShotDetector(), slow_motion=SlowMotionDetector())


@pytest.fixture(scope="session")
def long_match() -> Frames:
    plan = Settings(seed=3, frames=200, width=WIDTH, height=HEIGHT, view="main")
    return [compressed(image) for image, _ in render_sequence(plan)]


@pytest.fixture(scope="session")
def other_camera() -> Frames:
    plan = Settings(seed=4, frames=50, width=WIDTH, height=HEIGHT, view="close")
    return [compressed(image) for image, _ in render_sequence(plan)]


def compressed(image: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], cv2.IMREAD_COLOR)


def slowed(frames: Frames, how: str) -> Frames:
    """At half speed: each frame twice, or the mean of two between them."""
    pairs = itertools.pairwise(frames)
    return [f for one, two in pairs for f in (one, one if how == "repeated" else compressed(one // 2 + two // 2))]


def wiped(before: Frames, after: Frames, length: int = 16) -> Frames:
    """One shot, a logo that flies across the picture and covers it for a moment, and the next shot."""
    import cv2

    logo = np.full((HEIGHT, WIDTH, 3), (40, 160, 230), np.uint8)
    cv2.circle(logo, (WIDTH // 2, HEIGHT // 2), HEIGHT // 3, (250, 250, 250), -1)
    cv2.putText(logo, "CUP", (WIDTH // 2 - 90, HEIGHT // 2 + 30), 0, 3, (20, 20, 120), 8)
    passing = []
    for k, under in enumerate([*before[-length // 2 :], *after[: length // 2]]):
        way = 2.4 * (k + 1) / (length + 1)
        frame = under.copy()
        frame[:, int(np.clip(way - 1.4, 0, 1) * WIDTH) : int(np.clip(way, 0, 1) * WIDTH)] = logo[
            :, int(np.clip(way - 1.4, 0, 1) * WIDTH) : int(np.clip(way, 0, 1) * WIDTH)
        ]
        passing.append(compressed(frame))
    return [*before[: -length // 2], *passing, *after[length // 2 :]]


def broadcast(live: Frames, scene: Frames, at: int, wipes: bool) -> Frames:
    """The live picture, a replayed scene, and the live picture again."""
    if not wipes:
        return [*live[:at], *scene, *live[at:]]
    return wiped(wiped(live[:at], scene), live[at:])


@pytest.mark.parametrize("wipes", [True, False], ids=["logo", "cuts"])
@pytest.mark.parametrize("how", ["repeated", "blended"])
@pytest.mark.parametrize("camera", ["same", "other"])
def test_slow_motion_is_flagged_and_nothing_else(
    camera: str, how: str, wipes: bool, long_match: Frames, other_camera: Frames
) -> None:
    action = long_match[40:85] if camera == "same" else other_camera[:45]
    scene = slowed(action, how)
    at = 110
    shots = shots_of(broadcast(long_match, scene, at, wipes))
    flagged = [shot for shot in shots if shot.view == "slow motion"]
    assert len(flagged) == 1
    assert abs(flagged[0].start - at) <= 12
    assert abs(flagged[0].end - (at + len(scene) - 1)) <= 12
    assert all(shot.slow_motion == 0 for shot in shots if shot is not flagged[0])
    assert ("transition" in flagged[0].slow_motion_signs) == wipes
    assert ("repeat" in flagged[0].slow_motion_signs) == (camera == "same")


def test_a_scene_shown_again_at_full_speed_is_a_repeat_and_no_transition(long_match: Frames) -> None:
    shots = shots_of([*long_match[:110], *long_match[30:85], *long_match[110:]])
    assert [shot.slow_motion_signs for shot in shots] == [(), ("repeat",), ()]


def test_more_signs_make_slow_motion_surer(long_match: Frames, other_camera: Frames) -> None:
    one = max(
        shot.slow_motion for shot in shots_of(broadcast(long_match, slowed(other_camera, "repeated"), 110, False))
    )
    all_ = max(
        shot.slow_motion for shot in shots_of(broadcast(long_match, slowed(long_match[40:85], "repeated"), 110, True))
    )
    assert 0.5 <= one < 0.9 < all_ <= 1


def test_going_back_to_the_first_camera_is_no_slow_motion(long_match: Frames, other_camera: Frames) -> None:
    frames = [*long_match[:80], *other_camera[:25], *long_match[80:160], *other_camera[25:], *long_match[160:]]
    assert [shot.slow_motion for shot in shots_of(frames)] == [0.0] * 5


def test_a_video_that_has_each_frame_twice_is_no_slow_motion(long_match: Frames, other_camera: Frames) -> None:
    frames = [frame for frame in [*long_match[:70], *other_camera[:40], *long_match[70:120]] for _ in range(2)]
    assert not any(shot.slow_motion for shot in shots_of(frames))


@pytest.mark.parametrize(
    ("name", "frames"), [("football", 169), ("indoors", 250), ("cars", 377), ("street", 120), ("hand-held", 196)]
)
def test_a_real_video_without_slow_motion_has_none(name: str, frames: int, shared_data: Path) -> None:
    assert not any(shot.slow_motion for shot in shots_of(read(shared_data / REAL[name][0], frames)))


def test_slow_motion_of_real_football_is_flagged(shared_data: Path) -> None:
    import cv2

    live = [cv2.resize(frame, (WIDTH, HEIGHT)) for frame in read(shared_data / REAL["football"][0], 169)]
    shots = shots_of(broadcast(live, slowed(live[20:70], "blended"), 90, True))
    assert [shot.view for shot in shots] == ["live", "slow motion", "live"]


def test_slow_motion_is_reported_while_frames_stream_and_reset_equals_fresh(long_match: Frames) -> None:
    frames = broadcast(long_match, slowed(long_match[40:85], "repeated"), 110, True)
    detector = SlowMotionDetector()
    first = [detector.update(frame) for frame in frames]
    assert any(first), "before the end of the video"
    detector.reset()
    assert [detector.update(frame) for frame in frames] == first


def test_slow_motion_settings_are_checked() -> None:
    with pytest.raises(SettingError, match="memory: expected a number from 0"):
        SlowMotionConfig(memory=-1)
    with pytest.raises(SettingError, match="frame_rate: expected frames per second above 0"):
        SlowMotionDetector(frame_rate=0)
    with pytest.raises(SettingError, match="slow motion: expected"):
        SlowMotionDetector().update(np.zeros((9, 9, 3), np.uint8))
