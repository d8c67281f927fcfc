"""Time series in the database: fine for what is new, coarser with age, and never more than so many rows."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.store import Database, loaded

SCHEMA = (
    """
    CREATE TABLE samples (owner TEXT NOT NULL, time REAL NOT NULL, data TEXT NOT NULL);
    CREATE INDEX samples_by_owner ON samples (owner, time)
    """,
)
MOST = 4000
"""Rows of one series; beyond, two neighbours of its older half become one."""
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
        """Halve the resolution of a series' older half if it has grown too long."""
        found = self._store.all("SELECT rowid, time, data FROM samples WHERE owner = ? ORDER BY time", owner)
        if len(found) <= MOST:
            return
        half = len(found) // 2 & ~1
        with self._store.transaction():
            for first, second in zip(found[:half:2], found[1:half:2], strict=True):
                middle = _mean(loaded(first["data"]), loaded(second["data"]))
                self._store.run("UPDATE samples SET data = ? WHERE rowid = ?", json.dumps(middle), second["rowid"])
                self._store.run("DELETE FROM samples WHERE rowid = ?", first["rowid"])


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


def _mean(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    names = dict.fromkeys((*one, *other))
    return {
        name: round((one.get(name, other.get(name, 0)) + other.get(name, one.get(name, 0))) / 2, 6) for name in names
    }
