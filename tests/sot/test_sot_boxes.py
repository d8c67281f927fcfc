"""Boxes that are too small, too thin or too large for a method: it follows them, or says what it needs; none hangs."""

from __future__ import annotations

import numpy as np
import pytest

from sportstrack.errors import SettingError, SportstrackError
from sportstrack.sot import SingleTracker
from sportstrack.sot.command import main
from sportstrack.sot.methods import SMALLEST, Follower
from sportstrack.video import VideoWriter

WIDTH, HEIGHT = 160, 120


def scene(step: int = 0) -> np.ndarray:
    import cv2

    coarse = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8)
    return np.roll(cv2.resize(coarse, (WIDTH, HEIGHT)), step, axis=1)


def box(width: int, height: int) -> np.ndarray:
    left, top = min(60, WIDTH - width), min(40, HEIGHT - height)
    return np.array([left, top, left + width, top + height], float)


SIZES = [(1, 1), (2, 2), (3, 3), (4, 4), (2, 40), (40, 2), (1, 40), (WIDTH, HEIGHT), (WIDTH, 20), (20, HEIGHT)]


@pytest.mark.parametrize("method", ["csrt", "kcf", "mosse", "mil"])
@pytest.mark.parametrize("size", SIZES)
def test_every_box_is_followed_or_refused_in_words(method: str, size: tuple[int, int]) -> None:
    tracker, refused = SingleTracker(method), ""
    try:
        tracker.init(scene(), box(*size))
    except SettingError as error:
        refused = str(error)
    if refused:
        assert refused.startswith("box: ")
    else:
        assert tracker.update(scene(1)).state in ("tracking", "occluded", "lost")


@pytest.mark.parametrize("method", sorted(SMALLEST))
def test_the_smallest_size_named_works(method: str) -> None:
    least = SMALLEST[method]
    with pytest.raises(SettingError, match=f"too small for the method {method}, which needs {least}x{least}"):
        Follower(method).init(scene(), box(least - 1, 40))
    follower = Follower(method)
    follower.init(scene(), box(least, least))
    assert follower.update(scene(1))[1].shape == (4,)


def test_a_refused_start_leaves_what_was_followed(tmp_path: object) -> None:
    follower = Follower("mil")
    follower.init(scene(), box(20, 20))
    with pytest.raises(SportstrackError):
        follower.init(scene(), box(3, 3))
    found, where, _ = follower.update(scene(1))
    assert found
    assert np.abs(where - box(20, 20)).max() < 20


def test_the_command_refuses_a_box_that_mil_never_ends_on(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    from pathlib import Path

    clip = Path(str(tmp_path)) / "a.mp4"
    with VideoWriter(clip, WIDTH, HEIGHT, 25) as writer:
        for step in range(5):
            writer.write(scene(step), step / 25)
    words = [str(clip), "--init", "60,40,4,4", "--method", "mil", "--formats", "mot", "-o", str(tmp_path), "--quiet"]
    assert main(words) == 2
    assert "needs 5x5" in capsys.readouterr().err
