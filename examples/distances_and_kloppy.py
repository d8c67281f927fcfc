"""Distances and speeds in metres, and files that kloppy reads.

python examples/distances_and_kloppy.py [RESULT PITCH IDENTITIES] [FOLDER]

Without files of yours a match is made up: two teams of six who run in circles before a camera that stands.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import sportstrack as st

RATE, FRAMES, SIZE = 25, 250, (1280, 720)


def make_match(folder: Path) -> list[Path]:
    """Write tracks, where each frame sees the pitch, and who is who."""
    camera, pitch = st.Camera((0, 60, 20), 0, 18, 0, 1100, (640, 360)), st.load_pitch("football")
    people = np.arange(12)
    middle = np.stack([people * 4.0 - 22, people % 3 * 9.0 - 8], axis=1)
    tracks = []
    for frame in range(FRAMES):
        turn = (2 + people / 4)[:, None] / 4 * frame / RATE + people[:, None]  # a circle of 4 m at 2 to 4.75 m/s
        at = middle + 4 * np.concatenate([np.cos(turn), np.sin(turn)], axis=1)
        feet, heads = camera.project(at), camera.project(np.column_stack([at, np.full(12, 1.8)]))
        half = (feet[:, 1:] - heads[:, 1:]) / 5
        boxes = np.hstack([feet[:, :1] - half, heads[:, 1:], feet[:, :1] + half, feet[:, 1:]])
        tracks.append(st.Tracks(boxes, np.ones(12), 0 * people, people + 1, people))
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / name for name in ("match.txt", "match.pitch.jsonl", "match.identities.csv")]
    st.write_mot(files[0], tracks)
    frames = {frame: st.PitchFrame(frame, "ok", "", camera, 0.5, 0.05) for frame in range(FRAMES)}
    st.write_pitch(files[1], st.PitchTrack(pitch, SIZE, frames))
    who = [st.Identity(int(one) + 1, team="AB"[one % 2], role="player", number=str(one + 1)) for one in people]
    st.write_identities(files[2], st.Identities(who))
    return files


if __name__ == "__main__":
    folder = Path(sys.argv[-1] if len(sys.argv) in (2, 5) else "runs/distances")
    files = [Path(one) for one in sys.argv[1:4]] if len(sys.argv) > 3 else make_match(folder)
    stats = st.measure_match(*files)
    print(stats)
    st.write_stats(files[0], files[1], folder, files[2], st.StatsSettings(formats=("kloppy",)), overwrite=True)
    from kloppy import skillcorner

    where = {"meta_data": str(folder / "match.match.json"), "raw_data": str(folder / "match.tracking.jsonl")}
    data = skillcorner.load(**where, include_empty_frames=True)
    print(f"kloppy: {len(data.records)} moments, teams {', '.join(team.name for team in data.metadata.teams)}")
