"""Decoding pictures that may come from anywhere: the kind, the size and the end of the file are checked first."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import FormatError, SourceError
from sportstrack.files.reading import read_bytes
from sportstrack.images.levels import Levels, as_picture
from sportstrack.limits import MAX_PICTURE_BYTES, MAX_PIXELS, MAX_SCANNED, MAX_SIDE
from sportstrack.types import Image

KINDS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
"""By Pillow's names. Other formats are not decoded, whatever the file's name: their decoders are seldom tried."""


DEEP = ("I;16", "I;16B", "I;16L", "I", "F")
"""Pillow's modes of one channel with more than 8 bits."""


def read_picture(path: str | Path, flags: int | None = None) -> Image:
    """Return the picture in a file; see `decode_picture`.

    Raises:
        SourceError: the file cannot be read, or holds no whole picture.
    """
    try:
        data = read_bytes(path, MAX_PICTURE_BYTES)
    except FormatError as error:
        raise SourceError(str(error)) from error
    return decode_picture(data, str(path), flags)


def decode_picture(data: bytes, name: str, flags: int | None = None, levels: Levels | None = None) -> Image:
    """Decode a JPEG, PNG, BMP, WebP or TIFF.

    Args:
        data: the file's bytes.
        name: of the file, for messages.
        flags: OpenCV's; None is colour, turned as EXIF asks.
        levels: of the sequence, for grey pictures of more than 8 bits; None looks at this picture alone.

    Returns:
        (H, W, 3) uint8 BGR, or what the flags ask for.

    Raises:
        SourceError: the data are no such picture, are cut off, or are larger than any camera's.
    """
    import cv2

    if check_picture(data, name) in DEEP and flags is None:
        return as_picture(_deep(data, name), levels)
    try:
        image: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR if flags is None else flags)
    except cv2.error as error:
        raise SourceError(f"{name}: not a readable picture ({error.err or 'OpenCV refuses it'})") from error
    if image is None:
        raise SourceError(f"{name}: not a readable picture; its data are damaged")
    return np.ascontiguousarray(image, np.uint8)


def _deep(data: bytes, name: str) -> NDArray[Any]:
    """(H, W) grey values as the file has them, of 16 or 32 bits."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(BytesIO(data), formats=KINDS) as image:
            return np.asarray(image)
    except Exception as error:  # as in `check_picture`
        raise SourceError(f"{name}: not a readable picture; its data are damaged") from error


def check_picture(data: bytes, name: str) -> str:
    """Return Pillow's mode, such as RGB; refuse, by header and end, what is no whole picture of a size that is read.

    Raises:
        SourceError: see `decode_picture`.
    """
    from PIL import Image as Pillow

    try:
        with Pillow.open(BytesIO(data), formats=KINDS) as image:
            width, height = image.size
            kind, mode = str(image.format), str(image.mode)
    except Pillow.DecompressionBombError:
        raise SourceError(f"{name}: is larger than the {MAX_PIXELS:,} pixels that are read of a picture") from None
    except Exception as error:  # Pillow's readers let out what struct, zlib and others raise
        raise SourceError(f"{name}: not a readable picture; expected JPEG, PNG, BMP, WebP or TIFF") from error
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width * height > MAX_PIXELS:
        raise SourceError(f"{name}: says {width}x{height}; pictures are read up to {MAX_PIXELS:,} pixels")
    if kind in ("JPEG", "MPO") and data.count(_SCAN) * width * height > MAX_SCANNED:
        raise SourceError(f"{name}: has {data.count(_SCAN)} scans of {width}x{height}, which no camera writes")
    if _is_cut_off(data, kind):
        raise SourceError(f"{name}: was cut off; the end of the picture is missing")
    return mode


_SCAN, _END = b"\xff\xda", b"\xff\xd9"  # in a JPEG: the start of a scan, and the end of the picture


def _is_cut_off(data: bytes, kind: str) -> bool:
    if kind in ("JPEG", "MPO"):
        return data.rfind(_END) < data.rfind(_SCAN)
    if kind == "PNG":
        return b"IEND" not in data
    return kind == "WEBP" and len(data) < int.from_bytes(data[4:8], "little") + 8
