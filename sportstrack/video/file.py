"""Video files, and a report of what was wrong with them."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

from sportstrack.errors import SourceError, nearest
from sportstrack.video.convert import Pictures
from sportstrack.video.decode import Decoder
from sportstrack.video.frame import Frame, SourceInfo
from sportstrack.video.messages import breaks_off, counted, plain


class FileReader(Pictures):
    """A video file, read to its end whatever damage it holds."""

    def __init__(self, path: Path, *, every: int, live: bool, frame_rate: float | Fraction | None = None):
        super().__init__(every)
        _check_file(path)
        self._path = path
        # The file: prefix keeps ffmpeg from taking a name with a colon or a percent sign for something else.
        self._decoder = Decoder(f"file:{path}", str(path), options={}, timeout=None, patient=True)
        self._set_up(self._decoder, frame_rate)
        self._start = self._decoder.stamp(self._decoder.first.pts) or Fraction(0)
        declared = self._decoder.stream.frames or None
        name, size = path.resolve().stem, self.painter.size
        self.info = SourceInfo(name, *size, self.rate, declared, live, "video", self.pixel_ratio, self.colour)

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the frames, then report the damage in ``warnings``."""
        try:
            yield from self._yield_from(self._decoder)
            self._report()
        finally:
            self.close()

    def close(self) -> None:
        """Close the file; calling it twice is harmless."""
        self._decoder.close()

    def _report(self) -> None:
        found, declared = self._decoder, self.info.frame_count
        first = ""
        if found.first_bad is not None:
            first = f" (first at {float(max(found.first_bad - self._start, Fraction(0))):.1f} s)"
        if found.lost:
            self.warnings.append(f"{counted(found.lost, 'frame')} could not be decoded{first}")
        if found.damaged:
            self.warnings.append(f"{counted(found.damaged, 'frame')} decoded with damage{first}")
        if found.errors and not found.lost and not found.damaged:
            self.warnings.append(f"{counted(found.errors, 'damaged piece')} skipped{first}")
        if declared and self.decoded + found.lost + found.hidden < declared:
            word = "incomplete" if found.errors or found.damaged else "truncated"
            self.warnings.append(f"{word}: {self.decoded} of {declared} declared frames decoded")
        elif not declared and (short := self._cut_off(found)):
            self.warnings += short
        elif not declared and "mp4" in found.container.format.name and breaks_off(self._path):
            self.warnings.append(f"truncated: the file breaks off after {counted(self.decoded, 'frame')}")
        else:
            self.warnings += self._gaps.warning()
        if not declared and found.failure is not None and not found.errors:
            self.warnings.append(f"reading ended early after {counted(self.decoded, 'frame')}: {plain(found.failure)}")


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(1)
    except FileNotFoundError:
        there = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise SourceError(f"{path}: no such file{nearest(path.name, there)}") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({plain(error)}); check its permissions") from error
    if not start:
        raise SourceError(f"{path}: is empty (0 bytes); copy or record it again")
