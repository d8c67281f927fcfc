"""The results of a batch as one table: a row for each video."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from sportstrack.batch.live import duration
from sportstrack.batch.manifest import Manifest
from sportstrack.batch.phases import DETECT, TRACK
from sportstrack.batch.place import BatchPlace
from sportstrack.batch.worker import SCORES

COLUMNS = (
    *("video", "source", "state", "frames", "tracks", "boxes", "frames_per_s", "detect_s", "track_s", "retries"),
    *SCORES,
    "error",
)
DONE, FAILED, RECORDED, MISSING = "done", "failed", "recorded", "missing"


@dataclass
class BatchResult:
    """What a batch has come to.

    Attributes:
        rows: a table with `COLUMNS` for each video; None where something is not known.
        tables: files of the table.
        ran: steps that were done in this run: phases, and what shots need besides.
        kept: phases that were done before and hold.
        retried: tries after the first.
        seconds: of this run, by the clock.
        cpu_seconds: processor time of the phases done in this run.
        complete: whether nothing was interrupted.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    ran: int = 0
    kept: int = 0
    retried: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    complete: bool = True

    def of(self, state: str) -> list[dict[str, Any]]:
        """Return the rows of a state: done, failed, recorded (not yet tracked) or missing."""
        return [row for row in self.rows if row["state"] == state]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The videos that have failed."""
        return self.of(FAILED)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        counts = {state: len(self.of(state)) for state in (DONE, FAILED, RECORDED, MISSING)}
        return vars(self) | {"videos": len(self.rows), "counts": counts}

    def as_text(self) -> str:
        """Return a few lines to read: counts, then each failure with its reason."""
        frames = sum(row["frames"] or 0 for row in self.of(DONE))
        lines = [
            f"{len(self.of(DONE))} of {len(self.rows)} videos done, {frames:,} frames; "
            f"{_plural(self.ran, 'step')} run in {duration(self.seconds)}, {self.kept} kept"
            + (f", {_plural(self.retried, 'retry', 'retries')}" if self.retried else "")
        ]
        scored = [row for row in self.of(DONE) if row["HOTA"] is not None]
        if scored:
            means = ", ".join(f"{name} {100 * sum(row[name] for row in scored) / len(scored):.1f}"
                              for name in ("HOTA", "MOTA", "IDF1"))  # fmt: skip
            lines.append(f"mean of {_plural(len(scored), 'video')} with truth: {means}")
        for state, what in ((RECORDED, "recorded, not tracked"), (MISSING, "not done")):
            if names := [row["video"] for row in self.of(state)]:
                lines.append(f"{what}: {len(names)} ({', '.join(names[:5])}{' …' if len(names) > 5 else ''})")
        lines += [f"failed: {row['video']}: {row['error']}" for row in self.failed]
        return "\n".join([*lines, *(f"  table      {name}" for name in self.tables)])

    def __str__(self) -> str:
        return self.as_text()


def rows_of(manifest: Manifest, videos: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return a row for each video: (name, source)."""
    return [_row(manifest, name, source) for name, source in videos]


def _row(manifest: Manifest, name: str, source: str) -> dict[str, Any]:
    first, second = manifest.line(name, DETECT), manifest.line(name, TRACK)
    steps = _steps(manifest, name) if first is None else []
    failed = next((one for one in (second, first, *steps) if one and one["state"] == FAILED), None)
    state = MISSING
    if failed is not None:
        state = FAILED
    elif second is not None:
        state = DONE
    elif first is not None:
        state = RECORDED
    found = second or first or {}
    detect, track = ((one or {}).get("took") for one in (first, second))
    seconds, frames = (detect or 0.0) + (track or 0.0), found.get("frames")
    scores = (second or {}).get("scores", {})
    attempts = [int(one.get("attempt", 1)) - 1 for one in (first, second) if one]
    return {
        "video": name,
        "source": found.get("source", source),
        "state": state,
        "frames": frames,
        "tracks": found.get("tracks"),
        "boxes": found.get("boxes"),
        "frames_per_s": round(frames / seconds, 2) if frames and seconds else None,
        "detect_s": detect,
        "track_s": track,
        "retries": sum(attempts),
        **{score: scores.get(score) for score in SCORES},
        "error": None if failed is None else failed.get("error"),
    }


def _steps(manifest: Manifest, name: str) -> list[dict[str, Any]]:
    """Return the lines of a video that is worked on in parts and not yet joined."""
    return [line for line in manifest.lines(name) if line["phase"] != TRACK]


def write_tables(place: BatchPlace, rows: Sequence[Mapping[str, Any]], part: tuple[int, int] = (1, 1)) -> list[str]:
    """Write the table as CSV, and as Parquet where pyarrow is installed; return the files' names."""
    stem = "results" if part[1] == 1 else f"results-{part[0]:05d}-of-{part[1]:05d}"
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    place.write_text(f"{stem}.csv", text.getvalue())
    names = [f"{stem}.csv"]
    if find_spec("pyarrow") is not None:
        names.append(_write_parquet(place, rows, f"{stem}.parquet"))
    return [f"{place.where}/{name}" for name in names]


def _write_parquet(place: BatchPlace, rows: Sequence[Mapping[str, Any]], name: str) -> str:
    import pyarrow as pa
    import pyarrow.parquet

    from sportstrack.files.claim import PartFile

    texts, whole = ("video", "source", "state", "error"), ("frames", "tracks", "boxes", "retries")
    kinds = [
        pa.field(column, pa.string() if column in texts else pa.int64() if column in whole else pa.float64())
        for column in COLUMNS
    ]
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(kinds))
    file = PartFile(place.folder / name)
    with file.explained():
        pa.parquet.write_table(table, str(file.part))
    file.complete()
    place.send([name])
    return name


def _plural(count: int, word: str, many: str = "") -> str:
    return f"{count:,} {word if count == 1 else many or word + 's'}"
