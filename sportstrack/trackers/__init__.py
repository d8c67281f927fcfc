"""The trackers by name. A tracker turns each frame's `Detections` into `Tracks` and never sees an image."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

from sportstrack.errors import SettingError, nearest
from sportstrack.kinds import is_kind, kind_words

if TYPE_CHECKING:
    from sportstrack.types import Tracker


class _Classes(Mapping[str, type]):
    """Name → class, imported when it is asked for: a help text needs the names, not numpy."""

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> type:
        module, _, attribute = self._places[name].partition(":")
        found: type = getattr(import_module(f"sportstrack.trackers.{module}"), attribute)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


TRACKERS: Mapping[str, type] = _Classes(
    {
        "bytetrack": "bytetrack:ByteTrack",
        "deepsort": "deepsort:DeepSORT",
        "ball": "ball:Ball",
        "botsort": "botsort:BoTSORT",
        "deepeiou": "deepeiou:DeepEIoU",
        "jde": "jde:JDE",
        "cbiou": "cbiou:CBIoU",
        "ocsort": "ocsort:OCSORT",
        "sort": "sort:SORT",
        "sports": "sports:SportsTrack",
    }
)
"""Name → class."""

CONFIGS: Mapping[str, type] = _Classes(
    {
        "bytetrack": "bytetrack:ByteTrackConfig",
        "deepsort": "deepsort:DeepSORTConfig",
        "ball": "ball:BallConfig",
        "botsort": "botsort:BoTSORTConfig",
        "deepeiou": "deepeiou:DeepEIoUConfig",
        "jde": "jde:JDEConfig",
        "cbiou": "cbiou:CBIoUConfig",
        "ocsort": "ocsort:OCSORTConfig",
        "sort": "sort:SORTConfig",
        "sports": "sports:SportsTrackConfig",
    }
)
"""Name → the class of its settings."""

DEFAULT_TRACKER = "sports"

_OF_THE_RATE = (
    *("frame_rate", "_buffer", "_max_age", "_ticks", "_motion"),
    *("_memory", "_outside_memory", "_border_memory", "_gallery_memory"),
)
"""Attributes that built-in trackers compute from the frame rate when they are made."""

_OPTIONS = ("coasting", "strict")  # constructor arguments that every built-in tracker has besides its config


def create_tracker(
    name: str = DEFAULT_TRACKER,
    *,
    frame_rate: float = 25.0,
    frame_size: tuple[int, int] | None = None,
    ball: Collection[int] | None = None,
    **settings: Any,
) -> Tracker:
    """Make a tracker.

    Args:
        name: a key of `TRACKERS`, in any case, or ``package.module:Class`` for a class of your own with ``update`` and
            ``reset``; it is called with ``frame_rate`` and the settings.
        frame_rate: frames per second of the video.
        frame_size: width and height of the picture in pixels, for trackers that want to know its borders (those with an
            attribute ``frame_size``).
        ball: class ids that the ball tracker follows, one ball at a time, while this one follows the rest; ids are
            unique over both.
        **settings: fields of the tracker's config, and ``coasting`` or ``strict``.

    Raises:
        SettingError: unknown name or setting (the message says the nearest valid one), or a value out of range.
    """
    tracker = _create(name, frame_rate, settings) if ball is None else _with_ball(name, frame_rate, ball, settings)
    parts: tuple[Any, ...] = getattr(tracker, "trackers", (tracker,))
    for part in parts:
        if getattr(part, "frame_size", ()) is None:
            part.frame_size = frame_size
    return tracker


def _create(name: str, frame_rate: float, settings: dict[str, Any]) -> Tracker:
    if ":" in name:
        return _plugin(name, frame_rate, settings)
    key = name.lower()
    if key not in TRACKERS:
        known = sorted(TRACKERS)
        raise SettingError(
            f"unknown tracker {name!r}{nearest(name, known)} (known: {', '.join(known)}, or package.module:Class)"
        )
    options = {option: settings[option] for option in _OPTIONS if option in settings}
    for option, value in options.items():
        if not isinstance(value, bool):
            raise SettingError(f"{key}: {option}: expected true or false, got {reprlib.repr(value)}")
    own = {name: value for name, value in settings.items() if name not in options}
    tracker: Tracker = TRACKERS[key](_config(key, own), frame_rate=frame_rate, **options)
    return tracker


def _with_ball(name: str, frame_rate: float, classes: Collection[int], settings: dict[str, Any]) -> Tracker:
    from sportstrack.trackers.ball import Ball
    from sportstrack.trackers.byclass import ByClass

    rest = _create(name, frame_rate, settings)
    coasting, strict = (bool(settings.get(option, False)) for option in _OPTIONS)
    follower = Ball(frame_rate=frame_rate, coasting=coasting, strict=strict)
    return ByClass([(None, rest), (classes, follower)], strict=strict)


def set_frame_rate(tracker: Any, frame_rate: float) -> bool:
    """Let a tracker count its times at another frame rate from now on; its tracks stay. Velocities adapt by themselves.

    A tracker of your own does so if it has a method ``set_frame_rate(frame_rate)``.

    Returns:
        Whether the tracker could be told.

    Raises:
        SettingError: if the rate is no positive number.
    """
    told = True
    for part in getattr(tracker, "trackers", (tracker,)):
        if hasattr(part, "set_frame_rate"):
            part.set_frame_rate(frame_rate)
        elif type(part).__module__.startswith("sportstrack.trackers."):
            more = {"tuning": part._tuning} if hasattr(part, "_tuning") else {}
            fresh = type(part)(part.config, frame_rate=frame_rate, **more)
            vars(part).update({name: value for name, value in vars(fresh).items() if name in _OF_THE_RATE})
        else:
            told = False
    return told


def setting_types(name: str) -> dict[str, Any]:
    """Return the settings of a built-in tracker: field name → type."""
    hints = get_type_hints(CONFIGS[name])
    return {f.name: hints[f.name] for f in fields(CONFIGS[name])} | dict.fromkeys(_OPTIONS, bool)


def _config(key: str, settings: dict[str, Any]) -> Any:
    own = [f.name for f in fields(CONFIGS[key])]
    known = [*own, *_OPTIONS]
    for setting in settings:
        if setting not in own:
            raise SettingError(
                f"{key} has no setting {setting!r}{nearest(setting, known)} (known: {', '.join(sorted(known))})"
            )
    hints = get_type_hints(CONFIGS[key])
    for setting, value in settings.items():
        if not is_kind(value, hints[setting]):
            raise SettingError(f"{key}: {setting}: expected {kind_words(hints[setting])}, got {reprlib.repr(value)}")
    return CONFIGS[key](**settings)


def _plugin(spec: str, frame_rate: float, settings: dict[str, Any]) -> Tracker:
    from sportstrack.plugins import load_plugin
    from sportstrack.types import Tracker

    tracker: Tracker = load_plugin(
        spec,
        "an object with update() and reset()",
        given={"frame_rate": frame_rate, **settings},
        fits=lambda made: isinstance(made, Tracker),
    )
    return tracker
