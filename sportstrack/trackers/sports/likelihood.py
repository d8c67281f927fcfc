"""Step 3: how well each detection fits each track."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.boxes import xywh_to_xyxy
from sportstrack.trackers.rows import Found
from sportstrack.trackers.shapes import agreement
from sportstrack.trackers.sports.classes import may_match
from sportstrack.trackers.sports.config import SportsTrackConfig
from sportstrack.trackers.sports.rows import Rows
from sportstrack.types import BoolArray, FloatArray, IntArray

REACH = 1.5  # longest distance of a match, in heights of the box
DISTANCE_SCALE = 8.0  # the affinity falls by 1 for this much squared distance in standard deviations
NATS = DISTANCE_SCALE / 2  # so the affinity is a log-likelihood over this
VETO = 3.0  # nats against a pair, from which on no overlap makes it a match, and nothing one with a lost track
_APART = 9.0  # cost of a pair that cannot match; over every limit


@dataclass(slots=True)
class Costs:
    """What it costs to match each track with each detection, (T, N) each; `_APART` for pairs that cannot match."""

    affinity: FloatArray  # − affinity
    overlap: FloatArray  # − DIoU


def compare(
    rows: Rows, found: Found, nats: FloatArray | None, config: SportsTrackConfig, lost: BoolArray | None = None
) -> Costs:
    """Compute the costs of all pairs.

    Args:
        rows: the tracks, predicted.
        found: the detections.
        nats: (T, N) by which appearance and teams speak for each pair; None where nothing is known.
        config: settings.
        lost: (T,) tracks that were not matched in the frame before; None: all. What speaks clearly against one excludes
            it, while one that is seen all along may have a bad moment.
    """
    t, n = _near(rows, found, config)
    track, box = rows.state[0].take(t, axis=1), found.measurement.take(n, axis=1)
    overlap, distance_overlap = overlaps(track, box)
    if len(rows.shape):
        places = xywh_to_xyxy(rows.state[0])
        less = overlap * (1.0 - agreement(t, n, places, rows.shape, found.boxes, found.shape))
        overlap, distance_overlap = overlap - less, distance_overlap - less
    affinity = motion_affinity(track, box, rows.state[2, :2].take(t, axis=1), config)
    good = affinity > config.min_affinity  # overlap and appearance make no match of what motion excludes
    affinity += config.overlap_bonus * overlap * good
    if nats is not None:
        more = nats[t, n]
        affinity += more / NATS * good
        against = (more < -VETO).nonzero()[0]
        distance_overlap[against] = -_APART
        affinity[against if lost is None else against[lost[t[against]]]] = -_APART
    cost = np.empty((2, len(rows), len(found)))
    cost.fill(_APART)
    cost[:, t, n] = -np.array((affinity, distance_overlap))
    return Costs(*cost)


def motion_affinity(track: FloatArray, box: FloatArray, variance: FloatArray, config: SportsTrackConfig) -> FloatArray:
    """Return (P,) affinities of pairs: a log-likelihood, 1 for a box in the expected place.

    affinity = 1 − D² / 8 − uncertainty_weight · ln(S_x S_y / h⁴), where S is the variance expected of the box's centre,
    and D² its squared distance in such variances plus the squared logarithm of the heights' ratio per size_tolerance.

    Args:
        track: (4, P) predicted xywh.
        box: (4, P) xywh of the detections, h among them.
        variance: (2, P) of the predicted centre.
        config: settings.
    """
    height = box[3]
    expected = variance + (config.measurement_noise * height) ** 2
    away = box[:2] - track[:2]
    distance = (away * away / expected).sum(axis=0)
    distance += (np.log(height / track[3]) / config.size_tolerance) ** 2
    spread = np.log(expected[0] * expected[1] / height**4)
    affinity: FloatArray = 1.0 - distance / DISTANCE_SCALE - config.uncertainty_weight * spread
    return affinity


def overlaps(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (P,) IoU and DIoU (IoU less the squared distance of the centres per diagonal) of pairs (4, P) of xywh."""
    away, half = np.abs(b[:2] - a[:2]), (a[2:] + b[2:]) / 2
    inner = np.minimum(np.minimum(a[2:], b[2:]), half - away)
    outer = np.maximum(np.maximum(a[2:], b[2:]), half + away)
    shared = np.maximum(inner, 0.0).prod(axis=0)
    overlap = shared / (a[2:].prod(axis=0) + b[2:].prod(axis=0) - shared)
    return overlap, overlap - (away * away).sum(axis=0) / (outer * outer).sum(axis=0)


def _near(rows: Rows, found: Found, config: SportsTrackConfig) -> tuple[IntArray, IntArray]:
    """Return the pairs (tracks, detections) whose centres are within reach and whose classes may match."""
    box = found.measurement
    reach = REACH * box[3]
    centre, low, high = rows.state[0, :2, :, None], (box[:2] - reach)[:, None], (box[:2] + reach)[:, None]
    inside = centre >= low
    inside &= centre <= high
    near = inside[0] & inside[1]
    if config.per_class or config.class_lock:
        near &= may_match(rows, found.class_id, config)
    t, n = near.nonzero()
    away = centre[:, t, 0] - box[:2].take(n, axis=1)
    away *= away
    within = away[0] + away[1] <= reach[n] ** 2
    return (t, n) if within.all() else (t[within], n[within])
