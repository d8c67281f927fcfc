"""SportsMOT to a YOLO data set (or another format): ``python -m data_prep.sportsmot ROOT OUT``.

Cui et al., "SportsMOT: A Large Multi-Object Tracking Dataset in Multiple Sports Scenes" (ICCV 2023): clips of
basketball, football and volleyball at 1280×720 and 25 frames/s in ``dataset/{train,val,test}/CLIP/``, and lists of
their names in ``splits_txt/``. A clip is called ``v_VIDEO_cNUMBER``; its match is ``v_VIDEO``.
"""

from __future__ import annotations

import re
from pathlib import Path

from data_prep.formats.clips import ClipRules, find_clips, join_clips, read_clip
from data_prep.formats.motfolders import class_column, known_classes
from data_prep.storage import DiskStorage, Storage
from data_prep.table import Table
from sportstrack.errors import FormatError, SettingError, nearest
from sportstrack.files.folders import settled
from sportstrack.files.reading import decode, same_name

SPORTS = ("basketball", "football", "volleyball")
SPLITS = ("train", "val", "test")
CLASSES = ("player",)
_CLIP = re.compile(r"^(v_.+)_c\d+$")
_LISTS = "splits_txt"


def read_sportsmot(
    root: str | Path, *, sport: str = "all", class_names: tuple[str, ...] | None = None, skip_missing: bool = False,
    from_video: bool = False,
) -> Table:  # fmt: skip
    """Read SportsMOT: the clips of the lists in ``splits_txt/``, or without lists all clips of the split folders.

    Args:
        root: the folder that holds ``splits_txt/`` and ``dataset/`` (or ``train/`` …, or the clips of one split).
        sport: one of `SPORTS`, or ``all``.
        class_names: of classes 1, 2, … in column 8; None: those of ``gameinfo.ini`` or ``labels.txt``, else player.
        skip_missing: leave out labelled frames without a picture instead of refusing them.
        from_video: take frames from ``CLIP.mp4`` where a clip has no pictures.

    Raises:
        FormatError: no such data set, a list names a clip that is not there, or a clip is unsound.
        SettingError: unknown sport.
    """
    if sport != "all" and sport not in SPORTS:
        raise SettingError(
            f"unknown sport {sport!r}{nearest(sport, [*SPORTS, 'all'])} (known: {', '.join(SPORTS)}, all)"
        )
    storage = DiskStorage(settled(root))
    lists = {Path(name).stem: name for name in storage.files(_LISTS) if name.endswith(".txt")}
    folders = _clip_folders(storage)
    wanted = _wanted(storage, lists, folders, sport)
    stated = (known_classes(storage, folders[name]) for name, _ in wanted)
    classes, class_of = class_column(class_names or next((names for names in stated if names), CLASSES))
    rules = ClipRules(classes, class_of, skip_missing=skip_missing, from_video=from_video)
    return join_clips(
        (read_clip(storage, folders[name], split, rules, match_of(name)) for name, split in wanted), str(root)
    )


def match_of(clip: str) -> str:
    """Return the video that a clip was cut from: ``v_1LwtoLPw2TU`` of ``v_1LwtoLPw2TU_c006``."""
    found = _CLIP.match(clip)
    return found.group(1) if found else clip


def _clip_folders(storage: Storage) -> dict[str, str]:
    """Clip name → its folder."""
    base = "dataset/" if "dataset" in storage.folders() else ""
    folders: dict[str, str] = {}
    for split in SPLITS:
        for path in find_clips(storage, f"{base}{split}"):
            clip = same_name(path.rpartition("/")[2])
            if folders.setdefault(clip, path) != path:
                raise FormatError(f"{storage.show(path)}: the clip {clip} is in {folders[clip]} as well")
    if not folders:
        folders = {same_name(path): path for path in find_clips(storage)}
    if not folders:
        raise FormatError(
            f"{storage.show()}: not a SportsMOT folder: looked for dataset/train/CLIP, train/CLIP and CLIP with "
            "gt/gt.txt and seqinfo.ini"
        )
    return folders


def _wanted(storage: Storage, lists: dict[str, str], folders: dict[str, str], sport: str) -> list[tuple[str, str]]:
    """(clip, split) of the clips to read; what a list names must be there."""
    if sport != "all" and sport not in lists:
        raise FormatError(f"{storage.show(_LISTS)}: no {sport}.txt, so which clips are {sport} is unknown")
    listed = {name: _read_list(storage, f"{_LISTS}/{file}") for name, file in lists.items()}
    of_sport = listed.get(sport)
    chosen: dict[str, str] = {}
    for split in SPLITS:
        for clip, where in listed.get(split, {}).items():
            if of_sport is None or clip in of_sport:
                if clip not in folders:
                    raise FormatError(f"{where}: no folder for the clip {clip!r}")
                if chosen.setdefault(clip, split) != split:
                    raise FormatError(f"{where}: the clip {clip} is in {chosen[clip]}.txt as well")
    if not set(SPLITS) & set(listed):
        chosen = {clip: _split_of(path) for clip, path in folders.items() if of_sport is None or clip in of_sport}
    if not chosen:
        raise FormatError(f"{storage.show(_LISTS)}: names no clip ({sport}) that is there")
    return sorted(chosen.items(), key=lambda item: (SPLITS.index(item[1]), item[0]))


def _split_of(path: str) -> str:
    parent = path.rpartition("/")[0].rpartition("/")[2]
    return parent if parent in SPLITS else "train"


def _read_list(storage: Storage, path: str) -> dict[str, str]:
    """Return the clips that a list names → where it does."""
    lines = decode(storage.read(path) or b"", storage.show(path)).splitlines()
    names = [(same_name(line.strip()), f"{storage.show(path)}, line {number}") for number, line in enumerate(lines, 1)]
    return {name: where for name, where in names if name and name != "name"}
