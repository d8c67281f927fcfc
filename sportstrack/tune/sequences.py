"""The sequences that a search scores: where detections and truth lie, whose match they are, and what a tracker gets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import FormatError, SettingError, unknown
from sportstrack.files.reading import list_files, parse_pairs, read_bytes, same_name
from sportstrack.foreign import ForeignDetections
from sportstrack.mot import read_mot
from sportstrack.recording import Recording, RecordingInfo
from sportstrack.score.sequence import Side
from sportstrack.score.sources import TruthFile, find_truth
from sportstrack.seqinfo import read_sequence_info
from sportstrack.track import track
from sportstrack.track.frames import Observation
from sportstrack.track.settings import TrackSettings
from sportstrack.types import Tracks

DETECTIONS = "det/det.txt"
MATCH = r"(.+)_c\d+"
"""Pattern of SportsMOT's names: its first group is the match."""


@dataclass(frozen=True)
class TruthSource:
    """Detections of a sequence, and its truth.

    Attributes:
        name: as printed.
        match: sequences of one match share players, kits and camera.
        detections: a recording or MOT text.
        truth: MOT text.
        frames: the sequence's length, None if nothing says it.
        boxes: of the detections' file, in bytes: how much work it is.
    """

    name: str
    match: str
    detections: str
    truth: str
    frames: int | None
    boxes: int


@dataclass(frozen=True, eq=False)
class LoadedSequence:
    """A sequence in memory.

    Attributes:
        source: where it is from.
        info: of the recording.
        observations: what a tracker gets in each frame.
        truth: its boxes, those of frames that were recorded.
        frames: the sequence's length.
    """

    source: TruthSource
    info: RecordingInfo
    observations: list[Observation]
    truth: Side
    frames: int

    @property
    def cuts(self) -> list[int]:
        """Frames with which another shot begins."""
        return [one.index for one in self.observations if one.cut_confidence]


def find_sources(
    paths: Sequence[str | Path],
    *,
    truth: str | Path | None = None,
    detections: Sequence[str] = (DETECTIONS,),
    match: str = MATCH,
) -> list[TruthSource]:
    """Find sequences.

    Args:
        paths: recordings, folders of recordings, and folders of sequences with ``gt/gt.txt``.
        truth: of the recordings; a recording ``NAME.npz`` belongs to the sequence NAME.
        detections: of the folders of sequences: one or several files in each sequence's folder.
        match: pattern whose first group names the match.

    Raises:
        SettingError: nothing is found, or a file is missing.
    """
    try:
        pattern = re.compile(match)
    except re.error as error:
        raise SettingError(f"match {match!r}: not a regular expression: {error}") from error
    if not pattern.groups:
        raise SettingError(f"match {match!r}: expected a group in parentheses, such as (.+)_c\\d+")
    found: list[TruthSource] = []
    known = None if truth is None else find_truth(truth)
    for path in map(Path, paths):
        recordings = [path] if path.suffix.lower() == ".npz" else list_files(path, {".npz"}) if path.is_dir() else []
        if recordings:
            found += [_of_recording(one, known, pattern) for one in recordings]
        else:
            found += _of_folder(path, detections, pattern)
    names = [one.name for one in found]
    if again := next((name for name in names if names.count(name) > 1), None):
        raise SettingError(f"two sequences are called {again}; give each once")
    return sorted(found, key=lambda one: one.name)


def _of_recording(path: Path, truth: dict[str, TruthFile] | None, pattern: re.Pattern[str]) -> TruthSource:
    if truth is None:
        raise SettingError(f"{path}: a recording has no truth; name its folder with --truth")
    name = same_name(path.stem)
    if name not in truth:
        raise SettingError(f"{path}: {unknown('sequence', name, truth)} in the truth")
    return _source(name, truth[name], path, pattern)


def _of_folder(path: Path, detections: Sequence[str], pattern: re.Pattern[str]) -> list[TruthSource]:
    found = []
    for one in find_truth(path).values():
        for file in detections:
            if not (one.folder / file).exists():
                raise SettingError(
                    f"{one.folder / file}: no detections there; name their file in each sequence's folder with "
                    "--detections, or give recordings (track --save-detections) and --truth"
                )
            name = one.name if len(detections) == 1 else f"{one.name} ({Path(file).stem})"
            found.append(_source(name, one, one.folder / file, pattern))
    return found


def _source(name: str, truth: TruthFile, detections: Path, pattern: re.Pattern[str]) -> TruthSource:
    frames = read_sequence_info(truth.folder).frames
    return TruthSource(
        name, match_of(truth, pattern), str(detections), str(truth.path), frames, detections.stat().st_size
    )


def match_of(truth: TruthFile, pattern: re.Pattern[str] = re.compile(MATCH)) -> str:
    """Return the match of a sequence: as its own file says, else by its name."""
    for file in ("gameinfo.ini", "seqinfo.ini"):
        path = truth.folder / file
        if path.is_file() and (said := parse_pairs(read_bytes(path), str(path)).get("gameid")):
            return said[0]
    found = pattern.match(truth.name)
    return found.group(1) if found else truth.name


class _Nobody:
    """A tracker that tracks nothing."""

    def update(self, *_: Any) -> Tracks:
        return Tracks.empty()

    def cut(self) -> None:
        pass

    def reset(self) -> None:
        pass


def load(source: TruthSource, settings: TrackSettings) -> LoadedSequence:
    """Read a sequence as ``sportstrack track`` replays it, up to the tracker; all scores are kept.

    Raises:
        SportstrackError: a file cannot be used; the message names it.
    """
    path = source.detections
    is_recording = path.lower().endswith(".npz")
    info = (Recording(path) if is_recording else ForeignDetections(path, frames=source.frames)).info
    how = settings.changed(
        tracker_settings={}, formats=("mot",), score=None, offline=False, detections=None if is_recording else path
    )
    observations = [
        Observation(frame.index, frame.time, frame.detections, frame.camera, frame.cut_confidence)
        for frame in track(path, settings=how, tracker=_Nobody())
    ]
    numbers = [one.index for one in observations]
    truth = read_mot(source.truth, frames=source.frames)
    if source.frames is None and len(truth) and int(truth.frame.max()) > max(numbers, default=-1):
        raise FormatError(f"{source.truth}: has frame {int(truth.frame.max()) + 1}, beyond {path}; another video's?")
    truth = truth[(truth.score != 0) & np.isin(truth.frame, numbers)]
    frames = source.frames or max(numbers, default=-1) + 1
    return LoadedSequence(source, info, observations, Side.of(truth, frames), frames)


def has(loaded: LoadedSequence, evidence: str) -> bool:
    """Return whether the detections hold embeddings or other evidence."""
    return any(getattr(one.detections, evidence, None) is not None for one in loaded.observations)
