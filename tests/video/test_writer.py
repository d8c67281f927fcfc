"""Videos that are written: their times, colours and sizes, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_video import (
    SIZE,
    picture,
)
from read_video import read, write

from sportstrack.errors import OutputError, SettingError
from sportstrack.video import (
    SourceInfo,
    VideoWriter,
    open_source,
    probe,
)
from sportstrack.video.times import FINE_TICKS, LARGEST_NUMERATOR, ticks_per_second

NTSC = Fraction(30000, 1001)
RATES = [Fraction(25), NTSC, Fraction(50), Fraction(24000, 1001), Fraction(25, 2)]


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_what_is_written_is_read_back(tmp_path: Path, rate: Fraction) -> None:
    times = [n / rate for n in range(40)]
    path = write(tmp_path / "out.mp4", times, rate)
    indices, stamps, numbers, warnings, info = read(path)
    assert indices == list(range(40))
    assert numbers == [n % 25 for n in indices]
    assert stamps == times
    assert warnings == []
    assert info == SourceInfo("out", *SIZE, rate, 40, live=False, kind="video")
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_variable_times_are_written(tmp_path: Path) -> None:
    ticks = np.cumsum([0, *np.random.default_rng(0).integers(1, 20000, 60)])
    times = [Fraction(int(t), 90000) for t in ticks]
    assert read(write(tmp_path / "vfr.mp4", times, Fraction(25)))[1] == times


def test_times_of_other_clocks_are_kept_to_the_tick(tmp_path: Path) -> None:
    times = [Fraction(n * 1001, 12345) for n in range(20)]
    stamps = read(write(tmp_path / "a.mp4", times, Fraction(25)))[1]
    assert max(abs(a - b) for a, b in zip(times, stamps, strict=True)) <= Fraction(1, 180_000)


def test_times_that_do_not_grow_are_moved_by_ticks(tmp_path: Path) -> None:
    stamps = read(write(tmp_path / "a.mp4", [Fraction(n) for n in (0, 0, 1, 1, Fraction(1, 2), 2)], Fraction(25)))[1]
    tick = Fraction(1, 90000)
    assert stamps == [0, tick, 1, 1 + tick, 1 + 2 * tick, 2]


@given(st.fractions(Fraction(1, 10), 1000).map(lambda r: r.limit_denominator(1001)))
def test_the_clock_of_a_rate(rate: Fraction) -> None:
    ticks = ticks_per_second(rate)
    assert FINE_TICKS <= ticks < 2**31
    if rate.numerator <= LARGEST_NUMERATOR:
        assert (ticks / rate).denominator == 1


def test_the_file_is_h264_that_browsers_play(tmp_path: Path) -> None:
    import av

    path = write(tmp_path / "a.mp4", [Fraction(n, 25) for n in range(10)], Fraction(25))
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the index stands in front"
    assert b"moof" not in data, "it is an ordinary file, not a fragmented one"
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


@pytest.mark.parametrize("size", [(64, 48), (1280, 720)])
def test_colours_survive(tmp_path: Path, size: tuple[int, int]) -> None:
    flat = [np.full((*size[::-1], 3), colour, np.uint8) for colour in ((0, 0, 255), (30, 160, 40), (128, 128, 128))]
    with VideoWriter(tmp_path / "a.mp4", *size, 25, crf=12) as writer:
        for n, image in enumerate([picture(3, size), *flat]):
            writer.write(image, Fraction(n))
    with open_source(tmp_path / "a.mp4") as source:
        images = [frame.image.astype(int) for frame in source]
    assert np.abs(images[0] - picture(3, size)).mean() < 2
    for image, colour in zip(images[1:], flat, strict=True):
        assert np.abs(image - colour).max() <= 4


@pytest.mark.parametrize(("size", "padded"), [((63, 48), (64, 48)), ((64, 47), (64, 48)), ((1, 1), (2, 2))])
def test_odd_sizes_are_padded_and_said(tmp_path: Path, size: tuple[int, int], padded: tuple[int, int]) -> None:
    with VideoWriter(tmp_path / "a.mp4", *size, 25, crf=1) as writer:
        writer.write(picture(2, size), 0)
    assert writer.warnings == [f"{size[0]}x{size[1]} written as {padded[0]}x{padded[1]}: H.264 wants even sizes"]
    with open_source(tmp_path / "a.mp4") as source:
        image = next(iter(source)).image
    assert image.shape == (padded[1], padded[0], 3)
    assert np.abs(image[: size[1], : size[0]].astype(int) - picture(2, size)).mean() < 6


def test_no_frames_leave_no_file(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", *SIZE, 25)
    writer.close()
    writer.close()
    assert list(tmp_path.iterdir()) == []
    assert writer.warnings == ["a.mp4 not written: no frames came"]
    with pytest.raises(OutputError, match="closed"):
        writer.write(picture(0), 0)


def test_refused_outputs(tmp_path: Path) -> None:
    cases = {
        "a.avi": r"cannot write \.avi files; end the name in \.mp4",
        "none/a.mp4": "the folder .*none does not exist",
        "folder.mp4": "is a folder",
    }
    (tmp_path / "folder.mp4").mkdir()
    for name, message in cases.items():
        with pytest.raises(OutputError, match=message):
            VideoWriter(tmp_path / name, *SIZE, 25)
    with pytest.raises(OutputError, match="size"):
        VideoWriter(tmp_path / "a.mp4", 0, 48, 25)
    with pytest.raises(OutputError, match="the encoder 'none' cannot be used"):
        VideoWriter(tmp_path / "a.mp4", *SIZE, 25, codec="none")
    with pytest.raises(OutputError, match="preset 'quick'"):
        VideoWriter(tmp_path / "a.mp4", *SIZE, 25, preset="quick")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.mp4"]


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", *SIZE, 25) as writer:
        with pytest.raises(SettingError, match=r"expected \(48, 64, 3\) uint8, got \(32, 32, 3\) uint8"):
            writer.write(picture(0, (32, 32)), 0)
        with pytest.raises(SettingError, match="float64"):
            writer.write(picture(0).astype(float), 0)  # type: ignore[arg-type]


def test_file_to_file_keeps_everything(tmp_path: Path, shared_data: Path) -> None:
    with (
        open_source(shared_data / "video" / "football_848x478.mp4") as source,
        VideoWriter(tmp_path / "a.mp4", source.info.width, source.info.height, source.info.frame_rate) as writer,
    ):
        stamps = []
        for frame in source:
            stamps.append(frame.pts)
            writer.write(frame.image, frame.pts)
    info = probe(tmp_path / "a.mp4")
    assert (info.width, info.height, info.frame_rate, info.frame_count) == (848, 478, 25, 169)
    copied = read(tmp_path / "a.mp4")[1]
    assert max(abs(a - b) for a, b in zip(stamps, copied, strict=True)) <= Fraction(1, 180_000)
