"""OC-SORT's observation-centric re-update (ORU): filters as if their tracks had been seen during their gaps."""

from __future__ import annotations

import numpy as np

from sportstrack import kalman
from sportstrack.boxes import xyxy_to_xysr
from sportstrack.trackers import xysr
from sportstrack.types import FloatArray

_MOST = 10_000  # virtual observations


def re_update(
    frozen: FloatArray,
    last: FloatArray,
    corners: FloatArray,
    gap: FloatArray,
    rest: FloatArray,
    noise: FloatArray,
    measurement_noise: FloatArray,
) -> FloatArray:
    """Return (5, 4, K) states that have seen virtual observations, about one a step, on the straight way to a box.

    Args:
        frozen: (5, 4, K) states predicted for the first frame of the gaps.
        last: (4, K) corners of the last detections.
        corners: (4, K) corners of the detections now.
        gap: (K,) steps between these.
        rest: (K,) of these, those after that frame.
        noise: (5, 4, 1) growth of the variances per step.
        measurement_noise: (4, 1) variance of an observation.
    """
    order = (-rest).argsort(kind="stable")  # the longest gaps start first, so that all end together
    gap, rest, frozen, last = gap[order], rest[order], frozen.take(order, axis=2), last.take(order, axis=1)[:, None]
    count = np.minimum(np.maximum(np.rint(rest), 1.0), _MOST)  # observations after the first
    steps, whole = rest / count, bool((rest == count).all())
    ahead = np.arange(count.max(), -1, -1)[:, None]  # observations to go
    way = last + (corners.take(order, axis=1)[:, None] - last) * np.maximum(1.0 - ahead * steps / gap, 0.0)
    virtual = xyxy_to_xysr(way.reshape(4, -1).T).reshape(way.shape)
    state = frozen[:, :, :0]
    for turn, active in enumerate(np.count_nonzero(count >= ahead, axis=1).tolist()):
        if started := state.shape[2]:
            state = xysr.predict(state, noise, 1.0 if whole else steps[:started])
        if active > started:
            state = np.concatenate((state, frozen[:, :, started:active]), axis=2)
        state = kalman.update(state, virtual[:, turn, :active], measurement_noise)
    updated = np.empty_like(state)
    updated[:, :, order] = state
    return updated
