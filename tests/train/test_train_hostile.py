"""Weights of strangers run nothing."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hostile import Hostile
from squares import TINY

from sportstrack.errors import WeightsError
from sportstrack.models.checkpoint import import_ultralytics
from sportstrack.train import train_detector


@pytest.mark.parametrize("old", [False, True], ids=["zip", "pickle"])
def test_a_hostile_checkpoint_runs_nothing(old: bool, data: Path, tmp_path: Path) -> None:
    import torch

    mark, folder = tmp_path / "broken_into", tmp_path / "run"
    file = tmp_path / "evil.pt"
    if old:
        file.write_bytes(pickle.dumps({"model": Hostile(mark), "epoch": 1}, protocol=2))
    else:
        torch.save({"model": Hostile(mark), "epoch": 1, "optimizer": {}}, file)
    with pytest.raises(WeightsError, match=r"evil\.pt.*--trust|evil\.pt: no detection model"):
        train_detector(data, folder, **{**TINY, "weights": str(file)})
    folder.mkdir(exist_ok=True)
    (folder / "last.pt").write_bytes(file.read_bytes())
    with pytest.raises(WeightsError, match="no checkpoint can be read to resume from"):
        train_detector(data, folder, resume=True, **TINY)
    assert not mark.exists()
    if not old:
        with pytest.raises(WeightsError):
            train_detector(data, tmp_path / "trusted", **{**TINY, "weights": str(file)}, trust=True)
        assert mark.exists()


def test_a_hostile_best_is_not_run_at_the_end_of_a_run(tmp_path: Path) -> None:
    import torch

    from sportstrack.train.guard import strip

    import_ultralytics()
    torch.save({"model": Hostile(tmp_path / "broken_into")}, tmp_path / "best.pt")
    with pytest.raises(TypeError, match="references types outside"):
        strip(tmp_path / "best.pt")
    assert not (tmp_path / "broken_into").exists()


def test_a_hostile_architecture_runs_nothing(data: Path, tmp_path: Path) -> None:
    mark = tmp_path / "broken_into"
    text = f"nc: 2\nactivation: __import__('os').mkdir({str(mark)!r})\nbackbone: [[-1, 1, Conv, [8, 3, 2]]]\nhead: []\n"
    (tmp_path / "evil.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(WeightsError, match=r"evil\.yaml: no such architecture"):
        train_detector(data, tmp_path / "run", **{**TINY, "weights": str(tmp_path / "evil.yaml")})
    assert not mark.exists()
