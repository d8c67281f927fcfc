"""Teams and shirt numbers in the refinement: two that are surely different are never one, equal ones are preferred."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pieces import ids, join, linked, run, scene, still

from sportstrack import Detections, Tracks
from sportstrack.refine import RefineSettings, TrackTable, interpolate_gaps, link_tracks, refine, split_tracks

A, B, UNSURE = [0.9, 0.05], [0.05, 0.9], [0.5, 0.4]
SEVEN, NINE, SEVENTEEN, NOTHING = [7, 0.9], [9, 0.9], [17, 0.9], [-1, 0.0]


def test_the_team_decides_who_comes_out_of_a_gap() -> None:
    table = join(
        run(1, range(30), (300, 300), team_evidence=A),
        run(2, range(30), (360, 300), team_evidence=B),
        run(3, range(50, 80), (315, 300), team_evidence=B),
        run(4, range(50, 80), (345, 300), team_evidence=A),
    )
    after = link_tracks(table, scene(table, camera=still(80)))
    assert after.track_id[(after.frame == 79) & (after.xyxy[:, 0] == 295)].tolist() == [2]
    blind = link_tracks(replace(table, team_evidence=None), scene(table, camera=still(80)))
    assert blind.track_id[(blind.frame == 79) & (blind.xyxy[:, 0] == 295)].tolist() == [1]


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(A, A, [1]), (A, B, [1, 2]), (A, UNSURE, [1]), (A, [0.0, 0.0], [1])]
)
def test_sure_and_different_teams_are_never_linked(before: object, after: object, expected: list[int]) -> None:
    pieces = run(1, range(30), (300, 300), team_evidence=before), run(2, range(33, 60), (300, 300), team_evidence=after)
    assert linked(*pieces) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (SEVEN, SEVEN, [1]),
        (SEVEN, NINE, [1, 2]),
        (SEVEN, NOTHING, [1]),
        (SEVEN, SEVENTEEN, [1]),  # an arm hides one of two digits now and then
        (SEVEN, [9, 0.03], [1]),  # too little was read
    ],
)
def test_sure_and_different_numbers_are_never_linked(before: object, after: object, expected: list[int]) -> None:
    pieces = run(1, range(30), (300, 300), number_votes=before), run(2, range(33, 60), (300, 300), number_votes=after)
    assert linked(*pieces) == expected


@pytest.mark.parametrize(
    ("middle", "expected"),
    [
        (([-1, 0.0], 33), [1, 3]),  # the second gap is longer
        (([-1, 0.0], 45), [1, 2]),  # the first one is
        (SEVEN, [1, 3]),
        (NINE, [1, 2]),
    ],
)
def test_two_numbers_are_not_joined_by_way_of_a_piece_without_one(middle: object, expected: list[int]) -> None:
    votes, begin = middle if isinstance(middle, tuple) else (middle, 39)
    pieces = (
        run(1, range(30), (300, 300), number_votes=SEVEN),
        run(2, range(begin, begin + 6), (300, 300), number_votes=votes),
        run(3, range(54, 80), (300, 300), number_votes=NINE),
    )
    assert linked(*pieces) == expected


def test_two_teams_are_not_joined_by_way_of_a_piece_that_may_be_of_either() -> None:
    between = run(2, range(32, 38), (300, 300), team_evidence=UNSURE)
    ends = run(1, range(30), (300, 300), team_evidence=A), run(3, range(50, 80), (300, 300), team_evidence=B)
    assert linked(ends[0], between, ends[1]) == [1, 3]


def test_a_number_bridges_a_long_gap_within_its_team_only() -> None:
    first = run(1, range(30), (300, 300), team_evidence=A, number_votes=SEVEN)
    others = [run(5, range(600), (1000, 100), team_evidence=B, number_votes=NOTHING)]
    again = run(2, range(500, 540), (800, 500), team_evidence=A, number_votes=SEVEN)
    assert linked(first, again, *others) == [1, 5]
    of_b = run(2, range(500, 540), (800, 500), team_evidence=B, number_votes=SEVEN)
    assert linked(first, of_b, *others) == [1, 2, 5]
    unknown = run(2, range(500, 540), (800, 500), team_evidence=[0, 0], number_votes=SEVEN)
    assert linked(first, unknown, *others) == [1, 2, 5], "both teams have a number 7"
    nameless = run(2, range(500, 540), (800, 500), team_evidence=A, number_votes=NOTHING)
    assert linked(first, nameless, *others) == [1, 2, 5], "a team alone does not say who it is"


def test_swapped_teams_are_split_and_linked_again() -> None:
    way = {1: ((200, 300), (4, 0)), 2: ((600, 300), (-4, 0))}  # they meet at frame 50 and swap their tracks
    table = join(
        run(1, range(50), *way[1], team_evidence=A),
        run(1, range(50, 100), *way[2], team_evidence=B),
        run(2, range(50), *way[2], team_evidence=B),
        run(2, range(50, 100), *way[1], team_evidence=A),
    )
    here = scene(table, camera=still(100))
    assert split_tracks(table, here).tracks == 4
    assert split_tracks(table, here, RefineSettings(split_team=0.0)).tracks == 2
    after = link_tracks(split_tracks(table, here), here)
    assert ids(after) == [1, 2]
    assert after.track_id[(after.frame == 99) & (after.xyxy[:, 0] > 400)].tolist() == [1], "the one that ran right"


def read(votes: dict[int, tuple[int, float]], count: int) -> np.ndarray:
    """(count, 2) votes: code and confidence of some rows, nothing in the others."""
    found = np.tile(np.float32(NOTHING), (count, 1))
    for row, vote in votes.items():
        found[row] = vote
    return found


@pytest.mark.parametrize(
    ("votes", "splits"),
    [
        ({5: (7, 0.9), 15: (7, 0.9), 25: (7, 0.9), 70: (9, 0.9), 80: (9, 0.9), 90: (9, 0.9)}, [47]),
        ({5: (7, 0.9), 15: (7, 0.9), 25: (7, 0.9), 70: (9, 0.9), 80: (7, 0.9), 90: (7, 0.9)}, []),  # misread once
        ({5: (7, 0.9), 15: (7, 0.9), 25: (7, 0.9), 70: (17, 0.9), 80: (17, 0.9), 90: (17, 0.9)}, []),  # half hidden
        ({5: (7, 0.9), 15: (7, 0.9), 25: (7, 0.9), 70: (9, 0.9), 80: (9, 0.9)}, []),  # too little of the other
        ({}, []),
    ],
)
def test_a_track_with_two_sure_numbers_is_split(votes: dict[int, tuple[int, float]], splits: list[int]) -> None:
    table = replace(run(1, range(100), (200, 300)), number_votes=read(votes, 100))
    after = split_tracks(table, scene(table))
    assert np.flatnonzero(np.diff(after.track_id)).tolist() == splits
    assert split_tracks(table, scene(table), RefineSettings(split_number=0.0)).tracks == 1


def test_it_is_split_where_nobody_was_seen() -> None:
    table = run(1, [*range(40), *range(60, 100)], (200, 300))
    votes = {5: (7, 0.9), 15: (7, 0.9), 25: (7, 0.9), 70: (9, 0.9), 74: (9, 0.9), 78: (9, 0.9)}
    after = split_tracks(replace(table, number_votes=read(votes, 80)), scene(table))
    assert after.frame[after.track_id == 1].tolist() == list(range(40))


def test_wrong_evidence_now_and_then_splits_nothing() -> None:
    rng = np.random.default_rng(0)
    table = run(1, range(500), (200, 300), team_evidence=A)
    evidence = np.where(rng.random(500)[:, None] < 0.15, np.float32(B), np.float32(A))
    table = replace(table, team_evidence=evidence)
    assert split_tracks(table, scene(table)).tracks == 1


def test_evidence_of_zeros_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    table = join(*(run(i, range(20 * i, 20 * i + 30), tuple(rng.uniform(100, 600, 2))) for i in range(1, 9)))
    unknown = replace(table, team_evidence=np.zeros((len(table), 5), np.float32))
    unknown = replace(unknown, number_votes=np.tile(np.float32(NOTHING), (len(table), 1)))
    size = {"frame_rate": 25.0, "width": 1280.0, "height": 720.0}
    plain, other = refine(table, **size), refine(unknown, **size)
    assert np.array_equal(plain.track_id, other.track_id)
    assert np.array_equal(plain.xyxy, other.xyxy)


def test_filled_boxes_are_no_evidence() -> None:
    table = run(1, [*range(20), *range(25, 50)], (300, 300), team_evidence=A, number_votes=SEVEN)
    filled = interpolate_gaps(table, scene(table))
    assert filled.team_evidence is not None
    assert not filled.team_evidence[filled.filled].any()
    assert filled.team_evidence[~filled.filled].all()


def test_a_run_s_evidence_comes_with_its_detections() -> None:
    found = Detections(np.array([[0.0, 0, 10, 20], [50, 0, 60, 20]]), np.ones(2), np.zeros(2, np.int64))
    found = replace(found, team_evidence=np.float32([A, B]))
    tracks = Tracks(found.xyxy[::-1], np.ones(2), np.zeros(2, np.int64), np.array([4, 2]), np.array([1, 0]))
    table = TrackTable.from_tracks([tracks, tracks], [found, None])
    assert table.team_evidence is not None
    assert np.allclose(table.team_evidence[table.track_id == 4], [B, [0, 0]])


# --- what a cosine is worth ------------------------------------------------------------------------------------------


def kits(rng: np.random.Generator, team: int, count: int) -> np.ndarray:
    """Vectors that tell the team and nothing else."""
    return np.eye(2, 6)[team] + rng.normal(0, 0.15, (count, 6))


def crowd(rng: np.random.Generator) -> list[TrackTable]:
    """Two teams of eight that stand about for twelve seconds."""
    parts = [run(10 + i, range(300), (80 + 75 * i, 600)) for i in range(16)]
    return [replace(p, embedding=np.float32(kits(rng, i % 2, len(p)))) for i, p in enumerate(parts)]


def test_an_embedding_that_tells_teams_alone_makes_no_team_mates_one() -> None:
    rng = np.random.default_rng(1)
    gone, come = run(1, range(30), (300, 100)), run(2, range(40, 70), (620, 100))
    for team, measured, expected in ((0, 0.0, 1), (0, 1.0, 2), (1, 1.0, 2)):
        pair = [
            replace(gone, embedding=np.float32(kits(rng, 0, 30))),
            replace(come, embedding=np.float32(kits(rng, team, 30))),
        ]
        table = join(*pair, *crowd(rng))
        after = link_tracks(table, scene(table, camera=still(300)), RefineSettings(appearance_measured=measured))
        assert after.tracks - 16 == expected, (team, measured)
