"""Follow one object through a video."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from sportstrack.errors import SourceError
from sportstrack.files.claim import Claim, file_name
from sportstrack.sot.outputs import FORMATS, SotOutputs
from sportstrack.sot.summary import SotSummary
from sportstrack.sot.types import SotResult
from sportstrack.types import Image
from sportstrack.video import Frame, VideoSource

Step: TypeAlias = Callable[[Image], SotResult]
Begin: TypeAlias = Callable[[Frame], "tuple[SotResult, Step] | None"]
Progress: TypeAlias = Callable[[int, "int | None"], None]


def follow(
    source: VideoSource,
    begin: Begin,
    claim: Claim,
    *,
    formats: Sequence[str] = tuple(FORMATS),
    name: str | None = None,
    start: int = 0,
    track_id: int = 1,
    progress: Progress | None = None,
) -> SotSummary:
    """Follow one object and write the outputs.

    Args:
        source: an open source.
        begin: called with each frame from `start` until it returns the first result and the function that continues.
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
    info = source.info
    summary = SotSummary(info.name)
    outputs = SotOutputs(claim, file_name(name or info.name), formats, info, track_id)
    begun = time.perf_counter()
    try:
        for frame, result in _results(source, begin, start, summary):
            summary.note(frame.index, result.state)
            outputs.write(frame, result)
            if progress is not None:
                progress(summary.frames, None if info.frame_count is None else info.frame_count - summary.first)
        summary.complete = True
    except KeyboardInterrupt:
        _conclude(summary, outputs, source, begun)
        raise KeyboardInterrupt(summary) from None
    except BaseException:
        outputs.abandon()
        raise
    _conclude(summary, outputs, source, begun)
    return summary


def _results(source: VideoSource, begin: Begin, start: int, summary: SotSummary) -> Iterator[tuple[Frame, SotResult]]:
    """Yield the frames that are followed, with their results; the summary gets the first one and the time."""
    step: Step | None = None
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
        yield frame, result
    if step is None:
        raise SourceError(f"{source.info.name}: ends before there was anything to follow (starting at frame {start})")


def _conclude(summary: SotSummary, outputs: SotOutputs, source: VideoSource, begun: float) -> None:
    summary.warnings += source.warnings
    outputs.close()
    summary.seconds = round(time.perf_counter() - begun, 3)
    summary.tracker_seconds = round(summary.tracker_seconds, 3)
    outputs.write_summary(summary)
