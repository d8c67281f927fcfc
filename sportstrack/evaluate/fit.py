"""Tables of scores that fit a terminal: the least important columns go first, and long names are shortened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sportstrack.score.table import Row, render_trackers

LEAST_FIRST = (
    *("FAF", "PT", "IDP", "IDR", "MOTP", "MOTSP", "Frag", "LocA", "GT_IDs", "IDs", "Precision", "Recall", "ML", "MT"),
    *("FP", "FN", "AssA", "DetA", "IDSW", "MOTSA", "MOTA", "IDF1", "sMOTSA"),
)
"""Columns in the order in which they are left out."""

_SHORTEST = 12  # characters of a name


def fitted(trackers: Mapping[str, Sequence[Row]], columns: Sequence[str], width: int) -> str:
    """Return tables of which no line is wider than a terminal, and a line that says what was left out, if anything.

    Args:
        trackers: tracker → rows, as `sportstrack.score.table.render_trackers` takes them.
        columns: the figures of the full table.
        width: of the terminal, in characters.
    """
    kept, text = list(columns), render_trackers(trackers, "table", columns)
    order = [*(name for name in LEAST_FIRST if name in columns), *(n for n in columns if n not in LEAST_FIRST)]
    for name in order:
        if _width(text) <= width or len(kept) == 1:
            break
        kept.remove(name)
        text = render_trackers(trackers, "table", kept)
    left_out = len(columns) - len(kept)
    lines = [_shortened(line, width) for line in text.splitlines()] if _width(text) > width else text.splitlines()
    if left_out:
        lines += ["", f"{left_out} more columns with --wide"]
    return "\n".join(lines) + "\n"


def _width(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


def _shortened(line: str, width: int) -> str:
    """Return a line of a table with a shorter name, which stands in front of its one column."""
    more = len(line) - width
    if more <= 0 or set(line) == {"─"}:
        return line[:width]
    name, gap, figures = line.rpartition("  ")
    shown = max(_SHORTEST, len(name) - more)
    return f"{name[: shown - 1]}…{gap}{figures}" if shown < len(name) else line
