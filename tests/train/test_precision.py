"""Precision, rates and GPUs of a training."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import toy
from squares import TINY, rows

from sportstrack.errors import SettingError
from sportstrack.models.checkpoint import import_ultralytics
from sportstrack.train import TrainSettings, guard, train_detector
from sportstrack.train.folder import find_checkpoint
from sportstrack.train.guard import Epoch, bfloat16_forward, is_finite_in_half, local_answers


def test_local_answers_are_taken_back() -> None:
    import_ultralytics()
    from ultralytics.utils import SETTINGS, plotting

    before, kept = plotting.check_font, dict(SETTINGS)
    with local_answers(("tensorboard",)):
        assert Path(plotting.check_font("Arial.ttf")).is_file()
        assert SETTINGS["tensorboard"] is True
        assert not any(SETTINGS[name] for name in ("wandb", "comet", "mlflow", "clearml", "dvc"))
    assert plotting.check_font is before
    assert dict(SETTINGS) == kept


def test_mixed_precision_is_checked_on_the_model_itself() -> None:
    import torch

    import_ultralytics()
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).train()
    assert is_finite_in_half(model)
    assert model.training
    with torch.no_grad():
        model[0].bias[0] = float("nan")
    assert not is_finite_in_half(model)


def test_bfloat16_on_a_processor_is_for_the_layers_alone() -> None:
    import torch

    model = import_ultralytics().YOLO("yolov8n.yaml", task="detect").model
    model.args = import_ultralytics().utils.IterableSimpleNamespace(box=7.5, cls=0.5, dfl=1.5)
    kinds: list[Any] = []
    model.model[0].conv.register_forward_hook(lambda *found: kinds.append(found[2].dtype))
    batch = {
        "img": torch.rand(2, 3, 64, 64), "cls": torch.zeros(2, 1), "batch_idx": torch.tensor([0.0, 1.0]),
        "bboxes": torch.tensor([[0.5, 0.5, 0.4, 0.4]] * 2),
    }  # fmt: skip
    with bfloat16_forward():
        loss, _ = model.train()(batch)
        model.eval()(batch["img"])
    model.train()(batch)
    assert kinds == [torch.bfloat16, torch.float32, torch.float32]
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss).all()


def test_a_resumed_run_keeps_to_bfloat16(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[str] = []

    @contextlib.contextmanager
    def noted() -> Iterator[None]:
        with bfloat16_forward():
            entered.append("once")
            yield

    def interrupt(_: Epoch) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(guard, "bfloat16_forward", noted)
    with pytest.raises(KeyboardInterrupt):
        train_detector(data, tmp_path / "run", epochs=2, bf16=True, report=interrupt, **TINY)
    result = train_detector(data, tmp_path / "run", resume=True, device="cpu")
    assert entered == ["once", "once"]
    assert result.epochs == 2
    train_detector(data, tmp_path / "other", epochs=1, **TINY)
    assert entered == ["once", "once"]


def test_adam_gets_a_rate_that_keeps_what_the_weights_know() -> None:
    import_ultralytics()
    assert TrainSettings().options(4)["lr0"] == pytest.approx(0.00125)
    assert TrainSettings(lr0=0.002).options(4)["lr0"] == 0.002
    assert "lr0" not in TrainSettings(optimizer="SGD").options(4)
    assert TrainSettings(epochs=2).options(4)["warmup_epochs"] == pytest.approx(0.2)
    assert TrainSettings(epochs=2, more={"warmup_epochs": 1.0}).options(4)["warmup_epochs"] == 1
    assert TrainSettings(more={"mosaic": 0.0}).options(4)["mosaic"] == 0.0


def test_several_gpus_share_a_training(data: Path, random_weights: Callable[[str], Path], tmp_path: Path) -> None:
    """It is killed, its processes stop with it, and it is resumed."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "kept.txt").write_text("the user's own")
    words = [
        sys.executable,
        "-m",
        "sportstrack.train",
        str(data),
        "--workers",
        "0",
        "--device",
        "0,1",
        "-o",
        str(folder),
    ]
    settings = ["--weights", str(random_weights("")), "--imgsz", "64", "--batch", "4", "--epochs", "3"]
    settings += ["--set", "plots=false"]
    environment = toy.with_pretended_gpus("2")
    run = subprocess.Popen([*words, *settings], env=environment, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    said = []
    for line in run.stderr:
        said.append(line)
        if line.startswith("epoch 1/3"):
            break
    run.kill()
    said.extend(run.stderr)  # it ends when no process is left that could write
    run.wait()
    run.stderr.close()
    assert "the command was killed" in "".join(said), "".join(said)
    done = find_checkpoint(folder)
    assert done is not None
    assert not done.finished
    again = subprocess.run([*words, "--resume"], env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    shown = [line.split()[1] for line in again.stderr.splitlines() if line.startswith("epoch")]
    assert shown == [f"{number}/3:" for number in range(done.epoch + 1, 4)]
    assert [row["epoch"] for row in rows(folder / "results.csv")] == [str(number) for number in range(1, 4)]
    assert import_ultralytics().YOLO(folder / "best.pt").names == {0: "square", 1: "ball"}
    left = {path.name for path in folder.iterdir()}
    assert left == {"kept.txt", "data", "plots", "args.yaml", "best.pt", "last.pt", "results.csv", "settings.yaml"}


def test_a_batch_is_shared_evenly(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    with pytest.raises(SettingError, match=r"batch 16: 3 GPUs share it; choose a multiple of 3, such as 18"):
        train_detector(data, tmp_path / "run", batch=16, device="0,1,3")


def test_a_gpu_is_found_and_trains(data: Path, tmp_path: Path) -> None:
    words = ["--weights", "yolov8n.yaml", "--imgsz", "64", "--batch", "4", "--workers", "0", "--epochs", "1"]
    words += ["--set", "plots=false", "-o", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-m", "sportstrack.train", str(data), *words], env=toy.with_pretended_gpus("1"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "device: '0'" in (tmp_path / "run" / "args.yaml").read_text()
