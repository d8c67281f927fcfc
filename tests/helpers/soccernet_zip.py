"""SoccerNet's clips, as folders and zipped."""

from __future__ import annotations

import zipfile
from pathlib import Path

from make_clips import GAMEINFO, SOCCERNET_ROWS, files_below, make_clip


def make_soccernet(root: Path) -> Path:
    make_clip(root / "train" / "SNMOT-060", SOCCERNET_ROWS, gameinfo=GAMEINFO)
    make_clip(root / "test" / "SNMOT-116", SOCCERNET_ROWS.replace("6,9", "6,8"), gameinfo=GAMEINFO)
    return root


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as out:
        for name, data in files_below(folder).items():
            out.writestr(f"{folder.name}/{name}", data)
    return archive
