"""SportsMOT's matches with tracks to edit, and what truth says of them; for edit.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from sportstrack import Detections, create_tracker, read_mot
from sportstrack.boxes import iou
from sportstrack.edits import Confirm, Moment
from sportstrack.mot import MotTable
from sportstrack.refine import Scene, TrackTable, refine
from sportstrack.score.run import Job
from sportstrack.seqinfo import read_sequence_info

HELD = ("v_4LXTUim5anY", "v_ApPxnw_Jffg", "v_dChHNGIfm4Y", "v_HdiyOtliFiw", "v_iIxMOsCGH58")
"""Matches that no weight is fitted on; those that benchmarks/refine.py holds back."""

FLICKER = 10  # frames; a shorter stretch of another person, which ends by itself, is no error of identity


@dataclass(frozen=True, eq=False)
class Match:
    """One sequence.

    Attributes:
        name: of the sequence.
        truth: its ground truth.
        tracks: SportsTrack's refined tracks of the simulated detector.
        frame_rate: frames per second.
        width: pixels.
        height: pixels.
        frames: length.
    """

    name: str
    truth: MotTable
    tracks: TrackTable
    frame_rate: float
    width: int
    height: int
    frames: int

    @property
    def held(self) -> bool:
        """Whether the sequence is of a match that was held out."""
        return self.name.startswith(HELD)

    def scene(self, tracks: TrackTable | None = None) -> Scene:
        """Return the scene of the tracks."""
        size = {"width": self.width, "height": self.height}
        return Scene.of(tracks or self.tracks, frame_rate=self.frame_rate, frames=self.frames, **size)

    def idf1(self, tracks: TrackTable) -> float:
        """Return the IDF1 of tracks."""
        return float(Job(self.name, self.truth, tracks.to_mot(), self.frames).scores().IDF1)


def matches(data: Path, held: bool | None = None) -> Iterator[Match]:
    """Yield the sequences, all or those held out or not."""
    for folder in sorted(path.parent for path in data.glob("*/seqinfo.ini")):
        if held is None or folder.name.startswith(HELD) == held:
            yield _match(folder)


def _match(folder: Path) -> Match:
    info = read_sequence_info(folder)
    rate, width, height, frames = info.frame_rate or 25.0, info.width or 1280, info.height or 720, info.frames or 0
    found = read_mot(folder / "det" / "det.txt", identities=False)
    found = found[np.argsort(found.frame, kind="stable")]
    tracker = create_tracker("sports", frame_rate=rate, frame_size=(width, height))
    tracks, seen = [], []
    for low, high in pairwise(np.searchsorted(found.frame, np.arange(frames + 1)).tolist()):
        seen.append(Detections.from_arrays(found.xyxy[low:high], found.score[low:high]))
        tracks.append(tracker.update(seen[-1]))
    table = TrackTable.from_tracks(tracks, seen)
    refined = refine(table, frame_rate=rate, frames=frames, width=width, height=height)
    return Match(folder.name, read_mot(folder / "gt" / "gt.txt"), refined, rate, width, height, frames)


def persons(tracks: TrackTable, truth: MotTable) -> np.ndarray:
    """Return `raw_persons`; a track's stretches shorter than `FLICKER` between two of one person are that person's."""
    return _steady(tracks, raw_persons(tracks, truth))


def raw_persons(tracks: TrackTable, truth: MotTable) -> np.ndarray:
    """Return (N,) the person of each box, by best overlap of half or more in its frame; −1 for none."""
    found = np.full(len(tracks), -1)
    ours, theirs = np.argsort(tracks.frame, kind="stable"), np.argsort(truth.frame, kind="stable")
    frames = np.arange(int(max(tracks.frame.max(initial=0), truth.frame.max(initial=0))) + 2)
    low, begin = (np.searchsorted(t.frame[o], frames) for t, o in ((tracks, ours), (truth, theirs)))
    for frame in frames[:-1].tolist():
        a, b = ours[low[frame] : low[frame + 1]], theirs[begin[frame] : begin[frame + 1]]
        if len(a) and len(b):
            overlap = iou(tracks.xyxy[a], truth.xyxy[b])
            i, j = linear_sum_assignment(-np.where(overlap >= 0.5, overlap, 0.0))
            good = overlap[i, j] >= 0.5
            found[a[i[good]]] = truth.track_id[b[j[good]]]
    return found


def _steady(tracks: TrackTable, person: np.ndarray) -> np.ndarray:
    order = np.lexsort((tracks.frame, tracks.track_id))
    track, who = tracks.track_id[order], person[order].copy()
    known = np.flatnonzero(who >= 0)
    change = np.flatnonzero((who[known][1:] != who[known][:-1]) | (track[known][1:] != track[known][:-1])) + 1
    bounds = np.concatenate(([0], change, [len(known)])) if len(known) else np.zeros(1, np.int64)
    for i in range(1, len(bounds) - 2):
        rows = known[bounds[i] : bounds[i + 1]]
        before, after = known[bounds[i] - 1], known[bounds[i + 1]]
        same = track[before] == track[rows[0]] == track[after] and who[before] == who[after]
        if same and len(rows) < FLICKER:
            who[rows] = who[before]
    out = person.copy()
    out[order] = who
    return out


class Witness:
    """What truth says of tracks: who is who around a frame.

    Args:
        tracks: sorted by track and frame.
        person: (N,) of their boxes.
    """

    AROUND = 5  # boxes that say who a track is

    def __init__(self, tracks: TrackTable, person: np.ndarray) -> None:
        self.tracks, self.person = tracks, person

    def rows(self, track: int) -> slice:
        """Return the rows of a track."""
        low, high = np.searchsorted(self.tracks.track_id, (track, track + 1)).tolist()
        return slice(low, high)

    def before(self, track: int, frame: int) -> int:
        """Return who a track is up to a frame; −1 if nobody."""
        rows = self.rows(track)
        at = rows.start + int(np.searchsorted(self.tracks.frame[rows], frame, side="right"))
        return _most(self._known(slice(rows.start, at))[-self.AROUND :])

    def after(self, track: int, frame: int) -> int:
        """Return who a track is from a frame on; −1 if nobody."""
        rows = self.rows(track)
        at = rows.start + int(np.searchsorted(self.tracks.frame[rows], frame))
        return _most(self._known(slice(at, rows.stop))[: self.AROUND])

    def _known(self, rows: slice) -> np.ndarray:
        who = self.person[rows]
        return who[who >= 0]

    def elsewhere(self, person: int, track: int, first: int, last: int) -> list[int]:
        """Return the other tracks that a person has in a span of frames, the latest first."""
        t = self.tracks
        rows = (self.person == person) & (t.track_id != track) & (t.frame >= first) & (t.frame <= last)
        order = np.argsort(-t.frame[rows], kind="stable")
        return list(dict.fromkeys(t.track_id[rows][order].tolist()))

    def is_wrong(self, moment: Moment, frames: int) -> bool:
        """Return whether a moment is an error."""
        track = moment.tracks[0]
        if moment.kind == "birth":
            who = self.after(track, moment.first)
            return who < 0 or bool(self.elsewhere(who, track, 0, moment.first - 1))
        if moment.kind == "death":
            who = self.before(track, moment.last)
            return who < 0 or bool(self.elsewhere(who, track, moment.last + 1, frames))
        if moment.kind == "doubled":
            rows = self.rows(track)
            inside = (self.tracks.frame[rows] >= moment.first) & (self.tracks.frame[rows] <= moment.last)
            return bool(inside.any() and (self.person[rows][inside] < 0).mean() > 0.5)
        both = doubtful(moment)
        return any(_changes(self.before(one, moment.first), self.after(one, moment.last)) for one in both)


def doubtful(moment: Moment) -> tuple[int, ...]:
    """Return the tracks that keeping a moment confirms."""
    keep = moment.corrections[0].operation
    return keep.tracks if isinstance(keep, Confirm) else moment.tracks


def _changes(before: int, after: int) -> bool:
    return before >= 0 and after >= 0 and before != after


def _most(who: np.ndarray) -> int:
    if not len(who):
        return -1
    values, counts = np.unique(who, return_counts=True)
    return int(values[counts.argmax()])
