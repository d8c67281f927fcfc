"""The masks of one picture as a table of run lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.errors import SettingError
from sportstrack.limits import MAX_PIXELS
from sportstrack.masks import coco
from sportstrack.masks.filled import as_bool, segments_of
from sportstrack.masks.polygons import polygon_spans
from sportstrack.masks.runs import (
    Bools,
    Ints,
    MaskSpans,
    Segments,
    box_pixels,
    extents,
    first_overlap,
    joined,
    layers,
    runs,
    segments,
    spans,
    touching,
)


@dataclass(frozen=True, eq=False, slots=True)
class Masks:
    """N masks of one picture size, as COCO's run lengths.

    A row may have no mask (it has no runs); that is another thing than an empty mask, which has one run of background.

    Attributes:
        shape: height and width of the picture in pixels.
        counts: (R,) uint32, the runs of all masks one after the other: column by column, background first, none of
            length 0 but the first of a mask.
        offsets: (N + 1,) int64, where each mask's runs begin and the last one's end.
    """

    shape: tuple[int, int]
    counts: NDArray[np.uint32]
    offsets: Ints

    def __post_init__(self) -> None:
        height, width = (int(side) for side in self.shape)
        if min(height, width) < 0 or height * width > MAX_PIXELS:
            raise SettingError(f"Masks.shape: expected height and width of up to {MAX_PIXELS:,} pixels, {self.shape}")
        counts, offsets = np.asarray(self.counts), np.asarray(self.offsets)
        if counts.dtype.kind not in "iu" or offsets.dtype.kind not in "iu" or (counts.ndim, offsets.ndim) != (1, 1):
            raise SettingError("Masks: expected counts and offsets as arrays of whole numbers")
        _check(counts, offsets, height * width)
        object.__setattr__(self, "shape", (height, width))
        object.__setattr__(self, "counts", counts.astype(np.uint32, copy=False))
        object.__setattr__(self, "offsets", offsets.astype(np.int64, copy=False))

    # --- from and to other forms -------------------------------------------------------------------------------------

    @classmethod
    def empty(cls, shape: tuple[int, int], n: int = 0) -> Masks:
        """Return n rows that have no mask."""
        return cls(shape, np.zeros(0, np.uint32), np.zeros(n + 1, np.int64))

    @classmethod
    def from_array(cls, masks: Masks | ArrayLike | Sequence[Any], boxes: ArrayLike | None = None) -> Masks:
        """Encode filled masks.

        Args:
            masks: (N, H, W), or N masks of (H, W): bool, or numbers of which all but 0 (of fractions, those above
                0.5) are set. None among them is a row without a mask.
            boxes: (N, 4) ``xyxy``; only the pixels inside each mask's box are looked at, which is much faster.

        Raises:
            SettingError: the masks are of different sizes or no masks, or there are not as many boxes.
        """
        if isinstance(masks, Masks):
            return masks
        size = getattr(masks, "shape", None)
        if size is not None and len(size) != 3:
            raise SettingError(f"Masks.from_array: expected masks of shape (N, H, W), got {tuple(size)}")
        rows = list(masks)  # type: ignore[arg-type]
        has = np.array([row is not None for row in rows], np.bool_)
        filled = [as_bool(row, f"Masks.from_array: masks[{i}]") for i, row in enumerate(rows) if row is not None]
        shapes = {mask.shape for mask in filled}
        if len(shapes) > 1:
            raise SettingError(f"Masks.from_array: expected masks of one size, got {sorted(shapes)[:3]}")
        if boxes is not None and not has.all():
            boxes = np.asarray(boxes, np.float64).reshape(-1, 4)[has]
        shape = shapes.pop() if shapes else (0, 0) if size is None else (int(size[1]), int(size[2]))
        found = segments_of(filled, boxes)
        owner = np.flatnonzero(has)[found.owner]
        return _made(shape, joined(found._replace(owner=owner), shape[0]), has)

    @classmethod
    def from_coco(
        cls, rows: Iterable[Any], where: str | Callable[[int], str] = "masks", shape: tuple[int, int] | None = None
    ) -> Masks:
        """Decode COCO's masks; None among them is a row without a mask.

        Args:
            rows: ``{"size": [height, width], "counts": list, text or bytes}`` each, or None.
            where: file and place for messages, in which a row is ``where[i]``; or what gives the row's own.
            shape: height and width that they must have; without it, those of the first.

        Raises:
            FormatError: what is wrong with which of them.
        """
        place = where if callable(where) else lambda i: f"{where}[{i}]"
        counts, offsets, size = coco.table_runs(list(rows), place, shape)
        given = spans(counts.astype(np.uint32), offsets, size[0] * size[1])
        some = given.end > given.start  # runs of length 0 in the middle are sound, but not kept
        return _made(size, MaskSpans(*(column[some] for column in given)), np.diff(offsets) > 0)

    @classmethod
    def from_polygons(cls, parts: Sequence[Sequence[ArrayLike]], shape: tuple[int, int]) -> Masks:
        """Fill polygons: a pixel is set if its middle lies inside; each mask may have several parts, or none.

        Args:
            parts: of each mask, rings of (K, 2) points x, y in pixels; where one crosses itself, even-odd.
            shape: height and width of the picture; what lies outside is cut.
        """
        return _made(shape, polygon_spans(parts, shape), np.ones(len(parts), np.bool_))

    def to_coco(self, text: bool = True) -> list[dict[str, Any] | None]:
        """Return COCO's masks, ready for JSON; None for rows without a mask.

        Args:
            text: give the counts as COCO's text (pycocotools wants ``.encode()``), else as a list.
        """
        if text:
            values: list[Any] = coco.encoded(self.counts, self.offsets)
        else:
            values = [part.tolist() for part in np.split(self.counts, self.offsets[1:-1])][: len(self)]
        return [{"size": list(self.shape), "counts": value} if value else None for value in values]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return (N, H, W) bool, all masks filled; rows without a mask are empty."""
        filled = np.zeros((len(self), *self.shape), np.bool_)
        for row, (left, top, right, bottom) in enumerate(self._edges().tolist()):
            filled[row, top:bottom, left:right] = self._crop(row, left, top, right, bottom)
        return filled if dtype is None else filled.astype(dtype, copy=False)

    # --- rows --------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Bools]:
        """Give each mask filled, (H, W) bool."""
        return (self[row] for row in range(len(self)))

    @overload
    def __getitem__(self, rows: int | np.integer[Any]) -> Bools: ...
    @overload
    def __getitem__(self, rows: slice | ArrayLike) -> Masks: ...
    def __getitem__(self, rows: Any) -> Bools | Masks:
        """Return one mask filled, (H, W) bool; or the masks of a slice, an index array or a boolean mask."""
        if isinstance(rows, (int, np.integer)):
            one: Bools = np.asarray(self[np.array([rows])])[0]
            return one
        if isinstance(rows, (list, tuple)) and not len(rows):
            rows = np.zeros(0, np.int64)
        lengths, starts = np.diff(self.offsets)[rows], self.offsets[:-1][rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Masks(self.shape, self.counts[places], offsets)

    @classmethod
    def concatenate(cls, tables: Sequence[Masks]) -> Masks:
        """Return the rows of several tables one below the other; SettingError if their pictures differ in size."""
        shapes = {table.shape for table in tables if len(table)} or {table.shape for table in tables}
        if len(shapes) > 1 and any(len(table) for table in tables):
            raise SettingError(f"Masks.concatenate: expected masks of one size, got {sorted(shapes)[:3]}")
        counts = np.concatenate([np.zeros(0, np.uint32), *(table.counts for table in tables)])
        lengths = [np.diff(table.offsets) for table in tables]
        offsets = np.concatenate([[0], np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths]))])
        return cls(next(iter(shapes), (0, 0)), counts, offsets.astype(np.int64))

    @property
    def has(self) -> Bools:
        """(N,) whether each row has a mask, be it an empty one."""
        return np.diff(self.offsets) > 0

    # --- what they cover ---------------------------------------------------------------------------------------------

    def spans(self) -> MaskSpans:
        """Return the runs of set pixels: owner, start and end, as places of a column-major picture."""
        return spans(self.counts, self.offsets, self.shape[0] * self.shape[1])

    def area(self) -> Ints:
        """(N,) number of set pixels."""
        found = self.spans()
        return np.bincount(found.owner, found.end - found.start, len(self)).astype(np.int64)

    def boxes(self) -> NDArray[np.float64]:
        """(N, 4) ``xyxy`` around the set pixels; 0 where there are none."""
        return self._edges().astype(np.float64)

    def crop(self, row: int, box: ArrayLike) -> Bools:
        """Return the (h, w) part of a mask in a box, (x1, y1, x2, y2), rounded outwards and clipped to the picture."""
        return self._crop(range(len(self))[row], *box_pixels(box, self.shape)[0].tolist())

    def union(self, i: int, j: int) -> Masks:
        """Return one mask with the pixels of two rows; a row without a mask adds nothing."""
        both = self[[i, j]]
        found = both.spans()
        one = found._replace(owner=np.zeros_like(found.owner))
        return _made(self.shape, layers(one, np.ones_like(one.owner), 1, 2), np.array([both.has.any()]))

    def disjoint(self, score: ArrayLike | None = None) -> Masks:
        """Return the masks without shared pixels: each is left to the mask of the best score, the first of equals.

        Args:
            score: (N,); without it, earlier rows win.
        """
        found = self.spans()
        if first_overlap(found._replace(owner=np.zeros_like(found.owner))) is None:
            return self
        order = np.arange(len(self)) if score is None else np.argsort(-np.asarray(score, np.float64), kind="stable")
        rank = np.empty(len(self), np.int64)
        rank[order] = np.arange(len(self))
        edges = extents(found, len(self), self.shape[0])
        loser, winner = np.nonzero(touching(edges, edges) & (rank[:, None] > rank[None, :]))
        begin = np.searchsorted(found.owner, np.arange(len(self) + 1))
        times = np.diff(begin)[winner]
        rows = np.arange(times.sum()) + np.repeat(begin[winner] - (np.cumsum(times) - times), times)
        other = MaskSpans(np.repeat(loser, times), found.start[rows], found.end[rows])
        both = MaskSpans(*(np.concatenate(pair) for pair in zip(found, other, strict=True)))
        weight = np.repeat([1, 2], [len(found.owner), len(rows)])
        return _made(self.shape, layers(both, weight, 1, 1), self.has)

    # --- other pictures ----------------------------------------------------------------------------------------------

    def at(self, shape: tuple[int, int]) -> Masks:
        """Return the masks in a picture of another size: each pixel takes the one of this picture that it lies on."""
        if tuple(shape) == self.shape:
            return self
        (height, width), (tall, wide) = self.shape, shape
        found = segments(self.spans(), height)
        # Pixel y of the other picture lies on floor((y + 1/2) · height / tall) of this one; in whole numbers, so exact.
        first = -((width - 2 * wide * np.arange(width + 1)) // (2 * width)) if width else np.zeros(1, np.int64)
        times = np.diff(first)[found.column]
        begin = np.cumsum(times) - times
        column = np.arange(times.sum()) + np.repeat(first[found.column] - begin, times)
        top, bottom = (-((height - 2 * tall * edge) // (2 * height)) for edge in (found.top, found.bottom))
        made = Segments(np.repeat(found.owner, times), column, np.repeat(top, times), np.repeat(bottom, times))
        return self._redrawn(made, (int(tall), int(wide)))

    def moved(self, dx: int, dy: int, shape: tuple[int, int]) -> Masks:
        """Return the masks in a picture in which this one's corner lies at (dx, dy); what lies outside is lost."""
        found = segments(self.spans(), self.shape[0])
        top, bottom = (np.clip(edge + dy, 0, shape[0]) for edge in (found.top, found.bottom))
        column = found.column + dx
        inside = (column >= 0) & (column < shape[1])
        return self._redrawn(Segments(*(c[inside] for c in (found.owner, column, top, bottom))), shape)

    def _redrawn(self, found: Segments, shape: tuple[int, int]) -> Masks:
        some = found.bottom > found.top
        found = Segments(*(column[some] for column in found))
        order = np.lexsort((found.top, found.column, found.owner))
        return _made(shape, joined(Segments(*(column[order] for column in found)), shape[0]), self.has)

    def _edges(self) -> Ints:
        return extents(self.spans(), len(self), self.shape[0])

    def _crop(self, row: int, left: int, top: int, right: int, bottom: int) -> Bools:
        height = self.shape[0]
        lengths = self.counts[self.offsets[row] : self.offsets[row + 1]]
        if not len(lengths) or right <= left:
            return np.zeros((bottom - top, right - left), np.bool_)
        ends = np.clip(np.cumsum(lengths, dtype=np.int64), left * height, right * height)
        values = np.arange(len(lengths)) % 2 == 1
        columns = np.repeat(values, np.diff(ends, prepend=left * height)).reshape(right - left, height)
        return np.ascontiguousarray(columns.T[top:bottom])


def _made(shape: Sequence[int], found: MaskSpans, has: Bools) -> Masks:
    counts, offsets = runs(found, has, int(shape[0]) * int(shape[1]))
    return Masks((int(shape[0]), int(shape[1])), counts, offsets)


def _check(counts: NDArray[Any], offsets: NDArray[Any], pixels: int) -> None:
    """Raise SettingError unless runs add up to the picture and none but a mask's first is 0."""
    ordered = len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == len(counts) and (np.diff(offsets) >= 0).all()
    if not ordered:
        raise SettingError(f"Masks.offsets: expected numbers that rise from 0 to {len(counts)}, the number of counts")
    starts = offsets[:-1][np.diff(offsets) > 0]
    sums = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    wrong = np.diff(sums[np.append(starts, len(counts))]) != pixels
    if wrong.any():
        row = int(np.flatnonzero(np.diff(offsets) > 0)[wrong.argmax()])
        raise SettingError(f"Masks.counts: the runs of mask {row} do not add up to the picture's {pixels} pixels")
    short = counts <= 0
    short[starts] = False
    if short.any() or (counts[starts] < 0).any():
        raise SettingError("Masks.counts: expected runs longer than 0, all but the first of a mask")
