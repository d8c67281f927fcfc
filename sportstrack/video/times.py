"""Exact time: frame rates as fractions, container timestamps as growing seconds, and the holes between them."""

from __future__ import annotations

from fractions import Fraction

from sportstrack.errors import SettingError
from sportstrack.limits import MAX_FRAME_RATE
from sportstrack.video.messages import counted

DEFAULT_RATE = Fraction(25)  # frames/s, where a source does not say
ASSUMED_RATE = f"the frame rate is not stated: {DEFAULT_RATE} per second assumed; give the true one with --frame-rate"
SLOWEST = Fraction(1, 10_000)  # frames/s that the clocks of videos can still count
NTSC_SLACK = 0.005  # frames/s by which 29.97 and its like may be off
STEADY = 0.1  # frames by which the times of a steady video may waver; Matroska rounds to a millisecond
JUMP = Fraction(1)  # seconds; a timestamp that steps back further starts a new count instead of being nudged
FINE_TICKS = 90_000  # per second; MPEG's own clock, and a whole number per frame at 24, 25, 29.97, 30, 50, 59.94, 60
LARGEST_NUMERATOR = 1_000_000  # keeps the clock well inside the 32 bits that mp4 has for it


def as_rate(value: float | Fraction | str) -> Fraction:
    """Return frames/s as a fraction; a decimal near an NTSC rate (23.976, 29.97, 59.94) becomes n·1000/1001.

    Raises:
        SettingError: if it is no number, or beyond what videos can hold.
    """
    try:
        rate = Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        rate = Fraction(0)
    if not SLOWEST <= rate <= MAX_FRAME_RATE:
        raise SettingError(f"frame rate: expected a number from {float(SLOWEST):g} to {MAX_FRAME_RATE}, got {value}")
    if isinstance(value, Fraction):
        return value
    near = (Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120, 240) if abs(n / 1.001 - rate) < NTSC_SLACK)
    return next(near, rate.limit_denominator(1001) or rate)


def ticks_per_second(rate: Fraction) -> int:
    """Return a clock on which frames at ``rate`` fall on whole ticks, and no time is off by more than 1/180000 s."""
    if rate.numerator > LARGEST_NUMERATOR:  # an average of varying rates; no tick would fit it anyway
        return FINE_TICKS
    return rate.numerator * -(-FINE_TICKS // rate.numerator)


class Clock:
    """Container timestamps in, strictly increasing seconds since the first frame out."""

    def __init__(self, period: Fraction):
        self.period = period
        self.last: Fraction | None = None
        self._offset: Fraction | None = None

    def tick(self, stamp: Fraction | None) -> Fraction:
        """Return the time of the frame stamped ``stamp`` seconds, or of the next one in line if it has no stamp."""
        if self.last is None:
            self.last = Fraction(0)
            self._offset = None if stamp is None else -stamp
            return self.last
        following = self.last + self.period
        if stamp is None:
            now = following
        else:
            if self._offset is None or stamp + self._offset < self.last - JUMP:
                self._offset = following - stamp
            now = stamp + self._offset
            if now <= self.last:  # a repeated stamp: as little later as matters
                now = self.last + min(self.period, Fraction(1, 1000))
        self.last = now
        return now

    def restart(self, elapsed: Fraction) -> None:
        """Let the next frame, from a new connection, follow ``elapsed`` seconds after the first one."""
        if self.last is not None:
            self.last = max(elapsed, self.last + self.period)
            self._offset = None


class Gaps:
    """Finds frames that a demuxer skipped without a word: holes in the time of a video that is steady otherwise."""

    def __init__(self, period: Fraction):
        self._period = float(period)
        self._steps = self._steady = self._missing = 0
        self._first = 0.0
        self._last: tuple[int, float] | None = None

    def note(self, index: int, now: float) -> None:
        """Take the next frame's index and time in seconds."""
        if self._last is not None:
            frames = (now - self._last[1]) / self._period
            missing = round(frames) - (index - self._last[0])
            self._steps += 1
            self._steady += abs(frames - round(frames)) < STEADY and missing == 0
            if missing > 0:
                self._first = self._first if self._missing else self._last[1]
                self._missing += missing
        self._last = index, now

    def warning(self) -> list[str]:
        """Return a sentence about missing frames, if the rate was steady enough to find them."""
        if not self._missing or self._steady < 0.9 * self._steps:
            return []
        return [f"{counted(self._missing, 'frame')} missing, to judge by the times (first after {self._first:.1f} s)"]
