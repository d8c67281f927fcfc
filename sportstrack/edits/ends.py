"""Ends: gaps of tracks, tracks that begin late, and tracks that end early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from sportstrack.edits.spans import Dense, TrackStand

SHORT = 0.12  # seconds; nobody changes in a shorter gap
LATE = 0.2  # seconds after the start of a shot from which on a track begins late
FAR = 120.0  # seconds; a person may come back as another track for so long
_MOST = 30  # the nearest ends looked at
_FEW = 3
_NONE = 12.0  # misfit where there is no candidate


@dataclass(frozen=True)
class End:
    """A gap, or where a track begins or ends.

    Attributes:
        track: id.
        last: last frame before the gap, or of the earlier part; for a birth the track's first frame.
        first: first frame after the gap; for a birth or death the same frame.
        partners: (track, misfit) of others that it may go on from or go on as, the best first.
        features: what says whether that is wrong.
    """

    track: int
    last: int
    first: int
    partners: tuple[tuple[int, float], ...]
    features: dict[str, float]


def gaps(dense: Dense) -> Iterator[End]:
    """Yield the gaps of tracks, with those that may go on after them instead."""
    seen, rate = dense.seen, dense.scene.frame_rate
    step = np.diff(seen.frame)
    same = seen.track_id[1:] == seen.track_id[:-1]
    rows = np.flatnonzero(same & (step - 1 >= max(dense.scene.frames_in(SHORT), 1.0)))
    begins = np.union1d(dense.starts[:-1], rows + 1)
    begins = begins[np.argsort(seen.frame[begins], kind="stable")]
    when = seen.frame[begins]
    for row in rows.tolist():
        track, last, first = int(seen.track_id[row]), int(seen.frame[row]), int(seen.frame[row + 1])
        low, high = dense.rows(track)
        a, b = dense.stand(low, row + 1, -1), dense.stand(row + 1, high, +1)
        near = begins[np.searchsorted(when, last, side="right") : np.searchsorted(when, first + (first - last))]
        rivals = _rivals(dense, a, [one for one in near.tolist() if seen.track_id[one] != track][:_MOST])
        keep = dense.misfit(a, b)
        best = rivals[0][1] if rivals else _NONE
        features = {
            "misfit": float(np.clip(keep, -12.0, 12.0)),
            "margin": float(np.clip(best - keep, -12.0, 12.0)),
            "doubt": float(1.0 / (1.0 + np.exp(0.5 * np.clip(best - keep, -12.0, 12.0)))),
            "seconds": min((first - last - 1) / rate, 12.0),
            "edge": float(a.edge and b.edge),
            "cut": float(dense.shot_begins(last) != dense.shot_begins(first)),
        }
        yield End(track, last, first, tuple(rivals[:_FEW]), features)


def births(dense: Dense) -> Iterator[End]:
    """Yield tracks that begin late, with those that ended before, which they may be."""
    seen, rate = dense.seen, dense.scene.frame_rate
    lows, highs = dense.starts[:-1], dense.starts[1:]
    ends = seen.frame[highs - 1]

    @cache  # an end is looked at for each of the many tracks that begin after it
    def ended(one: int) -> TrackStand:
        return dense.stand(int(lows[one]), int(highs[one]), -1)

    for low, high in zip(lows.tolist(), highs.tolist(), strict=True):
        first = int(seen.frame[low])
        shot = dense.shot_begins(first)
        if first - shot < dense.scene.frames_in(LATE) and shot == 0:
            continue
        b = dense.stand(low, high, +1)
        over = np.flatnonzero((ends < first) & (ends >= first - dense.scene.frames_in(FAR)))
        over = over[np.argsort(first - ends[over], kind="stable")][:_MOST]
        partners = sorted(
            ((int(seen.track_id[lows[one]]), dense.misfit(ended(one), b)) for one in over.tolist()),
            key=lambda found: found[1],
        )
        last = int(ends[over].max()) if len(over) else shot
        features = {
            "misfit": float(np.clip(partners[0][1], -12.0, _NONE)) if partners else _NONE,
            "partners": float(min(len(partners), 6)),
            "edge": float(b.edge),
            "since": min((first - last) / rate, 12.0),
            "length": min((high - low) / rate, 4.0),
        }
        yield End(int(seen.track_id[low]), first, first, tuple(partners[:_FEW]), features)


def deaths(dense: Dense) -> Iterator[End]:
    """Yield tracks that end in the middle of the picture, before their shot does."""
    seen, scene = dense.seen, dense.scene
    for low, high in zip(dense.starts[:-1].tolist(), dense.starts[1:].tolist(), strict=True):
        last = int(seen.frame[high - 1])
        cuts = scene.cuts[scene.cuts > last]
        end = int(cuts[0]) if len(cuts) else scene.frames
        if end - last <= scene.frames_in(LATE) or dense.edges[high - 1]:
            continue
        features = {
            "left": min((end - last) / scene.frame_rate, 12.0),
            "length": min((high - low) / scene.frame_rate, 4.0),
        }
        yield End(int(seen.track_id[low]), last, last, (), features)


def _rivals(dense: Dense, a: TrackStand, rows: list[int]) -> list[tuple[int, float]]:
    """Return the tracks that begin or go on at rows of `seen`, and their misfit to an end; the best first."""
    found: dict[int, float] = {}
    for row in rows:
        track = int(dense.seen.track_id[row])
        cost = dense.misfit(a, dense.stand(row, dense.rows(track)[1], +1))
        found[track] = min(cost, found.get(track, cost))
    return sorted(found.items(), key=lambda one: one[1])
