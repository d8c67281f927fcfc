"""Embedders: against plain references, on made-up kits, on real players, and how they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embed_by_hand import MEAN, STD, crop, network_input, units
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.embed import load_embedder
from sportstrack.embed.crops import NetworkInput, pixel_boxes
from sportstrack.embed.fuse import Centred
from sportstrack.errors import SettingError, WeightsError

HEIGHT, WIDTH = 120, 160
GRASS, RED, BLUE, WHITE = (40, 130, 60), (30, 30, 210), (200, 50, 20), (240, 240, 240)  # BGR
NOWHERE = np.array(
    [
        [200, 10, 250, 60],
        [-60, 10, -5, 60],
        [10, 10, 10, 60],
        [30, 60, 20, 10],
        [np.nan, 0, 10, 10],
        [0, 0, np.inf, 10],
    ]
)


edges = st.one_of(st.floats(-300, 400), st.sampled_from([0.0, 160.0, 120.0, 1e300, -1e300, np.nan, np.inf]))


@settings(deadline=None)
@given(st.lists(st.tuples(edges, edges, edges, edges), max_size=8))
def test_every_box_with_area_in_the_frame_has_pixels_and_no_other(rows: list[tuple[float, ...]]) -> None:
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    pixels, seen = pixel_boxes(table, HEIGHT, WIDTH)
    for (x1, y1, x2, y2), (left, top, right, bottom), here in zip(rows, pixels.tolist(), seen.tolist(), strict=True):
        touches = x1 < x2 and y1 < y2 and min(x2, WIDTH) > max(x1, 0) and min(y2, HEIGHT) > max(y1, 0)
        assert here == (bool(np.isfinite([x1, y1, x2, y2]).all()) and touches)
        if here:
            assert 0 <= left < right <= WIDTH
            assert 0 <= top < bottom <= HEIGHT
            assert left <= max(x1, 0)
            assert right >= min(x2, WIDTH)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(edges, edges, edges, edges), max_size=12))
def test_kit_rows_are_unit_or_zero_for_any_boxes(rows: list[tuple[float, ...]]) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    vectors = load_embedder("kit")(frame, np.array(rows, dtype=np.float64).reshape(-1, 4))
    assert vectors.shape == (len(rows), 48)
    assert vectors.dtype == np.float32
    length = np.linalg.norm(vectors, axis=1)
    assert np.all((np.abs(length - 1) < 1e-5) | (length == 0))


# ------------------------------------------------------------------------------------------------------------- kit


def player(frame: np.ndarray, left: int, kit: Any, top: int = 10) -> list[float]:
    """Paint a player of 20 x 50 pixels: skin, shirt, shorts; return the box."""
    frame[top : top + 8, left + 6 : left + 14] = (120, 150, 200)
    frame[top + 8 : top + 28, left + 3 : left + 17] = kit
    frame[top + 28 : top + 48, left + 4 : left + 16] = (30, 30, 30)
    return [left, top, left + 20, top + 50]


@pytest.fixture
def field() -> tuple[np.ndarray, np.ndarray]:
    """Two in red, two in blue, one in white, one in two colours, on grass."""
    frame = np.full((HEIGHT, WIDTH, 3), GRASS, np.uint8)
    table = [player(frame, 5 + 24 * i, kit) for i, kit in enumerate((RED, RED, BLUE, BLUE, WHITE))]
    table.append(player(frame, 130, RED))
    frame[18:38, 140:160] = BLUE
    return frame, np.array(table, dtype=np.float64)


def test_kits_of_one_team_are_alike_and_of_two_teams_are_not(field: tuple[np.ndarray, np.ndarray]) -> None:
    frame, table = field
    alike = load_embedder("kit")(frame, table) @ load_embedder("kit")(frame, table).T
    assert alike[0, 1] > 0.99
    assert alike[2, 3] > 0.99
    assert alike[0, 2] < 0.05
    assert alike[0, 4] < 0.05
    assert 0.4 < alike[0, 5] < 0.95  # half red, half blue
    assert 0.4 < alike[2, 5] < 0.95


def test_grass_does_not_count(field: tuple[np.ndarray, np.ndarray]) -> None:
    frame, table = field
    wide = table + [-3, 0, 3, 0]
    np.testing.assert_allclose(load_embedder("kit")(frame, wide)[:2], load_embedder("kit")(frame, table)[:2], atol=0.02)
    empty = np.array([[5, 70, 25, 118]])
    assert not load_embedder("kit")(frame, empty).any()


def test_light_of_one_colour_changes_little(field: tuple[np.ndarray, np.ndarray]) -> None:
    frame, table = field
    dim = (frame * 0.8).astype(np.uint8)
    alike = (load_embedder("kit")(frame, table) * load_embedder("kit")(dim, table)).sum(axis=1)
    assert (alike[:4] > 0.95).all()


def test_kit_is_the_histogram_of_the_recipe(picture: np.ndarray) -> None:
    import cv2

    box = np.array([[20.0, 10.0, 60.0, 100.0]])
    hsv = cv2.cvtColor(crop(picture, np.array([28.0, 26.2, 52.0, 55.0])), cv2.COLOR_BGR2HSV).reshape(-1, 3)
    counts = np.zeros(48)
    for hue, saturation, value in hsv.astype(int):
        if saturation < 50:
            counts[24 + value * 24 // 256] += 1
        elif not 35 <= hue <= 85:
            counts[hue * 24 // 180] += 1
    np.testing.assert_allclose(load_embedder("kit")(picture, box)[0], np.sqrt(counts / counts.sum()), atol=1e-6)


def test_large_torsos_are_thinned_out_without_changing_much() -> None:
    rng = np.random.default_rng(1)
    frame = np.kron(rng.integers(0, 256, (36, 64, 3), dtype=np.uint8), np.ones((20, 20, 1), np.uint8))
    small = frame[::4, ::4]
    a = load_embedder("kit")(frame, np.array([[100.0, 40.0, 900.0, 700.0]]))
    b = load_embedder("kit")(small, np.array([[25.0, 10.0, 225.0, 175.0]]))
    assert (a * b).sum() > 0.97


# ------------------------------------------------------------------------------------------------------ every embedder


@pytest.mark.parametrize("name", ["kit", "torchvision:resnet18:random", "centred:kit", "osnet", "osnet+kit"])
def test_what_every_embedder_promises(
    name: str, picture: np.ndarray, boxes: np.ndarray, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared_data / "weights")  # where "osnet" is found by its file name
    embedder = load_embedder(name, device="cpu")
    before = picture.copy()
    table = np.concatenate((boxes, NOWHERE))
    vectors = embedder(picture, table)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert not vectors[len(boxes) :].any()  # nothing of them is in the frame
    length = np.linalg.norm(vectors[: len(boxes)], axis=1)
    assert np.all((np.abs(length - 1) < 1e-5) | (length == 0))
    assert (length > 0.9).sum() >= 3
    np.testing.assert_array_equal(picture, before)
    embedder(picture, boxes[:2])
    if hasattr(embedder, "reset"):
        embedder.reset()
    np.testing.assert_array_equal(embedder(picture, table), vectors)
    assert embedder(picture, np.empty((0, 4))).shape == (0, vectors.shape[1])
    assert isinstance(embedder.name, str)


@pytest.mark.parametrize("frame", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), [[1]], None])
def test_frames_of_another_kind(frame: Any) -> None:
    with pytest.raises(SettingError, match=r"frame: expected \(H, W, 3\) uint8, got"):
        load_embedder("kit")(frame, np.array([[0.0, 0, 2, 2]]))


def test_boxes_of_another_shape(picture: np.ndarray) -> None:
    with pytest.raises(SettingError, match=r"xyxy: expected shape \(N, 4\), got \(4,\)"):
        load_embedder("kit")(picture, np.arange(4.0))


# ------------------------------------------------------------------------------------------------------------- networks


def test_osnet_equals_a_plain_loop(osnet: Any, picture: np.ndarray, boxes: np.ndarray, shared_data: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(shared_data / "weights" / "osnet_x0_25_msmt17.onnx")
    plain = [session.run(None, {"input": network_input(picture, box)})[0] for box in boxes]
    np.testing.assert_allclose(osnet(picture, boxes), units(plain), atol=2e-3)
    assert osnet.name == "osnet_x0_25_msmt17"
    assert osnet.device == "cpu"
    assert osnet.warnings == []


def test_a_crowd_goes_through_in_batches(osnet: Any, picture: np.ndarray) -> None:
    left = np.arange(35.0)
    crowd = np.stack((left, left, left + 40, left + 60), axis=1)
    together = osnet(picture, crowd)
    np.testing.assert_allclose(together[[0, 31, 32, 34]], osnet(picture, crowd[[0, 31, 32, 34]]), atol=1e-4)


def test_a_torchvision_backbone_equals_a_plain_loop(picture: np.ndarray, boxes: np.ndarray) -> None:
    import torch
    from torchvision import models

    state = torch.random.get_rng_state()
    embedder = load_embedder("torchvision:resnet18:random", device="cpu")
    assert torch.equal(torch.random.get_rng_state(), state)  # the user's own random numbers stay as they were
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = models.resnet18(weights=None).eval()
    network.fc = torch.nn.Identity()
    with torch.inference_mode():
        plain = [network(torch.from_numpy(network_input(picture, box))).numpy() for box in boxes]
    np.testing.assert_allclose(embedder(picture, boxes), units(plain), atol=1e-4)


@pytest.mark.parametrize(("network", "length"), [("shufflenet_v2_x0_5", 1024), ("squeezenet1_1", 512)])
def test_heads_of_other_kinds_are_removed(network: str, length: int, picture: np.ndarray, boxes: np.ndarray) -> None:
    assert load_embedder(f"torchvision:{network}:random", device="cpu")(picture, boxes).shape == (len(boxes), length)


def test_torchvision_without_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib.request

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr("torch.hub.urlopen", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=r"no route to host.*fetch https://.*resnet18.*torchvision:resnet18:random"):
        load_embedder("torchvision:resnet18", device="cpu")


# ------------------------------------------------------------------------------------------------------ real players


@pytest.fixture(scope="module")
def shown() -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Rendered players, large enough to see: frame, boxes, ids, team (0 or 1)."""
    from data_prep.synthetic import Settings, render_sequence

    found = []
    for frame, truth in render_sequence(Settings(seed=4, frames=25, width=960, height=540, camera_speed=0.5)):
        kept = (truth.class_id == 0) & (truth.visibility > 0.8)
        found.append((frame, truth.xyxy[kept], truth.track_id[kept], (truth.track_id[kept] > 10).astype(int)))
    return found[::6]


@pytest.mark.parametrize("name", ["kit", "centred:kit"])
def test_rendered_teams_are_distinguished(name: str, shown: list[Any]) -> None:
    embedder = load_embedder(name)
    vectors = np.concatenate([embedder(frame, table) for frame, table, _, _ in shown])
    team = np.concatenate([rows[3] for rows in shown])
    alike, same = vectors @ vectors.T, team[:, None] == team
    assert alike[same].mean() > alike[~same].mean() + 0.25


def test_a_rendered_player_is_nearest_to_itself_half_a_second_later(shown: list[Any], osnet: Any) -> None:
    (early, boxes_a, ids_a, _), (late, boxes_b, ids_b, _) = shown[0], shown[2]
    _, rows_a, rows_b = np.intersect1d(ids_a, ids_b, return_indices=True)
    assert len(rows_a) >= 4
    embedder = Centred(osnet)
    a, b = embedder(early, boxes_a[rows_a]), embedder(late, boxes_b[rows_b])
    alike = a @ b.T
    own = np.diag(alike).mean()
    others = alike[~np.eye(len(alike), dtype=bool)].mean()
    assert own > others + 0.2


def test_network_input_is_what_the_defaults_say() -> None:
    grey = np.full((1, 4, 2, 3), 255, np.uint8)
    np.testing.assert_allclose(NetworkInput().planes(grey)[0, :, 0, 0], (1 - MEAN) / STD, rtol=1e-5)
    swapped = NetworkInput(bgr=True, mean=(0, 0, 0), std=(1, 1, 1))
    np.testing.assert_allclose(swapped.planes(np.full((1, 1, 1, 3), (51, 102, 255), np.uint8)).ravel(), [0.2, 0.4, 1])
