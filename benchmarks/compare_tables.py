"""Tables and charts of compare.py."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, TypeAlias

from rendered import RenderedSet
from sets import SETS

FIGURES = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Frag", "MT", "PT", "ML")
COLUMNS = ("tracker", "cue", "mode", "pixels", "boxes", *FIGURES, "frames/s")
TITLES = {one.name: one.title for one in (*SETS.values(), RenderedSet)}

Table: TypeAlias = list[dict[str, Any]]  # a dictionary per row


def markdown(rows: Table) -> str:
    """Return a table as Markdown; this package's trackers are in bold."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|---|---|---|" + "---:|" * (len(FIGURES) + 1)]
    lines += ["| " + " | ".join(_cell(row, column) for column in COLUMNS) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(row: dict[str, Any], column: str) -> str:
    if column == "frames/s":
        return f"{row[column]:,.0f}"
    if column not in FIGURES:
        return f"**{row[column]}**" if column == "tracker" and row["ours"] else str(row[column])
    value = row["scores"][column]
    return f"{value:,}" if isinstance(value, int) else f"{100 * value:.1f}"


def write_csv(tables: dict[str, Table], path: Path) -> None:
    """Write all sets' rows; ratios from 0 to 1."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["set", *COLUMNS, "dropped"])
        for name, rows in tables.items():
            for row in rows:
                cells = [row["scores"][c] if c in FIGURES else row[c] for c in COLUMNS]
                writer.writerow([name, *cells, row["dropped"]])


def write_charts(tables: dict[str, Table], folder: Path) -> None:
    """Draw HOTA as bars, a panel per set, and HOTA against speed."""
    from matplotlib.figure import Figure
    from PIL import Image

    count = len(tables)
    across = min(2, count)
    down = -(-count // across)
    most = max(len(rows) for rows in tables.values())
    for kind, draw, height in (("hota", _bars, 0.9 + 0.19 * most), ("speed", _scatter, 4.4)):
        figure = Figure(figsize=(6.4 * across, height * down), layout="constrained")
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for axes, (name, rows) in zip(panels, tables.items(), strict=False):
            axes.set_title(TITLES[name], fontsize=10, loc="left")
            axes.spines[["top", "right"]].set_visible(False)
            draw(axes, rows)
        for axes in panels[count:]:
            axes.set_visible(False)
        path = folder / f"{kind}.png"
        figure.savefig(path, dpi=90)
        Image.open(path).quantize(64).save(path, optimize=True)  # a fifth of the bytes


def _colour(row: dict[str, Any]) -> str:
    return ("#d55e00" if row["mode"] == "offline" else "#0072b2") if row["ours"] else "#a8a8a8"


def _bars(axes: Any, rows: Table) -> None:
    values = [100 * row["scores"].HOTA for row in rows]
    bars = axes.barh(range(len(rows)), values, color=[_colour(row) for row in rows])
    axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    axes.set_yticks(range(len(rows)), [row["tracker"] for row in rows], fontsize=7)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1 * max(values))
    axes.set_xlabel("HOTA (blue: this package, causal; orange: offline; grey: others)", fontsize=8)


def _scatter(axes: Any, rows: Table) -> None:
    for row in rows:
        x, y = row["frames/s"], 100 * row["scores"].HOTA
        axes.plot([x], [y], "o", ms=6, color=_colour(row))
        axes.annotate(row["tracker"], (x, y), xytext=(4, 3), textcoords="offset points", fontsize=5.5)
    axes.set_xscale("log")
    axes.set_xlabel("frames/s of association, one core", fontsize=8)
    axes.set_ylabel("HOTA", fontsize=8)


def section(name: str, rows: Table) -> str:
    """Return a set's part of tables.md."""
    whole = rows[0]["scores"]
    text = f"### {TITLES[name]}\n\n{whole.sequences} sequences, {whole.frames:,} frames.\n\n{markdown(rows)}"
    lines = [f"{row['tracker']} reported {row['dropped']:,} unusable boxes.\n" for row in rows if row["dropped"]]
    return "\n".join([text, *lines])


def write_all(tables: dict[str, Table], notes: list[str], folder: Path) -> None:
    """Write tables.md (the tables of docs/comparison-*.md), tables.csv and the charts."""
    if not tables:
        return
    text = "\n".join(section(name, rows) for name, rows in tables.items())
    there = {row["tracker"].split()[0] for rows in tables.values() for row in rows}
    missing = [note for note in notes if note.split(":")[0] not in there]
    text += "\nNot compared:\n\n" + "".join(f"* {note}\n" for note in missing)
    (folder / "tables.md").write_text(text, encoding="utf-8")
    write_csv(tables, folder / "tables.csv")
    write_charts(tables, folder)
