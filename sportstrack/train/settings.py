"""What a training run is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sportstrack.errors import SettingError, unknown
from sportstrack.files.reading import parse_yaml

OPTIMIZERS = ("SGD", "MuSGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSprop", "auto")
RESUMABLE = ("imgsz", "batch", "device", "workers", "patience", "freeze", "trust", "mlflow", "tensorboard")
"""What may differ when a run is resumed; all else stays as the run was started."""

_OWN_RATE = ("SGD", "MuSGD", "RMSprop", "auto")  # Ultralytics' own learning rate suits them


@dataclass(frozen=True)
class TrainSettings:
    """The settings of a training run; the defaults are those for sports.

    Attributes:
        weights: where to start: weights as `sportstrack.models.weights.find_weights` takes them (``.pt``), or an
            architecture such as ``yolov8n.yaml`` with random weights.
        epochs: passes over the training pictures.
        imgsz: longer side of the network's input in pixels; a multiple of 32.
        batch: pictures per step, over all GPUs.
        optimizer: one of `OPTIMIZERS`.
        lr0: first learning rate; None is 0.01 / (4 + classes) for the Adam family, Ultralytics' own for the others.
        device: ``auto``, ``cpu``, ``mps``, ``cuda:0``, or several GPUs as ``0,1``.
        patience: stop after so many epochs without a better result.
        freeze: layers from the input on that stay as they are.
        seed: of first weights, order and augmentation.
        amp: mixed precision on a GPU.
        bf16: mixed precision in bfloat16: on a GPU in place of float16, and on a processor that has it (recent Xeon and
            EPYC; where it is only imitated it is slow).
        workers: processes that read pictures (a GPU only).
        mlflow: log to MLflow (its own MLFLOW_TRACKING_URI says where; a local folder if unset).
        tensorboard: write TensorBoard events into the output folder.
        trust: let the weights run code of their own while they load.
        more: any other training setting of Ultralytics, such as ``{"mosaic": 0.0}``.

    Raises:
        SettingError: if a value is out of range; the message names it.
    """

    weights: str = "yolov8n.pt"
    epochs: int = 50
    imgsz: int = 736
    batch: int = 16
    optimizer: str = "AdamW"
    lr0: float | None = None
    device: str = "auto"
    patience: int = 20
    freeze: int = 0
    seed: int = 0
    amp: bool = True
    bf16: bool = False
    workers: int = 8
    mlflow: bool = False
    tensorboard: bool = False
    trust: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, low, high in (
            ("epochs", 1, 100_000), ("imgsz", 32, 8192), ("batch", 1, 65_536), ("patience", 0, 100_000),
            ("freeze", 0, 1000), ("seed", 0, 2**31 - 1), ("workers", 0, 256),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise SettingError(f"{name}: expected a whole number {low}…{high}, got {value!r}")
        if self.lr0 is not None and not 0 < self.lr0 < 10:
            raise SettingError(f"lr0: expected a number above 0, such as 0.001, got {self.lr0!r}")
        if self.optimizer not in OPTIMIZERS:
            known = ", ".join(OPTIMIZERS)
            raise SettingError(f"optimizer {self.optimizer!r}: expected one of {known}")

    @property
    def loggers(self) -> tuple[str, ...]:
        """The loggers asked for, by Ultralytics' names."""
        return tuple(name for name in ("mlflow", "tensorboard") if getattr(self, name))

    def options(self, classes: int) -> dict[str, Any]:
        """Return what Ultralytics' trainer is given, apart from model, data and folder.

        Raises:
            SettingError: if `more` names a setting that there isn't.
        """
        names = ("epochs", "imgsz", "batch", "optimizer", "patience", "seed", "amp", "workers")
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        found |= {"freeze": self.freeze or None, "plots": True, "verbose": False, "deterministic": True}
        found["warmup_epochs"] = min(3.0, self.epochs / 10)  # Ultralytics' own 3 are most of a short run
        if self.optimizer not in _OWN_RATE:
            # 0.01, the default for SGD, ruins trained weights in Adam's few first steps.
            found |= {"lr0": round(0.01 / (4 + classes), 6), "momentum": 0.9, "warmup_bias_lr": 0.0}
        if self.lr0 is not None:
            found["lr0"] = self.lr0
        return found | checked_more(self.more)


def checked_more(more: Mapping[str, Any]) -> dict[str, Any]:
    """Return further settings for Ultralytics if it knows them all.

    Raises:
        SettingError: an unknown name, or one that has an option of its own.
    """
    from ultralytics.utils import DEFAULT_CFG_DICT

    own = {
        *TrainSettings.__dataclass_fields__,
        "model",
        "data",
        "resume",
        "project",
        "name",
        "save_dir",
        "task",
        "mode",
    }
    known = [name for name in DEFAULT_CFG_DICT if name not in own]
    for name in more:
        if name not in known:
            raise SettingError(
                f"{name}: has an option of its own" if name in own else unknown("training setting", name, known)
            )
    return dict(more)


def parse_more(text: str) -> tuple[str, Any]:
    """Read ``NAME=VALUE`` with the value as YAML has it; ValueError if it has no such form."""
    found = re.fullmatch(r"\s*(\w+)\s*=\s*(.*)", text, re.DOTALL)
    if not found:
        raise ValueError(text)
    return found[1], parse_yaml(found[2], f"--set {found[1]}")
