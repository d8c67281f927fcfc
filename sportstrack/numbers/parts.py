"""The parts of a track that have a number, with the whole track in view: a hidden Markov model, smoothed."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from sportstrack.numbers.codes import COUNT, text_of
from sportstrack.numbers.looks import likelihood, right
from sportstrack.numbers.worn import NumbersWorn
from sportstrack.types import FloatArray

LEAST_SUPPORT = 1.3  # confidences that must have added up for a number where any can be: more than one vote …
ON_ROSTER = 0.55  # … and where a roster says which can be: one clear look
LEAST_SHARE = 0.9  # probability that a number must have once among all numbers …
HELD = 0.8  # … and in every frame for which it is held
CLEAR = 1.5  # as strong must one of two parts with the same number be for the other one alone to lose it

_JOINT = 0.01  # chance of another person from which on a joint is noted with its frame
_ONE = 1.0  # seconds; joints without a look between that are nearer than this are one
_OTHER_TEAM = 0.97  # chance that a track whose team changes is another person


@dataclass(frozen=True)
class NumberPart:
    """Consecutive frames of a track, and the number in them.

    Attributes:
        first_frame: from 0.
        last_frame: the last one that counts.
        number: its text, empty for "unreadable".
        confidence: 0 to 1, 0 for "unreadable".
        support: the confidences that were added up for it.
        team: of the track in these frames, empty for unknown.
    """

    first_frame: int
    last_frame: int
    number: str = ""
    confidence: float = 0.0
    support: float = 0.0
    team: str = ""

    def without_number(self) -> NumberPart:
        """Return the same frames, unreadable."""
        return replace(self, number="", confidence=0.0)


def counts(code: int, confidence: float, worn: NumbersWorn) -> float:
    """Return what a look counts for its number: its confidence, or with a roster how probable it is right.

    With a roster one clear look is enough. Unclear ones, of which stripes give many, must add up to as much as without.
    """
    if not worn.known:
        return confidence
    said = right(code, confidence)
    return said if said >= ON_ROSTER else said * ON_ROSTER / LEAST_SUPPORT


def decided(part: NumberPart, chance: FloatArray, surest: float, support: FloatArray, worn: NumbersWorn) -> NumberPart:
    """Return a part with its number.

    Args:
        part: the frames.
        chance: (110,) how probable each number is.
        surest: the greatest probability that the most probable one has in any of the frames.
        support: (110,) what looks count for each, added up; see `counts`.
        worn: which numbers can be. One look may be enough where these are few.
    """
    best = int(chance.argmax())
    part = replace(part, support=float(support[best]))
    unsure = chance[best] < HELD or surest < LEAST_SHARE
    if unsure or support[best] < (ON_ROSTER if worn.known else LEAST_SUPPORT):
        return part
    return replace(part, number=text_of(best), confidence=float(min(chance[best], 1.0)))


@dataclass
class Story:
    """The looks at a track and its joints, in the order of time; 10 bytes each.

    Attributes:
        frames: of each event.
        codes: what was read, −1 for a joint.
        values: how sure that was, or how probable another person is from this frame on.
    """

    frames: array[int] = field(default_factory=lambda: array("i"))
    codes: array[int] = field(default_factory=lambda: array("h"))
    values: array[float] = field(default_factory=lambda: array("f"))
    _time: float = -np.inf  # seconds of the newest event
    _small: float = 0.0  # chance of another person since then that is in no joint

    def look(self, frame: int, time: float, code: int, confidence: float) -> None:
        """Add a look."""
        if self._small > 0 and self.frames:
            self._add((self.frames[-1] + frame + 1) // 2, -1, self._small)
        self._add(frame, code, confidence)
        self._time, self._small = time, 0.0

    def better(self, code: int, confidence: float) -> None:
        """Put another reading in place of the newest look's."""
        last = max(at for at in range(len(self.codes)) if self.codes[at] >= 0) if self.codes[-1] < 0 else -1
        self.codes[last], self.values[last] = code, confidence

    def doubt(self, frame: int, time: float, chance: float) -> None:
        """Note how probable it is that the track is another person from a frame on."""
        if chance < _JOINT:
            self._small = 1 - (1 - self._small) * (1 - chance)
        elif self.codes and self.codes[-1] < 0 and time - self._time < _ONE:
            before = self.values[-1]
            self.values[-1] = 1 - (1 - before) * (1 - chance)
            if chance >= before:
                self.frames[-1] = frame
        else:
            self._add(frame, -1, chance)
            self._time = time

    def _add(self, frame: int, code: int, value: float) -> None:
        self.frames.append(frame)
        self.codes.append(code)
        self.values.append(value)


Stretches = Sequence[tuple[int, str]]
"""First frames of the parts of a track in which it is of one team, and these teams; the first one begins the track."""


def parts_of(story: Story, first: int, last: int, worn: NumbersWorn, teams: Stretches = ()) -> list[NumberPart]:
    """Return the parts of a track whose number is known, in the order of time.

    Args:
        story: its looks and joints.
        first: first frame of the track.
        last: last frame of it.
        worn: which numbers can be.
        teams: where the track's team changes; () where it is unknown.
    """
    teams = teams or [(first, "")]
    begins, stay, looks = _pieces(story, first, last, [start for start, _ in teams[1:]])
    team = [max((one for one in teams if one[0] <= start), default=teams[0])[1] for start in begins]
    before = [worn.of(one) for one in team]
    like = np.ones((len(begins), COUNT))
    support = np.zeros((len(begins), COUNT))
    for piece, code, confidence in looks:
        like[piece] *= likelihood(code, confidence)
        support[piece, worn.spoken_for(code)] += counts(code, confidence, worn)
    chance = smoothed(before, like, stay)
    best, ends = chance.argmax(axis=1).tolist(), [*(start - 1 for start in begins[1:]), last]
    sure = chance.max(axis=1)
    edges = [k for k in range(len(begins)) if not k or (best[k], team[k]) != (best[k - 1], team[k - 1])
             or min(sure[k], sure[k - 1]) < HELD]  # fmt: skip
    found = []
    for a, b in pairwise([*edges, len(begins)]):
        length = np.array([ends[k] - begins[k] + 1 for k in range(a, b)], np.float64)
        part = NumberPart(begins[a], ends[b - 1], team=team[a])
        mean = length @ chance[a:b] / length.sum()
        found.append(decided(part, mean, float(sure[a:b].max()), support[a:b].sum(axis=0), worn))
    return [part for part in found if part.number]


def _pieces(
    story: Story, first: int, last: int, changes: Sequence[int]
) -> tuple[list[int], list[float], list[tuple[int, int, float]]]:
    """Return the first frames of a track's pieces, the chances that nothing changed between, and looks by piece."""
    events = [*zip(story.frames, story.codes, story.values, strict=True)]
    events = sorted([*events, *((frame, -1, _OTHER_TEAM) for frame in changes)], key=lambda one: (one[0], one[1]))
    begins, stay, looks = [first], list[float](), list[tuple[int, int, float]]()
    for frame, code, value in events:
        if code >= 0:
            looks.append((len(begins) - 1, code, value))
        elif frame <= begins[-1] or frame > last:  # two joints in one frame, or at the ends
            if stay and frame <= last:
                stay[-1] *= 1 - value
        else:
            begins.append(frame)
            stay.append(1 - value)
    return begins, stay, looks


def smoothed(before: Sequence[FloatArray], like: FloatArray, stay: Sequence[float]) -> FloatArray:
    """Return (N, S) how probable each state of a hidden Markov model is in each of N pieces, given all observations.

    Between two pieces the state stays, or it is drawn anew (forward and backward).

    Args:
        before: N of (S,) how probable each state is in a piece of which nothing is observed.
        like: (N, S) how likely the observations of a piece are in each state, up to a factor.
        stay: N − 1 chances that the state is not drawn anew.
    """
    forward, backward = np.empty(like.shape), np.ones(like.shape)
    forward[0] = before[0] * like[0]
    forward[0] /= forward[0].sum()
    for k, same in enumerate(stay, 1):
        forward[k] = (same * forward[k - 1] + (1 - same) * before[k]) * like[k]
        forward[k] /= forward[k].sum()
    for k in range(len(stay) - 1, -1, -1):
        after = like[k + 1] * backward[k + 1]
        backward[k] = stay[k] * after + (1 - stay[k]) * (before[k + 1] @ after)
        backward[k] /= backward[k].max()
    chance = forward * backward
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def apart(parts: Mapping[int, Sequence[NumberPart]]) -> dict[int, list[NumberPart]]:
    """Take numbers away from parts that cannot have them beside stronger ones, by track.

    Two of one team never have the same number at one time; where teams are unknown, three of them never do.
    """
    found = {(track, k): part for track, ones in parts.items() for k, part in enumerate(ones)}
    holders: dict[str, list[tuple[int, int]]] = {}
    for key in sorted(found, key=lambda key: -found[key].support):
        if found[key].number:
            holders.setdefault(found[key].number, []).append(key)
    result = dict(found)
    for keys in holders.values():
        for place, key in enumerate(keys):
            rivals = [
                found[other] for other in keys[:place] if other[0] != key[0] and _at_once(found[key], found[other])
            ]
            for group in _conflicts(found[key], rivals):
                result[key] = found[key].without_number()
                for other in keys[:place]:  # as good as this one: neither is sure
                    if found[other] in group and found[other].support < CLEAR * found[key].support:
                        result[other] = found[other].without_number()
    return {track: [result[track, k] for k in range(len(ones))] for track, ones in parts.items()}


def _conflicts(part: NumberPart, rivals: Sequence[NumberPart]) -> Iterator[list[NumberPart]]:
    """Yield the groups of parts beside which a part cannot have the same number."""
    same = [other for other in rivals if part.team and other.team == part.team]
    unknown = [other for other in rivals if not part.team or not other.team]
    if same:
        yield same
    elif len(unknown) > 1:
        yield unknown


def _at_once(one: NumberPart, other: NumberPart) -> bool:
    """Return whether two parts share a frame."""
    return one.first_frame <= other.last_frame and other.first_frame <= one.last_frame
