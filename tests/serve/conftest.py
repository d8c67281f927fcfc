"""One service for all tests of a file that do not stop it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Served, served
from toy import make_match

HELPERS = Path(__file__).resolve().parents[1] / "helpers"


@pytest.fixture(scope="module", autouse=True)
def _workers_find_the_toys() -> Iterator[None]:
    """Let the workers import `toy`, whose detector takes no network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HELPERS), os.environ.get("PYTHONPATH", "")]))
        patch.delenv("SPORTSTRACK_TOKEN", raising=False)
        yield


@pytest.fixture(scope="session")
def matches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``match.mp4`` (30 frames) and ``long.mp4`` (250 frames)."""
    folder = tmp_path_factory.mktemp("matches")
    make_match(folder / "match.mp4", frames=30)
    make_match(folder / "long.mp4", frames=250)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, matches: Path) -> Iterator[Served]:
    """A service with a token, toys for plug-ins, and the folder of matches."""
    data = tmp_path_factory.mktemp("serve")
    allowed = {"plugins": ("toy:find", "toy:Slow"), "weights": ("demo", "toy:find"), "folders": (str(matches),)}
    with served(data, **allowed) as found:
        yield found
