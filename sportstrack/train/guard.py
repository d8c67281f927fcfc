"""Ultralytics' trainers, made safe: nothing fetched or sent, no pickle run, no checkpoint lost to a kill."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from sportstrack.train.augment import Operations, add_operations
from sportstrack.train.distil import Teacher, taught_by
from sportstrack.train.prune import as_it_is, is_narrowed

_LOGGERS = ("clearml", "comet", "dvc", "hub", "mlflow", "neptune", "raytune", "tensorboard", "wandb")


@dataclass(frozen=True)
class Epoch:
    """An epoch that is done and saved.

    Attributes:
        number: from 1.
        of: how many there are to be.
        batch: pictures per step; less than asked for if memory did not suffice.
        figures: losses (``train/…``) and scores (``metrics/…``), by the names in results.csv.
    """

    number: int
    of: int
    batch: int
    figures: dict[str, float]


@dataclass(frozen=True)
class Guard:
    """What a guarded trainer keeps to.

    Attributes:
        folder: gets best.pt, last.pt, results.csv and the pictures.
        loggers: Ultralytics' names of those that may log: ``mlflow``, ``tensorboard``.
        report: called after each epoch, once its files are complete.
        bf16: compute in `bfloat16_forward`; for a processor, Ultralytics has its own way for GPUs.
        progress: called with the steps done and those of the whole training, before the first step and after each.
        teacher: whom the network learns from as well.
        operations: what is done to the pictures besides Ultralytics' own augmentation.
        process: the one that started the training.
    """

    folder: Path
    loggers: Sequence[str] = ()
    report: Callable[[Epoch], None] | None = None
    bf16: bool = False
    progress: Callable[[int, int], None] | None = None
    teacher: Teacher | None = None
    operations: Operations | None = None
    process: int = field(default_factory=os.getpid)


def guarded_trainer(base: Any, guard: Guard) -> Any:
    """Return a subclass of one of Ultralytics' trainers that keeps to its folder and survives a kill."""
    return type("GuardedTrainer", (_Guarded, base), {"guard": guard})


class _Guarded:
    """The methods of a guarded trainer; the next base is Ultralytics', whose attributes are declared here."""

    guard: Guard
    args: Any
    batch_size: int
    data: Any
    ddp: bool
    epoch: int
    epochs: int
    metrics: Any
    tloss: Any
    train_loader: Any
    save_dir: Path
    wdir: Path
    last: Path
    best: Path
    steps_done: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        with local_answers(self.guard.loggers):
            self._base.__init__(*args, **kwargs)
        with contextlib.suppress(OSError):
            self.wdir.rmdir()  # "weights", made by the base class
        self.wdir = self.guard.folder
        self.last, self.best = self.wdir / "last.pt", self.wdir / "best.pt"

    @property
    def _base(self) -> Any:
        """Ultralytics' own methods."""
        return super()

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        """Return the network to train: a pruned one as it is, because its description would build it unpruned."""
        if weights is None or not is_narrowed(weights):
            return self._base.get_model(cfg, weights, verbose)
        network = as_it_is(weights, self.data["nc"])
        network.names = self.data["names"]
        return network

    def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> Any:
        """Return a data set, that of the training with further operations."""
        dataset = self._base.build_dataset(img_path, mode, batch)
        if mode == "train" and self.guard.operations is not None:
            add_operations(dataset, self.guard.operations)
        return dataset

    def check_resume(self, overrides: Any) -> None:
        """Resume in the run's folder, wherever the checkpoint was made."""
        self._base.check_resume(overrides)
        self.args.save_dir = str(self.guard.folder)

    def train(self) -> None:
        """Train with answers from this machine."""
        precision = bfloat16_forward() if self.guard.bf16 else contextlib.nullcontext()
        with local_answers(self.guard.loggers), precision, taught_by(self.guard.teacher), self._folder_kept():
            self._base.train()

    @contextlib.contextmanager
    def _folder_kept(self) -> Iterator[None]:
        """Give Ultralytics an empty folder to delete: it clears the run's own before it starts its processes."""
        kept = self.save_dir
        if self.ddp:
            self.save_dir = Path(tempfile.mkdtemp(prefix=".starting-", dir=self.guard.folder))
        try:
            yield
        finally:
            if self.save_dir != kept:
                shutil.rmtree(self.save_dir, ignore_errors=True)
            self.save_dir = kept

    def run_callbacks(self, event: str) -> None:
        """Run Ultralytics' callbacks and report the progress."""
        if event == "on_train_batch_end":
            stop_with(self.guard.process)
        if event == "on_train_end":  # MLflow's logs the folder of best.pt, then each file in save_dir: not twice
            best, self.best = self.best, self.guard.folder / "data" / self.best.name
            self._base.run_callbacks(event)
            self.best = best
        else:
            self._base.run_callbacks(event)
        if self.guard.progress is not None and os.environ.get("RANK", "0") == "0":  # one of several GPUs' processes
            self._report_progress(event, self.guard.progress)

    def _report_progress(self, event: str, progress: Callable[[int, int], None]) -> None:
        if event not in ("on_train_epoch_start", "on_train_batch_end"):
            return
        steps = len(self.train_loader)
        self.steps_done = self.epoch * steps if event == "on_train_epoch_start" else self.steps_done + 1
        if steps:
            progress(self.steps_done, self.epochs * steps)

    def save_model(self) -> bool:
        """Save last.pt and best.pt under temporary names, rename them, and report the epoch."""
        last, best = self.last, self.best
        self.last, self.best = _part(last), _part(best)
        for part in (self.last, self.best):
            part.unlink(missing_ok=True)  # what a killed run has left may be half a file
        try:
            self._base.save_model()
        finally:
            self.last, self.best = last, best
        for path in (best, last):  # in this order: a kill in between repeats the epoch and forgets nothing
            if _part(path).exists():
                put_in_place(_part(path), path)
        if self.guard.report is not None:
            figures = {**self._base.label_loss_items(self.tloss), **(self.metrics or {})}
            shown = {name: float(value) for name, value in figures.items()}
            self.guard.report(Epoch(self.epoch + 1, self.epochs, self.batch_size, shown))
        return True


def stop_with(process: int) -> None:
    """End this process, one of several GPUs', if the command that started it was killed.

    Nothing waits for it then, and it would keep writing into a folder into which a resumed training writes as well.
    """
    if process != os.getpid() and not _is_running(process):
        raise SystemExit("sportstrack train: the command was killed; its processes stop, too")


def _is_running(process: int) -> bool:
    psutil = import_module("psutil")
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def local_answers(loggers: Sequence[str] = ()) -> Iterator[None]:
    """Answer from this machine what Ultralytics' training would ask the network, and read no pickled label caches.

    Its check of mixed precision wants a model of its own, and its pictures want the font Arial; both would be
    downloaded. Its label caches are pickles that lie beside the labels, made by a stranger. Its loggers send
    as soon as their package is installed, and MLflow counts its users unless a variable forbids it before its import.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    answers = [
        ("ultralytics.engine.trainer", "check_amp", check_amp),
        ("ultralytics.engine.trainer", "strip_optimizer", strip),
        *(
            (f"ultralytics.{name}", "check_font", find_font)
            for name in ("utils.checks", "utils.plotting", "data.utils")
        ),
        ("ultralytics.data.dataset", "load_dataset_cache_file", _no_cache),
        ("ultralytics.data.dataset", "save_dataset_cache_file", _keep_no_cache),
        ("ultralytics.utils.callbacks.platform", "callbacks", {}),
    ]
    settings: Any = import_module("ultralytics.utils").SETTINGS
    kept = {name: settings[name] for name in _LOGGERS if name in settings}
    dict.update(settings, {name: name in loggers for name in kept})  # dict's own, because theirs writes a file
    before = []
    try:
        for module_name, name, answer in answers:
            module = import_module(module_name)
            if hasattr(module, name):
                before.append((module, name, getattr(module, name)))
                setattr(module, name, answer)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"torch\.jit")  # deprecated, but TensorBoard's graph wants it
            yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        dict.update(settings, kept)


@contextlib.contextmanager
def bfloat16_forward() -> Iterator[None]:
    """Run the layers of YOLO models that train on a processor in bfloat16, and the losses on what comes out in float32.

    Faster where the processor computes in bfloat16 itself (AVX-512 BF16, AMX). The losses must not lose
    digits: bfloat16 has eight bits, so a box edge 300 pixels out would be off by one.
    """
    import torch
    from ultralytics.nn.tasks import BaseModel

    predict = BaseModel.predict

    def shortened(model: Any, *args: Any, **kwargs: Any) -> Any:
        if not model.training:
            return predict(model, *args, **kwargs)
        with torch.autocast("cpu", torch.bfloat16):
            found = predict(model, *args, **kwargs)
        return _in_full(found)

    BaseModel.predict = shortened
    try:
        yield
    finally:
        BaseModel.predict = predict


def _in_full(value: Any) -> Any:
    if hasattr(value, "float"):
        return value.float()
    if isinstance(value, dict):
        return {key: _in_full(part) for key, part in value.items()}
    return type(value)(_in_full(part) for part in value) if isinstance(value, (list, tuple)) else value


def check_amp(model: Any) -> bool:
    """Return whether mixed precision works here: the model's own answers to noise must be finite."""
    device = next(model.parameters()).device
    return device.type not in {"cpu", "mps"} and is_finite_in_half(model)


def is_finite_in_half(model: Any) -> bool:
    """Run the model on noise in mixed precision; some GPUs answer with NaN."""
    import torch

    device, training = next(model.parameters()).device, model.training
    noise = torch.rand(1, next(model.parameters()).shape[1], 256, 256, device=device)
    model.eval()
    try:
        with torch.no_grad(), torch.autocast(device.type):
            return all(bool(torch.isfinite(t).all()) for t in _tensors(model(noise)))
    finally:
        model.train(training)


def find_font(font: str = "Arial.ttf") -> str:  # noqa: ARG001  # whichever is asked for
    """Return the font that comes with matplotlib."""
    from matplotlib import font_manager

    return str(font_manager.findfont("DejaVu Sans"))


def strip(f: str | Path = "best.pt", s: str = "", updates: dict[str, Any] | None = None) -> dict[str, Any]:
    """Take the optimizer out of a finished checkpoint, as Ultralytics does, but whole or not at all, and safely."""
    from ultralytics.nn.tasks import torch_safe_load
    from ultralytics.utils.torch_utils import strip_optimizer

    torch_safe_load(f)  # refuses what runs code; the next line would run it
    path = Path(s or f)
    found: dict[str, Any] = strip_optimizer(f, str(_part(path)), updates)
    put_in_place(_part(path), path)
    return found


def put_in_place(part: Path, path: Path) -> None:
    """Give a complete file its name, once its bytes are on the disk."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _part(path: Path) -> Path:
    return path.with_name(f"{path.stem}.part{path.suffix}")


def _no_cache(path: Path) -> dict[str, Any]:
    raise FileNotFoundError(path)


def _keep_no_cache(prefix: str, path: Path, x: dict[str, Any], version: str) -> None:  # noqa: ARG001
    x["version"] = version  # the caller takes it out again


def _tensors(value: Any) -> Iterator[Any]:
    if hasattr(value, "isfinite"):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)
