"""Three short videos, and how they are tracked one by one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import toy
from processes import HELPERS

from sportstrack.track.run import track_video

FRAMES = {"alpha": 40, "beta": 20, "gamma": 30}
SETTINGS = {"detector": "toy:find", "formats": ("mot", "csv")}


@pytest.fixture(autouse=True)
def _helpers_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", HELPERS, prepend=os.pathsep)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for name, frames in FRAMES.items():
        toy.make_match(folder / f"{name}.mp4", frames)
    return folder


@pytest.fixture(scope="module")
def one_by_one(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files that ``sportstrack track`` writes of these videos: name → contents."""
    out = tmp_path_factory.mktemp("one_by_one")
    for name in FRAMES:
        track_video(videos / f"{name}.mp4", out, **SETTINGS)  # type: ignore[arg-type]
    return {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in (".txt", ".csv")}


@pytest.fixture(scope="session")
def results() -> Callable[[Path], dict[str, bytes]]:
    """Return what makes a table of a batch's results: name → contents."""

    def read(out: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (out / "tracks").iterdir() if path.suffix in (".txt", ".csv")}

    return read


@pytest.fixture(scope="session")
def recordings() -> Callable[[Path], dict[str, str]]:
    """Return what makes a table of a batch's recordings: name → hash."""

    def read(out: Path) -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (out / "recordings").glob("*.npz")}

    return read
