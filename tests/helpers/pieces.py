"""Tables of tracks made by hand, for the tests of refinement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sportstrack.refine import (
    RefineSettings,
    Scene,
    TrackTable,
    link_tracks,
)
from sportstrack.refine.table import EVIDENCE

SIZE = {"width": 1280.0, "height": 720.0}
COLUMNS = ("frame", "track_id", "xyxy", "score", "class_id", "detection", "filled")


def run(
    track: int,
    frames: range | list[int],
    start: tuple[float, float],
    velocity: tuple[float, float] = (0.0, 0.0),
    **more,
) -> TrackTable:
    """A player of 40 × 100 pixels whose centre is ``start + frame · velocity``."""
    t = np.array(frames)
    centre = np.array(start) + t[:, None] * np.array(velocity)
    half = np.array([20.0, 50.0])
    columns = {name: np.full(len(t), value) for name, value in more.items() if name not in EVIDENCE}
    known = {name: np.tile(np.float32(more[name]), (len(t), 1)) for name in EVIDENCE if name in more}
    table = TrackTable.of(t, np.full(len(t), track), np.hstack([centre - half, centre + half]), **columns)
    return replace(table, **known)


def join(*parts: TrackTable) -> TrackTable:
    known = [name for name in EVIDENCE if getattr(parts[0], name) is not None]
    columns = {name: np.concatenate([getattr(p, name) for p in parts]) for name in (*COLUMNS, *known)}
    return TrackTable(**columns).ordered()


def scene(table: TrackTable, frames: int | None = None, **more) -> Scene:
    return Scene.of(table, **{"frame_rate": 25.0, **SIZE, "frames": frames, **more})


def still(frames: int) -> np.ndarray:
    """A camera that does not move."""
    return np.tile(np.eye(2, 3), (frames, 1, 1))


def ids(table: TrackTable) -> list[int]:
    return sorted(set(table.track_id.tolist()))


def same(a: TrackTable, b: TrackTable) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in COLUMNS)


def linked(*parts: TrackTable, settings_: RefineSettings | None = None, **more) -> list[int]:
    """The ids left after linking, before a camera that stands still."""
    table = join(*parts)
    frames = int(table.frame.max()) + 1
    return ids(link_tracks(table, scene(table, **{"camera": still(frames), **more}), settings_))
