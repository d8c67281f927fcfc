"""Average precision cut by light, occlusion and scale."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from data_prep.synthetic import Settings, write_yolo
from sportstrack.types import Detections
from sportstrack.val.ap import measure
from sportstrack.val.by import cut_accuracy
from sportstrack.val.command import main

CLASSES = {0: "player"}


def scene(seed: int, pictures: int = 12) -> tuple[list[Detections], list[Detections]]:
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(pictures):
        count = int(rng.integers(1, 8))
        corner, side = rng.uniform(0, 400, (count, 2)), rng.uniform(8, 200, (count, 2))
        boxes = np.hstack([corner, corner + side])
        truth.append(Detections(boxes, np.ones(count), np.zeros(count, int)))
        moved = boxes + rng.normal(0, 4, boxes.shape)
        extra = np.hstack([corner, corner + 20])[:2]
        both = np.vstack([moved, extra])
        both[:, 2:] = np.maximum(both[:, 2:], both[:, :2] + 1)
        found.append(Detections(both, rng.uniform(0.1, 1, len(both)), np.zeros(len(both), int)))
    return truth, found


@pytest.mark.parametrize("seed", range(3))
def test_cut_by_occlusion_is_what_pycocotools_gives_with_the_others_ignored(seed: int) -> None:
    truth, found = scene(seed)
    rng = np.random.default_rng(seed)
    values = [{"occlusion": rng.uniform(0, 1, len(boxes))} for boxes in truth]
    cut = cut_accuracy(truth, found, CLASSES, values, ["occlusion"])["occlusion"]
    for label, low, high in (("free", 0.0, 0.1), ("partly", 0.1, 0.5), ("mostly", 0.5, 2.0)):
        coco, results, number = COCO(), [], 0
        annotations = []
        for image, (boxes, one, value) in enumerate(zip(truth, found, values, strict=True)):
            for box, share in zip(boxes.xyxy.tolist(), value["occlusion"].tolist(), strict=True):
                number += 1
                wide, high_ = box[2] - box[0], box[3] - box[1]
                annotations.append({
                    "id": number, "image_id": image, "category_id": 0, "bbox": [box[0], box[1], wide, high_],
                    "area": 50.0 if low <= share < high else 1e9, "iscrowd": 0,
                })  # fmt: skip
            for box, score in zip(one.xyxy.tolist(), one.score.tolist(), strict=True):
                results.append({
                    "image_id": image, "category_id": 0, "score": score,
                    "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
                })  # fmt: skip
        coco.dataset = {
            "images": [{"id": k, "width": 999, "height": 999} for k in range(len(truth))],
            "categories": [{"id": 0}], "annotations": annotations, "info": {},
        }  # fmt: skip
        coco.createIndex()
        judged = COCOeval(coco, coco.loadRes(results), "bbox")
        # areas stand for the bins: true boxes of another one are ignored; detections have areas of their own
        judged.params.areaRng, judged.params.areaRngLbl = [[0, 1e8]], ["all"]
        judged.evaluate()
        judged.accumulate()
        precision = judged.eval["precision"][:, :, 0, 0, -1]
        assert cut[label].ap == pytest.approx(precision.mean(), abs=1e-9)
        assert cut[label].ap50 == pytest.approx(precision[0].mean(), abs=1e-9)


def test_cut_by_scale_is_cocos_ap_by_size() -> None:
    truth, found = scene(5)
    from sportstrack.score.bins import scale_of

    values = [{"scale": scale_of(boxes.xyxy)} for boxes in truth]
    cut = cut_accuracy(truth, found, CLASSES, values, ["scale"])["scale"]
    whole = measure(truth, found, CLASSES)
    for label in ("small", "medium", "large"):
        assert cut[label].ap == pytest.approx(whole.ap(size=label), abs=1e-9)
    assert sum(one.boxes for one in cut.values()) == sum(map(len, truth))


def test_the_command_cuts_by_light_and_enhances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [Settings(seed=k, frames=1, width=320, height=180, view="close", lighting="night") for k in (3, 4)]
    write_yolo(made, tmp_path / "set", every=1, val_share=0.5)
    (tmp_path / "finder.py").write_text(
        "import numpy as np\n"
        "from sportstrack import Detections\n"
        "means = []\n"
        "class Finder:\n"
        "    def __init__(self):\n"
        "        self.names = {0: 'player', 1: 'goalkeeper', 2: 'referee', 3: 'ball'}\n"
        "    def __call__(self, frames):\n"
        "        means.extend(float(frame.mean()) for frame in frames)\n"
        "        return [Detections.empty() for _ in frames]\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    out = tmp_path / "out"
    common = ["finder:Finder", str(tmp_path / "set"), "--quiet", "-o", str(out)]
    assert main([*common, "--by", "light,scale", "--enhance", "auto"]) == 0
    import finder

    assert min(finder.means) > 25  # the pictures have a mean of about 8
    assert "light: dark" in capsys.readouterr().out
    judged = json.loads((out / "val.json").read_text(encoding="utf-8"))[0]
    assert judged["by"]["light"]["dark"]["boxes"] == sum(judged["truth"].values())
    assert judged["by"]["light"]["bright"] == {"boxes": 0, "ap50": None, "ap": None, "recall": None}
    assert judged["milliseconds"]["enhance"]["mean"] > 0
    assert (out / "by-finder_Finder.png").is_file()
    assert main([*common, "--by", "speed", "--overwrite"]) == 2
    assert "single pictures" in capsys.readouterr().err
