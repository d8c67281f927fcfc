"""Who wears the same: the kits of a clip in groups, two of which are the teams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.identities.kits import WIDTH, distances, points
from sportstrack.identities.sightings import Seen, sums_of
from sportstrack.types import BoolArray, FloatArray, IntArray

ALIKE = 0.10  # mean distance below which kits are one
STRANGE = 0.20  # distance from which on a kit is none of a group's
PIECE = 4  # spans of a track that are looked at as one
_SAMPLE = 400  # pieces that are grouped; the others join the groups found
_LEAST_WEIGHT = 1.5  # frames that must show the kit of a piece
_TEAM = 1.7  # people at a time from which on a group may be a team …
_TEAM_SPANS = 0.04  # … in this share of the time
_CROWD = 2.6  # people at a time that are neither a goalkeeper's nor officials' group
_CLOSE = 0.14  # distance from a team within which also a smaller group is a part of it …
_PART = 0.5  # … if it is so many times as far from the other one
_LEAST_SPANS = 3  # in which a group must be seen, unless it is a team
_APART = 0.1  # distance at which two teams' unlikeness counts half


@dataclass(frozen=True, eq=False)
class TrackPieces:
    """Parts of tracks of up to two seconds.

    Attributes:
        point: (P, regions × colours) kits as points.
        weight: (P,) frames that show them.
        track_id: (P,) their tracks.
        row: (M,) for each row of the table of sightings, its piece; −1 where too little is seen.
    """

    point: FloatArray
    weight: FloatArray
    track_id: IntArray
    row: IntArray


def pieces_of(seen: Seen) -> TrackPieces:
    """Return the pieces of all tracks, those that show enough."""
    _, track = np.unique(seen.track_id, return_inverse=True)
    part = seen.span // PIECE
    key, first, row = np.unique(
        track.reshape(-1) * (part.max(initial=0) + 1) + part, return_index=True, return_inverse=True
    )
    row = row.reshape(-1)
    weight = np.bincount(row, seen.weight, minlength=len(key)).astype(np.float64)
    kits = sums_of(row, len(key), seen.kits)
    point = points(kits, np.maximum(weight, 1e-9))
    good = (weight >= _LEAST_WEIGHT) & point.any(axis=1)
    renumbered = np.where(good, np.cumsum(good) - 1, -1)
    return TrackPieces(point[good], weight[good], seen.track_id[first[good]], renumbered[row])


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of kits, the teams first if there are two.

    Attributes:
        point: (G, regions × colours) the kit of each, as a point.
        people: (G,) how many are seen at a time, where any is.
        has_teams: whether the first two are teams.
    """

    point: FloatArray
    people: FloatArray
    has_teams: bool

    def __len__(self) -> int:
        return len(self.point)


def find_groups(seen: Seen) -> Groups:
    """Group the kits of a table of sightings, and find the teams: two groups with many people at a time."""
    pieces = pieces_of(seen)
    if len(pieces.point) < 2:
        return Groups(np.empty((0, WIDTH)), np.empty(0), False)
    sample = _sampled(pieces.weight)
    label = _linked(pieces.point[sample])
    point = _means(pieces.point[sample], pieces.weight[sample], label)
    point = _means(pieces.point, pieces.weight, nearest(pieces.point, point))
    people, share = _presence(seen, pieces, nearest(pieces.point, point), len(point))
    teams = _teams(point, people, share)
    if teams is None and len(point) > 1:  # a team in sun and shade may be in several groups, each of too few people
        label = nearest(pieces.point, point)
        point = _means(pieces.point, pieces.weight, np.where(label >= 0, _linked(point)[np.maximum(label, 0)], -1))
        people, share = _presence(seen, pieces, nearest(pieces.point, point), len(point))
        teams = _teams(point, people, share)
    if teams is None:
        order = np.argsort(-people * share, kind="stable")
        return Groups(point[order], people[order], False)
    point, people, share = _whole(point, people, share, teams, pieces, seen)
    return Groups(point, people, True)


def nearest(point: FloatArray, groups: FloatArray) -> IntArray:
    """Return (P,) the group that each kit belongs to, or −1 where all are strange."""
    if not len(groups):
        return np.full(len(point), -1)
    far = np.nan_to_num(distances(point, groups), nan=1.0)
    best = far.argmin(axis=1)
    found: IntArray = np.where(far[np.arange(len(far)), best] < STRANGE, best, -1)
    return found


def _sampled(weight: FloatArray) -> IntArray:
    """Return the rows of at most `_SAMPLE` pieces, spread over the clip, the better seen ones of neighbours."""
    if len(weight) <= _SAMPLE:
        return np.arange(len(weight))
    parts = np.array_split(np.arange(len(weight)), _SAMPLE)
    return np.array([part[weight[part].argmax()] for part in parts])


def _linked(point: FloatArray) -> IntArray:
    """Return (P,) labels from 0: groups by average linkage up to `ALIKE`."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(point) == 1:
        return np.zeros(1, np.int64)
    far = np.nan_to_num(distances(point, point), nan=1.0)
    upper = np.triu_indices(len(point), 1)
    tree = linkage(((far + far.T) / 2)[upper], "average")
    return np.asarray(fcluster(tree, ALIKE, "distance"), np.int64) - 1


def _means(point: FloatArray, weight: FloatArray, label: IntArray) -> FloatArray:
    """Return (G, D) the mean kit of each label that is used, as points; −1 is none."""
    used = np.unique(label[label >= 0])
    shares = np.stack([(point[label == one] ** 2 * weight[label == one, None]).sum(axis=0) for one in used])
    return points(shares, np.array([weight[label == one].sum() for one in used]))


def _presence(seen: Seen, pieces: TrackPieces, label: IntArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Return (G,) how many of a group are seen at a time, where any is, and in which share of the spans that is."""
    known = pieces.row >= 0
    group = np.where(known, label[np.maximum(pieces.row, 0)], -1)
    spans, at = np.unique(seen.span, return_inverse=True)
    at = at.reshape(-1)
    length = np.zeros(len(spans))
    np.maximum.at(length, at, seen.spans)
    usual = float(np.median(seen.frames / seen.spans)) if len(seen) else 0.0
    rows = (group >= 0) & (seen.frames >= 0.5 * usual * length[at])
    counts = np.zeros((len(spans), count))
    np.add.at(counts, (at[rows], group[rows]), 1)
    total = counts.sum(axis=0)
    people = (counts**2).sum(axis=0) / np.maximum(total, 1)
    return people, (counts > 0).mean(axis=0)


def _teams(point: FloatArray, people: FloatArray, share: FloatArray) -> tuple[int, int] | None:
    """Return the two groups that are most probably teams: many people of each, most of the time, and unlike."""
    size = people * np.sqrt(share)
    fit = ((people >= _TEAM) & (share >= _TEAM_SPANS)).nonzero()[0]
    if len(fit) < 2:
        return None
    far = np.nan_to_num(distances(point[fit], point[fit]))
    value = np.minimum(size[fit][:, None], size[fit]) * far / (far + _APART)
    one, other = np.unravel_index(int(value.argmax()), value.shape)
    if value[one, other] <= 0:
        return None
    return int(fit[one]), int(fit[other])


def _whole(
    point: FloatArray, people: FloatArray, share: FloatArray, teams: tuple[int, int], pieces: TrackPieces, seen: Seen
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the groups with the teams first, after crowds that are parts of a team have joined it."""
    far = np.nan_to_num(distances(point, point[list(teams)]), nan=1.0)
    target = np.arange(len(point))
    for group in range(len(point)):
        near, other = np.sort(far[group])
        crowd = people[group] >= _CROWD or near < _CLOSE
        if group not in teams and crowd and near < _PART * other and near < STRANGE:
            target[group] = teams[int(far[group].argmin())]
    label = nearest(pieces.point, point)
    label = np.where(label >= 0, target[np.maximum(label, 0)], -1)
    least = (_LEAST_SPANS - 0.5) / max(len(np.unique(seen.span)), 1)
    rest = [
        g
        for g in np.argsort(-people * share, kind="stable").tolist()
        if target[g] == g and g not in teams and share[g] >= least
    ]
    order = [*teams, *rest]
    place = np.full(len(point), -1)
    place[order] = np.arange(len(order))
    label = np.where(label >= 0, place[np.maximum(label, 0)], -1)
    used = _used(label, len(order))
    people, share = _presence(seen, pieces, label, len(order))
    return _means(pieces.point, pieces.weight, label), people[used], share[used]


def _used(label: IntArray, count: int) -> BoolArray:
    return np.bincount(label[label >= 0], minlength=count) > 0
