"""The vote: what was read on the boxes of a track becomes one number, or "unreadable"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.identities import Identities, Identity
from sportstrack.numbers.codes import COUNT, TEXTS, UNREADABLE, Votes, text_of
from sportstrack.types import FloatArray, IntArray

LEAST_SUPPORT = 1.3  # confidences that must have added up for a number: more than one vote
LEAST_SHARE = 0.9  # probability that a number must have among all numbers
SAME_LOOK = 0.2  # seconds; what is read in this time is one look, of which the surest vote counts
CLEAR = 1.5  # as strong must one of two tracks with the same number be for the other one alone to lose it

_WEIGHT = 0.7  # of a vote: votes of one track make the same mistakes
_HIDDEN = 0.08  # of the looks at a number of two digits show one of them alone
_WRONG = 0.06  # of the looks are read as anything else
_ADDED = 0.02  # of the looks at a single digit show a second one that is none


def confusion() -> FloatArray:
    """Return (110, 110) probabilities: row, the number on the shirt; column, what is read where the reader is sure.

    A digit of two is often hidden by an arm, a fold or the turn of the back, so 17 is read as 1 or 7 now and then. The
    opposite, 7 read as 17, is rare. So a few clear looks at 17 outweigh more of 7.
    """
    table = np.full((COUNT, COUNT), _WRONG / COUNT)
    for place, text in enumerate(TEXTS):
        table[place, place] += 1 - _WRONG
        others = [o for o, other in enumerate(TEXTS) if len(other) != len(text) and (other in text or text in other)]
        lost = _HIDDEN if len(text) == 2 else _ADDED
        table[place, place] -= lost
        table[place, others] += lost / len(others)
    return np.asarray(table / table.sum(axis=1, keepdims=True))


@dataclass
class Ballot:
    """What was read on one track: sums over its looks, which take the same memory however many these are.

    Attributes:
        first_frame: first frame of the track, from 0.
        last_frame: the newest.
        time: seconds of the newest look.
        code: what was read in it, −1 before the first one.
        confidence: how sure that was.
        likely: (110,) of each number, the logarithm of its likelihood given the looks before, up to a constant.
        support: (110,) the confidences that were added up for each number in the looks before.
    """

    first_frame: int
    last_frame: int
    time: float = -np.inf
    code: int = UNREADABLE
    confidence: float = 0.0
    likely: FloatArray | None = None
    support: FloatArray | None = None

    def cast(self, time: float, code: int, confidence: float) -> None:
        """Add a vote; of those of one look the surest counts."""
        if self.code >= 0 and time - self.time < SAME_LOOK:
            if confidence > self.confidence:
                self.code, self.confidence = code, confidence
            return
        self.likely, self.support = self.sums()
        self.time, self.code, self.confidence = time, code, confidence

    def sums(self) -> tuple[FloatArray, FloatArray]:
        """Return likelihoods and supports with the newest look."""
        likely, support = (np.zeros(COUNT) if one is None else one.copy() for one in (self.likely, self.support))
        if self.code >= 0:
            likely += np.log(self.confidence * _CONFUSION[:, self.code] + (1 - self.confidence) / COUNT)
            support[self.code] += self.confidence
        return likely - likely.max(), support


@dataclass(frozen=True)
class Outcome:
    """The number of a track.

    Attributes:
        number: its text, empty for "unreadable".
        confidence: 0 to 1, 0 for "unreadable".
        support: the confidences that were added up for it.
    """

    number: str = ""
    confidence: float = 0.0
    support: float = 0.0


_CONFUSION = confusion()


class NumberVotes:
    """Gathers what was read on each track, frame by frame; its answer holds for what came so far.

    The answer of a track is the number with the greatest probability, given all its votes and how readers go wrong
    (`confusion`). It is "unreadable" with less than `LEAST_SHARE` or too few votes. Two tracks of one team that are
    there at the same time never have the same number; of unknown teams, three of them never do.
    """

    def __init__(self) -> None:
        self._ballots: dict[int, Ballot] = {}
        self._outcomes: dict[int, Outcome] = {}

    def add(self, frame: int, time: float, track_id: IntArray, detection: IntArray, votes: Votes | None) -> None:
        """Add a frame.

        Args:
            frame: its number, from 0.
            time: its time in seconds.
            track_id: (M,) tracks of the frame.
            detection: (M,) their rows among the detections, −1 for none.
            votes: (N, 2) of the detections; None where nobody looked.
        """
        for track, row in zip(track_id.tolist(), detection.tolist(), strict=True):
            ballot = self._ballots.setdefault(track, Ballot(frame, frame))
            ballot.last_frame = frame
            if votes is not None and row >= 0 and votes[row, 1] > 0 and 0 <= votes[row, 0] < COUNT:
                ballot.cast(time, int(votes[row, 0]), min(1.0, float(votes[row, 1])))
                self._outcomes.pop(track, None)

    def forget(self, before: int) -> None:
        """Forget the tracks that were last seen before a frame."""
        self._ballots = {track: one for track, one in self._ballots.items() if one.last_frame >= before}
        self._outcomes = {track: one for track, one in self._outcomes.items() if track in self._ballots}

    def restart(self, tracks: Iterable[int]) -> None:
        """Forget what was read on some tracks, whose ids are another's from now on."""
        for track in tracks:
            self._ballots.pop(track, None)
            self._outcomes.pop(track, None)

    def outcomes(self, teams: Mapping[int, str] | None = None) -> dict[int, Outcome]:
        """Return track → its number, with what came so far.

        Args:
            teams: track → team, where known.
        """
        alone = {track: self._outcome(track) for track in self._ballots}
        return _apart(alone, self._ballots, teams or {})

    def now(self, tracks: Iterable[int], teams: Mapping[int, str] | None = None) -> dict[int, Identity]:
        """Return the numbers of some tracks that are known, as if there were no others; arguments as above."""
        alone = {track: self._outcome(track) for track in tracks if track in self._ballots}
        return {
            track: self._identity(track, outcome)
            for track, outcome in _apart(alone, self._ballots, teams or {}).items()
            if outcome.number
        }

    def identities(self, teams: Mapping[int, str] | None = None) -> Identities:
        """Return a row for each track whose number is known; arguments as above."""
        return Identities(
            self._identity(track, outcome) for track, outcome in self.outcomes(teams).items() if outcome.number
        )

    def _identity(self, track: int, outcome: Outcome) -> Identity:
        ballot = self._ballots[track]
        frames = (ballot.first_frame, ballot.last_frame)
        return Identity(track, *frames, number=outcome.number, number_confidence=outcome.confidence)

    def _outcome(self, track: int) -> Outcome:
        if track not in self._outcomes:
            self._outcomes[track] = decide(self._ballots[track])
        return self._outcomes[track]


def decide(ballot: Ballot) -> Outcome:
    """Return the outcome of one track's votes."""
    if ballot.code < 0:
        return Outcome()
    likely, supports = ballot.sums()
    shares = np.exp(_WEIGHT * likely)
    shares /= shares.sum()
    best = int(shares.argmax())
    support = float(supports[best])
    if shares[best] < LEAST_SHARE or support < LEAST_SUPPORT:
        return Outcome(support=support)
    return Outcome(text_of(best), float(shares[best]), support)


def _apart(outcomes: dict[int, Outcome], ballots: Mapping[int, Ballot], teams: Mapping[int, str]) -> dict[int, Outcome]:
    """Take numbers away from tracks that cannot have them beside stronger ones."""
    result = dict(outcomes)
    holders: dict[str, list[int]] = {}
    for track, outcome in sorted(outcomes.items(), key=lambda pair: -pair[1].support):
        if outcome.number:
            holders.setdefault(outcome.number, []).append(track)
    for tracks in holders.values():
        kept: list[int] = []
        for track in tracks:
            rivals = [other for other in kept if _at_once(ballots[track], ballots[other])]
            for group in _conflicts(track, rivals, teams):
                result[track] = Outcome(support=outcomes[track].support)
                for other in group:  # as good as this one: neither is sure
                    if outcomes[other].support < CLEAR * outcomes[track].support:
                        result[other] = Outcome(support=outcomes[other].support)
            kept.append(track)
    return result


def _conflicts(track: int, rivals: Sequence[int], teams: Mapping[int, str]) -> list[list[int]]:
    """Return the groups of tracks beside which a track cannot have the same number."""
    team = teams.get(track, "")
    same = [other for other in rivals if team and teams.get(other, "") == team]
    unknown = [other for other in rivals if not team or not teams.get(other, "")]
    groups = [same] if same else []
    return groups + ([unknown] if len(unknown) + len(same) > 1 and not same else [])


def _at_once(one: Ballot, other: Ballot) -> bool:
    """Return whether two tracks are there at the same time, by their first and last frames."""
    return one.first_frame <= other.last_frame and other.first_frame <= one.last_frame
