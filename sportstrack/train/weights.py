"""The weights that a training starts from, compared with the data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sportstrack.errors import WeightsError
from sportstrack.models.checkpoint import import_ultralytics, open_checkpoint
from sportstrack.models.weights import find_weights
from sportstrack.plugins import first_line
from sportstrack.train.callbacks import Callbacks
from sportstrack.train.data import TrainData
from sportstrack.train.guard import local_answers

TASKS = ("detect", "segment")


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


def compare_classes(path: str, model: Any, data: TrainData, callbacks: Callbacks) -> None:
    """Compare the classes of the weights with those of the data; WeightsError where boxes cannot train the model."""
    if model.task == "segment" and not data.polygons:
        raise WeightsError(
            f"{path}: is a segmentation model, and the labels of {data.source} are boxes; it needs polygons, "
            "or choose weights for detection"
        )
    known, taught = [str(name) for name in model.names.values()], list(data.classes)
    if not path.endswith(".pt") or known == taught:
        return
    if sorted(known) == sorted(taught):
        callbacks.add_note(
            f"the weights have the data's classes in another order: {', '.join(known)}, not {', '.join(taught)}; "
            "is data.yaml's names: right?"
        )
    else:
        some = ", ".join(known[:4]) + ", …" * (len(known) > 4)
        callbacks.add_note(
            f"the weights know other classes ({some}): the layers that distinguish classes are learnt anew"
        )
