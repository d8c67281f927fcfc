"""``seqinfo.ini``: what a sequence of the MOT, SportsMOT and SoccerNet data sets says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from sportstrack.errors import FormatError
from sportstrack.files.reading import PathLike, parse_pairs, read_bytes
from sportstrack.limits import MAX_FRAME_RATE, MAX_FRAMES, MAX_SIDE


@dataclass(frozen=True)
class SequenceInfo:
    """What a ``seqinfo.ini`` says of a sequence; None where it says nothing.

    Attributes:
        name: of the sequence.
        frames: number of frames.
        frame_rate: frames per second.
        width: of the pictures, in pixels.
        height: of the pictures, in pixels.
        image_folder: where the pictures are, relative to the file.
        suffix: of the pictures, such as ``.jpg``.
    """

    name: str | None = None
    frames: int | None = None
    frame_rate: float | None = None
    width: int | None = None
    height: int | None = None
    image_folder: str | None = None
    suffix: str | None = None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, if both are known."""
        return (self.width, self.height) if self.width and self.height else None


def read_sequence_info(folder: PathLike) -> SequenceInfo:
    """Read ``seqinfo.ini`` in a sequence's folder; an empty `SequenceInfo` if there is none.

    Raises:
        FormatError: the file cannot be read, or a number in it is none or absurd; the message gives the line.
    """
    path = Path(folder) / "seqinfo.ini"
    return parse_sequence_info(read_bytes(path), str(path)) if path.is_file() else SequenceInfo()


def parse_sequence_info(text: str | bytes, name: str, *, lenient: bool = False) -> SequenceInfo:
    """Read a ``seqinfo.ini`` from memory; ``name`` stands for the file in messages.

    The section line may be missing or written otherwise, keys may be in any case, whole numbers may be written ``2.0``,
    and a key without a value counts as missing; if ``lenient``, a value that makes no sense does as well.

    Raises:
        FormatError: as `read_sequence_info`.
    """
    pairs = {key: pair for key, pair in parse_pairs(text, name).items() if pair[0]}

    def number(key: str, most: int, whole: bool = True) -> Any:
        value, line = pairs.get(key.lower(), ("", 0))
        found = _positive(value, most, whole)
        if value and found is None and not lenient:
            kind = f"a whole number from 1 to {most:,}" if whole else f"a number above 0, up to {most:,}"
            raise FormatError(f"{name}, line {line}: {key}: expected {kind}, got {value[:60]!r}")
        return found

    def word(key: str) -> str | None:
        return pairs[key][0] if key in pairs else None

    folder, suffix = word("imdir"), word("imext")
    odd = folder and ("\0" in folder or PurePosixPath(folder).is_absolute() or PureWindowsPath(folder).anchor)
    if odd and lenient:
        folder = None
    elif odd:
        raise FormatError(f"{name}: imDir: expected a folder beside this file, such as img1, got {folder!r}")
    return SequenceInfo(
        name=word("name"),
        frames=number("seqLength", MAX_FRAMES),
        frame_rate=number("frameRate", MAX_FRAME_RATE, whole=False),
        width=number("imWidth", MAX_SIDE),
        height=number("imHeight", MAX_SIDE),
        image_folder=folder,
        suffix=f".{suffix.lstrip('.').lower()}" if suffix else None,
    )


def _positive(value: str, most: int, whole: bool) -> float | None:
    """Return a positive number, or None; a rate may be a fraction, such as 30000/1001."""
    try:
        found = float(Fraction(value) if "/" in value else float(value))
        if 0 < found <= most and (not whole or found == int(found)):
            return int(found) if whole else found
    except (ValueError, OverflowError, ZeroDivisionError):
        pass
    return None
