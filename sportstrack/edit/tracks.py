"""The tracks to correct: found beside the video, read, and compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.classes import names_beside
from sportstrack.draw.results import ResultFile, read_result
from sportstrack.edit.clip import EditClip
from sportstrack.errors import FormatError, SourceError
from sportstrack.files.reading import read_json
from sportstrack.identities import Identities, read_identities
from sportstrack.identities.file import identities_beside
from sportstrack.mot import class_numbers, read_mot
from sportstrack.recording import Recording
from sportstrack.refine.table import TrackTable
from sportstrack.seqinfo import read_sequence_info

_FOLDERS = ("", "runs/refine", "runs/track")
_ENDINGS = (".txt", ".csv", ".jsonl", ".npz")
_OUTSIDE = 0.05  # share of boxes outside the picture from which on the tracks are another video's
_RATE = 0.02  # share by which the stated rate may differ
_FEW = 10  # frames; fewer do not show that only every Nth was tracked


@dataclass(frozen=True, eq=False)
class TracksToEdit:
    """Tracks before any edit.

    Attributes:
        path: the result.
        table: its boxes, sorted by track and frame.
        identities: who the tracks are, as far as it is known.
        names: class id → name.
        every: every how many frames one was tracked.
        start: the first frame that was, from 0 (less than `every`).
        recording: beside the result, if there is one.
        doubts: why it may be another video's result; only where it was opened anyway.
    """

    path: Path
    table: TrackTable
    identities: Identities
    names: Mapping[int, str] = field(default_factory=dict)
    every: int = 1
    start: int = 0
    recording: Path | None = None
    doubts: tuple[str, ...] = ()


def find_result(video: Path, name: str) -> Path:
    """Return the result of a video: beside it, in runs/refine or runs/track, or the truth of a sequence folder.

    Raises:
        SourceError: there is none; the message says where it was looked for.
    """
    folder = video if video.is_dir() else video.parent
    around = [folder, video.parent, *(Path(one) for one in _FOLDERS), *(video.parent / one for one in _FOLDERS[1:])]
    stems = dict.fromkeys((video.stem, name))
    places = [place / f"{stem}{ending}" for place in dict.fromkeys(around) for stem in stems for ending in _ENDINGS]
    places.append(folder / "gt" / "gt.txt")
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise SourceError(
            f"{video}: no tracks of it were found ({name}.txt, .csv, .jsonl or .npz beside it, in runs/refine or "
            f"runs/track); make them with sportstrack track {video}, or name them with --tracks"
        )
    return found


def read_tracks(path: str | Path, clip: EditClip, *, zero_based: bool = False, anyway: bool = False) -> TracksToEdit:
    """Read a result and check that it is the video's.

    Args:
        path: MOT text, CSV, JSON lines or a recording.
        clip: the video.
        zero_based: MOT text counts frames from 0.
        anyway: return it also where it does not seem to be the video's, with its doubts.

    Raises:
        SourceError: there is no such file, or it does not belong to the video.
        FormatError: it is damaged, or holds detections without ids.
    """
    file = Path(path)
    table, identities, names = _read(file, zero_based)
    doubts = _doubts(file, table, clip)
    if doubts and not anyway:
        raise SourceError(f"{doubts[0]}; give the tracks of this video, or open them with --anyway")
    recording = file if file.suffix == ".npz" else file.with_suffix(".npz")
    every, start = _stride(table)
    return TracksToEdit(
        file, table, identities, names, every, start, recording if recording.is_file() else None, tuple(doubts)
    )


def _read(file: Path, zero_based: bool) -> tuple[TrackTable, Identities, Mapping[int, str]]:
    if file.suffix.lower() == ".txt":
        if not file.is_file():
            raise SourceError(f"{file}: no such file; expected a result: MOT text, .csv, .jsonl or .npz")
        rows = read_mot(file, zero_based=zero_based)
        if len(rows) and (rows.track_id < 0).all():
            raise FormatError(f"{file}: boxes without identity (id −1): these are detections; give a tracker's result")
        beside = identities_beside(file)
        identities = Identities() if beside is None else read_identities(beside)
        table = TrackTable.from_mot(rows[rows.track_id >= 0])
        return table.ordered(), identities, names_beside(file)
    found = read_result(file, zero_based=zero_based)
    return _table(found), found.identities, found.names


def _table(found: ResultFile) -> TrackTable:
    """Return the boxes of a result; classes as in MOT text, whatever the file's format."""
    frames = sorted(found.tracks)
    tables = [found.tracks[frame] for frame in frames]
    if not tables:
        return TrackTable.of([], [], np.zeros((0, 4)))
    frame = np.repeat(np.array(frames, np.int64), [len(table) for table in tables])
    boxes = [table.with_boxes() for table in tables]
    column: Any = {
        name: np.concatenate([getattr(table, name) for table in boxes])
        for name in ("track_id", "xyxy", "score", "class_id")
    }
    kind = class_numbers(column["class_id"])
    return TrackTable.of(frame, column["track_id"], column["xyxy"], column["score"], kind).ordered()


def _stride(table: TrackTable) -> tuple[int, int]:
    frames = np.unique(table.frame)
    if len(frames) < _FEW:
        return 1, 0
    every = max(1, int(np.gcd.reduce(np.diff(frames))))
    return every, int(frames[0]) % every


def _doubts(file: Path, table: TrackTable, clip: EditClip) -> list[str]:
    """Return why a result may be another video's."""
    doubts = []
    size = f"{clip.width}x{clip.height}"
    last = int(table.frame.max(initial=-1)) + 1
    if last > clip.frames:
        doubts.append(f"{file}: goes to frame {last}, but {clip.path} has {clip.frames}")
    boxes = table.xyxy
    outside = (boxes[:, :2] >= (clip.width, clip.height)).any(axis=1) | (boxes[:, 2:] <= 0).any(axis=1)
    if outside.sum() > _OUTSIDE * len(boxes):
        doubts.append(f"{file}: {outside.sum()} of {len(boxes)} boxes lie outside the {size} picture of {clip.path}")
    stated, width, height, rate = _stated(file)
    if width and height and (width, height) != (clip.width, clip.height):
        doubts.append(f"{stated}: says that a video of {width}x{height} was tracked, but {clip.path} has {size}")
    if rate and abs(rate - clip.frame_rate) > _RATE * clip.frame_rate:
        doubts.append(f"{stated}: says {rate:g} frames per second, but {clip.path} has {clip.frame_rate:g}")
    return doubts


def _stated(file: Path) -> tuple[Path, int | None, int | None, float | None]:
    """Return what lies beside a result and says of which video it is: the file, width, height, frame rate."""
    summary = file.with_suffix(".summary.json")
    if summary.is_file():
        said = read_json(summary)
        if isinstance(said, dict):
            width, height, rate = (said.get(name) for name in ("width", "height", "frame_rate"))
            size = (width, height) if isinstance(width, int) and isinstance(height, int) else (None, None)
            return summary, *size, float(rate) if isinstance(rate, (int, float)) else None
    recording = file.with_suffix(".npz")
    if recording.is_file():
        info = Recording(recording).info
        return recording, info.width, info.height, info.source_rate
    if file.parent.name == "gt" and (root := file.parent.parent / "seqinfo.ini").is_file():
        sequence = read_sequence_info(root.parent)
        return root, sequence.width, sequence.height, sequence.frame_rate
    return file, None, None, None
