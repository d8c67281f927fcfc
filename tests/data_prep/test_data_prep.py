"""SportsMOT becomes a YOLO data set; all real boxes arrive, and Ultralytics reads what is written."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from make_clips import files_below, jpeg, make_sportsmot

from data_prep.formats.sportsmot import match_of, read_sportsmot
from data_prep.formats.yolo import write_yolo
from data_prep.formats.yolo_read import read_yolo
from data_prep.splits import every_nth, split_by_match
from data_prep.sportsmot import command as sportsmot_command


def test_football_comes_out_as_a_yolo_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = make_sportsmot(tmp_path / "SportsMOT"), tmp_path / "out"
    assert sportsmot_command.main([str(root), str(out), "--sport", "football", "--quiet"]) == 0
    found = files_below(out)
    assert found["labels/train/v_aaa_c001/000001.txt"] == (
        b"0 0.31250000 0.41666667 0.31250000 0.62500000\n0 0.70312500 0.37500000 0.15625000 0.41666667\n"
    )
    assert b"" not in {found["labels/train/v_aaa_c001/000003.txt"]}
    assert (out / "images/train/v_aaa_c002/000002.jpg").samefile(root / "dataset/train/v_aaa_c002/img1/000002.jpg")
    assert "images/test/v_ccc_c001/000001.jpg" in found
    assert not any(name.startswith("labels/test") for name in found)  # no labels were made there
    assert not any("v_bbb" in name for name in found)  # basketball
    assert found["data.yaml"].decode().splitlines() == [
        "train: images/train",
        "# there is no val split; train stands in for it, so its scores flatter",
        "val: images/train",
        "test: images/test",
        "names:",
        "  0: player",
    ]
    counts = json.loads(found["manifest.json"])["splits"]
    assert {split: (c["images"], c["boxes"]) for split, c in counts.items()} == {"train": (6, 8), "test": (3, 0)}
    assert capsys.readouterr().out == ""


def test_splits_of_the_lists_are_kept_and_thinned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = make_sportsmot(tmp_path / "SportsMOT"), tmp_path / "out"
    assert sportsmot_command.main([str(root), str(out), "--every", "2"]) == 0
    names = sorted(p.relative_to(out / "images").as_posix() for p in (out / "images").rglob("*.jpg"))
    clips = ("test/v_ccc_c001", "train/v_aaa_c001", "train/v_aaa_c002", "val/v_bbb_c001")
    assert names == [f"{clip}/00000{i}.jpg" for clip in clips for i in (1, 3)]
    printed = capsys.readouterr().out
    assert "val: 2 images, 2 labelled images, 1 clips, 3 boxes" in printed
    assert "wrote" in printed


def test_a_new_split_goes_by_match(tmp_path: Path) -> None:
    root = make_sportsmot(tmp_path / "SportsMOT")
    for seed in range(4):
        out = tmp_path / str(seed)
        assert sportsmot_command.main([str(root), str(out), "--split-by", "match", "--seed", str(seed), "--quiet"]) == 0
        where = {p.name: p.parent.name for p in (out / "images").glob("*/v_*")}
        assert where["v_aaa_c001"] == where["v_aaa_c002"] != where["v_bbb_c001"]
        assert where["v_ccc_c001"] == "test"


def test_ids_from_0_and_spaces_come_back_as_they_were(tmp_path: Path) -> None:
    table = read_sportsmot(make_sportsmot(tmp_path))
    assert table.boxes.track_id[:4].tolist() == [0, 1, 5, 0]
    assert table.boxes.xyxy[:2].tolist() == [[10, 5, 30, 35], [40, 8, 50, 28]]
    assert [s.match for s in table.sequences] == ["v_aaa", "v_aaa", "v_bbb", "v_ccc"]
    assert match_of("v_-6Os86HzwCs_c001") == "v_-6Os86HzwCs"
    assert match_of("elsewhere") == "elsewhere"


def test_pictures_are_scaled_once_and_boxes_with_them(tmp_path: Path) -> None:
    import cv2

    root = make_sportsmot(tmp_path / "SportsMOT")
    arguments = ["--size", "32", "--workers", "2", "--quiet"]
    assert sportsmot_command.main([str(root), str(tmp_path / "small"), *arguments]) == 0
    assert sportsmot_command.main([str(root), str(tmp_path / "plain"), "--quiet"]) == 0
    image = cv2.imread(str(tmp_path / "small/images/train/v_aaa_c001/000003.jpg"))
    assert image.shape == (24, 32, 3)
    small, plain = files_below(tmp_path / "small"), files_below(tmp_path / "plain")
    labels = [name for name in plain if name.startswith("labels/")]
    assert labels
    assert all(small[name] == plain[name] for name in labels)  # shares of the picture stay
    assert read_yolo(tmp_path / "small").boxes.xyxy[0].tolist() == pytest.approx([5, 2.5, 15, 17.5], abs=1e-5)


def test_links_are_hard_else_soft_else_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_sportsmot(tmp_path / "SportsMOT")
    source = root / "dataset/train/v_aaa_c001/img1/000002.jpg"

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    def convert_to(name: str, *more: str) -> Path:
        assert sportsmot_command.main([str(root), str(tmp_path / name), "--quiet", *more]) == 0
        return tmp_path / name / "images/train/v_aaa_c001/000002.jpg"

    copied = convert_to("copies", "--copy")
    assert not copied.is_symlink()
    assert not copied.samefile(source)
    monkeypatch.setattr("os.link", refuse)
    assert convert_to("soft").is_symlink()
    monkeypatch.setattr(Path, "symlink_to", refuse)
    last = convert_to("neither")
    assert not last.is_symlink()
    assert last.read_bytes() == source.read_bytes() == copied.read_bytes()


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_sportsmot(tmp_path / "SportsMOT")
    assert sportsmot_command.main([str(root), str(tmp_path / "out"), "--dry-run"]) == 0
    assert "train: 6 images, 6 labelled images, 2 clips, 8 boxes" in capsys.readouterr().out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["SportsMOT"]


# --- the whole of it -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stand_ins(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real SportsMOT labels with a grey picture of the right size for every frame."""
    root = tmp_path_factory.mktemp("sportsmot")
    for clip in sorted((shared_data / "sportsmot" / "train").iterdir()):
        folder = root / "train" / clip.name
        (folder / "gt").mkdir(parents=True)
        (folder / "img1").mkdir()
        (folder / "gt" / "gt.txt").symlink_to(clip / "gt" / "gt.txt")
        (folder / "seqinfo.ini").symlink_to(clip / "seqinfo.ini")
        length = int((clip / "seqinfo.ini").read_text().split("seqLength=")[1].split()[0])
        first = folder / "img1" / "000001.jpg"
        first.write_bytes(jpeg((1280, 720)))
        for number in range(2, length + 1):
            os.link(first, folder / "img1" / f"{number:06d}.jpg")
    return root


def test_all_real_boxes_arrive(stand_ins: Path, tmp_path: Path) -> None:
    table = split_by_match(read_sportsmot(stand_ins), seed=0)
    manifest = write_yolo(table, tmp_path / "yolo")
    expected: Counter[str] = Counter()
    frames: Counter[str] = Counter()
    split_of = {sequence.name: sequence.split for sequence in table.sequences}
    for clip in (stand_ins / "train").iterdir():
        expected[split_of[clip.name]] += len((clip / "gt/gt.txt").read_text().split("\n")) - 1
        frames[split_of[clip.name]] += len(list((clip / "img1").iterdir()))
    assert sum(expected.values()) == 312_579
    assert sum(frames.values()) == 28_574
    counts = manifest["splits"]
    assert {split: c["boxes_per_class"]["player"] for split, c in counts.items()} == expected
    assert {split: c["images"] for split, c in counts.items()} == frames
    assert all(c["ignored"] == c["outside"] == 0 for c in counts.values())
    lines = Counter(
        {
            split: sum(file.read_bytes().count(b"\n") for file in (tmp_path / "yolo/labels" / split).rglob("*.txt"))
            for split in expected
        }
    )
    assert lines == expected


def test_ultralytics_finds_no_corrupt_and_no_missing_label(stand_ins: Path, tmp_path: Path) -> None:
    from sportstrack.models.checkpoint import import_ultralytics

    import_ultralytics()
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    table = every_nth(split_by_match(read_sportsmot(stand_ins), seed=0), 50)
    manifest = write_yolo(table, tmp_path / "yolo")
    described = check_det_dataset(str(tmp_path / "yolo" / "data.yaml"), autodownload=False)
    assert described["names"] == {0: "player"}
    for split in ("train", "val"):
        data = YOLODataset(img_path=described[split], data=described, augment=False, batch_size=1)
        cache = data.get_labels()
        counts = manifest["splits"][split]
        assert len(cache) == len(data.im_files) == counts["images"]
        assert sum(len(label["bboxes"]) for label in cache) == counts["boxes"]
        found, missing, _, corrupt, total = _results(data)
        assert (found, missing, corrupt, total) == (counts["images"], 0, 0, counts["images"])


def _results(data: object) -> tuple[int, ...]:
    from ultralytics.data.utils import load_dataset_cache_file

    place = Path(data.label_files[0]).parent.with_suffix(".cache")
    return load_dataset_cache_file(place)["results"]
