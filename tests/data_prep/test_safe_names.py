"""Names of videos, pictures and splits that come out of a stranger's file decide nothing about where is written."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_clips import SIZE, files_below, jpeg

from data_prep.conversion import WRITERS
from data_prep.output import WriteSettings
from data_prep.safe_names import with_file_names
from data_prep.table import Boxes, Clip, ImageTable, Table
from sportstrack.errors import FormatError, SportstrackError
from sportstrack.files.names import file_name

HOSTILE = {
    "up": "../../victim/clip",
    "in the middle": "a/../../../victim",
    "dots": "..",
    "absolute": "/tmp/sportstrack-victim",
    "drive": "C:\\victim",
    "backslashes": "..\\..\\victim",
    "reserved": "CON",
    "reserved with a suffix": "nul.txt",
    "dots at the end": "clip...",
    "space at the end": "clip ",
    "300 bytes": "x" * 300,
    "300 bytes in two-byte letters": "ö" * 150,
    "line end": "a\nb",
    "control characters": "a\x1b[2Jb\x07",
    "turned": "a\u202egpj",
    "colon": "a:b",
    "empty": "",
    "decomposed": "Ko\u0308ln",
}


def table_of(pictures: Iterable[str], clips: Iterable[str], folder: Path, split: str = "val") -> Table:
    """Pictures on disk, one per name, each a clip of its own with one track."""
    names, clip_names = list(pictures), list(clips)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.jpg").write_bytes(jpeg())
    count = len(names)
    images = ImageTable.make(
        names, size=SIZE, file=[str(folder / "a.jpg")] * count, split=split, sequence=np.arange(count), frame=0
    )
    boxes = Boxes.make(np.arange(count), [[4, 5, 30, 45]] * count, track_id=1)
    sequences = tuple(Clip(name, split, *SIZE, 25.0, 1) for name in clip_names)
    return Table(("player",), sequences, images, boxes)


def write(kind: str, table: Table, out: Path) -> None:
    module, function = WRITERS[kind]
    write = getattr(import_module(module), function)
    if kind == "crops":
        from data_prep.formats.crops import CropSettings

        write(table, out, WriteSettings(copy=True), CropSettings(least_crops=1))
    else:
        write(table, out, WriteSettings(copy=True))


@pytest.mark.parametrize("kind", sorted(WRITERS))
@pytest.mark.parametrize("what", ["clip", "picture", "split"])
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_nothing_is_written_outside_the_folder(kind: str, what: str, name: str, tmp_path: Path) -> None:
    box = tmp_path / "a" / "b" / "c"
    out = box / "out"
    picture = f"{name}.jpg" if what == "picture" else "clip/1.jpg"
    table = table_of(
        [picture], [name if what == "clip" else "clip"], tmp_path / "source", name if what == "split" else "val"
    )
    try:
        write(kind, table, out)
    except SportstrackError:  # only pictures and splits whose names are paths out of the folder
        assert what != "clip"
        assert not out.exists()
    assert {path.split("/")[0] for path in files_below(tmp_path)} <= {"a", "source"}
    assert all(path.startswith("b/c/out/") for path in files_below(tmp_path / "a"))
    assert not Path("/tmp/sportstrack-victim").exists()
    assert (tmp_path / "source/a.jpg").read_bytes() == jpeg()
    for path in files_below(out) if out.exists() else ():
        for part in path.split("/"):
            assert file_name(part) == part or 190 < len(part.encode()) < 220, path


@pytest.mark.parametrize("kind", sorted(WRITERS))
@pytest.mark.parametrize(
    "pair",
    [("Clip", "clip"), ("Köln", unicodedata.normalize("NFD", "Köln")), ("a/b", "a:b"), ("same", "same")],
    ids=["case", "unicode", "cleaned", "equal"],
)
def test_two_clips_never_become_one(kind: str, pair: tuple[str, str], tmp_path: Path) -> None:
    table = table_of(["1/1.jpg", "2/1.jpg"], pair, tmp_path / "source")
    if pair[0] == unicodedata.normalize("NFC", pair[1]):
        with pytest.raises(FormatError, match="would meet in one folder"):
            write(kind, table, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        return
    write(kind, table, tmp_path / "out")
    found = files_below(tmp_path / "out")
    per_clip = {"yolo": "tracks/", "mot": "val/", "video": "val/", "crops": ""}.get(kind)
    if per_clip is not None:
        clips = {path for path in found if path.startswith(per_clip) and path.endswith((".jpg", ".mp4", "/x.json"))}
        clips |= {path for path in found if path.startswith("tracks/")}
        assert len({path.casefold() for path in clips}) == 2


@pytest.mark.parametrize(
    "pair",
    [
        ("a.jpg", "A.jpg"),
        ("Köln.jpg", unicodedata.normalize("NFD", "Köln.jpg")),
        ("a.jpg", "./a.jpg"),
        ("b/a.jpg", "b//a.jpg"),
        ("a.jpg", "a.png"),
    ],
)
def test_two_pictures_never_become_one(pair: tuple[str, str], tmp_path: Path) -> None:
    table = table_of(pair, ["1", "2"], tmp_path / "source")
    with pytest.raises(FormatError, match="would meet in one file"):
        write("yolo", table, tmp_path / "out")


def test_harmless_names_stay_and_changed_ones_are_noted(tmp_path: Path) -> None:
    table = table_of(["v_a c001/000001.JPG"], ["game 1"], tmp_path)
    assert with_file_names(table) is table
    found = with_file_names(table_of(["ab:c/1?.jpg"], ["x/y"], tmp_path))
    assert found.images.name[0].startswith("ab_c-")
    assert found.images.name[0].endswith(".jpg")
    assert found.images.name[0].count("/") == 1
    assert found.notes[-1].startswith("2 names cannot be those of files everywhere")


def test_a_picture_without_a_suffix_is_refused_where_labels_need_one(tmp_path: Path) -> None:
    for name in ("000001", "a.b/c", "a/.jpg"):
        with pytest.raises(FormatError, match="has no suffix"):
            write("yolo", table_of([name], ["clip"], tmp_path / "source"), tmp_path / "out")


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_two_clips_stay_two_or_are_refused(first: str, second: str) -> None:
    names = ["1/1.jpg", "2/1.jpg"]
    images = ImageTable.make(names, size=SIZE, sequence=[0, 1], frame=0)
    table = Table(("player",), (Clip(first), Clip(second)), images, Boxes.empty())
    try:
        found = [s.name for s in with_file_names(table).sequences]
    except FormatError:
        assert unicodedata.normalize("NFC", first) == unicodedata.normalize("NFC", second)
        return
    assert len({name.casefold() for name in found}) == 2
    assert all(os.path.basename(name) == name == file_name(name) for name in found)  # noqa: PTH119
