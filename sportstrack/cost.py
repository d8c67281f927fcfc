"""Appearance as a cost between tracks (rows) and detections (columns); lower is better.

Appearance vectors are float32 with unit rows. A row of zeros stands for an unknown appearance: it is at distance 1
from everything, as far as two vectors that have nothing in common.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, FloatArray, IntArray

Features = NDArray[np.float32]

_LEAST = 1e-12  # a shorter vector has no direction worth the name
_FEW = 8  # candidates of a track that are compared in one batch with those of the others
_BLOCK = 32_768  # pairs of a track and a box


def unit_rows(features: Any) -> Features:
    """Return (N, D) rows scaled to length 1; zeros where a row is not finite or has no length."""
    rows = np.asarray(features, dtype=np.float32)
    square = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    known = _have_length(square)
    if not known.all():
        rows, square = np.where(known[:, None], rows, np.float32(0.0)), np.where(known, square, 1.0)
    return rows / np.sqrt(square).astype(np.float32)[:, None]  # type: ignore[no-any-return]


def _have_length(square: FloatArray) -> BoolArray:
    """Return (N,) which rows are finite and of some length, by their (N,) squares."""
    lengths: BoolArray = np.isfinite(square) & (square > _LEAST**2)
    return lengths


def cosine(a: Features, b: Features) -> FloatArray:
    """Return the (T, N) cosine distances 1 − a · b, 0…2, of unit rows (T, D) and (N, D)."""
    distance: FloatArray = 1.0 - a.dot(b.T).astype(np.float64)
    return np.clip(distance, 0.0, 2.0, out=distance)


def read_looks(embedding: Any, length: int) -> Features | None:
    """Return a frame's (N, D) appearance vectors, or None if there are none, or none that holds a look.

    Args:
        embedding: ``Detections.embedding``.
        length: D of the frames before, 0 while unknown.

    Raises:
        SettingError: if D has changed.
    """
    if embedding is None or not len(embedding):
        return None
    if length and embedding.shape[1] != length:
        raise SettingError(f"Detections.embedding: expected {length} columns as before, got {embedding.shape[1]}")
    for part in (embedding[:1], embedding):  # mostly the first row will do
        rows = np.asarray(part, dtype=np.float32)
        if _have_length(np.einsum("ij,ij->i", rows, rows, dtype=np.float64)).any():
            return embedding  # type: ignore[no-any-return]
    return None


def known(features: Features) -> BoolArray:
    """Return (N,) which rows hold a look at all."""
    rows: BoolArray = np.any(features, axis=1)
    return rows


def with_room(feature: Features, count: int, length: int) -> Features:
    """Return the tracks' (D, T) looks; all unknown if there were none so far."""
    return feature if len(feature) else np.zeros((length, count), np.float32)


def blend(old: Features, new: Features, momentum: FloatArray | float) -> Features:
    """Return (K, D) unit rows of momentum · old + (1 − momentum) · new; an unknown look leaves the other as it is.

    Args:
        old: (K, D) unit rows.
        new: (K, D) unit rows.
        momentum: one for all, or (K,).
    """
    share = np.asarray(momentum, np.float32).reshape(-1, 1)
    return unit_rows(share * old + (1 - share) * new)


def dynamic_momentum(score: FloatArray, least: float, fixed: float) -> FloatArray:
    """Return (K,) momentum α_f + (1 − α_f)(1 − (s − σ)/(1 − σ)) (Deep OC-SORT, dynamic appearance).

    A certain box (s = 1) changes the old look by 1 − α_f, one that was barely let in (s = σ) not at all.

    Args:
        score: (K,) scores s.
        least: the least score of a confident box, σ.
        fixed: α_f.
    """
    trust = np.clip((score - least) / max(1.0 - least, _LEAST), 0.0, 1.0)
    momentum: FloatArray = fixed + (1.0 - fixed) * (1.0 - trust)
    return momentum


def learn(settings: Any, feature: Features, track: IntArray, new: Features, score: FloatArray, least: float) -> None:
    """Let the boxes of some tracks change what these look like, in place.

    Args:
        settings: with ``appearance_momentum`` and ``fusion``; in ``adaptive`` unsure boxes change less.
        feature: (D, T) unit looks of all tracks.
        track: (K,) which.
        new: (K, D) unit looks of their boxes.
        score: (K,) of the boxes.
        least: the least score of a confident box.
    """
    momentum = settings.appearance_momentum
    share = dynamic_momentum(score, least, momentum) if settings.fusion == "adaptive" else momentum
    feature[:, track] = blend(feature[:, track].T, new, share).T


def adaptive_weight(similarity: FloatArray, base: float, most: float) -> FloatArray:
    """Return (T, N) weights a_w + w_b of appearance, more where it singles a pair out (Deep OC-SORT, section 3.3).

    w_b is the mean of a row's and a column's distinctness: how far its best similarity is ahead of the second, at
    most ``most`` (the paper's ε), and 0 where there is no second.

    Args:
        similarity: (T, N) cosine similarities, 0 for pairs that are out of the question.
        base: a_w.
        most: ε.
    """
    ahead_t, ahead_n = _ahead(similarity, most), _ahead(similarity.T, most)
    weight: FloatArray = base + (ahead_t[:, None] + ahead_n) / 2.0
    return weight


def _ahead(similarity: FloatArray, most: float) -> FloatArray:
    if similarity.shape[1] < 2:
        return np.zeros(len(similarity))
    second, best = np.partition(similarity, -2, axis=1)[:, -2:].T
    ahead: FloatArray = np.minimum(best - second, most)
    return ahead


class FusionSettings(Protocol):
    """The fields of a tracker's config that say how appearance joins motion."""

    @property
    def fusion(self) -> str:
        """``minimum``, ``gated``, ``weighted`` or ``adaptive``."""

    @property
    def alpha(self) -> float:
        """Weight of motion in ``weighted``, 0…1."""

    @property
    def w_association_emb(self) -> float:
        """Weight a_w of appearance in ``adaptive``, against 1 for motion."""

    @property
    def aw_param(self) -> float:
        """How much ``adaptive`` adds to it at most, ε."""


def check_fusion(settings: FusionSettings, modes: tuple[str, ...]) -> None:
    """SettingError unless the mode is one of the tracker's and its numbers are in range."""
    if settings.fusion not in modes:
        raise SettingError(f"fusion: expected {' or '.join(modes)}, got {settings.fusion!r}")
    for name, high in (("alpha", 1.0), ("w_association_emb", 100.0), ("aw_param", 2.0)):
        if not 0.0 <= getattr(settings, name) <= high:
            raise SettingError(f"{name}: expected a value from 0 to {high:g}, got {getattr(settings, name)!r}")


def fuse(
    settings: FusionSettings,
    motion: FloatArray,
    look: FloatArray,
    near: BoolArray,
    seen: BoolArray | None = None,
    alpha: float | None = None,
) -> FloatArray:
    """Bring motion and appearance together in one cost.

    ============ ==============================================================================================
    ``minimum``  the lesser of motion and half the look's distance (BoT-SORT, section 3.3; Deep-EIoU)
    ``gated``    alpha · motion + (1 − alpha) · look (DeepSORT, equation 5; FairMOT)
    ``weighted`` the same, with the ``alpha`` of the settings, and looks no farther than unrelated ones (1)
    ``adaptive`` 1 − (overlap + (a_w + w_b) · similarity) / (1 + a_w + ε), where overlap is 1 − motion: Deep OC-SORT's
                 sum, with the weights of `adaptive_weight`, scaled so that it stays a cost from 0 to 1
    ============ ==============================================================================================

    Args:
        settings: the tracker's.
        motion: (T, N) cost, 1 for a pair that has nothing in common.
        look: (T, N) cosine distance, 0 alike, 1 unrelated or unknown, up to 2.
        near: (T, N) pairs whose looks count; motion decides on the others, which ``adaptive`` takes for unrelated.
        seen: (T, N) pairs whose looks are both known, None if all are; motion alone decides on the others in
            ``weighted`` and ``adaptive``.
        alpha: weight of motion in ``gated``.
    """
    if settings.fusion == "minimum":
        return gated_minimum(motion, 0.5 * look, near)
    if settings.fusion == "gated":
        return weighted(motion, look, 0.0 if alpha is None else alpha)
    near = near if seen is None else near & seen
    if settings.fusion == "weighted":
        return np.where(near, weighted(motion, np.minimum(look, 1.0), settings.alpha), motion)
    similarity = np.where(near, 1.0 - look, 0.0)
    weight = adaptive_weight(similarity, settings.w_association_emb, settings.aw_param)
    most = 1.0 + settings.w_association_emb + settings.aw_param
    cost: FloatArray = 1.0 - (1.0 - motion + weight * similarity) / most
    return cost if seen is None else np.where(seen, cost, motion)


def fuse_touching(
    settings: Any, plain: FloatArray, motion: FloatArray, look: FloatArray, mine: Features, theirs: Features
) -> FloatArray:
    """`fuse` where overlap says which looks count: in ``minimum`` those near and alike enough, else all that touch.

    Args:
        settings: with ``proximity_thresh`` (highest ``plain``) and ``appearance_thresh`` (highest half distance).
        plain: (T, N) 1 − overlap.
        motion: (T, N) motion's cost.
        look: (T, N) cosine distance.
        mine: (T, D) looks of the tracks.
        theirs: (N, D) looks of the boxes.
    """
    if settings.fusion == "minimum":
        alike = (plain <= settings.proximity_thresh) & (0.5 * look <= settings.appearance_thresh)
        return fuse(settings, motion, look, alike)
    return fuse(settings, motion, look, plain < 1.0, known(mine)[:, None] & known(theirs))


def fused_limit(settings: FusionSettings, motion: float, look: float) -> float:
    """Return the cost, as ``weighted`` or ``adaptive``, of a pair that is just good enough in motion and in looks."""
    one = np.ones((1, 1))
    return float(fuse(settings, motion * one, look * one, one > 0)[0, 0])


def mahalanobis(place: FloatArray, variance: FloatArray, measurement: FloatArray) -> FloatArray:
    """Return (T, N) squared Mahalanobis distances of independent coordinates.

    Args:
        place: (C, T) predicted coordinates.
        variance: (C, T) of the measurement expected there.
        measurement: (C, N).
    """
    tracks, boxes = place.shape[1], measurement.shape[1]
    distance = np.zeros((tracks, boxes))
    step = max(1, _BLOCK // max(boxes, 1))  # rows at a time, so that what is between stays in the processor's cache
    room = np.empty((min(step, tracks), boxes))
    for at in range(0, tracks, step):
        some = slice(at, at + step)
        total = distance[some]
        away = room[: len(total)]
        for expected, var, seen in zip(place, variance, measurement, strict=True):
            np.subtract(seen, expected[some, None], out=away)
            away *= away
            away /= var[some, None]
            total += away
    return distance


def gated_minimum(motion: FloatArray, appearance: FloatArray, allowed: Any) -> FloatArray:
    """Return min(motion, appearance) where ``allowed``, motion elsewhere (BoT-SORT, section 3.3)."""
    return np.where(allowed, np.minimum(motion, appearance), motion)


def weighted(motion: FloatArray, appearance: FloatArray, alpha: float) -> FloatArray:
    """Return alpha · motion + (1 − alpha) · appearance (DeepSORT, equation 5)."""
    cost = alpha * motion
    cost += (1.0 - alpha) * appearance
    return cost


class Gallery:
    """The latest looks of many tracks, each in a slot of its own.

    Args:
        budget: looks kept per slot; the oldest gives way.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._looks: Features = np.empty((0, 0, 0), np.float32)  # (slots, budget, D), zeros where nothing is known
        self._count: IntArray = np.empty(0, np.int64)  # (slots,) looks added since the slot was taken
        self._free: BoolArray = np.empty(0, np.bool_)  # (slots,)

    def take(self, count: int) -> IntArray:
        """Return (count,) free slots, the lowest ones; makes more where there are too few."""
        short = count - int(np.count_nonzero(self._free))
        if short > 0:
            more = max(short, len(self._free) // 2)
            self._free = np.concatenate((self._free, np.ones(more, np.bool_)))
            self._count = np.concatenate((self._count, np.zeros(more, np.int64)))
            _, depth, length = self._looks.shape
            self._looks = np.concatenate((self._looks, np.zeros((more, depth, length), np.float32)))
        slots = self._free.nonzero()[0][:count]
        self._free[slots] = False
        return slots

    def release(self, slots: IntArray) -> None:
        """Forget what is in some slots and let others take them."""
        self._free[slots] = True
        self._count[slots] = 0
        self._looks[slots] = 0.0
        taken = (~self._free).nonzero()[0]
        used = int(taken[-1]) + 1 if len(taken) else 0
        if 4 * used < len(self._free):  # a crowd has left
            self._free, self._count = self._free[:used].copy(), self._count[:used].copy()
            self._looks = self._looks[:used, : self._depth()].copy()

    def add(self, slots: IntArray, features: Features) -> None:
        """Put one look, a unit row, into each slot.

        Raises:
            SettingError: if the looks are not as long as those before.
        """
        if not len(slots):
            return
        place = self._count[slots] % self._budget
        self._count[slots] += 1
        self._make_room(features.shape[1])
        self._looks[slots, place] = features

    @property
    def length(self) -> int:
        """Numbers in a look, 0 while unknown."""
        return int(self._looks.shape[2])

    def known(self, slots: IntArray) -> BoolArray:
        """Return (T,) which slots hold a look."""
        known: BoolArray = self._count[slots] > 0
        return known

    def distance(self, slots: IntArray, features: Features, wanted: BoolArray) -> FloatArray:
        """Return the least cosine distance, 0…1, of each slot's looks to each feature.

        Args:
            slots: (T,).
            features: (N, D) unit rows.
            wanted: (T, N) pairs to compute; the rest gets 1, as does a slot without looks.
        """
        cost, depth = np.ones(wanted.shape), self._depth()
        if not depth:
            return cost
        self._check_length(features.shape[1])
        looks = self._looks[:, :depth]
        many = np.count_nonzero(wanted, axis=1)
        t, n = wanted.nonzero()
        # Motion leaves few candidates to most tracks: these go through one batched product, the others one by one.
        place = np.arange(len(t)) - (np.cumsum(many) - many)[t]
        few = (many <= _FEW)[t]
        t, n, place = t[few], n[few], place[few]
        if len(t):
            batch = np.zeros((len(looks), int(place.max()) + 1, features.shape[1]), np.float32)
            batch[slots[t], place] = features[n]
            cost[t, n] -= np.matmul(batch, looks.transpose(0, 2, 1)).max(axis=2)[slots[t], place]
        for row in (many > _FEW).nonzero()[0]:
            found = wanted[row].nonzero()[0]
            cost[row, found] -= features[found].dot(looks[slots[row]].T).max(axis=1)
        return np.clip(cost, 0.0, 1.0, out=cost)

    def _depth(self) -> int:
        """Return how many looks the fullest slot has."""
        return min(self._budget, int(self._count.max(initial=0)))

    def _make_room(self, length: int) -> None:
        slots, depth, known = self._looks.shape
        if known:
            self._check_length(length)
        if depth < (need := self._depth()) or not known:
            # Doubling keeps copies rare; a slot seldom fills its budget, so all of it at once would waste memory.
            grown = np.zeros((slots, min(self._budget, max(2 * depth, need)), length), np.float32)
            grown[:, :depth, :known] = self._looks
            self._looks = grown

    def _check_length(self, length: int) -> None:
        if self._looks.shape[2] != length:
            raise SettingError(f"Detections.embedding: expected {self._looks.shape[2]} columns as before, got {length}")
