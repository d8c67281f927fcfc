"""The statistics as tables of plain values, for CSV, JSON and pandas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sportstrack.stats.match import MatchStats
from sportstrack.stats.movement import Figures, add_up
from sportstrack.stats.possession import STATES
from sportstrack.stats.settings import KMH
from sportstrack.types import IntArray

Row = dict[str, Any]


def player_rows(stats: MatchStats) -> list[Row]:
    """Return a row for each person: players by team and distance, then the others."""
    held = stats.possession.person_seconds()
    rows = []
    for number, person in enumerate(stats.persons):
        figures = stats.figures(number)
        if not figures.seconds:
            continue
        frames = stats.table.frame[stats.table.of(number)]
        rows.append(
            {
                "player": person.label,
                "track_ids": " ".join(map(str, person.track_ids)),
                "team": person.team,
                "role": person.role,
                "number": person.number,
                "name": person.name,
                "first_seen_s": round(stats.time(int(frames[0])), 2),
                "last_seen_s": round(stats.time(int(frames[-1])), 2),
                **_figures(figures, stats.settings.band_names),
                "possession_s": round(held.get(number, 0.0), 2),
                "_order": (not person.is_player, person.team == "", person.team, -figures.distance),
            }
        )
    rows.sort(key=lambda row: row["_order"])
    return [{name: value for name, value in row.items() if name != "_order"} for row in rows]


def team_rows(stats: MatchStats) -> list[Row]:
    """Return a row for each team: its players' figures together, possession and mean shape."""
    held, control = (stats.possession.team_seconds(held=held) for held in (True, False))
    rows = []
    for team in stats.teams:
        members = _members(stats, team)
        count = sum(1 for member in members if len(stats.table.rows(member)))
        figures = _of(stats, np.concatenate([stats.table.rows(member) for member in members]))
        shapes = [one for one in stats.shapes if one.team == team]
        rows.append(
            {
                "team": team,
                "players": count,
                **_figures(figures, stats.settings.band_names),
                "possession_s": round(held.get(team, 0.0), 2),
                "possession_share": _share(held, team),
                "control_s": round(control.get(team, 0.0), 2),
                "control_share": _share(control, team),
                **{
                    f"mean_{name}": round(float(np.mean([getattr(one, name) for one in shapes])), 1) if shapes else None
                    for name in ("depth", "width", "area")
                },
            }
        )
    return rows


def minute_rows(stats: MatchStats) -> list[Row]:
    """Return a row for each team and minute, and for each person and minute; minutes count from 1."""
    minute = (stats.table.frame / stats.frame_rate // 60).astype(np.int64) + 1
    rows = []
    groups = [(team, "", np.concatenate([stats.table.rows(m) for m in _members(stats, team)])) for team in stats.teams]
    groups += [(person.team, person.label, stats.table.rows(n)) for n, person in enumerate(stats.persons)]
    for team, player, some in groups:
        for number in np.unique(minute[some]).tolist():
            figures = _figures(_of(stats, some[minute[some] == number]), stats.settings.band_names)
            rows.append({"minute": number, "team": team, "player": player, **figures})
    return sorted(rows, key=lambda row: (row["minute"], row["player"] != "", row["team"], row["player"]))


def shape_rows(stats: MatchStats) -> list[Row]:
    """Return a row for each measurement of a team's shape."""
    return [
        {
            "time_s": round(stats.time(one.frame), 3),
            "frame": one.frame + 1,
            "team": one.team,
            "players": one.players,
            "centroid_x": round(one.x, 2),
            "centroid_y": round(one.y, 2),
            "depth_m": round(one.depth, 2),
            "width_m": round(one.width, 2),
            "hull_m2": round(one.area, 1),
            "spread_m": round(one.spread, 2),
        }
        for one in stats.shapes
    ]


def possession_rows(stats: MatchStats) -> list[Row]:
    """Return a row for each span of time in which the ball is in one state."""
    step = stats.possession.step
    return [
        {
            "start_s": round(stats.time(one.first_frame), 3),
            "end_s": round(stats.time(one.last_frame) + step, 3),
            "first_frame": one.first_frame + 1,
            "last_frame": one.last_frame + 1,
            "state": one.state,
            "team": one.team,
            "player": stats.persons[one.person].label if one.person >= 0 else "",
        }
        for one in stats.possession.spans()
    ]


POSITION_COLUMNS = ("frame", "time_s", "player", "team", "x", "y", "speed_kmh", "seen")


def position_lines(stats: MatchStats) -> Iterator[str]:
    """Yield the lines of a CSV file, the header first: each person's smoothed place and speed in each frame."""
    table, speed = stats.table, stats.table.speed * KMH
    who = [as_csv([{"player": one.label, "team": one.team}]).splitlines()[1] for one in stats.persons]
    yield ",".join(POSITION_COLUMNS) + "\n"
    for row in np.lexsort((table.person, table.frame)).tolist():
        frame, (x, y) = int(table.frame[row]), table.xy[row].tolist()
        fast = f"{speed[row]:.2f}" if np.isfinite(speed[row]) else ""
        place = f"{x:.2f},{y:.2f},{fast},{int(table.seen[row])}"
        yield f"{frame + 1},{stats.time(frame):.3f},{who[int(table.person[row])]},{place}\n"


def as_dict(stats: MatchStats) -> dict[str, Any]:
    """Return everything but the places, as plain values for JSON."""
    pitch = stats.pitch
    statuses = [one.status for one in pitch]
    return {
        "name": stats.name,
        "pitch": {"pitch": pitch.pitch.name, "length": pitch.pitch.length, "width": pitch.pitch.width},
        "frame_rate": stats.frame_rate,
        "seconds": round(len(stats.frames) * stats.possession.step, 3),
        "frames": {status: statuses.count(status) for status in ("ok", "carried", "refused")},
        "bands_kmh": list(stats.settings.bands),
        "sides": [
            {"first_frame": one.first_frame + 1, "last_frame": one.last_frame + 1, "defends": dict(one.sides)}
            for one in stats.cast.sides
        ],
        "ball_s": {state: round(stats.possession.seconds(state), 2) for state in STATES},
        "players": player_rows(stats),
        "teams": team_rows(stats),
        "minutes": minute_rows(stats),
        "shape": shape_rows(stats),
        "possession": possession_rows(stats),
        "warnings": stats.warnings,
    }


def as_csv(rows: Sequence[Row], columns: Sequence[str] = ()) -> str:
    """Return rows as CSV with a header; without rows the header alone, of the columns given."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _members(stats: MatchStats, team: str) -> list[int]:
    return [number for number, person in enumerate(stats.persons) if person.team == team and person.is_player]


def _of(stats: MatchStats, rows: IntArray) -> Figures:
    return add_up(stats.table, stats.steps, rows, len(stats.settings.bands) + 1)


def _share(seconds: dict[str, float], team: str) -> float | None:
    total = sum(seconds.values())
    return round(seconds.get(team, 0.0) / total, 4) if total else None


def _figures(figures: Figures, bands: Sequence[str]) -> Row:
    minutes = figures.seconds / 60
    return {
        "minutes": round(minutes, 3),
        "distance_m": round(figures.distance, 1),
        "m_per_min": round(figures.distance / minutes, 1) if minutes else None,
        "mean_kmh": round(figures.mean_speed * KMH, 2),
        "top_kmh": round(figures.top_speed * KMH, 2),
        "sprints": figures.sprints,
        "sprint_m": round(figures.sprint_distance, 1),
        **{f"s_{band}": round(value, 2) for band, value in zip(bands, figures.band_seconds, strict=True)},
        **{f"m_{band}": round(value, 1) for band, value in zip(bands, figures.band_distance, strict=True)},
    }
