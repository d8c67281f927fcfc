"""Recorded frames on their way through the pipeline, with the pictures of their video or without any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sportstrack.errors import SourceError
from sportstrack.recording import RecordedFrame, Recording
from sportstrack.types import Tracks
from sportstrack.video import Frame, SourceInfo, VideoSource


class Replay:
    """A recording's frames, with the pictures of the video that it was made from or without any."""

    dropped = 0

    def __init__(self, recording: Recording, video: VideoSource | None) -> None:
        self.recording, self._video, self.pictures = recording, video, video is not None
        self.warnings: list[str] = []
        made = recording.info
        rate = Fraction(made.frame_rate).limit_denominator(100_000)
        kind = "recording" if video is None else video.info.kind
        self.info = SourceInfo(made.name, made.width, made.height, rate, len(recording), False, kind)
        if video is not None and (made.width, made.height) != (video.info.width, video.info.height):
            raise SourceError(
                f"{recording.path}: recorded at {made.width}x{made.height}, but {video.info.name} is "
                f"{video.info.width}x{video.info.height}; give the video that it was recorded from"
            )

    def __iter__(self) -> Iterator[Seen]:
        if self._video is None:
            for recorded in self.recording:
                yield Seen(NoPicture(recorded), recorded.cut, recorded)
            return
        pictures = iter(self._video)
        for recorded in self.recording:
            picture = next((picture for picture in pictures if picture.index >= recorded.index), None)
            if picture is None or picture.index != recorded.index:
                self.warnings.append(f"the video has no frame {recorded.index}, which the recording has: stopped there")
                break
            yield Seen(picture, recorded.cut, recorded)
        self.warnings += self._video.warnings

    def close(self) -> None:
        """Close the video, if there is one."""
        if self._video is not None:
            self._video.close()


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
