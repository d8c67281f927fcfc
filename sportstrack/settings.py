"""The settings of a tracking run, in one place: Python, command line and YAML file all fill this table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sportstrack.errors import FormatError, SettingError, SourceError, nearest, unknown
from sportstrack.trackers import CONFIGS, DEFAULT_TRACKER, setting_types

FORMATS = ("video", "mot", "jsonl", "csv", "heatmap")


@dataclass(frozen=True)
class TrackSettings:
    """How to track a video; each field is an option of ``sportstrack track`` and a key of its ``--config`` file.

    Attributes:
        weights: Ultralytics weights: a path, a known name (downloaded once) or ``demo``.
        detector: a detector of your own as ``package.module:attribute``, instead of weights.
        imgsz: longer side of the detector's input in pixels.
        score: lowest score that the detector reports; trackers use low ones too.
        iou: overlap above which the detector drops the weaker of two boxes.
        classes: class ids or names to keep, ``["all"]`` for all; None keeps persons and sports balls of a COCO model
            and all classes of any other.
        device: ``auto``, ``cpu``, ``cuda:0``, ``mps``.
        half: 16-bit floats on a GPU.
        trust: load weights whose file may run code (only from who you would let run a program).
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
        trace: draw each track's recent path.
        save_detections: record detections for replays.
        detections: replay this recording instead of running a detector.
    """

    weights: str = "yolov8n.pt"
    detector: str | None = None
    imgsz: int = 640
    score: float = 0.1
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
    trace: bool = True
    save_detections: bool = False
    detections: str | None = None

    def __post_init__(self) -> None:
        for name, low in (("imgsz", 32), ("every", 1), ("batch", 1)):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < low):
                raise SettingError(f"{name}: expected a whole number from {low}, got {value!r}")
        for name in ("score", "iou"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingError(f"{name}: expected a value from 0 to 1, got {getattr(self, name)!r}")
        for name in self.formats:
            if name not in FORMATS:
                raise SettingError(f"formats: {unknown('format', name, FORMATS)}")

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


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read a YAML file of settings.

    Raises:
        SourceError: no such file.
        FormatError: not YAML, or not a table of settings; the message names the line where YAML knows it.
    """
    import yaml

    file = Path(path)
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SourceError(f"{file}: settings cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FormatError(f"{file}: not valid YAML{line}: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormatError(f"{file}: not valid YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise FormatError(f"{file}: expected lines like 'tracker: bytetrack', got a {type(values).__name__}")
    try:
        return checked_names(values)
    except SettingError as error:
        raise FormatError(f"{file}: {error}") from error


def settings_text(settings: TrackSettings) -> str:
    """Return the settings as YAML that ``--config`` takes back."""
    import yaml

    text: str = yaml.safe_dump(settings.as_dict(), sort_keys=False, allow_unicode=True)
    return text


def parse_assignments(tracker: str, assignments: Sequence[str]) -> dict[str, Any]:
    """Turn ``key=value`` strings into a tracker's settings, with the types that the tracker declares.

    Raises:
        SettingError: no ``=``, an unknown key, or a value of the wrong type; each message shows what would be right.
    """
    import yaml

    types = setting_types(tracker) if tracker in CONFIGS else None
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise SettingError(f"--set {assignment}: expected key=value, such as --set track_buffer=60")
        if types is not None and key not in types:
            known = sorted(types)
            raise SettingError(f"{tracker} has no setting {key!r}{nearest(key, known)} (known: {', '.join(known)})")
        value = yaml.safe_load(text)
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
