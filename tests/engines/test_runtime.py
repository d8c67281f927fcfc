"""Networks open in OpenVINO and ONNX Runtime: same answers, clear refusals, no word over the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from sportstrack.engines import EngineError, open_runtime
from sportstrack.engines import measure as measuring
from sportstrack.engines.measure import measured
from sportstrack.engines.names import ON_CPU, is_installed
from sportstrack.engines.report import EngineReport, engine_text
from sportstrack.errors import SettingError, WeightsError


def test_both_engines_say_the_same(converted: Path, picture: np.ndarray) -> None:
    first, second = (open_runtime(converted, engine, (64, 96)) for engine in ON_CPU)
    assert first.input_shape == second.input_shape == (1, 3, 64, 96)
    assert first.output_shapes == second.output_shapes == [(1, 8, 126)]
    assert (first.precision, second.precision) == ("fp32", "fp32")
    a, b = first.run(picture)[0].copy(), second.run(picture)[0]
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


def test_32_bits_stay_32_bits_where_the_cpu_has_fewer(converted: Path, picture: np.ndarray) -> None:
    wanted = open_runtime(converted, "onnx", (64, 96)).run(picture)[0]
    full, short = (open_runtime(converted, "openvino", (64, 96), precision=p) for p in ("fp32", "bf16"))
    exact = np.abs(full.run(picture)[0] - wanted).max()
    assert exact < 1e-2
    if short.precision == "bf16":
        assert np.abs(short.run(picture)[0] - wanted).max() > 5 * exact
    else:
        assert short.precision == "fp32"


@pytest.mark.parametrize("engine", ON_CPU)
def test_files_that_are_no_network(engine: str, converted: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(converted.read_bytes()[:100_000])
    with pytest.raises(EngineError, match=r"cut\.onnx: .* cannot open it") as caught:
        open_runtime(cut, engine, (64, 96))
    assert "\n" not in str(caught.value)
    with pytest.raises(WeightsError, match="no such model"):
        open_runtime(tmp_path / "absent.onnx", engine, (64, 96))
    with pytest.raises(EngineError, match="leaves the size of its input open"):
        open_runtime(converted, engine)


def test_folders_that_hold_no_or_half_a_model(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"expected the folder of one OpenVINO model \(one \.xml\), got 0"):
        open_runtime(tmp_path, "openvino", (64, 96))
    (tmp_path / "model.xml").write_text("<net/>")
    with pytest.raises(WeightsError, match=r"model\.bin, are missing"):
        open_runtime(tmp_path, "openvino", (64, 96))
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(EngineError, match=r"ONNX Runtime opens \.onnx files alone"):
        open_runtime(tmp_path, "onnx", (64, 96))
    with pytest.raises(EngineError, match="OpenVINO cannot open it"):
        open_runtime(tmp_path, "openvino", (64, 96))


def test_an_engine_that_is_not_there(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.engines.names.find_spec", lambda name: None)
    with pytest.raises(EngineError, match="the Python package openvino is not installed: pip install openvino"):
        open_runtime(converted, "openvino", (64, 96))
    with pytest.raises(EngineError, match="neither OpenVINO nor ONNX Runtime is installed"):
        measured(converted, (64, 64))
    with pytest.raises(SettingError, match=r"no runtime 'torch' \(known: openvino, onnx\)"):
        open_runtime(converted, "torch", (64, 96))


def test_threads_are_those_asked_for(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert open_runtime(converted, "openvino", (64, 96)).threads == 1
    assert open_runtime(converted, "openvino", (64, 96), threads=2).threads == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert open_runtime(converted, "onnx", (64, 96)).threads >= 1


# ------------------------------------------------------------------------------------------------------ measuring


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPORTSTRACK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(measuring, "_SECONDS", 0.0)


@pytest.mark.usefixtures("own_cache")
def test_engines_are_measured_once(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = measured(converted, (64, 96))
    assert set(times) == {engine for engine in ON_CPU if is_installed(engine)}
    assert list(times.values()) == sorted(times.values())
    monkeypatch.setattr(measuring, "_measure", lambda *_: {"openvino": -1.0})
    assert measured(converted, (64, 96)) == times
    assert measured(converted, (64, 64)) == {"openvino": -1.0}  # another size is another measurement
    assert measured(converted, (64, 96), threads=7) == {"openvino": -1.0}


@pytest.mark.usefixtures("own_cache")
def test_an_engine_that_says_something_else_is_left_out(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(path: Path, engine: str, *rest: object, **more: object) -> object:
        runtime = open_runtime(path, engine, *rest, **more)
        if engine == "onnx":
            run = runtime.run
            runtime.run = lambda batch: [output + 3 for output in run(batch)]
        return runtime

    monkeypatch.setattr(measuring, "open_runtime", opened)
    assert list(measured(converted, (64, 96))) == ["openvino"]


@pytest.mark.usefixtures("own_cache")
def test_only_engines_of_the_wanted_precision_are_compared(converted: Path) -> None:
    assert list(measured(converted, (64, 96), precision="bf16")) == ["openvino"]


def test_the_report_is_one_line() -> None:
    ms = {"onnx": 20.4, "openvino": 31.0}
    assert engine_text(EngineReport("onnx", "fp32", ms, (64, 96), 6.04).as_dict()) == (
        "ONNX Runtime fp32 (20 ms a frame when chosen; OpenVINO 31 ms, converted in 6.0 s, once)"
    )
    assert engine_text(EngineReport("torch", "fp16", why="no space").as_dict()) == "PyTorch fp16 (no space)"
    assert engine_text(EngineReport("torchscript").as_dict()) == "torchscript fp32"


# ---------------------------------------------------------------------------------------------------- telemetry

WATCHED = """
    import json, multiprocessing, sys
    started = []
    multiprocessing.Process.start = lambda self: started.append(repr(self._target))
    if sys.argv[1] == "ours":
        from sportstrack.engines.runtime import import_openvino, open_runtime
        import_openvino()
        open_runtime(sys.argv[2], "openvino", (64, 96))
        import openvino
    else:
        import openvino
    print(json.dumps([started, "openvino_telemetry" in sys.modules, hasattr(openvino, "Core")]))
"""


def test_openvino_reports_nothing(converted: Path, tmp_path: Path) -> None:
    """Plainly imported, it leaves a number for this computer in the home folder and sends it from another process."""
    found = {}
    for how in ("ours", "plain"):
        home = tmp_path / how
        home.mkdir()
        kept = {k: v for k, v in os.environ.items() if k not in ("CI", "TF_BUILD", "JENKINS_URL", "GITHUB_ACTIONS")}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(WATCHED), how, str(converted)],
            env=kept | {"HOME": str(home)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found[how] = [*json.loads(done.stdout), [path.name for path in home.rglob("*")]]
    assert found["ours"] == [[], False, True, []]
    assert found["plain"][1]  # what the test guards against is there
    assert found["plain"][0] or found["plain"][3]
