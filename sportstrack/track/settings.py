"""The settings of a tracking run, in one place: Python, command line and YAML file all fill this table."""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from sportstrack.errors import FormatError, SettingError, SourceError, nearest, unknown
from sportstrack.files.reading import is_folder, parse_yaml, read_yaml
from sportstrack.kinds import is_kind, kind_words
from sportstrack.limits import MAX_FRAME_RATE, MAX_FRAMES
from sportstrack.trackers import CONFIGS, DEFAULT_TRACKER, TRACKERS, setting_types

BOXES = ("smoothed", "detected")
LOWEST_SCORE = 0.1  # of a detector's boxes, unless the settings say another
FORMATS = ("video", "mot", "jsonl", "csv", "heatmap")
_RANGES: tuple[tuple[str, float, float], ...] = (
    ("imgsz", 32, 16384),
    ("every", 1, MAX_FRAMES),
    ("batch", 1, 4096),
    ("score", 0.0, 1.0),
    ("iou", 0.0, 1.0),
    ("frame_rate", 1e-6, MAX_FRAME_RATE),
)


@dataclass(frozen=True)
class TrackSettings:
    """How to track a video; each field is an option of ``sportstrack track`` and a key of its ``--config`` file.

    Attributes:
        weights: Ultralytics weights: a path, a known name (downloaded once) or ``demo``.
        detector: a detector of your own as ``package.module:attribute``, instead of weights.
        imgsz: longer side of the detector's input in pixels.
        score: lowest score of a box, 0…1; None is 0.1 for a detector, which trackers like to have low, and takes a
            recording as it is.
        iou: overlap above which the detector drops the weaker of two boxes.
        classes: class ids or names to keep, ``["all"]`` for all; None keeps persons and sports balls of a COCO model
            and all classes of any other.
        device: ``auto``, ``cpu``, ``cuda:0``, ``mps``.
        half: 16-bit floats on a GPU.
        trust: load weights whose file may run code, and take plug-ins that a settings file names (only from whom you
            would let run a program); a settings file cannot set it.
        batch: frames per detector call; None chooses 1 on a CPU and 8 on a GPU.
        embedder: what appearance vectors are made with: ``kit``, ``osnet``, ``PATH.onnx``, ``torchvision:NAME``,
            ``detector``, several joined by ``+``, or ``package.module:attribute``; None makes none.
        camera: how the camera's motion is estimated: ``flow``, ``orb``, ``ecc``, ``boxes`` or
            ``package.module:Class``; None leaves that to the tracker.
        shots: look for shot changes, so that nobody's identity is matched by position across a cut.
        tracker: name or ``package.module:Class``.
        tracker_settings: the tracker's own settings (``--set key=value``).
        ball: class ids or names that are the ball, followed one at a time by a tracker of its own; None treats it like
            everybody.
        offline: refine the tracks afterwards, with the whole video in view (two passes).
        every: use every Nth frame only.
        live: keep only the newest frame, so that latency does not grow.
        frame_rate: frames per second of a source without times of its own (image folder, raw H.264) or of a recording;
            None takes what the source states, else 25.
        formats: outputs: video, mot, jsonl, csv, heatmap.
        boxes: which boxes outputs show: ``smoothed``, where the tracker makes any, or those ``detected``.
        trace: draw each track's recent path.
        save_detections: record detections for replays.
        detections: replay this recording instead of running a detector.
    """

    weights: str = "yolov8n.pt"
    detector: str | None = None
    imgsz: int = 640
    score: float | None = None
    iou: float = 0.7
    classes: Sequence[int | str] | None = None
    device: str = "auto"
    half: bool = False
    trust: bool = False
    batch: int | None = None
    embedder: str | None = None
    camera: str | None = None
    shots: bool = True
    tracker: str = DEFAULT_TRACKER
    tracker_settings: Mapping[str, Any] = field(default_factory=dict)
    ball: Sequence[int | str] | None = None
    offline: bool = False
    every: int = 1
    live: bool = False
    frame_rate: float | None = None
    formats: Sequence[str] = ("video", "mot")
    boxes: str = "smoothed"
    trace: bool = True
    save_detections: bool = False
    detections: str | None = None

    def __post_init__(self) -> None:
        for name in ("weights", "detections"):
            if isinstance(value := getattr(self, name), os.PathLike):
                object.__setattr__(self, name, os.fspath(value))
        for name, hint in get_type_hints(TrackSettings).items():
            if not is_kind(value := getattr(self, name), hint):
                raise SettingError(f"{name}: expected {kind_words(hint)}, got {reprlib.repr(value)}")
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                kind = "value" if isinstance(low, float) else "whole number"
                raise SettingError(f"{name}: expected a {kind} from {low:g} to {high:g}, got {value!r}")
        for name in self.formats:
            if name not in FORMATS:
                raise SettingError(f"formats: {unknown('format', name, FORMATS)}")
        if self.boxes not in BOXES:
            raise SettingError(f"boxes: {unknown('boxes', self.boxes, BOXES)}")

    def changed(self, **values: Any) -> TrackSettings:
        """Return a copy with other values; SettingError for an unknown name."""
        return replace(self, **checked_names(values))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, fit for YAML and JSON."""
        values = asdict(self)
        values["formats"] = list(self.formats)
        for name in ("classes", "ball"):
            values[name] = None if values[name] is None else list(values[name])
        own = self.tracker_settings.items()
        values["tracker_settings"] = {k: list(v) if isinstance(v, tuple) else v for k, v in own}
        return values


def checked_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values if every name is a setting; SettingError with the nearest valid one otherwise."""
    known = [f.name for f in fields(TrackSettings)]
    for name in values:
        if name not in known:
            raise SettingError(unknown("setting", name, known))
    return dict(values)


def read_settings(path: str | Path, *, trust: bool = False, named: Collection[str] = ()) -> dict[str, Any]:
    """Read a YAML file of settings.

    A file alone makes nothing run and fetches nothing from an address of its own: a setting that would is refused.

    Args:
        path: the file.
        trust: take such settings as well; only from whom you would let run a program.
        named: settings that the caller names itself and that count instead of the file's.

    Raises:
        SourceError: no such file.
        FormatError: not YAML, or not a table of settings; the message names the line where YAML knows it.
        SettingError: a setting that needs ``trust``; the message names the file and the setting.
    """
    file = Path(path)
    if not file.is_file():
        raise SourceError(f"{file}: settings cannot be read: no such file")
    values = read_yaml(file)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise FormatError(f"{file}: expected lines like 'tracker: bytetrack', got a {type(values).__name__}")
    try:
        values = checked_names({str(name): value for name, value in values.items()})
        TrackSettings(**values)
    except SettingError as error:
        raise FormatError(f"{file}: {error}") from error
    if not trust:
        _refuse_code({name: value for name, value in values.items() if name not in named}, file)
    return values


def _refuse_code(values: Mapping[str, Any], file: Path) -> None:
    """Refuse settings that import code, load what can hold code, or fetch something from an address."""
    if values.get("trust"):
        raise SettingError(f"{file}: trust: a file cannot ask for trust; pass --trust (in Python trust=True) if you do")
    for name, plain in _PLAIN.items():
        value = values.get(name)
        if value is not None and not plain(value):
            raise SettingError(
                f"{file}: {name}: {value} runs code or fetches files; pass --trust (in Python trust=True) if you trust "
                f"who wrote the file, or name it yourself (--{name})"
            )


def _is_plain_camera(name: str) -> bool:
    from sportstrack.camera import CAMERAS

    return name.lower() in CAMERAS


def _is_plain_model(spec: str) -> bool:
    """A known name, or weights on this machine that are loaded without running code."""
    if spec.lower().startswith("torchvision:"):
        return True
    return not _ELSEWHERE.search(spec) and Path(spec).suffix.lower() in ("", ".pt", ".onnx") and not is_folder(spec)


def _is_plain_embedder(name: str) -> bool:
    from sportstrack.embed import EMBEDDERS

    def plain(part: str) -> bool:
        low = part.strip().lower()
        while low.startswith("centred:"):
            low = low.removeprefix("centred:").strip()
        is_file = low.endswith(".onnx") and not _ELSEWHERE.search(low)
        return low in EMBEDDERS or low.startswith("torchvision:") or is_file

    return all(map(plain, name.split("+")))


_ELSEWHERE = re.compile(r"://|^[\\/]{2}|^(?![A-Za-z]:[\\/])[^\\/]*:")  # an address, a network folder, MODULE:NAME
_PLAIN: dict[str, Callable[[str], bool]] = {
    "tracker": lambda name: name.lower() in TRACKERS,
    "detector": _is_plain_model,
    "weights": _is_plain_model,
    "embedder": _is_plain_embedder,
    "camera": _is_plain_camera,
    "detections": lambda path: not _ELSEWHERE.search(path),
}


def settings_text(settings: TrackSettings | Mapping[str, Any]) -> str:
    """Return settings, or the plain values of some of them, as YAML that ``--config`` takes back."""
    import yaml

    values = settings.as_dict() if isinstance(settings, TrackSettings) else dict(settings)
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return text


def parse_assignments(tracker: str, assignments: Sequence[str]) -> dict[str, Any]:
    """Turn ``key=value`` strings into a tracker's settings, with the types that the tracker declares.

    Raises:
        SettingError: no ``=``, an unknown key, or a value of the wrong type; each message shows what would be right.
    """
    types = setting_types(tracker) if tracker in CONFIGS else None
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise SettingError(f"--set {assignment}: expected key=value, such as --set track_buffer=60")
        if types is not None and key not in types:
            known = sorted(types)
            raise SettingError(f"{tracker} has no setting {key!r}{nearest(key, known)} (known: {', '.join(known)})")
        value = parse_yaml(text, f"--set {assignment}")
        values[key] = value if types is None else _typed(assignment, value, types[key])
    return values


def _typed(assignment: str, value: Any, kind: Any) -> Any:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind is str:
        return str(value)
    if kind not in (bool, int, float):
        return tuple(value) if isinstance(value, list) else value
    wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
    raise SettingError(f"--set {assignment}: expected {wanted}")
