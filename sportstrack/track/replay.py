"""Recorded frames on their way through the pipeline, with the pictures of their video or without any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from sportstrack.errors import SourceError
from sportstrack.recording import RecordedFrame, Recording
from sportstrack.types import FloatArray, Tracks
from sportstrack.video import ASSUMED_RATE, Frame, SourceInfo, VideoSource, as_rate

STILL: FloatArray = np.eye(2, 3)
FINEST = 1_000_000  # parts of a second that a recorded time is told apart by


class Replay:
    """A recording's frames, with the pictures of the video that it was made from or without any.

    Args:
        recording: what was recorded.
        video: the video it was made from, to draw into its pictures; None does without.
        every: use frames whose number is a multiple of this.
        frame_rate: frames per second of the source, where the recorded times are wrong; None keeps them.

    Attributes:
        info: `SourceInfo`, with the rate of the source and the number of frames that the replay has.
        every: every how many frames of the source the replay has one.
    """

    dropped = 0

    def __init__(
        self,
        recording: Recording,
        video: VideoSource | None,
        *,
        every: int = 1,
        frame_rate: float | None = None,
    ) -> None:
        self.recording, self._video, self.pictures = recording, video, video is not None
        self.warnings: list[str] = []
        made = recording.info
        self.every = lcm(every, made.every)
        self._wanted, self._given = every, None if frame_rate is None else as_rate(frame_rate)
        rate = self._given or Fraction(made.source_rate).limit_denominator(100_000)
        kind = "recording" if video is None else video.info.kind
        ratio = Fraction(1) if video is None else video.info.pixel_ratio
        count = len(recording) if every == 1 else sum(1 for frame in recording if frame.index % every == 0)
        self.info = SourceInfo(made.name, made.width, made.height, rate, count, False, kind, ratio)
        if video is not None and (made.width, made.height) != (video.info.width, video.info.height):
            raise SourceError(
                f"{recording.path}: recorded at {made.width}x{made.height}, but {video.info.name} is "
                f"{video.info.width}x{video.info.height}; give the video that it was recorded from"
            )

    def __iter__(self) -> Iterator[Seen]:
        if self._video is None:
            for recorded in self._recorded():
                yield Seen(NoPicture(recorded), recorded.cut_confidence, recorded)
            return
        pictures = iter(self._video)
        for recorded in self._recorded():
            picture = next((picture for picture in pictures if picture.index >= recorded.index), None)
            if picture is None or picture.index != recorded.index:
                self.warnings.append(f"the video has no frame {recorded.index}, which the recording has: stopped there")
                break
            yield Seen(_timed(picture, recorded.time), recorded.cut_confidence, recorded)
        self.warnings += [text for text in self._video.warnings if text != ASSUMED_RATE]  # the recording knows it

    def _recorded(self) -> Iterator[RecordedFrame]:
        """Yield the frames that are wanted, with their cuts, at the times that hold."""
        camera: FloatArray | None = STILL
        cut, first = 0.0, None
        for recorded in self.recording:
            # A frame that is left out hands its shot change and its camera motion on to the next one.
            cut, camera = max(cut, recorded.cut_confidence), _after(camera, recorded.camera)
            if recorded.index % self._wanted:
                continue
            first = recorded.index if first is None else first
            seconds = recorded.time if self._given is None else float((recorded.index - first) / self._given)
            yield replace(recorded, time=seconds, cut_confidence=cut, camera=camera)
            cut, camera = 0.0, STILL

    def close(self) -> None:
        """Close the video, if there is one."""
        if self._video is not None:
            self._video.close()


def _after(earlier: FloatArray | None, later: FloatArray | None) -> FloatArray | None:
    """Return the camera's motion over two steps, (2, 3); None if one of them is unknown."""
    if earlier is STILL or earlier is None or later is None:
        return later if earlier is STILL else None
    linear = later[:, :2]
    return np.column_stack([linear @ earlier[:, :2], linear @ earlier[:, 2] + later[:, 2]])


def _timed(picture: Frame, seconds: float) -> Frame:
    """Return a picture at the time of its recorded frame; a video's own exact time stays where it is the same."""
    if picture.time == seconds:
        return picture
    return replace(picture, time=seconds, pts=Fraction(seconds).limit_denominator(FINEST))


@dataclass(frozen=True)
class Seen:
    """A frame on its way to the detector, or its recorded detections."""

    frame: Frame | NoPicture
    cut: float
    recorded: RecordedFrame | None = None


class NoPicture:
    """A recorded frame without its picture."""

    image = pts = None

    def __init__(self, recorded: RecordedFrame) -> None:
        self.index, self.time = recorded.index, recorded.time


class Playback:
    """A tracker that gives back tracks known before, frame by frame."""

    def __init__(self, tracks: Sequence[Tracks]) -> None:
        self._tracks = tracks
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self._next = iter(self._tracks)

    def cut(self) -> None:
        """Do nothing: the tracks are decided."""

    def update(self, detections: Any, camera: Any = None) -> Tracks:  # noqa: ARG002
        """Return the next frame's tracks."""
        return next(self._next)
