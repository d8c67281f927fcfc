"""SportsTrack after shot changes and by appearance: which players are recognised and which are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sports_streams import at, ids, joined, make, panning, with_embeddings
from tracker_streams import (
    run,
    same,
)

from sportstrack import Detections

# --- shots -----------------------------------------------------------------------------------------------------------


def shot(vectors: Any = None, count: int = 5, frames: int = 40, order: Any = None) -> list[Detections]:
    order = list(range(count)) if order is None else order
    stream = []
    for n in range(frames):
        found = at(*((80.0 + 100 * place, 100 + 5 * np.sin(n / 5)) for place in range(count)))
        stream.append(found if vectors is None else with_embeddings(found, np.asarray(vectors)[order]))
    return stream


def appearances(count: int, seed: int = 0) -> Any:
    """Embeddings of one team: much in common, and a little that differs."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=32) * 2 + rng.normal(size=(count, 32))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_no_track_goes_on_by_position_after_a_shot_change() -> None:
    tracker = make()
    before = run(tracker, shot())
    tracker.cut()
    after = run(tracker, shot())
    assert ids(before)[-1] == [1, 2, 3, 4, 5]
    assert ids(after)[0] == [6, 7, 8, 9, 10]  # reported at once, as in a first frame
    assert ids(after)[-1] == [6, 7, 8, 9, 10]


def test_the_same_appearance_is_recognised_after_a_shot_change() -> None:
    vectors, tracker = appearances(5), make()
    run(tracker, shot(vectors))
    tracker.cut()
    order = [3, 0, 4, 1, 2]
    after = ids(run(tracker, shot(vectors, order=order)))
    assert after[-1] == [4, 1, 5, 2, 3]
    assert after[0] == []  # it takes some boxes to be sure; an id never changes once it is out
    assert {tuple(row) for row in after if row} == {(4, 1, 5, 2, 3)}


def test_other_people_are_not_recognised_after_a_shot_change() -> None:
    tracker = make()
    run(tracker, shot(appearances(5)))
    tracker.cut()
    assert ids(run(tracker, shot(appearances(5, seed=1))))[-1] == [6, 7, 8, 9, 10]


def test_a_referee_in_the_same_black_does_not_make_it_the_same_match() -> None:
    vectors, others = appearances(5), appearances(5, seed=1)
    others[2] = vectors[2]
    tracker = make()
    run(tracker, shot(vectors))
    tracker.cut()
    assert ids(run(tracker, shot(others)))[-1] == [6, 7, 8, 9, 10]


def test_once_it_is_the_same_match_later_players_are_recognised_too() -> None:
    vectors, tracker = appearances(5), make()
    run(tracker, shot(vectors))
    tracker.cut()
    few = [frame[[0, 1, 2]] for frame in shot(vectors, frames=20)]
    assert ids(run(tracker, few + shot(vectors, frames=20)))[-1] == [1, 2, 3, 4, 5]


def test_twins_get_new_ids_instead_of_a_guess() -> None:
    vectors, tracker = appearances(5), make()
    vectors[1] = vectors[0]
    run(tracker, shot(vectors))
    tracker.cut()
    assert ids(run(tracker, shot(vectors)))[-1] == [6, 7, 3, 4, 5]


def test_tracks_seen_together_are_never_linked() -> None:
    vectors = appearances(5)
    stream = shot(vectors, frames=30)
    twin = [
        with_embeddings(joined(f, at((320, 300))), np.vstack((f.embedding, vectors[0])))
        for f in shot(vectors, frames=30)
    ]
    alone = [f[[1, 2, 3, 4, 5]] for f in twin] * 3  # the first one leaves, the double stays
    result = ids(run(make(), stream + twin + alone))
    assert result[-1] == [2, 3, 4, 5, 6]


def test_a_player_back_in_the_open_after_long_is_recognised_by_appearance() -> None:
    vectors = appearances(5)
    here, without = shot(vectors, frames=30), [f[[1, 2, 3, 4]] for f in shot(vectors, frames=1)] * 80
    assert ids(run(make(), here + without + here))[-1] == [1, 2, 3, 4, 5]
    assert ids(run(make(gallery_memory=0.0), here + without + here))[-1] == [6, 2, 3, 4, 5]


# --- appearance ------------------------------------------------------------------------------------------------------


def crossing(vectors: Any) -> list[Detections]:
    """Two meet, stand together unseen behind a third, and turn back; four others stand by."""
    way = [*np.linspace(200, 258, 30), *[None] * 8, *np.linspace(258, 200, 30)]
    stream = []
    for x in way:
        others = at(*((60.0 + 130 * i, 300) for i in range(4)))
        if x is None:
            stream.append(with_embeddings(others, vectors[2:]))
        else:
            stream.append(with_embeddings(joined(at((x, 100), (520 - x, 100)), others), vectors))
    return stream


def test_appearance_decides_which_one_turned_back() -> None:
    stream = crossing(appearances(6))
    assert ids(run(make(), stream))[-1][:2] == [1, 2]
    blind = run(make(appearance_weight=0.0), stream)
    assert sorted(ids(blind)[-1][:2]) == [1, 2]
    assert same(blind, run(make(), [replace(frame, embedding=None) for frame in stream]))  # not used at all


def test_embeddings_of_zeros_change_nothing() -> None:
    blind = [replace(f, embedding=np.zeros((len(f), 4), np.float32)) for f in panning(16, 10.0)]
    assert same(run(make(None), blind), run(make(None), panning(16, 10.0)))
