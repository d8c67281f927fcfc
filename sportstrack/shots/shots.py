"""The shots of a whole video, with replays and kinds of view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sportstrack.shots.boundaries import Boundary, ShotDetector, is_close_up
from sportstrack.shots.replays import Replay, ReplayDetector
from sportstrack.types import FloatArray

_MOSTLY = 0.5  # share of a shot that a replay must cover, for the shot to be one


_NEAR = 0.6  # seconds; a boundary so near a replay's end is that end


COLUMNS = ("shot", "start", "end", "start_time", "end_time", "kind", "confidence", "replay", "replay_signs")


@dataclass(frozen=True)
class Shot:
    """One shot.

    Attributes:
        start: its first frame, from 0.
        end: its last frame.
        start_time: seconds.
        end_time: seconds.
        kind: how it began: ``cut``, ``fade``, ``transition`` (a picture that came before and after a replay),
            ``repeat`` (pictures that had been shown begin or end), or ``start`` for the first.
        confidence: of that, 0…1.
        replay: how surely it is a replay, 0…1; 0 if nothing speaks for it.
        replay_signs: what speaks for it: ``transition``, ``repeat``, ``slow``.
    """

    start: int
    end: int
    start_time: float
    end_time: float
    kind: str
    confidence: float
    replay: float = 0.0
    replay_signs: tuple[str, ...] = ()

    @property
    def view(self) -> str:
        """``replay`` or ``live``; `kind_of_view` tells close-ups, too, from boxes."""
        return "replay" if self.replay >= 0.5 else "live"


def kind_of_view(shot: Shot, xyxy: FloatArray, height: int) -> str:
    """Tell what a shot shows: ``replay``, ``close-up`` or ``wide``.

    Args:
        shot: of `find_shots`.
        xyxy: (N, 4) boxes of people in the shot, of one frame or of many.
        height: of the picture.
    """
    if shot.view == "replay":
        return "replay"
    return "close-up" if is_close_up(xyxy, height) else "wide"


def find_shots(
    source: Any, detector: ShotDetector, progress: Any = None, replays: ReplayDetector | None = None
) -> list[Shot]:
    """Read an open `sportstrack.video.VideoSource` to its end and return its shots.

    Args:
        source: the source; it is read frame by frame and not kept.
        detector: as new.
        progress: called with (frames done, frames expected or None).
        replays: as new; None flags none.
    """
    starts: list[Boundary] = []
    times: list[float] = []
    numbers: list[int] = []  # of the frames in the source, which may have lost some
    found: list[Replay] = []
    for frame in source:
        if (boundary := detector.update(frame.image)) is not None:
            starts.append(boundary)
        if replays is not None:
            found += replays.update(frame.image, boundary is not None)
        times.append(frame.time)
        numbers.append(frame.index)
        if progress is not None:
            progress(len(times), source.info.frame_count)
    if not times:
        return []
    if replays is not None:
        found += replays.finish()
        starts = with_replays(starts, found, round(_NEAR * float(source.info.frame_rate)), len(times) - 1)
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


def with_replays(boundaries: list[Boundary], replays: Sequence[Replay], near: int, last: int) -> list[Boundary]:
    """Return the boundaries with those ends of replays that none of them is within ``near`` frames of.

    A wipe is seldom a cut, and a replay from the same camera need not look like another shot.
    """
    found = list(boundaries)
    for sign in ("transition", "repeat"):
        for replay in (one for one in replays if one.sign == sign):
            for at in (replay.start, replay.end + 1):
                if 0 < at <= last and all(abs(at - boundary.frame) > near for boundary in found):
                    found.append(Boundary(at, sign, replay.confidence))
    return sorted(found, key=lambda boundary: boundary.frame)


def judge(start: int, end: int, replays: Sequence[Replay]) -> tuple[float, tuple[str, ...]]:
    """Return how surely frames ``start`` to ``end`` are a replay, and by what signs."""
    doubt, signs = 1.0, []
    for sign in ("transition", "repeat", "slow"):
        parts = [one for one in replays if one.sign == sign]
        covered = sum(max(0, min(end, one.end) - max(start, one.start) + 1) for one in parts)
        if covered > _MOSTLY * (end - start + 1):
            signs.append(sign)
            doubt *= 1.0 - max(one.confidence for one in parts)
    return round(1.0 - doubt, 3), tuple(signs)
