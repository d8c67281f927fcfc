"""Distillation: a small network learns from a large one as well as from the labels.

For each place where the teacher sees something, the student learns its soft answers: the scores of all classes (cross
entropy, as in Hinton et al. 2015, https://arxiv.org/abs/1503.02531) and the distributions of the four box edges
(Kullback-Leibler divergence, as in Zheng et al. 2022, https://arxiv.org/abs/2102.12252). The teacher's highest class
score weighs each place. Ultralytics' model of teacher and student does the rest: the teacher is frozen in evaluation
mode, and it is not in the checkpoints. Its own loss, the distance between the necks' features, taught worse than no
teacher.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sportstrack.errors import SettingError


@dataclass(frozen=True)
class Teacher:
    """Whom a training learns from.

    Attributes:
        path: the checkpoint.
        same_classes: it knows the classes of the data, in their order.
    """

    path: str
    same_classes: bool


@contextlib.contextmanager
def taught_by(teacher: Teacher | None) -> Iterator[None]:
    """Put this module's loss in place of Ultralytics' own for a block; without a teacher nothing is changed."""
    if teacher is None:
        yield
        return
    model = distillation_model()
    own = model.loss

    def loss(self: Any, batch: Any, preds: Any = None) -> Any:
        if not self.training:
            return own(self, batch, preds)
        return _loss(self, batch, teacher.same_classes)

    model.loss = loss
    try:
        yield
    finally:
        model.loss = own


def _loss(model: Any, batch: Any, same_classes: bool) -> Any:
    """Return the student's losses with the teacher's behind them, and all of them by name, as Ultralytics does."""
    import torch

    model._teacher_feats.clear()
    model._student_feats.clear()
    with torch.no_grad():
        model.teacher_model(batch["img"])
    labelled, items = model.student_model.loss(batch, model.student_model(batch["img"]))
    head = len(model.feats_idx) - 1
    teacher, student = (
        model.decouple_outputs(answers[head], "one2many") for answers in (model._teacher_feats, model._student_feats)
    )
    wanted = teacher["scores"].float().sigmoid()  # (N, classes, places)
    weight = wanted.amax(1)
    soft = (_edges(student["boxes"].float(), teacher["boxes"].float()) * weight).sum()
    if same_classes:
        soft = soft + _scores(student["scores"].float(), wanted)
    soft = model.dis * soft.reshape(1) / weight.sum().clamp(min=1.0)
    items["dis_loss"] = soft.detach()
    return torch.cat([labelled, soft * batch["img"].shape[0]]), items


def _scores(logits: Any, wanted: Any) -> Any:
    """Return the cross entropy of soft scores, less what a perfect student would have."""
    from torch.nn import functional

    entropy = functional.binary_cross_entropy(wanted, wanted, reduction="sum")
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum") - entropy


def _edges(boxes: Any, wanted: Any) -> Any:
    """Return (N, places): how far the student's box edges are from the teacher's, mean of the four."""
    from torch.nn import functional

    count, channels, places = boxes.shape
    if channels == 4:  # a head without distributions
        return functional.smooth_l1_loss(boxes, wanted, reduction="none").mean(1)
    own, theirs = (one.view(count, 4, channels // 4, places) for one in (boxes, wanted))
    divergence = functional.kl_div(own.log_softmax(2), theirs.log_softmax(2), reduction="none", log_target=True)
    return divergence.sum(2).mean(1)


def distillation_model() -> Any:
    """Return Ultralytics' class of a teacher and a student; SettingError if the installed version has none."""
    try:
        from ultralytics.nn.distill_model import DistillationModel
    except ImportError as error:
        raise SettingError("--distil: the installed Ultralytics cannot distil: pip install -U ultralytics") from error
    return DistillationModel
