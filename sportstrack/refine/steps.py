"""The steps one after another, on a table or on the frames of a tracking run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from sportstrack.refine.drop import drop_short
from sportstrack.refine.interpolate import interpolate_gaps
from sportstrack.refine.link import link_tracks
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.smooth import smooth_boxes
from sportstrack.refine.split import split_tracks
from sportstrack.refine.table import TrackTable
from sportstrack.types import Detections, FloatArray, Tracks

Step: TypeAlias = Callable[[TrackTable, Scene, RefineSettings], TrackTable]

RUNS: dict[str, Step] = {
    "split": split_tracks,
    "link": link_tracks,
    "interpolate": interpolate_gaps,
    "smooth": smooth_boxes,
    "drop": drop_short,
}
"""Step by name, in the order in which they run; see `sportstrack.refine.settings.STEPS`."""


def refine(
    table: TrackTable,
    *,
    frame_rate: float,
    width: float,
    height: float,
    frames: int | None = None,
    camera: FloatArray | None = None,
    cuts: Sequence[int] = (),
    settings: RefineSettings | None = None,
) -> TrackTable:
    """Refine the tracks of a whole sequence.

    Args:
        table: any tracker's boxes; `TrackTable.from_mot` and `TrackTable.from_tracks` make one.
        frame_rate: frames per second.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        frames: length of the sequence; None takes the last frame seen.
        camera: (F, 2, 3) affines, previous frame's pixels → this one's, NaN where unknown; None estimates its path from
            the tracks.
        cuts: frames at which another shot begins; nothing is linked or filled across them.
        settings: what to do, and how far; None is the defaults.

    Returns:
        A new table, sorted by track, then frame. The same input gives the same output, to the bit.

    Raises:
        SettingError: a value out of range.
    """
    s = settings or RefineSettings()
    scene = Scene.of(table, frame_rate=frame_rate, width=width, height=height, frames=frames, camera=camera, cuts=cuts)
    *_, (_, refined) = run_steps(table, scene, s)
    return refined


def run_steps(table: TrackTable, scene: Scene, settings: RefineSettings) -> Iterator[tuple[str, TrackTable]]:
    """Yield ("", the table) and then each step of the settings with the table after it."""
    yield "", table.ordered()
    for name, step in RUNS.items():
        if name in settings.steps:
            table = step(table, scene, settings)
            yield name, table


def refine_tracks(
    frames: Sequence[tuple[int, Tracks, Detections | None, FloatArray | None]],
    *,
    frame_rate: float,
    width: float,
    height: float,
    cuts: Sequence[int] = (),
    settings: RefineSettings | None = None,
) -> list[Tracks]:
    """Refine what a tracker gave, frame by frame; for a pipeline that has collected a whole run.

    Coasting rows (``detection`` −1) are predictions: they are left out, and where the player was seen before and after,
    filled boxes take their place.

    Args:
        frames: of each frame, ascending: its index, its `Tracks`, its `Detections` or None, and the (2, 3) affine from
            the frame before or None. The detections are asked for embeddings.
        frame_rate: of these frames: the video's, divided by N if only every Nth frame was tracked.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        cuts: frame indices at which another shot begins.
        settings: None is the defaults.

    Returns:
        One `Tracks` per frame given, in order; rows sorted by id; filled boxes have ``detection`` −1.
    """
    indices = np.array([index for index, *_ in frames], np.int64)
    table = TrackTable.from_tracks([tracks for _, tracks, _, _ in frames], [found for _, _, found, _ in frames])
    unknown = np.full((2, 3), np.nan)
    affines = [unknown if camera is None else camera for _, _, _, camera in frames]
    refined = refine(
        table,
        frame_rate=frame_rate,
        width=width,
        height=height,
        frames=len(frames),
        camera=np.array(affines).reshape(-1, 2, 3),
        cuts=np.searchsorted(indices, np.asarray(cuts, np.int64)).tolist(),
        settings=settings,
    )
    return refined.to_tracks(len(frames))
