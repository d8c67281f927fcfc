"""Embedders: against plain references, on made-up kits, on real players, and how they refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_files import message, onnx_model

from sportstrack.appearance import unit_rows
from sportstrack.embed import EMBEDDERS, FORMS, load_embedder
from sportstrack.embed.crops import NetworkInput, pixel_boxes
from sportstrack.embed.custom import CustomEmbedder
from sportstrack.embed.fuse import Centred, Combined
from sportstrack.errors import DeviceError, FormatError, SettingError, SportstrackError, WeightsError

HEIGHT, WIDTH = 120, 160
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
GRASS, RED, BLUE, WHITE = (40, 130, 60), (30, 30, 210), (200, 50, 20), (240, 240, 240)  # BGR


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    coarse = np.random.default_rng(5).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 10, 1), np.uint8))


@pytest.fixture(scope="module")
def boxes() -> np.ndarray:
    inside = [[10.3, 5.8, 40.1, 80.2], [50, 20, 70, 90], [0.2, 0.2, 0.4, 0.4]]
    edge = [[-20, -10, 30, 60], [140, 100, 900, 700], [-1e12, -1e12, 1e12, 1e12]]
    return np.array(inside + edge, dtype=np.float64)


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


@pytest.fixture(scope="session")
def osnet(shared_data: Path) -> Any:
    return load_embedder(str(shared_data / "weights" / "osnet_x0_25_msmt17.onnx"), device="cpu")


def crop(frame: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The documented rounding, box by box."""
    x1, y1 = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
    x2, y2 = min(frame.shape[1], int(np.ceil(box[2]))), min(frame.shape[0], int(np.ceil(box[3])))
    return frame[y1:y2, x1:x2]


def network_input(frame: np.ndarray, box: np.ndarray, size: tuple[int, int] = (256, 128)) -> np.ndarray:
    import cv2

    rgb = cv2.cvtColor(cv2.resize(crop(frame, box), size[::-1]), cv2.COLOR_BGR2RGB)
    return ((rgb / 255 - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)


def units(rows: list[np.ndarray]) -> np.ndarray:
    stacked = np.stack([row.ravel() for row in rows]).astype(np.float64)
    return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)


# ------------------------------------------------------------------------------------------------ boxes to pixels

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


RELU, MEANS = message((4, "Relu")), message((4, "GlobalAveragePool"))  # means: (n, 3, 1, 1), with trailing ones
TO_FLOAT = message((4, "Cast"), (5, message((1, "to"), (3, 1), (20, 2))))
CHANNELS_FIRST = message((4, "Transpose"), (5, message((1, "perm"), (8, 0), (8, 3), (8, 1), (8, 2), (20, 7))))


def channel_means(frame: np.ndarray, boxes: np.ndarray, size: tuple[int, int]) -> list[np.ndarray]:
    return [network_input(frame, box, size).mean(axis=(0, 2, 3)) for box in boxes]


@pytest.mark.parametrize("batch", [1, 4, "batch"])
def test_a_fixed_batch_is_filled_up(batch: Any, tmp_path: Path, picture: np.ndarray, boxes: np.ndarray) -> None:
    path = onnx_model(tmp_path / "means.onnx", (batch, 3, 64, 32), MEANS)
    plain = units(channel_means(picture, boxes, (64, 32)))
    np.testing.assert_allclose(load_embedder(str(path), device="cpu")(picture, boxes), plain, atol=1e-4)


def test_channels_last_half_precision_and_a_sidecar(tmp_path: Path, picture: np.ndarray, boxes: np.ndarray) -> None:
    shape = ("batch", "height", "width", 3)
    path = onnx_model(tmp_path / "last.onnx", shape, TO_FLOAT, CHANNELS_FIRST, MEANS, half=True)
    path.with_suffix(".json").write_text('{"mean": [0, 0, 0], "std": [0.5, 0.4, 0.2], "bgr": true, "size": [48, 24]}')
    plain = [((mean * STD + MEAN)[::-1] / [0.5, 0.4, 0.2]) for mean in channel_means(picture, boxes, (48, 24))]
    np.testing.assert_allclose(load_embedder(str(path), device="cpu")(picture, boxes), units(plain), atol=2e-3)


@pytest.mark.parametrize("text", ["{", "[]", '{"mean": 3}', '{"std": [0, 1, 1]}', '{"colour": "bgr"}', '{"bgr": 1}'])
def test_a_sidecar_that_is_wrong(text: str, tmp_path: Path, shared_data: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes((shared_data / "weights" / "osnet_x0_25_msmt17.onnx").read_bytes())
    path.with_suffix(".json").write_text(text)
    with pytest.raises(FormatError, match=r'model\.json: expected any of \{"mean"'):
        load_embedder(str(path), device="cpu")


def test_models_of_other_kinds(tmp_path: Path) -> None:
    rows = onnx_model(tmp_path / "rows.onnx", (1, 4), RELU)
    with pytest.raises(WeightsError, match=r"rows\.onnx: is no re-identification model .*\(batch, 3, height, width\)"):
        load_embedder(str(rows))
    maps = onnx_model(tmp_path / "maps.onnx", (1, 3, 32, 32), RELU)
    with pytest.raises(WeightsError, match=r"expected one vector per picture, \(1, D\), got \(1, 3, 32, 32\)"):
        load_embedder(str(maps))


def test_files_that_are_no_model(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model at all")
    with pytest.raises(WeightsError, match=r"broken\.onnx: no ONNX model can be read from it") as caught:
        load_embedder(str(tmp_path / "broken.onnx"))
    assert "\n" not in str(caught.value)
    with pytest.raises(WeightsError, match=r"none\.onnx: no such file"):
        load_embedder(str(tmp_path / "none.onnx"))


def test_without_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "any.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SportstrackError, match="pip install onnxruntime"):
        load_embedder(str(tmp_path / "any.onnx"))


def test_osnet_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib.request

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setenv("SPORTSTRACK_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"no route to host.*fetch https://.*--embedder PATH\.onnx") as caught:
        load_embedder("osnet")
    assert str(tmp_path / "osnet_x0_25_msmt17.onnx") in str(caught.value)


def test_a_gpu_that_onnxruntime_lacks_is_said_aloud(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    path = str(shared_data / "weights" / "osnet_x0_25_msmt17.onnx")
    embedder: Any = load_embedder(path, device="cuda:0")
    assert embedder.device == "cpu"
    assert "onnxruntime-gpu" in embedder.warnings[0]
    assert load_embedder(path, device="auto").warnings == []  # type: ignore[attr-defined]
    with pytest.raises(SettingError, match="expected auto, cpu, cuda"):
        load_embedder(path, device="gpu")


# --------------------------------------------------------------------------------------------- centred and combined


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
def looks() -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    frames = [unit_rows(rng.normal(size=(n, 6)) + 3) for n in rng.integers(0, 5, 12)]
    frames[4][0] = 0.0
    return frames


def test_centring_takes_the_mean_of_the_first_frames_and_keeps_it(looks: list[np.ndarray]) -> None:
    embedder = Centred(Given(looks), frames=4)
    found = [embedder(None, None) for _ in looks]  # type: ignore[arg-type]
    filled = [i for i, rows in enumerate(looks) if rows.any()]
    for i, rows in enumerate(looks):
        gathered = np.concatenate([looks[k] for k in filled[:4] if k <= i] or [np.zeros((0, 6), np.float32)])
        gathered = gathered[gathered.any(axis=1)]
        known = rows.any(axis=1)
        assert not found[i][~known].any()
        if known.any():
            expected = rows[known] - gathered.mean(axis=0)
            length = np.linalg.norm(expected, axis=1, keepdims=True)
            clear = length[:, 0] > 1e-3  # a lone first vector equals the mean
            np.testing.assert_allclose(found[i][known][clear], (expected / length)[clear], atol=1e-4)
    embedder.reset()
    for i in range(len(looks)):
        np.testing.assert_array_equal(embedder(None, None), found[i])  # type: ignore[arg-type]


def test_a_combination_weighs_its_centred_parts(looks: list[np.ndarray]) -> None:
    other = [np.roll(rows, 2, axis=1) ** 2 for rows in looks]
    joined = Combined([(Given(looks), 0.8), (Given(other), 0.6)])
    first, second = Centred(Given(looks)), Centred(Given(other))
    for _ in looks:
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
        ("nowhere.at_all:Looks", r"nowhere\.at_all:Looks: cannot import"),
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
    assert {"numpy", "cv2", "torch", "torchvision", "onnxruntime", "scipy"}.isdisjoint(modules.split())


# --------------------------------------------------------------------------------------------------- one's own

PLUGIN = """
import numpy as np


def brightness(frame, xyxy):
    return [[box[0] + 1, box[1] + 1, 2.0] for box in xyxy]


class Looks:
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
    (tmp_path / "my_looks.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_looks", raising=False)
    return "my_looks:"


def test_an_embedder_of_ones_own(plugin: str, picture: np.ndarray, boxes: np.ndarray) -> None:
    table = np.maximum(boxes, 0)
    found = load_embedder(plugin + "brightness")(picture, table)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found.dtype == np.float32
    looks: Any = load_embedder(plugin + "Looks", device="cpu")
    assert looks(picture, boxes).shape == (len(boxes), 3)
    assert looks(picture, np.empty((0, 4))).shape == (0, 3)
    looks.reset()
    assert looks._call.resets == 1
    assert looks._call.device == "cpu"
    assert load_embedder(plugin + "brightness+kit")(picture, table).shape == (len(boxes), 51)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("too_few", r"my_looks:too_few: expected \(6, D\) numbers, one vector per box, got shape \(5, 3\)"),
        ("flat", r"got shape \(6,\)"),
        ("broken", "got a NaN or infinity in row 1"),
        ("nothing", "one vector per box, got"),
        ("words", "one vector per box, got list"),
        ("number", r"expected a callable \(frame, xyxy\) -> \(N, D\), got int"),
        ("Look", "my_looks has no 'Look'; did you mean 'Looks'"),
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
def test_rendered_teams_are_told_apart(name: str, shown: list[Any]) -> None:
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
