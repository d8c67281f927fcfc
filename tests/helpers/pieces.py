"""Tables of tracks made by hand, for the tests of refinement."""

from __future__ import annotations

import numpy as np

from sportstrack.refine import (
    RefineSettings,
    Scene,
    TrackTable,
    link_tracks,
)

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
    columns = {name: np.full(len(t), value) for name, value in more.items() if name != "embedding"}
    embedding = np.tile(more["embedding"], (len(t), 1)) if "embedding" in more else None
    return TrackTable.of(
        t, np.full(len(t), track), np.hstack([centre - half, centre + half]), **columns, embedding=embedding
    )


def join(*parts: TrackTable) -> TrackTable:
    embeddings = None if parts[0].embedding is None else np.concatenate([part.embedding for part in parts])
    columns = [np.concatenate([getattr(p, name) for p in parts]) for name in COLUMNS[:5]]
    return TrackTable.of(*columns, embedding=embeddings)


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
