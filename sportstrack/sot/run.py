"""Follow one object through a video: frames in; annotated video, text, heat map and a summary out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.boxes import xyxy_to_tlwh
from sportstrack.errors import OutputError, SettingError, SourceError, unknown
from sportstrack.files.claim import Claim, PartFile, file_name
from sportstrack.mot import format_mot_rows
from sportstrack.sot.types import SotResult
from sportstrack.types import FloatArray, Image, Tracks
from sportstrack.video import Frame, VideoSource, VideoWriter

FORMATS = {"video": "_sot.mp4", "mot": ".txt", "otb": "_otb.txt", "heat": "_heat.png", "json": "_sot.json"}
"""Kind of output → what follows the source's name."""

Step = Callable[[Image], SotResult]
Progress = Callable[[int, "int | None"], None]


@dataclass
class SotSummary:
    """What a run did.

    Attributes:
        source: name of the source.
        first: index of the first frame followed, from 0.
        frames: frames followed, the first one included.
        seconds: wall-clock time of the whole run.
        tracker_seconds: of that, the tracker's own.
        seen: frames in which the object was seen.
        unseen: (first, last, state) of each span in which it was not; frame indices from 0; the state is ``lost`` if
            any of its frames was.
        complete: whether the source was followed to its end.
        warnings: what was wrong with the source.
        outputs: kind → file.
    """

    source: str
    first: int = 0
    frames: int = 0
    seconds: float = 0.0
    tracker_seconds: float = 0.0
    seen: int = 0
    unseen: list[tuple[int, int, str]] = field(default_factory=list)
    complete: bool = False
    warnings: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        """End-to-end frames per second."""
        return self.frames / self.seconds if self.seconds else 0.0

    def note(self, index: int, state: str) -> None:
        """Count one frame."""
        self.frames += 1
        if state == "tracking":
            self.seen += 1
        elif self.unseen and self.unseen[-1][1] == index - 1:
            before = self.unseen[-1]
            self.unseen[-1] = (before[0], index, "lost" if "lost" in (before[2], state) else state)
        else:
            self.unseen.append((index, index, state))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"fps": round(self.fps, 2)}

    def as_text(self) -> str:
        """Return a few lines to read; frames count from 0."""
        own = self.frames / self.tracker_seconds if self.tracker_seconds else 0.0
        lines = [f"{self.source}: {self.frames} frames from {self.first} on, seen in {self.seen}"]
        lines.append(f"  {self.fps:.1f} frames/s; the tracker alone {own:.1f}")
        lines += [f"  {state:<9} frames {first} to {last}" for first, last, state in self.unseen]
        if not self.complete:
            lines.append("  stopped before the end")
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [f"  {kind:<9} {path}" for kind, path in self.outputs.items()]
        return "\n".join(lines)


def claim_outputs(
    folder: str | Path,
    name: str,
    formats: Sequence[str],
    *,
    source: str | Path | None = None,
    inputs: Sequence[str | Path] = (),
    overwrite: bool = False,
) -> Claim:
    """Claim the files of a run, before anything is loaded or read; arguments as `sportstrack.files.claim.Claim`.

    Raises:
        SettingError: an unknown format.
        OutputError: a file must not be replaced, or another run is writing it.
    """
    for kind in formats:
        if kind not in FORMATS:
            raise SettingError(f"formats: {unknown('format', kind, FORMATS)}")
    stem = file_name(name)
    names = [f"{stem}{FORMATS[kind]}" for kind in formats]
    command = "sportstrack sot"
    return Claim(folder, names, command=command, source=source, inputs=inputs, overwrite=overwrite, stem=stem)


def follow(
    source: VideoSource,
    begin: Callable[[Frame], tuple[SotResult, Step] | None],
    claim: Claim,
    *,
    formats: Sequence[str] = ("video", "mot", "otb", "heat", "json"),
    name: str | None = None,
    start: int = 0,
    track_id: int = 1,
    progress: Progress | None = None,
) -> SotSummary:
    """Follow one object and write the outputs.

    Args:
        source: an open source.
        begin: called with each frame from `start` on until it gives the first result and the function that continues.
        claim: the right to write the outputs, of `claim_outputs`.
        formats: of `FORMATS`, those that were claimed.
        name: stem of the output files, as it was claimed; None takes it from the source.
        start: index of the first frame, from 0.
        track_id: id in the MOT rows.
        progress: called with (frames done, expected or None).

    Returns:
        The run's `SotSummary`.

    Raises:
        SourceError: if the source ends before `start`, or nothing to follow was found in it.
        KeyboardInterrupt: after Ctrl-C; the files are complete up to there, and its argument is the summary.
    """
    summary = SotSummary(source.info.name)
    files = _Files(claim, file_name(name or source.info.name), formats, source, track_id)
    begun, expected = time.perf_counter(), source.info.frame_count
    step: Step | None = None
    try:
        for frame in source:
            if frame.index < start:
                continue
            called = time.perf_counter()
            if step is None:
                if (started := begin(frame)) is None:
                    continue
                result, step = started
                summary.first = frame.index
            else:
                result = step(frame.image)
            summary.tracker_seconds += time.perf_counter() - called
            summary.note(frame.index, result.state)
            files.write(frame, result)
            if progress is not None:
                progress(summary.frames, None if expected is None else expected - summary.first)
        if step is None:
            raise SourceError(f"{source.info.name}: ends before there was anything to follow (from frame {start} on)")
        summary.complete = True
    except KeyboardInterrupt:
        _conclude(summary, files, source, begun)
        raise KeyboardInterrupt(summary) from None
    except BaseException:
        files.abandon()
        raise
    _conclude(summary, files, source, begun)
    return summary


def _conclude(summary: SotSummary, files: _Files, source: VideoSource, begun: float) -> None:
    summary.warnings += source.warnings
    files.close()
    summary.seconds = round(time.perf_counter() - begun, 3)
    summary.tracker_seconds = round(summary.tracker_seconds, 3)
    files.report(summary)


class _Files:
    """The outputs of one run."""

    def __init__(self, claim: Claim, stem: str, formats: Sequence[str], source: VideoSource, track_id: int) -> None:
        from sportstrack.draw.annotator import Annotator

        self._claim = claim
        self._paths = {kind: claim.folder / f"{stem}{FORMATS[kind]}" for kind in formats}
        self._track_id = track_id
        self._texts = {kind: PartFile(self._paths[kind]) for kind in ("mot", "otb") if kind in formats}
        self._streams = {kind: file.open_text() for kind, file in self._texts.items()}
        self._first: Image | None = None
        self._boxes: list[FloatArray] = []
        info = source.info
        self._annotator = Annotator(frame_rate=float(info.frame_rate), trace=False, labels=False)
        self._video: VideoWriter | None = None
        if "video" in formats:
            size, ratio = (info.width, info.height), info.pixel_ratio
            self._video = VideoWriter(self._paths["video"], *size, info.frame_rate, pixel_ratio=ratio)
        self._rate: Fraction = info.frame_rate

    def write(self, frame: Frame, result: SotResult) -> None:
        """Add a frame; the video draws into its image."""
        if self._first is None:
            self._first = frame.image.copy()
        self._boxes.append(result.box if result.seen else np.full(4, np.nan))
        tracks = self._tracks(result)
        if result.seen:
            self._add("mot", format_mot_rows(frame.index, tracks))
        self._add("otb", ",".join(f"{v:.2f}" for v in xyxy_to_tlwh(result.box[None])[0]) + "\n")
        if self._video is not None:
            self._video.write(self._drawn(frame.image, tracks, result), frame.pts)

    def close(self) -> None:
        """Complete the files, and give them their names when all are."""
        files = list(self._texts.values())
        self._close_texts()
        if self._video is not None:
            self._video.finish()
            files.append(self._video.file)
        if "heat" in self._paths and self._first is not None:
            files.append(self._heat(self._first))
        if "json" in self._paths:
            self._claim.remove(self._paths["json"].name)  # it speaks of files that are about to be replaced
        self._claim.complete(files)

    def report(self, summary: SotSummary) -> None:
        """Tell the summary of the files, and write it."""
        if self._video is not None:
            summary.warnings += self._video.warnings
        done = {kind: str(path) for kind, path in self._paths.items() if kind == "json" or path.exists()}
        summary.outputs.update(done)
        if "json" in self._paths:
            self._claim.write_text(
                self._paths["json"].name, json.dumps(summary.as_dict(), indent=1, ensure_ascii=False) + "\n"
            )

    def abandon(self) -> None:
        """Leave what was written under its ``.part`` name; nothing where nothing was written."""
        with suppress(OutputError):  # it is said already
            self._close_texts()
        if not self._boxes:
            for file in self._texts.values():
                file.part.unlink(missing_ok=True)
        if self._video is not None:
            self._video.abandon()

    def _add(self, kind: str, text: str) -> None:
        if kind in self._streams:
            with self._texts[kind].explained():
                self._streams[kind].write(text)

    def _close_texts(self) -> None:
        for kind, stream in self._streams.items():
            with self._texts[kind].explained():
                stream.close()

    def _tracks(self, result: SotResult) -> Tracks:
        if result.state == "lost":
            return Tracks.empty()
        row = np.array([0 if result.seen else -1])
        return Tracks(result.box[None], np.array([result.score]), np.array([0]), np.array([self._track_id]), row)

    def _drawn(self, image: Image, tracks: Tracks, result: SotResult) -> Image:
        """Draw the path of the last seconds, the box (dashed where it is a guess) and the state."""
        import cv2

        from sportstrack.draw.heatmap import draw_path

        recent = self._boxes[-max(2, round(6 * self._rate)) :]
        draw_path(image, np.stack(recent))
        self._annotator.draw(image, tracks)
        size = image.shape[0] / 720
        text = f"{result.state} {result.score:.2f}" if result.seen else result.state
        place = (round(12 * size) + 2, round(30 * size) + 6)
        for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
            thick = max(1, round(width * size))
            cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, max(0.4, 0.8 * size), colour, thick, cv2.LINE_AA)
        return image

    def _heat(self, image: Image) -> PartFile:
        import cv2

        from sportstrack.draw.heatmap import draw_path, heat_map, overlay

        boxes = np.stack(self._boxes)
        height, width = image.shape[:2]
        picture = draw_path(overlay(image, heat_map(boxes, width, height)), boxes)
        file = PartFile(self._paths["heat"])
        file.write(cv2.imencode(".png", picture)[1].tobytes())
        return file
