"""What a variant is worth to the tracker: sequences tracked from their frames to MOT text, and scored."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sportstrack.errors import SettingError, SourceError
from sportstrack.export.variants import VariantFile
from sportstrack.mot import MotTable, read_mot
from sportstrack.score.run import score_tracks
from sportstrack.score.scores import Scores
from sportstrack.score.sources import find_truth
from sportstrack.track.run import track_video
from sportstrack.video import IMAGE_SUFFIXES, natural_key, open_source


@dataclass(frozen=True)
class TrackedSequence:
    """A sequence that variants are tracked on.

    Attributes:
        name: how messages call it.
        source: its frames, as `sportstrack.track_video` takes them.
        truth: its true tracks, or None.
        frames: how many frames count; None is all.
        frame_rate: of a folder of pictures; None takes the source's own.
    """

    name: str
    source: Path
    truth: MotTable | None
    frames: int | None = None
    frame_rate: float | None = None


@dataclass(frozen=True)
class Tracking:
    """What tracking with a variant gave.

    Attributes:
        rate: frames/s from the first frame's decoding to the last line of MOT text.
        scores: of all sequences with truth together, or None.
    """

    rate: float
    scores: Scores | None


def read_sequences(places: Sequence[str | Path], limit: int | None, folder: Path) -> list[TrackedSequence]:
    """Return sequences, cut to their first frames where there is a limit.

    Args:
        places: sequence folders (``img1``, ``gt/gt.txt``), or videos, which have no truth and stay whole.
        limit: frames of each.
        folder: for links to the first frames.

    Raises:
        SettingError, FormatError, SourceError: one is not there or cannot be read.
    """
    found = []
    for number, place in enumerate(map(Path, places)):
        truth = None
        if place.is_dir():
            with suppress(SettingError):  # none there
                truth = read_mot(next(iter(find_truth(place).values())).path)
        elif not place.exists():
            raise SourceError(f"{place}: no such sequence")
        sequence = TrackedSequence(place.name, place, truth)
        if limit is not None and place.is_dir():
            sequence = _cut(sequence, limit, folder / f"{number}")
        found.append(sequence)
    return found


def track_with(
    variant: VariantFile,
    sequences: Sequence[TrackedSequence],
    *,
    imgsz: int,
    trust: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
) -> Tracking:
    """Track all sequences with a variant and the default tracker, and score those that have a truth.

    Args:
        variant: the detector.
        sequences: what is tracked.
        imgsz: longer side of the detector's input.
        trust: as `sportstrack.track_video`.
        progress: called with frames done, and those that there are if that is known.
    """
    frames, seconds, scores = 0, 0.0, []
    for sequence in sequences:
        with tempfile.TemporaryDirectory(prefix="sportstrack-") as folder:
            summary = track_video(
                sequence.source,
                folder,
                name="result",
                weights=str(variant.path),
                imgsz=imgsz,
                formats=("mot",),
                trust=trust,
                frame_rate=sequence.frame_rate,
                progress=partial(_add, progress, frames),
                **variant.settings,
            )
            frames, seconds = frames + summary.frames, seconds + summary.seconds
            if sequence.truth is not None:
                result = read_mot(Path(folder) / "result.txt")
                length = sequence.frames or summary.frames
                scores.append(score_tracks(sequence.truth, result, frames=length, name=sequence.name))
    return Tracking(frames / max(seconds, 1e-9), Scores.pool(scores) if scores else None)


def _add(progress: Callable[[int, int | None], None] | None, before: int, done: int, _: int | None) -> None:
    if progress is not None:
        progress(before + done, None)


def _cut(sequence: TrackedSequence, limit: int, folder: Path) -> TrackedSequence:
    """Return a sequence's first frames, as a folder of links."""
    with open_source(sequence.source) as source:
        rate = float(source.info.frame_rate)
    images = sequence.source / "img1" if (sequence.source / "img1").is_dir() else sequence.source
    files = sorted(
        (file for file in images.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES),
        key=lambda file: natural_key(file.name),
    )[:limit]
    folder.mkdir(parents=True)
    for file in files:
        try:
            (folder / file.name).symlink_to(file.resolve())
        except OSError:  # Windows without the right to make links
            shutil.copyfile(file, folder / file.name)
    truth = sequence.truth
    if truth is not None:
        truth = truth[truth.frame < len(files)]
    return TrackedSequence(sequence.name, folder, truth, len(files), rate)
