"""A comparison as text: Markdown that also reads well on a terminal, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sportstrack.export.compare import Comparison, VariantFigures
from sportstrack.val.table import markdown_table, per_cent

_FIGURES: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "bytes": ("MB", lambda value: f"{value / 1e6:.1f}"),
    "start": ("start s", lambda value: f"{value:.1f}"),
    "memory": ("memory MB", lambda value: f"{value:.0f}"),
    "network_ms": ("network ms", lambda value: f"{value:.1f}"),
    "ms": ("ms p50", lambda value: f"{value:.1f}"),
    "ms_p95": ("ms p95", lambda value: f"{value:.1f}"),
    "rate": ("frames/s", lambda value: f"{value:.1f}"),
    "ap50": ("AP50", per_cent),
    "ap": ("AP", per_cent),
    "agreement": ("agreement", per_cent),
    "hota": ("HOTA", per_cent),
    "idf1": ("IDF1", per_cent),
}
"""Figure → the head of its column, and how it is written."""


def to_markdown(comparison: Comparison) -> str:
    """Return the table of variants, that of the classes, and the recommendation."""
    rows = comparison.variants
    shown = [name for name in _FIGURES if any(not math.isnan(getattr(row, name)) for row in rows)]
    lines = [["variant", *(_FIGURES[name][0] for name in shown)]]
    lines += [[row.name, *(_cell(row, name) for name in shown)] for row in rows]
    parts = [markdown_table(lines), _legend(comparison)]
    if classes := list(rows[0].classes):
        lines = [["AP50 / AP", *classes]]
        lines += [[row.name, *(" / ".join(map(per_cent, row.classes[name])) for name in classes)] for row in rows]
        parts.append(markdown_table(lines))
    parts += [f"{text[0].upper()}{text[1:]}.\n" for text in (*comparison.recommendation.reasons, *comparison.notes)]
    return "\n".join(parts)


def to_csv(comparison: Comparison) -> str:
    """Return a row per variant, figures from 0 to 1; empty where one is unknown."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    classes = list(comparison.variants[0].classes)
    heads = [f"{figure} {name}" for name in classes for figure in ("ap50", "ap")]
    writer.writerow(["variant", "path", "engine", "precision", *_FIGURES, *heads])
    for row in comparison.variants:
        values = [getattr(row, name) for name in _FIGURES] + [value for name in classes for value in row.classes[name]]
        cells = ["" if math.isnan(value) else repr(value) for value in values]
        writer.writerow([row.name, row.path, row.engine, row.precision, *cells])
    return text.getvalue()


def to_json(comparison: Comparison) -> str:
    """Return everything; an unknown figure is null."""
    return json.dumps(_plain(asdict(comparison)), indent=1, ensure_ascii=False, default=str) + "\n"


def _cell(row: VariantFigures, name: str) -> str:
    value = getattr(row, name)
    return "–" if math.isnan(value) else _FIGURES[name][1](value)


def _legend(comparison: Comparison) -> str:
    height, width = comparison.shape
    rate = f"tracking {', '.join(comparison.sequences)}" if comparison.sequences else "pictures read and detected"
    return (
        f"{comparison.pictures} pictures of {width}×{height}, longer side {comparison.imgsz}, one at a time, with all "
        f"boxes from a score of 0.001 up. Start: from Python's start to the first frame's boxes. Frames/s: {rate}. AP, "
        f"agreement (with {comparison.variants[0].name}), HOTA and IDF1 in per cent.\n"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value
