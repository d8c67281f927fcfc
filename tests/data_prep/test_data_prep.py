"""SportsMOT and SoccerNet to data sets that train: the commands as a user runs them, on small and on real data."""

from __future__ import annotations

import json
import os
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_clips import GAMEINFO, ROWS, SIZE, SOCCERNET_ROWS, files_below, jpeg, make_clip, make_sportsmot

from data_prep.convert import command as convert
from data_prep.formats.crops import CropSettings, write_crops
from data_prep.formats.motfolders import read_mot_folders, write_mot_folders
from data_prep.formats.soccernet import parse_role, read_soccernet
from data_prep.formats.sportsmot import match_of, read_sportsmot
from data_prep.formats.yolo import write_yolo
from data_prep.formats.yolo_read import read_yolo
from data_prep.soccernet import command as soccernet_command
from data_prep.splits import every_nth, split_by_match
from data_prep.sportsmot import command as sportsmot_command
from data_prep.table import Boxes, Clip, ImageTable, Table, TrackInfo
from sportstrack.errors import FormatError, SettingError

# --- SportsMOT -------------------------------------------------------------------------------------------------------


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
    assert not any(name.startswith("labels/test") for name in found)  # nobody has looked for players there
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


def _list_names_nobody(root: Path) -> None:
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
        (_list_names_nobody, r"train.txt, line 3: no folder for the clip 'v_zzz_c009'"),
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


# --- SoccerNet -------------------------------------------------------------------------------------------------------


def make_soccernet(root: Path) -> Path:
    make_clip(root / "train" / "SNMOT-060", SOCCERNET_ROWS, gameinfo=GAMEINFO)
    make_clip(root / "test" / "SNMOT-116", SOCCERNET_ROWS.replace("6,9", "6,8"), gameinfo=GAMEINFO)
    return root


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as out:
        for name, data in files_below(folder).items():
            out.writestr(f"{folder.name}/{name}", data)
    return archive


@pytest.mark.parametrize("layout", ["folders", "zips", "one zip"])
def test_soccernet_roles_become_classes_and_the_rest_a_sidecar(tmp_path: Path, layout: str) -> None:
    root = make_soccernet(tmp_path / "folders")
    if layout == "zips":
        (tmp_path / "zips").mkdir()
        for split in ("train", "test"):
            zipped(root / split, tmp_path / "zips" / f"{split}.zip")
        root = tmp_path / "zips"
    elif layout == "one zip":
        root = zipped(root / "train", tmp_path / "train.zip")
    out = tmp_path / "out"
    assert soccernet_command.main([str(root), str(out), "--quiet"]) == 0
    found = files_below(out)
    lines = found["labels/train/SNMOT-060/000002.txt"].decode().splitlines()
    assert [line[0] for line in lines] == ["0", "1", "2", "3", "4"]
    assert "names:\n  0: player\n  1: goalkeeper\n  2: referee\n  3: ball\n  4: other\n" in found["data.yaml"].decode()
    sidecar = json.loads(found["tracks/train/SNMOT-060.json"])
    assert sidecar["tracks"]["1"] == {"role": "player", "team": "left", "number": "10"}
    assert sidecar["tracks"]["2"] == {"role": "goalkeeper", "team": "right", "number": "x"}
    assert sidecar["match"] == "4"
    assert sidecar["frames"]["SNMOT-060/000002.jpg"] == [1, [1, 2, 3, 4, 5]]
    assert found["images/train/SNMOT-060/000003.jpg"] == jpeg()
    assert ("labels/test/SNMOT-116/000001.txt" in found) == (layout != "one zip")
    assert sorted(p.name for p in tmp_path.rglob("SNMOT-060") if "folders" not in p.parts) == ["SNMOT-060"] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("player team left;10", TrackInfo("player", "left", "10")),
        ("goalkeepers team right;x", TrackInfo("goalkeeper", "right", "x")),
        (" Referee;main", TrackInfo("referee", "", "main")),
        ("ball;1", TrackInfo("ball", "", "1")),
        ("other", TrackInfo("other", "", "")),
        ("side  referee ; top", TrackInfo("side referee", "", "top")),
    ],
)
def test_roles(text: str, expected: TrackInfo) -> None:
    assert parse_role(text) == expected


def test_a_track_without_a_role_is_refused(tmp_path: Path) -> None:
    make_clip(tmp_path / "train" / "SNMOT-060", SOCCERNET_ROWS + "1,9,1,1,5,5,1,-1,-1,-1\n", gameinfo=GAMEINFO)
    with pytest.raises(FormatError, match=r"gt.txt, row 16: track 9 is not in gameinfo.ini"):
        read_soccernet(tmp_path)


@pytest.mark.parametrize("member", ["../x/seqinfo.ini", "/etc/x", "C:/x", "a/../../x", "..\\x", "a\\..\\..\\x"])
def test_a_zip_that_climbs_out_is_refused_as_a_whole(
    tmp_path: Path, member: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = zipped(make_soccernet(tmp_path / "root") / "train", tmp_path / "train.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(member, "x")
    assert soccernet_command.main([str(path), str(tmp_path / "out"), "--quiet"]) == 2
    assert "climbs out of the archive" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["root", "train.zip"]


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.zip").write_bytes(b"PK no archive")
    with pytest.raises(FormatError, match=r"train.zip: not a readable zip archive"):
        read_soccernet(tmp_path)
    path = zipped(make_soccernet(tmp_path / "root") / "train", tmp_path / "train.zip")
    data = bytearray(path.read_bytes())
    place = data.index(SOCCERNET_ROWS.encode())
    data[place : place + 4] = b"9999"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"train.zip!train/SNMOT-060/gt/gt.txt: cannot be read from the archive"):
        read_soccernet(path)


# --- splits ----------------------------------------------------------------------------------------------------------


def clips_table(matches: list[tuple[int, int]]) -> Table:
    """Clips of (match, frames)."""
    sequences = tuple(Clip(f"c{i}", match=f"m{match}") for i, (match, _) in enumerate(matches))
    sequence = np.repeat(np.arange(len(matches)), [frames for _, frames in matches])
    names = [f"c{s}/{i}.jpg" for i, s in enumerate(sequence.tolist())]
    frame = np.concatenate([np.arange(frames) for _, frames in matches])
    return Table(("x",), sequences, ImageTable.make(names, size=SIZE, sequence=sequence, frame=frame), Boxes.empty())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 40)), min_size=3, max_size=12),
    st.integers(0, 5), st.floats(0.05, 0.5), st.sampled_from([0.0, 0.2]),
)  # fmt: skip
def test_no_match_is_in_two_splits(clips: list[tuple[int, int]], seed: int, val: float, test: float) -> None:
    table = clips_table(clips)
    matches = len({match for match, _ in clips})
    if matches < (3 if test else 2):
        with pytest.raises(SettingError, match="cannot be divided"):
            split_by_match(table, val_share=val, test_share=test, seed=seed)
        return
    new = split_by_match(table, val_share=val, test_share=test, seed=seed)
    of_match: dict[str, set[str]] = {}
    for row, split in zip(new.images.sequence.tolist(), new.images.split.tolist(), strict=True):
        of_match.setdefault(new.sequences[row].match, set()).add(split)
        assert new.sequences[row].split == split
    assert all(len(splits) == 1 for splits in of_match.values())
    assert set(new.splits) == {"train", "val"} | ({"test"} if test else set())
    again = split_by_match(table, val_share=val, test_share=test, seed=seed)
    assert again.images.split.tolist() == new.images.split.tolist()


def test_shares_are_met_where_matches_allow() -> None:
    table = clips_table([(match, 10) for match in range(20)])
    for seed in range(5):
        new = split_by_match(table, val_share=0.2, test_share=0.1, seed=seed)
        assert Counter(new.images.split.tolist()) == {"train": 140, "val": 40, "test": 20}
    assert len({tuple(split_by_match(table, seed=seed).images.split) for seed in range(5)}) == 5


def test_single_pictures_are_not_split_by_match_but_thinned() -> None:
    table = Table(("x",), (), ImageTable.make([f"{i}.jpg" for i in range(7)], size=SIZE), Boxes.empty())
    with pytest.raises(SettingError, match="single pictures have no match"):
        split_by_match(table)
    assert every_nth(table, 3).images.name.tolist() == ["0.jpg", "3.jpg", "6.jpg"]


# --- other layouts ---------------------------------------------------------------------------------------------------


def test_what_is_written_in_mot_layout_scores_itself_perfectly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sportstrack.evaluate import command as evaluate

    root = make_sportsmot(tmp_path / "SportsMOT")
    arguments = ["--from", "sportsmot", "--to", "mot", "--only", "train", "--quiet"]
    assert convert.main([str(root), str(tmp_path / "mot"), *arguments]) == 0
    assert (tmp_path / "mot/seqmaps/train.txt").read_text() == "name\nv_aaa_c001\nv_aaa_c002\n"
    results = tmp_path / "results"
    results.mkdir()
    for clip in ("v_aaa_c001", "v_aaa_c002"):
        (results / f"{clip}.txt").write_bytes((tmp_path / "mot/train" / clip / "gt/gt.txt").read_bytes())
    truth = str(tmp_path / "mot/train")
    assert evaluate.main(["--truth", truth, "--results", str(results), "--format", "json", "--quiet"]) == 0
    assert 'HOTA": 1.0' in capsys.readouterr().out


def test_thinned_clips_are_numbered_anew_at_a_lower_rate(tmp_path: Path) -> None:
    make_clip(tmp_path / "in" / "clip", "1,1,5,5,9,9,1,1,1\n5,1,6,5,9,9,1,1,1\n", frames=8)
    table = every_nth(read_mot_folders(tmp_path / "in"), 2)
    write_mot_folders(table, tmp_path / "out")
    again = read_mot_folders(tmp_path / "out")
    assert again.images.name.tolist() == [f"clip/00000{i}.jpg" for i in (1, 2, 3, 4)]
    assert again.images.frame[again.boxes.image].tolist() == [0, 2]
    assert again.sequences[0].frame_rate == 12.5


def test_crops_are_sorted_by_identity(tmp_path: Path) -> None:
    import cv2

    rows = "".join(
        f"{frame},{track},{5 + 25 * track},{2 + frame},12,34,1,1,1\n" for frame in (1, 2, 3) for track in (0, 1)
    )
    make_clip(tmp_path / "in/train/SNMOT-1", rows + "1,2,1,1,3,3,1,1,1\n")
    make_clip(tmp_path / "in/val/SNMOT-2", rows.replace("12,34", "11,33"))
    table = read_mot_folders(tmp_path / "in")
    manifest = write_crops(table, tmp_path / "out", crops=CropSettings(least_height=30))
    found = [name for name in files_below(tmp_path / "out") if name.endswith(".jpg")]
    assert found == [
        *(f"gallery/SNMOT-2_{track:04d}/00000{i}.jpg" for track in (0, 1) for i in (1, 3)),
        *(f"query/SNMOT-2_{track:04d}/000002.jpg" for track in (0, 1)),
        *(f"train/SNMOT-1_{track:04d}/00000{i}.jpg" for track in (0, 1) for i in (1, 2, 3)),
    ]
    assert cv2.imread(str(tmp_path / "out" / found[-1])).shape == (34, 12, 3)
    assert manifest["splits"]["train"] == {"crops": 6, "identities": 2}
    assert manifest["left_out"]["too low"] == 1
    identities = json.loads((tmp_path / "out/identities.json").read_text())
    assert identities["SNMOT-2_0001"] == {"clip": "SNMOT-2", "track": 1, "class": "person"}


def test_crops_of_nothing_are_refused(tmp_path: Path) -> None:
    make_clip(tmp_path / "in/train/SNMOT-1")
    with pytest.raises(SettingError, match="no crops: of 3 boxes 0 without identity, 3 too low"):
        write_crops(read_mot_folders(tmp_path / "in"), tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize("format_", sorted(convert.READERS))
def test_what_is_no_data_set_is_refused(tmp_path: Path, format_: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(jpeg())
    for place in ("absent", "photos"):
        assert convert.main([str(tmp_path / place), str(tmp_path / "out"), "--from", format_, "--to", "coco"]) == 2
        assert str(tmp_path / place) in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photos"]


def test_a_clip_becomes_a_video_and_a_video_a_clip_again(tmp_path: Path) -> None:
    from sportstrack.video import probe

    root = make_sportsmot(tmp_path / "SportsMOT")
    to_video = ["--from", "sportsmot", "--to", "video", "--only", "val", "--quiet"]
    assert convert.main([str(root), str(tmp_path / "videos"), *to_video]) == 0
    info = probe(tmp_path / "videos/val/v_bbb_c001.mp4")
    assert (info.width, info.height, info.frame_rate, info.frame_count) == (64, 48, 25, 3)
    clip = make_clip(tmp_path / "again" / "v_bbb_c001", pictures=False)
    (tmp_path / "videos/val/v_bbb_c001.mp4").rename(clip.parent / "v_bbb_c001.mp4")
    assert sportsmot_command.main([str(clip.parent), str(tmp_path / "yolo"), "--extract-frames", "--quiet"]) == 0
    table = read_yolo(tmp_path / "yolo")
    assert table.images.name.tolist() == [f"v_bbb_c001/00000{i}.jpg" for i in (1, 2, 3)]
    assert len(table.boxes) == 3


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
    from sportstrack.detect.checkpoint import import_ultralytics

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
