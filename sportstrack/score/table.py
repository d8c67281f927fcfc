"""Scores as text: a table for the eye, Markdown, CSV, LaTeX or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from collections.abc import Sequence as Rows
from typing import Any, Protocol, TypeAlias

from sportstrack.errors import SettingError, nearest
from sportstrack.score.figures import FIGURES

FORMATS = ("table", "markdown", "csv", "json", "latex")

SUMMARY = (
    *("HOTA", "DetA", "AssA", "LocA", "MOTA", "MOTP", "IDF1", "IDP", "IDR", "Recall", "Precision"),
    *("IDSW", "Frag", "FP", "FN", "FAF", "MT", "PT", "ML", "GT_IDs", "IDs"),
)
"""The columns of a printed table."""

MASK_SUMMARY = ("HOTA", "DetA", "AssA", "LocA", "sMOTSA", "MOTSA", "MOTSP", *SUMMARY[6:])
"""The same where masks are scored, with the names of MOTS."""

_PLAIN = {"FAF", "FP_per_frame"}  # a real number, but no share of anything


class NamedFigures(Protocol):
    """What a table asks of `sportstrack.score.scores.Scores`."""

    @property
    def name(self) -> str:
        """Heads the row."""
        ...

    def __getitem__(self, figure: str) -> float:
        """Return a figure by its standard name."""
        ...

    def to_dict(self, *, curves: bool = False) -> dict[str, Any]:
        """Return every figure by name."""
        ...

    def renamed(self, name: str) -> NamedFigures:
        """Return the same figures under another name."""
        ...


Row: TypeAlias = NamedFigures | tuple[str, Mapping[str, float]]
"""Scores, or (name, figures by name) such as a class average."""


def render(rows: Rows[Row], form: str, columns: Rows[str] = SUMMARY, *, of: str = "sequence") -> str:
    """Write scores as text, a row each.

    Args:
        rows: what to write.
        form: one of `FORMATS`. Tables, Markdown and LaTeX show ratios in per cent, as papers do; CSV and JSON hold them
            from 0 to 1 in full, and all figures instead of ``columns``.
        columns: figures to show; a row without one shows a dash.
        of: heading of the first column.

    Raises:
        SettingError: unknown format or figure.
    """
    if form == "json":
        return json.dumps([_full(row) for row in rows], indent=2) + "\n"
    if form == "csv":
        return _csv([of], [([_name(row)], row) for row in rows])
    lines = [(of, *columns)] + [(_name(row), *(_cell(row, column) for column in columns)) for row in rows]
    return write_lines(lines, form)


def write_lines(lines: Rows[tuple[str, ...]], form: str) -> str:
    """Write a table of finished cells, the first line its head, as ``table``, ``markdown`` or ``latex``.

    Raises:
        SettingError: unknown format.
    """
    writers = {"table": _table, "markdown": _markdown, "latex": _latex}
    if form not in writers:
        raise SettingError(f"unknown format {form!r}{nearest(form, list(FORMATS))} (known: {', '.join(FORMATS)})")
    return writers[form](list(lines))


def render_trackers(trackers: Mapping[str, Rows[Row]], form: str, columns: Rows[str] = SUMMARY) -> str:
    """Write several trackers' rows, and, of tables, a comparison of their last rows; see `render`."""
    if form == "json":
        found = {name: {"sequences": [_full(row) for row in rows]} for name, rows in trackers.items()}
        return json.dumps(found, indent=2) + "\n"
    if form == "csv":
        return _csv(
            ["tracker", "sequence"], [([name, _name(row)], row) for name, rows in trackers.items() for row in rows]
        )
    if len(trackers) == 1:
        return render(next(iter(trackers.values())), form, columns)
    heading = {"markdown": "### {}\n\n", "latex": "% {}\n"}.get(form, "{}\n")
    parts = [heading.format(name) + render(rows, form, columns) for name, rows in trackers.items()]
    last = [_renamed(rows[-1], name) for name, rows in trackers.items()]
    return "\n".join([*parts, heading.format("comparison") + render(last, form, columns, of="tracker")])


def _renamed(row: Row, name: str) -> Row:
    return (name, row[1]) if isinstance(row, tuple) else row.renamed(name)


def _name(row: Row) -> str:
    return row[0] if isinstance(row, tuple) else row.name


def _full(row: Row) -> dict[str, Any]:
    return {"name": _name(row), **(row[1] if isinstance(row, tuple) else row.to_dict(curves=True))}


def _csv(head: list[str], rows: list[tuple[list[str], Row]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*head, *FIGURES])
    writer.writerows([*names, *(_value(row, figure) for figure in FIGURES)] for names, row in rows)
    return text.getvalue()


_OTHER_NAMES = {
    "Recall": "CLR_Re",
    "Precision": "CLR_Pr",
    "FP": "CLR_FP",
    "FN": "CLR_FN",
    "FAF": "FP_per_frame",
    "MOTSA": "MOTA",
    "MOTSP": "MOTP",
    "sMOTSA": "sMOTA",
}


def _value(row: Row, figure: str) -> float | None:
    if isinstance(row, tuple):
        return row[1].get(_OTHER_NAMES.get(figure, figure))
    return row[figure]


def _cell(row: Row, column: str) -> str:
    value = _value(row, column)
    if value is None:
        return "–"
    if isinstance(value, int):
        return str(value)
    return f"{value:.2f}" if column in _PLAIN else f"{100 * value:.2f}"


def _table(lines: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    ]
    return "\n".join([text[0], "─" * len(text[0]), *text[1:]]) + "\n"


def _markdown(lines: list[tuple[str, ...]]) -> str:
    text = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    rule = "|---|" + "---:|" * (len(lines[0]) - 1)
    return "\n".join([text[0], rule, *text[1:]]) + "\n"


def _latex(lines: list[tuple[str, ...]]) -> str:
    text = [" & ".join(_escape(cell) for cell in line) + r" \\" for line in lines]
    head = [rf"\begin{{tabular}}{{l{'r' * (len(lines[0]) - 1)}}}", r"\hline", text[0], r"\hline"]
    return "\n".join([*head, *text[1:], r"\hline", r"\end{tabular}"]) + "\n"


def _escape(cell: str) -> str:
    return "".join("\\" + c if c in "_%&#$" else c for c in cell)
