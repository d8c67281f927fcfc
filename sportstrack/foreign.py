"""Detections that another program found, as a recording: MOT text, CSV, COCO results, Ultralytics' labels, supervision.

What makes a `Recording` of a run of our own (size, frame rate, names) comes from the caller where a file lacks it.
Frames count from 0 in the tables. A file that has a frame 0 counts from 0; otherwise MOT text, COCO results and
Ultralytics' folders count from 1, tables of CSV and JSON from 0.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import FormatError, SourceError
from sportstrack.files.reading import as_utf8, decode, list_files, parse_json, read_bytes
from sportstrack.limits import MAX_BOXES, MAX_CLASS, MAX_FRAMES
from sportstrack.masks.table import Masks
from sportstrack.mot import class_ids, parse_mot
from sportstrack.recording import RecordedFrame, RecordingInfo
from sportstrack.seqinfo import read_sequence_info
from sportstrack.types import Detections, FloatArray

ASSUMED_RATE = 25.0
FRAMES = ("frame", "frame_index", "frame_id", "frame_number", "frame_idx", "image_id")
CORNERS = (
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"),
)
SIDES = (("left", "top", "width", "height"), ("bb_left", "bb_top", "bb_width", "bb_height"), ("x", "y", "w", "h"),
         ("x", "y", "width", "height"))  # fmt: skip
MIDDLES = (("cx", "cy", "w", "h"), ("x_center", "y_center", "width", "height"))
SCORES = ("score", "confidence", "conf")
CLASS_IDS = ("class_id", "category_id", "cls")
CLASS_NAMES = ("class", "class_name", "label", "name")
_EXPECTED = (
    "expected columns frame, x1, y1, x2, y2 (or left, top, width, height; cx, cy, w, h), score, class_id, class; "
    "only frame and box are needed"
)


@dataclass(eq=False)
class _Rows:
    """(N, 7) frame as in the file, corners, score, class id; where each row stands, for messages."""

    values: FloatArray
    place: Callable[[int], str]
    first: int = 0  # number of the first frame where the file has no frame 0
    names: dict[int, str] = field(default_factory=dict)
    masks: Masks | None = None  # N, of COCO results with run lengths
    told: str = ""  # what was taken for granted


class ForeignDetections:
    """Detections of another program with the methods of a `sportstrack.recording.Recording`.

    Args:
        path: MOT text, ``.csv``, ``.json`` (COCO results, or what supervision's sink writes), or a folder of YOLO
            labels that Ultralytics' ``save_txt`` wrote.
        size: of the pictures, (width, height) in pixels; None takes what ``seqinfo.ini`` says, or what the boxes need.
        frame_rate: frames per second; None takes what ``seqinfo.ini`` says, else 25.
        frames: how many the video has; None takes what ``seqinfo.ini`` says, else the last frame that has boxes.
        first_frame: the number of the first frame in the file, 0 or 1; None is the rule above.

    Attributes:
        path: the file or folder.
        info: what a recording would say of itself.
        warnings: what was taken for granted.
        has_times: False, because such files hold none.

    Raises:
        SourceError: there is no such file.
        FormatError: the file cannot be used; the message says where and why.
    """

    has_times = False

    def __init__(
        self,
        path: str | Path,
        *,
        size: tuple[int, int] | None = None,
        frame_rate: float | None = None,
        frames: int | None = None,
        first_frame: int | None = None,
    ) -> None:
        self.path, self.warnings = Path(path), list[str]()
        if not self.path.exists():
            raise SourceError(f"{path}: no such file; detections are read from MOT text, .csv, .json, .npz or a folder")
        stated = read_sequence_info(self._sequence_folder())
        size = size or stated.size
        rows = _read(self.path, size)
        if rows.told:
            self.warnings.append(rows.told)
        if rows.masks is not None:
            size = _fitting(size, rows.masks, self.path)
        _check(rows, self.path)
        frame = rows.values[:, 0].astype(np.int64)
        first = self._first(frame, rows, first_frame)
        frame = frame - first
        length = int(frame.max(initial=-1)) + 1
        frames = frames or stated.frames
        if frames is not None and length > frames:
            raise FormatError(
                f"{self.path}: has boxes in frame {length - 1 + first}, but there are {frames} frames, counted from "
                f"{first}; is it another video's, or does it count otherwise (--first-frame)?"
            )
        self._length = frames or length
        if size is None:
            size = self._needed(rows.values)
        rate = frame_rate or stated.frame_rate
        if rate is None:
            rate = ASSUMED_RATE
            self.warnings.append(f"{self.path}: states no frame rate: taken for {rate:g} per second (--frame-rate)")
        order = np.argsort(frame, kind="stable")
        self._frame, self._values = frame[order], rows.values[order]
        self._masks = None if rows.masks is None else rows.masks[order]
        self.info = RecordingInfo(stated.name or self._name(), *size, float(rate), rows.names)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[RecordedFrame]:
        ends = np.searchsorted(self._frame, np.arange(self._length + 1))
        for index, (low, high) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
            rows = self._values[low:high]
            masks = None if self._masks is None or low == high else self._masks[low:high]
            table = Detections(rows[:, 1:5], rows[:, 5].copy(), rows[:, 6].astype(np.int64), mask=masks)
            yield RecordedFrame(index, index / self.info.frame_rate, table)

    def _first(self, frame: Any, rows: _Rows, given: int | None) -> int:
        lowest = int(frame.min(initial=MAX_FRAMES)) if len(frame) else 0
        first = given if given is not None else (0 if lowest == 0 else rows.first)
        if len(frame) and lowest < first:
            row = int(frame.argmin())
            raise FormatError(f"{rows.place(row)}: frame {lowest} is before the first one, {first} (--first-frame 0)")
        if given is None and rows.first == 0 and lowest == 1:
            self.warnings.append(
                f"{self.path}: frames are taken to count from 0, the first with boxes is 1 (--first-frame 1)"
            )
        return first

    def _needed(self, values: FloatArray) -> tuple[int, int]:
        far = np.ceil(values[:, 3:5].max(axis=0, initial=16)).astype(int).tolist()
        self.warnings.append(
            f"{self.path}: size of the picture unknown: taken for {far[0]}x{far[1]}, as far as boxes go (--size)"
        )
        return far[0], far[1]

    def _sequence_folder(self) -> Path:
        parent = self.path.absolute().parent
        return parent.parent if parent.name in ("det", "gt") else parent

    def _name(self) -> str:
        if self.path.is_dir():
            folder = self.path.absolute()
            return folder.parent.name if folder.name == "labels" else folder.name
        return self._sequence_folder().name if self.path.absolute().parent.name in ("det", "gt") else self.path.stem


def _fitting(size: tuple[int, int] | None, masks: Masks, path: Path) -> tuple[int, int]:
    """Return the size of the pictures, which is that of their masks."""
    height, width = masks.shape
    if size is not None and size != (width, height):
        raise FormatError(f"{path}: its masks have {width}x{height} pixels, the pictures {size[0]}x{size[1]}")
    return width, height


def _read(path: Path, size: tuple[int, int] | None) -> _Rows:
    if path.is_dir():
        return _yolo(path, size)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv(path)
    if suffix == ".json":
        return _json(path)
    if suffix in (".txt", ".mot"):
        return _mot(path)
    raise FormatError(f"{path}: expected detections as MOT text (.txt), .csv, .json, .npz or a folder of YOLO labels")


def _mot(path: Path) -> _Rows:
    data = as_utf8(read_bytes(path), str(path))
    table = parse_mot(data, name=str(path), identities=False, zero_based=True)
    lines = [
        n for n, line in enumerate(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1) if line.strip()
    ]
    score = np.ones(len(table)) if (table.score == -1).all() else table.score
    kind = np.maximum(class_ids(table.class_id), 0)
    values = np.column_stack([table.frame, table.xyxy, score, kind])
    return _Rows(values, lambda row: f"{path}, line {lines[row]}", first=1)


def _csv(path: Path) -> _Rows:
    reader = csv.reader(io.StringIO(decode(read_bytes(path), str(path))))
    header = [cell.strip().lower() for cell in next(reader, [])]
    columns, wanted = _columns(header, f"{path}, line 1")
    lines: list[int] = []
    cells: list[list[Any]] = []
    for row in reader:
        if any(cell.strip() for cell in row):
            lines.append(reader.line_num)
            cells.append([row[at].strip() if at is not None and at < len(row) else "" for at in wanted])
    return _table(cells, columns, lambda row: f"{path}, line {lines[row]}")


def _json(path: Path) -> _Rows:
    found = parse_json(read_bytes(path), str(path))
    if isinstance(found, dict) and "annotations" in found:
        raise FormatError(f"{path}: is a COCO data set; expected COCO results, a list of image_id, bbox, score")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise FormatError(f"{path}: expected a list of objects, as COCO results and supervision's JSON sink have it")

    def place(row: int) -> str:
        return f"{path}, entry {row + 1}"

    if found and "bbox" in found[0]:
        return _coco(found, place)
    header = list(dict.fromkeys(key for one in found for key in one))
    lowered = [str(key).strip().lower() for key in header]
    if not found:
        return _Rows(np.empty((0, 7)), place)
    columns, wanted = _columns(lowered, f"{path}, entry 1")
    cells = [["" if at is None or one.get(header[at]) is None else one[header[at]] for at in wanted] for one in found]
    return _table(cells, columns, place)


def _coco(found: Sequence[Mapping[str, Any]], place: Callable[[int], str]) -> _Rows:
    rows = []
    for row, one in enumerate(found):
        box = one.get("bbox")
        if not isinstance(box, list) or len(box) != 4:
            raise FormatError(f"{place(row)}: bbox: expected [left, top, width, height], got {box!r}"[:300])
        cells = [one.get("image_id"), *box, one.get("score", 1.0), one.get("category_id", 0)]
        rows.append([_number(cell, place(row), _COCO[at]) for at, cell in enumerate(cells)])
    values = np.array(rows, np.float64).reshape(-1, 7)
    values[:, 3:5] += values[:, 1:3]
    coded = [mask if isinstance(mask := one.get("segmentation"), dict) else None for one in found]  # polygons are left
    masks = Masks.from_coco(coded, place) if any(mask is not None for mask in coded) else None
    return _Rows(values, place, first=1, masks=masks)


_COCO = ("image_id", "bbox", "bbox", "bbox", "bbox", "score", "category_id")


def _yolo(folder: Path, size: tuple[int, int] | None) -> _Rows:
    files = list_files(folder, {".txt"}) or list_files(folder / "labels", {".txt"})
    files = [file for file in files if file.name not in ("classes.txt", "labels.txt")]
    if not files:
        raise FormatError(f"{folder}: no NAME_1.txt … in this folder; expected labels of Ultralytics' save_txt")
    if size is None:
        raise FormatError(f"{folder}: labels are shares of the picture; give its size (--size 1280x720), or the video")
    rows, places, widest = [], [], 0
    for file in files:
        number = re.search(r"(\d+)$", file.stem)
        if number is None:
            raise FormatError(f"{file}: its name does not end in a frame number, as Ultralytics' NAME_12.txt does")
        for line, text in enumerate(decode(read_bytes(file), str(file)).splitlines(), 1):
            cells = text.split()
            if not cells:
                continue
            place = f"{file}, line {line}"
            if not 5 <= len(cells) <= 7:
                raise FormatError(f"{place}: {len(cells)} numbers; expected class, cx, cy, w, h, perhaps score and id")
            widest = max(widest, len(cells))
            kind, cx, cy, w, h, score = (_number(cell, place, "a cell") for cell in [*cells, "1"][:6])
            if max(abs(cx), abs(cy), w, h) > 2:
                raise FormatError(
                    f"{place}: expected shares of the picture from 0 to 1, got {text[:60]!r}; is it in pixels?"
                )
            rows.append([int(number.group(1)), cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score, kind])
            places.append(place)
    values = np.array(rows, np.float64).reshape(-1, 7)
    values[:, 1:5] *= (*size, *size)
    last, told = values[:, 5], ""
    if widest == 6 and (last > 1).any() and (last == last.round()).all():  # written without save_conf=True
        told = (
            f"{folder}: the last number of a row is taken for an id; there are no scores, so each is 1 (save_conf=True)"
        )
        values[:, 5] = 1.0
    return _Rows(values, lambda row: places[row], first=1, told=told)


# --- tables with named columns ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Columns:
    box: str  # corners, sides or middle
    named: tuple[str, ...]


def _columns(header: Sequence[str], place: str) -> tuple[_Columns, list[int | None]]:
    """Return how boxes are written, and the places of frame, box, score, class id and class name in a row."""

    def at(known: Sequence[str]) -> int | None:
        return next((header.index(name) for name in known if name in header), None)

    frame = at(FRAMES)
    for kind, forms in (("corners", CORNERS), ("middle", MIDDLES), ("sides", SIDES)):
        if (box := next((form for form in forms if set(form) <= set(header)), None)) and frame is not None:
            wanted = [frame, *map(header.index, box), at(SCORES), at(CLASS_IDS), at(CLASS_NAMES)]
            return _Columns(kind, (header[frame], *box, "score", "class_id")), wanted
    raise FormatError(f"{place}: {_EXPECTED}; got {', '.join(header)[:200] or 'nothing'}")


def _table(cells: Sequence[Sequence[Any]], columns: _Columns, place: Callable[[int], str]) -> _Rows:
    """Return the rows of cells: frame, box, score, class id and class name."""
    words = [str(row[7]) for row in cells]
    numbers = {word: n for n, word in enumerate(sorted({w for w in words if w}))}
    names: dict[int, str] = {}
    rows = []
    for row, one in enumerate(cells):
        where = place(row)
        values = [_number(cell, where, name) for cell, name in zip(one[:5], columns.named, strict=False)]
        values.append(1.0 if one[5] == "" else _number(one[5], where, "score"))
        if one[6] != "":
            values.append(_number(one[6], where, "class_id"))
        elif words[row].isdecimal():
            values.append(float(words[row]))
        else:
            values.append(numbers.get(words[row], 0))
        if words[row] and not words[row].isdecimal():
            names[int(values[6])] = words[row]
        rows.append(values)
    table = np.array(rows, np.float64).reshape(-1, 7)
    if columns.box == "sides":
        table[:, 3:5] += table[:, 1:3]
    elif columns.box == "middle":
        half = table[:, 3:5] / 2
        table[:, 1:3], table[:, 3:5] = table[:, 1:3] - half, table[:, 1:3] + half
    return _Rows(table, place, 0, names)


def _number(cell: Any, place: str, name: str) -> float:
    try:
        value = float("nan") if isinstance(cell, bool) else float(cell)
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        raise FormatError(f"{place}: {name}: expected a number, got {str(cell)[:40]!r}")
    return value


def _check(rows: _Rows, path: Path) -> None:
    """Raise FormatError for the first row that breaks a rule."""
    values = rows.values
    if not len(values):
        return
    frame, box, score, kind = values[:, 0], values[:, 1:5], values[:, 5], values[:, 6]
    rules = (
        ((frame != np.floor(frame)) | (frame < 0) | (frame > MAX_FRAMES), f"frame: a whole number to {MAX_FRAMES:,}"),
        ((box[:, 2:] <= box[:, :2]).any(axis=1), "box: right of left, below its top; is it left, top, width, height?"),
        ((score < 0) | (score > 1), "score: 0 to 1; divide percentages by 100, and bring margins to that range"),
        ((kind != np.floor(kind)) | (kind < 0) | (kind > MAX_CLASS), f"class: a whole number from 0 to {MAX_CLASS:,}"),
    )
    for broken, wanted in rules:
        if broken.any():
            row = int(broken.argmax())
            raise FormatError(
                f"{rows.place(row)}: expected {wanted}; got {[round(v, 3) for v in values[row].tolist()]}"
            )
    most = int(np.unique(frame, return_counts=True)[1].max())
    if most > MAX_BOXES:
        raise FormatError(f"{path}: {most:,} boxes in one frame; at most {MAX_BOXES:,} are read")
