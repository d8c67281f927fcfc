"""Settings of the published trackers for sports: ``--set preset=sports``.

Each is what `sportstrack tune` found on half of the SportsMOT training matches with a simulated detector and with true
boxes; docs/tune.md judges them on the other half. SportsTrack has presets of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sportstrack.errors import SettingError, unknown

DEFAULT = "default"

PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {}
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
