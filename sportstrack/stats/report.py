"""The statistics as a table to read in a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from sportstrack.pitch.file import summary_words
from sportstrack.stats.match import MatchStats
from sportstrack.stats.possession import STATES
from sportstrack.stats.tables import player_rows, team_rows

_SHORT = {
    "player": "player", "team": "team", "role": "role", "players": "players", "minutes": "min", "distance_m": "m",
    "m_per_min": "m/min", "top_kmh": "top km/h", "sprints": "sprints", "mean_kmh": "mean km/h",
    "possession_share": "ball", "mean_depth": "depth m", "mean_width": "width m", "mean_area": "hull m²",
}  # fmt: skip
_FIRST = ("minutes", "distance_m", "m_per_min", "top_kmh", "sprints")
_DIGITS = {"minutes": 1, "distance_m": 0, "m_per_min": 0, "top_kmh": 1, "mean_kmh": 1}
_WORDS = ("player", "team", "role")


def report(stats: MatchStats, width: int | None = None) -> str:
    """Return the tables of players and teams, as wide as the terminal at most.

    Args:
        stats: what was measured.
        width: columns of characters; None asks the terminal.
    """
    room = shutil.get_terminal_size((100, 24)).columns if width is None else width
    bands = [f"s_{band}" for band in stats.settings.band_names]
    players = player_rows(stats)
    parts = [f"{stats.name}: {len(stats.frames) * stats.possession.step:.0f} s, camera {summary_words(stats.pitch)}"]
    named = ["player", "role"] if not stats.teams else ["player", "team", "role"]
    if not any(row["role"] for row in players):
        named.remove("role")
    parts.append(_table(players, [*named, *_FIRST, *bands], room))
    if teams := team_rows(stats):
        parts.append(
            _table(
                teams, ["team", "players", *_FIRST, "possession_share", "mean_depth", "mean_width", "mean_area"], room
            )
        )
    if len(stats.ball.frame):
        total = max(len(stats.frames) * stats.possession.step, 1e-9)
        shares = ", ".join(f"{state} {stats.possession.seconds(state) / total:.0%}" for state in STATES)
        parts.append(f"ball: {shares}\n")
    parts.append(f"bands in km/h; sprints from {stats.settings.sprint_speed:g} km/h\n")
    return "\n".join(parts)


def _table(rows: Sequence[dict[str, Any]], columns: list[str], room: int) -> str:
    """Return rows as aligned columns; those that have no room are left out, from the right."""
    texts = {column: [_SHORT.get(column, column.removeprefix("s_") + " s")] for column in columns}
    for column in columns:
        texts[column] += [_cell(row.get(column), column) for row in rows]
    widths = {column: max(map(len, texts[column])) for column in columns}
    while len(columns) > 2 and sum(widths[column] + 2 for column in columns) - 2 > room:
        columns = columns[:-1]
    lines = []
    for number in range(len(rows) + 1):
        cells = [
            texts[c][number].ljust(widths[c]) if c in _WORDS else texts[c][number].rjust(widths[c]) for c in columns
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "─" * (sum(widths[column] + 2 for column in columns) - 2))
    return "\n".join(lines) + "\n"


def _cell(value: Any, column: str) -> str:
    if value is None:
        return "-"
    if column == "possession_share":
        return f"{value:.0%}"
    if isinstance(value, float):
        return f"{value:.{_DIGITS.get(column, 0)}f}"
    return str(value)
