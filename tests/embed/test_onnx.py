"""Re-identification models in ONNX files: batches, layouts, sidecars, and files that are none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embed_by_hand import MEAN, STD, network_input, units
from onnx_files import message, onnx_model

from sportstrack.embed import load_embedder
from sportstrack.errors import FormatError, SettingError, SportstrackError, WeightsError

RELU, MEANS = message((4, "Relu")), message((4, "GlobalAveragePool"))  # means: (n, 3, 1, 1), with trailing ones
TO_FLOAT = message((4, "Cast"), (5, message((1, "to"), (3, 1), (20, 2))))
CHANNELS_FIRST = message((4, "Transpose"), (5, message((1, "perm"), (8, 0), (8, 3), (8, 1), (8, 2), (20, 7))))


def channel_means(frame: np.ndarray, boxes: np.ndarray, size: tuple[int, int]) -> list[np.ndarray]:
    return [network_input(frame, box, size).mean(axis=(0, 2, 3)) for box in boxes]


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
@pytest.mark.parametrize("batch", [1, 4, "batch"])
def test_a_fixed_batch_is_filled_up(
    batch: Any, engine: str, tmp_path: Path, picture: np.ndarray, boxes: np.ndarray
) -> None:
    path = onnx_model(tmp_path / "means.onnx", (batch, 3, 64, 32), MEANS)
    plain = units(channel_means(picture, boxes, (64, 32)))
    embedder = load_embedder(str(path), device="cpu", engine=engine)
    assert embedder.engine == engine
    np.testing.assert_allclose(embedder(picture, boxes), plain, atol=1e-4)


def test_the_faster_engine_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(onnx_model(tmp_path / "means.onnx", (1, 3, 64, 32), MEANS))
    for first, second in (("onnx", "openvino"), ("openvino", "onnx")):
        times = {first: 1.0, second: 2.0}
        monkeypatch.setattr("sportstrack.embed.onnx.measured", lambda *_, _times=times, **__: _times)
        assert load_embedder(path, device="cpu").engine == first
    assert load_embedder(path, device="cpu", engine="torch").engine == "onnx"


def test_what_openvino_cannot_run_stays_with_onnx_runtime(tmp_path: Path) -> None:
    path = onnx_model(tmp_path / "last.onnx", (1, 64, 32, 3), CHANNELS_FIRST, MEANS)
    embedder = load_embedder(str(path), device="cpu", engine="openvino")
    assert embedder.engine == "onnx"
    assert embedder.warnings == ["last.onnx stays with ONNX Runtime: OpenVINO takes (batch, 3, height, width)"]


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
