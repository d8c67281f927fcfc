"""Recording a live stream by the hour: a video and the results as JSON lines, readable whenever the process ends."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from sportstrack.serve.streams.mp4 import shifted, ticks_of
from sportstrack.video.messages import plain

HOUR = 3600.0
PART = ".part"
AGAIN = 30.0  # seconds after which a file that could not be written is begun anew


class HourlyRecorder:
    """Writes the parts of a video and the lines of results into files of one hour each.

    While a file grows its name has ``.part`` in it; it plays in that state, too, up to its last whole part.

    Args:
        folder: of the files; it is made.
        name: with which their names begin.
        on_problem: called with a sentence when nothing can be written.
        clock: seconds since 1970.
        length: seconds of a file.
        keep_free: bytes that stay free on the disk.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        on_problem: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        length: float = HOUR,
        keep_free: float = 0.0,
    ) -> None:
        self._folder, self._name, self._on_problem = folder, name, on_problem
        self._clock, self._length, self._keep_free = clock, length, keep_free
        self._head: bytes | None = None
        self._files: list[BinaryIO] = []
        self._paths: list[Path] = []
        self._ends = self._shift = 0.0
        self._rest_until = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        complete_parts(folder)

    def head(self, head: bytes) -> None:
        """Take the head that each file begins with."""
        self._head = head

    def part(self, part: bytes, key: bool) -> None:
        """Add a part of the video; with the first key frame of an hour another file begins."""
        now = self._clock()
        begins = now >= self._ends and now >= self._rest_until and self._head is not None
        if key and (begins or self._files) and self._has_room() and begins:
            self.close()
            self._begin(now, part)
        if self._files:
            self._write(0, shifted(part, int(self._shift)))

    def line(self, line: bytes) -> None:
        """Add a frame's result, a line of JSON."""
        if self._files:
            self._write(1, line + b"\n")

    def close(self) -> None:
        """Complete the files and give them their names."""
        files, self._files = self._files, []
        for file, path in zip(files, self._paths, strict=True):
            with suppress(OSError):
                file.close()
                path.replace(final_name(path))
        self._paths = []

    def _begin(self, now: float, part: bytes) -> None:
        stem = f"{self._name}_{time.strftime('%Y-%m-%d_%H-%M-%S', time.gmtime(now))}"
        assert self._head is not None
        self._shift = ticks_of(part)
        self._ends = (now // self._length + 1) * self._length
        try:
            for ending in (".mp4", ".jsonl"):
                path = self._folder / f"{stem}{PART}{ending}"
                self._files.append(path.open("wb"))
                self._paths.append(path)
            self._write(0, self._head)
        except OSError as error:
            self._fail(error)

    def _has_room(self) -> bool:
        """Return whether the disk has room; where it has none, what was recorded is completed."""
        try:
            if shutil.disk_usage(self._folder).free < self._keep_free:
                raise OSError(errno.ENOSPC, "the disk is full")
        except OSError as error:
            self._fail(error)
            return False
        return True

    def _write(self, number: int, data: bytes) -> None:
        try:
            self._files[number].write(data)
            self._files[number].flush()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.close()
        self._rest_until, self._ends = self._clock() + AGAIN, 0.0
        self._on_problem(f"recording stopped: {plain(error)}; tried again in {AGAIN:.0f} s")


def final_name(path: Path) -> Path:
    """Return the name of a complete file, of the one that it has while it grows."""
    return path.with_name(path.name.replace(PART, "", 1))


def complete_parts(folder: Path) -> None:
    """Give the files their names that a killed process has left."""
    for path in folder.glob(f"*{PART}.*"):
        with suppress(OSError):
            if path.stat().st_size:
                path.replace(final_name(path))
            else:
                path.unlink()


def remove_old(folder: Path, before: float) -> None:
    """Remove complete recordings that were last written before a time, in seconds since 1970."""
    for path in (*folder.glob("*.mp4"), *folder.glob("*.jsonl")):
        with suppress(OSError):
            if PART not in path.name and path.stat().st_mtime < before:
                path.unlink()
