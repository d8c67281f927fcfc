"""Appearance as a cost between tracks (rows) and detections (columns); lower is better.

Appearance vectors are float32 with unit rows. A row of zeros stands for an unknown appearance: it is at distance 1
from everything, as far as two vectors that have nothing in common.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray

_LEAST = 1e-12  # a shorter vector has no direction worth the name
CHANCE = 0.02  # share of chance in either kind of pair, so that no cosine is proof


def unit_rows(features: Any) -> Embeddings:
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


def cosine(a: Embeddings, b: Embeddings) -> FloatArray:
    """Return the (T, N) cosine distances 1 − a · b, 0…2, of unit rows (T, D) and (N, D)."""
    distance: FloatArray = 1.0 - a.dot(b.T).astype(np.float64)
    return np.clip(distance, 0.0, 2.0, out=distance)


def read_embeddings(embedding: Any, length: int) -> Embeddings | None:
    """Return a frame's (N, D) embeddings, or None if there are none, or none that is known.

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


def has_embedding(vectors: Embeddings) -> BoolArray:
    """Return (N,) which of (N, D) rows are known, that is not all zeros."""
    rows: BoolArray = np.any(vectors, axis=1)
    return rows


def with_length(appearance: Embeddings, count: int, length: int) -> Embeddings:
    """Return the tracks' (D, T) appearance; (length, count) zeros, all unknown, if there were no embeddings so far."""
    return appearance if len(appearance) else np.zeros((length, count), np.float32)


def blend(old: Embeddings, new: Embeddings, momentum: FloatArray | float) -> Embeddings:
    """Return (K, D) unit rows of momentum · old + (1 − momentum) · new; an unknown one leaves the other as it is.

    Args:
        old: (K, D) unit rows.
        new: (K, D) unit rows.
        momentum: one for all, or (K,).
    """
    share = np.asarray(momentum, np.float32).reshape(-1, 1)
    return unit_rows(share * old + (1 - share) * new)


def dynamic_momentum(score: FloatArray, least: float, fixed: float) -> FloatArray:
    """Return (K,) momentum α_f + (1 − α_f)(1 − (s − σ)/(1 − σ)) (Deep OC-SORT, dynamic appearance).

    A detection with score s = 1 changes the old appearance by 1 − α_f, one with s = σ not at all.

    Args:
        score: (K,) scores s.
        least: the least score of a high-score detection, σ.
        fixed: α_f.
    """
    trust = np.clip((score - least) / max(1.0 - least, _LEAST), 0.0, 1.0)
    momentum: FloatArray = fixed + (1.0 - fixed) * (1.0 - trust)
    return momentum


class MomentumSettings(Protocol):
    """The fields of a tracker's config that say how its tracks' appearance changes."""

    @property
    def appearance_momentum(self) -> float:
        """Share of a track's old appearance when a new embedding comes in."""

    @property
    def fusion(self) -> str:
        """In ``adaptive`` a lower score changes less."""


def update_appearance(
    settings: MomentumSettings,
    appearance: Embeddings,
    track: IntArray,
    embedding: Embeddings,
    score: FloatArray,
    least: float,
) -> None:
    """Let the detections of some tracks change the appearance of these, in place.

    Args:
        settings: how much.
        appearance: (D, T) unit vectors of all tracks.
        track: (K,) which.
        embedding: (K, D) unit vectors of their detections.
        score: (K,) of the detections.
        least: the least score of a high-score detection.
    """
    momentum = settings.appearance_momentum
    share = dynamic_momentum(score, least, momentum) if settings.fusion == "adaptive" else momentum
    appearance[:, track] = blend(appearance.take(track, axis=1).T, embedding, share).T


# --- what a similarity is worth --------------------------------------------------------------------------------------


def worth_of_similarity(same: FloatArray, other: FloatArray, std: float) -> FloatArray:
    """Return (B,) log-likelihood ratios of one person against two by counts of cosines in bins.

    A cosine means something else for every embedder: team mates have cosines near 1 of their kit colours and near 0 of
    a re-identification network's vectors. Counted on the sequence itself, both say what they are worth: of kits, "one
    of two teams", 0.7 at most, and a firm no between teams; of a perfect embedder, a firm yes or no.

    Args:
        same: (B,) counts in equal bins from −1 to 1, of pairs that are one person's.
        other: (B,) the same of pairs that are two persons'.
        std: of the kernel that smooths both, in bins.
    """
    p, q = (_smoothed(counts / max(float(counts.sum()), 1.0), std) for counts in (same, other))
    chance = CHANCE * 0.5 * (p + q) + 1e-9
    return _rising(np.log((p + chance) / (q + chance)), p + q + 1e-9)


def _smoothed(values: FloatArray, std: float) -> FloatArray:
    reach = int(np.ceil(4.0 * std))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / std) ** 2)
    return np.convolve(np.pad(values, reach, "edge"), kernel / kernel.sum(), "valid")


def _rising(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the nearest values that fall nowhere, by weighted least squares."""
    level: list[tuple[float, float, int]] = []  # value, weight and length of each step
    for one in zip(values.tolist(), weight.tolist(), [1] * len(values), strict=True):
        value, heavy, count = one
        while level and level[-1][0] > value:
            before, weighs, more = level.pop()
            value = (before * weighs + value * heavy) / (weighs + heavy)
            heavy, count = weighs + heavy, more + count
        level.append((value, heavy, count))
    return np.repeat([step[0] for step in level], [step[2] for step in level])
