"""Addresses that requests name: on the allow-list, and nowhere inside that the list does not name."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from urllib.parse import SplitResult, unquote, urlsplit

from sportstrack.errors import SettingError
from sportstrack.serve.refusal import RefusedError

STREAM_SCHEMES = ("rtsp", "rtsps", "rtmp", "udp", "srt", "http", "https")
TARGET_SCHEMES = ("udp", "http", "https")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "http": 80, "https": 443}


class UnknownHostError(RefusedError):
    """A name that stands for no address, at least at the moment."""


def check_address(url: str, allowed: Iterable[str], *, schemes: Sequence[str] = STREAM_SCHEMES, what: str = "") -> str:
    """Return an address that a request may name; arguments and errors as `reach`."""
    reach(url, allowed, schemes=schemes, what=what)
    return url


def reach(
    url: str, allowed: Iterable[str], *, schemes: Sequence[str] = STREAM_SCHEMES, what: str = ""
) -> tuple[str, ...]:
    """Return the IP addresses of a host that a request may name. Connect to these: its name may change its meaning.

    An entry of the list is a whole address, or one that ends with ``*`` after its host. Scheme, host and port are
    compared as such, never as text. A host that the entry names in full may be an inner one, as cameras are; where the
    entry has ``*`` for the host, the host's addresses must be public ones.

    Args:
        url: as it was sent; user and password are left out of the comparison.
        allowed: the list.
        schemes: that are taken at all.
        what: the option that holds the list, for the message.

    Returns:
        The addresses, the best one first; none for a camera's number, and for UDP without a host.

    Raises:
        RefusedError: it is not on the list, of another kind, or leads inside.
    """
    patterns = list(allowed)
    if url in patterns and "://" not in url:  # a camera's number
        return ()
    parts = _parts(url)
    if parts is None or parts.scheme not in schemes:
        raise RefusedError(f"the address is of a kind that is not taken; use {', '.join(schemes)}", "forbidden")
    found = RefusedError(f"the address is not on the list of the service; add it to {what or '--streams'}", "forbidden")
    for pattern in patterns:
        wanted = _parts(pattern)
        if wanted is None or not _fits(parts, wanted):
            continue
        try:
            return _checked(parts, wanted)
        except RefusedError as error:
            found = error  # another entry may name the host itself
    raise found


def is_named(url: str, allowed: Iterable[str]) -> bool:
    """Return whether an entry of a list names the host of an address in full."""
    parts = _parts(url)
    return parts is not None and _name(parts) in [_host(one) for one in map(_parts, allowed) if one is not None]


def check_entry(entry: str, schemes: Sequence[str], name: str) -> None:
    """Refuse an entry of an allow-list that no address could fit.

    Args:
        entry: an address, one that ends with ``*``, or a camera's number.
        schemes: that are taken.
        name: of the setting that holds the list.

    Raises:
        SettingError: it is none of these.
    """
    parts = _parts(entry)
    if not entry.isdigit() and (parts is None or parts.scheme not in schemes):
        raise SettingError(
            f"{name}: {without_password(entry)!r} fits no address: expected host and port in full, such as "
            f"{schemes[-1]}://camera.example/* or udp://127.0.0.1:5000"
        )


def without_password(url: str) -> str:
    """Return an address without user and password, to be shown."""
    scheme, found, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if found else url


def resolve(host: str, port: int | None) -> list[str]:
    """Return the addresses that a host's name stands for; RefusedError if it is unknown."""
    try:
        found = socket.getaddrinfo(host, port or 0, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise UnknownHostError(f"{host}: unknown host; check the address") from error
    return list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))


def default_port(scheme: str) -> int:
    """Return the port of a scheme where an address names none."""
    return _PORTS.get(scheme, 0)


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an address; None for what only looks like one."""
    if any(ord(c) <= 32 or c in "\\|<>\"'`{}" or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if not parts.netloc or ".." in unquote(unquote(parts.path)).split("/") or parts.fragment:
        return None
    return parts


def _fits(url: SplitResult, pattern: SplitResult) -> bool:
    host, wanted = _host(url), _host(pattern)
    named = wanted == "*" or host == wanted or (wanted.startswith("*.") and host.endswith(wanted[1:]))
    same_port = _port(url) == _port(pattern) or (wanted == "*" and pattern.port is None)
    if url.scheme != pattern.scheme or not named or not same_port:
        return False
    asked = f"{url.path or '/'}{'?' + url.query if url.query else ''}"
    path = f"{pattern.path or '/'}{'?' + pattern.query if pattern.query else ''}"
    if wanted == "*" and not pattern.path:
        return True
    return asked.startswith(path[:-1]) if path.endswith("*") else asked == path


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].partition(":")[0].lower() if "*" in parts.netloc else _name(parts)


def _name(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _port(parts: SplitResult) -> int:
    return parts.port or default_port(parts.scheme)


def _checked(url: SplitResult, pattern: SplitResult) -> tuple[str, ...]:
    """Return the addresses of a host; RefusedError for an inner one that the list does not name itself."""
    wanted = _host(pattern)
    if url.scheme == "udp" and not wanted:
        return ()
    found = tuple(resolve(_name(url), url.port))
    if not (_is_address(wanted) or wanted == "localhost"):
        for one in found:
            check_resolved(one, named="*" not in wanted)
    return found


def check_resolved(address: str, *, named: bool) -> None:
    """Refuse an inner address.

    Args:
        address: an IP address.
        named: whether the list names the host; then it may be in a private network, as cameras are.

    Raises:
        RefusedError: it is this machine's own, of the link alone (where clouds keep their secrets), or private.
    """
    ip = _inner(ipaddress.ip_address(address))
    own = ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast
    if own or not (named or ip.is_global):
        raise RefusedError("the address leads inside the network of the service, which is not allowed", "forbidden")


def _inner(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 address leads to, where it wraps one; else the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    through = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None
    return ip.ipv4_mapped or ip.sixtofour or through or ip


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
