"""Numbers and names as the report writes them."""

from __future__ import annotations

from collections.abc import Sequence

COUNTS = ("IDSW", "Frag", "CLR_FP", "CLR_FN", "MT", "ML")


def per_cent(value: float | None) -> str:
    """Return a share as per cent with one decimal; a dash where there is none."""
    return "–" if value is None or value != value else _signed(f"{100 * value:.1f}")


def points(value: float) -> str:
    """Return a difference of shares in signed points."""
    return _signed(f"{100 * value:+.1f}")


def _signed(text: str) -> str:
    """Return a number with a true minus sign, and no sign where it rounds to 0."""
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def spread(low: float, high: float) -> str:
    """Return the ends of a spread."""
    return f"{points(low)} to {points(high)}"


def figure(name: str, value: float) -> str:
    """Return a figure of the scores: a count, or per cent."""
    return f"{round(value):,}" if name in COUNTS else per_cent(value)


def listed(names: Sequence[str]) -> str:
    """Return ``A, B and C``."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "none"


def many(count: int, one: str, more: str = "") -> str:
    """Return ``1 frame`` or ``2 frames``."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"
