"""Small data sets for the converters' tests: clips as MOTChallenge lays them out, with one grey picture per clip."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

SIZE = (64, 48)
# as SportsMOT has it
ROWS = "1, 0, 10, 5, 20, 30, 1, 1, 1\n1, 1, 40, 8, 10, 20, 1, 1, 1\n3, 0, 12, 5, 20, 30, 1, 1, 1\n"
INFO = (
    "[Sequence]\nname={name}\nimDir=img1\nframeRate=25\nseqLength={frames}\nimWidth={width}\nimHeight={height}\n"
    "imExt=.jpg\n"
)


@cache
def jpeg(size: tuple[int, int] = SIZE, grey: int = 90) -> bytes:
    import cv2

    done, data = cv2.imencode(".jpg", np.full((size[1], size[0], 3), grey, np.uint8))
    assert done
    return np.asarray(data).tobytes()


def make_clip(
    folder: Path, rows: str | None = ROWS, frames: int = 3, size: tuple[int, int] = SIZE, *, name: str = "",
    info: str = INFO, pictures: bool = True, gameinfo: str = "",
) -> Path:  # fmt: skip
    """A clip's folder; ``rows=None``: without ground truth."""
    folder.mkdir(parents=True)
    (folder / "seqinfo.ini").write_text(
        info.format(name=name or folder.name, frames=frames, width=size[0], height=size[1]), encoding="utf-8"
    )
    if rows is not None:
        (folder / "gt").mkdir()
        (folder / "gt" / "gt.txt").write_text(rows, encoding="utf-8")
    if gameinfo:
        (folder / "gameinfo.ini").write_text(gameinfo, encoding="utf-8")
    if pictures:
        make_pictures(folder / "img1", range(1, frames + 1), size)
    return folder


def make_pictures(folder: Path, numbers: Iterable[int], size: tuple[int, int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    first: Path | None = None
    for number in numbers:
        path = folder / f"{number:06d}.jpg"
        if first is None:
            path.write_bytes(jpeg(size))
            first = path
        else:
            os.link(first, path)


def make_sportsmot(root: Path) -> Path:
    """Two train clips of one match (football), one val clip (basketball), one test clip without ground truth."""
    for i, (split, clip) in enumerate(
        [("train", "v_aaa_c001"), ("train", "v_aaa_c002"), ("val", "v_bbb_c001"), ("test", "v_ccc_c001")]
    ):
        rows = None if split == "test" else ROWS + f"2, {5 + i}, 1, 2, 3, 4, 1, 1, 1\n"
        make_clip(root / "dataset" / split / clip, rows)
    lists = {
        "train": ["v_aaa_c001", "v_aaa_c002"], "val": ["v_bbb_c001"], "test": ["v_ccc_c001"],
        "football": ["v_aaa_c001", "v_aaa_c002", "v_ccc_c001"], "basketball": ["v_bbb_c001"],
    }  # fmt: skip
    (root / "splits_txt").mkdir()
    for name, clips in lists.items():
        (root / "splits_txt" / f"{name}.txt").write_text("".join(f"{clip}\n" for clip in clips), encoding="utf-8")
    return root


GAMEINFO = """[Sequence]
name=SNMOT-060
gameID=4
num_tracklets=5
trackletID_1= player team left;10
trackletID_2= goalkeepers team right;x
trackletID_3= referee;main
trackletID_4= ball;1
trackletID_5= other;staff
"""
# sorted by track, −1 in the class columns
SOCCERNET_ROWS = "".join(
    f"{frame},{track},{10 * track},{5 + frame},6,9,1,-1,-1,-1\n" for track in range(1, 6) for frame in (1, 2, 3)
)


def files_below(folder: Path) -> dict[str, bytes]:
    """Relative path → content of all files, hidden ones too."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
