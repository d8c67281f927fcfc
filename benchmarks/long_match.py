"""Who is who in a long match: does a late minute take longer, or more memory, than an early one?

A made stream stands for detector and tracker: people in the kits of two teams, goalkeepers and officials walk about,
leave the picture and come back with other ids, and now and then their shirt numbers are read. All that learns who they
are looks at every frame: teams, shirt numbers and a roster. A line tells the processor time of a minute's frames, in
all and by learner, and what the process has in memory.

    python benchmarks/long_match.py                         # 90 minutes at 25 frames a second, 25 people
    python benchmarks/long_match.py --minutes 30 --rate 5
    python benchmarks/long_match.py --live                  # as in the service: nobody asks for the whole at the end
    python benchmarks/long_match.py --minutes 20 --profile  # where the time goes in the second half
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.cluster.hierarchy
import scipy.optimize  # noqa: F401 - so that no frame waits for them

from sportstrack import Detections, Roster, RosterPerson, Tracks
from sportstrack.identities.palette import COLOURS, REGIONS
from sportstrack.numbers.codes import code_of
from sportstrack.recording import RecordingInfo
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.named import RosterLearner
from sportstrack.track.settings import TrackSettings
from sportstrack.track.who import WhoIsWho, learners_of

SIZE = (1280, 720)
STAYS = 20.0  # seconds that a track lasts, on average
READ = 8.0  # numbers read in a second
TABLE = (1, 2, 5, 10, 20, 30, 45, 60, 75, 90)
KITS = (("white", "black", "white"), ("red", "white", "red"), ("yellow",) * 3, ("green",) * 3, ("black",) * 3)
WEARS = (*(0,) * 10, *(1,) * 10, 2, 3, 4, 4, 4)


class MadeStream:
    """People in kits who walk, leave and come back as somebody new; see above."""

    def __init__(self, people: int, rate: float) -> None:
        self._rng = np.random.default_rng(0)
        self._rate = rate
        self._wears = np.resize(WEARS, people)
        self._number = np.array([code_of(str(2 + k % 11)) for k in range(people)])
        self._place = self._rng.uniform((60, 150), (SIZE[0] - 60, SIZE[1] - 20), (people, 2))
        self._track = np.arange(1, people + 1)
        pure = np.zeros((len(KITS), len(REGIONS), len(COLOURS)), np.float32)
        for kit, colours in enumerate(KITS):
            for region, colour in enumerate(colours):
                pure[kit, region, list(COLOURS).index(colour)] = 1.0
        noise = self._rng.dirichlet(np.full(len(COLOURS), 0.3), (len(KITS), 64, len(REGIONS)))
        mixed = 0.75 * pure[:, None] + 0.25 * noise
        self._looks = mixed.reshape(len(KITS), 64, -1).astype(np.float32)

    def frames(self, count: int) -> Iterator[TrackedFrame]:
        """Yield frames with kits, votes and tracks."""
        people, rng = len(self._wears), self._rng
        classes, score = np.zeros(people, np.int64), np.ones(people)
        home = self._place.copy()
        for frame in range(count):
            step = rng.normal(0, 40 / self._rate, self._place.shape) - 0.2 / self._rate * (self._place - home)
            self._place = np.clip(self._place + step, (20, 100), (SIZE[0] - 20, SIZE[1] - 5))
            gone = np.flatnonzero(rng.random(people) < 1 / (STAYS * self._rate))
            self._track[gone] = self._track.max() + 1 + np.arange(len(gone))
            x, y = self._place.T
            tall = 40 + y / 12
            boxes = np.column_stack((x - tall / 5, y - tall, x + tall / 5, y))
            votes = np.zeros((people, 2), np.float32)
            read = np.flatnonzero((rng.random(people) < READ / self._rate / people) & (self._wears < 2))
            wrong = rng.random(len(read)) < 0.1
            votes[read, 0] = np.where(wrong, rng.integers(0, 100, len(read)), self._number[read])
            votes[read, 1] = rng.uniform(0.4, 0.95, len(read))
            kits = self._looks[self._wears, rng.integers(0, 64, people)]
            found = Detections(boxes, score, classes, kit_colours=kits, number_votes=votes)
            tracks = Tracks(boxes, score, classes, self._track.copy(), np.arange(people))
            yield TrackedFrame(index=frame, time=frame / self._rate, detections=found, tracks=tracks)


class Timed:
    """A learner whose processor time is counted.

    Args:
        learner: what is timed.
    """

    def __init__(self, learner: Any) -> None:
        self.name, self.prompt, self.seconds, self.warnings = learner.name, learner.prompt, 0.0, list[str]()
        self.before, self.add, self.now, self.finish = (
            self._counted(getattr(learner, word)) for word in ("before", "add", "now", "finish")
        )

    def _counted(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any) -> Any:
            started = time.process_time()
            result = work(*given)
            self.seconds += time.process_time() - started
            return result

        return timed


def roster() -> Roster:
    """Return both teams of the stream."""
    players = [RosterPerson(team, str(n), f"{team} {n}") for team in ("white", "red") for n in range(2, 13)]
    return Roster(
        [*players, RosterPerson("white", "1", role="goalkeeper"), RosterPerson("red", "1", role="goalkeeper")]
    )


def memory() -> float:
    """Return megabytes that this process holds now."""
    import psutil

    return float(psutil.Process().memory_info().rss / 2**20)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=90.0, help="of video (%(default)g)")
    parser.add_argument("--rate", type=float, default=25.0, help="frames a second (%(default)g)")
    parser.add_argument("--people", type=int, default=25, help="in each frame (%(default)s)")
    parser.add_argument("--live", action="store_true", help="a stream without end")
    parser.add_argument("--profile", action="store_true", help="print where the second half spends its time")
    options = parser.parse_args()
    settings = TrackSettings(teams="white=white,red=red", numbers=True)
    info = RecordingInfo("made", *SIZE, options.rate, {0: "person"})
    learners = [*learners_of(settings, info, endless=options.live), RosterLearner(roster(), endless=options.live)]
    who = WhoIsWho([Timed(one) for one in learners])
    watched(who, options)
    if not options.live:
        started = time.process_time()
        found = who.finish()
        named = len({one.name for one in found if one.name})
        print(f"at the end: {time.process_time() - started:.1f} s, {memory():.0f} MB; {named} people named")


def watched(who: WhoIsWho, options: Any) -> None:
    """Print a line for each minute of the table, or a profile."""
    count, each = round(options.minutes * 60 * options.rate), round(60 * options.rate)
    names = [one.name for one in who.learners]
    print(f"minute   ms a frame   {'  '.join(f'{name:>8}' for name in names)}   memory, MB")
    profile, spent, before = cProfile.Profile() if options.profile else None, 0.0, [0.0] * len(names)
    for frame in MadeStream(options.people, options.rate).frames(count):
        if profile is not None and frame.index == count // 2:
            profile.enable()
        began = time.process_time()
        who.before(frame)
        who(frame)
        spent += time.process_time() - began
        if (frame.index + 1) % each == 0:
            minute, now = (frame.index + 1) // each, [one.seconds for one in who.learners]
            if minute in TABLE or minute == count // each:
                cells = "  ".join(f"{1000 * (b - a) / each:8.2f}" for a, b in zip(before, now, strict=True))
                print(f"{minute:>6} {1000 * spent / each:>12.2f}   {cells} {memory():>12.0f}", flush=True)
            spent, before = 0.0, now
    if profile is not None:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
