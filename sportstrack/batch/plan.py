"""The plan of a batch: which videos, and each one's settings."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from sportstrack.batch.lists import Entry, from_text, read_entries
from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.files.claim import file_name
from sportstrack.files.reading import is_file, is_folder, list_files, list_folders
from sportstrack.score.sources import TruthFile, find_truth
from sportstrack.track.settings import TrackSettings, checked_names
from sportstrack.track.source_names import names_for, stem_of
from sportstrack.track.trust import refuse_code

VIDEOS = {
    *(".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv"),
    *(".h264", ".hevc", ".264", ".265"),
}
PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
PATHS = ("weights", "detector", "detections", "pitch", "team_colours", "roster", "embedder")
FORMATS = ("mot",)
"""What a batch writes by default: a video for each of hundreds of matches is rarely wanted."""
_OF_A_VIDEO = ("source", "name", "truth")


@dataclass(frozen=True)
class PlannedVideo:
    """One video of a plan.

    Attributes:
        name: stem of its files; no other video of the plan has it.
        source: video file, folder of images, sequence folder or recording.
        settings: how it is tracked.
        truth: MOT text to score the result with, or None.
        size: bytes of the source, by which large ones come first.
        where: how messages call it.
    """

    name: str
    source: str
    settings: TrackSettings
    truth: str | None = None
    size: int = 0
    where: str = ""

    @property
    def is_recorded(self) -> bool:
        """Whether its detections are known already, so that nothing is to be detected."""
        return self.source.lower().endswith(".npz") or self.settings.detections is not None


def read_plan(
    plan: str | Path | Sequence[str | Path | Mapping[str, Any]],
    shared: TrackSettings | Mapping[str, Any] | None = None,
    *,
    truth: str | Path | None = None,
    trust: bool = False,
) -> list[PlannedVideo]:
    """Return the videos of a plan.

    Args:
        plan: a file (YAML, CSV, or text with a source a line), a folder, a pattern, or a list of sources or of tables
            with ``source`` and settings.
        shared: settings for all videos; they win over those that the plan's file has for all, and a video's own win
            over them.
        truth: ground truth of the videos, by their names.
        trust: take settings of the file that run code or fetch something from an address.

    Raises:
        SourceError: a source is not there, is live, or the plan names none.
        FormatError: the plan's file is none; the message names the line or the entry.
        SettingError: a setting is unknown or out of range, or two videos have one name.
    """
    given = _values(shared)
    read = read_entries(plan)
    gold = truth or read.truth
    found = {} if gold is None else find_truth(gold)
    base = {"formats": FORMATS} | dict(read.shared) | given
    if read.path is not None and not trust:
        refuse_code({name: value for name, value in read.shared.items() if name not in given}, read.path)
    videos = []
    for entry in read.entries:
        videos += _expanded(entry, base, read.path if not trust else None)
    if not videos:
        raise SourceError(f"{read.title}: names no video; see sportstrack batch --help")
    return _with_truth(_named(videos), found)


def _values(shared: TrackSettings | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(shared, TrackSettings):
        return {one.name: getattr(shared, one.name) for one in fields(shared)}
    return checked_names(shared or {})


def _expanded(entry: Entry, base: Mapping[str, Any], refused_in: Path | None) -> list[PlannedVideo]:
    own = {name: value for name, value in entry.values.items() if name not in _OF_A_VIDEO}
    try:
        own = {name: from_text(name, value) for name, value in checked_names(own).items()}
        settings = TrackSettings(**_beside({**base, **own}, entry.folder))
        if refused_in is not None:
            refuse_code(own, refused_in)
    except SettingError as error:
        raise FormatError(f"{entry.where}: {error}") from error
    _refuse_for_many(settings, entry.where)
    sources = _sources(str(entry.values["source"]), entry.folder, entry.where)
    name, truth = entry.values.get("name"), entry.values.get("truth")
    if len(sources) > 1 and (name or truth):
        raise FormatError(f"{entry.where}: names {len(sources)} videos; name and truth belong to one")
    if truth is not None:
        truth = _place(str(truth), entry.folder)
        if not is_file(truth):
            raise FormatError(f"{entry.where}: truth {truth}: no such file")
    names = [str(name)] if name else [""] * len(sources)
    return [
        PlannedVideo(one_name, source, settings, truth, _bytes(Path(source)), entry.where)
        for one_name, source in zip(names, sources, strict=True)
    ]


def _refuse_for_many(settings: TrackSettings, where: str) -> None:
    """Refuse what makes no sense for many videos side by side."""
    if settings.live or settings.show:
        raise SettingError(f"{where}: {'live' if settings.live else 'show'} is for one source: sportstrack track")
    colours = settings.team_colours
    if colours is not None and not is_file(colours):
        raise SettingError(
            f"{where}: team_colours {colours}: no such file; videos side by side cannot share what is still to be "
            "written: track one video with --team-colours first"
        )


def _beside(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return settings with whole paths of their files, which lie beside the plan or in the current folder."""
    for name in PATHS:
        value = values.get(name)
        if not isinstance(value, str):
            continue
        for place in (folder, Path()):
            if (place / value).exists():
                values[name] = os.path.abspath(place / value)  # noqa: PTH100 - links keep their names
                break
    return values


def _place(text: str, folder: Path) -> str:
    """Return a whole path, so that it holds wherever a worker runs."""
    return os.path.abspath(folder / text)  # noqa: PTH100 - links keep their names


def _sources(text: str, folder: Path, where: str) -> list[str]:
    """Return the sources that a path, a folder or a pattern names."""
    where = "" if where == text else f"{where}: "  # the command line names nothing beside the source
    text = text.removeprefix("file://")
    if "://" in text or text.isdigit():
        raise SourceError(f"{where}{text}: a batch takes files and folders; sportstrack track reads live sources")
    place = _place(text, folder)
    if is_file(place):
        return [place]
    if is_folder(place):
        return _in_folder(Path(place), where)
    if glob.has_magic(place):
        found = sorted(glob.glob(place, recursive=True))  # noqa: PTH207 - of a whole path
        sources = [source for one in found for source in ([one] if is_file(one) else _in_folder(Path(one), where))]
        if sources:
            return sources
        raise SourceError(f"{where}{place}: no file has such a name")
    raise SourceError(f"{where}{place}: no such file or folder")


def _in_folder(folder: Path, where: str) -> list[str]:
    """Return the folder itself if it is a source, else the videos, sequences or recordings in it."""
    if (folder / "seqinfo.ini").is_file() or (folder / "img1").is_dir() or list_files(folder, PICTURES):
        return [str(folder)]
    inner = [sub for sub in list_folders(folder) if (sub / "seqinfo.ini").is_file() or (sub / "img1").is_dir()]
    found = sorted([*list_files(folder, VIDEOS), *inner]) or list_files(folder, {".npz"})
    if not found:
        raise SourceError(f"{where}{folder}: no video, sequence, picture or recording in this folder")
    return list(map(str, found))


def _named(videos: list[PlannedVideo]) -> list[PlannedVideo]:
    """Give each video a name that no other one has."""
    free = [video for video in videos if not video.name]
    names = iter(names_for([video.source for video in free]))
    named = [replace(video, name=file_name(video.name or next(names) or stem_of(video.source))) for video in videos]
    seen: dict[str, PlannedVideo] = {}
    for video in named:
        if (other := seen.get(video.name.casefold())) is not None:
            raise SettingError(f"{video.where}: is called {video.name}, as {other.where}; give one of them a name")
        seen[video.name.casefold()] = video
    return named


def _with_truth(videos: list[PlannedVideo], found: Mapping[str, TruthFile]) -> list[PlannedVideo]:
    """Give the videos their truth by name; none of them may have one only if there is none."""
    if found and len(found) == len(videos) == 1:
        videos = [replace(videos[0], truth=videos[0].truth or str(next(iter(found.values())).path))]
    known = {name: str(one.path) for name, one in found.items()}
    videos = [video if video.truth else replace(video, truth=known.get(video.name)) for video in videos]
    if found and not any(video.truth for video in videos):
        raise SettingError(
            f"truth: no sequence of it is called as a video, such as {videos[0].name}; it has {_some(found)}"
        )
    for video in videos:
        if video.truth and "mot" not in video.settings.formats:
            raise SettingError(f"{video.where}: scores need MOT text: add mot to the formats, or leave the truth out")
    return videos


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _bytes(path: Path) -> int:
    try:
        if path.is_file():
            return path.stat().st_size
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    except OSError:
        return 0
