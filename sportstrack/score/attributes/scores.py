"""`WhoIsWhoScores`: of what a result says of teams, roles and numbers, how much is right, and how much is said at all.

Boxes of truth and result are matched frame by frame (intersection over union of 0.5 or more, best sum). A matched box
whose truth is known counts as decided if the result says something, and as right if it says the same. A team or number
of somebody who has none, such as a referee, is extra; it counts against what was said. Tracks are counted too: a track
of the result stands for the person whom it is matched with most often, and says what it says in most of these frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sportstrack.errors import FormatError, SettingError
from sportstrack.identities.rows import Text, attribute_of_rows
from sportstrack.identities.table import Identities
from sportstrack.mot import MotTable
from sportstrack.score.matching import match_pairs
from sportstrack.score.sequence import Sequence
from sportstrack.types import IntArray

ATTRIBUTES = ("team", "role", "number")
OVERLAP = 0.5
LEGIBLE = 10
"""Crops in which a shirt's number can be read, from which on a track counts as legible."""

NONE, OTHER_TEAM = "none", "a third team"
"""What the truth is for somebody without a team or number, and what the result's teams are beyond the truth's two."""

_NUMBERED = ("player", "goalkeeper")


@dataclass(frozen=True)
class Count:
    """One attribute, counted in frames or in tracks.

    Attributes:
        known: the truth says what it is.
        decided: of these, the result says something.
        right: of these, it is what the truth says.
        extra: the result says something of somebody who has no such thing.
    """

    known: int = 0
    decided: int = 0
    right: int = 0
    extra: int = 0

    @property
    def accuracy(self) -> float | None:
        """The right ones as a share of all that was said; None if nothing was."""
        said = self.decided + self.extra
        return self.right / said if said else None

    @property
    def coverage(self) -> float | None:
        """The share of the known ones of which something was said; None if nothing is known."""
        return self.decided / self.known if self.known else None

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, name) + getattr(other, name) for name in vars(self)))

    def to_dict(self) -> dict[str, Any]:
        """Return the counts, accuracy and coverage."""
        return {**vars(self), "accuracy": self.accuracy, "coverage": self.coverage}

    @classmethod
    def of(cls, truth: Text, said: Text) -> Count:
        """Count (N,) pairs of values; "" is unknown."""
        known = (truth != "") & (truth != NONE)
        return cls(
            *map(
                int,
                (
                    known.sum(), (known & (said != "")).sum(), (known & (said == truth)).sum(),
                    ((truth == NONE) & (said != "")).sum(),
                ),
            )
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class WhoIsWhoScores:
    """The scores of one or more sequences.

    Attributes:
        name: of the sequence.
        frames: attribute → count of matched boxes.
        tracks: attribute → count of the result's tracks that match anybody; where the truth knows in which frames a
            number can be read, ``legible number`` counts the tracks with ten such frames or more.
        confusion: attribute → (truth, said) → matched boxes; teams by the truth's names, "" is undecided.
        teams: the result's team → the truth's, as they agree best; of one sequence.
        boxes: boxes of the truth, of the result, and matched.
        parts: the single sequences, if there are several.
    """

    name: str
    frames: Mapping[str, Count]
    tracks: Mapping[str, Count]
    confusion: Mapping[str, Counter[tuple[str, str]]]
    teams: Mapping[str, str] = field(default_factory=dict)
    boxes: tuple[int, int, int] = (0, 0, 0)
    parts: tuple[WhoIsWhoScores, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        truth: tuple[MotTable, Identities],
        result: tuple[MotTable, Identities],
        frames: int | None = None,
        legible: frozenset[tuple[int, int]] | None = None,
    ) -> WhoIsWhoScores:
        """Score one sequence.

        Args:
            name: of the sequence.
            truth: boxes and who is who.
            result: the same of a tracker; names of teams may be any.
            frames: length of the sequence; None: the last frame that either has.
            legible: frames (from 0) and ids of the truth in which a number can be read, where that is known.

        Raises:
            FormatError: no track of the truth or of the result has an identity, or a frame lies beyond the length.
        """
        for side, (table, who) in (("truth", truth), ("result", result)):
            if len(table) and not set(np.unique(table.track_id).tolist()) & set(who.track_ids):
                raise FormatError(
                    f"{name}: no track of the {side} is named by its identities; is it another run's file?"
                )
        pairs = Sequence.of(name, truth[0], result[0], frames)
        i, j = pairs.i[keep := pairs.iou >= OVERLAP], pairs.j[keep]
        chosen = match_pairs(pairs, i, j, pairs.iou[keep])
        t, r = pairs.truth.table[i[chosen]], pairs.result.table[j[chosen]]
        wanted = {one: _truth_of(t, truth[1], one) for one in ATTRIBUTES}
        said = {one: values(r, result[1], one) for one in ATTRIBUTES}
        mapping = match_teams(wanted["team"], said["team"])
        said["team"] = np.array([mapping.get(team, OTHER_TEAM) if team else "" for team in said["team"]], np.str_)
        by_frame = {one: Count.of(wanted[one], said[one]) for one in ATTRIBUTES}
        confusion = {one: Counter(zip(wanted[one].tolist(), said[one].tolist(), strict=True)) for one in ATTRIBUTES}
        by_track = _count_tracks(t, r, wanted, said, legible)
        size = (len(pairs.truth), len(pairs.result), len(t))
        return cls(name, by_frame, by_track, confusion, mapping, size)

    @classmethod
    def pool(cls, scores: Iterable[WhoIsWhoScores], name: str = "COMBINED") -> WhoIsWhoScores:
        """Add up sequences; SettingError if there are none."""
        parts = tuple(scores)
        if not parts:
            raise SettingError("no sequences to pool")
        names = list(dict.fromkeys(one for part in parts for one in part.tracks))
        return cls(
            name,
            {one: sum((part.frames[one] for part in parts), Count()) for one in ATTRIBUTES},
            {one: sum((part.tracks.get(one, Count()) for part in parts), Count()) for one in names},
            {one: sum((part.confusion[one] for part in parts), Counter()) for one in ATTRIBUTES},
            {},
            tuple(sum(part.boxes[k] for part in parts) for k in range(3)),  # type: ignore[arg-type]
            parts,
        )

    def renamed(self, name: str) -> WhoIsWhoScores:
        """Return the same scores under another name."""
        return replace(self, name=name)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "name": self.name,
            "boxes": dict(zip(("truth", "result", "matched"), self.boxes, strict=True)),
            "teams": dict(self.teams),
            "frames": {one: count.to_dict() for one, count in self.frames.items()},
            "tracks": {one: count.to_dict() for one, count in self.tracks.items()},
            "confusion": {
                one: [{"truth": a, "said": b, "frames": n} for (a, b), n in sorted(counter.items()) if a]
                for one, counter in self.confusion.items()
            },
            **({"sequences": [part.to_dict() for part in self.parts]} if self.parts else {}),
        }  # fmt: skip

    def __str__(self) -> str:
        from sportstrack.score.attributes.report import report

        return report(self)


def values(table: MotTable, identities: Identities, attribute: str) -> Text:
    """(N,) what the identities say of each row of a table; "" where they say nothing."""
    return attribute_of_rows(identities, table.frame, table.track_id, attribute)


def match_teams(truth: Text, said: Text) -> dict[str, str]:
    """Return the result's team → the truth's: the one-to-one choice that agrees in most of (N,) boxes."""
    from scipy.optimize import linear_sum_assignment

    known = (truth != "") & (truth != NONE) & (said != "")
    theirs, rows = np.unique(said[known], return_inverse=True)
    ours, columns = np.unique(truth[known], return_inverse=True)
    count = np.zeros((len(theirs), len(ours)), np.int64)
    np.add.at(count, (rows, columns), 1)
    chosen = zip(*linear_sum_assignment(count, maximize=True), strict=True)
    return {str(theirs[a]): str(ours[b]) for a, b in chosen}


def _truth_of(table: MotTable, identities: Identities, attribute: str) -> Text:
    """(N,) the truth of each row; `NONE` for the team and the number of those who have none."""
    found = values(table, identities, attribute)
    if attribute == "role":
        return found
    role = values(table, identities, "role")
    without = (found == "") & (role != "") & ~np.isin(role, _NUMBERED)
    return np.where(without, NONE, found)


def _count_tracks(
    truth: MotTable,
    result: MotTable,
    wanted: Mapping[str, Text],
    said: Mapping[str, Text],
    legible: frozenset[tuple[int, int]] | None,
) -> dict[str, Count]:
    """Count the result's tracks; all arguments have a row for each matched box."""
    rows = [np.flatnonzero(result.track_id == track) for track in np.unique(result.track_id)]
    person = [_most(truth.track_id[one]) for one in rows]
    own = [one[truth.track_id[one] == who] for one, who in zip(rows, person, strict=True)]
    counts = {}
    for attribute in ATTRIBUTES:
        right = np.array([_most(wanted[attribute][one]) for one in own], np.str_)
        heard = np.array([_most_said(said[attribute][one]) for one in rows], np.str_)
        counts[attribute] = Count.of(right, heard)
        if attribute == "number" and legible is not None:
            seen = [_legible(truth[one], legible) >= LEGIBLE for one in own]
            counts["legible number"] = Count.of(right[seen], heard[seen]) if len(right) else Count()
    return counts


def _legible(table: MotTable, legible: frozenset[tuple[int, int]]) -> int:
    return sum(pair in legible for pair in zip(table.frame.tolist(), table.track_id.tolist(), strict=True))


def _most(found: Text | IntArray) -> Any:
    """Return the most frequent value."""
    kinds, count = np.unique(found, return_counts=True)
    return kinds[np.argmax(count)]


def _most_said(found: Text) -> str:
    """Return the most frequent value that is none of "", or ""."""
    return str(_most(found[found != ""])) if (found != "").any() else ""
