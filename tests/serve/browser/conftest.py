"""One service for the tests of a file; screenshots go to the folder SPORTSTRACK_SCREENSHOTS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paged import FRAMES, Clip, ended, make_clip, opened, sent
from serving import Served


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the screenshots."""
    named = os.environ.get("SPORTSTRACK_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page(browser: Any, server: Served, pictures: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page that is signed in; at its end there were no errors in it, and a picture of it is kept."""
    found = opened(browser, server)
    yield found
    found.screenshot(path=pictures / f"{request.node.name}.png")
    found.context.close()
    assert not found.errors


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Two seconds of two teams, the people in them walking about."""
    return make_clip(tmp_path_factory.mktemp("clip"), FRAMES, step=2)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Enough frames that a test can look at the job while it runs."""
    return make_clip(tmp_path_factory.mktemp("long"), 1500, step=4)


@pytest.fixture(scope="module")
def done(server: Served, clip: Clip) -> dict[str, Any]:
    """A job that is done, of a clip whose name is no markup."""
    teams = {"embedder": "kit", "teams": "home=red,away=white"}
    found = ended(server, sent(server, clip, "Cup <b>final</b>", formats=["video", "mot", "csv"], **teams))
    assert found["state"] == "done", found
    return found
