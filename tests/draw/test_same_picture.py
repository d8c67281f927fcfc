"""`sportstrack draw` shows a result exactly as `sportstrack track` did, whatever file it is read from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sportstrack.draw.run import draw_video
from sportstrack.draw.settings import DrawSettings
from sportstrack.track.run import track_video
from tests.draw.conftest import Detect, written_frames


@cache
def tracked(match: Path, draw: str, ball: bool) -> tuple[Path, list[np.ndarray]]:
    """The results of a match, beside it, and the frames of its video."""
    folder = match.parent / f"{draw}-{ball}"
    with written_frames() as frames:
        track_video(
            match,
            folder,
            detector=Detect(ball),
            tracker="sports",
            formats=["video", "mot", "csv", "jsonl"],
            save_detections=True,
            draw=draw.split(","),
        )
    assert len(frames) == 30
    return folder, frames


@pytest.mark.parametrize(
    ("draw", "suffix", "ball"),
    [
        *((draw, suffix, True) for draw in ("broadcast", "analyst,speed") for suffix in (".csv", ".jsonl", ".npz")),
        *((draw, ".txt", False) for draw in ("broadcast", "analyst,speed")),
        *(("debug", suffix, True) for suffix in (".jsonl", ".npz")),  # the others hold neither masks nor key points
    ],
)
def test_a_result_is_drawn_as_track_drew_it(draw: str, suffix: str, ball: bool, match: Path, tmp_path: Path) -> None:
    folder, frames = tracked(match, draw, ball)
    with written_frames() as again:
        draw_video(match, folder / f"match{suffix}", tmp_path, DrawSettings(draw=draw.split(",")))
    for number, (one, other) in enumerate(zip(frames, again, strict=True)):
        assert np.array_equal(one, other), f"frame {number}"


def test_boxes_and_scores_are_the_same_from_csv_in_debug(match: Path, tmp_path: Path) -> None:
    draw = ["box", "label", "trace"]
    with written_frames() as frames:
        track_video(match, tmp_path, detector=Detect(), tracker="sort", formats=["video", "csv"], draw=draw)
    with written_frames() as again:
        draw_video(match, tmp_path / "match.csv", tmp_path / "out", DrawSettings(draw=draw))
    assert all(map(np.array_equal, frames, again))


def test_every_third_frame(match: Path, tmp_path: Path) -> None:
    with written_frames() as frames:
        track_video(match, tmp_path, detector=Detect(), every=3, formats=["video", "csv", "jsonl"])
    assert len(frames) == 10
    with written_frames() as again:
        draw_video(match, tmp_path / "match.jsonl", tmp_path / "out")
    assert len(again) == 10
    assert all(map(np.array_equal, frames, again))


def test_a_span_and_pictures_are_those_of_the_whole(match: Path, tmp_path: Path) -> None:
    import cv2

    with written_frames() as frames:
        track_video(match, tmp_path, detector=Detect(), formats=["video", "csv"], draw=["analyst"])
    settings = DrawSettings(draw=["analyst"], start=0.4, end=0.8, formats=["video"], frames=[12, 20])
    with written_frames() as again:
        done = draw_video(match, tmp_path / "match.csv", tmp_path / "out", settings)
    assert len(again) == done.frames == 11
    assert all(map(np.array_equal, frames[10:21], again))
    for number in (12, 20):
        picture = cv2.imread(str(tmp_path / "out" / f"match_{number:06d}.png"))
        assert np.array_equal(picture, frames[number - 1])
