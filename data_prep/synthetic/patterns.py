"""Patterns of shirts: the patches of the second colour on the chest and on the back."""

from __future__ import annotations

Patch = tuple[tuple[float, float], ...]  # corners of a convex polygon: shares across and down one side of the shirt


def _rectangle(left: float, right: float, top: float, bottom: float) -> Patch:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _upright(lefts: tuple[float, ...], width: float) -> tuple[Patch, ...]:
    return tuple(_rectangle(left, left + width, 0.0, 1.0) for left in lefts)


PATTERNS: dict[str, tuple[Patch, ...]] = {
    "plain": (),
    "stripes": _upright((0.08, 0.44, 0.80), 0.14),
    "broad stripes": _upright((0.0, 0.4, 0.8), 0.2),
    "pinstripes": _upright((0.09, 0.25, 0.41, 0.57, 0.73, 0.89), 0.035),
    "hoops": tuple(_rectangle(0.0, 1.0, top, top + 0.15) for top in (0.1, 0.4, 0.7)),
    "band": (_rectangle(0.0, 1.0, 0.3, 0.52),),
    "halves": (_rectangle(0.5, 1.0, 0.0, 1.0),),
    "quarters": (_rectangle(0.0, 0.5, 0.0, 0.48), _rectangle(0.5, 1.0, 0.48, 1.0)),
    "sash": (((0.0, 0.0), (0.26, 0.0), (1.0, 0.78), (1.0, 1.0), (0.86, 1.0), (0.0, 0.2)),),
    "chevron": (
        ((0.0, 0.2), (0.5, 0.42), (0.5, 0.62), (0.0, 0.4)),
        ((1.0, 0.2), (0.5, 0.42), (0.5, 0.62), (1.0, 0.4)),
    ),
    "middle": (_rectangle(0.36, 0.64, 0.0, 1.0),),
}
"""Name → patches, painted in their order."""

BARRED = ("stripes", "broad stripes", "hoops", "halves", "quarters")
"""Patterns of which the second colour takes a third of the shirt or more."""
