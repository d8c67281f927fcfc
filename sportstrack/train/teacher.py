"""The teacher of a training: found, loaded and compared with its student."""

from __future__ import annotations

from typing import Any

from sportstrack.errors import WeightsError
from sportstrack.models.weights import find_weights
from sportstrack.train.callbacks import Callbacks
from sportstrack.train.data import TrainData
from sportstrack.train.distil import Teacher, distillation_model
from sportstrack.train.weights import load_model


def find_teacher(teacher: str, student: Any, data: TrainData, trust: bool, callbacks: Callbacks) -> Teacher:
    """Return a teacher that a student can learn from.

    Args:
        teacher: path or known name of its weights.
        student: the ``ultralytics.YOLO`` that is trained.
        data: what it is trained on.
        trust: let the teacher's weights run code of their own while they load.
        callbacks: gets notes.

    Raises:
        SettingError: the installed Ultralytics cannot distil.
        WeightsError: the teacher is missing, unreadable, or its head does not match the student's.
    """
    distillation_model()
    file = find_weights(teacher)
    if file.suffix != ".pt":
        raise WeightsError(f"{file}: is no teacher; --distil needs a .pt file")
    path, model = load_model(str(file.absolute()), trust)
    network, pupil = model.model, getattr(student.model, "student_model", student.model)  # a resumed run has both
    if model.task != student.task:
        raise WeightsError(f"{path}: the teacher's task is {model.task!r} and the student's is {student.task!r}")
    if _head(network) != _head(pupil) or not _head(network):
        raise WeightsError(
            f"{path}: the teacher's head does not match the student's: it has {_head(network) or 'no YOLO head'}, the "
            f"student has {_head(pupil) or 'no YOLO head'}"
        )
    size, own = (sum(p.numel() for p in one.parameters()) for one in (network, pupil))
    if size <= own:
        callbacks.add_note(f"the teacher has {size / 1e6:.1f} million weights, the student {own / 1e6:.1f} million")
    same = list(map(str, model.names.values())) == list(data.classes)
    if not same:
        callbacks.add_note("the teacher knows other classes than the data; it teaches the edges of boxes alone")
    return Teacher(path, same)


def find_teacher_again(given: str | None, recorded: Any, *more: Any) -> Teacher | None:
    """Return the teacher of a resumed run, None if it has none; see `find_teacher` for the other arguments.

    Raises:
        WeightsError: it is nowhere.
    """
    if not isinstance(recorded, str):
        return None
    try:
        return find_teacher(given or recorded, *more)
    except WeightsError as error:
        raise WeightsError(f"the teacher of this run is gone ({error}); say where it is: --distil TEACHER") from error


def _head(network: Any) -> str:
    """Return what of a head decides how many numbers it gives for a place, in words; "" if it is no YOLO's."""
    from ultralytics.nn.modules.head import Detect

    head: Any = network.model[-1]
    if not isinstance(head, Detect):
        return ""
    return f"strides {', '.join(str(int(stride)) for stride in head.stride)} with {head.reg_max} numbers an edge"
