"""Fixtures that every test file may use."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: spinning threads stall on cores that are shared

settings.register_profile("suite", max_examples=40)  # of each property a run, in place of 100; each run draws others
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep converted networks of the tests out of the user's cache, and share them within a run."""
    with pytest.MonkeyPatch.context() as patch:
        if "SPORTSTRACK_CACHE" not in os.environ:
            patch.setenv("SPORTSTRACK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", autouse=True)
def _own_signals() -> Iterator[None]:
    """A file that leaves a handler behind would let a signal of a later test end the whole run."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    after = signal.getsignal(signal.SIGTERM)
    if after != before:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
        pytest.fail(f"these tests left a handler of SIGTERM: {after}")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data, never part of the project: SPORTSTRACK_DATA, else ../shared/data."""
    folder = Path(os.environ.get("SPORTSTRACK_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data not found: {folder} (set SPORTSTRACK_DATA to its folder)")
    return folder


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make checkpoints of untrained YOLOv8n models that are biased to find something."""
    folder = tmp_path_factory.mktemp("weights")

    def make(task: str) -> Path:
        path = folder / f"random{task}.pt"
        if not path.exists():
            import torch

            from sportstrack.models.checkpoint import import_ultralytics

            torch.manual_seed(1)
            model = import_ultralytics().YOLO(f"yolov8n{task}.yaml")
            known = {0: "person", 2: "car"}
            model.model.names = {i: known.get(i, f"class {i}") for i in model.names}
            if task == "-seg":  # positive prototypes times positive coefficients: each mask fills its box
                torch.nn.init.constant_(model.model.model[-1].proto.cv3.bn.bias, 1.0)
                for branch in model.model.model[-1].cv4:
                    torch.nn.init.constant_(branch[-1].bias, 1.0)
            for branch in getattr(model.model.model[-1], "cv3", ()):  # a classifier has none
                torch.nn.init.normal_(branch[-1].weight, std=0.2)
                torch.nn.init.constant_(branch[-1].bias, -1.0)
            model.save(path)
        return path

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium of the system; it ends with each file of tests, since its client holds an event loop."""
    from playwright import sync_api

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as client:
        found = client.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()
