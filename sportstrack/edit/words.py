"""Edits in words, for the list of what was done and for undo."""

from __future__ import annotations

from sportstrack.edits import (
    Add,
    Confirm,
    Delete,
    Describe,
    Interpolate,
    Merge,
    Move,
    Remove,
    Rename,
    Split,
    Swap,
)
from sportstrack.edits.operations import AnyOperation


def words_of(operation: AnyOperation) -> str:
    """Return a short sentence of what an operation does, frames from 1."""
    match operation:
        case Swap(a=a, b=b, frame=frame):
            return f"Swap {a} and {b} from frame {frame + 1} on"
        case Split(track=track, frame=frame):
            return f"Split {track} at frame {frame + 1}"
        case Merge(a=a, b=b):
            return f"Merge {b} into {a}"
        case Delete(track=track, first=None, last=None):
            return f"Delete {track}"
        case Delete(track=track, first=first, last=last):
            return f"Delete {track} in {_span(first, last)}"
        case Rename(track=track, new=new):
            return f"Rename {track} to {new}"
        case Describe(attribute=attribute, track=track, value=value, first=first, last=last):
            where = "" if first is None and last is None else f" in {_span(first, last)}"
            return f"{attribute.capitalize()} of {track}: {value or 'unknown'}{where}"
        case Move(track=track, frame=frame):
            return f"Move the box of {track} in frame {frame + 1}"
        case Add(track=track, frame=frame):
            return f"Add a box of {track} in frame {frame + 1}"
        case Remove(track=track, frame=frame):
            return f"Remove the box of {track} in frame {frame + 1}"
        case Interpolate(track=track, keys=keys):
            return f"Fill {track} from frame {keys[0].frame + 1} to {keys[-1].frame + 1}"
        case Confirm(tracks=tracks, first=first, last=last):
            which = ", ".join(map(str, tracks[:4])) + (" …" if len(tracks) > 4 else "")
            where = "" if first is None and last is None else f" in {_span(first, last)}"
            return f"Confirm {which}{where}"
    raise AssertionError(operation)


def _span(first: int | None, last: int | None) -> str:
    if last is None:
        return f"frames from {(first or 0) + 1} on"
    return f"frames {(first or 0) + 1} to {last + 1}"
