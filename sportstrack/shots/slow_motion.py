"""Slow motion: replayed scenes, found by what broadcasters do to them and not by one broadcaster's logo.

Three signs; each of them is enough, and several make it surer:

* *transition*: the same passing picture twice. A logo flies across before the scene and again after it; nothing else
  in a broadcast comes back to the pixel and is gone within a second;
* *repeat*: pictures that were shown before, in the same order, at the same speed or slower;
* *slow*: frames that stand, or that are the mean of their neighbours, in a regular beat. In a video that beats all
  the time (25 frames per second made into 50) this is no sign.

Bounded memory: a small picture of each frame of the last minute and a half. A scene is reported when it has ended.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError
from sportstrack.images.check import check_image
from sportstrack.images.corners import LEAST_SIDE, halve
from sportstrack.images.opencv import require_cv2
from sportstrack.types import BoolArray, FloatArray, IntArray

THUMB = (32, 18)  # pixels, the pictures that are remembered
COARSE = (8, 6)  # pixels, the pictures that choose those worth comparing
GREY = 200  # pixels at most, width of the pictures that are searched for a beat
CERTAINTY = {"transition": 0.75, "repeat": 0.9, "slow": 0.6}
"""How sure each sign is by itself; together, their doubts multiply."""

_FLIGHT = 1.5  # seconds; what looks the same for longer is no transition, but a scene shown again
_COMPARED = 12  # remembered pictures that each frame is compared with
_BEATS = (2, 3, 4)  # frames
_STRONG = 30.0  # levels; a pixel that differs by more counts as this (a clock, a score, a word in the corner)


@dataclass(frozen=True)
class SlowMotion:
    """A stretch of video that seems to be a replayed scene.

    Attributes:
        start: its first frame, from 0.
        end: its last one.
        sign: ``transition``, ``repeat`` or ``slow``.
        confidence: 0…1.
    """

    start: int
    end: int
    sign: str
    confidence: float


@dataclass(frozen=True)
class SlowMotionConfig:
    """Settings of `SlowMotionDetector`; times in seconds, differences in grey levels, 0…255, shares 0…1.

    Attributes:
        memory: pictures are remembered for this long; a longer scene is not found by its transitions.
        shortest: a scene lasts at least this long.
        same: two pictures that differ by at most this are the same.
        passing: a transition's picture differs by at least this from the pictures `around` before and after it.
        around: distance of the pictures that `passing` compares.
        transition: the two transitions look the same for at least this long.
        distinct: a repeated picture differs from its original by at most this share of the difference between the
            original and the pictures `distinct_around` before and after it.
        distinct_around: distance of the pictures that `distinct` compares.
        moving: least difference of those pictures; below it too little moves to decide.
        repeat: a repeat lasts at least this long.
        slowest: least speed of a repeat, as a share of the original speed.
        still: a frame stands, or is the mean of its neighbours, if it moves less than this share of the usual movement.
        beat: least usual movement.
        usual: if a larger share of the video so far beats, a beat is no sign.
    """

    memory: float = 90.0
    shortest: float = 1.5
    same: float = 5.0
    passing: float = 14.0
    around: float = 0.8
    transition: float = 0.12
    distinct: float = 0.4
    distinct_around: float = 0.6
    moving: float = 2.5
    repeat: float = 1.0
    slowest: float = 0.15
    still: float = 0.5
    beat: float = 1.0
    usual: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < float("inf"):
                raise SettingError(f"{name}: expected a number from 0, got {value!r}")


class SlowMotionDetector:
    """Finds slow motion in a stream of frames.

    Args:
        config: settings.
        frame_rate: frames per second; scales all times.
    """

    def __init__(self, config: SlowMotionConfig | None = None, *, frame_rate: float = 25.0) -> None:
        if not 0 < frame_rate < float("inf"):
            raise SettingError(f"frame_rate: expected frames per second above 0, got {frame_rate!r}")
        self.config = config or SlowMotionConfig()
        self._rate = frame_rate
        self.reset()

    def reset(self) -> None:
        """Forget everything; frames count from 0 again."""
        self._count = 0
        self._seen = _Memory(max(8, round(self.config.memory * self._rate)))
        self._twins: deque[tuple[int, int]] = (
            deque()
        )  # (frame, the earlier frame that looks the same), of the last frames
        self._passing: _Passing | None = None  # the current transition, which has been seen before
        self._closed = -1  # the last frame at which a scene ended with a transition
        self._run: list[tuple[int, int]] = []  # (frame, original) of the current repeat
        self._beat = _Beat(self._frames(1.0))
        self._slow: int | None = None  # where the current slow motion began
        self._beats = 0  # frames in slow motion

    def _frames(self, seconds: float) -> int:
        return max(1, round(seconds * self._rate))

    def update(self, frame: NDArray[Any], boundary: bool = False) -> list[SlowMotion]:
        """Look at the next frame, (H, W, 3) uint8 BGR; return the scenes that have just ended.

        Args:
            frame: the picture.
            boundary: whether a shot begins with it (`ShotDetector`); slow motion ends there.

        Raises:
            SettingError: if it is no such picture.
        """
        check_image(frame, "slow motion", least=LEAST_SIDE)
        cv2 = require_cv2()
        index, self._count = self._count, self._count + 1
        small = halve(frame, GREY)
        thumb = cv2.resize(small, THUMB, interpolation=cv2.INTER_AREA)
        found = self._end_slow(index - 1) if boundary else []
        if boundary:
            self._beat.reset()
        found += self._follow_beat(index, self._beat.add(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), self.config))
        self._seen.add(thumb)
        found += self._repeat(index)
        found += self._transition(index)
        return found

    def finish(self) -> list[SlowMotion]:
        """Return the scenes that the end of the video ends."""
        return self._end_repeat() + self._between() + self._end_slow(self._count - 1)

    # --- the same pictures again -------------------------------------------------------------------------------------

    def _repeat(self, index: int) -> list[SlowMotion]:
        """Follow a repeat, picture by picture."""
        config = self.config
        way = self._frames(config.distinct_around)
        earlier = self._seen.alike(index, max(2 * way, self._frames(config.shortest)))
        best = earlier[0] if earlier else None
        if best is None or best[1] > config.same or not self._distinct(*best, way):
            if self._run and index - self._run[-1][0] > self._frames(0.4):
                return self._end_repeat()
            self._remember_twin(index, earlier)
            return []
        self._remember_twin(index, earlier)
        ended: list[SlowMotion] = []
        if self._run and not self._continues(index, best[0]):
            ended = self._end_repeat()
        self._run.append((index, best[0]))
        if len(self._run) > self._frames(config.memory):
            ended += self._end_repeat()
        return ended

    def _distinct(self, original: int, difference: float, way: int) -> bool:
        others = [self._seen.difference(original, at) for at in (original - way, original + way)]
        near = min((d for d in others if d is not None), default=0.0)
        return near >= self.config.moving and difference <= self.config.distinct * near

    def _continues(self, index: int, original: int) -> bool:
        last, before = self._run[-1]
        step = index - last
        return before - 1 <= original <= before + 1.2 * step + 2

    def _end_repeat(self) -> list[SlowMotion]:
        run, self._run = self._run, []
        if not run or run[-1][0] - run[0][0] + 1 < self._frames(self.config.repeat):
            return []
        frame, original = np.array(run).T
        length = frame[-1] - frame[0]
        speed = (original[-1] - original[0]) / length
        filled = len(run) / (length + 1)
        if not (self.config.slowest <= speed <= 1.2 and filled >= 0.5):
            return []
        return [SlowMotion(int(frame[0]), int(frame[-1]), "repeat", CERTAINTY["repeat"])]

    # --- the same transition again -----------------------------------------------------------------------------------

    def _remember_twin(self, index: int, earlier: list[tuple[int, float]]) -> None:
        """Remember which earlier frames look like this one, until it is known whether it was passing."""
        self._twins.extend((index, at) for at, difference in earlier if difference <= self.config.same)

    def _transition(self, index: int) -> list[SlowMotion]:
        """Follow a transition that has been seen before, some frames late, because what comes after it counts too."""
        way = self._frames(self.config.around)
        found: list[SlowMotion] = []
        while self._twins and self._twins[0][0] + way <= index:
            now, before = self._twins.popleft()
            if not (self._is_passing(now, way) and self._is_passing(before, way)):
                continue
            passing = self._passing
            if passing is not None and now - passing.last > 2:
                found += self._between()
                passing = None
            if passing is None:
                self._passing = _Passing(now, before, now, 1)
            elif abs(now - before - passing.lag) <= 2:
                passing.count += now != passing.last
                passing.last = now
        if self._passing is not None and index - way - self._passing.last > 2:
            found += self._between()
        return found

    def _between(self) -> list[SlowMotion]:
        """Return the scene between two transitions, unless the first one ended a scene."""
        passing, self._passing = self._passing, None
        if passing is None or not self._frames(self.config.transition) <= passing.count <= self._frames(_FLIGHT):
            return []
        if passing.before <= self._closed or passing.lag < self._frames(self.config.shortest):
            return []
        self._closed = passing.last + self._frames(self.config.around)
        return [SlowMotion(passing.before, passing.now, "transition", CERTAINTY["transition"])]

    def _is_passing(self, at: int, way: int) -> bool:
        around = [self._seen.difference(at, other) for other in (at - way, at + way)]
        return all(d is not None and d >= self.config.passing for d in around)

    # --- slow motion -------------------------------------------------------------------------------------------------

    def _follow_beat(self, index: int, beats: bool) -> list[SlowMotion]:
        if not beats:
            return self._end_slow(index - self._beat.window // 2)
        if self._slow is None:
            self._slow = max(0, index - self._beat.window - 1)
        return []

    def _end_slow(self, last: int) -> list[SlowMotion]:
        first, self._slow = self._slow, None
        if first is None:
            return []
        self._beats += last - first + 1
        if last - first + 1 < self._frames(self.config.shortest) or self._beats > self.config.usual * self._count:
            return []
        return [SlowMotion(first, last, "slow", CERTAINTY["slow"])]


@dataclass
class _Passing:
    """A transition that looks like an earlier one."""

    now: int  # its first frame
    before: int  # the first frame of the earlier one
    last: int  # its last frame so far
    count: int  # its frames so far

    @property
    def lag(self) -> int:
        return self.now - self.before


class _Memory:
    """Small pictures of the last frames, without their mean colour."""

    def __init__(self, size: int) -> None:
        self._size, self._count = size, 0
        self._thumbs = np.zeros((size, THUMB[1], THUMB[0], 3), np.int16)
        self._coarse = np.zeros((size, COARSE[0] * COARSE[1] * 3), np.float32)

    def add(self, thumb: NDArray[Any]) -> None:
        cv2 = require_cv2()
        place = self._count % self._size
        # Without its mean colour: light that changes, or a camera that searches for its exposure, is no other picture.
        structure = thumb.astype(np.int16) - np.rint(thumb.mean(axis=(0, 1))).astype(np.int16)
        self._thumbs[place] = structure
        self._coarse[place] = cv2.resize(structure, COARSE, interpolation=cv2.INTER_AREA).ravel()
        self._count += 1

    def difference(self, a: int, b: int) -> float | None:
        """Return by how much two frames differ, in levels; None if one is not remembered."""
        low = max(0, self._count - self._size)
        if min(a, b) < low or max(a, b) >= self._count:
            return None
        return float(_differences(self._thumbs[a % self._size][None], self._thumbs[b % self._size])[0])

    def alike(self, index: int, least: int) -> list[tuple[int, float]]:
        """Return the frames at least ``least`` before this one that are most like it, best first, with differences."""
        low, high = max(0, self._count - self._size), index - least + 1
        if high <= low:
            return []
        frames = np.arange(low, high)
        way = np.abs(self._coarse[frames % self._size] - self._coarse[index % self._size]).mean(axis=1)
        near: IntArray = np.argpartition(way, min(_COMPARED, len(way)) - 1)[:_COMPARED]
        near = near[way[near] < _STRONG]
        if not len(near):
            return []
        exact = _differences(self._thumbs[frames[near] % self._size], self._thumbs[index % self._size])
        order = np.argsort(exact, kind="stable")
        return [(int(frames[near[i]]), float(exact[i])) for i in order.tolist()]


def _differences(thumbs: NDArray[Any], thumb: NDArray[Any]) -> FloatArray:
    """Return (N,) mean differences in levels; what differs a lot in a few places counts little."""
    way = np.abs(thumbs - thumb)
    return np.asarray(np.minimum(way, _STRONG).mean(axis=(1, 2, 3)))


class _Beat:
    """Finds frames that stand, or blend, in a regular beat."""

    def __init__(self, window: int) -> None:
        self.window = max(12, window)
        self.reset()

    def reset(self) -> None:
        self._pictures: deque[NDArray[Any]] = deque(maxlen=3)
        self._moved: deque[float] = deque(maxlen=self.window)
        self._bent: deque[float] = deque(maxlen=self.window)

    def add(self, grey: NDArray[Any], config: SlowMotionConfig) -> bool:
        """Add a frame and return whether the window that ends with it beats."""
        cv2 = require_cv2()
        if self._pictures and self._pictures[-1].shape != grey.shape:
            self.reset()
        self._pictures.append(grey)
        if len(self._pictures) < 3:
            return False
        first, middle, last = self._pictures
        self._moved.append(float(cv2.mean(cv2.absdiff(middle, last))[0]))
        mean = cv2.addWeighted(first, 0.5, last, 0.5, 0.0)
        self._bent.append(float(cv2.mean(cv2.absdiff(middle, mean))[0]))
        if len(self._moved) < self.window:
            return False
        return any(_beats(np.array(values), config) for values in (self._moved, self._bent))


def _beats(values: FloatArray, config: SlowMotionConfig) -> bool:
    """Return whether one phase of a beat of 2 to 4 frames moves and another one hardly moves."""
    for beat in _BEATS:
        whole = values[: len(values) // beat * beat].reshape(-1, beat)
        phases = np.median(whole, axis=0)
        low, high = float(phases.min()), float(phases.max())
        if high < config.beat or low > config.still * high:
            continue
        quiet: BoolArray = whole[:, int(phases.argmin())] < 0.65 * whole.max(axis=1)
        if quiet.mean() >= 0.9:
            return True
    return False
