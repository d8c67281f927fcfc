"""Rendered football with embeddings: what appearance is worth to each tracker, on sequences whose truth is exact.

Players are rendered by `data_prep.synthetic`, so nothing has to be downloaded. The detections are the true boxes of the
people, seen by a poor detector: edges off by 2 % of the height, the hidden more often missed, a false box in every
fourth frame. The embeddings are computed on the pixels in these boxes. Everything is written once, as recordings of
`sportstrack.recording`, and replayed for each tracker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from sets import Clip

from sportstrack import Detections, MotTable
from sportstrack.recording import RecordedFrame, Recording, RecordingInfo, RecordingWriter

SEEDS = (301, 302, 303, 304)
FRAMES = 250
EMBEDDERS = ("kit", "osnet", "kit+osnet")
EDGE = 0.02  # standard deviation of a box's edges, heights
FALSE = 0.25  # false boxes per frame
HIDDEN = 0.1  # people of which less is visible are neither detected nor asked for


@dataclass(frozen=True)
class RenderedSet:
    """A set as in sets.py, made when it is asked for.

    Attributes:
        folder: where its recordings are kept.
        osnet: OSNet's weights; without them the embeddings are kit colours alone.
        name: as options take it.
        title: as tables show it.
    """

    folder: Path
    osnet: Path
    name: str = "rendered"
    title: str = "Rendered football, with embeddings"

    def sequences(self, data: Path) -> list[Path]:  # noqa: ARG002
        """Return a path for each sequence."""
        return [self.folder / f"synthetic-{seed:05d}" for seed in SEEDS]

    def read(self, folder: Path) -> Clip:
        """Read one sequence; render it first if it is not there."""
        plan = import_module("data_prep.synthetic").Settings(
            seed=int(folder.name.rpartition("-")[2]), frames=FRAMES, crowding=0.7, camera_speed=1.5
        )
        paths = {name: folder / f"{name}.npz" for name in EMBEDDERS}
        if not (folder / "truth.npz").is_file():
            record(plan, folder, paths, self.osnet)
        found = {name: [f.detections for f in Recording(path)] for name, path in paths.items() if path.is_file()}
        plain = [Detections(d.xyxy, d.score, d.class_id) for d in found[EMBEDDERS[0]]]
        mark = hashlib.sha1(b"".join(d.xyxy.tobytes() + d.score.tobytes() for d in plain)).hexdigest()[:12]
        truth = MotTable(**np.load(folder / "truth.npz"))
        size = (plan.width, plan.height)
        return Clip(folder.name, folder.name, plan.frame_rate, size, plain, truth, None, mark, embedded=found)


def record(plan: Any, folder: Path, paths: dict[str, Path], osnet: Path) -> None:
    """Render a sequence, detect, embed, and write a recording per embedder; the truth comes last."""
    synthetic = import_module("data_prep.synthetic")
    ball = synthetic.CLASSES.index("ball")
    folder.mkdir(parents=True, exist_ok=True)
    embedders = _embedders(osnet)
    about = RecordingInfo(folder.name, plan.width, plan.height, plan.frame_rate, {0: "person"})
    writers = {name: RecordingWriter(paths[name], about) for name in embedders}
    rng, truth = np.random.default_rng([plan.seed, 1]), []
    for image, seen in synthetic.render_sequence(plan):
        people = (seen.class_id != ball) & (seen.visibility >= HIDDEN)
        truth.append((np.full(people.sum(), seen.frame), seen.track_id[people], seen.xyxy[people]))
        found = detect(seen.xyxy[people], seen.visibility[people], (plan.width, plan.height), rng)
        for name, embed in embedders.items():
            looked = Detections(found.xyxy, found.score, found.class_id, embed(image, found.xyxy))
            writers[name].write(RecordedFrame(seen.frame, seen.frame / plan.frame_rate, looked))
    for writer in writers.values():
        writer.close()
    frame, track, xyxy = (np.concatenate(column) for column in zip(*truth, strict=True))
    ones = np.ones(len(frame))
    table = {"frame": frame, "track_id": track, "xyxy": xyxy, "score": ones, "visibility": ones}
    np.savez(folder / "truth.npz", **table, class_id=np.ones(len(frame), np.int64))


def detect(xyxy: Any, visibility: Any, size: tuple[int, int], rng: np.random.Generator) -> Detections:
    """Return the boxes that a poor detector finds, in random order.

    Args:
        xyxy: (N, 4) true boxes.
        visibility: (N,) shares seen.
        size: (width, height) of the picture.
        rng: where chance comes from.
    """
    found = rng.random(len(xyxy)) < 0.6 + 0.38 * visibility
    height = (xyxy[found, 3] - xyxy[found, 1])[:, None]
    boxes = xyxy[found] + rng.normal(0, EDGE, (int(found.sum()), 4)) * height
    score = np.clip(rng.normal(0.35 + 0.5 * visibility[found], 0.08), 0.1, 0.98)
    if len(boxes) and rng.random() < FALSE:
        where = rng.uniform((0, 0), size)
        false = np.concatenate((where, where + np.array([0.4, 1.0]) * height.mean()))
        boxes, score = np.vstack((boxes, false)), np.append(score, rng.uniform(0.1, 0.6))
    order = rng.permutation(len(boxes))
    return Detections.from_arrays(boxes[order], score[order])


def _embedders(osnet: Path) -> dict[str, Callable[[Any, Any], Any]]:
    from sportstrack.embed import load_embedder

    names = EMBEDDERS if osnet.is_file() else EMBEDDERS[:1]
    return {name: load_embedder(name.replace("osnet", str(osnet)), device="cpu") for name in names}
