"""Settings from Python, YAML and ``key=value`` words."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportstrack.errors import FormatError, SettingError
from sportstrack.track.assignments import parse_assignments
from sportstrack.track.settings import TrackSettings, read_settings, settings_text


def test_yaml_gives_back_what_was_saved(tmp_path: Path) -> None:
    made = TrackSettings(
        tracker="sort", tracker_settings={"max_age": 3, "position_var": (1.0, 2.0, 3.0, 4.0)}, imgsz=960
    )
    (tmp_path / "s.yaml").write_text(settings_text(made))
    assert TrackSettings(**read_settings(tmp_path / "s.yaml")).as_dict() == made.as_dict()


def test_words_take_the_tracker_s_types() -> None:
    words = ["track_buffer=60", "match_thresh=1", "fuse_score=false"]
    values = parse_assignments("bytetrack", words)
    assert values == {"track_buffer": 60, "match_thresh": 1.0, "fuse_score": False}
    assert isinstance(values["match_thresh"], float)


@pytest.mark.parametrize(
    ("word", "says"),
    [("track_buffer", "key=value"), ("track_buffer=1.5", "whole number"), ("fuse_score=3", "true or false")],
)
def test_wrong_words_say_what_would_be_right(word: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        parse_assignments("bytetrack", [word])


@pytest.mark.parametrize(
    "values", [{"imgsz": 3}, {"every": 0}, {"score": 1.5}, {"formats": ["avi"]}, {"batch": "many"}]
)
def test_values_out_of_range_are_refused_by_name(values: dict) -> None:
    with pytest.raises(SettingError, match=next(iter(values))):
        TrackSettings(**values)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(SettingError, match="'imgsz'"):
        TrackSettings().changed(imgsize=3)


def test_a_list_is_no_table_of_settings(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("- a\n- b\n")
    with pytest.raises(FormatError, match=r"s\.yaml"):
        read_settings(tmp_path / "s.yaml")
