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
    "bytetrack": {
        "sports": {
            "track_high_thresh": 0.1732,
            "track_low_thresh": 0.07624,
            "new_track_thresh": 0.2894,
            "track_buffer": 19,
            "match_thresh": 0.9521,
            "second_match_thresh": 0.461,
            "unconfirmed_match_thresh": 0.8181,
            "fuse_score": False,
            "duplicate_thresh": 0.0993,
            "std_weight_position": 0.02887,
            "std_weight_velocity": 0.005972,
            "std_aspect": 0.1245,
            "std_aspect_measurement": 0.003638,
        }
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
