"""A document as a list of blocks of plain text, which each writer escapes and numbers in its own way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Cells: TypeAlias = Sequence[Sequence[str]]


@dataclass(frozen=True)
class ReportHeading:
    """A heading of a section (level 2) or of a part of one (level 3)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class ReportText:
    """A paragraph; ``kind`` is plain, quiet (small print), or question (for the reader to answer)."""

    text: str
    kind: str = "plain"


@dataclass(frozen=True)
class ReportList:
    """A list of short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class ReportCode:
    """Text as it was typed."""

    text: str


@dataclass(frozen=True)
class ReportTable:
    """A table.

    Attributes:
        head: titles of the columns.
        rows: cells.
        caption: what it shows.
        words: columns of words, which stand at the left; the others are numbers.
        best: (row, column) of cells that stand out.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    words: frozenset[int] = frozenset({0})
    best: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class ReportChart:
    """A chart.

    Attributes:
        draw: returns a ``matplotlib.figure.Figure``.
        caption: what it shows.
        alt: the same for those who do not see it, with what is to be seen.
    """

    draw: Callable[[], Any]
    caption: str
    alt: str


@dataclass(frozen=True)
class ReportPicture:
    """A photograph or frame: a JPEG's bytes."""

    jpeg: bytes
    caption: str
    alt: str


Block: TypeAlias = ReportHeading | ReportText | ReportList | ReportCode | ReportTable | ReportChart | ReportPicture


@dataclass(frozen=True)
class ReportSource:
    """Something cited: authors, title and place, and its address."""

    text: str
    url: str


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: of the report.
        author: may be "".
        date: as it is printed.
        blocks: its contents.
        sources: what is cited, in the order of their numbers.
    """

    title: str
    author: str
    date: str
    blocks: tuple[Block, ...]
    sources: tuple[ReportSource, ...] = ()


@dataclass
class Citations:
    """Numbers sources in the order in which they are cited."""

    known: dict[str, ReportSource]
    cited: list[str] = field(default_factory=list)

    def __call__(self, *keys: str) -> str:
        """Return ``[1, 2]`` for some sources."""
        for key in keys:
            if key not in self.cited:
                self.cited.append(key)
        return f"[{', '.join(str(self.cited.index(key) + 1) for key in keys)}]"

    @property
    def sources(self) -> tuple[ReportSource, ...]:
        """What has been cited so far."""
        return tuple(self.known[key] for key in self.cited)


def best_cells(rows: Cells, columns: Sequence[int], *, least: Sequence[int] = ()) -> frozenset[tuple[int, int]]:
    """Return the cells with the greatest number of each column, of those in ``least`` the smallest; ties all count."""
    found: set[tuple[int, int]] = set()
    if len(rows) < 2:
        return frozenset()
    for column in (*columns, *least):
        values = [_number(row[column]) for row in rows]
        there = [value for value in values if value is not None]
        if there and len(set(there)) > 1:
            top = min(there) if column in least else max(there)
            found |= {(i, column) for i, value in enumerate(values) if value == top}
    return frozenset(found)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").replace("−", "-").split()[0])
    except (ValueError, IndexError):
        return None
