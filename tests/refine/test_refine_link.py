"""Linking within shots: each rule by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import ids, join, linked, run, same, scene, still

from sportstrack.refine import (
    RefineSettings,
    link_tracks,
)
from sportstrack.refine.link import best_links


def test_a_player_that_runs_on_gets_the_earlier_id_back() -> None:
    assert linked(run(3, range(30), (200, 300), (4, 0)), run(9, range(40, 70), (200, 300), (4, 0))) == [3]


def test_a_piece_that_begins_elsewhere_is_another_player() -> None:
    assert linked(run(3, range(30), (200, 300)), run(9, range(40, 70), (700, 500))) == [3, 9]


def test_the_earliest_piece_names_the_chain_whatever_the_ids() -> None:
    pieces = [run(i, range(at, at + 30), (300, 300)) for i, at in ((8, 0), (2, 40), (5, 80))]
    assert linked(*pieces) == [8]


def test_crossing_players_are_distinguished_by_their_motion() -> None:
    a, b = ((200, 300), (6, 0)), ((560, 300), (-6, 0))  # they meet at frame 30; one is unseen then, the other is not
    table = join(run(1, range(27), *a), run(2, range(60), *b), run(4, range(36, 60), *a))
    after = link_tracks(table, scene(table, camera=still(60)))
    assert ids(after) == [1, 2]
    assert after.xyxy[(after.track_id == 1) & (after.frame == 59), 0] == 200 + 6 * 59 - 20


def test_one_assignment_weighs_all_pairs() -> None:
    # Piece 3 is nearer to piece 1 than piece 4 is, but piece 2 has only piece 3 to go on with.
    table = [run(1, range(30), (300, 300)), run(2, range(30), (240, 300))]
    table += [run(3, range(35, 65), (285, 300)), run(4, range(35, 65), (340, 300))]
    assert linked(*table) == [1, 2]


def test_a_player_that_leaves_at_an_edge_comes_back_there() -> None:
    gone = run(1, range(30), (20, 300))
    assert linked(gone, run(2, range(180, 210), (20, 320))) == [1], "six seconds behind the left edge"
    assert linked(gone, run(2, range(180, 210), (1260, 320))) == [1, 2], "at the other edge"
    assert linked(gone, run(2, range(180, 210), (20, 600))) == [1, 2], "at another height"
    assert linked(gone, run(2, range(400, 430), (20, 300))) == [1, 2], "after border_gap"
    middle = run(1, range(30), (600, 300))
    assert linked(middle, run(2, range(180, 210), (600, 320))) == [1, 2], "no player vanishes in the middle for so long"


def test_a_wrong_bridge_of_the_tracker_is_taken_down() -> None:
    a, b = ((300, 200), (4, 0)), ((900, 500), (-4, 0))
    swapped = [run(1, range(30), *a), run(2, range(30), *b), run(2, range(36, 60), *a), run(1, range(36, 60), *b)]
    table = join(*swapped)
    after = link_tracks(table, scene(table, camera=still(60)))
    first = after[after.track_id == 1]
    assert ids(after) == [1, 2]
    np.testing.assert_array_equal(first.xyxy[:, 1], np.full(54, 150.0))


def test_a_piece_that_its_track_loses_gets_a_new_id() -> None:
    jump = [run(7, range(30), (200, 200)), run(7, range(32, 60), (1000, 600)), run(9, range(60), (640, 360))]
    assert linked(*jump) == [7, 9, 10]


def test_the_tracker_may_be_trusted_in_everything() -> None:
    jump = join(run(7, range(30), (200, 200)), run(7, range(32, 60), (1000, 600)))
    assert same(link_tracks(jump, scene(jump), RefineSettings(trust=1000.0)), jump)


def test_bridges_longer_than_the_step_could_judge_stay() -> None:
    by_appearance = join(run(1, range(30), (600, 300)), run(1, range(300, 330), (200, 600)))
    assert same(link_tracks(by_appearance, scene(by_appearance)), by_appearance)


def test_classes_never_mix_and_an_unknown_one_fits_all() -> None:
    before, after = (300, 300), (300, 300)
    for class_id, expected in ((0, [1]), (1, [1, 2]), (-1, [1])):
        pieces = run(1, range(30), before, class_id=0), run(2, range(35, 60), after, class_id=class_id)
        assert linked(*pieces) == expected, class_id


def test_appearance_decides_where_places_do_not() -> None:
    red, blue = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
    table = join(
        run(1, range(30), (300, 300), embedding=red),
        run(2, range(30), (360, 300), embedding=blue),
        run(3, range(50, 80), (330, 290), embedding=blue),
        run(4, range(50, 80), (330, 310), embedding=red),
    )
    after = link_tracks(table, scene(table, camera=still(80)))
    assert after.track_id[after.xyxy[:, 1] == 240].tolist() == [2] * 30, "the blue one"
    assert ids(after) == [1, 2]


def test_nothing_is_linked_across_a_shot_change() -> None:
    pieces = run(1, range(30), (300, 300)), run(2, range(35, 60), (300, 300))
    assert linked(*pieces, cuts=[33]) == [1, 2]
    assert len(linked(*pieces, cuts=[20, 50])) == 3, "two that stand still across a shot change need not be the same"


def test_a_pan_is_subtracted_given_or_estimated() -> None:
    pan = np.interp(np.arange(90), [35, 65], [0, -700])  # while player 1 is unseen, among others that are seen
    table = join(
        run(1, range(30), (1000, 500)),
        run(2, range(70, 90), (1000, 500)),
        *[run(10 + i, range(90), (500 + 80 * i, 100 + 100 * i)) for i in range(5)],
    )
    table.xyxy[:, ::2] += pan[table.frame][:, None]
    affine = still(90)
    affine[1:, 0, 2] = np.diff(pan)
    for camera in (None, affine):
        assert ids(link_tracks(table, scene(table, camera=camera))) == [1, 10, 11, 12, 13, 14]
    assert 2 in ids(link_tracks(table, scene(table, camera=still(90))))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), pairs=st.integers(0, 9))
def test_links_are_the_best_there_are(seed: int, pairs: int) -> None:
    rng = np.random.default_rng(seed)
    every = np.array([(i, j) for i in range(4) for j in range(4)])
    chosen = every[rng.choice(16, pairs, replace=False)]
    gain = rng.uniform(0.01, 5, pairs)
    a, b = best_links(chosen[:, 0] * 7, chosen[:, 1] * 3, gain)
    worth = {(7 * i, 3 * j): g for (i, j), g in zip(chosen.tolist(), gain.tolist(), strict=True)}
    assert len(set(a.tolist())) == len(a)
    assert len(set(b.tolist())) == len(b)
    best = max(
        sum(worth.get((7 * i, 3 * j), 0.0) for i, j in zip(rows, columns, strict=True))
        for rows in [range(4)]
        for columns in permutations(range(4))
    )
    assert sum(worth[pair] for pair in zip(a.tolist(), b.tolist(), strict=True)) == pytest.approx(best)
