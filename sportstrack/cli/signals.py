"""A polite kill and a closed terminal end a command as Ctrl-C does."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # containers send SIGTERM, terminals SIGHUP, Windows SIGBREAK
_TOGETHER = 1.0  # seconds; a shell and its terminal may each send the same signal


@contextmanager
def as_interrupts() -> Iterator[None]:
    """Let each of these signals raise KeyboardInterrupt; another one, a second later or more, ends the process at once.

    Signals that are ignored, as ``nohup`` and a background shell have it, stay ignored. Outside the main thread, and in
    processes that are forked meanwhile, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    process, first = os.getpid(), 0.0

    def stop(number: int, _: Any) -> None:
        nonlocal first
        if os.getpid() != process and number != signal.SIGINT:
            _end(number)
        if not first:
            first = time.monotonic()
            raise KeyboardInterrupt
        if time.monotonic() - first >= _TOGETHER and number != getattr(signal, "SIGHUP", None):
            _end(number)

    usual = (signal.SIG_DFL, signal.default_int_handler)
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    ours = [number for number in numbers if before[number] in usual]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _end(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
