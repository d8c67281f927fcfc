"""What masks cost in memory and time, and what they are worth to trackers, kit colours and embeddings.

    python benchmarks/masks.py --memory                       # replay of 1,500 and 6,000 frames of 25 masked players
    python benchmarks/masks.py --memory --frames 90000        # an hour at 25 frames/s (writes a recording of 0.3 GB)
    python benchmarks/masks.py --speed [--weights seg.pt]     # one network with and without its masks
    python benchmarks/masks.py --association                  # trackers with overlap=box and overlap=mask, rendered
    python benchmarks/masks.py --overlap                      # how much of a player lies where it lay a frame before
    python benchmarks/masks.py --kits [--embedder osnet]      # teams told in crowds, whole boxes against masks

Memory: invented players of 30 to 120 pixels in pictures of 1280x720 walk about; their masks are ellipses with a rough
edge. The recording is replayed with every text format in a process of its own, whose peak of resident memory counts.

Speed: yolov8n-seg, with random weights unless some are given, on noise; at most 25 boxes a frame. Frames alternate
between the detector with masks and the one without, so that both meet the same load of the machine.

Association and kits: rendered matches with their exact visible masks, 960x540. Boxes are the truth's with noise of 4 %
of their size, 6 % are missed. Crowds are people whose box another one overlaps and who are partly hidden; prototypes of
the two teams are the mean vectors of the people who stand alone.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read when numpy is imported

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.synthetic import Settings, render_sequence
from sportstrack import Detections, Tracks, create_tracker, load_embedder, mask_iou, score_tracks, track_video
from sportstrack.boxes import iou
from sportstrack.detect import UltralyticsDetector
from sportstrack.embed.clothes import kit_colours
from sportstrack.embed.masked import embed_masked
from sportstrack.masks.places import masks_of_parts
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter

WIDTH, HEIGHT, RATE, PLAYERS = 1280, 720, 25.0, 25
FORMATS = ("mot", "mots", "jsonl", "coco", "csv")
SEEDS = (1, 2, 3)
BALL = 24  # the renders' identity of the ball


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    for word in ("memory", "speed", "association", "overlap", "kits"):
        add(f"--{word}", action="store_true")
    add("--frames", type=int, help="of the recording (1,500 and 6,000), of the timing (60), of each render (300)")
    add("--weights", help="of a segmentation model (random ones of yolov8n-seg)")
    add("--embedder", help="kit, osnet or another one (kit colours of the whole body)")
    add("--trackers", default="sort,bytetrack,ocsort,botsort,sports")
    options = parser.parse_args()
    if options.memory:
        memory([options.frames] if options.frames else [1500, 6000])
    if options.speed:
        speed(options.weights, options.frames or 60)
    if options.association:
        association(options.trackers.split(","), options.frames or 300)
    if options.overlap:
        overlap_with_itself(options.frames or 300)
    if options.kits:
        kits(options.embedder, options.frames or 300)


# --- memory ----------------------------------------------------------------------------------------------------------


def memory(lengths: list[int]) -> None:
    """Replay recordings of these lengths; print the peak of memory of each."""
    print("| frames | recording MB | replay, peak MB | ms a frame (processor) |\n|---|---|---|---|")
    for frames in lengths:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "crowd.npz"
            held = record(path, frames)
            with get_context("spawn").Pool(1) as pool:
                peak, seconds = pool.apply(replay, (str(path), folder))
            size = path.stat().st_size / 1e6
        print(f"| {frames:,} | {size:.0f} | {peak:.0f} | {1000 * seconds / frames:.1f} |", flush=True)
    print(f"{PLAYERS} masks in memory: {held / 1e3:.0f} kB")


def record(path: Path, frames: int) -> int:
    """Write a recording of masked players who walk about; return the bytes of the last frame's masks."""
    rng = np.random.default_rng(0)
    height = rng.uniform(30, 120, PLAYERS)
    size = np.column_stack([0.45 * height, height])
    place = rng.uniform((0, 0), (WIDTH, HEIGHT), (PLAYERS, 2))
    speed_ = rng.normal(0, 2, (PLAYERS, 2))
    shapes = [[rough_ellipse(*one.astype(int), rng) for one in size] for _ in range(8)]
    writer = RecordingWriter(path, RecordingInfo("crowd", WIDTH, HEIGHT, RATE, {0: "player"}))
    for frame in range(frames):
        place += speed_
        out = (place < 0) | (place > (WIDTH - 60, HEIGHT - 120))
        speed_[out & (np.sign(speed_) == np.sign(place - 1))] *= -1
        corner = np.clip(place, 0, np.array([WIDTH, HEIGHT]) - size - 1).astype(int)
        masks = masks_of_parts(shapes[frame % 8], corner, (HEIGHT, WIDTH))
        boxes = np.hstack([corner, corner + size]).astype(np.float64)
        table = Detections(boxes, rng.uniform(0.6, 0.95, PLAYERS), np.zeros(PLAYERS, np.int64), mask=masks)
        writer.write(RecordedFrame(frame, frame / RATE, table))
    writer.close()
    return int(masks.counts.nbytes)


def rough_ellipse(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """(height, width) of an ellipse whose edge has steps, as masks of a network have."""
    y, x = np.mgrid[0:height, 0:width]
    reach = ((x - width / 2) / (width / 2)) ** 2 + ((y - height / 2) / (height / 2)) ** 2
    return np.asarray(reach <= rng.uniform(0.8, 1.0, (height, 1)))


def replay(path: str, folder: str) -> tuple[float, float]:
    """Replay a recording into text files; return the peak of memory in MB and the seconds of processor time."""
    started = time.process_time()
    track_video(path, Path(folder) / "out", formats=FORMATS, shots=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3), time.process_time() - started


# --- speed -----------------------------------------------------------------------------------------------------------


def speed(weights: str | None, frames: int) -> None:
    """Time a network with and without its masks, frame by frame in turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = weights or random_weights(Path(folder) / "random.pt")
        how: dict[str, Any] = {"imgsz": 640, "score": 0.25, "max_det": PLAYERS}
        detectors = {word: UltralyticsDetector(path, masks=word == "masks", **how) for word in ("boxes", "masks")}
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3), np.uint8) for _ in range(4)]
    pictures = [np.ascontiguousarray(np.kron(one, np.ones((16, 16, 1), np.uint8))) for one in noise]
    seconds, found = dict.fromkeys(detectors, 0.0), 0
    for number in range(frames + 4):
        for word, detector in detectors.items():
            started = time.process_time()
            table = detector([pictures[number % 4]])[0]
            if number >= 4:  # the first ones warm up
                seconds[word] += time.process_time() - started
                found += len(table)
    boxes, masks = (1000 * seconds[word] / frames for word in ("boxes", "masks"))
    print(f"{found / 2 / frames:.0f} boxes a frame of {WIDTH}x{HEIGHT}: {boxes:.1f} ms without masks, {masks:.1f} with")
    print(f"frames/s with masks: {boxes / masks:.2f} of those with boxes alone (processor time)")


def random_weights(path: Path) -> str:
    """Save yolov8n-seg with random weights that find something, whose masks fill their boxes."""
    import torch
    from ultralytics import YOLO

    torch.manual_seed(0)
    model = YOLO("yolov8n-seg.yaml")
    head = model.model.model[-1]
    torch.nn.init.constant_(head.proto.cv3.bn.bias, 1.0)
    for coefficients, classes in zip(head.cv4, head.cv3, strict=True):
        torch.nn.init.constant_(coefficients[-1].bias, 1.0)
        torch.nn.init.normal_(classes[-1].weight, std=0.2)
        torch.nn.init.constant_(classes[-1].bias, -1.0)
    model.save(path)
    return str(path)


# --- renders ---------------------------------------------------------------------------------------------------------


def rendered(seed: int, frames: int) -> Iterator[tuple[Any, Any]]:
    """Yield the pictures of a render with its truth of the people in view."""
    settings = Settings(frames=frames, seed=seed, width=960, height=540)
    yield from render_sequence(settings, masks=True)


def found_in(truth: Any, rng: np.random.Generator) -> tuple[Detections, Tracks]:
    """Return what a detector would find of a frame's people, and their truth."""
    people = (truth.track_id < BALL) & (truth.visible.area() > 0) & (truth.xyxy[:, 3] - truth.xyxy[:, 1] > 8)
    true = np.flatnonzero(people)
    kinds = np.zeros(len(true), np.int64)
    tracks = Tracks(truth.xyxy[true], np.ones(len(true)), kinds, truth.track_id[true], kinds)
    rows = true[(truth.visible.area()[true] >= 20) & (truth.visibility[true] >= 0.2) & (rng.random(len(true)) > 0.06)]
    rng.shuffle(rows)
    boxes = truth.xyxy[rows]
    boxes = boxes + np.tile(boxes[:, 2:] - boxes[:, :2], 2) * rng.normal(0, 0.04, boxes.shape)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 2)
    score = np.clip(0.35 + 0.55 * truth.visibility[rows] + rng.normal(0, 0.08, len(rows)), 0.11, 0.99)
    return Detections(boxes, score, np.zeros(len(rows), np.int64), mask=truth.visible[rows]), tracks


def association(trackers: list[str], frames: int) -> None:
    """Score trackers with and without masks."""
    clips = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        pairs = [found_in(truth, rng) for _, truth in rendered(seed, frames)]
        clips.append(([table for table, _ in pairs], [tracks for _, tracks in pairs]))
    print("| tracker | overlap | HOTA | AssA | IDF1 | IDSW |\n|---|---|---|---|---|---|")
    for name in trackers:
        for overlap in ("box", "mask"):
            figures = []
            for tables, truth in clips:
                tracker = create_tracker(name, frame_rate=RATE, overlap=overlap)
                scores = score_tracks(truth, [tracker.update(table) for table in tables])
                figures.append((100 * scores.HOTA, 100 * scores.AssA, 100 * scores.IDF1, scores.IDSW))
            mean, switches = np.mean(figures, axis=0), sum(one[3] for one in figures)
            print(f"| {name} | {overlap} | {mean[0]:.2f} | {mean[1]:.2f} | {mean[2]:.2f} | {switches} |", flush=True)


def overlap_with_itself(frames: int) -> None:
    """Print the overlap of a player with the same player one frame earlier, by its mask and by the box around it."""
    found: list[tuple[float, float]] = []
    for seed in SEEDS:
        before: Any = None
        for _, truth in rendered(seed, frames):
            rows = np.flatnonzero((truth.track_id < BALL) & (truth.visibility > 0.9))
            now = truth.track_id[rows], truth.visible[rows]
            if before is not None:
                _, a, b = np.intersect1d(before[0], now[0], return_indices=True)
                masks, boxes = mask_iou(before[1][a], now[1][b]), iou(before[1][a].boxes(), now[1][b].boxes())
                found += zip(masks.diagonal().tolist(), boxes.diagonal().tolist(), strict=True)
            before = now
    for name, values in zip(("masks", "boxes"), np.transpose(found), strict=True):
        print(f"{name}: median IoU {np.median(values):.2f}, below 0.3 in {100 * np.mean(values < 0.3):.0f} %")


def kits(embedder: str | None, frames: int) -> None:
    """Tell the teams of people in crowds by whole boxes and by masks."""
    print("| seed | people | boxes: right (unknown) % | masks |\n|---|---|---|---|")
    for seed in SEEDS:
        looks = {"boxes": load_embedder(embedder), "masks": load_embedder(embedder)} if embedder else {}
        vectors: dict[str, list[Any]] = {"boxes": [], "masks": []}
        teams, crowds = [], []
        for image, truth in rendered(seed, frames):
            rows = np.flatnonzero((truth.track_id <= 20) & (truth.visible.area() >= 30))
            boxes, masks = truth.xyxy[rows], truth.visible[rows]
            shared = iou(boxes, truth.xyxy[truth.track_id < BALL])
            crowds.append((np.count_nonzero(shared > 0.15, axis=1) > 1) & (truth.visibility[rows] < 0.9))
            teams.append((truth.track_id[rows] > 10).astype(int))
            for word, used in (("boxes", None), ("masks", masks)):
                look = looks.get(word)
                made = kit_colours(image, boxes, used) if look is None else embed_masked(look, image, boxes, used)
                vectors[word].append(made)
        team, crowd = np.concatenate(teams), np.concatenate(crowds)
        cells = [told(np.concatenate(vectors[word]), team, crowd) for word in ("boxes", "masks")]
        print(f"| {seed} | {np.count_nonzero(crowd)} | {cells[0]} | {cells[1]} |", flush=True)


def told(vectors: np.ndarray, team: np.ndarray, crowd: np.ndarray) -> str:
    """Return how many per cent of the people in crowds are nearer to their own team's prototype, and are unknown."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit, known = vectors / np.maximum(length, 1e-9), length[:, 0] > 1e-6
    prototypes = np.stack([unit[(team == side) & ~crowd & known].mean(axis=0) for side in (0, 1)])
    prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
    right = ((unit @ prototypes.T).argmax(axis=1) == team) & known
    return f"{100 * right[crowd].mean():.1f} ({100 * (~known)[crowd].mean():.1f})"


if __name__ == "__main__":
    main()
