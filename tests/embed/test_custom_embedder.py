"""Embedders of one's own, given by name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack.embed import load_embedder
from sportstrack.embed.custom import CustomEmbedder
from sportstrack.errors import SettingError

PLUGIN = """
import numpy as np


def brightness(frame, xyxy):
    return [[box[0] + 1, box[1] + 1, 2.0] for box in xyxy]


class Ones:
    def __init__(self, device="none"):
        self.device, self.resets = device, 0

    def __call__(self, frame, xyxy):
        return np.ones((len(xyxy), 3))

    def reset(self):
        self.resets += 1


def too_few(frame, xyxy):
    return np.ones((len(xyxy) - 1, 3))


def flat(frame, xyxy):
    return np.ones(len(xyxy))


def broken(frame, xyxy):
    rows = np.ones((len(xyxy), 3))
    rows[1, 2] = np.nan
    return rows


def nothing(frame, xyxy):
    return None


def words(frame, xyxy):
    return ["a"] * len(xyxy)


def longer(frame, xyxy):
    return np.ones((len(xyxy), len(xyxy)))


number = 3
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "my_embedders.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_embedders", raising=False)
    return "my_embedders:"


def test_an_embedder_of_ones_own(plugin: str, picture: np.ndarray, boxes: np.ndarray) -> None:
    table = np.maximum(boxes, 0)
    found = load_embedder(plugin + "brightness")(picture, table)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found.dtype == np.float32
    embed: Any = load_embedder(plugin + "Ones", device="cpu")
    assert embed(picture, boxes).shape == (len(boxes), 3)
    assert embed(picture, np.empty((0, 4))).shape == (0, 3)
    embed.reset()
    assert embed._call.resets == 1
    assert embed._call.device == "cpu"
    assert load_embedder(plugin + "brightness+kit")(picture, table).shape == (len(boxes), 51)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("too_few", r"my_embedders:too_few: expected \(6, D\) numbers, one vector per box, got shape \(5, 3\)"),
        ("flat", r"got shape \(6,\)"),
        ("broken", "got a NaN or infinity in row 1"),
        ("nothing", "one vector per box, got"),
        ("words", "one vector per box, got list"),
        ("number", r"expected a callable \(frame, xyxy\) -> \(N, D\), got int"),
        ("One", "my_embedders has no 'One'; did you mean 'Ones'"),
    ],
)
def test_an_embedder_that_does_not_follow_the_protocol(
    name: str, message: str, plugin: str, picture: np.ndarray, boxes: np.ndarray
) -> None:
    with pytest.raises(SettingError, match=message):
        load_embedder(plugin + name)(picture, boxes)


def test_the_length_stays(plugin: str, picture: np.ndarray, boxes: np.ndarray) -> None:
    embedder = CustomEmbedder(lambda frame, xyxy: np.ones((len(xyxy), len(xyxy))))
    embedder(picture, boxes)
    with pytest.raises(SettingError, match=r"expected \(3, 6\) numbers.*got shape \(3, 3\)"):
        embedder(picture, boxes[:3])
