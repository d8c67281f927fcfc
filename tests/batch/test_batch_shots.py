"""A long video in parts: shots that are recorded by several workers make the recording of the whole."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import toy

import sportstrack
from sportstrack.batch.parts import spaced
from sportstrack.batch.settings import BatchSettings
from sportstrack.errors import SourceError
from sportstrack.video import VideoWriter, open_source
from sportstrack.video.span import list_packets, open_span

RATE, CUT, FRAMES = 5, 60, 120


def ground(seed: int) -> np.ndarray:
    """(H, W, 3) dark patches of colour."""
    small = np.random.default_rng(seed).integers(0, 100, (6, 8, 3)).astype(np.uint8)
    return np.minimum(cv2.resize(small, toy.SIZE, interpolation=cv2.INTER_CUBIC), 120)


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shots of more than ten seconds, of two places."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    first, second = ground(1), ground(2)
    with VideoWriter(path, *toy.SIZE, RATE, crf=10) as writer:
        for frame in range(FRAMES):
            image = np.maximum(toy.picture(frame % 20), first if frame < CUT else second)
            writer.write(image, Fraction(frame, RATE))
    return path


def test_parts_make_the_recording_of_the_whole(long_video: Path, tmp_path: Path) -> None:
    settings = {"detector": "toy:find", "formats": ("mot", "jsonl")}
    for unit in ("video", "shot"):
        found = sportstrack.run_batch(
            long_video,
            tmp_path / unit,
            settings=settings,
            batch=BatchSettings(workers=2, unit=unit),  # type: ignore[arg-type]
        )
        assert [row["frames"] for row in found.rows] == [FRAMES]
    lines = [json.loads(line) for line in (tmp_path / "shot" / "manifest.jsonl").read_text().splitlines()]
    assert sorted((line["phase"], line.get("span")) for line in lines if "part" in line) == [
        ("detect", [0, CUT]), ("detect", [CUT, FRAMES]),
    ]  # fmt: skip
    for name in ("recordings/long.npz", "tracks/long.txt", "tracks/long.jsonl"):
        assert (tmp_path / "shot" / name).read_bytes() == (tmp_path / "video" / name).read_bytes(), name
    assert not (tmp_path / "shot" / "recordings" / "long.parts").exists()
    again = sportstrack.run_batch(
        long_video,
        tmp_path / "shot",
        settings=settings,
        batch=BatchSettings(workers=2, unit="shot"),  # type: ignore[arg-type]
    )
    assert (again.ran, again.kept) == (0, 2)


@pytest.mark.parametrize(("first", "end", "every"), [(0, 9, 1), (55, 66, 1), (20, 90, 7), (114, 120, 1), (3, 3, 1)])
def test_a_part_has_the_frames_of_the_whole(long_video: Path, first: int, end: int, every: int) -> None:
    with open_source(long_video, every=every) as whole:
        wanted = [frame for frame in whole if first <= frame.index < end]
    with open_span(long_video, first, end, every=every) as part:
        found = list(part)
    assert [(one.index, one.pts) for one in found] == [(one.index, one.pts) for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_a_file_without_times_stays_whole(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    for _ in range(5):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    assert list_packets(tmp_path / "a.avi") is None
    with pytest.raises(SourceError, match="no part of it can be read alone"):
        open_span(tmp_path / "a.avi", 0, 3)


def test_parts_are_not_too_short() -> None:
    assert spaced([5, 100, 104, 230, 395], 400, 50) == [0, 100, 230]
    assert spaced([], 400, 50) == [0]
