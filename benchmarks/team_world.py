"""Sequences with kits: real motion (SportsMOT), boxes of simulated detectors, and kit colours that are made up.

SportsMOT has neither frames nor teams here. So each person gets a kit: one of two teams by chance, and now and then a
goalkeeper's or an official's. A kit is a distribution over the 48 colours of `KitEmbedder`; a person adds an own share
(hair, boots), and one that passes (pose, light where it stands). What a detection shows of it is a sample of some
pixels, of which a part is the background, and where a nearer person covers the torso that person's. Some detections
show nothing at all.

Team evidence is what a classifier that knows the groups would make of such a sample: the probability of each group,
from the distances to their mean vectors. It begins after two seconds, since clusters must be learnt first.

Detectors: ``simulated`` is det/det.txt; ``doubled`` also has what real ones have on crowds: second boxes on one person,
and one box on two persons.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from sets import SETS, Clip, match_of

from sportstrack import Detections
from sportstrack.boxes import iou
from sportstrack.mot import MotTable

GROUPS = 5  # two teams, two goalkeepers, officials
SHARES = (0.43, 0.43, 0.03, 0.03, 0.08)
COLOURS = 48
PIXELS = (40, 250)  # that differ from one another, neighbouring ones do not; least and greatest of a sequence
BACKGROUND = (0.05, 0.30)  # least and greatest share of the torso that is not kit
OWN = 0.03  # share of a person's colours that is always its own …
PASSING = (0.05, 0.25)  # … and share that is its own for a while: pose, shadow, what stands behind
WHILE = 1.5  # seconds
BLANK = 0.12  # share of detections that show nothing of the kit
LEARNING = 2.0  # seconds without evidence
SHARPNESS = 14.0  # of the classifier: about calibrated at the noise above
DOUBLED, MERGED = 0.06, 0.4  # share of boxes with a second one; of overlapping pairs that become one box
DETECTORS = ("simulated", "doubled")
EVIDENCE = ("none", "kit", "team", "oracle team", "kit + team", "oracle person")


def read(folder: Path, detector: str = "simulated") -> dict[str, Clip]:
    """Return one sequence with each kind of evidence, by its name in `EVIDENCE`."""
    clip = SETS["sportsmot-simulated"].read(folder)
    rng = np.random.default_rng(list(hashlib.sha1(folder.name.encode()).digest()[:4]))
    people = [_people(clip.truth, f) for f in range(len(clip.detections))]
    tables = clip.detections
    if detector == "doubled":
        tables = [spoiled(table, rng) for table in tables]
    owners = [owners_of(table, *seen) for table, seen in zip(tables, people, strict=True)]
    kits = Kits(np.unique(clip.truth.track_id), rng)
    shown = [kits.shown(o, *seen, f / clip.frame_rate) for f, (o, seen) in enumerate(zip(owners, people, strict=True))]
    begin = round(LEARNING * clip.frame_rate)
    evidence = [kits.evidence(vectors) * (f >= begin) for f, vectors in enumerate(shown)]
    teams = [kits.one_hot(o, kits.group_of(o), GROUPS) for o in owners]
    persons = [kits.one_hot(o, kits.index_of(o), len(kits.person)) for o in owners]
    columns: dict[str, list[dict[str, Any]]] = {
        "none": [{} for _ in tables],
        "kit": [{"embedding": v} for v in shown],
        "team": [{"team_evidence": e} for e in evidence],
        "oracle team": [{"team_evidence": t} for t in teams],
        "kit + team": [{"embedding": v, "team_evidence": e} for v, e in zip(shown, evidence, strict=True)],
        "oracle person": [{"embedding": p} for p in persons],
    }
    return {
        name: replace(clip, detections=[replace(t, **c) for t, c in zip(tables, more, strict=True)])
        for name, more in columns.items()
    }


def tuned_on(sequence: str) -> bool:
    """Return whether a sequence is of the half of the matches that settings may be tuned on."""
    return hashlib.sha1(match_of(sequence).encode()).digest()[1] % 2 == 0


def _people(truth: MotTable, frame: int) -> tuple[Any, Any]:
    rows = truth.frame == frame
    return truth.track_id[rows], truth.xyxy[rows]


def owners_of(table: Detections, ids: Any, boxes: Any) -> Any:
    """Return (N,) whose box each detection is, by the best assignment with an IoU over 0.4; else the best; or −1."""
    owner = np.full(len(table), -1)
    if len(ids) and len(table):
        overlap = iou(table.xyxy, boxes)
        best = overlap.argmax(axis=1)
        some = overlap[np.arange(len(table)), best] > 0.25
        owner[some] = ids[best[some]]
        d, p = linear_sum_assignment(-overlap)
        good = overlap[d, p] > 0.4
        owner[d[good]] = ids[p[good]]
    return owner


def spoiled(table: Detections, rng: np.random.Generator) -> Detections:
    """Return the detections with second boxes on one person, and with one box in place of two that overlap."""
    boxes, score = table.xyxy.copy(), table.score.copy()
    gone = np.zeros(len(boxes), np.bool_)
    overlap = np.triu(iou(boxes, boxes), 1)
    for a, b in zip(*np.nonzero(overlap > 0.3), strict=True):
        if not gone[[a, b]].any() and rng.random() < MERGED * overlap[a, b]:
            boxes[a] = np.concatenate((np.minimum(boxes[a, :2], boxes[b, :2]), np.maximum(boxes[a, 2:], boxes[b, 2:])))
            gone[b] = True
    again = np.flatnonzero((rng.random(len(boxes)) < DOUBLED) & ~gone)
    size = boxes[again, 2:] - boxes[again, :2]
    second = boxes[again] + rng.normal(0, 0.18, (len(again), 4)) * np.concatenate((size, size), axis=1)
    second = np.concatenate((second[:, :2], np.maximum(second[:, 2:], second[:, :2] + 0.3 * size)), axis=1)
    boxes = np.concatenate((boxes[~gone], second))
    score = np.concatenate((score[~gone], np.clip(score[again] - rng.uniform(0, 0.4, len(again)), 0.1, 1.0)))
    order = rng.permutation(len(boxes))
    return Detections(boxes[order], score[order], np.zeros(len(boxes), np.int64))


class Kits:
    """The kits of a sequence: who wears which, and what is seen of them.

    Args:
        ids: of all people.
        rng: where chance comes from.
    """

    def __init__(self, ids: Any, rng: np.random.Generator) -> None:
        self.ids, self._rng = ids, rng
        self.group = rng.choice(GROUPS, len(ids), p=SHARES)
        self.group[rng.permutation(len(ids))[:2]] = (0, 1)  # there are two teams at least
        self.kit = rng.dirichlet(np.full(COLOURS, 0.06), GROUPS)
        own = rng.dirichlet(np.full(COLOURS, 0.06), len(ids))
        self.person = (1 - OWN) * self.kit[self.group] + OWN * own
        self._passing: Any = np.zeros((0, len(ids), COLOURS))
        self._share, self._pixels = rng.uniform(*PASSING), int(rng.integers(*PIXELS))
        self._background = rng.dirichlet(np.full(COLOURS, 0.1))
        self._mean = np.sqrt(0.85 * self.kit + 0.15 * self._background)
        self._mean /= np.linalg.norm(self._mean, axis=1, keepdims=True)

    def index_of(self, owner: Any) -> Any:
        """Return (N,) rows of the people; of −1 any."""
        return np.minimum(np.searchsorted(self.ids, owner), len(self.ids) - 1)

    def group_of(self, owner: Any) -> Any:
        """Return (N,) groups; of −1 any."""
        return self.group[self.index_of(owner)]

    def one_hot(self, owner: Any, column: Any, width: int) -> Any:
        """Return (N, width) a 1 in the column of each detection that is a person's."""
        table = np.zeros((len(owner), width), np.float32)
        table[np.arange(len(owner)), column] = owner >= 0
        return table

    def colours(self, seconds: float) -> Any:
        """Return (P, 48) what everybody looks like at a time."""
        at = seconds / WHILE
        while len(self._passing) < at + 2:
            more = self._rng.dirichlet(np.full(COLOURS, 0.1), (1, len(self.ids)))
            self._passing = np.concatenate((self._passing, more))
        before, part = self._passing[int(at)], at % 1
        return (1 - self._share) * self.person + self._share * ((1 - part) * before + part * self._passing[int(at) + 1])

    def shown(self, owner: Any, ids: Any, boxes: Any, seconds: float) -> Any:
        """Return (N, 48) what `KitEmbedder` would see; zeros where it sees nothing."""
        rng, hidden, by = self._rng, np.zeros(len(ids)), np.zeros(len(ids), np.int64)
        if len(ids):
            covered = _covered(boxes)
            hidden, by = covered.max(axis=1), ids[covered.argmax(axis=1)]
        rows, looks = [], self.colours(seconds)
        for one in owner.tolist():
            share = rng.uniform(*BACKGROUND)
            colours = self._background
            if one >= 0:
                mine = looks[self.index_of(one)]
                at = int(np.flatnonzero(ids == one)[0])
                other = looks[self.index_of(by[at])]
                part = np.clip(hidden[at] + rng.normal(0, 0.1), 0, 1) if hidden[at] > 0 else 0.0
                colours = share * self._background + (1 - share) * ((1 - part) * mine + part * other)
            rows.append(np.sqrt(rng.multinomial(self._pixels, colours / colours.sum()) / self._pixels))
        vectors = np.array(rows, np.float32).reshape(-1, COLOURS)
        vectors[rng.random(len(vectors)) < BLANK] = 0.0
        return vectors

    def evidence(self, vectors: Any) -> Any:
        """Return (N, 5) the probability of each group; zeros where nothing is seen."""
        odds = SHARPNESS * vectors @ self._mean.T
        weight = np.exp(odds - odds.max(axis=1, keepdims=True)) * np.array(SHARES)
        known = vectors.any(axis=1, keepdims=True)
        return np.where(known, weight / weight.sum(axis=1, keepdims=True), 0.0).astype(np.float32)


def _covered(boxes: Any) -> Any:
    """Return (P, P) the share of each person's torso that each nearer person covers."""
    size = boxes[:, 2:] - boxes[:, :2]
    torso = np.concatenate((boxes[:, :2] + size * (0.2, 0.18), boxes[:, :2] + size * (0.8, 0.5)), axis=1)
    body = np.concatenate((boxes[:, :2] + size * (0.15, 0.0), boxes[:, :2] + size * (0.85, 1.0)), axis=1)
    low = np.maximum(torso[:, None, :2], body[None, :, :2])
    high = np.minimum(torso[:, None, 2:], body[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2) / (torso[:, 2:] - torso[:, :2]).prod(axis=1)[:, None]
    return np.where(boxes[None, :, 3] > boxes[:, None, 3], shared, 0.0)
