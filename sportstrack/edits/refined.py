"""Edited tracks refined: what edits say holds through every step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from sportstrack.edits.apply import Anchors, Edited, apply_edits
from sportstrack.edits.file import EditFile
from sportstrack.edits.operations import Merge, Split, Swap
from sportstrack.edits.propagate import held
from sportstrack.refine.link import link_tracks
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.steps import RUNS
from sportstrack.refine.table import TrackTable
from sportstrack.types import BoolArray, IntArray


def run_edited(edited: Edited, scene: Scene, settings: RefineSettings) -> Iterator[tuple[str, TrackTable]]:
    """Yield ("", the edited tracks) and then each step of the refinement with the tracks after it.

    What was confirmed, joined or parted stays so when tracks are linked, and the step split leaves tracks alone. Boxes
    that a person has drawn are not moved, tracks that a person has confirmed or drawn are not dropped. ``detection``
    numbers the boxes.
    """
    table = replace(edited.tracks, detection=np.arange(len(edited.tracks)))
    drawn = edited.tracks.xyxy[edited.drawn], np.flatnonzero(edited.drawn)
    sure = np.union1d(drawn[1], _sure(edited))
    yield "", table
    for name, step in RUNS.items():
        if name not in settings.steps:
            continue
        if name == "split":
            if not edited.anchors:
                table = step(table, scene, settings)
        elif name == "link":
            table = link_tracks(table, scene, settings, held(edited.anchors) if edited.anchors else None)
        elif name == "drop":
            kept = np.unique(table.track_id[np.isin(table.detection, sure)])
            left = np.union1d(np.unique(step(table, scene, settings).track_id), kept)
            table = table[np.isin(table.track_id, left)]
        else:
            table = _with_drawn(step(table, scene, settings), *drawn)
        yield name, table


def enforced(edited: Edited, refined: TrackTable) -> Edited:
    """Return refined tracks with what edits say of identities, where a step has undone it: across shot changes."""
    kinds = (Swap, Split, Merge)
    again = apply_edits(refined, [one for one in edited.edits if isinstance(one.operation, kinds)], edited.identities)
    return replace(again, outcomes=edited.outcomes)


def on_frames(edited: Edited, number: IntArray, place: IntArray) -> Edited:
    """Return edited tracks with places in time instead of frame numbers; boxes on frames without a place are left out.

    Args:
        edited: the tracks.
        number: (F,) of the frames that were tracked, ascending.
        place: (F,) their places.
    """
    kept = np.isin(edited.tracks.frame, number)
    tracks, found = edited.tracks[kept], edited.anchors
    if not len(number):
        return replace(edited, tracks=tracks, anchors=Anchors(), drawn=edited.drawn[kept])

    def of(frame: int) -> int:
        return int(place[min(int(np.searchsorted(number, frame)), len(number) - 1)])

    spans = tuple((track, of(first), of(last)) for track, first, last in found.spans)
    apart = tuple(((a, of(f)), (b, of(g))) for (a, f), (b, g) in found.apart)
    placed = replace(tracks, frame=place[np.searchsorted(number, tracks.frame)])
    return replace(edited, tracks=placed, anchors=Anchors(spans, (), apart), drawn=edited.drawn[kept])


def picked(edited: Edited, rows: BoolArray) -> Edited:
    """Return edited tracks with some of their rows."""
    return replace(edited, tracks=edited.tracks[rows], drawn=edited.drawn[rows])


def refusals(path: str | Path, read: EditFile, edited: Edited) -> list[str]:
    """Return a line for each edit that did not fit or was refitted, and for a torn last line."""
    told = [read.torn] if read.torn else []
    for line, outcome in zip(read.lines, edited.outcomes, strict=True):
        if outcome.reason:
            told.append(f"{path}, line {line}: {outcome.status}: {outcome.reason}")
    return told


def _sure(edited: Edited) -> np.ndarray:
    """Return rows of the tracks that edits have confirmed."""
    t = edited.tracks
    rows = [np.flatnonzero((t.track_id == track) & (t.frame == first)) for track, first, _ in edited.anchors.spans]
    return np.concatenate([np.empty(0, np.int64), *rows])


def _with_drawn(table: TrackTable, xyxy: np.ndarray, numbers: np.ndarray) -> TrackTable:
    """Return a table whose boxes of these numbers are as they were drawn."""
    if not len(numbers):
        return table
    boxes = table.xyxy.copy()
    rows = np.flatnonzero(np.isin(table.detection, numbers))
    boxes[rows] = xyxy[np.searchsorted(numbers, table.detection[rows])]
    return replace(table, xyxy=boxes)
