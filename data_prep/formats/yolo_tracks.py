"""Reading ``tracks/SPLIT/CLIP.json``: what YOLO labels cannot say of a clip, as `data_prep.formats.yolo` keeps it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data_prep.table import Clip, TrackInfo
from data_prep.values import as_whole
from sportstrack.errors import FormatError
from sportstrack.files.reading import list_files, read_json
from sportstrack.limits import MAX_FRAME_RATE, MAX_FRAMES, MAX_SIDE

_ROLES = ("role", "team", "number")


class YoloTracks:
    """What the files of a data set's ``tracks/`` say.

    Attributes:
        sequences: the clips.
        infos: (clip, track) → what is known of a track.
        of: (split, picture's name) → clip, frame from 0, and the identity of each label line.

    Raises:
        FormatError: a file that is not what `data_prep.formats.yolo.write_yolo` writes, with the key.
    """

    def __init__(self, base: Path):
        self.sequences: list[Clip] = []
        self.infos: dict[tuple[int, int], TrackInfo] = {}
        self.of: dict[tuple[str, str], tuple[int, int, list[int]]] = {}
        for file in list_files(base / "tracks", pattern="*/*.json"):
            self._enter(read_json(file), file.parent.name, str(file))

    def size(self, split: str, name: str) -> tuple[int, int] | None:
        """Return width and height of a picture's clip, or None."""
        found = self.of.get((split, name))
        if found is None:
            return None
        sequence = self.sequences[found[0]]
        return sequence.width, sequence.height

    def _enter(self, data: Any, split: str, source: str) -> None:
        number = len(self.sequences)
        self.sequences.append(
            Clip(
                _checked(data, "name", _is_text, source), split, _checked(data, "width", _is_side, source),
                _checked(data, "height", _is_side, source), _checked(data, "frame_rate", _is_rate, source),
                _checked(data, "length", _is_length, source), _checked(data, "match", _is_text, source), source=source,
            )
        )  # fmt: skip
        for track, info in _checked(data, "tracks", _is_table, source).items():
            words = [_checked(info, role, _is_text, f"{source}, tracks, {track[:20]}") for role in _ROLES]
            whole = as_whole(track)
            if whole is None:
                raise FormatError(f"{source}: the track {track[:20]!r} is no whole number")
            self.infos[number, whole] = TrackInfo(*words)
        for name, record in _checked(data, "frames", _is_table, source).items():
            if not _is_frame(record):
                raise FormatError(f"{source}: frames: {name[:80]!r} needs its frame and a list of identities")
            self.of[split, name] = (number, record[0], record[1])


def _checked(data: Any, key: str, sound: Callable[[Any], bool], source: str) -> Any:
    if not isinstance(data, dict) or key not in data:
        raise FormatError(f"{source}: no record of a clip: it has no {key}")
    if not sound(data[key]):
        raise FormatError(f"{source}: no record of a clip: {key} is {str(data[key])[:40]}")
    return data[key]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_whole(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _is_side(value: Any) -> bool:
    return _is_whole(value, 1, MAX_SIDE)


def _is_rate(value: Any) -> bool:
    known = type(value) in (int, float)
    return value is None or (known and 0 < value <= MAX_FRAME_RATE and math.isfinite(value))


def _is_length(value: Any) -> bool:
    return value is None or _is_whole(value, 0, MAX_FRAMES)


def _is_frame(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
        return False
    return _is_whole(value[0], -1, MAX_FRAMES) and all(type(i) is int and abs(i) < 1 << 62 for i in value[1])
