"""MOTSChallenge and KITTI-MOTS, as text and as PNG ids, to each other and to other formats, without loss."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from data_prep.convert.command import main as convert
from data_prep.formats.mots import kitti_ids, parse_ids, read_mots_folders
from data_prep.formats.mots_rows import table_rows
from data_prep.pictures import write_picture
from sportstrack import Masks, MotsTable, read_mots
from sportstrack.errors import FormatError, SettingError
from sportstrack.mots import write_mots

H, W, FRAMES = 24, 40, 3
CAR, PEDESTRIAN, IGNORE = 1, 2, 10


def moving() -> list[np.ndarray]:
    """Pictures of class x 1000 + id: a car with a hole, a pedestrian in two parts, a region to ignore."""
    pictures = []
    for frame in range(FRAMES):
        ids = np.zeros((H, W), np.uint16)
        ids[:, 34:] = 1000 * IGNORE
        ids[2:10, frame : frame + 12] = 1000 * CAR + 1
        ids[4:6, frame + 3 : frame + 6] = 0
        ids[12:20, 20:24] = 1000 * PEDESTRIAN + 7
        ids[14:16] = np.where(ids[14:16] == 1000 * PEDESTRIAN + 7, 0, ids[14:16])
        pictures.append(ids)
    return pictures


@pytest.fixture(scope="module")
def kitti(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """KITTI-MOTS with pictures, PNG ids and text."""
    import cv2

    root = tmp_path_factory.mktemp("kitti") / "KITTI_MOTS"
    (root / "instances/0002").mkdir(parents=True)
    (root / "image_02/0002").mkdir(parents=True)
    (root / "instances_txt").mkdir()
    parts = []
    for frame, ids in enumerate(moving()):
        write_picture(root / f"image_02/0002/{frame:06d}.png", np.full((H, W, 3), 40 * frame, np.uint8))
        assert cv2.imwrite(str(root / f"instances/0002/{frame:06d}.png"), ids)
        parts.append(parse_ids(ids, frame, "x"))
    columns = [np.concatenate([getattr(p, name) for p in parts]) for name in ("frame", "track_id", "class_id")]
    rows = MotsTable.of(*columns, Masks.concatenate([p.masks for p in parts]), first_frame=0)
    write_mots(root / "instances_txt/0002.txt", rows)
    return root


def pixels(table: MotsTable) -> list[list[int]]:
    """Each frame's picture of ids, flat."""
    found = np.zeros((FRAMES, H, W), np.int64)
    for frame, track, kind, mask in zip(table.frame, table.track_id, table.class_id, table.masks, strict=True):
        found[frame][mask] = track
        assert track // 1000 == kind
    return [picture.reshape(-1).tolist() for picture in found]


WANTED = [ids.reshape(-1).tolist() for ids in moving()]


def test_text_and_png_say_the_same(kitti: Path, tmp_path: Path) -> None:
    assert pixels(read_mots(kitti / "instances_txt/0002.txt")) == WANTED
    shutil.copytree(kitti / "instances", tmp_path / "set/instances")
    for root in (kitti, tmp_path / "set"):  # the second without text and pictures
        table = read_mots_folders(root)
        assert table.classes == ("car", "pedestrian")
        assert table.counts() == {"train": {"car": 2 * FRAMES, "pedestrian": FRAMES}}  # regions to ignore are class 0
        assert table.boxes.ignore.sum() == FRAMES
        rows = table_rows(table, np.arange(FRAMES), np.arange(FRAMES), "0002")
        assert pixels(rows) == WANTED


def test_there_and_back_through_motschallenge(kitti: Path, tmp_path: Path) -> None:
    assert convert([str(kitti), str(tmp_path / "mots"), "--from", "mots", "--to", "mots", "--quiet"]) == 0
    clip = tmp_path / "mots/train/0002"
    rows = read_mots(clip / "gt/gt.txt")
    assert (clip / "gt/gt.txt").read_text().startswith("1 ")
    assert pixels(rows) == WANTED
    assert len(list((clip / "img1").iterdir())) == FRAMES
    words = ["--from", "mot", "--to", "kitti-mots", "--quiet"]  # MOT folders with masks are known as such
    assert convert([str(tmp_path / "mots"), str(tmp_path / "back"), *words]) == 0
    back = tmp_path / "back/train"
    assert (back / "instances_txt/0002.txt").read_text() == (kitti / "instances_txt/0002.txt").read_text()
    for name in (f"{frame:06d}.png" for frame in range(FRAMES)):
        assert (back / "image_02/0002" / name).read_bytes() == (kitti / "image_02/0002" / name).read_bytes()
    shutil.rmtree(back / "instances_txt")
    again = read_mots_folders(tmp_path / "back")
    assert pixels(table_rows(again, np.arange(FRAMES), np.arange(FRAMES), "0002")) == WANTED


def test_segments_and_coco_keep_the_masks(kitti: Path, tmp_path: Path) -> None:
    for kind in ("yolo", "coco"):
        assert convert([str(kitti), str(tmp_path / kind), "--from", "mots", "--to", kind, "--quiet"]) == 0
    (file,) = (tmp_path / "coco/annotations").glob("*.json")
    found = json.loads(file.read_text())["annotations"]
    rings = [[np.reshape(ring, (-1, 2)) for ring in one["segmentation"]] for one in found]
    assert Masks.from_polygons(rings, (H, W)).area().sum() == np.count_nonzero(moving())
    label = next(iter((tmp_path / "yolo/labels").rglob("*.txt"))).read_text().splitlines()
    assert {line.split()[0] for line in label} == {"0", "1"}


def test_a_set_of_boxes_becomes_rectangles_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set/clip/gt").mkdir(parents=True)
    (tmp_path / "set/clip/gt/gt.txt").write_text("1,1,2,3,10,8,1,1,1\n1,2,8,3,10,8,1,1,1\n")
    info = f"[Sequence]\nname=clip\nseqLength=2\nimWidth={W}\nimHeight={H}\n"
    (tmp_path / "set/clip/seqinfo.ini").write_text(info)
    words = ["--from", "mot", "--to", "mots", "--labels-only", "--quiet"]
    assert convert([str(tmp_path / "set"), str(tmp_path / "out"), *words]) == 0
    assert "2 boxes have no polygon; the whole box is written as their mask" in capsys.readouterr().err
    rows = read_mots(tmp_path / "out/train/clip/gt/gt.txt")
    assert rows.masks.area().tolist() == [80, 48]  # what both share is the first one's
    assert rows.class_id.tolist() == [PEDESTRIAN, PEDESTRIAN]  # the class is called person


def test_what_a_png_cannot_hold_is_refused() -> None:
    for track, kind in ((2000, 1), (600, 65), (1000, 3)):
        rows = MotsTable.of([0], [track], [kind], Masks.from_array(np.ones((1, H, W))))
        with pytest.raises(SettingError, match=f"no place for id {track} of class {kind}"):
            kitti_ids(rows, "clip")
    with pytest.raises(FormatError, match="the value 7 has no class"):
        parse_ids(np.full((H, W), 7, np.uint16), 0, "a.png")
    with pytest.raises(FormatError, match="one channel of 16 bits"):
        parse_ids(np.zeros((H, W, 3), np.uint8), 0, "a.png")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 1 3 24 40 PPYo0\n", "no run lengths|class 3|add up to"),
        (f"0 1 3 {H} {W} :2Vm0\n", "class 3, but the classes are car, pedestrian"),
        ("0 1 1 4 6 92=\n", "its masks are of 6x4 pixels, the pictures of 40x24"),
        (f"9 1 1 {H} {W} :2Vm0\n", "frame 9 is labelled, but has no picture"),
    ],
)
def test_broken_sets_are_named(kitti: Path, tmp_path: Path, text: str, message: str) -> None:
    shutil.copytree(kitti / "image_02", tmp_path / "image_02")
    (tmp_path / "instances_txt").mkdir()
    (tmp_path / "instances_txt/0002.txt").write_text(text)
    with pytest.raises(FormatError, match=rf"0002\.txt.*({message})"):
        read_mots_folders(tmp_path)
