"""Folders of images and sequences with a seqinfo.ini."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_video import (
    SIZE,
    make_images,
    make_sequence,
    make_video,
    number_of,
)
from read_video import read, refusal

from sportstrack.errors import FormatError
from sportstrack.seqinfo import read_sequence_info
from sportstrack.video import (
    SourceInfo,
    natural_key,
    open_source,
)
from sportstrack.video.times import ASSUMED_RATE

NTSC = Fraction(30000, 1001)


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
