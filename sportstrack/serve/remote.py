"""Reading a file over HTTP where every redirect is checked as the first address was."""

from __future__ import annotations

import http.client
import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from sportstrack.errors import SourceError
from sportstrack.serve.addresses import UnknownHostError, without_password
from sportstrack.serve.connection import open_connection, pinned

MAX_REDIRECTS = 5
TIMEOUT = 15.0


class RemoteFile(io.RawIOBase):
    """What an address sends, as a file that can be read; and sought in, where the server sends ranges.

    Args:
        url: http or https.
        allowed: the allow-list, for the address and each redirect.
        timeout: seconds without data.

    Raises:
        RefusedError: the address, or where it redirects to, is not allowed.
        SourceError: it cannot be read.
    """

    def __init__(self, url: str, allowed: Sequence[str], timeout: float = TIMEOUT) -> None:
        super().__init__()
        self._url, self._allowed, self._timeout = url, list(allowed), timeout
        self._at, self._answer = 0, self._request(0)
        length = self._answer.getheader("Content-Length")
        self.size = int(length) if length and length.isdigit() else None
        self._ranges = self._answer.getheader("Accept-Ranges", "").lower() == "bytes" and self.size is not None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return whether the server sends ranges."""
        return self._ranges

    def readinto(self, buffer: Any) -> int:
        """Read what has come, up to the buffer's size."""
        try:
            count = self._answer.readinto(buffer)
        except (OSError, http.client.HTTPException) as error:
            raise OSError(f"{without_password(self._url)}: {error}") from error
        self._at += count
        return count

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another place; the next read asks for a range."""
        if not self._ranges or self.size is None:
            raise io.UnsupportedOperation("the server sends no ranges")
        place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if place != self._at:
            self._answer.close()
            self._at = place
            if place < self.size:
                self._answer = self._request(place)
        return place

    def close(self) -> None:
        """Close the connection."""
        if not self.closed and hasattr(self, "_answer"):
            self._answer.close()
        super().close()

    def _request(self, first: int) -> http.client.HTTPResponse:
        url = self._url
        for _ in range(MAX_REDIRECTS + 1):
            answer = _get(url, self._allowed, first, self._timeout)
            if answer.status in (301, 302, 303, 307, 308) and (place := answer.getheader("Location")):
                answer.close()
                url = urljoin(url, place)
                continue
            if answer.status not in (200, 206) or (first and answer.status != 206):
                answer.close()
                raise SourceError(f"{without_password(url)}: answers {answer.status} {answer.reason}")
            return answer
        raise SourceError(f"{without_password(self._url)}: redirects too often")


def allow_only(allowed: Sequence[str]) -> None:
    """From now on this process reads plain containers from its own disk and from addresses of a list, nothing else.

    Every address is checked each time that it is opened, and FFmpeg gets the IP address that was checked.
    """
    from sportstrack.video.restrict import restrict_sources

    def pin(url: str) -> str:
        try:
            return pinned(url, allowed)
        except UnknownHostError as error:
            raise SourceError(str(error)) from error

    restrict_sources(lambda url: RemoteFile(url, allowed), pin)


def _get(url: str, allowed: Sequence[str], first: int, timeout: float) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    try:
        connection = open_connection(url, allowed, timeout)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {"User-Agent": "sportstrack", "Accept-Encoding": "identity", "Connection": "close"}
        headers |= _credentials(parts.username, parts.password) | ({"Range": f"bytes={first}-"} if first else {})
        connection.request("GET", path, headers=headers)
        return connection.getresponse()
    except UnknownHostError as error:
        raise SourceError(str(error)) from error  # names come back, as connections do
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SourceError(f"{without_password(url)}: cannot be read: {error}") from error


def _credentials(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    from base64 import b64encode
    from urllib.parse import unquote

    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Authorization": f"Basic {b64encode(pair).decode()}"}
