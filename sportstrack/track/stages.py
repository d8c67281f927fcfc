"""Pipeline stages in threads, joined by bounded queues.

A stage that fails abandons its inbox, so that the stages before it stop instead of waiting for ever; the stages after
it finish what they have. The first failure is raised as itself by `Stage.join_all`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_POLL = 0.1  # seconds between checks that the other side is still there


class Abandoned(Exception):  # noqa: N818 - not an error: the consumer's own failure is what counts
    """The consumer of a queue has stopped; nothing more can be put into it."""


class Channel(Generic[T]):
    """A bounded queue with an end on either side."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(size)
        self._abandoned = threading.Event()
        self._end = object()

    def put(self, item: T) -> None:
        """Wait for room and add an item; `Abandoned` if the consumer has stopped."""
        self._put(item)

    def close(self) -> None:
        """Say that nothing more comes."""
        with suppress(Abandoned):
            self._put(self._end)

    def abandon(self) -> None:
        """Say that nothing more will be taken."""
        self._abandoned.set()

    def __iter__(self) -> Iterator[T]:
        """Take items until the producer closes."""
        while True:
            try:
                item = self._queue.get(timeout=_POLL)
            except queue.Empty:  # waiting in slices keeps Ctrl-C alive on every platform
                continue
            if item is self._end:
                return
            yield item

    def _put(self, item: Any) -> None:
        while not self._abandoned.is_set():
            try:
                self._queue.put(item, timeout=_POLL)
                return
            except queue.Full:
                continue
        raise Abandoned


class Stage(threading.Thread):
    """A thread that takes items from one channel (or any iterable), works on them and puts the results into the next.

    Attributes:
        busy: seconds spent working, waiting excluded.
        error: what it failed with, or None.
    """

    def __init__(
        self,
        name: str,
        inbox: Iterable[Any],
        outbox: Channel[Any] | None = None,
        work: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(name=f"sportstrack-{name}", daemon=True)
        self.busy = 0.0
        self.error: BaseException | None = None
        self._inbox, self._outbox, self._work = inbox, outbox, work
        self._halt = threading.Event()

    def halt(self) -> None:
        """Ask to stop after the item at hand."""
        self._halt.set()

    def run(self) -> None:
        """Work until the inbox ends, a failure, or `halt`."""
        try:
            self._pump()
        except Abandoned:
            pass
        except BaseException as error:
            self.error = error
        finally:
            if isinstance(self._inbox, Channel):
                self._inbox.abandon()
            if self._outbox is not None:
                self._outbox.close()

    def _pump(self) -> None:
        items = iter(self._inbox)
        own_time = not isinstance(self._inbox, Channel)  # taking from a channel is waiting, from a source it is work
        while not self._halt.is_set():
            started = time.perf_counter()
            try:
                item = next(items)
            except StopIteration:
                return
            if not own_time:
                started = time.perf_counter()
            result = item if self._work is None else self._work(item)
            self.busy += time.perf_counter() - started
            if self._outbox is not None:
                self._outbox.put(result)


def join_all(stages: Sequence[Stage]) -> None:
    """Wait for all stages, then raise the first failure among them, as itself."""
    for stage in stages:
        while stage.is_alive():
            stage.join(_POLL)
    for stage in reversed(stages):  # a later stage's failure stops the earlier ones, never the other way round
        if stage.error is not None:
            raise stage.error
