"""Where `sportstrack tune` looks for each tracker's settings.

The ranges are wide enough for other detectors and sports, and so that every combination of values is allowed: a low
threshold never passes a high one. Each default lies in its range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sportstrack.errors import SettingError, unknown
from sportstrack.spaces import OneOf, Range, Space

_YES_OR_NO = OneOf((True, False))
_EMBEDDING = "embedding"

_THREE_THRESHOLDS: Space = {
    "track_high_thresh": Range(0.15, 0.8),
    "track_low_thresh": Range(0.01, 0.15),
    "new_track_thresh": Range(0.15, 0.9),
}
_THREE_STAGES: Space = {
    "match_thresh": Range(0.5, 0.99),
    "second_match_thresh": Range(0.3, 0.95),
    "unconfirmed_match_thresh": Range(0.4, 0.95),
}
_STEADINESS: Space = {
    "std_weight_position": Range(0.01, 0.2, log=True),
    "std_weight_velocity": Range(0.001, 0.06, log=True),
}
_ASPECT: Space = {
    "std_aspect": Range(0.001, 0.2, log=True),
    "std_aspect_measurement": Range(0.001, 0.5, log=True),
}
_APPEARANCE_GATES: Space = {
    "proximity_thresh": Range(0.3, 1.0, needs=_EMBEDDING),
    "appearance_thresh": Range(0.05, 0.5, needs=_EMBEDDING),
    "appearance_momentum": Range(0.7, 0.99, needs=_EMBEDDING),
}

SPACES: Mapping[str, Space] = {
    "sort": {
        "max_age": Range(1, 120),
        "min_hits": Range(1, 5),
        "iou_threshold": Range(0.02, 0.6),
        "det_thresh": Range(0.05, 0.8),
    },
    "bytetrack": {
        **_THREE_THRESHOLDS,
        "track_buffer": Range(10, 180),
        **_THREE_STAGES,
        "fuse_score": _YES_OR_NO,
        "duplicate_thresh": Range(0.0, 0.6),
        **_STEADINESS,
        **_ASPECT,
    },
    "botsort": {
        **_THREE_THRESHOLDS,
        "track_buffer": Range(10, 180),
        **_THREE_STAGES,
        "fuse_score": _YES_OR_NO,
        "duplicate_thresh": Range(0.0, 0.6),
        **_STEADINESS,
        **_APPEARANCE_GATES,
    },
    "deepsort": {
        "max_iou_distance": Range(0.4, 0.99),
        "max_age": Range(5, 120),
        "n_init": Range(1, 5),
        "gating_only_position": _YES_OR_NO,
        "det_thresh": Range(0.05, 0.8),
        **_STEADINESS,
        **_ASPECT,
        "max_cosine_distance": Range(0.05, 0.6, needs=_EMBEDDING),
        "mc_lambda": Range(0.0, 1.0, needs=_EMBEDDING),
        "nn_budget": Range(10, 200, needs=_EMBEDDING),
    },
    "ocsort": {
        "det_thresh": Range(0.05, 0.8),
        "max_age": Range(5, 180),
        "min_hits": Range(1, 5),
        "iou_threshold": Range(0.02, 0.6),
        "delta_t": Range(1, 10),
        "inertia": Range(0.0, 0.6),
        "use_byte": _YES_OR_NO,
        "w_association_emb": Range(0.0, 3.0, needs=_EMBEDDING),
        "aw_param": Range(0.0, 2.0, needs=_EMBEDDING),
        "alpha_fixed_emb": Range(0.7, 0.99, needs=_EMBEDDING),
    },
    "cbiou": {
        "b1": Range(0.0, 1.0),
        "b2": Range(0.1, 2.0),
        "n": Range(1, 15),
        "iou_threshold": Range(0.01, 0.5),
        "det_thresh": Range(0.05, 0.8),
        "max_age": Range(5, 180),
        "min_hits": Range(1, 4),
    },
    "deepeiou": {
        **_THREE_THRESHOLDS,
        "track_buffer": Range(10, 180),
        **_THREE_STAGES,
        "init_expand_scale": Range(0.0, 1.5),
        "expand_scale_step": Range(0.0, 0.5),
        "num_iteration": Range(1, 4),
        "second_expand_scale": Range(0.0, 1.5),
        "duplicate_thresh": Range(0.0, 0.6),
        **_APPEARANCE_GATES,
    },
    "jde": {
        "det_thresh": Range(0.05, 0.8),
        "track_buffer": Range(10, 180),
        "second_match_thresh": Range(0.3, 0.99),
        "unconfirmed_match_thresh": Range(0.4, 0.95),
        "duplicate_thresh": Range(0.0, 0.6),
        **_STEADINESS,
        **_ASPECT,
        "match_thresh": Range(0.1, 0.8, needs=_EMBEDDING),
        "lambda_": Range(0.5, 1.0, needs=_EMBEDDING),
        "appearance_momentum": Range(0.7, 0.99, needs=_EMBEDDING),
    },
    "sports": {
        "low_score": Range(0.02, 0.3),
        "high_score": Range(0.3, 0.7),
        "new_score": Range(0.3, 0.9),
        "spawn_overlap": Range(0.2, 0.9),
        "confirm_hits": Range(1, 5),
        "memory": Range(0.5, 4.0),
        "position_noise": Range(0.01, 0.15, log=True),
        "velocity_noise": Range(0.001, 0.05, log=True),
        "measurement_noise": Range(0.02, 0.2, log=True),
        "camera_pairs": Range(3, 12),
        "size_tolerance": Range(0.08, 0.6, log=True),
        "uncertainty_weight": Range(0.0, 0.2),
        "overlap_bonus": Range(0.0, 1.0),
        "min_affinity": Range(0.02, 0.5, log=True),
        "second_overlap": Range(0.1, 0.8),
        "third_overlap": Range(0.0, 0.6),
        "border_memory": Range(0.0, 20.0),
        "appearance_weight": Range(0.0, 2.0, needs=_EMBEDDING),
        "gallery_memory": Range(0.0, 180.0, needs=_EMBEDDING),
        "link_similarity": Range(0.3, 0.9, needs=_EMBEDDING),
        "team_weight": Range(0.0, 2.0, needs="team_evidence"),
    },
    "ball": {
        "det_thresh": Range(0.05, 0.5),
        "low_thresh": Range(0.01, 0.05),
        "low_gate": Range(0.05, 1.0),
        "start_thresh": Range(0.2, 0.95),
        "min_hits": Range(1, 6),
        "track_buffer": Range(10, 180),
        "gate": Range(1.0, 8.0),
        "gate_growth": Range(10.0, 150.0),
        "turn": Range(0.0, 2.0),
        "max_speed": Range(50.0, 500.0),
        "size_ratio": Range(1.5, 6.0),
        "score_weight": Range(0.0, 1.0),
        "velocity_momentum": Range(0.0, 0.9),
        "size_momentum": Range(0.3, 0.98),
    },
}
"""Tracker → its search space."""


def search_space(tracker: str | type) -> Space:
    """Return a tracker's search space.

    Args:
        tracker: the name of a built-in one, or the class of one of your own, whose attribute ``search_space`` it is:
            setting → `Range` or `OneOf`, (low, high) or a list of values; empty without such an attribute.

    Raises:
        SettingError: there is no built-in tracker of this name.
    """
    if isinstance(tracker, str):
        if tracker.lower() not in SPACES:
            raise SettingError(unknown("tracker", tracker, SPACES))
        return SPACES[tracker.lower()]
    given: Mapping[str, Any] = getattr(tracker, "search_space", {})
    return {name: _place(value) for name, value in given.items()}


def _place(value: Any) -> Range | OneOf:
    if isinstance(value, (Range, OneOf)):
        return value
    return OneOf(tuple(value)) if isinstance(value, list) else Range(*value)
