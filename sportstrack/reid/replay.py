"""Tracks of the matches that were held out, with one embedder after the other: what each is worth to a tracker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sportstrack.mot import MotTable, read_mot
from sportstrack.reid.people import of_people
from sportstrack.score.scores import Scores
from sportstrack.score.sequence import Sequence
from sportstrack.trackers import create_tracker
from sportstrack.types import Detections, Embedder, Embeddings, FloatArray, Image, IntArray, Tracker, Tracks

if TYPE_CHECKING:
    from data_prep.table import Table

DETECTIONS = "det/det.txt"
_RATE = 25.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class ReplayedSequence:
    """A sequence with pictures, boxes and truth.

    Attributes:
        name: of the sequence.
        size: width and height of its pictures.
        table: its pictures and true boxes, people alone.
        detections: boxes of a detector; None: the true boxes are tracked.
        frame_rate: frames per second.
    """

    name: str
    size: tuple[int, int]
    table: Table
    detections: MotTable | None
    frame_rate: float

    def boxes(self, frame: int, row: int) -> tuple[FloatArray, FloatArray]:
        """Return a frame's (N, 4) boxes and (N,) scores, of the picture in a row of the table."""
        if self.detections is not None:
            rows = self.detections.frame == frame
            return self.detections.xyxy[rows], np.clip(self.detections.score[rows], 0.0, 1.0)
        starts = self.table.starts
        boxes = self.table.boxes.xyxy[starts[row] : starts[row + 1]]
        return boxes, np.ones(len(boxes))

    def truth(self) -> MotTable:
        """Return the true boxes as rows of MOT text."""
        boxes = self.table.boxes
        ones, frame = np.ones(len(boxes)), self.table.images.frame[boxes.image]
        return MotTable(frame, boxes.track_id, boxes.xyxy, ones, ones.astype(np.int64), ones)


class OncePerFrame:
    """An embedder that is asked several times for the boxes of one frame, and works once.

    Args:
        embedder: asked for the first time.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name = str(getattr(embedder, "name", ""))
        self._asked: tuple[Image, FloatArray] | None = None
        self._found: Embeddings | None = None

    def __call__(self, frame: Image, xyxy: FloatArray) -> Embeddings:
        """Return (N, D) unit rows; the same ones for the same two arrays."""
        if self._found is None or self._asked is None or self._asked[0] is not frame or self._asked[1] is not xyxy:
            self._asked, self._found = (frame, xyxy), self._embedder(frame, xyxy)
        return self._found

    def reset(self) -> None:
        """Forget: another video begins."""
        self._asked = self._found = None


def replayed_sequences(table: Table, clips: IntArray) -> list[ReplayedSequence]:
    """Return the clips that can be tracked: those of whole frames, not single crops.

    Args:
        table: all sources.
        clips: numbers of the sequences.
    """
    boxes, found = table.boxes, []
    people = of_people(table) & (boxes.track_id >= 0) & ~boxes.ignore
    for number in clips.tolist():
        clip = table.sequences[number]
        if not clip.width:
            continue
        part = table.keep_boxes(people).select(table.images.sequence == number)
        path = Path(clip.source) / DETECTIONS
        detections = read_mot(path, identities=False) if path.is_file() else None
        size = (clip.width, clip.height)
        found.append(ReplayedSequence(clip.name, size, part, detections, clip.frame_rate or _RATE))
    return found


def replay(
    sequence: ReplayedSequence,
    embedders: Mapping[str, Embedder | None],
    tracker: str,
    progress: Progress | None = None,
) -> dict[str, Scores]:
    """Track one sequence with each embedder, all in one pass over the pictures, and score the tracks.

    Args:
        sequence: what is tracked.
        embedders: name → embedder; None tracks by boxes alone.
        tracker: its name.
        progress: called with the frames done and all of them.
    """
    from data_prep.pictures import read_pictures

    images, rate = sequence.table.images, sequence.frame_rate
    trackers: dict[str, Tracker] = {
        name: create_tracker(tracker, frame_rate=rate, frame_size=sequence.size) for name in embedders
    }
    found: dict[str, list[Tracks]] = {name: [] for name in embedders}
    for embedder in embedders.values():
        if (reset := getattr(embedder, "reset", None)) is not None:
            reset()
    for done, (row, image) in enumerate(read_pictures(images), 1):
        xyxy, score = sequence.boxes(int(images.frame[row]), row)
        plain = Detections.from_arrays(xyxy, score)
        for name, embedder in embedders.items():
            seen = plain
            if embedder is not None:
                seen = Detections(plain.xyxy, plain.score, plain.class_id, embedding=embedder(image, plain.xyxy))
            found[name].append(trackers[name].update(seen))
        if progress is not None:
            progress(done, len(images))
    truth, frames = sequence.truth(), int(images.frame.max()) + 1
    return {
        name: Scores.of(Sequence.of(sequence.name, truth, _table(tracks, images.frame), frames))
        for name, tracks in found.items()
    }


def _table(tracks: list[Tracks], frame: IntArray) -> MotTable:
    table = MotTable.from_tracks(tracks)
    return MotTable(frame[table.frame], table.track_id, table.xyxy, table.score, table.class_id, table.visibility)
