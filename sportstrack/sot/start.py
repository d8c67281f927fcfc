"""Where to start following an object: a box given in words, in a file, or drawn in a window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from sportstrack.errors import FormatError, SettingError
from sportstrack.files.reading import read_text
from sportstrack.images.encode import encode_image
from sportstrack.mot import read_mot
from sportstrack.types import FloatArray, Image


def parse_box(text: str) -> FloatArray:
    """Return (4,) ``xyxy`` of the text ``x,y,w,h``; SettingError if it is not four numbers."""
    try:
        x, y, w, h = (float(part) for part in text.replace(" ", "").split(","))
    except ValueError:
        raise SettingError(f"--init {text}: expected four numbers x,y,w,h, such as 640,300,40,90") from None
    return np.array([x, y, x + w, y + h])


def read_start(path: Path, track_id: int | None, start: int | None) -> tuple[int, FloatArray]:
    """Read the frame, from 0, and the (4,) ``xyxy`` box to start from: from MOT text, or from OTB's or VOT's rows.

    Args:
        path: the file. Without an id, rows of 4 (left, top, width, height) or 8 values (a polygon) are OTB's or VOT's.
        track_id: the track whose box it is.
        start: the frame; None is the track's first.

    Raises:
        FormatError: if the file cannot be read.
        SettingError: if the id is missing in the file or in that frame, or is not given and there are several.
    """
    first = read_text(path).strip().splitlines()[:1]
    if not first:
        raise FormatError(f"{path}: is empty")
    if track_id is None and len(first[0].replace(",", " ").split()) in (4, 8):
        return start or 0, _plain_box(path, start or 0)
    table = read_mot(path, identities=False)
    ids = np.unique(table.track_id)
    some = ", ".join(map(str, ids[:20].tolist())) + (", …" if len(ids) > 20 else "")
    if track_id is None:
        if len(ids) != 1:
            raise SettingError(f"{path}: holds {len(ids)} tracks; choose one with --id (it has: {some})")
        track_id = int(ids[0])
    rows = table[table.track_id == track_id]
    if not len(rows):
        raise SettingError(f"{path}: no id {track_id} in it (it has: {some})")
    frame = int(rows.frame.min()) if start is None else start
    at = rows.xyxy[rows.frame == frame]
    if not len(at):
        there = f"{int(rows.frame.min())} to {int(rows.frame.max())}"
        raise SettingError(f"{path}: id {track_id} is not in frame {frame} (counted from 0; it is in {there})")
    return frame, at[0]


def _plain_box(path: Path, row: int) -> FloatArray:
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    if row >= len(lines):
        raise SettingError(f"{path}: has no row for frame {row}; it has {len(lines)} rows")
    try:
        values = np.array([float(v) for v in lines[row].replace(",", " ").split()])
    except ValueError:
        raise FormatError(f"{path}, row {row + 1}: expected numbers, got {lines[row]!r}") from None
    if len(values) == 8:
        corners = values.reshape(4, 2)
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    if len(values) != 4:
        raise FormatError(f"{path}, row {row + 1}: expected 4 or 8 numbers, got {len(values)}")
    return np.concatenate([values[:2], values[:2] + values[2:]])


_WINDOW = """
import sys, cv2, numpy
image = cv2.imdecode(numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8), cv2.IMREAD_COLOR)
print(*cv2.selectROI(sys.argv[1], image))
"""


def select_box(image: Image) -> FloatArray:
    """Let the user draw a box in a window and return it as (4,) ``xyxy``.

    Raises:
        SettingError: if no window can be opened, or nothing was drawn.
    """
    # Without a display, OpenCV's window library ends the whole process instead of raising.
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SettingError("--select: there is no display to open a window on; give the box with --init x,y,w,h")
    # A process of its own: with the video reader's X libraries loaded, OpenCV waits for a window that never appears.
    command = [sys.executable, "-c", _WINDOW, "Draw a box, then press Enter (c cancels)"]
    done = subprocess.run(command, input=encode_image(image), stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SettingError("--select: no window can be opened here; give the box with --init x,y,w,h")
    x, y, w, h = map(float, done.stdout.split()[-4:])
    if not (w and h):
        raise SettingError("--select: no box was drawn")
    return np.array([x, y, x + w, y + h], dtype=np.float64)
