"""Identities across shot changes: known again by how players stand and by appearance, and never between two matches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_prep.synthetic.camera import SceneCamera, look_at
from sportstrack.mot import read_mot
from sportstrack.refine import RefineSettings, Scene, TrackTable, interpolate_gaps, link_tracks, refine, smooth_boxes
from sportstrack.refine.command import main as refine_command
from sportstrack.refine.scene import camera_steps

WIDTH, HEIGHT, CUT, LENGTH = 1280, 720, 25, 50
SIZE = {"frame_rate": 25.0, "width": float(WIDTH), "height": float(HEIGHT)}
RED, BLUE = np.array([1.0, 0.0, 0.2]), np.array([0.0, 1.0, 0.2])
VIEWS = {  # where the camera stands, in metres, and its focal length, in pixels
    "main": ((0.0, -62.0, 20.0), 2300.0),
    "closer": ((4.0, -60.0, 16.0), 2900.0),
    "side": ((35.0, -56.0, 14.0), 2200.0),
    "goal": ((-72.0, 5.0, 17.0), 2000.0),
    "reverse": ((-5.0, 60.0, 18.0), 2300.0),
}


def camera(view: str, look_to: tuple[float, float] = (0.0, 0.0)) -> SceneCamera:
    place, focal = VIEWS[view]
    return look_at(np.array(place), np.array([*look_to, 1.0]), focal, 0.0, (WIDTH, HEIGHT))


def play(seed: int, people: int = 14) -> np.ndarray:
    """(LENGTH, N, 2) metres: people running about near the middle."""
    rng = np.random.default_rng(seed)
    start = rng.uniform((-11, -9), (11, 9), (people, 2))
    return start + rng.normal(0, 2.5, (people, 2)) * (np.arange(LENGTH) / 25)[:, None, None]


def filmed(
    where: np.ndarray, view: SceneCamera, frames: range, first_id: int, embeddings: np.ndarray | None = None
) -> TrackTable:
    """The boxes, 2 % of their height unsure, of all people wholly in the picture; a track for each person."""
    rng, parts = np.random.default_rng(first_id), []
    tall = np.random.default_rng(9).normal(1.8, 0.06, where.shape[1])
    for frame in frames:
        ground = np.column_stack((where[frame], np.zeros(len(tall))))
        feet, head = view.project(ground)[0], view.project(ground + np.array([0, 0, 1.0]) * tall[:, None])[0]
        height = (feet - head)[:, 1]
        box = np.column_stack((feet[:, 0] - 0.2 * height, head[:, 1], feet[:, 0] + 0.2 * height, feet[:, 1]))
        box += rng.normal(0, 0.02, box.shape) * height[:, None]
        seen = (box[:, :2] > 0).all(axis=1) & (box[:, 2] < WIDTH) & (box[:, 3] < HEIGHT)
        parts.append((np.full(seen.sum(), frame), np.flatnonzero(seen) + first_id, box[seen]))
    frame, track, box = (np.concatenate(column) for column in zip(*parts, strict=True))
    return TrackTable.of(frame, track, box, embedding=None if embeddings is None else embeddings[track - first_id])


def join(*parts: TrackTable) -> TrackTable:
    embeddings = None if parts[0].embedding is None else np.concatenate([p.embedding for p in parts])
    columns = (np.concatenate([getattr(p, name) for p in parts]) for name in ("frame", "track_id", "xyxy", "score"))
    return TrackTable.of(*columns, embedding=embeddings)


def across(table: TrackTable, **settings: float) -> dict[int, int]:
    """Old id after the cut → the id before it to which it was linked."""
    scene = Scene.of(table, **SIZE, cuts=[CUT])
    after = link_tracks(table, scene, RefineSettings(**settings))
    order = np.lexsort((table.frame, table.track_id))
    new = {}
    for box, old in zip(table.xyxy[order], table.track_id[order], strict=True):
        new[int(old)] = int(after.track_id[(after.xyxy == box).all(axis=1)][0])
    before = {i for i in new.values() if i < 100}
    return {old: i for old, i in new.items() if old >= 100 and i in before}


def two_views(one: str, other: str, seed: int = 0, second_play: int | None = None, **more: np.ndarray) -> TrackTable:
    before, after = play(seed), play(seed if second_play is None else second_play)
    return join(
        filmed(before, camera(one), range(CUT), 1, more.get("embeddings")),
        filmed(
            after,
            camera(other, (1.0, -2.0)),
            range(CUT, LENGTH),
            101,
            more.get("embeddings_after", more.get("embeddings")),
        ),
    )


@pytest.mark.parametrize(("one", "other"), [("main", v) for v in VIEWS] + [("goal", "side"), ("reverse", "closer")])
def test_players_are_known_again_by_how_they_stand(one: str, other: str) -> None:
    linked = across(two_views(one, other))
    assert len(linked) >= 7
    assert all(new == 100 + old for new, old in linked.items())


@pytest.mark.parametrize("seed", range(1, 9))
def test_another_crowd_is_not_taken_for_the_same(seed: int) -> None:
    assert across(two_views("main", "main", second_play=seed)) == {}
    assert across(two_views("main", "goal", second_play=seed)) == {}


def test_a_handful_proves_nothing() -> None:
    before = filmed(play(0, 5), camera("main"), range(CUT), 1)
    after = filmed(play(0, 5), camera("side"), range(CUT, LENGTH), 101)
    assert across(join(before, after)) == {}


def kits(people: int = 14) -> np.ndarray:
    """(N, 3) embeddings of two teams and, the last one, a referee."""
    embeddings = np.where((np.arange(people) % 2 == 0)[:, None], RED, BLUE)
    embeddings[-1] = (0.0, 0.0, 1.0)
    return embeddings + np.random.default_rng(0).normal(0, 0.02, embeddings.shape)


def test_a_player_there_in_another_kit_is_not_the_same() -> None:
    same = two_views("main", "goal", embeddings=kits())
    assert len(across(same)) >= 7
    swapped = two_views("main", "goal", embeddings=kits(), embeddings_after=kits()[:, [1, 0, 2]])
    assert all(old == 14 for old in across(swapped).values()), "the referee wears the same kit"


def test_appearance_alone_links_only_where_formation_has_shown_one_match() -> None:
    """The referees of two matches have similar appearances."""
    strangers = two_views("main", "goal", second_play=3, embeddings=kits())
    assert across(strangers) == {}
    linked = across(strangers, shot_unproven=1.0)
    assert linked == {114: 14}


def test_what_is_linked_by_appearance_can_be_left_to_the_steps_before() -> None:
    assert across(two_views("main", "goal"), shot_memory=0.0) == {}
    assert across(two_views("main", "goal"), formation_evidence=0.0) == {}


def test_the_order_of_rows_does_not_matter() -> None:
    table = two_views("main", "side")
    mixed = table[np.random.default_rng(1).permutation(len(table))]
    assert across(mixed) == across(table)


def test_a_track_that_runs_over_a_shot_change_is_taken_apart() -> None:
    """A tracker that does not know of the shot change keeps ids by position, where every player is another one."""
    table = two_views("main", "main", second_play=5)
    ran_on = TrackTable.of(table.frame, table.track_id % 100, table.xyxy)
    after = link_tracks(ran_on, Scene.of(ran_on, **SIZE, cuts=[CUT]))
    assert not set(after.track_id[after.frame < CUT]) & set(after.track_id[after.frame >= CUT])


def test_boxes_are_neither_smoothed_nor_filled_across_a_cut() -> None:
    rng, box = np.random.default_rng(0), np.array([300.0, 200.0, 340.0, 300.0])
    there = box + np.array([500, 100, 500, 100])
    boxes = np.array([box if n < CUT else there for n in range(LENGTH)]) + rng.normal(0, 3, (LENGTH, 4))
    table = TrackTable.of(np.arange(LENGTH), np.ones(LENGTH), boxes)
    scene = Scene.of(table, **SIZE, cuts=[CUT])
    smooth = smooth_boxes(table, scene)
    assert np.abs(smooth.xyxy - boxes).max() < 20
    assert (smooth.xyxy != boxes).any()
    gap = table[np.abs(table.frame - CUT) > 2]
    assert len(interpolate_gaps(gap, scene)) == len(gap)


def test_the_camera_s_step_is_not_read_off_tracks_on_both_sides_of_a_shot_change() -> None:
    place = np.where(np.arange(10) < 5, 100.0, 600.0)
    parts = [(np.arange(10), np.full(10, i), place + 60 * i) for i in range(4)]
    frame, track, x = (np.concatenate(column) for column in zip(*parts, strict=True))
    table = TrackTable.of(frame, track, np.column_stack((x, x * 0 + 100, x + 40, x * 0 + 200)))
    assert np.abs(camera_steps(table, 10, 25.0, np.array([5]))).max() == pytest.approx(0)


# --- real motion -----------------------------------------------------------------------------------------------------


def half(folder: Path, first: bool) -> TrackTable:
    """The first second of a SportsMOT clip, from the cut on, or its last one, before the cut; true boxes and ids."""
    rows = read_mot(folder / "gt" / "gt.txt")
    end = int(rows.frame.max())
    rows = rows[rows.frame < CUT if first else rows.frame > end - CUT]
    frame = rows.frame + CUT if first else rows.frame - (end - CUT + 1)
    return TrackTable.of(frame, rows.track_id + (100 if first else 1), rows.xyxy)


def test_no_identity_survives_a_shot_change_between_two_real_matches(shared_data: Path) -> None:
    root = shared_data / "sportsmot" / "train"
    matches: dict[str, Path] = {}
    for path in sorted(root.glob("*/gt/gt.txt")):
        matches.setdefault(path.parents[1].name.rpartition("_c")[0], path.parents[1])
    clips = list(matches.values())
    assert len(clips) >= 10
    ends, begins = ([half(clip, first) for clip in clips] for first in (False, True))
    for i, before in enumerate(ends):
        for j, after in enumerate(begins):
            if i != j:
                assert across(join(before, after)) == {}, (clips[i].name, clips[j].name)


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_takes_shot_changes_from_a_table_of_shots(tmp_path: Path) -> None:
    from sportstrack import write_mot

    table = two_views("main", "side")
    write_mot(tmp_path / "match.txt", table)
    shots = tmp_path / "shots.csv"
    shots.write_text(f"shot,start,end,kind\n1,0,{CUT - 1},start\n2,{CUT},{LENGTH - 1},cut\n")
    words = [str(tmp_path / "match.txt"), "--size", f"{WIDTH}x{HEIGHT}", "--frame-rate", "25", "--quiet"]
    counts = {}
    for name, more in {"plain": [], "cut": ["--shots", str(shots)]}.items():
        assert refine_command([*words, *more, "-o", str(tmp_path / f"{name}.txt")]) == 0
        rows = read_mot(tmp_path / f"{name}.txt")
        before, after = (set(rows.track_id[part].tolist()) for part in (rows.frame < CUT, rows.frame >= CUT))
        counts[name] = len(before & after)
    assert counts["cut"] >= 7
    whole = refine(table, **SIZE, cuts=[CUT])
    assert counts["cut"] == len(set(whole.track_id[whole.frame < CUT]) & set(whole.track_id[whole.frame >= CUT]))


def test_a_bad_table_of_shots_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, shots = tmp_path / "match.txt", tmp_path / "shots.csv"
    result.write_text("1,1,5,5,10,10,0.9,-1,-1,-1\n")
    words = [str(result), "--size", "64x64", "--frame-rate", "25", "-o", str(tmp_path / "out"), "--shots", str(shots)]
    assert refine_command(words) == 2
    assert "shots.csv: cannot be read: No such file" in capsys.readouterr().err
    shots.write_text("nothing\n7\n")
    assert refine_command(words) == 2
    assert "shots.csv: not a table of shots" in capsys.readouterr().err
