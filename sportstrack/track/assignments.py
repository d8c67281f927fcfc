"""A tracker's settings on the command line: ``--set key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sportstrack.cli.assignments import assigned
from sportstrack.trackers import TRACKERS, setting_types


def parse_assignments(tracker: str, assignments: Sequence[str]) -> dict[str, Any]:
    """Turn ``key=value`` strings into a tracker's settings, with the types that the tracker declares.

    Raises:
        SettingError: no ``=``, an unknown key, or a value of the wrong type; each message shows what would be right.
    """
    return assigned(assignments, setting_types(tracker) if tracker in TRACKERS else None, tracker)
