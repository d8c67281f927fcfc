"""What identities are learnt from, as one table: MOT folders, corrected tracks with their video, folders of crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.files.reading import is_folder, list_files, list_folders, read_json
from sportstrack.identities.file import SUFFIX, read_identities
from sportstrack.identities.table import Identities

if TYPE_CHECKING:
    from data_prep.table import Table

_PARTS = ("train", "query", "gallery")  # of a folder of crops
_PEOPLE = "people"  # folder of the crops within what `label --format training` writes


def read_sources(
    sources: Sequence[str | Path], corrected: Sequence[tuple[str | Path, str | Path]], *, skip_missing: bool = False
) -> Table:
    """Read all sources as one table of clips.

    Args:
        sources: folders (or zips) of MOT, SportsMOT and SoccerNet sequences, and folders of crops as ``sportstrack
            label --format training`` and ``sportstrack convert --to crops`` write them.
        corrected: a video and the result of its corrected tracks, each.
        skip_missing: leave out labelled frames without a picture.

    Raises:
        SportstrackError: nothing is there, or a file is unsound; the message names it.
    """
    from data_prep.table import join_tables

    if not sources and not corrected:
        raise SettingError(
            "no source: name a folder of sequences or of crops, or --corrected VIDEO RESULT (see sportstrack "
            "train-reid --help)"
        )
    tables = [_read(Path(path), skip_missing) for path in sources]
    tables += [read_corrected_video(video, result) for video, result in corrected]
    joined = join_tables(tables)
    names = [clip.name for clip in joined.sequences]
    if again := next((name for name in names if names.count(name) > 1), None):
        raise SettingError(f"two sequences are called {again}; give each once")
    return joined


def _read(path: Path, skip_missing: bool) -> Table:
    from data_prep.formats.motfolders import read_mot_folders
    from data_prep.formats.sportsmot import read_sportsmot

    if not path.exists():
        raise SourceError(f"{path}: no such file or folder; expected sequences with gt/gt.txt, or crops of people")
    if is_folder(path):
        for folder in (path, path / _PEOPLE):
            if (folder / "identities.json").is_file():
                return read_crop_folder(folder)
        if (path / "splits_txt").is_dir() or (path / "dataset").is_dir():
            return read_sportsmot(path, skip_missing=skip_missing)
    return _with_identities(read_mot_folders(path, skip_missing=skip_missing))


def _with_identities(table: Table) -> Table:
    """Return the table with the teams of ``gt/gt.identities.csv``, for clips that have one."""
    tracks = dict(table.tracks)
    for number, clip in enumerate(table.sequences):
        path = Path(clip.source) / "gt" / f"gt{SUFFIX}"
        if path.is_file():
            tracks |= _teams_of(read_identities(path), number)
    return replace(table, tracks=tracks)


def _teams_of(identities: Identities, clip: int) -> dict[tuple[int, int], Any]:
    """Return (clip, track) → what is known; of several spans of a track the longest counts."""
    from data_prep.table import TrackInfo

    found = {}
    for track in identities.track_ids:
        longest = max(identities.of(track), key=lambda one: one.last_frame - one.first_frame)
        found[clip, track] = TrackInfo(longest.role, longest.team, longest.number)
    return found


def read_corrected_video(video: str | Path, result: str | Path) -> Table:
    """Read corrected tracks and where their pictures are.

    Args:
        video: a video file or folder of pictures.
        result: of ``sportstrack edit`` or ``sportstrack refine --edits``, or any other: MOT text, CSV, JSON lines or a
            recording; teams are those of ``NAME.identities.csv`` beside it.

    Raises:
        SourceError, FormatError: a file is missing, unsound, or another video's.
    """
    from data_prep.table import Boxes, Clip, ImageTable, Table, VideoFrame
    from sportstrack.draw.results import read_result
    from sportstrack.video import probe

    info, found = probe(str(video)), read_result(result)
    if info.live:
        raise SourceError(f"{video}: a live source has no frames to go back to; save it as a video first")
    found.check_video(str(video), info.width, info.height, info.frame_count)
    frames = sorted(frame for frame, tracks in found.tracks.items() if len(tracks))
    if not frames:
        raise FormatError(f"{result}: holds no tracks")
    tracks = [found.tracks[frame] for frame in frames]
    kinds = sorted({int(one) for table in tracks for one in table.class_id.tolist()})
    names = [found.names.get(kind, "person" if kind <= 0 else str(kind)) for kind in kinds]
    classes = tuple(dict.fromkeys(names))
    number = {kind: classes.index(name) for kind, name in zip(kinds, names, strict=True)}
    name = info.name
    images = ImageTable.make(
        [f"{name}/{frame + 1:06d}.jpg" for frame in frames],
        size=(info.width, info.height),
        file=[VideoFrame(str(video), frame) for frame in frames],
        split="train",
        sequence=0,
        frame=frames,
    )
    boxes = Boxes.make(
        np.repeat(np.arange(len(frames)), [len(table) for table in tracks]),
        np.concatenate([table.xyxy for table in tracks]),
        [number[int(one)] for table in tracks for one in table.class_id.tolist()],
        track_id=np.concatenate([table.track_id for table in tracks]),
    )
    clip = Clip(
        name, "train", info.width, info.height, float(info.frame_rate), info.frame_count, name, source=str(video)
    )
    return Table(classes, (clip,), images, boxes, _teams_of(found.identities, 0))


def read_crop_folder(folder: str | Path) -> Table:
    """Read a folder of crops, ``train/IDENTITY/FRAME.jpg``, ``query/``, ``gallery/`` and ``identities.json``.

    Each crop is a picture with one box, as large as it is; its split is the name of its part.

    Raises:
        FormatError: identities.json is unsound, or no crop is there.
    """
    from data_prep.pictures import IMAGE_SUFFIXES, picture_size
    from data_prep.table import Boxes, Clip, ImageTable, Table, TrackInfo

    root = Path(folder)
    known = _read_known(root / "identities.json")
    clips: dict[str, int] = {}
    rows: list[tuple[str, str, str, int, int, int]] = []  # name, file, part, clip, frame, track
    tracks: dict[tuple[int, int], TrackInfo] = {}
    for part in (one for one in _PARTS if (root / one).is_dir()):
        for place in list_folders(root / part):
            one = known.get(place.name)
            if one is None:
                raise FormatError(f"{place}: is not in {root / 'identities.json'}; write the crops anew")
            clip = clips.setdefault(one["clip"], len(clips))
            tracks[clip, one["track"]] = TrackInfo(one["role"], one["team"], one["number"])
            for file in list_files(place, set(IMAGE_SUFFIXES)):
                if not file.stem.isdigit():
                    raise FormatError(f"{file}: expected the frame's number as its name, such as 000001.jpg")
                frame = max(int(file.stem) - 1, 0)
                rows.append((f"{part}/{place.name}/{file.name}", str(file), part, clip, frame, one["track"]))
    if not rows:
        raise FormatError(f"{root}: no crops there; expected train/IDENTITY/000001.jpg")
    sizes = np.array([picture_size(row[1]) for row in rows], np.int64)
    columns = list(zip(*rows, strict=True))
    images = ImageTable.make(
        columns[0], size=sizes, file=columns[1], split=columns[2], sequence=columns[3], frame=columns[4]
    )
    whole = np.concatenate([np.zeros_like(sizes), sizes], axis=1)
    boxes = Boxes.make(np.arange(len(rows)), whole, track_id=columns[5])
    of = {clip: next(row[2] for row in rows if row[3] == clip) for clip in range(len(clips))}
    sequences = tuple(Clip(name, of[i], match=name, source=f"{root} ({name})") for name, i in clips.items())
    return Table(("person",), sequences, images, boxes, tracks)


def _read_known(path: Path) -> dict[str, dict[str, Any]]:
    found = read_json(path)
    try:
        return {
            str(name): {
                "clip": str(one["clip"]),
                "track": int(one["track"]),
                **{key: str(one.get(key) or "") for key in ("role", "team", "number")},
            }
            for name, one in found.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f'{path}: expected {{"IDENTITY": {{"clip": "NAME", "track": 1}}, …}} ({type(error).__name__}: {error})'
        ) from error
