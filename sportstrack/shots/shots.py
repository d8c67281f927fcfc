"""The shots of a whole video, with slow motion and kinds of view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sportstrack.shots.boundaries import Boundary, ShotDetector, is_close_up
from sportstrack.shots.slow_motion import SlowMotion, SlowMotionDetector
from sportstrack.types import FloatArray
from sportstrack.video.source import VideoSource

_MOSTLY = 0.5  # share of a shot that slow motion must cover for the shot to be flagged
_NEAR = 0.6  # seconds; a boundary so near an end of slow motion is that end
COLUMNS = (
    *("shot", "start", "end", "start_time", "end_time"),
    *("kind", "confidence", "slow_motion", "slow_motion_signs"),
)


@dataclass(frozen=True)
class Shot:
    """One shot.

    Attributes:
        start: its first frame, from 0.
        end: its last frame.
        start_time: seconds.
        end_time: seconds.
        kind: how it began: ``cut``, ``fade``, ``transition`` (a picture that came before and after slow
            motion), ``repeat`` (pictures that had been shown before begin or end), or ``start`` for the first.
        confidence: of that, 0…1.
        slow_motion: confidence that it is slow motion (a replayed scene), 0…1; 0 without a sign.
        slow_motion_signs: the signs found: ``transition``, ``repeat``, ``slow``.
    """

    start: int
    end: int
    start_time: float
    end_time: float
    kind: str
    confidence: float
    slow_motion: float = 0.0
    slow_motion_signs: tuple[str, ...] = ()

    @property
    def view(self) -> str:
        """``slow motion`` or ``live``; `kind_of_view` finds close-ups too, from boxes."""
        return "slow motion" if self.slow_motion >= 0.5 else "live"


def kind_of_view(shot: Shot, xyxy: FloatArray, height: int) -> str:
    """Return what a shot shows: ``slow motion``, ``close-up`` or ``wide``.

    Args:
        shot: of `find_shots`.
        xyxy: (N, 4) boxes of people in the shot, of one frame or of many.
        height: of the picture.
    """
    if shot.view == "slow motion":
        return "slow motion"
    return "close-up" if is_close_up(xyxy, height) else "wide"


def find_shots(
    source: VideoSource,
    detector: ShotDetector,
    progress: Callable[[int, int | None], None] | None = None,
    slow_motion: SlowMotionDetector | None = None,
) -> list[Shot]:
    """Read an open `sportstrack.video.VideoSource` to its end and return its shots.

    Args:
        source: the source; it is read frame by frame and not kept.
        detector: as new.
        progress: called with (frames done, frames expected or None).
        slow_motion: as new; None flags no slow motion.
    """
    starts: list[Boundary] = []
    times: list[float] = []
    numbers: list[int] = []  # of the frames in the source, which may have lost some
    found: list[SlowMotion] = []
    for frame in source:
        if (boundary := detector.update(frame.image)) is not None:
            starts.append(boundary)
        if slow_motion is not None:
            found += slow_motion.update(frame.image, boundary is not None)
        times.append(frame.time)
        numbers.append(frame.index)
        if progress is not None:
            progress(len(times), source.info.frame_count)
    if not times:
        return []
    if slow_motion is not None:
        found += slow_motion.finish()
        starts = with_slow_motion(starts, found, round(_NEAR * float(source.info.frame_rate)), len(times) - 1)
    begins = [Boundary(0, "start", 1.0), *starts]
    ends = [boundary.frame - 1 for boundary in starts] + [len(times) - 1]
    return [
        Shot(
            numbers[begin.frame],
            numbers[end],
            times[begin.frame],
            times[end],
            begin.kind,
            begin.confidence,
            *judge(begin.frame, end, found),
        )
        for begin, end in zip(begins, ends, strict=True)
    ]


def with_slow_motion(boundaries: list[Boundary], scenes: Sequence[SlowMotion], near: int, last: int) -> list[Boundary]:
    """Return the boundaries, and the ends of slow motion that no boundary is within ``near`` frames of.

    A wipe is seldom a cut, and slow motion from the same camera need not look like another shot.
    """
    found = list(boundaries)
    for sign in ("transition", "repeat"):
        for scene in (one for one in scenes if one.sign == sign):
            for at in (scene.start, scene.end + 1):
                if 0 < at <= last and all(abs(at - boundary.frame) > near for boundary in found):
                    found.append(Boundary(at, sign, scene.confidence))
    return sorted(found, key=lambda boundary: boundary.frame)


def judge(start: int, end: int, scenes: Sequence[SlowMotion]) -> tuple[float, tuple[str, ...]]:
    """Return the confidence that frames ``start`` to ``end`` are slow motion, and the signs of it."""
    doubt, signs = 1.0, []
    for sign in ("transition", "repeat", "slow"):
        parts = [one for one in scenes if one.sign == sign]
        covered = sum(max(0, min(end, one.end) - max(start, one.start) + 1) for one in parts)
        if covered > _MOSTLY * (end - start + 1):
            signs.append(sign)
            doubt *= 1.0 - max(one.confidence for one in parts)
    return round(1.0 - doubt, 3), tuple(signs)
