"""How true the statistics on the pitch are, on rendered matches with unseen seeds, and what they cost.

    python benchmarks/stats.py                    # accuracy on ten matches of a minute
    python benchmarks/stats.py --long             # seconds and megabytes of 90 minutes with 25 players

The matches are played and filmed as `sportstrack synthetic` renders them, without painting pictures. Boxes tremble as a
detector's do: each edge independently by 2 % of the box's height, and by 1.5 % more by errors that stay for 0.3 s.
The cameras are a pixel off, for half a second at a time. Two players of each match stand still.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from data_prep.synthetic.camera import Operator
from data_prep.synthetic.match import Match
from data_prep.synthetic.settings import Settings, identities
from sportstrack import (
    Camera,
    Identities,
    Identity,
    PitchTrack,
    load_pitch,
    measure_match,
    write_identities,
    write_pitch,
)
from sportstrack.mot import format_mot_rows
from sportstrack.pitch import PitchFrame
from sportstrack.types import Tracks

RATE = 25.0
STILL = (3, 12)  # of the 23 people
ROLES = ("player", "goalkeeper", "referee", "ball")
TEAMS = {"left": "A", "right": "B", "": ""}


class Slow:
    """Errors that stay for a while: a first-order autoregressive process of unit variance."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...], seconds: float) -> None:
        self._rng, self._keep = rng, float(np.exp(-1 / (RATE * seconds)))
        self.value = rng.normal(size=shape)

    def step(self) -> np.ndarray:
        """Go on by a frame and return the errors."""
        fresh = self._rng.normal(size=self.value.shape)
        self.value = self._keep * self.value + np.sqrt(1 - self._keep**2) * fresh
        return self.value


class Played:
    """A match of F frames: the truth, and what a detector and a pitch file say of it, written to a folder."""

    def __init__(self, folder: Path, seed: int, frames: int, noise: float = 1.0) -> None:
        settings = Settings(seed=seed, frames=frames)
        self._rng = np.random.default_rng(seed)
        self.xy, self.seen = np.zeros((frames, 23, 2)), np.zeros((frames, 23), bool)
        self.ball, self.owner = np.zeros((frames, 3)), np.full(frames, -1)
        self._classes = np.array([one.class_id for one in identities(settings)])
        self._boxes, self._camera = Slow(self._rng, (23, 4), 0.3), Slow(self._rng, (2,), 0.5)
        self._noise, self._size = noise, np.array([settings.width, settings.height])
        match = Match(settings)
        state = match.step()
        operator = Operator(settings, state.ball)
        still = state.xy[list(STILL)].copy()
        cameras, lines = {}, []
        for frame in range(frames):
            state = match.step()
            scene = operator.step(state.ball, state.ball_velocity)
            places = state.xy.copy()
            places[list(STILL)] = still
            self.xy[frame], self.ball[frame] = places * (1, -1), state.ball * (1, -1, 1)
            self.owner[frame] = state.owner
            m = scene.matrix
            camera = Camera.from_homography(
                np.column_stack([m[:, 0], -m[:, 1], m[:, 3]]), (settings.width / 2, settings.height / 2)
            )
            cameras[frame] = PitchFrame(frame, "ok", "", camera, np.sqrt(2) * max(noise, 0.1), 0.1)
            lines.append(self._rows(frame, camera))
        (folder / "match.txt").write_text("".join(lines), encoding="utf-8")
        summary = (
            f'{{"frame_rate": {RATE}, "names": {{"0": "player", "1": "goalkeeper", "2": "referee", "3": "ball"}}}}'
        )
        (folder / "match.summary.json").write_text(summary, encoding="utf-8")
        write_pitch(folder / "match.pitch.jsonl", PitchTrack(load_pitch(), (settings.width, settings.height), cameras))
        rows = [Identity(one.track_id, team=TEAMS[one.team], role=ROLES[one.class_id]) for one in identities(settings)]
        write_identities(folder / "match.identities.csv", Identities(rows))
        self.teams = [TEAMS[one.team] for one in identities(settings)]

    def _rows(self, frame: int, camera: Camera) -> str:
        """Return the rows of the boxes that a detector would find."""
        rng, shift = self._rng, self._noise * self._camera.step()
        feet, ball = camera.project(self.xy[frame]), camera.project(self.ball[frame][None])
        heads = camera.project(np.column_stack([self.xy[frame], np.full(23, 1.8)]))
        tall = feet[:, 1] - heads[:, 1]
        boxes = np.column_stack([feet[:, 0] - 0.2 * tall, heads[:, 1], feet[:, 0] + 0.2 * tall, feet[:, 1]])
        jitter = 0.02 * rng.normal(size=boxes.shape) + 0.015 * self._boxes.step()
        boxes += self._noise * tall[:, None] * jitter + np.tile(shift, 2)
        place = ball[0] + shift + self._noise * rng.normal(size=2)
        boxes = np.vstack([boxes, [*(place - 4), *(place + 4)]])
        good = np.isfinite(boxes).all(axis=1)
        good &= (np.nan_to_num(boxes[:, 2:]) > 0).all(axis=1) & (np.nan_to_num(boxes[:, :2], nan=1e9) < self._size).all(
            1
        )
        good &= np.nan_to_num(boxes[:, 3], nan=1e9) < self._size[1]
        self.seen[frame] = good[:23]
        good[23] &= rng.random() > 0.1 * min(self._noise, 1)
        rows = np.flatnonzero(good)
        scores, order = np.full(len(rows), 0.9), np.arange(len(rows))
        return format_mot_rows(frame, Tracks(boxes[rows], scores, self._classes[rows], rows + 1, order))


def compare(seed: int, frames: int, noise: float) -> dict[str, float]:
    """Return the errors of one match."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        played = Played(folder, seed, frames, noise)
        stats = measure_match(*(folder / f"match.{end}" for end in ("txt", "pitch.jsonl", "identities.csv")))
    speed = np.hypot(*(np.gradient(played.xy, axis=0) * RATE).transpose(2, 0, 1))
    walked, true, tops, still = [], [], [], []
    for number, person in enumerate(stats.persons):
        rows, who = stats.table.of(number), person.track_ids[0] - 1
        frames_seen = stats.table.frame[rows]
        if who in STILL:
            still.append(stats.table.speed[rows])
        elif len(frames_seen) > 10 * RATE:
            figures = stats.figures(number)
            walked.append(figures.distance)
            true.append(speed[frames_seen, who].sum() / RATE)
            tops.append(figures.top_speed - _held(speed[:, who], frames_seen))
    calm = np.concatenate(still) if still else np.zeros(1)
    owner = played.owner[stats.possession.frame]
    team = np.array([*played.teams[:23], ""])[owner]
    held = [stats.persons[row].team if row >= 0 else "" for row in stats.possession.person.tolist()]
    share = [np.mean(np.array(list(names))[np.array(list(names)) != ""] == "A") for names in (team, held)]
    both = (stats.possession.person >= 0) & (owner >= 0)
    who = np.array(
        [stats.persons[row].track_ids[0] - 1 if row >= 0 else -1 for row in stats.possession.person.tolist()]
    )
    on_ground = np.isin(stats.possession.state, (1, 2, 3))
    return {
        "distance %": 100 * (sum(walked) / sum(true) - 1),
        "worst player %": 100 * max(abs(a / b - 1) for a, b in zip(walked, true, strict=True) if b > 30),
        "top speed m/s": float(np.mean(tops)),
        "standing m/s": float(calm.mean()),
        "standing 95 %": float(np.percentile(calm, 95)),
        "possession %": 100 * abs(share[1] - share[0]),
        "right player %": 100 * float((who[both] == owner[both]).mean()),
        "found %": 100 * float((stats.possession.person[owner >= 0] >= 0).mean()),
        "air as ground %": 100 * float((on_ground & (played.ball[stats.possession.frame, 2] > 0.5)).mean()),
    }


def _held(speed: np.ndarray, frames: np.ndarray) -> float:
    """Return the true top speed that is held for a fifth of a second."""
    window = np.lib.stride_tricks.sliding_window_view(speed, 5).min(axis=1)
    return float(window[np.clip(frames - 2, 0, len(window) - 1)].max())


def accuracy(seeds: range, frames: int) -> None:
    """Print the errors of several matches, with and without noise."""
    for noise, words in ((1.0, "boxes and cameras tremble"), (2.0, "twice as much"), (0.0, "no noise at all")):
        found = [compare(seed, frames, noise) for seed in seeds]
        print(f"{words}: {len(found)} matches of {frames / RATE:.0f} s, seeds {seeds.start} to {seeds.stop - 1}")
        for name in found[0]:
            values = np.array([one[name] for one in found])
            print(f"  {name:<16} mean {values.mean():+7.3f}   worst {values[np.abs(values).argmax()]:+7.3f}")


def long_match(minutes: int) -> None:
    """Print what a long match costs: seconds, and megabytes of memory at its peak, for ever longer parts."""
    import resource

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("playing …")
        Played(folder, 1000, int(60 * RATE))
        minute = (folder / "match.txt").read_text(encoding="utf-8").splitlines()
        pitch = (folder / "match.pitch.jsonl").read_text(encoding="utf-8").splitlines()
        for part in sorted({max(1, minutes // 4), max(1, minutes // 2), minutes}):
            _repeated(folder, minute, pitch, part)
            begin = time.perf_counter()
            stats = measure_match(*(folder / f"long.{end}" for end in ("txt", "pitch.jsonl")))
            seconds, peak = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            rows = len(stats.places)
            print(f"  {part} minutes, {rows:,} boxes: {seconds:.1f} s, peak {peak:.0f} MB")


def _repeated(folder: Path, minute: list[str], pitch: list[str], times: int) -> None:
    """Write a match that is one minute over and over; the two people who are missing for 25 stand on the pitch."""
    step = int(60 * RATE)
    with (folder / "long.txt").open("w", encoding="utf-8") as text, (folder / "long.pitch.jsonl").open("w") as frames:
        frames.write(pitch[0] + "\n")
        for number in range(times):
            for line in minute:
                frame, rest = line.split(",", 1)
                text.write(f"{int(frame) + number * step},{rest}\n")
            for line in pitch[1:]:
                head, rest = line.split(",", 1)
                frames.write(f'{{"frame": {int(head.split(":")[1]) + number * step},{rest}\n')


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="matches, seeds from 1000 on")
    parser.add_argument("--frames", type=int, default=1500, help="of each match")
    parser.add_argument("--long", action="store_true", help="measure time and memory of a long match instead")
    parser.add_argument("--minutes", type=int, default=90, help="of the long match")
    options = parser.parse_args()
    if options.long:
        long_match(options.minutes)
    else:
        accuracy(range(1000, 1000 + options.seeds), options.frames)


if __name__ == "__main__":
    main()
