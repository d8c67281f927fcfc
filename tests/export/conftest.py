"""Fixtures of the exports' tests: the demo's detector, its exports, and labelled cut-outs of the demo's clip."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sportstrack import assets_folder, open_source, read_mot
from sportstrack.export import Exported, export_model

DEMO = "sportstrack-demo-yolov8n"
WIDTH, HEIGHT = 192, 128


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPORTSTRACK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data.yaml: six cut-outs for training and four to be judged on."""
    root = tmp_path_factory.mktemp("sets") / "crops"
    for split in ("train", "val"):
        (root / "images" / split).mkdir(parents=True)
        (root / "labels" / split).mkdir(parents=True)
    truth = read_mot(Path(__file__).parents[2] / "weights" / "demo_gt.txt")
    with open_source(assets_folder() / "demo.mp4", every=6) as frames:
        for number, frame in zip(range(10), frames, strict=False):
            rows = truth[truth.frame == frame.index]
            x, y = (rows.xyxy[number % len(rows), :2] - (60, 40)).clip(0, (1280 - WIDTH, 720 - HEIGHT)).astype(int)
            split = "train" if number < 6 else "val"
            cv2.imwrite(str(root / f"images/{split}/{number}.png"), frame.image[y : y + HEIGHT, x : x + WIDTH])
            boxes = (rows.xyxy - (x, y, x, y)).clip(0, (WIDTH, HEIGHT, WIDTH, HEIGHT)) / (WIDTH, HEIGHT, WIDTH, HEIGHT)
            inside = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) > 0.002
            lines = (
                f"{class_id - 1} {a + w / 2} {b + h / 2} {w} {h}\n"
                for class_id, (a, b, c, d) in zip(rows.class_id[inside], boxes[inside], strict=True)
                for w, h in [(c - a, d - b)]
            )
            (root / f"labels/{split}/{number}.txt").write_text("".join(lines), encoding="utf-8")
    names = "names: [player, goalkeeper, referee, ball]\n"
    (root / "data.yaml").write_text(f"train: images/train\nval: images/val\n{names}", encoding="utf-8")
    return root / "data.yaml"


@pytest.fixture(scope="session")
def exports(crops: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Exported]:
    """OpenVINO, its 8-bit variant, ONNX, its 8-bit variant; made without any connection."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was asked for")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        return export_model("demo", tmp_path_factory.mktemp("exports"), imgsz=WIDTH, int8=str(crops))
