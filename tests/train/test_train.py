"""Training at toy size: a full round, a kill and what comes after it, little memory."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hostile import Hostile
from squares import TINY, rows

from sportstrack.errors import DeviceError
from sportstrack.models.checkpoint import import_ultralytics
from sportstrack.train import train_detector
from sportstrack.train.folder import find_checkpoint, trim_results
from sportstrack.train.guard import Epoch, Guard, guarded_trainer


@pytest.mark.slow
@pytest.mark.usefixtures("_no_network")
def test_a_full_round_on_renders(tmp_path: Path) -> None:
    from data_prep.synthetic import Settings, write_yolo
    from sportstrack.val import judge_detectors
    from sportstrack.val.table import to_markdown

    scenes = [Settings(seed=seed, frames=8, width=480, height=270) for seed in range(4)]
    data = write_yolo(scenes, tmp_path / "renders", every=1, val_share=0.25) / "data.yaml"
    before = sorted(path for path in data.parent.rglob("*"))
    epochs: list[Epoch] = []
    steps: list[tuple[int, int]] = []
    result = train_detector(
        data, tmp_path / "run", weights="demo", epochs=2, imgsz=160, batch=8, freeze=10, device="cpu",
        report=epochs.append, progress=lambda *step: steps.append(step),
    )  # fmt: skip
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert steps == [(0, 6), (1, 6), (2, 6), (3, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
    assert result.epochs == len(rows(result.results)) == 2
    assert {"train/box_loss", "train/cls_loss", "train/dfl_loss", "metrics/mAP50-95(B)"} <= set(epochs[0].figures)
    names = {path.name for path in (result.folder / "plots").iterdir()}
    assert {"losses.png", "scores.png", "precision-recall.png", "f1.png", "confusion.png"} <= names
    assert {"samples-truth.jpg", "samples-predicted.jpg"} <= names
    settings = yaml.safe_load((result.folder / "settings.yaml").read_text(encoding="utf-8"))
    assert settings["settings"]["epochs"] == 2
    assert settings["pictures"] == {"train": 24, "val": 8}
    assert sorted(path for path in data.parent.rglob("*")) == before  # nothing is written beside the data
    judged = judge_detectors([result.best, result.last], data, imgsz=480, device="cpu")
    assert [one.name for one in judged] == ["best", "last"]
    assert judged[0].pictures == 8
    assert judged[0].figures(0)["AP50"] > 0.1  # players of twelve pixels; untrained weights find none
    assert "| best" in to_markdown(judged)


def test_a_seed_decides_the_run_and_frozen_layers_stay(
    data: Path, tmp_path: Path, random_weights: Callable[[str], Path]
) -> None:
    import torch

    weights = random_weights("")
    settings = {**TINY, "weights": str(weights), "epochs": 1, "freeze": 10}
    runs = [train_detector(data, tmp_path / f"run{i}", seed=seed, **settings) for i, seed in enumerate((5, 5, 6))]
    assert any("the weights know other classes (person, class 1" in note for note in runs[0].notes)
    first, second, other = ([{**row, "time": ""} for row in rows(run.results)] for run in runs)
    assert first == second
    assert first != other
    yolo = import_ultralytics().YOLO
    start, end = yolo(weights).model.state_dict(), yolo(runs[0].best).model.state_dict()
    frozen = [name for name in start if name.startswith(("model.0.", "model.9.")) and "num_batches" not in name]
    assert frozen
    for name in frozen:
        torch.testing.assert_close(end[name], start[name].half().float())
    assert not torch.equal(end["model.15.cv1.conv.weight"], start["model.15.cv1.conv.weight"].half().float())


# ---------------------------------------------------------------------------------------------------------- a kill


def killed_run(data: Path, folder: Path) -> None:
    """Start a run of three epochs and kill it once its first epoch is saved."""
    words = [str(data), "-o", str(folder), "--weights", "yolov8n.yaml", "--imgsz", "64", "--batch", "4"]
    words += ["--device", "cpu", "--epochs", "3", "--set", "plots=false"]
    run = subprocess.Popen([sys.executable, "-m", "sportstrack.train", *words], stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    for line in run.stderr:
        if line.startswith("epoch 1/3"):
            break
    else:
        pytest.fail("the run ended before its first epoch")
    time.sleep(0.05)  # into the second epoch
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stderr.close()


def test_a_killed_run_goes_on(data: Path, tmp_path: Path) -> None:
    folder, mark = tmp_path / "run", tmp_path / "broken_into"
    np.save(cache := tmp_path / "train.npy", np.array(Hostile(mark), object), allow_pickle=True)
    cache.replace(data.parent / "labels" / "train.cache")  # what a stranger's data set may bring along
    killed_run(data, folder)
    found = find_checkpoint(folder)
    assert found is not None
    assert not found.finished
    done = found.epoch
    assert 1 <= done < 3
    with (folder / "results.csv").open("a", encoding="utf-8") as file:
        file.write(f"{done + 1},9,0.5")  # cut off in the middle
    (folder / "best.pt").write_bytes((folder / "last.pt").read_bytes())
    (folder / "last.pt").write_bytes((folder / "last.pt").read_bytes()[:5000])  # as a full disk might leave it
    notes: list[str] = []
    result = train_detector(data, folder, resume=True, device="cpu", epochs=7, note=notes.append)
    assert f"continuing after epoch {done} of 3" in notes
    assert "last.pt is missing or damaged; continuing from best.pt" in notes
    assert any("ignored: epochs" in note for note in notes)
    assert [row["epoch"] for row in rows(result.results)] == ["1", "2", "3"]
    assert import_ultralytics().YOLO(result.last).names == {0: "square", 1: "ball"}
    assert not list(folder.glob("*.part.*"))
    again = train_detector(data, folder, resume=True, device="cpu")
    assert "the training is finished" in again.notes[-1]
    assert not mark.exists()


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path: Path) -> None:
    class Trainer:
        tloss, metrics, epoch, epochs, batch_size = None, {"metrics/mAP50(B)": 0.5}, 4, 9, 8
        half = False
        is_best = True

        def __init__(self) -> None:
            self.wdir = tmp_path / "weights"

        def label_loss_items(self, losses: Any) -> dict[str, float]:
            return {"train/box_loss": 1.0}

        def save_model(self) -> None:
            self.last.write_bytes(b"new" if not self.half else b"n")
            if self.half:
                raise KeyboardInterrupt
            if self.is_best:
                self.best.write_bytes(b"new best")

    seen: list[Epoch] = []
    import_ultralytics()
    trainer = guarded_trainer(Trainer, Guard(tmp_path, report=seen.append))()
    (tmp_path / "last.pt").write_bytes(b"old")
    trainer.half = True
    with pytest.raises(KeyboardInterrupt):
        trainer.save_model()
    assert (tmp_path / "last.pt").read_bytes() == b"old"
    assert not seen
    trainer.half = False
    (tmp_path / "best.part.pt").write_bytes(b"hal")  # left by the kill; this epoch is not the best
    trainer.is_best = False
    trainer.save_model()
    assert not (tmp_path / "best.pt").exists()
    trainer.is_best = True
    trainer.save_model()
    assert (tmp_path / "last.pt").read_bytes() == b"new"
    assert (tmp_path / "best.pt").read_bytes() == b"new best"
    assert seen == 2 * [Epoch(5, 9, 8, {"train/box_loss": 1.0, "metrics/mAP50(B)": 0.5})]


def test_rows_after_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("epoch,time,x\n1,2,3\n2,4,5\n3,6,7\n3,6", encoding="utf-8")
    trim_results(path, 2)
    assert path.read_text(encoding="utf-8") == "epoch,time,x\n1,2,3\n2,4,5\n"


# ---------------------------------------------------------------------------------------------------------- memory


def short_memory(monkeypatch: pytest.MonkeyPatch, fits: int) -> None:
    from ultralytics.models.yolo.detect import DetectionTrainer

    original = DetectionTrainer.preprocess_batch

    def preprocess(self: Any, batch: Any) -> Any:
        if len(batch["img"]) > fits:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return original(self, batch)

    monkeypatch.setattr(DetectionTrainer, "preprocess_batch", preprocess)


def test_short_memory_halves_the_batch_and_pictures_left_out_are_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_ultralytics()
    short_memory(monkeypatch, 2)
    (data.parent / "labels" / "train" / "6.txt").write_text("0 1.2 0.5 0.1 0.1\n", encoding="utf-8")  # off the picture
    outside = data.parent / "images" / "train" / "6.png"
    result = train_detector(data, tmp_path / "run", epochs=1, **TINY)
    left_out = "1 training pictures cannot be read or have broken labels, and were left out"
    assert f"{left_out}: {outside}" in result.notes


def test_hopeless_memory_is_one_sentence(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_ultralytics()
    short_memory(monkeypatch, 0)
    with pytest.raises(
        DeviceError, match=r"out of memory with batch 4 at imgsz 64; try --batch 2 or a smaller --imgsz"
    ):
        train_detector(data, tmp_path / "run", epochs=1, **TINY)
