"""Cameras and live sources: the newest frame alone."""

from __future__ import annotations

import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from make_video import (
    SIZE,
    make_images,
    make_video,
    picture,
)
from read_video import read, refusal

from sportstrack.errors import SourceError
from sportstrack.video import (
    SourceInfo,
    open_source,
)


class FakeCapture:
    """Stands in for ``cv2.VideoCapture``: camera 0 gives five pictures, any other none."""

    def __init__(self, number: int):
        self.left = 5 if number == 0 else 0
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802
        return self.left > 0

    def read(self) -> tuple[bool, object]:
        self.left -= 1
        return (True, picture(4 - self.left)) if self.left >= 0 else (False, None)

    def get(self, _: int) -> float:
        return 30.0

    def release(self) -> None:
        self.released = True


@pytest.mark.parametrize("source", [0, "0", "/dev/video0"])
def test_a_camera(monkeypatch: pytest.MonkeyPatch, source: object) -> None:
    monkeypatch.setitem(sys.modules, "cv2", SimpleNamespace(VideoCapture=FakeCapture, CAP_PROP_FPS=5))
    indices, times, numbers, warnings, info = read(source)
    assert indices == numbers == [0, 1, 2, 3, 4]
    assert times == sorted(set(times))
    assert info == SourceInfo("camera0", *SIZE, Fraction(30), None, live=True, kind="camera")
    assert "gave no more pictures" in warnings[0]


def test_a_camera_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", SimpleNamespace(VideoCapture=FakeCapture, CAP_PROP_FPS=5))
    assert "camera 7: gives no picture" in refusal(7)


def test_a_file_named_like_a_camera_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_images(tmp_path / "0", ["1.png"])
    monkeypatch.chdir(tmp_path)
    assert read("0")[4].kind == "images"


# --- Live mode --------------------------------------------------------------------------------------------------------


def test_live_keeps_only_the_newest_frame(tmp_path: Path) -> None:
    with open_source(make_video(tmp_path / "a.mp4", 20, rate=Fraction(200)), live=True) as source:
        assert source.info.live
        frames = iter(source)
        first = next(frames)
        while source.decoded < 20:  # a consumer that falls behind for the rest of the video
            time.sleep(0.01)
        rest = list(frames)
    assert rest[-1].index == 19
    assert first.index < rest[0].index
    assert 1 + len(rest) + source.dropped == 20
    assert len(rest) <= 2


def test_live_hands_on_errors_and_closes_early(tmp_path: Path) -> None:
    make_images(tmp_path, ["1.png"])
    make_images(tmp_path, ["2.png"], size=(32, 32))
    with open_source(tmp_path, live=True, frame_rate=1000) as source, pytest.raises(SourceError, match=r"2\.png"):
        list(source)
    with open_source(make_video(tmp_path / "a.mp4", 50), live=True) as source:
        next(iter(source))
    assert source.decoded < 50


def test_live_source_closed_unread(tmp_path: Path) -> None:
    before = threading.active_count()
    source = open_source(make_video(tmp_path / "a.mp4", 2), live=True)
    source.close()
    assert (source.decoded, threading.active_count()) == (0, before)
