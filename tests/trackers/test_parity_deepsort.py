"""DeepSORT against deep-sort-realtime, frame by frame, up to the names of the ids."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import Frame, assert_same, generated, ours, real
from parity_embeddings import BLUE, RED, pair, with_embeddings

from sportstrack import DeepSORT, DeepSORTConfig, Detections
from sportstrack.errors import SettingError

SEEDS = 3
SETTINGS: list[dict[str, Any]] = [
    {"nn_budget": 100},
    {"nn_budget": 5},
    {"nn_budget": 20, "max_cosine_distance": 0.5, "max_age": 7, "n_init": 2, "gating_only_position": True},
    {"nn_budget": 1, "max_iou_distance": 0.5, "max_age": 60},
]
NAMES = ["default", "forgetful", "short", "last embedding"]


class Once:
    """A track's embeddings that have not been put into the gallery yet; none is kept back for the next frame."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.place = f"_{name}"

    def __get__(self, track: Any, owner: type | None = None) -> Any:
        return vars(track)[self.place]

    def __set__(self, track: Any, value: Any) -> None:
        vars(track)[self.place] = _Pending()


class _Pending(list[Any]):
    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(index) if self else None


def theirs(stream: Iterable[Detections], once: bool = True, **settings: Any) -> list[Frame]:
    """``once``: put each embedding into the gallery once, as the authors' code does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from deep_sort_realtime.deep_sort.track import Track
        from deep_sort_realtime.deepsort_tracker import DeepSort

    kind = type("OnceTrack", (Track,), {"features": Once()}) if once else Track
    tracker = DeepSort(embedder=None, override_track_class=kind, **settings)
    answers = []
    for frame in stream:
        tlwh = np.hstack((frame.xyxy[:, :2], frame.xyxy[:, 2:] - frame.xyxy[:, :2]))
        boxes = [(box, score, 0) for box, score in zip(tlwh, frame.score, strict=True)]
        tracks = tracker.update_tracks(boxes, embeds=frame.embedding, others=list(range(len(frame))))
        seen = [track for track in tracks if track.is_confirmed() and track.time_since_update == 0]
        answers.append({track.others: int(track.track_id) for track in seen})
    return answers


def mine(stream: Iterable[Detections], **settings: Any) -> list[Frame]:
    return ours(DeepSORT(DeepSORTConfig(det_thresh=0.0, **settings), frame_rate=30), stream)


@pytest.mark.parametrize("settings", SETTINGS, ids=NAMES)
def test_deepsort_equals_deep_sort_realtime(settings: dict[str, Any]) -> None:
    changed = 0
    for seed in range(SEEDS):
        stream = with_embeddings(generated(seed), seed)
        got = mine(stream, **settings)
        assert_same(got, theirs(stream, **settings))
        assert sum(map(len, got)) > 100
        changed += got != mine(generated(seed), **settings)
    assert changed


def test_deepsort_equals_deep_sort_realtime_on_real_sequences(shared_data: Path) -> None:
    for seed, stream in enumerate(real(shared_data)):
        seen = with_embeddings(stream, seed)
        assert_same(mine(seen, nn_budget=100), theirs(seen, nn_budget=100))


def test_a_gallery_that_nothing_leaves_is_the_same_with_each_embedding_once_or_twice() -> None:
    stream = with_embeddings(generated(0), 0)
    assert_same(mine(stream, nn_budget=1000), theirs(stream, once=False, nn_budget=None))


# --- named differences -----------------------------------------------------------------------------------------------


def test_an_embedding_is_in_the_gallery_once_and_so_is_kept_twice_as_long() -> None:
    # Red for four frames, then blue for three; after a pause too long for the overlap stage it comes back red.
    def seen(embedding: Any) -> Detections:
        return pair(0, embedding, embedding)[:1]

    nothing = Detections(np.empty((0, 4)), np.empty(0), np.empty(0, np.int64), np.empty((0, 2), np.float32))
    stream = [seen(RED)] * 4 + [seen(BLUE)] * 3 + [nothing] * 3 + [seen(RED)] * 3
    settings = {"nn_budget": 4, "max_cosine_distance": 0.2}

    def returns(frames: list[Frame]) -> bool:
        return frames[-1] == frames[4]

    assert returns(mine(stream, **settings))
    assert returns(theirs(stream, **settings))
    assert not returns(theirs(stream, once=False, **settings))


def test_confirmed_at_once_where_asked_for() -> None:
    stream = [pair(60, RED, BLUE)] * 3
    assert [len(frame) for frame in mine(stream, n_init=1)] == [2, 2, 2]
    assert [len(frame) for frame in theirs(stream, n_init=1)] == [0, 2, 2]
    assert [len(frame) for frame in mine(stream, n_init=2)] == [0, 2, 2]


# --- what the paper promises -----------------------------------------------------------------------------------------


def test_two_that_hide_behind_one_another_come_back_by_their_appearance() -> None:
    apart, swapped = pair(20, RED, BLUE), pair(20, BLUE, RED)
    nothing = [Detections.empty()] * 5
    frames = mine([apart] * 5 + nothing + [swapped] * 2)
    assert frames[4] == {0: 1, 1: 2}
    assert frames[-1] == {0: 2, 1: 1}


def test_without_embeddings_motion_finds_them_again() -> None:
    apart = pair(60, RED, BLUE)
    bare = Detections(apart.xyxy, apart.score, apart.class_id)
    frames = mine([bare] * 5 + [Detections.empty()] * 5 + [bare] * 2)
    assert frames[-1] == frames[4] == {0: 1, 1: 2}


def test_lambda_weighs_motion_against_appearance() -> None:
    # After a pause both boxes are in either's gate, and one embedding is between the two: motion decides where it may.
    apart = pair(20, RED, BLUE)
    between = pair(20, [0.6, 0.8], [0.8, 0.6])
    frames = [apart] * 5 + [Detections.empty()] * 5 + [between]
    settings = {"max_cosine_distance": 0.5}
    assert mine(frames, **settings)[-1] == {0: 2, 1: 1}
    assert mine(frames, mc_lambda=0.9, **settings)[-1] == {0: 1, 1: 2}


def test_embeddings_keep_their_length() -> None:
    tracker = DeepSORT(DeepSORTConfig(n_init=1))
    tracker.update(pair(60, RED, BLUE))
    with pytest.raises(SettingError, match="2 columns as before, got 3"):
        tracker.update(pair(60, [1.0, 0, 0], [0.0, 1, 0]))
