"""Text files that grow while a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from sportstrack.files.claim import Claim, PartFile


class TextFile(PartFile):
    """A `PartFile` of UTF-8 text, open from the start; what the system refuses is an OutputError with the fix.

    Args:
        path: the final name.
        claim: the right to write it; None renames without asking.

    Raises:
        OutputError: if the file cannot be opened.
    """

    def __init__(self, path: str | Path, claim: Claim | None = None) -> None:
        super().__init__(path, claim)
        self._stream: IO[str] = self.open_text()

    def append(self, text: str) -> None:
        """Add text; OutputError if it cannot be written."""
        with self.explained():
            self._stream.write(text)

    def close(self) -> None:
        """Write out what is buffered, under the temporary name; OutputError if it cannot be written."""
        with self.explained():
            self._stream.close()
