"""Where tracks go: MOT and MOTS text, JSON lines, CSV, COCO results; video is written by `sportstrack.video`.

Every sink writes under a temporary name. `finish` completes the file there, `abandon` keeps what was written so far,
readable; `sportstrack.track.outputs` gives the files their names when all are complete. Boxes are the smoothed
ones where a frame's tracks have any (`Tracks.with_boxes`).
"""

from __future__ import annotations

import csv
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sportstrack.boxes import xyxy_to_tlwh
from sportstrack.classes import mots_classes
from sportstrack.files.claim import PartFile
from sportstrack.files.text import TextFile
from sportstrack.identities.table import ATTRIBUTES
from sportstrack.mot import format_mot_rows
from sportstrack.mots import format_mots_rows
from sportstrack.track.frames import PITCH_COLUMNS, TrackedFrame


class Sink(Protocol):
    """An output file; `path` is its name."""

    path: Path

    @property
    def file(self) -> PartFile:
        """The file under its temporary name."""
        ...

    def write(self, frame: TrackedFrame) -> None:
        """Add a frame."""
        ...

    def finish(self) -> None:
        """Complete the file under its temporary name."""
        ...

    def abandon(self) -> None:
        """Keep what was written so far under the temporary name."""
        ...


class _TextSink(ABC):
    """What the text formats share: a temporary file, and clear errors for a full disk."""

    suffix = ""
    header = ""

    def __init__(self, path: Path, names: Mapping[int, str], *, pitch: bool = False, with_who: bool = False) -> None:
        self.path = path
        self.names = names
        self.pitch = pitch  # whether places on the pitch are written
        self.with_who = with_who  # whether it is written who a track is
        self.file = TextFile(path)
        self.file.append(self.head())

    def head(self) -> str:
        """Return the file's first line; "" without one."""
        return self.header

    def write(self, frame: TrackedFrame) -> None:
        """Add a frame."""
        self.file.append(self.lines(frame))

    @abstractmethod
    def lines(self, frame: TrackedFrame) -> str:
        """Return the frame's text."""

    def finish(self) -> None:
        """Complete the file under its temporary name."""
        self.abandon()

    def abandon(self) -> None:
        """Keep what was written so far under the temporary name."""
        self.file.close()


class MotSink(_TextSink):
    """MOTChallenge text: ``frame, id, left, top, width, height, score, class, -1, -1``, frames and classes from 1."""

    suffix = ".txt"
    with_class = True  # False writes -1 for every class

    def lines(self, frame: TrackedFrame) -> str:
        """Return the frame's rows."""
        return format_mot_rows(frame.index, frame.tracks, with_class=self.with_class)


class CsvSink(_TextSink):
    """One row per box with a header: frame from 0, seconds, id, class, score, corners in pixels, detection row.

    With places on the pitch three columns more: x, y and error in metres, empty where they are not known.
    """

    suffix = ".csv"
    header = "frame,time,track_id,class_id,class,score,x1,y1,x2,y2,detection\n"

    def head(self) -> str:
        """Return the names of the columns."""
        more = (*(PITCH_COLUMNS if self.pitch else ()), *(ATTRIBUTES if self.with_who else ()))
        return self.header.rstrip("\n") + "".join(f",{name}" for name in more) + "\n"

    def lines(self, frame: TrackedFrame) -> str:
        """Return the frame's rows."""
        tracks, rows = frame.tracks.with_boxes(), []
        places = pitch_places(frame) if self.pitch else None
        for i in range(len(tracks)):
            class_id = int(tracks.class_id[i])
            corners = ",".join(f"{v:.2f}" for v in tracks.xyxy[i])
            rows.append(
                f"{frame.index},{frame.time:.6f},{tracks.track_id[i]},{class_id},{self._name(class_id)},"
                f"{tracks.score[i]:.4f},{corners},{tracks.detection[i]}"
            )
            if places is not None:
                rows[-1] += "".join(f",{'' if v is None else v}" for v in places[i])
            rows[-1] += self._who(frame, int(tracks.track_id[i])) + "\n"
        return "".join(rows)

    def _who(self, frame: TrackedFrame, track: int) -> str:
        """Return the columns that say who a track is, with a comma before each."""
        if not self.with_who:
            return ""
        one = frame.identities.get(track)
        return "".join("," if one is None else f",{_cell(getattr(one, name))}" for name in ATTRIBUTES)

    def _name(self, class_id: int) -> str:
        return _cell(self.names.get(class_id, str(class_id)))


def _cell(text: str) -> str:
    """Return a text as a cell of CSV."""
    if not any(c in text for c in ',"\n\r'):
        return text
    import io

    quoted = io.StringIO()
    csv.writer(quoted, lineterminator="").writerow([text])
    return quoted.getvalue()


class JsonLinesSink(_TextSink):
    """One JSON object per frame, also without tracks; masks are COCO's run lengths as text.

    A track without a mask in a frame of masks has null. Key points are [x, y, score].
    """

    suffix = ".jsonl"

    def lines(self, frame: TrackedFrame) -> str:
        """Return the frame's object as one line."""
        frame = replace(frame, tracks=frame.tracks.with_boxes())
        masks = masks_of(frame)
        record: dict[str, Any] = {
            "frame": frame.index,
            "time": round(frame.time, 6),
            "tracks": [self._track(frame, i) | masks[i] for i in range(len(frame.tracks))],
        }
        if self.pitch:
            for track, numbers in zip(record["tracks"], pitch_places(frame), strict=True):
                track |= dict(zip(PITCH_COLUMNS, numbers, strict=True))
        return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"

    def _track(self, frame: TrackedFrame, i: int) -> dict[str, Any]:
        tracks, detections = frame.tracks, frame.detections
        class_id, row = int(tracks.class_id[i]), int(tracks.detection[i])
        record: dict[str, Any] = {
            "id": int(tracks.track_id[i]),
            "class_id": class_id,
            "class": self.names.get(class_id, str(class_id)),
            "score": round(float(tracks.score[i]), 4),
            "box": [round(float(v), 2) for v in tracks.xyxy[i]],
            "detection": row,
        }
        if row >= 0 and detections.keypoints is not None:
            record["keypoints"] = [[round(float(v), 3) for v in point] for point in detections.keypoints[row]]
        if self.with_who:
            one = frame.identities.get(record["id"])
            record |= {name: "" if one is None else getattr(one, name) for name in ATTRIBUTES}
        return record


def pitch_places(frame: TrackedFrame) -> list[list[float | None]]:
    """Return x, y and error of each track in metres, to a centimetre; None where they are not known."""
    table = np.column_stack([frame.pitch_xy, frame.pitch_error])
    return [[round(v, 2) if math.isfinite(v) else None for v in row] for row in table.tolist()]


def masks_of(frame: TrackedFrame) -> list[dict[str, Any]]:
    """Return ``{"mask": COCO's run lengths}`` of each track, None without one; {} in a frame without masks."""
    masks, rows = frame.detections.mask, frame.tracks.detection
    if masks is None:
        return [{} for _ in range(len(rows))]
    texts = [*masks.to_coco(), None]  # the last one for coasting and interpolated boxes, whose row is −1
    return [{"mask": texts[row]} for row in rows.tolist()]


class MotsSink(_TextSink):
    """MOTS text (`sportstrack.mots`), frames from 1; the file is left out where no mask came.

    A pixel of several masks is left to the detection with the best score, among equal ones to the nearest, whose box
    ends lowest.
    """

    suffix = ".mots.txt"

    def __init__(self, path: Path, names: Mapping[int, str], **_: bool) -> None:
        super().__init__(path, names)
        self._classes = mots_classes(names)
        self._is_empty = True
        self.warnings: list[str] = []

    def lines(self, frame: TrackedFrame) -> str:
        """Return the frame's rows."""
        masks, tracks = frame.detections.mask, frame.tracks.with_boxes()
        if masks is None:
            return ""
        self._is_empty &= not masks.has.any()
        tracks = tracks[np.flatnonzero(tracks.detection >= 0)]
        tracks = tracks[np.lexsort((-tracks.xyxy[:, 3], -tracks.score))]
        kinds = np.array([self._classes.get(one, one + 1) for one in tracks.class_id.tolist()], np.int64)
        return format_mots_rows(frame.index + 1, tracks.track_id, kinds, masks[tracks.detection], tracks.score)

    def finish(self) -> None:
        """Complete the file under its temporary name, or remove it."""
        super().finish()
        if self._is_empty:
            self.warnings = ["MOTS text was left out: the detections have no masks"]
            self.file.part.unlink(missing_ok=True)


class CocoSink(_TextSink):
    """COCO results with ``track_id``: ``image_id`` and ``category_id`` count from 1; masks are run lengths as text."""

    suffix = ".coco.json"
    header = "["
    _is_first = True  # entry of the file

    def lines(self, frame: TrackedFrame) -> str:
        """Return the frame's entries, each on a line of its own."""
        tracks, found = frame.tracks.with_boxes(), []
        for row, (mask, box) in enumerate(zip(masks_of(frame), xyxy_to_tlwh(tracks.xyxy), strict=True)):
            entry = {
                "image_id": frame.index + 1,
                "category_id": int(tracks.class_id[row]) + 1,
                "bbox": [round(side, 2) for side in box.tolist()],
                "score": round(float(tracks.score[row]), 4),
                "track_id": int(tracks.track_id[row]),
            }
            if mask.get("mask") is not None:
                entry["segmentation"] = mask["mask"]
            found.append(json.dumps(entry, separators=(",", ":")))
        text = "".join(f",\n{entry}" for entry in found)
        first, self._is_first = self._is_first, self._is_first and not found
        return text[1:] if first else text

    def abandon(self) -> None:
        """Close the list, so that what was written so far can be read."""
        self.file.append("\n]\n")
        super().abandon()


TEXT_SINKS: dict[str, type[_TextSink]] = {
    "mot": MotSink,
    "mots": MotsSink,
    "jsonl": JsonLinesSink,
    "csv": CsvSink,
    "coco": CocoSink,
}
"""Format name → sink."""
