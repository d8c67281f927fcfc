"""Detections of true tracks in a row, many tracks at once: what a filter sees if association is perfect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.mot import MotTable
from sportstrack.refine.scene import camera_steps
from sportstrack.refine.table import TrackTable
from sportstrack.score.matching import match_pairs
from sportstrack.score.overlap import overlapping_pairs
from sportstrack.score.sequence import Sequence as Scored
from sportstrack.score.sequence import Side
from sportstrack.tune.sequences import LoadedSequence
from sportstrack.types import FloatArray, IntArray

_OVERLAP = 0.5  # of a detection and a true box that belong together
_PAUSE = 1.0  # seconds without a detection after which another chain begins
_LONGEST = 300  # steps of a chain
_MOST = 400  # chains


@dataclass(frozen=True, eq=False)
class Chains:
    """N chains of up to L steps, the longest first; a chain begins with a detection.

    Attributes:
        xyxy: (4, L, N) corners of the detections, NaN where there is none.
        truth: (4, L, N) corners of the true boxes, NaN where there is none.
        score: (L, N) of the detections.
        shift: (2, L, N) pixels by which the camera moves the picture before each step.
        alive: (L,) how many chains have so many steps.
        frame_rate: steps per second.
    """

    xyxy: FloatArray
    truth: FloatArray
    score: FloatArray
    shift: FloatArray
    alive: IntArray
    frame_rate: float

    @property
    def length(self) -> int:
        """Steps of the longest chain."""
        return len(self.alive)


@dataclass(frozen=True, eq=False)
class _Chain:
    step: IntArray  # of each true box
    truth: FloatArray  # (K, 4)
    found: FloatArray  # (K, 4), NaN without a detection
    score: FloatArray  # (K,)
    shift: FloatArray  # (S, 2) of every step


def chains_of(sequences: Sequence[LoadedSequence]) -> Chains:
    """Return the chains of sequences; of many, some from each sequence."""
    found = [chain for one in sequences for chain in _some(_chains(one), max(1, _MOST // max(len(sequences), 1)))]
    found.sort(key=lambda chain: -int(chain.step[-1]))
    length, count = 1 + max((int(one.step[-1]) for one in found), default=0), len(found)
    xyxy, truth = np.full((4, length, count), np.nan), np.full((4, length, count), np.nan)
    score, shift = np.zeros((length, count)), np.zeros((2, length, count))
    ends = np.zeros(count, np.int64)
    for i, one in enumerate(found):
        truth[:, one.step, i], xyxy[:, one.step, i] = one.truth.T, one.found.T
        score[one.step, i] = one.score
        shift[:, : len(one.shift), i] = one.shift.T
        ends[i] = one.step[-1]
    alive = (ends[None, :] >= np.arange(length)[:, None]).sum(axis=1)
    rate = sequences[0].info.frame_rate if sequences else 25.0
    return Chains(xyxy, truth, score, shift, alive, rate)


def _some(chains: list[_Chain], most: int) -> list[_Chain]:
    return chains if len(chains) <= most else [chains[i * len(chains) // most] for i in range(most)]


def _chains(loaded: LoadedSequence) -> list[_Chain]:
    """Return the chains of a sequence."""
    truth = loaded.truth.table
    found, score = _paired(loaded)
    table = TrackTable.from_mot(truth)
    steps = camera_steps(table, loaded.frames, loaded.info.frame_rate, np.array(loaded.cuts, np.int64))
    pause = _PAUSE * loaded.info.frame_rate
    chains: list[_Chain] = []
    order = np.lexsort((truth.frame, loaded.truth.identity))
    for rows in np.split(order, np.flatnonzero(np.diff(loaded.truth.identity[order])) + 1):
        seen = rows[np.isfinite(found[rows, 0])]
        if len(seen) < 3:
            continue
        breaks = np.flatnonzero(np.diff(truth.frame[seen]) > pause) + 1
        for part in np.split(seen, breaks):
            first, last = truth.frame[part[0]], min(truth.frame[part[-1]], truth.frame[part[0]] + _LONGEST - 1)
            mine = rows[(truth.frame[rows] >= first) & (truth.frame[rows] <= last)]
            if len(mine) >= 3:
                step = truth.frame[mine] - first
                chains.append(
                    _Chain(step, truth.xyxy[mine], found[mine], score[mine], steps[first : first + step[-1] + 1])
                )
    return chains


def _paired(loaded: LoadedSequence) -> tuple[FloatArray, FloatArray]:
    """Return (N, 4) corners of the detection that belongs to each true box, NaN without one, and (N,) its score."""
    tables = [one.detections for one in loaded.observations]
    frame = np.repeat([one.index for one in loaded.observations], [len(one) for one in tables])
    usable = np.concatenate([np.ones(len(t), np.bool_) if t.valid is None else t.valid for t in tables])
    xyxy, score = (np.concatenate([getattr(t, name) for t in tables])[usable] for name in ("xyxy", "score"))
    frame = frame[usable]
    number = np.arange(len(frame))
    side = Side.of(replace(MotTable.empty(), frame=frame, track_id=number, xyxy=xyxy, score=score,
                           class_id=number, visibility=score), loaded.frames)  # fmt: skip
    pairs = overlapping_pairs(loaded.truth.table.xyxy, loaded.truth.start, side.table.xyxy, side.start)
    seq = Scored(loaded.source.name, loaded.frames, loaded.truth, side, *pairs)
    chosen = match_pairs(seq, seq.i, seq.j, seq.iou) & (seq.iou >= _OVERLAP)
    corners, scores = np.full((len(loaded.truth), 4), np.nan), np.zeros(len(loaded.truth))
    corners[seq.i[chosen]] = side.table.xyxy[seq.j[chosen]]
    scores[seq.i[chosen]] = side.table.score[seq.j[chosen]]
    return corners, scores
