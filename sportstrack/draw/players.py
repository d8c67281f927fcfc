"""A table of the players: when each was seen, how far and where it went; a few numbers a player in memory."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np

from sportstrack.camera.affine import apply
from sportstrack.camera.anchored import inverse
from sportstrack.draw.ground import GroundMap
from sportstrack.types import FloatArray, Image, Tracks

STEP = 0.2  # seconds; a path is measured from one to the next, so that a box's jitter does not add up
LONGEST_GAP = 1.0  # seconds; over a longer one nobody knows the way
THUMBNAILS = 8  # of a player at most
ALL_THUMBNAILS = 4000  # of all players; those seen least lose theirs first
FIRST_THUMBNAIL = 0.5  # seconds seen, before which a track gets none
HEIGHT, WIDEST = 96, 96  # pixels of a thumbnail


@dataclass(frozen=True)
class Player:
    """One track of a run.

    Attributes:
        id: of the track.
        class_name: the class that most of its boxes have.
        first_seen: seconds from the video's beginning.
        last_seen: seconds.
        seconds_seen: time with a box.
        gaps: how often it was lost and came back under this id.
        mean_score: of its boxes.
        path_px: length of the feet's path in pixels, measured in steps of a fifth of a second, so that jitter does not
            add up; without gaps of over a second and shot changes.
        path_m: the same in metres, where the pitch is known; else None.
        camera_removed: whether the camera's motion is taken out of the path, or the camera stands still: yes or no.
        left_third: share of its boxes whose feet are in the left third of the picture.
        middle_third: share in the middle third.
        right_third: share in the right third.
    """

    id: int
    class_name: str
    first_seen: float
    last_seen: float
    seconds_seen: float
    gaps: int
    mean_score: float
    path_px: float
    path_m: float | None
    camera_removed: str
    left_third: float
    middle_third: float
    right_third: float


HEADER = ",".join("class" if one.name == "class_name" else one.name for one in fields(Player)) + "\n"


class _Track:
    """What is kept of a track."""

    def __init__(self, frame: int, time: float) -> None:
        self.first = self.last = self.since = time
        self.frame, self.boxes, self.gaps, self.scene = frame, 0, 0, -1
        self.score = self.path = 0.0
        self.foot: FloatArray | None = None
        self.thirds = [0, 0, 0]
        self.classes: Counter[int] = Counter()
        self.thumbnails: list[tuple[float, bytes]] = []
        self.wait = 0.0  # seconds between two thumbnails


class Players:
    """Collects the players of a run, frame by frame.

    Args:
        width: of the picture, in pixels.
        frame_rate: of the frames that are added.
        names: class id → name.
        every: the stride of the frames' numbers.
    """

    def __init__(self, width: int, frame_rate: float, names: Mapping[int, str], every: int = 1) -> None:
        self._width, self._rate, self._names, self._every = width, frame_rate, names, every
        self._tracks: dict[int, _Track] = {}
        self._pictures = 0

    def add(self, frame: int, time: float, image: Image | None, tracks: Tracks, ground: GroundMap) -> None:
        """Add a frame, in order.

        Args:
            frame: its number.
            time: seconds.
            image: its picture before anything is drawn, for thumbnails; or None.
            tracks: who is in it.
            ground: the map to which this frame was added last.
        """
        if not len(tracks):
            return
        scene, place = ground.place()
        feet = np.column_stack([(tracks.xyxy[:, 0] + tracks.xyxy[:, 2]) / 2, tracks.xyxy[:, 3]])
        thirds = np.clip(feet[:, 0] * 3 // self._width, 0, 2).astype(int).tolist()
        rows = zip(tracks.track_id.tolist(), tracks.class_id.tolist(), tracks.score.tolist(), thirds, strict=True)
        on_ground = apply(inverse(place), feet)
        for row, (track_id, class_id, score, third) in enumerate(rows):
            track = self._tracks.setdefault(track_id, _Track(frame, time))
            track.gaps += track.boxes > 0 and frame - track.frame > self._every
            _walk(track, on_ground[row], scene, time)
            track.frame, track.last = frame, time
            track.boxes, track.score = track.boxes + 1, track.score + score
            track.thirds[third] += 1
            track.classes[class_id] += 1
            if image is not None and track.boxes >= FIRST_THUMBNAIL * self._rate:
                self._picture(track, image, tracks.xyxy[row], time)

    def table(self, *, camera_removed: bool, metres: Mapping[int, float] | None = None) -> list[Player]:
        """Return the players, those seen longest first.

        Args:
            camera_removed: whether the camera's motion is taken out of their paths in pixels.
            metres: track → length of its path on the pitch, where that is known.
        """
        removed, walked = "yes" if camera_removed else "no", metres or {}
        found = [self._player(one, track, removed, walked.get(one)) for one, track in self._tracks.items()]
        return sorted(found, key=lambda one: (-one.seconds_seen, one.id))

    def thumbnails(self, track_id: int) -> list[bytes]:
        """Return a player's pictures, JPEG, in the order of time."""
        return [picture for _, picture in self._tracks[track_id].thumbnails]

    def _player(self, track_id: int, track: _Track, removed: str, metres: float | None) -> Player:
        class_id = track.classes.most_common(1)[0][0]
        shares = [round(count / track.boxes, 3) for count in track.thirds]
        times = (round(track.first, 3), round(track.last, 3), round(track.boxes / self._rate, 3))
        name = self._names.get(class_id, str(class_id))
        score = round(track.score / track.boxes, 4)
        walked = None if metres is None else round(metres, 1)
        return Player(track_id, name, *times, track.gaps, score, round(track.path, 1), walked, removed, *shares)

    def _picture(self, track: _Track, image: Image, box: FloatArray, time: float) -> None:
        if track.thumbnails and time - track.thumbnails[-1][0] < track.wait:
            return
        picture = _thumbnail(image, box)
        if picture is None:
            return
        if len(track.thumbnails) == THUMBNAILS:  # half of them go, and the next ones come half as often
            self._pictures -= len(track.thumbnails) // 2
            track.thumbnails = track.thumbnails[::2]
            track.wait = max(2 * track.wait, 2 * STEP)
        track.thumbnails.append((time, picture))
        track.wait = max(track.wait, STEP)
        self._pictures += 1
        if self._pictures > ALL_THUMBNAILS:
            self._forget()

    def _forget(self) -> None:
        """Drop the pictures of those seen least, until a tenth of the room is free."""
        left = ALL_THUMBNAILS
        for track in sorted(self._tracks.values(), key=lambda one: -one.boxes):
            left -= len(track.thumbnails)
            if left < ALL_THUMBNAILS // 10:
                self._pictures -= len(track.thumbnails)
                track.thumbnails = []


def _walk(track: _Track, foot: FloatArray, scene: int, time: float) -> None:
    """Add what a player walked since the last place, if that is long enough ago to be more than jitter."""
    if track.foot is None or scene != track.scene or time - track.last > LONGEST_GAP:
        track.foot, track.scene, track.since = foot, scene, time
    elif time - track.since >= STEP - 1e-6:
        track.path += float(np.hypot(*(foot - track.foot)))
        track.foot, track.since = foot, time


def _thumbnail(image: Image, box: FloatArray) -> bytes | None:
    """Return the JPEG of a box with a little around it; None where it is hardly in the picture."""
    import cv2

    from sportstrack.images.encode import encode_image

    height, width = image.shape[:2]
    margin = 0.15 * max(box[2] - box[0], box[3] - box[1])
    x1, y1 = np.maximum(box[:2] - margin, 0).astype(int)
    x2, y2 = np.minimum(np.ceil(box[2:] + margin), (width, height)).astype(int)
    if x2 - x1 < 4 or y2 - y1 < 4:
        return None
    scale = min(HEIGHT / (y2 - y1), WIDEST / (x2 - x1))
    size = max(1, round((x2 - x1) * scale)), max(1, round((y2 - y1) * scale))
    small = cv2.resize(image[y1:y2, x1:x2], size, interpolation=cv2.INTER_AREA)
    return encode_image(np.asarray(small, np.uint8), ".jpg")


def players_csv(players: list[Player]) -> str:
    """Return the table as CSV with a header."""
    text = io.StringIO()
    text.write(HEADER)
    csv.writer(text, lineterminator="\n").writerows(asdict(one).values() for one in players)
    return text.getvalue()
