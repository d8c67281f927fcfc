"""One session: a tracker, the number of its next frame, and the answers that may be asked for again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from sportstrack.checks import as_affine
from sportstrack.errors import SettingError
from sportstrack.kinds import is_kind
from sportstrack.serve.refusal import RefusedError
from sportstrack.trackers import create_tracker
from sportstrack.types import Detections

MOST_FRAMES, MOST_BOXES = 1000, 5000  # of a request, of a frame
COLUMNS = ("id", "x1", "y1", "x2", "y2", "score", "class", "detection")
"""Of a row of tracks; ``detection`` is the row in the frame's boxes, from 0, or −1 for a predicted box."""
_ARGUMENTS = {"name", "frame_rate", "frame_size", "ball", "ball_score"}  # of create_tracker
_KEYS = {"frame", "boxes", "embeddings", "camera", "time", "cut"}


@dataclass(frozen=True)
class _Sent:
    """A frame as it was sent, checked."""

    number: int
    digest: bytes
    detections: Detections
    camera: Any
    time: float | None
    cut: bool


class Session:
    """A tracker behind a table of frames.

    Args:
        asked: ``tracker``, ``settings``, ``frame_rate``, ``width``, ``height``, ``ball``.

    Attributes:
        next_frame: number of the frame that comes next, from 1.

    Raises:
        SettingError: no such tracker or setting, or a value out of range.
    """

    def __init__(self, asked: Mapping[str, Any]) -> None:
        size = (asked["width"], asked["height"])
        if odd := _ARGUMENTS & set(asked["settings"]):
            raise SettingError(f"settings: {min(odd)!r} is no setting of a tracker; it stands beside the settings")
        self._tracker = create_tracker(
            asked["tracker"],
            frame_rate=asked["frame_rate"],
            frame_size=None if None in size else size,
            ball=asked.get("ball"),
            **asked["settings"],
        )
        self.next_frame = 1
        self.ids = 0  # the largest id so far
        self._kept: dict[int, tuple[bytes, bytes]] = {}  # of the last request: frame → what came, what was answered
        self._time: float | None = None
        self._length = 0  # of an embedding

    def answer(self, body: bytes) -> bytes:
        """Track the frames of a request and return the JSON of the answer.

        Frames of the request before may come again, unchanged; they get the same answer and change nothing. A request
        is checked as a whole before its first frame reaches the tracker.

        Raises:
            RefusedError: JSON or a table of another form, or a frame number that does not follow (conflict).
            SettingError: a value that the tracker refuses.
        """
        frames = [_read(frame) for frame in _frames_of(body)]
        new = self._checked(frames)
        if new:
            again = frames[: len(frames) - len(new)]
            self._kept = {frame.number: self._kept[frame.number] for frame in again}
        for frame in new:
            self._kept[frame.number] = (frame.digest, self._track(frame))
            self.next_frame = frame.number + 1
        answers = b",".join(self._kept[frame.number][1] for frame in frames)
        return b'{"tracks":[%b],"next_frame":%d}' % (answers, self.next_frame)

    def _checked(self, frames: Sequence[_Sent]) -> list[_Sent]:
        """Return the frames that are new, having checked that each follows the one before."""
        new: list[_Sent] = []
        expected, time, length = self.next_frame, self._time, self._length
        for number, frame in enumerate(frames):
            where = f"frame {frame.number}"
            if number and frame.number != frames[number - 1].number + 1:
                raise _conflict(
                    f"{where} does not follow frame {frames[number - 1].number} of the same request", expected
                )
            if frame.number < expected and not new:
                kept = self._kept.get(frame.number)
                if kept is None:
                    raise _conflict(f"{where} is done already; the next one is frame {self.next_frame}", expected)
                if kept[0] != frame.digest:
                    raise _conflict(f"{where} is done already, and came with other boxes before", expected)
                continue
            if frame.number != self.next_frame + len(new):
                raise _conflict(f"{where} leaves a gap; the next one is frame {self.next_frame + len(new)}", expected)
            if frame.time is not None:
                if time is not None and frame.time <= time and not frame.cut:
                    raise RefusedError(f"{where}: time: expected more than {time:g} s, got {frame.time:g}", "setting")
                time = frame.time
            if frame.detections.embedding is not None and len(frame.detections):
                length = 0 if frame.cut else length
                if length and frame.detections.embedding.shape[1] != length:
                    raise RefusedError(f"{where}: embeddings: expected {length} numbers each, as before", "setting")
                length = frame.detections.embedding.shape[1]
            new.append(frame)
        return new

    def _track(self, frame: _Sent) -> bytes:
        embedding = frame.detections.embedding
        self._time = self._time if frame.time is None else frame.time
        self._length = self._length if embedding is None else embedding.shape[1]
        if frame.cut:
            getattr(self._tracker, "cut", self._tracker.reset)()
        tracks = self._tracker.update(frame.detections, frame.camera, frame.time).with_boxes().rounded()
        table = zip(
            tracks.track_id.tolist(),
            tracks.xyxy.tolist(),
            tracks.score.tolist(),
            tracks.class_id.tolist(),
            tracks.detection.tolist(),
            strict=True,
        )
        rows = [[one, *box, score, kind, row] for one, box, score, kind, row in table]
        self.ids = max(self.ids, int(tracks.track_id.max(initial=0)))
        return orjson.dumps({"frame": frame.number, "rows": rows})


def _read(frame: Any) -> _Sent:
    number = frame.get("frame") if isinstance(frame, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise RefusedError('frames: expected objects such as {"frame": 1, "boxes": [[x1, y1, x2, y2, score, class]]}')
    where = f"frame {number}"
    if unknown := set(frame) - _KEYS:
        raise RefusedError(f"{where}: {sorted(unknown)[0]!r} is not known (known: {', '.join(sorted(_KEYS))})")
    time, cut = frame.get("time"), frame.get("cut", False)
    if time is not None and (not is_kind(time, float) or not np.isfinite(time)):
        raise RefusedError(f"{where}: time: expected seconds, got {str(time)[:40]}")
    if not isinstance(cut, bool):
        raise RefusedError(f"{where}: cut: expected true or false, got {str(cut)[:40]}")
    try:
        found = _detections(frame.get("boxes", []), frame.get("embeddings"), where)
        camera = None if frame.get("camera") is None else as_affine(np.array(frame["camera"], np.float64))
    except (TypeError, ValueError, OverflowError) as error:
        raise RefusedError(f"{where}: {error}") from error
    digest = hashlib.blake2b(repr((time, cut, frame.get("camera"))).encode(), digest_size=16)
    for column in (found.xyxy, found.score, found.class_id, found.embedding):
        digest.update(b"none" if column is None else column.tobytes())
    return _Sent(number, digest.digest(), found, camera, time, cut)


def _frames_of(body: bytes) -> list[Any]:
    try:
        content = orjson.loads(body)
    except ValueError as error:
        raise RefusedError(f"the request is no JSON: {error}") from error
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list) or not 1 <= len(frames) <= MOST_FRAMES:
        raise RefusedError(f'expected {{"frames": [...]}} with 1 to {MOST_FRAMES} frames')
    return frames


def _detections(boxes: Any, embeddings: Any, where: str) -> Detections:
    if not isinstance(boxes, list) or len(boxes) > MOST_BOXES:
        raise RefusedError(f"{where}: boxes: expected a list of at most {MOST_BOXES} rows")
    if not boxes:
        return Detections.empty()
    table = np.array(boxes, np.float64)
    if table.ndim != 2 or table.shape[1] not in (5, 6):
        raise RefusedError(f"{where}: boxes: expected rows of x1, y1, x2, y2, score and class")
    found = Detections.from_table(table)
    if embeddings is None:
        return found
    vectors = np.array(embeddings, np.float32)
    if vectors.ndim != 2 or len(vectors) != len(boxes):
        raise RefusedError(f"{where}: embeddings: expected {len(boxes)} rows, one for each box, of equal length")
    return Detections(found.xyxy, found.score, found.class_id, vectors)


def _conflict(message: str, next_frame: int) -> RefusedError:
    return RefusedError(message, "conflict", more={"next_frame": next_frame})
