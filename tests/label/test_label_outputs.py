"""Where labels go: one rule for what is there already, said before a video is tracked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import toy

from sportstrack.label import label_video
from sportstrack.label.command import main
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.types import Detections


@pytest.fixture(scope="module")
def matches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two videos of one name."""
    folder = tmp_path_factory.mktemp("games")
    for game, frames in (("a", 8), ("b", 9)):
        (folder / game).mkdir()
        toy.make_match(folder / game / "match.mp4", frames)
    return folder / "a" / "match.mp4", folder / "b" / "match.mp4"


def label(video: Path, out: Path, *words: str, detector: str = "toy:find") -> int:
    return main([str(video), "--detector", detector, "-o", str(out), "--every", "4", "--quiet", *words])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name[0] != "."}


@pytest.mark.parametrize("form", ["yolo", "cvat", "labelstudio"])
def test_labels_are_replaced_by_the_same_video_or_with_overwrite_alone(
    form: str, matches: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = matches
    words = ["--format", form]
    assert label(one, tmp_path / "out", *words) == 0
    first = contents(tmp_path / "out")
    assert label(one, tmp_path / "out", *words, "--min-track-frames", "2") == 0
    assert contents(tmp_path / "out").keys() == first.keys()
    before = contents(tmp_path / "out")
    # The detector would end the run with another error: the refusal comes first.
    assert label(two, tmp_path / "out", *words, detector="toy:FailAt") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert contents(tmp_path / "out") == before
    assert label(two, tmp_path / "out", *words, "--overwrite") == 0
    assert label(two, tmp_path / "fresh", *words) == 0
    same = contents(tmp_path / "out")
    assert {name: same[name] for name in contents(tmp_path / "fresh")} | {"manifest.json": b""} == contents(
        tmp_path / "fresh"
    ) | {"manifest.json": b""}


@pytest.mark.parametrize("form", ["yolo", "cvat", "labelstudio"])
def test_labels_that_were_corrected_are_kept(
    form: str, matches: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert label(matches[0], tmp_path, "--format", form) == 0 if form != "yolo" else True
    out = tmp_path / "set"
    assert label(matches[0], out, "--format", form) == 0
    corrected = {"cvat": "match.xml", "labelstudio": "match.json", "yolo": "labels/train/match/000001.txt"}[form]
    (out / corrected).write_text("corrected by hand")
    assert label(matches[0], out, "--format", form, detector="toy:FailAt") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (out / corrected).read_text() == "corrected by hand"


def test_pictures_of_another_video_are_not_taken_for_its_own(matches: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "images" / "match").mkdir(parents=True)
    (tmp_path / "images" / "match" / "000001.jpg").write_bytes(b"a photograph of the user's")
    assert label(matches[0], tmp_path, "--format", "labelstudio", detector="toy:FailAt") == 2
    assert (tmp_path / "images" / "match" / "000001.jpg").read_bytes() == b"a photograph of the user's"
    assert label(matches[0], tmp_path, "--format", "labelstudio", "--overwrite") == 0
    assert (tmp_path / "images" / "match" / "000001.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_a_place_that_cannot_be_is_said_before_the_video_is_read(
    matches: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("notes")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    for out in ("file", "file/below", "full"):
        assert label(matches[0], tmp_path / out, detector="toy:FailAt") == 2
        assert out.split("/")[0] in capsys.readouterr().err
    assert (tmp_path / "full" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["../../victim/notes", "/etc/passwd", "..", "", "CON", "a/b", "x" * 400])
@pytest.mark.parametrize("form", ["cvat", "labelstudio"])
def test_a_name_in_a_recording_never_decides_where_labels_go(name: str, form: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim" / "notes.xml"
    victim.parent.mkdir()
    victim.write_text("precious")
    writer = RecordingWriter(tmp_path / "stranger.npz", RecordingInfo(name, 64, 48, 25.0, {0: "player"}))
    for frame in range(6):
        writer.write(RecordedFrame(frame, frame / 25, Detections.from_arrays([[8, 8, 20, 30]], [0.9])))
    writer.close()
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    out = tmp_path / "work" / "out"
    assert main([str(tmp_path / "stranger.npz"), "--format", form, "-o", str(out), "--quiet"]) == 0
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert all(path.parent == out for path in new)
    assert len(new) == 3
    assert victim.read_text() == "precious"
    assert label_video(tmp_path / "stranger.npz").name in {path.stem for path in new}


def test_a_moved_video_is_the_same_source(matches: tuple[Path, Path], tmp_path: Path) -> None:
    assert label(matches[0], tmp_path / "out", "--format", "cvat") == 0
    (tmp_path / "moved").mkdir()
    copy = Path(shutil.copy(matches[0], tmp_path / "moved"))
    assert label(copy, tmp_path / "out", "--format", "cvat") == 0
