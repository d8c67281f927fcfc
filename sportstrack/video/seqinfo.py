"""Sequence folders as MOTChallenge has them: where the images stand and what ``seqinfo.ini`` says of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sportstrack.errors import SourceError
from sportstrack.video.times import as_rate
from sportstrack.video.words import plain


@dataclass(frozen=True)
class SequenceInfo:
    """What a ``seqinfo.ini`` says; None where it is silent.

    Attributes:
        name: the sequence's name.
        folder: folder of the images, relative to the file.
        frame_rate: frames/s.
        length: number of frames.
        suffix: of the images, such as ``.jpg``.
        size: (width, height) in pixels.
    """

    name: str | None = None
    folder: str | None = None
    frame_rate: Fraction | None = None
    length: int | None = None
    suffix: str | None = None
    size: tuple[int, int] | None = None


def read_seqinfo(path: str | Path) -> SequenceInfo:
    """Read a MOTChallenge ``seqinfo.ini``; byte-order mark, Windows line ends and a missing section line are allowed.

    Raises:
        SourceError: if it cannot be read or a number in it is none.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({plain(error)})") from error
    pairs = (line.partition("=") for line in text.splitlines() if line.strip()[:1] not in ("", "[", ";", "#"))
    values = {key.strip().lower(): value.strip() for key, _, value in pairs if value.strip()}
    width, height = _whole(path, values, "imwidth"), _whole(path, values, "imheight")
    suffix = values.get("imext")
    return SequenceInfo(
        name=values.get("name"),
        folder=values.get("imdir"),
        frame_rate=_seqinfo_rate(path, values.get("framerate")),
        length=_whole(path, values, "seqlength"),
        suffix=f".{suffix.lstrip('.').lower()}" if suffix else None,
        size=(width, height) if width and height else None,
    )


def _whole(path: Path, values: dict[str, str], key: str) -> int | None:
    if key not in values:
        return None
    try:
        number = float(values[key])
        if number < 0 or number != int(number):
            raise ValueError
        return int(number)
    except (ValueError, OverflowError):
        raise SourceError(f"{path}: {key}: expected a whole number, got {values[key]!r}") from None


def _seqinfo_rate(path: Path, value: str | None) -> Fraction | None:
    if value is None:
        return None
    try:
        return as_rate(value)
    except ValueError:
        raise SourceError(f"{path}: frameRate: expected a positive number, got {value!r}") from None


def find_sequence(path: Path) -> tuple[Path, Path, SequenceInfo | None]:
    """Return (folder that names the source, folder of images, what seqinfo.ini says or None for a plain folder)."""
    if path.name.lower() == "seqinfo.ini":
        path = path.parent
    for root in (path, path.resolve().parent):
        if (root / "seqinfo.ini").is_file():
            stated = read_seqinfo(root / "seqinfo.ini")
            folder = root / (stated.folder or "img1")
            if root == path or folder.resolve() == path.resolve():
                if not folder.is_dir():
                    raise SourceError(f"{root / 'seqinfo.ini'}: its image folder {folder} does not exist")
                return root, folder, stated
    if (path / "img1").is_dir():
        return path, path / "img1", SequenceInfo()
    return path, path, None
