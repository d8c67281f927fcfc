"""Where a tracker loses HOTA: what it would be if it had found certain players again.

    python benchmarks/lost.py                                  # SportsTrack, both detectors of SportsMOT
    python benchmarks/lost.py --part held-out --sets sportsmot-oracle
    python benchmarks/lost.py --tracker bytetrack --sequences 15

A found box belongs to the true player that it overlaps best, one to one, by an IoU of at least 0.5. A player is *lost*
when its id changes after one or more frames without a box, and *exchanged* when it changes from a frame to the next. It
left over a border if the box before is at a border of the picture and the box after, too. The oracle takes the tracks
apart there, and gives the player its old id.

The second table counts returns: players that the truth has not seen for at least one frame, with the last and the new
box at a border, and which id they get.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # read when numpy is imported

import argparse
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from sets import SETS, Clip, choose, data_folder, held_out

from sportstrack import TRACKERS, MotTable, Scores, SportstrackError, create_tracker, score_tracks
from sportstrack.boxes import iou

INSIDE, LEAVING = 1.8, 10.0  # seconds that SportsTrack remembers a lost player, inside and behind a border
LEFT, BACK = 0.01, 0.03  # shares of the picture that are its border, for a player that leaves and that comes back
WAYS = {
    "as it is": (),
    f"lost inside for up to {INSIDE} s": ("inside",),
    f"back over a border within {LEAVING:.0f} s": ("border",),
    "back over a border later": ("border later",),
    "lost inside for longer": ("inside later",),
    "exchanged from one frame to the next": ("exchanged",),
    "all": ("inside", "inside later", "border", "border later", "exchanged"),
}


def players_of(clip: Clip, found: MotTable) -> Any:
    """Return (N,) the true player of each found box, -1 for none: one to one in each frame, from an IoU of 0.5."""
    player = np.full(len(found), -1)
    for frame in np.unique(found.frame):
        rows, true = (found.frame == frame).nonzero()[0], (clip.truth.frame == frame).nonzero()[0]
        overlap = iou(found.xyxy[rows], clip.truth.xyxy[true])
        for i, j in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[i, j] >= 0.5:
                player[rows[i]] = clip.truth.track_id[true[j]]
    return player


def at_border(xyxy: Any, size: tuple[int, int], share: float) -> Any:
    """Return (N,) whether boxes are within a share of the picture of one of its borders."""
    near = share * np.array([*size, *size])
    return ((xyxy[:, :2] < near[:2]).any(axis=1)) | ((xyxy[:, 2:] > np.array(size) - near[2:]).any(axis=1))


def pieces_of(found: MotTable, player: Any) -> tuple[Any, dict[int, int]]:
    """Return (N,) the piece of each box, and piece → the one before it in its track.

    A piece is a part of a track on one player (or on nobody) in which no other track is on this player.
    """
    order, run = np.argsort(found.frame, kind="stable"), np.zeros(len(found), np.int64)
    for one in np.unique(player[player >= 0]):
        rows = order[player[order] == one]
        run[rows] = np.cumsum(np.diff(found.track_id[rows], prepend=found.track_id[rows[0]]) != 0)
    piece, before, last = np.empty(len(found), np.int64), {}, -1
    for track in np.unique(found.track_id):
        rows, now = order[found.track_id[order] == track], None
        for row in rows:
            if now != (here := (player[row], run[row])):
                last += 1
                if now is not None:
                    before[last] = last - 1
                now = here
            piece[row] = last
    return piece, before


def losses(clip: Clip, found: MotTable, player: Any, piece: Any) -> tuple[list[tuple[str, int, int]], Counter[str]]:
    """Return (kind, old piece, new piece) of each player whose id changes; and how often each kind of return occurs."""
    left, back = (at_border(found.xyxy, clip.size, share) for share in (LEFT, BACK))
    lost, returns = [], Counter[str]()
    order = np.argsort(found.frame, kind="stable")
    first = {int(found.track_id[row]): int(found.frame[row]) for row in order[::-1]}
    for one in np.unique(player[player >= 0]):
        rows = order[player[order] == one]
        truth = clip.truth.frame[clip.truth.track_id == one]
        for i, j in pairwise(rows):
            frames = int(found.frame[j] - found.frame[i])
            gap = frames / clip.frame_rate
            border, same = bool(left[i] and back[j]), found.track_id[i] == found.track_id[j]
            later = " later" if gap > (LEAVING if border else INSIDE) else ""
            if border and frames - 1 > ((truth > found.frame[i]) & (truth < found.frame[j])).sum():
                new = first[int(found.track_id[j])] == found.frame[j]
                returns[("right" if same else "new" if new else "wrong") + later] += 1
            if not same:
                kind = "exchanged" if frames == 1 else "border" if border else "inside"
                lost.append((kind + later, int(piece[i]), int(piece[j])))
    return lost, returns


def joined(
    found: MotTable, piece: Any, before: dict[int, int], lost: list[tuple[str, int, int]], kinds: tuple[str, ...]
) -> MotTable:
    """Return the tracks as they are when losses of these kinds are undone."""
    before, after = dict(before), {old: new for new, old in before.items()}
    for kind, old, new in lost:
        if kind in kinds:
            for cut, other in ((before, after), (after, before)):
                link = cut.pop(new if cut is before else old, None)
                if link is not None:
                    other.pop(link, None)
            before[new], after[old] = old, new
    name: dict[int, int] = {}
    first = {int(one): int(found.frame[piece == one].min()) for one in np.unique(piece)}
    for one in sorted(first, key=lambda key: (first[key], key)):  # the piece before begins earlier
        name[one] = name[before[one]] if one in before else one
    return replace(found, track_id=np.array([name[int(one)] + 1 for one in piece], np.int64))


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with sportsmot/ (SPORTSTRACK_DATA)")
    parser.add_argument("--tracker", choices=sorted(TRACKERS), default="sports")
    kinds = [name for name, one in SETS.items() if one.benchmark is None]
    parser.add_argument("--sets", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--part", choices=("all", "held-out", "rest"), default="all", help="which matches (all)")
    parser.add_argument("--sequences", type=int, help="at most so many of each set")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Print both tables."""
    options = parse(argv)
    data, table, counts = data_folder(options.data), {}, {}
    for name in options.sets:
        scores: dict[str, list[Scores]] = {way: [] for way in WAYS}
        for folder in choose(SETS[name].sequences(data), options.part, options.sequences):
            clip = SETS[name].read(folder)
            tracker = create_tracker(options.tracker, frame_rate=clip.frame_rate, frame_size=clip.size)
            found = MotTable.from_tracks([tracker.update(frame) for frame in clip.detections])
            player = players_of(clip, found)
            piece, before = pieces_of(found, player)
            lost, returns = losses(clip, found, player, piece)
            part = "held out" if held_out(clip.match) else "tuned on"
            counts.setdefault((name, part), Counter()).update(returns)
            for way, kinds in WAYS.items():
                after = joined(found, piece, before, lost, kinds)
                scores[way].append(score_tracks(clip.truth, after, frames=len(clip.detections), name=clip.name))
            sys.stderr.write(f"{name}: {clip.name}: {len(lost)} changes of ids\n")
        table[name] = [f"{100 * Scores.pool(found).HOTA:.1f}" for found in scores.values()]
    print(f"| kept ids | {' | '.join(SETS[name].title for name in table)} |\n|---|{'---:|' * len(table)}")
    for way, *cells in zip(WAYS, *table.values(), strict=True):
        print(f"| {way} | {' | '.join(cells)} |")
    answers = ("right", "wrong", "new")
    print(f"\n| returns over a border, within {LEAVING:.0f} s (later) | {' | '.join(answers)} |\n|---|---:|---:|---:|")
    for (name, part), found in counts.items():
        cells = [f"{found[answer]} ({found[answer + ' later']})" for answer in answers]
        print(f"| {SETS[name].title}, {part} | {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SportstrackError as error:
        sys.exit(f"lost.py: {error}")
