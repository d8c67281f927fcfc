"""Rates that are stated, given or assumed; files that were cut off; pixels that are not square."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import toy
from make_video import SIZE, cut, make_video, picture, set_matrix

from sportstrack.track.run import track_video
from sportstrack.video import VideoWriter, open_source, probe
from sportstrack.video.times import ASSUMED_RATE


def times_and_warnings(path: Path, **settings: object) -> tuple[list[Fraction], list[str]]:
    with open_source(path, **settings) as source:  # type: ignore[arg-type]
        return [frame.pts for frame in source], source.warnings


def raw(path: Path, rate: int = 10) -> Path:
    """Write a stream without a container: no times, and for MJPEG no rate either."""
    codec, pixels = ("mjpeg", "yuvj420p") if path.suffix == ".mjpeg" else ("libx264", "yuv420p")
    return make_video(path, 12, rate=Fraction(rate), codec=codec, pix_fmt=pixels)


def test_a_raw_stream_is_timed_by_the_rate_in_its_header(tmp_path: Path) -> None:
    times, warnings = times_and_warnings(raw(tmp_path / "a.h264"))
    assert times == [Fraction(n, 10) for n in range(12)]
    assert warnings == []


def test_a_raw_stream_without_a_rate_says_what_is_assumed(tmp_path: Path) -> None:
    times, warnings = times_and_warnings(raw(tmp_path / "a.mjpeg"))
    assert times == [Fraction(n, 25) for n in range(12)]
    assert warnings == [ASSUMED_RATE]


@pytest.mark.parametrize("name", ["a.h264", "a.mjpeg"])
def test_the_rate_given_times_a_raw_stream(tmp_path: Path, name: str) -> None:
    times, warnings = times_and_warnings(raw(tmp_path / name), frame_rate=5)
    assert times == [Fraction(n, 5) for n in range(12)]
    assert warnings == []
    assert probe(tmp_path / name).frame_rate in (10, 25)


def test_a_rate_given_for_a_file_with_times_is_refused_in_words(tmp_path: Path) -> None:
    times, warnings = times_and_warnings(make_video(tmp_path / "a.mp4", 5), frame_rate=10)
    assert times == [Fraction(n, 25) for n in range(5)]
    assert warnings == ["the frame rate 10 was not used: the source carries times of its own"]


def noise(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8) for _ in range(count)]


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "libx264"), ("a.webm", "libvpx"), ("a.flv", "libx264")])
def test_a_file_that_was_cut_off_is_called_truncated(tmp_path: Path, name: str, codec: str) -> None:
    path = make_video(tmp_path / name, codec=codec, pictures=noise(100), options={"g": "10"})
    assert times_and_warnings(path)[1] == []
    times, warnings = times_and_warnings(cut(path, 0.5))
    assert 30 < len(times) < 70
    assert any(re.match(r"truncated: the file declares (3.9|4.[01]) s", w) and f"({len(times)} " in w for w in warnings)


def test_a_fragmented_mp4_that_was_cut_off_is_called_truncated(tmp_path: Path) -> None:
    flags = "frag_keyframe+empty_moov+default_base_moof"
    path = make_video(tmp_path / "a.mp4", pictures=noise(100), options={"g": "10"}, movflags=flags)
    assert times_and_warnings(path)[1] == []
    times, warnings = times_and_warnings(cut(path, 0.5))
    assert warnings == [f"truncated: the file breaks off after {len(times)} frames"]


@pytest.mark.parametrize("ratio", [Fraction(1), Fraction(4, 3), Fraction(16, 15)])
def test_a_video_keeps_the_shape_of_its_pixels(tmp_path: Path, ratio: Fraction) -> None:
    with VideoWriter(tmp_path / "match.mp4", *toy.SIZE, 25, pixel_ratio=ratio) as writer:
        for number in range(5):
            writer.write(toy.picture(number), Fraction(number, 25))
    assert probe(tmp_path / "match.mp4").pixel_ratio == ratio
    summary = track_video(tmp_path / "match.mp4", tmp_path / "out", detector=toy.find)
    assert probe(summary.outputs["video"]).pixel_ratio == ratio


def test_a_turned_video_has_turned_pixels(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", *SIZE, 25, pixel_ratio=Fraction(4, 3)) as writer:
        writer.write(picture(0), 0)
    set_matrix(tmp_path / "a.mp4", 0, 1, -1, 0)
    info = probe(tmp_path / "a.mp4")
    assert (info.width, info.height, info.pixel_ratio) == (SIZE[1], SIZE[0], Fraction(3, 4))
