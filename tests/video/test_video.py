"""Every kind of source and every kind of damage, in; exact times, sizes and colours, out."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_video import (
    SIZE,
    make_images,
    make_video,
    number_of,
    picture,
    scramble,
    set_matrix,
)
from read_video import read, refusal, run_python

from sportstrack.errors import OutputError, SourceError, SportstrackError
from sportstrack.video import (
    SourceInfo,
    as_rate,
    open_source,
)
from sportstrack.video.times import Clock

NTSC = Fraction(30000, 1001)
RATES = [Fraction(25), NTSC, Fraction(50), Fraction(24000, 1001), Fraction(25, 2)]


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_a_file_gives_its_frames_rate_and_times(tmp_path: Path, rate: Fraction) -> None:
    indices, times, numbers, warnings, info = read(make_video(tmp_path / "match.mp4", 20, rate=rate))
    assert indices == numbers == list(range(20))
    assert times == [n / rate for n in range(20)]
    assert warnings == []
    assert info == SourceInfo("match", *SIZE, rate, 20, live=False, kind="video")


def test_frames_are_what_consumers_expect(tmp_path: Path) -> None:
    with open_source(make_video(tmp_path / "a.mp4", 3)) as source:
        frames = list(source)
    for frame in frames:
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert frame.image.flags.writeable  # so that it can be drawn on
        assert frame.time == float(frame.pts)
    assert source.decoded == 3
    assert source.dropped == 0


def test_variable_rate_keeps_its_timestamps(tmp_path: Path) -> None:
    ticks = [0, 3600, 5400, 12601, 12700, 30000, 33003]
    path = make_video(tmp_path / "vfr.mp4", len(ticks), ticks=ticks, time_base=Fraction(1, 90000))
    assert read(path)[1] == [Fraction(t, 90000) for t in ticks]


def test_times_start_at_the_first_frame_and_count_from_it(tmp_path: Path) -> None:
    path = make_video(tmp_path / "late.mkv", 4, ticks=[50, 51, 52, 54])
    assert read(path)[1] == [Fraction(n, 25) for n in (0, 1, 2, 4)]


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.avi", "a.mov", "a.h264"])
def test_other_containers(tmp_path: Path, name: str) -> None:
    indices, times, numbers, _, info = read(make_video(tmp_path / name, 12))
    assert indices == numbers == list(range(12))
    assert times == [Fraction(n, 25) for n in range(12)]
    assert info.frame_rate == 25


def test_every_leaves_frames_out_but_keeps_their_numbers(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", 10)
    with open_source(path, every=3) as source:
        rows = [(f.index, f.pts, number_of(f.image)) for f in source]
        assert source.decoded == 10
    assert rows == [(n, Fraction(n, 25), n) for n in (0, 3, 6, 9)]
    assert "every" in refusal(path, every=0)


def test_a_source_is_read_once(tmp_path: Path) -> None:
    with open_source(make_video(tmp_path / "a.mp4", 2)) as source:
        list(source)
        with pytest.raises(SourceError, match="open it again"):
            iter(source)


def test_closing_early_and_twice_is_harmless(tmp_path: Path) -> None:
    source = open_source(make_video(tmp_path / "a.mp4", 5))
    assert next(iter(source)).index == 0
    source.close()
    source.close()
    assert source.decoded < 5


@pytest.mark.parametrize(
    ("matrix", "turns", "mirrored"),
    [((0, 1, -1, 0), 3, False), ((0, -1, 1, 0), 1, False), ((-1, 0, 0, -1), 2, False), ((-1, 0, 0, 1), 0, True)],
    ids=["clockwise", "counterclockwise", "half", "mirror"],
)
def test_rotation_is_applied(tmp_path: Path, matrix: tuple[int, int, int, int], turns: int, mirrored: bool) -> None:
    path = set_matrix(make_video(tmp_path / "phone.mp4", 2, options={"crf": "5"}), *matrix)
    with open_source(path) as source:
        image = next(iter(source)).image
    expected = np.rot90(picture(0)[:, ::-1] if mirrored else picture(0), turns)
    assert image.shape == expected.shape == (source.info.height, source.info.width, 3)
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - expected).mean() < 4


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [
        ("libx264", "yuv420p", "mp4"),
        ("libx264", "yuv420p10le", "mp4"),
        ("libx264", "yuv422p", "mp4"),
        ("libx264", "yuv444p", "mp4"),
        ("libx264", "yuvj420p", "mp4"),
        ("libvpx-vp9", "yuva420p", "webm"),
        ("png", "rgba", "mov"),
        ("rawvideo", "bgr24", "mov"),
        ("qtrle", "argb", "mov"),
    ],
)
@pytest.mark.parametrize("colour", [(1, 1), (5, 1), (5, 2)], ids=["bt709", "bt601", "full-range"])
def test_pixel_formats_come_out_in_the_right_colours(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str, colour: tuple[int, int]
) -> None:
    if colour[1] == 2 and not pix_fmt.startswith("yuv"):
        colour = (5, 1)
    if pix_fmt == "yuvj420p":
        colour = (colour[0], 2)
    options = {"crf": "5"} if codec == "libx264" else {}
    path = make_video(tmp_path / f"a.{suffix}", 2, codec=codec, pix_fmt=pix_fmt, options=options, colour=colour)
    with open_source(path) as source:
        image = next(iter(source)).image
    assert np.abs(image.astype(int) - picture(0)).mean() < 3
    assert np.abs(image.mean(axis=(0, 1)) - picture(0).mean(axis=(0, 1))).max() < 3


def test_grey_video(tmp_path: Path) -> None:
    path = make_video(tmp_path / "grey.mp4", 4, pix_fmt="gray", options={"crf": "5"}, colour=(5, 2))
    with open_source(path) as source:
        frames = list(source)
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert np.ptp(frames[0].image, axis=2).max() == 0


def test_a_colour_matrix_that_nobody_supports_is_said_and_survived(tmp_path: Path) -> None:
    path = make_video(tmp_path / "ycgco.mp4", 3, colour=(8, 1))
    _, _, numbers, warnings, _ = read(path)
    assert numbers == [0, 1, 2]
    assert warnings == ["its colour matrix (number 8) is not supported; read as BT.709"]


def test_odd_width_is_read_as_it_is(tmp_path: Path) -> None:
    with open_source(make_video(tmp_path / "odd.mp4", 2, size=(63, 47), pix_fmt="yuv444p")) as source:
        frames = list(source)
    assert (source.info.width, source.info.height) == (63, 47)
    assert all(f.image.shape == (47, 63, 3) and f.image.flags.c_contiguous for f in frames)
    assert [number_of(f.image) for f in frames] == [0, 1]


def test_a_change_of_size_in_the_stream_is_scaled_and_said(tmp_path: Path) -> None:
    small = make_video(tmp_path / "small.h264", 5)
    large = make_video(tmp_path / "large.h264", 5, size=(96, 80))
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    with open_source(both) as source:
        frames = list(source)
    assert len(frames) == 10
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert [number_of(frame.image) for frame in frames][5:] == [0, 1, 2, 3, 4]
    assert source.warnings == ["the frame size changes from 64x48 to 96x80 at 0.2 s; scaled to 64x48"]


def test_one_frame(tmp_path: Path) -> None:
    indices, times, _, warnings, _ = read(make_video(tmp_path / "one.mp4", 1))
    assert (indices, times, warnings) == ([0], [0], [])


def test_a_name_that_ffmpeg_could_misread(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", 2)
    odd = path.rename(tmp_path / "half:1 100%d.mp4")
    assert read(odd)[0] == [0, 1]
    assert read(f"file://{odd}")[0] == [0, 1]


def test_a_still_image_is_a_video_of_one_frame(tmp_path: Path) -> None:
    assert read(make_images(tmp_path, ["one.png"]) / "one.png")[0] == [0]


def test_real_football(shared_data: Path) -> None:
    with open_source(shared_data / "video" / "football_848x478.mp4") as source:
        stamps = [frame.pts for frame in source]
    assert source.info == SourceInfo("football_848x478", 848, 478, Fraction(25), 169, live=False, kind="video")
    assert len(stamps) == source.decoded == 169
    assert source.warnings == []
    assert stamps[:3] == [0, Fraction(1, 25), Fraction(2, 25)]


@given(st.lists(st.one_of(st.none(), st.fractions(-100, 10**6)), min_size=1), st.sampled_from(RATES))
def test_times_always_grow_whatever_the_stamps(stamps: list[Fraction | None], rate: Fraction) -> None:
    clock = Clock(1 / rate)
    times = [clock.tick(stamp) for stamp in stamps]
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))


@given(st.lists(st.fractions(0, 10**6), min_size=1, unique=True), st.sampled_from(RATES))
def test_growing_stamps_are_left_alone(stamps: list[Fraction], rate: Fraction) -> None:
    stamps.sort()
    clock = Clock(1 / rate)
    assert [clock.tick(stamp) for stamp in stamps] == [stamp - stamps[0] for stamp in stamps]


def test_a_restarted_stream_goes_on_in_time() -> None:
    clock = Clock(Fraction(1, 25))
    assert [clock.tick(Fraction(n, 25)) for n in (100, 101)] == [0, Fraction(1, 25)]
    clock.restart(Fraction(3))
    assert clock.tick(Fraction(7)) > Fraction(3)
    after = clock.tick(Fraction(8))
    assert after - clock.tick(Fraction(9)) == -1


@pytest.mark.parametrize(
    ("given_rate", "expected"),
    [(29.97, NTSC), (23.976, Fraction(24000, 1001)), (59.94, Fraction(60000, 1001)), (25, 25), (12.5, Fraction(25, 2))],
)
def test_rates(given_rate: float, expected: Fraction) -> None:
    assert as_rate(given_rate) == as_rate(str(given_rate)) == expected


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf"), "x", "1/0", 1e-9, 1e9])
def test_rates_that_are_none(bad: object) -> None:
    with pytest.raises(ValueError, match="frame rate"):
        as_rate(bad)  # type: ignore[arg-type]


def test_import_is_light_and_nothing_is_printed(tmp_path: Path) -> None:
    path = scramble(make_video(tmp_path / "a.mp4", 60, movflags="faststart"), 0.6, 0.7)
    code = """
        import sys
        import sportstrack.video
        assert not {"av", "cv2", "torch", "scipy"} & set(sys.modules), sys.modules.keys()
        with sportstrack.video.open_source(sys.argv[1]) as source:
            list(source)
    """
    result = run_python(code, path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_errors_are_the_projects_own() -> None:
    assert issubclass(SourceError, SportstrackError)
    assert issubclass(OutputError, SportstrackError)
