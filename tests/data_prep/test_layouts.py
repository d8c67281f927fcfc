"""Splits by match; MOT folders, crops and videos."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_clips import SIZE, files_below, jpeg, make_clip, make_sportsmot

from data_prep.convert import command as convert
from data_prep.formats.crops import CropSettings, write_crops
from data_prep.formats.motfolders import read_mot_folders, write_mot_folders
from data_prep.formats.yolo_read import read_yolo
from data_prep.splits import every_nth, split_by_match
from data_prep.sportsmot import command as sportsmot_command
from data_prep.table import Boxes, Clip, ImageTable, Table
from sportstrack.errors import SettingError


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
