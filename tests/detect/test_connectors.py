"""Detectors of Transformers, Detectron2 and TensorFlow by name: their own boxes, plain errors, no code of strangers.

Only TensorFlow's tests are skipped without their package: the dev extra does not bring its 600 MB. Detectron2, which
the package index does not have under its name, is stood in for by modules of the same names, calls and shapes.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import toy
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.detect import load_detector
from sportstrack.detect.common import ClassTable
from sportstrack.detect.labels import coco_labels, find_labels, read_labels, split_labels
from sportstrack.errors import DeviceError, FormatError, SettingError, SportstrackError, WeightsError
from sportstrack.mot import read_mot
from sportstrack.track.command import main as track
from sportstrack.types import Detections
from sportstrack.val.command import main as val
from sportstrack.val.run import _name

needs_tensorflow = pytest.mark.skipif(find_spec("tensorflow") is None, reason="needs tensorflow")

LABELS = {0: "N/A", 1: "person", 2: "N/A", 3: "sports ball"}
"""With holes, as DETR's checkpoints for COCO count."""


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.mark),))


@pytest.fixture
def frames() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (3, 6, 8, 3), dtype=np.uint8)
    return [np.kron(image, np.ones((20, 20, 1), np.uint8)) for image in coarse]  # 120 x 160


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two labelled pictures of the toy match to judge on, and one to train on."""
    import cv2

    root = tmp_path / "toyset"
    for frame, split in enumerate(("train", "val", "val")):
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / "images" / split / f"{frame}.png"), toy.picture(frame))
        x1, y1, x2, y2 = (toy.truth(frame) / np.tile(toy.SIZE, 2)).T
        rows = np.stack([0 * x1, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=1)
        np.savetxt(root / "labels" / split / f"{frame}.txt", rows, "%d %f %f %f %f")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [person]\n")
    return root / "data.yaml"


def table(boxes: Any, score: Any, names: list[str]) -> list[tuple[Any, ...]]:
    """Rows that compare: rounded box, rounded score, name."""
    rows = zip(np.asarray(boxes).tolist(), np.asarray(score).tolist(), names, strict=True)
    return sorted((*(round(v, 2) for v in box), round(s, 4), name) for box, s, name in rows)


def ours(found: Detections, names: dict[int, str]) -> list[tuple[Any, ...]]:
    return table(found.xyxy, found.score, [names[i] for i in found.class_id.tolist()])


# ------------------------------------------------------------------------------------------------- without packages


@pytest.mark.parametrize(
    ("package", "name", "fix"),
    [
        ("transformers", "runs/detr", "pip install transformers"),
        ("detectron2", "faster.yaml", "pip install --no-build-isolation 'git+https://github.com/"),
        ("tensorflow", "ssd/saved_model", "pip install tensorflow"),
    ],
)
def test_a_missing_package_is_named_with_its_remedy(
    package: str, name: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SettingError, match=f"^{package}:{name}: needs the package {package}: ") as caught:
        load_detector(f"{package}:{name}")
    assert fix in str(caught.value)
    if package == "transformers":
        clip = toy.make_match(tmp_path / "match.mp4", frames=2)
        assert track([str(clip), "--detector", f"{package}:{name}", "-o", str(tmp_path / "out")]) == 2
        assert fix in capsys.readouterr().err


def test_a_package_s_own_package_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "detectron2").mkdir()
    (tmp_path / "detectron2" / "__init__.py").write_text("import nowhere_to_be_found.part\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "detectron2", raising=False)
    with pytest.raises(SettingError, match=r"lacks its package 'nowhere_to_be_found.*pip install nowhere_to_be_found"):
        load_detector("detectron2:faster.yaml")


def test_classes_are_counted_anew_without_those_that_stand_for_nothing() -> None:
    classes = ClassTable("it", LABELS, ["sports ball"])
    assert classes.names == {0: "person", 1: "sports ball"}
    ids, kept = classes.renumbered(np.array([0, 1, 2, 3]))
    assert ids.tolist() == [-1, 0, -1, 1]
    assert kept.tolist() == [False, False, False, True]
    with pytest.raises(WeightsError, match="it: found a class 4; its names go up to 3"):
        classes.renumbered(np.array([1, 4]))
    with pytest.raises(SettingError, match=r"'balls' is not one of .*did you mean 'sports ball'"):
        ClassTable("it", LABELS, ["balls"])


def test_coco_s_91_numbers_become_the_80_of_yolo() -> None:
    names = ClassTable("it", coco_labels()).names
    assert len(names) == 80
    assert (names[0], names[32], names[79]) == ("person", "sports ball", "toothbrush")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("runs/football/best.pt", "best"),
        ("transformers:PekingU/rtdetr_v2.1", "transformers:PekingU/rtdetr_v2.1"),
        ("transformers:/a/long/way/detr", "transformers:way/detr"),
        ("detectron2:configs/faster.yaml,labels.txt", "detectron2:configs/faster"),
        ("tensorflow:ssd/saved_model", "tensorflow:ssd/saved_model"),
        ("torchvision:fcos_resnet50_fpn:random", "torchvision:fcos_resnet50_fpn:random"),
        ("mine:find", "mine:find"),
    ],
)
def test_tables_call_detectors_by_short_names(spec: str, name: str) -> None:
    assert _name(spec, {}) == name
    if name == "transformers:way/detr":
        assert _name(spec, {name: None}) == "transformers:long/way/detr"


# --------------------------------------------------------------------------------------------------------- labels


def test_labels_as_lines_and_as_a_label_map(tmp_path: Path) -> None:
    lines = tmp_path / "labels.txt"
    lines.write_text("player\n\n ball \n", encoding="utf-8-sig")
    assert read_labels(lines, first=1) == {1: "player", 3: "ball"}
    mapped = tmp_path / "label_map.pbtxt"
    mapped.write_text(
        "# comment {\nitem {\n  name: '/m/01g317' id: 1\n  display_name: \"person\"\n}\n"
        "item { name: 'a } b', id: 7; keypoints { id: 3 label: 'nose' } }\n"
    )
    assert read_labels(mapped, first=0) == {1: "person", 7: "a } b"}
    assert find_labels([tmp_path]) == mapped
    assert find_labels([tmp_path / "nowhere"]) is None


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\"'\\", exclude_categories=["C", "Z"]), min_size=1)


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 999), NAMES, min_size=1))
def test_any_label_map_is_read_back(tmp_path_factory: pytest.TempPathFactory, labels: dict[int, str]) -> None:
    file = tmp_path_factory.getbasetemp() / "any.pbtxt"
    file.write_text("".join(f'item {{\n id: {i}\n name: "{name}"\n}}\n' for i, name in labels.items()), "utf-8")
    assert read_labels(file, first=1) == labels


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_label_map_or_an_error_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "odd.pbtxt"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    said = ""
    try:
        assert read_labels(file, first=1)
    except FormatError as error:
        said = str(error)
    assert said == "" or said.startswith(str(file))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item { id: 1 name: 'a'", "its braces do not match"),
        ("item { id: 1 } }", "expected item"),
        ("item {\n id: 1\n name: 'a' }\nitem { id: one name: 'b' }", "line 4: expected item"),
        ("item { id: 1 name: 'a' } <", "'<' does not belong into a label map"),
        ("", "names no class"),
    ],
)
def test_broken_label_maps(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.pbtxt").write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        read_labels(tmp_path / "m.pbtxt", first=1)
    assert str(tmp_path / "m.pbtxt") in str(caught.value)


def test_a_labels_file_behind_a_comma(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("player\n")
    (tmp_path / "a,b").mkdir()
    assert split_labels(f"x/model,{tmp_path}/names.txt") == (Path("x/model"), tmp_path / "names.txt")
    assert split_labels(f"{tmp_path}/a,b") == (tmp_path / "a,b", None)
    with pytest.raises(WeightsError, match=r"absent\.txt: no such labels file"):
        split_labels("x/model,absent.txt")


# --------------------------------------------------------------------------------------------------- transformers

SMALL = {
    "d_model": 32,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "num_queries": 12,
}


def _named(kind: Any, **settings: Any) -> Any:
    return kind(id2label=dict(LABELS), label2id={name: i for i, name in LABELS.items()}, **settings)


def _backbone(kind: str, **settings: Any) -> Any:
    import transformers

    return getattr(transformers, kind)(
        embedding_size=8, hidden_sizes=[8, 8, 16, 32], depths=[1, 1, 1, 1], layer_type="basic", **settings
    )


def _plain_backbone(*stages: str) -> dict[str, Any]:
    """What tells the DETR family to take no backbone of timm's; version 4 of Transformers wants every word of it."""
    none: dict[str, Any] = {"use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None}
    return none | {"backbone_config": _backbone("ResNetConfig", out_features=list(stages))}


def make_detr(folder: Path) -> Path:
    import transformers as t

    config = _named(t.DetrConfig, **_plain_backbone("stage4"), **SMALL)
    return _saved(t.DetrForObjectDetection(config), t.DetrImageProcessor(size=_edges()), folder)


def make_conditional(folder: Path) -> Path:
    import transformers as t

    config = _named(t.ConditionalDetrConfig, **_plain_backbone("stage4"), **SMALL)
    processor = t.ConditionalDetrImageProcessor(size=_edges())
    return _saved(t.ConditionalDetrForObjectDetection(config), processor, folder)


def make_deformable(folder: Path) -> Path:
    import transformers as t

    two = SMALL | {"decoder_layers": 2}  # it ties the second's parts to the first's
    config = _named(t.DeformableDetrConfig, **_plain_backbone("stage2", "stage3", "stage4"), **two)
    return _saved(t.DeformableDetrForObjectDetection(config), t.DeformableDetrImageProcessor(size=_edges()), folder)


def make_rt_detr(folder: Path) -> Path:
    import transformers as t

    small = {key: value for key, value in SMALL.items() if "attention" not in key} | {"num_queries": 12}
    config = _named(
        t.RTDetrConfig,
        backbone_config=_backbone("RTDetrResNetConfig", out_features=["stage2", "stage3", "stage4"]),
        encoder_in_channels=[8, 16, 32],
        encoder_hidden_dim=32,
        decoder_in_channels=[32, 32, 32],
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        num_denoising=0,
        **small,
    )
    size = {"height": 96, "width": 96}
    return _saved(t.RTDetrForObjectDetection(config), t.RTDetrImageProcessor(size=size), folder)


def make_yolos(folder: Path) -> Path:
    import transformers as t

    config = _named(
        t.YolosConfig,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=[96, 128],
        num_detection_tokens=12,
    )
    return _saved(t.YolosForObjectDetection(config), t.YolosImageProcessor(size=_edges()), folder)


def _edges() -> dict[str, int]:
    return {"shortest_edge": 96, "longest_edge": 128}


def _saved(model: Any, processor: Any, folder: Path) -> Path:
    import torch

    # Scores of an untrained model are all alike; larger weights spread them over classes and queries.
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if any(part in name for part in ("class", "score_head", "bbox", "query", "detection_tokens")):
                weight.normal_(std=0.8 if weight.ndim > 1 else 0.1)
            if "class" in name and weight.shape in ((4,), (5,)):
                weight[[0, 2]] = -6.0  # seldom N/A
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


MAKERS: dict[str, Callable[[Path], Path]] = {
    "detr": make_detr,
    "conditional": make_conditional,
    "deformable": make_deformable,
    "rt_detr": make_rt_detr,
    "yolos": make_yolos,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make a tiny model with random weights once."""
    root = tmp_path_factory.mktemp("models")

    def make(kind: str) -> Path:
        if not (root / kind).exists():
            import torch

            torch.manual_seed(5)
            MAKERS[kind](root / kind)
        return root / kind

    return make


def by_hand(folder: Path, frame: np.ndarray, score: float) -> list[tuple[Any, ...]]:
    """What the library's own documentation does with one picture."""
    import torch
    import transformers as t
    from PIL import Image

    processor = t.AutoImageProcessor.from_pretrained(folder)
    model = t.AutoModelForObjectDetection.from_pretrained(folder).eval()
    with torch.no_grad():
        outputs = model(**processor(images=Image.fromarray(frame[..., ::-1]), return_tensors="pt"))
        size = torch.tensor([frame.shape[:2]])
        (found,) = processor.post_process_object_detection(outputs, threshold=score, target_sizes=size)
    names = [model.config.id2label[i] for i in found["labels"].tolist()]
    rows = [i for i, name in enumerate(names) if name != "N/A"]
    return table(found["boxes"][rows], found["scores"][rows], [names[i] for i in rows])


@pytest.mark.parametrize("kind", MAKERS)
def test_boxes_are_those_of_transformers(kind: str, models: Callable[[str], Path], frames: list[np.ndarray]) -> None:
    detector = load_detector(f"transformers:{models(kind)}", score=0.05, imgsz=640, iou=0.7, device="cpu")
    assert detector.names == {0: "person", 1: "sports ball"}
    tall = np.ascontiguousarray(frames[1].transpose(1, 0, 2))
    tables = detector([frames[0], tall, frames[2]])
    for frame, found in zip([frames[0], tall, frames[2]], tables, strict=True):
        wanted = by_hand(models(kind), frame, 0.05)
        assert len(wanted) > 0
        assert [row[-1] for row in ours(found, detector.names)] == [row[-1] for row in wanted]
        numbers = [[row[:-1] for row in rows] for rows in (ours(found, detector.names), wanted)]
        np.testing.assert_allclose(*numbers, atol=0.05)
    assert all(seconds > 0 for seconds in detector.timings.values())  # type: ignore[attr-defined]
    assert detector([]) == []


def test_score_and_classes_choose_boxes(models: Callable[[str], Path], frames: list[np.ndarray]) -> None:
    spec = f"transformers:{models('deformable')}"
    everything = load_detector(spec, score=0.0, device="cpu")(frames)
    chosen = load_detector(spec, score=0.5, classes=["Person"], device="cpu")(frames)
    for a, b in zip(everything, chosen, strict=True):
        kept = a[(a.score >= 0.5) & (a.class_id == 0)]
        assert 0 < len(kept) < len(a)
        np.testing.assert_allclose(np.sort(b.score), np.sort(kept.score), atol=1e-5)
    with pytest.raises(SettingError, match="frame: expected"):
        load_detector(spec, device="cpu")([frames[0][..., 0]])


def test_transformers_track_a_clip_and_are_judged(
    models: Callable[[str], Path], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = toy.make_match(tmp_path / "match.mp4", frames=6)
    words = ["--detector", f"transformers:{models('deformable')}", "--score", "0.3", "--tracker", "sort", "--quiet"]
    out = tmp_path / "out"
    assert track([str(clip), *words, "--set", "min_hits=1", "-o", str(out), "--device", "cpu", "--formats", "mot"]) == 0
    rows = read_mot(out / "match.txt")
    assert len(rows) > 0
    specs = [f"transformers:{models(kind)}" for kind in ("detr", "yolos")]
    assert val([*specs, str(data), "-o", str(tmp_path / "val"), "--device", "cpu", "--imgsz", "320", "--quiet"]) == 0
    text = capsys.readouterr().out
    names = [f"transformers:{models(kind).parent.name}/{kind}" for kind in ("detr", "yolos")]
    assert all(f"| {name}" in text for name in names)
    assert "Note: imgsz is part of this detector and was not set" in text
    assert (tmp_path / "val" / "comparison.png").is_file()
    judged = json.loads((tmp_path / "val" / "val.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in judged] == names
    assert judged[0]["milliseconds"]["inference"]["min"] > 0


def _without(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


def _garbled(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).write_text('{"model_type": ')


def _changed(file: str, **values: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        held = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(held | values))

    return change


def _cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])


def _headless(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = folder / "model.safetensors"
    held = {name: value for name, value in load_file(weights).items() if "class" not in name}
    save_file(held, weights, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without("config.json"), r"config\.json: is not there; expected a folder that save_pretrained"),
        (_without("preprocessor_config.json"), r"preprocessor_config\.json: is not there"),
        (_garbled("config.json"), r"config\.json, line 1: no JSON"),
        (_garbled("preprocessor_config.json"), r"preprocessor_config\.json, line 1: no JSON"),
        (_without("model.safetensors"), "no detector can be read from this folder .*model.safetensors"),
        (_cut, "no detector can be read from this folder"),
        (_headless, "its weights lack .* of the detector's parts, such as .*class"),
        (_changed("config.json", architectures=["ViTForImageClassification"]), "model of another task .ViTForImage"),
        (_changed("config.json", architectures=[], model_type="vit"), "is a vit, and Transformers has no object det"),
        (_changed("preprocessor_config.json", image_processor_type="ViTImageProcessor"), "which makes no boxes"),
    ],
)
def test_broken_folders_are_named(
    spoil: Callable[[Path], None], message: str, models: Callable[[str], Path], tmp_path: Path
) -> None:
    import shutil

    folder = tmp_path / "broken"
    shutil.copytree(models("detr"), folder)
    spoil(folder)
    with pytest.raises(WeightsError, match=message) as caught:
        load_detector(f"transformers:{folder}", device="cpu")
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_that_lead_nowhere(
    models: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsError, match="absent: no such folder"):
        load_detector(f"transformers:{tmp_path}/absent", device="cpu")
    with pytest.raises(WeightsError, match=r"config\.json: expected the folder that holds it"):
        load_detector(f"transformers:{models('detr')}/config.json", device="cpu")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="no such folder, and the Hugging Face hub gave no such model"):
        load_detector("transformers:nobody/nothing", device="cpu")


def test_a_folder_s_code_runs_only_when_trusted(models: Callable[[str], Path], tmp_path: Path) -> None:
    import shutil

    folder, mark = tmp_path / "own_code", tmp_path / "broken_into"
    shutil.copytree(models("detr"), folder)
    (folder / "config.json").write_text(
        json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}, "architectures": ["Own"]})
    )
    (folder / "own.py").write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    with pytest.raises(WeightsError, match="it brings code of its own; --trust runs it"):
        load_detector(f"transformers:{folder}", device="cpu")
    assert not mark.exists()
    with pytest.raises(SportstrackError):  # still no detector, but its code has run
        load_detector(f"transformers:{folder}", device="cpu", trust=True)
    assert mark.exists()


def test_a_hostile_pickle_does_not_run(models: Callable[[str], Path], tmp_path: Path) -> None:
    import shutil

    import torch

    folder, mark = tmp_path / "hostile", tmp_path / "broken_into"
    shutil.copytree(models("detr"), folder)
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Hostile(mark)}, folder / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"its weights are a pickle that holds more than numbers.*--trust"):
        load_detector(f"transformers:{folder}", device="cpu")
    assert not mark.exists()


def test_a_folder_asks_no_network(models: Callable[[str], Path], root: Path, tmp_path: Path) -> None:
    code = """
        import socket, sys
        import numpy as np
        from sportstrack.detect import load_detector

        def refuse(*args, **kwargs):
            print("asked", args)
            raise OSError("refused by the test")
        socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
        detector = load_detector(sys.argv[1], device="cpu", score=0.0)
        print(len(detector([np.full((60, 80, 3), 90, np.uint8)])[0]) > 0)
    """
    home = {"HOME": str(tmp_path), "HF_HOME": str(tmp_path / "hf"), "PYTHONPATH": str(root)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_", "XDG_"))}
    command = [sys.executable, "-c", textwrap.dedent(code), f"transformers:{models('rt_detr')}"]
    done = subprocess.run(command, env=kept | home, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True\n"
    assert "Loading weights" not in done.stderr


# ------------------------------------------------------------------------------------------------------ detectron2


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


# ------------------------------------------------------------------------------------------------------ tensorflow


def make_saved_model(folder: Path, *, batch: int | None = 1, outputs: str = "all", evil: Path | None = None) -> Path:
    """A SavedModel that gives what the Object Detection API's do: the box around all that is bright, and empty rows."""
    from sportstrack.detect.tensorflow_models import _import_tensorflow

    tf = _import_tensorflow("tensorflow:test")

    def find(pictures: Any) -> dict[str, Any]:
        bright = tf.reduce_mean(tf.cast(pictures, tf.float32), axis=3) > 128.0
        size = tf.cast(tf.shape(pictures)[1:3], tf.float32)

        def box(mask: Any) -> Any:
            where = tf.where(mask)
            low, high = tf.reduce_min(where, axis=0), tf.reduce_max(where, axis=0) + 1
            return tf.concat([tf.cast(low, tf.float32) / size, tf.cast(high, tf.float32) / size], 0)

        boxes = tf.map_fn(box, bright, fn_output_signature=tf.float32)[:, None]
        count = tf.shape(pictures)[0]
        rows = tf.concat([boxes, boxes / 2.0, tf.zeros((count, 3, 4))], axis=1)
        if evil is not None:
            tf.io.write_file(str(evil), "broken into")
        found = {
            "detection_boxes": rows,
            "detection_scores": tf.tile([[0.9, 0.4, 0.9, 0.9, 0.9]], [count, 1]),
            "detection_classes": tf.tile([[1.0, 37.0, 1.0, 1.0, 1.0]], [count, 1]),
            "num_detections": tf.fill([count], 2.0),
        }
        if outputs == "four classes":
            found["detection_multiclass_scores"] = tf.zeros((1, 5, 5))
        return {"logits": rows} if outputs == "other" else found

    module = tf.Module()
    module.find = tf.function(
        find, input_signature=[tf.TensorSpec([batch, None, None, 3], tf.uint8, name="input_tensor")]
    )
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.find})
    return folder


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_saved_model(tmp_path_factory.mktemp("ssd") / "saved_model")


def bright_box(frame: np.ndarray) -> list[float]:
    y, x = np.nonzero(frame.mean(axis=2) > 128)
    return [x.min(), y.min(), x.max() + 1, y.max() + 1]


@needs_tensorflow
@pytest.mark.parametrize("batch", [1, 2, None])
def test_shares_become_pixels(batch: int | None, saved_model: Path, tmp_path: Path) -> None:
    folder = saved_model if batch == 1 else make_saved_model(tmp_path / "model", batch=batch)
    detector = load_detector(f"tensorflow:{folder}", score=0.1, imgsz=640, device="cpu")
    frames = [toy.picture(i) for i in range(3)]
    frames.insert(1, np.ascontiguousarray(toy.picture(4).transpose(1, 0, 2)))
    for frame, found in zip(frames, detector(frames), strict=True):
        whole = np.array(bright_box(frame))
        np.testing.assert_allclose(found.xyxy, [whole, whole / 2], atol=1e-3)
        np.testing.assert_allclose(found.score, [0.9, 0.4], atol=1e-6)
        assert [detector.names[i] for i in found.class_id.tolist()] == ["person", "sports ball"]
        assert found.class_id.tolist() == [0, 32]
    assert all(seconds > 0 for seconds in detector.timings.values())  # type: ignore[attr-defined]
    assert detector([]) == []


@needs_tensorflow
def test_tensorflow_tracks_a_clip_and_is_judged(
    saved_model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = toy.make_match(tmp_path / "match.mp4", frames=6)
    words = ["--detector", f"tensorflow:{saved_model}", "--classes", "person", "--tracker", "sort", "--quiet"]
    out = tmp_path / "out"
    assert track([str(clip), *words, "-o", str(out), "--device", "cpu", "--formats", "mot", "--set", "min_hits=1"]) == 0
    rows = read_mot(out / "match.txt")
    assert len(rows) == 6
    words = ["torchvision:ssdlite320_mobilenet_v3_large:random", f"tensorflow:{saved_model}", str(data), "--quiet"]
    assert val([*words, "-o", str(tmp_path / "val"), "--device", "cpu"]) == 0
    assert f"| tensorflow:{saved_model.parent.name}/saved_model" in capsys.readouterr().out


@needs_tensorflow
def test_tensorflow_s_own_labels(saved_model: Path, tmp_path: Path) -> None:
    labels = tmp_path / "mine.pbtxt"
    labels.write_text("item { id: 1 name: 'player' }\nitem { id: 37 name: 'ball' }\n")
    detector = load_detector(f"tensorflow:{saved_model},{labels}", device="cpu", classes=["ball"])
    assert detector.names == {0: "player", 1: "ball"}
    assert detector([toy.picture(0)])[0].class_id.tolist() == [1]
    labels.write_text("item { id: 1 name: 'player' }\n")
    with pytest.raises(WeightsError, match="found a class 37; its names go up to 1"):
        load_detector(f"tensorflow:{saved_model},{labels}", device="cpu")([toy.picture(0)])
    folder = make_saved_model(tmp_path / "four", outputs="four classes")
    with pytest.raises(WeightsError, match=r"four: its 4 classes have no names, and are not COCO's; put the label_map"):
        load_detector(f"tensorflow:{folder}", device="cpu")
    (folder / "labels.txt").write_text("player\ngoalkeeper\nreferee\nball\n")
    assert load_detector(f"tensorflow:{folder}", device="cpu").names[3] == "ball"


@needs_tensorflow
def test_saved_models_that_are_none(saved_model: Path, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(WeightsError, match=r"absent/saved_model\.pb: is not there"):
        load_detector(f"tensorflow:{tmp_path}/absent", device="cpu")
    with pytest.raises(WeightsError, match=r"frozen\.pb/saved_model\.pb: .*must be exported again"):
        load_detector(f"tensorflow:{tmp_path}/frozen.pb", device="cpu")
    broken = tmp_path / "broken"
    shutil.copytree(saved_model, broken)
    shutil.rmtree(broken / "variables")
    with pytest.raises(WeightsError, match="broken: no model can be read from this folder"):
        load_detector(f"tensorflow:{broken}", device="cpu")
    (broken / "saved_model.pb").write_bytes(b"\xff\xff nothing")
    with pytest.raises(WeightsError, match=r"saved_model\.pb: is damaged"):
        load_detector(f"tensorflow:{broken}", device="cpu")
    other = make_saved_model(tmp_path / "other", outputs="other")
    with pytest.raises(WeightsError, match="other: is a model of another task; it gives logits, and a detector"):
        load_detector(f"tensorflow:{other}", device="cpu")
    with pytest.raises(DeviceError, match="not available to TensorFlow"):
        load_detector(f"tensorflow:{saved_model}", device="cuda:7")


@needs_tensorflow
def test_a_saved_model_that_writes_files_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "broken_into"
    folder = make_saved_model(tmp_path / "evil", evil=mark)
    with pytest.raises(WeightsError, match=r"saved_model\.pb: runs WriteFile, which no detector needs; --trust"):
        load_detector(f"tensorflow:{folder}", device="cpu")
    assert not mark.exists()
    load_detector(f"tensorflow:{folder}", device="cpu", trust=True)([toy.picture(0)])
    assert mark.exists()


def test_a_misspelt_connector_is_told_by_its_nearest_name() -> None:
    with pytest.raises(SettingError, match="no library 'transformer'; did you mean 'transformers'"):
        load_detector("transformer:runs/detr")
