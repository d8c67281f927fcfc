"""The example of animals before a fixed camera, and alerts without the service."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sportstrack import AlertWatch, Tracks
from sportstrack.errors import FormatError, SettingError
from sportstrack.mot import read_mot
from sportstrack.track.frames import TrackedFrame

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "animals_at_a_fixed_camera.py"


def test_the_animals_are_tracked_and_alerts_are_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE))["main"](tmp_path)
    printed = capsys.readouterr().out
    for wanted in ("predator: 1 fox in the picture", "a herd: 3 deer in the picture", "at the feeding place: track"):
        assert wanted in printed
    assert "has come into the zone" in printed
    rows = read_mot(tmp_path / "tracked" / "forest.txt")
    frames = {track: int((rows.track_id == track).sum()) for track in np.unique(rows.track_id).tolist()}
    assert sum(count >= 60 for count in frames.values()) == 4  # three deer and a fox, each one track
    assert len(frames) <= 7
    assert (tmp_path / "tracked" / "forest_tracked.mp4").stat().st_size > 10_000


def frame(number: int, *boxes: tuple[float, float, float, float]) -> TrackedFrame:
    table = np.array(boxes, float).reshape(-1, 4)
    tracks = Tracks(
        xyxy=table, score=np.ones(len(table)), class_id=np.zeros(len(table), int), track_id=np.arange(len(table)),
        detection=np.arange(len(table)),
    )  # fmt: skip
    image = np.zeros((100, 200, 3), np.uint8)
    return TrackedFrame(number, number / 10, image=image, tracks=tracks, names={0: "person"})


def test_a_rule_is_raised_and_cleared_at_the_right_frames() -> None:
    watch = AlertWatch(
        "rules:\n  - {name: crowd, when: count, zone: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], above: 1, for: 0.3}\n"
    )
    here, there = (10, 10, 30, 60), (150, 10, 170, 60)
    shown = [(here, there)] * 3 + [(here, here)] * 6 + [(here, there)] * 3
    told = [
        (alert.state, alert.frame, alert.value) for k, boxes in enumerate(shown) for alert in watch(frame(k, *boxes))
    ]
    assert told == [("raised", 6, 2.0), ("cleared", 9, 1.0)]


def test_rules_about_streams_and_wrong_rules_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="'slow': rate is about a live stream"):
        AlertWatch("rules:\n  - {name: slow, when: rate, below: 5}\n")
    (tmp_path / "rules.yaml").write_text("rules:\n  - {name: x, when: cuont}\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"rules\.yaml, line 2.*did you mean 'count'"):
        AlertWatch(tmp_path / "rules.yaml")
    watch = AlertWatch("rules:\n  - {name: x, when: count, above: 1}\n")
    with pytest.raises(SettingError, match="no images"):
        watch(SimpleNamespace(image=None))
