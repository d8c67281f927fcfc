"""Detectors of Transformers: their boxes, their folders, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from hostile import Hostile

from sportstrack.detect import load_detector
from sportstrack.errors import SettingError, SportstrackError, WeightsError
from sportstrack.mot import read_mot
from sportstrack.track.command import main as track
from sportstrack.types import Detections
from sportstrack.val.command import main as val


def ours(found: Detections, names: dict[int, str]) -> list[tuple[Any, ...]]:
    return table(found.xyxy, found.score, [names[i] for i in found.class_id.tolist()])


def table(boxes: Any, score: Any, names: list[str]) -> list[tuple[Any, ...]]:
    """Rows that compare: rounded box, rounded score, name."""
    rows = zip(np.asarray(boxes).tolist(), np.asarray(score).tolist(), names, strict=True)
    return sorted((*(round(v, 2) for v in box), round(s, 4), name) for box, s, name in rows)


LABELS = {0: "N/A", 1: "person", 2: "N/A", 3: "sports ball"}


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
    """What makes the DETR family take no backbone of timm's; version 4 of Transformers wants every word of it."""
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
