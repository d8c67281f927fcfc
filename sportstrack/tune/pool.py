"""Trials on several sequences side by side, with results in the order in which they were asked for."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.score.scores import Scores
from sportstrack.tune.measure import Bench

_AHEAD = 2  # sequences a process has waiting, so that none is idle while results are read


class SequencePool:
    """Scores sequences in one or several processes; a context manager.

    Results come in the order of the sequences, so that what is decided by them does not depend on the processes.

    Args:
        bench: what is tried.
        processes: 1 works in this process.
    """

    def __init__(self, bench: Bench, processes: int) -> None:
        self.bench, self._processes = bench, processes
        self._pool: ProcessPoolExecutor | None = None

    def scores(
        self, values: Mapping[str, Any], numbers: Sequence[int], *, everything: bool = False
    ) -> Generator[Scores, None, None]:
        """Yield the scores of each sequence; those not yet begun are left when the iterator is closed."""
        if self._processes == 1:
            yield from (self.bench.scores(values, number, everything=everything) for number in numbers)
            return
        if self._pool is None:
            # Spawned, not forked: a fork of a process that runs threads may hang.
            self._pool = ProcessPoolExecutor(
                self._processes, get_context("spawn"), initializer=_begin, initargs=(self.bench.emptied(),)
            )
        waiting: deque[Future[Scores]] = deque()
        left = iter(numbers)
        try:
            while True:
                while len(waiting) < _AHEAD * self._processes and (number := next(left, None)) is not None:
                    waiting.append(self._pool.submit(_work, dict(values), number, everything))
                if not waiting:
                    return
                yield waiting[0].result()
                waiting.popleft()
        except BrokenProcessPool as error:
            raise SportstrackError(
                "a process of the search was killed, perhaps for memory; the same command goes on where it ended, "
                "with fewer --processes if need be"
            ) from error
        finally:
            for one in waiting:
                one.cancel()

    def __enter__(self) -> SequencePool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


_bench: Bench | None = None  # of a worker


def _begin(bench: Bench) -> None:
    """Make a worker ready: Ctrl-C is the parent's to handle, and a worker ends when the parent is killed."""
    global _bench
    _bench = bench
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(values: dict[str, Any], number: int, everything: bool) -> Scores:
    assert _bench is not None
    return _bench.scores(values, number, everything=everything)
