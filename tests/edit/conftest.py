"""One editor for all tests of a file that do not stop it, in one window."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from editing import OpenEditor, editor, write_coded, write_lanes


@pytest.fixture(scope="session")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video and its tracks, which no test changes."""
    folder = tmp_path_factory.mktemp("match")
    write_lanes(folder / "match.txt")
    return write_coded(folder / "match.mp4")


@pytest.fixture
def own_match(match: Path, tmp_path: Path) -> Path:
    """A copy of the video and its tracks."""
    for name in ("match.mp4", "match.txt"):
        shutil.copy(match.with_name(name), tmp_path / name)
    return tmp_path / "match.mp4"


@pytest.fixture(scope="module")
def opened(match: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenEditor]:
    """An editor that many tests share; `page` takes back what they did."""
    with editor(match, edits=tmp_path_factory.mktemp("edits") / "match.edits.jsonl") as found:
        yield found


@pytest.fixture(scope="module")
def _window(browser: Any, opened: OpenEditor) -> Any:
    window = browser.new_page(viewport={"width": 1400, "height": 900})
    window.faults = []
    window.on("pageerror", lambda error: window.faults.append(str(error)))
    window.on(
        "console",
        lambda said: said.type == "error" and "Failed to load" not in said.text and window.faults.append(said.text),
    )
    window.goto(opened.url)
    window.wait_for_function("() => window.editor && editor.player.state === 'ready'")
    return window


@pytest.fixture
def page(_window: Any, opened: OpenEditor) -> Iterator[Any]:
    """The shared window, at frame 20 with nothing chosen and nothing done."""
    desk = opened.room.desk
    while desk.state()["edits"]:
        desk.undo(desk.version)
    _window.evaluate(
        "async () => { editor.model._queue = Promise.resolve(); await editor.model.reload(); "
        "editor.span = {first: null, last: null}; editor.timeline.setSpan(null); editor.select(null); "
        "await editor.go(20); await editor.model.ready(20); }"
    )
    _window.faults.clear()
    yield _window
    assert _window.faults == []
