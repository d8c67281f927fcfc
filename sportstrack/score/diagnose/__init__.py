"""Why a tracker fails: every identity switch, miss and false positive with its likely cause.

Everything is inferred from ground truth and result. An error is filed under the first cause of its list that applies;
a switch also carries all the other signs found. `causes` has the lists and their limits.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sportstrack.score.circumstances import circumstances, picture_size
from sportstrack.score.clear import fragments, match_clear
from sportstrack.score.diagnose.boxes import find_false_positives, find_misses
from sportstrack.score.diagnose.causes import MOMENT, WEIGHTS, ErrorMoment, Errors, Switch
from sportstrack.score.diagnose.switches import Evidence, Light, find_switches, usual_signs
from sportstrack.score.sequence import Sequence
from sportstrack.types import IntArray


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
    """

    name: str
    frames: int
    switches: list[Switch]
    usual: dict[str, float]
    misses: Errors
    false: Errors
    timeline: IntArray
    seq: Sequence

    def moments(self) -> list[ErrorMoment]:
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

    def _moment(self, middle: int, weight: float) -> ErrorMoment:
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
        return ErrorMoment(
            self.name,
            middle,
            weight,
            len(switches),
            len(missed),
            len(false),
            tuple(p for p, _ in players.most_common(6)),
            tuple(i for i, _ in ids.most_common(6)),
        )


def diagnose(seq: Sequence, size: tuple[int, int] | None = None, light: Light = lambda _: None) -> Diagnosis:
    """Attribute every error of a sequence.

    Args:
        seq: the sequence.
        size: width and height of the picture; None takes the extent of the true boxes.
        light: frame from 0 → mean brightness of its image, or None where there is none.
    """
    evidence = Evidence(seq, match_clear(seq), circumstances(seq, size))
    misses = find_misses(*evidence)
    false = find_false_positives(seq, evidence.matches, picture_size(seq, size))
    frame, matches = seq.truth.table.frame, evidence.matches
    counted = (frame[matches.switch], frame[fragments(matches)], misses.frame, false.frame)
    return Diagnosis(
        name=seq.name,
        frames=seq.frames,
        switches=find_switches(evidence, light),
        usual=usual_signs(evidence),
        misses=misses,
        false=false,
        timeline=np.array([np.bincount(f, minlength=seq.frames) for f in counted]),
        seq=seq,
    )


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
