"""Detectors of Detectron2, which modules of the same names, calls and shapes stand in for."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import toy
from hostile import Hostile

from sportstrack.detect import load_detector
from sportstrack.errors import WeightsError
from sportstrack.mot import read_mot
from sportstrack.track.command import main as track
from sportstrack.val.command import main as val


class _Config(SimpleNamespace):
    """The part of Detectron2's config that is used, filled from a real YAML file."""

    def merge_from_file(self, file: str, allow_unsafe: bool = True) -> None:
        import yaml

        held = (yaml.unsafe_load if allow_unsafe else yaml.safe_load)(Path(file).read_text())
        if not isinstance(held, dict):
            raise AssertionError("not a mapping")
        for part, values in held.items():
            for key, value in values.items():
                if not hasattr(getattr(self, part), key):
                    raise KeyError(f"Non-existent config key: {part}.{key}")
                setattr(getattr(self, part), key, value)


def _config() -> _Config:
    heads = SimpleNamespace(SCORE_THRESH_TEST=0.05, NUM_CLASSES=80)
    model = SimpleNamespace(
        DEVICE="cuda", WEIGHTS="", META_ARCHITECTURE="GeneralizedRCNN", ROI_HEADS=heads, RETINANET=heads, KIND="boxes"
    )
    sizes = SimpleNamespace(MIN_SIZE_TEST=240, MAX_SIZE_TEST=400, FORMAT="BGR")
    return _Config(MODEL=model, INPUT=sizes, DATASETS=SimpleNamespace(TEST=(), TRAIN=()))


class _Shortest:
    """Scales by whole numbers, as much as ResizeShortestEdge needs to do here."""

    def __init__(self, shorter: list[int], longest: int) -> None:
        self.shorter = shorter[0]

    def get_transform(self, picture: np.ndarray) -> Any:
        times = self.shorter // min(picture.shape[:2])
        return SimpleNamespace(apply_image=lambda p: np.kron(p, np.ones((times, times, 1), p.dtype)))


def _network(config: _Config) -> Any:
    """Find bright rectangles; the answer is scaled back to height and width, as Detectron2's models do."""
    import torch

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bright = torch.nn.Parameter(torch.tensor(255.0))

        def forward(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [self._one(**one) for one in inputs]

        def _one(self, image: Any, height: int, width: int) -> dict[str, Any]:
            if config.MODEL.KIND == "segments":
                return {"sem_seg": image}
            assert image.dtype == torch.float32
            found = toy.find([(image.permute(1, 2, 0).numpy() > self.bright.item()).astype(np.uint8) * 255])[0]
            boxes = torch.as_tensor(found.xyxy * ([width / image.shape[2], height / image.shape[1]] * 2))
            score = torch.linspace(0.9, 0.02, len(found))
            fields = {"scores": score, "pred_classes": torch.zeros(len(found), dtype=torch.int64)}
            return {"instances": SimpleNamespace(pred_boxes=SimpleNamespace(tensor=boxes), **fields)}

    return Network()


@pytest.fixture
def detectron2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A config with weights beside it, and modules that stand in for the package."""
    import torch

    catalog = SimpleNamespace(get=lambda name: {"thing_classes": ["player", "ball"]} if name == "known" else {})
    parts = {
        "": {},
        ".config": {"get_cfg": _config},
        ".data": {"MetadataCatalog": catalog},
        ".data.transforms": {"ResizeShortestEdge": _Shortest},
        ".modeling": {"build_model": _network},
    }
    for part, attributes in parts.items():
        module = ModuleType(f"detectron2{part}")
        module.__dict__.update(attributes, __spec__=ModuleSpec(module.__name__, None))
        monkeypatch.setitem(sys.modules, module.__name__, module)
    (tmp_path / "faster.yaml").write_text("MODEL:\n  META_ARCHITECTURE: GeneralizedRCNN\n")
    torch.save({"model": {"bright": torch.tensor(128.0)}, "iteration": 9}, tmp_path / "model_final.pth")
    return tmp_path / "faster.yaml"


def test_detectron2_boxes_are_pixels_of_the_frame(detectron2: Path) -> None:
    detector = load_detector(f"detectron2:{detectron2}", device="cpu", score=0.1)
    assert detector.names[32] == "sports ball"  # 80 classes without names are COCO's
    wide, tall = toy.picture(3), np.ascontiguousarray(toy.picture(4).transpose(1, 0, 2))
    for frame, found in zip([wide, tall, wide], detector([wide, tall, wide]), strict=True):
        wanted = toy.find([frame])[0].xyxy
        np.testing.assert_allclose(found.xyxy, wanted[:2])  # the third scores 0.02
        np.testing.assert_allclose(found.score, [0.9, 0.46], atol=1e-6)
    with_all = load_detector(f"detectron2:{detectron2}", device="cpu", score=0.0, classes=["person"])
    assert len(with_all([wide])[0]) == 3


def test_detectron2_tracks_a_clip_and_is_judged(
    detectron2: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = toy.make_match(tmp_path / "match.mp4", frames=8)
    words = ["--detector", f"detectron2:{detectron2}", "--score", "0", "--tracker", "sort", "--set", "min_hits=1"]
    out = str(tmp_path / "out")
    assert track([str(clip), *words, "-o", out, "--device", "cpu", "--formats", "mot", "--quiet"]) == 0
    assert len(set(read_mot(tmp_path / "out" / "match.txt").track_id.tolist())) >= 2
    words = [f"detectron2:{detectron2}", "toy:find", str(data), "-o", str(tmp_path / "val"), "--device", "cpu"]
    assert val([*words, "--same", "person=player", "--quiet"]) == 0
    text = capsys.readouterr().out
    assert f"| detectron2:{tmp_path.name}/faster" in text
    assert "| toy:find" in text


def test_detectron2_s_class_names(detectron2: Path) -> None:
    detectron2.write_text("DATASETS: {TEST: [unknown, known]}\n")
    assert load_detector(f"detectron2:{detectron2}", device="cpu").names == {0: "player", 1: "ball"}
    detectron2.with_suffix(".txt").write_text("goalkeeper\n")
    assert load_detector(f"detectron2:{detectron2}", device="cpu").names == {0: "goalkeeper"}
    (detectron2.parent / "mine.txt").write_text("referee\n")
    detector = load_detector(f"detectron2:{detectron2},{detectron2.parent / 'mine.txt'}", device="cpu")
    assert detector.names == {0: "referee"}


def test_detectron2_s_zoo_files_are_read_as_numbers(detectron2: Path) -> None:
    held = {"model": {"bright": np.array(128.0, np.float32)}, "__author__": "Detectron2 Model Zoo"}
    (detectron2.parent / "model_final.pth").unlink()
    detectron2.with_suffix(".pkl").write_bytes(pickle.dumps(held, protocol=2))
    assert len(load_detector(f"detectron2:{detectron2}", device="cpu", score=0.0)([toy.picture(0)])[0]) == 3


@pytest.mark.parametrize("file", ["faster.pth", "faster.pkl"])
def test_hostile_weights_of_detectron2_do_not_run(file: str, detectron2: Path) -> None:
    import torch

    mark = detectron2.parent / "broken_into"
    if file.endswith(".pth"):
        torch.save({"model": Hostile(mark)}, detectron2.parent / file)
    else:
        (detectron2.parent / file).write_bytes(pickle.dumps({"model": Hostile(mark)}))
    with pytest.raises(WeightsError, match=rf"{file}: holds more than numbers.*--trust"):
        load_detector(f"detectron2:{detectron2}", device="cpu")
    assert not mark.exists()


def test_a_hostile_config_of_detectron2_does_not_run(detectron2: Path) -> None:
    mark = detectron2.parent / "broken_into"
    detectron2.write_text(f"MODEL: !!python/object/apply:os.mkdir ['{mark}']\n")
    with pytest.raises(WeightsError, match=r"faster\.yaml: cannot be read as a config of Detectron2"):
        load_detector(f"detectron2:{detectron2}", device="cpu")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c.unlink(), r"faster\.yaml: no such config"),
        (lambda c: c.write_text("MODEL: {KINDS: boxes}"), r"faster\.yaml: cannot be read .*KINDS"),
        (lambda c: c.write_text("MODEL: ["), r"faster\.yaml: cannot be read"),
        (lambda c: (c.parent / "model_final.pth").unlink(), r"no weights beside it; put them there as faster\.pth"),
        (lambda c: (c.parent / "model_final.pth").write_bytes(b"nothing"), r"model_final\.pth: holds more|no weights"),
    ],
)
def test_broken_files_of_detectron2_are_named(
    spoil: Callable[[Path], Any], message: str, detectron2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(detectron2)
    with pytest.raises(WeightsError, match=message):
        load_detector(f"detectron2:{detectron2}", device="cpu")


def test_detectron2_s_weights_of_another_model_and_task(detectron2: Path) -> None:
    import torch

    with pytest.raises(WeightsError, match=r"match\.py: expected a config of Detectron2"):
        load_detector("detectron2:match.py", device="cpu")
    detectron2.write_text("MODEL: {KIND: segments}\n")
    with pytest.raises(WeightsError, match="is a model of another task: it gives sem_seg"):
        load_detector(f"detectron2:{detectron2}", device="cpu")([toy.picture(0)])
    torch.save({"model": {"backbone": torch.zeros(1)}}, detectron2.with_suffix(".pth"))
    with pytest.raises(WeightsError, match=r"faster\.pth: lacks 1 parts of the model in faster\.yaml, such as bright"):
        load_detector(f"detectron2:{detectron2}", device="cpu")
