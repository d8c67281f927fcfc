"""Why a tracker fails: every identity switch, miss and false positive with its likely cause.

Everything is inferred from ground truth and result. An error is filed under the first cause of its list that applies;
a switch also carries all the other signs found. The limits below are the author's choice, so that counts of different
trackers on the same data compare; they are no measurement of causality.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.score.circumstances import SMALL, Circumstances, area, at_border, circumstances, picture_size
from sportstrack.score.clear import Matches, fragments, match_clear
from sportstrack.score.sequence import Sequence
from sportstrack.types import BoolArray, FloatArray, IntArray

SWITCH_CAUSES = {
    "re-entry": "the player had left the picture and came back",
    "camera pan": "the whole picture moved by 15 % of a player's height in a frame, or more (pan or cut)",
    "overlap": "another player covered half of the box, or more",
    "fast motion": "the player moved by 15 % of the own height in a frame, or more, the camera deducted",
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
        other: truth id of the player who covered this one, None if nobody did.
        taken_from: truth id of the player to whom the new id belonged last, None if it is a fresh one.
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
class Moment:
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


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Everything found on one sequence.

    Attributes:
        name: the sequence.
        frames: its length F.
        switches: in order of frames.
        usual: share, 0…1, of quiet matches (no switch) that show a sign; "light change" is not looked for there.
        misses: truth boxes without a match.
        false: result boxes without a match.
        timeline: (4, F) number of switches, fragments, misses and false positives per frame.
        seq: the sequence itself, for pictures.
        folder: where its images may lie, or None.
    """

    name: str
    frames: int
    switches: list[Switch]
    usual: dict[str, float]
    misses: Errors
    false: Errors
    timeline: IntArray
    seq: Sequence
    folder: Path | None = None

    def moments(self) -> list[Moment]:
        """Return the bad moments, worst first, none within `MOMENT` frames of another."""
        until = np.concatenate([[0.0], np.cumsum(np.array(list(WEIGHTS.values())) @ self.timeline)])
        middle = np.arange(self.frames)
        total = until[np.minimum(middle + MOMENT // 2 + 1, self.frames)] - until[np.maximum(middle - MOMENT // 2, 0)]
        found = []
        while len(total) and total.max() > 0:
            worst = int(total.argmax())
            found.append(self._moment(worst, float(total[worst])))
            total[max(0, worst - MOMENT) : worst + MOMENT + 1] = 0
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return counts and lists for JSON; frames count from 1 there, as in MOT text."""
        return {
            "sequence": self.name,
            "frames": self.frames,
            "switches": {
                "causes": dict(Counter(s.cause for s in self.switches)),
                "signs": dict(Counter(sign for s in self.switches for sign in s.signs)),
                "signs_without_switch": self.usual,
                "list": [asdict(s) | {"frame": s.frame + 1, "last_frame": s.last_frame + 1} for s in self.switches],
            },
            "misses": {"causes": self.misses.counts(), "runs": _runs(self.misses)},
            "false_positives": {"causes": self.false.counts(), "runs": _runs(self.false)},
            "timeline": dict(
                zip(("switches", "fragments", "misses", "false_positives"), self.timeline.tolist(), strict=True)
            ),
            "worst": [asdict(m) | {"frame": m.frame + 1} for m in self.moments()[:10]],
        }

    def _moment(self, middle: int, weight: float) -> Moment:
        first, end = max(0, middle - MOMENT // 2), middle + MOMENT // 2 + 1
        switches = [s for s in self.switches if first <= s.frame < end]
        missed = self.misses.track_id[(self.misses.frame >= first) & (self.misses.frame < end)].tolist()
        false = self.false.track_id[(self.false.frame >= first) & (self.false.frame < end)].tolist()
        players = Counter(missed)
        ids = Counter(false)
        for s in switches:
            players[s.player] += int(WEIGHTS["switch"])
            ids[s.old] += 1
            ids[s.new] += 1
        return Moment(
            self.name,
            middle,
            weight,
            len(switches),
            len(missed),
            len(false),
            tuple(p for p, _ in players.most_common(6)),
            tuple(i for i, _ in ids.most_common(6)),
        )


def diagnose(
    seq: Sequence, size: tuple[int, int] | None = None, light: Callable[[int], float | None] = lambda _: None
) -> Diagnosis:
    """Attribute every error of a sequence.

    Args:
        seq: the sequence.
        size: width and height of the picture; None takes the extent of the true boxes.
        light: frame from 0 → mean brightness of its image, or None where there is none.
    """
    matches, around = match_clear(seq), circumstances(seq, size)
    misses, false = _misses(seq, matches, around), _false(seq, matches, picture_size(seq, size))
    frame = seq.truth.table.frame
    counted = (frame[matches.switch], frame[fragments(matches)], misses.frame, false.frame)
    return Diagnosis(
        name=seq.name,
        frames=seq.frames,
        switches=_switches(seq, matches, around, light),
        usual=_usual(seq, matches, around),
        misses=misses,
        false=false,
        timeline=np.array([np.bincount(f, minlength=seq.frames) for f in counted]),
        seq=seq,
    )


def _switches(
    seq: Sequence, matches: Matches, around: Circumstances, light: Callable[[int], float | None]
) -> list[Switch]:
    identity, ids = seq.truth.identity, seq.truth.ids
    spans, owner = _Spans(seq, matches), _owners(seq, matches)
    found = []
    for row in np.flatnonzero(matches.switch).tolist():
        last = int(matches.last[row])
        span = spans.before(row)
        signs = _signs(seq, matches, around, span, last, row, light)
        worst = int(span[around.covered[span].argmax()])
        cover = int(around.coverer[worst]) if around.covered[worst] >= COVERED else -1
        new = int(matches.partner[row])
        found.append(
            Switch(
                frame=int(seq.truth.table.frame[row]),
                last_frame=int(seq.truth.table.frame[last]),
                player=int(ids[identity[row]]),
                old=int(seq.result.ids[seq.result.identity[matches.partner[last]]]),
                new=int(seq.result.ids[seq.result.identity[new]]),
                cause=signs[0] if signs else "unexplained",
                signs=signs,
                other=int(ids[identity[cover]]) if cover >= 0 else None,
                taken_from=_former_owner(seq, owner, new, int(identity[row])),
            )
        )
    return found


class _Spans:
    """The truth rows of a player from shortly before the last match to a given row."""

    def __init__(self, seq: Sequence, matches: Matches) -> None:
        identity = seq.truth.identity
        self._frame, self._identity, self._last = seq.truth.table.frame, identity, matches.last
        self._order = np.argsort(identity, kind="stable")
        self._begin = np.searchsorted(identity[self._order], np.arange(len(seq.truth.ids) + 1))

    def before(self, row: int) -> IntArray:
        """Return the rows, in order of frames, ``row`` itself last."""
        mine = self._order[slice(*self._begin[self._identity[row] : self._identity[row] + 2])]
        first = self._frame[self._last[row]] - LOOK_BACK
        ends = np.searchsorted(self._frame[mine], [first, self._frame[row] + 1])
        return mine[slice(*ends)]


def _usual(seq: Sequence, matches: Matches, around: Circumstances) -> dict[str, float]:
    """Return how often each sign is there when nothing happens: its share among matches without a switch."""
    quiet = np.flatnonzero((matches.last >= 0) & ~matches.switch)
    rows = quiet[np.unique(np.linspace(0, len(quiet) - 1, min(QUIET, len(quiet))).astype(int))].tolist()
    spans = _Spans(seq, matches)
    signs = Counter(
        sign
        for row in rows
        for sign in _signs(seq, matches, around, spans.before(row), int(matches.last[row]), row, lambda _: None)
    )
    return {sign: signs[sign] / len(rows) for sign in SWITCH_CAUSES if sign in signs}


def _signs(
    seq: Sequence,
    matches: Matches,
    around: Circumstances,
    span: IntArray,
    last: int,
    row: int,
    light: Callable[[int], float | None],
) -> tuple[str, ...]:
    """Return the causes that apply to a switch; ``span``: the player's truth rows from shortly before to the switch."""
    frame, boxes = seq.truth.table.frame, seq.truth.table.xyxy
    between = span[(span > last) & (span < row)]
    pan = around.pan[frame[span[0]] + 1 : frame[row] + 1]
    speed = np.hypot(*around.own[span].T)
    height = boxes[span, 3] - boxes[span, 1]
    scores = seq.result.table.score[matches.partner[span[matches.partner[span] >= 0]]]
    applies = {
        "re-entry": frame[row] - frame[last] - 1 > len(between),
        "camera pan": pan.max(initial=0.0) >= PAN,
        "overlap": around.covered[span].max() >= COVERED,
        "fast motion": np.nanmax(speed, initial=0.0) >= FAST,
        "turning": _turns(around.own[span]),
        "light change": _light_changes(light, int(frame[last]), int(frame[row])),
        "gap": len(between) > 0,
        "low score": bool((scores < LOW_SCORE).any()) and bool(seq.result.table.score.max() > LOW_SCORE),
        "scale change": height.max() / height.min() >= SCALE,
    }
    return tuple(cause for cause in SWITCH_CAUSES if applies.get(cause))


def _turns(own: FloatArray) -> bool:
    """Whether the direction changes by more than 60° anywhere between three frames and the next three, all at speed."""
    own = own[np.isfinite(own).all(axis=1)]
    for k in range(2, len(own) - 1):
        before, after = own[max(0, k - 3) : k].mean(axis=0), own[k : k + 3].mean(axis=0)
        speeds = float(np.hypot(*before)), float(np.hypot(*after))
        if min(speeds) >= TURN_SPEED and float(before @ after) < TURN * speeds[0] * speeds[1]:
            return True
    return False


def _light_changes(light: Callable[[int], float | None], last: int, now: int) -> bool:
    before, after = light(last), light(now)
    if before is None or after is None:
        return False
    return abs(after - before) > LIGHT * max(before, after, 1.0)


def _owners(seq: Sequence, matches: Matches) -> IntArray:
    """(R,) true identity that each result row is matched with, or −1."""
    owner = np.full(len(seq.result), -1)
    hit = matches.partner >= 0
    owner[matches.partner[hit]] = seq.truth.identity[hit]
    return owner


def _former_owner(seq: Sequence, owner: IntArray, row: int, player: int) -> int | None:
    before = np.flatnonzero((seq.result.identity[:row] == seq.result.identity[row]) & (owner[:row] >= 0))
    if not len(before) or owner[before[-1]] == player:
        return None
    return int(seq.truth.ids[owner[before[-1]]])


def _misses(seq: Sequence, matches: Matches, around: Circumstances) -> Errors:
    rows = np.flatnonzero(matches.partner < 0)
    near = np.zeros(len(seq.truth))
    np.maximum.at(near, seq.i, seq.iou)
    applies = {
        "occluded": around.covered[rows] >= COVERED,
        "border": around.border[rows],
        "small": around.small[rows],
        "misplaced": near[rows] >= PLACED,
        "just appeared": around.age[rows] < NEW,
    }
    causes = _first(applies, MISS_CAUSES, len(rows))
    return Errors(seq.truth.table.frame[rows], seq.truth.ids[seq.truth.identity[rows]], causes)


def _false(seq: Sequence, matches: Matches, size: tuple[float, float]) -> Errors:
    taken = np.zeros(len(seq.result), np.bool_)
    taken[matches.partner[matches.partner >= 0]] = True
    rows = np.flatnonzero(~taken)
    near = np.zeros(len(seq.result))
    np.maximum.at(near, seq.j, seq.iou)
    boxes = seq.result.table.xyxy[rows]
    applies = {
        "doubled": near[rows] >= 0.5,
        "misplaced": near[rows] >= PLACED,
        "leftover": _left_over(seq, matches)[rows],
        "border": at_border(boxes, size),
        "small": area(boxes) < SMALL,
    }
    causes = _first(applies, FALSE_CAUSES, len(rows))
    return Errors(seq.result.table.frame[rows], seq.result.ids[seq.result.identity[rows]], causes)


def _left_over(seq: Sequence, matches: Matches) -> BoolArray:
    """(R,) True for unmatched result rows whose track last followed a player that isn't in the frame any more."""
    owner = _owners(seq, matches)
    order = np.lexsort((seq.result.table.frame, seq.result.identity))
    place = np.where(owner[order] >= 0, np.arange(len(order)), -1)
    begin = np.searchsorted(seq.result.identity[order], seq.result.identity[order])  # where each row's track begins
    last = np.maximum.accumulate(place) if len(place) else place
    last_owner = np.where(last >= begin, owner[order][last], -1)
    present = np.unique(seq.truth.table.frame * len(seq.truth.ids) + seq.truth.identity)
    key = seq.result.table.frame[order] * len(seq.truth.ids) + last_owner
    left = np.zeros(len(order), np.bool_)
    left[order] = (last_owner >= 0) & ~np.isin(key, present) & (owner[order] < 0)
    return left


def _first(applies: dict[str, BoolArray], causes: dict[str, str], count: int) -> list[str]:
    """Return, for each error, the first cause that applies, or the list's last one."""
    names = list(causes)
    found = np.full(count, len(names) - 1)
    for cause, mask in reversed(list(applies.items())):
        found[mask] = names.index(cause)
    return [names[k] for k in found]


def _runs(errors: Errors) -> list[dict[str, Any]]:
    """Join errors of one id in consecutive frames: first and last frame (from 1), id, boxes and the commonest cause."""
    order = np.lexsort((errors.frame, errors.track_id))
    frame, track = errors.frame[order], errors.track_id[order]
    cuts = np.flatnonzero((np.diff(track) != 0) | (np.diff(frame) != 1)) + 1
    runs = []
    for part in np.split(np.arange(len(order)), cuts) if len(order) else []:
        cause = Counter(errors.cause[k] for k in order[part].tolist()).most_common(1)[0][0]
        first, last = int(frame[part[0]]) + 1, int(frame[part[-1]]) + 1
        runs.append({"first": first, "last": last, "id": int(track[part[0]]), "boxes": len(part), "cause": cause})
    return sorted(runs, key=lambda run: (run["first"], run["id"]))
