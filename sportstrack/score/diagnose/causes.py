"""What an error may be put down to, the limits of each cause, and the records of errors.

The limits are the author's choice, so that counts of different trackers on the same data compare; they are no
measurement of causality.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sportstrack.types import IntArray

SWITCH_CAUSES = {
    "re-entry": "the player had left the picture and came back",
    "camera pan": "the whole picture moved by 15 % of a player's height in a frame, or more (pan or shot change)",
    "overlap": "another player covered half of the box, or more",
    "fast motion": "the player moved by 15 % of its height in a frame, or more, besides the camera's motion",
    "turning": "the player changed direction by more than 60° at speed",
    "light change": "the brightness of the picture changed by a sixth",
    "gap": "the player was not found for some frames",
    "low score": "a score below one half",
    "scale change": "the box's height changed by a third",
    "unexplained": "none of these",
}
MISS_CAUSES = {
    "occluded": "another player covered half of the box, or more",
    "border": "the box reached the edge of the picture",
    "small": "the box was smaller than 32 × 32 pixels",
    "misplaced": "there was a box, but it overlapped by less than a half",
    "just appeared": "it was among the player's first three frames",
    "unexplained": "none of these",
}
FALSE_CAUSES = {
    "doubled": "a player had this box and a better one",
    "misplaced": "the box overlapped a player by less than a half",
    "leftover": "the track's player had left the picture",
    "border": "the box reached the edge of the picture",
    "small": "the box was smaller than 32 × 32 pixels",
    "ghost": "nothing was there",
}
"""Cause → what it means, in the order in which they are asked."""

COVERED = 0.5  # share of the box
PLACED = 0.1  # overlap from which a box is taken as meant for a player
LOW_SCORE = 0.5
PAN = 0.15  # heights per frame
FAST = 0.15  # heights per frame
TURN = np.cos(np.radians(60.0))
TURN_SPEED = 0.03  # heights per frame on both sides of a turn
SCALE = 4 / 3  # ratio of heights
LIGHT = 1 / 6  # relative change of mean brightness
NEW = 3  # frames
QUIET = 200  # matches without a switch that are looked at per sequence, for comparison
LOOK_BACK = 5  # frames before a switch that belong to its circumstances
MOMENT = 25  # frames of a bad moment
WEIGHTS = {"switch": 5.0, "fragment": 2.0, "miss": 1.0, "false": 1.0}
"""What an error weighs when the worst moments are looked for."""


@dataclass(frozen=True)
class Switch:
    """An identity switch.

    Attributes:
        frame: from 0, in which the new id appears.
        last_frame: in which the player was last matched.
        player: the truth's id.
        old: the result's id before.
        new: the result's id now.
        cause: the first of ``signs``, or ``"unexplained"``.
        signs: every cause of `SWITCH_CAUSES` that applies.
        other: truth id of the player that covered this one, None if none did.
        taken_from: truth id of the player that the new id belonged to last, None if it is a new id.
    """

    frame: int
    last_frame: int
    player: int
    old: int
    new: int
    cause: str
    signs: tuple[str, ...]
    other: int | None
    taken_from: int | None


@dataclass(frozen=True, eq=False)
class Errors:
    """Misses or false positives, a row each: (N,) frame from 0, id (truth's or result's) and cause."""

    frame: IntArray
    track_id: IntArray
    cause: list[str]

    def counts(self) -> dict[str, int]:
        """Return cause → number of boxes."""
        return dict(Counter(self.cause))


@dataclass(frozen=True)
class ErrorMoment:
    """A stretch of `MOMENT` frames with many errors.

    Attributes:
        sequence: its name.
        frame: the middle one, from 0.
        weight: sum of `WEIGHTS`.
        switches: identity switches in it.
        misses: missed boxes.
        false: false positives.
        players: truth ids concerned, the most concerned first.
        ids: result ids concerned.
    """

    sequence: str
    frame: int
    weight: float
    switches: int
    misses: int
    false: int
    players: tuple[int, ...]
    ids: tuple[int, ...]
