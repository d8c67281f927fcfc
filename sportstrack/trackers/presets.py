"""Settings of the published trackers for sports: ``--set preset=sports``.

Each is what `sportstrack tune` found on half of the SportsMOT training matches with a simulated detector and with true
boxes; docs/tune.md judges them on the other half. SportsTrack has presets of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sportstrack.errors import SettingError, unknown

DEFAULT = "default"

PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "sort": {
        "sports": {
            "max_age": 101,
            "min_hits": 1,
            "iou_threshold": 0.06634,
            "det_thresh": 0.2887,
        },
    },
    "bytetrack": {
        "sports": {
            "track_high_thresh": 0.1695,
            "track_low_thresh": 0.03801,
            "new_track_thresh": 0.3384,
            "track_buffer": 44,
            "match_thresh": 0.9661,
            "second_match_thresh": 0.3651,
            "unconfirmed_match_thresh": 0.9445,
            "fuse_score": False,
            "duplicate_thresh": 0.08119,
            "std_weight_position": 0.03526,
            "std_weight_velocity": 0.02279,
            "std_aspect": 0.1239,
            "std_aspect_measurement": 0.00275,
        },
    },
    "ocsort": {
        "sports": {
            "det_thresh": 0.06647,
            "max_age": 138,
            "min_hits": 2,
            "iou_threshold": 0.0694,
            "delta_t": 10,
            "inertia": 0.2195,
            "use_byte": True,
        },
    },
    "botsort": {
        "sports": {
            "track_high_thresh": 0.3116,
            "track_low_thresh": 0.1175,
            "new_track_thresh": 0.1784,
            "track_buffer": 163,
            "match_thresh": 0.9482,
            "second_match_thresh": 0.7389,
            "unconfirmed_match_thresh": 0.8527,
            "fuse_score": False,
            "duplicate_thresh": 0.2931,
            "std_weight_position": 0.04433,
            "std_weight_velocity": 0.02464,
        },
    },
    "deepsort": {
        "sports": {
            "max_iou_distance": 0.6456,
            "max_age": 41,
            "n_init": 3,
            "gating_only_position": False,
            "det_thresh": 0.07081,
            "std_weight_position": 0.06959,
            "std_weight_velocity": 0.009906,
            "std_aspect": 0.004986,
            "std_aspect_measurement": 0.2711,
        },
    },
    "cbiou": {
        "sports": {
            "b1": 0.06795,
            "b2": 1.051,
            "n": 9,
            "iou_threshold": 0.2792,
            "det_thresh": 0.2875,
            "max_age": 76,
            "min_hits": 1,
        },
    },
    "deepeiou": {
        "sports": {
            "track_high_thresh": 0.4474,
            "track_low_thresh": 0.1326,
            "new_track_thresh": 0.5275,
            "track_buffer": 173,
            "match_thresh": 0.9885,
            "second_match_thresh": 0.9239,
            "unconfirmed_match_thresh": 0.4916,
            "init_expand_scale": 0.2826,
            "expand_scale_step": 0.2955,
            "num_iteration": 4,
            "second_expand_scale": 0.153,
            "duplicate_thresh": 0.2077,
        },
    },
    "jde": {
        "sports": {
            "det_thresh": 0.1419,
            "track_buffer": 64,
            "second_match_thresh": 0.3325,
            "unconfirmed_match_thresh": 0.8328,
            "duplicate_thresh": 0.2383,
            "std_weight_position": 0.08815,
            "std_weight_velocity": 0.005591,
            "std_aspect": 0.03252,
            "std_aspect_measurement": 0.3863,
        },
    },
}
"""Tracker → preset → the settings in which it differs from the defaults."""


def preset_names(tracker: str) -> tuple[str, ...]:
    """Return the presets of a tracker, its defaults first; nothing where it has none."""
    return (DEFAULT, *PRESETS[tracker]) if tracker in PRESETS else ()


def preset_settings(tracker: str, preset: Any) -> dict[str, Any]:
    """Return the settings of a preset; SettingError for an unknown name."""
    if preset == DEFAULT:
        return {}
    if not isinstance(preset, str) or preset not in PRESETS[tracker]:
        raise SettingError(f"{tracker}: preset: {unknown('preset', str(preset), preset_names(tracker))}")
    return dict(PRESETS[tracker][preset])
