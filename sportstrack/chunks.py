"""Frames of a recording, and the columns that a chunk of them is stored as; `sportstrack.recording` says which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sportstrack.bystanders import Bystanders, set_aside
from sportstrack.errors import FormatError
from sportstrack.masks.table import Masks
from sportstrack.types import Detections, FloatArray, Tracks


@dataclass(frozen=True)
class RecordedFrame:
    """One frame of a recording.

    Attributes:
        index: number of the frame in its source, from 0.
        time: seconds since the first frame.
        detections: the boxes found, exactly as the tracker saw them.
        camera: (2, 3) affine, previous frame's pixels to this one's, or None.
        cut_confidence: how surely another shot begins with this frame, 0 (it does not) to 1.
        tracks: the run's result, as its files show it; None where it was not recorded. A replay makes its own.
        bystanders: the people off the field, whom the tracker did not see; None where no field was found or looked for.
    """

    index: int
    time: float
    detections: Detections
    camera: FloatArray | None = None
    cut_confidence: float = 0.0
    tracks: Tracks | None = None
    bystanders: Bystanders | None = None


def pack(frames: list[RecordedFrame]) -> dict[str, Any]:
    """Return the columns of some frames; FormatError if only some of them have embeddings or key points."""
    tables = [frame.detections if frame.bystanders is None else _whole(frame, frames) for frame in frames]
    columns: dict[str, Any] = {
        "index": np.array([frame.index for frame in frames], np.int64),
        "time": np.array([frame.time for frame in frames], np.float64),
        "count": np.array([len(table) for table in tables], np.int64),
        "xyxy": np.concatenate([table.xyxy for table in tables]),
        "score": np.concatenate([table.score for table in tables]),
        "class_id": np.concatenate([table.class_id for table in tables]),
    }
    for name in ("embedding", "keypoints"):
        parts = [getattr(table, name) for table in tables if len(table)]
        if any(part is not None for part in parts):
            columns[name] = _joined(parts, name)
    for name in _EVIDENCE:
        if any(getattr(table, name) is not None for table in tables):
            columns[name] = _evidence(tables, name)
    columns |= _mask_columns(tables)
    if any(frame.camera is not None for frame in frames):
        unknown = np.full((2, 3), np.nan)
        columns["camera"] = np.stack([unknown if frame.camera is None else frame.camera for frame in frames])
    if any(frame.cut_confidence for frame in frames):
        columns["cut"] = np.array([frame.cut_confidence for frame in frames], np.float64)
    if all(frame.tracks is not None for frame in frames):
        results = [frame.tracks for frame in frames if frame.tracks is not None]
        columns["tracks"] = np.array([len(table) for table in results], np.int64)
        for column, name in _TRACK_COLUMNS.items():
            columns[column] = np.concatenate([getattr(table, name) for table in results])
    if any(frame.bystanders is not None for frame in frames):
        columns["field"] = np.array([frame.bystanders is not None for frame in frames], np.uint8)
        counts = [np.ones(len(f.detections)) if f.bystanders is None else f.bystanders.counts for f in frames]
        columns["on_pitch"] = np.concatenate(counts).astype(np.uint8)
    return columns


_TRACK_COLUMNS = {
    "track_xyxy": "xyxy",
    "track_score": "score",
    "track_class": "class_id",
    "track_id": "track_id",
    "track_detection": "detection",
}


def _whole(frame: RecordedFrame, frames: list[RecordedFrame]) -> Detections:
    """Return a frame's table with its bystanders; embeddings have the width that those of the other frames have."""
    assert frame.bystanders is not None
    table = frame.bystanders.join(frame.detections)
    widths = [f.detections.embedding.shape[1] for f in frames if f.detections.embedding is not None]
    if not widths or (table.embedding is not None and table.embedding.shape[1] == max(widths)):
        return table
    return replace(table, embedding=np.zeros((len(table), max(widths)), np.float32))


def _joined(parts: list[Any], name: str) -> Any:
    if any(part is None for part in parts):
        raise FormatError(f"recording: some frames have {name} and some have none; expected all or none")
    return np.concatenate(parts)


_EVIDENCE = ("team_evidence", "number_votes", "kit_colours")  # whose zeros are no evidence


def _evidence(tables: list[Detections], name: str) -> Any:
    """Return (ΣN, G) the evidence on all detections; zeros in frames that have none."""
    columns = [getattr(table, name) for table in tables]
    widths = {column.shape[1] for column in columns if column is not None}
    if len(widths) > 1:
        raise FormatError(f"recording: expected {name} of one width in every frame, got {sorted(widths)}")
    none = [np.zeros((len(table), max(widths)), np.float32) for table in tables]
    return np.concatenate([n if column is None else column for column, n in zip(columns, none, strict=True)])


def _mask_columns(tables: list[Detections]) -> dict[str, Any]:
    """Return the masks of all detections as run lengths; no columns where there are none."""
    given = [table.mask for table in tables if len(table)]
    some = [masks for masks in given if masks is not None]
    if not some:
        return {}
    shapes = {masks.shape for masks in some if masks.has.any()} or {some[0].shape}
    if len(shapes) > 1:
        raise FormatError(f"recording: expected masks of one size in every frame, got {sorted(shapes)[:3]}")
    shape = shapes.pop()
    parts = [Masks.empty(shape, len(table)) if table.mask is None else table.mask for table in tables if len(table)]
    return {
        "mask_shape": np.array(shape, np.int64),
        "mask_runs": np.concatenate([np.diff(masks.offsets) for masks in parts]).astype(np.uint32),
        "mask_counts": np.concatenate([masks.counts for masks in parts]),
    }


def _masks_of(columns: dict[str, Any], rows: slice) -> Any:
    """Return the masks of some detections: run lengths, or filled out of the packed bits of an older recording."""
    height, width = (int(side) for side in columns["mask_shape"])
    if "mask" in columns:
        bits = np.unpackbits(columns["mask"][rows], axis=1, count=height * width)
        return bits.astype(np.bool_).reshape(-1, height, width)
    offsets = columns["mask_offsets"][rows.start : rows.stop + 1]
    counts = columns["mask_counts"][offsets[0] : offsets[-1]].copy()  # a view would keep the whole chunk in memory
    return Masks((height, width), counts, offsets - offsets[0])


def unpack(columns: dict[str, Any]) -> Iterator[RecordedFrame]:
    """Yield the frames of a chunk from its checked columns; SettingError as of `Tracks`."""
    ends = np.cumsum(columns["count"])
    if "mask_runs" in columns:
        columns["mask_offsets"] = np.concatenate(([0], np.cumsum(columns["mask_runs"])))
    tracks = _tracks_of(columns) if "tracks" in columns else None
    for f, (end, count) in enumerate(zip(ends, columns["count"], strict=True)):
        rows = slice(int(end - count), int(end))
        optional: dict[str, Any] = {
            n: columns[n][rows] for n in ("embedding", "keypoints", *_EVIDENCE) if n in columns and count
        }
        if "mask_shape" in columns and count:
            optional["mask"] = _masks_of(columns, rows)
        xyxy, score = (columns[n][rows].astype(np.float64) for n in ("xyxy", "score"))
        table = Detections(xyxy, score, columns["class_id"][rows], **optional)
        camera = columns["camera"][f].astype(np.float64) if "camera" in columns else None
        known = camera is not None and np.isfinite(camera).all()
        cut = float(columns["cut"][f]) if "cut" in columns else 0.0
        bystanders = None
        if "field" in columns and columns["field"][f]:
            table, bystanders = set_aside(table, columns["on_pitch"][rows])
        index, time = int(columns["index"][f]), float(columns["time"][f])
        result = None if tracks is None else tracks[f]
        yield RecordedFrame(index, time, table, camera if known else None, cut, result, bystanders)


def _tracks_of(columns: dict[str, Any]) -> list[Tracks]:
    """Return the tracks of each frame of a chunk.

    Raises:
        SettingError: an id twice in a frame.
    """
    ends = np.cumsum(columns["tracks"])
    rows = [slice(int(end - count), int(end)) for end, count in zip(ends, columns["tracks"], strict=True)]
    whole = {name: columns[column] for column, name in _TRACK_COLUMNS.items()}
    whole["xyxy"], whole["score"] = (whole[name].astype(np.float64) for name in ("xyxy", "score"))
    return [Tracks(**{name: column[one] for name, column in whole.items()}) for one in rows]
