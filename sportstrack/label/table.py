"""The labels of one video: all boxes of the tracks that are sure enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.masks.table import Masks
from sportstrack.refine.table import TrackTable
from sportstrack.types import BoolArray, FloatArray, IntArray

MIN_SIDE = 1.0  # pixels of a box inside the picture; thinner slivers at the border are no labels


@dataclass(frozen=True, eq=False)
class LabelledVideo:
    """A video's labels.

    Attributes:
        name: stem for files.
        source: the video, or the recording that stands for it.
        width: pixels.
        height: pixels.
        frame_rate: frames per second.
        length: frames of the video.
        frames: (F,) int64 those that get labels, ascending; with or without boxes.
        boxes: the labels, `sportstrack.refine.TrackTable`: sorted by track and frame, within the picture, on `frames`;
            a track has one class. ``filled`` marks the boxes without a detection.
        classes: names in the order of the labels' class ids.
        pictures: whether `source` has pictures (a recording has none).
        read: (R,) int64 all frames of the source, ascending, where pictures are missing in between; None: 0, 1, 2, ….
        warnings: what was wrong with the source, and why there may be no labels.
        masks: of the boxes, which have none where they were filled; None where the detector gives no masks.
    """

    name: str
    source: str
    width: int
    height: int
    frame_rate: float
    length: int
    frames: IntArray
    boxes: TrackTable
    classes: tuple[str, ...]
    pictures: bool = True
    read: IntArray | None = None
    warnings: tuple[str, ...] = ()
    masks: Masks | None = None

    @property
    def filled(self) -> int:
        """How many boxes have no detection."""
        return int(np.count_nonzero(self.boxes.filled))

    def picture_name(self, frame: int) -> str:
        """Return ``NAME/000001.jpg`` for frame 0, as `data_prep` calls frames."""
        return f"{self.name}/{frame + 1:06d}.jpg"

    def by_frame(self) -> Iterator[tuple[int, IntArray]]:
        """Yield each labelled frame and the rows of its boxes, by track."""
        order = np.lexsort((self.boxes.track_id, self.boxes.frame))
        sorted_frames = self.boxes.frame[order]
        starts = np.searchsorted(sorted_frames, self.frames, side="left")
        ends = np.searchsorted(sorted_frames, self.frames, side="right")
        for frame, low, high in zip(self.frames.tolist(), starts.tolist(), ends.tolist(), strict=True):
            yield frame, order[low:high]

    def as_text(self) -> str:
        """Return a line for people, and one for each warning."""
        line = (
            f"{self.name}: {len(self.frames)} of {self.length} frames, {self.boxes.tracks} tracks, "
            f"{len(self.boxes)} boxes, {self.filled} of them filled"
        )
        return "\n".join([line, *(f"  warning: {text}" for text in self.warnings)])


def keep_sure(boxes: TrackTable, min_score: float, min_frames: int) -> TrackTable:
    """Return the tracks whose detected boxes score `min_score` in the mean and count at least `min_frames`."""
    _, track = np.unique(boxes.track_id, return_inverse=True)
    seen = np.bincount(track, ~boxes.filled)
    score = np.bincount(track, boxes.score * ~boxes.filled) / np.maximum(seen, 1)
    return boxes[((score >= min_score) & (seen >= max(min_frames, 1)))[track]]


def one_class_each(boxes: TrackTable) -> TrackTable:
    """Return the boxes with the class that each track has most of, by score: a player does not become the ball."""
    _, track = np.unique(boxes.track_id, return_inverse=True)
    known, kind = np.unique(boxes.class_id, return_inverse=True)
    if len(known) < 2:
        return boxes
    votes = np.bincount(track * len(known) + kind, boxes.score, minlength=(track.max() + 1) * len(known))
    return replace(boxes, class_id=known[votes.reshape(-1, len(known)).argmax(axis=1)][track])


def on_frames(boxes: TrackTable, frames: IntArray) -> TrackTable:
    """Return the boxes that stand on certain frames."""
    return boxes[np.isin(boxes.frame, frames)]


def within(boxes: TrackTable, width: int, height: int) -> TrackTable:
    """Return the boxes cut at the picture's border, without those of which less than a pixel is left."""
    cut: FloatArray = boxes.xyxy.clip(0, [width, height, width, height])
    left: BoolArray = np.logical_and.reduce(cut[:, 2:] - cut[:, :2] >= MIN_SIDE, axis=1)
    return replace(boxes, xyxy=cut)[left]


def numbered(boxes: TrackTable, classes: Mapping[int, str]) -> tuple[TrackTable, tuple[str, ...]]:
    """Return the boxes with class ids 0, 1, … and the names: every known class, then those without a name that occur.

    Equal names become one class; boxes of classes that a caller has left out are not expected here.
    """
    names = dict(classes) | {int(c): str(c) for c in np.unique(boxes.class_id).tolist() if c not in classes}
    order = tuple(dict.fromkeys(names.values()))
    ids = list(names)
    number = np.array([order.index(names[i]) for i in ids], np.int64)
    if not ids:
        return boxes, ("object",)
    position = np.searchsorted(np.sort(ids), boxes.class_id)
    return replace(boxes, class_id=number[np.argsort(ids)][position]), order


def refuse_twins(names: Sequence[str]) -> str | None:
    """Return a name that two videos share, or None."""
    return next((name for name in names if names.count(name) > 1), None)
