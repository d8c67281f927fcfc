"""Embeddings that are centred and combined, by class and by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack.appearance import unit_rows
from sportstrack.embed import EMBEDDERS, FORMS, load_embedder
from sportstrack.embed.fuse import Centred, Combined
from sportstrack.errors import DeviceError, SettingError


class Given:
    """Gives the rows that it was given, frame by frame."""

    name = "given"

    def __init__(self, frames: list[np.ndarray]) -> None:
        self.frames, self.place = frames, 0

    def __call__(self, frame: np.ndarray, xyxy: np.ndarray) -> np.ndarray:
        self.place += 1
        return self.frames[self.place - 1]

    def reset(self) -> None:
        self.place = 0


@pytest.fixture
def embeddings() -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    frames = [unit_rows(rng.normal(size=(n, 6)) + 3) for n in rng.integers(0, 5, 12)]
    frames[4][0] = 0.0
    return frames


def test_centring_takes_the_mean_of_the_first_frames_and_keeps_it(embeddings: list[np.ndarray]) -> None:
    embedder = Centred(Given(embeddings), frames=4)
    found = [embedder(None, None) for _ in embeddings]  # type: ignore[arg-type]
    filled = [i for i, rows in enumerate(embeddings) if rows.any()]
    for i, rows in enumerate(embeddings):
        gathered = np.concatenate([embeddings[k] for k in filled[:4] if k <= i] or [np.zeros((0, 6), np.float32)])
        gathered = gathered[gathered.any(axis=1)]
        known = rows.any(axis=1)
        assert not found[i][~known].any()
        if known.any():
            expected = rows[known] - gathered.mean(axis=0)
            length = np.linalg.norm(expected, axis=1, keepdims=True)
            clear = length[:, 0] > 1e-3  # a lone first vector equals the mean
            np.testing.assert_allclose(found[i][known][clear], (expected / length)[clear], atol=1e-4)
    embedder.reset()
    for i in range(len(embeddings)):
        np.testing.assert_array_equal(embedder(None, None), found[i])  # type: ignore[arg-type]


def test_a_combination_weighs_its_centred_parts(embeddings: list[np.ndarray]) -> None:
    other = [np.roll(rows, 2, axis=1) ** 2 for rows in embeddings]
    joined = Combined([(Given(embeddings), 0.8), (Given(other), 0.6)])
    first, second = Centred(Given(embeddings)), Centred(Given(other))
    for _ in embeddings:
        a, b, both = (embedder(None, None) for embedder in (first, second, joined))  # type: ignore[arg-type]
        weighted = np.concatenate((0.8 * a, 0.6 * b), axis=1)
        np.testing.assert_allclose(both, unit_rows(weighted), atol=1e-6)
        known = (a.any(axis=1) & b.any(axis=1)).nonzero()[0]
        cosine = 0.64 * a[known] @ a[known].T + 0.36 * b[known] @ b[known].T
        np.testing.assert_allclose(both[known] @ both[known].T, cosine, atol=1e-5)


def test_combinations_by_name(osnet: Any, picture: np.ndarray, boxes: np.ndarray, shared_data: Path) -> None:
    path = shared_data / "weights" / "osnet_x0_25_msmt17.onnx"
    joined = load_embedder(f"{path} + kit", device="cpu")
    expected = Combined([(osnet, 0.8), (load_embedder("kit"), 0.6)])
    np.testing.assert_allclose(joined(picture, boxes), expected(picture, boxes), atol=1e-5)
    again = load_embedder(f"centred:{path}+centred:kit", device="cpu")
    np.testing.assert_allclose(again(picture, boxes), expected(picture, boxes), atol=1e-3)
    assert joined.name == "osnet_x0_25_msmt17+kit"  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("kitt", "no embedder 'kitt'; did you mean 'kit'"),
        ("kit+", "no embedder ''"),
        ("kit+osnett", "no embedder 'osnett'; did you mean 'osnet'"),
        ("detector", r"the detector's own forward pass.*features=True"),
        ("kit+detector", "the detector's own forward pass"),
        ("torchvision:resnet19", "torchvision: no network 'resnet19'; did you mean 'resnet1"),
        ("torchvision:resnet18:mine", "expected :random or nothing"),
        ("nowhere.at_all:Embedder", r"nowhere\.at_all:Embedder: cannot import"),
    ],
)
def test_names_that_are_none(name: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        load_embedder(name)


def test_half_precision_needs_a_gpu() -> None:
    with pytest.raises(DeviceError, match="half precision needs a GPU"):
        load_embedder("torchvision:resnet18:random", device="cpu", half=True)


def test_names_are_listed_without_loading_anything(root: Path) -> None:
    code = "import sys, sportstrack.embed as e; print(len(e.EMBEDDERS), len(e.FORMS)); print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    counts, _, modules = out.partition("\n")
    assert counts == f"{len(EMBEDDERS)} {len(FORMS)}"
    assert {"cv2", "torch", "torchvision", "onnxruntime", "scipy"}.isdisjoint(modules.split())
