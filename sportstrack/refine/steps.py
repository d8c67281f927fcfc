"""The steps one after another, on all frames of a sequence or on those that were tracked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.refine.drop import drop_short
from sportstrack.refine.interpolate import interpolate_gaps
from sportstrack.refine.link import link_tracks
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.smooth import smooth_boxes
from sportstrack.refine.split import split_tracks
from sportstrack.refine.table import TrackTable
from sportstrack.refine.timeline import Timeline
from sportstrack.types import FloatArray, IntArray

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
    table: TrackTable,
    frames: Sequence[int] | IntArray,
    *,
    frame_rate: float,
    width: float,
    height: float,
    times: Sequence[float] | FloatArray | None = None,
    camera: FloatArray | None = None,
    cuts: Sequence[int] = (),
    settings: RefineSettings | None = None,
) -> TrackTable:
    """Refine the tracks of a run that may have used only some of a video's frames.

    Args:
        table: the tracks, with the video's own frame numbers.
        frames: (F,) numbers of the frames that were tracked, ascending.
        frame_rate: of these frames: the video's, divided by N if only every Nth frame was tracked.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        times: (F,) seconds of these frames, ascending, where some are missing or their rate varies; None: it does not.
        camera: (F, 2, 3) affines of these frames, as in `refine`.
        cuts: frame numbers with which another shot begins.
        settings: None is the defaults.

    Returns:
        A new table with the video's own frame numbers, sorted by track, then frame; filled boxes stand only on frames
        that were tracked.

    Raises:
        SettingError: a value out of range, or a box in a frame that was not tracked.
    """
    line = Timeline.of(frames, times, frame_rate)
    if len(other := np.setdiff1d(table.frame, line.number)):
        raise SettingError(f"frames: the table has boxes in frame {other[0]}, which is not among them")
    refined = refine(
        line.placed(table),
        frame_rate=frame_rate,
        width=width,
        height=height,
        frames=line.length,
        camera=line.camera(camera),
        cuts=line.cuts(cuts),
        settings=settings,
    )
    return line.back(refined)


def camera_path(
    table: TrackTable,
    frames: Sequence[int] | IntArray,
    *,
    frame_rate: float,
    width: float,
    height: float,
    times: Sequence[float] | FloatArray | None = None,
    camera: FloatArray | None = None,
    cuts: Sequence[int] = (),
) -> FloatArray:
    """Return (F, 2) by how many pixels the picture's content has moved since frame 0, for all the video's own frames.

    Frames that were not tracked have the path of the one before. Arguments and errors as `refine_tracks`.
    """
    line = Timeline.of(frames, times, frame_rate)
    if not len(line.number):
        return np.zeros((1, 2))
    scene = Scene.of(
        line.placed(table), frame_rate=frame_rate, width=width, height=height, frames=line.length,
        camera=line.camera(camera), cuts=line.cuts(cuts),
    )  # fmt: skip
    before = np.searchsorted(line.number, np.arange(int(line.number[-1]) + 1), side="right") - 1
    return scene.path[line.place[np.maximum(before, 0)]]
