"""Progress of long work: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

P = TypeVar("P", bound=Callable[..., None])
_LOG_EVERY = 10.0  # seconds between lines in a log


class ProgressBar:
    """Shows how far a job is; call it with (done, expected or None).

    Args:
        title: what is being done.
        unit: what is counted.
        quiet: show nothing.
    """

    def __init__(self, title: str, unit: str = "frame", quiet: bool = False) -> None:
        self._title, self._unit, self._quiet = title, unit, quiet
        self._bar: Any = None
        self._started = self._said = 0.0  # set by the first call: loading a model is not progress
        self._first = 0  # what was done before, where a job is resumed
        self._terminal = sys.stderr.isatty() or _is_notebook()

    def __call__(self, done: int, expected: int | None) -> None:
        """Show that `done` of `expected` units are done."""
        if self._quiet:
            return
        if not self._started:
            self._started = self._said = time.monotonic()
            self._first = done
        if self._terminal:
            self._draw(done, expected)
        elif (now := time.monotonic()) - self._said >= _LOG_EVERY:
            self._said = now
            self._say(done, expected, now)

    def close(self) -> None:
        """End the bar's line."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _draw(self, done: int, expected: int | None) -> None:
        if self._bar is None:
            from tqdm.auto import tqdm

            unit = f" {self._unit}s"
            self._bar = tqdm(total=expected, initial=done, desc=self._title, unit=unit, dynamic_ncols=True)
        if expected is not None and done > expected:
            self._bar.total = None  # the container declared too few
        self._bar.update(done - self._bar.n)

    def _say(self, done: int, expected: int | None, now: float) -> None:
        seconds = (now - self._started) / max(done - self._first, 0.5)  # per unit; the first one may take long
        whole, left = "", ""
        if expected:
            whole = f"/{expected} ({100 * done / expected:.0f} %)"
            left = f", {_duration(max(expected - done, 0) * seconds)} left"
        pace = f"{1 / seconds:.1f} per second" if seconds < 1 else f"{seconds:.1f} s each"
        sys.stderr.write(f"{self._title}: {done}{whole} {self._unit}s, {pace}{left}\n")
        sys.stderr.flush()


class Bars:
    """One bar after the other: call it with (what, done, expected); another `what` begins another bar."""

    def __init__(self, unit: str, quiet: bool = False) -> None:
        self._unit, self._quiet, self._what = unit, quiet, ""
        self._bar = ProgressBar("", quiet=True)

    def __call__(self, what: str, done: int, expected: int | None) -> None:
        """Show that `done` of `expected` units of `what` are done."""
        if what != self._what:
            self._bar.close()
            self._what, self._bar = what, ProgressBar(what, self._unit, self._quiet)
        self._bar(done, expected)

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()


@contextmanager
def shown(progress: P | bool | None, title: str, unit: str = "frame") -> Iterator[P | ProgressBar | None]:
    """Hand on what is called with (done, expected or None): a bar for True, nothing for False and None."""
    if isinstance(progress, bool) or progress is None:
        with ProgressBar(title, unit) as bar:
            yield bar if progress else None
    else:
        yield progress


def _is_notebook() -> bool:
    """Return whether the code runs in a notebook's kernel, where a bar is drawn although there is no terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def say_at_terminal(text: str, *, quiet: bool = False) -> None:
    """Write a line to standard error at once for a person at a terminal; nothing in a log, or if ``quiet``."""
    if not quiet and sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def say_beside_bars(text: str) -> None:
    """Write a line to standard error without breaking a bar that is drawn there."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)
    sys.stderr.flush()


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
