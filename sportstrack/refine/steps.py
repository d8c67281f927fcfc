"""The steps one after another, on all frames of a sequence or on those that were tracked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
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
from sportstrack.trackers.clock import StepClock
from sportstrack.types import FloatArray, IntArray

Step: TypeAlias = Callable[[TrackTable, Scene, RefineSettings], TrackTable]

_LONGEST = 60.0  # seconds without a frame that count

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
    numbers = np.asarray(frames, np.int64)
    if len(other := np.setdiff1d(table.frame, numbers)):
        raise SettingError(f"frames: the table has boxes in frame {other[0]}, which is not among them")
    place = _places(len(numbers), times, frame_rate)
    length = int(place[-1]) + 1 if len(place) else 0
    refined = refine(
        replace(table, frame=place[np.searchsorted(numbers, table.frame)]),
        frame_rate=frame_rate,
        width=width,
        height=height,
        frames=length,
        camera=camera if camera is None or length == len(place) else _with_missing(camera, place, length),
        cuts=np.append(place, length)[np.searchsorted(numbers, np.asarray(cuts, np.int64))].tolist(),
        settings=settings,
    )
    refined = refined[np.isin(refined.frame, place)]
    return replace(refined, frame=numbers[np.searchsorted(place, refined.frame)])


def _places(count: int, times: Sequence[float] | FloatArray | None, frame_rate: float) -> IntArray:
    """Return (F,) the places of frames, with places between them for those that are missing; ascending.

    A gap counts as a minute at most: by then nothing depends on how long it was.

    Raises:
        SettingError: another number of times than of frames, or times that do not ascend.
    """
    if times is None or not count:
        return np.arange(count)
    if len(times) != count:
        raise SettingError(f"times: expected {count}, one for each frame, got {len(times)}")
    clock, steps = StepClock(), []
    for time in np.asarray(times, np.float64).tolist():
        clock.advance(time, frame_rate)
        steps.append(min(clock.step, _LONGEST * frame_rate))
    place = np.rint(np.cumsum(steps) - steps[0]).astype(np.int64)
    order = np.arange(count)
    return np.asarray(np.maximum.accumulate(place - order) + order)  # no two frames have one place


def _with_missing(camera: FloatArray, place: IntArray, length: int) -> FloatArray:
    """Return (length, 2, 3) affines; the frame after missing ones has the whole motion since the frame before them."""
    whole = np.tile(np.eye(2, 3), (length, 1, 1))
    whole[place] = camera
    return whole
