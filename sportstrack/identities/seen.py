"""Who was seen when: the times on the picture of each person of a roster."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.identities.pieces import TrackPiece
from sportstrack.identities.roster import Roster, RosterPerson
from sportstrack.types import IntArray

BREAK = 1.0
"""Seconds off the picture after which a new appearance begins."""

_SHOWN = 3  # appearances that a line lists
_LONGEST = 24  # characters of a name


@dataclass(frozen=True)
class TimeSeen:
    """One person's time on the picture.

    Attributes:
        person: of the roster.
        seconds: in all.
        spans: (from, to) of each appearance, in seconds of the video.
        tracks: how many tracks it was made of.
    """

    person: RosterPerson
    seconds: float
    spans: tuple[tuple[float, float], ...]
    tracks: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> TimeSeen:
        """Return what `to_dict` made plain values of."""
        person = RosterPerson(row["team"], row["number"], row["name"], row["role"])
        return cls(person, row["seconds"], tuple((a, b) for a, b in row["spans"]), row["tracks"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            **vars(self.person), "seconds": round(self.seconds, 3), "tracks": self.tracks,
            "spans": [[round(a, 3), round(b, 3)] for a, b in self.spans],
        }  # fmt: skip


def who_was_seen(
    person: Mapping[TrackPiece, int],
    frames: Mapping[TrackPiece, IntArray],
    roster: Roster,
    frame_rate: float,
    every: int = 1,
) -> list[TimeSeen]:
    """Return the times of everyone on the roster, in its order; nobody's list is empty.

    Args:
        person: piece of a track → index in the roster.
        frames: piece → its frames.
        roster: who may be seen.
        frame_rate: frames per second of the video.
        every: every how many of the video's frames one was tracked.
    """
    out = []
    for who, one in enumerate(roster):
        pieces = [piece for piece, index in person.items() if index == who]
        there = np.unique(np.concatenate([frames[piece] for piece in pieces])) if pieces else np.empty(0, np.int64)
        spans = _spans(there, max(every, BREAK * frame_rate))
        times = tuple((a / frame_rate, (b + every) / frame_rate) for a, b in spans)
        tracks = len({piece.track_id for piece in pieces})
        out.append(TimeSeen(one, len(there) * every / frame_rate, times, tracks))
    return out


def _spans(frames: IntArray, gap: float) -> list[tuple[int, int]]:
    if not len(frames):
        return []
    breaks = np.flatnonzero(np.diff(frames) > gap)
    first = frames[np.concatenate([[0], breaks + 1])]
    last = frames[np.concatenate([breaks, [len(frames) - 1]])]
    return list(zip(first.tolist(), last.tolist(), strict=True))


def seen_text(seen: list[TimeSeen]) -> str:
    """Return a table for people, the longest on the picture first in each team; those never seen are counted."""
    there = [one for one in seen if one.spans]
    order = list(dict.fromkeys(one.person.team for one in seen))
    there.sort(key=lambda one: (order.index(one.person.team), -one.seconds))
    head = ("team", "number", "name", "role", "on the picture", "when")
    lines = [head, *(_line(one) for one in there)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    missing = [one.person.name for one in seen if not one.spans]
    more = f"never seen: {', '.join(missing)}\n" if missing else ""
    return "\n".join([text[0], "─" * max(map(len, text)), *text[1:]]) + "\n" + more


def _line(one: TimeSeen) -> tuple[str, ...]:
    person, name = one.person, one.person.name
    spans = ", ".join(f"{clock(a)}–{clock(b)}" for a, b in one.spans[:_SHOWN])
    more = f" and {len(one.spans) - _SHOWN} more" if len(one.spans) > _SHOWN else ""
    name = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return (person.team or "–", person.number or "–", name, person.role, clock(one.seconds), spans + more)


def clock(seconds: float) -> str:
    """Return minutes and seconds, ``1:05``, with hours where there are any."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def seen_csv(seen: list[TimeSeen]) -> str:
    """Return one row for each person: team, number, name, role, seconds, tracks, and the spans in seconds."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("team", "number", "name", "role", "seconds", "tracks", "spans"))
    for one in seen:
        spans = " ".join(f"{a:.2f}-{b:.2f}" for a, b in one.spans)
        person = one.person
        writer.writerow((person.team, person.number, person.name, person.role, f"{one.seconds:.2f}", one.tracks, spans))
    return text.getvalue()
