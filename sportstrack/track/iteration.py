"""Tracking as an iterator: a frame at a time, with the stages' threads closed however it is left."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.track.frames import TrackedFrame
from sportstrack.track.summary import Summary
from sportstrack.types import CameraMotion, Detect, Embedder, Tracker

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import TrackKeywords
    from sportstrack.track.pipeline import Progress
    from sportstrack.track.settings import TrackSettings


class TrackedFrames(Iterator[TrackedFrame]):
    """The frames of one run, in order; also a context manager.

    Decoding runs a few frames ahead in threads of its own. They end with the last frame, with an error, with `close`,
    and when nothing refers to the iterator any more, as after a ``break`` out of its loop.

    Attributes:
        summary: the run's `Summary`; its counts are filled in when the last frame has been taken.
    """

    def __init__(self, summary: Summary, frames: Generator[TrackedFrame, None, None], held: ExitStack) -> None:
        self.summary = summary
        self._frames = frames
        self._end = weakref.finalize(self, _end, frames, held)  # at Python's exit, too, while threads still run

    def __next__(self) -> TrackedFrame:
        try:
            return next(self._frames)
        except BaseException:  # StopIteration, too
            self._end()
            raise

    def close(self) -> None:
        """Stop here: files that were to be written stay under their ``.part`` names. Calling it again is harmless."""
        self._end()

    def to_end(self, on_frame: Callable[[TrackedFrame], None] | None) -> Summary:
        """Take all frames and return the summary; what `on_frame` raises ends the run as an error of its own."""
        try:
            for frame in self:
                if on_frame is not None:
                    try:
                        on_frame(frame)
                    except BaseException as error:
                        self._frames.throw(error)
        finally:
            self.close()
        return self.summary

    def __enter__(self) -> TrackedFrames:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<tracked frames of {self.summary.source}>"


def track(
    source: str | Path | int,
    output: str | Path | None = None,
    *,
    settings: TrackSettings | None = None,
    detector: Detect | str | None = None,
    tracker: Tracker | str | None = None,
    embedder: Embedder | str | None = None,
    camera: CameraMotion | str | None = None,
    name: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | bool | None = None,
    **overrides: Unpack[TrackKeywords],
) -> TrackedFrames:
    """Track the players and the ball in a video and iterate over its frames.

    Args:
        source: all arguments are those of `sportstrack.track_video`.
        output: folder for the outputs, which are complete when the last frame has been taken; None writes nothing.
        settings: a `TrackSettings`; None is its defaults.
        detector: an object or a name, used instead of the settings' weights.
        tracker: an object or a name, used instead of the settings' one.
        embedder: an object or a name, used instead of the settings' one.
        camera: an object or a name, used instead of the settings' one.
        name: stem of the output files; None takes it from the source.
        resume: yield nothing if `output` holds this source's complete result.
        overwrite: replace also files that are not an unchanged result of the same source.
        progress: True shows a bar, in notebooks too; or it is called after each frame with (done, expected or None).
        **overrides: single fields of `TrackSettings`, such as ``imgsz=1280``.

    Returns:
        An iterator of `TrackedFrame`s with ``index``, ``time``, ``image``, ``detections``, ``tracks``, ``names`` and
        ``camera``; its ``summary`` is complete at the end. With ``offline=True`` the first frame comes at the end, too.

    Raises:
        SportstrackError: at the call, for a source, settings, weights or outputs that will not do; while iterating, for
            anything that happens then.

    Example:
        >>> for frame in sportstrack.track("match.mp4", weights="yolov8n.pt"):  # doctest: +SKIP
        ...     print(frame.time, frame.tracks.track_id)
    """
    from sportstrack.track.run import begin

    return begin(
        source,
        output,
        settings=settings,
        detector=detector,
        tracker=tracker,
        embedder=embedder,
        camera=camera,
        name=name,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
        images=True,
        overrides=overrides,
    )


def _end(frames: Generator[TrackedFrame, None, None], held: ExitStack) -> None:
    with held:
        frames.close()
