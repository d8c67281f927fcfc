"""Tracks in a compact form that is read in pages: rows of fixed size, appended frame by frame.

``rows.bin`` has the boxes and ``frames.bin`` an entry for each frame: its number, its time, and where its rows begin. A
page is read by its place, whatever the length of the whole, also while the job still writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROW = np.dtype(
    [("frame", "<i4"), ("id", "<i8"), ("xyxy", "<f4", 4), ("score", "<f4"), ("class", "<i4"), ("pitch", "<f4", 2)]
)
FRAME = np.dtype([("frame", "<i4"), ("time", "<f8"), ("first", "<i8"), ("count", "<i4")])
COLUMNS = ("frame", "id", "x1", "y1", "x2", "y2", "score", "class", "pitch_x", "pitch_y")
_PIECE = 1000  # rows
_EVEN = 2e-3  # seconds
MOST_FRAMES = 5000
"""Frames of one page."""


class TrackFileWriter:
    """Writes the tracks of a job.

    Args:
        folder: it is made, and what is in it replaced.
        about: frame rate, width, height and names of the classes.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._first = folder, 0
        self._rows: RawIOBase = (folder / "rows.bin").open("wb", buffering=0)
        self._frames: RawIOBase = (folder / "frames.bin").open("wb", buffering=0)
        self._waiting: tuple[list[bytes], list[bytes]] = ([], [])
        self.describe(about)

    def describe(self, about: Mapping[str, Any]) -> None:
        """Write what is known of the whole."""
        (self._folder / "about.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")

    def add(self, frame: int, time: float, rows: NDArray[np.void]) -> None:
        """Add a frame, counted from 0, with rows of the kind `ROW`."""
        entry = np.array([(frame, time, self._first, len(rows))], FRAME)
        self._first += len(rows)
        self._waiting[0].append(rows.tobytes())
        self._waiting[1].append(entry.tobytes())
        if len(self._waiting[1]) >= 25:
            self.flush()

    def flush(self) -> None:
        """Write what waits: the rows first, so that no frame points at rows that are not there."""
        for file, parts in zip((self._rows, self._frames), self._waiting, strict=True):
            data = memoryview(b"".join(parts))
            while data:
                data = data[file.write(data) or 0 :]
            parts.clear()

    def close(self) -> None:
        """Write the rest and close the files."""
        try:
            self.flush()
        finally:
            self._rows.close()
            self._frames.close()

    def __enter__(self) -> TrackFileWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def rows_of(frame: int, ids: Any, xyxy: Any, score: Any, classes: Any, pitch: Any = None) -> NDArray[np.void]:
    """Return the rows of one frame, counted from 0; places on the pitch are NaN where there are none."""
    rows = np.zeros(len(ids), ROW)
    rows["frame"], rows["id"], rows["xyxy"], rows["score"], rows["class"] = frame, ids, xyxy, score, classes
    rows["pitch"] = np.nan if pitch is None else pitch
    return rows


def write_table(folder: Path, about: Mapping[str, Any], frame: Any, ids: Any, xyxy: Any, score: Any, classes: Any,
                frame_rate: float) -> None:  # fmt: skip
    """Write a whole table of tracks at once; times follow from the frame rate."""
    order = np.argsort(frame, kind="stable")
    frame = np.asarray(frame)[order]
    rows = rows_of(
        0, np.asarray(ids)[order], np.asarray(xyxy)[order], np.asarray(score)[order], np.asarray(classes)[order]
    )
    rows["frame"] = frame
    numbers, first, count = np.unique(frame, return_index=True, return_counts=True)
    entries = np.zeros(len(numbers), FRAME)
    entries["frame"], entries["time"] = numbers, numbers / frame_rate
    entries["first"], entries["count"] = first, count
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.bin").write_bytes(rows.tobytes())
    (folder / "frames.bin").write_bytes(entries.tobytes())
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def read_page(folder: Path, first: int, last: int | None) -> dict[str, Any] | None:
    """Return a page of tracks as the interface has it; None if the job has no tracks.

    ``times`` has the time of every frame of the whole in the first page, and is null where the frame rate says them.

    Args:
        folder: of a `TrackFileWriter`.
        first: frame, counted from 1.
        last: frame, counted from 1; None is `MOST_FRAMES` later.
    """
    found = _page(folder, first, last)
    return None if found is None else found[0] | {"rows": _plain(found[1])}


def page_text(folder: Path, first: int, last: int | None) -> Iterator[str] | None:
    """Return the same as pieces of JSON, each made in a few milliseconds, so that other requests come in between."""
    found = _page(folder, first, last)
    return None if found is None else _pieces(*found)


def _pieces(head: Mapping[str, Any], boxes: NDArray[np.void]) -> Iterator[str]:
    yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "rows": ['
    for begin in range(0, len(boxes), _PIECE):
        text = json.dumps(_plain(boxes[begin : begin + _PIECE]), separators=(",", ":"))
        yield f"{',' if begin else ''}{text[1:-1]}"
    yield "]}"


def _page(folder: Path, first: int, last: int | None) -> tuple[dict[str, Any], NDArray[np.void]] | None:
    """Return what is known of the whole, and the rows of a page."""
    if not (folder / "about.json").is_file():
        return None
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    frames = _mapped(folder / "frames.bin", FRAME)
    rows = _mapped(folder / "rows.bin", ROW)
    frames = frames[: np.searchsorted(frames["first"] + frames["count"], len(rows), side="right")]
    total = int(frames["frame"][-1]) + 1 if len(frames) else 0
    last = first + MOST_FRAMES - 1 if last is None else min(last, first + MOST_FRAMES - 1)
    begin, end = np.searchsorted(frames["frame"], [first - 1, last])
    page = frames[begin:end]
    boxes = rows[page["first"][0] : page["first"][-1] + page["count"][-1]] if len(page) else rows[:0]
    head = {
        "frames_total": max(total, int(about.get("frames") or 0)),
        "frame_rate": about["frame_rate"],
        "width": about["width"],
        "height": about["height"],
        "names": about.get("names", {}),
        "pitch": about.get("pitch"),
        "first": first,
        "last": min(last, max(total, first)),
        "times": _times(frames, total, float(about["frame_rate"])) if first == 1 else None,
        "columns": list(COLUMNS),
        "identities": [
            one | {"first_frame": one["first_frame"] + 1, "last_frame": one["last_frame"] + 1}
            for one in about.get("identities", [])
        ],
    }
    return head, boxes


def _times(frames: NDArray[np.void], total: int, frame_rate: float) -> list[float] | None:
    """Return the time of each frame, those between two that were tracked by their neighbours; None where even."""
    numbers = np.arange(total)
    times = np.interp(numbers, frames["frame"], frames["time"]) if len(frames) else numbers / frame_rate
    return None if np.abs(times - numbers / frame_rate).max(initial=0) < _EVEN else np.round(times, 6).tolist()


def _plain(boxes: NDArray[np.void]) -> list[list[Any]]:
    """Return rows for JSON: places rounded to what a picture shows, and null where there is no place."""
    xyxy = np.round(boxes["xyxy"].astype(float), 2)
    score = np.round(boxes["score"].astype(float), 4)
    columns: list[list[Any]] = [(boxes["frame"] + 1).tolist(), boxes["id"].tolist(), *xyxy.T.tolist(), score.tolist()]
    columns.append(boxes["class"].tolist())
    for axis in (0, 1):
        place = boxes["pitch"][:, axis].astype(float)
        columns.append([None if value != value else round(value, 2) for value in place.tolist()])
    return [list(row) for row in zip(*columns, strict=True)]


def _mapped(path: Path, kind: np.dtype[Any]) -> NDArray[np.void]:
    count = path.stat().st_size // kind.itemsize if path.is_file() else 0
    if not count:
        return np.zeros(0, kind)
    return np.memmap(path, kind, "r", shape=(count,))
