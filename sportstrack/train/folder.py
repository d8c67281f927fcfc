"""The folder of a training run: room for it, its checkpoints, its settings, its table of results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sportstrack.errors import FormatError, OutputError, WeightsError
from sportstrack.files.claim import write_text
from sportstrack.files.reading import read_text, read_yaml
from sportstrack.models.checkpoint import loading
from sportstrack.plugins import first_line
from sportstrack.train.data import TrainData
from sportstrack.train.settings import TrainSettings

_FILES = ("last.pt", "best.pt", "pruned.pt", "results.csv", "settings.yaml", "args.yaml")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that a run can be resumed from.

    Attributes:
        path: last.pt or best.pt.
        epoch: epochs done; 0 or less in a finished file, whose optimizer is gone.
        epochs: epochs of the whole training.
        finished: whether the training is complete.
    """

    path: Path
    epoch: int
    epochs: int
    finished: bool


def find_checkpoint(folder: Path, trust: bool = False) -> Checkpoint | None:
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
        return Checkpoint(path, done, epochs, finished=done <= 0 or content.get("optimizer") is None)
    if failures:
        raise WeightsError(
            f"no checkpoint can be read to resume from ({'; '.join(failures)}); start anew elsewhere (-o)"
        )
    return None


def check_room(folder: Path, overwrite: bool, weights: str) -> None:
    """Refuse a folder that holds another run, or the weights that this one starts from; OutputError."""
    there = [name for name in _FILES if (folder / name).exists()]
    if there and not overwrite:
        raise OutputError(
            f"{folder}: holds a run already ({', '.join(there)}); --resume continues it, --overwrite replaces it, "
            "or choose another folder with -o"
        )
    if Path(weights).resolve().parent == folder and Path(weights).name in there:
        raise OutputError(f"{folder}: holds the weights to start from ({weights}); choose another folder with -o")


def make_room(folder: Path, overwrite: bool) -> None:
    """Remove an earlier run; called last before the training, when all checks have passed."""
    events = folder.glob("events.out.tfevents.*") if overwrite else ()
    for path in (*(folder / name for name in _FILES), *events):
        path.unlink(missing_ok=True)


def write_settings(folder: Path, plan: TrainSettings, data: TrainData, options: Mapping[str, Any]) -> None:
    """Write settings.yaml: the data set, the run's settings, and Ultralytics' own."""
    import yaml

    found = {field.name: getattr(plan, field.name) for field in fields(plan)} | {"more": dict(plan.more)}
    described = {"data": str(data.source), "classes": list(data.classes), "settings": found}
    described |= {"pictures": {split: len(files) for split, files in data.pictures.items()}, "boxes": dict(data.boxes)}
    described["ultralytics"] = {key: value for key, value in options.items() if key not in ("model", "data", "mode")}
    write_text(folder / "settings.yaml", yaml.safe_dump(described, allow_unicode=True, sort_keys=False))


def recorded_settings(folder: Path) -> dict[str, Any]:
    """Return the settings that a run was started with, as far as its settings.yaml can be read."""
    try:
        described = read_yaml(folder / "settings.yaml")
    except FormatError:
        return {}
    found = described.get("settings") if isinstance(described, dict) else None
    return found if isinstance(found, dict) else {}


def trim_results(path: Path, epochs: int) -> None:
    """Drop the rows of epochs after the checkpoint: they are trained again. A kill may also have cut the last row."""
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
