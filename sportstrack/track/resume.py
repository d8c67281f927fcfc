"""What a tracking result was made of, and whether result and origin still are what its summary says."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.files.ledger import matches, stamp
from sportstrack.identities.table import Identities, Identity
from sportstrack.track.settings import TrackSettings
from sportstrack.track.summary import Summary
from sportstrack.video import SourceInfo

_KINDS: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "int | None": (int, type(None)),
    "float | None": (int, float, type(None)),
    "str | None": (str, type(None)),
    "Identities | None": (Identities, type(None)),
}


class Origin:
    """The files that a result is made of: source, weights, recording and the code of plug-ins.

    Args:
        source: what is tracked.
        info: what is known of it.
        settings: how it is tracked.
        own: detector, tracker and embedder that were handed in as objects: name → object or None.
    """

    def __init__(
        self, source: str | Path | int, info: SourceInfo, settings: TrackSettings, own: Mapping[str, Any]
    ) -> None:
        self.files = dict(_source_files(source, info, settings))
        for name, value in own.items():
            if value is not None:
                self.files |= {f"{name} {_title(value)}": _code_of(value)}
        if not settings.detections and info.kind != "recording" and own.get("detector") is None:
            self.files |= _detector_files(settings)
        for name in ("tracker", "camera", "embedder"):
            if (text := getattr(settings, name)) and own.get(name) is None:
                for part in text.split("+"):
                    self.files |= _named_files(name, part)
        self._settings = settings
        self._before = {role: _times(path) for role, path in self.files.items()}

    def stamps(self, warnings: list[str]) -> dict[str, dict[str, Any]]:
        """Return size, time and SHA-256 of each file; none, with a warning, of one that changed during the run."""
        if "weights" in self.files and self.files["weights"] is None:  # downloaded meanwhile
            self.files["weights"] = _weights(self._settings)
            self._before["weights"] = _times(self.files["weights"])
        found: dict[str, dict[str, Any]] = {}
        for role, path in self.files.items():
            record: dict[str, Any] = {"path": None if path is None else str(path)}
            if path is not None and _times(path) == self._before[role]:
                with suppress(OSError):
                    record |= stamp(path)
            elif path is not None:
                warnings.append(f"{path} was changed while it was tracked: track it again when it is complete")
            found[role] = record
        return found

    def is_same(self, records: Mapping[str, Any]) -> bool:
        """Return whether each file still is what a summary says of it."""
        if records.keys() != self.files.keys():
            return False
        for role, path in self.files.items():
            record = records[role]
            if not isinstance(record, Mapping):
                return False
            if record.get("path") is None if path is None else matches(path, record):
                continue
            return False
        return True


def find_finished_run(folder: Path, wanted: Summary, origin: Origin) -> Summary | None:
    """Return the summary of an earlier, complete run with the same settings, if its files still are what it says."""
    earlier = _read(folder / f"{wanted.name}.summary.json")
    if earlier is None or not earlier.complete or earlier.requested != json.loads(json.dumps(wanted.requested)):
        return None
    if earlier.source != wanted.source and "source" not in origin.files:
        return None  # a camera or an address
    names = {Path(file).name for kind, file in earlier.outputs.items() if kind != "summary"}
    if names != earlier.files.keys() or not all(matches(folder / n, r) for n, r in earlier.files.items()):
        return None
    if not origin.is_same(earlier.inputs):
        return None
    earlier.outputs = {kind: str(folder / Path(file).name) for kind, file in earlier.outputs.items()}
    earlier.source, earlier.skipped = wanted.source, True
    return earlier


def _read(path: Path) -> Summary | None:
    """Return a saved summary; None if it is none, or not whole."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        record.pop("fps")
        if (known := record.get("identities")) is not None:
            record["identities"] = Identities(Identity(**row) for row in known)
        summary = Summary(**record)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    for one in fields(summary):
        value, kind = getattr(summary, one.name), str(one.type)
        if not isinstance(value, _KINDS.get(kind, list if kind.startswith("list") else dict)):
            return None
    texts = [*summary.warnings, *summary.outputs.values()]
    return summary if all(isinstance(text, str) for text in texts) else None


def _source_files(source: str | Path | int, info: SourceInfo, settings: TrackSettings) -> dict[str, Path | None]:
    files: dict[str, Path | None] = {}
    if settings.detections:
        files["detections"] = Path(settings.detections)
    if settings.team_colours and Path(settings.team_colours).exists():
        files["team_colours"] = Path(settings.team_colours)
    if settings.roster:
        files["roster"] = Path(settings.roster)
    if settings.pitch:
        files["pitch"] = Path(settings.pitch)
    if info.kind in ("video", "images", "sequence", "recording"):
        path = files["source"] = Path(str(source).removeprefix("file://"))
        if info.kind == "sequence":
            from sportstrack.video.seqinfo import find_sequence

            root, files["source"], _ = find_sequence(path)
            files["sequence"] = root / "seqinfo.ini"
    return files


def _detector_files(settings: TrackSettings) -> dict[str, Path | None]:
    if settings.detector is not None:
        return _named_files("detector", settings.detector)
    return {"weights": _weights(settings)}


def _weights(settings: TrackSettings) -> Path | None:
    from sportstrack.models.weights import find_weights

    try:
        return find_weights(settings.weights, download=False)
    except SportstrackError:
        return None  # it comes, or is missed, when the detector is loaded


def _named_files(name: str, text: str) -> dict[str, Path | None]:
    """Return what a setting names: a network's file, a file or folder behind a colon, or a plug-in's module."""
    if text.endswith(".onnx"):
        return {f"{name} {text}": Path(text)}
    before, colon, after = text.partition(":")
    if not colon:
        return {}
    place = Path(after)
    if not place.exists():
        return {f"{name} {text}": _module_file(before)}
    files: dict[str, Path | None] = {f"{name} {text}": place}
    return files | {f"{name} {path}": path for path in sorted(place.rglob("*")) if path.is_dir()}


def _module_file(module: str) -> Path | None:
    """Return a module's file, without importing anything; None if it is not found."""
    for base in sys.path:
        for ending in (".py", "/__init__.py"):
            path = Path(base or ".", module.replace(".", "/") + ending)
            if path.is_file():
                return path
    return None


def _title(value: Any) -> str:
    kind = value if hasattr(value, "__qualname__") else type(value)
    return f"{kind.__module__}:{kind.__qualname__}"


def _code_of(value: Any) -> Path | None:
    kind = value if hasattr(value, "__qualname__") else type(value)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return None if file is None else Path(file)


def _times(path: Path | None) -> Sequence[int]:
    """Return what changes with a file; nothing of a folder, in which files may come and go."""
    if path is None:
        return ()
    try:
        now = path.stat()
    except OSError:
        return (-1,)
    return () if path.is_dir() else (now.st_size, now.st_mtime_ns, now.st_ino)
