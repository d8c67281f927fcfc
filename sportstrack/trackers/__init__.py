"""The trackers by name. A tracker turns each frame's `Detections` into `Tracks` and never sees an image."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

from sportstrack.errors import SettingError, nearest
from sportstrack.kinds import is_kind, kind_words
from sportstrack.trackers.presets import DEFAULT, preset_names, preset_settings

if TYPE_CHECKING:
    from sportstrack.trackers.clock import TimedTracker
    from sportstrack.types import Tracker


_CLASSES = {
    "bytetrack": "ByteTrack",
    "deepsort": "DeepSORT",
    "ball": "Ball",
    "botsort": "BoTSORT",
    "deepeiou": "DeepEIoU",
    "jde": "JDE",
    "cbiou": "CBIoU",
    "ocsort": "OCSORT",
    "sort": "SORT",
    "sports": "SportsTrack",
}
"""Name, which is the module's too → class, whose settings are the class of the same name and ``Config``."""


class _Trackers(Mapping[str, type]):
    """Name → class, imported when it is asked for: a help text needs the names, not numpy."""

    def __getitem__(self, name: str) -> type:
        return _import(name, _CLASSES[name])

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


def _import(name: str, attribute: str) -> type:
    found: type = getattr(import_module(f"sportstrack.trackers.{name}"), attribute)
    return found


TRACKERS: Mapping[str, type] = _Trackers()
"""Name → class."""


def config_class(name: str) -> type:
    """Return the class of a built-in tracker's settings."""
    return _import(name, f"{_CLASSES[name]}Config")


DEFAULT_TRACKER = "sports"

_OPTIONS = ("coasting", "strict")  # constructor arguments that every built-in tracker has besides its config


def create_tracker(
    name: str = DEFAULT_TRACKER,
    *,
    frame_rate: float = 25.0,
    frame_size: tuple[int, int] | None = None,
    ball: Collection[int] | None = None,
    ball_score: float | None = None,
    **settings: Any,
) -> TimedTracker:
    """Make a tracker.

    Args:
        name: a key of `TRACKERS`, in any case, or ``package.module:Class`` for a class of your own with ``update`` and
            ``reset``; it is called with ``frame_rate``, ``frame_size`` if it takes one, and the settings. It gets
            times if its ``update`` has an argument ``time``.
        frame_rate: frames per second of the video; one frame is a step, in which times are counted.
        frame_size: width and height of the picture in pixels, for trackers that want to know its borders.
        ball: class ids that the ball tracker follows, one ball at a time, while this one follows the rest; ids are
            unique over both.
        ball_score: boxes of the ball from this score on continue a ball that is there; None is the ball tracker's own
            ``low_thresh``.
        **settings: fields of the tracker's config, ``coasting`` or ``strict``, and ``preset="sports"``, from which the
            others start then.

    Raises:
        SettingError: unknown name or setting (the message says the nearest valid one), or a value out of range.
    """
    if ball is None:
        return _create(name, frame_rate, frame_size, settings)
    from sportstrack.trackers.ball import Ball, BallConfig
    from sportstrack.trackers.byclass import ByClass

    others = _create(name, frame_rate, frame_size, settings)
    coasting, strict = (bool(settings.get(option, False)) for option in _OPTIONS)
    config = BallConfig() if ball_score is None else BallConfig(low_thresh=ball_score)
    ball_tracker = Ball(config, frame_rate=frame_rate, coasting=coasting, strict=strict)
    return ByClass([(None, others), (ball, ball_tracker)], strict=strict)


def _create(name: str, frame_rate: float, frame_size: tuple[int, int] | None, settings: dict[str, Any]) -> TimedTracker:
    if ":" in name:
        return _plugin(name, frame_rate, frame_size, settings)
    key = name.lower()
    if key not in TRACKERS:
        known = sorted(TRACKERS)
        raise SettingError(
            f"unknown tracker {name!r}{nearest(name, known)} (known: {', '.join(known)}, or package.module:Class)"
        )
    options: dict[str, Any] = {option: settings[option] for option in _OPTIONS if option in settings}
    for option, value in options.items():
        if not isinstance(value, bool):
            raise SettingError(f"{key}: {option}: expected true or false, got {reprlib.repr(value)}")
    own = {name: value for name, value in settings.items() if name not in options}
    kind = TRACKERS[key]
    if "frame_size" in inspect.signature(kind).parameters:
        options["frame_size"] = frame_size
    tracker: TimedTracker = kind(_config(key, own), frame_rate=frame_rate, **options)
    return tracker


def set_frame_rate(tracker: Tracker, frame_rate: float) -> bool:
    """Let a tracker count its times at another frame rate from now on; its tracks stay. Velocities adapt by themselves.

    Returns:
        Whether the tracker, with all its parts, has a method ``set_frame_rate(frame_rate)``; without one it stays as
        it is.

    Raises:
        SettingError: if the rate is no positive number.
    """
    parts = getattr(tracker, "trackers", (tracker,))
    able = [part for part in parts if hasattr(part, "set_frame_rate")]
    for part in able:
        part.set_frame_rate(frame_rate)
    return len(able) == len(parts)


def setting_types(name: str) -> dict[str, Any]:
    """Return the settings of a built-in tracker: name → type; they are its config's fields, and a few more."""
    hints = get_type_hints(config_class(name))
    types = {f.name: hints[f.name] for f in fields(config_class(name))} | dict.fromkeys(_OPTIONS, bool)
    return types | ({"preset": str} if preset_names(name) else {})


def _config(key: str, settings: dict[str, Any]) -> Any:
    kind = config_class(key)
    own = [f.name for f in fields(kind)]
    known = [*own, *_OPTIONS]
    if preset_names(key):
        settings = dict(settings)
        settings = preset_settings(key, settings.pop("preset", DEFAULT)) | settings
        known.append("preset")
    for setting in settings:
        if setting not in own:
            raise SettingError(
                f"{key} has no setting {setting!r}{nearest(setting, known)} (known: {', '.join(sorted(known))})"
            )
    hints = get_type_hints(kind)
    for setting, value in settings.items():
        if not is_kind(value, hints[setting]):
            raise SettingError(f"{key}: {setting}: expected {kind_words(hints[setting])}, got {reprlib.repr(value)}")
    return kind(**settings)


def _plugin(spec: str, frame_rate: float, frame_size: tuple[int, int] | None, settings: dict[str, Any]) -> TimedTracker:
    from sportstrack.plugins import load_plugin
    from sportstrack.types import Tracker

    tracker: TimedTracker = load_plugin(
        spec,
        "an object with update() and reset()",
        given={"frame_rate": frame_rate, **settings},
        offered={"frame_size": frame_size},
        fits=lambda made: isinstance(made, Tracker),
    )
    return tracker
