"""What frames that are dropped at random cost each tracker, with the frames' times and without.

    python benchmarks/dropped.py                                    # the held-out sequences of sets.py
    python benchmarks/dropped.py --set mot17-frcnn --part all --trackers sort cbiou
    python benchmarks/dropped.py --share 0.5 --seeds 5
    python benchmarks/dropped.py --trackers bytetrack --settings track_buffer=45

Every tracker runs on all frames, then on those that are left once a share of them is gone: counting frames, and with
the time of each frame. HOTA is scored on the frames that the tracker has seen, so that only the identities suffer.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from sets import SETS, Clip, choose, data_folder

from sportstrack import TRACKERS, MotTable, SportstrackError, create_tracker, score_tracks

SKIPPED = {"ball"}  # follows one ball, not players


def main(argv: list[str] | None = None) -> int:
    """Print a Markdown table of mean HOTA."""
    options = parse(argv)
    one = SETS[options.set]
    clips = [one.read(folder) for folder in choose(one.sequences(options.data), options.part, options.sequences)]
    share = f"{options.share:.0%} dropped"
    print(f"{one.title}, {options.part}: {len(clips)} sequences, {options.seeds} draws of {share}\n")
    print(f"| tracker | all frames | {share}, counting frames | {share}, with times |\n|---|---:|---:|---:|")
    for name in options.trackers:
        whole, counted, timed = [], [], []
        for clip in clips:
            whole.append(hota(name, clip, np.arange(len(clip.detections)), times=False, **options.settings))
            for seed in range(options.seeds):
                kept = keep(len(clip.detections), options.share, seed)
                counted.append(hota(name, clip, kept, times=False, **options.settings))
                timed.append(hota(name, clip, kept, times=True, **options.settings))
        print(f"| {name} | {mean(whole):.2f} | {mean(counted):.2f} | {mean(timed):.2f} |", flush=True)
    return 0


def keep(frames: int, share: float, seed: int) -> Any:
    """Return the frames that are left; the first one always is."""
    left = np.random.default_rng(seed).random(frames) >= share
    left[0] = True
    return left.nonzero()[0]


def hota(tracker: str, clip: Clip, kept: Any, *, times: bool, **settings: float) -> float:
    """Return HOTA, 0…100, of a tracker that sees some frames of a sequence."""
    made = create_tracker(tracker, frame_rate=clip.frame_rate, frame_size=clip.size, **settings)
    seen = [
        made.update(clip.detections[frame], time=frame / clip.frame_rate if times else None) for frame in kept.tolist()
    ]
    rows = np.isin(clip.truth.frame, kept)
    truth = replace(clip.truth[rows], frame=np.searchsorted(kept, clip.truth.frame[rows]))
    found = score_tracks(truth, MotTable.from_tracks(seen), frames=len(kept), benchmark=clip.benchmark)
    return 100 * float(found.HOTA)


def setting(text: str) -> tuple[str, float]:
    """Read KEY=VALUE."""
    key, _, value = text.partition("=")
    try:
        number = float(value)
        return key, int(number) if number.is_integer() else number
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected KEY=NUMBER, such as track_buffer=45, got {text!r}") from None


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    many = sorted(set(TRACKERS) - SKIPPED)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with sportsmot/, mot17/, mot15/ (SPORTSTRACK_DATA)")
    parser.add_argument("--set", choices=SETS, default="sportsmot-simulated")
    parser.add_argument("--part", choices=("all", "held-out", "rest"), default="held-out", help="of its matches")
    parser.add_argument("--sequences", type=int, help="at most so many")
    parser.add_argument("--share", type=float, default=1 / 3, help="of the frames that is dropped")
    parser.add_argument("--seeds", type=int, default=3, help="draws for each sequence")
    parser.add_argument("--trackers", choices=many, nargs="+", default=many, metavar="NAME", help=", ".join(many))
    parser.add_argument("--settings", type=setting, nargs="+", default=[], metavar="KEY=VALUE", help="of the trackers")
    options = parser.parse_args(argv)
    options.settings = dict(options.settings)
    options.data = data_folder(options.data)
    return options


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SportstrackError as error:
        sys.exit(f"dropped.py: {error}")
