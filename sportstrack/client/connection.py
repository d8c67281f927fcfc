"""Requests to a service: one connection that is kept, errors with their kind, and events as they come."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from sportstrack.errors import SettingError, SportstrackError

TIMEOUT = 60.0
_STALE = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, http.client.CannotSendRequest)


class ServiceError(SportstrackError):
    """The service refuses a request, or cannot be reached.

    Attributes:
        status: HTTP status; 0 where there was no answer.
        kind: of the refusal: setting, input, token, not_found, conflict, full …
        retry_after: seconds after which the request may be tried again, or None.
        content: the whole answer, such as the right offset of an upload.
    """

    def __init__(
        self, message: str, status: int = 0, kind: str = "unreachable", retry_after: float | None = None,
        content: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.kind, self.retry_after, self.content = status, kind, retry_after, dict(content or {})


class ServiceConnection:
    """Asks one service; safe to use from several threads.

    Args:
        address: ``http://host:port``.
        token: what the service asks for, or None.
        timeout: seconds without an answer.
    """

    def __init__(self, address: str, token: str | None, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingError(f"address: expected http://host:port, got {address!r}")
        self.address, self._parts, self._timeout = address.rstrip("/"), parts, timeout
        self._headers = {"User-Agent": "sportstrack"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
        self._kept = threading.local()
        self._all: set[http.client.HTTPConnection] = set()  # of all threads

    def ask(
        self, method: str, path: str, content: Any = None, *, data: bytes | None = None,
        headers: Mapping[str, str] | None = None, again: bool = False, **query: Any,
    ) -> Any:  # fmt: skip
        """Return the JSON of an answer, or its text if it is none.

        Args:
            method: of HTTP.
            path: of the service.
            content: sent as JSON.
            data: sent as it is, instead.
            headers: more of them.
            again: whether the request may be sent twice where the answer was lost.
            **query: of the address; None is left out.

        Raises:
            ServiceError: a refusal, or no answer.
        """
        body = json.dumps(content).encode() if content is not None else data
        more = {"Content-Type": "application/json"} if content is not None else {}
        query = {name: value for name, value in query.items() if value is not None}
        whole = f"{path}?{urlencode(query)}" if query else path
        answer = self._answer(method, whole, body, more | dict(headers or {}), again or method in ("GET", "DELETE"))
        text = answer.read()
        if answer.getheader("Content-Type", "").startswith("application/json"):
            return json.loads(text) if text else None
        return text.decode("utf-8", "replace")

    def close(self) -> None:
        """Close the connections that are kept; the next request opens another."""
        while self._all:
            self._all.pop().close()
        self._kept = threading.local()

    def read(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """Return the bytes of an answer."""
        return self._answer("GET", path, None, headers or {}, True).read()

    def open(self, path: str, headers: Mapping[str, str] | None = None, timeout: float | None = None) -> Any:
        """Return an answer to read from, over a connection of its own; close it.

        Raises:
            ServiceError: a refusal, or no answer.
        """
        connection = self._connect(self._timeout if timeout is None else timeout)
        try:
            connection.request("GET", path, headers=self._headers | dict(headers or {}) | {"Connection": "close"})
            return _checked(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._unreachable(error) from error

    def events(self, path: str, *, patience: float = 60.0) -> Iterator[tuple[str, Any]]:
        """Yield (event, data) of server-sent events until the service ends them.

        A connection that breaks is made again, from the last event on where events have numbers.

        Args:
            path: of the service.
            patience: seconds for which a lost connection is tried again.
        """
        last, wait, lost = None, 0.5, None
        while True:
            try:
                headers: dict[str, str] = {} if last is None else {"Last-Event-ID": last}
                with self.open(path, headers, timeout=max(self._timeout, 60.0)) as answer:
                    lost, wait = None, 0.5
                    for number, event, data in _events(answer):
                        last = number or last
                        yield event, data
                return
            except (OSError, http.client.HTTPException, ServiceError) as error:
                if isinstance(error, ServiceError) and error.status:
                    raise
                lost = time.monotonic() if lost is None else lost
                if time.monotonic() - lost > patience:
                    raise self._unreachable(error) from error
                time.sleep(wait)
                wait = min(2 * wait, 8.0)

    def _answer(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], again: bool
    ) -> http.client.HTTPResponse:
        kept = getattr(self._kept, "connection", None)
        for attempt in range(2):
            connection = kept or self._connect(self._timeout)
            try:
                connection.request(method, path, body, self._headers | dict(headers))
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._all.discard(connection)
                self._kept.connection = None
                if attempt or not (again or kept is not None) or not isinstance(error, _STALE):
                    raise self._unreachable(error) from error
                kept = None  # the service closed a connection that had been idle
                continue
            self._kept.connection = connection
            self._all.add(connection)
            return _checked(answer)
        raise AssertionError("two attempts")

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        return kind(self._parts.hostname or "", self._parts.port, timeout=timeout)

    def _unreachable(self, error: BaseException) -> ServiceError:
        return ServiceError(f"{self.address}: the service does not answer ({error}); is it running?")


def _checked(answer: http.client.HTTPResponse) -> http.client.HTTPResponse:
    if answer.status < 400:
        return answer
    text = answer.read()
    try:
        content = json.loads(text)
        message, kind = content["error"]["message"], content["error"]["kind"]
    except (ValueError, KeyError, TypeError):
        content, message, kind = {}, f"the service answers {answer.status} {answer.reason}", "http"
    after = answer.getheader("Retry-After", "")
    raise ServiceError(message, answer.status, kind, float(after) if after.isdigit() else None, content)


def _events(lines: Any) -> Iterator[tuple[str | None, str, Any]]:
    number: str | None = None
    event, data = "message", list[str]()
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            if data:
                yield number, event, json.loads("\n".join(data))
            number, event, data = None, "message", []
            continue
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            number = value
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)
