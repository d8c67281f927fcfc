"""Connections to addresses of an allow-list, to exactly the IP addresses that were checked."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from sportstrack.serve.addresses import default_port, is_named, reach

_OVER_TCP = ("rtsp", "rtsps", "rtmp")
_NEED_NAMES = ("rtsps", "rtmp")
_PROBE = 3.0  # seconds for each address of a host that has many


def open_connection(url: str, allowed: Sequence[str], timeout: float, what: str = "") -> http.client.HTTPConnection:
    """Return an open connection for HTTP or HTTPS.

    The host's name is resolved once, and only addresses found and checked then are connected to: a name that changes
    its meaning in between gains nothing.

    Args:
        url: http or https.
        allowed: the allow-list.
        timeout: seconds.
        what: the option that holds the list, for the message.

    Raises:
        RefusedError: the address is not allowed.
        OSError: nobody answers there.
    """
    found = reach(url, allowed, schemes=("http", "https"), what=what)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or default_port(parts.scheme)
    plain = _connected(found, port, timeout)
    try:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        secure = parts.scheme == "https"
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
    except BaseException:
        plain.close()
        raise
    return connection


def pinned(url: str, allowed: Sequence[str]) -> str:
    """Return a stream's address with a checked IP address of its host in place of the name.

    A host that the list names in full keeps its name in RTMP and RTSPS, whose servers ask for it.

    Args:
        url: as `reach`.
        allowed: as `reach`.

    Raises:
        RefusedError: as `reach`.
    """
    found, parts = reach(url, allowed), urlsplit(url)
    if not found or (parts.scheme in _NEED_NAMES and is_named(url, allowed)):
        return url
    if parts.scheme in _OVER_TCP:
        host = _answering(found, parts.port or default_port(parts.scheme))
    else:
        host = next((one for one in found if ":" not in one), found[0])
    user, at, _ = parts.netloc.rpartition("@")
    host, port = f"[{host}]" if ":" in host else host, f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}{port}"))


def _answering(addresses: Sequence[str], port: int) -> str:
    """Return the first address that answers; the last one where none does."""
    for address in addresses[:-1]:
        with suppress(OSError), socket.create_connection((address, port), _PROBE):
            return address
    return addresses[-1]


def _connected(addresses: Sequence[str], port: int, timeout: float) -> socket.socket:
    """Return a connection to the first address that answers."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout)
    return socket.create_connection((addresses[-1], port), timeout)
