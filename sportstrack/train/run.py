"""Train a detector: check everything first, then let Ultralytics' trainer work, then put the results in order."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sportstrack.detect.checkpoint import import_ultralytics, loading, open_checkpoint
from sportstrack.errors import (
    DeviceError,
    FormatError,
    OutputError,
    SettingError,
    SportstrackError,
    WeightsError,
    unknown,
)
from sportstrack.files.claim import ensure_folder, write_text
from sportstrack.files.locks import Lock
from sportstrack.files.reading import read_table, read_text, read_yaml
from sportstrack.models.devices import choose_device, import_torch
from sportstrack.models.weights import find_weights
from sportstrack.plugins import first_line
from sportstrack.train.data import TrainData, check_data
from sportstrack.train.guard import Epoch, guarded_trainer, local_answers, strip
from sportstrack.train.pictures import save_pictures
from sportstrack.train.settings import RESUMABLE, TrainSettings, checked_more

TASKS = ("detect", "segment")
SCORES = ("precision", "recall", "mAP50", "mAP50-95")
_FILES = ("last.pt", "best.pt", "results.csv", "settings.yaml", "args.yaml")
Report = Callable[[Epoch], None]
Note = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TrainResult:
    """What a training run has left.

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


@dataclass(frozen=True)
class _Checkpoint:
    path: Path
    epoch: int  # epochs done; 0 where the file is finished, its optimizer gone
    epochs: int
    finished: bool


def train_detector(
    data: str | Path,
    output: str | Path = "runs/train",
    *,
    resume: bool = False,
    overwrite: bool = False,
    report: Report | None = None,
    progress: Progress | None = None,
    note: Note | None = None,
    **settings: Any,
) -> TrainResult:
    """Fine-tune a detector on a YOLO data set.

    Args:
        data: its data.yaml or folder.
        output: folder for weights, results.csv, settings.yaml and plots/.
        resume: go on where an interrupted run in `output` stopped; from the start if it left no checkpoint.
        overwrite: replace an earlier run in `output`.
        report: called after each epoch; with several GPUs, in a process of its own.
        progress: called after each step with the steps done and those of the whole training; likewise.
        note: called with what the user should know, when it is known; `TrainResult.notes` has all of it.
        **settings: the fields of `TrainSettings`; a resumed run takes `RESUMABLE` ones and keeps its own of the others.

    Raises:
        SettingError: a setting is unknown or out of range.
        FormatError: the data set isn't fit to train on.
        WeightsError: the weights cannot be read, run code, or are for another task.
        OutputError: `output` holds a run already, or cannot be written.
        DeviceError: the device isn't there, or its memory doesn't do; the message gives a batch to try.
    """
    plan = _settings(settings)
    folder = ensure_folder(output).resolve()
    lock = Lock(folder / ".train.lock", output, "sportstrack train")
    lock.take()
    try:
        return _train_in(folder, plan, data, resume, overwrite, _Told(report, progress), _Notes(note), settings)
    finally:
        lock.release()


def _train_in(
    folder: Path, plan: TrainSettings, data: str | Path, resume: bool, overwrite: bool, told: _Told, notes: _Notes,
    settings: Mapping[str, Any],
) -> TrainResult:  # fmt: skip
    checked = check_data(data)
    for text in checked.notes:
        notes.add(text)
    import_ultralytics()
    checked_more(plan.more)
    checkpoint = find_checkpoint(folder, plan.trust) if resume else None
    if checkpoint is None:
        if resume:
            notes.add("there is no checkpoint to resume; the training starts from the beginning")
        _check_room(folder, overwrite or resume, plan.weights)
        _start(plan, checked, folder, overwrite, told, notes)
    elif checkpoint.finished:
        notes.add(f"{checkpoint.path}: the training is finished; nothing was done")
    else:
        _resume(checkpoint, settings, plan, checked, folder, told, notes)
    return _result(folder, notes, plan.trust)


def find_checkpoint(folder: Path, trust: bool = False) -> _Checkpoint | None:
    """Return the newest readable checkpoint of a run: last.pt, or best.pt where that is damaged or missing.

    Raises:
        WeightsError: if files are there, but none can be read.
    """
    from ultralytics.nn.tasks import torch_safe_load

    failures = []
    for path in (folder / "last.pt", folder / "best.pt"):
        if not path.is_file():
            continue
        try:
            with loading(path, trust):
                content, _ = torch_safe_load(path)
            done = int(content["epoch"]) + 1
            epochs = int(content["train_args"]["epochs"])
        except WeightsError:
            raise
        except Exception as error:
            failures.append(f"{path}: {first_line(error)}")
            continue
        return _Checkpoint(path, done, epochs, finished=done <= 0 or content.get("optimizer") is None)
    if failures:
        raise WeightsError(
            f"no checkpoint can be read to resume from ({'; '.join(failures)}); start anew elsewhere (-o)"
        )
    return None


@dataclass(frozen=True)
class _Told:
    report: Report | None
    progress: Progress | None


class _Notes:
    def __init__(self, note: Note | None) -> None:
        self.texts: list[str] = []
        self._note = note

    def add(self, text: str) -> None:
        self.texts.append(text)
        if self._note is not None:
            self._note(text)


def _settings(values: Mapping[str, Any]) -> TrainSettings:
    known = [field.name for field in fields(TrainSettings)]
    for name in values:
        if name not in known:
            raise SettingError(unknown("setting of a training run", name, known))
    return TrainSettings(**values)


def _check_room(folder: Path, overwrite: bool, weights: str) -> None:
    """Refuse a folder that holds another run, or the weights that this one starts from; OutputError."""
    there = [name for name in _FILES if (folder / name).exists()]
    if there and not overwrite:
        raise OutputError(
            f"{folder}: holds a run already ({', '.join(there)}); --resume goes on with it, --overwrite replaces it, "
            "or choose another folder with -o"
        )
    if Path(weights).resolve().parent == folder and Path(weights).name in there:
        raise OutputError(f"{folder}: holds the weights to start from ({weights}); choose another folder with -o")


def _make_room(folder: Path, overwrite: bool) -> None:
    """Remove an earlier run, once nothing can go wrong any more that shows before the training."""
    events = folder.glob("events.out.tfevents.*") if overwrite else ()
    for path in (*(folder / name for name in _FILES), *events):
        path.unlink(missing_ok=True)


def _start(plan: TrainSettings, data: TrainData, folder: Path, overwrite: bool, told: _Told, notes: _Notes) -> None:
    device = _device(plan.device)
    gpus = _shared_by(device, plan.batch)
    _check_loggers(plan)
    path, model = load_model(plan.weights, plan.trust)
    _compare(path, model, data, notes)
    _make_room(folder, overwrite)
    options = plan.options(len(data.classes)) | {
        "model": path, "data": str(data.write(folder / "data")), "task": model.task, "mode": "train", "device": device,
        "pretrained": True,
    }  # fmt: skip
    if plan.bf16 and device != "cpu":
        options["amp"] = "bf16"
    _write_settings(folder, plan, data, options)
    bf16 = plan.bf16 and device == "cpu"
    base = model._smart_load("trainer")
    trainer_class = guarded_trainer(base, folder, plan.loggers, told.report, bf16, told.progress)
    with loading(Path(path), plan.trust), _explained(plan.batch, plan.imgsz, gpus):
        trainer = trainer_class(overrides=options)
        if path.endswith(".pt"):
            trainer.model = trainer.get_model(weights=model.model, cfg=model.model.yaml)
        _train(trainer, plan.batch, data, folder, notes)


def _resume(
    checkpoint: _Checkpoint,
    given: Mapping[str, Any],
    plan: TrainSettings,
    data: TrainData,
    folder: Path,
    told: _Told,
    notes: _Notes,
) -> None:
    if checkpoint.path.name != "last.pt":
        notes.add(f"last.pt is missing or damaged; going on from {checkpoint.path.name}")
    if left := [name for name in given if name not in RESUMABLE and given[name] != getattr(TrainSettings, name, None)]:
        notes.add(f"a resumed run keeps its own settings; passed by: {', '.join(left)}")
    _check_loggers(plan)
    _trim_results(folder / "results.csv", checkpoint.epoch)
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
    ours = ("trust", "mlflow", "tensorboard")  # not Ultralytics' settings
    options = {name: given[name] for name in RESUMABLE if name in given and name not in ours}
    options |= {"data": str(data.write(folder / "data")), "device": _device(plan.device), "task": model.task}
    bf16 = options["device"] == "cpu" and _recorded(folder).get("bf16") is True
    base = model._smart_load("trainer")
    trainer_class = guarded_trainer(base, folder, plan.loggers, told.report, bf16, told.progress)
    batch, imgsz = options.get("batch", model.ckpt["train_args"]["batch"]), model.ckpt["train_args"]["imgsz"]
    gpus = _shared_by(options["device"], batch)
    with loading(checkpoint.path, plan.trust), _explained(batch, imgsz, gpus):
        trainer = trainer_class(overrides=options | {"mode": "train", "resume": str(checkpoint.path)})
        notes.add(f"going on after epoch {checkpoint.epoch} of {checkpoint.epochs}")
        _train(trainer, batch, data, folder, notes)


def _train(trainer: Any, batch: int, data: TrainData, folder: Path, notes: _Notes) -> None:
    trainer.train()
    if trainer.batch_size < batch:
        notes.add(f"out of memory with batch {batch}; went on with batch {trainer.batch_size}, which fits")
    loader = getattr(trainer, "train_loader", None)  # with several GPUs it lives in other processes
    used = [label["im_file"] for label in loader.dataset.labels] if loader is not None else list(data.pictures["train"])
    if trainer.args.fraction == 1.0 and (left := sorted(set(data.pictures["train"]) - set(used))):
        some = ", ".join(left[:3])
        notes.add(f"{len(left)} training pictures cannot be read or have broken labels, and were left out: {some}")
    save_pictures(folder)


def load_model(weights: str, trust: bool = False) -> tuple[str, Any]:
    """Return the path (or the architecture's name) and the ``ultralytics.YOLO`` of weights that can be trained.

    Raises:
        WeightsError: missing, unreadable, holding code, no PyTorch checkpoint, or for another task.
    """
    if weights.endswith((".yaml", ".yml")):
        path = weights
        try:
            with local_answers():
                ultralytics = import_ultralytics()
                kind = ultralytics.RTDETR if "rtdetr" in Path(weights).name.lower() else ultralytics.YOLO
                model = kind(weights)
        except Exception as error:
            raise WeightsError(f"{weights}: no such architecture ({first_line(error)})") from error
    else:
        file = find_weights(weights)
        if file.suffix != ".pt":
            raise WeightsError(f"{file}: is an exported model; training needs the .pt file that it was made from")
        path, model = str(file.absolute()), open_checkpoint(file, trust)
    if model.task not in TASKS:
        raise WeightsError(f"{weights}: is a model for the task {model.task!r}; one for {' or '.join(TASKS)} is needed")
    return path, model


def _compare(path: str, model: Any, data: TrainData, notes: _Notes) -> None:
    """Compare what the weights know with what the data teaches."""
    if model.task == "segment" and not data.polygons:
        raise WeightsError(
            f"{path}: is a segmentation model, and the labels of {data.source} are boxes; it needs polygons, "
            "or choose weights for detection"
        )
    known, taught = [str(name) for name in model.names.values()], list(data.classes)
    if not path.endswith(".pt") or known == taught:
        return
    if sorted(known) == sorted(taught):
        notes.add(
            f"the weights have the data's classes in another order: {', '.join(known)}, not {', '.join(taught)}; "
            "is data.yaml's names: right?"
        )
    else:
        some = ", ".join(known[:4]) + ", …" * (len(known) > 4)
        notes.add(f"the weights know other classes ({some}): what tells classes apart is learnt anew")


def _device(device: str) -> str:
    """Return one device by `choose_device`, or several GPUs as Ultralytics takes them, ``0,1``."""
    several = re.fullmatch(r"(?:cuda:)?(\d+)((?:,\d+)+)", device.replace(" ", ""))
    if not several:
        return choose_device(device)
    torch = import_torch()
    numbers = [int(n) for n in f"{several[1]}{several[2]}".split(",")]
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if max(numbers) >= count or len(set(numbers)) < len(numbers):
        raise DeviceError(f"device {device!r}: there are {count} GPUs here; use --device auto")
    if find_spec("cloudpickle") is None:  # Ultralytics hands the trainer to its processes with it
        raise DeviceError("training on several GPUs needs cloudpickle: pip install cloudpickle")
    return ",".join(map(str, numbers))


def _shared_by(device: str, batch: int) -> int:
    """Return how many devices share a batch; each gets the same number of pictures."""
    count = device.count(",") + 1
    if batch % count:
        more = batch + count - batch % count
        raise SettingError(f"batch {batch}: {count} GPUs share it; choose a multiple of {count}, such as {more}")
    return count


def _check_loggers(plan: TrainSettings) -> None:
    for name in plan.loggers:
        if find_spec(name) is None:
            raise SettingError(f"--{name} needs its package: pip install {name}")


class _explained:  # noqa: N801  # used like a function
    """Turn what a training throws at the user into one sentence with a way out."""

    def __init__(self, batch: int, imgsz: int, gpus: int) -> None:
        self._batch, self._imgsz = batch, imgsz
        self._less = max(1, batch // gpus // 2) * gpus

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        text = str(error).lower()
        if isinstance(error, (RuntimeError, MemoryError)) and ("out of memory" in text or kind is MemoryError):
            raise DeviceError(
                f"out of memory with batch {self._batch} at imgsz {self._imgsz}; try --batch {self._less} "
                "or a smaller --imgsz, with --resume if epochs are done already"
            ) from error
        if isinstance(error, subprocess.CalledProcessError):
            raise DeviceError(
                f"a training process failed (its message is above); if memory was short, try --batch {self._less}"
            ) from error
        if isinstance(error, (RuntimeError, ValueError, AssertionError, TypeError)) and not isinstance(
            error, SportstrackError
        ):
            raise SportstrackError(f"the training cannot go on: {_all_lines(error)}") from error


def _all_lines(error: BaseException, most: int = 400) -> str:
    """Return an error's text on one line: torch says what is wrong in the second one."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def _write_settings(folder: Path, plan: TrainSettings, data: TrainData, options: Mapping[str, Any]) -> None:
    import yaml

    found = {field.name: getattr(plan, field.name) for field in fields(plan)} | {"more": dict(plan.more)}
    described = {"data": str(data.source), "classes": list(data.classes), "settings": found}
    described |= {"pictures": {split: len(files) for split, files in data.pictures.items()}, "boxes": dict(data.boxes)}
    described["ultralytics"] = {key: value for key, value in options.items() if key not in ("model", "data", "mode")}
    write_text(folder / "settings.yaml", yaml.safe_dump(described, allow_unicode=True, sort_keys=False))


def _recorded(folder: Path) -> dict[str, Any]:
    """Return the settings that a run was started with, as far as its settings.yaml can be read."""
    try:
        described = read_yaml(folder / "settings.yaml")
    except FormatError:
        return {}
    found = described.get("settings") if isinstance(described, dict) else None
    return found if isinstance(found, dict) else {}


def _trim_results(path: Path, epochs: int) -> None:
    """Drop the rows of epochs after the checkpoint: they will come again. A kill may also have cut the last row."""
    if not path.is_file():
        return
    head, *rows = read_text(path).splitlines() or [""]
    kept = [row for row in rows if row.count(",") == head.count(",") and _epoch(row) <= epochs]
    write_text(path, "".join(f"{line}\n" for line in (head, *kept)))


def _epoch(row: str) -> float:
    try:
        return float(row.split(",")[0])
    except ValueError:
        return math.inf


def _result(folder: Path, notes: _Notes, trust: bool) -> TrainResult:
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
    return TrainResult(folder, best, last, results, epochs, scores, tuple(notes.texts))
