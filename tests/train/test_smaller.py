"""Smaller networks: channels are really gone, a teacher really teaches, and both survive a stop."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from squares import TINY, rows

from sportstrack.detect import UltralyticsDetector
from sportstrack.errors import SportstrackError
from sportstrack.models.checkpoint import import_ultralytics, open_checkpoint
from sportstrack.train import Epoch, train_detector

Weights = Callable[[str], Path]


def _size(path: Path) -> int:
    model = import_ultralytics().YOLO(path)  # as anybody would load it
    return sum(parameter.numel() for parameter in model.model.parameters())


def _stop(epoch: Epoch) -> None:
    raise KeyboardInterrupt


def test_taking_the_blocks_apart_and_together_changes_nothing(random_weights: Weights) -> None:
    import torch

    from sportstrack.train.prune import prune_network

    network = open_checkpoint(random_weights("")).model.float().eval()
    picture = torch.rand(1, 3, 96, 64)
    before = network(picture)[0].detach()
    same = deepcopy(network)
    prune_network(same, 0.0)
    torch.testing.assert_close(same(picture)[0].detach(), before)


@pytest.mark.parametrize("task", ["", "-seg"])
def test_a_pruned_network_keeps_its_most_important_channels(task: str, random_weights: Weights) -> None:
    import torch

    from sportstrack.train.prune import prune_network

    network = open_checkpoint(random_weights(task)).model.float().eval()
    for module in network.modules():  # half of the channels of each block are silent
        if isinstance(module, torch.nn.BatchNorm2d) and module.num_features > 8:
            quiet = torch.randperm(module.num_features)[: module.num_features // 2]
            module.weight.data[quiet] = module.bias.data[quiet] = 0
    pruned = deepcopy(network)
    prune_network(pruned, 0.5)
    channels = [m.out_channels for m in pruned.modules() if isinstance(m, torch.nn.Conv2d)]
    assert sum(channels) < 0.6 * sum(m.out_channels for m in network.modules() if isinstance(m, torch.nn.Conv2d))
    shape = pruned(torch.rand(1, 3, 64, 96))[0].shape if not task else pruned(torch.rand(1, 3, 64, 96))[0][0].shape
    assert shape[-1] == 8 * 12 + 4 * 6 + 2 * 3


def test_a_pruned_run_shrinks_survives_a_stop_and_loads_everywhere(
    data: Path, tmp_path: Path, random_weights: Weights
) -> None:
    weights, folder = random_weights(""), tmp_path / "run"
    settings: dict[str, Any] = {**TINY, "weights": str(weights), "prune": 0.5, "epochs": 2}
    with pytest.raises(KeyboardInterrupt):
        train_detector(data, folder, report=_stop, **settings)
    result = train_detector(data, folder, resume=True, device="cpu")
    assert [row["epoch"] for row in rows(result.results)] == ["1", "2"]
    assert result.best.stat().st_size < 0.4 * weights.stat().st_size
    assert _size(result.best) < 0.4 * _size(weights)
    assert _size(result.best) < _size(folder / "pruned.pt")  # two classes in place of 80
    detector = UltralyticsDetector(result.best, imgsz=64, device="cpu", score=0.001)
    assert detector.names == {0: "square", 1: "ball"}
    assert len(detector([np.zeros((64, 64, 3), np.uint8)])) == 1
    again = train_detector(data, tmp_path / "more", **TINY | {"weights": str(result.best), "epochs": 1})
    assert _size(again.best) == _size(result.best)


def test_a_distilled_run_has_its_loss_and_no_teacher_in_its_weights(
    data: Path, tmp_path: Path, random_weights: Weights
) -> None:
    folder, teacher = tmp_path / "run", tmp_path / "teacher.pt"
    teacher.write_bytes(random_weights("").read_bytes())
    settings: dict[str, Any] = {**TINY, "distil": str(teacher), "epochs": 2}
    with pytest.raises(KeyboardInterrupt):
        train_detector(data, folder, report=_stop, **settings)
    away = teacher.rename(tmp_path / "elsewhere.pt")
    with pytest.raises(SportstrackError, match=r"teacher of this run is gone .*--distil TEACHER"):
        train_detector(data, folder, resume=True, device="cpu")
    result = train_detector(data, folder, resume=True, device="cpu", distil=str(away))
    assert [float(row["train/dis_loss"]) > 0 for row in rows(result.results)] == [True, True]
    assert any("knows other classes" in note for note in train_notes(data, tmp_path / "other", settings, away))
    plain = train_detector(data, tmp_path / "plain", **TINY | {"epochs": 1})
    assert _size(result.best) == _size(plain.best)
    assert abs(result.best.stat().st_size - plain.best.stat().st_size) < 20_000


def train_notes(data: Path, folder: Path, settings: dict[str, Any], teacher: Path) -> tuple[str, ...]:
    return train_detector(data, folder, **settings | {"distil": str(teacher), "epochs": 1, "distil_weight": 0.0}).notes


def test_a_pruned_student_learns_from_the_whole_network(data: Path, tmp_path: Path, random_weights: Weights) -> None:
    weights = str(random_weights(""))
    result = train_detector(
        data, tmp_path / "run", **TINY | {"weights": weights, "prune": 0.5, "distil": weights, "epochs": 1}
    )
    assert "train/dis_loss" in rows(result.results)[0]
    assert _size(result.best) < 0.4 * _size(Path(weights))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prune": 0.5}, r"yolov8n\.yaml has random ones; give a \.pt"),
        ({"prune": 0.95}, "prune: expected a number from 0 to 0.9"),
        ({"weights": "{other}", "prune": 0.5}, r"other\.pt: --prune knows the layers of YOLOv8 .* this has C3k2"),
        ({"distil": "{nothing}"}, r"nothing\.pt"),
        ({"distil": "{segments}"}, "the teacher's task is 'segment' and the student's is 'detect'"),
        ({"distil": "{text}"}, r"text\.onnx: is no teacher; --distil needs a \.pt file"),
        ({"distil": "{transformer}"}, "head does not match the student's: it has no YOLO head"),
        ({"more": {"dis": 1.0}}, "dis: has an option of its own"),
    ],
)
def test_what_cannot_be_made_smaller_is_one_clear_line(
    settings: dict[str, Any], message: str, data: Path, tmp_path: Path, random_weights: Weights
) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    if "{other}" in settings.values():
        import_ultralytics().YOLO("yolo11n.yaml").save(tmp_path / "other.pt")
    if "{transformer}" in settings.values():
        import_ultralytics().RTDETR("rtdetr-l.yaml").save(tmp_path / "rtdetr.pt")
    places = {
        "other": tmp_path / "other.pt",
        "nothing": tmp_path / "nothing.pt",
        "segments": random_weights("-seg"),
        "text": tmp_path / "text.onnx",
        "transformer": tmp_path / "rtdetr.pt",
    }
    given = {k: v.format(**places) if isinstance(v, str) else v for k, v in settings.items()}
    with pytest.raises(SportstrackError, match=message) as raised:
        train_detector(data, tmp_path / "run", **TINY | given)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run" / "settings.yaml").exists()


def test_a_missing_pruner_says_how_to_install_it(
    data: Path, tmp_path: Path, random_weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sportstrack.detect.common.find_spec", lambda name: None)
    with pytest.raises(SportstrackError, match=r"--prune: needs the package torch_pruning: pip install 'sportstrack\["):
        train_detector(data, tmp_path / "run", **TINY | {"weights": str(random_weights("")), "prune": 0.5})
