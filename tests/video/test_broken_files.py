"""Videos that are missing, cut off or damaged: what can be read is read, and the rest is said."""

from __future__ import annotations

import os
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from make_video import (
    cut,
    make_audio,
    make_video,
    scramble,
)
from read_video import as_nobody, read, refusal

from sportstrack.errors import OutputError
from sportstrack.video import (
    VideoWriter,
    open_source,
    probe,
)


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
