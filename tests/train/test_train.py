"""Training at toy size: a full round, a kill and what comes after it, bad input, files from strangers, no network."""

from __future__ import annotations

import contextlib
import csv
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
import yaml

from sportstrack.detect.checkpoint import import_ultralytics
from sportstrack.errors import DeviceError, OutputError, SettingError, SportstrackError, WeightsError
from sportstrack.files.locks import Lock
from sportstrack.train import TrainSettings, guard, train_detector
from sportstrack.train.command import main as train_main
from sportstrack.train.data import check_data
from sportstrack.train.folder import find_checkpoint, trim_results
from sportstrack.train.guard import Epoch, Guard, bfloat16_forward, guarded_trainer, is_finite_in_half, local_answers

TINY: dict[str, Any] = {"weights": "yolov8n.yaml", "imgsz": 64, "batch": 4, "device": "cpu", "more": {"plots": False}}


@pytest.fixture(scope="module", autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPORTSTRACK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def make_set(root: Path, train: int = 8, val: int = 4) -> Path:
    """Pictures of 64 × 64 with a bright square each, and their data.yaml."""
    import cv2

    rng = np.random.default_rng(0)
    for split, count in (("train", train), ("val", val)):
        for folder in ("images", "labels"):
            (root / folder / split).mkdir(parents=True)
        for i in range(count):
            x, y = rng.integers(4, 30, 2)
            image = np.full((64, 64, 3), 40, np.uint8)
            image[y : y + 24, x : x + 24] = 220
            cv2.imwrite(str(root / "images" / split / f"{i}.png"), image)
            label = f"0 {(x + 12) / 64} {(y + 12) / 64} {24 / 64} {24 / 64}\n"
            (root / "labels" / split / f"{i}.txt").write_text(label if i else "", encoding="utf-8")  # one negative
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [square, ball]\n", encoding="utf-8")
    return root / "data.yaml"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_set(tmp_path / "squares")


class Attack:
    """A pickle of it makes a folder when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.mark),))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


# ------------------------------------------------------------------------------------------------------ full round


@pytest.mark.slow
@pytest.mark.usefixtures("_no_network")
def test_a_full_round_on_renders(tmp_path: Path) -> None:
    from data_prep.synthetic import Settings, write_yolo
    from sportstrack.val import judge_detectors
    from sportstrack.val.table import to_markdown

    scenes = [Settings(seed=seed, frames=16, width=480, height=270) for seed in range(4)]
    data = write_yolo(scenes, tmp_path / "renders", every=1, val_share=0.25) / "data.yaml"
    before = sorted(path for path in data.parent.rglob("*"))
    epochs: list[Epoch] = []
    steps: list[tuple[int, int]] = []
    result = train_detector(
        data, tmp_path / "run", weights="demo", epochs=2, imgsz=160, batch=16, freeze=10, device="cpu",
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
    assert settings["pictures"] == {"train": 48, "val": 16}
    assert sorted(path for path in data.parent.rglob("*")) == before  # nothing is written beside the data
    judged = judge_detectors([result.best, result.last], data, imgsz=480, device="cpu")
    assert [one.name for one in judged] == ["best", "last"]
    assert judged[0].pictures == 16
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
    np.save(cache := tmp_path / "train.npy", np.array(Attack(mark), object), allow_pickle=True)
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
    assert f"going on after epoch {done} of 3" in notes
    assert "last.pt is missing or damaged; going on from best.pt" in notes
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
    (tmp_path / "best.part.pt").write_bytes(b"hal")  # left by the kill; this epoch isn't the best
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


def test_short_memory_halves_the_batch_and_what_is_left_out_is_told(
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


# ------------------------------------------------------------------------------------------------------- bad input


def _no_path(data: Path) -> None:
    data.write_text("train: images/nowhere\nval: images/val\nnames: [square, ball]\n", encoding="utf-8")


def _no_pictures(data: Path) -> None:
    for file in data.parent.glob("images/train/*"):
        file.unlink()


def _no_labels(data: Path) -> None:
    for file in data.parent.glob("labels/train/*"):
        file.write_text("", encoding="utf-8")


def _class_out_of_range(data: Path) -> None:
    (data.parent / "labels" / "train" / "3.txt").write_text("0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.1\n", encoding="utf-8")


def _wrong_count(data: Path) -> None:
    data.write_text(data.read_text(encoding="utf-8") + "nc: 5\n", encoding="utf-8")


def _no_yaml(data: Path) -> None:
    data.write_text("train: [\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_no_path, r"data\.yaml: train: .*images/nowhere is not there"),
        (_no_pictures, "no training pictures"),
        (_no_labels, r"none of the 8 training pictures has a box.*labels/train/0\.txt"),
        (_class_out_of_range, r"labels/train/3\.txt, line 2"),
        (_wrong_count, "nc: 5, but names: has 2"),
        (_no_yaml, "no valid YAML"),
    ],
)
def test_a_bad_data_set_is_told_before_anything_starts(
    spoil: Callable[[Path], None], message: str, data: Path, tmp_path: Path
) -> None:
    spoil(data)
    with pytest.raises(SportstrackError, match=message):
        train_detector(data, tmp_path / "run", **TINY)
    assert not list((tmp_path / "run").iterdir())


def test_an_earlier_run_outlives_a_start_that_fails_and_its_weights_are_no_output(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("best.pt", "last.pt", "results.csv"):
        (folder / name).write_text(name)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    with pytest.raises(SportstrackError, match=r"nothing\.pt"):
        train_detector(data, folder, overwrite=True, **TINY | {"weights": str(tmp_path / "nothing.pt")})
    with pytest.raises(SportstrackError, match="holds the weights to start from"):
        train_detector(data, folder, overwrite=True, **TINY | {"weights": str(folder / "best.pt")})
    assert {path.name: path.read_text() for path in folder.iterdir()} == before


def test_a_folder_is_trained_in_by_one_run_at_a_time(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    lock = Lock(tmp_path / "run" / ".train.lock", "run", "sportstrack train")
    lock.take()
    with pytest.raises(SportstrackError, match=r"is being written by process"):
        train_detector(data, tmp_path / "run", **TINY)
    lock.release()


def test_negatives_and_a_missing_val_split_are_fine(data: Path) -> None:
    (data.parent / "labels" / "train" / "5.txt").unlink()
    data.write_text("train: images/train\nval: images/train\nnames: {0: square, 1: ball}\n", encoding="utf-8")
    checked = check_data(data)
    assert checked.boxes == {"square": 6, "ball": 0}
    assert checked.pictures["val"] == checked.pictures["train"]
    assert any("scores flatter" in note for note in checked.notes)
    assert "1 pictures have no label file and count as pictures without objects" in checked.notes
    assert "no training picture shows ball" in checked.notes


def test_what_ultralytics_is_given_has_no_download_and_no_doubt(data: Path, tmp_path: Path) -> None:
    data.write_text(data.read_text(encoding="utf-8") + "download: import os\n", encoding="utf-8")
    written = yaml.safe_load(check_data(data).write(tmp_path / "plan").read_text(encoding="utf-8"))
    assert set(written) == {"path", "train", "val", "names"}
    listed = Path(written["train"]).read_text(encoding="utf-8").splitlines()
    assert len(listed) == 8
    assert all(Path(line).is_absolute() and Path(line).is_file() for line in listed)


@pytest.mark.parametrize("task", ["-cls", "-pose"])
def test_weights_of_another_task(task: str, data: Path, tmp_path: Path, random_weights: Callable[[str], Path]) -> None:
    with pytest.raises(WeightsError, match="one for detect or segment is needed"):
        train_detector(data, tmp_path / "run", **{**TINY, "weights": str(random_weights(task))})


def test_segmentation_weights_want_polygons(data: Path, tmp_path: Path, random_weights: Callable[[str], Path]) -> None:
    with pytest.raises(WeightsError, match=r"is a segmentation model, and the labels of .* are boxes"):
        train_detector(data, tmp_path / "run", **{**TINY, "weights": str(random_weights("-seg"))})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--weights", "yolov8q.yaml"], "no such architecture"),
        (["--weights", "nothing.pt"], "nothing.pt: neither a file nor a known name"),
        (["--weights", "yolov8n.yaml", "--device", "cuda:77"], "not available here"),
        (["--weights", "yolov8n.yaml", "--device", "0,77"], "GPUs here"),
        (["--weights", "yolov8n.yaml", "--set", "mosaik=0"], "did you mean 'mosaic'"),
        (["--weights", "yolov8n.yaml", "--set", "data=x.yaml"], "data: has an option of its own"),
        (["--weights", "yolov8n.yaml", "--set", "epochs=0"], "epochs: has an option of its own"),
        (["--epochs", "0"], "epochs: expected a whole number from 1"),
        (["--lr0", "-1"], "lr0: expected a number above 0"),
    ],
)
def test_bad_options(words: list[str], message: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = train_main([str(data), "-o", str(data.parent / "run"), *words])
    except SystemExit as ended:  # refused while the command line was read
        status = int(str(ended.code))
    assert status == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize("name", ["mlflow", "tensorboard"])
def test_a_logger_that_is_not_installed(name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.train.run.find_spec", lambda _: None)
    with pytest.raises(SettingError, match=f"--{name} needs its package: pip install {name}"):
        train_detector(data, tmp_path / "run", **TINY, **{name: True})


def test_mlflow_logs_each_file_once(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_ultralytics()
    from ultralytics.utils.callbacks import base

    logged: list[Path] = []

    def log_as_mlflow_s(trainer: Any) -> None:
        logged.extend([*trainer.best.parent.rglob("*"), *trainer.save_dir.glob("*.*")])

    monkeypatch.setitem(base.default_callbacks, "on_train_end", [log_as_mlflow_s])
    train_detector(data, tmp_path / "run", epochs=1, **TINY)
    assert {"best.pt", "last.pt", "results.csv", "settings.yaml", "train.txt"} <= {path.name for path in logged}
    assert len(set(logged)) == len(logged)


def test_an_earlier_run_is_not_overwritten(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "best.pt").write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"holds a run already \(best\.pt\); --resume goes on"):
        train_detector(data, tmp_path / "run", **TINY)
    assert (tmp_path / "run" / "best.pt").read_bytes() == b"precious"


def test_a_replaced_run_leaves_no_curve_in_tensorboard(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("results.csv", "events.out.tfevents.1.host", "mine.txt"):
        (tmp_path / "run" / name).write_text("of the earlier run")
    train_detector(data, tmp_path / "run", overwrite=True, epochs=1, **TINY)
    assert not (tmp_path / "run" / "events.out.tfevents.1.host").exists()
    assert (tmp_path / "run" / "mine.txt").exists()


# ------------------------------------------------------------------------------------------------ from strangers


@pytest.mark.parametrize("old", [False, True], ids=["zip", "pickle"])
def test_a_hostile_checkpoint_runs_nothing(old: bool, data: Path, tmp_path: Path) -> None:
    import torch

    mark, folder = tmp_path / "broken_into", tmp_path / "run"
    file = tmp_path / "evil.pt"
    if old:
        file.write_bytes(pickle.dumps({"model": Attack(mark), "epoch": 1}, protocol=2))
    else:
        torch.save({"model": Attack(mark), "epoch": 1, "optimizer": {}}, file)
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
    torch.save({"model": Attack(tmp_path / "broken_into")}, tmp_path / "best.pt")
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


# --------------------------------------------------------------------------------------------------- local answers


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
    settings = ["--weights", str(random_weights("")), "--imgsz", "64", "--batch", "4", "--epochs", "4"]
    environment = toy.with_pretended_gpus("2")
    run = subprocess.Popen([*words, *settings], env=environment, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    said = []
    for line in run.stderr:
        said.append(line)
        if line.startswith("epoch 1/4"):
            break
    run.kill()
    said.extend(run.stderr)  # it ends when nobody is left who could write
    run.wait()
    run.stderr.close()
    assert "the command was killed" in "".join(said), "".join(said)
    done = find_checkpoint(folder)
    assert done is not None
    assert not done.finished
    again = subprocess.run([*words, "--resume"], env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    told = [line.split()[1] for line in again.stderr.splitlines() if line.startswith("epoch")]
    assert told == [f"{number}/4:" for number in range(done.epoch + 1, 5)]
    assert [row["epoch"] for row in rows(folder / "results.csv")] == [str(number) for number in range(1, 5)]
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
