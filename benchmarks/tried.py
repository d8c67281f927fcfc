"""Steps of association that SportsTrack does without, made anew so that anybody can see what they are worth.

    python benchmarks/tried.py projection --output comparison     # the renders of compare.py, made if they are missing
    python benchmarks/tried.py projection --output comparison --seeds 305 306
    python benchmarks/tried.py kits --output comparison           # the same renders, boxes left out by chance
    python benchmarks/tried.py motion --output tried              # SportsMOT's training matches
    python benchmarks/tried.py motion --output tried --errors     # errors of prediction alone

* ``projection``: embeddings are compared after a projection that is learnt while the video runs, from the sure part of
  the tracks: what differs within a track shrinks (whitening), and directions in which tracks of one frame differ by
  no more than that are left out (a discriminant analysis, Fisher 1936).
* ``kits``: no embeddings, kit colours, and kit colours at a quarter of their weight. Each is run several times on the
  renders, with another 4 % of the boxes left out.
* ``motion``: where a lost track is, is said by a linear prediction from its last ten places (least squares, one for
  each number of ticks without a detection), fitted to the tracker's own tracks on the matches tuned on.

Prints tables in Markdown. HOTA in per cent; what is held out is decided by match (sets.py).
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rendered import EMBEDDERS, SEEDS, RenderedSet
from sets import SETS, Clip, data_folder, held_out

from sportstrack import Detections, MotTable, Scores, SportsTrack, SportsTrackConfig, SportstrackError, score_tracks
from sportstrack.appearance import has_embedding, unit_rows
from sportstrack.trackers.sports.appearance import AverageEmbedding, Recognition
from sportstrack.trackers.sports.evidence import PairEvidence
from sportstrack.trackers.sports.worth import MeasuredWorth

REFRESH = 25  # frames after which a projection is learnt anew
PAIRS = 400  # of a track and its own detection, before the first one
SHRINK = 0.1  # of the scatter within tracks that is taken to be alike in all directions
LEFT_OUT = 0.04  # of the boxes, in a draw of kits
MEMORY = 45  # frames without a detection for which a prediction is fitted
PLACES = 10  # of a track that predict the next ones
RIDGE = 1e-3
KINDS = {"simulated": "sportsmot-simulated", "truth's boxes": "sportsmot-oracle"}

# --- a projection learnt on the sequence ------------------------------------------------------------------------------


class ProjectedEmbedding(AverageEmbedding):
    """Compares embeddings without their average after a projection, once there is one."""

    projection: Any = None

    def centred(self, vectors: Any) -> Any:
        """Return (K, d) unit vectors."""
        plain = super().centred(vectors)
        if self.projection is None:
            return plain
        known = has_embedding(plain)[:, None]
        return unit_rows(np.where(known, plain @ self.projection, np.float32(0.0)))


class ProjectedEvidence(PairEvidence):
    """Evidence that learns a projection from tracks that go on.

    Args:
        config: settings of the tracker.
        frames: with embeddings, over which their average is taken.
        how: ``whitening`` shrinks what differs within tracks; ``discriminant`` also leaves directions out.
    """

    def __init__(self, config: SportsTrackConfig, frames: int, how: str) -> None:
        super().__init__(config, frames)
        self.average = ProjectedEmbedding(frames)
        self._how, self._count, self._ticks, self._apart = how, 0, 0, 0
        self._within: Any = None
        self._between: Any = None

    def learn(self, rows: Any, found: Any, track: Any, box: Any, going_on: Any) -> None:
        """Count a frame, before the tracks learn from it."""
        sure = going_on & (found.score[box] >= 0.6)
        if found.embedding is not None and sure.sum() >= 2 and len(rows.appearance):
            plain = super(ProjectedEmbedding, self.average).centred
            ours, theirs = plain(rows.appearance[:, track[sure]].T), plain(found.embedding[box[sure]])
            known = has_embedding(ours) & has_embedding(theirs)
            self._add(ours[known].astype(np.float64), theirs[known].astype(np.float64))
        super().learn(rows, found, track, box, going_on)

    def _add(self, ours: Any, theirs: Any) -> None:
        if len(ours) < 2:
            return
        if self._within is None:
            self._within, self._between = np.zeros((2, ours.shape[1], ours.shape[1]))
        change, mean = theirs - ours, ours - ours.mean(axis=0)
        self._within += change.T @ change
        self._between += mean.T @ mean
        self._count, self._apart, self._ticks = self._count + len(ours), self._apart + len(ours) - 1, self._ticks + 1
        if self._ticks % REFRESH == 0 and self._count >= PAIRS:
            if self.average.projection is None:
                self._looks = MeasuredWorth(5.0, 0.3)  # cosines mean something else from now on
            self.average.projection = self._solve().astype(np.float32)

    def _solve(self) -> Any:
        from scipy.linalg import eigh

        within, between = self._within / self._count, self._between / max(1, self._apart)
        size = len(within)
        within = (1 - SHRINK) * within + SHRINK * np.trace(within) / size * np.eye(size)
        if self._how == "whitening":
            value, vector = np.linalg.eigh(within)
            return vector / np.sqrt(value)
        value, vector = eigh(between, within)
        return vector[:, value > max(2.0, 0.01 * float(value[-1]))]


class ProjectedTrack(SportsTrack):
    """SportsTrack with such evidence."""

    how = "whitening"

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self._evidence = ProjectedEvidence(self.config, round(self.frame_rate), self.how)
        self._recognition = Recognition(self._evidence.average, self.config, self._gallery_memory)
        self._start_shot()


def projection(options: argparse.Namespace) -> None:
    """Print what projections change on the renders, for each embedder."""
    weights = data_folder(options.data) / "weights" / "osnet_x0_25_msmt17.onnx"
    rendered = RenderedSet(options.output / "rendered", weights)
    clips = [rendered.read(rendered.folder / f"synthetic-{seed:05d}") for seed in options.seeds]
    print("| embeddings | projection | HOTA | AssA | IDSW |\n|---|---|---:|---:|---:|")
    for embedder in EMBEDDERS:
        for how in ("none", "whitening", "discriminant"):
            kind = SportsTrack if how == "none" else type("Track", (ProjectedTrack,), {"how": how})
            scores = [_judged(kind, clip, clip.embedded[embedder]) for clip in clips if embedder in clip.embedded]
            if scores:
                pooled = Scores.pool(scores)
                figures = f"{100 * pooled.HOTA:.1f} | {100 * pooled['AssA']:.1f} | {pooled['IDSW']:.0f}"
                print(f"| {embedder} | {how} | {figures} |", flush=True)


def kits(options: argparse.Namespace) -> None:
    """Print what kit colours are worth on the renders, over draws of the boxes that are left out."""
    rendered = RenderedSet(options.output / "rendered", Path("none"))
    clips = [rendered.read(rendered.folder / f"synthetic-{seed:05d}") for seed in options.seeds]
    ways = {"no embeddings": None, "kit": {}, "kit, appearance_weight=0.25": {"appearance_weight": 0.25}}
    found: dict[str, list[float]] = {way: [] for way in ways}
    for draw in range(options.draws):
        for way, settings in ways.items():
            rng, scores = np.random.default_rng(draw), []
            for clip in clips:
                kept = [frame[rng.random(len(frame)) >= LEFT_OUT] for frame in clip.embedded["kit"]]
                if settings is None:
                    kept = [Detections(one.xyxy, one.score, one.class_id) for one in kept]
                scores.append(_judged(SportsTrack, clip, kept, **(settings or {})))
            found[way].append(100 * Scores.pool(scores).HOTA)
        sys.stderr.write(f"draw {draw + 1} of {options.draws}\n")
    print("| embeddings | HOTA | change | standard error |\n|---|---:|---:|---:|")
    for way, values in found.items():
        change = np.subtract(values, found["no embeddings"])
        error = change.std(ddof=1) / len(change) ** 0.5
        print(f"| {way} | {np.mean(values):.1f} | {change.mean():+.2f} | {error:.2f} |")


def _judged(kind: Any, clip: Clip, detections: Any, **settings: Any) -> Scores:
    tracker = kind(SportsTrackConfig(**settings), frame_rate=clip.frame_rate, frame_size=clip.size)
    found = MotTable.from_tracks([tracker.update(frame) for frame in detections])
    return score_tracks(clip.truth, found, frames=len(detections), name=clip.name)


# --- a motion learnt on other matches ---------------------------------------------------------------------------------


class HistoryTrack(SportsTrack):
    """SportsTrack that remembers the places of its tracks, as seen from a camera that stands still, in pixels."""

    def reset(self) -> None:
        """Forget everything."""
        self.places: dict[int, list[tuple[int, Any, float, Any]]] = {}  # id → frame, place, height, filter's velocity
        super().reset()

    def update(self, detections: Any, camera: Any = None, time: float | None = None) -> Any:
        """Advance by one frame."""
        tracks = super().update(detections, camera, time)
        rows, path = self._rows, self._path
        seen = ((rows.last == self._clock.now) & (rows.track_id > 0)).nonzero()[0]
        common = np.median(rows.state[1, :2, seen], axis=0) if len(seen) else np.zeros(2)
        for row in seen:
            box = rows.box[:, row]
            place, height = (box[:2] + box[2:]) / 2 - path.total, float(box[3] - box[1])
            velocity = rows.state[1, :2, row] - common
            self.places.setdefault(int(rows.track_id[row]), []).append((self._frame, place, height, velocity))
        return tracks


def samples(clips: list[Clip]) -> Iterator[tuple[Any, Any, Any, int]]:
    """Yield (9,) last movements, the filter's velocity and the way after k frames, of x and of y, in heights; and k."""
    random = np.random.default_rng(0)
    for clip in clips:
        tracker = HistoryTrack(SportsTrackConfig(), frame_rate=clip.frame_rate, frame_size=clip.size)
        for frame in clip.detections:
            tracker.update(frame)
        for places in tracker.places.values():
            frames = np.array([one[0] for one in places])
            for now in range(PLACES - 1, len(places), 5):
                if frames[now] - frames[now - PLACES + 1] != PLACES - 1:
                    continue
                past = np.diff([one[1] for one in places[now - PLACES + 1 : now + 1]], axis=0) / places[now][2]
                for ahead in {1, 10, 30, int(random.integers(1, MEMORY + 1)), int(random.integers(1, MEMORY + 1))}:
                    later = np.searchsorted(frames, frames[now] + ahead)
                    if later < len(frames) and frames[later] == frames[now] + ahead:
                        way = (places[later][1] - places[now][1]) / places[now][2]
                        for axis in (0, 1):
                            yield past[:, axis], places[now][3][axis] / places[now][2], way[axis], ahead


def fitted(clips: list[Clip]) -> Any:
    """Return (MEMORY + 1, 9) weights of the last movements: the way after so many frames, smooth over them."""
    past, _, way, ahead = (np.array(column) for column in zip(*samples(clips), strict=True))
    steps = np.arange(MEMORY + 1) / MEMORY
    basis = np.column_stack([steps, steps**2, steps**3, 1 - np.exp(-8 * steps)])  # 0 after no frame
    features = (basis[ahead][:, :, None] * past[:, None, :]).reshape(len(past), -1)
    near = np.abs(way) < 8  # what is farther is another player
    weight = 1 / np.sqrt(ahead[near])
    left = features[near] * weight[:, None]
    gram = left.T @ left + RIDGE * len(left) * np.eye(left.shape[1]) * 1e-3
    found = np.linalg.solve(gram, left.T @ (way[near] * weight)).reshape(basis.shape[1], -1)
    return basis @ found


class LearntMotion(HistoryTrack):
    """SportsTrack whose lost tracks are where the weights say, as seen by the camera of this frame."""

    weights: Any = None

    def _follow_camera(self, found: Any, camera: Any, size: Any) -> Any:
        rows, recent = self._rows, self._recent()
        path = super()._follow_camera(found, camera, size)
        missing = self._clock.now - rows.last
        lost = ((missing > 1) & (missing <= MEMORY) & (rows.track_id > 0)).nonzero()[0]
        if not len(lost) or recent.sum() < 3:
            return path
        before = (rows.box[:2, recent] + rows.box[2:, recent]) / 2
        view = path.total + np.median(rows.state[0][:2, recent] - before, axis=1)
        for row in lost:
            places = self.places.get(int(rows.track_id[row]), [])[-PLACES:]
            if len(places) == PLACES and places[-1][0] - places[0][0] == PLACES - 1:
                way = self.weights[int(missing[row])] @ np.diff([one[1] for one in places], axis=0)
                rows.state[0, :2, row] = places[-1][1] + view + way
        return path


def motion(options: argparse.Namespace) -> None:
    """Print errors of prediction on held-out matches, and what the learnt motion changes in HOTA."""
    folders = {kind: SETS[name].sequences(data_folder(options.data)) for kind, name in KINDS.items()}
    clips = {kind: [SETS[KINDS[kind]].read(folder) for folder in found] for kind, found in folders.items()}

    def part(kind: str, kept: bool) -> list[Clip]:
        return [clip for clip in clips[kind] if held_out(clip.match) == kept]

    weights = fitted(part("simulated", False))
    past, velocity, way, ahead = (np.array(c) for c in zip(*samples(part("simulated", True)), strict=True))
    learnt, filtered = np.einsum("ij,ij->i", weights[ahead], past), velocity * ahead
    print("| frames ahead | filter | learnt | samples |\n|---:|---:|---:|---:|")
    for count in (1, 10, 30):
        one = (ahead == count) & (np.abs(way) < 8)
        errors = [np.median(np.abs(way - guess)[one]) for guess in (filtered, learnt)]
        print(f"| {count} | {errors[0]:.3f} | {errors[1]:.3f} | {one.sum()} |", flush=True)
    if options.errors:
        return
    print("\n| motion | " + " | ".join(f"{kind}: tuned on | held out" for kind in KINDS) + " |\n|---|" + "---:|" * 4)
    kinds = {"filter": SportsTrack, "learnt": type("Track", (LearntMotion,), {"weights": weights})}
    for name, kind in kinds.items():
        cells = []
        for each in KINDS:
            for kept in (False, True):
                scores = [_judged(kind, clip, clip.detections) for clip in part(each, kept)]
                cells.append(f"{100 * Scores.pool(scores).HOTA:.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> int:
    """Run one of them and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("projection", "kits", "motion"))
    parser.add_argument("--data", type=Path, help="folder with sportsmot/ and weights/ (SPORTSTRACK_DATA)")
    parser.add_argument("--output", type=Path, required=True, help="folder of the renders; one of compare.py will do")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of the renders")
    parser.add_argument("--draws", type=int, default=8, help="of kits: of the boxes that are left out (8)")
    parser.add_argument("--errors", action="store_true", help="of motion: errors of prediction alone")
    options = parser.parse_args()
    try:
        {"projection": projection, "kits": kits, "motion": motion}[options.what](options)
    except SportstrackError as error:
        sys.exit(f"tried.py: error: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
