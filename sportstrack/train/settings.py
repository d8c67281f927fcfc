"""The settings of a training run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from data_prep.augment import NIGHT
from sportstrack.errors import SettingError, unknown
from sportstrack.files.reading import parse_yaml
from sportstrack.options import check_options, option
from sportstrack.train.augment import Operations

OPTIMIZERS = ("SGD", "MuSGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSprop", "auto")
RESUMABLE = ("imgsz", "batch", "device", "workers", "patience", "freeze", "distil", "trust", "mlflow", "tensorboard")
"""What may differ when a run is resumed; all else stays as the run was started."""

_OWN_RATE = ("SGD", "MuSGD", "RMSprop", "auto")  # Ultralytics' own learning rate suits them


@dataclass(frozen=True)
class TrainSettings:
    """The settings of a training run; the defaults are those for sports.

    Attributes:
        weights: path, known name, or architecture such as yolov8n.yaml; an architecture starts with random weights.
        epochs: passes over the pictures.
        imgsz: longer side of the network's input; a multiple of 32.
        batch: pictures per step, over all GPUs.
        optimizer: one of `OPTIMIZERS`.
        lr0: first learning rate; None is 0.01 / (4 + classes) for the Adam family, Ultralytics' own for the others.
        device: auto, cpu, mps, cuda:0, or several GPUs: 0,1.
        patience: stop after N epochs without gain.
        freeze: keep the first N layers as they are.
        seed: same seed, same random choices: first weights, order and augmentation.
        augment: change the light of pictures while training, by one of these operations each: rain, fog, motion_blur,
            low_light, infrared, noise.
        augment_share: of the pictures for which that is done, drawn anew in each epoch.
        distil: learn from this larger model as well: path or known name. It needs the same task; its classes may be
            others.
        distil_weight: how much the teacher counts beside the labels.
        prune: first remove this share of the channels of each layer; 0.25 leaves about half of the weights.
        amp: mixed precision on a GPU.
        bf16: mixed precision in bfloat16, also on a processor that has it (recent Xeon and EPYC; where it is only
            imitated it is slow).
        workers: processes that read pictures, with a GPU.
        mlflow: log to MLflow (MLFLOW_TRACKING_URI; a local folder if unset).
        tensorboard: write TensorBoard events into the output folder.
        trust: let weights and settings files run code: only files that you trust.
        more: any other setting of Ultralytics' training, such as ``{"mosaic": 0.0}``.

    Raises:
        SettingError: if a value is out of range; the message names it.
    """

    weights: str = option("yolov8n.pt", "path, known name, or architecture such as yolov8n.yaml")
    epochs: int = option(50, "passes over the pictures", low=1, high=100_000, metavar="N")
    imgsz: int = option(736, "longer side of the network's input", low=32, high=8192, metavar="PIXELS")
    batch: int = option(16, "pictures per step", low=1, high=65_536, metavar="N")
    optimizer: str = option("AdamW", "one of these", choices=OPTIMIZERS)
    lr0: float | None = option(
        None, "first learning rate", shown="AdamW: 0.01 / (4 + classes)", low=0, high=10, above=True, metavar="RATE"
    )
    device: str = option("auto", "auto, cpu, mps, cuda:0, or several GPUs: 0,1")
    patience: int = option(20, "stop after N epochs without gain", low=0, high=100_000, metavar="N")
    freeze: int = option(0, "keep the first N layers as they are", low=0, high=1000, metavar="N")
    seed: int = option(0, "same seed, same random choices", low=0, high=2**31 - 1, metavar="N")
    augment: tuple[str, ...] = option(
        (),
        f"change the light of pictures while training, by one of these operations each: {', '.join(NIGHT)}",
        choices=NIGHT,
        shown="none",
        metavar="NAME,…",
    )
    augment_share: float = option(
        0.5, "of the pictures for which that is done, drawn anew in each epoch", low=0, high=1, metavar="0..1"
    )
    distil: str | None = option(None, "learn from this larger model as well: path or known name", metavar="TEACHER")
    distil_weight: float = option(1.0, "how much the teacher counts beside the labels", low=0, high=1000)
    prune: float = option(
        0.0,
        "first remove this share of the channels of each layer; 0.25 leaves about half of the weights",
        shown="none",
        low=0,
        high=0.9,
        metavar="RATIO",
    )
    amp: bool = option(True, "mixed precision on a GPU")
    bf16: bool = option(False, "mixed precision in bfloat16, also on a processor that has it")
    workers: int = option(8, "processes that read pictures, with a GPU", low=0, high=256, metavar="N")
    mlflow: bool = option(False, "log to MLflow (MLFLOW_TRACKING_URI; a local folder if unset)")
    tensorboard: bool = option(False, "write TensorBoard events into the output folder")
    trust: bool = option(False, "let weights and settings files run code: only files that you trust")
    more: Mapping[str, Any] = option(dict, "any other setting of Ultralytics' training")

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def operations(self) -> Operations | None:
        """What is done to the pictures besides Ultralytics' own augmentation, or None."""
        return Operations(self.augment, self.augment_share) if self.augment and self.augment_share else None

    def begun_with(self, recorded: Mapping[str, Any]) -> TrainSettings:
        """Return the settings with the augmentation of the run that is resumed, as its settings.yaml has it."""
        names, share = recorded.get("augment", ()), recorded.get("augment_share", self.augment_share)
        return replace(self, augment=tuple(names), augment_share=share)

    @property
    def loggers(self) -> tuple[str, ...]:
        """The loggers asked for, by Ultralytics' names."""
        return tuple(name for name in ("mlflow", "tensorboard") if getattr(self, name))

    def options(self, classes: int) -> dict[str, Any]:
        """Return what Ultralytics' trainer is given, apart from model, data and folder.

        Raises:
            SettingError: if `more` names a setting that does not exist.
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
        "distill_model",
        "dis",
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
