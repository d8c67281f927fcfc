"""Every kind of source and every kind of damage, in; exact times, sizes and colours, out."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_video import (
    SIZE,
    cut,
    make_audio,
    make_images,
    make_sequence,
    make_video,
    number_of,
    picture,
    scramble,
    set_matrix,
)

from sportstrack.errors import FormatError, OutputError, SettingError, SourceError, SportstrackError
from sportstrack.mot import read_sequence_info
from sportstrack.video import (
    SourceInfo,
    VideoWriter,
    as_rate,
    natural_key,
    open_source,
    probe,
)
from sportstrack.video.times import ASSUMED_RATE, FINE_TICKS, LARGEST_NUMERATOR, Clock, ticks_per_second

NTSC = Fraction(30000, 1001)
RATES = [Fraction(25), NTSC, Fraction(50), Fraction(24000, 1001), Fraction(25, 2)]


def read(path: object, **settings: object) -> tuple[list[int], list[Fraction], list[int], list[str], SourceInfo]:
    """Return indices, times, numbers in the pictures, warnings and info of a whole source."""
    with open_source(path, **settings) as source:  # type: ignore[arg-type]
        rows = [(frame.index, frame.pts, number_of(frame.image)) for frame in source]
        indices, times, numbers = (list(column) for column in zip(*rows, strict=True))
        return indices, times, numbers, source.warnings, source.info


def refusal(path: object, **settings: object) -> str:
    """Return the message with which a source is refused."""
    with pytest.raises(SourceError) as caught, open_source(path, **settings) as source:  # type: ignore[arg-type]
        list(source)
    return str(caught.value)


def write(path: Path, times: list[Fraction], rate: Fraction, size: tuple[int, int] = SIZE, **settings: object) -> Path:
    with VideoWriter(path, *size, rate, **settings) as writer:  # type: ignore[arg-type]
        for number, pts in enumerate(times):
            writer.write(picture(number, size), pts)
    return path


# --- Video files ------------------------------------------------------------------------------------------------------


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


# --- Broken files -----------------------------------------------------------------------------------------------------


def test_no_such_file_names_the_nearest(tmp_path: Path) -> None:
    make_video(tmp_path / "match.mp4", 1)
    message = refusal(tmp_path / "macth.mp4")
    assert "no such file; did you mean 'match.mp4'?" in message
    assert str(tmp_path / "macth.mp4") in message


def test_text_named_mp4(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("these are notes, übrigens\n" * 40, encoding="utf-8")
    assert refusal(tmp_path / "notes.mp4").endswith("notes.mp4: is a text file, not a video")


def test_noise_named_mp4(tmp_path: Path) -> None:
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    assert "noise.mp4: is no video that can be read" in refusal(tmp_path / "noise.mp4")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "is empty (0 bytes)" in refusal(tmp_path / "empty.mp4")


def test_no_frames(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.avi", 1, codec="mpeg4")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"movi") + 4])
    assert "no frame" in refusal(path)


def test_audio_only(tmp_path: Path) -> None:
    assert "holds no video (only audio)" in refusal(make_audio(tmp_path / "song.mp4"))


def test_without_its_index(tmp_path: Path) -> None:
    path = cut(make_video(tmp_path / "a.mp4", 40), 0.5)
    assert "the recording was cut off (its index, the moov box, is missing)" in refusal(path)


def test_truncated_file_gives_what_is_there(tmp_path: Path) -> None:
    path = cut(make_video(tmp_path / "a.mp4", 60, size=(320, 240), movflags="faststart"), 0.6)
    indices, _, numbers, warnings, _ = read(path)
    assert 5 < len(indices) < 60
    assert indices == list(range(len(indices)))
    assert numbers[:-2] == [n % 25 for n in indices[:-2]]
    assert warnings[-1] == f"truncated: {len(indices)} of 60 declared frames decoded"


@pytest.mark.parametrize("share", [0.99, 0.9, 0.7, 0.4])
def test_truncated_real_file(tmp_path: Path, shared_data: Path, share: float) -> None:
    path = tmp_path / "cut.mp4"
    shutil.copyfile(shared_data / "video" / "football_848x478.mp4", path)
    with open_source(cut(path, share)) as source:
        count = sum(1 for _ in source)
    assert 30 < count < 169
    assert f"truncated: {count} of 169 declared frames decoded" in source.warnings


@pytest.mark.parametrize("seed", range(6))
def test_damage_in_the_middle(tmp_path: Path, seed: int) -> None:
    path = make_video(tmp_path / "a.mp4", 200, size=(160, 120), movflags="faststart", options={"g": "20"})
    indices, times, numbers, warnings, _ = read(scramble(path, 0.45, 0.5, seed))
    assert indices[-1] == 199, "reading goes on to the end, and lost frames keep their numbers"
    assert times == [Fraction(index, 25) for index in indices]
    assert numbers[-50:] == [index % 25 for index in indices[-50:]]
    lost = 200 - len(indices)
    words = " ".join(warnings)
    assert "first at" in words
    if lost:
        assert f"{lost} frame{'s' * (lost > 1)} could not be decoded" in words
    assert "truncated" not in words


@pytest.mark.parametrize("suffix", ["mkv", "ts", "avi"])
@pytest.mark.parametrize("seed", range(3))
def test_damage_in_other_containers_raises_nothing(tmp_path: Path, suffix: str, seed: int) -> None:
    path = make_video(tmp_path / f"a.{suffix}", 150, size=(160, 120), options={"g": "15"})
    with open_source(scramble(path, 0.4, 0.45, seed)) as source:
        frames = list(source)
    assert len(frames) > 80
    assert all(a.pts < b.pts and a.index < b.index for a, b in pairwise(frames))
    assert source.warnings


def test_damage_all_over(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", 30, size=(160, 120), movflags="faststart")
    data = path.read_bytes()
    place = (data.index(b"mdat") + 4) / len(data)
    assert "no frame of its h264 video could be decoded" in refusal(scramble(path, place, 1.0))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Drop root's right to read everything, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_unreadable_file_and_unwritable_folder(tmp_path: Path) -> None:
    path = make_video(tmp_path / "secret.mp4", 1)
    probe(path)  # loads what is imported on first use, while it may be
    path.chmod(0)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with as_nobody():
        assert "permission denied" in refusal(path)
        with pytest.raises(OutputError, match=r"out\.mp4: cannot be written \(permission denied\)"):
            VideoWriter(locked / "out.mp4", 64, 48, 25)
    assert list(locked.iterdir()) == []


# --- Folders of images ------------------------------------------------------------------------------------------------


def test_images_in_natural_order(tmp_path: Path) -> None:
    names = ["frame1.png", "frame2.bmp", "Frame10.png", "frame11.tif"]
    folder = make_images(tmp_path / "clip", names)
    (folder / "readme.txt").write_text("no image")
    (folder / "._frame1.png").write_text("what macOS leaves behind")
    indices, times, numbers, warnings, info = read(folder)
    assert indices == numbers == [0, 1, 2, 3]
    assert times == [Fraction(n, 25) for n in range(4)]
    assert info == SourceInfo("clip", *SIZE, Fraction(25), 4, live=False, kind="images")
    assert warnings == [ASSUMED_RATE]
    *_, warnings, info = read(folder, frame_rate=29.97)
    assert (warnings, info.frame_rate) == ([], NTSC)


def test_every_does_not_read_the_other_images(tmp_path: Path) -> None:
    folder = make_images(tmp_path, [f"{n}.png" for n in range(7)])
    for n in (1, 2, 4, 5):
        (folder / f"{n}.png").write_text("never looked at")
    with open_source(folder, every=3, frame_rate=25) as source:
        assert [(f.index, f.pts, number_of(f.image)) for f in source] == [(n, Fraction(n, 25), n) for n in (0, 3, 6)]
        assert source.decoded == 3
    assert source.warnings == []


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert "holds no images" in refusal(tmp_path)
    make_video(tmp_path / "a.mp4", 1)
    assert f"pass {tmp_path / 'a.mp4'} itself" in refusal(tmp_path)


def test_mixed_sizes_name_the_file(tmp_path: Path) -> None:
    make_images(tmp_path, ["1.png", "2.png"])
    make_images(tmp_path, ["3.png"], size=(32, 32))
    message = refusal(tmp_path)
    assert "3.png: is 32x32, the images before it 64x48" in message


def test_broken_images_are_skipped_and_counted(tmp_path: Path) -> None:
    make_images(tmp_path, ["1.png", "2.png", "3.png", "4.png"])
    (tmp_path / "1.png").write_text("broken")
    (tmp_path / "3.png").write_bytes(b"")
    indices, _, numbers, warnings, _ = read(tmp_path, frame_rate=25)
    assert indices == numbers == [1, 3]
    assert warnings == ["2 images could not be decoded (first: 1.png)"]
    for n in (2, 4):
        (tmp_path / f"{n}.png").write_bytes(b"")
    assert "none of its 4 images can be decoded" in refusal(tmp_path)


INI = "[Sequence]\nname=v_1\nimDir=img1\nframeRate=50\nseqLength={}\nimWidth=64\nimHeight=48\nimExt=.png\n"


def test_a_sequence_folder(tmp_path: Path) -> None:
    root = make_sequence(tmp_path / "v_00HRwkvvjtQ_c001", range(1, 6), ini=INI.format(5))
    expected = SourceInfo("v_00HRwkvvjtQ_c001", *SIZE, Fraction(50), 5, live=False, kind="sequence")
    for source in (root, root / "img1", root / "seqinfo.ini"):
        indices, times, numbers, warnings, info = read(source)
        assert indices == numbers == [0, 1, 2, 3, 4]
        assert times == [Fraction(n, 50) for n in range(5)]
        assert info == expected
        assert warnings == []


def test_image_numbers_are_frame_numbers(tmp_path: Path) -> None:
    root = make_sequence(tmp_path / "seq", [1, 2, 5, 6], ini=INI.format(750))
    indices, times, numbers, warnings, info = read(root)
    assert indices == numbers == [0, 1, 4, 5]
    assert times == [Fraction(n, 50) for n in indices]
    assert info.frame_count == 750
    assert warnings[0] == "seqinfo.ini says 750 frames, folder has 4"
    assert warnings[1] == "2 images missing in between (first: frame 2, counted from 0)"


def test_a_sequence_counted_from_zero(tmp_path: Path) -> None:
    assert read(make_sequence(tmp_path / "seq", [0, 1, 2], ini=INI.format(3)))[0] == [0, 1, 2]


def test_a_sequence_without_seqinfo(tmp_path: Path) -> None:
    info = read(make_sequence(tmp_path / "seq", [1, 2]))[4]
    assert (info.kind, info.name, info.frame_rate) == ("sequence", "seq", 25)


def test_a_sequence_whose_images_are_elsewhere(tmp_path: Path) -> None:
    root = make_sequence(tmp_path / "seq", [1], ini=INI.format(1).replace("img1", "frames"))
    assert "its image folder" in refusal(root)


def test_real_seqinfo_files(shared_data: Path) -> None:
    paths = sorted(shared_data.glob("*/**/seqinfo.ini"))
    assert paths
    for path in paths:
        info = read_sequence_info(path.parent)
        assert info.image_folder == "img1"
        assert info.frames
        assert info.frame_rate
        assert info.size


@given(
    rate=st.sampled_from([24, 25, 29.97, 30, 50, 59.94]),
    length=st.integers(1, 10**6),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    space=st.sampled_from(["", " ", "\t"]),
    header=st.sampled_from(["[Sequence]", "[sequence]", "", "; a comment"]),
    order=st.permutations(range(5)),
)
def test_seqinfo_in_every_dress(
    tmp_path_factory: pytest.TempPathFactory,
    rate: float,
    length: int,
    end: str,
    mark: str,
    space: str,
    header: str,
    order: list[int],
) -> None:
    rows = [f"frameRate={space}{rate}", f"seqLength{space}={length}", "imDir=img1", "name=100%", "imExt=.JPG"]
    path = tmp_path_factory.mktemp("ini") / "seqinfo.ini"
    path.write_text(mark + end.join([header, *(rows[n] for n in order)]) + end, encoding="utf-8", newline="")
    info = read_sequence_info(path.parent)
    assert (info.frame_rate, info.frames, info.image_folder, info.name) == (rate, length, "img1", "100%")
    assert info.suffix == ".jpg"


@given(st.text(max_size=200))
def test_seqinfo_never_fails_otherwise_than_said(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("ini") / "seqinfo.ini"
    path.write_text(text, encoding="utf-8", errors="replace")
    said = ""
    try:
        read_sequence_info(path.parent)
    except FormatError as error:
        said = str(error)
    assert not said or str(path) in said


@pytest.mark.parametrize("row", ["frameRate=fast", "frameRate=0", "frameRate=nan", "seqLength=3.5", "seqLength=-1"])
def test_seqinfo_with_a_bad_number_says_which(tmp_path: Path, row: str) -> None:
    (tmp_path / "seqinfo.ini").write_text(f"[Sequence]\n{row}\n")
    with pytest.raises(FormatError, match=rf"line 2: {row.split('=')[0]}: expected .* got '{row.split('=')[1]}'"):
        read_sequence_info(tmp_path)


@given(st.lists(st.integers(0, 10**9), unique=True), st.sampled_from(["", "img", "a1_"]))
def test_natural_order_is_the_order_of_the_numbers(numbers: list[int], prefix: str) -> None:
    names = sorted((f"{prefix}{n}.jpg" for n in numbers), key=natural_key)
    assert names == [f"{prefix}{n}.jpg" for n in sorted(numbers)]


@given(st.lists(st.text(max_size=20)))
def test_natural_order_takes_any_names(names: list[str]) -> None:
    assert sorted(sorted(names, key=natural_key, reverse=True), key=natural_key) == sorted(names, key=natural_key)


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


# --- Cameras ----------------------------------------------------------------------------------------------------------


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


# --- Streams ----------------------------------------------------------------------------------------------------------


@contextmanager
def http_server(handler: object) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Files(SimpleHTTPRequestHandler):
    """Serves a folder, silently."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("name", ["match.mp4", "match.ts"])
def test_a_file_behind_http_ends_when_it_ends(tmp_path: Path, name: str) -> None:
    make_video(tmp_path / name, 30, movflags="faststart" if name.endswith("mp4") else "")
    with http_server(partial(Files, directory=str(tmp_path))) as address:
        indices, _, numbers, warnings, info = read(f"{address}/{name}")
    assert indices == list(range(30))
    assert numbers == [n % 25 for n in indices]
    assert warnings == []
    assert (info.kind, info.live) == ("stream", False)
    assert info.name.startswith("127.0.0.1-")
    assert info.name.endswith(name)


def test_http_errors_are_told_apart(tmp_path: Path) -> None:
    with http_server(partial(Files, directory=str(tmp_path))) as address:
        assert "the server does not have it (404)" in refusal(f"{address}/none.mp4")
    message = refusal(f"{address.replace('//', '//me:secret@')}/none.mp4")
    assert "nothing listens there" in message
    assert "secret" not in message


def make_endless(*data: bytes) -> type[BaseHTTPRequestHandler]:
    """Return a handler that sends each of ``data`` once, without a length, as live senders do, and then refuses."""

    class Endless(BaseHTTPRequestHandler):
        served = 0

        def do_GET(self) -> None:
            type(self).served += 1
            if self.served > len(data):
                self.send_error(503)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(data[self.served - 1])

        def log_message(self, *_: object) -> None:
            pass

    return Endless


def test_a_stream_that_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.video.stream.FIRST_WAIT", 0.01)
    later = [picture(number) for number in range(7, 32)]
    parts = [make_video(tmp_path / "a.ts", 25), make_video(tmp_path / "b.ts", pictures=later)]
    handler = make_endless(*(part.read_bytes() for part in parts))
    seen: list[tuple[int, Fraction]] = []
    with http_server(handler) as address, open_source(f"{address}/live.ts", reconnect=3) as source:
        assert source.info.live
        with pytest.raises(SourceError, match="not back after 3 tries"):
            seen.extend((frame.index, frame.pts) for frame in source)
    assert [index for index, _ in seen] == list(range(50))
    stamps = [pts for _, pts in seen]
    assert all(a < b for a, b in pairwise(stamps))
    assert len(source.warnings) == 1
    assert "taken up again" in source.warnings[0]


def test_a_recording_behind_http_without_a_length_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.video.stream.FIRST_WAIT", 0.01)
    data = make_video(tmp_path / "a.ts", 25).read_bytes()
    with http_server(make_endless(*[data] * 9)) as address:
        assert read(f"{address}/match.ts")[0] == list(range(25))


def test_a_live_playlist_ends_with_its_last_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.video.stream.FIRST_WAIT", 0.01)
    names = []
    for part in range(3):
        ticks = list(range(25 * part, 25 * part + 25))
        images = [picture(n) for n in ticks]
        names.append(make_video(tmp_path / f"{part}.ts", pictures=images, ticks=ticks, options={"bf": "0"}).name)
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"
    asked: list[str] = []

    class Playlist(Files):
        def do_GET(self) -> None:
            if not self.path.endswith(".m3u8"):
                super().do_GET()
                return
            asked.append(self.path)
            known = names[: 1 + len(asked)]
            text = head + "".join(f"#EXTINF:1.0,\n{name}\n" for name in known)
            text += "#EXT-X-ENDLIST\n" if len(asked) > 3 else ""
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.apple.mpegurl")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    with http_server(partial(Playlist, directory=str(tmp_path))) as address:
        indices, _, numbers, _, info = read(f"{address}/live.m3u8")
    assert info.live
    assert indices == list(range(75))
    assert numbers == [n % 25 for n in indices]


def test_without_reconnection_the_end_is_the_end(tmp_path: Path) -> None:
    handler = make_endless(make_video(tmp_path / "a.ts", 10).read_bytes())
    with http_server(handler) as address:
        assert read(f"{address}/live.ts", reconnect=0)[0] == list(range(10))


def test_a_live_stream_ends_in_the_error_of_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.video.stream.FIRST_WAIT", 0.01)
    handler = make_endless(make_video(tmp_path / "a.ts", 10).read_bytes())
    with http_server(handler) as address, open_source(f"{address}/live.ts", reconnect=1, live=True) as source:
        with pytest.raises(SourceError, match="not back after 1 try"):
            list(source)
        assert source.decoded == 10


def test_closing_ends_the_wait_for_a_lost_stream(tmp_path: Path) -> None:
    handler = make_endless(make_video(tmp_path / "a.ts", 10).read_bytes())
    with http_server(handler) as address:
        source = open_source(f"{address}/live.ts", reconnect=50, live=True)
        next(iter(source))
        source.close()
    assert source.dropped <= 10


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_stream_joined_in_its_middle_begins_at_a_whole_picture(tmp_path: Path) -> None:
    data = make_video(tmp_path / "a.ts", 40, options={"g": "10", "bf": "0"}).read_bytes()
    late = data[len(data) // 6 // 188 * 188 :]
    with http_server(make_endless(late)) as address:
        indices, times, numbers, _, _ = read(f"{address}/live.ts", reconnect=0)
    assert indices == list(range(len(indices)))
    assert times[0] == 0
    assert numbers == [(numbers[0] + n) % 25 for n in indices]
    assert len(indices) in (20, 30)


def test_udp(tmp_path: Path) -> None:
    data = make_video(tmp_path / "a.ts", 50, options={"g": "5"}).read_bytes()
    port = free_port()
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not stop.is_set():
                for start in range(0, len(data), 1316):
                    sender.sendto(data[start : start + 1316], ("127.0.0.1", port))
                    stop.wait(0.001)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with open_source(f"udp://127.0.0.1:{port}", live=True) as source:
            frames = [frame for frame, _ in zip(source, range(5), strict=False)]
    finally:
        stop.set()
        thread.join()
    assert source.info.kind == "stream"
    assert (source.info.width, source.info.height) == SIZE
    assert len(frames) == 5
    assert all(a.index < b.index and a.pts < b.pts for a, b in pairwise(frames))


@pytest.mark.parametrize("form", ["udp://127.0.0.1:{}", "rtsp://127.0.0.1:{}/cam", "http://127.0.0.1:{}/a.mp4"])
def test_a_dead_address_fails_soon_and_clearly(form: str) -> None:
    address = form.format(free_port())
    message = refusal(address, timeout=0.5)
    assert address in message
    assert "check the address and that the sender is running" in message
    assert "no answer within the time limit" in message or "nothing listens there" in message


def test_an_unknown_kind_of_address() -> None:
    assert "this kind of address is not known" in refusal("gopher9://example/a")


# --- Writing ----------------------------------------------------------------------------------------------------------


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


def fill(path: Path, count: int, end: type[BaseException] | None = None, *, noise: bool = False) -> VideoWriter:
    """Write ``count`` pictures; with ``end``, leave the writer's context by that exception."""
    draw = np.random.default_rng(0)
    with VideoWriter(path, *SIZE, 25) as writer:
        for n in range(count):
            image = draw.integers(0, 256, (48, 64, 3)).astype(np.uint8) if noise else picture(n)
            writer.write(image, Fraction(n, 25))
        if end is not None:
            raise end
    return writer


def test_writing_over_an_old_file_and_aborting(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        fill(path, 1, ZeroDivisionError)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    write(path, [Fraction(0)], Fraction(25))
    assert read(path)[0] == [0]


def test_ctrl_c_completes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(KeyboardInterrupt):
        fill(path, 7, KeyboardInterrupt)
    assert read(path)[2] == list(range(7))


def test_no_frames_leave_no_file(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", *SIZE, 25)
    writer.close()
    writer.close()
    assert list(tmp_path.iterdir()) == []
    assert writer.warnings == ["a.mp4 not written: no frames came"]
    with pytest.raises(OutputError, match="closed"):
        writer.write(picture(0), 0)


def test_an_abandoned_file_plays_under_its_temporary_name(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", *SIZE, 25)
    for n in range(7):
        writer.write(picture(n), Fraction(n, 25))
    writer.abandon()
    writer.abandon()
    (part,) = tmp_path.iterdir()
    assert part.match("a.*.part.mp4")
    assert read(part)[1:3] == ([Fraction(n, 25) for n in range(7)], list(range(7)))
    with pytest.raises(OutputError, match="closed"):
        writer.write(picture(7), 1)
    writer.close()
    assert list(tmp_path.iterdir()) == [part], "closing later neither completes nor drops it"


def test_abandoning_is_harmless_after_closing_and_leaves_nothing_without_frames(tmp_path: Path) -> None:
    fill(tmp_path / "a.mp4", 3).abandon()
    VideoWriter(tmp_path / "empty.mp4", *SIZE, 25).abandon()
    assert list(tmp_path.iterdir()) == [tmp_path / "a.mp4"]
    assert read(tmp_path / "a.mp4")[2] == [0, 1, 2]


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.files.claim._token", lambda: "1")
    (tmp_path / "a.1.part.mp4").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"a\.mp4: writing stopped at frame \d+: the disk is full; nothing of it"):
        fill(tmp_path / "a.mp4", 200, noise=True)
    assert list(tmp_path.iterdir()) == []


LIMITED = """
    import resource, sys
    import numpy as np
    from sportstrack.video import VideoWriter
    from sportstrack.errors import OutputError
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    draw = np.random.default_rng(0)
    writer = VideoWriter(sys.argv[1], 160, 120, 25)
    try:
        for n in range(200):
            writer.write(draw.integers(0, 256, (120, 160, 3)).astype(np.uint8), n / 25)
        writer.close()
    except OutputError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_what_was_written_before_the_disk_filled_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    message = run_python(LIMITED, path, 1_000_000).stdout
    assert "writing stopped at frame" in message
    assert "larger than allowed" in message
    (part,) = tmp_path.iterdir()
    assert f"what was written until then is in {part}" in message
    assert len(read(part)[0]) > 20


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("share", [0.01, 0.4, 0.97, 0.999])
def test_a_file_that_lacks_frames_at_its_end_never_gets_its_name(share: float, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert run_python(LIMITED, path, 10_000_000).stdout == ""
    size = path.stat().st_size
    path.unlink()
    message = run_python(LIMITED, path, int(share * size)).stdout
    assert "a.mp4: writing stopped at frame" in message, "FFmpeg reports the first error only at the very end, or never"
    assert not path.exists()
    assert not list(tmp_path.glob("*.final.*"))


KILLED = """
    import os, signal, sys
    import numpy as np
    from sportstrack.video import VideoWriter
    writer = VideoWriter(sys.argv[1], 160, 120, 25)
    for n in range(200):
        writer.write(np.full((120, 160, 3), n, np.uint8), n / 25)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_after_a_hard_kill_the_part_plays(tmp_path: Path) -> None:
    assert run_python(KILLED, tmp_path / "a.mp4").returncode == -signal.SIGKILL
    (part,) = tmp_path.glob("a.*.part.mp4")
    assert len(read(part)[0]) > 100


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_a_failed_last_step_leaves_the_fragments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: VideoWriter) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(VideoWriter, "_remux", full)
    path = tmp_path / "a.mp4"
    writer = fill(path, 5)
    assert read(path)[2] == [0, 1, 2, 3, 4]
    assert writer.warnings == ["a.mp4 is left in fragments, which play but seek slowly: the disk is full"]
    assert list(tmp_path.iterdir()) == [path]


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
