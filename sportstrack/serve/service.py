"""What the parts of the service share: settings, memory, figures, and the bell that tells of news."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from sportstrack.serve.events import Bell
from sportstrack.serve.metrics.figures import ServiceFigures
from sportstrack.serve.metrics.series import Series
from sportstrack.serve.settings import ServeSettings
from sportstrack.serve.store import Database

_TOGETHER = 1.0  # seconds; a shell and its terminal may each send the same signal


@dataclass
class Service:
    """One running service; every route gets it as an argument of type `TheService`.

    Attributes:
        settings: how it runs.
        store: its database; parts make their tables with `Database.migrate`.
        series: what was measured, over time; of the service, and of each job and stream.
        figures: what is measured.
        bell: wakes those who wait for news, from any thread.
        started: when, in seconds since 1970.
        stopping: set when the service ends: no new work, and what waits comes to an end.
        parts: what a part of the service keeps for its own routes, by the part's name.
        hurry: set when the service is told to end once more: what runs is not waited for.
        at_start: called in order before the first request.
        sweeps: called now and then, in a thread, to remove what is old.
        at_end: called in reverse order after the last one; each ends what its part has started.
    """

    settings: ServeSettings
    store: Database
    series: Series
    figures: ServiceFigures = field(default_factory=ServiceFigures)
    bell: Bell = field(default_factory=Bell)
    started: float = field(default_factory=time.time)
    stopping: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)
    parts: dict[str, Any] = field(default_factory=dict)
    at_start: list[Callable[[], None]] = field(default_factory=list)
    at_end: list[Callable[[], None]] = field(default_factory=list)
    sweeps: list[Callable[[], None]] = field(default_factory=list)
    _stopped: float = 0.0

    def stop(self) -> None:
        """Begin to end: waiting clients are let go, new work is refused. Asked again later, wait for nothing."""
        now = time.monotonic()
        if self.stopping.is_set() and now - self._stopped > _TOGETHER:
            self.hurry.set()
        elif not self.stopping.is_set():
            self._stopped = now
        self.stopping.set()
        self.bell.close()


async def _service(connection: HTTPConnection) -> Service:  # else each request waits for a thread
    found: Service = connection.app.state.service
    return found


TheService = Annotated[Service, Depends(_service)]
"""The type of a route's argument that is the service, for HTTP and WebSocket routes."""
