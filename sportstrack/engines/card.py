"""What is known of a converted network: its task, names, head and size, kept as JSON beside it.

Exports by Ultralytics say the same in words of their own, inside an ONNX file or in OpenVINO's ``metadata.yaml``; both
are read into the same table.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from sportstrack.errors import FormatError, WeightsError
from sportstrack.files.claim import write_text
from sportstrack.files.reading import read_json, read_yaml
from sportstrack.kinds import is_kind

NAME = "card.json"
"""The card of a folder's model; that of a single file ``best.onnx`` is ``best.card.json``."""

HEADS = ("Detect", "Segment", "Pose", "Segment26", "Pose26", "v10Detect")
"""Ultralytics' heads whose outputs `sportstrack.detect.yolo` can read."""

_METADATA = "metadata.yaml"  # beside OpenVINO's files, by Ultralytics


@dataclass(frozen=True)
class ModelCard:
    """What must be known of a network to run it and to read what it says.

    Attributes:
        task: detect, segment, pose, obb, classify ….
        names: class id → name.
        stride: sides of the input are multiples of this.
        size: (height, width) of the input in pixels; None takes any multiple of the stride.
        batch: pictures at once; None takes any number.
        keypoints: (K, 2 or 3) of a pose model, or None.
        head: class of the head in Ultralytics' words, such as Detect; "" if nothing says so.
        end2end: the network suppresses by itself: rows of corners, score and class come out.
        trained_size: longer side that the network was trained with, or None.
        precision: of the weights in the file: fp32, fp16 or int8.
        versions: package → version that the file was made with.
        weights: SHA-256 of the checkpoint that it was made of; "" if nothing says so.
    """

    task: str
    names: dict[int, str]
    stride: int = 32
    size: tuple[int, int] | None = None
    batch: int | None = 1
    keypoints: tuple[int, int] | None = None
    head: str = ""
    end2end: bool = False
    trained_size: int | None = None
    precision: str = "fp32"
    versions: dict[str, str] = field(default_factory=dict)
    weights: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; class ids become text."""
        return asdict(self) | {"names": {str(k): name for k, name in self.names.items()}}

    @classmethod
    def of_dict(cls, values: Mapping[str, Any], where: str | Path) -> ModelCard:
        """Return the card of what `as_dict` wrote.

        Raises:
            WeightsError: a value is missing or of a wrong kind; the message names the file.
        """
        try:
            known = {one.name: values[one.name] for one in fields(cls) if one.name in values}
            known["names"] = {int(k): str(name) for k, name in known["names"].items()}
            for name in ("size", "keypoints"):
                known[name] = None if known.get(name) is None else tuple(map(int, known[name]))
            hints = get_type_hints(cls)
            wrong = [name for name, value in known.items() if not is_kind(value, hints[name])]
            card = cls(**known)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WeightsError(f"{where}: is no card of a model ({type(error).__name__}: {error})") from error
        if wrong or card.stride < 1:
            raise WeightsError(f"{where}: is no card of a model ({', '.join(wrong) or 'stride'} of a wrong kind)")
        return card


def write_card(card: ModelCard, model: str | Path) -> Path:
    """Write the card of a model, a file or a folder, beside or into it, and return its path.

    Raises:
        OutputError: it cannot be written.
    """
    import json

    path = card_path(Path(model))
    write_text(path, json.dumps(card.as_dict(), indent=1, ensure_ascii=False) + "\n")
    return path


def card_path(model: Path) -> Path:
    """Return where the card of a model is, or would be."""
    return model / NAME if model.is_dir() else model.with_name(f"{model.stem}.card.json")


def read_card(model: str | Path) -> ModelCard | None:
    """Read what is known of a converted model: its card, else what Ultralytics wrote into it.

    Args:
        model: ``.onnx`` file, ``.xml`` file, or the folder of an OpenVINO model.

    Returns:
        The card, or None if nothing says what the model is.

    Raises:
        WeightsError: the model is not there, or what describes it is broken.
    """
    path = Path(model)
    if not path.exists():
        raise WeightsError(f"{path}: no such model")
    folder = path if path.is_dir() else path.parent
    of_folder = [folder / NAME, folder / _METADATA] if path.is_dir() or path.suffix == ".xml" else []
    for file in (card_path(path), *of_folder):
        try:
            if file.is_file():
                read = read_yaml(file) if file.name == _METADATA else read_json(file)
                return _of_ultralytics(read, file) if file.name == _METADATA else ModelCard.of_dict(read, file)
        except FormatError as error:
            raise WeightsError(f"{error}; it describes {path}") from error
    found = onnx_metadata(path) if path.suffix.lower() == ".onnx" else {}
    return _of_ultralytics(found, path) if "task" in found else None


def onnx_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata inside an ONNX file, as values.

    Raises:
        WeightsError: it is no ONNX model.
    """
    import onnx

    from sportstrack.plugins import first_line

    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:
        raise WeightsError(f"{path}: no ONNX model can be read from it ({first_line(error)})") from error
    return {one.key: _value(one.value) for one in model.metadata_props}


def _value(text: str) -> Any:
    """Return the value of a text that Python wrote; the text itself where it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _of_ultralytics(found: Any, where: Path) -> ModelCard:
    """Return the card of Ultralytics' metadata."""
    try:
        args = found.get("args") or {}
        dynamic = bool(args.get("dynamic"))
        sides = found.get("imgsz") or (640, 640)
        points = found.get("kpt_shape")
        quantised = args.get("quantize") or (8 if args.get("int8") else 16 if args.get("half") else 32)
        names = found["names"]
        return ModelCard.of_dict(
            {
                "task": found["task"],
                "names": names if isinstance(names, dict) else dict(enumerate(names)),
                "stride": int(found.get("stride", 32)),
                "size": None if dynamic else sides if isinstance(sides, (list, tuple)) else (sides, sides),
                "batch": None if dynamic else int(found.get("batch") or 1),
                "keypoints": points,
                "head": str(found.get("head", "")),
                "end2end": bool(found.get("end2end")) or bool(args.get("nms")),
                "precision": {8: "int8", 16: "fp16"}.get(quantised, "fp32"),
                "versions": {"ultralytics": str(found["version"])} if "version" in found else {},
            },
            where,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{where}: does not describe a model as Ultralytics does ({error!r})") from error
