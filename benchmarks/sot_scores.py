"""Are the scores of single-object trackers those of the GOT-10k toolkit? On random boxes, sequence by sequence.

    pip install got10k==0.1.3
    python benchmarks/sot_scores.py
    python benchmarks/sot_scores.py --sequences 200 --seed 1

The toolkit has OTB's curves and GOT-10k's figures. Boxes jump about, some lie outside the picture, and in some frames
of GOT-10k's figures the object is covered (cover 0).
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from sportstrack import score_one_pass

WIDTH, HEIGHT = 320, 240


def boxes(rng: np.random.Generator, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (F, 4) true and found boxes: left, top, width, height. The first are equal."""
    size = rng.uniform(5, 80, (frames, 2))
    true = np.hstack([rng.uniform(1, (WIDTH, HEIGHT), (frames, 2)) - size / 4, size])
    true[:, :2] = np.maximum(true[:, :2], 1)
    found = true + rng.normal(0, rng.choice([1, 8, 40]), (frames, 4))
    found[:, 2:] = np.maximum(found[:, 2:], 1)
    found[0] = true[0]
    return true, found


def corners(xywh: np.ndarray) -> np.ndarray:
    """Return (F, 4) left, top, right, bottom."""
    return np.hstack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]])


def main() -> int:
    """Print the worst difference of each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        from got10k.experiments import ExperimentOTB
        from got10k.utils.metrics import rect_iou
    except ImportError as error:
        sys.exit(f"sot_scores.py: {error}; pip install got10k==0.1.3 brings the toolkit")
    toolkit = object.__new__(ExperimentOTB)  # its sums alone: no data set
    toolkit.nbins_iou, toolkit.nbins_ce = 21, 51
    rng, worst = np.random.default_rng(options.seed), dict.fromkeys(("AUC", "S50", "P20", "AO", "SR50", "SR75"), 0.0)
    for _ in range(options.sequences):
        true, found = boxes(rng, int(rng.integers(2, 60)))
        success, precision = toolkit._calc_curves(*toolkit._calc_metrics(found.copy(), true))
        theirs = {"AUC": success.mean(), "S50": success[10], "P20": precision[20]}
        shown = rng.random(len(true)) < 0.9
        shown[0] = True
        overlap = rect_iou(found[1:].copy(), true[1:].copy(), bound=(WIDTH, HEIGHT))[shown[1:]]
        ours = dict(score_one_pass(corners(found), corners(true)).figures)
        if len(overlap):
            theirs |= {"AO": overlap.mean(), "SR50": (overlap > 0.5).mean(), "SR75": (overlap > 0.75).mean()}
            seen = np.where(shown[:, None], corners(true), np.nan)
            covered = score_one_pass(corners(found), seen, size=(WIDTH, HEIGHT)).figures
            ours |= {figure: covered[figure] for figure in ("AO", "SR50", "SR75")}
        for figure, value in theirs.items():
            worst[figure] = max(worst[figure], abs(float(value) - ours[figure]))
    print(f"| figure | worst difference, {options.sequences:,} sequences |\n|---|---:|")
    for figure, value in worst.items():
        print(f"| {figure} | {value:.1e} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
