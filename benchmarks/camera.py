"""Camera motion and shot changes: how exact, and how many milliseconds a frame?

    python benchmarks/camera.py                                  # rendered football, 1280 x 720, every method
    python benchmarks/camera.py --data path/to/data              # also real videos (data/video, data/sot)
    python benchmarks/camera.py --frames 100 --seeds 7 8
    python benchmarks/camera.py --data path/to/data --only tracking background

Motion: the renderer knows its camera, so the true place of the picture's corners in the next frame is known
(H = K2 R2 R1^-1 K1^-1); the error is the largest distance at a corner. "affine" is the best that any affine can do.
Tracking: BoT-SORT with each method on every third frame of a camera that jerks, 640 x 360; boxes are the true ones with
3 % jitter, 10 % are missed. Background: by how many grey levels the frames of a real football clip differ from the last
one, as they are and when that one is moved with the camera.
Shots: clips of different matches put end to end; and long clips without a cut, in which every report is false.

Time is processor time on one core with one thread, decoding left out; the fastest and the median frame.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from data_prep.synthetic import CLASSES, FrameTruth, Settings, render_sequence
from sportstrack import Detections, Tracks, create_tracker, score_tracks
from sportstrack.camera import CAMERAS, load_camera
from sportstrack.images.opencv import require_cv2
from sportstrack.shots import Boundary, ShotDetector
from sportstrack.video import open_source

WIDTH, HEIGHT = 1280, 720
CORNERS = np.array([[0, 0], [WIDTH, 0], [0, HEIGHT], [WIDTH, HEIGHT]], float)
VIEWS = ("main", "side", "close", "goal", "reverse")
Rendered = list[tuple[np.ndarray, FrameTruth]]
PARTS = ("motion", "tracking", "background", "shots")
FOOTBALL = "video/football_848x478.mp4"
VIDEOS = (
    FOOTBALL,
    "video/one-by-one-person-detection.mp4",
    "video/car-detection.mp4",
    "sot/otb_crossing/img",
    "sot/vot_bag",
)


def render(seed: int, frames: int) -> Rendered:
    """A sequence with a lively camera; the seed picks the viewpoint too."""
    speed = (3.0, 1.0, 2.0)[seed % 3]
    wanted = Settings(seed=seed, frames=frames, camera_speed=speed, view=VIEWS[seed % len(VIEWS)])
    return list(render_sequence(wanted))


def carried(before: FrameTruth, after: FrameTruth, points: np.ndarray) -> np.ndarray:
    """(N, 2) where the true camera takes points."""
    homography = after.camera[:, :3] @ np.linalg.inv(before.camera[:, :3])
    moved = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return moved[:, :2] / moved[:, 2:]


def best_affine(there: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(2, 3) least-squares affine from points to where they go."""
    return np.linalg.lstsq(np.column_stack([points, np.ones(len(points))]), there, rcond=None)[0].T


def miss(affine: np.ndarray, there: np.ndarray) -> float:
    """Largest distance in pixels at a corner."""
    return float(np.linalg.norm(CORNERS @ affine[:, :2].T + affine[:, 2] - there, axis=1).max())


def measure(name: str, rendered: Rendered) -> tuple[list[float], list[float], int]:
    """Return corner errors in pixels, processor seconds per frame, and how often there was no answer."""
    camera, before = load_camera(name), None
    errors, seconds, silent = [], [], 0
    for image, truth in rendered:
        started = time.process_time()
        affine = camera.update(image, truth.xyxy)
        seconds.append(time.process_time() - started)
        if before is not None:
            there = carried(before, truth, CORNERS)
            if affine is None:
                silent += 1
            else:
                errors.append(miss(affine, there))
        before = truth
    return errors, seconds[1:], silent


def report_motion(sequences: list[Rendered]) -> None:
    """Print the table of the methods."""
    grid = np.stack(np.meshgrid(np.linspace(0, WIDTH, 9), np.linspace(0, HEIGHT, 6)), axis=-1).reshape(-1, 2)
    pairs = [(a[1], b[1]) for rendered in sequences for a, b in itertools.pairwise(rendered)]
    moves = [float(np.linalg.norm(carried(a, b, CORNERS) - CORNERS, axis=1).max()) for a, b in pairs]
    bound = [miss(best_affine(carried(a, b, grid), grid), carried(a, b, CORNERS)) for a, b in pairs]
    print("| method | median error | 95 % | largest | no answer | ms, fastest | ms, median |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    print(f"| nothing | {np.median(moves):.2f} | {np.quantile(moves, 0.95):.2f} | {max(moves):.2f} | | | |")
    print(f"| affine | {np.median(bound):.2f} | {np.quantile(bound, 0.95):.2f} | {max(bound):.2f} | | | |")
    for name in CAMERAS:
        errors, seconds, silent = [], [], 0
        for rendered in sequences:
            some, times, none = measure(name, rendered)
            errors, seconds, silent = errors + some, seconds + times, silent + none
        spread = f"{np.median(errors):.2f} | {np.quantile(errors, 0.95):.2f} | {max(errors):.2f}"
        print(f"| {name} | {spread} | {silent} | {1e3 * min(seconds):.2f} | {1e3 * float(np.median(seconds)):.2f} |")


def report_tracking() -> None:
    """Print BoT-SORT's HOTA with each method."""
    wanted = Settings(seed=21, frames=120, width=640, height=360, camera_speed=3.0, view="main", crowding=0.7)
    rendered = list(render_sequence(wanted, every=3))
    print("\n| camera | HOTA of BoT-SORT |\n|---|---:|")
    for name in (None, *CAMERAS):
        print(f"| {name or 'none'} | {hota(rendered, name):.1f} |", flush=True)


def hota(rendered: Rendered, name: str | None) -> float:
    """HOTA in per cent, on boxes with jitter and misses."""
    rng = np.random.default_rng(5)
    tracker, camera = create_tracker("botsort", frame_rate=25 / 3), load_camera(name) if name else None
    tracks, truths = [], []
    for image, truth in rendered:
        people = (truth.class_id != CLASSES.index("ball")) & (truth.visibility > 0.2)
        boxes, ids = truth.xyxy[people], truth.track_id[people]
        truths.append(Tracks(boxes, np.ones(len(ids)), np.zeros(len(ids), np.int64), ids, np.arange(len(ids))))
        noisy = boxes + rng.normal(0, 0.03, boxes.shape) * (boxes[:, 3] - boxes[:, 1])[:, None]
        noisy = noisy[rng.random(len(noisy)) > 0.1]
        affine = camera.update(image, noisy) if camera else None
        found = Detections.from_arrays(noisy, np.full(len(noisy), 0.9))
        tracks.append(tracker.update(found, camera=affine))
    return 100 * float(score_tracks(truths, tracks).HOTA)


def report_background(path: Path) -> None:
    """Print by how much a clip's frames differ from the last ones, as they are and moved with the camera."""
    cv2 = require_cv2()
    with open_source(path) as source:
        frames = [(frame.image, cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)) for frame in source]
    inner = (slice(60, -60), slice(60, -60))
    pairs = list(itertools.pairwise(grey for _, grey in frames))
    plain = np.mean([cv2.absdiff(new, old)[inner].mean() for old, new in pairs])
    print(f"\n| {path.name}, {len(pairs)} pairs of frames | grey levels |\n|---|---:|\n| as they are | {plain:.1f} |")
    for name in ("flow", "orb", "ecc"):  # boxes needs a detector
        camera = load_camera(name)
        affines = [camera.update(image, np.empty((0, 4))) for image, _ in frames][1:]
        moved = [
            cv2.absdiff(new, old if affine is None else cv2.warpAffine(old, affine, old.shape[::-1]))[inner].mean()
            for (old, new), affine in zip(pairs, affines, strict=True)
        ]
        print(f"| {name} | {np.mean(moved):.1f} |", flush=True)


def find(frames: Iterable[np.ndarray]) -> tuple[list[Boundary], list[float]]:
    """Return the boundaries and the processor seconds of each frame."""
    detector, found, seconds = ShotDetector(), [], []
    for frame in frames:
        started = time.process_time()
        boundary = detector.update(frame)
        seconds.append(time.process_time() - started)
        if boundary is not None:
            found.append(boundary)
    return found, seconds


def resized(frames: Iterable[np.ndarray]) -> list[np.ndarray]:
    """All frames at 320 x 180, the size at which shots are looked for anyway; joining asks for one size."""
    cv2 = require_cv2()
    return [cv2.resize(frame, (320, 180), interpolation=cv2.INTER_AREA) for frame in frames]


def join(clips: list[list[np.ndarray]], rng: np.random.Generator, cuts: int) -> tuple[list[np.ndarray], list[int]]:
    """Random pieces of 20 frames end to end, no two of one clip in a row; and where they begin."""
    frames: list[np.ndarray] = []
    last = -1
    for _ in range(cuts + 1):
        last = int(rng.choice([k for k in range(len(clips)) if k != last]))
        start = int(rng.integers(max(1, len(clips[last]) - 20)))
        frames += clips[last][start : start + 20]
    return frames, list(range(20, 20 * (cuts + 1), 20))


def dissolves(
    clips: list[list[np.ndarray]], rng: np.random.Generator, length: int, count: int
) -> Iterator[tuple[list[np.ndarray], int]]:
    """Pairs of clips that dissolve into one another; and the frame of the middle."""
    for _ in range(count):
        first, second = (clips[k] for k in rng.choice(len(clips), 2, replace=False))
        mixed = []
        for k in range(length):
            share = (k + 1) / (length + 1)
            mixed.append(((1 - share) * first[28 + k // 2] + share * second[k // 2]).astype(np.uint8))
        yield [*first[:28], *mixed, *second[length // 2 : length // 2 + 28]], 28 + length // 2


def report_cuts(name: str, clips: list[list[np.ndarray]], rng: np.random.Generator, cuts: int = 200) -> None:
    """Print one row: hard cuts."""
    frames, starts = join(clips, rng, cuts)
    found, _ = find(frames)
    right = len({b.frame for b in found} & set(starts))
    print(f"| cuts, {name} | {cuts} | {right / max(len(found), 1):.3f} | {right / cuts:.3f} | 0 |")


def report_fades(name: str, clips: list[list[np.ndarray]], rng: np.random.Generator, length: int, count: int) -> None:
    """Print one row: dissolves of one length."""
    hits = false = 0
    delays = []
    for frames, middle in dissolves(clips, rng, length, count):
        detector = ShotDetector()
        reports = [(k, b) for k, frame in enumerate(frames) if (b := detector.update(frame)) is not None]
        right = [k for k, b in reports if abs(b.frame - middle) <= length / 2 + 2]
        hits, false = hits + bool(right), false + len(reports) - len(right)
        delays += right[:1] and [right[0] - middle]
    precision = hits / max(hits + false, 1)
    delay = f"{np.median(delays):.0f}" if delays else "–"
    print(f"| dissolves of {length} frames, {name} | {count} | {precision:.3f} | {hits / count:.3f} | {delay} |")


def report_shots(rendered: list[list[np.ndarray]], real: list[list[np.ndarray]], count: int) -> None:
    """Print precision, recall and delay."""
    rng = np.random.default_rng(1)
    print("| what | number | precision | recall | frames late (median) |\n|---|---:|---:|---:|---:|")
    sets = {"rendered": rendered, "real": real, "both": rendered + real} if real else {"rendered": rendered}
    for name, clips in sets.items():
        report_cuts(name, clips, rng)
    for name, length in itertools.product(list(sets)[:2], (6, 12, 24)):
        report_fades(name, sets[name], rng, length, count)


def report_quiet(clips: dict[str, list[np.ndarray]]) -> None:
    """Print false reports within clips without cuts, also at double and triple speed."""
    print("| clip without cuts | frames | false at 1x, 2x, 3x |\n|---|---:|---:|")
    for name, frames in clips.items():
        false = [len(find(frames[::step])[0]) for step in (1, 2, 3)]
        print(f"| {name} | {len(frames)} | {', '.join(map(str, false))} |")


def read(path: Path, frames: int) -> list[np.ndarray]:
    """The first frames of a video."""
    with open_source(path) as source:
        return resized(frame.image for frame in itertools.islice(source, frames))


def report_sequences(seeds: list[int], frames: int, only: list[str]) -> dict[str, list[np.ndarray]]:
    """Print what needs whole rendered pictures; return them in small."""
    sequences = [render(seed, frames) for seed in seeds]
    if "motion" in only:
        print(f"{len(sequences)} rendered sequences of {frames} frames, {WIDTH}x{HEIGHT}, errors in pixels\n")
        report_motion(sequences)
    if "shots" in only:
        seconds = [second for rendered in sequences for second in find(image for image, _ in rendered)[1]]
        print(f"\nshots: {1e3 * min(seconds):.2f} ms a frame at best, {1e3 * float(np.median(seconds)):.2f} median\n")
    return {f"rendered, seed {s}": resized(i for i, _ in r) for s, r in zip(seeds, sequences, strict=True)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[30, 31, 32, 33, 34, 35])
    parser.add_argument("--frames", type=int, default=60, help="of each rendered sequence, 60 or more")
    parser.add_argument("--data", type=Path, help="folder with video/ and sot/")
    parser.add_argument("--fades", type=int, default=30, help="dissolves of each length")
    parser.add_argument("--longest", type=int, default=2000, help="frames of a real video")
    args: Any = parser.parse_args()
    require_cv2().setNumThreads(1)

    quiet: dict[str, list[np.ndarray]] = {}
    if {"motion", "shots"} & set(args.only):
        quiet = report_sequences(args.seeds, args.frames, args.only)
    if "tracking" in args.only:
        report_tracking()
    if "background" in args.only and args.data:
        report_background(args.data / FOOTBALL)
    if "shots" in args.only:
        real = {name: read(args.data / name, args.longest) for name in VIDEOS} if args.data else {}
        report_shots(list(quiet.values()), list(real.values()), args.fades)
        print()
        report_quiet(quiet | real)


if __name__ == "__main__":
    main()
