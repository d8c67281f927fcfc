"""Folders of SportsMOT that are wrong: refused by name, with nothing left behind."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from make_clips import ROWS, files_below, jpeg, make_clip, make_sportsmot

from data_prep.convert import command as convert
from data_prep.formats.motfolders import read_mot_folders
from data_prep.formats.yolo_read import read_yolo
from data_prep.sportsmot import command as sportsmot_command


def _without_sizes(root: Path) -> None:
    (root / "dataset/train/v_aaa_c001/seqinfo.ini").write_text("[Sequence]\nname=v_aaa_c001\nseqLength=3\n")


def _without_info(root: Path) -> None:
    (root / "dataset/train/v_aaa_c001/seqinfo.ini").unlink()
    for picture in (root / "dataset/train/v_aaa_c001/img1").iterdir():
        picture.unlink()


def _bad_info(root: Path) -> None:
    file = root / "dataset/train/v_aaa_c001/seqinfo.ini"
    file.write_text(file.read_text().replace("imWidth=64", "imWidth=wide"))


def _info_of_another(root: Path) -> None:
    file = root / "dataset/train/v_aaa_c001/seqinfo.ini"
    file.write_text(file.read_text().replace("name=v_aaa_c001", "name=v_zzz_c001"))


def _truth_beyond(root: Path) -> None:
    (root / "dataset/train/v_aaa_c001/gt/gt.txt").write_text(ROWS + "4, 0, 1, 1, 5, 5, 1, 1, 1\n")


def _truth_of_a_larger_picture(root: Path) -> None:
    (root / "dataset/train/v_aaa_c001/gt/gt.txt").write_text("1, 0, 5, 5, 9, 9, 1, 1, 1\n1,1,900,500,20,60,1,1,1\n")


def _truth_of_a_neighbour(root: Path) -> None:
    folder = root / "dataset/train"
    (folder / "v_aaa_c001/gt/gt.txt").write_bytes((folder / "v_aaa_c002/gt/gt.txt").read_bytes())


def _truth_with_words(root: Path) -> None:
    (root / "dataset/train/v_aaa_c001/gt/gt.txt").write_text(ROWS + "3, 7, left, 1, 5, 5, 1, 1, 1\n")


def _missing_picture(root: Path) -> None:
    (root / "dataset/train/v_aaa_c001/img1/000003.jpg").unlink()


def _list_names_an_unknown_clip(root: Path) -> None:
    with (root / "splits_txt/train.txt").open("a") as file:
        file.write("v_zzz_c009\n")


def _clip_in_two_lists(root: Path) -> None:
    with (root / "splits_txt/val.txt").open("a") as file:
        file.write("v_aaa_c001\n")


def _clip_in_two_folders(root: Path) -> None:
    make_clip(root / "dataset/val/v_aaa_c001")


def _picture_of_another_size(root: Path) -> None:
    (root / "dataset/train/v_aaa_c001/img1/000001.jpg").unlink()
    (root / "dataset/train/v_aaa_c001/img1/000001.jpg").write_bytes(jpeg((80, 48)))


def _broken_picture(root: Path) -> None:
    (root / "dataset/train/v_aaa_c001/img1/000001.jpg").unlink()
    (root / "dataset/train/v_aaa_c001/img1/000001.jpg").write_bytes(b"no picture")


def _case_clash(root: Path) -> None:
    make_clip(root / "dataset/train/V_AAA_C001", ROWS + "3,9,1,1,5,5,1,1,1\n")
    with (root / "splits_txt/train.txt").open("a") as file:
        file.write("V_AAA_C001\n")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without_info, r"v_aaa_c001: no seqinfo.ini"),
        (_without_sizes, r"seqinfo.ini: says no imWidth"),
        (_bad_info, r"seqinfo.ini, line 6: imWidth: expected a whole number from 1 to 65,500, got 'wide'"),
        (_info_of_another, r"seqinfo.ini, line 2: name=v_zzz_c001, but the folder is called v_aaa_c001"),
        (_truth_beyond, r"gt.txt, line 4: the frame is beyond the sequence's 3 frames"),
        (_truth_of_a_larger_picture, r"gt.txt: 1 of its 2 boxes lie wholly outside the 64x48 picture"),
        (_truth_of_a_neighbour, r"v_aaa_c002: its gt.txt is the same as in .*v_aaa_c001"),
        (_truth_with_words, r"gt.txt, line 4: 'left' in column 3 \(left\) is not a number"),
        (_missing_picture, r"v_aaa_c001: 1 labelled frames have no picture, the first is frame 3; .*--skip-missing"),
        (_list_names_an_unknown_clip, r"train.txt, line 3: no folder for the clip 'v_zzz_c009'"),
        (_clip_in_two_lists, r"val.txt, line 2: the clip v_aaa_c001 is in train.txt as well"),
        (_clip_in_two_folders, r"the clip v_aaa_c001 is in dataset/train/v_aaa_c001 as well"),
        (_picture_of_another_size, r"000001.jpg: is 80x48, its labels are for 64x48"),
        (_broken_picture, r"000001.jpg: not a readable picture"),
        (_case_clash, r"a second clip called"),
    ],
)
def test_wrong_input_is_refused_and_nothing_is_left(
    tmp_path: Path, damage, message: str, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    import re

    root = make_sportsmot(tmp_path / "SportsMOT")
    damage(root)
    assert sportsmot_command.main([str(root), str(tmp_path / "out"), "--quiet"]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["SportsMOT"]


def test_missing_pictures_are_left_out_on_request_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_sportsmot(tmp_path / "SportsMOT")
    _missing_picture(root)
    assert sportsmot_command.main([str(root), str(tmp_path / "out"), "--quiet", "--skip-missing"]) == 0
    assert "left out with their 1 boxes" in capsys.readouterr().err
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["splits"]["train"]["images"] == 5
    assert any("frame 3; left out" in note for note in manifest["notes"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "not a SportsMOT folder"),
        (["SportsMOT", "--sport", "fotball"], "unknown sport 'fotball'; did you mean 'football'?"),
        (["SportsMOT", "--sport", "volleyball"], "no volleyball.txt"),
        (["SportsMOT", "--only", "vall"], "no split 'vall'; did you mean 'val'"),
        (["SportsMOT", "--classes", "referee"], "no class is called 'referee'"),
        (["SportsMOT", "--split-by", "match", "--val-share", "0.7", "--test-share", "0.7"], "shares of val 0.7"),
        (["SportsMOT", "--split-by", "match", "--sport", "football"], "1 labelled matches (v_aaa) cannot be divided"),
    ],
)
def test_wrong_settings_are_refused(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    make_sportsmot(tmp_path / "SportsMOT")
    (root, *rest) = arguments
    assert sportsmot_command.main([str(tmp_path / root), str(tmp_path / "out"), *rest]) == 2
    assert message in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["SportsMOT"]


def test_labels_without_pictures_want_to_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_clip(tmp_path / "root" / "v_a_c001", pictures=False)
    assert sportsmot_command.main([str(tmp_path / "root"), str(tmp_path / "out"), "--quiet"]) == 2
    assert "pass --labels-only" in capsys.readouterr().err
    assert sportsmot_command.main([str(tmp_path / "root"), str(tmp_path / "out"), "--quiet", "--labels-only"]) == 0
    assert (tmp_path / "out/labels/train/v_a_c001/000003.txt").is_file()
    assert not (tmp_path / "out/images").exists()


def test_names_with_spaces_and_other_scripts(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "Länder spiel" / "train" / "日本 – España (1)")
    assert convert.main([str(tmp_path / "Länder spiel"), str(tmp_path / "o u t"), "--from", "mot", "--to", "yolo"]) == 0
    table = read_yolo(tmp_path / "o u t")
    assert table.sequences[0].name == clip.name
    assert len(table.boxes) == 3
    with zipfile.ZipFile(tmp_path / "a b.zip", "w") as archive:
        for name, data in files_below(tmp_path / "Länder spiel").items():
            archive.writestr(name, data)
    assert read_mot_folders(tmp_path / "a b.zip").boxes.xyxy.tolist() == read_mot_folders(clip).boxes.xyxy.tolist()
