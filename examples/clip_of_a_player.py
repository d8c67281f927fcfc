"""A video that follows one player, and a single picture with two players in colour.

python examples/clip_of_a_player.py [VIDEO RESULT ID] [FOLDER]
"""

from __future__ import annotations

import sys

import sportstrack as st

given = len(sys.argv) > 3
video, result = sys.argv[1:3] if given else (st.assets_folder() / "demo.mp4", st.assets_folder() / "demo_gt.txt")
player = int(sys.argv[3]) if given else 12
folder = sys.argv[-1] if len(sys.argv) in (2, 5) else "runs/clip"

follow = st.DrawSettings(crop_to=player, start=2.0, end=3.0)
picture = st.DrawSettings(ids=[player], frames=[100], draw=["analyst"])
for settings in (follow, picture):
    done = st.draw_video(video, result, folder, settings, overwrite=True)
    print(*done.files, *done.warnings, sep="\n")
