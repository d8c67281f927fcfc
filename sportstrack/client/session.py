"""A session of a service: boxes of your own detector in, tracks out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import quote

from sportstrack.client.connection import ServiceConnection, ServiceError

TRIES = 3


class TrackRow(NamedTuple):
    """A track in one frame.

    Attributes:
        id: of the track.
        x1: left edge in pixels.
        y1: upper edge.
        x2: right edge.
        y2: lower edge.
        score: of the box, 0…1.
        class_id: as it was sent.
        detection: the row of the box in what was sent; −1 where the box is predicted.
    """

    id: int
    x1: float
    y1: float
    x2: float
    y2: float
    score: float
    class_id: int
    detection: int


class RemoteSession:
    """A tracker on a service; also a context manager, which ends it.

    Args:
        connection: to the service.
        content: the service's JSON of the session.
    """

    def __init__(self, connection: ServiceConnection, content: Mapping[str, Any]) -> None:
        self._connection = connection
        self.id = str(content["id"])
        self.next_frame = int(content["next_frame"])

    def update(self, boxes: Any, **more: Any) -> list[TrackRow]:
        """Track the next frame.

        Args:
            boxes: (N, 5 or 6) rows of x1, y1, x2, y2, score and, if there is one, class; an array or lists.
            **more: ``embeddings`` (N, D), ``camera`` (2, 3), ``time`` in seconds, ``cut``.

        Raises:
            ServiceError: a refusal; or the session has ended.
        """
        return self.update_many([{"boxes": boxes, **more}])[0]

    def update_many(self, frames: Sequence[Mapping[str, Any]]) -> list[list[TrackRow]]:
        """Track some frames in one request; each is a table with ``boxes`` and what `update` takes besides."""
        first = self.next_frame
        content = [{"frame": first + n, **{name: _plain(v) for name, v in one.items()}} for n, one in enumerate(frames)]
        for attempt in range(1, TRIES + 1):  # a frame that came through twice gets the same answer
            try:
                answer = self._connection.ask("POST", f"{self._path}/frames", {"frames": content}, again=True)
                break
            except ServiceError as error:
                if error.status or attempt == TRIES:
                    raise
        self.next_frame = first + len(frames)
        return [[TrackRow(*row) for row in one["rows"]] for one in answer["tracks"]]

    def end(self) -> None:
        """Close the tracker."""
        self._connection.ask("DELETE", self._path)

    def __enter__(self) -> RemoteSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.end()
        except ServiceError:
            if kind is None:
                raise

    @property
    def _path(self) -> str:
        return f"/v1/sessions/{quote(self.id, safe='')}"


def _plain(value: Any) -> Any:
    """Return an array as lists."""
    return value.tolist() if hasattr(value, "tolist") else value
