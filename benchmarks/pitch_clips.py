"""The pitch found by itself in rendered clips, and again after cuts: how many frames get a camera, how far off is it?

    python benchmarks/pitch_clips.py                            # 40 clips: two shots, a close-up between
    python benchmarks/pitch_clips.py --marked                   # no network: the first shot is marked, the second not
    python benchmarks/pitch_clips.py --seeds 1200 1210 --each --network other.onnx

Stadiums, cameras, light and people are those of `data_prep.synthetic.pitch_pictures` with seeds that trained nothing. A
camera pans and zooms, a picture of another kind follows, and the camera comes back, looking elsewhere. Feet are places
spread evenly over the pitch in view. "Enough in view" is a third of a half or more. The size of the pitch is given.
"True/told" is a frame's median error divided by its `error_m`: the median over frames, and what 90 % are below.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from pitch_network import A_THIRD_OF_A_HALF, WRONG, errors, feet

from data_prep.synthetic.pitch_pictures import PitchPicture, render_clip
from sportstrack import Mark, load_pitch
from sportstrack.calibrate.byself import PitchFinder
from sportstrack.calibrate.look import Looker
from sportstrack.engines import Runtime, open_runtime
from sportstrack.errors import SettingError
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch.clip.fit import fit_clip
from sportstrack.pitch.evidence import PitchEvidence, evidence_of_marks
from sportstrack.pitch.file import PitchTrack

SIZE = (848, 478)


class Row(NamedTuple):
    """One frame: its shot, kind of camera, part of the pitch in view, status, told error, and errors of its feet."""

    shot: int
    kind: str
    part: float
    status: str
    reason: str
    told: float
    mean: float
    median: float
    most: float


def judge(
    pictures: Iterable[tuple[int, PitchPicture]], network: Runtime, *, marked: np.random.Generator | None = None
) -> tuple[list[Row], dict[str, float]]:
    """Return the frames of a clip, and what it costs: processor seconds of looking, finding and fitting."""
    looker, seen, evidence, truth = Looker(25.0), [], {}, []
    finder: PitchFinder | None = None
    cost = {"look": 0.0, "find": 0.0, "fit": 0.0}
    for frame, (shot, picture) in enumerate(pictures):
        if finder is None:
            pitch = picture.view.pitch if picture.view is not None else load_pitch()
            finder = PitchFinder(pitch, network=network)
        size = picture.image.shape[1::-1]
        begin = time.process_time()
        seen.append(looker.look(frame, picture.image))
        cost["look"] += time.process_time() - begin
        begin = time.process_time()
        found = finder(frame, picture.image, seen[-1].lines) if marked is None else None
        cost["find"] += time.process_time() - begin
        if found is not None:
            evidence[frame] = found
        truth.append((shot, picture.view, None if picture.view is None else feet(picture)))
    if marked is not None:
        evidence = marks_of([view for shot, view, _ in truth if shot == 0], marked)
    begin = time.process_time()
    try:
        track = fit_clip(seen, evidence, pitch, size).track
    except SettingError as error:
        print(error)
        track = PitchTrack(pitch, size, {})
    cost["fit"] += time.process_time() - begin
    rows = []
    for frame, (shot, view, places) in enumerate(truth):
        one = track.at(frame)
        kind, part = ("none", 0.0) if view is None else (view.kind, places[2])
        off = (np.nan,) * 3 if view is None or one.camera is None else errors(one.camera, *places[:2])
        rows.append(Row(shot, kind, part, one.status, one.reason, one.error_m, *off))
    return rows, cost


def marks_of(views: list[Any], rng: np.random.Generator) -> dict[int, PitchEvidence]:
    """Return six marks, 1.5 pixels off at 1280, of a frame drawn by lot that shows enough places."""
    pitch, size = views[0].pitch, views[0].size
    names = [name for name, place in pitch.keypoints.items() if len(place) == 2]
    for frame in rng.permutation(len(views)).tolist():
        pixels = views[frame].camera.project(np.array([pitch.keypoints[name] for name in names]))
        inside = np.flatnonzero(
            np.isfinite(pixels).all(1) & (pixels > 5).all(1) & (pixels < np.subtract(size, 5)).all(1)
        )
        if len(inside) >= 6:
            chosen = rng.permutation(inside)[:6]
            noisy = pixels + rng.normal(0, 1.5 * size[0] / 1280, pixels.shape)
            marks = [Mark(frame + 1, names[i], (float(noisy[i, 0]), float(noisy[i, 1]))) for i in chosen]
            return evidence_of_marks(marks, size[0])
    return {}


def summary(title: str, rows: list[Row]) -> str:
    """Return a row of the table."""
    if not rows:
        return f"| {title} | 0 | | | | | | |"
    known = [row for row in rows if np.isfinite(row.mean)]
    mean, median, most = (np.array([getattr(row, name) for row in known] or [np.nan]) for name in Row._fields[-3:])
    ratio = median / np.array([row.told for row in known] or [np.nan])
    honest = f"{np.median(ratio):.2f} ({np.quantile(ratio, 0.9):.2f})"
    quantiles = np.median(median), np.quantile(median, 0.95), np.quantile(most, 0.95)
    cells = (len(rows), f"{len(known) / len(rows):.1%}", *(f"{value:.2f}" for value in quantiles))
    return f"| {title} | {' | '.join(map(str, cells))} | {(mean > WRONG).sum() / len(rows):.1%} | {honest} |"


def print_table(rows: list[Row]) -> None:
    """Print what was found, by shot and by kind of camera."""
    enough = [row for row in rows if row.part >= A_THIRD_OF_A_HALF]
    print(
        "\n| frames | number | with a camera | median error, m | 95 % | 95 % of feet in 95 % | wrong by 3 m | "
        "true/told (90 %) |"
    )
    print("|---|---|---|---|---|---|---|---|")
    print(summary("enough in view", enough))
    print(summary("of these: first shots", [row for row in enough if row.shot == 0]))
    print(summary("of these: after a cut", [row for row in enough if row.shot > 0]))
    for kind in sorted({row.kind for row in enough}):
        print(summary(f"of these: {kind}", [row for row in enough if row.kind == kind]))
    print(summary("less in view", [row for row in rows if row.kind != "none" and row not in enough]))
    others = [row for row in rows if row.kind == "none"]
    print(f"\nwithout a pitch: {len(others)} frames, {sum(row.status == 'refused' for row in others)} refused")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(1200, 1240), metavar=("FROM", "TO"))
    parser.add_argument("--frames", type=int, default=50, help="of each shot (%(default)s)")
    parser.add_argument("--marked", action="store_true", help="mark one frame of each first shot, without the network")
    parser.add_argument("--network", metavar="FILE.onnx", help="another one than that of the project")
    parser.add_argument("--each", action="store_true", help="print each clip")
    options = parser.parse_args()
    require_cv2().setNumThreads(1)
    network = PitchFinder(load_pitch()).network if options.network is None else open_runtime(options.network, "onnx")
    rows: list[Row] = []
    costs: list[dict[str, float]] = []
    for seed in range(*options.seeds):
        rng = np.random.default_rng(seed) if options.marked else None
        some, cost = judge(render_clip(seed, 0, options.frames, SIZE, returns=1), network, marked=rng)
        rows, costs = rows + some, [*costs, cost]
        if options.each:
            print(seed, each(some), flush=True)
    print_table(rows)
    ms = {name: 1000 * sum(cost[name] for cost in costs) / len(rows) for name in costs[0]}
    print("processor ms a frame: " + ", ".join(f"{name} {value:.1f}" for name, value in ms.items()))


def each(rows: list[Row]) -> str:
    """Return a clip in a line for each shot."""
    parts = []
    for shot in sorted({row.shot for row in rows}):
        some = [row for row in rows if row.shot == shot]
        known = [row.mean for row in some if np.isfinite(row.mean)]
        off = f"{np.median(known):.2f} (worst {max(known):.2f}) m" if known else "-"
        why = next((row.reason for row in some if row.status == "refused"), "")
        parts.append(
            f"{some[0].kind} part {np.mean([row.part for row in some]):.2f}: {len(known)}/{len(some)} {off} {why}"
        )
    return " | ".join(parts)


if __name__ == "__main__":
    main()
