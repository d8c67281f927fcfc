"""Train a detector: check everything first, then let Ultralytics' trainer work, then put the results in order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportstrack.cli.progress import shown
from sportstrack.errors import SettingError, SportstrackError, unknown
from sportstrack.files.claim import ensure_folder
from sportstrack.files.locks import Lock
from sportstrack.files.reading import read_table
from sportstrack.models.checkpoint import import_ultralytics, loading
from sportstrack.train.callbacks import Callbacks, Note, Progress, Report
from sportstrack.train.data import TrainData, check_data
from sportstrack.train.folder import (
    Checkpoint,
    check_room,
    find_checkpoint,
    make_room,
    recorded_settings,
    trim_results,
    write_settings,
)
from sportstrack.train.guard import Guard, guarded_trainer, strip
from sportstrack.train.machine import choose_devices, devices_of_batch, errors_explained
from sportstrack.train.pictures import save_pictures
from sportstrack.train.prune import check_prune, prune
from sportstrack.train.settings import RESUMABLE, TrainSettings, checked_more
from sportstrack.train.teacher import find_teacher, find_teacher_again
from sportstrack.train.weights import compare_classes, load_model

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import TrainKeywords

SCORES = ("precision", "recall", "mAP50", "mAP50-95")


@dataclass(frozen=True)
class TrainResult:
    """The files and scores of a training run.

    Attributes:
        folder: holds the files below, settings.yaml and plots/.
        best: the weights of the best epoch.
        last: those of the last epoch.
        results: results.csv, a row per epoch.
        epochs: rows in it.
        scores: precision, recall, mAP50 and mAP50-95 of the best epoch on the val split, 0…1.
        notes: what the user should know.
    """

    folder: Path
    best: Path
    last: Path
    results: Path
    epochs: int
    scores: Mapping[str, float]
    notes: tuple[str, ...]


def train_detector(
    data: str | Path,
    output: str | Path = "runs/train",
    *,
    resume: bool = False,
    overwrite: bool = False,
    report: Report | None = None,
    progress: Progress | bool | None = None,
    note: Note | None = None,
    **settings: Unpack[TrainKeywords],
) -> TrainResult:
    """Fine-tune a detector on a YOLO data set.

    Args:
        data: its data.yaml or folder.
        output: folder for weights, results.csv, settings.yaml and plots/.
        resume: continue the interrupted run in `output`; start again if it left no checkpoint.
        overwrite: replace an earlier run in `output`.
        report: called after each epoch; with several GPUs, in a process of its own.
        progress: True shows a bar; or it is called after each step with the steps done and those of the whole
            training; with several GPUs, in a process of its own.
        note: called with each note for the user when it is made; `TrainResult.notes` has all of them.
        **settings: the fields of `TrainSettings`; a resumed run takes those in `RESUMABLE` and keeps its other ones.

    Raises:
        SettingError: a setting is unknown or out of range.
        FormatError: the data set is not fit to train on.
        WeightsError: the weights cannot be read, run code, or are for another task.
        OutputError: `output` holds a run already, or cannot be written.
        DeviceError: the device is not there, or its memory is too small; the message gives a batch to try.
    """
    plan = _settings(settings)
    folder = ensure_folder(output).resolve()
    lock = Lock(folder / ".train.lock", output, "sportstrack train")
    lock.take()
    try:
        with shown(progress, "training", "step") as called:
            return _train_in(folder, plan, data, resume, overwrite, Callbacks(report, called, note), settings)
    finally:
        lock.release()


def _train_in(
    folder: Path, plan: TrainSettings, data: str | Path, resume: bool, overwrite: bool, callbacks: Callbacks,
    settings: Mapping[str, Any],
) -> TrainResult:  # fmt: skip
    checked = check_data(data)
    for text in checked.notes:
        callbacks.add_note(text)
    import_ultralytics()
    checked_more(plan.more)
    checkpoint = find_checkpoint(folder, plan.trust) if resume else None
    if checkpoint is None:
        if resume:
            callbacks.add_note("there is no checkpoint to resume; the training starts from the beginning")
        check_room(folder, overwrite or resume, plan.weights)
        _start(plan, checked, folder, overwrite, callbacks)
    elif checkpoint.finished:
        callbacks.add_note(f"{checkpoint.path}: the training is finished; nothing was done")
    else:
        _resume(checkpoint, settings, plan, checked, folder, callbacks)
    return _result(folder, callbacks, plan.trust)


def _settings(values: Mapping[str, Any]) -> TrainSettings:
    known = [field.name for field in fields(TrainSettings)]
    for name in values:
        if name not in known:
            raise SettingError(unknown("setting of a training run", name, known))
    return TrainSettings(**values)


def _start(plan: TrainSettings, data: TrainData, folder: Path, overwrite: bool, callbacks: Callbacks) -> None:
    device = choose_devices(plan.device)
    gpus = devices_of_batch(device, plan.batch)
    _check_loggers(plan)
    path, model = load_model(plan.weights, plan.trust)
    compare_classes(path, model, data, callbacks)
    teacher = None if plan.distil is None else find_teacher(plan.distil, model, data, plan.trust, callbacks)
    if plan.prune:
        check_prune(path, model.model)
    make_room(folder, overwrite)
    if plan.prune:
        model, note = prune(path, model, plan.prune, folder / "pruned.pt")
        path = str(folder / "pruned.pt")
        callbacks.add_note(note)
    options = plan.options(len(data.classes)) | {
        "model": path, "data": str(data.write(folder / "data")), "task": model.task, "mode": "train", "device": device,
        "pretrained": True,
    }  # fmt: skip
    if teacher is not None:
        options |= {"distill_model": teacher.path, "dis": plan.distil_weight}
    if plan.bf16 and device != "cpu":
        options["amp"] = "bf16"
    write_settings(folder, plan, data, options)
    bf16 = plan.bf16 and device == "cpu"
    base = model._smart_load("trainer")
    trainer_class = guarded_trainer(
        base, Guard(folder, plan.loggers, callbacks.report, bf16, callbacks.progress, teacher, plan.operations)
    )
    with loading(Path(path), plan.trust), errors_explained(plan.batch, plan.imgsz, gpus):
        trainer = trainer_class(overrides=options)
        if path.endswith(".pt"):
            trainer.model = trainer.get_model(weights=model.model, cfg=model.model.yaml)
        _train(trainer, plan.batch, data, folder, callbacks)


def _resume(
    checkpoint: Checkpoint,
    given: Mapping[str, Any],
    plan: TrainSettings,
    data: TrainData,
    folder: Path,
    callbacks: Callbacks,
) -> None:
    if checkpoint.path.name != "last.pt":
        callbacks.add_note(f"last.pt is missing or damaged; continuing from {checkpoint.path.name}")
    if left := [name for name in given if name not in RESUMABLE and given[name] != getattr(TrainSettings, name, None)]:
        callbacks.add_note(f"a resumed run keeps its own settings; ignored: {', '.join(left)}")
    _check_loggers(plan)
    trim_results(folder / "results.csv", checkpoint.epoch)
    if checkpoint.epoch >= checkpoint.epochs:  # killed between the last epoch and the end
        with loading(checkpoint.path, plan.trust):
            for path in (folder / "last.pt", folder / "best.pt"):
                if path.is_file():
                    strip(path)
        save_pictures(folder)
        return
    _, model = load_model(str(checkpoint.path), plan.trust)
    known = [str(name) for name in model.names.values()]
    if len(known) != len(data.classes):
        raise SettingError(
            f"{checkpoint.path}: was trained for {len(known)} classes ({', '.join(known)}), {data.source} names "
            f"{len(data.classes)} ({', '.join(data.classes)}); a resumed run keeps its classes: start a new one with "
            f"--weights {checkpoint.path} and another -o"
        )
    ours = ("trust", "mlflow", "tensorboard", "distil")  # not Ultralytics' settings
    options = {name: given[name] for name in RESUMABLE if name in given and name not in ours}
    options |= {"data": str(data.write(folder / "data")), "device": choose_devices(plan.device), "task": model.task}
    recorded = recorded_settings(folder)
    teacher = find_teacher_again(given.get("distil"), recorded.get("distil"), model, data, plan.trust, callbacks)
    if teacher is not None:
        options["distill_model"] = teacher.path
    bf16 = options["device"] == "cpu" and recorded.get("bf16") is True
    begun = plan.begun_with(recorded)
    base = model._smart_load("trainer")
    trainer_class = guarded_trainer(
        base, Guard(folder, plan.loggers, callbacks.report, bf16, callbacks.progress, teacher, begun.operations)
    )
    batch, imgsz = options.get("batch", model.ckpt["train_args"]["batch"]), model.ckpt["train_args"]["imgsz"]
    gpus = devices_of_batch(options["device"], batch)
    with loading(checkpoint.path, plan.trust), errors_explained(batch, imgsz, gpus):
        trainer = trainer_class(overrides=options | {"mode": "train", "resume": str(checkpoint.path)})
        callbacks.add_note(f"continuing after epoch {checkpoint.epoch} of {checkpoint.epochs}")
        _train(trainer, batch, data, folder, callbacks)


def _train(trainer: Any, batch: int, data: TrainData, folder: Path, callbacks: Callbacks) -> None:
    trainer.train()
    if trainer.batch_size < batch:
        callbacks.add_note(f"out of memory with batch {batch}; went on with batch {trainer.batch_size}, which fits")
    loader = getattr(trainer, "train_loader", None)  # with several GPUs it lives in other processes
    used = [label["im_file"] for label in loader.dataset.labels] if loader is not None else list(data.pictures["train"])
    if trainer.args.fraction == 1.0 and (left := sorted(set(data.pictures["train"]) - set(used))):
        some = ", ".join(left[:3])
        callbacks.add_note(
            f"{len(left)} training pictures cannot be read or have broken labels, and were left out: {some}"
        )
    save_pictures(folder)


def _check_loggers(plan: TrainSettings) -> None:
    for name in plan.loggers:
        if find_spec(name) is None:
            raise SettingError(f"--{name} needs its package: pip install {name}")


def _result(folder: Path, callbacks: Callbacks, trust: bool) -> TrainResult:
    from ultralytics.nn.tasks import torch_safe_load

    best, last, results = folder / "best.pt", folder / "last.pt", folder / "results.csv"
    if not last.is_file():
        raise SportstrackError(f"{folder}: the training ended without weights")
    with loading(best, trust):
        content, _ = torch_safe_load(best if best.is_file() else last)
    found = content.get("train_metrics") or {}
    named = zip(SCORES, ("precision", "recall", "mAP50", "mAP50-95"), strict=True)
    scores = {name: float(found.get(f"metrics/{key}(B)", math.nan)) for name, key in named}
    epochs = len(read_table(results)) if results.is_file() else 0
    return TrainResult(folder, best, last, results, epochs, scores, tuple(callbacks.notes))
