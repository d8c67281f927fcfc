"""Presets of the published trackers: they change settings, never the defaults, and single settings win over them."""

from __future__ import annotations

from typing import Any

import pytest
from parsers import parse

from sportstrack import ByteTrackConfig, SportstrackError, TrackSettings, create_tracker
from sportstrack.track.assignments import parse_assignments
from sportstrack.trackers import TRACKERS, config_class
from sportstrack.trackers.presets import PRESETS
from sportstrack.trackers.spaces import search_space

CLASSICAL = sorted(set(TRACKERS) - {"sports", "ball"})


def config_of(name: str, **settings: Any) -> Any:
    tracker: Any = create_tracker(name, **settings)
    return tracker.config


@pytest.mark.parametrize("name", CLASSICAL)
def test_every_published_tracker_has_the_preset_sports(name: str) -> None:
    made = config_of(name, preset="sports")
    assert made != config_of(name)
    for setting, value in PRESETS[name]["sports"].items():
        assert getattr(made, setting) == value


@pytest.mark.parametrize("name", CLASSICAL)
def test_the_defaults_stay(name: str) -> None:
    assert config_of(name) == config_of(name, preset="default") == config_class(name)()


def test_a_single_setting_wins_over_the_preset() -> None:
    made = config_of("bytetrack", preset="sports", track_buffer=7)
    assert made.track_buffer == 7
    assert made.match_thresh == PRESETS["bytetrack"]["sports"]["match_thresh"]
    assert ByteTrackConfig().track_buffer == 30


def test_sportstrack_keeps_presets_of_its_own() -> None:
    assert config_of("sports", preset="pedestrian").preset == "pedestrian"


@pytest.mark.parametrize(("value", "message"), [("sport", "did you mean 'sports'"), (3, "no preset '3'")])
def test_an_unknown_preset_names_those_that_there_are(value: Any, message: str) -> None:
    with pytest.raises(SportstrackError, match=message):
        create_tracker("bytetrack", preset=value)


def test_the_ball_has_none() -> None:
    with pytest.raises(SportstrackError, match="ball has no setting 'preset'"):
        create_tracker("ball", preset="sports")


def test_the_command_line_and_settings_files_take_it() -> None:
    options = parse(["track", "match.mp4", "--tracker", "bytetrack", "--set", "preset=sports"])
    values = parse_assignments("bytetrack", options.set)
    assert values == {"preset": "sports"}
    settings = TrackSettings(tracker="bytetrack", tracker_settings=values)
    assert config_of("bytetrack", **settings.tracker_settings) == config_of("bytetrack", preset="sports")


@pytest.mark.parametrize("name", CLASSICAL)
def test_what_a_search_found_lies_where_it_looked(name: str) -> None:
    space = search_space(name)
    outside = [one for one, value in PRESETS[name]["sports"].items() if one in space and not space[one].holds(value)]
    assert not outside
