"""A small benchmark's truth and a tracker's result, as files."""

from __future__ import annotations

from pathlib import Path

TRUTH = "".join(f"{f}, {i}, {100 * i + f}, 50, 40, 90, 1, 1, 1\n" for f in range(1, 11) for i in range(3))
RESULT = "".join(
    f"{f},{i + 1 if f < 6 else i + 5},{100 * i + f + 1},51,40,90,0.9,-1,-1,-1\n"
    for f in range(1, 11)
    for i in range(3)
    if (f, i) != (4, 2)
)


def sequence(root: Path, name: str, text: str = TRUTH, frames: int = 12) -> Path:
    folder = root / name
    (folder / "gt").mkdir(parents=True)
    (folder / "gt" / "gt.txt").write_text(text)
    (folder / "seqinfo.ini").write_text(f"[Sequence]\nname={name}\nseqLength={frames}\nimWidth=640\nimHeight=360\n")
    return folder
