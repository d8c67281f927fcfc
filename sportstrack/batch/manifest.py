"""The manifest: a line of JSON for each phase of a video that was done or has failed.

One process alone writes a file of it: the one that runs the batch, or a task of an array its own shard's. All of them
are read together, so that shards may be many and a later run may be none.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from sportstrack import __version__
from sportstrack.batch.place import BatchPlace, unchanged
from sportstrack.errors import OutputError
from sportstrack.files.claim import PartFile

_SENT = 5.0  # seconds between two sendings of the whole file to an object store


class Manifest:
    """What has been done, and what is written of it.

    Args:
        place: of the batch.
        part: shard and number of shards, which name the file.

    Attributes:
        name: of the file that is written.
    """

    def __init__(self, place: BatchPlace, part: tuple[int, int] = (1, 1)) -> None:
        self._place = place
        self.name = "manifest.jsonl" if part[1] == 1 else f"manifest-{part[0]:05d}-of-{part[1]:05d}.jsonl"
        self._text = place.read_text(self.name)
        self._lines: dict[tuple[str, str, int | None], dict[str, Any]] = {}
        self._steps: dict[str, dict[tuple[str, str, int | None], None]] = {}  # video → keys of its lines
        self._sent = 0.0
        for line in sorted(self._read(), key=lambda line: str(line.get("time", ""))):
            self._set(line)

    def _read(self) -> Iterable[dict[str, Any]]:
        for name in sorted({*self._place.names("manifest*.jsonl"), self.name}):
            text = self._text if name == self.name else self._place.read_text(name)
            for row in text.splitlines():
                try:
                    line = json.loads(row)
                except ValueError:
                    continue  # the end of a run that was killed
                if isinstance(line, dict) and {"video", "phase", "state"} <= line.keys():
                    yield line

    def line(self, video: str, phase: str, part: int | None = None) -> dict[str, Any] | None:
        """Return the latest line of a phase of a video, or of a part of it; None if there is none."""
        return self._lines.get((video, phase, part))

    def is_done(self, video: str, phase: str, key: str, *, part: int | None = None, any_version: bool = False) -> bool:
        """Return whether a phase was done with the same settings, files and version, and its files are still there."""
        line = self.line(video, phase, part)
        if line is None or line["state"] != "done" or line.get("settings") != key:
            return False
        if not any_version and line.get("versions", {}).get("sportstrack") != __version__:
            return False
        inputs, outputs = line.get("inputs"), line.get("outputs")
        if not isinstance(inputs, Mapping) or not isinstance(outputs, Mapping):
            return False
        files = {role: one for role, one in inputs.items() if role != "recording" and one.get("path") is not None}
        if not all(unchanged(one["path"], one) for one in files.values()):
            return False
        if (recording := inputs.get("recording")) is not None and recording.get("sha256") != self._recorded(video):
            return False
        return self._place.holds(outputs)

    def _recorded(self, video: str) -> str | None:
        """Return the SHA-256 of a video's recording as it was written last."""
        line = self.line(video, "detect") or {}
        stamps = [one for name, one in line.get("outputs", {}).items() if name.endswith(".npz")]
        return stamps[0].get("sha256") if len(stamps) == 1 else None

    def add(self, line: Mapping[str, Any]) -> None:
        """Write a line; it is on the disk when this returns.

        Raises:
            OutputError: it cannot be written.
        """
        line = dict(line) | {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}  # one clock for all workers
        self._set(line)
        text = json.dumps(line, ensure_ascii=False) + "\n"
        text = text.encode("utf-8", "backslashreplace").decode()
        if self._text and not self._text.endswith("\n"):
            text = "\n" + text  # after a line that a kill cut off
        self._text += text
        if self._place.is_remote:
            if time.monotonic() - self._sent >= _SENT:
                self.flush()
            return
        path = self._place.folder / self.name
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                with suppress(OSError):  # not every file system can
                    os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(PartFile(path).explain(error)) from error

    def flush(self) -> None:
        """Send what an object store does not have yet."""
        if self._place.is_remote:
            self._place.write_text(self.name, self._text)
            self._sent = time.monotonic()

    def lines(self, video: str | None = None) -> list[dict[str, Any]]:
        """Return the latest line of each phase of a video, or of all."""
        if video is None:
            return list(self._lines.values())
        return [self._lines[key] for key in self._steps.get(video, ())]

    def _set(self, line: dict[str, Any]) -> None:
        key = _key(line)
        self._lines[key] = line
        self._steps.setdefault(key[0], {})[key] = None


def _key(line: Mapping[str, Any]) -> tuple[str, str, int | None]:
    return str(line["video"]), str(line["phase"]), line.get("part")
