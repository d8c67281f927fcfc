"""What is known of a video beside its boxes, and the doubtful moments that are found with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from sportstrack.classes import ball_ids
from sportstrack.edit.clip import EditClip
from sportstrack.edit.tracks import TracksToEdit
from sportstrack.edits.moments import Moment, find_moments
from sportstrack.edits.operations import AnyOperation, tracks_of
from sportstrack.edits.propagate import propagate
from sportstrack.edits.session import EditSession
from sportstrack.mot import class_ids
from sportstrack.recording import Recording
from sportstrack.refine.recorded import Recorded, read_recorded
from sportstrack.refine.scene import Scene
from sportstrack.refine.table import TrackTable
from sportstrack.refine.timeline import Timeline
from sportstrack.types import BoolArray

_MOST_BOXES = 400_000  # whose embeddings are read
_MOST_FOLLOWED = 150_000  # boxes that are linked again after an answer: some minutes of a match

Operations: TypeAlias = tuple[AnyOperation, ...]


def find_in(clip: EditClip, tracks: TracksToEdit, least: float) -> tuple[list[Moment], Scene]:
    """Return the doubtful moments of tracks of people, by the video's frame numbers, and the scene.

    The most doubtful moment comes first.

    Args:
        clip: the video.
        tracks: before any edit; a recording beside them tells of camera, shot changes and appearance.
        least: moments that are less probable to be wrong are left out.

    Raises:
        SportstrackError: the recording beside the tracks is damaged or another video's.
    """
    line, table, scene = placed(clip, tracks, tracks.table[~_is_ball(tracks)])
    found = find_moments(table, scene, identities=tracks.identities, least=least)
    if line.length == len(line.place) and tracks.every == 1 and tracks.start == 0:
        return found, scene
    return [_numbered(one, line) for one in found], scene


def follow_in(clip: EditClip, tracks: TracksToEdit, scene: Scene | None, session: EditSession) -> Operations:
    """Return what follows from the edits of a session, and the ball left out; nothing where that would take long."""
    if scene is None or len(session.board.table) > _MOST_FOLLOWED or tracks.every > 1 or clip.times is not None:
        return ()
    balls = set(tracks.table.track_id[_is_ball(tracks)].tolist())
    return tuple(one for one in propagate(session, scene) if not balls & set(tracks_of(one)))


def _is_ball(tracks: TracksToEdit) -> BoolArray:
    """Return (N,) which boxes are a ball's, by their class or role: what players do says nothing of it."""
    balls = [one.track_id for one in tracks.identities if one.role == "ball"]
    kinds = class_ids(tracks.table.class_id)
    return np.isin(kinds, ball_ids(tracks.names)) | np.isin(tracks.table.track_id, balls)


def placed(clip: EditClip, tracks: TracksToEdit, boxes: TrackTable) -> tuple[Timeline, TrackTable, Scene]:
    """Return the places of tracked frames in time, the boxes at these places, and the scene."""
    rate = clip.frame_rate / tracks.every
    last = int(boxes.frame.max(initial=0))
    frames = np.arange(tracks.start, last + 1, tracks.every)
    known = _recorded(tracks, boxes)
    order = np.argsort(np.lexsort((boxes.track_id, boxes.frame)))  # of each box among the rows of MOT text
    more: dict[str, Any] = {name: column[order] for name, column in known.known.items()}
    boxes = replace(boxes, **more)
    line = Timeline.of(frames, None if clip.times is None else clip.times[frames], rate)
    table = line.placed(boxes)
    scene = Scene.of(
        table,
        frame_rate=rate,
        width=clip.width,
        height=clip.height,
        frames=line.length,
        camera=line.camera(None if known.camera is None else known.camera[frames]),
        cuts=line.cuts([cut for cut in known.cuts if cut <= last]),
    )
    return line, table, scene


def _recorded(tracks: TracksToEdit, boxes: TrackTable) -> Recorded:
    if tracks.recording is None or len(boxes) > _MOST_BOXES or not len(boxes):
        return Recorded(None, {}, None)
    return read_recorded(Recording(tracks.recording), boxes.to_mot())


def _numbered(moment: Moment, line: Timeline) -> Moment:
    """Return a moment found by places in time with the video's frame numbers."""
    frame, first, last = (_number(line, at) for at in (moment.frame, moment.first, moment.last))
    ways = tuple(replace(one, operation=_operation(one.operation, line)) for one in moment.corrections)
    return replace(moment, frame=frame, first=first, last=last, corrections=ways)


def _operation(operation: AnyOperation, line: Timeline) -> AnyOperation:
    changes: dict[str, Any] = {
        name: _number(line, value)
        for name in ("frame", "first", "last")
        if (value := getattr(operation, name, None)) is not None
    }
    return replace(operation, **changes)


def _number(line: Timeline, place: int) -> int:
    """Return the frame at a place, or the next one."""
    return int(line.number[min(int(np.searchsorted(line.place, place)), len(line.number) - 1)])
