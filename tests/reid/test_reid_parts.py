"""Crops, matches, team-mates, batches and losses, one by one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lookalikes import PEOPLE, SIZE, write_sequence

from data_prep.formats.crops import write_crops
from data_prep.formats.motfolders import read_mot_folders
from sportstrack.errors import FormatError, SettingError
from sportstrack.reid.batches import epoch_batches, prepared_batches, varied
from sportstrack.reid.cut import cut_crops
from sportstrack.reid.judge import HeldOut
from sportstrack.reid.losses import identity_loss, triplet_loss
from sportstrack.reid.mates import find_mates, without_lone
from sportstrack.reid.people import PersonCrops, choose_crops, divide
from sportstrack.reid.settings import ReidSettings
from sportstrack.reid.sources import read_corrected_video, read_sources

ALL = ReidSettings(every=1, size="32x64", apart=0.0)


def crops_of(*folders: Path, how: ReidSettings = ALL) -> PersonCrops:
    return choose_crops(read_sources(folders, (), skip_missing=how.skip_missing), how)[0]


# --- what is worth a crop -------------------------------------------------------------------------------------------


def test_what_is_no_crop_is_left_out_and_counted(tmp_path: Path) -> None:
    sequence = write_sequence(tmp_path / "clip", 1, frames=4)
    more = "1,20,-30,40,18,40,1,1,1\n2,21,100,60,18,20,1,1,1\n3,22,5,5,18,40,0,1,1\n"  # off, low, to be ignored
    more += "1,23,60,60,18,40,1,1,1\n1,24,60,60,18,40,1,1,0.1\n2,24,60,60,18,40,1,1,0.1\n"  # once, hidden
    with (sequence / "gt" / "gt.txt").open("a", encoding="utf-8") as file:
        file.write(more)
    crops, notes = choose_crops(read_sources([tmp_path], ()), ALL)
    assert len(crops.names) == PEOPLE
    assert len(crops) == 4 * PEOPLE
    for part in ("1 off the picture", "1 lower than 32", "1 to be ignored", "2 too little visible", "1 people with a"):
        assert part in notes[-1]
    assert (crops.xyxy >= 0).all()
    assert (crops.xyxy <= np.tile(SIZE, 2)).all()
    few = crops_of(tmp_path, how=replace(ALL, per_person=2))
    assert np.bincount(few.person).tolist() == [2] * PEOPLE
    assert sorted(set(few.frame.tolist())) == [1, 3]  # spread
    assert set(crops_of(tmp_path, how=replace(ALL, every=3)).frame.tolist()) == {0, 3}


def test_balls_are_no_people_and_one_person_is_too_few(tmp_path: Path) -> None:
    sequence = write_sequence(tmp_path / "clip", 1, frames=4, people=2)
    roles = "[Sequence]\ntrackletID_1= ball;1\ntrackletID_2= player team left;7\n"
    (sequence / "gameinfo.ini").write_text(roles, encoding="utf-8")
    with pytest.raises(SettingError, match="1 people with 2 crops or more; at least two are needed"):
        crops_of(tmp_path)


def test_pictures_that_are_missing_are_named(tmp_path: Path) -> None:
    sequence = write_sequence(tmp_path / "clip", 1, frames=4)
    (sequence / "img1" / "000002.jpg").unlink()
    with pytest.raises(FormatError, match="1 labelled frames have no picture, the first is frame 2"):
        crops_of(tmp_path)
    assert set(crops_of(tmp_path, how=replace(ALL, skip_missing=True)).frame.tolist()) == {0, 2, 3}
    shutil.rmtree(sequence / "img1")
    from sportstrack import train_reid

    with pytest.raises(FormatError, match="clip: has labels and no pictures"):
        train_reid(tmp_path, tmp_path / "out", every=1, held_out=0.0, device="cpu")
    broken = write_sequence(tmp_path / "other", 1, frames=2) / "img1" / "000001.jpg"
    broken.write_bytes(b"no picture")
    with pytest.raises(FormatError, match=r"000001\.jpg"):
        cut_crops(crops_of(broken.parents[1]), (64, 32))


# --- who judges -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def matches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matches")
    for seed, name in enumerate(("v_a_c001", "v_a_c002", "v_b_c001", "v_c_c001")):
        write_sequence(folder / name, seed, frames=4, teams=name != "v_c_c001")
    return folder


def test_whole_matches_are_held_out(matches: Path) -> None:
    crops = crops_of(matches)
    assert crops.matches == ("v_a", "v_b", "v_c")
    for seed in range(6):
        held, notes = divide(crops, replace(ALL, seed=seed))
        sides = [set(crops.match[held].tolist()), set(crops.match[~held].tolist())]
        assert not sides[0] & sides[1]
        assert all(sides)
        assert "whole matches" in notes[-1]
    assert not divide(crops, replace(ALL, held_out=0.0))[0].any()


def test_a_match_on_both_sides_of_the_datas_split_is_held_out_whole(matches: Path, tmp_path: Path) -> None:
    for split, name in (("train", "v_a_c001"), ("val", "v_a_c002"), ("train", "v_b_c001")):
        shutil.copytree(matches / name, tmp_path / split / name)
    crops = crops_of(tmp_path)
    held, notes = divide(crops, ALL)
    assert {crops.names[i][:8] for i in np.flatnonzero(held)} == {"v_a_c001", "v_a_c002"}
    assert "on both sides" in notes[0]


def test_one_match_cannot_judge_itself(matches: Path) -> None:
    crops = crops_of(matches / "v_a_c001", matches / "v_a_c002")
    with pytest.raises(SettingError, match=r"there is one match \(v_a\); --match"):
        divide(crops, ALL)


def test_a_sequence_of_one_person_does_not_judge(matches: Path, tmp_path: Path) -> None:
    write_sequence(tmp_path / "v_d_c001", 9, frames=4, people=1)
    crops = crops_of(matches, tmp_path / "v_d_c001")
    held = crops.sequence >= 2
    group, _ = find_mates(crops, np.zeros((len(crops), 75), np.float32))
    judging = HeldOut.of(crops, held, group, 0.0)
    assert judging.left_out == 1
    scores = judging.scores(np.eye(len(crops.names), dtype=np.float32)[judging.person])
    assert scores["all"].mAP == scores["mates"].mAP == 1.0
    assert scores["all"].queries == 2 * PEOPLE * 4
    assert scores["mates"].gallery < scores["all"].gallery


# --- team-mates -----------------------------------------------------------------------------------------------------


def test_team_mates_are_those_of_the_data_or_of_the_kits(matches: Path, tmp_path: Path) -> None:
    crops = crops_of(matches / "v_b_c001", matches / "v_c_c001")
    cut = cut_crops(crops, (64, 32))
    group, notes = find_mates(crops, cut.colours)
    assert notes == ["teams: 6 by the data, 6 by kit colours"]
    for clip in (0, 1):
        mine = group[crops.sequence == clip]
        assert len(set(mine.tolist())) == 2
        assert (mine == mine[np.arange(PEOPLE) % 2]).all()  # painted in two shirts, in turn
    shutil.copytree(matches / "v_c_c001", tmp_path / "v_c_c001")
    rows = "".join(f"{i + 1},{'home' if i < 2 else 'away'}\n" for i in range(PEOPLE))
    (tmp_path / "v_c_c001" / "gt" / "gt.identities.csv").write_text(f"track_id,team\n{rows}", encoding="utf-8")
    said = crops_of(tmp_path)
    group, notes = find_mates(said, np.zeros((len(said), 75), np.float32))
    assert notes == ["teams: 6 by the data"]
    assert np.bincount(group).tolist() == [4, 2]
    assert without_lone(np.array([0, 1, 1])).tolist() == [-1, 1, 1]


# --- sources --------------------------------------------------------------------------------------------------------


def test_crops_that_were_written_are_read_again(matches: Path, tmp_path: Path) -> None:
    table = read_mot_folders(matches)
    judging = np.array([name.startswith("v_b") for name in table.images.name.tolist()])
    write_crops(table.with_splits(np.where(judging, "val", "train").tolist()), tmp_path / "people")
    crops = crops_of(tmp_path)  # the folder that label writes has people/ in it
    assert len(crops) == 4 * 4 * PEOPLE
    held, _ = divide(crops, ALL)
    assert {crops.names[i][:8] for i in np.flatnonzero(held)} == {"v_b_c001"}
    cut = cut_crops(crops, (64, 32))
    group, _ = find_mates(crops, cut.colours)
    judging_crops = HeldOut.of(crops, held, group, 0.0)
    assert judging_crops.query.sum() == PEOPLE  # those in query/
    assert judging_crops.gallery.sum() == 3 * PEOPLE
    (tmp_path / "people" / "identities.json").write_text('{"v_b_c001_0001": {}}', encoding="utf-8")
    with pytest.raises(FormatError, match=r"identities.json: expected"):
        crops_of(tmp_path)


def test_corrected_tracks_are_a_video_and_its_result(matches: Path, tmp_path: Path) -> None:
    result = tmp_path / "match.txt"
    shutil.copy(matches / "v_a_c001" / "gt" / "gt.txt", result)
    (tmp_path / "match.identities.csv").write_text("track_id,team\n1,home\n2,away\n", encoding="utf-8")
    table = read_corrected_video(matches / "v_a_c001" / "img1", result)
    crops, _ = choose_crops(table, ALL)
    assert crops.said.tolist()[:3] == ["home", "away", ""]
    direct = cut_crops(crops_of(matches / "v_a_c001"), (64, 32))
    assert np.array_equal(cut_crops(crops, (64, 32)).pictures, direct.pictures)
    result.write_text("99,1,5,5,18,40,1,-1,-1,-1\n", encoding="utf-8")
    with pytest.raises(Exception, match="goes to frame 99"):
        read_corrected_video(matches / "v_a_c001" / "img1", result)


def test_pixels_of_an_unfinished_run_are_read_again(matches: Path, tmp_path: Path) -> None:
    crops = crops_of(matches / "v_a_c001")
    first = cut_crops(crops, (64, 32), tmp_path / "crops")
    before = (tmp_path / "crops" / "pictures.npy").stat().st_mtime_ns
    again = cut_crops(crops, (64, 32), tmp_path / "crops", lambda *_: pytest.fail("it was cut again"))
    assert np.array_equal(first.pictures, again.pictures)
    assert (tmp_path / "crops" / "pictures.npy").stat().st_mtime_ns == before
    cut_crops(crops, (32, 16), tmp_path / "crops")
    assert np.load(tmp_path / "crops" / "pictures.npy").shape[1:] == (32, 16, 3)


# --- batches --------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(2, 9), st.integers(0, 3)), min_size=2, max_size=30),
    st.integers(2, 12),
    st.integers(2, 5),
    st.integers(1, 5),
    st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_batches_have_so_many_people_and_crops(
    crowd: list[tuple[int, int]], people: int, each: int, mates: int, epoch: int
) -> None:
    person = np.repeat(np.arange(len(crowd)), [count for count, _ in crowd])
    group = np.array([one for _, one in crowd])
    how = replace(ALL, people=people, crops=each, mates=mates)
    batches = epoch_batches(person, group, how, epoch)
    for rows in batches:
        who, counts = np.unique(person[rows], return_counts=True)
        assert len(who) == min(people, len(crowd))
        assert (counts == each).all()
    assert abs(len(batches) * min(people, len(crowd)) * each - len(person)) <= max(len(person), people * each)
    assert all(np.array_equal(a, b) for a, b in zip(batches, epoch_batches(person, group, how, epoch), strict=True))


def test_team_mates_come_together() -> None:
    person, group = np.repeat(np.arange(64), 8), np.repeat(np.arange(16), 4)
    batches = epoch_batches(person, group, replace(ALL, people=16, crops=2, mates=4), 0)
    for rows in batches:
        assert len(set(group[person[rows]].tolist())) == 4  # four whole teams
    assert len({int(one) for rows in batches[:4] for one in person[rows]}) == 64  # each once in a round
    apart = epoch_batches(person, group, replace(ALL, people=16, crops=2, mates=1), 0)
    assert np.mean([len(set(group[person[rows]].tolist())) for rows in apart]) > 8


def test_a_batch_is_the_same_whenever_it_is_made() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (40, 64, 32, 3), np.uint8)
    rows = [np.arange(i, i + 8) for i in range(0, 40, 8)]
    whole = dict(prepared_batches(pictures, rows, replace(ALL, workers=3), epoch=2))
    rest = dict(prepared_batches(pictures, rows, replace(ALL, workers=1), epoch=2, first=3))
    assert sorted(whole) == [0, 1, 2, 3, 4]
    assert sorted(rest) == [3, 4]
    assert all(np.array_equal(whole[number], rest[number]) for number in rest)
    assert whole[0].shape == (8, 3, 64, 32)


def test_varied_crops_keep_their_colours() -> None:
    still = replace(ALL, flip=0.0, shift=0.0, lighting_change=0.0, colour_change=0.0, erasing=0.0)
    crops = np.random.default_rng(0).integers(0, 256, (6, 64, 32, 3), np.uint8)
    assert np.array_equal(varied(crops, still, np.random.default_rng(1)), crops)
    mirrored = varied(crops, replace(still, flip=1.0), np.random.default_rng(1))
    assert np.array_equal(mirrored, crops[:, :, ::-1])
    hidden = varied(crops, replace(still, erasing=1.0), np.random.default_rng(1))
    assert ((hidden != crops).any(axis=3).mean(axis=(1, 2)) < 0.3).all()
    for colour in ((200, 40, 40), (40, 40, 200), (40, 180, 40), (30, 200, 220)):
        plain = np.full((50, 64, 32, 3), colour, np.uint8)
        seen = varied(plain, replace(ALL, erasing=0.0), np.random.default_rng(2))[:, 32, 16]
        hue = cv2.cvtColor(seen[None], cv2.COLOR_BGR2HSV)[0, :, 0].astype(int)
        own = int(cv2.cvtColor(plain[:1, :1, 0], cv2.COLOR_BGR2HSV)[0, 0, 0])
        assert (np.minimum((hue - own) % 180, (own - hue) % 180) <= 8).all()  # 16 degrees


# --- losses ---------------------------------------------------------------------------------------------------------


def test_the_identity_loss_is_torchs_cross_entropy_over_those_that_are_possible() -> None:
    torch.manual_seed(0)
    scores, person = torch.randn(6, 5), torch.tensor([0, 1, 2, 0, 1, 2])
    everyone = torch.ones(6, 5, dtype=torch.bool)
    cross = torch.nn.functional.cross_entropy
    assert identity_loss(scores, person, everyone, 0.1).item() == pytest.approx(
        cross(scores, person, label_smoothing=0.1).item(), abs=1e-6
    )
    some = everyone.clone()
    some[:, 3:] = False
    assert identity_loss(scores, person, some, 0.1).item() == pytest.approx(
        cross(scores[:, :3], person, label_smoothing=0.1).item(), abs=1e-4
    )


def test_the_triplet_loss_is_torchs_of_the_hardest() -> None:
    torch.manual_seed(0)
    vectors, person = torch.randn(8, 4), torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    wrong = person[:, None] != person
    wrong[:2, 4:6] = wrong[4:6, :2] = False  # they may be the same person
    unit = torch.nn.functional.normalize(vectors, dim=1)
    far = torch.cdist(unit, unit)
    positive = torch.stack(
        [unit[max((j for j in range(8) if person[j] == person[i]), key=far[i].__getitem__)] for i in range(8)]
    )
    negative = torch.stack([unit[min((j for j in range(8) if wrong[i, j]), key=far[i].__getitem__)] for i in range(8)])
    expected = torch.nn.functional.triplet_margin_loss(unit, positive, negative, margin=0.3, eps=0)
    assert triplet_loss(vectors, person, wrong, 0.3).item() == pytest.approx(expected.item(), abs=1e-5)
    none = torch.zeros_like(wrong)
    assert triplet_loss(vectors, person, none, 0.3).item() == 0  # nobody is another person for certain
