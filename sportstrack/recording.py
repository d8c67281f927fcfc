"""Recorded runs: the detections of a video (with embeddings and camera motion where there are any) in one .npz file.

A recording replays through every tracker, through tuning and through benchmarks without a video, torch or a GPU, and
gives the same tracks to the last bit. The file is an ordinary .npz archive, written in chunks while the video runs, so
that neither writing nor reading it holds more than one chunk in memory:

* ``meta``: JSON text with name, width, height, frame_rate, names, embedder, camera, every, numbers, version, minor;
* ``00000/index`` (F,) frame numbers in the source, from 0; ``00000/time`` (F,) seconds; ``00000/count`` (F,) boxes;
* ``00000/xyxy`` (ΣN, 4), ``/score``, ``/class_id``; where present ``/embedding`` (ΣN, D), ``/keypoints`` (ΣN, K, 3),
  ``/team_evidence`` (ΣN, G) probabilities, ``/number_votes`` (ΣN, 2) codes of shirt numbers and confidences,
  ``/kit_colours`` (ΣN, C) shares of colours,
  ``/mask_shape`` (2,) height and width, ``/mask_runs`` (ΣN,) how many run lengths each mask has (0: it has no mask)
  and ``/mask_counts`` (R,) these, as `sportstrack.Masks` has them (before minor version 1 ``/mask`` (ΣN, H·W/8), packed
  bits), ``/camera`` (F, 2, 3), NaN where unknown, ``/cut``
  (F,) how surely a shot begins there, 0…1, ``/field`` (F,) 1 where people off the field were told from the others, and
  with it ``/on_pitch`` (ΣN,) 0 for those people: they are in the file, but the tracker did not see them;
* where the tracks were recorded ``00000/tracks`` (F,) tracks, ``/track_xyxy`` (ΣM, 4), ``/track_score``,
  ``/track_class``, ``/track_id`` and ``/track_detection``.
"""

from __future__ import annotations

import json
import reprlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.chunks import RecordedFrame as RecordedFrame
from sportstrack.chunks import pack, unpack
from sportstrack.columns import import_pandas
from sportstrack.errors import FormatError, OutputError, SettingError, SourceError
from sportstrack.files.arrays import ArrayFile
from sportstrack.files.claim import PartFile
from sportstrack.files.reading import parse_json
from sportstrack.limits import (
    MAX_BOXES,
    MAX_CLASS,
    MAX_FRAME_RATE,
    MAX_FRAMES,
    MAX_MASK_BYTES,
    MAX_PIXELS,
    MAX_SIDE,
    MAX_WHOLE,
)

VERSION = 1
MINOR = 1  # 1: masks are run lengths; who knows minor version 0 alone reads all but the masks
_CHUNK_FRAMES = 1000
_FEW = 10  # frames; fewer do not show that only every Nth was recorded
_CHUNK_BYTES = 64_000_000  # masks and embeddings fill a chunk long before its frames are counted


@dataclass(frozen=True)
class RecordingInfo:
    """What a recording knows of its source, and how it was observed.

    Attributes:
        name: stem of the source.
        width: pixels.
        height: pixels.
        frame_rate: frames per second of the recorded frames: the source's rate divided by `every`.
        names: class id → name.
        embedder: what made the embeddings (the option's value), or None.
        camera: what estimated the camera's motion (the option's value), or None.
        every: the stride: every Nth frame of the source was recorded.
        live: whether the source was live, so that frames may have been dropped.
        on_pitch: how people off the field were kept from the tracker (the option's value), or None.
        numbers: whether shirt numbers were looked for.
        kits: whether kit colours were looked for.
    """

    name: str
    width: int
    height: int
    frame_rate: float
    names: Mapping[int, str] = field(default_factory=dict)
    embedder: str | None = None
    camera: str | None = None
    every: int = 1
    live: bool = False
    on_pitch: str | None = None
    numbers: bool = False
    kits: bool = False

    @property
    def source_rate(self) -> float:
        """Frames per second of the source; its frame numbers count these."""
        return self.frame_rate * self.every


class RecordingWriter:
    """Write a recording chunk by chunk; `close` makes it complete, `abandon` leaves a readable ``.part`` file."""

    def __init__(self, path: str | Path, info: RecordingInfo) -> None:
        self.file = PartFile(path)
        self._frames: list[RecordedFrame] = []
        self._bytes = 0
        self._chunk = 0
        try:
            self._zip = zipfile.ZipFile(self.file.part, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
            meta = {
                "version": VERSION,
                "minor": MINOR,
                "name": info.name,
                "width": info.width,
                "height": info.height,
                "frame_rate": info.frame_rate,
                "names": {str(k): v for k, v in info.names.items()},
                "embedder": info.embedder,
                "camera": info.camera,
                "every": info.every,
                "live": info.live,
                "on_pitch": info.on_pitch,
                "numbers": info.numbers,
                "kits": info.kits,
            }
            self._put("meta", np.array(json.dumps(meta)))
        except OSError as error:
            raise OutputError(self.file.explain(error)) from error

    def write(self, frame: RecordedFrame) -> None:
        """Add a frame."""
        self._frames.append(frame)
        mask = frame.detections.mask
        embedding = frame.detections.embedding
        self._bytes += 60 * len(frame.detections) + (0 if mask is None else mask.counts.nbytes)
        self._bytes += 0 if embedding is None else embedding.nbytes
        if len(self._frames) >= _CHUNK_FRAMES or self._bytes >= _CHUNK_BYTES:
            self._flush()

    def close(self) -> None:
        """Complete the file and give it its name."""
        self._end()
        self.file.complete()

    def abandon(self) -> None:
        """Close without renaming: what was recorded so far stays readable under the ``.part`` name."""
        self._end()

    def _end(self) -> None:
        self._flush()
        try:
            self._zip.close()
        except OSError as error:
            raise OutputError(self.file.explain(error)) from error

    def _flush(self) -> None:
        if not self._frames:
            return
        prefix = f"{self._chunk:05d}/"
        try:
            for name, array in pack(self._frames).items():
                self._put(prefix + name, array)
        except OSError as error:
            raise OutputError(self.file.explain(error)) from error
        self._frames, self._bytes, self._chunk = [], 0, self._chunk + 1

    def _put(self, name: str, array: Any) -> None:
        with self._zip.open(name + ".npy", "w", force_zip64=True) as stream:
            layout: Any = np.lib.format  # numpy 2.2 does not type it
            layout.write_array(stream, np.asanyarray(array), allow_pickle=False)


class Recording:
    """A recorded run; iterate over it as often as needed to get its `RecordedFrame`s in order.

    Nothing in the file is believed: types, shapes, numbers and sizes are checked before they are used.

    Raises:
        SourceError: if there is no such file.
        FormatError: if it is no recording, or what it says of its source makes no sense. Iterating raises it where
            frames are damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise SourceError(f"{self.path}: no such recording (make one with --save-detections {self.path.name})")
        try:
            with ArrayFile(self.path) as file:
                text = str(file.read("meta", "U", ())[()])
                self._chunks = sorted({name.split("/")[0] for name in file.names if "/" in name})
                shapes = [file.shape(f"{chunk}/index") for chunk in self._chunks]
        except FormatError as error:
            raise FormatError(f"{error}; expected a recording of detections, made with --save-detections") from error
        self._length = sum(shape[0] if shape else 0 for shape in shapes)
        if self._length > MAX_FRAMES:
            raise FormatError(f"{self.path}: holds {self._length:,} frames; at most {MAX_FRAMES:,} are read")
        info = _info(parse_json(text, f"{self.path}, meta"), f"{self.path}, meta")
        self.info = info if info.every else replace(info, every=self._stride())

    def _stride(self) -> int:
        """Return every how many frames one was recorded, by the frame numbers; older recordings do not say it."""
        with ArrayFile(self.path) as file:
            numbers = [file.read(f"{chunk}/index", "i", (None,)).astype(np.int64) for chunk in self._chunks]
        index = np.concatenate([np.empty(0, np.int64), *numbers])
        return max(1, int(np.gcd.reduce(np.diff(index)))) if len(index) >= _FEW else 1

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        i = self.info
        of = "".join(f", {what} {value}" for what, value in (("embedder", i.embedder), ("camera", i.camera)) if value)
        size = f"{self._length:,} frames of {i.name}, {i.width}x{i.height} at {i.frame_rate:g} frames/s"
        return f"<Recording {self.path.name}: {size}{of}>"

    def to_records(self, *, tracks: bool = False) -> list[dict[str, Any]]:
        """Return a dictionary for each detection, with frame, time and class name beside `Detections.to_records`.

        Args:
            tracks: the recorded tracks instead.

        Raises:
            SettingError: the recording has no tracks.
        """
        found = []
        for frame, table in self._tables(tracks):
            place = {"frame": frame.index, "time": frame.time}
            found += [place | row for row in table.to_records(self.info.names)]
        return found

    def to_pandas(self, *, tracks: bool = False) -> Any:
        """Return `to_records` as a ``pandas.DataFrame``; SettingError if pandas is not installed."""
        pandas = import_pandas("Recording")
        parts = []
        for frame, table in self._tables(tracks):
            part = table.to_pandas(self.info.names)
            part.insert(0, "frame", frame.index)
            part.insert(1, "time", frame.time)
            parts.append(part)
        return pandas.concat(parts, ignore_index=True) if parts else pandas.DataFrame()

    def to_supervision(self, *, tracks: bool = False) -> Iterator[Any]:
        """Yield a ``supervision.Detections`` for each recorded frame; with ``tracks``, of its tracks."""
        for _, table in self._tables(tracks):
            yield table.to_supervision(self.info.names)

    def _tables(self, tracks: bool) -> Iterator[tuple[RecordedFrame, Any]]:
        for frame in self:
            if tracks and frame.tracks is None:
                raise SettingError(f"{self.path}: holds no tracks; replay it, or read the tracks from a result file")
            yield frame, frame.tracks if tracks else frame.detections

    def __iter__(self) -> Iterator[RecordedFrame]:
        last = (-1, -np.inf)
        with ArrayFile(self.path) as file:
            for chunk in self._chunks:
                for frame in _checked(_read_chunk(file, chunk), f"{self.path}, chunk {chunk}"):
                    if frame.index <= last[0] or frame.time < last[1]:
                        raise FormatError(f"{self.path}, chunk {chunk}: frame {frame.index} is out of order")
                    last = (frame.index, frame.time)
                    yield frame


def _info(meta: Any, name: str) -> RecordingInfo:
    """Check what a recording says of its source."""

    def given(key: str, kinds: Any, holds: Callable[[Any], bool]) -> Any:
        value = meta.get(key)
        if not isinstance(value, kinds) or isinstance(value, bool) or not holds(value):
            raise FormatError(f"{name}: {key}: expected {_WANTED[key]}, got {reprlib.repr(value)}")
        return value

    if not isinstance(meta, dict):
        raise FormatError(f"{name}: expected a table of name, width, height and others")
    if given("version", int, lambda v: v >= 1) > VERSION:
        raise FormatError(f"{name}: written by a newer sportstrack (version {meta['version']}); update yours")
    names = given("names", dict, lambda v: all(k.isdecimal() and int(k) <= MAX_CLASS for k in map(str, v)))
    width, height = (given(key, int, lambda v: 1 <= v <= MAX_SIDE) for key in ("width", "height"))
    if width * height > MAX_PIXELS:
        raise FormatError(f"{name}: {width}x{height}: pictures are read up to {MAX_PIXELS:,} pixels")
    return RecordingInfo(
        given("name", str, lambda _: True),
        width,
        height,
        float(given("frame_rate", (int, float), lambda v: 0 < v <= MAX_FRAME_RATE)),
        {int(k): str(v) for k, v in names.items()},
        given("embedder", (str, type(None)), lambda _: True),
        given("camera", (str, type(None)), lambda _: True),
        given("every", int, lambda v: 1 <= v <= MAX_FRAMES) if "every" in meta else 0,  # of an older recording
        meta.get("live") is True,
        given("on_pitch", (str, type(None)), lambda _: True) if "on_pitch" in meta else None,
        meta.get("numbers") is True,
        meta.get("kits") is True,
    )


_WANTED = {
    "version": "a whole number",
    "name": "text",
    "width": f"a whole number from 1 to {MAX_SIDE:,}",
    "height": f"a whole number from 1 to {MAX_SIDE:,}",
    "frame_rate": f"a number above 0, up to {MAX_FRAME_RATE:,}",
    "names": "a table of class numbers and their names",
    "every": "a whole number from 1",
    "embedder": "text or null",
    "camera": "text or null",
    "on_pitch": "text or null",
}


def _read_chunk(file: ArrayFile, chunk: str) -> dict[str, Any]:
    """Return a chunk's columns, checked against one another."""

    def read(name: str, kinds: str, *shape: int | None, low: float = -np.inf, high: float = np.inf) -> Any:
        column = file.read(f"{chunk}/{name}", kinds, shape)
        if not ((column >= low) & (column <= high)).all():  # False for NaN
            raise FormatError(f"{file.path}: its array {chunk}/{name} holds a value outside {low:g} to {high:g}")
        return column

    here = {name.removeprefix(f"{chunk}/") for name in file.names if name.startswith(f"{chunk}/")}
    index = read("index", "i", None, low=0, high=MAX_FRAMES)
    frames = len(index)
    columns = {"index": index, "time": read("time", "f", frames, low=-1e9, high=1e9)}
    columns["count"] = read("count", "i", frames, low=0, high=MAX_BOXES).astype(np.int64)
    n = int(columns["count"].sum())
    columns["xyxy"] = file.read(f"{chunk}/xyxy", "f", (n, 4))  # boxes of NaN are marked, not refused
    columns["score"] = file.read(f"{chunk}/score", "f", (n,))
    columns["class_id"] = read("class_id", "i", n, low=-1, high=MAX_CLASS).astype(np.int64)
    if "embedding" in here:
        columns["embedding"] = file.read(f"{chunk}/embedding", "f", (n, None))
    if "keypoints" in here:
        columns["keypoints"] = file.read(f"{chunk}/keypoints", "f", (n, None, 3))
    if "team_evidence" in here:
        columns["team_evidence"] = read("team_evidence", "f", n, None, low=0, high=1)
    if "number_votes" in here:
        columns["number_votes"] = read("number_votes", "f", n, 2, low=-1, high=109)
    if "kit_colours" in here:
        columns["kit_colours"] = read("kit_colours", "f", n, None, low=0, high=1.001)
    if "camera" in here:
        columns["camera"] = file.read(f"{chunk}/camera", "f", (frames, 2, 3))
    if "cut" in here:
        columns["cut"] = read("cut", "f", frames, low=0, high=1)
    if "field" in here:
        columns["field"] = read("field", "i", frames, low=0, high=1)
        columns["on_pitch"] = read("on_pitch", "i", n, low=0, high=1).astype(np.bool_)
    if "mask" in here:
        height, width = read("mask_shape", "i", 2, low=1, high=MAX_SIDE).tolist()
        if height * width * int(columns["count"].max(initial=0)) > MAX_MASK_BYTES:
            raise FormatError(f"{file.path}: the masks of a frame in {chunk} take more than {MAX_MASK_BYTES:,} bytes")
        columns["mask_shape"] = (height, width)
        columns["mask"] = file.read(f"{chunk}/mask", "b", (n, -(-height * width // 8)))
    elif "mask_runs" in here:
        height, width = read("mask_shape", "i", 2, low=1, high=MAX_SIDE).tolist()
        columns["mask_shape"] = (height, width)
        columns["mask_runs"] = read("mask_runs", "i", n, low=0, high=height * width).astype(np.int64)
        columns["mask_counts"] = read("mask_counts", "i", int(columns["mask_runs"].sum()), low=0, high=height * width)
    if "tracks" in here:
        columns |= _track_columns(read, frames)
    return columns


def _track_columns(read: Callable[..., Any], frames: int) -> dict[str, Any]:
    columns = {"tracks": read("tracks", "i", frames, low=0, high=MAX_BOXES).astype(np.int64)}
    n = int(columns["tracks"].sum())
    columns["track_xyxy"] = read("track_xyxy", "f", n, 4)
    columns["track_score"] = read("track_score", "f", n)
    for name, low, high in (("class", -1, MAX_CLASS), ("id", -MAX_WHOLE, MAX_WHOLE), ("detection", -1, MAX_BOXES)):
        columns[f"track_{name}"] = read(f"track_{name}", "i", n, low=low, high=high).astype(np.int64)
    return columns


def _checked(columns: dict[str, Any], name: str) -> Iterator[RecordedFrame]:
    try:
        yield from unpack(columns)
    except SettingError as error:
        raise FormatError(f"{name}: {error}") from error
