"""Scores of single-object trackers where an attribute holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AttributeScores:
    """One tracker's one-pass scores where an attribute holds.

    Attributes:
        sequences: number of sequences with such a frame.
        frames: number of their frames in which it holds and the object is present.
        auc: success AUC of those sequences, as OTB reports attributes.
        auc_frames: success AUC of those frames alone, as VOT does; NaN if the object is present in none.
    """

    sequences: int
    frames: int
    auc: float
    auc_frames: float
