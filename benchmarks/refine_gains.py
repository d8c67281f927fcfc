"""Part of refine.py: scores before the offline refinement and after each of its steps, on the sets of sets.py."""

from __future__ import annotations

import sys
from pathlib import Path

from sets import SETS, Clip, Set

from sportstrack import MotTable, Scores, create_tracker, score_tracks
from sportstrack.refine import STEPS, RefineSettings, Scene, TrackTable, preset
from sportstrack.refine.steps import run_steps

HELD = ("v_4LXTUim5anY", "v_ApPxnw_Jffg", "v_dChHNGIfm4Y", "v_HdiyOtliFiw", "v_iIxMOsCGH58")
"""Matches of SportsMOT that were not looked at when the refinement's settings were chosen."""


def track(name: str, clip: Clip, smoothed: bool) -> TrackTable:
    """Run a tracker over a clip; the boxes are the detections' own, or those that the tracker has smoothed."""
    pedestrians = {"preset": "pedestrian"} if name == "sports" and clip.benchmark is not None else {}
    tracker = create_tracker(name, frame_rate=clip.frame_rate, frame_size=clip.size, **pedestrians)
    tracks = [tracker.update(frame) for frame in clip.detections]
    if smoothed:
        return TrackTable.from_mot(MotTable.from_tracks(tracks))
    return TrackTable.from_tracks(tracks, clip.detections)


def score_steps(name: str, clip: Clip, settings: RefineSettings, smoothed: bool) -> dict[str, Scores]:
    """Return a clip's scores before ("") and after each step added."""
    frames, table = len(clip.detections), track(name, clip, smoothed)
    scene = Scene.of(table, frame_rate=clip.frame_rate, width=clip.size[0], height=clip.size[1], frames=frames)
    return {
        step: score_tracks(clip.truth, after.to_mot(), frames=frames, benchmark=clip.benchmark, name=clip.name)
        for step, after in run_steps(table, scene, settings)
    }


def parts(one: Set, data: Path) -> dict[str, list[Path]]:
    """Return the sequences of a set: those that the settings were chosen on, and those held back."""
    found = one.sequences(data)
    if one.benchmark is not None:
        return {"all": found}
    return {
        "tuned on": [folder for folder in found if not folder.name.startswith(HELD)],
        "held back": [folder for folder in found if folder.name.startswith(HELD)],
    }


def gains(
    data: Path, names: list[str], trackers: list[str], changes: dict[str, object], kind: str | None, smoothed: bool
) -> None:
    """Print HOTA before and after each step.

    Args:
        data: folder with sportsmot/, mot17/ and mot15/.
        names: of sets.
        trackers: their names.
        changes: settings of the refinement.
        kind: preset of the refinement; None: the one for the set's kind of video.
        smoothed: the refinement begins from the boxes that the tracker has smoothed.
    """
    steps = changes.get("steps", STEPS[1:])  # without embeddings there is nothing to split
    shown = " | ".join(f"+ {step}" for step in STEPS if step in steps)  # type: ignore[operator]
    print(f"| tracker | boxes | matches | causal | {shown} | AssA | IDSW |")
    print(f"|---|---|---|---:|{'---:|' * len(shown.split('|'))}---:|---:|", flush=True)
    for name in trackers:
        for each in names:
            settings = preset(kind or ("sports" if SETS[each].benchmark is None else "pedestrian"), **changes)
            for which, folders in parts(SETS[each], data).items():
                found = [score_steps(name, SETS[each].read(folder), settings, smoothed) for folder in folders]
                pooled = {step: Scores.pool([one[step] for one in found]) for step in found[0] if step != "split"}
                first, *_, last = pooled.values()
                cells = [f"{100 * one.HOTA:.2f}" for one in pooled.values()]
                cells += [f"{100 * first['AssA']:.2f} → {100 * last['AssA']:.2f}", f"{first.IDSW} → {last.IDSW}"]
                print(f"| {name} | {each} | {which} | {' | '.join(cells)} |", flush=True)
                sys.stdout.flush()
