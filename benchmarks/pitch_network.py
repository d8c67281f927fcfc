"""The pitch found by itself in single pictures: how far off are feet, how many pictures are refused, at what price?

    python benchmarks/pitch_network.py                         # 200 pictures of 200 stadiums
    python benchmarks/pitch_network.py --seeds 1000 1400 --each
    python benchmarks/pitch_network.py --network other.onnx

Stadiums, cameras, light and people are those of `data_prep.synthetic.pitch_pictures` with seeds from 1000 on, which
trained nothing. Each picture is a clip of one frame for `fit_clip`: the network's camera begins it, and the lines of
the full picture refine it. Feet are places spread evenly over the pitch in view. "Enough in view" is a third of a half
or more. The size of the pitch is given, as a user gives it.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from data_prep.synthetic.pitch_pictures import PitchPicture, render_picture
from sportstrack.calibrate.byself import PitchFinder, evidence_of
from sportstrack.calibrate.look import Looker
from sportstrack.engines import open_runtime
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch import Camera, load_pitch
from sportstrack.pitch.clip.fit import fit_clip

SIZE = (848, 478)
A_THIRD_OF_A_HALF = 1 / 6
WRONG = 3.0  # metres


def feet(picture: PitchPicture) -> tuple[np.ndarray, np.ndarray, float]:
    """Return places on the pitch in view (N, 2), their pixels, and the part of the pitch that is in view."""
    assert picture.view is not None
    half = np.array([picture.view.pitch.length, picture.view.pitch.width]) / 2
    x, y = np.meshgrid(np.linspace(-1, 1, 60), np.linspace(-1, 1, 40))
    places = np.column_stack([x.ravel(), y.ravel()]) * half
    pixels = picture.view.camera.project(places)
    inside = np.isfinite(pixels).all(1) & (pixels >= 0).all(1) & (pixels < picture.view.size).all(1)
    return places[inside], pixels[inside], float(inside.mean())


def errors(camera: Camera | None, places: np.ndarray, pixels: np.ndarray) -> tuple[float, float, float]:
    """Return the mean, the median and the 95 % quantile of the errors in metres; NaN where there is no camera."""
    if camera is None:
        return (np.nan,) * 3
    off = np.nan_to_num(np.linalg.norm(camera.to_ground(pixels) - places, axis=1), nan=99.0)
    return float(off.mean()), float(np.median(off)), float(np.quantile(off, 0.95))


def judge(picture: PitchPicture, network: Any) -> dict[str, Any]:
    """Return what becomes of one picture: alone by the network, and refined by the lines."""
    pitch = load_pitch() if picture.view is None else picture.view.pitch
    finder = PitchFinder(pitch, network=network)
    start = time.process_time()
    maps = finder.maps(picture.image)
    seconds = [time.process_time() - start]
    seen = Looker().look(0, picture.image)
    start = time.process_time()
    found = finder.find(picture.image, seen.lines)
    seconds.append(time.process_time() - start - seconds[0])
    row: dict[str, Any] = {"kind": "none", "part": 0.0, "pitch": maps.pitch, "seconds": seconds, "reason": found.reason}
    camera = None
    if found.camera is not None:
        track = fit_clip([seen], {0: evidence_of(0, found)}, pitch, SIZE).track
        camera = track.at(0).camera
        row["reason"] = track.at(0).reason
    row |= {"score": found.score, "found": found.camera is not None, "kept": camera is not None}
    if picture.view is not None:
        places, pixels, part = feet(picture)
        row |= {"kind": picture.view.kind, "part": part}
        row |= {"alone": errors(found.camera, places, pixels), "refined": errors(camera, places, pixels)}
    return row


def summary(title: str, rows: list[dict[str, Any]], which: str) -> str:
    """Return a row of the table."""
    off = np.array([row[which] for row in rows]).reshape(-1, 3)
    known = np.isfinite(off[:, 0])
    if not known.any():
        return f"| {title} | {len(rows)} | 0 % | | | | |"
    mean, median, most = off[known].T
    good = (median <= 0.3) & (most <= 1.0)
    return (
        f"| {title} | {len(rows)} | {known.mean():.0%} | {np.median(mean):.2f} | {np.quantile(mean, 0.95):.2f} | "
        f"{good.sum() / len(rows):.0%} | {(mean > WRONG).sum() / len(rows):.1%} |"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(1000, 1200), metavar=("FROM", "TO"))
    parser.add_argument("--network", metavar="FILE.onnx", help="another one than that of the project")
    parser.add_argument("--each", action="store_true", help="print each picture")
    options = parser.parse_args()
    require_cv2().setNumThreads(1)
    network = PitchFinder(load_pitch()).network if options.network is None else open_runtime(options.network, "onnx")
    rows = []
    for seed in range(*options.seeds):
        rows.append(judge(render_picture(seed, 0, SIZE), network))
        if options.each:
            row = rows[-1]
            text = " ".join(f"{v:.2f}" for v in (*row.get("alone", ()), *row.get("refined", ())))
            shown = f"{seed} {row['kind']} part {row['part']:.2f} score {row['score']:.2f}"
            print(shown, text, row["reason"], flush=True)
    pitches = [row for row in rows if row["kind"] != "none"]
    enough = [row for row in pitches if row["part"] >= A_THIRD_OF_A_HALF]
    print(
        "\n| pictures | number | not refused | mean error, median, m | 95 % | good | wrong by 3 m |"
        "\n|---|---|---|---|---|---|---|"
    )
    print(summary("enough in view, network alone", enough, "alone"))
    print(summary("enough in view, refined", enough, "refined"))
    for kind in sorted({row["kind"] for row in enough}):
        print(summary(f"of these: {kind}", [row for row in enough if row["kind"] == kind], "refined"))
    print(summary("less in view, refined", [row for row in pitches if row not in enough], "refined"))
    others = [row for row in rows if row["kind"] == "none"]
    print(f"\nwithout a pitch: {len(others)} pictures, {sum(not row['kept'] for row in others)} refused")
    network_s, search_s = np.median([row["seconds"] for row in rows], axis=0) * 1000
    print(f"network {network_s:.0f} ms, points and search {search_s:.0f} ms of one core a picture, at the median")


if __name__ == "__main__":
    main()
