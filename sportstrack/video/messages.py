"""What ffmpeg and the system report, in plain words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

_REASONS = {
    "ConnectionRefusedError": "the connection was refused: nothing listens there",
    "ConnectionResetError": "the other side closed the connection",
    "DecoderNotFoundError": "there is no decoder for its codec",
    "EncoderNotFoundError": "there is no such encoder",
    "ExitError": "no answer within the time limit",
    "HTTPForbiddenError": "the server forbids it (403)",
    "HTTPNotFoundError": "the server does not have it (404)",
    "HTTPServerError": "the server failed (5xx)",
    "HTTPUnauthorizedError": "the server wants a name and password (401)",
    "InvalidDataError": "the data are damaged or no video",
    "TimeoutError": "no answer within the time limit",
}
_REASONS_BY_NUMBER = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than allowed (file system or ulimit -f)",
    errno.EACCES: "permission denied",
    errno.EROFS: "the disk is read-only",
}


def plain(error: BaseException | None) -> str:
    """Return the reason for an error of ffmpeg or the system."""
    number = getattr(error, "errno", None)
    known = _REASONS_BY_NUMBER.get(number) if isinstance(number, int) else None
    return known or _REASONS.get(type(error).__name__) or str(getattr(error, "strerror", None) or error)


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 frame``, ``2 frames``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def why_not_open(address: str, label: str, error: BaseException) -> str:
    """Return why ffmpeg could not open an address; a file is examined."""
    if is_unknown_protocol(error):
        scheme = address.partition(":")[0]
        return (
            f"{label}: this installation's FFmpeg cannot read {scheme}: addresses; let another one hand it on: "
            f"ffmpeg -i ADDRESS -c copy -f mpegts udp://127.0.0.1:5000, and read udp://127.0.0.1:5000"
        )
    if "://" in address:
        return f"{label}: cannot be opened ({plain(error)}); check the address and that the sender is running"
    path = Path(address.removeprefix("file:"))
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return f"{label}: is empty (0 bytes); copy or record it again"
    if start[4:8] in (b"ftyp", b"mdat", b"wide", b"free", b"skip") and b"moov" not in _box_names(path):
        return f"{label}: the recording was cut off (its index, the moov box, is missing); copy it again or repair it"
    if b"\0" not in start and _is_text(start):
        return f"{label}: is a text file, not a video"
    return f"{label}: is no video that can be read ({plain(error)})"


def is_unknown_protocol(error: BaseException | None) -> bool:
    """Return whether an address was of a kind that FFmpeg was built without; waiting does not help then."""
    return type(error).__name__ == "ProtocolNotFoundError"


def _is_text(start: bytes) -> bool:
    text = start.decode("utf-8", errors="replace").rstrip("\ufffd")  # the cut may split a character
    return "\ufffd" not in text and sum(c.isprintable() or c.isspace() for c in text) == len(text)


def _box_names(path: Path) -> set[bytes]:
    """Return the names of an mp4's top boxes, as far as they can be walked."""
    end = path.stat().st_size
    return {name for name, past in _boxes(path) if past <= end}


def breaks_off(path: Path) -> bool:
    """Return whether an mp4 ends within one of its top boxes."""
    end = path.stat().st_size
    return any(past > end for _, past in _boxes(path))


def _boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield the name of each top box of an mp4, and the place behind it."""
    end, position = path.stat().st_size, 0
    with path.open("rb") as file:
        while position + 8 <= end:
            file.seek(position)
            head = file.read(16)
            size = int.from_bytes(head[:4], "big")
            size = int.from_bytes(head[8:16], "big") if size == 1 else size
            if size < 8:
                return
            position += size
            yield head[4:8], position
