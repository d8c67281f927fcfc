"""How a batch goes on, to look at: a table that is drawn again on a terminal, a line now and then in a log."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable
from typing import Any, TextIO

from sportstrack.batch.phases import DETECT, SHOTS, TRACK
from sportstrack.batch.schedule import BatchState
from sportstrack.cli.terminal import printable

_EVERY = 0.5  # seconds between two drawings
_LOG_EVERY = 30.0  # seconds between two lines in a log, where nothing ends
_MOST_ROWS = 16  # workers shown
_BAR = 24  # characters


class LiveTable:
    """Shows the state of a batch; call it with what the workers are and the state.

    Args:
        quiet: show nothing.
        stream: where to; None is standard error.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._quiet, self._terminal = quiet, self._stream.isatty()
        self._began = self._drawn_at = time.monotonic()
        self._drawn = self._told = 0

    def __call__(self, title: str, state: BatchState) -> None:
        """Show the state, if it is time."""
        if self._quiet:
            return
        now = time.monotonic()
        for line in state.lines[self._told :]:
            self._erase()
            self._write(f"{_ended(line)}\n")
        news = len(state.lines) > self._told
        self._told = len(state.lines)
        if self._terminal and (news or now - self._drawn_at >= _EVERY):
            self._drawn_at = now
            self._draw([_whole(title, state, now - self._began), *_rows(state, now)])
        elif not self._terminal and now - self._drawn_at >= _LOG_EVERY:
            self._drawn_at = now
            self._write(f"{_whole(title, state, now - self._began)}\n")
        self._stream.flush()

    def close(self) -> None:
        """Take the table away."""
        self._erase()

    def _draw(self, lines: Iterable[str]) -> None:
        self._erase()
        width = shutil.get_terminal_size().columns - 1
        shown = [line[:width] for line in lines]
        self._write("".join(f"{line}\n" for line in shown))
        self._drawn = len(shown)

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _write(self, text: str) -> None:
        self._stream.write(printable(text))


def _ended(line: dict[str, Any]) -> str:
    name = line["video"] + (f" part {line['part'] + 1}" if "part" in line else "")
    if line["state"] != "done":
        return f"{name}: {line['phase']} failed: {line['error']}"
    if line["phase"] == SHOTS:
        what = f"{len(line['spans'])} parts"
    else:
        what = f"{line['tracks']} tracks" if line["phase"] == TRACK else f"{line['boxes']:,} boxes"
    scores = f", HOTA {100 * line['scores']['HOTA']:.1f}" if line.get("scores") else ""
    frames, seconds = line["frames"], max(line["took"], 1e-3)
    return (
        f"{name}: {line['phase']} {frames:,} frames in {duration(seconds)} ({frames / seconds:.1f}/s), {what}{scores}"
    )


def _whole(title: str, state: BatchState, seconds: float) -> str:
    done = sum(line["state"] == "done" for line in state.lines)
    failed = len(state.lines) - done
    parts = [f"{done} done", f"{len(state.running)} running", f"{len(state.waiting)} waiting"]
    parts += [f"{failed} failed"] if failed else []
    left = seconds_left(state)
    parts.append(duration(seconds))
    parts += [f"about {duration(left)} left"] if left is not None else []
    return f"{title}: {', '.join(parts)}"


def _rows(state: BatchState, now: float) -> list[str]:
    rows = []
    for worker, running in sorted(state.running.items())[:_MOST_ROWS]:
        rate = running.done / max(now - running.since, 1e-3)
        whole = f" of {running.expected:,}" if running.expected else ""
        how = f"{running.done:,}{whole} frames, {rate:.1f}/s" if running.done else "loading"
        filled = round(_BAR * running.share)
        bar = "█" * filled + "·" * (_BAR - filled)
        rows.append(f"  {worker + 1:>3} {running.task.phase:<6} {bar} {running.task.title[:40]:<24} {how}")
    if len(state.running) > _MOST_ROWS:
        rows.append(f"      … and {len(state.running) - _MOST_ROWS} more")
    return rows


def seconds_left(state: BatchState) -> float | None:
    """Return how long the batch will still take, by what its phases took so far; None if nothing is known.

    Work is counted in bytes of the source. A phase of which nothing is known yet counts for nothing.
    """
    now = time.monotonic()
    spent, made, left = ({DETECT: 0.0, TRACK: 0.0} for _ in range(3))
    for line, work in zip(state.lines, state.work, strict=True):
        if line["phase"] in made and line["state"] == "done" and line.get("frames"):
            spent[line["phase"]] += line["took"]
            made[line["phase"]] += work
    for running in (one for one in state.running.values() if one.task.phase in made):
        size = running.task.video.size or 1
        spent[running.task.phase] += (now - running.since) if running.share else 0.0
        made[running.task.phase] += size * running.share
        left[running.task.phase] += size * (1 - running.share)
        left[TRACK] += size if running.task.phase == DETECT else 0
    for task in (one for _, one in state.waiting if one.phase in made):
        left[task.phase] += task.video.size or 1
        left[TRACK] += task.video.size or 1 if task.phase == DETECT else 0
    if not any(made.values()):
        return None
    seconds = sum(left[phase] * spent[phase] / made[phase] for phase in (DETECT, TRACK) if made[phase])
    hands = max(1, min(len(state.running) + len(state.idle), len(state.running) + len(state.waiting)))
    return seconds / hands


def duration(seconds: float) -> str:
    """Return a time in words: seconds, minutes, or hours and minutes."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
