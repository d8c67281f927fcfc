"""Distillation: a small network learns from a large one as well as from the labels.

Ultralytics' own loss: for each level of the neck, a small adapter brings the student's features to the teacher's width,
and their squared distance counts where the teacher sees something (its highest class score weighs it). The teacher is
frozen in evaluation mode, and neither it nor the adapters are in the finished weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sportstrack.errors import SettingError, WeightsError
from sportstrack.models.weights import find_weights
from sportstrack.train.callbacks import Callbacks
from sportstrack.train.data import TrainData
from sportstrack.train.weights import load_model


def distil_options(
    teacher: str | None, weight: float, student: Any, data: TrainData, trust: bool, callbacks: Callbacks
) -> dict[str, Any]:
    """Return the arguments of Ultralytics' trainer about a teacher; nothing without one.

    Raises:
        SettingError: the installed Ultralytics cannot distil.
        WeightsError: the teacher is missing, unreadable, or its head does not match the student's.
    """
    if teacher is None:
        return {}
    path = _known(teacher)
    _, model = load_model(path, trust)
    network, pupil = model.model, student.model
    if model.task != student.task:
        raise WeightsError(f"{path}: the teacher's task is {model.task!r} and the student's is {student.task!r}")
    if _levels(network) != _levels(pupil) or not _levels(network):
        raise WeightsError(
            f"{path}: the teacher's head does not match the student's: it sees the strides "
            f"{_levels(network) or 'of no YOLO'}, the student's {_levels(pupil) or 'of no YOLO'}"
        )
    size, own = (sum(p.numel() for p in one.parameters()) for one in (network, pupil))
    if size <= own:
        callbacks.add_note(f"the teacher has {size / 1e6:.1f} million weights, the student {own / 1e6:.1f} million")
    if list(model.names.values()) != list(data.classes):
        callbacks.add_note("the teacher knows other classes than the data; only where it sees something counts")
    return {"distill_model": path, "dis": weight}


def moved_teacher(given: str | None, recorded: Any) -> dict[str, Any]:
    """Return where the teacher of a resumed run is; WeightsError if it is nowhere."""
    if not isinstance(recorded, str):
        return {}
    try:
        return {"distill_model": _known(given or recorded)}
    except WeightsError as error:
        raise WeightsError(f"the teacher of this run is gone ({error}); say where it is: --distil TEACHER") from error


def _known(teacher: str) -> str:
    from ultralytics.utils import DEFAULT_CFG_DICT

    if "distill_model" not in DEFAULT_CFG_DICT:
        raise SettingError("--distil: the installed Ultralytics cannot distil: pip install -U ultralytics")
    file = find_weights(teacher)
    if file.suffix != ".pt":
        raise WeightsError(f"{file}: is no teacher; --distil needs a .pt file")
    return str(Path(file).absolute())


def _levels(network: Any) -> list[int]:
    from ultralytics.nn.modules.head import Detect

    head: Any = network.model[-1]
    return [int(stride) for stride in head.stride] if isinstance(head, Detect) else []
