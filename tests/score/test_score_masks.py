"""Scores of masks: equal to TrackEval's MOTSChallenge; MOTS text read, written, and refused."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trackeval_oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Masks, score_classes, score_tracks
from sportstrack.errors import FormatError, SettingError
from sportstrack.evaluate.command import main
from sportstrack.mot import parse_mot, write_mot
from sportstrack.mots import IGNORE, PEDESTRIAN, MotsTable, is_mots, parse_mots, read_mots, write_mots

H, W = 36, 48


def table(maps: list[np.ndarray], classes: dict[int, int] | None = None) -> MotsTable:
    """MOTS rows of maps of ids, one a frame; 0 is background."""
    frame, ids, masks = [], [], []
    for number, ground in enumerate(maps):
        for one in np.unique(ground[ground > 0]).tolist():
            frame.append(number)
            ids.append(one)
            masks.append(ground == one)
    kinds = [(classes or {}).get(one, PEDESTRIAN) for one in ids]
    filled = np.array(masks) if masks else np.zeros((0, H, W), np.bool_)
    return MotsTable.of(frame, ids, kinds, Masks.from_array(filled))


def players(rng: np.random.Generator, frames: int, n: int) -> list[np.ndarray]:
    """Maps of ellipses that walk, cross and leave; later ids stand in front."""
    place, speed = rng.uniform(0, (W, H), (n, 2)), rng.uniform(-4, 4, (n, 2))
    y, x = np.mgrid[:H, :W] + 0.5
    maps = []
    for _ in range(frames):
        ground = np.zeros((H, W), np.int64)
        for i, (cx, cy) in enumerate(place, 1):
            ground[((x - cx) / 3.5) ** 2 + ((y - cy) / 7) ** 2 < 1] = i
        maps.append(ground)
        place = place + speed
    return maps


def disturbed(rng: np.random.Generator, maps: list[np.ndarray], n: int) -> list[np.ndarray]:
    """What a tracker makes of it: masks shifted, lost and torn, ids changed, false ones."""
    names = rng.permutation(2 * n + 1)[: n + 1] + 1
    found = []
    for ground in maps:
        if rng.random() < 0.2:
            names = rng.permutation(names)
        moved = np.roll(ground, rng.integers(-2, 3, 2), (0, 1)) if rng.random() < 0.7 else ground.copy()
        moved[np.isin(moved, rng.integers(1, n + 1, rng.integers(0, 2)))] = 0
        moved[:, rng.integers(0, W)] = 0
        named = np.where(moved > 0, names[moved], 0)
        if rng.random() < 0.5:
            top, left = rng.integers(0, (H - 6, W - 6))
            named[top : top + 6, left : left + 6] = 99
        found.append(named)
    return found


def text(rows: MotsTable, folder: Path, name: str) -> str:
    write_mots(folder / name, rows)
    return (folder / name).read_text()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 6), st.booleans(), st.booleans())
def test_every_figure_is_trackeval_s(seed: int, frames: int, n: int, noise: bool, regions: bool) -> None:
    rng = np.random.default_rng(seed)
    if noise:
        truth = [rng.integers(0, n + 1, (H, W)) * (rng.random((H, 1)) < 0.3) for _ in range(frames)]
    else:
        truth = players(rng, frames, n)
    result = disturbed(rng, truth, n)
    classes = {1: int(rng.integers(1, 3)), 2: PEDESTRIAN}
    if regions:
        for ground in truth:
            left = rng.integers(0, W)
            ground[:, left : left + 14][ground[:, left : left + 14] == 0] = 10_000
            ground[:3][ground[:3] == 0] = 10_001
    gt = table(truth, {**classes, 10_000: IGNORE, 10_001: IGNORE})
    found = table(result, {99: int(rng.integers(1, 3))})
    if not (found.class_id == PEDESTRIAN).any():
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        theirs = trackeval_oracle.of_mots_files(folder, text(gt, folder, "a"), text(found, folder, "b"), frames)
        scores = score_tracks(folder / "a", folder / "b", frames=frames, benchmark="MOTS")
    figure, difference = trackeval_oracle.worst(scores, theirs)
    assert difference <= 1e-9, f"{figure} differs by {difference}"
    assert (scores.MOTSA, scores.MOTSP, scores.sMOTSA) == (scores.MOTA, scores.MOTP, scores.sMOTA)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(2, 6), st.booleans())
def test_every_figure_of_both_classes_is_kitti_mots_s(seed: int, frames: int, n: int, regions: bool) -> None:
    rng = np.random.default_rng(seed)
    truth = players(rng, frames, n)
    result = disturbed(rng, truth, n)
    if regions:
        for ground in truth:
            ground[:, 10:24][ground[:, 10:24] == 0] = 10_000
    kinds = {one: int(rng.integers(1, 3)) for one in range(1, 100)}
    gt = replace(table(truth, kinds | {10_000: IGNORE}), first_frame=0)
    found = replace(table(result, {one: int(rng.integers(1, 3)) for one in range(1, 100)}), first_frame=0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        a, b = text(gt, folder, "a"), text(found, folder, "b")
        for number, name in ((1, "car"), (PEDESTRIAN, "pedestrian")):
            theirs = trackeval_oracle.of_kitti_mots_files(folder, a, b, frames, name)
            scores = score_tracks(folder / "a", folder / "b", frames=frames, benchmark="KITTI-MOTS", classes=(number,))
            figure, difference = trackeval_oracle.worst(scores, theirs)
            assert difference <= 1e-9, f"{name}: {figure} differs by {difference}"


def test_masks_that_share_exactly_a_half_are_matched_as_trackeval_does(tmp_path: Path) -> None:
    ground, halves = np.zeros((H, W), np.int64), np.zeros((H, W), np.int64)
    ground[2:4, 2:6], halves[2, 2:6], halves[3, 2:6] = 1, 7, 8
    ground[10:12, 2:6], halves[10, 2:6], halves[11, 2:6] = 2, 8, 9
    halves[2:4][halves[2:4] == 8] = 5
    truth, result = table([ground, ground]), table([halves, halves])
    theirs = trackeval_oracle.of_mots_files(tmp_path, text(truth, tmp_path, "a"), text(result, tmp_path, "b"), 2)
    assert trackeval_oracle.worst(score_tracks(truth, result, benchmark="MOTS", frames=2), theirs)[1] <= 1e-9


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Truth and result files of one sequence, in MOTSChallenge's folders."""
    rng, folder = np.random.default_rng(3), tmp_path_factory.mktemp("mots")
    truth = players(rng, 6, 4)
    (folder / "gt/MOTS20-02/gt").mkdir(parents=True)
    (folder / "mine").mkdir()
    write_mots(folder / "gt/MOTS20-02/gt/gt.txt", table(truth))
    write_mots(folder / "mine/MOTS20-02.txt", table(disturbed(rng, truth, 4)))
    return folder / "gt", folder / "mine"


def test_the_command_scores_masks_by_itself_and_says_so(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--truth", str(pair[0]), str(pair[1])]) == 0
    out, err = capsys.readouterr()
    assert "masks are scored" in err
    assert "sMOTSA" in out
    scores = score_tracks(*pair)
    assert scores.masks
    assert f"{100 * scores.sMOTSA:.2f}" in out
    assert main(["--truth", str(pair[0]), str(pair[1]), "--iou", "box"]) == 0
    out, err = capsys.readouterr()
    assert "boxes around" in err
    assert "sMOTSA" not in out
    boxes = score_tracks(*pair, iou="box")
    assert f"{100 * boxes.HOTA:.2f}" in out
    assert boxes.HOTA != scores.HOTA


def test_boxes_around_masks_score_as_a_box_file_does(pair: tuple[Path, Path], tmp_path: Path) -> None:
    for name, path in zip("ab", (pair[0] / "MOTS20-02/gt/gt.txt", pair[1] / "MOTS20-02.txt"), strict=True):
        write_mot(tmp_path / name, read_mots(path).boxes())
    assert score_tracks(*pair, iou="box").to_dict() == score_tracks(tmp_path / "a", tmp_path / "b").to_dict()
    mixed = score_tracks(pair[0] / "MOTS20-02/gt/gt.txt", tmp_path / "b", iou="auto")
    assert not mixed.masks
    assert mixed.HOTA == score_tracks(*pair, iou="box").HOTA


def test_boxes_in_regions_to_ignore_do_not_count(tmp_path: Path) -> None:
    ground = np.zeros((H, W), np.int64)
    ground[4:20, 4:12], ground[:, 30:] = 1, 10_000
    truth = table([ground], {10_000: IGNORE})
    result = parse_mot("1,1,4,4,8,16,1\n1,2,31,4,8,16,1\n1,3,26,4,7,16,1\n")
    scores = score_tracks(truth, result)
    assert (scores.CLR_TP, scores.CLR_FP, scores.Dets) == (1, 1, 2)  # the third lies in the region by 3 of 7 columns


def test_kitti_mots_counts_from_0_on_both_sides(pair: tuple[Path, Path], tmp_path: Path) -> None:
    for name, path in zip("ab", (pair[0] / "MOTS20-02/gt/gt.txt", pair[1] / "MOTS20-02.txt"), strict=True):
        write_mots(tmp_path / name, replace(read_mots(path), first_frame=0))
    truth = tmp_path / "a"
    assert truth.read_text().startswith("0 ")
    wanted = score_tracks(*pair).to_dict()
    assert score_tracks(truth, tmp_path / "b").to_dict() == wanted
    assert score_tracks(truth, tmp_path / "b", benchmark="KITTI-MOTS").to_dict() == wanted
    late = tmp_path / "late"
    late.write_text("".join(line for line in truth.read_text().splitlines(keepends=True) if not line.startswith("0 ")))
    with pytest.raises(FormatError, match=r"b, line 1: the frame is below 1.*--benchmark KITTI-MOTS"):
        score_tracks(late, tmp_path / "b")
    assert score_tracks(late, tmp_path / "b", benchmark="KITTI-MOTS").GT_Dets < wanted["GT_Dets"]


def test_classes_are_scored_by_themselves() -> None:
    rng = np.random.default_rng(5)
    truth = players(rng, 4, 4)
    for ground in truth:
        ground[:4][ground[:4] == 0] = 10_000
    kinds = {1: 1, 2: 1, 10_000: IGNORE}
    scores = score_classes(table(truth, kinds), table(truth, {1: 1, 2: 1, 10_000: IGNORE}))
    assert list(scores) == ["1", "2"]
    assert all(one.HOTA == 1 and one.masks for one in scores.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iou": "mask"}, "the result has no masks, which --iou mask needs"),
        ({"benchmark": "MOTS"}, "the result has no masks, which --benchmark MOTS needs"),
        ({"iou": "masks"}, "expected auto, mask, box"),
    ],
)
def test_masks_that_are_not_there_are_asked_for(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        score_tracks(table(players(np.random.default_rng(1), 2, 2)), parse_mot("1,1,4,4,8,16,1\n"), **change)


def test_sizes_and_classes_that_do_not_fit_the_truth_are_named() -> None:
    truth = table(players(np.random.default_rng(1), 2, 2))
    with pytest.raises(FormatError, match=r"the result's masks are of 72 x 96 pixels, the truth's of 36 x 48"):
        score_tracks(truth, replace(truth, masks=truth.masks.at((72, 96))))
    with pytest.raises(FormatError, match=r"the result has no class 2, which MOTS scores, but 1"):
        score_tracks(truth, replace(truth, class_id=np.ones_like(truth.class_id)), benchmark="MOTS")
    with pytest.raises(FormatError, match="the truth has class 3; MOTS knows 1 car"):
        score_tracks(replace(truth, class_id=truth.class_id + 1), truth, benchmark="MOTS")


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 5), st.integers(0, 1))
def test_text_is_read_as_it_was_written(seed: int, frames: int, n: int, first: int) -> None:
    maps = players(np.random.default_rng(seed), frames, n)
    maps[0][0, 0] = 1
    rows = replace(table(maps), first_frame=first)
    with tempfile.TemporaryDirectory() as place:
        again = parse_mots(text(rows, Path(place), "a"), zero_based=not first)
        assert is_mots(Path(place) / "a")
        write_mot(Path(place) / "b", rows.boxes())
        assert not is_mots(Path(place) / "b")
    for name in ("frame", "track_id", "class_id", "xyxy"):
        assert getattr(again, name).tolist() == getattr(rows, name).tolist()
    assert again.masks.to_coco() == rows.masks.to_coco()


def test_masks_that_share_pixels_are_written_apart(tmp_path: Path) -> None:
    filled = np.zeros((3, H, W), np.bool_)
    filled[0, :9], filled[1, 4:12], filled[2, 5:6] = True, True, True
    rows = MotsTable.of([0] * 3, [1, 2, 3], [2] * 3, Masks.from_array(filled))
    again = parse_mots(text(replace(rows, score=np.array([0.5, 0.9, 0.2])), tmp_path, "a"))
    assert again.track_id.tolist() == [1, 2]  # nothing is left of the third
    assert again.masks.area().tolist() == [4 * W, 8 * W]
    with pytest.raises(FormatError, match=r"row 1: the mask of id 2 shares pixels with that of id 1"):
        score_tracks(rows, rows)


GOOD = "1 1 2 4 6 92="  # 9 pixels of background, 2 set, 13 of background


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 1 2 4 6", "5 columns; MOTS text has 6"),
        ("1 1 x 4 6 92=", "the class is 'x'"),
        ("1.5 1 2 4 6 92=", "the frame is '1.5'"),
        ("0 1 2 4 6 92=", "the frame is below 1; frames count from 1"),
        ("1 1 2 4 6 92=", "this id stands a second time in this frame"),
        ("1 2 2 4 6 92=", "the mask of id 2 shares pixels with that of id 1"),
        ("1 2 0 4 6 92=", "the class is not 1 to"),
        ("1 -2 2 4 6 92=", "the id is below 0"),
        ("1 2 2 8 6 92=", "the mask's size is 8 x 6, not 4 x 6"),
        ("1 2 2 4 6 9~", "no run lengths"),
        ("1 2 2 4 6 T1", "add up to|no run lengths"),
        ("99999999 2 2 4 6 92=", "is it a time stamp"),
        ("9 2 2 4 6 92=", "beyond the sequence's 8 frames"),
    ],
)
def test_broken_text_names_the_line(line: str, message: str) -> None:
    with pytest.raises(FormatError, match=rf"^a\.txt, line [12]: .*({message})"):
        parse_mots(f"{GOOD}\n{line}\n", name="a.txt", frames=8, zero_based=False)


def test_an_empty_mask_is_an_object_without_pixels() -> None:
    rows = parse_mots(f"{GOOD}\n2 1 2 4 6 h0\n")
    assert rows.masks.area().tolist() == [2, 0]
    scores = score_tracks(rows, rows)
    assert (scores.GT_Dets, scores.CLR_TP, scores.CLR_FN, scores.CLR_FP) == (2, 1, 1, 1)
