"""Cameras of clips from one marked frame: how many metres are feet off, and how long does it take?

    python benchmarks/pitch.py                                  # rendered clips, whose cameras are known
    python benchmarks/pitch.py --video football_848x478.mp4     # a real clip, marked by eye in four frames
    python benchmarks/pitch.py --video football_848x478.mp4 --by-itself
    python benchmarks/pitch.py --seeds 401 407 --marks 4
    python benchmarks/pitch.py --long 3000                      # does memory grow?

A rendered clip is marked in one frame that is drawn by lot: places drawn by lot, each 1.5 pixels off in either
direction (at 1280 x 720). Then the feet of all players in all frames are compared with the truth. A frame counts as
wrong if its feet are more than 3 m off on average and it was not refused.

The real clip has four frames with marks, in ``pitch_marks.csv``. Each of them alone is given, and its result is
compared in all four frames with the camera that fits all 26 marks, at the feet of the people whom a detector finds on
the pitch.

With ``--by-itself`` the network finds the pitch in the real clip, and the ground in view is compared in all frames with
the calibration that all 26 marks tell. With ``--long`` a rendered clip is played forth and back until it has so many
frames, and calibrated by itself.

Time is processor time of one thread, a frame: looking at the picture, and fitting.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from data_prep.synthetic import Settings, render_sequence
from sportstrack import Mark, fit_camera, load_detector, load_pitch, open_source, read_marks
from sportstrack.calibrate.byself import PitchFinder
from sportstrack.calibrate.look import Looker
from sportstrack.calibrate.spool import Spool
from sportstrack.errors import SettingError
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch.clip.fit import fit_clip
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame, evidence_of_marks
from sportstrack.pitch.file import PitchTrack

VIEWS = ("main", "side", "main", "reverse", "goal", "close")
SIZE = (1280, 720)
WRONG = 3.0
PITCH = load_pitch()
HERE = Path(__file__).parent


@dataclass
class Tally:
    """What was found in rendered clips."""

    errors: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    frames: int = 0
    refused: int = 0
    wrong: int = 0
    looking: float = 0.0
    fitting: float = 0.0

    def add(self, track: PitchTrack, frame: int, matrix: Any, feet: Any) -> None:
        """Compare one frame."""
        self.frames += 1
        one = track.at(frame)
        if one.camera is None:
            self.refused += 1
            return
        pixels = seen_at(matrix, feet)
        inside = ((pixels > 0) & (pixels < SIZE)).all(1)
        if not inside.any():
            return
        metres, told = one.to_ground(pixels[inside])
        off = np.linalg.norm(metres - feet[inside], axis=1)
        self.errors += off.tolist()
        self.ratios += (off / told).tolist()
        self.wrong += int(off.mean() > WRONG)

    def row(self, name: str) -> str:
        """Return a line of the table."""
        errors = np.array(self.errors or [np.nan])
        ratio = np.sqrt(np.mean(np.square(self.ratios))) if self.ratios else np.nan
        return (
            f"{name:<10}{self.frames:>8,}{np.median(errors):>10.3f}{np.percentile(errors, 95):>10.3f}"
            f"{self.wrong / max(1, self.frames):>12.2%}{self.refused / max(1, self.frames):>10.1%}{ratio:>12.2f}"
            f"{1000 * self.looking / max(1, self.frames):>10.1f}{1000 * self.fitting / max(1, self.frames):>9.1f}"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, metavar="FILE", help="the real clip")
    parser.add_argument("--by-itself", action="store_true", help="no marks: let the network find the pitch in it")
    parser.add_argument("--long", type=int, metavar="FRAMES", help="memory of a clip with so many frames")
    parser.add_argument("--weights", default="yolov8n.pt", metavar="FILE", help="finds people in it (yolov8n.pt)")
    parser.add_argument("--seeds", type=int, nargs=2, default=(401, 413), metavar=("FROM", "TO"))
    parser.add_argument("--frames", type=int, default=100, help="of a rendered clip (100)")
    parser.add_argument("--marks", type=int, default=6, help="in the marked frame (6)")
    options = parser.parse_args()
    require_cv2().setNumThreads(1)
    if options.long is not None:
        memory_of(options.long)
    elif options.video is not None and options.by_itself:
        by_itself(options.video)
    elif options.video is not None:
        real(options.video, options.weights)
    else:
        rendered(options.seeds, options.frames, options.marks)


# --- rendered clips --------------------------------------------------------------------------------------------------


def rendered(seeds: tuple[int, int], frames: int, marks: int) -> None:
    """Print one row for each viewpoint, and one for all."""
    names = ("frames", "median m", "95 % m", "wrong >3 m", "refused", "true/told", "look ms", "fit ms")
    print(f"{'view':<10}" + "".join(f"{n:>{w}}" for n, w in zip(names, (8, 10, 10, 12, 10, 12, 10, 9), strict=True)))
    tallies: dict[str, Tally] = {"all": Tally()}
    process, memory = psutil.Process(), []
    for seed in range(*seeds):
        view = VIEWS[seed % len(VIEWS)]
        tally = tallies.setdefault(view, Tally())
        for one in judge(seed, view, frames, marks):
            for some in (tally, tallies["all"]):
                one(some)
        memory.append(process.memory_info().rss / 2**20)
    for name, tally in [*((n, t) for n, t in tallies.items() if n != "all"), ("all", tallies["all"])]:
        print(tally.row(name))
    print(f"memory after each clip: {', '.join(f'{mb:.0f}' for mb in memory)} MB")


def judge(seed: int, view: str, frames: int, count: int) -> Iterator[Any]:
    """Yield what a clip adds to a tally, as functions of it."""
    looker, seen, truth, looking = Looker(25.0), [], [], 0.0
    for image, told in render_sequence(Settings(seed=seed, frames=frames, view=view, noise=3.0)):
        started = time.process_time()
        seen.append(looker.look(told.frame, image))
        looking += time.process_time() - started
        people = told.class_id < 3
        truth.append((told.camera, told.pitch_xy[people] * (1.0, -1.0)))
    marks = drawn_marks(truth, np.random.default_rng(seed), count)
    if not marks:
        return
    started = time.process_time()
    try:
        track = fit_clip(seen, evidence_of_marks(marks, SIZE[0]), PITCH, SIZE).track
    except SettingError as error:
        print(f"seed {seed}: {error}")
        track = PitchTrack(PITCH, SIZE, {})
    fitting = time.process_time() - started

    def add(tally: Tally) -> None:
        tally.looking += looking
        tally.fitting += fitting
        for frame, (matrix, feet) in enumerate(truth):
            tally.add(track, frame, matrix, feet)

    yield add


def seen_at(matrix: Any, places: Any) -> Any:
    """Return the pixels (N, 2) of places (N, 2) in a render, whose y counts the other way.

    Renders are drawn in OpenCV's coordinates, in which whole numbers are the middles of pixels; here pixels count from
    the corner of the picture.
    """
    rows = np.column_stack([places[:, 0], -places[:, 1], np.zeros(len(places)), np.ones(len(places))]) @ matrix.T
    return np.where(rows[:, 2:] > 0, rows[:, :2] / rows[:, 2:] + 0.5, np.nan)


def drawn_marks(truth: list[Any], rng: np.random.Generator, count: int) -> list[Mark]:
    """Return marks of a frame drawn by lot that shows enough places; none if no frame does."""
    names = [name for name, place in PITCH.keypoints.items() if len(place) == 2]
    places = np.array([PITCH.keypoints[name] for name in names])
    for frame in rng.permutation(len(truth)).tolist():
        pixels = seen_at(truth[frame][0], places)
        inside = np.flatnonzero(((pixels > 5) & (pixels < np.subtract(SIZE, 5))).all(1))
        if len(inside) >= count:
            chosen = rng.permutation(inside)[:count]
            noisy = pixels + rng.normal(0, 1.5, pixels.shape)
            return [Mark(frame + 1, names[i], (float(noisy[i, 0]), float(noisy[i, 1]))) for i in chosen]
    return []


# --- the real clip ---------------------------------------------------------------------------------------------------


def real(video: Path, weights: str) -> None:
    """Print the mean and the largest error at people's feet for each marked frame as the only one given."""
    if not video.is_file():
        print(f"{video}: not here, left out")
        return
    marks = read_marks(HERE / "pitch_marks.csv")
    wanted = sorted({mark.frame - 1 for mark in marks})
    detector = load_detector(weights, classes=["person"], score=0.3)
    seen: list[SeenFrame] = []
    feet: dict[int, Any] = {}
    with open_source(video) as source:
        size = (source.info.width, source.info.height)
        looker = Looker(float(source.info.frame_rate))
        for frame in source:
            if frame.index in wanted:
                boxes = detector([frame.image])[0].xyxy
                feet[frame.index] = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
            seen.append(looker.look(frame.index, frame.image))
    truth = fit_camera(marks, PITCH, size).cameras
    print("given frame   " + "".join(f"{f'in frame {frame + 1}':>18}" for frame in wanted) + f"{'statuses':>22}")
    for frame in wanted:
        given = [mark for mark in marks if mark.frame == frame + 1]
        track = fit_clip(seen, evidence_of_marks(given, size[0]), PITCH, size).track
        cells = []
        for other in wanted:
            places = truth[other + 1].to_ground(feet[other])
            on = (np.abs(places) < np.add(PITCH.reach, 1.0)).all(1)
            off = np.linalg.norm(track.to_ground(other, feet[other][on])[0] - places[on], axis=1)
            cells.append(f"{off.mean():.2f} (max {off.max():.2f}) m")
        counts = [sum(one.status == status for one in track) for status in ("ok", "carried", "refused")]
        print(f"{frame + 1:<14}" + "".join(f"{cell:>18}" for cell in cells) + f"{'{} / {} / {}'.format(*counts):>22}")


def by_itself(video: Path) -> None:
    """Print how far the ground in view is from where all marks put it, when no mark is given, and the times."""
    if not video.is_file():
        print(f"{video}: not here, left out")
        return
    with open_source(video) as source:
        size = (source.info.width, source.info.height)
        clip = Clip(float(source.info.frame_rate))
        for frame in source:
            clip.add(frame.image)
    track = clip.fit(size)
    marks = read_marks(HERE / "pitch_marks.csv")
    by_hand, alone = (
        fit_clip(clip.seen, evidence_of_marks(marks, size[0]), PITCH, size).track,
        fit_camera(marks, PITCH, size),
    )
    x, y = np.meshgrid(np.arange(20, size[0], 40.0), np.arange(20, size[1], 40.0))
    pixels = np.column_stack([x.ravel(), y.ravel()])

    def off(frame: int, places: Any) -> float:
        on = (np.abs(places) < PITCH.reach).all(1)
        return float(np.linalg.norm(track.to_ground(frame, pixels[on])[0] - places[on], axis=1).mean())

    every = [off(one.frame, by_hand.to_ground(one.frame, pixels)[0]) for one in track]
    marked = {frame: off(frame - 1, camera.to_ground(pixels)) for frame, camera in alone.cameras.items()}
    counts = ", ".join(f"{sum(one.status == name for one in track)} {name}" for name in ("ok", "carried", "refused"))
    print(f"{len(track)} frames: {counts}")
    print(f"ground in view, from marks and lines: {np.nanmean(every):.2f} m off, {np.nanmax(every):.2f} m at worst")
    print("from the marks alone: " + ", ".join(f"{metres:.2f} m in frame {n}" for n, metres in marked.items()))
    print(clip.times())


# --- by itself -------------------------------------------------------------------------------------------------------


class Clip:
    """A clip that is calibrated by itself, frame by frame, as the command does it."""

    def __init__(self, frame_rate: float = 25.0) -> None:
        self.seen = Spool()
        self._looker, self._finder = Looker(frame_rate), PitchFinder(PITCH)
        self._evidence: dict[int, PitchEvidence] = {}
        self._spent: dict[str, float] = dict.fromkeys(("look", "network and search", "fit"), 0.0)
        self._looks = 0
        self._network = 0.0
        self._finder.maps = self._timed(self._finder.maps)  # type: ignore[method-assign]

    def _timed(self, maps: Any) -> Any:
        def run(image: Any) -> Any:
            started = time.process_time()
            found = maps(image)
            self._network += time.process_time() - started
            self._looks += 1
            return found

        return run

    def add(self, image: Any) -> None:
        """Look at the next frame."""
        number = len(self.seen)
        started = time.process_time()
        self.seen.append(self._looker.look(number, image))
        looked = time.process_time()
        found = self._finder(number, image, self.seen[number].lines)
        if found is not None:
            self._evidence[number] = found
        self._spent["look"] += looked - started
        self._spent["network and search"] += time.process_time() - looked

    def fit(self, size: tuple[int, int], progress: Any = None) -> PitchTrack:
        """Return the cameras of all frames."""
        started = time.process_time()
        track = fit_clip(self.seen, self._evidence, PITCH, size, progress=progress).track
        self._spent["fit"] += time.process_time() - started
        return track

    def times(self) -> str:
        """Return the processor times in words."""
        each = ", ".join(f"{name} {1000 * spent / len(self.seen):.1f}" for name, spent in self._spent.items())
        once = 1000 * self._network / max(1, self._looks)
        return f"processor ms a frame: {each}; the network {once:.1f} in each of {self._looks} frames"


def memory_of(frames: int) -> None:
    """Print the most memory until a third and until the end of looking and of fitting."""
    images = [image for image, _ in render_sequence(Settings(seed=402, frames=50, view="main", noise=3.0))]
    images += images[-2:0:-1]
    clip, process, most = Clip(), psutil.Process(), []
    for number in range(frames):
        clip.add(images[number % len(images)])
        most.append(process.memory_info().rss / 2**20)
    looked = len(most)
    track = clip.fit(SIZE, lambda *_: most.append(process.memory_info().rss / 2**20))
    print(f"{frames} frames, {sum(one.status == 'ok' for one in track)} ok; most memory in MB")
    for name, some in (("looking", most[:looked]), ("fitting", most[looked:])):
        print(f"{name}: {max(some[: len(some) // 3]):.0f} in the first third, {max(some):.0f} in all")
    print(clip.times())


if __name__ == "__main__":
    main()
