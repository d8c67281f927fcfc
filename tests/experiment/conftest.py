"""One small experiment on renders, run once for all tests that look at what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportstrack import ExperimentResult, run_experiment

CONFIG = """\
title: Toy <experiment> & "more"
author: Ada <b>
question: Do α and 学生 come through?
seed: 3
data:
  render: {train: 1, val: 1, test: 2, every: 6, frames: 12, width: 320, height: 180, crowding: 0.9}
train: {weights: demo, epochs: 1, imgsz: 160, batch: 4, lr0: 0.000001}
val: {imgsz: 320, engine: torch}
detect: {imgsz: 640, engine: torch, embedder: kit, score: 0.05}
trackers:
  SORT: {tracker: sort}
  "Sports <i>": {tracker: sports}
compare:
  - title: α · motion + (1 − α) · appearance
    about: Both are added up.
    baseline: {tracker: deepeiou, set: {fusion: weighted, alpha: 1.0}}
    sweep: {alpha: [0.5, 0.8]}
  - title: refined
    baseline: {tracker: sports}
    variants: {refined: {offline: true}}
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, ExperimentResult]:
    """The configuration, the experiment's folder and its result."""
    root = tmp_path_factory.mktemp("experiment")
    config = root / "toy.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    return config, root / "out", run_experiment(config, root / "out")
