"""What a recording has for a result's rows: embeddings, camera motion, shot changes, times, size, frame rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sportstrack.boxes import iou
from sportstrack.errors import FormatError
from sportstrack.files.reading import read_table
from sportstrack.limits import MAX_FRAMES
from sportstrack.mot import MotTable
from sportstrack.recording import RecordedFrame, Recording, RecordingInfo
from sportstrack.refine.table import EVIDENCE
from sportstrack.types import FloatArray

_LEAST = 0.5  # overlap of a row with the detection that it came from; filtered boxes differ from theirs


@dataclass(frozen=True, eq=False)
class Recorded:
    """What is known besides a result's rows.

    Attributes:
        info: of the recording, or None without one.
        known: optional columns of `TrackTable` by name, (N, …) float32, zeros where no detection fits.
        camera: (F, 2, 3) affines of frames 0 … F − 1, NaN where unknown; None if none were recorded.
        cuts: frames with which another shot begins.
        times: (F,) seconds of frames 0 … F − 1, between and before the recorded ones in line with them; or None.
    """

    info: RecordingInfo | None
    known: Mapping[str, NDArray[np.float32]]
    camera: FloatArray | None
    cuts: tuple[int, ...] = ()
    times: FloatArray | None = None


def read_recorded(recording: Recording, rows: MotTable) -> Recorded:
    """Match a result's rows with the detections of a recording, by best overlap in each frame.

    Raises:
        FormatError: the recording ends before the result, or nothing in it fits: it is another video's.
    """
    order = np.argsort(rows.frame, kind="stable")
    frames = int(rows.frame.max()) + 1 if len(rows) else 0
    starts = np.searchsorted(rows.frame[order], np.arange(frames + 1))
    camera = np.full((frames, 2, 3), np.nan)
    known: dict[str, NDArray[np.float32]] = {}
    cuts: list[int] = []
    times: dict[int, float] = {}
    fitting, last = 0, -1
    for frame in recording:
        last = frame.index
        times[last] = frame.time
        if last >= frames:
            break
        if frame.cut_confidence:
            cuts.append(last)
        if frame.camera is not None:
            camera[last] = frame.camera
        mine = order[starts[last] : starts[last + 1]]
        row, detection = _fit(rows, mine, frame)
        fitting += len(row)
        for name in EVIDENCE:
            if (column := getattr(frame.detections, name, None)) is not None:
                known.setdefault(name, np.zeros((len(rows), column.shape[1]), np.float32))[row] = column[detection]
    if last < frames - 1:
        raise FormatError(f"{recording.path}: ends at frame {last + 1}, but the result goes to {frames}")
    if 2 * fitting < len(rows):
        raise FormatError(
            f"{recording.path}: only {fitting} of {len(rows)} boxes overlap a detection of their frame; "
            "is it the recording of another video?"
        )
    return Recorded(
        recording.info,
        known,
        camera if np.isfinite(camera).any() else None,
        tuple(cuts),
        _all_times(times, frames, recording.info.source_rate) if times else None,
    )


def read_cuts(path: Path) -> list[int]:
    """Return the frames with which the second and later shots begin, from a table of ``sportstrack shots --csv``.

    Raises:
        FormatError: it is no such table, or cannot be read.
    """
    rows = read_table(path)
    try:
        starts = [int(row["start"]) for row in rows][1:]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: not a table of shots; sportstrack shots VIDEO --csv FILE writes one") from error
    if bad := next((start for start in starts if not 0 <= start <= MAX_FRAMES), None):
        raise FormatError(f"{path}: a shot that starts with frame {bad}; expected 0 to {MAX_FRAMES:,}")
    return starts


def _all_times(times: dict[int, float], frames: int, rate: float) -> FloatArray:
    """Return the seconds of frames 0 … `frames` − 1 from those of recorded frames, which go as far."""
    recorded = np.array(list(times))
    numbers = np.arange(frames)
    before = np.minimum(numbers - recorded[0], 0) / rate
    found: FloatArray = np.interp(numbers, recorded, np.array(list(times.values()))) + before
    return found


def _fit(rows: MotTable, mine: NDArray[np.int64], frame: RecordedFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return those of a frame's rows that overlap a detection, and which."""
    found = frame.detections
    usable = np.arange(len(found)) if found.valid is None else np.flatnonzero(found.valid)
    if not len(mine) or not len(usable):
        return mine[:0], usable[:0]
    overlap = iou(rows.xyxy[mine], found.xyxy[usable])
    best = overlap.argmax(axis=1)
    fits = overlap[np.arange(len(mine)), best] >= _LEAST
    return mine[fits], usable[best[fits]]
