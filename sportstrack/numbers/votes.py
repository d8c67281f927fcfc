"""The vote: what was read on the boxes of a track becomes the numbers of its parts, or "unreadable".

A track may go on as another person after two people crossed, or after it was out of sight. So its number is the hidden
state of a Markov model: readings tell of the state, and at joints (`sportstrack.numbers.joints`) it may change. While a
run goes on, the model is filtered in constant memory. At the end, it is smoothed (`sportstrack.numbers.parts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sportstrack.identities import Identities, Identity
from sportstrack.numbers.codes import COUNT, UNREADABLE, Votes
from sportstrack.numbers.joints import Joints
from sportstrack.numbers.looks import likelihood
from sportstrack.numbers.parts import HELD, LEAST_SHARE, NumberPart, Story, Stretches, apart, counts, decided, parts_of
from sportstrack.numbers.worn import NumbersWorn
from sportstrack.types import BoolArray, FloatArray, IntArray

SAME_LOOK = 0.2  # seconds; what is read in this time is one look, of which the surest vote counts


@dataclass
class Ballot:
    """What was read on one track, and how probable each number is after it.

    Attributes:
        first_frame: first frame of the track, from 0.
        last_frame: the newest.
        worn: which numbers can be.
        time: seconds of the newest look.
        code: what was read in it, −1 before the first one.
        confidence: how sure that was.
        stay: chance that the track has been one person since then.
        sure: the number that was sure before then and has been held since, −1 for none.
        chance: (110,) how probable each number was before the newest look.
        support: (110,) what looks before the newest one count for each number of this person, added up.
        story: looks and joints so far, for the end; None: nobody will ask.
    """

    first_frame: int
    last_frame: int
    worn: NumbersWorn
    time: float = -np.inf
    code: int = UNREADABLE
    confidence: float = 0.0
    stay: float = 1.0
    sure: int = UNREADABLE
    chance: FloatArray | None = None
    support: FloatArray | None = None
    story: Story | None = None

    def doubt(self, frame: int, time: float, chance: float) -> None:
        """Note how probable it is that the track is another person from a frame on."""
        self.stay *= 1 - chance
        if self.story is not None:
            self.story.doubt(frame, time, chance)

    def cast(self, frame: int, time: float, code: int, confidence: float) -> None:
        """Add a vote; of those of one look the surest counts."""
        if self.code >= 0 and time - self.time < SAME_LOOK:
            if confidence > self.confidence:
                self.code, self.confidence = code, confidence
                if self.story is not None:
                    self.story.better(code, confidence)
            return
        self.chance, self.support = self._noted()
        self.time, self.code, self.confidence, self.stay = time, code, confidence, 1.0
        if self.story is not None:
            self.story.look(frame, time, code, confidence)

    def _noted(self) -> tuple[FloatArray, FloatArray]:
        """Note whether a number is sure, and return chances and supports now."""
        chance, support = self.sums()
        best = int(chance.argmax())
        looked = chance[best] - (1 - self.stay) * self.worn.of()[best]
        if self.code >= 0 and looked >= LEAST_SHARE * self.stay:
            self.sure = best
        if best != self.sure or chance[best] < HELD:
            self.sure = UNREADABLE
        return chance, support

    def sums(self) -> tuple[FloatArray, FloatArray]:
        """Return chances and supports now, with the newest look."""
        before = self.worn.of()
        chance = before if self.chance is None else self.chance.copy()
        support = np.zeros(COUNT) if self.support is None else self.support.copy()
        if self.code >= 0:
            chance = chance * likelihood(self.code, self.confidence)
            support[self.worn.spoken_for(self.code)] += counts(self.code, self.confidence, self.worn)
        chance = self.stay * chance / chance.sum() + (1 - self.stay) * before
        return chance, self.stay * support

    def now(self, team: str) -> NumberPart:
        """Return the number now, of somebody of a team."""
        blank = NumberPart(self.first_frame, self.last_frame, team=team)
        if self.code < 0:
            return blank
        chance, support = self.sums()
        prior = self.worn.of()
        looked = chance - (1 - self.stay) * prior  # as it was at the newest look
        chance, looked = (one * self.worn.of(team) / prior for one in (chance, looked))
        surest = 1.0 if int(chance.argmax()) == self.sure else float((looked / looked.sum()).max())
        return decided(blank, chance / chance.sum(), surest, support, self.worn)


class NumberVotes:
    """Gathers what was read on each track, frame by frame.

    The number of a track is the one with the greatest probability, given its readings, how readers go wrong and where
    the track may have changed its person. It is "unreadable" with less than `LEAST_SHARE` or too few readings. Two
    tracks of one team that are there at the same time never have the same number; of unknown teams, three never do.

    Args:
        worn: which numbers can be; None: any.
        endless: nobody asks for the whole, by `identities`: memory for a track is constant.
    """

    def __init__(self, worn: NumbersWorn | None = None, *, endless: bool = False) -> None:
        self._worn, self._endless = worn or NumbersWorn(), endless
        self._ballots: dict[int, Ballot] = {}
        self._joints = Joints()

    def add(
        self,
        frame: int,
        time: float,
        track_id: IntArray,
        detection: IntArray,
        votes: Votes | None,
        xyxy: FloatArray | None = None,
        cut: BoolArray | bool = False,
    ) -> None:
        """Add a frame.

        Args:
            frame: its number, from 0.
            time: its time in seconds.
            track_id: (M,) tracks of the frame.
            detection: (M,) their rows among the detections, −1 for none.
            votes: (N, 2) of the detections; None where nobody looked.
            xyxy: (M, 4) boxes of the tracks; None: no two people come near each other.
            cut: whether another shot begins with the frame, or (M,) which tracks have an id that was given before.
        """
        boxes = np.zeros((len(track_id), 4)) if xyxy is None else xyxy
        doubts = self._joints.add(time, track_id, boxes, detection >= 0, cut).tolist()
        for track, row, doubt in zip(track_id.tolist(), detection.tolist(), doubts, strict=True):
            ballot = self._ballots.get(track)
            if ballot is None:
                story = None if self._endless else Story()
                self._ballots[track] = ballot = Ballot(frame, frame, self._worn, story=story)
            ballot.last_frame = frame
            if doubt > 0:
                ballot.doubt(frame, time, doubt)
            if votes is not None and row >= 0 and votes[row, 1] > 0 and 0 <= votes[row, 0] < COUNT:
                ballot.cast(frame, time, int(votes[row, 0]), min(1.0, float(votes[row, 1])))

    def forget(self, before: int) -> None:
        """Forget the tracks that were last seen before a frame."""
        self._ballots = {track: one for track, one in self._ballots.items() if one.last_frame >= before}
        self._joints.forget(set(self._ballots))
        self._worn.forget(self._ballots)

    def now(self, tracks: Iterable[int], teams: Mapping[int, str] | None = None) -> dict[int, Identity]:
        """Return the numbers of some tracks that are known now, as if there were no others.

        Args:
            tracks: which tracks; none of them has the number of another one of its team.
            teams: track → team, where known.
        """
        teams, tracks = teams or {}, [track for track in tracks if track in self._ballots]
        for track in tracks:
            self._tell(track, teams.get(track, ""))
        found = {track: [self._ballots[track].now(teams.get(track, ""))] for track in tracks}
        return {track: _identity(track, part) for track, (part,) in apart(found).items() if part.number}

    def identities(self, teams: Identities | None = None) -> Identities:
        """Return rows for the parts of all tracks whose number is known, with all that came in view.

        Args:
            teams: the tracks' teams, where known.
        """
        found = {}
        for track in self._ballots:
            rows = () if teams is None else teams.of(track)
            self._tell(track, next((row.team for row in reversed(rows) if row.team), ""))
        for track, one in self._ballots.items():
            if one.code >= 0 and one.story is not None:
                where = stretches(teams, track, one.first_frame)
                found[track] = parts_of(one.story, one.first_frame, one.last_frame, self._worn, where)
        return Identities(
            _identity(track, part) for track, parts in apart(found).items() for part in parts if part.number
        )

    def _tell(self, track: int, team: str) -> None:
        """Let a track tell which team of the roster its team is."""
        one = self._ballots[track]
        if one.code >= 0 and team:
            self._worn.tell(track, team, one.sums()[0])


def stretches(teams: Identities | None, track: int, first: int) -> Stretches:
    """Return where a track's team changes from one to another: first frames and teams."""
    found: list[tuple[int, str]] = []
    for row in () if teams is None else teams.of(track):
        if row.team and (not found or row.team != found[-1][1]):
            found.append((row.first_frame if found else first, row.team))
    return found


def _identity(track: int, part: NumberPart) -> Identity:
    frames = (part.first_frame, part.last_frame)
    return Identity(track, *frames, number=part.number, number_confidence=part.confidence)
