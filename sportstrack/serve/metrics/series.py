"""Time series in the database: fine for what is new, coarser with age, so that they grow with its logarithm alone."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.store import Database, loaded, plain

SCHEMA = (
    """
    CREATE TABLE samples (owner TEXT NOT NULL, time REAL NOT NULL, data TEXT NOT NULL);
    CREATE INDEX samples_by_owner ON samples (owner, time)
    """,
    "ALTER TABLE samples ADD weight INTEGER NOT NULL DEFAULT 1",
)
SHARE = 400
"""Rows that are closer together than this part of their age become one: 9 s after an hour, 216 s after a day."""
_CHECK = 100  # rows after which a series is measured


class Series:
    """All series of one data folder. An owner is ``service``, ``job ID`` or ``stream ID``.

    Args:
        store: the database.
    """

    def __init__(self, store: Database) -> None:
        store.migrate("series", SCHEMA)
        self._store = store
        self._added: dict[str, int] = {}

    def add(self, owner: str, values: Mapping[str, float | None], at: float | None = None) -> None:
        """Add a row: name → value, at a time in seconds since 1970; None is now."""
        known = {name: value for name, value in values.items() if value is not None}
        self._store.insert("samples", owner=owner, time=time.time() if at is None else at, data=known)
        self._added[owner] = self._added.get(owner, 0) + 1
        if self._added[owner] >= _CHECK:
            self._added[owner] = 0
            self._thin(owner)

    def rows(self, owner: str, since: float = 0.0) -> list[tuple[float, dict[str, float]]]:
        """Return (time, values) of a series, the oldest first."""
        question = "SELECT time, data FROM samples WHERE owner = ? AND time >= ? ORDER BY time"
        return [(row["time"], loaded(row["data"])) for row in self._store.all(question, owner, since)]

    def table(self, owner: str, names: Iterable[str] = (), since: float = 0.0) -> tuple[list[str], list[list[Any]]]:
        """Return (columns, rows) of a series; the first column is ``time``.

        Args:
            owner: whose.
            names: of the columns; none are all that occur.
            since: the earliest time.
        """
        rows = self.rows(owner, since)
        columns = list(names) or list(dict.fromkeys(name for _, values in rows for name in values))
        return ["time", *columns], [[at, *(values.get(name) for name in columns)] for at, values in rows]

    def points(self, owner: str, names: Iterable[str] = (), since: float = 0.0) -> dict[str, list[list[float]]]:
        """Return name → [[time, value], …] of a series; arguments as `table`."""
        wanted, found = set(names), dict[str, list[list[float]]]()
        for at, values in self.rows(owner, since):
            for name, value in values.items():
                if not wanted or name in wanted:
                    found.setdefault(name, []).append([at, value])
        return found

    def remove(self, owner: str) -> None:
        """Forget a series."""
        self._store.run("DELETE FROM samples WHERE owner = ?", owner)
        self._added.pop(owner, None)

    def _thin(self, owner: str) -> None:
        """Join rows that are closer together than their age asks for; a row has the time of its first sample."""
        found = self._store.all("SELECT rowid, * FROM samples WHERE owner = ? ORDER BY time", owner)
        now = found[-1]["time"] if found else 0.0
        with self._store.transaction():
            for group in _groups(found, now):
                weight = sum(row["weight"] for row in group)
                data = _mean([(loaded(row["data"]), row["weight"]) for row in group])
                first, *others = (row["rowid"] for row in group)
                self._store.run("UPDATE samples SET data = ?, weight = ? WHERE rowid = ?", plain(data), weight, first)
                for row in others:
                    self._store.run("DELETE FROM samples WHERE rowid = ?", row)


def _groups(rows: list[Any], now: float) -> Iterator[list[Any]]:
    """Yield the neighbours that become one row."""
    group: list[Any] = []
    for row in rows:
        if group and row["time"] - group[0]["time"] >= (now - row["time"]) / SHARE:
            if len(group) > 1:
                yield group
            group = []
        group.append(row)
    if len(group) > 1:
        yield group


def as_csv(columns: list[str], rows: list[list[Any]]) -> str:
    """Return a table as CSV; an empty cell where a value was not measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def as_parquet(columns: list[str], rows: list[list[Any]]) -> bytes:
    """Return a table as Parquet.

    Raises:
        RefusedError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise RefusedError(
            "Parquet needs pyarrow in the service: pip install 'sportstrack[parquet]'; or take CSV"
        ) from None
    table = pyarrow.table(
        {
            name: pyarrow.array([None if row[place] is None else float(row[place]) for row in rows], pyarrow.float64())
            for place, name in enumerate(columns)
        }
    )
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def _mean(rows: list[tuple[Mapping[str, float], int]]) -> dict[str, float]:
    """Return the weighted mean of each value, over the rows that have it."""
    found: dict[str, float] = {}
    for name in dict.fromkeys(name for values, _ in rows for name in values):
        known = [(values[name], weight) for values, weight in rows if name in values]
        total = sum(weight for _, weight in known)
        found[name] = round(sum(value * weight for value, weight in known) / total, 6)
    return found
