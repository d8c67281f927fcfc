"""A package that is not installed ends a command in one line that says how to install it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from toy import make_match

from sportstrack.cli import main


@pytest.mark.parametrize(
    ("module", "package", "words"),
    [
        ("av", "av", ["track", "{video}", "--detector", "toy:find"]),
        ("av", "av", ["shots", "{video}"]),
        ("cv2", "opencv-contrib-python", ["shots", "{video}"]),
        ("cv2", "opencv-contrib-python", ["track", "{video}", "--detector", "toy:find"]),
        ("cv2", "opencv-contrib-python", ["synthetic", "{folder}/set", "--frames", "2"]),
    ],
)
def test_a_missing_package_is_one_line(
    module: str, package: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    video = make_match(tmp_path / "match.mp4", frames=4)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(tmp_path)
    assert main([word.format(video=video, folder=tmp_path) for word in words]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert f"pip install {package}" in error or f"--no-deps {package}" in error


def test_a_missing_module_of_this_package_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sportstrack.shots.command", None)
    with pytest.raises(ModuleNotFoundError):
        main(["shots", "match.mp4"])
