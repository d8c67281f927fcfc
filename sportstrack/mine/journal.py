"""Detections picture by picture, in a file from which a stopped run continues.

A line of JSON per picture; the first line says which detector with which settings. So mining again with other weights
of the losses, or another number of pictures, runs no detector.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from sportstrack.errors import FormatError, OutputError
from sportstrack.files.claim import PartFile, write_text
from sportstrack.files.reading import parse_json, read_text
from sportstrack.kinds import is_kind
from sportstrack.types import Detections


class Journal:
    """The detections of pictures seen so far; use it as a context manager.

    Args:
        path: of the file.
        job: must equal the first line; the lines of another job are dropped.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path, job: Mapping[str, Any]) -> None:
        self.path = path
        first = json.dumps(job, sort_keys=True)
        if not is_journal(path):
            raise OutputError(f"{path}: is no list of detections of this program; move it away or choose another place")
        self._known = _read(path, first)
        try:
            text = "".join(json.dumps(entry) + "\n" for entry in self._known.values())
            write_text(path, f"{first}\n{text}")  # without a line that was cut short
            self._stream = path.open("a", encoding="utf-8")
        except OSError as error:
            raise OutputError(PartFile(path).explain(error)) from error

    def __len__(self) -> int:
        return len(self._known)

    def get(self, picture: str) -> Detections | None:
        """Return the detections of a picture; None if they are not known or the picture has changed since."""
        entry = self._known.get(picture)
        if entry is None or entry["stamp"] != _stamp(picture):
            return None
        return Detections.from_arrays(entry["xyxy"], entry["score"], entry["class_id"])

    def put(self, picture: str, found: Detections) -> Detections:
        """Record detections and return them as a later run will read them; unusable boxes are left out."""
        kept = found if found.valid is None else found[found.valid]
        entry = {
            "picture": picture,
            "stamp": _stamp(picture),
            "xyxy": np.round(kept.xyxy, 2).tolist(),
            "score": np.round(kept.score, 4).tolist(),
            "class_id": kept.class_id.tolist(),
        }
        self._known[picture] = entry
        try:
            self._stream.write(json.dumps(entry) + "\n")
            self._stream.flush()
        except OSError as error:
            raise OutputError(PartFile(self.path).explain(error)) from error
        return Detections.from_arrays(entry["xyxy"], entry["score"], entry["class_id"])

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


def is_journal(path: Path) -> bool:
    """Return whether a file is a journal, or does not exist yet."""
    if not path.exists():
        return True
    try:
        with path.open("rb") as file:
            line = file.readline(1_000_000)
        return not line or {"detector", "file", "settings"} <= json.loads(line).keys()
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def _read(path: Path, first: str) -> dict[str, dict[str, Any]]:
    """Return the sound lines of a journal of the same job: picture → entry. A picture without one is detected again."""
    try:
        lines = read_text(path).split("\n")
    except FormatError:
        return {}
    if lines[0] != first:
        return {}
    # The last one is empty, or was being written when the run stopped.
    found = (_entry(line) for line in lines[1:-1])
    return {entry["picture"]: entry for entry in found if entry is not None}


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = parse_json(line, "")
        rows, score, kind = (np.array(entry[name]) for name in ("xyxy", "score", "class_id"))
        picture, stamp = entry["picture"], entry["stamp"]
    except (FormatError, ValueError, LookupError, TypeError, OverflowError):
        return None
    n = len(kind) if kind.ndim else -1
    shapes = rows.shape == (n, 4) or (n == 0 == rows.size), score.shape == (n,)
    numbers = n == 0 or (rows.dtype.kind in "iuf" and score.dtype.kind in "iuf" and kind.dtype.kind == "i")
    stamped = isinstance(stamp, list) and is_kind(stamp, tuple[int, int])
    sound = all(shapes) and numbers and stamped and isinstance(picture, str)
    return entry if sound and bool(np.isfinite(rows).all() and np.isfinite(score).all() if n else True) else None


def _stamp(picture: str) -> list[int]:
    state = Path(picture).stat()
    return [state.st_size, state.st_mtime_ns]
