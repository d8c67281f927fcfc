"""Which embedder distinguishes players, and at what price?

Two pictures of one player should be more alike than pictures of two players. The table shows how often they are (the
area under the ROC curve, 50 % is chance), for pictures 10 to 40 frames apart:

* real video: boxes of a detector, joined to tracklets only where overlap leaves no doubt. Pairs of different players
  are those whose tracklets are on the pitch at the same time. "near" counts only pairs less than two box heights apart,
  which is where a tracker needs appearance; farther ones often differ by their surroundings alone.
* rendered football: true boxes and ids. "team mates" counts only pairs of the same team.

    python benchmarks/embed.py                                       # rendered football
    python benchmarks/embed.py match.mp4 --weights yolov8n.pt        # a real video as well
    python benchmarks/embed.py match.mp4 --embedder kit --embedder osnet.onnx --embedder detector
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from data_prep.synthetic import Settings, render_sequence
from sportstrack.boxes import iou
from sportstrack.detect import load_detector
from sportstrack.embed import load_embedder
from sportstrack.embed.fuse import Centred
from sportstrack.video import open_source

NEAREST, FARTHEST = 10, 40  # frames between two pictures
LEAST = 12  # frames of a tracklet
NEAR = 2.0  # box heights
DRAWS = 400_000
EMBEDDERS = ("kit", "osnet", "kit+osnet", "torchvision:resnet18:random", "detector")


@dataclass
class Clip:
    """Frames with boxes and identities, and how to compare them."""

    name: str
    frames: list[Any]
    boxes: list[Any]
    ids: list[Any]  # per frame (N,)
    team: list[Any] | None = None
    own: list[Any] | None = None  # the detector's features
    own_ms: float = 0.0  # what they cost per box


def real(video: str, weights: str, count: int, imgsz: int) -> Clip:
    """Detect in a video and join what can be joined without doubt."""
    wanted = {"imgsz": imgsz, "score": 0.25, "classes": ["person"] if "demo" not in weights else None}
    detector, plain = load_detector(weights, features=True, **wanted), load_detector(weights, **wanted)
    with open_source(video) as source:
        frames = [frame.image for frame in islice(source, count)]
    tables = [detector([frame])[0] for frame in frames]
    own_ms = extra_ms(detector, plain, frames[:20])
    boxes = [table.xyxy for table in tables]
    return Clip("video", frames, boxes, tracklets(boxes), None, [table.embedding for table in tables], own_ms)


def extra_ms(detector: Any, plain: Any, frames: list[Any]) -> float:
    """Return the milliseconds per box that features cost beyond plain detection."""
    costs = []
    for frame in frames:
        seconds = []
        for each in (detector, plain):
            before = each.timings["postprocess"]
            (table,) = each([frame])
            seconds.append(each.timings["postprocess"] - before)
        if len(table):
            costs.append(1000 * (seconds[0] - seconds[1]) / len(table))
    return statistics.median(costs) if costs else 0.0


def tracklets(boxes: list[Any]) -> list[Any]:
    """Give an id to each box: the one before, if the two overlap each other and nothing else."""
    found: list[Any] = []
    count = 0
    for place, table in enumerate(boxes):
        ids = np.full(len(table), -1)
        if place and len(boxes[place - 1]) and len(table):
            overlap = iou(boxes[place - 1], table)
            lonely = ((overlap > 0.1).sum(axis=0) == 1) & (overlap.max(axis=0) > 0.5)
            for column in lonely.nonzero()[0]:
                row = int(overlap[:, column].argmax())
                if (overlap[row] > 0.1).sum() == 1:
                    ids[column] = found[-1][row]
        new = ids < 0
        ids[new] = count + np.arange(new.sum())
        count += int(new.sum())
        found.append(ids)
    return found


def rendered(count: int) -> Clip:
    """Render a match; players that are mostly visible."""
    clip = Clip("rendered", [], [], [], [])
    for frame, truth in render_sequence(Settings(seed=11, frames=count, camera_speed=1.0)):
        kept = (truth.class_id == 0) & (truth.visibility > 0.6)
        clip.frames.append(frame)
        clip.boxes.append(truth.xyxy[kept])
        clip.ids.append(truth.track_id[kept])
        clip.team.append((truth.track_id[kept] > 10).astype(int))  # type: ignore[union-attr]
    return clip


def pairs(clip: Clip) -> tuple[Any, Any, Any]:
    """Draw rows a and b of boxes that are NEAREST to FARTHEST frames apart, and whether they are the same player."""
    frame = np.repeat(np.arange(len(clip.ids)), [len(ids) for ids in clip.ids])
    ids = np.unique(np.concatenate(clip.ids), return_inverse=True)[1]
    first, last = np.full(ids.max() + 1, len(clip.ids)), np.full(ids.max() + 1, -1)
    np.minimum.at(first, ids, frame)
    np.maximum.at(last, ids, frame)
    rows = (np.bincount(ids)[ids] >= LEAST).nonzero()[0]
    rng = np.random.default_rng(0)
    a, b = rng.choice(rows, DRAWS), rng.choice(rows, DRAWS)
    gap = np.abs(frame[a] - frame[b])
    same = ids[a] == ids[b]
    together = np.maximum(first[ids[a]], first[ids[b]]) < np.minimum(last[ids[a]], last[ids[b]])
    kept = (gap >= NEAREST) & (gap <= FARTHEST) & (same | together)
    return a[kept], b[kept], same[kept]


def auc(similarity: Any, same: Any) -> float:
    """Return how often, in per cent, a pair of one player is more alike than a pair of two."""
    from scipy.stats import rankdata

    ones = int(same.sum())
    above = rankdata(similarity)[same].sum() - ones * (ones + 1) / 2
    return 100 * above / (ones * (len(same) - ones))


def columns(clip: Clip) -> dict[str, tuple[Any, Any, Any]]:
    """Return the pairs of each of a clip's columns."""
    a, b, same = pairs(clip)
    boxes = np.concatenate(clip.boxes)
    found = {f"{clip.name}: all": (a, b, same)}
    if clip.team is None:
        centre, height = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
        distance = np.linalg.norm(centre[a] - centre[b], axis=1) / ((height[a] + height[b]) / 2)
        found[f"{clip.name}: near"] = tuple(each[distance < NEAR] for each in (a, b, same))  # type: ignore[assignment]
    else:
        team = np.concatenate(clip.team)
        mates = team[a] == team[b]
        found[f"{clip.name}: team mates"] = tuple(each[mates] for each in (a, b, same))  # type: ignore[assignment]
    return found


def vectors(name: str, clip: Clip) -> tuple[list[Any], float]:
    """Embed a clip; return a table per frame and the median milliseconds per box."""
    if name == "detector":
        return clip.own or [], clip.own_ms
    embedder, found, costs = load_embedder(name), [], []
    for frame, boxes in zip(clip.frames, clip.boxes, strict=True):
        started = time.perf_counter()
        found.append(embedder(frame, boxes))
        if len(boxes):
            costs.append(1000 * (time.perf_counter() - started) / len(boxes))
    return found, statistics.median(costs)


def rows(name: str, clips: list[Clip], compared: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield an embedder's row of the table, and that of its centred form."""
    raw: dict[str, str] = {"embedder": name}
    centred = {"embedder": f"centred:{name}"}
    for clip in clips:
        found, cost = vectors(name, clip)
        if not found:
            continue
        for row in (raw, centred):
            row |= {"numbers": str(found[0].shape[1]), f"{clip.name}: ms per box": f"{cost:.2f}"}
        mean = Centred(None)
        tables = {"raw": (raw, np.concatenate(found)), "": (centred, np.concatenate([mean.centre(t) for t in found]))}
        for row, embeddings in tables.values():
            for title, (a, b, same) in compared[clip.name].items():
                row[title] = f"{auc(np.einsum('ij,ij->i', embeddings[a], embeddings[b]), same):.1f}"
    yield raw
    if "+" not in name and not name.startswith("centred:"):
        yield centred


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", nargs="?", help="a real video; without it, rendered football alone")
    parser.add_argument("--weights", default="yolov8n.pt", help="its detector")
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--rendered", type=int, default=60, metavar="FRAMES", help="0 leaves it out")
    parser.add_argument("--embedder", action="append", help=f"again for more (default: {', '.join(EMBEDDERS)})")
    args = parser.parse_args()
    clips = [real(args.video, args.weights, args.frames, args.imgsz)] if args.video else []
    clips += [rendered(args.rendered)] if args.rendered else []
    for clip in clips:
        boxes = np.concatenate(clip.boxes)
        height = np.median(boxes[:, 3] - boxes[:, 1])
        print(f"{clip.name}: {len(clip.frames)} frames, {len(boxes)} boxes, half of them over {height:.0f} pixels high")
    compared = {clip.name: columns(clip) for clip in clips}
    titles = ["embedder", "numbers"]
    for clip in clips:
        titles += [f"{clip.name}: ms per box", *compared[clip.name]]
    print("\n| " + " | ".join(titles) + " |\n|---|" + "---:|" * (len(titles) - 1), flush=True)
    for name in args.embedder or EMBEDDERS:
        for row in rows(name, clips, compared):
            print("| " + " | ".join(row.get(title, "–") for title in titles) + " |", flush=True)


if __name__ == "__main__":
    main()
