"""Public names are typed for users: an editor completes their keywords, and a type checker sees mistakes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from sportstrack import keywords
from sportstrack.detect.settings import DetectorSettings
from sportstrack.sot.settings import SotSettings
from sportstrack.track.settings import TrackSettings
from sportstrack.trackers.sports import SportsTrackConfig
from sportstrack.train.settings import TrainSettings

PARTS = {"detector", "tracker", "embedder", "camera"}  # arguments of their own, which may be objects


@pytest.mark.parametrize(
    ("table", "config", "but"),
    [
        (keywords.LoadKeywords, DetectorSettings, {"weights", "detector", "score", "batch"}),
        (keywords.TrackKeywords, TrackSettings, PARTS),
        (keywords.TrainKeywords, TrainSettings, set()),
        (keywords.SotKeywords, SotSettings, set()),
        (keywords.SportsTrackKeywords, SportsTrackConfig, {"preset"}),
    ],
)
def test_keywords_are_the_fields_of_the_settings(table: type, config: type, but: set[str]) -> None:
    hints = get_type_hints(config)
    assert get_type_hints(table) == {one.name: hints[one.name] for one in fields(config) if one.name not in but}


def test_a_user_s_script_is_type_checked(root: Path) -> None:
    script = Path(__file__).with_name("user_script.py")
    words = [sys.executable, "-m", "mypy", "--strict", str(script)]
    result = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
