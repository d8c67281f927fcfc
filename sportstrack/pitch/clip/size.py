"""Whether the lines of a shot are those of a pitch of another size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.joint import Joint, fit_joint
from sportstrack.pitch.clip.model import Painted, in_view, pair
from sportstrack.pitch.clip.places import Places
from sportstrack.pitch.clip.step import GATES
from sportstrack.pitch.model import Pitch, load_pitch
from sportstrack.pitch.sizes import has_sizes

MOST_KEYS = 8
SUSPECT = 0.9 / 1000
"""Of the width: with a smaller error of the lines no other size is tried."""
BETTER = 0.6
"""Another size is told if its error is at most this part of the given one's."""
_CAP = 12.0 / 1000  # of the width: a line pixel counts as this far off at most


def line_error(joint: Joint, painted: Painted, size: tuple[int, int]) -> float:
    """Return the root mean square distance of line pixels from painted lines, in pixels, each one capped."""
    cap, squares = _CAP * size[0], []
    for key in joint.keys:
        seen = in_view(painted, joint.shared, key.view, size)
        pairs = pair(key.lines, seen, cap)
        off = ((key.lines[pairs.row, :2] - seen.pixels[pairs.at]) * seen.normal[pairs.at]).sum(1)
        squares.append(np.concatenate([off**2, np.full(len(key.lines) - len(off), cap**2)]))
    joined: Floats = np.concatenate(squares) if squares else np.zeros(0)
    # what fits nowhere on any pitch (players, captions) is left out of the mean
    return float(np.sqrt(np.sort(joined)[: max(1, int(0.85 * len(joined)))].mean())) if len(joined) else 0.0


def fitting_size(
    joint: Joint, pitch: Pitch, size: tuple[int, int], hint: Callable[[], tuple[float, float] | None] | None = None
) -> str | None:
    """Return in words that another size fits the lines clearly better, with the numbers; None where none does.

    Args:
        joint: the fit with the given size.
        pitch: in the given size.
        size: (width, height) of the pictures.
        hint: returns (length, width) to try first, if it knows any.
    """
    nothing = Places.of(None, pitch, Painted.of(pitch))
    some = replace(joint, keys=tuple(replace(key, places=nothing) for key in joint.keys[:MOST_KEYS]))
    given = line_error(some, Painted.of(pitch), size)
    if given < SUSPECT * size[0] or not has_sizes(pitch):
        return None
    place = np.array([pitch.length, pitch.width])
    given = best = _error_of(some, pitch, place, size)  # by lines alone, as those of other sizes
    if given < SUSPECT * size[0]:
        return None
    start = place.copy()
    first = None if hint is None else hint()
    if first is not None and (error := _error_of(some, pitch, np.array(first), size)) < best:
        best, place = error, np.array(first)
    for step in (4.0, 2.0, 1.0, 0.5):
        moved = True
        while moved and np.abs(place - start).max() < 25:
            moved = False
            for way in ((step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step), (step, step), (-step, -step)):
                error = _error_of(some, pitch, place + way, size)
                if error < 0.99 * best:
                    best, place, moved = error, place + way, True
                    break
    if best > BETTER * given:
        return None
    length, width = np.round(place * 2) / 2
    return (
        f"the lines fit a pitch of {length:g} × {width:g} m to {best:.1f} px and one of {pitch.length:g} × "
        f"{pitch.width:g} m to {given:.1f} px: is it --length {length:g} --width {width:g}?"
    )


def _error_of(joint: Joint, pitch: Pitch, place: Floats, size: tuple[int, int]) -> float:
    """Return the error of the lines on a pitch of another size, the cameras fitted to it."""
    try:
        painted = Painted.of(load_pitch(pitch.name, *place.tolist()))
    except SettingError:
        return float("inf")
    shared, keys = joint.shared, joint.keys
    for gate in (4 * GATES[0], 2 * GATES[0]):
        fitted = fit_joint(shared, keys, painted, size, gate=gate, rounds=4, distortion=False)
        shared, keys = fitted.shared, fitted.keys
    return line_error(fitted, painted, size)
