"""Results as they are drawn: MOT and MOTS text, CSV, JSON lines, COCO results, recordings; of whatever program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.classes import mots_classes, names_beside
from sportstrack.draw.mask_results import MaskRows, coco_rows, mots_rows
from sportstrack.draw.packed import HUNDREDTHS, PackedTracks, RoomyColumns, small
from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.files.reading import as_utf8, parse_json, read_bytes, same_name
from sportstrack.identities.file import identities_beside, identities_of_rows, read_identities
from sportstrack.identities.table import ATTRIBUTES, Identities
from sportstrack.limits import MAX_FRAMES
from sportstrack.masks.table import Masks
from sportstrack.mot import MotTable, class_ids, parse_mot
from sportstrack.mots import is_mots
from sportstrack.recording import Recording
from sportstrack.types import Detections, FloatArray, IntArray, Tracks

CORNERS = (("x1", "y1", "x2", "y2"), ("left", "top", "right", "bottom"), ("xmin", "ymin", "xmax", "ymax"))
SIDES = (("left", "top", "width", "height"), ("bb_left", "bb_top", "bb_width", "bb_height"), ("x", "y", "w", "h"))
IDS = ("track_id", "id", "tracker_id", "object_id", "player_id")
SCORES = ("score", "confidence", "conf")
FRAMES = ("frame", "frame_index", "frame_id")
LONG, PART = 1 << 22, 1 << 20
"""Bytes of MOT text from which on it is read in parts, and of each part."""
_FEW = 10  # frames; fewer do not show that only every Nth was used
_OUTSIDE = 0.05  # share of boxes outside the picture from which on a result is another video's


@dataclass(eq=False)
class ResultFile:
    """A result, by the video's frame numbers from 0.

    Attributes:
        path: the file.
        tracks: of each frame that has any.
        names: class id → name, as far as the file knows them.
        frames: the frames that were tracked; None where the file does not say.
        camera: (2, 3) affine from the tracked frame before to each frame, where it is known.
        cuts: frames with which another shot begins.
        identities: team, role, number and name of the tracks, as far as they are known.
    """

    path: Path
    tracks: Mapping[int, Tracks]
    names: dict[int, str] = field(default_factory=dict)
    frames: frozenset[int] | None = None
    camera: dict[int, FloatArray] = field(default_factory=dict)
    cuts: frozenset[int] = frozenset()
    identities: Identities = field(default_factory=Identities)
    _extras: dict[int, Any] = field(default_factory=dict)
    _recording: Iterator[Any] | None = None

    @property
    def last(self) -> int:
        """The last frame that has tracks; −1 without any."""
        return max(self.tracks, default=-1)

    @property
    def every(self) -> int:
        """Every how many of the video's frames one was tracked, to judge by the frames that have tracks."""
        numbers = np.array(sorted(self.frames if self.frames is not None else self.tracks), np.int64)
        return max(1, int(np.gcd.reduce(numbers))) if len(numbers) >= _FEW else 1

    @property
    def ids(self) -> IntArray:
        """All ids, ascending."""
        tables = [table.track_id for table in self.tracks.values()]
        return np.unique(np.concatenate(tables)) if tables else np.empty(0, np.int64)

    def at(self, frame: int) -> tuple[Tracks, Detections | None]:
        """Return a frame's tracks, and its detections where the file has masks or key points; frames in order."""
        tracks = self.tracks.get(frame)
        if tracks is None:
            return Tracks.empty(), None
        if self._recording is not None:
            found = next((one for one in self._recording if one.index >= frame), None)
            return tracks, found.detections if found is not None and found.index == frame else None
        extras = self._extras.get(frame)
        return (tracks, None) if extras is None else _with_extras(tracks, extras, self.path)

    def keep_classes(self, classes: Sequence[int | str]) -> None:
        """Leave only the tracks of some classes: names as the file knows them, or class id + 1, as in MOT text.

        Raises:
            SettingError: a class that is not there; the message says which are.
        """
        numbers = {same_name(name): number for number, name in self.names.items()}
        there = {number for table in self.tracks.values() for number in table.class_id.tolist()}
        wanted = {one - 1 if isinstance(one, int) else numbers.get(same_name(one), -2) for one in classes}
        if not wanted <= there:
            known = ", ".join(self.names.get(number, str(number)) for number in sorted(there - {-1}))
            raise SettingError(f"{self.path}: classes: expected some of {known or 'none: it has no classes'}")
        self.frames = frozenset(self.tracks) if self.frames is None else self.frames
        kept = {frame: table[np.isin(table.class_id, list(wanted))] for frame, table in self.tracks.items()}
        self.tracks = {frame: table for frame, table in kept.items() if len(table)}

    def check_video(self, video: str, width: int, height: int, frames: int | None) -> None:
        """Raise SourceError if this cannot be the result of a video of this size and length.

        Args:
            video: its name, for the message.
            width: pixels.
            height: pixels.
            frames: its length; None if it is unknown.
        """
        if frames is not None and self.last >= frames:
            raise SourceError(
                f"{self.path}: goes to frame {self.last + 1}, but {video} has {frames}; is it another video's result? "
                "(--zero-based if MOT text counts from 0)"
            )
        if isinstance(self.tracks, PackedTracks):
            boxes = self.tracks.xyxy / np.float32(HUNDREDTHS)
        else:
            boxes = np.concatenate([table.xyxy for table in self.tracks.values()] or [np.empty((0, 4))])
        outside = (boxes[:, :2] >= (width, height)).any(axis=1) | (boxes[:, 2:] <= 0).any(axis=1)
        count = int(np.count_nonzero(outside))
        if count > _OUTSIDE * len(boxes):
            x, y = boxes[:, 2:].max(axis=0)
            raise SourceError(
                f"{self.path}: {count} of {len(boxes)} boxes lie outside the {width}x{height} picture of {video} (they "
                f"reach to {x:.0f}, {y:.0f}); give the video that was tracked, in its own size"
            )


def read_result(path: str | Path, *, zero_based: bool = False, names: Mapping[int, str] | None = None) -> ResultFile:
    """Read a result; its ending and its first line decide on the format.

    Args:
        path: MOT text, MOTS text, CSV with a header, JSON lines (``.jsonl``), COCO results with a ``track_id``, or a
            recording (``.npz``) that has its tracks.
        zero_based: MOT text counts frames from 0.
        names: class id → name, in place of what the file knows.

    ``NAME.identities.csv`` beside the file says who is who, else the file's own columns do.

    Raises:
        SourceError: no such file, or a recording without tracks.
        FormatError: the file is damaged; the message says where.
    """
    file = Path(path)
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "no such file"
        raise SourceError(f"{file}: {what}; expected a result: MOT or MOTS text, .csv, .jsonl, .json or .npz")
    if file.suffix.lower() == ".npz":
        found = _recorded(file)
    elif is_mots(file):
        found = _of_masks(file, mots_rows(file, zero_based=zero_based), mots=True)
    elif _is_long_mot(file):
        found = _long_mot(file, zero_based)
    else:
        data = as_utf8(read_bytes(file), str(file)).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        start = data.lstrip()[:1]
        if start == b"{":
            found = _json_lines(file, data)
        elif start == b"[":
            found = _of_masks(file, coco_rows(file, data), mots=False)
        elif start.isalpha() or start == b'"':
            found = _csv(file, data)
        else:
            found = _mot(file, data, zero_based)
    found.names |= dict(names or {})
    if (beside := identities_beside(file)) is not None:
        found.identities = read_identities(beside)
    return found


def _mot(path: Path, data: bytes, zero_based: bool) -> ResultFile:
    table = parse_mot(data, name=str(path), zero_based=zero_based)
    table = table[table.track_id != -1]
    classes = class_ids(table.class_id)
    unknown = np.full(len(table), 0)
    tracks = _by_frame(table.frame, np.round(table.xyxy, 2), table.score, classes, table.track_id, unknown)
    return ResultFile(path, tracks, names_beside(path))


def _of_masks(path: Path, rows: MaskRows, *, mots: bool) -> ResultFile:
    names = names_beside(path)
    if mots:  # whose classes may have other numbers
        of_number = {number - 1: class_id for class_id, number in mots_classes(names).items()}
        rows.values[:, 7] = [of_number.get(one, one) for one in rows.values[:, 7].tolist()]
    return ResultFile(path, _checked_rows(rows.values, path), names, _extras=rows.extras)


def _is_long_mot(path: Path) -> bool:
    """Return whether a file is MOT text of so many rows that it is better read in parts."""
    with path.open("rb") as file:
        return path.stat().st_size > LONG and file.read(64).lstrip()[:1].isdigit()


def _long_mot(path: Path, zero_based: bool) -> ResultFile:
    """Read MOT text in parts, so that neither the text nor its numbers are ever in memory as a whole."""
    try:
        columns = RoomyColumns.for_lines_of(path)
        with path.open("rb") as file:
            rest = b""
            while block := file.read(PART):
                text = rest + block
                end = text.rfind(b"\n") + 1
                columns.add(_packed(parse_mot(text[:end], name=str(path), zero_based=zero_based)))
                rest = text[end:]
            columns.add(_packed(parse_mot(rest, name=str(path), zero_based=zero_based)))
        tracks = PackedTracks.of(*columns.done(), np.zeros(columns.rows, np.int16))
    except (FormatError, SettingError):  # once more as a whole: the message counts the lines of the file
        return _mot(path, read_bytes(path), zero_based)
    return ResultFile(path, tracks, names_beside(path))


def _packed(table: MotTable) -> tuple[NDArray[Any], ...]:
    """Return frames, boxes in hundredths, scores, classes and ids of the rows with an identity."""
    table = table[table.track_id != -1]
    boxes = small(np.rint(table.xyxy * HUNDREDTHS).astype(np.int64).ravel()).reshape(-1, 4)
    return small(table.frame), boxes, table.score, small(class_ids(table.class_id)), small(table.track_id)


def _csv(path: Path, data: bytes) -> ResultFile:
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8", "replace"))))
    except csv.Error as error:
        raise FormatError(f"{path}: no CSV: {error}") from error
    header = [cell.strip().lower() for cell in next(iter(lines), [])]

    def column(*known: str) -> int | None:
        return next((header.index(name) for name in known if name in header), None)

    frame, identity, score, class_id, name, detection = (
        column(*FRAMES), column(*IDS), column(*SCORES), column("class_id"), column("class", "class_name"),
        column("detection"),
    )  # fmt: skip
    box = next((names for names in (*CORNERS, *SIDES) if set(names) <= set(header)), None)
    if frame is None or identity is None or box is None:
        raise FormatError(
            f"{path}, line 1: expected columns frame, track_id and x1, y1, x2, y2 (or left, top, width, height), "
            f"got {', '.join(header)[:200]}"
        )
    wanted = [frame, identity, *(header.index(side) for side in box), score, class_id, detection]
    rows, names, words, said = [], {}, [], []
    attributes = {one: header.index(one) for one in ATTRIBUTES if one in header}
    for line, cells in enumerate(lines[1:], 2):
        if not any(cells):
            continue
        if attributes:
            said.append({one: cells[at] for one, at in attributes.items() if at < len(cells)})
        rows.append([_number(cells, at, path, line, default) for at, default in zip(wanted, _DEFAULTS, strict=True)])
        words.append(cells[name].strip() if name is not None and name < len(cells) else "")
    values = np.array(rows, np.float64).reshape(-1, len(_DEFAULTS))
    if class_id is None and name is not None:
        known = {word: number for number, word in enumerate(sorted(set(words)))}
        values[:, 7] = [known[word] for word in words]
    names = {int(number): word for number, word in zip(values[:, 7], words, strict=True) if word}
    if box in SIDES:
        values[:, 4:6] += values[:, 2:4]
    tracks = _checked_rows(values, path)
    return ResultFile(path, tracks, names, identities=_who(path, zip(values[:, :2].astype(int), said, strict=False)))


def _who(path: Path, rows: Iterable[tuple[Sequence[int], Mapping[str, Any]]]) -> Identities:
    """Return what the rows ((frame, id), columns) of a file say of who is who."""
    try:
        return identities_of_rows((int(frame), int(track), said) for (frame, track), said in rows)
    except SettingError as error:
        raise FormatError(f"{path}: {error}") from error


_DEFAULTS = (None, None, None, None, None, None, 1.0, -1.0, 0.0)  # of a missing column: frame, id, box, score …


def _number(cells: Sequence[str], at: int | None, path: Path, line: int, default: float | None) -> float:
    text = cells[at].strip() if at is not None and at < len(cells) else ""
    if not text and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise FormatError(f"{path}, line {line}: expected a number in column {(at or 0) + 1}, got {text[:40]!r}")
    return value


def _json_lines(path: Path, data: bytes) -> ResultFile:
    rows: list[list[float]] = []
    frames: set[int] = set()
    extras: dict[int, dict[int, Any]] = {}
    names: dict[int, str] = {}
    said: list[tuple[tuple[int, int], Any]] = []
    for line, text in enumerate(data.split(b"\n"), 1):
        if not text.strip():
            continue
        record = parse_json(text, f"{path}, line {line}")
        try:
            number = int(record["frame"])
            frames.add(number)
            for one in record["tracks"]:
                class_id = int(one.get("class_id", -1))
                x1, y1, x2, y2 = map(float, one["box"])
                rows.append(
                    [number, int(one["id"]), x1, y1, x2, y2, float(one.get("score", 1)), class_id,
                     int(one.get("detection", 0))]
                )  # fmt: skip
                said.append(((number, int(one["id"])), one))
                if one.get("class"):
                    names[class_id] = str(one["class"])
                if one.get("mask") or "keypoints" in one:
                    extras.setdefault(number, {})[int(one["id"])] = (one.get("mask"), one.get("keypoints"))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise FormatError(
                f"{path}, line {line}: expected frame and tracks with id and box ({type(error).__name__}: {error})"
            ) from error
    values = np.array(rows, np.float64).reshape(-1, len(_DEFAULTS))
    tracks = _checked_rows(values, path)
    return ResultFile(path, tracks, names, frozenset(frames), identities=_who(path, said), _extras=extras)


def _recorded(path: Path) -> ResultFile:
    recording = Recording(path)
    tracks, frames, camera, cuts, has_more = {}, set(), {}, set(), False
    for frame in recording:
        if frame.tracks is None:
            raise SourceError(
                f"{path}: holds detections but no tracks; track it (sportstrack track {path.name} --save-detections), "
                "then draw that run's recording or text"
            )
        frames.add(frame.index)
        has_more |= frame.detections.mask is not None or frame.detections.keypoints is not None
        if len(frame.tracks):
            tracks[frame.index] = frame.tracks
        if frame.camera is not None:
            camera[frame.index] = frame.camera
        if frame.cut_confidence:
            cuts.add(frame.index)
    names = dict(recording.info.names)
    again = iter(recording) if has_more else None
    return ResultFile(path, tracks, names, frozenset(frames), camera, frozenset(cuts), _recording=again)


def _checked_rows(values: FloatArray, path: Path) -> dict[int, Tracks]:
    """Return the tracks of each frame of (N, 9) rows: frame, id, corners, score, class, detection."""
    if not np.isfinite(values).all():
        raise FormatError(f"{path}: holds a number that is not finite")
    whole = values[:, [0, 1, 7, 8]]
    if (whole != np.floor(whole)).any() or (np.abs(whole) > 2**53).any():
        raise FormatError(f"{path}: frames, ids and classes must be whole numbers below 2^53")
    if len(values) and not 0 <= values[:, 0].min() <= values[:, 0].max() <= MAX_FRAMES:
        raise FormatError(f"{path}: frames must be numbers from 0 to {MAX_FRAMES:,}")
    frame, identity, class_id, detection = whole.astype(np.int64).T
    try:
        return _by_frame(frame, np.round(values[:, 2:6], 2), values[:, 6].copy(), class_id, identity, detection)
    except SettingError as error:
        raise FormatError(f"{path}: {error}") from error


def _by_frame(
    frame: IntArray, xyxy: FloatArray, score: FloatArray, class_id: IntArray, track_id: IntArray, detection: IntArray
) -> dict[int, Tracks]:
    """Return the tracks of each frame, in the order of the file."""
    if not len(frame):
        return {}
    order = np.argsort(frame, kind="stable")
    numbers, starts = np.unique(frame[order], return_index=True)
    parts = np.split(order, starts[1:])
    return {
        number: Tracks(xyxy[rows], score[rows], class_id[rows], track_id[rows], detection[rows])
        for number, rows in zip(numbers.tolist(), parts, strict=True)
    }


def _with_extras(tracks: Tracks, extras: Mapping[int, Any], path: Path) -> tuple[Tracks, Detections]:
    """Return tracks and a table to which they point, with the masks and key points of a line of JSON."""
    seen = np.flatnonzero(tracks.detection >= 0)
    found = [extras.get(track, (None, None)) for track in tracks.track_id[seen].tolist()]
    masks = Masks.from_coco([mask for mask, _ in found], f"{path}: mask")
    bodies = [_body(body) for _, body in found]
    points = np.zeros((len(seen), max(map(len, bodies), default=0), 3), np.float32)
    for row, body in enumerate(bodies):
        points[row, : len(body)] = body
    detection = np.full(len(tracks), -1)
    detection[seen] = np.arange(len(seen))
    boxes, score, class_id = tracks.xyxy[seen], tracks.score[seen], tracks.class_id[seen]
    table = Detections(
        boxes, score, class_id, mask=masks if masks.has.any() else None, keypoints=points if points.shape[1] else None
    )
    return Tracks.trusted(tracks.xyxy, tracks.score, tracks.class_id, tracks.track_id, detection), table


def _body(points: Any) -> NDArray[np.float32]:
    """(K, 3) key points of a line of JSON."""
    try:
        return np.asarray(points or [], np.float32).reshape(-1, 3)
    except (TypeError, ValueError) as error:
        raise FormatError(f"key points: expected rows of x, y and score ({error})") from error
