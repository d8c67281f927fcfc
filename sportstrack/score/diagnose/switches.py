"""Identity switches and their signs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from sportstrack.score.circumstances import Circumstances
from sportstrack.score.clear import Matches
from sportstrack.score.diagnose.boxes import owners
from sportstrack.score.diagnose.causes import (
    COVERED,
    FAST,
    LIGHT,
    LOOK_BACK,
    LOW_SCORE,
    PAN,
    QUIET,
    SCALE,
    SWITCH_CAUSES,
    TURN,
    TURN_SPEED,
    Switch,
)
from sportstrack.score.sequence import Sequence
from sportstrack.types import FloatArray, IntArray

Light: TypeAlias = Callable[[int], "float | None"]


class Evidence(NamedTuple):
    """What is known about a sequence."""

    seq: Sequence
    matches: Matches
    around: Circumstances


def find_switches(evidence: Evidence, light: Light) -> list[Switch]:
    """Return the identity switches, in order of frames.

    Args:
        evidence: what is known about the sequence.
        light: frame from 0 → mean brightness of its image, or None.
    """
    seq, matches, around = evidence
    identity, ids = seq.truth.identity, seq.truth.ids
    spans, owner = _Spans(seq, matches), owners(seq, matches)
    found = []
    for row in np.flatnonzero(matches.switch).tolist():
        last = int(matches.last[row])
        span = spans.before(row)
        signs = _signs(evidence, span, last, row, light)
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


def usual_signs(evidence: Evidence) -> dict[str, float]:
    """Return how often each sign is there when nothing happens: its share among matches without a switch."""
    seq, matches, _ = evidence
    quiet = np.flatnonzero((matches.last >= 0) & ~matches.switch)
    rows = quiet[np.unique(np.linspace(0, len(quiet) - 1, min(QUIET, len(quiet))).astype(int))].tolist()
    spans = _Spans(seq, matches)
    signs = Counter(
        sign
        for row in rows
        for sign in _signs(evidence, spans.before(row), int(matches.last[row]), row, lambda _: None)
    )
    return {sign: signs[sign] / len(rows) for sign in SWITCH_CAUSES if sign in signs}


def _signs(evidence: Evidence, span: IntArray, last: int, row: int, light: Light) -> tuple[str, ...]:
    """Return the causes that apply to a switch; ``span``: the player's truth rows from shortly before to the switch."""
    seq, matches, around = evidence
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


def _light_changes(light: Light, last: int, now: int) -> bool:
    before, after = light(last), light(now)
    if before is None or after is None:
        return False
    return abs(after - before) > LIGHT * max(before, after, 1.0)


def _former_owner(seq: Sequence, owner: IntArray, row: int, player: int) -> int | None:
    before = np.flatnonzero((seq.result.identity[:row] == seq.result.identity[row]) & (owner[:row] >= 0))
    if not len(before) or owner[before[-1]] == player:
        return None
    return int(seq.truth.ids[owner[before[-1]]])
