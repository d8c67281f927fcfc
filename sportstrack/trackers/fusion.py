"""Motion and appearance made one cost."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sportstrack.appearance import has_embedding
from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, Embeddings, FloatArray


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


class OverlapFusionSettings(FusionSettings, Protocol):
    """The same with the limits of BoT-SORT's ``minimum``."""

    @property
    def proximity_thresh(self) -> float:
        """Appearance counts up to this 1 − overlap."""

    @property
    def appearance_thresh(self) -> float:
        """Appearance counts up to this half cosine distance."""


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
    appearance: FloatArray,
    near: BoolArray,
    known: BoolArray | None = None,
    alpha: float | None = None,
) -> FloatArray:
    """Bring motion and appearance together in one cost.

    ============ ==============================================================================================
    ``minimum``  the lesser of motion and half the appearance (BoT-SORT, section 3.3; Deep-EIoU)
    ``gated``    alpha · motion + (1 − alpha) · appearance (DeepSORT, equation 5; FairMOT)
    ``weighted`` the same, with the ``alpha`` of the settings, and appearance at most 1 (unrelated)
    ``adaptive`` 1 − (overlap + (a_w + w_b) · similarity) / (1 + a_w + ε), where overlap is 1 − motion: Deep OC-SORT's
                 sum, with the weights of `adaptive_weight`, scaled so that it stays a cost from 0 to 1
    ============ ==============================================================================================

    Args:
        settings: the tracker's.
        motion: (T, N) cost, 1 for a pair that has nothing in common.
        appearance: (T, N) cosine distance, 0 alike, 1 unrelated or unknown, up to 2.
        near: (T, N) pairs whose appearance counts; motion decides on the others, in ``adaptive`` as if unrelated.
        known: (T, N) pairs of which track and detection have an embedding, None if all have; motion alone decides on
            the others in ``weighted`` and ``adaptive``.
        alpha: weight of motion in ``gated``.
    """
    if settings.fusion == "minimum":
        return gated_minimum(motion, 0.5 * appearance, near)
    if settings.fusion == "gated":
        return weighted(motion, appearance, 0.0 if alpha is None else alpha)
    near = near if known is None else near & known
    if settings.fusion == "weighted":
        return np.where(near, weighted(motion, np.minimum(appearance, 1.0), settings.alpha), motion)
    similarity = np.where(near, 1.0 - appearance, 0.0)
    weight = adaptive_weight(similarity, settings.w_association_emb, settings.aw_param)
    most = 1.0 + settings.w_association_emb + settings.aw_param
    cost: FloatArray = 1.0 - (1.0 - motion + weight * similarity) / most
    return cost if known is None else np.where(known, cost, motion)


def fuse_touching(
    settings: OverlapFusionSettings,
    plain: FloatArray,
    motion: FloatArray,
    distance: FloatArray,
    appearance: Embeddings,
    embedding: Embeddings,
) -> FloatArray:
    """`fuse` where overlap says which embeddings count.

    In ``minimum`` those of near pairs of like appearance count, else those of all pairs that touch.

    Args:
        settings: how, and the limits of ``minimum``.
        plain: (T, N) 1 − overlap.
        motion: (T, N) motion's cost.
        distance: (T, N) cosine distance.
        appearance: (T, D) of the tracks.
        embedding: (N, D) of the detections.
    """
    if settings.fusion == "minimum":
        alike = (plain <= settings.proximity_thresh) & (0.5 * distance <= settings.appearance_thresh)
        return fuse(settings, motion, distance, alike)
    known = has_embedding(appearance)[:, None] & has_embedding(embedding)
    return fuse(settings, motion, distance, plain < 1.0, known)


def fused_limit(settings: FusionSettings, motion: float, appearance: float) -> float:
    """Return the cost, as ``weighted`` or ``adaptive``, of a pair just good enough in motion and in appearance."""
    one = np.ones((1, 1))
    return float(fuse(settings, motion * one, appearance * one, one > 0)[0, 0])


def gated_minimum(motion: FloatArray, appearance: FloatArray, allowed: BoolArray) -> FloatArray:
    """Return min(motion, appearance) where ``allowed``, motion elsewhere (BoT-SORT, section 3.3)."""
    return np.where(allowed, np.minimum(motion, appearance), motion)


def weighted(motion: FloatArray, appearance: FloatArray, alpha: float) -> FloatArray:
    """Return alpha · motion + (1 − alpha) · appearance (DeepSORT, equation 5)."""
    cost = alpha * motion
    cost += (1.0 - alpha) * appearance
    return cost
