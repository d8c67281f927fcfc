"""What a person changes in tracks: one frozen type for each operation.

Frames count from 0 here and from 1 in files. Every operation names its tracks by id, and carries the box by which each
of them is recognised (`SeenBox`): the ids of tracks that are made anew are others, the people are where they were.
`sportstrack.edits.fill.with_boxes` puts these boxes in.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from math import isfinite
from typing import TypeAlias

from sportstrack.errors import SettingError
from sportstrack.identities import Identity
from sportstrack.identities.table import ATTRIBUTES
from sportstrack.limits import MAX_FRAMES, MAX_WHOLE
from sportstrack.types import MAX_COORDINATE

Box: TypeAlias = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""

MOST_TRACKS = 1000  # of one confirmation
MOST_THEN = 10_000  # operations that follow from one


@dataclass(frozen=True)
class SeenBox:
    """The box by which a track is recognised.

    Attributes:
        frame: the box is in, from 0.
        box: corners in pixels.
        beside: boxes of others that overlap it in this frame; a track that fits one of them better is not meant.
    """

    frame: int
    box: Box
    beside: tuple[Box, ...] = ()

    def __post_init__(self) -> None:
        _check_frame("frame", self.frame)
        _check_box("box", self.box)
        for box in self.beside:
            _check_box("beside", box)


@dataclass(frozen=True)
class KeyBox:
    """A box that a person has drawn: frame from 0, corners in pixels."""

    frame: int
    box: Box

    def __post_init__(self) -> None:
        _check_frame("frame", self.frame)
        _check_box("box", self.box)


class Operation:
    """Base of the operations: checks of the fields that they have in common."""

    def __post_init__(self) -> None:
        for name in ("track", "a", "b", "new"):
            if (value := getattr(self, name, None)) is not None and not -1 < value <= MAX_WHOLE:
                raise SettingError(f"{name}: expected the id of a track, from 0, got {value!r}")
        for name in ("frame", "first", "last"):
            if (value := getattr(self, name, None)) is not None:
                _check_frame(name, value)
        first, last = getattr(self, "first", None), getattr(self, "last", None)
        if first is not None and last is not None and first > last:
            raise SettingError(f"first, last: expected first ≤ last, got {first + 1} and {last + 1}")
        if (box := getattr(self, "box", None)) is not None:
            _check_box("box", box)
        self._check()

    def _check(self) -> None:
        """Check what is one operation's own."""


@dataclass(frozen=True)
class Swap(Operation):
    """From a frame on, two tracks change places: each goes on with the boxes of the other.

    With boxes it says a state: what is seen before goes on with what is seen after. Where that is so already, it does
    nothing. The first track is the one that a person has looked at; the second gets what that one leaves, and when
    tracks are linked again, something better may be found for it.

    Attributes:
        a: id of one track.
        b: id of the other.
        frame: first frame that changes.
        before_a: last box of `a` before the frame.
        before_b: last box of `b` before it.
        after_a: first box that `a` has from the frame on, before the swap; the swap makes it one of `b`.
        after_b: first box that `b` has from the frame on, before the swap; the swap makes it one of `a`.
    """

    a: int
    b: int
    frame: int
    before_a: SeenBox | None = None
    before_b: SeenBox | None = None
    after_a: SeenBox | None = None
    after_b: SeenBox | None = None

    def _check(self) -> None:
        if self.a == self.b:
            raise SettingError(f"a, b: expected two tracks, got {self.a} twice")


@dataclass(frozen=True)
class Split(Operation):
    """From a frame on, a track is another one.

    Attributes:
        track: id of the track; its first part keeps it.
        frame: first frame of the second part.
        new: id of the second part; another one is taken where it is in use.
        before: last box before the frame.
        after: first box from the frame on.
    """

    track: int
    frame: int
    new: int
    before: SeenBox | None = None
    after: SeenBox | None = None


@dataclass(frozen=True)
class Merge(Operation):
    """Two tracks are one person, and become one track.

    Where both have a box in a frame that is on one person, that of `a` stays.

    Attributes:
        a: id of the track that stays.
        b: id of the other.
        seen_a: a box of `a`, near the place where they meet.
        seen_b: a box of `b`, near it.
    """

    a: int
    b: int
    seen_a: SeenBox | None = None
    seen_b: SeenBox | None = None

    def _check(self) -> None:
        if self.a == self.b:
            raise SettingError(f"a, b: expected two tracks, got {self.a} twice")


@dataclass(frozen=True)
class Delete(Operation):
    """A track's boxes in a span of frames, or all of them, are no player's: they go.

    Attributes:
        track: id of the track.
        first: first frame of the span, or None for the track's first.
        last: last frame of it, or None for the track's last.
        seen: a box within the span.
    """

    track: int
    first: int | None = None
    last: int | None = None
    seen: SeenBox | None = None


@dataclass(frozen=True)
class Rename(Operation):
    """A track gets another id, one that no other track has.

    Attributes:
        track: the id.
        new: the new id.
        seen: a box of the track.
    """

    track: int
    new: int
    seen: SeenBox | None = None


@dataclass(frozen=True)
class Describe(Operation):
    """A track's team, role, number or name, in a span of frames or throughout; in files ``"op"`` is the attribute.

    Attributes:
        attribute: one of ``team``, ``role``, ``number``, ``name``.
        track: id of the track.
        value: what it is; the empty text takes back what was known.
        first: first frame of the span, or None for the whole track.
        last: last frame of it, or None.
        seen: a box of the track, within the span.
    """

    attribute: str
    track: int
    value: str
    first: int | None = None
    last: int | None = None
    seen: SeenBox | None = None

    def _check(self) -> None:
        if self.attribute not in ATTRIBUTES:
            raise SettingError(f"attribute: expected one of {', '.join(ATTRIBUTES)}, got {self.attribute!r}")
        values: dict[str, str] = {self.attribute: self.value}
        Identity(0, **values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Move(Operation):
    """A track's box in one frame gets another place or size.

    Attributes:
        track: id of the track.
        frame: of the box.
        box: where it is now.
        seen: where it was.
    """

    track: int
    frame: int
    box: Box
    seen: SeenBox | None = None


@dataclass(frozen=True)
class Add(Operation):
    """A track gets a box in a frame in which it has none; a track that is not there begins.

    Attributes:
        track: id of the track, or of a new one.
        frame: of the box.
        box: corners.
        seen: the box of the track that is nearest in time; None for a new track.
        begins: whether the track begins with this edit; where its id is in use it gets another one.
        class_id: of a new track, as in MOT text, from 1; −1 where it is unknown.
    """

    track: int
    frame: int
    box: Box
    seen: SeenBox | None = None
    begins: bool = False
    class_id: int = -1


@dataclass(frozen=True)
class Remove(Operation):
    """A track's box in one frame goes.

    Attributes:
        track: id of the track.
        frame: of the box.
        seen: the box.
    """

    track: int
    frame: int
    seen: SeenBox | None = None


@dataclass(frozen=True)
class Interpolate(Operation):
    """From key box to key box a track goes in straight lines; its boxes from the first key to the last are replaced.

    Attributes:
        track: id of the track, or of a new one.
        keys: two boxes or more, ascending by frame.
        every: only every so-manyth frame from the first key on gets a box, and the keys; 1 for all.
        seen: a box of the track, if it is there.
        begins: whether the track begins with this edit, as in `Add`.
        class_id: of a new track, as in `Add`.
    """

    track: int
    keys: tuple[KeyBox, ...]
    every: int = 1
    seen: SeenBox | None = None
    begins: bool = False
    class_id: int = -1

    def _check(self) -> None:
        frames = [key.frame for key in self.keys]
        if len(frames) < 2 or any(a >= b for a, b in pairwise(frames)):
            raise SettingError("keys: expected two boxes or more, ascending by frame")
        if not 1 <= self.every <= MAX_FRAMES:
            raise SettingError(f"every: expected a number of frames from 1, got {self.every}")


@dataclass(frozen=True)
class Confirm(Operation):
    """Tracks are right in a span: each is one person in it, and no two are the same. It changes no box.

    What is confirmed is an anchor: `sportstrack.edits.propagate` and the refinement never part or mix it.

    Attributes:
        tracks: their ids.
        first: first frame of the span, or None for each track's first.
        last: last frame of it, or None.
        seen: a box of each, within the span, in the same order; empty where none is known.
    """

    tracks: tuple[int, ...]
    first: int | None = None
    last: int | None = None
    seen: tuple[SeenBox, ...] = ()

    def _check(self) -> None:
        if not 1 <= len(self.tracks) <= MOST_TRACKS or len(set(self.tracks)) < len(self.tracks):
            raise SettingError(f"tracks: expected 1 to {MOST_TRACKS} different ids, got {list(self.tracks)[:20]}")
        if any(not -1 < track <= MAX_WHOLE for track in self.tracks):
            raise SettingError(f"tracks: expected ids of tracks, from 0, got {list(self.tracks)[:20]}")
        if self.seen and len(self.seen) != len(self.tracks):
            raise SettingError(f"seen: expected a box of each of the {len(self.tracks)} tracks, got {len(self.seen)}")


_OfTracks: TypeAlias = Swap | Split | Merge | Delete | Rename | Describe | Confirm
AnyOperation: TypeAlias = _OfTracks | Move | Add | Remove | Interpolate

OPERATIONS: dict[str, type] = {
    "swap": Swap,
    "split": Split,
    "merge": Merge,
    "delete": Delete,
    "rename": Rename,
    **dict.fromkeys(ATTRIBUTES, Describe),
    "move": Move,
    "add": Add,
    "remove": Remove,
    "interpolate": Interpolate,
    "confirm": Confirm,
}
"""What stands in a file as ``"op"`` → the type."""


@dataclass(frozen=True)
class Edit:
    """One line of a file of edits: what a person did, and what follows from it.

    Attributes:
        operation: what the person did.
        then: operations that follow from it, as `sportstrack.edits.propagate` finds them; undone together with it.
        note: a text for people.
    """

    operation: AnyOperation
    then: tuple[AnyOperation, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.then) > MOST_THEN:
            raise SettingError(f"then: expected at most {MOST_THEN} operations, got {len(self.then)}")


def op_name(operation: AnyOperation) -> str:
    """Return the word for an operation in files, such as ``swap`` or ``team``."""
    return operation.attribute if isinstance(operation, Describe) else type(operation).__name__.lower()


def tracks_of(operation: AnyOperation) -> tuple[int, ...]:
    """Return the ids that an operation names, without a new one."""
    if isinstance(operation, Confirm):
        return operation.tracks
    names = {field.name for field in fields(operation)}
    return tuple(getattr(operation, name) for name in ("a", "b", "track") if name in names)


def _check_frame(name: str, value: int) -> None:
    if not 0 <= value <= MAX_FRAMES:
        raise SettingError(f"{name}: expected a frame from 1 to {MAX_FRAMES:,}, got {value + 1}")


def _check_box(name: str, box: Box) -> None:
    good = len(box) == 4 and all(isfinite(v) and abs(v) <= MAX_COORDINATE for v in box)
    if not (good and box[0] < box[2] and box[1] < box[3]):
        raise SettingError(f"{name}: expected x1 < x2 and y1 < y2 in pixels, got {list(box)}")
