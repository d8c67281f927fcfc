"""Settings of every tracker, and trackers of one's own."""

from __future__ import annotations

import sys
import types
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
from tracker_streams import every_listed, player, run, table

from sportstrack import Detections, Tracks, create_tracker
from sportstrack.errors import SettingError
from sportstrack.trackers import config_class, setting_types

# --- making one ------------------------------------------------------------------------------------------------------


@every_listed
def test_settings_are_frozen_typed_and_reach_the_tracker(name: str) -> None:
    config = config_class(name)()
    with pytest.raises(FrozenInstanceError):
        config.per_class = True
    assert {f.name for f in fields(config)} <= set(setting_types(name))
    tracker: Any = create_tracker(name.upper(), per_class=True)
    assert tracker.config.per_class is True


@pytest.mark.parametrize(
    ("name", "hint"), [("bytetrak", "bytetrack"), ("Byte-Track", "bytetrack"), ("srot", "sort"), ("zzz", "known: ")]
)
def test_an_unknown_tracker_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(SettingError, match=hint):
        create_tracker(name)


@every_listed
def test_an_unknown_setting_names_the_nearest(name: str) -> None:
    with pytest.raises(SettingError, match="did you mean 'per_class'"):
        create_tracker(name, per_clas=True)
    with pytest.raises(SettingError, match="did you mean 'coasting'"):
        create_tracker(name, coastin=True)


@every_listed
@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused(name: str, rate: float) -> None:
    with pytest.raises(SettingError, match="frame_rate"):
        create_tracker(name, frame_rate=rate)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("sort", "iou_threshold", 1.5),
        ("sort", "max_age", -1),
        ("sort", "iou_threshold", "high"),
        ("bytetrack", "track_high_thresh", -0.1),
        ("bytetrack", "match_thresh", 2),
        ("bytetrack", "track_low_thresh", 0.8),
        ("bytetrack", "track_buffer", "long"),
        ("botsort", "appearance_thresh", 1.5),
        ("botsort", "proximity_thresh", -0.1),
        ("botsort", "track_low_thresh", 0.8),
        ("deepsort", "max_cosine_distance", 1.1),
        ("deepsort", "nn_budget", 0),
        ("deepsort", "max_age", "long"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, setting: str, value: Any) -> None:
    with pytest.raises(SettingError) as error:
        create_tracker(name, **{setting: value})
    assert name in str(error.value) or setting in str(error.value)


@pytest.mark.parametrize(("rate", "frames"), [(30, 30), (25, 25), (60, 60), (50, 50), (29.97, 29), (1, 1)])
def test_a_buffer_follows_the_frame_rate(rate: float, frames: int) -> None:
    here = table([player(0)])
    for missing, kept in ((frames, True), (frames + 1, False)):
        tracker = create_tracker("bytetrack", frame_rate=rate, track_buffer=30)
        run(tracker, [here] * 2 + [Detections.empty()] * missing + [here])
        assert (tracker.update(here).track_id.tolist() == [1]) is kept


# --- plug-ins --------------------------------------------------------------------------------------------------------


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> str:
    class Mine:
        def __init__(self, frame_rate: float, gain: float = 1.0) -> None:
            self.frame_rate, self.gain = frame_rate, gain

        def update(self, detections: Any, camera: Any = None) -> Tracks:
            return Tracks.empty()

        def reset(self) -> None: ...

    module = types.ModuleType("my_club.tracking")
    module.Mine, module.Wrong = Mine, lambda frame_rate: object()  # type: ignore[attr-defined]
    package = types.ModuleType("my_club")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, "my_club", package)
    monkeypatch.setitem(sys.modules, "my_club.tracking", module)
    return "my_club.tracking:Mine"


def test_a_class_of_ones_own_plugs_in(plugin: str) -> None:
    tracker: Any = create_tracker(plugin, frame_rate=50, gain=2.0)
    assert (tracker.frame_rate, tracker.gain) == (50, 2.0)
    assert len(tracker.update(Detections.empty())) == 0


@pytest.mark.parametrize(
    ("spec", "settings", "words"),
    [
        ("my_club.missing:Mine", {}, "cannot import my_club.missing"),
        ("my_club.tracking:Yours", {}, "has no 'Yours'"),
        ("my_club.tracking:Wrong", {}, "update"),
        ("my_club.tracking:Mine", {"bias": 1}, "bias"),
    ],
)
def test_a_plug_in_that_does_not_fit_is_explained(plugin: str, spec: str, settings: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        create_tracker(spec, **settings)
