"""Sources that a stranger names: plain containers alone, over the protocol of their own address.

Some formats of ffmpeg are lists of other files and addresses (HLS, DASH, concat, SDP); a file of such a kind could have
this machine read its own files or ask others. A process that reads what strangers send calls `restrict_sources` once.
"""

from __future__ import annotations

from collections.abc import Callable
from io import RawIOBase
from typing import Any

CONTAINERS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "mpegtsraw", "mpeg", "mpegvideo", "flv", "asf"),
    *("h264", "hevc", "m4v", "mjpeg", "mpjpeg", "ogg", "mxf", "gxf", "dv", "ivf", "obu", "nut", "rtsp", "rtp"),
)
PROTOCOLS = {
    "file": "file",
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsps,rtsp,rtp,udp,tcp,tls",
    "rtmp": "rtmp,tcp",
    "udp": "udp",
    "srt": "srt",
}
"""Scheme → what ffmpeg may speak; for others a source is opened by the caller's own function."""

Open = Callable[[str], RawIOBase]
Pin = Callable[[str], str]
_open: Open | None = None
_pin: Pin | None = None
_restricted = False


def restrict_sources(open_address: Open | None = None, pin: Pin | None = None) -> None:
    """From now on this process opens plain containers alone.

    Args:
        open_address: opens http and https addresses; ffmpeg itself would follow redirects to anywhere. None refuses
            them.
        pin: called with every other address whenever it is opened; returns what ffmpeg opens, or raises. None lets
            every one pass.
    """
    global _open, _pin, _restricted
    _open, _pin, _restricted = open_address, pin, True


def is_restricted() -> bool:
    """Return whether `restrict_sources` was called."""
    return _restricted


def how_to_open(address: str, options: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """Return what PyAV opens, and its options: the address as it is, or what `restrict_sources` allows.

    Raises:
        ValueError: an address of a kind that strangers may not name.
    """
    if not _restricted:
        return address, options
    scheme = address.partition(":")[0].lower()
    allowed = {"format_whitelist": ",".join(CONTAINERS)}
    if scheme in ("http", "https"):
        if _open is None:
            raise ValueError("http addresses are not taken here")
        return _open(address), options | allowed
    if scheme not in PROTOCOLS:
        raise ValueError(f"addresses of the kind {scheme!r} are not taken here")
    if _pin is not None and scheme != "file" and "://" in address:
        address = _pin(address)
    return address, options | allowed | {"protocol_whitelist": PROTOCOLS[scheme]}
