"""The places as a table that kloppy loads: SkillCorner's open format of broadcast tracking.

It is the format of https://github.com/SkillCorner/opendata: a JSON file of the match and JSON lines of ten moments a
second. Unlike others it was made for cameras that do not see everyone: players without a number, players who are out of
view, and moments in which nobody knows who has the ball all have their place in it.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.ball import GROUNDED
from sportstrack.stats.match import MatchStats
from sportstrack.types import BoolArray, FloatArray, IntArray

RATE = 10  # moments a second, as the format has it
BALL = 0  # its number among the objects
_HALF = 45 * 60  # seconds; the clock of a second half begins with them
_BRIDGE = 0.25  # seconds between two places of the ball, between which it is known


def skillcorner_files(stats: MatchStats) -> tuple[str, str]:
    """Return the texts of the match file and of the tracking file.

    Raises:
        SettingError: there are not two teams.
    """
    if len(stats.teams) != 2:
        raise SettingError(
            f"kloppy: its formats have two teams, but the identities of {stats.name} know "
            f"{', '.join(stats.teams) or 'none'}; give --identities with the teams"
        )
    rows = [
        n for n, person in enumerate(stats.persons) if person.is_player and person.team and len(stats.table.rows(n))
    ]
    return json.dumps(_match(stats, rows), ensure_ascii=False, indent=1) + "\n", _tracking(stats, rows)


def _match(stats: MatchStats, rows: list[int]) -> dict[str, Any]:
    teams = {team: {"id": number, "name": team, "acronym": team[:3]} for number, team in enumerate(stats.teams, 1)}
    players = []
    for row in rows:
        person = stats.persons[row]
        first, _, last = (person.name or person.label).rpartition(" ")
        keeper = person.role == "goalkeeper"
        players.append(
            {
                "id": row + 1,
                "trackable_object": row + 1,
                "team_id": teams[person.team]["id"],
                "number": int(person.number) if person.number else None,
                "first_name": first,
                "last_name": last,
                "short_name": person.label,
                "start_time": "00:00:00",
                "end_time": None,
                "player_role": {"id": 0 if keeper else 17, "name": "Goalkeeper" if keeper else "Unknown"},
                "track_ids": list(person.track_ids),
            }
        )
    pitch = stats.pitch.pitch
    home, away = teams.values()
    return {
        "id": stats.name,
        "home_team": home,
        "away_team": away,
        "home_team_score": 0,
        "away_team_score": 0,
        "date_time": None,
        "pitch_length": pitch.length,
        "pitch_width": pitch.width,
        "players": players,
        "referees": [],
        "ball": {"trackable_object": BALL},
    }


def _tracking(stats: MatchStats, rows: list[int]) -> str:
    ticks, period, clock = _moments(stats)
    at = ticks * stats.frame_rate / RATE  # in frames of the video
    members: list[list[dict[str, Any]]] = [[] for _ in ticks]
    for row in rows:
        inside, xy, seen = _placed(stats, row, at)
        for tick, (x, y), detected in zip(inside.tolist(), xy.tolist(), seen.tolist(), strict=True):
            members[tick].append(
                {"x": round(x, 2), "y": round(-y, 2), "player_id": row + 1, "is_detected": bool(detected)}
            )
    ball = _ball(stats, at)
    team = dict(zip(stats.possession.frame.tolist(), stats.possession.team, strict=True))
    who = dict(zip(stats.possession.frame.tolist(), stats.possession.person.tolist(), strict=True))
    groups = {stats.teams[0]: "home team", stats.teams[1]: "away team"}
    stride = stats.possession.frame
    near = stride[np.clip(np.searchsorted(stride, np.floor(at + 1e-9), side="right") - 1, 0, len(stride) - 1)]
    lines = []
    for n, tick in enumerate(ticks.tolist()):
        x, y = ball[n].tolist()
        known = bool(np.isfinite(x))
        frame = int(near[n])
        line = {
            "frame": tick,
            "timestamp": _clock(float(clock[n])),
            "period": int(period[n]),
            "ball_data": {
                "x": round(x, 2) if known else None, "y": round(-y, 2) if known else None, "z": 0.0 if known else None,
                "is_detected": known,
            },
            "possession": {
                "player_id": who[frame] + 1 if who[frame] >= 0 else None, "group": groups.get(team[frame]),
            },
            "player_data": members[n],
        }  # fmt: skip
        lines.append(json.dumps(line) + "\n")
    return "".join(lines)


def _moments(stats: MatchStats) -> tuple[IntArray, IntArray, FloatArray]:
    """Return (T,) tenths of a second, periods from 1, and seconds on the clock."""
    first, last = int(stats.frames[0]), int(stats.frames[-1])
    ticks = np.arange(int(np.ceil(first * RATE / stats.frame_rate)), int(last * RATE / stats.frame_rate + 1e-9) + 1)
    period, clock = np.ones(len(ticks), np.int64), ticks / RATE
    if len(stats.cast.sides) > 1:
        turn = stats.time(stats.cast.sides[1].first_frame)
        second = ticks / RATE >= turn
        period[second] = 2
        clock = np.where(second, _HALF + ticks / RATE - turn, clock)
    return ticks, period, clock


def _placed(stats: MatchStats, person: int, at: FloatArray) -> tuple[IntArray, FloatArray, BoolArray]:
    """Return the moments in which a person's path is known, the places, and whether the person was seen."""
    rows = stats.table.of(person)
    frame, xy = stats.table.frame[rows], stats.table.xy[rows]
    run, seen = stats.table.run[rows], stats.table.seen[rows]
    after = np.clip(np.searchsorted(frame, at - 1e-9), 0, len(frame) - 1)
    exact = np.abs(frame[after] - at) < 1e-6
    before = np.where(exact, after, np.maximum(after - 1, 0))
    inside = (frame[before] <= at + 1e-6) & (frame[after] >= at - 1e-6) & (run[before] == run[after])
    moments = np.flatnonzero(inside)
    b, a = before[moments], after[moments]
    width = np.maximum(frame[a] - frame[b], 1)
    share = ((at[moments] - frame[b]) / width)[:, None]
    return moments, np.asarray(xy[b] * (1 - share) + xy[a] * share), seen[b] | seen[a]


def _ball(stats: MatchStats, at: FloatArray) -> FloatArray:
    """Return (T, 2) places of the ball, NaN where it is not on the ground or not seen."""
    ball, found = stats.ball, np.full((len(at), 2), np.nan)
    good = ball.state == GROUNDED
    frame, xy = ball.frame[good], ball.xy[good]
    if not len(frame):
        return found
    after = np.clip(np.searchsorted(frame, at - 1e-9), 0, len(frame) - 1)
    before = np.where(np.abs(frame[after] - at) < 1e-6, after, np.maximum(after - 1, 0))
    gap = frame[after] - frame[before]
    inside = (frame[before] <= at + 1e-6) & (frame[after] >= at - 1e-6) & (gap <= _BRIDGE * stats.frame_rate)
    share = ((at - frame[before]) / np.maximum(gap, 1))[:, None]
    found[inside] = (xy[before] * (1 - share) + xy[after] * share)[inside]
    return found


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 100), 6000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest / 100:05.2f}"
