"""Split: part a track where its appearance, team or shirt number changes to that of another player."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sportstrack.refine.appearance import centred_embeddings
from sportstrack.refine.likeness import Likeness, measure
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.table import TrackTable, fresh_ids
from sportstrack.refine.who import Who, may_be_one, sure_number, team_likelihoods
from sportstrack.types import Embeddings, FloatArray, IntArray

_SLOPE = 15.0  # nats per cosine where little can be measured; with neutral 0.4, a cosine of 0.2 is just enough


def split_tracks(table: TrackTable, scene: Scene, settings: RefineSettings | None = None) -> TrackTable:
    """Split tracks where team, shirt number or appearance before and after differ; the first part keeps the id.

    Without team evidence, numbers and embeddings nothing happens. No row is added or lost; other parts get new ids.
    """
    s = settings or RefineSettings()
    table = table.ordered()
    if not len(table):
        return table
    cuts: list[int] = []
    starts = table.starts()
    tracks = list(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))
    if table.embedding is not None:
        embedding = centred_embeddings(table.embedding)
        runs = np.union1d(starts, np.flatnonzero(np.diff(table.frame) != 1) + 1)
        careful = replace(s, appearance_weight=_SLOPE)
        worth = measure(embedding, table.frame, runs, Who.of(table, runs), careful)
        for low, high in tracks:
            cuts += [low + cut for cut in _cuts(table.frame[low:high], embedding[low:high], worth, scene, s)]
    if table.team_evidence is not None and s.split_team:
        likely, _ = team_likelihoods(table.team_evidence)
        side = max(1, round(scene.frames_in(s.split_min_side)))
        for low, high in tracks:
            cuts += [low + cut for cut in _team_changes(likely[low:high], s.split_team, side)]
    if table.number_votes is not None and s.split_number:
        for low, high in tracks:
            votes = table.number_votes[low:high].astype(np.float64)
            cuts += [low + cut for cut in _number_changes(table.frame[low:high], votes, s.split_number)]
    begins = np.union1d(starts[:-1], np.array(cuts, np.int64))
    ids = fresh_ids(table.track_id[begins])
    ids = np.repeat(ids, np.diff(np.append(begins, len(table))))
    return replace(table, track_id=ids).ordered()


def _team_changes(likely: FloatArray, least: float, side: int) -> list[int]:
    """Return the rows at which another team begins, by (N, G) nats: two groups explain them so much better than one."""
    parts, cuts = [(0, len(likely))], []
    while parts:
        low, high = parts.pop()
        if high - low < 2 * side:
            continue
        before = np.cumsum(likely[low:high], axis=0)
        after = before[-1] - before
        gain = before.max(axis=1) + after.max(axis=1) - before[-1].max()
        best = side - 1 + int(gain[side - 1 : high - low - side].argmax())
        if gain[best] >= least:
            cuts.append(low + best + 1)
            parts += [(low, low + best + 1), (low + best + 1, high)]
    return sorted(cuts)


def _number_changes(frame: IntArray, votes: FloatArray, least: float) -> list[int]:
    """Return the rows at which another shirt number begins: one is sure before and another one after.

    Args:
        frame: (N,) ascending.
        votes: (N, 2) codes and confidences.
        least: confidences that must add up for either number.
    """
    rows = np.flatnonzero((votes[:, 0] >= 0) & (votes[:, 1] > 0))
    codes, code = np.unique(votes[rows, 0].astype(np.int64), return_inverse=True)
    support = np.zeros((len(rows), len(codes)))
    support[np.arange(len(rows)), code] = votes[rows, 1]
    parts, cuts = [(0, len(rows))], []
    while parts:
        low, high = parts.pop()
        if high - low < 2:
            continue
        before = np.cumsum(support[low:high], axis=0)
        after = before[-1] - before
        best = int((before.max(axis=1) + after.max(axis=1))[:-1].argmax())
        sides = [sure_number(codes, sums[best], least) for sums in (before, after)]
        if min(sides) < 0 or sides[0] == sides[1] or bool(may_be_one(np.array(sides[0]), np.array(sides[1]))):
            continue
        middle = low + best + 1
        first, last = int(rows[middle - 1]), int(rows[middle])
        gaps = np.diff(frame[first : last + 1])
        away = int(gaps.argmax()) + 1 if gaps.max() > 1 else (last - first + 1) // 2  # out of sight, or half-way
        cuts.append(first + away)
        parts += [(low, middle), (middle, high)]
    return sorted(cuts)


def _cuts(frame: IntArray, embedding: Embeddings, worth: Likeness, scene: Scene, s: RefineSettings) -> list[int]:
    """Return the rows of one track at which it is to be split, ascending."""
    total = np.concatenate((np.zeros((1, embedding.shape[1])), np.cumsum(embedding, axis=0, dtype=np.float64)))
    window, side = scene.frames_in(s.split_window), max(scene.frames_in(s.split_min_side), 1.0)
    parts, cuts = [(0, len(frame))], []
    while parts:
        low, high = parts.pop()
        begin = np.searchsorted(frame[low:high], frame[low] + side) + low
        end = np.searchsorted(frame[low:high], frame[high - 1] - side, side="right") + low
        at = np.arange(begin, end)
        if not len(at):
            continue
        first = np.maximum(np.searchsorted(frame, frame[at] - window), low)
        last = np.minimum(np.searchsorted(frame, frame[at] + window), high)
        count_before, count_after = np.maximum(at - first, 1)[:, None], (last - at)[:, None]
        before, after = (total[at] - total[first]) / count_before, (total[last] - total[at]) / count_after
        length = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
        cosine = (before * after).sum(axis=1) / np.maximum(length, 1e-12)
        fewer = np.minimum(count_before, count_after)[:, 0]
        unlike = np.where((length > 1e-9) & (worth.log_ratio(cosine, fewer) < s.split_below), 1.0, 0.0)
        weight = np.sqrt(count_before * count_after / (count_before + count_after))
        change = unlike * np.linalg.norm((before - after) * weight, axis=1)
        best = int(change.argmax())
        if change[best] > 0.0:
            cut = int(at[best])
            cuts.append(cut)
            parts += [(low, cut), (cut, high)]
    return sorted(cuts)
