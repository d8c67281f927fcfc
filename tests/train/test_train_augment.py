"""Operations of data_prep.augment while training."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sportstrack.errors import SettingError
from sportstrack.train.augment import Operations, add_operations
from sportstrack.train.settings import TrainSettings


def labels(normalized: bool = False) -> dict[str, Any]:
    boxes = np.array([[30.0, 20.0, 20.0, 40.0]])  # centre and size
    boxes = boxes / (80, 60, 80, 60) if normalized else boxes
    kind = SimpleNamespace(format="xywh", bboxes=boxes)
    instances = SimpleNamespace(bboxes=boxes, normalized=normalized, _bboxes=kind)
    return {"img": np.full((60, 80, 3), 120, np.uint8), "instances": instances}


@pytest.mark.parametrize("normalized", [False, True])
def test_the_share_of_pictures_is_changed_and_boxes_are_not(normalized: bool) -> None:
    random.seed(1)
    changed = 0
    for _ in range(60):
        given = labels(normalized)
        boxes = given["instances"].bboxes.copy()
        done = Operations(["low_light", "infrared"], 0.5)(given)
        assert done["instances"].bboxes.tolist() == boxes.tolist()
        changed += bool((done["img"] != 120).any())
    assert 15 <= changed <= 45
    assert (Operations(["fog"], 0.0)(labels())["img"] == 120).all()


def test_the_operations_come_before_the_last_step_also_when_the_list_is_built_anew() -> None:
    class Steps:
        def __init__(self, transforms: list[object]) -> None:
            self.transforms = transforms

        def insert(self, index: int, step: object) -> None:
            self.transforms.insert(index, step)

    dataset = SimpleNamespace(transforms=Steps(["mosaic", "format"]))
    dataset.build_transforms = lambda hyp: Steps([hyp, "format"])
    operations = Operations(["noise"], 1.0)
    add_operations(dataset, operations)
    assert dataset.transforms.transforms == ["mosaic", operations, "format"]
    assert dataset.build_transforms("closed").transforms == ["closed", operations, "format"]


def test_the_settings_name_the_operations_and_a_resumed_run_keeps_its_own() -> None:
    assert TrainSettings().operations is None
    assert TrainSettings(augment=("fog",)).operations is not None
    with pytest.raises(SettingError, match="augment"):
        TrainSettings(augment=("flip",))
    begun = TrainSettings().begun_with({"augment": ["rain"], "augment_share": 0.2})
    assert (begun.augment, begun.augment_share) == (("rain",), 0.2)
