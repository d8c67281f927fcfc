"""Split: part a track where its appearance changes to that of another player."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sportstrack.refine.appearance import centred_embeddings
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.table import TrackTable, fresh_ids
from sportstrack.types import Embeddings, IntArray


def split_tracks(table: TrackTable, scene: Scene, settings: RefineSettings | None = None) -> TrackTable:
    """Split tracks where the appearance before and after differ; the first part keeps the id, others get new ones.

    Without embeddings nothing happens. No row is added or lost.
    """
    s = settings or RefineSettings()
    table = table.ordered()
    if table.embedding is None or not len(table):
        return table
    embedding = centred_embeddings(table.embedding)
    starts = table.starts()
    cuts = [
        low + cut
        for low, high in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
        for cut in _cuts(table.frame[low:high], embedding[low:high], scene, s)
    ]
    begins = np.union1d(starts[:-1], np.array(cuts, np.int64))
    ids = fresh_ids(table.track_id[begins])
    ids = np.repeat(ids, np.diff(np.append(begins, len(table))))
    return replace(table, track_id=ids).ordered()


def _cuts(frame: IntArray, embedding: Embeddings, scene: Scene, s: RefineSettings) -> list[int]:
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
        unlike = np.where((length > 1e-9) & (cosine < s.split_below), 1.0, 0.0)
        weight = np.sqrt(count_before * count_after / (count_before + count_after))
        change = unlike * np.linalg.norm((before - after) * weight, axis=1)
        best = int(change.argmax())
        if change[best] > 0.0:
            cut = int(at[best])
            cuts.append(cut)
            parts += [(low, cut), (cut, high)]
    return sorted(cuts)
