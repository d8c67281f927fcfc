"""The kinds of jobs: which settings a request may give, checked by the same classes as the command line's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import inf
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from sportstrack.detect.settings import DetectorSettings
from sportstrack.errors import SettingError, unknown
from sportstrack.kinds import kind_words
from sportstrack.mine.mined import MineSettings
from sportstrack.options import about, default_of
from sportstrack.serve.jobs.allowed import checked, default_weights, listed
from sportstrack.serve.jobs.requests import EvaluateRequest, MineRequest, RefineRequest, SotRequest
from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.settings import ServeSettings
from sportstrack.sot.settings import SotSettings
from sportstrack.track.settings import TrackSettings, read_settings
from sportstrack.trackers import TRACKERS, create_tracker

_NOT_TRACK = ("trust", "show", "live", "detections", "first_frame", "pitch", "roster", "team_colours")
_NOT_LIVE = (
    *("batch", "boxes", "draw_enhanced", "formats", "frame_rate", "mot_classes"),
    *("offline", "refine_settings", "save_detections", "size"),
)
_DETECTOR = ("weights", "detector", "imgsz", "device", "engine", "precision", "enhance", "thermal")
_TABLES = {
    "tracker_settings": "the tracker's own settings by name",
    "refine_settings": "numbers of the refinement by name",
    "set": "numbers of the steps by name",
    "loss": "weights of box, cls, miss and false",
    "same": "classes that mean one: a name, and those that mean it too",
}


@dataclass(frozen=True)
class JobKind:
    """A kind of job.

    Attributes:
        name: as requests name it.
        about: what it does.
        wants: what its source is: video, result or data.
        parts: classes of settings, and the names of those that requests may give.
        files: settings that are files, given as a source is: ``{"upload": ID}`` and so on; with what they mean.
        needed: those of them that must be given.
    """

    name: str
    about: str
    wants: str
    parts: tuple[tuple[type, tuple[str, ...]], ...]
    files: Mapping[str, str] = field(default_factory=dict)
    needed: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """Return the names of all its settings."""
        configs = ["config"] if self.name == "track" else []
        return [name for _, names in self.parts for name in names] + list(self.files) + configs


KINDS = {
    one.name: one
    for one in (
        JobKind(
            "track",
            "track players and the ball in a video",
            "video",
            ((TrackSettings, tuple(f.name for f in fields(TrackSettings) if f.name not in _NOT_TRACK)),),
            {
                "pitch": "NAME.pitch.jsonl of sportstrack pitch: places on the pitch in metres",
                "roster": "CSV or YAML file with team, number, name, role of people",
                "detections": "a recording or another program's detections instead of a detector",
            },
        ),
        JobKind(
            "sot",
            "follow one player or the ball",
            "video",
            (
                (SotRequest, tuple(f.name for f in fields(SotRequest))),
                (SotSettings, tuple(f.name for f in fields(SotSettings))),
                (DetectorSettings, _DETECTOR),
            ),
        ),
        JobKind(
            "refine",
            "refine a tracking result: link, fill gaps, smooth",
            "result",
            ((RefineRequest, tuple(f.name for f in fields(RefineRequest))),),
            {"detections": "the run's recording: size, rate, embeddings, camera motion"},
        ),
        JobKind(
            "evaluate",
            "score a tracking result against ground truth",
            "result",
            ((EvaluateRequest, tuple(f.name for f in fields(EvaluateRequest))),),
            {"truth": "the ground truth: MOT text, or a benchmark's folder"},
            ("truth",),
        ),
        JobKind(
            "mine",
            "find the pictures that a detector does worst on, and what augmentation does to them",
            "data",
            (
                (MineSettings, ("top", "per_sequence", "gap", "augment", "keep", "score", "seed")),
                (MineRequest, tuple(f.name for f in fields(MineRequest))),
                (DetectorSettings, ("weights", "imgsz", "iou", "device", "engine", "precision", "enhance", "thermal")),
            ),
        ),
    )
}


STREAM = JobKind(
    "stream",
    "track a live stream",
    "video",
    ((TrackSettings, tuple(f.name for f in fields(TrackSettings) if f.name not in (*_NOT_TRACK, *_NOT_LIVE))),),
    {"roster": KINDS["track"].files["roster"]},
)
"""What live streams take: nothing is written as files of a run are, and nothing is refined."""
LIVE_QUALITY = "fast"


def kind_of(name: str) -> JobKind:
    """Return a kind by its name; SettingError with the nearest one if there is none."""
    if name not in KINDS:
        raise SettingError(f"kind: {unknown('kind of job', name, KINDS)}")
    return KINDS[name]


def check_settings(kind: JobKind, values: Mapping[str, Any], settings: ServeSettings) -> dict[str, Any]:
    """Return the settings of a job as the worker takes them, those of a settings file included.

    Args:
        kind: of the job.
        values: as they were sent.
        settings: of the service.

    Raises:
        SettingError: an unknown setting, or a value that does not fit, in the command line's words.
        RefusedError: a name that is on no list of the service.
    """
    for name in values:
        if name not in kind.names():
            raise SettingError(unknown("setting", name, kind.names()))
    for name in kind.needed:
        if name not in values:
            raise SettingError(f"{name}: is needed: {kind.files[name]}")
    found = {name: value for name, value in values.items() if name not in kind.files}
    if "config" in found:
        path = listed("config", found.pop("config"), settings.configs)
        found = read_settings(path, trust=True) | checked(found, settings)
    else:
        found = checked(found, settings)
    for config, names in kind.parts:
        config(**{name: _as_tuple(value) for name, value in found.items() if name in names})
    needs_weights = any("weights" in names for _, names in kind.parts) and found.get("init") is None
    if needs_weights and not found.get("detector") and "detections" not in values:  # a replay runs no detector
        found.setdefault("weights", default_weights(settings))
    _check_size(found.get("imgsz"), settings)
    if (
        kind.name in ("track", "stream")
        and found.get("tracker_settings")
        and found.get("tracker", "sports").lower() in TRACKERS
    ):
        create_tracker(found.get("tracker", "sports"), **found["tracker_settings"])
    return found


def describe(kind: JobKind, settings: ServeSettings) -> list[dict[str, Any]]:
    """Return what a form needs to know of each setting: name, type, help, default, range, choices."""
    rows = []
    for config, names in kind.parts:
        hints = get_type_hints(config)
        rows += [_row(config, name, hints[name]) for name in names]
    for row in rows:
        if row["name"] == "weights":
            row["choices"] = [Path(entry).name for entry in settings.weights]
            row["default"] = next(iter(row["choices"]), None)
        if row["name"] == "quality" and kind is STREAM:
            row["default"] = LIVE_QUALITY
        if row["name"] == "detector":
            row["choices"] = list(settings.plugins)
    empty = {"default": None, "low": None, "high": None, "choices": None, "metavar": "FILE"}
    rows += [{"name": name, "type": "file", "help": text, **empty} for name, text in kind.files.items()]
    if kind.name == "track" and settings.configs:
        known = [Path(entry).name for entry in settings.configs]
        text = "a settings file of the service; other settings win over it"
        rows.append({"name": "config", "type": "text", "help": text, **empty, "choices": known})
    return rows


def _row(config: type, name: str, hint: Any) -> dict[str, Any]:
    default = default_of(config, name)
    if get_origin(hint) is Mapping:
        plain = {"low": None, "high": None, "choices": None, "metavar": None}
        return {"name": name, "type": "table", "help": _TABLES.get(name, "values by name"), "default": {}, **plain}
    known = about(config, name)
    return {
        "name": name,
        "type": kind_words(hint).removesuffix(" or nothing"),
        "help": known.help,
        "default": list(default) if isinstance(default, tuple) else default,
        "shown": known.shown,
        "low": None if known.low == -inf else known.low,
        "high": None if known.high == inf else known.high,
        "choices": list(known.choices) or None,
        "metavar": known.metavar,
    }


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check_size(imgsz: Any, settings: ServeSettings) -> None:
    if isinstance(imgsz, int) and imgsz * imgsz > settings.max_megapixels * 1e6:
        raise RefusedError(f"imgsz: {imgsz} is more than this service takes (--max-megapixels)", "setting")
