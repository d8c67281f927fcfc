"""Results sent to a UDP target, a datagram a frame, and to a webhook, many lines a request."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from sportstrack.serve.addresses import UnknownHostError, reach
from sportstrack.serve.connection import open_connection
from sportstrack.serve.refusal import RefusedError

LARGEST_DATAGRAM = 60_000  # bytes; larger results are left out and counted
EVERY = 1.0  # seconds between requests to a webhook
HELD = 500  # lines that wait for a webhook; the oldest go first
TIMEOUT = 5.0
LONGEST_WAIT = 60.0


Connect = Callable[[str, float], http.client.HTTPConnection]
"""Opens a connection to an address, with a time limit in seconds."""


class UdpTarget:
    """Sends each line as a datagram.

    Args:
        url: ``udp://host:port``.
        allowed: the allow-list.

    Attributes:
        sent: lines that went out.
        lost: lines that could not be sent.
    """

    def __init__(self, url: str, allowed: Sequence[str]) -> None:
        try:
            address = reach(url, allowed, schemes=("udp",), what="--targets")[0]
        except UnknownHostError as error:
            raise OSError(str(error)) from error  # names come back, so the process is started again
        self.sent = self.lost = 0
        found = socket.getaddrinfo(address, urlsplit(url).port, type=socket.SOCK_DGRAM)[0]
        self._to = found[4]
        self._socket = socket.socket(found[0], socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, line: bytes) -> None:
        """Send a line, or count it as lost."""
        try:
            if len(line) > LARGEST_DATAGRAM:
                raise OSError("too large")
            self._socket.sendto(line, self._to)
            self.sent += 1
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class WebhookTarget:
    """Posts lines of JSON, those of a second at a time; with longer waits while the receiver does not answer.

    Redirects are not followed.

    Args:
        url: http or https.
        connect: opens the connection, which checks where it leads.

    Attributes:
        sent: lines that were taken.
        lost: lines that were not.
    """

    def __init__(self, url: str, connect: Connect) -> None:
        self._url, self._connect = url, connect
        self.sent = self.lost = 0
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def send(self, line: bytes) -> None:
        """Let a line wait for the next request."""
        with self._changed:
            if len(self._lines) >= HELD:
                self._lines.popleft()
                self.lost += 1
            self._lines.append(line)

    def close(self) -> None:
        """Send what waits, once, and end."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(TIMEOUT + 1)

    def _run(self) -> None:
        wait = EVERY
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended, timeout=wait)
                lines, ended = list(self._lines), self._ended
            taken = not lines or post(
                self._url, b"\n".join(lines) + b"\n", {"Content-Type": "application/x-ndjson"}, self._connect
            )
            with self._changed:
                if taken:
                    self.sent += len(lines)
                    for line in lines:
                        if self._lines and self._lines[0] is line:
                            self._lines.popleft()
                elif ended:
                    self.lost += len(self._lines)
            wait = EVERY if taken else min(2 * wait, LONGEST_WAIT)
            if ended:
                return


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    connect: Connect,
) -> bool:
    """Post a body and return whether the answer is one of success."""
    parts = urlsplit(url)
    with suppress(OSError, http.client.HTTPException, ValueError, RefusedError):
        connection = connect(url, TIMEOUT)
        try:
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request("POST", path, body, {"User-Agent": "sportstrack", **headers})
            answer = connection.getresponse()
            answer.read(65536)
            return 200 <= answer.status < 300
        finally:
            connection.close()
    return False


def connector(allowed: Sequence[str]) -> Connect:
    """Return what opens a connection to an address of an allow-list, checked and resolved with each connection."""

    def connect(url: str, timeout: float) -> http.client.HTTPConnection:
        return open_connection(url, allowed, timeout, "--targets")

    return connect


def open_targets(outputs: Mapping[str, str], allowed: Sequence[str]) -> list[UdpTarget | WebhookTarget]:
    """Return the targets that a stream's outputs name; they are checked against the allow-list."""
    found: list[UdpTarget | WebhookTarget] = []
    if outputs.get("udp"):
        found.append(UdpTarget(outputs["udp"], allowed))
    if outputs.get("webhook"):
        found.append(WebhookTarget(outputs["webhook"], connector(allowed)))
    return found
