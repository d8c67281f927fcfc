"""SoccerNet-tracking to a YOLO data set (or another format): ``python -m data_prep.soccernet ROOT OUT``.

Cioppa et al., "SoccerNet-Tracking" (CVPRW 2022): clips ``SNMOT-060`` as MOTChallenge lays them out, in the folders or
zip archives ``train``, ``test`` and ``challenge``. ``gameinfo.ini`` gives each track its role, team and shirt number:
``trackletID_1= player team left;10``, ``trackletID_3= referee;main``, ``trackletID_4= ball;1``. The class column of
gt.txt says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_prep.formats.clips import ClipRules, find_clips, join_clips, read_clip
from data_prep.storage import DiskStorage, Storage, ZipStorage
from data_prep.table import Table, TrackInfo
from sportstrack.errors import FormatError
from sportstrack.files.folders import settled
from sportstrack.files.reading import parse_pairs
from sportstrack.identities import gameinfo
from sportstrack.mot import MotTable
from sportstrack.types import IntArray

CLASSES = ("player", "goalkeeper", "referee", "ball", "other")
SPLITS = {"train": "train", "valid": "val", "val": "val", "test": "test"}


def read_soccernet(root: str | Path, *, skip_missing: bool = False, from_video: bool = False) -> Table:
    """Read SoccerNet-tracking: split folders, split zips (never unpacked to disk), clip folders or clip zips.

    Classes are `CLASSES`; team and shirt number of each track are in `Table.tracks`. The match of a clip is its
    ``gameID``.

    Raises:
        FormatError: no such data set, an unsound clip, a zip that climbs out of its folder, a box of a track that
            gameinfo.ini does not know.
    """
    return join_clips(
        (
            _read(storage, path, split, ClipRules(CLASSES, skip_missing=skip_missing, from_video=from_video))
            for storage, path, split in _find(settled(root))
        ),
        str(root),
    )


def read_roles(storage: Storage, folder: str) -> tuple[dict[int, TrackInfo], str]:
    """Return track id → role, team and number from ``gameinfo.ini``, and the match (gameID, or "")."""
    path = f"{folder}/gameinfo.ini"
    text = storage.read(path)
    if text is None:
        return {}, ""
    pairs = parse_pairs(text, storage.show(path))
    tracks = {
        int(found.group(1)): parse_role(value)
        for key, (value, _) in pairs.items()
        if (found := gameinfo.TRACKLET.match(key)) is not None
    }
    return tracks, pairs.get("gameid", ("", 0))[0]


def parse_role(text: str) -> TrackInfo:
    """Take ``goalkeeper team left;1`` apart; plurals (``goalkeepers``), spaces and capitals are forgiven."""
    return TrackInfo(*gameinfo.parse_role(text))


def class_of_roles(tracks: dict[int, TrackInfo], rows: MotTable, shown: str) -> IntArray:
    """(N,) class of each row by its track's role; FormatError for a track without one."""
    ids, inverse = np.unique(rows.track_id, return_inverse=True)
    for track in ids.tolist():
        if track not in tracks:
            first = int(np.flatnonzero(rows.track_id == track)[0]) + 1
            raise FormatError(f"{shown}, row {first}: track {track} is not in gameinfo.ini, so its role is unknown")
    roles = [tracks[track].role for track in ids.tolist()]
    number = np.array([CLASSES.index(role if role in CLASSES else "other") for role in roles], np.int64)
    return number[inverse.reshape(-1)] if len(ids) else np.empty(0, np.int64)


def _find(root: Path) -> Iterator[tuple[Storage, str, str]]:
    """(storage, clip's folder in it, split) of every clip."""
    if root.is_file():
        yield from _in_storage(ZipStorage(root), root.stem)
        return
    storage = DiskStorage(root)
    yield from _in_storage(storage, root.name)
    for folder in ("", *storage.folders()):
        for name in storage.files(folder):
            path = Path(storage.show(f"{folder}/{name}" if folder else name))
            if path.suffix.lower() == ".zip":
                yield from _in_storage(ZipStorage(path), folder or path.stem)


def _in_storage(storage: Storage, name: str) -> Iterator[tuple[Storage, str, str]]:
    own = SPLITS.get(name.lower(), name.lower() if name.lower().startswith("challenge") else "train")
    for path in find_clips(storage):
        yield storage, path, own
    for folder in storage.folders():
        split = folder.lower() if folder.lower().startswith("challenge") else SPLITS.get(folder.lower(), own)
        for path in find_clips(storage, folder):
            yield storage, path, split


def _read(storage: Storage, path: str, split: str, rules: ClipRules) -> Table:
    tracks, match = read_roles(storage, path)
    by_role = ClipRules(
        CLASSES, lambda rows, shown: class_of_roles(tracks, rows, shown), rules.skip_missing, rules.from_video
    )
    return read_clip(storage, path, split, by_role, match, tracks)
