"""Names for tracks: numbers that were read, a roster, and one id for all tracks of a person.

python examples/names_from_a_roster.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import sportstrack as st

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/roster")
folder.mkdir(parents=True, exist_ok=True)
result = st.read_mot(st.assets_folder() / "demo_gt.txt")
st.write_mot(folder / "demo.txt", result)
who = [  # as sportstrack track --numbers writes it, or by hand
    st.Identity(9, team="A", role="player", number="10", team_confidence=0.98, number_confidence=0.9),
    st.Identity(12, team="B", role="player", number="7", team_confidence=0.95, number_confidence=0.8),
]
st.write_identities(folder / "demo.identities.csv", st.Identities(who))
(folder / "squads.csv").write_text(
    "team,number,name,role\nA,10,Ada Example,player\nA,1,Ben Example,goalkeeper\nB,7,Cleo Example,player\n",
    encoding="utf-8",
)
named = st.name_tracks(folder / "demo.txt", folder / "squads.csv", frame_rate=25)
print(named)
