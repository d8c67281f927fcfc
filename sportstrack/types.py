"""What the stages hand on, and what plugs in: tables, names of arrays, protocols.

`Detections` of one frame and the `Tracks` made from them flow through every stage. Both are frozen dataclasses of
parallel numpy arrays, one row per box. Shapes and dtypes are checked once, when a table is made. Boxes are ``xyxy`` in
pixels, continuous (width = x2 − x1), origin at the top left of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.checks import (
    NO_IDENTITY,
    as_identities,
    box_rows,
    checked_column,
    numbers,
    pick,
    put,
    table_columns,
    whole_numbers,
)
from sportstrack.columns import BoxTable, named
from sportstrack.errors import SettingError
from sportstrack.masks.table import Masks

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
Image: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) BGR."""

Embeddings: TypeAlias = NDArray[np.float32]
"""(N, D) appearance vectors with unit rows."""

MAX_COORDINATE = 1e9  # pixels; beyond it areas and covariances lose their digits
MIN_SIZE = 1e-6  # pixels; narrower boxes have no aspect ratio worth the name
_OPTIONAL: Mapping[str, tuple[int | None, ...]] = {
    "embedding": (None,),
    "keypoints": (None, 3),
    "team_evidence": (None,),
    "number_votes": (2,),
    "kit_colours": (None,),
}


@dataclass(frozen=True, eq=False, repr=False)
class Detections(BoxTable):
    """The boxes that a detector found in one frame.

    Attributes:
        xyxy: (N, 4) float64 corners in pixels.
        score: (N,) float64, 0…1.
        class_id: (N,) int64, index into the detector's names.
        embedding: (N, D) float32 appearance vectors with unit rows, or None.
        mask: `Masks` as run lengths, or None. Filled masks, (N, H, W) or N arrays of (H, W) with None for a row that
            has none, and supervision's compact masks are converted when the table is made.
        keypoints: (N, K, 3) float32 of x, y, score in pixels, or None; carried through untouched.
        team_evidence: (N, G) float32, how probable it is that each wears the kit of each of G groups (teams,
            goalkeepers, officials); what a row lacks to 1 is unknown, zeros are no evidence. None where nobody looked.
        number_votes: (N, 2) float32, the code of the shirt number that was read on each (`sportstrack.numbers.codes`)
            and how sure it is, 0…1; 0 is no vote. None where nobody looked.
        kit_colours: (N, 75) float32 shares of the colours of shirt, shorts and socks (see
            `sportstrack.embed.clothes.kit_colours`); zeros say nothing. None where nobody looked.
        valid: (N,) mask of the rows a tracker can use, or None if all of them are (the usual case, cheap to test).

    Rows that hold a NaN, an infinite, inverted or empty box are allowed here, because a detector's slip must not cost
    the whole frame: `valid`, made with the table, marks the rest, and trackers use and count accordingly.

    Raises:
        SettingError: if a shape or dtype does not fit; the message states what was expected and what came.
    """

    xyxy: FloatArray
    score: FloatArray
    class_id: IntArray
    embedding: Embeddings | None = None
    mask: Masks | None = None
    keypoints: NDArray[np.float32] | None = None
    team_evidence: NDArray[np.float32] | None = None
    number_votes: NDArray[np.float32] | None = None
    kit_colours: NDArray[np.float32] | None = None
    valid: BoolArray | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n = _check_box_columns(self)
        for name, shape in _OPTIONAL.items():
            if (column := getattr(self, name)) is not None:
                put(self, name, checked_column(f"Detections.{name}", column, np.float32, (n, *shape)))
        if self.mask is not None:
            put(self, "mask", _as_masks(self.mask, n))
        put(self, "valid", self._usable())

    def __len__(self) -> int:
        return len(self.xyxy)

    def __getitem__(self, rows: Any) -> Detections:
        """Return the rows picked by a slice, an index array or a boolean mask, as a new table."""
        return Detections(**pick(self, rows))

    @classmethod
    def empty(cls) -> Detections:
        """Return a table without rows."""
        return cls(np.empty((0, 4)), np.empty(0), np.empty(0, np.int64))

    @classmethod
    def from_arrays(
        cls, xyxy: ArrayLike, score: ArrayLike | None = None, class_id: ArrayLike | None = None
    ) -> Detections:
        """Build a table from anything array-like; a missing score is 1, a missing class 0.

        Args:
            xyxy: (N, 4) corners in pixels, or the four numbers of one box.
            score: (N,) 0…1.
            class_id: (N,) whole numbers, of any dtype.

        Raises:
            SettingError: another shape, what is no number, or a class that is no whole number.
        """
        boxes = box_rows(xyxy)
        n = len(boxes)
        return cls(
            boxes,
            np.ones(n) if score is None else numbers("score", score),
            np.zeros(n, np.int64) if class_id is None else whole_numbers("class_id", class_id),
        )

    @classmethod
    def from_table(cls, table: ArrayLike) -> Detections:
        """Build from a detector's whole table: (N, 5 or 6) rows of x1, y1, x2, y2, score and, if there is one, class.

        Raises:
            SettingError: another shape (seven columns hold something more: give the columns one by one to
                `from_arrays`), or columns that cannot be these.
        """
        return cls.from_arrays(*table_columns(table))

    @classmethod
    def from_supervision(cls, detections: Any) -> Detections:
        """Convert a ``supervision.Detections``; masks and the optional columns in ``data`` come along."""
        table = cls.from_arrays(detections.xyxy, detections.confidence, detections.class_id)
        data = getattr(detections, "data", None) or {}
        more = {name: data.get(name) for name in _OPTIONAL}
        return cls(table.xyxy, table.score, table.class_id, mask=detections.mask, **more)

    def to_supervision(self, names: Mapping[int, str] | None = None) -> Any:
        """Convert to ``supervision.Detections``; ``names`` adds ``data["class_name"]``."""
        import supervision as sv

        data: dict[str, Any] = {}
        if names is not None:
            data["class_name"] = named(self.class_id, names)
        data |= {name: getattr(self, name) for name in _OPTIONAL if getattr(self, name) is not None}
        return sv.Detections(
            xyxy=self.xyxy.copy(),
            confidence=self.score,
            class_id=self.class_id,
            mask=None if self.mask is None else np.asarray(self.mask),
            data=data,
        )

    def _usable(self) -> BoolArray | None:
        inside = np.logical_and.reduce(np.abs(self.xyxy) <= MAX_COORDINATE, axis=1)  # False for NaN
        boxes = self.xyxy if inside.all() else np.where(inside[:, None], self.xyxy, 0.0)  # no infinity minus infinity
        large = np.logical_and.reduce(boxes[:, 2:] - boxes[:, :2] > MIN_SIZE, axis=1)
        usable: BoolArray = inside & large & np.isfinite(self.score)
        return None if usable.all() else usable


@dataclass(frozen=True, eq=False, repr=False)
class Tracks(BoxTable):
    """The tracked boxes of one frame.

    Attributes:
        xyxy: (M, 4) float64 corners in pixels; a matched track's box is its detection's own box.
        score: (M,) float64, 0…1, of the detection (of the last one for a coasting track).
        class_id: (M,) int64.
        track_id: (M,) int64, unique in a frame, never reused by a tracker instance. This package's trackers count from
            1, other libraries' from 0 or from anything; −1 is no identity.
        detection: (M,) int64, the row in this frame's `Detections`; −1 for a coasting (predicted) track.
        smoothed: (M, 4) float64 corners with less jitter than the detections', or None from a tracker that makes none.
            Video and result files show them; see `with_boxes`.

    Raises:
        SettingError: if a shape, dtype or id does not fit.
    """

    xyxy: FloatArray
    score: FloatArray
    class_id: IntArray
    track_id: IntArray
    detection: IntArray
    smoothed: FloatArray | None = None

    def __post_init__(self) -> None:
        n = _check_box_columns(self)
        if self.smoothed is not None:
            put(self, "smoothed", checked_column("Tracks.smoothed", self.smoothed, np.float64, (n, 4)))
        put(self, "track_id", checked_column("Tracks.track_id", self.track_id, np.int64, (n,)))
        put(self, "detection", checked_column("Tracks.detection", self.detection, np.int64, (n,)))
        if (self.track_id == NO_IDENTITY).any():
            raise SettingError(f"Tracks.track_id: {NO_IDENTITY} marks a box without identity; leave it out")
        if len(np.unique(self.track_id)) != n:
            raise SettingError("Tracks.track_id: an id may stand only once in a frame")

    def __len__(self) -> int:
        return len(self.xyxy)

    def __getitem__(self, rows: Any) -> Tracks:
        """Return the rows picked by a slice, an index array or a boolean mask, as a new table."""
        return Tracks(**pick(self, rows))

    @classmethod
    def empty(cls) -> Tracks:
        """Return a table without rows."""
        none = np.empty(0, np.int64)
        return cls(np.empty((0, 4)), np.empty(0), none, none, none)

    @classmethod
    def trusted(
        cls,
        xyxy: FloatArray,
        score: FloatArray,
        class_id: IntArray,
        track_id: IntArray,
        detection: IntArray,
        smoothed: FloatArray | None = None,
    ) -> Tracks:
        """Build without checks, for a tracker whose own code keeps the contract: checking cost a tenth of an update."""
        table = object.__new__(cls)
        table.__dict__.update(
            xyxy=xyxy, score=score, class_id=class_id, track_id=track_id, detection=detection, smoothed=smoothed
        )
        return table

    def with_boxes(self, boxes: str = "smoothed") -> Tracks:
        """Return the table as files and videos show it, with one box for each track.

        Args:
            boxes: ``smoothed`` puts the smoothed boxes, where the tracker made any, into ``xyxy``; ``detected`` keeps
                those of the detections. Either way ``smoothed`` is None in the result.

        Raises:
            SettingError: any other word.
        """
        if boxes not in ("smoothed", "detected"):
            raise SettingError(f"boxes: expected smoothed or detected, got {boxes!r}")
        if self.smoothed is None:
            return self
        xyxy = self.smoothed if boxes == "smoothed" else self.xyxy
        return Tracks.trusted(xyxy, self.score, self.class_id, self.track_id, self.detection)

    def rounded(self) -> Tracks:
        """Return the table with the digits that all result files have, so that it is drawn as it is read back.

        Corners are rounded to hundredths of a pixel and scores to four digits; no box is thinner than a hundredth.
        """
        xyxy = np.round(self.xyxy, 2)
        xyxy[:, 2:] = np.round(np.maximum(xyxy[:, 2:], xyxy[:, :2] + 0.01), 2)
        return Tracks.trusted(xyxy, np.round(self.score, 4), self.class_id, self.track_id, self.detection)

    @classmethod
    def from_supervision(cls, detections: Any) -> Tracks:
        """Convert a ``supervision.Detections`` with ``tracker_id``.

        Rows without identity (−1, NaN or None) are left out. Whole numbers stay what they are, 0 too; other ids (text,
        1.5, numbers beyond 2^52) get a number each, the same in every frame.
        """
        table = Detections.from_arrays(detections.xyxy, detections.confidence, detections.class_id)
        if detections.tracker_id is None:
            raise SettingError("Tracks.from_supervision: expected detections with tracker_id, got tracker_id=None")
        ids = as_identities(detections.tracker_id)
        if ids.shape != (len(table),):
            raise SettingError(f"Tracks.from_supervision: expected {len(table)} ids in tracker_id, got {ids.shape}")
        rows = np.flatnonzero(ids != NO_IDENTITY)
        smoothed = (detections.data or {}).get("smoothed")
        smoothed = None if smoothed is None else np.asarray(smoothed)[rows]
        return cls(table.xyxy[rows], table.score[rows], table.class_id[rows], ids[rows], rows, smoothed)

    def to_supervision(self, names: Mapping[int, str] | None = None, detections: Detections | None = None) -> Any:
        """Convert to ``supervision.Detections`` with ``tracker_id``; smoothed boxes go into ``data["smoothed"]``.

        Args:
            names: adds ``data["class_name"]``.
            detections: this frame's detections; their masks are handed on when every track has a detection row.
        """
        import supervision as sv

        data: dict[str, Any] = {"detection": self.detection}
        if self.smoothed is not None:
            data["smoothed"] = self.smoothed.copy()
        if names is not None:
            data["class_name"] = named(self.class_id, names)
        mask = None
        if detections is not None and detections.mask is not None and (self.detection >= 0).all():
            mask = np.asarray(detections.mask[self.detection])
        return sv.Detections(
            xyxy=self.xyxy.copy(),
            confidence=self.score,
            class_id=self.class_id,
            tracker_id=self.track_id,
            mask=mask,
            data=data,
        )


def as_detections(detections: Any) -> Detections:
    """Return `Detections` from `Detections` or ``supervision.Detections`` (known by its fields, not imported)."""
    if isinstance(detections, Detections):
        return detections
    if hasattr(detections, "xyxy") and hasattr(detections, "confidence"):
        return Detections.from_supervision(detections)
    raise SettingError(
        f"update(): expected sportstrack.Detections or supervision.Detections, got {type(detections).__name__}"
    )


def _as_masks(masks: Any, n: int) -> Masks:
    """Return a column of masks as run lengths."""
    made = Masks.from_array(masks)
    if len(made) != n:
        raise SettingError(f"Detections.mask: expected {n} masks, one per box, got {len(made)}")
    return made


def _check_box_columns(table: Any) -> int:
    kind = type(table).__name__
    put(table, "xyxy", checked_column(f"{kind}.xyxy", table.xyxy, np.float64, (None, 4)))
    n = len(table.xyxy)
    put(table, "score", checked_column(f"{kind}.score", table.score, np.float64, (n,)))
    put(table, "class_id", checked_column(f"{kind}.class_id", table.class_id, np.int64, (n,)))
    return n


class Detector(Protocol):
    """What the pipeline asks of a detector."""

    @property
    def names(self) -> Mapping[int, str]:
        """Class id → name; may be empty."""
        ...

    def __call__(self, frames: Sequence[Image], /) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        ...


Detect: TypeAlias = Callable[[list[Image]], Sequence[Any]]
"""What is taken for a detector: frames in, one `Detections` or ``supervision.Detections`` for each out."""


class Embedder(Protocol):
    """What the pipeline asks of an embedder; ``name`` and ``reset()``, called before each video, are optional."""

    def __call__(self, frame: Image, xyxy: FloatArray, /) -> Embeddings:
        """Return each box's embedding.

        Args:
            frame: (H, W, 3) BGR.
            xyxy: (N, 4) pixels; boxes may reach outside the frame.

        Returns:
            (N, D) unit rows; a row of zeros where a box has no pixels in the frame.
        """
        ...


@runtime_checkable
class CameraMotion(Protocol):
    """What the pipeline asks of a method of camera motion.

    Attributes:
        needs_image: False if ``update`` works with ``frame=None``, so that a recorded run needs no video.
    """

    needs_image: bool

    def update(self, frame: Image | None, xyxy: FloatArray, /) -> FloatArray | None:
        """Look at the next frame.

        Args:
            frame: (H, W, 3) uint8 BGR, or None where `needs_image` is False.
            xyxy: (N, 4) boxes of what moves by itself in this frame; they have no say in the camera's motion.

        Returns:
            (2, 3) float64 affine from the previous frame's pixels (continuous, origin at the top left corner) to this
            one's; None in the first frame and whenever the motion is unknown.
        """
        ...

    def reset(self) -> None:
        """Forget the previous frame, as after a shot change."""
        ...


@runtime_checkable
class Tracker(Protocol):
    """What the pipeline asks of a tracker; any class with these two methods plugs in.

    Optional: ``cut() -> None`` says that the next frame belongs to another shot. A tracker that has it forgets all its
    tracks, goes on counting ids, and takes the next frame as its first. One without it works, too. An argument ``time``
    of ``update``, if there is one, gets the frames' times in seconds.
    """

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections`` of the frame.
            camera: (2, 3) affine that maps the previous frame's pixels to this one's, or None.
        """
        ...

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        ...
