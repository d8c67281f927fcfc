"""What the cameras of a clip are like, in words."""

from __future__ import annotations

import numpy as np

from sportstrack.pitch.camera import Camera
from sportstrack.pitch.file import STATUSES, PitchFrame, PitchTrack

MOST_RUNS = 8


def summary_text(track: PitchTrack) -> str:
    """Return a few lines: how many frames are ok, carried and refused and why, errors, and where the camera is."""
    frames = list(track)
    known = [one for one in frames if one.camera is not None]
    counts = {status: sum(one.status == status for one in frames) for status in STATUSES}
    lines = [f"{len(frames)} frames: " + ", ".join(f"{count} {status}" for status, count in counts.items())]
    if known:
        px, metres = (np.array([getattr(one, name) for one in known]) for name in ("error_px", "error_m"))
        lines.append(
            f"error of the ground in view: median {np.median(px):.1f} px, {np.median(metres):.2f} m; "
            f"worst {px.max():.1f} px, {metres.max():.2f} m"
        )
        for first, last, (x, y, height) in _centres(known):
            angles = np.array([(c.pan, c.tilt, c.focal / track.size[0]) for c in _cameras(known, first, last)])
            low, high = angles.min(0), angles.max(0)
            lines.append(
                f"frames {first + 1} to {last + 1}: camera at x {x:.1f}, y {y:.1f}, {height:.1f} m high; pan "
                f"{low[0]:.1f} to {high[0]:.1f}°, tilt {low[1]:.1f} to {high[1]:.1f}°, focal length {low[2]:.2f} to "
                f"{high[2]:.2f} widths"
            )
    runs = _runs(frames)
    lines += [f"frames {first + 1} to {last + 1} refused: {why}" for first, last, why in runs[:MOST_RUNS]]
    if len(runs) > MOST_RUNS:
        lines.append(f"and {len(runs) - MOST_RUNS} more runs of refused frames")
    return "\n".join(lines) + "\n"


def _cameras(known: list[PitchFrame], first: int, last: int) -> list[Camera]:
    return [one.camera for one in known if one.camera is not None and first <= one.frame <= last]


def _centres(known: list[PitchFrame]) -> list[tuple[int, int, tuple[float, float, float]]]:
    """Return the first and last frame of each run with one centre, and the centre."""
    found: list[tuple[int, int, tuple[float, float, float]]] = []
    for one in known:
        assert one.camera is not None
        if found and found[-1][2] == one.camera.centre:
            found[-1] = (found[-1][0], one.frame, one.camera.centre)
        else:
            found.append((one.frame, one.frame, one.camera.centre))
    return found


def _runs(frames: list[PitchFrame]) -> list[tuple[int, int, str]]:
    """Return the runs of refused frames with one kind of reason: first, last, the first one's reason."""
    found: list[tuple[int, int, str]] = []
    for one in frames:
        if one.status != "refused":
            continue
        kind = one.reason.partition(":")[0]
        if found and found[-1][1] == one.frame - 1 and found[-1][2].partition(":")[0] == kind:
            found[-1] = (found[-1][0], one.frame, found[-1][2])
        else:
            found.append((one.frame, one.frame, one.reason))
    return found
