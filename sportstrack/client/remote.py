"""What jobs and streams of a service share: they are known as the service told last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from sportstrack.client.connection import ServiceConnection

_R = TypeVar("_R", bound="RemoteObject")


class RemoteObject:
    """A job or stream as the service knew it last; `refresh` asks again.

    Args:
        connection: to the service.
        content: the service's JSON of it.
    """

    _folder: ClassVar[str]
    """Where the service keeps its kind."""

    def __init__(self, connection: ServiceConnection, content: Mapping[str, Any]) -> None:
        self._connection, self._content = connection, dict(content)

    @property
    def id(self) -> str:
        """Its id."""
        return str(self._content["id"])

    @property
    def content(self) -> dict[str, Any]:
        """The service's whole JSON."""
        return dict(self._content)

    def refresh(self: _R) -> _R:
        """Ask for the newest state and return the same object."""
        self._content = self._connection.ask("GET", self._path)
        return self

    @property
    def _path(self) -> str:
        return f"/v1/{self._folder}/{quote(self.id, safe='')}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self._content['state']}>"
