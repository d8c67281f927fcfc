"""A recording as a source: it yields complete observations, with the images of their video or without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import lcm

import numpy as np

from sportstrack.errors import SourceError
from sportstrack.foreign import ForeignDetections
from sportstrack.recording import Recording, RecordingInfo
from sportstrack.track.frames import Observation
from sportstrack.track.settings import NONE, OFF
from sportstrack.types import FloatArray
from sportstrack.video import ASSUMED_RATE, Frame, SourceInfo, VideoSource, as_rate

STILL: FloatArray = np.eye(2, 3)
FINEST = 1_000_000  # parts of a second; the resolution of a recorded time


class Replay:
    """A recording's observations, with the images of the video that it was made from or without.

    Args:
        recording: what was recorded.
        video: the video it was made from, for its images; None does without.
        every: use frames whose number is a multiple of this.
        frame_rate: frames per second of the source, where the recorded times are wrong; None keeps them.

    Attributes:
        info: `SourceInfo`, with the rate of the source and the number of frames that the replay has.
        every: the stride of the replay's frames in the source.
        has_images: whether there is a video.
    """

    dropped = 0

    def __init__(
        self,
        recording: Recording | ForeignDetections,
        video: VideoSource | None,
        *,
        every: int = 1,
        frame_rate: float | None = None,
    ) -> None:
        self.recording, self._video, self.has_images = recording, video, video is not None
        self.warnings: list[str] = list(getattr(recording, "warnings", ()))
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

    def __iter__(self) -> Iterator[Observation]:
        if self._video is None:
            yield from self._observations()
            return
        frames = iter(self._video)
        for observation in self._observations():
            frame = next((frame for frame in frames if frame.index >= observation.index), None)
            if frame is None or frame.index != observation.index:
                self.warnings.append(
                    f"the video has no frame {observation.index}, which the recording has: stopped there"
                )
                break
            if self._given is None and isinstance(self.recording, ForeignDetections):  # which has no times of its own
                observation = replace(observation, time=frame.time)
            yield replace(observation, image=frame.image, pts=_exact(frame, observation.time))
        self.warnings += [text for text in self._video.warnings if text != ASSUMED_RATE]  # the recording has the rate

    def _observations(self) -> Iterator[Observation]:
        """Yield the frames that are wanted, at the times that hold."""
        camera: FloatArray | None = STILL
        cut, first = 0.0, None
        for recorded in self.recording:
            # A frame that is left out hands its shot change and its camera motion on to the next one.
            cut, camera = max(cut, recorded.cut_confidence), _after(camera, recorded.camera)
            if recorded.index % self._wanted:
                continue
            first = recorded.index if first is None else first
            seconds = recorded.time if self._given is None else float((recorded.index - first) / self._given)
            yield Observation(recorded.index, seconds, recorded.detections, camera, cut, recorded.bystanders)
            cut, camera = 0.0, STILL

    @property
    def frame_rate(self) -> Fraction:
        """Frames per second of the replay's frames."""
        return self.info.frame_rate / self.every

    def recorded_as(
        self,
        embedder: str | None = None,
        camera: str | None = None,
        *,
        on_pitch: str | None = None,
        numbers: bool | None = None,
        kits: bool = False,
    ) -> RecordingInfo:
        """Return what a recording of this replay says of itself.

        Args:
            embedder: what made the embeddings, if the replay computes them anew.
            camera: what estimated the camera's motion, if the replay does so anew.
            on_pitch: ``off`` if the replay ignores who was off the field.
            numbers: whether the replay reads shirt numbers, if that is said.
            kits: whether the replay computes kit colours.
        """
        made = self.recording.info
        return replace(
            made,
            frame_rate=float(self.info.frame_rate) / self.every,
            every=self.every,
            embedder=None if embedder == NONE else embedder or made.embedder,
            camera=camera or made.camera,
            on_pitch=None if on_pitch == OFF else made.on_pitch,
            numbers=made.numbers or bool(numbers),
            kits=made.kits or kits,
        )

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


def _exact(frame: Frame, seconds: float) -> Fraction:
    """Return a recorded time as a fraction: the video's own where it is the same."""
    return frame.pts if frame.time == seconds else Fraction(seconds).limit_denominator(FINEST)
