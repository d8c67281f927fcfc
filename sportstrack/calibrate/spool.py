"""What the frames of a long clip show, in a temporary file, so that memory does not grow with the clip."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Sequence
from types import TracebackType
from typing import IO, overload

import numpy as np

from sportstrack.pitch.evidence import SeenFrame
from sportstrack.types import FloatArray

_HEAD = 4  # numbers before a frame's own: the frame, cut, line pixels, pairs of points


class Spool(Sequence[SeenFrame]):
    """A growing sequence of `SeenFrame` on disk; a context manager that removes it at the end.

    Numbers are kept with 32 bits: a thousandth of a pixel in pictures of 8,000.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="sportstrack-")  # noqa: SIM115 - closed by `close`
        self._at = array("q", [0])

    def append(self, seen: SeenFrame) -> None:
        """Add the next frame."""
        head = np.array([seen.frame, seen.cut, len(seen.lines), len(seen.before)], np.int32)
        arrays = (seen.lines, seen.before, seen.after)
        data = head.tobytes() + b"".join(one.astype(np.float32).tobytes() for one in arrays)
        self._file.seek(self._at[-1])
        self._file.write(data)
        self._at.append(self._at[-1] + len(data))

    def __len__(self) -> int:
        return len(self._at) - 1

    @overload
    def __getitem__(self, rows: int) -> SeenFrame: ...

    @overload
    def __getitem__(self, rows: slice) -> list[SeenFrame]: ...

    def __getitem__(self, rows: int | slice) -> SeenFrame | list[SeenFrame]:
        if isinstance(rows, slice):
            return [self[row] for row in range(*rows.indices(len(self)))]
        if not -len(self) <= rows < len(self):
            raise IndexError(rows)
        row = rows % len(self)
        self._file.seek(self._at[row])
        data = self._file.read(self._at[row + 1] - self._at[row])
        frame, cut, lines, pairs = np.frombuffer(data, np.int32, _HEAD).tolist()
        numbers: FloatArray = np.frombuffer(data, np.float32, offset=4 * _HEAD).astype(np.float64)
        first, second = 3 * lines, 3 * lines + 2 * pairs
        return SeenFrame(
            frame,
            numbers[:first].reshape(-1, 3),
            numbers[first:second].reshape(-1, 2),
            numbers[second:].reshape(-1, 2),
            bool(cut),
        )

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
