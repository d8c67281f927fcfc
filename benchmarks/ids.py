"""One id for each person: how many ids are there with and without a roster, and what does the cap do to the scores?

Sequences of SportsMOT with a simulated detector are tracked, refined, and capped as with a roster of as many people as
the truth has. These have no names, and teams and numbers are unknown: time and place alone say who is who. The cap's
constants were fitted on every other sequence ("tuned on").

    python benchmarks/ids.py                      # by sport, and by what the constants were fitted on
    python benchmarks/ids.py --each               # a line for each sequence whose ids are changed
    python benchmarks/ids.py --unrefined          # the tracker's own tracks are capped: more must be joined
    python benchmarks/ids.py --causal             # while a run goes on, as with --most-ids: nothing looks ahead
    python benchmarks/ids.py --causal --kits --tracker bytetrack        # kits are made up as in team_world.py
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import team_world
from refine_gains import track
from sets import SETS, Clip, data_folder

from sportstrack import Identities, MotTable, Roster, RosterPerson, Scores, bind_roster, create_tracker, score_tracks
from sportstrack.identities.ends import PieceView
from sportstrack.identities.people import one_id_for_each
from sportstrack.identities.pieces import NewIds, frames_of_tracks
from sportstrack.refine import Scene, TrackTable, preset, refine
from sportstrack.track.capped import CappedIds
from sportstrack.track.frames import TrackedFrame

MEASURES = ("HOTA", "AssA", "IDF1")
FOOTBALL = ("v_1yHWGw8DH4A", "v_HdiyOtliFiw", "v_gQNyhv8y0QY", "v_iIxMOsCGH58")
BASKETBALL = ("v_-6Os86HzwCs", "v_2j7kLB-vEEk", "v_4LXTUim5anY")


@dataclass(frozen=True)
class Capped:
    """A sequence before and after the cap."""

    name: str
    people: int
    before: int
    after: int
    cap: int
    scores: tuple[Scores, Scores]
    seconds: float
    frames: int

    @property
    def sport(self) -> str:
        """Which of SportsMOT's three sports it shows."""
        kind = self.name.startswith
        return "football" if kind(FOOTBALL) else "basketball" if kind(BASKETBALL) else "volleyball"


def one_clip(clip: Clip, *, refined: bool) -> Capped:
    """Track, refine and cap a sequence."""
    size: dict[str, Any] = {"frame_rate": clip.frame_rate, "width": clip.size[0], "height": clip.size[1]}
    table, frames = track("sports", clip, False), len(clip.detections)
    if refined:
        table = refine(table, **size, frames=frames, settings=preset("sports"))
    people = len(np.unique(clip.truth.track_id))
    began = time.process_time()
    after, cap = capped(table.ordered(), Scene.of(table, **size, frames=frames), people)
    spent = time.process_time() - began
    scores = [score_tracks(clip.truth, one.to_mot(), frames=frames, name=clip.name) for one in (table, after)]
    return Capped(clip.name, people, table.tracks, after.tracks, cap, (scores[0], scores[1]), spent, frames)


def one_clip_causal(clip: Clip, tracker: str) -> Capped:
    """Track a sequence, and cap the ids while it goes on."""
    made = create_tracker(tracker, frame_rate=clip.frame_rate, frame_size=clip.size)
    tracks, people = [made.update(frame) for frame in clip.detections], len(np.unique(clip.truth.track_id))
    cap = CappedIds(people, size=clip.size)
    rows = zip(clip.detections, tracks, strict=True)
    frames = [TrackedFrame(k, k / clip.frame_rate, d, tracks=t) for k, (d, t) in enumerate(rows)]
    began = time.process_time()
    after = [cap(frame).tracks for frame in frames]
    spent = time.process_time() - began
    sides = [MotTable.from_tracks(one) for one in (tracks, after)]
    scores = [score_tracks(clip.truth, one, frames=len(frames), name=clip.name) for one in sides]
    ids = [len(np.unique(one.track_id)) for one in sides]
    most = max(people, max(map(len, tracks)))
    return Capped(clip.name, people, ids[0], ids[1], most, (scores[0], scores[1]), spent, len(frames))


def capped(table: TrackTable, scene: Scene, people: int) -> tuple[TrackTable, int]:
    """Return a table with one id for each person, and how many ids there may be."""
    view = PieceView(scene.frame_rate, (scene.width, scene.height), scene.path)
    roster = Roster(RosterPerson("everybody", name=str(k)) for k in range(people))
    nothing_known = bind_roster(Identities(), frames_of_tracks(table.frame, table.track_id), roster)
    bound, counts = one_id_for_each(nothing_known, roster, table.frame, table.track_id, table.xyxy, view)
    return replace(table, track_id=NewIds(bound.ids)(table.frame, table.track_id)).ordered(), counts.cap


def table_of(found: dict[str, list[Capped]]) -> None:
    """Print a line for each group of sequences."""
    print(f"{'':<12} {'people':>6} {'ids before':>10} {'after':>6} {'cap':>6}  {'':4}HOTA{'':14}AssA{'':14}IDF1")
    for name, group in found.items():
        pools = [Scores.pool([one.scores[side] for one in group]) for side in (0, 1)]
        scores = "  ".join(" → ".join(f"{100 * pool[one]:.2f}" for pool in pools) for one in MEASURES)
        counts = [sum(getattr(one, field) for one in group) for field in ("people", "before", "after", "cap")]
        print(f"{name:<12} {counts[0]:>6} {counts[1]:>10} {counts[2]:>6} {counts[3]:>6}  {scores}", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with sportsmot/ (SPORTSTRACK_DATA)")
    parser.add_argument("--unrefined", action="store_true", help="cap the tracker's own tracks")
    parser.add_argument("--each", action="store_true", help="print every sequence whose ids are changed")
    parser.add_argument("--causal", action="store_true", help="cap while the run goes on")
    parser.add_argument("--kits", action="store_true", help="with --causal: kits and team evidence, made up")
    parser.add_argument("--tracker", default="sports", help="with --causal (%(default)s)")
    options = parser.parse_args()
    source, found = SETS["sportsmot-simulated"], defaultdict[str, list[Capped]](list)
    for k, folder in enumerate(source.sequences(data_folder(options.data))):
        if options.causal:
            clip = team_world.read(folder)["kit + team"] if options.kits else source.read(folder)
            one = one_clip_causal(clip, options.tracker)
        else:
            one = one_clip(source.read(folder), refined=not options.unrefined)
        for group in ("all", one.sport, "held out" if k % 2 else "tuned on"):
            found[group].append(one)
        if options.each and one.before > one.people:
            table_of({one.name[:12]: [one]})
    table_of(found)
    spent, frames = (sum(getattr(one, name) for one in found["all"]) for name in ("seconds", "frames"))
    print(f"{spent:.1f} s of processor time for the cap of all sequences, {1e3 * spent / frames:.2f} ms a frame")


if __name__ == "__main__":
    main()
