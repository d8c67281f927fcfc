"""Where each frame of a clip sees the pitch: the file ``NAME.pitch.jsonl``, and places on the ground from it.

Its first line is a table of the pitch and the picture; each other line is one frame::

    {"pitch": "football", "length": 105.0, "width": 68.0, "image_width": 1280, "image_height": 720, "version": 1}
    {"frame": 1, "status": "ok", "reason": null, "homography": [[…], […], […]], "camera": {…}, "error_px": 0.8, …}
"""

from __future__ import annotations

import io
import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sportstrack.errors import FormatError, SettingError
from sportstrack.files.claim import PartFile, write_text
from sportstrack.files.reading import PathLike, as_utf8, parse_json, read_bytes
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.model import Pitch, load_pitch

VERSION = 1
STATUSES = ("ok", "carried", "refused")
FOOT = 0.0025
"""Error of a foot point in each direction, as a part of the picture's width: 2 to 5 pixels."""
_DIGITS = 9
_CAMERA = 10  # numbers of a camera


@dataclass(frozen=True)
class PitchFrame:
    """Where one frame sees the pitch.

    Attributes:
        frame: counts from 0 here, from 1 in files.
        status: ``ok`` (the frame itself shows enough of the pitch), ``carried`` (from frames nearby, by the camera
            motion) or ``refused`` (not known).
        reason: why it is carried or refused; "" where it is ok.
        camera: None where it is refused.
        error_px: error of the camera itself: how far from the truth the ground in view is drawn, root mean square, in
            pixels; NaN where it is refused.
        error_m: the same on the ground, at the median of the ground in view, in metres.
    """

    frame: int
    status: str
    reason: str = ""
    camera: Camera | None = None
    error_px: float = float("nan")
    error_m: float = float("nan")

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise SettingError(f"frame {self.frame + 1}: the status is {' or '.join(STATUSES)}, not {self.status!r}")
        if (self.camera is None) != (self.status == "refused"):
            raise SettingError(
                f"frame {self.frame + 1}: {self.status} frames have {'no' if self.camera else 'a'} camera"
            )

    @property
    def homography(self) -> Floats | None:
        """(3, 3) from metres on the ground to pixels, its last number 1 where that can be; None where it is refused."""
        if self.camera is None:
            return None
        h = self.camera.homography
        return np.asarray(h / h[2, 2] if abs(h[2, 2]) > 1e-9 else h)

    def to_ground(self, pixels: npt.ArrayLike, error_px: float = 0.0) -> tuple[Floats, Floats]:
        """Return (N, 2) metres on the ground of pixels (N, 2), and their root mean square errors in metres, (N,).

        NaN where the frame is refused, and above the horizon.

        Args:
            pixels: (N, 2), as feet are.
            error_px: error of the pixels themselves, in each direction; that of the camera is added.
        """
        pixels = np.asarray(pixels, dtype=float).reshape(-1, 2)
        if self.camera is None:
            return np.full((len(pixels), 2), np.nan), np.full(len(pixels), np.nan)
        total = float(np.hypot(error_px, np.nan_to_num(self.error_px) / np.sqrt(2)))
        return self.camera.to_ground(pixels), self.camera.ground_error(pixels, total)


@dataclass(frozen=True)
class PitchTrack:
    """Where all frames of a clip see the pitch.

    Attributes:
        pitch: the model, in the size of the real pitch.
        size: (width, height) of the frames in pixels.
        frames: frame, from 0 → `PitchFrame`.
    """

    pitch: Pitch
    size: tuple[int, int]
    frames: Mapping[int, PitchFrame]

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[PitchFrame]:
        return iter(self.frames.values())

    @cached_property
    def foot_error(self) -> float:
        """Error of a foot point in each direction, in pixels, where nothing better is known."""
        return FOOT * self.size[0]

    def at(self, frame: int) -> PitchFrame:
        """Return a frame, counted from 0; one that is not there is refused."""
        found = self.frames.get(int(frame))
        return PitchFrame(int(frame), "refused", "the frame is not in the file") if found is None else found

    def to_ground(
        self, frame: int | npt.ArrayLike, pixels: npt.ArrayLike, error_px: float | None = None
    ) -> tuple[Floats, Floats]:
        """Return (N, 2) metres on the ground of pixels (N, 2), and their root mean square errors in metres, (N,).

        NaN where the frame is refused or not there, and above the horizon.

        Args:
            frame: number of the frame, from 0, or (N,) one for each pixel.
            pixels: (N, 2); of a box the middle of its lower edge.
            error_px: error of the pixels in each direction; None for `foot_error`. That of the camera is added.
        """
        pixels = np.asarray(pixels, dtype=float).reshape(-1, 2)
        error = self.foot_error if error_px is None else error_px
        if np.ndim(frame) == 0:
            return self.at(int(np.asarray(frame))).to_ground(pixels, error)
        numbers = np.asarray(frame).astype(np.int64)
        metres, errors = np.full((len(pixels), 2), np.nan), np.full(len(pixels), np.nan)
        order = np.argsort(numbers, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1) if len(order) else ():
            metres[rows], errors[rows] = self.at(int(numbers[rows[0]])).to_ground(pixels[rows], error)
        return metres, errors

    def feet(self, frame: int | npt.ArrayLike, xyxy: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return `to_ground` of the middle of the lower edges of boxes, (N, 4) in pixels."""
        boxes = np.asarray(xyxy, dtype=float).reshape(-1, 4)
        return self.to_ground(frame, np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]]))


class PackedFrames(Mapping[int, PitchFrame]):
    """The frames of a long match in little memory: numbers in one table, and a `PitchFrame` when it is asked for."""

    def __init__(self) -> None:
        self._rows: dict[int, int] = {}
        self._numbers = array("d")
        self._words: list[tuple[str, str]] = []
        self._word_of: dict[tuple[str, str], int] = {}
        self._said = array("q")

    def add(self, one: PitchFrame) -> None:
        """Add a frame that is not there yet."""
        self._rows[one.frame] = len(self._said)
        words = (one.status, one.reason)
        if words not in self._word_of:
            self._word_of[words] = len(self._words)
            self._words.append(words)
        self._said.append(self._word_of[words])
        c = one.camera
        camera = (0.0,) * _CAMERA if c is None else (
            *c.centre, c.pan, c.tilt, c.roll, c.focal, *c.principal, c.distortion
        )  # fmt: skip
        self._numbers.extend((*camera, one.error_px, one.error_m))

    def sort(self) -> None:
        """Put the frames in the order of their numbers."""
        self._rows = dict(sorted(self._rows.items()))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __contains__(self, frame: object) -> bool:
        return frame in self._rows

    def __getitem__(self, frame: int) -> PitchFrame:
        row = self._rows[frame]
        status, reason = self._words[self._said[row]]
        width = _CAMERA + 2
        x, y, height, pan, tilt, roll, focal, px, py, bent, error_px, error_m = self._numbers[
            row * width : (row + 1) * width
        ]
        camera = None
        if status != "refused":
            camera = Camera((x, y, height), pan, tilt, roll, focal, (px, py), bent)
        return PitchFrame(frame, status, reason, camera, error_px, error_m)


# --- writing ---------------------------------------------------------------------------------------------------------


def write_pitch(path: PathLike | PartFile, track: PitchTrack) -> None:
    """Write ``NAME.pitch.jsonl``, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    text = "".join([header_line(track.pitch, track.size), *(frame_line(one) for one in track)])
    if isinstance(path, PartFile):
        path.write(text.encode())
        path.complete()
    else:
        write_text(Path(path), text)


def header_line(pitch: Pitch, size: tuple[int, int]) -> str:
    """Return the first line of the file."""
    head = {"pitch": pitch.name, "length": pitch.length, "width": pitch.width}
    return json.dumps({**head, "image_width": size[0], "image_height": size[1], "version": VERSION}) + "\n"


def frame_line(one: PitchFrame) -> str:
    """Return the line of one frame."""
    homography = one.homography
    line = {
        "frame": one.frame + 1,
        "status": one.status,
        "reason": one.reason or None,
        "homography": None if homography is None else [[_short(v) for v in row] for row in homography.tolist()],
        "camera": None if one.camera is None else {k: _short(v) for k, v in asdict(one.camera).items()},
        "error_px": _short(one.error_px, 3),
        "error_m": _short(one.error_m, 3),
    }
    return json.dumps(line, ensure_ascii=False) + "\n"


def _short(value: Any, digits: int = _DIGITS) -> Any:
    if isinstance(value, tuple):
        return [_short(v, digits) for v in value]
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None


# --- reading ---------------------------------------------------------------------------------------------------------


def read_pitch(path: PathLike) -> PitchTrack:
    """Read ``NAME.pitch.jsonl``.

    A frame with a homography and no camera, as another program may write it, gets the camera that sees so.

    Raises:
        FormatError: the file cannot be read, or a line does not hold what its format asks for; the message names it.
    """
    lines = _lines(path)
    first, text = next(lines, (0, ""))
    if not first:
        raise FormatError(f"{path}: is empty; sportstrack pitch writes such files")
    head = _object(path, first, text)
    try:
        size = (_whole(head, "image_width"), _whole(head, "image_height"))
        pitch = load_pitch(str(head["pitch"]), _number(head, "length"), _number(head, "width"))
        if _whole(head, "version") > VERSION:
            raise ValueError(f"version {head['version']} is newer than this program's ({VERSION})")
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}, line {first}: no head of a pitch file: {_why(error)}") from error
    frames = PackedFrames()
    for number, text in lines:
        try:
            one = _frame(_object(path, number, text), size)
            if one.frame in frames:
                raise ValueError(f"frame {one.frame + 1} stands twice")
        except FormatError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}, line {number}: no frame of a pitch file: {_why(error)}") from error
        frames.add(one)
    frames.sort()
    return PitchTrack(pitch, size, frames)


def _lines(path: PathLike) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold something, with their numbers; never all of them at once."""
    for number, line in enumerate(io.BytesIO(as_utf8(read_bytes(path), str(path))), 1):
        if text := line.decode("utf-8", "replace").strip():
            yield number, text


def _object(path: PathLike, number: int, text: str) -> dict[str, Any]:
    try:
        value = parse_json(text, "text")
    except FormatError as error:
        raise FormatError(f"{path}, line {number}: {str(error).partition(': ')[2]}") from error
    if not isinstance(value, dict):
        raise FormatError(f"{path}, line {number}: expected an object in braces")
    return value


def _frame(line: Mapping[str, Any], size: tuple[int, int]) -> PitchFrame:
    frame, status = _whole(line, "frame") - 1, line["status"]
    if frame < 0:
        raise ValueError("frames are numbered from 1")
    camera = None
    if status != "refused":
        camera = _camera(line, size)
    return PitchFrame(
        frame, status, str(line.get("reason") or ""), camera, _number(line, "error_px"), _number(line, "error_m")
    )


def _camera(line: Mapping[str, Any], size: tuple[int, int]) -> Camera:
    fields = line.get("camera")
    if fields is None:
        return Camera.from_homography(line["homography"], (size[0] / 2, size[1] / 2))
    x, y, height = (float(v) for v in fields["centre"])
    px, py = (float(v) for v in fields["principal"])
    pan, tilt, roll, focal = (float(fields[name]) for name in ("pan", "tilt", "roll", "focal"))
    return Camera((x, y, height), pan, tilt, roll, focal, (px, py), float(fields.get("distortion", 0.0)))


def _number(line: Mapping[str, Any], name: str) -> float:
    value = line.get(name)
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} is no number: {value!r}")
    return float(value)


def _whole(line: Mapping[str, Any], name: str) -> int:
    value = line[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 10**9:
        raise ValueError(f"{name} is no whole number above 0: {value!r}")
    return value


def _why(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)


def summary_words(frames: Iterable[PitchFrame]) -> str:
    """Return how many frames are ok, carried and refused, in words: ``"90 ok, 8 carried, 2 refused"``."""
    statuses = [one.status for one in frames]
    return ", ".join(f"{statuses.count(status)} {status}" for status in STATUSES)
