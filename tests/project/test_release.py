"""The wheel holds what is needed to run away from the clone, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from processes import environment


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it, as pip does."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(root)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("sportstrack-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_every_file_of_the_packages_is_in_the_wheel(installed: Path, root: Path) -> None:
    command = ["git", "-C", str(root), "ls-files", "sportstrack", "data_prep"]
    tracked = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")
    missing = [name for name in tracked if name and (root / name).is_file() and not (installed / name).is_file()]
    assert missing == []
    assert {path.name for path in installed.iterdir()} == {"sportstrack", "data_prep", *metadata_folders(installed)}
    for weights in (root / "weights").glob("*.onnx"):
        assert (installed / "sportstrack" / "_weights" / weights.name).read_bytes() == weights.read_bytes()


def metadata_folders(installed: Path) -> list[str]:
    return [path.name for path in installed.glob("*.dist-info")]


def test_the_commands_run_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    there = environment() | {"PYTHONPATH": str(installed)}

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], env=there, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for package in ("sportstrack", "data_prep"):
        assert Path(run("-c", f"import {package}; print({package}.__file__)").strip()).is_relative_to(installed)
    weights = Path(run("-c", "import sportstrack; print(sportstrack.assets_folder())").strip())
    assert weights.is_relative_to(installed)
    run("-m", "sportstrack", "synthetic", "clip", "--layout", "video", "--frames", "3", "--seed", "5", "--quiet")
    (clip,) = (tmp_path / "clip").glob("*.mp4")
    run("-m", "sportstrack", "track", str(clip), "--weights", str(weights / "sportstrack-demo-yolov8n.pt"), "--quiet")
    assert len((tmp_path / "runs" / "track" / f"{clip.stem}.txt").read_text().splitlines()) > 20
