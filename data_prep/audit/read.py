"""From a folder or file to an `AuditSource`, whatever the layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data_prep.audit.source import AuditSource
from sportstrack.errors import FormatError
from sportstrack.files.folders import settled
from sportstrack.options import check_options, option


@dataclass(frozen=True)
class ReadSettings:
    """How a data set is read.

    Attributes:
        layout: its layout; None: known from its files.
        images: coco, voc: the pictures' folder, such as coco/val2017.
        class_names: mot: names of classes 1, 2, …, such as player,goalkeeper,referee,ball.
        zero_based: MOT text counts frames from 0.
        voc_edges: voc: pixels from 1, or edges (``inclusive``, ``continuous``).

    Raises:
        SettingError: unknown layout, or another value than these.
    """

    layout: str | None = option(
        None, "its layout", choices=("mot", "yolo", "coco", "voc"), shown="known from its files"
    )
    images: Path | None = option(None, "coco, voc: the pictures' folder, such as coco/val2017", metavar="DIR")
    class_names: tuple[str, ...] | None = option(
        None, "mot: names of classes 1, 2, …, such as player,goalkeeper,referee,ball", metavar="NAME,…"
    )
    zero_based: bool = option(False, "MOT text counts frames from 0")
    voc_edges: str = option("inclusive", "voc: pixels from 1, or edges", choices=("inclusive", "continuous"))

    def __post_init__(self) -> None:
        check_options(self)


def read_source(root: str | Path, settings: ReadSettings | None = None) -> AuditSource:
    """Read a data set with all its faults.

    Raises:
        FormatError: nothing there that any reader knows.
    """
    settings, path = settings or ReadSettings(), settled(root)
    if not path.exists():
        raise FormatError(f"{path}: no such file or folder")
    return LAYOUTS[settings.layout or find_layout(path)](path, settings)


def find_layout(path: Path) -> str:
    """Return the layout of what lies at a path; FormatError if none is recognised."""
    from data_prep.audit.read_mot import find_all_clips
    from data_prep.formats.coco import find_json

    by_suffix = {".json": "coco", ".yaml": "yolo", ".yml": "yolo", ".zip": "mot"}
    if path.is_file():
        if path.suffix.lower() not in by_suffix:
            raise FormatError(f"{path}: is no data set: expected a folder, data.yaml, COCO JSON or a zip of clips")
        return by_suffix[path.suffix.lower()]
    if (path / "data.yaml").is_file():
        return "yolo"
    if find_all_clips(path)[1]:
        return "mot"
    if (path / "Annotations").is_dir() or next(path.glob("*.xml"), None):
        return "voc"
    try:
        find_json(path)
    except FormatError:
        if next(path.glob("*.y*ml"), None):
            return "yolo"
        raise FormatError(
            f"{path}: no data set recognised; looked for data.yaml (YOLO), CLIP/seqinfo.ini (SportsMOT, SoccerNet, "
            "MOT), annotations/*.json (COCO), Annotations/*.xml (VOC)"
        ) from None
    return "coco"


def _mot(path: Path, settings: ReadSettings) -> AuditSource:
    from data_prep.audit.read_mot import read_clips

    return read_clips(path, class_names=settings.class_names, zero_based=settings.zero_based)


def _yolo(path: Path, _: ReadSettings) -> AuditSource:
    from data_prep.audit.read_yolo import read_yolo_leniently

    return read_yolo_leniently(path)


def _coco(path: Path, settings: ReadSettings) -> AuditSource:
    from data_prep.audit.read_coco import read_coco_leniently

    return read_coco_leniently(path, images=settings.images)


def _voc(path: Path, settings: ReadSettings) -> AuditSource:
    from data_prep.audit.read_voc import read_voc_leniently

    return read_voc_leniently(path, images=settings.images, edges=settings.voc_edges)


LAYOUTS: dict[str, Callable[[Path, ReadSettings], AuditSource]] = {
    "mot": _mot,
    "yolo": _yolo,
    "coco": _coco,
    "voc": _voc,
}
"""Layout → its reader. SportsMOT, SoccerNet, MOTChallenge and DanceTrack are all ``mot``."""
