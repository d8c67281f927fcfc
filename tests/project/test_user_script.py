"""Public names are typed for users: an editor completes their keywords, and a type checker sees mistakes.

`test_style` runs mypy over the same script.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from sportstrack import keywords
from sportstrack.detect.settings import DetectorSettings
from sportstrack.export.settings import ExportSettings
from sportstrack.reid.settings import ReidSettings
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
        (keywords.ReidKeywords, ReidSettings, set()),
        (keywords.ExportKeywords, ExportSettings, set()),
        (keywords.SotKeywords, SotSettings, set()),
        (keywords.SportsTrackKeywords, SportsTrackConfig, {"preset"}),
    ],
)
def test_keywords_are_the_fields_of_the_settings(table: type, config: type, but: set[str]) -> None:
    hints = get_type_hints(config)
    assert get_type_hints(table) == {one.name: hints[one.name] for one in fields(config) if one.name not in but}


def test_pyright_checks_a_user_s_script(root: Path, tmp_path: Path) -> None:
    """In its strict mode; a line that mypy ignores must be a mistake for pyright, too."""
    shutil.copy(Path(__file__).with_name("user_script.py"), tmp_path)
    settings = {
        "include": ["user_script.py"], "extraPaths": [str(root)], "typeCheckingMode": "strict",
        "pythonVersion": "3.10", "reportUnnecessaryTypeIgnoreComment": True,
    }  # fmt: skip
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    words = [sys.executable, "-m", "pyright", "--project", str(tmp_path), "--pythonpath", sys.executable]
    try:
        result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200)
    except subprocess.TimeoutExpired:
        pytest.skip("pyright does not start: it may want to download its node")
    if "summary" not in result.stdout and "errors," not in result.stdout:
        pytest.skip(f"pyright does not start: {(result.stdout + result.stderr)[-300:]}")
    assert result.returncode == 0, result.stdout
