"""The files that a tracking run writes: video, text, recording, settings and summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import OutputError, SportstrackError
from sportstrack.files import PartFile, write_text
from sportstrack.opencv import require_cv2
from sportstrack.presence import Presence, overlay
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.settings import TrackSettings, settings_text
from sportstrack.sinks import TEXT_SINKS, Sink, TrackedFrame
from sportstrack.summary import Summary
from sportstrack.video import SourceInfo, VideoWriter

ENDINGS = {
    "video": "_tracked.mp4",
    "mot": ".txt",
    "jsonl": ".jsonl",
    "csv": ".csv",
    "heatmap": "_heat.png",
    "detections": ".npz",
}
"""Kind of output → what follows the source's name."""

DARK = 40  # grey level behind a heat map without a picture


class Outputs:
    """All files that a run writes."""

    def __init__(
        self,
        folder: Path | None,
        settings: TrackSettings,
        summary: Summary,
        info: SourceInfo,
        made: RecordingInfo,
        frame_rate: Fraction,
    ) -> None:
        self._summary, self._settings = summary, settings
        self._stem = None if folder is None else str(folder / summary.name)
        self._sinks: dict[str, Sink] = {}
        self._annotate: Callable[..., Any] | None = None
        self._heat: _HeatSink | None = None
        if self._stem is None:
            return
        for kind in settings.formats:
            if kind == "video":
                if info.kind != "recording":
                    self._open_video(info, frame_rate, made.names)
            elif kind == "heatmap":
                self._heat = self._sinks[kind] = _HeatSink(self._path(kind), info.width, info.height)
            else:
                self._sinks[kind] = TEXT_SINKS[kind](self._path(kind), made.names)
        if settings.save_detections:
            self._sinks["detections"] = _RecordingSink(self._path("detections"), made)

    def draw(self, frame: TrackedFrame) -> TrackedFrame:
        """Draw the tracks into the frame's image, if there is a video to write."""
        if self._heat is not None:
            self._heat.look(frame)  # before anything is drawn
        if self._annotate is not None and frame.image is not None:
            self._annotate(frame.image, frame.tracks, frame.detections)
        return frame

    def write(self, frame: TrackedFrame) -> None:
        """Add a frame to every file."""
        for sink in self._sinks.values():
            sink.write(frame)

    def end(self, *, complete: bool) -> None:
        """Close every file, also when closing one of them fails; that failure is raised at the end."""
        failure: SportstrackError | None = None
        for sink in self._sinks.values():
            try:
                if complete and failure is None:
                    sink.close()
                else:
                    sink.abandon()
            except SportstrackError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def conclude(self) -> None:
        """Save the settings and the summary beside a complete result, and mark it so."""
        summary = self._summary
        summary.complete = True
        summary.outputs = {kind: str(sink.path) for kind, sink in self._sinks.items() if sink.path.exists()}
        for sink in self._sinks.values():
            summary.warnings += getattr(sink, "warnings", [])
        if self._stem is not None:
            settings, record = f"{self._stem}.settings.yaml", f"{self._stem}.summary.json"
            write_text(settings, settings_text(self._settings))
            summary.outputs |= {"settings": settings, "summary": record}
            write_text(record, json.dumps(summary.as_dict(), indent=1, ensure_ascii=False) + "\n")

    def kept(self) -> dict[str, str]:
        """Return the files of an unfinished run that are there to read: kind → file."""
        parts = {kind: sink.file.part for kind, sink in self._sinks.items()}
        return {kind: str(part) for kind, part in parts.items() if part.exists()}

    def _path(self, kind: str) -> Path:
        return Path(f"{self._stem}{ENDINGS[kind]}")

    def _open_video(self, info: SourceInfo, rate: Fraction, names: Mapping[int, str]) -> None:
        from sportstrack.drawing import Annotator

        require_cv2()
        self._sinks["video"] = _VideoSink(self._path("video"), info, rate)
        annotator = Annotator(names, frame_rate=float(rate), trace=self._settings.trace)
        self._annotate = annotator.draw


class _VideoSink:
    def __init__(self, path: Path, info: SourceInfo, frame_rate: Fraction) -> None:
        self.path = path
        self._writer = VideoWriter(path, info.width, info.height, frame_rate, pixel_ratio=info.pixel_ratio)
        self.file = self._writer.file
        self.warnings = self._writer.warnings

    def write(self, frame: TrackedFrame) -> None:
        if frame.image is not None and frame.pts is not None:
            self._writer.write(frame.image, frame.pts)

    def close(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        self._writer.abandon()


class _HeatSink:
    """Where everybody has been, over the first frame."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        require_cv2()
        self.path = path
        self.file = PartFile(path)
        self._presence = Presence(width, height)
        self._ground: Any = None

    def look(self, frame: TrackedFrame) -> None:
        if self._ground is None and frame.image is not None:
            self._ground = frame.image.copy()

    def write(self, frame: TrackedFrame) -> None:
        self._presence.add(frame.tracks.xyxy)

    def close(self) -> None:
        self.abandon()
        self.file.complete()

    def abandon(self) -> None:
        size = (self._presence.height, self._presence.width, 3)
        ground = np.full(size, DARK, np.uint8) if self._ground is None else self._ground
        png = require_cv2().imencode(".png", overlay(ground, self._presence.map()))[1]
        try:
            self.file.part.write_bytes(png.tobytes())
        except OSError as error:
            raise OutputError(self.file.explain(error)) from error


class _RecordingSink:
    def __init__(self, path: Path, info: RecordingInfo) -> None:
        self.path = path
        self._writer = RecordingWriter(path, info)
        self.file = self._writer.file

    def write(self, frame: TrackedFrame) -> None:
        self._writer.write(RecordedFrame(frame.index, frame.time, frame.detections, frame.camera, frame.cut))

    def close(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        self._writer.abandon()
