"""Recorded runs: the detections of a video (with embeddings and camera motion where there are any) in one .npz file.

A recording replays through every tracker, through tuning and through benchmarks without a video, torch or a GPU, and
gives the same tracks to the last bit. The file is an ordinary .npz archive, written in chunks while the video runs, so
that neither writing nor reading it holds more than one chunk in memory:

* ``meta``: JSON text with name, width, height, frame_rate, names, embedder, camera, version;
* ``00000/index`` (F,) frame numbers in the source, from 0; ``00000/time`` (F,) seconds; ``00000/count`` (F,) boxes;
* ``00000/xyxy`` (ΣN, 4), ``/score``, ``/class_id``; where present ``/embedding`` (ΣN, D), ``/keypoints`` (ΣN, K, 3),
  ``/mask`` (ΣN, H·W/8) packed bits with ``/mask_shape`` (2,), ``/camera`` (F, 2, 3), NaN where unknown, and ``/cut``
  (F,) how surely a shot begins there, 0…1.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import FormatError, OutputError, SourceError
from sportstrack.files import PartFile
from sportstrack.types import Detections, FloatArray

VERSION = 1
_CHUNK_FRAMES = 1000
_CHUNK_BYTES = 16_000_000  # masks fill a chunk long before its frames are counted


@dataclass(frozen=True)
class RecordedFrame:
    """One frame of a recording.

    Attributes:
        index: number of the frame in its source, from 0.
        time: seconds since the first frame.
        detections: the boxes found, exactly as the tracker saw them.
        camera: (2, 3) affine, previous frame's pixels to this one's, or None.
        cut: how surely another shot begins with this frame, 0 (it does not) to 1.
    """

    index: int
    time: float
    detections: Detections
    camera: FloatArray | None = None
    cut: float = 0.0


@dataclass(frozen=True)
class RecordingInfo:
    """What a recording knows of its source, and how it was observed.

    Attributes:
        name: stem of the source.
        width: pixels.
        height: pixels.
        frame_rate: frames per second.
        names: class id → name.
        embedder: what made the embeddings (the option's value), or None.
        camera: what estimated the camera's motion, likewise.
    """

    name: str
    width: int
    height: int
    frame_rate: float
    names: Mapping[int, str] = field(default_factory=dict)
    embedder: str | None = None
    camera: str | None = None


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
                "name": info.name,
                "width": info.width,
                "height": info.height,
                "frame_rate": info.frame_rate,
                "names": {str(k): v for k, v in info.names.items()},
                "embedder": info.embedder,
                "camera": info.camera,
            }
            self._put("meta", np.array(json.dumps(meta)))
        except OSError as error:
            raise OutputError(self.file.explain(error)) from error

    def write(self, frame: RecordedFrame) -> None:
        """Add a frame."""
        self._frames.append(frame)
        mask = frame.detections.mask
        self._bytes += 60 * len(frame.detections) + (0 if mask is None else np.asarray(mask).size // 8)
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
            for name, array in _pack(self._frames).items():
                self._put(prefix + name, array)
        except OSError as error:
            raise OutputError(self.file.explain(error)) from error
        self._frames, self._bytes, self._chunk = [], 0, self._chunk + 1

    def _put(self, name: str, array: Any) -> None:
        with self._zip.open(name + ".npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)


class Recording:
    """A recorded run; iterate over it as often as needed to get its `RecordedFrame`s in order.

    Raises:
        SourceError: if there is no such file.
        FormatError: if it is no recording.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise SourceError(f"{self.path}: no such recording (make one with --save-detections {self.path.name})")
        try:
            with self._open() as archive:
                meta = json.loads(str(archive["meta"]))
                self._chunks = sorted({name.split("/")[0] for name in archive.files if "/" in name})
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise FormatError(
                f"{self.path}: not a recording of detections ({error}); expected a file made with --save-detections"
            ) from error
        self.info = RecordingInfo(
            meta["name"],
            int(meta["width"]),
            int(meta["height"]),
            float(meta["frame_rate"]),
            {int(k): str(v) for k, v in meta["names"].items()},
            meta.get("embedder"),
            meta.get("camera"),
        )

    def __len__(self) -> int:
        with self._open() as archive:
            return sum(len(archive[f"{chunk}/index"]) for chunk in self._chunks)

    def __iter__(self) -> Iterator[RecordedFrame]:
        with self._open() as archive:
            for chunk in self._chunks:
                try:
                    columns = {n.split("/")[1]: archive[n] for n in archive.files if n.startswith(chunk + "/")}
                except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
                    raise FormatError(f"{self.path}: chunk {chunk} is damaged ({error})") from error
                yield from _unpack(columns)

    def _open(self) -> Any:
        return np.load(self.path, allow_pickle=False)


def _pack(frames: list[RecordedFrame]) -> dict[str, Any]:
    tables = [frame.detections for frame in frames]
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
    masks = [table.mask for table in tables if len(table)]
    if any(mask is not None for mask in masks):
        stacked = [np.asarray(mask, np.bool_) for mask in masks]
        columns["mask_shape"] = np.array(stacked[0].shape[1:], np.int64)
        columns["mask"] = np.concatenate([np.packbits(m.reshape(len(m), -1), axis=1) for m in stacked])
    if any(frame.camera is not None for frame in frames):
        unknown = np.full((2, 3), np.nan)
        columns["camera"] = np.stack([unknown if frame.camera is None else frame.camera for frame in frames])
    if any(frame.cut for frame in frames):
        columns["cut"] = np.array([frame.cut for frame in frames], np.float64)
    return columns


def _joined(parts: list[Any], name: str) -> Any:
    if any(part is None for part in parts):
        raise FormatError(f"recording: some frames have {name} and some have none; expected all or none")
    return np.concatenate(parts)


def _unpack(columns: dict[str, Any]) -> Iterator[RecordedFrame]:
    ends = np.cumsum(columns["count"])
    for f, (end, count) in enumerate(zip(ends, columns["count"], strict=True)):
        rows = slice(int(end - count), int(end))
        optional: dict[str, Any] = {n: columns[n][rows] for n in ("embedding", "keypoints") if n in columns and count}
        if "mask" in columns and count:
            height, width = columns["mask_shape"]
            bits = np.unpackbits(columns["mask"][rows], axis=1, count=int(height * width))
            optional["mask"] = bits.astype(np.bool_).reshape(-1, int(height), int(width))
        table = Detections(columns["xyxy"][rows], columns["score"][rows], columns["class_id"][rows], **optional)
        camera = columns["camera"][f] if "camera" in columns else None
        known = camera is not None and np.isfinite(camera).all()
        cut = float(columns["cut"][f]) if "cut" in columns else 0.0
        yield RecordedFrame(int(columns["index"][f]), float(columns["time"][f]), table, camera if known else None, cut)
