"""Corrections by hand as data: operations, their file, and what they make of tracks."""

from __future__ import annotations

from sportstrack.edits.apply import Anchors, Edited, apply_edits
from sportstrack.edits.corrected import read_corrected
from sportstrack.edits.diff import find_edits
from sportstrack.edits.file import EditFile, append_edit, drop_last_edit, edits_beside, read_edits, write_edits
from sportstrack.edits.fill import with_boxes
from sportstrack.edits.moments import Moment, MomentCorrection, find_moments
from sportstrack.edits.operations import (
    Add,
    Confirm,
    Delete,
    Describe,
    Edit,
    Interpolate,
    KeyBox,
    Merge,
    Move,
    Remove,
    Rename,
    SeenBox,
    Split,
    Swap,
)
from sportstrack.edits.outcome import EditOutcome
from sportstrack.edits.propagate import propagate
from sportstrack.edits.session import EditSession

__all__ = [
    "Add",
    "Anchors",
    "Confirm",
    "Delete",
    "Describe",
    "Edit",
    "EditFile",
    "EditOutcome",
    "EditSession",
    "Edited",
    "Interpolate",
    "KeyBox",
    "Merge",
    "Moment",
    "MomentCorrection",
    "Move",
    "Remove",
    "Rename",
    "SeenBox",
    "Split",
    "Swap",
    "append_edit",
    "apply_edits",
    "drop_last_edit",
    "edits_beside",
    "find_edits",
    "find_moments",
    "propagate",
    "read_corrected",
    "read_edits",
    "with_boxes",
    "write_edits",
]
